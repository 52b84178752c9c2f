"""A program made from shader files, which can be reloaded while it is in use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import moderngl

from app.render.shader_source import ShaderError, ShaderSource, load_shader

_FULLSCREEN_VERTEX = "common/fullscreen.vert"


class ShaderProgram:
    """Either a compute shader or a vertex and a fragment shader. `handle` is moderngl's program.

    A reload that fails raises ShaderError and leaves the last good program in place.
    """

    def __init__(
        self,
        context: moderngl.Context,
        *,
        vertex: str = _FULLSCREEN_VERTEX,
        fragment: str = "",
        compute: str = "",
        defines: Mapping[str, object] | None = None,
    ) -> None:
        self._context = context
        self._names = {"compute": compute} if compute else {"vertex": vertex, "fragment": fragment}
        self._defines = dict(defines or {})
        self._stamp: dict[Path, int] = {}
        self.handle = self._build()

    def set(self, **uniforms: object) -> None:
        """Sets uniforms by name; one that the compiler optimised away is passed over."""
        for name, value in uniforms.items():
            member = self.handle.get(name, None)
            if member is not None:
                member.value = value

    def reload_if_changed(self) -> bool:
        """Compiles again if a source file changed on disk; True if the program is a new one."""
        if all(path.exists() and path.stat().st_mtime_ns == stamp for path, stamp in self._stamp.items()):
            return False
        old, self.handle = self.handle, self._build()
        old.release()
        return True

    def release(self) -> None:
        self.handle.release()

    def _build(self) -> moderngl.Program | moderngl.ComputeShader:
        sources = {stage: load_shader(name, self._defines) for stage, name in self._names.items()}
        self._stamp = {path: path.stat().st_mtime_ns for source in sources.values() for path in source.files}
        try:
            if "compute" in sources:
                return self._context.compute_shader(sources["compute"].text)
            return self._context.program(
                vertex_shader=sources["vertex"].text, fragment_shader=sources["fragment"].text
            )
        except moderngl.Error as error:
            raise ShaderError(_failure(self._names, sources, str(error))) from error


def _failure(names: dict[str, str], sources: dict[str, ShaderSource], log: str) -> str:
    # moderngl says which stage failed in a title line: "vertex_shader" or "fragment_shader".
    stage = next((s for s in sources if f"{s}_shader" in log.replace(" ", "_").lower()), next(iter(sources)))
    return f"The shader {names[stage]} does not compile:\n{sources[stage].explain(log).strip()}"
