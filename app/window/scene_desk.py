"""Scenes from their name to the screen: read in the background, put up in slices, the old one shown meanwhile."""

from __future__ import annotations

import gc
import logging
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.conventions import checked_ratio
from app.errors import SuperseeError
from app.present.player import Player
from app.present.presenter import Presenter
from app.present.recorded import RecordedScene, recorded_scene
from app.scene.model import SceneModel
from app.sequence.source import FrameSource, display_at
from app.window.background import Background
from app.window.canvas import Canvas
from app.window.frame_loop import FrameLoop
from app.window.parts import Parts
from app.window.rig import Rig

log = logging.getLogger(__name__)


class SceneDesk(QObject):
    """`model` is the scene that is shown, or will be when there is a GL context again."""

    loading = Signal(str)
    installed = Signal(bool)  # whether it is another scene than before
    failed = Signal(object)  # what was shown stays

    def __init__(
        self, parts: Parts, presenter: Presenter, rig: Rig, canvas: Canvas, loop: FrameLoop, background: Background,
        first_path: str | None, keep_ratio: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(canvas)
        self._parts = parts
        self._presenter = presenter
        self._rig = rig
        self._canvas = canvas
        self._loop = loop
        self._background = background
        self._first_path = first_path
        self._keep_ratio = keep_ratio  # the first scene's: the command line has chosen it
        self.model: SceneModel | None = None

    def load(self, name: str) -> None:
        self.loading.emit(name)
        self._background.run(
            lambda: self._parts.load_scene(name),
            lambda model: self._loaded(name, model),
            lambda error: self._not_loaded(name, error),
        )

    def install_again(self) -> None:
        """The scene into a new GL context."""
        if self.model is not None:
            self._install(self._presenter.state.scene, self.model)

    def put_in_place(self, recording: FrameSource) -> None:
        """The recording that is shown, read otherwise: it goes on where it is."""
        name = self._presenter.state.scene
        if self._rig.is_open:
            self._install(name, recorded_scene(recording))

    def _loaded(self, name: str, model: SceneModel) -> None:
        if self._rig.is_open:
            self._install(name, model)
        else:
            self.model, self._presenter.state.scene = model, name

    def _install(self, name: str, model: SceneModel) -> None:
        path = self._wanted_path(name, model)
        with self._canvas.current():
            self._loop.finish_frame()
            steps = self._rig.install_steps(model, model.camera_paths[path] if model.camera_paths else None)
            self._loop.do(
                steps, lambda: self._put_up(name, model, path), lambda error: self._not_loaded(name, error)
            )

    def _put_up(self, name: str, model: SceneModel, path: int) -> None:
        state, another = self._presenter.state, model is not self.model
        self.model = model
        self._presenter.player = self._player(name, model)
        state.scene, state.path = name, path
        self._presenter.path_names = tuple(path.name for path in model.camera_paths)
        if another:
            state.camera_mode = "path"
            if isinstance(model, RecordedScene) and model.recording is not None and not self._keep_ratio:
                self._at_recorded_ratio(model.recording)
            self._keep_ratio = False
            gc.collect()  # the scene before: hundreds of megabytes should not wait for their turn
        self.installed.emit(another)

    def _player(self, name: str, model: SceneModel) -> Player | None:
        """A recording's; where the same one is put up again, it stays where it is, with its marks."""
        if not isinstance(model, RecordedScene) or model.recording is None:
            return None
        recording, player = model.recording, self._presenter.player
        if player is None or name != self._presenter.state.scene or player.frames != len(recording):
            player = Player(len(recording), recording.fps, self._presenter.changed)
        player.seek(player.index)
        return player

    def _at_recorded_ratio(self, recording: FrameSource) -> None:
        """Shows a recording at a ratio that it has references for, unless it is shown at one already."""
        state, (width, height) = self._presenter.state, recording.render_size
        if display_at(recording, state.ratio) not in recording.reference_sizes:
            display = (recording.reference_sizes or (recording.display_size,))[0]
            state.ratio = checked_ratio(round((display[0] / width * display[1] / height) ** 0.5, 3))

    def _not_loaded(self, name: str, error: Exception) -> None:
        log.warning("%s was not loaded: %s", name, error)
        self.failed.emit(error)
        scenes = self._presenter.scenes
        if self.model is None and scenes and name != scenes[0]:
            self.load(scenes[0])

    def _wanted_path(self, name: str, model: SceneModel) -> int:
        """Index of the path to start on: the command line's, then the settings', then the first."""
        names = [path.name for path in model.camera_paths]
        if self.model is None and self._first_path is not None:
            if self._first_path in names:
                return names.index(self._first_path)
            do = f"Its paths are {', '.join(names)}." if names else "It has none."
            self.failed.emit(SuperseeError(f'{Path(name).name} has no camera path "{self._first_path}"', "", do))
        state = self._presenter.state
        return state.path if name == state.scene and state.path < len(names) else 0
