"""One upscaler over one sequence of frames: mean figures against the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.conventions import Size
from app.measure.image_metrics import display_image, flicker, flip, psnr, ssim
from app.render.frame import FrameInputs
from app.upscale.upscaler import Upscaler

WARM_UP = 5
"""Frames at the start that do not count: temporal methods need history. Frames after a later cut do count."""


class Playable(Protocol):
    render_size: Size
    display_size: Size

    def __len__(self) -> int: ...

    def frame(self, index: int) -> FrameInputs: ...

    def reference(self, index: int) -> np.ndarray: ...

    def motion(self, index: int) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over frames: PSNR in dB, SSIM, FLIP, flicker in 8-bit levels; see app.measure.image_metrics."""

    psnr: float
    ssim: float
    flip: float
    flicker: float
    frames: int


def score(upscaler: Upscaler, played: Playable) -> Scores:
    upscaler.resize(played.render_size, played.display_size)
    upscaler.reset()
    figures: list[tuple[float, float, float]] = []
    flickers: list[float] = []
    previous: tuple[np.ndarray, np.ndarray] | None = None
    width, height = played.display_size
    for index in range(len(played)):
        frame = played.frame(index)
        texture = upscaler.upscale(frame)
        dtype = "f4" if texture.dtype == "f4" else "f2"
        linear = np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, -1)[..., :3]
        output = display_image(linear.astype(np.float32), frame.exposure)
        reference = display_image(played.reference(index), frame.exposure)
        if index >= WARM_UP:
            figures.append((psnr(output, reference), ssim(output, reference), flip(output, reference)))
            if previous is not None and not frame.reset:
                flickers.append(flicker(previous[0], output, previous[1], reference, played.motion(index)))
        previous = output, reference
    means = np.mean(figures, axis=0)
    mean_flicker = float(np.mean(flickers)) if flickers else 0.0
    return Scores(float(means[0]), float(means[1]), float(means[2]), mean_flicker, len(figures))
