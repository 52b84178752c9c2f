"""Errors pixel by pixel; `error` (B, 3, H, W) = output - reference in display space, answers (B,)."""

from __future__ import annotations

from torch import Tensor

_EPSILON = 1e-3  # where Charbonnier's loss turns from square to linear; a quarter of an 8-bit level


def mean_magnitude(error: Tensor) -> Tensor:
    return error.abs().mean(dim=(1, 2, 3))


def mean_square(error: Tensor) -> Tensor:
    return error.square().mean(dim=(1, 2, 3))


def charbonnier(error: Tensor) -> Tensor:
    """L1 with a smooth bottom (Charbonnier 1994, as LapSRN uses it), 0 for no error."""
    return ((error.square() + _EPSILON**2).sqrt() - _EPSILON).mean(dim=(1, 2, 3))
