"""What TensorRT's builder says of an engine it has made: its layers in order, and how they touch the outside.

Read from the listing that the builder logs with detailed profiling verbosity. It is the only description of an engine
that there is without a GPU (the inspector needs the engine loaded), and it names strides and formats, so it shows
whether a kernel that only copies stands between the shaders' tensors and the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TENSORS = r"\[(?P<{}>(?:[ ,]*\{{[^{{}}]*\}})*)\s*\]"
_LAYER = re.compile(
    rf"^Name: (?P<name>[^,]+), LayerType: (?P<kind>\w+), Inputs: {_TENSORS.format('inputs')}(?P<rest>.*)$", re.M
)
_OUTPUTS = re.compile(rf"Outputs: {_TENSORS.format('outputs')}")
_TENSOR = re.compile(
    r"Name: (?P<name>[^,]+), Dimensions: \[(?P<shape>[\d,]+)\](?:, Strides: \[(?P<strides>[\d,]+)\])?"
    r"[^{}]*?Datatype: (?P<type>\w+), Format: (?P<format>[^{}]+?) *}"
)


@dataclass(frozen=True, slots=True)
class LayerTensor:
    """`shape` and `strides` in TensorRT's order (n, c, h, w), strides in elements."""

    name: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    type: str
    format: str

    @property
    def channels_last(self) -> bool:
        """Whether it lies in memory as NHWC without gaps."""
        if len(self.shape) != 4 or len(self.strides) != 4:
            return False
        _, c, h, w = self.shape
        return self.strides == (c * h * w, 1, w * c, c)


@dataclass(frozen=True, slots=True)
class Layer:
    """`kind` is the builder's word: "correlation" is a convolution, "runtime_fusion" a kernel that is generated on the
    GPU (a convolution with its leaky activation: "CorrMulMax"), "kgen" a generated elementwise kernel."""

    name: str
    kind: str
    inputs: tuple[LayerTensor, ...]
    outputs: tuple[LayerTensor, ...]

    @property
    def convolves(self) -> bool:
        return self.kind == "correlation" or (self.kind == "runtime_fusion" and "Corr" in self.name)


def read_layers(listing: str) -> tuple[Layer, ...]:
    """The layers of a builder's listing; () where it is not one that is understood here."""
    layers = []
    for found in _LAYER.finditer(listing):
        outputs = _OUTPUTS.search(found["rest"])
        layers.append(
            Layer(
                found["name"], found["kind"], _tensors(found["inputs"]), _tensors(outputs["outputs"] if outputs else "")
            )
        )
    return tuple(layers)


def boundary_problem(layers: tuple[Layer, ...], input_name: str, output_name: str) -> str:
    """Why the network does not read and write NHWC half floats in place, or "" where it does: the layers at both ends
    must be convolutions that touch the outside tensors themselves."""
    readers = [layer for layer in layers if any(tensor.name == input_name for tensor in layer.inputs)]
    writers = [layer for layer in layers if any(tensor.name == output_name for tensor in layer.outputs)]
    for side, found, name in (("reads", readers, input_name), ("writes", writers, output_name)):
        if not found:
            return f"no layer {side} {name}"
        for layer in found:
            if not layer.convolves:
                return f"{layer.name}, which is no convolution, {side} {name}"
            for tensor in (*layer.inputs, *layer.outputs):
                if tensor.name == name and (tensor.type != "Half" or not tensor.channels_last):
                    return f"{name} is {tensor.type} with strides {tensor.strides}, not half floats as NHWC"
    return ""


def _tensors(text: str) -> tuple[LayerTensor, ...]:
    return tuple(
        LayerTensor(t["name"], _numbers(t["shape"]), _numbers(t["strides"] or ""), t["type"], t["format"])
        for t in _TENSOR.finditer(text)
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)
