"""Brick, pavers, tiles, plaster and asphalt: height fields first, the rest follows from the height."""

from __future__ import annotations

import numpy as np

from assets.generator.noise import blurred, mix, normal_map, spectral, to_bytes
from assets.generator.texture_set import TextureSet, occlusion_roughness_metal


def _bond(size: int, columns: int, rows: int, joint: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """(distance to the joint in units of a stone's height, stone number) of a running bond that tiles."""
    y, x = np.mgrid[0:size, 0:size] / size
    row = np.floor(y * rows)
    across = x * columns + shift * row
    column = np.floor(across) % columns
    fx, fy = across % 1.0, (y * rows) % 1.0
    aspect = rows / columns
    edge = np.minimum(np.minimum(fx, 1 - fx) * aspect, np.minimum(fy, 1 - fy))
    return edge - joint, (row * columns + column).astype(int)


def brick(size: int = 1024, seed: int = 11) -> TextureSet:
    """8 x 24 bricks: 1.8 m square. Warm, uneven London stock with pale joints."""
    rng = np.random.default_rng(seed)
    edge, stone = _bond(size, 8, 24, 0.07, 0.5)
    rough = spectral(size, 1.2, seed + 1)
    fine = spectral(size, 0.6, seed + 2)
    face = np.clip((edge + (rough - 0.5) * 0.07) / 0.09, 0, 1)
    tone = rng.uniform(0, 1, 8 * 24)[stone]
    warm = rng.uniform(0, 1, 8 * 24)[stone]
    burnt = (rng.uniform(0, 1, 8 * 24) > 0.9)[stone]
    clay = mix((0.50, 0.22, 0.15), (0.68, 0.36, 0.24), tone)
    clay = mix(clay, (0.72, 0.50, 0.34), warm * 0.35)
    clay = np.where(burnt[..., None], mix(clay, (0.25, 0.15, 0.14), 0.7), clay)
    clay = clay * (0.78 + 0.4 * rough[..., None]) * (0.9 + 0.2 * fine[..., None])
    mortar = mix((0.60, 0.56, 0.50), (0.46, 0.43, 0.40), rough)
    colour = mix(mortar, clay, face) * (0.85 + 0.2 * spectral(size, 1.8, seed + 3)[..., None])
    height = face * 3.0 + tone * 0.5 + rough * 0.9 + fine * 0.35
    hollow = np.clip(1.0 - (blurred(face, 4) - face) * 0.9, 0.3, 1.0)
    return TextureSet(
        "brick", to_bytes(colour), normal_map(height, 0.9), occlusion_roughness_metal(hollow, 0.94 - 0.14 * face * fine)
    )


def pavers(size: int = 1024, seed: int = 21) -> TextureSet:
    """8 x 16 stone setts: 1.6 m square of 0.2 x 0.1 m stones, worn smooth in places."""
    rng = np.random.default_rng(seed)
    edge, stone = _bond(size, 8, 16, 0.05, 0.5)
    rough, fine = spectral(size, 1.3, seed + 1), spectral(size, 0.7, seed + 2)
    face = np.clip((edge + (rough - 0.5) * 0.06) / 0.16, 0, 1) ** 0.7
    tone = rng.uniform(0, 1, 128)[stone]
    grey = mix((0.40, 0.38, 0.37), (0.60, 0.57, 0.53), tone)
    grey = mix(grey, (0.56, 0.47, 0.40), rng.uniform(0, 0.5, 128)[stone])
    colour = mix((0.30, 0.29, 0.25), grey * (0.8 + 0.35 * rough[..., None]), face)
    colour = colour * (0.92 + 0.16 * fine[..., None])
    moss = np.clip(spectral(size, 1.6, seed + 3) * 2.4 - 1.5, 0, 1) * (1 - face)
    colour = mix(colour, (0.27, 0.33, 0.16), moss)
    height = face * 4.0 + rough * 1.4 + fine * 0.3 + tone
    return TextureSet(
        "pavers",
        to_bytes(colour),
        normal_map(height, 0.7),
        occlusion_roughness_metal(0.6 + 0.4 * face, 0.9 - 0.28 * face * (0.3 + 0.7 * rough)),
    )


def chequer_tiles(
    size: int = 512,
    seed: int = 31,
    dark: tuple = (0.12, 0.17, 0.17),
    light: tuple = (0.86, 0.84, 0.78),
    name: str = "tiles",
) -> TextureSet:
    """4 x 4 glazed tiles in two colours with thin joints: a tile of 0.3 m makes it 1.2 m square."""
    edge, stone = _bond(size, 4, 4, 0.012, 0.0)
    face = np.clip(edge / 0.02, 0, 1)
    rough, fine = spectral(size, 1.5, seed), spectral(size, 0.8, seed + 1)
    odd = (stone // 4 + stone % 4) % 2
    tone = np.random.default_rng(seed).uniform(0.88, 1.0, 16)[stone][..., None]
    colour = (
        np.where(
            odd[..., None] == 1, mix(dark, np.asarray(dark) * 1.7, rough), mix(light, np.asarray(light) * 0.9, rough)
        )
        * tone
    )
    colour = mix((0.42, 0.41, 0.38), colour, face)
    height = face * 1.6 + rough * 0.4
    return TextureSet(
        name,
        to_bytes(colour),
        normal_map(height, 0.7),
        occlusion_roughness_metal(0.7 + 0.3 * face, 0.85 - face * (0.62 - 0.2 * fine - 0.15 * rough)),
    )


def glazed_wall(size: int = 512, seed: int = 41, glaze: tuple = (0.05, 0.30, 0.30), name: str = "glazed") -> TextureSet:
    """4 x 8 metro tiles, shiny, each a little differently tilted: 0.8 m square."""
    rng = np.random.default_rng(seed)
    edge, stone = _bond(size, 4, 8, 0.03, 0.5)
    face = np.clip(edge / 0.05, 0, 1)
    y, x = np.mgrid[0:size, 0:size] / size
    tilt = rng.uniform(-1, 1, 32)[stone] * ((x * 4) % 1.0) + rng.uniform(-1, 1, 32)[stone] * ((y * 8) % 1.0)
    tone = rng.uniform(0, 1, 32)[stone]
    base = np.asarray(glaze, float)
    colour = mix(base * 0.8, base * 1.3 + 0.03, tone * 0.7 + 0.3 * spectral(size, 1.6, seed + 1))
    colour = mix((0.55, 0.54, 0.50), colour, face)
    height = face * 3.0 + tilt * 1.5
    return TextureSet(
        name,
        to_bytes(colour),
        normal_map(height, 0.5),
        occlusion_roughness_metal(0.75 + 0.25 * face, 0.8 - 0.64 * face),
    )


def plaster(size: int = 512, seed: int = 51, colour: tuple = (0.80, 0.74, 0.62), name: str = "plaster") -> TextureSet:
    rough, fine = spectral(size, 1.6, seed), spectral(size, 0.9, seed + 1)
    base = np.asarray(colour, float) * (0.82 + 0.14 * rough[..., None] + 0.10 * fine[..., None])
    return TextureSet(
        name, to_bytes(base), normal_map(fine * 2.0 + rough, 0.5), occlusion_roughness_metal(1.0, 0.86 + 0.1 * fine)
    )


def asphalt(size: int = 512, seed: int = 61) -> TextureSet:
    """Dark ground with smooth wet puddles where it lies low: 4 m square."""
    fine, wide = spectral(size, 0.35, seed), spectral(size, 2.0, seed + 1)
    puddle = np.clip((wide - 0.46) * 7.0, 0, 1)
    colour = mix((0.19, 0.19, 0.205), (0.29, 0.28, 0.29), fine) * (0.8 + 0.3 * spectral(size, 1.3, seed + 2)[..., None])
    colour = colour * (1.0 - 0.45 * puddle[..., None])
    height = fine * 2.2 * (1 - puddle)
    roughness = 0.62 + 0.3 * fine
    return TextureSet(
        "asphalt",
        to_bytes(colour),
        normal_map(height, 0.8),
        occlusion_roughness_metal(1.0, roughness * (1 - puddle) + 0.03 * puddle),
    )
