"""The maps of one surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TextureSet:
    """sRGB colour (h, w, 3 or 4) uint8; normal (h, w, 3) and occlusion-roughness-metal (h, w, 3) linear uint8."""

    name: str
    colour: np.ndarray
    normal: np.ndarray | None = None
    orm: np.ndarray | None = None


def occlusion_roughness_metal(
    occlusion: np.ndarray | float, roughness: np.ndarray, metal: np.ndarray | float = 0.0
) -> np.ndarray:
    shape = roughness.shape
    planes = [np.broadcast_to(np.asarray(p, float), shape) for p in (occlusion, roughness, metal)]
    return np.clip(np.round(np.stack(planes, axis=-1) * 255.0), 0, 255).astype(np.uint8)
