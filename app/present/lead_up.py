"""The frames of a recording that lead up to the one that is wanted: its picture is that of playing, however one got
there.

They are played unseen and not counted in any figure. Backwards they are played once, in the order of time, and their
pictures are kept to be shown in the other order (kept_pictures).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import moderngl

from app.conventions import Size
from app.present.frame_stages import FrameStages, Pause
from app.present.kept_pictures import KeptPictures
from app.present.method_run import MethodRun, upscalers, with_history
from app.present.recorded import RecordedSource
from app.present.timeline import Timeline
from app.present.trail import Trail
from app.render.frame import FrameInputs
from app.scene.state import SceneState

LeaveTrail = Callable[[Trail, FrameInputs, Sequence[MethodRun]], None]
"""Adds a frame that these methods have drawn to a trail."""


class LeadUp:
    def __init__(
        self,
        context: moderngl.Context,
        recorded: RecordedSource,
        stages: FrameStages,
        timeline: Timeline,
        leave_trail: LeaveTrail,
    ) -> None:
        self.recorded = recorded
        self.playing: tuple[int, int] | None = None  # frames played so far of those that lead up to the next, and all
        self._stages = stages
        self._timeline = timeline
        self._leave_trail = leave_trail
        self._kept = KeptPictures(context)
        self._with_history: frozenset[str] = frozenset()  # the temporal methods that ran on the last frame

    def ms(self, time: float, runs: Sequence[MethodRun]) -> float:
        """About how long it will take to play what leads up to `time`."""
        if self._kept.has(self.recorded.index_at(time), upscalers(runs)):
            return 0.0
        each = sum(sum(run.stage_ms.values()) for run in upscalers(runs) if run.info.temporal)
        return each * len(self.recorded.leading(time))

    def has_kept(self, time: float, runs: Sequence[MethodRun]) -> bool:
        """Whether the pictures that were kept are wanted for `time`, and are there."""
        index = self.recorded.index_at(time)
        return not self.recorded.follows(index) and self._kept.has(index, upscalers(runs))

    def steps(
        self, time: float, runs: Sequence[MethodRun], trail: Trail, lead: bool, backwards: bool, render_size: Size
    ) -> Iterator[Pause]:
        """Plays what leads up to `time` (nothing without `lead`), then waits for the frame itself. With `backwards`
        the pictures of frames before it are kept on the way."""
        recorded, wanted = self.recorded, upscalers(runs)
        if not lead or not self._all_have_history(wanted, render_size):
            recorded.invalidate()
        index, back = recorded.index_at(time), 0
        if backwards and not recorded.follows(index):
            back = min(recorded.before_in_stretch(index), max(self._kept.room(wanted) - 1, 0))
        leading = recorded.leading(time, back) if lead else []
        if leading and not recorded.follows(recorded.index_at(leading[0])):
            trail.clear()
        try:
            for done, earlier in enumerate((*leading, time)):
                self.playing = (done, len(leading)) if leading else None
                while not recorded.ready(earlier, time):
                    yield Pause.WAIT
                if earlier == time:
                    break
                yield from self._played(earlier, wanted, trail, keeps=done >= len(leading) - back)
        except GeneratorExit:  # another frame is wanted: what history has come to is not known
            recorded.invalidate()
            raise
        finally:
            self.playing = None

    def arrived(self, time: float, runs: Sequence[MethodRun], trail: Trail, backwards: bool) -> None:
        """The frame at `time` is drawn."""
        self._with_history = frozenset(with_history(runs))
        if backwards:
            self._kept.keep(self.recorded.index_at(time), upscalers(runs), trail.copy())

    def kept_steps(
        self, time: float, runs: Sequence[MethodRun]
    ) -> Generator[Pause, None, tuple[SceneState, FrameInputs, Trail]]:
        """Puts pictures that were kept on show; nothing is drawn, nothing is measured, history stays where it is."""
        while not self.recorded.ready(time, step=-1):
            yield Pause.WAIT
        state = self._timeline.state_at(time)
        frame = self.recorded.show_frame(state)
        trail = self._kept.show(self.recorded.index_at(time), upscalers(runs))
        for run in upscalers(runs):
            run.frame_number = self._stages.last
        return state, frame, trail

    def forget(self) -> None:
        """Kept pictures would be drawn otherwise now. Needs no context."""
        self._kept.forget()

    def release(self) -> None:
        """Gives the kept pictures back; more may be kept afterwards."""
        self._kept.clear()

    def _played(self, time: float, wanted: list[MethodRun], trail: Trail, keeps: bool) -> Iterator[Pause]:
        """One frame on the way."""
        # What has no history need not be drawn where it is not shown.
        runs = wanted if keeps else [run for run in wanted if run.info.temporal]
        frame = yield from self._stages.frame_steps(self._timeline.state_at(time), runs)
        if keeps:
            trail = trail.copy()
            self._leave_trail(trail, frame, wanted)
            self._kept.keep(self.recorded.index_at(time), wanted, trail)
        self._stages.discard_times(runs)

    def _all_have_history(self, wanted: list[MethodRun], render_size: Size) -> bool:
        """Whether none has come that was not there in the frame before; one that still waits for its network has not
        come."""
        waits = [run for run in wanted if run.stands_in and not run.can_take_over(render_size)]
        return all(run.name in self._with_history for run in wanted if run.info.temporal and run not in waits)
