"""Any checkpoint as a model with its averaged weights: those are what is scored and shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from app.errors import SuperseeError
from models.network.model import Model, build_model
from models.train.checkpoint import Checkpoint, load_checkpoint
from models.train.config import TrainConfig, parse_config
from models.train.fused import use_kernels
from models.train.start import LATEST

Run = tuple[TrainConfig, Checkpoint]


def read_run(path: Path) -> Run:
    """`path` is a run's folder, for its last checkpoint, or one checkpoint file. Raises SuperseeError where there is
    none, or one of another version."""
    checkpoint = load_checkpoint(path / LATEST if path.is_dir() else path)
    return parse_config(checkpoint.config), checkpoint


def named_runs(paths: Sequence[Path]) -> dict[str, Run]:
    """Each by a name of its own: the settings' with the iteration; where several share that, by their folders."""
    runs = {path: read_run(path) for path in paths}
    names = {path: f"{config.name} @{checkpoint.progress.iteration}" for path, (config, checkpoint) in runs.items()}
    count = Counter(names.values())
    for path, (_, checkpoint) in runs.items():
        if count[names[path]] > 1:
            names[path] = f"{path} @{checkpoint.progress.iteration}"
    return {names[path]: run for path, run in runs.items()}


def averaged_model(config: TrainConfig, checkpoint: Checkpoint) -> Model:
    """Raises SuperseeError for weights of another architecture than `config` describes."""
    try:
        model = build_model(config.network)
        model.network.load_state_dict(checkpoint.average)
    except (ValueError, TypeError, RuntimeError) as error:
        raise SuperseeError(
            f'The checkpoint of "{config.name}" cannot be used',
            " ".join(str(error).split()),
            "It was made by another version, or its settings were changed: train it again.",
        ) from error
    model.network.eval()
    return model


def scoring_model(config: TrainConfig, checkpoint: Checkpoint) -> Model:
    """`averaged_model` for playing clips on the CPU: with the passes in C++ where they can be had."""
    model = averaged_model(config, checkpoint)
    use_kernels((model,), config, torch.device("cpu"))
    return model
