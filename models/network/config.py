"""The description of a network, as it stands in a checkpoint and in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """A U-Net of three levels at full, half and quarter LR size.

    widths  channels of the three levels
    blocks  3x3 convolutions per level on the way down, after the one that enters the level
    up_blocks  the same on the way up, for the half and the full level
    """

    widths: tuple[int, int, int] = (16, 32, 48)
    blocks: tuple[int, int, int] = (0, 1, 1)
    up_blocks: tuple[int, int] = (1, 1)
    inputs: int = len(INPUT_CHANNELS)
    outputs: int = len(OUTPUT_CHANNELS)

    def to_dict(self) -> dict[str, object]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> NetworkConfig:
        """Refuses unknown keys (ValueError), so that a newer description is never read as an older one."""
        known = {field.name for field in fields(NetworkConfig)}
        if unknown := set(data) - known:
            raise ValueError(f"unknown network keys: {', '.join(sorted(unknown))}")
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return NetworkConfig(**values)  # type: ignore[arg-type]

    def macs_per_pixel(self) -> float:
        """Multiply-adds per LR pixel."""
        return sum(
            in_width * out_width * kernel * kernel / area for in_width, out_width, kernel, area in self.convolutions()
        )

    def convolutions(self) -> list[tuple[int, int, int, int]]:
        """(in, out, kernel size, LR pixels per output pixel) of every convolution, in order."""
        full, half, quarter = self.widths
        layers = [(self.inputs, full, 3, 1)] + [(full, full, 3, 1)] * self.blocks[0]
        layers += [(full, half, 3, 4)] + [(half, half, 3, 4)] * self.blocks[1]
        layers += [(half, quarter, 3, 16)] + [(quarter, quarter, 3, 16)] * self.blocks[2]
        layers += [(quarter, half, 1, 16)] + [(half, half, 3, 4)] * self.up_blocks[0]
        layers += [(half, full, 1, 4)] + [(full, full, 3, 1)] * self.up_blocks[1]
        return [*layers, (full, self.outputs, 1, 1)]


# Milliseconds at 320x180 on two cores (AVX-512 bf16), OpenVINO: tiny 1.7, small 3.7, lite 8, base 10.5. The passes
# around the network cost about 10 there on a software renderer, so a network below "lite" saves little.
NETWORKS: dict[str, NetworkConfig] = {
    "tiny": NetworkConfig(widths=(12, 16, 24), blocks=(0, 1, 1), up_blocks=(1, 0)),
    "small": NetworkConfig(widths=(16, 32, 48), blocks=(0, 1, 1), up_blocks=(1, 1)),
    "lite": NetworkConfig(widths=(32, 48, 64), blocks=(0, 1, 1), up_blocks=(1, 1)),
    "base": NetworkConfig(widths=(32, 64, 96), blocks=(0, 1, 1), up_blocks=(1, 1)),
}
