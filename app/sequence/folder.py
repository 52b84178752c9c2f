"""A recording's folder: which files are in it, and which of them may be read. What leads out of it may not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TypeVar

from app.errors import SuperseeError

_Answer = TypeVar("_Answer")


def files_of(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The folder's plain files and links with one of the suffixes (lower case, with dot), by name; hidden ones are
    left out. Where a link leads is asked when it is read (`inside`), so that a wrong one costs its own frame.

    Raises SuperseeError for a folder that is missing or cannot be read.
    """
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in suffixes
            and not path.name.startswith(".")
            and (path.is_file() or path.is_symlink())
        )
    except OSError as error:
        raise SuperseeError(
            f"The folder {folder} cannot be read", error.strerror or str(error), "Check its name and its permissions."
        ) from error


def inside(folder: Path, path: Path) -> Path:
    """`path` itself; raises SuperseeError where a link leads it out of the recording's folder."""
    try:
        leads_out = not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise SuperseeError(f"{path} cannot be read", str(error), "Put the file itself there.") from error
    if leads_out:
        raise SuperseeError(
            f"{path} is not read", "it is a link that leads out of the folder", "Put the file itself there."
        )
    return path


def leads_out(folder: Path, path: Path) -> bool:
    """Whether `inside` refuses it."""
    try:
        inside(folder, path)
    except SuperseeError:
        return True
    return False


def first_usable(folder: Path, paths: Iterable[Path], look: Callable[[Path], _Answer]) -> tuple[Path, _Answer]:
    """The first file inside the folder that `look` accepts, and its answer: one bad frame at the start must not cost
    the recording. Raises the first file's SuperseeError where there is none."""
    refused: SuperseeError | None = None
    for path in paths:
        try:
            return path, look(inside(folder, path))
        except SuperseeError as error:
            refused = refused or error
    raise refused or SuperseeError(f"{folder} is not a recording", "it holds no frame", "Give the folder with them.")
