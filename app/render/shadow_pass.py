"""Draws the sun's shadow map: what never moves once, what moves once a state."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.blocks import scene_sun
from app.render.draw_programs import DrawPrograms
from app.render.materials import SceneMaterials
from app.render.objects import ObjectBlocks
from app.render.scene_draws import Item, SceneDraws
from app.render.shadow_map import ShadowMap
from app.scene.model import SceneModel
from app.scene.state import SceneState

_FLAT = 0.01  # a piece this much lower than wide (a floor) throws no shadow worth widening the map for
_MAX_PENUMBRA = 4.0  # texels


class ShadowPass:
    def __init__(self, context: moderngl.Context, model: SceneModel) -> None:
        self._context = context
        self._model = model
        self._map: ShadowMap | None = None
        self._static_done = False
        self._drawn_state: SceneState | None = None

    @property
    def active(self) -> bool:
        return self._map is not None

    def invalidate(self) -> None:
        """The geometry was packed anew."""
        self._static_done, self._drawn_state = False, None

    def bind(self, static_unit: int, moving_unit: int) -> None:
        if self._map is not None:
            self._map.static.use(static_unit)
            self._map.moving.use(moving_unit)

    def draw(
        self,
        state: SceneState,
        lighting: np.ndarray,
        draws: SceneDraws,
        boxes: tuple[np.ndarray, np.ndarray],
        programs: DrawPrograms,
        objects: ObjectBlocks,
        materials: SceneMaterials,
    ) -> None:
        """Brings the map up to date with `state` and writes its fields of the lighting block."""
        casters = [item for item in draws.items if not item.material.blended]
        sun = scene_sun(self._model, state)
        if sun is None or not casters:
            return
        if self._map is None:
            self._map = ShadowMap(self._context)
        direction = lighting["sun_direction"][:3].astype(float)
        if not self._static_done:
            self._map.fit(direction, *_bounds(draws, boxes))
        moving = [item for item in casters if not item.static]
        if self._drawn_state is not state:
            objects.bind_joints()
            programs.bind_morphs()
            self._set_state()
            if not self._static_done:
                still = [item for item in casters if item.static]
                self._draw_items(still, self._map.static_target, programs, objects, materials)
                self._static_done = True
            if moving:
                self._draw_items(moving, self._map.moving_target, programs, objects, materials)
            self._context.polygon_offset = 0.0, 0.0
            self._context.clear_samplers(0, 8)
            self._drawn_state = state
        if moving:
            inside = [i for i, item in enumerate(draws.items) if not item.static and not item.material.blended]
            low, high = boxes[0][inside] - boxes[1][inside], boxes[0][inside] + boxes[1][inside]
            lighting["shadow_moving"] = self._map.rectangle(low, high)
        lighting["sun_irradiance"][3] = 1.0
        lighting["shadow_rows"] = self._map.lookup_rows
        penumbra = np.clip(sun.angular_radius * 4.0 / self._map.texel, 1.3, _MAX_PENUMBRA)
        coarser = (self._map.size / self._map.moving_size) ** 0.5  # the rest is polygon offset
        lighting["shadow_scale"] = self._map.texel, 1.0 / self._map.size, penumbra, coarser

    def release(self) -> None:
        if self._map is not None:
            self._map.release()

    def _set_state(self) -> None:
        self._context.disable(moderngl.BLEND | moderngl.CULL_FACE)
        self._context.enable(moderngl.DEPTH_TEST)
        self._context.depth_func = "<="
        self._context.polygon_offset = 1.5, 2.0

    def _draw_items(
        self,
        items: list[Item],
        target: moderngl.Framebuffer,
        programs: DrawPrograms,
        objects: ObjectBlocks,
        materials: SceneMaterials,
    ) -> None:
        assert self._map is not None
        target.use()
        target.clear(depth=1.0)
        matrix = tuple(self._map.matrix.T.ravel())
        for item in items:
            key = "scene/depth.vert", "scene/depth.frag", item.depth
            array = programs.vertices(*key)
            programs.program(*key).set(sunProjection=matrix)
            materials.bind(item.material)
            objects.bind(item.draw)
            array.render(moderngl.TRIANGLES, vertices=item.draw.count, first=item.draw.first)


def _bounds(draws: SceneDraws, boxes: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """World box of everything that throws a shadow."""
    centres, extents = boxes
    tall = extents[:, 1] > _FLAT * np.maximum(extents[:, 0], extents[:, 2])
    if not tall.any():
        tall[:] = True
    return (centres - extents)[tall].min(axis=0), (centres + extents)[tall].max(axis=0)
