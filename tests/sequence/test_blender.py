from __future__ import annotations

import json
import math
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.errors import SuperseeError
from app.sequence.blender import BlenderSequence
from app.sequence.source import SequencePlayer
from tests.sequence.recordings import FOV_Y, SIZE, exr, lr_channels, write_recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "recording")


def test_colour_and_reference_arrive_bit_for_bit(folder: Path) -> None:
    sequence = BlenderSequence(folder)
    assert len(sequence) == 3
    assert (sequence.render_size, sequence.display_size) == (SIZE, (32, 24))
    channels = lr_channels(2)
    colour = sequence.read(1).colour
    for i, name in enumerate("RGB"):
        assert np.array_equal(colour[..., i], channels[f"ViewLayer.Combined.{name}"])
    wanted = np.random.default_rng(102).random((24, 32, 3)).astype(np.float16)
    assert np.array_equal(sequence.reference(1), wanted)


def test_depth_is_reversed_and_motion_points_down_the_image(folder: Path) -> None:
    frame = BlenderSequence(folder).read(1)
    assert frame.depth[5, 5] == pytest.approx(0.1 / 4.0)
    assert np.allclose(frame.motion[3:], [1.5, -0.5])
    assert not frame.depth[:3].any()
    assert frame.jitter == (0.25, -0.25)
    assert frame.time == pytest.approx(1 / 30)


def test_the_sky_moves_with_the_camera(folder: Path) -> None:
    """Turning left by 0.05 radians: what is seen now was further left, by the tangent's difference."""
    frame = BlenderSequence(folder).read(1)
    focal = SIZE[1] / 2 / math.tan(FOV_Y / 2)  # pixels
    column = 10
    x = column + 0.5 + frame.jitter[0] - SIZE[0] / 2
    expected = focal * math.tan(math.atan(x / focal) - 0.05) - x
    # The row nearest to the horizon feels the least of the perspective along y; it is off the horizon all the same.
    y = 2 + 0.5 + frame.jitter[1] - SIZE[1] / 2
    turned = np.array([math.cos(0.05) * x - math.sin(0.05) * focal, y, math.sin(0.05) * x + math.cos(0.05) * focal])
    exact = turned[:2] / turned[2] * focal - [x, y]
    assert frame.motion[2, column] == pytest.approx(exact, abs=1e-3)
    assert exact[0] == pytest.approx(expected, abs=1e-6)
    assert exact[0] < -0.5


def test_the_camera_keeps_its_place_in_a_world_with_y_up(folder: Path) -> None:
    camera = BlenderSequence(folder).read(1).camera
    to_world = np.linalg.inv(camera.view)
    assert to_world[:3, 3] == pytest.approx([1.0, 3.0, -2.0])
    assert to_world[:3, 1] == pytest.approx([0.0, 1.0, 0.0])
    assert -to_world[:3, 2] == pytest.approx([-math.sin(0.1), 0.0, -math.cos(0.1)])
    assert not np.allclose(camera.view, camera.previous_view)


def test_playing_resets_on_the_first_frame_and_on_a_jump_only(gl: moderngl.Context, folder: Path) -> None:
    player = SequencePlayer(gl, BlenderSequence(folder))
    assert [player.frame(index).reset for index in (0, 1, 2, 0, 1, 1)] == [True, False, False, True, False, True]
    frame = player.frame(2)
    assert frame.render_size == SIZE
    assert frame.ratio == 2.0
    colour = np.frombuffer(frame.colour.read(), np.float16).reshape(SIZE[1], SIZE[0], 4)
    assert np.array_equal(colour[..., 0], lr_channels(3)["ViewLayer.Combined.R"]), "row 0 is the top row"
    depth = np.frombuffer(frame.depth.read(), np.float32).reshape(SIZE[1], SIZE[0])
    assert depth[0, 0] == 0.0
    assert depth[-1, 0] > 0.0
    player.release()


def change(folder: Path, **entries: object) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    meta.update(entries)
    (folder / "meta.json").write_text(json.dumps(meta))


def frame_entry(**entries: object) -> list[dict]:
    matrix = np.eye(4).tolist()
    return [{"file": "0001.exr", "jitter_px": [0.0, 0.0], "camera_to_world": matrix, **entries}]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"lr_size": [0, 12]}, "lr_size"),
        ({"lr_size": [65535, 65535]}, "lr_size"),
        ({"near": -1}, "near"),
        ({"fps": "often"}, "often"),
        ({"fov_y_rad": math.nan}, "fov_y_rad"),
        ({"frames": []}, "no frames"),
        ({"frames": 7}, "int"),
        ({"frames": frame_entry(file="../../etc/passwd")}, "outside"),
        ({"frames": frame_entry(file="..\\secret.exr")}, "outside"),
        ({"frames": frame_entry(jitter_px=[0.0, 40.0])}, "jitter"),
        ({"frames": frame_entry(camera_to_world=np.zeros((4, 4)).tolist())}, "camera"),
        ({"frames": [{"file": "0001.exr"}]}, "jitter_px"),
    ],
)
def test_a_wrong_entry_is_named(folder: Path, entries: dict, reason: str) -> None:
    change(folder, **entries)
    with pytest.raises(SuperseeError, match=reason):
        BlenderSequence(folder)


def test_a_folder_without_or_with_a_broken_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuperseeError, match=r"meta\.json cannot be read: No such file"):
        BlenderSequence(tmp_path)
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(SuperseeError, match="not JSON"):
        BlenderSequence(tmp_path)


def test_damaged_frames_are_refused_with_the_reason(folder: Path) -> None:
    sequence, first = BlenderSequence(folder), folder / "lr" / "0001.exr"
    whole = first.read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SuperseeError, match=r"0001\.exr"):
        sequence.read(0)
    first.write_bytes(b"not an image at all")
    with pytest.raises(SuperseeError, match="cannot be read"):
        sequence.read(0)
    first.unlink()
    with pytest.raises(SuperseeError, match="missing"):
        sequence.read(0)


def test_frames_that_do_not_fit_are_refused(folder: Path) -> None:
    sequence, first = BlenderSequence(folder), folder / "lr" / "0001.exr"
    exr(first, {name: pixels[:6] for name, pixels in lr_channels(1).items()})
    with pytest.raises(SuperseeError, match="16x6, not 16x12"):
        sequence.read(0)
    without = {name: pixels for name, pixels in lr_channels(1).items() if not name.endswith("Depth.Z")}
    exr(first, without)
    with pytest.raises(SuperseeError, match=r"no channel ViewLayer\.Depth\.Z"):
        sequence.read(0)
    broken = lr_channels(1)
    broken["ViewLayer.Combined.G"][4, 4] = np.inf
    exr(first, broken)
    with pytest.raises(SuperseeError, match="not finite"):
        sequence.read(0)


def test_a_ratio_without_reference_is_said(folder: Path) -> None:
    with pytest.raises(SuperseeError, match="no reference"):
        BlenderSequence(folder, ratio=3).reference(0)
