"""Walking figures for random scenes: capsule limbs under one smoothly weighted skin, swung by a plain gait."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from app.scene.model import Primitive, Skin
from models.data import random_meshes as shapes
from models.data.random_builder import LOOP, Builder, quaternion

_RINGS, _SIDES = 9, 9
# bone: (parent, joint at, end, radius at joint, radius at end), metres; the figure faces +Z and is 1.75 m high.
_BONES: dict[str, tuple[str, tuple[float, float, float], tuple[float, float, float], float, float]] = {
    "hips": ("", (0, 0.95, 0), (0, 1.08, 0), 0.15, 0.14),
    "chest": ("hips", (0, 1.08, 0), (0, 1.42, 0), 0.14, 0.17),
    "head": ("chest", (0, 1.5, 0), (0, 1.68, 0), 0.08, 0.10),
    "thigh.l": ("hips", (0.1, 0.93, 0), (0.1, 0.5, 0), 0.09, 0.065),
    "shin.l": ("thigh.l", (0.1, 0.5, 0), (0.1, 0.08, 0), 0.065, 0.045),
    "foot.l": ("shin.l", (0.1, 0.06, -0.04), (0.1, 0.04, 0.17), 0.05, 0.035),
    "arm.l": ("chest", (0.21, 1.4, 0), (0.25, 1.12, 0), 0.055, 0.045),
    "hand.l": ("arm.l", (0.25, 1.12, 0), (0.27, 0.83, 0.03), 0.045, 0.04),
}
_BONES |= {
    name[:-1] + "r": (parent.replace(".l", ".r"), (-at[0], at[1], at[2]), (-end[0], end[1], end[2]), near, far)
    for name, (parent, at, end, near, far) in _BONES.items()
    if name.endswith(".l")
}
_NAMES = tuple(_BONES)


def _limb(name: str) -> Primitive:
    """A capsule along the bone, bent to its parent at the joint: the first rings are shared half and half."""
    parent, start, end, near, far = _BONES[name]
    a, c = np.array(start), np.array(end)
    t = np.linspace(-near * 0.9, 1, _RINGS)
    length = float(np.linalg.norm(c - a))
    along = np.concatenate(
        [[-near, -0.7 * near], np.linspace(0, length, _RINGS - 4), [length + 0.7 * far, length + far]]
    )
    radius = np.interp(along, [0, length], [near, far])
    beyond = np.maximum(np.maximum(-along / near, (along - length) / far), 0.0)
    radius = np.maximum(radius * np.sqrt(np.maximum(1 - beyond**2, 0.0)), 1e-3)
    axis = (c - a) / length
    tube = shapes.tube(a + along[:, None] * axis, 1.0, _SIDES)
    centres = np.repeat(a + along[:, None] * axis, _SIDES, axis=0)
    positions = centres + tube.normals * np.repeat(radius, _SIDES)[:, None]
    slope = np.gradient(radius, along)
    normals = tube.normals - np.repeat(slope, _SIDES)[:, None] * axis
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    turn = np.tile(np.arange(_SIDES) / _SIDES, len(t))
    own, other = _NAMES.index(name), _NAMES.index(parent) if parent else _NAMES.index(name)
    share = np.repeat(np.clip(0.5 + 0.5 * along / max(near, 1e-3), 0.0, 1.0), _SIDES)
    joints = np.zeros((len(positions), 4), np.uint16)
    joints[:, 0], joints[:, 1] = own, other
    weights = np.zeros((len(positions), 4), np.float32)
    weights[:, 0], weights[:, 1] = share, 1 - share
    return replace(
        tube,
        positions=positions.astype(np.float32),
        normals=normals.astype(np.float32),
        uv0=np.stack([turn * 4 * near * 6.3, np.repeat(along, _SIDES) * 4], axis=1).astype(np.float32),
        joints=joints,
        weights=weights,
    )


def _swing(turn: np.ndarray, name: str) -> np.ndarray:
    """Pitch (radians, forwards positive) of a bone relative to its parent over the phase `turn` of the gait."""
    side = turn if name.endswith(".l") else turn + math.pi
    bone = name.split(".")[0]
    if bone == "thigh":
        return 0.5 * np.sin(side)
    if bone == "shin":
        return -0.55 * (1 + np.sin(side - 1.9)) * 0.9
    if bone == "foot":
        return 0.25 * np.sin(side - 0.8)
    if bone == "arm":
        return -0.5 * np.sin(side)
    return 0.35 + 0.2 * np.sin(-side) if bone == "hand" else 0 * turn


def _figure(b: Builder) -> None:
    rng = b.rng
    size, cycles = float(rng.uniform(0.85, 1.1)), int(rng.integers(24, 48))
    heading, start = rng.uniform(0, 2 * math.pi), b.place(0.0, 0.6)
    ahead = np.array([math.sin(heading), 0.0, math.cos(heading)])
    times = np.linspace(0, LOOP, cycles * 10 + 1)
    turn = times * (2 * math.pi * cycles / LOOP) + rng.uniform(0, 6.3)
    root = b.joint(start)
    b.nodes[root] = replace(
        b.nodes[root], rotation=tuple(map(float, quaternion([0, 1, 0], heading))), scale=(size,) * 3
    )  # type: ignore[arg-type]
    stroll = 1.25 * size * cycles / LOOP * ((times + 5) % 10 - 5)  # there for ten seconds, then from the start again
    b.animate(root, "translation", times, start + ahead * stroll[:, None])
    joints: dict[str, int] = {}
    for name, (parent, at, *_) in _BONES.items():
        rest = np.array(at) - (np.array(_BONES[parent][1]) if parent else 0.0)
        joints[name] = b.joint(rest, parent=joints[parent] if parent else root)
        if name in ("hips", "chest"):
            sway = quaternion([0, 1, 0], (0.12 if name == "hips" else -0.2) * np.sin(turn))
            b.animate(joints[name], "rotation", times, sway)
        elif name != "head":
            b.animate(joints[name], "rotation", times, quaternion([-1, 0, 0], _swing(turn, name)))
    inverse = np.tile(np.eye(4), (len(_NAMES), 1, 1))
    inverse[:, :3, 3] = [-np.array(_BONES[name][1]) for name in _NAMES]
    b.skins.append(Skin(tuple(joints[name] for name in _NAMES), inverse))
    trousers, shirt, skin = b.surface(), b.surface(), b.plain(0.1, 0.6)
    for material, bones in (
        (shirt, ("hips", "chest", "arm.l", "arm.r")),
        (trousers, ("thigh.l", "thigh.r", "shin.l", "shin.r", "foot.l", "foot.r")),
        (skin, ("head", "hand.l", "hand.r")),
    ):
        parts = [_limb(name) for name in bones]
        joined = shapes.merged(parts, material)
        b.node(
            replace(
                joined,
                joints=np.concatenate([p.joints for p in parts if p.joints is not None]),
                weights=np.concatenate([p.weights for p in parts if p.weights is not None]),
            ),
            skin=len(b.skins) - 1,
        )


def figures(b: Builder) -> None:
    for _ in range(int(b.rng.integers(1, 5))):
        _figure(b)
