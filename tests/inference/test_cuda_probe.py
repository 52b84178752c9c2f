"""The round trip that `doctor` makes, over CUDA's stand-in and (marker `gpu`) for real."""

from __future__ import annotations

import moderngl
import pytest

from app.errors import SuperseeError
from app.inference.cuda_errors import CudaError
from app.inference.cuda_probe import CopySession, probe_shared_buffers
from app.inference.cuda_runtime import CudaRuntime
from app.inference.device_session import DeviceSession
from tests.inference.recorded_cuda import RecordedCuda


def test_a_pattern_that_comes_back_passes_and_nothing_stays(gl: moderngl.Context) -> None:
    recorded = RecordedCuda(devices=2, device=1, gl_device=0)
    result = probe_shared_buffers(gl, CudaRuntime(recorded))
    assert result.device.name == "Recorded GPU"
    assert (result.map_ms, result.unmap_ms) == (0.25, 0.25)
    assert result.call_ms > 0.0
    assert not recorded.alive


def test_a_pattern_that_does_not_come_back_is_said(gl: moderngl.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CopySession, "enqueue", lambda self, stream: None)
    recorded = RecordedCuda()
    with pytest.raises(SuperseeError, match=r"did not come back through CUDA: 26214\d of 262144 words"):
        probe_shared_buffers(gl, CudaRuntime(recorded))
    assert not recorded.alive


@pytest.mark.parametrize("call", ["GraphicsGLRegisterBuffer", "GraphicsMapResources", "MemcpyAsync"])
def test_each_failure_cleans_up(gl: moderngl.Context, call: str) -> None:
    recorded = RecordedCuda(fails={f"cuda{call}": 999})
    with pytest.raises(CudaError, match=call):
        probe_shared_buffers(gl, CudaRuntime(recorded))
    assert not recorded.alive


def test_the_copying_session_is_a_device_session() -> None:
    assert isinstance(CopySession(CudaRuntime(RecordedCuda())), DeviceSession)


@pytest.mark.gpu
def test_buffers_are_shared_on_this_gpu_within_the_aim(gl: moderngl.Context) -> None:
    result = probe_shared_buffers(gl)
    assert result.map_ms + result.unmap_ms <= 0.05, result
