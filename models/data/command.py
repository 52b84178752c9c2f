"""`python -m models render-data`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value


def render_data_command(options: argparse.Namespace) -> None:
    from models.data.render import Rank, render_data

    index = render_data(
        options.out,
        clips=options.clips,
        frames=options.frames,
        seed=options.seed,
        samples=options.samples,
        scenes=options.scenes,
        held_out=options.held_out,
        unfiltered=options.unfiltered,
        minutes=options.minutes,
        rank=Rank.from_environment(),
    )
    print(f"{len(index.clips)} clips in {options.out}, {index.seconds / 60:.1f} minutes of rendering")  # noqa: T201


def add_parser(commands: Any) -> None:
    data = commands.add_parser("render-data", help="draw training clips with the viewer's renderer; resumes by itself")
    data.add_argument("--out", type=Path, default=Path("models/data_cache/main"), help="folder of the data set")
    data.add_argument("--clips", type=int, default=100)
    data.add_argument("--frames", type=int, default=18, help="frames a clip")
    data.add_argument("--seed", type=int, default=1)
    data.add_argument("--samples", type=int, default=16, help="samples a pixel of the reference")
    data.add_argument("--scenes", type=names, default=(), help="built-in scenes to mix in, comma-separated")
    data.add_argument("--held-out", type=names, default=(), help="a test-only folder of these built-in scenes")
    data.add_argument(
        "--unfiltered", type=share, default=0.4, help="share of the clips drawn without mip maps, 0 to 1 (default 0.4)"
    )
    data.add_argument("--minutes", type=float, default=1e9, help="stop after this long; a later call goes on")
    data.set_defaults(run_command=render_data_command)
