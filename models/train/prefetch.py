"""Batches read ahead in threads, in order, so that training does not wait for the disk, and how long it does."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from models.data.crops import Batch
from models.train.config import StageConfig

Plan = tuple[int, StageConfig]
"""An episode and the stage it belongs to."""


class Prefetch:
    """Hands out the batches of `plans`, one after the other, and reads `threads` of them ahead."""

    def __init__(self, load: Callable[[int, StageConfig], Batch], plans: Iterator[Plan], threads: int) -> None:
        self._load = load
        self._plans = plans
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="crops")
        self._ahead: deque[Future[Batch]] = deque()
        self._threads = threads

    def next(self) -> tuple[Batch, float]:
        """The next batch, and the seconds that were spent waiting for it."""
        self._fill()
        begun = time.perf_counter()
        batch = self._ahead.popleft().result()
        waited = time.perf_counter() - begun
        self._fill()
        return batch, waited

    def _fill(self) -> None:
        while len(self._ahead) < self._threads and (plan := next(self._plans, None)) is not None:
            self._ahead.append(self._pool.submit(self._load, *plan))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
