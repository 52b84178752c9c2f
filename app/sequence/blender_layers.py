"""Blender's multilayer OpenEXR files as its File Output writes them, without a description beside them.

####.exr        LAYER.Combined.{R,G,B}; LAYER.Depth.Z (metres, Passes > Data > Z); LAYER.Vector.{X,Y} (pixels, y up,
                position before minus position now; Passes > Data > Vector). LAYER is the view layer's name.
jitter.json     optional: a list of [x, y], one a frame, LR pixels, x right, y down
ref2x/####.exr  optional references: R, G, B at twice the size (ref3x: three times)

Without a camera the motion of the sky is not known: Blender writes 0 where nothing was hit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.cameras import STILL_NEAR, still_camera
from app.sequence.exr import read_channels, read_pixels
from app.sequence.exr_header import listed, read_header
from app.sequence.folder import files_of, first_usable, inside
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
from app.sequence.numbered import numbered_files
from app.sequence.source import RecordedFrame

_COLOUR = ".Combined.R"
_NOTHING_HIT = 1e9
"""Blender writes 1e10 into Depth.Z where a ray left the scene."""


def matches(path: Path) -> bool:
    """A folder whose first EXR file that can be read has a Combined pass in a layer."""
    if not path.is_dir():
        return False
    try:
        header = first_usable(path, files_of(path, (".exr",)), read_header)[1]
    except SuperseeError:  # no file that can be read: some other importer says so
        return False
    return any(name.endswith(_COLOUR) for name in header.channels)


class BlenderLayers:
    """A `FrameSource` over such a folder. Raises SuperseeError for a folder without the passes that are needed."""

    def __init__(self, folder: Path, ratio: float | None = None) -> None:
        files = numbered_files(folder, files_of(folder, (".exr",)))
        present, header = first_usable(folder, files.paths, read_header)
        self._layer = _layer(present, header.channels)
        self._has_depth = f"{self._layer}.Depth.Z" in header.channels
        self._files = files
        self._jitter = read_jitter(folder / "jitter.json", len(files.paths))
        self.name = folder.name
        self.fps = header.fps or DEFAULT_FPS
        self.render_size = header.size
        self.display_size = display_size(header.size, ratio)
        width, height = header.size
        self._references = {
            (width * times, height * times): folder / f"ref{times}x"
            for times in (2, 3)
            if (folder / f"ref{times}x").is_dir()
        }
        self.reference_sizes: tuple[Size, ...] = tuple(self._references)
        self.notes = (
            f"Motion: {self._layer}.Vector, read as position before minus now in pixels, y up.",
            "Colour: scene-linear Rec.709." + (" Depth: metres along the view axis." if self._has_depth else ""),
            *((JITTER_NOTE,) if self._jitter else ()),
            "No camera: it is taken to stand still, and the sky with it.",
            *_hint(folder),
            *(() if self._jitter else ("No jitter.json: the frames are taken as not jittered.",)),
            *(() if self._has_depth else ("No depth: everything is taken to be at one distance.",)),
            *(() if header.fps else (f"No frame rate: {DEFAULT_FPS:g} frames a second are assumed.",)),
            *files.notes,
        )

    def __len__(self) -> int:
        return len(self._files.paths)

    def read(self, index: int) -> RecordedFrame:
        layer, path = self._layer, self._files.file(index)
        colour, depth = [f"{layer}.Combined.{name}" for name in "RGB"], f"{layer}.Depth.Z"
        vector = [f"{layer}.Vector.{name}" for name in "XY"]
        wanted = (*colour, *vector, *((depth,) if self._has_depth else ()))
        channels = read_channels(path, wanted, self.render_size, (depth,))
        if self._has_depth:
            distance = channels[depth].astype(np.float32)
            z = reversed_depth(np.where(distance >= _NOTHING_HIT, np.inf, distance), STILL_NEAR)
        else:
            z = flat_depth(self.render_size, STILL_NEAR)
        return recorded_frame(
            np.stack([channels[name] for name in colour], -1),
            z,
            np.stack([channels[vector[0]], -channels[vector[1]]], -1),
            jitter=self._jitter[index] if self._jitter else (0.0, 0.0),
            camera=still_camera(self.render_size),
            time=index / self.fps,
            reset=index == 0,
        )

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        size = display or self.display_size
        if size not in self._references:
            raise no_reference(self.name, size)
        path = inside(self._files.folder, self._references[size] / self._files.paths[index].name)
        return read_pixels(path, "RGB", size).astype(np.float16, copy=False)


def _hint(folder: Path) -> tuple[str, ...]:
    """The frames of a recording with a camera, opened without it."""
    above = folder.resolve().parent
    if folder.name == "lr" and (above / "meta.json").is_file():
        return (f"{above.name}/meta.json has camera and jitter: open the folder {above.name} instead.",)
    return ()


def _layer(path: Path, channels: tuple[str, ...]) -> str:
    layers = [name.removesuffix(_COLOUR) for name in channels if name.endswith(_COLOUR)]
    for layer in layers:
        if {f"{layer}.Vector.X", f"{layer}.Vector.Y"} <= set(channels):
            return layer
    if not layers:
        raise SuperseeError(
            f"{path} has no Combined pass",
            f"its channels are {listed(channels)}",
            "In Blender turn on View Layer > Passes > Data > Combined, and render again.",
        )
    raise SuperseeError(
        f"{path} has no motion vectors",
        f"its channels are {listed(channels)}",
        "In Blender turn on View Layer > Passes > Data > Vector, and render again.",
    )
