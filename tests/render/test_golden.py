"""Pictures as they were when somebody looked at them: frames 1, 16 and 64, and the frame after a cut.

Compared only on the renderer they were made with. A failing test writes what it drew and the difference to
tests/failures/. To accept new pictures, look at those files and copy them over the golden ones.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.render.gl_context import renderer_name
from app.scene.camera import CameraPose
from app.scene.state import SceneState
from tests.render import scenes
from tests.render.test_live_source import _busy_source

GOLDEN = Path(__file__).parent / "golden"
FAILURES = Path(__file__).parents[1] / "failures"
RENDERER = "llvmpipe"
SIZE = 96, 54
MEAN_TOLERANCE, MAX_TOLERANCE = 0.6, 40  # 8-bit levels: another LLVM rounds differently, and edges flip


def _frame(states: list[SceneState], number: int) -> SceneState:
    """Frame `number` (from 1): the scene's states in a loop, under a camera that circles."""
    angle = 0.4 + 0.01 * number
    position = 4.0 * math.sin(angle), 1.7, 4.0 * math.cos(angle)
    camera = CameraPose(position, (0.1, 0.5, 0.0), math.radians(50.0), 0.1)
    return replace(states[number % len(states)], camera=camera, time=number / 30)


def _after_cut(states: list[SceneState]) -> SceneState:
    camera = CameraPose((-1.5, 2.6, 2.2), (0.0, 0.3, 0.2), math.radians(60.0), 0.1)
    return replace(_frame(states, 65), camera=camera, cut=True)


def _compare(name: str, linear: np.ndarray) -> None:
    from PIL import Image

    drawn = (scenes.display(linear) * 255.0 + 0.5).astype(np.uint8)
    wanted_path = GOLDEN / f"{name}.png"
    wanted = np.asarray(Image.open(wanted_path)) if wanted_path.exists() else np.zeros_like(drawn)
    difference = np.abs(drawn.astype(int) - wanted.astype(int))
    if difference.mean() > MEAN_TOLERANCE or np.quantile(difference, 0.995) > MAX_TOLERANCE:
        FAILURES.mkdir(exist_ok=True)
        Image.fromarray(drawn).save(FAILURES / f"{name}.png")
        Image.fromarray(np.clip(difference * 4, 0, 255).astype(np.uint8)).save(FAILURES / f"{name}-difference.png")
        where = FAILURES / f"{name}-difference.png"
        pytest.fail(f"{name} differs by {difference.mean():.2f} levels on average: see {where}")


def test_frames_1_16_64_and_after_a_cut_look_as_they_did(gl: moderngl.Context) -> None:
    if RENDERER not in renderer_name(gl):
        pytest.skip(f"golden images were made with {RENDERER}, this is {renderer_name(gl)}")
    live, states = _busy_source(gl)
    live.resize(SIZE, SIZE)
    failures = []
    for number in range(1, 66):
        wanted = number in (1, 16, 64)
        state = _frame(states, number) if number < 65 else _after_cut(states)
        # History reaches back one frame only, so the frames between need no drawing but the one before.
        if wanted or number + 1 in (16, 64) or number == 65:
            frame = live.render_frame(state, frame_index=number)
        if wanted or number == 65:
            name = f"frame-{number}" if wanted else "after-cut"
            pictures = {name: scenes.pixels(frame.colour)[..., :3], f"{name}-motion": _motion_picture(frame.motion)}
            for key, picture in pictures.items():
                try:
                    _compare(key, picture)
                except pytest.fail.Exception as failure:
                    failures.append(str(failure))
    live.release()
    assert not failures, "\n".join(failures)


def _motion_picture(motion: moderngl.Texture) -> np.ndarray:
    """Mid grey is no motion; eight pixels reach the ends."""
    vectors = scenes.pixels(motion)
    level = np.clip(0.5 + vectors / 16.0, 0.01, 0.98)
    rgb = np.concatenate([level, np.full_like(level[..., :1], 0.5)], axis=-1)
    # The inverse of scenes.display, so that the stored picture is linear in the motion.
    encoded = rgb**2.2
    return encoded / (1.0 - encoded)
