"""The built-in scenes are valid, keep their budgets, and hold what breaks temporal upscalers."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from app.paths import ENVIRONMENTS, SCENES
from tests.assets.glb_document import GlbDocument

NAMES = ("court", "arcade", "garden")


@pytest.fixture(scope="module", params=NAMES)
def scene(request: pytest.FixtureRequest) -> GlbDocument:
    return GlbDocument(SCENES / f"{request.param}.glb")


@pytest.fixture(scope="module")
def scenes() -> dict[str, GlbDocument]:
    return {name: GlbDocument(SCENES / f"{name}.glb") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_foreign_reader_opens_it(name: str) -> None:
    import pygltflib

    document = pygltflib.GLTF2().load(str(SCENES / f"{name}.glb"))
    assert document is not None
    assert document.asset.version == "2.0"
    assert document.meshes


def test_every_accessor_lies_in_the_file_and_is_finite(scene: GlbDocument) -> None:
    for number in range(len(scene.json["accessors"])):
        assert np.isfinite(scene.accessor(number)).all()


def test_indices_name_existing_vertices(scene: GlbDocument) -> None:
    for primitive in scene.primitives():
        count = scene.json["accessors"][primitive["attributes"]["POSITION"]]["count"]
        indices = scene.accessor(primitive["indices"])
        assert indices.max() < count
        assert indices.size % 3 == 0
        for accessor in primitive["attributes"].values():
            assert scene.json["accessors"][accessor]["count"] == count


def test_normals_are_unit_vectors_and_skin_weights_sum_to_one(scene: GlbDocument) -> None:
    for primitive in scene.primitives():
        lengths = np.linalg.norm(scene.accessor(primitive["attributes"]["NORMAL"]), axis=1)
        np.testing.assert_allclose(lengths, 1.0, atol=1e-3)
        if "WEIGHTS_0" in primitive["attributes"]:
            np.testing.assert_allclose(scene.accessor(primitive["attributes"]["WEIGHTS_0"]).sum(1), 1.0, atol=1e-4)


def test_texture_coordinates_and_tangents_are_there_where_the_material_needs_them(scene: GlbDocument) -> None:
    for primitive in scene.primitives():
        material = scene.json["materials"][primitive["material"]]
        textured = "baseColorTexture" in material["pbrMetallicRoughness"] or "emissiveTexture" in material
        assert not textured or "TEXCOORD_0" in primitive["attributes"], material["name"]
        assert "normalTexture" not in material or "TANGENT" in primitive["attributes"], material["name"]


def test_images_open_and_are_at_most_a_thousand_pixels_high(scene: GlbDocument) -> None:
    for image in scene.json["images"]:
        view = scene.json["bufferViews"][image["bufferView"]]
        data = scene.binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert picture.height <= 1024
            assert picture.width <= 2048


@pytest.mark.parametrize("name", NAMES)
def test_budgets_are_kept(name: str, scenes: dict[str, GlbDocument]) -> None:
    scene = scenes[name]
    triangles = sum(scene.json["accessors"][p["indices"]]["count"] // 3 for p in scene.primitives())
    assert triangles < 100_000
    assert len(scene.primitives()) <= 60
    assert (SCENES / f"{name}.glb").stat().st_size < 10e6
    lights = scene.json.get("extensions", {}).get("KHR_lights_punctual", {}).get("lights", [])
    assert len(lights) <= 4


def test_the_environment_exists_and_exposure_and_emitters_are_sane(scene: GlbDocument) -> None:
    assert (ENVIRONMENTS / f"{scene.extras['environment']}.exr").is_file()
    assert 0.2 < scene.extras["exposure"] < 4
    names = [node["name"] for node in scene.json["nodes"]]
    assert len(names) == len(set(names))
    assert scene.extras["emitters"]
    for emitter in scene.extras["emitters"]:
        assert emitter["node"] in names
        assert 0 < emitter["count"] <= 200


def test_camera_paths_are_a_tour_with_cuts_a_still_and_a_fast_pan(scene: GlbDocument) -> None:
    paths = {path["name"]: path for path in scene.extras["camera_paths"]}
    assert {"tour", "still", "pan"} <= set(paths)
    tour = paths["tour"]["shots"]
    assert 2 <= len(tour) <= 4
    assert 12 <= sum(shot["keys"][-1][0] for shot in tour) <= 21
    for path in paths.values():
        for shot in path["shots"]:
            times = [key[0] for key in shot["keys"]]
            assert times[0] == 0
            assert times == sorted(set(times))
    for before, after in pairwise(tour):
        jump = np.subtract(before["keys"][-1][1]["position"], after["keys"][0][1]["position"])
        assert np.linalg.norm(jump) > 1.0, "a cut goes somewhere else"
    turn = [np.subtract(k[1]["target"], k[1]["position"]) for k in paths["pan"]["shots"][0]["keys"]]
    headings = np.degrees(np.unwrap([np.arctan2(v[0], -v[2]) for v in turn]))
    speed = np.abs(np.diff(headings)) / np.diff([k[0] for k in paths["pan"]["shots"][0]["keys"]])
    assert speed.max() > 30, "degrees a second"


def test_every_scene_has_a_skinned_walker_a_turning_thing_and_a_scrolling_text(scene: GlbDocument) -> None:
    assert scene.json["skins"]
    assert 15 <= len(scene.json["skins"][0]["joints"]) <= 24
    names = [animation["name"] for animation in scene.json["animations"]]
    assert any(re.match("fan|engine", name) for name in names)
    assert any(name.startswith("walker_walk") for name in names)
    scrolling = scene.materials_with("uv_scroll")
    assert any("emissiveTexture" in material for material in scrolling)


@pytest.mark.parametrize("name", NAMES)
def test_a_walking_foot_stands_still(name: str) -> None:
    """In the world, for a fifth of the cycle, below 3 cm/s; the body goes at more than 1 m/s."""
    from app.scene.builtin import load_scene
    from app.scene.evaluate import evaluate

    model = load_scene(name)
    nodes = {node.name: i for i, node in enumerate(model.nodes)}
    times = np.arange(0.0, 1.05, 1 / 120)
    places = [evaluate(model, float(t), model.camera_paths[0]).world for t in times]
    for joint in ("left_toes", "right_toes"):
        track = np.array([world[nodes[f"walker_{joint}"]][:3, 3] for world in places])
        speed = np.linalg.norm(np.diff(track, axis=0), axis=1) * 120
        assert (speed < 0.03).mean() > 0.2
        assert speed.max() > 1.0
        assert track[:, 1].min() > -0.01


def test_the_walk_fits_its_circle(scene: GlbDocument) -> None:
    """The way of the circle in one cycle is the stride, so that the loop closes in step."""
    from assets.generator.figure_walk import PERIOD, STRIDE

    durations = {
        a["name"]: max(float(scene.accessor(s["input"]).max()) for s in a["samplers"]) for a in scene.json["animations"]
    }
    radius = next(n for n in scene.json["nodes"] if n["name"] == "walker_root")["translation"][0]
    cycles = durations["walker_path"] / durations["walker_walk"]
    assert cycles == pytest.approx(round(cycles), abs=1e-4)
    assert durations["walker_walk"] == pytest.approx(PERIOD)
    assert 2 * np.pi * radius / cycles == pytest.approx(STRIDE, abs=1e-3)


def test_together_the_scenes_hold_what_breaks_temporal_upscalers(scenes: dict[str, GlbDocument]) -> None:
    found: set[str] = set()
    for scene in scenes.values():
        names = {m["name"] for m in scene.json["materials"]}
        found |= {f"material {name}" for name in names}
        found |= {m.get("alphaMode", "OPAQUE") for m in scene.json["materials"]}
        found |= set(scene.json["extensionsUsed"])
        found |= {key for m in scene.json["materials"] for key in m.get("extras", {}).get("supersee", {})}
        if any("targets" in p for p in scene.primitives()):
            found.add("morph")
        if scene.extras["mirror_height"] is not None:
            found.add("mirror height")
        found |= {"additive particles" if e["additive"] else "veiling particles" for e in scene.extras["emitters"]}
        if any(
            m["pbrMetallicRoughness"]["metallicFactor"] == 1.0 and m["pbrMetallicRoughness"]["roughnessFactor"] < 0.2
            for m in scene.json["materials"]
        ):
            found.add("glossy metal")
    wanted = {
        "morph",
        "MASK",
        "BLEND",
        "uv_scroll",
        "mirror",
        "mirror height",
        "reactive",
        "glossy metal",
        "additive particles",
        "veiling particles",
        "KHR_materials_transmission",
        "KHR_materials_emissive_strength",
        "KHR_lights_punctual",
        "KHR_materials_clearcoat",
        "material chain_link",
        "material brick",
        "material wire",
        "material leaves",
        "material floor",
        "material menu",
        "material sign_cafe",
        "material glass",
        "material ticker",
    }
    assert wanted <= found, wanted - found


def test_morph_targets_move_and_their_weights_are_animated(scenes: dict[str, GlbDocument]) -> None:
    for name in ("court", "garden"):
        scene = scenes[name]
        morphed = {i for i, mesh in enumerate(scene.json["meshes"]) if "targets" in mesh["primitives"][0]}
        moved = {
            c["target"]["node"]
            for a in scene.json["animations"]
            for c in a["channels"]
            if c["target"]["path"] == "weights"
        }
        assert morphed
        for mesh in morphed:
            nodes = {i for i, node in enumerate(scene.json["nodes"]) if node.get("mesh") == mesh}
            assert nodes & moved
            for target in scene.json["meshes"][mesh]["primitives"][0]["targets"]:
                assert np.abs(scene.accessor(target["POSITION"])).max() > 0.02


@pytest.mark.parametrize("name", NAMES)
def test_the_camera_never_touches_anything_solid(name: str) -> None:
    """20 cm stay free around the eye on every path, for two rounds of it (what moves has another rhythm)."""
    from app.scene.builtin import load_scene
    from app.scene.evaluate import evaluate

    model = load_scene(name)
    solid = [
        (index, primitive)
        for index, node in enumerate(model.nodes)
        if node.mesh >= 0 and node.skin < 0
        for primitive in model.meshes[node.mesh].primitives
        if model.materials[primitive.material].alpha_mode == "OPAQUE"
    ]
    for path in model.camera_paths:
        for time in np.arange(0.0, 2 * path.duration, 0.8):
            state = evaluate(model, float(time), path)
            eye = np.asarray(state.camera.position)
            for index, primitive in solid:
                local = np.linalg.inv(state.world[index]) @ np.append(eye, 1.0)
                corners = primitive.positions[primitive.indices.reshape(-1, 3)]
                near = (np.abs(corners - local[:3]).min(1) < 3.0).all(1)
                if near.any():
                    gap = _distance_to_triangles(local[:3], corners[near].astype(float))
                    assert gap > 0.2, (path.name, time, model.nodes[index].name, gap)


def _distance_to_triangles(point: np.ndarray, corners: np.ndarray) -> float:
    """Least distance to (n, 3, 3) triangles, sampled at 28 points of each."""
    steps = [(i / 6, j / 6) for i in range(7) for j in range(7 - i)]
    weights = np.array([(1 - u - v, u, v) for u, v in steps])
    return float(np.linalg.norm(np.einsum("sk,nkc->nsc", weights, corners) - point, axis=-1).min())
