"""Processes of our own find our modules, and nothing that lies in the working folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from app.own_process import module_command, module_environment, start_module

ROOT = Path(__file__).resolve().parents[1]


def test_a_module_of_ours_is_found_from_any_folder_and_a_false_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    child = start_module("app", "--version", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = child.communicate(timeout=60)[0]
    assert child.returncode == 0, said
    assert "upersee" in said


def test_what_is_in_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/a/b")
    found = module_environment(MORE="1")
    assert found["PYTHONPATH"] == f"{ROOT}{os.pathsep}/a/b"
    assert (found["MORE"], found["PATH"]) == ("1", os.environ["PATH"])
    assert "MORE" not in os.environ
    monkeypatch.delenv("PYTHONPATH")
    assert module_environment()["PYTHONPATH"] == str(ROOT)


def test_arguments_come_after_the_module() -> None:
    assert module_command("app", "bench", "--gpu")[1:] == ["-P", "-m", "app", "bench", "--gpu"]
