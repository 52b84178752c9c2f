"""What random scenes are put together with: one generator of random numbers and the lists of a SceneModel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from app.scene.model import Channel, Emitter, Image, Light, Material, Mesh, Node, Primitive, Skin, TextureUse
from models.data import random_textures as textures

EXTENT = 9.0
"""Radius in metres of the disc that holds the things and the camera."""
LOOP = 40.0
"""Seconds after which animations repeat; a clip lies within the first 10."""

Vector = np.ndarray


@dataclass(slots=True)
class Builder:
    """`ambient` is the share of the sky's light that reaches the things: below 1 inside buildings."""

    rng: np.random.Generator
    ambient: float = 1.0
    images: list[Image] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    meshes: list[Mesh] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    skins: list[Skin] = field(default_factory=list)
    lights: list[Light] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    emitters: list[Emitter] = field(default_factory=list)
    _shade: TextureUse | None = None

    def log_uniform(self, low: float, high: float) -> float:
        return float(np.exp(self.rng.uniform(math.log(low), math.log(high))))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def image(self, pixels: np.ndarray, *, nearest: bool = False) -> TextureUse:
        self.images.append(Image(f"image{len(self.images)}", pixels))
        return TextureUse(len(self.images) - 1, nearest=nearest)

    def material(self, **settings) -> int:
        if self.ambient < 1.0 and not settings.get("unlit"):
            settings["occlusion_texture"] = self._shaded()
        self.materials.append(Material(name=f"material{len(self.materials)}", **settings))
        return len(self.materials) - 1

    def node(self, primitive: Primitive, at: Vector | None = None, *, skin: int = -1, parent: int = -1) -> int:
        """`primitive` as a mesh of its own; returns the node's number."""
        self.meshes.append(Mesh(f"mesh{len(self.meshes)}", (primitive,)))
        return self.joint(at, parent=parent, mesh=len(self.meshes) - 1, skin=skin)

    def joint(self, at: Vector | None = None, *, parent: int = -1, mesh: int = -1, skin: int = -1) -> int:
        place = tuple(map(float, at)) if at is not None else (0.0, 0.0, 0.0)
        name = f"node{len(self.nodes)}"
        self.nodes.append(Node(name, parent=parent, translation=place, mesh=mesh, skin=skin))  # type: ignore[arg-type]
        return len(self.nodes) - 1

    def light(self, at: Vector, colour: Vector, candela: float) -> None:
        self.lights.append(Light("point", tuple(map(float, colour)), candela, range=12.0))  # type: ignore[arg-type]
        number = self.joint(at)
        self.nodes[number] = replace(self.nodes[number], light=len(self.lights) - 1)

    def place(self, height: float = 0.0, spread: float = 0.8) -> Vector:
        """A point above the disc, `spread` of its radius from the middle at most."""
        angle, distance = self.rng.uniform(0, 2 * math.pi), EXTENT * spread * math.sqrt(self.rng.random())
        return np.array([math.cos(angle) * distance, height, math.sin(angle) * distance])

    def level(self) -> tuple[Vector, Vector]:
        """A random horizontal direction and the one at right angles to it; along x up = across."""
        angle = self.rng.uniform(0, 2 * math.pi)
        along = np.array([math.cos(angle), 0.0, math.sin(angle)])
        return along, np.array([-along[2], 0.0, along[0]])

    def surface(self, make: Callable[[np.random.Generator], np.ndarray] | None = None) -> int:
        """An opaque textured material, dull or glossy, perhaps embossed; sometimes plain metal. `make` draws its
        texture, any of textures.SURFACES if it is None."""
        rng = self.rng
        if make is None and self.chance(0.12):
            return self.metal()
        if make is None:
            make = textures.SURFACES[int(rng.choice(len(textures.SURFACES), p=textures.SURFACE_CHANCES))]
        pixels = make(rng)
        settings: dict = {
            # Texels with hard edges are what a procedural material of another renderer looks like.
            "base_colour_texture": self.image(pixels, nearest=self.chance(0.25)),
            "metallic": float(self.chance(0.1)),
            "roughness": float(rng.uniform(0.12, 1.0)),
        }
        if self.chance(0.3):
            settings["normal_texture"] = self.image(textures.normal_map(pixels[..., :3].mean(-1), rng.uniform(0.5, 3)))
        return self.material(**settings)

    def metal(self) -> int:
        """Plain or finely embossed metal, from mirror to satin: highlights that sparkle at and below the pixel."""
        rng = self.rng
        settings: dict = {
            "base_colour": (*map(float, rng.uniform(0.4, 0.98, 3)), 1.0),
            "metallic": 1.0,
            "roughness": float(rng.uniform(0.05, 0.5)),
        }
        if self.chance(0.6):
            settings["normal_texture"] = self.image(
                textures.normal_map(textures.embossing(rng), self.log_uniform(0.5, 4.0))
            )
        return self.material(**settings)

    def plain(self, dark: float = 0.02, light: float = 0.8) -> int:
        """One colour, painted or metal."""
        rng = self.rng
        colour = (*map(float, self.log_uniform(dark, light) * rng.uniform(0.5, 1.0, 3)), 1.0)
        return self.material(
            base_colour=colour,
            metallic=float(self.chance(0.3)),
            roughness=float(rng.uniform(0.15, 0.9)),
            double_sided=True,
        )

    def glowing(self, radiance: Vector, picture: TextureUse | None = None, scroll: tuple[float, float] = (0, 0)) -> int:
        return self.material(
            base_colour=(0.02, 0.02, 0.02, 1.0),
            metallic=0.0,
            roughness=0.5,
            emissive=tuple(map(float, radiance)),
            emissive_texture=picture,
            uv_scroll=scroll,
            double_sided=True,
        )

    def animate(self, node: int, path: str, times: np.ndarray, values: np.ndarray) -> None:
        self.channels.append(Channel(node, path, times.astype(np.float32), values.astype(np.float32)))  # type: ignore[arg-type]

    def spin(self, node: int, turns: float, first: Vector | None = None) -> None:
        """Turns about the node's z axis, `turns` a second, then by the fixed quaternion `first`."""
        times = np.arange(0, LOOP + 1e-6, 1 / (8 * abs(turns)))
        half = times * turns * math.pi
        turned = np.stack([0 * half, 0 * half, np.sin(half), np.cos(half)], axis=1)
        self.animate(node, "rotation", times, turned if first is None else product(first, turned))

    def _shaded(self) -> TextureUse:
        if self._shade is None:
            value = max(1, round(255 * self.ambient))
            self._shade = self.image(np.full((1, 1, 4), (value, value, value, 255), np.uint8))
        return self._shade


def quaternion(axis: ArrayLike, angle: float | np.ndarray) -> np.ndarray:
    """(x, y, z, w) of a turn by `angle` radians about `axis`; (n, 4) for n angles."""
    half = np.asarray(angle, float) / 2
    unit = np.asarray(axis, float) / np.linalg.norm(np.asarray(axis, float))
    return np.concatenate([np.sin(half)[..., None] * unit, np.cos(half)[..., None]], axis=-1)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of quaternions (x, y, z, w): the turn b, then the turn a."""
    av, aw, bv, bw = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = aw * bv + bw * av + np.cross(av, bv)
    return np.concatenate([vector, aw * bw - (av * bv).sum(-1, keepdims=True)], axis=-1)
