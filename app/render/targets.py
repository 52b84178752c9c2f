"""The textures and framebuffers that one size of scene pass draws into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import moderngl

from app.conventions import Size
from app.render.gl_context import unbind_framebuffer
from app.render.gl_functions import LOWER_LEFT, NEGATIVE_ONE_TO_ONE, ZERO_TO_ONE, gl_functions, store_depth_as_float


class RenderTargets:
    """Outputs (colour, depth, motion, reactive) and what passes between geometry and lighting (base, normal)."""

    def __init__(self, context: moderngl.Context, size: Size) -> None:
        self.size = size
        self._context = context
        self.colour = context.texture(size, 4, dtype="f2")
        self.motion = context.texture(size, 2, dtype="f2")
        self.reactive = context.texture(size, 1, dtype="f1")
        self.base = context.texture(size, 4, dtype="f1")
        self.normal = context.texture(size, 4, dtype="nu2")
        self.depth = float_depth_texture(context, size)
        for texture in (self.motion, self.reactive, self.base, self.normal, self.depth):
            texture.filter = moderngl.NEAREST, moderngl.NEAREST
        for texture in (self.colour, self.motion, self.reactive, self.depth):
            texture.repeat_x = texture.repeat_y = False
        surfaces = [self.colour, self.motion, self.reactive, self.base, self.normal]
        self.geometry = context.framebuffer(surfaces, self.depth)
        self.lit = context.framebuffer([self.colour])
        self.blended = context.framebuffer([self.colour, self.reactive], self.depth)
        self.moving = context.framebuffer([self.motion], self.depth)

    def release(self) -> None:
        unbind_framebuffer(self._context)
        for item in (
            self.geometry, self.lit, self.blended, self.moving,
            self.colour, self.motion, self.reactive, self.base, self.normal, self.depth,
        ):  # fmt: skip
            item.release()


def float_depth_texture(context: moderngl.Context, size: Size) -> moderngl.Texture:
    """A 32-bit float depth texture, read as plain red (no comparison)."""
    texture = context.depth_texture(size)
    store_depth_as_float(texture.glo, size)
    texture.compare_func = ""
    return texture


@contextmanager
def zero_to_one_depth() -> Iterator[None]:
    """Clip space with z in [0, 1] (reversed Z keeps float precision only so), and OpenGL's own afterwards."""
    gl = gl_functions()
    gl.glClipControl(LOWER_LEFT, ZERO_TO_ONE)
    try:
        yield
    finally:
        gl.glClipControl(LOWER_LEFT, NEGATIVE_ONE_TO_ONE)
