"""`supersee record` from the command line: what it leaves, and what it leaves when it cannot go on."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.sequence.native import NativeSequence

SMALL = ["record", "court", "--size", "96x54", "--reference", "1"]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("record") / "take"
    assert main([*SMALL, "--frames", "2", "--out", str(out)]) == 0
    return out


def test_a_take_is_a_sequence(taken: Path) -> None:
    sequence = NativeSequence(taken)
    assert (len(sequence), sequence.render_size, sequence.display_size) == (2, (48, 27), (96, 54))
    assert sequence.reference(1).shape == (54, 96, 3)
    assert not list(taken.rglob("*.part"))


def test_what_is_there_is_not_overwritten(taken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (taken / "sequence.json").read_bytes()
    assert main([*SMALL, "--out", str(taken)]) == 2
    assert f"{taken} is taken" in capsys.readouterr().err
    assert (taken / "sequence.json").read_bytes() == before


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB, full in earnest, where this may mount one; the place where it would be otherwise."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    if not mounted:
        pytest.skip("a file system that fills up cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=False)


def assert_stopped(out: Path, said: str) -> None:
    """What fitted is a whole sequence, and can be gone on with."""
    assert " cannot be written: " in said
    assert "Free some space, then go on with --resume: " in said
    sequence = NativeSequence(out)
    assert 0 < len(sequence) < 40
    assert f"{len(sequence)} frames are whole" in said
    for index in range(len(sequence)):
        sequence.read(index)
        sequence.reference(index)
    assert not list(out.rglob("*.part"))


def test_a_full_disk_leaves_the_frames_so_far(little_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--frames", "40", "--out", str(little_disk / "take")]) == 2
    said = capsys.readouterr().err
    assert "No space left" in said
    assert_stopped(little_disk / "take", said)


def test_a_write_that_the_system_refuses_leaves_the_frames_so_far(tmp_path: Path) -> None:
    """The same where nothing can be mounted: files may grow no further after the third frame."""
    script = f"""
import resource, sys
from app.cli import main
from app.sequence.writer import SequenceWriter
add = SequenceWriter.add
def limited(writer, *frame):
    if len(writer) == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))
    add(writer, *frame)
SequenceWriter.add = limited
sys.exit(main({[*SMALL, "--frames", "40", "--out", str(tmp_path / "take")]!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert_stopped(tmp_path / "take", done.stderr)
    assert len(json.loads((tmp_path / "take" / "sequence.json").read_text())["frames"]) == 3
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 6000
