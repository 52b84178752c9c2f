"""Writing a single-image network as ONNX with its manifest: the same weights give the same bytes.

The boundary is NHWC in image space (app/inference/image_space.py), four channels of which the last is unused: input
(1, h, w, 4), output (1, r h, r w, 4); SRCNN's input is the enlarged picture already, so its r is 1.

All of them compute in float32. EDSR's weights, a hundred times as many as the others', are stored in float16, which
halves the file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from app.inference.image_manifest import IMAGE_MANIFEST_FILE, IMAGE_SCHEMA_VERSION
from app.inference.image_space import IMAGE_CHANNELS
from models.network.config import written_settings
from models.network.describe import complexity
from models.network.export import INPUT_NAME, OUTPUT_NAME, OnnxGraph, half_values
from models.network.image_model import ImageModel
from models.network.image_networks import Edsr, Espcn, Srcnn
from models.network.save import MODEL_FILE

_CHANNELS = len(IMAGE_CHANNELS)


def export_image_onnx(network: nn.Module, path: Path) -> None:
    """Writes an Srcnn, Espcn or Edsr to `path`: batch 1, height and width free."""
    assert isinstance(network, Srcnn | Espcn | Edsr), "only a single-image network can be written"
    graph = _HalfStoredGraph() if isinstance(network, Edsr) else OnnxGraph()
    x = graph.node("Transpose", [INPUT_NAME], "input_nchw", perm=[0, 3, 1, 2])
    x = _edsr(graph, network, x) if isinstance(network, Edsr) else _three_layers(graph, network, x)
    graph.node("Transpose", [x], OUTPUT_NAME, perm=[0, 2, 3, 1])
    graph.write(path, f"supersee-{type(network).__name__.lower()}", _CHANNELS, _CHANNELS, network.enlarges)


class _HalfStoredGraph(OnnxGraph):
    """Weights of convolutions lie in the file as float16 and are turned to float32 once, when a runtime compiles it."""

    def weight(self, layer: nn.Conv2d, name: str) -> str:
        from onnx import TensorProto

        stored = self.constant(f"{name}.weight.half", half_values(layer.weight))
        return self.node("Cast", [stored], f"{name}.weight", to=TensorProto.FLOAT)


def save_image_network(model: ImageModel, folder: Path, name: str) -> None:
    """Writes model.onnx and image_manifest.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MODEL_FILE
    export_image_onnx(model.network, path)
    settings = written_settings(model.network.config)
    lr = (48, 48)
    cost = complexity({"kind": model.kind, **settings}, lr, (lr[0] * model.ratio, lr[1] * model.ratio))
    tensor = {"layout": "NHWC", "channels": list(IMAGE_CHANNELS)}
    manifest = {
        "schema_version": IMAGE_SCHEMA_VERSION,
        "name": name,
        "kind": model.kind,
        "ratio": model.ratio,
        "enlarges": model.network.enlarges,
        "model": MODEL_FILE,
        "files": {MODEL_FILE: hashlib.sha256(path.read_bytes()).hexdigest()},
        "input": tensor,
        "output": tensor,
        "macs_per_pixel": cost.macs / (lr[0] * lr[1]),
        "precision": "float32",
        "architecture": settings,
    }
    if isinstance(model.network, Edsr):
        manifest["weights"] = "float16"
    (folder / IMAGE_MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _three_layers(graph: OnnxGraph, network: Srcnn | Espcn, x: str) -> str:
    kind = "Tanh" if isinstance(network, Espcn) else "Relu"
    for name, layer in (("extract", _widened(network.extract, inputs=_CHANNELS)), ("map", network.map)):
        x = graph.convolution(x, layer, name)
        x = graph.node(kind, [x], f"{x}.{kind.lower()}")
    if isinstance(network, Srcnn):
        return graph.convolution(x, _widened(network.reconstruct, outputs=_CHANNELS), "reconstruct")
    ratio = network.config.ratio
    return _shuffled(
        graph, graph.convolution(x, _widened(network.expand, outputs=_CHANNELS * ratio**2), "expand"), ratio
    )


def _edsr(graph: OnnxGraph, network: Edsr, x: str) -> str:
    head = x = graph.convolution(x, _widened(network.head, inputs=_CHANNELS), "head")
    scale = network.config.residual_scale
    if scale != 1.0:
        graph.constant("residual_scale", np.array(scale, np.float32))
    for index, block in enumerate(network.body):
        inner = graph.relu(graph.convolution(x, block.first, f"body{index}_first"))  # type: ignore[arg-type]
        inner = graph.convolution(inner, block.second, f"body{index}_second")  # type: ignore[arg-type]
        if scale != 1.0:
            inner = graph.node("Mul", [inner, "residual_scale"], f"{inner}.scaled")
        x = graph.node("Add", [x, inner], f"body{index}")
    x = graph.node("Add", [head, graph.convolution(x, network.body_end, "body_end")], "body")
    x = _shuffled(graph, graph.convolution(x, network.expand, "expand"), network.config.ratio)
    return graph.convolution(x, _widened(network.tail, outputs=_CHANNELS), "tail")


def _shuffled(graph: OnnxGraph, x: str, ratio: int) -> str:
    """torch's PixelShuffle: channels are colour by colour, each with its sub-pixels."""
    return graph.node("DepthToSpace", [x], f"{x}.shuffled", blocksize=ratio, mode="CRD")


def _widened(layer: nn.Conv2d, inputs: int = 0, outputs: int = 0) -> nn.Conv2d:
    """The same convolution with channels appended whose weights are 0."""
    size = layer.kernel_size[0]
    wide = nn.Conv2d(inputs or layer.in_channels, outputs or layer.out_channels, size, padding=size // 2)
    assert wide.bias is not None
    assert layer.bias is not None
    with torch.no_grad():
        wide.weight.zero_()
        wide.bias.zero_()
        wide.weight[: layer.out_channels, : layer.in_channels] = layer.weight
        wide.bias[: layer.out_channels] = layer.bias
    return wide
