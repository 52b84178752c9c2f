"""Frames that lie in a folder as numbered files, gaps and all."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError
from app.sequence.exr_header import listed
from app.sequence.folder import inside, leads_out

_NUMBER = re.compile(r"(\d+)(?=\.[^.]*$)")
_MOST_MISSING = 1000


@dataclass(frozen=True, slots=True)
class NumberedFiles:
    """`paths[i]` is frame i's file, there or not: a gap in the numbers keeps its place in time."""

    paths: tuple[Path, ...]
    missing: tuple[Path, ...]
    others: tuple[str, ...]
    """Names of numbered files in the folder that belong to another sequence."""
    folder: Path
    """The recording's."""
    numbers: range
    """The frames' numbers in their files' names."""

    def file(self, index: int) -> Path:
        """Frame `index`'s file, there or not; raises SuperseeError for a link that leads out of the folder."""
        return inside(self.folder, self.paths[index])

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the gaps: a sentence or none for each kind."""
        links = tuple(path for path in self.paths if path.is_symlink() and leads_out(self.folder, path))
        return (
            *((f"Missing frames: {_names(self.missing)}.",) if self.missing else ()),
            *((f"Links out of the folder are not followed: {_names(links)}.",) if links else ()),
        )


def _names(paths: tuple[Path, ...]) -> str:
    return listed(tuple(path.name for path in paths), 3)


def numbered_files(recording: Path, paths: Collection[Path], numbers: range | None = None) -> NumberedFiles:
    """The largest set of files whose names differ in their last number only, in its order. `recording` is the folder
    that they must not lead out of, theirs or one above it; `numbers` are the frames' where others have set them.

    Raises SuperseeError where no file is numbered, or where the numbers leave more gaps than frames.
    """
    groups: dict[tuple[str, str], dict[int, Path]] = {}
    for path in paths:
        found = _NUMBER.search(path.name)
        if found and len(found[1]) <= 12:
            stem = path.name[: found.start()], path.name[found.end() :].lower()
            groups.setdefault(stem, {})[int(found[1])] = path
    if not groups:
        raise SuperseeError(
            f"{recording} holds no numbered frames",
            "no file's name ends in a number",
            "Name them as 0001.exr, 0002.exr.",
        )
    best = max(groups, key=lambda stem: (len(groups[stem]), stem))
    frames = groups[best]
    first, last = min(frames), max(frames)
    gaps = last - first + 1 - len(frames)
    if numbers is None and gaps > min(_MOST_MISSING, len(frames)):
        raise SuperseeError(
            f"{frames[first].parent} is not one sequence",
            f"its frames run from {frames[first].name} to {frames[last].name}, and {gaps} in between are missing",
            "Move the stray files to another folder.",
        )
    digits = len(_NUMBER.search(frames[first].name)[1])  # type: ignore[index]
    folder, suffix = frames[first].parent, frames[first].name[frames[first].name.rindex(".") :]
    numbers = range(first, last + 1) if numbers is None else numbers
    by_time = tuple(frames.get(number, folder / f"{best[0]}{number:0{digits}}{suffix}") for number in numbers)
    missing = tuple(path for number, path in zip(numbers, by_time, strict=True) if number not in frames)
    others = tuple(sorted(path.name for stem, group in groups.items() if stem != best for path in group.values()))
    return NumberedFiles(by_time, missing, others, recording, numbers)
