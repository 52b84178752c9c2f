"""Surfaces that are more than opaque: mirrors, glass, cut-outs, double-sided and unlit ones; and shader reloads."""

from __future__ import annotations

import math
from dataclasses import replace

import moderngl
import numpy as np
import pytest

from app.render import shader_program
from app.render.live_source import LiveSource
from app.render.shader_program import reload_changed
from app.scene.camera import CameraPose, projection_matrix, view_matrix
from app.scene.model import Emitter, Image, Material, SceneModel, TextureUse
from app.scene.state import SceneState
from tests.render import scenes
from tests.render.test_live_source import _busy_source

SIZE = 96, 54
GLOW = Material("glow", (0.0, 0.0, 0.0, 1.0), metallic=0.0, specular=0.0, emissive=(0.5, 2.0, 3.0))
CAMERA = CameraPose((0.0, 1.0, 4.0), (0.0, 0.3, 0.0), math.radians(50.0), 0.1)


def _native(gl: moderngl.Context, model: SceneModel, state: SceneState) -> np.ndarray:
    live = LiveSource(gl, model)
    live.resize(SIZE, SIZE)
    colour = scenes.pixels(live.render_native(state))[..., :3]
    live.release()
    return colour


def _pixel(point: tuple[float, float, float]) -> tuple[int, int]:
    """(row, column) where CAMERA sees a world point."""
    clip = projection_matrix(CAMERA.fov_y, SIZE[0] / SIZE[1], CAMERA.near) @ view_matrix(CAMERA) @ [*point, 1.0]
    x, y = (clip[:2] / clip[3] * 0.5 + 0.5) * SIZE
    return int(y), int(x)


def test_a_mirror_shows_what_stands_on_it_upside_down(gl: moderngl.Context) -> None:
    mirror = Material("mirror", metallic=1.0, roughness=0.05, mirror=True)
    model = scenes.scene(scenes.box((0.2, 0.2, 0.2)), materials=(GLOW, mirror), mirror_height=0.0)
    colour = _native(gl, model, scenes.state(model, camera=CAMERA))
    assert colour[_pixel((0.0, 0.6, 0.2))] == pytest.approx([0.5, 2.0, 3.0], rel=0.02)
    assert colour[_pixel((0.0, -0.6, 0.2))] == pytest.approx([0.5, 2.0, 3.0], rel=0.1)
    assert colour[_pixel((0.6, -0.6, 0.2))][2] < 1.0
    without = replace(model, mirror_height=None)
    assert _native(gl, without, scenes.state(without, camera=CAMERA))[_pixel((0.0, -0.6, 0.2))][2] < 1.0


def test_a_mirror_seen_from_below_shows_nothing(gl: moderngl.Context) -> None:
    mirror = Material("mirror", metallic=1.0, roughness=0.05, mirror=True, double_sided=True)
    model = scenes.scene(scenes.box((0.2, 0.2, 0.2)), materials=(GLOW, mirror), mirror_height=0.0)
    below = replace(CAMERA, position=(0.0, -1.0, 4.0))
    assert np.isfinite(_native(gl, model, scenes.state(model, camera=below))).all()


def test_glass_lets_through_and_is_reactive_without_touching_depth(gl: moderngl.Context) -> None:
    glass = Material("glass", (0.0, 0.0, 0.0, 0.4), metallic=0.0, roughness=0.5, specular=0.0, alpha_mode="BLEND")
    model = scenes.scene(scenes.box((1.0, 1.0, 0.01)), scenes.box((0.3, 0.3, 0.3), 2), materials=(glass, GLOW, GLOW))
    state = scenes.state(model, camera=CAMERA)
    state.world[0] = scenes.translation(0.0, 0.6, 1.0)
    live = LiveSource(gl, model)
    live.resize(SIZE, SIZE)
    frame = live.render_frame(state, frame_index=0)
    colour, reactive = scenes.pixels(frame.colour), scenes.pixels(frame.reactive)  # type: ignore[arg-type]
    depth = scenes.pixels(frame.depth)[..., 0]
    live.release()
    at = _pixel((0.0, 0.6, 0.3))
    # Two faces of the pane (culled to one) over the glow: 1 - 0.4 of it arrives.
    assert colour[at][:3] == pytest.approx([0.3, 1.2, 1.8], rel=0.12)
    assert reactive[at][0] == pytest.approx(0.36, abs=0.05)
    assert reactive[2, 2, 0] == 0.0
    assert 0.1 / depth[at] == pytest.approx(3.7, abs=0.2)  # that of what stands behind


def test_blended_panes_are_drawn_from_back_to_front(gl: moderngl.Context) -> None:
    red = Material("red", (1, 0, 0, 0.5), unlit=True, alpha_mode="BLEND")
    blue = Material("blue", (0, 0, 1, 0.5), unlit=True, alpha_mode="BLEND")
    model = scenes.scene(
        scenes.box((1, 1, 0.01), 0), scenes.box((1, 1, 0.01), 1), floor=False, materials=(red, blue),
        environment_strength=0.0,
    )  # fmt: skip
    for red_in_front in (True, False):
        state = scenes.state(model, camera=CAMERA)
        state.world[0] = scenes.translation(0, 0.6, 1.0 if red_in_front else 0.0)
        state.world[1] = scenes.translation(0, 0.6, 0.0 if red_in_front else 1.0)
        colour = _native(gl, model, state)[_pixel((0.0, 0.6, 1.0))]
        front, back = (0, 2) if red_in_front else (2, 0)
        assert colour[front] == pytest.approx(0.5, abs=0.01)
        assert colour[back] == pytest.approx(0.25, abs=0.01)


def test_cut_outs_have_holes_and_both_sides(gl: moderngl.Context) -> None:
    pixels = np.full((32, 32, 4), 255, np.uint8)
    pixels[:, :16, 3] = 0
    leaf = Material("leaf", (1, 0.2, 0.2, 1), TextureUse(0), unlit=True, alpha_mode="MASK", double_sided=True)
    quad = scenes.box((0.5, 0.5, 0.5))
    front = replace(quad, indices=quad.indices[-6:])  # the face towards +z alone
    model = scenes.scene(front, floor=False, materials=(leaf,), images=(Image("half", pixels),), environment_strength=0)
    for turn in (0.0, math.pi):
        state = scenes.state(model, camera=CAMERA)
        state.world[0] = scenes.translation(0, 0.6, 0) @ scenes.turn_y(turn)
        z = 0.5 if turn == 0.0 else -0.5
        colour = _native(gl, model, state)[..., 0]
        left, right = colour[_pixel((-0.25, 0.6, z))], colour[_pixel((0.25, 0.6, z))]
        hole, solid = (left, right) if turn == 0.0 else (right, left)
        assert hole == 0.0
        assert solid == pytest.approx(1.0, abs=0.01)


def test_additive_particles_add_and_hide_nothing(gl: moderngl.Context) -> None:
    emitter = Emitter(0, 3, 1.0, (0.0, 0.0, 0.0), 0.0, 0.0, 0.6, (1.0, 1.0, 1.0), additive=True)
    model = scenes.scene(scenes.box((0.8, 0.8, 0.1)), floor=False, materials=(GLOW,), emitters=(emitter,))
    cloud = replace(scenes.particle_cloud((0.0, 0.0, 0.0), [0, 0, 0]), additive=True)
    lit = _native(gl, model, scenes.state(model, camera=CAMERA, particles=(cloud,)))
    at = _pixel(tuple(cloud.positions[1]))
    assert lit[at] == pytest.approx(np.array([0.5, 2.0, 3.0]) + cloud.colours[1, :3], rel=0.1)


def test_an_empty_scene_is_sky(gl: moderngl.Context) -> None:
    model = SceneModel("empty", (), (), (), ())
    state = SceneState(0.0, CAMERA, False, np.zeros((0, 4, 4)), (), {}, ())
    colour = _native(gl, model, state)
    assert colour.std() > 0.0
    assert np.isfinite(colour).all()


def test_reloading_shaders_in_use_changes_nothing_while_their_files_are_the_same(gl: moderngl.Context) -> None:
    live, states = _busy_source(gl)
    live.resize(SIZE, SIZE)
    live.render_frame(states[0], frame_index=0)
    before = scenes.pixels(live.render_frame(states[1], frame_index=1).colour)
    handles = {id(program): program.handle for program in shader_program._live}
    for program in shader_program._live:
        program._stamp = dict.fromkeys(program._stamp, 0)  # as if every file had changed
    assert reload_changed() == []
    assert all(program.handle is not handles[id(program)] for program in shader_program._live)
    live.invalidate()
    live.render_frame(states[0], frame_index=0)
    after = scenes.pixels(live.render_frame(states[1], frame_index=1).colour)
    live.release()
    assert np.array_equal(before, after)
