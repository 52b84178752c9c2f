"""Frames decoded ahead: never waited for, never more than the limit, in the order in which they are wanted."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.sequence.native import NativeSequence
from app.sequence.native_meta import FILE_NAME, FrameMeta, ReferenceMeta, SequenceMeta, meta_text
from app.sequence.read_ahead import MEMORY_LIMIT, ReadAhead
from app.sequence.writer import SequenceWriter
from tests.present.recording_fakes import PaintedRecording

LR, UHD = (1920, 1080), (3840, 2160)
FRAMES = 2000


def until(ready, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not ready() and time.monotonic() < end:
        time.sleep(0.002)
    assert ready()


@pytest.fixture(scope="module")
def long_4k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2000 frames for 3840x2160 with references: one that is whole, linked 2000 times; one file is cut off."""
    from tests.sequence.test_native import plain_frame

    folder = tmp_path_factory.mktemp("long") / "take"
    references = (ReferenceMeta("reference-3840x2160", UHD, 1),)
    meta = SequenceMeta("long", 60.0, LR, UHD, reactive=False, references=references)
    with SequenceWriter(folder, meta) as writer:
        writer.add(plain_frame(LR), {"reference-3840x2160": np.full((UHD[1], UHD[0], 3), 0.25, np.float16)})
    (first,) = NativeSequence(folder).meta.frames
    frames: list[FrameMeta] = []
    for index in range(FRAMES):
        name = f"{index + 1:06}.exr"
        frames.append(replace(first, file=name, time=index / 60.0, cut=index == 0))
        for layer in ("colour", "depth", "motion", "reference-3840x2160") if index else ():
            os.link(folder / layer / first.file, folder / layer / name)
    (folder / "colour" / "000004.exr").unlink()
    (folder / "colour" / "000004.exr").write_bytes((folder / "colour" / first.file).read_bytes()[:200])
    (folder / FILE_NAME).write_text(meta_text(replace(meta, frames=tuple(frames))))
    return folder


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_4k_sequence_of_2000_frames_opens_at_once_and_stays_within_the_limit(long_4k: Path) -> None:
    opened = []
    for _ in range(5):  # what other programs do to the machine only ever adds
        begun = time.perf_counter()
        sequence = NativeSequence(long_4k)
        ahead = ReadAhead(sequence)
        opened.append(time.perf_counter() - begun)
        assert len(sequence) == FRAMES
    assert min(opened) < 2.0
    before, most, asking, held = resident_bytes(), 0, [], 0
    for first in (0, 1, 2, 3, 1500):
        wanted = list(range(first, first + 12))
        asked = time.perf_counter()
        ahead.want(wanted)
        asking.append(time.perf_counter() - asked)
        until(lambda first=first: ahead.ready(first))
        held, most = max(held, ahead.bytes), max(most, resident_bytes() - before)
        read = ahead.frame(first)
        assert (read.frame is None) == (first == 3)
    assert "000004.exr" in ahead.frame(3).missing
    ahead.close()
    assert sorted(asking)[2] < 0.05  # wanting never waits: reading one takes longer
    assert 2 * 90e6 < held <= MEMORY_LIMIT
    assert most < MEMORY_LIMIT


@pytest.fixture
def small() -> Iterator[tuple[PaintedRecording, ReadAhead]]:
    recording = PaintedRecording(40)
    ahead = ReadAhead(recording)
    yield recording, ahead
    ahead.close()


def test_frames_are_the_sources_with_their_references(small: tuple[PaintedRecording, ReadAhead]) -> None:
    recording, ahead = small
    read = ahead.frame(5)
    assert read.frame is not None
    assert read.reference is not None
    assert np.array_equal(read.frame.colour, recording.read(5).colour)
    assert np.array_equal(read.reference, recording.reference(5))
    assert read.missing == ""
    assert ahead.frame(6, bare=True).reference is None
    assert ahead.frame(5, bare=True) is read  # it is there with more than is asked for


def test_the_nearest_comes_first_and_the_limit_holds(small: tuple[PaintedRecording, ReadAhead]) -> None:
    recording, _ = small
    one = ReadAhead(recording)
    each = one.frame(0).bytes
    one.close()
    ahead = ReadAhead(recording, memory=5 * each)
    for first in range(0, 30, 3):
        ahead.want(range(first, first + 12))
        assert ahead.bytes <= 5 * each
        until(lambda first=first: ahead.ready(first))
        assert ahead.bytes <= 5 * each
    ahead.close()
    tiny = ReadAhead(recording, memory=1)
    for index in (3, 4, 9):
        assert tiny.frame(index).frame is not None  # the one that is needed is read whatever it takes
        assert tiny.bytes <= 2 * each
    tiny.close()


def test_what_is_no_longer_wanted_is_not_read(small: tuple[PaintedRecording, ReadAhead]) -> None:
    recording, ahead = small
    gate, read = threading.Event(), recording.read

    def slow(index: int):
        gate.wait(10)
        return read(index)

    recording.read = slow  # type: ignore[method-assign]
    ahead.want(range(12))
    ahead.want(range(20, 24))
    gate.set()
    until(lambda: all(ahead.ready(index) for index in range(20, 24)))
    assert set(recording.reads) <= {0, 1, 20, 21, 22, 23}  # two threads had begun


def test_a_missing_frame_is_an_answer_and_no_error() -> None:
    ahead = ReadAhead(PaintedRecording(5, missing=(2,)))
    assert "000003.exr is missing" in ahead.frame(2).missing
    assert ahead.frame(2).frame is None
    assert ahead.frame(3).frame is not None
    ahead.close()
