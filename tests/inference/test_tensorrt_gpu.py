"""TensorRT on a real GPU: what the stand-ins only claim. `./supersee test -m gpu`."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.engine_process import WorkerRequest, try_in_process
from app.inference.engine_report import boundary_problem, read_layers
from app.inference.engine_store import EngineStore
from app.inference.engine_supply import LEAST_CAPABILITY, EngineSupply
from app.inference.gate import check_session, load_gate
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.inference.tensorrt_backend import TensorRtBackend
from app.inference.tensorrt_library import Kind, TensorRtLibrary, installed
from app.paths import WEIGHTS
from tests.inference.quantized_network import quantized_network

pytestmark = pytest.mark.gpu

SIZE = (320, 180)


@pytest.fixture(params=["tensorrt_rtx", "tensorrt"])
def kind(request: pytest.FixtureRequest) -> Kind:
    if request.param not in installed():
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture
def backend(kind: Kind, tmp_path: Path) -> TensorRtBackend:
    """Of a first start. Where the library does not run on this GPU the test shows its message and ends there."""
    made = TensorRtBackend(kind, supply=EngineSupply(EngineStore(tmp_path)))
    try:
        made.prepare(load_network(WEIGHTS / "lite").model, SIZE)
    except SuperseeError as error:
        if "compute capability" in str(error):
            pytest.xfail(str(error))
        raise
    return made


@pytest.mark.parametrize("name", ["lite", "standard"])
def test_it_answers_as_the_float32_network_does(backend: TensorRtBackend, name: str) -> None:
    network = load_network(WEIGHTS / name)
    session = backend.compile(network.model, SIZE)
    assert network.gate is not None
    result = check_session(session, load_gate(network.gate))
    assert result.passed, result.problem
    session.release()


@pytest.mark.parametrize("precision", ["int8", "fp8"])
def test_quantized_networks_pass_their_gate_where_the_gpu_computes_in_them(
    backend: TensorRtBackend, kind: Kind, precision: str, tmp_path: Path
) -> None:
    network = quantized_network(tmp_path / "standard", "standard")
    made = TensorRtBackend(kind, precision=precision, supply=backend._supply)
    if CudaRuntime().device(0).capability < LEAST_CAPABILITY.get(precision, (0, 0)):
        with pytest.raises(SuperseeError, match="begins at compute capability"):
            made.prepare(network.model, SIZE)
        return
    made.prepare(network.model, SIZE)  # raises where the answer is wrong
    print(f"standard {precision}: {made.gate_db(network.model, SIZE):.1f} dB, "  # noqa: T201
          f"{made.network_ms(network.model, SIZE):.3f} ms")  # fmt: skip
    made.close()


def test_on_the_device_and_through_the_host_it_answers_the_same(backend: TensorRtBackend) -> None:
    cuda = CudaRuntime()
    session = backend.compile(load_network(WEIGHTS / "lite").model, SIZE)
    question = np.random.default_rng(2).random(session.input.shape).astype(np.float16)
    session.input[:] = question
    session.start()
    session.wait()
    expected = session.output.copy()
    pointers = [cuda.allocate(session.input_bytes), cuda.allocate(session.output_bytes)]
    found = np.zeros_like(expected)
    for _ in range(5):  # plain, captured, replayed
        cuda.copy_to_device(pointers[0], question, session.stream)
        cuda.fill(pointers[1], 0, session.output_bytes, session.stream)
        session.bind_device(pointers[0], pointers[1])
        session.start()
        cuda.copy_to_host(found, pointers[1], session.stream)
        cuda.synchronize(session.stream)
        np.testing.assert_array_equal(found, expected)
        assert session.wait() > 0.0
    session.release()
    for pointer in pointers:
        cuda.free(pointer)


def test_two_pairs_of_buffers_take_turns(backend: TensorRtBackend) -> None:
    """Graphs freeze addresses: the answer must land where the latest binding says."""
    cuda = CudaRuntime()
    session = backend.compile(load_network(WEIGHTS / "lite").model, SIZE)
    pairs = [(cuda.allocate(session.input_bytes), cuda.allocate(session.output_bytes)) for _ in range(2)]
    questions = [np.full(session.input.shape, value, np.float16) for value in (0.25, 0.75)]
    answers: list[list[np.ndarray]] = [[], []]
    for turn in range(8):
        which = turn % 2
        cuda.copy_to_device(pairs[which][0], questions[which], session.stream)
        session.bind_device(*pairs[which])
        session.start()
        found = np.zeros(session.output.shape, np.float16)
        cuda.copy_to_host(found, pairs[which][1], session.stream)
        cuda.synchronize(session.stream)
        answers[which].append(found)
    for kept in answers:
        for other in kept[1:]:
            np.testing.assert_array_equal(other, kept[0])
    assert not np.array_equal(answers[0][0], answers[1][0])
    session.release()
    for pointer in (pointer for pair in pairs for pointer in pair):
        cuda.free(pointer)


def test_no_memory_is_taken_per_frame(backend: TensorRtBackend) -> None:
    cuda = CudaRuntime()
    session = backend.compile(load_network(WEIGHTS / "lite").model, SIZE)
    pointers = cuda.allocate(session.input_bytes), cuda.allocate(session.output_bytes)
    session.bind_device(*pointers)
    for _ in range(20):
        session.start()
    cuda.synchronize(session.stream)
    free, _ = cuda.free_memory()
    for _ in range(300):
        session.start()
    cuda.synchronize(session.stream)
    assert cuda.free_memory()[0] == free
    session.release()
    for pointer in pointers:
        cuda.free(pointer)


def test_nothing_is_copied_at_the_boundary_by_the_inspectors_word(backend: TensorRtBackend) -> None:
    """The same listing as the builder's, of the engine as it was loaded."""
    (loaded,) = backend._loaded.values()
    api = backend._library.api
    text = loaded.engine.create_engine_inspector().get_engine_information(api.LayerInformationFormat.ONELINE)
    layers = read_layers(text)
    assert layers, text[:500]
    assert boundary_problem(layers, "features", "parameters") == ""


def test_the_trial_leaves_kernels_that_make_the_start_warm(backend: TensorRtBackend, kind: Kind) -> None:
    if kind != "tensorrt_rtx":
        pytest.skip("only TensorRT-RTX compiles kernels at start")
    target = backend._target
    network = load_network(WEIGHTS / "standard")
    plan = backend._supply.provide(network, SIZE, target).plan
    kernels = try_in_process(WorkerRequest(network.typed["fp16"], SIZE, kind, target.target, target.device), plan)
    assert kernels
    library = TensorRtLibrary(kind)
    CudaRuntime().use(target.device)
    _, cache = library.create_context(library.load(plan), kernels)
    assert cache is not None
    assert cache.warm


def test_a_second_start_is_warm(backend: TensorRtBackend, kind: Kind) -> None:
    if kind != "tensorrt_rtx":
        pytest.skip("only TensorRT-RTX compiles kernels at start")
    model = load_network(WEIGHTS / "standard").model
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        again = TensorRtBackend(kind, supply=backend._supply)
        again.prepare(model, (960, 540))
        times.append(time.perf_counter() - begun)
        again.close()
    print(f"first start {times[0]:.2f} s, second {times[1]:.2f} s")  # noqa: T201
    assert times[1] < times[0]


def test_the_gpu_beats_the_cpu(backend: TensorRtBackend) -> None:
    network = load_network(WEIGHTS / "standard")
    session, other = backend.compile(network.model, SIZE), OpenVinoBackend(cache="").compile(network.model, SIZE)
    times = []
    for each in (session, other):
        for _ in range(10):
            each.start()
            milliseconds = each.wait()
        times.append(milliseconds)
        each.release()
    print(f"network alone, {SIZE}: {times[0]:.3f} ms here, {times[1]:.3f} ms on the CPU")  # noqa: T201
    assert times[0] < times[1]
