"""A scene that is known exactly: a painted wall before a sky, a turning and walking camera, jitter. One sample a pixel.

Each frame is written here in the layouts of other programs, by their own documents' formulas and not by ours.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.sequence.recordings import exr

SIZE = (96, 64)
FOV_Y = 0.8
NEAR = 0.1
FRAMES = 8
_WALL = 6.0  # metres ahead of the first camera, along -Z
_TOP = 1.4  # metres: above it there is sky


@dataclass(frozen=True, eq=False)
class Truth:
    colour: np.ndarray  # (h, w, 3) linear
    distance: np.ndarray  # (h, w) metres along the view axis, inf for sky
    motion: np.ndarray  # (h, w, 2) current -> previous, pixels, y down
    jitter: tuple[float, float]
    yaw: float  # radians to the left
    place: tuple[float, float, float]


def jitter_of(index: int) -> tuple[float, float]:
    return ((index * 5 % 8) / 8 - 0.4375, (index * 3 % 8) / 8 - 0.4375)


def pose_of(index: int) -> tuple[float, tuple[float, float, float]]:
    """Yaw and place: turning left, walking right and up."""
    return 0.012 * index, (0.05 * index, 0.04 * index, 0.02 * index)


def truth(index: int, size: tuple[int, int] = SIZE) -> Truth:
    jitter, (yaw, place) = jitter_of(index), pose_of(index)
    rays = _rays(size, jitter) @ _turn(yaw).T
    ahead = (-_WALL - place[2]) / rays[..., 2]  # view distance: rays go one unit ahead
    hit = np.array(place) + rays * ahead[..., None]
    is_sky = hit[..., 1] > _TOP
    before_yaw, before_place = pose_of(max(index - 1, 0))
    seen_before = np.where(is_sky[..., None], rays, hit - np.array(before_place)) @ _turn(before_yaw)
    where = np.stack([seen_before[..., 0], -seen_before[..., 1]], -1) / -seen_before[..., 2:] * _focal(size)
    now = _rays(size, jitter)
    motion = where - np.stack([now[..., 0], -now[..., 1]], -1) * _focal(size)
    return Truth(
        _painted(hit, rays, is_sky), np.where(is_sky, np.inf, ahead), motion.astype(np.float32), jitter, yaw, place
    )


def half(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float16)


def write_blender_layers(folder: Path, frames: int = FRAMES) -> Path:
    """Vector: position before minus position now in pixels, y up; Depth.Z 1e10 where nothing was hit."""
    folder.mkdir(parents=True)
    for index in range(frames):
        each = truth(index)
        channels = {f"View Layer.Combined.{name}": half(each.colour[..., i]) for i, name in enumerate("RGB")}
        distance = np.where(np.isinf(each.distance), 1e10, each.distance)
        channels["View Layer.Depth.Z"] = np.ascontiguousarray(distance, np.float32)
        channels["View Layer.Vector.X"] = np.ascontiguousarray(each.motion[..., 0], np.float32)
        channels["View Layer.Vector.Y"] = np.ascontiguousarray(-each.motion[..., 1], np.float32)
        exr(folder / f"{index + 1:04}.exr", channels)
    (folder / "jitter.json").write_text(json.dumps([jitter_of(index) for index in range(frames)]))
    return folder


def unreal_layers(index: int) -> dict[str, dict[str, np.ndarray]]:
    """Layers of Movie Render Queue: centimetres in half floats; velocity is (now - before) in clip space, y up,
    * 0.499 / 2 + 32767 / 65535, and 0 where no object wrote it (the wall stands still: its upper half, here)."""
    each = truth(index)
    clip = each.motion * [-2.0 / SIZE[0], 2.0 / SIZE[1]]
    velocity = clip * 0.499 * 0.5 + 32767.0 / 65535.0
    velocity[: SIZE[1] // 2] = 0.0
    with np.errstate(over="ignore"):
        centimetres = (each.distance * 100.0).astype(np.float16)
    return {
        "": {name: half(each.colour[..., i]) for i, name in enumerate("RGB")},
        "FinalImageMovieRenderQueue_WorldDepth": dict.fromkeys("RGB", centimetres),
        "FinalImageMovieRenderQueue_MotionVectors": {
            "R": np.ascontiguousarray(velocity[..., 0], np.float32),
            "G": np.ascontiguousarray(velocity[..., 1], np.float32),
            "B": np.zeros(SIZE[::-1], np.float32),
        },
    }


def unreal_attributes(index: int) -> dict[str, str]:
    """Unreal's axes: x forward, y right, z up, in centimetres; a yaw turns to the right."""
    yaw, (x, y, z) = pose_of(index)
    fov = 2.0 * math.atan(math.tan(FOV_Y / 2.0) * SIZE[0] / SIZE[1])
    place = {"x": -z * 100.0, "y": x * 100.0, "z": y * 100.0}
    attributes = {f"unreal/camera/curPos/{axis}": f"{value:.6f}" for axis, value in place.items()}
    turned = {"pitch": 0.0, "yaw": -math.degrees(yaw), "roll": 0.0}
    attributes |= {f"unreal/camera/curRot/{axis}": f"{value:.6f}" for axis, value in turned.items()}
    return attributes | {"unreal/camera/FinalImage/fov": f"{math.degrees(fov):.6f}"}


def write_unreal(folder: Path, frames: int = FRAMES) -> Path:
    """All passes in one file a frame."""
    import OpenEXR

    folder.mkdir(parents=True)
    for index in range(frames):
        channels = {
            f"{layer}.{name}" if layer else name: pixels
            for layer, group in unreal_layers(index).items()
            for name, pixels in group.items()
        }
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **unreal_attributes(index)}
        OpenEXR.File(header, channels).write(str(folder / f"Shot.{index:04}.exr"))
    (folder / "jitter.json").write_text(json.dumps([jitter_of(index) for index in range(frames)]))
    return folder


def write_unreal_passes(folder: Path, frames: int = FRAMES) -> Path:
    """{sequence_name}.{render_pass}.{frame_number}: a file a pass, without a camera."""
    folder.mkdir(parents=True)
    for index in range(frames):
        for layer, channels in unreal_layers(index).items():
            exr(folder / f"Shot.{layer or 'FinalImage'}.{index:04}.exr", channels)
    return folder


def view_projection(index: int) -> list[float]:
    """Rows for column vectors, with a reversed infinite depth, in a left-handed world of x forward, y right, z up
    (metres), as a capture from Unreal has it."""
    yaw, (x, y, z) = pose_of(index)
    right, up, forward = _turn(yaw)[:, 0], np.array([0.0, 1.0, 0.0]), -_turn(yaw)[:, 2]
    scale_y = 1.0 / math.tan(FOV_Y / 2.0)
    rows = []
    for axis, scale in ((right, scale_y * SIZE[1] / SIZE[0]), (up, scale_y), (np.zeros(3), 1.0), (forward, 1.0)):
        row = np.append(axis, -axis @ np.array([x, y, z])) * scale
        rows.append([-row[2], row[0], row[1], row[3]])
    rows[2] = [0.0, 0.0, 0.0, NEAR]
    return [float(value) for row in rows for value in row]


def arm_description(frames: int = FRAMES) -> dict:
    listed = []
    for index in range(frames):
        x, y = jitter_of(index)
        listed.append(
            {
                "FrameNumber": index,
                "FovX": 2.0 * math.atan(math.tan(FOV_Y / 2.0) * SIZE[0] / SIZE[1]),
                "FovY": FOV_Y,
                "CameraNearPlane": NEAR,
                "CameraFarPlane": -1.0,
                "Exposure": 1.5,
                "CameraCut": index == 0,
                "ViewProjection": view_projection(index),
                "Jitter": {"X": x, "Y": y},
                "NormalizedPerRatioJitter": [{"X": x / SIZE[0], "Y": y / SIZE[1]}],
            }
        )
    return {
        "Version": "1.0.1",
        "EmulatedFramerate": 60,
        "ReverseZ": True,
        "UpscalingRatiosIndices": {"x2_index": 0},
        "TargetResolution": {"X": SIZE[0] * 2, "Y": SIZE[1] * 2},
        "Frames": listed,
        "Samples": {"Sequence": "TiledHalton", "Count": frames, "Quantized": True},
    }


def reversed_z(each: Truth) -> np.ndarray:
    return np.ascontiguousarray(NEAR / each.distance, np.float32)


def write_arm(folder: Path, frames: int = FRAMES) -> Path:
    for name in ("x2/color/0000", "x2/depth/0000", "x2/motion/0000", "ground_truth/0000", "motion_gt/0000"):
        (folder / name).mkdir(parents=True)
    for index in range(frames):
        each, large = truth(index), truth(index, (SIZE[0] * 2, SIZE[1] * 2))
        uv = -each.motion / np.array(SIZE)  # now minus before, a fraction of the screen, y down
        name = f"{index:04}.exr"
        exr(folder / "x2/color/0000" / name, {c: half(each.colour[..., i]) for i, c in enumerate("RGB")})
        exr(folder / "x2/depth/0000" / name, {"R": reversed_z(each)})
        exr(folder / "x2/motion/0000" / name, {c: half(uv[..., i]) for i, c in enumerate("RG")})
        exr(folder / "ground_truth/0000" / name, {c: half(large.colour[..., i]) for i, c in enumerate("RGB")})
    (folder / "0000.json").write_text(json.dumps(arm_description(frames)))
    return folder


def arm_tensors(frames: int = FRAMES) -> dict[str, np.ndarray]:
    """As the gym's converter makes them of such a capture: y before x, forward depth, logarithm of exposure."""
    all_frames = [truth(index) for index in range(frames)]
    large = [truth(index, (SIZE[0] * 2, SIZE[1] * 2)) for index in range(frames)]
    one = np.ones((frames, 1), np.float32)
    now_minus_before = np.stack([-each.motion[..., ::-1].transpose(2, 0, 1) for each in all_frames])
    return {
        "colour_linear": half(np.stack([each.colour.transpose(2, 0, 1) for each in all_frames])),
        "ground_truth_linear": half(np.stack([each.colour.transpose(2, 0, 1) for each in large])),
        "depth": np.stack([1.0 - reversed_z(each)[None] for each in all_frames]).astype(np.float32),
        "motion_lr": half(now_minus_before),
        "jitter": np.array([each.jitter[::-1] for each in all_frames], np.float32).reshape(frames, 2, 1, 1),
        "viewProj": np.array([view_projection(i) for i in range(frames)], np.float32).reshape(frames, 1, 4, 4),
        "zNear": one * np.float32(NEAR),
        "zFar": one * 5000.0,
        "infinite_zFar": np.ones((frames, 1), bool),
        "FovY": one * np.float32(FOV_Y),
        "exposure": one * np.float32(math.log(1.5)),
        "camera_cut": np.arange(frames).reshape(-1, 1) == 0,
        "EmulatedFramerate": one * 60.0,
    }


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    kinds = {"f2": "F16", "f4": "F32", "b1": "BOOL"}
    table: dict[str, object] = {"__metadata__": {"Length": str(len(next(iter(tensors.values()))))}}
    data = b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor).tobytes()
        kind = kinds[tensor.dtype.str[1:]]
        table[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps(table).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)
    return path


def _focal(size: tuple[int, int]) -> float:
    return size[1] / 2.0 / math.tan(FOV_Y / 2.0)


def _rays(size: tuple[int, int], jitter: tuple[float, float]) -> np.ndarray:
    """View-space directions one unit ahead, (h, w, 3)."""
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 0.5 + jitter[0] - width / 2, np.arange(height) + 0.5 + jitter[1] - height / 2)
    return np.stack([x / _focal(size), -y / _focal(size), -np.ones_like(x)], -1)


def _turn(yaw: float) -> np.ndarray:
    """View to world: turned left about +Y."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _painted(hit: np.ndarray, rays: np.ndarray, is_sky: np.ndarray) -> np.ndarray:
    """Smooth enough that half a pixel's error shows as an error, and no finer than pixels can carry."""
    x, y = hit[..., 0], hit[..., 1]
    wall = 0.5 + 0.2 * np.sin(9.0 * x + 1.5 * np.sin(3.0 * y)) + 0.2 * np.sin(8.0 * y + 1.0 * np.cos(4.0 * x))
    across, up = rays[..., 0] / -rays[..., 2], rays[..., 1] / -rays[..., 2]
    sky = 0.6 + 0.15 * np.sin(30.0 * across) + 0.15 * np.cos(28.0 * up)
    grey = np.where(is_sky, sky, wall)
    return np.stack([grey, grey * 0.9, 1.0 - grey], -1).astype(np.float32)
