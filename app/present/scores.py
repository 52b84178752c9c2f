"""How good each frame of a recording is, by method: filled in as frames are shown, in any order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from app.measure.quality import QUALITY

METRICS = ("psnr", "flip")
"""Of QUALITY: those that are measured while frames play."""


class Scores:
    """One curve for each metric and `key` (a method as it draws now); NaN where a frame is not measured yet."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.changes = 0
        self._curves: dict[tuple[str, Hashable], np.ndarray] = {}

    def put(self, metric: str, key: Hashable, index: int, value: float) -> None:
        self._curve(metric, key)[index] = value
        self.changes += 1

    def curve(self, metric: str, key: Hashable) -> np.ndarray:
        """(frames,) float32; not to be written to."""
        return self._curves.get((metric, key), np.full(self.frames, np.nan, np.float32))

    def at(self, metric: str, key: Hashable, index: int) -> float | None:
        value = float(self.curve(metric, key)[index])
        return None if np.isnan(value) else value

    def worst(self, metric: str, key: Hashable, first: int, last: int) -> int | None:
        """The frame from `first` to `last` that is worst of those that are measured; None where none is."""
        part = self.curve(metric, key)[first : last + 1]
        if np.isnan(part).all():
            return None
        return first + int(np.nanargmin(part) if QUALITY[metric].higher_is_better else np.nanargmax(part))

    def measured(self, metric: str, keys: Sequence[Hashable], first: int, last: int) -> int:
        """Frames from `first` to `last` that are measured for every key."""
        if not keys:
            return 0
        there = [~np.isnan(self.curve(metric, key)[first : last + 1]) for key in keys]
        return int(np.logical_and.reduce(there).sum())

    def _curve(self, metric: str, key: Hashable) -> np.ndarray:
        assert metric in METRICS, metric
        return self._curves.setdefault((metric, key), np.full(self.frames, np.nan, np.float32))
