"""A stand-in for cuda.bindings.runtime that records every call, keeps CUDA's rules, and moves the bytes for real.

Whoever breaks a rule gets the code that CUDA documents for it: mapping twice, unregistering what is mapped or what GL
has deleted already, using a handle that was freed. Mapping reads the GL buffer into host memory whose
address is the "device pointer", unmapping writes it back, so that what runs between the two sees real data.
"""

from __future__ import annotations

import ctypes
import enum
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

_COPY_WRITE_BUFFER = 0x8F37
READ_ONLY = 1


class Code(enum.IntEnum):
    """What cuda-bindings answers with (an IntEnum there too); other numbers are allowed as in CUDA."""

    cudaSuccess = 0
    cudaErrorInvalidValue = 1
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35
    cudaErrorNoDevice = 100
    cudaErrorInvalidDevice = 101
    cudaErrorInvalidGraphicsContext = 219
    cudaErrorOperatingSystem = 304
    cudaErrorInvalidResourceHandle = 400
    cudaErrorNotReady = 600
    cudaErrorIllegalAddress = 700
    cudaErrorStreamCaptureInvalidated = 901
    cudaErrorUnknown = 999


OK = Code.cudaSuccess


@dataclass
class Resource:
    name: int
    flags: int
    memory: np.ndarray | None = None  # while mapped


@dataclass
class RecordedCuda:
    """`fails` answers a call with a code, for ever or (a list) in order, None meaning success; `null` lists calls that
    succeed with a null handle. `calls` holds (name, arguments)."""

    fails: dict[str, int | list[int | None]] = field(default_factory=dict)
    null: set[str] = field(default_factory=set)
    device: int = 0
    gl_device: int = 0
    devices: int = 1
    driver: int = 13000
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    alive: dict[int, Any] = field(default_factory=dict)  # every handle that was not given back
    _next: int = 0x1000

    cudaError_t = Code
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2, cudaMemcpyDeviceToDevice=3)
    cudaGLDeviceList = SimpleNamespace(cudaGLDeviceListAll=1)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)

    def names(self) -> list[str]:
        return [name.removeprefix("cuda") for name, _ in self.calls]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("cuda"):
            raise AttributeError(name)
        does = getattr(type(self), f"_{name}")  # a call that this stand-in does not know is a test's mistake

        def call(*arguments: Any) -> tuple[Any, ...]:
            if name not in ("cudaGetErrorName", "cudaGetLastError"):
                self.calls.append((name, arguments))
            code = self._injected(name)
            if code is not None:
                return code, None
            if name in self.null:
                return (OK, 0, 0) if name == "cudaGraphicsResourceGetMappedPointer" else (OK, 0)
            return does(self, *arguments)

        return call

    def _injected(self, name: str) -> int | None:
        code = self.fails.get(name)
        if isinstance(code, list):
            code = code.pop(0) if code else None
        return code

    def _new(self, value: Any) -> int:
        self._next += 0x1000
        self.alive[self._next] = value
        return self._next

    def _gone(self, handle: int) -> tuple[Any, ...]:
        return (OK,) if self.alive.pop(handle, None) is not None else (Code.cudaErrorInvalidResourceHandle,)

    def _known(self, *handles: int) -> tuple[Any, ...]:
        known = all(handle in self.alive or handle == 0 for handle in handles)
        return (OK,) if known else (Code.cudaErrorInvalidResourceHandle,)

    # --- devices ---------------------------------------------------------------------------------------------------

    def _cudaGetErrorName(self, code: int) -> tuple[Any, ...]:
        return OK, Code(code).name.encode()

    def _cudaGetLastError(self) -> tuple[Any, ...]:
        return (OK,)

    def _cudaDriverGetVersion(self) -> tuple[Any, ...]:
        return OK, self.driver

    def _cudaRuntimeGetVersion(self) -> tuple[Any, ...]:
        return OK, 13050

    def _cudaGetDeviceCount(self) -> tuple[Any, ...]:
        return OK, self.devices

    def _cudaGetDevice(self) -> tuple[Any, ...]:
        return OK, self.device

    def _cudaSetDevice(self, device: int) -> tuple[Any, ...]:
        if device >= self.devices:
            return (Code.cudaErrorInvalidDevice,)
        self.device = device
        return (OK,)

    def _cudaGetDeviceProperties(self, device: int) -> tuple[Any, ...]:
        return OK, SimpleNamespace(name=b"Recorded GPU\0\0", major=8, minor=9, totalGlobalMem=24 << 30)

    def _cudaGLGetDevices(self, most: int, which: int) -> tuple[Any, ...]:
        return OK, 1, [self.gl_device]

    def _cudaMemGetInfo(self) -> tuple[Any, ...]:
        return OK, 20 << 30, 24 << 30

    # --- streams, events, graphs: everything is done at once ---------------------------------------------------------

    def _cudaStreamCreateWithFlags(self, flags: int) -> tuple[Any, ...]:
        return OK, self._new("stream")

    def _cudaStreamDestroy(self, stream: int) -> tuple[Any, ...]:
        return self._gone(stream)

    def _cudaStreamSynchronize(self, stream: int) -> tuple[Any, ...]:
        return self._known(stream)

    def _cudaDeviceSynchronize(self) -> tuple[Any, ...]:
        return (OK,)

    def _cudaEventCreateWithFlags(self, flags: int) -> tuple[Any, ...]:
        return OK, self._new("event")

    def _cudaEventRecord(self, event: int, stream: int) -> tuple[Any, ...]:
        return self._known(event, stream)

    def _cudaEventQuery(self, event: int) -> tuple[Any, ...]:
        return self._known(event)

    def _cudaEventSynchronize(self, event: int) -> tuple[Any, ...]:
        return self._known(event)

    def _cudaEventElapsedTime(self, start: int, end: int) -> tuple[Any, ...]:
        return *self._known(start, end), 0.25

    def _cudaEventDestroy(self, event: int) -> tuple[Any, ...]:
        return self._gone(event)

    def _cudaStreamBeginCapture(self, stream: int, mode: int) -> tuple[Any, ...]:
        return self._known(stream)

    def _cudaStreamEndCapture(self, stream: int) -> tuple[Any, ...]:
        return *self._known(stream), self._new("graph")

    def _cudaGraphInstantiate(self, graph: int, flags: int) -> tuple[Any, ...]:
        return *self._known(graph), self._new("executable graph")

    def _cudaGraphLaunch(self, graph: int, stream: int) -> tuple[Any, ...]:
        return self._known(graph, stream)

    def _cudaGraphDestroy(self, graph: int) -> tuple[Any, ...]:
        return self._gone(graph)

    def _cudaGraphExecDestroy(self, graph: int) -> tuple[Any, ...]:
        return self._gone(graph)

    # --- memory ----------------------------------------------------------------------------------------------------

    def _cudaMalloc(self, size: int) -> tuple[Any, ...]:
        memory = _aligned(size)
        self.alive[memory.ctypes.data] = memory
        return OK, memory.ctypes.data

    def _cudaHostAlloc(self, size: int, flags: int) -> tuple[Any, ...]:
        return self._cudaMalloc(size)

    def _cudaFree(self, pointer: int) -> tuple[Any, ...]:
        return self._gone(pointer)

    def _cudaFreeHost(self, pointer: int) -> tuple[Any, ...]:
        return self._gone(pointer)

    def _cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> tuple[Any, ...]:
        ctypes.memmove(target, source, size)
        return (OK,)

    def _cudaMemsetAsync(self, pointer: int, byte: int, size: int, stream: int) -> tuple[Any, ...]:
        ctypes.memset(pointer, byte, size)
        return (OK,)

    # --- graphics resources ----------------------------------------------------------------------------------------

    def _cudaGraphicsGLRegisterBuffer(self, name: int, flags: int) -> tuple[Any, ...]:
        if not _buffer_size(name):
            return (Code.cudaErrorInvalidValue, None)
        return OK, self._new(Resource(name, flags))

    def _cudaGraphicsMapResources(self, count: int, address: int, stream: int) -> tuple[Any, ...]:
        resources = self._resources(count, address)
        if resources is None or self._known(stream)[0] != OK:
            return (Code.cudaErrorInvalidResourceHandle,)
        if any(resource.memory is not None for resource in resources):
            return (Code.cudaErrorUnknown,)
        for resource in resources:
            resource.memory = _aligned(_buffer_size(resource.name))
            _transfer("glGetBufferSubData", resource)
        return (OK,)

    def _cudaGraphicsUnmapResources(self, count: int, address: int, stream: int) -> tuple[Any, ...]:
        resources = self._resources(count, address)
        if resources is None or self._known(stream)[0] != OK:
            return (Code.cudaErrorInvalidResourceHandle,)
        if any(resource.memory is None for resource in resources):
            return (Code.cudaErrorUnknown,)
        for resource in resources:
            if resource.flags != READ_ONLY:
                _transfer("glBufferSubData", resource)
            resource.memory = None
        return (OK,)

    def _cudaGraphicsResourceGetMappedPointer(self, handle: int) -> tuple[Any, ...]:
        resource = self.alive.get(handle)
        if not isinstance(resource, Resource) or resource.memory is None:
            return (Code.cudaErrorUnknown, None, None)
        return OK, resource.memory.ctypes.data, resource.memory.size

    def _cudaGraphicsUnregisterResource(self, handle: int) -> tuple[Any, ...]:
        resource = self.alive.get(handle)
        if not isinstance(resource, Resource) or resource.memory is not None or not _buffer_size(resource.name):
            return (Code.cudaErrorInvalidResourceHandle,)
        return self._gone(handle)

    def _resources(self, count: int, address: int) -> list[Resource] | None:
        handles = list((ctypes.c_void_p * count).from_address(address))
        found = [self.alive.get(handle or 0) for handle in handles]
        good = len(set(handles)) == count and all(isinstance(resource, Resource) for resource in found)
        return found if good else None


def _aligned(size: int) -> np.ndarray:
    """As CUDA's memory is: from a multiple of 256 on."""
    memory = np.zeros(size + 256, np.uint8)
    start = -memory.ctypes.data % 256
    return memory[start : start + size]


def _gl() -> Any:
    return ctypes.CDLL("libGL.so.1")


def _buffer_size(name: int) -> int:
    """Bytes of the GL buffer; 0 where GL has none of that name."""
    size = ctypes.c_int(0)
    if not _gl().glIsBuffer(name):
        return 0
    _gl().glBindBuffer(_COPY_WRITE_BUFFER, name)
    _gl().glGetBufferParameteriv(_COPY_WRITE_BUFFER, 0x8764, ctypes.byref(size))  # GL_BUFFER_SIZE
    _gl().glBindBuffer(_COPY_WRITE_BUFFER, 0)
    return size.value


def _transfer(function: str, resource: Resource) -> None:
    assert resource.memory is not None
    _gl().glBindBuffer(_COPY_WRITE_BUFFER, resource.name)
    size, pointer = ctypes.c_ssize_t(resource.memory.size), ctypes.c_void_p(resource.memory.ctypes.data)
    getattr(_gl(), function)(_COPY_WRITE_BUFFER, ctypes.c_ssize_t(0), size, pointer)
    _gl().glBindBuffer(_COPY_WRITE_BUFFER, 0)
