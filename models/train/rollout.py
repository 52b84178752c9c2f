"""One window of frames through a model, with its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from models.data.crops import Batch
from models.network.model import Model
from models.temporal import Frame
from models.train.config import LossConfig
from models.train.losses import charbonnier, decibels, display_pair, mean_magnitude, mean_square, temporal_error
from models.train.losses.objective import Objective

FrameTerms = tuple[Any, Tensor, Tensor, dict[str, Tensor]]
FrameLoss = Callable[[Model, Frame, Any, Tensor, Tensor, LossConfig], FrameTerms]


@dataclass(slots=True)
class Carried:
    """What one window hands to the next: the model's state and the last frame's error in display space."""

    state: Any  # a RecurrentState
    error: Tensor


@dataclass(slots=True)
class WindowLoss:
    """`total` is to be minimised. `figures` are plain means over the window for people to read, 0-dimensional tensors
    without gradients. `pictures`: (output, reference) of every frame in display space where the objective needs them.
    """

    total: Tensor
    figures: dict[str, Tensor]
    pictures: list[tuple[Tensor, Tensor]] = field(default_factory=list)


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
    model: Model, frame: Frame, state: Any, previous_error: Tensor, reference: Tensor, weights: LossConfig
) -> FrameTerms:
    """One frame: the next state, the reference and the error in display space (B, 3, H, W), and per item of the batch
    the loss terms ("charbonnier" where it has a weight). One function, so that torch.compile sees it whole."""
    output, state = model.step(frame, state)
    shown, target = display_pair(output, reference, frame.exposure, weights.above_white)
    error = shown - target
    square = mean_square(error)
    terms = {"l1": mean_magnitude(error), "square": square, "decibels": decibels(square)}
    if weights.charbonnier > 0.0:
        terms["charbonnier"] = charbonnier(error)
    terms["temporal"] = temporal_error(error, previous_error, frame.motion)
    return state, target, error, terms


def _as_leaves(carried: Carried) -> Carried:
    """The same values as leaves that take gradients: every frame then has one and the same graph to compile."""
    return Carried(carried.state.as_leaves(), carried.error.detach().requires_grad_())


def run_window(
    model: Model,
    batch: Batch,
    frames: range,
    carried: Carried | None,
    objective: Objective,
    one_frame: FrameLoss = frame_loss,
) -> tuple[WindowLoss, Carried]:
    """Runs `frames` of the batch and averages their losses; `carried` is None at the start of a clip. Gradients do
    not reach back beyond the window."""
    if carried is None:
        first = frames[0]
        carried = Carried(model.initial(frame_of(batch, first)), torch.zeros_like(batch.reference[first]))
    carried = _as_leaves(carried)
    weights = objective.weights
    losses, rows, pictures = [], [], []
    for index in frames:
        frame = frame_of(batch, index)
        state, target, error, terms = one_frame(
            model, frame, carried.state, carried.error, batch.reference[index], weights
        )
        carried = Carried(state, error)
        # An item that was reset has no frame before with which its error could be compared.
        terms["temporal"] = terms["temporal"] * (~frame.reset).to(error.dtype)
        if objective.needs_pictures:
            shown = target + error
            terms |= objective.pictures(shown, target)
            pictures.append((shown.detach(), target))
        ramp = weights.first_frame + (1.0 - weights.first_frame) * min(1.0, index / weights.warm_up)
        losses.append((ramp * objective.total(terms)).mean())
        rows.append({name: term.detach().mean() for name, term in terms.items()})
        rows[-1]["psnr"] = -10.0 * torch.log10(terms["square"].detach().clamp_min(1e-10)).mean()
    figures = {name: torch.stack([row[name] for row in rows]).mean() for name in rows[0]}
    return WindowLoss(torch.stack(losses).mean(), figures, pictures), carried
