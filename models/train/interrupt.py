"""Ctrl+C and SIGTERM while training: the episode in hand is finished, so that its checkpoint resumes exactly."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

from models.train.watch import say

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


_ONE_WISH_SECONDS = 2.0
"""torchrun hands on the Ctrl+C that its processes have heard themselves."""


class Interrupt:
    """While it is entered, the first signal is noted in `asked`; one that comes later does what it always did. Does
    nothing outside the main thread, which alone hears of signals."""

    def __init__(self) -> None:
        self.asked = False
        self._asked_at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if not self._asked_at:
            self.asked, self._asked_at = True, time.monotonic()
            say("stopping after this episode, with a checkpoint; once more stops at once")
        elif time.monotonic() - self._asked_at > _ONE_WISH_SECONDS:
            signal.signal(number, self._before[number])
            signal.raise_signal(number)
