"""Where the camera is: poses, lenses and scripted paths with hard cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class CameraPose:
    """World-space position and target (metres, +Y up), vertical field of view in radians, near plane in metres."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fov_y: float = math.radians(50.0)
    near: float = 0.05
    roll: float = 0.0  # radians about the view axis


def view_matrix(pose: CameraPose) -> np.ndarray:
    """World to view space, (4, 4) float64, right-handed, looking along -Z (gluLookAt's construction)."""
    eye = np.asarray(pose.position, float)
    forward = np.asarray(pose.target, float) - eye
    length = float(np.linalg.norm(forward))
    forward = forward / length if length > 1e-12 else np.array([0.0, 0.0, -1.0])
    up = np.array([0.0, 1.0, 0.0]) if abs(forward[1]) < 0.9999 else np.array([0.0, 0.0, -1.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    if pose.roll:
        c, s = math.cos(pose.roll), math.sin(pose.roll)
        right, up = c * right + s * up, c * up - s * right
    view = np.eye(4)
    view[0, :3], view[1, :3], view[2, :3] = right, up, -forward
    view[:3, 3] = -view[:3, :3] @ eye
    return view


def projection_matrix(fov_y: float, aspect: float, near: float) -> np.ndarray:
    """Reversed-Z perspective with an infinite far plane, for a [0, 1] clip range; y is flipped so that row 0 of
    the image is its top row. Depth = near / view_distance."""
    f = 1.0 / math.tan(0.5 * fov_y)
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[1, 1] = f / aspect, -f
    matrix[2, 3], matrix[3, 2] = near, -1.0
    return matrix


@dataclass(frozen=True, slots=True)
class Shot:
    """One uncut stretch: keys (seconds from the shot's start, pose), smoothly interpolated."""

    keys: tuple[tuple[float, CameraPose], ...]

    @property
    def duration(self) -> float:
        return self.keys[-1][0]


@dataclass(frozen=True, slots=True)
class CameraPath:
    """Shots one after the other with a hard cut between them; the path loops, and looping is a cut too unless
    `closed`. Interpolation lives in scene/camera_path.py."""

    name: str
    shots: tuple[Shot, ...]
    closed: bool = False

    @property
    def duration(self) -> float:
        return sum(shot.duration for shot in self.shots)
