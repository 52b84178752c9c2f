"""Reads every clip of a data folder: which are there, whole, of this version, and what the index says they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.errors import SuperseeError
from models.data.clip import FRAME_ARRAYS, ClipReader
from models.data.index import ClipEntry, read_index


def check_folder(folder: Path) -> Iterator[tuple[ClipEntry, str]]:
    """Every clip of the index with what is wrong with it, "" where nothing is. Raises SuperseeError for a folder
    without an index that can be read."""
    for entry in read_index(folder).clips:
        yield entry, _wrong(folder / entry.file, entry)


def strangers(folder: Path) -> list[Path]:
    """Files among the clips that no index names: what an interrupted rendering left, or an index that is gone."""
    known = {folder / entry.file for entry in read_index(folder).clips}
    return sorted(path for path in (folder / "clips").glob("*") if path not in known)


def _wrong(path: Path, entry: ClipEntry) -> str:
    if not path.is_file():
        return "its file is missing"
    try:
        reader = ClipReader(path)
        clip = reader.read()
    except SuperseeError as error:
        return f"{error.what}: {error.why}"
    except (AssertionError, ValueError) as error:  # arrays of another type or shape than the version has
        return f"its arrays are not a clip's: {error}"
    sizes = (clip.frames, (reader.width, reader.height), (reader.display_width, reader.display_height))
    planned = (entry.frames, entry.render_size, entry.display_size)
    for what, found, expected in zip(("frames", "render size", "display size"), sizes, planned):
        if found != expected:
            return f"its {what} {_spelled(found)} is not the {_spelled(expected)} of the index"
    for name in FRAME_ARRAYS:
        array = getattr(clip, name)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"its {name} holds values that are not finite"
    return ""


def _spelled(value: int | tuple[int, int]) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
