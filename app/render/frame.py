"""The one value that travels: a low-resolution frame with everything an upscaler may ask of it."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np

from app.conventions import Size


@dataclass(frozen=True, slots=True, eq=False)
class CameraView:
    """Matrices of this and the previous frame, without jitter, (4, 4) float64; `near` in metres.

    `projection` is scene.camera.projection_matrix: reversed Z, infinite far, row 0 at the top.
    """

    view: np.ndarray
    projection: np.ndarray
    previous_view: np.ndarray
    previous_projection: np.ndarray
    near: float


@dataclass(frozen=True, slots=True, eq=False)
class FrameInputs:
    """Textures are owned by the source and valid until its next frame. Conventions: app/conventions.py.

    colour    RGBA16F, scene-linear Rec.709 before exposure, LR size
    depth     R32F (or DEPTH32F sampled as red), reversed Z, LR size
    motion    RG16F, current -> previous in LR pixels without jitter
    reactive  R8 in [0, 1] or None: how little history may be trusted
    jitter    LR pixels: pixel p holds the scene at p + 0.5 + jitter
    reset     history and recurrent features must be dropped before this frame
    """

    colour: moderngl.Texture
    depth: moderngl.Texture
    motion: moderngl.Texture
    reactive: moderngl.Texture | None
    jitter: tuple[float, float]
    exposure: float
    camera: CameraView
    frame_index: int
    time: float
    reset: bool
    display_size: Size

    @property
    def render_size(self) -> Size:
        return self.colour.size

    @property
    def ratio(self) -> float:
        return self.display_size[0] / self.render_size[0]
