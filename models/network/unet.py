"""The temporal U-Net: a plain convolutional network at low resolution that predicts filters, not colour."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.inference import channels
from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from models.network.config import NetworkConfig


class TemporalUNet(nn.Module):
    """(B, 40, h, w) features to (B, 16, h, w) raw outputs; h and w are multiples of channels.SIZE_MULTIPLE.

    No warp, no attention, no normalisation and no resize but nearest x2, so that any runtime can run it.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        full, half, quarter = config.widths
        self.down = nn.ModuleList(
            _level(*shape)
            for shape in (
                (config.inputs, full, 1, config.blocks[0], config.entry_kernel),
                (full, half, 2, config.blocks[1], 3),
                (half, quarter, 2, config.blocks[2], 3),
            )
        )
        self.lift = nn.ModuleList((nn.Conv2d(quarter, half, 1), nn.Conv2d(half, full, 1)))
        self.up = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(count))
            for width, count in zip((half, full), config.up_blocks)
        )
        self.head = nn.Conv2d(full, config.outputs, 1)
        _initialise(self)
        _ablate(self)

    def forward(self, features: Tensor) -> Tensor:
        x, skips = features, []
        for level in self.down:
            for convolution in level:  # type: ignore[union-attr]
                x = self.activate(convolution(x))
            skips.append(x)
        for lift, convolutions, skip in zip(self.lift, self.up, reversed(skips[:-1])):
            x = self.activate(F.interpolate(lift(x), scale_factor=2, mode="nearest") + skip)
            for convolution in convolutions:  # type: ignore[union-attr]
                x = self.activate(convolution(x))
        return self.head(x)

    def activate(self, x: Tensor) -> Tensor:
        slope = self.config.negative_slope
        return F.leaky_relu(x, slope) if slope else F.relu(x)


def build(config: NetworkConfig, seed: int | None = None) -> TemporalUNet:
    """A network with fresh weights; before training it already behaves like a plain temporal upscaler."""
    if seed is None:
        return TemporalUNet(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TemporalUNet(config)


def _level(inputs: int, width: int, stride: int, blocks: int, kernel: int) -> nn.ModuleList:
    first = nn.Conv2d(inputs, width, kernel, stride=stride, padding=kernel // 2)
    return nn.ModuleList([first] + [nn.Conv2d(width, width, 3, padding=1) for _ in range(blocks)])


# The parameters that an untrained network predicts everywhere: a hand-tuned temporal upscaler.
_START = {
    "cholesky_xx": 3.5,
    "cholesky_yy": 3.5,
    "interpolation": 0.3,
    "gain": 1.0,
    "keep": 0.8,
    "gamma": 1.5,
    "sharpness": 0.9,
    "fetch_mix": 0.3,
    "reject": 0.5,
}


def _initialise(network: TemporalUNet) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, a=network.config.negative_slope, nonlinearity="leaky_relu")
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    with torch.no_grad():
        network.head.weight.mul_(0.02)
        start = [_raw_start(name, network.config.history_scale) for name in OUTPUT_CHANNELS]
        network.head.bias.copy_(torch.tensor(start))  # type: ignore[union-attr]


def _ablate(network: TemporalUNet) -> None:
    """Weights of channels that the config switches off are 0 and get no gradient, so that an export needs no mask."""
    inputs = [INPUT_CHANNELS.index(name) for name in network.config.without]
    outputs = [OUTPUT_CHANNELS.index(name) for name in network.config.fixed]
    first = network.down[0][0]  # type: ignore[index]
    for parameter, axis, indices in ((first.weight, 1, inputs), (network.head.weight, 0, outputs)):
        if not indices:
            continue
        mask = torch.ones_like(parameter)
        mask.index_fill_(axis, torch.tensor(indices), 0.0)
        parameter.data.mul_(mask)
        parameter.register_hook(lambda gradient, mask=mask: gradient * mask.to(gradient.device))
    if outputs:
        keep = torch.ones_like(network.head.bias)  # type: ignore[arg-type]
        keep[outputs] = 0.0
        network.head.bias.register_hook(lambda gradient: gradient * keep.to(gradient.device))  # type: ignore[union-attr]


def _raw_start(name: str, history_scale: int) -> float:
    """What the head must output for `_START`: the inverse of models.temporal.postpass.activate."""
    if name not in _START:
        return 0.0
    value = _START[name]
    if name == "gamma":
        return math.atanh(math.log2(value) / channels.GAMMA_OCTAVES)
    low = channels.CHOLESKY_LOW if name.startswith("cholesky") else 0.0
    spans = {"gain": channels.GAIN_SPAN, "sharpness": channels.SHARPNESS_SPAN}
    span = channels.CHOLESKY_SPAN * history_scale if name.startswith("cholesky") else spans.get(name, 1.0)
    share = (value - low) / span
    return math.log(share / (1.0 - share))
