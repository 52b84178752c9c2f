"""The engine's builder and its trial in a process of their own: whatever becomes of them is an answer or a message,
never the end."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.errors import SuperseeError
from app.inference.backend_chain import nvidia_driver_here
from app.inference.engine_process import (
    BuildCancelled,
    WorkerAnswer,
    WorkerDied,
    WorkerRequest,
    build_in_process,
    try_in_process,
)
from app.inference.manifest import load_network
from app.paths import WEIGHTS
from tests.inference.recorded_cuda import RecordedCuda
from tests.inference.recorded_tensorrt import RecordedTensorRt, built_plan


def request(model: Path | None = None, target: str = "sm89") -> WorkerRequest:
    return WorkerRequest(model or load_network(WEIGHTS / "lite").typed["fp16"], (64, 36), "tensorrt_rtx", target)


def run(code: str, **options) -> WorkerAnswer:
    """With a worker that does as `code` says."""
    return build_in_process(request(), command=[sys.executable, "-c", code], **options)


def test_a_real_engine_comes_out_of_the_worker() -> None:
    answer = build_in_process(request())
    assert len(answer.plan) == answer.details["bytes"] > 100_000
    assert answer.details["boundary"] == ""
    assert answer.details["tensors"][0]["shape"] == [1, 40, 36, 64]
    assert 0.0 < answer.details["seconds"] < answer.seconds


def test_what_the_builder_refuses_comes_out_as_its_own_message(tmp_path: Path) -> None:
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"garbage")
    with pytest.raises(SuperseeError, match="is not a network that TensorRT can run") as caught:
        build_in_process(request(broken))
    assert "models export" in caught.value.do
    with pytest.raises(SuperseeError, match="does not build for sm61"):
        build_in_process(request(target="sm61"))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.abort()", r"crashed \(SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", r"crashed \(SIGKILL, often because memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"crashed \(SIGSEGV"),
        ("raise RuntimeError('no such symbol')", "RuntimeError: no such symbol"),
        ("raise SystemExit(3)", "it said nothing"),
        ("pass", "gave no answer"),
        ("print('[1, 2]')", "gave no answer"),
        ("print('{\"bytes\": 9}\\nhalf', end='')", "4 of 9 bytes"),
        ("print('{\"bytes\": 0}')", "0 of 0 bytes"),
    ],
)
def test_every_way_to_end_badly_is_a_message(code: str, why: str) -> None:
    with pytest.raises(SuperseeError, match=why):
        run(code)


def test_noise_on_the_standard_output_does_not_reach_the_engine() -> None:
    """As native libraries print: to the file descriptor, not to sys.stdout."""
    noisy = (
        "import os, app.inference.engine_worker as w\n"
        "w._built = lambda request: (os.write(1, b'[TRT] hello'), ({'bytes': 3}, b'abc'))[1]\n"
        "w.main('{}')"
    )
    assert run(noisy).plan == b"abc"


def test_a_stuck_build_ends_at_the_time_limit() -> None:
    begun = time.monotonic()
    with pytest.raises(SuperseeError, match="took longer than allowed"):
        run("import time; time.sleep(60)", limit=0.3)
    assert time.monotonic() - begun < 10.0


def test_cancel_ends_the_process_at_once(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    code = (
        f"import time, pathlib\nwhile True: pathlib.Path({str(alive)!r}).write_text(str(time.time())); time.sleep(0.01)"
    )
    with pytest.raises(BuildCancelled, match="was cancelled"):
        run(code, cancelled=alive.exists)
    last = alive.read_text()
    time.sleep(0.1)
    assert alive.read_text() == last


def tried(code: str, plan: bytes = b"plan", **options) -> bytes:
    return try_in_process(request(), plan, command=[sys.executable, "-c", code], **options)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.abort()", r"ended unexpectedly: it crashed \(SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"ended unexpectedly: it crashed \(SIGSEGV"),
        ("import time; time.sleep(60)", "Trying out the engine for 64x36 was stopped: it took longer than allowed"),
    ],
)
def test_a_trial_that_crashes_or_hangs_is_a_message(code: str, why: str) -> None:
    with pytest.raises(WorkerDied, match=why):
        tried(code, limit=0.5)


@pytest.mark.parametrize(
    "code", ["raise RuntimeError('no symbol')", "pass", 'print(\'{"error": ["The GPU is taken", "", ""]}\')']
)
def test_what_a_trial_refuses_in_words_is_left_to_this_process(code: str) -> None:
    assert tried(code) == b""


def test_a_trial_is_given_the_whole_engine_and_answers_with_what_it_compiled() -> None:
    code = (
        "import sys, time; time.sleep(0.2); plan = sys.stdin.buffer.read()\n"
        "print('{\"bytes\": %d}' % len(plan), flush=True); sys.stdout.buffer.write(plan[::-1])"
    )
    plan = bytes(range(256)) * 4000
    assert tried(code, plan) == plan[::-1]
    with pytest.raises(BuildCancelled, match="Trying out the engine for 64x36 was cancelled"):
        tried("import time; time.sleep(60)", cancelled=lambda: True)


def test_without_a_gpu_the_real_trial_refuses_in_words(caplog: pytest.LogCaptureFixture) -> None:
    if nvidia_driver_here():
        pytest.skip("an NVIDIA driver is here")
    with caplog.at_level("INFO"):
        assert try_in_process(request(), build_in_process(request()).plan) == b""
    assert "Trying out the engine for 64x36: CUDA's cudaSetDevice failed: there is no NVIDIA driver" in caplog.text


def test_the_trial_runs_the_engine_and_gives_everything_back(
    cuda: RecordedCuda, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Over stand-ins, in this process."""
    from app.inference import engine_trial, engine_worker

    api = RecordedTensorRt()
    monkeypatch.setattr("app.inference.tensorrt_library._imported", lambda _kind: api)
    plan = built_plan(WorkerRequest(load_network(WEIGHTS / "lite").model, (64, 36), "tensorrt_rtx", "sm89")).plan
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(plan)))
    channel = os.dup(1)
    try:
        engine_worker.main(request().text(), engine_trial._tried)
    finally:
        os.dup2(channel, 1)
        os.close(channel)
    line, _, kernels = capfdbinary.readouterr().out.partition(b"\n")
    assert json.loads(line) == {"bytes": len(kernels), "library": "1.7.1.116"}
    assert kernels == b"kernels for this GPU"
    assert api.calls == ["load", "create context", "execute", "execute", "execute"]


def test_a_worker_that_cannot_start_is_named() -> None:
    with pytest.raises(SuperseeError, match="cannot be started"):
        build_in_process(request(), command=["/no/such/program"])
    assert try_in_process(request(), b"plan", command=["/no/such/program"]) == b""


def test_much_output_does_not_block() -> None:
    code = "import sys\nsys.stderr.write('x' * 300_000)\nprint('{\"bytes\": 200000}')\nsys.stdout.write('y' * 200_000)"
    assert len(run(code).plan) == 200_000
