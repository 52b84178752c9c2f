"""What a file made by us says about where it came from."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from app import __version__


def provenance(**settings: object) -> dict[str, object]:
    """Program, version and settings, as it is written into images and reports. No time and no host name, so that
    the same command gives the same file."""
    return {"program": "Supersee", "version": __version__, **settings}


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
