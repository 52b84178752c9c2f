"""The network is made ready beside the caller, who is told when, or why not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.present.neural_supply import NeuralSupply, network_folder


class FakeNetwork:
    model = Path("model.onnx")

    @staticmethod
    def padded(size):
        return tuple(-(-n // 8) * 8 for n in size)


class FakeBackend:
    def __init__(self, fails: bool = False) -> None:
        self.prepared: list[tuple[int, int]] = []
        self.release = threading.Event()
        self.fails = fails

    def prepare(self, _model: Path, size) -> None:
        self.release.wait(10)
        if self.fails:
            raise RuntimeError("no such operation")
        self.prepared.append(size)


def answer(supply: NeuralSupply, size=(30, 20)):
    """What the supply says once it has something to say."""
    until = time.monotonic() + 10
    while (options := supply("neural", size)) is None and time.monotonic() < until:
        time.sleep(0.005)
    return options


@pytest.fixture
def supplies():
    made: list[NeuralSupply] = []

    def make(load) -> NeuralSupply:
        made.append(NeuralSupply("net", load))
        return made[-1]

    yield make
    for supply in made:
        supply.close()


def test_caller_never_waits_and_each_padded_size_is_compiled_once(supplies) -> None:
    network, backend = FakeNetwork(), FakeBackend()
    supply = supplies(lambda _name: (network, backend))
    begun = time.monotonic()
    assert supply("neural", (30, 20)) is None
    time.sleep(0.05)
    assert supply("neural", (30, 20)) is None
    assert time.monotonic() - begun < 2
    backend.release.set()
    assert answer(supply) == {"network": network, "backend": backend}
    assert answer(supply, (31, 19)) == {"network": network, "backend": backend}
    assert backend.prepared == [(32, 24)]
    assert supply("taau", (30, 20)) == {}


def test_missing_network_is_said_and_tried_again_when_told(supplies) -> None:
    there: list[bool] = []

    def load(_name):
        if not there:
            raise SuperseeError("There is no network", "the folder is empty")
        return FakeNetwork(), ready

    ready = FakeBackend()
    ready.release.set()
    supply = supplies(load)
    with pytest.raises(SuperseeError, match="no network"):
        answer(supply)
    there.append(True)
    with pytest.raises(SuperseeError, match="no network"):
        answer(supply)
    supply.retry()
    assert answer(supply)["backend"] is ready


def test_failed_compilation_is_a_plain_error_for_that_size_alone(supplies) -> None:
    backend = FakeBackend(fails=True)
    backend.release.set()
    supply = supplies(lambda _name: (FakeNetwork(), backend))
    with pytest.raises(SuperseeError, match="no such operation"):
        answer(supply)
    backend.fails = False
    assert answer(supply, (64, 64)) is not None


def test_network_is_found_by_name_by_folder_or_by_default(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("app.present.neural_supply.WEIGHTS", tmp_path)
    assert network_folder(None) == tmp_path / "lite"
    for name in ("best", "lite"):
        (tmp_path / name).mkdir()
    (tmp_path / "best" / "manifest.json").write_text("{}")
    assert network_folder(None) == tmp_path / "best"
    (tmp_path / "lite" / "manifest.json").write_text("{}")
    assert network_folder(None) == tmp_path / "lite"
    assert network_folder("best") == tmp_path / "best"
    assert network_folder("/elsewhere/net") == Path("/elsewhere/net")
