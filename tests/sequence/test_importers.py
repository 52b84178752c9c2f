"""Each layout of another program, written from one known scene, comes back as that scene."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.sequence.cameras import camera_motion, view_from_clip
from app.sequence.convention import Convention, CorrectedSource
from app.sequence.discover import importer_for, open_sequence
from app.sequence.selftest import self_test
from app.sequence.source import FrameSource, RecordedFrame
from tests.sequence import wall
from tests.sequence.recordings import exr

WRITERS: dict[str, Callable[[Path], Path]] = {
    "Blender layers": lambda at: wall.write_blender_layers(at / "shot"),
    "Unreal Movie Render Queue": lambda at: wall.write_unreal(at / "shot"),
    "Arm capture": lambda at: wall.write_arm(at / "data"),
    "Arm tensors": lambda at: wall.write_safetensors(at / "0000.safetensors", wall.arm_tensors()),
}


@pytest.fixture(scope="module", params=WRITERS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def path(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return WRITERS[kind](tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def source(path: Path) -> FrameSource:
    return open_sequence(path)


def is_sky(index: int) -> np.ndarray:
    return np.isinf(wall.truth(index).distance)


def test_the_layout_is_recognised(kind: str, path: Path, source: FrameSource) -> None:
    assert importer_for(path).title == kind
    assert (len(source), source.render_size, source.display_size) == (wall.FRAMES, wall.SIZE, (192, 128))
    assert source.name
    assert source.fps == (60.0 if "Arm" in kind else 30.0)


def test_colour_motion_and_jitter_are_those_of_the_scene(source: FrameSource) -> None:
    for index in (0, 5):
        frame, known = source.read(index), wall.truth(index)
        assert np.array_equal(frame.colour[..., :3], known.colour.astype(np.float16))
        assert np.array_equal(frame.colour[..., 3], np.ones(wall.SIZE[::-1]))
        assert frame.jitter == pytest.approx(known.jitter, abs=1e-6)
        assert frame.reset == (index == 0)
        if index:
            assert np.abs(frame.motion - known.motion).max() < 0.02


def test_depth_is_near_over_distance(source: FrameSource) -> None:
    frame, known = source.read(4), wall.truth(4)
    assert np.array_equal(frame.depth == 0.0, is_sky(4))
    near = frame.camera.near
    assert frame.depth[~is_sky(4)] == pytest.approx(near / known.distance[~is_sky(4)], rel=2e-3)


def test_the_camera_explains_the_motion(kind: str, source: FrameSource) -> None:
    frame = source.read(5)
    if kind == "Blender layers":
        assert np.array_equal(frame.camera.view, frame.camera.previous_view)
        assert any("camera" in note for note in source.notes)
    else:
        expected = camera_motion(frame.depth, frame.camera, frame.jitter)
        assert np.abs(expected - wall.truth(5).motion).max() < 0.02


def test_frames_agree_with_each_other_as_they_are_read(source: FrameSource) -> None:
    test = self_test(source)
    assert test.fits, test.label
    assert test.motion.best > 40.0


def test_arm_captures_have_references_exposure_and_rates(tmp_path: Path) -> None:
    for at in (wall.write_arm(tmp_path / "a"), wall.write_safetensors(tmp_path / "b.safetensors", wall.arm_tensors())):
        source = open_sequence(at)
        assert source.read(3).exposure == pytest.approx(1.5)
        assert source.reference_sizes == ((192, 128),)
        assert np.array_equal(source.reference(3), wall.truth(3, (192, 128)).colour.astype(np.float16))
        with pytest.raises(SuperseeError, match="no reference at 96x64"):
            source.reference(3, (96, 64))


def test_a_forward_depth_with_a_far_plane_is_turned_round(tmp_path: Path) -> None:
    tensors, near, far = wall.arm_tensors(2), wall.NEAR, 50.0
    distance = wall.truth(1).distance
    with np.errstate(invalid="ignore"):
        forward = np.where(np.isinf(distance), 1.0, far / (far - near) * (1.0 - near / distance))
    tensors["depth"][1, 0] = forward
    tensors["zFar"][:] = far
    tensors["infinite_zFar"][:] = False
    frame = open_sequence(wall.write_safetensors(tmp_path / "far.safetensors", tensors)).read(1)
    assert frame.depth[~is_sky(1)] == pytest.approx(near / distance[~is_sky(1)], rel=1e-3)


def test_an_arm_folder_with_several_sequences_asks_for_one(tmp_path: Path) -> None:
    folder = wall.write_arm(tmp_path / "data", 2)
    (folder / "0001.json").write_text("{}")
    with pytest.raises(SuperseeError, match=r"holds 2 sequences.*Name one"):
        open_sequence(folder)
    assert len(open_sequence(folder / "0000.json")) == 2


def test_an_arm_ratio_that_was_not_captured_is_refused(tmp_path: Path) -> None:
    folder = wall.write_arm(tmp_path / "data", 2)
    assert open_sequence(folder, 2.0).display_size == (192, 128)
    with pytest.raises(SuperseeError, match=r"not captured at 1\.5x: it holds 2"):
        open_sequence(folder, 1.5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.pop("Frames"), "Frames"),
        (lambda d: d.update(Frames=[]), "no frames"),
        (lambda d: d.update(EmulatedFramerate="often"), "often"),
        (lambda d: d["Frames"][0].pop("FovY"), "FovY"),
        (lambda d: d["Frames"][1].update(CameraNearPlane=math.nan), "CameraNearPlane"),
        (lambda d: d["Frames"][1].update(NormalizedPerRatioJitter=[{"X": 7, "Y": 0}]), "X is 7"),
    ],
)
def test_a_wrong_entry_of_an_arm_description_is_named(tmp_path: Path, change: Callable, reason: str) -> None:
    folder = wall.write_arm(tmp_path / "data", 2)
    content = wall.arm_description(2)
    change(content)
    (folder / "0000.json").write_text(json.dumps(content))
    with pytest.raises(SuperseeError, match=reason):
        open_sequence(folder)


def test_a_half_written_description_says_so(tmp_path: Path) -> None:
    folder = wall.write_arm(tmp_path / "data", 2)
    text = (folder / "0000.json").read_text()
    (folder / "0000.json").write_text(text[: len(text) // 2])
    with pytest.raises(SuperseeError, match=r"0000\.json.*only half"):
        open_sequence(folder)


def test_a_matrix_that_is_none_leaves_the_camera_standing() -> None:
    assert view_from_clip(np.zeros((4, 4))) is None
    assert view_from_clip(np.eye(4)) is None, "an orthographic matrix has no distance ahead"


def test_unreal_passes_in_files_of_their_own(tmp_path: Path) -> None:
    source = open_sequence(wall.write_unreal_passes(tmp_path / "shot"))
    frame, known = source.read(5), wall.truth(5)
    assert np.array_equal(frame.colour[..., :3], known.colour.astype(np.float16))
    lower = slice(wall.SIZE[1] // 2, None)
    assert np.abs(frame.motion - known.motion)[lower].max() < 0.02
    assert np.abs(frame.motion[: wall.SIZE[1] // 2]).max() < 1e-9, "without a camera, what nobody wrote stands still"
    assert any("No camera" in note for note in source.notes)


def test_unreal_passes_in_folders_of_their_own(tmp_path: Path) -> None:
    for layer, channels in wall.unreal_layers(1).items():
        folder = tmp_path / "shot" / (layer or "FinalImage")
        folder.mkdir(parents=True)
        exr(folder / "Shot.0001.exr", channels)
    assert np.array_equal(
        open_sequence(tmp_path / "shot").read(0).colour[..., :3], wall.truth(1).colour.astype(np.float16)
    )


def test_an_unreal_recording_without_velocity_lists_its_channels(tmp_path: Path) -> None:
    layers = wall.unreal_layers(0)
    exr(tmp_path / "Shot.FinalImage.0000.exr", layers[""])
    with pytest.raises(SuperseeError, match=r"no motion vectors.*FinalImage: B, G, R.*MotionVectors"):
        open_sequence(tmp_path)


def test_blender_layers_without_vectors_list_their_channels(tmp_path: Path) -> None:
    exr(tmp_path / "0001.exr", {f"ViewLayer.Combined.{name}": np.zeros((4, 6), np.float16) for name in "RGBA"})
    with pytest.raises(SuperseeError, match=r"no motion vectors.*ViewLayer\.Combined\.A.*Vector"):
        open_sequence(tmp_path)


def test_blender_files_of_several_parts(tmp_path: Path) -> None:
    import OpenEXR

    each = wall.truth(1)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    parts = {
        "ViewLayer.Combined": {name: wall.half(each.colour[..., i]) for i, name in enumerate("RGB")},
        "ViewLayer.Vector": {name: np.full(wall.SIZE[::-1], 2.0, np.float32) for name in "XYZW"},
    }
    made = [OpenEXR.Part({**header, "name": name}, channels) for name, channels in parts.items()]
    OpenEXR.File(made).write(str(tmp_path / "0001.exr"))
    source = open_sequence(tmp_path)
    frame = source.read(0)
    assert np.array_equal(frame.colour[..., :3], each.colour.astype(np.float16))
    assert np.array_equal(frame.motion[0, 0], [2.0, -2.0])
    assert any("No depth" in note for note in source.notes)


def test_a_gap_keeps_its_place_and_the_frames_after_it(tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot", 5)
    (folder / "0003.exr").unlink()
    source = open_sequence(folder)
    assert len(source) == 5
    assert any("0003.exr" in note for note in source.notes)
    with pytest.raises(SuperseeError, match=r"0003\.exr is missing"):
        source.read(2)
    assert np.array_equal(source.read(3).colour[..., :3], wall.truth(3).colour.astype(np.float16))


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot", 3)
    small = {f"View Layer.{name}": np.zeros((4, 6), np.float16) for name in ("Combined.R", "Combined.G")}
    exr(folder / "0002.exr", small)
    with pytest.raises(SuperseeError, match=r"0002\.exr has the wrong size: it is 6x4, not 96x64"):
        open_sequence(folder).read(1)


def test_a_side_file_of_jitter_is_checked(tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot", 3)
    for text, reason in (("[[0, 0]]", "1 entries for 3"), ("[1, 2, 3]", "does not hold"), ("[[0,9],[0,0],[0,0]]", "9")):
        (folder / "jitter.json").write_text(text)
        with pytest.raises(SuperseeError, match=reason):
            open_sequence(folder)


class Rooted:
    """Velocity as Unreal 5 stores it: the signed square root, times sqrt(2), of the clip-space difference."""

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        for name in ("name", "fps", "notes", "render_size", "display_size", "reference_sizes"):
            setattr(self, name, getattr(source, name))

    def __len__(self) -> int:
        return len(self._source)

    def read(self, index: int) -> RecordedFrame:
        frame = self._source.read(index)
        to_clip = np.array([2.0 / wall.SIZE[0], 2.0 / wall.SIZE[1]], np.float32)
        clip = frame.motion * to_clip
        return replace(frame, motion=np.sign(clip) * np.sqrt(np.abs(clip)) * np.float32(math.sqrt(2.0)) / to_clip)

    def reference(self, index: int, display: tuple[int, int] | None = None) -> np.ndarray:
        return self._source.reference(index, display)


def test_unreal_fives_square_roots_are_found_and_undone(tmp_path: Path) -> None:
    source = open_sequence(wall.write_blender_layers(tmp_path / "shot"))
    test = self_test(Rooted(source))  # type: ignore[arg-type]
    assert test.motion.label == "to be square roots (Unreal 5)"
    assert test.convention == Convention(motion_rooted=True)
    corrected = CorrectedSource(Rooted(source), test.convention)  # type: ignore[arg-type]
    assert np.abs(corrected.read(4).motion - source.read(4).motion).max() < 1e-3


def test_vectors_beyond_half_floats_stay_finite(tmp_path: Path) -> None:
    layers = wall.unreal_layers(0)
    layers["FinalImageMovieRenderQueue_MotionVectors"]["R"][3, 4] = 3e38
    for layer, channels in layers.items():
        exr(tmp_path / f"Shot.{layer or 'FinalImage'}.0000.exr", channels)
    motion = open_sequence(tmp_path).read(0).motion
    assert np.isfinite(motion).all()
    assert motion[3, 4, 0] == -65504.0


def test_the_frames_of_a_recording_with_camera_say_where_the_camera_is(tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot" / "lr", 2)
    assert not any("meta.json" in note for note in open_sequence(folder).notes)
    (tmp_path / "shot" / "meta.json").write_text("{}")
    assert any("open the folder shot instead" in note for note in open_sequence(folder).notes)
