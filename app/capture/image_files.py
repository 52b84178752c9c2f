"""Still images: 8-bit sRGB PNG and scene-linear half-float EXR. Row 0 is the top row in arrays and in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from app.capture.provenance import as_text
from app.errors import SuperseeError

PNG_KEY = "Supersee"
"""The PNG text chunk (and EXR attribute) that holds the provenance as JSON."""
_HALF_MAX = 65504.0


def write_png(path: Path, image: np.ndarray, record: Mapping[str, object] | None = None) -> Path:
    """Writes uint8 sRGB of shape (height, width, 3 or 4); raises SuperseeError where the file cannot be written."""
    from PIL import Image, PngImagePlugin

    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] in (3, 4)
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\0")
    if record is not None:
        info.add_itxt(PNG_KEY, as_text(record), zip=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(image)).save(path, pnginfo=info, compress_level=4)
    except OSError as error:
        raise _cannot_write(path, error) from error
    return path


def read_png(path: Path) -> tuple[np.ndarray, str]:
    """Pixels (height, width, channels) uint8 and the provenance text ("" where there is none)."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()  # text may stand behind the pixels
            return np.asarray(image), str(image.info.get(PNG_KEY, ""))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # all that a damaged file raises
        raise SuperseeError(f"The image {path} cannot be read", str(error)) from error


def write_exr(path: Path, linear: np.ndarray, record: Mapping[str, object] | None = None) -> Path:
    """Writes scene-linear Rec.709 of shape (height, width, 3 or more) as half-float R, G, B with ZIP compression.

    Values beyond the half range are clamped to it; those that are not finite become 0.
    """
    colour = np.nan_to_num(linear[..., :3], nan=0.0, posinf=_HALF_MAX, neginf=0.0)
    return _write_channels(path, {"RGB": np.clip(colour, -_HALF_MAX, _HALF_MAX).astype(np.float16)}, record)


def write_layer(
    path: Path, channels: Sequence[str], pixels: np.ndarray, record: Mapping[str, object] | None = None
) -> Path:
    """Writes (height, width, channels) float16 or float32 as it is, values that are not finite included: a buffer is
    looked at for what is wrong with it, too."""
    assert pixels.dtype in (np.float16, np.float32)
    assert pixels.shape[2] == len(channels)
    return _write_channels(path, {name: pixels[..., i] for i, name in enumerate(channels)}, record)


def _write_channels(path: Path, channels: dict[str, np.ndarray], record: Mapping[str, object] | None) -> Path:
    import OpenEXR

    # Copied whole: the library writes wrong pixels, silently, for arrays that are slices or views.
    planes = {name: np.ascontiguousarray(pixels) for name, pixels in channels.items()}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    if record is not None:
        header[PNG_KEY.lower()] = as_text(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with OpenEXR.File(header, planes) as file:
            file.write(str(path))
    except (OSError, RuntimeError) as error:
        raise _cannot_write(path, error) from error
    return path


def read_exr(path: Path) -> np.ndarray:
    """(height, width, 3) float32 scene-linear colour of a file that `write_exr` made."""
    import OpenEXR

    try:
        with OpenEXR.File(str(path)) as file:
            channels = file.channels() if file.parts else {}
            if "RGB" not in channels:
                raise SuperseeError(f"The image {path} cannot be used", "it has no R, G and B channels")
            return np.asarray(channels["RGB"].pixels).astype(np.float32)
    except (OSError, RuntimeError) as error:
        raise SuperseeError(f"The image {path} cannot be read", str(error)) from error


def read_layer(path: Path) -> np.ndarray:
    """(height, width, channels) of a file that `write_layer` made, in its own type, channels in order of name."""
    import OpenEXR

    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = file.channels() if file.parts else {}
            if not channels:
                raise SuperseeError(f"The image {path} cannot be read", "the file is cut off")
            return np.stack([np.asarray(channels[name].pixels) for name in sorted(channels)], axis=2)
    except (OSError, RuntimeError, ValueError) as error:
        raise SuperseeError(f"The image {path} cannot be read", str(error)) from error


def _cannot_write(path: Path, error: Exception) -> SuperseeError:
    return SuperseeError(f"{path} cannot be written", str(error), "Check the folder and the free space.")
