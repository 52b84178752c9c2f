"""A run is followed beside the caller: each new network is handed out once it is compiled, and never a broken one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from app.errors import SuperseeError
from app.inference.image_manifest import ImageNetwork
from app.inference.live_run import LIVE_FOLDER, POINTER
from app.present.neural_supply import NeuralSupply
from app.present.run_watch import RunWatch, age_text
from models.export.live import write_live
from models.network import NetworkConfig, build

SIZE = (30, 20)
TINY = NetworkConfig(widths=(8, 8, 8), blocks=(0, 0, 0), up_blocks=(0, 0))


class FakeBackend:
    def __init__(self) -> None:
        self.prepared: list[tuple[str, tuple[int, int]]] = []

    def prepare(self, model: Path, size: tuple[int, int]) -> None:
        self.prepared.append((model.parent.name, size))


def image_network(ratio: int) -> ImageNetwork:
    """One that works at display size."""
    folder = Path("weights")
    return ImageNetwork("net", "srcnn", ratio, 1, folder, folder / "model.onnx", "", 1.0, {})


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def title(watch: RunWatch) -> str:
    caption = watch.caption("neural")
    assert caption is not None
    return re.sub(r"  ·  \d+ .* ago$", "", caption.title)


def warning(watch: RunWatch) -> str:
    caption = watch.caption("neural")
    assert caption is not None
    return caption.warning


def handed(watch: RunWatch, size: tuple[int, int] = SIZE) -> Any:
    """The folder of the network that is handed out; None while there is none."""
    options = watch("neural", size)
    return None if options is None else options["network"].folder.name  # type: ignore[attr-defined]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "tiny").mkdir()
    return tmp_path / "tiny"


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def watch(run: Path, backend: FakeBackend) -> Iterator[RunWatch]:
    watch = RunWatch(run, lambda: backend, poll_seconds=0.01)
    yield watch
    watch.close()


def write(run: Path, iteration: int) -> Path:
    folder = write_live(build(TINY, iteration), run, run.name, iteration)
    assert folder is not None
    return folder


def test_it_waits_for_the_first_checkpoint_and_takes_every_newer_one(
    run: Path, watch: RunWatch, backend: FakeBackend
) -> None:
    assert handed(watch) is None
    assert title(watch) == "tiny: waiting for the first checkpoint"
    assert watch("taau", SIZE) == {}
    assert watch.caption("taau") is None
    write(run, 20)
    wait_until(lambda: handed(watch) == "000001")
    assert title(watch) == "tiny  ·  iteration 20"
    write(run, 40)
    wait_until(lambda: handed(watch) == "000002")
    assert title(watch) == "tiny  ·  iteration 40"
    assert warning(watch) == ""
    assert backend.prepared == [("000001", (32, 20)), ("000002", (32, 20))]


def test_the_caption_is_of_the_network_in_use_not_of_one_that_waits(run: Path, watch: RunWatch) -> None:
    write(run, 20)
    wait_until(lambda: handed(watch) == "000001")
    write(run, 40)
    wait_until(lambda: watch._ready is not None and watch._ready.checkpoint.iteration == 40)
    assert title(watch) == "tiny  ·  iteration 20"
    handed(watch)
    assert title(watch) == "tiny  ·  iteration 40"


def test_another_size_is_compiled_before_it_is_handed_out(run: Path, watch: RunWatch, backend: FakeBackend) -> None:
    write(run, 20)
    wait_until(lambda: handed(watch) == "000001")
    assert handed(watch, (64, 36)) is None
    assert title(watch) == "tiny: being prepared"
    wait_until(lambda: handed(watch, (64, 36)) == "000001")
    assert backend.prepared[-1] == ("000001", (64, 36))


@pytest.mark.parametrize("damage", ["half a model", "another formulation", "no manifest", "half a pointer"])
def test_a_broken_checkpoint_is_named_and_the_network_before_it_stays(run: Path, watch: RunWatch, damage: str) -> None:
    write(run, 20)
    wait_until(lambda: handed(watch) == "000001")
    # Damaged before the pointer is there: the watcher must never see it whole.
    pointer = run / LIVE_FOLDER / POINTER
    good = pointer.read_text()
    folder = write(run, 40) if damage == "half a pointer" else _hidden(run, 40)
    if damage == "half a model":
        (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:200])
    elif damage == "another formulation":
        manifest = folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"formulation": ', '"formulation": 9'))
    elif damage == "no manifest":
        (folder / "manifest.json").unlink()
    if damage == "half a pointer":
        pointer.write_text(good[:20])
        expected = "does not name a checkpoint"
    else:
        pointer.write_text(good.replace("000001", folder.name).replace('"iteration": 20', '"iteration": 40'))
        expected = "iteration 40 is passed over"
    wait_until(lambda: expected in warning(watch))
    if damage != "half a pointer":
        assert title(watch) == "tiny  ·  iteration 20"
        assert handed(watch) == "000001"
    write(run, 60)
    wait_until(lambda: title(watch) == "tiny  ·  iteration 60" if handed(watch) else False)
    assert warning(watch) == ""


def _hidden(run: Path, iteration: int) -> Path:
    """A checkpoint of another run, moved in under a number that the pointer does not name yet."""
    folder = write(run.parent / "other", iteration)
    return folder.rename(run / LIVE_FOLDER / "000777")


def test_a_run_whose_first_checkpoint_is_broken_says_so(run: Path, watch: RunWatch) -> None:
    (run / LIVE_FOLDER).mkdir()
    (run / LIVE_FOLDER / POINTER).write_text("{")
    assert handed(watch) is None
    wait_until(lambda: title(watch) == "tiny: no checkpoint can be used yet")
    assert "does not name a checkpoint" in warning(watch)


def test_a_run_that_goes_away_is_named_and_its_network_stays(run: Path, watch: RunWatch) -> None:
    write(run, 20)
    wait_until(lambda: handed(watch) == "000001")
    run.rename(run.with_name("elsewhere"))
    wait_until(lambda: "There is no run" in warning(watch))
    assert handed(watch) == "000001"


def test_without_a_runtime_it_fails_for_good_until_told_to_try_again(run: Path, backend: FakeBackend) -> None:
    there: list[bool] = []

    def make() -> FakeBackend:
        if not there:
            raise SuperseeError("OpenVINO cannot be loaded")
        return backend

    watch = RunWatch(run, make, poll_seconds=0.01)
    write(run, 20)
    with pytest.raises(SuperseeError, match="cannot be loaded"):
        wait_until(lambda: handed(watch) is not None)
    there.append(True)
    watch.retry()
    wait_until(lambda: handed(watch) == "000001")
    watch.close()


def test_single_image_networks_are_loaded_and_compiled_beside_the_caller(run: Path, backend: FakeBackend) -> None:
    networks, threads = (image_network(ratio=2),), set()
    may_compile = threading.Event()

    class Slow(FakeBackend):
        def prepare(self, model: Path, size: tuple[int, int]) -> None:
            threads.add(threading.current_thread().name)
            assert may_compile.wait(10)
            super().prepare(model, size)

    def load(kind: str) -> tuple[tuple[ImageNetwork, ...], Any]:
        threads.add(threading.current_thread().name)
        return networks, slow

    slow = Slow()
    watch = RunWatch(run, lambda: backend, poll_seconds=0.01, others=NeuralSupply(load_images=load))
    assert watch("srcnn", SIZE) is None
    wait_until(lambda: watch("srcnn", SIZE) is None and len(threads) > 0)
    may_compile.set()
    wait_until(lambda: watch("srcnn", SIZE) is not None)
    assert watch("srcnn", SIZE) == {"networks": networks, "backend": slow}
    assert slow.prepared == [("weights", (60, 40))]
    assert threading.current_thread().name not in threads
    watch.close()


def test_single_image_networks_that_fail_are_named_and_tried_again_when_told(run: Path, backend: FakeBackend) -> None:
    there: list[bool] = []

    def load(kind: str) -> tuple[tuple[ImageNetwork, ...], Any]:
        if not there:
            raise SuperseeError(f"There is no {kind} network")
        return (), backend

    watch = RunWatch(run, lambda: backend, poll_seconds=0.01, others=NeuralSupply(load_images=load))
    with pytest.raises(SuperseeError, match="no edsr network"):
        wait_until(lambda: watch("edsr", SIZE) is not None)
    there.append(True)
    watch.retry()
    wait_until(lambda: watch("edsr", SIZE) is not None)
    watch.close()


def test_ages_are_for_people() -> None:
    assert [age_text(s) for s in (0.2, 42, 200, 6000, 90000)] == [
        "0 s ago",
        "42 s ago",
        "3 min ago",
        "2 h ago",
        "25 h ago",
    ]
