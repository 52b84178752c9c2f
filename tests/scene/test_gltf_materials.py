"""Materials, textures and their extensions."""

import io

import numpy as np
import pytest

from app.scene import gltf_images
from app.scene.model import Material


def material_of(gltf, load, entry):
    gltf.mesh(material=0)
    gltf.json["materials"] = [entry]
    return load(gltf).materials[0]


def test_an_empty_material_has_the_defaults_of_the_specification(gltf, load):
    assert material_of(gltf, load, {"name": "default"}) == Material()


def test_metallic_roughness_is_read(gltf, load):
    pbr = {"baseColorFactor": [0.1, 0.2, 0.3, 0.4], "metallicFactor": 0.5, "roughnessFactor": 0.25}
    entry = {"pbrMetallicRoughness": pbr, "alphaMode": "MASK", "alphaCutoff": 0.3, "doubleSided": True}
    material = material_of(gltf, load, entry)
    assert (material.base_colour, material.metallic, material.roughness) == ((0.1, 0.2, 0.3, 0.4), 0.5, 0.25)
    assert (material.alpha_mode, material.alpha_cutoff, material.double_sided) == ("MASK", 0.3, True)


def test_the_khronos_extensions_are_read(gltf, load):
    material = material_of(gltf, load, {
        "emissiveFactor": [1, 0.5, 0],
        "extensions": {
            "KHR_materials_unlit": {},
            "KHR_materials_emissive_strength": {"emissiveStrength": 4},
            "KHR_materials_ior": {"ior": 1.33},
            "KHR_materials_specular": {"specularFactor": 0.5, "specularColorFactor": [1, 0, 0]},
            "KHR_materials_clearcoat": {"clearcoatFactor": 0.75, "clearcoatRoughnessFactor": 0.25},
            "KHR_materials_transmission": {"transmissionFactor": 0.875},
            "KHR_materials_sheen": {"sheenColorFactor": [0, 1, 0], "sheenRoughnessFactor": 0.5},
        },
    })  # fmt: skip
    assert material.unlit
    assert material.emissive == (4, 2, 0)
    assert (material.ior, material.specular, material.specular_colour) == (1.33, 0.5, (1, 0, 0))
    assert (material.clearcoat, material.clearcoat_roughness) == (0.75, 0.25)
    assert (material.transmission, material.sheen_colour, material.sheen_roughness) == (0.875, (0, 1, 0), 0.5)


def test_specular_glossiness_becomes_a_dielectric_with_the_same_reflectance(gltf, load):
    sg = {"diffuseFactor": [0.5, 0.5, 0.5, 1], "specularFactor": [0.2, 0.1, 0.04], "glossinessFactor": 0.75}
    material = material_of(gltf, load, {"extensions": {"KHR_materials_pbrSpecularGlossiness": sg}})
    assert (material.base_colour, material.metallic, material.roughness) == ((0.5, 0.5, 0.5, 1), 0, 0.25)
    f0 = 0.04 * np.array(material.specular_colour)  # KHR_materials_specular at an index of refraction of 1.5
    np.testing.assert_allclose(f0, (0.2, 0.1, 0.04))


def test_a_texture_carries_its_sampler_and_transform(gltf, load):
    transform = {"offset": [0.1, 0.2], "scale": [3, 4], "rotation": 0.5, "texCoord": 1}
    gltf.json["samplers"] = [{"wrapS": 33071, "wrapT": 33648, "magFilter": 9728}]
    info = {"index": gltf.texture(), "extensions": {"KHR_texture_transform": transform}}
    gltf.json["textures"][0]["sampler"] = 0
    use = material_of(gltf, load, {"pbrMetallicRoughness": {"baseColorTexture": info}}).base_colour_texture
    assert (use.wrap, use.nearest, use.texcoord) == (("clamp", "mirror"), True, 1)
    assert (use.offset, use.scale, use.rotation) == ((0.1, 0.2), (3, 4), 0.5)


def test_only_images_in_use_are_decoded_top_row_first(gltf, load):
    picture = np.zeros((2, 3, 4), np.uint8)
    picture[0, :], picture[1, :] = (255, 0, 0, 255), (0, 0, 255, 128)
    gltf.texture()  # nobody uses it
    info = {"index": gltf.texture(picture)}
    gltf.mesh(material=0)
    gltf.json["materials"] = [{"emissiveTexture": info}]
    model = load(gltf)
    assert len(model.images) == 1
    np.testing.assert_array_equal(model.images[model.materials[0].emissive_texture.image].pixels, picture)


def test_a_missing_image_is_named_and_the_rest_is_shown(gltf, load):
    gltf.mesh(material=0)
    gltf.json["images"] = [{"uri": "lost.png"}]
    gltf.json["textures"] = [{"source": 0}]
    gltf.json["materials"] = [{"emissiveTexture": {"index": 0}}]
    model = load(gltf)
    assert model.materials[0].emissive_texture is None
    assert "lost.png) is missing" in model.notes[0]


@pytest.mark.parametrize("uri", ["../secret.png", "/etc/passwd", "file:///etc/passwd", "http://example.org/a.png"])
def test_images_outside_the_folder_are_not_touched(gltf, load, uri):
    (gltf.folder.parent / "secret.png").write_bytes(b"")
    gltf.mesh(material=0)
    gltf.json["images"] = [{"uri": uri}]
    gltf.json["textures"] = [{"source": 0}]
    gltf.json["materials"] = [{"emissiveTexture": {"index": 0}}]
    model = load(gltf)
    assert model.images == ()
    assert "Textures are missing" in model.notes[0]


def test_a_broken_image_is_named(gltf, load):
    gltf.mesh(material=0)
    gltf.texture()
    view = gltf.json["bufferViews"][gltf.json["images"][0]["bufferView"]]
    gltf.binary[view["byteOffset"] + 40 : view["byteOffset"] + 60] = b"x" * 20
    gltf.json["materials"] = [{"emissiveTexture": {"index": 0}}]
    assert "is broken" in load(gltf).notes[0]


def test_sixteen_bit_grey_is_scaled_not_clipped():
    import PIL.Image

    stream = io.BytesIO()
    PIL.Image.fromarray(np.uint16([[0, 0x8000, 0xFFFF]])).save(stream, "PNG")
    pixels = gltf_images._decode(memoryview(stream.getvalue()), 64)
    assert not isinstance(pixels, str)
    assert pixels[0, :, 0].tolist() == [0, 128, 255]


def test_large_images_are_scaled_down():
    import PIL.Image

    stream = io.BytesIO()
    PIL.Image.new("RGB", (300, 100), (10, 20, 30)).save(stream, "PNG")
    pixels = gltf_images._decode(memoryview(stream.getvalue()), 150)
    assert not isinstance(pixels, str)
    assert pixels.shape == (50, 150, 4)
    assert (pixels == (10, 20, 30, 255)).all()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [9000, 60000])
def test_a_picture_too_large_for_memory_is_refused_before_it_is_decoded(side):
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    assert "is too large" in str(gltf_images._decode(memoryview(png), 4096))


def test_our_own_material_extras_are_read_and_those_of_others_ignored(gltf, load):
    ours = {"supersee": {"uv_scroll": [0.5, -1], "mirror": True, "reactive": 0.8}}
    gltf.mesh(material=0)
    gltf.json["materials"] = [{"extras": ours}, {"extras": ["anything"]}]
    first, second = load(gltf).materials
    assert (first.uv_scroll, first.mirror, first.reactive) == ((0.5, -1), True, 0.8)
    assert (second.uv_scroll, second.mirror) == ((0, 0), False)
