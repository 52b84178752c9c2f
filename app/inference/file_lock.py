"""A lock between programs: held on an open file, so that it goes with whoever held it, however that ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import SuperseeError

_POLL_SECONDS = 0.05


@contextmanager
def locked(path: Path, timeout: float, cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Holds the lock `path` (a file that is made and left behind), between threads as well as programs. Raises
    SuperseeError where another holds it for longer than `timeout` seconds, or on `cancelled`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SuperseeError(f"{path} cannot be locked", error.strerror or str(error), "Free some space.") from error
    try:
        end = time.monotonic() + timeout
        while not _try_lock(descriptor):
            if cancelled():
                raise SuperseeError(f"Waiting for {path.name} was given up", "it was cancelled")
            if time.monotonic() > end:
                raise SuperseeError(
                    f"Another Supersee holds {path.name} for more than {timeout:.0f} seconds",
                    "it builds the same engine, or hangs",
                    "Try again once it is done, or close it.",
                )
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


if os.name == "nt":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
