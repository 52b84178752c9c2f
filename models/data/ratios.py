"""Ratios and ranges of ratios, as settings and command lines spell them: "2", "1.3-3", "1.5,2,2.5-3"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.errors import SuperseeError

LOWEST, HIGHEST = 1.3, 3.0
STEP = 0.05
"""Of ratios in a plan: twentieths, so that crops of 40 LR pixels fall on whole display pixels at every one of them
(models.data.crops.crop_step)."""
_TOLERANCE = 5e-3
"""A clip's ratio is that of its sizes; settings round."""


@dataclass(frozen=True, slots=True)
class RatioSpan:
    """Both ends belong to it; a single ratio has equal ends."""

    low: float
    high: float

    def holds(self, ratio: float) -> bool:
        return self.low - _TOLERANCE < ratio < self.high + _TOLERANCE


def ratio_span(text: str) -> RatioSpan:
    """Raises SuperseeError for what is neither a number nor a range."""
    low, _, high = text.strip().partition("-")
    try:
        span = RatioSpan(float(low), float(high or low))
    except ValueError:
        span = RatioSpan(0.0, -1.0)
    if not 1.0 <= span.low <= span.high:
        raise SuperseeError(
            f"{text!r} is not a ratio", "", 'Write a number or a range, for example "2.0" or "1.3-1.7".'
        )
    return span


def ratio_weight(weights: Mapping[str, float], ratio: float) -> float:
    """The sum of the weights of all keys (ratios or ranges) that hold `ratio`; 0 where none does. Raises SuperseeError
    for a key that is no ratio."""
    return sum(weight for key, weight in weights.items() if ratio_span(key).holds(ratio))


def ratio_chances(weights: Mapping[str, float], clips: Mapping[float, int]) -> dict[float, float]:
    """How often each of the ratios in `clips` (ratio: number of clips) is drawn, summing to 1; those without a weight
    are left out. A range shares its weight over the ratios in it by their numbers of clips; weights of a ratio that
    several keys hold add up. Raises SuperseeError for a key that is no ratio."""
    chances = dict.fromkeys(sorted(clips), 0.0)
    for key, weight in weights.items():
        span = ratio_span(key)
        held = [ratio for ratio in chances if span.holds(ratio)]
        total = sum(clips[ratio] for ratio in held)
        for ratio in held:
            chances[ratio] += weight * (clips[ratio] / total)
    whole = sum(chances.values())
    return {ratio: chance / whole for ratio, chance in chances.items() if chance > 0.0}


def drawn_ratio(text: str, rng: np.random.Generator) -> float:
    """One of the ratios and ranges in `text`, each as likely as the others, a range's ratios in steps of STEP."""
    parts = text.split(",")
    which, within = int(rng.integers(len(parts))), rng.random()
    span = ratio_span(parts[which])
    low, high = round(span.low / STEP), round(span.high / STEP)
    return round((low + int(within * (high - low + 1))) * STEP, 3)


def checked_ratios(text: str) -> str:
    """`text` as `drawn_ratio` takes it. Raises SuperseeError for ratios that clips are not drawn at."""
    for part in text.split(","):
        span = ratio_span(part)
        on_grid = all(abs(end / STEP - round(end / STEP)) < 1e-6 for end in (span.low, span.high))
        if not on_grid or span.low < LOWEST or span.high > HIGHEST:
            raise SuperseeError(
                f"Clips cannot be drawn at a ratio of {part}",
                f"ratios are {LOWEST:g} to {HIGHEST:g} in steps of {STEP:g}",
                "For example --ratios 1.3-3 or --ratios 1.5,2,3.",
            )
    return text
