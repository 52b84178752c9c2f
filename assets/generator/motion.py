"""Key frames for the movements that scenes share. Quaternions are (x, y, z, w)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_AXES = {"x": 0, "y": 1, "z": 2}


def quaternion(axis: str, degrees: float) -> np.ndarray:
    half = np.radians(degrees) / 2
    q = np.zeros(4)
    q[_AXES[axis]], q[3] = np.sin(half), np.cos(half)
    return q


def quaternion_of(matrix: np.ndarray) -> np.ndarray:
    """Of a (3, 3) rotation, by the largest component (Shepperd 1978)."""
    m = matrix
    w = np.array([m[0, 0] - m[1, 1] - m[2, 2], m[1, 1] - m[0, 0] - m[2, 2], m[2, 2] - m[0, 0] - m[1, 1], np.trace(m)])
    k = int(w.argmax())
    s = np.sqrt(1.0 + w[k]) * 2.0
    skew = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])
    if k == 3:
        return np.array([*(skew / s), s / 4])
    q = np.zeros(4)
    for j in range(3):
        q[j] = s / 4 if j == k else (m[j, k] + m[k, j]) / s
    q[3] = skew[k] / s
    return q


def turning(axis: str, period: float, reverse: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(times, quaternions) of one whole turn, keyed every 45 degrees so that the way round is never in doubt."""
    angles = np.linspace(0, -360 if reverse else 360, 9)
    return np.linspace(0, period, 9), np.array([quaternion(axis, a) for a in angles])


def swinging(axis: str, degrees: float, period: float, keys: int = 24) -> tuple[np.ndarray, np.ndarray]:
    times = np.linspace(0, period, keys + 1)
    return times, np.array([quaternion(axis, degrees * np.sin(2 * np.pi * t / period)) for t in times])


def shuttle(a: Sequence[float], b: Sequence[float], period: float, keys: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """(times, positions) to and fro, slow at the ends."""
    times = np.linspace(0, period, keys + 1)
    t = (0.5 - 0.5 * np.cos(2 * np.pi * times / period))[:, None]
    return times, (1 - t) * np.asarray(a, float) + t * np.asarray(b, float)


def waves(period: float, count: int = 2, keys: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """(times, (keys, count)) weights cos, sin, cos 2x, sin 2x ... of a loop: two targets make a travelling wave."""
    times = np.linspace(0, period, keys + 1)
    phase = 2 * np.pi * times / period
    columns = [np.cos(phase * (i // 2 + 1)) if i % 2 == 0 else np.sin(phase * (i // 2 + 1)) for i in range(count)]
    return times, np.stack(columns, axis=1)


Key = tuple[float, tuple, tuple] | tuple[float, tuple, tuple, float]


def shot(*keys: Key, near: float = 0.05, fov: float = 50.0) -> dict[str, Any]:
    """One uncut stretch of a camera path: (seconds, position, target[, vertical field of view in degrees])."""
    rows = []
    for key in keys:
        angle = key[3] if len(key) > 3 else fov
        rows.append([key[0], {"position": list(key[1]), "target": list(key[2]), "fov_y": angle, "near": near}])
    return {"keys": rows}


def path(name: str, *shots: dict[str, Any], closed: bool = False) -> dict[str, Any]:
    return {"name": name, "closed": closed, "shots": list(shots)}
