"""Checkpoints: everything a run needs to go on exactly where it was, without pickle.

Tensors go into one safetensors file, numbers and settings into its metadata; the file appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.errors import SuperseeError

CHECKPOINT_VERSION = 1


@dataclass(slots=True)
class Progress:
    """Where a run stands. `history` holds one record per printed line, for the card and for curves."""

    iteration: int = 0
    episode: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(slots=True)
class Checkpoint:
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: dict[str, Tensor]  # "<parameter index>.<name>"
    progress: Progress
    average_updates: int
    config: str  # the TOML text of the run


def flat_optimiser(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {f"{index}.{name}": torch.as_tensor(v) for index, slots in state.items() for name, v in slots.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, flat: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in flat.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Raises SuperseeError where it cannot be written; a checkpoint that was there stays."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    groups = {"network": checkpoint.network, "average": checkpoint.average, "optimiser": checkpoint.optimiser}
    tensors = {f"{group}/{name}": t.contiguous().clone() for group, ts in groups.items() for name, t in ts.items()}
    progress = checkpoint.progress
    numbers = {
        "version": CHECKPOINT_VERSION,
        "average_updates": checkpoint.average_updates,
        "iteration": progress.iteration,
        "episode": progress.episode,
        "seconds": progress.seconds,
        "history": progress.history,
    }
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, str(part), metadata={"numbers": json.dumps(numbers), "config": checkpoint.config})
        part.replace(path)
    except (OSError, SafetensorError) as error:  # safetensors wraps what the system says
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise SuperseeError(
            f"The checkpoint {path} cannot be written",
            str(error),
            "The one before it is unharmed: make room on the disk and go on with --resume.",
        ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises SuperseeError where `path` is not a checkpoint of this version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        numbers = json.loads(metadata["numbers"])
        if numbers["version"] != CHECKPOINT_VERSION:
            raise ValueError(f"version {numbers['version']}, and {CHECKPOINT_VERSION} is read here")
        config = metadata["config"]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise SuperseeError(
            f"The checkpoint {path} cannot be read", str(error), "Start the run again, or choose another checkpoint."
        ) from error

    def group(prefix: str) -> dict[str, Tensor]:
        return {name.split("/", 1)[1]: t for name, t in tensors.items() if name.startswith(prefix + "/")}

    progress = Progress(numbers["iteration"], numbers["episode"], numbers["seconds"], numbers["history"])
    return Checkpoint(
        group("network"), group("average"), group("optimiser"), progress, numbers["average_updates"], config
    )
