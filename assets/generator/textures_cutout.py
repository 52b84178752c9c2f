"""Textures with alpha: leaf sprays, fronds, chain link. Colour bleeds past the edge: mip maps stay green."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from assets.generator.texture_set import TextureSet

_OVERSAMPLE = 3


def _leaf(draw: ImageDraw.ImageDraw, at: np.ndarray, angle: float, length: float, width: float, fill: tuple) -> None:
    t = np.linspace(0, 1, 9)
    half = width * np.sin(np.pi * t**0.8) * 0.5
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    left = at + np.outer(t * length, along) + np.outer(half, across)
    right = at + np.outer(t * length, along) - np.outer(half, across)
    draw.polygon([tuple(p) for p in np.concatenate([left, right[::-1]])], fill=fill)
    rib = (*(int(c * 0.8) for c in fill[:3]), 255)
    draw.line([tuple(at), tuple(at + along * length * 0.92)], fill=rib, width=max(2, int(width * 0.06)))


def _green(rng: np.random.Generator, base: tuple) -> tuple:
    shade = rng.uniform(0.7, 1.25)
    warm = rng.uniform(-14, 18)
    return (*(int(np.clip(c * shade + w, 0, 255)) for c, w in zip(base, (warm, warm * 0.4, -warm * 0.3))), 255)


def _finished(name: str, canvas: Image.Image, size: int, fill: tuple) -> TextureSet:
    """Downsampled with alpha, the transparent part filled with the mean leaf colour."""
    big = np.asarray(canvas, float)
    k = _OVERSAMPLE
    alpha = big[..., 3:].reshape(size, k, size, k, 1).mean((1, 3))
    weighted = (big[..., :3] * big[..., 3:]).reshape(size, k, size, k, 3).mean((1, 3))
    rgb = np.where(alpha > 0.5, weighted / np.maximum(alpha, 1e-3), np.asarray(fill, float))
    return TextureSet(name, np.round(np.concatenate([rgb, alpha], axis=-1)).clip(0, 255).astype(np.uint8))


def leaf_spray(
    size: int = 512,
    seed: int = 101,
    base: tuple = (74, 112, 38),
    name: str = "leaves",
    leaves: int = 46,
    length: tuple = (0.15, 0.24),
) -> TextureSet:
    """A spray of leaves on a few twigs that fills the square."""
    rng = np.random.default_rng(seed)
    n = size * _OVERSAMPLE
    canvas = Image.new("RGBA", (n, n), (0, 0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    twigs = []
    for angle in np.linspace(-2.7, -0.45, 5) + rng.uniform(-0.1, 0.1, 5):
        t = np.linspace(0, 1, 12)[:, None]
        bend = rng.uniform(-0.12, 0.12)
        path = np.array([0.5, 0.97]) + t * 0.72 * np.array([np.cos(angle), np.sin(angle) * 1.15])
        path[:, 0] += bend * t[:, 0] ** 2
        draw.line([tuple(p * n) for p in path], fill=(84, 66, 42, 255), width=int(n * 0.006))
        twigs.append(path)
    for i in range(leaves):
        twig = twigs[i % len(twigs)]
        k = int(rng.integers(3, 12))
        at = np.clip(twig[k], 0.08, 0.92) * n
        heading = np.arctan2(*(twig[k] - twig[k - 1])[::-1]) + rng.choice([-1, 1]) * rng.uniform(0.35, 1.2)
        long = rng.uniform(*length) * n
        _leaf(draw, at, heading, long, long * rng.uniform(0.36, 0.5), _green(rng, base))
    return _finished(name, canvas, size, base)


def frond(size: int = 512, seed: int = 111, base: tuple = (58, 110, 48), name: str = "frond") -> TextureSet:
    """One fern or palm frond standing in the square, stem at the bottom."""
    rng = np.random.default_rng(seed)
    n = size * _OVERSAMPLE
    canvas = Image.new("RGBA", (n, n), (0, 0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    draw.line([(0.5 * n, n), (0.5 * n, 0.04 * n)], fill=(70, 92, 40, 255), width=int(n * 0.010))
    for i, y in enumerate(np.linspace(0.93, 0.06, 30)):
        reach = 0.44 * np.sin(np.pi * (0.12 + 0.86 * (1 - y))) ** 0.8 + 0.04
        for side in (-1, 1):
            angle = -np.pi / 2 + side * (1.12 - 0.45 * (1 - y))
            _leaf(draw, np.array([0.5 * n, (y + 0.008 * (i % 2)) * n]), angle, reach * n, 0.036 * n, _green(rng, base))
    return _finished(name, canvas, size, base)


def chain_link(size: int = 512, diamonds: int = 7) -> TextureSet:
    """Woven wire, `diamonds` a side; the wires cross over and under by their shade."""
    n = size * _OVERSAMPLE
    canvas = Image.new("RGBA", (n, n), (0, 0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    pitch = n / diamonds
    for i in range(-diamonds, diamonds + 1):
        for direction, fill in ((1, (128, 134, 140, 255)), (-1, (172, 178, 182, 255))):
            x = i * pitch if direction > 0 else i * pitch + n
            draw.line([(x, 0), (x + direction * n, n)], fill=fill, width=int(pitch * 0.10))
    return _finished("chain_link", canvas, size, (150, 156, 160))
