"""Small scenes for the renderer's tests, made in code, and pictures read back from textures."""

from __future__ import annotations

import math
from dataclasses import replace

import moderngl
import numpy as np

from app.scene.camera import CameraPose
from app.scene.model import Image, Material, Mesh, Node, Primitive, SceneModel, Skin, Sun, TextureUse
from app.scene.state import ParticleState, SceneState

CAMERA = CameraPose((0.6, 1.4, 4.0), (0.0, 0.6, 0.0), math.radians(45.0), 0.1)


def box(half: tuple[float, float, float], material: int = 0) -> Primitive:
    """An axis-aligned box around the origin, 24 vertices, counter-clockwise from outside."""
    positions, normals, uvs, indices = [], [], [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal, side = np.zeros(3), np.zeros(3)
            normal[axis], side[(axis + 1) % 3] = sign, 1.0
            up = np.cross(normal, side)
            first = len(positions)
            for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                positions.append((normal + x * side + y * up) * half)
                normals.append(normal)
                uvs.append(((x + 1) / 2, (1 - y) / 2))
            indices += [first, first + 1, first + 2, first, first + 2, first + 3]
    return Primitive(
        np.array(positions, np.float32), np.array(indices, np.uint32), np.array(normals, np.float32),
        uv0=np.array(uvs, np.float32), material=material,
    )  # fmt: skip


def checks(size: int = 64) -> Image:
    """A soft pattern with a gradient: reprojection errors show on it, aliasing hardly does."""
    y, x = np.mgrid[:size, :size] / size
    pixels = np.full((size, size, 4), 255, np.uint8)
    pixels[..., 0] = 128 + 90 * np.sin(2 * np.pi * 2 * x)
    pixels[..., 1] = 128 + 90 * np.sin(2 * np.pi * 2 * y)
    pixels[..., 2] = 60 + 120 * x
    return Image("checks", pixels)


MATERIALS = (
    Material("pattern", base_colour_texture=TextureUse(0), metallic=0.0, roughness=1.0, specular=0.0),
    Material("floor", base_colour_texture=TextureUse(0, scale=(3.0, 3.0)), metallic=0.0, roughness=1.0, specular=0.0),
    Material("gold", (1.0, 0.77, 0.34, 1.0), metallic=1.0, roughness=0.25),
    Material("glass", (0.9, 1.0, 0.95, 0.3), metallic=0.0, roughness=0.05, alpha_mode="BLEND"),
    Material("glow", (0.0, 0.0, 0.0, 1.0), metallic=0.0, emissive=(0.5, 2.0, 3.0)),
)


def scene(*primitives: Primitive, floor: bool = True, sun: bool = False, **more: object) -> SceneModel:
    """Every primitive in a mesh and a node of its own, a floor below."""
    parts = [*primitives, *([box((4.0, 0.05, 4.0), 1)] if floor else [])]
    fields: dict = {
        "name": "test", "nodes": tuple(Node(f"n{i}", mesh=i) for i in range(len(parts))),
        "meshes": tuple(Mesh(f"m{i}", (part,)) for i, part in enumerate(parts)),
        "materials": MATERIALS, "images": (checks(),), "environment": "studio", "sun": Sun() if sun else None,
    }  # fmt: skip
    return SceneModel(**{**fields, **more})


def state(model: SceneModel, time: float = 0.0, camera: CameraPose = CAMERA, **more: object) -> SceneState:
    """All nodes at (0, 0.6, 0), the floor below; `more` replaces fields of the state."""
    world = np.tile(np.eye(4), (len(model.nodes), 1, 1))
    world[:, 1, 3] = 0.6
    if model.nodes and model.meshes[model.nodes[-1].mesh].primitives[0].material == 1:
        world[-1, 1, 3] = -0.05
    fields: dict = {
        "time": time, "camera": camera, "cut": False, "world": world, "joint_matrices": (), "morph_weights": {},
        "particles": (),
    }  # fmt: skip
    return SceneState(**{**fields, **more})


def moved(base: SceneState, node: int, matrix: np.ndarray, time: float) -> SceneState:
    world = base.world.copy()
    world[node] = matrix @ world[node]
    return replace(base, world=world, time=time)


def translation(x: float, y: float, z: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


def turn_y(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, 0], [0, 0, 0, 1.0]])


def skinned_bar() -> tuple[Primitive, Skin]:
    """A tall box of two joints that share the vertices between them."""
    part = box((0.3, 0.7, 0.3))
    upper = (part.positions[:, 1:2] + 0.7) / 1.4
    joints = np.zeros((len(part.positions), 4), np.uint16)
    joints[:, 1] = 1
    weights = np.concatenate([1 - upper, upper, 0 * upper, 0 * upper], axis=1).astype(np.float32)
    return replace(part, joints=joints, weights=weights), Skin((0, 0), np.tile(np.eye(4), (2, 1, 1)))


def morphing_box() -> Primitive:
    part = box((0.5, 0.5, 0.5))
    deltas = np.stack([part.positions * [0.5, 0.0, 0.0], part.positions * [0.0, 0.6, 0.0] + [0.0, 0.2, 0.0]])
    return replace(part, morph_positions=deltas.astype(np.float32))


def particle_cloud(offset: tuple[float, float, float], births: list[int]) -> ParticleState:
    centres = np.array([[-0.6, 0.7, 0.3], [0.1, 1.0, 0.4], [0.7, 0.5, 0.2]], np.float32)
    colours = np.array([[0.9, 0.3, 0.1, 1.0], [0.2, 0.8, 0.3, 1.0], [0.3, 0.3, 1.0, 1.0]], np.float32)
    return ParticleState(
        centres + np.asarray(offset, np.float32), np.full(3, 0.6, np.float32), colours, np.array(births), False
    )


def pixels(texture: moderngl.Texture) -> np.ndarray:
    """(height, width, components) as float64."""
    kind = {"f1": np.uint8, "f2": np.float16, "f4": np.float32}[texture.dtype]
    data = np.frombuffer(texture.read(), kind).reshape(texture.height, texture.width, texture.components)
    return data.astype(np.float64) / (255.0 if kind is np.uint8 else 1.0)


def display(linear: np.ndarray) -> np.ndarray:
    """Compressed and gamma-encoded to [0, 1], so that PSNR means something."""
    colour = np.maximum(linear[..., :3], 0.0)
    return (colour / (1.0 + colour)) ** (1 / 2.2)
