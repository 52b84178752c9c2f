"""report.png: quality and cost of every method in one picture, drawn with Pillow in the colours of the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.commands.report import best_methods, headline, machine_line
from app.measure.quality import QUALITY
from app.measure.stages import STAGES
from app.paths import ASSETS
from app.present import theme

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

_WIDTH, _MARGIN, _ROW = 1600, 64, 54
_MAGNIFIED = 3


class Pen:
    """Pillow drawing with our fonts; coordinates in pixels."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self.image = Image.new("RGB", (width, height), rgb8(theme.BACKGROUND))
        self.draw: ImageDraw = ImageDraw.Draw(self.image)
        self._fonts: dict[tuple[str, int], FreeTypeFont | ImageFont] = {}

    def text(
        self, x: float, y: float, text: str, size: int, colour: theme.Colour, face: str = "Inter-Regular", anchor="lm"
    ) -> float:
        """Returns the width; `anchor` is Pillow's ("lm": left, middle)."""
        font = self._font(face, size)
        self.draw.text((x, y), text, fill=rgb8(colour), font=font, anchor=anchor)
        return float(font.getlength(text))

    def bar(self, x: float, y: float, width: float, height: float, colour: theme.Colour) -> None:
        if width >= 1:
            self.draw.rectangle((x, y, x + width - 1, y + height - 1), fill=rgb8(colour))

    def fitted(self, text: str, size: int, width: float) -> str:
        font = self._font("Inter-Regular", size)
        while len(text) > 1 and font.getlength(text) > width:
            text = text[:-2].rstrip() + "…"
        return text

    def pixels(self) -> np.ndarray:
        return np.asarray(self.image)

    def _font(self, face: str, size: int) -> FreeTypeFont | ImageFont:
        from PIL import ImageFont as fonts

        if (face, size) not in self._fonts:
            try:
                self._fonts[face, size] = fonts.truetype(str(ASSETS / "fonts" / f"{face}.ttf"), size)
            except OSError:
                self._fonts[face, size] = fonts.load_default(size)
        return self._fonts[face, size]


def rgb8(colour: theme.Colour) -> tuple[int, int, int]:
    """An opaque theme colour, or a translucent one over the background, as 8-bit sRGB."""
    opacity = colour[3]
    mixed = (opacity * c + (1 - opacity) * b for c, b in zip(colour[:3], theme.BACKGROUND[:3]))
    red, green, blue = (round(255 * value) for value in mixed)
    return red, green, blue


def report_picture(
    report: Mapping[str, Any], labels: Mapping[str, str], pictures: Mapping[str, np.ndarray]
) -> np.ndarray:
    """(height, width, 3) uint8. `pictures`: a crop by method, all of one size, shown in a row at the top."""
    methods = report["methods"]
    strip = 300 if pictures else 0
    rows = _ROW * len(methods)
    pen = Pen(_WIDTH, 190 + strip + 2 * (rows + 92) + 96)
    title, line = headline(report)
    pen.text(_MARGIN, 72, title, 46, theme.TEXT, "Inter-SemiBold")
    pen.text(_MARGIN, 124, line, 22, theme.DIM)
    y = 170.0
    if pictures:
        _crops(pen, y, strip - 60, labels, pictures)
        y += strip
    y = _quality(pen, y, methods, labels)
    y = _cost(pen, y, methods, labels)
    pen.text(_MARGIN, y + 36, pen.fitted(machine_line(report), 18, _WIDTH - 2 * _MARGIN), 18, theme.FAINT)
    return pen.pixels()


def _crops(pen: Pen, y: float, height: int, labels: Mapping[str, str], pictures: Mapping[str, np.ndarray]) -> None:
    """The same busy spot of each picture, enlarged without smoothing: what a magnifier would show."""
    from PIL import Image

    gap = 12
    width = (_WIDTH - 2 * _MARGIN - gap * (len(pictures) - 1)) // len(pictures)
    names = list(pictures)
    crop = (-(-width // _MAGNIFIED), -(-height // _MAGNIFIED))
    left, top, columns, rows = busiest_spot(pictures[names[-1]], crop)
    for index, name in enumerate(names):
        part = np.ascontiguousarray(pictures[name][top : top + rows, left : left + columns])
        factor = max(_MAGNIFIED, -(-width // columns), -(-height // rows))
        image = Image.fromarray(part).resize((columns * factor, rows * factor), Image.Resampling.NEAREST)
        x = _MARGIN + index * (width + gap)
        pen.image.paste(image.crop((0, 0, width, height)), (x, round(y)))
        pen.bar(x, y + height, width, 4, theme.method_colour(name))
        pen.text(x, y + height + 24, labels.get(name, name), 20, theme.TEXT, "Inter-SemiBold")


def busiest_spot(image: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(left, top, width, height) of the window of at most `size` (width, height) with the most fine detail: the sum
    of luma's gradient, found with an integral image. uint8 (height, width, 3)."""
    luma = image.astype(np.float64).mean(axis=2)
    height, width = luma.shape
    columns, rows = min(size[0], width), min(size[1], height)
    detail = np.zeros_like(luma)
    detail[:, 1:] += np.abs(np.diff(luma, axis=1))
    detail[1:] += np.abs(np.diff(luma, axis=0))
    sums = np.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    window = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    top, left = np.unravel_index(int(window.argmax()), window.shape)
    return int(left), int(top), columns, rows


def _quality(pen: Pen, y: float, methods: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str]) -> float:
    pen.text(_MARGIN, y + 24, "Quality against the reference", 26, theme.TEXT, "Inter-SemiBold")
    left = _MARGIN + 190
    width = (_WIDTH - _MARGIN - left) / len(QUALITY)
    for index, (figure, about) in enumerate(QUALITY.items()):
        better = "higher is better" if about.higher_is_better else "lower is better"
        x = left + index * width
        end = pen.text(x, y + 68, about.heading, 19, theme.DIM, "Inter-SemiBold")
        pen.text(x + end + 10, y + 68, better, 15, theme.FAINT)
        values = [m[figure] for m in methods.values() if m[figure] is not None]
        for row, (name, entry) in enumerate(methods.items()):
            middle = y + 92 + row * _ROW + _ROW / 2
            best = name in best_methods(methods, figure)
            colour = theme.method_colour(name)
            if entry[figure] is not None:
                share = _share(figure, entry[figure], values)
                pen.bar(x, middle - 9, (width - 130) * share, 18, colour)
                at = x + (width - 130) * share + 10
                face = "JetBrainsMono-SemiBold" if best else "JetBrainsMono-Regular"
                pen.text(at, middle, about.formatted(entry[figure]), 19, theme.TEXT if best else theme.DIM, face)
            else:
                pen.text(x, middle, "–", 19, theme.FAINT)
            if index == 0:
                pen.text(_MARGIN, middle, labels.get(name, name), 22, theme.TEXT, "Inter-SemiBold")
    return y + 92 + _ROW * len(methods)


def _share(figure: str, value: float, values: list[float]) -> float:
    """Length of a bar. PSNR, tPSNR and SSIM never come near zero: their bars begin a little below the smallest value,
    so that differences show; the printed figure is what counts."""
    low = min(values)
    if figure in ("psnr", "tpsnr"):
        base = low - 3.0
    elif figure == "ssim":
        base = max(0.0, low - 0.4 * max(1.0 - low, 0.02))
    else:
        base = 0.0
    span = max(values) - base
    return max(0.02, (value - base) / span) if span > 0 else 1.0


def _cost(pen: Pen, y: float, methods: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str]) -> float:
    pen.text(_MARGIN, y + 44, "Cost of a frame", 26, theme.TEXT, "Inter-SemiBold")
    x = _MARGIN + 240.0
    for stage in STAGES:
        pen.bar(x, y + 37, 16, 16, theme.STAGE_COLOURS[stage])
        x += 26 + pen.text(x + 24, y + 45, stage, 18, theme.DIM) + 24
    pen.text(_WIDTH - _MARGIN, y + 45, "median, ms", 18, theme.FAINT, anchor="rm")
    left, width = _MARGIN + 190, _WIDTH - 2 * _MARGIN - 190 - 130
    longest = max([m["stage_ms"].get("total", 0.0) for m in methods.values()] + [1e-6])
    for row, (name, entry) in enumerate(methods.items()):
        middle = y + 84 + row * _ROW + _ROW / 2
        pen.text(_MARGIN, middle, labels.get(name, name), 22, theme.TEXT, "Inter-SemiBold")
        x = float(left)
        for stage in STAGES:
            length = entry["stage_ms"].get(stage, 0.0) / longest * width
            pen.bar(x, middle - 15, max(length - 2, 0), 30, theme.STAGE_COLOURS[stage])
            if length > 74:
                pen.text(
                    x + length / 2, middle, f"{entry['stage_ms'][stage]:.1f}", 17, theme.BACKGROUND,
                    "JetBrainsMono-SemiBold", "mm",
                )  # fmt: skip
            x += length
        total = entry["stage_ms"].get("total")
        shown = "–" if total is None else f"{total:.1f}"
        pen.text(x + 12, middle, shown, 20, theme.TEXT, "JetBrainsMono-SemiBold")
    return y + 84 + _ROW * len(methods)
