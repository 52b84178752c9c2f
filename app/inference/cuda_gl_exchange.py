"""Tensors that never leave the GPU: GL's storage buffers, mapped into CUDA for as long as the network runs.

Nothing here waits on the host. "Map" orders CUDA's work on the stream after the GL calls before it, "unmap" orders the
GL calls that follow after the stream (CUDA Runtime API, Graphics Interoperability). All methods belong on the thread
whose GL context is current, and that context must be the one the exchange was made in.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable

import moderngl

from app.errors import SuperseeError
from app.inference.cuda_errors import INVALID_GRAPHICS_CONTEXT, CudaError
from app.inference.cuda_runtime import CudaRuntime
from app.inference.device_session import DeviceSession

log = logging.getLogger(__name__)

READ_ONLY, WRITE_DISCARD = 1, 2  # cudaGraphicsRegisterFlags: what CUDA does with the buffer
_DEFAULT_STREAM = 0


class CudaGlExchange:
    """Registers both buffers once and maps them in one call a frame, on the session's stream.

    Raises CudaError where OpenGL draws on another GPU than
    the session's or the driver cannot share buffers: `gl_elsewhere` tells that from a broken GPU.
    """

    name = "CUDA, shared"
    notice = ""
    bytes_to_host = 0

    def __init__(
        self,
        context: moderngl.Context,
        session: DeviceSession,
        runtime: CudaRuntime | None = None,
    ) -> None:
        self._context = context
        self._cuda = runtime or CudaRuntime()
        self._check_device()
        self._session = session
        self._mapped = False
        self._resources: list[int] = []
        self._handles = (ctypes.c_void_p * 2)()
        self._events: list[int] = []
        self.features = context.buffer(reserve=session.input_bytes)
        self.parameters = context.buffer(reserve=session.output_bytes)
        try:
            for buffer, flag in ((self.features, READ_ONLY), (self.parameters, WRITE_DISCARD)):
                self._resources.append(self._cuda.register_gl_buffer(buffer.glo, flag))
            self._handles = (ctypes.c_void_p * 2)(*self._resources)
            # Once now, so that what the session prepares for its addresses is ready before the first frame.
            self.to_network()
            self.from_network()
        except SuperseeError:
            self.release()
            raise

    def to_network(self) -> None:
        """Raises SuperseeError where mapping fails; the buffers then belong to GL."""
        assert not self._mapped, "from_network comes between two frames"
        # The shader's writes to storage buffers reach others only after a barrier.
        self._context.memory_barrier(moderngl.BUFFER_UPDATE_BARRIER_BIT)
        stream = self._session.stream
        self._record(0, stream)
        self._cuda.map_resources(self._handles, stream)
        self._mapped = True
        self._record(1, stream)
        try:
            self._session.bind_device(*self._pointers())
        except SuperseeError:
            self._unmap_quietly(stream)
            raise

    def from_network(self) -> None:
        """Also ends a frame that was begun and dropped; does nothing where none is under way."""
        if not self._mapped:
            return
        stream = self._session.stream
        self._record(2, stream)
        self._mapped = False  # also where it fails: nothing sensible is left to be done with this mapping
        self._cuda.unmap_resources(self._handles, stream)
        self._record(3, stream)

    def take_times(self) -> None:
        """From now on CUDA events stand around map and unmap (`span_ms`). Between two frames."""
        assert not self._mapped
        while len(self._events) < 4:
            self._events.append(self._cuda.create_event())

    def span_ms(self) -> tuple[float, float]:
        """Milliseconds of map and unmap of the newest frame, by CUDA events. Waits for it. The first contains the
        wait for GL's earlier work: let GL finish before `to_network` to leave that out."""
        assert self._events, "take_times comes first"
        self._cuda.wait(self._events[3])
        return (
            self._cuda.elapsed_ms(self._events[0], self._events[1]),
            self._cuda.elapsed_ms(self._events[2], self._events[3]),
        )

    def release(self) -> None:
        """Unmaps, unregisters, and only then deletes the buffers: CUDA must not hold a buffer that GL has freed. Never
        raises, so that a GPU that was lost does not keep the rest from being freed. The session may be gone already."""
        if self._mapped:
            self._unmap_quietly(_DEFAULT_STREAM)
        for resource in self._resources:
            self._quietly(self._cuda.unregister, resource)
        for event in self._events:
            self._quietly(self._cuda.destroy_event, event)
        self._resources, self._events = [], []
        for buffer in (self.features, self.parameters):
            buffer.release()

    def _check_device(self) -> None:
        ours, gl = self._cuda.current_device(), self._cuda.drawing_device()
        if ours != gl:
            hint = f"the network runs on GPU {ours} and OpenGL draws on GPU {gl}"
            raise CudaError("cudaGLGetDevices", INVALID_GRAPHICS_CONTEXT, hint=hint)

    def _pointers(self) -> tuple[int, int]:
        """Asked for at every mapping: CUDA may give other addresses each time."""
        found = []
        for resource, buffer in zip(self._resources, (self.features, self.parameters)):
            pointer, size = self._cuda.mapped_pointer(resource)
            if size < buffer.size:
                raise SuperseeError(
                    "CUDA sees only part of a buffer that OpenGL shares",
                    f"{size} of {buffer.size} bytes",
                    "Update NVIDIA's driver.",
                )
            found.append(pointer)
        return found[0], found[1]

    def _record(self, event: int, stream: int) -> None:
        if self._events:
            self._cuda.record(self._events[event], stream)

    def _unmap_quietly(self, stream: int) -> None:
        self._mapped = False
        self._quietly(self._cuda.unmap_resources, self._handles, stream)

    @staticmethod
    def _quietly(function: Callable[..., None], *arguments: object) -> None:
        try:
            function(*arguments)
        except CudaError as error:
            log.warning("while letting go of buffers that OpenGL and CUDA share: %s", error)
