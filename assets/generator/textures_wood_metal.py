"""Wooden planks, painted and brushed metal, striped cloth."""

from __future__ import annotations

import numpy as np

from assets.generator.noise import mix, normal_map, spectral, stretched, to_bytes
from assets.generator.texture_set import TextureSet, occlusion_roughness_metal


def planks(
    size: int = 512,
    seed: int = 71,
    pale: tuple = (0.62, 0.44, 0.28),
    dark: tuple = (0.40, 0.26, 0.16),
    name: str = "planks",
) -> TextureSet:
    """Five planks along x: 0.6 m square."""
    rng = np.random.default_rng(seed)
    y = (np.mgrid[0:size, 0:size][0] + 0.5) / size * 5
    plank = np.floor(y).astype(int) % 5
    edge = np.minimum(y % 1.0, 1 - y % 1.0)
    face = np.clip((edge - 0.015) / 0.03, 0, 1)
    grain = np.stack([np.roll(stretched(size, 1.0, seed + i, 9), int(rng.integers(size)), 1) for i in range(5)])
    grain = np.take_along_axis(grain, plank[None], axis=0)[0]
    tone = rng.uniform(0, 1, 5)[plank]
    rings = 0.5 + 0.5 * np.sin(grain * 26.0 + tone * 9.0)
    colour = mix(dark, pale, 0.55 * grain + 0.2 * rings + 0.25 * tone) * (0.3 + 0.7 * face[..., None])
    return TextureSet(
        name,
        to_bytes(colour),
        normal_map(face * 3 + grain * 1.2 + rings * 0.4, 0.6),
        occlusion_roughness_metal(0.6 + 0.4 * face, 0.72 - 0.25 * grain),
    )


def brushed_metal(size: int = 512, seed: int = 81) -> TextureSet:
    lines, wide = stretched(size, 0.4, seed, 40), spectral(size, 1.7, seed + 1)
    colour = mix((0.70, 0.71, 0.73), (0.82, 0.82, 0.83), lines) * (0.92 + 0.08 * wide[..., None])
    return TextureSet(
        "brushed", to_bytes(colour), None, occlusion_roughness_metal(1.0, 0.16 + 0.16 * lines + 0.12 * wide, 1.0)
    )


def worn_paint(colour: tuple, seed: int = 91, size: int = 256, name: str = "paint") -> TextureSet:
    """Paint with a few chips down to bright metal."""
    wide, fine = spectral(size, 1.7, seed), spectral(size, 0.8, seed + 1)
    chip = np.clip((wide * 0.75 + fine * 0.25 - 0.80) * 14, 0, 1)
    base = mix(np.asarray(colour) * 0.86, colour, wide)
    return TextureSet(
        name,
        to_bytes(mix(base, (0.45, 0.42, 0.40), chip)),
        None,
        occlusion_roughness_metal(1.0, 0.34 + 0.2 * fine + 0.1 * wide, chip * 0.9),
    )


def ribbed_shutter(
    size: int = 256, seed: int = 95, colour: tuple = (0.42, 0.47, 0.50), name: str = "ribbed"
) -> TextureSet:
    """Eight horizontal ribs."""
    y = (np.mgrid[0:size, 0:size][0] + 0.5) / size * 8
    rib = 0.5 - 0.5 * np.cos(2 * np.pi * y)
    wear = spectral(size, 1.5, seed)
    tone = np.asarray(colour, float) * (0.7 + 0.25 * rib[..., None] + 0.15 * wear[..., None])
    return TextureSet(
        name,
        to_bytes(tone),
        normal_map(rib * 7.0, 0.6),
        occlusion_roughness_metal(0.7 + 0.3 * rib, 0.42 + 0.2 * wear, 0.6),
    )
