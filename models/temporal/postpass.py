"""The post-pass in torch: spreads the samples to display pixels, fetches and clips history, blends.

The same mathematics as shaders/neural/unpack.frag (activations) and resolve.frag; tests/models hold them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from app.inference import channels
from models.temporal.colour import expand, re_expose, rgb_to_ycocg, ycocg_to_rgb
from models.temporal.frame import Frame, State
from models.temporal.prepass import Prepared
from models.temporal.sampling import NEIGHBOURS, catmull_rom, gather, upsample

if TYPE_CHECKING:
    from models.temporal.fused import Kernels

PARAMETERS = len(channels.OUTPUT_CHANNELS) - channels.HIDDEN


class _Tether(torch.autograd.Function):
    """Changes nothing forward; backward it adds the gradient of a small cost on raw outputs beyond +-_FREE.

    Where sigmoid or tanh are flat no gradient comes through any more, and an output that has drifted there is lost as
    a choice for good: the gain did, whose common factor changes nothing, and so did the clipping of history.
    """

    @staticmethod
    def forward(ctx: Any, raw: Tensor) -> Tensor:
        ctx.save_for_backward(raw)
        return raw.view_as(raw)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (raw,) = ctx.saved_tensors
        return gradients[0] + (_TETHER / raw.numel()) * (raw - raw.clamp(-_FREE, _FREE))


_FREE = 4.0
_TETHER = 1e-4


def activate(raw: Tensor, history_scale: int) -> tuple[Tensor, Tensor]:
    """Network output (B, 16, h, w) to parameters (B, 12, h, w) and hidden features (B, 4, h, w)."""
    if torch.is_grad_enabled():
        raw = _Tether.apply(raw)
    bounded = torch.sigmoid(raw[:, :PARAMETERS])
    signed = torch.tanh(raw)
    steepest = channels.CHOLESKY_SPAN * history_scale
    parameters = (
        channels.CHOLESKY_LOW + steepest * bounded[:, 0],
        channels.SHEAR_SPAN * signed[:, 1],
        channels.CHOLESKY_LOW + steepest * bounded[:, 2],
        bounded[:, 3],
        channels.GAIN_SPAN * bounded[:, 4],
        bounded[:, 5],
        torch.exp2(channels.GAMMA_OCTAVES * signed[:, 6]),
        channels.SHARPNESS_SPAN * bounded[:, 7],
        bounded[:, 8],
        channels.OFFSET_SPAN * signed[:, 9],
        channels.OFFSET_SPAN * signed[:, 10],
        bounded[:, 11],
    )
    return torch.stack(parameters, 1), signed[:, PARAMETERS:]


@dataclass(frozen=True)
class Grid:
    """Display pixels seen from the LR image: which sample is nearest, and the way from the history pixels that lie in
    one to the samples around."""

    columns: Tensor  # (B, W) position in the LR image's samples: (x + 0.5) / scale - jitter
    rows: Tensor  # (B, H)
    nearest_columns: Tensor  # (B, W) whole
    nearest_rows: Tensor  # (B, H)
    dx: Tensor  # (B, 3, W'): offset from the history pixel to the sample to the left, nearest, right
    dy: Tensor  # (B, 3, H')


def display_grid(frame: Frame) -> Grid:
    axes = []
    for axis in (0, 1):
        render = frame.render_size[axis]
        position, fine = (_positions(frame, pixels[axis], axis) for pixels in (frame.display_size, frame.history_size))
        nearest = torch.floor(position).clamp(0, render - 1)
        centre = nearest.repeat_interleave(frame.history_scale, 1) + 0.5
        offset = torch.stack([centre + step - fine for step in (-1, 0, 1)], 1)
        axes.append((position, nearest.long(), offset))
    (columns, near_x, dx), (rows, near_y, dy) = axes
    return Grid(columns, rows, near_x, near_y, dx, dy)


def _positions(frame: Frame, pixels: int, axis: int) -> Tensor:
    """Where the centres of so many pixels lie among the LR samples along an axis, (B, pixels)."""
    index = torch.arange(pixels, device=frame.colour.device, dtype=frame.colour.dtype)
    return (index + 0.5) * (frame.render_size[axis] / pixels) - frame.jitter[:, axis : axis + 1]


def _refined(image: Tensor, scale: int) -> Tensor:
    """Every display pixel's value for each of the history pixels that lie in it."""
    return image if scale == 1 else F.interpolate(image, scale_factor=scale, mode="nearest")


def postpass(
    frame: Frame, prepared: Prepared, raw: Tensor, state: State, kernels: Kernels | None = None
) -> tuple[Tensor, State]:
    """`raw` (B, 16, h, w) is the network's output. Returns scene-linear colour (B, 3, H, W) and the next state."""
    parameters, hidden = activate(raw, frame.history_scale)
    resolve = kernels.resolve if kernels else _resolve
    history, output = resolve(frame, prepared, parameters, state)
    state = State(history, hidden, prepared.memory, frame.jitter, frame.exposure)
    return output / frame.exposure.view(-1, 1, 1, 1), state


def _resolve(frame: Frame, prepared: Prepared, parameters: Tensor, state: State) -> tuple[Tensor, Tensor]:
    """The next history (B, 4, H', W') and the exposed picture (B, 3, H, W); Kernels.resolve is the same in C++."""
    with torch.no_grad():
        grid = display_grid(frame)
        samples, mean, deviation, motion, bare = _neighbourhood(prepared, grid, frame.history_scale)
    p = _refined(upsample(parameters, grid.columns, grid.rows), frame.history_scale).split(1, 1)
    current, weight = _spread(grid, samples, p)
    remembered, remembered_weight = _fetch(frame, state, motion, p)

    # Variance clipping (Salvi 2016) towards the kept mean, with the slack that lets gamma switch it off.
    gamma = torch.lerp(p[6].clamp_max(channels.GAMMA_BARE), p[6], bare)
    half = gamma * deviation + channels.CLIP_SLACK * gamma.pow(4) + 1e-5
    away = remembered - mean
    excess = (away.abs() / half).amax(1, keepdim=True).clamp_min(1.0)
    clipped = mean + away / excess
    kept = remembered_weight * p[5] * (1.0 - p[11] * (1.0 - 1.0 / excess))

    alpha = weight / (weight + kept)
    blended = ycocg_to_rgb(clipped + alpha * (current - clipped)).clamp_min(0.0)
    history = torch.cat((blended, (weight + kept).clamp_max(channels.MAX_WEIGHT)), 1)
    return history, F.avg_pool2d(expand(blended), frame.history_scale)  # in linear light, as a reference is averaged


def _neighbourhood(prepared: Prepared, grid: Grid, scale: int) -> tuple[Tensor, ...]:
    """Of every history pixel: the 3x3 samples around the one that is nearest to its display pixel, (B, 9, 3, H', W'),
    their kept statistics (B, 3, H', W'), motion (B, 4, H', W') and `bare` (B, 1, H', W').

    Statistics belong to an LR pixel, so they are taken there and looked up.
    """
    p = prepared
    packed = torch.cat((p.samples.flatten(1, 2), p.memory.mean, p.memory.deviation, p.motion, p.bare), 1)
    picked = _refined(gather(packed, grid.nearest_columns, grid.nearest_rows), scale)
    around, *others = picked.split((27, 3, 3, 4, 1), 1)
    return around.unflatten(1, (9, 3)), *others


def _spread(grid: Grid, samples: Tensor, p: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """The current frame's colour at each history pixel (YCoCg) and the weight it carries, (B, 1, H', W').

    The Gaussian says how much the samples count at a distance. A narrow one keeps them apart in history, and its colour
    between samples is the nearest one's: there the interpolated colour helps, without counting for more.
    """
    dx, dy = grid.dx.unsqueeze(2), grid.dy.unsqueeze(3)  # (B, 3, 1, W'), (B, 3, H', 1)
    tent_x, tent_y = ((1.0 - offset.abs()).clamp_min(0.0) for offset in (dx, dy))  # sum to 1
    gaussian, tent = [], []
    for step_x, step_y in NEIGHBOURS:
        x, y = dx[:, step_x + 1].unsqueeze(1), dy[:, step_y + 1].unsqueeze(1)
        u, v = p[0] * x + p[1] * y, p[2] * y
        gaussian.append(torch.exp(-0.5 * (u * u + v * v)))
        tent.append((tent_x[:, step_x + 1] * tent_y[:, step_y + 1]).unsqueeze(1))
    weights = torch.cat(gaussian, 1)
    interpolated = (torch.cat(tent, 1).unsqueeze(2) * samples).sum(1)
    total = weights.sum(1, keepdim=True) + channels.KERNEL_FLOOR
    colour = ((weights.unsqueeze(2) * samples).sum(1) + channels.KERNEL_FLOOR * interpolated) / total
    return torch.lerp(colour, interpolated, p[3]), p[4] * total


def _fetch(frame: Frame, state: State, motion: Tensor, p: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """History at the two motions, mixed: YCoCg (B, 3, H, W) and weight N (B, 1, H, W).

    The motion that the network prefers gets the sharp filter, the other one a bilinear tap.
    """
    width, height = frame.history_size
    like = {"device": motion.device, "dtype": motion.dtype}
    rows, columns = torch.meshgrid(torch.arange(height, **like), torch.arange(width, **like), indexing="ij")
    here = torch.stack((columns, rows)) + 0.5
    nearest = here + motion[:, :2] * frame.scale
    own = here + motion[:, 2:] * frame.scale
    offset = torch.cat((p[9], p[10]), 1)
    prefers_own = p[8] > 0.5
    main = torch.where(prefers_own, own, nearest)
    other = torch.where(prefers_own, nearest, own)
    sharp, centre, plain = catmull_rom(state.history, main + offset, p[7], other + offset)
    share = torch.where(prefers_own, 1.0 - p[8], p[8])
    size = here.new_tensor((width, height)).view(2, 1, 1)
    weight_main, weight_other = (
        torch.where(((at >= 0.0) & (at <= size)).all(1, keepdim=True), tap[:, 3:], 0.0)
        for at, tap in ((main, centre), (other, plain))
    )
    colour = sharp[:, :3] + share * (plain[:, :3] - sharp[:, :3])
    weight = weight_main + share * (weight_other - weight_main)
    weight = torch.where(frame.reset.view(-1, 1, 1, 1), 0.0, weight)
    exposure_ratio = (frame.exposure / state.exposure).view(-1, 1, 1, 1)
    return rgb_to_ycocg(re_expose(colour.clamp_min(0.0), exposure_ratio)), weight
