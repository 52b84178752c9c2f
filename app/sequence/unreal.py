"""A `FrameSource` over what Unreal's Movie Render Queue wrote as EXR (files and layers: unreal_passes.py).

Depth is the distance along the view axis in centimetres. A motion vector is Unreal's stored velocity: clip-space
position now minus before, y up, times 0.499 / 2, plus 32767/65535 (EncodeVelocityToTexture in the engine's Common.ush);
0 means that nobody wrote one, and the camera explains it. Engines of version 5 store the signed square root of it
where VELOCITY_ENCODE_GAMMA is on: the self-test finds that out. The files' attributes carry the camera:
unreal/camera/curPos/x .. in centimetres, unreal/camera/curRot/yaw .. and unreal/camera/FinalImage/fov (across) in
degrees; later versions write unreal/layerData/rgba/ in their place.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.render.frame import CameraView
from app.sequence.cameras import STILL_FOV_Y, STILL_NEAR, camera_motion, camera_view
from app.sequence.exr import read_channels
from app.sequence.exr_header import ExrHeader, read_header
from app.sequence.importing import (
    DEFAULT_FPS,
    JITTER_NOTE,
    display_size,
    flat_depth,
    no_reference,
    read_jitter,
    recorded_frame,
    reversed_depth,
)
from app.sequence.source import RecordedFrame
from app.sequence.unreal_passes import find_passes, is_unreal

_CENTIMETRE = 0.01  # metres
_ENCODED_ZERO = 32767.0 / 65535.0
_ENCODED_SCALE = 0.499 * 0.5
_PREFIXES = ("unreal/layerData/rgba", "unreal/camera")
_MOST_HEADERS = 4096


def matches(path: Path) -> bool:
    return path.is_dir() and is_unreal(path)


class UnrealQueue:
    """Raises SuperseeError for a folder without colour or motion; frames are checked as they are read."""

    def __init__(self, folder: Path, ratio: float | None = None) -> None:
        self._passes = find_passes(folder)
        header, files = self._passes.header, self._passes.colour.files
        self._headers = lru_cache(_MOST_HEADERS)(read_header)
        self._lens = _fov_y(header)
        self._has_camera = _position(header) is not None
        self._jitter = read_jitter(folder / "jitter.json", len(files.paths))
        self.name = folder.name
        self.fps = header.fps or DEFAULT_FPS
        self.render_size = header.size
        self.display_size = display_size(header.size, ratio)
        self.reference_sizes: tuple[Size, ...] = ()
        self.notes = (
            "Motion: read as Unreal's encoded velocity (clip space, now minus before, 0.5 stands still).",
            "Colour is taken as scene-linear: turn the tone curve off when rendering.",
            *((JITTER_NOTE,) if self._jitter else ("No jitter.json: the frames are taken as not jittered.",)),
            *(("Depth: centimetres along the view axis.",) if self._passes.depth else ()),
            *(() if self._has_camera else ("No camera in the files: it is taken to stand still.",)),
            *(() if self._passes.depth else ("No depth pass: everything is taken to be at one distance.",)),
            *(() if header.fps else (f"No frame rate: {DEFAULT_FPS:g} frames a second are assumed.",)),
            *dict.fromkeys(note for each in self._passes.all for note in each.files.notes),
        )

    def __len__(self) -> int:
        return len(self._passes.colour.files.paths)

    def read(self, index: int) -> RecordedFrame:
        passes, camera = self._passes, self._camera(index)
        jitter = self._jitter[index] if self._jitter else (0.0, 0.0)
        colour = self._channels(passes.colour.files.file(index), passes.colour.channels)
        if passes.depth is not None:
            distance = self._channels(passes.depth.files.file(index), passes.depth.channels, passes.depth.channels)
            depth = reversed_depth(distance[..., 0] * _CENTIMETRE, STILL_NEAR)
        else:
            depth = flat_depth(self.render_size, STILL_NEAR)
        encoded = self._channels(passes.motion.files.file(index), passes.motion.channels)
        motion = decoded_velocity(encoded)
        unwritten = (encoded == 0.0).all(-1)
        if unwritten.any():
            motion[unwritten] = camera_motion(depth, camera, jitter)[unwritten]
        return recorded_frame(
            colour, depth, motion, jitter=jitter, camera=camera, time=index / self.fps, reset=index == 0
        )

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        raise no_reference(self.name, display or self.display_size)

    def _channels(self, path: Path, names: tuple[str, ...], unbounded: tuple[str, ...] = ()) -> np.ndarray:
        found = read_channels(path, names, self.render_size, unbounded)
        return np.stack([found[name] for name in names], -1).astype(np.float32)

    def _camera(self, index: int) -> CameraView:
        """Of this frame, and of the file before it: the files' own prevPos is that of the last sub-sample."""
        if not self._has_camera:
            return camera_view(np.eye(4), np.eye(4), self._lens, self.render_size, STILL_NEAR)
        now, before = self._view(index), self._view(index - 1) if index else None
        now = np.eye(4) if now is None else now
        return camera_view(now, now if before is None else before, self._lens, self.render_size, STILL_NEAR)

    def _view(self, index: int) -> np.ndarray | None:
        """None where it is not known: a missing frame, or one whose file does not say."""
        try:
            return view_from_header(self._headers(self._passes.colour.files.file(index)))
        except SuperseeError:
            return None


def decoded_velocity(encoded: np.ndarray) -> np.ndarray:
    """Unreal's stored velocity (height, width, 2) to motion in pixels, current -> previous, y down; float64."""
    height, width = encoded.shape[:2]
    clip = (encoded.astype(np.float64) - _ENCODED_ZERO) / _ENCODED_SCALE  # now minus before, y up, 2 across the screen
    return clip * [-width / 2.0, height / 2.0]


def view_from_header(header: ExrHeader) -> np.ndarray | None:
    """World to view in metres, our axes (y up, right-handed) from Unreal's (x forward, y right, z up, left-handed);
    None where the file does not say. Rotations as in Unreal's FRotationMatrix."""
    position = _position(header)
    if position is None:
        return None
    angles = [_attribute(header, f"curRot/{name}") or 0.0 for name in ("pitch", "yaw", "roll")]
    (sp, sy, sr), (cp, cy, cr) = np.sin(np.radians(angles)), np.cos(np.radians(angles))
    forward = np.array([cp * cy, cp * sy, sp])
    right = np.array([sr * sp * cy - cr * sy, sr * sp * sy + cr * cy, -sr * cp])
    up = np.array([-(cr * sp * cy + sr * sy), cy * sr - cr * sp * sy, cr * cp])
    to_world = np.eye(4)
    for column, axis in enumerate((right, up, -forward, np.array(position) * _CENTIMETRE)):
        to_world[:3, column] = axis[1], axis[2], -axis[0]
    return np.linalg.inv(to_world)


def _position(header: ExrHeader) -> tuple[float, float, float] | None:
    x, y, z = (_attribute(header, f"curPos/{axis}") for axis in "xyz")
    return None if x is None or y is None or z is None else (x, y, z)


def _fov_y(header: ExrHeader) -> float:
    across = header.number("unreal/layerData/rgba/fov", "unreal/camera/FinalImage/fov", "unreal/camera/fov")
    if across is None or not 0.1 < across < 179.0:
        return STILL_FOV_Y
    return 2.0 * math.atan(math.tan(math.radians(across) / 2.0) * header.size[1] / header.size[0])


def _attribute(header: ExrHeader, name: str) -> float | None:
    return header.number(*(f"{prefix}/{name}" for prefix in _PREFIXES))
