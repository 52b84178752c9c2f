"""The stored question and answer that an engine is held against before it shows a pixel (app/inference/gate.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from app.inference.channels import SIZE_MULTIPLE
from models.network.unet import TemporalUNet

_FEATURES = Path(__file__).with_name("gate_features.npy")
"""(32, 32, 40) float16: what the pre-pass wrote at one place of a rendered clip (stop and go, 2x, frame 12) where every
cue is at work: edges, disocclusion, motion of more than one surface, recurrent features."""

_FARTHEST = 40
"""No network here sees farther than this: what is computed to find out stays small, since training writes a gate with
every checkpoint."""


def write_gate(network: TemporalUNet, path: Path) -> None:
    """`features` as stored; `answer` (32, 32, 16) float32: the network's, computed in float64, where `features` repeat
    without end; `margin`: how many pixels from a border the answer differs from that."""
    tile = np.load(_FEATURES, allow_pickle=False)
    side = tile.shape[0]
    exact = TemporalUNet(network.config).double()  # a copy: what is being exported must not become float64
    exact.load_state_dict(network.state_dict())
    around = -(-_FARTHEST // SIZE_MULTIPLE) * SIZE_MULTIPLE
    whole = np.pad(tile.astype(np.float64), ((around, around), (around, around), (0, 0)), mode="wrap")
    middle = slice(around, around + side)
    with torch.no_grad():
        answer = exact(torch.from_numpy(whole).permute(2, 0, 1)[None])[0].permute(1, 2, 0)[middle, middle]
    np.savez(path, features=tile, answer=answer.float().numpy(), margin=np.int32(_margin(exact)))


def _margin(network: TemporalUNet) -> int:
    """How far a border reaches into the answer: found with weights made positive, so that no ReLU hides anything.
    `network` is changed."""
    with torch.no_grad():
        for name, weights in network.named_parameters():
            weights.copy_(torch.zeros_like(weights) if name.endswith("bias") else weights.abs() + 1e-3)
        side = 2 * _FARTHEST + 4 * SIZE_MULTIPLE
        answer = network(torch.ones(1, network.config.inputs, side, side, dtype=torch.float64))[0]
    middle = answer[:, side // 2, side // 2]
    changed = ((answer[:, side // 2] - middle[:, None]).abs() > 1e-9 * middle[:, None]).any(0)[: side // 2]
    margin = int(changed.nonzero().max()) + 1
    assert margin < _FARTHEST, "the network sees farther than the stored answer allows"
    return margin
