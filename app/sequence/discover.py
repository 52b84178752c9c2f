"""Finds out what a folder or a file of frames is, by looking at it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError
from app.sequence.source import FrameSource


@dataclass(frozen=True, slots=True)
class Importer:
    """`module` has matches(path: Path) -> bool; its `name` makes the source from (path, ratio or None)."""

    title: str
    module: str
    name: str
    looks_like: str


IMPORTERS: tuple[Importer, ...] = (
    Importer("Supersee sequence", "app.sequence.native", "NativeSequence", "sequence.json"),
    Importer("Blender, with camera", "app.sequence.blender", "BlenderSequence", "meta.json beside lr/####.exr"),
    Importer("Arm capture", "app.sequence.arm", "ArmCapture", "0000.json beside x2/color/0000/####.exr"),
    Importer("Arm tensors", "app.sequence.arm_tensors", "ArmTensors", "a .safetensors file"),
    Importer("Blender layers", "app.sequence.blender_layers", "BlenderLayers", "####.exr with ViewLayer.Combined"),
    Importer("Unreal Movie Render Queue", "app.sequence.unreal", "UnrealQueue", "####.exr with FinalImage passes"),
    Importer("video", "app.sequence.video", "VideoSequence", "a .mp4, .mkv, .mov or .webm file"),
    Importer("pictures", "app.sequence.images", "ImageSequence", "####.png, .jpg or .exr"),
)
"""The first that matches reads: what is more particular comes first."""


def importer_for(path: Path) -> Importer:
    """Raises SuperseeError for a path that is not there, cannot be read, or is of no known kind."""
    try:
        there = path.exists()
        empty = path.is_dir() and not any(path.iterdir())
    except OSError as error:
        raise _not_allowed(path, error) from error
    if not there:
        raise SuperseeError(f"There is no recording {path}", "there is no such file or folder", "Check the path.")
    if empty:
        raise SuperseeError(f"{path} is not a recording", "the folder is empty", "Give the folder with the frames.")
    for importer in IMPORTERS:
        if _matches(importer, path):
            return importer
    known = "; ".join(f"{importer.title} ({importer.looks_like})" for importer in IMPORTERS)
    raise SuperseeError(
        f"{path} is not a recording", f"it holds {_seen(path)}", f"Recordings that can be read: {known}."
    )


def open_sequence(path: Path | str, ratio: float | None = None) -> FrameSource:
    """The frames at `path`, for display at `ratio` times their size (default: what the recording was made for, or 2).

    Raises SuperseeError for a path of no known kind, and for a recording that cannot be used.
    """
    path = Path(path)
    importer = importer_for(path)
    try:
        return getattr(importlib.import_module(importer.module), importer.name)(path, ratio)
    except OSError as error:
        raise _not_allowed(path, error) from error


def _matches(importer: Importer, path: Path) -> bool:
    try:
        return importlib.import_module(importer.module).matches(path)
    except OSError as error:  # a folder whose names can be listed, and whose files cannot be looked at
        raise _not_allowed(path, error) from error


def _not_allowed(path: Path, error: OSError) -> SuperseeError:
    where = error.filename or path
    return SuperseeError(f"{where} cannot be read", error.strerror or str(error), "Check its permissions.")


def _seen(path: Path) -> str:
    if not path.is_dir():
        return f"a file that ends in {path.suffix or 'nothing'}"
    names = sorted(entry.name for entry in path.iterdir())
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
