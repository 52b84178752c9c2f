"""Furniture that several scenes use, as shapes around their own foot at the origin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.generator.primitives import bevelled_box, box, cylinder, grid, lathe, sagging, sphere, tube
from assets.generator.shape import Shape, merged


def ring(radius: float, thickness: float, sides: int = 36, section: int = 8) -> Shape:
    """A torus in the xy plane."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros_like(angle)], axis=1)
    return tube(path, thickness, section)


def fan_rotor(radius: float, blades: int = 6) -> Shape:
    """Twisted blades around Z with a hub, facing +Z."""
    shapes = [sphere(radius * 0.17, 16, 8).scaled(1, 1, 0.8)]
    for i in range(blades):
        rows = []
        for t in np.linspace(0.14, 0.97, 7):
            pitch = np.radians(46 - 26 * t)
            chord = radius * (0.30 + 0.18 * t)
            along = np.array([np.cos(pitch), 0, np.sin(pitch)]) * chord / 2
            centre = np.array([0.10 * radius * t * t, radius * t, 0])
            rows.append((centre - along, centre + along))
        front = np.array([point for row in rows for point in row])
        quads = [[2 * k, 2 * k + 1, 2 * k + 3, 2 * k, 2 * k + 3, 2 * k + 2] for k in range(6)]
        index = np.array(quads).reshape(-1)
        a, b, c = (front[index.reshape(-1, 3)[:, j]] for j in range(3))
        face = np.cross(b - a, c - a)
        normals = np.zeros_like(front)
        np.add.at(normals, index, np.repeat(face, 3, axis=0))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        blade = Shape(front, normals, front[:, :2].copy(), index)
        shapes.append(merged([blade, replace(blade.flipped())]).turned("z", 360 * i / blades))
    return merged(shapes)


def fan_grille(radius: float, rings: int = 8, spokes: int = 12, wire: float = 0.006) -> Shape:
    """Thin concentric wires and spokes in front of a fan."""
    shapes = [ring(radius * (k + 1) / rings, wire, 40, 5) for k in range(rings)]
    for i in range(spokes):
        angle = 2 * np.pi * i / spokes
        tip = np.array([np.cos(angle), np.sin(angle), 0]) * radius
        shapes.append(tube([tip * 0.08, tip], wire * 1.2, 5))
    return merged(shapes)


def string_lights(start: tuple, end: tuple, sag: float, bulbs: int) -> tuple[Shape, Shape]:
    """(cable and sockets, glowing bulbs)."""
    path = sagging(start, end, sag, 24)
    places = sagging(start, end, sag, bulbs + 1)[1:-1]
    sockets = [cylinder(0.018, 0.05, 8).moved(x, y - 0.06, z) for x, y, z in places]
    lamps = [sphere(0.045, 8, 5).scaled(1, 1.25, 1).moved(x, y - 0.105, z) for x, y, z in places]
    return merged([tube(path, 0.008, 5), *sockets]), merged(lamps)


def chair() -> Shape:
    """Bent steel rod and slats, 0.45 m seat."""
    parts = []
    for side in (-0.2, 0.2):
        parts.append(
            tube(
                [(side, 0, 0.2), (side, 0.45, 0.19), (side * 0.97, 0.455, -0.17), (side * 0.92, 0.88, -0.25)], 0.011, 6
            )
        )
        parts.append(tube([(side, 0, -0.24), (side, 0.45, -0.15)], 0.011, 6))
    parts += [box((0.42, 0.012, 0.05), (0, 0.466, z)) for z in np.linspace(-0.14, 0.18, 6)]
    parts += [box((0.39, 0.05, 0.012), (0, y, -0.18 - (y - 0.46) * 0.16)) for y in (0.62, 0.72, 0.82)]
    return merged(parts)


def table(radius: float = 0.36) -> Shape:
    top = lathe([(0.001, 0.715), (radius, 0.715), (radius + 0.006, 0.725), (radius, 0.735), (0.001, 0.738)], 28)
    foot = lathe([(0.24, 0.0), (0.24, 0.012), (0.05, 0.03), (0.024, 0.08), (0.024, 0.70), (0.05, 0.715)], 16)
    return merged([top, foot])


def planter(width: float, height: float, depth: float) -> Shape:
    """A box with a rim."""
    rim = 0.06
    return merged(
        [
            bevelled_box((width, height - rim, depth), 0.012, (0, (height - rim) / 2, 0)),
            bevelled_box((width + 0.06, rim, depth + 0.06), 0.012, (0, height - rim / 2, 0)),
        ]
    )


def pot(radius: float, height: float) -> Shape:
    r = radius
    return lathe(
        [
            (r * 0.66, 0),
            (r * 0.72, 0.01),
            (r * 0.92, height * 0.84),
            (r * 1.06, height * 0.85),
            (r * 1.06, height),
            (r * 0.94, height),
            (r * 0.90, height * 0.88),
            (0.001, height * 0.88),
        ],
        24,
    )


def barred_window(width: float, height: float, columns: int, rows: int, bar: float = 0.05) -> tuple[Shape, Shape]:
    """(frame and glazing bars, one pane) facing +Z, middle of the lower edge at the origin."""
    parts = [
        box((width + 0.16, 0.10, 0.14), (0, -0.05, 0.05)),
        box((width + 0.1, 0.08, 0.10), (0, height + 0.04, 0.03)),
    ]
    parts += [box((0.07, height, 0.10), (x, height / 2, 0.03)) for x in (-width / 2, width / 2)]
    parts += [
        box((bar, height, 0.05), (x, height / 2, 0.03)) for x in np.linspace(-width / 2, width / 2, columns + 1)[1:-1]
    ]
    parts += [box((width, bar, 0.05), (0, y, 0.03)) for y in np.linspace(0, height, rows + 1)[1:-1]]
    pane = grid((-width / 2, 0, 0.025), (width, 0, 0), (0, height, 0), metres=False)
    return merged(parts), pane


def sign_board(width: float, height: float, depth: float = 0.05) -> tuple[Shape, Shape]:
    """(backing box, lettered front with texture 0..1) facing +Z, centred."""
    front = grid((-width / 2, -height / 2, depth / 2 + 0.002), (width, 0, 0), (0, height, 0), metres=False)
    return bevelled_box((width + 0.04, height + 0.04, depth), 0.008), front


def woven_fence(width: float, height: float, pitch: float = 0.075, wire: float = 0.0022) -> Shape:
    """Chain link as real wires in the xy plane: each is a zigzag that bows around its neighbours."""
    shapes = []
    columns = int(width / pitch)
    steps = int(height / (pitch / 2))
    for i in range(columns + 1):
        rows = []
        for k in range(steps + 1):
            x = (i + (0.5 if k % 2 else -0.5) * 1.0) * pitch
            rows.append((min(max(x, 0.0), width), k * pitch / 2, wire * (1.0 if k % 2 else -1.0)))
        shapes.append(tube(np.array(rows), wire, 3))
    return merged(shapes)


def waving_cloth(width: float, height: float, columns: int = 24, rows: int = 8) -> Shape:
    """A flag in the xy plane fixed at x = 0, with two morph targets a quarter wave apart; texture 0..1."""
    cloth = grid((0, -height, 0), (width, 0, 0), (0, height, 0), width / columns, metres=False)
    x = cloth.positions[:, 0] / width
    lean = cloth.positions[:, 1] / height * 0.8
    swell = 0.10 * width * x**0.8
    k = 2 * np.pi * 1.15
    targets, normals = [], []
    for shift in (0.0, np.pi / 2):
        phase = k * x + lean - shift
        z = swell * np.cos(phase)
        pull = -0.10 * width * x * np.cos(phase * 0.5) ** 2
        slope = -swell * k / width * np.sin(phase) + 0.8 * 0.10 * width * np.maximum(x, 0.05) ** -0.2 / width * np.cos(
            phase
        )
        targets.append(np.stack([pull * 0.4, -0.05 * height * x * np.sin(phase), z], axis=1))
        normals.append(np.stack([-slope, np.zeros_like(x), np.zeros_like(x)], axis=1))
    return replace(cloth, morphs=np.stack(targets), morph_normals=np.stack(normals))


def gimbal(radius: float) -> Shape:
    """A flat polished band, its axis along Z."""
    w, t = radius * 0.09, radius * 0.035
    profile = [(radius - t, -w), (radius + t, -w), (radius + t, w), (radius - t, w), (radius - t, -w)]
    return lathe(profile, 56, smooth=False).turned("x", 90)
