"""A network with explicit quantization: Q/DQ pairs around every convolution but the first and the head.

INT8, symmetric: activations by one scale a tensor, found by calibration; weights by one scale an output channel. The
first convolution reads features of very different ranges and the head gives the parameters themselves: both stay as
they are, and so do biases, skips and everything between the convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.network.export import INPUT_NAME, OUTPUT_NAME, OnnxGraph, add_layers
from models.network.unet import TemporalUNet

LEVELS = 127
_CANDIDATES = np.linspace(0.2, 1.0, 41)
_SAMPLES = 1 << 15


class QuantizedGraph(OnnxGraph):
    """`ranges`: the largest magnitude of what each quantized convolution reads, by the convolution's name."""

    opset, ir_version = 19, 9  # the first opset whose QuantizeLinear takes float16

    def __init__(self, ranges: Mapping[str, float], *, half: bool = False) -> None:
        super().__init__(half=half)
        self._ranges = ranges

    def activation(self, x: str, name: str) -> str:
        if name not in self._ranges:
            return x
        scale = self.constant(f"{name}.scale", np.array(self._ranges[name] / LEVELS, self._real))
        zero = self.constant(f"{name}.zero", np.array(0, np.int8))
        quantized = self.node("QuantizeLinear", [x, scale, zero], f"{name}.quantized")
        return self.node("DequantizeLinear", [quantized, scale, zero], f"{name}.read")

    def weight(self, layer: nn.Conv2d, name: str) -> str:
        if name not in self._ranges:
            return super().weight(layer, name)
        values = layer.weight.detach().cpu().float().numpy()
        # Rounded to the type that is written first: what is multiplied must be what was divided by.
        scales = (np.abs(values).max((1, 2, 3)).clip(1e-6) / LEVELS).astype(self._real)
        rounded = np.round(values / scales.astype(np.float32)[:, None, None, None]).clip(-LEVELS, LEVELS)
        names = (
            self.constant(f"{name}.weight.integers", rounded.astype(np.int8)),
            self.constant(f"{name}.weight.scales", scales),
            self.constant(f"{name}.weight.zeros", np.zeros(len(scales), np.int8)),
        )
        return self.node("DequantizeLinear", list(names), f"{name}.weight", axis=0)

    @property
    def _real(self) -> type[np.floating]:
        return np.float16 if self.half else np.float32


def export_quantized_onnx(network: TemporalUNet, ranges: Mapping[str, float], path: Path, *, half: bool = True) -> None:
    """For TensorRT in float16, NCHW by name, as export_half_onnx; or, to be measured without a GPU, in float32 with an
    NHWC boundary, as export_onnx."""
    graph = QuantizedGraph(ranges, half=half)
    if half:
        add_layers(graph, network, INPUT_NAME, OUTPUT_NAME)
    else:
        head = add_layers(graph, network, graph.node("Transpose", [INPUT_NAME], "input_nchw", perm=[0, 3, 1, 2]))
        graph.node("Transpose", [head], OUTPUT_NAME, perm=[0, 2, 3, 1])
    graph.write(path, "supersee-temporal", network.config.inputs, network.config.outputs, channels_last=not half)


def calibrated(network: TemporalUNet, features: Iterable[np.ndarray]) -> dict[str, float]:
    """Ranges of what the convolutions read over `features`, arrays (h, w, 40): for each the one that leaves the
    smallest squared error of clipping and rounding together. The same features give the same ranges."""
    random = np.random.default_rng(0)
    samples: dict[str, list[np.ndarray]] = {}

    def keep(name: str, values: Tensor) -> None:
        flat = values.detach().abs().flatten().numpy()
        samples.setdefault(name, []).append(random.choice(flat, min(flat.size, _SAMPLES), replace=False))

    with torch.no_grad(), _watched(network, keep):
        for frame in features:
            network(torch.from_numpy(np.ascontiguousarray(frame, np.float32)).permute(2, 0, 1)[None])
    assert samples, "nothing to calibrate with"
    return {name: _best_range(np.concatenate(parts)) for name, parts in samples.items()}


def convolutions(network: TemporalUNet) -> Iterator[tuple[str, nn.Conv2d]]:
    """Those that are quantized, by the names that the exported file gives them."""
    for kind, levels in (("down", network.down), ("up", network.up)):
        for level, layers in enumerate(levels):
            for index, layer in enumerate(layers):  # type: ignore[arg-type]
                if (kind, level, index) != ("down", 0, 0):
                    yield f"{kind}{level}_{index}", layer
    for level, lift in enumerate(network.lift):
        assert isinstance(lift, nn.Conv2d)
        yield f"lift{level}", lift


@contextmanager
def _watched(network: TemporalUNet, keep: Callable[[str, Tensor], None]) -> Iterator[None]:
    handles = [layer.register_forward_pre_hook(partial(_hook, keep, name)) for name, layer in convolutions(network)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(keep: Callable[[str, Tensor], None], name: str, _layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    keep(name, inputs[0])


def _best_range(magnitudes: np.ndarray) -> float:
    largest = float(magnitudes.max())
    if largest < 1e-3:
        return 1e-3  # a channel that never speaks
    errors = []
    for candidate in _CANDIDATES * largest:
        step = candidate / LEVELS
        errors.append(np.mean(np.square(np.round(magnitudes / step).clip(0, LEVELS) * step - magnitudes)))
    return float(_CANDIDATES[int(np.argmin(errors))] * largest)
