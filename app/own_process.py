"""Processes of our own: this very Python, running a module of ours.

With `-P`, so that nothing in the working folder stands in for a module; ours are found where this one is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = str(Path(__file__).resolve().parents[1])


def module_command(module: str, *arguments: str) -> list[str]:
    """To be started with `module_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]


def module_environment(**more: str) -> dict[str, str]:
    """This process's, with the path to our modules in front of what is there, and `more`."""
    path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **more}


def start_module(module: str, *arguments: str, **options: Any) -> subprocess.Popen[Any]:
    """`options` are those of subprocess.Popen. Raises OSError where no process can be started."""
    return subprocess.Popen(module_command(module, *arguments), env=module_environment(), **options)
