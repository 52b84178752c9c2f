"""Cues that outlive the frame, as in shaders/upscale/occlusion.glsl and statistics.glsl. Nothing here has gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from app.inference import channels


@dataclass(frozen=True)
class Memory:
    """What a frame leaves to the next about its samples, (B, C, h, w) each.

    depth reversed; motion own, LR pixels; cover: the largest reactive value of 3x3; mean, deviation of the
    neighbourhood over the frames, YCoCg of accumulation space; innovation and its size: recent means of sample minus
    history and of its magnitude, luma
    """

    depth: Tensor
    motion: Tensor
    cover: Tensor
    mean: Tensor
    deviation: Tensor
    innovation: Tensor
    innovation_size: Tensor

    @staticmethod
    def initial(depth: Tensor, motion: Tensor) -> Memory:
        three, one = (depth.new_zeros(len(depth), n, *depth.shape[-2:]) for n in (3, 1))
        return Memory(depth, motion, one, three, three, one, one)


@dataclass(frozen=True)
class Before:
    """visible (B, 1, h, w) in [0, 1], depth and motion (bilinear) where a sample comes from."""

    visible: Tensor
    depth: Tensor
    motion: Tensor


def texels(image: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """`image` (B, C, h, w) at whole pixels (B, h', w'), edges repeated: (B, C, h', w')."""
    batch, count, height, width = image.shape
    index = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    picked = image.flatten(2).gather(2, index.view(batch, 1, -1).expand(-1, count, -1))
    return picked.view(batch, count, *index.shape[1:])


def covered(reactive: Tensor) -> Tensor:
    """The largest of 3x3 (B, 1, h, w): as far as the samples' colour is spread."""
    return max_pool2d(reactive, 3, stride=1, padding=1)


def bare_since(memory: Memory, texel: Tensor, cover: Tensor) -> Tensor:
    """(B, 1, h, w): 0 where something that is drawn without depth and motion was over the surface and has gone.
    `texel` as in `seen_before`, `cover` (B, 1, h, w) this frame's."""
    columns, rows = torch.floor(texel).long().unbind(1)
    corners = [texels(memory.cover, columns + dx, rows + dy) for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1))]
    before = torch.cat(corners, 1).amax(1, keepdim=True)
    return 1.0 - ((before - cover) / channels.COVER_GONE).clamp(0.0, 1.0)


def seen_before(memory: Memory, texel: Tensor, expected: Tensor, motion: Tensor) -> Before:
    """`texel` (B, 2, h, w): positions among the samples of the frame before, minus 0.5."""
    low = torch.floor(texel)
    f = texel - low
    columns, rows = low.long().unbind(1)
    surface = torch.cat((memory.depth, memory.motion), 1)
    nearer = expected * (1.0 + channels.DEPTH_TOLERANCE) + 1e-6
    visible, mean = torch.zeros_like(expected), torch.zeros_like(surface)
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        across = f[:, :1] if dx else 1.0 - f[:, :1]
        part = across * (f[:, 1:] if dy else 1.0 - f[:, 1:])
        corner = texels(surface, columns + dx, rows + dy)
        difference = (corner[:, 1:] - motion).square().sum(1, keepdim=True).sqrt()
        moved = _smoothstep(channels.MOTION_TOLERANCE, 4.0 * channels.MOTION_TOLERANCE, difference)
        visible = visible + part * torch.where(corner[:, :1] > nearer, 1.0 - moved, 1.0)
        mean = mean + part * corner
    return Before(visible, mean[:, :1], mean[:, 1:])


def steadiness(exposure_ratio: Tensor) -> Tensor:
    return (1.0 - 20.0 * torch.log2(exposure_ratio).abs()).clamp(0.0, 1.0)


def source_pixels(motion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The pixel that each one's own motion (B, 2, h, w) comes from: columns and rows (B, h, w), and whether it lies in
    the image (B, 1, h, w)."""
    height, width = motion.shape[-2:]
    like = {"device": motion.device, "dtype": motion.dtype}
    columns = torch.floor(torch.arange(width, **like) + 0.5 + motion[:, 0]).long()
    rows = torch.floor(torch.arange(height, **like).unsqueeze(1) + 0.5 + motion[:, 1]).long()
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return columns, rows, inside.unsqueeze(1)


def remember(
    memory: Memory,
    depth: Tensor,
    motion: Tensor,
    cover: Tensor,
    mean: Tensor,
    deviation: Tensor,
    innovation: Tensor,
    share: Tensor,
) -> Memory:
    """This frame's memory. `share` (B, 1, h, w) in [0, 1] is what speaks for the past: 0 drops it; past statistics
    are dropped, too, where the neighbourhood's mean has jumped."""
    columns, rows, inside = source_pixels(motion)
    kept = torch.cat((memory.mean, memory.deviation, memory.innovation, memory.innovation_size), 1)
    old_mean, old_deviation, old_innovation, old_size = texels(kept, columns, rows).split((3, 3, 1, 1), 1)
    share = torch.where(inside, share, 0.0)
    change = mean - old_mean
    jump = (change.abs() / (torch.maximum(deviation, old_deviation) + channels.JUMP_MARGIN)).amax(1, keepdim=True)
    speed = motion.square().sum(1, keepdim=True).sqrt().clamp_max(1.0)
    still, moving = channels.MEMORY_STILL, channels.MEMORY_MOVING
    part = (still + (moving - still) * speed) * share * (1.0 - _smoothstep(channels.JUMP, 2.0 * channels.JUMP, jump))
    variance = torch.lerp(deviation.square(), old_deviation.square(), part)
    slow = channels.INNOVATION_MEMORY * share
    return Memory(
        depth,
        motion,
        cover,
        mean - part * change,
        (variance + part * (1.0 - part) * change.square()).sqrt(),
        torch.lerp(innovation, old_innovation, slow),
        torch.lerp(innovation.abs(), old_size, slow),
    )


def _smoothstep(low: float, high: float, x: Tensor) -> Tensor:
    t = ((x - low) / (high - low)).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
