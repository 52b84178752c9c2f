"""One of the app's upscalers over one sequence of frames: mean figures against the reference."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from app.conventions import Size
from app.render.frame import FrameInputs
from app.upscale.upscaler import Upscaler
from models.evaluate.tally import FLIP_FRAMES, OnFrame, Scores, Tally


class Playable(Protocol):
    render_size: Size
    display_size: Size

    def __len__(self) -> int: ...

    def frame(self, index: int) -> FrameInputs: ...

    def reference(self, index: int) -> np.ndarray: ...

    def motion(self, index: int) -> np.ndarray: ...


def score(
    upscaler: Upscaler, played: Playable, *, flip_frames: int = FLIP_FRAMES, on_frame: OnFrame | None = None
) -> Scores:
    """Plays the sequence from its first frame, with nothing remembered."""
    upscaler.resize(played.render_size, played.display_size)
    upscaler.reset()
    tally = Tally(len(played), flip_frames)
    width, height = played.display_size
    for index in range(len(played)):
        frame = played.frame(index)
        texture = upscaler.upscale(frame)
        dtype = "f4" if texture.dtype == "f4" else "f2"
        linear = np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, -1)[..., :3]
        images = tally.add(
            linear.astype(np.float32),
            played.reference(index),
            played.motion(index),
            exposure=frame.exposure,
            reset=frame.reset,
        )
        if on_frame:
            on_frame(index, *images)
    return tally.scores()
