"""Whatever bytes lie in a recording, an importer answers with frames or with a message of ours: no other exception,
no endless loop, no memory beyond what the files can hold. The number of examples bounds the time."""

from __future__ import annotations

import contextlib
import json
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SuperseeError
from app.sequence.discover import open_sequence
from app.sequence.inspection import inspect
from tests.sequence import wall
from tests.sequence.recordings import exr, write_recording

LIMIT = 256 << 20
BOUNDED = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
            inspect(open_sequence(path), 4)
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < LIMIT


WRITERS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "blender layers": (lambda at: wall.write_blender_layers(at / "shot", 3), "shot/0001.exr"),
    "unreal": (lambda at: wall.write_unreal(at / "shot", 3), "shot/Shot.0001.exr"),
    "arm exr": (lambda at: wall.write_arm(at / "data", 3), "data/x2/motion/0000/0001.exr"),
    "arm json": (lambda at: wall.write_arm(at / "data", 3), "data/0000.json"),
    "blender json": (lambda at: write_recording(at / "shot"), "shot/meta.json"),
    "safetensors": (
        lambda at: wall.write_safetensors(at / "a.safetensors", wall.arm_tensors(3)),
        "a.safetensors",
    ),
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


@BOUNDED
@given(entry=st.sampled_from(sorted(wall.arm_description(1))), value=json_values, inside=st.booleans())
def test_any_value_in_an_arm_description(entry: str, value: object, inside: bool) -> None:
    content = wall.arm_description(2)
    if inside:
        frame = content["Frames"][0]
        frame[sorted(frame)[len(entry) % len(frame)]] = value
    else:
        content[entry] = value
    with tempfile.TemporaryDirectory() as folder:
        root = wall.write_arm(Path(folder) / "data", 2)
        (root / "0000.json").write_text(json.dumps(content))
        looked_through(root)


@pytest.mark.parametrize("side", [65535, 16385, 2**31 - 1])
def test_a_forged_size_takes_no_memory(tmp_path: Path, side: int) -> None:
    exr(tmp_path / "0001.exr", {f"ViewLayer.Combined.{c}": np.zeros((8, 8), np.float16) for c in "RGB"})
    data = bytearray((tmp_path / "0001.exr").read_bytes())
    at = data.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    data[at + 8 : at + 16] = (side - 1).to_bytes(4, "little") * 2
    (tmp_path / "0001.exr").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(SuperseeError, match=r"0001\.exr"):
        open_sequence(tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 << 20


def test_a_forged_safetensors_table_takes_no_memory(tmp_path: Path) -> None:
    path = wall.write_safetensors(tmp_path / "a.safetensors", wall.arm_tensors(2))
    data = path.read_bytes()
    path.write_bytes((2**62).to_bytes(8, "little") + data[8:])
    with pytest.raises(SuperseeError, match="longer than the file"):
        open_sequence(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SuperseeError, match="outside the file"):
        open_sequence(path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot", 2)
    outside = tmp_path / "outside.exr"
    (folder / "0002.exr").rename(outside)
    (folder / "0002.exr").symlink_to(outside)
    with pytest.raises(SuperseeError, match=r"0002\.exr is not read: it is a link out"):
        open_sequence(folder)
