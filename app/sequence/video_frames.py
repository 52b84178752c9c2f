"""A video file's pictures by index: every time stamp is read at the start, pictures are decoded when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError

_HD_HEIGHT = 720
"""Where a file does not say, players take pictures of at least this height as BT.709 and smaller ones as BT.601."""


class VideoFrames:
    """Not safe for several threads at once: there is one decoder.

    size   (width, height)
    times  seconds since the first picture, in order of showing
    fps    as the file states it, or None
    """

    def __init__(self, path: Path) -> None:
        import av
        import av.error

        self._path = path
        try:
            self._container = av.open(str(path))
            self._stream = self._container.streams.video[0]
            self._stream.thread_type = "AUTO"
            base = self._stream.time_base
            stamps = sorted(packet.pts for packet in self._container.demux(self._stream) if packet.pts is not None)
        except (av.error.FFmpegError, IndexError, OSError, ValueError) as error:
            reason = "it has no pictures in it" if isinstance(error, IndexError) else str(error)
            raise SuperseeError(
                f"The video {path} cannot be read", reason, "Check that a player shows it, or convert it with ffmpeg."
            ) from error
        if not stamps or base is None or not self._stream.width:
            raise SuperseeError(
                f"The video {path} has no frames", "the file ends before the first one", "Record or copy it again."
            )
        self._stamps = stamps
        self.times = tuple(float((stamp - stamps[0]) * base) for stamp in stamps)
        rate = self._stream.average_rate
        self.fps = float(rate) if rate and 0.01 <= rate <= 10_000 else None
        self.size: Size = (self._stream.width, self._stream.height)
        standard = "BT.709" if self._is_bt709 else "BT.601"
        self.notes = (f"Video: {self._stream.codec_context.name}, {len(stamps)} frames, matrix {standard}.",)
        self._pictures: Iterator[av.VideoFrame] | None = None
        self._next = 0

    def decode(self, index: int) -> np.ndarray:
        """(height, width, 3) uint8, sRGB. Raises SuperseeError for a picture that cannot be decoded, and for one of
        another size."""
        import av
        import av.error

        wanted = self._stamps[index]
        try:
            if self._pictures is None or index != self._next:
                self._container.seek(wanted, stream=self._stream, backward=True)
                self._pictures = self._container.decode(self._stream)
            for picture in self._pictures:
                if picture.pts is not None and picture.pts >= wanted:
                    self._next = index + 1
                    return self._rgb(picture, index)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._pictures = None
            raise self._unreadable(index, str(error)) from error
        self._pictures = None
        raise self._unreadable(index, "the file ends before it")

    @property
    def _is_bt709(self) -> bool:
        stated = self._stream.codec_context.colorspace
        return stated == 1 or (stated not in (5, 6) and self.size[1] >= _HD_HEIGHT)

    def _rgb(self, picture, index: int) -> np.ndarray:
        from av.video.reformatter import Colorspace

        if (picture.width, picture.height) != self.size:
            raise self._unreadable(index, f"it is {picture.width}x{picture.height}, not {self.size[0]}x{self.size[1]}")
        source = Colorspace.ITU709 if self._is_bt709 else Colorspace.ITU601
        return picture.reformat(format="rgb24", src_colorspace=source).to_ndarray()

    def _unreadable(self, index: int, reason: str) -> SuperseeError:
        what = f"Frame {index + 1} of {self._path} cannot be decoded"
        return SuperseeError(what, reason, "Copy or convert it again.")
