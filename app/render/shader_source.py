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
_LOCATION = re.compile(r"(?:ERROR: )?(\d+)[:(](\d+)(?:\((\d+)\))?[):]*")


class ShaderError(SuperseeError):
    """A shader that does not load or compile; the message names the file and line as they are on disk."""


@dataclass(frozen=True, slots=True)
class ShaderSource:
    """`text` goes to the compiler; `files[i]` is the file that `#line n i` refers to."""

    text: str
    files: tuple[Path, ...]

    def explain(self, log: str) -> str:
        """The compiler's log with its string numbers replaced by file names."""

        def place(match: re.Match[str]) -> str:
            index, line = int(match[1]), match[2]
            return f"{self.files[index].name}:{line}:" if index < len(self.files) else match[0]

        return "\n".join(_LOCATION.sub(place, line, count=1) for line in log.splitlines())


def load_shader(name: str, defines: Mapping[str, object] | None = None, root: Path = SHADERS) -> ShaderSource:
    """Reads `name` below `root` with its includes (each file once) and puts #version and the defines on top."""
    files: list[Path] = []
    lines = [VERSION_LINE] + [f"#define {key} {value}" for key, value in (defines or {}).items()]
    _append(root / name, root, files, lines, wanted_by="")
    return ShaderSource("\n".join(lines) + "\n", tuple(files))


def _append(path: Path, root: Path, files: list[Path], lines: list[str], wanted_by: str) -> None:
    if path in files:
        return
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ShaderError(f"The shader {path} cannot be read", f"{error.strerror}{wanted_by}") from error
    index = len(files)
    files.append(path)
    lines.append(f"#line 1 {index}")
    for number, line in enumerate(text.splitlines(), start=1):
        match = _INCLUDE.match(line)
        if match:
            _append(root / match[1], root, files, lines, wanted_by=f", wanted by {path.name}:{number}")
            lines.append(f"#line {number + 1} {index}")
        else:
            lines.append(line)
