"""Looks through a source's frames: what values its channels hold, and what of that looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import SuperseeError
from app.sequence.cameras import camera_motion
from app.sequence.source import FrameSource, RecordedFrame

DEFAULT_FRAMES = 8
_MOVES = 0.05
"""LR pixels: less is no motion."""
_AGREES = 0.5
"""LR pixels between recorded motion and the camera's that count as the same."""
_BRIGHT = 1000.0
_CHANGES = 1e-3
"""Mean difference of two linear frames from which on something has changed."""


@dataclass(frozen=True, slots=True)
class ChannelRange:
    name: str
    least: float
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """`explained` is the share of pixels whose motion is the camera's alone, or None where the camera stands still."""

    ranges: tuple[ChannelRange, ...]
    warnings: tuple[str, ...]
    looked_at: int
    explained: float | None


def inspect(source: FrameSource, frames: int = DEFAULT_FRAMES) -> Inspection:
    """Reads `frames` frames spread over the source, each with the one before it. Frames that cannot be read become
    warnings; raises SuperseeError only where none can."""
    read: dict[int, RecordedFrame] = {}
    failures: list[str] = []
    trouble: SuperseeError | None = None
    for index in _spread(len(source), frames):
        try:
            read[index] = source.read(index)
        except SuperseeError as error:
            failures.append(f"frame {index + 1}: {error}")
            trouble = error
    if not read:
        raise SuperseeError(f"{source.name} has no frame that can be read", str(trouble), "Check the files.")
    looked_at = [read[index] for index in sorted(read)]
    shares = [share for frame in looked_at if (share := _explained(frame)) is not None]
    explained = float(np.mean(shares)) if shares else None
    warnings = (
        *failures,
        *_colour(looked_at),
        *_depth(looked_at),
        *_motion(read, source, explained),
        *_jitter(looked_at),
    )
    return Inspection(_ranges(looked_at), warnings, len(looked_at), explained)


def _spread(count: int, frames: int) -> list[int]:
    """Pairs of neighbours spread over the sequence, the last frame among them."""
    pairs = max(1, frames // 2)
    ends = np.unique(np.linspace(min(1, count - 1), count - 1, pairs).round().astype(int))
    return sorted({int(index) for end in ends for index in (max(end - 1, 0), end)})


def _ranges(frames: Sequence[RecordedFrame]) -> tuple[ChannelRange, ...]:
    values: dict[str, list[np.ndarray]] = {}
    for frame in frames:
        for i, name in enumerate("RGB"):
            values.setdefault(f"colour {name}", []).append(frame.colour[..., i])
        values.setdefault("depth", []).append(frame.depth)
        for i, name in enumerate("xy"):
            values.setdefault(f"motion {name}", []).append(frame.motion[..., i])
        if frame.reactive is not None:
            values.setdefault("reactive", []).append(frame.reactive / np.float32(255.0))
    for i, name in enumerate("xy"):
        values[f"jitter {name}"] = [np.array([frame.jitter[i] for frame in frames])]
    values["exposure"] = [np.array([frame.exposure for frame in frames])]
    return tuple(
        ChannelRange(
            name,
            min(float(each.min()) for each in arrays),
            float(np.mean([each.mean(dtype=np.float64) for each in arrays])),
            max(float(each.max()) for each in arrays),
        )
        for name, arrays in values.items()
    )


def _colour(frames: Sequence[RecordedFrame]) -> list[str]:
    exposed = [frame.colour[..., :3].astype(np.float32) * frame.exposure for frame in frames]
    most, least = max(float(each.max()) for each in exposed), min(float(each.min()) for each in exposed)
    warnings = []
    if most <= 0.0:
        warnings.append("Colour is black everywhere: is this the right layer?")
    if most > _BRIGHT and float(np.mean([np.median(each) for each in exposed])) > 10.0:
        warnings.append(f"Colour goes up to {most:.0f}: is it scene-linear, and is the exposure missing?")
    if least < -0.01:
        warnings.append(
            f"Colour goes down to {least:.2f}: negative light comes from a wide gamut or a sharpening filter."
        )
    return warnings


def _depth(frames: Sequence[RecordedFrame]) -> list[str]:
    depth = np.concatenate([frame.depth.reshape(-1) for frame in frames])
    if depth.min() < 0.0 or depth.max() > 1.0:
        return [f"Depth runs from {depth.min():.3g} to {depth.max():.3g}: it must lie in 0 to 1, 1 at the near plane."]
    if not depth.any():
        return [
            "Depth is 0 everywhere: all is infinitely far. Is the depth pass empty, or forward instead of reversed?"
        ]
    if (depth >= 1.0).mean() > 0.5:
        return ["More than half of the depth lies at the near plane: are its units or its direction other than stated?"]
    return []


def _motion(read: dict[int, RecordedFrame], source: FrameSource, explained: float | None) -> list[str]:
    frames = [frame for frame in read.values() if not frame.reset]
    if not frames:
        return []
    longest = max(float(np.abs(frame.motion).max()) for frame in frames)
    warnings: list[str] = []
    if longest < _MOVES:
        if explained is not None:
            warnings.append("Motion is 0 everywhere while the camera moves: is the motion pass empty?")
        elif _pictures_change(read):
            warnings.append("Motion is 0 everywhere while the pictures change: is the motion pass empty?")
    elif longest > max(source.render_size):
        warnings.append(f"Motion is up to {longest:.0f} pixels long, further than the screen: are its units others?")
    if longest >= _MOVES and explained is not None and explained < 0.1:
        warnings.append(
            f"Camera and depth explain the motion of {explained:.0%} of the pixels only: run the self-test on it."
        )
    return warnings


def _jitter(frames: Sequence[RecordedFrame]) -> list[str]:
    offsets = {frame.jitter for frame in frames}
    if any(max(map(abs, offset)) > 0.5 + 1e-6 for offset in offsets):
        return ["Jitter exceeds half a pixel: is it in low-resolution pixels?"]
    if len(frames) > 2 and len(offsets) == 1 and offsets != {(0.0, 0.0)}:
        return ["Jitter is the same in every frame: an upscaler gains nothing from it."]
    return []


def _explained(frame: RecordedFrame) -> float | None:
    camera = frame.camera
    if frame.reset or np.allclose(camera.view, camera.previous_view, atol=1e-9):
        return None
    expected = camera_motion(frame.depth, camera, frame.jitter)
    if np.abs(expected).max() < _MOVES:
        return None
    return float((np.hypot(*np.moveaxis(expected - frame.motion, -1, 0)) < _AGREES).mean())


def _pictures_change(read: dict[int, RecordedFrame]) -> bool:
    return any(
        float(np.abs(frame.colour.astype(np.float32) - read[index - 1].colour.astype(np.float32)).mean()) > _CHANGES
        for index, frame in read.items()
        if index - 1 in read
    )
