"""`doctor` on the NVIDIA path: over CUDA's stand-in, on the software renderer, with and without the libraries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import pytest

from app.commands import doctor, doctor_gpu
from app.commands.findings import Finding
from app.conventions import Size
from app.errors import SuperseeError
from app.inference import tensorrt_library
from app.inference.hardware_status import NOT_YET_RUN
from app.inference.openvino_backend import OpenVinoBackend, OpenVinoSession
from tests.inference.recorded_cuda import RecordedCuda

DRIVER = "NVIDIA UNIX x86_64 Kernel Module  580.65.06"
NAMES = ["NVIDIA driver", "CUDA", "GL on NVIDIA", "GL-CUDA sharing", "TensorRT", "engine"]


@pytest.fixture
def cuda(cuda: RecordedCuda, monkeypatch: pytest.MonkeyPatch) -> RecordedCuda:
    monkeypatch.setattr("app.capture.provenance.versions", lambda *names: dict.fromkeys(names, "13.5.0"))
    return cuda


@pytest.fixture
def no_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorrt_library, "KINDS", ())
    monkeypatch.setattr(tensorrt_library.first_library, "__defaults__", ((),))


def by_name(driver: str = "") -> dict[str, Finding]:
    findings = list(doctor_gpu.check_gpu(driver))
    assert [finding.name for finding in findings] == NAMES, "a line for every step, whatever is missing"
    return {finding.name: finding for finding in findings}


@pytest.mark.usefixtures("no_tensorrt")
def test_without_a_gpu_every_step_says_that_it_was_not_tried() -> None:
    if doctor.nvidia_driver():
        pytest.skip("an NVIDIA driver is here")
    found = by_name()
    assert {finding.verdict for finding in found.values()} == {"note"}, "nothing is missing where there is no GPU"
    assert "runs on the CPU (OpenVINO)" in found["NVIDIA driver"].found
    assert "not tried" in found["GL-CUDA sharing"].found
    assert "supersee[gpu]" in found["TensorRT"].do


@pytest.mark.usefixtures("no_tensorrt")
def test_with_a_gpu_the_round_trip_is_made_and_its_time_said(cuda: RecordedCuda) -> None:
    found = by_name(DRIVER)
    assert "driver 13.0, runtime 13.5" in found["CUDA"].found
    assert "GPU 0: Recorded GPU, sm89, 24 GiB" in found["CUDA"].found
    assert found["GL on NVIDIA"].verdict == "ok"
    assert "came back whole; map 0.250 + unmap 0.250 ms" in found["GL-CUDA sharing"].found
    assert found["GL-CUDA sharing"].verdict == "note", "half a millisecond is far from the aim"
    assert found["TensorRT"].verdict == "missing", "with a driver its absence costs something"


@pytest.mark.usefixtures("no_tensorrt")
def test_gl_on_another_gpu_is_missing_and_says_how_to_move_it(cuda: RecordedCuda) -> None:
    cuda.fails.update({"cudaGLGetDevices": 304, "cudaGraphicsGLRegisterBuffer": 304})
    found = by_name(DRIVER)
    for name in ("GL on NVIDIA", "GL-CUDA sharing"):
        assert found[name].verdict == "missing"
        assert "not on the NVIDIA GPU" in found[name].found
        assert "__NV_PRIME_RENDER_OFFLOAD=1" in found[name].do


@pytest.mark.usefixtures("no_tensorrt")
def test_a_round_trip_that_fails_is_missing(cuda: RecordedCuda) -> None:
    cuda.fails["cudaGraphicsMapResources"] = 2
    found = by_name(DRIVER)
    assert found["GL-CUDA sharing"].verdict == "missing"
    assert "no memory left" in found["GL-CUDA sharing"].found


@pytest.mark.usefixtures("no_tensorrt")
def test_a_driver_that_is_too_old_says_both_versions(cuda: RecordedCuda) -> None:
    cuda.driver = 12020
    cuda.fails.update({"cudaGetDeviceCount": 35, "cudaSetDevice": 35})
    found = by_name(DRIVER)["CUDA"]
    assert found.verdict == "missing"
    assert "the driver speaks CUDA 12.2, and 13.5 is needed" in found.found


@pytest.mark.usefixtures("no_tensorrt")
def test_hidden_gpus_are_said_to_be_hidden(cuda: RecordedCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    cuda.fails.update({"cudaGetDeviceCount": 100, "cudaSetDevice": 100})
    assert "CUDA_VISIBLE_DEVICES is ''" in by_name(DRIVER)["CUDA"].found


@pytest.mark.usefixtures("no_tensorrt")
def test_bindings_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.capture.provenance.versions", lambda *names: {})
    assert by_name()["CUDA"].verdict == "note"
    found = by_name(DRIVER)["CUDA"]
    assert found.verdict == "missing"
    assert "supersee[gpu]" in found.do


def test_an_engine_is_built_without_a_gpu() -> None:
    pytest.importorskip("tensorrt_rtx", reason="the gpu extra is not installed")
    if doctor.nvidia_driver():
        pytest.skip("an NVIDIA driver is here")
    found = by_name()
    assert "TensorRT-RTX" in found["TensorRT"].found
    assert "fp16 for sm89: built in" in found["engine"].found
    assert "not loaded: that needs the GPU" in found["engine"].found


class StandInBackend:
    """A TensorRtBackend whose sessions are OpenVINO's."""

    name, precision = "TensorRT-RTX", "fp16"
    refuses: ClassVar[dict[str, str]] = {}

    def __init__(self, kind: str, **_options: object) -> None:
        self._kind = kind
        self._backend = OpenVinoBackend(precision="f32", threads=1, cache="")

    def prepare(self, model: Path, size: Size) -> None:
        if self._kind in self.refuses:
            raise SuperseeError(f"{self._kind} does not run", self.refuses[self._kind], "Install the full TensorRT.")

    def compile(self, model: Path, size: Size) -> OpenVinoSession:
        return self._backend.compile(model, size)

    def close(self) -> None: ...


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> type[StandInBackend]:
    """Both libraries installed, as far as anybody can tell."""
    pytest.importorskip("tensorrt_rtx", reason="the gpu extra is not installed")
    both = {"tensorrt_rtx": "1.7", "tensorrt": "11.0"}
    monkeypatch.setattr(tensorrt_library, "installed", lambda: both)
    monkeypatch.setattr("app.inference.tensorrt_backend.TensorRtBackend", StandInBackend)
    monkeypatch.setattr(StandInBackend, "refuses", {})
    return StandInBackend


@pytest.mark.usefixtures("cuda")
def test_with_a_gpu_an_engine_is_run_and_compared(engines: type[StandInBackend]) -> None:
    found = by_name(DRIVER)["engine"]
    assert found.verdict == "ok"
    assert re.search(r"built and loaded in [\d.]+ s, ran in [\d.]+ ms, (\d+\.\d) dB from the float32", found.found)


@pytest.mark.usefixtures("cuda")
def test_a_library_that_fails_is_named_and_the_next_one_tried(engines: type[StandInBackend]) -> None:
    engines.refuses["tensorrt_rtx"] = "compute capability 9.0 is not listed"
    found = by_name(DRIVER)["engine"]
    assert found.verdict == "note"
    assert "9.0 is not listed" in found.found
    assert "dB from the float32" in found.found
    engines.refuses["tensorrt"] = "the driver is too old"
    found = by_name(DRIVER)["engine"]
    assert found.verdict == "missing"
    assert "9.0 is not listed" in found.found
    assert "the driver is too old" in found.found
    assert found.do == "Install the full TensorRT."


def test_what_has_not_run_on_hardware_is_listed_with_the_command_that_proves_it() -> None:
    findings = list(doctor.check_hardware())
    assert [finding.found for finding in findings] == [entry.what for entry in NOT_YET_RUN]
    assert all("With an NVIDIA GPU: " in finding.do for finding in findings)


@pytest.mark.gpu
def test_on_this_gpu_every_step_is_well() -> None:
    found = by_name(doctor.nvidia_driver())
    assert [f.name for f in found.values() if f.verdict == "missing"] == []
