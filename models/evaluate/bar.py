"""The bar that a network for shipping is held to, and which parts of it the figures reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.measure.quality import QUALITY
from models.evaluate.table import YARDSTICKS, Row
from models.evaluate.verdict import behind

RECORDINGS: dict[tuple[str, float], dict[str, float]] = {
    ("courtyard", 2.0): {"psnr": 21.5, "ssim": 0.72, "flip": 0.17, "flicker": 10.5},
    ("courtyard", 3.0): {"psnr": 20.12},  # 2 dB above AMD FSR2's 18.12
}
"""What a recording's figures must reach, by its name and ratio."""
GAINS = {"taau": 2.0, "bilinear": 4.0}
"""dB of mean PSNR by which rendered clips at 2x must be ahead."""


@dataclass(frozen=True, slots=True)
class Check:
    """`reached` is None where there was nothing to measure it by."""

    text: str
    reached: bool | None

    def __str__(self) -> str:
        return f"{ {True: 'REACHED', False: 'MISSED', None: 'NOT MEASURED'}[self.reached] }: {self.text}"


def checks(rows: Sequence[Row], method: str) -> list[Check]:
    """Every part of the bar for one network or checkpoint."""
    mine = {row.sequence: row.scores for row in rows if row.method == method}
    others = {
        name: {row.sequence: row.scores for row in rows if row.method == name and row.sequence in mine}
        for name in YARDSTICKS
    }
    found = [_recording(mine, *place) for place in RECORDINGS]
    rendered = {ratio: [s for s in mine if not s.recorded and s.ratio == ratio] for ratio in (1.5, 2.0, 3.0)}
    found += [_gain(mine, others[name], rendered[2.0], name, 2.0, least) for name, least in GAINS.items()]
    found.append(_every_clip(mine, others, rendered[2.0]))
    found += [_gain(mine, others["taau"], rendered[ratio], "taau", ratio, 0.0) for ratio in (1.5, 3.0)]
    return found


def _recording(mine: dict, name: str, ratio: float) -> Check:
    wanted = RECORDINGS[name, ratio]
    title = f"{name} at {ratio:g}x"
    scores = next(
        (s for place, s in mine.items() if place.recorded and (place.group, place.ratio) == (name, ratio)), None
    )
    bar = ", ".join(f"{QUALITY[f].label} {QUALITY[f].formatted(value)}" for f, value in wanted.items())
    if scores is None or any(getattr(scores, figure) is None for figure in wanted):
        return Check(f"{title}: the bar is {bar}", None)
    got = ", ".join(f"{QUALITY[f].label} {QUALITY[f].formatted(getattr(scores, f))}" for f in wanted)
    missed = [f for f, value in wanted.items() if QUALITY[f].better(value, getattr(scores, f))]
    return Check(f"{title}: {got}; the bar is {bar}", not missed)


def _gain(mine: dict, other: dict, clips: list, name: str, ratio: float, least: float) -> Check:
    wanted = f"at least {least:g} dB" if least else "more than 0 dB"
    clips = [clip for clip in clips if clip in other]
    title = f"PSNR over {name} on rendered clips at {ratio:g}x"
    if not clips:
        return Check(f"{title}: the bar is {wanted}", None)
    gain = float(np.mean([mine[clip].psnr - other[clip].psnr for clip in clips]))
    reached = gain >= least if least else gain > 0.0
    return Check(f"{title}: {gain:+.2f} dB, mean of {len(clips)}; the bar is {wanted}", reached)


def _every_clip(mine: dict, others: dict[str, dict], clips: list) -> Check:
    """PSNR has its own bar, on the mean."""
    title = f"better SSIM, FLIP, tPSNR and flicker than {' and '.join(others)} on every rendered clip at 2x"
    clips = [clip for clip in clips if all(clip in other for other in others.values())]
    if not clips or any(mine[clip].flip is None for clip in clips):
        return Check(title, None)
    lost = [clip for clip in clips if any(set(behind(mine[clip], other[clip])) - {"psnr"} for other in others.values())]
    names = ", ".join(f"{clip.name} ({clip.motion})" for clip in lost)
    return Check(f"{title}: on {len(clips) - len(lost)} of {len(clips)}" + f"; not on {names}" * bool(lost), not lost)
