"""The whole NVIDIA path, over stand-ins for CUDA and TensorRT, as a pane meets it: live, right, and hard to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.errors import SuperseeError
from app.inference.backend_chain import BackendChain
from app.inference.cuda_runtime import CudaRuntime
from app.inference.engine_process import BuildCancelled, WorkerAnswer, WorkerDied, WorkerRequest
from app.inference.engine_store import EngineStore
from app.inference.engine_supply import EngineSupply
from app.inference.manifest import load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.inference.tensorrt_backend import TensorRtBackend
from app.inference.tensorrt_library import TensorRtLibrary
from app.measure.stage_clock import make_clock
from app.paths import WEIGHTS
from app.present.method_run import MethodRun
from app.present.neural_supply import NeuralSupply
from app.upscale.neural import NeuralUpscaler
from tests.inference.recorded_cuda import RecordedCuda
from tests.inference.recorded_tensorrt import RecordedTensorRt, built_plan, tried_plan
from tests.models.golden import GoldenFrames

RENDER, DISPLAY = (64, 40), (128, 80)


def openvino() -> OpenVinoBackend:
    return OpenVinoBackend(precision="f32", threads=1, cache="")


class Pane:
    """A pane with the neural method on a machine with a GPU of stand-ins. `may_build`: the builder waits for it."""

    def __init__(self, gl: moderngl.Context, cuda: RecordedCuda, folder: Path) -> None:
        self.api, self.may_build = RecordedTensorRt(), threading.Event()
        self.build: Callable[..., WorkerAnswer] = built_plan
        self.trial: Callable[..., bytes] = tried_plan
        runtime = CudaRuntime(cuda)
        supply = EngineSupply(EngineStore(folder), build=self._build)
        rtx: Callable[[], TensorRtBackend] = lambda: TensorRtBackend(  # noqa: E731
            supply=supply, runtime=runtime, library=TensorRtLibrary("tensorrt_rtx", self.api), trial=self.trial
        )
        self.backend = BackendChain([("TensorRT-RTX", rtx), ("OpenVINO", openvino)])
        self.supply = NeuralSupply("lite", lambda _name: (load_network(WEIGHTS / "lite"), self.backend))
        self.run = MethodRun("neural", gl, make_clock(gl), self.supply)
        self._frames = GoldenFrames(gl, RENDER, DISPLAY)
        self.number = 0

    def frame(self) -> np.ndarray:
        frame = self._frames.frame(self.number).inputs
        self.run.begin(frame, self.number)
        self.run.finish(frame)
        self.number += 1
        texture = self.run.texture
        assert texture is not None
        return np.frombuffer(texture.read(), np.float16).reshape(texture.height, texture.width, 4).astype(np.float32)

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30.0
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.005)
            self.frame()

    def _build(self, request: WorkerRequest, *, cancelled: Callable[[], bool], **options: object) -> WorkerAnswer:
        while not self.may_build.wait(0.01):
            if cancelled():
                raise BuildCancelled("Building the engine for 64x40 was cancelled")
        return self.build(request, **options)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> RecordedCuda:
    recorded = RecordedCuda()
    monkeypatch.setattr("app.inference.cuda_runtime.load_api", lambda: recorded)
    return recorded


@pytest.fixture
def pane(gl: moderngl.Context, cuda: RecordedCuda, tmp_path: Path) -> Iterator[Pane]:
    made = Pane(gl, cuda, tmp_path / "engines")
    yield made
    made.supply.close()
    made.run.release()
    assert not cuda.alive or cuda.fails


def test_the_picture_is_live_while_the_engine_is_built_and_the_networks_afterwards(
    gl: moderngl.Context, pane: Pane
) -> None:
    pane.until(lambda: "building the engine" in pane.run.title)
    assert pane.run.title == "Neural: building the engine, 0 s  ·  Esc: on the CPU instead"
    assert pane.run.stands_in
    assert "showing bilinear until then" in pane.run.remarks
    assert pane.frame().any()
    pane.may_build.set()
    pane.until(lambda: not pane.run.stands_in)
    assert pane.run.title == "Neural"
    assert pane.run.remarks == ""
    assert pane.run.detail.startswith("TensorRT-RTX Recorded GPU fp16")
    assert pane.run.bytes_to_host == 0
    # Beside it OpenVINO, from the same frame on: the same weights, so the same picture.
    other = NeuralUpscaler(gl, load_network(WEIGHTS / "lite"), openvino())
    own = pane.run._own
    assert own is not None
    own.reset()
    frames = GoldenFrames(gl, RENDER, DISPLAY)
    for number in range(4):
        frame = frames.frame(number).inputs
        found, expected = own.upscale(frame), other.upscale(frame)
        np.testing.assert_array_equal(
            *(np.frombuffer(texture.read(), np.float16).astype(np.float32) for texture in (found, expected))
        )
    other.release()


def test_a_build_that_is_cancelled_goes_on_with_openvino_and_says_so(pane: Pane) -> None:
    pane.until(lambda: "building the engine" in pane.run.title)
    assert pane.supply.cancel()
    pane.until(lambda: not pane.run.stands_in)
    assert pane.run.detail.startswith("OpenVINO CPU f32")
    assert "was cancelled. Running on OpenVINO (CPU f32)" in pane.run.remarks
    assert not pane.supply.cancel()


def test_a_lost_gpu_costs_some_frames_and_openvino_goes_on(pane: Pane, cuda: RecordedCuda) -> None:
    pane.may_build.set()
    pane.until(lambda: pane.run.detail.startswith("TensorRT-RTX"))
    for call in ("EventRecord", "StreamSynchronize", "GraphicsMapResources", "GraphicsUnmapResources"):
        cuda.fails[f"cuda{call}"] = 719
    assert pane.frame().any()
    assert pane.run.stands_in
    assert "the GPU stopped in the middle of its work" in pane.run.remarks
    pane.until(lambda: not pane.run.stands_in)
    assert pane.run.detail.startswith("OpenVINO CPU f32")
    assert "the GPU stopped in the middle of its work" in pane.run.remarks
    assert "Running on OpenVINO" in pane.run.remarks
    assert pane.frame().any()


def test_a_wrong_answer_never_shows_a_pixel(pane: Pane) -> None:
    shown = []
    pane.api.faults.answer = lambda output: shown.append(1) or output * np.float16(-1.0)
    pane.may_build.set()
    pane.until(lambda: pane.run.detail.startswith("OpenVINO"))
    assert len(shown) == 1  # the gate's question, and nothing after it
    assert pane.run.detail.startswith("OpenVINO")
    assert "TensorRT-RTX answers wrongly and is not used" in pane.run.remarks


def _crash(*_arguments: object, **_options: object) -> bytes:
    raise WorkerDied("The engine's trial in a process of its own ended unexpectedly", "it crashed (SIGSEGV)")


def _refuse(*_arguments: object, **_options: object) -> WorkerAnswer:
    raise SuperseeError("model.fp16.onnx is not a network that TensorRT can run here", "it turns data into prob")


BAD_DAYS: dict[str, Callable[[Pane, RecordedCuda], object]] = {
    "The NVIDIA driver is too old: it speaks CUDA 12.4": lambda _pane, cuda: setattr(cuda, "driver", 12040),
    "CUDA sees no GPU": lambda _pane, cuda: cuda.fails.update(cudaGetDeviceCount=100),
    "is not a network that TensorRT can run here: it turns data into prob": lambda pane, _cuda: setattr(
        pane, "build", _refuse
    ),
    "ended unexpectedly: it crashed (SIGSEGV)": lambda pane, _cuda: setattr(pane, "trial", _crash),
    "the GPU has no memory left (error 2": lambda _pane, cuda: cuda.fails.update(cudaMalloc=2),
    "cannot prepare the network on this GPU: out of memory": lambda pane, _cuda: setattr(
        pane.api.faults, "context", "out of memory"
    ),
    "cannot load the engine: it does not run on GPUs of this": lambda pane, _cuda: vars(pane.api.faults).update(
        load="no", diagnosis=2
    ),
}


@pytest.mark.parametrize("said", BAD_DAYS)
def test_whatever_fails_the_picture_stays_and_the_reason_and_the_fallback_are_named(
    pane: Pane, cuda: RecordedCuda, said: str
) -> None:
    BAD_DAYS[said](pane, cuda)
    pane.may_build.set()
    assert pane.frame().any()
    pane.until(lambda: pane.run.detail.startswith("OpenVINO CPU f32") and not pane.run.stands_in)
    assert said in pane.run.remarks
    assert "Running on OpenVINO (CPU f32)" in pane.run.remarks
    assert pane.frame().any()


def test_buffers_that_the_gpu_has_no_room_for_leave_bilinear_until_there_is(pane: Pane, cuda: RecordedCuda) -> None:
    """Not OpenVINO: another size may fit, and where nothing does the advice is to make room."""
    cuda.fails["cudaGraphicsGLRegisterBuffer"] = 2
    pane.may_build.set()
    pane.until(lambda: "RegisterBuffer failed: the GPU has no memory left" in pane.run.remarks)
    assert "showing bilinear: " in pane.run.remarks
    assert "choose a smaller display size" in pane.run.remarks
    assert pane.frame().any()
    cuda.fails.clear()
    pane.run.retry()
    pane.until(lambda: not pane.run.stands_in)
    assert pane.run.detail.startswith("TensorRT-RTX")


def test_closing_does_not_wait_for_a_build(pane: Pane) -> None:
    pane.until(lambda: "building the engine" in pane.run.title)
    begun = time.monotonic()
    pane.supply.close()
    assert time.monotonic() - begun < 5.0
