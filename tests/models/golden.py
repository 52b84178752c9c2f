"""Random frames as both worlds want them, and the neural upscaler opened up stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import moderngl
import numpy as np
import torch
from torch import Tensor

from app.inference.channels import HIDDEN, OUTPUT_CHANNELS
from app.inference.manifest import Network, load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.render.frame import CameraView, FrameInputs
from app.upscale.expected_depth import expected_depth
from app.upscale.neural import NeuralUpscaler
from models.network import NETWORKS, TemporalUNet, build, save_network
from models.temporal import Frame


def _moving_camera() -> CameraView:
    turned = np.eye(4)
    turned[:3, :3] = [[0.96, 0.0, 0.28], [0.0, 1.0, 0.0], [-0.28, 0.0, 0.96]]
    turned[:3, 3] = (0.1, -0.05, 0.2)
    lens = np.diag([1.2, -2.1, 0.0, 0.0])
    return CameraView(np.eye(4), lens, turned, lens, 0.1)


@dataclass
class GoldenFrame:
    inputs: FrameInputs
    frame: Frame


@dataclass
class GoldenFrames:
    """Noise in every input, so that every branch of the passes is taken somewhere. Frames 0 and `cut` are resets."""

    context: moderngl.Context
    render_size: tuple[int, int]
    display_size: tuple[int, int]
    cut: int = 4
    seed: int = 0
    history_scale: int = 1
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)

    def frame(self, index: int) -> GoldenFrame:
        width, height = self.render_size
        rng = self._rng
        colour = np.ones((height, width, 4), np.float16)
        colour[..., :3] = rng.random((height, width, 3)) ** 3 * 4.0
        depth = (rng.random((height, width, 1)) ** 4).astype(np.float32)
        depth[rng.random(depth.shape) < 0.1] = 0.0  # sky
        motion = (rng.standard_normal((height, width, 2)) * 2.0).astype(np.float16)
        reactive = (rng.random((height, width, 1)) * 255).astype(np.uint8)
        jitter = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5)))
        exposure, reset = 1.0 + 0.3 * (index == 2), index in (0, self.cut)
        camera = _moving_camera()
        inputs = FrameInputs(
            colour=self._texture(colour, "f2"),
            depth=self._texture(depth, "f4"),
            motion=self._texture(motion, "f2"),
            reactive=self._texture(reactive, "f1"),
            jitter=jitter,
            exposure=exposure,
            camera=camera,
            frame_index=index,
            time=0.0,
            reset=reset,
            display_size=self.display_size,
        )
        frame = Frame(
            colour=_tensor(colour[..., :3]),
            depth=_tensor(depth),
            expected=_tensor(expected_depth(depth[..., 0], np.array(jitter), camera)[..., None]),
            motion=_tensor(motion),
            reactive=_tensor(reactive) / 255.0,
            jitter=torch.tensor([jitter]),
            exposure=torch.tensor([exposure]),
            reset=torch.tensor([reset]),
            display_size=self.display_size,
            history_scale=self.history_scale,
        )
        return GoldenFrame(inputs, frame)

    def _texture(self, array: np.ndarray, dtype: str) -> moderngl.Texture:
        texture = self.context.texture(
            self.render_size, array.shape[2], np.ascontiguousarray(array).tobytes(), dtype=dtype, alignment=1
        )
        texture.filter = moderngl.NEAREST, moderngl.NEAREST
        texture.repeat_x = texture.repeat_y = False
        return texture


def lively_network(seed: int = 3, history_scale: int = 1) -> TemporalUNet:
    """Fresh weights with a head strong enough to drive every parameter through its range."""
    network = build(replace(NETWORKS["tiny"], history_scale=history_scale), seed)
    network.head.weight.data.mul_(6.0)
    return network


def saved(network: TemporalUNet, folder: Path) -> Network:
    save_network(network, folder, "golden")
    return load_network(folder)


def upscaler(context: moderngl.Context, network: Network, kept: str | None = None) -> NeuralUpscaler:
    """In float32, so that only the boundary's half floats stand between it and torch."""
    return NeuralUpscaler(context, network, OpenVinoBackend(precision="f32", threads=1, cache=""), kept=kept)


def tensor_of(texture: moderngl.Texture, dtype: str) -> Tensor:
    """A texture's contents as (1, channels, height, width) float32."""
    array = np.frombuffer(texture.read(), np.dtype(dtype)).reshape(texture.height, texture.width, -1)
    return _tensor(array)


def boundary(array: np.ndarray, size: tuple[int, int]) -> Tensor:
    """A session's NHWC tensor without its padding, as (1, channels, height, width) float32."""
    return _tensor(array[0, : size[1], : size[0]])


def random_output(size: tuple[int, int], seed: int) -> np.ndarray:
    """What a network might have answered, (1, h, w, 16) float16."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((1, size[1], size[0], len(OUTPUT_CHANNELS))) * 1.5
    raw[..., -HIDDEN:] *= 0.5
    return raw.astype(np.float16)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32)).permute(2, 0, 1).unsqueeze(0)
