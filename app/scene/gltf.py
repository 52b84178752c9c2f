"""Any glTF 2.0 file (.gltf with its files, or .glb) as a SceneModel.

What a file asks for and we do not do is named in the model's `notes`; the rest is shown. The JSON is read by our
own checked reader (gltf_json.py): files are untrusted, and every wrong type, size and index must end in a plain
message. Nothing here knows about OpenGL.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.errors import SuperseeError
from app.scene.framing import default_path, has_geometry, paths_from_cameras
from app.scene.gltf_accessors import AccessorReader
from app.scene.gltf_animations import read_animations
from app.scene.gltf_document import Document, open_document
from app.scene.gltf_extras import SceneExtras, read_scene_extras
from app.scene.gltf_geometry import read_meshes
from app.scene.gltf_images import ImageLoading
from app.scene.gltf_json import BadGltf
from app.scene.gltf_materials import read_materials, with_image_places
from app.scene.gltf_nodes import NodeCamera, read_cameras, read_lights, read_nodes, read_skins
from app.scene.model import Animation, Material, SceneModel, Sun

SHOWN_EXTENSIONS = frozenset({
    "EXT_mesh_gpu_instancing", "EXT_texture_webp", "KHR_lights_punctual", "KHR_materials_clearcoat",
    "KHR_materials_emissive_strength", "KHR_materials_ior", "KHR_materials_pbrSpecularGlossiness",
    "KHR_materials_sheen", "KHR_materials_specular", "KHR_materials_transmission", "KHR_materials_unlit",
    "KHR_mesh_quantization", "KHR_texture_transform",
})  # fmt: skip
PLAIN_ENVIRONMENT = "sunset"
"""Around files that bring no light of their own: even, and with detail enough to watch behind a moving camera."""
PLAIN_SUN = Sun(radiance=(2.0, 1.9, 1.75))

# Nothing to see: metadata, and alternatives to what the file shows by itself.
_INVISIBLE_EXTENSIONS = frozenset({"KHR_materials_variants", "KHR_xmp", "KHR_xmp_json_ld", "AGI_articulations"})
# These say it themselves, more precisely, where the file meets them.
_NOTED_WHERE_USED = frozenset({"KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu"})


def load_gltf(path: Path) -> SceneModel:
    """Load a .gltf or .glb file. Raises SuperseeError for a file that is missing, broken or empty."""
    try:
        if not path.is_file():
            why = "it is a folder" if path.is_dir() else "there is no such file"
            raise SuperseeError(f"The scene {path} cannot be opened", why, "Give the path of a .gltf or .glb file.")
        return _read(open_document(path))
    except BadGltf as error:
        raise SuperseeError(f"The scene {path} cannot be opened", str(error), "") from error
    except OSError as error:
        raise SuperseeError(f"The scene {path} cannot be read", error.strerror or str(error), "") from error
    except MemoryError as error:
        raise SuperseeError(f"The scene {path} cannot be opened", "it does not fit into memory", "") from error


def _read(document: Document) -> SceneModel:
    _note_extensions(document)
    materials, wanted_images = read_materials(document)
    with ImageLoading(document, wanted_images) as loading:
        model, cameras = _read_contents(document, materials)
        images, places = loading.finish()
    model = replace(
        model,
        materials=tuple(with_image_places(m, places) for m in materials),
        images=tuple(images),
        notes=tuple(document.notes),
    )
    if not has_geometry(model):
        raise BadGltf("; ".join(["there is nothing in it to draw", *document.notes]))
    return model if model.camera_paths else _with_paths(model, cameras)


def _read_contents(document: Document, materials: list[Material]) -> tuple[SceneModel, list[NodeCamera]]:
    """Everything but the materials' images, and the cameras that nodes carry."""
    accessors = AccessorReader(document)
    meshes = read_meshes(document, accessors, materials)
    nodes = read_nodes(document, accessors, meshes)
    skins = read_skins(document, accessors, nodes, meshes)
    animations = read_animations(document, accessors, nodes, meshes)
    _note_conflicts(document, animations)
    lights = read_lights(document)
    ours = read_scene_extras(document, nodes) or SceneExtras(PLAIN_ENVIRONMENT, sun=None if lights else PLAIN_SUN)
    model = SceneModel(
        name=document.path.stem,
        nodes=tuple(nodes),
        meshes=tuple(meshes),
        materials=(),
        images=(),
        skins=tuple(skins),
        animations=tuple(animations),
        lights=tuple(lights),
        emitters=ours.emitters,
        camera_paths=ours.camera_paths,
        environment=ours.environment,
        environment_strength=ours.environment_strength,
        sun=ours.sun,
        exposure=ours.exposure,
        mirror_height=ours.mirror_height,
    )
    return model, read_cameras(document, nodes)


def _with_paths(model: SceneModel, cameras: list[NodeCamera]) -> SceneModel:
    """A path around the scene, and one for each camera in the file; a camera that moves by itself comes first."""
    moving, resting = paths_from_cameras(model, cameras)
    return replace(model, camera_paths=(*moving, default_path(model), *resting))


def _note_extensions(document: Document) -> None:
    required = set(document.root.texts("extensionsRequired"))
    asked = sorted({*document.root.texts("extensionsUsed"), *required})
    for name in asked:
        if name not in SHOWN_EXTENSIONS | _NOTED_WHERE_USED | _INVISIBLE_EXTENSIONS:
            need = "the file requires" if name in required else "the file uses"
            document.note(f"{name[:60]}, which {need}, is not shown")


def _note_conflicts(document: Document, animations: list[Animation]) -> None:
    from app.scene.animation import played_together

    played = played_together(animations)
    if len(played) < len(animations):
        names = ", ".join(repr(a.name) for a in played)
        document.note(f"Of {len(animations)} animations that move the same parts, {names} is played")
