"""What goes into a step of the temporal upscaler and what it remembers, as batches of torch tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.inference.channels import HIDDEN
from models.temporal.memory import Memory


@dataclass(frozen=True)
class Frame:
    """A batch of low-resolution frames; conventions as in app/conventions.py, sizes (B, C, h, w).

    colour    (B, 3, h, w) scene-linear before exposure
    depth     (B, 1, h, w) reversed Z
    expected  (B, 1, h, w) the reversed depth that each point had in the previous frame if it rested
    motion    (B, 2, h, w) current -> previous, LR pixels, x then y
    reactive  (B, 1, h, w) in [0, 1] or None
    jitter    (B, 2) LR pixels; each item of the batch may have its own, as exposure and reset
    exposure  (B,)
    reset     (B,) bool
    display_size  (width, height) of the output, one for the batch
    history_scale  history pixels per display pixel along each axis
    """

    colour: Tensor
    depth: Tensor
    expected: Tensor
    motion: Tensor
    reactive: Tensor | None
    jitter: Tensor
    exposure: Tensor
    reset: Tensor
    display_size: tuple[int, int]
    history_scale: int = 1

    @property
    def render_size(self) -> tuple[int, int]:
        return self.colour.shape[-1], self.colour.shape[-2]

    @property
    def history_size(self) -> tuple[int, int]:
        width, height = self.display_size
        return width * self.history_scale, height * self.history_scale

    @property
    def scale(self) -> Tensor:
        """History pixels per LR pixel, (2, 1, 1): x then y."""
        pair = [history / render for history, render in zip(self.history_size, self.render_size)]
        return torch.tensor(pair, device=self.colour.device).view(2, 1, 1)


@dataclass(frozen=True)
class State:
    """What one frame hands to the next.

    history  (B, 4, H', W') of the frame's history size: colour in accumulation space under `exposure`, and the
             accumulated weight N
    hidden   (B, 4, h, w): recurrent features after tanh, at the samples of the frame before
    depth    (B, 1, h, w) and jitter (B, 2) of the frame before
    """

    history: Tensor
    hidden: Tensor
    memory: Memory
    jitter: Tensor
    exposure: Tensor

    @staticmethod
    def initial(frame: Frame) -> State:
        """Nothing remembered; the first frame must be a reset one, and is treated so for weight 0 anyway."""
        batch, (width, height) = len(frame.colour), frame.history_size
        return State(
            history=frame.colour.new_zeros(batch, 4, height, width),
            hidden=frame.colour.new_zeros(batch, HIDDEN, *frame.colour.shape[-2:]),
            memory=Memory.initial(frame.depth, frame.motion),
            jitter=frame.jitter,
            exposure=frame.exposure,
        )

    def detach(self) -> State:
        """Cuts the gradient, for truncated back-propagation; memory never has one."""
        return replace(self, history=self.history.detach(), hidden=self.hidden.detach())

    def as_leaves(self) -> State:
        """The same values, detached and taking gradients: each frame then has one and the same graph to compile."""
        history, hidden = (tensor.detach().requires_grad_() for tensor in (self.history, self.hidden))
        return replace(self, history=history, hidden=hidden)
