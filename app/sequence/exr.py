"""Reading OpenEXR files from outside: sizes are checked before memory is taken, and nothing is believed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.exr_header import qualified


def read_channels(
    path: Path, channels: Iterable[str], size: Size, unbounded: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """The named channels, each (height, width) contiguous in the file's own type (float16 or float32). Where a file
    has several parts, names are `exr_header.qualified`'s.

    Raises SuperseeError for a file that is missing, broken, of another size, without one of the channels, or with
    values that are not finite. Finite is asked of half channels too: infinity there is an overflow in the render,
    except in the `unbounded` ones, distances for which it means the sky.
    """
    import OpenEXR

    if not path.is_file():
        raise SuperseeError(f"The frame {path} is missing", "there is no such file")
    try:
        header_file = OpenEXR.File(str(path), header_only=True)
        _check_header(path, header_file, size)
        # Not told otherwise, the library would join .R, .G and .B into one array under another name.
        parts = OpenEXR.File(str(path), separate_channels=True).parts
    except SuperseeError:
        raise
    except Exception as error:  # OpenEXR raises RuntimeError, ValueError and others for a damaged file
        raise SuperseeError(f"The frame {path} cannot be read", str(error)) from error
    found = {
        qualified(part.header if len(parts) > 1 else {}, name): channel
        for part in parts
        for name, channel in part.channels.items()
    }
    return {name: _checked(path, found, name, size, name in unbounded) for name in channels}


def _check_header(path: Path, file: object, size: Size) -> None:
    parts = getattr(file, "parts", [])
    if not parts:
        raise SuperseeError(f"The frame {path} cannot be read", "the file is cut off")
    for part in parts:
        low, high = part.header["dataWindow"]
        found = (int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1)
        if found != tuple(size):
            raise SuperseeError(
                f"The frame {path} has the wrong size", f"it is {found[0]}x{found[1]}, not {size[0]}x{size[1]}"
            )


def _checked(path: Path, channels: dict, name: str, size: Size, unbounded: bool) -> np.ndarray:
    if name not in channels:
        known = ", ".join(sorted(channels)) or "none at all"
        raise SuperseeError(f"The frame {path} has no channel {name}", f"its channels are {known}")
    pixels = channels[name].pixels
    if pixels.shape != (size[1], size[0]) or pixels.dtype not in (np.float16, np.float32):
        raise SuperseeError(f"The channel {name} of {path} cannot be used", f"it is {pixels.dtype} {pixels.shape}")
    if np.isnan(pixels).any() or not (unbounded or np.isfinite(pixels).all()):
        raise SuperseeError(f"The channel {name} of {path} cannot be used", "it holds values that are not finite")
    return np.ascontiguousarray(pixels)
