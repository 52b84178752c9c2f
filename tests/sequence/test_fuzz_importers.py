"""Whatever bytes lie in a recording, an importer answers with frames or with a message of ours: no other exception,
no endless loop, no memory beyond what the files can hold. The number of examples bounds the time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SuperseeError
from app.render.frame import CameraView
from app.scene.camera import projection_matrix
from app.sequence.discover import open_sequence
from app.sequence.inspection import inspect
from app.sequence.native_meta import ReferenceMeta, SequenceMeta
from app.sequence.source import RecordedFrame
from app.sequence.writer import SequenceWriter
from tests.sequence import wall
from tests.sequence.recordings import exr, write_recording
from tests.sequence.test_pictures import write_pictures, write_video

LIMIT = 256 << 20
BOUNDED = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

damages = st.lists(
    st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.binary(min_size=1, max_size=6)), min_size=1, max_size=4
)


def damaged(data: bytes, changes: list[tuple[float, bytes]], kept: float) -> bytes:
    """Bytes overwritten at fractions of the file's length, and the rest cut off."""
    buffer = bytearray(data)
    for where, put in changes:
        at = int(where * len(buffer))
        buffer[at : at + len(put)] = put
    return bytes(buffer[: max(1, int(kept * len(buffer)))])


def looked_through(path: Path) -> None:
    tracemalloc.start()
    try:
        with contextlib.suppress(SuperseeError):
            source = open_sequence(path)
            with contextlib.suppress(SuperseeError):
                source.reference(len(source) - 1)
            inspect(source, 2)
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < LIMIT


def write_native(folder: Path, frames: int = 2) -> Path:
    size, display = (16, 12), (32, 24)
    meta = SequenceMeta("fuzz", 30.0, size, display, True, (ReferenceMeta("reference", display, 4),))
    projection = projection_matrix(0.8, 4 / 3, 0.1)
    rng = np.random.default_rng(5)
    with SequenceWriter(folder, meta) as writer:
        for index in range(frames):
            frame = RecordedFrame(
                rng.random((12, 16, 4)).astype(np.float16), rng.random((12, 16), np.float32),
                rng.random((12, 16, 2), np.float32), (0.25, -0.25), 1.0,
                CameraView(np.eye(4), projection, np.eye(4), projection, 0.1), index / 30,
                np.zeros((12, 16), np.uint8), index == 0,
            )  # fmt: skip
            writer.add(frame, {"reference": rng.random((24, 32, 3)).astype(np.float16)})
    return folder


WRITERS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "native exr": (lambda at: write_native(at / "shot"), "shot/motion/000002.exr"),
    "native json": (lambda at: write_native(at / "shot"), "shot/sequence.json"),
    "blender layers": (lambda at: wall.write_blender_layers(at / "shot", 2), "shot/0001.exr"),
    "blender json": (lambda at: write_recording(at / "shot", 2), "shot/meta.json"),
    "unreal": (lambda at: wall.write_unreal(at / "shot", 2), "shot/Shot.0001.exr"),
    "unreal jitter": (lambda at: wall.write_unreal(at / "shot", 2), "shot/jitter.json"),
    "arm exr": (lambda at: wall.write_arm(at / "data", 2), "data/x2/motion/0000/0001.exr"),
    "arm json": (lambda at: wall.write_arm(at / "data", 2), "data/0000.json"),
    "safetensors": (
        lambda at: wall.write_safetensors(at / "a.safetensors", wall.arm_tensors(2)),
        "a.safetensors",
    ),
    "png": (lambda at: write_pictures(at / "shot", ".png", 2), "shot/shot_008.png"),
    "jpg": (lambda at: write_pictures(at / "shot", ".jpg", 2), "shot/shot_008.jpg"),
    "mp4": (lambda at: write_video(at / "a.mp4", 4), "a.mp4"),
    "mkv": (lambda at: write_video(at / "a.mkv", 4), "a.mkv"),
}


@pytest.fixture(scope="module", params=WRITERS)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    """(what to open, the file to damage, its bytes)."""
    writer, name = WRITERS[request.param]
    root = tmp_path_factory.mktemp("fuzz")
    return writer(root), root / name, (root / name).read_bytes()


@BOUNDED
@given(changes=damages, kept=st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.3, 0.01]))
def test_damaged_files(recording: tuple[Path, Path, bytes], changes: list[tuple[float, bytes]], kept: float) -> None:
    path, file, whole = recording
    file.write_bytes(damaged(whole, changes, kept))
    looked_through(path)


@BOUNDED
@given(changes=st.lists(st.tuples(st.floats(0.0, 0.05), st.binary(min_size=1, max_size=4)), min_size=1, max_size=3))
def test_damaged_heads(recording: tuple[Path, Path, bytes], changes: list[tuple[float, bytes]]) -> None:
    """Most of what can go wrong is decided in a file's first bytes."""
    path, file, whole = recording
    file.write_bytes(damaged(whole, changes, 1.0))
    looked_through(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=8,
)


DESCRIPTIONS = {"arm json": "Frames", "blender json": "frames", "native json": "frames"}
"""The entry that lists the frames, by the recording above."""


@pytest.mark.parametrize("recording", DESCRIPTIONS, indirect=True)
@BOUNDED
@given(where=st.floats(0.0, 1.0, exclude_max=True), inside=st.booleans(), value=json_values)
def test_any_value_in_a_description(
    recording: tuple[Path, Path, bytes], where: float, inside: bool, value: object
) -> None:
    path, file, whole = recording
    content = json.loads(whole)
    listed = content.get("frames", content.get("Frames"))
    target = listed[0] if inside else content
    target[sorted(target)[int(where * len(target))]] = value
    file.write_text(json.dumps(content))
    looked_through(path)


def forged(path: Path, side: int, content: int = 8, extra: int = 0) -> Path:
    """An EXR file of `content` pixels a side whose header claims `side`, with `extra` bytes after its end."""
    exr(path, {f"ViewLayer.Combined.{c}": np.zeros((content, content), np.float16) for c in "RGB"})
    data = bytearray(path.read_bytes()) + bytes(extra)
    at = data.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    data[at + 8 : at + 16] = (side - 1).to_bytes(4, "little") * 2
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("side", [4096, 16384, 16385, 65535, 2**31 - 1])
def test_a_forged_size_takes_no_memory(tmp_path: Path, side: int) -> None:
    forged(tmp_path / "0001.exr", side)
    tracemalloc.start()
    with pytest.raises(SuperseeError, match=r"0001\.exr.*(claims|cannot be read)"):
        open_sequence(tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 << 20


def test_forged_files_fit_in_a_small_address_space(tmp_path: Path) -> None:
    """What libraries take beside Python's own memory is bounded too: in a process of its own that may have little."""
    for index, side in enumerate((2048, 8192, 16384, 65535)):
        folder = tmp_path / f"exr{index}"
        folder.mkdir()
        forged(folder / "0001.exr", side, 64, extra=300_000)  # room enough for the table of chunks
        picture = tmp_path / f"png{index}"
        write_pictures(picture, ".png", 1)
        file = next(picture.iterdir())
        data = bytearray(file.read_bytes())
        data[16:24] = side.to_bytes(4, "big") * 2
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
        file.write_bytes(data)
    script = f"""
import resource, pathlib
import OpenEXR, PIL.Image, numpy
from app.errors import SuperseeError
from app.sequence.discover import open_sequence
numpy.ones((4, 4)) @ numpy.ones((4, 4))
held = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + {192 << 20}, resource.RLIM_INFINITY))
for folder in sorted(pathlib.Path({str(tmp_path)!r}).iterdir()):
    try:
        open_sequence(folder).read(0)
        print(folder.name, "was read")
    except SuperseeError as error:
        print(folder.name, "refused")
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused") == 8, done.stdout


def test_a_forged_safetensors_table_takes_no_memory(tmp_path: Path) -> None:
    path = wall.write_safetensors(tmp_path / "a.safetensors", wall.arm_tensors(2))
    data = path.read_bytes()
    path.write_bytes((2**62).to_bytes(8, "little") + data[8:])
    with pytest.raises(SuperseeError, match="longer than the file"):
        open_sequence(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SuperseeError, match="outside the file"):
        open_sequence(path)
