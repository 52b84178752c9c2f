"""A framebuffer recorded as a video while it is drawn: readback, encoder and the count of what was kept."""

from __future__ import annotations

import time
from pathlib import Path

import moderngl

from app.capture.readback import SLOTS, PixelRing
from app.capture.video import Picture, VideoWriter
from app.conventions import Size


class Recorder:
    """`add` frames with the GL context current. Live, a frame that finds no free slot is dropped and counted, and
    nothing ever waits; exact, the caller looks at `full` first and draws the next frame when there is room.

    The end has two halves, since the encoder needs its time: `finish` takes no more frames, and when `ended` (or
    whenever waiting does no harm) `close` gives everything back. Failures are SuperseeErrors from `add` and `close`.
    """

    def __init__(
        self,
        context: moderngl.Context,
        path: Path,
        size: Size,
        rate: float,
        *,
        codec: str = "h264",
        live: bool = True,
        slots: int = SLOTS,
        record: dict[str, object] | None = None,
    ) -> None:
        self.size = size
        self.live = live
        self.dropped = 0
        self.grabbed = 0
        self.seconds = 0.0  # of the last frame
        self.readback_ms = 0.0  # of the last `add`: what the driver took to begin the copy
        self.readback_cpu_ms = 0.0  # processor time of the same
        self._writer = VideoWriter(path, size, rate, codec=codec, live=live, record=record)
        try:
            self._ring = PixelRing(context, size, slots)
        except BaseException:
            self._writer.abandon()
            raise

    @property
    def path(self) -> Path:
        return self._writer.path

    @property
    def encoder(self) -> str:
        return self._writer.encoder

    @property
    def note(self) -> str:
        return self._writer.note

    @property
    def full(self) -> bool:
        """No frame can be taken now."""
        return self._ring.full

    @property
    def ended(self) -> bool:
        return self._writer.ended

    def add(self, source: moderngl.Framebuffer, seconds: float, *, bottom_up: bool = False) -> bool:
        """Takes the framebuffer as the frame at `seconds`, later than the one before; False where it was dropped.
        `bottom_up`: its row 0 is the bottom row."""
        self.pump()
        begun, cpu = time.perf_counter(), time.thread_time()
        kept = self._ring.grab(source, seconds, bottom_up=bottom_up)
        self.readback_ms = (time.perf_counter() - begun) * 1e3
        self.readback_cpu_ms = (time.thread_time() - cpu) * 1e3
        assert kept or self.live, "look at `full` before an exact frame is drawn"
        self.grabbed += kept
        self.dropped += not kept
        self.seconds = seconds
        return kept

    def pump(self, *, wait: bool = False) -> None:
        """Hands the encoder what has come back from the GPU."""
        self._writer.raise_failure()
        for slot in self._ring.arrived(wait=wait):
            # There are fewer slots than places in the writer's queue: this does not wait.
            self._writer.put(Picture(slot.pixels, slot.seconds, slot.free))

    def finish(self) -> None:
        """No more frames: those under way are brought home, which takes the GPU a moment, and encoded meanwhile."""
        self.pump(wait=True)
        self._writer.finish()

    def close(self) -> Path:
        """Waits for the encoder, ends the file and releases the buffers."""
        try:
            return self._writer.close()
        finally:
            self._ring.release()
