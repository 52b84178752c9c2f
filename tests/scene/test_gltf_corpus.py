"""glTF files that nobody here wrote: Debian's assimp-testmodels, when installed. They open, or say why not."""

from pathlib import Path

import numpy as np
import pytest

from app.errors import SuperseeError
from app.scene.builtin import load_scene
from app.scene.evaluate import evaluate
from app.scene.framing import scene_bounds
from app.scene.model import SceneModel

MODELS = Path("/usr/share/assimp/models")
OPENS = {
    "2CylinderEngine-glTF-Binary/2CylinderEngine.glb",
    "BoxBadNormals-glTF-Binary/BoxBadNormals.glb",
    "BoxTexcoords-glTF/boxTexcoords.gltf",
    "BoxTextured-glTF/BoxTextured.gltf",
    "BoxTextured-glTF-Binary/BoxTextured.glb",
    "BoxTextured-glTF-Embedded/BoxTextured.gltf",
    "BoxTextured-glTF-pbrSpecularGlossiness/BoxTextured.gltf",
    "BoxTextured-glTF-techniqueWebGL/BoxTextured.gltf",
    "ClearCoat-glTF/ClearCoatTest.gltf",
    "IncorrectVertexArrays/Cube.gltf",
    "IndexOutOfRange/IndexOutOfRange.gltf",
    "cameras/Cameras.gltf",
    "glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf",
    "issue_3269/texcoord_crash.gltf",
    "simple_skin/simple_skin.gltf",
    "textureTransform/TextureTransformTest.gltf",
    "wrongTypes/badString.gltf",
    *(f"glTF-Asset-Generator/Mesh_PrimitiveMode/Mesh_PrimitiveMode_{i:02d}.gltf" for i in (4, 5, 6, *range(11, 16))),
}
REFUSED = {
    "draco/2CylinderEngine.gltf": "Draco-compressed geometry is not shown",
    "MissingBin/BoxTextured.gltf": "BoxTextured0.bin) is missing",
    "RecursiveNodes/RecursiveNodes.gltf": "its own ancestor",
    "IndexOutOfRange/AllIndicesOutOfRange.gltf": "point at missing vertices",
    "BoxWithInfinites-glTF-Binary/BoxWithInfinites.glb": "infinite or undefined corners",
    "TestNoRootNode/NoScene.gltf": "nothing in it to draw",
    "TestNoRootNode/SceneWithoutNodes.gltf": "nothing in it to draw",
    "wrongTypes/badArray.gltf": "primitives should be a list, not an object",
    "wrongTypes/badUint.gltf": "points at entry -1",
    "glTF-Asset-Generator/Mesh_PrimitiveMode/Mesh_PrimitiveMode_00.gltf": "Points are not shown",
}


def files(folder: str) -> list[str]:
    root = MODELS / folder
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.suffix in (".gltf", ".glb"))


pytestmark = pytest.mark.skipif(not files("glTF2"), reason="assimp-testmodels is not installed")


def opened_or_reason(name: str) -> SceneModel | str:
    try:
        return load_scene(str(MODELS / "glTF2" / name))
    except SuperseeError as error:
        return str(error)


@pytest.mark.parametrize("name", files("glTF2"))
def test_every_gltf_2_file_opens_or_gives_a_plain_error(name):
    result = opened_or_reason(name)
    if isinstance(result, str):
        assert name not in OPENS
        assert REFUSED.get(name, "") in result
        assert len(result.splitlines()) == 1
        return
    assert name not in REFUSED
    low, high = scene_bounds(result)
    assert np.isfinite([low, high]).all()
    assert (high > low).any()
    for path in result.camera_paths:
        state = evaluate(result, 0.4, path)
        assert np.isfinite([*state.camera.position, *state.camera.target, state.camera.fov_y]).all()


def test_the_known_files_are_among_them():
    assert OPENS | set(REFUSED) <= set(files("glTF2"))


@pytest.mark.parametrize("name", files("glTF"))
def test_every_gltf_1_file_is_named_as_such(name):
    with pytest.raises(SuperseeError, match=r"glTF 1\.0"):
        load_scene(str(MODELS / "glTF" / name))
