"""A network with explicit quantization: Q/DQ pairs around every convolution but the first and the head.

INT8 or FP8 (E4M3: four bits of exponent, three of mantissa), symmetric, with one scale for what a convolution reads,
found by calibration, and one for its weights. A scale for each output channel would gain nothing that can be measured
here and costs time: TensorRT then leaves scaling, bias and ReLU to a kernel of their own, which reads the convolution's
answer in float32 (read from the builder's listing). The first convolution reads features of very different ranges and
the head gives the parameters themselves: both stay as they are, and so do biases, skips and all between the
convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.network.export import INPUT_NAME, OUTPUT_NAME, OnnxGraph, add_layers
from models.network.unet import TemporalUNet

_CANDIDATES = np.linspace(0.8, 1.0, 21)
"""Of the largest magnitude. Less has a smaller squared error where large values are rare, and cuts them: the recurrent
features of a few pixels are then far off."""
_SAMPLES = 1 << 15


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """Eight bits, in steps of a scale. `name` as the app calls the precision, `largest` the greatest magnitude,
    `onnx_type` ONNX's number of the type (TensorProto.DataType)."""

    name: str
    largest: float
    dtype: torch.dtype
    onnx_type: int

    def rounded(self, steps: np.ndarray) -> Tensor:
        """To the nearest, ties to even; what is beyond `largest` becomes that."""
        values = torch.from_numpy(steps).clamp(-self.largest, self.largest)
        return (values if self.dtype.is_floating_point else values.round()).to(self.dtype)


FORMATS = {
    "int8": NumberFormat("int8", 127.0, torch.int8, 3),
    "fp8": NumberFormat("fp8", 448.0, torch.float8_e4m3fn, 17),
}


class QuantizedGraph(OnnxGraph):
    """`ranges`: the largest magnitude of what each quantized convolution reads, by the convolution's name."""

    opset, ir_version = 19, 9  # the first opset whose QuantizeLinear takes float16 and gives E4M3

    def __init__(self, ranges: Mapping[str, float], number: NumberFormat, *, half: bool = False) -> None:
        super().__init__(half=half)
        self._ranges, self._number = ranges, number

    def activation(self, x: str, name: str) -> str:
        if name not in self._ranges:
            return x
        scale = self.constant(f"{name}.scale", self._scale(self._ranges[name]))
        zero = self._written(f"{name}.zero", np.zeros((), np.float32))
        quantized = self.node("QuantizeLinear", [x, scale, zero], f"{name}.quantized")
        return self.node("DequantizeLinear", [quantized, scale, zero], f"{name}.read")

    def weight(self, layer: nn.Conv2d, name: str) -> str:
        if name not in self._ranges:
            return super().weight(layer, name)
        values = layer.weight.detach().cpu().float().numpy()
        scale = self._scale(max(float(np.abs(values).max()), 1e-6))
        names = (
            self._written(f"{name}.weight.steps", values / scale.astype(np.float32)),
            self.constant(f"{name}.weight.scale", scale),
            self._written(f"{name}.weight.zero", np.zeros((), np.float32)),
        )
        return self.node("DequantizeLinear", list(names), f"{name}.weight")

    def _scale(self, largest: float) -> np.ndarray:
        """Rounded to the type that is written: what is multiplied must be what was divided by."""
        return np.array(largest / self._number.largest, np.float16 if self.half else np.float32)

    def _written(self, name: str, steps: np.ndarray) -> str:
        from onnx import helper

        raw = self._number.rounded(steps).contiguous().view(torch.uint8).numpy().tobytes()
        self.constants.append(helper.make_tensor(name, self._number.onnx_type, steps.shape, raw, raw=True))
        return name


def export_quantized_onnx(
    network: TemporalUNet, ranges: Mapping[str, float], number: NumberFormat, path: Path, *, half: bool = True
) -> None:
    """For TensorRT in float16, NCHW by name, as export_half_onnx; or, to be measured without a GPU, in float32 with an
    NHWC boundary, as export_onnx."""
    graph = QuantizedGraph(ranges, number, half=half)
    if half:
        add_layers(graph, network, INPUT_NAME, OUTPUT_NAME)
    else:
        head = add_layers(graph, network, graph.node("Transpose", [INPUT_NAME], "input_nchw", perm=[0, 3, 1, 2]))
        graph.node("Transpose", [head], OUTPUT_NAME, perm=[0, 2, 3, 1])
    graph.write(path, "supersee-temporal", network.config.inputs, network.config.outputs, channels_last=not half)


Magnitudes = Mapping[str, np.ndarray]
"""Of what each quantized convolution reads, by its name: a sample of all values, without signs."""


def magnitudes(network: TemporalUNet, features: Iterable[np.ndarray]) -> Magnitudes:
    """Over `features`, arrays (h, w, input channels). The same features give the same sample."""
    random = np.random.default_rng(0)
    samples: dict[str, list[np.ndarray]] = {}

    def keep(name: str, values: Tensor) -> None:
        flat = values.detach().abs().flatten().numpy()
        # The largest one always: ranges are counted from it, and a sample misses what is rare.
        samples.setdefault(name, []).append(random.choice(flat, min(flat.size, _SAMPLES), replace=False))
        samples[name].append(flat.max(keepdims=True))

    with torch.no_grad(), _watched(network, keep):
        for frame in features:
            network(torch.from_numpy(np.ascontiguousarray(frame, np.float32)).permute(2, 0, 1)[None])
    assert samples, "nothing to calibrate with"
    return {name: np.concatenate(parts) for name, parts in samples.items()}


def calibrated(sampled: Magnitudes, number: NumberFormat) -> dict[str, float]:
    """Ranges: for each convolution the one that leaves the smallest squared error of clipping and rounding together."""
    return {name: _best_range(values, number) for name, values in sampled.items()}


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


def _best_range(values: np.ndarray, number: NumberFormat) -> float:
    largest = float(values.max())
    if largest < 1e-3:
        return 1e-3  # a channel that never speaks
    errors = []
    for candidate in _CANDIDATES * largest:
        step = np.float32(candidate / number.largest)
        back = number.rounded(values / step).float().numpy() * step
        errors.append(np.mean(np.square(back - values), dtype=np.float64))
    return float(_CANDIDATES[int(np.argmin(errors))] * largest)
