"""Which frames of a run get pictures in its report: some spread over it, and the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from app.commands.figures import Figures
from app.commands.headless import FrameResult
from app.commands.report_page import Shot, shots_for
from app.conventions import Size
from app.measure.image_metrics import display_image, flip_map

_BUILDING_UP = 8
"""Frames from the start on, and at most half the run, that cannot be the worst: history is young there."""
_JUDGED_BY = ("neural", "taau", "lanczos", "bilinear", "nearest")


class Shots:
    """Takes the frames in order, after `figures` has; keeps those that will be shown and the worst so far."""

    def __init__(self, methods: Sequence[str], frames: int, size: Size, labels: Mapping[str, str]) -> None:
        count = shots_for(frames, size)
        spread = max(1, count - 1)  # one is left for the worst
        self.spread = frozenset(round((i + 1) * frames / (spread + 1)) for i in range(spread)) if frames > 1 else {0}
        self._judged = next((name for name in _JUDGED_BY if name in methods), None)
        self._from = min(_BUILDING_UP, frames // 2)
        self._labels = labels
        self._kept: dict[int, FrameResult] = {}
        self._worst: tuple[float, FrameResult] | None = None

    def add(self, frame: FrameResult, figures: Figures) -> None:
        if frame.index in self.spread:
            self._kept[frame.index] = frame
        value = figures.latest(self._judged, "psnr") if self._judged and "reference" in frame.linear else None
        if value is not None and frame.index >= self._from and (self._worst is None or value < self._worst[0]):
            self._worst = value, frame

    def shots(self) -> list[Shot]:
        """In order of time. Takes half a second a picture at 640x360: FLIP is slow."""
        frames = {**self._kept, **({self._worst[1].index: self._worst[1]} if self._worst else {})}
        return [self._shot(frames[index]) for index in sorted(frames)]

    def _shot(self, frame: FrameResult) -> Shot:
        images = {name: display_image(linear, frame.exposure) for name, linear in frame.linear.items()}
        reference = images.get("reference")
        is_worst = self._worst is not None and frame.index == self._worst[1].index
        return Shot(
            frame.index + 1,
            {name: np.rint(image * 255.0).astype(np.uint8) for name, image in images.items()},
            {} if reference is None else _maps(images, reference),
            f"least PSNR of {self._labels[self._judged or '']}" if is_worst else "",
        )


def _maps(images: Mapping[str, np.ndarray], reference: np.ndarray) -> dict[str, np.ndarray]:
    return {name: flip_map(image, reference) for name, image in images.items() if name != "reference"}
