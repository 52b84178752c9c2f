"""What a comparison asks of the thing that draws: the live renderer, or a stand-in with the same face."""

from __future__ import annotations

from typing import Protocol

import moderngl

from app.conventions import Size
from app.render.frame import FrameInputs
from app.scene.state import SceneState


class SceneSource(Protocol):
    """app.render.live_source.LiveSource. Its textures are valid until its next frame."""

    lod_bias: float
    shading_load: float

    def resize(self, render_size: Size, display_size: Size) -> None: ...

    def render_frame(self, state: SceneState, *, frame_index: int) -> FrameInputs: ...

    def render_native(self, state: SceneState) -> moderngl.Texture: ...

    def invalidate(self) -> None:
        """The next frame is a reset."""
        ...

    def release(self) -> None: ...


class Accumulator(Protocol):
    """app.render.reference.ReferenceAccumulator."""

    @property
    def texture(self) -> moderngl.Texture: ...

    @property
    def done(self) -> int: ...

    def begin(self, state: SceneState, samples: int) -> None: ...

    def step(self, n: int) -> int: ...
