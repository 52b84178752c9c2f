"""Which crops a training episode sees: a pure function of (seed, episode), so that a resumed run sees the same."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import SuperseeError
from models.data.clip import ClipReader
from models.data.crops import (
    Augmentation,
    Batch,
    Place,
    augmented,
    crop_size,
    random_augmentation,
    random_place,
    read_crop,
    to_batch,
)
from models.data.index import read_index
from models.data.ratios import ratio_chances

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop that has been chosen and not yet been read; no augmentation leaves it as it was rendered."""

    reader: ClipReader
    place: Place
    augmentation: Augmentation | None = None

    @property
    def ratio(self) -> float:
        return round(self.reader.ratio, 3)


Hard = Mapping[float, Sequence[Crop]]
"""Crops by ratio that deserve more attention than others."""


def read_batch(crops: Sequence[Crop]) -> Batch:
    """`crops` must be of one size."""
    clips = []
    for crop in crops:
        clip = read_crop(crop.reader, crop.place)
        clips.append(clip if crop.augmentation is None else augmented(clip, crop.augmentation))
    return to_batch(clips)


class EpisodeSampler:
    """Draws batches of one ratio each from the training split of one or more data folders. `ratio_weights` says how
    often each ratio or range of ratios is drawn, see models.data.ratios.ratio_chances."""

    def __init__(self, folders: list[Path], ratio_weights: dict[str, float], seed: int) -> None:
        self._seed = seed
        self._readers: dict[float, list[ClipReader]] = defaultdict(list)
        for folder in folders:
            for entry in read_index(folder).of("train"):
                self._readers[round(entry.ratio, 3)].append(ClipReader(folder / entry.file))
        chances = ratio_chances(ratio_weights, {ratio: len(readers) for ratio, readers in self._readers.items()})
        if not chances:
            raise SuperseeError(
                "There is nothing to train on",
                f"no training clips of ratios {', '.join(ratio_weights)} in {', '.join(map(str, folders))}",
                "Render some with: python -m models render-data",
            )
        if unused := sorted(set(self._readers) - set(chances)):
            clips = sum(len(self._readers[ratio]) for ratio in unused)
            told = "1 clip is" if clips == 1 else f"{clips} clips are"
            log.warning("%s not trained on: ratio_weights has no %s", told, ", ".join(f"{r:g}" for r in unused))
        self._ratios = list(chances)
        self._chances = np.array(list(chances.values()))

    @property
    def readers(self) -> dict[Path, ClipReader]:
        """Every training clip by its file."""
        return {reader.path: reader for ratio in self._ratios for reader in self._readers[ratio]}

    def check_crops(self, frames: int, display_crop: int, whose: str) -> None:
        """Raises SuperseeError where a batch of crops of that shape, which `whose` settings ask for, cannot be made of
        every clip that may be drawn: clips with fewer frames, or of sizes that give crops of several sizes."""
        sizes: dict[float, dict[tuple[int, int], Path]] = defaultdict(dict)
        for path, reader in self.readers.items():
            if reader.frames < frames:
                raise SuperseeError(
                    f"The training settings at {whose} do not suit the data",
                    f"{path} has {reader.frames} frames, and {frames} are asked for",
                    f"Set frames to {reader.frames} at most (and window to a divisor), or render longer clips.",
                )
            size = crop_size(reader.ratio, display_crop, (reader.height, reader.width))
            sizes[round(reader.ratio, 3)].setdefault(size, path)
        for ratio, found in sizes.items():
            if len(found) > 1 or min(min(size) for size in found) < 1:
                told = ", ".join(f"{width}x{height} of {path}" for (height, width), path in found.items())
                raise SuperseeError(
                    f"The training settings at {whose} do not suit the data",
                    f"crops of {display_crop} display pixels at {ratio:g}x would have these LR sizes: {told}",
                    "Choose a display_crop that the smallest clip holds.",
                )

    def crops(
        self, episode: int, *, size: int, frames: int, display_crop: int, hard: Hard | None = None, fresh: float = 1.0
    ) -> list[Crop]:
        """What episode `episode` consists of. With `hard` crops, a crop is one of them with the chance 1 - `fresh`."""
        rng = np.random.default_rng([self._seed, episode])
        ratio = self._ratios[int(rng.choice(len(self._ratios), p=self._chances))]
        readers = self._readers[ratio]
        chosen = rng.choice(len(readers), size=size, replace=len(readers) < size)
        pool = hard.get(ratio, ()) if hard else ()
        crops = []
        for index in chosen:
            reader = readers[int(index)]
            place = random_place(reader, frames, display_crop, rng)
            if pool and rng.random() >= fresh:
                again = pool[int(rng.integers(len(pool)))]
                reader, place = again.reader, again.place
            crops.append(Crop(reader, place, random_augmentation(rng)))
        return crops

    def batch(self, episode: int, *, size: int, frames: int, display_crop: int) -> Batch:
        return read_batch(self.crops(episode, size=size, frames=frames, display_crop=display_crop))
