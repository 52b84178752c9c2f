"""Writing a network as ONNX, node by node: the same weights give the same bytes on any machine and torch version.

model.onnx is float32 with an NHWC boundary: input (1, h, w, 40), output (1, h, w, 16); OpenVINO is asked for half
floats at the boundary and any precision inside. Two Transposes turn to the NCHW that ONNX convolutions need, and
OpenVINO folds them away.

TensorRT takes its precision from the file and does not fold the Transposes (they become kernels that copy the whole
tensor), so for it the same network is written once more: float16, NCHW by name, and the engine is built to read and
write its tensors channels last (TensorRT's HWC8), which is NHWC in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from models.network.unet import TemporalUNet

INPUT_NAME, OUTPUT_NAME = "features", "parameters"
Ports = Mapping[str, list[int | str]]
"""Tensors by name with their shapes; a side that is free has a name."""


def export_onnx(module: nn.Module, path: Path) -> None:
    """Writes `module` (a TemporalUNet) to `path`: batch 1, height and width free; bytes depend on weights only."""
    assert isinstance(module, TemporalUNet), "only a TemporalUNet can be written"
    graph = OnnxGraph()
    head = add_layers(graph, module, graph.node("Transpose", [INPUT_NAME], "input_nchw", perm=[0, 3, 1, 2]))
    graph.node("Transpose", [head], OUTPUT_NAME, perm=[0, 2, 3, 1])
    graph.write(path, "supersee-temporal", module.config.inputs, module.config.outputs)


def export_half_onnx(module: nn.Module, path: Path) -> None:
    """Writes `module` to `path` for a strongly typed runtime: float16 throughout, (1, 40, h, w) to (1, 16, h, w)."""
    assert isinstance(module, TemporalUNet), "only a TemporalUNet can be written"
    graph = OnnxGraph(half=True)
    add_layers(graph, module, INPUT_NAME, OUTPUT_NAME)
    graph.write(path, "supersee-temporal", module.config.inputs, module.config.outputs, channels_last=False)


def add_layers(graph: OnnxGraph, module: TemporalUNet, x: str, head: str = "head") -> str:
    """Everything between the boundaries, NCHW; `head` names the result."""
    skips, slope = [], module.config.negative_slope
    for level, convolutions in enumerate(module.down):
        for index, convolution in enumerate(convolutions):  # type: ignore[arg-type]
            x = graph.relu(graph.convolution(x, convolution, f"down{level}_{index}"), slope)
        skips.append(x)
    for level, (lift, convolutions, skip) in enumerate(zip(module.lift, module.up, reversed(skips[:-1]))):
        x = graph.double(graph.convolution(x, lift, f"lift{level}"))
        x = graph.relu(graph.node("Add", [x, skip], f"joined{level}"), slope)
        for index, convolution in enumerate(convolutions):  # type: ignore[arg-type]
            x = graph.relu(graph.convolution(x, convolution, f"up{level}_{index}"), slope)
    return graph.convolution(x, module.head, "head", head)


class OnnxGraph:
    """Nodes and constants in the order in which they were added; weights and boundary in float16 where `half`."""

    opset, ir_version = 17, 8

    def __init__(self, *, half: bool = False) -> None:
        self.half = half
        self.nodes: list = []
        self.constants: list = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{output}", **attributes))
        return output

    def constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def convolution(self, x: str, layer: nn.Module, name: str, output: str = "") -> str:
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        x, weight = self.activation(x, name), self.weight(layer, name)
        bias = self.constant(f"{name}.bias", self.typed(layer.bias))
        kernel, stride = layer.kernel_size[0], layer.stride[0]
        return self.node(
            "Conv", [x, weight, bias], output or name,
            kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[kernel // 2] * 4,
        )  # fmt: skip

    def activation(self, x: str, name: str) -> str:
        """What the convolution `name` reads."""
        return x

    def weight(self, layer: nn.Conv2d, name: str) -> str:
        return self.constant(f"{name}.weight", self.typed(layer.weight))

    def typed(self, weights: Tensor) -> np.ndarray:
        return half_values(weights) if self.half else weights.detach().cpu().float().numpy()

    def relu(self, x: str, negative_slope: float = 0.0) -> str:
        if negative_slope:
            return self.node("LeakyRelu", [x], f"{x}.relu", alpha=negative_slope)
        return self.node("Relu", [x], f"{x}.relu")

    def double(self, x: str) -> str:
        """Nearest x2; the scales are a constant, so the resize stays free of shape arithmetic."""
        if not any(constant.name == "double" for constant in self.constants):
            self.constant("double", np.array([1, 1, 2, 2], np.float32))
        return self.node(
            "Resize", [x, "", "double"], f"{x}.double",
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip

    def write(
        self, path: Path, name: str, inputs: int, outputs: int, enlarges: int = 1, *, channels_last: bool = True
    ) -> None:
        """Checks the graph and writes it: from INPUT_NAME to OUTPUT_NAME, NHWC or NCHW, height and width free."""
        side = ["height", "width"]
        enlarged = side if enlarges == 1 else [f"{enlarges}*{n}" for n in side]
        shapes = [
            [1, *sides, count] if channels_last else [1, count, *sides]
            for sides, count in ((side, inputs), (enlarged, outputs))
        ]
        self.write_ports(path, name, {INPUT_NAME: shapes[0]}, {OUTPUT_NAME: shapes[1]})

    def write_ports(self, path: Path, name: str, inputs: Ports, outputs: Ports) -> None:
        """Checks the graph and writes it with these tensors at its boundary."""
        import onnx
        from onnx import TensorProto, helper

        kind = TensorProto.FLOAT16 if self.half else TensorProto.FLOAT
        taken, given = (
            [helper.make_tensor_value_info(tensor, kind, shape) for tensor, shape in side.items()]
            for side in (inputs, outputs)
        )
        model = helper.make_model(
            helper.make_graph(self.nodes, name, taken, given, self.constants),
            producer_name="supersee",
            ir_version=self.ir_version,
            opset_imports=[helper.make_opsetid("", self.opset)],
        )
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString(deterministic=True))


def half_values(weights: Tensor) -> np.ndarray:
    """Rounded to float16."""
    values = weights.detach().cpu().float().numpy()
    assert np.abs(values).max() <= np.finfo(np.float16).max, "a weight is beyond float16"
    return values.astype(np.float16)
