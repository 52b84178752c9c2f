"""The same picture however tensors cross: TensorRT over shared buffers, over host memory, and OpenVINO in float32. On
an NVIDIA GPU (marker `gpu`), and with a session that computes on the CPU over CUDA's stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.inference.backend import InferenceBackend
from app.inference.cuda_runtime import CudaRuntime
from app.inference.exchange import HostExchange
from app.inference.manifest import Network
from app.inference.openvino_backend import OpenVinoBackend
from app.upscale.neural import NeuralUpscaler
from tests.inference.recorded_cuda import RecordedCuda
from tests.models import golden
from tests.upscale.shared_session import SharedBackend

RENDER, DISPLAY, FRAMES = (160, 96), (320, 192), 8
LEAST_DB = 45.0


@dataclass
class Device:
    """A backend whose sessions work in CUDA's memory."""

    backend: InferenceBackend
    cuda: CudaRuntime


@pytest.fixture(params=["stand-in", pytest.param("TensorRT", marks=pytest.mark.gpu)])
def device(
    request: pytest.FixtureRequest,
    gl: moderngl.Context,
    backend: OpenVinoBackend,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Device]:
    if request.param == "TensorRT":
        from app.inference.engine_store import EngineStore
        from app.inference.engine_supply import EngineSupply
        from app.inference.tensorrt_backend import TensorRtBackend

        cuda = CudaRuntime()
        gpu = cuda.device_of_gl_context()
        tensorrt = TensorRtBackend(device=gpu, supply=EngineSupply(EngineStore(tmp_path)), runtime=cuda)
        yield Device(tensorrt, cuda)
        tensorrt.close()
        return
    recorded = RecordedCuda()
    monkeypatch.setattr("app.inference.cuda_runtime.load_api", lambda: recorded)
    cuda = CudaRuntime()
    yield Device(SharedBackend(backend, cuda), cuda)
    assert not recorded.alive


def pictures(gl: moderngl.Context, upscaler: NeuralUpscaler) -> np.ndarray:
    """(frames, height, width, 3) float32 of a moving scene."""
    frames = golden.GoldenFrames(gl, RENDER, DISPLAY)
    shown = [np.frombuffer(upscaler.upscale(frames.frame(i).inputs).read(), np.float16).copy() for i in range(FRAMES)]
    return np.stack(shown).reshape(FRAMES, DISPLAY[1], DISPLAY[0], 4)[..., :3].astype(np.float32)


def decibels(found: np.ndarray, expected: np.ndarray) -> float:
    error = float(np.mean(np.square(found - expected, dtype=np.float64)))
    return 20.0 * np.log10(expected.max()) - 10.0 * np.log10(max(error, 1e-20))


def test_shared_buffers_show_what_the_float32_network_shows(
    gl: moderngl.Context, device: Device, network: Network, backend: OpenVinoBackend
) -> None:
    reference, upscaler = NeuralUpscaler(gl, network, backend), NeuralUpscaler(gl, network, device.backend)
    expected, found = pictures(gl, reference), pictures(gl, upscaler)
    assert np.isfinite(found).all()
    assert decibels(found, expected) > LEAST_DB
    assert upscaler.frame_bytes_to_host == 0
    assert upscaler.notice == ""
    reference.release()
    upscaler.release()


def test_host_memory_shows_the_same_bit_for_bit(
    gl: moderngl.Context, device: Device, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = NeuralUpscaler(gl, network, device.backend)
    expected = pictures(gl, shared)
    shared.release()
    monkeypatch.setattr("app.upscale.neural_targets.make_exchange", HostExchange)
    hosted = NeuralUpscaler(gl, network, device.backend)
    np.testing.assert_array_equal(pictures(gl, hosted), expected)
    assert hosted.frame_bytes_to_host == network.padded(RENDER)[0] * network.padded(RENDER)[1] * 80
    hosted.release()


def test_sizes_come_and_go_and_the_gpus_memory_comes_back(
    gl: moderngl.Context, device: Device, network: Network
) -> None:
    def once() -> None:
        upscaler = NeuralUpscaler(gl, network, device.backend)
        for render, display in (((160, 96), (320, 192)), ((96, 64), (288, 192)), ((157, 93), (235, 139))):
            frames = golden.GoldenFrames(gl, render, display)
            for index in range(3):
                upscaler.upscale(frames.frame(index).inputs)
        upscaler.release()
        gl.finish()
        device.cuda.synchronize_device()

    once()  # loads engines and modules, which stay
    before = device.cuda.free_memory()[0]
    for _ in range(3):
        once()
    assert device.cuda.free_memory()[0] >= before - (16 << 20)


def test_nothing_is_allocated_per_frame(gl: moderngl.Context, device: Device, network: Network) -> None:
    upscaler, frames = NeuralUpscaler(gl, network, device.backend), golden.GoldenFrames(gl, RENDER, DISPLAY)
    given = [frames.frame(index).inputs for index in range(2)]
    for index in range(10):
        upscaler.upscale(given[index % 2])
    gl.finish()
    device.cuda.synchronize_device()
    before = device.cuda.free_memory()[0]
    for index in range(60):
        upscaler.upscale(given[index % 2])
    gl.finish()
    device.cuda.synchronize_device()
    assert device.cuda.free_memory()[0] >= before - (2 << 20)  # GL's driver may still settle
    upscaler.release()
