"""Lanczos-3 in two separable passes, de-rung, de-jittered: the sharpest of the methods without history."""

from __future__ import annotations

import moderngl

from app.conventions import ACCUMULATION_KNEE, Size
from app.measure.stages import StageClock
from app.render.frame import FrameInputs
from app.render.fullscreen import FullscreenPass
from app.upscale.spatial import SpatialUpscaler, render_per_display
from app.upscale.target import Target


class Lanczos(SpatialUpscaler):
    name = "lanczos"
    label = "Lanczos"

    def __init__(self, context: moderngl.Context, clock: StageClock | None = None) -> None:
        super().__init__(context, clock)
        knee = {"KNEE": ACCUMULATION_KNEE}
        self._horizontal = FullscreenPass(context, "upscale/lanczos.frag", {"AXIS": 0, **knee})
        self._vertical = FullscreenPass(context, "upscale/lanczos.frag", {"AXIS": 1, **knee})
        self._stretched: Target | None = None

    def resize(self, render_size: Size, display_size: Size) -> None:
        super().resize(render_size, display_size)
        if self._stretched is None:
            self._stretched = Target(self._context, (display_size[0], render_size[1]))

    def _draw(self, frame: FrameInputs, target: Target) -> None:
        assert self._stretched is not None
        scale = render_per_display(frame)
        self._horizontal.draw(
            self._stretched.framebuffer,
            {"image": frame.colour},
            renderPerDisplay=scale[0],
            jitter=frame.jitter[0],
            exposure=frame.exposure,
        )
        self._vertical.draw(
            target.framebuffer,
            {"image": self._stretched.texture},
            renderPerDisplay=scale[1],
            jitter=frame.jitter[1],
            exposure=frame.exposure,
        )

    def release(self) -> None:
        super().release()
        self._horizontal.release()
        self._vertical.release()

    def _release_targets(self) -> None:
        super()._release_targets()
        if self._stretched:
            self._stretched.release()
        self._stretched = None
