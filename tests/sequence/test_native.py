"""Our own format: what is read back is what was drawn, and what is wrong is named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.errors import SuperseeError
from app.render.frame import FrameInputs
from app.render.live_source import LiveSource
from app.scene.builtin import load_scene
from app.scene.camera_path import cut_between
from app.scene.evaluate import evaluate
from app.sequence.native import NativeSequence
from app.sequence.native_meta import CONVENTIONS, FILE_NAME, ReferenceMeta, SequenceMeta, read_meta
from app.sequence.source import SequencePlayer
from app.sequence.writer import SequenceWriter, recorded
from app.upscale.registry import create_upscaler

RENDER, DISPLAY = (48, 27), (96, 54)
FRAMES, FPS = 6, 30.0
DOCS = Path(__file__).parents[2] / "docs"
METHODS = ("nearest", "bilinear", "lanczos", "taau", "neural")


@dataclass
class Live:
    """A scene drawn live: every frame's buffers as bytes, its other fields, and each method's picture."""

    folder: Path
    buffers: list[dict[str, bytes]]
    frames: list[FrameInputs]
    pictures: dict[str, list[bytes]]
    kinds: dict[str, tuple]


def buffers(frame: FrameInputs) -> dict[str, bytes]:
    textures = {"colour": frame.colour, "depth": frame.depth, "motion": frame.motion, "reactive": frame.reactive}
    return {name: texture.read(alignment=1) for name, texture in textures.items() if texture is not None}


def kinds(frame: FrameInputs) -> dict[str, tuple]:
    """What a shader sees of each texture beyond its values."""
    textures = {"colour": frame.colour, "depth": frame.depth, "motion": frame.motion}
    return {name: (each.components, each.dtype, each.filter, each.repeat_x) for name, each in textures.items()}


def upscaled(upscalers: dict, frame: FrameInputs, pictures: dict[str, list[bytes]]) -> None:
    for name, upscaler in upscalers.items():
        pictures.setdefault(name, []).append(upscaler.upscale(frame).read(alignment=1))


def made_upscalers(context: moderngl.Context) -> dict:
    upscalers = {name: create_upscaler(name, context) for name in METHODS}
    for upscaler in upscalers.values():
        upscaler.resize(RENDER, DISPLAY)
    return upscalers


@pytest.fixture(scope="module")
def live(gl_session: moderngl.Context, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("sequences") / "court"
    with gl_session:
        model = load_scene("court")
        path = model.camera_paths[0]
        cut_at = path.shots[0].duration
        source = LiveSource(gl_session, model)
        source.resize(RENDER, DISPLAY)
        upscalers = made_upscalers(gl_session)
        meta = SequenceMeta("court", FPS, RENDER, DISPLAY, reactive=True)
        seen = Live(folder, [], [], {}, {})
        with SequenceWriter(folder, meta) as writer:
            for index in range(FRAMES):
                time = cut_at + (index - 3) / FPS
                state = evaluate(model, time, path)
                if index:
                    state = replace(state, cut=cut_between(path, time - 1 / FPS, time))
                frame = source.render_frame(state, frame_index=index)
                writer.add(recorded(frame))
                seen.buffers.append(buffers(frame))
                seen.frames.append(frame)
                seen.kinds = kinds(frame)
                upscaled(upscalers, frame, seen.pictures)
        for owner in (*upscalers.values(), source):
            owner.release()
        yield seen


def test_what_is_read_back_is_the_live_frame_bit_for_bit(gl: moderngl.Context, live: Live) -> None:
    sequence = NativeSequence(live.folder)
    player = SequencePlayer(gl, sequence)
    assert len(sequence) == FRAMES
    for index, was in enumerate(live.frames):
        frame = player.frame(index)
        assert buffers(frame) == live.buffers[index]
        assert (frame.jitter, frame.exposure, frame.time) == (was.jitter, was.exposure, was.time)
        assert (frame.frame_index, frame.reset) == (was.frame_index, was.reset)
        assert (frame.render_size, frame.display_size) == (RENDER, DISPLAY)
        assert frame.camera.near == was.camera.near
        for matrix in ("view", "projection", "previous_view", "previous_projection"):
            assert np.array_equal(getattr(frame.camera, matrix), getattr(was.camera, matrix)), matrix
        assert kinds(frame) == live.kinds
    assert [frame.reset for frame in live.frames] == [True, False, False, True, False, False]
    assert any(np.frombuffer(each["motion"], np.float16).any() for each in live.buffers)
    player.release()


def test_upscalers_make_of_a_recording_what_they_made_live(gl: moderngl.Context, live: Live) -> None:
    player, upscalers = SequencePlayer(gl, NativeSequence(live.folder)), made_upscalers(gl)
    pictures: dict[str, list[bytes]] = {}
    for index in range(FRAMES):
        upscaled(upscalers, player.frame(index), pictures)
    assert set(pictures) == set(METHODS)
    for name, now in pictures.items():
        assert now == live.pictures[name], name
        assert len(set(now)) == FRAMES, f"{name} shows the same picture twice"
    for owner in (*upscalers.values(), player):
        owner.release()


def test_every_half_float_and_reactive_value_survives(tmp_path: Path) -> None:
    """All finite halves in colour and motion, all bytes in the mask, the awkward floats in depth."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    width, height = 256, 64
    colour = np.resize(halves, (height, width, 4))
    motion = np.resize(halves[::-1], (height, width, 2)).astype(np.float32)
    depth = np.resize(np.array([0.0, 1.0, 1e-38, 1e-45, 0.1, 0.99999994], np.float32), (64, 256))
    mask = np.resize(np.arange(256, dtype=np.uint8), (height, width))
    frame = replace(plain_frame((width, height)), colour=colour, motion=motion, depth=depth, reactive=mask)
    with SequenceWriter(tmp_path / "s", SequenceMeta("s", 24.0, (width, height), (width, height), True)) as writer:
        writer.add(frame)
    read = NativeSequence(tmp_path / "s").read(0)
    for name in ("colour", "depth", "motion", "reactive"):
        ours, theirs = getattr(read, name), getattr(frame, name)
        assert ours.dtype == theirs.dtype
        assert ours.tobytes() == theirs.tobytes(), name
    assert read.jitter == frame.jitter


def plain_frame(size: tuple[int, int], time: float = 0.0):
    from app.sequence.cameras import still_camera
    from app.sequence.source import RecordedFrame

    width, height = size
    return RecordedFrame(
        np.full((height, width, 4), 0.25, np.float16), np.full((height, width), 0.5, np.float32),
        np.zeros((height, width, 2), np.float32), (0.1, -0.3), 1.7, still_camera(size), time,
    )  # fmt: skip


def write_plain(folder: Path, frames: int = 3, notes: tuple[str, ...] = ()) -> Path:
    references = (ReferenceMeta("reference-32x24", (32, 24), 4),)
    meta = SequenceMeta("plain", 25.0, (16, 12), (32, 24), reactive=False, references=references, notes=notes)
    with SequenceWriter(folder, meta) as writer:
        for index in range(frames):
            writer.add(
                plain_frame((16, 12), index / 25.0),
                {"reference-32x24": np.full((24, 32, 3), 0.5 + index, np.float16)},
            )
    return folder


def changed(folder: Path, change) -> None:
    document = json.loads((folder / FILE_NAME).read_text())
    change(document)
    (folder / FILE_NAME).write_text(json.dumps(document))


def test_the_documented_example_is_what_is_read_and_written(tmp_path: Path) -> None:
    text = (DOCS / "sequence-format.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (tmp_path / FILE_NAME).write_text(example)
    meta = read_meta(tmp_path / FILE_NAME)
    assert (meta.render_size, meta.display_size, meta.reactive) == ((640, 360), (1280, 720), True)
    written = json.loads((write_plain(tmp_path / "s") / FILE_NAME).read_text())
    documented = json.loads(example)
    assert set(written) == set(documented)
    assert set(written["frames"][0]) == set(documented["frames"][0])
    assert set(written["references"][0]) == set(documented["references"][0])
    assert documented["conventions"] == CONVENTIONS


def test_references_are_read_at_their_size_and_missed_at_others(tmp_path: Path) -> None:
    sequence = NativeSequence(write_plain(tmp_path / "s"))
    assert sequence.reference_sizes == ((32, 24),)
    assert sequence.reference(1).shape == (24, 32, 3)
    assert sequence.reference(1)[0, 0, 0] == 1.5
    with pytest.raises(SuperseeError, match="no reference at 48x36"):
        sequence.reference(1, (48, 36))


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused_by_name(tmp_path: Path, version: object) -> None:
    folder = write_plain(tmp_path / "s", 1)
    changed(folder, lambda document: document.update(version=version))
    with pytest.raises(SuperseeError, match=f"version {version!r}.*version 1 is read here"):
        NativeSequence(folder)


def test_what_is_added_is_ignored_and_what_means_something_else_is_not(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "s", 2)

    def added(document: dict) -> None:
        document["weather"] = "fine"
        document["layers"]["normals"] = ["N.X", "N.Y", "N.Z"]
        document["conventions"]["normals"] = {"space": "view"}
        document["frames"][0]["wind"] = 3

    changed(folder, added)
    assert len(NativeSequence(folder)) == 2
    changed(folder, lambda document: document["conventions"]["motion"].update(direction="previous to current"))
    with pytest.raises(SuperseeError, match=r"motion\.direction is 'previous to current'.*'current to previous'"):
        NativeSequence(folder)


@pytest.mark.parametrize("entry", ["fps", "render_size", "conventions", "layers", "frames"])
def test_a_missing_entry_is_named(tmp_path: Path, entry: str) -> None:
    folder = write_plain(tmp_path / "s", 1)
    changed(folder, lambda document: document.pop(entry))
    with pytest.raises(SuperseeError, match=f"{entry}.*is missing"):
        NativeSequence(folder)


def test_a_damaged_frame_costs_that_frame_and_is_named(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "s", 3)
    whole = (folder / "depth" / "000002.exr").read_bytes()
    (folder / "depth" / "000002.exr").write_bytes(whole[: len(whole) // 2])
    (folder / "colour" / "000003.exr").unlink()
    sequence = NativeSequence(folder)
    assert sequence.read(0).time == 0.0
    with pytest.raises(SuperseeError, match=r"depth/000002\.exr"):
        sequence.read(1)
    with pytest.raises(SuperseeError, match=r"colour/000003\.exr is missing"):
        sequence.read(2)


def test_what_half_cannot_hold_is_written_as_the_nearest_and_said(tmp_path: Path) -> None:
    frame = plain_frame((4, 3))
    colour = frame.colour.copy()
    colour[0, 0] = np.inf
    colour[1, 1] = np.nan
    with SequenceWriter(tmp_path / "s", SequenceMeta("s", 24.0, (4, 3), (8, 6), False)) as writer:
        writer.add(replace(frame, colour=colour))
    sequence = NativeSequence(tmp_path / "s")
    assert sequence.read(0).colour[0, 0, 0] == 65504.0
    assert sequence.read(0).colour[1, 1, 2] == 0.0
    assert "8 values" in sequence.notes[0]


def test_a_writer_that_dies_leaves_a_valid_shorter_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sequence.writer._LISTED_EVERY", 0.0)
    meta = SequenceMeta("s", 24.0, (4, 3), (8, 6), False)
    writer = SequenceWriter(tmp_path / "s", meta)
    writer.add(plain_frame((4, 3)))
    writer.add(plain_frame((4, 3), 1.0))
    (tmp_path / "s" / "colour" / "000003.exr.part").write_bytes(b"half a frame")
    assert len(NativeSequence(tmp_path / "s")) == 2  # nobody closed it
    with SequenceWriter(tmp_path / "s", meta, resume=True) as again:
        again.add(plain_frame((4, 3), 2.0))
    assert [frame.time for frame in NativeSequence(tmp_path / "s").meta.frames] == [0.0, 1.0, 2.0]
    with pytest.raises(SuperseeError, match="is taken"):
        SequenceWriter(tmp_path / "s", meta)
    with pytest.raises(SuperseeError, match="render size"):
        SequenceWriter(tmp_path / "s", replace(meta, render_size=(5, 3)), resume=True)
