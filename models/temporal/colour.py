"""Colour spaces of the temporal passes, as in shaders/common/colour.glsl. Images are (..., 3, h, w)."""

from __future__ import annotations

import torch
from torch import Tensor

from app.conventions import ACCUMULATION_KNEE, FEATURE_KNEE, LUMA


def _peak(colour: Tensor) -> Tensor:
    return colour.amax(-3, keepdim=True).clamp_min(0.0)


def compress(colour: Tensor, knee: float = ACCUMULATION_KNEE) -> Tensor:
    return colour / (1.0 + knee * _peak(colour))


def expand(colour: Tensor, knee: float = ACCUMULATION_KNEE) -> Tensor:
    return colour / (1.0 - knee * _peak(colour)).clamp_min(1e-4)


def re_expose(history: Tensor, ratio: Tensor) -> Tensor:
    """Accumulation-space colour under an exposure `ratio` times as large: expand, scale, compress in one step."""
    return history * ratio / (1.0 + ACCUMULATION_KNEE * (ratio - 1.0) * _peak(history))


def to_feature(history: Tensor, ratio: Tensor | float = 1.0) -> Tensor:
    """Accumulation space to feature space under an exposure `ratio` times as large, in one step."""
    return history * ratio / (1.0 + _peak(history) * (FEATURE_KNEE * ratio - ACCUMULATION_KNEE))


def luma(colour: Tensor) -> Tensor:
    red, green, blue = colour.unbind(-3)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(-3)


def rgb_to_ycocg(colour: Tensor) -> Tensor:
    red, green, blue = colour.unbind(-3)
    half = 0.5 * (red + blue)
    return torch.stack((0.5 * (half + green), 0.5 * (red - blue), 0.5 * (green - half)), -3)


def ycocg_to_rgb(colour: Tensor) -> Tensor:
    y, co, cg = colour.unbind(-3)
    return torch.stack((y + co - cg, y + cg, y - co - cg), -3)
