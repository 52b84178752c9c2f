"""./supersee where everything is prepared already, and where it is not: with stand-ins for Python and apt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = ROOT / "supersee"

pytestmark = pytest.mark.skipif(os.name != "posix" or shutil.which("bash") is None, reason="a bash script")

_PYTHON = """#!/bin/bash
# Stands in for Python: notes how it was called, makes a venv that holds itself.
echo "$@" >> "$CALLS"
case "$*" in
    "-m venv --clear "*)
        mkdir -p "$4/bin"
        cp "$0" "$4/bin/python"
        echo "version = 3.12.1" > "$4/pyvenv.cfg" ;;
    "--version") echo "Python 3.12.1" ;;
    *"-m app"*) echo "app: $*" ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the launcher and stand-ins, and nothing prepared."""
    folder = tmp_path / "clone"
    (folder / "bin").mkdir(parents=True)
    script = LAUNCHER.read_text()
    for path in ("/proc/driver/nvidia/version", "/dev/nvidiactl"):  # ours instead of this machine's
        assert path in script
        script = script.replace(path, str(folder / Path(path).name))
    (folder / "supersee").write_text(script)
    (folder / "supersee").chmod(0o755)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in {"python3": _PYTHON, "ldconfig": "#!/bin/bash\ncat $LIBRARIES\n"}.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return folder


def _launch(clone: Path, *arguments: str, libraries: str | None = None) -> subprocess.CompletedProcess[str]:
    if libraries is None:
        libraries = "".join(
            f"\t{entry.split(':')[0]} (libc6,x86-64) => /lib/x\n"
            for entry in LAUNCHER.read_text().split("viewer_libraries=(")[1].split(")")[0].split()
        )
    (clone / "libraries").write_text(libraries)
    environment = {
        "PATH": f"{clone / 'bin'}:/usr/bin:/bin",
        "CALLS": str(clone / "calls"),
        "LIBRARIES": str(clone / "libraries"),
    }
    command = [clone / "supersee", *arguments]
    return subprocess.run(command, cwd=clone.parent, env=environment, capture_output=True, text=True, check=False)


def _calls(clone: Path) -> list[str]:
    return (clone / "calls").read_text().splitlines()


def test_the_script_is_valid_and_executable() -> None:
    assert os.access(LAUNCHER, os.X_OK)
    for script in (LAUNCHER, ROOT / ".ci" / "run"):
        subprocess.run(["bash", "-n", script], check=True)


def test_a_first_start_prepares_and_says_so_a_second_one_just_runs(clone: Path) -> None:
    first = _launch(clone, "--ratio", "2")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "app: -P -m app --ratio 2\n"
    assert "making a Python environment" in first.stderr
    assert "installing the Python packages" in first.stderr
    assert sum("pip install" in call for call in _calls(clone)) == 1
    second = _launch(clone, "scene with spaces.glb")
    assert second.stdout == "app: -P -m app scene with spaces.glb\n"
    assert second.stderr == ""
    assert sum("pip install" in call for call in _calls(clone)) == 1


def test_a_changed_pyproject_is_installed_again_into_the_same_environment(clone: Path) -> None:
    _launch(clone)
    with (clone / "pyproject.toml").open("a") as file:
        file.write("\n# changed\n")
    _launch(clone)
    assert sum("pip install" in call for call in _calls(clone)) == 2
    assert sum("-m venv" in call for call in _calls(clone)) == 1


def _with_driver(clone: Path, python: str = _PYTHON) -> None:
    (clone / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06\n")
    (clone / "bin" / "python3").write_text(python)


def test_an_nvidia_driver_brings_the_gpu_extra_once(clone: Path) -> None:
    _with_driver(clone)
    first = _launch(clone)
    assert "an NVIDIA driver is here" in first.stderr
    assert sum("pip install" in call and call.endswith("[gpu]") for call in _calls(clone)) == 1
    assert "NVIDIA" not in _launch(clone).stderr
    assert sum(call.endswith("[gpu]") for call in _calls(clone)) == 1


def test_a_gpu_extra_that_cannot_be_installed_leaves_a_program_that_runs(clone: Path) -> None:
    _with_driver(clone, _PYTHON.replace('case "$*" in', 'case "$*" in\n    *"[gpu]") exit 1 ;;'))
    launched = _launch(clone)
    assert launched.returncode == 0
    assert launched.stdout == "app: -P -m app\n"
    assert "the gpu extra could not be installed; the network runs on the CPU (OpenVINO)" in launched.stderr


def test_missing_libraries_are_named_as_packages_and_the_program_starts_all_the_same(clone: Path) -> None:
    (clone / "bin" / "apt-get").write_text('#!/bin/bash\necho "apt-get $@" >> "$CALLS"\nexit 100\n')
    (clone / "bin" / "sudo").write_text('#!/bin/bash\n"$@"\n')
    for name in ("apt-get", "sudo"):
        (clone / "bin" / name).chmod(0o755)
    done = _launch(clone, "doctor", libraries="\tlibEGL.so.1 (libc6,x86-64) => /lib/x\n")
    assert done.returncode == 0
    assert "could not install: libgl1 " in done.stderr
    assert "libxcb-cursor0" in done.stderr
    assert "libegl1" not in done.stderr
    assert done.stdout == "app: -P -m app doctor\n"
    assert any(call.startswith("apt-get") and "libgl1" in call for call in _calls(clone))


def test_a_prepared_start_adds_little(clone: Path) -> None:
    _launch(clone)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        _launch(clone)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.15  # a few milliseconds of its own; the rest is bash and the stand-in


def test_the_launcher_and_doctor_look_for_the_same_libraries() -> None:
    from app.commands.doctor import QT_LIBRARIES

    listed = LAUNCHER.read_text().split("viewer_libraries=(")[1].split(")")[0].split()
    assert dict(entry.split(":") for entry in listed) == QT_LIBRARIES


def test_this_python_is_new_enough_for_what_the_launcher_asks() -> None:
    assert sys.version_info >= (3, 11)
