"""An engine at work, over stand-ins for TensorRT and CUDA: order, addresses, graphs, copies, what is given back."""

from __future__ import annotations

import numpy as np
import pytest

from app.errors import SuperseeError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.device_session import DeviceSession
from app.inference.tensorrt_library import Kind, TensorRtLibrary
from app.inference.tensorrt_session import TensorRtSession
from app.paths import WEIGHTS
from tests.inference.recorded_cuda import RecordedCuda
from tests.inference.recorded_tensorrt import Engine, RecordedTensorRt

SIZE = (16, 8)
INPUT, OUTPUT = (1, 8, 16, 40), (1, 8, 16, 16)


class Bench:
    """A session with its stand-ins, and memory on the "device"."""

    def __init__(self, kind: Kind, cuda: RecordedCuda) -> None:
        self.api = RecordedTensorRt("1.7" if kind == "tensorrt_rtx" else "10.9")
        self.cuda, self.runtime = cuda, CudaRuntime(cuda)
        self.library = TensorRtLibrary(kind, self.api)
        engine = Engine(self.api, self.library.logger, WEIGHTS / "lite", SIZE)
        self.context, _ = self.library.create_context(engine)
        self.session = TensorRtSession(self.library, self.runtime, self.context, INPUT, OUTPUT)

    def memory(self) -> tuple[int, int]:
        return self.runtime.allocate(self.session.input_bytes), self.runtime.allocate(self.session.output_bytes)

    def calls(self, of: tuple[str, ...]) -> list[str]:
        return [name for name in self.cuda.names() if name in of]


@pytest.fixture
def cuda() -> RecordedCuda:
    return RecordedCuda()


@pytest.fixture(params=["tensorrt_rtx", "tensorrt"])
def bench(request: pytest.FixtureRequest, cuda: RecordedCuda) -> Bench:
    return Bench(request.param, cuda)


@pytest.fixture
def full(cuda: RecordedCuda) -> Bench:
    return Bench("tensorrt", cuda)


def random_features() -> np.ndarray:
    return np.random.default_rng(3).random(INPUT).astype(np.float16)


def test_it_is_a_device_session(bench: Bench) -> None:
    assert isinstance(bench.session, DeviceSession)
    assert bench.session.input_bytes == 8 * 16 * 40 * 2
    assert bench.session.stream in bench.cuda.alive
    assert bench.session.ready()
    assert bench.session.wait() == 0.0


def test_host_arrays_go_to_the_card_and_the_answer_comes_back(bench: Bench) -> None:
    features, answer = random_features(), np.zeros(OUTPUT, np.float16)
    bench.session.bind(features, answer)
    for scale in (1.0, 0.5):
        features *= np.float16(scale)
        bench.session.start()
        assert bench.session.wait() == 0.25
        assert bench.session.ready()
        assert answer.any()
        first = answer.copy()
    bench.session.start()
    bench.session.wait()
    np.testing.assert_array_equal(answer, first)
    order = bench.calls(("MemcpyAsync", "EventRecord"))
    assert order[-5:] == ["MemcpyAsync", "EventRecord", "EventRecord", "MemcpyAsync", "EventRecord"]


def test_on_the_device_nothing_is_copied_allocated_or_waited_for(bench: Bench) -> None:
    pointers = bench.memory()
    bench.session.bind_device(*pointers)
    for _ in range(3):  # what is set up once is set up now
        bench.session.start()
    bench.cuda.calls.clear()
    for _ in range(3):
        bench.session.bind_device(*pointers)
        bench.session.start()
        assert bench.session.ready()
        assert bench.session.wait() == 0.25
    assert set(bench.cuda.names()) <= {"EventRecord", "GraphLaunch", "EventQuery", "EventElapsedTime"}
    assert bench.context.addresses == {"features": pointers[0], "parameters": pointers[1]}


def test_from_host_arrays_to_the_device_its_own_memory_goes(bench: Bench) -> None:
    bench.session.input[:] = random_features()
    bench.session.start()
    expected = bench.session.output.copy()
    bench.session.wait()
    own = set(bench.context.addresses.values())
    pointers = bench.memory()
    source = np.ascontiguousarray(random_features())
    bench.runtime.copy_to_device(pointers[0], source, bench.session.stream)
    bench.session.bind_device(*pointers)
    assert not own & set(bench.cuda.alive)
    bench.session.start()
    found = np.zeros(OUTPUT, np.float16)
    bench.runtime.copy_to_host(found, pointers[1], bench.session.stream)
    np.testing.assert_array_equal(found, expected)
    bench.session.bind(bench.session.input, bench.session.output)  # and back
    bench.session.start()
    bench.session.wait()


def test_rtx_captures_graphs_by_itself(cuda: RecordedCuda) -> None:
    bench = Bench("tensorrt_rtx", cuda)
    assert bench.api.strategies == [bench.api.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE]
    bench.session.bind_device(*bench.memory())
    for _ in range(3):
        bench.session.start()
    assert bench.api.calls.count("execute") == 3
    assert "GraphLaunch" not in cuda.names()


def test_the_full_library_gets_a_graph_at_the_second_frame_of_an_address(full: Bench) -> None:
    full.session.bind_device(*full.memory())
    steps = []
    for _ in range(4):
        full.cuda.calls.clear()
        full.session.start()
        steps.append(full.calls(("StreamBeginCapture", "StreamEndCapture", "GraphInstantiate", "GraphLaunch")))
    assert steps == [
        [],
        ["StreamBeginCapture", "StreamEndCapture", "GraphInstantiate", "GraphLaunch"],
        ["GraphLaunch"],
        ["GraphLaunch"],
    ]
    assert full.api.calls.count("execute") == 2


def test_graphs_are_kept_by_address_and_not_for_ever(full: Bench) -> None:
    pairs = [full.memory() for _ in range(6)]
    for pair in pairs:
        full.session.bind_device(*pair)
        full.session.start()
        full.session.start()
    graphs = [kind for kind in full.cuda.alive.values() if isinstance(kind, str) and kind == "executable graph"]
    assert len(graphs) == 4
    full.cuda.calls.clear()
    for pair in pairs[2:]:  # ping-pong between the last few costs nothing
        full.session.bind_device(*pair)
        full.session.start()
    assert "StreamBeginCapture" not in full.cuda.names()


def test_a_capture_that_fails_is_said_and_leaves_nothing(full: Bench) -> None:
    full.session.bind_device(*full.memory())
    full.session.start()
    full.api.faults.execute = "cannot be captured"
    with pytest.raises(SuperseeError, match="cannot be captured"):
        full.session.start()
    full.api.faults.execute = ""
    full.session.start()
    assert "GraphLaunch" in full.cuda.names()


def test_what_tensorrt_refuses_comes_with_its_reason(bench: Bench) -> None:
    bench.api.faults.execute = "IExecutionContext::enqueueV3: Error Code 1: Cuda Runtime (out of memory)"
    with pytest.raises(SuperseeError, match="inference failed: Error Code 1: Cuda Runtime"):
        bench.session.start()
    bench.api.faults.address = True
    with pytest.raises(SuperseeError, match="refuses the memory of features"):
        bench.session.bind_device(*bench.memory())


@pytest.mark.parametrize("pointers", [(0, 4096), (4096, 0), (4096 + 16, 4096)])
def test_addresses_that_cannot_be_are_refused(bench: Bench, pointers: tuple[int, int]) -> None:
    with pytest.raises(SuperseeError, match="memory cannot be used"):
        bench.session.bind_device(*pointers)


def test_times_are_those_of_the_newest_frame_that_is_done(bench: Bench) -> None:
    bench.session.bind_device(*bench.memory())
    bench.session.start()
    bench.cuda.fails["cudaEventQuery"] = 600  # not ready
    assert bench.session.wait() == 0.0
    assert bench.session.ready()  # the stream's order guards the answer
    del bench.cuda.fails["cudaEventQuery"]
    assert bench.session.wait() == 0.25
    bench.cuda.fails["cudaEventQuery"] = 600
    assert bench.session.wait() == 0.25


@pytest.mark.parametrize("call", ["cudaStreamCreateWithFlags", "cudaEventCreateWithFlags"])
def test_what_cannot_be_made_leaves_nothing_behind(cuda: RecordedCuda, call: str) -> None:
    cuda.fails[call] = [None, None, 2] if "Event" in call else 2
    with pytest.raises(SuperseeError, match="GPU has no memory left"):
        Bench("tensorrt_rtx", cuda)
    assert not cuda.alive


def test_no_room_on_the_card_is_a_message_and_leaves_nothing(bench: Bench) -> None:
    bench.cuda.fails["cudaMalloc"] = [None, 2]
    with pytest.raises(SuperseeError, match="GPU has no memory left"):
        bench.session.start()
    bench.session.release()
    assert not bench.cuda.alive


def test_release_gives_everything_back_and_twice_is_harmless(bench: Bench) -> None:
    bench.session.start()
    bench.session.start()
    bench.session.release()
    bench.session.release()
    assert not bench.cuda.alive
    names = bench.cuda.names()
    assert names.index("StreamSynchronize") < names.index("EventDestroy") < names.index("StreamDestroy")


def test_a_lost_gpu_does_not_keep_the_rest_from_being_let_go(bench: Bench) -> None:
    bench.session.start()
    for call in ("cudaStreamSynchronize", "cudaEventDestroy", "cudaFree", "cudaStreamDestroy", "cudaGraphExecDestroy"):
        bench.cuda.fails[call] = 719
    bench.session.release()
    assert bench.session.stream == 0
