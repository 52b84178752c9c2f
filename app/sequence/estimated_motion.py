"""Frames of pictures alone: motion is guessed from them, never as good as a renderer's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.errors import SuperseeError
from app.measure.image_metrics import display_image
from app.sequence.cameras import STILL_NEAR, still_camera
from app.sequence.importing import flat_depth, recorded_frame
from app.sequence.source import RecordedFrame

NOTES = (
    "Motion is ESTIMATED from the pictures (DIS optical flow): expect ghosts where it is wrong.",
    "No depth: everything is taken to be at one distance.",
    "No camera: it is taken to stand still. No jitter: nothing is gained from more frames but calm.",
)
_LEAST_SIDE = 16
"""Pixels: the flow's coarsest level must hold one patch of 8."""
_ROWS = 128
"""At once: what lies between a linear picture and its luma would take four times the picture's memory."""


def estimated_frame(colour: np.ndarray, previous: np.ndarray | None, time: float) -> RecordedFrame:
    """A frame of a scene-linear picture (height, width, 3 or more) and the one before it, None where there is none:
    history is dropped there. Raises SuperseeError where OpenCV is not installed."""
    height, width = colour.shape[:2]
    return recorded_frame(
        colour,
        flat_depth((width, height), STILL_NEAR),
        np.zeros((height, width, 2)) if previous is None else estimated_motion(colour, previous),
        jitter=(0.0, 0.0),
        camera=still_camera((width, height)),
        time=time,
        reset=previous is None,
    )


def estimated_motion(current: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Motion current -> previous, (height, width, 2) float32 in pixels, between two scene-linear pictures
    (height, width, 3 or more). Dense inverse search (Kroeger et al. 2016) by OpenCV, on display luma.

    Raises SuperseeError where OpenCV is not installed.
    """
    height, width = current.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return np.zeros((height, width, 2), np.float32)
    cv2 = _opencv()
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(flow.calc(_luma(current), _luma(previous), None), np.float32)


def require_opencv() -> None:
    """Raises SuperseeError now rather than at the first frame."""
    _opencv()


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise SuperseeError(
            "Motion cannot be estimated",
            "OpenCV is not installed, and these frames come without motion vectors",
            'pip install "supersee[import]", or pip install opencv-python-headless',
        ) from error
    return cv2


def _luma(linear: np.ndarray) -> np.ndarray:
    luma = np.empty(linear.shape[:2], np.uint8)
    for top in range(0, len(luma), _ROWS):
        shown = display_image(linear[top : top + _ROWS])
        luma[top : top + _ROWS] = np.rint(shown @ np.array([0.2126, 0.7152, 0.0722], np.float32) * 255.0)
    return luma
