"""Exponential moving average of the weights: what is exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightAverage:
    """Averages with a decay that grows from 0, so that early averages are not the initial weights."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.updates = 0
        self.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.updates += 1
        decay = min(self._decay, self.updates / (self.updates + 9.0))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value, 1.0 - decay)
            else:
                self.weights[name].copy_(value)

    def restore(self, weights: dict[str, Tensor], updates: int) -> None:
        """Goes on from an average of the same network, wherever those weights lie."""
        self.updates = updates
        for name, value in weights.items():
            self.weights[name].copy_(value)
