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
MEMORY_LIMIT = 3 << 29
"""Bytes that reading ahead takes for frames that are held and for those in the making: two in the making and 9 more of
1920x1080 with references at 3840x2160, 1 more of 3840x2160 themselves, 600 of 320x180 with references at twice it."""
_IN_THE_MAKING = 3
"""What a thread takes while it decodes a frame, beside the frame, in frames: the file's own form and what lies between
(measured at 3840x2160: 0.5 for our own format, 1.8 for Blender's layers, 2.9 for pictures with estimated motion)."""

_Key = tuple[int, Size | None]


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
        """What is held, what will be when all that was begun is there, and what making that takes."""
        return self._bytes_with([])

    def want(self, indices: Sequence[int], bare: Collection[int] = ()) -> None:
        """`bare`: those of them that are read without their reference."""
        keys = [self._key(index, index in bare) for index in indices]
        for key in [key for key in self._frames if key not in keys]:
            if self._frames[key].cancel():
                del self._frames[key]
        for place, key in enumerate(keys):
            if key in self._frames:
                continue
            if not self._make_room(self._expected_bytes(key[1]), keys) and place > 0:
                return  # the nearest one is read whatever it takes
            self._frames[key] = self._pool.submit(_read, self.source, *key)

    def ready(self, index: int, bare: bool = False) -> bool:
        future = self._frames.get(self._key(index, bare))
        return future is not None and future.done()

    def frame(self, index: int, bare: bool = False) -> ReadFrame:
        """Waits for it if it is not `ready`."""
        key = self._key(index, bare)
        if key not in self._frames:
            self.want([index], [index] if bare else [])
        return self._frames[key].result()

    def close(self) -> None:
        """The threads end with the frames they are at, which is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._frames.clear()

    def _key(self, index: int, bare: bool) -> _Key:
        """A frame that is there with its reference serves as a bare one too."""
        whole = index, self.display if self.display in self.source.reference_sizes else None
        return (index, None) if bare and whole not in self._frames else whole

    def _expected_bytes(self, display: Size | None) -> int:
        width, height = self.source.render_size
        reference = 6 * display[0] * display[1] if display is not None else 0
        return 21 * width * height + reference

    def _bytes_with(self, more: list[int]) -> int:
        """`more`: frames that are to be begun. As many as there are threads are in the making at once."""
        held, expected = 0, more
        for key, future in self._frames.items():
            if future.done():
                held += future.result().bytes
            else:
                expected = [*expected, self._expected_bytes(key[1])]
        return held + sum(expected) + _IN_THE_MAKING * sum(sorted(expected)[-_THREADS:])

    def _make_room(self, room: int, keep: Collection[_Key]) -> bool:
        for key in [key for key, future in self._frames.items() if key not in keep and future.done()]:
            if self._bytes_with([room]) <= self.memory:
                break
            del self._frames[key]
        return self._bytes_with([room]) <= self.memory


def _read(source: FrameSource, index: int, display: Size | None) -> ReadFrame:
    try:
        frame = source.read(index)
    except SuperseeError as error:
        return ReadFrame(None, missing=str(error))
    if display is None:
        return ReadFrame(frame)
    try:
        return ReadFrame(frame, source.reference(index, display))
    except SuperseeError as error:
        return ReadFrame(frame, missing=str(error))
