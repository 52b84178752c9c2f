"""The wheel that `pip install .` makes, built and run without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, as it would lie in site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def _run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Isolated from the checkout: neither its folder nor an editable install may answer for the wheel.
    script = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import app.paths; from app.cli import main; "
        f"assert app.paths.SHADERS.is_relative_to({str(installed)!r}); sys.exit(main({arguments!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    command = [sys.executable, "-P", "-c", script]
    return subprocess.run(
        command, cwd=installed.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_program_shaders_assets_notices_and_no_scratch(installed: Path) -> None:
    for name in ("app/cli.py", "models/__init__.py", "app/_data/shaders/common/fullscreen.vert"):
        assert (installed / name).is_file(), name
    assert list((installed / "app/_data/assets/scenes").glob("*.glb"))
    assert list((installed / "app/_data/assets/environments").glob("*.exr"))
    weights = {path.relative_to(ROOT) for path in (ROOT / "models/weights").glob("*/model.onnx")}
    assert all((installed / path).is_file() for path in weights)
    notices = next(installed.glob("*.dist-info")) / "licenses"
    assert {path.name for path in notices.iterdir()} >= {"LICENSE", "THIRD_PARTY.md"}
    assert not (installed / "models/runs").exists()
    assert not (installed / "tests").exists()


def test_the_installed_program_answers_and_finds_its_own_files(installed: Path) -> None:
    helped = _run(installed, "--help")
    assert helped.returncode == 0
    assert "usage: supersee" in helped.stdout
    done = _run(installed, "doctor")
    lines = {line[9:27].strip(): line for line in done.stdout.splitlines() if len(line) > 27}
    for name in ("scenes", "environments", "fonts", "shaders", "OpenGL", "OpenVINO"):
        assert lines[name].startswith(("ok", "note")), lines[name]


def test_the_installed_program_renders(installed: Path, tmp_path: Path) -> None:
    options = ["--size", "64x48", "--frames", "1", "--reference", "0", "--methods", "bilinear"]
    done = _run(installed, "render", "court", *options, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.json").is_file()
