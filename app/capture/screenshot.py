"""A screenshot: the composition as the audience sees it, each pane's own pixels, and on demand all buffers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from app.capture.image_files import write_layer, write_png
from app.capture.provenance import as_text
from app.conventions import mode_name
from app.errors import SuperseeError

_BULKY = ("trail", "overlay")
"""Entries of a record that stand in PNG and JSON, but not in each EXR's header."""
_LARGEST_RECORD = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One buffer: (height, width, channels) float16 or float32, row 0 on top, and the channels' names in the EXR."""

    channels: tuple[str, ...]
    pixels: np.ndarray


def save_screenshot(
    path: Path,
    composition: np.ndarray,
    panes: Iterable[tuple[str, np.ndarray]],
    record: Mapping[str, object] | None = None,
    layers: Mapping[str, Layer] | None = None,
) -> list[Path]:
    """Writes `path` and beside it, for each pane, `<stem>-<n>-<method>.png`; for each layer `<stem>-<layer>.exr`, and
    with layers `<stem>.json`, the record. Returns what was written; raises SuperseeError where that fails.

    Images are uint8 sRGB, (height, width, 3), row 0 at the top; `panes`: methods and pictures from
    left to right.
    """
    if path.suffix.lower() != ".png":
        raise SuperseeError(f"{path.name} is no name for a screenshot", "only PNG is written", "End it in .png.")
    record = record or {}
    written = [write_png(path, composition, record)]
    for number, (method, pixels) in enumerate(panes, start=1):
        name = f"{path.stem}-{number}-{method}.png"
        written.append(write_png(path.with_name(name), pixels, {**record, "method": method, "pane": number}))
    brief = {key: value for key, value in record.items() if key not in _BULKY}
    for name, layer in (layers or {}).items():
        place = path.with_name(f"{path.stem}-{name}.exr")
        written.append(write_layer(place, layer.channels, layer.pixels, {**brief, "layer": name}))
    if layers:
        written.append(_write_record(path.with_suffix(".json"), record))
    return written


def shot_name(taken: datetime, scene: str, frame: int, ratio: float) -> str:
    """Date, scene, frame and quality mode: "2026-11-25_11-20-47_court_f00123_performance-2x"."""
    stem = re.sub(r"[^\w-]+", "-", Path(scene).stem or scene).strip("-") or "scene"
    mode = mode_name(ratio).lower().replace(" ", "-")
    return f"{taken:%Y-%m-%d_%H-%M-%S}_{stem}_f{frame:05d}_{mode}-{ratio:g}x"


def free_path(folder: Path, name: str, ending: str = ".png") -> Path:
    """`folder/name.png`, or with the first number that is not taken: two pictures of one second."""
    path, number = folder / f"{name}{ending}", 2
    while path.exists():
        path, number = folder / f"{name}-{number}{ending}", number + 1
    return path


def read_record(path: Path) -> dict[str, Any]:
    """The record in a screenshot (PNG), or the one beside EXRs (JSON). Raises SuperseeError where there is none."""
    from app.capture.image_files import read_png

    if not path.is_file():
        raise SuperseeError(f"There is no picture {path}", "the file is missing")
    if path.suffix.lower() == ".json":
        text = _read_text(path)
    else:
        text = read_png(path)[1]
    try:
        record = json.loads(text) if text else None
    except ValueError as error:
        raise SuperseeError(f"The record in {path} cannot be read", str(error)) from error
    if not isinstance(record, dict) or record.get("program") != "Supersee":
        raise SuperseeError(
            f"{path} does not say how it was made",
            "it holds no record of Supersee's",
            "Name a screenshot that Supersee took, as it was written.",
        )
    return record


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_RECORD:
            raise SuperseeError(f"{path} cannot be read", "it is larger than any record")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuperseeError(f"{path} cannot be read", str(error)) from error


def _write_record(path: Path, record: Mapping[str, object]) -> Path:
    try:
        path.write_text(as_text(record), encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"{path} cannot be written", str(error), "Check the free space.") from error
    return path
