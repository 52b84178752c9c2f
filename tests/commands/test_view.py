from pathlib import Path
from typing import Any

import pytest

import app.commands.render
import app.window
from app.capture.image_files import read_png
from app.cli import main
from app.commands.choices import DEFAULT_METHODS
from app.scene.builtin import load_scene
from app.scene.camera_path import cut_between


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("no_display")
def test_without_a_display_it_says_so_and_renders_the_comparison_into_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[Any, Path]] = []
    monkeypatch.setattr(app.commands.render, "render", lambda plan, out, _format: seen.append((plan, out)))
    assert main([]) == 0
    assert "no display" in capsys.readouterr().err
    ((plan, out),) = seen
    assert out == Path("out")
    assert plan.methods == DEFAULT_METHODS
    assert plan.reference > 0
    assert plan.size == (640, 360)
    assert plan.ratio == 2.0
    tour = load_scene(plan.scene).camera_paths[0]
    assert cut_between(tour, plan.start, plan.start + plan.frames / plan.rate), "it crosses a hard cut"


@pytest.mark.usefixtures("no_display")
def test_a_screenshot_needs_no_display(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--size", "96x64", "--frames", "2", "--methods", "bilinear,native"]
    assert main(["court", *options, "--screenshot", "shots/court.png"]) == 0
    assert capsys.readouterr().out.split() == [
        "shots/court.png",
        "shots/court-1-bilinear.png",
        "shots/court-2-native.png",
    ]
    assert read_png(Path("shots/court-2-native.png"))[0].shape == (64, 96, 3)


def test_with_a_display_the_options_reach_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def window(scene: str | None, **options: Any) -> int:
        seen.update(options, scene=scene)
        return 0

    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setattr(app.window, "run", window)
    assert main(["garden", "--mode", "balanced", "--panes", "2", "--size", "960x540", "--path", "tour"]) == 0
    assert seen["scene"] == "garden"
    assert seen["ratio"] == 1.7
    assert seen["methods"] == ("native", "bilinear")
    assert seen["display_size"] == (960, 540)
    assert seen["path"] == "tour"
    assert main(["view", "--methods", "taau"]) == 0
    assert seen["scene"] is None
    assert seen["methods"] == ("taau",)


def test_a_number_of_panes_is_filled_up_after_the_named_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setattr(app.window, "run", lambda _scene, **options: seen.update(options) or 0)
    assert main(["--panes", "3", "--methods", "lanczos"]) == 0
    assert seen["methods"] == ("lanczos", "native", "bilinear")


def test_a_watched_run_gets_a_pane(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setattr(app.window, "run", lambda _scene, **options: seen.update(options) or 0)
    assert main(["--watch", str(tmp_path)]) == 0
    assert seen["watch"] == tmp_path
    assert seen["methods"] == ("native", "taau", "neural")
    assert main(["--watch", str(tmp_path), "--methods", "bilinear"]) == 0
    assert seen["methods"] == ("bilinear", "neural")
    assert main(["--watch", str(tmp_path), "--methods", "neural,lanczos"]) == 0
    assert seen["methods"] == ("neural", "lanczos")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--watch", "nothing"], "There is no run in nothing: the folder is missing"),
        (["--watch", "a-file"], "it is not a folder"),
        (["--watch", ".", "--network", "lite"], "not allowed with argument"),
        (["--watch", ".", "--methods", "native,bilinear,lanczos,taau"], "There is no pane left"),
    ],
)
def test_a_run_that_cannot_be_watched_is_a_plain_error(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":7")
    (tmp_path / "a-file").write_text("")
    assert main(options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("no_display")
def test_watching_needs_a_window(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--watch", str(tmp_path)]) == 2
    assert "there is no display for a window" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nosuch.glb", "nosuchname"])
def test_a_scene_that_is_nothing_is_refused_before_a_window_opens(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPLAY", ":nowhere")  # a window would fail on it
    assert main([name]) == 2
    assert name in capsys.readouterr().err
