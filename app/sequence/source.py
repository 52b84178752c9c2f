"""What a recorded sequence is, whoever wrote it, and how it is played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import moderngl
import numpy as np

from app.conventions import Size, checked_ratio
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
    time: float  # seconds, by the recorder's clock
    reactive: np.ndarray | None = None  # (h, w) uint8, 255: history may not be trusted at all
    reset: bool = False  # the first frame, and each one after a cut


class FrameSource(Protocol):
    """Frames by index from 0, in order of time. `read` and `reference` raise SuperseeError and may be called from any
    thread; nothing else of a source touches the disk once it is made.

    name             what people call it, usually the folder's name
    fps              frames a second
    notes            what was assumed, estimated or is missing, one sentence each: shown wherever the frames are
    render_size      of colour, depth and motion
    display_size     what it is meant to be upscaled to: of `reference` unless another size is asked for
    reference_sizes  the display sizes for which there are references; () where there are none
    """

    name: str
    fps: float
    notes: tuple[str, ...]
    render_size: Size
    display_size: Size
    reference_sizes: tuple[Size, ...]

    def __len__(self) -> int: ...

    def read(self, index: int) -> RecordedFrame: ...

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        """(height, width, 3) float16 at `display`, one of `reference_sizes` (default: `display_size`), scene-linear
        before exposure."""
        ...


def display_at(source: FrameSource, ratio: float) -> Size:
    """The display size for `ratio`: a reference's own where there is one, since sizes that do not divide evenly round.

    Raises SuperseeError for a ratio outside [1, 3].
    """
    width, height = source.render_size
    for size in (*source.reference_sizes, source.display_size):
        # A renderer rounds its own size up: the display is smaller than the product by less than a render pixel.
        if max(abs(size[0] - width * ratio), abs(size[1] - height * ratio)) < ratio:
            return size
    checked_ratio(ratio)
    return round(width * ratio), round(height * ratio)


class SequencePlayer:
    """Uploads a source's frames into one set of textures, valid until the next frame.

    A frame that does not follow the one before it (the first, a seek, a step back) is a reset, and so is a cut.
    """

    def __init__(self, context: moderngl.Context, source: FrameSource) -> None:
        self.source = source
        size = source.render_size
        self._colour = context.texture(size, 4, dtype="f2")
        self._depth = context.texture(size, 1, dtype="f4")
        self._motion = context.texture(size, 2, dtype="f2")
        self._reactive = context.texture(size, 1, dtype="f1")
        # As the live renderer's, so that a recording of it gives the same pictures.
        for texture in (self._depth, self._motion, self._reactive):
            texture.filter = moderngl.NEAREST, moderngl.NEAREST
        for texture in self._textures:
            texture.repeat_x = texture.repeat_y = False
        self._last: int | None = None

    def frame(self, index: int) -> FrameInputs:
        """Reads frame `index` and uploads it; raises the source's SuperseeError, and the next frame is then a reset."""
        last, self._last = self._last, None
        return self.upload(self.source.read(index), index, last is not None and index == last + 1)

    def upload(self, recorded: RecordedFrame, index: int, follows: bool) -> FrameInputs:
        """A frame that was read before; without `follows` it is a reset."""
        self._colour.write(recorded.colour.tobytes(), alignment=1)
        self._depth.write(recorded.depth.tobytes(), alignment=1)
        self._motion.write(recorded.motion.astype(np.float16).tobytes(), alignment=1)
        if recorded.reactive is not None:
            self._reactive.write(recorded.reactive.tobytes(), alignment=1)
        self._last = index
        return FrameInputs(
            colour=self._colour,
            depth=self._depth,
            motion=self._motion,
            reactive=None if recorded.reactive is None else self._reactive,
            jitter=recorded.jitter,
            exposure=recorded.exposure,
            camera=recorded.camera,
            frame_index=index,
            time=recorded.time,
            reset=recorded.reset or not follows,
            display_size=self.source.display_size,
        )

    def release(self) -> None:
        for texture in self._textures:
            texture.release()

    @property
    def _textures(self) -> tuple[moderngl.Texture, ...]:
        return self._colour, self._depth, self._motion, self._reactive
