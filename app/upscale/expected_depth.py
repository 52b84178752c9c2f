"""The depth that a resting point had in the frame before: what a disocclusion test compares with."""

from __future__ import annotations

import numpy as np

from app.render.frame import CameraView


def previous_distance(camera: CameraView) -> tuple[float, ...]:
    """d so that dot(d, (x, y, z, 1)), for a resting point of this frame's view space, is its distance along the
    previous frame's view axis."""
    before = camera.previous_view @ np.linalg.inv(camera.view)
    return tuple(float(part) for part in -before[2])


def lens(camera: CameraView) -> tuple[float, float]:
    """Scales of x and y in the projection: view space is (ndc / lens * distance, -distance)."""
    return float(camera.projection[0, 0]), float(camera.projection[1, 1])


def expected_depth(depth: np.ndarray, jitter: np.ndarray, camera: CameraView) -> np.ndarray:
    """Twin of shaders/upscale/occlusion.glsl's expectedDepth: reversed depth (h, w) of this frame, whose samples lie
    at p + 0.5 + jitter, to the reversed depth of the same points in the previous frame, float32; 0 for the sky, 1 for
    what was behind the camera."""
    height, width = depth.shape
    x = (np.arange(width) + 0.5 + jitter[0]) / width * 2.0 - 1.0
    y = (np.arange(height) + 0.5 + jitter[1]) / height * 2.0 - 1.0
    scale, d = lens(camera), previous_distance(camera)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = camera.near / depth
        before = distance * (d[0] * x[None, :] / scale[0] + d[1] * y[:, None] / scale[1] - d[2]) + d[3]
        expected = np.where(before > 0.0, camera.near / before, 1.0)
    return np.where(depth > 0.0, expected, 0.0).astype(np.float32)
