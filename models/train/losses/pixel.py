"""Errors pixel by pixel; `error` (B, 3, H, W) = output - reference in display space, answers (B,)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_FLOOR = 1e-4  # 40 dB
_EPSILON = 1e-3  # where Charbonnier's loss turns from square to linear; a quarter of an 8-bit level


def mean_magnitude(error: Tensor) -> Tensor:
    return error.abs().mean(dim=(1, 2, 3))


def mean_square(error: Tensor) -> Tensor:
    return error.square().mean(dim=(1, 2, 3))


def decibels(square: Tensor) -> Tensor:
    """The mean squared error (B,) in decibels below display white: PSNR with its sign turned over, flat below
    _FLOOR, where a crop of sky would outweigh everything else."""
    return (10.0 / math.log(10.0)) * torch.log(square + _FLOOR)


def charbonnier(error: Tensor) -> Tensor:
    """L1 with a smooth bottom (Charbonnier 1994, as LapSRN uses it), 0 for no error."""
    return ((error.square() + _EPSILON**2).sqrt() - _EPSILON).mean(dim=(1, 2, 3))
