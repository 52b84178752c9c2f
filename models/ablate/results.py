"""What came out of each variant, kept beside its checkpoint, and the figures that tables are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.errors import SuperseeError

SCHEMA_VERSION = 1
RESULT = "result.json"
FIGURES = ("psnr", "ssim", "tpsnr", "flicker")
"""Taken from models.evaluate; the last one is better when it is lower."""


@dataclass(frozen=True, slots=True)
class Result:
    """One variant, trained and scored. `clips`: figures by clip; `seconds` of training; `config`: its TOML text;
    `failure`: why there are no figures, where there are none."""

    name: str
    group: str
    what: str
    config: str = ""
    parameters: int = 0
    seconds: float = 0.0
    clips: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    failure: str = ""

    def mean(self, figure: str) -> float:
        values = [clip[figure] for clip in self.clips.values()]
        return sum(values) / len(values)


def save_result(result: Result, folder: Path) -> None:
    part = folder / f"{RESULT}.part"
    part.write_text(json.dumps({"schema": SCHEMA_VERSION, **asdict(result)}, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / RESULT)


def saved_result(folder: Path, config: str) -> Result | None:
    """The result in `folder`; None where there is none yet. Raises SuperseeError where it was made with other settings
    than `config`, or cannot be read."""
    path = folder / RESULT
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version = data.pop("schema")
        if version != SCHEMA_VERSION:
            raise ValueError(f"schema {version}, and {SCHEMA_VERSION} is read here")
        result = Result(**data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SuperseeError(f"{path} cannot be read", str(error), "Remove it: the variant is scored again.") from error
    if result.config != config:
        raise SuperseeError(
            f"{folder} holds a variant with other settings",
            "figures of different budgets must not stand in one table",
            "Name another folder with --out.",
        )
    return result
