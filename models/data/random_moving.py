"""Things that move in random scenes: fans, bodies on their ways, clouds of small tumbling bodies, sparks and snow."""

from __future__ import annotations

import math

import numpy as np

from app.scene.model import Emitter, Primitive, Skin
from models.data import random_meshes as shapes
from models.data import random_text
from models.data import random_textures as textures
from models.data.random_builder import LOOP, Builder, Vector, quaternion
from models.data.random_things import with_material, written

_UP = np.array([0.0, 1.0, 0.0])


def fans(b: Builder) -> None:
    """Blades turning before a plate, behind a guard of rings and spokes; or propellers in the open."""
    for _ in range(int(b.rng.integers(1, 3))):
        rng, length = b.rng, float(b.rng.uniform(0.3, 1.2))
        at, turn = b.place(rng.uniform(0.8, 2.8)), quaternion(_UP, rng.uniform(0, 2 * math.pi))
        blades, width, pitch = int(rng.integers(2, 8)), rng.uniform(0.08, 0.2), rng.uniform(0, 0.5)
        hub = b.joint(at)
        b.spin(hub, b.log_uniform(0.2, 5.0) * float(rng.choice([-1, 1])), turn)
        alike = b.plain(0.1)
        for i in range(blades):
            angle = 2 * math.pi * i / blades
            along = np.array([math.cos(angle), math.sin(angle), 0.0])
            across = np.array([-math.sin(angle), math.cos(angle), pitch]) * width * length
            blade = shapes.quad(along * length * 0.55, along * length * 0.45, across)
            b.node(with_material(blade, b.plain(0.1) if b.chance(0.25) else alike), parent=hub)
        if b.chance(0.6):
            _housing(b, at, turn, length)


def _housing(b: Builder, at: Vector, turn: np.ndarray, length: float) -> None:
    """Guard and plate of a fan whose blades reach `length`."""
    rng, radius = b.rng, b.log_uniform(0.002, 0.008)
    angle = np.linspace(0, 2 * math.pi, 25)
    circle = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    front = np.array([0, 0, 0.15 * length + 0.05])
    parts = [
        shapes.tube(front + circle * r * length, radius, 3) for r in np.linspace(0.3, 1.08, int(rng.integers(2, 9)))
    ]
    for a in np.arange(int(rng.integers(3, 13))) * math.pi / 6:
        ray = np.array([math.cos(a), math.sin(a), 0]) * length * 1.08
        parts.append(shapes.tube(front + np.linspace(-1, 1, 3)[:, None] * ray, radius, 3))
    plate = shapes.quad(-front, np.array([1.1 * length, 0, 0]), np.array([0, 1.1 * length, 0]), tiles=(2, 2))
    for shape, material in ((shapes.merged(parts, -1), b.plain()), (plate, b.plain(0.02, 0.5))):
        _turned(b, b.node(with_material(shape, material), at), turn)


def _turned(b: Builder, node: int, turn: np.ndarray) -> None:
    from dataclasses import replace

    b.nodes[node] = replace(b.nodes[node], rotation=tuple(map(float, turn)))  # type: ignore[arg-type]


def travellers(b: Builder) -> None:
    """A few large bodies on closed ways of straight pieces, some turning: textured, striped, glossy, or with text."""
    rng = b.rng
    for _ in range(int(rng.integers(1, 7))):
        size = b.log_uniform(0.15, 0.8)
        material = written(b) if b.chance(0.2) else b.surface(textures.swirls if b.chance(0.3) else None)
        node = b.node(with_material(_body(b, size), material))
        speed = b.log_uniform(0.2, 6.0)
        corners = np.stack([b.place(rng.uniform(0.4, 3.0)) for _ in range(6)])
        corners = np.concatenate([corners, corners[:1]])
        lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        times = np.concatenate([[0.0], np.cumsum(lengths) / speed])
        rounds = max(1, math.ceil(LOOP / times[-1]))  # all loops end together, far beyond any clip
        times = np.concatenate([times[:-1] + i * times[-1] for i in range(rounds)] + [[rounds * times[-1]]])
        b.animate(node, "translation", times, np.concatenate([*[corners[:-1]] * rounds, corners[:1]]))
        if b.chance(0.6):
            turning = np.arange(0, LOOP, 0.25)
            b.animate(node, "rotation", turning, quaternion(rng.normal(0, 1, 3), turning * rng.uniform(0.5, 6.0)))


def _body(b: Builder, size: float) -> Primitive:
    kind = b.rng.random()
    if kind < 0.45:
        return shapes.box(np.zeros(3), np.full(3, size) * b.rng.uniform(0.5, 1.5, 3), tiles=0.6 / size)
    if kind < 0.75:
        return shapes.sphere(np.zeros(3), size, 12, 18)
    if kind < 0.9:
        return shapes.torus(size * 0.75, size * 0.3)
    return shapes.merged(shapes.wire_frame(shapes.sphere(np.zeros(3), size, 7, 10), size * 0.02), -1)


def tumbling(b: Builder) -> None:
    """Dozens of small bodies in a cloud, each on its own way and about its own axis: falling, thrown or swarming.
    All are one skinned primitive, a joint a body."""
    rng, count = b.rng, int(b.rng.integers(24, 110))
    size, reach = b.log_uniform(0.015, 0.1), float(b.rng.uniform(0.8, 4.0))
    kind, speed = str(b.rng.choice(["fall", "swarm", "drift"])), b.log_uniform(0.3, 6.0)
    centre = b.place(float(rng.uniform(0.8, 2.2)), 0.6)
    root = b.joint()
    parts, joints, inverse = [], [root], [np.eye(4)]
    times = np.arange(0, LOOP / 4, 1 / 15)
    for _ in range(count):
        half = size * np.exp(rng.normal(0, 0.3, 3))
        rest = centre + rng.uniform(-1, 1, 3) * [reach, min(reach, 1.2), reach]
        rest[1] = abs(rest[1])
        parts.append(
            shapes.box(rest, half, tiles=0.5 / size)
            if b.chance(0.6)
            else shapes.sphere(rest, float(half[0]) * 1.3, 5, 7)
        )
        joint = b.joint(rest, parent=root)
        joints.append(joint)
        back = np.eye(4)
        back[:3, 3] = -rest
        inverse.append(back)
        b.animate(joint, "translation", times, rest + _way(rng, kind, times, speed, reach))
        b.animate(joint, "rotation", times, quaternion(rng.normal(0, 1, 3), times * rng.uniform(1.0, 12.0)))
    material = b.surface(textures.swirls if b.chance(0.2) else None) if b.chance(0.6) else b.plain(0.1, 0.9)
    if b.chance(0.15):
        material = b.glowing(b.log_uniform(1, 12) * rng.uniform(0.3, 1, 3))
    b.skins.append(Skin(tuple(joints), np.stack(inverse)))
    b.node(shapes.on_joints(parts, material), skin=len(b.skins) - 1)


def _way(rng: np.random.Generator, kind: str, times: np.ndarray, speed: float, reach: float) -> np.ndarray:
    """Offsets (t, 3) in metres at `times`."""
    if kind == "fall":
        height = 3.0
        fallen = (times * speed * rng.uniform(0.7, 1.3) + rng.uniform(0, height)) % height
        sideways = np.sin(times * rng.uniform(1, 4) + rng.uniform(0, 6))[:, None] * rng.normal(0, 0.1, 3)
        return sideways + _UP * (height / 2 - fallen)[:, None]
    rates = rng.uniform(0.5, 1.5, 3) * speed / max(0.3, 0.5 * reach) * (1.0 if kind == "swarm" else 0.2)
    return np.sin(times[:, None] * rates + rng.uniform(0, 6.3, 3)) * np.array([0.5, 0.25, 0.5]) * reach


def banner(b: Builder) -> None:
    """A long ticker of bright text that runs along a wall or hangs in the air."""
    (along, _), half = b.level(), float(b.rng.uniform(1.0, 4.0))
    height = half * b.rng.uniform(0.06, 0.2)
    glow = b.log_uniform(1.0, 25.0) * b.rng.uniform(0.3, 1.0, 3)
    picture = b.image(random_text.sign(b.rng, 512, 64))
    scroll = (b.log_uniform(0.05, 1.0) * float(b.rng.choice([-1, 1])), 0.0)
    shape = shapes.quad(b.place(b.rng.uniform(1.2, 3.5)), along * half, _UP * height, tiles=(half / height / 8, 1.0))
    b.node(with_material(shape, b.glowing(glow, picture, scroll)))


def sparks(b: Builder) -> None:
    """A fountain of glowing or of dull specks."""
    rng, place = b.rng, b.place(float(b.rng.uniform(0.1, 1.0)))
    b.emitters.append(
        Emitter(
            node=b.joint(place),
            count=int(rng.integers(20, 160)),
            lifetime=float(rng.uniform(0.5, 2.0)),
            velocity=(0.0, float(rng.uniform(1.0, 4.0)), 0.0),
            spread=float(rng.uniform(0.2, 1.2)),
            gravity=float(rng.uniform(0.0, 6.0)),
            size=float(rng.uniform(0.015, 0.08)),
            colour=tuple(map(float, rng.uniform(0.5, 8.0, 3))),  # type: ignore[arg-type]
            additive=bool(rng.random() < 0.7),
            seed=int(rng.integers(1, 1 << 30)),
        )
    )
