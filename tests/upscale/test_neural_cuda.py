"""The neural upscaler with tensors shared between GL and CUDA: over CUDA's stand-in, with a session that computes on
the CPU in the memory it was bound to, the picture is the one that host memory gives, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator

import moderngl
import numpy as np
import pytest

from app.inference.cuda_errors import CudaError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.manifest import Network
from app.inference.openvino_backend import OpenVinoBackend
from app.upscale.neural import NeuralUpscaler
from tests.inference.recorded_cuda import RecordedCuda
from tests.models import golden
from tests.upscale.shared_session import SharedBackend, SharedSession

RENDER, DISPLAY = (32, 20), (64, 40)


@pytest.fixture
def shared(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, cuda: RecordedCuda
) -> Iterator[NeuralUpscaler]:
    upscaler = NeuralUpscaler(gl, network, SharedBackend(backend, CudaRuntime(cuda)))
    yield upscaler
    upscaler.release()


def pixels(texture: moderngl.Texture) -> np.ndarray:
    return np.frombuffer(texture.read(), np.float16)


def test_the_picture_is_that_of_host_memory_and_nothing_reaches_the_host(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, shared: NeuralUpscaler
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    host = NeuralUpscaler(gl, network, backend)
    for index in range(4):
        frame = frames.frame(index).inputs
        expected = pixels(host.upscale(frame)).copy()
        np.testing.assert_array_equal(pixels(shared.upscale(frame)), expected)
        assert shared.frame_bytes_to_host == 0
    assert shared.detail == "Stand-in for CUDA, 0 bytes a frame to the host"
    assert host.frame_bytes_to_host
    host.release()


def test_resizing_registers_the_new_buffers_after_letting_go_of_the_old(
    gl: moderngl.Context, shared: NeuralUpscaler, cuda: RecordedCuda
) -> None:
    for render, display in ((RENDER, DISPLAY), ((20, 12), (60, 36)), ((33, 17), (57, 29))):
        shared.upscale(golden.GoldenFrames(gl, render, display).frame(0).inputs)
    names = [name for name in cuda.names() if "egister" in name]
    register, unregister = ["GraphicsGLRegisterBuffer"] * 2, ["GraphicsUnregisterResource"] * 2
    assert names == register + unregister + register + unregister + register


def test_a_frame_dropped_between_begin_and_finish_is_unmapped(
    gl: moderngl.Context, shared: NeuralUpscaler, cuda: RecordedCuda
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    shared.begin(frames.frame(0).inputs)
    shared.reset()
    assert cuda.names()[-1] == "GraphicsUnmapResources"
    shared.upscale(frames.frame(1).inputs)


def test_an_inference_that_fails_hands_the_buffers_back_and_the_next_frame_works(
    gl: moderngl.Context, shared: NeuralUpscaler, cuda: RecordedCuda
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    shared.upscale(frames.frame(0).inputs)
    assert shared.targets
    session = shared.targets.session
    assert isinstance(session, SharedSession)
    session.fails = CudaError("cudaGraphLaunch", 2)
    with pytest.raises(CudaError, match="no memory left"):
        shared.upscale(frames.frame(1).inputs)
    assert cuda.names()[-1] == "GraphicsUnmapResources"
    session.fails = None
    shared.upscale(frames.frame(2).inputs)


def test_a_lost_gpu_is_an_error_and_release_gets_through(
    gl: moderngl.Context, shared: NeuralUpscaler, cuda: RecordedCuda
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    shared.upscale(frames.frame(0).inputs)
    cuda.fails.update({f"cudaGraphics{call}": 719 for call in ("MapResources", "UnmapResources", "UnregisterResource")})
    with pytest.raises(CudaError, match="Start the program again"):
        shared.upscale(frames.frame(1).inputs)
    shared.release()
    assert {type(left).__name__ for left in cuda.alive.values()} == {"Resource"}  # CUDA would not take them back
    cuda.alive.clear()


def test_another_backend_can_take_over(
    gl: moderngl.Context, network: Network, backend: OpenVinoBackend, shared: NeuralUpscaler
) -> None:
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    shared.upscale(frames.frame(0).inputs)
    twin = golden.saved(golden.lively_network(), network.model.parent / "twin")
    shared.replace_network(twin, backend)
    shared.upscale(frames.frame(1).inputs)
    assert shared.detail.startswith("OpenVINO CPU f32, 0.05 MB")
