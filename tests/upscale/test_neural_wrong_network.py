"""Files whose manifest fits and which are another network, or none: refused in words, before a shader reads them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import moderngl
import onnx
import pytest
from onnx import TensorProto, helper

from app.errors import SuperseeError
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from app.inference.manifest import Network, load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.paths import WEIGHTS
from app.upscale.neural import NeuralUpscaler


def another_network(inputs: int = len(INPUT_CHANNELS), outputs: int = len(OUTPUT_CHANNELS), **changes: int) -> bytes:
    value, kind = helper.make_tensor_value_info, TensorProto.FLOAT
    weights = helper.make_tensor("w", kind, [outputs, inputs, 1, 1], [0.1] * inputs * outputs)
    nodes = [
        helper.make_node("Transpose", ["features"], ["x"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x", "w"], ["y"], strides=[changes.get("stride", 1)] * 2),
        helper.make_node("Transpose", ["y"], ["parameters"], perm=[0, 2, 3, 1]),
    ]
    taken = [value("features", kind, [1, "h", "w", inputs])]
    taken += [value(f"more{n}", kind, [1]) for n in range(changes.get("more", 0))]
    graph = helper.make_graph(nodes, "another", taken, [value("parameters", kind, [1, "a", "b", outputs])], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def disguised(folder: Path, data: bytes) -> Network:
    shutil.copytree(WEIGHTS / "lite", folder)
    (folder / "model.onnx").write_bytes(data)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["model.onnx"] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(manifest))
    return load_network(folder)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (another_network(inputs=30), r"it takes \(1, 40, 64, 30\), and "),
        (another_network(outputs=8), r"it gives \(1, 40, 64, 8\), and \(1, 40, 64, 16\) is needed"),
        (another_network(stride=2), r"it gives \(1, 20, 32, 16\), and "),
        (another_network(more=1), "OpenVINO cannot compile model.onnx for 64x40"),
        (onnx.ModelProto().SerializeToString() + b"\x00" * 64, "OpenVINO cannot compile model.onnx for 64x40"),
    ],
)
def test_another_network_behind_a_manifest_that_fits_is_refused(
    gl: moderngl.Context, tmp_path: Path, data: bytes, reason: str
) -> None:
    network = disguised(tmp_path / "network", data)
    upscaler = NeuralUpscaler(gl, network, OpenVinoBackend(precision="f32", threads=1, cache=""))
    with pytest.raises(SuperseeError, match=reason):
        upscaler.resize((64, 40), (128, 80))
    upscaler.release()
