"""One training clip: consecutive low-resolution frames of one camera run, with a supersampled reference each.

A clip is one safetensors file, so that rendering resumes clip by clip and a reader maps only the frames and the
crop it wants. Conventions are those of app/conventions.py (row 0 top, motion in LR pixels to the previous frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import SuperseeError

CLIP_VERSION = 2
FRAME_ARRAYS: dict[str, tuple[str, int]] = {
    # name: (dtype, dimensions with the time axis)
    "colour": ("float16", 4),
    "depth": ("float32", 3),
    "expected": ("float32", 3),
    "motion": ("float16", 4),
    "reactive": ("uint8", 3),
    "reference": ("float16", 4),
    "jitter": ("float32", 2),
    "exposure": ("float32", 1),
    "reset": ("bool", 1),
    "camera": ("float32", 4),
    "near": ("float32", 1),
}
IMAGES = ("colour", "depth", "expected", "motion", "reactive", "reference")
"""The arrays that have rows and columns, which a crop cuts."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """`t` frames at LR size (w, h) and display size (W, H).

    colour     (t, h, w, 3) float16, scene-linear Rec.709 before exposure
    depth      (t, h, w) float32, reversed Z
    expected   (t, h, w) float32: the reversed depth that each point had in the previous frame if it rested
    motion     (t, h, w, 2) float16, LR pixels, current -> previous
    reactive   (t, h, w) uint8, 255 = 1.0
    reference  (t, H, W, 3) float16, scene-linear before exposure
    jitter     (t, 2) float32, LR pixels
    exposure   (t,) float32
    reset      (t,) bool
    camera     (t, 4, 4, 4) float32: view, projection, previous view, previous projection, of the whole image
    near       (t,) float32, metres
    """

    colour: np.ndarray
    depth: np.ndarray
    expected: np.ndarray
    motion: np.ndarray
    reactive: np.ndarray
    reference: np.ndarray
    jitter: np.ndarray
    exposure: np.ndarray
    reset: np.ndarray
    camera: np.ndarray
    near: np.ndarray

    @property
    def frames(self) -> int:
        return self.colour.shape[0]

    @property
    def ratio(self) -> float:
        return self.reference.shape[2] / self.colour.shape[2]

    def __post_init__(self) -> None:
        for name, (dtype, dimensions) in FRAME_ARRAYS.items():
            array = getattr(self, name)
            assert array.dtype == dtype, f"{name} is {array.dtype}, not {dtype}"
            assert array.ndim == dimensions, f"{name} has {array.ndim} dimensions, not {dimensions}"
            assert len(array) == len(self.colour), f"{name} has {len(array)} frames, colour {len(self.colour)}"


def save_clip(clip: Clip, path: Path) -> None:
    """Writes the whole file beside its place first, so that an interrupted run leaves no half clip."""
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    arrays = {name: np.ascontiguousarray(getattr(clip, name)) for name in FRAME_ARRAYS}
    save_file(arrays, str(part), metadata={"clip_version": str(CLIP_VERSION)})
    part.replace(path)


class ClipReader:
    """Maps a clip file and reads parts of it; raises SuperseeError where it is not a clip of ours."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self.path = path
        try:
            self._file = safe_open(str(path), framework="numpy")
        except (OSError, SafetensorError) as error:
            if not path.exists():
                raise SuperseeError(
                    f"The clip {path} is missing",
                    "the index of its folder names it",
                    "Give the folder's render-data command again: what is missing is drawn.",
                ) from error
            short = "not fully covered" in str(error) or "header" in str(error)
            raise SuperseeError(
                f"The clip {path} cannot be read",
                f"it is cut short or no clip at all ({error})" if short and path.is_file() else str(error),
                "Delete it and give its render-data command again: what is missing is drawn.",
            ) from error
        version = (self._file.metadata() or {}).get("clip_version")
        if version != str(CLIP_VERSION) or set(self._file.keys()) != set(FRAME_ARRAYS):
            raise SuperseeError(
                f"{path} is not a clip of this version",
                f"version {CLIP_VERSION} is read here, the file says {version}",
                "Render the data again into a new folder.",
            )
        self.frames, self.height, self.width = self._shape("depth")
        self.display_height, self.display_width = self._shape("reference")[1:3]
        self.ratio = self.display_width / self.width

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file.get_slice(name).get_shape())

    def read(self) -> Clip:
        return Clip(**{name: self._file.get_tensor(name) for name in FRAME_ARRAYS})

    def read_part(self, frames: slice, lr: tuple[slice, slice], display: tuple[slice, slice]) -> Clip:
        """The given frames cropped to (rows, columns) at LR and display size."""
        parts = {}
        for name in FRAME_ARRAYS:
            source = self._file.get_slice(name)
            if name not in IMAGES:
                parts[name] = source[frames]
            else:
                rows, columns = display if name == "reference" else lr
                parts[name] = source[frames, rows, columns]
        return Clip(**parts)
