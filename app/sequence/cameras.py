"""Cameras of recordings: from what other programs write about theirs, or a stand-in where they write nothing."""

from __future__ import annotations

import math

import numpy as np

from app.conventions import Size
from app.render.frame import CameraView
from app.scene.camera import projection_matrix

STILL_FOV_Y = math.radians(50.0)
STILL_NEAR = 0.1
FLAT_DISTANCE = 10.0
"""Metres to everything, where a recording has no depth."""


def camera_view(view: np.ndarray, previous_view: np.ndarray, fov_y: float, size: Size, near: float) -> CameraView:
    """One lens for both frames; `view` is world to camera, right-handed, looking along -Z, +Y up."""
    projection = projection_matrix(fov_y, size[0] / size[1], near)
    return CameraView(view, projection, previous_view, projection, near)


def still_camera(size: Size) -> CameraView:
    """For recordings that do not say where the camera was: it stands still, with an ordinary lens."""
    return camera_view(np.eye(4), np.eye(4), STILL_FOV_Y, size, STILL_NEAR)


def view_from_clip(matrix: np.ndarray) -> np.ndarray | None:
    """World to view out of somebody's view-projection matrix (clip = matrix @ world), or None if it is none.

    A perspective matrix's rows are the camera's axes: x and y scaled by the lens, w the distance ahead, unscaled. So
    neither their depth convention nor the handedness of their world matters; a left-handed world comes out mirrored
    in its second axis, which changes nothing that is seen.
    """
    x, y, ahead = matrix[0], matrix[1], matrix[3]
    lengths = [float(np.linalg.norm(row[:3])) for row in (x, y, ahead)]
    if min(lengths) < 1e-6 or not np.isfinite(matrix).all() or abs(lengths[2] - 1.0) > 1e-2:
        return None
    rows = np.stack([x / lengths[0], y / lengths[1], -ahead / lengths[2]])
    if np.abs(rows[:, :3] @ rows[:, :3].T - np.eye(3)).max() > 1e-2:
        return None
    view = np.eye(4)
    view[:3] = rows
    return view if np.linalg.det(view[:3, :3]) > 0 else view @ np.diag([1.0, -1.0, 1.0, 1.0])


def camera_motion(depth: np.ndarray, camera: CameraView, jitter: tuple[float, float]) -> np.ndarray:
    """Motion (height, width, 2) float32 in LR pixels, current -> previous, of everything that stands still in the
    world: from reversed-Z depth and the two views, at each pixel's sample position. At infinity it is the camera's
    rotation alone."""
    height, width = depth.shape
    x, y = np.meshgrid(np.arange(width) + 0.5 + jitter[0], np.arange(height) + 0.5 + jitter[1])
    ndc = np.stack([x / width * 2 - 1, y / height * 2 - 1], -1)
    lens = np.array([camera.projection[0, 0], camera.projection[1, 1]])
    before_lens = np.array([camera.previous_projection[0, 0], camera.previous_projection[1, 1]])
    ray = np.concatenate([ndc / lens, np.full((height, width, 1), -1.0)], -1)  # to unit distance ahead
    step = camera.previous_view @ np.linalg.inv(camera.view)
    inverse_distance = depth[..., None].astype(np.float64) / camera.near
    before = ray @ step[:3, :3].T + step[:3, 3] * inverse_distance
    ahead = np.maximum(-before[..., 2:], 1e-6)
    return ((before[..., :2] / ahead * before_lens - ndc) * [width / 2, height / 2]).astype(np.float32)
