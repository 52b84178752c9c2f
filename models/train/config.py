"""The settings of a training run, read from TOML; what is not known is refused."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from app.errors import SuperseeError

CONFIG_VERSION = 1
STAGE_KINDS = ("single", "recurrent", "hard")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
LOSS_PRESETS: dict[str, dict[str, float]] = {
    "default": {},
    # What networks of this kind are commonly said to be trained with.
    "published": {"l1": 1.0, "perceptual": 0.5, "temporal": 0.3, "adversarial": 0.1},
}


@dataclass(frozen=True, slots=True)
class DataConfig:
    folders: list[str]
    ratio_weights: dict[str, float] = field(
        default_factory=lambda: {"2.0": 0.6, "1.5": 0.15, "3.0": 0.15, "1.3": 0.05, "1.7": 0.05}
    )
    loader_threads: int = 1  # so many batches are read ahead


@dataclass(frozen=True, slots=True)
class StageConfig:
    """A stretch of training with one shape of batch. The learning rate falls along a cosine over all stages.

    kind  "recurrent": clips, with back-propagation through windows; "single": one frame at a time; "hard": clips, most
        of them the crops that the network does worst when the stage begins (see HardConfig)
    """

    iterations: int
    batch: int  # crops, over all processes together
    display_crop: int  # pixels a side
    frames: int  # per clip; state is carried through all of them
    window: int  # frames per back-propagation
    kind: str = "recurrent"


@dataclass(frozen=True, slots=True)
class HardConfig:
    """How a stage of the kind "hard" finds its crops."""

    candidates: int = 600  # random crops that are scored
    share: float = 0.25  # of each ratio's candidates, the worst, that are kept
    fresh: float = 0.5  # of the crops trained on, those drawn at random from everything, lest the rest is forgotten


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Weights of the losses; 0 switches one off. All are taken in display space (models.train.losses)."""

    preset: str = "default"  # one of LOSS_PRESETS; weights that are given beside it win
    l1: float = 1.0
    charbonnier: float = 0.0
    perceptual: float = 0.0
    perceptual_features: str = "auto"  # see models.train.losses.perceptual
    temporal: float = 0.35
    # The squared error: at 5 it pulls as hard as L1 where the error is a tenth of display white, towards the mean of
    # what samples allow (PSNR) instead of their median.
    square: float = 0.0
    # The logarithm of an item's mean squared error, so that a decibel gained counts the same on every clip.
    decibels: float = 0.0
    # Slope of the logarithmic tail that goes on where the reference is beyond display white; 0.1 elsewhere.
    above_white: float = 0.1
    adversarial: float = 0.0
    discriminator_rate: float = 1e-4
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
    network: dict[str, Any] = field(default_factory=dict)  # models.network.model.build_model's own settings
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    hard: HardConfig = field(default_factory=HardConfig)
    # A run's folder, a checkpoint or an exported network whose weights this run begins with.
    start_from: str = ""
    seed: int = 1
    threads: int = 1
    precision: str = "auto"  # of the network's arithmetic; "auto" is bfloat16 on a GPU and float32 on a CPU
    checkpoint_minutes: float = 3.0
    held_out_minutes: float = 10.0  # between looks at test clips
    held_out_clips: int = 3  # 0 for none
    tensorboard: bool = True
    # On a CPU, the passes around a network of the kind "kernel" in C++ (models.temporal.fused), given a compiler.
    fused: bool = True
    # Ratios whose frames go through torch.compile, in place of the C++: for a GPU, after minutes of compiling for each.
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
        return {str(key): _plain(float, value, f"{path}.{key}") for key, value in data.items()}
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
    config: TrainConfig = _build(TrainConfig, _with_loss_preset(data), "")
    if config.schema != CONFIG_VERSION:
        raise _wrong("schema", f"version {config.schema}, and {CONFIG_VERSION} is read here")
    _check(config)
    return config


def _with_loss_preset(data: dict[str, Any]) -> dict[str, Any]:
    loss = data.get("loss")
    if not isinstance(loss, dict) or "preset" not in loss:
        return data
    if loss["preset"] not in LOSS_PRESETS:
        raise _wrong("loss.preset", f"{loss['preset']!r} is not one of {', '.join(LOSS_PRESETS)}")
    return {**data, "loss": {**LOSS_PRESETS[loss["preset"]], **loss}}


def _check(config: TrainConfig) -> None:
    """What types alone do not say."""
    if not config.stages:
        raise _wrong("stages", "at least one is needed")
    for i, stage in enumerate(config.stages):
        _check_stage(stage, f"stages[{i}]")
    loss, hard = config.loss, config.hard
    if loss.warm_up < 1:
        raise _wrong("loss.warm_up", "at least one frame is needed")
    of_pixels = (loss.l1, loss.charbonnier, loss.square, loss.decibels)
    if loss.above_white <= 0.0:
        raise _wrong("loss.above_white", "it must be positive: what is too bright needs a gradient")
    if min(*of_pixels, loss.perceptual, loss.temporal, loss.adversarial) < 0.0 or max(of_pixels) == 0.0:
        raise _wrong("loss", "no weight may be negative, and l1, charbonnier, square or decibels must be there")
    if config.precision not in PRECISIONS:
        raise _wrong("precision", f"{config.precision!r} is not one of {', '.join(PRECISIONS)}")
    if hard.candidates < 1 or not (0.0 < hard.share <= 1.0 and 0.0 <= hard.fresh < 1.0):
        raise _wrong("hard", "candidates must be positive, share in (0, 1] and fresh in [0, 1)")
    if config.data.loader_threads < 1:
        raise _wrong("data.loader_threads", "at least one is needed")
    if config.threads < 1:
        raise _wrong("threads", "at least one is needed")
    if min(config.data.ratio_weights.values(), default=0.0) < 0.0 or sum(config.data.ratio_weights.values()) <= 0.0:
        raise _wrong("data.ratio_weights", "none may be negative, and one must be positive")
    _check_optimiser(config.optimiser)


def _check_optimiser(settings: OptimiserConfig) -> None:
    rates = settings.learning_rate, settings.final_learning_rate
    if min(rates) < 0.0 or max(rates) <= 0.0 or settings.gradient_norm <= 0.0 or settings.warm_up < 0:
        raise _wrong("optimiser", "rates and warm_up may not be negative, learning_rate and gradient_norm not 0")
    if not 0.0 <= settings.ema < 1.0:
        raise _wrong("optimiser.ema", f"{settings.ema:g} is not from 0 to below 1")


def _check_stage(stage: StageConfig, path: str) -> None:
    if min(stage.iterations, stage.batch, stage.display_crop, stage.window) < 1 or stage.frames % stage.window:
        raise _wrong(path, "every number must be positive and frames a multiple of window")
    if stage.kind not in STAGE_KINDS:
        raise _wrong(f"{path}.kind", f"{stage.kind!r} is not one of {', '.join(STAGE_KINDS)}")
    if stage.kind == "single" and stage.frames != 1:
        raise _wrong(f"{path}.frames", 'a stage of the kind "single" has one frame')


def load_config(path: Path) -> TrainConfig:
    try:
        text = path.read_text()
    except OSError as error:
        raise SuperseeError(f"{path} cannot be read", str(error), "Give the settings with --config.") from error
    try:
        return parse_config(text)
    except SuperseeError as error:
        raise SuperseeError(error.what, error.why, f"Correct {path}.") from error
