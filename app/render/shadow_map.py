"""The sun's shadow map: an orthographic view of the whole scene, in two layers. The static one is drawn once, the
moving one every frame and looked up only where something moves: copying the first into the second would make a
software renderer wait.
"""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.gl_context import is_software, unbind_framebuffer

SIZES, SOFTWARE_SIZES = (2048, 2048), (1024, 512)  # texels a side of the static and the moving layer
_PADDING = 1.02


class ShadowMap:
    """Both layers compare (sampler2DShadow). Depth grows away from the sun, 0 to 1."""

    def __init__(self, context: moderngl.Context) -> None:
        self.size, self.moving_size = SOFTWARE_SIZES if is_software(context) else SIZES
        self._context = context
        self.static = _comparing(context, self.size)
        self.moving = _comparing(context, self.moving_size)
        self.static_target = context.framebuffer(depth_attachment=self.static)
        self.moving_target = context.framebuffer(depth_attachment=self.moving)
        self.matrix = np.eye(4)
        self.texel = 1.0

    def fit(self, towards_sun: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Aims the map at the world box between `low` and `high`."""
        back = towards_sun / np.linalg.norm(towards_sun)
        side = np.cross([0.0, 1.0, 0.0] if abs(back[1]) < 0.99 else [1.0, 0.0, 0.0], back)
        side /= np.linalg.norm(side)
        rotation = np.stack([side, np.cross(back, side), back])
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        seen = corners @ rotation.T
        centre = (seen.min(axis=0) + seen.max(axis=0)) / 2
        half = np.maximum((seen.max(axis=0) - seen.min(axis=0)) / 2 * _PADDING, 1e-3)
        matrix = np.eye(4)
        matrix[0, :3], matrix[1, :3] = rotation[0] / half[0], rotation[1] / half[1]
        matrix[0, 3], matrix[1, 3] = -centre[0] / half[0], -centre[1] / half[1]
        # Clip space with z in [0, 1]: the nearest to the sun is 0.
        matrix[2, :3], matrix[2, 3] = -rotation[2] / (2 * half[2]), 0.5 + centre[2] / (2 * half[2])
        self.matrix = matrix
        self.texel = 2.0 * float(max(half[0], half[1])) / self.size
        self.depth_range = 2.0 * float(half[2])

    @property
    def lookup_rows(self) -> np.ndarray:
        """(3, 4): world to texture coordinates and comparison depth."""
        rows = self.matrix[:3].copy()
        rows[:2] *= 0.5
        rows[:2, 3] += 0.5
        return rows

    def rectangle(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """(min x, min y, max x, max y) in texture coordinates of world boxes (n, 3), a few texels wider."""
        rows = self.lookup_rows[:2]
        centre, half = (low + high) / 2, (high - low) / 2
        at = centre @ rows[:, :3].T + rows[:, 3]
        reach = half @ np.abs(rows[:, :3]).T + 8.0 / self.moving_size
        return np.concatenate([(at - reach).min(axis=0), (at + reach).max(axis=0)])

    def release(self) -> None:
        unbind_framebuffer(self._context)
        for item in (self.static_target, self.moving_target, self.static, self.moving):
            item.release()


def _comparing(context: moderngl.Context, size: int) -> moderngl.Texture:
    texture = context.depth_texture((size, size))
    texture.compare_func = "<="
    texture.filter = moderngl.LINEAR, moderngl.LINEAR
    texture.repeat_x = texture.repeat_y = False
    return texture
