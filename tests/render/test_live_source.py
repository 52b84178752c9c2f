"""What a frame of the live source holds: depth, jitter, sizes, resets; and that drawing leaves nothing behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import moderngl
import numpy as np
import pytest

from app.conventions import jitter_offset
from app.errors import SuperseeError
from app.render.gl_context import unbind_framebuffer
from app.render.live_source import LiveSource, building
from app.render.reference import ReferenceAccumulator
from app.scene.camera import CameraPose, projection_matrix, view_matrix
from app.scene.model import Emitter, Image, Material, TextureUse
from app.scene.state import SceneState
from tests.render import scenes

SIZE = 96, 54


@pytest.fixture
def source(gl: moderngl.Context) -> Iterator[LiveSource]:
    made = LiveSource(gl, scenes.scene(scenes.box((0.5, 0.5, 0.5))))
    made.resize((48, 27), SIZE)
    yield made
    made.release()


def test_depth_is_near_over_view_distance_and_zero_in_the_sky(gl: moderngl.Context) -> None:
    model = scenes.scene(floor=True)
    camera = CameraPose((0.0, 2.0, 0.0), (0.0, 1.2, -3.0), math.radians(60), 0.2)
    state = scenes.state(model, camera=camera)
    live = LiveSource(gl, model)
    live.resize(SIZE, SIZE)
    frame = live.render_frame(state, frame_index=3)
    depth = scenes.pixels(frame.depth)[..., 0]
    live.release()
    # The ray through each pixel's sample meets the floor's top (y = 0), within four metres of the centre.
    projection, view = projection_matrix(camera.fov_y, SIZE[0] / SIZE[1], camera.near), view_matrix(camera)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    ndc_x = (x + frame.jitter[0]) / SIZE[0] * 2 - 1
    ndc_y = (y + frame.jitter[1]) / SIZE[1] * 2 - 1
    rays = np.stack([ndc_x / projection[0, 0], ndc_y / projection[1, 1], -np.ones_like(ndc_x)], -1) @ view[:3, :3]
    distance = np.where(rays[..., 1] < -1e-6, 2.0 / np.maximum(-rays[..., 1], 1e-6), np.inf)
    hit = np.array([0.0, 2.0, 0.0]) + np.minimum(distance, 1e6)[..., None] * rays
    on_floor = (np.abs(hit[..., 0]) < 3.9) & (np.abs(hit[..., 2]) < 3.9)
    sky = rays[..., 1] > 0.02
    assert on_floor.sum() > 1000
    assert depth[on_floor] == pytest.approx(0.2 / distance[on_floor], rel=2e-4)
    assert np.all(depth[sky] == 0.0)


def test_pixel_p_holds_the_scene_at_p_plus_a_half_plus_jitter(gl: moderngl.Context) -> None:
    """The silhouette of a lit box, seen at eight jitters: the covered columns and rows move against the jitter."""
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)), floor=False)
    camera = CameraPose((0.0, 0.6, 4.0), (0.0, 0.6, 0.0), math.radians(45), 0.1)
    state = scenes.state(model, camera=camera)
    live = LiveSource(gl, model)
    live.resize(SIZE, SIZE)
    matrix = projection_matrix(camera.fov_y, SIZE[0] / SIZE[1], camera.near) @ view_matrix(camera)
    corner = matrix @ [0.5, 0.1, 0.5, 1.0]
    right, bottom = (corner[:2] / corner[3] * 0.5 + 0.5) * SIZE
    for index in range(8):
        frame = live.render_frame(state, frame_index=index)
        assert frame.jitter == jitter_offset(index, 1.0)
        covered = scenes.pixels(frame.depth)[..., 0] > 0.0
        columns, rows = np.nonzero(covered.any(axis=0))[0], np.nonzero(covered.any(axis=1))[0]
        # The last covered pixel is the last whose sample lies left of, or above, the edge.
        assert columns[-1] == math.ceil(right - 0.5 - frame.jitter[0]) - 1
        assert rows[-1] == math.ceil(bottom - 0.5 - frame.jitter[1]) - 1
    live.release()


def test_row_zero_is_the_top(source: LiveSource) -> None:
    depth = scenes.pixels(source.render_frame(scenes.state(source.model), frame_index=0).depth)[..., 0]
    assert np.all(depth[0] == 0.0)
    assert np.all(depth[-1] > 0.0)


def test_a_frame_says_what_it_is(source: LiveSource) -> None:
    state = scenes.state(source.model, time=1.25)
    frame = source.render_frame(state, frame_index=5)
    assert (frame.render_size, frame.display_size, frame.ratio) == ((48, 27), SIZE, 2.0)
    assert (frame.colour.dtype, frame.colour.components) == ("f2", 4)
    assert (frame.motion.dtype, frame.motion.components) == ("f2", 2)
    assert (frame.time, frame.frame_index, frame.exposure) == (1.25, 5, source.model.exposure)
    assert frame.camera.near == state.camera.near
    assert source.lod_bias == pytest.approx(-2.0)


def test_history_resets_on_the_first_frame_a_cut_a_seek_and_a_resize_and_only_then(source: LiveSource) -> None:
    state = scenes.state(source.model)
    resets = [source.render_frame(state, frame_index=0).reset, source.render_frame(state, frame_index=1).reset]
    resets.append(source.render_frame(replace(state, cut=True), frame_index=2).reset)
    resets.append(source.render_frame(state, frame_index=3).reset)
    source.invalidate()
    resets.append(source.render_frame(state, frame_index=4).reset)
    source.render_native(state)
    resets.append(source.render_frame(state, frame_index=5).reset)
    source.resize((48, 27), SIZE)  # the same size
    resets.append(source.render_frame(state, frame_index=6).reset)
    source.resize((32, 18), SIZE)
    resets.append(source.render_frame(state, frame_index=7).reset)
    assert resets == [True, False, True, False, True, False, False, True]


def test_motion_after_a_reset_is_zero(source: LiveSource) -> None:
    state = scenes.state(source.model)
    source.render_frame(state, frame_index=0)
    other = replace(state, camera=replace(state.camera, position=(2.0, 2.0, 3.0)), cut=True)
    assert np.abs(scenes.pixels(source.render_frame(other, frame_index=1).motion)).max() < 2e-3


def test_the_same_states_give_the_same_pixels(gl: moderngl.Context) -> None:
    def run() -> list[np.ndarray]:
        live, states = _busy_source(gl)
        live.resize((48, 27), SIZE)
        pictures = []
        for index, state in enumerate(states[:4]):
            frame = live.render_frame(state, frame_index=index)
            pictures += [scenes.pixels(frame.colour), scenes.pixels(frame.motion)]
            pictures.append(scenes.pixels(live.render_native(state)))
        live.release()
        return pictures

    for first, second in zip(run(), run()):
        assert np.array_equal(first, second)


def test_a_native_frame_between_does_not_change_the_low_resolution_ones(gl: moderngl.Context) -> None:
    def run(native: bool) -> np.ndarray:
        live, states = _busy_source(gl)
        live.resize((48, 27), SIZE)
        for index, state in enumerate(states[:3]):
            if native:
                live.render_native(state)
            frame = live.render_frame(state, frame_index=index)
            if native:
                live.render_native(state)
        result = np.concatenate([scenes.pixels(frame.colour), scenes.pixels(frame.motion)], axis=-1)
        live.release()
        return result

    assert np.array_equal(run(True), run(False))


def test_no_gl_object_is_made_after_the_first_frames(gl: moderngl.Context) -> None:
    live, states = _busy_source(gl)
    live.resize((48, 27), SIZE)
    accumulator = ReferenceAccumulator(live)

    def frames(count: int) -> None:
        for index in range(count):
            state = states[index % len(states)]
            live.render_frame(state, frame_index=index)
            live.render_native(state)
            if index % 10 == 0:
                accumulator.begin(state, 2)
                accumulator.step(2)

    frames(len(states) + 1)
    with _counted_creations(gl) as made:
        frames(40)
    accumulator.release()
    live.release()
    assert made == []


def test_gl_state_is_left_as_other_passes_expect_it(gl: moderngl.Context, source: LiveSource) -> None:
    source.render_frame(scenes.state(source.model), frame_index=0)
    target = gl.simple_framebuffer((4, 4))
    program = gl.program(
        vertex_shader="#version 430\nvoid main(){vec2 c=vec2((gl_VertexID<<1)&2,gl_VertexID&2);"
        "gl_Position=vec4(c.y*2.0-1.0,c.x*2.0-1.0,0.5,1);}",
        fragment_shader="#version 430\nout vec4 o;void main(){o=vec4(1.0,1.0,1.0,0.25);}",
    )
    array = gl.vertex_array(program, [])
    target.use()
    target.clear()
    array.render(moderngl.TRIANGLES, vertices=3)
    read = np.frombuffer(target.read(components=4), np.uint8)
    unbind_framebuffer(gl)
    for item in (array, program, target):
        item.release()
    assert set(read.tolist()) == {255, 64}  # neither culled, nor blended, nor behind anything


def test_the_reference_is_the_mean_of_its_samples_and_converges(gl: moderngl.Context) -> None:
    live, states = _busy_source(gl)
    live.resize(SIZE, SIZE)
    accumulator = ReferenceAccumulator(live)
    accumulator.begin(states[0], 64)
    assert accumulator.step(16) == 16
    early = scenes.pixels(accumulator.texture)[..., :3]
    assert accumulator.step(100) == 64
    assert accumulator.complete
    late = scenes.pixels(accumulator.texture)[..., :3]
    native = scenes.pixels(live.render_native(states[0]))[..., :3]
    accumulator.begin(states[0], 64)
    accumulator.step(64)
    again = scenes.pixels(accumulator.texture)[..., :3]
    accumulator.release()
    live.release()
    assert np.array_equal(late, again)
    error = [np.mean((scenes.display(x) - scenes.display(late)) ** 2) for x in (early, native)]
    assert error[0] < 0.15 * error[1]
    assert late.mean() == pytest.approx(native.mean(), rel=0.03)


def _splatted(live: LiveSource, state: SceneState, phases: int, sign: float = 1.0) -> np.ndarray:
    """The mean of all samples of a still scene at 2x that fall into each display pixel, linear."""
    total, weight = np.zeros((SIZE[1], SIZE[0], 3)), np.zeros((SIZE[1], SIZE[0], 1))
    for index in range(phases):
        frame = live.render_frame(state, frame_index=index)
        colour = scenes.pixels(frame.colour)[..., :3]
        y, x = np.mgrid[:27, :48] + 0.5
        column = np.floor((x + sign * frame.jitter[0]) * 2).astype(int).clip(0, SIZE[0] - 1)
        row = np.floor((y + sign * frame.jitter[1]) * 2).astype(int).clip(0, SIZE[1] - 1)
        np.add.at(total, (row, column), colour)
        np.add.at(weight, (row, column), 1.0)
    return total / np.maximum(weight, 1.0)


def _decibels(picture: np.ndarray, wanted: np.ndarray) -> float:
    inner = np.s_[2:-2, 2:-2]
    return -10 * np.log10(np.mean((scenes.display(picture)[inner] - scenes.display(wanted)[inner]) ** 2))


def test_jittered_frames_sorted_into_display_pixels_are_the_reference(gl: moderngl.Context) -> None:
    """What every temporal upscaler builds on: jitter, texture bias and reference agree (a still scene at 2x)."""
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)), scenes.box((0.03, 0.8, 0.03)), floor=True)
    state = scenes.state(model)
    state.world[1] = scenes.translation(0.9, 0.7, 0.5)
    live = LiveSource(gl, model)
    live.resize((48, 27), SIZE)
    accumulator = ReferenceAccumulator(live)
    accumulator.begin(state, 64)
    accumulator.step(64)
    wanted = scenes.pixels(accumulator.texture)[..., :3]
    right, wrong = (_decibels(_splatted(live, state, 32, sign), wanted) for sign in (1.0, -1.0))  # all phases of 2x
    accumulator.release()
    live.release()
    assert right > 32.0
    assert right > wrong + 6.0


def test_a_reference_with_the_frames_own_lod_bias_is_what_frames_without_mip_maps_converge_to(
    gl: moderngl.Context,
) -> None:
    """Bumps of polished metal: the mean of their highlights is not the highlight of their mean."""
    bumps = np.random.default_rng(3).integers(64, 192, (256, 256, 4), np.uint8)
    bumps[..., 2] = 255
    metal = Material("metal", metallic=1.0, roughness=0.2, normal_texture=TextureUse(0, scale=(3.0, 3.0)))
    model = scenes.scene(floor=True, sun=True, images=(Image("bumps", bumps),), materials=(metal, metal))
    state = scenes.state(model, camera=CameraPose((0.0, 2.0, 0.0), (0.0, 1.2, -3.0), math.radians(60), 0.2))
    live = LiveSource(gl, model)
    live.resize((48, 27), SIZE)
    live.lod_bias = -8.0
    frames = _splatted(live, state, 512)
    error = []
    for accumulator in (ReferenceAccumulator(live, -7.0), ReferenceAccumulator(live)):
        accumulator.begin(state, 256)
        accumulator.step(256)
        error.append(_decibels(frames, scenes.pixels(accumulator.texture)[..., :3]))
        accumulator.release()
    live.release()
    assert error[0] > error[1] + 6.0
    assert error[0] > 25.0


def test_shading_load_costs_and_does_not_show(source: LiveSource) -> None:
    state = scenes.state(source.model)
    plain = scenes.pixels(source.render_native(state))
    source.shading_load = 4.0
    loaded = scenes.pixels(source.render_native(state))
    assert np.abs(loaded - plain).max() < 2e-3 * plain.max()


def test_lod_bias_may_be_changed_at_any_time(source: LiveSource) -> None:
    state = scenes.state(source.model)
    sharp = scenes.pixels(source.render_frame(state, frame_index=0).colour)
    source.lod_bias = 3.0
    soft = scenes.pixels(source.render_frame(state, frame_index=0).colour)
    assert np.abs(sharp - soft)[14:].max() > 0.01


def test_an_unknown_environment_is_a_plain_error(gl: moderngl.Context) -> None:
    with pytest.raises(SuperseeError, match="no environment 'nowhere'"):
        LiveSource(gl, scenes.scene(environment="nowhere"))


def _busy_source(gl: moderngl.Context) -> tuple[LiveSource, list]:
    """Everything that moves and blends, in one scene with shadows and a mirror."""
    part, skin = scenes.skinned_bar()
    mirror = Material("mirror", (0.3, 0.3, 0.3, 1.0), metallic=0.0, roughness=0.05, mirror=True)
    leaf = Material("leaf", base_colour_texture=TextureUse(0), alpha_mode="MASK", double_sided=True, metallic=0.0)
    model = scenes.scene(
        scenes.box((0.3, 0.3, 0.3), 2), replace(part, material=0), scenes.morphing_box(),
        scenes.box((0.2, 0.4, 0.2), 3), scenes.box((0.2, 0.2, 0.2), 4), scenes.box((0.3, 0.02, 0.3), 6),
        scenes.box((2.0, 0.02, 2.0), 5),
        sun=True, skins=(skin,), mirror_height=0.02, materials=(*scenes.MATERIALS, mirror, leaf),
        emitters=(Emitter(0, 3, 1.0, (0.0, 1.0, 0.0), 0.0, 0.0, 0.6, (1.0, 1.0, 1.0)),),
    )  # fmt: skip
    model = replace(model, nodes=(model.nodes[0], replace(model.nodes[1], skin=0), *model.nodes[2:]))
    states = []
    for index in range(12):
        joints = np.stack([scenes.translation(1, 0.7, 0), scenes.translation(1 + 0.02 * index, 0.7, 0)])
        state = scenes.state(
            model, time=index / 30, joint_matrices=(joints,),
            morph_weights={2: np.array([0.05 * index, 0.1], np.float32)},
            particles=(scenes.particle_cloud((0.0, 0.02 * index, 0.5), [0, 0, index // 6]),),
        )  # fmt: skip
        places = {2: (-1, 0, 0), 3: (0.5, 0, 1), 4: (-0.5, 0.2, 1), 5: (0, 0.6, 0), 6: (0, -0.6, 0)}
        for node, place in places.items():
            state.world[node] = scenes.translation(*place) @ state.world[node]
        states.append(scenes.moved(state, 0, scenes.translation(0.01 * index, 0, 0.8), index / 30))
    return LiveSource(gl, model), states


@contextmanager
def _counted_creations(gl: moderngl.Context) -> Iterator[list[str]]:
    """Names of the context's methods that make GL objects, each time one is called."""
    names = ("texture", "texture_array", "depth_texture", "buffer", "framebuffer", "vertex_array", "_vertex_array",
             "program", "compute_shader", "sampler", "renderbuffer", "query", "simple_framebuffer")  # fmt: skip
    made: list[str] = []

    def counted(name: str):
        original = getattr(type(gl), name)

        def call(self, *args, **kwargs):
            made.append(name)
            return original(self, *args, **kwargs)

        return call

    patch = pytest.MonkeyPatch()
    for name in names:
        patch.setattr(type(gl), name, counted(name))
    try:
        yield made
    finally:
        patch.undo()


def test_a_source_made_in_steps_draws_what_one_made_at_once_draws(gl: moderngl.Context) -> None:
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)))
    making = building(gl, model)
    while True:
        try:
            next(making)
        except StopIteration as made:
            stepwise = made.value
            break
    at_once = LiveSource(gl, model)
    pictures = []
    for source in (stepwise, at_once):
        source.resize((48, 27), (96, 54))
        frame = source.render_frame(scenes.state(model), frame_index=0)
        assert frame.reset, "the warm-up leaves no history"
        pictures.append(scenes.pixels(frame.colour))
        source.release()
    assert np.array_equal(*pictures)
