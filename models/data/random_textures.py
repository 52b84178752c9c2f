"""Procedural 8-bit RGBA textures for random scenes: surfaces, alpha-tested cut-outs, normal maps. All tile or are
cards. Text is in random_text.py."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from models.data import random_text


def _colour(rng: np.random.Generator, low: float = 30, high: float = 240) -> np.ndarray:
    """Mostly muted, as things are, now and then bright."""
    colour = rng.uniform(low, high, 3)
    return colour.mean() + (colour - colour.mean()) * rng.uniform(0.1, 1.0) ** 1.5


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


def bricks(rng: np.random.Generator, size: int = 512) -> np.ndarray:
    """Rows of bricks with mortar, each brick with its own shade; every other row shifted by half."""
    rows = int(rng.choice([6, 8, 12, 16, 24]))
    columns = max(1, round(rows * rng.uniform(0.3, 0.55)))
    y, x = np.mgrid[0:size, 0:size] / size
    row = np.floor(y * rows)
    shifted = x * columns + 0.5 * (row % 2) * (rng.random() < 0.7)
    column = np.floor(shifted) % columns
    shade = rng.uniform(-40, 40, (rows, columns))[row.astype(int), column.astype(int)]
    width = rng.uniform(0.05, 0.18)
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


def _nearest_two(rng: np.random.Generator, size: int, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tiling Worley noise: distances to the nearest and second nearest point in cells, and the nearest one's number."""
    points = rng.uniform(0.1, 0.9, (cells, cells, 2))
    y, x = np.mgrid[0:size, 0:size] * (cells / size)
    row, column = y.astype(int), x.astype(int)
    first, second = np.full((2, size, size), 9.0)
    number = np.zeros((size, size), int)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            r, c = row + dy, column + dx
            at = points[r % cells, c % cells]
            distance = np.hypot(r + at[..., 0] - y, c + at[..., 1] - x)
            nearer = distance < first
            second = np.where(nearer, first, np.minimum(second, distance))
            number = np.where(nearer, r % cells * cells + c % cells, number)
            first = np.where(nearer, distance, first)
    return first, second, number


def gravel(rng: np.random.Generator, size: int = 384) -> np.ndarray:
    """Pebbles or crazy paving: stones of their own shade each, dark or light gaps."""
    cells = int(rng.choice([8, 16, 32, 48]))
    first, second, number = _nearest_two(rng, size, cells)
    shade = rng.uniform(0.45, 1.25, (cells * cells, 1)) * rng.uniform(0.85, 1.1, (cells * cells, 3))
    gap = rng.uniform(0.04, 0.2)
    stone = _colour(rng, 70, 220) * shade[number] * (1.15 - 0.6 * first[..., None])
    return _opaque(np.where((second - first < gap)[..., None], _colour(rng, 5, 90), stone))


def roof_tiles(rng: np.random.Generator, size: int = 384) -> np.ndarray:
    """Overlapping scales, each rounded, lighter towards its lower edge and with a shadow below."""
    count = int(rng.choice([6, 10, 16, 24]))
    y, x = np.mgrid[0:size, 0:size] * (count / size)
    row = np.floor(y).astype(int)
    along, down = (x + 0.5 * (row % 2)) % count, y % 1
    inside = along % 1 - 0.5
    drop = 0.35 * (1 - np.sqrt(np.maximum(1 - (2 * inside) ** 2, 0.0)))
    below = down > 1 - drop  # the next row shows here
    shade = rng.uniform(0.6, 1.2, (count, count))[(row + below) % count, np.floor(along).astype(int)]
    light = np.where(below, 0.35 + 0.4 * (down - 1 + drop), 0.55 + 0.5 * down) * shade
    return _opaque(_colour(rng, 60, 230) * light[..., None] + _noise(rng, size, 2)[..., None] * rng.uniform(0, 15))


def planks(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Boards side by side with a fine grain along them and dark joints."""
    boards = int(rng.choice([4, 8, 16]))
    grain = np.tile(rng.normal(0, 1, (1, size)), (size, 1)) + _noise(rng, size, 32) * 1.5
    x = np.mgrid[0:size, 0:size][1] * (boards / size)
    shade = rng.uniform(-35, 35, boards)[np.floor(x).astype(int)] + grain * rng.uniform(4, 18)
    joint = x % 1 < rng.uniform(0.04, 0.12)
    rgb = np.where(joint[..., None], _colour(rng, 5, 50), _colour(rng, 60, 200) + shade[..., None])
    return _opaque(rgb if rng.random() < 0.5 else rgb.swapaxes(0, 1))


def grains(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Noise of one to four texels at high contrast: nothing of it survives a wrong resampling."""
    cell = int(rng.choice([1, 1, 2, 4]))
    level = np.repeat(np.repeat(rng.uniform(0, 1, (size // cell, size // cell)), cell, 0), cell, 1)
    if rng.random() < 0.4:
        level = np.round(level)
    dark, light = _colour(rng, 0, 110), _colour(rng, 120, 255)
    return _opaque(dark + (light - dark) * level[..., None])


def swirls(rng: np.random.Generator, size: int = 384) -> np.ndarray:
    """Curved stripes of two colours, as on a zebra or a chart of moire."""
    warp = _noise(rng, size, 128) * rng.uniform(0.5, 4) + _noise(rng, size, 32) * rng.uniform(0, 0.8)
    y, x = np.mgrid[0:size, 0:size] / size
    waves = int(rng.choice([4, 8, 16, 32]))
    kind = rng.random()
    phase = np.hypot(x - 0.5, y - 0.5) * 2 if kind < 0.3 else x if kind < 0.6 else x + y
    odd = np.sin(2 * np.pi * waves * phase + warp) > rng.uniform(-0.4, 0.4)
    return _opaque(np.where(odd[..., None], _colour(rng, 5, 130), _colour(rng, 120, 255)))


def grid(rng: np.random.Generator, size: int = 512) -> np.ndarray:
    """Thin lines on plain ground, as tiled floors, squared paper and cabinets have them."""
    cells = int(rng.choice([4, 8, 16, 32]))
    width = max(1.0 / size * cells, rng.uniform(0.02, 0.14))
    y, x = np.mgrid[0:size, 0:size] * (cells / size)
    line = (x % 1 < width) | (y % 1 < width)
    ground = _colour(rng) * rng.uniform(0.85, 1.1, (cells, cells, 1))[y.astype(int), x.astype(int)]
    return _opaque(np.where(line[..., None], _colour(rng, 0, 255), ground))


def facade(rng: np.random.Generator, size: int = 512) -> np.ndarray:
    """Rows of windows with frames and sills on a plain wall, some of them bright."""
    rows, columns = int(rng.choice([4, 8, 12])), int(rng.choice([4, 8, 12, 16]))
    y, x = np.mgrid[0:size, 0:size] / size
    v, u = y * rows, x * columns
    pane_shade = rng.choice([0.15, 0.3, 0.6, 2.2], (rows, columns))[v.astype(int), u.astype(int)]
    left, top = rng.uniform(0.1, 0.3, 2)
    pane = (abs(u % 1 - 0.5) < 0.5 - left) & (abs(v % 1 - 0.5) < 0.5 - top)
    frame = pane & ((abs(u % 1 - 0.5) < 0.03) | (abs(v % 1 - 0.45) < 0.02))
    sill = (abs(v % 1 - (1 - top) - 0.03) < 0.025) & (abs(u % 1 - 0.5) < 0.55 - left)
    rgb = np.where(pane[..., None], _colour(rng, 30, 130) * pane_shade[..., None], _colour(rng, 70, 235))
    return _opaque(np.where((frame | sill)[..., None], _colour(rng, 150, 255), rgb))


def dots(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """A half-tone screen or perforated sheet."""
    cells = int(rng.choice([8, 16, 32]))
    y, x = np.mgrid[0:size, 0:size] * (cells / size)
    dot = np.hypot(x % 1 - 0.5, y % 1 - 0.5) < rng.uniform(0.15, 0.42)
    return _opaque(np.where(dot[..., None], _colour(rng, 0, 120), _colour(rng, 120, 255)))


def embossing(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Heights (size, size) for a metal's normal map: hammered, brushed, knurled or ribbed."""
    kind, (y, x) = int(rng.integers(4)), np.mgrid[0:size, 0:size] / size
    if kind == 0:
        return _nearest_two(rng, size, int(rng.choice([12, 24, 48])))[0] * 80
    if kind == 1:
        return np.tile(rng.normal(0, 14, (1, size)), (size, 1))
    waves = 2 * np.pi * float(rng.choice([16, 32, 48]))
    if kind == 2:
        return 40 * np.sin(waves * (x + y)) * np.sin(waves * (x - y))
    return 40 * np.sin(waves * x)


def normal_map(height: np.ndarray, strength: float) -> np.ndarray:
    """A tangent-space normal map (RGBA8, green up) of tiling heights in levels of 255, scaled by `strength`."""
    scale = strength / 64.0
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * scale
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * scale
    normal = np.stack([-dx, dy, np.ones_like(dx)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return _opaque(normal * 127.5 + 127.5)


SURFACES = (
    speckled, bricks, checks, drawing, random_text.sheet, gravel, roof_tiles, planks, grains, swirls, grid, facade,
    dots,
)  # fmt: skip
SURFACE_CHANCES = (0.12, 0.17, 0.08, 0.09, 0.08, 0.1, 0.05, 0.06, 0.06, 0.07, 0.05, 0.04, 0.03)
CUT_OUTS = (leaves, mesh_fence)
