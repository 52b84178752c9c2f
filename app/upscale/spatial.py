"""What the methods without history share: passes from the jittered LR colour to the display, in one go."""

from __future__ import annotations

from abc import ABC, abstractmethod

import moderngl

from app.conventions import Size
from app.measure.stages import StageClock
from app.render.frame import FrameInputs
from app.render.fullscreen import FullscreenPass
from app.upscale.target import Target, timed


class SpatialUpscaler(ABC):
    """Implements `Upscaler` around `_draw`. There is no history, so `reset` has nothing to drop."""

    name = ""
    label = ""
    detail = ""

    def __init__(self, context: moderngl.Context, clock: StageClock | None = None) -> None:
        self._context = context
        self._clock = clock
        self._sizes: tuple[Size, Size] | None = None
        self._target: Target | None = None

    def resize(self, render_size: Size, display_size: Size) -> None:
        if self._sizes == (render_size, display_size):
            return
        self._release_targets()
        self._sizes = (render_size, display_size)
        self._target = Target(self._context, display_size)

    def reset(self) -> None:
        return None

    def begin(self, frame: FrameInputs) -> None:
        self.resize(frame.render_size, frame.display_size)
        assert self._target is not None
        with timed(self._clock, "post"):
            self._draw(frame, self._target)

    def ready(self) -> bool:
        return True

    def finish(self) -> moderngl.Texture:
        assert self._target is not None, "begin comes before finish"
        return self._target.texture

    def upscale(self, frame: FrameInputs) -> moderngl.Texture:
        self.begin(frame)
        return self.finish()

    def release(self) -> None:
        self._release_targets()

    @abstractmethod
    def _draw(self, frame: FrameInputs, target: Target) -> None:
        """Draws the display-size picture of `frame` into `target`."""

    def _release_targets(self) -> None:
        if self._target:
            self._target.release()
        self._target, self._sizes = None, None


def render_per_display(frame: FrameInputs) -> tuple[float, float]:
    """LR pixels per display pixel, each axis by itself: odd sizes make them differ."""
    return (
        frame.render_size[0] / frame.display_size[0],
        frame.render_size[1] / frame.display_size[1],
    )


class SinglePassUpscaler(SpatialUpscaler):
    """One fragment shader, `fragment`, from the LR colour to the display."""

    fragment = ""

    def __init__(self, context: moderngl.Context, clock: StageClock | None = None) -> None:
        super().__init__(context, clock)
        self._pass = FullscreenPass(context, self.fragment)

    def _draw(self, frame: FrameInputs, target: Target) -> None:
        self._pass.draw(
            target.framebuffer,
            {"colour": frame.colour},
            renderPerDisplay=render_per_display(frame),
            jitter=frame.jitter,
        )

    def release(self) -> None:
        super().release()
        self._pass.release()
