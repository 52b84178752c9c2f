"""The losses of a run, switched and weighted by its settings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.train.config import LossConfig
from models.train.losses.adversarial import build_discriminator, fooling_loss
from models.train.losses.perceptual import PerceptualLoss, load_perceptual


@dataclass(frozen=True)
class Objective:
    """`perceptual` and `discriminator` are None where their weight is 0."""

    weights: LossConfig
    perceptual: PerceptualLoss | None = None
    discriminator: nn.Module | None = None

    @property
    def needs_pictures(self) -> bool:
        return self.perceptual is not None or self.discriminator is not None

    def pictures(self, shown: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Losses of whole pictures (B, 3, H, W) in display space: per item (B,), not yet weighted."""
        terms: dict[str, Tensor] = {}
        if self.perceptual is not None:
            terms["perceptual"] = self.perceptual(shown, target)
        if self.discriminator is not None:
            terms["adversarial"] = fooling_loss(self.discriminator, shown)
        return terms

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum, (B,); a term whose weight is 0 costs nothing."""
        weighted = [w * term for name, term in terms.items() if (w := getattr(self.weights, name)) > 0.0]
        total = weighted[0]
        for term in weighted[1:]:
            total = total + term
        return total


def build_objective(weights: LossConfig, seed: int, device: torch.device) -> Objective:
    """Raises SuperseeError where features for the perceptual loss are not to be had."""
    return Objective(
        weights,
        load_perceptual(weights.perceptual_features).to(device) if weights.perceptual > 0.0 else None,
        build_discriminator(seed).to(device) if weights.adversarial > 0.0 else None,
    )
