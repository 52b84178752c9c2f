"""Training tensors of Arm's Neural Graphics Model Gym: one .safetensors file a sequence, frames along the first axis.

colour_linear        (n, 3, h, w) half, jittered        ground_truth_linear  (n, 3, H, W) half
depth                (n, 1, h, w) float, forward        motion_lr            (n, 2, h, w) half: (y, x) in LR pixels,
jitter               (n, 2, 1, 1) float: (y, x), pixels                      position now minus before, y down
zNear, zFar, infinite_zFar, FovY, viewProj, exposure (logarithm), camera_cut, EmulatedFramerate: a value a frame

So its converter from captured EXR files (nss_exr_dataset_reader.py) writes them.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.arm_meta import ArmFrame, arm_camera, reversed_infinite
from app.sequence.cameras import STILL_FOV_Y, STILL_NEAR, view_from_clip
from app.sequence.importing import DEFAULT_FPS, display_size, no_reference, recorded_frame
from app.sequence.safetensors_file import SafetensorsFile
from app.sequence.source import RecordedFrame

_NEEDED = {"colour_linear": 3, "depth": 1, "motion_lr": 2, "jitter": 2}


def matches(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".safetensors"


class ArmTensors:
    """A `FrameSource` over such a file. Raises SuperseeError for one without the tensors that are needed."""

    def __init__(self, path: Path, ratio: float | None = None) -> None:
        self._path = path
        self._tensors = SafetensorsFile(path).tensors
        self._count = self._checked_count()
        height, width = self._tensors["colour_linear"].shape[2:]
        truth = self._tensors.get("ground_truth_linear")
        has_truth = truth is not None and truth.ndim == 4 and truth.shape[1] == 3 and len(truth) >= self._count
        self.name = path.stem
        self.fps = self._value("EmulatedFramerate", 0, 0.01, 10_000.0) or DEFAULT_FPS
        self.render_size = (width, height)
        truth_size = (truth.shape[3], truth.shape[2]) if truth is not None and has_truth else None
        self.reference_sizes: tuple[Size, ...] = () if truth_size is None else (truth_size,)
        asked = display_size(self.render_size, ratio)
        self.display_size: Size = truth_size if truth_size is not None and ratio is None else asked
        self._frames = [self._described(index) for index in range(self._count)]
        self.notes = (
            "Motion: motion_lr read as (y, x), position now minus before in LR pixels.",
            "Colour: scene-linear Rec.709, times e^exposure. Depth: of the device, forward. Jitter: (y, x) in pixels.",
            *(() if self._frames[0].view is not None else ("No usable viewProj: the camera is taken to stand still.",)),
            *(() if "exposure" in self._tensors else ("No exposure: 1 is assumed.",)),
        )

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> RecordedFrame:
        frame, before = self._frames[index], self._frames[max(index - 1, 0)]
        tensors = self._tensors
        y, x = (float(value) for value in tensors["jitter"][index].reshape(-1)[:2])
        colour = np.moveaxis(np.asarray(tensors["colour_linear"][index], np.float32), 0, -1)
        motion = -np.moveaxis(np.asarray(tensors["motion_lr"][index], np.float32), 0, -1)[..., ::-1]
        depth = np.asarray(tensors["depth"][index, 0], np.float32)
        if not all(np.isfinite(array).all() for array in (colour, motion, depth, np.array([x, y]))):
            raise SuperseeError(
                f"Frame {index + 1} of {self._path} cannot be used",
                "it holds values that are not finite",
                "Convert the capture again.",
            )
        return recorded_frame(
            colour,
            reversed_infinite(depth, frame.near, frame.far, reversed_z=False),
            motion,
            jitter=(x, y),
            camera=arm_camera(frame, before, self.render_size),
            time=index / self.fps,
            reset=index == 0 or frame.cut,
            exposure=frame.exposure,
        )

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        size = display or self.display_size
        if size not in self.reference_sizes:
            raise no_reference(self.name, size)
        truth = self._tensors["ground_truth_linear"][index]
        return np.ascontiguousarray(np.moveaxis(np.asarray(truth), 0, -1), np.float16)

    def _checked_count(self) -> int:
        tensors = self._tensors
        missing = [name for name in _NEEDED if name not in tensors]
        if missing:
            raise SuperseeError(
                f"{self._path} has no {' and no '.join(missing)}",
                f"its tensors are {', '.join(sorted(tensors)) or 'none at all'}",
                "Write it with the gym's converter from captured EXR files.",
            )
        size = tensors["colour_linear"].shape[2:]
        for name, channels in _NEEDED.items():
            shape = tensors[name].shape
            wanted = (channels, 1, 1) if name == "jitter" else (channels, *size)
            if len(shape) != 4 or shape[1:] != wanted or tensors[name].dtype.kind != "f":
                raise SuperseeError(
                    f"{name} of {self._path} cannot be used",
                    f"its shape is {shape}, of {tensors[name].dtype}",
                    "Write it with the gym's converter from captured EXR files.",
                )
        count = min(len(tensors[name]) for name in _NEEDED)
        if count == 0 or 0 in size:
            raise SuperseeError(f"{self._path} has no frames", "its tensors are empty", "Convert the capture again.")
        return count

    def _described(self, index: int) -> ArmFrame:
        far = None if self._value("infinite_zFar", index, 0.5, 1.0) else self._value("zFar", index, 1e-3, 1e9)
        near = self._value("zNear", index, 1e-6, 1e6) or STILL_NEAR
        matrix = self._tensors.get("viewProj")
        view = None
        if matrix is not None and len(matrix) > index and matrix[index].size == 16:
            view = view_from_clip(np.array(matrix[index], float).reshape(4, 4))
        return ArmFrame(
            number=index,
            fov_y=self._value("FovY", index, 1e-4, math.pi - 1e-4) or STILL_FOV_Y,
            near=near,
            far=None if far is None or far <= near else far,
            exposure=math.exp(self._value("exposure", index, -20.0, 20.0) or 0.0),
            cut=bool(self._value("camera_cut", index, 0.5, 1.0)),
            view=view,
            jitter=(),
        )

    def _value(self, name: str, index: int, low: float, high: float) -> float | None:
        """A frame's number out of a tensor of one value a frame; None where it is missing or out of bounds."""
        tensor = self._tensors.get(name)
        if tensor is None or len(tensor.shape) == 0 or len(tensor) <= index or tensor[index].size != 1:
            return None
        value = float(tensor[index].reshape(-1)[0])
        return value if low <= value <= high else None
