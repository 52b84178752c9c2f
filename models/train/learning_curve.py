"""What a training wrote down of itself, beside the network it made: the learning curves of what is shipped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.errors import SuperseeError

CURVE_FILE = "training.json"


def write_learning_curve(records: Sequence[Mapping[str, float]], folder: Path) -> None:
    """A record a line, of the run that made the weights: iteration, seconds, losses, PSNR. Raises SuperseeError where
    nothing can be written."""
    lines = ",\n".join(json.dumps({key: float(f"{value:.6g}") for key, value in record.items()}) for record in records)
    try:
        (folder / CURVE_FILE).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"{folder / CURVE_FILE} cannot be written", str(error), "Name another folder.") from error


def read_learning_curve(folder: Path) -> list[dict[str, float]]:
    """Nothing where there is no such file. Raises SuperseeError where it cannot be read."""
    path = folder / CURVE_FILE
    if not path.exists():
        return []
    try:
        return [{key: float(value) for key, value in record.items()} for record in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SuperseeError(
            f"{path} is not a learning curve", str(error), "Export the network again, or remove the file."
        ) from error
