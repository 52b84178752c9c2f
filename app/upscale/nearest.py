"""Nearest: the nearest sample: shows what the network is given. De-jittered, so the picture stands still."""

from __future__ import annotations

import moderngl

from app.measure.stages import StageClock
from app.render.frame import FrameInputs
from app.render.fullscreen import FullscreenPass
from app.upscale.spatial import SpatialUpscaler, render_per_display
from app.upscale.target import Target


class Nearest(SpatialUpscaler):
    name = "nearest"
    label = "Nearest"

    def __init__(self, context: moderngl.Context, clock: StageClock | None = None) -> None:
        super().__init__(context, clock)
        self._pass = FullscreenPass(context, "upscale/nearest.frag")

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
