"""The frames that the history of what is shown rests on, so that a picture can be drawn again, pixel for pixel.

A temporal method's picture depends on every frame since its history was last dropped: at which times they were drawn
(a live window's steps differ), from which camera, with which jitter, and since when each method has been on show.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from app.scene.camera import CameraPose

if TYPE_CHECKING:
    from app.present.comparison import Comparison

TRAIL_FRAMES = 512
"""Older ones are forgotten: nothing of them is left in 8 bits."""


@dataclass(frozen=True, slots=True)
class TrailFrame:
    """One frame: scene time in s, the camera where it was the user's own, and the temporal methods that ran
    (`redone`: those that came while it stood still). `lod_bias` is what was added to the ratio's own. `led_up_to` is
    False for a preview of a recording, which has no history."""

    index: int
    time: float
    methods: tuple[str, ...]
    camera: CameraPose | None = None
    lod_bias: float = 0.0
    shading_load: float = 1.0
    redone: tuple[str, ...] = ()
    led_up_to: bool = True


class Trail:
    """Kept by a comparison while it draws; `whole` is False once frames had to be forgotten."""

    def __init__(self) -> None:
        self._frames: deque[TrailFrame] = deque(maxlen=TRAIL_FRAMES)
        self.whole = True

    def __len__(self) -> int:
        return len(self._frames)

    def copy(self) -> Trail:
        """As it is now."""
        made = Trail()
        made._frames, made.whole = self._frames.copy(), self.whole
        return made

    def clear(self) -> None:
        """History was dropped: what came before shows no more."""
        self._frames.clear()
        self.whole = True

    def add(self, frame: TrailFrame) -> None:
        self.whole = self.whole and len(self._frames) < TRAIL_FRAMES
        self._frames.append(frame)

    def redo(self, methods: Sequence[str]) -> None:
        """Methods that were run on the last frame afterwards."""
        if self._frames:
            last = self._frames.pop()
            self._frames.append(replace(last, redone=tuple(dict.fromkeys((*last.redone, *methods)))))

    def packed(self) -> dict[str, Any]:
        """For a file: of each frame after the first only what differs from the one before it."""
        rows: list[dict[str, Any]] = []
        before: dict[str, Any] = {}
        for frame in self._frames:
            row = asdict(frame)
            rows.append({name: value for name, value in row.items() if name not in before or before[name] != value})
            before = row
        return {"whole": self.whole, "frames": rows}


def unpacked(data: Mapping[str, Any]) -> list[TrailFrame]:
    """The frames of `Trail.packed`, from a file that anyone may have written: ValueError, TypeError or KeyError where
    it is not that."""
    frames: list[TrailFrame] = []
    row: dict[str, Any] = {}
    if not 0 < len(data["frames"]) <= TRAIL_FRAMES:
        raise ValueError(f"a trail of {len(data['frames'])} frames")
    for changed in data["frames"]:
        row = {**row, **changed}
        camera = row["camera"]
        frames.append(
            TrailFrame(
                int(row["index"]),
                finite(row["time"]),
                tuple(map(str, row["methods"])),
                None if camera is None else pose_from(camera),
                finite(row["lod_bias"]),
                finite(row["shading_load"]),
                tuple(map(str, row["redone"])),
                bool(row["led_up_to"]),
            )
        )
    return frames


def pose_from(data: Mapping[str, Any]) -> CameraPose:
    """A pose from `asdict`'s form, read from a file: ValueError, TypeError or KeyError where it is none."""
    (px, py, pz), (tx, ty, tz) = data["position"], data["target"]
    return CameraPose(
        (finite(px), finite(py), finite(pz)),
        (finite(tx), finite(ty), finite(tz)),
        finite(data["fov_y"]),
        finite(data["near"]),
        finite(data["roll"]),
    )


def finite(value: Any) -> float:
    """The number; ValueError or TypeError where it is none."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} where a number belongs")
    return number


def replayed(comparison: Comparison, frames: Sequence[TrailFrame], shown: Sequence[str]) -> Iterator[int]:
    """Draws the trail with a comparison that has drawn nothing yet; yields after each frame how many are done. The
    last frame is drawn with the panes `shown`."""
    for number, frame in enumerate(frames):
        last = number == len(frames) - 1
        if number == 0:
            comparison.frame_index = frame.index
        comparison.lod_bias, comparison.shading_load = frame.lod_bias, frame.shading_load
        comparison.camera = frame.camera
        late = frame.redone
        now = [name for name in shown if name not in late or name in frame.methods] if last else list(frame.methods)
        # A frame without a temporal method still moves the motion's start and the jitter on.
        comparison.methods = now or ["bilinear"]
        comparison.advance(frame.time, lead=frame.led_up_to)
        if late:
            comparison.methods = shown if last else list(dict.fromkeys((*frame.methods, *late)))
            for _ in comparison.redo_steps():
                pass
        elif last and tuple(now) != tuple(shown):
            comparison.methods = shown
            for _ in comparison.redo_steps():
                pass
        yield number + 1
