"""Drives frames in slices from a timer, so that the event loop turns between them and never waits for inference."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import SuperseeError
from app.present.frame_stages import Pause
from app.window.canvas import Canvas

_SLICE_MS = 8.0
"""Slices are strung together until this much time has gone; then events get their turn."""
_WAIT_MS = 1
_IDLE_MS = 30


@dataclass(frozen=True, slots=True)
class _Work:
    steps: Generator[Pause, None, None]
    done: Callable[[], None]
    failed: Callable[[Exception], None]


class FrameLoop(QObject):
    """Asks `next_steps(elapsed seconds)` for a frame, runs it with the GL context current, and says `frame_done`.

    None means that there is nothing to draw now; it is asked again `_IDLE_MS` later, or at once after `wake`.
    """

    frame_done = Signal(float)  # milliseconds from the frame's first slice to its end
    failed = Signal(object)

    def __init__(
        self,
        canvas: Canvas,
        next_steps: Callable[[float], Iterator[Pause] | None],
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        """`hurry` is called where the frame in the making must end now: what takes long in it may be left out."""
        super().__init__(canvas)
        self._canvas = canvas
        self._next_steps = next_steps
        self._hurry = hurry
        self._steps: Iterator[Pause] | None = None
        self._work: _Work | None = None
        self._begun = 0.0
        self._last_begun: float | None = None
        self._running = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    @property
    def running(self) -> bool:
        return self._running

    @property
    def idle(self) -> bool:
        """No frame is in the making."""
        return self._steps is None and self._work is None

    def start(self) -> None:
        if not self._running:
            self._running = True
            self._last_begun = None
            self._timer.start(0)

    def stop(self) -> None:
        """Stops between two slices; `start` goes on with the same frame."""
        self._running = False
        self._timer.stop()

    def wake(self) -> None:
        """There may be something to draw now."""
        if self._running and self._steps is None:
            self._timer.start(0)

    def do(
        self, steps: Generator[Pause, None, None], done: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        """Runs other GL work in slices, before any further frame; it takes the place of such work still under way."""
        self.drop_work()
        self._work = _Work(steps, done, failed)
        if not self._timer.isActive():
            self._timer.start(0)

    def drop_work(self) -> None:
        """Abandons work that `do` began; the GL context must be current."""
        work, self._work = self._work, None
        if work is not None:
            work.steps.close()

    def finish_frame(self) -> None:
        """Runs the frame in the making to its end, now: before what it draws with goes away. Errors are dropped with
        it. The GL context must be current."""
        steps, self._steps = self._steps, None
        if steps is None:
            return
        self._hurry()
        try:
            for pause in steps:
                if pause is Pause.WAIT:
                    time.sleep(0.0005)
        except SuperseeError:
            pass

    def _tick(self) -> None:
        if self._work is not None:
            self._do_some(self._work)
            return
        if not self._running:
            return
        delay = 0
        try:
            if self._steps is None and not self._begin():
                self._timer.start(_IDLE_MS)
                return
            with self._canvas.current():
                delay = self._slices()
        except Exception as error:  # noqa: BLE001  the loop's boundary: shown, and the window lives
            self._steps = None
            self.failed.emit(error)
            delay = _IDLE_MS
        if self._running:
            self._timer.start(delay)

    def _do_some(self, work: _Work) -> None:
        outcome: Callable[[], None] | None = None
        try:
            with self._canvas.current():
                if next(work.steps, None) is None:
                    outcome = work.done
        except Exception as error:  # noqa: BLE001  handed to whoever gave the work
            failed = work.failed
            outcome = lambda error=error: failed(error)  # noqa: E731
        if outcome is not None and self._work is work:
            self._work = None
            outcome()
        if self._running or self._work is not None:
            self._timer.start(0)

    def _begin(self) -> bool:
        now = time.perf_counter()
        elapsed = 0.0 if self._last_begun is None else now - self._last_begun
        with self._canvas.current():
            self._steps = self._next_steps(elapsed)
        self._last_begun = self._begun = now
        return self._steps is not None

    def _slices(self) -> int:
        """Runs slices; the milliseconds until the next ones are wanted."""
        assert self._steps is not None, "a frame has begun"
        until = time.perf_counter() + _SLICE_MS * 1e-3
        for pause in self._steps:
            if pause is Pause.WAIT:
                return _WAIT_MS
            if time.perf_counter() > until:
                return 0
        self._steps = None
        self.frame_done.emit((time.perf_counter() - self._begun) * 1e3)
        return 0
