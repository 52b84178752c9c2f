"""Ctrl+C and SIGTERM while training: the episode in hand is finished, so that its checkpoint resumes exactly."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from models.train.watch import say

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While it is entered, the first signal is noted in `asked`; the second one does what it always did. Does nothing
    outside the main thread, which alone hears of signals."""

    def __init__(self) -> None:
        self.asked = False
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
        self.asked = True
        signal.signal(number, self._before[number])
        say("stopping after this episode, with a checkpoint; once more stops at once")
