"""The description of a network, as it stands in a checkpoint and in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from app.inference.channels import HISTORY_SCALES, INPUT_CHANNELS, OUTPUT_CHANNELS

Settings = TypeVar("Settings")


def read_settings(kind: type[Settings], data: Mapping[str, object]) -> Settings:
    """Plain data, as TOML and JSON give it, as the dataclass `kind`. Raises ValueError for unknown keys, so that a
    newer description is never read as an older one, and for values of the wrong type."""
    known = get_type_hints(kind)
    if unknown := set(data) - set(known):
        raise ValueError(f"unknown network keys: {', '.join(sorted(unknown))} (known: {', '.join(sorted(known))})")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    for key, value in values.items():
        if not _fits(known[key], value):
            raise ValueError(f"{key} is {data[key]!r}, which is not {_spelled(known[key])}")
    return kind(**values)


def written_settings(settings: Any) -> dict[str, object]:
    """The reverse of `read_settings`."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings).items()}


def _fits(kind: Any, value: object) -> bool:
    if get_origin(kind) is not tuple:
        accepted = (float, int) if kind is float else kind
        return isinstance(value, accepted) and (kind is bool or not isinstance(value, bool))
    if not isinstance(value, tuple):
        return False
    kinds = get_args(kind)
    if kinds[-1] is ...:
        return all(_fits(kinds[0], item) for item in value)
    return len(kinds) == len(value) and all(_fits(k, item) for k, item in zip(kinds, value))


def _spelled(kind: Any) -> str:
    if get_origin(kind) is not tuple:
        return {int: "a whole number", bool: "true or false", str: "a text", float: "a number"}[kind]
    kinds = get_args(kind)
    return f"a list of {'texts' if kinds[0] is str else 'whole numbers'}" + f" ({len(kinds)})" * (kinds[-1] is not ...)


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """A U-Net of three levels at full, half and quarter LR size.

    widths  channels of the three levels
    blocks  3x3 convolutions per level on the way down, after the one that enters the level
    up_blocks  the same on the way up, for the half and the full level
    entry_kernel  of the convolution that enters the full level, 1 or 3: at 1 most of the arithmetic moves to the half
        level, for features already hold their 3x3 neighbourhood
    negative_slope  of the activation: 0 is a ReLU, whose channels can die for good in training (nearly every one of
        the half and quarter level did, in run after run, and size was worth nothing), anything else a leaky one
    history_scale  history pixels per display pixel along each axis, 1 or 2: a finer history is blurred less by being
        resampled in every frame, and costs four times the post-pass
    without  input channels that are set to 0, for ablation
    fixed    output channels pinned to what an untrained network predicts, for ablation; hidden ones to 0
    """

    widths: tuple[int, int, int] = (16, 32, 48)
    blocks: tuple[int, int, int] = (0, 1, 1)
    up_blocks: tuple[int, int] = (1, 1)
    inputs: int = len(INPUT_CHANNELS)
    outputs: int = len(OUTPUT_CHANNELS)
    entry_kernel: int = 3
    negative_slope: float = 0.0
    history_scale: int = 1
    without: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.entry_kernel not in (1, 3):
            raise ValueError(f"entry_kernel is {self.entry_kernel}, not 1 or 3")
        if not 0.0 <= self.negative_slope < 1.0:
            raise ValueError(f"negative_slope is {self.negative_slope}, not from 0 to below 1")
        if self.history_scale not in HISTORY_SCALES:
            raise ValueError(f"history_scale is {self.history_scale}, not 1 or 2")
        for names, known in ((self.without, INPUT_CHANNELS), (self.fixed, OUTPUT_CHANNELS)):
            if unknown := set(names) - set(known):
                raise ValueError(f"unknown channels: {', '.join(sorted(unknown))}")

    def to_dict(self) -> dict[str, object]:
        return written_settings(self)

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> NetworkConfig:
        """See `read_settings`."""
        return read_settings(NetworkConfig, data)

    def macs_per_pixel(self) -> float:
        """Multiply-adds per LR pixel."""
        return sum(
            in_width * out_width * kernel * kernel / area for in_width, out_width, kernel, area in self.convolutions()
        )

    def convolutions(self) -> list[tuple[int, int, int, int]]:
        """(in, out, kernel size, LR pixels per output pixel) of every convolution, in order."""
        full, half, quarter = self.widths
        layers = [(self.inputs, full, self.entry_kernel, 1)] + [(full, full, 3, 1)] * self.blocks[0]
        layers += [(full, half, 3, 4)] + [(half, half, 3, 4)] * self.blocks[1]
        layers += [(half, quarter, 3, 16)] + [(quarter, quarter, 3, 16)] * self.blocks[2]
        layers += [(quarter, half, 1, 16)] + [(half, half, 3, 4)] * self.up_blocks[0]
        layers += [(half, full, 1, 4)] + [(full, full, 3, 1)] * self.up_blocks[1]
        return [*layers, (full, self.outputs, 1, 1)]


NETWORKS: dict[str, NetworkConfig] = {
    "tiny": NetworkConfig(widths=(12, 16, 24), blocks=(0, 1, 1), up_blocks=(1, 0)),
    "lite": NetworkConfig(
        widths=(16, 24, 32), blocks=(0, 1, 1), up_blocks=(0, 1), entry_kernel=1, negative_slope=0.1, history_scale=2
    ),
    "standard": NetworkConfig(
        widths=(32, 64, 96), blocks=(0, 1, 1), up_blocks=(0, 1), negative_slope=0.1, history_scale=2
    ),
}
