"""Quality against milliseconds of all methods on one plot, and the learning curves of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from app.commands.report_picture import Pen, rgb8
from app.present import theme
from models.evaluate.plots import Axes, spread_labels
from models.evaluate.report import timing_line
from models.evaluate.results import Evaluation
from models.evaluate.sheet import label, method_colour
from models.evaluate.table import Row

_RATIO = 2.0
_WIDTH, _MARGIN = 1600, 64
_LABELS = 1340  # left edge of the column of names
_RUN_COLOURS = [theme.rgb(code) for code in (0x4FE0A0, 0x7FD1FF, 0xFFB347, 0xE08BC4, 0xC9CED6, 0xD4E157)]
_FURTHER_NETWORKS = [theme.rgb(code) for code in (0xC9CED6, 0x2E9E8F, 0xB5E48C)]
_TITLES = {"psnr": "PSNR of training crops, dB", "l1": "L1", "temporal": "temporal loss", "decibels": "error, dB"}
_NO_CURVE = ("iteration", "seconds", "rate", "loader")


def quality_chart(evaluation: Evaluation) -> np.ndarray | None:
    """(height, width, 3) uint8; None where no method has both a PSNR at 2x and a time."""
    rows, what = _compared(evaluation.rows)
    points = {
        name: (milliseconds, float(np.mean([row.scores.psnr for row in rows if row.method == name])))
        for name, milliseconds in evaluation.milliseconds.items()
        if any(row.method == name for row in rows)
    }
    if not points:
        return None
    pen = Pen(_WIDTH, 900)
    pen.text(_MARGIN, 64, "Quality against time", 40, theme.TEXT, "Inter-SemiBold")
    pen.text(
        _MARGIN, 112, f"mean PSNR of {what} at {_RATIO:g}×; median time of a frame without drawing it", 21, theme.DIM
    )
    costs, decibels = zip(*points.values())
    span = max(max(decibels) - min(decibels), 0.5)
    axes = Axes(
        _MARGIN + 70, 190, _WIDTH - 2 * _MARGIN - 300, 560,
        (min(costs) / 1.6, max(costs) * 1.6), (min(decibels) - 0.12 * span, max(decibels) + 0.12 * span), True,
    )  # fmt: skip
    axes.draw(pen, "milliseconds a frame", "PSNR, dB")
    axes.line(pen, _frontier(list(points.values())), theme.FAINT, 2)
    kinds = {row.method: row.kind for row in rows}
    rings = {name for name, kind in kinds.items() if kind.endswith("checkpoint")}
    _dots(pen, axes, points, rings, _colours(points, kinds))
    notes = "full dots: the app's shaders and OpenVINO; rings: through torch on the CPU. " * bool(rings)
    pen.text(_MARGIN, 838, notes + "The line joins what nothing else beats in both.", 17, theme.DIM)
    pen.text(_MARGIN, 868, pen.fitted(timing_line(evaluation), 17, _WIDTH - 2 * _MARGIN), 17, theme.FAINT)
    return pen.pixels()


def _compared(rows: Sequence[Row]) -> tuple[list[Row], str]:
    """Rendered clips where there are any, else recordings."""
    chosen = [row for row in rows if row.sequence.ratio == _RATIO and not row.sequence.recorded]
    chosen = chosen or [row for row in rows if row.sequence.ratio == _RATIO]
    count = len({row.sequence for row in chosen})
    groups = "; ".join(dict.fromkeys(row.sequence.group for row in chosen))
    return chosen, f"{count} held-out clip{'s' * (count != 1)} ({groups})"


def _frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """As stairs: the best quality that can be had for each time."""
    stairs: list[tuple[float, float]] = []
    for cost, quality in sorted(points):
        if not stairs or quality > stairs[-1][1]:
            stairs += [(cost, stairs[-1][1])] if stairs else []
            stairs.append((cost, quality))
    return stairs


def _colours(names: Iterable[str], kinds: Mapping[str, str]) -> dict[str, theme.Colour]:
    """The viewer's, where all temporal networks share one; those after the first get colours of their own."""
    networks = [name for name in names if kinds[name] in ("network", "checkpoint")]
    further = {name: _FURTHER_NETWORKS[i % len(_FURTHER_NETWORKS)] for i, name in enumerate(networks[1:])}
    return {name: further.get(name) or method_colour(name) for name in names}


def _dots(
    pen: Pen,
    axes: Axes,
    points: Mapping[str, tuple[float, float]],
    rings: set[str],
    colours: Mapping[str, theme.Colour],
) -> None:
    names = list(points)
    places = [axes.place(*points[name]) for name in names]
    for name, (x, y), at in zip(names, places, spread_labels([y for _, y in places], 46.0)):
        colour = rgb8(colours[name])
        box = (x - 11, y - 11, x + 11, y + 11)
        pen.draw.ellipse(box, fill=rgb8(theme.BACKGROUND) if name in rings else colour, outline=colour, width=4)
        # Labels stand in a column of their own: beside the dots they would lie on the line and on one another.
        key = (_LABELS - 26, at - 32, _LABELS - 12, at - 18)
        pen.draw.ellipse(key, fill=rgb8(theme.BACKGROUND) if name in rings else colour, outline=colour, width=3)
        pen.text(_LABELS, at - 34, label(name), 20, theme.TEXT, "Inter-SemiBold")
        cost, decibels = points[name]
        pen.text(_LABELS, at - 13, f"{decibels:.2f} dB  {cost:.1f} ms", 15, theme.DIM, "JetBrainsMono-Regular")


def learning_curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> np.ndarray | None:
    """(height, width, 3) uint8: a panel for every loss and score that the runs wrote down, a line for every run, by
    name. None where nothing was written down twice."""
    keys = dict.fromkeys(key for h in histories.values() for r in h for key in r if key not in _NO_CURVE)
    curves = {
        key: {
            run: [(r["iteration"], r[key]) for r in h if key in r and np.isfinite(r[key])]
            for run, h in histories.items()
        }
        for key in keys
    }
    curves = {key: {run: c for run, c in lines.items() if len(c) > 1} for key, lines in curves.items()}
    curves = {key: lines for key, lines in curves.items() if lines}
    if not curves:
        return None
    columns = 2 if len(curves) > 1 else 1
    width, height = (_WIDTH - 2 * _MARGIN) / columns, 420
    pen = Pen(_WIDTH, 190 + height * -(-len(curves) // columns))
    pen.text(_MARGIN, 64, "Learning curves", 40, theme.TEXT, "Inter-SemiBold")
    colours = {run: _RUN_COLOURS[i % len(_RUN_COLOURS)] for i, run in enumerate(histories)}
    x = float(_MARGIN)
    for run, colour in colours.items():
        pen.bar(x, 104, 26, 6, colour)
        x += 36 + pen.text(x + 36, 107, run, 19, theme.DIM) + 34
    for index, (key, lines) in enumerate(curves.items()):
        left, top = _MARGIN + 60 + index % columns * width, 190 + index // columns * height
        _curve_panel(pen, (left, top, width - 90, height - 120), key, lines, colours)
    return pen.pixels()


def _curve_panel(
    pen: Pen,
    place: tuple[float, float, float, float],
    key: str,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    colours: Mapping[str, theme.Colour],
) -> None:
    values = [value for line in lines.values() for _, value in line]
    last = max(iteration for line in lines.values() for iteration, _ in line)
    margin = max(0.06 * (max(values) - min(values)), 1e-6 * max(1.0, abs(max(values))))
    axes = Axes(*place, (0.0, last), (min(values) - margin, max(values) + margin))
    axes.draw(pen, "iteration", _TITLES.get(key, key.replace("_", " ")))
    for run, line in lines.items():
        axes.line(pen, line, colours[run], 2)
