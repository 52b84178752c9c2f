"""Times of the stages of a frame: render / exchange / pre / network / post / present, in milliseconds.

On a GPU the clock is a pair of timer queries; on a software renderer timer queries are meaningless, so the clock
is the CPU's, stopped after glFinish, and every figure says so (`software`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

STAGES = ("render", "exchange", "pre", "network", "post", "present")


class StageClock(Protocol):
    software: bool

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Times the GL work issued inside; `name` is one of STAGES. Several spans of one name add up."""
        ...

    def add(self, name: str, milliseconds: float) -> None:
        """For work that was timed elsewhere (an inference request's own clock)."""
        ...

    def take(self) -> dict[str, float]:
        """Milliseconds per stage since the last call; empty while a GPU has not answered yet."""
        ...
