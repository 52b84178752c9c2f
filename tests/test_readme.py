"""Every command line in README.md and docs/ is run: as it stands, or made small by options that are documented."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "docs/presenter.md",
    "docs/programmer.md",
    "docs/trainer.md",
    "docs/importing.md",
    "docs/reports.md",
    "docs/sequence-format.md",
)
SMALL_RENDER = ["--frames", "2", "--size", "64x48", "--reference", "1"]
SMALL_BENCH = ["--frames", "2", "--sizes", "64x48", "--ratios", "2", "--no-window"]
SMALL_RECORD = ["--frames", "2", "--size", "64x48", "--reference", "1"]
RECORDINGS = ("path/to/frames", "out/take")
"""What the pages call a recording: one that a test writes lies there."""
ELSEWHERE = {
    "python3 -m pip install .": "tests/test_packaging.py builds, unpacks and runs what this installs",
}


def _commands() -> list[tuple[str, str]]:
    """(page, line) of every line in a fenced `sh` block."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
            found += [(page, line) for line in block.splitlines() if line and not line.startswith("#")]
    return found


COMMANDS = _commands()
HEADLESS = [c for c in COMMANDS if re.match(r"\./supersee (render|bench|doctor|inspect|record|engines)", c[1])]
TESTS = [c for c in COMMANDS if c[1].startswith("./supersee test")]
LAB = [c for c in COMMANDS if " -m models " in c[1]]
VIEWER = [c for c in COMMANDS if c[1].startswith("./supersee") and c not in HEADLESS and c not in TESTS]


def test_every_command_is_of_a_kind_that_is_run() -> None:
    run = {*HEADLESS, *TESTS, *LAB, *VIEWER}
    assert [line for page, line in COMMANDS if (page, line) not in run and line not in ELSEWHERE] == []
    assert VIEWER[0][1] == "./supersee"
    assert TESTS[0][1] == "./supersee test"


def _wants_network(arguments: list[str]) -> bool:
    if arguments[0] in ("doctor", "inspect", "record") or "--io" in arguments:
        return False
    return "--methods" not in arguments or "neural" in arguments[arguments.index("--methods") + 1]


def _place_recordings(arguments: list[str], folder: Path) -> bool:
    from tests.sequence.wall import write_arm

    read = [name for name in RECORDINGS if name in arguments and name not in _values(arguments, "--out")]
    for name in read:
        write_arm(folder / name)
    return bool(read)


def _values(arguments: list[str], option: str) -> list[str]:
    return [value for before, value in itertools.pairwise(arguments) if before == option]


def _screenshot(path: Path) -> None:
    from app.capture.screenshot import save_screenshot
    from app.commands.headless import headless, planned

    with headless(planned("garden", ("bilinear",), size=(64, 48), frames=1, reference=0)) as run:
        frame = next(run.frames())
        save_screenshot(path, frame.composition, frame.panes.items(), run.shot_record())


@pytest.mark.parametrize(("page", "line"), HEADLESS)
def test_headless_commands_run(page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.commands.networks import network_names

    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(line)[1:]
    if arguments[0] == "engines":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # the user's own stay as they are
    if _wants_network(arguments) and not network_names():
        pytest.skip("there is no trained network in models/weights")
    if "--from" in arguments:
        _screenshot(tmp_path / arguments[arguments.index("--from") + 1])
        assert main(arguments) == 0
        return
    small = {"render": SMALL_RENDER, "bench": SMALL_BENCH, "record": SMALL_RECORD}.get(arguments[0], [])
    if _place_recordings(arguments, tmp_path):  # which have their own size
        small = ["--frames", "2"] if arguments[0] == "render" else []
    status = main([*arguments, *small])
    assert status == 0 if arguments[0] != "doctor" else status in (0, 1)
    if "--video" in arguments:
        assert (tmp_path / arguments[arguments.index("--video") + 1]).is_file()
    elif arguments[0] == "render":
        assert (tmp_path / arguments[arguments.index("--out") + 1] / "side-by-side.mp4").is_file()
    if arguments[0] == "bench":
        made = "io.json" if "--io" in arguments else "bench.json"
        assert (tmp_path / "out" / "bench" / made).is_file()
    if arguments[0] == "record":
        assert (tmp_path / _values(arguments, "--out")[0] / "sequence.json").is_file()


@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="windows need a display: ./supersee test brings one")
@pytest.mark.parametrize(("page", "line"), VIEWER)
def test_viewer_commands_open_a_window_and_close_it(page: str, line: str, tmp_path: Path) -> None:
    """In a process of its own, with a few frames; settings go to a folder of the test's."""
    arguments = shlex.split(line)[1:]
    arguments = [str(ROOT / "assets/scenes/court.glb") if a == "path/to/model.glb" else a for a in arguments]
    _place_recordings(arguments, tmp_path)
    if "--watch" in arguments:
        (tmp_path / arguments[arguments.index("--watch") + 1]).mkdir(parents=True)
    small = ["--frames", "2", *([] if "--size" in arguments else ["--size", "96x54"])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = [sys.executable, "-P", "-m", "app", *arguments, *small]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if "--screenshot" in arguments:
        assert (tmp_path / arguments[arguments.index("--screenshot") + 1]).is_file()


@pytest.mark.parametrize(("page", "line"), TESTS)
def test_the_test_command_finds_tests(page: str, line: str) -> None:
    """`./supersee test ARGUMENTS` is `pytest ARGUMENTS` in a prepared environment: it collects."""
    arguments = shlex.split(line)[2:]
    collect = ["--collect-only", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *(arguments or ["tests/capture"]), *collect]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "::test_" in done.stdout


@pytest.mark.parametrize(("page", "line"), LAB)
def test_lab_commands_are_understood(page: str, line: str) -> None:
    """Training takes hours: here the lab only has to accept the line. tests/models runs each step small."""
    pytest.importorskip("torch")
    from models.__main__ import _parser

    arguments = shlex.split(line)
    options = _parser().parse_args(arguments[arguments.index("models") + 1 :])
    assert callable(options.run_command)


def test_pictures_and_links_of_the_pages_are_there() -> None:
    for page in (*PAGES, "THIRD_PARTY.md", "packaging/README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
            if "://" not in target:
                assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_the_presenters_page_lists_every_key() -> None:
    from app.present.keys import KEY_TABLE

    text = (ROOT / "docs/presenter.md").read_text()
    for heading, keys in KEY_TABLE:
        assert f"**{heading}**" in text
        for key in keys:
            if key.text and key.command != "select":
                assert f"| {key.text} |" in text, key


def test_every_dependency_has_a_notice() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(w for extra in project["optional-dependencies"].values() for w in extra)]
    notices = (ROOT / "THIRD_PARTY.md").read_text().lower()
    for requirement in wanted:
        name = re.split(r"[<>=!\[]", requirement)[0].lower()
        assert name in notices, name


def test_the_changelog_and_the_program_agree_on_the_version() -> None:
    from app import __version__

    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"[{__version__}]" in changelog or "[Unreleased]" in changelog


def test_desktop_entry_is_valid_where_that_can_be_checked() -> None:
    entry = ROOT / "packaging" / "supersee.desktop"
    lines = dict(line.split("=", 1) for line in entry.read_text().splitlines() if "=" in line)
    assert lines["Exec"] == "supersee %f"
    assert "model/gltf-binary" in lines["MimeType"]
    checker = shutil.which("desktop-file-validate")
    if checker:
        subprocess.run([checker, entry], check=True)
