"""TAAU: temporal accumulation at display resolution, the classic way of upscaling with history.

After Karis 2014 ("High Quality Temporal Supersampling"), Salvi 2016 (variance clipping), Jimenez 2016 (cheap
Catmull-Rom), Yang et al. 2020 (survey) and the accumulated-weight bookkeeping of AMD FSR2. Two passes: one at low
resolution for what all display pixels of a sample share, one at display resolution.
"""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from app.conventions import ACCUMULATION_KNEE, Size
from app.measure.stages import StageClock
from app.render.frame import FrameInputs
from app.render.fullscreen import FullscreenPass
from app.upscale.expected_depth import lens, previous_distance
from app.upscale.spatial import render_per_display
from app.upscale.target import Target, timed

SETTINGS: dict[str, float] = {
    "KNEE": ACCUMULATION_KNEE,
    "DEPTH_TOLERANCE": 0.001,  # part of the distance by which an occluder must have been nearer
    "MOTION_TOLERANCE": 0.03,  # LR pixels by which the occluder's motion must differ: it moved away
    "COVER_GONE": 0.5,  # reactive value whose going uncovers what lay behind it
    "EDGE_RATIO": 0.02,  # depth step in 3x3, as a part, above which motion is borrowed from the nearest surface
    "EDGE_TRUST": 0.2,  # of the nearest surface's history where the pixel's own was uncovered
    "OWN_BIAS": 1.0,  # weight of the pixel's own motion against the nearest surface's, at equal error
    "WIDE": 3.0,  # the samples' kernel exp(-k d^2) without history, d in LR pixels
    "NARROW": 3.0,  # the same with much history, d in display pixels
    "NARROWING": 2.0,  # accumulated weight at which the kernel is half-way narrow
    "CONTRIBUTION_STILL": 2.5,  # exp(-k d^2), d in display pixels: what a frame adds to a display pixel's weight
    "CONTRIBUTION_MOVING": 1.7,
    "LEAST_WEIGHT": 0.01,
    "HISTORY_SHARPNESS": 0.65,  # 0.5 is Catmull-Rom; more holds off the blur of fetching history again and again
    "CAP_STILL": 32.0,  # accumulated weight that history may keep
    "CAP_MOVING": 1.4,  # resampling blurs a little every frame, so moving history must be renewed
    "MOVING_SPEED": 2.0,  # display pixels a frame that count as fully moving
    "MEMORY_STILL": 0.9,  # part of the neighbourhood's statistics that is kept from frame to frame
    "MEMORY_MOVING": 0.5,
    "JUMP": 1.0,  # standard deviations by which a neighbourhood's mean may move before its past is forgotten
    "JUMP_MARGIN": 0.02,
    "GAMMA_STILL": 2.5,  # standard deviations that history may leave the neighbourhood by
    "GAMMA_MOVING": 1.4,
    "BOX_MARGIN": 0.002,
    "CLIP_DISTRUST": 0.8,  # how much of the weight is lost by history that had to be clipped
}
"""Tuned on scenes of ours and on a recording by Blender together; colours are in range-compressed space."""


class Taau:
    name = "taau"
    label = "TAAU"
    detail = ""

    def __init__(
        self,
        context: moderngl.Context,
        clock: StageClock | None = None,
        settings: Mapping[str, float] | None = None,
    ) -> None:
        self._context = context
        self._clock = clock
        defines = {key: float(value) for key, value in {**SETTINGS, **(settings or {})}.items()}
        self._prepare = FullscreenPass(context, "upscale/taau_prepare.frag", defines)
        self._accumulate = FullscreenPass(context, "upscale/taau_accumulate.frag", defines)
        self._nothing = context.texture((1, 1), 1, b"\0", dtype="f1")
        self._sizes: tuple[Size, Size] | None = None
        self._prepared: list[Target] = []
        self._accumulated: list[Target] = []
        self._turn = 0
        self._previous: tuple[tuple[float, float], float] | None = None  # jitter and exposure of the last frame

    def resize(self, render_size: Size, display_size: Size) -> None:
        if self._sizes == (render_size, display_size):
            return
        self._release_targets()
        self._sizes = (render_size, display_size)
        small = ((4, "f2"), (4, "f2"), (4, "f2"), (4, "f4"))
        self._prepared = [Target(self._context, render_size, small) for _ in range(2)]
        self._accumulated = [Target(self._context, display_size, ((4, "f2"), (4, "f2"))) for _ in range(2)]

    def reset(self) -> None:
        self._previous = None

    def begin(self, frame: FrameInputs) -> None:
        self.resize(frame.render_size, frame.display_size)
        if frame.reset:
            self.reset()
        self._turn ^= 1
        with timed(self._clock, "pre"):
            self._draw_prepared(frame)
        with timed(self._clock, "post"):
            self._draw_accumulated(frame)
        self._previous = frame.jitter, frame.exposure

    def ready(self) -> bool:
        return True

    def finish(self) -> moderngl.Texture:
        assert self._accumulated, "begin comes before finish"
        return self._accumulated[self._turn].textures[1]

    def upscale(self, frame: FrameInputs) -> moderngl.Texture:
        self.begin(frame)
        return self.finish()

    def release(self) -> None:
        self._release_targets()
        self._prepare.release()
        self._accumulate.release()
        self._nothing.release()

    def _draw_prepared(self, frame: FrameInputs) -> None:
        old_jitter, old_exposure = self._previous or (frame.jitter, frame.exposure)
        self._prepare.draw(
            self._prepared[self._turn].framebuffer,
            {
                "colour": frame.colour,
                "depth": frame.depth,
                "motion": frame.motion,
                "reactive": frame.reactive or self._nothing,
                "previousChroma": self._prepared[self._turn ^ 1].textures[1],
                "previousMean": self._prepared[self._turn ^ 1].textures[2],
                "previousSurface": self._prepared[self._turn ^ 1].textures[3],
            },
            exposure=frame.exposure,
            previousExposure=old_exposure,
            useReactive=float(frame.reactive is not None),
            hasHistory=float(self._previous is not None),
            jitter=frame.jitter,
            previousJitter=old_jitter,
            lens=lens(frame.camera),
            nearPlane=frame.camera.near,
            previousDistance=previous_distance(frame.camera),
        )

    def _draw_accumulated(self, frame: FrameInputs) -> None:
        _, old_exposure = self._previous or (frame.jitter, frame.exposure)
        prepared = self._prepared[self._turn].textures
        self._accumulate.draw(
            self._accumulated[self._turn].framebuffer,
            {
                "sampleAndTrust": prepared[0],
                "motionAndChroma": prepared[1],
                "meanAndLuma": prepared[2],
                "motion": frame.motion,
                "history": self._accumulated[self._turn ^ 1].textures[0],
            },
            renderPerDisplay=render_per_display(frame),
            jitter=frame.jitter,
            exposure=frame.exposure,
            previousExposure=old_exposure,
            hasHistory=float(self._previous is not None),
            frameIndex=frame.frame_index,
        )

    def _release_targets(self) -> None:
        for target in (*self._prepared, *self._accumulated):
            target.release()
        self._prepared, self._accumulated, self._sizes, self._previous = [], [], None, None
