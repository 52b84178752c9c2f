"""Our own sequence format, read: a folder with sequence.json and one EXR per frame and layer group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.render.frame import CameraView
from app.sequence.exr import all_finite, read_pixels
from app.sequence.folder import inside
from app.sequence.native_meta import (
    CHANNELS,
    COLOUR,
    DEPTH,
    FILE_NAME,
    MOTION,
    REACTIVE,
    REFERENCE_CHANNELS,
    FrameMeta,
    read_meta,
)
from app.sequence.source import RecordedFrame, display_at


def matches(path: Path) -> bool:
    return (path / FILE_NAME).is_file()


class NativeSequence:
    """A `FrameSource`. Raises SuperseeError when sequence.json is missing or wrong; frames are checked as they are
    read, so that a damaged one costs that frame only."""

    def __init__(self, folder: Path | str, ratio: float | None = None) -> None:
        """`ratio`: of display to render size, where it is another than the sequence's own."""
        self.folder = Path(folder)
        self.meta = read_meta(self.folder / FILE_NAME)
        self.name, self.fps, self.notes = self.meta.name, self.meta.fps, self.meta.notes
        self.render_size: Size = self.meta.render_size
        self._references = {reference.size: reference for reference in self.meta.references}
        self.reference_sizes: tuple[Size, ...] = tuple(self._references)
        self.display_size: Size = self.meta.display_size
        if ratio is not None:
            self.display_size = display_at(self, ratio)

    def __len__(self) -> int:
        return len(self.meta.frames)

    def read(self, index: int) -> RecordedFrame:
        frame = self._frame(index)
        colour = self._layer(COLOUR, frame, np.float16)
        depth = self._layer(DEPTH, frame, np.float32)[..., 0]
        motion = self._layer(MOTION, frame, np.float16)
        return RecordedFrame(
            colour=colour,
            depth=np.ascontiguousarray(depth),
            motion=motion.astype(np.float32),
            jitter=frame.jitter,
            exposure=frame.exposure,
            camera=self._camera(index),
            time=frame.time,
            reactive=self._reactive(frame) if self.meta.reactive else None,
            reset=frame.cut,
        )

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        size = display or self.display_size
        if size not in self._references:
            raise SuperseeError(
                f"{self.folder} has no reference at {size[0]}x{size[1]}",
                "it was recorded without one" if not self._references else "it was recorded at another ratio",
                "Record it again with --reference 64.",
            )
        return self._pixels(self._references[size].folder, self._frame(index), REFERENCE_CHANNELS, size, np.float16)

    def _frame(self, index: int) -> FrameMeta:
        assert 0 <= index < len(self), index
        return self.meta.frames[index]

    def _camera(self, index: int) -> CameraView:
        frame = self._frame(index)
        previous = frame if frame.cut or index == 0 else self._frame(index - 1)
        return CameraView(frame.view, frame.projection, previous.view, previous.projection, frame.near)

    def _layer(self, layer: str, frame: FrameMeta, dtype: type[np.floating]) -> np.ndarray:
        return self._pixels(layer, frame, CHANNELS[layer], self.render_size, dtype)

    def _reactive(self, frame: FrameMeta) -> np.ndarray:
        mask = self._layer(REACTIVE, frame, np.float16)[..., 0].astype(np.float32)
        return np.rint(np.clip(mask, 0.0, 1.0) * 255.0).astype(np.uint8)

    def _pixels(
        self, folder: str, frame: FrameMeta, channels: Sequence[str], size: Size, dtype: type[np.floating]
    ) -> np.ndarray:
        """(height, width, channels), contiguous, in `dtype`: that of the file unless another program wrote it."""
        path = inside(self.folder, self.folder / folder / frame.file)
        found = read_pixels(path, channels, size)
        with np.errstate(over="ignore"):
            pixels = found.astype(dtype, copy=False)
        if pixels is not found and not all_finite(pixels):
            raise SuperseeError(f"{path} cannot be used", "it holds values beyond the range of half floats")
        return pixels
