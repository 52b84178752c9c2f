"""Windows on a virtual display, with a scene that costs nothing to draw."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.present.comparison_fakes import FakeAccumulator, FakeSource, fake_model


@pytest.fixture(scope="session", autouse=True)
def display() -> Iterator[str]:
    """An X display: the one there is, or Xvfb's for this run. Set before Qt is touched."""
    if os.environ.get("DISPLAY") or not sys.platform.startswith("linux"):
        yield os.environ.get("DISPLAY", "")
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("window tests need a display, or Xvfb (Debian: apt install xvfb)")
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writer,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        number = answer.readline().strip()
    if not number:
        pytest.skip("Xvfb does not start here")
    os.environ["DISPLAY"] = f":{number}"
    wait_for_display()
    yield os.environ["DISPLAY"]
    del os.environ["DISPLAY"]
    server.terminate()
    server.wait(10)


def wait_for_display(seconds: float = 10.0) -> None:
    """Qt ends the process where the display does not answer; this fails the run with a reason instead."""
    from app.errors import SuperseeError
    from app.window.display import checked_display

    until = time.monotonic() + seconds
    while True:
        try:
            with checked_display():
                return
        except SuperseeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="session")
def qapp(display: str):
    """Our own application, with our surface format, in place of pytest-qt's; gone before its display is."""
    os.environ.pop("QT_QPA_PLATFORM", None)
    from app.window.application import make_application

    application = make_application()
    yield application
    application.shutdown()


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    """Settings of this test alone."""
    monkeypatch.setattr("app.present.settings.settings_folder", lambda: tmp_path / "settings")
    return tmp_path / "settings" / "viewer.json"


def fake_parts(**changes):
    from app.errors import SuperseeError
    from app.window.parts import Parts

    def load(name: str):
        if name == "broken" or (name.endswith((".glb", ".gltf", ".txt")) and not os.path.exists(name)):  # noqa: PTH110
            raise SuperseeError(f"The scene {name} cannot be read", "it is no glTF file", "Choose another file.")
        if name.endswith(".txt"):
            raise SuperseeError(f"The scene {name} cannot be read", "it is no glTF file", "Choose another file.")
        return fake_model(name)

    def make_source(context, model):
        yield
        return FakeSource(context, model)

    return Parts(
        **{
            "load_scene": load,
            "scene_names": lambda: ("court", "arcade", "garden"),
            "make_source": make_source,
            "make_accumulator": FakeAccumulator,
            "make_options": lambda _network: lambda _name, _size: {},
            **changes,
        }
    )


@pytest.fixture
def open_window(qtbot) -> Iterator[Callable]:
    """Opens windows on the fake scene, at 64x36 pictures, and checks that they leave nothing behind."""
    from PySide6.QtCore import QTimer

    from app.window import Options
    from app.window.main_window import MainWindow

    threads = set(threading.enumerate())
    opened: list[MainWindow] = []

    def open_one(parts=None, wait: bool = True, save: bool = True, **options):
        options = {"methods": ("native", "bilinear", "taau"), "display_size": (64, 36), "window_size": (800, 450),
                   **options}  # fmt: skip
        window = MainWindow(Options(**options), parts or fake_parts(), save=save)
        opened.append(window)
        window.show()
        window.activateWindow()
        if wait:
            qtbot.waitUntil(lambda: window.shown_frames >= 2, timeout=10_000)
        return window

    yield open_one
    for window in opened:
        window.close()
        timers = [timer for timer in window.findChildren(QTimer) if timer.isActive()]
        assert not timers, "timers are left running"
        window.deleteLater()
    qtbot.wait(1)
    until = time.monotonic() + 5
    while (left := set(threading.enumerate()) - threads) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left, f"threads are left running: {left}"
