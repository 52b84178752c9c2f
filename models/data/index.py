"""The index of a data folder: which clips there are, what they show and who may see them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from app.conventions import texture_lod_bias
from app.errors import SuperseeError

INDEX_VERSION = 3
PLAN_VERSION = 3
"""Of what a seed means: goes up whenever the same seed would give other clips. Index version 1 had plan 1; up to
plan 2 references had mip maps where the low-resolution frames had none."""
NO_MIP_MAPS = -8.0
"""The LOD bias that reads every texture at full size, as recordings from other renderers look."""
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
    lod_bias: float = 0.0  # of the low-resolution frames' textures

    @property
    def unfiltered(self) -> bool:
        return self.lod_bias <= NO_MIP_MAPS

    @property
    def reference_lod_bias(self) -> float:
        """The same mip level as that of the low-resolution frames, from a display pixel: -1 for the ratio's own bias,
        exactly, though entries have three digits."""
        return round(self.lod_bias + math.log2(self.ratio), 2)

    @property
    def sample_factor(self) -> int:
        """Aliasing takes more samples to average: with two times as many, references without mip maps are as far from
        their limit as the others (16 samples against 256: 40 dB with mip maps, 36 without, 41 with 32)."""
        return 2 if self.unfiltered else 1

    @property
    def file(self) -> str:
        return f"clips/{self.name}.safetensors"


@dataclass(slots=True)
class DataIndex:
    """`clips` are those whose files are complete, in the order of the plan."""

    seed: int
    reference_samples: int  # a display pixel, of training clips
    scenes: tuple[str, ...]  # built-in scenes that may appear in training clips
    held_out: tuple[str, ...]  # built-in scenes of a folder that is for testing only
    unfiltered_share: float = 0.4  # of the clips, by chance: drawn without mip maps, far more aliased
    plan: int = PLAN_VERSION
    ratios: str = ""  # of training clips, see models.data.ratios; "" is the plan's own mixture
    test_samples: int = 0  # of test clips' references; 0 is as many as for training
    clips: list[ClipEntry] = field(default_factory=list)
    seconds: float = 0.0  # rendering time so far

    @property
    def unfiltered(self) -> bool:
        """Whether every clip is."""
        return self.unfiltered_share >= 1.0

    @property
    def settings(self) -> dict[str, object]:
        """What decides the clips, apart from how many there are."""
        return {
            "seed": self.seed,
            "samples": self.reference_samples,
            "test samples": self.samples("test"),
            "scenes": self.scenes or "random",
            "held out": self.held_out or "none",
            "unfiltered share": self.unfiltered_share,
            "ratios": self.ratios or "mixed",
            "plan": self.plan,
        }

    def samples(self, split: Split) -> int:
        """Of the reference, a display pixel."""
        return self.test_samples or self.reference_samples if split == "test" else self.reference_samples

    def of(self, split: Split) -> list[ClipEntry]:
        return [clip for clip in self.clips if clip.split == split]


def index_file(folder: Path, rank: int = 0) -> Path:
    """Each process that draws into a folder has an index of its own, so that none waits for another."""
    return folder / ("index.json" if rank == 0 else f"index-{rank}.json")


def write_index(index: DataIndex, folder: Path, rank: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = index_file(folder, rank)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"schema": INDEX_VERSION, **asdict(index)}, indent=1) + "\n")
    part.replace(path)


def read_index(folder: Path) -> DataIndex:
    """All parts as one, clips in the order of the plan. Reads versions 1 to 3; raises SuperseeError where there is no
    index, one of another version, or parts that do not belong together."""
    paths = sorted(folder.glob("index-*.json"))
    if (folder / "index.json").exists() or not paths:
        paths.insert(0, folder / "index.json")
    index, *others = map(_read, paths)
    for path, other in zip(paths[1:], others):
        if other.settings != index.settings:
            raise SuperseeError(
                f"{path} does not belong to {paths[0]}",
                f"its clips were drawn with {other.settings}, the others with {index.settings}",
                "Keep each set in a folder of its own.",
            )
        have = {clip.name for clip in index.clips}
        index.clips += [clip for clip in other.clips if clip.name not in have]
        index.seconds += other.seconds
    index.clips.sort(key=lambda entry: entry.name)
    return index


def read_part(folder: Path, rank: int) -> DataIndex | None:
    """What the process `rank` has drawn so far; None where it has not begun."""
    path = index_file(folder, rank)
    return _read(path) if path.exists() else None


def _read(path: Path) -> DataIndex:
    try:
        data = json.loads(path.read_text())
        version = data.pop("schema")
        if version == 1:
            _upgrade(data)
        elif version not in (2, INDEX_VERSION):  # version 2 lacks what has a default
            raise ValueError(f"schema {version}, and 1 to {INDEX_VERSION} are read here")
        entries = [
            ClipEntry(**{**c, "render_size": tuple(c["render_size"]), "display_size": tuple(c["display_size"])})
            for c in data.pop("clips")
        ]
        scenes, held_out = tuple(data.pop("scenes")), tuple(data.pop("held_out"))
        if unknown := sorted(set(data) - {f.name for f in fields(DataIndex)}):
            raise ValueError(f"unknown: {', '.join(unknown)}")
        return DataIndex(scenes=scenes, held_out=held_out, clips=entries, **data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SuperseeError(
            f"{path} is not an index of training data", str(error), "Make one with: python -m models render-data"
        ) from error


def _upgrade(data: dict[str, Any]) -> None:
    """Version 1 said of the whole folder whether it was drawn without mip maps."""
    unfiltered = bool(data.pop("unfiltered", False))
    data |= {"unfiltered_share": float(unfiltered), "plan": 1}
    for clip in data["clips"]:
        clip["lod_bias"] = NO_MIP_MAPS if unfiltered else texture_lod_bias(clip["ratio"])
