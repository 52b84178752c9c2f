"""sequence.json of our own sequence format: written, read and checked, and nothing in it believed.

docs/sequence-format.md describes the format for those who write it from other programs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from app.conventions import Size
from app.sequence.importing import read_described

FILE_NAME = "sequence.json"
FORMAT = "supersee-sequence"
VERSION = 1
COLOUR, DEPTH, MOTION, REACTIVE = "colour", "depth", "motion", "reactive"
CHANNELS: dict[str, tuple[str, ...]] = {
    COLOUR: ("R", "G", "B", "A"),
    DEPTH: ("Z",),
    MOTION: ("motion.X", "motion.Y"),
    REACTIVE: ("Y",),
}
"""The layer groups: each is a folder with one EXR a frame, and these are its channels."""
REFERENCE_CHANNELS = ("R", "G", "B")
CONVENTIONS: dict[str, dict[str, Any]] = {
    "image": {"rows": "row 0 on top", "axes": "x right, y down", "pixel centre": "0.5"},
    "colour": {"space": "scene-linear Rec.709", "exposure": "not applied: a multiplier carried with each frame"},
    "depth": {"kind": "reversed z", "value": "near / view distance", "near": "per frame, metres", "far": "infinite"},
    "motion": {"units": "render pixels", "direction": "current to previous", "jitter": "not included"},
    "jitter": {"units": "render pixels", "sign": "pixel p shows the scene at p + 0.5 + jitter"},
    "reactive": {"value": "0 to 1, 1: history may not be trusted"},
    "camera": {
        "matrices": "16 numbers by rows, for column vectors, without jitter",
        "view": "world to view: right-handed, metres, looking along -z, y up",
        "projection": "view to clip: reversed z in [0, 1], infinite far, y down",
    },
}
"""Stated in every file, and required word for word: there is one version of them."""
_LARGEST_SIDE = 8192
_MOST_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class FrameMeta:
    """`jitter` in LR pixels; `near` in metres; matrices (4, 4) float64 without jitter. `cut`: its history is void."""

    file: str  # a name without folders, the same in every layer's folder
    time: float
    jitter: tuple[float, float]
    exposure: float
    cut: bool
    near: float
    view: np.ndarray
    projection: np.ndarray


@dataclass(frozen=True, slots=True)
class ReferenceMeta:
    folder: str  # a name without folders
    size: Size
    samples: int  # a pixel; 0: not known


@dataclass(frozen=True, slots=True, eq=False)
class SequenceMeta:
    """`made_by` says where it came from, for people and for going on with it; nothing depends on it in playing."""

    name: str
    fps: float
    render_size: Size
    display_size: Size
    reactive: bool
    references: tuple[ReferenceMeta, ...] = ()
    notes: tuple[str, ...] = ()
    made_by: Mapping[str, object] | None = None
    frames: tuple[FrameMeta, ...] = ()


def meta_text(meta: SequenceMeta) -> str:
    """The file's content: readable at its head, one line a frame."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "name": meta.name,
        "fps": meta.fps,
        "render_size": list(meta.render_size),
        "display_size": list(meta.display_size),
        "ratio": meta.display_size[0] / meta.render_size[0],
        "conventions": CONVENTIONS,
        "layers": {name: list(CHANNELS[name]) for name in (COLOUR, DEPTH, MOTION, *((REACTIVE,) * meta.reactive))},
        "references": [
            {
                "folder": reference.folder,
                "size": list(reference.size),
                "ratio": reference.size[0] / meta.render_size[0],
                "samples": reference.samples,
            }
            for reference in meta.references
        ],
        "notes": list(meta.notes),
        "made_by": dict(meta.made_by or {}),
    }
    lines = ",\n".join(f"  {json.dumps(_frame_entry(frame))}" for frame in meta.frames)
    return f'{json.dumps(head, indent=1)[:-2]},\n "frames": [\n{lines}\n ]\n}}\n'


def read_meta(path: Path) -> SequenceMeta:
    """Raises SuperseeError naming the file, and the entry in it that is missing or wrong."""
    return read_described(path, _meta, "a sequence", "docs/sequence-format.md says what belongs there.")


def _frame_entry(frame: FrameMeta) -> dict[str, Any]:
    return {
        "file": frame.file,
        "time": frame.time,
        "jitter": list(frame.jitter),
        "exposure": frame.exposure,
        "cut": frame.cut,
        "near": frame.near,
        "view": frame.view.ravel().tolist(),
        "projection": frame.projection.ravel().tolist(),
    }


def _meta(content: Any) -> SequenceMeta:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f'its "format" is not "{FORMAT}"')
    if content["version"] != VERSION:
        raise ValueError(f"it is of version {content['version']!r}; version {VERSION} is read here")
    _check_conventions(content["conventions"])
    render = _size(content["render_size"], "render_size")
    layers = content["layers"]
    for layer in (COLOUR, DEPTH, MOTION, *((REACTIVE,) if REACTIVE in layers else ())):
        if tuple(layers[layer]) != CHANNELS[layer]:
            raise ValueError(f"the channels of {layer} are {layers[layer]!r}, not {', '.join(CHANNELS[layer])}")
    listed = content["frames"]
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_FRAMES:
        raise ValueError("it lists no frames" if not listed else "its frames are no list of a usable length")
    frames = tuple(_frame(entry) for entry in listed)
    made_by = content.get("made_by", {})
    return SequenceMeta(
        name=str(content["name"]),
        fps=_within(content["fps"], "fps", 0.01, 10_000.0),
        render_size=render,
        display_size=_size(content["display_size"], "display_size"),
        reactive=REACTIVE in layers,
        references=tuple(_reference(entry) for entry in content.get("references", [])),
        notes=tuple(str(note) for note in content.get("notes", []))[:100],
        made_by=made_by if isinstance(made_by, dict) else {},
        frames=frames,
    )


def _check_conventions(stated: Any) -> None:
    for thing, wanted in CONVENTIONS.items():
        for key, value in wanted.items():
            found = stated[thing][key]
            if found != value:
                raise ValueError(f"the convention {thing}.{key} is {found!r}; {value!r} is read here")


def _reference(entry: Any) -> ReferenceMeta:
    size = _size(entry["size"], "the size of a reference")
    return ReferenceMeta(_plain_name(entry["folder"]), size, int(entry.get("samples", 0)))


def _frame(entry: Any) -> FrameMeta:
    name = _plain_name(entry["file"])
    jitter = tuple(float(part) for part in entry["jitter"])
    if len(jitter) != 2 or not all(abs(part) <= 1.0 for part in jitter):  # NaN fails the comparison too
        raise ValueError(f"the jitter of {name} is {entry['jitter']}")
    cut = entry["cut"]
    if not isinstance(cut, bool):
        raise TypeError(f"cut of {name} is neither true nor false")
    return FrameMeta(
        file=name,
        time=_within(entry["time"], f"the time of {name}", -1e9, 1e9),
        jitter=jitter,
        exposure=_within(entry["exposure"], f"the exposure of {name}", 1e-9, 1e9),
        cut=cut,
        near=_within(entry["near"], f"near of {name}", 1e-6, 1e6),
        view=_matrix(entry["view"], f"view of {name}"),
        projection=_matrix(entry["projection"], f"projection of {name}"),
    )


def _matrix(entry: Any, what: str) -> np.ndarray:
    matrix = np.asarray(entry, float)
    if matrix.shape != (16,) or not np.isfinite(matrix).all() or np.abs(matrix).max() > 1e12:
        raise ValueError(f"{what} is not a matrix of 16 numbers")
    matrix = matrix.reshape(4, 4)
    if abs(np.linalg.det(matrix)) < 1e-12:
        raise ValueError(f"{what} cannot be inverted")
    return matrix


def _size(entry: Any, what: str) -> Size:
    width, height = entry
    if not all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE for side in (width, height)):
        raise ValueError(f"{what} is {width!r} x {height!r}; each side is 1 to {_LARGEST_SIDE} pixels")
    return width, height


def _plain_name(entry: Any) -> str:
    name = str(entry)
    if name != PurePosixPath(name).name or name != PureWindowsPath(name).name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} lies outside the sequence's folder")
    if len(name) > 200 or not name.isprintable():
        raise ValueError(f"{name[:40]!r} is no name for a file")
    return name


def _within(entry: Any, what: str, low: float, high: float) -> float:
    value = float(entry)
    if not (low <= value <= high and math.isfinite(value)):
        raise ValueError(f"{what} is {value:g}")
    return value
