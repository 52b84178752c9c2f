"""The window: it opens, draws, survives what is done to it, and leaves with its settings saved."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.errors import SuperseeError
from tests.present.comparison_fakes import FakeSource, fake_model
from tests.window.conftest import fake_parts


def frames_go_on(qtbot, window, count: int = 2) -> None:
    seen = window.shown_frames
    qtbot.waitUntil(lambda: window.shown_frames >= seen + count, timeout=10_000)


def picture(window) -> np.ndarray:
    image = window.canvas.grabFramebuffer()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return pixels[:, : image.width(), 2::-1].astype(int)


def pane_pixel(window, index: int) -> np.ndarray:
    """A pixel of the pane's picture, away from labels."""
    cell = window.rig.composition.cells(window.canvas.pixel_size, window.presenter.state.view)[index]
    return picture(window)[int(cell.centre[1] + 0.2 * cell.height), int(cell.centre[0])]


def test_window_opens_and_shows_the_panes(qtbot, open_window) -> None:
    window = open_window()
    window.presenter.toggle_overlay()
    red, grey = (pane_pixel(window, index) for index in (0, 1))
    assert red[0] > 150 > red[1]
    assert abs(int(grey[0]) - int(grey[2])) < 12
    assert 60 < grey[0] < 220
    assert window.rig.renderer.startswith("llvmpipe") or not window.rig.software
    assert [pane.title for pane in window.rig.composition.panes] == ["Native", "Bilinear", "TAAU"]


def test_first_paint_does_not_wait_for_the_scene(qtbot, open_window) -> None:
    import threading

    release = threading.Event()

    def slow(name: str):
        release.wait(20)
        return fake_model(name)

    window = open_window(fake_parts(load_scene=slow), wait=False)
    qtbot.waitUntil(lambda: window._painted and window.dock is not None, timeout=10_000)
    assert picture(window).max() > 150  # "Loading court…"
    assert window.rig.comparison is None
    release.set()
    qtbot.waitUntil(lambda: window.shown_frames > 0, timeout=10_000)


def test_resize_storm_does_no_harm(qtbot, open_window) -> None:
    window = open_window(display_size=None)
    for step in range(40):
        window.resize(500 + 13 * (step % 17), 300 + 11 * (step % 13))
        QApplication.processEvents()
    frames_go_on(qtbot, window)
    assert not window.banner.isVisible()
    assert picture(window).max() > 100


def test_minimised_window_rests_and_comes_back(qtbot, open_window) -> None:
    window = open_window()
    window.setWindowState(Qt.WindowState.WindowMinimized)
    qtbot.waitUntil(window.isMinimized, timeout=5_000)
    qtbot.wait(60)
    seen = window.shown_frames
    qtbot.wait(120)
    assert window.shown_frames <= seen + 1
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.showNormal()
    frames_go_on(qtbot, window)


def test_gl_context_is_destroyed_and_everything_is_built_again(qtbot, open_window) -> None:
    window = open_window()
    first_context, first_source = window.rig.context, window.rig.source
    assert isinstance(first_source, FakeSource)
    # Moving the canvas to another top-level window and back gives it a new context each time.
    column = window.centralWidget().layout()
    window.canvas.setParent(None)
    window.canvas.show()
    frames_go_on(qtbot, window)
    assert first_source.released
    assert window.rig.context is not first_context
    column.addWidget(window.canvas)
    frames_go_on(qtbot, window)
    assert not window.banner.isVisible()
    assert pane_pixel(window, 0)[0] > 150
    assert window.rig.context.error == "GL_NO_ERROR"


def drop(window, name: str) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(name)])
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.canvas.dropEvent(event)


def test_bad_drop_shows_why_and_the_scene_stays(qtbot, open_window, tmp_path) -> None:
    window = open_window()
    bad = tmp_path / "notes.txt"
    bad.write_text("no scene")
    drop(window, str(bad))
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    assert "cannot be read" in window.banner.what.text()
    assert "no glTF" in window.banner.why.text()
    assert "Choose another" in window.banner.do.text()
    assert window.presenter.state.scene == "court"
    frames_go_on(qtbot, window)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not window.banner.isVisible()


def test_good_drop_opens_the_file(qtbot, open_window, tmp_path) -> None:
    window = open_window()
    window.presenter.set_path(1)
    model = tmp_path / "thing.glb"
    model.write_bytes(b"")
    drop(window, str(model))
    qtbot.waitUntil(lambda: window.presenter.state.scene == str(model), timeout=5_000)
    frames_go_on(qtbot, window)
    assert window.rig.comparison.model.name == str(model)
    assert window.presenter.state.path == 0


def test_scene_that_the_renderer_refuses_leaves_the_old_one(qtbot, open_window) -> None:
    def make_source(context, model):
        yield
        if model.name == "arcade":
            raise SuperseeError("The scene is too large", "it needs more memory than there is")
        return FakeSource(context, model)

    window = open_window(fake_parts(make_source=make_source))
    window.presenter.open_scene("arcade")
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    assert window.rig.comparison.model.name == "court"
    assert window.presenter.state.scene == "court"
    frames_go_on(qtbot, window)


@pytest.mark.parametrize("options", [{"scene": "broken"}, {"scene": "court", "path": "nosuch"}])
def test_a_window_that_leaves_by_itself_does_not_show_another_scene_than_the_named_one(
    qtbot, open_window, options: dict
) -> None:
    window = open_window(wait=False, frames=1000, **options)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5_000)
    assert isinstance(window.failure, SuperseeError)
    assert window.shown_frames < 2


def test_missing_first_scene_falls_back_to_a_built_in_one(qtbot, open_window) -> None:
    window = open_window(scene="broken")
    assert window.banner.isVisible()
    assert window.presenter.state.scene == "court"


def test_failing_frame_restores_what_last_worked(qtbot, open_window) -> None:
    window = open_window()
    source = window.rig.source
    working = source.resize

    def resize(render, display):
        if render[0] < 30:
            raise SuperseeError("There is no memory for that", "the driver said so")
        working(render, display)

    source.resize = resize
    window.presenter.set_ratio(3.0)
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    frames_go_on(qtbot, window)
    assert window.presenter.state.ratio == 2.0


def test_frame_that_fails_again_and_again_stops_until_something_is_changed(qtbot, open_window) -> None:
    window = open_window()
    # A window that still settles into its size is changed by that, and tries again.
    qtbot.waitUntil(lambda: not window._settle.isActive(), timeout=5_000)
    source, working, calls = window.rig.source, window.rig.source.render_frame, []

    def render_frame(state, *, frame_index):
        calls.append(frame_index)
        raise SuperseeError("The GPU is gone", "it was unplugged")

    source.render_frame = render_frame
    qtbot.waitUntil(window.banner.isVisible, timeout=5_000)
    qtbot.waitUntil(lambda: not window.loop.running, timeout=5_000)
    tried = len(calls)
    qtbot.wait(150)
    assert len(calls) == tried
    assert pane_pixel(window, 0)[0] > 100  # the last picture stays
    source.render_frame = working
    window.presenter.set_exposure(1)
    frames_go_on(qtbot, window)


def test_fixed_picture_size_leaves_the_window_at_rest(qtbot, open_window) -> None:
    window = open_window(display_size=(64, 36))
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.loop.idle and not window._settle.isActive(), timeout=5_000)
    qtbot.wait(50)
    assert not window._settle.isActive()


def test_automatic_size_follows_the_number_of_panes(qtbot, open_window) -> None:
    window = open_window(display_size=None, window_size=(1600, 760))
    window.presenter.state.overlay = False
    if not window.rig.software:
        pytest.skip("sizes follow the panes pixel for pixel on a GPU")
    qtbot.waitUntil(lambda: window.rig.comparison.display_size == (640, 360), timeout=5_000)
    window.resize(1000, 500)
    qtbot.waitUntil(lambda: window.rig.comparison.display_size == (480, 270), timeout=5_000)
    window.presenter.toggle_single()
    qtbot.waitUntil(lambda: window.rig.comparison.display_size == (640, 360), timeout=5_000)


def test_wheel_zooms_at_the_pointer_and_drag_pans(qtbot, open_window) -> None:
    window = open_window()
    at = QPointF(100, 80)
    for _ in range(8):
        wheel = QWheelEvent(
            at, window.canvas.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(window.canvas, wheel)
    view = window.presenter.state.view
    assert view.zoom > 4
    assert view.centre[0] < 0.5
    qtbot.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 80))
    qtbot.mouseMove(window.canvas, QPoint(60, 80))
    qtbot.waitUntil(lambda: window.presenter.state.view.centre[0] > view.centre[0], timeout=3_000)
    qtbot.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(60, 80))


def test_divider_is_dragged(qtbot, open_window) -> None:
    window = open_window()
    window.presenter.toggle_wipe()
    width = window.canvas.width()
    qtbot.mousePress(window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(width // 2, 200))
    qtbot.mouseMove(window.canvas, QPoint(width // 4, 200))
    qtbot.waitUntil(lambda: abs(window.presenter.state.view.divider - 0.25) < 0.02, timeout=3_000)
    qtbot.mouseRelease(window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(width // 4, 200))


def test_right_drag_turns_an_own_camera_without_a_jump(qtbot, open_window) -> None:
    window = open_window()
    window.presenter.toggle_pause()
    before = window.rig.comparison.pose
    qtbot.mousePress(window.canvas, Qt.MouseButton.RightButton, pos=QPoint(100, 80))
    qtbot.mouseMove(window.canvas, QPoint(102, 80))
    assert window.presenter.state.camera_mode == "path"  # a click may tremble
    qtbot.mouseMove(window.canvas, QPoint(107, 80))
    qtbot.waitUntil(lambda: window.rig.comparison.camera is not None, timeout=3_000)
    assert np.allclose(window.rig.comparison.camera.position, before.position, atol=0.2)
    qtbot.mouseMove(window.canvas, QPoint(160, 80))
    qtbot.waitUntil(
        lambda: not np.allclose(window.rig.comparison.camera.position, before.position, atol=0.2), timeout=3_000
    )
    qtbot.mouseRelease(window.canvas, Qt.MouseButton.RightButton, pos=QPoint(160, 80))
    assert window.presenter.state.camera_mode == "orbit"


def test_settings_survive_a_restart(qtbot, open_window, settings) -> None:
    window = open_window()
    window.presenter.set_ratio(1.7)
    window.presenter.select(1)
    window.presenter.set_method("lanczos")
    window.presenter.set_exposure(-4)
    window.presenter.toggle_overlay()
    window.presenter.toggle_pause()
    window.close()
    assert json.loads(settings.read_text())["version"] == 1
    again = open_window(methods=None)
    state = again.presenter.state
    assert (state.ratio, state.methods, state.exposure_steps, state.overlay) == (
        1.7, ["native", "lanczos", "taau"], -4, False
    )  # fmt: skip
    assert not state.paused


def test_bad_settings_are_said_and_replaced(qtbot, open_window, settings) -> None:
    settings.parent.mkdir()
    settings.write_text("{")
    window = open_window(wait=False)
    qtbot.waitUntil(lambda: "defaults are used" in window.hud.toast, timeout=5_000)


def test_screenshot_run_writes_view_and_panes_and_leaves(qtbot, open_window, tmp_path, settings) -> None:
    from PIL import Image

    target = tmp_path / "deep" / "shot.png"
    window = open_window(screenshot=target, frames=3, wait=False)
    qtbot.waitUntil(lambda: not window.isVisible() and target.exists(), timeout=15_000)
    names = sorted(path.name for path in target.parent.iterdir())
    assert names == ["shot-1-native.png", "shot-2-bilinear.png", "shot-3-taau.png", "shot.png"]
    assert Image.open(target.parent / "shot-2-bilinear.png").size == (64, 36)
    assert Image.open(target).size == window.canvas.pixel_size
    assert not settings.exists()
    assert window.failure is None


def test_screenshot_that_cannot_be_written_fails_the_run(qtbot, open_window, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    window = open_window(screenshot=tmp_path / "file" / "shot.png", frames=2, wait=False)
    qtbot.waitUntil(lambda: window.failure is not None, timeout=15_000)


def test_gui_thread_is_free_while_a_network_is_slow(qtbot, open_window) -> None:
    """Inference that takes a quarter of a second: events still come round, and the frame waits for it."""

    class Slow:
        name, label, detail = "neural", "Neural", "slow"

        def __init__(self, context) -> None:
            self._texture = context.texture((64, 36), 4, dtype="f2")
            self._until = 0.0

        def resize(self, *_sizes) -> None: ...
        def reset(self) -> None: ...

        def begin(self, _frame) -> None:
            self._until = time.monotonic() + 0.25

        def ready(self) -> bool:
            return time.monotonic() >= self._until

        def finish(self):
            return self._texture

        def release(self) -> None:
            self._texture.release()

    from PySide6.QtCore import QTimer

    from app.present import method_run
    from app.window.latency import Lateness

    create = method_run.create_upscaler
    patched = lambda name, context, clock, **o: Slow(context) if name == "neural" else create(name, context, clock, **o)  # noqa: E731
    method_run.create_upscaler = patched
    try:
        window = open_window(methods=("neural",), wait=False)
        qtbot.waitUntil(lambda: window.shown_frames > 0, timeout=10_000)
        lateness = Lateness()
        lateness.start()
        QTimer.singleShot(900, lateness.stop)
        seen = window.shown_frames
        qtbot.wait(1000)
        assert 1 <= window.shown_frames - seen <= 5
        assert len(lateness.samples) > 15
        assert np.percentile(lateness.samples, 90) < 100
    finally:
        method_run.create_upscaler = create


def test_no_display_is_a_plain_message(monkeypatch) -> None:
    from app.window.display import checked_display

    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(SuperseeError, match=":4711 does not answer"), checked_display():
        pass
    monkeypatch.delenv("DISPLAY")
    with pytest.raises(SuperseeError, match="supersee render"), checked_display():
        pass


def test_display_that_answers_is_accepted(display) -> None:
    from app.window.display import checked_display

    with checked_display():
        pass


@pytest.mark.parametrize(
    "options",
    [{"ratio": 4.0}, {"methods": ("magic",)}, {"methods": ("native",) * 5}, {"exposure": 0.0}],
)
def test_bad_options_are_refused_before_anything_opens(qapp, options) -> None:
    from app.window import Options
    from app.window.main_window import MainWindow

    with pytest.raises(SuperseeError):
        MainWindow(Options(**options), fake_parts())
