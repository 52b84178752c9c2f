"""The newest network of a training that is running: what the lab leaves in `RUN/live`, read without torch.

Each checkpoint lies whole in a folder of its own, which never changes; `newest.json` names the newest one and is
replaced in one step. Whoever reads the pointer finds a complete network, or one that is gone because others came since.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError

LIVE_FOLDER, POINTER = "live", "newest.json"
SCHEMA_VERSION = 1
_LARGEST_POINTER = 1 << 16


@dataclass(frozen=True, slots=True)
class LiveCheckpoint:
    """`written`: seconds since 1970, UTC. `folder` holds model.onnx and manifest.json."""

    name: str
    iteration: int
    written: float
    folder: Path

    def age(self, now: float | None = None) -> float:
        """Seconds since it was written; never below 0, whatever the clocks say."""
        return max(0.0, (time.time() if now is None else now) - self.written)


def check_run(run: Path) -> None:
    """Raises SuperseeError where `run` is not a folder."""
    if not run.is_dir():
        raise SuperseeError(
            f"There is no run in {run}",
            "the folder is missing" if not run.exists() else "it is not a folder",
            "Name the folder that training writes to, for example models/runs/lite.",
        )


def newest_checkpoint(run: Path) -> LiveCheckpoint | None:
    """What `run` offers now; None where training has not written a network yet. Raises SuperseeError where the folder
    is missing, the pointer cannot be used, or says that this run has no network for panes."""
    check_run(run)
    path = run / LIVE_FOLDER / POINTER
    try:
        if path.stat().st_size > _LARGEST_POINTER:
            raise _unusable(path, "it is too large")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from error
    return _checkpoint(path, text)


def _checkpoint(path: Path, text: str) -> LiveCheckpoint:
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA_VERSION:
            raise _unusable(path, f"its schema is {data['schema']!r}, and {SCHEMA_VERSION} is known here")
        if "unplayable" in data:
            raise SuperseeError(
                f"The run of {path} cannot be watched",
                f"{str(data['unplayable'])[:200]}, and panes show networks of the kind kernel",
                "Score its checkpoints with python -m models evaluate --run.",
            )
        name, folder = str(data["name"]), str(data["folder"])
        iteration, written = int(data["iteration"]), float(data["written"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise _unusable(path, f"{type(error).__name__}: {error}") from error
    if Path(folder).name != folder or folder in ("", ".", ".."):
        raise _unusable(path, f"the folder {folder!r} leaves the run")
    return LiveCheckpoint(name, iteration, written, path.parent / folder)


def _unusable(path: Path, why: str) -> SuperseeError:
    return SuperseeError(f"{path} does not name a checkpoint", why, "It is replaced at training's next checkpoint.")
