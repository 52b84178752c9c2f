"""One frame through its stages: the low-resolution pass, every method, and the books of what each has cost."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from enum import Enum

import moderngl

from app.measure.stage_clock import make_clock
from app.present.method_run import MethodRun, Options, upscalers
from app.present.source import SceneSource
from app.render.frame import FrameInputs
from app.scene.state import SceneState


class Pause(Enum):
    """Why a frame gives way: to let events in, or because inference is not done yet."""

    BREATHE = "breathe"
    WAIT = "wait"


class FrameStages:
    """Draws frames of `source` with methods, in slices. `runs` holds every method that was ever asked for, `index`
    numbers the next frame."""

    def __init__(self, context: moderngl.Context, source: SceneSource, options: Options, accumulates: bool) -> None:
        """`accumulates`: the source draws the reference with one sample, and more come while it stands still."""
        self.runs: dict[str, MethodRun] = {}
        self.index = 0
        self.render_ms: dict[str, float] = {}  # of the low-resolution pass, which upscalers share
        self._accumulates = accumulates
        self._context = context
        self._source = source
        self._options = options
        self._clock = make_clock(context)

    @property
    def software(self) -> bool:
        """True where the CPU draws, so that times are not a GPU's."""
        return self._clock.software

    @property
    def last(self) -> int:
        """Number of the last frame; -1 before the first."""
        return self.index - 1

    def run(self, name: str) -> MethodRun:
        if name not in self.runs:
            self.runs[name] = MethodRun(name, self._context, make_clock(self._context), self._options)
        return self.runs[name]

    def runs_of(self, names: Sequence[str]) -> list[MethodRun]:
        """The methods of these names, each once, in their order."""
        return [self.run(name) for name in dict.fromkeys(names)]

    def there(self, names: Sequence[str]) -> list[MethodRun]:
        """As `runs_of`, but only those that have run already."""
        return [self.runs[name] for name in dict.fromkeys(names) if name in self.runs]

    def frame_steps(self, state: SceneState, runs: Sequence[MethodRun]) -> Generator[Pause, None, FrameInputs]:
        """Draws the next frame, with these methods."""
        with self._clock.stage("render"):
            frame = self._source.render_frame(state, frame_index=self.index)
        yield from self.method_steps(runs, frame, state, self.index)
        self.index += 1
        return frame

    def method_steps(
        self, runs: Sequence[MethodRun], frame: FrameInputs, state: SceneState, number: int
    ) -> Iterator[Pause]:
        """What methods make of frame `number`."""
        yield Pause.BREATHE
        networks = sorted((run for run in upscalers(runs) if run.info.network), key=lambda run: not run.info.temporal)
        # One network at a time, lest they time each other; the first beside everything that is drawn.
        for run in networks[:1]:
            run.begin(frame, number)
            yield Pause.BREATHE
        yield from self.source_steps(runs, state, number)
        for run in (run for run in upscalers(runs) if not run.info.network):
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

    def source_steps(self, runs: Sequence[MethodRun], state: SceneState, number: int) -> Iterator[Pause]:
        """The pictures that the source draws itself."""
        drawn = [run for run in runs if run.info.kind == "source"]
        if not drawn:
            return
        with drawn[0].clock.stage("render"):
            texture = self._source.render_native(state)
        for run in drawn:
            run.texture, run.frame_number = texture, number
            if run.name == "reference" and self._accumulates:
                run.samples = 0
                run.warning = "one sample while it moves: pause to accumulate the reference"
        yield Pause.BREATHE

    def book(self, runs: Sequence[MethodRun]) -> None:
        """Closes the frame's figures."""
        self.render_ms = self._clock.take() or self.render_ms
        for run in runs:
            run.book(self.render_ms if run.info.kind == "upscaler" else {})

    def discard_times(self, runs: Sequence[MethodRun]) -> None:
        """The frame was not one to measure."""
        for clock in (self._clock, *(run.clock for run in runs)):
            clock.take()

    def resized(self) -> None:
        """What the source drew is gone, and times of another size are no measure any more."""
        for run in self.runs.values():
            run.times.restart()
            if run.info.kind == "source":
                run.texture, run.frame_number = None, -1

    def release(self) -> None:
        for run in self.runs.values():
            run.release()
        self.runs.clear()
