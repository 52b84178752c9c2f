"""The self-test in the window: it runs beside the playing, can be called off, says what fits, and applies the fix."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.present.recorded import recorded_scene
from app.sequence.convention import CorrectedSource
from app.sequence.source import RecordedFrame
from app.window.parts import Parts
from app.window.scene_test import SceneTest, SceneVerdict
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


class FakeSceneTest:
    """In place of the process: waits to be let go, or ended."""

    last: FakeSceneTest

    def __init__(self, scene: str, ratio: float) -> None:
        self.asked = scene, ratio
        self.go_on = threading.Event()
        self.ended = False
        FakeSceneTest.last = self

    def run(self) -> SceneVerdict:
        assert self.go_on.wait(20)
        if self.ended:
            raise SuperseeError("The self-test of court ended early")
        return SceneVerdict(("Motion fits as declared: 28.2 dB", "Jitter fits as declared: 28.2 dB"), True)

    def end(self) -> None:
        self.ended = True
        self.go_on.set()


def test_a_live_scene_is_tested_too_and_there_is_nothing_to_apply(
    qtbot, open_window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.window.self_test.SceneTest", FakeSceneTest)
    window = open_window()
    panel = window.player.self_test
    assert panel.isVisibleTo(window)
    window.presenter.set_ratio(1.5)
    window.player.test_conventions()
    assert panel.running
    assert panel.start.text() == "Cancel"
    assert FakeSceneTest.last.asked == (window.presenter.state.scene, 1.5)
    FakeSceneTest.last.go_on.set()
    qtbot.waitUntil(lambda: not panel.running, timeout=5_000)
    assert panel.verdict.text().startswith("Motion fits as declared: 28.2 dB")
    assert not panel.fix.isVisible()
    assert not panel.undo.isVisible()
    panel.toggle()
    panel.toggle()  # called off
    assert FakeSceneTest.last.ended
    assert panel.verdict.text() == ""
    panel.toggle()
    window.close()
    assert FakeSceneTest.last.ended
    assert not window.banner.isVisible()


def test_a_scene_that_cannot_be_tested_says_why(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.glb")
    with pytest.raises(SuperseeError, match=r"The self-test of .*gone\.glb ended early: .*gone\.glb"):
        SceneTest(gone, 2.0).run()
    test = SceneTest("court", 2.0)
    test.end()
    with pytest.raises(SuperseeError, match="ended early"):
        test.run()


@pytest.mark.slow
def test_the_process_tests_a_scene() -> None:
    found = SceneTest("court", 2.0).run()
    assert found.fits
    assert [sentence.split(":")[0] for sentence in found.sentences] == [
        "Motion fits as declared",
        "Jitter fits as declared",
    ]
