"""What `evaluate` says of its figures, in Markdown: the summary, the means, the clips."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from app.errors import SuperseeError
from app.measure.quality import QUALITY
from models.evaluate.bar import checks
from models.evaluate.results import Evaluation, write_evaluation
from models.evaluate.table import clips_text, means, means_text, tallies
from models.evaluate.tally import WARM_UP
from models.evaluate.timing import DISPLAY_SIZE, RENDER_SIZE


def definitions(flip_frames: int) -> str:
    """What the columns mean and which frames count, in one paragraph."""
    figures = "; ".join(f"{figure.label}: {figure.definition}" for figure in QUALITY.values())
    flip = (
        f"FLIP is taken of {flip_frames} frame{'s' * (flip_frames != 1)} of a clip"
        if flip_frames
        else "FLIP was not taken"
    )
    return (
        f"Frames from the {WARM_UP + 1}th on count. {figures}. {flip}. A row is a WIN where no figure is worse than "
        "the other method's, otherwise a LOSS, with the figures that are worse."
    )


def as_text(evaluation: Evaluation, heading: str = "") -> str:
    """Everything, for a terminal and for a page; `heading` is Markdown's "## " or nothing."""
    rows = evaluation.rows
    parts = [clips_text(rows), f"{heading}Means", means_text(means(rows)).strip(), definitions(evaluation.flip_frames)]
    if evaluation.milliseconds:
        parts += [f"{heading}Milliseconds a frame", cost_text(evaluation)]
    return "\n\n".join([*parts, *summary(evaluation, heading)]) + "\n"


def summary(evaluation: Evaluation, heading: str = "") -> list[str]:
    """Wins, losses, the bar, and what is not in the figures."""
    parts = []
    if lines := tallies(evaluation.rows):
        parts += [f"{heading}Wins and losses", bullets(lines)]
    for name in evaluation.candidates:
        found = checks(evaluation.rows, name)
        reached = sum(check.reached is True for check in found)
        parts += [f"{heading}The bar: {name} reaches {reached} of {len(found)}", bullets(map(str, found))]
    missing = [*evaluation.left_out, *["stopped before the end: what was not finished is missing"] * evaluation.stopped]
    return [*parts, *([f"{heading}Not in these figures", bullets(missing)] if missing else [])]


def cost_text(evaluation: Evaluation) -> str:
    """Median milliseconds of a frame without drawing it, and what they were measured with."""
    lines = [f"{name}: {value:.1f} ms" for name, value in evaluation.milliseconds.items()]
    return f"{timing_line(evaluation)}\n\n{bullets(lines)}"


def timing_line(evaluation: Evaluation) -> str:
    machine = evaluation.machine
    (low, high), (wide, tall) = RENDER_SIZE, DISPLAY_SIZE
    parts = [f"{low}x{high} to {wide}x{tall}", f"{machine['processor']}, {machine['cores']} cores", machine["renderer"]]
    return "  ·  ".join([*parts, *[machine["busy"]] * bool(machine["busy"])])


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines)


def write_page(folder: Path, evaluation: Evaluation, pictures: Mapping[str, Path]) -> Path:
    """README.md and evaluation.json in `folder`, with the pictures that lie there or beside it."""
    write_evaluation(evaluation, folder / "evaluation.json")
    shown = "\n\n".join(
        f"![{title}]({Path(os.path.relpath(path, folder)).as_posix()})" for title, path in pictures.items()
    )
    intro = "Remade by `python -m models evaluate --docs` (docs/trainer.md); every figure is measured."
    text = f"# Held-out figures\n\n{intro}\n\n{shown}\n\n## Clips\n\n{as_text(evaluation, '## ')}"
    path = folder / "README.md"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"{path} cannot be written", str(error), "Name another folder.") from error
    return path
