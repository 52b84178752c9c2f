"""H.264 video files, written by a thread of their own, playable up to the last half second after a crash.

Colour is tagged: BT.709 primaries, transfer and matrix, limited range; without tags players guess. MP4 files are
fragmented, because a plain MP4 whose process died has no index and cannot be played.
"""

from __future__ import annotations

import queue
import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer

ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""In the order in which they are tried. Hardware encoders (h264_nvenc) are tried only when asked for by name."""
HARDWARE_ENCODERS = ("h264_nvenc",)
_QUEUE_FRAMES = 8
_BT709, _LIMITED = 1, 1  # ISO/IEC 23091-2 code points; AVCOL_RANGE_MPEG
_FRAGMENTED = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "500000",  # microseconds
    "flush_packets": "1",
}
_CRASH_SAFE = {".mp4": _FRAGMENTED, ".mkv": {"flush_packets": "1", "cluster_time_limit": "500"}}


class VideoWriter:
    """`write` hands frames to the encoder thread and waits only while its queue is full; `close` ends the file.

    A failure in the thread (a full disk) is raised as SuperseeError by the next `write` or by `close`, never lost,
    and never leaves `write` waiting. `encoder` is the one in use, `note` says what a fallback replaced.
    """

    def __init__(self, path: Path, size: Size, rate: float = 30.0, *, crf: int = 18, encoder: str = "auto") -> None:
        """`size` is (width, height) of the frames; odd sides are padded by repeating the last row or column."""
        self.path = path
        self.size = size
        self.padded = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        self.encoder, self.note = choose_encoder(encoder)
        self.frames_written = 0
        if path.suffix.lower() not in _CRASH_SAFE:
            raise SuperseeError(f"{path.name} is no name for a video", "MP4 and MKV are written", "End it in .mp4.")
        self._container, self._stream = self._open(rate, crf)
        self._failure: Exception | None = None
        self._queue: queue.Queue[np.ndarray | None] = queue.Queue(_QUEUE_FRAMES)
        self._thread = threading.Thread(target=self._encode_all, name="video encoder", daemon=True)
        self._thread.start()

    def write(self, image: np.ndarray) -> None:
        """Queues one uint8 sRGB frame of shape (height, width, 3); the array is copied."""
        assert image.dtype == np.uint8
        assert image.shape == (self.size[1], self.size[0], 3), image.shape
        across, down = self.padded[0] - self.size[0], self.padded[1] - self.size[1]
        self._put(np.pad(image, ((0, down), (0, across), (0, 0)), mode="edge") if across or down else image.copy())

    def close(self) -> Path:
        """Waits for the frames under way and ends the file; raises SuperseeError if anything was not written."""
        self._put(None)
        self._thread.join()
        self._raise_failure()
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

    def _put(self, item: np.ndarray | None) -> None:
        # A dead encoder empties no queue: wait in short turns and look at it in between.
        while True:
            self._raise_failure()
            try:
                return self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise SuperseeError(
                f"The video {self.path} stopped after {self.frames_written} frames",
                str(self._failure),
                "Check the free space.",
            ) from self._failure

    def _open(self, rate: float, crf: int) -> tuple[OutputContainer, Any]:
        import av
        from av.error import FFmpegError

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            container = av.open(str(self.path), "w", options=_CRASH_SAFE[self.path.suffix.lower()])
        except (OSError, FFmpegError) as error:
            raise SuperseeError(f"The video {self.path} cannot be written", str(error)) from error
        stream: Any = container.add_stream(self.encoder, rate=Fraction(rate).limit_denominator(1001))
        _set_up_codec(stream.codec_context, self.padded, self.encoder, crf)
        return container, stream

    def _encode_all(self) -> None:
        try:
            while self._failure is None:
                try:
                    image = self._queue.get(timeout=0.1)
                except queue.Empty:
                    continue
                if image is None:
                    break
                self._container.mux(self._stream.encode(_to_frame(image)))
                self.frames_written += 1
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except Exception as error:  # noqa: BLE001 - carried to the producer, whatever it is
            self._failure = self._failure or error


def choose_encoder(wanted: str = "auto") -> tuple[str, str]:
    """(encoder, note): the first that really encodes a frame here; the note names what it replaced, or is ""."""
    candidates = ENCODERS if wanted == "auto" else (wanted, *(name for name in ENCODERS if name != wanted))
    failed: list[str] = []
    for name in candidates:
        if encoder_works(name):
            if not failed:
                return name, ""
            return name, f"{', '.join(failed)} cannot encode on this machine: the video is written with {name}"
        failed.append(name)
    raise SuperseeError("No video can be written", f"none of {', '.join(failed)} encodes on this machine")


def encoder_works(name: str) -> bool:
    """Encodes one frame: hardware encoders are listed, and open, on machines that do not have the hardware."""
    import av
    from av.error import FFmpegError

    try:
        codec: Any = av.CodecContext.create(name, "w")
        codec.time_base, codec.framerate = Fraction(1, 30), Fraction(30)
        _set_up_codec(codec, (256, 144), name, 23)
        frame = _to_frame(np.zeros((144, 256, 3), np.uint8))
        frame.pts = 0
        return bool([*codec.encode(frame), *codec.encode(None)])
    except (ValueError, OSError, FFmpegError):
        return False


def _set_up_codec(codec: Any, size: Size, encoder: str, crf: int) -> None:
    codec.width, codec.height = size
    codec.pix_fmt = "yuv420p"
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = _LIMITED
    if encoder == "libx264":
        codec.options = {"crf": str(crf), "preset": "veryfast"}
    elif encoder in HARDWARE_ENCODERS:
        codec.options = {"rc": "vbr", "cq": str(crf)}
    else:  # no constant quality: a generous rate, about 0.25 bits a pixel at 30 frames/s
        codec.bit_rate = max(2_000_000, int(size[0] * size[1] * 30 * 0.25))


def _to_frame(image: np.ndarray) -> av.VideoFrame:
    import av
    from av.video.reformatter import ColorRange, Colorspace

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return frame.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
