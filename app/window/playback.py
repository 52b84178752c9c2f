"""Which frame is drawn next, and what becomes of it: the presenter's state brought to the comparison."""

from __future__ import annotations

import time as clock_time
from collections.abc import Iterator
from typing import Any

from app.conventions import Size
from app.measure.frame_times import FrameTimes
from app.present.comparison import Comparison
from app.present.frame_stages import Pause
from app.present.live_reference import REFERENCE_SAMPLES
from app.present.player import Player
from app.present.presenter import STEP_SECONDS, Presenter
from app.present.state import SOFTWARE_DISPLAY_SIZES
from app.present.steady_figures import SteadyFigures
from app.render.gl_context import free_dropped
from app.scene.camera import CameraPath
from app.window.rig import Rig
from app.window.steering import Steering

LONGEST_STEP = 1.0 / 20.0
"""Seconds of scene time that one frame may move on: slower machines show the scene slowed, not in jumps."""
_LONG_LEAD_MS = 1500.0
"""A frame that would come later than this is shown as a preview first."""
_REFERENCE_CHUNK = 2
"""Reference samples between two paints where the CPU draws; a GPU does eight times as many."""


class Playback:
    """Call with the GL context current, except for `fitted` and `restore`."""

    def __init__(self, presenter: Presenter, rig: Rig, steering: Steering) -> None:
        self._presenter = presenter
        self._rig = rig
        self._steering = steering
        self.frames = FrameTimes(window=180, warm_up=3)
        self.figures = SteadyFigures(self.frames)
        self.shown_frames = 0
        self._live_size: Size = SOFTWARE_DISPLAY_SIZES[-1]
        self._fitted_for: tuple[int, bool, bool] | None = None
        self._drawn: Any = None
        self._mapped: Any = None
        self._last_done: float | None = None
        self._measured: Any = None
        self._good: tuple[list[str], float] | None = None
        self._due = 0.0  # perf_counter, s: when a recording's next frame is to be shown
        self.fixed_step: float | None = None  # s; while every frame is recorded, whatever time it takes
        self._to_warm: int | None = None  # a frame that was shown as a preview, and wants its history next
        self._hurries = False
        self._left_off = False  # the frame in the making was left for another that is wanted

    def start_over(self) -> None:
        """Another scene, another context, other shaders: a still picture is drawn again."""
        self._drawn = None
        self._last_done = None
        self._left_off, self._to_warm = False, None
        self.frames.restart()

    def hurry(self) -> None:
        """The frame in the making must end now: no more is played up to it, and its time is not waited for."""
        self._hurries = True

    def rest(self) -> None:
        """The time until the next frame is no frame time."""
        self._last_done = None

    def next_steps(self, elapsed: float) -> Iterator[Pause] | None:
        """The next frame, `elapsed` seconds after the last was begun, until it is on show; None while a still picture
        is complete."""
        steps = self._comparison_steps(elapsed)
        return None if steps is None else self._to_pictures(steps)

    def _comparison_steps(self, elapsed: float) -> Iterator[Pause] | None:
        comparison = self._rig.comparison
        if comparison is None:
            return None
        self._hurries = False
        if self._rig.scorer is not None:
            self._rig.scorer.collect()
        self._apply(comparison, elapsed)
        wanted = self._what_shows(comparison)
        player = self._presenter.player
        if player is not None and comparison.recorded is not None:
            steps = self._recorded_steps(player, comparison)
        else:
            time = self._next_time(comparison, elapsed)
            steps = None if time is None else comparison.frame_steps(time)
        if steps is not None or self._drawn != wanted:
            self._drawn = wanted
            return steps or comparison.frame_steps(lead=not comparison.previews)
        if not comparison.complete:
            return comparison.redo_steps()
        accumulates = comparison.recorded is None and "reference" in comparison.methods
        if accumulates and comparison.reference_done < REFERENCE_SAMPLES:
            return comparison.reference_steps(at_most=_REFERENCE_CHUNK * (1 if self._rig.software else 8))
        if self._rig.scorer is not None:
            self._rig.scorer.look(comparison)  # another metric may be asked for
        return iter(()) if self._mapped != self._mapping() else None  # the same pictures, with another exposure

    def frame_done(self) -> None:
        """A complete frame is on show."""
        comparison, context = self._rig.comparison, self._rig.context
        left_off, self._left_off = self._left_off, False
        if comparison is None or context is None or left_off:
            return
        state, player = self._presenter.state, self._presenter.player
        measured = (comparison.shown, comparison.ratio, comparison.display_size, comparison.shading_load)
        if measured != self._measured:
            self._measured = measured
            self.frames.restart()
        if not state.paused and self._last_done is not None:
            self.frames.add((comparison.finished_at - self._last_done) * 1e3)
        self._last_done = comparison.finished_at
        self._presenter.time = comparison.time
        if player is not None and comparison.recorded is not None:
            player.arrive(comparison.recorded.index_at(comparison.time))
        if self._rig.scorer is not None:
            self._rig.scorer.look(comparison)
        free_dropped(context)
        self.shown_frames += 1
        self._good = list(comparison.methods), comparison.ratio

    def restore(self) -> bool:
        """After a frame that failed: back to the methods and the ratio that last worked. False if those failed."""
        state = self._presenter.state
        if self._good is None or self._good == (state.methods, state.ratio):
            return False
        state.methods, state.ratio = list(self._good[0]), self._good[1]
        state.selected = min(state.selected, len(state.methods) - 1)
        return True

    def fit(self, canvas: Size) -> None:
        """Pictures of automatic size follow their panes; where the CPU draws, in one of a few small sizes."""
        composition = self._rig.composition
        if composition is None:
            return
        self._fitted_for = count, whole, automatic = self._arrangement()
        if automatic and self._rig.software:
            self._live_size = composition.software_size(canvas, 1 if whole else count, SOFTWARE_DISPLAY_SIZES)
        elif automatic:
            self._live_size = composition.live_size(canvas, 1 if whole else count)

    @property
    def fitted(self) -> bool:
        """Whether `fit` has seen the present arrangement of panes."""
        return self._fitted_for == self._arrangement()

    def _to_pictures(self, steps: Iterator[Pause]) -> Iterator[Pause]:
        yield from steps
        if not self._left_off:
            yield from self._picture_steps()

    def _picture_steps(self) -> Iterator[Pause]:
        """Brings the pictures of a complete frame to the composition."""
        comparison, composition = self._rig.comparison, self._rig.composition
        if comparison is None or composition is None:
            return
        self._mapped = self._mapping()
        clocks = [comparison.runs[name].clock for name in comparison.shown]
        exposure = (comparison.frame.exposure if comparison.frame else 1.0) * self._presenter.exposure
        for _ in composition.take_steps(comparison.panes(), exposure, self._presenter.state.filmic, clocks):
            yield Pause.BREATHE

    def _next_time(self, comparison: Comparison, elapsed: float) -> float | None:
        """Of a live scene; None where it stands still."""
        presenter = self._presenter
        if presenter.steps < 0:
            presenter.seek_to = max(comparison.time + presenter.steps * STEP_SECONDS, 0.0)
            presenter.steps = 0
        if presenter.seek_to is not None:
            time, presenter.seek_to = presenter.seek_to, None
            comparison.seek(time)
            return time
        if not presenter.state.paused or presenter.steps:
            presenter.steps -= int(presenter.state.paused)
            step = STEP_SECONDS if presenter.state.paused else min(elapsed, LONGEST_STEP)
            return comparison.time + (self.fixed_step or step)
        return None

    def _recorded_steps(self, player: Player, comparison: Comparison) -> Iterator[Pause] | None:
        """The frame that the player wants next; None where it rests."""
        presenter = self._presenter
        wanted, stepped = player.take_wanted(), presenter.steps
        if wanted is not None or stepped:
            presenter.steps, self._to_warm = 0, None
            index, preview = wanted or (player.stepped(stepped), False)
            if index is None:
                return None
            if wanted is not None and not preview and self._takes_long(comparison, index):
                preview, self._to_warm = True, index
            return self._jumped(player, comparison, index, preview, wanted is None and stepped < 0)
        if self._to_warm is not None:
            index, self._to_warm = self._to_warm, None
            return self._jumped(player, comparison, index, False, False)
        if presenter.state.paused and not player.scanning:
            return None
        if player.scanning and self._rig.scorer is not None and self._rig.scorer.busy:
            return None
        index = player.advance()
        if index is not None:
            return self._paced(player, comparison, index)
        if player.scanning:
            player.end_scan()
        else:
            presenter.toggle_pause()
        return None

    @staticmethod
    def _takes_long(comparison: Comparison, index: int) -> bool:
        recorded = comparison.recorded
        return recorded is not None and comparison.lead_ms(recorded.time_of(index)) > _LONG_LEAD_MS

    def _jumped(
        self, player: Player, comparison: Comparison, index: int, preview: bool, backwards: bool
    ) -> Iterator[Pause]:
        """The frame at once, unless another is wanted, or this one otherwise, before it is played up to."""
        assert comparison.recorded is not None
        steps = comparison.frame_steps(comparison.recorded.time_of(index), lead=not preview, backwards=backwards)
        for pause in steps:
            if comparison.leading is not None and (self._hurries or self._otherwise(player, comparison)):
                steps.close()
                player.take_back(index)
                self._left_off = True
                return
            yield pause
        self._due = clock_time.perf_counter() + comparison.recorded.time_of(1) / player.speed

    def _otherwise(self, player: Player, comparison: Comparison) -> bool:
        """Whether what is being played up to is no longer what is wanted."""
        state = self._presenter.state
        changed = tuple(state.methods) != comparison.shown or state.ratio != comparison.ratio
        return changed or player.wanted is not None

    def _paced(self, player: Player, comparison: Comparison, index: int) -> Iterator[Pause]:
        """The frame, not before its time: all frames are shown, on a slow machine later."""
        assert comparison.recorded is not None
        step = comparison.recorded.time_of(1) / player.speed
        while not player.scanning and self.fixed_step is None and clock_time.perf_counter() < self._due:
            if player.wanted is not None or self._presenter.state.paused or self._hurries:
                self._left_off = True
                return
            yield Pause.WAIT
        due = max(self._due, clock_time.perf_counter() - 0.5 * step) + step
        yield from self._jumped(player, comparison, index, False, player.ends == "ping-pong" and not player.scanning)
        self._due = due

    def _apply(self, comparison: Comparison, elapsed: float) -> None:
        state = self._presenter.state
        comparison.methods = state.methods
        comparison.ratio = state.ratio
        comparison.display_size = state.display or self._live_size
        comparison.lod_bias = state.lod_bias
        comparison.shading_load = state.shading_load
        path = self._path(comparison)
        if path is not comparison.path:
            comparison.path = path
        if comparison.recorded is not None:
            state.camera_mode = "path"  # it was where it was
        elif state.camera_mode != "path" or comparison.camera is not None:
            comparison.camera = self._steering.pose(comparison.pose, min(elapsed, 0.1))

    def _path(self, comparison: Comparison) -> CameraPath | None:
        paths, index = comparison.model.camera_paths, self._presenter.state.path
        return paths[index] if index < len(paths) else None

    def _what_shows(self, comparison: Comparison) -> Any:
        """What a still picture depends on, besides its methods."""
        return (
            comparison.ratio, comparison.display_size, comparison.camera, self._presenter.state.path,
            comparison.lod_bias, comparison.shading_load,
        )  # fmt: skip

    def _mapping(self) -> Any:
        return self._presenter.state.exposure_steps, self._presenter.state.filmic

    def _arrangement(self) -> tuple[int, bool, bool]:
        """Panes, whether one place shows them all, and whether their size is automatic."""
        state = self._presenter.state
        whole = state.view.single is not None or state.view.wipe is not None
        return len(state.methods), whole, state.display is None
