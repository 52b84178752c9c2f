"""Mixed precision: the network's own arithmetic in 16 bits; weights, pre- and post-pass and losses stay float32."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_TYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def chosen_precision(name: str, device: torch.device) -> str:
    """One of float32, bfloat16, float16; `name` may also be "auto"."""
    if name != "auto":
        return name
    return "bfloat16" if device.type == "cuda" else "float32"


def use_precision(network: nn.Module, precision: str, device: torch.device) -> None:
    """Lets `network` calculate in `precision` and answer in float32. Only its forward pass is wrapped: positions of
    history and weights of samples around it would not survive 8 bits of mantissa. Its state_dict stays what it was."""
    kind = _TYPES[precision]
    if kind is None:
        return
    plain = network.forward

    def forward(*inputs: Any) -> Any:
        with torch.autocast(device.type, dtype=kind):
            return _float32(plain(*inputs))

    network.forward = forward


def _float32(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.float()
    if isinstance(value, tuple):
        return tuple(_float32(item) for item in value)
    return value


def gradient_scaler(precision: str, device: torch.device) -> torch.amp.GradScaler:
    """Keeps float16's small gradients from vanishing; does nothing in the other precisions."""
    return torch.amp.GradScaler(device.type, enabled=precision == "float16")
