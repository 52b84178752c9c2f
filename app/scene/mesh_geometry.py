"""What glTF leaves to its reader: triangles from strips and fans, flat normals, tangents."""

from __future__ import annotations

import numpy as np


def triangulate(indices: np.ndarray, mode: int) -> np.ndarray:
    """Triangle-list indices for glTF modes 4 (triangles), 5 (strip) and 6 (fan); incomplete triangles are dropped."""
    if mode == 4:
        return indices[: len(indices) // 3 * 3]
    if len(indices) < 3:
        return indices[:0]
    if mode == 5:
        triangles = np.stack([indices[:-2], indices[1:-1], indices[2:]], axis=1)
        triangles[1::2, 1:] = triangles[1::2, :0:-1]  # every other triangle of a strip is wound the other way
    else:
        first = np.full(len(indices) - 2, indices[0], indices.dtype)
        triangles = np.stack([first, indices[1:-1], indices[2:]], axis=1)
    return triangles.reshape(-1)


def face_normals(positions: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """(triangles, 3) float32 normals, their length twice the triangle's area."""
    a, b, c = (positions[indices[i::3]] for i in range(3))
    return np.cross(b - a, c - a)


def flat_normals(positions: np.ndarray) -> np.ndarray:
    """(n, 3) unit normals for un-indexed triangles: n is a multiple of 3."""
    corners = positions.reshape(-1, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.repeat(normalised(normals, (0.0, 1.0, 0.0)), 3, axis=0)


def smooth_normals(positions: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """(n, 3) unit normals: the area-weighted mean of the triangles around each vertex."""
    return normalised(_gather(face_normals(positions, indices), indices, len(positions)), (0.0, 1.0, 0.0))


def repaired_normals(normals: np.ndarray, positions: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, bool]:
    """The same normals at unit length; those of no length or not finite are replaced by smooth ones.
    Returns (normals, whether any had to be replaced)."""
    squared = np.einsum("ij,ij->i", normals, normals)
    bad = ~(np.isfinite(squared) & (squared > 1e-12))
    if not bad.any():
        if np.abs(squared - 1.0).max(initial=0.0) < 1e-3:
            return normals, False
        return (normals / np.sqrt(squared)[:, None]).astype(np.float32), False
    result = np.array(normals, np.float32)
    result[bad] = smooth_normals(positions, indices)[bad]
    return normalised(result, (0.0, 1.0, 0.0)), True


def tangents_from_uv(positions: np.ndarray, normals: np.ndarray, uv: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """(n, 4) float32 tangents, w the bitangent's sign as glTF defines it (bitangent = cross(n, t) * w).

    Lengyel's accumulation over the triangles around each vertex: not bit for bit MikkTSpace, which needs its own
    unwelding, but the same where the surface is smooth.
    """
    i0, i1, i2 = indices[0::3], indices[1::3], indices[2::3]
    edge1, edge2 = positions[i1] - positions[i0], positions[i2] - positions[i0]
    d1, d2 = uv[i1] - uv[i0], uv[i2] - uv[i0]
    area = d1[:, 0] * d2[:, 1] - d2[:, 0] * d1[:, 1]
    sign = np.sign(area)[:, None]  # weight by area in space, not by 1/area in uv: slivers must not win
    tangent = (edge1 * d2[:, 1:2] - edge2 * d1[:, 1:2]) * sign
    bitangent = (edge2 * d1[:, 0:1] - edge1 * d2[:, 0:1]) * sign
    count = len(positions)
    sum_t, sum_b = _gather(tangent, indices, count), _gather(bitangent, indices, count)
    flat = sum_t - normals * np.einsum("ij,ij->i", normals, sum_t)[:, None]
    # A vertex without a usable uv gets any direction across its normal.
    axis = np.where(np.abs(normals[:, :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    lengths = np.linalg.norm(flat, axis=1)
    usable = (lengths > 1e-20) & np.isfinite(lengths)
    flat = np.where(usable[:, None], flat, np.cross(np.cross(normals, axis), normals))
    handed = np.einsum("ij,ij->i", np.cross(normals, flat), sum_b)
    result = np.empty((count, 4), np.float32)
    result[:, :3] = normalised(flat, (1.0, 0.0, 0.0))
    # glTF's v grows downwards in the image, but the green of a normal map, and so the bitangent, points up in it.
    result[:, 3] = np.where(handed > 0.0, -1.0, 1.0)
    return result


def normalised(vectors: np.ndarray, fallback: tuple[float, float, float]) -> np.ndarray:
    """Unit vectors as float32; `fallback` for those without a direction."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    usable = (lengths > 1e-30) & np.isfinite(lengths)
    return np.where(usable, vectors / np.where(usable, lengths, 1.0), fallback).astype(np.float32)


def _gather(per_triangle: np.ndarray, indices: np.ndarray, count: int) -> np.ndarray:
    """(count, 3): the sum of the triangles' vectors at each of their vertices."""
    corners = np.repeat(per_triangle, 3, axis=0)
    return np.stack([np.bincount(indices, corners[:, k], minlength=count) for k in range(3)], axis=1)
