"""Draws one scene from one view into one set of targets: geometry, lighting, sky, glass, particles.

Deferred: small triangles then cost a surface lookup and not a whole light evaluation, and shading is one fullscreen
pass whose cost depends on pixels alone.
"""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.blocks import FRAME, LIGHTING, View, frame_block, lighting_block, punctual_nodes
from app.render.draw_programs import DrawPrograms
from app.render.environment import EnvironmentTextures, load_environment
from app.render.fullscreen import FullscreenPass
from app.render.geometry import moving_nodes, pack_scene
from app.render.gl_functions import CLIP_DISTANCE0
from app.render.materials import LOBE, MAX_LOBES, SceneMaterials
from app.render.objects import ObjectBlocks
from app.render.particles_pass import ParticlesPass
from app.render.scene_draws import Item, SceneDraws
from app.render.shader_program import ShaderProgram
from app.render.shadow_pass import ShadowPass
from app.render.targets import RenderTargets, zero_to_one_depth
from app.render.textures import SceneTextures
from app.scene.model import SceneModel
from app.scene.state import SceneState

_STATIC_SHADOW_UNIT, _SPECULAR_UNIT, _MOVING_SHADOW_UNIT, _UNITS = 5, 6, 7, 8
SAMPLES_PER_LOAD = 24  # extra light evaluations that cost about as much as the plain lighting pass


class SceneRenderer:
    """`prepare` once for a state and the one before it, then `draw` any number of views of it."""

    def __init__(self, context: moderngl.Context, model: SceneModel, textures: SceneTextures | None = None) -> None:
        """`textures`: the model's, if some are uploaded already; they are then the renderer's."""
        self._context = context
        self.model = model
        self._textures = textures or SceneTextures(context, model)
        self._materials = SceneMaterials(context, model, self._textures)
        self._light = load_environment(model.environment, model.sun is not None)
        self._environment = EnvironmentTextures(context, self._light)
        self._frame_buffer = context.buffer(reserve=FRAME.itemsize)
        self._lighting_buffer = context.buffer(reserve=LIGHTING.itemsize)
        table = np.zeros(MAX_LOBES, LOBE)
        table[: len(self._materials.lobes)] = self._materials.lobes
        self._lobe_buffer = context.buffer(table.tobytes())
        self._particles = ParticlesPass(context, model)
        self._sky = ShaderProgram(context, vertex="scene/sky.vert", fragment="scene/sky.frag")
        self._sky_array: tuple[object, moderngl.VertexArray] | None = None
        self._lighting_passes: dict[bool, FullscreenPass] = {}
        self._shadows = ShadowPass(context, model)
        self._moving = moving_nodes(model)
        self._built_world: np.ndarray | None = None
        self._state: SceneState | None = None

    @property
    def mirror_height(self) -> float | None:
        """World y of the mirror plane where a material of the scene shows it."""
        return self.model.mirror_height if self._materials.has_mirror else None

    def prepare(self, state: SceneState, previous: SceneState) -> None:
        """Uploads where everything is; `previous` is `state` itself where there is no history."""
        self._follow_world(state)
        self._state = state
        self._objects.write(state, previous)
        self._particles.write(state, previous)
        self._boxes = self._draws.boxes(state)
        self._inside_out = self._objects.mirrored(state)
        block = lighting_block(self.model, state, self._light.irradiance)
        with zero_to_one_depth():
            self._shadows.draw(state, block, self._draws, self._boxes, self._programs, self._objects, self._materials)
        self._lighting_buffer.write(block.tobytes())

    def draw(
        self,
        view: View,
        targets: RenderTargets,
        *,
        shading_load: float = 1.0,
        mirror: moderngl.Texture | None = None,
    ) -> None:
        """`mirror` is the colour of a view through the mirror plane, which mirror materials then show."""
        assert self._state is not None, "prepare comes first"
        self._frame_buffer.write(frame_block(view, self._state.time).tobytes())
        matrix = view.jittered_projection @ view.view
        opaque, blended = self._draws.visible(self._boxes, matrix)
        if view.clip_plane is not None:
            opaque = [item for item in opaque if not item.mirror]
        self._bind_shared()
        with zero_to_one_depth():
            if view.clip_plane is not None:
                self._context.enable_direct(CLIP_DISTANCE0)
            self._draw_geometry(opaque, targets, through_mirror=view.clip_plane is not None)
            self._context.disable_direct(CLIP_DISTANCE0)
            self._draw_lighting(targets, shading_load, mirror)
            if view.clip_plane is not None:
                self._context.enable_direct(CLIP_DISTANCE0)
            self._draw_blended(blended, targets, through_mirror=view.clip_plane is not None)
            self._context.disable_direct(CLIP_DISTANCE0)
        self._leave_state()

    def release(self) -> None:
        if self._built_world is not None:
            self._objects.release()
            self._programs.release()
        if self._sky_array is not None:
            self._sky_array[1].release()
        for drawn in self._lighting_passes.values():
            drawn.release()
        for item in (
            self._sky, self._shadows, self._particles, self._lobe_buffer, self._lighting_buffer, self._frame_buffer,
            self._environment, self._materials, self._textures,
        ):  # fmt: skip
            item.release()

    def _follow_world(self, state: SceneState) -> None:
        """Packs the geometry; again if something moves that no animation of the file moves."""
        if self._built_world is not None:
            strayed = np.nonzero(np.any(state.world != self._built_world, axis=(1, 2)))[0]
            strays = set(strayed.tolist()) - self._moving
            if not strays:
                return
            self._moving |= strays
            self._objects.release()
            self._programs.release()
        self._built_world = state.world.copy()
        packed = pack_scene(self.model, state.world, self._moving)
        self._programs = DrawPrograms(self._context, packed)
        self._objects = ObjectBlocks(self._context, packed.draws)
        self._draws = SceneDraws(packed, self._materials)
        self._shadows.invalidate()

    def _bind_shared(self) -> None:
        self._frame_buffer.bind_to_uniform_block(0)
        self._lighting_buffer.bind_to_uniform_block(1)
        self._lobe_buffer.bind_to_uniform_block(4)
        self._objects.bind_joints()
        self._programs.bind_morphs()

    def _draw_geometry(self, items: list[Item], targets: RenderTargets, through_mirror: bool) -> None:
        context = self._context
        targets.geometry.use()
        targets.geometry.clear(depth=0.0)
        context.disable(moderngl.BLEND)
        context.enable(moderngl.DEPTH_TEST)
        context.depth_func = ">="
        extra = frozenset({"CLIPPED"}) if through_mirror else frozenset()
        self._draw_items(items, "scene/surface.frag", extra, through_mirror)
        context.clear_samplers(0, _UNITS)
        self._environment.sky.use(0)
        context.disable(moderngl.CULL_FACE)
        self._sky_vertices().render(moderngl.TRIANGLES, vertices=3)

    def _draw_items(self, items: list[Item], fragment: str, extra: frozenset[str], through_mirror: bool) -> None:
        bound = None
        for item in items:
            if item.material is not bound:
                bound = item.material
                self._materials.bind(bound)
                self._cull(bound.material.double_sided)
            turned = (id(item.draw) in self._inside_out) != through_mirror
            # The projection flips y, and so the winding: what glTF calls counter-clockwise arrives clockwise.
            self._context.front_face = "ccw" if turned else "cw"
            self._objects.bind(item.draw)
            array = self._programs.vertices("scene/surface.vert", fragment, item.surface | extra)
            array.render(moderngl.TRIANGLES, vertices=item.draw.count, first=item.draw.first)

    def _cull(self, double_sided: bool) -> None:
        if double_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)

    def _draw_lighting(self, targets: RenderTargets, load: float, mirror: moderngl.Texture | None) -> None:
        self._bind_light_maps()
        textures = {"depthMap": targets.depth, "baseMap": targets.base, "normalMap": targets.normal}
        if mirror is not None:
            textures["mirrorMap"] = mirror
        self._lighting_pass(mirror is not None).draw(
            targets.lit,
            textures,
            additive=True,
            extraSamples=round((max(load, 1.0) - 1.0) * SAMPLES_PER_LOAD),
        )

    def _draw_blended(self, items: list[Item], targets: RenderTargets, through_mirror: bool) -> None:
        if not items and not self._particles.any:
            return
        context = self._context
        context.clear_samplers(0, _UNITS)
        self._bind_light_maps()
        targets.blended.depth_mask = False
        targets.blended.use()
        context.enable(moderngl.BLEND | moderngl.DEPTH_TEST)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        extra = self._light_defines() | ({"CLIPPED"} if through_mirror else set())
        self._draw_items(items, "scene/blend.frag", frozenset(extra), through_mirror)
        if self._particles.any:
            context.disable(moderngl.CULL_FACE)
            self._particles.draw_colour(through_mirror)
            context.disable(moderngl.BLEND)
            targets.moving.depth_mask = False
            targets.moving.use()
            self._particles.draw_motion()

    def _bind_light_maps(self) -> None:
        self._environment.specular.use(_SPECULAR_UNIT)
        self._shadows.bind(_STATIC_SHADOW_UNIT, _MOVING_SHADOW_UNIT)

    def _light_defines(self) -> set[str]:
        defines = set()
        if self._shadows.active:
            defines.add("SHADOWS")
        if self._materials.has_lobes:
            defines.add("LOBES")
        if punctual_nodes(self.model):
            defines.add("PUNCTUAL")
        return defines

    def _lighting_pass(self, mirror: bool) -> FullscreenPass:
        if mirror not in self._lighting_passes:
            defines = self._light_defines() | ({"MIRROR"} if mirror else set())
            self._lighting_passes[mirror] = FullscreenPass(
                self._context, "scene/light.frag", dict.fromkeys(sorted(defines), "")
            )
        return self._lighting_passes[mirror]

    def _sky_vertices(self) -> moderngl.VertexArray:
        handle = self._sky.handle
        if self._sky_array is None or self._sky_array[0] is not handle:
            if self._sky_array is not None:
                self._sky_array[1].release()
            self._sky_array = handle, self._context.vertex_array(handle, [])
        return self._sky_array[1]

    def _leave_state(self) -> None:
        """Other passes, and Qt's painter, expect OpenGL's own defaults."""
        context = self._context
        context.clear_samplers(0, _UNITS)
        context.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        context.front_face = "ccw"
        context.depth_func = "<"
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
