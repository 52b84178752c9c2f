"""Scripted camera paths: smooth within a shot, a hard cut between shots, looping for ever.

Within a shot every property follows a cubic Hermite curve whose slopes are Catmull-Rom's for uneven key times. A
closed path joins its last shot to its first without a cut.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from app.scene.camera import CameraPath, CameraPose, Shot


def pose_at(path: CameraPath, time: float) -> CameraPose:
    """The camera at `time` seconds; the path loops in both directions."""
    shot_number, local = _locate(path, time)
    index = shot_number % len(path.shots)
    shot = path.shots[index]
    keys = shot.keys
    if len(keys) == 1:
        return keys[0][1]
    times, values, slopes = _curve(path, index)
    at = min(max(int(np.searchsorted(times, local, side="right")) - 1, 0), len(keys) - 2)
    step = times[at + 1] - times[at]
    t = min(max((local - times[at]) / step, 0.0), 1.0)
    t2, t3 = t * t, t * t * t
    value = (
        (2.0 * t3 - 3.0 * t2 + 1.0) * values[at]
        + step * (t3 - 2.0 * t2 + t) * slopes[at]
        + (3.0 * t2 - 2.0 * t3) * values[at + 1]
        + step * (t3 - t2) * slopes[at + 1]
    )
    return _pose(value)


def cut_between(path: CameraPath, t0: float, t1: float) -> bool:
    """Whether the camera is cut on the way from t0 to t1 (in either direction)."""
    first, last = sorted((_locate(path, t0)[0], _locate(path, t1)[0]))
    if first == last:
        return False
    if not path.closed:
        return True
    shots = len(path.shots)
    loops = last // shots - first // shots  # joins from the last shot to the first, which are smooth
    return last - first > loops


def _locate(path: CameraPath, time: float) -> tuple[int, float]:
    """(how many shots have begun since time 0, seconds into the current one)."""
    total = path.duration
    if total <= 0.0:
        return 0, 0.0
    loop = math.floor(time / total)
    local = min(max(time - loop * total, 0.0), total)
    for number, shot in enumerate(path.shots[:-1]):
        if local < shot.duration:
            return loop * len(path.shots) + number, local
        local -= shot.duration
    return (loop + 1) * len(path.shots) - 1, local


@lru_cache(maxsize=256)
def _curve(path: CameraPath, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Key times (n,), values (n, 9) and slopes (n, 9) of one shot."""
    shot = path.shots[index]
    times = np.array([t for t, _ in shot.keys])
    values = np.array([_vector(pose) for _, pose in shot.keys])
    before, after = _neighbours(path, index)
    # One key more on each side: over the joint of a closed path, or by a straight line.
    padded_times = np.concatenate([[times[0] - before[0]], times, [times[-1] + after[0]]])
    first = before[1] if before[1] is not None else 2.0 * values[0] - values[1]
    last = after[1] if after[1] is not None else 2.0 * values[-1] - values[-2]
    padded = np.concatenate([[first], values, [last]])
    spans = np.diff(padded_times)[:, None]
    steps = np.diff(padded, axis=0) / spans
    # The slope of the parabola through three keys: steps weighted by the other side's span.
    slopes = (steps[:-1] * spans[1:] + steps[1:] * spans[:-1]) / (spans[:-1] + spans[1:])
    return times, values, slopes


_Neighbour = tuple[float, np.ndarray | None]


def _neighbours(path: CameraPath, index: int) -> tuple[_Neighbour, _Neighbour]:
    """(seconds, value) of the keys before the shot's first and after its last; None: there is a cut."""
    keys = path.shots[index].keys
    before: _Neighbour = (keys[1][0] - keys[0][0], None)
    after: _Neighbour = (keys[-1][0] - keys[-2][0], None)
    if path.closed and index == 0 and len(path.shots[-1].keys) > 1:
        other = path.shots[-1].keys
        before = (other[-1][0] - other[-2][0], _vector(other[-2][1]))
    if path.closed and index == len(path.shots) - 1 and len(path.shots[0].keys) > 1:
        other = path.shots[0].keys
        after = (other[1][0] - other[0][0], _vector(other[1][1]))
    return before, after


def _vector(pose: CameraPose) -> np.ndarray:
    # near and the lens change in proportion, so their logarithms are interpolated
    lens = math.log(math.tan(0.5 * pose.fov_y))
    return np.array([*pose.position, *pose.target, lens, math.log(pose.near), pose.roll])


def _pose(v: np.ndarray) -> CameraPose:
    p = [float(x) for x in v]
    return CameraPose((p[0], p[1], p[2]), (p[3], p[4], p[5]), 2.0 * math.atan(math.exp(p[6])), math.exp(p[7]), p[8])


def orbit_shot(
    centre: tuple[float, float, float],
    distance: float,
    *,
    turn: tuple[float, float],
    elevation: tuple[float, float],
    seconds: float,
    fov_y: float,
    near: float,
    zoom: float = 1.0,
) -> Shot:
    """A shot around `centre`: angles in radians from first to last key, `zoom` the last distance over the first."""
    keys = []
    count = 9
    for i in range(count):
        t = i / (count - 1)
        azimuth = turn[0] + t * (turn[1] - turn[0])
        height = elevation[0] + t * (elevation[1] - elevation[0])
        reach = distance * zoom**t
        position = (
            centre[0] + reach * math.cos(height) * math.sin(azimuth),
            centre[1] + reach * math.sin(height),
            centre[2] + reach * math.cos(height) * math.cos(azimuth),
        )
        keys.append((seconds * t, CameraPose(position, centre, fov_y, near)))
    return Shot(tuple(keys))
