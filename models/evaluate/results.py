"""What an evaluation found, and the JSON file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from models.evaluate.bar import checks
from models.evaluate.table import Row, means
from models.evaluate.timing import DISPLAY_SIZE, RENDER_SIZE

SCHEMA = 2


@dataclass(slots=True)
class Evaluation:
    """`milliseconds` by method, medians at models.evaluate.timing's size on `machine`. `weights`: SHA-256 of the
    model.onnx of every exported network. `left_out` says in words what
    could not be scored; `stopped` that somebody stopped it before the end."""

    rows: list[Row] = field(default_factory=list)
    milliseconds: dict[str, float] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    flip_frames: int = 0
    stopped: bool = False

    @property
    def candidates(self) -> list[str]:
        """What is held to the bar: networks and checkpoints. Peers are there to be compared with."""
        return list(dict.fromkeys(row.method for row in self.rows if row.kind in ("network", "checkpoint")))

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "stopped": self.stopped,
            "flip_frames": self.flip_frames,
            "left_out": self.left_out,
            "means": means(self.rows),
            "bar": {
                name: [{"text": check.text, "reached": check.reached} for check in checks(self.rows, name)]
                for name in self.candidates
            },
            "milliseconds": {name: round(value, 2) for name, value in self.milliseconds.items()},
            "timed": {"render_size": list(RENDER_SIZE), "display_size": list(DISPLAY_SIZE), **self.machine},
            "weights": self.weights,
            "rows": [row.as_dict() for row in self.rows],
        }


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(evaluation.as_dict(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"The figures cannot be written to {path}", str(error), "Name another file.") from error


def read_evaluations(paths: Sequence[Path]) -> Evaluation:
    """The files' rows one after the other. Raises SuperseeError for what `write_evaluation` has not written."""
    whole = Evaluation()
    for path in paths:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["schema"] != SCHEMA:
                raise ValueError(f"schema {data['schema']}, and {SCHEMA} is read here")
            whole.rows += [Row.from_dict(row) for row in data["rows"]]
            whole.milliseconds |= data["milliseconds"]
            whole.machine |= data["timed"]
            whole.weights |= data.get("weights", {})
            whole.left_out += data["left_out"]
            whole.flip_frames = data["flip_frames"]
            whole.stopped |= data["stopped"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SuperseeError(f"The scores in {path} cannot be read", str(error), "Run evaluate again.") from error
    return whole
