"""Images of a glTF file as 8-bit RGBA, decoded in parallel; sizes are looked at before pixels are decoded."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf
from app.scene.model import Image

LARGEST_SIDE = 4096
"""Larger images are scaled down to this many pixels along their longer side."""
MOST_PIXELS = 80_000_000
"""What an image may have before it is scaled down: more than 8192 x 8192, and below what Pillow warns of."""
PIXEL_BUDGET = 2**28
"""Pixels of all images together; beyond it, further images are scaled down more."""
_FORMATS = ("PNG", "JPEG", "WEBP")


class ImageLoading:
    """Decodes the images with the file's indices `used` in the background, from its making until `finish`."""

    def __init__(self, document: Document, used: Sequence[int]) -> None:
        self._document = document
        self._pool = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1))
        encoded: list[tuple[int, str, memoryview]] = []
        for index in used:
            try:
                encoded.append((index, *_encoded(document, index)))
            except BadGltf as error:
                document.note(f"Textures are missing: {error}")
        side = _side_within_budget([data for _, _, data in encoded])
        self._pending = [(index, name, self._pool.submit(_decode, data, side)) for index, name, data in encoded]

    def __enter__(self) -> ImageLoading:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def finish(self) -> tuple[list[Image], dict[int, int]]:
        """(images, the file's index -> place in the list). What could not be read is noted and left out."""
        images: list[Image] = []
        places: dict[int, int] = {}
        for index, name, future in self._pending:
            pixels = future.result()
            if isinstance(pixels, str):
                self._document.note(f"Textures are missing: image {name!r} {pixels}")
                continue
            places[index] = len(images)
            images.append(Image(name, pixels))
        return images, places


def _encoded(document: Document, index: int) -> tuple[str, memoryview]:
    entry = document.objects("images")[index]
    name = entry.name(f"image {index}")
    if "uri" in entry:
        return name, document.read_uri(entry.text("uri"), f"image {name!r}")
    view = entry.index("bufferView", document.count("bufferViews"))
    if view < 0:
        raise BadGltf(f"{entry.where} has no data")
    return name, document.view(view)


def _side_within_budget(encoded: list[memoryview]) -> int:
    side = LARGEST_SIDE
    sizes = [size for data in encoded if (size := _size(data))]
    while side > 64 and sum(_scaled_pixels(size, side) for size in sizes) > PIXEL_BUDGET:
        side //= 2
    return side


def _size(data: memoryview) -> tuple[int, int] | None:
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=_FORMATS) as image:  # reads the header only
            return image.size
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        return None


def _scaled_pixels(size: tuple[int, int], side: int) -> float:
    factor = min(1.0, side / max(size))
    return size[0] * size[1] * factor * factor


def _decode(data: memoryview, side: int) -> np.ndarray | str:
    """(height, width, 4) uint8, or why it cannot be had."""
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.size[0] * image.size[1] > MOST_PIXELS:
                return f"is too large ({image.size[0]}x{image.size[1]})"
            if max(image.size) > side:
                image.draft(None, (side, side))  # JPEGs decode straight to a fraction of their size
            picture = _eight_bit(image)
            if max(picture.size) > side:
                factor = side / max(picture.size)
                width, height = (max(1, round(n * factor)) for n in picture.size)
                picture = picture.resize((width, height), PIL.Image.Resampling.BOX, reducing_gap=2.0)
            return np.asarray(picture.convert("RGBA"))
    except PIL.Image.DecompressionBombError:
        return "is too large"
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, OverflowError, MemoryError):
        return "is broken, or not a PNG, JPEG or WebP"  # what Pillow's decoders raise for broken files


def _eight_bit(image):
    """16-bit grey would be clipped, not scaled, by Pillow's own conversion."""
    import PIL.Image

    if image.mode.startswith("I"):
        return PIL.Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    return image
