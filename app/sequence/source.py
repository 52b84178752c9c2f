"""What a recorded sequence is, whoever wrote it, and how it is played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import moderngl
import numpy as np

from app.conventions import Size
from app.render.frame import CameraView, FrameInputs


@dataclass(frozen=True, slots=True, eq=False)
class RecordedFrame:
    """`FrameInputs` on the CPU, in the same conventions. Arrays are contiguous, row 0 at the top."""

    colour: np.ndarray  # (h, w, 4) float16, scene-linear
    depth: np.ndarray  # (h, w) float32, reversed Z
    motion: np.ndarray  # (h, w, 2) float32, current -> previous in LR pixels
    jitter: tuple[float, float]
    exposure: float
    camera: CameraView
    time: float  # seconds since the first frame


class FrameSource(Protocol):
    """Frames by index from 0, in order of time. `read` and `reference` raise SuperseeError."""

    render_size: Size
    display_size: Size

    def __len__(self) -> int: ...

    def read(self, index: int) -> RecordedFrame: ...

    def reference(self, index: int) -> np.ndarray:
        """(height, width, 3) float16 at display size, scene-linear."""
        ...


class SequencePlayer:
    """Uploads a source's frames into one set of textures, valid until the next frame.

    A frame that does not follow the one before it (the first, a seek, a step back) is a reset.
    """

    def __init__(self, context: moderngl.Context, source: FrameSource) -> None:
        self.source = source
        size = source.render_size
        self._colour = context.texture(size, 4, dtype="f2")
        self._depth = context.texture(size, 1, dtype="f4")
        self._motion = context.texture(size, 2, dtype="f2")
        for texture in (self._colour, self._depth, self._motion):
            texture.repeat_x = texture.repeat_y = False
        self._last: int | None = None

    def frame(self, index: int) -> FrameInputs:
        recorded = self.source.read(index)
        self._colour.write(recorded.colour.tobytes())
        self._depth.write(recorded.depth.tobytes())
        self._motion.write(recorded.motion.astype(np.float16).tobytes())
        reset = self._last is None or index != self._last + 1
        self._last = index
        return FrameInputs(
            colour=self._colour,
            depth=self._depth,
            motion=self._motion,
            reactive=None,
            jitter=recorded.jitter,
            exposure=recorded.exposure,
            camera=recorded.camera,
            frame_index=index,
            time=recorded.time,
            reset=reset,
            display_size=self.source.display_size,
        )

    def release(self) -> None:
        for texture in (self._colour, self._depth, self._motion):
            texture.release()
