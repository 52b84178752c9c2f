from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import SuperseeError
from models.__main__ import main
from models.evaluate.held_out import score_model
from models.evaluate.limits import Limits, clip_limits, mean_limits
from models.evaluate.tally import WARM_UP
from tests.models.synthetic import still_clip, synthetic_clip, tiny_model


@pytest.mark.parametrize("brightness", [1, 8])
def test_played_is_what_scoring_says_up_to_its_mean_over_frames(brightness: int) -> None:
    clip = synthetic_clip(1, frames=WARM_UP + 1, display=(64, 48))
    clip = replace(clip, colour=clip.colour * brightness, reference=clip.reference * brightness)
    model = tiny_model()
    assert clip_limits(model, clip).played == pytest.approx(score_model(model, [clip]).psnr, abs=1e-3)


@pytest.mark.parametrize("history_scale", [1, 2])
def test_a_perfect_history_beats_none_and_a_still_reference_warps_onto_itself(history_scale: int) -> None:
    found = clip_limits(tiny_model(history_scale), still_clip(WARM_UP + 2))
    assert found.perfect > found.forgetful + 1.0
    assert found.warped > 60.0


def test_a_cut_leaves_no_history_to_anyone() -> None:
    clip = synthetic_clip(2, frames=WARM_UP + 1, display=(64, 48))
    reset = clip.reset.copy()
    reset[-1] = True
    found = clip_limits(tiny_model(), replace(clip, reset=reset))
    assert found.played == pytest.approx(found.forgetful, abs=1e-3)
    assert found.perfect == pytest.approx(found.forgetful, abs=1e-3)


def test_a_clip_that_is_all_warm_up_is_refused_in_words() -> None:
    with pytest.raises(SuperseeError, match="all warm-up"):
        clip_limits(tiny_model(), synthetic_clip(2, frames=WARM_UP, display=(64, 48)))


def test_means_are_taken_column_by_column() -> None:
    assert mean_limits([Limits(1, 2, 3, 4), Limits(3, 4, 5, 6)]) == Limits(2, 3, 4, 5)


def test_command_refuses_what_is_no_run(clip_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["limits", "--run", str(clip_folder / "none"), "--data", str(clip_folder)]) == 2
    assert "none" in capsys.readouterr().err
