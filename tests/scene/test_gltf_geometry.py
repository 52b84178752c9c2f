"""Accessors and primitives: every way a file may store triangles comes out as plain triangles."""

import numpy as np
import pytest

from app.errors import SuperseeError

QUAD = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0))
UP = ((0, 0, 1),) * 4


def only_primitive(model):
    assert len(model.meshes) == 1
    return model.meshes[0].primitives[0]


def triangles(primitive):
    return primitive.positions[primitive.indices].reshape(-1, 3, 3)


def test_an_indexed_triangle_list_is_kept_as_it_is(gltf, load):
    primitive = gltf.mesh(QUAD, [0, 1, 2, 2, 1, 3])
    primitive["attributes"]["NORMAL"] = gltf.accessor(UP)
    result = only_primitive(load(gltf))
    np.testing.assert_array_equal(result.positions, np.float32(QUAD))
    assert result.indices.tolist() == [0, 1, 2, 2, 1, 3]
    assert result.indices.dtype == np.uint32


def test_glb_and_embedded_json_give_the_same_model(gltf, load):
    gltf.mesh(QUAD, [0, 1, 2])
    as_glb = only_primitive(load(gltf, "scene.glb"))
    del gltf.json["buffers"]
    as_json = only_primitive(load(gltf, "scene.gltf"))
    np.testing.assert_array_equal(triangles(as_glb), triangles(as_json))


def test_buffers_beside_the_file_are_read(gltf, load):
    gltf.mesh()
    (gltf.folder / "a b.bin").write_bytes(gltf.binary)
    gltf.json["buffers"] = [{"byteLength": len(gltf.binary), "uri": "a%20b.bin"}]
    np.testing.assert_array_equal(triangles(only_primitive(load(gltf)))[0], [(0, 0, 0), (1, 0, 0), (0, 1, 0)])


@pytest.mark.parametrize(("mode", "order"), [(4, [0, 1, 2, 2, 1, 3]), (5, [0, 1, 2, 3]), (6, [0, 1, 3, 2])])
def test_lists_strips_and_fans_cover_the_same_quad_facing_the_same_way(gltf, load, mode, order):
    primitive = gltf.mesh(QUAD, order, mode=mode)
    primitive["attributes"]["NORMAL"] = gltf.accessor(UP)
    corners = triangles(only_primitive(load(gltf)))
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert facing.sum(axis=0).tolist() == [0, 0, 2]
    assert (facing[:, 2] == 1).all()


def test_points_and_lines_are_named_and_the_rest_is_shown(gltf, load):
    gltf.mesh(QUAD, [0, 1, 2])
    lines = {"attributes": {"POSITION": 0}, "mode": 1}
    gltf.json["meshes"][0]["primitives"].append(lines)
    model = load(gltf)
    assert len(model.meshes[0].primitives) == 1
    assert model.notes == ("Lines are not shown, only triangles",)


def test_a_file_with_nothing_but_lines_says_so(gltf, load):
    gltf.mesh(mode=3)
    with pytest.raises(SuperseeError, match="Lines are not shown"):
        load(gltf)


def test_missing_normals_become_flat_ones(gltf, load):
    ridge = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    gltf.mesh(ridge, [0, 1, 2, 0, 3, 1])
    result = only_primitive(load(gltf))
    assert len(result.positions) == 6
    np.testing.assert_allclose(result.normals, [(0, 0, 1)] * 3 + [(0, 1, 0)] * 3, atol=1e-7)


def test_normals_of_no_length_are_replaced_and_noted(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"]["NORMAL"] = gltf.accessor([(0, 0, 0), (0, 0, 2), (0, 0, 1)])
    model = load(gltf)
    np.testing.assert_allclose(only_primitive(model).normals, [(0, 0, 1)] * 3, atol=1e-6)
    assert "Normals of no length" in model.notes[0]


@pytest.mark.parametrize("mirrored", [False, True])
def test_tangents_are_computed_for_a_normal_map(gltf, load, mirrored):
    primitive = gltf.mesh(QUAD, [0, 1, 2, 2, 1, 3], material=0)
    u = [1, 0, 1, 0] if mirrored else [0, 1, 0, 1]
    uv = [(u[0], 1), (u[1], 1), (u[2], 0), (u[3], 0)]  # v grows downwards in the image
    primitive["attributes"] |= {"NORMAL": gltf.accessor(UP), "TEXCOORD_0": gltf.accessor(uv)}
    gltf.json["materials"] = [{"normalTexture": {"index": gltf.texture()}}]
    tangents = only_primitive(load(gltf)).tangents
    # An upright picture has its bitangent cross(n, t) * w pointing up, along +Y here, mirrored or not.
    np.testing.assert_allclose(tangents, [(-1, 0, 0, -1) if mirrored else (1, 0, 0, 1)] * 4, atol=1e-6)


def test_tangents_are_not_made_where_nothing_needs_them(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"]["TEXCOORD_0"] = gltf.accessor([(0, 0), (1, 0), (0, 1)])
    assert only_primitive(load(gltf)).tangents is None


def test_interleaved_vertices_are_taken_apart(gltf, load):
    rows = np.zeros(3, [("position", "<f4", 3), ("normal", "<f4", 3)])
    rows["position"], rows["normal"] = ((0, 0, 0), (2, 0, 0), (0, 3, 0)), (0, 0, 1)
    view = gltf.view(rows.tobytes(), byteStride=24)
    common = {"bufferView": view, "componentType": 5126, "count": 3, "type": "VEC3"}
    gltf.json["accessors"] = [common, {**common, "byteOffset": 12}]
    gltf.json["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}}]}]
    result = only_primitive(load(gltf))
    np.testing.assert_array_equal(result.positions, rows["position"])
    np.testing.assert_array_equal(result.normals, rows["normal"])


def test_sparse_values_replace_those_of_the_base(gltf, load):
    gltf.mesh(QUAD, [0, 1, 2])
    gltf.json["accessors"][0]["sparse"] = {
        "count": 2,
        "indices": {"bufferView": gltf.view(np.uint8([1, 2]).tobytes()), "componentType": 5121},
        "values": {"bufferView": gltf.view(np.float32([(5, 0, 0), (0, 7, 0)]).tobytes())},
    }
    np.testing.assert_array_equal(triangles(only_primitive(load(gltf)))[0], [(0, 0, 0), (5, 0, 0), (0, 7, 0)])


def test_sparse_without_a_base_starts_from_zeros(gltf, load):
    gltf.mesh(QUAD, [0, 1, 2])
    del gltf.json["accessors"][0]["bufferView"]
    gltf.json["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": gltf.view(np.uint16([1]).tobytes()), "componentType": 5123},
        "values": {"bufferView": gltf.view(np.float32([(5, 1, 0)]).tobytes())},
    }
    np.testing.assert_array_equal(triangles(only_primitive(load(gltf)))[0], [(0, 0, 0), (5, 1, 0), (0, 0, 0)])


def test_normalised_integers_are_scaled(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"] |= {
        "NORMAL": gltf.accessor([(0, 0, 127), (0, 0, 127), (0, -128, 0)], "i1", normalized=True),
        "TEXCOORD_0": gltf.accessor([(0, 65535), (0, 0), (32768, 0)], "u2", normalized=True),
        "COLOR_0": gltf.accessor([(255, 0, 51)] * 3, "u1", normalized=True),
    }
    result = only_primitive(load(gltf))
    np.testing.assert_allclose(result.normals, [(0, 0, 1), (0, 0, 1), (0, -1, 0)])
    np.testing.assert_allclose(result.uv0, [(0, 1), (0, 0), (32768 / 65535, 0)])
    np.testing.assert_allclose(result.colours, [(1, 0, 0.2, 1)] * 3)


def test_quantised_positions_are_understood(gltf, load):
    gltf.mesh()
    gltf.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    gltf.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"] = gltf.accessor(
        [(0, 0, 0), (100, 0, 0), (0, 50, 0)], "i2"
    )
    model = load(gltf)
    assert model.notes == ()
    np.testing.assert_array_equal(triangles(only_primitive(model))[0], [(0, 0, 0), (100, 0, 0), (0, 50, 0)])


def test_an_attribute_of_the_wrong_length_is_left_out_and_named(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"]["TEXCOORD_0"] = gltf.accessor([(0, 0), (1, 0)])
    model = load(gltf)
    assert only_primitive(model).uv0 is None
    assert "TEXCOORD_0 is left out" in model.notes[0]


def test_triangles_with_missing_or_infinite_corners_are_left_out(gltf, load):
    gltf.mesh([*QUAD, (np.inf, 0, 0)], [0, 1, 2, 0, 1, 99, 0, 1, 4])
    model = load(gltf)
    assert len(triangles(only_primitive(model))) == 1
    assert len(model.notes) == 2


def test_joint_weights_sum_to_one(gltf, load):
    primitive = gltf.mesh()
    primitive["attributes"] |= {
        "JOINTS_0": gltf.accessor([(0, 0, 0, 0)] * 3, "u1"),
        "WEIGHTS_0": gltf.accessor([(2, 2, 0, 0), (0.5, 0, 0, 0), (0, 0, 0, 0)]),
    }
    result = only_primitive(load(gltf))
    np.testing.assert_allclose(result.weights, [(0.5, 0.5, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0)])


def test_morph_targets_follow_the_corners_when_flat_shading_takes_them_apart(gltf, load):
    deltas = [(0, 0, i) for i in range(4)]
    gltf.mesh(QUAD, [0, 1, 2, 2, 1, 3], targets=[{"POSITION": gltf.accessor(deltas)}])
    result = only_primitive(load(gltf))
    assert result.morph_positions.shape == (1, 6, 3)
    assert result.morph_positions[0, :, 2].tolist() == [0, 1, 2, 2, 1, 3]


def test_instances_are_drawn_one_by_one(gltf, load):
    gltf.mesh()
    places = gltf.accessor([(0, 0, 0), (5, 0, 0)])
    gltf.json["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": places}}}
    model = load(gltf)
    drawn = [n for n in model.nodes if n.mesh == 0]
    assert [n.translation for n in drawn] == [(0, 0, 0), (5, 0, 0)]
    assert all(n.parent == 0 for n in drawn)


def test_compressed_geometry_is_named(gltf, load):
    primitive = gltf.mesh()
    gltf.json["meshes"].append({"primitives": [dict(primitive, extensions={"KHR_draco_mesh_compression": {}})]})
    gltf.json["accessors"].append({"componentType": 5126, "count": 3, "type": "VEC3"})
    gltf.json["meshes"][1]["primitives"][0]["attributes"] = {"POSITION": 1}
    model = load(gltf)
    assert model.notes == ("Draco-compressed geometry is not shown",)
    assert model.meshes[1].primitives == ()
