"""The batch at which a training broke, for looking at it: resuming the last checkpoint comes to it again."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from models.data.crops import Batch
from models.train.checkpoint import Progress, write_tensors
from models.train.parallel import Ranks

BAD_BATCH = "bad-batch.safetensors"
"""In a run's folder."""


def save_bad_batch(batch: Batch, frames: range, progress: Progress, run: Path, ranks: Ranks) -> str:
    """Writes this process's share, named as in Batch, with iteration, episode and the window's frames as metadata.
    Answers with where it is, or why it could not be written, as half a sentence."""
    path = run / (BAD_BATCH if ranks.count == 1 else f"bad-batch-{ranks.rank}.safetensors")
    metadata = {
        "iteration": str(progress.iteration),
        "episode": str(progress.episode),
        "frames": f"{frames.start}-{frames.stop - 1}",
    }
    try:
        write_tensors({f.name: getattr(batch, f.name) for f in fields(batch)}, path, metadata)
    except OSError as error:
        return f"its batch could not be saved ({error.strerror or error})"
    return f"its batch is in {path}"
