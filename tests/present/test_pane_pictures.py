"""Pictures come in slices, and none is seen before it is whole."""

from __future__ import annotations

import moderngl
import numpy as np

from app.present.composition import Composition
from app.present.pane_label import PaneContent
from app.present.pane_pictures import read_rgb

TALL = 700, 1801  # pixels: three slices, the last one short


def ramp(gl: moderngl.Context, sign: float) -> moderngl.Texture:
    """Every row has a value of its own, rising or falling."""
    data = np.ones((TALL[1], TALL[0], 4), np.float16)
    data[..., :3] = np.linspace(0.0, 1.0, TALL[1])[:: int(sign), None, None]
    return gl.texture(TALL, 4, data.tobytes(), dtype="f2")


def test_a_large_picture_comes_in_slices_and_the_old_one_stays_until_the_last(
    gl: moderngl.Context, composition: Composition
) -> None:
    old, new = (PaneContent("native", name, texture=ramp(gl, sign)) for name, sign in (("old", 1.0), ("new", -1.0)))
    composition.take([old, old], filmic=False)
    before = composition.pane_pixels(0)
    assert before is not None
    assert (np.diff(before[:, 0, 0].astype(int)) >= 0).all()
    assert before[0].max() == 0
    assert before[-1].min() == 255
    slices = 0
    for _ in composition.take_steps([new, new], filmic=False):
        slices += 1
        for index in range(2):
            assert np.array_equal(composition.pane_pixels(index), before)
        assert composition.panes[0].title == "old"
    assert slices == 6
    assert composition.panes[0].title == "new"
    for index in range(2):
        assert np.array_equal(composition.pane_pixels(index), before[::-1])


def test_slices_that_were_left_in_the_middle_leave_no_trace(gl: moderngl.Context, composition: Composition) -> None:
    old, new = (PaneContent("native", name, texture=ramp(gl, sign)) for name, sign in (("old", 1.0), ("new", -1.0)))
    composition.take([old], filmic=False)
    before = composition.pane_pixels(0)
    next(composition.take_steps([new, new], filmic=False))
    assert np.array_equal(composition.pane_pixels(0), before)
    composition.take([old], filmic=False)
    assert np.array_equal(composition.pane_pixels(0), before)


def test_reading_looks_past_alpha(gl: moderngl.Context) -> None:
    data = np.arange(3 * 5 * 4, dtype=np.uint8).reshape(5, 3, 4)
    assert np.array_equal(read_rgb(gl.texture((3, 5), 4, data.tobytes())), data[..., :3])
