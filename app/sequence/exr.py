"""Reading OpenEXR files from outside: sizes are checked before memory is taken, and nothing is believed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.exr_chunks import check_whole
from app.sequence.exr_header import check_claims, check_there, listed, qualified, unreadable, window_size

_TYPES = (np.float16, np.float32)
_JOINED = ("RGB", "RGBA")


def read_channels(
    path: Path, channels: Iterable[str], size: Size, unbounded: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """The named channels, each (height, width) contiguous in the file's own type (float16 or float32). Where a file
    has several parts, names are `exr_header.qualified`'s.

    Raises SuperseeError for a file that is missing, broken, of another size, without one of the channels, or with
    values that are not finite. Finite is asked of half channels too: infinity there is an overflow in the render,
    except in the `unbounded` ones, distances for which it means the sky.
    """
    # Not told otherwise, the library would join .R, .G and .B into one array under another name.
    parts = _parts(path, size, separate_channels=True)
    found = {
        qualified(part.header if len(parts) > 1 else {}, name): channel
        for part in parts
        for name, channel in part.channels.items()
    }
    return {name: _checked(path, found, name, size, name in unbounded) for name in channels}


def read_pixels(path: Path, channels: Sequence[str], size: Size) -> np.ndarray:
    """The named channels as one array (height, width, channels), contiguous, in the file's own type; raises as
    `read_channels` does. R, G, B and A are unpacked into it at once, which takes two thirds of the time."""
    joined = "".join(channels)
    pixels = _joined(path, joined, size) if joined in _JOINED else None
    if pixels is not None and pixels.dtype in _TYPES and all_finite(pixels):
        return np.ascontiguousarray(pixels)
    # Channel by channel: of other names, of several types, in several parts; and to say which one is wrong.
    found = read_channels(path, channels, size)
    return np.stack([found[name] for name in channels], -1)


def _joined(path: Path, name: str, size: Size) -> np.ndarray | None:
    try:
        parts = _parts(path, size, separate_channels=False)
    except SuperseeError:  # of a file whose channels have several types, too
        return None
    channel = parts[0].channels.get(name) if len(parts) == 1 else None
    shape = (size[1], size[0], len(name))
    return channel.pixels if channel is not None and channel.pixels.shape == shape else None


def _parts(path: Path, size: Size, separate_channels: bool) -> Sequence[Any]:
    import OpenEXR

    check_there(path)
    try:
        header = OpenEXR.File(str(path), header_only=True)
        check_claims(path, header.parts)
        _check_sizes(path, header.parts, size)
        check_whole(path)
        parts = OpenEXR.File(str(path), separate_channels=separate_channels).parts
    except SuperseeError:
        raise
    except Exception as error:  # OpenEXR raises RuntimeError, ValueError and others for a damaged file
        raise unreadable(path, str(error)) from error
    if len(parts) != len(header.parts):  # the library leaves out a part whose pixels it cannot unpack
        raise unreadable(path, "its pixels are damaged or cut off")
    return parts


def all_finite(pixels: np.ndarray, unbounded: bool = False) -> bool:
    """Whether no value of a float array is NaN or, unless `unbounded`, infinite. Of halves it looks at the bits, which
    takes a ninth of what numpy takes."""
    if pixels.dtype == np.float16 and pixels.size:
        largest = int(np.max(pixels.view(np.uint16) & np.uint16(0x7FFF)))  # without sign; infinity is 0x7C00
        return largest <= 0x7C00 if unbounded else largest < 0x7C00
    return not np.isnan(pixels).any() if unbounded else bool(np.isfinite(pixels).all())


def _check_sizes(path: Path, parts: Sequence[Any], size: Size) -> None:
    for part in parts:
        found = window_size(part.header)
        if found != tuple(size):
            raise SuperseeError(
                f"The frame {path} has the wrong size",
                f"it is {found[0]}x{found[1]}, not {size[0]}x{size[1]}",
                "Render it again, or move frames of another size to a folder of their own.",
            )


def _checked(path: Path, channels: dict, name: str, size: Size, unbounded: bool) -> np.ndarray:
    if name not in channels:
        raise SuperseeError(
            f"The frame {path} has no channel {name}",
            f"its channels are {listed(tuple(sorted(channels)))}",
            "docs/importing.md lists the names that are read.",
        )
    pixels = channels[name].pixels
    if pixels.shape != (size[1], size[0]) or pixels.dtype not in _TYPES:
        raise SuperseeError(
            f"The channel {name} of {path} cannot be used",
            f"it is {pixels.dtype} {pixels.shape}",
            "Write it as half or float, a value a pixel.",
        )
    if not all_finite(pixels, unbounded):
        wrong = np.isnan(pixels) if unbounded else ~np.isfinite(pixels)
        row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
        raise SuperseeError(
            f"The channel {name} of {path} cannot be used",
            f"{int(wrong.sum())} of its values are not finite, the first at x {column}, y {row}",
            "Render it again without what makes them (a light or a filter that overflows).",
        )
    return np.ascontiguousarray(pixels)
