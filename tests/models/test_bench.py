"""The lab's half of the GPU comparison: the file it hands over, how it is timed; on the CPU, and (`gpu`) for real."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from app.errors import SuperseeError
from app.inference.gate import load_gate
from app.inference.manifest import Network
from app.measure.network_times import NetworkTime, read_network_times, speed_ups
from models.__main__ import main
from models.bench import contenders
from models.bench.reason import reason
from models.bench.timing import stored_features, timed
from tests.models import golden


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return golden.saved(golden.lively_network(), tmp_path_factory.mktemp("network"))


def test_the_file_is_what_bench_reads(network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out" / "times.json"
    options = ["--device", "cpu", "--sizes", "157x90,64x64", "--frames", "3", "--warm-up", "1"]
    assert main(["bench-gpu", "--network", str(network.folder), *options, "--out", str(path)]) == 0
    times = read_network_times(path)
    assert times is not None
    assert (times.model, times.device) == (network.sha256, "the CPU")
    assert [(row.runtime, row.precision, row.size) for row in times.rows] == [
        (contenders.EAGER, "fp16", (160, 92)),
        (contenders.EAGER, "fp16", (64, 64)),
    ]
    for row in times.rows:
        assert row.milliseconds is not None
        assert 0.0 < row.milliseconds["median"] <= row.milliseconds["p99"]
        assert row.worst_db is not None
        assert row.worst_db > 45.0, "the same network, the same question, in float16"
        assert row.note == ""
    assert "answer" in capsys.readouterr().out


def test_without_a_gpu_it_says_so(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    assert main(["bench-gpu", "--network", str(network.folder)]) == 2
    assert "no GPU that torch can use" in capsys.readouterr().err


def test_weights_come_back_from_the_export_bit_for_bit(network: Network) -> None:
    shipped, original = contenders.load_module(network).state_dict(), golden.lively_network().state_dict()
    assert list(shipped) == list(original)
    assert all(torch.equal(shipped[name], original[name]) for name in shipped)


def test_a_runtime_that_cannot_run_is_a_row_that_says_why(network: Network) -> None:
    assert network.gate is not None
    gate = load_gate(network.gate)

    def broken() -> contenders.Inference:
        raise SuperseeError("onnxruntime is not installed")

    row = timed("onnxruntime CUDA", "fp16", (64, 64), broken, gate, 2, 1)
    assert (row.milliseconds, row.note) == (None, "onnxruntime is not installed")


def test_a_network_that_cannot_be_compiled_is_a_row_that_names_the_compiler(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", (None, "no-such-compiler"))
    assert network.gate is not None
    gate = load_gate(network.gate)
    features = stored_features(gate, (64, 64), torch.device("cpu")).float()
    make = partial(contenders.compiled, contenders.load_module(network), features)
    row = timed(contenders.COMPILED, "fp16", (64, 64), make, gate, 2, 1)
    assert row.milliseconds is None
    assert row.note.startswith("torch.compile cannot compile the network here: No working C++ compiler")
    assert "no-such-compiler" in row.note


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB"),
            "too little free memory for this size: CUDA out of",
        ),
        (torch.AcceleratorError("CUDA error: no kernel image"), "the GPU or its driver failed: CUDA error: no kernel"),
        (NotImplementedError('"conv" not implemented for Half'), "no kernel for this precision.*implemented for Half"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED\nmore"), "libraries failed: cuDNN error: .*_FAILED$"),
        (torch.OutOfMemoryError(""), "too little free memory for this size: OutOfMemoryError$"),
        (RuntimeError("expected input to have 40 channels, but got 39"), None),
    ],
)
def test_reasons_are_words_and_one_line(error: RuntimeError, words: str | None) -> None:
    said = reason(error)
    assert said is None if words is None else re.search(words, said or "")
    assert "\n" not in (said or "")


def test_an_error_of_ours_is_no_row(network: Network) -> None:
    assert network.gate is not None
    gate = load_gate(network.gate)
    features = torch.zeros(1, 39, 64, 64)  # a channel short
    make = partial(contenders.eager, contenders.load_module(network), features)
    with pytest.raises(RuntimeError, match="expected input"):
        timed(contenders.EAGER, "fp16", (64, 64), make, gate, 2, 1)


class _BrokenOnnxRuntime:
    """onnxruntime as far as the contender sees it, with its exceptions, which derive from Exception."""

    class EPFail(Exception): ...

    class Fail(Exception): ...

    class RuntimeException(Exception): ...

    class NotImplemented(Exception): ...  # noqa: A001

    def __init__(self, loads: bool) -> None:
        self.capi = SimpleNamespace(_pybind_state=self)
        self._loads = loads

    def InferenceSession(self, _model: str, providers: list) -> _BrokenOnnxRuntime:
        if not self._loads:
            raise self.NotImplemented("[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Conv(11)\nstack")
        return self

    def get_providers(self) -> list[str]:
        return ["CUDAExecutionProvider"]

    def io_binding(self) -> _BrokenOnnxRuntime:
        return self

    def RunOptions(self) -> _BrokenOnnxRuntime:
        return self

    def bind_input(self, *_tensor: object) -> None: ...

    bind_output = add_run_config_entry = bind_input

    def run_with_iobinding(self, *_binding: object) -> None:
        raise self.EPFail("[ONNXRuntimeError] : 11 : EP_FAIL : CUDA failure 2: out of memory\nstack")


@pytest.mark.parametrize(
    ("loads", "words"),
    [
        (False, "onnxruntime cannot load the network on this GPU: [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Conv(11)"),
        (True, "onnxruntime cannot run the network on this GPU: [ONNXRuntimeError] : 11 : EP_FAIL : CUDA failure 2: "
               "out of memory"),
    ],
)  # fmt: skip
def test_what_onnxruntime_raises_is_a_row_that_says_why(
    network: Network, monkeypatch: pytest.MonkeyPatch, loads: bool, words: str
) -> None:
    assert network.gate is not None
    gate = load_gate(network.gate)
    monkeypatch.setattr(contenders, "_onnxruntime", lambda: _BrokenOnnxRuntime(loads))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: SimpleNamespace(cuda_stream=0))
    features = stored_features(gate, (64, 64), torch.device("cpu"))
    make = partial(contenders.onnxruntime_cuda, network.typed["fp16"], features)
    row = timed(contenders.ONNXRUNTIME, "fp16", (64, 64), make, gate, 2, 1)
    assert (row.milliseconds, row.note) == (None, words)


def test_an_answer_that_is_wrong_is_said(network: Network) -> None:
    assert network.gate is not None
    gate = load_gate(network.gate)
    features = stored_features(gate, (96, 96), torch.device("cpu"))
    row = timed("zeros", "fp16", (96, 96), lambda: lambda: torch.zeros(1, 16, 96, 96), gate, 2, 1)
    assert "zero everywhere" in row.note
    assert features.is_contiguous(memory_format=torch.channels_last)
    assert features.dtype == torch.float16


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": 9, "kind": "network times"}', '{"schema": 1, "kind": "network times", "rows": 3}'],
)
def test_a_file_that_is_none_is_a_message(tmp_path: Path, text: str) -> None:
    (tmp_path / "times.json").write_text(text)
    with pytest.raises(SuperseeError, match=r"holds no network times.*python -m models bench-gpu"):
        read_network_times(tmp_path / "times.json")
    assert read_network_times(tmp_path / "missing.json") is None


def test_speed_ups_are_by_size_and_leave_out_what_did_not_run() -> None:
    fast, slow = {"median": 0.1, "p95": 0.2, "p99": 0.3}, {"median": 0.45, "p95": 0.5, "p99": 0.6}
    rows = [
        NetworkTime("a", "fp16", (8, 8), fast),
        NetworkTime("b", "fp16", (8, 8), slow),
        NetworkTime("a", "fp16", (16, 8), fast),
        NetworkTime("b", "fp16", (16, 8), None, note="no memory"),
    ]
    assert speed_ups(rows, "a", "b") == {(8, 8): 4.5}


@pytest.mark.gpu
def test_every_runtime_answers_as_the_network_does(network: Network, tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("this torch is a CPU build")
    path = tmp_path / "times.json"
    options = ["--sizes", "640x360", "--frames", "20", "--warm-up", "5", "--out", str(path)]
    assert main(["bench-gpu", "--network", str(network.folder), *options]) == 0
    rows = {row["runtime"]: row for row in json.loads(path.read_text())["rows"]}
    assert rows[contenders.EAGER]["milliseconds"]
    for row in rows.values():
        assert row["milliseconds"] is None or (row["worst_db"] > 45.0 and not row["note"]), row
