"""Uniforms that reach a fragment shader as flat inputs, which a software renderer reads at a fraction of the cost.

Mesa's llvmpipe gathers each number of a uniform anew for every eight pixels, with some 25 instructions; a flat input is
one. The vertex shader passes the values on unchanged, so pictures stay what they are, to the bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from app.render.shader_source import ShaderSource

_UNIFORM = re.compile(r"^uniform (float|u?int|[iu]?vec([234])) (\w+);", re.MULTILINE)
_MAIN = "void main() {"
_MOST = 64
"""Numbers that OpenGL lets any vertex shader pass on."""


def pass_through_vertices(sources: Mapping[str, ShaderSource]) -> tuple[dict[str, ShaderSource], dict[str, str]]:
    """The "vertex" and "fragment" sources with the fragment's plain uniforms (no arrays, matrices, samplers or
    booleans) made flat inputs, line by line as before; and under which name each uniform is now set. More of them
    than fit stay uniforms."""
    fragment, names, count = sources["fragment"], {}, 0
    declared, assigned = "", ""

    def flat(match: re.Match[str]) -> str:
        nonlocal count, declared, assigned
        kind, size, name = match.groups()
        if count + int(size or 1) > _MOST:
            return match[0]
        count += int(size or 1)
        names[name] = f"uniform_{name}"
        declared += f"uniform {kind} {names[name]}; flat out {kind} {name}; "
        assigned += f" {name} = {names[name]};"
        return f"flat in {kind} {name};"

    text = _UNIFORM.sub(flat, fragment.text)
    vertex = sources["vertex"]
    assert _MAIN in vertex.text, f"no {_MAIN}"
    passing = vertex.text.replace(_MAIN, declared + _MAIN + assigned, 1)
    return {"vertex": replace(vertex, text=passing), "fragment": replace(fragment, text=text)}, names
