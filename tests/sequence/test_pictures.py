"""Pictures and videos without motion vectors: what is estimated, what is said of it, and files that are broken."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.errors import SuperseeError
from app.sequence.discover import importer_for, open_sequence
from app.sequence.images import from_srgb
from tests.sequence.recordings import exr

SIZE = (96, 64)
STEP = 2
"""Pixels to the right a frame."""


def picture(index: int) -> np.ndarray:
    """(h, w, 3) uint8: a pattern that travels to the right."""
    x, y = np.meshgrid(np.arange(SIZE[0]) - STEP * index, np.arange(SIZE[1]))
    grey = 128 + 50 * np.sin(x / 5 + np.sin(y / 7)) + 50 * np.cos(y / 6 + x / 11)
    return np.stack([grey, grey * 0.8, 255 - grey], -1).astype(np.uint8)


def write_pictures(folder: Path, suffix: str = ".png", frames: int = 4) -> Path:
    folder.mkdir(parents=True)
    for index in range(frames):
        Image.fromarray(picture(index)).save(folder / f"shot_{index + 7:03}{suffix}", quality=95)
    return folder


def write_video(path: Path, frames: int = 12) -> Path:
    """With a key picture every five, so that seeking has something to do."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 25, options={"g": "5", "crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"  # type: ignore[attr-defined]
        for index in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))  # type: ignore
        container.mux(stream.encode())  # type: ignore[attr-defined]
    return path


def assert_moves_right(motion: np.ndarray) -> None:
    inside = motion[8:-8, 8:-8]
    assert np.median(np.abs(inside - [-STEP, 0])) < 0.2, "what is here now was further left"


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_are_srgb_and_their_motion_is_estimated(tmp_path: Path, suffix: str) -> None:
    folder = write_pictures(tmp_path / "shot", suffix)
    assert importer_for(folder).title == "pictures"
    source = open_sequence(folder)
    assert (len(source), source.render_size, source.display_size) == (4, SIZE, (192, 128))
    assert source.reference_sizes == ()
    assert any("ESTIMATED" in note for note in source.notes)
    frame = source.read(2)
    tolerance = 0.002 if suffix == ".png" else 0.1
    assert frame.colour[..., :3] == pytest.approx(from_srgb(picture(2)), abs=tolerance)
    assert_moves_right(frame.motion)
    assert not source.read(0).motion.any()
    assert source.read(0).reset
    assert not frame.reset


def test_plain_exr_pictures_are_linear(tmp_path: Path) -> None:
    (tmp_path / "shot").mkdir()
    for index in range(3):
        linear = from_srgb(picture(index))
        exr(tmp_path / "shot" / f"{index}.exr", {c: linear[..., i].astype(np.float16) for i, c in enumerate("RGB")})
    frame = open_sequence(tmp_path / "shot").read(1)
    assert np.array_equal(frame.colour[..., :3], from_srgb(picture(1)).astype(np.float16))
    assert_moves_right(frame.motion)


def test_after_a_missing_picture_history_starts_again(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shot")
    (folder / "shot_008.png").unlink()
    source = open_sequence(folder)
    assert source.read(2).reset
    assert not source.read(3).reset
    with pytest.raises(SuperseeError, match=r"shot_008\.png is missing"):
        source.read(1)


def test_broken_pictures_are_named(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shot")
    second = folder / "shot_008.png"
    second.write_bytes(second.read_bytes()[:200])
    source = open_sequence(folder)
    with pytest.raises(SuperseeError, match=r"shot_008\.png cannot be read"):
        source.read(1)
    Image.fromarray(picture(0)[:10]).save(second)
    with pytest.raises(SuperseeError, match=r"shot_008\.png has the wrong size: it is 96x10, not 96x64"):
        source.read(1)


def test_without_opencv_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    folder = write_pictures(tmp_path / "shot")
    with pytest.raises(SuperseeError, match=r"OpenCV is not installed.*pip install"):
        open_sequence(folder)


def test_a_video_plays_and_seeks_to_the_same_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    assert importer_for(path).title == "video"
    source = open_sequence(path)
    assert (len(source), source.fps, source.render_size) == (12, 25.0, SIZE)
    assert any("ESTIMATED" in note for note in source.notes)
    played = [source.read(index) for index in range(12)]
    for index in (9, 3, 11, 0, 7):
        sought = source.read(index)
        assert np.array_equal(sought.colour, played[index].colour)
        assert np.array_equal(sought.motion, played[index].motion)
    assert [round(frame.time * 25) for frame in played] == list(range(12))
    shown = played[4].colour[8:-8, 8:-8, :3].astype(np.float32)
    differences = np.abs(shown - from_srgb(picture(4)[8:-8, 8:-8]))
    assert differences.mean() < 0.02
    assert np.percentile(differences, 99) < 0.12, "colour has half the resolution in a video"
    assert_moves_right(played[6].motion)


def test_a_video_without_frames_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(SuperseeError, match=r"empty\.mp4 cannot be read"):
        open_sequence(empty)
    whole = write_video(tmp_path / "clip.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(SuperseeError, match=r"cut\.mp4 cannot be read"):
        open_sequence(cut)
    silent = tmp_path / "sound.mkv"
    write_sound(silent)
    with pytest.raises(SuperseeError, match=r"sound\.mkv cannot be read: it has no pictures in it"):
        open_sequence(silent)


def write_sound(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", 8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))  # type: ignore[attr-defined]


def test_srgb_is_decoded_by_its_formula() -> None:
    assert from_srgb(np.array([0, 10, 11, 128, 255], np.uint8)) == pytest.approx(
        [0.0, 0.0030353, 0.0033465, 0.2158605, 1.0], rel=1e-4
    )
