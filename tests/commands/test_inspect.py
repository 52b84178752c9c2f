from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from tests.sequence import wall
from tests.sequence.recordings import exr


@pytest.fixture
def flipped(tmp_path: Path) -> Path:
    """A recording whose motion somebody wrote with y the other way round."""
    folder = wall.write_blender_layers(tmp_path / "shot")
    for index in range(wall.FRAMES):
        each = wall.truth(index)
        channels = {f"View Layer.Combined.{name}": wall.half(each.colour[..., i]) for i, name in enumerate("RGB")}
        channels["View Layer.Vector.X"] = np.ascontiguousarray(each.motion[..., 0])
        channels["View Layer.Vector.Y"] = np.ascontiguousarray(each.motion[..., 1])
        exr(folder / f"{index + 1:04}.exr", channels)
    return folder


def test_a_recording_is_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = wall.write_arm(tmp_path / "data")
    assert main(["inspect", str(folder), "--json", str(tmp_path / "found.json")]) == 0
    out = capsys.readouterr().out
    assert "data/0000: Arm capture" in out
    assert "8 at 60 a second" in out
    assert "96x64, shown at 192x128 (2x)" in out
    assert "read as     Motion: read as position now minus before" in out
    assert "Camera and depth explain the motion of 100% of the pixels." in out
    assert "Nothing looks wrong." in out
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["kind"], found["frames"], found["self_test"]) == ("Arm capture", 8, None)


def test_a_flipped_recording_is_found_by_the_self_test(
    flipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(flipped), "--self-test", "--json", str(tmp_path / "found.json")]) == 1
    out = capsys.readouterr().out
    assert "Motion looks flipped in y: " in out
    assert "Jitter fits as declared: " in out
    assert "No depth" in out
    correction = json.loads((tmp_path / "found.json").read_text())["self_test"]["convention"]
    assert correction["motion_scale"] == [1.0, -1.0]


def test_a_missing_frame_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot")
    (folder / "0007.exr").unlink()
    assert main(["inspect", str(folder)]) == 1
    assert "WARNING  frame 7: The frame" in capsys.readouterr().out


def test_what_is_no_recording_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path / "nothing")]) == 2
    assert "There is no recording" in capsys.readouterr().err


def test_a_scene_is_tested_like_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "arcade", "--self-test", "--frames", "2"]) == 0
    out = capsys.readouterr().out
    assert "arcade: live scene" in out
    assert "Motion fits as declared" in out
