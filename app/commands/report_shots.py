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
        self._kept: dict[int, dict[str, np.ndarray]] = {}
        self._worst: tuple[float, int, dict[str, np.ndarray]] | None = None

    def add(self, frame: FrameResult, figures: Figures) -> None:
        if frame.index in self.spread:
            self._kept[frame.index] = _pictures(frame)
        value = figures.latest(self._judged, "psnr") if self._judged and "reference" in frame.linear else None
        if value is not None and frame.index >= self._from and (self._worst is None or value < self._worst[0]):
            self._worst = value, frame.index, self._kept.get(frame.index) or _pictures(frame)

    def shots(self) -> list[Shot]:
        """In order of time. Takes half a second a picture at 640x360: FLIP is slow."""
        found = dict(self._kept)
        if self._worst is not None:
            found[self._worst[1]] = self._worst[2]
        return [self._shot(index, found[index]) for index in sorted(found)]

    def _shot(self, index: int, pictures: Mapping[str, np.ndarray]) -> Shot:
        is_worst = self._worst is not None and index == self._worst[1]
        why = f"least PSNR of {self._labels[self._judged or '']}" if is_worst else ""
        return Shot(index + 1, pictures, _maps(pictures), why)


def _pictures(frame: FrameResult) -> dict[str, np.ndarray]:
    """Eight bits a channel: a frame of 3840x2160 by five methods takes 125 MB, and half a gigabyte as it is drawn."""
    shown = {name: display_image(linear, frame.exposure) for name, linear in frame.linear.items()}
    return {name: np.rint(image * 255.0).astype(np.uint8) for name, image in shown.items()}


def _maps(pictures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    images = {name: picture.astype(np.float32) / 255.0 for name, picture in pictures.items()}
    reference = images.pop("reference", None)
    return {} if reference is None else {name: flip_map(image, reference) for name, image in images.items()}
