"""`python -m models limits`."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from models.evaluate.items import add_item_options, held_out_items

_HEADING = ("clips", "as played", "nothing remembered", "perfect history", "previous reference, warped")


def add_limits_parser(commands: Any) -> None:
    command = commands.add_parser(
        "limits", help="where the error lies: a checkpoint's PSNR with no history and with a perfect one"
    )
    command.add_argument("--run", type=Path, required=True, help="a run or checkpoint of a kernel-predicting network")
    add_item_options(command, ratios=(2.0,))
    command.set_defaults(run_command=limits_command)


def limits_command(options: argparse.Namespace) -> None:
    from models.evaluate.checkpoints import read_run, scoring_model
    from models.evaluate.limits import Limits, clip_limits, mean_limits
    from models.evaluate.table import markdown
    from models.network.model import KernelModel

    model = scoring_model(*read_run(options.run))
    if not isinstance(model, KernelModel):
        raise SuperseeError(
            f"{options.run} keeps no history of colours", f"it is of the kind {model.kind}", "Name another run."
        )
    left_out: list[str] = []
    groups: dict[str, list[Limits]] = defaultdict(list)
    for item in held_out_items(options, left_out):
        found = clip_limits(model, item.clip())
        name = item.name
        print(f"{name.name} {name.motion} {name.ratio:g}x: {' '.join(found.as_row())}", flush=True)  # noqa: T201
        groups[f"{name.group}, {name.ratio:g}x"].append(found)
    rows = [[f"{group} ({len(found)})", *mean_limits(found).as_row()] for group, found in groups.items()]
    print("\nPSNR, dB", *markdown(_HEADING, rows), sep="\n")  # noqa: T201
    for line in left_out:
        print(line, file=sys.stderr)  # noqa: T201
