"""The settings of a training run, read from TOML; what is not known is refused."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from app.errors import SuperseeError

CONFIG_VERSION = 1


@dataclass(frozen=True, slots=True)
class DataConfig:
    folders: list[str]
    ratio_weights: dict[str, float] = field(
        default_factory=lambda: {"2.0": 0.6, "1.5": 0.15, "3.0": 0.15, "1.3": 0.05, "1.7": 0.05}
    )


@dataclass(frozen=True, slots=True)
class StageConfig:
    """A stretch of training with one shape of batch. The learning rate falls along a cosine over all stages."""

    iterations: int
    batch: int
    display_crop: int  # pixels a side
    frames: int  # per clip; state is carried through all of them
    window: int  # frames per back-propagation


@dataclass(frozen=True, slots=True)
class LossConfig:
    temporal: float = 0.35
    # Weight of the squared error: at 5 it pulls as hard as L1 where the error is a tenth of display white, towards
    # the mean of what samples allow (PSNR) instead of their median.
    square: float = 0.0
    # Frames of a clip count for this much at its start, rising to 1 over `warm_up` frames: what a viewer looks at
    # has a long history behind it.
    first_frame: float = 0.3
    warm_up: int = 6


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    learning_rate: float = 3e-3
    final_learning_rate: float = 3e-5
    warm_up: int = 100  # iterations
    gradient_norm: float = 1.0
    ema: float = 0.998


@dataclass(frozen=True, slots=True)
class TrainConfig:
    schema: int
    name: str
    data: DataConfig
    stages: list[StageConfig]
    network: dict[str, Any] = field(default_factory=dict)  # models.network.build's own settings
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    seed: int = 1
    threads: int = 1
    checkpoint_minutes: float = 3.0
    # Ratios whose frames go through torch.compile: twice as fast, after minutes of compiling for each of them.
    compile_ratios: list[float] = field(default_factory=list)

    @property
    def iterations(self) -> int:
        return sum(stage.iterations for stage in self.stages)


def _wrong(path: str, why: str) -> SuperseeError:
    return SuperseeError(f"The training settings at {path or 'the top'} cannot be used", why, "Correct the TOML file.")


def _build(kind: type[Any], data: Any, path: str) -> Any:
    """Plain TOML data as the dataclass `kind`, recursively, checking names and types."""
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return _plain(kind, data, path)
    if not isinstance(data, dict):
        raise _wrong(path, "a table is expected here")
    hints = get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    if unknown := sorted(set(data) - known):
        raise _wrong(path, f"unknown: {', '.join(unknown)} (known: {', '.join(sorted(known))})")
    values = {name: _build(hints[name], value, f"{path}.{name}".lstrip(".")) for name, value in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise _wrong(path, str(error).replace("__init__() ", "")) from error


def _plain(kind: Any, data: Any, path: str) -> Any:
    if kind == list[StageConfig]:
        return [_build(StageConfig, item, f"{path}[{i}]") for i, item in enumerate(data)]
    if kind == list[str] and isinstance(data, list) and all(isinstance(item, str) for item in data):
        return data
    if kind == list[float] and isinstance(data, list):
        return [_plain(float, item, path) for item in data]
    if kind == dict[str, float] and isinstance(data, dict):
        return {str(key): float(value) for key, value in data.items()}
    if kind == dict[str, Any] and isinstance(data, dict):
        return data
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and isinstance(data, kind) and not (kind is int and isinstance(data, bool)):
        return data
    raise _wrong(path, f"{data!r} is not of the type {getattr(kind, '__name__', kind)}")


def parse_config(text: str) -> TrainConfig:
    """Raises SuperseeError for broken TOML, unknown or missing keys, wrong types and other schema versions."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong("", str(error)) from error
    config: TrainConfig = _build(TrainConfig, data, "")
    if config.schema != CONFIG_VERSION:
        raise _wrong("schema", f"version {config.schema}, and {CONFIG_VERSION} is read here")
    if config.loss.warm_up < 1:
        raise _wrong("loss.warm_up", "at least one frame is needed")
    for i, stage in enumerate(config.stages):
        if min(stage.iterations, stage.batch, stage.display_crop, stage.window) < 1 or stage.frames % stage.window:
            raise _wrong(f"stages[{i}]", "every number must be positive and frames a multiple of window")
    if not config.stages:
        raise _wrong("stages", "at least one is needed")
    return config


def load_config(path: Path) -> TrainConfig:
    try:
        text = path.read_text()
    except OSError as error:
        raise SuperseeError(f"{path} cannot be read", str(error), "Give the settings with --config.") from error
    return parse_config(text)
