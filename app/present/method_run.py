"""One method at work: its upscaler, its clock, what it cost, and what stands in for it when it cannot run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import moderngl

from app.conventions import Size
from app.errors import SuperseeError
from app.measure.frame_times import FrameTimes
from app.measure.stages import StageClock
from app.present.steady_figures import SteadyFigures
from app.render.frame import FrameInputs
from app.upscale.registry import create_upscaler, method_info
from app.upscale.upscaler import Upscaler

if TYPE_CHECKING:
    from app.inference.image_manifest import ImageNetwork
    from app.inference.manifest import Network

STAND_IN = "bilinear"
TIMES_WINDOW = 180
"""Frames that the figures of a method rest on."""

Options = Callable[[str, Size], Mapping[str, object] | None]
"""Constructor options of a method at an LR size; None while they are being prepared; SuperseeError if they never
will be. Where they change later on, they go to the upscaler's `replace_network`. It may have `caption(method)`: a
Caption for the pane, or None; and `give_up(method, error)`: after a failure at work, whether it has another way."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What a pane says of its method in place of the plain label."""

    title: str
    warning: str = ""


def no_options(_name: str, _render_size: Size) -> Mapping[str, object] | None:
    return {}


class MethodRun:
    """Runs one upscaler frame by frame, or its stand-in with the reason in `warning`. For "native" and "reference"
    it only keeps the books: the comparison draws those itself."""

    def __init__(self, name: str, context: moderngl.Context, clock: StageClock, options: Options) -> None:
        self.info = method_info(name)
        self.name = name
        self.clock = clock
        self.times = FrameTimes(window=TIMES_WINDOW, warm_up=3)
        self.figures = SteadyFigures(self.times)
        self.texture: moderngl.Texture | None = None
        self.stage_ms: dict[str, float] = {}
        self.warning = ""
        self._context = context
        self._options = options
        self._upscaler: Upscaler | None = None
        self._own: Upscaler | None = None
        self._given: Mapping[str, object] = {}
        self._stand_in: Upscaler | None = None
        self._sizes: dict[int, tuple[Size, Size]] = {}
        self._failed: SuperseeError | None = None
        self._failed_at: tuple[Size, Size] | None = None
        self._served: dict[int, int] = {}  # the last frame of each upscaler
        self._waiting = False
        self.frame_number = -1  # the frame that `texture` belongs to
        self.samples = 0  # of the reference

    @property
    def detail(self) -> str:
        return self._upscaler.detail if self._upscaler is not None else ""

    @property
    def network(self) -> Network | ImageNetwork | None:
        """What a method that has one runs."""
        return getattr(self._own, "network", None)

    @property
    def failure(self) -> SuperseeError | None:
        """Why the stand-in is shown, where that is for good."""
        return self._failed

    @property
    def title(self) -> str:
        """What the pane is called: never the method's own name over the stand-in's picture."""
        caption = self.caption
        if caption is not None and self._failed is None:
            return caption.title
        if not self.stands_in:
            return self.info.label
        return f"{self.info.label} is being prepared" if self._waiting else f"{self.info.label} unavailable"

    @property
    def caption(self) -> Caption | None:
        """What there is to say of the method beyond its label."""
        caption = getattr(self._options, "caption", None)
        return None if caption is None else caption(self.name)

    @property
    def remarks(self) -> str:
        """What is wrong, or stands in, in one line; empty where all is well."""
        caption = self.caption
        notice = getattr(self._upscaler, "notice", "")
        return "; ".join(part for part in (caption.warning if caption else "", self.warning, notice) if part)

    @property
    def bytes_to_host(self) -> int | None:
        """What crossed into host memory for the last frame; None for a method that has nothing to bring across."""
        return getattr(self._upscaler, "frame_bytes_to_host", None)

    @property
    def stands_in(self) -> bool:
        """True while the pane shows the stand-in's picture."""
        return self._upscaler is not None and self._upscaler is self._stand_in

    def begin(self, frame: FrameInputs, frame_number: int) -> None:
        """Issues the frame; history is dropped first if the upscaler sat out the frame before."""
        self._upscaler = self._ready_upscaler(frame.render_size, frame.display_size)
        if self._served.get(id(self._upscaler), frame_number - 1) != frame_number - 1:
            self._upscaler.reset()
        self._served[id(self._upscaler)] = self.frame_number = frame_number
        try:
            self._upscaler.begin(frame)
        except SuperseeError as error:
            self._fall_back(error, frame)

    def ready(self) -> bool:
        return self._upscaler is None or self._upscaler.ready()

    def finish(self, frame: FrameInputs) -> None:
        assert self._upscaler is not None, "begin comes first"
        try:
            self.texture = self._upscaler.finish()
        except SuperseeError as error:
            self._fall_back(error, frame)
            self.texture = self._upscaler.finish()

    def book(self, shared: Mapping[str, float]) -> None:
        """Closes the frame: `shared` stage times (the LR pass) come on top of the clock's own."""
        taken = self.clock.take()
        if not taken:
            return
        self.stage_ms = dict(shared)
        for stage, milliseconds in taken.items():
            self.stage_ms[stage] = self.stage_ms.get(stage, 0.0) + milliseconds
        self.times.add(sum(self.stage_ms.values()), self.stage_ms)

    def can_take_over(self, render_size: Size) -> bool:
        """Whether the stand-in was shown only until the method was prepared, and it is now."""
        if not self._waiting:
            return False
        try:
            return self._options(self.name, render_size) is not None
        except SuperseeError:
            return True  # not prepared, but there is a reason to show now

    def retry(self) -> None:
        """Forgets a failure, so that the next frame tries the method itself again."""
        self._failed = None
        self._waiting = self.stands_in

    def release(self) -> None:
        for upscaler in (self._own, self._stand_in):
            if upscaler is not None:
                upscaler.release()
        self._own = self._stand_in = self._upscaler = None
        self.texture = None

    def _ready_upscaler(self, render_size: Size, display_size: Size) -> Upscaler:
        if self._failed_at != (render_size, display_size):
            self._failed = None  # what cannot be done at one size or ratio may be at another
        if self._failed is None:
            self._failed_at = (render_size, display_size)
            try:
                options = self._options(self.name, render_size)
                self._waiting = options is None
                if options is not None:
                    self._own = self._made(options)
                    self._fit(self._own, render_size, display_size)
                    self.warning = ""
                    return self._own
                self.warning = f"showing {STAND_IN} until then"
            except SuperseeError as error:
                self._fail(error)
        return self._fitted_stand_in(render_size, display_size)

    def _made(self, options: Mapping[str, object]) -> Upscaler:
        """The method's upscaler, with the options of now."""
        if self._own is None:
            self._own = create_upscaler(self.name, self._context, self.clock, **options)
        elif options != self._given:
            self._own.replace_network(**options)  # type: ignore[attr-defined]
        self._given = options
        return self._own

    def _fall_back(self, error: SuperseeError, frame: FrameInputs) -> None:
        self._fail(error)
        give_up = getattr(self._options, "give_up", None)
        if give_up is not None and give_up(self.name, error):
            self._start_afresh()
        self._upscaler = self._fitted_stand_in(frame.render_size, frame.display_size)
        self._upscaler.begin(frame)

    def _start_afresh(self) -> None:
        """The next frame asks for options again and makes a new upscaler with them."""
        self._failed, self._waiting = None, True
        own, self._own = self._own, None
        if own is not None:
            self._sizes.pop(id(own), None)
            self._served.pop(id(own), None)
            own.release()

    def _fail(self, error: SuperseeError) -> None:
        self._failed = error
        self.warning = f"showing {STAND_IN}: {error}"

    def _fitted_stand_in(self, render_size: Size, display_size: Size) -> Upscaler:
        self._stand_in = self._stand_in or create_upscaler(STAND_IN, self._context, self.clock)
        self._fit(self._stand_in, render_size, display_size)
        return self._stand_in

    def _fit(self, upscaler: Upscaler, render_size: Size, display_size: Size) -> None:
        sizes = (render_size, display_size)
        if self._sizes.get(id(upscaler)) != sizes:
            self._sizes[id(upscaler)] = sizes
            upscaler.resize(render_size, display_size)
            self.times.restart()


def upscalers(runs: Iterable[MethodRun]) -> list[MethodRun]:
    """Those that upscale: the others' pictures are the source's own."""
    return [run for run in runs if run.info.kind == "upscaler"]


def with_history(runs: Iterable[MethodRun]) -> tuple[str, ...]:
    """The temporal methods among them that ran themselves."""
    return tuple(run.name for run in runs if run.info.temporal and not run.stands_in)
