"""Plants for random scenes: grass, leaves and bushes, still or in the wind."""

from __future__ import annotations

import math

import numpy as np

from app.scene.model import Primitive
from models.data import random_meshes as shapes
from models.data import random_textures as textures
from models.data.random_builder import EXTENT, LOOP, Builder


def _in_the_wind(b: Builder, primitive: Primitive, height: np.ndarray, reach: float, phase: np.ndarray) -> None:
    """Adds `primitive`, whose vertices stand `height` (n,) in [0, 1] above what holds them, perhaps swaying."""
    if b.chance(0.35):
        b.node(primitive)
        return
    along, _ = b.level()
    node = b.node(shapes.with_sway(primitive, reach * height**1.5, phase, along))
    cycles = max(1, round(LOOP * b.rng.uniform(0.3, 1.5)))
    times = np.linspace(0, LOOP, 12 * cycles + 1)
    turn = 2 * np.pi * cycles / LOOP * times
    b.animate(node, "weights", times, np.stack([np.sin(turn), np.cos(turn)], axis=1))


def grass(b: Builder) -> None:
    """Thousands of blades in patches, from lawn to reeds."""
    rng = b.rng
    for _ in range(int(rng.integers(1, 4))):
        count, reach = int(rng.integers(800, 4000)), rng.uniform(0.8, 4.0)
        height, centre = b.log_uniform(0.06, 0.9), b.place(0.0, 0.7)
        angle, distance = rng.uniform(0, 2 * math.pi, count), reach * np.sqrt(rng.random(count))
        roots = centre + np.stack([np.cos(angle) * distance, 0 * angle, np.sin(angle) * distance], axis=1)
        size = height * rng.uniform(0.5, 1.2, count)
        tips = (
            roots
            + np.stack([rng.normal(0, 0.35, count), np.ones(count), rng.normal(0, 0.35, count)], 1) * size[:, None]
        )
        shape = shapes.blades(roots, tips, height * rng.uniform(0.02, 0.08, count))
        material = b.material(base_colour_texture=b.image(_blade(rng)), metallic=0.0, roughness=0.7, double_sided=True)
        phase = np.repeat(roots @ rng.normal(0, 1.5, 3), 5)
        up = np.tile([0, 0, 0.5, 0.5, 1.0], count)
        _in_the_wind(b, shapes.merged([shape], material), up, height * rng.uniform(0.05, 0.3), phase)


def _blade(rng: np.random.Generator) -> np.ndarray:
    """A strip of colour from the dark root to the light tip."""
    base = np.array([rng.uniform(60, 190), rng.uniform(90, 190), rng.uniform(15, 90)])
    ramp = np.linspace(1.25, 0.45, 32)[:, None, None] * rng.uniform(0.8, 1.2, (32, 8, 1))
    pixels = np.full((32, 8, 4), 255, np.uint8)
    pixels[..., :3] = np.clip(base * ramp, 0, 255)
    return pixels


def bushes(b: Builder) -> None:
    """Clouds of cards with leaves, on a stem or on the ground."""
    rng = b.rng
    material = b.material(
        base_colour_texture=b.image(textures.leaves(rng)),
        metallic=0.0,
        roughness=0.8,
        alpha_mode="MASK",
        double_sided=True,
    )
    for _ in range(int(rng.integers(1, 5))):
        centre, cards = b.place(0.0, 1.1), []
        crown, tall = rng.uniform(0.4, 1.5), rng.uniform(0.2, 3.0)
        for _ in range(int(rng.integers(12, 60))):
            (along, _), half = b.level(), rng.uniform(0.25, 0.7)
            up = (np.array([0, 1, 0]) + rng.normal(0, 0.35, 3)) * half
            offset = rng.normal(0, 0.6, 3) * crown + [0, tall + half, 0]
            offset[1] = max(offset[1], half)
            cards.append(shapes.quad(centre + offset, along * half, up))
        shape = shapes.merged(cards, material)
        _in_the_wind(
            b, shape, np.ones(4 * len(cards)), rng.uniform(0.02, 0.1), np.repeat(rng.uniform(0, 6.3, len(cards)), 4)
        )
        if tall > 0.8:
            stem = shapes.tube(np.linspace(centre, centre + np.array([0, tall, 0]), 4), rng.uniform(0.04, 0.15), 7)
            b.node(shapes.merged([stem], b.plain(0.03, 0.3)))


def meadow(b: Builder) -> None:
    """Tufts of blades on cards all over the disc."""
    rng, cards = b.rng, []
    half = b.log_uniform(0.1, 0.5)
    for _ in range(int(rng.integers(80, 300))):
        along, _ = b.level()
        cards.append(shapes.quad(b.place(half, 1.2), along * half, np.array([0, half, 0])))
    material = b.material(
        base_colour_texture=b.image(textures.leaves(rng)),
        metallic=0.0,
        roughness=0.9,
        alpha_mode="MASK",
        double_sided=True,
    )
    up = np.tile([0.0, 0.0, 1.0, 1.0], len(cards))
    shape = shapes.merged(cards, material)
    phase = np.repeat(shape.positions[::4] @ rng.normal(0, 4 / EXTENT, 3), 4)
    _in_the_wind(b, shape, up, half * 0.2, phase)
