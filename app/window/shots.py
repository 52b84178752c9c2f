"""Screenshots of the window: taken between two frames, written in the background."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.capture.screenshot import free_path, save_screenshot, shot_name
from app.errors import SuperseeError

if TYPE_CHECKING:
    from app.present.readback import Shot
    from app.window.background import Background
    from app.window.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class _Wish:
    path: Path | None
    buffers: bool
    then_close: bool


class Shots:
    """Takes screenshots of `window`. A frame in the making is waited for, so that pictures, buffers and what is
    recorded of them belong to one frame."""

    def __init__(self, window: MainWindow, background: Background) -> None:
        self._window = window
        self._background = background
        self._wish: _Wish | None = None

    def wish(self, path: Path | None = None, *, buffers: bool = False, then_close: bool = False) -> None:
        """Of the frame on show, or of the one in the making as soon as it is complete. Without a `path` it is named by
        date, scene, frame and mode."""
        self._wish = _Wish(path, buffers, then_close)
        if self._window.loop.idle or not self._window.loop.running:
            self.frame_done()

    def frame_done(self) -> None:
        """A complete frame is on show."""
        wish, self._wish = self._wish, None
        if wish is not None:
            self._take(wish)

    def _take(self, wish: _Wish) -> None:
        window = self._window
        composition, comparison = window.rig.composition, window.rig.comparison
        if composition is None or comparison is None or not composition.panes or comparison.frame is None:
            window.hud.say("There is nothing to take a picture of yet")
            return
        with window.canvas.current():
            shot = self._grabbed(wish.buffers)
        scene = window.presenter.state.scene

        def done(written: list[Path]) -> None:
            kinds = f"{len(shot.panes)} panes" + (f", {len(shot.layers)} buffers" if shot.layers else "")
            window.hud.say(f"Saved {written[0]} and {kinds}")
            if wish.then_close:
                window.close()

        def failed(error: Exception) -> None:
            window.banner.tell(error)
            if wish.then_close:
                window.failure = error if isinstance(error, SuperseeError) else SuperseeError(str(error))
                window.close()

        self._background.run(lambda: write(wish.path, shot, scene), done, failed)

    def _grabbed(self, buffers: bool) -> Shot:
        from app.present.readback import read_shot
        from app.present.shot import Looks

        window, state = self._window, self._window.presenter.state
        rig = window.rig
        assert rig.composition is not None
        assert rig.comparison is not None
        decoration = replace(window.hud.decoration(), toast="", selected=None, message="", recording="")
        canvas, ratio = window.canvas.pixel_size, window.canvas.devicePixelRatioF()
        rig.composition.pixel_ratio = ratio
        looks = Looks(canvas, state.view, decoration, window.presenter.exposure, state.filmic, ratio)
        return read_shot(rig.comparison, rig.composition, state.scene, looks, buffers)


def write(path: Path | None, shot: Shot, scene: str) -> list[Path]:
    """Runs in a worker thread; raises SuperseeError where a file cannot be written."""
    from app.capture.provenance import traced

    taken = datetime.now()
    record: Mapping[str, object] = traced({**shot.record, "taken": taken.isoformat(timespec="seconds")}, scene)
    if path is None:
        name = shot_name(taken, scene, int(shot.record["frame"]), float(shot.record["ratio"]))
        path = free_path(capture_folder("screenshots"), name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuperseeError(f"The folder {path.parent} cannot be made", str(error.strerror)) from error
    return save_screenshot(path, shot.view, shot.panes, record, shot.layers)


def capture_folder(kind: str) -> Path:
    """out/`kind` of the working folder in a checkout, else in the user's pictures."""
    from PySide6.QtCore import QStandardPaths

    here = Path.cwd()
    if (here / "pyproject.toml").exists() and (here / "shaders").is_dir():
        return here / "out" / kind
    pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return Path(pictures or here) / "Supersee"


