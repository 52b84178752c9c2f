"""Recordings from Blender: a folder of multilayer OpenEXR files with a meta.json beside them.

meta.json       lr_size, near, fov_y_rad, fps; per frame: file, jitter_px, camera_to_world (Blender's axes)
lr/####.exr     ViewLayer.Combined.{R,G,B}, ViewLayer.Depth.Z (metres), ViewLayer.Vector.{X,Y} (pixels, y up)
ref2x/####.exr  R, G, B at twice the size (ref3x: three times)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.conventions import Size
from app.render.frame import CameraView
from app.sequence.blender_meta import BlenderFrame, read_meta
from app.sequence.cameras import camera_motion, camera_view
from app.sequence.exr import read_channels, read_pixels
from app.sequence.folder import inside
from app.sequence.importing import display_size, no_reference, recorded_frame, reversed_depth
from app.sequence.source import RecordedFrame

RATIOS = (2, 3)
_NOTHING_HIT = 1e9
"""Blender writes 1e10 into Depth.Z where a ray left the scene."""
_LAYER = "ViewLayer"
_COLOUR = tuple(f"{_LAYER}.Combined.{channel}" for channel in "RGB")
_DEPTH = f"{_LAYER}.Depth.Z"
_VECTOR = tuple(f"{_LAYER}.Vector.{channel}" for channel in "XY")


def matches(path: Path) -> bool:
    return (path / "meta.json").is_file() and (path / "lr").is_dir()


class BlenderSequence:
    """A `FrameSource` over such a folder, for display at `ratio` times the recorded size (default: 2).

    Raises SuperseeError when the folder's meta.json is missing or wrong; frames are checked as they are read.
    """

    def __init__(self, folder: Path | str, ratio: float | None = None) -> None:
        self.folder = Path(folder)
        self._meta = read_meta(self.folder / "meta.json")
        self.name = self.folder.name
        self.fps = self._meta.fps
        self.notes: tuple[str, ...] = (
            f"Motion: {_LAYER}.Vector, read as position before minus now in pixels, y up; the camera's for the sky.",
            "Colour: scene-linear Rec.709. Depth: metres along the view axis. Jitter and camera: meta.json, in pixels, "
            "x right, y down, and Blender's axes.",
        )
        width, height = self.render_size = self._meta.size
        self.display_size = display_size(self.render_size, ratio)
        self._references = {
            (width * times, height * times): folder
            for times in RATIOS
            if (folder := self.folder / f"ref{times}x").is_dir()
        }
        self.reference_sizes: tuple[Size, ...] = tuple(self._references)

    def __len__(self) -> int:
        return len(self._meta.frames)

    def read(self, index: int) -> RecordedFrame:
        frame, camera = self._frame(index), self._camera(index)
        wanted = (*_COLOUR, _DEPTH, *_VECTOR)
        path = inside(self.folder, self.folder / "lr" / frame.file)
        channels = read_channels(path, wanted, self.render_size, (_DEPTH,))
        distance = channels[_DEPTH].astype(np.float32)
        missed = distance >= _NOTHING_HIT
        depth = reversed_depth(np.where(missed, np.inf, distance), self._meta.near)
        motion = np.stack([channels[_VECTOR[0]], -channels[_VECTOR[1]]], -1).astype(np.float32)
        motion[missed] = camera_motion(depth, camera, frame.jitter)[missed]  # Vector is 0 there
        return recorded_frame(
            np.stack([channels[name] for name in _COLOUR], -1),
            depth,
            motion,
            jitter=frame.jitter,
            camera=camera,
            time=index / self._meta.fps,
            reset=index == 0,
        )

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        size = display or self.display_size
        if size not in self._references:
            raise no_reference(self.name, size)
        path = inside(self.folder, self._references[size] / self._frame(index).file)
        return read_pixels(path, "RGB", size).astype(np.float16, copy=False)

    def _frame(self, index: int) -> BlenderFrame:
        assert 0 <= index < len(self), index
        return self._meta.frames[index]

    def _camera(self, index: int) -> CameraView:
        meta = self._meta
        now, before = _view(meta.frames[index]), _view(meta.frames[max(index - 1, 0)])
        return camera_view(now, before, meta.fov_y, meta.size, meta.near)


# Blender's world is Z up, ours Y up: (x, y, z) there is (x, z, -y) here. Cameras agree: along -Z, Y up.
_WORLD_FROM_BLENDER = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def _view(frame: BlenderFrame) -> np.ndarray:
    return np.linalg.inv(_WORLD_FROM_BLENDER @ frame.camera_to_world)
