import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app.capture import video
from app.capture.video import VideoWriter, choose_encoder
from app.errors import SuperseeError

av = pytest.importorskip("av")

_ENDLESS = """
import sys, numpy as np
from pathlib import Path
from app.capture.video import VideoWriter
writer = VideoWriter(Path(sys.argv[1]), (160, 96), 30)
frame = np.zeros((96, 160, 3), np.uint8)
for index in range(10**6):
    frame[:] = index % 256
    writer.write(frame)
    if index == 150:
        print("going", flush=True)
"""


def _frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray() for frame in container.decode(video=0)
        ]


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
    def full_disk(_image: np.ndarray) -> object:
        raise OSError(28, "No space left on device")

    writer = VideoWriter(tmp_path / "full.mp4", (32, 32))
    monkeypatch.setattr(video, "_to_frame", full_disk)
    begun = time.perf_counter()
    with pytest.raises(SuperseeError, match="No space left"):
        _write_many(writer, 100)
    with pytest.raises(SuperseeError, match="stopped after 0 frames"):
        writer.close()
    assert time.perf_counter() - begun < 5.0


def test_an_encoder_that_is_not_here_is_replaced_and_named() -> None:
    encoder, note = choose_encoder("no_such_encoder")
    assert encoder in video.ENCODERS
    assert "no_such_encoder" in note
    assert encoder in note


def test_wrong_names_and_places_are_plain_messages(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match=r"End it in \.mp4"):
        VideoWriter(tmp_path / "x.avi", (32, 32))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SuperseeError, match="cannot be written"):
        VideoWriter(tmp_path / "file" / "x.mp4", (32, 32))


def test_a_video_whose_program_was_killed_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "killed.mp4"
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([sys.executable, "-c", _ENDLESS, str(path)], cwd=root, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"going\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(_frames(path)) > 60
