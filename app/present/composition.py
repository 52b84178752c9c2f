"""The picture that an audience sees: panes, wipe, zoom, labels and measurements, in a window or in a file alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import moderngl
import numpy as np

from app.conventions import Size
from app.measure.stages import StageClock
from app.present import theme
from app.present.decoration import Decoration, draw_decoration
from app.present.ink import Ink
from app.present.layout import Rect, View, clamped, fit_scale, pane_cells, picture_rect, pixel_scale
from app.present.overlay import overlay_size, strip_height
from app.present.pane_label import PaneContent, draw_label
from app.present.pane_pictures import PanePictures
from app.present.text import GlyphAtlas

GAP = 4.0
"""Canvas pixels (at unit 1) between panes."""


class Composition:
    """Keeps each pane's last complete picture as 8-bit sRGB, so that a canvas can be drawn at any moment, also while
    the next frame is in the making: the old picture stays until `take` replaces it.
    """

    def __init__(self, context: moderngl.Context, pixel_ratio: float = 1.0) -> None:
        self._context = context
        self.pixel_ratio = pixel_ratio
        self.atlas = GlyphAtlas()
        self._ink = Ink(context, self.atlas)
        self._pictures = PanePictures(context)
        self.panes: list[PaneContent] = []
        self._strip = 0.0  # canvas pixels at the foot that the panes leave to the figures

    def take(
        self,
        panes: Sequence[PaneContent],
        exposure: float = 1.0,
        filmic: bool = True,
        clocks: Sequence[StageClock | None] = (),
    ) -> None:
        """Tone-maps the panes' pictures into the composition's own textures. A pane without a texture keeps the
        picture it has. `clocks[i]` times pane i's share as "present"."""
        for _ in self.take_steps(panes, exposure, filmic, clocks):
            pass

    def take_steps(
        self,
        panes: Sequence[PaneContent],
        exposure: float = 1.0,
        filmic: bool = True,
        clocks: Sequence[StageClock | None] = (),
    ) -> Iterator[None]:
        """`take` in slices; what was on show stays until the last. The panes' textures must stay as they are until
        then, and no other take may begin."""
        yield from self._pictures.take_steps([pane.texture for pane in panes], exposure, filmic, clocks)
        self.relabel(panes)

    def relabel(self, panes: Sequence[PaneContent]) -> None:
        """Other words over the same pictures."""
        # Linear textures belong to the methods and change with their next frame: they are not kept.
        self.panes = [replace(pane, texture=None) for pane in panes]

    @property
    def picture_size(self) -> Size | None:
        """Size of the panes' pictures; None before the first."""
        return self._pictures.size

    def pane_pixels(self, index: int) -> np.ndarray | None:
        """The pane's picture, (height, width, 3) uint8 sRGB, row 0 on top; None where there is none."""
        return self._pictures.pixels(index)

    def cells(self, canvas: Size, view: View) -> list[Rect]:
        """Each pane's place on the canvas; both panes of a wipe, and a single one, have all of it (but for a strip
        of figures that the last `draw` found room for)."""
        whole = Rect(0, 0, canvas[0], canvas[1] - self._strip)
        count = max(len(self.panes), 1)
        if view.single is not None or view.wipe is not None:
            return [whole] * count
        return self._places(canvas)[:count]

    def shown(self, view: View) -> list[int]:
        """Indices of the panes that can be seen, left to right."""
        count = len(self.panes)
        if view.wipe is not None and max(view.wipe) < count:
            return list(view.wipe)
        if view.single is not None:
            return [view.single] if view.single < count else []
        return list(range(count))

    def live_size(self, canvas: Size, count: int) -> Size:
        """The size of pictures that fill their panes pixel for pixel when `count` are shown."""
        gap = round(GAP * theme.unit(canvas, self.pixel_ratio))
        cells = pane_cells(canvas, count, canvas[0] / canvas[1], gap)
        return max(16, int(cells[0].width)), max(16, int(cells[0].height))

    def software_size(self, canvas: Size, count: int, sizes: Sequence[Size]) -> Size:
        """The largest of `sizes` (ascending) that `count` panes show without shrinking it, else the smallest."""
        gap = round(GAP * theme.unit(canvas, self.pixel_ratio))
        fitting = [
            size
            for size in sizes
            if fit_scale(pane_cells(canvas, count, size[0] / size[1], gap)[0], size) >= 1.0
        ]
        return fitting[-1] if fitting else sizes[0]

    def pane_at(self, canvas: Size, view: View, x: float, y: float) -> tuple[int, Rect] | None:
        """The pane under a canvas point and its cell."""
        cells = self.cells(canvas, view)
        if view.wipe is not None and max(view.wipe) < len(self.panes):
            left = x < view.divider * canvas[0]
            return view.wipe[0 if left else 1], cells[0]
        for index in self.shown(view):
            if cells[index].contains(x, y):
                return index, cells[index]
        return None

    def draw(
        self,
        target: moderngl.Framebuffer,
        canvas: Size,
        view: View,
        decoration: Decoration | None = None,
        flip: bool = False,
    ) -> None:
        """Draws all of the canvas. `flip`: the target's row 0 is its bottom row (a window's framebuffer)."""
        decoration = decoration or Decoration()
        target.use()
        target.viewport = (0, 0, *canvas)
        target.clear(*theme.BACKGROUND)
        unit = theme.unit(canvas, self.pixel_ratio)
        self._strip = self._free_strip(canvas, view, decoration, unit)
        cells = self.cells(canvas, view)
        shown = self.shown(view)
        wiped, x = view.wipe is not None and len(shown) == 2, round(view.divider * canvas[0])
        sides = [Rect(0, 0, x, canvas[1]), Rect(x, 0, canvas[0] - x, canvas[1])]
        clips = sides if wiped else [cells[index] for index in shown]
        for index, clip in zip(shown, clips, strict=True):
            if not self._pictures.draw(target, canvas, view, index, cells[index], clip, flip):
                self._ink.rectangle(cells[index].intersect(clip), theme.EMPTY_PANE)
        if wiped:
            self._ink_divider(x, canvas, unit)
        self._ink_labels(canvas, view, decoration, cells, shown, unit)
        self._ink_decoration(canvas, view, decoration, unit)
        self._ink.draw(target, canvas, flip)

    def draw_over(
        self, target: moderngl.Framebuffer, canvas: Size, view: View, decoration: Decoration, flip: bool = False
    ) -> None:
        """Adds to a canvas that `draw` drew without them: everything of `decoration` but the panes' labels."""
        unit = theme.unit(canvas, self.pixel_ratio)
        target.use()
        target.viewport = (0, 0, *canvas)
        shown, cells = self.shown(view), self.cells(canvas, view)
        if decoration.labels and decoration.selected in shown and len(shown) > 1 and view.wipe is None:
            self._selection(cells[decoration.selected], view, unit)
        self._ink_decoration(canvas, view, decoration, unit)
        self._ink.draw(target, canvas, flip)

    def leaves_panes(self, canvas: Size, view: View, decoration: Decoration) -> bool:
        """Whether the panes lie where they would without the measurements."""
        kept = self._strip
        strip = self._free_strip(canvas, view, decoration, theme.unit(canvas, self.pixel_ratio))
        self._strip = kept
        return strip == 0.0

    def release(self) -> None:
        for owner in (self._pictures, self._ink, self.atlas):
            owner.release()

    def _places(self, canvas: Size) -> list[Rect]:
        size = self.picture_size or (16, 9)
        unit = theme.unit(canvas, self.pixel_ratio)
        area = canvas[0], max(canvas[1] - int(self._strip), 1)
        return pane_cells(area, max(len(self.panes), 1), size[0] / size[1], round(GAP * unit))

    def _free_strip(self, canvas: Size, view: View, decoration: Decoration, unit: float) -> float:
        """Height of the strip of figures where the panes lose nothing by moving up, else 0: it then lies over them."""
        self._strip = 0.0
        size, shown = self.picture_size, self.shown(view)
        if decoration.overlay is None or size is None or not shown or self._panel_place(canvas, view, decoration, unit):
            return 0.0
        before = fit_scale(self.cells(canvas, view)[shown[0]], size)
        self._strip = float(round(strip_height(decoration.overlay, unit)))
        after = fit_scale(self.cells(canvas, view)[shown[0]], size)
        return self._strip if after >= 0.96 * before else 0.0

    def _ink_divider(self, x: float, canvas: Size, unit: float) -> None:
        thick = max(2.0, round(2 * unit))
        self._ink.rectangle(Rect(x - thick / 2, 0, thick, canvas[1] - self._strip), theme.DIVIDER)
        grip = 9 * unit
        middle = (canvas[1] - self._strip) * 0.5
        self._ink.rectangle(Rect(x - grip, middle - 2 * grip, 2 * grip, 4 * grip), theme.rgb(0x0B0C0F, 0.85))
        self._ink.frame(Rect(x - grip, middle - 2 * grip, 2 * grip, 4 * grip), thick, theme.DIVIDER)

    def _ink_labels(
        self, canvas: Size, view: View, decoration: Decoration, cells: list[Rect], shown: list[int], unit: float
    ) -> None:
        if not decoration.labels:
            return
        wiped = view.wipe is not None and len(shown) == 2
        for place, index in enumerate(shown):
            cell = cells[index]
            area = self._visible(cell, view)
            if wiped:
                x = view.divider * canvas[0]
                side = Rect(0, 0, x, canvas[1]) if place == 0 else Rect(x, 0, canvas[0] - x, canvas[1])
                area = area.intersect(side)
            right, zoom = wiped and place == 1, self._zoom_text(cell, view)
            draw_label(self._ink, self.atlas, self.panes[index], area, unit, right, zoom)
            if decoration.selected == index and len(shown) > 1 and not wiped:
                self._selection(cell, view, unit)

    def _selection(self, cell: Rect, view: View, unit: float) -> None:
        self._ink.frame(self._visible(cell, view), max(2.0, round(2 * unit)), theme.ACCENT)

    def _visible(self, cell: Rect, view: View) -> Rect:
        """The part of a cell that its picture covers."""
        size = self.picture_size
        if size is None:
            return cell
        return picture_rect(cell, size, clamped(view, cell, size)).intersect(cell)

    def _zoom_text(self, cell: Rect, view: View) -> str:
        size = self.picture_size
        if size is None or view.zoom <= 1.001:
            return ""
        return f"{100 * pixel_scale(cell, size, clamped(view, cell, size)):.0f} %"

    def _ink_decoration(self, canvas: Size, view: View, decoration: Decoration, unit: float) -> None:
        panel = self._panel_place(canvas, view, decoration, unit)
        draw_decoration(self._ink, self.atlas, canvas, decoration, unit, panel, view.wipe is not None)

    def _panel_place(self, canvas: Size, view: View, decoration: Decoration, unit: float) -> Rect | None:
        """The free place of the grid, where there is one that holds the figures."""
        if decoration.overlay is None or view.single is not None or view.wipe is not None:
            return None
        width, height = overlay_size(decoration.overlay, unit)
        free = self._places(canvas)[len(self.panes) :]
        return free[0] if free and free[0].width >= 0.8 * width and free[0].height >= 0.8 * height else None
