"""Getting an OpenGL context that can do what we need, or a plain message why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import moderngl

from app.errors import SuperseeError

REQUIRED_VERSION = 430  # compute shaders and shader storage buffers
_SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast", "software rasterizer", "microsoft basic render")


@contextmanager
def headless_context() -> Iterator[moderngl.Context]:
    """A context without a window, current in this thread: EGL on Linux, the platform's own elsewhere. Afterwards it is
    released and the thread has none. Raises SuperseeError where there is no OpenGL that is good enough."""
    context = _made_without_window()
    try:
        with context:
            yield checked_context(context)
    finally:
        # Only now, unbound: EGL keeps a context that is current, and a window's could not become current beside it.
        context.release()


def _made_without_window() -> moderngl.Context:
    import sys

    options: dict = {"backend": "egl"} if sys.platform.startswith("linux") else {}
    try:
        return moderngl.create_context(standalone=True, **options)
    except Exception as error:  # glcontext raises bare Exceptions of many kinds
        raise SuperseeError(
            "No OpenGL context could be made",
            str(error),
            "Install a graphics driver, or Mesa's software one (Debian: apt install libegl1 libgl1).",
        ) from error


def checked_context(context: moderngl.Context) -> moderngl.Context:
    """The context itself, set up for our passes; raises SuperseeError below OpenGL 4.3."""
    if context.version_code < REQUIRED_VERSION:
        found = f"{context.version_code // 100}.{context.version_code // 10 % 10}"
        raise SuperseeError(
            f"OpenGL {found} is too old",
            f"{context.info['GL_RENDERER']} offers it, and compute shaders need 4.3",
            "Update the graphics driver, or use Mesa's software renderer (LIBGL_ALWAYS_SOFTWARE=1).",
        )
    if context.version_code < 450 and "GL_ARB_clip_control" not in context.extensions:
        raise SuperseeError(
            "This OpenGL cannot keep depth precise",
            f"{context.info['GL_RENDERER']} offers 4.3 without GL_ARB_clip_control, which reversed depth needs",
            "Update the graphics driver, or use Mesa's software renderer (LIBGL_ALWAYS_SOFTWARE=1).",
        )
    context.gc_mode = "context_gc"
    return context


def renderer_name(context: moderngl.Context) -> str:
    return str(context.info["GL_RENDERER"])


def is_software(context: moderngl.Context) -> bool:
    """True where the CPU draws, so that timer queries mean nothing and times must say so."""
    name = renderer_name(context).lower()
    return any(mark in name for mark in _SOFTWARE_RENDERERS)


def free_dropped(context: moderngl.Context) -> None:
    """Deletes GL objects that Python has dropped; call it with the context current, once a frame.

    In place of `context.gc()`, which stumbles (moderngl 5.13) over objects that were released by hand first.
    """
    while context.objects:
        dropped = context.objects.popleft()
        if hasattr(dropped, "release"):
            dropped.release()


def unbind_framebuffer(context: moderngl.Context) -> None:
    """Call before a framebuffer is released: moderngl binds the last used one again after making another, and if
    that one is gone, OpenGL reports an invalid operation."""
    context.detect_framebuffer(0).use()
