"""A pane's content, and the chip in its corner that says which method drew it and how."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl

from app.present import theme
from app.present.ink import Ink
from app.present.layout import Rect
from app.present.text import GlyphAtlas


@dataclass(frozen=True, slots=True, eq=False)
class PaneContent:
    """One pane's frame. `texture` is linear, before exposure, row 0 on top; None where there is no picture yet."""

    method: str
    title: str
    detail: str = ""
    warning: str = ""
    texture: moderngl.Texture | None = None


def draw_label(
    ink: Ink, atlas: GlyphAtlas, pane: PaneContent, area: Rect, unit: float, right: bool = False, zoom: str = ""
) -> None:
    """In the upper left corner of `area` (`right`: the upper right one), as far as there is room. `zoom` is said
    beside the detail."""
    fonts = theme.Fonts(unit)
    detail = "  ·  ".join(part for part in (pane.detail, zoom) if part)
    lines = [(pane.title, fonts.title, theme.TEXT), (detail, fonts.body, theme.DIM)]
    lines += [(pane.warning, fonts.body, theme.WARNING)] if pane.warning else []
    room = area.width - 44 * unit
    lines = [(ink.fitted(text, font, room), font, colour) for text, font, colour in lines]
    lines = [line for line in lines if line[0]]
    if not lines:
        return
    width = max(atlas.width(font, text) for text, font, _ in lines) + 24 * unit
    height = (29 + 20 * (len(lines) - 1) + 8) * unit
    margin = 8 * unit
    x = area.right - width - margin if right else area.x + margin
    y = area.y + margin
    ink.rectangle(Rect(x, y, width, height), theme.CHIP)
    ink.rectangle(Rect(x, y, 4 * unit, height), theme.method_colour(pane.method))
    y += 6 * unit
    for position, (text, font, colour) in enumerate(lines):
        ink.text(x + 13 * unit, y, text, font, colour)
        y += (26 if position == 0 else 20) * unit
