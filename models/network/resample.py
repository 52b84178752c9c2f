"""Separable bicubic resampling at any positions: how the single-image networks meet the display's pixel grid."""

from __future__ import annotations

import torch
from torch import Tensor


def catmull_rom_matrix(position: Tensor, size: int) -> Tensor:
    """Catmull-Rom weights (Keys 1981, a = -0.5) along one axis, texel i at i + 0.5, edges repeated.

    `position` (B, n) in pixels to (B, n, size), at most four non-zeros a row.
    """
    lower = torch.floor(position - 0.5)
    f = (position - 0.5 - lower).unsqueeze(-1)
    weights = (
        f * (f * (1.0 - 0.5 * f) - 0.5),
        1.0 + f * f * (1.5 * f - 2.5),
        f * (0.5 + f * (2.0 - 1.5 * f)),
        f * f * (0.5 * f - 0.5),
    )
    pixels = torch.arange(size, device=position.device)
    matrix = torch.zeros((*position.shape, size), device=position.device, dtype=position.dtype)
    for step, weight in enumerate(weights):
        tap = (lower.long() + step - 1).clamp(0, size - 1).unsqueeze(-1)
        matrix = matrix + weight * (tap == pixels)
    return matrix


def bicubic(image: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """`image` (B, C, h, w) at the grid `columns` (B, W) x `rows` (B, H), positions in its pixels: (B, C, H, W)."""
    height, width = image.shape[-2:]
    across = catmull_rom_matrix(columns, width).transpose(1, 2).unsqueeze(1)
    down = catmull_rom_matrix(rows, height).unsqueeze(1)
    return down @ (image @ across)
