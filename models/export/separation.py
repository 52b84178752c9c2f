"""Whether what a network was scored on was kept from its training, found in the indexes of the data folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.errors import SuperseeError
from models.data.index import read_index
from models.evaluate.table import Row


def separation_lines(training: Sequence[Path], rows: Sequence[Row]) -> list[str]:
    """Lines of Markdown. Rendered rows are named FOLDER/CLIP; their folders are looked for beside those of training."""
    rendered = sorted({row.sequence.name for row in rows if not row.sequence.recorded})
    if not rendered:
        return []
    trained, scored, unknown = set[str](), dict[str, str](), set[str]()
    for folder in training:
        try:
            trained |= {clip.scene for clip in read_index(folder).of("train")}
        except SuperseeError:
            unknown.add(str(folder))
    for name in {name.partition("/")[0] for name in rendered}:
        folder = next(
            (parent / name for parent in {p.parent for p in training} if (parent / name).is_dir()), Path(name)
        )
        try:
            scored |= {f"{name}/{clip.name}": clip.scene for clip in read_index(folder).clips}
        except SuperseeError:
            unknown.add(str(folder))
    if unknown:
        return [f"* whether scenes of the tables below were trained on could not be checked without {_told(unknown)}"]
    if shared := {name for name in rendered if scored.get(name) in trained}:
        return [f"* TRAINED ON: the scenes of {_told(shared)} in the tables below"]
    return [
        f"* none of the scenes of the {len(rendered)} rendered clips in the tables below is among its training clips"
    ]


def _told(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
