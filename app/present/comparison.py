"""The comparison: one scene or recording, one low-resolution frame, and what each method makes of it.

Both the window and the headless commands drive it. A frame is a generator that gives way between its GL stages, so
that a window's event loop breathes and inference runs beside it; `advance` drives the same frame to its end.
"""

from __future__ import annotations

import time as clock_time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import moderngl

from app.conventions import Size
from app.present import pane_words
from app.present.comparison_settings import ComparisonSettings
from app.present.frame_stages import FrameStages, Pause
from app.present.lead_up import LeadUp
from app.present.live_reference import REFERENCE_SAMPLES, LiveReference, MakeAccumulator, live_accumulator
from app.present.method_run import MethodRun, Options, no_options, with_history
from app.present.pane_label import PaneContent
from app.present.source import SceneSource
from app.present.trail import Trail, TrailFrame
from app.render.frame import FrameInputs
from app.scene.camera import CameraPath, CameraPose
from app.scene.model import SceneModel
from app.scene.state import SceneState


class Comparison(ComparisonSettings):
    """Draws frames of what is set (ComparisonSettings), and keeps what each method made of the last.

    History is dropped on the first frame, a cut of the path, a seek, and a change of size, ratio, path or scene;
    and for a method alone that was not shown in the frame before. Never otherwise. A frame of a recording that was
    jumped to is played up to (lead_up). Frames are drawn in the order of time only: backwards, they are shown from
    pictures that were kept.
    """

    def __init__(
        self,
        context: moderngl.Context,
        source: SceneSource,
        model: SceneModel,
        *,
        methods: Sequence[str] = ("native", "bilinear", "neural"),
        ratio: float = 2.0,
        display_size: Size = (640, 360),
        path: CameraPath | None = None,
        options: Options = no_options,
        accumulator: MakeAccumulator = live_accumulator,
    ) -> None:
        super().__init__(source, model, methods, ratio, display_size, path)
        self.context = context
        self.trail = Trail()
        self._options = options
        self._stages = FrameStages(context, source, options, accumulates=self.recorded is None)
        self._reference: LiveReference | None = None
        self._lead_up: LeadUp | None = None
        if self.recorded is None:
            self._reference = LiveReference(context, source, self._stages, accumulator)
        else:
            self._lead_up = LeadUp(context, self.recorded, self._stages, self.timeline, self._leave_trail)
        self._applied: tuple[Size, float] | None = None
        self._state: SceneState | None = None
        self._frame: FrameInputs | None = None
        self._shown: tuple[str, ...] = ()
        self._making = False
        self.previews = False  # the last frame of a recording was drawn without its history
        self.finished_at = 0.0  # perf_counter, s

    @property
    def software(self) -> bool:
        """True where the CPU draws, so that times are not a GPU's."""
        return self._stages.software

    @property
    def runs(self) -> dict[str, MethodRun]:
        """Every method that was ever shown."""
        return self._stages.runs

    @property
    def frame_index(self) -> int:
        """Of the next frame: jitter follows from it."""
        return self._stages.index

    @frame_index.setter
    def frame_index(self, index: int) -> None:
        self._stages.index = index

    @property
    def leading(self) -> tuple[int, int] | None:
        """Of a recording: frames played so far of those that lead up to the next, and how many those are."""
        return self._lead_up.playing if self._lead_up is not None else None

    @property
    def shown(self) -> tuple[str, ...]:
        """The methods of `panes`: those asked for when the last frame began."""
        return self._shown

    @property
    def shown_state(self) -> SceneState | None:
        """Of the last frame; None before the first."""
        return self._state

    def shown_runs(self) -> list[MethodRun]:
        """The methods of `panes`, each once."""
        return self._stages.runs_of(self._shown)

    @property
    def pose(self) -> CameraPose:
        """Where the last frame was seen from."""
        from app.scene.camera_path import pose_at

        if self._state is not None:
            return self._state.camera
        assert self.path is not None, "a scene without a path has been seen from nowhere yet"
        return pose_at(self.path, self.time)

    # Frames

    @property
    def frame(self) -> FrameInputs | None:
        """The last low-resolution frame; None before the first."""
        return self._frame

    @property
    def complete(self) -> bool:
        """Whether every method asked for has its picture of the current frame, at the current sizes, and no frame is
        in the making: only then do the textures of `panes` belong together."""
        if self._making or self._frame is None or self._applied != (self.display_size, self.ratio):
            return False
        runs = [self._stages.run(name) for name in self.methods]
        if any(run.can_take_over(self.render_size) for run in runs):
            return False
        return self._shown == self.methods and all(run.frame_number == self._stages.last for run in runs)

    def advance(
        self, time: float | None = None, *, reference_samples: int = 0, lead: bool = True
    ) -> dict[str, moderngl.Texture]:
        """Draws the frame at `time` (default: where the timeline stands) to its end; linear textures by method,
        valid until the next frame. With `reference_samples`, "reference" is the accumulated one; `lead` is that of
        `frame_steps`."""
        for pause in self.frame_steps(time, lead=lead):
            if pause is Pause.WAIT:
                clock_time.sleep(0.0005)
        if reference_samples and "reference" in self.methods:
            for _ in self.reference_steps(reference_samples, per_step=reference_samples):
                pass
        return {name: run.texture for name in self.methods if (run := self.runs[name]).texture is not None}

    def frame_steps(
        self, time: float | None = None, *, lead: bool = True, backwards: bool = False
    ) -> Generator[Pause, None, None]:
        """One frame in slices. The pictures of `panes` belong together again when it is exhausted.

        Of a recording: without `lead` the frame is a preview, drawn at once and without history; `backwards` says
        that the ones before it will be wanted next, so that their pictures are kept on the way.
        """
        self._making = True
        if self._apply_sizes():
            yield Pause.BREATHE
        self._shown = self.methods
        shown = self.shown_runs()
        self.tune_source()
        time = self.time if time is None else time
        self.previews = self.recorded is not None and not lead
        if self._lead_up is not None:
            if lead and self._lead_up.has_kept(time, shown):
                yield from self._kept_steps(self._lead_up, time, shown)
                return
            yield from self._lead_up.steps(time, shown, self.trail, lead, backwards, self.render_size)
        state = self.timeline.state_at(time)
        self._state = state
        self._frame = yield from self._stages.frame_steps(state, shown)
        self._leave_trail(self.trail, self._frame, shown)
        if self._lead_up is not None:
            self._lead_up.arrived(time, shown, self.trail, backwards)
        self._stages.book(shown)
        self._finish()

    def lead_ms(self, time: float) -> float:
        """About how long it will take to play what leads up to `time`, of a recording."""
        return 0.0 if self._lead_up is None else self._lead_up.ms(time, self.shown_runs())

    def redo_steps(self) -> Iterator[Pause]:
        """Runs methods that have no picture of the current frame yet (a pane was switched while paused), without
        moving in time or touching the others' history."""
        if self._frame is None or self._state is None or self._applied != (self.display_size, self.ratio):
            yield from self.frame_steps()
            return
        if self.recorded is not None:  # the method that has come gets the history that playing would have given it
            if not self.previews:
                self.recorded.invalidate()
            yield from self.frame_steps(lead=not self.previews)
            return
        self._making = True
        self._shown = self.methods
        last = self._stages.last
        fresh = [run for run in self.shown_runs() if run.frame_number < last or run.can_take_over(self.render_size)]
        # A method that was not there has no history; the frame says so, lest it takes an old one for it.
        yield from self._stages.method_steps(fresh, replace(self._frame, reset=True), self._state, last)
        self.trail.redo(with_history(fresh))
        self._stages.book(fresh)
        self._making = False

    @property
    def reference_done(self) -> int:
        """Samples of the last frame's instant that the reference holds."""
        return 0 if self._reference is None else self._reference.done(self._state)

    def reference_steps(
        self, samples: int = REFERENCE_SAMPLES, per_step: int = 1, at_most: int | None = None
    ) -> Iterator[Pause]:
        """Accumulates the reference of the last frame's instant, `at_most` samples further than it has come;
        "reference" shows how far that is. A recording's is there already."""
        if self._state is not None and self._reference is not None:
            yield from self._reference.steps(self._state, samples, per_step, at_most)

    def retry(self) -> None:
        """What has failed is tried again from the next frame on."""
        retry = getattr(self._options, "retry", None)
        if retry is not None:
            retry()
        if self._lead_up is not None:
            self._lead_up.forget()
        for run in self.runs.values():
            run.retry()

    def cancel_preparing(self) -> bool:
        """Stops what makes a method ready and can be stopped; False where there is nothing of the kind."""
        cancel = getattr(self._options, "cancel", None)
        return cancel is not None and cancel()

    def release(self) -> None:
        """Gives back what the comparison made; the source stays its owner's."""
        for owner in (self._stages, self._reference, self._lead_up):
            if owner is not None:
                owner.release()

    # What is shown

    def panes(self, costs: bool = True) -> list[PaneContent]:
        """One entry a pane of the last frame, for Composition.take; empty before the first. Without `costs` nothing
        in it differs between two runs of the same frames."""
        if self._applied is None:
            return []
        display, ratio = self._applied
        low = self.rendered(display, ratio)
        return [
            pane_words.pane_content(
                self._stages.run(name), low, display, ratio,
                costs=costs, recorded=self.recorded, preview=self.previews,
            )
            for name in self._shown
        ]  # fmt: skip

    def warnings(self) -> tuple[str, ...]:
        """Every fallback in force, once."""
        return pane_words.warnings(self._stages.there(self.methods))

    def backends(self) -> tuple[str, ...]:
        """What upscalers say of themselves (backend, precision), by method."""
        return pane_words.backends(self._stages.there(self.methods))

    def stage_ms(self) -> dict[str, dict[str, float]]:
        """The last frame's milliseconds by method and stage."""
        return {run.name: dict(run.stage_ms) for run in self._stages.there(self.methods)}

    def _kept_steps(self, lead_up: LeadUp, time: float, shown: list[MethodRun]) -> Iterator[Pause]:
        self._state, self._frame, self.trail = yield from lead_up.kept_steps(time, shown)
        yield from self._stages.source_steps(shown, self._state, self._stages.last)
        self._finish()

    def _finish(self) -> None:
        self.finished_at = clock_time.perf_counter()
        self._making = False

    def _leave_trail(self, trail: Trail, frame: FrameInputs, shown: Sequence[MethodRun]) -> None:
        if frame.reset:
            trail.clear()
        trail.add(
            TrailFrame(
                frame.frame_index, self.time, with_history(shown), self.camera, self.lod_bias, self.load,
                led_up_to=not self.previews,
            )
        )  # fmt: skip

    def _apply_sizes(self) -> bool:
        wanted = (self.display_size, self.ratio)
        if self._applied == wanted:
            return False
        self.source.resize(self.render_size, self.display_size)
        self._applied = wanted
        if self._reference is not None:
            self._reference.forget()
        if self._lead_up is not None:
            self._lead_up.release()
        self._stages.resized()
        return True
