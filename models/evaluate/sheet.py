"""Side-by-side crops as a picture: a row a spot, a column a method, enlarged without smoothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from app.commands.report_picture import Pen, rgb8
from app.inference.image_manifest import IMAGE_KINDS
from app.measure.image_metrics import psnr
from app.present import theme
from app.upscale.registry import METHODS
from models.evaluate.spots import WINDOW, Spot

_MARGIN, _GAP, _CONTEXT = 48, 10, 250
_HEAD, _BELOW = 116, 62  # above the first row; below each row, for the labels


def crop_sheet(title: str, line: str, spots: Sequence[Spot]) -> np.ndarray:
    """(height, width, 3) uint8. The spots show the same methods in the same order, the reference last."""
    methods = list(spots[0].images)
    factor = 4 if len(methods) <= 4 else 3
    width, height = WINDOW[0] * factor, WINDOW[1] * factor
    left = _MARGIN + _CONTEXT + 2 * _GAP
    pen = Pen(
        left + len(methods) * (width + _GAP) - _GAP + _MARGIN, _HEAD + len(spots) * (height + _BELOW) + _MARGIN // 2
    )
    pen.text(_MARGIN, 50, title, 34, theme.TEXT, "Inter-SemiBold")
    pen.text(_MARGIN, 88, pen.fitted(line, 18, pen.image.width - 2 * _MARGIN), 18, theme.DIM)
    for row, spot in enumerate(spots):
        y = _HEAD + row * (height + _BELOW)
        _context(pen, y, spot)
        for column, name in enumerate(methods):
            _crop(pen, left + column * (width + _GAP), y, factor, name, spot)
    return pen.pixels()


def method_colour(name: str) -> theme.Colour:
    """A network or a checkpoint has the colour of networks; a peer ("espcn", "espcn-3x", "espcn @1600") its kind's."""
    kind = re.split("[- ]", name)[0]
    return theme.method_colour(name if name in METHODS else kind if kind in IMAGE_KINDS else "neural")


def label(name: str) -> str:
    return METHODS[name].label if name in METHODS else name


def _context(pen: Pen, y: int, spot: Spot) -> None:
    """The whole frame of the reference, small, with the window marked, and which frame it is."""
    from PIL import Image

    rows, columns = spot.whole.shape[:2]
    scale = _CONTEXT / columns
    size = (_CONTEXT, round(rows * scale))
    pen.image.paste(Image.fromarray(spot.whole).resize(size, Image.Resampling.LANCZOS), (_MARGIN, y))
    x0, y0 = _MARGIN + spot.left * scale, y + spot.top * scale
    box = (x0, y0, x0 + WINDOW[0] * scale, y0 + WINDOW[1] * scale)
    pen.draw.rectangle(tuple(v + d for v, d in zip(box, (-1, -1, 1, 1))), outline=rgb8(theme.BACKGROUND))
    pen.draw.rectangle(box, outline=rgb8(theme.WARNING))
    sequence = spot.sequence
    below = y + size[1]
    title = pen.fitted(f"{sequence.ratio:g}×, {sequence.group}", 18, _CONTEXT)
    pen.text(_MARGIN, below + 22, title, 18, theme.TEXT, "Inter-SemiBold")
    pen.text(_MARGIN, below + 46, pen.fitted(f"{sequence.name}, {sequence.motion}", 15, _CONTEXT), 15, theme.DIM)
    pen.text(_MARGIN, below + 67, f"frame {spot.frame + 1}", 15, theme.DIM)


def _crop(pen: Pen, x: int, y: int, factor: int, name: str, spot: Spot) -> None:
    from PIL import Image

    image = spot.images[name]
    width, height = image.shape[1] * factor, image.shape[0] * factor
    pen.image.paste(Image.fromarray(image).resize((width, height), Image.Resampling.NEAREST), (x, y))
    pen.bar(x, y + height, width, 4, method_colour(name))
    room = width if name == "reference" else width - 90
    pen.text(x, y + height + 22, pen.fitted(label(name), 18, room), 18, theme.TEXT, "Inter-SemiBold")
    if name != "reference":
        decibels = psnr(image / np.float32(255.0), spot.images["reference"] / np.float32(255.0))
        pen.text(x + width, y + height + 22, f"{decibels:.1f} dB", 17, theme.DIM, "JetBrainsMono-Regular", "rm")
