"""Text as 8-bit RGBA textures: signs, sheets of small print, letters cut out. In the program's own fonts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from app.paths import ASSETS

_WORDS = (
    "SUPER", "LOW RES", "EXIT 24", "northbound", "0123456789", "open late", "Platform 9", "NO ENTRY", "Motion & Depth",
    "closely spaced letters", "COFFEE", "Gate B12", "jitter", "www", "||||||||", "/////", "Hamburgefonstiv", "TAXI",
    "mind the step", "12:45", "Bakery", "3,50", "SALE", "illimitable", "WAVE", "mmmwww", "iiilll", "A4 - 297 x 210",
)  # fmt: skip


@lru_cache
def _fonts() -> tuple[str, ...]:
    return tuple(str(path) for path in sorted((ASSETS / "fonts").glob("*.ttf")))


def _font(rng: np.random.Generator, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    fonts = _fonts()
    return ImageFont.truetype(fonts[int(rng.integers(len(fonts)))], size)


def _ink(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(ground, ink): dark and light, either way round."""
    dark, light = (tuple(int(c) for c in rng.uniform(*limits, 3)) for limits in ((0, 70), (150, 255)))
    return (dark, light) if rng.random() < 0.5 else (light, dark)


def _lines(rng: np.random.Generator, draw: ImageDraw.ImageDraw, width: int, height: int, sizes: tuple[int, ...], fill):
    top = 2
    while top < height:
        size = int(rng.choice(sizes))
        words = "  ".join(str(w) for w in rng.choice(_WORDS, max(2, 2 * width // (7 * size))))
        draw.text((4, top), words, fill=fill, font=_font(rng, size))
        top += round(size * 1.25)


def sheet(rng: np.random.Generator, size: int = 512) -> np.ndarray:
    """A page full of small print, one size of letters for each line."""
    ground, ink = _ink(rng)
    image = Pillow.new("RGB", (size, size), ground)
    _lines(rng, ImageDraw.Draw(image), size, size, (9, 11, 14, 20, 28), ink)
    return np.asarray(image.convert("RGBA")).copy()


def sign(rng: np.random.Generator, width: int = 512, height: int = 256) -> np.ndarray:
    """Big letters over smaller ones on a plain ground, perhaps framed."""
    ground, ink = _ink(rng)
    image = Pillow.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    sizes = ((24, 32), (64, 90), (14, 20), (14, 44, 80))[int(rng.integers(4))]
    _lines(rng, draw, width, height, sizes, ink)
    if rng.random() < 0.4:
        draw.rectangle((0, 0, width - 1, height - 1), outline=ink, width=int(rng.integers(2, 12)))
    return np.asarray(image.convert("RGBA")).copy()


def letters(rng: np.random.Generator, width: int = 512, height: int = 256) -> np.ndarray:
    """The same without a ground: alpha 0 between the letters, for text written on a wall."""
    ink = tuple(int(c) for c in rng.uniform(0, 255, 3))
    image = Pillow.new("RGBA", (width, height), (*ink, 0))
    sizes = ((40, 60), (90, 120), (20, 28), (20, 70))[int(rng.integers(4))]
    _lines(rng, ImageDraw.Draw(image), width, height, sizes, (*ink, 255))
    return np.asarray(image).copy()
