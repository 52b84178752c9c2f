"""Work away from the GUI thread, with its outcome delivered back to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal


class Background(QObject):
    """One worker thread. `done` and `failed` are called in the GUI thread, in the order of the work."""

    _finished = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supersee-background")
        self._closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[Exception], None]
    ) -> None:
        """Runs `work` in the worker, then `done(result)` or `failed(error)` in the GUI thread."""
        if not self._closed:
            self._pool.submit(self._work, work, done, failed)

    def close(self) -> None:
        """Waits for the work in hand; what is still queued is dropped, and nothing is delivered any more."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[Exception], None]) -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  the thread's boundary: it must not die in silence
            self._finished.emit(failed, error, None)
        else:
            self._finished.emit(done, result, None)

    def _deliver(self, callback: Callable[[Any], None], value: object, _unused: object) -> None:
        if not self._closed:
            callback(value)
