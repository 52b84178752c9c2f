"""Whether a run's passes are those in C++."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from models.network.model import KernelModel, Model
from models.temporal.fused import load_kernels
from models.temporal.fused.library import NoCompilerError
from models.train.config import TrainConfig
from models.train.watch import say


def use_kernels(models: Sequence[Model], config: TrainConfig, device: torch.device) -> None:
    """Gives `models` the C++ passes where kind, device and settings allow; says so where they cannot be built."""
    able = [model for model in models if isinstance(model, KernelModel)]
    if not config.fused or config.compile_ratios or device.type != "cpu" or not able:
        return
    try:
        for model in able:
            model.kernels = load_kernels()
    except NoCompilerError as error:
        say(f"The passes run in torch, which takes 1.7 times as long: {error}")
