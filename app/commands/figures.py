"""The figures of a run: every method against the reference, frame by frame, and what each stage cost."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from app.commands.headless import FrameResult
from app.measure.image_metrics import display_image, flicker, flip, psnr, ssim, tpsnr
from app.measure.quality import QUALITY
from app.measure.stages import STAGES

FLIP_FRAMES = 12
"""FLIP costs half a second an image at 640x360, ten times what the other figures cost together."""
WARM_UP = 3
"""Frames whose times are dropped: they allocate, compile and fill caches."""


class Figures:
    """Takes frames in order; `methods` are those to be scored. tPSNR and flicker need two frames of one shot: they
    are left out of a frame that starts a new one."""

    def __init__(self, methods: Sequence[str], frames: int = 1) -> None:
        """`frames`: how many there will be; FLIP is taken of about FLIP_FRAMES of them, the last one included."""
        self._last, self._flip_step = frames - 1, max(1, frames // FLIP_FRAMES)
        self._methods = tuple(name for name in methods if name != "reference")
        self._series: dict[str, dict[str, list[float | None]]] = {
            name: {figure: [] for figure in QUALITY} for name in self._methods
        }
        self._stages: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
        self._previous: dict[str, np.ndarray] = {}

    def add(self, frame: FrameResult) -> None:
        for name, stages in frame.stage_ms.items():
            if name in self._stages and stages:
                self._stages[name].append(dict(stages))
        if "reference" not in frame.linear:  # a frame of a recording that is missing, or whose reference is
            for series in self._series.values():
                for values in series.values():
                    values.append(None)
            return
        shown = {name: display_image(linear, frame.exposure) for name, linear in frame.linear.items()}
        reference = shown["reference"]
        takes_flip = (self._last - frame.index) % self._flip_step == 0
        follows = bool(self._previous) and not frame.reset
        for name in self._methods:
            series, image = self._series[name], shown[name]
            series["psnr"].append(psnr(image, reference))
            series["ssim"].append(ssim(image, reference) if min(image.shape[:2]) >= 11 else None)
            series["flip"].append(flip(image, reference) if takes_flip else None)
            before = (self._previous[name], image, self._previous["reference"], reference) if follows else None
            series["tpsnr"].append(tpsnr(*before) if before else None)
            series["flicker"].append(flicker(*before, frame.motion) if before else None)
        self._previous = shown

    def latest(self, name: str, figure: str) -> float | None:
        """Of the frame that was added last."""
        values = self._series[name][figure]
        return values[-1] if values else None

    def method(self, name: str) -> dict[str, object]:
        """The method's entry in report.json: means over frames, medians of stages; None where nothing was measured."""
        series = self._series.get(name, {figure: [] for figure in QUALITY})
        return {
            **{figure: _mean(values) for figure, values in series.items()},
            "stage_ms": median_stages(self._stages.get(name, [])),
            "frames": {figure: [_rounded(value) for value in values] for figure, values in series.items()},
        }


def median_stages(frames: Sequence[Mapping[str, float]], warm_up: int = WARM_UP) -> dict[str, float]:
    """Median milliseconds of each stage that was seen, and "total", their sum; warm-up frames are dropped where
    frames are left after it."""
    kept = frames[warm_up:] if len(frames) > 2 * warm_up else frames
    medians = {
        stage: statistics.median(frame.get(stage, 0.0) for frame in kept)
        for stage in STAGES
        if any(stage in frame for frame in kept)
    }
    rounded = {stage: round(value, 3) for stage, value in medians.items()}
    return {**rounded, "total": round(sum(medians.values()), 3)} if rounded else {}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.fmean(known), 4) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
