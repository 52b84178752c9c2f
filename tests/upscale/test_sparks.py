"""Bright sparks rise before a wall, two LR pixels a frame, told by the reactive mask alone: no trail may stay."""

from __future__ import annotations

import moderngl
import numpy as np
import pytest

from app.conventions import jitter_offset, render_size
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.image_metrics import display_image
from app.paths import WEIGHTS
from app.upscale.neural import NeuralUpscaler
from app.upscale.taau import Taau
from app.upscale.upscaler import Upscaler
from tests.upscale.frames import frame, pixels

DISPLAY = (96, 64)
WALL, SPARK = 0.15, 6.0
FRAMES = 20
PASSED = 14
"""The display row below which every spark has passed at least two frames ago, at the last frame."""


def risen(gl: moderngl.Context, upscaler: Upscaler) -> np.ndarray:
    """The last display image: the sparks have come to its upper edge."""
    small = render_size(DISPLAY, 2.0)
    columns, rows = np.meshgrid(np.arange(small[0]), np.arange(small[1]))
    shown = np.zeros(0)
    for index in range(FRAMES):
        jitter = jitter_offset(index, 2.0)
        top = 2 * (FRAMES - 1 - index)
        here = (columns % 12 == 5) & ((rows == top) | (rows == top + 1))
        colour = np.where(here[..., None], SPARK, WALL) * np.ones(3)
        inputs = frame(gl, colour, DISPLAY, jitter=jitter, index=index, reset=index == 0, reactive=here * 0.9)
        shown = display_image(pixels(upscaler.upscale(inputs)))
    return shown


@pytest.mark.parametrize("method", ["taau", "lite", "standard"])
def test_sparks_leave_no_trail(gl: moderngl.Context, backend: OpenVinoBackend, method: str) -> None:
    if method == "taau":
        upscaler = Taau(gl)
    else:
        upscaler = NeuralUpscaler(gl, network=load_network(WEIGHTS / method), backend=backend)
    shown = risen(gl, upscaler)
    upscaler.release()
    wall = display_image(np.full((1, 1, 3), WALL))
    assert shown[:PASSED].max() > 0.9, "the sparks themselves are there"
    assert np.abs(shown[PASSED:] - wall).max() < 0.03
