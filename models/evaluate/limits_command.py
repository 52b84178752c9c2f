"""`python -m models limits`."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import SuperseeError
from models.evaluate.items import add_item_options, held_out_items

if TYPE_CHECKING:
    from models.evaluate.sequences import HeldOut
    from models.network.model import KernelModel

_HEADING = ("clips", "as played", "nothing remembered", "perfect history", "previous reference, warped")
_AGES = ("seen before, frames", "pixels %", "squared error %", "PSNR dB")


def add_limits_parser(commands: Any) -> None:
    command = commands.add_parser(
        "limits", help="where the error lies: a checkpoint's PSNR with no history and with a perfect one"
    )
    command.add_argument("--run", type=Path, required=True, help="a run or checkpoint of a kernel-predicting network")
    command.add_argument(
        "--ages", action="store_true", help="the error by how many frames a surface has been in sight, in their place"
    )
    add_item_options(command, ratios=(2.0,))
    command.set_defaults(run_command=limits_command)


def limits_command(options: argparse.Namespace) -> None:
    from models.evaluate.checkpoints import read_run, scoring_model
    from models.network.model import KernelModel

    model = scoring_model(*read_run(options.run))
    if not isinstance(model, KernelModel):
        raise SuperseeError(
            f"{options.run} keeps no history of colours", f"it is of the kind {model.kind}", "Name another run."
        )
    left_out: list[str] = []
    (_print_ages if options.ages else _print_limits)(model, held_out_items(options, left_out))
    for line in left_out:
        print(line, file=sys.stderr)  # noqa: T201


def _print_limits(model: KernelModel, items: Sequence[HeldOut]) -> None:
    from models.evaluate.limits import Limits, clip_limits, mean_limits
    from models.evaluate.table import markdown

    groups: dict[str, list[Limits]] = defaultdict(list)
    for item in items:
        found = clip_limits(model, item.clip())
        name = item.name
        print(f"{name.name} {name.motion} {name.ratio:g}x: {' '.join(found.as_row())}", flush=True)  # noqa: T201
        groups[_group(item)].append(found)
    rows = [[f"{group} ({len(found)})", *mean_limits(found).as_row()] for group, found in groups.items()]
    print("\nPSNR, dB", *markdown(_HEADING, rows), sep="\n")  # noqa: T201


def _print_ages(model: KernelModel, items: Sequence[HeldOut]) -> None:
    from models.evaluate.ages import AgeErrors, clip_ages, sum_ages
    from models.evaluate.table import markdown

    groups: dict[str, list[AgeErrors]] = defaultdict(list)
    for item in items:
        print(f"{item.name.name} {item.name.motion} {item.name.ratio:g}x", flush=True)  # noqa: T201
        groups[_group(item)].append(clip_ages(model, item.clip()))
    for group, found in groups.items():
        print(f"\n{group} ({len(found)})", *markdown(_AGES, sum_ages(found).rows), sep="\n")  # noqa: T201


def _group(item: HeldOut) -> str:
    return f"{item.name.group}, {item.name.ratio:g}x"
