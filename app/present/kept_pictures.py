"""Pictures of a recording's last frames, kept so that time can run backwards.

Motion vectors lead from a frame to the one before it in time; run backwards, nothing leads from a frame to the one
after it. A temporal method that were fed frames in falling order would see motion of the wrong sign and every
disocclusion the wrong way round. So frames are always drawn in the order of time, a stretch of them, and shown again
from here in the other order.
"""

from __future__ import annotations

from collections.abc import Sequence

import moderngl

from app.present.method_run import MethodRun
from app.present.trail import Trail
from app.render.gl_context import unbind_framebuffer

MEMORY_LIMIT = 256 << 20
"""Bytes of kept pictures: 48 frames of three upscalers at 640x360, 2 frames of two at 3840x2160."""

_Identity = tuple[str, str, str]
_Picture = tuple[moderngl.Texture, moderngl.Framebuffer]


class KeptPictures:
    """By frame and method, copies of the linear pictures, with the trail that led to them; what was kept first goes
    first."""

    def __init__(self, context: moderngl.Context, memory: int = MEMORY_LIMIT) -> None:
        self._context = context
        self._memory = memory
        self._frames: dict[int, dict[_Identity, _Picture]] = {}
        self._trails: dict[int, Trail] = {}
        self._spare: list[_Picture] = []

    def room(self, runs: Sequence[MethodRun]) -> int:
        """How many frames of these methods fit."""
        return self._memory // max(sum(_bytes(run.texture) for run in runs if run.texture is not None), 1)

    def keep(self, index: int, runs: Sequence[MethodRun], trail: Trail) -> None:
        """Copies the runs' pictures of frame `index`. `trail` is its own from now on."""
        self._drop_frame(index)
        wanted = sum(_bytes(run.texture) for run in runs if run.texture is not None)
        while self._frames and self._held() + wanted > self._memory:
            self._drop_frame(next(iter(self._frames)))
        self._trails[index] = trail
        self._frames[index] = {_identity(run): self._copied(run.texture) for run in runs if run.texture is not None}

    def has(self, index: int, runs: Sequence[MethodRun]) -> bool:
        """Whether every one of these methods, as it is now, has its picture of the frame here."""
        kept = self._frames.get(index, {})
        return bool(runs) and all(_identity(run) in kept for run in runs)

    def show(self, index: int, runs: Sequence[MethodRun]) -> Trail:
        """Puts the pictures in the place of the runs' own; what led to them."""
        for run in runs:
            run.texture = self._frames[index][_identity(run)][0]
        return self._trails[index].copy()

    def forget(self) -> None:
        """They would be drawn otherwise now. Needs no context."""
        for index in list(self._frames):
            self._drop_frame(index)

    def clear(self) -> None:
        """Gives everything back."""
        self.forget()
        for texture, framebuffer in self._spare:
            unbind_framebuffer(self._context)
            framebuffer.release()
            texture.release()
        self._spare.clear()

    def _copied(self, texture: moderngl.Texture) -> _Picture:
        picture = self._place_for(texture)
        source = self._context.framebuffer([texture])
        self._context.copy_framebuffer(picture[1], source)
        unbind_framebuffer(self._context)
        source.release()
        return picture

    def _place_for(self, texture: moderngl.Texture) -> _Picture:
        for place, (spare, _) in enumerate(self._spare):
            if (spare.size, spare.components, spare.dtype) == (texture.size, texture.components, texture.dtype):
                return self._spare.pop(place)
        made = self._context.texture(texture.size, texture.components, dtype=texture.dtype)
        made.repeat_x = made.repeat_y = False
        return made, self._context.framebuffer([made])

    def _held(self) -> int:
        frames = (picture for kept in self._frames.values() for picture in kept.values())
        return sum(_bytes(texture) for texture, _ in frames)

    def _drop_frame(self, index: int) -> None:
        self._spare += self._frames.pop(index, {}).values()
        self._trails.pop(index, None)


def _identity(run: MethodRun) -> _Identity:
    """A method as it draws now: not the stand-in's picture for the method's, nor an older network's."""
    return run.name, run.title, run.detail


def _bytes(texture: moderngl.Texture) -> int:
    width, height = texture.size
    return width * height * texture.components * (2 if texture.dtype == "f2" else 4)
