"""The window: everything Qt, and nothing else. Importing this package imports no Qt yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.conventions import Size


@dataclass(frozen=True, slots=True)
class Video:
    """A recording from the first frame on, where `path` is given: of all, or of the pane with `method` alone. `codec`
    and `burn_in` hold for recordings that are begun by hand, too."""

    path: Path | None = None
    codec: str = "h264"
    method: str | None = None
    exact: bool = False
    burn_in: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may say; None leaves what the settings file says. `screenshot` is taken after `frames`
    complete frames (32 by default), then the window closes; so it does after `frames` alone."""

    scene: str | None = None
    path: str | None = None
    methods: Sequence[str] | None = None
    ratio: float | None = None
    display_size: Size | None = None
    exposure: float | None = None
    full_screen: bool = False
    network: str | None = None
    watch: Path | None = None
    screenshot: Path | None = None
    frames: int | None = None
    window_size: Size | None = None
    video: Video = Video()


def run(
    scene: str | None = None,
    *,
    path: str | None = None,
    methods: Sequence[str] | None = None,
    ratio: float | None = None,
    display_size: Size | None = None,
    exposure: float | None = None,
    full_screen: bool = False,
    network: str | None = None,
    watch: Path | None = None,
    screenshot: Path | None = None,
    frames: int | None = None,
    window_size: Size | None = None,
    video: Video | None = None,
) -> int:
    """Opens the viewer and runs it until it is closed; 0, or raises SuperseeError where no window can be had.

    `exposure` multiplies the scene's own. `display_size` fixes the size of every pane's picture. `network`: a
    trained network's name or folder. `watch`: a training run's folder, whose newest network is shown in its place.
    With `screenshot` or `frames` it closes by itself (see Options).
    """
    from app.window.application import start

    return start(
        Options(
            scene, path, methods, ratio, display_size, exposure, full_screen, network, watch, screenshot, frames,
            window_size, video or Video(),
        )
    )  # fmt: skip
