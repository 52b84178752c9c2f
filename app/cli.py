"""The command line: `supersee [view] [SCENE]`, `render`, `bench`, `doctor`.

Nothing heavy is imported before a command is chosen: `--help` answers without numpy, Qt or OpenGL.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from app import __version__
from app.errors import SuperseeError


@dataclass(frozen=True, slots=True)
class Command:
    """`module` has add_arguments(parser) and run(args) -> exit status; it is imported when it is asked for."""

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "view": Command("app.commands.view", "open the viewer (the default: `supersee SCENE` is `supersee view SCENE`)"),
    "render": Command("app.commands.render", "the same comparison without a window: frames, video, report"),
    "record": Command("app.commands.record", "record a scene's frames with all their buffers as a sequence"),
    "inspect": Command("app.commands.inspect", "say what a recording holds, how it is read, and what looks wrong"),
    "bench": Command("app.commands.bench", "measure this machine: stage times, start-up, latency under load"),
    "engines": Command("app.commands.engines", "build, list, verify and clear TensorRT engines"),
    "doctor": Command("app.commands.doctor", "list what was found, what is missing, and what to do about it"),
}
DEFAULT_COMMAND = "view"


class _PlainParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage text around it."""

    def error(self, message: str) -> None:  # type: ignore[override]
        print(f"supersee: {message}. See `{self.prog} --help`.", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status is 0, 2 for a SuperseeError or a bad option, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["--version"]:
        print(f"supersee {__version__}")  # noqa: T201
        return 0
    named = bool(arguments) and arguments[0] in COMMANDS
    name = arguments.pop(0) if named else DEFAULT_COMMAND
    try:
        module = importlib.import_module(COMMANDS[name].module)
        parser = _parser(name, named)
        module.add_arguments(parser)
        return module.run(parser.parse_args(arguments))
    except SuperseeError as error:
        print(f"supersee: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `supersee doctor | head`
        sys.stderr.close()
        return 0
    except SystemExit as leaving:  # argparse: --help and errors
        return leaving.code if isinstance(leaving.code, int) else 2


def _parser(name: str, named: bool) -> argparse.ArgumentParser:
    overview = "\n".join(f"  supersee {key:8} {command.summary}" for key, command in COMMANDS.items())
    return _PlainParser(
        prog=f"supersee {name}" if named else "supersee",
        description=COMMANDS[name].summary[:1].upper() + COMMANDS[name].summary[1:]
        if named
        else "See what temporal neural upscaling does: native, classic and neural side by side, live.",
        epilog="" if named else f"commands:\n{overview}\n\n`supersee COMMAND --help` lists a command's own options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
