"""The self-test in the window: it runs beside the playing, can be called off, says what fits, and applies the fix."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app.present.recorded import recorded_scene
from app.sequence.convention import CorrectedSource
from app.sequence.source import RecordedFrame
from app.window.parts import Parts
from tests.present.recording_fakes import PaintedRecording
from tests.sequence.wall import truth
from tests.window.conftest import fake_parts


class Wall(PaintedRecording):
    """The wall, its motion right or flipped in y; `gate` holds reading up."""

    def __init__(self, flipped: bool) -> None:
        super().__init__(8, (96, 64), references=False, name="wall")
        self.flipped = flipped
        self.gate = threading.Event()
        self.gate.set()

    def read(self, index: int) -> RecordedFrame:
        self.gate.wait(20)
        frame, wall = super().read(index), truth(index)
        colour = np.ones((64, 96, 4), np.float16)
        colour[..., :3] = wall.colour
        motion = np.ascontiguousarray(wall.motion * [1.0, -1.0 if self.flipped else 1.0], np.float32)
        return replace(frame, colour=colour, motion=motion, jitter=wall.jitter)


@pytest.fixture
def play(qtbot, open_window) -> Callable:
    def make(recording: Wall):
        parts = fake_parts(load_scene=lambda _name: recorded_scene(recording), make_source=Parts().make_source)
        return open_window(parts, methods=("taau",), window_size=(1000, 600))

    return make


def verdict(qtbot, window) -> str:
    panel = window.player.self_test
    panel.toggle()
    assert panel.running
    qtbot.waitUntil(lambda: not panel.running, timeout=90_000)
    return panel.verdict.text()


def test_what_is_right_fits_and_there_is_nothing_to_apply(qtbot, play) -> None:
    window = play(Wall(flipped=False))
    text = verdict(qtbot, window)
    assert "Motion fits as declared" in text
    assert "Jitter fits as declared" in text
    assert not window.player.self_test.fix.isVisible()
    assert window.player.self_test.start.text() == "Self-test"


def test_what_is_wrong_is_said_applied_and_taken_back(qtbot, play) -> None:
    wall = Wall(flipped=True)
    window = play(wall)
    player = window.presenter.player
    player.set_marks(2, 6)
    assert "Motion looks flipped in y" in verdict(qtbot, window)
    assert window.player.self_test.fix.isVisible()
    window.player.self_test.fix.click()

    def recording():
        return window.rig.comparison.recorded.recording

    qtbot.waitUntil(lambda: isinstance(recording(), CorrectedSource), timeout=5_000)
    seen = window.shown_frames
    qtbot.waitUntil(lambda: window.shown_frames > seen + 2, timeout=5_000)
    assert np.allclose(recording().read(3).motion, truth(3).motion, atol=1e-6)
    assert window.presenter.player is player  # it goes on where it was, with its marks
    assert (player.first, player.last) == (2, 6)
    assert any("flipped in y" in note for note in window.desk.model.notes)
    assert "Motion fits as declared" in verdict(qtbot, window)
    window.player.self_test.undo.click()
    qtbot.waitUntil(lambda: recording() is wall, timeout=5_000)
    assert not window.player.self_test.undo.isVisible()


def test_it_can_be_called_off_and_nothing_comes_of_it(qtbot, play) -> None:
    wall = Wall(flipped=True)
    window = play(wall)
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.loop.idle, timeout=5_000)
    wall.gate.clear()
    window.player.self_test.toggle()
    qtbot.waitUntil(lambda: window.player.self_test.start.text().startswith("Cancel"), timeout=5_000)
    window.player.self_test.toggle()
    assert not window.player.self_test.running
    wall.gate.set()
    qtbot.wait(100)
    assert window.player.self_test.verdict.text() == ""
    assert "Motion looks flipped in y" in verdict(qtbot, window)  # and again from the start


def test_a_window_that_closes_does_not_wait_for_the_test(qtbot, play) -> None:
    window = play(Wall(flipped=False))
    window.player.self_test.toggle()
    window.close()
    assert not window.player.self_test.running


def test_a_recording_without_two_frames_says_so(qtbot, play) -> None:
    class One(Wall):
        def __len__(self) -> int:
            return 1

    window = play(One(flipped=False))
    window.player.self_test.toggle()
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    assert "cannot be tested" in window.banner.what.text()
    assert not window.player.self_test.running
