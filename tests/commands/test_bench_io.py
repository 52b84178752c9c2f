"""`supersee bench --io` at a size that is done in a second, and what it makes of what it measures."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from app.cli import main
from app.commands import bench_io
from app.commands.bench_io import Measured

ARGUMENTS = ["bench", "--io", "--sizes", "64x48", "--frames", "3"]


def live_video(**found: object) -> ModuleType:
    module = ModuleType("app.measure.io_video")
    module.measure_live_encoding = lambda frames: {**found, "frames": frames}  # type: ignore[attr-defined]
    return module


def test_every_step_is_measured_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "app.measure.io_video", live_video(size="1280x720", ms=0.5, encoder="libx264"))
    assert main([*ARGUMENTS, "--out", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["io.json"]  # what was recorded is gone
    result = json.loads((tmp_path / "io.json").read_text())
    for step, frames in (("read_back", 3), ("write", 3), ("read", 3), ("read_ahead", 3), ("play", 3)):
        assert result[step]["frames"] == frames
        assert result[step]["ms"] > 0
    assert result["write"]["megabytes"] > 0
    seconds_a_frame = (result["write"]["ms"] + result["read_back"]["ms"]) / 1e3
    assert result["record"]["frames_per_second"] == pytest.approx(1 / seconds_a_frame, rel=0.01)
    assert result["packing"]["ZIP"]["megabytes"] < result["packing"]["NO"]["megabytes"]
    assert result["live_video"] == {"size": "1280x720", "ms": 0.5, "encoder": "libx264", "frames": 3}
    out = capsys.readouterr().out
    assert "recording 64x48" in out
    assert "read ahead and uploaded" in out
    assert "libx264" in out


@pytest.mark.parametrize(
    ("cores", "idle", "verdict"),
    [
        (1.9, 0.1, "busy"),
        (1.9, None, "busy"),
        (0.9, 1.1, "NOT busy"),
        (0.9, None, "NOT busy"),
        (0.9, 0.0, "all taken, by other programs too"),
    ],
)
def test_two_cores_are_busy_by_what_this_process_used(cores: float, idle: float | None, verdict: str) -> None:
    assert bench_io._verdict(Measured(10, 20.0, 20.0 * cores, cores, idle)) == verdict


def test_what_is_printed_says_how_many_cores_were_kept_busy(capsys: pytest.CaptureFixture[str]) -> None:
    bench_io._print("read ahead", Measured(24, 60.0, 114.0, 1.9, 0.1), "  two cores: busy", threads=2)
    assert "16.7 frames/s     60.0 ms,  114.0 of CPU, 1.9 of 2 cores busy, 0.1 idle  two cores: busy" in (
        capsys.readouterr().out
    )


def test_processor_time_is_counted_over_all_threads() -> None:
    measured = bench_io._measured(lambda _: sum(range(200_000)), range(3))
    assert 0 < measured.cpu_ms <= measured.ms * 1.5
    assert measured.rate == pytest.approx(1e3 / measured.ms)


def test_too_small_a_disk_is_found_out_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert main([*ARGUMENTS, "--out", str(tmp_path / "new")]) == 2
    assert "too little room" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.exr"))
