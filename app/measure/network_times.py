"""How long one network takes on one GPU in several runtimes: the file in which the lab hands its figures to `bench`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError

SCHEMA = 1
FILE_NAME = "network-times.json"
TORCH_EAGER = "torch eager, channels last"
"""The runtime that the others are measured by."""
_LARGEST = 1 << 20
_LAB = "Make it again with `python -m models bench-gpu`."


@dataclass(frozen=True, slots=True)
class NetworkTime:
    """`size` is the padded LR (width, height); `milliseconds` percentiles, None where the runtime could not run, and
    `note` then says why. `worst_db`: how near the answer is to the float32 network's (app/inference/gate.py)."""

    runtime: str
    precision: str
    size: Size
    milliseconds: dict[str, float] | None
    worst_db: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NetworkTimes:
    """`model`: sha256 of model.onnx; `device`: the GPU by name."""

    network: str
    model: str
    device: str
    rows: tuple[NetworkTime, ...]
    versions: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "kind": "network times",
            "network": self.network,
            "model": self.model,
            "device": self.device,
            "versions": dict(self.versions),
            "rows": [{**asdict(row), "size": list(row.size)} for row in self.rows],
        }


def read_network_times(path: Path) -> NetworkTimes | None:
    """None where there is no such file. Raises SuperseeError for one that cannot be used."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("it is too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA or data["kind"] != "network times":
            raise ValueError(f"its schema is {data['schema']!r}, and {SCHEMA} is known here")
        rows = tuple(_row(entry) for entry in data["rows"])
        return NetworkTimes(str(data["network"]), str(data["model"]), str(data["device"]), rows, dict(data["versions"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SuperseeError(f"{path} holds no network times", f"{type(error).__name__}: {error}", _LAB) from error


def speed_ups(rows: Sequence[NetworkTime], runtime: str, over: str) -> dict[Size, float]:
    """By size: how many times faster the median of `runtime` is than that of `over`."""
    medians = {(row.runtime, row.size): row.milliseconds["median"] for row in rows if row.milliseconds}
    return {
        size: round(medians[over, size] / milliseconds, 2)
        for (name, size), milliseconds in medians.items()
        if name == runtime and (over, size) in medians and milliseconds > 0
    }


def _row(entry: Mapping[str, Any]) -> NetworkTime:
    width, height = (int(n) for n in entry["size"])
    milliseconds = entry["milliseconds"]
    if milliseconds is not None:
        milliseconds = {name: float(milliseconds[name]) for name in ("median", "p95", "p99")}
    worst = entry.get("worst_db")
    return NetworkTime(
        str(entry["runtime"]),
        str(entry["precision"]),
        (width, height),
        milliseconds,
        None if worst is None else float(worst),
        str(entry.get("note", "")),
    )
