import json
from pathlib import Path

import pytest

from app.cli import main
from app.commands import doctor
from app.commands.findings import MARKS


def _found(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    lines = capsys.readouterr().out.splitlines()
    return {line[9:27].strip(): line for line in lines if line.startswith(tuple(MARKS.values()))}


def test_each_part_is_listed_with_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["doctor", "--json", str(tmp_path / "doctor.json")])
    found = _found(capsys)
    for name in ("Python", "OpenGL", "renderer", "display", "Qt", "OpenVINO", "scenes", "shaders", "disk"):
        assert name in found
    findings = json.loads((tmp_path / "doctor.json").read_text())["findings"]
    assert {finding["name"] for finding in findings} >= set(found)
    assert status == int(any(finding["verdict"] == "missing" for finding in findings))
    assert all(finding["do"] for finding in findings if finding["verdict"] == "missing")


def test_a_missing_display_is_a_note_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    (finding,) = doctor.check_display()
    assert finding.verdict == "note"
    assert "xvfb-run" in finding.do


def test_missing_libraries_come_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_loads", lambda soname: "cursor" not in soname)
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    missing = [f for f in doctor.check_qt() if f.verdict == "missing"]
    assert [f.do for f in missing] == ["Debian: apt install libxcb-cursor0"]


def test_no_network_is_missing_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("app.paths.WEIGHTS", tmp_path)
    monkeypatch.setattr("app.commands.networks.network_names", list)
    (finding,) = doctor.check_networks()
    assert finding.verdict == "missing"
    assert "models train" in finding.do


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(doctor, "CHECKS", {"broken": broken, "Python": doctor.check_python})
    findings = list(doctor.examine())
    assert [f.name for f in findings] == ["broken", "Python"]
    assert "ZeroDivisionError" in findings[0].found
