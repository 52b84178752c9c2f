"""The comparison without a window: the same frames, the same composition, read back to numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np

from app.capture.provenance import provenance
from app.commands.networks import network_folder, neural_options
from app.conventions import Size
from app.errors import SuperseeError
from app.measure.frame_times import FrameTimes
from app.present.comparison import Comparison
from app.present.composition import GAP, Composition
from app.present.decoration import Decoration
from app.present.figures import overlay_content
from app.present.layout import View, best_grid
from app.present.pane_label import PaneContent
from app.present.recorded import RecordedSource, recorded_scene, recording_at
from app.present.source import SceneSource
from app.present.theme import unit
from app.sequence.source import FrameSource, display_at

if TYPE_CHECKING:
    from app.scene.camera import CameraPath
    from app.scene.model import SceneModel

_MOST_MISSING = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw. `reference` is the number of samples of the reference, 0 for none; `rate` frames a second. Made
    for a recording, it has what was recorded; `notes` say what of the wish that leaves out."""

    scene: str
    methods: tuple[str, ...]
    path: str | None = None
    size: Size = (640, 360)
    ratio: float = 2.0
    frames: int = 48
    start: float = 0.0
    rate: float = 30.0
    reference: int = 16
    network: str | None = None
    shading_load: float = 0.0
    recording: FrameSource | None = None
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The panes: what was asked for, and the reference where there is one."""
        wants = self.reference > 0 and "reference" not in self.methods
        return (*self.methods, "reference") if wants else self.methods


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """`linear`: (height, width, 3) float32 scene-linear colour by method. `motion`: (lr height, lr width, 2) LR
    pixels, current -> previous. `stage_ms`: of this frame, by method and stage."""

    index: int
    time: float
    exposure: float
    reset: bool
    motion: np.ndarray
    linear: dict[str, np.ndarray]
    stage_ms: dict[str, dict[str, float]]
    composition: np.ndarray
    panes: dict[str, np.ndarray] = field(default_factory=dict)


class Headless:
    """Owns the GL context and everything in it for one plan. Raises SuperseeError before the first frame where the
    plan cannot be carried out; no method is ever replaced by another without a word."""

    def __init__(self, plan: Plan) -> None:
        from app.render.gl_context import headless_context
        from app.scene.builtin import load_scene

        self.plan = plan
        self.missing: list[str] = []
        self.model = load_scene(plan.scene) if plan.recording is None else recorded_scene(plan.recording)
        self.path = find_path(self.model, plan.path)
        if "neural" in plan.methods:
            network_folder(plan.network)  # what is missing is said before seconds are spent on the scene's shaders
        self._stack = ExitStack()
        self.context = self._stack.enter_context(headless_context())
        source = self._source()
        self._stack.callback(source.release)
        source.shading_load = plan.shading_load
        self.comparison = Comparison(
            self.context,
            source,
            self.model,
            methods=plan.shown,
            ratio=plan.ratio,
            display_size=plan.size,
            path=self.path,
            options=neural_options(plan.network),
        )
        self._stack.callback(self.comparison.release)
        self._composition = Composition(self.context)
        self._stack.callback(self._composition.release)
        self._canvas = canvas_size(plan.size, len(plan.shown))
        texture = self.context.texture(self._canvas, 4, dtype="f1")
        self._target = self.context.framebuffer([texture])
        self._alone: moderngl.Framebuffer | None = None  # one pane with the measurements, once it is asked for
        self._times = FrameTimes()
        self._graph_ms = 0.0
        self._drawn = 0

    @property
    def canvas(self) -> Size:
        """(width, height) of the composition."""
        return self._canvas

    def frames(self) -> Iterator[FrameResult]:
        """Draws the plan's frames in order."""
        for index in range(self.plan.frames):
            yield self._frame(index, self.plan.start + index / self.plan.rate)

    def timed_frame(
        self, methods: tuple[str, ...], size: Size, ratio: float, index: int, compose: bool = False
    ) -> dict[str, dict[str, float]]:
        """One frame of other methods, size or ratio, nothing read back; its milliseconds by method and stage. With
        `compose` the composition is drawn too, and waited for."""
        comparison = self.comparison
        comparison.methods, comparison.display_size, comparison.ratio = methods, size, ratio
        comparison.advance(self.plan.start + index / self.plan.rate)
        self._check_stand_ins()
        frame = comparison.frame
        assert frame is not None
        self._take(comparison.panes(costs=False), frame.exposure)
        if compose:
            self._composition.draw(self._target, self._canvas, View())
            self.context.finish()
        return comparison.stage_ms()

    def with_measurements(self, method: str | None = None) -> np.ndarray:
        """The last frame's composition, or one method's pane at display size, with the window's measurements over it:
        (height, width, 3) uint8 sRGB."""
        from app.render.gl_context import renderer_name

        facts = renderer_name(self.context), f"frame {self._drawn} of {self.plan.frames}"
        overlay = overlay_content(self.comparison, self._times.summary(), self._times.window, self._graph_ms, facts)
        if overlay.frames.count > 5:
            self._graph_ms = overlay.graph_ms  # fixed from here on, as in the window
        if method is None:
            return self._compose(Decoration(overlay=overlay))
        if self._alone is None:
            self._alone = self.context.framebuffer([self.context.texture(self.plan.size, 4, dtype="f1")])
        index = next(i for i, pane in enumerate(self._composition.panes) if pane.method == method)
        self._composition.draw(self._alone, self.plan.size, View(single=index), Decoration(overlay=overlay))
        return _read(self._alone)

    def facts(self) -> dict[str, object]:
        """What drew and what inferred, for the report."""
        from app.render.gl_context import is_software, renderer_name

        return {
            "renderer": renderer_name(self.context),
            "opengl": str(self.context.info["GL_VERSION"]),
            "software_renderer": is_software(self.context),
            "backends": list(self.comparison.backends()),
        }

    def notes(self) -> list[str]:
        """What the scene or the plan asks for and is not done, and the frames of a recording that are missing."""
        more = len(self.missing) - _MOST_MISSING
        listed = [*self.missing[:_MOST_MISSING], *([f"{more} more frames are missing"] if more > 0 else [])]
        return [*self.model.notes, *self.plan.notes, *listed]

    def record(self) -> dict[str, object]:
        """Provenance of every image."""
        plan = self.plan
        return provenance(
            scene=self.model.name, path=self.path.name, size=list(plan.size), ratio=plan.ratio, methods=list(plan.shown)
        )

    def shot_record(self) -> dict[str, object]:
        """What a picture of the last frame says of itself: enough to draw it again."""
        from app.capture.provenance import traced
        from app.present.shot import Looks, shot_record

        record = shot_record(self.comparison, self._composition, self.plan.scene, Looks(self._canvas))
        return traced(record, self.plan.scene)

    def release(self) -> None:
        self._stack.close()

    def _source(self) -> SceneSource:
        from app.render.live_source import LiveSource

        if self.plan.recording is not None:
            return RecordedSource(self.context, self.plan.recording)
        source = LiveSource(self.context, self.model)
        for _ in source.warm_up():
            pass  # shadows are laid out by the scene's first instant, in the window too
        return source

    def _frame(self, index: int, time: float) -> FrameResult:
        comparison = self.comparison
        begun = perf_counter()
        comparison.advance(time)
        self._check_stand_ins()
        frame = comparison.frame
        assert frame is not None
        panes = comparison.panes(costs=False)
        self._take([_kept(p) if p.method == "reference" else p for p in panes], frame.exposure)
        self.context.finish()  # what follows reads back, which a window would not
        self._times.add((perf_counter() - begun) * 1e3)
        self._drawn = index + 1
        linear = {p.method: read_colour(p.texture) for p in panes if p.texture and p.method != "reference"}
        motion = np.frombuffer(frame.motion.read(alignment=1), np.float16).reshape(*frame.motion.size[::-1], 2)
        result_motion, exposure, reset = motion.astype(np.float32), frame.exposure, frame.reset
        recorded = comparison.recorded
        if recorded is not None and recorded.missing:
            self.missing.append(recorded.missing)
        # What is not there is not scored.
        if "reference" in self.plan.shown and (recorded is None or recorded.reference_there):
            samples = max(self.plan.reference, 1)
            for _ in comparison.reference_steps(samples, per_step=samples):
                pass
            reference = next(p for p in comparison.panes(costs=False) if p.method == "reference")
            linear["reference"] = read_colour(reference.texture)
            # The others were taken before the reference was drawn and keep their pictures.
            panes = comparison.panes(costs=False)
            self._take([p if p.method == "reference" else _kept(p) for p in panes], exposure)
        return FrameResult(
            index,
            time,
            exposure,
            reset,
            result_motion,
            linear,
            comparison.stage_ms(),
            self._compose(),
            self._pane_pixels(),
        )

    def _take(self, panes: list[PaneContent], exposure: float) -> None:
        # Timed on each method's own clock, which reports it with the next frame.
        clocks = [self.comparison.runs[pane.method].clock for pane in panes]
        self._composition.take(panes, exposure, clocks=clocks)

    def _compose(self, decoration: Decoration | None = None) -> np.ndarray:
        self._composition.draw(self._target, self._canvas, View(), decoration or Decoration())
        return _read(self._target)

    def _pane_pixels(self) -> dict[str, np.ndarray]:
        pictures = {}
        for index, pane in enumerate(self._composition.panes):
            pixels = self._composition.pane_pixels(index)
            if pixels is not None:
                pictures[pane.method] = pixels
        return pictures

    def _check_stand_ins(self) -> None:
        for name in self.comparison.methods:
            run = self.comparison.runs[name]
            if run.stands_in:
                raise run.failure or SuperseeError(run.title, run.warning)


def planned(
    scene: str,
    methods: tuple[str, ...],
    *,
    size: Size | None = None,
    ratio: float | None = None,
    frames: int | None = None,
    start: float = 0.0,
    rate: float | None = None,
    reference: int | None = None,
    **more: Any,
) -> Plan:
    """The plan for a scene or a recording; None leaves a choice to it. Raises SuperseeError for a recording that
    cannot be used, and for a wish that none can fulfil."""
    recording = recording_at(scene)
    if recording is None:
        wishes = {"size": size, "ratio": ratio, "frames": frames, "rate": rate, "reference": reference}
        given = {name: value for name, value in wishes.items() if value is not None}
        return Plan(scene, methods, start=start, **given, **more)
    for name, value in (("--size", size), ("--rate", rate), ("--path", more.get("path"))):
        if value is not None:
            raise SuperseeError(f"{name} cannot be chosen for {scene}", "it is a recording", f"Leave {name} out.")
    width, height = recording.render_size
    display = recording.display_size if ratio is None else display_at(recording, ratio)
    has_reference = reference != 0 and display in recording.reference_sizes
    kept = tuple(name for name in methods if name != "native" and (name != "reference" or has_reference))
    if not kept:
        raise SuperseeError(f"There is nothing to compare in {scene}", "none of the methods can be had of a recording")
    first, last = round(start * recording.fps), len(recording)
    if not 0 <= first < last:
        raise SuperseeError(f"--start {start:g} lies outside {scene}", f"it has {last / recording.fps:.2f} seconds")
    notes = ("Native is left out: a recording holds no picture that was drawn at display size.",)
    notes = notes if "native" in methods else ()
    if reference != 0 and not has_reference:
        notes += (f"there is no reference at {display[0]}x{display[1]}: nothing is scored",)
    return Plan(
        scene, kept, size=display, ratio=(display[0] / width * display[1] / height) ** 0.5,
        frames=min(frames or last, last - first), start=first / recording.fps, rate=recording.fps,
        reference=int(has_reference), recording=recording, notes=notes, **more,
    )  # fmt: skip


@contextmanager
def headless(plan: Plan) -> Iterator[Headless]:
    run = Headless(plan)
    try:
        yield run
    finally:
        run.release()


def find_path(model: SceneModel, name: str | None) -> CameraPath:
    """The scene's camera path called `name`, or its first; raises SuperseeError with the names there are."""
    from app.scene.framing import default_path

    paths = model.camera_paths or (default_path(model),)
    if name is None:
        return paths[0]
    for path in paths:
        if path.name == name:
            return path
    listed = ", ".join(path.name for path in paths)
    raise SuperseeError(f'The scene "{model.name}" has no camera path "{name}"', "", f"Choose among {listed}.")


def canvas_size(picture: Size, count: int) -> Size:
    """The canvas on which `count` pictures stand side by side, each at exactly its own size, about 16 to 9."""
    columns, rows = best_grid((16 * 120, 9 * 120), count, picture[0] / picture[1])
    if count == 2:
        columns, rows = 2, 1
    elif count == 3:
        columns, rows = 3, 1
    canvas = (columns * picture[0], rows * picture[1])
    gap = round(GAP * unit(canvas))
    return canvas[0] + (columns - 1) * gap, canvas[1] + (rows - 1) * gap


def _read(target: moderngl.Framebuffer) -> np.ndarray:
    """Its 8-bit colour, (height, width, 3), row 0 on top."""
    data = np.frombuffer(target.read(components=3, alignment=1), np.uint8)
    return data.reshape(target.height, target.width, 3)


def read_colour(texture: moderngl.Texture | None) -> np.ndarray:
    """A linear float texture as (height, width, 3) float32, row 0 on top."""
    assert texture is not None
    width, height = texture.size
    dtype = np.float16 if texture.dtype == "f2" else np.float32
    data = np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, texture.components)
    return np.ascontiguousarray(data[..., :3], dtype=np.float32)


def _kept(pane: PaneContent) -> PaneContent:
    return replace(pane, texture=None)


def labels(names: Sequence[str]) -> dict[str, str]:
    """Method names as panes show them."""
    from app.upscale.registry import method_info

    return {name: method_info(name).label for name in names}
