"""Materials as uniform blocks, textures and shader features."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import moderngl
import numpy as np

from app.render.textures import SceneTextures
from app.scene.model import Material, SceneModel, TextureUse

# std140, as shaders/scene/material.glsl reads it.
MATERIAL = np.dtype(
    [("base_colour", "f4", 4), ("emissive_cutoff", "f4", 4), ("metal_rough", "f4", 4), ("transparency", "f4", 4),
     ("uv_scroll", "f4", 4), ("uv_matrix", "f4", (5, 4)), ("uv_offset", "f4", (5, 4)), ("fill", "f4", 4)]
)  # fmt: skip
LOBE = np.dtype(
    [("f0", "f4", 3), ("f90", "f4"), ("clearcoat", "f4"), ("clearcoat_roughness", "f4"), ("sheen_roughness", "f4"),
     ("mirror", "f4"), ("sheen", "f4", 3), ("fill", "f4")]
)  # fmt: skip
MAX_LOBES = 255  # distinct sets of KHR parameters in a scene; later ones look like the default
_SLOTS = ("BASE_MAP", "METAL_ROUGH_MAP", "NORMAL_MAP", "OCCLUSION_MAP", "EMISSIVE_MAP")


@dataclass(frozen=True, slots=True)
class DrawnMaterial:
    """What a draw needs to know: defines (without those of the geometry), and (unit, texture, sampler) to bind."""

    material: Material
    block: int  # index into the uniform buffer
    defines: frozenset[str]
    maps: tuple[tuple[int, moderngl.Texture, moderngl.Sampler], ...]

    @property
    def blended(self) -> bool:
        return self.material.alpha_mode == "BLEND" or self.material.transmission > 0.0

    @property
    def masked(self) -> bool:
        return "ALPHA_MASK" in self.defines


class SceneMaterials:
    """`get(-1)` is the default material. `lobes` (n,) LOBE describes what the lighting pass looks up by index."""

    def __init__(self, context: moderngl.Context, model: SceneModel, textures: SceneTextures) -> None:
        materials = [*model.materials, Material()]
        lobes = [_lobe(Material())]
        blocks = np.zeros(len(materials), MATERIAL)
        self._drawn: list[DrawnMaterial] = []
        for index, material in enumerate(materials):
            blocks[index] = _block(material, _lobe_index(_lobe(material), lobes))
            defines, maps = _features(material, textures)
            self._drawn.append(DrawnMaterial(material, index, defines, maps))
        self.lobes = np.array(lobes, LOBE)
        self.has_lobes = len(lobes) > 1
        self.has_mirror = any(material.mirror for material in materials)
        self._buffer = context.buffer(blocks.tobytes())

    def get(self, index: int) -> DrawnMaterial:
        return self._drawn[index]

    def bind(self, drawn: DrawnMaterial) -> None:
        self._buffer.bind_to_uniform_block(3, offset=MATERIAL.itemsize * drawn.block, size=MATERIAL.itemsize)
        for unit, texture, sampler in drawn.maps:
            texture.use(unit)
            sampler.use(unit)

    def release(self) -> None:
        self._buffer.release()


def upload_steps(model: SceneModel, textures: SceneTextures) -> Iterator[None]:
    """Uploads the materials' images, one a step, so that a window's events get their turn in between."""
    textures.warm_up()
    yield
    for material in model.materials:
        for _ in _maps(material, _separate_uses(material), textures):
            yield


def _uses(material: Material) -> tuple[TextureUse | None, ...]:
    return (
        material.base_colour_texture, material.metallic_roughness_texture, material.normal_texture,
        material.occlusion_texture, material.emissive_texture,
    )  # fmt: skip


def _separate_uses(material: Material) -> list[TextureUse | None]:
    """By slot; without the occlusion map where it lies in the metallic-roughness one."""
    uses = list(_uses(material))
    if uses[3] is not None and uses[3] == uses[1]:
        uses[3] = None
    return uses


def _maps(
    material: Material, uses: list[TextureUse | None], textures: SceneTextures
) -> Iterator[tuple[int, moderngl.Texture, moderngl.Sampler]]:
    """(slot, texture, sampler) of each use; the texture is made as it is asked for."""
    cutoff = material.alpha_cutoff if material.alpha_mode == "MASK" else 0.0
    for slot, use in enumerate(uses):
        if use is not None:
            kind = {"srgb": slot in (0, 4), "mask_cutoff": cutoff if slot == 0 else 0.0}
            yield slot, textures.texture(use, **kind), textures.sampler(use, **kind)


def _features(material: Material, textures: SceneTextures) -> tuple[frozenset[str], tuple]:
    uses = _separate_uses(material)
    defines = {define for define, use in zip(_SLOTS, uses) if use is not None}
    if uses[3] is None and material.occlusion_texture is not None:
        defines.add("OCCLUSION_IN_METAL_ROUGH")
    maps = list(_maps(material, uses, textures))
    if textures.software and uses[0] is not None and not uses[0].nearest:
        defines.add("SOFTWARE_ANISOTROPY")
    transformed = [u for u in uses if u and (u.offset != (0, 0) or u.scale != (1, 1) or u.rotation or u.texcoord)]
    if transformed or material.uv_scroll != (0.0, 0.0):
        defines.add("UV_TRANSFORM")
    for wanted, define in (
        (material.alpha_mode == "MASK", "ALPHA_MASK"),
        (material.double_sided, "DOUBLE_SIDED"),
        (material.unlit, "UNLIT"),
    ):
        if wanted:
            defines.add(define)
    return frozenset(defines), tuple(maps)


def _lobe(material: Material) -> tuple:
    f0 = ((material.ior - 1.0) / (material.ior + 1.0)) ** 2 if material.ior > 0.0 else 1.0
    colour = tuple(min(f0 * c, 1.0) * material.specular for c in material.specular_colour)
    return (
        colour, material.specular, material.clearcoat, max(material.clearcoat_roughness, 0.045),
        max(material.sheen_roughness, 0.07), float(material.mirror), material.sheen_colour, 0.0,
    )  # fmt: skip


def _lobe_index(lobe: tuple, lobes: list[tuple]) -> int:
    if lobe in lobes:
        return lobes.index(lobe)
    if len(lobes) >= MAX_LOBES:
        return 0
    lobes.append(lobe)
    return len(lobes) - 1


def _block(material: Material, lobe: int) -> np.ndarray:
    block = np.zeros((), MATERIAL)
    block["base_colour"] = material.base_colour
    block["emissive_cutoff"] = *material.emissive, material.alpha_cutoff
    block["metal_rough"] = (
        material.metallic, material.roughness, material.normal_scale, material.occlusion_strength,
    )  # fmt: skip
    block["transparency"] = material.transmission, material.reactive, lobe / 255.0, 0.0
    block["uv_scroll"][:2] = material.uv_scroll
    for slot, use in enumerate(_uses(material)):
        use = use or TextureUse(0)
        c, s = math.cos(use.rotation), math.sin(use.rotation)
        block["uv_matrix"][slot] = c * use.scale[0], s * use.scale[1], -s * use.scale[0], c * use.scale[1]
        block["uv_offset"][slot, :3] = *use.offset, use.texcoord
    return block
