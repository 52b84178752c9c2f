"""What a run is resumed with, and how one is left: on Ctrl+C, on a full disk, on a batch that is not finite."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from app.errors import SuperseeError
from models.data.clip import ClipReader, save_clip
from models.train import checkpoint
from models.train.bad_batch import BAD_BATCH
from models.train.checkpoint import load_checkpoint
from models.train.loop import LATEST, Trainer


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("learning_rate = 2e-2", "learning_rate = 1e-2", r"optimiser.learning_rate 0.02 -> 0.01"),
        ("schema = 1", "schema = 1\nseed = 9", "seed 1 -> 9"),
        ("batch = 2", "batch = 4", r"stages\[0\].batch 2 -> 4"),
        ('"2.0" = 1.0', '"1.9-2.1" = 1.0', "data.ratio_weights"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    config_text: str, tmp_path: Path, old: str, new: str, told: str
) -> None:
    Trainer(config_text, tmp_path / "run").train(until=2)
    with pytest.raises(SuperseeError, match=f"other settings: .*{told}"):
        Trainer(config_text.replace(old, new), tmp_path / "run", resume=True)


def test_a_run_may_be_made_longer_and_says_where_it_stands(
    config_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer(config_text, tmp_path / "run").train(until=4)
    longer = config_text.replace("iterations = 24", "iterations = 30") + "[loss]\n"
    Trainer(longer, tmp_path / "run", resume=True)
    assert "is at 4 of 30 iterations (stages[0].iterations 24 -> 30)" in capsys.readouterr().out


def test_a_run_that_is_asked_to_stop_saves_first_and_resumes_exactly(config_text: str, tmp_path: Path) -> None:
    text = config_text.replace("iterations = 24", "iterations = 4000")
    config = tmp_path / "config.toml"
    config.write_text(text)
    command = [sys.executable, "-m", "models", "train", "--config", str(config), "--run", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not process.stdout.readline().lstrip().startswith("20/"):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping after this episode" in out
    assert "models: stopped" in err
    stopped = load_checkpoint(tmp_path / "run" / LATEST)
    at = stopped.progress.iteration
    assert at >= 20
    Trainer(text, tmp_path / "whole").train(until=at)
    whole = load_checkpoint(tmp_path / "whole" / LATEST)
    assert whole.progress.iteration == at
    assert all(torch.equal(value, stopped.network[name]) for name, value in whole.network.items())


def test_a_run_goes_on_when_nobody_reads_its_lines_any_more(config_text: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config_text.replace("iterations = 24", "iterations = 60"))
    command = [sys.executable, "-m", "models", "train", "--config", str(config), "--run", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(60) == 0, errors
    assert load_checkpoint(tmp_path / "run" / LATEST).progress.iteration == 60


def test_what_a_full_disk_refuses_at_the_end_is_kept_elsewhere(
    config_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(config_text, tmp_path / "run")
    write = checkpoint.write_tensors

    def full(tensors, path: Path, metadata) -> None:
        if path.parent == tmp_path / "run":
            raise OSError(28, "No space left on device")
        write(tensors, path, metadata)

    monkeypatch.setattr(checkpoint, "write_tensors", full)
    monkeypatch.setattr(checkpoint.tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(SuperseeError, match=r"No space left.*It is in .*supersee-run-latest\.safetensors"):
        trainer.train(until=4)
    kept = load_checkpoint(tmp_path / f"supersee-run-{LATEST}")
    assert kept.progress.iteration == 4


def test_data_that_are_not_finite_are_named(config_text: str, clip_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    for path in clip_folder.rglob("*.*"):
        (folder / path.relative_to(clip_folder)).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.relative_to(clip_folder)).write_bytes(path.read_bytes())
    broken = folder / "clips" / "00001.safetensors"
    clip = ClipReader(broken).read()
    clip.colour[:] = float("nan")
    save_clip(clip, broken)
    trainer = Trainer(config_text.replace(clip_folder.as_posix(), folder.as_posix()), tmp_path / "run")
    with pytest.raises(SuperseeError, match=rf"not finite: the colour of {broken}.*render-data --check"):
        trainer.train()
    with safe_open(str(tmp_path / "run" / BAD_BATCH), framework="pt") as file:
        assert str(broken) in (file.metadata() or {})["clips"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("frames = 4", "frames = 8", r"stages\[0\] do not suit the data: .* has 6 frames, and 8 are asked for"),
        ("learning_rate = 2e-2", "learning_rate = -1.0", "optimiser"),
        ("warm_up = 4", "warm_up = 4\nema = 2.0", "ema cannot be used: 2 is not from 0"),
        ('"2.0" = 1.0', '"2.0" = "much"', r"ratio_weights.2.0 cannot be used: 'much' is not of the type float"),
        ("schema = 1", "schema = 1\nthreads = 0", "threads cannot be used"),
    ],
)
def test_settings_that_cannot_be_are_told_before_anything_is_trained(
    config_text: str, tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(SuperseeError, match=told):
        Trainer(config_text.replace(old, new), tmp_path / "run")
