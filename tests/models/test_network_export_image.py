"""A written single-image network answers in OpenVINO as it does in torch, and its bytes depend on the weights only."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")

from app.inference.openvino_backend import OpenVinoBackend
from models.network import build_model
from models.network.export_image import save_image_network
from models.network.image_model import IMAGE_KINDS, ImageModel

SMALL: dict[str, dict[str, object]] = {
    "srcnn": {},
    "espcn": {"ratio": 3},
    "edsr": {"blocks": 2, "width": 8, "residual_scale": 0.5},
}


def lively(kind: str, by: float = 0.05) -> ImageModel:
    """A fresh network whose weights have all been moved `by`, a standard deviation; they are numbers that float16 has,
    which is how a file may store them."""
    model = build_model({"kind": kind, **SMALL[kind]}, seed=1)
    assert isinstance(model, ImageModel)
    generator = torch.Generator().manual_seed(0)
    for parameter in model.network.parameters():
        parameter.data.add_(by * torch.randn(parameter.shape, generator=generator))
        parameter.data.copy_(parameter.data.half())
    return model


@torch.no_grad()
@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_openvino_answers_as_torch_does(kind: str, tmp_path: Path) -> None:
    model = lively(kind)
    save_image_network(model, tmp_path, "test")
    backend = OpenVinoBackend(precision="f32", threads=1, cache="")
    for width, height in ((20, 12), (13, 7)):
        session = backend.compile(tmp_path / "model.onnx", (width, height))
        image = np.random.default_rng(width).random(session.input.shape).astype(np.float16)
        session.input[:] = image
        session.start()
        session.wait()
        tensor = torch.from_numpy(image[..., :3].astype(np.float32)).permute(0, 3, 1, 2)
        expected = model.network(tensor).permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(session.output[..., :3], expected, atol=2e-3, rtol=2e-3)
        assert not session.output[..., 3].any()


def test_edsrs_weights_are_stored_in_float16_and_nothing_else_is(tmp_path: Path) -> None:
    import onnx

    model = lively("edsr")
    save_image_network(model, tmp_path, "test")
    graph = onnx.load(tmp_path / "model.onnx").graph
    stored = {constant.name: constant.data_type for constant in graph.initializer}
    weights = {name for name in stored if ".weight" in name}
    assert len(weights) == sum(isinstance(module, torch.nn.Conv2d) for module in model.network.modules())
    assert all((kind == onnx.TensorProto.FLOAT16) == (name in weights) for name, kind in stored.items())
    casts = [node for node in graph.node if node.op_type == "Cast"]
    assert {cast.input[0] for cast in casts} == weights
    assert all(cast.attribute[0].i == onnx.TensorProto.FLOAT for cast in casts)
    assert all(port.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for port in (*graph.input, *graph.output))
    assert json.loads((tmp_path / "image_manifest.json").read_text())["weights"] == "float16"


@torch.no_grad()
def test_rounding_edsrs_weights_moves_its_answer_by_less_than_a_step_of_the_boundary(tmp_path: Path) -> None:
    """Half floats stand at the boundary, 2^-11 apart below 1: what is stored in them must not show."""
    model = build_model({"kind": "edsr", **SMALL["edsr"]}, seed=3)
    assert isinstance(model, ImageModel)
    save_image_network(model, tmp_path, "test")
    session = OpenVinoBackend(precision="f32", threads=1, cache="").compile(tmp_path / "model.onnx", (24, 16))
    image = np.random.default_rng(1).random(session.input.shape).astype(np.float16)
    session.input[:] = image
    session.start()
    session.wait()
    tensor = torch.from_numpy(image[..., :3].astype(np.float32)).permute(0, 3, 1, 2)
    expected = model.network(tensor).permute(0, 2, 3, 1).numpy()
    assert expected.std() > 0.05
    assert np.abs(session.output[..., :3] - expected).max() < 2.0**-11 * max(1.0, float(np.abs(expected).max()))


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_the_same_weights_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        save_image_network(lively(kind), tmp_path / folder, "test")
    for file in ("model.onnx", "image_manifest.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    manifest = json.loads((tmp_path / "first" / "image_manifest.json").read_text())
    digest = hashlib.sha256((tmp_path / "first" / "model.onnx").read_bytes()).hexdigest()
    assert manifest["files"] == {"model.onnx": digest}
    assert (manifest["kind"], manifest["ratio"]) == (kind, SMALL[kind].get("ratio", 2))
