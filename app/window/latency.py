"""How fast the window is there, and how late the event loop comes round while it draws: for `supersee bench`.

Measured in a process of its own, from its start, so that imports count and nothing is warm that would not be.
Lateness is that of a timer that should fire every 10 ms: what a key press would wait.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from app.errors import SuperseeError
from app.own_process import module_command, module_environment

_PERIOD_MS = 10
_LONGEST_WAIT = 90.0


def measure(
    scene: str | None = None,
    *,
    seconds: float = 8.0,
    methods: Sequence[str] = ("native", "bilinear", "neural"),
    ratio: float = 2.0,
) -> dict[str, Any]:
    """Opens a window for `seconds` after its first complete frame. Needs a display (raises SuperseeError without).

    {"first_paint_ms", "first_frame_ms": since the process was started; "frames", "frames_per_second";
    "lateness_ms": {"p50", "p95", "p99", "max", "loading_max"}; "renderer", "warnings"}
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SuperseeError("The window's latency was not measured", "there is no display", "Run it under Xvfb.")
    wanted = {"scene": scene, "seconds": seconds, "methods": list(methods), "ratio": ratio, "started": time.time()}
    command = module_command("app.window.latency", json.dumps(wanted))
    limit, environment = seconds + _LONGEST_WAIT, module_environment()
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment, check=False)
    except subprocess.TimeoutExpired:
        raise SuperseeError("The window's latency was not measured", "the window did not answer in time") from None
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SuperseeError("The window's latency was not measured", last)
    return json.loads(ended.stdout.strip().splitlines()[-1])


class Lateness:
    """Samples of how late the probe's timer was, in ms; call `start` in a running Qt application."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.samples: list[float] = []
        self._due = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_PERIOD_MS)
        self._timer.timeout.connect(self._fired)

    def start(self) -> None:
        self._due = time.perf_counter() + _PERIOD_MS * 1e-3
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _fired(self) -> None:
        now = time.perf_counter()
        self.samples.append(max(0.0, (now - self._due) * 1e3))
        self._due = now + _PERIOD_MS * 1e-3


def _child(wanted: dict[str, Any]) -> None:
    from app.window import Options
    from app.window.application import make_application

    application = make_application()
    from PySide6.QtCore import QTimer

    from app.window.main_window import MainWindow

    options = Options(scene=wanted["scene"], methods=wanted["methods"], ratio=wanted["ratio"])
    window = MainWindow(options, save=False)
    marks: dict[str, float] = {}
    window.first_painted.connect(lambda: marks.setdefault("paint", time.time()))
    lateness = Lateness()
    loading: list[float] = []

    def frame_shown() -> None:
        if "frame" not in marks:
            marks["frame"] = time.time()
            loading.extend(lateness.samples)
            lateness.samples.clear()
            marks["frames"] = window.shown_frames
            QTimer.singleShot(int(wanted["seconds"] * 1e3), lambda: application.exit(0))

    window.loop.frame_done.connect(lambda _ms: frame_shown())
    window.show()
    lateness.start()
    application.exec()
    lateness.stop()
    seconds = time.time() - marks["frame"]
    frames = window.shown_frames - int(marks["frames"])
    print(json.dumps(_report(wanted, marks, lateness.samples, loading, frames, seconds, window)))  # noqa: T201
    sys.stdout.flush()
    window.close()


def _report(
    wanted: dict[str, Any], marks: dict[str, float], samples: list[float], loading: list[float], frames: int,
    seconds: float, window: Any,
) -> dict[str, Any]:  # fmt: skip
    import numpy as np

    p50, p95, p99 = np.percentile(samples or [0.0], (50, 95, 99))
    comparison = window.rig.comparison
    return {
        "first_paint_ms": (marks["paint"] - wanted["started"]) * 1e3,
        "first_frame_ms": (marks["frame"] - wanted["started"]) * 1e3,
        "frames": frames,
        "frames_per_second": frames / seconds,
        "lateness_ms": {
            "p50": float(p50),
            "p95": float(p95),
            "p99": float(p99),
            "max": max(samples, default=0.0),
            "loading_max": max(loading, default=0.0),
        },
        "renderer": window.rig.renderer,
        "warnings": list(comparison.warnings()) if comparison is not None else [],
    }


if __name__ == "__main__":
    _child(json.loads(sys.argv[1]))
