"""Where panes lie, and that zoom and pan keep the spot that is looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.present.layout import (
    Rect,
    View,
    best_grid,
    clamped,
    fit_scale,
    next_zoom,
    pane_cells,
    panned,
    picture_rect,
    pixel_scale,
    to_picture,
    zoomed_at,
)

CELL = Rect(100, 50, 640, 360)
PICTURE = (320, 180)


@pytest.mark.parametrize(
    ("count", "canvas", "grid"),
    [
        (1, (1280, 720), (1, 1)),
        (2, (1280, 720), (2, 1)),
        (3, (1280, 720), (2, 2)),
        (4, (1280, 720), (2, 2)),
        (3, (3840, 720), (3, 1)),
        (2, (720, 1280), (1, 2)),
    ],
)
def test_grid_shows_pictures_largest(count: int, canvas: tuple[int, int], grid: tuple[int, int]) -> None:
    assert best_grid(canvas, count, 16 / 9) == grid


def test_cells_tile_the_canvas_without_overlap() -> None:
    cells = pane_cells((1283, 721), 3, 16 / 9, 4)
    assert len(cells) == 4
    for i, a in enumerate(cells):
        assert Rect(0, 0, 1283, 721).intersect(a) == a
        for b in cells[i + 1 :]:
            overlap = a.intersect(b)
            assert overlap.width * overlap.height == 0
    assert cells[1].x - cells[0].right == 4


def test_four_panes_of_640x360_stay_unscaled_in_1280x720() -> None:
    cell = pane_cells((1280, 720), 4, 16 / 9, 4)[0]
    assert fit_scale(cell, (640, 360)) == 1.0


def test_whole_picture_is_centred_in_its_cell() -> None:
    rect = picture_rect(Rect(0, 0, 640, 720), PICTURE, View())
    assert (rect.x, rect.y, rect.width, rect.height) == (0, 180, 640, 360)


@given(
    x=st.floats(100, 739), y=st.floats(50, 409), zoom=st.floats(1.2, 20.0), factor=st.floats(1.05, 2.0)
)  # fmt: skip
def test_zoom_keeps_the_spot_under_the_pointer(x: float, y: float, zoom: float, factor: float) -> None:
    view = clamped(View(zoom=zoom, centre=(0.5, 0.5)), CELL, PICTURE)
    before = to_picture(CELL, PICTURE, view, x, y)
    after_view = zoomed_at(view, CELL, PICTURE, (x, y), view.zoom * factor)
    after = to_picture(CELL, PICTURE, after_view, x, y)
    # The picture's corner lies on whole canvas pixels: the spot may move by that rounding, no further.
    pixel = 1.0 / (PICTURE[0] * pixel_scale(CELL, PICTURE, view))
    assert abs(after[0] - before[0]) <= 1.01 * pixel
    assert abs(after[1] - before[1]) <= 1.01 * pixel * PICTURE[0] / PICTURE[1]


@given(dx=st.floats(-5000, 5000), dy=st.floats(-5000, 5000), zoom=st.floats(1, 30))
def test_no_pan_shows_what_lies_beside_the_picture(dx: float, dy: float, zoom: float) -> None:
    view = panned(clamped(View(zoom=zoom), CELL, PICTURE), CELL, PICTURE, dx, dy)
    rect = picture_rect(CELL, PICTURE, view)
    assert rect.x <= CELL.x + 0.51
    assert rect.right >= CELL.right - 0.51
    assert rect.y <= CELL.y + 0.51
    assert rect.bottom >= CELL.bottom - 0.51


def test_dragging_moves_the_picture_with_the_hand() -> None:
    view = View(zoom=4.0)
    moved = picture_rect(CELL, PICTURE, panned(view, CELL, PICTURE, 30, -20))
    still = picture_rect(CELL, PICTURE, view)
    assert (moved.x - still.x, moved.y - still.y) == (30, -20)


def test_zoom_key_steps_through_whole_pixels_and_back_to_all() -> None:
    view, scales = View(), []
    for _ in range(4):
        view = clamped(View(zoom=next_zoom(CELL, PICTURE, view)), CELL, PICTURE)
        scales.append(pixel_scale(CELL, PICTURE, view))
    assert scales == pytest.approx([4, 8, 16, 2])
