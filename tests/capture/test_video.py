import contextlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.capture import video
from app.capture.encoders import CODECS, choose_encoder, encoder_works
from app.capture.video import Picture, VideoWriter, sound_decoding_time
from app.errors import SuperseeError

av = pytest.importorskip("av")

# Writes until it is killed, or until the file may not grow any more; noise, so that every frame has its size.
_ENDLESS = """
import resource, sys, numpy as np
from pathlib import Path
from app.capture.video import VideoWriter, Picture
from app.errors import SuperseeError
path, codec, live, limit = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "live", int(sys.argv[4])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
writer = VideoWriter(path, (160, 96), 30, codec=codec, live=live)
noise = np.random.default_rng(1).integers(0, 256, (8, 96, 160, 3), np.uint8)
try:
    for index in range(10**6):
        writer.put(Picture(noise[index % 8], index / 30))
        if index >= 150:
            print(writer.frames_written, flush=True)
            sys.stdin.readline()
except SuperseeError as error:
    print(error, flush=True)
"""
ROOT = Path(__file__).resolve().parents[2]


def _needs(codec: str) -> None:
    if not any(encoder_works(name) for name in CODECS[codec].encoders):
        pytest.skip(f"nothing encodes {codec} here")


def _frames(path: Path) -> list[np.ndarray]:
    """Decoded, (height, width, 3) uint8 sRGB."""
    with av.open(str(path)) as container:
        return [_rgb(frame) for frame in container.decode(video=0)]


def _rgb(frame) -> np.ndarray:
    """By BT.709's own formula for limited range, which the tags promise; RGB as it is."""
    if frame.format.name != "yuv420p":
        return frame.to_ndarray(format="rgb24")
    planes = frame.to_ndarray(format="yuv420p").astype(float)
    height, width = frame.height, frame.width
    luma = (planes[:height] - 16) / 219
    chroma = planes[height:].reshape(2, height // 2, width // 2).repeat(2, 1).repeat(2, 2)
    blue, red = luma + 1.8556 * (chroma[0] - 128) / 224, luma + 1.5748 * (chroma[1] - 128) / 224
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(255 * np.stack((red, green, blue), 2) + 0.5, 0, 255).astype(np.uint8)


def _write_many(writer: VideoWriter, count: int) -> None:
    for _ in range(count):
        writer.write(np.zeros((32, 32, 3), np.uint8))


def test_a_video_is_tagged_bt709_and_shows_the_colours_that_went_in(tmp_path: Path) -> None:
    path = tmp_path / "side-by-side.mp4"
    with VideoWriter(path, (64, 48), 30, crf=10) as writer:
        for level in range(12):
            image = np.empty((48, 64, 3), np.uint8)
            image[:] = (200, 20 * level, 40)
            writer.write(image)
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range) == (1, 1, 1, 1)
        assert container.streams.video[0].average_rate == 30
    frames = _frames(path)
    assert len(frames) == 12
    assert np.abs(frames[5][24, 32].astype(int) - (200, 100, 40)).max() <= 4


def test_odd_sizes_are_padded_by_the_last_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "odd.mkv"
    image = np.full((33, 51, 3), 180, np.uint8)
    with VideoWriter(path, (51, 33), 25) as writer:
        for _ in range(4):
            writer.write(image)
    frames = _frames(path)
    assert frames[0].shape == (34, 52, 3)
    assert np.abs(frames[0].astype(int) - 180).max() <= 4


def test_a_failing_encoder_is_reported_and_never_leaves_the_writer_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_frame: object) -> object:
        raise OSError(28, "No space left on device")

    writer = VideoWriter(tmp_path / "full.mp4", (32, 32))
    monkeypatch.setattr(video, "to_frame", full_disk)
    begun = time.perf_counter()
    with pytest.raises(SuperseeError, match="No space left"):
        _write_many(writer, 100)
    with pytest.raises(SuperseeError, match="stopped after 0 frames"):
        writer.close()
    assert time.perf_counter() - begun < 5.0


def test_an_encoder_that_is_not_here_is_replaced_and_named() -> None:
    encoder, note = choose_encoder("h264", wanted="no_such_encoder")
    assert encoder in CODECS["h264"].encoders
    assert "no_such_encoder" in note
    assert encoder in note


def test_wrong_names_and_places_are_plain_messages(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match=r"End it in \.mp4"):
        VideoWriter(tmp_path / "x.avi", (32, 32))
    with pytest.raises(SuperseeError, match=r"End it in \.mkv"):
        VideoWriter(tmp_path / "x.mp4", (32, 32), codec="ffv1")
    with pytest.raises(SuperseeError, match="Choose among h264"):
        VideoWriter(tmp_path / "x.mp4", (32, 32), codec="theora")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SuperseeError, match="cannot be written"):
        VideoWriter(tmp_path / "file" / "x.mp4", (32, 32))


def _decodable(path: Path) -> int:
    """Frames that a player gets, up to where the file breaks off."""
    count = 0
    with av.open(str(path)) as container, contextlib.suppress(av.error.FFmpegError):
        for _ in container.decode(video=0):
            count += 1
    return count


def _recorder(path: Path, codec: str, live: bool, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _ENDLESS, str(path), codec, "live" if live else "exact", str(limit)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("codec", "ending", "live"),
    [("h264", ".mp4", False), ("h264", ".mp4", True), ("h264", ".mkv", True), ("ffv1", ".mkv", True)],
)
def test_a_video_whose_program_was_killed_can_be_played_to_the_last_second(
    codec: str, ending: str, live: bool, tmp_path: Path
) -> None:
    path = tmp_path / f"killed{ending}"
    with _recorder(path, codec, live) as process:
        assert process.stdout is not None
        written = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert written > 120
    assert _decodable(path) >= written - 30, "more than a second is lost"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX's")
@pytest.mark.parametrize(("codec", "ending"), [("h264", ".mp4"), ("ffv1", ".mkv")])
def test_a_full_disk_is_said_and_what_was_written_can_be_played(codec: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"full{ending}"
    with _recorder(path, codec, live=True, limit=1_000_000) as process:
        said, _ = process.communicate(timeout=60)
    assert f"The video {path} stopped after" in said
    assert "Check the free space" in said
    written = int(said.split("stopped after ")[1].split()[0])
    assert path.stat().st_size <= 1_000_000
    assert 10 < written < 150
    assert _decodable(path) >= written - 30, "more than a second is lost"


@pytest.mark.parametrize("codec", list(CODECS))
def test_every_codec_is_tagged_and_decodes_to_the_colours_that_went_in(codec: str, tmp_path: Path) -> None:
    _needs(codec)
    path = tmp_path / f"x{CODECS[codec].endings[0]}"
    with VideoWriter(path, (160, 96), 30, codec=codec, crf=8) as writer:
        for level in range(8):
            writer.write(np.full((96, 160, 3), (180, 25 * level, 60), np.uint8))
    assert writer.encoder in CODECS[codec].encoders
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        matrix, full = (0, 2) if codec == "ffv1" else (1, 1)
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        assert tags == (1, 1, matrix, full)
    frames = _frames(path)
    assert len(frames) == 8
    assert np.abs(frames[5][48, 80].astype(int) - (180, 125, 60)).max() <= 5


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_a_video_of_one_frame_is_whole(codec: str, tmp_path: Path) -> None:
    _needs(codec)
    for attempt in range(12):  # x265's unset times are any numbers
        path = tmp_path / f"{attempt}.mp4"
        with VideoWriter(path, (160, 96), codec=codec) as writer:
            writer.write(np.full((96, 160, 3), 99, np.uint8))
        assert len(_frames(path)) == 1


def test_ffv1_keeps_every_pixel(tmp_path: Path) -> None:
    path = tmp_path / "exact.mkv"
    images = np.random.default_rng(5).integers(0, 256, (5, 96, 161, 3), np.uint8)
    with VideoWriter(path, (161, 96), codec="ffv1") as writer:
        for image in images:
            writer.write(image)
    with av.open(str(path)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.array_equal(np.stack(decoded)[:, :, :161], images)


@pytest.mark.parametrize("name", ["live.mp4", "live.mkv"])
def test_frames_keep_the_times_at_which_they_were_shown(name: str, tmp_path: Path) -> None:
    times = np.cumsum([0.0, 0.016, 0.017, 0.25, 0.001, 1.5, 0.033])
    with VideoWriter(tmp_path / name, (64, 48), 60, live=True) as writer:
        for time_shown in times:
            writer.put(Picture(np.zeros((48, 64, 4), np.uint8), float(time_shown)))
    with av.open(str(tmp_path / name)) as container:
        stamps = [float(frame.time) for frame in container.decode(video=0)]
    assert np.abs(np.array(stamps) - stamps[0] - times).max() <= 0.0011  # Matroska counts milliseconds


def test_offering_never_waits_and_says_what_was_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode, gate, done = video.to_frame, threading.Event(), []
    monkeypatch.setattr(video, "to_frame", lambda *frame: (gate.wait(20), encode(*frame))[1])
    writer = VideoWriter(tmp_path / "slow.mp4", (64, 48), live=True)
    taken = [
        writer.offer(Picture(np.zeros((48, 64, 4), np.uint8), n / 30, lambda n=n: done.append(n))) for n in range(20)
    ]
    assert 8 <= sum(taken) <= 9  # the queue, and the one in the encoder's hands
    gate.set()
    writer.close()
    assert done == [n for n, kept in enumerate(taken) if kept]
    assert writer.frames_written == sum(taken)
    assert len(_frames(writer.path)) == sum(taken)


@pytest.mark.parametrize(
    ("decoded", "last", "sound"),
    [
        (90, 80, 90),  # ahead of its showing, as with frames that wait for others
        (-40, None, -40),
        (2**40, 80, 100),  # unset
        (-(2**40), 80, 100),
        (80, 80, 100),
    ],
)
def test_a_decoding_time_that_no_container_takes_becomes_that_of_showing(
    decoded: int, last: int | None, sound: int
) -> None:
    assert sound_decoding_time(100, decoded, last) == sound
