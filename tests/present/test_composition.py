"""What is drawn: pictures in their places, the wipe's two sides, labels, and never a black frame in between."""

from __future__ import annotations

from dataclasses import replace

import moderngl
import numpy as np
import pytest

from app.measure.frame_times import FrameTimes
from app.present.composition import Composition
from app.present.decoration import Decoration
from app.present.keys import help_sheet
from app.present.layout import View
from app.present.overlay import MethodTimes, OverlayContent, graph_scale
from app.present.pane_label import PaneContent
from app.present.theme import BACKGROUND

CANVAS = (640, 360)
PLAIN = Decoration(labels=False)


def picture(gl: moderngl.Context, colour: tuple[float, float, float], size: tuple[int, int] = (320, 180)):
    data = np.empty((size[1], size[0], 4), "f2")
    data[...] = (*colour, 1.0)
    return gl.texture(size, 4, data.tobytes(), dtype="f2")


def drawn(gl: moderngl.Context, composition: Composition, view=None, decoration=PLAIN, canvas=CANVAS, flip=False):
    target = gl.framebuffer([gl.texture(canvas, 4)])
    composition.draw(target, canvas, view or View(), decoration, flip)
    return np.frombuffer(target.read(components=3, alignment=1), np.uint8).reshape(canvas[1], canvas[0], 3).astype(int)


@pytest.fixture
def red_and_blue(gl, composition):
    panes = [PaneContent("native", "Native", texture=picture(gl, (0.8, 0, 0))),
             PaneContent("taau", "TAAU", texture=picture(gl, (0, 0, 0.8)))]  # fmt: skip
    composition.take(panes, filmic=False)
    return composition


def is_red(pixel) -> bool:
    return pixel[0] > 200 and pixel[2] < 10


def is_blue(pixel) -> bool:
    return pixel[2] > 200 and pixel[0] < 10


def test_two_panes_stand_side_by_side(gl, red_and_blue) -> None:
    image = drawn(gl, red_and_blue)
    assert is_red(image[180, 150])
    assert is_blue(image[180, 490])
    assert image[20, 20].max() < 30  # above the picture


@pytest.mark.parametrize("divider", [0.25, 0.5, 0.8])
def test_wipe_shows_one_left_and_the_other_right_of_the_divider(gl, red_and_blue, divider: float) -> None:
    image = drawn(gl, red_and_blue, View(wipe=(0, 1), divider=divider))
    x = int(divider * CANVAS[0])
    assert all(is_red(pixel) for pixel in image[100, 5 : x - 5])
    assert all(is_blue(pixel) for pixel in image[100, x + 5 : -5])


def test_wipe_can_have_any_two_in_any_order(gl, red_and_blue) -> None:
    image = drawn(gl, red_and_blue, View(wipe=(1, 0)))
    assert is_blue(image[100, 50])
    assert is_red(image[100, 600])


def test_single_pane_has_all_of_the_canvas(gl, red_and_blue) -> None:
    image = drawn(gl, red_and_blue, View(single=1))
    assert all(is_blue(image[y, x]) for x, y in ((2, 2), (637, 2), (2, 357), (637, 357)))


def test_flipped_target_holds_the_same_picture_upside_down(gl, composition) -> None:
    data = np.random.default_rng(0).random((180, 320, 4)).astype("f2")
    composition.take([PaneContent("native", "N", texture=gl.texture((320, 180), 4, data.tobytes(), dtype="f2"))])
    assert (drawn(gl, composition)[::-1] == drawn(gl, composition, flip=True)).all()


def test_picture_at_its_own_size_is_copied_exactly(gl, composition) -> None:
    data = np.random.default_rng(0).random((360, 640, 4)).astype("f2")
    composition.take([PaneContent("native", "N", texture=gl.texture(CANVAS, 4, data.tobytes(), dtype="f2"))])
    assert (drawn(gl, composition) == composition.pane_pixels(0)).all()


def test_zoomed_in_pixels_are_squares(gl, composition) -> None:
    data = np.random.default_rng(0).random((90, 160, 4)).astype("f2")
    composition.take([PaneContent("native", "N", texture=gl.texture((160, 90), 4, data.tobytes(), dtype="f2"))])
    image = drawn(gl, composition, View(zoom=2.0, centre=(0.5, 44.5 / 90)))  # 8 canvas pixels a picture pixel
    blocks = image.reshape(45, 8, 80, 8, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert (blocks[:, 0, :, 0] == composition.pane_pixels(0)[22:67, 40:120]).all()


def test_tone_map_without_curve_is_the_srgb_transfer_of_the_exposed_picture(gl, composition) -> None:
    for value, exposure in ((0.18, 1.0), (0.18, 2.0), (0.002, 1.0), (9.0, 1.0)):
        composition.take([PaneContent("native", "N", texture=picture(gl, (value,) * 3))], exposure, filmic=False)
        linear = min(value * exposure, 1.0)
        expected = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
        assert abs(int(composition.pane_pixels(0)[0, 0, 0]) - 255 * expected) <= 1.0


def test_filmic_curve_rises_and_rolls_off(gl, composition) -> None:
    values = []
    for stop in range(-6, 7):
        composition.take([PaneContent("native", "N", texture=picture(gl, (0.18 * 2.0**stop,) * 3))])
        values.append(int(composition.pane_pixels(0)[0, 0, 1]))
    assert values == sorted(values)
    assert 90 < values[6] < 130  # mid-grey
    assert values[9] - values[8] < values[6] - values[5]
    assert values[-1] >= 250


def test_nan_is_shown_in_magenta(gl, composition) -> None:
    composition.take([PaneContent("native", "N", texture=picture(gl, (float("nan"), 0, 0)))])
    assert tuple(composition.pane_pixels(0)[0, 0]) == (255, 0, 255)


def test_old_picture_stays_until_the_new_one_is_there(gl, red_and_blue) -> None:
    before = drawn(gl, red_and_blue)
    red_and_blue.take([replace(pane, texture=None) for pane in red_and_blue.panes], filmic=False)
    assert (drawn(gl, red_and_blue) == before).all()


def test_ratio_and_size_switches_are_never_black(gl, compare, composition) -> None:
    comparison = compare(methods=("native", "bilinear"))

    def check() -> None:
        image = drawn(gl, composition)
        assert image[180, 150].max() > 60
        assert image[180, 490].max() > 60

    comparison.advance(0.0)
    composition.take(comparison.panes())
    for ratio, size in ((3.0, (64, 36)), (1.0, (64, 36)), (1.5, (96, 54))):
        comparison.ratio, comparison.display_size = ratio, size
        for _ in comparison.frame_steps(0.1):
            check()
        composition.take(comparison.panes())
        check()
        assert composition.picture_size == size


@pytest.mark.parametrize(("canvas", "pixel_ratio"), [((640, 360), 1.0), ((1280, 720), 1.0), ((1280, 720), 2.0)])
def test_labels_lie_over_their_panes(gl, red_and_blue, canvas, pixel_ratio: float) -> None:
    red_and_blue.pixel_ratio = pixel_ratio
    plain, labelled = (drawn(gl, red_and_blue, None, d, canvas) for d in (PLAIN, Decoration()))
    changed = np.abs(plain - labelled).max(axis=2) > 8
    left, right = changed[:, : canvas[0] // 2], changed[:, canvas[0] // 2 :]
    assert left.sum() > 400
    assert right.sum() > 400
    assert (labelled[..., 1] > 180).sum() > 60  # white letters over pictures without green


def test_overlay_help_message_and_toast_are_drawn_without_leaving_the_canvas(gl, red_and_blue) -> None:
    times = FrameTimes(window=60, warm_up=0)
    for index in range(50):
        times.add(20.0 + index % 5, {"render": 12.0, "post": 8.0})
    lines = tuple(MethodTimes(name, name, times.summary(), times.series()) for name in ("native", "taau"))
    overlay = OverlayContent(times.summary(), lines, 60, 50.0, ("fact",), ("warning " * 60,))
    plain = drawn(gl, red_and_blue)
    for decoration in (
        replace(PLAIN, overlay=overlay),
        replace(PLAIN, sheet=help_sheet()),
        replace(PLAIN, message="Loading court…"),
        replace(PLAIN, toast="Saved " + "x" * 400),
        replace(PLAIN, selected=0, labels=True),
    ):
        assert (np.abs(drawn(gl, red_and_blue, None, decoration) - plain).max(axis=2) > 8).sum() > 300
    # A canvas smaller than everything that should go on it.
    everything = Decoration(overlay=overlay, sheet=help_sheet())
    assert drawn(gl, red_and_blue, None, everything, (160, 90)).shape == (90, 160, 3)


def test_empty_composition_draws_the_background_and_the_message(gl, composition) -> None:
    image = drawn(gl, composition, None, Decoration(message="Loading court…"))
    assert np.abs(image[0, 0] - 255 * np.array(BACKGROUND[:3])).max() < 12
    assert image.max() > 200


def test_graph_scale_is_one_of_few_and_holds_the_figure() -> None:
    assert [graph_scale(ms) for ms in (3, 16, 60, 170, 5000, float("nan"))] == [20, 50, 100, 250, 2000, 100]
