"""GLSL from files: `#include "folder/file.glsl"` (relative to shaders/), defines, errors with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import SuperseeError
from app.paths import SHADERS

VERSION_LINE = "#version 430 core"
_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
# "0:12(5): error" (Mesa), "0(12) : error" (NVIDIA), "ERROR: 0:12:" (AMD, Intel on Windows)
_LOCATION = re.compile(r"(?:ERROR: |WARNING: )?0(?::(\d+)(?:\(\d+\))?|\((\d+)\))\s*:?")


class ShaderError(SuperseeError):
    """A shader that does not load or compile; the message names the file and line as they are on disk."""


@dataclass(frozen=True, slots=True)
class ShaderSource:
    """`text` goes to the compiler; line i of it (from 0) is `origins[i]`: a file and its line, from 1.

    No `#line` is used: drivers disagree on what it counts, and Mesa forgets the file inside expressions.
    """

    text: str
    files: tuple[Path, ...]
    origins: tuple[tuple[Path, int] | None, ...]

    def explain(self, log: str) -> str:
        """The compiler's log with its line numbers replaced by file names and lines."""

        def place(match: re.Match[str]) -> str:
            line = int(match[1] or match[2]) - 1
            origin = self.origins[line] if 0 <= line < len(self.origins) else None
            return f"{origin[0].name}:{origin[1]}:" if origin else match[0]

        return "\n".join(_LOCATION.sub(place, line, count=1) for line in log.splitlines())


def load_shader(name: str, defines: Mapping[str, object] | None = None, root: Path = SHADERS) -> ShaderSource:
    """Reads `name` below `root` with its includes (each file once) and puts #version and the defines on top."""
    files: list[Path] = []
    lines: list[tuple[str, tuple[Path, int] | None]] = [(VERSION_LINE, None)]
    lines += [(f"#define {key} {value}", None) for key, value in (defines or {}).items()]
    _append(root / name, root, files, lines, wanted_by="")
    return ShaderSource("\n".join(text for text, _ in lines) + "\n", tuple(files), tuple(origin for _, origin in lines))


def _append(
    path: Path,
    root: Path,
    files: list[Path],
    lines: list[tuple[str, tuple[Path, int] | None]],
    wanted_by: str,
) -> None:
    if path in files:
        return
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ShaderError(f"The shader {path} cannot be read", f"{error.strerror}{wanted_by}") from error
    files.append(path)
    for number, line in enumerate(text.splitlines(), start=1):
        match = _INCLUDE.match(line)
        if match:
            _append(root / match[1], root, files, lines, wanted_by=f", wanted by {path.name}:{number}")
        else:
            lines.append((line, (path, number)))
