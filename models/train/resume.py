"""Whether a run's settings are still those that it was trained with so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from models.train.config import TrainConfig

_FREE = frozenset(
    ("name", "threads", "checkpoint_minutes", "held_out_minutes", "held_out_clips", "tensorboard", "fused",
     "compile_ratios", "precision", "data.loader_threads")
)  # fmt: skip
"""What decides when something is done, and how fast, not what is trained."""


def check_settings(before: TrainConfig, now: TrainConfig, run: Path) -> list[str]:
    """What has changed that may: how long stages are, as "stages[0].iterations 24 -> 36". Raises SuperseeError where
    anything else that decides the weights is not what it was: the run would be neither the one nor the other."""
    old, new = dict(_flat(asdict(before))), dict(_flat(asdict(now)))
    changed = {key: f"{key} {old.get(key, 'missing')} -> {new.get(key, 'missing')}" for key in sorted(old | new)
               if old.get(key) != new.get(key) and key not in _FREE}  # fmt: skip
    longer = [text for key, text in changed.items() if key.endswith("].iterations")]
    if other := [text for key, text in changed.items() if not key.endswith("].iterations")]:
        raise SuperseeError(
            f"{run} was trained with other settings",
            "; ".join(other[:5]) + f" and {len(other) - 5} more" * (len(other) > 5),
            "Resume with the settings it had, or begin a run of its own with start_from.",
        )
    return longer


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    else:
        yield path, value
