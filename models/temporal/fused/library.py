"""Builds the C++ files beside this one into a library, once for each source, compiler and processor."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.inference.channels import shader_defines
from app.paths import cache_folder

_FOLDER = Path(__file__).parent
_SOURCES = tuple(sorted(_FOLDER.glob("*.cpp")))
# Not -ffast-math: it would let a NaN pass for a number, and training has to notice it.
_FLAGS = (
    "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math",
    "-fopenmp-simd", "-std=c++17", "-shared", "-fPIC",
)  # fmt: skip
_CONSTANTS = ("ACCUMULATION_KNEE", "GAMMA_BARE", "CLIP_SLACK", "KERNEL_FLOOR", "MAX_WEIGHT")
_SECONDS = 120.0


class NoCompilerError(Exception):
    """The library cannot be had here; says why."""


def load_library() -> ctypes.CDLL:
    """Raises NoCompilerError where it cannot be built, or what was built cannot be loaded."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        raise NoCompilerError("no C++ compiler is installed (Debian: g++)")
    defines = shader_defines()
    command = [compiler, *_FLAGS, *(f"-D{name}={defines[name]}" for name in _CONSTANTS), *map(str, _SOURCES)]
    path = cache_folder() / "lab" / f"passes-{_key(command)}.so"
    try:
        if not path.exists():
            _build(command, path)
        return ctypes.CDLL(str(path))
    except subprocess.CalledProcessError as error:
        message = error.stderr.strip() or "no message"
        raise NoCompilerError(f"{compiler} failed: {message.splitlines()[0]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoCompilerError(str(error)) from error


def _key(command: list[str]) -> str:
    """-march=native: what one processor built, another may not run."""
    digest = hashlib.sha256("\0".join(command).encode())
    for source in (*_SOURCES, *sorted(_FOLDER.glob("*.h"))):
        digest.update(source.read_bytes())
    digest.update(_processor().encode())
    return digest.hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))


def _build(command: list[str], path: Path) -> None:
    """Several processes may build at once: each into a file of its own, the last one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        built = Path(folder) / path.name
        subprocess.run([*command, "-o", str(built)], check=True, capture_output=True, text=True, timeout=_SECONDS)
        built.replace(path)
