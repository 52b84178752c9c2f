"""A loaded scene as plain data: what a glTF file says, decoded, plus what our own scenes add in `extras`.

World space is glTF's: right-handed, metres, +Y up, cameras look along -Z. Matrices are float64 numpy arrays of
shape (4, 4) acting on column vectors (translation in the last column).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from app.scene.camera import CameraPath

AlphaMode = Literal["OPAQUE", "MASK", "BLEND"]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """8-bit RGBA pixels of shape (height, width, 4), row 0 at the top. Whether they are sRGB depends on use."""

    name: str
    pixels: np.ndarray


@dataclass(frozen=True, slots=True)
class TextureUse:
    """An image as a material uses it: sampler, texture coordinate set and KHR_texture_transform."""

    image: int
    texcoord: int = 0
    wrap: tuple[str, str] = ("repeat", "repeat")  # or "clamp", "mirror"
    nearest: bool = False
    offset: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0  # radians, counter-clockwise in uv space as the extension defines it


@dataclass(frozen=True, slots=True)
class Material:
    """Metallic-roughness with the common KHR extensions. Colours are linear Rec.709 factors."""

    name: str = "default"
    base_colour: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    base_colour_texture: TextureUse | None = None
    metallic: float = 1.0
    roughness: float = 1.0
    metallic_roughness_texture: TextureUse | None = None
    normal_texture: TextureUse | None = None
    normal_scale: float = 1.0
    occlusion_texture: TextureUse | None = None
    occlusion_strength: float = 1.0
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)  # times KHR_materials_emissive_strength already
    emissive_texture: TextureUse | None = None
    alpha_mode: AlphaMode = "OPAQUE"
    alpha_cutoff: float = 0.5
    double_sided: bool = False
    unlit: bool = False
    ior: float = 1.5
    specular: float = 1.0
    specular_colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    clearcoat: float = 0.0
    clearcoat_roughness: float = 0.0
    transmission: float = 0.0
    sheen_colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    sheen_roughness: float = 0.0
    # extras.supersee: how far all texture coordinates move per second, and whether the planar mirror shows in it.
    uv_scroll: tuple[float, float] = (0.0, 0.0)
    mirror: bool = False
    # 0..1: how little history may be trusted on this surface (glass and additive things write it themselves).
    reactive: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """Triangles (other modes are triangulated or reported). n vertices, m indices (multiple of 3), k morphs."""

    positions: np.ndarray  # (n, 3) float32
    indices: np.ndarray  # (m,) uint32
    normals: np.ndarray  # (n, 3) float32, unit length: computed flat where the file has none
    tangents: np.ndarray | None = None  # (n, 4) float32, w = handedness
    uv0: np.ndarray | None = None  # (n, 2) float32
    uv1: np.ndarray | None = None
    colours: np.ndarray | None = None  # (n, 4) float32 linear
    joints: np.ndarray | None = None  # (n, 4) uint16
    weights: np.ndarray | None = None  # (n, 4) float32, rows sum to 1
    morph_positions: np.ndarray | None = None  # (k, n, 3) float32 deltas
    morph_normals: np.ndarray | None = None  # (k, n, 3) float32 deltas
    material: int = -1  # -1: the default material


@dataclass(frozen=True, slots=True)
class Mesh:
    name: str
    primitives: tuple[Primitive, ...]
    morph_weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Local transform as TRS (quaternion x, y, z, w), or as a matrix where the file gives one."""

    name: str
    parent: int = -1
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    matrix: np.ndarray | None = None
    mesh: int = -1
    skin: int = -1
    light: int = -1
    morph_weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    joints: tuple[int, ...]  # node indices
    inverse_bind: np.ndarray  # (joints, 4, 4) float64


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One animated property. times (t,) seconds ascending; values (t, c), or (3t, c) for CUBICSPLINE."""

    node: int
    path: Literal["translation", "rotation", "scale", "weights"]
    times: np.ndarray
    values: np.ndarray
    interpolation: Literal["LINEAR", "STEP", "CUBICSPLINE"] = "LINEAR"


@dataclass(frozen=True, slots=True)
class Animation:
    """Loops over `duration` seconds."""

    name: str
    channels: tuple[Channel, ...]
    duration: float


@dataclass(frozen=True, slots=True)
class Light:
    """KHR_lights_punctual; colour linear, intensity in the extension's units (lux or candela)."""

    kind: Literal["directional", "point", "spot"]
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    intensity: float = 1.0
    range: float = 0.0  # 0: unlimited
    inner_cone: float = 0.0
    outer_cone: float = 0.7853981633974483


@dataclass(frozen=True, slots=True)
class Emitter:
    """A particle fountain in closed form: particle i's place is a function of time alone (see scene/particles.py)."""

    node: int
    count: int
    lifetime: float  # s
    velocity: tuple[float, float, float]  # m/s at birth, local axes
    spread: float  # m/s, random per axis
    gravity: float  # m/s^2 downwards
    size: float  # m
    colour: tuple[float, float, float]  # linear radiance
    additive: bool = True
    opacity: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Sun:
    """`direction` points from the scene to the sun; `radiance` is linear irradiance at normal incidence."""

    direction: tuple[float, float, float] = (0.4, 0.8, 0.45)
    radiance: tuple[float, float, float] = (3.0, 2.9, 2.7)
    angular_radius: float = 0.02  # radians, softness of the shadow


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class SceneModel:
    """Everything there is to draw. Compared by identity, so that what is prepared for a model can be kept with it.
    `notes` name, for people, what the file asks for and we do not do."""

    name: str
    nodes: tuple[Node, ...]
    meshes: tuple[Mesh, ...]
    materials: tuple[Material, ...]
    images: tuple[Image, ...]
    skins: tuple[Skin, ...] = ()
    animations: tuple[Animation, ...] = ()
    lights: tuple[Light, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    camera_paths: tuple[CameraPath, ...] = ()
    environment: str = "studio"  # a name in assets/environments
    environment_strength: float = 1.0
    sun: Sun | None = None
    exposure: float = 1.0
    mirror_height: float | None = None  # world y of the planar mirror, where a material asks for it
    notes: tuple[str, ...] = field(default=())
