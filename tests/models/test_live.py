from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from app.errors import SuperseeError
from app.inference.live_run import LIVE_FOLDER, POINTER, newest_checkpoint
from app.inference.manifest import load_network
from models.export.command import export_run
from models.export.live import write_live
from models.network import NetworkConfig, build
from models.train.loop import Trainer

TINY = NetworkConfig(widths=(8, 8, 8), blocks=(0, 0, 0), up_blocks=(0, 0))


def test_what_is_written_is_the_newest_and_the_app_accepts_it(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) is None
    for iteration in (20, 40):
        write_live(build(TINY, iteration), tmp_path, "tiny", iteration)
    newest = newest_checkpoint(tmp_path)
    assert newest is not None
    assert (newest.name, newest.iteration) == ("tiny", 40)
    assert 0.0 <= newest.age() < 60.0
    assert load_network(newest.folder).name == "tiny"
    assert not [path for path in (tmp_path / LIVE_FOLDER).iterdir() if path.name.endswith(".part")]


def test_a_run_that_panes_cannot_show_says_so_to_whoever_watches(config_text: str, tmp_path: Path) -> None:
    text = config_text.replace(
        "widths = [8, 8, 8]\nblocks = [0, 0, 0]\nup_blocks = [0, 0]", 'kind = "espcn"\nratio = 2'
    )
    Trainer(text, tmp_path).train(until=2)
    with pytest.raises(SuperseeError, match=r"cannot be watched: tiny is a Espcn.*evaluate --run"):
        newest_checkpoint(tmp_path)


def test_the_weights_are_those_that_were_given(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    network = build(TINY, 3)
    folder = write_live(network, tmp_path, "tiny", 1)
    assert folder is not None
    features = torch.rand(1, 8, 12, TINY.inputs)
    compiled = openvino.Core().compile_model(str(folder / "model.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = torch.from_numpy(compiled([features.numpy()])[0])
    with torch.no_grad():
        wanted = network(features.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert torch.allclose(found, wanted, atol=1e-4)


def test_old_networks_go_but_not_one_that_may_still_be_read(tmp_path: Path) -> None:
    network = build(TINY, 1)
    folders = [write_live(network, tmp_path, "tiny", iteration) for iteration in range(5)]
    assert all(folder is not None and folder.is_dir() for folder in folders), "all of them are younger than a minute"
    long_ago = time.time() - 600.0
    for folder in folders:
        assert folder is not None
        os.utime(folder, (long_ago, long_ago))
    write_live(network, tmp_path, "tiny", 5)
    left = sorted(path.name for path in (tmp_path / LIVE_FOLDER).iterdir() if path.is_dir())
    assert left == ["000004", "000005", "000006"]


def test_a_resumed_run_overwrites_no_network(tmp_path: Path) -> None:
    first = write_live(build(TINY, 1), tmp_path, "tiny", 60)
    again = write_live(build(TINY, 2), tmp_path, "tiny", 40)
    assert first is not None
    assert again is not None
    assert first != again
    newest = newest_checkpoint(tmp_path)
    assert newest is not None
    assert newest.iteration == 40


def test_a_folder_that_cannot_be_written_does_not_stop_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / LIVE_FOLDER).write_text("a file in the way")
    assert write_live(build(TINY, 1), tmp_path, "tiny", 1) is None
    assert "was not written" in caplog.text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"folder": "../elsewhere"}, "leaves the run"),
        ({"schema": 9}, "schema is 9"),
        ({"iteration": "many"}, "ValueError"),
        ({"written": None}, "TypeError"),
    ],
)
def test_a_pointer_from_elsewhere_is_refused(tmp_path: Path, change: dict[str, object], why: str) -> None:
    write_live(build(TINY, 1), tmp_path, "tiny", 1)
    pointer = tmp_path / LIVE_FOLDER / POINTER
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | change))
    with pytest.raises(SuperseeError, match=why):
        newest_checkpoint(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"{" * 70000])
def test_half_a_pointer_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LIVE_FOLDER).mkdir()
    (tmp_path / LIVE_FOLDER / POINTER).write_bytes(content)
    with pytest.raises(SuperseeError, match="does not name a checkpoint"):
        newest_checkpoint(tmp_path)


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match="There is no run in"):
        newest_checkpoint(tmp_path / "nothing")


def test_every_checkpoint_of_a_training_can_be_followed(config_text: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    Trainer(config_text, run).train(until=2)
    first = newest_checkpoint(run)
    Trainer(config_text, run, resume=True).train(until=6)
    second = newest_checkpoint(run)
    assert first is not None
    assert second is not None
    assert (first.name, first.iteration, second.iteration) == ("tiny", 2, 6)
    export_run(run, tmp_path / "out")
    shipped = (tmp_path / "out" / "model.onnx").read_bytes()
    assert (second.folder / "model.onnx").read_bytes() == shipped, "the averaged weights, as they would be exported"
    assert (first.folder / "model.onnx").read_bytes() != shipped
