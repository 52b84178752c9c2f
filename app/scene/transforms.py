"""Translation, rotation and scale as matrices and back; quaternions are x, y, z, w. Vectorised over rows."""

from __future__ import annotations

import numpy as np


def trs_matrices(translation: np.ndarray, rotation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(n, 4, 4) float64 from (n, 3), unit quaternions (n, 4) and (n, 3)."""
    x, y, z, w = rotation.T
    x2, y2, z2 = x + x, y + y, z + z
    xx, yy, zz, xy, xz, yz = x * x2, y * y2, z * z2, x * y2, x * z2, y * z2
    wx, wy, wz = w * x2, w * y2, w * z2
    result = np.zeros((len(translation), 4, 4))
    result[:, 0, 0], result[:, 0, 1], result[:, 0, 2] = 1.0 - (yy + zz), xy - wz, xz + wy
    result[:, 1, 0], result[:, 1, 1], result[:, 1, 2] = xy + wz, 1.0 - (xx + zz), yz - wx
    result[:, 2, 0], result[:, 2, 1], result[:, 2, 2] = xz - wy, yz + wx, 1.0 - (xx + yy)
    result[:, :3, :3] *= scale[:, None, :]
    result[:, :3, 3] = translation
    result[:, 3, 3] = 1.0
    return result


def decomposed(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Translation, unit quaternion and scale of a (4, 4) matrix without shear (shear is lost)."""
    axes = np.array(matrix[:3, :3], float)
    scale = np.linalg.norm(axes, axis=0)
    if np.linalg.det(axes) < 0.0:
        scale[0] = -scale[0]
    rotation = axes / np.where(np.abs(scale) > 1e-30, scale, 1.0)
    return np.array(matrix[:3, 3], float), _quaternion(rotation), scale


def unit_quaternions(quaternions: np.ndarray) -> np.ndarray:
    """Rows at unit length; the identity where there is none."""
    lengths = np.sqrt(np.einsum("ij,ij->i", quaternions, quaternions))[:, None]
    if lengths.min(initial=1.0) > 1e-12:
        return quaternions / lengths
    return np.where(lengths > 1e-12, quaternions / np.maximum(lengths, 1e-12), (0.0, 0.0, 0.0, 1.0))


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Shortest-way spherical interpolation of unit quaternions (n, 4), t (n, 1) or a number."""
    cosine = np.einsum("ij,ij->i", a, b)[:, None]
    b = np.where(cosine < 0.0, -b, b)
    cosine = np.minimum(np.abs(cosine), 1.0)
    angle = np.arccos(cosine)
    sine = np.sin(angle)
    near = sine < 1e-6  # the same rotation, nearly: interpolate straight
    safe = np.where(near, 1.0, sine)
    from_a = np.where(near, 1.0 - t, np.sin((1.0 - t) * angle) / safe)
    from_b = np.where(near, t, np.sin(t * angle) / safe)
    return unit_quaternions(from_a * a + from_b * b)


def _quaternion(r: np.ndarray) -> np.ndarray:
    """Shepperd's method: divide by the largest of the four components."""
    trace = float(np.trace(r))
    candidates = np.array([r[0, 0], r[1, 1], r[2, 2], trace])
    i = int(candidates.argmax())
    if i == 3:
        q = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1.0 + trace])
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        q = np.empty(4)
        q[i], q[3] = 1.0 + 2.0 * r[i, i] - trace, r[k, j] - r[j, k]
        q[j], q[k] = r[j, i] + r[i, j], r[k, i] + r[i, k]
    length = float(np.linalg.norm(q))
    return q / length if length > 1e-12 else np.array([0.0, 0.0, 0.0, 1.0])


def as_point(v: np.ndarray) -> tuple[float, float, float]:
    """Three plain floats, as poses hold them."""
    return float(v[0]), float(v[1]), float(v[2])
