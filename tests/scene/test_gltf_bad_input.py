"""Files from outside: whatever is wrong ends in one plain SuperseeError, before memory is taken."""

import copy
import json
import random
import struct

import numpy as np
import pytest

from app.errors import SuperseeError
from app.scene.builtin import load_scene
from app.scene.framing import scene_bounds

HUGE = 2**40


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(root):
        place = root
        for key in path:
            place = place[key]
        place[last] = value

    return change


BREAKAGES = {
    "accessor past its view": put("accessors", 0, "count", 4),
    "accessor of absurd size": put("accessors", 0, "count", HUGE),
    "accessor of absurd size with nothing behind it": lambda r: (
        r["accessors"][0].update(count=HUGE) or r["accessors"][0].pop("bufferView")
    ),
    "negative count": put("accessors", 0, "count", -1),
    "fractional count": put("accessors", 0, "count", 2.5),
    "unknown component type": put("accessors", 0, "componentType", 1),
    "unknown element type": put("accessors", 0, "type", "VEC9"),
    "wrong element type": put("accessors", 0, "type", "VEC2"),
    "view past its buffer": put("bufferViews", 0, "byteLength", 10**6),
    "view offset past its buffer": put("bufferViews", 0, "byteOffset", HUGE),
    "negative view offset": put("bufferViews", 0, "byteOffset", -4),
    "stride shorter than an element": put("bufferViews", 0, "byteStride", 4),
    "view without a buffer": lambda r: r["bufferViews"][0].pop("buffer"),
    "buffer shorter than it says": put("buffers", 0, "byteLength", 10**6),
    "buffer that is a path outside": put("buffers", 0, "uri", "../../etc/passwd"),
    "buffer that is an absolute path": put("buffers", 0, "uri", "/etc/passwd"),
    "buffer that is an address": put("buffers", 0, "uri", "https://example.org/x.bin"),
    "buffer with a zero byte in its name": put("buffers", 0, "uri", "a%00b"),
    "broken data URI": put("buffers", 0, "uri", "data:application/octet-stream;base64,A"),
    "data URI without a comma": put("buffers", 0, "uri", "data:nothing"),
    "missing buffer": put("buffers", 0, "uri", "missing.bin"),
    "attribute index out of range": put("meshes", 0, "primitives", 0, "attributes", "POSITION", 9),
    "attributes of the wrong type": put("meshes", 0, "primitives", 0, "attributes", [1]),
    "unknown mode": put("meshes", 0, "primitives", 0, "mode", 7),
    "mesh index out of range": put("nodes", 0, "mesh", 5),
    "mesh index that is text": put("nodes", 0, "mesh", "0"),
    "node that is its own child": put("nodes", 0, "children", [0]),
    "child out of range": put("nodes", 0, "children", [1]),
    "rotation of three numbers": put("nodes", 0, "rotation", [0, 0, 1]),
    "translation of text": put("nodes", 0, "translation", ["a", 0, 0]),
    "infinite translation": put("nodes", 0, "translation", [float("inf"), 0, 0]),
    "absurdly large whole number": put("nodes", 0, "translation", [10**400, 0, 0]),
    "matrix of four numbers": put("nodes", 0, "matrix", [1, 2, 3, 4]),
    "scene out of range": put("scene", 3),
    "no version": lambda r: r.pop("asset"),
    "version 3": put("asset", "version", "3.0"),
    "nodes in an object": put("nodes", {"a": {}}),
    "nothing to draw": put("scenes", 0, "nodes", []),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_document_is_one_plain_error(gltf, breakage):
    gltf.mesh()
    gltf.write()
    BREAKAGES[breakage](gltf.json)
    with pytest.raises(SuperseeError) as caught:
        load_scene(str(gltf.write()))
    assert str(caught.value).startswith("The scene ")
    assert len(str(caught.value).splitlines()) == 1


def test_the_message_names_the_place(gltf):
    gltf.mesh()
    gltf.json["nodes"][0]["scale"] = [1, True, 1]
    with pytest.raises(SuperseeError, match=r"nodes\[0\]\.scale\[1\] should be a number, not true or false"):
        load_scene(str(gltf.write()))


def test_a_ring_of_nodes_is_found(gltf):
    gltf.mesh()
    gltf.json["nodes"] = [{"mesh": 0, "children": [1]}, {"children": [2]}, {"children": [0]}]
    with pytest.raises(SuperseeError, match="its own ancestor"):
        load_scene(str(gltf.write()))


def test_a_very_long_chain_of_nodes_is_refused(gltf):
    gltf.mesh()
    gltf.json["nodes"] = [{"mesh": 0, "children": [i + 1]} for i in range(5000)] + [{"mesh": 0}]
    with pytest.raises(SuperseeError, match="nested"):
        load_scene(str(gltf.write()))


@pytest.mark.parametrize("target", ["mesh", "skin", "camera"])
def test_key_times_must_ascend(gltf, target):
    gltf.mesh()
    gltf.animate("translation", [1, 0], [(0, 0, 0), (1, 0, 0)])
    with pytest.raises(SuperseeError, match="do not ascend"):
        load_scene(str(gltf.write(f"{target}.gltf")))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"not a scene",
        b"\xff\xfe\x00\x01",
        b'{"asset": {"version": "2.0"}, "nodes": [NaN]}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
        b"glTF",
        b"glTF" + struct.pack("<II", 2, 5000),
        b"glTF" + struct.pack("<IIII", 2, 28, 2**31, 0x4E4F534A) + b"{}",
        b"glTF" + struct.pack("<IIII", 2, 20, 0, 0x4E4F534A),
    ],
)  # fmt: skip
def test_bytes_that_are_no_gltf_are_one_plain_error(tmp_path, data):
    path = tmp_path / "odd.glb"
    path.write_bytes(data)
    with pytest.raises(SuperseeError, match="cannot be opened"):
        load_scene(str(path))


@pytest.mark.parametrize("root", [{"asset": {"version": "1.0"}}, {"asset": {}, "scenes": {"a": {}}}])
def test_gltf_1_is_named(tmp_path, root):
    (tmp_path / "old.gltf").write_text(json.dumps(root))
    with pytest.raises(SuperseeError, match=r"glTF 1\.0"):
        load_scene(str(tmp_path / "old.gltf"))


def test_a_binary_gltf_1_is_named(tmp_path):
    (tmp_path / "old.glb").write_bytes(b"glTF" + struct.pack("<IIII", 1, 24, 4, 0) + b"{}  ")
    with pytest.raises(SuperseeError, match=r"glTF 1\.0"):
        load_scene(str(tmp_path / "old.glb"))


def rich_document(gltf):
    """One of everything, for breaking at random."""
    primitive = gltf.mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], [0, 1, 2, 2, 1, 3], material=0)
    primitive["attributes"] |= {
        "NORMAL": gltf.accessor([(0, 0, 1)] * 4),
        "TEXCOORD_0": gltf.accessor([(0, 0), (1, 0), (0, 1), (1, 1)]),
        "JOINTS_0": gltf.accessor([(0, 1, 0, 0)] * 4, "u1"),
        "WEIGHTS_0": gltf.accessor([(0.5, 0.5, 0, 0)] * 4),
    }
    primitive["targets"] = [{"POSITION": gltf.accessor([(0, 0, 1)] * 4)}]
    gltf.json["materials"] = [{
        "pbrMetallicRoughness": {"baseColorTexture": {"index": gltf.texture()}, "baseColorFactor": [1, 1, 1, 1]},
        "normalTexture": {"index": 0, "scale": 1, "extensions": {"KHR_texture_transform": {"offset": [0, 1]}}},
        "extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 1}},
    }]  # fmt: skip
    gltf.json["nodes"] = [
        {"mesh": 0, "skin": 0, "children": [1, 2], "weights": [0.5]},
        {"translation": [0, 1, 0], "name": "tip"},
        {"camera": 0, "rotation": [0, 0, 0, 1], "extensions": {"KHR_lights_punctual": {"light": 0}}},
    ]
    gltf.json["extensions"] = {"KHR_lights_punctual": {"lights": [{"type": "spot", "spot": {"outerConeAngle": 1}}]}}
    gltf.json["skins"] = [{"joints": [0, 1], "inverseBindMatrices": gltf.accessor([np.eye(4)] * 2)}]
    gltf.json["cameras"] = [{"type": "perspective", "perspective": {"yfov": 1, "znear": 0.1}}]
    gltf.animate("translation", [0, 1], [(0, 0, 0), (0, 1, 0)], node=1)
    gltf.animate("weights", [0, 1], [0.0, 1.0])
    pose = {"position": [0, 1, 5], "target": [0, 0, 0], "fov_y": 50}
    gltf.json["scenes"][0]["extras"] = {"supersee": {
        "environment": "city", "sun": {"direction": [0, 1, 0]}, "emitters": [{"node": "tip", "count": 3}],
        "camera_paths": [{"name": "tour", "shots": [{"keys": [[0, pose], [1, pose]]}]}],
    }}  # fmt: skip


def all_places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from all_places(child, (*path, key))


def test_random_breakage_never_escapes_as_another_error(gltf):
    rich_document(gltf)
    gltf.write()
    whole = gltf.json
    places = [p for p in all_places(whole) if p and p[0] != "buffers"]
    values = [None, -1, 0, 1, 3, 10**9, 1e300, 0.5, "", "text", [], {}, [0], [[]], {"a": 1}, True]
    chance = random.Random(20)
    opened = 0
    for _ in range(300):
        broken = copy.deepcopy(whole)
        *path, last = chance.choice(places)
        place = broken
        for key in path:
            place = place[key]
        if chance.random() < 0.2:
            del place[last]
        else:
            place[last] = chance.choice(values)
        gltf.json = broken
        try:
            model = load_scene(str(gltf.write()))
        except SuperseeError:
            continue
        low, high = scene_bounds(model)
        assert np.isfinite(low).all(), (path, last)
        assert np.isfinite(high).all(), (path, last)
        opened += 1
    assert 50 < opened < 250


def test_random_bytes_in_a_glb_never_escape_as_another_error(gltf):
    rich_document(gltf)
    whole = gltf.write("whole.glb").read_bytes()
    chance = random.Random(21)
    path = gltf.folder / "broken.glb"
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data))] if chance.random() < 0.2 else data)
        try:
            low, high = scene_bounds(load_scene(str(path)))
        except SuperseeError:
            continue
        assert np.isfinite(low).all()
        assert np.isfinite(high).all()
