"""The window: it joins canvas, frame loop, presenter, dock and messages, and loads scenes beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QShowEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from app.conventions import Size
from app.errors import SuperseeError
from app.paths import ASSETS
from app.present.frame_stages import Pause
from app.present.presenter import Presenter
from app.present.settings import load_settings, save_settings
from app.present.state import ViewerState
from app.window import Options
from app.window.background import Background
from app.window.banner import Banner
from app.window.canvas import Canvas
from app.window.frame_loop import FrameLoop
from app.window.hud import Hud
from app.window.parts import Parts
from app.window.playback import Playback
from app.window.player_desk import PlayerDesk
from app.window.recording import Recording
from app.window.rig import Rig
from app.window.scene_desk import SceneDesk
from app.window.shots import Shots
from app.window.start_state import with_options
from app.window.steering import Steering
from app.window.window_commands import WindowCommands

log = logging.getLogger(__name__)

_SETTLE_MS = 180
"""The panes take a new size this long after the last resize event of a storm."""
_STATUS_MS = 500
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
        self.presenter = Presenter(with_options(state, self._options), changed=self.state_changed)
        self.rig = Rig(self._parts, self._options.network, self._options.watch)
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
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        self._column = column
        self.setCentralWidget(centre)
        self.banner = Banner(centre)
        still = self._options.screenshot is not None
        self.hud = Hud(self, f"Loading {Path(self.presenter.state.scene).name}…", still)
        self.steering = Steering(self.canvas, self.presenter)
        self.playback = Playback(self.presenter, self.rig, self.steering)
        self.loop = FrameLoop(self.canvas, self._next_steps, self.playback.hurry)
        self.shots = Shots(self, self._background)
        self.recording = Recording(self, self._options.video)
        self.desk = SceneDesk(
            self._parts, self.presenter, self.rig, self.canvas, self.loop, self._background, self._options.path,
            keep_ratio=self._options.ratio is not None,
        )  # fmt: skip
        self.desk.loading.connect(self._scene_loading)
        self.desk.installed.connect(self._scene_installed)
        self.desk.failed.connect(self._scene_failed)
        self.loop.frame_done.connect(self._frame_done)
        self.loop.failed.connect(self._frame_failed)
        self.canvas.opened.connect(self._opened)
        self.canvas.closing.connect(self._closing)
        self.canvas.painting.connect(self._paint)
        self.canvas.resized.connect(self._resized)
        self.canvas.dropped.connect(self.presenter.open_scene)
        self._settle = self._single_shot(_SETTLE_MS, self._fit)
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(_STATUS_MS)
        self._status_timer.timeout.connect(self.refresh_dock)
        if self._options.watch is not None:
            self._status_timer.timeout.connect(self._refresh_labels)
        self.commands = WindowCommands(self)
        self.dock = None
        self.player = PlayerDesk(self.presenter, self.rig, self.hud.say, self.desk.put_in_place, self.banner.tell)
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

    def _build_rest(self) -> None:
        """What the first paint need not wait for."""
        from app.window.capture_controls import CaptureControls
        from app.window.dock import ControlDock

        try:
            self.presenter.scenes = self._parts.scene_names()
        except (ImportError, SuperseeError) as error:
            log.warning("no list of built-in scenes: %s", error)
        self_test = self.player.build(self._column)
        self.dock = ControlDock(self.presenter, self.commands.open_file, self.commands.reload_shaders, self_test)
        self.dock.add_capture(CaptureControls(self.recording, self.commands.screenshot, self.commands.record))
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.setVisible(self.presenter.state.dock and not self.isFullScreen())
        self.refresh_dock()
        self._status_timer.start()
        if self._settings_note:
            self.hud.say(self._settings_note)
        self.desk.load(self.presenter.state.scene)

    @property
    def closes_itself(self) -> bool:
        return self._last_frame is not None

    @property
    def shown_frames(self) -> int:
        return self.playback.shown_frames

    # The GL context comes and goes

    def _opened(self) -> None:
        try:
            self.rig.open(self.canvas.devicePixelRatioF())
        except SuperseeError as error:
            self._give_up(error)
            return
        self.steering.composition = self.rig.composition
        self.playback.start_over()
        self.desk.install_again()

    def _closing(self) -> None:
        self.loop.drop_work()
        self.loop.finish_frame()
        self.loop.stop()
        self.recording.end_now()
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
        """There is nothing to keep a window for: it closes, and the command ends with `error`."""
        self.failure = error
        QTimer.singleShot(0, self.close)

    # Scenes

    def _scene_loading(self, name: str) -> None:
        text = f"Loading {Path(name).name}…"
        if self.desk.model is None:
            self.hud.message = text
        else:
            self.hud.say(text, stays=True)
        self.canvas.update()

    def _scene_installed(self, another: bool) -> None:
        self.hud.message = ""
        self.hud.say("")
        if another:
            self.steering.forget()
        self.playback.start_over()
        self.player.scene_changed()
        self.loop.start()
        self._fit()

    def _scene_failed(self, error: Exception) -> None:
        if self._last_frame and self.rig.comparison is None and isinstance(error, SuperseeError):
            # Nobody looks on: pictures of another scene than the one that was named would pass for its own.
            self._give_up(error)
            return
        self.hud.message = "" if self.rig.comparison is not None else "No scene"
        self.hud.say("")
        self.banner.tell(error)

    # Frames

    def _next_steps(self, elapsed: float) -> Iterator[Pause] | None:
        if self.isMinimized() or not self.isVisible() or self.recording.must_wait():
            return None
        return self.playback.next_steps(elapsed)

    def _frame_done(self, _milliseconds: float) -> None:
        self.playback.frame_done()
        self.player.frame_done()
        self.shots.frame_done()
        self.recording.frame_done()
        self.canvas.update()
        if self.shown_frames == self._last_frame:
            if self._options.screenshot is not None:
                self.shots.wish(self._options.screenshot, then_close=True)
            elif self.recording.running:
                self.recording.stop(then_close=True)
            else:
                QTimer.singleShot(0, self.close)

    def _frame_failed(self, error: Exception) -> None:
        log.error("a frame failed", exc_info=error)
        self.banner.tell(error)
        restored = self.playback.restore()
        self.state_changed()
        if not restored:
            # The same would fail again: the last picture stays until something is changed.
            self.loop.stop()

    # Painting

    def _paint(self) -> None:
        composition, context = self.rig.composition, self.rig.context
        if composition is None or context is None:
            return
        # Qt's own framebuffer: only looked at, never released.
        target = context.detect_framebuffer()
        composition.pixel_ratio = self.canvas.devicePixelRatioF()
        decoration = self.hud.decoration()
        if not self.recording.painted(target, decoration):
            composition.draw(target, self.canvas.pixel_size, self.presenter.state.view, decoration, flip=True)
        if not self._painted:
            self._painted = True
            self.first_painted.emit()
            QTimer.singleShot(0, self._build_rest)

    # State

    def state_changed(self) -> None:
        """The presenter's state may have changed: everything that shows it follows."""
        presenter = self.presenter
        if presenter.wanted_scene is not None:
            name, presenter.wanted_scene = presenter.wanted_scene, None
            self.desk.load(name)
        composition, comparison = self.rig.composition, self.rig.comparison
        if not self.playback.fitted:
            self._settle.start()
        if composition is not None:
            size = self.canvas.pixel_size
            cells = composition.cells(size, presenter.state.view)
            presenter.cell = cells[min(presenter.state.selected, len(cells) - 1)]
            presenter.picture = composition.picture_size or presenter.picture
        if comparison is not None and self.rig.is_open and not self.loop.running:
            self.loop.start()
        self.loop.wake()
        self.refresh_dock()
        self.canvas.update()

    def refresh_dock(self) -> None:
        if self.dock is None or not self.dock.isVisible():
            return
        comparison, model = self.rig.comparison, self.desk.model
        status = (self.rig.renderer,) + (comparison.backends() if comparison is not None else ())
        warnings = (comparison.warnings() if comparison is not None else ()) + (model.notes if model else ())
        self.dock.refresh(status, warnings[:12])

    def _refresh_labels(self) -> None:
        """What is said of a training run changes while the picture stands still: its age, a checkpoint passed over."""
        comparison, composition = self.rig.comparison, self.rig.composition
        if self.presenter.state.paused and comparison is not None and composition is not None and comparison.complete:
            composition.relabel(comparison.panes())
            self.canvas.update()

    # Sizes

    def _resized(self) -> None:
        self.banner.place()
        self._settle.start()

    def _fit(self) -> None:
        self.playback.fit(self.canvas.pixel_size)
        self.state_changed()

    # Window events

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.playback.rest()
            self.loop.wake()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.loop.stop()
        self._background.close()
        self.player.close()
        self.recording.close_down()
        close_options = getattr(self.rig.options, "close", None)
        if self.rig.is_open:
            with self.canvas.current():
                self.loop.finish_frame()
                self.recording.end_now()
                self.rig.close()
        for timer in (self._settle, self._status_timer):
            timer.stop()
        self.hud.close_down()
        if close_options is not None:
            close_options()
        self.steering.composition = None
        if self._save:
            note = save_settings(self.presenter.state)
            if note:
                log.warning(note)
        super().closeEvent(event)
