"""Which of the files and channels that Unreal's Movie Render Queue wrote hold colour, depth and motion.

Name.####.exr                     all passes in one file: R, G, B are FinalImage's, post-process materials have layers:
                                  FinalImageMovieRenderQueue_WorldDepth.R, .._MotionVectors.{R,G}
Name.PASS.####.exr, PASS/####.exr a file a pass: FinalImage, FinalImageMovieRenderQueue_WorldDepth, .. as R, G, B
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError
from app.sequence.exr_header import ExrHeader, listed, read_header
from app.sequence.folder import files_of, first_usable
from app.sequence.numbered import NumberedFiles, numbered_files

_PASS = re.compile(r"FinalImage\w*")
_ROLES = {
    "depth": re.compile(r"(World|Scene|Image)Depth$"),
    "motion": re.compile(r"(MotionVectors?|Velocity)$"),
    "colour": re.compile(r"^(|FinalImage|rgba|.*Beauty)$"),
}
_NEEDED = {"depth": "R", "motion": "RG", "colour": "RGB"}


@dataclass(frozen=True, slots=True)
class Pass:
    files: NumberedFiles
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passes:
    """`header` is that of the first colour file."""

    colour: Pass
    depth: Pass | None
    motion: Pass
    header: ExrHeader

    @property
    def all(self) -> tuple[Pass, ...]:
        return tuple(each for each in (self.colour, self.depth, self.motion) if each is not None)


def is_unreal(folder: Path) -> bool:
    """A folder with EXR files of which one is named after FinalImage, or whose first one that can be read says that
    Unreal wrote it."""
    files = _all_files(folder)
    if any(_pass_name(folder, path) for path in files):
        return True
    try:
        header = first_usable(folder, files, read_header)[1]
    except SuperseeError:  # no file that can be read: some other importer says so
        return False
    return any(str(name).startswith("unreal/") for name in header.attributes) or any(
        name.startswith("FinalImage") for name in header.channels
    )


def find_passes(folder: Path) -> Passes:
    """Raises SuperseeError where colour or motion is missing, with the passes and the channels that were found."""
    passes: dict[str, list[Path]] = {}
    for path in _all_files(folder):
        passes.setdefault(_pass_name(folder, path), []).append(path)
    found: dict[str, tuple[str, tuple[str, ...]]] = {}  # by role: the pass, and its channels
    header: ExrHeader | None = None
    seen: list[str] = []
    for name in sorted(passes):
        first = first_usable(folder, passes[name], read_header)[1]
        for layer, role in _roles(first.channels, name):
            found.setdefault(role, (name, tuple(f"{layer}{channel}" for channel in _NEEDED[role])))
            header = first if role == "colour" and header is None else header
        seen += [f"{name}: {listed(first.channels)}" if name else listed(first.channels)]
    if header is None or "motion" not in found:
        what = "motion vectors" if header is not None else "final image"
        raise SuperseeError(
            f"{folder} has no {what}",
            f"found were {'; '.join(seen)}",
            "In Movie Render Queue add Deferred Rendering with the additional post-process materials "
            "MovieRenderQueue_WorldDepth and MovieRenderQueue_MotionVectors, and write .exr.",
        )
    colour = numbered_files(folder, passes[found["colour"][0]])
    # The others go by the colour's numbers: one that starts later or ends earlier lacks frames, and is not shifted.
    by_role = {
        role: Pass(numbered_files(folder, passes[name], colour.numbers), channels)
        for role, (name, channels) in found.items()
    }
    return Passes(by_role["colour"], by_role.get("depth"), by_role["motion"], header)


def _roles(channels: tuple[str, ...], pass_name: str) -> list[tuple[str, str]]:
    """(prefix of its channels, role) of every layer that has one. A file of one pass has its own name as layer."""
    layers = sorted({name.rpartition(".")[0] for name in channels})
    roles: list[tuple[str, str]] = []
    for layer in layers:
        called = layer or pass_name
        prefix = f"{layer}." if layer else ""
        for role, pattern in _ROLES.items():
            if pattern.search(called) and {f"{prefix}{channel}" for channel in _NEEDED[role]} <= set(channels):
                roles.append((prefix, role))
                break
    return roles


def _all_files(folder: Path) -> list[Path]:
    inside = files_of(folder, (".exr",))
    if inside:
        return inside
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    return [path for below in folders if _PASS.fullmatch(below.name) for path in files_of(below, (".exr",))]


def _pass_name(folder: Path, path: Path) -> str:
    found = _PASS.search(path.name) or (_PASS.search(path.parent.name) if path.parent != folder else None)
    return found[0] if found else ""
