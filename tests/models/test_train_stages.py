from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import torch

from app.errors import SuperseeError
from models.data.sampler import EpisodeSampler, read_batch
from models.export.command import export_run
from models.network.model import build_model
from models.train.checkpoint import load_checkpoint
from models.train.config import HardConfig, StageConfig, parse_config
from models.train.hard import load_hard, mine, save_hard, score_crops
from models.train.loop import LATEST, Trainer
from models.train.losses.objective import Objective
from models.train.precision import use_precision
from models.train.rollout import run_window
from models.train.start import start_from
from models.train.update import NotFiniteError, Update

CPU = torch.device("cpu")
HARD = 'frames = 4\nwindow = 2\nkind = "hard"\n[hard]\ncandidates = 8\nshare = 0.5\nfresh = 0.0'


def _hard(config_text: str) -> str:
    return config_text.replace("frames = 4\nwindow = 2", HARD)


def test_the_worst_crops_are_kept_and_drawn_again(config_text: str, clip_folder: Path, tmp_path: Path) -> None:
    config = parse_config(config_text)
    model = build_model(config.network, 1)
    sampler = EpisodeSampler([clip_folder], {"2.0": 1.0}, 1)
    stage = StageConfig(iterations=4, batch=2, display_crop=32, frames=4, window=2, kind="hard")
    everything = mine(model, sampler, stage, HardConfig(candidates=8, share=1.0), CPU)
    kept = mine(model, sampler, stage, HardConfig(candidates=8, share=0.25), CPU)
    assert len(everything) == 8
    assert [score for _, score in kept] == sorted((score for _, score in everything), reverse=True)[:2]
    assert float(score_crops(model, read_batch([kept[0][0]]))) == pytest.approx(kept[0][1], rel=1e-5)

    save_hard(kept, tmp_path / "hard.json")
    hard = load_hard(tmp_path / "hard.json", sampler)
    places = {crop.place for crop, _ in kept}
    drawn = sampler.crops(3, size=8, frames=4, display_crop=32, hard=hard, fresh=0.0)
    assert {crop.place for crop in drawn} <= places
    fresh = sampler.crops(3, size=8, frames=4, display_crop=32, hard=hard, fresh=1.0)
    assert not {crop.place for crop in fresh} <= places


def test_a_hard_stage_resumes_with_the_crops_it_had(config_text: str, tmp_path: Path) -> None:
    text = _hard(config_text).replace("iterations = 24", "iterations = 8")
    Trainer(text, tmp_path / "whole").train()
    Trainer(text, tmp_path / "parts").train(until=4)
    Trainer(text, tmp_path / "parts", resume=True).train()
    a, b = (load_checkpoint(tmp_path / run / LATEST) for run in ("whole", "parts"))
    assert all(torch.equal(value, b.network[name]) for name, value in a.network.items())
    (tmp_path / "parts" / "hard-0.json").write_text(json.dumps({"schema": 9, "crops": []}))
    with pytest.raises(SuperseeError, match="schema 9"):
        Trainer(text.replace("iterations = 8", "iterations = 12"), tmp_path / "parts", resume=True).train()


def test_an_adversarial_run_resumes_exactly(config_text: str, tmp_path: Path) -> None:
    text = config_text.replace("iterations = 24", "iterations = 8") + "[loss]\nadversarial = 0.1\n"
    Trainer(text, tmp_path / "whole").train()
    Trainer(text, tmp_path / "parts").train(until=4)
    Trainer(text, tmp_path / "parts", resume=True).train()
    a, b = (load_checkpoint(tmp_path / run / LATEST) for run in ("whole", "parts"))
    assert a.discriminator
    for group in ("network", "average", "discriminator", "discriminator_optimiser"):
        for name, value in getattr(a, group).items():
            assert torch.equal(value, getattr(b, group)[name]), f"{group} {name}"


def test_one_run_starts_from_another_or_from_what_was_exported(config_text: str, tmp_path: Path) -> None:
    Trainer(config_text, tmp_path / "first").train(until=4)
    export_run(tmp_path / "first", tmp_path / "exported")
    average = load_checkpoint(tmp_path / "first" / LATEST).average
    for source in (tmp_path / "first", tmp_path / "first" / LATEST, tmp_path / "exported"):
        text = f'start_from = "{source.as_posix()}"\n' + config_text
        network = Trainer(text, tmp_path / "second").network
        assert all(torch.equal(value, average[name]) for name, value in network.state_dict().items()), source


def test_a_checkpoint_of_another_architecture_is_named(config_text: str, tmp_path: Path) -> None:
    Trainer(config_text, tmp_path / "run").train(until=2)
    wider = config_text.replace("[8, 8, 8]", "[12, 8, 8]")
    with pytest.raises(SuperseeError, match=r"another architecture: 6 of 12.*down\.0\.0\.bias is \(8,\), not \(12,\)"):
        Trainer(wider, tmp_path / "run", resume=True)
    with pytest.raises(SuperseeError, match="another architecture"):
        start_from(build_model({"kind": "srcnn", "ratio": 2}).network, tmp_path / "run")
    with pytest.raises(SuperseeError, match="There is no checkpoint in"):
        start_from(build_model({}).network, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("stage", "message"),
    [('kind = "easy"', "one of single, recurrent, hard"), ('kind = "single"', "one frame")],
)
def test_wrong_stages_are_refused(config_text: str, stage: str, message: str) -> None:
    with pytest.raises(SuperseeError, match=message):
        parse_config(config_text.replace("window = 2", f"window = 2\n{stage}"))


def test_a_single_image_network_trains_on_single_frames(config_text: str, clip_folder: Path, tmp_path: Path) -> None:
    text = config_text.replace(
        "widths = [8, 8, 8]\nblocks = [0, 0, 0]\nup_blocks = [0, 0]", 'kind = "espcn"\nratio = 2'
    )
    text = text.replace("frames = 4\nwindow = 2", 'frames = 1\nwindow = 1\nkind = "single"')
    text = text.replace("iterations = 24", "iterations = 100").replace("2e-2", "1e-3")
    trainer = Trainer(text, tmp_path / "run")
    unseen = EpisodeSampler([clip_folder], {"2.0": 1.0}, 99).batch(0, size=8, frames=1, display_crop=64)

    def psnr() -> float:
        objective = Objective(trainer.config.loss)
        return float(run_window(trainer.model, unseen, range(1), None, objective)[0].figures["psnr"])

    before = psnr()  # fresh weights are near to a plain enlargement
    trainer.train()
    assert psnr() > before + 0.3
    last = trainer.progress.history[-1]
    assert last["temporal"] == 0.0
    assert {"held_out_psnr", "held_out_tpsnr", "rate", "loader"} <= set(last)


def test_a_checkpoint_that_cannot_be_written_mid_run_does_not_end_the_run(
    config_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer("checkpoint_minutes = 0.0\n" + config_text, tmp_path / "run")
    trainer.train(until=2)
    before = (tmp_path / "run" / LATEST).read_bytes()
    failures = []

    def full(tensors: object, path: Path, metadata: object) -> None:
        failures.append((tmp_path / "run" / LATEST).read_bytes() == before)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("models.train.checkpoint.write_tensors", full)
    with pytest.raises(SuperseeError, match="No space left on device; the one before is still there"):
        trainer.train(until=8)  # the last save has nothing to try again after
    assert trainer.progress.iteration == 8
    assert all(failures)
    assert "Training goes on" in capsys.readouterr().out


def test_half_precision_stays_inside_the_network() -> None:
    model = build_model({"widths": [8, 8, 8], "blocks": [0, 0, 0], "up_blocks": [0, 0]}, 1)
    features = torch.rand(1, 40, 16, 16, generator=torch.Generator().manual_seed(1))
    names = set(model.network.state_dict())
    exact = model.network(features)
    use_precision(model.network, "bfloat16", CPU)
    rough = model.network(features)
    assert rough.dtype == torch.float32
    assert set(model.network.state_dict()) == names
    assert 0.0 < float((rough - exact).abs().max()) < 0.1
    rough.sum().backward()
    assert all(weight.grad is not None and weight.grad.dtype == torch.float32 for weight in model.network.parameters())


def test_a_gradient_that_is_not_finite_leaves_the_weights_alone() -> None:
    from models.train.parallel import Ranks

    layer = torch.nn.Linear(2, 1)
    before = layer.weight.detach().clone()
    update = Update(layer, 0.1, gradient_norm=1.0, ranks=Ranks())
    with pytest.raises(NotFiniteError, match="gradient"):
        update.step((layer(torch.zeros(1, 2)) * 0.0).sqrt().sum())  # the slope of a root at 0
    assert torch.equal(layer.weight, before)


def test_a_missing_gpu_is_a_plain_message() -> None:
    from models.train.parallel import join

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(SuperseeError, match="no CUDA device"):
        join("cuda")
    with pytest.raises(SuperseeError, match="not a device"):
        join("toaster")


def test_event_files_hold_the_curves(config_text: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Trainer(config_text, tmp_path / "run").train(until=20)
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    assert {"l1", "temporal", "psnr", "rate", "loader"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("psnr")] == [20]
