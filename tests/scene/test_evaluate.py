"""A model at an instant: animation, hierarchy, skins, morphs. The same time gives the same state."""

import math

import numpy as np
import pytest

from app.scene.camera import CameraPose
from app.scene.evaluate import evaluate

CAMERA = CameraPose((0, 0, 5), (0, 0, 0))


def world_of(model, time, node=0):
    return evaluate(model, time, None, CAMERA).world[node]


def test_children_move_with_their_parents(gltf, load):
    gltf.mesh()
    gltf.json["nodes"] = [
        {"mesh": 0, "translation": [0, 1, 0]},  # listed before its parent
        {"children": [0], "translation": [5, 0, 0], "scale": [2, 2, 2]},
    ]
    gltf.json["scenes"][0]["nodes"] = [1]
    np.testing.assert_allclose(world_of(load(gltf), 0.0)[:3, 3], (5, 2, 0))


def test_an_animated_parent_carries_its_still_children(gltf, load):
    gltf.mesh()
    gltf.json["nodes"] = [{"children": [1]}, {"mesh": 0, "translation": [1, 0, 0]}, {"translation": [9, 9, 9]}]
    half = math.sqrt(0.5)
    gltf.animate("rotation", [0, 1], [(0, 0, 0, 1), (0, half, 0, half)])
    model = load(gltf)
    a = math.radians(45)
    np.testing.assert_allclose(world_of(model, 0.5, 1)[:3, 3], (math.cos(a), 0, -math.sin(a)), atol=1e-6)
    np.testing.assert_allclose(world_of(model, 0.5, 2)[:3, 3], (9, 9, 9))


@pytest.mark.parametrize(
    ("interpolation", "values", "expected"),
    [
        ("LINEAR", [(0, 0, 0), (4, 0, 0)], 1.0),
        ("STEP", [(0, 0, 0), (4, 0, 0)], 0.0),
        # In-tangent, value, out-tangent per key; the tangents are per second and the step is two seconds long:
        # h01(1/4) * 4 + 2 * h10(1/4) * 3 with h01 = 0.15625, h10 = 0.140625.
        ("CUBICSPLINE", [(0, 0, 0), (0, 0, 0), (3, 0, 0), (0, 0, 0), (4, 0, 0), (0, 0, 0)], 1.46875),
    ],
)
def test_keys_are_interpolated_as_the_file_says(gltf, load, interpolation, values, expected):
    gltf.mesh()
    gltf.animate("translation", [0, 2], values, interpolation=interpolation)
    np.testing.assert_allclose(world_of(load(gltf), 0.5)[:3, 3], (expected, 0, 0), atol=1e-6)


def test_animation_waits_for_its_first_key_and_loops(gltf, load):
    gltf.mesh()
    gltf.animate("translation", [1, 2], [(1, 0, 0), (2, 0, 0)])
    model = load(gltf)
    xs = [world_of(model, t)[0, 3] for t in (0.0, 1.5, 2.5, 3.75, -0.5)]
    assert xs == pytest.approx([1.0, 1.5, 1.0, 1.75, 1.5])


def test_a_single_key_holds(gltf, load):
    gltf.mesh()
    gltf.animate("scale", [0], [(3, 3, 3)])
    assert world_of(load(gltf), 7.0)[0, 0] == 3


def test_an_animated_node_with_a_matrix_keeps_its_other_parts(gltf, load):
    gltf.mesh()
    gltf.json["nodes"][0]["matrix"] = [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 7, 8, 9, 1]
    gltf.animate("translation", [0, 1], [(0, 0, 0), (1, 0, 0)])
    expected = np.diag([2.0, 2, 2, 1])
    expected[0, 3] = 0.5
    np.testing.assert_allclose(world_of(load(gltf), 0.5), expected)


def test_morph_weights_come_from_animation_node_or_mesh(gltf, load):
    deltas = gltf.accessor([(0, 0, 1)] * 3)
    gltf.mesh(targets=[{"POSITION": deltas}, {"POSITION": deltas}])
    gltf.json["meshes"][0]["weights"] = [0.25, 0.75]
    gltf.json["nodes"] = [{"mesh": 0}, {"mesh": 0}, {"mesh": 0, "weights": [1, 0]}]
    gltf.json["scenes"][0]["nodes"] = [0, 1, 2]
    gltf.animate("weights", [0, 1], [0.0, 1.0, 1.0, 0.0])
    weights = evaluate(load(gltf), 0.25, None, CAMERA).morph_weights
    assert {n: w.tolist() for n, w in weights.items()} == {0: [0.25, 0.75], 1: [0.25, 0.75], 2: [1, 0]}
    assert weights[0].dtype == np.float32


def test_joint_matrices_take_vertices_from_rest_to_world(gltf, load):
    gltf.mesh()
    bind = np.eye(4, dtype="f4")
    bind[3, :3] = (0, -1, 0)  # the joint rests at height 1
    gltf.json["skins"] = [{"joints": [1], "inverseBindMatrices": gltf.accessor([bind])}]
    gltf.json["nodes"] = [{"mesh": 0, "skin": 0, "translation": [100, 0, 0]}, {"translation": [0, 1, 0]}]
    gltf.animate("translation", [0, 1], [(0, 1, 0), (2, 1, 0)], node=1)
    (joints,) = evaluate(load(gltf), 0.5, None, CAMERA).joint_matrices
    np.testing.assert_allclose(joints[0] @ (0, 1, 0, 1), (1, 1, 0, 1))


def test_two_animations_of_different_parts_play_together(gltf, load):
    gltf.mesh()
    gltf.animate("translation", [0, 1], [(0, 0, 0), (1, 0, 0)])
    gltf.animate("scale", [0, 3], [(1, 1, 1), (4, 4, 4)])
    matrix = world_of(load(gltf), 1.5)
    assert (matrix[0, 3], matrix[0, 0]) == pytest.approx((0.5, 2.5))


def test_the_same_time_gives_the_same_state_in_any_order(gltf, load):
    gltf.mesh()
    gltf.animate("translation", [0, 1, 1.7], [(0, 0, 0), (1, 0, 0), (3, 1, 0)])
    model, again = load(gltf), load(gltf)
    times = [0.1, 5.3, 0.7, 2.9]
    forwards = [world_of(model, t).tobytes() for t in times]
    backwards = [world_of(again, t).tobytes() for t in reversed(times)]
    assert forwards == backwards[::-1]


def test_states_do_not_share_what_changes(gltf, load):
    gltf.mesh()
    gltf.animate("translation", [0, 1], [(0, 0, 0), (1, 0, 0)])
    model = load(gltf)
    first = evaluate(model, 0.25, None, CAMERA)
    evaluate(model, 0.75, None, CAMERA)
    assert first.world[0, 0, 3] == 0.25


def test_the_camera_given_overrides_the_path_and_the_path_the_framing(gltf, load):
    gltf.mesh()
    model = load(gltf)
    path = model.camera_paths[0]
    assert evaluate(model, 1.0, path, CAMERA).camera == CAMERA
    on_path = evaluate(model, 1.0, path).camera
    framed = evaluate(model, 1.0, None).camera
    assert on_path not in (CAMERA, framed)
    assert not evaluate(model, 1.0, path).cut
