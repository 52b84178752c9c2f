"""The batch at which a training broke, for looking at it: resuming the last checkpoint comes to it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import torch

from app.errors import SuperseeError
from models.data.crops import Batch
from models.train.checkpoint import Progress, write_tensors
from models.train.parallel import Ranks

BAD_BATCH = "bad-batch.safetensors"
"""In a run's folder."""


def not_finite(batch: Batch, clips: Sequence[str]) -> str:
    """Which inputs hold values that are not finite, "" where none does; `clips` are the files of the batch's crops."""
    found = []
    for field in fields(batch):
        tensor = getattr(batch, field.name)
        bad = ~torch.isfinite(tensor.float()).transpose(0, 1).flatten(1).all(1)
        found += [f"the {field.name} of {clips[index]}" for index in bad.nonzero()[:, 0].tolist()]
    return ", ".join(found)


def stopped(why: str, broken: str, iteration: int, last_good: Path | None) -> SuperseeError:
    """`broken` as `not_finite` tells it: where data are at fault, another rate is no cure. `last_good`: the last
    checkpoint, None where there is none yet."""
    what = f"Training stopped at iteration {iteration}"
    if broken:
        return SuperseeError(what, f"{why}; not finite: {broken}", "Look at the data with render-data --check.")
    if last_good is None:
        return SuperseeError(what, why, "Begin again with a lower learning rate.")
    do = f"The last good checkpoint is {last_good}: begin another run from it (start_from) with a lower learning rate."
    return SuperseeError(what, why, do)


def save_bad_batch(
    batch: Batch, clips: Sequence[str], frames: range, progress: Progress, run: Path, ranks: Ranks
) -> str:
    """Writes this process's share, named as in Batch, with iteration, episode, clips and the window's frames as
    metadata. Answers with where it is, or why it could not be written, as half a sentence."""
    path = run / (BAD_BATCH if ranks.count == 1 else f"bad-batch-{ranks.rank}.safetensors")
    metadata = {
        "iteration": str(progress.iteration),
        "episode": str(progress.episode),
        "clips": "\n".join(clips),
        "frames": f"{frames.start}-{frames.stop - 1}",
    }
    try:
        write_tensors({f.name: getattr(batch, f.name) for f in fields(batch)}, path, metadata)
    except OSError as error:
        return f"its batch could not be saved ({error.strerror or error})"
    return f"its batch is in {path}"
