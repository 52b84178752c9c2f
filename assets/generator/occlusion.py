"""Ambient occlusion baked into vertex colours: how much sky a point sees past the scene's large boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.generator.shape import Shape

_RAYS = 64
_REACH = 3.5  # metres: what is farther away does not darken


def _directions() -> np.ndarray:
    """(rays, 3) spread over the sphere (Fibonacci)."""
    i = np.arange(_RAYS) + 0.5
    y = 1 - 2 * i / _RAYS
    angle = np.pi * (1 + 5**0.5) * i
    radius = np.sqrt(1 - y * y)
    return np.stack([radius * np.cos(angle), y, radius * np.sin(angle)], axis=1)


class Occluders:
    """Axis-aligned boxes that stand for the scene when shading is baked."""

    def __init__(self, floor: float = 0.40) -> None:
        self._boxes: list[tuple[np.ndarray, np.ndarray]] = []
        self.floor = floor  # the darkest factor

    def add(self, size: tuple, centre: tuple) -> None:
        half, middle = np.asarray(size, float) / 2, np.asarray(centre, float)
        self._boxes.append((middle - half, middle + half))

    def shaded(self, shape: Shape) -> Shape:
        """The shape with its vertex colours multiplied by the share of the cosine-weighted hemisphere it sees."""
        if not self._boxes:
            return shape
        origin = shape.positions + shape.normals * 0.02
        seen, total = np.zeros(len(origin)), np.zeros(len(origin))
        for direction in _directions():
            facing = shape.normals @ direction
            use = facing > 0.05
            hit = self._hit(origin[use], direction)
            seen[use] += facing[use] * hit
            total[use] += facing[use]
        light = self.floor + (1 - self.floor) * seen / np.maximum(total, 1e-6)
        colours = np.ones((len(origin), 4)) if shape.colours is None else shape.colours.copy()
        colours[:, :3] *= light[:, None]
        return replace(shape, colours=colours)

    def _hit(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(n,) 1 where the ray is free, less the nearer a box stands."""
        nearest = np.full(len(origin), np.inf)
        inverse = 1.0 / np.where(np.abs(direction) < 1e-9, 1e-9, direction)
        for low, high in self._boxes:
            t1, t2 = (low - origin) * inverse, (high - origin) * inverse
            enter, leave = np.minimum(t1, t2).max(1), np.maximum(t1, t2).min(1)
            inside = (enter < 0.0) & (leave > 0.0)
            touched = (leave > np.maximum(enter, 0.0)) & ~inside
            nearest = np.where(touched & (enter < nearest), enter, nearest)
        return np.clip(nearest / _REACH, 0.0, 1.0) ** 0.7
