"""The outcome as a table: each variant against the base, and how much of that is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError
from models.ablate.results import FIGURES, Result
from models.ablate.variants import BASE

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
"""What stands between them in the docs is replaced; the text around them is people's."""
_DECIMALS = {"psnr": 2, "ssim": 4, "tpsnr": 2, "flicker": 2}


@dataclass(frozen=True, slots=True)
class Noise:
    """Mean of the base's trainings, and how far apart they ended (largest minus smallest), by figure."""

    mean: Mapping[str, float]
    spread: Mapping[str, float]
    trainings: int


def base_noise(results: Sequence[Result]) -> Noise | None:
    """None until a training of the base has been scored."""
    base = [r for r in results if r.group == BASE and not r.failure]
    if not base:
        return None
    means = {figure: [r.mean(figure) for r in base] for figure in FIGURES}
    return Noise(
        {figure: sum(values) / len(values) for figure, values in means.items()},
        {figure: max(values) - min(values) for figure, values in means.items()},
        len(base),
    )


def verdict(result: Result, noise: Noise) -> str:
    """By PSNR and by tPSNR: worse or better than the base by more than twice what its own trainings differ, perhaps so
    between that and once, else within noise."""
    if result.group == BASE:
        return ""
    if noise.trainings < 2:
        return "one training of the base: no telling"
    words = []
    for figure in ("psnr", "tpsnr"):
        change, spread = result.mean(figure) - noise.mean[figure], noise.spread[figure]
        if abs(change) > spread:
            sure = "" if abs(change) > 2.0 * spread else "perhaps "
            words.append(f"{sure}{'better' if change > 0 else 'worse'} in {_NAMES[figure]}")
    return ", ".join(words) or "within noise"


def markdown(results: Sequence[Result], budget: Sequence[str]) -> str:
    """`budget`: lines that say what every variant was given."""
    noise = base_noise(results)
    lines = [*(f"* {line}" for line in budget)]
    if noise is not None and noise.trainings > 1:
        spreads = ", ".join(f"{_NAMES[f]} {noise.spread[f]:.{_DECIMALS[f]}f}" for f in FIGURES)
        lines += [
            f"* noise: {noise.trainings} trainings of the base that differ in their seed alone end this far apart: "
            f"{spreads}. Deltas are against their mean; a smaller one says nothing, one below twice as much little.",
        ]
    lines += ["", "| variant | what differs | PSNR | Δ dB | SSIM | tPSNR | Δ dB | flicker | Δ | verdict |"]
    lines += ["|---|---|---|---|---|---|---|---|---|---|"]
    for result in ordered(results):
        lines.append(_row(result, noise))
    return "\n".join(lines) + "\n"


_NAMES = {"psnr": "PSNR", "ssim": "SSIM", "tpsnr": "tPSNR", "flicker": "flicker"}


def ordered(results: Sequence[Result]) -> list[Result]:
    """Groups in the order in which they were first seen; in each the largest loss first, what failed last."""
    groups = list(dict.fromkeys(r.group for r in results))

    def key(result: Result) -> tuple[int, bool, float]:
        figure = 0.0 if result.failure or result.group == BASE else result.mean("psnr")
        return groups.index(result.group), bool(result.failure), figure

    return sorted(results, key=key)


def _row(result: Result, noise: Noise | None) -> str:
    if result.failure:
        return f"| {result.name} | {result.what} | – | | | | | | | {result.failure} |"
    cells = {figure: f"{result.mean(figure):.{_DECIMALS[figure]}f}" for figure in FIGURES}
    deltas = dict.fromkeys(FIGURES, "")
    if noise is not None and result.group != BASE:
        deltas = {f: f"{result.mean(f) - noise.mean[f]:+.{_DECIMALS[f]}f}" for f in FIGURES}
    said = verdict(result, noise) if noise is not None else ""
    return (
        f"| {result.name} | {result.what} | {cells['psnr']} | {deltas['psnr']} | {cells['ssim']} | {cells['tpsnr']} "
        f"| {deltas['tpsnr']} | {cells['flicker']} | {deltas['flicker']} | {said} |"
    )


def put_into(page: Path, text: str) -> None:
    """Replaces the figures in `page`, which is made where it is not there. Raises SuperseeError for a page without the
    two marks."""
    if not page.exists():
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"# Ablation\n\n{BEGIN}\n{END}\n", encoding="utf-8")
    before = page.read_text(encoding="utf-8")
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SuperseeError(f"{page} has no place for the figures", f"it lacks {BEGIN} or {END}", "Put both in.")
    part = page.with_name(page.name + ".part")
    part.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}", encoding="utf-8")
    part.replace(page)
