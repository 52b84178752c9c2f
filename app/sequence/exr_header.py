"""What an OpenEXR file says of itself, read without its pixels and believed only as far as it can be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.conventions import Size
from app.errors import SuperseeError

LARGEST_SIDE = 16384
"""Pixels. A forged header of 65535x65535 would take 16 GiB a channel."""


@dataclass(frozen=True, slots=True)
class ExrHeader:
    """`size` and `attributes` are the first part's; `channels` are all parts', named as `qualified` does."""

    size: Size
    channels: tuple[str, ...]
    attributes: Mapping[str, object]

    def number(self, *names: str) -> float | None:
        """The first of these attributes that is there, as a finite number; None where there is none."""
        for name in names:
            try:
                value = float(str(self.attributes[name]))
            except (KeyError, ValueError):
                continue
            if abs(value) < 1e12:
                return value
        return None

    @property
    def fps(self) -> float | None:
        """The standard attribute framesPerSecond (a ratio), where it is there and makes sense."""
        rate = self.attributes.get("framesPerSecond")
        try:
            value = float(rate)  # type: ignore[arg-type]
        except (TypeError, ValueError, ZeroDivisionError):
            return None
        return value if 0.01 <= value <= 10_000.0 else None


def read_header(path: Path) -> ExrHeader:
    """Raises SuperseeError for a file that is missing, damaged, or larger than any frame can be."""
    import OpenEXR

    if not path.is_file():
        raise SuperseeError(f"The frame {path} is missing", "there is no such file")
    try:
        parts = OpenEXR.File(str(path), header_only=True).parts
        if not parts:
            raise SuperseeError(f"The frame {path} cannot be read", "the file is cut off", "Render or copy it again.")
        header = dict(parts[0].header)
        low, high = header["dataWindow"]
        size = (int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1)
        channels = tuple(
            sorted(
                qualified(part.header if len(parts) > 1 else {}, channel.name)
                for part in parts
                for channel in part.header["channels"]
            )
        )
    except SuperseeError:
        raise
    except Exception as error:  # OpenEXR raises RuntimeError, ValueError and others for a damaged file
        raise SuperseeError(f"The frame {path} cannot be read", str(error), "Render or copy it again.") from error
    if not all(0 < side <= LARGEST_SIDE for side in size):
        raise SuperseeError(
            f"The frame {path} cannot be read",
            f"it claims to be {size[0]}x{size[1]} pixels",
            "Render or copy it again.",
        )
    return ExrHeader(size, channels, header)


def qualified(header: Mapping[str, object], channel: str) -> str:
    """A channel's full name: in a file of several parts, "R" of the part "ViewLayer.Combined" is
    "ViewLayer.Combined.R". Channels of a file of one part, and those that carry a layer already, keep their names."""
    part = str(header.get("name", ""))
    return channel if not part or "." in channel else f"{part}.{channel}"


def listed(channels: tuple[str, ...], most: int = 24) -> str:
    """The channels for a message: all of them, or the first and how many more."""
    shown = ", ".join(channels[:most]) or "none at all"
    return shown if len(channels) <= most else f"{shown} and {len(channels) - most} more"
