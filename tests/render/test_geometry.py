"""Packing meshes and mip maps: what is merged, baked and kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.render.geometry import moving_nodes, pack_scene
from app.render.textures import coverage_mips
from app.scene.model import Animation, Channel
from tests.render import scenes


def test_static_pieces_of_one_material_become_one_draw_in_world_space() -> None:
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)), scenes.box((0.1, 0.2, 0.3)), floor=False)
    world = np.stack([scenes.translation(1, 0, 0), scenes.translation(0, 2, 0)])
    packed = pack_scene(model, world, set())
    assert len(packed.draws) == 1
    assert packed.draws[0].count == 72
    assert packed.vertices["position"][:24].mean(axis=0) == pytest.approx([1, 0, 0], abs=1e-6)
    assert packed.vertices["position"][24:].mean(axis=0) == pytest.approx([0, 2, 0], abs=1e-6)


def test_moving_pieces_stay_apart_and_in_their_own_space() -> None:
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)), scenes.box((0.1, 0.2, 0.3)), floor=False)
    packed = pack_scene(model, np.stack([scenes.translation(1, 0, 0)] * 2), {0})
    assert sorted(draw.node for draw in packed.draws) == [-1, 0]
    own = next(draw for draw in packed.draws if draw.node == 0)
    assert own.centre == pytest.approx([0, 0, 0])
    assert own.extent == pytest.approx([0.5, 0.5, 0.5])


def test_baking_a_mirrored_transform_keeps_triangles_and_normals_outward() -> None:
    model = scenes.scene(scenes.box((0.5, 0.4, 0.3)), floor=False)
    packed = pack_scene(model, np.diag([-2.0, 1.0, 1.0, 1.0])[None], set())
    triangles = packed.vertices["position"][packed.indices].reshape(-1, 3, 3)
    geometric = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals = packed.vertices["normal"][packed.indices[::3]]
    assert np.all((geometric * triangles.mean(axis=1)).sum(axis=1) > 0)
    assert np.all((geometric * normals).sum(axis=1) > 0)


def test_children_of_animated_nodes_move_too() -> None:
    model = scenes.scene(scenes.box((1, 1, 1)), scenes.box((1, 1, 1)))
    channel = Channel(0, "rotation", np.zeros(1), np.zeros((1, 4)))
    nodes = (model.nodes[0], replace(model.nodes[1], parent=0), model.nodes[2])
    model = replace(model, nodes=nodes, animations=(Animation("spin", (channel,), 1.0),))
    assert moving_nodes(model) == {0, 1}


def test_skinned_pieces_come_first_so_that_their_weights_line_up() -> None:
    part, skin = scenes.skinned_bar()
    model = scenes.scene(scenes.box((1, 1, 1)), part, skins=(skin,))
    model = replace(model, nodes=(model.nodes[0], replace(model.nodes[1], skin=0), model.nodes[2]))
    packed = pack_scene(model, np.tile(np.eye(4), (3, 1, 1)), set())
    assert packed.draws[0].skin == 0
    assert packed.draws[0].first_vertex == 0
    assert len(packed.skin) == 24


def test_cut_out_mip_maps_keep_their_coverage() -> None:
    rng = np.random.default_rng(1)
    pixels = np.full((64, 64, 4), 200, np.uint8)
    pixels[..., 3] = np.where(rng.random((64, 64)) < 0.3, 255, 0)
    for mip in coverage_mips(pixels, 0.5)[:3]:
        assert (mip[..., 3] > 127.5).mean() == pytest.approx(0.3, abs=0.12)
