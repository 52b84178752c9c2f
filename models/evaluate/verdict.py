"""Wins and losses, figure by figure, and whether the bar is reached."""

from __future__ import annotations

from app.measure.quality import QUALITY
from models.evaluate.tally import Scores


def behind(scores: Scores, other: Scores) -> tuple[str, ...]:
    """The figures in which `scores` is worse than `other`; a figure that either of them lacks does not count."""
    pairs = {name: (getattr(scores, name), getattr(other, name)) for name in QUALITY}
    return tuple(n for n, (mine, its) in pairs.items() if None not in (mine, its) and QUALITY[n].better(its, mine))


def verdict(scores: Scores, other: Scores) -> str:
    """WIN where no figure is worse, else LOSS with the figures that are."""
    lost = behind(scores, other)
    known = [name for name in QUALITY if None not in (getattr(scores, name), getattr(other, name))]
    if not lost:
        return "WIN"
    return "LOSS" if len(lost) == len(known) else f"LOSS ({', '.join(QUALITY[name].label for name in lost)})"
