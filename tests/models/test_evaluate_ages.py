from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from models.__main__ import main
from models.evaluate.ages import FIRST_FRAMES, clip_ages, sum_ages
from models.evaluate.limits import clip_limits
from models.evaluate.tally import WARM_UP
from models.train.loop import Trainer
from tests.models.synthetic import still_clip, synthetic_clip, tiny_model


def test_what_rests_is_as_old_as_the_clip() -> None:
    found = clip_ages(tiny_model(), still_clip(WARM_UP + 4))  # frames 5 to 8 count: seen in as many before
    pixels = 64 * 48
    assert found.pixels.tolist() == [0, 0, 0, 3 * pixels, pixels, 0]
    assert [row[0] for row in found.rows] == ["0", "1", "2 to 3", "4 to 7", "8 to 15", "16 or more"]
    assert [row[1] for row in found.rows] == ["0.0", "0.0", "0.0", "75.0", "25.0", "0.0"]
    assert found.rows[0][3] == "–"


def test_a_cut_makes_everything_new() -> None:
    clip = still_clip(WARM_UP + 2)
    reset = clip.reset.copy()
    reset[-2] = True
    assert clip_ages(tiny_model(), replace(clip, reset=reset)).pixels.tolist() == [64 * 48, 64 * 48, 0, 0, 0, 0]


def test_the_errors_of_all_ages_make_the_clips() -> None:
    clip = synthetic_clip(1, frames=WARM_UP + 2, display=(64, 48))
    found = sum_ages([clip_ages(tiny_model(2), clip)] * 2)
    assert len(found.squares) == len(FIRST_FRAMES)
    decibels = -10 * np.log10(found.squares.sum() / found.pixels.sum())
    assert decibels == pytest.approx(clip_limits(tiny_model(2), clip).played, abs=1e-3)


def test_a_clip_that_is_all_warm_up_is_refused() -> None:
    with pytest.raises(SuperseeError, match="all warm-up"):
        clip_ages(tiny_model(), synthetic_clip(2, frames=WARM_UP, display=(64, 48)))


def test_the_command_prints_a_table_a_group(
    clip_folder: Path, config_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer(config_text, tmp_path / "run").train(until=1)
    assert main(["limits", "--ages", "--run", str(tmp_path / "run"), "--data", str(clip_folder)]) == 0
    said = capsys.readouterr().out
    assert "| seen before, frames | pixels % | squared error % | PSNR dB |" in said
    assert "| 4 to 7" in said
