"""Starts the worker that builds an engine, waits with a time limit, and turns every way it can end into a message."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from app.own_process import module_command, module_environment

TIME_LIMIT_SECONDS = 300.0
_POLL_SECONDS = 0.05
_OTHERWISE = "The network runs on the CPU meanwhile; `supersee engines build` tries again and shows everything."


class BuildCancelled(SuperseeError):
    """Somebody asked for the build to stop; nothing is wrong."""


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
    """`details` as the worker wrote them; `seconds` with the process's start."""

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
    begun = time.monotonic()
    process = _started(command or module_command("app.inference.engine_worker", request.text()))
    try:
        output, complaints = _waited(process, begun + limit, cancelled, request)
    finally:
        _end(process)
    return _understood(output, complaints, process.returncode, time.monotonic() - begun)


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    pipe, environment = subprocess.PIPE, module_environment()
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment)
    except OSError as error:
        raise SuperseeError("The engine's builder cannot be started", str(error), _OTHERWISE) from error


def _waited(
    process: subprocess.Popen[bytes], end: float, cancelled: Callable[[], bool], request: WorkerRequest
) -> tuple[bytes, bytes]:
    while True:
        try:
            return process.communicate(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            width, height = request.size
            if cancelled():
                raise BuildCancelled(f"Building the engine for {width}x{height} was cancelled") from None
            if time.monotonic() > end:
                raise SuperseeError(
                    f"Building the engine for {width}x{height} was stopped", "it took longer than allowed", _OTHERWISE
                ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.communicate()


def _understood(output: bytes, complaints: bytes, status: int, seconds: float) -> WorkerAnswer:
    if status != 0:
        raise SuperseeError("The engine's builder ended unexpectedly", _how(status, complaints), _OTHERWISE)
    line, _, plan = output.partition(b"\n")
    try:
        header = json.loads(line)
        error, expected = header.get("error"), header.get("bytes")
    except (ValueError, AttributeError) as wrong:
        raise SuperseeError("The engine's builder gave no answer", _last_line(complaints), _OTHERWISE) from wrong
    if error is not None:
        raise SuperseeError(*error)
    if expected != len(plan) or not plan:
        raise SuperseeError("The engine arrived incomplete", f"{len(plan)} of {expected} bytes", _OTHERWISE)
    return WorkerAnswer(plan, header, seconds)


def _how(status: int, complaints: bytes) -> str:
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        memory = ", often because memory ran out" if name == "SIGKILL" else ""
        return f"it crashed ({name}{memory})"
    return _last_line(complaints) or f"its exit status was {status}"


def _last_line(complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"
