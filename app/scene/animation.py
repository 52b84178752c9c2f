"""Animation channels evaluated many at a time: channels with equal key times are stacked and sampled as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.scene.model import Animation, Channel
from app.scene.transforms import slerp, unit_quaternions


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Channels of one path, interpolation and set of key times, sampled together.

    nodes (c,); times (t,) seconds; values (t, c, width), with width 3 or 4 (or k weights). For CUBICSPLINE the
    tangents lie in `into` and `out_of`, of the same shape."""

    nodes: np.ndarray
    path: str
    interpolation: str
    times: np.ndarray
    duration: float
    values: np.ndarray
    into: np.ndarray | None = None
    out_of: np.ndarray | None = None


def played_together(animations: Iterable[Animation]) -> list[Animation]:
    """The animations to play at once: in the file's order, leaving out those that move what already moves."""
    taken: set[tuple[int, str]] = set()
    played = []
    for animation in animations:
        targets = {(c.node, c.path) for c in animation.channels}
        if not targets & taken:
            played.append(animation)
            taken |= targets
    return played


def build_tracks(animations: Iterable[Animation]) -> list[Track]:
    """Tracks of all animations that play together."""
    groups: dict[tuple, list[Channel]] = {}
    for animation in played_together(animations):
        for channel in animation.channels:
            width = channel.values.shape[1]
            key = (channel.path, channel.interpolation, width, animation.duration, channel.times.tobytes())
            groups.setdefault(key, []).append(channel)
    return [_track(key[3], channels) for key, channels in groups.items()]


def sample(track: Track, time: float) -> np.ndarray:
    """(c, width) values at `time` seconds, which loops over the animation's duration; quaternions are unit."""
    phase = time % track.duration if track.duration > 0.0 else 0.0
    times = track.times
    last = len(times) - 1
    key = int(np.searchsorted(times, phase, side="right")) - 1
    if key < 0 or key >= last:  # before the first key, or from the last one on
        return track.values[min(max(key, 0), last)]
    if track.interpolation == "STEP":
        return track.values[key]
    step = float(times[key + 1] - times[key])
    t = (phase - float(times[key])) / step if step > 0.0 else 0.0
    if track.interpolation == "CUBICSPLINE":
        return _cubic(track, key, t, step)
    a, b = track.values[key], track.values[key + 1]
    return slerp(a, b, t) if track.path == "rotation" else a + (b - a) * t


def _cubic(track: Track, key: int, t: float, step: float) -> np.ndarray:
    """Hermite spline; the file's tangents are per second (glTF 2.0, appendix C)."""
    assert track.into is not None
    assert track.out_of is not None
    t2, t3 = t * t, t * t * t
    result = (
        (2.0 * t3 - 3.0 * t2 + 1.0) * track.values[key]
        + step * (t3 - 2.0 * t2 + t) * track.out_of[key]
        + (3.0 * t2 - 2.0 * t3) * track.values[key + 1]
        + step * (t3 - t2) * track.into[key + 1]
    )
    return unit_quaternions(result) if track.path == "rotation" else result


def _track(duration: float, channels: list[Channel]) -> Track:
    first = channels[0]
    stacked = np.stack([c.values for c in channels], axis=1).astype(float)  # (t or 3t, c, width)
    into = out_of = None
    if first.interpolation == "CUBICSPLINE":
        into, stacked, out_of = stacked[0::3], stacked[1::3], stacked[2::3]
    if first.path == "rotation":
        stacked = unit_quaternions(stacked.reshape(-1, 4)).reshape(stacked.shape)
    nodes = np.array([c.node for c in channels])
    times = np.asarray(first.times, float)
    return Track(nodes, first.path, first.interpolation, times, duration, stacked, into, out_of)
