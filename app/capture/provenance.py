"""What a file made by us says about where it came from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import app
from app import __version__
from app.paths import SHADERS


def provenance(**settings: object) -> dict[str, object]:
    """Program, version and settings, as it is written into images and reports. No time and no host name, so that
    the same command gives the same file."""
    return {"program": "Supersee", "version": __version__, **settings}


def traced(record: Mapping[str, object], scene: str) -> dict[str, object]:
    """The record of a picture with what tells whether it can be drawn again here: digests of the program and of the
    scene's files, and the libraries that infer. Reads files: not for the GUI thread."""
    return provenance(
        code=code_digest(),
        scene_digest=scene_digest(scene),
        libraries=versions("openvino", "tensorrt-rtx", "moderngl"),
        machine={"processor": _processor(), "system": platform.system()},
        **{**record, "scene": portable(scene)},
    )


def portable(scene: str) -> str:
    """A path as it is written into files that are passed on: whole, but without the user's name in it."""
    path = Path(scene).expanduser()
    if not path.exists():
        return scene  # a built-in scene
    try:
        return str(Path("~") / path.absolute().relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere; no home
        return str(path.absolute())


@cache
def code_digest() -> str:
    """Of all Python and shader sources of the program: two builds of one version can differ."""
    package = Path(app.__file__).parent
    return _digest(sorted([*package.rglob("*.py"), *(p for p in SHADERS.rglob("*") if p.is_file())]))


def scene_digest(scene: str) -> str:
    """Of a scene's file, or of a recording's file names and sizes; "" for a built-in scene, or where nothing is."""
    path = Path(scene).expanduser()
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listing = "\n".join(f"{file.relative_to(path).as_posix()} {file.stat().st_size}" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()[:16]
    return _digest([path]) if path.is_file() else ""


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()[:16]


def as_text(record: Mapping[str, object]) -> str:
    return json.dumps(record, sort_keys=True, default=str)


def machine() -> dict[str, object]:
    """The computer, as far as times depend on it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "bits": 64 if sys.maxsize > 2**32 else 32,
    }


def busy_note() -> str:
    """Says so if other programs keep the processor busy, because then every figure is too large; else ""."""
    if not hasattr(os, "getloadavg"):
        return ""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return f"other programs keep the machine busy (load {load:.1f} on {cores} cores)" if load > 0.6 * cores else ""


def versions(*distributions: str) -> dict[str, str]:
    """Versions of installed packages; one that is not installed is left out."""
    from importlib import metadata

    found = {}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()
