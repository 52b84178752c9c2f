"""Shader programs and vertex arrays for the draws of a scene, one per combination of features, made once."""

from __future__ import annotations

from collections.abc import Iterable

import moderngl

from app.render.geometry import SKIN_VERTEX, VERTEX, Draw, PackedScene
from app.render.shader_program import ShaderProgram

_FIELDS = (("in_position", "3f"), ("in_normal", "3f"), ("in_tangent", "4f"), ("in_uv0", "2f"), ("in_uv1", "2f"),
           ("in_colour", "4f1"))  # fmt: skip
_BYTES = {"3f": 12, "4f": 16, "2f": 8, "4f1": 4}
_SKIN_FIELDS = (("in_joints", "4u2"), ("in_weights", "4f"))
_SKIN_BYTES = {"4u2": 8, "4f": 16}


class DrawPrograms:
    """`vertices(...)` hands out what to render with; nothing is made twice, reloaded programs are followed."""

    def __init__(self, context: moderngl.Context, packed: PackedScene) -> None:
        self._context = context
        self._vertices = context.buffer(packed.vertices.tobytes() or bytes(VERTEX.itemsize))
        self._skin = context.buffer(packed.skin.tobytes() or bytes(SKIN_VERTEX.itemsize))
        self._indices = context.buffer(packed.indices.tobytes() or bytes(12))
        self._morphs = context.buffer(packed.morphs.astype("f4").tobytes() or bytes(16))
        self._programs: dict[tuple[str, str, frozenset[str]], ShaderProgram] = {}
        self._arrays: dict[tuple[str, str, frozenset[str]], tuple[moderngl.Program, moderngl.VertexArray]] = {}

    def program(self, vertex: str, fragment: str, defines: frozenset[str]) -> ShaderProgram:
        key = (vertex, fragment, defines)
        if key not in self._programs:
            self._programs[key] = ShaderProgram(
                self._context, vertex=vertex, fragment=fragment, defines=dict.fromkeys(sorted(defines), "")
            )
        return self._programs[key]

    def vertices(self, vertex: str, fragment: str, defines: frozenset[str]) -> moderngl.VertexArray:
        key = (vertex, fragment, defines)
        handle = self.program(*key).handle
        made = self._arrays.get(key)
        if made is not None and made[0] is handle:
            return made[1]
        if made is not None:
            made[1].release()
        content = [_content(self._vertices, handle, _FIELDS, _BYTES)]
        if "SKINNED" in defines:
            content.append(_content(self._skin, handle, _SKIN_FIELDS, _SKIN_BYTES))
        array = self._context.vertex_array(handle, [c for c in content if len(c) > 2], self._indices)
        self._arrays[key] = handle, array  # type: ignore[assignment]
        return array

    def bind_morphs(self) -> None:
        self._morphs.bind_to_storage_buffer(1)

    def release(self) -> None:
        for _, array in self._arrays.values():
            array.release()
        for program in self._programs.values():
            program.release()
        for buffer in (self._vertices, self._skin, self._indices, self._morphs):
            buffer.release()


def geometry_defines(draw: Draw, wanted: Iterable[str]) -> frozenset[str]:
    """The defines that a draw's vertices call for; `wanted` are the attributes that the pass reads if present."""
    defines = {f"USE_{name.upper()}" for name in wanted if name in draw.attributes}
    if draw.skin >= 0:
        defines.add("SKINNED")
    if draw.morphs:
        defines.add("MORPHED")
    return frozenset(defines)


def _content(
    buffer: moderngl.Buffer, program: object, fields: Iterable[tuple[str, str]], sizes: dict[str, int]
) -> tuple:
    """moderngl's (buffer, format, names): fields that the program does not read are skipped over."""
    layout, names = [], []
    for name, kind in fields:
        used = program.get(name, None) is not None  # type: ignore[attr-defined]
        layout.append(kind if used else f"{sizes[kind]}x")
        if used:
            names.append(name)
    return (buffer, " ".join(layout), *names)
