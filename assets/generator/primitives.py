"""Boxes, grids, tubes, lathes and spheres. Texture coordinates are metres unless said otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from assets.generator.shape import Shape, frame_to, merged

Point = Sequence[float] | np.ndarray


def _lattice(rows: int, columns: int) -> np.ndarray:
    """Indices of a (rows + 1) x (columns + 1) vertex lattice, counter-clockwise for column x row facing."""
    index = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.stack([a, b, c, a, c, d], axis=-1).reshape(-1)


def grid(origin: Point, edge_u: Point, edge_v: Point, cell: float = 1e9, metres: bool = True) -> Shape:
    """A parallelogram facing edge_u x edge_v, cut in cells of at most `cell` metres. u runs along edge_u, v against
    edge_v (so a picture on a wall with edge_v up stands upright); in metres, or 0..1 over the whole."""
    o, eu, ev = (np.asarray(value, float) for value in (origin, edge_u, edge_v))
    lu, lv = float(np.linalg.norm(eu)), float(np.linalg.norm(ev))
    columns, rows = max(1, int(np.ceil(lu / cell - 1e-9))), max(1, int(np.ceil(lv / cell - 1e-9)))
    t, s = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    s, t = s.reshape(-1, 1), t.reshape(-1, 1)
    normal = np.cross(eu, ev)
    normal /= np.linalg.norm(normal)
    uv = np.concatenate([s * (lu if metres else 1.0), (1.0 - t) * (lv if metres else 1.0)], axis=1)
    return Shape(o + s * eu + t * ev, np.tile(normal, (len(s), 1)), uv, _lattice(rows, columns))


def box(size: Point, centre: Point = (0, 0, 0), cell: float = 1e9, skip: str = "") -> Shape:
    """An axis-aligned box; `skip` names faces to leave out, of "+x -x +y -y +z -z"."""
    w, h, d = (float(value) for value in size)
    faces = {
        "+z": ((-w, -h, d), (2 * w, 0, 0), (0, 2 * h, 0)),
        "-z": ((w, -h, -d), (-2 * w, 0, 0), (0, 2 * h, 0)),
        "+x": ((w, -h, d), (0, 0, -2 * d), (0, 2 * h, 0)),
        "-x": ((-w, -h, -d), (0, 0, 2 * d), (0, 2 * h, 0)),
        "+y": ((-w, h, d), (2 * w, 0, 0), (0, 0, -2 * d)),
        "-y": ((-w, -h, -d), (2 * w, 0, 0), (0, 0, 2 * d)),
    }
    left_out = skip.split()
    sides = [
        grid(np.array(o) / 2, np.array(u) / 2, np.array(v) / 2, cell)
        for name, (o, u, v) in faces.items()
        if name not in left_out
    ]
    return merged(sides).moved(*centre)


def bevelled_box(size: Point, bevel: float, centre: Point = (0, 0, 0)) -> Shape:
    """A box with chamfered edges: what makes an edge catch the light."""
    half = np.asarray(size, float) / 2
    inner = half - bevel
    shapes = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (1.0, -1.0):
            origin, edge_u, edge_v = np.zeros(3), np.zeros(3), np.zeros(3)
            origin[axis], origin[u], origin[v] = sign * half[axis], -inner[u] * sign, -inner[v]
            edge_u[u], edge_v[v] = 2 * inner[u] * sign, 2 * inner[v]
            shapes.append(grid(origin, edge_u, edge_v))
            for other_sign in (1.0, -1.0):  # the chamfer between this face and the next axis' face
                a, b = np.zeros(3), np.zeros(3)
                a[axis], a[u], a[v] = sign * half[axis], other_sign * inner[u], -inner[v]
                b[axis], b[u], b[v] = sign * inner[axis], other_sign * half[u], -inner[v]
                along = np.zeros(3)
                along[v] = 2 * inner[v]
                shape = grid(a, b - a, along)
                outward = np.zeros(3)
                outward[axis], outward[u] = sign, other_sign
                shapes.append(shape if shape.normals[0] @ outward > 0 else shape.flipped())
    for corner in np.array(np.meshgrid([1, -1], [1, -1], [1, -1])).T.reshape(-1, 3):
        points = np.tile(corner * inner, (3, 1))
        points[np.arange(3), np.arange(3)] = corner * half
        normal = corner / np.sqrt(3.0)
        order = [0, 1, 2] if np.cross(points[1] - points[0], points[2] - points[0]) @ normal > 0 else [0, 2, 1]
        shapes.append(Shape(points, np.tile(normal, (3, 1)), points[:, :2], np.array(order)))
    return merged(shapes).moved(*centre)


def lathe(profile: Sequence[tuple[float, float]], sides: int = 24, smooth: bool = True, turns: float = 1.0) -> Shape:
    """A profile of (radius, y) turned about Y. Going up the profile with the solid inside faces outward."""
    points = np.asarray(profile, float)
    if not smooth:
        pairs = [lathe([tuple(a), tuple(b)], sides, turns=turns) for a, b in pairwise(points)]
        return merged(pairs)
    angle = np.linspace(0, 2 * np.pi * turns, sides + 1)
    slope = np.gradient(points, axis=0) if len(points) > 2 else np.tile(points[1] - points[0], (2, 1))
    normal2 = np.stack([slope[:, 1], -slope[:, 0]], axis=1)
    normal2 /= np.maximum(np.linalg.norm(normal2, axis=1, keepdims=True), 1e-9)
    cos, sin = np.cos(angle)[None, :], np.sin(angle)[None, :]
    radius, height = points[:, :1], points[:, 1:]
    ones = np.ones_like(cos)
    positions = np.stack([radius * cos, height * ones, -radius * sin], axis=-1).reshape(-1, 3)
    normals = np.stack([normal2[:, :1] * cos, normal2[:, 1:] * ones, -normal2[:, :1] * sin], axis=-1).reshape(-1, 3)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    around = angle[None, :] * max(float(points[:, 0].max()), 1e-6)
    uv = np.stack([around + 0 * radius, (length[-1] - length)[:, None] * ones], axis=-1).reshape(-1, 2)
    return Shape(positions, normals, uv, _lattice(len(points) - 1, sides))


def cylinder(radius: float, height: float, sides: int = 20, cap: bool = True) -> Shape:
    """Standing on y = 0."""
    side = lathe([(radius, 0.0), (radius, height)], sides)
    return merged([side, disc(radius, sides).moved(y=height)]) if cap else side


def disc(radius: float, sides: int = 24, inner: float = 0.0) -> Shape:
    """Flat, facing +Y, with planar texture coordinates in metres."""
    flat = lathe([(radius, 0.0), (max(inner, 1e-4), 0.0)], sides)
    uv = np.stack([flat.positions[:, 0], flat.positions[:, 2]], axis=1)
    return Shape(flat.positions, np.tile([0.0, 1.0, 0.0], (len(uv), 1)), uv, flat.indices)


def sphere(radius: float, sides: int = 20, rings: int = 12) -> Shape:
    angle = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    ball = lathe([(max(radius * np.cos(a), 1e-5), radius * np.sin(a)) for a in angle], sides)
    return Shape(
        ball.positions, ball.positions / np.linalg.norm(ball.positions, axis=1, keepdims=True), ball.uv, ball.indices
    )


def tube(path: Sequence[Point] | np.ndarray, radius: float | np.ndarray, sides: int = 6, cap: bool = False) -> Shape:
    """A round tube along a polyline, its frame carried along without twist."""
    points = np.asarray(path, float)
    radii = np.broadcast_to(np.asarray(radius, float), (len(points),))
    ahead = np.gradient(points, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    frame = frame_to(ahead[0])
    side = frame[:, 0]
    rings, normals = [], []
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    for point, direction, r in zip(points, ahead, radii):
        side = side - direction * (side @ direction)
        side /= np.linalg.norm(side)
        other = np.cross(direction, side)
        out = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other
        rings.append(point + r * out)
        normals.append(out)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    u = np.broadcast_to(angle * float(radii.max()), (len(points), sides + 1))
    uv = np.stack([u, np.repeat(-length[:, None], sides + 1, axis=1)], axis=-1).reshape(-1, 2)
    body = Shape(np.concatenate(rings), np.concatenate(normals), uv, _lattice(len(points) - 1, sides))
    if not cap:
        return body
    ends = []
    for end, sign in ((0, -1.0), (-1, 1.0)):
        lid = disc(float(radii[end]), sides)
        turn = frame_to(ahead[end] * sign)
        ends.append(lid.transformed(turn @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)).moved(*points[end]))
    return merged([body, *ends])


def sagging(start: Point, end: Point, sag: float, segments: int = 16) -> np.ndarray:
    """Points of a hanging cable (a parabola, close to the catenary where the sag is small)."""
    t = np.linspace(0, 1, segments + 1)[:, None]
    points = (1 - t) * np.asarray(start, float) + t * np.asarray(end, float)
    points[:, 1] -= 4.0 * sag * (t * (1 - t))[:, 0]
    return points
