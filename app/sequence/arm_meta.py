"""The JSON file of a capture in the layout of Arm's Neural Graphics Model Gym (its NSS data set specification 1.0.1),
read, checked, and nothing in it believed. Fields beyond those named here are ignored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.conventions import Size
from app.render.frame import CameraView
from app.sequence.cameras import camera_view, still_camera, view_from_clip
from app.sequence.importing import read_described

_INFINITE = -1.0
"""CameraFarPlane of a projection without far plane."""


@dataclass(frozen=True, slots=True, eq=False)
class ArmFrame:
    number: int
    fov_y: float  # radians
    near: float  # in the units of `view`
    far: float | None
    exposure: float
    cut: bool
    view: np.ndarray | None  # world to camera, where ViewProjection is a perspective matrix
    jitter: tuple[tuple[float, float], ...]  # by ratio index, as a fraction of the render size


@dataclass(frozen=True, slots=True, eq=False)
class ArmMeta:
    fps: float
    target: Size
    reversed_z: bool
    ratio_index: dict[str, int]  # by folder name: x2, x1_5
    frames: tuple[ArmFrame, ...]

    @property
    def has_camera(self) -> bool:
        return self.frames[0].view is not None


def read_meta(path: Path) -> ArmMeta:
    """Raises SuperseeError naming the entry that is missing or wrong."""
    return read_described(path, _meta, "an Arm capture", "docs/importing.md lists the entries that are read.")


def arm_camera(frame: ArmFrame, before: ArmFrame, size: Size) -> CameraView:
    """With the frame's own lens; standing still where the file holds no usable matrix."""
    if frame.view is None:
        still = still_camera(size)
        return camera_view(still.view, still.view, frame.fov_y, size, frame.near)
    previous = frame.view if before.view is None or frame.cut else before.view
    return camera_view(frame.view, previous, frame.fov_y, size, frame.near)


def reversed_infinite(depth: np.ndarray, near: float, far: float | None, reversed_z: bool) -> np.ndarray:
    """Device depth in [0, 1] to near / distance (reversed Z, infinite far plane), float32.

    With a far plane f, forward depth z is f / (f - n) * (1 - n / distance), so n / distance = 1 - z * (f - n) / f;
    without one the fraction is 1.
    """
    forward = 1.0 - depth.astype(np.float32) if reversed_z else depth.astype(np.float32)
    fraction = 1.0 if far is None else (far - near) / far
    return np.clip(1.0 - forward * np.float32(fraction), 0.0, 1.0).astype(np.float32)


def _meta(content: Any) -> ArmMeta:
    target = content["TargetResolution"]
    frames = content["Frames"]
    if not isinstance(frames, list) or not frames:
        raise ValueError("Frames lists no frames")
    return ArmMeta(
        fps=_within(content, "EmulatedFramerate", 0.01, 10_000.0),
        target=(int(_within(target, "X", 1, 16384)), int(_within(target, "Y", 1, 16384))),
        reversed_z=bool(content["ReverseZ"]),
        ratio_index={
            str(name).removesuffix("_index"): int(index)
            for name, index in content.get("UpscalingRatiosIndices", {}).items()
        },
        frames=tuple(_frame(entry, position) for position, entry in enumerate(frames)),
    )


def _frame(entry: Any, position: int) -> ArmFrame:
    far = _within(entry, "CameraFarPlane", -1.0, 1e9)
    near = _within(entry, "CameraNearPlane", 1e-6, 1e6)
    jitters = entry.get("NormalizedPerRatioJitter", ())
    return ArmFrame(
        number=int(entry.get("Frame", entry.get("FrameNumber", position))),
        fov_y=_within(entry, "FovY", 1e-4, math.pi - 1e-4),
        near=near,
        far=None if far == _INFINITE or far <= near else far,
        exposure=_within(entry, "Exposure", 1e-9, 1e9) if "Exposure" in entry else 1.0,
        cut=bool(entry.get("CameraCut", False)),
        view=_view(entry.get("ViewProjection")),
        jitter=tuple((_within(each, "X", -1.0, 1.0), _within(each, "Y", -1.0, 1.0)) for each in jitters),
    )


def _view(numbers: Any) -> np.ndarray | None:
    """ViewProjection is "column major" by the specification, while captures hold rows for column vectors: the one of
    the two that is a perspective matrix."""
    if not isinstance(numbers, list) or len(numbers) != 16:
        return None
    matrix = np.array(numbers, float).reshape(4, 4)
    view = view_from_clip(matrix)
    return view_from_clip(matrix.T) if view is None else view


def _within(content: Any, key: str, low: float, high: float) -> float:
    value = float(content[key])
    if not low <= value <= high:  # NaN fails it too
        raise ValueError(f"{key} is {value:g}")
    return value
