"""The help sheet: what every key does, in columns, over a dimmed picture."""

from __future__ import annotations

from dataclasses import dataclass

from app.conventions import Size
from app.present import theme
from app.present.ink import Ink
from app.present.layout import Rect
from app.present.text import GlyphAtlas

_COLUMN = 350.0
"""Least width of a column at unit 1."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Groups of (key, what it does) lines under a heading each."""

    title: str
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def draw_sheet(ink: Ink, atlas: GlyphAtlas, canvas: Size, sheet: Sheet, unit: float) -> None:
    unit = _fitting_unit(canvas, sheet, unit)
    fonts = theme.Fonts(unit)
    ink.rectangle(Rect(0, 0, *canvas), theme.rgb(0x08090B, 0.93))
    columns = _columns(sheet, canvas[1] - 110 * unit, unit)
    width = min(max(_COLUMN * unit, (canvas[0] - 40 * unit) / len(columns)), 1.5 * _COLUMN * unit)
    x = (canvas[0] - width * len(columns)) / 2 + 10 * unit
    ink.text(x, 36 * unit, sheet.title, fonts.headline, theme.TEXT)
    for column in columns:
        y = 90 * unit
        for heading, lines in column:
            ink.text(x, y, heading, fonts.strong, theme.ACCENT)
            y += 25 * unit
            for keys, action in lines:
                ink.text(x, y, keys, fonts.figures, theme.TEXT)
                indent = max(104 * unit, atlas.width(fonts.figures, keys) + 14 * unit)
                action = ink.fitted(action, fonts.body, width - indent - 14 * unit)
                ink.text(x + indent, y, action, fonts.body, theme.DIM)
                y += 23 * unit
            y += 14 * unit
        x += width


def _columns(sheet: Sheet, height: float, unit: float) -> list[list[tuple[str, tuple[tuple[str, str], ...]]]]:
    """The groups in reading order, a new column where the next one does not fit."""
    columns: list[list[tuple[str, tuple[tuple[str, str], ...]]]] = [[]]
    used = 0.0
    for group in sheet.groups:
        needed = (39 + 23 * len(group[1])) * unit
        if columns[-1] and used + needed > height:
            columns.append([])
            used = 0.0
        columns[-1].append(group)
        used += needed
    return columns


def _fitting_unit(canvas: Size, sheet: Sheet, unit: float) -> float:
    """The unit, made smaller in steps until all columns fit the canvas."""
    while unit > 0.5 and len(_columns(sheet, canvas[1] - 110 * unit, unit)) * _COLUMN * unit > canvas[0]:
        unit -= 0.0625
    return unit
