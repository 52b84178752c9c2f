"""The fastest precision that loses little is taken, where it was measured, and its figures are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.errors import SuperseeError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.engine_store import EngineStore
from app.inference.engine_supply import EngineSupply
from app.inference.manifest import Network
from app.inference.precision_choice import keep_choice, measure
from app.inference.tensorrt_backend import AUTO, TensorRtBackend
from app.inference.tensorrt_library import TensorRtLibrary
from tests.inference.quantized_network import quantized_network
from tests.inference.recorded_cuda import RecordedCuda
from tests.inference.recorded_tensorrt import RecordedTensorRt, built_plan, tried_plan

SIZE = (64, 36)


class Bench:
    """Times by precision come from `milliseconds`; a precision that is not there fails its gate."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **milliseconds: float) -> None:
        self.supply = EngineSupply(EngineStore(folder), build=built_plan)
        self.cuda = RecordedCuda()

        def network_ms(backend: TensorRtBackend, *_: object) -> float:
            if backend.precision not in milliseconds:
                raise SuperseeError("TensorRT-RTX answers wrongly and is not used")
            return milliseconds[backend.precision]

        monkeypatch.setattr(TensorRtBackend, "network_ms", network_ms)

    def backend(self, precision: str) -> TensorRtBackend:
        return TensorRtBackend(
            precision=precision,
            supply=self.supply,
            runtime=CudaRuntime(self.cuda),
            library=TensorRtLibrary("tensorrt_rtx", RecordedTensorRt()),
            trial=tried_plan,
        )

    def chosen(self, network: Network) -> str:
        target = self.backend("fp16")._target
        candidates = measure(network, SIZE, self.backend)
        return keep_choice(self.supply, network, SIZE, target, candidates).precision

    def run_in(self, network: Network, size: tuple[int, int] = SIZE) -> str:
        """What a viewer takes afterwards."""
        backend = self.backend(AUTO)
        backend.prepare(network.model, size)
        backend.close()
        return backend.device.rpartition(" ")[2]


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return quantized_network(tmp_path_factory.mktemp("quantized") / "lite")


@pytest.fixture
def network(quantized: Network) -> Network:
    """With float16 and INT8 alone."""
    return replace(quantized, typed={precision: quantized.typed[precision] for precision in ("fp16", "int8")})


@pytest.mark.parametrize(
    ("milliseconds", "taken"),
    [
        ({"fp16": 0.3, "int8": 0.2}, "int8"),
        ({"fp16": 0.2, "int8": 0.3}, "fp16"),
        ({"fp16": 0.3}, "fp16"),
        ({"int8": 0.3}, "int8"),
    ],
)
def test_the_fastest_that_runs_is_taken_and_used_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network, milliseconds: dict[str, float], taken: str
) -> None:
    bench = Bench(tmp_path, monkeypatch, **milliseconds)
    assert bench.run_in(network) == "fp16"  # nothing was measured yet
    assert bench.chosen(network) == taken
    assert bench.run_in(network) == taken
    assert bench.run_in(network, (96, 64)) == "fp16"  # another size, another measurement
    assert not bench.cuda.alive


@pytest.mark.parametrize("capability", [(8, 9), (9, 0), (12, 0), (8, 6), (7, 5)])
def test_fp8_is_a_candidate_where_the_gpu_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantized: Network, capability: tuple[int, int]
) -> None:
    found = SimpleNamespace(name=b"A GPU", major=capability[0], minor=capability[1], totalGlobalMem=1)
    monkeypatch.setattr(RecordedCuda, "_cudaGetDeviceProperties", lambda _self, _device: (0, found))
    bench = Bench(tmp_path, monkeypatch, fp16=0.3, int8=0.2, fp8=0.1)
    has = capability >= (8, 9)
    (candidate,) = (c for c in measure(quantized, SIZE, bench.backend) if c.precision == "fp8")
    assert (candidate.milliseconds is not None) is has
    assert has or "There is no fp8 for A GPU" in candidate.said()
    assert bench.chosen(quantized) == ("fp8" if has else "int8")
    assert bench.run_in(quantized) == ("fp8" if has else "int8")


def test_a_new_measurement_replaces_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network
) -> None:
    assert Bench(tmp_path, monkeypatch, fp16=0.3, int8=0.2).chosen(network) == "int8"
    bench = Bench(tmp_path, monkeypatch, fp16=0.1, int8=0.2)
    assert bench.chosen(network) == "fp16"
    assert bench.run_in(network) == "fp16"


def test_what_loses_too_much_or_an_unknown_amount_is_not_even_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network
) -> None:
    bench = Bench(tmp_path, monkeypatch, fp16=0.3, int8=0.2)
    for loss, why in ((0.1, "it loses 0.100 dB, and 0.1 is allowed"), (None, "its loss is not known")):
        losing = replace(network, loss_db={} if loss is None else {"int8": loss})
        candidates = measure(losing, SIZE, bench.backend)
        assert [c.problem for c in candidates if c.precision == "int8"] == [why]
        assert bench.chosen(losing) == "fp16"


def test_the_figures_are_kept_beside_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network
) -> None:
    bench = Bench(tmp_path, monkeypatch, fp16=0.3, int8=0.2)
    bench.chosen(network)
    details = {entry.key.precision: entry.details for entry in bench.supply.store.entries() if entry.kind == "engine"}
    assert (details["int8"]["chosen"], details["fp16"]["chosen"]) == (True, False)
    assert details["fp16"]["network_ms"] == 0.3
    said = f"fp16 0.300 ms, loses 0.000 dB; int8 0.200 ms, loses {network.loss_db['int8']:.3f} dB"
    assert details["int8"]["choice"] == said


def test_where_nothing_runs_every_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network
) -> None:
    with pytest.raises(SuperseeError, match="runs in no precision at 64x36: fp16: TensorRT-RTX answers wrongly"):
        Bench(tmp_path, monkeypatch).chosen(network)


def test_the_time_is_the_median_over_tensors_on_the_card(tmp_path: Path, network: Network) -> None:
    cuda = RecordedCuda()
    backend = TensorRtBackend(
        supply=EngineSupply(EngineStore(tmp_path), build=built_plan),
        runtime=CudaRuntime(cuda),
        library=TensorRtLibrary("tensorrt_rtx", RecordedTensorRt()),
        trial=tried_plan,
    )
    backend.prepare(network.model, SIZE)
    cuda.calls.clear()
    assert backend.network_ms(network.model, SIZE) == 0.25
    assert "MemcpyAsync" not in cuda.names()
    backend.close()
    assert not cuda.alive
