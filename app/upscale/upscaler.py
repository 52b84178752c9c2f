"""What every upscaler is: one small class behind one protocol."""

from __future__ import annotations

from typing import Protocol

import moderngl

from app.conventions import Size
from app.render.frame import FrameInputs


class Upscaler(Protocol):
    """Turns a FrameInputs into a display-size RGBA16F texture, scene-linear before exposure.

    `begin` issues the work and may return before it is done (inference runs beside the GUI thread); `ready` never
    blocks; `finish` waits if it must, issues what is left and returns the texture, which stays valid until the
    next `begin`. History belongs to the upscaler and is dropped by `reset`, `resize` and a frame with `reset`
    set, and by nothing else.
    """

    name: str  # as the command line spells it: "taau"
    label: str  # as a pane shows it: "TAAU"

    @property
    def detail(self) -> str:
        """Backend, precision, fallback in force: "" where there is nothing to say."""
        ...

    def resize(self, render_size: Size, display_size: Size) -> None: ...

    def reset(self) -> None: ...

    def begin(self, frame: FrameInputs) -> None: ...

    def ready(self) -> bool: ...

    def finish(self) -> moderngl.Texture: ...

    def upscale(self, frame: FrameInputs) -> moderngl.Texture: ...

    def release(self) -> None: ...
