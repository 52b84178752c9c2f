"""Networks by name: settings as `build_model` takes them."""

from __future__ import annotations

from models.network.config import NETWORKS

PRESETS: dict[str, dict[str, object]] = {
    **{name: {"kind": "kernel", **config.to_dict()} for name, config in NETWORKS.items()},
    "rgb-unet": {"kind": "rgb-unet"},
    "rgb-unet-attention": {"kind": "rgb-unet", "fusion": "attention"},
    "rgb-unet-small": {"kind": "rgb-unet", "widths": [8, 16, 24, 32]},
    "srcnn": {"kind": "srcnn"},
    "espcn": {"kind": "espcn"},
    "edsr": {"kind": "edsr"},
    "edsr-small": {"kind": "edsr", "blocks": 4, "width": 24},
    "edsr-large": {"kind": "edsr", "blocks": 32, "width": 256, "residual_scale": 0.1},
}
