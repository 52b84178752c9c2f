"""`python -m models`: one sub-command a room of the lab."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from app.errors import SuperseeError

COMMANDS = ("data", "network", "train", "evaluate", "export", "ablate", "bench")
"""Rooms whose `command.py` adds sub-commands."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models", description="The lab: data, training, scores, export.")
    commands = parser.add_subparsers(dest="command", required=True)
    for room in COMMANDS:
        importlib.import_module(f"models.{room}.command").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = _parser().parse_args(arguments)
        options.run_command(options)
    except SuperseeError as error:
        print(f"models: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("models: stopped", file=sys.stderr)  # noqa: T201
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
