"""glTF materials with the common KHR extensions to Material."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.scene.gltf_document import Document
from app.scene.gltf_json import BadGltf, JsonObject
from app.scene.model import AlphaMode, Material, TextureUse

_WRAPS = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
_NEAREST = 9728
_ALPHA_MODES: dict[str, AlphaMode] = {"OPAQUE": "OPAQUE", "MASK": "MASK", "BLEND": "BLEND"}
_DIELECTRIC_F0 = 0.04


@dataclass(slots=True)
class _TextureReader:
    """Texture references to TextureUse, image indices as in the file; remembers which images are wanted."""

    document: Document
    images: set[int] = field(default_factory=set)

    def use(self, owner: JsonObject | None, key: str) -> TextureUse | None:
        info = owner.object(key) if owner is not None else None
        if info is None:
            return None
        index = info.index("index", self.document.count("textures"))
        if index < 0:
            raise BadGltf(f"{info.where} names no texture")
        texture = self.document.objects("textures")[index]
        image = self._source(texture)
        if image < 0:
            return None
        self.images.add(image)
        wrap, nearest = self._sampler(texture)
        texcoord = info.integer("texCoord", 0, high=255)
        transform = info.extension("KHR_texture_transform") or JsonObject({}, info.where)
        texcoord = transform.integer("texCoord", texcoord, high=255)
        if texcoord > 1:
            self.document.note("Texture coordinates beyond the second set are not used")
            texcoord = 0
        return TextureUse(
            image,
            texcoord,
            wrap,
            nearest,
            offset=transform.numbers("offset", 2, (0.0, 0.0)),  # type: ignore[arg-type]
            scale=transform.numbers("scale", 2, (1.0, 1.0)),  # type: ignore[arg-type]
            rotation=transform.number("rotation", 0.0),
        )

    def _source(self, texture: JsonObject) -> int:
        count = self.document.count("images")
        webp = texture.extension("EXT_texture_webp")
        if webp is not None and "source" in webp:
            return webp.index("source", count)
        image = texture.index("source", count)
        if image < 0:
            if texture.extension("KHR_texture_basisu") is not None:
                self.document.note("KTX2 (Basis) textures are not shown")
            else:
                self.document.note("Textures without an image are not shown")
        return image

    def _sampler(self, texture: JsonObject) -> tuple[tuple[str, str], bool]:
        index = texture.index("sampler", self.document.count("samplers"))
        if index < 0:
            return ("repeat", "repeat"), False
        sampler = self.document.objects("samplers")[index]
        wraps = tuple(_WRAPS.get(sampler.integer(key, 10497), "repeat") for key in ("wrapS", "wrapT"))
        return (wraps[0], wraps[1]), sampler.integer("magFilter", 9729) == _NEAREST


def read_materials(document: Document) -> tuple[list[Material], list[int]]:
    """The materials, whose textures name images by the file's indices, and those indices in use, ascending."""
    textures = _TextureReader(document)
    materials = [_material(document, textures, m, i) for i, m in enumerate(document.objects("materials"))]
    return materials, sorted(textures.images)


def with_image_places(material: Material, places: dict[int, int]) -> Material:
    """The same material with images numbered as decoded; textures whose image is not there are dropped."""
    from dataclasses import replace

    changed: dict[str, TextureUse | None] = {}
    for name in _TEXTURE_FIELDS:
        use: TextureUse | None = getattr(material, name)
        if use is not None:
            changed[name] = replace(use, image=places[use.image]) if use.image in places else None
    return replace(material, **changed) if changed else material  # type: ignore[arg-type]


_TEXTURE_FIELDS = (
    "base_colour_texture", "metallic_roughness_texture", "normal_texture", "occlusion_texture", "emissive_texture",
)  # fmt: skip


def _material(document: Document, textures: _TextureReader, entry: JsonObject, number: int) -> Material:
    fields: dict = {"name": entry.name(f"material {number}")}
    pbr = entry.object("pbrMetallicRoughness") or JsonObject({}, entry.where)
    fields["base_colour"] = pbr.numbers("baseColorFactor", 4, (1.0, 1.0, 1.0, 1.0))
    fields["base_colour_texture"] = textures.use(pbr, "baseColorTexture")
    fields["metallic"] = pbr.clamped("metallicFactor", 1.0)
    fields["roughness"] = pbr.clamped("roughnessFactor", 1.0)
    fields["metallic_roughness_texture"] = textures.use(pbr, "metallicRoughnessTexture")
    fields["normal_texture"] = textures.use(entry, "normalTexture")
    fields["occlusion_texture"] = textures.use(entry, "occlusionTexture")
    fields["emissive_texture"] = textures.use(entry, "emissiveTexture")
    if (normal := entry.object("normalTexture")) is not None:
        fields["normal_scale"] = normal.number("scale", 1.0)
    if (occlusion := entry.object("occlusionTexture")) is not None:
        fields["occlusion_strength"] = occlusion.clamped("strength", 1.0)
    fields["emissive"] = _emissive(entry)
    fields["alpha_mode"] = _alpha_mode(document, entry)
    fields["alpha_cutoff"] = entry.number("alphaCutoff", 0.5)
    fields["double_sided"] = entry.boolean("doubleSided")
    fields["unlit"] = entry.extension("KHR_materials_unlit") is not None
    fields |= _extension_fields(document, entry)
    if pbrsg := entry.extension("KHR_materials_pbrSpecularGlossiness"):
        fields |= _specular_glossiness(document, textures, pbrsg)
    return Material(**(fields | _own_fields(entry)))


def _emissive(entry: JsonObject) -> tuple[float, ...]:
    factor = entry.numbers("emissiveFactor", 3, (0.0, 0.0, 0.0))
    extension = entry.extension("KHR_materials_emissive_strength")
    strength = max(0.0, extension.number("emissiveStrength", 1.0)) if extension is not None else 1.0
    return tuple(max(0.0, f) * strength for f in factor)


def _alpha_mode(document: Document, entry: JsonObject) -> AlphaMode:
    mode = entry.text("alphaMode", "OPAQUE")
    if mode not in _ALPHA_MODES:
        document.note(f"The alpha mode {mode[:40]!r} is unknown: drawn opaque")
    return _ALPHA_MODES.get(mode, "OPAQUE")


def _extension_fields(document: Document, entry: JsonObject) -> dict:
    """Factors of the layered material extensions. Their textures are named as not shown."""
    fields: dict = {}
    if ior := entry.extension("KHR_materials_ior"):
        fields["ior"] = max(1.0, ior.number("ior", 1.5))
    if specular := entry.extension("KHR_materials_specular"):
        fields["specular"] = specular.clamped("specularFactor", 1.0)
        fields["specular_colour"] = specular.numbers("specularColorFactor", 3, (1.0, 1.0, 1.0))
        _note_textures(document, specular, "specular")
    if clearcoat := entry.extension("KHR_materials_clearcoat"):
        fields["clearcoat"] = clearcoat.clamped("clearcoatFactor", 0.0)
        fields["clearcoat_roughness"] = clearcoat.clamped("clearcoatRoughnessFactor", 0.0)
        _note_textures(document, clearcoat, "clear-coat")
    if transmission := entry.extension("KHR_materials_transmission"):
        fields["transmission"] = transmission.clamped("transmissionFactor", 0.0)
        _note_textures(document, transmission, "transmission")
    if sheen := entry.extension("KHR_materials_sheen"):
        fields["sheen_colour"] = sheen.numbers("sheenColorFactor", 3, (0.0, 0.0, 0.0))
        fields["sheen_roughness"] = sheen.clamped("sheenRoughnessFactor", 0.0)
        _note_textures(document, sheen, "sheen")
    return fields


def _note_textures(document: Document, extension: JsonObject, name: str) -> None:
    if any(key.endswith("Texture") for key in extension.data):
        document.note(f"Textures of the {name} extension are not used, only its factors")


def _specular_glossiness(document: Document, textures: _TextureReader, entry: JsonObject) -> dict:
    """The older workflow as a dielectric whose F0 is the specular colour (KHR_materials_specular may exceed 1),
    which is exact for its factors. Its combined texture has no counterpart and is replaced by a plain surface."""
    specular = entry.numbers("specularFactor", 3, (1.0, 1.0, 1.0))
    glossiness = entry.clamped("glossinessFactor", 1.0)
    if "specularGlossinessTexture" in entry:
        document.note("Specular-glossiness textures are not used, only their factors")
        specular, glossiness = tuple(_DIELECTRIC_F0 * s for s in specular), 0.5 * glossiness
    return {
        "base_colour": entry.numbers("diffuseFactor", 4, (1.0, 1.0, 1.0, 1.0)),
        "base_colour_texture": textures.use(entry, "diffuseTexture"),
        "metallic": 0.0,
        "roughness": 1.0 - glossiness,
        "metallic_roughness_texture": None,
        "ior": 1.5,
        "specular": 1.0,
        "specular_colour": tuple(float(np.clip(s, 0.0, 1.0)) / _DIELECTRIC_F0 for s in specular),
    }


def _own_fields(entry: JsonObject) -> dict:
    extras = entry.supersee_extras()
    if extras is None:
        return {}
    return {
        "uv_scroll": extras.numbers("uv_scroll", 2, (0.0, 0.0)),
        "mirror": extras.boolean("mirror"),
        "reactive": extras.clamped("reactive", 0.0),
    }
