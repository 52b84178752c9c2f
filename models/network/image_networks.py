"""Single-image super-resolution networks at their papers' sizes: the peers that temporal upscaling is compared with.

All of them read and write "image space" (app/inference/image_space.py), RGB, without jitter, motion or history. A fresh
one hands its input on, enlarged: a few minutes of training then go into detail and not into the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class SrcnnConfig:
    """ratio: what the weights are trained for. widths, kernels: the paper's 64-32 and 9-1-5."""

    ratio: int = 2
    widths: tuple[int, int] = (64, 32)
    kernels: tuple[int, int, int] = (9, 1, 5)

    def __post_init__(self) -> None:
        _check(self.ratio, *self.widths)
        _check_kernels(*self.kernels)


@dataclass(frozen=True, slots=True)
class EspcnConfig:
    """widths, kernels: the paper's 64-32 and 5-3-3."""

    ratio: int = 2
    widths: tuple[int, int] = (64, 32)
    kernels: tuple[int, int, int] = (5, 3, 3)

    def __post_init__(self) -> None:
        _check(self.ratio, *self.widths)
        _check_kernels(*self.kernels)


@dataclass(frozen=True, slots=True)
class EdsrConfig:
    """The paper's baseline is 16 blocks of 64 channels at residual scale 1, its large network 32 of 256 at 0.1."""

    ratio: int = 2
    blocks: int = 16
    width: int = 64
    residual_scale: float = 1.0

    def __post_init__(self) -> None:
        _check(self.ratio, self.width)
        if self.blocks < 1 or not 0.0 < self.residual_scale <= 1.0:
            raise ValueError("blocks must be positive and residual_scale within (0, 1]")


def _check(ratio: int, *widths: int) -> None:
    if ratio not in (2, 3):
        raise ValueError(f"ratio is {ratio}: single-image networks are made for 2 or 3")
    if min(widths) < 3:
        raise ValueError("every width must be at least 3, the colours that a fresh network hands on")


def _check_kernels(*kernels: int) -> None:
    if any(kernel < 1 or kernel % 2 == 0 for kernel in kernels):
        raise ValueError("every kernel must be odd")


class Srcnn(nn.Module):
    """Dong, Loy, He, Tang 2016, "Image Super-Resolution Using Deep Convolutional Networks" (TPAMI 38(2)), 9-1-5 with
    64 and 32 filters on three channels. (B, 3, H, W), already enlarged bicubically, to the same size.

    The paper's convolutions are unpadded and it crops; here edges are padded with zeros to keep the size.
    """

    enlarges = 1

    def __init__(self, config: SrcnnConfig) -> None:
        super().__init__()
        self.config = config
        first, second = config.widths
        a, b, c = config.kernels
        self.extract = nn.Conv2d(3, first, a, padding=a // 2)
        self.map = nn.Conv2d(first, second, b, padding=b // 2)
        self.reconstruct = nn.Conv2d(second, 3, c, padding=c // 2)
        for layer in (self.extract, self.map, self.reconstruct):
            _hand_on(layer)

    def forward(self, image: Tensor) -> Tensor:
        return self.reconstruct(F.relu(self.map(F.relu(self.extract(image)))))


class Espcn(nn.Module):
    """Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
    Neural Network": 5-3-3 with 64 and 32 filters, tanh, pixel shuffle; on three channels where the paper's tables have
    luma. (B, 3, h, w) to (B, 3, r h, r w)."""

    def __init__(self, config: EspcnConfig) -> None:
        super().__init__()
        self.config = config
        self.enlarges = config.ratio
        first, second = config.widths
        a, b, c = config.kernels
        self.extract = nn.Conv2d(3, first, a, padding=a // 2)
        self.map = nn.Conv2d(first, second, b, padding=b // 2)
        self.expand = nn.Conv2d(second, 3 * config.ratio**2, c, padding=c // 2)
        self.shuffle = nn.PixelShuffle(config.ratio)
        _hand_on(self.extract, gain=_TANH_GAIN)
        _hand_on(self.map)
        _hand_on(self.expand, gain=1.0 / _TANH_GAIN, copies=config.ratio**2)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.tanh(self.map(torch.tanh(self.extract(image))))
        return self.shuffle(self.expand(x))


class EdsrBlock(nn.Module):
    def __init__(self, width: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.second(F.relu(self.first(x)))


class Edsr(nn.Module):
    """Lim et al. 2017, "Enhanced Deep Residual Networks for Single Image Super-Resolution" (NTIRE). (B, 3, h, w) to
    (B, 3, r h, r w). The subtraction of DIV2K's mean colour is left out: this is another data set."""

    def __init__(self, config: EdsrConfig) -> None:
        super().__init__()
        self.config = config
        self.enlarges = config.ratio
        width = config.width
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*(EdsrBlock(width, config.residual_scale) for _ in range(config.blocks)))
        self.body_end = nn.Conv2d(width, width, 3, padding=1)
        self.expand = nn.Conv2d(width, width * config.ratio**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(config.ratio)
        self.tail = nn.Conv2d(width, 3, 3, padding=1)
        for block in self.body:
            nn.init.zeros_(block.second.weight)  # type: ignore[union-attr,arg-type]
            nn.init.zeros_(block.second.bias)  # type: ignore[union-attr,arg-type]
        nn.init.zeros_(self.body_end.weight)
        nn.init.zeros_(self.body_end.bias)  # type: ignore[arg-type]
        _hand_on(self.head)
        _hand_on(self.expand, copies=config.ratio**2)
        _hand_on(self.tail)

    def forward(self, image: Tensor) -> Tensor:
        x = self.head(image)
        x = x + self.body_end(self.body(x))
        return self.tail(self.shuffle(self.expand(x)))


_TANH_GAIN = 0.25
"""tanh(x / 4) * 4 is x within two per cent for x in [0, 1]: enough of an identity to start from."""


def _hand_on(layer: nn.Conv2d, gain: float = 1.0, copies: int = 1) -> None:
    """The first three channels pass `layer`, each to `copies` outputs in a row (a pixel shuffle's sub-pixels); the
    other filters keep their random weights, but none of them mixes into what is handed on yet."""
    centre = layer.kernel_size[0] // 2
    with torch.no_grad():
        assert layer.bias is not None
        layer.bias.zero_()
        layer.weight[: 3 * copies] = 0.0
        for output in range(3 * copies):
            layer.weight[output, output // copies, centre, centre] = gain
