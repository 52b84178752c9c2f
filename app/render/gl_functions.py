"""OpenGL functions that moderngl does not offer, by ctypes through the platform's own loader.

A context must be current. One `GLFunctions` serves all contexts of a process: what the loaders return dispatches by
the current context (GLX and EGL under libglvnd), or is the same for one driver (Windows).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

from app.errors import SuperseeError

LOWER_LEFT, ZERO_TO_ONE, NEGATIVE_ONE_TO_ONE = 0x8CA1, 0x935F, 0x935E
TEXTURE_2D, DEPTH_COMPONENT, DEPTH_COMPONENT32F, FLOAT = 0x0DE1, 0x1902, 0x8CAC, 0x1406
CLIP_DISTANCE0 = 0x3000

_INT, _UINT, _POINTER = ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
_SIZE = ctypes.c_ssize_t
_SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "glClipControl": (None, (_UINT, _UINT)),
    "glBindTexture": (None, (_UINT, _UINT)),
    "glTexImage2D": (None, (_UINT, _INT, _INT, _INT, _INT, _INT, _UINT, _UINT, _POINTER)),
    "glBindBuffer": (None, (_UINT, _UINT)),
    "glBufferStorage": (None, (_UINT, _SIZE, _POINTER, _UINT)),
    "glMapBufferRange": (_POINTER, (_UINT, _SIZE, _SIZE, _UINT)),
    "glFenceSync": (_POINTER, (_UINT, _UINT)),
    "glClientWaitSync": (_UINT, (_POINTER, _UINT, ctypes.c_uint64)),
    "glDeleteSync": (None, (_POINTER,)),
}


class GLFunctions:
    """Callables named as in OpenGL, loaded on first use. ctypes releases the GIL in each."""

    def __getattr__(self, name: str) -> Callable[..., int | None]:
        if name not in _SIGNATURES:
            raise AttributeError(name)
        address = _loader()(name)
        if not address:
            raise SuperseeError(
                f"The graphics driver has no {name}",
                "OpenGL 4.5, or 4.3 with the extension that adds it, is needed",
                "Update the graphics driver, or use Mesa's software renderer (LIBGL_ALWAYS_SOFTWARE=1).",
            )
        result, arguments = _SIGNATURES[name]
        prototype = ctypes.WINFUNCTYPE if sys.platform == "win32" else ctypes.CFUNCTYPE  # type: ignore[attr-defined]
        function = prototype(result, *arguments)(address)
        setattr(self, name, function)
        return function

    def has(self, name: str) -> bool:
        try:
            getattr(self, name)
        except SuperseeError:
            return False
        return True


@cache
def gl_functions() -> GLFunctions:
    return GLFunctions()


def store_depth_as_float(texture_name: int, size: tuple[int, int]) -> None:
    """Gives a depth texture of moderngl (24-bit integer) 32-bit float storage, which reversed Z needs."""
    gl = gl_functions()
    gl.glBindTexture(TEXTURE_2D, texture_name)
    gl.glTexImage2D(TEXTURE_2D, 0, DEPTH_COMPONENT32F, *size, 0, DEPTH_COMPONENT, FLOAT, None)
    gl.glBindTexture(TEXTURE_2D, 0)


@cache
def _loader() -> Callable[[str], int | None]:
    if sys.platform == "win32":
        return _windows_loader()
    if sys.platform == "darwin":
        framework = ctypes.CDLL("/System/Library/Frameworks/OpenGL.framework/OpenGL")
        return lambda name: _exported(framework, name)
    return _linux_loader()


def _linux_loader() -> Callable[[str], int | None]:
    for library, symbol in (("libEGL.so.1", "eglGetProcAddress"), ("libGL.so.1", "glXGetProcAddressARB")):
        try:
            get = getattr(ctypes.CDLL(library), symbol)
        except (OSError, AttributeError):
            continue
        get.restype, get.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)
        # A default argument binds this round's function.
        return lambda name, get=get: get(name.encode())
    raise SuperseeError(
        "OpenGL's functions cannot be loaded",
        "neither libEGL.so.1 nor libGL.so.1 was found",
        "Install a graphics driver, or Mesa's software one (Debian: apt install libegl1 libgl1).",
    )


def _windows_loader() -> Callable[[str], int | None]:
    opengl = ctypes.WinDLL("opengl32")  # type: ignore[attr-defined]
    get = opengl.wglGetProcAddress
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)

    def load(name: str) -> int | None:
        # wglGetProcAddress knows only what came after OpenGL 1.1, and fails with 0, 1, 2, 3 or -1.
        address = get(name.encode())
        if address in (None, 1, 2, 3, ctypes.c_void_p(-1).value):
            return _exported(opengl, name)
        return address

    return load


def _exported(library: ctypes.CDLL, name: str) -> int | None:
    function = getattr(library, name, None)
    return None if function is None else ctypes.cast(function, ctypes.c_void_p).value
