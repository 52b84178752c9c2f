"""Drawing one triangle that covers the target: the shape of every image pass."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from app.render.gl_context import is_software
from app.render.shader_program import ShaderProgram

_MIX = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA


class FullscreenPass:
    """A fragment shader run over a framebuffer. Sets the GL state it needs, so that nothing leaks in."""

    def __init__(self, context: moderngl.Context, fragment: str, defines: Mapping[str, object] | None = None) -> None:
        self._context = context
        self.program = ShaderProgram(context, fragment=fragment, defines=defines, flat=is_software(context))
        self._drawn = self.program.handle
        self._vertices = context.vertex_array(self._drawn, [])

    def draw(
        self,
        target: moderngl.Framebuffer,
        textures: Mapping[str, moderngl.Texture] = {},
        *,
        additive: bool = False,
        mean: bool = False,
        **uniforms: object,
    ) -> None:
        """Binds `textures` to samplers by name, sets `uniforms`, and covers `target`; or adds to it (`additive`), or
        mixes with it by the shader's alpha (`mean`), without a division by alpha."""
        self._follow_reload()
        for unit, (name, texture) in enumerate(textures.items()):
            texture.use(unit)
            self.program.set(**{name: unit})
        self.program.set(**uniforms)
        target.use()
        self._context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._context.wireframe = False
        if additive or mean:
            self._context.enable(moderngl.BLEND)
            self._context.blend_func = (moderngl.ONE, moderngl.ONE) if additive else _MIX
        self._vertices.render(moderngl.TRIANGLES, vertices=3)
        if additive or mean:
            self._context.disable(moderngl.BLEND)

    def release(self) -> None:
        self._vertices.release()
        self.program.release()

    def _follow_reload(self) -> None:
        if self.program.handle is not self._drawn:
            self._vertices.release()
            self._drawn = self.program.handle
            self._vertices = self._context.vertex_array(self._drawn, [])
