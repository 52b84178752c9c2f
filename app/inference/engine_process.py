"""Starts the worker that builds an engine, or the one that tries it out, waits with a time limit, and turns every way
it can end into a message."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from app.own_process import module_command, module_environment

log = logging.getLogger(__name__)

TIME_LIMIT_SECONDS = 300.0
TRIAL_LIMIT_SECONDS = 120.0
_POLL_SECONDS = 0.05
_LARGEST_STATUS = 255
"""Of a program that ended by itself. Windows tells a crash by one beyond (0xC0000005), others by one below 0."""


class BuildCancelled(SuperseeError):
    """Somebody asked for the work to stop; nothing is wrong."""


class WorkerDied(SuperseeError):
    """It crashed or hung: what it did must not be done in this process."""


@dataclass(frozen=True, slots=True)
class _Task:
    """For messages: who works, at what, and what is to be done where it fails."""

    who: str
    doing: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """What the worker is told. `device` is CUDA's number of the GPU, for a library that builds on it."""

    model: Path
    size: tuple[int, int]
    library: str
    target: str
    device: int = 0

    def text(self) -> str:
        return json.dumps({**{n: getattr(self, n) for n in self.__slots__}, "model": str(self.model)})


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """`details` as the worker wrote them; `seconds` with the process's start. `plan` is the engine, or what the trial
    of one compiled."""

    plan: bytes
    details: dict[str, Any]
    seconds: float


def build_in_process(
    request: WorkerRequest,
    *,
    limit: float = TIME_LIMIT_SECONDS,
    cancelled: Callable[[], bool] = lambda: False,
    command: Sequence[str] | None = None,
) -> WorkerAnswer:
    """Blocks until the engine is there. Raises BuildCancelled on `cancelled`, SuperseeError where the worker fails,
    crashes or takes longer than `limit` seconds; the process is gone in every case."""
    task = _Task(
        "The engine's builder",
        f"Building the engine for {request.size[0]}x{request.size[1]}",
        "The network runs on the CPU meanwhile; `supersee engines build` tries again and shows everything.",
    )
    command = command or module_command("app.inference.engine_worker", request.text())
    answer = _answered(task, command, b"", limit, cancelled)
    if not answer.plan:
        raise SuperseeError("The engine arrived incomplete", "it has 0 of 0 bytes", task.otherwise)
    return answer


def try_in_process(
    request: WorkerRequest,
    plan: bytes,
    *,
    limit: float = TRIAL_LIMIT_SECONDS,
    cancelled: Callable[[], bool] = lambda: False,
    command: Sequence[str] | None = None,
) -> bytes:
    """Loads the engine `plan` and runs it once, where a crash of TensorRT ends that process alone. The kernels that it
    compiled (TensorRT-RTX's runtime cache), b"" where there are none.

    Raises WorkerDied where it crashes or takes longer than `limit` seconds, BuildCancelled on `cancelled`. What it
    refuses in words is no reason not to try here: a GPU that one process alone may use refuses the second one.
    """
    task = _Task(
        "The engine's trial in a process of its own",
        f"Trying out the engine for {request.size[0]}x{request.size[1]}",
        "Update NVIDIA's driver; the network runs on the CPU meanwhile.",
    )
    command = command or module_command("app.inference.engine_trial", request.text())
    try:
        return _answered(task, command, plan, limit, cancelled).plan
    except (BuildCancelled, WorkerDied):
        raise
    except SuperseeError as error:
        log.info("%s: %s", task.doing, error)
        return b""


def _answered(
    task: _Task, command: Sequence[str], given: bytes, limit: float, cancelled: Callable[[], bool]
) -> WorkerAnswer:
    begun = time.monotonic()
    process = _started(task, command, given)
    try:
        output, complaints = _waited(task, process, begun + limit, cancelled)
    finally:
        _end(process)
    return _understood(task, output, complaints, process.returncode, time.monotonic() - begun)


def _started(task: _Task, command: Sequence[str], given: bytes) -> subprocess.Popen[bytes]:
    """`given` comes out of a file: `communicate` does not go on writing into a pipe after a time-out."""
    pipe = subprocess.PIPE
    try:
        with tempfile.TemporaryFile() if given else Path(os.devnull).open("r+b") as source:
            source.write(given)
            source.seek(0)
            return subprocess.Popen(command, stdin=source, stdout=pipe, stderr=pipe, env=module_environment())
    except OSError as error:
        raise SuperseeError(f"{task.who} cannot be started", str(error), task.otherwise) from error


def _waited(
    task: _Task, process: subprocess.Popen[bytes], end: float, cancelled: Callable[[], bool]
) -> tuple[bytes, bytes]:
    while True:
        try:
            return process.communicate(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if cancelled():
                raise BuildCancelled(f"{task.doing} was cancelled") from None
            if time.monotonic() > end:
                raise WorkerDied(f"{task.doing} was stopped", "it took longer than allowed", task.otherwise) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.communicate()


def _understood(task: _Task, output: bytes, complaints: bytes, status: int, seconds: float) -> WorkerAnswer:
    if status != 0:
        kind = SuperseeError if 0 < status <= _LARGEST_STATUS else WorkerDied
        raise kind(f"{task.who} ended unexpectedly", _how(status, complaints), task.otherwise)
    line, _, data = output.partition(b"\n")
    try:
        header = json.loads(line)
        error, expected = header.get("error"), header.get("bytes")
    except (ValueError, AttributeError) as wrong:
        raise SuperseeError(f"{task.who} gave no answer", _last_line(complaints), task.otherwise) from wrong
    if error is not None:
        raise SuperseeError(*error)
    if expected != len(data):
        raise SuperseeError("The engine arrived incomplete", f"{len(data)} of {expected} bytes", task.otherwise)
    return WorkerAnswer(data, header, seconds)


def _how(status: int, complaints: bytes) -> str:
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        memory = ", often because memory ran out" if name == "SIGKILL" else ""
        return f"it crashed ({name}{memory})"
    if status > _LARGEST_STATUS:
        return f"it crashed ({status:#x})"
    return _last_line(complaints) or f"its exit status was {status}"


def _last_line(complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"
