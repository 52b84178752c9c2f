"""Screenshots of a window that draws a real scene, drawn again without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from app.capture.image_files import read_layer
from app.capture.screenshot import read_record
from app.cli import main
from app.window.parts import Parts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("app.window.shots.capture_folder", lambda kind: tmp_path / kind)
    return tmp_path / "screenshots"


def test_own_camera_pause_reference_and_buffers_are_drawn_again(qtbot, open_window, folder, capsys) -> None:
    window = open_window(Parts(), methods=("bilinear", "reference", "taau"), display_size=(96, 54))
    qtbot.mousePress(window.canvas, Qt.MouseButton.RightButton, pos=QPoint(100, 80))
    qtbot.mouseMove(window.canvas, QPoint(107, 80))
    qtbot.mouseMove(window.canvas, QPoint(160, 90))
    qtbot.mouseRelease(window.canvas, Qt.MouseButton.RightButton, pos=QPoint(160, 90))
    seen = window.shown_frames
    qtbot.waitUntil(lambda: window.shown_frames >= seen + 4, timeout=10_000)
    window.presenter.set_exposure(2)
    window.presenter.toggle_wipe()
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.rig.comparison.reference_done >= 64, timeout=30_000)
    window.presenter.set_method("lanczos")  # in place of bilinear, while it stands still
    qtbot.waitUntil(lambda: window.rig.composition.panes[0].method == "lanczos", timeout=10_000)
    window.commands.screenshot(buffers=True)
    qtbot.waitUntil(lambda: "buffers" in window.hud.toast, timeout=10_000)
    window.close()
    shot = next(folder.glob("*.json"))
    names = sorted(path.name.removeprefix(shot.stem) for path in folder.iterdir())
    layers = ["colour", "depth", "lanczos", "motion", "reactive", "reference", "taau"]
    assert names == sorted(
        [".json", ".png", "-1-lanczos.png", "-2-reference.png", "-3-taau.png", *(f"-{name}.exr" for name in layers)]
    )
    record = read_record(shot)
    assert record["own_camera"]
    assert record["mode"] == "Performance"
    assert shot.stem.endswith(f"_court_f{record['frame']:05d}_performance-2x")
    assert read_layer(shot.with_name(f"{shot.stem}-depth.exr")).dtype == np.float32
    assert read_layer(shot.with_name(f"{shot.stem}-colour.exr")).shape == (27, 48, 4)
    assert main(["render", "--from", str(shot), "--out", str(folder / "again")]) == 0
    said = capsys.readouterr().out
    assert said.count("pixel for pixel") == len(names) - 1, said  # all but the JSON
