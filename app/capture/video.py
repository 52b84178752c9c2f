"""Video files, written by a thread of their own, playable up to the last half second after a crash or a full disk.

An MP4 is written in fragments, because a plain one whose program died has no index and cannot be played; where the
library can, closing turns it into a plain one, which editors like better.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.capture.encoders import CODECS, TIME_BASE, Setting, checked_codec, choose_encoder, set_up, to_frame
from app.capture.provenance import as_text
from app.conventions import Size
from app.errors import SuperseeError

if TYPE_CHECKING:
    from av.container import OutputContainer

QUEUE_FRAMES = 8
_HYBRID_SINCE = (61, 7, 100)  # libavformat of FFmpeg 7.1
_NICENESS = 5
_LONGEST_DELAY = 600_000
"""Ticks (10 s) that a frame's decoding may come before its showing."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """uint8 sRGB of (height, width, 3 or 4), row 0 on top, `seconds` after the first frame. `done` is called in the
    encoder's thread when the pixels are needed no more."""

    pixels: np.ndarray
    seconds: float
    done: Callable[[], None] = lambda: None


def sound_decoding_time(shown: int, decoded: int, last: int | None) -> int:
    """`decoded`, or `shown`, the tick at which the frame is seen. x265 leaves the decoding times of streams of one or
    two frames unset: any number may stand there, and a container takes none after the showing or up to the `last`."""
    earliest = shown - _LONGEST_DELAY if last is None else max(shown - _LONGEST_DELAY, last + 1)
    return decoded if earliest <= decoded <= shown else shown


def even(size: Size) -> Size:
    """The size that is encoded: odd sides are padded."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


class VideoWriter:
    """`write` hands frames to the encoder thread and waits only while its queue is full, `offer` never waits; `close`
    ends the file.

    A failure in the thread (a full disk) is raised as SuperseeError by the next `write` or by `close`, never lost,
    and never leaves `write` waiting. `encoder` is the one in use, `note` says what a fallback replaced.
    """

    def __init__(
        self,
        path: Path,
        size: Size,
        rate: float = 30.0,
        *,
        codec: str = "h264",
        encoder: str | None = None,
        crf: int | None = None,
        live: bool = False,
        record: Mapping[str, object] | None = None,
    ) -> None:
        """`size` is (width, height) of the frames; odd sides are padded by repeating the last row or column. `live`:
        frames come at any times, encoding takes little work, and it steps back behind other threads. `record` is
        written as the file's comment."""
        self.path = path
        self.size = size
        self.padded = even(size)
        known = checked_codec(codec)
        if path.suffix.lower() not in known.endings:
            endings = " or ".join(known.endings)
            raise SuperseeError(
                f"{path.name} is no name for a video", f"{known.label} is written as {endings}", f"End it in {endings}."
            )
        self.encoder, self.note = choose_encoder(codec, self.padded, encoder)
        self.frames_written = 0
        self.seconds_written = 0.0
        self._rate = Fraction(rate).limit_denominator(1001)
        self._live = live
        self._last_tick = -1
        self._last_decoding: int | None = None
        quality = CODECS[codec].crf if crf is None else crf
        self._container, self._stream = self._open(Setting(self.encoder, self.padded, self._rate, quality, live))
        if record is not None:
            self._container.metadata["comment"] = as_text(record)
        self._written = 0  # pictures given to `write`
        self._failure: Exception | None = None
        self._queue: queue.Queue[Picture | None] = queue.Queue(QUEUE_FRAMES)
        self._thread = threading.Thread(target=self._encode_all, name="video encoder", daemon=True)
        self._thread.start()

    def write(self, image: np.ndarray) -> None:
        """Queues the next frame at the video's rate, uint8 sRGB of shape (height, width, 3); the array is copied."""
        assert image.dtype == np.uint8
        assert image.shape == (self.size[1], self.size[0], 3), image.shape
        self.put(Picture(image.copy(), float(self._written / self._rate)))
        self._written += 1

    def put(self, picture: Picture) -> None:
        """Queues a frame with a time of its own, later than the one before. Its pixels must stay until it is done."""
        self._put(picture)

    def offer(self, picture: Picture) -> bool:
        """The same without waiting; False where the queue is full and the frame was not taken."""
        self.raise_failure()
        try:
            self._queue.put_nowait(picture)
        except queue.Full:
            return False
        return True

    @property
    def ended(self) -> bool:
        """Nothing more is written: the file is closed, or writing failed."""
        return not self._thread.is_alive()

    def finish(self) -> None:
        """Asks for the end without waiting for it: `ended` tells when, `close` then raises what went wrong."""
        self._put(None)

    def close(self) -> Path:
        """Waits for the frames under way and ends the file; raises SuperseeError if anything was not written."""
        if self._thread.is_alive():
            self._put(None)
        self._thread.join()
        self.raise_failure()
        return self.path

    def abandon(self) -> None:
        """Ends the thread without caring about the file; for the way out after another error."""
        self._failure = self._failure or RuntimeError("abandoned")
        self._thread.join()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _put(self, item: Picture | None) -> None:
        # A dead encoder empties no queue: wait in short turns and look at it in between.
        while True:
            self.raise_failure()
            if self.ended:
                return
            try:
                return self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue

    def raise_failure(self) -> None:
        """Raises SuperseeError where writing has failed."""
        if self._failure is not None:
            raise SuperseeError(
                f"The video {self.path} stopped after {self.frames_written} frames ({self.seconds_written:.1f} s)",
                str(self._failure),
                "Check the free space; what was written until then can be played.",
            ) from self._failure

    def _open(self, setting: Setting) -> tuple[OutputContainer, Any]:
        import av
        from av.error import FFmpegError

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            container = av.open(str(self.path), "w", options=_crash_safe(self.path.suffix.lower()))
        except (OSError, FFmpegError) as error:
            raise SuperseeError(f"The video {self.path} cannot be written", str(error)) from error
        stream: Any = container.add_stream(self.encoder, rate=setting.rate)
        set_up(stream.codec_context, setting)
        return container, stream

    def _encode_all(self) -> None:
        if self._live:
            _step_back()
        try:
            while self._failure is None:
                try:
                    picture = self._queue.get(timeout=0.1)
                except queue.Empty:
                    continue
                if picture is None:
                    break
                self._encode(picture)
            if self._failure is None:
                self._mux(self._stream.encode(None))
                self._container.close()
        except Exception as error:  # noqa: BLE001 - carried to the producer, whatever it is
            # The file is left as it is: its end cannot be written, and trying would spoil what is there.
            self._failure = self._failure or error
        self._drop_rest()

    def _encode(self, picture: Picture) -> None:
        try:
            frame = to_frame(self._padded(picture.pixels), self.encoder)
        finally:
            picture.done()
        self._last_tick = max(round(picture.seconds / TIME_BASE), self._last_tick + 1)
        frame.pts, frame.time_base = self._last_tick, TIME_BASE
        self._mux(self._stream.encode(frame))
        self.frames_written += 1
        self.seconds_written = picture.seconds

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if packet.pts is not None and packet.dts is not None:
                packet.dts = sound_decoding_time(packet.pts, packet.dts, self._last_decoding)
                self._last_decoding = packet.dts
            self._container.mux(packet)

    def _padded(self, pixels: np.ndarray) -> np.ndarray:
        across, down = self.padded[0] - pixels.shape[1], self.padded[1] - pixels.shape[0]
        return np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="edge") if across or down else pixels

    def _drop_rest(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                picture = self._queue.get_nowait()
                if picture is not None:
                    picture.done()


def _crash_safe(ending: str) -> dict[str, str]:
    """Container options that put frames on disk as they come."""
    import av

    if ending == ".mkv":
        return {"flush_packets": "1", "cluster_time_limit": "500"}  # ms
    hybrid = av.library_versions["libavformat"] >= _HYBRID_SINCE
    flags = "frag_keyframe+default_base_moof+" + ("hybrid_fragmented" if hybrid else "empty_moov")
    return {"movflags": flags, "frag_duration": "500000", "flush_packets": "1"}  # microseconds


def _step_back() -> None:
    """The frame loop comes first: this thread, and those that the encoder starts from it, run when there is time."""
    if sys.platform.startswith("linux"):  # elsewhere niceness is a process's
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
