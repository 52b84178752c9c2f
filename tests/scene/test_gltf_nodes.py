"""The node tree, skins, lights, cameras and our own scene extras."""

import math

import numpy as np
import pytest

from app.errors import SuperseeError
from app.paths import ENVIRONMENTS
from app.scene.camera import view_matrix
from app.scene.camera_path import pose_at
from app.scene.gltf import PLAIN_SUN
from app.scene.model import Sun


def test_matrices_are_column_major_in_the_file(gltf, load):
    gltf.mesh()
    gltf.json["nodes"][0]["matrix"] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 7, 8, 9, 1]
    np.testing.assert_array_equal(load(gltf).nodes[0].matrix[:3, 3], (7, 8, 9))


def test_only_the_default_scene_is_drawn(gltf, load):
    gltf.mesh()
    gltf.json["nodes"] = [{"mesh": 0}, {"children": [2]}, {"mesh": 0}]
    gltf.json["scenes"], gltf.json["scene"] = [{"nodes": [0]}, {"nodes": [1]}], 1
    model = load(gltf)
    assert [n.mesh for n in model.nodes] == [-1, -1, 0]
    assert [n.parent for n in model.nodes] == [-1, -1, 1]
    assert model.notes == ("Of 2 scenes in the file one is shown",)


def test_without_scenes_everything_is_drawn(gltf, load):
    gltf.mesh()
    del gltf.json["scenes"], gltf.json["scene"]
    assert load(gltf).nodes[0].mesh == 0


def test_skins_are_read_with_their_inverse_bind_matrices(gltf, load):
    gltf.mesh()
    bind = np.eye(4, dtype="f4")
    bind[3, :3] = (1, 2, 3)  # as stored: column by column
    gltf.json["skins"] = [{"joints": [1], "inverseBindMatrices": gltf.accessor([bind])}]
    gltf.json["nodes"] = [{"mesh": 0, "skin": 0}, {}]
    skin = load(gltf).skins[0]
    assert skin.joints == (1,)
    np.testing.assert_array_equal(skin.inverse_bind[0, :3, 3], (1, 2, 3))


def test_a_joint_number_beyond_the_skin_is_refused(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"] |= {
        "JOINTS_0": gltf.accessor([(3, 0, 0, 0)] * 3, "u1"),
        "WEIGHTS_0": gltf.accessor([(1, 0, 0, 0)] * 3),
    }
    gltf.json["skins"] = [{"joints": [0]}]
    gltf.json["nodes"][0]["skin"] = 0
    with pytest.raises(SuperseeError, match="joint 3 of a skin with 1"):
        load(gltf)


def test_lights_hang_on_nodes(gltf, load):
    gltf.mesh()
    spot = {"type": "spot", "color": [1, 0.5, 0], "intensity": 30, "range": 9}
    spot["spot"] = {"innerConeAngle": 0.25, "outerConeAngle": 0.5}
    gltf.json["extensions"] = {"KHR_lights_punctual": {"lights": [spot]}}
    gltf.json["nodes"][0]["extensions"] = {"KHR_lights_punctual": {"light": 0}}
    model = load(gltf)
    light = model.lights[model.nodes[0].light]
    assert (light.kind, light.colour, light.intensity, light.range) == ("spot", (1, 0.5, 0), 30, 9)
    assert (light.inner_cone, light.outer_cone) == (0.25, 0.5)
    assert model.sun is None


def test_a_file_without_lights_gets_a_sun_and_an_environment_that_exists(gltf, load):
    gltf.mesh()
    model = load(gltf)
    assert model.sun == PLAIN_SUN
    assert (ENVIRONMENTS / f"{model.environment}.exr").is_file()


def test_a_camera_in_the_file_becomes_a_path(gltf, load):
    gltf.mesh()
    gltf.json["cameras"] = [{"name": "front", "type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.2}}]
    half = math.sqrt(0.5)
    turned = {"camera": 0, "translation": [5, 0, 0], "rotation": [0, half, 0, half]}  # looks along -X
    gltf.json["nodes"].append(turned)
    path = next(p for p in load(gltf).camera_paths if p.name == "front")
    pose = pose_at(path, 3.0)
    assert pose.position == pytest.approx((5, 0, 0))
    assert np.subtract(pose.target, pose.position)[0] < 0
    assert np.subtract(pose.target, pose.position)[1:] == pytest.approx((0, 0))
    assert (pose.fov_y, pose.near) == (0.7, 0.2)


def test_a_tilted_camera_keeps_its_roll(gltf, load):
    gltf.mesh()
    gltf.json["cameras"] = [{"name": "tilted", "type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.2}}]
    gltf.json["nodes"].append({"camera": 0, "rotation": [0, 0, math.sin(0.15), math.cos(0.15)]})
    path = next(p for p in load(gltf).camera_paths if p.name == "tilted")
    right = (math.cos(0.3), math.sin(0.3), 0)
    np.testing.assert_allclose(view_matrix(pose_at(path, 0.0))[0, :3], right, atol=1e-9)


def test_an_animated_camera_comes_first(gltf, load):
    gltf.mesh()
    gltf.json["cameras"] = [{"name": "dolly", "type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.2}}]
    gltf.json["nodes"].append({"camera": 0})
    gltf.animate("translation", [0, 2], [(0, 0, 4), (0, 0, 8)], node=1)
    path = load(gltf).camera_paths[0]
    assert path.name == "dolly"
    assert pose_at(path, 1.0).position == pytest.approx((0, 0, 6))


def test_other_animations_of_the_same_parts_are_named(gltf, load):
    gltf.mesh()
    for height in (1, 2):
        gltf.animate("translation", [0, 1], [(0, 0, 0), (0, height, 0)])
    assert load(gltf).notes == ("Of 2 animations that move the same parts, 'animation 0' is played",)


def test_extensions_that_we_do_not_know_are_named(gltf, load):
    gltf.mesh()
    gltf.json["extensionsUsed"] = ["KHR_materials_unlit", "ACME_wobble", "ACME_smell"]
    gltf.json["extensionsRequired"] = ["ACME_wobble"]
    assert load(gltf).notes == (
        "ACME_smell, which the file uses, is not shown",
        "ACME_wobble, which the file requires, is not shown",
    )


def test_our_own_scene_extras_are_read(gltf, load):
    gltf.mesh()
    key = {"position": [0, 1, 5], "target": [0, 1, 0], "fov_y": 60, "near": 0.1, "roll": 90}
    later = {"position": [0, 1, 6], "target": [0, 1, 0]}
    gltf.json["nodes"][0]["name"] = "spout"
    gltf.json["scenes"][0]["extras"] = {"supersee": {
        "environment": "night", "environment_strength": 0.5, "exposure": 2, "mirror_height": 0.25,
        "sun": {"direction": [0, 2, 0], "radiance": [1, 2, 3], "angular_radius": 0.1},
        "emitters": [{"node": "spout", "count": 10, "lifetime": 2, "velocity": [0, 3, 0], "spread": 0.5,
                      "gravity": 9.8, "size": 0.1, "colour": [5, 4, 3], "additive": False, "opacity": 0.5, "seed": 7}],
        "camera_paths": [{"name": "tour", "closed": True, "shots": [{"keys": [[0, key], [2.5, later]]}]}],
    }}  # fmt: skip
    model = load(gltf)
    assert (model.environment, model.environment_strength, model.exposure) == ("night", 0.5, 2)
    assert model.mirror_height == 0.25
    assert model.sun == Sun((0, 1, 0), (1, 2, 3), 0.1)
    emitter = model.emitters[0]
    assert (emitter.node, emitter.count, emitter.colour, emitter.additive) == (0, 10, (5, 4, 3), False)
    (path,) = model.camera_paths
    assert (path.name, path.closed, path.duration) == ("tour", True, 2.5)
    first = path.shots[0].keys[0][1]
    assert (first.fov_y, first.roll) == (pytest.approx(math.pi / 3), pytest.approx(math.pi / 2))


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        ({"emitters": [{"node": "nowhere"}]}, "'nowhere', which does not exist"),
        ({"environment": "../x"}, "not a plain name"),
        ({"sun": {"direction": [0, 0, 0]}}, "no length"),
        ({"camera_paths": [{"name": "a", "shots": []}]}, "no shots"),
        ({"camera_paths": [{"shots": [{"keys": [[1, {}], [1, {}]]}]}]}, "does not lie after"),
        ({"camera_paths": [{"shots": [{"keys": [5]}]}]}, "seconds, pose"),
    ],
)
def test_wrong_scene_extras_are_explained(gltf, load, extras, message):
    gltf.mesh()
    gltf.json["scenes"][0]["extras"] = {"supersee": extras}
    with pytest.raises(SuperseeError, match=message):
        load(gltf)
