"""Video files without motion vectors: motion is estimated, depth is flat. Times are the file's own time stamps."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.estimated_motion import NOTES, estimated_frame, require_opencv
from app.sequence.exr_header import LARGEST_SIDE
from app.sequence.images import from_srgb
from app.sequence.importing import DEFAULT_FPS, display_size, no_reference
from app.sequence.source import RecordedFrame
from app.sequence.video_frames import VideoFrames

SUFFIXES = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v")


def matches(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in SUFFIXES


class VideoSequence:
    """A `FrameSource` over a video file. Raises SuperseeError for a file without pictures that can be decoded."""

    def __init__(self, path: Path, ratio: float | None = None) -> None:
        require_opencv()
        self._frames = VideoFrames(path)
        self._lock = threading.Lock()
        self._last: tuple[int, np.ndarray] | None = None
        self.name = path.stem
        self.fps = self._frames.fps or DEFAULT_FPS
        self.render_size = self._frames.size
        if not all(0 < side <= LARGEST_SIDE for side in self.render_size):
            raise SuperseeError(
                f"{path} cannot be read", f"its pictures are {self.render_size}", "Convert it to a smaller size."
            )
        self.display_size = display_size(self.render_size, ratio)
        self.reference_sizes: tuple[Size, ...] = ()
        self.notes = (*NOTES, "Colour is taken as sRGB.", *self._frames.notes)

    def __len__(self) -> int:
        return len(self._frames.times)

    def read(self, index: int) -> RecordedFrame:
        with self._lock:  # one decoder
            previous = self._linear(index - 1) if index else None
            colour = self._linear(index)
        return estimated_frame(colour, previous, self._frames.times[index])

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        raise no_reference(self.name, display or self.display_size)

    def _linear(self, index: int) -> np.ndarray:
        """Keeps the last picture, which the next frame asks for as the one before it."""
        if self._last is None or self._last[0] != index:
            self._last = index, from_srgb(self._frames.decode(index))
        return self._last[1]
