"""An engine is found or built: once between programs, kept where it can be, and always handed over."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import SuperseeError
from app.inference.engine_process import BuildCancelled, WorkerAnswer, WorkerRequest
from app.inference.engine_store import EngineStore
from app.inference.engine_supply import EngineSupply, EngineTarget
from app.inference.manifest import Network, load_network
from app.paths import WEIGHTS

AHEAD = EngineTarget("tensorrt_rtx", "1.7", "sm89")
HERE = replace(AHEAD, gpu="GPU X", driver="580.1")
SIZE = (960, 540)


class Builder:
    """Answers like the worker, and counts."""

    def __init__(self, seconds: float = 0.0, **details: object) -> None:
        self.requests: list[WorkerRequest] = []
        self._seconds, self._details = seconds, details

    def __call__(self, request: WorkerRequest, **_options: object) -> WorkerAnswer:
        self.requests.append(request)
        time.sleep(self._seconds)
        return WorkerAnswer(b"plan" * 100, {"bytes": 400, **self._details}, 0.5)


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(WEIGHTS / "lite")


@pytest.fixture
def store(tmp_path: Path) -> EngineStore:
    return EngineStore(tmp_path / "engines")


def test_what_was_built_once_is_found_afterwards(network: Network, store: EngineStore) -> None:
    builder, told = Builder(), []
    supply = EngineSupply(store, build=builder)
    first = supply.provide(network, SIZE, HERE, on_build=lambda: told.append("building"))
    again = EngineSupply(store, build=builder).provide(network, SIZE, HERE, on_build=lambda: told.append("again"))
    assert (first.built, again.built) == (True, False)
    assert first.plan == again.plan
    assert told == ["building"]
    assert len(builder.requests) == 1
    request = builder.requests[0]
    assert (request.model.name, request.size, request.target) == ("model.fp16.onnx", SIZE, "sm89")
    assert store.entries()[0].details["seconds"] == 0.5


def test_an_engine_that_was_built_ahead_is_found_on_the_gpu_that_it_is_for(
    network: Network, store: EngineStore
) -> None:
    builder = Builder()
    supply = EngineSupply(store, build=builder)
    supply.provide(network, SIZE, AHEAD)
    assert not supply.provide(network, SIZE, HERE).built
    assert supply.provide(network, SIZE, replace(HERE, target="sm86")).built
    assert supply.provide(network, (1280, 720), HERE).built
    assert supply.provide(network, SIZE, replace(HERE, version="1.8")).built


def test_a_damaged_engine_is_said_and_built_again(network: Network, store: EngineStore) -> None:
    supply = EngineSupply(store, build=Builder())
    supply.provide(network, SIZE, HERE)
    (data,) = store.folder.glob("*.engine")
    data.write_bytes(b"plan" * 99 + b"plum")
    again = supply.provide(network, SIZE, HERE)
    assert again.built
    assert again.plan == b"plan" * 100
    assert any("contents have changed; it is built again" in remark for remark in again.remarks)
    assert supply.provide(network, SIZE, HERE).remarks == ()


def test_two_at_once_build_it_once(network: Network, store: EngineStore) -> None:
    builder = Builder(seconds=0.3)
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(
                EngineSupply(EngineStore(store.folder), build=builder).provide(network, SIZE, HERE)
            )
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builder.requests) == 1
    assert sorted(result.built for result in results) == [False, False, True]


def test_where_nothing_can_be_kept_it_is_built_all_the_same(network: Network, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    supplied = EngineSupply(EngineStore(tmp_path / "file" / "engines"), build=Builder()).provide(network, SIZE, HERE)
    assert supplied.built
    assert supplied.plan
    assert any("no place for engines" in remark for remark in supplied.remarks)


def test_a_full_disk_is_a_remark(network: Network, store: EngineStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.inference.engine_store._write", full)
    supplied = EngineSupply(store, build=Builder()).provide(network, SIZE, HERE)
    assert supplied.plan
    assert "No space left on device" in supplied.remarks[0]


def test_a_build_that_fails_leaves_nothing_and_can_be_tried_again(network: Network, store: EngineStore) -> None:
    def crash(*_arguments: object, **_options: object) -> WorkerAnswer:
        raise SuperseeError("The engine's builder ended unexpectedly", "it crashed (SIGSEGV)")

    with pytest.raises(SuperseeError, match="SIGSEGV"):
        EngineSupply(store, build=crash).provide(network, SIZE, HERE)
    assert store.entries() == []
    assert EngineSupply(store, build=Builder()).provide(network, SIZE, HERE).built


def test_waiting_for_another_program_can_be_cancelled_and_ends(network: Network, store: EngineStore) -> None:
    supply = EngineSupply(store, build=Builder(), limit=0.2)
    key = supply.key(network, SIZE, HERE)
    with store.building(key, 1.0):
        with pytest.raises(BuildCancelled):
            supply.provide(network, SIZE, HERE, cancelled=lambda: True)
        supplied = supply.provide(network, SIZE, HERE)  # the other one hangs
        assert supplied.built
        assert "Another Supersee holds" in supplied.remarks[0]


def test_a_copy_at_the_boundary_is_said(network: Network, store: EngineStore) -> None:
    supplied = EngineSupply(store, build=Builder(boundary="x reads features")).provide(network, SIZE, HERE)
    assert supplied.remarks == ("The engine copies tensors at its boundary: x reads features",)


def test_a_network_without_that_model_says_how_to_get_it(network: Network, store: EngineStore) -> None:
    plain = replace(network, typed={"fp16": network.typed["fp16"]})
    with pytest.raises(SuperseeError, match="has no fp8 model for TensorRT: its manifest lists fp16") as caught:
        EngineSupply(store, build=Builder()).provide(plain, SIZE, HERE, "fp8")
    assert "models quantize --precision fp8" in caught.value.do
    with pytest.raises(SuperseeError, match="has no fp16 model") as caught:
        EngineSupply(store, build=Builder()).provide(replace(network, typed={}), SIZE, HERE)
    assert "models export" in caught.value.do


def test_a_gpu_that_does_not_compute_in_it_is_named_before_anything_is_built(
    network: Network, store: EngineStore
) -> None:
    builder = Builder()
    supply = EngineSupply(store, build=builder)
    with_fp8 = replace(network, typed={"fp8": network.typed["fp16"]})
    old = replace(HERE, gpu="RTX 3080 (8.6)", capability=(8, 6))
    with pytest.raises(SuperseeError, match=r"no fp8 for RTX 3080 \(8.6\): that begins at .* 8.9, and this is 8.6"):
        supply.provide(with_fp8, SIZE, old, "fp8")
    assert not builder.requests
    assert supply.provide(with_fp8, SIZE, replace(HERE, capability=(8, 9)), "fp8").built


def test_a_real_engine_is_built_once_and_found(network: Network, store: EngineStore) -> None:
    supply = EngineSupply(store)
    built = supply.provide(network, (64, 36), AHEAD)
    assert built.built
    assert built.remarks == ()
    assert supply.provide(network, (64, 36), AHEAD).plan == built.plan
