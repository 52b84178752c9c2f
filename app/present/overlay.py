"""The measurements over the picture: frame-time graph, percentiles, the split by stage, fallbacks in force."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.measure.frame_times import FrameSummary
from app.measure.stages import STAGES
from app.present import theme
from app.present.ink import Colour, Ink
from app.present.layout import Rect

GRAPH_SCALES = (20.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2000.0)
"""Full heights of the graph in milliseconds; one is chosen by hand or once, never by the latest frame."""
_COLUMNS = (("p50", 60), ("p95", 60), ("p99", 60), ("1 % low fps", 88))


@dataclass(frozen=True, slots=True, eq=False)
class MethodTimes:
    """One method's cost of a frame: its stages and their sum over the window, `series` in ms, oldest first."""

    method: str
    label: str
    summary: FrameSummary
    series: np.ndarray


@dataclass(frozen=True, slots=True)
class OverlayContent:
    """`frames`: the whole comparison, from one shown frame to the next. `window`: frames that figures rest on."""

    frames: FrameSummary
    methods: tuple[MethodTimes, ...]
    window: int
    graph_ms: float
    facts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def graph_scale(milliseconds: float) -> float:
    """The smallest fixed scale that holds `milliseconds` with room above."""
    if not math.isfinite(milliseconds):
        return 100.0
    return next((scale for scale in GRAPH_SCALES if scale >= 1.4 * milliseconds), GRAPH_SCALES[-1])


def strip_height(content: OverlayContent, unit: float) -> float:
    """Canvas pixels of the strip along the foot of the canvas."""
    return (22 + max(26 * len(content.methods) + 46, 164)) * unit


def draw_strip(ink: Ink, rect: Rect, content: OverlayContent, unit: float) -> None:
    """The same figures in a wide strip: graph and facts on the left, a line for each method on the right."""
    fonts = theme.Fonts(unit)
    ink.rectangle(rect, theme.PANEL)
    inner = Rect(rect.x + 14 * unit, rect.y + 10 * unit, rect.width - 28 * unit, rect.height - 20 * unit)
    left = Rect(inner.x, inner.y, 0.42 * inner.width, inner.height)
    right = Rect(left.right + 28 * unit, inner.y, inner.width - left.width - 28 * unit, inner.height)
    y = _headline(ink, left, content, fonts, unit)
    lines = min(len(_notes(content)), 3)
    graph = Rect(left.x, y, left.width, max(left.bottom - y - (18 * lines + 6) * unit, 30 * unit))
    y = _graph(ink, graph, content, fonts, unit) + 6 * unit
    _note_lines(ink, left, y, content, fonts, unit, most_each=1)
    ends = _column_ends(right, unit)
    y = _column_heads(ink, right, right.y, fonts, unit)
    bar = Rect(right.x + 92 * unit, 0, ends[0] - 58 * unit - (right.x + 92 * unit), 15 * unit)
    longest = max([_total(times) for times in content.methods] + [1e-6])
    for times in content.methods:
        _method_line(ink, right, y, times, 80 * unit, fonts, unit)
        _stage_bar(ink, Rect(bar.x, y + 2 * unit, bar.width, bar.height), times, longest, fonts, unit)
        y += 26 * unit
    _legend(ink, right, y + 4 * unit, fonts, unit)


def overlay_size(content: OverlayContent, unit: float) -> tuple[float, float]:
    """Width and height in canvas pixels that the panel wants."""
    lines = len(content.facts) + len(content.warnings)
    return 600 * unit, (54 + 86 + 26 + 37 * len(content.methods) + 30 + 19 * lines + 14) * unit


def draw_overlay(ink: Ink, rect: Rect, content: OverlayContent, unit: float) -> None:
    fonts = theme.Fonts(unit)
    ink.rectangle(rect, theme.PANEL)
    inner = Rect(rect.x + 14 * unit, rect.y + 10 * unit, rect.width - 28 * unit, rect.height - 20 * unit)
    y = _headline(ink, inner, content, fonts, unit)
    y = _graph(ink, Rect(inner.x, y, inner.width, 78 * unit), content, fonts, unit)
    y = _table(ink, inner, y + 8 * unit, content, fonts, unit)
    y = _legend(ink, inner, y + 2 * unit, fonts, unit)
    _note_lines(ink, Rect(inner.x, inner.y, inner.width, rect.bottom - inner.y), y, content, fonts, unit, most_each=2)


def _notes(content: OverlayContent) -> list[tuple[str, Colour]]:
    return [(t, theme.WARNING) for t in content.warnings] + [(t, theme.DIM) for t in content.facts]


def _note_lines(
    ink: Ink, room: Rect, y: float, content: OverlayContent, fonts: theme.Fonts, unit: float, most_each: int
) -> None:
    for text, colour in _notes(content):
        for line in ink.wrapped(text, fonts.small, room.width, most_each):
            if y + 17 * unit > room.bottom:
                return
            ink.text(room.x, y, line, fonts.small, colour)
            y += 18 * unit


def _milliseconds(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _headline(ink: Ink, inner: Rect, content: OverlayContent, fonts: theme.Fonts, unit: float) -> float:
    frames = content.frames
    ink.text(inner.x, inner.y, "Frame time", fonts.strong, theme.TEXT)
    rate = 1000.0 / frames.p50 if frames.count and frames.p50 > 0 else math.nan
    shown = f"{rate:.1f} frames/s" if math.isfinite(rate) else "measuring"
    taken = 96 * unit + ink.text(inner.right, inner.y, shown, fonts.strong, theme.TEXT, 1.0) + 12 * unit
    count = f"{frames.count} of {content.window} frames"
    room = inner.width - taken
    about = next((text for text in (f"all panes, {count}", count) if ink.fitted(text, fonts.small, room) == text), "")
    ink.text(inner.x + 96 * unit, inner.y + 1.5 * unit, about, fonts.small, theme.FAINT)
    p50, p95, p99 = (_milliseconds(value) for value in (frames.p50, frames.p95, frames.p99))
    low = f"{frames.low_fps:.1f}" if math.isfinite(frames.low_fps) else "–"
    figures = f"p50 {p50}   p95 {p95}   p99 {p99} ms   1 % low {low} fps"
    ink.text(inner.x, inner.y + 21 * unit, ink.fitted(figures, fonts.figures, inner.width), fonts.figures, theme.DIM)
    return inner.y + 46 * unit


def _graph(ink: Ink, box: Rect, content: OverlayContent, fonts: theme.Fonts, unit: float) -> float:
    ink.rectangle(box, theme.rgb(0xFFFFFF, 0.04))
    for part in (0.0, 0.5, 1.0):
        y = box.bottom - part * (box.height - 1)
        ink.rectangle(Rect(box.x, round(y - 1), box.width, max(1.0, round(unit * 0.75))), theme.RULE)
        if part:
            ink.text(box.x + 4 * unit, y + 1 * unit, f"{content.graph_ms * part:g} ms", fonts.small, theme.FAINT)
    step = box.width / content.window
    for times in content.methods:
        _line(ink, box, times.series, step, content.graph_ms, theme.method_colour(times.method), unit)
    return box.bottom


def _line(
    ink: Ink, box: Rect, series: np.ndarray, step: float, full: float, colour: Colour, unit: float
) -> None:
    """A step line, newest at the right; what is over the scale sticks to the top edge."""
    thick = max(1.5, 2.0 * unit)
    series = series[-int(box.width / step) :]
    heights = np.clip(series / full, 0.0, 1.0) * (box.height - thick)
    left = box.right - step * len(series)
    tops = box.bottom - thick - heights
    before = np.concatenate([tops[:1], tops[:-1]])
    xs = left + step * np.arange(len(series))
    # Each step reaches up or down to where the last one was.
    boxes = np.stack([xs, np.minimum(tops, before), xs + max(step, 1.0), np.maximum(tops, before) + thick], axis=1)
    ink.rectangles(boxes, (*colour[:3], 0.9))


def _table(ink: Ink, inner: Rect, y: float, content: OverlayContent, fonts: theme.Fonts, unit: float) -> float:
    y = _column_heads(ink, inner, y, fonts, unit)
    longest = max([_total(times) for times in content.methods] + [1e-6])
    for times in content.methods:
        _method_line(ink, inner, y, times, _column_ends(inner, unit)[0] - 72 * unit - inner.x, fonts, unit)
        bar = Rect(inner.x + 11 * unit, y + 19 * unit, inner.width - 11 * unit, 13 * unit)
        _stage_bar(ink, bar, times, longest, fonts, unit)
        y += 37 * unit
    return y


def _column_heads(ink: Ink, room: Rect, y: float, fonts: theme.Fonts, unit: float) -> float:
    for (name, _), right in zip(_COLUMNS, _column_ends(room, unit)):
        ink.text(right, y, name, fonts.small, theme.FAINT, 1.0)
    ink.text(room.x, y, "cost of a frame, ms", fonts.small, theme.FAINT)
    return y + 19 * unit


def _method_line(
    ink: Ink, room: Rect, y: float, times: MethodTimes, label_width: float, fonts: theme.Fonts, unit: float
) -> None:
    """Colour, name and figures of a method."""
    ink.rectangle(Rect(room.x, y + 2 * unit, 4 * unit, 14 * unit), theme.method_colour(times.method))
    ink.text(room.x + 11 * unit, y, ink.fitted(times.label, fonts.strong, label_width), fonts.strong, theme.TEXT)
    s = times.summary
    low = f"{s.low_fps:.1f}" if math.isfinite(s.low_fps) else "–"
    for value, right in zip((*map(_milliseconds, (s.p50, s.p95, s.p99)), low), _column_ends(room, unit)):
        ink.text(right, y, value, fonts.figures, theme.TEXT, 1.0)


def _column_ends(inner: Rect, unit: float) -> list[float]:
    ends, right = [], inner.right
    for _, width in reversed(_COLUMNS):
        ends.append(right)
        right -= width * unit
    return ends[::-1]


def _total(times: MethodTimes) -> float:
    return sum(times.summary.stages.values())


def _stage_bar(ink: Ink, box: Rect, times: MethodTimes, longest: float, fonts: theme.Fonts, unit: float) -> None:
    """The median of each stage, side by side, all methods to one scale; figures where they fit."""
    x = box.x
    for stage in STAGES:
        value = times.summary.stages.get(stage, 0.0)
        width = value / longest * box.width
        if width < 0.5:
            continue
        ink.rectangle(Rect(x, box.y, max(width - 1.0, 1.0), box.height), theme.STAGE_COLOURS[stage])
        figure = _milliseconds(value)
        if width > (len(figure) * 8.2 + 6) * unit:
            ink.text(x + 0.5 * width, box.y - 1.5 * unit, figure, fonts.small, theme.rgb(0x0B0C0F), 0.5)
        x += width


def _legend(ink: Ink, inner: Rect, y: float, fonts: theme.Fonts, unit: float) -> float:
    x = inner.x
    for stage in STAGES:
        ink.rectangle(Rect(x, y + 3 * unit, 10 * unit, 10 * unit), theme.STAGE_COLOURS[stage])
        x += 15 * unit
        x += ink.text(x, y, stage, fonts.small, theme.DIM) + 18 * unit
    return y + 24 * unit
