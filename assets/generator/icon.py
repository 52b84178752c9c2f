"""The icon: an eye, its left half in coarse pixels, its right half smooth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from assets.generator.noise import to_bytes

_SIZE = 512
_GROUND_TOP, _GROUND_BOTTOM = (0.085, 0.105, 0.135), (0.045, 0.055, 0.075)
_WHITE, _IRIS_OUT, _IRIS_IN, _PUPIL = (0.93, 0.94, 0.92), (0.05, 0.42, 0.46), (0.16, 0.78, 0.74), (0.03, 0.05, 0.07)
_ACCENT = (1.0, 0.55, 0.20)
_PIXEL = 26  # a coarse pixel, in pixels of the picture
# The almond is where two circles of this radius overlap; lengths in the unit square.
_LID, _DROP, _IRIS, _HOLE, _GLINT = 0.50, 0.265, 0.205, 0.095, 0.042


def _eye(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(colour, coverage 0 or 1) of the eye at points of the unit square."""
    dx, dy = x - 0.5, y - 0.5
    almond = (np.hypot(dx, dy - _DROP) < _LID) & (np.hypot(dx, dy + _DROP) < _LID)
    r = np.hypot(dx, dy)
    t = (r / _IRIS).clip(0, 1)[..., None]
    colour = np.broadcast_to(np.array(_WHITE), (*x.shape, 3)).copy()
    iris = np.asarray(_IRIS_IN) * (1 - t**3) + np.asarray(_IRIS_OUT) * t**3
    colour = np.where((r < _IRIS)[..., None], iris, colour)
    colour = np.where((r < _HOLE)[..., None], _PUPIL, colour)
    glint = np.hypot(dx - 0.075, dy + 0.075) < _GLINT
    return np.where(glint[..., None], _WHITE, colour), almond.astype(float)


def picture(size: int = _SIZE, samples: int = 4) -> np.ndarray:
    """(size, size, 4) uint8 sRGB with straight alpha."""
    n = size * samples
    y, x = (np.mgrid[0:n, 0:n] + 0.5) / n
    step = _PIXEL / _SIZE
    coarse = x < 0.5
    # Coarse pixels hang on the middle line, so that the two halves meet on a pixel's edge.
    px = np.where(coarse, 0.5 - (np.floor((0.5 - x) / step) + 0.5) * step, x)
    py = np.where(coarse, 0.5 + (np.floor((y - 0.5) / step) + 0.5) * step, y)
    colour, inside = _eye(px, py)
    ground = np.asarray(_GROUND_TOP) * (1 - y[..., None]) + np.asarray(_GROUND_BOTTOM) * y[..., None]
    image = np.where(inside[..., None] > 0, colour, ground)
    line = (np.abs(x - 0.5) < 0.006) & (np.abs(y - 0.5) < 0.38)
    image = np.where(line[..., None], _ACCENT, image)
    corner, half = 0.22, 0.5
    qx, qy = np.abs(x - 0.5) - (half - corner), np.abs(y - 0.5) - (half - corner)
    plate = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) < corner
    rgba = np.concatenate([image * plate[..., None], plate[..., None].astype(float)], axis=-1)
    rgba = rgba.reshape(size, samples, size, samples, 4).mean((1, 3))
    rgba[..., :3] /= np.maximum(rgba[..., 3:], 1e-6)
    return to_bytes(rgba)


def _hex(colour: tuple) -> str:
    return "#" + "".join(f"{round(c * 255):02x}" for c in colour)


def drawing() -> str:
    """The same as SVG, 512 units square."""
    s, step = _SIZE, _PIXEL
    count = int(np.ceil(s / 2 / step))
    squares = []
    for row in range(-count, count):
        for column in range(1, count + 1):
            x, y = 0.5 - (column - 0.5) * step / s, 0.5 + (row + 0.5) * step / s
            colour, inside = _eye(np.array([[x]]), np.array([[y]]))
            if inside[0, 0]:
                left, top = s / 2 - column * step, s / 2 + row * step
                squares.append(
                    f'<rect x="{left:g}" y="{top:g}" width="{step}" height="{step}" '
                    f'fill="{_hex(tuple(colour[0, 0]))}"/>'
                )
    tip = float(np.sqrt(_LID**2 - _DROP**2)) * s
    lid, middle = _LID * s, s / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {s} {s}" width="{s}" height="{s}">',
            f'<defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="{_hex(_GROUND_TOP)}"/>'
            f'<stop offset="1" stop-color="{_hex(_GROUND_BOTTOM)}"/></linearGradient>'
            f'<radialGradient id="i"><stop stop-color="{_hex(_IRIS_IN)}"/>'
            f'<stop offset=".6" stop-color="{_hex(_IRIS_IN)}"/>'
            f'<stop offset="1" stop-color="{_hex(_IRIS_OUT)}"/></radialGradient>'
            f'<clipPath id="r"><rect x="{middle}" width="{middle}" height="{s}"/></clipPath></defs>',
            f'<rect width="{s}" height="{s}" rx="{0.22 * s:g}" fill="url(#g)"/>',
            '<g shape-rendering="crispEdges">',
            *squares,
            "</g>",
            '<g clip-path="url(#r)">',
            f'<path d="M{middle - tip:.1f} {middle}A{lid} {lid} 0 0 1 {middle + tip:.1f} {middle}'
            f'A{lid} {lid} 0 0 1 {middle - tip:.1f} {middle}Z" fill="{_hex(_WHITE)}"/>',
            f'<circle cx="{middle}" cy="{middle}" r="{_IRIS * s:.1f}" fill="url(#i)"/>',
            f'<circle cx="{middle}" cy="{middle}" r="{_HOLE * s:.1f}" fill="{_hex(_PUPIL)}"/>',
            f'<circle cx="{0.575 * s:.1f}" cy="{0.425 * s:.1f}" r="{_GLINT * s:.1f}" fill="{_hex(_WHITE)}"/>',
            "</g>",
            f'<rect x="{0.494 * s:.1f}" y="{0.12 * s:.1f}" width="{0.012 * s:.1f}" height="{0.76 * s:.1f}" '
            f'fill="{_hex(_ACCENT)}"/>',
            "</svg>\n",
        ]
    )


def build(folder: Path) -> Path:
    (folder / "supersee.svg").write_text(drawing(), encoding="utf-8")
    path = folder / "supersee.png"
    Image.fromarray(picture()).save(path, optimize=True)
    return path
