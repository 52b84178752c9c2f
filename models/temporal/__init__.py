"""Torch twins of the pre- and post-pass: differentiable, batched, the same mathematics as shaders/neural."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from app.inference.channels import SIZE_MULTIPLE
from models.temporal.frame import Frame, State
from models.temporal.fused import Kernels
from models.temporal.postpass import activate, postpass
from models.temporal.prepass import Prepared, prepass

__all__ = ["Frame", "Kernels", "Prepared", "State", "activate", "postpass", "prepass", "run_network", "step"]


def run_network(network: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
    """Pads features (B, 40, h, w) to the network's size multiple (edges repeated) and crops its answer."""
    height, width = features.shape[-2:]
    right, below = -width % SIZE_MULTIPLE, -height % SIZE_MULTIPLE
    if right or below:
        features = F.pad(features, (0, right, 0, below), mode="replicate")
    return network(features)[..., :height, :width]


def step(
    network: Callable[[Tensor], Tensor], frame: Frame, state: State, kernels: Kernels | None = None
) -> tuple[Tensor, State]:
    """One frame: scene-linear output (B, 3, H, W) and the state for the next."""
    prepared = prepass(frame, state, kernels)
    return postpass(frame, prepared, run_network(network, prepared.features), state, kernels)
