"""A live scene as a `FrameSource`: frames by index, drawn when they are asked for and read back."""

from __future__ import annotations

from dataclasses import replace

import moderngl
import numpy as np

from app.conventions import Size, render_size
from app.render.live_source import LiveSource
from app.scene.camera_path import cut_between
from app.scene.evaluate import evaluate
from app.scene.model import SceneModel
from app.sequence.importing import DEFAULT_FPS, no_reference
from app.sequence.source import RecordedFrame
from app.sequence.writer import recorded


class LiveFrames:
    """Frame i is the scene at i / fps along its first camera path. Bound to the context's thread; `release` it."""

    def __init__(
        self, context: moderngl.Context, model: SceneModel, name: str, display: Size, ratio: float, frames: int
    ) -> None:
        self._model = model
        self._path = model.camera_paths[0] if model.camera_paths else None
        self._source = LiveSource(context, model)
        self._count = frames
        self._last: int | None = None
        self.name = name
        self.fps = DEFAULT_FPS
        self.notes: tuple[str, ...] = ()
        self.render_size = render_size(display, ratio)
        self.display_size = display
        self.reference_sizes: tuple[Size, ...] = ()
        self._source.resize(self.render_size, display)

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> RecordedFrame:
        """Frames out of order are drawn with the one before them, from which their motion comes."""
        if self._last is None or index != self._last + 1:
            self._source.invalidate()
            if index:
                self._draw(index - 1)
        return self._draw(index)

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        raise no_reference(self.name, display or self.display_size)

    def release(self) -> None:
        self._source.release()

    def _draw(self, index: int) -> RecordedFrame:
        self._last = index
        time = index / self.fps
        state = evaluate(self._model, time, self._path)
        if self._path is not None and index:
            state = replace(state, cut=cut_between(self._path, (index - 1) / self.fps, time))
        return recorded(self._source.render_frame(state, frame_index=index))
