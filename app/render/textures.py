"""A scene's images as GL textures with mip maps, and the samplers that materials ask for."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.gl_context import is_software
from app.scene.model import SceneModel, TextureUse

_SRGB8_ALPHA8 = 0x8C43
_MOST_ALPHA_BOOST = 2.5
# On llvmpipe a frame with anisotropic lookups takes thirteen times as long: there, a shader makes do with two taps.
HARDWARE_ANISOTROPY = 8.0
_LEAST_CONTRAST = 0.4  # of a cut-out's alpha against that of its full-size picture


class SceneTextures:
    """Textures are made on first use: one per image, colour space and alpha cutoff."""

    def __init__(self, context: moderngl.Context, model: SceneModel) -> None:
        self._context = context
        self._images = model.images
        self._textures: dict[tuple[int, bool, float], moderngl.Texture] = {}
        self._samplers: dict[tuple[tuple[str, str], bool, int], moderngl.Sampler] = {}
        self._last_levels: dict[tuple[int, bool, float], int] = {}
        self.software = is_software(context)
        self._anisotropy = 1.0 if self.software else min(HARDWARE_ANISOTROPY, context.max_anisotropy)

    def texture(self, use: TextureUse, *, srgb: bool, mask_cutoff: float = 0.0) -> moderngl.Texture:
        """`mask_cutoff` above 0 asks for mip maps that keep the share of texels above it."""
        key = (use.image, srgb, mask_cutoff)
        if key not in self._textures:
            self._textures[key] = self._made(*key)
        return self._textures[key]

    def sampler(self, use: TextureUse, *, srgb: bool, mask_cutoff: float = 0.0) -> moderngl.Sampler:
        """For the texture that the same arguments give."""
        last = self._last_levels.get((use.image, srgb, mask_cutoff), 1000)
        key = (use.wrap, use.nearest, last)
        if key not in self._samplers:
            sampler = self._context.sampler(
                repeat_x=use.wrap[0] != "clamp",
                repeat_y=use.wrap[1] != "clamp",
                filter=(moderngl.NEAREST_MIPMAP_NEAREST, moderngl.NEAREST)
                if use.nearest
                else (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR),
                anisotropy=1.0 if use.nearest else self._anisotropy,
                max_lod=float(last),
            )
            self._samplers[key] = sampler
        return self._samplers[key]

    def warm_up(self) -> None:
        """Makes mip maps of four pixels: what a driver compiles for them is then not added to a big image's."""
        for internal_format in (None, _SRGB8_ALPHA8):
            texture = self._context.texture((2, 2), 4, bytes(16), internal_format=internal_format)
            texture.build_mipmaps()
            texture.release()

    def release(self) -> None:
        for item in (*self._textures.values(), *self._samplers.values()):
            item.release()

    def _made(self, image: int, srgb: bool, cutoff: float) -> moderngl.Texture:
        pixels = np.ascontiguousarray(self._images[image].pixels)
        size = pixels.shape[1], pixels.shape[0]
        texture = self._context.texture(size, 4, pixels.tobytes(), internal_format=_SRGB8_ALPHA8 if srgb else None)
        texture.build_mipmaps()
        if cutoff > 0.0:
            mips = coverage_mips(pixels, cutoff)
            for level, mip in enumerate(mips, start=1):
                texture.write(mip.tobytes(), level=level)
            self._last_levels[image, srgb, cutoff] = len(mips)
        return texture


def coverage_mips(pixels: np.ndarray, cutoff: float) -> list[np.ndarray]:
    """Levels 1.. of RGBA8 sRGB pixels whose alpha is scaled so that the share of texels above `cutoff` stays the
    one of level 0: leaves and wires do not thin out with distance (Castano 2010).

    They end where the pattern has blurred into an even grey, which a cutoff could only turn into all or nothing:
    beyond, a mesh stays a mesh, aliases, and is for the accumulation of jittered frames to resolve.
    """
    threshold = cutoff * 255.0
    coverage = float((pixels[..., 3] > threshold).mean())
    level = pixels.astype(np.float32)
    contrast = float(level[..., 3].std())
    level[..., :3] = (level[..., :3] / 255.0) ** 2.2
    mips = []
    while max(level.shape[:2]) > 1:
        level = _halved(level)
        mip = np.empty(level.shape, np.uint8)
        mip[..., :3] = level[..., :3] ** (1 / 2.2) * 255.0 + 0.5
        alpha = level[..., 3]
        if alpha.std() < _LEAST_CONTRAST * contrast:
            break
        reached = float(np.quantile(alpha, 1.0 - coverage)) if 0.0 < coverage < 1.0 else threshold
        # A thin mesh whose wires are finer than this level would turn into a solid sheet: it fades out instead.
        boost = min(threshold / max(reached, 1.0), _MOST_ALPHA_BOOST)
        mip[..., 3] = np.clip(alpha * boost + 0.5, 0.0, 255.0)
        mips.append(mip)
    return mips


def _halved(level: np.ndarray) -> np.ndarray:
    """Box-filtered to half size, rounded down as OpenGL does; colour weighted by alpha against dark fringes."""
    height, width = level.shape[:2]
    rows, columns = max(height // 2, 1), max(width // 2, 1)
    # Strided sums: a reduction over two short axes takes several times as long.
    second_row, second_column = min(1, height - 1), min(1, width - 1)
    corners = [level[row::2, column::2][:rows, :columns] for row in (0, second_row) for column in (0, second_column)]
    out = np.empty((rows, columns, 4), np.float32)
    weights = [corner[..., 3:] + 1.0 for corner in corners]
    out[..., :3] = sum(c[..., :3] * w for c, w in zip(corners, weights)) / sum(weights)
    out[..., 3] = sum(corner[..., 3] for corner in corners) * np.float32(0.25)
    return out
