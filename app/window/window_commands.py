"""What keys do, and those of their commands that are the window's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog

from app.errors import SuperseeError
from app.present.keys import KEY_TABLE, Key

if TYPE_CHECKING:
    from app.window.main_window import MainWindow


class WindowCommands:
    """Binds every key of the table to `window`; `actions` holds the actions by key."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.actions: dict[str, QAction] = {}
        for _, keys in KEY_TABLE:
            for key in keys:
                action = QAction(key.text or key.command, window)
                action.setShortcuts([QKeySequence(text) for text in key.keys])
                action.setAutoRepeat(key.repeats)
                action.triggered.connect(lambda _checked=False, key=key: self.perform(key))
                window.addAction(action)
                for text in key.keys:
                    self.actions[text] = action

    def perform(self, key: Key) -> None:
        """Does what a key of the table does."""
        window = self._window
        target, _, name = key.command.rpartition(".")
        targets = {"window": self, "window.recording": window.recording, "window.player": window.player}
        method = getattr(targets.get(target, window.presenter), name)
        try:
            method() if key.argument is None else method(key.argument)
        except SuperseeError as error:
            window.banner.tell(error)

    def close(self) -> None:
        self._window.close()

    def toggle_full_screen(self) -> None:
        window = self._window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()
        if window.dock is not None:
            window.dock.setVisible(window.presenter.state.dock and not window.isFullScreen())

    def toggle_dock(self) -> None:
        window = self._window
        if window.dock is not None:
            window.presenter.state.dock = not window.dock.isVisible()
            window.dock.setVisible(window.presenter.state.dock)
            window.refresh_dock()

    def step_back(self) -> None:
        """Leaves whatever was entered last."""
        window = self._window
        if window.player.end_scan():
            return
        if window.rig.comparison is not None and window.rig.comparison.cancel_preparing():
            return
        if window.banner.isVisible():
            window.banner.hide()
        elif not window.presenter.step_back() and window.isFullScreen():
            self.toggle_full_screen()

    def open_file(self) -> None:
        files = "glTF 2.0 (*.glb *.gltf);;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a scene", "", files)
        if name:
            self._window.presenter.open_scene(name)

    def open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open a recording: the folder with its frames")
        if name:
            self._window.presenter.open_scene(name)

    def reload_shaders(self) -> None:
        from app.render.shader_program import reload_changed

        window = self._window
        with window.canvas.current():
            errors = reload_changed()
        if window.rig.comparison is not None:
            window.rig.comparison.retry()
        if errors:
            why = "\n".join(errors)
            window.banner.tell(SuperseeError("A shader does not compile", why, "The last good one is used."))
        else:
            window.hud.say("Shaders are up to date")
        window.playback.start_over()
        window.state_changed()

    def screenshot(self, buffers: bool = False) -> None:
        """Saves the view and each pane, with `buffers` everything else too."""
        self._window.shots.wish(buffers=buffers)

    def record(self, exact: bool = False) -> None:
        """Begins to record a video, or ends it."""
        window = self._window
        try:
            window.recording.toggle(exact)
        except SuperseeError as error:
            window.banner.tell(error)
        window.refresh_dock()
        window.canvas.update()
