"""Figures that people read: renewed a few times a second, not with every frame."""

from __future__ import annotations

import time

from app.measure.frame_times import FrameSummary, FrameTimes

RENEWED_AFTER = 0.3  # seconds
_EVERY_FRAME_UNTIL = 8
"""With fewer frames than this the figures still move too much to wait."""


class SteadyFigures:
    """The summary of a FrameTimes, kept for RENEWED_AFTER seconds; digits that change sixty times a second cannot be
    read, and medians of all stages are not free."""

    def __init__(self, times: FrameTimes) -> None:
        self._times = times
        self._summary: FrameSummary | None = None
        self._made = 0.0

    def summary(self) -> FrameSummary:
        now = time.perf_counter()
        old = self._summary
        if old is None or now - self._made > RENEWED_AFTER or self._times.count < _EVERY_FRAME_UNTIL:
            self._summary = old = self._times.summary()
            self._made = now
        return old
