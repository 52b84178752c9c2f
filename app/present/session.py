"""The comparison: one scene or recording, one low-resolution frame, and what each method makes of it.

Both the window and the headless commands drive it. A frame is a generator that gives way between its GL stages, so
that a window's event loop breathes and inference runs beside it; `advance` drives the same frame to its end.
"""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from enum import Enum

import moderngl

from app.conventions import Size, checked_ratio, mode_name, render_size, texture_lod_bias
from app.errors import SuperseeError
from app.measure.stage_clock import make_clock
from app.present.composition import PaneContent
from app.present.kept_pictures import KeptPictures
from app.present.method_run import STAND_IN, MethodRun, Options, no_options
from app.present.recorded import RecordedSource
from app.present.source import Accumulator, SceneSource
from app.present.timeline import Timeline
from app.present.trail import Trail, TrailFrame
from app.render.frame import FrameInputs
from app.render.gl_context import unbind_framebuffer
from app.scene.camera import CameraPath, CameraPose
from app.scene.model import SceneModel
from app.scene.state import SceneState
from app.sequence.source import display_at
from app.upscale.registry import method_info

REFERENCE_SAMPLES = 64


class Pause(Enum):
    """Why a frame gives way: to let events in, or because inference is not done yet."""

    BREATHE = "breathe"
    WAIT = "wait"


def live_accumulator(source: SceneSource) -> Accumulator:
    from app.render.reference import ReferenceAccumulator

    return ReferenceAccumulator(source)  # type: ignore[arg-type]


class Comparison:
    """Sizes, ratio and methods may be set at any moment; they take effect when the next frame begins.

    History is dropped on the first frame, a cut of the path, a seek, and a change of size, ratio, path or scene;
    and for a method alone that was not shown in the frame before. Never otherwise.

    A recording (`recorded`) has its own size, camera and reference: the display size follows from the ratio alone,
    and a frame that was jumped to is played up to, so that its history does not depend on how one got there. Frames
    are drawn in the order of time only: backwards, they are shown from pictures that were kept (kept_pictures).
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
        accumulator: Callable[[SceneSource], Accumulator] = live_accumulator,
    ) -> None:
        self.context = context
        self.source = source
        self.recorded = source if isinstance(source, RecordedSource) else None
        self.timeline = Timeline(model, path)
        self.frame_index = 0
        self.trail = Trail()
        self.runs: dict[str, MethodRun] = {}
        self._options = options
        self._make_accumulator = accumulator
        self._accumulator: Accumulator | None = None
        self._accumulated: SceneState | None = None
        self._render_clock = make_clock(context)
        self._render_ms: dict[str, float] = {}
        self._applied: tuple[Size, float] | None = None
        self._state: SceneState | None = None
        self._frame: FrameInputs | None = None
        self._shown: tuple[str, ...] = ()
        self._making = False
        self.lod_bias = 0.0  # added to the ratio's own
        self.shading_load: float | None = None  # None: as the source has it
        self._kept = KeptPictures(context)
        self.previews = False  # the last frame of a recording was drawn without its history
        self._with_history: frozenset[str] = frozenset()  # the temporal methods that ran on the last frame
        self.leading: tuple[int, int] | None = None  # frames played so far of those that lead up to the next, and all
        self._kept_native: tuple[moderngl.Texture, moderngl.Framebuffer] | None = None
        self.finished_at = 0.0  # perf_counter, s
        self.methods = methods
        self.ratio = ratio
        self.display_size = display_size

    @property
    def software(self) -> bool:
        """True where the CPU draws, so that times are not a GPU's."""
        return self._render_clock.software

    # What is compared

    @property
    def methods(self) -> tuple[str, ...]:
        """One name of METHODS a pane; the same may stand twice."""
        return self._methods

    @methods.setter
    def methods(self, names: Sequence[str]) -> None:
        if not names:
            raise SuperseeError("There is nothing to compare", "no method was named", "Name one at least.")
        for name in names:
            method_info(name)
        self._methods = tuple(names)

    @property
    def ratio(self) -> float:
        return self._ratio

    @ratio.setter
    def ratio(self, ratio: float) -> None:
        self._ratio = checked_ratio(ratio)
        if self.recorded is not None:
            self._display_size = display_at(self.recorded.recording, ratio)

    @property
    def display_size(self) -> Size:
        return self._display_size

    @display_size.setter
    def display_size(self, size: Size) -> None:
        if min(size) < 1:
            raise SuperseeError(f"A picture of {size[0]}x{size[1]} pixels cannot be drawn")
        if self.recorded is None:
            self._display_size = (int(size[0]), int(size[1]))

    @property
    def render_size(self) -> Size:
        return self._rendered(self._display_size, self._ratio)

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
        return [self._run(name) for name in dict.fromkeys(self._shown)]

    @property
    def pose(self) -> CameraPose:
        """Where the last frame was seen from."""
        from app.scene.camera_path import pose_at

        if self._state is not None:
            return self._state.camera
        assert self.path is not None, "a scene without a path has been seen from nowhere yet"
        return pose_at(self.path, self.time)

    @property
    def model(self) -> SceneModel:
        return self.timeline.model

    @property
    def time(self) -> float:
        return self.timeline.time

    @property
    def path(self) -> CameraPath | None:
        return self.timeline.path

    @path.setter
    def path(self, path: CameraPath | None) -> None:
        """Another path starts at its beginning."""
        self.timeline.path = path
        self.seek(0.0)

    @property
    def camera(self) -> CameraPose | None:
        """The user's own camera, or None on the path."""
        return self.timeline.camera

    @camera.setter
    def camera(self, pose: CameraPose | None) -> None:
        if self.recorded is not None:
            return
        # Leaving or taking up the path is a jump; moving the own camera is not.
        if (pose is None) != (self.timeline.camera is None):
            self.source.invalidate()
        self.timeline.camera = pose

    def seek(self, time: float) -> None:
        """The next frame without a time of its own shows `time`, with no history."""
        self.timeline.jump(time)
        self.source.invalidate()

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
        runs = [self._run(name) for name in self.methods]
        if any(run.can_take_over(self.render_size) for run in runs):
            return False
        return self._shown == self.methods and all(run.frame_number == self._last for run in runs)

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
        shown = [self._run(name) for name in dict.fromkeys(self._shown)]
        self._tune_source()
        time = self.time if time is None else time
        self.previews = self.recorded is not None and not lead
        if self.recorded is not None:
            upscalers = [run for run in shown if run.info.kind == "upscaler"]
            index = self.recorded.index_at(time)
            if lead and not self.recorded.follows(index) and self._kept.has(index, upscalers):
                yield from self._kept_steps(self.recorded, time, shown)
                return
            if not lead or not self._all_have_history(upscalers):
                self.recorded.invalidate()
            yield from self._leading_steps(self.recorded, time, upscalers, lead, backwards)
        state = self.timeline.state_at(time)
        self._state = state
        self._frame = yield from self._drawn_steps(state, shown)
        self._with_history = frozenset(_with_history(shown))
        self._leave_trail(self.trail, self._frame, shown)
        if self.recorded is not None and backwards:
            upscalers = [run for run in shown if run.info.kind == "upscaler"]
            self._kept.keep(self.recorded.index_at(time), upscalers, self.trail.copy())
        self._book(shown)
        self.finished_at = clock_time.perf_counter()
        self._making = False

    def _drawn_steps(self, state: SceneState, runs: list[MethodRun]) -> Generator[Pause, None, FrameInputs]:
        with self._render_clock.stage("render"):
            frame = self.source.render_frame(state, frame_index=self.frame_index)
        yield from self._method_steps(runs, frame, state, self.frame_index)
        self.frame_index += 1
        return frame

    def _leading_steps(
        self, recorded: RecordedSource, time: float, upscalers: list[MethodRun], lead: bool, backwards: bool
    ) -> Iterator[Pause]:
        """Plays what leads up to `time`, unseen and not counted in any figure, then waits for the frame itself."""
        index, back = recorded.index_at(time), 0
        if backwards and not recorded.follows(index):
            back = min(recorded.before_in_stretch(index), max(self._kept.room(upscalers) - 1, 0))
        leading = recorded.leading(time, back) if lead else []
        if leading and not recorded.follows(recorded.index_at(leading[0])):
            self.trail.clear()
        try:
            for done, earlier in enumerate((*leading, time)):
                self.leading = (done, len(leading)) if leading else None
                while not recorded.ready(earlier, time):
                    yield Pause.WAIT
                if earlier == time:
                    break
                keeps = done >= len(leading) - back
                # What has no history need not be drawn where it is not shown.
                runs = upscalers if keeps else [run for run in upscalers if run.info.temporal]
                frame = yield from self._drawn_steps(self.timeline.state_at(earlier), runs)
                if keeps:
                    trail = self.trail.copy()
                    self._leave_trail(trail, frame, upscalers)
                    self._kept.keep(recorded.index_at(earlier), upscalers, trail)
                for clock in (self._render_clock, *(run.clock for run in runs)):
                    clock.take()
        except GeneratorExit:  # another frame is wanted: what history has come to is not known
            recorded.invalidate()
            raise
        finally:
            self.leading = None

    def _kept_steps(self, recorded: RecordedSource, time: float, shown: list[MethodRun]) -> Iterator[Pause]:
        """The frame with pictures that were kept; nothing is drawn, nothing is measured, history stays where it is."""
        while not recorded.ready(time, step=-1):
            yield Pause.WAIT
        self._state = state = self.timeline.state_at(time)
        self._frame = recorded.show_frame(state)
        upscalers = [run for run in shown if run.info.kind == "upscaler"]
        self.trail = self._kept.show(recorded.index_at(time), upscalers)
        for run in upscalers:
            run.frame_number = self._last
        yield from self._source_steps(shown, state, self._last)
        self.finished_at = clock_time.perf_counter()
        self._making = False

    def _all_have_history(self, upscalers: list[MethodRun]) -> bool:
        """Whether none has come that was not there in the frame before; one that still waits for its network has not
        come."""
        waits = [run for run in upscalers if run.stands_in and not run.can_take_over(self.render_size)]
        return all(run.name in self._with_history for run in upscalers if run.info.temporal and run not in waits)

    def _leave_trail(self, trail: Trail, frame: FrameInputs, shown: list[MethodRun]) -> None:
        if frame.reset:
            trail.clear()
        load = self.source.shading_load if self.shading_load is None else self.shading_load
        trail.add(
            TrailFrame(
                frame.frame_index, self.time, _with_history(shown), self.camera, self.lod_bias, load,
                led_up_to=not self.previews,
            )
        )  # fmt: skip

    def lead_ms(self, time: float) -> float:
        """About how long it will take to play what leads up to `time`, of a recording."""
        upscalers = [run for run in self.shown_runs() if run.info.kind == "upscaler"]
        if self.recorded is None or self._kept.has(self.recorded.index_at(time), upscalers):
            return 0.0
        each = sum(sum(run.stage_ms.values()) for run in upscalers if run.info.temporal)
        return each * len(self.recorded.leading(time))

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
        runs = [self._run(name) for name in dict.fromkeys(self._shown)]
        fresh = [run for run in runs if run.frame_number < self._last or run.can_take_over(self.render_size)]
        # A method that was not there has no history; the frame says so, lest it takes an old one for it.
        yield from self._method_steps(fresh, replace(self._frame, reset=True), self._state, self._last)
        self.trail.redo(_with_history(fresh))
        self._book(fresh)
        self._making = False

    @property
    def reference_done(self) -> int:
        """Samples of the last frame's instant that the reference holds."""
        fits = self._accumulator is not None and self._accumulated is self._state
        return self._accumulator.done if fits and self._accumulator is not None else 0

    def reference_steps(
        self, samples: int = REFERENCE_SAMPLES, per_step: int = 1, at_most: int | None = None
    ) -> Iterator[Pause]:
        """Accumulates the reference of the last frame's instant, `at_most` samples further than it has come;
        "reference" shows how far that is. A recording's is there already."""
        if self._state is None or self.recorded is not None:
            return
        self._keep_native()
        run = self._run("reference")
        self._accumulator = self._accumulator or self._make_accumulator(self.source)
        if self._accumulated is not self._state:
            self._accumulator.begin(self._state, samples)
            self._accumulated = self._state
        goal = samples if at_most is None else min(samples, self._accumulator.done + at_most)
        while self._accumulator.done < goal:
            with run.clock.stage("render"):
                self._accumulator.step(min(per_step, goal - self._accumulator.done))
            run.texture, run.warning = self._accumulator.texture, ""
            run.samples = self._accumulator.done
            yield Pause.BREATHE
        run.texture, run.warning, run.samples = self._accumulator.texture, "", self._accumulator.done
        run.book({})

    def retry(self) -> None:
        """What has failed is tried again from the next frame on."""
        retry = getattr(self._options, "retry", None)
        if retry is not None:
            retry()
        self._kept.forget()
        for run in self.runs.values():
            run.retry()

    def cancel_preparing(self) -> bool:
        """Stops what makes a method ready and can be stopped; False where there is nothing of the kind."""
        cancel = getattr(self._options, "cancel", None)
        return cancel is not None and cancel()

    def release(self) -> None:
        """Gives back what the comparison made; the source stays its owner's."""
        for run in self.runs.values():
            run.release()
        self.runs.clear()
        release = getattr(self._accumulator, "release", None)
        if release is not None:
            release()
        self._accumulator = None
        self._kept.clear()
        self._drop_kept()

    # What is shown

    def panes(self, costs: bool = True) -> list[PaneContent]:
        """One entry a pane of the last frame, for Composition.take; empty before the first. Without `costs` nothing
        in it differs between two runs of the same frames."""
        return [self._pane(name, costs) for name in self._shown]

    def warnings(self) -> tuple[str, ...]:
        """Every fallback in force, once."""
        runs = [self.runs[name] for name in dict.fromkeys(self.methods) if name in self.runs]
        return tuple(f"{run.title}: {run.remarks}" for run in runs if run.remarks)

    def backends(self) -> tuple[str, ...]:
        """What upscalers say of themselves (backend, precision), by method."""
        runs = [self.runs[name] for name in dict.fromkeys(self.methods) if name in self.runs]
        return tuple(f"{run.info.label}: {run.detail}" for run in runs if run.detail and not run.stands_in)

    def stage_ms(self) -> dict[str, dict[str, float]]:
        """The last frame's milliseconds by method and stage."""
        return {name: dict(self.runs[name].stage_ms) for name in dict.fromkeys(self.methods) if name in self.runs}

    def _pane(self, name: str, costs: bool) -> PaneContent:
        assert self._applied is not None, "no frame yet"
        run = self._run(name)
        (width, height), ratio = self._applied
        parts = [f"{width}×{height}"]
        if run.info.kind == "upscaler":
            low = self._rendered((width, height), ratio)
            parts = [f"{low[0]}×{low[1]} to {width}×{height}", f"{ratio:.3g}× {mode_name(ratio)}"]
        if name == "reference" and run.samples:
            parts.append(f"{run.samples} samples")
        cost = run.figures.summary().p50 if run.times.count else sum(run.stage_ms.values())
        if costs and cost > 0 and name != "reference":
            parts.append(f"{cost:.1f} ms")
        method, title, remarks = STAND_IN if run.stands_in else name, run.title, run.remarks
        if self.recorded is not None:
            title = title if run.info.kind == "upscaler" else self.recorded.native_title
            preview = "preview: no history yet" if self.previews and run.info.temporal else ""
            remarks = "; ".join(part for part in (self.recorded.missing, preview, remarks) if part)
        return PaneContent(method, title, "  ·  ".join(parts), remarks, run.texture)

    def _rendered(self, display: Size, ratio: float) -> Size:
        return render_size(display, ratio) if self.recorded is None else self.recorded.recording.render_size

    def _run(self, name: str) -> MethodRun:
        if name not in self.runs:
            self.runs[name] = MethodRun(name, self.context, make_clock(self.context), self._options)
        return self.runs[name]

    def _apply_sizes(self) -> bool:
        wanted = (self.display_size, self.ratio)
        if self._applied == wanted:
            return False
        self.source.resize(self.render_size, self.display_size)
        self._applied = wanted
        self._accumulated = None
        self._kept.clear()
        for run in self.runs.values():
            run.times.restart()
            if run.info.kind == "source":
                run.texture, run.frame_number = None, -1  # the source's own, which are gone
        return True

    def _tune_source(self) -> None:
        self.source.lod_bias = texture_lod_bias(self._ratio) + self.lod_bias
        if self.shading_load is not None:
            self.source.shading_load = self.shading_load

    def _keep_native(self) -> None:
        """A copy of the native picture: reference samples are drawn into the texture it lies in."""
        run = self.runs.get("native")
        if run is None or run.texture is None or run.frame_number != self._last:
            return
        if self._kept_native and run.texture is self._kept_native[0]:
            return
        native = run.texture
        if self._kept_native is None or self._kept_native[0].size != native.size:
            self._drop_kept()
            copy = self.context.texture(native.size, 4, dtype="f2")
            self._kept_native = copy, self.context.framebuffer([copy])
        source = self.context.framebuffer([native])
        self.context.copy_framebuffer(self._kept_native[1], source)
        unbind_framebuffer(self.context)
        source.release()
        run.texture = self._kept_native[0]

    def _drop_kept(self) -> None:
        if self._kept_native is not None:
            unbind_framebuffer(self.context)
            self._kept_native[1].release()
            self._kept_native[0].release()
            self._kept_native = None

    @property
    def _last(self) -> int:
        return self.frame_index - 1

    def _method_steps(
        self, runs: list[MethodRun], frame: FrameInputs, state: SceneState, number: int
    ) -> Iterator[Pause]:
        yield Pause.BREATHE
        upscalers = [run for run in runs if run.info.kind == "upscaler"]
        networks = sorted((run for run in upscalers if run.info.network), key=lambda run: not run.info.temporal)
        # One network at a time, lest they time each other; the first beside everything that is drawn.
        for run in networks[:1]:
            run.begin(frame, number)
            yield Pause.BREATHE
        yield from self._source_steps(runs, state, number)
        for run in (run for run in upscalers if not run.info.network):
            run.begin(frame, number)
            run.finish(frame)
            yield Pause.BREATHE
        for run in networks:
            if run is not networks[0]:
                run.begin(frame, number)
            while not run.ready():
                yield Pause.WAIT
            run.finish(frame)
            yield Pause.BREATHE

    def _source_steps(self, runs: list[MethodRun], state: SceneState, number: int) -> Iterator[Pause]:
        drawn = [run for run in runs if run.info.kind == "source"]
        if not drawn:
            return
        with drawn[0].clock.stage("render"):
            texture = self.source.render_native(state)
        for run in drawn:
            run.texture, run.frame_number = texture, number
            if run.name == "reference" and self.recorded is None:
                run.samples = 0
                run.warning = "one sample while it moves: pause to accumulate the reference"
        yield Pause.BREATHE

    def _book(self, runs: list[MethodRun]) -> None:
        self._render_ms = self._render_clock.take() or self._render_ms
        for run in runs:
            run.book(self._render_ms if run.info.kind == "upscaler" else {})


def _with_history(runs: Sequence[MethodRun]) -> tuple[str, ...]:
    """The temporal methods among them that ran themselves."""
    return tuple(run.name for run in runs if run.info.temporal and not run.stands_in)
