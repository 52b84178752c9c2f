"""A walk cycle by inverse kinematics: a standing foot moves back exactly as fast as the body moves on, so it does
not slide. Everything in the figure's own frame: it faces +Z and stands on y = 0."""

from __future__ import annotations

import numpy as np

from assets.generator.figure_body import JOINTS, NAMES, position
from assets.generator.motion import quaternion_of
from assets.generator.shape import rotation

PERIOD = 1.05  # s, two steps
STRIDE = 1.18  # m, two steps
STRAIGHT = 1e6  # m, the radius of a straight way
_STANCE = 0.61  # share of the period a foot is on the ground
_BALL = np.array([0.0, -0.085, 0.125])  # from the ankle, foot flat
_HEEL = np.array([0.0, -0.085, -0.060])


def _pitch(phase: float) -> float:
    """Degrees the toes point down, for a foot that lands at phase 0."""
    keys = np.array([0.0, 0.09, 0.36, 0.52, 0.61, 0.72, 0.86, 0.96, 1.0])
    degrees = np.array([-19.0, 0.0, 0.0, 20.0, 46.0, 44.0, 2.0, -19.0, -19.0])
    return float(np.interp(phase, keys, degrees))


def _standing_ankle(phase: float) -> np.ndarray:
    """The foot rolls over its heel, then flat, then over its ball; the ground runs back under the body."""
    travel = STRIDE * phase
    flat_z = 0.5 * STRIDE * _STANCE - 0.045 - travel
    turn = rotation("x", _pitch(phase))
    pivot = _HEEL if phase < 0.2 else _BALL
    return np.array([0.0, 0.085, flat_z]) + pivot - turn @ pivot


def _ankle(phase: float) -> np.ndarray:
    if phase <= _STANCE:
        return _standing_ankle(phase)
    t = (phase - _STANCE) / (1 - _STANCE)
    start, end = _standing_ankle(_STANCE), _standing_ankle(0.0)
    # Hermite with the ground's speed at both ends: no jerk when the foot leaves or lands.
    slope = np.array([0.0, 0.0, -STRIDE * (1 - _STANCE)])
    h00, h10, h01, h11 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2, t**3 - t**2
    point = h00 * start + h10 * (slope + np.array([0.0, 0.10, 0.0])) + h01 * end + h11 * (slope * 0.4)
    return point + np.array([0.0, 0.055 * np.sin(np.pi * t) ** 2, 0.0])


def _on_arc(point: np.ndarray, across: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(place, heading (3, 3)) of a point `across` metres to the left of the track, laid along the circle that the body
    walks: its middle is `radius` to the left (+X)."""
    angle = point[2] / radius
    place = np.array([radius - (radius - across) * np.cos(angle), point[1], (radius - across) * np.sin(angle)])
    return place, rotation("y", float(np.degrees(angle)))


def _leg(hip: np.ndarray, ankle: np.ndarray, thigh: float, shin: float) -> tuple[float, float, float]:
    """(pitch of the thigh, pitch of the shin, sideways swing) in degrees, the knee bending forward."""
    dx, dy, dz = ankle[0] - hip[0], hip[1] - ankle[1], ankle[2] - hip[2]
    down = np.hypot(dx, dy)
    reach = min(np.hypot(down, dz), (thigh + shin) * 0.9995)
    swing = np.arctan2(dz, down)
    at_hip = np.arccos(np.clip((thigh**2 + reach**2 - shin**2) / (2 * thigh * reach), -1, 1))
    at_knee = np.arccos(np.clip((thigh**2 + shin**2 - reach**2) / (2 * thigh * shin), -1, 1))
    upper = swing + at_hip
    lower = upper - (np.pi - at_knee)
    return float(np.degrees(upper)), float(np.degrees(lower)), float(np.degrees(np.arctan2(dx, dy)))


def pose(phase: float, radius: float = STRAIGHT) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(hips offset from the bind pose, {joint: global (3, 3) rotation}) at a phase in [0, 1); left lands at 0.
    The way bends to the left on a circle of `radius` metres."""
    turn = 2 * np.pi * phase
    # Lowest just after each landing; over the standing leg at mid-stance.
    offset = np.array([0.018 * np.sin(turn - 0.25), -0.034 - 0.017 * np.cos(2 * turn - 0.5), 0.0])
    hips = rotation("y", -5.0 * np.cos(turn)) @ rotation("z", 2.6 * np.sin(turn)) @ rotation("x", 2.0)
    spine = rotation("y", 1.0 * np.cos(turn)) @ rotation("x", 3.0)
    chest = rotation("y", 6.5 * np.cos(turn)) @ rotation("z", -1.2 * np.sin(turn)) @ rotation("x", 3.5)
    poses = {
        "hips": hips,
        "spine": spine,
        "chest": chest,
        "neck": rotation("y", 2.0 * np.cos(turn)),
        "head": rotation("x", 1.5 * np.cos(2 * turn)),
    }
    for side, sign, lag in (("left", 1.0, 0.0), ("right", -1.0, 0.5)):
        at = (phase + lag) % 1.0
        hip = position("hips") + offset + hips @ (position(f"{side}_thigh") - position("hips"))
        ankle, heading = _on_arc(_ankle(at), sign * 0.082, radius)
        upper, lower, aside = _leg(hip, ankle, 0.415, 0.415)
        poses[f"{side}_thigh"] = rotation("z", aside) @ rotation("x", -upper)
        poses[f"{side}_shin"] = rotation("z", aside) @ rotation("x", -lower)
        pitch = _pitch(at)
        poses[f"{side}_foot"] = heading @ rotation("x", pitch)
        poses[f"{side}_toes"] = heading @ rotation("x", pitch if at < 0.36 or at > 0.75 else pitch * 0.25)
        swing = -np.cos(2 * np.pi * at - 0.15)  # the arm is back when its own leg lands in front
        poses[f"{side}_collar"] = chest @ rotation("y", -sign * 2.0 * swing)
        arm = chest @ rotation("z", sign * 7.0) @ rotation("x", 5.0 - 22.0 * swing)
        poses[f"{side}_arm"] = arm
        bend = 9.0 + 15.0 * (0.5 + 0.5 * swing)
        poses[f"{side}_forearm"] = arm @ rotation("x", -bend)
        poses[f"{side}_hand"] = poses[f"{side}_forearm"] @ rotation("x", -6.0 * swing) @ rotation("z", -sign * 4.0)
    return offset, poses


def cycle(radius: float = STRAIGHT, keys: int = 32) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """(times, hips translations (keys + 1, 3), {joint: local quaternions (keys + 1, 4)}); the last key is the first."""
    times = np.linspace(0, PERIOD, keys + 1)
    hips, local = [], {name: [] for name in NAMES}
    for i in range(keys + 1):
        offset, poses = pose((i % keys) / keys, radius)
        hips.append(position("hips") + offset)
        for name in NAMES:
            parent = JOINTS[name][0]
            own = poses[name] if parent is None else poses[parent].T @ poses[name]
            q = quaternion_of(own)
            if local[name] and local[name][-1] @ q < 0:
                q = -q
            local[name].append(q)
    return times, np.array(hips), {name: np.array(rows) for name, rows in local.items()}
