"""The conventions that many files must agree on, spelled once.

Images: row 0 is the top row everywhere (files, arrays, tensors, GL textures); x right, y down. Pixel i covers
[i, i+1), its centre is i + 0.5. Low-resolution (LR) pixel p holds the scene sampled at p + 0.5 + jitter. Motion
points from the current to the previous frame in LR pixels, without jitter: previous = current + motion. Depth is
reversed Z with an infinite far plane: depth = near / view_distance, 1 at the near plane, 0 at infinity. Colour is
scene-linear Rec.709 before exposure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.errors import SuperseeError

Size = tuple[int, int]
"""(width, height) in pixels."""

MIN_RATIO = 1.0
MAX_RATIO = 3.0
LUMA = (0.2126, 0.7152, 0.0722)
"""Rec.709 luma weights of linear RGB."""

ACCUMULATION_KNEE = 0.25
"""k of c / (1 + k * max(c)) for colour that is averaged over frames: a strongly compressed space (k = 1) biases
the average against a linear reference."""
FEATURE_KNEE = 1.0
"""k of the same curve for colour that a network reads: bounded by 1."""


@dataclass(frozen=True, slots=True)
class QualityMode:
    name: str
    ratio: float


QUALITY_MODES: tuple[QualityMode, ...] = (
    QualityMode("Native AA", 1.0),
    QualityMode("Ultra Quality", 1.3),
    QualityMode("Quality", 1.5),
    QualityMode("Balanced", 1.7),
    QualityMode("Performance", 2.0),
    QualityMode("Ultra Performance", 3.0),
)


def mode_name(ratio: float) -> str:
    """The quality mode's name, or "Custom" for a ratio between the named ones."""
    return next((mode.name for mode in QUALITY_MODES if abs(mode.ratio - ratio) < 1e-3), "Custom")


def checked_ratio(ratio: float) -> float:
    """`ratio` itself if it lies in [1, 3]; raises SuperseeError otherwise."""
    if not (math.isfinite(ratio) and MIN_RATIO <= ratio <= MAX_RATIO):
        raise SuperseeError(
            f"The ratio {ratio:g} cannot be used",
            f"a ratio of display to render size lies between {MIN_RATIO:g} and {MAX_RATIO:g}",
            "Choose for example 1.5, 2 or 3.",
        )
    return ratio


def render_size(display: Size, ratio: float) -> Size:
    """The LR size (width, height) for a display size: rounded up, at least one pixel."""
    return tuple(max(1, math.ceil(n / ratio - 1e-6)) for n in display)  # type: ignore[return-value]


def halton(index: int, base: int) -> float:
    """The radical inverse of `index` (from 1) in `base` (Halton 1960), in [0, 1)."""
    result, fraction = 0.0, 1.0
    while index > 0:
        fraction /= base
        result += fraction * (index % base)
        index //= base
    return result


def jitter_phase_count(ratio: float) -> int:
    """ceil(8 * ratio^2) phases, so that each display pixel meets about eight samples (AMD FSR2's rule)."""
    return math.ceil(8.0 * ratio * ratio - 1e-6)


def jitter_offset(frame_index: int, ratio: float) -> tuple[float, float]:
    """Halton(2,3) - 0.5 in LR pixels, x right, y down; never exactly (0, 0)."""
    index = frame_index % jitter_phase_count(ratio) + 1
    return halton(index, 2) - 0.5, halton(index, 3) - 0.5


def texture_lod_bias(ratio: float) -> float:
    """log2(render / display) - 1: the LR pass samples textures as sharply as the display needs."""
    return -math.log2(ratio) - 1.0
