"""Motion vectors: the previous supersampled frame, looked up along the motion, is the current one.

Per kind of motion. Where a surface was hidden in the previous frame (its reprojected depth disagrees), nothing can
match, so those pixels are left out; lighting does not change, for the surfaces are matt under even light.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import moderngl
import numpy as np
import pytest

from app.render.live_source import LiveSource
from app.render.reference import ReferenceAccumulator
from app.scene.model import Emitter, Material, Node, SceneModel
from app.scene.state import SceneState
from tests.render import scenes

SIZE = 128, 72


def _bilinear(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Lookups at pixel coordinates (centres at + 0.5), clamped."""
    height, width = image.shape[:2]
    x, y = np.clip(x - 0.5, 0, width - 1), np.clip(y - 0.5, 0, height - 1)
    x0, y0 = np.minimum(x.astype(int), width - 2), np.minimum(y.astype(int), height - 2)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    top = image[y0, x0] * (1 - fx) + image[y0, x0 + 1] * fx
    bottom = image[y0 + 1, x0] * (1 - fx) + image[y0 + 1, x0 + 1] * fx
    return top * (1 - fy) + bottom * fy


def _supersampled(source: LiveSource, state: SceneState) -> np.ndarray:
    accumulator = ReferenceAccumulator(source)
    accumulator.begin(state, 32)
    accumulator.step(32)
    image = scenes.display(scenes.pixels(accumulator.texture))
    accumulator.release()
    return image


def _edges(depth: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Pixels whose 3x3 neighbourhood holds several surfaces: a supersampled colour mixes them, one motion cannot."""
    found = np.zeros(depth.shape, bool)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            rolled = np.roll(depth, (dy, dx), (0, 1))
            found |= np.abs(rolled - depth) > 0.05 * np.maximum(depth, 1e-6)
            found |= np.linalg.norm(np.roll(motion, (dy, dx), (0, 1)) - motion, axis=-1) > 0.5
    return found


def _reprojection(
    gl: moderngl.Context, model: SceneModel, before: SceneState, now: SceneState
) -> tuple[float, float, np.ndarray]:
    """PSNR with the motion and without it, where the surface was in sight before and moved; and the motion."""
    source = LiveSource(gl, model)
    source.resize(SIZE, SIZE)
    previous_image = _supersampled(source, before)
    image = _supersampled(source, now)
    first = source.render_frame(before, frame_index=0)
    previous_depth = scenes.pixels(first.depth)[..., 0]
    frame = source.render_frame(now, frame_index=1)
    assert not frame.reset
    motion, depth = scenes.pixels(frame.motion), scenes.pixels(frame.depth)[..., 0]
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    from_x, from_y = x + motion[..., 0], y + motion[..., 1]
    inside = (from_x > 1) & (from_y > 1) & (from_x < SIZE[0] - 1) & (from_y < SIZE[1] - 1)
    seen_depth = _bilinear(previous_depth[..., None], from_x, from_y)[..., 0]
    same = np.abs(seen_depth - depth) < 0.15 * np.maximum(depth, 1e-6)
    use = inside & same & ~_edges(depth, motion) & (np.linalg.norm(motion, axis=-1) > 0.3)
    assert use.sum() > 150, "the test looks at too few pixels"
    with_motion = np.mean((_bilinear(previous_image, from_x, from_y) - image)[use] ** 2)
    without = np.mean((previous_image - image)[use] ** 2)
    source.release()
    return -10 * np.log10(max(with_motion, 1e-12)), -10 * np.log10(max(without, 1e-12)), motion


def _camera_case() -> tuple[SceneModel, SceneState, SceneState]:
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)))
    before = scenes.state(model)
    camera = replace(scenes.CAMERA, position=(0.8, 1.5, 3.9), target=(0.1, 0.65, 0.0))
    return model, before, replace(before, camera=camera, time=0.1)


def _rigid_case() -> tuple[SceneModel, SceneState, SceneState]:
    model = scenes.scene(scenes.box((0.6, 0.6, 0.6)))
    before = scenes.state(model)
    # Environment light changes a little as the faces turn: a small turn and a larger shift.
    return model, before, scenes.moved(before, 0, scenes.translation(0.25, 0.1, 0.1) @ scenes.turn_y(0.02), 0.1)


def _skinned_case() -> tuple[SceneModel, SceneState, SceneState]:
    part, skin = scenes.skinned_bar()
    model = scenes.scene(part, skins=(skin,))
    model = replace(model, nodes=(replace(model.nodes[0], skin=0), model.nodes[1]))
    rest = np.tile(scenes.translation(0.0, 0.7, 0.0), (2, 1, 1))
    bent = np.stack([scenes.translation(0.05, 0.7, 0.0), scenes.translation(0.3, 0.75, 0.0)])
    before = scenes.state(model, joint_matrices=(rest,))
    return model, before, replace(before, joint_matrices=(bent,), time=0.1)


def _morphed_case() -> tuple[SceneModel, SceneState, SceneState]:
    model = scenes.scene(scenes.morphing_box())
    before = scenes.state(model, morph_weights={0: np.array([0.1, 0.2], np.float32)})
    return model, before, replace(before, morph_weights={0: np.array([0.6, 0.5], np.float32)}, time=0.1)


def _sky_case() -> tuple[SceneModel, SceneState, SceneState]:
    model = scenes.scene(floor=False, environment="courtyard")
    before = scenes.state(model)
    camera = replace(scenes.CAMERA, target=(0.12, 0.66, 0.0), position=(0.7, 1.4, 4.0), roll=0.01)
    return model, before, replace(before, camera=camera, time=0.1)


def _mirrored_node_case() -> tuple[SceneModel, SceneState, SceneState]:
    """A negative scale turns the mesh inside out; what is drawn must still be its outside."""
    model, before, now = _rigid_case()
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    for state in (before, now):
        state.world[0] = state.world[0] @ flip
    return model, before, now


CASES: dict[str, Callable[[], tuple[SceneModel, SceneState, SceneState]]] = {
    "camera": _camera_case, "rigid": _rigid_case, "skinned": _skinned_case, "morphed": _morphed_case,
    "sky": _sky_case, "mirrored node": _mirrored_node_case,
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_the_previous_frame_along_the_motion_is_the_current_frame(gl: moderngl.Context, kind: str) -> None:
    with_motion, without, _ = _reprojection(gl, *CASES[kind]())
    assert with_motion > 34.0
    assert with_motion > without + 8.0


def test_sky_moves_with_the_rotation_of_the_camera_alone(gl: moderngl.Context) -> None:
    model = scenes.scene(floor=False)
    before = scenes.state(model)
    far = replace(scenes.CAMERA, position=(5.6, 1.4, 4.0), target=(5.0, 0.6, 0.0))
    source = LiveSource(gl, model)
    source.resize(SIZE, SIZE)
    source.render_frame(before, frame_index=0)
    motion = scenes.pixels(source.render_frame(replace(before, camera=far, time=0.1), frame_index=1).motion)
    source.release()
    assert np.abs(motion).max() < 1e-3


def test_a_static_scene_under_a_still_camera_has_no_motion_although_jitter_changes(gl: moderngl.Context) -> None:
    model = scenes.scene(scenes.box((0.5, 0.5, 0.5)))
    before = scenes.state(model)
    source = LiveSource(gl, model)
    source.resize(SIZE, SIZE)
    source.render_frame(before, frame_index=0)
    motion = scenes.pixels(source.render_frame(replace(before, time=0.1), frame_index=1).motion)
    source.release()
    assert np.abs(motion).max() < 2e-3


def test_particles_carry_their_own_motion_and_newborn_ones_none(gl: moderngl.Context) -> None:
    emitter = Emitter(0, 3, 1.0, (0.0, 1.0, 0.0), 0.0, 0.0, 0.6, (1.0, 1.0, 1.0), additive=False)
    model = scenes.scene(emitters=(emitter,))
    before = scenes.state(model, particles=(scenes.particle_cloud((0.0, 0.0, 0.0), [0, 0, 0]),))
    now = replace(before, particles=(scenes.particle_cloud((0.2, 0.1, 0.0), [0, 0, 1]),), time=0.1)
    source = LiveSource(gl, model)
    source.resize(SIZE, SIZE)
    source.render_frame(before, frame_index=0)
    frame = source.render_frame(now, frame_index=1)
    motion, reactive = scenes.pixels(frame.motion), scenes.pixels(frame.reactive)  # type: ignore[arg-type]
    camera = frame.camera
    matrix = camera.projection @ camera.view
    source.release()
    for index in range(3):
        centre = now.particles[0].positions[index]
        was = before.particles[0].positions[index] if index < 2 else centre
        clip, clip_before = matrix @ [*centre, 1.0], matrix @ [*was, 1.0]
        at = (clip[:2] / clip[3] * 0.5 + 0.5) * SIZE
        expected = (clip_before[:2] / clip_before[3] * 0.5 + 0.5) * SIZE - at
        x, y = int(at[0]), int(at[1])
        assert motion[y, x] == pytest.approx(expected, abs=0.15), index
        assert reactive[y, x, 0] > 0.5


def test_scrolling_textures_leave_the_motion_to_the_geometry(gl: moderngl.Context) -> None:
    belt = Material("belt", base_colour_texture=scenes.MATERIALS[0].base_colour_texture, uv_scroll=(0.7, 0.0))
    model = scenes.scene(scenes.box((0.6, 0.6, 0.6)))
    model = replace(model, materials=(belt, *scenes.MATERIALS[1:]))
    before = scenes.state(model)
    source = LiveSource(gl, model)
    source.resize(SIZE, SIZE)
    first = scenes.pixels(source.render_frame(before, frame_index=0).colour)
    frame = source.render_frame(replace(before, time=0.5), frame_index=jitter_repeats())
    colour, motion = scenes.pixels(frame.colour), scenes.pixels(frame.motion)
    source.release()
    assert np.abs(colour - first)[..., :3].max() > 0.1
    assert np.abs(motion).max() < 2e-3


def jitter_repeats() -> int:
    """A frame index with the jitter of frame 0 at ratio 1."""
    return 8


def test_a_node_that_no_animation_names_may_move_all_the_same(gl: moderngl.Context) -> None:
    model = replace(scenes.scene(scenes.box((0.5, 0.5, 0.5))), nodes=(Node("a", mesh=0), Node("floor", mesh=1)))
    before = scenes.state(model)
    source = LiveSource(gl, model)
    source.resize(SIZE, SIZE)
    source.render_frame(before, frame_index=0)
    now = scenes.moved(before, 0, scenes.translation(0.3, 0.0, 0.0), 0.1)
    motion = scenes.pixels(source.render_frame(now, frame_index=1).motion)
    source.release()
    assert motion[SIZE[1] // 2, SIZE[0] // 2, 0] < -2.0
