"""Built-in scenes, and scenes by path."""

import numpy as np
import pytest

from app.errors import SuperseeError
from app.paths import ENVIRONMENTS
from app.scene.builtin import BUILTIN, DEFAULT_SCENE, load_scene
from app.scene.camera_path import cut_between
from app.scene.evaluate import evaluate
from app.scene.framing import scene_bounds


def test_there_are_built_in_scenes_and_one_is_the_default():
    assert DEFAULT_SCENE in BUILTIN


@pytest.mark.parametrize("name", BUILTIN)
def test_a_built_in_scene_loads_whole(name):
    model = load_scene(name)
    assert model.name == name
    assert model.notes == ()
    assert (ENVIRONMENTS / f"{model.environment}.exr").is_file()
    assert np.isfinite(scene_bounds(model)).all()


@pytest.mark.parametrize("name", BUILTIN)
def test_a_built_in_scene_has_a_path_with_a_cut_and_evaluates_everywhere(name):
    model = load_scene(name)
    path = model.camera_paths[0]
    assert any(cut_between(path, t, t + 0.1) for t in np.arange(0, path.duration, 0.1))
    for time in np.linspace(0, path.duration, 12):
        state = evaluate(model, float(time), path)
        assert np.isfinite(state.world).all()
        assert np.isfinite(state.camera.position).all()


def test_an_unknown_name_lists_the_scenes_and_guesses():
    wrong = DEFAULT_SCENE[:-1] + "x"
    with pytest.raises(SuperseeError) as caught:
        load_scene(wrong)
    assert f"Did you mean {DEFAULT_SCENE!r}?" in str(caught.value)
    assert ", ".join(BUILTIN) in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere.glb", "some/where.gltf", ""])
def test_a_missing_file_is_one_plain_error(name):
    with pytest.raises(SuperseeError, match=r"no such file|neither built in"):
        load_scene(name)


def test_a_folder_is_not_a_scene(tmp_path):
    with pytest.raises(SuperseeError, match="it is a folder"):
        load_scene(str(tmp_path))


def test_a_file_with_an_unusual_name_opens(gltf, load):
    gltf.mesh()
    assert load(gltf, "model").name == "model"
