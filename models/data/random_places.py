"""Where a random scene takes place: open ground, a yard, a street of facades, or a room with windows."""

from __future__ import annotations

import math

import numpy as np

from models.data import random_meshes as shapes
from models.data import random_textures as textures
from models.data.random_builder import EXTENT, Builder, Vector
from models.data.random_things import with_material, written

_UP = np.array([0.0, 1.0, 0.0])
_GROUNDS = (
    textures.speckled, textures.bricks, textures.checks, textures.gravel, textures.gravel, textures.planks,
    textures.grains, textures.grid, textures.swirls,
)  # fmt: skip
_WALLS = (
    textures.bricks, textures.bricks, textures.speckled, textures.planks, textures.roof_tiles, textures.facade,
    textures.grid, textures.drawing,
)  # fmt: skip


def _ground(b: Builder, reach: float = 45.0) -> None:
    repeats = b.log_uniform(0.25, 1.6)
    plane = shapes.quad(
        np.zeros(3), np.array([reach, 0, 0]), np.array([0, 0, -reach]), tiles=(2 * reach * repeats, 2 * reach * repeats)
    )
    b.node(with_material(plane, b.surface(_GROUNDS[int(b.rng.integers(len(_GROUNDS)))])))


def _wall_material(b: Builder) -> int:
    return b.surface(_WALLS[int(b.rng.integers(len(_WALLS)))])


def _sides() -> list[tuple[Vector, Vector]]:
    """(inward, along) of the four sides, along x up = inward."""
    sides = []
    for side in range(4):
        angle = side * math.pi / 2
        sides.append(
            (np.array([math.sin(angle), 0, math.cos(angle)]), np.array([math.cos(angle), 0, -math.sin(angle)]))
        )
    return sides


def _wall(b: Builder, middle: Vector, along: Vector, height: float, material: int, repeats: float) -> None:
    """`along` is half the wall's length; `middle` its foot."""
    tiles = (2 * float(np.linalg.norm(along)) * repeats, height * repeats)
    wall = shapes.quad(middle + _UP * height / 2, along, _UP * height / 2, tiles=tiles)
    b.node(with_material(wall, material))
    inward = np.cross(along, _UP)
    inward /= np.linalg.norm(inward)
    for _ in range(int(b.rng.integers(0, 3))):  # what is written on it
        half = b.log_uniform(0.3, 2.0)
        at = (
            middle + along * b.rng.uniform(-0.7, 0.7) + _UP * b.rng.uniform(0.8, max(1.0, height - 0.5)) + inward * 0.03
        )
        direction = along / np.linalg.norm(along)
        b.node(with_material(shapes.quad(at, direction * half, _UP * half / 2), written(b)))


def open_ground(b: Builder) -> None:
    _ground(b)


def yard(b: Builder) -> None:
    """Walls on two to four sides; the same or another texture on each."""
    _ground(b)
    reach, height = EXTENT * b.rng.uniform(1.0, 1.5), b.rng.uniform(2.5, 9)
    material, repeats = _wall_material(b), b.log_uniform(0.2, 1.2)
    for inward, along in _sides():
        if b.chance(0.2):
            continue
        if b.chance(0.3):
            material, repeats = _wall_material(b), b.log_uniform(0.2, 1.2)
        _wall(b, -inward * reach, along * reach, height, material, repeats)


def street(b: Builder) -> None:
    """Two rows of houses of different heights along x."""
    _ground(b)
    materials = [_wall_material(b) for _ in range(5)]
    for inward, along in (_sides()[0], _sides()[2]):
        x = -20.0
        while x < 20.0:
            half, height = b.rng.uniform(1.5, 5.0), b.rng.uniform(4, 14)
            back = EXTENT * b.rng.uniform(0.95, 1.15)
            middle = -inward * back + along * (x + half)
            _wall(b, middle, along * half, height, materials[int(b.rng.integers(5))], b.log_uniform(0.15, 0.9))
            x += 2 * half + (b.rng.uniform(0.5, 2.0) if b.chance(0.3) else 0.0)


def room(b: Builder) -> None:
    """Four walls and a ceiling, dark inside; windows with bars and glazing bars look at the bright sky."""
    rng, reach, height = b.rng, EXTENT * float(b.rng.uniform(1.02, 1.2)), float(b.rng.uniform(3.4, 5.0))
    _ground(b, reach + 0.5)
    ceiling = shapes.quad(
        _UP * height, np.array([reach, 0, 0]), np.array([0, 0, reach]), tiles=(2 * reach * 0.4, 2 * reach * 0.4)
    )
    b.node(with_material(ceiling, b.surface(textures.speckled)))
    material, repeats = _wall_material(b), b.log_uniform(0.25, 1.2)
    for inward, along in _sides():
        if b.chance(0.7):
            _window_wall(b, -inward * reach, along, reach, height, material, repeats)
        else:
            _wall(b, -inward * reach, along * reach, height, material, repeats)
    for x in np.linspace(-reach, reach, int(rng.integers(0, 6)) + 2)[1:-1]:
        beam = shapes.box(np.array([x, height - 0.12, 0]), np.array([0.1, 0.12, reach]), tiles=1.0)
        b.node(with_material(beam, material))


def _window_wall(
    b: Builder, middle: Vector, along: Vector, reach: float, height: float, material: int, repeats: float
) -> None:
    """A wall of pillars and lintels around a row of openings."""
    rng, count = b.rng, int(b.rng.integers(2, 7))
    sill, top = rng.uniform(0.2, 1.2), rng.uniform(2.4, height - 0.2)
    pitch, share = 2 * reach / count, rng.uniform(0.4, 0.85)
    pieces = []

    def piece(u0: float, u1: float, v0: float, v1: float) -> None:
        half_u, half_v = along * (u1 - u0) / 2, _UP * (v1 - v0) / 2
        at = middle + along * (u0 + u1) / 2 + _UP * (v0 + v1) / 2
        pieces.append(shapes.quad(at, half_u, half_v, tiles=((u1 - u0) * repeats, (v1 - v0) * repeats)))

    piece(-reach, reach, 0, sill)
    piece(-reach, reach, top, height)
    bars, radius = [], b.log_uniform(0.006, 0.03)
    across, down = int(rng.integers(1, 9)), int(rng.integers(0, 7))
    for i in range(count):
        left = -reach + i * pitch
        start, end = left + pitch * (1 - share) / 2, left + pitch * (1 + share) / 2
        piece(left, start, sill, top)
        piece(end, left + pitch, sill, top)
        for u in np.linspace(start, end, across + 1):
            bars.append(shapes.tube(middle + along * u + np.linspace(sill, top, 3)[:, None] * _UP, radius))
        for v in np.linspace(sill, top, down + 2):
            bars.append(shapes.tube(middle + _UP * v + np.linspace(start, end, 3)[:, None] * along, radius))
    b.node(shapes.merged(pieces, material))
    b.node(shapes.merged(bars, b.plain()))


PLACES = {"open": open_ground, "yard": yard, "street": street, "room": room}
