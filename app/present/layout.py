"""Where things lie on the canvas: panes, the zoomed picture inside a pane, and the way back from a point to a pixel.

Canvas coordinates are device pixels, x right, y down, (0, 0) the top left corner. Picture coordinates are uv in
[0, 1]. Zoom and centre are shared by all panes, so that the same spot is seen in each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from app.conventions import Size

MAX_PIXEL_SCALE = 48.0
NEAREST_FROM = 3.0
"""Canvas pixels per picture pixel from which pixels are shown as squares instead of being interpolated."""
_SNAP_TO_ONE = (0.975, 1.12)
"""A fit scale between these is drawn at exactly 1: a thin border, or a few lost pixels at the edges, cost less than
resampling all of the picture."""


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + 0.5 * self.width, self.y + 0.5 * self.height

    def contains(self, x: float, y: float) -> bool:
        return self.x <= x < self.right and self.y <= y < self.bottom

    def intersect(self, other: Rect) -> Rect:
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return Rect(x, y, max(width, 0.0), max(height, 0.0))


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. `zoom` is relative to the fitted picture (1 = all of it), `centre` the uv in the middle.

    `single` shows one pane alone; `wipe` shows two panes in one place, divided at `divider` (0..1 of its width).
    """

    zoom: float = 1.0
    centre: tuple[float, float] = (0.5, 0.5)
    single: int | None = None
    wipe: tuple[int, int] | None = None
    divider: float = 0.5


def best_grid(canvas: Size, count: int, aspect: float) -> tuple[int, int]:
    """(columns, rows) that show `count` pictures of `aspect` largest; of two equal ones the wider."""

    def picture_width(columns: int) -> float:
        rows = math.ceil(count / columns)
        return min(canvas[0] / columns, canvas[1] / rows * aspect)

    columns = max(range(1, count + 1), key=lambda c: (round(picture_width(c), 3), c))
    return columns, math.ceil(count / columns)


def pane_cells(canvas: Size, count: int, aspect: float, gap: float) -> list[Rect]:
    """The cells of all grid places, row by row, whole pixels; the first `count` hold panes, the rest are free."""
    columns, rows = best_grid(canvas, count, aspect)
    xs = [round(canvas[0] * i / columns) for i in range(columns + 1)]
    ys = [round(canvas[1] * i / rows) for i in range(rows + 1)]
    half = gap / 2.0
    cells = []
    for row in range(rows):
        for column in range(columns):
            left = xs[column] + (math.ceil(half) if column else 0)
            top = ys[row] + (math.ceil(half) if row else 0)
            right = xs[column + 1] - (math.floor(half) if column + 1 < columns else 0)
            bottom = ys[row + 1] - (math.floor(half) if row + 1 < rows else 0)
            cells.append(Rect(left, top, right - left, bottom - top))
    return cells


def fit_scale(cell: Rect, picture: Size) -> float:
    """Canvas pixels per picture pixel that show all of the picture (but see _SNAP_TO_ONE)."""
    scale = min(cell.width / picture[0], cell.height / picture[1])
    return 1.0 if _SNAP_TO_ONE[0] <= scale < _SNAP_TO_ONE[1] else scale


def pixel_scale(cell: Rect, picture: Size, view: View) -> float:
    return fit_scale(cell, picture) * view.zoom


def picture_rect(cell: Rect, picture: Size, view: View) -> Rect:
    """Where the whole picture would lie on the canvas; larger than the cell when zoomed in.

    At whole-number scales the corner lies on a whole pixel, so that nothing is resampled.
    """
    scale = pixel_scale(cell, picture, view)
    width, height = picture[0] * scale, picture[1] * scale
    cx, cy = cell.centre
    x, y = cx - view.centre[0] * width, cy - view.centre[1] * height
    return Rect(float(round(x)), float(round(y)), width, height)


def to_picture(cell: Rect, picture: Size, view: View, x: float, y: float) -> tuple[float, float]:
    """uv of a canvas point; outside [0, 1] beside the picture."""
    rect = picture_rect(cell, picture, view)
    return (x - rect.x) / rect.width, (y - rect.y) / rect.height


def clamped(view: View, cell: Rect, picture: Size) -> View:
    """The view with its zoom in range and its centre where the picture still fills the cell as far as it can."""
    fit = fit_scale(cell, picture)
    zoom = min(max(view.zoom, 1.0), max(MAX_PIXEL_SCALE / fit, 1.0))

    def axis(value: float, cell_length: float, picture_length: float) -> float:
        seen = min(1.0, cell_length / (picture_length * fit * zoom))
        return min(max(value, 0.5 * seen), 1.0 - 0.5 * seen)

    centre = axis(view.centre[0], cell.width, picture[0]), axis(view.centre[1], cell.height, picture[1])
    return replace(view, zoom=zoom, centre=centre)


def zoomed_at(view: View, cell: Rect, picture: Size, point: tuple[float, float], zoom: float) -> View:
    """The view at `zoom` that keeps the picture's spot under the canvas point where it is, as far as edges allow."""
    u, v = to_picture(cell, picture, view, *point)
    u, v = min(max(u, 0.0), 1.0), min(max(v, 0.0), 1.0)
    target = clamped(replace(view, zoom=zoom), cell, picture)
    scale = pixel_scale(cell, picture, target)
    cx, cy = cell.centre
    centre = u - (point[0] - cx) / (picture[0] * scale), v - (point[1] - cy) / (picture[1] * scale)
    return clamped(replace(target, centre=centre), cell, picture)


def panned(view: View, cell: Rect, picture: Size, dx: float, dy: float) -> View:
    """The view after dragging the picture by (dx, dy) canvas pixels."""
    scale = pixel_scale(cell, picture, view)
    centre = view.centre[0] - dx / (picture[0] * scale), view.centre[1] - dy / (picture[1] * scale)
    return clamped(replace(view, centre=centre), cell, picture)


def next_zoom(cell: Rect, picture: Size, view: View, steps: tuple[float, ...] = (2.0, 4.0, 8.0, 16.0)) -> float:
    """The zoom after pressing the zoom key: the next step of canvas pixels per picture pixel, then all of it."""
    fit = fit_scale(cell, picture)
    current = fit * view.zoom
    larger = [step for step in steps if step > current * 1.01]
    return larger[0] / fit if larger else 1.0
