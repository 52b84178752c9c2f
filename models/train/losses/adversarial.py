"""Adversarial loss: a discriminator that looks at patches and learns to tell the output from the reference."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Module):
    """Pictures (B, 3, H, W) in display space to scores (B, 1, H/8, W/8), each of a patch of 38 pixels a side; above 0
    it takes the patch for a reference. Spectral norm (Miyato 2018) keeps it from running away."""

    def __init__(self, widths: tuple[int, int, int] = (32, 64, 128)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for width in widths:
            layers += [spectral_norm(nn.Conv2d(inputs, width, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
            inputs = width
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(inputs, 1, 3, padding=1)))

    def forward(self, picture: Tensor) -> Tensor:
        return self.layers(2.0 * picture - 1.0)


def build_discriminator(seed: int) -> PatchDiscriminator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PatchDiscriminator()


def fooling_loss(discriminator: nn.Module, shown: Tensor) -> Tensor:
    """What the upscaler minimises, (B,): its patches' scores, turned over. The discriminator's weights get no gradient,
    and its power iteration does not move."""
    discriminator.eval().requires_grad_(False)
    scores = discriminator(shown)
    discriminator.train().requires_grad_(True)
    return -scores.mean(dim=(1, 2, 3))


def telling_loss(discriminator: nn.Module, shown: Tensor, target: Tensor) -> Tensor:
    """What the discriminator minimises: the hinge loss of both. One call, so that both meet the same weights."""
    fake, real = discriminator(torch.cat((shown.detach(), target.detach()))).chunk(2)
    return F.relu(1.0 + fake).mean() + F.relu(1.0 - real).mean()
