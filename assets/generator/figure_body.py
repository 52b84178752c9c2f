"""A mannequin 1.76 m tall in the bind pose: 21 joints and one smooth skin. It faces +Z, its left is +X."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.generator.primitives import sphere
from assets.generator.shape import Shape, frame_to, merged

# name: (parent, position in metres)
JOINTS: dict[str, tuple[str | None, tuple[float, float, float]]] = {
    "hips": (None, (0.0, 0.95, 0.0)),
    "spine": ("hips", (0.0, 1.06, 0.0)),
    "chest": ("spine", (0.0, 1.22, -0.005)),
    "neck": ("chest", (0.0, 1.47, -0.015)),
    "head": ("neck", (0.0, 1.56, 0.0)),
}
for _side, _sign in (("left", 1.0), ("right", -1.0)):
    JOINTS |= {
        f"{_side}_collar": ("chest", (_sign * 0.05, 1.41, -0.01)),
        f"{_side}_arm": (f"{_side}_collar", (_sign * 0.185, 1.405, -0.01)),
        f"{_side}_forearm": (f"{_side}_arm", (_sign * 0.215, 1.13, -0.015)),
        f"{_side}_hand": (f"{_side}_forearm", (_sign * 0.235, 0.89, 0.01)),
        f"{_side}_thigh": ("hips", (_sign * 0.095, 0.915, 0.0)),
        f"{_side}_shin": (f"{_side}_thigh", (_sign * 0.095, 0.50, 0.0)),
        f"{_side}_foot": (f"{_side}_shin", (_sign * 0.095, 0.085, 0.0)),
        f"{_side}_toes": (f"{_side}_foot", (_sign * 0.095, 0.03, 0.135)),
    }
NAMES = tuple(JOINTS)
NUMBER = {name: i for i, name in enumerate(NAMES)}

# Columns of the figure's texture: u ranges for cloth of the shirt, trousers, shell (skin) and shoes.
SHIRT, TROUSERS, SHELL, SHOES = (0.01, 0.47), (0.53, 0.72), (0.78, 0.86), (0.91, 0.98)


def position(name: str) -> np.ndarray:
    return np.array(JOINTS[name][1])


def _off(point: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    return point + np.array([x, y, z])


def _limb(stations: list[tuple], sides: int, region: tuple[float, float], rate: float) -> Shape:
    """A tube through stations (centre, half width, half depth, {joint: weight}). Texture v in repeats of 1/rate m."""
    centres = np.array([s[0] for s in stations], float)
    ahead = np.gradient(centres, axis=0)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    positions, joints, weights, uv = [], [], [], []
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1))])
    for (centre, wide, deep, bind), direction, along in zip(stations, ahead, length):
        # The body hangs along Y: x across and z deep stay close to the world's axes.
        frame = frame_to(direction, up=(0.0, 0.0, 1.0))
        ring = np.cos(angle)[:, None] * frame[:, 0] * wide + np.sin(angle)[:, None] * frame[:, 1] * deep
        positions.append(np.asarray(centre) + ring)
        names, parts = list(bind), np.array(list(bind.values()), float)
        row_j, row_w = np.zeros(4, int), np.zeros(4)
        row_j[: len(names)], row_w[: len(names)] = [NUMBER[n] for n in names], parts / parts.sum()
        joints.append(np.tile(row_j, (sides + 1, 1)))
        weights.append(np.tile(row_w, (sides + 1, 1)))
        u = region[0] + (region[1] - region[0]) * np.abs(angle / np.pi - 1.0)
        uv.append(np.stack([u, np.full(sides + 1, along * rate)], axis=1))
    index = np.arange(len(stations) * (sides + 1)).reshape(len(stations), sides + 1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    shape = Shape(
        np.concatenate(positions),
        np.zeros((index.size, 3)),
        np.concatenate(uv),
        np.stack([a, b, c, a, c, d], -1).reshape(-1),
        None,
        np.concatenate(joints),
        np.concatenate(weights),
    )
    return _smoothed(shape, sides + 1)


def _smoothed(shape: Shape, ring: int) -> Shape:
    """Area-weighted normals, outward, with the seam of each ring closed."""
    triangles = shape.indices.reshape(-1, 3)
    p = shape.positions[triangles]
    faces = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    normals = np.zeros_like(shape.positions)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    rows = normals.reshape(-1, ring, 3)
    rows[:, 0] = rows[:, -1] = rows[:, 0] + rows[:, -1]
    centre = shape.positions.reshape(-1, ring, 3).mean(1, keepdims=True)
    outward = (normals.reshape(-1, ring, 3) * (shape.positions.reshape(-1, ring, 3) - centre)).sum()
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    fixed = replace(shape, normals=normals)
    return fixed if outward > 0 else replace(fixed.flipped())


def _bound(shape: Shape, joint: str, region: tuple[float, float]) -> Shape:
    """A rigid piece that follows one joint."""
    n = len(shape.positions)
    joints, weights = np.zeros((n, 4), int), np.zeros((n, 4))
    joints[:, 0], weights[:, 0] = NUMBER[joint], 1.0
    uv = np.tile([(region[0] + region[1]) / 2, 0.5], (n, 1))
    return replace(shape, joints=joints, weights=weights, uv=uv)


def _torso() -> list[Shape]:
    seat = _limb(
        [
            ((0, 0.855, 0.0), 0.02, 0.02, {"hips": 1}),
            ((0, 0.862, 0.0), 0.13, 0.095, {"hips": 1}),
            ((0, 0.92, -0.005), 0.171, 0.121, {"hips": 1}),
            ((0, 0.985, 0.0), 0.160, 0.110, {"hips": 0.8, "spine": 0.2}),
            ((0, 1.0, 0.0), 0.11, 0.08, {"hips": 0.8, "spine": 0.2}),
        ],
        18,
        TROUSERS,
        1.5,
    )
    shirt = _limb(
        [
            ((0, 0.958, 0.0), 0.13, 0.09, {"hips": 0.9, "spine": 0.1}),
            ((0, 0.955, 0.0), 0.174, 0.122, {"hips": 0.9, "spine": 0.1}),
            ((0, 0.99, 0.0), 0.168, 0.117, {"hips": 0.75, "spine": 0.25}),
            ((0, 1.05, 0.0), 0.150, 0.106, {"hips": 0.35, "spine": 0.65}),
            ((0, 1.13, 0.0), 0.148, 0.104, {"spine": 0.8, "chest": 0.2}),
            ((0, 1.21, 0.0), 0.160, 0.113, {"spine": 0.3, "chest": 0.7}),
            ((0, 1.30, 0.005), 0.176, 0.119, {"chest": 1}),
            ((0, 1.37, 0.0), 0.184, 0.110, {"chest": 1}),
            ((0, 1.42, -0.008), 0.172, 0.092, {"chest": 1}),
            ((0, 1.45, -0.012), 0.128, 0.076, {"chest": 1}),
            ((0, 1.472, -0.013), 0.080, 0.066, {"chest": 0.9, "neck": 0.1}),
            ((0, 1.488, -0.014), 0.057, 0.060, {"chest": 0.6, "neck": 0.4}),
        ],
        18,
        SHIRT,
        4.0,
    )
    return [seat, shirt]


def _arm(side: str, sign: float) -> list[Shape]:
    shoulder, elbow, wrist = position(f"{side}_arm"), position(f"{side}_forearm"), position(f"{side}_hand")
    collar, arm, forearm, hand = (f"{side}_{n}" for n in ("collar", "arm", "forearm", "hand"))
    along = lambda a, b, t: a + (b - a) * t  # noqa: E731
    sleeve = _limb(
        [
            (_off(shoulder, -sign * 0.075, 0.012, 0), 0.030, 0.050, {"chest": 0.7, collar: 0.3}),
            (_off(shoulder, -sign * 0.030, 0.010, 0), 0.043, 0.060, {collar: 0.7, arm: 0.3}),
            (_off(shoulder, sign * 0.004, -0.006, 0), 0.052, 0.063, {collar: 0.3, arm: 0.7}),
            (along(shoulder, elbow, 0.15), 0.054, 0.062, {arm: 1}),
            (along(shoulder, elbow, 0.4), 0.051, 0.056, {arm: 1}),
            (along(shoulder, elbow, 0.68), 0.049, 0.052, {arm: 1}),
        ],
        12,
        SHIRT,
        4.0,
    )
    bare = _limb(
        [
            (along(shoulder, elbow, 0.6), 0.036, 0.039, {arm: 1}),
            (along(shoulder, elbow, 0.9), 0.037, 0.040, {arm: 0.85, forearm: 0.15}),
            (elbow, 0.037, 0.040, {arm: 0.5, forearm: 0.5}),
            (along(elbow, wrist, 0.15), 0.040, 0.041, {arm: 0.15, forearm: 0.85}),
            (along(elbow, wrist, 0.4), 0.037, 0.039, {forearm: 1}),
            (along(elbow, wrist, 0.85), 0.026, 0.030, {forearm: 1}),
            (wrist, 0.025, 0.030, {forearm: 0.5, hand: 0.5}),
            (_off(wrist, 0, -0.05, 0.01), 0.022, 0.042, {hand: 1}),
            (_off(wrist, 0, -0.11, 0.02), 0.018, 0.040, {hand: 1}),
            (_off(wrist, 0, -0.165, 0.03), 0.012, 0.026, {hand: 1}),
            (_off(wrist, 0, -0.175, 0.032), 0.003, 0.006, {hand: 1}),
        ],
        10,
        SHELL,
        1.0,
    )
    thumb = _bound(
        sphere(1.0, 8, 6).scaled(0.012, 0.038, 0.013).turned("x", -28).moved(*_off(wrist, 0, -0.065, 0.052)),
        hand,
        SHELL,
    )
    return [sleeve, bare, thumb]


def _leg(side: str) -> list[Shape]:
    hip, knee, ankle = position(f"{side}_thigh"), position(f"{side}_shin"), position(f"{side}_foot")
    thigh, shin, foot, toes = (f"{side}_{n}" for n in ("thigh", "shin", "foot", "toes"))
    along = lambda a, b, t: a + (b - a) * t  # noqa: E731
    trousers = _limb(
        [
            (_off(hip, 0, 0.04, 0), 0.070, 0.095, {"hips": 0.8, thigh: 0.2}),
            (_off(hip, 0, -0.03, 0), 0.086, 0.100, {"hips": 0.4, thigh: 0.6}),
            (along(hip, knee, 0.25), 0.083, 0.094, {"hips": 0.08, thigh: 0.92}),
            (along(hip, knee, 0.6), 0.071, 0.078, {thigh: 1}),
            (along(hip, knee, 0.88), 0.062, 0.067, {thigh: 0.85, shin: 0.15}),
            (knee, 0.059, 0.065, {thigh: 0.5, shin: 0.5}),
            (along(knee, ankle, 0.12), 0.058, 0.064, {thigh: 0.15, shin: 0.85}),
            (along(knee, ankle, 0.4), 0.057, 0.063, {shin: 1}),
            (along(knee, ankle, 0.93), 0.052, 0.058, {shin: 1}),
            (along(knee, ankle, 0.935), 0.036, 0.040, {shin: 1}),
            (ankle, 0.034, 0.038, {shin: 0.5, foot: 0.5}),
        ],
        12,
        TROUSERS,
        1.5,
    )
    sole = 0.085
    shoe = _limb(
        [
            (_off(ankle, 0, -0.048, -0.075), 0.012, 0.012, {foot: 1}),
            (_off(ankle, 0, -0.045, -0.068), 0.034, 0.038, {foot: 1}),
            (_off(ankle, 0, -0.040, -0.02), 0.042, 0.045, {foot: 1}),
            (_off(ankle, 0, -0.048, 0.06), 0.046, 0.037, {foot: 1}),
            (_off(ankle, 0, -0.056, 0.12), 0.050, 0.029, {foot: 0.6, toes: 0.4}),
            (_off(ankle, 0, -0.060, 0.165), 0.046, 0.025, {toes: 1}),
            (_off(ankle, 0, -0.063, 0.205), 0.028, 0.020, {toes: 1}),
            (_off(ankle, 0, -0.066, 0.215), 0.006, 0.008, {toes: 1}),
        ],
        12,
        SHOES,
        1.0,
    )
    flat = shoe.positions.copy()
    flat[:, 1] = np.maximum(flat[:, 1], ankle[1] - sole)
    return [trousers, replace(shoe, positions=flat)]


def body() -> Shape:
    """The whole skin, one shape with joints and weights."""
    neck = _limb(
        [
            ((0, 1.44, -0.014), 0.050, 0.052, {"chest": 0.8, "neck": 0.2}),
            ((0, 1.50, -0.012), 0.049, 0.052, {"neck": 1}),
            ((0, 1.56, 0.0), 0.048, 0.055, {"neck": 0.5, "head": 0.5}),
        ],
        12,
        SHELL,
        1.0,
    )
    head = _bound(sphere(1.0, 20, 14).scaled(0.078, 0.115, 0.098).moved(0, 1.645, 0.014), "head", SHELL)
    hair = _bound(sphere(1.0, 20, 12).scaled(0.083, 0.092, 0.098).moved(0, 1.684, -0.012), "head", TROUSERS)
    nose = _bound(sphere(1.0, 8, 6).scaled(0.012, 0.022, 0.016).moved(0, 1.635, 0.110), "head", SHELL)
    eyes = [_bound(sphere(0.011, 8, 6).moved(x, 1.662, 0.103), "head", TROUSERS) for x in (-0.031, 0.031)]
    parts = [*_torso(), neck, head, hair, nose, *eyes]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        parts += _arm(side, sign) + _leg(side)
    return merged(parts)
