"""Milliseconds of every method at one size: frames of a held-out clip, tiled, so that all methods draw the same."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from models.data.clip import IMAGES, Clip

RENDER_SIZE, DISPLAY_SIZE = (480, 270), (960, 540)
_WARM_UP = 3
"""Frames that allocate and fill caches: left out where there are more."""


def timed_clip(clip: Clip, frames: int) -> Clip:
    """The clip's images repeated to RENDER_SIZE, its frames from the start again where there are too few. The
    references are blank, of DISPLAY_SIZE: only their size matters."""
    order = np.arange(frames) % clip.frames
    width, height = RENDER_SIZE
    rows, columns = np.arange(height) % clip.depth.shape[1], np.arange(width) % clip.depth.shape[2]
    arrays = {
        name: getattr(clip, name)[order[:, None, None], rows[None, :, None], columns[None, None, :]]
        for name in IMAGES
        if name != "reference"
    }
    arrays |= {name: getattr(clip, name)[order] for name in ("jitter", "exposure", "camera", "near")}
    blank = np.broadcast_to(np.float16(0.0), (frames, DISPLAY_SIZE[1], DISPLAY_SIZE[0], 3))
    return Clip(**arrays, reference=blank, reset=np.arange(frames) == 0)


def median_milliseconds(frames: Sequence[float]) -> float:
    """Of frame times in ms, warm-up dropped where frames are left after it."""
    return statistics.median(frames[_WARM_UP:] or frames)
