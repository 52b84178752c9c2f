"""A texture that an upscaler draws into, with its framebuffer."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import moderngl

from app.conventions import Size
from app.measure.stages import StageClock
from app.render.gl_context import unbind_framebuffer


class Target:
    """One or more textures of one size as one framebuffer; filtering is linear, edges clamp."""

    def __init__(self, context: moderngl.Context, size: Size, formats: tuple[tuple[int, str], ...] = ((4, "f2"),)):
        self._context = context
        self.textures = tuple(context.texture(size, components, dtype=dtype) for components, dtype in formats)
        for texture in self.textures:
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
        self.framebuffer = context.framebuffer(self.textures)

    @property
    def texture(self) -> moderngl.Texture:
        return self.textures[0]

    def release(self) -> None:
        unbind_framebuffer(self._context)
        self.framebuffer.release()
        for texture in self.textures:
            texture.release()


def timed(clock: StageClock | None, stage: str) -> AbstractContextManager[None]:
    """The clock's stage, or nothing where nobody asked for times."""
    return clock.stage(stage) if clock else nullcontext()
