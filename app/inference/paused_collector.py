"""Keeping the garbage collector away while TensorRT works.

TensorRT calls our logger while it holds a lock of its own. A collection that begins there, or in another thread
meanwhile, may free an older TensorRT object, whose destructor waits for that lock: the process stands still for good.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_was_enabled = True


@contextmanager
def paused_collector() -> Iterator[None]:
    """No cycles are collected, in any thread, until the last of those who asked for it is done."""
    global _pauses, _was_enabled
    with _lock:
        if _pauses == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                gc.enable()
