"""Numbered pictures (PNG, JPEG, or EXR with R, G, B) without motion vectors: motion is estimated, depth is flat."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.estimated_motion import NOTES, estimated_frame, require_opencv
from app.sequence.exr import read_pixels
from app.sequence.exr_header import LARGEST_SIDE, check_there, listed, read_header
from app.sequence.folder import files_of, first_usable
from app.sequence.importing import DEFAULT_FPS, display_size, no_reference
from app.sequence.numbered import numbered_files
from app.sequence.source import RecordedFrame

SUFFIXES = (".png", ".jpg", ".jpeg", ".exr")


def matches(path: Path) -> bool:
    return path.is_dir() and bool(files_of(path, SUFFIXES))


class ImageSequence:
    """A `FrameSource` over such a folder. PNG and JPEG are taken as sRGB, EXR as scene-linear Rec.709."""

    def __init__(self, folder: Path, ratio: float | None = None) -> None:
        files = numbered_files(folder, files_of(folder, SUFFIXES))
        if len(files.paths) > 1:
            require_opencv()
        self._files = files
        first, self.render_size = first_usable(folder, files.paths, picture_size)
        self.name = folder.name
        self.fps = DEFAULT_FPS
        _require_colour(first)
        self.display_size = display_size(self.render_size, ratio)
        self.reference_sizes: tuple[Size, ...] = ()
        linear = first.suffix.lower() == ".exr"
        self.notes = (
            *NOTES,
            "Colour is taken as scene-linear Rec.709." if linear else "Colour is taken as sRGB.",
            f"No frame rate: {DEFAULT_FPS:g} frames a second are assumed.",
            *files.notes,
            *((f"Other numbered files are left out: {listed(files.others, 4)}.",) if files.others else ()),
        )

    def __len__(self) -> int:
        return len(self._files.paths)

    def read(self, index: int) -> RecordedFrame:
        colour = linear_picture(self._files.file(index), self.render_size)
        previous = self._before(index)
        return estimated_frame(colour, previous, index / self.fps)

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        raise no_reference(self.name, display or self.display_size)

    def _before(self, index: int) -> np.ndarray | None:
        """The frame before, or None at the start and after a missing or damaged one."""
        try:
            return linear_picture(self._files.file(index - 1), self.render_size) if index else None
        except SuperseeError:
            return None


def _require_colour(path: Path) -> None:
    """An EXR file of a layout that nobody here knows has other channels: said at once, not at every frame."""
    channels = read_header(path).channels if path.suffix.lower() == ".exr" else tuple("RGB")
    if not set("RGB") <= set(channels):
        raise SuperseeError(
            f"{path} is not a picture",
            f"it has no R, G and B: its channels are {listed(channels)}",
            "docs/importing.md lists the layers that are read.",
        )


def picture_size(path: Path) -> Size:
    """(width, height) from the file's head; raises SuperseeError."""
    if path.suffix.lower() == ".exr":
        return read_header(path).size
    from PIL import Image

    try:
        with Image.open(path) as picture:
            size = picture.size
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise SuperseeError(f"The picture {path} cannot be read", str(error), "Write or copy it again.") from error
    if not all(0 < side <= LARGEST_SIDE for side in size):
        raise SuperseeError(
            f"The picture {path} cannot be read",
            f"it claims to be {size[0]}x{size[1]} pixels",
            "Write or copy it again.",
        )
    return size


def linear_picture(path: Path, size: Size) -> np.ndarray:
    """(height, width, 3) float32 scene-linear Rec.709; raises SuperseeError for a file that is missing, damaged or of
    another size, or an EXR without R, G, B."""
    if path.suffix.lower() == ".exr":
        return read_pixels(path, "RGB", size).astype(np.float32)
    check_there(path)
    found = picture_size(path)
    if found != tuple(size):
        raise SuperseeError(
            f"The frame {path} has the wrong size",
            f"it is {found[0]}x{found[1]}, not {size[0]}x{size[1]}",
            "Render it again, or move frames of another size to a folder of their own.",
        )
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return from_srgb(np.asarray(picture.convert("RGB")))
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise SuperseeError(f"The picture {path} cannot be read", str(error), "Write or copy it again.") from error


_ENCODED = np.arange(256) / 255.0
_LINEAR = np.where(_ENCODED <= 0.04045, _ENCODED / 12.92, ((_ENCODED + 0.055) / 1.055) ** 2.4).astype(np.float32)


def from_srgb(encoded: np.ndarray) -> np.ndarray:
    """8-bit sRGB to linear (IEC 61966-2-1), float32."""
    return _LINEAR[encoded]
