"""Screenshots of the window: taken on the GUI thread, written elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np

from app.conventions import Size
from app.present.composition import Composition, Decoration
from app.present.layout import View
from app.render.gl_context import unbind_framebuffer


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """8-bit sRGB images, (height, width, 3), row 0 on top."""

    view: np.ndarray
    panes: dict[str, np.ndarray]


def grab(
    context: moderngl.Context, composition: Composition, canvas: Size, view: View, decoration: Decoration
) -> Shot:
    """Draws the canvas once more into a texture and reads it and the panes back. The context must be current."""
    texture = context.texture(canvas, 4)
    target = context.framebuffer([texture])
    try:
        composition.draw(target, canvas, view, decoration)
        pixels = np.frombuffer(texture.read(alignment=1), np.uint8).reshape(canvas[1], canvas[0], 4)[..., :3].copy()
    finally:
        unbind_framebuffer(context)
        target.release()
        texture.release()
    panes = {}
    for index, pane in enumerate(composition.panes):
        picture = composition.pane_pixels(index)
        if picture is not None:
            panes[pane.method] = picture
    return Shot(pixels, panes)


def write(path: Path, shot: Shot, record: Mapping[str, object]) -> list[Path]:
    """Runs in a worker thread; raises SuperseeError where a file cannot be written."""
    from app.capture.screenshot import save_screenshot
    from app.errors import SuperseeError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuperseeError(f"The folder {path.parent} cannot be made", str(error.strerror)) from error
    return save_screenshot(path, shot.view, shot.panes, record)


def screenshot_path() -> Path:
    """A free name in out/screenshots of the working folder in a checkout, else in the user's pictures."""
    from PySide6.QtCore import QStandardPaths

    from app.capture.screenshot import free_name

    here = Path.cwd()
    if (here / "pyproject.toml").exists() and (here / "shaders").is_dir():
        return free_name(here / "out" / "screenshots")
    pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return free_name(Path(pictures or here) / "Supersee")
