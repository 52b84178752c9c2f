"""Plays a training clip into the app's upscalers: the textures of a FrameInputs from a clip's arrays."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.frame import CameraView, FrameInputs
from models.data.clip import Clip


class ClipPlayer:
    """`Playable` (models.evaluate.score): frames by index, uploaded into one set of textures."""

    def __init__(self, context: moderngl.Context, clip: Clip) -> None:
        self._clip = clip
        height, width = clip.depth.shape[1:]
        self.render_size = (width, height)
        self.display_size = (clip.reference.shape[2], clip.reference.shape[1])
        self._colour = context.texture(self.render_size, 4, dtype="f2")
        self._depth = context.texture(self.render_size, 1, dtype="f4")
        self._motion = context.texture(self.render_size, 2, dtype="f2")
        self._reactive = context.texture(self.render_size, 1, dtype="f1", alignment=1)
        for texture in (self._colour, self._depth, self._motion, self._reactive):
            texture.repeat_x = texture.repeat_y = False

    def __len__(self) -> int:
        return self._clip.frames

    def frame(self, index: int) -> FrameInputs:
        clip = self._clip
        alpha = np.ones((*clip.depth.shape[1:], 1), np.float16)
        self._colour.write(np.concatenate([clip.colour[index], alpha], axis=-1).tobytes())
        self._depth.write(clip.depth[index].tobytes())
        self._motion.write(clip.motion[index].tobytes())
        self._reactive.write(clip.reactive[index].tobytes(), alignment=1)
        matrices = clip.camera[index].astype(np.float64)
        jitter = clip.jitter[index]
        return FrameInputs(
            colour=self._colour,
            depth=self._depth,
            motion=self._motion,
            reactive=self._reactive,
            jitter=(float(jitter[0]), float(jitter[1])),
            exposure=float(clip.exposure[index]),
            camera=CameraView(*matrices, near=float(clip.near[index])),
            frame_index=index,
            time=index / 60.0,
            reset=bool(clip.reset[index]),
            display_size=self.display_size,
        )

    def reference(self, index: int) -> np.ndarray:
        return self._clip.reference[index].astype(np.float32)

    def motion(self, index: int) -> np.ndarray:
        return self._clip.motion[index].astype(np.float32)

    def release(self) -> None:
        for texture in (self._colour, self._depth, self._motion, self._reactive):
            texture.release()
