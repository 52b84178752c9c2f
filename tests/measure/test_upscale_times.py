"""The parts of an upscale, over shared buffers (CUDA's stand-in) and through host memory."""

from __future__ import annotations

import moderngl
import pytest

from app.inference.cuda_runtime import CudaRuntime
from app.inference.manifest import Network
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.percentiles import percentiles
from app.measure.upscale_times import PARTS, PartClock, measure_upscale
from app.upscale.neural import NeuralUpscaler
from tests.inference.recorded_cuda import RecordedCuda
from tests.models import golden
from tests.upscale.shared_session import SharedBackend

RENDER, DISPLAY = (32, 20), (64, 40)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return golden.saved(golden.lively_network(), tmp_path_factory.mktemp("network"))


def test_percentiles_are_of_the_series() -> None:
    assert percentiles([float(n) for n in range(1, 102)]) == {"median": 51.0, "p95": 96.0, "p99": 100.0}
    assert percentiles([]) is None


@pytest.mark.parametrize("shared", [True, False])
def test_every_part_has_its_figures(gl: moderngl.Context, network: Network, cuda: RecordedCuda, shared: bool) -> None:
    backend = OpenVinoBackend(precision="f32", threads=1, cache="")
    settled: list[int] = []
    clock = PartClock(gl, lambda: settled.append(1))
    used = SharedBackend(backend, CudaRuntime(cuda)) if shared else backend
    upscaler = NeuralUpscaler(gl, network, used, clock)
    found = measure_upscale(upscaler, clock, golden.GoldenFrames(gl, RENDER, DISPLAY).frame(0).inputs, 8, 2)
    parts = found["parts_ms"]
    assert tuple(parts) == PARTS
    assert all(parts[part]["median"] >= 0.0 for part in ("pre", "network", "post", "whole"))
    assert parts["calls"]["median"] > 0.0
    assert found["exchange_calls_ms"]["p99"] >= found["exchange_calls_ms"]["median"] > 0.0
    if shared:
        assert parts["map"] == parts["unmap"] == {"median": 0.25, "p95": 0.25, "p99": 0.25}
        assert found["bytes_to_host"] == 0
        assert found["exchange"] == "CUDA, shared"
        assert parts["network"]["median"] == 0.1
    else:
        assert parts["map"] is None
        assert found["bytes_to_host"] == 51200
    assert clock.on
    assert len(settled) >= 10 * 7, "everything is waited for around every stage"
    upscaler.release()


def test_the_whole_waits_for_nothing_inside(gl: moderngl.Context, network: Network, cuda: RecordedCuda) -> None:
    waits: list[int] = []
    clock = PartClock(gl, lambda: waits.append(1))
    backend = SharedBackend(OpenVinoBackend(precision="f32", threads=1, cache=""), CudaRuntime(cuda))
    upscaler = NeuralUpscaler(gl, network, backend, clock)
    clock.on = False
    frame = golden.GoldenFrames(gl, RENDER, DISPLAY).frame(0).inputs
    upscaler.upscale(frame)
    assert waits == []
    assert clock.take() == {}
    assert not [name for name in cuda.names() if "Synchronize" in name], "nor does the exchange"
    upscaler.release()
