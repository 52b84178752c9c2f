"""Which crops a training episode sees: a pure function of (seed, episode), so that a resumed run sees the same."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from app.errors import SuperseeError
from models.data.clip import ClipReader
from models.data.crops import Batch, augmented, random_crop, to_batch
from models.data.index import read_index


class EpisodeSampler:
    """Draws batches of one ratio each from the training split of one or more data folders."""

    def __init__(self, folders: list[Path], ratio_weights: dict[str, float], seed: int) -> None:
        self._seed = seed
        self._readers: dict[float, list[ClipReader]] = defaultdict(list)
        for folder in folders:
            for entry in read_index(folder).of("train"):
                self._readers[round(entry.ratio, 3)].append(ClipReader(folder / entry.file))
        weights = {float(ratio): weight for ratio, weight in ratio_weights.items()}
        self._ratios = sorted(ratio for ratio in self._readers if weights.get(ratio, 0.0) > 0.0)
        if not self._ratios:
            raise SuperseeError(
                "There is nothing to train on",
                f"no training clips of ratios {sorted(weights)} in {', '.join(map(str, folders))}",
                "Render some with: python -m models render-data",
            )
        chances = np.array([weights[ratio] for ratio in self._ratios])
        self._chances = chances / chances.sum()

    @property
    def clips(self) -> int:
        return sum(len(readers) for readers in self._readers.values())

    def batch(self, episode: int, *, size: int, frames: int, display_crop: int) -> Batch:
        rng = np.random.default_rng([self._seed, episode])
        ratio = self._ratios[int(rng.choice(len(self._ratios), p=self._chances))]
        readers = self._readers[ratio]
        chosen = rng.choice(len(readers), size=size, replace=len(readers) < size)
        clips = [augmented(random_crop(readers[int(i)], frames, display_crop, rng), rng) for i in chosen]
        return to_batch(clips)
