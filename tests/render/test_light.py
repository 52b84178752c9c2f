"""Energy: under an even white environment nothing shines brighter than it, and matt white looks like it."""

from __future__ import annotations

from dataclasses import replace

import moderngl
import numpy as np
import pytest

from app.render import environment
from app.render.environment import EnvironmentLight, load_environment
from app.render.live_source import LiveSource
from app.scene.model import Light, Material, Node, Sun
from tests.render import scenes

SIZE = 64, 36


@pytest.fixture
def furnace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is 1 in every direction."""
    picture = np.ones((32, 64, 3), np.float32)
    light = EnvironmentLight(
        picture.astype("f2"),
        environment._specular(picture).astype("f2"),
        environment._irradiance(picture),
    )
    monkeypatch.setattr("app.render.scene_renderer.load_environment", lambda *_: light)


def _picture(gl: moderngl.Context, material: Material) -> np.ndarray:
    model = scenes.scene(scenes.box((0.8, 0.6, 0.6)), floor=False, materials=(material,))
    live = LiveSource(gl, model)
    live.resize(SIZE, SIZE)
    colour = scenes.pixels(live.render_native(scenes.state(model)))[..., :3]
    live.release()
    return colour


@pytest.mark.parametrize("metallic", [0.0, 1.0])
@pytest.mark.parametrize("roughness", [0.05, 0.4, 1.0])
def test_white_in_a_white_furnace_is_nearly_white(
    gl: moderngl.Context, furnace: None, metallic: float, roughness: float
) -> None:
    colour = _picture(gl, Material("w", metallic=metallic, roughness=roughness))
    assert colour.max() < 1.06
    assert colour[SIZE[1] // 2, SIZE[0] // 2].min() > 0.88


@pytest.mark.parametrize("name", ["clearcoat", "sheen", "black glass"])
def test_further_lobes_do_not_make_energy(gl: moderngl.Context, furnace: None, name: str) -> None:
    extra = {
        "clearcoat": Material("c", metallic=0.0, roughness=0.6, clearcoat=1.0, clearcoat_roughness=0.1),
        "sheen": Material("s", (0.5, 0.5, 0.5, 1), metallic=0.0, sheen_colour=(0.5, 0.5, 0.5), sheen_roughness=0.5),
        "black glass": Material("b", (0, 0, 0, 1), metallic=0.0, roughness=0.05, ior=2.4),
    }[name]
    assert _picture(gl, extra).max() < 1.08


def test_the_environments_diffuse_light_agrees_with_a_direct_sum() -> None:
    light = load_environment("courtyard", True)
    picture = environment._shrunk(light.picture.astype(np.float32), 32)
    directions, solid = environment._directions(32)
    for normal in np.eye(3):
        cosine = np.maximum(directions @ normal, 0.0) * solid
        direct = (picture.reshape(-1, 3) * cosine[:, None]).sum(axis=0) / np.pi
        x, y, z = normal
        basis = np.array([1, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
        assert basis @ light.irradiance == pytest.approx(direct, rel=0.12, abs=0.02)


def test_blurred_layers_keep_the_mean_and_lose_contrast() -> None:
    specular = load_environment("courtyard", True).specular.astype(np.float32)
    deviations = specular.reshape(len(specular), -1).std(axis=1)
    assert np.all(np.diff(deviations) < 0.0)
    means = specular.reshape(len(specular), -1).mean(axis=1)
    assert means == pytest.approx(means[0], rel=0.25)


def test_the_sun_throws_a_shadow_where_geometry_says(gl: moderngl.Context) -> None:
    sun = Sun((1.0, 1.0, 0.0), (4.0, 4.0, 4.0))
    part = scenes.box((0.3, 0.3, 0.3))
    for moving in (False, True):
        model = scenes.scene(part, sun=True, environment_strength=0.1)
        model = replace(model, sun=sun, materials=(model.materials[0], Material("floor", metallic=0.0, specular=0.0)))
        camera = replace(scenes.CAMERA, position=(0.0, 6.0, 0.01), target=(0.0, 0.0, 0.0))
        state = scenes.state(model, camera=camera)
        live = LiveSource(gl, model)
        live.resize(SIZE, SIZE)
        if moving:
            live.render_frame(state, frame_index=0)
            state = scenes.moved(state, 0, scenes.translation(1.0, 0.0, 0.0), 0.1)
        colour = scenes.pixels(live.render_native(state))[..., 1]
        live.release()
        # The box is 0.6 up: its shadow's middle lies 0.6 towards -x. Seen from above, x is right.
        scale = SIZE[1] / (2 * 6.0 * np.tan(scenes.CAMERA.fov_y / 2))
        centre = (1.0 if moving else 0.0) - 0.65
        shadow = colour[SIZE[1] // 2, int(SIZE[0] / 2 + centre * scale)]
        lit = colour[SIZE[1] // 2 + 8, int(SIZE[0] / 2 + centre * scale)]
        assert shadow < 0.25 * lit


def test_a_lit_plane_has_no_shadow_acne(gl: moderngl.Context) -> None:
    model = scenes.scene(scenes.box((0.2, 0.2, 0.2)), sun=True)
    plain = Material("floor", metallic=0.0, roughness=1.0, specular=0.0)
    for height in (0.15, 0.5, 1.0):
        grazing = replace(model, sun=Sun((1.0, height, 0.3)), materials=(model.materials[0], plain))
        live = LiveSource(gl, grazing)
        live.resize(SIZE, SIZE)
        camera = replace(scenes.CAMERA, position=(2.0, 1.5, 3.0), target=(2.0, 0.0, 0.0))
        colour = scenes.pixels(live.render_native(scenes.state(grazing, camera=camera)))[..., 1]
        live.release()
        floor = colour[-10:, 10:-10]
        assert floor.std() < 0.02 * floor.mean(), height


def test_spot_lights_end_at_their_cone_and_their_range(gl: moderngl.Context) -> None:
    def lit(kind: str, reach: float) -> np.ndarray:
        light = Light(kind, (1.0, 1.0, 1.0), 20.0, reach, 0.2, 0.4)  # type: ignore[arg-type]
        model = scenes.scene(environment_strength=0.0, lights=(light,))
        model = replace(
            model, nodes=(*model.nodes, Node("lamp", light=0)),
            materials=(model.materials[0], Material("floor", metallic=0.0, specular=0.0)),
        )  # fmt: skip
        state = scenes.state(model, camera=replace(scenes.CAMERA, position=(0, 6, 0.01), target=(0, 0, 0)))
        down = np.array([[1, 0, 0, 0], [0, 0, 1, 2.0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
        state.world[0], state.world[1] = scenes.translation(0, -0.05, 0), down
        live = LiveSource(gl, model)
        live.resize(SIZE, SIZE)
        colour = scenes.pixels(live.render_native(state))[..., 1]
        live.release()
        return colour

    spot, point, short = lit("spot", 0.0), lit("point", 0.0), lit("point", 1.5)
    middle, aside = (SIZE[1] // 2, SIZE[0] // 2), (SIZE[1] // 2, SIZE[0] // 2 + 12)
    assert spot[middle] > 0.5 * point[middle] > 0.0
    assert spot[aside] < 1e-3 < point[aside]
    assert short[middle] < 1e-3
