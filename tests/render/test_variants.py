"""Every variant of every scene shader compiles and links."""

from __future__ import annotations

import moderngl
import pytest

from app.render.shader_program import ShaderProgram

GEOMETRY = {
    "plain": [],
    "mapped": ["USE_UV0", "USE_TANGENT", "BASE_MAP", "METAL_ROUGH_MAP", "NORMAL_MAP", "OCCLUSION_MAP", "EMISSIVE_MAP",
               "ALPHA_MASK", "DOUBLE_SIDED", "UV_TRANSFORM"],
    "without tangents": ["USE_UV0", "USE_UV1", "USE_COLOUR", "BASE_MAP", "NORMAL_MAP", "OCCLUSION_IN_METAL_ROUGH",
                         "METAL_ROUGH_MAP", "UV_TRANSFORM", "SOFTWARE_ANISOTROPY"],
    "unlit": ["UNLIT", "USE_COLOUR"],
    "skinned": ["SKINNED"],
    "skinned and morphed through the mirror": ["SKINNED", "MORPHED", "USE_UV0", "BASE_MAP", "CLIPPED"],
}  # fmt: skip
LIGHT: tuple[tuple[str, ...], ...] = ((), ("SHADOWS",), ("LOBES", "PUNCTUAL"), ("SHADOWS", "LOBES", "PUNCTUAL"))


def _compiles(gl: moderngl.Context, vertex: str, fragment: str, defines: list[str]) -> None:
    program = ShaderProgram(gl, vertex=vertex, fragment=fragment, defines=dict.fromkeys(defines, ""))
    assert program.handle.glo > 0
    program.release()


@pytest.mark.parametrize("name", GEOMETRY)
def test_geometry(gl: moderngl.Context, name: str) -> None:
    _compiles(gl, "scene/surface.vert", "scene/surface.frag", GEOMETRY[name])
    _compiles(gl, "scene/depth.vert", "scene/depth.frag", GEOMETRY[name])


@pytest.mark.parametrize("light", LIGHT)
def test_lighting_and_blended_surfaces(gl: moderngl.Context, light: tuple[str, ...]) -> None:
    for mirror in ([], ["MIRROR"]):
        _compiles(gl, "common/fullscreen.vert", "scene/light.frag", [*light, *mirror])
    for defines in GEOMETRY.values():
        _compiles(gl, "scene/surface.vert", "scene/blend.frag", [*light, *defines])


@pytest.mark.parametrize("defines", [[], ["CLIPPED"], ["MOTION"]])
def test_particles(gl: moderngl.Context, defines: list[str]) -> None:
    _compiles(gl, "scene/particles.vert", "scene/particles.frag", defines)
