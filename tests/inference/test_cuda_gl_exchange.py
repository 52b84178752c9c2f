"""The order of CUDA's calls, what each failure leads to, and that nothing is left behind: without a GPU."""

from __future__ import annotations

from collections.abc import Iterator

import moderngl
import pytest

from app.errors import SuperseeError
from app.inference.cuda_errors import CudaError
from app.inference.cuda_gl_exchange import READ_ONLY, WRITE_DISCARD, CudaGlExchange
from app.inference.cuda_runtime import CudaRuntime
from app.inference.exchange import HostExchange, make_exchange
from tests.inference.echo_sessions import EchoDeviceSession, EchoSession
from tests.inference.recorded_cuda import RecordedCuda

MAP, UNMAP, POINTER = "GraphicsMapResources", "GraphicsUnmapResources", "GraphicsResourceGetMappedPointer"
REGISTER, UNREGISTER = "GraphicsGLRegisterBuffer", "GraphicsUnregisterResource"


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedCuda]:
    recorded = RecordedCuda()
    monkeypatch.setattr("app.inference.cuda_runtime.load_api", lambda: recorded)
    yield recorded
    left = [kind for kind in recorded.alive.values() if kind != "stream"]
    assert not left, f"left behind: {left}"


def made(gl: moderngl.Context, cuda: RecordedCuda) -> tuple[EchoDeviceSession, CudaGlExchange]:
    session = EchoDeviceSession(CudaRuntime(cuda))
    return session, CudaGlExchange(gl, session, session.runtime)


def frame(session: EchoDeviceSession, exchange: CudaGlExchange) -> None:
    exchange.to_network()
    session.start()
    exchange.from_network()


def test_a_frame_is_one_map_one_inference_one_unmap_on_the_sessions_stream(
    gl: moderngl.Context, cuda: RecordedCuda
) -> None:
    session, exchange = made(gl, cuda)
    cuda.calls.clear()
    frame(session, exchange)
    assert cuda.names() == [MAP, POINTER, POINTER, "MemcpyAsync", UNMAP]
    for name, arguments in cuda.calls:
        if name in (f"cuda{MAP}", f"cuda{UNMAP}"):
            assert arguments[0] == 2, "both buffers in one call"
        if name != f"cuda{POINTER}":
            assert arguments[-1] == session.stream, name
    exchange.release()


def test_buffers_are_registered_once_with_what_cuda_does_to_them(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    session, exchange = made(gl, cuda)
    for _ in range(20):
        frame(session, exchange)
    registered = [arguments for name, arguments in cuda.calls if name == f"cuda{REGISTER}"]
    assert registered == [(exchange.features.glo, READ_ONLY), (exchange.parameters.glo, WRITE_DISCARD)]
    assert "Malloc" not in cuda.names()
    exchange.release()


def test_the_pointers_of_this_very_mapping_are_bound(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    session, exchange = made(gl, cuda)
    exchange.to_network()
    resources = [cuda.alive[handle] for handle in exchange._resources]
    assert session.pointers == tuple(resource.memory.ctypes.data for resource in resources)
    exchange.release()


def test_release_unmaps_then_unregisters_then_deletes(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    """The stand-in refuses to unregister a buffer that is mapped, or that GL has deleted already."""
    _session, exchange = made(gl, cuda)
    exchange.to_network()
    cuda.calls.clear()
    exchange.release()
    assert cuda.names() == [UNMAP, UNREGISTER, UNREGISTER]
    exchange.release()
    assert cuda.names() == [UNMAP, UNREGISTER, UNREGISTER], "once"


def test_a_session_that_is_gone_does_not_hinder_release(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    session, exchange = made(gl, cuda)
    exchange.to_network()
    session.release()
    exchange.release()
    assert not cuda.alive


@pytest.mark.parametrize("call", [REGISTER, POINTER])
def test_success_with_a_null_handle_is_an_error(gl: moderngl.Context, cuda: RecordedCuda, call: str) -> None:
    cuda.null.add(f"cuda{call}")
    with pytest.raises(CudaError, match=r"handed out nothing.*pip install --upgrade cuda-bindings"):
        made(gl, cuda)


@pytest.mark.parametrize("call", [REGISTER, MAP, POINTER])
@pytest.mark.parametrize("code", [2, 400, 700, 999])
def test_a_failure_while_it_is_made_leaves_nothing(
    gl: moderngl.Context, cuda: RecordedCuda, call: str, code: int
) -> None:
    cuda.fails[f"cuda{call}"] = code
    with pytest.raises(CudaError) as caught:
        made(gl, cuda)
    assert caught.value.code == code
    assert caught.value.do


def test_the_second_registration_fails_and_the_first_is_undone(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    cuda.fails[f"cuda{REGISTER}"] = [None, 2]
    with pytest.raises(CudaError, match="no memory left"):
        made(gl, cuda)
    assert cuda.names().count(UNREGISTER) == 1


def test_a_mapping_that_fails_once_is_over_with_the_next_frame(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    session, exchange = made(gl, cuda)
    for call in (MAP, POINTER):
        cuda.fails[f"cuda{call}"] = [999]
        with pytest.raises(CudaError):
            exchange.to_network()
        exchange.from_network()
        frame(session, exchange)
    exchange.release()


def test_a_session_that_refuses_the_pointers_gives_the_buffers_back(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    session, exchange = made(gl, cuda)

    def refuse(input_pointer: int, output_pointer: int) -> None:
        raise SuperseeError("misaligned")

    session.bind_device = refuse
    with pytest.raises(SuperseeError, match="misaligned"):
        exchange.to_network()
    assert cuda.names()[-1] == UNMAP
    exchange.release()


def test_a_gpu_that_is_lost_is_said_once_and_release_stays_quiet(
    gl: moderngl.Context, cuda: RecordedCuda, caplog: pytest.LogCaptureFixture
) -> None:
    session, exchange = made(gl, cuda)
    exchange.to_network()
    session.start()
    cuda.fails.update({f"cuda{call}": 700 for call in (MAP, UNMAP, UNREGISTER)})
    with pytest.raises(CudaError, match="stopped in the middle of its work") as caught:
        exchange.from_network()
    assert caught.value.lost
    features = exchange.features
    exchange.release()
    assert "error 700" in caplog.text
    assert isinstance(features.mglo, moderngl.InvalidObject), "GL's own memory is freed all the same"
    cuda.alive.clear()


@pytest.mark.parametrize("code", [100, 101, 219, 304, 999])
def test_gl_on_another_gpu_means_host_memory_and_says_so(gl: moderngl.Context, cuda: RecordedCuda, code: int) -> None:
    cuda.fails.update({"cudaGLGetDevices": code, f"cuda{REGISTER}": code})
    exchange = make_exchange(gl, EchoDeviceSession(CudaRuntime(cuda)))
    assert isinstance(exchange, HostExchange)
    assert "host memory" in exchange.notice
    assert "not on the NVIDIA GPU" in exchange.notice
    assert "__NV_PRIME_RENDER_OFFLOAD=1" in exchange.notice
    exchange.release()


@pytest.mark.parametrize("code", [100, 219, 304, 999])
def test_a_context_that_cuda_cannot_place_is_tried_all_the_same(
    gl: moderngl.Context, cuda: RecordedCuda, code: int
) -> None:
    cuda.fails["cudaGLGetDevices"] = code
    exchange = make_exchange(gl, EchoDeviceSession(CudaRuntime(cuda)))
    assert isinstance(exchange, CudaGlExchange)
    exchange.release()


def test_two_gpus_and_gl_on_the_other_one(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    cuda.devices, cuda.gl_device = 2, 1
    exchange = make_exchange(gl, EchoDeviceSession(CudaRuntime(cuda)))
    assert "the network runs on GPU 0 and OpenGL draws on GPU 1" in exchange.notice
    exchange.release()


def test_memory_that_is_short_is_not_hidden_behind_the_host(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    cuda.fails[f"cuda{REGISTER}"] = 2
    with pytest.raises(CudaError, match=r"no memory left.*Close other programs"):
        make_exchange(gl, EchoDeviceSession(CudaRuntime(cuda)))


def test_sessions_choose_their_exchange(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    shared = make_exchange(gl, EchoDeviceSession(CudaRuntime(cuda)))
    assert isinstance(shared, CudaGlExchange)
    shared.release()
    host = make_exchange(gl, EchoSession())
    assert isinstance(host, HostExchange)
    host.release()


def test_a_buffer_that_cuda_sees_in_part_is_refused(
    gl: moderngl.Context, cuda: RecordedCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CudaRuntime, "mapped_pointer", lambda self, resource: (4096, 16))
    with pytest.raises(SuperseeError, match="16 of 1024 bytes"):
        made(gl, cuda)


def test_times_are_taken_with_events_around_map_and_unmap(gl: moderngl.Context, cuda: RecordedCuda) -> None:
    session, exchange = made(gl, cuda)
    exchange.take_times()
    cuda.calls.clear()
    frame(session, exchange)
    names = [name for name in cuda.names() if name != POINTER]
    assert names == ["EventRecord", MAP, "EventRecord", "MemcpyAsync", "EventRecord", UNMAP, "EventRecord"]
    assert exchange.span_ms() == (0.25, 0.25)
    exchange.release()
