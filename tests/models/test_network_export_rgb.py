"""A written RGB U-Net answers in OpenVINO as in torch, frame after frame, whatever its fusion."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")
pytest.importorskip("openvino")

from models.network import build_model
from models.network.export_rgb import RGB_MANIFEST_FILE, save_rgb_network
from models.network.fusion import FUSIONS
from models.network.rgb_model import RgbModel
from models.network.rgb_unet import RgbUNet


def lively(fusion: str, **settings: object) -> RgbModel:
    model = build_model({"kind": "rgb-unet", "widths": [4, 8, 8], "fusion": fusion, **settings}, seed=1)
    assert isinstance(model, RgbModel)
    generator = torch.Generator().manual_seed(0)
    for parameter in model.network.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model


@torch.no_grad()
@pytest.mark.parametrize("settings", [{}, {"subpixels": 1, "blend": False}])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_openvino_answers_as_torch_does(fusion: str, settings: dict[str, object], tmp_path: Path) -> None:
    import openvino

    model = lively(fusion, **settings)
    save_rgb_network(model, tmp_path, "test")
    network = model.network
    assert isinstance(network, RgbUNet)
    manifest = json.loads((tmp_path / RGB_MANIFEST_FILE).read_text())
    graph = openvino.Core().read_model(str(tmp_path / "model.onnx"))
    height, width = 12, 20
    small = [1, height // 4, width // 4, 8]
    graph.reshape({"features": [1, height, width, 16], **dict.fromkeys(manifest["memories"], small)})
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    rng = np.random.default_rng(3)
    memory = tuple(torch.zeros(1, 8, height // 4, width // 4) for _ in manifest["memories"])
    for _ in range(3):
        features = rng.standard_normal((1, height, width, 16), np.float32)
        given = {"features": features}
        given |= {name: m.permute(0, 2, 3, 1).numpy() for name, m in zip(manifest["memories"], memory)}
        answer = compiled(given)
        raw, memory = network(torch.from_numpy(features).permute(0, 3, 1, 2), memory)
        expected = {"parameters": raw} | dict(zip(manifest["memories"].values(), memory))
        for name, tensor in expected.items():
            np.testing.assert_allclose(answer[name], tensor.permute(0, 2, 3, 1).numpy(), atol=2e-5, rtol=2e-4)
    assert raw.std() > 0.01
    channels = len(manifest["output"]["channels"])
    assert raw.shape == (1, channels, height * manifest["subpixels"], width * manifest["subpixels"])


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_same_weights_give_the_same_bytes(fusion: str, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        save_rgb_network(lively(fusion), tmp_path / folder, "test")
    for file in ("model.onnx", RGB_MANIFEST_FILE):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    manifest = json.loads((tmp_path / "first" / RGB_MANIFEST_FILE).read_text())
    digest = hashlib.sha256((tmp_path / "first" / "model.onnx").read_bytes()).hexdigest()
    assert manifest["files"] == {"model.onnx": digest}
    assert sum(manifest["input"]["groups"].values()) == 16
