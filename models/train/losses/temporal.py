"""How the error changes along the motion: flicker and trails, as a loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def display_motion(motion: Tensor, height: int, width: int) -> Tensor:
    """LR motion (B, 2, h, w) as display pixels at display size, each taking its nearest LR pixel's."""
    scale = motion.new_tensor([width / motion.shape[-1], height / motion.shape[-2]]).view(1, 2, 1, 1)
    return F.interpolate(motion * scale, size=(height, width), mode="nearest-exact")


def warp_grid(motion: Tensor) -> tuple[Tensor, Tensor]:
    """grid_sample's grid for reading the previous frame at display motion (B, 2, H, W), and where that is on
    screen, (B, 1, H, W)."""
    height, width = motion.shape[-2:]
    rows = torch.arange(height, dtype=motion.dtype, device=motion.device).view(1, height, 1) + 0.5
    columns = torch.arange(width, dtype=motion.dtype, device=motion.device).view(1, 1, width) + 0.5
    x = (columns + motion[:, 0]) * (2.0 / width) - 1.0
    y = (rows + motion[:, 1]) * (2.0 / height) - 1.0
    on_screen = (x.abs() <= 1.0) & (y.abs() <= 1.0)
    return torch.stack([x, y], dim=-1), on_screen.unsqueeze(1)


def temporal_error(error: Tensor, previous_error: Tensor, motion: Tensor) -> Tensor:
    """Mean |e_t - warp(e_t-1)| per item of the batch, (B,); `error` = output - reference in display space."""
    grid, on_screen = warp_grid(display_motion(motion, *error.shape[-2:]))
    before = F.grid_sample(previous_error, grid, padding_mode="border", align_corners=False)
    return ((error - before).abs() * on_screen).mean(dim=(1, 2, 3))
