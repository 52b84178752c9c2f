"""`supersee record`: a scene becomes a sequence with references, and goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from app.sequence.native import NativeSequence

SMALL = ("--size", "64x36", "--ratio", "2", "--reference", "2")


def record(folder: Path, frames: int, *more: str) -> int:
    return main(["record", "court", "--frames", str(frames), *SMALL, "--out", str(folder), *more])


def test_a_recording_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(tmp_path / "once", 4) == 0
    assert "4 frames of 32x18 for 64x36" in capsys.readouterr().out
    assert record(tmp_path / "twice", 2) == 0
    assert record(tmp_path / "twice", 4, "--resume") == 0
    once, twice = NativeSequence(tmp_path / "once"), NativeSequence(tmp_path / "twice")
    assert len(once) == len(twice) == 4
    for index in range(4):
        for name in ("colour", "depth", "motion", "reactive"):
            assert np.array_equal(getattr(once.read(index), name), getattr(twice.read(index), name)), (index, name)
        assert np.array_equal(once.reference(index), twice.reference(index))
        assert once.read(index).jitter == twice.read(index).jitter
    assert once.reference(0).shape == (36, 64, 3)


def test_a_folder_that_is_taken_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    assert record(tmp_path / "full", 1) == 2
    assert "is taken" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
