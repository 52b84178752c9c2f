"""Trees, bushes and pots of alpha-tested cards, with normals of a soft volume and sway as morph targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.generator.primitives import grid, tube
from assets.generator.shape import Shape, merged, rotation


def _card(size: float, bend: float = 0.0) -> Shape:
    """An upright square that stands on its lower edge's middle, texture 0..1; `bend` curls the top over, in metres."""
    card = grid((-size / 2, 0, 0), (size, 0, 0), (0, size, 0), size / 2 if bend else 1e9, metres=False)
    if not bend:
        return card
    positions = card.positions.copy()
    positions[:, 2] += bend * (positions[:, 1] / size) ** 2
    return replace(card, positions=positions)


def crown(centre: tuple, radii: tuple, cards: int, size: float, seed: int, droop: float = 0.25) -> Shape:
    """Cards in an ellipsoid shell; normals point out of the ellipsoid so that it shades as one soft body."""
    rng = np.random.default_rng(seed)
    middle, half = np.asarray(centre, float), np.asarray(radii, float)
    shapes = []
    for _ in range(cards):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        depth = rng.uniform(0.45, 1.0) ** 0.6
        at = middle + direction * half * depth
        turn = (
            rotation("y", rng.uniform(0, 360))
            @ rotation("x", rng.uniform(-60, 60))
            @ rotation("z", rng.uniform(-50, 50))
        )
        card = _card(size * rng.uniform(0.75, 1.25)).moved(y=-size * 0.5).transformed(turn)
        shade = 0.50 + 0.50 * depth * np.clip(0.62 + 0.45 * direction[1], 0, 1)
        positions = card.positions + at
        normals = (positions - middle) / half**2 + np.array([0.0, droop, 0.0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        # The front of a card looks out of the crown.
        card = card if card.normals[0] @ direction > 0 else card.flipped()
        shapes.append(replace(card, positions=positions, normals=normals).tinted(shade, shade, shade * 0.96))
    return leafy(merged(shapes))


def leafy(shape: Shape) -> Shape:
    """Both faces of every card with the same normals, for a single-sided material: a leaf that is seen from its dark
    side still shines with the light that falls on the other one, a little yellower."""
    colours = np.ones((len(shape.positions), 4)) if shape.colours is None else shape.colours
    back = replace(
        shape,
        indices=shape.indices.reshape(-1, 3)[:, ::-1].reshape(-1),
        colours=colours * np.array([0.92, 0.90, 0.62, 1.0]),
    )
    return merged([replace(shape, colours=colours), back])


def swaying(shape: Shape, ground: float, amount: float) -> Shape:
    """Adds two morph targets, 90 degrees apart: with weights cos and sin the cards bend and flutter in a loop."""
    height = np.maximum(shape.positions[:, 1] - ground, 0.0)
    lever = amount * (height / max(float(height.max()), 1e-6)) ** 1.5
    x, y, z = shape.positions.T
    phase = x * 1.7 + z * 1.1
    flutter = 0.45 * np.stack([np.sin(4.1 * y + 2.3 * z), np.sin(3.7 * x + 2.9 * z), np.sin(4.3 * x - 3.1 * y)], axis=1)
    morphs = []
    for shift in (0.0, np.pi / 2):
        bend = np.stack([np.cos(phase - shift), 0.25 * np.sin(phase - shift), 0.6 * np.sin(phase + shift)], axis=1)
        morphs.append((bend + flutter * np.cos(phase * 3 - shift)[:, None]) * lever[:, None])
    return replace(shape, morphs=np.stack(morphs))


def branches(base: tuple, height: float, spread: float, count: int, radius: float, seed: int) -> Shape:
    """A trunk that leans a little and forks into curved branches."""
    rng = np.random.default_rng(seed)
    foot = np.asarray(base, float)
    t = np.linspace(0, 1, 9)[:, None]
    lean = np.array([0.10, 0.0, 0.06]) * height
    trunk_path = foot + t * np.array([0, height, 0]) + t**2 * lean * 0.5
    wood = [tube(trunk_path, radius * (1.0 - 0.55 * t[:, 0]) * (1 + 0.5 * (1 - t[:, 0]) ** 8), 10)]
    for i in range(count):
        k = int(rng.integers(4, 9))
        angle = 2 * np.pi * i / count + rng.uniform(-0.4, 0.4)
        reach = spread * rng.uniform(0.7, 1.1)
        s = np.linspace(0, 1, 7)[:, None]
        out = np.array([np.cos(angle), 0.0, np.sin(angle)])
        path = trunk_path[k] + s * out * reach + s**1.4 * np.array([0, reach * rng.uniform(0.5, 1.0), 0])
        wood.append(tube(path, radius * 0.42 * (1 - 0.8 * s[:, 0]), 6))
    return merged(wood)


def rosette(centre: tuple, leaves: int, length: float, seed: int, lift: tuple = (25, 75)) -> Shape:
    """Curled fronds around a point: ferns, palms, potted plants."""
    rng = np.random.default_rng(seed)
    shapes = []
    for i in range(leaves):
        long = length * rng.uniform(0.75, 1.15)
        card = _card(long, bend=long * rng.uniform(0.25, 0.55)).flipped()  # its front looks up once it leans out
        turn = rotation("y", 360 * i / leaves + rng.uniform(-14, 14)) @ rotation("x", 90 - rng.uniform(*lift))
        shade = rng.uniform(0.75, 1.0)
        shapes.append(card.transformed(turn).moved(*centre).tinted(shade, shade, shade))
    plant = merged(shapes)
    normals = plant.normals * np.where(plant.normals[:, 1:2] < 0, -1.0, 1.0) + np.array([0, 0.8, 0])
    return leafy(replace(plant, normals=normals / np.linalg.norm(normals, axis=1, keepdims=True)))
