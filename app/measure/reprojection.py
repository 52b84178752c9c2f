"""Warping on the CPU, for measurements: plain numpy, independent of every upscaler's own warp."""

from __future__ import annotations

import numpy as np


def display_motion(motion: np.ndarray, display_shape: tuple[int, int]) -> np.ndarray:
    """LR motion (lr height, lr width, 2) in LR pixels to (height, width, 2) in display pixels: the nearest LR
    pixel's vector, scaled by the ratio."""
    height, width = display_shape
    lr_height, lr_width = motion.shape[:2]
    rows = np.minimum(((np.arange(height) + 0.5) * lr_height / height).astype(int), lr_height - 1)
    columns = np.minimum(((np.arange(width) + 0.5) * lr_width / width).astype(int), lr_width - 1)
    scale = np.array([width / lr_width, height / lr_height], np.float32)
    return motion.astype(np.float32)[rows[:, None], columns[None, :]] * scale


def along_motion(image: np.ndarray, motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`image` (height, width, c) of the previous frame fetched bilinearly at each pixel's previous position, and a
    (height, width) bool: True where that position lies on screen. `motion` is as for `display_motion`."""
    height, width = image.shape[:2]
    offset = display_motion(motion, (height, width))
    x = np.arange(width, dtype=np.float32)[None, :] + offset[..., 0]  # in texel indices: centre of texel i is i
    y = np.arange(height, dtype=np.float32)[:, None] + offset[..., 1]
    on_screen = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return bilinear_at(image, x, y), on_screen


def bilinear_at(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`image` (height, width, c) fetched bilinearly at x and y in texel indices (the centre of texel i is i), clamped
    to its edges; x and y broadcast to the result's shape, less the channels."""
    height, width = image.shape[:2]
    x, y = np.clip(np.nan_to_num(x), 0, width - 1), np.clip(np.nan_to_num(y), 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    upper = image[top, left] * (1 - fx) + image[top, right] * fx
    lower = image[bottom, left] * (1 - fx) + image[bottom, right] * fx
    return upper * (1 - fy) + lower * fy
