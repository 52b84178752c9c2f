"""The picture that an audience sees: panes, wipe, zoom, labels and measurements, in a window or in a file alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import moderngl
import numpy as np

from app.conventions import Size
from app.measure.stages import StageClock
from app.present import theme
from app.present.ink import Ink
from app.present.layout import (
    NEAREST_FROM,
    Rect,
    View,
    clamped,
    fit_scale,
    pane_cells,
    picture_rect,
    pixel_scale,
    to_picture,
)
from app.present.overlay import OverlayContent, draw_overlay, draw_strip, overlay_size, strip_height
from app.present.sheet import Sheet, draw_sheet
from app.present.text import GlyphAtlas
from app.render.fullscreen import FullscreenPass
from app.render.gl_context import unbind_framebuffer
from app.render.shader_program import ShaderProgram

GAP = 4.0
"""Canvas pixels (at unit 1) between panes."""


@dataclass(frozen=True, slots=True, eq=False)
class PaneContent:
    """One pane's frame. `texture` is linear, before exposure, row 0 on top; None where there is no picture yet."""

    method: str
    title: str
    detail: str = ""
    warning: str = ""
    texture: moderngl.Texture | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decoration:
    """What is drawn over the panes. `selected` marks a pane, `message` stands in the middle, `toast` at the foot, and
    `recording` in the upper right corner, beside a red dot."""

    labels: bool = True
    selected: int | None = None
    overlay: OverlayContent | None = None
    sheet: Sheet | None = None
    message: str = ""
    toast: str = ""
    recording: str = ""


class Composition:
    """Keeps each pane's last complete picture as 8-bit sRGB, so that a canvas can be drawn at any moment, also while
    the next frame is in the making: the old picture stays until `take` replaces it.
    """

    def __init__(self, context: moderngl.Context, pixel_ratio: float = 1.0) -> None:
        self._context = context
        self.pixel_ratio = pixel_ratio
        self.atlas = GlyphAtlas()
        self._ink = Ink(context, self.atlas)
        self._tone_map = FullscreenPass(context, "present/tone_map.frag")
        self._pane = ShaderProgram(context, vertex="present/pane.vert", fragment="present/pane.frag")
        self._quad = context.vertex_array(self._pane.handle, [])
        self._pictures: list[tuple[moderngl.Texture, moderngl.Framebuffer] | None] = []
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
        while len(self._pictures) > len(panes):
            self._drop(self._pictures.pop())
        self._pictures += [None] * (len(panes) - len(self._pictures))
        for index, pane in enumerate(panes):
            if pane.texture is None:
                continue
            target = self._target(index, pane.texture.size)
            clock = clocks[index] if index < len(clocks) else None
            if clock is None:
                self._map(pane.texture, target, exposure, filmic)
            else:
                with clock.stage("present"):
                    self._map(pane.texture, target, exposure, filmic)
        self.relabel(panes)

    def relabel(self, panes: Sequence[PaneContent]) -> None:
        """Other words over the same pictures."""
        # Linear textures belong to the methods and change with their next frame: they are not kept.
        self.panes = [replace(pane, texture=None) for pane in panes]

    @property
    def picture_size(self) -> Size | None:
        """Size of the panes' pictures; None before the first."""
        return next((picture[0].size for picture in self._pictures if picture), None)

    def pane_pixels(self, index: int) -> np.ndarray | None:
        """The pane's picture, (height, width, 3) uint8 sRGB, row 0 on top; None where there is none."""
        picture = self._pictures[index]
        if picture is None:
            return None
        width, height = picture[0].size
        data = picture[0].read(alignment=1)
        return np.frombuffer(data, np.uint8).reshape(height, width, 4)[..., :3].copy()

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
        if view.wipe is not None and len(shown) == 2:
            x = round(view.divider * canvas[0])
            self._draw_picture(target, canvas, view, shown[0], cells[0], Rect(0, 0, x, canvas[1]), flip)
            self._draw_picture(target, canvas, view, shown[1], cells[0], Rect(x, 0, canvas[0] - x, canvas[1]), flip)
            self._ink_divider(x, canvas, unit)
        else:
            for index in shown:
                self._draw_picture(target, canvas, view, index, cells[index], cells[index], flip)
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
        for picture in self._pictures:
            self._drop(picture)
        self._pictures.clear()
        self._quad.release()
        for owner in (self._ink, self.atlas, self._tone_map, self._pane):
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

    def _map(
        self, texture: moderngl.Texture, target: moderngl.Framebuffer, exposure: float, filmic: bool
    ) -> None:
        self._tone_map.draw(target, {"colour": texture}, exposure=exposure, filmic=int(filmic))

    def _target(self, index: int, size: Size) -> moderngl.Framebuffer:
        picture = self._pictures[index]
        if picture is None or picture[0].size != size:
            self._drop(picture)
            texture = self._context.texture(size, 4, dtype="f1")
            texture.repeat_x = texture.repeat_y = False
            picture = (texture, self._context.framebuffer([texture]))
            self._pictures[index] = picture
        return picture[1]

    def _drop(self, picture: tuple[moderngl.Texture, moderngl.Framebuffer] | None) -> None:
        if picture is not None:
            unbind_framebuffer(self._context)
            picture[1].release()
            picture[0].release()

    def _draw_picture(
        self,
        target: moderngl.Framebuffer,
        canvas: Size,
        view: View,
        index: int,
        cell: Rect,
        clip: Rect,
        flip: bool,
    ) -> None:
        picture = self._pictures[index] if index < len(self._pictures) else None
        if picture is None:
            self._ink.rectangle(cell.intersect(clip), theme.EMPTY_PANE)
            return
        texture = picture[0]
        view = clamped(view, cell, texture.size)
        box = picture_rect(cell, texture.size, view).intersect(cell).intersect(clip)
        if box.width <= 0 or box.height <= 0:
            return
        u0, v0 = to_picture(cell, texture.size, view, box.x, box.y)
        u1, v1 = to_picture(cell, texture.size, view, box.right, box.bottom)
        scale = pixel_scale(cell, texture.size, view)
        nearest = scale >= NEAREST_FROM or abs(scale - 1.0) < 1e-6
        kind = moderngl.NEAREST if nearest else moderngl.LINEAR
        texture.filter = (kind, kind)
        texture.use(0)
        if self._quad.program is not self._pane.handle:
            self._quad.release()
            self._quad = self._context.vertex_array(self._pane.handle, [])
        self._pane.set(
            picture=0,
            box=(box.x, box.y, box.right, box.bottom),
            part=(u0, v0, u1, v1),
            canvas=(float(canvas[0]), float(canvas[1])),
            flip=-1.0 if flip else 1.0,
        )
        target.use()
        self._context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._quad.render(moderngl.TRIANGLE_STRIP, vertices=4)

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
        fonts = theme.Fonts(unit)
        wiped = view.wipe is not None and len(shown) == 2
        for place, index in enumerate(shown):
            cell = cells[index]
            area = self._visible(cell, view)
            if wiped:
                x = view.divider * canvas[0]
                side = Rect(0, 0, x, canvas[1]) if place == 0 else Rect(x, 0, canvas[0] - x, canvas[1])
                area = area.intersect(side)
            self._label(index, area, fonts, unit, right=wiped and place == 1, zoom=self._zoom_text(cell, view))
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

    def _label(self, index: int, area: Rect, fonts: theme.Fonts, unit: float, right: bool, zoom: str) -> None:
        pane = self.panes[index]
        detail = "  ·  ".join(part for part in (pane.detail, zoom) if part)
        lines = [(pane.title, fonts.title, theme.TEXT), (detail, fonts.body, theme.DIM)]
        lines += [(pane.warning, fonts.body, theme.WARNING)] if pane.warning else []
        room = area.width - 44 * unit
        lines = [(self._ink.fitted(text, font, room), font, colour) for text, font, colour in lines]
        lines = [line for line in lines if line[0]]
        if not lines:
            return
        width = max(self.atlas.width(font, text) for text, font, _ in lines) + 24 * unit
        height = (29 + 20 * (len(lines) - 1) + 8) * unit
        margin = 8 * unit
        x = area.right - width - margin if right else area.x + margin
        y = area.y + margin
        self._ink.rectangle(Rect(x, y, width, height), theme.CHIP)
        self._ink.rectangle(Rect(x, y, 4 * unit, height), theme.method_colour(pane.method))
        y += 6 * unit
        for position, (text, font, colour) in enumerate(lines):
            self._ink.text(x + 13 * unit, y, text, font, colour)
            y += (26 if position == 0 else 20) * unit

    def _ink_decoration(self, canvas: Size, view: View, decoration: Decoration, unit: float) -> None:
        if decoration.overlay is not None:
            panel = self._panel_place(canvas, view, decoration, unit)
            if panel is not None:
                draw_overlay(self._ink, panel, decoration.overlay, unit)
            else:
                height = strip_height(decoration.overlay, unit)
                draw_strip(self._ink, Rect(0, canvas[1] - height, canvas[0], height), decoration.overlay, unit)
        if decoration.sheet is not None:
            draw_sheet(self._ink, self.atlas, canvas, decoration.sheet, unit)
        fonts = theme.Fonts(unit)
        if decoration.message:
            middle = canvas[0] / 2, canvas[1] / 2 - 18 * unit
            self._ink.text(*middle, decoration.message, fonts.headline, theme.TEXT, 0.5)
        if decoration.toast:
            text = self._ink.fitted(decoration.toast, fonts.body, canvas[0] - 80 * unit)
            width = self.atlas.width(fonts.body, text) + 32 * unit
            box = Rect((canvas[0] - width) / 2, canvas[1] - 62 * unit, width, 36 * unit)
            self._ink.rectangle(box, theme.PANEL)
            self._ink.text(canvas[0] / 2, box.y + 9 * unit, text, fonts.body, theme.TEXT, 0.5)

        if decoration.recording:
            below = 84 * unit if view.wipe is not None else 0.0  # the right picture's label is in that corner
            self._recording_mark(canvas, decoration.recording, below, fonts, unit)

    def _recording_mark(self, canvas: Size, text: str, below: float, fonts: theme.Fonts, unit: float) -> None:
        dot = theme.dot_font(unit)
        dot_width, width = self.atlas.width(dot, "•"), self.atlas.width(fonts.strong, text)
        box_width = dot_width + width + 34 * unit
        box = Rect(round(canvas[0] - box_width - 8 * unit), 8 * unit + below, box_width, 30 * unit)
        self._ink.rectangle(box, theme.PANEL)
        self._ink.text(box.x + 12 * unit, box.y - 9 * unit, "•", dot, theme.RECORDING)
        self._ink.text(box.x + dot_width + 20 * unit, box.y + 6 * unit, text, fonts.strong, theme.TEXT)

    def _panel_place(self, canvas: Size, view: View, decoration: Decoration, unit: float) -> Rect | None:
        """The free place of the grid, where there is one that holds the figures."""
        if decoration.overlay is None or view.single is not None or view.wipe is not None:
            return None
        width, height = overlay_size(decoration.overlay, unit)
        free = self._places(canvas)[len(self.panes) :]
        return free[0] if free and free[0].width >= 0.8 * width and free[0].height >= 0.8 * height else None
