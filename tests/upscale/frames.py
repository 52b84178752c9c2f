"""Frames made of arrays, for tests that need to know every pixel of what an upscaler is given."""

from __future__ import annotations

from collections.abc import Callable

import moderngl
import numpy as np

from app.conventions import Size
from app.render.frame import CameraView, FrameInputs
from app.scene.camera import CameraPose, projection_matrix, view_matrix

NEAR = 0.1


def camera_view(size: Size) -> CameraView:
    view = view_matrix(CameraPose((0.0, 0.0, 0.0), (0.0, 0.0, -1.0)))
    projection = projection_matrix(0.9, size[0] / size[1], NEAR)
    return CameraView(view, projection, view, projection, NEAR)


def texture(context: moderngl.Context, image: np.ndarray, dtype: str) -> moderngl.Texture:
    components = 1 if image.ndim == 2 else image.shape[2]
    kinds = {"f2": np.float16, "f4": np.float32, "f1": np.uint8}
    data = np.ascontiguousarray(image.astype(kinds[dtype]))
    made = context.texture((image.shape[1], image.shape[0]), components, data.tobytes(), dtype=dtype)
    made.repeat_x = made.repeat_y = False
    return made


def frame(
    context: moderngl.Context,
    colour: np.ndarray,
    display_size: Size,
    *,
    jitter: tuple[float, float] = (0.0, 0.0),
    distance: np.ndarray | float = 5.0,
    motion: np.ndarray | tuple[float, float] = (0.0, 0.0),
    reactive: np.ndarray | None = None,
    exposure: float = 1.0,
    index: int = 0,
    reset: bool = False,
) -> FrameInputs:
    """A frame from `colour` (h, w, 3), view distances in metres and motion in LR pixels, arrays or constants."""
    height, width = colour.shape[:2]
    rgba = np.concatenate([colour, np.ones((height, width, 1))], -1)
    vectors = np.broadcast_to(np.asarray(motion, float), (height, width, 2))
    return FrameInputs(
        colour=texture(context, rgba, "f2"),
        depth=texture(context, NEAR / np.broadcast_to(np.asarray(distance, float), (height, width)), "f4"),
        motion=texture(context, vectors, "f2"),
        reactive=None if reactive is None else texture(context, reactive * 255.0, "f1"),
        jitter=jitter,
        exposure=exposure,
        camera=camera_view((width, height)),
        frame_index=index,
        time=index / 60.0,
        reset=reset,
        display_size=display_size,
    )


def sampled(
    picture: Callable[[np.ndarray, np.ndarray], np.ndarray], size: Size, jitter: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """`picture(u, v)`, u and v from 0 to 1 over the image, taken at every pixel's centre plus jitter (in pixels)."""
    width, height = size
    u, v = np.meshgrid((np.arange(width) + 0.5 + jitter[0]) / width, (np.arange(height) + 0.5 + jitter[1]) / height)
    return picture(u, v)


def supersampled(picture: Callable[[np.ndarray, np.ndarray], np.ndarray], size: Size, samples: int = 6) -> np.ndarray:
    """The mean of samples x samples positions a pixel: what a perfect upscaler would show."""
    steps = (np.arange(samples) + 0.5) / samples - 0.5
    return np.mean([sampled(picture, size, (x, y)) for x in steps for y in steps], axis=0)


def pixels(image: moderngl.Texture) -> np.ndarray:
    """(h, w, 3) float32, row 0 at the top."""
    data = np.frombuffer(image.read(), np.float16).reshape(image.height, image.width, 4)
    return data[..., :3].astype(np.float32)
