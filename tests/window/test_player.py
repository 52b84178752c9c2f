"""The player at the foot of the window: it plays, scrubs, turns, measures, and never holds the window up."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer

from app.errors import SuperseeError
from app.present.recorded import LEAD, recorded_scene
from app.present.scorer import score_key
from app.window.parts import Parts
from tests.present.recording_fakes import PaintedRecording
from tests.window.conftest import fake_parts


@pytest.fixture
def play(qtbot, open_window) -> Callable:
    """A window on a recording, paused at its first frame."""

    def make(recording: PaintedRecording, methods: tuple[str, ...] = ("bilinear", "taau"), paused: bool = True):
        parts = fake_parts(load_scene=lambda _name: recorded_scene(recording), make_source=Parts().make_source)
        window = open_window(parts, methods=methods, window_size=(1000, 600))
        if paused:
            window.presenter.toggle_pause()
            go_to(qtbot, window, 0)
        return window

    return make


def go_to(qtbot, window, index: int) -> None:
    window.presenter.player.seek(index)
    arrive(qtbot, window, index)


def arrive(qtbot, window, index: int) -> None:
    player = window.presenter.player
    qtbot.waitUntil(lambda: player.wanted is None and player.index == index and window.loop.idle, timeout=10_000)


def strip_point(window, index: int) -> QPoint:
    strip = window.player.bar.strip
    return QPoint(round(strip.x_of(index)), strip.height() - 8)


def drag(qtbot, window, start: int, end: int) -> None:
    strip = window.player.bar.strip
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=strip_point(window, start))
    qtbot.mouseMove(strip, strip_point(window, end))


def test_live_scenes_have_no_player_and_the_keys_say_so(qtbot, open_window) -> None:
    window = open_window()
    assert not window.player.bar.isVisible()
    window.player.play("next_ends")
    assert "Only recordings" in window.hud.toast
    window.player.seek_worst()


def test_every_frame_is_shown_in_order_and_loops(qtbot, play) -> None:
    window = play(PaintedRecording(6), paused=False)
    player, seen = window.presenter.player, []
    window.loop.frame_done.connect(lambda _ms: seen.append(player.index))
    qtbot.waitUntil(lambda: len(seen) > 14, timeout=10_000)
    shown = [index for place, index in enumerate(seen) if place == 0 or seen[place - 1] != index]
    assert all(after == (before + 1) % 6 for before, after in itertools.pairwise(shown))
    assert window.player.bar.where.text().endswith(player.clock(player.index))


def test_speed_sets_the_pace(qtbot, play) -> None:
    window = play(PaintedRecording(30), ("bilinear",))
    window.presenter.player.set_speed(0.5)  # 15 frames a second
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.presenter.player.index >= 3, timeout=5_000)
    start, seen = time.perf_counter(), window.shown_frames
    qtbot.wait(600)
    rate = (window.shown_frames - seen) / (time.perf_counter() - start)
    assert 1.0 < rate < 17.0  # a busy machine is slower, none is faster


def test_dragging_previews_and_letting_go_gives_the_frame_its_history(qtbot, play) -> None:
    window = play(PaintedRecording(40))
    comparison = window.rig.comparison
    drag(qtbot, window, 5, 30)
    arrive(qtbot, window, 30)
    assert comparison.previews
    assert "preview" in window.rig.composition.panes[1].warning
    qtbot.waitUntil(lambda: window.player.bar.strip.content.doing == "preview", timeout=2_000)
    qtbot.mouseRelease(window.player.bar.strip, Qt.MouseButton.LeftButton, pos=strip_point(window, 30))
    qtbot.waitUntil(lambda: not comparison.previews and window.loop.idle, timeout=10_000)
    assert window.presenter.player.index == 30
    assert window.rig.composition.panes[1].warning == ""


def test_a_jump_that_takes_long_shows_a_preview_first(qtbot, play, monkeypatch) -> None:
    window = play(PaintedRecording(90))
    monkeypatch.setattr("app.window.playback._LONG_LEAD_MS", 0.0)
    seen = []
    player, comparison = window.presenter.player, window.rig.comparison
    window.loop.frame_done.connect(lambda _ms: seen.append((player.index, comparison.previews)))
    player.seek(60)
    qtbot.waitUntil(lambda: (60, False) in seen, timeout=10_000)
    assert seen[0] == (60, True)
    arrive(qtbot, window, 60)
    assert "preview" not in window.rig.composition.panes[1].warning


def test_marks_are_dragged_and_playing_keeps_between_them(qtbot, play) -> None:
    window = play(PaintedRecording(20))
    player, strip = window.presenter.player, window.player.bar.strip
    go_to(qtbot, window, 4)
    window.player.bar.mark_in.click()
    go_to(qtbot, window, 12)
    window.player.bar.mark_out.click()
    window.player.bar.refresh()
    assert (player.first, player.last) == (4, 12)
    grip = strip_point(window, 12) + QPoint(6, 0)
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=grip)
    qtbot.mouseMove(strip, strip_point(window, 7))
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=strip_point(window, 7))
    assert (player.first, player.last) == (4, 7)
    assert player.index == 12  # a mark is no play head
    go_to(qtbot, window, 5)
    seen = []
    window.loop.frame_done.connect(lambda _ms: seen.append(player.index))
    window.player.bar.play.click()
    qtbot.waitUntil(lambda: len(seen) > 9, timeout=10_000)
    assert set(seen) == {4, 5, 6, 7}
    window.player.bar.unmark.click()
    assert not player.marked


def test_ping_pong_goes_back_and_forth(qtbot, play) -> None:
    window = play(PaintedRecording(5))
    player, seen = window.presenter.player, []
    player.set_ends("ping-pong")
    window.loop.frame_done.connect(lambda _ms: seen.append(player.index))
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: len(seen) > 12, timeout=10_000)
    shown = [index for place, index in enumerate(seen) if place == 0 or seen[place - 1] != index]
    at = shown.index(4)
    assert shown[at : at + 7] == [4, 3, 2, 1, 0, 1, 2]


def test_once_stops_at_the_end_and_starts_again(qtbot, play) -> None:
    window = play(PaintedRecording(4))
    player = window.presenter.player
    player.set_ends("once")
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.presenter.state.paused and player.index == 3, timeout=5_000)
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: player.index in (0, 1), timeout=5_000)


def test_a_missing_frame_is_shown_as_missing_and_named_and_playing_goes_on(qtbot, play) -> None:
    window = play(PaintedRecording(8, missing=(3,)))
    go_to(qtbot, window, 3)
    assert "frame 4: The frame 000004.exr is missing" in window.rig.composition.panes[0].warning
    go_to(qtbot, window, 5)
    assert window.rig.composition.panes[0].warning == ""
    window.player.bar.refresh()
    assert list(window.player.bar.strip.content.lost) == [3]
    assert "missing: The frame" in window.player.bar.strip.content.readout(3)[0][0]
    seen = window.shown_frames
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.shown_frames > seen + 10, timeout=10_000)
    assert not window.banner.isVisible()


def test_measure_all_fills_the_curves_goes_back_and_the_worst_frame_is_found(qtbot, play) -> None:
    window = play(PaintedRecording(9, missing=(6,)))
    player, scorer = window.presenter.player, window.rig.scorer
    go_to(qtbot, window, 4)
    window.player.bar.measure.click()
    assert player.scanning
    qtbot.waitUntil(lambda: not player.scanning, timeout=10_000)
    arrive(qtbot, window, 4)
    scorer_keys = [curve.key for curve in window.player.bar.strip.content.curves]
    qtbot.waitUntil(lambda: scorer.scores.measured("psnr", scorer_keys, 0, 8) == 8, timeout=2_000)
    assert len(scorer_keys) == 2
    window.presenter.select(1)
    worst = scorer.scores.worst("psnr", scorer_keys[1], 0, 8)
    window.player.bar.worst.click()
    arrive(qtbot, window, worst)
    point = QPoint(round(window.player.bar.strip.x_of(7)), 30)  # a click into the curves jumps
    qtbot.mouseClick(window.player.bar.strip, Qt.MouseButton.LeftButton, pos=point)
    arrive(qtbot, window, 7)


def test_measuring_can_be_called_off(qtbot, play) -> None:
    window = play(PaintedRecording(200), ("taau",))
    go_to(qtbot, window, 2)
    window.presenter.player.toggle_scan()
    qtbot.waitUntil(lambda: window.presenter.player.index > 5, timeout=10_000)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not window.presenter.player.scanning
    arrive(qtbot, window, 2)


def test_without_references_there_are_no_curves(qtbot, play) -> None:
    window = play(PaintedRecording(5, references=False))
    window.player.bar.refresh()
    assert window.player.bar.strip.content.curves == ()
    assert "no reference" in window.player.bar.strip.content.note
    assert not window.player.bar.measure.isEnabled()
    window.player.seek_worst()
    assert "No frame is measured" in window.hud.toast


SLOW = 0.4  # s


class Slow(PaintedRecording):
    def read(self, index: int):
        time.sleep(SLOW)
        return super().read(index)


def test_closing_and_opening_do_not_wait_for_a_frame_that_is_played_up_to(qtbot, play) -> None:
    window = play(Slow(3 * LEAD), paused=False)
    for leave in (lambda: window.presenter.open_scene("another"), window.close):
        window.presenter.player.seek(100)  # LEAD frames at SLOW each, by two threads
        qtbot.waitUntil(lambda: window.rig.comparison.leading is not None, timeout=5_000)
        comparison, begun = window.rig.comparison, time.perf_counter()
        leave()
        qtbot.waitUntil(lambda comparison=comparison: window.rig.comparison is not comparison, timeout=5_000)
        assert time.perf_counter() - begun < 3.0


def test_what_is_switched_while_a_frame_is_played_up_to_begins_it_anew(qtbot, play) -> None:
    window = play(PaintedRecording(200))
    window.presenter.player.seek(150)
    qtbot.waitUntil(lambda: window.rig.comparison.leading is not None, timeout=5_000)
    window.presenter.set_ratio(1.5)
    window.presenter.set_method("taau")
    arrive(qtbot, window, 150)
    qtbot.waitUntil(lambda: window.rig.comparison.complete, timeout=5_000)
    assert window.rig.comparison.display_size == (48, 27)
    assert window.rig.comparison.shown == ("taau", "taau")


def test_reading_slowly_does_not_hold_the_window_up(qtbot, play) -> None:
    window = play(Slow(3 * LEAD), paused=False)
    gaps, last = [], time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    timer = QTimer(window)
    timer.timeout.connect(tick)
    timer.start(5)
    window.presenter.player.seek(100)  # LEAD frames at SLOW each
    qtbot.waitUntil(lambda: window.rig.comparison.leading is not None, timeout=5_000)
    window.player.bar.refresh()
    assert "playing up to frame 101" in window.player.bar.strip.content.doing
    assert window.player.bar.where.text().startswith("101 / ")
    qtbot.wait(500)
    window.presenter.player.seek(1)  # and back, before it has come there
    qtbot.waitUntil(lambda: window.presenter.player.index == 1, timeout=10_000)
    timer.stop()
    # Waiting for a frame would cost SLOW at least; a machine that is busy elsewhere costs less, and not often.
    assert max(gaps[5:]) < 0.75 * SLOW
    assert np.percentile(gaps[5:], 95) < 0.05


def test_a_recording_that_fails_to_open_leaves_the_one_on_show(qtbot, play, monkeypatch) -> None:
    window = play(PaintedRecording(5))
    player = window.presenter.player

    def fails(_name: str):
        raise SuperseeError("That is no recording", "it is empty")

    window.desk._parts = fake_parts(load_scene=fails)
    window.presenter.open_scene("other")
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    assert window.presenter.player is player
    assert window.player.bar.isVisible()


def test_flip_is_measured_beside_the_playing_and_closing_does_not_wait_for_it(qtbot, play) -> None:
    window = play(PaintedRecording(3, (160, 90)), ("bilinear",))
    scorer = window.rig.scorer
    window.player.bar.figure.activated.emit(1)
    assert scorer.metric == "flip"
    key = score_key(window.rig.comparison.runs["bilinear"], window.rig.comparison)
    qtbot.waitUntil(lambda: scorer.scores.at("flip", key, 0) is not None, timeout=30_000)
    assert 0.0 < scorer.scores.at("flip", key, 0) < 1.0
    child = scorer._flip._child
    os.kill(child.pid, signal.SIGSTOP)  # a picture that takes for ever
    go_to(qtbot, window, 1)
    qtbot.waitUntil(lambda: scorer.busy, timeout=5_000)
    go_to(qtbot, window, 2)
    assert scorer.busy
    begun = time.perf_counter()
    window.close()
    assert time.perf_counter() - begun < 1.0
    assert child.wait(5.0) == -signal.SIGKILL


def test_reloaded_shaders_draw_what_was_kept_anew(qtbot, play) -> None:
    window = play(PaintedRecording(40))
    go_to(qtbot, window, 20)
    for index in (19, 18):
        window.presenter.step_time(-1)
        arrive(qtbot, window, index)
    drawn = window.rig.comparison.frame_index
    window.presenter.step_time(-1)
    arrive(qtbot, window, 17)
    assert window.rig.comparison.frame_index == drawn  # from what was kept
    window.commands.reload_shaders()
    window.presenter.step_time(-1)
    arrive(qtbot, window, 16)
    assert window.rig.comparison.frame_index > drawn
    assert window.rig.context.error == "GL_NO_ERROR"
