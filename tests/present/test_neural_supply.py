"""The network is made ready beside the caller, who is told when, or why not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.inference.image_manifest import ImageNetwork
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


def image_network(ratio: int, enlarges: int) -> ImageNetwork:
    folder = Path("weights")
    return ImageNetwork("net", "srcnn", ratio, enlarges, folder, folder / f"{ratio}.onnx", "", 1.0, {})


def answer(supply: NeuralSupply, size=(30, 20), method="neural"):
    """What the supply says once it has something to say."""
    until = time.monotonic() + 10
    while (options := supply(method, size)) is None and time.monotonic() < until:
        time.sleep(0.005)
    return options


@pytest.fixture
def supplies():
    made: list[NeuralSupply] = []

    def make(*loaders) -> NeuralSupply:
        made.append(NeuralSupply("net", *loaders))
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


def test_single_image_networks_are_compiled_for_their_own_sizes(supplies) -> None:
    backend = FakeBackend()
    backend.release.set()
    networks = (image_network(ratio=2, enlarges=1), image_network(ratio=3, enlarges=3))
    asked: list[str] = []

    def load_images(kind: str):
        asked.append(kind)
        return networks, backend

    supply = supplies(lambda _name: pytest.fail("not asked for"), load_images)
    assert answer(supply, (30, 20), "srcnn") == {"networks": networks, "backend": backend}
    assert backend.prepared == [(60, 40), (30, 20)], "one at display size, one at render size"
    answer(supply, (30, 20), "srcnn")
    assert asked == ["srcnn"]


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
