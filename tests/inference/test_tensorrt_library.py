"""Two libraries behind one face: found or said to be missing, and what they tell is passed on."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from app.errors import SuperseeError
from app.inference import tensorrt_library
from app.inference.tensorrt_library import TensorRtLibrary, first_library, installed
from app.paths import WEIGHTS
from tests.inference import recorded_tensorrt
from tests.inference.recorded_tensorrt import Engine, RecordedTensorRt


def rtx(version: str = "1.7.1.116") -> TensorRtLibrary:
    return TensorRtLibrary("tensorrt_rtx", RecordedTensorRt(version))


def test_the_real_library_is_found_first() -> None:
    assert "tensorrt_rtx" in installed()
    library = first_library()
    assert (library.kind, library.label) == ("tensorrt_rtx", "TensorRT-RTX")
    assert library.version == installed()["tensorrt_rtx"]


def test_a_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", None)
    with pytest.raises(SuperseeError, match=r"TensorRT-RTX (is not installed|cannot be loaded)") as caught:
        TensorRtLibrary("tensorrt_rtx")
    assert "pip install" in caught.value.do
    with pytest.raises(SuperseeError, match=r"No TensorRT can be used: TensorRT-RTX .*; TensorRT is not installed"):
        first_library()


def test_a_broken_library_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> ModuleType:
        raise OSError("libtensorrt_rtx.so.1: cannot open shared object file")

    monkeypatch.setattr(tensorrt_library.importlib, "import_module", broken)
    with pytest.raises(SuperseeError, match="cannot be loaded: libtensorrt_rtx"):
        TensorRtLibrary("tensorrt_rtx")


@pytest.mark.parametrize(
    ("kind", "version"), [("tensorrt_rtx", "1.1.0"), ("tensorrt", "8.6.1"), ("tensorrt", "rubbish")]
)
def test_a_library_that_is_too_old_is_refused(kind, version: str) -> None:
    with pytest.raises(SuperseeError, match=r"is too old: 1.*or newer is needed"):
        TensorRtLibrary(kind, RecordedTensorRt(version))


@pytest.mark.parametrize(
    ("capability", "target"),
    [
        ((7, 5), "sm75"),
        ((8, 0), "sm80"),
        ((8, 9), "sm89"),
        ((12, 0), "sm120"),
        ((8, 7), "portable"),
        ((9, 0), "portable"),
    ],
)
def test_each_gpu_gets_its_target_and_those_that_are_not_listed_the_portable_one(
    capability: tuple[int, int], target: str
) -> None:
    assert rtx().target_for(capability) == target


@pytest.mark.parametrize("capability", [(6, 1), (7, 0)])
def test_gpus_before_turing_are_refused(capability: tuple[int, int]) -> None:
    with pytest.raises(SuperseeError, match=r"7.5, 8.0 or newer is needed"):
        rtx().target_for(capability)


def test_the_full_library_builds_for_the_gpu_at_hand_only() -> None:
    library = TensorRtLibrary("tensorrt", RecordedTensorRt("10.9"))
    assert library.targets() == ("present",)
    assert library.target_for((9, 0)) == "present"
    assert not library.builds_without_gpu
    with pytest.raises(SuperseeError, match="does not build for sm89: its targets are present"):
        library.set_target(object(), "sm89")


@pytest.mark.parametrize(
    ("diagnosis", "why"),
    [
        (1, "built by another version"),
        (2, "does not run on GPUs of this compute capability"),
        (32, "damaged"),
        (0, "told"),
    ],
)
def test_an_engine_that_does_not_load_comes_with_tensorrts_diagnosis(diagnosis: int, why: str) -> None:
    library = rtx()
    library.api.faults.load, library.api.faults.diagnosis = "what it told", diagnosis
    with pytest.raises(SuperseeError, match=f"cannot load the engine: .*{why}"):
        library.load(b"{}")


def test_the_real_library_tells_garbage_from_an_engine_without_a_gpu() -> None:
    with pytest.raises(SuperseeError, match="it is damaged"):
        first_library().load(b"garbage" * 100)


def test_a_context_is_warm_with_what_was_kept_and_cold_with_what_is_foreign() -> None:
    library = rtx()
    engine = Engine(library.api, library.logger, WEIGHTS / "lite", (64, 36))
    _, cold = library.create_context(engine)
    _, warm = library.create_context(engine, b"kept")
    library.api.faults.foreign_cache = True
    _, foreign = library.create_context(engine, b"of another GPU")
    assert cold is not None
    assert warm is not None
    assert foreign is not None
    assert [cache.warm for cache in (cold, warm, foreign)] == [False, True, False]
    assert warm.serialized() == b"kept"
    assert cold.serialized()
    library.api.faults.context = "Requested amount of GPU memory could not be allocated"
    with pytest.raises(SuperseeError, match="cannot prepare the network on this GPU: Requested amount") as caught:
        library.create_context(engine)
    assert "smaller display size" in caught.value.do


def test_messages_come_without_source_positions() -> None:
    said = (
        "IRuntime::deserializeCudaEngine: Error Code 1: Cuda Runtime (In f at /_src/x.cpp:25 (cudaError 35: too old))"
    )
    library = rtx()
    library.logger.log(library.api.ILogger.Severity.ERROR, said)
    assert library.told() == "Error Code 1: Cuda Runtime (cudaError 35: too old)"


def test_the_stand_in_speaks_as_the_real_library_does() -> None:
    """What runs over it calls nothing that TensorRT-RTX does not have, by any name that it has."""
    real = pytest.importorskip("tensorrt_rtx", reason="the gpu extra is not installed")
    pairs = {
        recorded_tensorrt.RecordedRuntime: real.Runtime,
        recorded_tensorrt.Engine: real.ICudaEngine,
        recorded_tensorrt.RuntimeConfig: real.IRuntimeConfig,
        recorded_tensorrt.RecordedCache: real.IRuntimeCache,
        recorded_tensorrt.Context: real.IExecutionContext,
        recorded_tensorrt.TensorFormat: real.TensorFormat,
        recorded_tensorrt.Severity: real.ILogger.Severity,
    }
    own = {"api", "logger", "engine", "folder", "size", "cache", "content", "addresses", "runs"}
    for stand_in, genuine in pairs.items():
        fields = getattr(stand_in, "__dataclass_fields__", {})
        called = {name for name in (*vars(stand_in), *fields) if not name.startswith("_")} - own
        assert called
        assert called <= set(dir(genuine)), f"{genuine.__name__} has no {called - set(dir(genuine))}"
    for group in ("ComputeCapability", "CudaGraphStrategy", "EngineInvalidityDiagnostics"):
        names = vars(getattr(RecordedTensorRt, group))
        assert set(names) <= set(dir(getattr(real, group)))
    assert int(real.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE) == RecordedTensorRt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    assert set(tensorrt_library._DIAGNOSES) <= set(dir(real.EngineInvalidityDiagnostics))
