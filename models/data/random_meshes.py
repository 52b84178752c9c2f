"""Plain shapes as glTF-like primitives: metres, counter-clockwise fronts, texture coordinates in metres * `tiles`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.scene.model import Primitive


def merged(parts: list[Primitive], material: int) -> Primitive:
    """One primitive of many, to keep the number of draw calls small."""
    offsets = np.cumsum([0, *[len(p.positions) for p in parts[:-1]]])
    return Primitive(
        positions=np.concatenate([p.positions for p in parts]),
        indices=np.concatenate([p.indices + np.uint32(o) for p, o in zip(parts, offsets)]),
        normals=np.concatenate([p.normals for p in parts]),
        uv0=np.concatenate([p.uv0 for p in parts if p.uv0 is not None]),
        material=material,
    )


def quad(
    centre: np.ndarray, half_u: np.ndarray, half_v: np.ndarray, *, tiles: tuple[float, float] = (1.0, 1.0)
) -> Primitive:
    """A rectangle spanned by two half axes; its front looks along half_u x half_v; v runs downwards in the image."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
    positions = centre + corners[:, :1] * half_u + corners[:, 1:] * half_v
    normal = np.cross(half_u, half_v)
    normal = normal / max(float(np.linalg.norm(normal)), 1e-9)
    uv = (corners * [0.5, -0.5] + 0.5) * np.array(tiles)
    return Primitive(
        positions=positions.astype(np.float32),
        indices=np.array([0, 1, 2, 0, 2, 3], np.uint32),
        normals=np.tile(normal, (4, 1)).astype(np.float32),
        uv0=uv.astype(np.float32),
    )


def box(centre: np.ndarray, half: np.ndarray, *, tiles: float = 1.0) -> Primitive:
    """An axis-aligned box; `tiles` texture repeats per metre."""
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            u = np.zeros(3)
            u[(axis + 1) % 3] = half[(axis + 1) % 3]
            v = np.zeros(3)
            v[(axis + 2) % 3] = half[(axis + 2) % 3] * sign
            if axis == 0:  # keep the image upright on walls that look along x
                u, v = (v, u) if sign > 0 else (-v, -u)
                u, v = (-u, v) if np.dot(np.cross(u, v), normal) < 0 else (u, v)
            size = 2 * np.array([np.linalg.norm(u), np.linalg.norm(v)]) * tiles
            sides.append(quad(centre + normal * half[axis], u, v, tiles=(float(size[0]), float(size[1]))))
    return merged(sides, -1)


def sphere(centre: np.ndarray, radius: float, rings: int = 14, segments: int = 20) -> Primitive:
    theta = np.linspace(0, np.pi, rings + 1)[:, None]
    phi = np.linspace(0, 2 * np.pi, segments + 1)[None, :]
    x, y, z = np.sin(theta) * np.cos(phi), np.cos(theta) + 0 * phi, -np.sin(theta) * np.sin(phi)
    normals = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    uv = np.stack(np.broadcast_arrays(phi / (2 * np.pi) * 4, theta / np.pi * 2), axis=-1).reshape(-1, 2)
    i, j = np.mgrid[0:rings, 0:segments]
    a = (i * (segments + 1) + j).ravel()
    b, c, d = a + 1, a + segments + 1, a + segments + 2
    indices = np.stack([a, c, b, b, c, d], axis=1).ravel()
    return Primitive(
        positions=(centre + normals * radius).astype(np.float32),
        indices=indices.astype(np.uint32),
        normals=normals.astype(np.float32),
        uv0=uv.astype(np.float32),
    )


def tube(points: np.ndarray, radius: float, sides: int = 4) -> Primitive:
    """A wire along a polyline (n, 3)."""
    tangents = np.gradient(points, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)
    side = np.cross(tangents, np.where(np.abs(tangents[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    up = np.cross(side, tangents)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    normals = side[:, None] * np.cos(angle) + up[:, None] * np.sin(angle)
    positions = points[:, None] + normals * radius
    n = len(points)
    i, j = np.mgrid[0 : n - 1, 0:sides]
    a, b = (i * sides + j).ravel(), (i * sides + (j + 1) % sides).ravel()
    indices = np.stack([a, a + sides, b, b, a + sides, b + sides], axis=1).ravel()
    return Primitive(
        positions=positions.reshape(-1, 3).astype(np.float32),
        indices=indices.astype(np.uint32),
        normals=normals.reshape(-1, 3).astype(np.float32),
        uv0=np.zeros((n * sides, 2), np.float32),
    )


def blades(roots: np.ndarray, tips: np.ndarray, width: np.ndarray) -> Primitive:
    """Grass: one bent triangle pair a blade, from `roots` to `tips` (n, 3), `width` (n,) metres at the ground; uv runs
    up the blade. Normals look up, as lawns are lit."""
    n = len(roots)
    lean = tips - roots
    side = np.stack([-lean[:, 2], 0 * width, lean[:, 0]], axis=1)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    half = side * width[:, None] / 2
    middle = roots + lean * [0.3, 0.6, 0.3]
    positions = np.stack([roots - half, roots + half, middle - 0.7 * half, middle + 0.7 * half, tips], axis=1)
    index = np.array([0, 1, 3, 0, 3, 2, 2, 3, 4], np.uint32)
    return Primitive(
        positions=positions.reshape(-1, 3).astype(np.float32),
        indices=(np.arange(n, dtype=np.uint32)[:, None] * 5 + index).ravel(),
        normals=np.tile(np.array([0, 1, 0], np.float32), (5 * n, 1)),
        uv0=np.tile(np.array([[0, 1], [1, 1], [0, 0.5], [1, 0.5], [0.5, 0]], np.float32), (n, 1)),
    )


def with_sway(primitive: Primitive, reach: np.ndarray, phase: np.ndarray, direction: np.ndarray) -> Primitive:
    """Two morph targets that carry each vertex `reach` (n,) metres along `direction`, a quarter period apart and
    shifted by `phase` (n,) radians: weights sin and cos of time make a wind that every blade meets in its turn."""
    wave = np.stack([np.cos(phase), np.sin(phase)]) * reach
    return replace(primitive, morph_positions=(wave[..., None] * direction).astype(np.float32))


def on_joints(parts: list[Primitive], material: int) -> Primitive:
    """Rigid parts in one primitive: part i follows joint i + 1 alone (joint 0 stands still)."""
    joined = merged(parts, material)
    joints = np.zeros((len(joined.positions), 4), np.uint16)
    joints[:, 0] = np.repeat(np.arange(1, len(parts) + 1), [len(p.positions) for p in parts])
    weights = np.zeros((len(joints), 4), np.float32)
    weights[:, 0] = 1.0
    return replace(joined, joints=joints, weights=weights)


def wire_frame(solid: Primitive, radius: float) -> list[Primitive]:
    """A thin tube along every edge of the quads and triangles of `solid` but the diagonals that split its quads."""
    triangles = solid.indices.reshape(-1, 3)
    points = solid.positions.astype(float)
    edges: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for a, b, c in triangles:
        sides = [(a, b), (b, c), (c, a)]
        sides.remove(max(sides, key=lambda e: float(np.linalg.norm(points[e[0]] - points[e[1]]))))
        for i, j in sides:
            ends = sorted((points[i].round(4).tobytes(), points[j].round(4).tobytes()))
            edges.setdefault((ends[0], ends[1]), (int(i), int(j)))
    return [tube(points[[i, j]], radius, 3) for i, j in edges.values() if np.linalg.norm(points[i] - points[j]) > 1e-4]


def torus(major: float, minor: float, rings: int = 24, segments: int = 12) -> Primitive:
    u = np.linspace(0, 2 * np.pi, rings + 1)[:, None]
    v = np.linspace(0, 2 * np.pi, segments + 1)[None, :]
    normals = np.stack([np.cos(v) * np.cos(u), np.sin(v) + 0 * u, -np.cos(v) * np.sin(u)], axis=-1)
    centres = np.stack(np.broadcast_arrays(major * np.cos(u), 0 * u, -major * np.sin(u)), axis=-1)
    uv = np.stack(np.broadcast_arrays(u / (2 * np.pi) * 6, v / (2 * np.pi) * 2), axis=-1)
    i, j = np.mgrid[0:rings, 0:segments]
    a = (i * (segments + 1) + j).ravel()
    b, c, d = a + 1, a + segments + 1, a + segments + 2
    return Primitive(
        positions=(centres + minor * normals).reshape(-1, 3).astype(np.float32),
        indices=np.stack([a, c, b, b, c, d], axis=1).ravel().astype(np.uint32),
        normals=normals.reshape(-1, 3).astype(np.float32),
        uv0=uv.reshape(-1, 2).astype(np.float32),
    )
