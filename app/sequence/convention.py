"""A correction of what a recording says of its motion and its jitter, applied to a source as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.conventions import Size
from app.sequence.source import FrameSource, RecordedFrame

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Convention:
    """How to turn recorded motion and jitter into ours; as it is made, it changes nothing.

    motion_swapped    x and y change places, before all else
    motion_rooted     the vectors' lengths are square roots of what they should be, in clip space, as Unreal 5 stores
                      velocity: v becomes v * |v| / 2 there, for each axis
    motion_scale      then x and y are multiplied
    motion_jittered   the vectors lead from jittered to jittered position: the jitter's change is taken out
    jitter_swapped, jitter_scale   as for motion
    """

    motion_swapped: bool = False
    motion_rooted: bool = False
    motion_scale: Pair = (1.0, 1.0)
    motion_jittered: bool = False
    jitter_swapped: bool = False
    jitter_scale: Pair = (1.0, 1.0)

    def motion(self, recorded: np.ndarray, size: Size) -> np.ndarray:
        """Vectors (..., 2) of a frame of `size`, less what `motion_jittered` asks for, which needs two frames."""
        vectors = recorded[..., ::-1] if self.motion_swapped else recorded
        if self.motion_rooted:
            vectors = vectors * np.abs(vectors) / np.asarray(size, np.float32)
        return vectors * np.asarray(self.motion_scale, np.float32)

    def jitter(self, recorded: Pair) -> Pair:
        x, y = recorded[::-1] if self.jitter_swapped else recorded
        return x * self.jitter_scale[0], y * self.jitter_scale[1]


AS_DECLARED = Convention()


class CorrectedSource:
    """A `FrameSource` whose motion and jitter are another's, corrected; everything else is passed through."""

    def __init__(self, source: FrameSource, convention: Convention, label: str = "") -> None:
        self.original = source
        self.convention = convention
        self.name = source.name
        self.fps = source.fps
        self.notes = (*source.notes, f"Corrected: {label or convention}.")
        self.render_size = source.render_size
        self.display_size = source.display_size
        self.reference_sizes = source.reference_sizes
        self._jitters: dict[int, Pair] = {}

    def __len__(self) -> int:
        return len(self.original)

    def read(self, index: int) -> RecordedFrame:
        frame = self.original.read(index)
        self._jitters[index] = frame.jitter
        convention = self.convention
        motion = convention.motion(frame.motion, self.render_size)
        jitter = convention.jitter(frame.jitter)
        if convention.motion_jittered and index and not frame.reset:
            before = convention.jitter(self._jitter(index - 1))
            motion = motion - np.array([jitter[0] - before[0], jitter[1] - before[1]], np.float32)
        return replace(frame, motion=np.ascontiguousarray(motion, np.float32), jitter=jitter)

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        return self.original.reference(index, display)

    def _jitter(self, index: int) -> Pair:
        """As recorded; a frame is read for it only where playing did not come by it."""
        if index not in self._jitters:
            self._jitters[index] = self.original.read(index).jitter
        return self._jitters[index]
