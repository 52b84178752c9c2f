"""`python -m models render-data`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.commands import choices


def names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value


def render_data_command(options: argparse.Namespace) -> None:
    if options.check or options.sheet:
        look_command(options)
        return
    from models.data.ratios import checked_ratios
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
        ratios=checked_ratios(options.ratios) if options.ratios else "",
        test_samples=0 if options.test_samples in (None, options.samples) else options.test_samples,
        minutes=options.minutes,
        rank=Rank.from_environment(),
    )
    print(f"{len(index.clips)} clips in {options.out}, {index.seconds / 60:.1f} minutes of rendering")  # noqa: T201


def look_command(options: argparse.Namespace) -> None:
    """Draws nothing. Raises SuperseeError at the end where --check has found something wrong."""
    if options.sheet:
        from models.data.sheet import folder_sheet, write_sheet

        write_sheet(folder_sheet(options.out), options.sheet)
        print(f"written: {options.sheet}")  # noqa: T201
    if options.check:
        check(options.out)


def check(folder: Path) -> None:
    from app.errors import SuperseeError
    from models.data.check import check_folder, strangers

    bad, count = 0, 0
    for entry, wrong in check_folder(folder):
        count += 1
        bad += bool(wrong)
        if wrong:
            print(f"{entry.name}: {wrong}", flush=True)  # noqa: T201
    for path in strangers(folder):
        print(f"{path}: no index names it")  # noqa: T201
    if bad:
        raise SuperseeError(
            f"{bad} of {count} clips in {folder} cannot be used",
            "they are named above",
            "Delete their files and give the folder's render-data command again: what is missing is drawn.",
        )
    print(f"{count} clips in {folder}, all of them whole")  # noqa: T201


def add_parser(commands: Any) -> None:
    data = commands.add_parser("render-data", help="draw training clips with the viewer's renderer; resumes by itself")
    data.add_argument("--out", type=Path, default=Path("models/data_cache/main"), help="folder of the data set")
    data.add_argument("--clips", type=choices.count, default=100)
    data.add_argument("--frames", type=choices.count, default=24, help="frames a clip (default: 24)")
    data.add_argument("--seed", type=int, default=1)
    data.add_argument(
        "--samples", type=choices.count, default=16, help="samples a pixel of the reference (default: 16)"
    )
    data.add_argument("--test-samples", type=choices.count, help="the same for test clips (default: as --samples)")
    data.add_argument(
        "--ratios",
        default="",
        metavar="R,S-T",
        help="of training clips: ratios and ranges, for example 1.3-3 or 2,2.5-3",
    )
    data.add_argument("--scenes", type=names, default=(), help="built-in scenes to mix in, comma-separated")
    data.add_argument(
        "--held-out", type=names, default=(), help="a test-only folder of these scenes, 'random' among them"
    )
    data.add_argument(
        "--unfiltered", type=share, default=0.4, help="share of the clips drawn without mip maps, 0 to 1 (default 0.4)"
    )
    data.add_argument("--minutes", type=float, default=1e9, help="stop after this long; a later call goes on")
    data.add_argument(
        "--check", action="store_true", help="draw nothing: read every clip in --out and name damaged ones"
    )
    data.add_argument("--sheet", type=Path, metavar="PNG", help="draw nothing: a picture of the clips in --out")
    data.set_defaults(run_command=render_data_command)
