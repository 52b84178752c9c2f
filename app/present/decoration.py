"""What is drawn over the panes: measurements, the list of keys, messages, and the mark of a recording."""

from __future__ import annotations

from dataclasses import dataclass

from app.conventions import Size
from app.present import theme
from app.present.ink import Ink
from app.present.layout import Rect
from app.present.overlay import OverlayContent, draw_overlay, draw_strip, strip_height
from app.present.sheet import Sheet, draw_sheet
from app.present.text import GlyphAtlas


@dataclass(frozen=True, slots=True, eq=False)
class Decoration:
    """`selected` marks a pane, `message` stands in the middle, `toast` at the foot, and `recording` in the upper right
    corner, beside a red dot."""

    labels: bool = True
    selected: int | None = None
    overlay: OverlayContent | None = None
    sheet: Sheet | None = None
    message: str = ""
    toast: str = ""
    recording: str = ""


def draw_decoration(
    ink: Ink,
    atlas: GlyphAtlas,
    canvas: Size,
    decoration: Decoration,
    unit: float,
    panel: Rect | None,
    labelled_right: bool,
) -> None:
    """Everything but the panes' labels and selection. The measurements go to `panel`, or in a strip to the foot;
    `labelled_right`: a label is in the corner that the recording's mark would take."""
    if decoration.overlay is not None and panel is not None:
        draw_overlay(ink, panel, decoration.overlay, unit)
    elif decoration.overlay is not None:
        height = strip_height(decoration.overlay, unit)
        draw_strip(ink, Rect(0, canvas[1] - height, canvas[0], height), decoration.overlay, unit)
    if decoration.sheet is not None:
        draw_sheet(ink, atlas, canvas, decoration.sheet, unit)
    fonts = theme.Fonts(unit)
    if decoration.message:
        middle = canvas[0] / 2, canvas[1] / 2 - 18 * unit
        ink.text(*middle, decoration.message, fonts.headline, theme.TEXT, 0.5)
    if decoration.toast:
        text = ink.fitted(decoration.toast, fonts.body, canvas[0] - 80 * unit)
        width = atlas.width(fonts.body, text) + 32 * unit
        box = Rect((canvas[0] - width) / 2, canvas[1] - 62 * unit, width, 36 * unit)
        ink.rectangle(box, theme.PANEL)
        ink.text(canvas[0] / 2, box.y + 9 * unit, text, fonts.body, theme.TEXT, 0.5)
    if decoration.recording:
        _draw_recording_mark(ink, atlas, canvas, decoration.recording, 84 * unit if labelled_right else 0.0, unit)


def _draw_recording_mark(ink: Ink, atlas: GlyphAtlas, canvas: Size, text: str, below: float, unit: float) -> None:
    dot, fonts = theme.dot_font(unit), theme.Fonts(unit)
    dot_width, width = atlas.width(dot, "•"), atlas.width(fonts.strong, text)
    box_width = dot_width + width + 34 * unit
    box = Rect(round(canvas[0] - box_width - 8 * unit), 8 * unit + below, box_width, 30 * unit)
    ink.rectangle(box, theme.PANEL)
    ink.text(box.x + 12 * unit, box.y - 9 * unit, "•", dot, theme.RECORDING)
    ink.text(box.x + dot_width + 20 * unit, box.y + 6 * unit, text, fonts.strong, theme.TEXT)
