"""The two clocks of `StageClock`: glFinish and the CPU's clock for software GL, timer queries for a GPU."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import moderngl

from app.measure.stages import STAGES, StageClock
from app.render.gl_context import is_software

_FRAMES_IN_FLIGHT = 4
"""A GPU's answer is read this many `take` calls late: by then the driver has it and reading does not stall."""


def make_clock(context: moderngl.Context) -> StageClock:
    """The clock that means something on this context's renderer. One clock times one sequence of frames: give
    every pane its own."""
    return SoftwareClock(context) if is_software(context) else QueryClock(context)


class SoftwareClock:
    """Times with perf_counter between two glFinish calls: right where the CPU draws, where `finish` costs nothing
    that the frame would not have cost anyway."""

    software = True

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._milliseconds: dict[str, float] = {}
        self._open = False

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        assert not self._open, "stages do not nest"
        self._context.finish()  # work issued earlier belongs to an earlier stage
        self._open = True
        begun = time.perf_counter()
        try:
            yield
            self._context.finish()
        finally:
            self._open = False
            self.add(name, (time.perf_counter() - begun) * 1e3)

    def add(self, name: str, milliseconds: float) -> None:
        assert name in STAGES, name
        self._milliseconds[name] = self._milliseconds.get(name, 0.0) + milliseconds

    def take(self) -> dict[str, float]:
        taken, self._milliseconds = self._milliseconds, {}
        return taken


class QueryClock:
    """Times with GL_TIME_ELAPSED queries, kept in a pool, read `_FRAMES_IN_FLIGHT` frames late.

    `take` closes the current frame and answers with the one that is old enough, or with {}.
    """

    software = False

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._free: list[moderngl.Query] = []
        self._spans: list[tuple[str, moderngl.Query]] = []
        self._added: dict[str, float] = {}
        self._closed: deque[tuple[list[tuple[str, moderngl.Query]], dict[str, float]]] = deque()
        self._open = False

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        assert name in STAGES, name
        assert not self._open, "stages do not nest"
        query = self._free.pop() if self._free else self._context.query(time=True)
        self._open = True
        try:
            with query:
                yield
        finally:
            self._open = False
            self._spans.append((name, query))

    def add(self, name: str, milliseconds: float) -> None:
        assert name in STAGES, name
        self._added[name] = self._added.get(name, 0.0) + milliseconds

    def take(self) -> dict[str, float]:
        self._closed.append((self._spans, self._added))
        self._spans, self._added = [], {}
        if len(self._closed) <= _FRAMES_IN_FLIGHT:
            return {}
        spans, milliseconds = self._closed.popleft()
        for name, query in spans:
            milliseconds[name] = milliseconds.get(name, 0.0) + query.elapsed * 1e-6
            self._free.append(query)
        return milliseconds
