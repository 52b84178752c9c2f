"""Text as textured quads: a glyph atlas filled by Pillow as letters are first used, at whole-pixel sizes.

The atlas is plain numpy until `upload`; measuring text needs no GL. White is kept at texel (0, 0), so that filled
rectangles and letters go through the same batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import moderngl
import numpy as np

from app.paths import ASSETS

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

FACES = {
    "text": "Inter-Regular.ttf",
    "strong": "Inter-SemiBold.ttf",
    "mono": "JetBrainsMono-Regular.ttf",
    "figures": "JetBrainsMono-SemiBold.ttf",
}
_MISSING = "\uffff"  # no font has it: its picture is the font's box for letters that are missing
_WIDTH = 1024
_FIRST_HEIGHT = 512
_LARGEST_HEIGHT = 4096
_LINES_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Font:
    """A face of FACES at a size in canvas pixels (em height)."""

    face: str
    size: int


@dataclass(frozen=True, slots=True)
class Glyph:
    """Atlas box in texels, the offset of its corner from the pen (y from the top of the line), and the advance."""

    box: tuple[int, int, int, int]  # x, y, width, height
    offset: tuple[int, int]
    advance: float


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Width in canvas pixels, and (n, 8) float32: each letter's box from the line's start, and in the atlas."""

    width: float
    boxes: np.ndarray


class GlyphAtlas:
    """Glyphs of all fonts in one R8 texture. A letter that finds no room is drawn as nothing, with its advance, until
    `renew_if_full` has made room."""

    def __init__(self) -> None:
        self._fonts: dict[Font, FreeTypeFont | ImageFont] = {}
        self.note = ""
        self.texture: moderngl.Texture | None = None
        self._start()

    def _start(self) -> None:
        self.pixels = np.zeros((_FIRST_HEIGHT, _WIDTH), np.uint8)
        self.pixels[:2, :2] = 255
        self._glyphs: dict[tuple[Font, str], Glyph] = {}
        self._lines: dict[tuple[Font, str], Line] = {}
        self._pen = [4, 0]
        self._shelf = 4
        self._full = False
        self._changed = True

    def glyph(self, font: Font, letter: str) -> Glyph:
        key = (font, letter)
        if key not in self._glyphs:
            self._glyphs[key] = self._rasterise(font, letter)
        return self._glyphs[key]

    def line(self, font: Font, text: str) -> Line:
        """One line of text, laid out; kept, since most lines stay the same from frame to frame."""
        key = (font, text)
        if key not in self._lines:
            if len(self._lines) >= _LINES_KEPT:
                self._lines.clear()
            self._lines[key] = self._laid_out(font, text)
        return self._lines[key]

    def width(self, font: Font, text: str) -> float:
        """Length of one line in canvas pixels."""
        return self.line(font, text).width

    def upload(self, context: moderngl.Context) -> moderngl.Texture:
        """The texture, brought up to date if letters were added."""
        size = (_WIDTH, self.pixels.shape[0])
        if self.texture is not None and self.texture.size != size:
            self.texture.release()
            self.texture = None
        if self.texture is None:
            self.texture = context.texture(size, 1, dtype="f1", alignment=1)
            self.texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            self._changed = True
        if self._changed:
            self.texture.write(self.pixels.tobytes(), alignment=1)
            self._changed = False
        return self.texture

    def renew_if_full(self) -> bool:
        """Starts over where a letter found no room: sizes that a window had long ago give way. Not between
        measuring and drawing: every glyph gets a new place."""
        full = self._full
        if full:
            self._start()
        return full

    def release(self) -> None:
        if self.texture is not None:
            self.texture.release()
            self.texture = None

    def _laid_out(self, font: Font, text: str) -> Line:
        pen, boxes = 0.0, []
        for letter in text:
            glyph = self.glyph(font, letter)
            x, y, width, height = glyph.box
            if width:
                left, top = round(pen) + glyph.offset[0], glyph.offset[1]
                boxes.append((left, top, left + width, top + height, x, y, x + width, y + height))
            pen += glyph.advance
        return Line(pen, np.array(boxes, np.float32).reshape(-1, 8))

    def _rasterise(self, font: Font, letter: str) -> Glyph:
        from PIL import Image, ImageDraw

        loaded = self._font(font)
        if not letter.isascii() and self._lacks(font, letter):
            stand_in = Font("mono", font.size)
            loaded = loaded if self._lacks(stand_in, letter) else self._font(stand_in)
        left, top, right, bottom = (int(v) for v in loaded.getbbox(letter))
        width, height = right - left, bottom - top
        advance = float(loaded.getlength(letter))
        if width <= 0 or height <= 0:
            return Glyph((0, 0, 0, 0), (0, 0), advance)
        place = self._reserve(width, height)
        if place is None:
            return Glyph((0, 0, 0, 0), (0, 0), advance)
        image = Image.new("L", (width, height), 0)
        ImageDraw.Draw(image).text((-left, -top), letter, font=loaded, fill=255)
        x, y = place
        self.pixels[y : y + height, x : x + width] = np.asarray(image)
        self._changed = True
        return Glyph((x, y, width, height), (left, top), advance)

    def _lacks(self, font: Font, letter: str) -> bool:
        """Whether the font would draw its box for missing letters."""
        return _bitmap(self._font(font), letter) == _bitmap(self._font(font), _MISSING)

    def _reserve(self, width: int, height: int) -> tuple[int, int] | None:
        if self._pen[0] + width + 1 > _WIDTH:
            self._pen, self._shelf = [0, self._pen[1] + self._shelf + 1], 0
        if width + 1 > _WIDTH or self._pen[1] + height + 1 > _LARGEST_HEIGHT:
            self._full = True
            return None
        while self._pen[1] + height + 1 > self.pixels.shape[0]:
            self.pixels = np.concatenate([self.pixels, np.zeros_like(self.pixels)])
        place = (self._pen[0], self._pen[1])
        self._pen[0] += width + 1
        self._shelf = max(self._shelf, height)
        return place

    def _font(self, font: Font) -> FreeTypeFont | ImageFont:
        if font not in self._fonts:
            from PIL import ImageFont as fonts

            path = ASSETS / "fonts" / FACES[font.face]
            try:
                self._fonts[font] = fonts.truetype(str(path), font.size)
            except OSError:
                self.note = f"The font {path.name} is missing: using Pillow's own"
                self._fonts[font] = fonts.load_default(font.size)
        return self._fonts[font]


def _bitmap(font: FreeTypeFont | ImageFont, letter: str) -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("L", (48, 48), 0)
    ImageDraw.Draw(image).text((0, 0), letter, font=font, fill=255)
    return image.tobytes()
