"""The panes' last complete pictures as 8-bit sRGB: how they are made, kept, read and drawn into their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import moderngl
import numpy as np

from app.conventions import Size
from app.measure.stages import StageClock
from app.present.layout import NEAREST_FROM, Rect, View, clamped, picture_rect, pixel_scale, to_picture
from app.render.fullscreen import FullscreenPass
from app.render.gl_context import unbind_framebuffer
from app.render.shader_program import ShaderProgram

_Picture = tuple[moderngl.Texture, moderngl.Framebuffer]

_BAND_PIXELS = 1 << 19
"""As many are tone-mapped at a time, so that a window's events are not kept waiting for all of a 4K picture where the
CPU draws."""


class PanePictures:
    """The pictures on show, and as many in the making: those on show stay whole until the new ones are."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._tone_map = FullscreenPass(context, "present/tone_map.frag")
        self._pane = ShaderProgram(context, vertex="present/pane.vert", fragment="present/pane.frag")
        self._quad = context.vertex_array(self._pane.handle, [])
        self._pictures: list[_Picture | None] = []
        self._coming: list[_Picture | None] = []

    @property
    def size(self) -> Size | None:
        """Of the first picture; None before there is one."""
        return next((picture[0].size for picture in self._pictures if picture), None)

    def take_steps(
        self,
        textures: Sequence[moderngl.Texture | None],
        exposure: float,
        filmic: bool,
        clocks: Sequence[StageClock | None],
    ) -> Iterator[None]:
        """Tone-maps a linear texture for each pane, in slices, and then shows all of them at once. Where there is none
        the pane keeps the picture it has. `clocks[i]` times pane i's share as "present"."""
        self._coming = self._places(self._coming, len(textures))
        for index, texture in enumerate(textures):
            if texture is None:
                continue
            target = self._target(index, texture.size)
            clock = clocks[index] if index < len(clocks) else None
            for band in _bands(texture.size):
                with nullcontext() if clock is None else clock.stage("present"):
                    target.viewport = band
                    self._tone_map.draw(target, {"colour": texture}, exposure=exposure, filmic=int(filmic))
                yield
        self._pictures = self._places(self._pictures, len(textures))
        for index, texture in enumerate(textures):
            if texture is not None:
                self._pictures[index], self._coming[index] = self._coming[index], self._pictures[index]

    def pixels(self, index: int) -> np.ndarray | None:
        """The pane's picture, (height, width, 3) uint8 sRGB, row 0 on top, read-only; None where there is none."""
        picture = self._pictures[index]
        return None if picture is None else read_rgb(picture[0])

    def draw(
        self,
        target: moderngl.Framebuffer,
        canvas: Size,
        view: View,
        index: int,
        cell: Rect,
        clip: Rect,
        flip: bool,
    ) -> bool:
        """Draws what `view` and `clip` leave of a pane's picture into its cell; False where there is no picture."""
        picture = self._pictures[index] if index < len(self._pictures) else None
        if picture is None:
            return False
        texture = picture[0]
        view = clamped(view, cell, texture.size)
        box = picture_rect(cell, texture.size, view).intersect(cell).intersect(clip)
        if box.width <= 0 or box.height <= 0:
            return True
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
        return True

    def release(self) -> None:
        for picture in (*self._pictures, *self._coming):
            self._drop(picture)
        self._pictures, self._coming = [], []
        for owner in (self._quad, self._tone_map, self._pane):
            owner.release()

    def _target(self, index: int, size: Size) -> moderngl.Framebuffer:
        picture = self._coming[index]
        if picture is None or picture[0].size != size:
            self._drop(picture)
            texture = self._context.texture(size, 4, dtype="f1")
            texture.repeat_x = texture.repeat_y = False
            picture = (texture, self._context.framebuffer([texture]))
            self._coming[index] = picture
        return picture[1]

    def _places(self, pictures: list[_Picture | None], count: int) -> list[_Picture | None]:
        """As many as there are panes; what has none any more is dropped."""
        for picture in pictures[count:]:
            self._drop(picture)
        return [*pictures[:count], *[None] * (count - len(pictures))]

    def _drop(self, picture: _Picture | None) -> None:
        if picture is not None:
            unbind_framebuffer(self._context)
            picture[1].release()
            picture[0].release()


def read_rgb(texture: moderngl.Texture) -> np.ndarray:
    """An 8-bit RGBA texture without its alpha, (height, width, 3) uint8, read-only. Alpha is only looked past: a copy
    without it takes longer than reading (80 ms of 90 at 4K), and can be made in any thread."""
    width, height = texture.size
    return np.frombuffer(texture.read(alignment=1), np.uint8).reshape(height, width, 4)[..., :3]


def _bands(size: Size) -> Iterator[tuple[int, int, int, int]]:
    """(x, y, width, height) of slices that cover the picture, none much larger than _BAND_PIXELS."""
    width, height = size
    rows = max(_BAND_PIXELS // width, 1)
    for top in range(0, height, rows):
        yield 0, top, width, min(rows, height - top)
