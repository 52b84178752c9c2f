"""The classic published shape of a temporal upscaling network: a U-Net with a recurrent core and an RGB head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.network.fusion import FUSIONS, Memories

INPUTS: dict[str, int] = {
    "colour": 3,  # this frame's samples, feature space
    "depth": 1,  # log2 of reversed depth, scaled to about [0, 1]
    "motion": 2,  # sign(m) log2(1 + |m|) / 4 of the nearest surface in 3x3
    "history": 3,  # the previous output, warped to this frame's samples, feature space
    "jitter": 2,
    "reactive": 1,
    "valid": 1,  # 1 where the previous position was on screen and nothing was reset
    "depth_change": 1,  # log2 of the depth over the one that was there before, / 4
    "log_ratio": 1,  # log2 of display over render size
    "exposure": 1,  # log2 of the exposure, / 8
}
"""Groups of input channels by name; all of them are 16, the first four 9."""
_NEEDED = ("colour", "depth", "motion", "history")


@dataclass(frozen=True, slots=True)
class RgbUNetConfig:
    """widths  channels of the levels, each half the size of the one before
    blocks     residual blocks a level, on the way down and on the way up
    inputs     names in INPUTS: 9 to 16 channels
    fusion     "convlstm", "convgru", "attention" or "none"
    subpixels  the head predicts on a grid so many times as fine as LR, 1 to 3
    blend      the head predicts, too, how much warped history a display pixel takes over; without it all of the
               output's detail has to pass through the network
    """

    widths: tuple[int, ...] = (16, 64, 128, 256)
    blocks: int = 1
    inputs: tuple[str, ...] = tuple(INPUTS)
    fusion: str = "convgru"
    subpixels: int = 2
    blend: bool = True

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1 or self.blocks < 0:
            raise ValueError("widths needs at least two positive numbers, blocks must not be negative")
        if self.fusion not in FUSIONS:
            raise ValueError(f"the fusion {self.fusion!r} is not one of {', '.join(FUSIONS)}")
        if self.fusion == "attention" and self.widths[-1] % 4:
            raise ValueError("attention has four heads: the last of widths must be a multiple of 4")
        if self.subpixels not in (1, 2, 3):
            raise ValueError(f"subpixels is {self.subpixels}, not 1, 2 or 3")
        unknown, missing = set(self.inputs) - set(INPUTS), set(_NEEDED) - set(self.inputs)
        if unknown or missing or len(set(self.inputs)) != len(self.inputs):
            raise ValueError(
                f"inputs are names of {', '.join(INPUTS)}, each once, with {', '.join(_NEEDED)} among them"
            )

    @property
    def input_channels(self) -> int:
        return sum(INPUTS[name] for name in self.inputs)

    @property
    def output_channels(self) -> int:
        """Per position of the head's grid: red, green, blue and the blend."""
        return 3 + self.blend

    @property
    def size_multiple(self) -> int:
        return 2 ** (len(self.widths) - 1)


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), without normalisation (as in EDSR, Lim et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)  # a fresh block hands on what it gets
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class Down(nn.Module):
    """A level of the encoder: a 3x3 convolution, of stride 2 but at full size, and residual blocks."""

    def __init__(self, inputs: int, width: int, stride: int, blocks: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, width, 3, stride=stride, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(F.relu(self.enter(x)))


class Up(nn.Module):
    """A level of the decoder: nearest x2 of the coarser one, the skip connection beside it, and residual blocks."""

    def __init__(self, coarse: int, width: int, blocks: int) -> None:
        super().__init__()
        self.lift = nn.Conv2d(coarse, width, 1)
        self.join = nn.Conv2d(2 * width, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        lifted = F.interpolate(self.lift(x), scale_factor=2, mode="nearest")
        return self.blocks(F.relu(self.join(torch.cat((lifted, skip), 1))))


class RgbUNet(nn.Module):
    """(B, channels, h, w) features and the warped memory to (B, 3 or 4, s h, s w) raw output and the next memory.

    h and w are multiples of the config's `size_multiple`, s is its `subpixels`; memory tensors are (B, widths[-1],
    h / size_multiple, w / size_multiple).
    """

    def __init__(self, config: RgbUNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, blocks = config.widths, config.blocks
        entries = (config.input_channels, *widths[:-1])
        self.down = nn.ModuleList(
            Down(inputs, width, 1 if level == 0 else 2, blocks)
            for level, (inputs, width) in enumerate(zip(entries, widths))
        )
        self.fusion = FUSIONS[config.fusion](widths[-1])
        self.up = nn.ModuleList(
            Up(coarse, width, blocks) for coarse, width in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], config.output_channels * config.subpixels**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(config.subpixels)
        _quiet_head(self.head, config)

    def forward(self, features: Tensor, memory: Memories) -> tuple[Tensor, Memories]:
        x, skips = features, []
        for level in self.down:
            x = level(x)
            skips.append(x)
        x, memory = self.fusion(x, memory)
        for level, skip in zip(self.up, reversed(skips[:-1])):
            x = level(x, skip)
        return self.shuffle(self.head(x)), memory


def _quiet_head(head: nn.Conv2d, config: RgbUNetConfig) -> None:
    """A fresh network adds next to nothing to the bilinear picture and takes over three quarters of the history."""
    with torch.no_grad():
        head.weight.mul_(0.05)
        assert head.bias is not None
        head.bias.zero_()
        if config.blend:
            head.bias[3 * config.subpixels**2 :] = 1.1
