"""Scores of many sequences as one table per ratio, and as JSON."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass

import numpy as np

from models.evaluate.tally import Scores

FIGURES = ("psnr", "ssim", "flip", "tpsnr", "flicker")


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one sequence. `group` is what tables are split by: "random scenes", "garden", "courtyard"."""

    method: str
    group: str
    sequence: str
    ratio: float
    scores: Scores


def means(rows: list[Row]) -> dict[tuple[float, str, str], dict[str, float]]:
    """(ratio, group, method) -> mean of each figure over the group's sequences, and their number."""
    collected: dict[tuple[float, str, str], list[Scores]] = defaultdict(list)
    for row in rows:
        collected[row.ratio, row.group, row.method].append(row.scores)
    return {
        key: {f: float(np.mean([getattr(s, f) for s in scores])) for f in FIGURES} | {"sequences": float(len(scores))}
        for key, scores in collected.items()
    }


def as_json(rows: list[Row]) -> dict[str, object]:
    tables = [
        {"ratio": ratio, "group": group, "method": method, **figures}
        for (ratio, group, method), figures in means(rows).items()
    ]
    return {"schema": 1, "means": tables, "rows": [asdict(row) for row in rows]}


def as_text(tables: list[dict]) -> str:
    """Markdown: one table per ratio and group from the `means` of `as_json`."""
    lines: list[str] = []
    for ratio, group in sorted({(t["ratio"], t["group"]) for t in tables}):
        chosen = [t for t in tables if (t["ratio"], t["group"]) == (ratio, group)]
        count = int(chosen[0]["sequences"])
        lines += [f"| {group}, {ratio:g}x ({count} clip{'s' * (count != 1)}) | PSNR | SSIM | FLIP | flicker |"]
        lines += ["|---|---|---|---|---|"]
        lines += [
            f"| {t['method']} | {t['psnr']:.2f} | {t['ssim']:.3f} | {t['flip']:.3f} | {t['flicker']:.1f} |"
            for t in chosen
        ]
        lines.append("")
    return "\n".join(lines)
