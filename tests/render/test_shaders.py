"""Shader files: includes, errors with file and line, reloading while in use."""

from __future__ import annotations

import os
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.render.flat_uniforms import pass_through_vertices
from app.render.gl_context import unbind_framebuffer
from app.render.shader_program import ShaderProgram, reload_changed
from app.render.shader_source import ShaderError, load_shader

VERTEX = "void main() { gl_Position = vec4(vec2((gl_VertexID << 1) & 2, gl_VertexID & 2) * 2.0 - 1.0, 0.0, 1.0); }\n"
FRAGMENT = '#include "part.glsl"\nout vec4 o;\nvoid main() { o = vec4(level()); }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.vert").write_text(VERTEX)
    (tmp_path / "a.frag").write_text(FRAGMENT)
    (tmp_path / "part.glsl").write_text("float level() { return 0.25; }\n")
    return tmp_path


def _write(path: Path, text: str) -> None:
    """A new time stamp even where the file system's clock is coarse."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 10_000_000, before + 10_000_000))


def _drawn(gl: moderngl.Context, program: ShaderProgram) -> int:
    target = gl.simple_framebuffer((2, 2))
    array = gl.vertex_array(program.handle, [])
    target.use()
    array.render(moderngl.TRIANGLES, vertices=3)
    value = int(np.frombuffer(target.read(), np.uint8)[0])
    array.release()
    unbind_framebuffer(gl)
    target.release()
    return value


def test_an_include_appears_once_and_defines_come_first(folder: Path) -> None:
    (folder / "twice.frag").write_text('#include "part.glsl"\n#include "part.glsl"\nvoid main() {}\n')
    source = load_shader("twice.frag", {"N": 3}, folder)
    assert source.text.count("float level()") == 1
    assert source.text.splitlines()[:2] == ["#version 430 core", "#define N 3"]
    assert [path.name for path in source.files] == ["twice.frag", "part.glsl"]


def test_a_missing_include_names_the_line_that_wants_it(folder: Path) -> None:
    (folder / "bad.frag").write_text('void f() {}\n#include "absent.glsl"\n')
    with pytest.raises(ShaderError, match=r"absent\.glsl.*wanted by bad\.frag:2"):
        load_shader("bad.frag", root=folder)


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("a.frag", FRAGMENT + "\nvoid broken() { int x = nothing; }\n", "a.frag:5:"),
        ("part.glsl", "float level() {\n    return missing + 0.25;\n}\n", "part.glsl:2:"),
    ],
)
def test_a_compile_error_names_file_and_line(
    gl: moderngl.Context, folder: Path, file: str, text: str, place: str
) -> None:
    (folder / file).write_text(text)
    with pytest.raises(ShaderError, match=r"a\.frag does not compile") as caught:
        ShaderProgram(gl, vertex="a.vert", fragment="a.frag", root=folder)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("0:3(12): error: x", "part.glsl:1: error: x"),  # Mesa
        ("0(4) : error C0000: x", "a.frag:2: error C0000: x"),  # NVIDIA
        ("ERROR: 0:5: x", "a.frag:3: x"),  # AMD and Intel on Windows
    ],
)
def test_every_drivers_way_of_naming_a_line_is_understood(folder: Path, log: str, told: str) -> None:
    source = load_shader("a.frag", {"A": 1}, folder)
    assert source.explain(log) == told


def test_a_changed_file_is_compiled_again(gl: moderngl.Context, folder: Path) -> None:
    program = ShaderProgram(gl, vertex="a.vert", fragment="a.frag", root=folder)
    assert reload_changed() == []
    before = program.handle
    _write(folder / "part.glsl", "float level() { return 0.75; }\n")
    assert reload_changed() == []
    assert program.handle is not before
    assert _drawn(gl, program) == 191
    program.release()


def test_a_broken_file_keeps_the_last_good_program_and_is_told_once(gl: moderngl.Context, folder: Path) -> None:
    program = ShaderProgram(gl, vertex="a.vert", fragment="a.frag", root=folder)
    _write(folder / "part.glsl", "float level() {\n    return oops;\n}\n")
    errors = reload_changed()
    assert len(errors) == 1
    assert "part.glsl:2:" in errors[0]
    assert _drawn(gl, program) == 64
    assert reload_changed() == []
    _write(folder / "part.glsl", "float level() { return 0.5; }\n")
    assert reload_changed() == []
    assert _drawn(gl, program) == 128
    program.release()


def test_uniforms_as_flat_inputs_draw_the_same_and_are_set_by_the_same_names(
    gl: moderngl.Context, folder: Path
) -> None:
    (folder / "a.frag").write_text(
        "uniform float low;\nuniform ivec2 counts;\nuniform vec3 unused;\nuniform sampler2D picture;\nout vec4 o;\n"
        "void main() { o = vec4(low + 0.125 * float(counts.y) + texelFetch(picture, ivec2(0), 0).r); }\n"
    )
    for flat in (False, True):
        program = ShaderProgram(gl, vertex="a.vert", fragment="a.frag", root=folder, flat=flat)
        program.set(low=0.25, counts=(9, 2), unused=(1.0, 1.0, 1.0), missing=1.0)
        assert ("uniform_low" in program.handle, "low" in program.handle) == (flat, not flat)
        assert _drawn(gl, program) == 128
        _write(folder / "a.vert", VERTEX.replace("2.0 - 1.0", "2.0 - 1.0 "))
        assert reload_changed() == []
        program.set(low=0.5, counts=(9, 2))
        assert _drawn(gl, program) == 191
        program.release()


def test_flat_inputs_keep_lines_and_stop_where_opengl_has_no_more_room(folder: Path) -> None:
    (folder / "a.frag").write_text("\n".join(f"uniform vec4 u{i};" for i in range(20)) + "\nvoid main() {}\n")
    sources = {stage: load_shader(f"a.{stage[:4]}", {}, folder) for stage in ("vertex", "fragment")}
    made, names = pass_through_vertices(sources)
    assert len(names) == 16
    assert made["fragment"].text.count("flat in vec4") == made["vertex"].text.count("flat out vec4") == 16
    assert "\nuniform vec4 u16;" in made["fragment"].text
    for stage, source in sources.items():
        assert made[stage].text.count("\n") == source.text.count("\n")
