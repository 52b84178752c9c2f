"""The space in which losses are taken: what a display shows, and a little beyond."""

from __future__ import annotations

import torch
from torch import Tensor

_TAIL = 0.1  # slope of the logarithmic tail above display white


def display(linear: Tensor, exposure: Tensor) -> Tensor:
    """Exposed colour through the sRGB curve, with a flat logarithmic tail above 1 instead of a clip, so that what
    is too bright still has a gradient. `linear` (B, 3, H, W), `exposure` (B,)."""
    colour = (linear * exposure.view(-1, 1, 1, 1)).clamp_min(0.0)
    inside = colour.clamp_max(1.0)
    curve = torch.where(inside <= 0.0031308, 12.92 * inside, 1.055 * inside.clamp_min(0.0031308).pow(1 / 2.4) - 0.055)
    return curve + _TAIL * torch.log(colour.clamp_min(1.0))
