"""A program made from shader files, which can be reloaded while it is in use."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path

import moderngl

from app.paths import SHADERS
from app.render.flat_uniforms import pass_through_vertices
from app.render.shader_source import ShaderError, ShaderSource, load_shader

_FULLSCREEN_VERTEX = "common/fullscreen.vert"
_live: weakref.WeakSet[ShaderProgram] = weakref.WeakSet()


class ShaderProgram:
    """Either a compute shader or a vertex and a fragment shader. `handle` is moderngl's program, a new object after
    every reload: whoever keeps vertex arrays compares it and makes them anew.

    A reload that fails raises ShaderError and leaves the last good program in place. `flat`: see flat_uniforms.py.
    """

    def __init__(
        self,
        context: moderngl.Context,
        *,
        vertex: str = _FULLSCREEN_VERTEX,
        fragment: str = "",
        compute: str = "",
        defines: Mapping[str, object] | None = None,
        root: Path = SHADERS,
        flat: bool = False,
    ) -> None:
        self._context = context
        self._names = {"compute": compute} if compute else {"vertex": vertex, "fragment": fragment}
        self._defines = dict(defines or {})
        self._root = root
        self._flat = flat
        self._set_as: dict[str, str] = {}
        self._stamp: dict[Path, int] = {}
        self.handle = self._build()
        _live.add(self)

    def set(self, **uniforms: object) -> None:
        """Sets uniforms by name; one that the compiler optimised away is passed over."""
        for name, value in uniforms.items():
            member = self.handle.get(self._set_as.get(name, name), None)
            if isinstance(member, moderngl.Uniform):
                member.value = value

    def reload_if_changed(self) -> bool:
        """Compiles again if a source file changed on disk; True if the program is a new one."""
        now = {path: path.stat().st_mtime_ns for path in self._stamp if path.exists()}
        if now == self._stamp:
            return False
        # Remembered before compiling, so that a broken file is reported once and not at every look.
        self._stamp = now
        old, self.handle = self.handle, self._build()
        old.release()
        return True

    def release(self) -> None:
        _live.discard(self)
        self.handle.release()

    def _build(self) -> moderngl.Program | moderngl.ComputeShader:
        sources = {stage: load_shader(name, self._defines, self._root) for stage, name in self._names.items() if name}
        stamp = {path: path.stat().st_mtime_ns for source in sources.values() for path in source.files}
        set_as: dict[str, str] = {}
        if self._flat:
            sources, set_as = pass_through_vertices(sources)
        try:
            if "compute" in sources:
                program = self._context.compute_shader(sources["compute"].text)
            else:
                program = self._context.program(
                    vertex_shader=sources["vertex"].text,
                    fragment_shader=sources["fragment"].text if "fragment" in sources else None,
                )
        except moderngl.Error as error:
            raise ShaderError(_failure(self._names, sources, str(error))) from error
        self._stamp, self._set_as = stamp, set_as
        return program


def reload_changed() -> list[str]:
    """Recompiles every live program whose files changed; the messages of those that failed (each keeps its last good
    program). Call it on a key or once in a while, with the GL context current."""
    errors: list[str] = []
    for program in sorted(_live, key=lambda p: tuple(p._names.values())):
        try:
            program.reload_if_changed()
        except ShaderError as error:
            if str(error) not in errors:
                errors.append(str(error))
    return errors


def _failure(names: dict[str, str], sources: dict[str, ShaderSource], log: str) -> str:
    # moderngl says which stage failed in a title line: "vertex_shader" or "fragment_shader".
    stage = next((s for s in sources if f"{s}_shader" in log.replace(" ", "_").lower()), next(iter(sources)))
    return f"The shader {names[stage]} does not compile:\n{sources[stage].explain(log).strip()}"
