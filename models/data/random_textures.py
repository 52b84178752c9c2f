"""Procedural 8-bit RGBA textures for random scenes: surfaces, alpha-tested cut-outs and text. All tile or are cards."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

_WORDS = (
    "SUPER", "LOW RES", "EXIT 24", "Halton", "0123456789", "open late", "Platform 9", "NO ENTRY", "Motion & Depth",
    "fine print, read closely", "COFFEE", "Gate B12", "jitter", "www", "||||||||", "/////", "Hamburgefonstiv", "TAXI",
)  # fmt: skip


def _colour(rng: np.random.Generator, low: float = 30, high: float = 240) -> np.ndarray:
    return rng.uniform(low, high, 3)


def _opaque(rgb: np.ndarray) -> np.ndarray:
    pixels = np.full((*rgb.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = np.clip(rgb, 0, 255).astype(np.uint8)
    return pixels


def _noise(rng: np.random.Generator, size: int, cell: int) -> np.ndarray:
    """Tiling value noise in [-1, 1], (size, size)."""
    coarse = rng.uniform(-1, 1, (size // cell, size // cell))
    image = Pillow.fromarray(np.tile(coarse, (3, 3)).astype(np.float32))
    return np.asarray(image.resize((3 * size, 3 * size), Pillow.Resampling.BICUBIC))[size : 2 * size, size : 2 * size]


def speckled(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Concrete, gravel or grass: several octaves of noise over one colour."""
    grain = np.sum([_noise(rng, size, cell) * rng.uniform(5, 35) for cell in (64, 16, 4, 1)], axis=0)
    return _opaque(_colour(rng) + grain[..., None] * rng.uniform(0.6, 1.2, 3))


def bricks(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Rows of bricks with mortar, each brick with its own shade; every other row shifted by half."""
    rows, columns = int(rng.integers(4, 17)), int(rng.integers(2, 9))
    y, x = np.mgrid[0:size, 0:size] / size
    row = np.floor(y * rows)
    shifted = x * columns + 0.5 * (row % 2) * (rng.random() < 0.7)
    column = np.floor(shifted) % columns
    shade = rng.uniform(-40, 40, (rows, columns))[row.astype(int), column.astype(int)]
    width = rng.uniform(0.03, 0.12)
    mortar = (y * rows % 1 < width) | (shifted % 1 < width * columns / rows)
    rgb = np.where(mortar[..., None], _colour(rng), _colour(rng) + shade[..., None])
    return _opaque(rgb + _noise(rng, size, 2)[..., None] * rng.uniform(0, 20))


def checks(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Checkerboard or stripes at a random frequency: the hardest mip-mapped surface there is."""
    across, down = (2 * int(rng.integers(1, 17)) for _ in range(2))
    y, x = np.mgrid[0:size, 0:size] / size
    stripes = rng.random() < 0.4
    odd = (np.floor(x * across) + (0 if stripes else np.floor(y * down))) % 2
    return _opaque(np.where(odd[..., None] > 0, _colour(rng, 5, 120), _colour(rng, 120, 250)))


def drawing(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Random overlapping shapes and lines: sharp edges in every direction."""
    image = Pillow.new("RGB", (size, size), tuple(int(c) for c in _colour(rng)))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(20, 90))):
        box = np.sort(rng.uniform(0, size, (2, 2)), axis=0).ravel().tolist()
        fill = tuple(int(c) for c in _colour(rng, 0, 255))
        kind = int(rng.integers(4))
        if kind == 0:
            draw.rectangle(box, fill=fill)
        elif kind == 1:
            draw.ellipse(box, fill=fill)
        elif kind == 2:
            draw.line(rng.uniform(0, size, 4).tolist(), fill=fill, width=int(rng.integers(1, 7)))
        else:
            draw.polygon(rng.uniform(0, size, 6).tolist(), fill=fill)
    return _opaque(np.asarray(image, np.float32))


def text(rng: np.random.Generator, width: int = 256, height: int = 128) -> np.ndarray:
    """Lines of text on a plain ground, light on dark or dark on light."""
    dark, light = _colour(rng, 0, 70), _colour(rng, 170, 255)
    ground, ink = (dark, light) if rng.random() < 0.5 else (light, dark)
    image = Pillow.new("RGB", (width, height), tuple(int(c) for c in ground))
    draw = ImageDraw.Draw(image)
    size = int(rng.choice([10, 14, 20, 32, 48]))
    font = ImageFont.load_default(size)
    for top in range(2, height - size, int(size * 1.25)):
        words = " ".join(str(w) for w in rng.choice(_WORDS, 4))
        draw.text((4, top), words, fill=tuple(int(c) for c in ink), font=font)
    return _opaque(np.asarray(image, np.float32))


def leaves(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """A card of leaves or blades, alpha 0 between them."""
    image = Pillow.new("RGBA", (size, size), (60, 90, 30, 0))
    draw = ImageDraw.Draw(image)
    base = np.array([rng.uniform(30, 120), rng.uniform(70, 170), rng.uniform(10, 70)])
    blades = rng.random() < 0.4
    for _ in range(int(rng.integers(40, 130))):
        shade = (*(int(c) for c in np.clip(base + rng.uniform(-35, 35, 3), 0, 255)), 255)
        if blades:
            x, lean = rng.uniform(0, size), rng.uniform(-40, 40)
            top, half = rng.uniform(0, 0.7 * size), rng.uniform(1, 5)
            draw.polygon([(x - half, size), (x + half, size), (x + lean, top)], fill=shade)
        else:
            cx, cy = rng.uniform(0.08, 0.92, 2) * size
            length, half, angle = rng.uniform(8, 34), rng.uniform(3, 10), rng.uniform(0, 6.283)
            along, side = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
            corners = [along * length, side * half, -along * length, -side * half]
            draw.polygon([(cx + c[0], cy + c[1]) for c in corners], fill=shade)
    return np.asarray(image).copy()


def mesh_fence(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Chain link or a grid of wires with alpha 0 between them; tiles."""
    cells, thickness = int(rng.integers(3, 9)), rng.uniform(0.06, 0.16)
    y, x = np.mgrid[0:size, 0:size] / size * cells
    u, v = (x + y, x - y) if rng.random() < 0.6 else (x, y)
    wire = (np.minimum(u % 1, 1 - u % 1) < thickness / 2) | (np.minimum(v % 1, 1 - v % 1) < thickness / 2)
    pixels = _opaque(np.broadcast_to(_colour(rng, 60, 220), (size, size, 3)))
    pixels[..., 3] = np.where(wire, 255, 0)
    return pixels


SURFACES = (speckled, bricks, checks, drawing, text)
CUT_OUTS = (leaves, mesh_fence)
