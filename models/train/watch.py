"""What a run tells while it trains: a progress line, its history, TensorBoard's event files, held-out figures."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from torch import Tensor

from app.errors import SuperseeError
from models.data.clip import ClipReader
from models.data.index import read_index
from models.data.ratios import ratio_weight
from models.evaluate.tally import WARM_UP
from models.network.model import Model
from models.train.checkpoint import Progress
from models.train.config import DataConfig

PRINT_EVERY = 20  # iterations


def say(text: str) -> None:
    """Whoever read the lines may leave (a pipe, a terminal that is closed): a training of hours goes on without."""
    try:
        print(text, file=sys.stdout, flush=True)  # noqa: T201 (this is the command's output)
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open until the end)


class HeldOut:
    """A few fixed test clips of the ratios that are trained, spread over the data folders; none that is all warm-up."""

    def __init__(self, data: DataConfig, count: int) -> None:
        files = [
            Path(folder) / entry.file
            for folder in data.folders
            for entry in read_index(Path(folder)).of("test")
            if ratio_weight(data.ratio_weights, entry.ratio) > 0.0 and entry.frames > WARM_UP
        ]
        count = min(count, len(files))
        self._clips = [ClipReader(files[i * len(files) // count]) for i in range(count)]

    def __len__(self) -> int:
        return len(self._clips)

    def figures(self, model: Model) -> dict[str, float]:
        """PSNR and tPSNR in dB, means over the clips, by the names they have in a run's history."""
        from models.evaluate.held_out import score_model

        scores = score_model(model, self._clips)
        figures = {"held_out_psnr": scores.psnr}
        return figures if scores.tpsnr is None else {**figures, "held_out_tpsnr": scores.tpsnr}


class Watch:
    """Collects what windows report; every PRINT_EVERY iterations one line, one record, one point of each curve.

    `progress` is the run's own: records go into its history. Where `folder` is None it keeps no event files.
    """

    def __init__(self, progress: Progress, iterations: int, folder: Path | None) -> None:
        self._progress = progress
        self._iterations = iterations
        self._windows: list[dict[str, Tensor]] = []
        self._held_out: dict[str, float] = {}
        self._board = _board(folder, progress.iteration) if folder else None
        self._restart()

    def _restart(self) -> None:
        self._since, self._waited = time.perf_counter(), 0.0

    def loading(self, seconds: float) -> None:
        """Training waited so long for its data."""
        self._waited += seconds

    def leave_out(self, seconds: float) -> None:
        """Time that is not training's: scoring, saving."""
        self._since += seconds

    def held_out(self, figures: dict[str, float]) -> None:
        """They go into the next line and record."""
        self._held_out = figures

    def window(self, figures: dict[str, Tensor], seconds: float) -> None:
        """`figures` of one window; `seconds` of the whole run so far."""
        self._windows.append(figures)
        if self._progress.iteration % PRINT_EVERY:
            return
        passed = max(time.perf_counter() - self._since, 1e-9)
        rate = len(self._windows) / passed
        names = list(dict.fromkeys(name for window in self._windows for name in window))
        means = {n: sum(float(w[n]) for w in self._windows if n in w) / len(self._windows) for n in names}
        record = {"iteration": float(self._progress.iteration), "seconds": round(seconds, 1), **means}
        record |= {"rate": rate, "loader": self._waited / passed, **self._held_out}
        self._progress.history.append(record)
        say(self._line(means, record))
        if self._board is not None:
            self._board = _put(self._board, record)
        self._windows.clear()
        self._held_out = {}
        self._restart()

    def _line(self, means: dict[str, float], record: dict[str, float]) -> str:
        losses = "  ".join(f"{name} {value:.4f}" for name, value in means.items() if name != "psnr")
        held_out = f"  held-out {record['held_out_psnr']:.2f} dB" if "held_out_psnr" in record else ""
        left = (self._iterations - self._progress.iteration) / record["rate"] / 60
        return (
            f"{self._progress.iteration:6d}/{self._iterations}  {losses}  psnr {means['psnr']:.2f} dB{held_out}  "
            f"{record['rate']:.2f} it/s  loader {100 * record['loader']:.0f} %  {left:.0f} min left"
        )

    def close(self) -> None:
        """Held-out figures that no line has had yet go into the last record."""
        if self._held_out:
            say("held-out: " + "  ".join(f"{name.split('_')[-1]} {v:.2f} dB" for name, v in self._held_out.items()))
            if self._progress.history:
                last = self._progress.history[-1]
                last |= self._held_out
                if self._board is not None:
                    self._board = _put(self._board, {"iteration": last["iteration"], **self._held_out})
        if self._board is not None:
            self._board.close()


def _board(folder: Path, iteration: int) -> Any:
    """TensorBoard's writer, or None with a message. After a resume, points beyond `iteration` are those of a past that
    did not happen, and are hidden."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        say("TensorBoard is not installed: the run has no event files (pip install tensorboard)")
        return None
    try:
        return SummaryWriter(str(folder), purge_step=iteration + 1 if iteration else None)
    except OSError as error:
        say(f"TensorBoard's event files cannot be written: {error.strerror or error}")
        return None


def _put(board: Any, record: dict[str, float]) -> Any:
    """The writer, or None, with a message, from when its files can no longer be written: training goes on."""
    try:
        for name, value in record.items():
            if name not in ("iteration", "seconds"):
                board.add_scalar(name, value, int(record["iteration"]))
        board.flush()
        return board
    except OSError as error:
        say(f"TensorBoard's event files end here: {error.strerror or error}")
        return None


def held_out_clips(data: DataConfig, count: int) -> HeldOut | None:
    """None, with a message, where there are no test clips; None where `count` is 0."""
    if count == 0:
        return None
    try:
        found = HeldOut(data, count)
    except SuperseeError as error:
        say(f"no held-out figures: {error}")
        return None
    if not len(found):
        say(f"no held-out figures: the data have no test clips of the trained ratios longer than {WARM_UP} frames")
        return None
    return found
