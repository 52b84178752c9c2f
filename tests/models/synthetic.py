"""Clips without a renderer (a drawing that moves under a camera, point-sampled) and a network without a training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.conventions import jitter_offset, render_size
from models.data.clip import Clip
from models.data.random_textures import drawing
from models.network.model import KernelModel, build_model


def synthetic_clip(
    seed: int, *, frames: int = 8, display: tuple[int, int] = (128, 96), ratio: float = 2.0, samples: int = 4
) -> Clip:
    """A plane with sharp edges under a camera that drifts and turns; the reference has samples^2 a pixel."""
    rng = np.random.default_rng(seed)
    texture = np.tile(drawing(rng, 128)[..., :3], (4, 4, 1)).astype(np.float32) / 255.0
    width, height = render_size(display, ratio)
    drift, turn = rng.uniform(-2, 2, 2), rng.uniform(-0.01, 0.01)
    centre = np.array([width, height]) / 2

    def to_plane(points: np.ndarray, frame: int) -> np.ndarray:
        c, s = np.cos(turn * frame), np.sin(turn * frame)
        return (points - centre) @ np.array([[c, s], [-s, c]]) + drift * frame

    def looked_up(points: np.ndarray, frame: int) -> np.ndarray:
        texel = np.floor(to_plane(points, frame) * 3.0).astype(int) % 512
        return texture[texel[..., 1], texel[..., 0]] ** 2.2

    def grid(size: tuple[int, int]) -> np.ndarray:
        return np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), axis=-1).astype(np.float64)

    pixels, colours, motions, references, jitters = grid((width, height)), [], [], [], []
    inner = (np.arange(samples) + 0.5) / samples
    for frame in range(frames):
        jitter = np.array(jitter_offset(frame, ratio))
        at = pixels + 0.5 + jitter
        colours.append(looked_up(at, frame))
        angle = turn  # undo this frame's step: plane position seen by the frame before
        previous = to_plane(at, frame) - drift * (frame - 1)
        c, s = np.cos(angle * (frame - 1)), np.sin(angle * (frame - 1))
        motions.append(previous @ np.array([[c, -s], [s, c]]) + centre - at)
        total = sum(looked_up((grid(display) + np.array([x, y])) / ratio, frame) for y in inner for x in inner)
        references.append(total / samples**2)
        jitters.append(jitter)
    return Clip(
        colour=np.stack(colours).astype(np.float16),
        depth=np.full((frames, height, width), 0.05, np.float32),
        expected=np.full((frames, height, width), 0.05, np.float32),
        motion=np.stack(motions).astype(np.float16),
        reactive=np.zeros((frames, height, width), np.uint8),
        reference=np.stack(references).astype(np.float16),
        jitter=np.stack(jitters).astype(np.float32),
        exposure=np.ones(frames, np.float32),
        reset=np.arange(frames) == 0,
        camera=np.tile(np.eye(4, dtype=np.float32), (frames, 4, 1, 1)),
        near=np.full(frames, 0.05, np.float32),
    )


def still_clip(frames: int) -> Clip:
    """A clip at rest: every frame's reference and motion are the first one's."""
    clip = synthetic_clip(3, frames=frames, display=(64, 48))
    return replace(
        clip,
        reference=np.repeat(clip.reference[:1], frames, 0),
        motion=np.zeros_like(clip.motion),
        exposure=np.ones_like(clip.exposure),
    )


def tiny_model(history_scale: int = 1) -> KernelModel:
    settings = {"widths": [8, 8, 8], "blocks": [0, 0, 0], "up_blocks": [0, 0], "history_scale": history_scale}
    model = build_model(settings, seed=1)
    assert isinstance(model, KernelModel)
    return model
