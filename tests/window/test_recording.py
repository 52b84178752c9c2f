"""Videos of the window: live and exact, of all and of one pane, through failures and closing."""

from __future__ import annotations

import json
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from app.capture import video
from app.window import Video

av = pytest.importorskip("av")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("app.window.recording.capture_folder", lambda kind: tmp_path / kind)
    return tmp_path / "videos"


def frames_go_on(qtbot, window, count: int) -> None:
    seen = window.shown_frames
    qtbot.waitUntil(lambda: window.shown_frames >= seen + count, timeout=10_000)


def begin(qtbot, window, exact: bool = False) -> None:
    window.commands.record(exact)
    qtbot.waitUntil(lambda: window.recording.running, timeout=10_000)


def decoded(path: Path) -> tuple[list[np.ndarray], list[float], dict]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        record = json.loads(container.metadata.get("comment") or container.metadata["COMMENT"])
    return [frame.to_ndarray(format="rgb24") for frame in frames], [float(frame.time) for frame in frames], record


def saved(qtbot, window) -> Path:
    window.recording.stop()
    qtbot.waitUntil(lambda: window.recording.saved is not None, timeout=10_000)
    return window.recording.saved


def test_a_live_recording_shows_what_the_window_shows_without_its_marks(qtbot, open_window, folder) -> None:
    window = open_window(window_size=(801, 451))
    window.presenter.toggle_overlay()
    begin(qtbot, window)
    assert window.recording.mark.startswith("REC  0:0")
    frames_go_on(qtbot, window, 6)
    assert window.recording.fact.startswith("recording live")
    grabbed = window.recording._recorder.grabbed
    dropped = window.recording._recorder.dropped
    path = saved(qtbot, window)
    pictures, times, record = decoded(path)
    assert grabbed <= len(pictures) <= grabbed + 1  # the last picture stands until the end
    assert grabbed + dropped >= 6
    assert all(later > earlier for earlier, later in pairwise(times))
    width, height = window.canvas.pixel_size
    assert pictures[0].shape == (height + height % 2, width + width % 2, 3)
    red = np.abs(pictures[-1].astype(int) - (255, 59, 48)).max(axis=2) < 40  # the mark's dot
    assert not red[:60, width // 2 :].any()
    assert record["methods"] == ["native", "bilinear", "taau"]
    assert path.name.endswith("_performance-2x.mp4")
    assert f"Saved {path}" in window.hud.toast
    assert window.recording.mark == ""


def test_an_exact_recording_of_one_pane_has_every_frame_at_even_scene_times(qtbot, open_window, folder) -> None:
    window = open_window()
    window.presenter.select(0)
    window.recording.toggle_of_pane()
    window.recording.codec = "ffv1"
    source = window.rig.source
    begin(qtbot, window, exact=True)
    begun = len(source.times)
    frames_go_on(qtbot, window, 12)
    assert window.recording.exact
    steps = np.diff(source.times[begun:])
    path = saved(qtbot, window)  # which frames drawn from here on need not belong to
    assert len(steps) >= 9
    assert np.allclose(steps, 1 / 30)
    pictures, times, record = decoded(path)
    assert path.suffix == ".mkv"
    assert len(pictures) >= 12
    assert np.abs(np.diff(times) - 1 / 30).max() < 0.0011
    assert pictures[0].shape == (36, 64, 3)  # display resolution
    with window.canvas.current():
        assert np.array_equal(pictures[-1], window.rig.composition.pane_pixels(0))
    assert record["exact"]
    assert record["methods"] == ["native"]
    frames_go_on(qtbot, window, 3)
    assert window.playback.fixed_step is None


def test_measurements_are_burned_in_on_demand(qtbot, open_window, folder) -> None:
    window = open_window(window_size=(1500, 640))  # two by two places, one of them free
    window.presenter.toggle_overlay()
    taken = {}
    for burn_in in (False, True):
        window.recording.burn_in = burn_in
        begin(qtbot, window)
        frames_go_on(qtbot, window, 3)
        taken[burn_in] = decoded(saved(qtbot, window))[0][-1]
    height, width = taken[True].shape[:2]
    free_place = np.s_[height // 2 + 10 :, width // 2 + 10 :]  # of the 2 x 2 grid
    assert np.ptp(taken[False][free_place]) < 12
    assert np.ptp(taken[True][free_place]) > 100


def test_a_full_disk_ends_the_recording_and_the_show_goes_on(
    qtbot, open_window, folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_frame: object) -> object:
        raise OSError(28, "No space left on device")

    window = open_window()
    monkeypatch.setattr(video, "to_frame", full_disk)
    window.commands.record()
    qtbot.waitUntil(window.banner.isVisible, timeout=10_000)
    assert "No space left" in window.banner.why.text()
    assert "Check the free space" in window.banner.do.text()
    assert not window.recording.running
    frames_go_on(qtbot, window, 3)


def test_a_place_that_takes_no_file_is_a_plain_message(qtbot, open_window, folder) -> None:
    window = open_window()
    folder.write_text("in the way")
    window.commands.actions["F9"].trigger()
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    assert "cannot be written" in window.banner.what.text()
    frames_go_on(qtbot, window, 2)


def test_closing_the_window_and_losing_the_context_end_the_file_whole(qtbot, open_window, folder) -> None:
    window = open_window()
    begin(qtbot, window)
    frames_go_on(qtbot, window, 4)
    window.canvas.setParent(None)  # another context
    window.canvas.show()
    frames_go_on(qtbot, window, 2)
    first = window.recording.saved
    assert first is not None
    assert len(decoded(first)[0]) >= 4
    window.centralWidget().layout().addWidget(window.canvas)
    frames_go_on(qtbot, window, 2)
    begin(qtbot, window)
    frames_go_on(qtbot, window, 4)
    window.close()
    assert len(decoded(window.recording.saved)[0]) >= 4


def test_a_recording_is_asked_for_on_the_command_line(qtbot, open_window, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "clip.mp4"
    window = open_window(video=Video(target, method="bilinear", exact=True), frames=8, wait=False)
    qtbot.waitUntil(lambda: not window.isVisible() and window.recording.saved is not None, timeout=15_000)
    pictures, _, record = decoded(target)
    assert len(pictures) == 8
    assert pictures[0].shape == (36, 64, 3)
    assert record["methods"] == ["bilinear"]
    assert window.failure is None


def test_a_recording_that_cannot_be_had_fails_the_run(qtbot, open_window, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    window = open_window(video=Video(tmp_path / "file" / "clip.mp4"), frames=4, wait=False)
    qtbot.waitUntil(lambda: window.failure is not None and not window.isVisible(), timeout=15_000)
    window = open_window(video=Video(tmp_path / "clip.mp4", method="neural"), frames=4, wait=False)
    qtbot.waitUntil(lambda: window.failure is not None, timeout=15_000)
    assert "no pane neural" in str(window.failure)


def on_screen(window) -> np.ndarray:
    image = window.canvas.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.mark.parametrize("overlay", [False, True])
@pytest.mark.parametrize("burn_in", [False, True])
@pytest.mark.parametrize("size", [(800, 450), (1500, 640)])  # the measurements over or below the panes, or beside them
def test_the_window_looks_the_same_while_it_is_recorded(
    qtbot, open_window, folder, overlay: bool, burn_in: bool, size: tuple[int, int]
) -> None:
    window = open_window(window_size=size)
    window.presenter.state.overlay = overlay
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.loop.idle and not window._settle.isActive(), timeout=5_000)
    window.hud.say("")
    before = on_screen(window)
    window.recording.burn_in = burn_in
    begin(qtbot, window)
    window.hud.say("")
    during = on_screen(window)
    height, width = before.shape[:2]
    during[:60, width // 2 :] = before[:60, width // 2 :]  # the mark
    changed = (before != during).any(axis=2)
    changed[height // 3 :] &= not overlay  # one line more among the measurements
    assert not changed.any()
    picture = decoded(saved(qtbot, window))[0][-1][:height, :width].astype(int)
    plain = np.s_[height // 4 - 8 : height // 4 + 8, 13 * width // 20 - 8 : 13 * width // 20 + 8]  # inside a pane
    if not overlay and not burn_in:
        assert np.abs(picture[plain] - before[plain]).max() < 12


def test_what_is_done_while_it_is_paused_is_recorded_live(qtbot, open_window, folder) -> None:
    window = open_window()
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.loop.idle, timeout=5_000)
    begin(qtbot, window)
    qtbot.waitUntil(lambda: window.recording._recorder.grabbed > 0, timeout=5_000)
    window.presenter.toggle_single()  # native, red
    qtbot.wait(100)
    pictures, _, _ = decoded(saved(qtbot, window))
    height, width = pictures[0].shape[:2]
    assert pictures[0][height // 2, width // 2].tolist() != pictures[-1][height // 2, width // 2].tolist()


def test_the_controls_beside_the_picture_record_too(qtbot, open_window, folder) -> None:
    window = open_window()
    capture = window.dock.capture
    capture.codec.setCurrentIndex(3)
    capture.codec.activated.emit(3)
    qtbot.mouseClick(capture.pane, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(capture.live, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.recording.running and capture.live.text() == "Stop", timeout=10_000)
    assert (window.recording.codec, window.recording.of_pane) == ("ffv1", True)
    assert not capture.exact.isEnabled()
    frames_go_on(qtbot, window, 3)
    qtbot.mouseClick(capture.live, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.recording.saved is not None, timeout=10_000)
    assert decoded(window.recording.saved)[0][0].shape == (36, 64, 3)
    qtbot.waitUntil(lambda: capture.live.text() == "Record live" and capture.exact.isEnabled(), timeout=5_000)


def test_the_show_goes_on_while_encoders_are_tried(qtbot, open_window, folder, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, go_on = [], threading.Event()

    def slow(codec: str, size: tuple[int, int]) -> tuple[str, str]:
        tried.append((codec, size, threading.current_thread() is threading.main_thread()))
        assert go_on.wait(20)
        return "libx264", ""

    monkeypatch.setattr("app.window.recording.choose_encoder", slow)
    window = open_window(window_size=(801, 451))
    window.commands.record()
    assert window.recording.mark == "preparing the video…"
    frames_go_on(qtbot, window, 3)
    window.commands.record()  # left again
    assert window.recording.mark == ""
    window.commands.record()
    go_on.set()
    qtbot.waitUntil(lambda: window.recording.running, timeout=10_000)
    frames_go_on(qtbot, window, 3)
    assert decoded(saved(qtbot, window))[0]
    assert tried
    assert all(size[0] % 2 == size[1] % 2 == 0 and not in_gui_thread for _, size, in_gui_thread in tried)


def test_no_encoder_at_all_is_a_plain_message(qtbot, open_window, folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.capture.encoders.encoder_works", lambda _name, _size: False)
    window = open_window()
    window.commands.record()
    qtbot.waitUntil(window.banner.isVisible, timeout=10_000)
    assert "No H.264 video" in window.banner.what.text()
    assert window.recording.mark == ""
    frames_go_on(qtbot, window, 2)
