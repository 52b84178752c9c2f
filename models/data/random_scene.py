"""Random scenes in memory, made to hold what breaks temporal upscalers: no artist's taste, much sub-pixel detail."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from app.scene.model import (
    Animation,
    Channel,
    Emitter,
    Image,
    Material,
    Mesh,
    Node,
    Primitive,
    SceneModel,
    Sun,
    TextureUse,
)
from models.data import random_meshes as shapes
from models.data import random_textures as textures

EXTENT = 9.0
"""Radius in metres of the disc that holds the things and the camera."""
_LOOP = 40.0  # seconds after which animations repeat; clips are shorter than a second


@dataclass(slots=True)
class _Builder:
    rng: np.random.Generator
    images: list[Image] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    meshes: list[Mesh] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    emitters: list[Emitter] = field(default_factory=list)

    def image(self, pixels: np.ndarray) -> TextureUse:
        self.images.append(Image(f"image{len(self.images)}", pixels))
        return TextureUse(len(self.images) - 1)

    def material(self, **settings) -> int:
        self.materials.append(Material(name=f"material{len(self.materials)}", **settings))
        return len(self.materials) - 1

    def node(self, primitive: Primitive, at: np.ndarray | None = None) -> int:
        self.meshes.append(Mesh(f"mesh{len(self.meshes)}", (primitive,)))
        place = tuple(map(float, at)) if at is not None else (0.0, 0.0, 0.0)
        self.nodes.append(Node(f"node{len(self.nodes)}", translation=place, mesh=len(self.meshes) - 1))  # type: ignore[arg-type]
        return len(self.nodes) - 1

    def place(self, height: float = 0.0, spread: float = 0.8) -> np.ndarray:
        angle, distance = self.rng.uniform(0, 2 * math.pi), EXTENT * spread * math.sqrt(self.rng.random())
        return np.array([math.cos(angle) * distance, height, math.sin(angle) * distance])

    def surface(self) -> int:
        """An opaque textured material, dull or glossy, sometimes plain metal."""
        rng = self.rng
        if rng.random() < 0.2:
            colour = (*map(float, rng.uniform(0.4, 0.98, 3)), 1.0)
            return self.material(base_colour=colour, metallic=1.0, roughness=float(rng.uniform(0.05, 0.5)))
        make = textures.SURFACES[int(rng.choice(len(textures.SURFACES), p=[0.25, 0.25, 0.15, 0.2, 0.15]))]
        return self.material(
            base_colour_texture=self.image(make(rng)),
            metallic=float(rng.random() < 0.12),
            roughness=float(rng.uniform(0.15, 1.0)),
        )

    def animate(self, node: int, path: str, times: np.ndarray, values: np.ndarray) -> None:
        self.channels.append(Channel(node, path, times.astype(np.float32), values.astype(np.float32)))  # type: ignore[arg-type]


def _ground(b: _Builder) -> None:
    reach, repeats = 40.0, float(b.rng.uniform(0.2, 1.2))
    plane = shapes.quad(
        np.zeros(3), np.array([reach, 0, 0]), np.array([0, 0, -reach]), tiles=(reach * repeats, reach * repeats)
    )
    b.node(_with(plane, b.surface()))


def _with(primitive: Primitive, material: int) -> Primitive:
    return shapes.merged([primitive], material)


def _walls(b: _Builder) -> None:
    reach, height = EXTENT * b.rng.uniform(1.05, 1.6), b.rng.uniform(3, 9)
    material, repeats = b.surface(), b.rng.uniform(0.2, 0.8)
    for side in range(4):
        if b.rng.random() < 0.25:
            continue
        angle = side * math.pi / 2
        inward = np.array([math.sin(angle), 0, math.cos(angle)])
        along = np.array([math.cos(angle), 0, -math.sin(angle)])
        tiles = (2 * reach * repeats, height * repeats)
        wall = shapes.quad(
            -inward * reach + [0, height / 2, 0], along * reach, np.array([0, height / 2, 0]), tiles=tiles
        )
        b.node(_with(wall, material))


def _boxes(b: _Builder) -> None:
    for _ in range(int(b.rng.integers(4, 16))):
        half = np.exp(b.rng.uniform(math.log(0.12), math.log(1.6), 3))
        b.node(_with(shapes.box(b.place(float(half[1])), half, tiles=float(b.rng.uniform(0.3, 2.0))), b.surface()))


def _spheres(b: _Builder) -> None:
    for _ in range(int(b.rng.integers(0, 5))):
        radius = float(b.rng.uniform(0.15, 1.1))
        b.node(_with(shapes.sphere(np.zeros(3), radius), b.surface()), b.place(radius * b.rng.uniform(1.0, 1.6)))


def _plain(b: _Builder, dark: float = 0.02, light: float = 0.8) -> int:
    colour = (*map(float, np.exp(b.rng.uniform(math.log(dark), math.log(light))) * b.rng.uniform(0.6, 1.0, 3)), 1.0)
    metallic, roughness = float(b.rng.random() < 0.4), float(b.rng.uniform(0.2, 0.9))
    return b.material(base_colour=colour, metallic=metallic, roughness=roughness)


def _wires(b: _Builder) -> None:
    wires = []
    for _ in range(int(b.rng.integers(2, 12))):
        a, c = b.place(b.rng.uniform(1.5, 5), 1.2), b.place(b.rng.uniform(1.5, 5), 1.2)
        t = np.linspace(0, 1, 12)[:, None]
        points = a + (c - a) * t - np.array([0, b.rng.uniform(0, 0.8), 0]) * 4 * t * (1 - t)
        wires.append(shapes.tube(points, float(b.rng.uniform(0.004, 0.02))))
    b.node(shapes.merged(wires, _plain(b)))


def _bars(b: _Builder) -> None:
    """A fence of upright bars with rails, or a scaffold-like grid."""
    rng = b.rng
    origin, angle = b.place(), rng.uniform(0, math.pi)
    along, count = np.array([math.cos(angle), 0, math.sin(angle)]), int(rng.integers(12, 60))
    gap, height, half = rng.uniform(0.05, 0.25), rng.uniform(0.8, 2.4), rng.uniform(0.006, 0.025)
    upright = np.array([[0, 0, 0], [0, height / 2, 0], [0, height, 0]]) + origin
    bars = [shapes.tube(upright + along * gap * (i - count / 2), half) for i in range(count)]
    for level in rng.uniform(0.1, 1.0, int(rng.integers(2, 7))) * height:
        ends = np.linspace(-0.5, 0.5, 3)[:, None] * along * gap * count + origin + [0, level, 0]
        bars.append(shapes.tube(ends, half))
    b.node(shapes.merged(bars, _plain(b)))


def _cards(b: _Builder, leaves: bool) -> None:
    rng = b.rng
    make = textures.leaves if leaves else textures.mesh_fence
    material = b.material(
        base_colour_texture=b.image(make(rng)),
        metallic=0.0,
        roughness=0.8,
        alpha_mode="MASK",
        alpha_cutoff=0.5,
        double_sided=True,
    )
    centre, cards = b.place(), []
    for _ in range(int(rng.integers(12, 60)) if leaves else 3):
        angle, half = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 0.9) if leaves else rng.uniform(0.8, 2.0)
        up = np.array([0, half, 0]) + (rng.normal(0, 0.25, 3) * half if leaves else 0)
        along = np.array([math.cos(angle), 0, math.sin(angle)]) * half
        offset = rng.normal(0, 1.2, 3) * [1, 0.6, 1] if leaves else np.array([2 * half, 0, 0]) * rng.normal(0, 1)
        at = centre + offset
        at[1] = abs(at[1]) + half
        repeats = 1.0 if leaves else float(rng.uniform(0.7, 2.5))
        cards.append(shapes.quad(at, along, up, tiles=(repeats, repeats)))
    b.node(shapes.merged(cards, material))


def _signs(b: _Builder) -> None:
    rng = b.rng
    for _ in range(int(rng.integers(1, 5))):
        angle, half = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 1.6)
        picture = b.image(textures.text(rng))
        if rng.random() < 0.5:
            glow = float(np.exp(rng.uniform(math.log(0.6), math.log(8.0))))
            scroll = (float(rng.uniform(-0.6, 0.6)), 0.0) if rng.random() < 0.6 else (0.0, 0.0)
            material = b.material(
                base_colour=(0.02, 0.02, 0.02, 1.0),
                metallic=0.0,
                emissive=(glow, glow, glow),
                emissive_texture=picture,
                uv_scroll=scroll,
                double_sided=True,
            )
        else:
            material = b.material(base_colour_texture=picture, metallic=0.0, roughness=0.6, double_sided=True)
        along = np.array([math.cos(angle), 0, math.sin(angle)]) * half
        at = b.place(float(rng.uniform(half, 3.0)))
        b.node(_with(shapes.quad(at, along, np.array([0, half / 2, 0])), material))


def _lamps(b: _Builder) -> None:
    radiance = np.exp(b.rng.uniform(0, math.log(30.0))) * b.rng.uniform(0.3, 1.0, 3)
    material = b.material(base_colour=(0.0, 0.0, 0.0, 1.0), emissive=tuple(map(float, radiance)))
    lamps = [
        shapes.sphere(b.place(b.rng.uniform(1, 4)), float(b.rng.uniform(0.02, 0.12)), 5, 8)
        for _ in range(int(b.rng.integers(3, 20)))
    ]
    b.node(shapes.merged(lamps, material))


def _spinning(b: _Builder) -> None:
    """A fan: flat blades turning about a random axis, 0.2 to 4 turns a second."""
    rng = b.rng
    blades, length = int(rng.integers(2, 7)), rng.uniform(0.3, 1.2)
    parts = []
    for i in range(blades):
        angle = 2 * math.pi * i / blades
        along = np.array([math.cos(angle), math.sin(angle), 0.0])
        across = np.array([-math.sin(angle), math.cos(angle), 0.35]) * rng.uniform(0.08, 0.16)
        parts.append(shapes.quad(along * length / 2, along * length / 2, across))
        parts.append(shapes.quad(along * length / 2, along * length / 2, -across))
    material = _plain(b) if rng.random() < 0.5 else b.surface()
    node = b.node(shapes.merged(parts, material), b.place(rng.uniform(0.8, 2.5)))
    turns = float(np.exp(rng.uniform(math.log(0.2), math.log(4.0)))) * rng.choice([-1, 1])
    tilt = rng.uniform(0, 2 * math.pi)
    times = np.arange(0, _LOOP + 1e-6, 1 / (8 * abs(turns)))
    spin = times * turns * math.pi  # half angles
    # Rotation about z, then a fixed turn about y: q = q_y * q_z, components x, y, z, w.
    cy, sy = math.cos(tilt / 2), math.sin(tilt / 2)
    q = np.stack([sy * np.sin(spin), sy * np.cos(spin), cy * np.sin(spin), cy * np.cos(spin)], axis=1)
    b.animate(node, "rotation", times, q)


def _travelling(b: _Builder, small: bool) -> None:
    """Boxes or balls on closed paths in front of everything, slow and large or small and fast; some tumble."""
    rng = b.rng
    for _ in range(int(rng.integers(3, 14) if small else rng.integers(1, 5))):
        size = float(rng.uniform(0.03, 0.12) if small else rng.uniform(0.2, 0.8))
        if rng.random() < 0.5:
            shape = shapes.box(np.zeros(3), np.full(3, size) * rng.uniform(0.5, 1.5, 3), tiles=1.0 / size)
        else:
            shape = shapes.sphere(np.zeros(3), size, 8, 12)
        node = b.node(_with(shape, b.surface()))
        speed = float(np.exp(rng.uniform(math.log(0.3), math.log(9.0 if small else 3.0))))
        corners = np.stack([b.place(rng.uniform(0.4, 3.0)) for _ in range(6)])
        corners = np.concatenate([corners, corners[:1]])
        lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        times = np.concatenate([[0.0], np.cumsum(lengths) / speed])
        b.animate(node, "translation", times, corners)
        if rng.random() < 0.6:
            turn, axis = np.arange(0, times[-1], 0.25), rng.normal(0, 1, 3)
            half = turn * rng.uniform(0.5, 4.0)
            q = np.concatenate([np.sin(half)[:, None] * axis / np.linalg.norm(axis), np.cos(half)[:, None]], axis=1)
            b.animate(node, "rotation", turn, q)


def _glass(b: _Builder) -> None:
    rng = b.rng
    colour = (*map(float, rng.uniform(0.2, 1.0, 3)), float(rng.uniform(0.15, 0.6)))
    material = b.material(
        base_colour=colour, metallic=0.0, roughness=0.08, alpha_mode="BLEND", double_sided=True, reactive=0.5
    )
    angle = rng.uniform(0, math.pi)
    along = np.array([math.cos(angle), 0, math.sin(angle)]) * rng.uniform(0.5, 2.0)
    b.node(_with(shapes.quad(b.place(1.3), along, np.array([0, 1.2, 0])), material))


def _sparks(b: _Builder) -> None:
    rng = b.rng
    b.nodes.append(Node("emitter", translation=tuple(map(float, b.place(float(rng.uniform(0.1, 1.0)))))))  # type: ignore[arg-type]
    b.emitters.append(
        Emitter(
            node=len(b.nodes) - 1,
            count=int(rng.integers(20, 120)),
            lifetime=float(rng.uniform(0.5, 2.0)),
            velocity=(0.0, float(rng.uniform(1.0, 4.0)), 0.0),
            spread=float(rng.uniform(0.2, 1.2)),
            gravity=float(rng.uniform(0.0, 6.0)),
            size=float(rng.uniform(0.015, 0.08)),
            colour=tuple(map(float, rng.uniform(0.5, 6.0, 3))),  # type: ignore[arg-type]
            additive=bool(rng.random() < 0.7),
            seed=int(rng.integers(1, 1 << 30)),
        )
    )


_OPTIONAL = (
    (0.45, _walls),
    (0.95, _boxes),
    (0.7, _spheres),
    (0.6, _wires),
    (0.6, _bars),
    (0.6, lambda b: _cards(b, leaves=True)),
    (0.3, lambda b: _cards(b, leaves=True)),
    (0.4, lambda b: _cards(b, leaves=False)),
    (0.8, _signs),
    (0.4, _lamps),
    (0.5, _spinning),
    (0.5, lambda b: _travelling(b, small=False)),
    (0.4, lambda b: _travelling(b, small=True)),
    (0.25, _glass),
    (0.2, _sparks),
)


def random_scene(seed: int, environments: tuple[str, ...] = ("studio",)) -> SceneModel:
    """The scene of `seed`: always the same one for the same list of environments."""
    rng = np.random.default_rng([seed, 0x5CE])
    b = _Builder(rng)
    _ground(b)
    for chance, add in _OPTIONAL:
        if rng.random() < chance:
            add(b)
    azimuth, height = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 1.2)
    toward = (math.cos(azimuth) * math.cos(height), math.sin(height), math.sin(azimuth) * math.cos(height))
    strength = float(np.exp(rng.uniform(math.log(0.8), math.log(5.0))))
    warm = rng.uniform(0.7, 1.0, 3)
    sun = Sun(toward, tuple(map(float, strength * warm))) if rng.random() < 0.75 else None  # type: ignore[arg-type]
    animations = ()
    if b.channels:
        end = max(float(c.times[-1]) for c in b.channels)
        animations = (Animation("all", tuple(b.channels), end),)
    return SceneModel(
        name=f"random:{seed}",
        nodes=tuple(b.nodes),
        meshes=tuple(b.meshes),
        materials=tuple(b.materials),
        images=tuple(b.images),
        animations=animations,
        emitters=tuple(b.emitters),
        environment=environments[int(rng.integers(len(environments)))],
        environment_strength=float(rng.uniform(0.5, 1.3)),
        sun=sun,
        exposure=float(np.exp(rng.uniform(math.log(0.6), math.log(1.3)))),
    )
