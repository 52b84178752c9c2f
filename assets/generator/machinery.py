"""Polished moving metal: gears, a spoked flywheel and a slider-crank that drives a piston."""

from __future__ import annotations

import numpy as np

from assets.generator.motion import quaternion
from assets.generator.primitives import box, cylinder, lathe, tube
from assets.generator.props import ring
from assets.generator.shape import Shape, merged


def gear(teeth: int, pitch_radius: float, width: float = 0.12) -> Shape:
    """A spur gear around Z with trapezoid teeth, a web and five round-ended spokes left standing."""
    module = 2 * pitch_radius / teeth
    outline = []
    for i in range(teeth):
        for turn, radius in ((-0.30, -1.15), (-0.17, 0.95), (0.17, 0.95), (0.30, -1.15)):
            angle = 2 * np.pi * (i + turn) / teeth
            r = pitch_radius + radius * module * 0.9
            outline.append((r * np.cos(angle), r * np.sin(angle)))
    outer = np.array([*outline, outline[0]])
    inner = (pitch_radius - 2.6 * module) * outer / np.linalg.norm(outer, axis=1, keepdims=True)
    parts = [
        _wall(outer, width),
        _wall(inner[::-1], width),
        _rim(outer, inner, width),
        _rim(outer, inner, width).turned("x", 180),
    ]
    r_in = float(np.linalg.norm(inner[0]))
    hub = lathe(
        [
            (0.16 * pitch_radius, -width * 0.7),
            (0.26 * pitch_radius, -width * 0.7),
            (0.26 * pitch_radius, width * 0.7),
            (0.001, width * 0.7),
        ],
        24,
        smooth=False,
    ).turned("x", 90)
    parts.append(hub)
    for k in range(5):
        spoke = box((r_in * 0.86, r_in * 0.17, width * 0.5), (r_in * 0.58, 0, 0), skip="+x -x")
        parts.append(spoke.turned("z", 72 * k))
    return merged(parts)


def _wall(outline: np.ndarray, width: float) -> Shape:
    """The outline swept along Z, flat-shaded, facing to the right of its direction."""
    a, b = outline[:-1], outline[1:]
    n = len(a)
    z = np.full((n, 1), width / 2)
    corners = np.stack([np.hstack([a, -z]), np.hstack([b, -z]), np.hstack([b, z]), np.hstack([a, z])], axis=1)
    along = b - a
    normal = np.stack([along[:, 1], -along[:, 0], np.zeros(n)], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    index = (np.arange(n)[:, None] * 4 + np.array([0, 1, 2, 0, 2, 3])).reshape(-1)
    points = corners.reshape(-1, 3)
    return Shape(points, np.repeat(normal, 4, axis=0), points[:, :2].copy(), index)


def _rim(outer: np.ndarray, inner: np.ndarray, width: float) -> Shape:
    points = np.concatenate(
        [np.c_[outer, np.full(len(outer), width / 2)], np.c_[inner, np.full(len(inner), width / 2)]]
    )
    n = len(outer)
    i = np.arange(n - 1)
    index = np.stack([n + i, i, i + 1, n + i, i + 1, n + i + 1], axis=1).reshape(-1)
    return Shape(points, np.tile([0.0, 0.0, 1.0], (len(points), 1)), points[:, :2].copy(), index)


def flywheel(radius: float, spokes: int = 10) -> Shape:
    """A heavy rim on thin rods, around Z."""
    rim = ring(radius, radius * 0.055, 64, 10)
    hub = cylinder(radius * 0.12, 0.22, 20).moved(y=-0.11).turned("x", 90)
    rods = [
        tube([(0, 0, 0), (radius * np.cos(a), radius * np.sin(a), 0)], radius * 0.014, 6)
        for a in 2 * np.pi * np.arange(spokes) / spokes
    ]
    return merged([rim, ring(radius * 0.86, radius * 0.012, 48, 5), hub, *rods])


def slider_crank(
    throw: float, rod: float, period: float, reverse: bool = False, keys: int = 48
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(times, crank pin (n, 3), rod quaternions, piston (n, 3)) for a crank around Z that pushes along +X."""
    times = np.linspace(0, period, keys + 1)
    angle = 2 * np.pi * times / period * (-1 if reverse else 1)
    pin = np.stack([throw * np.cos(angle), throw * np.sin(angle), np.zeros_like(angle)], axis=1)
    tilt = -np.arcsin(pin[:, 1] / rod)
    piston = np.stack([pin[:, 0] + rod * np.cos(tilt), np.zeros_like(angle), np.zeros_like(angle)], axis=1)
    return times, pin, np.array([quaternion("z", float(np.degrees(t))) for t in tilt]), piston
