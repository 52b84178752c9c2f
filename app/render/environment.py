"""Image-based light from a latitude-longitude EXR: the picture itself, its diffuse light as nine spherical harmonics
and its specular light blurred for six steps of roughness. Computed on the CPU at load, in a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import moderngl
import numpy as np

from app.conventions import halton
from app.errors import SuperseeError
from app.paths import ENVIRONMENTS

LAYERS = 6  # roughness 0, 0.2, .. 1
LAYER_SIZE = 256
_BRIGHTEST = 200.0  # keeps half floats and single reflections in range
_BRIGHTEST_BESIDE_SUN = 12.0  # where the scene has a sun of its own, the picture's must not shine a second time
_BLUR = ((1, 64, 128), (2, 40, 64), (3, 24, 32), (4, 24, 32), (5, 24, 32))
"""(layer, size of the octahedral grid it is computed on, rows of the picture it is computed from)"""
_SAMPLES = 64


@dataclass(frozen=True, slots=True, eq=False)
class EnvironmentLight:
    """`picture` (h, w, 3) and `specular` (LAYERS, size, size, 3) are float16 radiance; `irradiance` (9, 3) float32
    holds the coefficients that shaders/scene/lighting.glsl multiplies with polynomials of the normal."""

    picture: np.ndarray
    specular: np.ndarray
    irradiance: np.ndarray


@lru_cache(maxsize=8)
def load_environment(name: str, beside_sun: bool) -> EnvironmentLight:
    """`name` is that of a file in assets/environments without its ending."""
    path = ENVIRONMENTS / f"{name}.exr"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in ENVIRONMENTS.glob("*.exr"))) or "none"
        raise SuperseeError(f"There is no environment {name!r}", f"{ENVIRONMENTS} has: {known}")
    picture = np.minimum(_read(path), _BRIGHTEST_BESIDE_SUN if beside_sun else _BRIGHTEST)
    return EnvironmentLight(picture.astype("f2"), _specular(picture).astype("f2"), _irradiance(_shrunk(picture, 32)))


class EnvironmentTextures:
    """The picture for the sky and the blurred layers for reflections, on the GPU."""

    def __init__(self, context: moderngl.Context, light: EnvironmentLight) -> None:
        height, width = light.picture.shape[:2]
        self.sky = context.texture((width, height), 4, _with_alpha(light.picture).tobytes(), dtype="f2")
        self.sky.repeat_y = False
        size = LAYER_SIZE, LAYER_SIZE, LAYERS
        self.specular = context.texture_array(size, 4, _with_alpha(light.specular).tobytes(), dtype="f2")
        self.specular.repeat_x = self.specular.repeat_y = False
        self.specular.filter = moderngl.LINEAR, moderngl.LINEAR

    def release(self) -> None:
        self.sky.release()
        self.specular.release()


def _read(path: Path) -> np.ndarray:
    import OpenEXR

    try:
        with OpenEXR.File(str(path)) as file:
            channels = file.parts[0].channels
            pixels = next((channels[k].pixels[..., :3] for k in ("RGB", "RGBA") if k in channels), None)
    except Exception as error:  # the binding raises bare exceptions of several kinds
        raise SuperseeError(f"The environment {path.name} cannot be read", str(error)) from error
    if pixels is None or pixels.ndim != 3 or pixels.shape[1] != 2 * pixels.shape[0]:
        raise SuperseeError(
            f"The environment {path.name} cannot be used", "it is not an RGB picture twice as wide as high"
        )
    return np.nan_to_num(np.maximum(pixels.astype(np.float32), 0.0), posinf=_BRIGHTEST)


def _with_alpha(rgb: np.ndarray) -> np.ndarray:
    return np.concatenate([rgb, np.ones_like(rgb[..., :1])], axis=-1)


def _shrunk(picture: np.ndarray, rows: int) -> np.ndarray:
    """Box-filtered by halves down to (rows, 2 * rows), or as near to it as halving comes from above."""
    while picture.shape[0] >= 2 * rows and picture.shape[0] % 2 == 0:
        picture = picture[0::2] + picture[1::2]
        picture = (picture[:, 0::2] + picture[:, 1::2]) * np.float32(0.25)
    return picture


def _directions(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit directions (rows * 2 * rows, 3) of a picture's texels, and their solid angles."""
    theta = (np.arange(rows) + 0.5) * np.pi / rows
    phi = (np.arange(2 * rows) + 0.5) * np.pi / rows - np.pi
    sin = np.sin(theta)[:, None]
    grid = np.stack(
        [sin * np.sin(phi), np.broadcast_to(np.cos(theta)[:, None], (rows, 2 * rows)), -sin * np.cos(phi)], axis=-1
    )
    solid = np.broadcast_to(sin * (np.pi / rows) ** 2, (rows, 2 * rows))
    return grid.reshape(-1, 3).astype("f4"), solid.reshape(-1).astype("f4")


def _irradiance(picture: np.ndarray) -> np.ndarray:
    """Ramamoorthi and Hanrahan 2001, with the basis constants, the cosine and 1 / pi folded in."""
    d, solid = _directions(picture.shape[0])
    x, y, z = d.T
    basis = np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    norm = np.array([0.282095] + [0.488603] * 3 + [1.092548, 1.092548, 0.315392, 1.092548, 0.546274], "f4")
    cosine = np.array([1.0] + [2 / 3] * 3 + [0.25] * 5, "f4")
    projected = (basis * solid) @ picture.reshape(-1, 3)
    return (projected * (norm * norm * cosine)[:, None]).astype("f4")


def _octahedral(size: int) -> np.ndarray:
    """Directions (size * size, 3) of an octahedral map whose outermost texel centres lie on the fold, so that
    clamped bilinear lookups meet there without a seam (shaders/scene/gbuffer.glsl has the mapping)."""
    axis = np.linspace(-1.0, 1.0, size)
    x, y = np.meshgrid(axis, axis)
    z = 1.0 - np.abs(x) - np.abs(y)
    fold = np.maximum(-z, 0.0)
    d = np.stack([x - np.where(x >= 0, fold, -fold), y - np.where(y >= 0, fold, -fold), z], axis=-1).reshape(-1, 3)
    return (d / np.linalg.norm(d, axis=1, keepdims=True)).astype("f4")


def _specular(picture: np.ndarray) -> np.ndarray:
    layers = np.empty((LAYERS, LAYER_SIZE, LAYER_SIZE, 3), np.float32)
    picture = _shrunk(picture, LAYER_SIZE)
    layers[0] = _looked_up(picture, _octahedral(LAYER_SIZE)).reshape(LAYER_SIZE, LAYER_SIZE, 3)
    for layer, grid, rows in _BLUR:
        picture = _shrunk(picture, rows)
        blurred = _blurred(picture, _octahedral(grid), layer / (LAYERS - 1))
        layers[layer] = _enlarged(blurred.reshape(grid, grid, 3), LAYER_SIZE)
    return layers


def _looked_up(picture: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Bilinear lookups of `picture` in directions `d`."""
    rows, columns = picture.shape[:2]
    u = (np.arctan2(d[:, 0], -d[:, 2]) / (2 * np.pi) + 0.5) * columns - 0.5
    v = np.clip(np.arccos(np.clip(d[:, 1], -1, 1)) / np.pi * rows - 0.5, 0, rows - 1)
    u0, v0 = np.floor(u).astype(int), np.floor(v).astype(int)
    fu, fv = (u - u0)[:, None], (v - v0)[:, None]
    v1 = np.minimum(v0 + 1, rows - 1)
    top = picture[v0, u0 % columns] * (1 - fu) + picture[v0, (u0 + 1) % columns] * fu
    bottom = picture[v1, u0 % columns] * (1 - fu) + picture[v1, (u0 + 1) % columns] * fu
    return top * (1 - fv) + bottom * fv


def _blurred(picture: np.ndarray, out: np.ndarray, roughness: float) -> np.ndarray:
    """The GGX-weighted mean of the picture around each direction of `out`, for a viewer in the same direction, by
    importance sampling (Karis 2013) of a picture coarse enough for the number of samples."""
    a2 = roughness**4
    u = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    turn = 2 * np.pi * np.array([halton(i + 1, 2) for i in range(_SAMPLES)])
    cos_h = np.sqrt((1 - u) / (1 + (a2 - 1) * u))
    cos_l = 2 * cos_h * cos_h - 1
    used = cos_l > 0.0
    sin_l = np.sqrt(1 - cos_l[used] ** 2)
    local = np.stack([sin_l * np.cos(turn[used]), sin_l * np.sin(turn[used]), cos_l[used]], axis=1).astype("f4")
    up = np.where(np.abs(out[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).astype("f4")
    side = np.cross(up, out)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    frames = np.stack([side, np.cross(out, side), out], axis=1)
    directions = np.einsum("sk,okj->soj", local, frames, optimize=True).reshape(-1, 3)
    radiance = _looked_up(picture, directions).reshape(len(local), len(out), 3)
    return np.einsum("s,soc->oc", local[:, 2] / local[:, 2].sum(), radiance)


def _enlarged(grid: np.ndarray, size: int) -> np.ndarray:
    """Bilinear, corner to corner."""
    at = np.linspace(0, grid.shape[0] - 1, size)
    low = np.minimum(at.astype(int), grid.shape[0] - 2)
    f = (at - low)[:, None].astype("f4")
    weights = np.zeros((size, grid.shape[0]), "f4")
    weights[np.arange(size), low], weights[np.arange(size), low + 1] = 1 - f[:, 0], f[:, 0]
    return np.einsum("ij,jkc,lk->ilc", weights, grid, weights, optimize=True)
