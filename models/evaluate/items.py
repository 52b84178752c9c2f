"""The options that choose held-out clips and recordings, and what they choose."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import SuperseeError

if TYPE_CHECKING:
    from models.evaluate.sequences import HeldOut

SEQUENCES_VARIABLE = "SUPERSEE_SEQUENCES"
DATA_FOLDER = Path("models/data_cache")


def add_item_options(command: argparse.ArgumentParser, *, ratios: Sequence[float]) -> None:
    """--data, --sequences, --ratios (default `ratios`) and --clips."""
    add = command.add_argument
    default = ",".join(f"{ratio:g}" for ratio in ratios)
    add("--data", type=Path, nargs="*", help=f"data folders whose test clips are used (default: all in {DATA_FOLDER})")
    add("--sequences", type=Path, help=f"folder of recordings with references (default: ${SEQUENCES_VARIABLE})")
    add("--ratios", type=_ratios, default=tuple(ratios), metavar="R,S", help=f"default: {default}")
    add("--clips", type=int, default=0, help="at most this many test clips a folder, scene and ratio (default: all)")


def held_out_items(options: argparse.Namespace, left_out: list[str]) -> list[HeldOut]:
    """Everything to play. Raises SuperseeError where there is nothing, or a folder that was named cannot be read."""
    from models.evaluate.sequences import held_out_clips, recordings

    folders = options.data if options.data is not None else sorted(p.parent for p in DATA_FOLDER.glob("*/index.json"))
    items: list[HeldOut] = [*held_out_clips(folders, options.ratios, options.clips)]
    named = os.environ.get(SEQUENCES_VARIABLE)
    sequences = options.sequences or (Path(named) if named else None)
    if sequences:
        found, missing = recordings(sequences, options.ratios)
        items += found
        left_out += missing
    else:
        left_out.append(f"no recordings: neither --sequences nor ${SEQUENCES_VARIABLE} is given")
    if not items:
        raise SuperseeError(
            "There is nothing to score",
            "; ".join(["no test clip was found", *left_out]),
            f"Give --data with a rendered data set, or --sequences (or ${SEQUENCES_VARIABLE}).",
        )
    return items


def _ratios(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"ratios are numbers, for example 1.5,2,3, not {text!r}") from error
