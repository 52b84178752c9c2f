"""Cameras that a person steers: orbiting a target, or flying. Pure maths; the window feeds in mouse and keys.

Both move towards a goal with exponential damping by elapsed time, so that the feel does not depend on frame rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from app.scene.camera import CameraPose, view_matrix
from app.scene.transforms import as_point

_STEEPEST = math.radians(89.0)
_ORBIT_PER_HEIGHT = math.pi  # dragging over the whole height of the view turns this far
_SETTLED = 1e-4


def angles_towards(direction: np.ndarray) -> tuple[float, float]:
    """(azimuth from +Z towards +X, elevation) in radians of a direction."""
    length = float(np.linalg.norm(direction))
    if length < 1e-12:
        return 0.0, 0.0
    x, y, z = (float(v) / length for v in direction)
    return math.atan2(x, z), math.asin(min(max(y, -1.0), 1.0))


def direction_of(azimuth: float, elevation: float) -> np.ndarray:
    """The unit vector at the angles (radians)."""
    flat = math.cos(elevation)
    return np.array([flat * math.sin(azimuth), math.sin(elevation), flat * math.cos(azimuth)])


def _eased(value: np.ndarray, goal: np.ndarray, dt: float, time_constant: float) -> np.ndarray:
    share = 1.0 - math.exp(-max(dt, 0.0) / time_constant) if time_constant > 0.0 else 1.0
    return value + (goal - value) * share


@dataclass(slots=True)
class OrbitCamera:
    """Turns around a target. Call `orbit`, `pan`, `dolly` with input and `advance` once a frame, then read `pose`.

    `damping` is the time constant in seconds in which 63 % of a move is made (0: at once)."""

    fov_y: float = math.radians(45.0)
    near: float = 0.05
    damping: float = 0.08
    _now: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.3, 0.0, 0.0, 0.0, 0.0]))
    _goal: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.3, 0.0, 0.0, 0.0, 0.0]))
    # azimuth, elevation, log of the distance, target x, y, z

    @classmethod
    def from_pose(cls, pose: CameraPose) -> OrbitCamera:
        """A camera at rest where `pose` is (its roll is dropped)."""
        camera = cls(pose.fov_y, pose.near)
        offset = np.subtract(pose.position, pose.target)
        azimuth, elevation = angles_towards(offset)
        distance = max(float(np.linalg.norm(offset)), 1e-6)
        elevation = min(max(elevation, -_STEEPEST), _STEEPEST)
        camera._now = np.array([azimuth, elevation, math.log(distance), *pose.target])
        camera._goal = camera._now.copy()
        return camera

    @property
    def distance(self) -> float:
        return math.exp(float(self._now[2]))

    @property
    def settled(self) -> bool:
        """Whether `advance` would not move it any more, so that nothing needs drawing."""
        scale = np.array([1.0, 1.0, 1.0, *([math.exp(-float(self._now[2]))] * 3)])
        return bool((np.abs(self._goal - self._now) * scale < _SETTLED).all())

    def orbit(self, dx: float, dy: float) -> None:
        """A drag, in view heights (x right, y down): the scene follows the hand."""
        self._goal[0] -= dx * _ORBIT_PER_HEIGHT
        self._goal[1] = min(max(self._goal[1] + dy * _ORBIT_PER_HEIGHT, -_STEEPEST), _STEEPEST)

    def pan(self, dx: float, dy: float) -> None:
        """A drag, in view heights: what lies at the target's distance stays under the hand."""
        height = 2.0 * math.exp(float(self._goal[2])) * math.tan(0.5 * self.fov_y)
        view = view_matrix(_pose(self._goal, self.fov_y, self.near))
        self._goal[3:] += (-dx * view[0, :3] + dy * view[1, :3]) * height

    def dolly(self, steps: float) -> None:
        """Wheel steps, positive towards the target: each takes away a tenth of the distance."""
        self._goal[2] = min(max(self._goal[2] + steps * math.log(0.9), math.log(1e-4)), math.log(1e7))

    def advance(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        if self.settled:
            self._now = self._goal.copy()
        else:
            self._now = _eased(self._now, self._goal, dt, self.damping)

    @property
    def pose(self) -> CameraPose:
        return _pose(self._now, self.fov_y, self.near)


def _pose(state: np.ndarray, fov_y: float, near: float) -> CameraPose:
    position = state[3:] + math.exp(float(state[2])) * direction_of(float(state[0]), float(state[1]))
    return CameraPose(as_point(position), as_point(state[3:]), fov_y, near)


@dataclass(slots=True)
class FlyCamera:
    """Walks with keys (metres a second) and looks around with the mouse. Same order of calls as OrbitCamera."""

    fov_y: float = math.radians(60.0)
    near: float = 0.05
    speed: float = 2.0
    damping: float = 0.10
    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    azimuth: float = math.pi  # of the direction it looks in: -Z
    elevation: float = 0.0
    _velocity: np.ndarray = field(default_factory=lambda: np.zeros(3))
    _wish: np.ndarray = field(default_factory=lambda: np.zeros(3))

    @classmethod
    def from_pose(cls, pose: CameraPose, speed: float = 2.0) -> FlyCamera:
        camera = cls(pose.fov_y, pose.near, speed)
        camera.position = np.array(pose.position, float)
        camera.azimuth, elevation = angles_towards(np.subtract(pose.target, pose.position))
        camera.elevation = min(max(elevation, -_STEEPEST), _STEEPEST)
        return camera

    @property
    def settled(self) -> bool:
        return not self._wish.any() and float(np.linalg.norm(self._velocity)) < _SETTLED * self.speed

    def look(self, dx: float, dy: float) -> None:
        """A mouse move, in view heights (x right, y down)."""
        self.azimuth -= dx * self.fov_y * 1.5
        self.elevation = min(max(self.elevation - dy * self.fov_y * 1.5, -_STEEPEST), _STEEPEST)

    def walk(self, right: float, up: float, forward: float) -> None:
        """Which keys are held, each -1, 0 or 1; holds until the next call."""
        wish = np.array([right, up, forward], float)
        length = float(np.linalg.norm(wish))
        self._wish = wish / length if length > 1.0 else wish

    def faster(self, steps: float) -> None:
        """Wheel steps: each changes the speed by a quarter."""
        self.speed = min(max(self.speed * 1.25**steps, 1e-3), 1e5)

    def advance(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        ahead = direction_of(self.azimuth, self.elevation)
        side = np.cross(ahead, (0.0, 1.0, 0.0))
        side /= np.linalg.norm(side)
        goal = (self._wish[0] * side + self._wish[1] * np.array([0.0, 1.0, 0.0]) + self._wish[2] * ahead) * self.speed
        before = self._velocity
        self._velocity = _eased(before, goal, dt, self.damping)
        # The velocity eases exponentially: its integral over dt is exact, whatever the frame rate.
        self.position = self.position + goal * dt + (before - self._velocity) * self.damping

    @property
    def pose(self) -> CameraPose:
        target = self.position + direction_of(self.azimuth, self.elevation)
        return CameraPose(as_point(self.position), as_point(target), self.fov_y, self.near)
