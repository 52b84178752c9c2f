"""A recording that is made up as it is read: a painted plane that sways, known at any point and at any size."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from app.conventions import Size, jitter_offset
from app.errors import SuperseeError
from app.sequence.cameras import still_camera
from app.sequence.importing import flat_depth
from app.sequence.source import RecordedFrame


class PaintedRecording:
    """`missing` frames cannot be read, `cuts` are resets. `reads` keeps what was asked for."""

    def __init__(
        self,
        frames: int = 12,
        size: Size = (32, 18),
        *,
        missing: Collection[int] = (),
        cuts: Collection[int] = (),
        references: bool = True,
        name: str = "painted",
    ) -> None:
        self.name, self.fps, self.notes = name, 30.0, ()
        self.render_size, self.display_size = size, (2 * size[0], 2 * size[1])
        self.reference_sizes: tuple[Size, ...] = (self.display_size,) if references else ()
        self.missing, self.cuts, self.frames = missing, cuts, frames
        self.reads: list[int] = []

    def __len__(self) -> int:
        return self.frames

    def read(self, index: int) -> RecordedFrame:
        self.reads.append(index)
        if index in self.missing:
            raise SuperseeError(f"The frame {index + 1:06}.exr is missing", "there is no such file")
        width, height = self.render_size
        jitter = jitter_offset(index, 2.0)
        colour = np.ones((height, width, 4), np.float16)
        colour[..., :3] = self._painted(index, self.render_size, jitter, 1.0)
        (x, y), (px, py) = sway(index), sway(max(index - 1, 0))
        motion = np.broadcast_to(np.array([px - x, py - y], np.float32), (height, width, 2)).copy()
        camera = still_camera(self.render_size)
        return RecordedFrame(
            colour, flat_depth(self.render_size, camera.near), motion, jitter, 1.0, camera, index / self.fps, None,
            index == 0 or index in self.cuts,
        )  # fmt: skip

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        assert (display or self.display_size) in self.reference_sizes
        return self._painted(index, self.display_size, (0.0, 0.0), 2.0).astype(np.float16)

    def _painted(self, index: int, size: Size, jitter: tuple[float, float], scale: float) -> np.ndarray:
        """Edges that LR pixels cannot carry, and another plane after each cut."""
        x, y = np.meshgrid(np.arange(size[0]) + 0.5 + jitter[0], np.arange(size[1]) + 0.5 + jitter[1])
        at, shift = sway(index), 40.0 * sum(cut <= index for cut in self.cuts)
        x, y = x / scale - at[0] + shift, y / scale - at[1]
        fine = 0.5 + 0.25 * np.sin(1.7 * x + 1.2 * np.sin(0.9 * y)) + 0.2 * np.sign(np.sin(0.9 * y + 0.4 * x))
        return np.stack([fine, 0.9 * fine, 1.0 - fine], -1)


def sway(index: int) -> tuple[float, float]:
    """Where the plane is, in LR pixels."""
    return 3.0 * math.sin(0.11 * index), 2.0 * math.cos(0.07 * index)
