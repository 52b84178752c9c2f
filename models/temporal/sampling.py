"""Reading images at positions, as GL's samplers do: texel i has its centre at i + 0.5, edges are repeated."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NEIGHBOURS = tuple((dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
"""Row by row; shaders walk the 3x3 in this order too."""


def bilinear(image: Tensor, position: Tensor) -> Tensor:
    """`image` (B, C, h, w) at `position` (B, 2, H, W) in its pixels: (B, C, H, W)."""
    height, width = image.shape[-2:]
    size = torch.tensor((width, height), dtype=position.dtype, device=position.device)
    grid = position.movedim(1, -1) * (2.0 / size) - 1.0
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)


def shifted(image: Tensor) -> Tensor:
    """The 3x3 neighbours of each pixel, (B, 9, C, h, w) in the order of NEIGHBOURS."""
    height, width = image.shape[-2:]
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    return torch.stack([padded[..., 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] for dx, dy in NEIGHBOURS], 1)


def gather(image: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """`image` (B, C, h, w) at whole pixels `columns` (B, W), `rows` (B, H): (B, C, H, W)."""
    batch, channels, _, width = image.shape
    index = (rows.unsqueeze(2) * width + columns.unsqueeze(1)).view(batch, 1, -1)
    picked = image.flatten(2).gather(2, index.expand(-1, channels, -1))
    return picked.view(batch, channels, rows.shape[1], columns.shape[1])


def interpolation_matrix(position: Tensor, size: int) -> Tensor:
    """Bilinear weights along one axis: `position` (B, n) in pixels to (B, n, size), two non-zeros a row."""
    lower = torch.floor(position - 0.5)
    fraction = (position - 0.5 - lower).unsqueeze(-1)
    pixels = torch.arange(size, device=position.device)
    first = lower.long().clamp(0, size - 1).unsqueeze(-1) == pixels
    second = (lower.long() + 1).clamp(0, size - 1).unsqueeze(-1) == pixels
    return first * (1.0 - fraction) + second * fraction


def upsample(image: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """`image` (B, C, h, w) bilinearly at the grid `columns` (B, W) x `rows` (B, H): two matrix products."""
    height, width = image.shape[-2:]
    across = interpolation_matrix(columns, width).transpose(1, 2).unsqueeze(1)
    down = interpolation_matrix(rows, height).unsqueeze(1)
    return down @ (image @ across)


def catmull_rom(image: Tensor, position: Tensor, sharpness: Tensor, other: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Five bilinear taps at `position` and one at `other`, (B, 2, H, W) in pixels of `image` (B, C, h, w).

    `sharpness` (B, 1, H, W) goes from bilinear (0) to Catmull-Rom (1). The corner taps of the 4x4 footprint are left
    out and the rest normalised (Jimenez 2016, "Filmic SMAA"). Returns the filtered image, its centre tap, and the
    plain bilinear one at `other`.
    """
    base = torch.floor(position.detach() - 0.5) + 0.5
    f = position - base
    lobe = 0.5 * sharpness * f * (1.0 - f)
    before, after = -lobe * (1.0 - f), -lobe * f
    middle = 1.0 + lobe
    centre = base + (f - lobe * (1.0 - 3.0 * f)) / middle
    (cx, cy), (bx, by) = centre.unbind(1), base.unbind(1)
    taps = [torch.stack(xy, 1) for xy in ((cx, cy), (bx - 1.0, cy), (bx + 2.0, cy), (cx, by - 1.0), (cx, by + 2.0))]
    count = len(taps) + 1
    fetched = bilinear(image, torch.cat((*taps, other), 2))
    batch, channels = image.shape[:2]
    fetched = fetched.view(batch, channels, count, *position.shape[-2:]).unbind(2)
    (mx, my), (wx0, wy0), (wx3, wy3) = (t.split(1, 1) for t in (middle, before, after))
    weights = (mx * my, wx0 * my, wx3 * my, mx * wy0, mx * wy3)
    total = sum(weights[1:], weights[0])
    filtered = sum((w * tap for w, tap in zip(weights[1:], fetched[1:5])), weights[0] * fetched[0])
    return filtered / total, fetched[0], fetched[5]
