"""One list of what has not run on hardware; the documentation repeats it word for word."""

from __future__ import annotations

from pathlib import Path

from app.inference.hardware_status import NOT_YET_RUN

ROOT = Path(__file__).resolve().parents[2]


def test_the_documentation_states_the_list() -> None:
    page = (ROOT / "docs" / "nvidia.md").read_text()
    section = page.split("## Not yet run on hardware")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert rows == [f"| {entry.what} | {entry.instead} | `{entry.check}` |" for entry in NOT_YET_RUN]


def test_the_readme_says_so_as_long_as_there_is_something_on_it() -> None:
    assert ("not yet run on hardware" in (ROOT / "README.md").read_text()) == bool(NOT_YET_RUN)


def test_each_entry_names_a_command_that_there_is() -> None:
    from app.cli import COMMANDS

    for entry in NOT_YET_RUN:
        program, command, *_ = entry.check.split()
        assert program == "pytest" or (program == "supersee" and command in COMMANDS)
