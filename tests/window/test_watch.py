"""The window on a training run: it waits, shows the first network, takes every newer one, and never goes black."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("openvino")

from app.inference.image_manifest import image_networks
from app.inference.live_run import LIVE_FOLDER, POINTER
from app.inference.openvino_backend import OpenVinoBackend
from app.present.neural_supply import NeuralSupply
from app.present.run_watch import RunWatch
from app.upscale import registry
from app.upscale.neural import NeuralUpscaler
from models.export.live import write_live
from models.network import NetworkConfig, build, build_model
from models.network.export_image import save_image_network
from tests.window.conftest import fake_parts

TINY = NetworkConfig(widths=(8, 8, 8), blocks=(0, 0, 0), up_blocks=(0, 0))


def write(run: Path, iteration: int) -> None:
    assert write_live(build(TINY, iteration), run, run.name, iteration) is not None


def watching_parts(**changes):
    backend = lambda: OpenVinoBackend(precision="f32", threads=1, cache="")  # noqa: E731
    return fake_parts(make_watch=lambda run: RunWatch(run, backend, poll_seconds=0.02), **changes)


class Witness:
    """What the neural pane showed in every frame: its title, its warning, and the brightness of its picture."""

    def __init__(self, window) -> None:
        self.titles: list[str] = []
        self.warnings: list[str] = []
        self.brightness: list[float] = []
        self._window = window
        window.loop.frame_done.connect(self._look)

    def _look(self, _milliseconds: float) -> None:
        composition = self._window.rig.composition
        index = next(i for i, name in enumerate(self._window.presenter.state.methods) if name == "neural")
        with self._window.canvas.current():
            pixels = composition.pane_pixels(index)
        self.titles.append(composition.panes[index].title.rpartition("  ·  ")[0] or composition.panes[index].title)
        self.warnings.append(composition.panes[index].warning)
        self.brightness.append(float(np.mean(pixels)))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "tiny").mkdir()
    return tmp_path / "tiny"


@pytest.fixture
def window(qtbot, open_window, run: Path):
    return open_window(watching_parts(), methods=("native", "taau", "neural"), watch=run)


def test_checkpoints_come_in_and_take_over_without_a_black_frame_or_lost_history(
    qtbot, window, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Witness(window)
    qtbot.waitUntil(lambda: len(seen.titles) > 2, timeout=10_000)
    assert seen.titles[-1] == "tiny: waiting for the first checkpoint"
    assert seen.warnings[-1] == "showing bilinear until then"
    write(run, 20)
    qtbot.waitUntil(lambda: seen.titles[-1] == "tiny  ·  iteration 20", timeout=20_000)
    upscaler = window.rig.comparison.runs["neural"]._own
    assert isinstance(upscaler, NeuralUpscaler)
    resets: list[str] = []
    monkeypatch.setattr(upscaler, "reset", lambda: resets.append("reset"))
    targets, first = upscaler.targets, upscaler.network
    before = len(seen.titles)
    for iteration in (40, 60):
        write(run, iteration)
        text = f"tiny  ·  iteration {iteration}"
        qtbot.waitUntil(lambda text=text: seen.titles[-1] == text, timeout=20_000)
    assert len(seen.titles) > before
    assert upscaler.network is not first
    assert upscaler.targets is targets, "no texture was made anew"
    assert resets == []
    assert upscaler._remembered is not None
    assert set(seen.warnings[before:]) == {""}
    assert min(seen.brightness) > 0.5 * max(seen.brightness) > 20
    assert not window.banner.isVisible()


def test_a_broken_checkpoint_is_named_in_the_pane_and_the_old_network_stays(qtbot, window, run: Path) -> None:
    seen = Witness(window)
    write(run, 20)
    qtbot.waitUntil(lambda: seen.titles[-1:] == ["tiny  ·  iteration 20"], timeout=20_000)
    (run / LIVE_FOLDER / POINTER).write_text("{")
    qtbot.waitUntil(lambda: "does not name a checkpoint" in seen.warnings[-1], timeout=10_000)
    assert seen.titles[-1] == "tiny  ·  iteration 20"
    assert any("does not name" in text for text in window.rig.comparison.warnings())


def test_paused_the_label_goes_on_and_the_picture_stays(qtbot, window, run: Path) -> None:
    seen = Witness(window)
    write(run, 20)
    qtbot.waitUntil(lambda: seen.titles[-1:] == ["tiny  ·  iteration 20"], timeout=20_000)
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: window.loop.idle and not window._settle.isActive(), timeout=5_000)
    (run / LIVE_FOLDER / POINTER).write_text("{")
    pane = lambda: window.rig.composition.panes[2]  # noqa: E731
    qtbot.waitUntil(lambda: "does not name a checkpoint" in pane().warning, timeout=10_000)
    assert pane().title.startswith("tiny  ·  iteration 20  ·  ")
    shown = window.shown_frames
    write(run, 40)
    qtbot.waitUntil(lambda: pane().warning == "", timeout=10_000)
    assert pane().title.startswith("tiny  ·  iteration 20  ·  "), "the picture is still that network's"
    assert window.shown_frames == shown
    window.presenter.toggle_pause()
    qtbot.waitUntil(lambda: seen.titles[-1] == "tiny  ·  iteration 40", timeout=10_000)


@pytest.fixture
def compiling_threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the threads in which OpenVINO compiles."""
    threads: set[str] = set()
    compile_network = OpenVinoBackend._build

    def noted(self, model, size):
        threads.add(threading.current_thread().name)
        return compile_network(self, model, size)

    monkeypatch.setattr(OpenVinoBackend, "_build", noted)
    return threads


def test_the_gui_thread_does_not_compile(qtbot, open_window, run: Path, compiling_threads: set[str]) -> None:
    window = open_window(watching_parts(), methods=("neural",), watch=run)
    seen = Witness(window)
    for iteration in (20, 40):
        write(run, iteration)
        text = f"tiny  ·  iteration {iteration}"
        qtbot.waitUntil(lambda text=text: seen.titles[-1:] == [text], timeout=20_000)
    window.presenter.set_ratio(3.0)
    comparison = window.rig.comparison
    small = comparison.render_size
    qtbot.waitUntil(lambda: comparison.render_size < small, timeout=5_000)
    upscaler = comparison.runs["neural"]._own
    qtbot.waitUntil(lambda: upscaler.targets.sizes[0] == comparison.render_size, timeout=20_000)
    assert compiling_threads == {"supersee-watch"}


def test_nor_does_it_compile_single_image_networks(
    qtbot, open_window, run: Path, compiling_threads: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.METHODS, "srcnn", registry._IMAGE_NETWORKS["srcnn"])
    save_image_network(build_model({"kind": "srcnn", "widths": [8, 8]}, seed=1), tmp_path / "net", "net")  # type: ignore[arg-type]
    backend = OpenVinoBackend(precision="f32", threads=1, cache="")
    others = NeuralSupply(load_images=lambda kind: (image_networks(kind, tmp_path), backend))
    parts = fake_parts(make_watch=lambda folder: RunWatch(folder, lambda: backend, others=others))
    window = open_window(parts, methods=("bilinear", "srcnn"), watch=run)
    qtbot.waitUntil(lambda: window.rig.composition.panes[1].title == "SRCNN", timeout=20_000)
    assert {name.rpartition("_")[0] for name in compiling_threads} == {"supersee-network"}
