"""Bounds, framing and generated paths."""

import math

import numpy as np
import pytest

from app.scene.camera import projection_matrix, view_matrix
from app.scene.camera_path import cut_between, pose_at
from app.scene.framing import default_path, frame_scene, scene_bounds

BOX = [(x, y, z) for x in (-1, 1) for y in (0, 3) for z in (-2, 2)]
FACES = [0, 1, 2, 3, 4, 5, 5, 6, 7]


def on_screen(pose, points, aspect=16 / 9):
    """Normalised device coordinates of world points, (n, 2)."""
    matrix = projection_matrix(pose.fov_y, aspect, pose.near) @ view_matrix(pose)
    clip = np.c_[points, np.ones(len(points))] @ matrix.T
    assert (clip[:, 3] > pose.near).all()  # nothing before the near plane
    return clip[:, :2] / clip[:, 3:]


def test_bounds_hold_every_instance(gltf, load):
    gltf.mesh(BOX, FACES)
    gltf.json["nodes"] = [{"mesh": 0}, {"mesh": 0, "translation": [10, 0, 0]}]
    gltf.json["scenes"][0]["nodes"] = [0, 1]
    low, high = scene_bounds(load(gltf))
    np.testing.assert_allclose((low, high), [(-1, 0, -2), (11, 3, 2)])


def test_bounds_hold_the_animation(gltf, load):
    gltf.mesh()
    gltf.animate("translation", [0, 1, 2], [(0, 0, 0), (0, 8, 0), (0, 0, 0)])
    assert scene_bounds(load(gltf))[1][1] == pytest.approx(9)


def test_bounds_hold_what_a_skin_moves(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"] |= {
        "JOINTS_0": gltf.accessor([(0, 0, 0, 0)] * 3, "u1"),
        "WEIGHTS_0": gltf.accessor([(1, 0, 0, 0)] * 3),
    }
    gltf.json["skins"] = [{"joints": [1]}]
    gltf.json["nodes"] = [{"mesh": 0, "skin": 0}, {"translation": [0, 50, 0]}]
    np.testing.assert_allclose(scene_bounds(load(gltf)), [(0, 50, 0), (1, 51, 0)])


def test_bounds_hold_morph_targets(gltf, load):
    gltf.mesh(targets=[{"POSITION": gltf.accessor([(0, 0, 0), (0, 0, -4), (0, 0, 0)])}])
    gltf.animate("weights", [0, 1, 2], [0.0, 0.5, 0.0])
    np.testing.assert_allclose(scene_bounds(load(gltf)), [(0, 0, -2), (1, 1, 0)])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("aspect", [1.5, 16 / 9, 3.0])
def test_framing_shows_everything_and_fills_the_picture(gltf, load, scale, aspect):
    gltf.mesh(np.array(BOX) * scale, FACES)
    model = load(gltf)
    seen = on_screen(frame_scene(model), np.array(BOX) * scale, aspect)
    assert np.abs(seen).max() < 1.0
    assert np.abs(seen).max() > 0.6


def test_the_generated_path_keeps_the_scene_in_view_and_cuts(gltf, load):
    gltf.mesh(BOX, FACES)
    model = load(gltf)
    path = default_path(model)
    assert model.camera_paths == (path,)
    assert cut_between(path, 7.9, 8.1)
    for time in np.linspace(0, path.duration, 15, endpoint=False):
        centre = on_screen(pose_at(path, float(time)), np.array([(0.0, 1.5, 0.0)]))
        np.testing.assert_allclose(centre, 0, atol=1e-6)
    wide = [pose_at(path, t) for t in np.linspace(0, 7.9, 9)]
    assert all(np.abs(on_screen(p, np.array(BOX))).max() < 1.1 for p in wide)
    turn = math.atan2(*wide[-1].position[::2]) - math.atan2(*wide[0].position[::2])
    assert abs(turn) > math.radians(90)
