"""Writes a tiny recording in the layout that Blender is made to write, so that the reader is tested everywhere."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

SIZE = (16, 12)
FOV_Y = 0.7


def turned(yaw: float) -> list[list[float]]:
    """camera_to_world of a level camera in Blender's world (Z up), looking along +Y turned left by `yaw`."""
    c, s = math.cos(yaw), math.sin(yaw)
    right, up, back = (c, s, 0.0), (0.0, 0.0, 1.0), (s, -c, 0.0)
    return [[right[i], up[i], back[i], (1.0, 2.0, 3.0)[i]] for i in range(3)] + [[0.0, 0.0, 0.0, 1.0]]


def exr(path: Path, channels: dict[str, np.ndarray]) -> None:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    contiguous = {name: np.ascontiguousarray(pixels) for name, pixels in channels.items()}
    OpenEXR.File(header, contiguous).write(str(path))


def lr_channels(frame: int) -> dict[str, np.ndarray]:
    width, height = SIZE
    rng = np.random.default_rng(frame)
    distance = np.full((height, width), 4.0, np.float32)
    distance[:3] = 1e10
    vector = {"X": np.full((height, width), 1.5, np.float32), "Y": np.full((height, width), 0.5, np.float32)}
    for pixels in vector.values():
        pixels[:3] = 0.0
    channels: dict[str, np.ndarray] = {}
    for name in "RGBA":
        channels[f"ViewLayer.Combined.{name}"] = rng.random((height, width)).astype(np.float16)
    channels["ViewLayer.Depth.Z"] = distance
    for name in "ZW":
        vector[name] = np.zeros((height, width), np.float32)
    return channels | {f"ViewLayer.Vector.{name}": pixels for name, pixels in vector.items()}


def write_recording(folder: Path, frames: int = 3, yaw_per_frame: float = 0.05) -> Path:
    for name in ("lr", "ref2x"):
        (folder / name).mkdir(parents=True)
    listed = []
    for number in range(1, frames + 1):
        exr(folder / "lr" / f"{number:04}.exr", lr_channels(number))
        reference = np.random.default_rng(100 + number).random((SIZE[1] * 2, SIZE[0] * 2, 3)).astype(np.float16)
        exr(folder / "ref2x" / f"{number:04}.exr", {name: reference[..., i] for i, name in enumerate("RGB")})
        listed.append(
            {
                "file": f"{number:04}.exr",
                "jitter_px": [0.25, -0.125 * number],
                "camera_to_world": turned(yaw_per_frame * number),
            }
        )
    meta = {"lr_size": SIZE, "near": 0.1, "fov_y_rad": FOV_Y, "fps": 30, "frames": listed}
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder
