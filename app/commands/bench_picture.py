"""bench.png: what each method's stages cost over display sizes and ratios, and how fast whole frames come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.commands.report_picture import Pen
from app.measure.stages import STAGES
from app.present import theme
from app.upscale.registry import METHODS

_WIDTH, _MARGIN, _ROW, _BLOCK_HEAD = 1600, 64, 30, 58


def bench_picture(result: Mapping[str, Any]) -> np.ndarray:
    """(height, width, 3) uint8 of bench.json's document."""
    blocks = _blocks(result["stages"])
    columns = 3 if len(blocks) > 2 else max(len(blocks), 1)
    rows = -(-len(blocks) // columns)
    block_height = _BLOCK_HEAD + _ROW * max((len(block) for block in blocks.values()), default=0) + 24
    below = 70 + 40 * max(len(result["rates"]), len(result["startup"]))
    pen = Pen(_WIDTH, 230 + rows * block_height + below + 40)
    machine = result["machine"]
    pen.text(_MARGIN, 72, "This machine", 46, theme.TEXT, "Inter-SemiBold")
    line = f"{machine['processor']}, {machine['cores']} cores  ·  {machine['renderer']}  ·  scene {_scene(result)}"
    if machine["software_renderer"]:
        line += "  ·  times come from software rendering"
    if result["busy"]:
        line += f"  ·  {result['busy']}"
    pen.text(_MARGIN, 124, pen.fitted(line, 22, _WIDTH - 2 * _MARGIN), 22, theme.DIM)
    _legend(pen, 176)
    width = (_WIDTH - 2 * _MARGIN + 40) // columns
    for index, (title, block) in enumerate(blocks.items()):
        longest = _longest(result["stages"], block[0]["size"])
        x, y = _MARGIN + index % columns * width, 210 + index // columns * block_height
        _block(pen, x, y, width - 40, title, block, longest)
    y = 220 + rows * block_height
    _rates(pen, _MARGIN, y, result["rates"])
    _startup(pen, _WIDTH // 2 + 20, y, result["startup"])
    return pen.pixels()


def _scene(result: Mapping[str, Any]) -> str:
    return str(result["settings"]["scene"])


def _blocks(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of one display size and ratio together."""
    blocks: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        title = f"{row['size'][0]}×{row['size'][1]} at {row['ratio']:g}×"
        blocks.setdefault(title, []).append(row)
    return blocks


def _longest(rows: Sequence[Mapping[str, Any]], size: Sequence[int]) -> float:
    """The largest total of one display size, in ms."""
    return max([row["stage_ms"].get("total", 0.0) for row in rows if row["size"] == size] + [1e-6])


def _legend(pen: Pen, y: float) -> None:
    x = float(_MARGIN)
    for stage in STAGES:
        pen.bar(x, y - 8, 16, 16, theme.STAGE_COLOURS[stage])
        x += 26 + pen.text(x + 24, y, stage, 18, theme.DIM) + 24
    pen.text(x, y, "median of a frame, ms; bars of one display size are to one scale", 18, theme.FAINT)


def _block(
    pen: Pen, x: float, y: float, width: float, title: str, rows: Sequence[Mapping[str, Any]], longest: float
) -> None:
    pen.text(x, y + 30, title, 22, theme.TEXT, "Inter-SemiBold")
    left, full = x + 96, width - 96 - 64
    for index, row in enumerate(rows):
        middle = y + _BLOCK_HEAD + index * _ROW + _ROW / 2
        pen.text(x, middle, METHODS[row["method"]].label, 18, theme.method_colour(row["method"]))
        at = left
        for stage in STAGES:
            length = row["stage_ms"].get(stage, 0.0) / longest * full
            pen.bar(at, middle - 9, max(length - 1, 0), 18, theme.STAGE_COLOURS[stage])
            at += length
        total = row["stage_ms"].get("total")
        shown = "–" if total is None else f"{total:.1f}"
        pen.text(at + 8, middle, shown, 17, theme.TEXT, "JetBrainsMono-Regular")


def _rates(pen: Pen, x: float, y: float, rates: Sequence[Mapping[str, Any]]) -> None:
    pen.text(x, y + 24, "Whole frames, frames/s", 22, theme.TEXT, "Inter-SemiBold")
    for index, row in enumerate(rates):
        middle = y + 70 + index * 40
        pen.text(x, middle, row["name"], 19, theme.DIM)
        target = row["target"]
        good = target is None or row["frames_per_second"] >= target
        colour = theme.TEXT if good else theme.WARNING
        pen.text(x + 480, middle, f"{row['frames_per_second']:.1f}", 20, colour, "JetBrainsMono-SemiBold", "rm")
        if target is not None:
            pen.text(x + 500, middle, f"wanted: {target:g}", 17, theme.FAINT)


def _startup(pen: Pen, x: float, y: float, startup: Mapping[str, Mapping[str, Any]]) -> None:
    pen.text(x, y + 24, "Start-up and latency, ms", 22, theme.TEXT, "Inter-SemiBold")
    for index, (name, found) in enumerate(startup.items()):
        middle = y + 70 + index * 40
        pen.text(x, middle, name, 19, theme.DIM)
        value, target = found["ms"], found["target_ms"]
        good = value is not None and (target is None or value <= target)
        shown = "not measured" if value is None else f"{value:.0f}"
        colour = theme.TEXT if good else theme.WARNING
        pen.text(x + 480, middle, shown, 20, colour, "JetBrainsMono-SemiBold", "rm")
        if target is not None:
            pen.text(x + 500, middle, f"wanted: {target:g}", 17, theme.FAINT)
