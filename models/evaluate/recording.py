"""A recorded sequence (app.sequence) with its references: played through the app, or as a clip for torch."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.frame import FrameInputs
from app.sequence.source import FrameSource, SequencePlayer
from app.upscale.expected_depth import expected_depth
from models.data.clip import Clip


class Recording:
    def __init__(self, context: moderngl.Context, source: FrameSource, frames: int | None = None) -> None:
        self._source = source
        self._player = SequencePlayer(context, source)
        self.render_size, self.display_size = source.render_size, source.display_size
        self._frames = min(len(source), frames or len(source))

    def __len__(self) -> int:
        return self._frames

    def frame(self, index: int) -> FrameInputs:
        return self._player.frame(index)

    def reference(self, index: int) -> np.ndarray:
        return self._source.reference(index).astype(np.float32)

    def motion(self, index: int) -> np.ndarray:
        return self._source.read(index).motion

    def release(self) -> None:
        self._player.release()


def recorded_clip(source: FrameSource, frames: int | None = None) -> Clip:
    """The first `frames` of `source` in a clip's arrays, the first one a reset: what `Recording` plays."""
    read = [source.read(index) for index in range(min(len(source), frames or len(source)))]
    cameras = [(c.view, c.projection, c.previous_view, c.previous_projection) for c in (f.camera for f in read)]
    expected = [expected_depth(f.depth, np.array(f.jitter), f.camera) for f in read]
    return Clip(
        colour=np.stack([f.colour[..., :3] for f in read]).astype(np.float16),
        depth=np.stack([f.depth for f in read]).astype(np.float32),
        expected=np.stack(expected).astype(np.float32),
        motion=np.stack([f.motion for f in read]).astype(np.float16),
        reactive=np.stack([np.zeros(f.depth.shape, np.uint8) if f.reactive is None else f.reactive for f in read]),
        reference=np.stack([source.reference(index) for index in range(len(read))]).astype(np.float16),
        jitter=np.array([f.jitter for f in read], np.float32),
        exposure=np.array([f.exposure for f in read], np.float32),
        reset=np.array([index == 0 or f.reset for index, f in enumerate(read)]),
        camera=np.array(cameras, np.float32),
        near=np.array([f.camera.near for f in read], np.float32),
    )
