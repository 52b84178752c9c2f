"""What stands around the RGB U-Net: warping history and memory to the frame, and from its head to the display."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.conventions import ACCUMULATION_KNEE
from app.inference.channels import MIN_DEPTH
from models.network.config import read_settings
from models.network.fusion import Memories
from models.network.rgb_unet import RgbUNet, RgbUNetConfig
from models.temporal.colour import compress, expand, re_expose, to_feature
from models.temporal.frame import Frame
from models.temporal.postpass import display_grid
from models.temporal.prepass import dilated, log_ratio, on_screen, sample_positions
from models.temporal.sampling import bilinear, catmull_rom, gather, upsample

_BRIGHTEST = 0.999 / ACCUMULATION_KNEE
"""Output is held below the end of accumulation space, where `expand` has no answer: about 4000 times white."""


@dataclass(frozen=True)
class RgbState:
    """history (B, 3, H, W): the last output in accumulation space under `exposure`; memory: the fusion's, at its size;
    depth (B, 1, h, w), jitter (B, 2) and exposure (B,) of the frame before."""

    history: Tensor
    memory: Memories
    depth: Tensor
    jitter: Tensor
    exposure: Tensor

    def detach(self) -> RgbState:
        return replace(self, history=self.history.detach(), memory=tuple(m.detach() for m in self.memory))

    def as_leaves(self) -> RgbState:
        cut = self.detach()
        for tensor in (cut.history, *cut.memory):
            tensor.requires_grad_()
        return cut


@dataclass(frozen=True)
class Seen:
    """features (B, C, h, w) for the network; motion (B, 2, h, w) of the nearest surface in 3x3, LR pixels."""

    features: Tensor
    motion: Tensor


class RgbModel:
    """Output = current + blend * (history - current) at every display pixel, in accumulation space.

    current is the jittered samples interpolated bilinearly at the display pixel plus the head's residual; history is
    the last output, fetched with Catmull-Rom where the nearest surface was. The head's grid of `subpixels` per LR
    pixel lies around the jittered samples as they do and is interpolated to the display: any ratio has the same
    weights.
    """

    kind = "rgb-unet"

    def __init__(self, settings: Mapping[str, object]) -> None:
        self.config = read_settings(RgbUNetConfig, settings)
        self.network: nn.Module = RgbUNet(self.config)
        self._memories: int = self.network.fusion.memories  # type: ignore[assignment]

    def initial(self, frame: Frame) -> RgbState:
        batch, (width, height) = len(frame.colour), frame.display_size
        step = self.config.size_multiple
        coarse = [math.ceil(n / step) for n in frame.colour.shape[-2:]]
        memory = frame.colour.new_zeros(batch, self.config.widths[-1], *coarse)
        return RgbState(
            history=frame.colour.new_zeros(batch, 3, height, width),
            memory=(memory,) * self._memories,
            depth=frame.depth,
            jitter=frame.jitter,
            exposure=frame.exposure,
        )

    def step(self, frame: Frame, state: RgbState) -> tuple[Tensor, RgbState]:
        colour = compress(frame.colour.clamp_min(0.0) * frame.exposure.view(-1, 1, 1, 1))
        seen = self._seen(frame, state, colour)
        height, width = colour.shape[-2:]
        multiple = self.config.size_multiple
        pad = (0, -width % multiple, 0, -height % multiple)
        raw, memory = self.network(
            F.pad(seen.features, pad, mode="replicate"), self._warped_memory(frame, state, F.pad(seen.motion, pad))
        )
        fine = self.config.subpixels
        picture = self._picture(frame, state, colour, seen.motion, raw[..., : fine * height, : fine * width])
        output = expand(picture) / frame.exposure.view(-1, 1, 1, 1)
        return output, RgbState(picture, memory, frame.depth, frame.jitter, frame.exposure)

    def _seen(self, frame: Frame, state: RgbState, colour: Tensor) -> Seen:
        with torch.no_grad():
            depth = frame.depth.clamp_min(MIN_DEPTH)
            _, motion, _, _ = dilated(depth, frame.motion)
            position = sample_positions(frame) + motion
            valid = on_screen(frame, position)
            before = bilinear(state.depth, position - state.jitter.view(-1, 2, 1, 1)).clamp_min(MIN_DEPTH)
        history = re_expose(bilinear(state.history, position * frame.scale), _exposure_ratio(frame, state))
        size = depth.shape
        reactive = frame.reactive if frame.reactive is not None else torch.zeros_like(depth)
        ratio = math.sqrt(math.prod(frame.display_size) / math.prod(frame.render_size))
        groups = {
            "colour": to_feature(colour),
            "depth": 1.0 + torch.log2(depth) / -math.log2(MIN_DEPTH),
            "motion": motion.sign() * torch.log2(1.0 + motion.abs()) / 4.0,
            "history": to_feature(torch.where(valid > 0.0, history, colour)),
            "jitter": frame.jitter.view(-1, 2, 1, 1).expand(-1, -1, *size[-2:]),
            "reactive": reactive,
            "valid": valid,
            "depth_change": log_ratio(depth, before) * valid,
            "log_ratio": torch.full_like(depth, math.log2(ratio)),
            "exposure": (torch.log2(frame.exposure) / 8.0).view(-1, 1, 1, 1).expand(size),
        }
        return Seen(torch.cat([groups[name] for name in self.config.inputs], 1), motion)

    def _warped_memory(self, frame: Frame, state: RgbState, motion: Tensor) -> Memories:
        """`motion` (B, 2, h, w) padded to the size multiple; what came from beyond the edge is the edge's."""
        if not state.memory:
            return ()
        step = self.config.size_multiple
        with torch.no_grad():
            moved = F.avg_pool2d(motion, step) + (frame.jitter - state.jitter).view(-1, 2, 1, 1)
            height, width = moved.shape[-2:]
            like = {"device": motion.device, "dtype": motion.dtype}
            rows, columns = torch.meshgrid(torch.arange(height, **like), torch.arange(width, **like), indexing="ij")
            position = torch.stack((columns, rows)) + 0.5 + moved / step
            kept = (~frame.reset).to(motion.dtype).view(-1, 1, 1, 1)
        return tuple(bilinear(memory, position) * kept for memory in state.memory)

    def _picture(self, frame: Frame, state: RgbState, colour: Tensor, motion: Tensor, raw: Tensor) -> Tensor:
        """The display-size picture in accumulation space; `raw` (B, 3 or 4, s h, s w) is the head's answer."""
        grid = display_grid(frame)
        fine = self.config.subpixels
        head = upsample(raw, grid.columns * fine, grid.rows * fine)
        current = upsample(colour, grid.columns, grid.rows) + head[:, :3]
        if self.config.blend:
            history, known = _display_history(frame, state, gather(motion, grid.nearest_columns, grid.nearest_rows))
            current = current + torch.sigmoid(head[:, 3:]) * known * (history - current)
        return current.clamp(0.0, _BRIGHTEST)


def _exposure_ratio(frame: Frame, state: RgbState) -> Tensor:
    return (frame.exposure / state.exposure).view(-1, 1, 1, 1)


def _display_history(frame: Frame, state: RgbState, motion: Tensor) -> tuple[Tensor, Tensor]:
    """The last output at `motion` (B, 2, H, W, LR pixels), and 1 where there is one, (B, 1, H, W)."""
    width, height = frame.display_size
    like = {"device": motion.device, "dtype": motion.dtype}
    rows, columns = torch.meshgrid(torch.arange(height, **like), torch.arange(width, **like), indexing="ij")
    position = torch.stack((columns, rows)) + 0.5 + motion * frame.scale
    sharp, _, _ = catmull_rom(state.history, position, torch.ones_like(motion[:, :1]), position)
    size = position.new_tensor((width, height)).view(2, 1, 1)
    known = ((position >= 0.0) & (position <= size)).all(1, keepdim=True) & ~frame.reset.view(-1, 1, 1, 1)
    return re_expose(sharp.clamp_min(0.0), _exposure_ratio(frame, state)), known.to(motion.dtype)
