"""Things that stand still in random scenes: solids, thin geometry, cut-outs, writing, lamps. Each adds itself to a
Builder."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from app.scene.model import Primitive
from models.data import random_meshes as shapes
from models.data import random_text
from models.data import random_textures as textures
from models.data.random_builder import EXTENT, Builder, Vector

_UP = np.array([0.0, 1.0, 0.0])


def with_material(primitive: Primitive, material: int) -> Primitive:
    return replace(primitive, material=material)


def boxes(b: Builder) -> None:
    for _ in range(int(b.rng.integers(4, 16))):
        half = np.exp(b.rng.uniform(math.log(0.12), math.log(1.6), 3))
        box = shapes.box(b.place(float(half[1])), half, tiles=b.log_uniform(0.4, 2.5))
        b.node(with_material(box, b.surface()))


def round_things(b: Builder) -> None:
    for _ in range(int(b.rng.integers(1, 6))):
        size = float(b.rng.uniform(0.15, 1.1))
        shape = (
            shapes.sphere(np.zeros(3), size) if b.chance(0.6) else shapes.torus(size, size * b.rng.uniform(0.1, 0.4))
        )
        b.node(with_material(shape, b.surface()), b.place(size * b.rng.uniform(1.0, 1.6)))


def steps(b: Builder) -> None:
    """A flight of many low steps, whose edges are lines a pixel apart in the distance."""
    rng, (along, across) = b.rng, b.level()
    count, rise, tread, half = int(rng.integers(6, 30)), rng.uniform(0.04, 0.18), rng.uniform(0.1, 0.35), 1.5
    origin, parts = b.place(), []
    for i in range(count):
        at = origin + along * tread * i + _UP * rise * i
        parts.append(shapes.quad(at + _UP * rise + along * tread / 2, across * half, -along * tread / 2, tiles=(3, 1)))
        parts.append(shapes.quad(at + _UP * rise / 2, across * half, _UP * rise / 2, tiles=(3, 1)))
    b.node(shapes.merged(parts, b.material(base_colour_texture=b.image(textures.speckled(rng)), double_sided=True)))


def wires(b: Builder) -> None:
    lines = []
    for _ in range(int(b.rng.integers(2, 14))):
        a, c = b.place(b.rng.uniform(1.5, 6), 1.2), b.place(b.rng.uniform(1.5, 6), 1.2)
        t = np.linspace(0, 1, 12)[:, None]
        points = a + (c - a) * t - _UP * b.rng.uniform(0, 0.8) * 4 * t * (1 - t)
        lines.append(shapes.tube(points, b.log_uniform(0.002, 0.02)))
    b.node(shapes.merged(lines, b.plain()))


def _upright(b: Builder, width: float, height: float, gap: tuple[float, float], radius: float, at: Vector) -> None:
    """Parallel bars in a plane: uprights `gap[0]` apart and rails `gap[1]` apart, around `at` (middle of the foot)."""
    along, _ = b.level()
    bars = []
    for x in np.arange(-width / 2, width / 2 + 1e-6, gap[0]):
        foot = at + along * x
        bars.append(shapes.tube(np.array([foot, foot + _UP * height / 2, foot + _UP * height]), radius))
    for y in np.arange(0.0, height + 1e-6, gap[1]):
        ends = np.linspace(-0.5, 0.5, 3)[:, None] * along * width + at + _UP * y
        bars.append(shapes.tube(ends, radius))
    b.node(shapes.merged(bars, b.plain()))


def fence(b: Builder) -> None:
    """Upright bars with a few rails."""
    height = float(b.rng.uniform(0.8, 2.4))
    _upright(
        b, b.rng.uniform(2, 7), height, (b.rng.uniform(0.06, 0.25), height / b.rng.integers(1, 5)),
        b.log_uniform(0.004, 0.025), b.place(),
    )  # fmt: skip


def lattice(b: Builder) -> None:
    """A high screen of thin wires, square or oblong, through which all the rest is seen."""
    gap = b.log_uniform(0.05, 0.5)
    size = min(8.0, gap * 40)
    _upright(
        b, size, min(size, float(b.rng.uniform(1.5, 4.5))), (gap, gap * b.rng.uniform(0.6, 1.8)),
        b.log_uniform(0.0015, 0.012), b.place(0.0, 0.6),
    )  # fmt: skip


def scaffold(b: Builder) -> None:
    """A lattice in all three directions: parallax at every depth."""
    rng, gap, radius = b.rng, b.log_uniform(0.25, 0.8), b.log_uniform(0.005, 0.03)
    n, origin, bars = rng.integers(2, 6, 3), b.place(), []
    along, across = b.level()
    axes = (along, _UP, across)
    for axis in range(3):
        u, v = (a for a in range(3) if a != axis)
        for i in range(int(n[u]) + 1):
            for j in range(int(n[v]) + 1):
                start = origin + gap * (i * axes[u] + j * axes[v])
                bars.append(shapes.tube(start + np.linspace(0, gap * n[axis], 3)[:, None] * axes[axis], radius))
    b.node(shapes.merged(bars, b.plain()))


def louvres(b: Builder) -> None:
    """A blind of thin slats, lit from one side."""
    rng, (along, across) = b.rng, b.level()
    count, gap, half = int(rng.integers(15, 60)), rng.uniform(0.03, 0.09), rng.uniform(0.5, 1.6)
    tilt = rng.uniform(-0.8, 0.8)
    slat = (across * math.cos(tilt) + _UP * math.sin(tilt)) * gap * rng.uniform(0.25, 0.5)
    at = b.place(rng.uniform(0.2, 1.0))
    slats = [shapes.quad(at + _UP * gap * i, along * half, slat) for i in range(count)]
    b.node(shapes.merged(slats, b.plain()))


def wire_figures(b: Builder) -> None:
    """Balls and rings of wire."""
    for _ in range(int(b.rng.integers(1, 4))):
        size = float(b.rng.uniform(0.3, 0.9))
        solid = (
            shapes.sphere(np.zeros(3), size, int(b.rng.integers(6, 16)), int(b.rng.integers(8, 24)))
            if b.chance(0.5)
            else shapes.torus(size, size * 0.4, int(b.rng.integers(12, 30)), int(b.rng.integers(6, 12)))
        )
        edges = shapes.wire_frame(solid, b.log_uniform(0.002, 0.01))
        b.node(shapes.merged(edges, b.plain(0.1)), b.place(float(b.rng.uniform(size, 2.5))))


def fence_cards(b: Builder) -> None:
    material = b.material(
        base_colour_texture=b.image(textures.mesh_fence(b.rng)),
        metallic=0.0,
        roughness=0.7,
        alpha_mode="MASK",
        double_sided=True,
    )
    for _ in range(3):
        (along, _), half, repeats = b.level(), b.rng.uniform(0.8, 2.0), float(b.rng.uniform(0.7, 3.0))
        card = shapes.quad(b.place(half), along * half * 1.5, _UP * half, tiles=(1.5 * repeats, repeats))
        b.node(with_material(card, material))


def writing(b: Builder) -> None:
    """Signs and boards, printed or cut out of the air."""
    for _ in range(int(b.rng.integers(2, 7))):
        (along, _), half = b.level(), b.log_uniform(0.25, 1.8)
        at = b.place(float(b.rng.uniform(half / 2, 3.0)))
        shape = shapes.quad(at, along * half, _UP * half / 2)
        b.node(with_material(shape, written(b)))


def written(b: Builder) -> int:
    """A material of text: cut-out letters, a printed sign, a page, or a bright screen that may scroll."""
    rng, kind = b.rng, b.rng.random()
    if kind < 0.25:
        return b.material(
            base_colour_texture=b.image(random_text.letters(rng)),
            metallic=0.0,
            alpha_mode="MASK",
            double_sided=True,
        )
    if kind < 0.6:
        picture = random_text.sign(rng) if b.chance(0.65) else random_text.sheet(rng)
        return b.material(base_colour_texture=b.image(picture), metallic=0.0, roughness=0.5, double_sided=True)
    picture = b.image(random_text.sign(rng) if b.chance(0.7) else random_text.sheet(rng))
    glow = b.log_uniform(0.8, 20.0) * rng.uniform(0.3, 1.0, 3)
    if b.chance(0.45):
        return b.glowing(glow, picture)
    scroll = float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.5, 0.5) * b.chance(0.3))
    return b.glowing(glow, picture, scroll)


def lamps(b: Builder) -> None:
    """Small bright balls and tubes."""
    radiance = b.log_uniform(2.0, 60.0) * b.rng.uniform(0.4, 1.0, 3)
    parts = [
        shapes.sphere(b.place(b.rng.uniform(1, 4)), b.log_uniform(0.01, 0.12), 6, 8)
        for _ in range(int(b.rng.integers(3, 30)))
    ]
    for _ in range(int(b.rng.integers(0, 6))):
        (along, _), at = b.level(), b.place(b.rng.uniform(1, 4))
        parts.append(shapes.tube(at + np.linspace(-0.6, 0.6, 3)[:, None] * along, b.log_uniform(0.008, 0.03), 5))
    b.node(shapes.merged(parts, b.glowing(radiance)))


def panes(b: Builder) -> None:
    """Glass."""
    colour = (*map(float, b.rng.uniform(0.2, 1.0, 3)), float(b.rng.uniform(0.15, 0.6)))
    material = b.material(
        base_colour=colour, metallic=0.0, roughness=0.08, alpha_mode="BLEND", double_sided=True, reactive=0.5
    )
    along, _ = b.level()
    b.node(with_material(shapes.quad(b.place(1.3), along * b.rng.uniform(0.5, 2.0), _UP * 1.2), material))


def mast(b: Builder) -> None:
    """Thin poles with stays, high against the sky."""
    rng, lines = b.rng, []
    for _ in range(int(rng.integers(1, 5))):
        foot, height = b.place(0.0, 1.1), rng.uniform(3, 8)
        top = foot + _UP * height
        lines.append(shapes.tube(np.linspace(foot, top, 3), b.log_uniform(0.01, 0.06), 6))
        for _ in range(int(rng.integers(0, 5))):
            along, _ = b.level()
            lines.append(shapes.tube(np.linspace(top, foot + along * rng.uniform(0.8, 2.5), 3), 0.004))
        for level in rng.uniform(0.5, 1.0, int(rng.integers(0, 8))) * height:
            along, _ = b.level()
            reach = rng.uniform(0.1, 0.8)
            lines.append(shapes.tube(foot + _UP * level + np.linspace(-reach, reach, 3)[:, None] * along, 0.006))
    b.node(shapes.merged(lines, b.plain(0.02, 0.4)))


def skyline(b: Builder) -> None:
    """Big blocks beyond the disc, most with rows of windows: detail far away, edges against the sky."""
    material = b.surface(textures.facade)
    for _ in range(int(b.rng.integers(2, 8))):
        (direction, _), half = b.level(), np.array([b.rng.uniform(1.5, 4), b.rng.uniform(3, 12), b.rng.uniform(1.5, 4)])
        at = direction * EXTENT * b.rng.uniform(1.7, 2.6) + _UP * half[1]
        b.node(with_material(shapes.box(at, half, tiles=b.log_uniform(0.08, 0.3)), material))
