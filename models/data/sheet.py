"""A contact sheet of clips: one frame's reference of each, as a camera's picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.errors import SuperseeError
from app.measure.image_metrics import display_image
from models.data.clip import ClipReader
from models.data.index import ClipEntry, read_index

_TILE = (320, 180)
_COLUMNS = 6
_MOST = 120
"""Clips on a sheet; of more, as many at equal distances."""


def contact_sheet(pictures: Sequence[tuple[str, np.ndarray]], columns: int = _COLUMNS) -> np.ndarray:
    """(h, w, 3) uint8 of (caption, display image (h, w, 3) in [0, 1]) pairs, each under its caption."""
    from PIL import Image, ImageDraw

    width, height = _TILE
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    draw = ImageDraw.Draw(sheet)
    for number, (caption, picture) in enumerate(pictures):
        tile = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
        tile.thumbnail((width, height))
        at = (number % columns * width, number // columns * height)
        sheet.paste(tile, at)
        draw.rectangle((*at, at[0] + 8 + draw.textlength(caption), at[1] + 15), fill=(0, 0, 0))
        draw.text((at[0] + 4, at[1] + 2), caption, fill=(255, 255, 0))
    return np.asarray(sheet)


def folder_sheet(folder: Path) -> np.ndarray:
    """The middle frame of the folder's clips. Raises SuperseeError where there is none, or one cannot be read."""
    clips = read_index(folder).clips
    if not clips:
        raise SuperseeError(f"There are no clips in {folder}", "its index is empty", "Render some first.")
    count = min(len(clips), _MOST)
    return contact_sheet([_picture(folder, clips[i * len(clips) // count]) for i in range(count)])


def write_sheet(sheet: np.ndarray, path: Path) -> None:
    """Raises SuperseeError where `path` cannot be written."""
    from PIL import Image

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet).save(path)
    except (OSError, ValueError) as error:
        raise SuperseeError(f"{path} cannot be written", str(error), "Name another file.") from error


def _picture(folder: Path, entry: ClipEntry) -> tuple[str, np.ndarray]:
    reader = ClipReader(folder / entry.file)
    frames = slice(reader.frames // 2, reader.frames // 2 + 1)
    everything = (slice(0, reader.height), slice(0, reader.width))
    display = (slice(0, reader.display_height), slice(0, reader.display_width))
    clip = reader.read_part(frames, everything, display)
    caption = f"{entry.name} {entry.split} {entry.scene.removeprefix('random:')} {entry.motion} {entry.ratio:g}x"
    return caption + " no mip maps" * entry.unfiltered, display_image(
        clip.reference[0].astype(np.float32) * clip.exposure[0]
    )
