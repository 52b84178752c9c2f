"""The window: it joins canvas, frame loop, presenter, dock and messages, and loads scenes beside them."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QIcon, QKeySequence, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QVBoxLayout, QWidget

from app.conventions import Size
from app.errors import SuperseeError
from app.measure.frame_times import FrameTimes
from app.paths import ASSETS
from app.present.composition import Decoration
from app.present.figures import overlay_content
from app.present.keys import KEY_TABLE, Key, help_sheet
from app.present.presenter import STEP_SECONDS, Presenter
from app.present.session import REFERENCE_SAMPLES, Comparison, Pause
from app.present.settings import load_settings, save_settings
from app.present.state import SOFTWARE_DISPLAY_SIZES, ViewerState
from app.present.steady_figures import SteadyFigures
from app.render.gl_context import free_dropped
from app.scene.camera import CameraPath
from app.scene.model import SceneModel
from app.window import Options
from app.window.background import Background
from app.window.banner import Banner
from app.window.canvas import Canvas
from app.window.frame_loop import FrameLoop
from app.window.parts import Parts
from app.window.rig import Rig
from app.window.steering import Steering

log = logging.getLogger(__name__)

_LONGEST_STEP = 1.0 / 20.0
"""Seconds of scene time that one frame may move on: slower machines show the scene slowed, not in jumps."""
_TOAST_MS = 4000
_SETTLE_MS = 180
"""The panes take a new size this long after the last resize event of a storm."""
_STATUS_MS = 500
_REFERENCE_CHUNK = 2
_GL_PATIENCE_MS = 3000


class MainWindow(QMainWindow):
    first_painted = Signal()

    def __init__(self, options: Options | None = None, parts: Parts | None = None, *, save: bool = True) -> None:
        super().__init__()
        self._options = options or Options()
        self._parts = parts or Parts()
        # A run that closes by itself is a job, not a presenter's session: it leaves the settings alone.
        self._last_frame = self._options.frames or (32 if self._options.screenshot is not None else None)
        self._save = save and self._last_frame is None
        self.failure: SuperseeError | None = None
        state, self._settings_note = load_settings() if save else (ViewerState(), "")
        self.presenter = Presenter(_with_options(state, self._options), changed=self._changed)
        self.rig = Rig(self._parts, self._options.network)
        self.frames = FrameTimes(window=180, warm_up=3)
        self._figures = SteadyFigures(self.frames)
        self.model: SceneModel | None = None
        self.toast = ""
        self.shown_frames = 0
        self._message = f"Loading {self.presenter.state.scene}…"
        self._loading = False
        self._live_size: Size = SOFTWARE_DISPLAY_SIZES[-1]
        self._sized_for: Any = None
        self._drawn: Any = None
        self._good: dict[str, Any] = {}
        self._painted = False
        self._background = Background(self)
        self._build()

    # Building

    def _build(self) -> None:
        self.setWindowTitle("Supersee")
        icon = ASSETS / "icons" / "supersee.png"
        if icon.exists():
            self.setWindowIcon(QIcon(str(icon)))
        self.canvas = Canvas()
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas)
        self.setCentralWidget(centre)
        self.banner = Banner(centre)
        self.steering = Steering(self.canvas, self.presenter)
        self.loop = FrameLoop(self.canvas, self._next_steps)
        self.loop.frame_done.connect(self._frame_done)
        self.loop.failed.connect(self._frame_failed)
        self.canvas.opened.connect(self._opened)
        self.canvas.closing.connect(self._closing)
        self.canvas.painting.connect(self._paint)
        self.canvas.resized.connect(self._resized)
        self.canvas.dropped.connect(self.presenter.open_scene)
        self._settle = self._single_shot(_SETTLE_MS, self._take_size)
        self._toast_timer = self._single_shot(_TOAST_MS, lambda: self.say(""))
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(_STATUS_MS)
        self._status_timer.timeout.connect(self._refresh_dock)
        self._bind_keys()
        self.dock = None
        self.resize(*(self._options.window_size or self._first_size()))

    def _single_shot(self, milliseconds: int, called) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(called)
        return timer

    def _first_size(self) -> Size:
        """Room for two rows of 640x360 pictures and the controls, as far as the screen has it."""
        screen = self.screen().availableGeometry()
        return min(1584, screen.width()), min(728, screen.height())

    def _bind_keys(self) -> None:
        self.actions_by_key: dict[str, QAction] = {}
        for _, keys in KEY_TABLE:
            for key in keys:
                action = QAction(key.text or key.command, self)
                action.setShortcuts([QKeySequence(text) for text in key.keys])
                action.setAutoRepeat(key.repeats)
                action.triggered.connect(lambda _checked=False, key=key: self.perform(key))
                self.addAction(action)
                for text in key.keys:
                    self.actions_by_key[text] = action

    def perform(self, key: Key) -> None:
        """Does what a key of the table does."""
        target, _, name = key.command.rpartition(".")
        method = getattr(self if target == "window" else self.presenter, name)
        try:
            method() if key.argument is None else method(key.argument)
        except SuperseeError as error:
            self.banner.tell(error)

    def _build_rest(self) -> None:
        """What the first paint need not wait for."""
        from app.window.dock import ControlDock

        try:
            self.presenter.scenes = self._parts.scene_names()
        except (ImportError, SuperseeError) as error:
            log.warning("no list of built-in scenes: %s", error)
        self.dock = ControlDock(self.presenter, self.open_file, self.reload_shaders)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.setVisible(self.presenter.state.dock and not self.isFullScreen())
        self._refresh_dock()
        self._status_timer.start()
        if self._settings_note:
            self.say(self._settings_note)
        self._load(self.presenter.state.scene)

    # The GL context comes and goes

    def _opened(self) -> None:
        try:
            self.rig.open(self.canvas.devicePixelRatioF())
        except SuperseeError as error:
            self._give_up(error)
            return
        self.steering.composition = self.rig.composition
        self._drawn = None
        if self.model is not None:
            self._install(self.presenter.state.scene, self.model)

    def _closing(self) -> None:
        self.loop.drop_work()
        self.loop.finish_frame()
        self.loop.stop()
        self.steering.composition = None
        self.rig.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(_GL_PATIENCE_MS, self._check_gl)

    def _check_gl(self) -> None:
        # Where Qt gets no context at all it never says so: it just does not paint.
        if self.isVisible() and not self.isMinimized() and not self._painted and not self.canvas.isValid():
            why = "no OpenGL context could be made for this display"
            do = "Install a graphics driver, or Mesa's software one; see `supersee doctor`."
            self._give_up(SuperseeError("OpenGL cannot be used in the window", why, do))

    def _give_up(self, error: SuperseeError) -> None:
        """Without OpenGL there is no window to keep."""
        self.failure = error
        QTimer.singleShot(0, self.close)

    # Scenes

    def _load(self, name: str) -> None:
        self._loading = True
        self._message = "" if self.model is not None else f"Loading {Path(name).name}…"
        if self.model is not None:
            self.say(f"Loading {Path(name).name}…", stays=True)
        self._background.run(
            lambda: self._parts.load_scene(name),
            lambda model: self._loaded(name, model),
            lambda error: self._not_loaded(name, error),
        )
        self.canvas.update()

    def _loaded(self, name: str, model: SceneModel) -> None:
        self._loading = False
        if self.rig.is_open:
            self._install(name, model)
        else:
            self.model, self.presenter.state.scene = model, name  # the context is gone: for the next one

    def _install(self, name: str, model: SceneModel) -> None:
        """Gives a scene to the GL side, in slices; what was shown stays until the new one is there."""
        path = self._wanted_path(name, model)
        with self.canvas.current():
            self.loop.finish_frame()
            steps = self.rig.install_steps(model, model.camera_paths[path] if model.camera_paths else None)
            self.loop.do(steps, lambda: self._installed(name, model, path), lambda error: self._not_loaded(name, error))

    def _installed(self, name: str, model: SceneModel, path: int) -> None:
        state, again = self.presenter.state, model is self.model
        self.say("" if self.model is None or again or not model.notes else f"{Path(name).name}: {model.notes[0]}")
        self.model = model
        state.scene, state.path = name, path
        self.presenter.path_names = tuple(path.name for path in model.camera_paths)
        if not again:
            state.camera_mode = "path"
            self.steering.forget()
        self._drawn = None
        self._message = ""
        self.frames.restart()
        self.loop.start()
        self._take_size()

    def _wanted_path(self, name: str, model: SceneModel) -> int:
        """Index of the path to start on: the command line's, then the settings', then the first."""
        names = [path.name for path in model.camera_paths]
        wanted = self._options.path
        if self.model is None and wanted is not None:
            if wanted in names:
                return names.index(wanted)
            self.banner.tell(_no_path(wanted, names))
        same = name == self.presenter.state.scene
        return self.presenter.state.path if same and self.presenter.state.path < len(names) else 0

    def _not_loaded(self, name: str, error: Exception) -> None:
        self._loading = False
        self.say("")
        self.banner.tell(error)
        log.warning("%s was not loaded: %s", name, error)
        if self.model is None and self.presenter.scenes and name != self.presenter.scenes[0]:
            self._load(self.presenter.scenes[0])
        elif self.model is None:
            self._message = "No scene"
            self.canvas.update()

    def _path(self, model: SceneModel) -> CameraPath | None:
        index = self.presenter.state.path
        return model.camera_paths[index] if index < len(model.camera_paths) else None

    # Frames

    def _next_steps(self, elapsed: float) -> Iterator[Pause] | None:
        comparison = self.rig.comparison
        if comparison is None or self.isMinimized() or not self.isVisible():
            return None
        self._apply(comparison, elapsed)
        state, presenter = self.presenter.state, self.presenter
        wanted = self._what_shows(comparison)
        if presenter.seek_to is not None:
            comparison.seek(presenter.seek_to)
            presenter.seek_to = None
            self._drawn = wanted
            return comparison.frame_steps()
        if not state.paused:
            self._drawn = wanted
            return comparison.frame_steps(comparison.time + min(elapsed, _LONGEST_STEP))
        if presenter.steps < 0:
            comparison.seek(max(comparison.time + presenter.steps * STEP_SECONDS, 0.0))
            presenter.steps = 0
            self._drawn = wanted
            return comparison.frame_steps()
        if presenter.steps:
            presenter.steps -= 1
            self._drawn = wanted
            return comparison.frame_steps(comparison.time + STEP_SECONDS)
        if self._drawn != wanted:
            self._drawn = wanted
            return comparison.frame_steps()
        if not comparison.complete:
            return comparison.redo_steps()
        if "reference" in state.methods and comparison.reference_done < REFERENCE_SAMPLES:
            chunk = _REFERENCE_CHUNK if self.rig.software else 8 * _REFERENCE_CHUNK
            return comparison.reference_steps(at_most=chunk)
        return None

    def _apply(self, comparison: Comparison, elapsed: float) -> None:
        """Brings the comparison to the presenter's state, before a frame begins."""
        state = self.presenter.state
        comparison.methods = state.methods
        comparison.ratio = state.ratio
        comparison.display_size = state.display or self._live_size
        comparison.lod_bias = state.lod_bias
        comparison.shading_load = state.shading_load
        path = self._path(comparison.model)
        if path is not comparison.path:
            comparison.path = path
        mode = state.camera_mode
        if mode != "path" or comparison.camera is not None:
            comparison.camera = self.steering.pose(comparison.pose, min(elapsed, 0.1))

    def _what_shows(self, comparison: Comparison) -> Any:
        """What a still picture depends on, besides its methods."""
        return (
            comparison.ratio, comparison.display_size, comparison.camera, self.presenter.state.path,
            comparison.lod_bias, comparison.shading_load,
        )  # fmt: skip

    def _frame_done(self, _milliseconds: float) -> None:
        comparison, composition = self.rig.comparison, self.rig.composition
        if comparison is None or composition is None or self.rig.context is None:
            return
        now = comparison.finished_at
        if not self.presenter.state.paused and self._last_done is not None:
            self.frames.add((now - self._last_done) * 1e3)
        self._last_done = now
        self.presenter.time = comparison.time
        self._take_pictures()
        free_dropped(self.rig.context)
        self.shown_frames += 1
        self._good = {"methods": list(comparison.methods), "ratio": comparison.ratio}
        self.canvas.update()
        if self.shown_frames == self._last_frame:
            if self._options.screenshot is not None:
                self.screenshot(self._options.screenshot, then_close=True)
            else:
                QTimer.singleShot(0, self.close)

    _last_done: float | None = None

    def _take_pictures(self) -> None:
        comparison, composition = self.rig.comparison, self.rig.composition
        if comparison is None or composition is None:
            return
        exposure = comparison.model.exposure * self.presenter.exposure
        clocks = [comparison.runs[name].clock for name in comparison.shown]
        composition.take(comparison.panes(), exposure, self.presenter.state.filmic, clocks)
        self._mapped = (self.presenter.state.exposure_steps, self.presenter.state.filmic)

    _mapped: tuple[int, bool] = (0, True)

    def _frame_failed(self, error: Exception) -> None:
        log.error("a frame failed", exc_info=error)
        self.banner.tell(error)
        state = self.presenter.state
        now = {"methods": list(state.methods), "ratio": state.ratio}
        if self._good and now != self._good:
            state.methods, state.ratio = list(self._good["methods"]), self._good["ratio"]
            state.selected = min(state.selected, len(state.methods) - 1)
        else:
            # The same would fail again: the last picture stays until something is changed.
            self.loop.stop()
        self._changed()

    # Painting

    def _paint(self) -> None:
        composition, context = self.rig.composition, self.rig.context
        if composition is None or context is None:
            return
        # Qt's own framebuffer: only looked at, never released.
        target = context.detect_framebuffer()
        composition.pixel_ratio = self.canvas.devicePixelRatioF()
        composition.draw(target, self.canvas.pixel_size, self.presenter.state.view, self.decoration(), flip=True)
        if not self._painted:
            self._painted = True
            self.first_painted.emit()
            QTimer.singleShot(0, self._build_rest)

    def decoration(self) -> Decoration:
        state, comparison = self.presenter.state, self.rig.comparison
        overlay = None
        if state.overlay and not state.help and comparison is not None and comparison.runs:
            overlay = overlay_content(
                comparison, self._figures.summary(), self.frames.window, state.graph_ms, self._facts(), self._notes()
            )
            if not state.graph_ms and overlay.frames.count > 5:
                state.graph_ms = overlay.graph_ms  # fixed from here on
        toast = self.toast or ("Paused" if state.paused and not self._still() else "")
        return Decoration(
            labels=not state.help,
            selected=state.selected,
            overlay=overlay,
            sheet=help_sheet() if state.help else None,
            message="" if state.help else self._message,
            toast=toast,
        )

    def _still(self) -> bool:
        return self._options.screenshot is not None

    def _facts(self) -> tuple[str, ...]:
        facts = (self.rig.renderer,)
        p50 = self._figures.summary().p50
        if math.isfinite(p50) and p50 > _LONGEST_STEP * 1e3:
            share = _LONGEST_STEP * 1e3 / p50
            facts += (f"the scene runs at {share:.2f} of its speed: a frame moves on 1/20 s at most",)
        return facts

    def _notes(self) -> tuple[str, ...]:
        composition = self.rig.composition
        notes = (composition.atlas.note,) if composition is not None and composition.atlas.note else ()
        if self.model is not None and self.model.notes:
            notes += (f"the scene file: {self.model.notes[0]}" + (" …" if len(self.model.notes) > 1 else ""),)
        return notes

    # State

    def _changed(self) -> None:
        """The presenter's state may have changed: everything that shows it follows."""
        presenter = self.presenter
        if presenter.wanted_scene is not None:
            name, presenter.wanted_scene = presenter.wanted_scene, None
            self._load(name)
        composition, comparison = self.rig.composition, self.rig.comparison
        if self._sized_for != self._arrangement():
            self._settle.start()
        if composition is not None:
            size = self.canvas.pixel_size
            cells = composition.cells(size, presenter.state.view)
            presenter.cell = cells[min(presenter.state.selected, len(cells) - 1)]
            presenter.picture = composition.picture_size or presenter.picture
        remapped = self._mapped != (presenter.state.exposure_steps, presenter.state.filmic)
        if remapped and comparison is not None and presenter.state.paused and comparison.complete:
            with self.canvas.current():
                self._take_pictures()
        if comparison is not None and self.rig.is_open and not self.loop.running:
            self.loop.start()
        self.loop.wake()
        self._refresh_dock()
        self.canvas.update()

    def _refresh_dock(self) -> None:
        if self.dock is None or not self.dock.isVisible():
            return
        comparison = self.rig.comparison
        status = (self.rig.renderer,) + (comparison.backends() if comparison is not None else ())
        warnings = (comparison.warnings() if comparison is not None else ()) + (self.model.notes if self.model else ())
        self.dock.refresh(status, warnings[:12])

    def say(self, text: str, stays: bool = False) -> None:
        """A line at the foot of the picture, for some seconds unless it stays."""
        self.toast = text
        self._toast_timer.stop()
        if text and not stays:
            self._toast_timer.start()
        self.canvas.update()

    # Sizes

    def _arrangement(self) -> tuple[int, bool, bool]:
        """What panes' sizes depend on, besides the canvas."""
        state = self.presenter.state
        whole = state.view.single is not None or state.view.wipe is not None
        return len(state.methods), whole, state.display is None

    def _resized(self) -> None:
        self.banner.place()
        self._settle.start()

    def _take_size(self) -> None:
        """Pictures follow the panes' own size; where the CPU draws, one of a few small ones."""
        composition = self.rig.composition
        if composition is not None and self.presenter.state.display is None:
            canvas, view = self.canvas.pixel_size, self.presenter.state.view
            count = 1 if view.single is not None or view.wipe is not None else len(self.presenter.state.methods)
            self._sized_for = self._arrangement()
            if self.rig.software:
                self._live_size = composition.software_size(canvas, count, SOFTWARE_DISPLAY_SIZES)
            else:
                self._live_size = composition.live_size(canvas, count)
        self._changed()

    # Window commands

    def toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()
        if self.dock is not None:
            self.dock.setVisible(self.presenter.state.dock and not self.isFullScreen())

    def toggle_dock(self) -> None:
        if self.dock is not None:
            self.presenter.state.dock = not self.dock.isVisible()
            self.dock.setVisible(self.presenter.state.dock)
            self._refresh_dock()

    def step_back(self) -> None:
        if self.banner.isVisible():
            self.banner.hide()
        elif not self.presenter.step_back() and self.isFullScreen():
            self.toggle_full_screen()

    def open_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a scene", "", "glTF 2.0 (*.glb *.gltf);;All files (*)")
        if name:
            self.presenter.open_scene(name)

    def reload_shaders(self) -> None:
        from app.render.shader_program import reload_changed

        with self.canvas.current():
            errors = reload_changed()
        if self.rig.comparison is not None:
            self.rig.comparison.retry()
        if errors:
            why = "\n".join(errors)
            self.banner.tell(SuperseeError("A shader does not compile", why, "The last good one is used."))
        else:
            self.say("Shaders are up to date")
        self._drawn = None
        self._changed()

    def screenshot(self, path: Path | None = None, then_close: bool = False) -> None:
        """Writes the view and each pane as PNG, beside the GUI thread."""
        from app.window.shots import grab, screenshot_path, write

        composition, context = self.rig.composition, self.rig.context
        if composition is None or context is None or not composition.panes:
            self.say("There is nothing to take a picture of yet")
            return
        decoration = replace(self.decoration(), toast="", selected=None)
        with self.canvas.current():
            shot = grab(context, composition, self.canvas.pixel_size, self.presenter.state.view, decoration)
        record = {"scene": self.presenter.state.scene, "ratio": self.presenter.state.ratio, "time": self.presenter.time}

        def done(written: list[Path]) -> None:
            self.say(f"Saved {written[0]} and {len(written) - 1} panes")
            if then_close:
                self.close()

        def failed(error: Exception) -> None:
            self.banner.tell(error)
            if then_close:
                self.failure = error if isinstance(error, SuperseeError) else SuperseeError(str(error))
                self.close()

        self._background.run(lambda: write(path or screenshot_path(), shot, record), done, failed)

    # Window events

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._last_done = None
            self.loop.wake()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.loop.stop()
        for timer in (self._settle, self._toast_timer, self._status_timer):
            timer.stop()
        self._background.close()
        close_options = getattr(self.rig.options, "close", None)
        if self.rig.is_open:
            with self.canvas.current():
                self.loop.finish_frame()
                self.rig.close()
        if close_options is not None:
            close_options()
        self.steering.composition = None
        if self._save:
            note = save_settings(self.presenter.state)
            if note:
                log.warning(note)
        super().closeEvent(event)


def _with_options(state: ViewerState, options: Options) -> ViewerState:
    """The settings with what the command line says on top. Raises SuperseeError for what it may not say."""
    from app.conventions import checked_ratio
    from app.upscale.registry import method_info

    if options.scene is not None and options.scene != state.scene:
        state.scene, state.path = options.scene, 0
    if options.methods is not None:
        names = list(options.methods)
        if not 1 <= len(names) <= 4:
            raise SuperseeError(f"{len(names)} panes cannot be shown", "the window has one to four")
        state.methods = [method_info(name).name for name in names]
        state.selected = 0
    if options.ratio is not None:
        state.ratio = checked_ratio(options.ratio)
    if options.display_size is not None:
        state.display = options.display_size
    if options.exposure is not None:
        if not (math.isfinite(options.exposure) and options.exposure > 0):
            raise SuperseeError(f"The exposure {options.exposure:g} cannot be used", "it is a factor above 0")
        state.exposure_steps = max(-24, min(24, round(3 * math.log2(options.exposure))))
    return state


def _no_path(name: str, known: list[str]) -> SuperseeError:
    return SuperseeError(
        f'The scene has no camera path "{name}"', "", f"Its paths are {', '.join(known)}." if known else "It has none."
    )
