"""What a network costs, layer by layer, counted while a frame of any size passes through it without being computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.conventions import Size
from models.network.model import build_model
from models.temporal import Frame

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Layer:
    """shape: (channels, height, width) of the output. macs: multiply-adds for one frame. inner: numbers that the layer
    holds besides its output (an attention's keys and values, once for every place that looks at them)."""

    name: str
    kind: str
    shape: tuple[int, int, int]
    parameters: int
    macs: int
    inner: int = 0

    @property
    def activations(self) -> int:
        """Numbers in the output and inside."""
        return math.prod(self.shape) + self.inner


@dataclass(frozen=True, slots=True)
class Complexity:
    kind: str
    render_size: Size
    display_size: Size
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def activations(self) -> int:
        """The outputs of all layers together: what training keeps of a frame. Inference frees them as it goes."""
        return sum(layer.activations for layer in self.layers)

    @property
    def largest(self) -> int:
        return max(layer.activations for layer in self.layers)


def complexity(settings: Mapping[str, object], render_size: Size, display_size: Size) -> Complexity:
    """Of the network's own layers; what stands around it (warps, resampling) is not counted. Padding to the network's
    size multiple is. Raises ValueError for wrong settings, SuperseeError for a ratio that a single-image network does
    not do."""
    with torch.device("meta"):
        model = build_model(settings)
        frame = _blank_frame(render_size, display_size)
        with _counted(model.network) as layers, torch.no_grad():
            model.step(frame, model.initial(frame))
    return Complexity(model.kind, render_size, display_size, tuple(layers))


@contextmanager
def _counted(network: nn.Module) -> Iterator[list[Layer]]:
    """Layers in the order in which they ran; one that runs twice stands there twice, its parameters once."""
    layers: list[Layer] = []
    hooks = []
    for name, module in network.named_modules():
        own = sum(p.numel() for p in module.parameters(recurse=False))
        if own or isinstance(module, nn.PixelShuffle):

            def count(module: nn.Module, _inputs: object, output: Tensor | tuple, name=name, own=own) -> None:
                image = output if isinstance(output, Tensor) else output[0]
                channels, height, width = image.shape[-3:]
                macs = _macs(module, height * width)
                inner = getattr(module, "own_activations", lambda _pixels: 0)(height * width)
                parameters = 0 if any(layer.name == name for layer in layers) else own
                layers.append(Layer(name, type(module).__name__, (channels, height, width), parameters, macs, inner))

            hooks.append(module.register_forward_hook(count))
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def _macs(module: nn.Module, pixels: int) -> int:
    if isinstance(module, nn.Conv2d):
        return module.weight.numel() * pixels
    own_macs = getattr(module, "own_macs", None)
    return own_macs(pixels) if own_macs else 0


def _blank_frame(render_size: Size, display_size: Size) -> Frame:
    width, height = render_size

    def image(channels: int) -> Tensor:
        return torch.zeros(1, channels, height, width)

    return Frame(
        colour=image(3),
        depth=image(1),
        expected=image(1),
        motion=image(2),
        reactive=image(1),
        jitter=torch.zeros(1, 2),
        exposure=torch.ones(1),
        reset=torch.ones(1, dtype=torch.bool),
        display_size=display_size,
    )


def as_text(found: Complexity) -> str:
    lr, output = (math.prod(size) for size in (found.render_size, found.display_size))
    rows = [
        (
            layer.name,
            layer.kind,
            "x".join(map(str, layer.shape)),
            f"{layer.parameters:,}",
            f"{layer.macs / lr:,.1f}",
            f"{layer.macs / output:,.1f}",
            f"{2 * layer.activations / _MIB:.2f}",
            f"{4 * layer.activations / _MIB:.2f}",
        )
        for layer in found.layers
    ]
    total = (
        "all together", "", "", f"{found.parameters:,}", f"{found.macs / lr:,.1f}", f"{found.macs / output:,.1f}",
        f"{2 * found.activations / _MIB:.2f}", f"{4 * found.activations / _MIB:.2f}",
    )  # fmt: skip
    heading = ("layer", "kind", "output", "parameters", "MAC/LR px", "MAC/out px", "MiB FP16", "MiB FP32")
    sizes = "{}x{} to {}x{}".format(*found.render_size, *found.display_size)
    return "\n".join(
        (
            f"{found.kind}, {sizes}; the largest layer holds {2 * found.largest / _MIB:.2f} MiB in FP16",
            *table(heading, [*rows, total], left=3),
        )
    )


def overview(found: Mapping[str, Complexity]) -> str:
    """One line a network."""
    rows = []
    for name, one in found.items():
        lr, output = (math.prod(size) for size in (one.render_size, one.display_size))
        rows.append(
            (
                name, one.kind, f"{one.parameters:,}", f"{one.macs / lr:,.0f}", f"{one.macs / output:,.0f}",
                f"{2 * one.activations / _MIB:.1f}", f"{4 * one.activations / _MIB:.1f}",
            )
        )  # fmt: skip
    heading = ("network", "kind", "parameters", "MAC/LR px", "MAC/out px", "MiB FP16", "MiB FP32")
    return "\n".join(table(heading, rows, left=2))


def table(heading: tuple[str, ...], rows: list[tuple[str, ...]], left: int) -> list[str]:
    """Columns side by side, the first `left` of them flush left, numbers flush right."""
    widths = [max(len(row[i]) for row in (heading, *rows)) for i in range(len(heading))]
    lines = []
    for row in (heading, *rows):
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return lines
