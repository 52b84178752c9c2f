"""The index of a data folder: which clips there are, what they show and who may see them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from app.errors import SuperseeError

INDEX_VERSION = 1
Split = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """One clip as planned: everything that decides its pixels is here."""

    name: str
    split: Split
    scene: str  # a built-in scene's name, or "random:SEED"
    motion: str  # the camera's kind of motion, or "path:NAME"
    seed: int
    ratio: float
    render_size: tuple[int, int]
    display_size: tuple[int, int]
    frames: int

    @property
    def file(self) -> str:
        return f"clips/{self.name}.safetensors"


@dataclass(slots=True)
class DataIndex:
    """`clips` are those whose files are complete, in the order of the plan."""

    seed: int
    reference_samples: int
    scenes: tuple[str, ...]  # built-in scenes that may appear in training clips
    held_out: tuple[str, ...]  # built-in scenes of a folder that is for testing only
    unfiltered: bool = False  # low-resolution frames were drawn without mip maps: far more aliased
    clips: list[ClipEntry] = field(default_factory=list)
    seconds: float = 0.0  # rendering time so far

    def of(self, split: Split) -> list[ClipEntry]:
        return [clip for clip in self.clips if clip.split == split]


def write_index(index: DataIndex, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "index.json.part"
    part.write_text(json.dumps({"schema": INDEX_VERSION, **asdict(index)}, indent=1) + "\n")
    part.replace(folder / "index.json")


def read_index(folder: Path) -> DataIndex:
    """Raises SuperseeError where there is no index or one of another version."""
    path = folder / "index.json"
    try:
        data = json.loads(path.read_text())
        version = data.pop("schema")
        if version != INDEX_VERSION:
            raise ValueError(f"schema {version}, and {INDEX_VERSION} is read here")
        entries = [
            ClipEntry(**{**c, "render_size": tuple(c["render_size"]), "display_size": tuple(c["display_size"])})
            for c in data.pop("clips")
        ]
        scenes, held_out = tuple(data.pop("scenes")), tuple(data.pop("held_out"))
        return DataIndex(scenes=scenes, held_out=held_out, clips=entries, **data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SuperseeError(
            f"{path} is not an index of training data", str(error), "Make one with: python -m models render-data"
        ) from error
