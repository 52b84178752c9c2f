"""Recording while drawing: what is read back is what was drawn, what is dropped is counted, and nothing waits."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.capture import video
from app.capture.readback import SLOTS, PixelRing
from app.capture.recorder import Recorder
from app.capture.video import QUEUE_FRAMES
from app.errors import SuperseeError

av = pytest.importorskip("av")
SIZE = (95, 54)


@pytest.fixture
def target(gl: moderngl.Context):
    texture = gl.texture(SIZE, 4)
    framebuffer = gl.framebuffer([texture])
    yield framebuffer
    gl.detect_framebuffer(0).use()
    framebuffer.release()
    texture.release()


def _picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (SIZE[1], SIZE[0], 4), np.uint8)


def _draw(target: moderngl.Framebuffer, number: int) -> np.ndarray:
    pixels = _picture(number)
    target.color_attachments[0].write(pixels.tobytes(), alignment=1)
    return pixels


@pytest.mark.parametrize("mapped", [None, False])
def test_what_comes_back_is_what_was_drawn_in_order(gl, target, mapped: bool | None) -> None:
    ring = PixelRing(gl, SIZE, 3, mapped=mapped)
    drawn = []
    for number in range(3):
        drawn.append(_draw(target, number))
        assert ring.grab(target, number / 30)
    assert ring.full
    assert not ring.grab(target, 1.0)
    arrived = ring.arrived(wait=True)
    assert [slot.seconds for slot in arrived] == [0.0, 1 / 30, 2 / 30]
    assert all(np.array_equal(slot.pixels, pixels) for slot, pixels in zip(arrived, drawn))
    arrived[1].free()
    assert not ring.full
    assert ring.grab(target, 1.0)
    assert len(ring.arrived(wait=True)) == 1
    ring.release()


def test_a_recording_holds_every_frame_with_its_time_and_where_it_came_from(gl, target, tmp_path: Path) -> None:
    recorder = Recorder(gl, tmp_path / "a.mkv", SIZE, 30, codec="ffv1", live=False, record={"scene": "court"})
    drawn = []
    for number in range(20):
        while recorder.full:
            recorder.pump()
        drawn.append(_draw(target, number))
        assert recorder.add(target, number / 30)
    recorder.finish()
    path = recorder.close()
    assert (recorder.grabbed, recorder.dropped) == (20, 0)
    with av.open(str(path)) as container:
        assert json.loads(container.metadata["COMMENT"]) == {"scene": "court"}
        frames = list(container.decode(video=0))
    assert [round(float(frame.time) * 30) for frame in frames] == list(range(20))
    decoded = [frame.to_ndarray(format="rgb24")[: SIZE[1], : SIZE[0]] for frame in frames]
    assert all(np.array_equal(a, b[..., :3]) for a, b in zip(decoded, drawn))


def test_live_frames_that_find_no_room_are_counted_and_the_others_are_whole(
    gl, target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, gate = video.to_frame, threading.Event()
    monkeypatch.setattr(video, "to_frame", lambda *frame: (gate.wait(20), encode(*frame))[1])
    recorder = Recorder(gl, tmp_path / "a.mkv", SIZE, 30, codec="ffv1")
    drawn, kept = [], []
    for number in range(SLOTS + 4):
        drawn.append(_draw(target, number))
        kept.append(recorder.add(target, number / 30))
    assert kept == [True] * SLOTS + [False] * 4
    assert (recorder.grabbed, recorder.dropped) == (SLOTS, 4)
    gate.set()
    recorder.finish()
    with av.open(str(recorder.close())) as container:
        decoded = [frame.to_ndarray(format="rgb24")[: SIZE[1], : SIZE[0]] for frame in container.decode(video=0)]
    assert len(decoded) == SLOTS
    assert all(np.array_equal(a, b[..., :3]) for a, b in zip(decoded, drawn))


def _add_for_ever(recorder: Recorder, target: moderngl.Framebuffer) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        recorder.add(target, time.monotonic())


def test_an_encoder_that_fails_is_reported_and_everything_is_given_back(
    gl, target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_frame: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video, "to_frame", full_disk)
    recorder = Recorder(gl, tmp_path / "a.mp4", SIZE, 30)
    with pytest.raises(SuperseeError, match="No space left"):
        _add_for_ever(recorder, target)
    with pytest.raises(SuperseeError, match="No space left"):
        recorder.close()


def test_the_writers_queue_has_room_for_every_slot() -> None:
    assert SLOTS <= QUEUE_FRAMES
