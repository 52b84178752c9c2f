from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from app.errors import SuperseeError
from app.measure.image_metrics import display_image, flicker, flip, psnr, ssim, tpsnr
from models.data.clip import save_clip
from models.data.index import ClipEntry, DataIndex, write_index
from models.evaluate.held_out import score_clip, score_model
from models.evaluate.sequences import held_out_clips
from models.evaluate.tally import WARM_UP, Scores, Tally, mean_scores
from models.network.model import build_model
from models.train.config import DataConfig
from models.train.watch import held_out_clips as clips_in_training
from tests.models.synthetic import synthetic_clip

TINY = {"widths": [8, 8, 8], "blocks": [0, 0, 0], "up_blocks": [0, 0]}


class _Nearest:
    """A model without a memory: every display pixel is its low-resolution one."""

    kind = "nearest"

    def __init__(self) -> None:
        self.network: torch.nn.Module = torch.nn.Identity()

    def initial(self, frame):
        return SimpleNamespace(frames=0)

    def step(self, frame, state):
        assert not self.network.training
        width, height = frame.display_size
        output = F.interpolate(frame.colour, size=(height, width), mode="nearest-exact")
        return output, SimpleNamespace(frames=state.frames + 1)


def test_figures_of_a_model_are_those_of_the_metrics_after_the_warm_up() -> None:
    clip = synthetic_clip(1, frames=WARM_UP + 2, display=(64, 48))
    clip = replace(clip, exposure=np.full(clip.frames, 0.5, np.float32))
    result = score_model(_Nearest(), [clip], flip=True)
    outputs = [display_image(c.repeat(2, 0).repeat(2, 1).astype("f4"), 0.5) for c in clip.colour[-3:]]
    wanted = [display_image(r, 0.5) for r in clip.reference[-3:]]
    assert result.frames == 2
    assert result.psnr == pytest.approx(np.mean([psnr(o, w) for o, w in zip(outputs[1:], wanted[1:])]), abs=1e-4)
    assert result.ssim == pytest.approx(np.mean([ssim(o, w) for o, w in zip(outputs[1:], wanted[1:])]), abs=1e-5)
    assert result.flip == pytest.approx(np.mean([flip(o, w) for o, w in zip(outputs[1:], wanted[1:])]), abs=1e-5)
    pairs = [(outputs[i], outputs[i + 1], wanted[i], wanted[i + 1]) for i in (0, 1)]
    assert result.tpsnr == pytest.approx(np.mean([tpsnr(*pair) for pair in pairs]), abs=1e-4)
    moved = [flicker(*pair, m.astype("f4")) for pair, m in zip(pairs, clip.motion[-2:])]
    assert result.flicker == pytest.approx(np.mean(moved), abs=1e-4)


def test_a_cut_has_no_temporal_figures_and_starts_no_second_warm_up() -> None:
    clip = synthetic_clip(2, frames=WARM_UP + 1, display=(48, 32))
    reset = clip.reset.copy()
    reset[-1] = True
    cut = score_model(_Nearest(), [replace(clip, reset=reset)])
    assert (cut.frames, cut.tpsnr, cut.flicker) == (1, None, None)
    assert cut.psnr == score_model(_Nearest(), [clip]).psnr


def test_flip_is_taken_of_a_few_frames_spread_over_the_sequence() -> None:
    assert Tally(24, 6).flip_at == {5, 9, 12, 16, 19, 23}
    assert Tally(24, 0).flip_at == set()
    assert Tally(7, 6).flip_at == {5, 6}
    clip = synthetic_clip(2, frames=WARM_UP + 1, display=(48, 32))
    assert score_model(_Nearest(), [clip]).flip is None


def test_a_sequence_that_is_all_warm_up_is_refused_in_words() -> None:
    for frames in (1, WARM_UP):
        with pytest.raises(SuperseeError, match=f"its {frames} frames are all warm-up. Give it more than 5 frames"):
            score_model(_Nearest(), [synthetic_clip(2, frames=frames, display=(48, 32))])
    with pytest.raises(SuperseeError, match="it has no frames"):
        Tally(0)


def test_a_training_takes_no_held_out_clip_that_is_all_warm_up(tmp_path: Path, capsys) -> None:
    index = DataIndex(seed=1, reference_samples=16, scenes=(), held_out=())
    for frames in (WARM_UP, WARM_UP + 1):
        name = f"{frames:05d}"
        index.clips.append(ClipEntry(name, "test", "synthetic", "slow", frames, 2.0, (24, 16), (48, 32), frames, -2.0))
        save_clip(synthetic_clip(2, frames=frames, display=(48, 32)), tmp_path / index.clips[-1].file)
    write_index(index, tmp_path)
    data = DataConfig(folders=[str(tmp_path)], ratio_weights={"2.0": 1.0})
    found = clips_in_training(data, 3)
    assert found is not None
    assert len(found) == 1
    assert "held_out_psnr" in found.figures(_Nearest())
    del index.clips[1]
    write_index(index, tmp_path)
    assert clips_in_training(data, 3) is None
    assert "no test clips of the trained ratios longer than 5 frames" in capsys.readouterr().out


def test_every_clip_counts_the_same() -> None:
    long, short = Scores(30.0, 0.9, 0.1, 40.0, 1.0, 90), Scores(20.0, 0.5, 0.3, 30.0, None, 10)
    assert mean_scores([long, short]) == Scores(25.0, 0.7, pytest.approx(0.2), 35.0, None, 100)  # type: ignore[arg-type]


def test_the_kernel_network_is_scored_and_left_in_training_with_its_weights(clip_folder: Path) -> None:
    model = build_model(TINY, seed=1)
    model.network.train()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    clips = [item.clip() for item in held_out_clips([clip_folder], ratios=[2.0])]
    result = score_model(model, clips)
    assert len(clips) == 1
    assert model.network.training
    assert all(torch.equal(before[name], value) for name, value in model.network.state_dict().items())
    assert result.psnr > score_model(_Nearest(), clips).psnr  # fresh weights are a plain temporal upscaler


def test_what_the_model_drew_can_be_looked_at() -> None:
    clip, seen = synthetic_clip(3, frames=WARM_UP + 1, display=(48, 32)), []
    score_clip(_Nearest(), clip, flip_frames=0, on_frame=lambda i, output, reference: seen.append((i, output.shape)))
    assert seen == [(i, (32, 48, 3)) for i in range(WARM_UP + 1)]
