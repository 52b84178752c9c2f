"""A backend whose sessions compute on the CPU in "device" memory, which CUDA's stand-in keeps in host memory."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.openvino_backend import OpenVinoBackend, OpenVinoSession


class SharedSession:
    """Computes with OpenVINO in the "device" memory that it is bound to, which the stand-in keeps in host memory."""

    def __init__(self, session: OpenVinoSession, runtime: CudaRuntime) -> None:
        self._session, self._runtime = session, runtime
        self.input, self.output = session.input.copy(), session.output.copy()
        self.input_bytes, self.output_bytes = self.input.nbytes, self.output.nbytes
        self.stream = runtime.create_stream()
        self.fails: SuperseeError | None = None

    def bind(self, input: np.ndarray, output: np.ndarray) -> None:  # noqa: A002
        self._session.bind(input, output)

    def bind_device(self, input_pointer: int, output_pointer: int) -> None:
        self._session.bind(_memory(input_pointer, self.input), _memory(output_pointer, self.output))

    def enqueue(self, stream: int) -> None:
        self._session.start()
        self._session.wait()

    def start(self) -> None:
        if self.fails:
            raise self.fails
        self.enqueue(self.stream)

    def ready(self) -> bool:
        return True

    def wait(self) -> float:
        return 0.1

    def release(self) -> None:
        self._session.release()
        self._runtime.destroy_stream(self.stream)


def _memory(pointer: int, like: np.ndarray) -> np.ndarray:
    return (
        np.ctypeslib.as_array((ctypes.c_uint8 * like.nbytes).from_address(pointer)).view(like.dtype).reshape(like.shape)
    )


class SharedBackend:
    name, device = "Stand-in", "for CUDA"

    def __init__(self, backend: OpenVinoBackend, runtime: CudaRuntime) -> None:
        self._backend, self._runtime = backend, runtime

    def compile(self, model: Path, size: Size) -> SharedSession:
        return SharedSession(self._backend.compile(model, size), self._runtime)
