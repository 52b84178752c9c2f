"""Colours and sizes of everything drawn over the picture. Dark and quiet: the pictures are the show."""

from __future__ import annotations

from app.conventions import Size
from app.present.ink import Colour
from app.present.text import Font


def rgb(code: int, opacity: float = 1.0) -> Colour:
    return (code >> 16) / 255.0, (code >> 8 & 255) / 255.0, (code & 255) / 255.0, opacity


BACKGROUND = rgb(0x0C0D10)
EMPTY_PANE = rgb(0x14161A)
PANEL = rgb(0x0E1014, 0.86)
CHIP = rgb(0x0B0C0F, 0.72)
RULE = rgb(0xFFFFFF, 0.10)
TEXT = rgb(0xF1F3F5)
DIM = rgb(0xA7AEB8)
FAINT = rgb(0x737A85)
WARNING = rgb(0xFFC15E)
ACCENT = rgb(0x7FD1FF)
RECORDING = rgb(0xFF3B30)
DIVIDER = rgb(0xFFFFFF, 0.92)

METHOD_COLOURS: dict[str, Colour] = {
    "native": rgb(0xC9CED6),
    "reference": rgb(0xFFFFFF),
    "nearest": rgb(0xB58863),
    "bilinear": rgb(0x64B5F6),
    "lanczos": rgb(0xE08BC4),
    "srcnn": rgb(0xF2786D),
    "espcn": rgb(0xE6DB5A),
    "edsr": rgb(0xA78BFA),
    "taau": rgb(0xFFB347),
    "neural": rgb(0x4FE0A0),
}
STAGE_COLOURS: dict[str, Colour] = {
    "render": rgb(0x5D86C5),
    "exchange": rgb(0x9A7BD0),
    "pre": rgb(0x39A9A4),
    "network": rgb(0x4FE0A0),
    "post": rgb(0xE0A94A),
    "present": rgb(0x808894),
}


def method_colour(method: str) -> Colour:
    return METHOD_COLOURS.get(method, DIM)


def unit(canvas: Size, pixel_ratio: float = 1.0) -> float:
    """Canvas pixels per design pixel: the design is drawn for 1280x720, grows with the canvas so that it reads from
    the back of a room, and never falls below the display's own scale. In steps of 1/8, so that fonts are reused."""
    grown = min(canvas[0] / 1280.0, canvas[1] / 720.0)
    return round(max(grown, 0.85 * pixel_ratio, 0.6) * 8.0) / 8.0


class Fonts:
    """The type sizes at one unit."""

    def __init__(self, scale: float) -> None:
        def pixels(size: float) -> int:
            return max(9, round(size * scale))

        self.title = Font("strong", pixels(19))
        self.body = Font("text", pixels(14))
        self.strong = Font("strong", pixels(14))
        self.small = Font("text", pixels(12.5))
        self.figures = Font("mono", pixels(13.5))
        self.headline = Font("strong", pixels(26))


def dot_font(scale: float) -> Font:
    """Its bullet is the red dot of a recording."""
    return Font("strong", max(12, round(36 * scale)))
