"""The app's shaders with OpenVINO and the lab's torch twin must give the same figures for the same network and clip."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from app.inference.image_manifest import IMAGE_KINDS, load_image_network
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.upscale.neural import NeuralUpscaler
from app.upscale.registry import create_upscaler
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.held_out import score_clip
from models.evaluate.score import score
from models.network.export_image import save_image_network
from models.network.model import Model, build_model
from models.network.save import save_network
from models.train.start import start_from
from tests.models.synthetic import synthetic_clip

TOLERANCE = {"psnr": 0.005, "ssim": 0.0005, "flip": 0.0005, "tpsnr": 0.01, "flicker": 0.01}
"""dB, and 8-bit levels of flicker. Both sides keep float32 tensors and history where they can; the app's output texture
holds halves, and bilinear taps of a texture unit have fewer bits than torch's."""


def _fresh(folder: Path) -> Model:
    model = build_model({"widths": [8, 8, 8], "blocks": [0, 0, 0], "up_blocks": [0, 0]}, seed=3)
    with torch.no_grad():  # fresh heads predict nearly constants: let the features matter
        model.network.head.weight.mul_(10.0)  # type: ignore[union-attr, operator]
    save_network(model.network, folder, "net")  # type: ignore[arg-type]
    return model


def _shipped(folder: Path) -> Model:
    """`lite` as it ships: trained weights, leaky activations, a history finer than the display."""
    lite = Path(__file__).parents[2] / "models" / "weights" / "lite"
    shutil.copytree(lite, folder)
    model = build_model(load_network(lite).architecture)
    start_from(model.network, lite)
    return model


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("make", [_fresh, _shipped])
def test_the_app_and_torch_give_the_same_figures(
    gl, tmp_path: Path, make: Callable[[Path], Model], ratio: float
) -> None:
    model = make(tmp_path / "net")
    clip = synthetic_clip(4, frames=10, display=(96, 48), ratio=ratio)
    player = ClipPlayer(gl, clip)
    backend = OpenVinoBackend(precision="f32", cache="")
    upscaler = NeuralUpscaler(gl, load_network(tmp_path / "net"), backend, kept="f4")
    through_app, through_torch = score(upscaler, player), score_clip(model, clip)
    upscaler.release()
    player.release()
    differences = {f: abs(getattr(through_app, f) - getattr(through_torch, f)) for f in TOLERANCE}
    assert all(differences[f] <= limit for f, limit in TOLERANCE.items()), differences
    assert through_app.frames == through_torch.frames == 5


@pytest.mark.parametrize("ratio", [2, 3])
@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_single_image_networks_too(gl, tmp_path: Path, kind: str, ratio: int) -> None:
    model = build_model({"kind": kind, "ratio": ratio, **({"blocks": 2, "width": 8} if kind == "edsr" else {})}, seed=3)
    generator = torch.Generator().manual_seed(0)
    for parameter in model.network.parameters():
        parameter.data.add_(0.01 * torch.randn(parameter.shape, generator=generator))
        parameter.data.copy_(parameter.data.half())  # EDSR's are stored in float16
    save_image_network(model, tmp_path, "net")  # type: ignore[arg-type]
    clip = synthetic_clip(4, frames=8, display=(96, 48), ratio=float(ratio))
    player = ClipPlayer(gl, clip)
    backend = OpenVinoBackend(precision="f32", cache="")
    upscaler = create_upscaler(kind, gl, networks=[load_image_network(tmp_path)], backend=backend)
    through_app, through_torch = score(upscaler, player), score_clip(model, clip)
    upscaler.release()
    player.release()
    differences = {f: abs(getattr(through_app, f) - getattr(through_torch, f)) for f in TOLERANCE}
    assert all(differences[f] <= limit for f, limit in TOLERANCE.items()), differences
