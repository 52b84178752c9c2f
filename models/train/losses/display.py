"""The space in which losses are taken: what a display shows, and a little beyond."""

from __future__ import annotations

import torch
from torch import Tensor

_TAIL = 0.1  # slope of the logarithmic tail above display white


def display(linear: Tensor, exposure: Tensor, tail: float | Tensor = _TAIL) -> Tensor:
    """Exposed colour through the sRGB curve, with a flat logarithmic tail above 1 instead of a clip, so that what
    is too bright still has a gradient. `linear` (B, 3, H, W), `exposure` (B,); `tail` is the slope of the tail."""
    colour = (linear * exposure.view(-1, 1, 1, 1)).clamp_min(0.0)
    inside = colour.clamp_max(1.0)
    curve = torch.where(inside <= 0.0031308, 12.92 * inside, 1.055 * inside.clamp_min(0.0031308).pow(1 / 2.4) - 0.055)
    return curve + tail * torch.log(colour.clamp_min(1.0))


def screen(linear: Tensor, exposure: Tensor) -> Tensor:
    """As `display`, clipped at white: what figures are taken of."""
    return display(linear, exposure, 0.0)


def display_pair(output: Tensor, reference: Tensor, exposure: Tensor, above_white: float) -> tuple[Tensor, Tensor]:
    """Both as `display`, with `above_white` as the tail's slope where the reference itself is beyond white: a screen
    clips there, and how far beyond is worth less than what is seen."""
    beyond = reference * exposure.view(-1, 1, 1, 1) > 1.0
    tail = torch.where(beyond, above_white, _TAIL)
    return display(output, exposure, tail), display(reference, exposure, tail)
