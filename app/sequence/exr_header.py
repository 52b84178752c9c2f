"""What an OpenEXR file says of itself, read without its pixels and believed only as far as it can be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError

LARGEST_SIDE = 16384
"""Pixels. A forged header of 65535x65535 would take 16 GiB a channel."""
LARGEST_BYTES = 1 << 30
"""Of all channels of a file, unpacked, were they all halves (a header alone does not tell): 60 at 3840x2160."""
_SMALLEST_SHARE = {"NO": 1, "RLE": 128, "DWAA": 10_000, "DWAB": 30_000}
"""How many times smaller than its pixels a file can be, by compression; the others reach 1,900 on one even grey."""
_OTHERS_SHARE = 2_500


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

    check_there(path)
    try:
        parts = OpenEXR.File(str(path), header_only=True).parts
        check_claims(path, parts)
        header = dict(parts[0].header)
        size = window_size(header)
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
        raise unreadable(path, str(error)) from error
    return ExrHeader(size, channels, header)


def check_there(path: Path) -> None:
    """Raises SuperseeError where there is no file of that name that may be looked at."""
    try:
        there = path.is_file()
    except OSError as error:  # a folder that may not be entered, a name that no disk takes
        raise SuperseeError(
            f"The frame {path} cannot be read", error.strerror or str(error), "Check its name and its permissions."
        ) from error
    if not there:
        raise SuperseeError(f"The frame {path} is missing", "there is no such file", "Render or copy it again.")


def check_claims(path: Path, parts: Sequence[Any]) -> None:
    """Raises SuperseeError for headers (parts of a file opened with header_only) whose pixels the file cannot hold, or
    no program should be asked to: before memory is taken for them. What is cut off has no parts."""
    if not parts:
        raise unreadable(path, "the file is cut off")
    claimed, most = 0, 0
    held = path.stat().st_size
    for part in parts:
        width, height = window_size(part.header)
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise unreadable(path, f"it claims to be {width}x{height} pixels")
        claimed += width * height * 2 * len(part.header["channels"])
        compression = str(part.header["compression"]).rpartition(".")[2].removesuffix("_COMPRESSION")
        most = max(most, _SMALLEST_SHARE.get(compression, _OTHERS_SHARE))
    if claimed > min(LARGEST_BYTES, held * most):
        width, height = window_size(parts[0].header)
        raise unreadable(
            path, f"it claims {width}x{height} pixels, {claimed / 2**20:.0f} MiB at least, and has {held} bytes"
        )


def window_size(header: Mapping[str, Any]) -> Size:
    low, high = header["dataWindow"]
    return int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1


def unreadable(path: Path, reason: str) -> SuperseeError:
    return SuperseeError(f"The frame {path} cannot be read", reason, "Render or copy it again.")


def qualified(header: Mapping[str, object], channel: str) -> str:
    """A channel's full name: in a file of several parts, "R" of the part "ViewLayer.Combined" is
    "ViewLayer.Combined.R". Channels of a file of one part, and those that carry a layer already, keep their names."""
    part = str(header.get("name", ""))
    return channel if not part or "." in channel else f"{part}.{channel}"


def listed(channels: tuple[str, ...], most: int = 24) -> str:
    """The channels for a message: all of them, or the first and how many more."""
    shown = ", ".join(channels[:most]) or "none at all"
    return shown if len(channels) <= most else f"{shown} and {len(channels) - most} more"
