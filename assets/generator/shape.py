"""A piece of triangle mesh as arrays, and what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Shape:
    """n vertices, m indices. Skinning and morph arrays are there only on shapes that move that way."""

    positions: np.ndarray  # (n, 3)
    normals: np.ndarray  # (n, 3) unit
    uv: np.ndarray  # (n, 2), v down as in glTF
    indices: np.ndarray  # (m,)
    colours: np.ndarray | None = None  # (n, 4) linear, multiplied into the base colour
    joints: np.ndarray | None = None  # (n, 4)
    weights: np.ndarray | None = None  # (n, 4)
    morphs: np.ndarray | None = None  # (k, n, 3) position deltas
    morph_normals: np.ndarray | None = None  # (k, n, 3) normal deltas

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
        return replace(self, positions=self.positions + np.array([x, y, z], float))

    def turned(self, axis: str, degrees: float) -> Shape:
        return self.transformed(rotation(axis, degrees))

    def scaled(self, x: float, y: float | None = None, z: float | None = None) -> Shape:
        factors = np.array([x, x if y is None else y, x if z is None else z], float)
        normals = self.normals / factors
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return replace(self, positions=self.positions * factors, normals=normals)

    def transformed(self, matrix: np.ndarray) -> Shape:
        """By a (3, 3) rotation acting on column vectors."""
        return replace(self, positions=self.positions @ matrix.T, normals=self.normals @ matrix.T)

    def tinted(self, red: float, green: float, blue: float) -> Shape:
        """Vertex colours multiplied by a linear colour."""
        colours = np.ones((len(self.positions), 4)) if self.colours is None else self.colours
        return replace(self, colours=colours * np.array([red, green, blue, 1.0]))

    def with_uv(self, scale: float | tuple[float, float] = 1.0, offset: tuple[float, float] = (0.0, 0.0)) -> Shape:
        return replace(self, uv=self.uv * np.asarray(scale, float) + np.asarray(offset, float))

    def flipped(self) -> Shape:
        """Facing the other way."""
        triangles = self.indices.reshape(-1, 3)[:, ::-1]
        return replace(self, indices=triangles.reshape(-1), normals=-self.normals)

    @property
    def triangles(self) -> int:
        return len(self.indices) // 3


def rotation(axis: str, degrees: float) -> np.ndarray:
    """(3, 3) right-handed rotation about "x", "y" or "z"."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def frame_to(direction: np.ndarray, up: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> np.ndarray:
    """(3, 3) whose z column is `direction` and whose y column leans to `up`."""
    z = np.asarray(direction, float) / np.linalg.norm(direction)
    hint = np.asarray(up, float)
    if abs(float(z @ hint)) > 0.99:
        hint = np.array([1.0, 0.0, 0.0])
    x = np.cross(hint, z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def merged(shapes: list[Shape]) -> Shape:
    """One shape of many; a missing vertex colour is white, morphs and skins must be there in all or in none."""
    coloured = any(shape.colours is not None for shape in shapes)
    offsets = np.cumsum([0] + [len(shape.positions) for shape in shapes[:-1]])

    def joined(name: str, axis: int = 0) -> np.ndarray | None:
        parts = [getattr(shape, name) for shape in shapes]
        return None if parts[0] is None else np.concatenate(parts, axis=axis)

    colours = None
    if coloured:
        colours = np.concatenate([np.ones((len(s.positions), 4)) if s.colours is None else s.colours for s in shapes])
    return Shape(
        positions=np.concatenate([shape.positions for shape in shapes]),
        normals=np.concatenate([shape.normals for shape in shapes]),
        uv=np.concatenate([shape.uv for shape in shapes]),
        indices=np.concatenate([shape.indices + offset for shape, offset in zip(shapes, offsets)]),
        colours=colours,
        joints=joined("joints"),
        weights=joined("weights"),
        morphs=joined("morphs", axis=1),
        morph_normals=joined("morph_normals", axis=1),
    )


def tangents(shape: Shape) -> np.ndarray:
    """(n, 4) per-vertex tangents from the texture coordinates (Lengyel 2001), w = handedness."""
    triangles = shape.indices.reshape(-1, 3)
    p, t = shape.positions[triangles], shape.uv[triangles]
    e1, e2 = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    d1, d2 = t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]
    area = d1[:, 0] * d2[:, 1] - d2[:, 0] * d1[:, 1]
    scale = np.where(np.abs(area) < 1e-12, 0.0, 1.0 / np.where(np.abs(area) < 1e-12, 1.0, area))[:, None]
    along_u = (e1 * d2[:, 1:2] - e2 * d1[:, 1:2]) * scale
    along_v = (e2 * d1[:, 0:1] - e1 * d2[:, 0:1]) * scale
    sum_u, sum_v = np.zeros_like(shape.positions), np.zeros_like(shape.positions)
    for corner in range(3):
        np.add.at(sum_u, triangles[:, corner], along_u)
        np.add.at(sum_v, triangles[:, corner], along_v)
    tangent = sum_u - shape.normals * np.sum(sum_u * shape.normals, axis=1, keepdims=True)
    length = np.linalg.norm(tangent, axis=1, keepdims=True)
    fallback = np.cross(shape.normals, [0.0, 1.0, 0.0]) + np.array([1e-6, 0.0, 0.0])
    fallback /= np.linalg.norm(fallback, axis=1, keepdims=True)
    tangent = np.where(length < 1e-9, fallback, tangent / np.maximum(length, 1e-12))
    # glTF: bitangent = cross(normal, tangent) * w, and the normal map's green points along +v's opposite (up).
    hand = np.where(np.sum(np.cross(shape.normals, tangent) * -sum_v, axis=1) < 0.0, -1.0, 1.0)
    return np.concatenate([tangent, hand[:, None]], axis=1)
