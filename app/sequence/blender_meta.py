"""The meta.json of a Blender recording: read, checked, and nothing in it believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from app.conventions import Size
from app.sequence.importing import read_described

_LARGEST_SIDE = 8192


@dataclass(frozen=True, slots=True, eq=False)
class BlenderFrame:
    file: str  # a name without folders
    jitter: tuple[float, float]  # LR pixels, x right, y down
    camera_to_world: np.ndarray  # (4, 4) float64, Blender's axes


@dataclass(frozen=True, slots=True, eq=False)
class BlenderMeta:
    size: Size  # LR
    near: float  # metres
    fov_y: float  # radians
    fps: float
    frames: tuple[BlenderFrame, ...]


def read_meta(path: Path) -> BlenderMeta:
    """Raises SuperseeError naming the entry that is missing or wrong."""
    return read_described(path, _meta, "a recording", "docs/importing.md says what belongs there.")


def _meta(content: Any) -> BlenderMeta:
    width, height = (int(side) for side in content["lr_size"])
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise ValueError(f"lr_size is {width}x{height}")
    frames = tuple(_frame(entry) for entry in content["frames"])
    if not frames:
        raise ValueError("it lists no frames")
    return BlenderMeta(
        size=(width, height),
        near=_within(content, "near", 1e-6, 1e6),
        fov_y=_within(content, "fov_y_rad", 1e-4, math.pi - 1e-4),
        fps=_within(content, "fps", 0.01, 10_000.0),
        frames=frames,
    )


def _frame(entry: Any) -> BlenderFrame:
    name = str(entry["file"])
    if name != PurePosixPath(name).name or name != PureWindowsPath(name).name or name in ("", ".", ".."):
        raise ValueError(f"the frame {name!r} lies outside the recording's folder")
    jitter = tuple(float(part) for part in entry["jitter_px"])
    if len(jitter) != 2 or not all(abs(part) <= 1.0 for part in jitter):  # NaN fails the comparison too
        raise ValueError(f"jitter_px of {name} is {entry['jitter_px']}")
    matrix = np.asarray(entry["camera_to_world"], float)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
        raise ValueError(f"camera_to_world of {name} is not a camera's matrix")
    return BlenderFrame(name, jitter, matrix)


def _within(content: Any, key: str, low: float, high: float) -> float:
    value = float(content[key])
    if not low <= value <= high:
        raise ValueError(f"{key} is {value:g}")
    return value
