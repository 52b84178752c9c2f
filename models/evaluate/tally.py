"""The figures of one sequence, frame by frame, whoever made its pictures: one warm-up rule, one set of metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import SuperseeError
from app.measure.image_metrics import display_image, flicker, flip, psnr, ssim, tpsnr

WARM_UP = 5
"""Frames at the start that do not count: temporal methods need history. Frames after a later cut do count."""
FLIP_FRAMES = 6
"""FLIP costs ten times what the other figures cost together: it is taken of this many frames of a sequence."""
OnFrame = Callable[[int, np.ndarray, np.ndarray], None]
"""Sees (frame index, output, reference) of every frame, as display images (H, W, 3) in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over frames: PSNR and tPSNR in dB, SSIM, FLIP, flicker in 8-bit levels; see app.measure.image_metrics.

    `flip` is None where it was not taken, `tpsnr` and `flicker` where no frame follows another of the same shot.
    """

    psnr: float
    ssim: float
    flip: float | None
    tpsnr: float | None
    flicker: float | None
    frames: int


def check_length(frames: int, sequence: object) -> None:
    """Raises SuperseeError where the warm-up would leave nothing of `sequence`, a name or a path, to score."""
    if frames <= WARM_UP:
        raise SuperseeError(
            f"{sequence} cannot be scored",
            f"its {frames} frames are all warm-up" if frames else "it has no frames",
            f"Give it more than {WARM_UP} frames: the first {WARM_UP} do not count.",
        )


class Tally:
    """Takes every frame of a sequence in order and answers with their means. Raises SuperseeError for a sequence that
    is all warm-up.

    frames       how many frames there will be
    flip_frames  of how many of them FLIP is taken: spread evenly over those that count, the last one included
    """

    def __init__(self, frames: int, flip_frames: int = FLIP_FRAMES) -> None:
        check_length(frames, "A sequence")
        counted = np.linspace(frames - 1, WARM_UP, min(flip_frames, frames - WARM_UP))
        self.flip_at = {round(float(index)) for index in counted}
        self._psnr: list[float] = []
        self._ssim: list[float] = []
        self._flip: list[float] = []
        self._tpsnr: list[float] = []
        self._flicker: list[float] = []
        self._previous: tuple[np.ndarray, np.ndarray] | None = None
        self._index = 0

    def add(
        self, linear: np.ndarray, reference: np.ndarray, motion: np.ndarray, *, exposure: float, reset: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """`linear` and `reference` (H, W, 3) scene-linear before exposure, `motion` (h, w, 2) LR pixels, current ->
        previous. Returns the two as display images."""
        output, wanted = display_image(linear, exposure), display_image(reference, exposure)
        if self._index >= WARM_UP:
            self._psnr.append(psnr(output, wanted))
            self._ssim.append(ssim(output, wanted))
            if self._index in self.flip_at:
                self._flip.append(flip(output, wanted))
            if self._previous is not None and not reset:
                before, wanted_before = self._previous
                self._tpsnr.append(tpsnr(before, output, wanted_before, wanted))
                self._flicker.append(flicker(before, output, wanted_before, wanted, motion))
        self._previous = output, wanted
        self._index += 1
        return output, wanted

    def scores(self) -> Scores:
        assert self._psnr, f"only {self._index} frames were added"
        return Scores(
            psnr=float(np.mean(self._psnr)),
            ssim=float(np.mean(self._ssim)),
            flip=_mean(self._flip),
            tpsnr=_mean(self._tpsnr),
            flicker=_mean(self._flicker),
            frames=len(self._psnr),
        )


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """Every sequence counts the same, whatever its length; None where one sequence has no such figure."""

    def mean(figure: str) -> float | None:
        values = [getattr(s, figure) for s in scores]
        return None if None in values else float(np.mean(values))

    return Scores(
        psnr=float(np.mean([s.psnr for s in scores])),
        ssim=float(np.mean([s.ssim for s in scores])),
        flip=mean("flip"),
        tpsnr=mean("tpsnr"),
        flicker=mean("flicker"),
        frames=sum(s.frames for s in scores),
    )


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
