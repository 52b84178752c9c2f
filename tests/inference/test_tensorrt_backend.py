"""From an engine in the store to a session that has answered rightly, over stand-ins: every step that can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

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
from app.inference.tensorrt_library import Kind, TensorRtLibrary
from app.paths import WEIGHTS
from tests.inference.recorded_cuda import RecordedCuda
from tests.inference.recorded_tensorrt import Faults, RecordedTensorRt, TensorFormat, built_plan, tried_plan

SIZE = (64, 36)
MODEL = load_network(WEIGHTS / "lite").model


class Setting:
    """One machine: its store, its libraries, its GPU."""

    def __init__(self, folder: Path) -> None:
        self.store = EngineStore(folder)
        self.api = RecordedTensorRt()
        self.cuda = RecordedCuda()
        self.builds: list[WorkerRequest] = []
        self.trials: list[WorkerRequest] = []
        self.compiled = b""

    def build(self, request: WorkerRequest, **options: object) -> WorkerAnswer:
        self.builds.append(request)
        return built_plan(request, **options)

    def trial(self, request: WorkerRequest, plan: bytes, **options: object) -> bytes:
        """Leaves `compiled`."""
        self.trials.append(request)
        return tried_plan(request, plan, **options) or self.compiled

    def backend(self, kind: Kind = "tensorrt_rtx", **options: object) -> TensorRtBackend:
        """A new start of the program."""
        return TensorRtBackend(
            kind,
            supply=EngineSupply(self.store, build=self.build),
            runtime=CudaRuntime(self.cuda),
            library=TensorRtLibrary(kind, self.api),
            trial=self.trial,
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture
def machine(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "engines")


def gpu(capability: tuple[int, int], name: bytes = b"Recorded GPU"):
    return lambda _self, _device: (
        0,
        SimpleNamespace(name=name, major=capability[0], minor=capability[1], totalGlobalMem=1),
    )


def test_a_first_start_builds_checks_and_keeps_and_a_second_one_is_warm(machine: Setting) -> None:
    backend = machine.backend()
    assert (backend.name, backend.device) == ("TensorRT-RTX", "Recorded GPU fp16")
    backend.prepare(MODEL, SIZE)
    session = backend.compile(MODEL, SIZE)
    assert session.input.shape == (1, 36, 64, 40)
    assert [request.target for request in machine.builds] == ["sm89"]
    assert machine.api.calls == ["load", "create context", "execute"]
    kinds = {entry.kind: entry for entry in machine.store.entries()}
    assert set(kinds) == {"engine", "runtime"}
    assert kinds["engine"].details["gate_db"] > 65.0
    assert "Recorded GPU (8.9)" in kinds["engine"].key.gpu
    session.release()
    again = machine.backend()
    again.prepare(MODEL, SIZE)
    assert len(machine.builds) == 1
    assert machine.store.find(kinds["engine"].key, "runtime").data == b"kernels for this GPU"
    again.close()
    assert not machine.cuda.alive


def test_the_session_that_was_checked_is_the_one_that_is_handed_out(machine: Setting) -> None:
    backend = machine.backend()
    backend.prepare(MODEL, SIZE)
    sessions = [backend.compile(MODEL, SIZE) for _ in range(2)]
    assert machine.api.calls.count("create context") == 2
    assert machine.api.calls.count("load") == 1
    for session in sessions:
        session.input[:] = np.random.default_rng(1).random(session.input.shape)
        session.start()
        session.wait()
    np.testing.assert_array_equal(sessions[0].output, sessions[1].output)


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (Faults(answer=lambda output: None), "numbers in its answer are not finite"),
        (Faults(answer=lambda output: output * np.nan), "not finite"),
        (Faults(answer=lambda output: output * 0), "zero everywhere"),
        (Faults(answer=lambda output: output * np.float16(1.1)), "dB from the float32 network"),
        (Faults(answer=lambda output: output[:, ::-1]), "dB from the float32 network"),
        (Faults(execute="Error Code 1: Cuda Runtime (an illegal memory access)"), "inference failed"),
        (Faults(context="Requested amount of GPU memory"), "cannot prepare the network on this GPU"),
        (Faults(load="CUDA initialization failure", diagnosis=0), "cannot load the engine"),
        (Faults(format=TensorFormat.LINEAR), "another network's"),
        (Faults(names=("data", "prob")), "its tensors are data, prob"),
    ],
)
def test_nothing_that_fails_its_gate_is_handed_out(machine: Setting, faults: Faults, reason: str) -> None:
    machine.api.faults = faults
    backend = machine.backend()
    with pytest.raises(SuperseeError, match=reason):
        backend.prepare(MODEL, SIZE)
    with pytest.raises(SuperseeError, match=reason):
        backend.compile(MODEL, SIZE)
    assert not machine.cuda.alive
    machine.api.faults = Faults()
    backend.prepare(MODEL, SIZE)


def test_a_stored_engine_that_does_not_load_is_built_again_once(machine: Setting) -> None:
    machine.backend().prepare(MODEL, SIZE)
    (entry,) = (entry for entry in machine.store.entries() if entry.kind == "engine")
    machine.store.put(entry.key, b"an engine of something else", {})
    backend = machine.backend()
    backend.prepare(MODEL, SIZE)
    assert len(machine.builds) == 2
    assert "is built again: TensorRT-RTX" in backend.remarks[0]
    machine.api.faults.load = "no driver"
    with pytest.raises(SuperseeError, match="cannot load the engine"):
        machine.backend().prepare(MODEL, SIZE)


def test_an_engine_is_tried_out_elsewhere_until_it_has_answered_rightly_here(machine: Setting) -> None:
    machine.compiled = b"kernels of the trial"
    machine.api.faults = Faults(answer=lambda output: output * 0)
    with pytest.raises(SuperseeError, match="zero everywhere"):
        machine.backend().prepare(MODEL, SIZE)
    machine.api.faults = Faults()
    machine.backend().prepare(MODEL, SIZE)
    assert [(request.size, request.library, request.device) for request in machine.trials] == [
        (SIZE, "tensorrt_rtx", 0)
    ] * 2
    (engine,) = (entry for entry in machine.store.entries() if entry.kind == "engine")
    assert machine.store.find(engine.key, "runtime").data == b"kernels of the trial", "compiled once, and kept"
    machine.backend().prepare(MODEL, SIZE)
    assert len(machine.trials) == 2, "it has answered rightly"
    machine.cuda.driver += 10
    machine.backend().prepare(MODEL, SIZE)
    assert len(machine.trials) == 3, "another driver, another trial"


@pytest.mark.parametrize("ahead", [False, True])
def test_an_engine_that_crashes_elsewhere_is_not_loaded_here(machine: Setting, ahead: bool) -> None:
    died = WorkerDied("The engine's trial in a process of its own ended unexpectedly", "it crashed (SIGSEGV)", "Update")

    def crash(*_arguments: object, **_options: object) -> bytes:
        raise died

    if ahead:
        target = replace(machine.backend()._target, gpu="", driver="")
        EngineSupply(machine.store, build=machine.build).provide(load_network(WEIGHTS / "lite"), SIZE, target)
    machine.trial = crash  # type: ignore[method-assign]
    backend = chain(machine)
    backend.prepare(MODEL, SIZE)
    assert backend.name == "OpenVINO"
    assert backend.notice.startswith(
        "The engine's trial in a process of its own ended unexpectedly: it crashed (SIGSEGV)"
    )
    assert machine.api.calls == []
    assert len(machine.builds) == 1, "to build it again would change nothing"


def test_a_trial_can_be_cancelled(machine: Setting) -> None:
    seen = []
    backend = machine.backend()

    def slow(_request: WorkerRequest, _plan: bytes, *, cancelled) -> bytes:
        assert backend.activity is not None
        seen.append((backend.activity.said(), backend.cancel(), cancelled()))
        raise BuildCancelled("Trying out the engine was cancelled")

    backend._trial = slow
    with pytest.raises(BuildCancelled):
        backend.prepare(MODEL, SIZE)
    assert seen == [("trying the engine out, 0 s", True, True)]
    assert machine.api.calls == []


def test_an_engine_that_was_built_ahead_is_used(machine: Setting) -> None:
    backend = machine.backend()
    ahead = replace(backend._target, gpu="", driver="")
    EngineSupply(machine.store, build=machine.build).provide(load_network(WEIGHTS / "lite"), SIZE, ahead)
    backend.prepare(MODEL, SIZE)
    assert len(machine.builds) == 1


def test_an_unlisted_gpu_on_which_the_engine_runs_is_used(machine: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordedCuda, "_cudaGetDeviceProperties", gpu((9, 0), b"NVIDIA H100"))
    backend = machine.backend()
    backend.prepare(MODEL, SIZE)
    assert [request.target for request in machine.builds] == ["portable"]


@pytest.mark.parametrize(
    "faults",
    [Faults(load="unsupported", diagnosis=2), Faults(context="no kernel image"), Faults(answer=lambda o: o * 0)],
)
def test_an_unlisted_gpu_on_which_it_does_not_is_said_plainly(
    machine: Setting, monkeypatch: pytest.MonkeyPatch, faults: Faults
) -> None:
    monkeypatch.setattr(RecordedCuda, "_cudaGetDeviceProperties", gpu((9, 0), b"NVIDIA H100"))
    machine.api.faults = faults
    with pytest.raises(
        SuperseeError, match=r"TensorRT-RTX does not run on NVIDIA H100: its compute capability is 9.0"
    ) as caught:
        machine.backend().prepare(MODEL, SIZE)
    assert "lists 7.5, 8.0, 8.6, 8.9, 12.0" in caught.value.why
    assert "full TensorRT" in caught.value.do


@pytest.mark.parametrize(
    ("cuda", "reason"),
    [
        ({"driver": 0}, "There is no NVIDIA driver"),
        ({"driver": 12040}, "driver is too old: it speaks CUDA 12.4, and 13.0 or newer is needed"),
        ({"devices": 0}, "CUDA sees no GPU"),
    ],
)
def test_no_gpu_or_too_old_a_driver_is_said_at_once(machine: Setting, cuda: dict, reason: str) -> None:
    machine.cuda = RecordedCuda(**cuda)
    if not machine.cuda.devices:
        machine.cuda.fails["cudaGetDeviceCount"] = 100
    with pytest.raises(SuperseeError, match=reason):
        machine.backend()


def test_gpus_before_turing_are_refused(machine: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordedCuda, "_cudaGetDeviceProperties", gpu((6, 1)))
    with pytest.raises(SuperseeError, match="does not run on this GPU"):
        machine.backend()


def test_the_full_library_builds_on_the_gpu_at_hand(machine: Setting) -> None:
    machine.api = RecordedTensorRt("10.9.0")
    backend = machine.backend("tensorrt")
    backend.compile(MODEL, SIZE)
    assert (machine.builds[0].library, machine.builds[0].target) == ("tensorrt", "present")
    assert backend.name == "TensorRT"
    assert [entry.kind for entry in machine.store.entries()] == ["engine"]


def test_what_is_done_is_shown_while_it_is_done_and_a_build_can_be_cancelled(machine: Setting) -> None:
    seen = []
    backend = machine.backend()

    def slow(request: WorkerRequest, *, cancelled, **_options: object) -> WorkerAnswer:
        assert backend.activity is not None
        seen.append(backend.activity.said())
        backend.cancel()
        assert cancelled()
        raise BuildCancelled("Building the engine was cancelled")

    backend._supply._build = slow
    with pytest.raises(BuildCancelled):
        backend.prepare(MODEL, SIZE)
    assert seen == ["building the engine, 0 s"]
    assert backend.activity is None
    backend._supply._build = built_plan
    backend.prepare(MODEL, SIZE)  # a cancelled build does not cancel the next one


def test_a_network_without_what_tensorrt_needs_says_so(machine: Setting, tmp_path: Path) -> None:
    import json

    for missing, reason in (("typed", "has no fp16 model"), ("gate", "has no stored answer")):
        folder = tmp_path / missing
        folder.mkdir()
        for file in (WEIGHTS / "lite").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        manifest = json.loads((folder / "manifest.json").read_text())
        del manifest[missing]
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(SuperseeError, match=reason):
            machine.backend().prepare(folder / "model.onnx", SIZE)


def test_only_so_many_engines_stay_loaded(machine: Setting) -> None:
    backend = machine.backend()
    for n in range(10):
        backend.prepare(MODEL, (64, 36 + 4 * n))
    assert len(backend._loaded) == 8
    backend.close()
    assert not machine.cuda.alive


# --- the chain ------------------------------------------------------------------------------------------------------


def chain(machine: Setting, **makers) -> BackendChain:
    return BackendChain(
        [
            ("TensorRT-RTX", makers.get("rtx", machine.backend)),
            ("TensorRT", makers.get("full", lambda: refuse("TensorRT is not installed", "Install it"))),
            ("OpenVINO", lambda: OpenVinoBackend(precision="f32", threads=1, cache="")),
        ]
    )


def refuse(what: str, do: str = "") -> TensorRtBackend:
    raise SuperseeError(what, "", do)


def test_where_all_is_well_nothing_is_said(machine: Setting) -> None:
    backend = chain(machine)
    session = backend.compile(MODEL, SIZE)
    assert (backend.name, backend.device, backend.notice) == ("TensorRT-RTX", "Recorded GPU fp16", "")
    session.release()


def test_a_failed_gate_goes_down_the_chain_and_says_which_why_and_what_to_do(machine: Setting) -> None:
    machine.api.faults = Faults(answer=lambda output: output * 0)
    backend = chain(machine)
    backend.prepare(MODEL, SIZE)
    session = backend.compile(MODEL, SIZE)
    assert (backend.name, backend.device) == ("OpenVINO", "CPU f32")
    assert backend.notice == (
        "TensorRT-RTX answers wrongly and is not used: its answer is zero everywhere. `supersee engines clear` removes "
        "the engine, so that it is built again; otherwise export the network again. TensorRT is not installed. Install "
        "it. Running on OpenVINO (CPU f32)"
    )
    machine.api.faults = Faults()
    assert chain(machine).compile(MODEL, SIZE) is not None
    assert backend.compile(MODEL, SIZE) is not None
    assert backend.name == "OpenVINO"  # not tried again by itself
    backend.retry()
    backend.compile(MODEL, SIZE)
    assert backend.name == "TensorRT-RTX"
    assert backend.notice == ""
    session.release()


def test_one_size_that_fails_does_not_spoil_the_others(machine: Setting) -> None:
    backend = chain(machine)
    machine.api.faults = Faults(context="out of memory")
    backend.compile(MODEL, SIZE)
    assert backend.name == "OpenVINO"
    machine.api.faults = Faults()
    backend.compile(MODEL, (96, 64))
    assert (backend.name, backend.notice) == ("TensorRT-RTX", "")


def test_what_cannot_be_made_at_all_is_tried_once(machine: Setting) -> None:
    tried = []

    def missing() -> TensorRtBackend:
        tried.append(1)
        return refuse("TensorRT-RTX is not installed", 'Install it with `pip install "supersee[gpu]"`.')

    backend = chain(machine, rtx=missing)
    for size in (SIZE, (96, 64)):
        backend.compile(MODEL, size)
    assert tried == [1]
    assert backend.notice.startswith('TensorRT-RTX is not installed. Install it with `pip install "supersee[gpu]"`. ')


def test_a_lost_gpu_is_given_up_for_good_and_the_next_takes_over(machine: Setting) -> None:
    backend = chain(machine)
    session = backend.compile(MODEL, SIZE)
    machine.cuda.fails["cudaEventRecord"] = 719
    with pytest.raises(SuperseeError, match="the GPU stopped in the middle of its work") as caught:
        session.start()
    session.release()
    assert backend.give_up(caught.value)
    other = backend.compile(MODEL, SIZE)
    assert backend.name == "OpenVINO"
    assert "the GPU stopped in the middle of its work" in backend.notice
    other.start()
    other.wait()
    assert not backend.give_up(SuperseeError("OpenVINO fails, too"))


def test_a_cancelled_build_runs_on_the_cpu(machine: Setting) -> None:
    def cancelled(*_arguments: object, **_options: object) -> WorkerAnswer:
        raise BuildCancelled("Building the engine for 64x36 was cancelled")

    machine.build = cancelled  # type: ignore[method-assign]
    backend = chain(machine)
    backend.compile(MODEL, SIZE)
    assert backend.name == "OpenVINO"
    assert "was cancelled" in backend.notice


def test_where_nothing_runs_the_last_reason_is_raised(machine: Setting, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"garbage")
    with pytest.raises(SuperseeError, match="OpenVINO cannot compile"):
        chain(machine).compile(folder / "model.onnx", SIZE)
