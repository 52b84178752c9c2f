"""Periodic noise for textures that tile."""

from __future__ import annotations

import numpy as np


def spectral(size: int, falloff: float, seed: int, low: float = 1.0) -> np.ndarray:
    """(size, size) noise in [0, 1] whose spectrum falls as 1 / f^falloff from frequency `low` on; it tiles."""
    white = np.random.default_rng(seed).standard_normal((size, size))
    fy, fx = np.fft.fftfreq(size)[:, None] * size, np.fft.fftfreq(size)[None, :] * size
    frequency = np.sqrt(fx * fx + fy * fy)
    gain = np.where(frequency < low, 0.0, 1.0 / np.maximum(frequency, 1.0) ** falloff)
    field = np.fft.ifft2(np.fft.fft2(white) * gain).real
    lo, hi = np.percentile(field, [1, 99])
    return np.clip((field - lo) / (hi - lo), 0.0, 1.0)


def stretched(size: int, falloff: float, seed: int, along: int) -> np.ndarray:
    """Noise drawn out `along` times in x: grain of wood, brushed metal."""
    white = np.random.default_rng(seed).standard_normal((size, size))
    fy, fx = np.fft.fftfreq(size)[:, None] * size, np.fft.fftfreq(size)[None, :] * size
    frequency = np.sqrt((fx * along) ** 2 + fy * fy)
    gain = np.where(frequency < 1.0, 0.0, 1.0 / np.maximum(frequency, 1.0) ** falloff)
    field = np.fft.ifft2(np.fft.fft2(white) * gain).real
    lo, hi = np.percentile(field, [1, 99])
    return np.clip((field - lo) / (hi - lo), 0.0, 1.0)


def blurred(field: np.ndarray, sigma: float) -> np.ndarray:
    """Periodic Gaussian blur, sigma in pixels."""
    h, w = field.shape
    fy, fx = np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None, :]
    gain = np.exp(-2.0 * (np.pi * sigma) ** 2 * (fx * fx + fy * fy))
    return np.fft.ifft2(np.fft.fft2(field) * gain).real


def normal_map(height: np.ndarray, strength: float) -> np.ndarray:
    """(h, w, 3) uint8 tangent-space normals of a periodic height field in pixels times `strength`; green is up."""
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * 0.5 * strength
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * 0.5 * strength
    normal = np.stack([-dx, dy, np.ones_like(dx)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return to_bytes(normal * 0.5 + 0.5)


def to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values * 255.0), 0, 255).astype(np.uint8)


def mix(a: np.ndarray | tuple, b: np.ndarray | tuple, t: np.ndarray | float) -> np.ndarray:
    a, b = np.asarray(a, float), np.asarray(b, float)
    weight = np.asarray(t, float)
    weight = weight[..., None] if weight.ndim else weight
    return a * (1 - weight) + b * weight
