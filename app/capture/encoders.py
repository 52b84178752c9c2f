"""Which encoders there are, which of them really work here, and how each is set up.

Colour is tagged in all of them: BT.709 primaries, transfer and matrix, limited range; without tags players guess.
FFV1 keeps the RGB pixels themselves, so that what is decoded is what was shown: there is no matrix, and full range.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError

if TYPE_CHECKING:
    import av

TIME_BASE = Fraction(1, 60_000)
"""Of frames with times of their own: a whole number of ticks at all usual rates (MPEG-4 allows no finer ones)."""
_BT709, _RGB, _LIMITED, _FULL = 1, 0, 1, 2  # ISO/IEC 23091-2 code points; AVCOL_RANGE_*


@dataclass(frozen=True, slots=True)
class Codec:
    """`encoders` in the order in which they are tried: the graphics card's first. `crf` is its usual quality."""

    label: str
    encoders: tuple[str, ...]
    crf: int = 0
    lossless: bool = False

    @property
    def endings(self) -> tuple[str, ...]:
        return (".mkv",) if self.lossless else (".mp4", ".mkv")


CODECS: dict[str, Codec] = {
    "h264": Codec("H.264", ("h264_nvenc", "libx264", "libopenh264", "mpeg4"), 18),
    "hevc": Codec("HEVC", ("hevc_nvenc", "libx265"), 20),
    "av1": Codec("AV1", ("av1_nvenc", "libsvtav1", "libaom-av1"), 28),
    "ffv1": Codec("FFV1", ("ffv1",), lossless=True),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a stream is opened with. `live`: every frame leaves the encoder at once, and little work is spent on it."""

    encoder: str
    size: Size
    rate: Fraction
    crf: int
    live: bool = False


def checked_codec(name: str) -> Codec:
    if name not in CODECS:
        raise SuperseeError(f'There is no video codec "{name}"', "", f"Choose among {', '.join(CODECS)}.")
    return CODECS[name]


def choose_encoder(codec: str = "h264", size: Size = (256, 144), wanted: str | None = None) -> tuple[str, str]:
    """(encoder, note): the first that really encodes a frame of `size` here; the note names those it replaced, or is
    "". `wanted` is tried before all others. Raises SuperseeError where none works."""
    known = checked_codec(codec).encoders
    candidates = known if wanted is None else (wanted, *(name for name in known if name != wanted))
    failed: list[str] = []
    for name in candidates:
        if encoder_works(name, size):
            if not failed:
                return name, ""
            return name, f"{', '.join(failed)} cannot encode here: the video is written with {name}"
        failed.append(name)
    raise SuperseeError(
        f"No {CODECS[codec].label} video of {size[0]}x{size[1]} can be written",
        f"{', '.join(failed)} cannot encode here", f"Choose another of {', '.join(CODECS)}.",
    )  # fmt: skip


@lru_cache(maxsize=64)
def encoder_works(name: str, size: Size = (256, 144)) -> bool:
    """Encodes one frame: hardware encoders are listed, and open, on machines that do not have the hardware."""
    import av
    from av.error import FFmpegError

    _quieten()
    try:
        codec: Any = av.CodecContext.create(name, "w")
        set_up(codec, Setting(name, size, Fraction(30), 23))
        frame = to_frame(np.zeros((size[1], size[0], 3), np.uint8), name)
        frame.pts, frame.time_base = 0, codec.time_base
        return bool([*codec.encode(frame), *codec.encode(None)])
    except (ValueError, OSError, FFmpegError):
        return False


def set_up(codec: Any, setting: Setting) -> None:
    """Brings a codec context that is not open yet to `setting`."""
    encoder = setting.encoder
    _quieten()
    codec.width, codec.height = setting.size
    codec.time_base, codec.framerate = TIME_BASE, setting.rate
    codec.gop_size = max(1, round(2 * setting.rate))  # two seconds: where a player can jump to
    codec.color_primaries = codec.color_trc = _BT709
    codec.colorspace, codec.color_range = (_RGB, _FULL) if encoder == "ffv1" else (_BT709, _LIMITED)
    codec.pix_fmt = pixel_format(encoder)
    codec.options = _options(setting)
    if not codec.options:  # no constant quality: a generous rate, about 0.25 bits a pixel at 30 frames/s
        codec.bit_rate = max(2_000_000, int(setting.size[0] * setting.size[1] * 30 * 0.25))
    if encoder in ("libx265", "hevc_nvenc"):
        codec.codec_tag = "hvc1"  # Apple's players know HEVC by no other


def pixel_format(encoder: str) -> str:
    return "bgr0" if encoder == "ffv1" else "yuv420p"


def to_frame(pixels: np.ndarray, encoder: str) -> av.VideoFrame:
    """A frame as the encoder takes it, of uint8 sRGB (height, width, 3 or 4)."""
    import av

    kind = "rgba" if pixels.shape[2] == 4 else "rgb24"
    # Not from_ndarray: its copy holds Python's lock for a millisecond, which the frame loop then waits for.
    frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), format=kind)
    if encoder == "ffv1":
        return frame.reformat(format="bgr0")
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")


def _options(setting: Setting) -> dict[str, str]:
    crf, live = str(setting.crf), setting.live
    if setting.encoder == "libx264":
        return {"crf": crf, "preset": "veryfast", **({"tune": "zerolatency"} if live else {"rc-lookahead": "10"})}
    if setting.encoder == "libx265":
        preset = {"preset": "ultrafast", "tune": "zerolatency"} if live else {"preset": "fast"}
        return {"crf": crf, "x265-params": "log-level=error:rc-lookahead=10", **preset}
    if setting.encoder == "libsvtav1":
        # pred-struct 1: low delay, no frame waits for later ones.
        return {"crf": crf, "preset": "12" if live else "9", **({"svtav1-params": "pred-struct=1"} if live else {})}
    if setting.encoder == "libaom-av1":
        return {"crf": crf, "cpu-used": "8", "row-mt": "1", **({"usage": "realtime"} if live else {})}
    if setting.encoder.endswith("_nvenc"):
        delay = {"tune": "ull", "delay": "0", "zerolatency": "1"} if live else {"tune": "hq"}
        return {"rc": "vbr", "cq": crf, "preset": "p4", **delay}
    if setting.encoder == "ffv1":
        return {"level": "3", "slices": "4", "slicecrc": "1"}  # slices: several threads, and damage stays in one
    return {}


def _quieten() -> None:
    """SVT-AV1 prints its settings for every stream unless told otherwise."""
    import os

    os.environ.setdefault("SVT_LOG", "1")
