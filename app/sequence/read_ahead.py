"""Frames decoded ahead of the one that is shown, in threads of their own, within a limit of memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.source import FrameSource, RecordedFrame

_THREADS = 2
MEMORY_LIMIT = 512 << 20
"""Bytes of decoded frames: 5 of 1920x1080 with references at 3840x2160, 170 of 320x180 with references at twice it."""

_Key = tuple[int, Size]


@dataclass(frozen=True, slots=True, eq=False)
class ReadFrame:
    """A frame as far as it could be read. `frame` is None where it is damaged or missing, `reference` where there is
    none at the size asked for; `missing` says, in one line, what should be there and is not."""

    frame: RecordedFrame | None
    reference: np.ndarray | None = None
    missing: str = ""

    @property
    def bytes(self) -> int:
        found = (self.frame.colour, self.frame.depth, self.frame.motion, self.frame.reactive) if self.frame else ()
        return sum(array.nbytes for array in (*found, self.reference) if array is not None)


class ReadAhead:
    """`want` says which frames come next, nearest first, and never waits; what is not among them is dropped when room
    is needed. `display` is the size of the references that are read along. For one calling thread."""

    def __init__(self, source: FrameSource, memory: int = MEMORY_LIMIT) -> None:
        self.source = source
        self.memory = memory
        self.display: Size = source.display_size
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="frame reader")
        self._frames: dict[_Key, Future[ReadFrame]] = {}

    @property
    def bytes(self) -> int:
        """What is held, and what will be when all that was begun is there."""
        return sum(
            future.result().bytes if future.done() else self._expected_bytes(key[1])
            for key, future in self._frames.items()
        )

    def want(self, indices: Sequence[int]) -> None:
        keys = [(index, self.display) for index in indices]
        for key in [key for key in self._frames if key not in keys]:
            if self._frames[key].cancel():
                del self._frames[key]
        for place, key in enumerate(keys):
            if key in self._frames:
                continue
            if not self._make_room(self._expected_bytes(self.display), keys) and place > 0:
                return  # the nearest one is read whatever it takes
            self._frames[key] = self._pool.submit(_read, self.source, *key)

    def ready(self, index: int) -> bool:
        future = self._frames.get((index, self.display))
        return future is not None and future.done()

    def frame(self, index: int) -> ReadFrame:
        """Waits for it if it is not `ready`."""
        key = index, self.display
        if key not in self._frames:
            self.want([index])
        return self._frames[key].result()

    def close(self) -> None:
        """The threads end with the frames they are at, which is waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._frames.clear()

    def _expected_bytes(self, display: Size) -> int:
        width, height = self.source.render_size
        reference = 6 * display[0] * display[1] if display in self.source.reference_sizes else 0
        return 21 * width * height + reference

    def _make_room(self, room: int, keep: Collection[_Key]) -> bool:
        for key in [key for key, future in self._frames.items() if key not in keep and future.done()]:
            if self.bytes + room <= self.memory:
                break
            del self._frames[key]
        return self.bytes + room <= self.memory


def _read(source: FrameSource, index: int, display: Size) -> ReadFrame:
    try:
        frame = source.read(index)
    except SuperseeError as error:
        return ReadFrame(None, missing=str(error))
    if display not in source.reference_sizes:
        return ReadFrame(frame)
    try:
        return ReadFrame(frame, source.reference(index, display))
    except SuperseeError as error:
        return ReadFrame(frame, missing=str(error))
