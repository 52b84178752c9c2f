"""How tensors cross between GL's storage buffers and a backend."""

from __future__ import annotations

import ctypes
from typing import Protocol

import moderngl
import numpy as np

from app.errors import SuperseeError
from app.inference.backend import InferenceSession
from app.render.gl_functions import gl_functions

_COPY_WRITE_BUFFER, _CLIENT_MAPPED_BUFFER_BARRIER = 0x8F37, 0x4000
_MAP_READ, _MAP_WRITE, _MAP_PERSISTENT, _MAP_COHERENT = 0x1, 0x2, 0x40, 0x80


class TensorExchange(Protocol):
    """Two storage buffers that shaders write and read as NHWC half floats, joined to a session's tensors.

    `bytes_to_host` counts what has crossed into host memory since the exchange was made: 0 for ever where tensors
    stay on the GPU.
    """

    name: str
    features: moderngl.Buffer
    parameters: moderngl.Buffer
    bytes_to_host: int

    def to_network(self) -> None:
        """After the pass that writes `features`: waits for it, so that the session may start."""
        ...

    def from_network(self) -> None:
        """After the session's answer: the next pass may read `parameters`."""
        ...

    def join(self, session: InferenceSession) -> None:
        """Another session of the same shapes takes the place of the one before, which has been released."""
        ...

    def release(self) -> None: ...


class HostExchange:
    """Through host memory: persistently mapped where the driver can, read and written otherwise.

    Mapped, the session works in the buffers' own memory; on a software renderer nothing is copied at all.
    """

    def __init__(self, context: moderngl.Context, session: InferenceSession, *, mapped: bool | None = None) -> None:
        self._context = context
        sizes = session.input.nbytes, session.output.nbytes
        self.features, self.parameters = (context.buffer(reserve=size) for size in sizes)
        self.bytes_to_host = 0
        gl = gl_functions()
        self._mapped = gl.has("glBufferStorage") if mapped is None else mapped
        self.name = "host, mapped" if self._mapped else "host"
        self._memory: tuple[np.ndarray, np.ndarray] | None = None
        if self._mapped:
            self._memory = (
                _map(self.features, session.input.shape, _MAP_READ),
                _map(self.parameters, session.output.shape, _MAP_WRITE),
            )
        self.join(session)

    def join(self, session: InferenceSession) -> None:
        if self._memory is not None:
            session.bind(*self._memory)
        self._session = session

    def to_network(self) -> None:
        if self._mapped:
            # Coherent memory shows the shader's writes once the fence or finish after the barrier has passed.
            self._context.memory_barrier(_CLIENT_MAPPED_BUFFER_BARRIER)
            self._context.finish()
        else:
            self._context.memory_barrier(moderngl.BUFFER_UPDATE_BARRIER_BIT)
            self.features.read_into(self._session.input)
        self.bytes_to_host += self._session.input.nbytes

    def from_network(self) -> None:
        if not self._mapped:
            self.parameters.write(self._session.output)

    def release(self) -> None:
        """The session must have been released first: it works in this memory."""
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
