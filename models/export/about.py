"""What a card says of a kind of network: what it is, how large, where it fails."""

from __future__ import annotations

from dataclasses import dataclass

from models.network.config import written_settings
from models.network.describe import complexity
from models.network.image_model import ImageModel
from models.network.image_networks import Edsr, EdsrConfig, Espcn, Srcnn
from models.network.model import Model
from models.network.rgb_model import RgbModel
from models.network.unet import TemporalUNet


@dataclass(frozen=True, slots=True)
class About:
    """Lines of Markdown. `only_ratio`: the one ratio that the network does, None for all."""

    what: str
    size: list[str]
    limits: list[str]
    only_ratio: int | None = None


def about(model: Model) -> About:
    if isinstance(model, ImageModel):
        return _image(model)
    if isinstance(model, RgbModel):
        return _rgb(model)
    assert isinstance(model.network, TemporalUNet)
    return _temporal(model.network)


def _temporal(network: TemporalUNet) -> About:
    count = sum(p.numel() for p in network.parameters())
    size = (
        f"* {count / 1000:.1f} k parameters, {2 * network.config.macs_per_pixel() / 1000:.1f} kFLOP per LR pixel, "
        f"U-Net of widths {', '.join(map(str, network.config.widths))}, four recurrent features"
    )
    what = "A temporal upscaling network for Supersee, 1x to 3x with the same weights."
    return About(what, [size], _TEMPORAL_LIMITS)


def _rgb(model: RgbModel) -> About:
    config = model.config
    cost = complexity({"kind": model.kind, **written_settings(config)}, (64, 64), (128, 128))
    size = (
        f"* {cost.parameters / 1000:.1f} k parameters, {2 * cost.macs / 64**2 / 1000:.1f} kFLOP per LR pixel, U-Net of "
        f"widths {', '.join(map(str, config.widths))}, {config.input_channels} input channels, fusion {config.fusion}"
    )
    what = (
        "An RGB U-Net, the classic published shape of a temporal upscaling network, 1x to 3x with the same weights. "
        "The viewer does not run it: the file is for other runtimes, and what stands around it is "
        "models/network/rgb_model.py."
    )
    return About(what, [size], _RGB_LIMITS)


def _image(model: ImageModel) -> About:
    network, ratio = model.network, model.ratio
    assert isinstance(network, Srcnn | Espcn | Edsr)
    config = network.config
    settings = {"kind": model.kind, **written_settings(config)}
    cost = complexity(settings, (48, 48), (48 * ratio, 48 * ratio))
    if isinstance(config, EdsrConfig):
        shape = f"{config.blocks} residual blocks of {config.width} channels, residual scale {config.residual_scale:g}"
    else:
        shape = f"kernels {'-'.join(map(str, config.kernels))}, {config.widths[0]} and {config.widths[1]} filters"
    size = (
        f"* {cost.parameters / 1000:.1f} k parameters, {2 * cost.macs / 48**2 / 1000:.1f} kFLOP per LR pixel; {shape}, "
        "on three colour channels" + "; weights stored in float16, computed in float32" * isinstance(config, EdsrConfig)
    )
    what = (
        f"{model.kind.upper()}, a single-image peer that temporal upscaling is compared with, {ratio}x only: this "
        "frame's colour, no depth, no motion, no history. It reads and writes the square root of c / (1 + max(c)) of "
        "exposed colour. " + (_JITTER_AFTER if network.enlarges > 1 else _JITTER_BEFORE)
    )
    return About(what, [size], _IMAGE_LIMITS, ratio)


_JITTER_BEFORE = (
    "Its input is enlarged bicubically at the jittered samples' true positions, so the picture stands still."
)
_JITTER_AFTER = "Its output lies around the jittered samples and is shifted bicubically, so the picture stands still."

_TEMPORAL_LIMITS = [
    "* Where every sample differs from the last by aliasing alone (fine textures without mip maps, as in the courtyard "
    "recording) it trusts history too late: for some ten frames it is close to a filtered single frame, and TAAU is "
    "sharper there.",
    "* Small bright bodies in flight (embers, drops) are ragged and change from frame to frame; those without motion "
    "vectors, depth or a reactive mask leave dotted trails, as with TAAU.",
    "* Wires in front of something that moves (a grille before a turning fan) come out as dots, as with TAAU.",
    "* Glazing bars thinner than a pixel before a bright sky stay dashed.",
    "* The first frames after a cut have no history: they look like a filtered low-resolution image.",
    "* Reflections and refractions have no motion vectors of their own and lag behind a moving camera.",
    "* Trained on synthetic scenes only; nobody has tried it on a game.",
]
_RGB_LIMITS = [
    "* All detail that history does not bring has to pass through the network: it costs many times what a network that "
    "predicts filters costs.",
    "* Trained on synthetic scenes only; nobody has tried it on a game.",
]
_IMAGE_LIMITS = [
    "* What no sample of this frame hit is not there: wires and bars thinner than a low-resolution pixel are dashed.",
    "* It knows no frame but this one, so that aliasing of the jittered samples flickers from frame to frame.",
    "* Trained for minutes where the paper trained for days, on jittered, aliased samples where the paper had "
    "bicubically reduced photographs: its paper's figures say nothing about these.",
]
