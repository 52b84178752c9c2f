"""What the overlay and `bench` print about time: percentiles and the 1 % low over a stated window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from app.measure.stages import STAGES


@dataclass(frozen=True, slots=True)
class FrameSummary:
    """Milliseconds, except `low_fps`: the mean of the slowest 1 % of frames (at least one), as frames a second.
    `stages` holds the median of each stage that was seen. Every figure is NaN while `count` is 0."""

    count: int
    p50: float = math.nan
    p95: float = math.nan
    p99: float = math.nan
    low_fps: float = math.nan
    stages: dict[str, float] = field(default_factory=dict)


class FrameTimes:
    """The last `window` frames in a ring, the first `warm_up` after a `restart` dropped."""

    def __init__(self, window: int = 240, warm_up: int = 10) -> None:
        assert window > 0
        assert warm_up >= 0
        self.window = window
        self.warm_up = warm_up
        self._frames = np.full(window, np.nan)
        self._stages = {name: np.full(window, np.nan) for name in STAGES}
        self._seen = 0

    def restart(self) -> None:
        """Forgets everything; the next `warm_up` frames are dropped again."""
        self._frames.fill(np.nan)
        for values in self._stages.values():
            values.fill(np.nan)
        self._seen = 0

    def add(self, frame_ms: float, stages: Mapping[str, float] | None = None) -> None:
        """One frame's time and, where they are known, its stages' (names of STAGES), in milliseconds."""
        self._seen += 1
        if self._seen <= self.warm_up:
            return
        slot = self._slot()
        self._frames[slot] = frame_ms
        for name, values in self._stages.items():
            values[slot] = (stages or {}).get(name, np.nan)

    @property
    def count(self) -> int:
        """Frames that the figures rest on."""
        return min(max(self._seen - self.warm_up, 0), self.window)

    def series(self) -> np.ndarray:
        """Frame times in ms, oldest first, (count,) float64: what a graph draws."""
        if self.count < self.window:
            return self._frames[: self.count].copy()
        return np.roll(self._frames, -(self._slot() + 1))

    def summary(self) -> FrameSummary:
        frames = self.series()
        if not frames.size:
            return FrameSummary(0)
        p50, p95, p99 = np.percentile(frames, (50, 95, 99))
        slowest = np.sort(frames)[-max(1, math.ceil(frames.size * 0.01)) :]
        stages = {
            name: float(np.nanmedian(values)) for name, values in self._stages.items() if not np.isnan(values).all()
        }
        mean_slowest = float(slowest.mean())
        low_fps = 1000.0 / mean_slowest if mean_slowest > 0 else math.inf
        return FrameSummary(frames.size, float(p50), float(p95), float(p99), low_fps, stages)

    def _slot(self) -> int:
        return (self._seen - self.warm_up - 1) % self.window
