"""Where the error of a kernel-predicting network lies: by how many frames each pixel's surface has been in sight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from app.inference.channels import MIN_DEPTH
from models.data.clip import Clip
from models.data.crops import to_batch
from models.evaluate.tally import WARM_UP, check_length
from models.network.model import KernelModel
from models.temporal import Frame, State
from models.temporal.memory import seen_before
from models.temporal.prepass import on_screen, sample_positions
from models.temporal.sampling import bilinear
from models.train.losses import screen
from models.train.rollout import frame_of

FIRST_FRAMES = (0, 1, 2, 4, 8, 16)
"""Where each range of ages begins, in frames before this one in which the surface was seen."""


@dataclass(frozen=True, slots=True)
class AgeErrors:
    """squares  sum of squared errors of display images (mean over the channels), one for each of FIRST_FRAMES
    pixels   how many display pixels that is, over the frames that count
    """

    squares: np.ndarray
    pixels: np.ndarray

    @property
    def rows(self) -> list[list[str]]:
        """Age in frames, share of the pixels and of the squared error in percent, PSNR in dB."""
        ends = [f"to {end - 1}" if end - 1 > first else "" for first, end in pairwise(FIRST_FRAMES)]
        names = [f"{first} {end}".strip() for first, end in zip(FIRST_FRAMES, [*ends, "or more"])]
        return [
            [name, f"{100 * n / self.pixels.sum():.1f}", f"{100 * e / self.squares.sum():.1f}", _decibels(e, n)]
            for name, e, n in zip(names, self.squares, self.pixels)
        ]


def sum_ages(errors: Iterable[AgeErrors]) -> AgeErrors:
    parts = list(errors)
    return AgeErrors(np.sum([p.squares for p in parts], 0), np.sum([p.pixels for p in parts], 0))


@torch.no_grad()
def clip_ages(model: KernelModel, clip: Clip) -> AgeErrors:
    """Raises SuperseeError for a clip that is all warm-up."""
    check_length(clip.frames, "A clip")
    model.network.eval()
    batch = to_batch([clip])
    squares, pixels = np.zeros(len(FIRST_FRAMES)), np.zeros(len(FIRST_FRAMES), np.int64)
    state = model.initial(frame_of(batch, 0))
    age = torch.zeros_like(batch.depth[0])
    for index in range(batch.frames):
        frame = frame_of(batch, index)
        age = _aged(age, frame, state)
        output, state = model.step(frame, state)
        if index < WARM_UP:
            continue
        error = screen(output, frame.exposure) - screen(batch.reference[index], frame.exposure)
        square = error.square().mean(1).flatten().double().numpy()
        ages = F.interpolate(age, error.shape[-2:], mode="nearest").round().flatten().numpy()
        which = np.digitize(ages, FIRST_FRAMES) - 1
        squares += np.bincount(which, square, len(FIRST_FRAMES))
        pixels += np.bincount(which, minlength=len(FIRST_FRAMES))
    return AgeErrors(squares, pixels)


def _aged(age: Tensor, frame: Frame, state: State) -> Tensor:
    """(B, 1, h, w): one more than where the pixel's own motion comes from, 0 where it was not seen there."""
    position = sample_positions(frame) + frame.motion
    at_samples = position - state.jitter.view(-1, 2, 1, 1)  # the pixel centres of the frame before
    before = seen_before(state.memory, at_samples - 0.5, frame.expected.clamp_min(MIN_DEPTH), frame.motion)
    seen = before.visible * on_screen(frame, position) > 0.5
    return torch.where(seen, bilinear(age, at_samples) + 1.0, 0.0)


def _decibels(squares: float, pixels: int) -> str:
    return f"{-10.0 * np.log10(squares / pixels):.2f}" if pixels and squares else "–"
