"""How tensors cross between GL's storage buffers and a backend."""

from __future__ import annotations

import ctypes
from typing import Protocol

import moderngl
import numpy as np

from app.errors import SuperseeError
from app.inference.backend import InferenceSession
from app.inference.cuda_errors import CudaError
from app.inference.device_session import DeviceSession
from app.render.gl_functions import gl_functions

_COPY_WRITE_BUFFER, _CLIENT_MAPPED_BUFFER_BARRIER = 0x8F37, 0x4000
_MAP_READ, _MAP_WRITE, _MAP_PERSISTENT, _MAP_COHERENT = 0x1, 0x2, 0x40, 0x80


class TensorExchange(Protocol):
    """Two storage buffers that shaders write and read as NHWC half floats, bound to a session's tensors.

    `bytes_to_host` counts what has crossed into host memory since the exchange was made: 0 for ever where tensors
    stay on the GPU. `notice` says why it takes a slower way than the session could; empty otherwise.
    """

    name: str
    notice: str
    features: moderngl.Buffer
    parameters: moderngl.Buffer
    bytes_to_host: int

    def to_network(self) -> None:
        """After the pass that writes `features`: waits for it, so that the session may start."""
        ...

    def from_network(self) -> None:
        """After the session's answer: the next pass may read `parameters`. Also after a frame that was begun and is
        dropped, or whose inference failed: the buffers are GL's again."""
        ...

    def release(self) -> None:
        """The session must have been released first: it may work in this memory."""
        ...


def make_exchange(context: moderngl.Context, session: InferenceSession) -> TensorExchange:
    """The shortest way there is: shared with CUDA where the session's tensors may lie on the GPU that draws, through
    host memory otherwise. Raises SuperseeError where the GPU itself is out of order."""
    if not isinstance(session, DeviceSession):
        return HostExchange(context, session)
    from app.inference.cuda_gl_exchange import CudaGlExchange

    try:
        return CudaGlExchange(context, session)
    except CudaError as error:
        if not error.gl_elsewhere:
            raise
        return HostExchange(context, session, notice=f"Tensors cross through host memory: {error}")


class HostExchange:
    """Through host memory: persistently mapped where the driver can, read and written otherwise.

    Mapped, the session works in the buffers' own memory; on a software renderer nothing is copied at all.
    """

    def __init__(
        self,
        context: moderngl.Context,
        session: InferenceSession,
        *,
        mapped: bool | None = None,
        notice: str = "",
    ) -> None:
        self._context = context
        self.notice = notice
        sizes = session.input.nbytes, session.output.nbytes
        self.features, self.parameters = (context.buffer(reserve=size) for size in sizes)
        self.bytes_to_host = 0
        gl = gl_functions()
        self._mapped = gl.has("glBufferStorage") if mapped is None else mapped
        self.name = "host, mapped" if self._mapped else "host"
        shapes = session.input.shape, session.output.shape
        if self._mapped:
            self._memory = _map(self.features, shapes[0], _MAP_READ), _map(self.parameters, shapes[1], _MAP_WRITE)
        else:
            self._memory = np.zeros(shapes[0], np.float16), np.zeros(shapes[1], np.float16)
        session.bind(*self._memory)

    def to_network(self) -> None:
        if self._mapped:
            # Coherent memory shows the shader's writes once the fence or finish after the barrier has passed.
            self._context.memory_barrier(_CLIENT_MAPPED_BUFFER_BARRIER)
            self._context.finish()
        else:
            self._context.memory_barrier(moderngl.BUFFER_UPDATE_BARRIER_BIT)
            self.features.read_into(self._memory[0])
        self.bytes_to_host += self.features.size

    def from_network(self) -> None:
        if not self._mapped:
            self.parameters.write(self._memory[1])

    def release(self) -> None:
        for buffer in (self.features, self.parameters):
            buffer.release()  # deleting a mapped buffer unmaps it


def _map(buffer: moderngl.Buffer, shape: tuple[int, ...], access: int) -> np.ndarray:
    """Gives `buffer` immutable storage, mapped for its whole life, as a float16 array."""
    gl = gl_functions()
    flags = access | _MAP_PERSISTENT | _MAP_COHERENT
    gl.glBindBuffer(_COPY_WRITE_BUFFER, buffer.glo)
    gl.glBufferStorage(_COPY_WRITE_BUFFER, buffer.size, None, flags)
    address = gl.glMapBufferRange(_COPY_WRITE_BUFFER, 0, buffer.size, flags)
    gl.glBindBuffer(_COPY_WRITE_BUFFER, 0)
    if not address:
        raise SuperseeError(
            f"The graphics driver did not map {buffer.size >> 10} KiB of memory", "", "Update the graphics driver."
        )
    memory = (ctypes.c_uint8 * buffer.size).from_address(address)
    return np.ctypeslib.as_array(memory).view(np.float16).reshape(shape)
