"""A contact sheet of clips: the first frame's reference of each, as a camera's picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.data.clip import Clip

_TILE = (320, 180)


def contact_sheet(pictures: Sequence[tuple[str, Clip]], columns: int = 4) -> np.ndarray:
    """(h, w, 3) uint8 of (caption, clip) pairs: the middle of each clip's first reference under its caption."""
    from PIL import Image, ImageDraw

    width, height = _TILE
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    draw = ImageDraw.Draw(sheet)
    for number, (caption, clip) in enumerate(pictures):
        from app.measure.image_metrics import display_image

        linear = clip.reference[0].astype(np.float32) * clip.exposure[0]
        tile = Image.fromarray((display_image(linear) * 255 + 0.5).astype(np.uint8))
        tile.thumbnail((width, height))
        at = (number % columns * width, number // columns * height)
        sheet.paste(tile, at)
        draw.text((at[0] + 4, at[1] + 2), caption, fill=(255, 255, 0))
    return np.asarray(sheet)


def write_sheet(pictures: Sequence[tuple[str, Clip]], path: Path) -> None:
    from PIL import Image

    Image.fromarray(contact_sheet(pictures)).save(path)
