"""Frames that lie in a folder as numbered files, gaps and all."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError

_NUMBER = re.compile(r"(\d+)(?=\.[^.]*$)")
_MOST_MISSING = 1000


@dataclass(frozen=True, slots=True)
class NumberedFiles:
    """`paths[i]` is frame i's file, there or not: a gap in the numbers keeps its place in time."""

    paths: tuple[Path, ...]
    missing: tuple[Path, ...]
    others: tuple[str, ...]
    """Names of numbered files in the folder that belong to another sequence."""

    @property
    def note(self) -> tuple[str, ...]:
        """What people should know of the gaps: one sentence or none."""
        if not self.missing:
            return ()
        first, more = self.missing[0].name, len(self.missing) - 1
        return (f"Missing frames: {first}" + (f" and {more} more" if more else "") + ".",)


def files_of(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The folder's plain files with one of the suffixes (lower case, with dot), by name; hidden ones are left out.

    Raises SuperseeError for a folder that is missing or cannot be read, and for a link that leads out of it.
    """
    try:
        found = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
        )
        home = folder.resolve()
        outside = next((path for path in found if path.is_symlink() and home not in path.resolve().parents), None)
    except OSError as error:
        raise SuperseeError(
            f"The folder {folder} cannot be read", error.strerror or str(error), "Check its name and its permissions."
        ) from error
    if outside is not None:
        raise SuperseeError(f"{outside} is not read", "it is a link out of its folder", "Put the file itself there.")
    return found


def numbered_files(paths: Collection[Path]) -> NumberedFiles:
    """The largest set of files whose names differ in their last number only, in its order.

    Raises SuperseeError where no file is numbered, or where the numbers leave more gaps than frames.
    """
    groups: dict[tuple[str, str], dict[int, Path]] = {}
    for path in paths:
        found = _NUMBER.search(path.name)
        if found and len(found[1]) <= 12:
            stem = path.name[: found.start()], path.name[found.end() :].lower()
            groups.setdefault(stem, {})[int(found[1])] = path
    if not groups:
        where = next(iter(paths)).parent if paths else "The folder"
        raise SuperseeError(
            f"{where} holds no numbered frames", "no file's name ends in a number", "Name them as 0001.exr, 0002.exr."
        )
    best = max(groups, key=lambda stem: (len(groups[stem]), stem))
    frames = groups[best]
    first, last = min(frames), max(frames)
    gaps = last - first + 1 - len(frames)
    if gaps > min(_MOST_MISSING, len(frames)):
        raise SuperseeError(
            f"{frames[first].parent} is not one sequence",
            f"its frames run from {frames[first].name} to {frames[last].name}, and {gaps} in between are missing",
            "Move the stray files to another folder.",
        )
    digits = len(_NUMBER.search(frames[first].name)[1])  # type: ignore[index]
    folder, suffix = frames[first].parent, frames[first].name[frames[first].name.rindex(".") :]
    paths_by_time = tuple(
        frames.get(number, folder / f"{best[0]}{number:0{digits}}{suffix}") for number in range(first, last + 1)
    )
    missing = tuple(path for number, path in enumerate(paths_by_time, first) if number not in frames)
    others = tuple(sorted(path.name for stem, group in groups.items() if stem != best for path in group.values()))
    return NumberedFiles(paths_by_time, missing, others)
