"""Axes, ticks and lines with Pillow, in the colours of the viewer: enough for a chart and for learning curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.commands.report_picture import Pen, rgb8
from app.present import theme

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axes:
    """A frame in a picture, in pixels, and the values at its edges. `logarithmic` is about x."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    logarithmic: bool = False

    def place(self, x: float, y: float) -> tuple[float, float]:
        low, high = self.x
        if self.logarithmic:
            x, low, high = math.log(x), math.log(low), math.log(high)
        across = (x - low) / (high - low)
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * self.width, self.top + (1.0 - up) * self.height

    def draw(self, pen: Pen, x_label: str, y_label: str) -> None:
        """Grid, figures at the ticks, and what the axes show."""
        rule = rgb8(theme.RULE)
        for value in ticks(*self.y):
            _, y = self.place(self.x[0], value)
            pen.draw.line((self.left, y, self.left + self.width, y), fill=rule)
            pen.text(self.left - 12, y, f"{value:g}", 16, theme.DIM, "JetBrainsMono-Regular", "rm")
        for value in log_ticks(*self.x) if self.logarithmic else ticks(*self.x):
            x, _ = self.place(value, self.y[0])
            pen.draw.line((x, self.top, x, self.top + self.height), fill=rule)
            pen.text(x, self.top + self.height + 20, f"{value:g}", 16, theme.DIM, "JetBrainsMono-Regular", "mm")
        pen.text(self.left + self.width, self.top + self.height + 48, x_label, 17, theme.DIM, anchor="rm")
        pen.text(self.left, self.top - 20, y_label, 17, theme.DIM)

    def line(self, pen: Pen, points: Points, colour: theme.Colour, width: int = 3) -> None:
        placed = [self.place(*point) for point in points]
        if len(placed) > 1:
            pen.draw.line(placed, fill=rgb8(colour), width=width, joint="curve")


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) from low to high."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in (1, 2, 5, 10) if power * part >= rough * 0.999)
    return [round(step * i, 10) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [value for p in powers for part in (1, 2, 5) if low <= (value := part * 10.0**p) <= high]


def spread_labels(wanted: Sequence[float], apart: float) -> list[float]:
    """Positions near the wanted ones, in the same order, none nearer than `apart` to the next."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [wanted[i] for i in order]
    for _ in range(200):  # pushes neighbours apart by halves until nothing touches
        moved = False
        for i in range(len(placed) - 1):
            overlap = apart - (placed[i + 1] - placed[i])
            if overlap > 1e-3:
                placed[i] -= overlap / 2
                placed[i + 1] += overlap / 2
                moved = True
        if not moved:
            break
    return [placed[order.index(i)] for i in range(len(wanted))]
