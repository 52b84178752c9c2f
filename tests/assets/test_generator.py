"""The generator gives the same bytes every time, and its parts do what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.generator import icon
from assets.generator.figure_body import body
from assets.generator.figure_walk import STRIDE, _ankle, pose
from assets.generator.foliage import crown, swaying
from assets.generator.machinery import gear, slider_crank
from assets.generator.motion import path, quaternion_of, shot, waves
from assets.generator.primitives import bevelled_box, box, cylinder, disc, lathe, sphere, tube
from assets.generator.props import waving_cloth
from assets.generator.scene_builder import SceneBuilder
from assets.generator.shape import Shape, rotation, tangents
from assets.generator.textures_cutout import leaf_spray
from assets.generator.textures_masonry import brick
from assets.generator.textures_signs import enamel, ticker


def _small_scene(folder: Path) -> bytes:
    folder.mkdir()
    scene = SceneBuilder("small")
    scene.occluders.add((1, 1, 1), (0, 0.5, 0))
    wall = scene.material("wall", brick(64), tile=1.8)
    leaves = scene.material("leaves", leaf_spray(32), alpha="MASK", double_sided=True)
    text = scene.material("text", enamel("text", "SIGN", (64, 32), (20, 30, 40), (240, 240, 240)))
    scene.still(wall, box((2, 1, 1), cell=0.5))
    scene.still(text, box((1, 1, 1)))
    node = scene.node(
        "tree", [(leaves, swaying(crown((0, 2, 0), (1, 1, 1), 12, 0.5, 3), 1.0, 0.1))], weights=[1.0, 0.0]
    )
    scene.animate("wind", node, "weights", *waves(2.0))
    scene.extras["camera_paths"] = [path("tour", shot((0.0, (0, 1, 5), (0, 1, 0)), (1.0, (1, 1, 5), (0, 1, 0))))]
    return scene.save(folder).read_bytes()


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    assert _small_scene(tmp_path / "a") == _small_scene(tmp_path / "b")


def test_the_committed_icon_is_the_generated_one(tmp_path: Path) -> None:
    from app.paths import ASSETS

    assert icon.drawing() == (ASSETS / "icons" / "supersee.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "shape",
    [
        box((1, 2, 3)),
        bevelled_box((1, 2, 3), 0.1),
        sphere(1.0),
        tube([(0, 0, 0), (0, 1, 0), (1, 2, 0)], 0.1, cap=True),
        cylinder(0.5, 1.0),
        disc(1.0),
        lathe([(0.5, 0), (0.6, 0.5), (0.2, 1)], smooth=False),
        gear(12, 0.5),
        body(),
    ],
    ids=["box", "bevelled", "sphere", "tube", "cylinder", "disc", "lathe", "gear", "figure"],
)
def test_triangles_face_the_way_their_normals_point(shape: Shape) -> None:
    triangles = shape.indices.reshape(-1, 3)
    p = shape.positions[triangles]
    face = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    real = np.linalg.norm(face, axis=1) > 1e-9
    agreement = np.sum(face * shape.normals[triangles].mean(1), axis=1)[real]
    assert (agreement > 0).mean() > 0.985


def test_closed_solids_face_outward() -> None:
    for solid in (box((1, 2, 3)), bevelled_box((1, 2, 3), 0.1), sphere(1.0)):
        p = solid.positions[solid.indices.reshape(-1, 3)]
        volume = np.sum(np.cross(p[:, 0], p[:, 1]) * p[:, 2]) / 6
        assert volume > 0.5


def test_tangents_follow_u_and_give_the_bitangent_against_v() -> None:
    wall = box((1, 1, 1))
    frame = tangents(wall)
    np.testing.assert_allclose(np.sum(frame[:, :3] * wall.normals, axis=1), 0.0, atol=1e-9)
    triangle = wall.indices[:3]
    a, b = wall.positions[triangle[0]], wall.positions[triangle[1]]
    assert (b - a) @ frame[triangle[0], :3] > 0.99
    bitangent = np.cross(wall.normals[triangle[0]], frame[triangle[0], :3]) * frame[triangle[0], 3]
    assert bitangent @ (wall.positions[triangle[2]] - b) > 0.99, "green points up the picture"


def test_a_standing_ankle_moves_back_with_the_ground() -> None:
    """Flat on the ground between phases 0.1 and 0.35: exactly the speed of the walk, at constant height."""
    points = np.array([_ankle(p) for p in np.linspace(0.1, 0.35, 11)])
    np.testing.assert_allclose(np.diff(points[:, 2]), -STRIDE * 0.025, atol=1e-9)
    np.testing.assert_allclose(points[:, 1], points[0, 1], atol=1e-9)


def test_the_walk_closes_its_loop_and_never_jumps() -> None:
    phases = np.linspace(0, 1, 65)
    for joint in ("left_thigh", "right_shin", "left_foot", "chest", "right_forearm"):
        turns = np.array([quaternion_of(pose(p % 1.0)[1][joint]) for p in phases])
        dots = np.abs(np.sum(turns[1:] * turns[:-1], axis=1)).clip(0, 1)
        assert np.degrees(2 * np.arccos(dots)).max() < 16
        assert abs(turns[0] @ turns[-1]) == pytest.approx(1.0)


def test_quaternions_come_back_from_matrices() -> None:
    for axis in "xyz":
        for degrees in (-170, -20, 0, 35, 179):
            q = quaternion_of(rotation(axis, degrees))
            assert abs(q[3]) == pytest.approx(abs(np.cos(np.radians(degrees) / 2)), abs=1e-9)


def test_a_rod_keeps_its_length() -> None:
    _, pin, _, piston = slider_crank(0.3, 1.5, 4.0)
    np.testing.assert_allclose(np.linalg.norm(piston - pin, axis=1), 1.5, atol=1e-9)


def test_the_flag_is_fixed_to_its_pole() -> None:
    cloth = waving_cloth(1.6, 1.0)
    assert cloth.morphs is not None
    at_pole = cloth.positions[:, 0] < 1e-9
    np.testing.assert_allclose(cloth.morphs[:, at_pole], 0.0, atol=1e-9)


def test_masonry_tiles_without_a_seam() -> None:
    colour = brick(128).colour.astype(float)
    inside = np.abs(np.diff(colour, axis=1)).mean()
    seam = np.abs(colour[:, 0] - colour[:, -1]).mean()
    assert seam < 3 * inside


def test_a_ticker_shows_lit_and_dark_lamps() -> None:
    lamps = ticker("HELLO")
    assert lamps.max() > 200
    assert (lamps.max(-1) < 16).mean() > 0.5
