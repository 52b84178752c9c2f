"""One window of frames through the temporal upscaler, with its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.data.crops import Batch
from models.temporal import Frame, State, step
from models.train.config import LossConfig
from models.train.losses import display, temporal_error

Network = Callable[[Tensor], Tensor]
FrameLoss = Callable[[Network, Frame, State, Tensor, Tensor], tuple[State, Tensor, Tensor, Tensor, Tensor]]


@dataclass(slots=True)
class Carried:
    """What one window hands to the next: the upscaler's state and the last frame's error in display space."""

    state: State
    error: Tensor

    def detach(self) -> Carried:
        return Carried(self.state.detach(), self.error.detach())


@dataclass(slots=True)
class WindowLoss:
    """`total` is to be minimised; the others are plain means over the window for people to read."""

    total: Tensor
    l1: float
    temporal: float
    psnr: float


def frame_of(batch: Batch, index: int) -> Frame:
    height, width = batch.reference.shape[-2:]
    return Frame(
        colour=batch.colour[index],
        depth=batch.depth[index],
        expected=batch.expected[index],
        motion=batch.motion[index],
        reactive=batch.reactive[index],
        jitter=batch.jitter[index],
        exposure=batch.exposure[index],
        reset=batch.reset[index],
        display_size=(width, height),
    )


def frame_loss(
    network: Network, frame: Frame, state: State, previous_error: Tensor, reference: Tensor
) -> tuple[State, Tensor, Tensor, Tensor, Tensor]:
    """One frame: the next state, the error in display space (B, 3, H, W), and per item of the batch its mean
    magnitude, its change along the motion and its mean square. One function, so that torch.compile sees it whole."""
    output, state = step(network, frame, state)
    error = display(output, frame.exposure) - display(reference, frame.exposure)
    size = error.abs().mean(dim=(1, 2, 3))
    square = error.square().mean(dim=(1, 2, 3))
    return state, error, size, temporal_error(error, previous_error, frame.motion), square


def _fresh(frame: Frame, reference: Tensor) -> Carried:
    return Carried(State.initial(frame), torch.zeros_like(reference))


def _differentiable(carried: Carried) -> Carried:
    """The same values as leaves that take gradients: every frame then has one and the same graph to compile."""
    carried = carried.detach()
    for tensor in (carried.state.history, carried.state.hidden, carried.error):
        tensor.requires_grad_()
    return carried


def run_window(
    network: Network,
    batch: Batch,
    frames: range,
    carried: Carried | None,
    config: LossConfig,
    one_frame: FrameLoss = frame_loss,
) -> tuple[WindowLoss, Carried]:
    """Runs `frames` of the batch and averages their losses; `carried` is None at the start of a clip. Gradients do
    not reach back beyond the window."""
    carried = _differentiable(carried or _fresh(frame_of(batch, frames[0]), batch.reference[frames[0]]))
    losses, sizes, changes, squares = [], [], [], []
    for index in frames:
        frame = frame_of(batch, index)
        state, error, size, change, square = one_frame(
            network, frame, carried.state, carried.error, batch.reference[index]
        )
        carried = Carried(state, error)
        known = (~frame.reset).to(size.dtype)
        weight = config.first_frame + (1.0 - config.first_frame) * min(1.0, index / config.warm_up)
        losses.append((weight * (size + config.square * square + config.temporal * change * known)).mean())
        sizes.append(size.detach())
        changes.append((change * known).detach())
        squares.append(square.detach())
    decibels = -10.0 * torch.log10(torch.stack(squares).clamp_min(1e-10))
    summary = WindowLoss(
        torch.stack(losses).mean(),
        float(torch.stack(sizes).mean()),
        float(torch.stack(changes).mean()),
        float(decibels.mean()),
    )
    return summary, carried
