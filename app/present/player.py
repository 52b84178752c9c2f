"""The play head of a recording: which frame comes next, between which marks, how fast, and what happens at the ends."""

from __future__ import annotations

from collections.abc import Callable

ENDS = ("loop", "ping-pong", "once")
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)


class Player:
    """Frames count from 0. `index` is the frame on show; `wanted` one that was asked for and is not begun yet.

    Playing goes from `first` to `last`, both included. A jump may leave them: playing then goes on from there, and
    keeps inside once it has come inside. With "ping-pong", `backwards` says which way it is going.

    `previews`: what is wanted is shown at once, without history, because it will be left again (the head is dragged).
    `scanning`: all frames between the marks are played once, as fast as they can be drawn, to be measured.
    """

    def __init__(self, frames: int, fps: float, changed: Callable[[], None] = lambda: None) -> None:
        assert frames > 0, "a recording has frames"
        self.frames = frames
        self.fps = fps
        self.changed = changed
        self.index = 0
        self.first, self.last = 0, frames - 1
        self.ends = ENDS[0]
        self.speed = 1.0
        self.backwards = False
        self.wanted: int | None = None
        self.previews = False
        self.scanning = False
        self._coming: int | None = None  # asked for and begun
        self._before_scan = 0
        self._unwarmed = False  # what was asked for last is a preview

    @property
    def marked(self) -> bool:
        return (self.first, self.last) != (0, self.frames - 1)

    @property
    def heading(self) -> int:
        """Where the head stands: at the frame that was asked for last, also before it is shown."""
        return next(index for index in (self.wanted, self._coming, self.index) if index is not None)

    # Where to

    def seek(self, index: int) -> None:
        """Asks for a frame, with the history that playing would have given it."""
        self.wanted, self.previews, self._unwarmed = self._clamped(index), False, False
        self.changed()

    def scrub(self, index: int) -> None:
        """Asks for a frame at once, while the head is dragged."""
        index = self._clamped(index)
        if index != self.heading:
            self.wanted, self.previews, self._unwarmed = index, True, True
            self.changed()

    def release(self) -> None:
        """The head was let go: the frame under it gets its history."""
        if self._unwarmed:
            self.seek(self.heading)

    def take_wanted(self) -> tuple[int, bool] | None:
        """(frame, whether it is a preview), once."""
        if self.wanted is None:
            return None
        index, self.wanted, self._coming = self.wanted, None, self.wanted
        return index, self.previews

    def take_back(self, index: int) -> None:
        """It was begun and has to be begun anew, unless another is wanted by now."""
        self._coming = None
        if self.wanted is None:
            self.wanted, self.previews = index, False

    def arrive(self, index: int) -> None:
        """The frame is on show."""
        self.index, self._coming = index, None

    def advance(self) -> int | None:
        """The frame that playing shows after `index`; None where playing has come to its end."""
        if self.scanning:
            return self.index + 1 if self.index < self.last else None
        if self.ends == "ping-pong" and self.first < self.last:
            return self._bounced()
        self.backwards = False
        if self.index == self.last or self.index == self.frames - 1:
            return None if self.ends == "once" else self.first
        return self.index + 1

    def stepped(self, steps: int) -> int | None:
        """The frame that many steps away; None where there is none any more."""
        index = self._clamped(self.index + steps)
        return None if index == self.index else index

    def seek_first(self) -> None:
        self.seek(self.first)

    def seek_last(self) -> None:
        self.seek(self.last)

    def play_again(self) -> None:
        """Playing is wanted where it had come to its end: from the beginning."""
        if self.ends == "once" and self.index == self.last:
            self.seek(self.first)

    # Marks, ends, speed

    def mark_first(self) -> None:
        self.first, self.last = self.index, max(self.last, self.index)
        self.changed()

    def mark_last(self) -> None:
        self.first, self.last = min(self.first, self.index), self.index
        self.changed()

    def set_marks(self, first: int, last: int) -> None:
        low, high = sorted((self._clamped(first), self._clamped(last)))
        self.first, self.last = low, high
        self.changed()

    def clear_marks(self) -> None:
        self.set_marks(0, self.frames - 1)

    def next_ends(self) -> None:
        self.set_ends(ENDS[(ENDS.index(self.ends) + 1) % len(ENDS)])

    def set_ends(self, ends: str) -> None:
        assert ends in ENDS, ends
        self.ends, self.backwards = ends, False
        self.changed()

    def faster(self) -> None:
        self.set_speed(SPEEDS[min(SPEEDS.index(self.speed) + 1, len(SPEEDS) - 1)])

    def slower(self) -> None:
        self.set_speed(SPEEDS[max(SPEEDS.index(self.speed) - 1, 0)])

    def set_speed(self, speed: float) -> None:
        assert speed in SPEEDS, speed
        self.speed = speed
        self.changed()

    # Scanning

    def toggle_scan(self) -> None:
        if self.scanning:
            self.end_scan()
            return
        self.scanning, self._before_scan = True, self.heading
        self.seek(self.first)

    def end_scan(self) -> None:
        """Back to where it was, whether the scan is through or was called off."""
        if self.scanning:
            self.scanning = False
            self.seek(self._before_scan)

    # Words

    def time_of(self, index: int) -> float:
        """Seconds from the first frame."""
        return index / self.fps

    def clock(self, index: int) -> str:
        """Minutes, seconds and hundredths of a frame."""
        hundredths = round(self.time_of(index) * 100)
        return f"{hundredths // 6000}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"

    def _bounced(self) -> int:
        if self.index >= self.last:
            self.backwards = True
        elif self.index <= self.first:
            self.backwards = False
        return self._clamped(self.index + (-1 if self.backwards else 1))

    def _clamped(self, index: int) -> int:
        return min(max(index, 0), self.frames - 1)
