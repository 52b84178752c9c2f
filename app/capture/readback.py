"""Pixels from the GPU without waiting for it: a ring of buffers that are copied into now and read when they are done.

Where the driver can, the buffers stay mapped, and who reads them reads the driver's own memory, in any thread: the
frame loop copies nothing.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque

import moderngl
import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.render.gl_functions import gl_functions

SLOTS = 6
_PIXEL_PACK_BUFFER = 0x88EB
_MAP_READ, _MAP_PERSISTENT, _MAP_COHERENT, _CLIENT_STORAGE = 0x1, 0x40, 0x80, 0x200
_SYNC_GPU_COMMANDS_COMPLETE, _SYNC_FLUSH_COMMANDS, _TIMEOUT_EXPIRED, _WAIT_FAILED = 0x9117, 0x1, 0x911B, 0x911D


class Slot:
    """One frame on its way: `pixels` (height, width, 4) uint8, row 0 on top, from `PixelRing.arrived` until `free`,
    which may be called in any thread."""

    def __init__(self, buffer: moderngl.Buffer, size: Size, mapped: bool) -> None:
        self.buffer = buffer
        self.seconds = 0.0
        self.bottom_up = False
        self.fence: int | None = None
        self._shape = (size[1], size[0], 4)
        self._memory = _mapped(buffer).reshape(self._shape) if mapped else None
        self._copy: np.ndarray | None = None
        self._idle = threading.Event()
        self._idle.set()

    @property
    def idle(self) -> bool:
        return self._idle.is_set()

    @property
    def pixels(self) -> np.ndarray:
        pixels = self._copy if self._memory is None else self._memory
        assert pixels is not None, "it has not arrived"
        return pixels[::-1] if self.bottom_up else pixels

    def take(self) -> None:
        self._idle.clear()

    def arrive(self) -> None:
        """The copy on the GPU is done."""
        if self._memory is None:
            self._copy = np.frombuffer(self.buffer.read(), np.uint8).reshape(self._shape)

    def free(self) -> None:
        self._copy = None
        self._idle.set()


class PixelRing:
    """Frames come out in the order in which they were grabbed. Use it with the GL context current; `release` it when
    no slot is in use any more."""

    def __init__(
        self, context: moderngl.Context, size: Size, slots: int = SLOTS, *, mapped: bool | None = None
    ) -> None:
        gl = gl_functions()
        self.mapped = gl.has("glBufferStorage") if mapped is None else mapped
        self._slots = [Slot(context.buffer(reserve=4 * size[0] * size[1]), size, self.mapped) for _ in range(slots)]
        self._under_way: deque[Slot] = deque()

    @property
    def full(self) -> bool:
        return not any(slot.idle for slot in self._slots)

    @property
    def in_use(self) -> bool:
        return any(not slot.idle for slot in self._slots)

    def grab(self, source: moderngl.Framebuffer, seconds: float, *, bottom_up: bool = False) -> bool:
        """Begins to copy the framebuffer's first attachment; False where no slot is free. `bottom_up`: its row 0 is
        the bottom row, as a window's is."""
        slot = next((slot for slot in self._slots if slot.idle), None)
        if slot is None:
            return False
        slot.take()
        slot.bottom_up = bottom_up
        source.read_into(slot.buffer, components=4, alignment=1)
        slot.seconds, slot.fence = seconds, gl_functions().glFenceSync(_SYNC_GPU_COMMANDS_COMPLETE, 0)
        self._under_way.append(slot)
        return True

    def arrived(self, *, wait: bool = False) -> list[Slot]:
        """The frames whose copies are done; with `wait` all that were grabbed."""
        done: list[Slot] = []
        while self._under_way and self._passed(self._under_way[0], wait):
            slot = self._under_way.popleft()
            slot.arrive()
            done.append(slot)
        return done

    def release(self) -> None:
        """Nothing may read the slots any more: deleting a mapped buffer unmaps it."""
        for slot in self._under_way:
            self._delete_fence(slot)
        self._under_way.clear()
        for slot in self._slots:
            slot.buffer.release()

    def _passed(self, slot: Slot, wait: bool) -> bool:
        gl = gl_functions()
        while True:
            answer = gl.glClientWaitSync(slot.fence, _SYNC_FLUSH_COMMANDS, 10**9 if wait else 0)
            if answer == _WAIT_FAILED:
                raise SuperseeError("Pixels did not come back from the graphics card", "the driver gave up waiting")
            if answer != _TIMEOUT_EXPIRED:
                self._delete_fence(slot)
                return True
            if not wait:
                return False

    @staticmethod
    def _delete_fence(slot: Slot) -> None:
        if slot.fence:
            gl_functions().glDeleteSync(slot.fence)
        slot.fence = None


def _mapped(buffer: moderngl.Buffer) -> np.ndarray:
    """Gives `buffer` immutable storage in host memory, mapped for its whole life, as bytes."""
    gl = gl_functions()
    flags = _MAP_READ | _MAP_PERSISTENT | _MAP_COHERENT
    gl.glBindBuffer(_PIXEL_PACK_BUFFER, buffer.glo)
    gl.glBufferStorage(_PIXEL_PACK_BUFFER, buffer.size, None, flags | _CLIENT_STORAGE)
    address = gl.glMapBufferRange(_PIXEL_PACK_BUFFER, 0, buffer.size, flags)
    gl.glBindBuffer(_PIXEL_PACK_BUFFER, 0)
    if not address:
        raise SuperseeError(
            f"The graphics driver did not map {buffer.size >> 10} KiB of memory", "", "Update the graphics driver."
        )
    return np.ctypeslib.as_array((ctypes.c_uint8 * buffer.size).from_address(address))
