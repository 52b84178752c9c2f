"""Drawing one triangle that covers the target: the shape of every image pass."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from app.render.shader_program import ShaderProgram


class FullscreenPass:
    """A fragment shader run over a framebuffer. Sets the GL state it needs, so that nothing leaks in."""

    def __init__(
        self, context: moderngl.Context, fragment: str, defines: Mapping[str, object] | None = None
    ) -> None:
        self._context = context
        self.program = ShaderProgram(context, fragment=fragment, defines=defines)
        self._vertices = context.vertex_array(self.program.handle, [])

    def draw(
        self, target: moderngl.Framebuffer, textures: Mapping[str, moderngl.Texture] = {}, **uniforms: object
    ) -> None:
        """Binds `textures` to samplers by name, sets `uniforms`, and covers `target`."""
        if self.program.reload_if_changed():
            self._vertices.release()
            self._vertices = self._context.vertex_array(self.program.handle, [])
        for unit, (name, texture) in enumerate(textures.items()):
            texture.use(unit)
            self.program.set(**{name: unit})
        self.program.set(**uniforms)
        target.use()
        self._context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._context.wireframe = False
        self._vertices.render(moderngl.TRIANGLES, vertices=3)

    def release(self) -> None:
        self._vertices.release()
        self.program.release()
