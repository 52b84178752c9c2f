"""CUDA's runtime behind checks: codes become messages, null handles errors, the real bindings take our arguments."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

from app.errors import SuperseeError
from app.inference.cuda_errors import LOST, CudaError
from app.inference.cuda_runtime import CudaRuntime, load_api
from tests.inference.recorded_cuda import RecordedCuda


def _use_first(cuda: CudaRuntime) -> None:
    cuda.use(0)


def _capture(cuda: CudaRuntime) -> None:
    with cuda.capturing(5):
        pass


_RESOURCES = (ctypes.c_void_p * 2)(0x10, 0x20)
_ARRAY = np.zeros(16, np.float16)
CALLS: dict[str, Callable[[CudaRuntime], object]] = {
    "cudaGetDeviceProperties": lambda cuda: cuda.device(0),
    "cudaSetDevice": lambda cuda: cuda.use(0),
    "cudaGetDevice": lambda cuda: cuda.current_device(),
    "cudaGLGetDevices": lambda cuda: cuda.device_of_gl_context(),
    "cudaMemGetInfo": lambda cuda: cuda.free_memory(),
    "cudaStreamCreateWithFlags": lambda cuda: cuda.create_stream(),
    "cudaStreamDestroy": lambda cuda: cuda.destroy_stream(5),
    "cudaStreamSynchronize": lambda cuda: cuda.synchronize(5),
    "cudaDeviceSynchronize": lambda cuda: cuda.synchronize_device(),
    "cudaEventCreateWithFlags": lambda cuda: cuda.create_event(timing=False),
    "cudaEventDestroy": lambda cuda: cuda.destroy_event(7),
    "cudaEventRecord": lambda cuda: cuda.record(7, 5),
    "cudaEventQuery": lambda cuda: cuda.done(7),
    "cudaEventSynchronize": lambda cuda: cuda.wait(7),
    "cudaEventElapsedTime": lambda cuda: cuda.elapsed_ms(7, 8),
    "cudaMalloc": lambda cuda: cuda.allocate(64),
    "cudaFree": lambda cuda: cuda.free(256),
    "cudaHostAlloc": lambda cuda: cuda.allocate_pinned(64),
    "cudaFreeHost": lambda cuda: cuda.free_pinned(_ARRAY),
    "cudaMemsetAsync": lambda cuda: cuda.fill(256, 0, 4, 5),
    "cudaStreamBeginCapture": _capture,
    "cudaGraphLaunch": lambda cuda: cuda.launch(9, 5),
    "cudaGraphExecDestroy": lambda cuda: cuda.destroy_graph(9),
    "cudaGraphicsGLRegisterBuffer": lambda cuda: cuda.register_gl_buffer(3, 1),
    "cudaGraphicsUnregisterResource": lambda cuda: cuda.unregister(3),
    "cudaGraphicsMapResources": lambda cuda: cuda.map_resources(_RESOURCES, 5),
    "cudaGraphicsUnmapResources": lambda cuda: cuda.unmap_resources(_RESOURCES, 5),
    "cudaGraphicsResourceGetMappedPointer": lambda cuda: cuda.mapped_pointer(3),
}
COPIES: tuple[Callable[[CudaRuntime], None], ...] = (
    lambda cuda: cuda.copy_to_device(256, _ARRAY, 5),
    lambda cuda: cuda.copy_to_host(_ARRAY, 256, 5),
    lambda cuda: cuda.copy_on_device(256, 512, 4, 5),
)
HANDLES = [name for name in CALLS if "Create" in name or "Register" in name or name in ("cudaMalloc", "cudaHostAlloc")]


@pytest.mark.parametrize("name", CALLS)
def test_every_return_code_is_checked(name: str) -> None:
    says = rf"CUDA's {name} failed: .*no memory left \(error 2, cudaErrorMemoryAllocation\)"
    with pytest.raises(CudaError, match=says) as caught:
        CALLS[name](CudaRuntime(RecordedCuda(fails={name: 2})))
    assert caught.value.code == 2
    assert caught.value.do


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_checked(copy: Callable[[CudaRuntime], None]) -> None:
    with pytest.raises(CudaError, match="cudaMemcpyAsync failed"):
        copy(CudaRuntime(RecordedCuda(fails={"cudaMemcpyAsync": 1})))


@pytest.mark.parametrize("name", HANDLES)
def test_every_handle_is_checked(name: str) -> None:
    with pytest.raises(CudaError, match="handed out nothing"):
        CALLS[name](CudaRuntime(RecordedCuda(null={name})))


def test_the_real_bindings_take_these_arguments() -> None:
    """Without a driver each call converts its arguments and then answers 35: wrong types would be a TypeError."""
    pytest.importorskip("cuda.bindings.runtime", reason="the gpu extra is not installed")
    cuda = CudaRuntime()
    if cuda.driver_version() != (0, 0):
        pytest.skip("an NVIDIA driver is here: made-up handles would reach it")
    assert cuda.runtime_version() >= (12, 9)
    assert cuda.device_count() == 0
    for call in (*CALLS.values(), *COPIES):
        with pytest.raises(CudaError, match=r"there is no NVIDIA driver.*error 35.*Install or update") as caught:
            call(cuda)
        assert caught.value.code == 35


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (2, r"no memory left.*smaller display size"),
        (46, r"another program holds the GPU.*nvidia-smi"),
        (209, r"compute capability.*engines list"),
        (304, r"not expected here \(error 304"),
        (719, r"stopped in the middle of its work.*Start the program again"),
        (4711, r"not expected here \(error 4711\).*supersee doctor"),
    ],
)
def test_codes_become_plain_messages(code: int, says: str) -> None:
    with pytest.raises(CudaError, match=says) as caught:
        CudaRuntime(RecordedCuda(fails={"cudaSetDevice": code})).use(0)
    assert caught.value.lost == (code in LOST)
    assert not caught.value.gl_elsewhere


@pytest.mark.parametrize("code", [100, 101, 219, 304, 999])
@pytest.mark.parametrize("name", ["cudaGLGetDevices", "cudaGraphicsGLRegisterBuffer", "cudaGraphicsMapResources"])
def test_of_a_call_about_gl_the_same_codes_mean_another_gpu(name: str, code: int) -> None:
    says = "not on the NVIDIA GPU.*__NV_PRIME_RENDER_OFFLOAD.*__EGL_VENDOR_LIBRARY_FILENAMES.*GLCONTEXT_DEVICE_INDEX"
    with pytest.raises(CudaError, match=says) as caught:
        CALLS[name](CudaRuntime(RecordedCuda(fails={name: code})))
    assert caught.value.gl_elsewhere


def test_a_driver_that_is_too_old_is_told_from_none() -> None:
    for driver, says in ((0, "there is no NVIDIA driver"), (12020, r"speaks CUDA 12\.2, and 13\.5 is needed")):
        cuda = CudaRuntime(RecordedCuda(fails={"cudaSetDevice": 35}, driver=driver))
        with pytest.raises(CudaError, match=says):
            cuda.use(0)


def test_bindings_without_a_library_are_a_message() -> None:
    class NoLibrary(RecordedCuda):
        def _cudaMalloc(self, size: int) -> tuple[int, int]:
            raise RuntimeError("Failed to dlopen libcuda.so.1")

    with pytest.raises(CudaError, match=r"Failed to dlopen libcuda\.so\.1 .*Install or update NVIDIA's driver"):
        CudaRuntime(NoLibrary()).allocate(4)


def test_a_code_that_the_bindings_do_not_know_is_a_message() -> None:
    class Older(RecordedCuda):
        def _cudaMalloc(self, size: int) -> tuple[int, int]:
            return {}[1234]  # as cuda-bindings does

    with pytest.raises(CudaError, match=r"newer than the CUDA bindings \(error 1234\)"):
        CudaRuntime(Older()).allocate(4)


def test_bindings_that_are_missing_are_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cuda.bindings.runtime", None)
    with pytest.raises(SuperseeError, match=r'CUDA bindings cannot be loaded.*pip install "supersee\[gpu\]"'):
        load_api()


def test_a_hidden_gpu_is_said_to_be_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    for call, does in (("cudaGLGetDevices", CudaRuntime.device_of_gl_context), ("cudaSetDevice", _use_first)):
        with pytest.raises(CudaError, match="CUDA_VISIBLE_DEVICES is '7'"):
            does(CudaRuntime(RecordedCuda(fails={call: 100})))


def test_no_device_is_a_count_of_zero_and_other_errors_are_errors() -> None:
    for code in (35, 100):
        assert CudaRuntime(RecordedCuda(fails={"cudaGetDeviceCount": code})).device_count() == 0
    with pytest.raises(CudaError):
        CudaRuntime(RecordedCuda(fails={"cudaGetDeviceCount": 999})).device_count()


def test_a_device_is_described() -> None:
    device = CudaRuntime(RecordedCuda()).device(0)
    assert (device.name, device.sm, device.memory) == ("Recorded GPU", "sm89", 24 << 30)


def test_an_event_that_is_not_reached_yet_is_no_error() -> None:
    recorded = RecordedCuda(fails={"cudaEventQuery": [600, None]})
    cuda = CudaRuntime(recorded)
    event = cuda.create_event()
    assert not cuda.done(event)
    assert cuda.done(event)


def test_bytes_go_there_and_back() -> None:
    recorded = RecordedCuda()
    cuda = CudaRuntime(recorded)
    stream, pointer, pinned = cuda.create_stream(), cuda.allocate(64), cuda.allocate_pinned(64)
    pinned[:] = np.arange(64)
    cuda.copy_to_device(pointer, pinned, stream)
    back = np.zeros(64, np.uint8)
    cuda.copy_to_host(back, pointer, stream)
    np.testing.assert_array_equal(back, pinned)
    cuda.fill(pointer, 7, 32, stream)
    cuda.copy_to_host(back, pointer, stream)
    assert set(back[:32]) == {7}
    cuda.free_pinned(pinned)
    cuda.free(pointer)
    cuda.destroy_stream(stream)
    assert not recorded.alive


def test_a_capture_becomes_one_graph_and_leaves_no_other() -> None:
    recorded = RecordedCuda()
    cuda = CudaRuntime(recorded)
    stream = cuda.create_stream()
    with cuda.capturing(stream) as made:
        assert made == []
    cuda.launch(made[0], stream)
    assert list(recorded.alive.values()) == ["stream", "executable graph"]
    cuda.destroy_graph(made[0])
    cuda.destroy_stream(stream)
    assert not recorded.alive


def test_an_error_inside_a_capture_ends_it() -> None:
    recorded = RecordedCuda()
    cuda = CudaRuntime(recorded)
    stream = cuda.create_stream()
    with pytest.raises(ZeroDivisionError), cuda.capturing(stream):
        raise ZeroDivisionError
    assert recorded.names()[-2:] == ["StreamEndCapture", "GraphDestroy"]
    assert list(recorded.alive.values()) == ["stream"]
    recorded.fails["cudaStreamEndCapture"] = 901
    with pytest.raises(ZeroDivisionError), cuda.capturing(stream):
        raise ZeroDivisionError


def test_a_graph_that_cannot_be_made_executable_is_destroyed() -> None:
    recorded = RecordedCuda(fails={"cudaGraphInstantiate": 2})
    cuda = CudaRuntime(recorded)
    stream = cuda.create_stream()
    with pytest.raises(CudaError, match="cudaGraphInstantiate"), cuda.capturing(stream):
        pass
    assert list(recorded.alive.values()) == ["stream"]


@pytest.mark.gpu
def test_on_a_real_device_bytes_go_there_and_back_and_time_passes() -> None:
    cuda = CudaRuntime()
    assert cuda.device_count() >= 1
    cuda.use(0)
    stream, events = cuda.create_stream(), [cuda.create_event() for _ in range(2)]
    pointer, pinned = cuda.allocate(1 << 20), cuda.allocate_pinned(1 << 20)
    pinned[:] = np.random.default_rng(0).integers(0, 256, pinned.size, np.uint8)
    with cuda.capturing(stream) as graphs:
        cuda.copy_to_device(pointer, pinned, stream)
    back = np.zeros(1 << 20, np.uint8)
    cuda.record(events[0], stream)
    cuda.launch(graphs[0], stream)
    cuda.record(events[1], stream)
    cuda.copy_to_host(back, pointer, stream)
    cuda.synchronize(stream)
    np.testing.assert_array_equal(back, pinned)
    assert cuda.done(events[1])
    assert 0.0 < cuda.elapsed_ms(*events) < 100.0
    cuda.destroy_graph(graphs[0])
    cuda.free_pinned(pinned)
    cuda.free(pointer)
    for event in events:
        cuda.destroy_event(event)
    cuda.destroy_stream(stream)
