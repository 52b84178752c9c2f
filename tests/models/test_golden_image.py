"""Single-image networks in the app (shaders, OpenVINO) against torch, on frames of noise with jitter and exposure."""

from __future__ import annotations

from pathlib import Path

import moderngl
import pytest
import torch

pytest.importorskip("onnx")

from app.inference.image_manifest import load_image_network
from app.inference.image_space import IMAGE_KNEE
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.image_metrics import display_image
from app.upscale.registry import create_upscaler
from models.network.export_image import save_image_network
from models.network.image_model import IMAGE_KINDS
from models.temporal.colour import compress
from tests.models.golden import GoldenFrames, tensor_of
from tests.models.test_network_export_image import lively

IMAGE_TOLERANCE = 1.5e-3
"""Of any channel of any pixel in image space, where half floats are 5e-4 apart below 1: they stand at both ends of the
network, and at both ends of the resize before SRCNN."""
MEAN_LEVELS = 0.1
"""Mean difference in 8-bit levels of what a display shows. Single pixels are further apart where one channel is many
times display white: image space has few steps there, and the others are scaled by it."""


@torch.no_grad()
@pytest.mark.parametrize("kind", IMAGE_KINDS)
@pytest.mark.parametrize("odd", [0, 1])
def test_the_apps_picture_is_torchs(gl: moderngl.Context, kind: str, odd: int, tmp_path: Path) -> None:
    model = lively(kind, by=0.01)
    save_image_network(model, tmp_path, "golden")
    network = load_image_network(tmp_path)
    render = (24, 17)
    display = (render[0] * model.ratio - odd, render[1] * model.ratio - odd)
    backend = OpenVinoBackend(precision="f32", threads=1, cache="")
    upscaler = create_upscaler(kind, gl, networks=[network], backend=backend)
    frames = GoldenFrames(gl, render, display)
    for index in range(3):
        frame = frames.frame(index)
        shown = tensor_of(upscaler.upscale(frame.inputs), "f2")[:, :3]
        expected, _ = model.step(frame.frame, model.initial(frame.frame))
        assert shown.shape == expected.shape == (1, 3, display[1], display[0])
        exposed = [picture * frame.frame.exposure for picture in (shown, expected)]
        images = [compress(picture, IMAGE_KNEE).sqrt() for picture in exposed]
        assert (images[0] - images[1]).abs().max() < IMAGE_TOLERANCE
        pictures = [display_image(picture[0].permute(1, 2, 0).numpy()) for picture in exposed]
        assert abs(pictures[0] - pictures[1]).mean() * 255.0 < MEAN_LEVELS
        assert pictures[0].std() > 0.05, "a picture, not a flat colour"
    upscaler.release()
