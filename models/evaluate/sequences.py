"""What is scored: test clips of data folders and recordings, each for the app's upscalers and for torch models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import moderngl

from app.errors import SuperseeError
from app.sequence.blender import BlenderSequence
from models.data.clip import Clip, ClipReader
from models.data.index import ClipEntry, read_index
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.recording import Recording, recorded_clip
from models.evaluate.score import Playable
from models.evaluate.tally import check_length

RECORDED_FRAMES = 24
"""Of each recording, so that figures of a longer one stay comparable with those quoted for frames 5 to 24."""
RECORDED_RATIOS = (2, 3)


class PlayableToRelease(Playable, Protocol):
    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SequenceName:
    """`group` is what means are taken over ("random scenes", "garden", "courtyard"), `name` is unique at a ratio,
    `motion` the camera's kind of motion, `recorded` tells a recording from what our own renderer drew."""

    group: str
    name: str
    motion: str
    ratio: float
    recorded: bool


class RenderedClip:
    """A clip of a data folder's test split."""

    def __init__(self, folder: Path, entry: ClipEntry) -> None:
        group = "random scenes" if entry.scene.startswith("random:") else entry.scene
        group += ", no mip maps" * entry.unfiltered
        self.name = SequenceName(group, f"{folder.name}/{entry.name}", entry.motion, round(entry.ratio, 3), False)
        self.display_pixels = entry.frames * entry.display_size[0] * entry.display_size[1]
        self._path = folder / entry.file

    def clip(self) -> Clip:
        clip = ClipReader(self._path).read()
        check_length(clip.frames, self._path)
        return clip

    def playable(self, context: moderngl.Context) -> PlayableToRelease:
        return ClipPlayer(context, self.clip())


class RecordedSequence:
    """A recording with references at `ratio` times its size."""

    def __init__(self, folder: Path, ratio: int) -> None:
        self._source = BlenderSequence(folder, ratio)
        check_length(len(self._source), folder)
        self.name = SequenceName(folder.name, folder.name, "recorded", float(ratio), True)
        width, height = self._source.display_size
        self.display_pixels = min(len(self._source), RECORDED_FRAMES) * width * height

    def clip(self) -> Clip:
        return recorded_clip(self._source, RECORDED_FRAMES)

    def playable(self, context: moderngl.Context) -> PlayableToRelease:
        return Recording(context, self._source, RECORDED_FRAMES)


HeldOut = RenderedClip | RecordedSequence


def held_out_clips(folders: Sequence[Path], ratios: Sequence[float], limit: int = 0) -> Iterator[RenderedClip]:
    """The test clips of data folders at these ratios, at most `limit` (0: all) of each folder, group and ratio. Raises
    SuperseeError for a folder without an index."""
    for folder in folders:
        index = read_index(folder)
        seen: dict[tuple[str, float], int] = defaultdict(int)
        for entry in index.of("test"):
            clip = RenderedClip(folder, entry)
            if any(abs(entry.ratio - ratio) < 0.01 for ratio in ratios):
                seen[clip.name.group, clip.name.ratio] += 1
                if not limit or seen[clip.name.group, clip.name.ratio] <= limit:
                    yield clip


def recordings(folder: Path, ratios: Sequence[float]) -> tuple[list[RecordedSequence], list[str]]:
    """Every recording in `folder`, and what is missing there or cannot be scored, in words. Raises SuperseeError for no
    such folder."""
    if not folder.is_dir():
        raise SuperseeError(f"There are no recordings in {folder}", "it is not a folder", "Name one with --sequences.")
    found, missing = [], []
    for path in sorted(item for item in folder.iterdir() if (item / "meta.json").is_file()):
        for ratio in ratios:
            if not (path / f"ref{ratio:g}x").is_dir() or ratio not in RECORDED_RATIOS:
                missing.append(f"{path.name} has no reference at {ratio:g}x")
                continue
            try:
                found.append(RecordedSequence(path, int(ratio)))
            except SuperseeError as error:
                missing.append(str(error))
    return found, list(dict.fromkeys(missing))
