"""Every contestant over every held-out sequence, with progress, and what is left where it is stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from app.errors import SuperseeError
from models.evaluate.contestants import Contestant
from models.evaluate.results import Evaluation
from models.evaluate.sequences import HeldOut, SequenceName
from models.evaluate.table import Row
from models.evaluate.timing import DISPLAY_SIZE, RENDER_SIZE, timed_clip

OnSequence = Callable[[SequenceName, dict[str, dict[int, np.ndarray]]], None]
"""Sees a finished sequence: display images (H, W, 3) uint8 by contestant ("reference" among them) and frame."""
_KEPT_EVERY = 6  # frames: what pictures are chosen from


def evaluate(
    items: Sequence[HeldOut],
    contestants: Sequence[Contestant],
    *,
    flip_frames: int,
    on_sequence: OnSequence | None = None,
    timed_frames: int = 0,
) -> Evaluation:
    """A sequence that cannot be read is left out, with the reason; Ctrl+C keeps what is finished. Raises
    SuperseeError where nothing could be scored at all."""
    result = Evaluation(flip_frames=flip_frames)
    progress = _Progress(sum(item.display_pixels for item in items) * len(contestants), len(items))
    try:
        for item in items:
            _one_sequence(result, item, contestants, progress, on_sequence)
        result.left_out += _one_ratio_only(items, contestants)
        if timed_frames and result.rows:
            _time_all(result, items, contestants, timed_frames)
    except KeyboardInterrupt:
        result.stopped = True
    if not result.rows:
        stopped = "it was stopped before the first clip was finished"
        why = f"each of the {len(items)} clips and recordings was left out, for the reasons above"
        raise SuperseeError("Nothing was scored", stopped if result.stopped else why)
    return result


def _one_sequence(
    result: Evaluation,
    item: HeldOut,
    contestants: Sequence[Contestant],
    progress: _Progress,
    on_sequence: OnSequence | None,
) -> None:
    """Adds the sequence's rows when all contestants have played it, so that every clip has all its rows."""
    rows, album = [], _Album(item.name)
    try:
        for contestant in contestants:
            if contestant.ratio not in (None, item.name.ratio):
                progress.done += item.display_pixels
                continue
            progress.show(item.name, contestant.name, rows)
            watch = album.watch(contestant.name) if on_sequence else None
            rows.append(
                Row(contestant.name, contestant.kind, item.name, contestant.score(item, result.flip_frames, watch))
            )
            progress.done += item.display_pixels
    except SuperseeError as error:
        result.left_out.append(str(error))
        progress.say(f"left out: {error}")
        return
    result.rows += rows
    progress.finish(item.name, rows)
    if on_sequence:
        on_sequence(item.name, album.pictures)


def _one_ratio_only(items: Sequence[HeldOut], contestants: Sequence[Contestant]) -> list[str]:
    """In words, who took no part at which ratios."""
    ratios = sorted({item.name.ratio for item in items})
    others = {c.name: [r for r in ratios if c.ratio not in (None, r)] for c in contestants}
    return [
        f"{contestant.name} at {', '.join(f'{ratio:g}x' for ratio in others[contestant.name])}: it does "
        f"{contestant.ratio}x only"
        for contestant in contestants
        if others[contestant.name]
    ]


def _time_all(result: Evaluation, items: Sequence[HeldOut], contestants: Sequence[Contestant], frames: int) -> None:
    scored = {row.sequence for row in result.rows}
    clip = timed_clip(next(item for item in items if item.name in scored).clip(), frames)
    for contestant in contestants:
        if contestant.ratio not in (None, DISPLAY_SIZE[0] / RENDER_SIZE[0]):
            continue
        _Progress.line(f"timing {contestant.name} from {RENDER_SIZE[0]}x{RENDER_SIZE[1]}")
        result.milliseconds[contestant.name] = contestant.milliseconds(clip)


class _Album:
    """Keeps a few frames of a sequence, of every contestant the same ones."""

    def __init__(self, name: SequenceName) -> None:
        self.name = name
        self.pictures: dict[str, dict[int, np.ndarray]] = {}

    def watch(self, method: str) -> Callable[[int, np.ndarray, np.ndarray], None]:
        def on_frame(index: int, output: np.ndarray, reference: np.ndarray) -> None:
            if index % _KEPT_EVERY == _KEPT_EVERY - 1:
                self.pictures.setdefault(method, {})[index] = _bytes(output)
                self.pictures.setdefault("reference", {})[index] = _bytes(reference)

        return on_frame


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.round(255.0 * np.clip(image, 0.0, 1.0)).astype(np.uint8)


class _Progress:
    """One line that is rewritten on a terminal, one line a finished sequence elsewhere; on stderr."""

    def __init__(self, total: float, sequences: int) -> None:
        self.total, self.sequences = total, sequences
        self.done, self.finished = 0.0, 0
        self._begun = time.monotonic()

    def show(self, name: SequenceName, method: str, rows: Sequence[Row]) -> None:
        if sys.stderr.isatty():
            self.line(f"{self._head()}{name.name} {name.ratio:g}x {method}  {_figures(rows)}")

    def finish(self, name: SequenceName, rows: Sequence[Row]) -> None:
        self.finished += 1
        self.say(f"{self._head()}{name.ratio:g}x {name.name} {name.motion}  {_figures(rows)}")

    def say(self, text: str) -> None:
        print("\r\x1b[K" * sys.stderr.isatty() + text, file=sys.stderr, flush=True)  # noqa: T201

    @staticmethod
    def line(text: str) -> None:
        terminal = sys.stderr.isatty()
        print(f"\r\x1b[K{text[:140]}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)  # noqa: T201

    def _head(self) -> str:
        left = ""
        if self.done:
            minutes = (time.monotonic() - self._begun) * (self.total / self.done - 1.0) / 60.0
            left = f", {minutes:.1f} min left"
        return f"[{self.finished}/{self.sequences}{left}] "


def _figures(rows: Sequence[Row]) -> str:
    return "  ".join(f"{row.method} {row.scores.psnr:.2f}" for row in rows)
