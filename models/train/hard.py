"""Hard samples: random crops of the training set are scored with the network as it stands; the worst are kept."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from app.errors import SuperseeError
from models.data.crops import Batch, Place
from models.data.sampler import Crop, EpisodeSampler, Hard, read_batch
from models.network.model import Model
from models.train.config import HardConfig, StageConfig
from models.train.losses import display, mean_magnitude
from models.train.rollout import frame_of

SCHEMA_VERSION = 1
_FIRST_EPISODE = 1 << 32
"""Mining takes its crops from episodes that no training reaches, so that it does not score what is trained next."""


def mine(
    model: Model, sampler: EpisodeSampler, stage: StageConfig, config: HardConfig, device: torch.device
) -> list[tuple[Crop, float]]:
    """The worst share of `config.candidates` crops of the stage's shape, ratio by ratio, with their scores.

    A score is the mean L1 in display space over the second half of the crop's frames: what is wrong while history
    builds up is wrong everywhere. Crops are neither turned nor recoloured, so that the list can be looked at.
    """
    scored: dict[float, list[tuple[Crop, float]]] = defaultdict(list)
    for number in range(-(-config.candidates // stage.batch)):
        crops = [
            Crop(crop.reader, crop.place)
            for crop in sampler.crops(
                _FIRST_EPISODE + number, size=stage.batch, frames=stage.frames, display_crop=stage.display_crop
            )
        ]
        scores = score_crops(model, read_batch(crops).to(device))
        scored[crops[0].ratio] += zip(crops, scores.tolist())
    kept = []
    for ratio in sorted(scored):
        worst = sorted(scored[ratio], key=lambda item: -item[1])
        kept += worst[: max(1, round(config.share * len(worst)))]
    return kept


@torch.no_grad()
def score_crops(model: Model, batch: Batch) -> Tensor:
    """(B,), on the CPU."""
    state = model.initial(frame_of(batch, 0))
    errors = []
    for index in range(batch.frames):
        frame = frame_of(batch, index)
        output, state = model.step(frame, state)
        if index >= batch.frames // 2:
            error = display(output, frame.exposure) - display(batch.reference[index], frame.exposure)
            errors.append(mean_magnitude(error))
    return torch.stack(errors).mean(0).cpu()


def save_hard(kept: list[tuple[Crop, float]], path: Path) -> None:
    entries = [
        {"clip": str(crop.reader.path), "ratio": crop.ratio, "score": score, "place": asdict(crop.place)}
        for crop, score in kept
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"schema": SCHEMA_VERSION, "crops": entries}, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def load_hard(path: Path, sampler: EpisodeSampler) -> Hard:
    """The kept crops by ratio. Raises SuperseeError where the file is no such list, or clips of it are missing."""
    readers = sampler.readers
    hard: dict[float, list[Crop]] = defaultdict(list)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {data['schema']}, and {SCHEMA_VERSION} is read here")
        for entry in data["crops"]:
            crop = Crop(readers[Path(entry["clip"])], Place(**entry["place"]))
            hard[crop.ratio].append(crop)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SuperseeError(
            f"The hard samples in {path} cannot be used", str(error), "Remove the file: they are looked for again."
        ) from error
    return hard
