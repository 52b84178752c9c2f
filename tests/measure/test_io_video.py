"""The cost of a live recording, measured small: the figures are there, finite, and of this very loop."""

from __future__ import annotations

import math

import pytest

from app.capture.recorder import Recorder
from app.measure import io_video
from app.measure.io_video import measure_live_encoding

SMALL = {"size": (96, 54), "frames": 6}


def test_every_figure_is_measured() -> None:
    found = measure_live_encoding(**SMALL)
    assert found["size"] == "96x54"
    assert "264" in str(found["encoder"])
    for name in ("outside_readback_ms", "outside_readback_p95_ms", "readback_ms", "frame_ms", "frame_recorded_ms"):
        assert math.isfinite(float(found[name]))
        assert float(found[name]) > 0
    assert float(found["outside_readback_cpu_ms"]) >= 0
    assert int(found["kept"]) + int(found["dropped"]) >= 6
    assert float(found["frame_ms"]) > float(found["outside_readback_ms"])


def test_a_loop_that_waits_for_the_recording_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    add = Recorder.add

    def slow(self: Recorder, *frame, **how) -> bool:
        until = io_video.time.perf_counter() + 0.003
        while io_video.time.perf_counter() < until:
            pass
        return add(self, *frame, **how)

    monkeypatch.setattr(Recorder, "add", slow)
    found = measure_live_encoding(**SMALL)
    assert float(found["outside_readback_ms"]) > 3
    assert str(found["within_limit"]).startswith("no")
