"""Every key of the table does what its line says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from app.present.keys import KEY_TABLE, help_sheet
from app.present.layout import View
from app.present.presenter import Presenter
from app.present.recorded import recorded_scene
from app.present.state import SHADING_LOADS, ViewerState
from app.present.strip import worst_frame
from app.window.parts import Parts
from tests.present.recording_fakes import PaintedRecording
from tests.window.conftest import fake_parts

ALL_KEYS = [key for _, keys in KEY_TABLE for key in keys]

# What is true after the key was pressed once in a window with native, bilinear and taau, pane 1 selected.
EXPECTED: dict[str, Callable] = {
    "1": lambda w: w.presenter.state.selected == 0,
    "2": lambda w: w.presenter.state.selected == 1,
    "3": lambda w: w.presenter.state.selected == 2,
    "4": lambda w: w.presenter.state.selected == 0,  # there is no fourth pane
    "N": lambda w: w.presenter.state.methods[0] == "native",
    "X": lambda w: w.presenter.state.methods[0] == "nearest",
    "B": lambda w: w.presenter.state.methods[0] == "bilinear",
    "L": lambda w: w.presenter.state.methods[0] == "lanczos",
    "T": lambda w: w.presenter.state.methods[0] == "taau",
    "U": lambda w: w.presenter.state.methods[0] == "neural",
    "R": lambda w: w.presenter.state.methods[0] == "reference",
    "Tab": lambda w: w.presenter.state.methods[0] == "nearest",
    "Shift+Tab": lambda w: w.presenter.state.methods[0] == "reference",
    "]": lambda w: len(w.presenter.state.methods) == 4,
    "[": lambda w: w.presenter.state.methods == ["native", "bilinear"],
    "Q": lambda w: w.presenter.state.ratio == 3.0,
    "Shift+Q": lambda w: w.presenter.state.ratio == 1.7,
    "F2": lambda w: w.presenter.state.ratio == 1.0,
    "F3": lambda w: w.presenter.state.ratio == 1.3,
    "F4": lambda w: w.presenter.state.ratio == 1.5,
    "F5": lambda w: w.presenter.state.ratio == 1.7,
    "F6": lambda w: w.presenter.state.ratio == 2.0,
    "F7": lambda w: w.presenter.state.ratio == 3.0,
    "PgUp": lambda w: w.presenter.state.ratio == pytest.approx(2.1),
    "PgDown": lambda w: w.presenter.state.ratio == pytest.approx(1.9),
    "W": lambda w: w.presenter.state.view.wipe == (0, 1),
    "Shift+W": lambda w: w.presenter.state.view.wipe == (0, 1),
    "V": lambda w: w.presenter.state.view.single == 0,
    "Z": lambda w: w.presenter.state.view.zoom > 1.2,
    "Shift+Z": lambda w: w.presenter.state.view.zoom == 1.0,
    "Left": lambda w: w.presenter.state.view.centre[0] < 0.5,
    "Right": lambda w: w.presenter.state.view.centre[0] > 0.5,
    "Up": lambda w: w.presenter.state.view.centre[1] < 0.5,
    "Down": lambda w: w.presenter.state.view.centre[1] > 0.5,
    "O": lambda w: w.presenter.state.overlay is False,
    "Shift+O": lambda w: w.presenter.state.graph_ms > 0,
    "H": lambda w: w.presenter.state.help is True,
    "F1": lambda w: w.presenter.state.help is True,
    "?": lambda w: w.presenter.state.help is True,
    "Space": lambda w: w.presenter.state.paused is True,
    ".": lambda w: w.presenter.state.paused is True,
    ",": lambda w: w.presenter.state.paused is True,
    "Home": lambda w: w.rig.comparison.time < w.time_before,
    "P": lambda w: w.rig.comparison.path.name == "still",
    "Shift+P": lambda w: w.rig.comparison.path.name == "still",
    "M": lambda w: w.rig.comparison.camera is not None,
    "G": lambda w: w.rig.comparison.model.name == "arcade",
    "Shift+G": lambda w: w.rig.comparison.model.name == "garden",
    "End": lambda w: w.presenter.player.index == w.presenter.player.last,
    "I": lambda w: w.presenter.player.first == 5,
    "Shift+I": lambda w: w.presenter.player.last == 5,
    "Ctrl+I": lambda w: not w.presenter.player.marked,
    "Ctrl+L": lambda w: w.presenter.player.ends == "ping-pong",
    "-": lambda w: w.presenter.player.speed == 0.5,
    "=": lambda w: w.presenter.player.speed == 2.0,
    "A": lambda w: w.presenter.player.index == worst(w),
    "Ctrl+M": lambda w: w.presenter.player.scanning,
    "Ctrl+T": lambda w: w.player.self_test.running or w.player.self_test.verdict.text() != "",
    "Shift+C": lambda w: not w.player.bar.isVisible(),
    "E": lambda w: w.presenter.state.exposure_steps == 1,
    "D": lambda w: w.presenter.state.exposure_steps == -1,
    "Y": lambda w: w.presenter.state.filmic is False,
    "K": lambda w: w.rig.source.shading_load == SHADING_LOADS[1],
    "J": lambda w: w.rig.source.lod_bias == pytest.approx(-2.25),
    "Shift+J": lambda w: w.rig.source.lod_bias == pytest.approx(-1.75),
    "F": lambda w: w.isFullScreen(),
    "F11": lambda w: w.isFullScreen(),
    "C": lambda w: not w.dock.isVisible(),
    "F9": lambda w: w.recording.running and not w.recording.exact,
    "Shift+F9": lambda w: w.recording.running and w.recording.exact,
    "F8": lambda w: w.recording.of_pane,
    "Ctrl+F9": lambda w: w.recording.burn_in,
    "Ctrl+F8": lambda w: w.recording.codec == "hevc",
    "S": lambda w: "Saved" in w.hud.toast and "buffers" not in w.hud.toast,
    "Shift+S": lambda w: "Saved" in w.hud.toast and "buffers" in w.hud.toast,
    "Ctrl+O": lambda w: w.presenter.state.scene.endswith("chosen.glb"),
    "Ctrl+Shift+O": lambda w: w.presenter.state.scene.endswith("recording"),
    "Ctrl+R": lambda w: "Shaders" in w.hud.toast,
    "Esc": lambda w: w.presenter.state.view.zoom == 1.0,
    "Ctrl+Q": lambda w: not w.isVisible(),
}


def worst(window) -> int | None:
    player, method = window.presenter.player, window.presenter.state.methods[0]
    return worst_frame(player, window.rig.comparison, window.rig.scorer, method)


def press(qtbot, window, text: str) -> None:
    combination = QKeySequence(text)[0]
    qtbot.keyClick(window.canvas, combination.key(), combination.keyboardModifiers())


@pytest.fixture
def chosen_file(tmp_path, monkeypatch):
    from PySide6.QtWidgets import QFileDialog

    path = tmp_path / "chosen.glb"
    path.write_bytes(b"")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    folder = tmp_path / "recording"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_PICTURES_DIR", str(tmp_path))
    monkeypatch.setattr("app.window.shots.capture_folder", lambda kind: tmp_path / kind)
    return path


GROUPS = dict(KEY_TABLE)
RECORDED = {
    "load_scene": lambda name: recorded_scene(PaintedRecording(12, name=name)),
    "make_source": Parts().make_source,
}
ZOOMED = ("Left", "Right", "Up", "Down", "Esc", "Shift+Z")


@pytest.mark.parametrize("heading", list(GROUPS))
def test_keys_do_what_they_say(qtbot, open_window, chosen_file, heading: str) -> None:
    window = open_window(fake_parts(**RECORDED) if heading == "Timeline" else None)
    start = window.presenter.state.saved()
    for key in GROUPS[heading]:
        for text in key.keys:
            if text != "Backtab":
                put_back(qtbot, window, start, zoom=3.0 if text in ZOOMED else 1.0)
                if window.presenter.player is not None:
                    put_player_back(qtbot, window)
                check(qtbot, window, text, key.text)


def put_back(qtbot, window, start: dict, zoom: float) -> None:
    """The window as it was opened, playing the fake scene "court"."""
    state = ViewerState.restored({**start, "methods": list(start["methods"])})
    state.view = View(zoom=zoom)
    if window.isFullScreen():
        window.commands.toggle_full_screen()
    if not window.dock.isVisible():
        window.commands.toggle_dock()
    state.scene = window.presenter.state.scene
    window.presenter.state = state
    window.recording.stop()
    qtbot.waitUntil(lambda: not window.recording.mark, timeout=5_000)
    if state.scene != "court":
        window.presenter.open_scene("court")
        qtbot.waitUntil(lambda: window.rig.comparison.model.name == "court", timeout=5_000)
    window.state_changed()
    window.hud.say("")
    seen = window.shown_frames
    qtbot.waitUntil(lambda: window.shown_frames >= seen + 2, timeout=5_000)
    qtbot.waitUntil(lambda: not window.isFullScreen(), timeout=5_000)


def put_player_back(qtbot, window) -> None:
    """Paused at the sixth frame, between marks."""
    player = window.presenter.player
    player.end_scan()
    player.set_ends("loop")
    player.set_speed(1.0)
    player.set_marks(2, 9)
    window.presenter.state.paused = True
    player.seek(5)
    if not window.player.bar.isVisible():
        window.player.toggle_bar()
    qtbot.waitUntil(lambda: player.wanted is None and player.index == 5 and window.loop.idle, timeout=5_000)


def check(qtbot, window, text: str, says: str) -> None:
    window.time_before = window.rig.comparison.time
    window.canvas.setFocus()
    press(qtbot, window, text)
    try:
        qtbot.waitUntil(lambda: bool(EXPECTED[text](window)), timeout=5_000)
    except qtbot.TimeoutError as error:
        raise AssertionError(f"{text} did not do: {says}") from error


def test_every_key_is_tested_and_bound_once() -> None:
    spelled = [text for key in ALL_KEYS for text in key.keys if text != "Backtab"]
    assert sorted(spelled) == sorted(EXPECTED)
    assert len(set(spelled)) == len(spelled)
    combinations = [QKeySequence(text) for text in spelled]
    assert all(not keys.isEmpty() and keys[0].key() != Qt.Key.Key_unknown for keys in combinations)


def test_help_lists_every_key_that_has_a_text() -> None:
    lines = [line for _, group in help_sheet().groups for line in group]
    for key in ALL_KEYS:
        if key.text and key.command != "select":
            assert any(action == key.text for _, action in lines), key.text
    assert ("1 – 4", "select a pane") in lines


def pause(qtbot, window) -> None:
    """Paused, and the frame in the making done."""
    press(qtbot, window, "Space")
    qtbot.waitUntil(lambda: window.presenter.state.paused and window.loop.idle, timeout=5_000)


def test_step_goes_one_frame_on_and_back(qtbot, open_window) -> None:
    window = open_window()
    pause(qtbot, window)
    time = window.rig.comparison.time
    press(qtbot, window, ".")
    qtbot.waitUntil(lambda: abs(window.rig.comparison.time - time - 1 / 30) < 1e-6, timeout=3_000)
    press(qtbot, window, ",")
    qtbot.waitUntil(lambda: abs(window.rig.comparison.time - time) < 1e-6, timeout=3_000)
    qtbot.wait(60)
    assert window.rig.comparison.time == pytest.approx(time)


def test_paused_reference_accumulates_to_its_end_and_then_rests(qtbot, open_window) -> None:
    window = open_window(methods=("native", "reference"))
    press(qtbot, window, "Space")
    qtbot.waitUntil(lambda: window.rig.comparison.reference_done == 64, timeout=10_000)
    qtbot.waitUntil(lambda: "64 samples" in window.rig.composition.panes[1].detail, timeout=3_000)
    qtbot.wait(80)
    seen = window.shown_frames
    qtbot.wait(150)
    assert window.shown_frames == seen


def test_exposure_shows_while_paused(qtbot, open_window) -> None:
    window = open_window(methods=("bilinear",))
    pause(qtbot, window)

    def brightness() -> float:
        with window.canvas.current():
            return float(window.rig.composition.pane_pixels(0).mean())

    before = brightness()
    for _ in range(3):
        press(qtbot, window, "E")
    qtbot.waitUntil(lambda: brightness() > before + 15, timeout=3_000)


def test_wipe_partner_goes_round_the_others() -> None:
    presenter = Presenter(ViewerState(methods=["native", "bilinear", "taau", "neural"]))
    seen = []
    for _ in range(4):
        presenter.next_wipe_partner()
        seen.append(presenter.state.view.wipe)
    assert seen == [(0, 1), (0, 2), (0, 3), (0, 1)]


def test_fewer_panes_leave_no_wipe_or_single_pane_behind() -> None:
    presenter = Presenter(ViewerState(methods=["native", "bilinear", "taau"], selected=2))
    presenter.toggle_single()
    presenter.change_panes(-1)
    assert presenter.state.view.single == 1
    presenter.toggle_single()
    presenter.toggle_wipe()
    presenter.change_panes(-1)
    assert presenter.state.view.wipe is None
    assert presenter.state.methods == ["native"]
    presenter.change_panes(-1)
    assert presenter.state.methods == ["native"]
