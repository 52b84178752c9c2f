"""`python -m models ablate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.errors import SuperseeError


def ablate_command(options: argparse.Namespace) -> None:
    from models.train.config import load_config

    load_config(options.config)  # says what is wrong with the file before torch and the data are loaded
    from models.ablate.run import Plan, ablate

    plan = Plan(
        options.config.read_text(), options.iterations, options.out, options.seeds, tuple(options.only), options.clips,
        options.docs,
    )  # fmt: skip
    failed = [result.name for result in ablate(plan) if result.failure]
    if failed:
        raise SuperseeError(f"{', '.join(failed)} failed", "the table says why", "The same command tries them again.")
    print(f"the table is in {options.out / 'ablation.md'}")  # noqa: T201


def add_parser(commands: Any) -> None:
    ablate = commands.add_parser("ablate", help="train variants that each lack one thing, at equal budget, and compare")
    ablate.add_argument("--config", type=Path, required=True, help="the base, for example models/configs/ablation.toml")
    ablate.add_argument("--iterations", type=_positive, required=True, help="of every variant's training")
    ablate.add_argument("--out", type=Path, required=True, help="folder for runs and tables; goes on where it was")
    ablate.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these variants beside the base")
    ablate.add_argument("--seeds", type=_positive, default=2, help="trainings of the base, to see the noise")
    ablate.add_argument("--clips", type=int, default=0, help="held-out clips of each folder and group (default: all)")
    ablate.add_argument("--docs", type=Path, help="page whose figures are replaced, for example docs/ablation.md")
    ablate.set_defaults(run_command=ablate_command)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
