"""The reference of a live scene: samples of one frozen instant, added up while it stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import moderngl

from app.present.frame_stages import FrameStages, Pause
from app.present.source import Accumulator, SceneSource
from app.render.gl_context import unbind_framebuffer
from app.scene.state import SceneState

REFERENCE_SAMPLES = 64

MakeAccumulator = Callable[[SceneSource], Accumulator]


def live_accumulator(source: SceneSource) -> Accumulator:
    from app.render.reference import ReferenceAccumulator

    return ReferenceAccumulator(source)  # type: ignore[arg-type]


class LiveReference:
    """Accumulates with the source that draws the frames, and leaves the native picture as it is."""

    def __init__(
        self, context: moderngl.Context, source: SceneSource, stages: FrameStages, make_accumulator: MakeAccumulator
    ) -> None:
        self._context = context
        self._source = source
        self._stages = stages
        self._make_accumulator = make_accumulator
        self._accumulator: Accumulator | None = None
        self._accumulated: SceneState | None = None  # the instant that its samples are of
        self._native: tuple[moderngl.Texture, moderngl.Framebuffer] | None = None

    def done(self, state: SceneState | None) -> int:
        """Samples of the instant `state` that there are."""
        fits = self._accumulator is not None and self._accumulated is state
        return self._accumulator.done if fits and self._accumulator is not None else 0

    def steps(self, state: SceneState, samples: int, per_step: int, at_most: int | None) -> Iterator[Pause]:
        """Accumulates `samples` of the instant, `at_most` further than it has come; "reference" shows how far."""
        self._keep_native()
        run = self._stages.run("reference")
        self._accumulator = self._accumulator or self._make_accumulator(self._source)
        if self._accumulated is not state:
            self._accumulator.begin(state, samples)
            self._accumulated = state
        goal = samples if at_most is None else min(samples, self._accumulator.done + at_most)
        while self._accumulator.done < goal:
            with run.clock.stage("render"):
                self._accumulator.step(min(per_step, goal - self._accumulator.done))
            run.texture, run.warning = self._accumulator.texture, ""
            run.samples = self._accumulator.done
            yield Pause.BREATHE
        run.texture, run.warning, run.samples = self._accumulator.texture, "", self._accumulator.done
        run.book({})

    def forget(self) -> None:
        """Its samples are of no picture of now: the size has changed."""
        self._accumulated = None

    def release(self) -> None:
        release = getattr(self._accumulator, "release", None)
        if release is not None:
            release()
        self._accumulator = None
        self._drop_native()

    def _keep_native(self) -> None:
        """A copy of the native picture: reference samples are drawn into the texture it lies in."""
        run = self._stages.runs.get("native")
        if run is None or run.texture is None or run.frame_number != self._stages.last:
            return
        if self._native and run.texture is self._native[0]:
            return
        native = run.texture
        if self._native is None or self._native[0].size != native.size:
            self._drop_native()
            copy = self._context.texture(native.size, 4, dtype="f2")
            self._native = copy, self._context.framebuffer([copy])
        source = self._context.framebuffer([native])
        self._context.copy_framebuffer(self._native[1], source)
        unbind_framebuffer(self._context)
        source.release()
        run.texture = self._native[0]

    def _drop_native(self) -> None:
        if self._native is not None:
            unbind_framebuffer(self._context)
            self._native[1].release()
            self._native[0].release()
            self._native = None
