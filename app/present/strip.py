"""What the strip under a recording shows: the play head between marks, lost frames, each method's curve."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from app.measure.quality import QUALITY
from app.present import theme
from app.present.comparison import Comparison
from app.present.ink import Colour
from app.present.player import Player
from app.present.scorer import Scorer, score_key

_LEAST_SPAN = {"psnr": 2.0, "flip": 0.05}
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_TOLD_LOST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """`values`: (frames,) float32, NaN where it is not measured."""

    label: str
    colour: Colour
    key: Hashable
    values: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class StripContent:
    """`index`: where the head stands. `lost`: frames that are missing or damaged, and why. `leading`: frames played so
    far of those that lead up to the one that is wanted. `doing`: what the frame number does not say. `note` stands
    where there are no curves."""

    frames: int
    index: int
    first: int
    last: int
    metric: str = "psnr"
    curves: tuple[Curve, ...] = ()
    lost: dict[int, str] = field(default_factory=dict)
    leading: tuple[int, int] | None = None
    note: str = ""
    doing: str = ""

    def readout(self, index: int) -> list[tuple[str, Colour]]:
        """What is known of a frame: each method's figure, or why there is no frame."""
        if index in self.lost:
            return [(f"missing: {self.lost[index]}", theme.WARNING)]
        figure = QUALITY[self.metric]
        said = []
        for curve in self.curves:
            value = float(curve.values[index])
            said.append((f"{curve.label} {figure.formatted(None if math.isnan(value) else value)}", curve.colour))
        return said


def strip_content(player: Player, comparison: Comparison, scorer: Scorer | None) -> StripContent:
    """What to show now."""
    recorded, index = comparison.recorded, player.heading
    if recorded is None or scorer is None:
        return StripContent(player.frames, index, player.first, player.last)
    curves, note = (), scorer.note
    if not recorded.has_reference:
        note = "no reference at this ratio: nothing to measure against"
    elif not note:
        curves = tuple(
            Curve(run.info.label, theme.method_colour(run.name), key, scorer.scores.curve(scorer.metric, key))
            for run in comparison.shown_runs()
            if run.info.kind == "upscaler" and not run.stands_in
            for key in (score_key(run, comparison),)
        )
        note = "" if curves else "no upscaler is shown: nothing to measure"
    return StripContent(
        player.frames, index, player.first, player.last, scorer.metric, curves, dict(recorded.lost),
        comparison.leading, note, _doing(player, comparison),
    )  # fmt: skip


def _doing(player: Player, comparison: Comparison) -> str:
    if comparison.leading is not None:
        done, of = comparison.leading
        return f"playing up to frame {player.heading + 1}: {done} of {of}"
    if player.scanning:
        return f"measuring {max(player.index - player.first + 1, 0)} of {player.last - player.first + 1}"
    if comparison.previews:
        return "preview"
    return "backwards" if player.ends == "ping-pong" and player.backwards else ""


def worst_frame(player: Player, comparison: Comparison, scorer: Scorer | None, method: str) -> int | None:
    """The worst frame of `method` (of another that is shown, where that has no curve) between the marks; None where
    none is measured. The frame on show is as good as any other."""
    if scorer is None or comparison.recorded is None:
        return None
    runs = [run for run in comparison.shown_runs() if run.info.kind == "upscaler"]
    runs.sort(key=lambda run: run.name != method)
    found = (
        scorer.scores.worst(scorer.metric, score_key(run, comparison), player.first, player.last) for run in runs
    )
    return next((index for index in found if index is not None), None)


def value_range(content: StripContent) -> tuple[float, float, list[float]]:
    """The axis of the curves: its least and greatest value, and where lines are drawn (two to four)."""
    values = [curve.values[np.isfinite(curve.values)] for curve in content.curves]
    seen = np.concatenate(values) if values else np.zeros(0, np.float32)
    if not seen.size:
        return 0.0, 1.0, []
    low, high = float(seen.min()), float(seen.max())
    room = max(_LEAST_SPAN[content.metric] - (high - low), 0.12 * (high - low))
    low, high = max(low - 0.5 * room, 0.0), high + 0.5 * room
    tick = next((step for step in _TICKS if (high - low) / step <= 3.2), _TICKS[-1])
    first = math.ceil(low / tick - 1e-6)
    return low, high, [round(each * tick, 6) for each in range(first, math.floor(high / tick + 1e-6) + 1)]


def thinned(values: np.ndarray, columns: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """(positions in frames, values), at most `columns` of them: of frames that fall together, the worst stays."""
    if len(values) <= columns:
        return np.arange(len(values), dtype=float), values
    starts = np.linspace(0, len(values), columns, endpoint=False).astype(int)
    worst_is = 1.0 if QUALITY[metric].higher_is_better else -1.0
    filled = np.where(np.isnan(values), np.inf, values * worst_is)
    least = np.minimum.reduceat(filled, starts)
    ends = np.append(starts[1:], len(values))
    return (starts + ends - 1) / 2.0, np.where(np.isinf(least), np.nan, least * worst_is)


def lost_words(content: StripContent) -> str:
    """The lost frames in one line; "" where there are none."""
    if not content.lost:
        return ""
    numbers = sorted(content.lost)
    listed = ", ".join(str(number + 1) for number in numbers[:_TOLD_LOST])
    more = f" and {len(numbers) - _TOLD_LOST} more" if len(numbers) > _TOLD_LOST else ""
    return f"missing: {'frame' if len(numbers) == 1 else 'frames'} {listed}{more}"
