"""Checkpoints: everything a run needs to go on exactly where it was, without pickle.

Tensors go into one safetensors file, numbers and settings into its metadata; the file appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.errors import SuperseeError

CHECKPOINT_VERSION = 1


@dataclass(slots=True)
class Progress:
    """Where a run stands. `history` holds one record per printed line, for the card and for curves."""

    iteration: int = 0
    episode: int = 0
    seconds: float = 0.0
    device: str = "cpu"
    processes: int = 1
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(slots=True)
class Checkpoint:
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: dict[str, Tensor]  # "<parameter index>.<name>"
    progress: Progress
    average_updates: int
    config: str  # the TOML text of the run
    discriminator: dict[str, Tensor] = field(default_factory=dict)  # empty without an adversarial loss
    discriminator_optimiser: dict[str, Tensor] = field(default_factory=dict)
    scaler: dict[str, Any] = field(default_factory=dict)  # of float16 gradients; empty in other precisions


_GROUPS = ("network", "average", "optimiser", "discriminator", "discriminator_optimiser")


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
    """Raises SuperseeError where it cannot be written; what was at `path` before is then still there, whole."""
    progress = checkpoint.progress
    numbers = {
        "version": CHECKPOINT_VERSION,
        "average_updates": checkpoint.average_updates,
        "iteration": progress.iteration,
        "episode": progress.episode,
        "seconds": progress.seconds,
        "device": progress.device,
        "processes": progress.processes,
        "history": progress.history,
        "scaler": checkpoint.scaler,
    }
    tensors = {f"{group}/{name}": t for group in _GROUPS for name, t in getattr(checkpoint, group).items()}
    try:
        write_tensors(tensors, path, {"numbers": json.dumps(numbers), "config": checkpoint.config})
    except OSError as error:
        before = "; the one before is still there" if path.exists() else ""
        raise SuperseeError(
            f"The checkpoint {path} cannot be written",
            f"{error.strerror or error}{before}",
            "Make room on the disk and go on with --resume.",
        ) from error


def rescued(path: Path, checkpoint: Checkpoint) -> str:
    """Writes what `path` could not take into the system's temporary folder; where it is and what to do with it, or
    that nothing could be done, as a sentence."""
    elsewhere = Path(tempfile.gettempdir()) / f"supersee-{path.parent.name}-{path.name}"
    try:
        save_checkpoint(checkpoint, elsewhere)
    except SuperseeError:
        return f"Neither could {elsewhere}: make room on the disk and go on with --resume from what is there."
    return f"It is in {elsewhere}: make room on the disk and move it to {path}."


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """The whole file or, with an OSError, none: it is written beside its place, brought to the disk, and moved."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(copies, str(part), metadata=metadata)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise error if isinstance(error, OSError) else OSError(str(error)) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises SuperseeError where `path` is not a checkpoint of this version."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise SuperseeError(
            f"There is no checkpoint in {path}", "the file is missing", "Name a run that has saved one."
        )
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

    progress = Progress(
        numbers["iteration"], numbers["episode"], numbers["seconds"],
        numbers.get("device", "cpu"), numbers.get("processes", 1), numbers["history"],
    )  # fmt: skip
    return Checkpoint(
        network=group("network"),
        average=group("average"),
        optimiser=group("optimiser"),
        progress=progress,
        average_updates=numbers["average_updates"],
        config=config,
        discriminator=group("discriminator"),
        discriminator_optimiser=group("discriminator_optimiser"),
        scaler=numbers.get("scaler", {}),
    )


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], whose: str) -> None:
    """Raises SuperseeError for weights of another architecture than `module`, naming what differs."""
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in weights.items()}
    if wanted != given:
        names = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
        what = "; ".join(f"{n} is {given.get(n, 'missing')}, not {wanted.get(n, 'there at all')}" for n in names[:3])
        raise SuperseeError(
            f"{whose} is of another architecture",
            f"{len(names)} of {len(wanted)} weights differ: {what}",
            "Give the [network] settings that it was trained with, or choose another one.",
        )
    module.load_state_dict(dict(weights))
