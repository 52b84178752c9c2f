"""`python -m models describe`: what a network is made of and what it costs, layer by layer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.commands import choices
from app.conventions import render_size
from app.errors import SuperseeError


def describe_command(options: argparse.Namespace) -> None:
    from models.network.describe import as_text, complexity, overview
    from models.network.presets import PRESETS

    ratio = options.ratio or 2.0
    display = tuple(round(n * ratio) for n in options.size)
    sizes = (render_size(display, ratio), display)  # type: ignore[arg-type]
    if options.config is None and options.network is None:
        able = {name: _at_ratio(settings, ratio) for name, settings in PRESETS.items() if _does(settings, ratio)}
        print(overview({name: complexity(settings, *sizes) for name, settings in able.items()}))  # noqa: T201
        if left_out := [name for name in PRESETS if name not in able]:
            print(f"For 2x and 3x only: {', '.join(left_out)}")  # noqa: T201
        return
    settings = (
        _configured(options.config) if options.config else PRESETS.get(options.network, {"kind": options.network})
    )
    try:
        found = complexity(settings if options.config else _at_ratio(settings, ratio), *sizes)
    except ValueError as error:
        raise SuperseeError(
            "The network cannot be described", str(error), f"Networks by name are {', '.join(PRESETS)}."
        ) from error
    print(as_text(found))  # noqa: T201


def _configured(path: Path) -> dict[str, object]:
    from models.train.config import load_config

    return load_config(path).network


def _at_ratio(settings: dict[str, object], ratio: float) -> dict[str, object]:
    """A single-image network by name is the one for the ratio; others do them all."""
    from models.network.image_model import IMAGE_KINDS

    return settings | {"ratio": int(ratio)} if settings["kind"] in IMAGE_KINDS and _does(settings, ratio) else settings


def _does(settings: dict[str, object], ratio: float) -> bool:
    from models.network.image_model import IMAGE_KINDS

    return settings["kind"] not in IMAGE_KINDS or ratio in (2.0, 3.0)


def add_parser(commands: Any) -> None:
    describe = commands.add_parser("describe", help="what a network is made of and what it costs, layer by layer")
    which = describe.add_mutually_exclusive_group()
    which.add_argument("--config", type=Path, default=None, help="TOML settings of a training")
    which.add_argument("--network", default=None, metavar="NAME", help="a network by name or a kind (default: all)")
    describe.add_argument("--size", type=choices.size, default=(480, 272), help="LR size (default: 480x272)")
    describe.add_argument("--ratio", type=choices.ratio, default=2.0, help="display over LR size (default: 2)")
    describe.set_defaults(run_command=describe_command)
