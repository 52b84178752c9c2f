"""Scores of many sequences as tables for people (Markdown) and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.measure.quality import QUALITY
from models.evaluate.sequences import SequenceName
from models.evaluate.tally import Scores, mean_scores
from models.evaluate.verdict import verdict

YARDSTICKS = ("taau", "bilinear")
"""What every other method's rows are compared with."""
_HEADINGS = [figure.heading for figure in QUALITY.values()]


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one sequence. `kind` as in models.evaluate.contestants."""

    method: str
    kind: str
    sequence: SequenceName
    scores: Scores

    def as_dict(self) -> dict[str, Any]:
        return {"method": self.method, "kind": self.kind, **asdict(self.sequence), "scores": asdict(self.scores)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Row:
        """Raises KeyError or TypeError for what `as_dict` has not made."""
        sequence = SequenceName(**{name: data[name] for name in SequenceName.__slots__})  # type: ignore[attr-defined]
        return Row(data["method"], data["kind"], sequence, Scores(**data["scores"]))


def means(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The mean of each figure for every (ratio, group, method), in that order, and the number of sequences."""
    collected: dict[tuple[float, str, str], list[Scores]] = {}
    for row in sorted(rows, key=_place):
        collected.setdefault((row.sequence.ratio, row.sequence.group, row.method), []).append(row.scores)
    return [
        {"ratio": ratio, "group": group, "method": method, **_figures(mean_scores(scores)), "sequences": len(scores)}
        for (ratio, group, method), scores in collected.items()
    ]


def means_text(tables: Sequence[Mapping[str, Any]]) -> str:
    """One table per ratio and group."""
    lines: list[str] = []
    for ratio, group in dict.fromkeys((t["ratio"], t["group"]) for t in tables):
        chosen = [t for t in tables if (t["ratio"], t["group"]) == (ratio, group)]
        count = int(chosen[0]["sequences"])
        heading = f"{group}, {ratio:g}x ({count} clip{'s' * (count != 1)})"
        lines += markdown([heading, *_HEADINGS], ([t["method"], *_formatted(t)] for t in chosen))
        lines.append("")
    return "\n".join(lines)


def clips_text(rows: Sequence[Row]) -> str:
    """One table of all clips with their means, every row with its verdict against the yardsticks."""
    known = {(row.sequence, row.method): row.scores for row in rows}
    cells: list[list[str]] = []
    for sequence in dict.fromkeys(row.sequence for row in sorted(rows, key=_place)):
        title = f"{sequence.ratio:g}x {sequence.name}, {sequence.motion}"
        for row in (row for row in rows if row.sequence == sequence):
            others = [known.get((sequence, name)) for name in YARDSTICKS]
            verdicts = [
                verdict(row.scores, other) if other and row.method != name else ""
                for name, other in zip(YARDSTICKS, others)
            ]
            cells.append([title, row.method, *_formatted(_figures(row.scores)), *verdicts])
            title = ""
    return "\n".join(markdown(["clip", "method", *_HEADINGS, *(f"against {name}" for name in YARDSTICKS)], cells))


def tallies(rows: Sequence[Row]) -> list[str]:
    """For each network and checkpoint, at each ratio: on how many clips it wins and loses."""
    known = {(row.sequence, row.method): row.scores for row in rows}
    lines = []
    for method in dict.fromkeys(row.method for row in rows if row.kind != "classic"):
        for yardstick in YARDSTICKS:
            counts: Counter[tuple[float, bool]] = Counter()
            for row in (row for row in rows if row.method == method and (row.sequence, yardstick) in known):
                won = verdict(row.scores, known[row.sequence, yardstick]) == "WIN"
                counts[row.sequence.ratio, won] += 1
            if counts:
                parts = [
                    f"{ratio:g}x {counts[ratio, True]} won, {counts[ratio, False]} lost"
                    for ratio in sorted({ratio for ratio, _ in counts})
                ]
                lines.append(f"{method} against {yardstick}: {'; '.join(parts)}")
    return lines


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns also line up as plain text; figures are flush right."""
    table = [list(heading), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(heading))]
    figures = [name in _HEADINGS for name in heading]
    lines = [
        "| " + " | ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row, widths, figures)) + " |"
        for row in table
    ]
    rule = "|" + "|".join("-" * (w + 1) + (":" if right else "-") for w, right in zip(widths, figures)) + "|"
    return [lines[0], rule, *lines[1:]]


def _place(row: Row) -> tuple[float, bool, str, str]:
    return row.sequence.ratio, row.sequence.recorded, row.sequence.group, row.sequence.name


def _figures(scores: Scores) -> dict[str, float | None]:
    return {name: getattr(scores, name) for name in QUALITY}


def _formatted(figures: Mapping[str, Any]) -> list[str]:
    return [figure.formatted(figures[name]) for name, figure in QUALITY.items()]
