from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.__main__ import main
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.score import score
from models.evaluate.tally import WARM_UP
from tests.models.synthetic import synthetic_clip


class _Perfect:
    """Hands back the reference."""

    def __init__(self, context, player: ClipPlayer, frames) -> None:
        self._textures = [context.texture(player.display_size, 3, f.tobytes(), alignment=1, dtype="f2") for f in frames]

    def resize(self, render_size, display_size) -> None: ...

    def reset(self) -> None: ...

    def upscale(self, frame):
        return self._textures[frame.frame_index]


def test_a_perfect_upscaler_scores_perfectly(gl) -> None:
    clip = synthetic_clip(1, frames=WARM_UP + 2, display=(64, 48))
    player = ClipPlayer(gl, clip)
    result = score(_Perfect(gl, player, clip.reference), player)  # type: ignore[arg-type]
    assert result.psnr == 100.0
    assert result.ssim == pytest.approx(1.0)
    assert result.flip == pytest.approx(0.0, abs=1e-6)
    assert result.flicker == pytest.approx(0.0, abs=1e-6)
    assert result.frames == 2
    player.release()


def test_a_clip_reaches_the_upscalers_as_it_is(gl) -> None:
    import numpy as np

    clip = synthetic_clip(2, frames=2, display=(48, 32))
    player = ClipPlayer(gl, clip)
    frame = player.frame(1)
    colour = np.frombuffer(frame.colour.read(), "f2").reshape(16, 24, 4)
    np.testing.assert_array_equal(colour[..., :3], clip.colour[1])
    np.testing.assert_array_equal(np.frombuffer(frame.motion.read(), "f2").reshape(16, 24, 2), clip.motion[1])
    assert frame.ratio == 2.0
    assert not frame.reset
    player.release()


def test_the_command_scores_methods_and_writes_json(clip_folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "scores.json"
    assert main(["evaluate", "--data", str(clip_folder), "--methods", "bilinear,taau", "--out", str(out)]) == 0
    assert "| bilinear |" in capsys.readouterr().out
    means = json.loads(out.read_text())["means"]
    assert {m["method"] for m in means} == {"bilinear", "taau"}
    assert all(10 < m["psnr"] < 60 for m in means)


def test_nothing_to_score_is_said_plainly(capsys) -> None:
    assert main(["evaluate", "--methods", "bilinear"]) == 2
    assert "nothing to score" in capsys.readouterr().err
