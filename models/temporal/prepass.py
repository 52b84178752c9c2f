"""The pre-pass in torch: reprojects history, looks for what became visible, gathers the network's input.

The same mathematics as shaders/neural/prepare.frag and features.frag; tests/models hold the two together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from app.inference.channels import MIN_DEPTH, OUTSIDE_MARGIN
from models.temporal.colour import compress, luma, re_expose, rgb_to_ycocg, to_feature, ycocg_to_rgb
from models.temporal.frame import Frame, State
from models.temporal.memory import Memory, bare_since, covered, remember, seen_before, steadiness
from models.temporal.sampling import bilinear, shifted

if TYPE_CHECKING:
    from models.temporal.fused import Kernels


@dataclass(frozen=True)
class Prepared:
    """features (B, 40, h, w) in the order of app/inference/channels.py, and what the post-pass needs again.

    samples  (B, 9, 3, h, w): the 3x3 samples in YCoCg of accumulation space
    memory   what the next frame needs; its mean and deviation bound the history
    motion   (B, 4, h, w): nearest surface's x, y, then the pixel's own, LR pixels
    bare     (B, 1, h, w): see models.temporal.memory.bare_since
    """

    features: Tensor
    samples: Tensor
    memory: Memory
    motion: Tensor
    bare: Tensor


@torch.no_grad()
def dilated(depth: Tensor, motion: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Nearest depth in 3x3, the motion there, and the smallest and largest depth. Ties go to the centre."""
    depths, motions = shifted(depth), shifted(motion)
    nearest, chosen = depth, motion
    for index in range(9):
        closer = depths[:, index] > nearest
        nearest = torch.where(closer, depths[:, index], nearest)
        chosen = torch.where(closer, motions[:, index], chosen)
    return nearest, chosen, depths.amin(1), depths.amax(1)


def prepass(frame: Frame, state: State, kernels: Kernels | None = None) -> Prepared:
    """Differentiable with respect to `state.history` and `state.hidden`."""
    sampled = kernels.sample if kernels else bilinear
    with torch.no_grad():
        exposed = frame.colour.clamp_min(0.0) * frame.exposure.view(-1, 1, 1, 1)
        samples = shifted(rgb_to_ycocg(compress(exposed)))
        mean, low, high = samples.sum(1) / 9.0, samples.amin(1), samples.amax(1)
        deviation = (samples.square().sum(1) / 9.0 - mean.square()).clamp_min(0.0).sqrt()
        depth = frame.depth.clamp_min(MIN_DEPTH)
        nearest, motion, smallest, largest = dilated(depth, frame.motion)
        sample = sample_positions(frame)
        position, own_position = (sample + m for m in (motion, frame.motion))
        valid, own_valid = (on_screen(frame, p) for p in (position, own_position))
        last_jitter = state.jitter.view(-1, 2, 1, 1)
        last_nearest = bilinear(state.memory.depth, position - last_jitter).clamp_min(MIN_DEPTH)
        expected = frame.expected.clamp_min(MIN_DEPTH)
        reactive = frame.reactive if frame.reactive is not None else torch.zeros_like(depth)
        cover = covered(reactive)
        texel = own_position - last_jitter - 0.5
        before = seen_before(state.memory, texel, expected, frame.motion)
        bare = bare_since(state.memory, texel, cover).where(~frame.reset.view(-1, 1, 1, 1), 1.0)

    centre = ycocg_to_rgb(samples[:, 4])
    exposure_ratio = (frame.exposure / state.exposure).view(-1, 1, 1, 1)
    offsets = [(0.0, 0.0)] + [(x, y) for y in (-0.25, 0.25) for x in (-0.25, 0.25)]
    places = [position + position.new_tensor(offset).view(2, 1, 1) for offset in offsets] + [own_position]
    taps = sampled(state.history, torch.cat(places, 2) * frame.scale).chunk(len(places), 2)
    at_nearest = [_remembered(tap, valid, centre, exposure_ratio) for tap in taps[:-1]]
    history, weight = at_nearest[0]
    corners = torch.cat([luma(to_feature(colour)) for colour, _ in at_nearest[1:]], 1)
    own_history, own_weight = _remembered(taps[-1], own_valid, centre, exposure_ratio)
    hidden = sampled(state.hidden, position - last_jitter) * valid

    remembered = rgb_to_ycocg(torch.where(valid > 0, history, centre))
    outside = remembered - remembered.clamp(low, high)
    with torch.no_grad():
        innovation = (samples[:, 4, :1] - remembered[:, :1]) * valid
        share = before.visible * bare * steadiness(exposure_ratio) * (~frame.reset).view(-1, 1, 1, 1)
        memory = remember(state.memory, frame.depth, frame.motion, cover, mean, deviation, innovation, share)
    distances = (remembered - memory.mean).abs() / (memory.deviation + OUTSIDE_MARGIN)
    in_history = (motion * frame.scale) % 1.0
    height, width = frame.colour.shape[-2:]
    ratio = math.sqrt(math.prod(frame.display_size) / (width * height))
    features = torch.cat(
        (
            to_feature(centre),
            to_feature(history),
            corners,
            torch.log2(1.0 + weight) / 5.0,
            valid,
            log_ratio(depth, nearest),
            log_ratio(nearest, last_nearest) * valid,
            log_ratio(expected, before.depth.clamp_min(MIN_DEPTH)) * own_valid,
            torch.log2(largest / smallest).clamp_max(8.0) / 8.0,
            outside[:, :1],
            deviation[:, :1],
            _log_length(motion),
            frame.jitter.view(-1, 2, 1, 1).expand(-1, -1, height, width),
            reactive,
            torch.full_like(depth, math.log2(ratio)),
            _log_length(motion - frame.motion),
            hidden,
            luma(to_feature(own_history)),
            torch.log2(1.0 + own_weight) / 5.0,
            2.0 * (in_history * (1.0 - in_history)).sum(1, keepdim=True),
            outside[:, 1:].abs().amax(1, keepdim=True),
            before.visible * own_valid,
            _log_length(frame.motion - before.motion) * own_valid,
            memory.deviation[:, :1],
            memory.deviation[:, 1:].amax(1, keepdim=True),
            memory.mean[:, :1] - mean[:, :1],
            distances.amax(1, keepdim=True).clamp_max(8.0) / 8.0,
            memory.innovation,
            memory.innovation_size,
        ),
        1,
    )
    return Prepared(features, samples, memory, torch.cat((motion, frame.motion), 1), bare)


def sample_positions(frame: Frame) -> Tensor:
    """Where each LR pixel holds the scene: p + 0.5 + jitter, (B, 2, h, w)."""
    width, height = frame.render_size
    like = {"device": frame.colour.device, "dtype": frame.colour.dtype}
    rows, columns = torch.meshgrid(torch.arange(height, **like), torch.arange(width, **like), indexing="ij")
    return torch.stack((columns, rows)) + 0.5 + frame.jitter.view(-1, 2, 1, 1)


def on_screen(frame: Frame, position: Tensor) -> Tensor:
    """1 where `position` (LR pixels) lies in the image and the item is not reset, (B, 1, h, w)."""
    size = torch.tensor(frame.render_size, device=position.device).view(1, 2, 1, 1)
    inside = ((position >= 0.0) & (position <= size)).all(1, keepdim=True)
    return (inside & ~frame.reset.view(-1, 1, 1, 1)).to(position.dtype)


def _remembered(tap: Tensor, valid: Tensor, current: Tensor, exposure_ratio: Tensor) -> tuple[Tensor, Tensor]:
    """Of a tap of history (B, 4, h, w): its colour under this exposure, the current one where nothing is remembered,
    and its weight N."""
    keep = valid > 0
    return torch.where(keep, re_expose(tap[:, :3], exposure_ratio), current), torch.where(keep, tap[:, 3:], 0.0)


def log_ratio(depth: Tensor, other: Tensor) -> Tensor:
    return torch.log2(depth / other).clamp(-4.0, 4.0) / 4.0


def _log_length(motion: Tensor) -> Tensor:
    return torch.log2(1.0 + motion.square().sum(1, keepdim=True).sqrt()) / 4.0
