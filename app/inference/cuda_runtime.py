"""CUDA's runtime API through cuda-bindings (the optional `gpu` extra): every return code and handle is checked.

Handles and device pointers are plain ints, 0 meaning none, as TensorRT takes them. CUDA counts the devices that
CUDA_VISIBLE_DEVICES leaves, in its order; so do all numbers here. The device in use belongs to the calling thread
(`use`), as do GL contexts: the exchange and its session live on the thread that draws.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.errors import SuperseeError
from app.inference.cuda_errors import INSUFFICIENT_DRIVER, NO_DEVICE, NOT_READY, NULL_HANDLE, SUCCESS, CudaError

_STREAM_NON_BLOCKING = 1  # cudaStreamNonBlocking: no implicit ordering with the default stream
_EVENT_DEFAULT, _EVENT_DISABLE_TIMING = 0, 2  # cudaEventDefault, cudaEventDisableTiming
_HOST_ALLOC_DEFAULT = 0
_MOST_GL_DEVICES = 16


@dataclass(frozen=True, slots=True)
class CudaDevice:
    """`capability` is (major, minor); memory in bytes."""

    index: int
    name: str
    capability: tuple[int, int]
    memory: int

    @property
    def sm(self) -> str:
        return f"sm{self.capability[0]}{self.capability[1]}"


def load_api() -> Any:
    """The module cuda.bindings.runtime; raises SuperseeError where it cannot be loaded."""
    try:
        return importlib.import_module("cuda.bindings.runtime")
    except (ImportError, RuntimeError) as error:
        raise SuperseeError(
            "The CUDA bindings cannot be loaded", str(error), 'Install the gpu extra: pip install "supersee[gpu]"'
        ) from error


class CudaRuntime:
    """`api` is cuda.bindings.runtime, or what speaks like it. All methods raise CudaError (a SuperseeError)."""

    def __init__(self, api: Any = None) -> None:
        self._api = api if api is not None else load_api()

    # --- versions and devices -------------------------------------------------------------------------------------

    def driver_version(self) -> tuple[int, int]:
        """The newest CUDA version that the installed driver speaks; (0, 0) without a driver."""
        return _version(self._call("cudaDriverGetVersion"))

    def runtime_version(self) -> tuple[int, int]:
        return _version(self._call("cudaRuntimeGetVersion"))

    def device_count(self) -> int:
        """0 where there is no driver or no (visible) device; other errors are raised."""
        try:
            return int(self._call("cudaGetDeviceCount"))
        except CudaError as error:
            if error.code in (NO_DEVICE, INSUFFICIENT_DRIVER):
                return 0
            raise

    def device(self, index: int) -> CudaDevice:
        properties = self._call("cudaGetDeviceProperties", index)
        name = properties.name.decode() if isinstance(properties.name, bytes) else str(properties.name)
        capability = int(properties.major), int(properties.minor)
        return CudaDevice(index, name.rstrip("\0"), capability, int(properties.totalGlobalMem))

    def use(self, device: int) -> None:
        """Makes `device` the calling thread's, and its context real, so that errors show up here."""
        self._call("cudaSetDevice", device)

    def current_device(self) -> int:
        """The calling thread's."""
        return int(self._call("cudaGetDevice"))

    def device_of_gl_context(self) -> int:
        """The device that owns the GL context which is current on this thread: buffers can be shared with no other.
        Raises CudaError, `gl_elsewhere`, where that is none of CUDA's."""
        which = self._api.cudaGLDeviceList.cudaGLDeviceListAll
        count, devices = self._call("cudaGLGetDevices", _MOST_GL_DEVICES, which)
        if not count:
            raise CudaError("cudaGLGetDevices", NO_DEVICE, hint="OpenGL draws on a GPU that CUDA does not see")
        return int(devices[0])

    def drawing_device(self) -> int:
        """The same; the thread's current device where CUDA cannot tell (no GL context, or one of another GPU, or of a
        kind that cudaGLGetDevices does not know): registering a buffer then shows whether the two can share."""
        try:
            return self.device_of_gl_context()
        except CudaError as error:
            if not error.gl_elsewhere:
                raise
            return self.current_device()

    def free_memory(self) -> tuple[int, int]:
        """(free, total) bytes of the calling thread's device."""
        free, total = self._call("cudaMemGetInfo")
        return int(free), int(total)

    # --- streams and events ---------------------------------------------------------------------------------------

    def create_stream(self) -> int:
        return self._handle("cudaStreamCreateWithFlags", _STREAM_NON_BLOCKING)

    def destroy_stream(self, stream: int) -> None:
        self._call("cudaStreamDestroy", stream)

    def synchronize(self, stream: int) -> None:
        """Blocks until all work on `stream` is done; also where earlier work's errors come out."""
        self._call("cudaStreamSynchronize", stream)

    def synchronize_device(self) -> None:
        """Blocks until all work on the calling thread's device is done."""
        self._call("cudaDeviceSynchronize")

    def create_event(self, *, timing: bool = True) -> int:
        return self._handle("cudaEventCreateWithFlags", _EVENT_DEFAULT if timing else _EVENT_DISABLE_TIMING)

    def destroy_event(self, event: int) -> None:
        self._call("cudaEventDestroy", event)

    def record(self, event: int, stream: int) -> None:
        self._call("cudaEventRecord", event, stream)

    def done(self, event: int) -> bool:
        """Whether all work before the event's last record is done; never blocks."""
        return self._call_unless("cudaEventQuery", NOT_READY, event)

    def wait(self, event: int) -> None:
        """Blocks until the event's last record is reached."""
        self._call("cudaEventSynchronize", event)

    def elapsed_ms(self, start: int, end: int) -> float:
        """Milliseconds of the GPU's clock between two events that are done."""
        return float(self._call("cudaEventElapsedTime", start, end))

    # --- memory ---------------------------------------------------------------------------------------------------

    def allocate(self, size: int) -> int:
        """`size` bytes on the device, aligned to at least 256."""
        return self._handle("cudaMalloc", size)

    def free(self, pointer: int) -> None:
        self._call("cudaFree", pointer)

    def allocate_pinned(self, size: int) -> np.ndarray:
        """(size,) uint8 of page-locked host memory, which copies run from and to without a stop-over. Give the same
        array to `free_pinned`; no view of it may be used afterwards."""
        pointer = self._handle("cudaHostAlloc", size, _HOST_ALLOC_DEFAULT)
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(pointer))

    def free_pinned(self, array: np.ndarray) -> None:
        self._call("cudaFreeHost", array.ctypes.data)

    def copy_to_device(self, pointer: int, source: np.ndarray, stream: int) -> None:
        """Enqueued; `source` must stay as it is until `stream` has passed it."""
        assert source.flags.c_contiguous
        kind = self._api.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("cudaMemcpyAsync", pointer, source.ctypes.data, source.nbytes, kind, stream)

    def copy_to_host(self, target: np.ndarray, pointer: int, stream: int) -> None:
        """Enqueued; `target` holds the bytes once `stream` has passed it."""
        assert target.flags.c_contiguous
        kind = self._api.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("cudaMemcpyAsync", target.ctypes.data, pointer, target.nbytes, kind, stream)

    def copy_on_device(self, target: int, source: int, size: int, stream: int) -> None:
        kind = self._api.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        self._call("cudaMemcpyAsync", target, source, size, kind, stream)

    def fill(self, pointer: int, byte: int, size: int, stream: int) -> None:
        self._call("cudaMemsetAsync", pointer, byte, size, stream)

    # --- graphs ---------------------------------------------------------------------------------------------------

    @contextmanager
    def capturing(self, stream: int) -> Iterator[list[int]]:
        """What is enqueued on `stream` inside becomes an executable graph, appended to the list once the block ends.
        Nothing runs meanwhile. Addresses are frozen in it. Free it with `destroy_graph`."""
        # Thread-local: another thread's allocation does not spoil the capture.
        mode = self._api.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("cudaStreamBeginCapture", stream, mode)
        made: list[int] = []
        try:
            yield made
        except BaseException:
            self._abandon_capture(stream)
            raise
        graph = self._handle("cudaStreamEndCapture", stream)
        try:
            made.append(self._handle("cudaGraphInstantiate", graph, 0))
        finally:
            self._call("cudaGraphDestroy", graph)

    def launch(self, graph: int, stream: int) -> None:
        self._call("cudaGraphLaunch", graph, stream)

    def destroy_graph(self, graph: int) -> None:
        self._call("cudaGraphExecDestroy", graph)

    def _abandon_capture(self, stream: int) -> None:
        """Takes the stream out of capture mode; a capture that an error broke ends with an error of its own."""
        code, graph = self._api.cudaStreamEndCapture(stream)
        if int(code) == SUCCESS and graph is not None and int(graph):
            self._api.cudaGraphDestroy(graph)

    # --- buffers shared with OpenGL -------------------------------------------------------------------------------

    def register_gl_buffer(self, name: int, flags: int = 0) -> int:
        """A graphics resource for the GL buffer `name`; the GL context must be current. `flags` is a
        cudaGraphicsRegisterFlags."""
        return self._handle("cudaGraphicsGLRegisterBuffer", name, flags)

    def unregister(self, resource: int) -> None:
        self._call("cudaGraphicsUnregisterResource", resource)

    def map_resources(self, resources: ctypes.Array[ctypes.c_void_p], stream: int) -> None:
        """All in one call. GL work issued before comes before CUDA work issued on `stream` afterwards."""
        self._call("cudaGraphicsMapResources", len(resources), ctypes.addressof(resources), stream)

    def unmap_resources(self, resources: ctypes.Array[ctypes.c_void_p], stream: int) -> None:
        """All in one call. CUDA work issued on `stream` before comes before GL work issued afterwards."""
        self._call("cudaGraphicsUnmapResources", len(resources), ctypes.addressof(resources), stream)

    def mapped_pointer(self, resource: int) -> tuple[int, int]:
        """(device pointer, bytes) of a resource that is mapped now; the pointer may change from mapping to mapping."""
        pointer, size = self._call("cudaGraphicsResourceGetMappedPointer", resource)
        if not pointer:
            raise CudaError("cudaGraphicsResourceGetMappedPointer", NULL_HANDLE)
        return int(pointer), int(size)

    # --- checks ---------------------------------------------------------------------------------------------------

    def _call(self, name: str, *arguments: Any) -> Any:
        """The call's result: None, one value, or a tuple of several."""
        code, *values = self._raw(name, arguments)
        if code != SUCCESS:
            raise self._error(name, code)
        return None if not values else values[0] if len(values) == 1 else tuple(values)

    def _call_unless(self, name: str, expected: int, *arguments: Any) -> bool:
        """False where the answer is the code `expected`, which is no error."""
        code, *_ = self._raw(name, arguments)
        if code == expected:
            self._api.cudaGetLastError()  # or another library takes it for its own failure
            return False
        if code != SUCCESS:
            raise self._error(name, code)
        return True

    def _handle(self, name: str, *arguments: Any) -> int:
        value = self._call(name, *arguments)
        if value is None or not int(value):
            raise CudaError(name, NULL_HANDLE)
        return int(value)

    def _raw(self, name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            code, *values = getattr(self._api, name)(*arguments)
        except RuntimeError as error:  # the bindings could not find the driver's library, or a function in it
            raise CudaError(name, INSUFFICIENT_DRIVER, hint=str(error)) from error
        except KeyError as error:  # a code that is newer than the bindings: they look its name up
            raise CudaError(name, error.args[0], hint="the driver is newer than the CUDA bindings") from error
        return int(code), *values

    def _error(self, name: str, code: int) -> CudaError:
        # An error stays behind in the thread until it is fetched: TensorRT or torch would report ours as theirs.
        self._api.cudaGetLastError()
        hint = self._driver_hint() if code == INSUFFICIENT_DRIVER else ""
        return CudaError(name, code, self._error_name(code), hint=hint)

    def _error_name(self, code: int) -> str:
        try:
            _, name = self._api.cudaGetErrorName(self._api.cudaError_t(code))
        except ValueError:  # a code that is newer than the bindings
            return ""
        return name.decode() if isinstance(name, bytes) else str(name)

    def _driver_hint(self) -> str:
        driver, runtime = self.driver_version(), self.runtime_version()
        if driver == (0, 0):
            return "there is no NVIDIA driver"
        return f"the driver speaks CUDA {driver[0]}.{driver[1]}, and {runtime[0]}.{runtime[1]} is needed"


def _version(number: int) -> tuple[int, int]:
    """CUDA writes 12.9 as 12090."""
    return int(number) // 1000, int(number) % 1000 // 10
