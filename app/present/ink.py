"""Flat shapes and text gathered on the CPU and drawn over the picture in one call."""

from __future__ import annotations

import moderngl
import numpy as np

from app.conventions import Size
from app.present.layout import Rect
from app.present.text import Font, GlyphAtlas
from app.render.shader_program import ShaderProgram

Colour = tuple[float, float, float, float]
"""sRGB red, green, blue and opacity in [0, 1]."""

_FLOATS = 8  # x, y, u, v, r, g, b, a
_WHITE = (0.5, 0.5, 0.5, 0.5)
_CORNERS = np.array([0, 1, 2, 2, 1, 3])


class Ink:
    """Quads in canvas pixels, drawn in the order in which they were added; cleared by each `draw`."""

    def __init__(self, context: moderngl.Context, atlas: GlyphAtlas) -> None:
        self._context = context
        self._atlas = atlas
        self._program = ShaderProgram(context, vertex="present/ink.vert", fragment="present/ink.frag")
        self._buffer = context.buffer(reserve=4 * _FLOATS * 6 * 1024, dynamic=True)
        self._vertices = self._bind()
        self._quads: list[np.ndarray] = []  # (n, 12): box, box in the atlas, colour
        self._loose: list[tuple[float, ...]] = []  # rows not gathered yet

    def rectangle(self, rect: Rect, colour: Colour) -> None:
        if rect.width > 0 and rect.height > 0:
            self._loose.append((rect.x, rect.y, rect.right, rect.bottom, *_WHITE, *colour))

    def rectangles(self, boxes: np.ndarray, colour: Colour) -> None:
        """Many of one colour: `boxes` (n, 4) left, top, right, bottom."""
        quads = np.empty((len(boxes), 12), np.float32)
        quads[:, :4], quads[:, 4:8], quads[:, 8:] = boxes, _WHITE, colour
        self._gather()
        self._quads.append(quads)

    def frame(self, rect: Rect, thickness: float, colour: Colour) -> None:
        """A border inside the rectangle."""
        t = thickness
        self.rectangle(Rect(rect.x, rect.y, rect.width, t), colour)
        self.rectangle(Rect(rect.x, rect.bottom - t, rect.width, t), colour)
        self.rectangle(Rect(rect.x, rect.y + t, t, rect.height - 2 * t), colour)
        self.rectangle(Rect(rect.right - t, rect.y + t, t, rect.height - 2 * t), colour)

    def text(self, x: float, y: float, text: str, font: Font, colour: Colour, align: float = 0.0) -> float:
        """One line whose em box starts at y; `align` 0 left of x, 0.5 centred on it, 1 ending there. Returns its
        width in pixels."""
        line = self._atlas.line(font, text)
        quads = np.empty((len(line.boxes), 12), np.float32)
        quads[:, :8] = line.boxes
        left, top = round(x - align * line.width), round(y)
        quads[:, 0:4:2] += left
        quads[:, 1:4:2] += top
        quads[:, 8:] = colour
        self._gather()
        self._quads.append(quads)
        return line.width

    def fitted(self, text: str, font: Font, width: float) -> str:
        """The text, shortened with an ellipsis to at most `width` pixels."""
        if self._atlas.width(font, text) <= width:
            return text
        while text and self._atlas.width(font, text + "…") > width:
            text = text[:-1]
        return text.rstrip() + "…" if text else ""

    def wrapped(self, text: str, font: Font, width: float, most: int) -> list[str]:
        """The text in at most `most` lines broken at blanks, the last one shortened."""
        lines: list[str] = []
        rest = text.split()
        while rest and len(lines) < most - 1:
            line = rest.pop(0)
            while rest and self._atlas.width(font, f"{line} {rest[0]}") <= width:
                line = f"{line} {rest.pop(0)}"
            lines.append(self.fitted(line, font, width))
        return [*lines, self.fitted(" ".join(rest), font, width)] if rest else lines

    def draw(self, target: moderngl.Framebuffer, canvas: Size, flip: bool) -> None:
        """Blends everything over `target`. `flip`: the target's row 0 is the bottom one (a window)."""
        self._gather()
        if not self._quads:
            return
        data = _expand(np.concatenate(self._quads))
        self._quads.clear()
        if data.nbytes > self._buffer.size:
            self._vertices.release()
            self._buffer.release()
            self._buffer = self._context.buffer(reserve=2 * data.nbytes, dynamic=True)
            self._vertices = self._bind()
        self._buffer.write(data.tobytes())
        self._atlas.upload(self._context).use(0)
        if self._vertices.program is not self._program.handle:
            self._vertices.release()
            self._vertices = self._bind()
        self._program.set(atlas=0, canvas=(float(canvas[0]), float(canvas[1])), flip=-1.0 if flip else 1.0)
        target.use()
        target.viewport = (0, 0, *canvas)
        self._context.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._context.enable(moderngl.BLEND)
        self._context.blend_equation = moderngl.FUNC_ADD  # pyright: ignore[reportAttributeAccessIssue]
        self._context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self._vertices.render(moderngl.TRIANGLES, vertices=len(data))
        self._context.disable(moderngl.BLEND)
        self._atlas.renew_if_full()

    def release(self) -> None:
        self._vertices.release()
        self._buffer.release()
        self._program.release()

    def _gather(self) -> None:
        if self._loose:
            self._quads.append(np.array(self._loose, np.float32))
            self._loose.clear()

    def _bind(self) -> moderngl.VertexArray:
        layout = [(self._buffer, "2f 2f 4f", "in_position", "in_texel", "in_colour")]
        return self._context.vertex_array(self._program.handle, layout)


def _expand(quads: np.ndarray) -> np.ndarray:
    """(n, 12) boxes to (6n, 8) vertices."""
    left, top, right, bottom, u0, v0, u1, v1 = quads[:, :8].T
    xs, ys = np.stack([left, right, left, right], 1), np.stack([top, top, bottom, bottom], 1)
    us, vs = np.stack([u0, u1, u0, u1], 1), np.stack([v0, v0, v1, v1], 1)
    corners = np.stack([xs, ys, us, vs], 2)[:, _CORNERS]
    colours = np.repeat(quads[:, None, 8:], 6, axis=1)
    return np.ascontiguousarray(np.concatenate([corners, colours], 2).reshape(-1, _FLOATS))
