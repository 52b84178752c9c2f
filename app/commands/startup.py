"""How long the program takes to answer, each time measured from outside, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.own_process import module_command, module_environment

HELP_TARGET_MS = 300.0
PAINT_TARGET_MS = 1500.0
LATENCY_TARGET_MS = 100.0
_TRIES = 3


def measure_startup() -> dict[str, dict[str, Any]]:
    """`supersee --help`, best of a few: others at work on the machine only ever add to it."""
    times = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        done = subprocess.run([*own_command(), "--help"], capture_output=True, env=module_environment(), check=False)
        if done.returncode == 0:
            times.append((time.perf_counter() - begun) * 1e3)
    return {"supersee --help": entry(min(times, default=None), HELP_TARGET_MS)}


def own_command() -> list[str]:
    """How to start this very program again: through the launcher in a checkout, as people do."""
    launcher = Path(__file__).resolve().parents[2] / "supersee"
    prepared = launcher.with_name(".venv") / "prepared" / "viewer"
    if launcher.is_file() and prepared.is_file() and os.name == "posix":
        return [str(launcher)]
    return module_command("app")


def entry(milliseconds: float | None, target: float | None, note: str = "") -> dict[str, Any]:
    value = None if milliseconds is None else round(milliseconds, 1)
    return {"ms": value, "target_ms": target, "note": note}


def measure_window() -> dict[str, dict[str, Any]]:
    """The window's first paint, its first complete frame, and how late its event loop comes round under load; on the
    display there is, or under Xvfb."""
    from app.errors import SuperseeError

    names = ("window, first paint", "window, first complete frame", "UI lateness under load, p99")
    with some_display() as note:
        try:
            from app.window.latency import measure

            found = measure(seconds=6.0)
        except SuperseeError as error:
            return {name: entry(None, None, str(error)) for name in names}
    note = "; ".join(part for part in (note, found["renderer"], *found["warnings"]) if part)
    return {
        names[0]: entry(found["first_paint_ms"], PAINT_TARGET_MS, note),
        names[1]: entry(found["first_frame_ms"], None, "scene and network loaded"),
        names[2]: entry(found["lateness_ms"]["p99"], LATENCY_TARGET_MS, f"{found['frames_per_second']:.1f} frames/s"),
    }


@contextmanager
def some_display() -> Iterator[str]:
    """Sees to it that child processes have a display: the one there is, or an Xvfb for as long as it is wanted.
    The value says which; where there is neither, whoever needs a display will say so."""
    from app.commands.view import has_display

    if has_display() or shutil.which("Xvfb") is None:
        yield ""
        return
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    before = {name: os.environ.get(name) for name in ("DISPLAY", "QT_QPA_PLATFORM")}
    try:
        with os.fdopen(read) as numbers:
            os.environ["DISPLAY"] = f":{numbers.readline().strip()}"
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        yield "under Xvfb"
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.terminate()
        server.wait(timeout=10)
