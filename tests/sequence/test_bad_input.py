"""Frames that are missing or wrong in the middle of a recording, by importer: a message that names the file and says
what to do, and the frames around them are read. Damage at random is in test_fuzz_importers.py."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.sequence.discover import open_sequence
from app.sequence.exr import all_finite, read_channels, read_pixels
from app.sequence.exr_chunks import check_whole
from app.sequence.read_ahead import ReadAhead
from tests.sequence import wall
from tests.sequence.recordings import exr, write_recording
from tests.sequence.test_fuzz_importers import write_native
from tests.sequence.test_pictures import write_pictures

FRAMES = 5
BAD = 2


@dataclass(frozen=True)
class Kind:
    """`file` is that of frame BAD, in which `channel` is one that is needed."""

    write: Callable[[Path], Path]
    file: str
    channel: str


KINDS = {
    "native": Kind(lambda at: write_native(at / "shot", FRAMES), "motion/000003.exr", "motion.X"),
    "blender with camera": Kind(lambda at: write_recording(at / "shot", FRAMES), "lr/0003.exr", "ViewLayer.Vector.X"),
    "blender": Kind(lambda at: wall.write_blender_layers(at / "shot", FRAMES), "0003.exr", "View Layer.Vector.X"),
    "unreal": Kind(
        lambda at: wall.write_unreal(at / "shot", FRAMES),
        "Shot.0002.exr",
        "FinalImageMovieRenderQueue_MotionVectors.R",
    ),
    "arm": Kind(lambda at: wall.write_arm(at / "data", FRAMES), "x2/motion/0000/0002.exr", "R"),
}


@pytest.fixture(params=KINDS)
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path, str]:
    """(recording, the bad frame's file, its channel)."""
    kind = KINDS[request.param]
    root = kind.write(tmp_path)
    return root, root / kind.file, kind.channel


def channels_of(path: Path) -> dict[str, np.ndarray]:
    import OpenEXR

    found = OpenEXR.File(str(path), separate_channels=True).channels()
    return {name: np.array(channel.pixels) for name, channel in found.items()}


def expect(root: Path, file: Path, *said: str) -> None:
    """Frame BAD names its file, the reason, and what to do; all others are read."""
    source = open_sequence(root)
    assert len(source) == FRAMES
    for index in range(FRAMES):
        if index != BAD:
            source.read(index)
    with pytest.raises(SuperseeError) as caught:
        source.read(BAD)
    message = str(caught.value)
    assert str(file) in message
    assert caught.value.do, message
    for part in said:
        assert re.search(part, message), message


def test_a_missing_frame(damaged: tuple[Path, Path, str]) -> None:
    root, file, _ = damaged
    file.unlink()
    expect(root, file, "is missing")


def test_a_frame_of_another_size(damaged: tuple[Path, Path, str]) -> None:
    root, file, _ = damaged
    exr(file, {name: pixels[:-4, :-4] for name, pixels in channels_of(file).items()})
    expect(root, file, r"has the wrong size: it is \d+x\d+, not \d+x\d+")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(damaged: tuple[Path, Path, str], value: float) -> None:
    root, file, channel = damaged
    found = channels_of(file)
    found[channel][3, 5] = value
    exr(file, found)
    expect(root, file, rf"channel {re.escape(channel)} of .*1 of its values are not finite, the first at x 5, y 3")


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.97])
def test_a_file_that_is_cut_off(
    damaged: tuple[Path, Path, str], kept: float, capfd: pytest.CaptureFixture[str]
) -> None:
    root, file, _ = damaged
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    expect(root, file, "cannot be read")
    if kept >= 0.5:
        assert capfd.readouterr().err == "", "the library prints what the message says"


@pytest.mark.parametrize("compression", ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"])
@pytest.mark.parametrize("height", [1, 16, 33, 300])
def test_a_whole_file_is_whole_and_one_that_lacks_a_byte_is_not(compression: str, height: int, tmp_path: Path) -> None:
    import OpenEXR

    path = tmp_path / "0001.exr"
    pixels = np.random.default_rng(4).random((height, 24)).astype(np.float16)
    header = {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION"), "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {name: pixels.copy() for name in "RGB"}).write(str(path))
    check_whole(path)
    data = path.read_bytes()
    for length in (len(data) - 1, len(data) - 20):
        path.write_bytes(data[:length])
        with pytest.raises(SuperseeError, match=rf"is cut off: it has {length} bytes of \d+ at least"):
            check_whole(path)


def test_channels_of_other_names(damaged: tuple[Path, Path, str]) -> None:
    root, file, channel = damaged
    found = channels_of(file)
    found["speed.U"] = found.pop(channel)
    exr(file, found)
    expect(root, file, rf"has no channel {re.escape(channel)}: its channels are .*speed\.U")


def test_a_header_that_claims_to_be_huge(damaged: tuple[Path, Path, str]) -> None:
    root, file, _ = damaged
    data = bytearray(file.read_bytes())
    at = data.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    data[at + 8 : at + 16] = (65534).to_bytes(4, "little") * 2
    file.write_bytes(data)
    expect(root, file, "cannot be read|wrong size")


def lead_out(file: Path, outside: Path) -> None:
    """The file lies elsewhere, and a link in its place leads there."""
    file.rename(outside)
    file.symlink_to(outside)


def test_a_link_out_of_the_folder_costs_its_frame(damaged: tuple[Path, Path, str], tmp_path: Path) -> None:
    root, file, _ = damaged
    lead_out(file, tmp_path / "outside.exr")
    expect(root, file, "is not read: it is a link that leads out")


def test_a_picture_that_is_a_link_out_of_the_folder_costs_its_frame(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "shot", ".png", FRAMES)
    file = sorted(root.iterdir())[BAD]
    lead_out(file, tmp_path / "outside.png")
    expect(root, file, "is not read: it is a link that leads out")
    assert any(f"Links out of the folder are not followed: {file.name}." == note for note in open_sequence(root).notes)


def test_a_link_that_leads_nowhere_costs_its_frame(damaged: tuple[Path, Path, str]) -> None:
    root, file, _ = damaged
    file.unlink()
    file.symlink_to(file.parent / "gone.exr")
    expect(root, file, "is missing")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["cut off", "a link out", "missing"])
def test_a_bad_first_frame_costs_that_frame(kind: str, damage: str, tmp_path: Path) -> None:
    root = KINDS[kind].write(tmp_path)
    file = root / KINDS[kind].file
    first = min(file.parent.iterdir())
    if damage == "cut off":
        first.write_bytes(first.read_bytes()[:40])
    elif damage == "a link out":
        lead_out(first, tmp_path / "outside.exr")
    else:
        first.unlink()
    source = open_sequence(root)
    starts_later = damage == "missing" and kind in ("blender", "unreal")  # nothing says that there was one before
    assert len(source) == FRAMES - starts_later
    for index in range(1, len(source)):
        source.read(index)
    if not starts_later:
        with pytest.raises(SuperseeError, match=re.escape(str(first))):
            source.read(0)


@pytest.mark.parametrize("layer", ["FinalImageMovieRenderQueue_WorldDepth", "FinalImageMovieRenderQueue_MotionVectors"])
def test_a_pass_that_starts_later_or_ends_earlier_is_not_shifted(layer: str, tmp_path: Path) -> None:
    root = wall.write_unreal_passes(tmp_path / "shot", FRAMES)
    whole = open_sequence(root).read(2)
    for index in (0, FRAMES - 1):
        (root / f"Shot.{layer}.{index:04}.exr").unlink()
    source = open_sequence(root)
    assert len(source) == FRAMES
    assert any(f"Missing frames: Shot.{layer}.0000.exr" in note for note in source.notes)
    frame = source.read(2)
    assert np.array_equal(frame.depth, whole.depth)
    assert np.array_equal(frame.motion, whole.motion)
    for index in (0, FRAMES - 1):
        with pytest.raises(SuperseeError, match=rf"{layer}\.{index:04}\.exr is missing"):
            source.read(index)


@pytest.mark.parametrize(("kind", "file"), [("native", "sequence.json"), ("blender with camera", "meta.json")])
def test_a_description_is_not_read_through_a_link_out_of_the_folder(kind: str, file: str, tmp_path: Path) -> None:
    root = KINDS[kind].write(tmp_path)
    lead_out(root / file, tmp_path / "outside.json")
    with pytest.raises(SuperseeError, match=rf"{re.escape(file)} is not read: it is a link that leads out"):
        open_sequence(root)


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("native", "sequence.json"),
        ("blender with camera", "meta.json"),
        ("arm", "0000.json"),
        ("unreal", "jitter.json"),
    ],
)
def test_half_written_json(kind: str, file: str, tmp_path: Path) -> None:
    root = KINDS[kind].write(tmp_path)
    text = (root / file).read_text()
    json.loads(text)
    (root / file).write_text(text[: len(text) // 2])
    with pytest.raises(
        SuperseeError, match=rf"{re.escape(file)} cannot be read: it is not JSON.*Write or copy it again"
    ):
        open_sequence(root)


@pytest.mark.parametrize("method", ["iterdir", "is_file", "stat"])
def test_a_folder_that_may_not_be_read(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_pictures(tmp_path / "shot", ".png", 2)
    real = getattr(Path, method)

    def refused(path: Path, *rest: object, **named: object) -> object:
        if path.is_relative_to(root):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, method, refused)
    with pytest.raises(SuperseeError, match=r"shot.* cannot be read: Permission denied\. Check"):
        open_sequence(root)


def test_the_player_shows_the_frame_as_missing_and_goes_on(damaged: tuple[Path, Path, str]) -> None:
    root, file, _ = damaged
    file.unlink()
    ahead = ReadAhead(open_sequence(root))
    try:
        ahead.want(range(FRAMES))
        frames = [ahead.frame(index) for index in range(FRAMES)]
    finally:
        ahead.close()
    assert [frame.frame is None for frame in frames] == [index == BAD for index in range(FRAMES)]
    assert str(file) in frames[BAD].missing


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_all_finite_is_numpys_answer(dtype: type) -> None:
    values = np.array([0.0, -0.0, 65504.0, -65504.0, 6e-8], dtype)
    assert all_finite(values)
    assert all_finite(values[:0])
    for wrong in (np.nan, -np.nan, np.inf, -np.inf):
        damaged = np.append(values, dtype(wrong))
        assert not all_finite(damaged)
        assert all_finite(damaged, unbounded=True) == (not np.isnan(wrong))


@pytest.mark.parametrize(
    ("types", "names"),
    [
        ((np.float16, np.float16, np.float16), "RGB"),
        ((np.float32, np.float32, np.float32), "RGB"),
        ((np.float16, np.float32, np.float16), "RGB"),
        ((np.float16, np.float16, np.float16, np.float16), "RGBA"),
        ((np.float16, np.float16), ("motion.X", "motion.Y")),
    ],
)
def test_pixels_at_once_are_the_channels_one_by_one(
    types: tuple[type, ...], names: Sequence[str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    written = {name: rng.random((12, 16)).astype(dtype) for name, dtype in zip(names, types, strict=True)}
    exr(tmp_path / "0001.exr", written)
    pixels = read_pixels(tmp_path / "0001.exr", names, (16, 12))
    assert pixels.flags.c_contiguous
    assert np.array_equal(pixels, np.stack(list(written.values()), -1))
    one_by_one = read_channels(tmp_path / "0001.exr", names, (16, 12))
    assert all(np.array_equal(pixels[..., i], one_by_one[name]) for i, name in enumerate(names))
