"""Plays a recorded sequence (app.sequence) like a clip, with its references."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.frame import FrameInputs
from app.sequence.source import FrameSource, SequencePlayer


class Recording:
    def __init__(self, context: moderngl.Context, source: FrameSource, frames: int | None = None) -> None:
        self._source = source
        self._player = SequencePlayer(context, source)
        self.render_size, self.display_size = source.render_size, source.display_size
        self._frames = min(len(source), frames or len(source))

    def __len__(self) -> int:
        return self._frames

    def frame(self, index: int) -> FrameInputs:
        return self._player.frame(index)

    def reference(self, index: int) -> np.ndarray:
        return self._source.reference(index).astype(np.float32)

    def motion(self, index: int) -> np.ndarray:
        return self._source.read(index).motion

    def release(self) -> None:
        self._player.release()
