"""Random camera runs: one pose a frame, of every kind of motion a game or a presenter makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.scene.camera import CameraPose

NEAR = 0.05
Vector = np.ndarray


@dataclass(frozen=True, slots=True)
class View:
    """Position, heading (yaw, pitch in radians; yaw 0 looks along -Z), roll and vertical field of view."""

    position: Vector
    yaw: float
    pitch: float
    roll: float
    fov_y: float

    def pose(self) -> CameraPose:
        look = direction(self.yaw, self.pitch)
        return CameraPose(
            position=tuple(map(float, self.position)),  # type: ignore[arg-type]
            target=tuple(map(float, self.position + look)),  # type: ignore[arg-type]
            fov_y=self.fov_y,
            near=NEAR,
            roll=self.roll,
        )


def direction(yaw: float, pitch: float) -> Vector:
    return np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), -math.cos(yaw) * math.cos(pitch)])


def random_view(rng: np.random.Generator, extent: float) -> View:
    """Somewhere inside the scene (a disc of radius `extent` metres), looking across its middle."""
    angle, distance = rng.uniform(0, 2 * math.pi), extent * math.sqrt(rng.uniform(0.1, 0.9))
    position = np.array([math.cos(angle) * distance, rng.uniform(0.6, 3.2), math.sin(angle) * distance])
    aim = rng.normal(0, 0.25 * extent, 3) * [1, 0, 1] + [0, rng.uniform(0.4, 2.4), 0]
    to = aim - position
    yaw = math.atan2(to[0], -to[2])
    pitch = math.atan2(to[1], math.hypot(to[0], to[2]) + 0.3)
    roll = rng.normal(0, 0.04) if rng.random() < 0.3 else 0.0
    return View(position, yaw, float(np.clip(pitch, -0.7, 0.5)), roll, math.radians(rng.uniform(35, 75)))


def _moved(view: View, *, right=0.0, up=0.0, forward=0.0, yaw=0.0, pitch=0.0, roll=0.0, zoom=1.0) -> View:
    ahead = direction(view.yaw, 0.0)
    side = np.array([-ahead[2], 0.0, ahead[0]])
    position = view.position + side * right + ahead * forward + np.array([0.0, up, 0.0])
    position[1] = max(position[1], 0.25)
    return View(
        position,
        view.yaw + yaw,
        float(np.clip(view.pitch + pitch, -1.3, 1.3)),
        view.roll + roll,
        float(np.clip(view.fov_y * zoom, math.radians(18), math.radians(95))),
    )


# A motion maps (start, strength, phase in seconds) to a view. Speeds are for strength 1.
Motion = Callable[[View, Vector, float], View]


def _still(view: View, s: Vector, t: float) -> View:
    return view


def _slow(view: View, s: Vector, t: float) -> View:
    return _moved(view, right=0.25 * s[0] * t, up=0.1 * s[1] * t, forward=0.3 * s[2] * t, yaw=0.06 * s[3] * t)


def _pan(view: View, s: Vector, t: float) -> View:
    return _moved(view, yaw=(0.4 * math.copysign(1, s[0]) + 0.4 * s[1]) * t, pitch=0.1 * s[2] * t)


def _fast_pan(view: View, s: Vector, t: float) -> View:
    return _moved(view, yaw=(1.6 * math.copysign(1, s[0]) + 0.8 * s[1]) * t, pitch=0.4 * s[2] * t)


def _dolly(view: View, s: Vector, t: float) -> View:
    return _moved(view, forward=2.5 * s[0] * t, right=0.6 * s[1] * t, yaw=0.1 * s[2] * t)


def _strafe(view: View, s: Vector, t: float) -> View:
    return _moved(view, right=(2.0 * math.copysign(1, s[0]) + s[1]) * t, up=0.4 * s[2] * t)


def _orbit(view: View, s: Vector, t: float) -> View:
    angle = 0.7 * s[0] * t
    c, q = math.cos(angle), math.sin(angle)
    x, y, z = view.position
    return View(np.array([c * x - q * z, y, q * x + c * z]), view.yaw + angle, view.pitch, view.roll, view.fov_y)


def _whip(view: View, s: Vector, t: float) -> View:
    # A whip pan: from rest to 5 rad/s and to rest again within a quarter of a second.
    share = min(t / 0.25, 1.0)
    return _moved(
        view, yaw=(0.8 * math.copysign(1, s[0]) + 0.4 * s[1]) * share * share * (3 - 2 * share), pitch=0.1 * s[2] * t
    )


def _zoom(view: View, s: Vector, t: float) -> View:
    return _moved(view, zoom=math.exp((1.2 * math.copysign(1, s[0]) + 0.8 * s[1]) * t), yaw=0.05 * s[2] * t)


def _roll(view: View, s: Vector, t: float) -> View:
    return _moved(view, roll=(0.8 * math.copysign(1, s[0]) + 0.7 * s[1]) * t, forward=0.5 * s[2] * t)


def _orbit_close(view: View, s: Vector, t: float) -> View:
    # Around a point two to four metres ahead: near things and the background slide against each other.
    radius, angle = 3.0 + s[1], (0.5 * math.copysign(1, s[0]) + 0.5 * s[2]) * t
    centre = view.position + direction(view.yaw, 0.0) * radius
    yaw = view.yaw + angle
    position = centre - direction(yaw, 0.0) * radius
    return View(np.array([position[0], view.position[1], position[2]]), yaw, view.pitch, view.roll, view.fov_y)


def _crane(view: View, s: Vector, t: float) -> View:
    up = (1.2 * math.copysign(1, s[0]) + 0.6 * s[1]) * t
    return _moved(view, up=up, pitch=-0.25 * up, forward=0.5 * s[2] * t)


def _walk(view: View, s: Vector, t: float) -> View:
    # At 1.4 m/s with two steps a second: the head bobs and sways.
    bob, sway = 0.025 * abs(math.sin(2 * math.pi * t)), 0.02 * math.sin(2 * math.pi * t + s[0])
    return _moved(view, forward=1.4 * t, up=bob, right=sway, roll=0.006 * math.sin(2 * math.pi * t), yaw=0.3 * s[1] * t)


def _roll_and_zoom(view: View, s: Vector, t: float) -> View:
    return _moved(view, roll=0.6 * s[0] * t, zoom=math.exp(0.6 * s[1] * t), yaw=0.1 * s[2] * t)


def _stop_and_go(view: View, s: Vector, t: float) -> View:
    # Moves for a while, rests, moves on: history built up at rest meets motion and the other way round.
    moving = t - 0.12 * math.floor(t / 0.24) if t % 0.24 > 0.12 else 0.12 * math.floor(t / 0.24) + t % 0.24
    return _pan(_dolly(view, s, moving), s[::-1], 1.5 * moving)


def _shake(view: View, s: Vector, t: float) -> View:
    wave = [math.sin(2 * math.pi * f * t + 3 * p) for f, p in zip((2.3, 3.1, 1.7, 4.3), s)]
    return _moved(_slow(view, s, t), right=0.03 * wave[0], up=0.03 * wave[1], yaw=0.02 * wave[2], pitch=0.02 * wave[3])


MOTIONS: dict[str, Motion] = {
    "still": _still,
    "slow": _slow,
    "pan": _pan,
    "fast pan": _fast_pan,
    "dolly": _dolly,
    "strafe": _strafe,
    "whip pan": _whip,
    "orbit": _orbit,
    "close orbit": _orbit_close,
    "crane": _crane,
    "walk": _walk,
    "zoom": _zoom,
    "roll": _roll,
    "roll and zoom": _roll_and_zoom,
    "stop and go": _stop_and_go,
    "shake": _shake,
    "cut": _slow,
}


@dataclass(frozen=True, slots=True)
class CameraRun:
    """Poses at `times` (s); `cuts[i]` is true where frame i does not continue frame i - 1."""

    poses: tuple[CameraPose, ...]
    times: tuple[float, ...]
    cuts: tuple[bool, ...]


def random_run(kind: str, frames: int, rng: np.random.Generator, extent: float) -> CameraRun:
    """A run of `kind` (a key of MOTIONS) at 30 or 60 frames a second through a scene of radius `extent` metres."""
    step = 1 / 60 if rng.random() < 0.6 else 1 / 30
    start, strength = random_view(rng, extent), rng.uniform(-1, 1, 4)
    cut_at = int(rng.integers(frames // 3, 2 * frames // 3)) if kind == "cut" else frames
    second, begin = random_view(rng, extent), float(rng.uniform(0, 6))
    after = MOTIONS[str(rng.choice(list(MOTIONS)))]
    pace = step * 2.0 ** rng.uniform(-1, 1)  # the camera's own: things move at the pace of the clock
    poses = []
    for i in range(frames):
        view, motion = (start, MOTIONS[kind]) if i < cut_at else (second, after)
        poses.append(motion(view, strength, (i if i < cut_at else i - cut_at) * pace).pose())
    times = tuple(begin + i * step for i in range(frames))
    return CameraRun(tuple(poses), times, tuple(i in (0, cut_at) for i in range(frames)))
