import json
from pathlib import Path

import pytest

from app.capture.image_files import read_png
from app.cli import main
from app.commands import startup
from app.commands.bench import COMBINATIONS, TARGETS, _rate_row
from app.commands.figures import median_stages


def test_bench_prints_a_table_and_writes_json_and_a_picture(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--sizes", "96x64", "--ratios", "1.5,2", "--methods", "native,bilinear,neural", "--frames", "3"]
    assert main(["bench", *options, "--network", str(network), "--no-window", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "bench.json").read_text())
    assert [(row["ratio"], row["method"]) for row in result["stages"]] == [
        (ratio, method) for ratio in (1.5, 2.0) for method in ("native", "bilinear", "neural")
    ]
    neural = result["stages"][-1]["stage_ms"]
    assert {"render", "exchange", "pre", "network", "post", "present"} <= set(neural)
    assert [row["bytes_to_host"] for row in result["stages"]] == [None, None, 64 * 44 * 80, None, None, 48 * 32 * 80]
    assert [row["name"] for row in result["rates"]] == list(COMBINATIONS)
    assert all(row["frames_per_second"] > 0 for row in result["rates"])
    assert result["startup"]["supersee --help"]["ms"] > 0
    said = capsys.readouterr().out
    assert "neural alone" in said
    assert "frames/s" in said
    if result["machine"]["software_renderer"]:
        assert "times are of software rendering" in said
    assert read_png(tmp_path / "bench.png")[0].shape[1] == 1600


def test_medians_drop_the_warm_up_and_count_stages_that_were_seen() -> None:
    slow, fast = {"render": 100.0, "post": 50.0}, {"render": 10.0}
    stages = median_stages([slow, slow, slow, fast, fast, fast, {"render": 14.0, "post": 2.0}])
    assert stages == {"render": 10.0, "post": 0.0, "total": 10.0}
    assert median_stages([]) == {}


def test_rates_are_of_the_mean_frame_and_carry_their_target() -> None:
    row = _rate_row("neural alone", ("neural",), (640, 360), 2.0, [50.0, 100.0, 150.0])
    assert row["frames_per_second"] == 10.0
    assert row["p50_ms"] == 100.0
    assert row["target"] == TARGETS["neural alone"]
    assert _rate_row("neural alone", ("neural",), (1280, 720), 2.0, [50.0])["target"] is None


def test_start_up_is_measured_on_this_very_program() -> None:
    found = startup.measure_startup()["supersee --help"]
    assert 5.0 < found["ms"] < 5000.0
    assert found["target_ms"] == 300.0


def test_without_any_display_the_window_is_not_measured_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(startup.shutil, "which", lambda _name: None)
    found = startup.measure_window()
    assert all(entry["ms"] is None for entry in found.values())
    assert all("no display" in entry["note"] for entry in found.values())
