from __future__ import annotations

import copy
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from app.errors import SuperseeError
from app.inference.live_run import newest_checkpoint
from models.data.sampler import EpisodeSampler
from models.train.checkpoint import load_checkpoint
from models.train.config import OptimiserConfig, load_config, parse_config
from models.train.loop import BAD_BATCH, LATEST, Trainer
from models.train.losses import display, temporal_error
from models.train.losses.objective import Objective
from models.train.rollout import run_window
from models.train.schedule import learning_rate

SHIPPED = Path(__file__).parents[2] / "models" / "configs"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    assert load_config(path).name == path.stem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("warm_up = 4", "warmup = 4", "unknown: warmup"),
        ('name = "tiny"', "name = 3", "not of the type str"),
        ("schema = 1", "schema = 7", "version 7"),
        ("frames = 4", "frames = 5", "multiple of window"),
        ("batch = 2\n", "", "batch"),
        ("iterations = 24", "iterations = true", "not of the type int"),
        ("[network]", "[network", "cannot be used"),
    ],
)
def test_wrong_settings_are_refused_by_name(config_text: str, old: str, new: str, message: str) -> None:
    parse_config(config_text)
    with pytest.raises(SuperseeError, match=message):
        parse_config(config_text.replace(old, new))


def test_an_unknown_network_setting_is_refused(config_text: str, tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="depth"):
        Trainer(config_text.replace("[data]", "depth = 9\n[data]"), tmp_path / "run")


def _loss(trainer: Trainer, clip_folder: Path) -> float:
    """On crops that training did not see, with the averaged weights."""
    batch = EpisodeSampler([clip_folder], {"2.0": 1.0}, 99).batch(0, size=4, frames=6, display_crop=64)
    model = copy.deepcopy(trainer.model)
    model.network.load_state_dict(trainer.average.weights)
    return float(run_window(model, batch, range(6), None, Objective(trainer.config.loss))[0].figures["l1"])


def test_training_lowers_the_loss(config_text: str, clip_folder: Path, tmp_path: Path) -> None:
    """Fresh weights are a tuned temporal upscaler already; from a head that knows nothing there is a way to go."""
    trainer = Trainer(config_text.replace("iterations = 24", "iterations = 60"), tmp_path / "run")
    with torch.no_grad():
        trainer.network.head.bias.zero_()  # type: ignore[union-attr, operator]
    trainer.average.weights["head.bias"].zero_()
    before = _loss(trainer, clip_folder)
    trainer.train()
    assert len(trainer.progress.history) == 3
    assert _loss(trainer, clip_folder) < 0.95 * before


def test_a_resumed_run_is_the_run_that_never_stopped(config_text: str, tmp_path: Path) -> None:
    whole = Trainer(config_text, tmp_path / "whole")
    whole.train()
    Trainer(config_text, tmp_path / "parts").train(until=10)
    resumed = Trainer(config_text, tmp_path / "parts", resume=True)
    assert 10 <= resumed.progress.iteration < 24
    resumed.train()
    a, b = (load_checkpoint(tmp_path / run / LATEST) for run in ("whole", "parts"))
    assert a.progress.iteration == b.progress.iteration == 24
    for name, tensor in a.network.items():
        assert torch.equal(tensor, b.network[name]), name
    for name, tensor in a.average.items():
        assert torch.equal(tensor, b.average[name]), name


def test_a_run_is_not_overwritten(config_text: str, tmp_path: Path) -> None:
    Trainer(config_text, tmp_path / "run").train(until=2)
    with pytest.raises(SuperseeError, match="--resume"):
        Trainer(config_text, tmp_path / "run")


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_last_checkpoint(config_text: str, tmp_path: Path) -> None:
    trainer = Trainer(config_text, tmp_path / "run")
    trainer.train(until=4)
    before = (tmp_path / "run" / LATEST).read_bytes()
    with torch.no_grad():
        trainer.network.head.weight.fill_(float("nan"))  # type: ignore[union-attr]
    with pytest.raises(SuperseeError, match="Training stopped"):
        trainer.train()
    assert (tmp_path / "run" / LATEST).read_bytes() == before
    kept = load_file(str(tmp_path / "run" / BAD_BATCH))
    assert kept["colour"].shape[:2] == kept["exposure"].shape


def test_a_full_disk_stops_with_a_message_and_keeps_the_last_checkpoint(config_text: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    trainer = Trainer(config_text, tmp_path / "run")
    trainer.train(until=4)
    before = (tmp_path / "run" / LATEST).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(SuperseeError, match="cannot be written"):
            trainer.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "run" / LATEST).read_bytes() == before
    assert not list((tmp_path / "run").glob("*.part"))


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(config_text: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("checkpoint_minutes = 0.0\n" + config_text)
    command = [sys.executable, "-m", "models", "train", "--config", str(config), "--run", str(tmp_path / "killed")]
    checkpoint = tmp_path / "killed" / LATEST
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert load_checkpoint(checkpoint).progress.iteration < 24, "it ended before it was killed"
    Trainer(config.read_text(), tmp_path / "killed", resume=True).train()
    Trainer(config.read_text(), tmp_path / "whole").train()
    a, b = (load_checkpoint(tmp_path / run / LATEST) for run in ("whole", "killed"))
    assert all(torch.equal(tensor, b.network[name]) for name, tensor in a.network.items())


def test_each_checkpoint_leaves_a_network_for_the_viewer(config_text: str, tmp_path: Path) -> None:
    trainer = Trainer(config_text, tmp_path / "run")
    trainer.train(until=4)
    newest = newest_checkpoint(tmp_path / "run")
    assert newest is not None
    assert newest.iteration == trainer.progress.iteration


def test_the_learning_rate_warms_up_and_falls() -> None:
    settings = OptimiserConfig(warm_up=10)
    rates = [learning_rate(i, 100, settings) for i in range(101)]
    assert rates[0] == pytest.approx(settings.learning_rate / 10)
    assert max(rates) == pytest.approx(settings.learning_rate)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(settings.final_learning_rate)


def test_display_is_the_metrics_curve_below_white_and_still_rises_above() -> None:
    from app.measure.image_metrics import display_image

    linear = torch.rand(1, 3, 5, 7)
    shown = display(linear, torch.ones(1))
    expected = display_image(linear[0].permute(1, 2, 0).numpy())
    assert torch.allclose(shown[0].permute(1, 2, 0), torch.from_numpy(expected), atol=1e-5)
    bright = torch.full((1, 3, 1, 1), 4.0, requires_grad=True)
    display(bright, torch.ones(1)).sum().backward()
    assert bright.grad is not None
    assert (bright.grad > 0).all()


def test_an_error_that_moves_with_the_surface_costs_nothing() -> None:
    error = torch.rand(1, 3, 16, 16)
    motion = torch.zeros(1, 2, 8, 8)
    motion[:, 0] = -1.0  # LR pixels: content moves right by two display pixels
    moved = torch.roll(error, 2, dims=3)
    still = temporal_error(moved, error, torch.zeros_like(motion))
    along = temporal_error(moved, error, motion)
    assert float(along) < 1e-6
    assert float(still) > 0.1
