"""Writing a network as ONNX, node by node: the same weights give the same bytes on any machine and torch version.

The file's boundary is NHWC, as every runtime here hands tensors over: input (1, h, w, 40), output (1, h, w, 16),
float32 in the file; a backend may ask its runtime for half floats at the boundary and any precision inside. Two
Transposes turn to the NCHW that ONNX convolutions need; runtimes with NHWC kernels fold them away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from models.network.unet import TemporalUNet

INPUT_NAME, OUTPUT_NAME = "features", "parameters"
_OPSET, _IR_VERSION = 17, 8


def export_onnx(module: nn.Module, path: Path) -> None:
    """Writes `module` (a TemporalUNet) to `path`: batch 1, height and width free; bytes depend on weights only."""
    assert isinstance(module, TemporalUNet), "only a TemporalUNet can be written"
    graph = OnnxGraph()
    x = graph.node("Transpose", [INPUT_NAME], "input_nchw", perm=[0, 3, 1, 2])
    skips = []
    for level, convolutions in enumerate(module.down):
        for index, convolution in enumerate(convolutions):  # type: ignore[arg-type]
            x = graph.relu(graph.convolution(x, convolution, f"down{level}_{index}"))
        skips.append(x)
    for level, (lift, convolutions, skip) in enumerate(zip(module.lift, module.up, reversed(skips[:-1]))):
        x = graph.double(graph.convolution(x, lift, f"lift{level}"))
        x = graph.relu(graph.node("Add", [x, skip], f"joined{level}"))
        for index, convolution in enumerate(convolutions):  # type: ignore[arg-type]
            x = graph.relu(graph.convolution(x, convolution, f"up{level}_{index}"))
    x = graph.convolution(x, module.head, "head")
    graph.node("Transpose", [x], OUTPUT_NAME, perm=[0, 2, 3, 1])

    graph.write(path, "supersee-temporal", module.config.inputs, module.config.outputs)


class OnnxGraph:
    """Nodes and constants in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{output}", **attributes))
        return output

    def constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolution(self, x: str, layer: nn.Module, name: str) -> str:
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        weight = self.constant(f"{name}.weight", layer.weight.detach().cpu().float().numpy())
        bias = self.constant(f"{name}.bias", layer.bias.detach().cpu().float().numpy())
        kernel, stride = layer.kernel_size[0], layer.stride[0]
        return self.node(
            "Conv", [x, weight, bias], name,
            kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[kernel // 2] * 4,
        )  # fmt: skip

    def relu(self, x: str) -> str:
        return self.node("Relu", [x], f"{x}.relu")

    def double(self, x: str) -> str:
        """Nearest x2; the scales are a constant, so the resize stays free of shape arithmetic."""
        if not any(constant.name == "double" for constant in self.constants):
            self.constant("double", np.array([1, 1, 2, 2], np.float32))
        return self.node(
            "Resize", [x, "", "double"], f"{x}.double",
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip

    def write(self, path: Path, name: str, inputs: int, outputs: int, enlarges: int = 1) -> None:
        """Checks the graph and writes it: NHWC from INPUT_NAME to OUTPUT_NAME, height and width free."""
        import onnx
        from onnx import TensorProto, helper

        side = ["height", "width"]
        enlarged = side if enlarges == 1 else [f"{enlarges}*{n}" for n in side]
        model = helper.make_model(
            helper.make_graph(
                self.nodes,
                name,
                [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, [1, *side, inputs])],
                [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, [1, *enlarged, outputs])],
                self.constants,
            ),
            producer_name="supersee",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString(deterministic=True))
