"""`start_from`: the weights that a run begins with, from another run or from an exported network."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from app.errors import SuperseeError
from models.network.save import MODEL_FILE
from models.network.unet import TemporalUNet
from models.network.widen import widened
from models.train.checkpoint import load_checkpoint, load_weights

LATEST = "latest.safetensors"
"""A run's checkpoint, in its folder."""


def start_from(network: nn.Module, source: Path) -> None:
    """Fills `network` from a run's folder or a checkpoint (its averaged weights), or from an exported network's folder;
    a wider network than that begins with the narrower one's function (models.network.widen).

    Raises SuperseeError where there is none, or one of another architecture.
    """
    exported = source if source.suffix == ".onnx" else source / MODEL_FILE
    if exported.is_file():
        weights = _exported_weights(network, exported)
    else:
        weights = load_checkpoint(source / LATEST if source.is_dir() else source).average
    if isinstance(network, TemporalUNet):
        weights = widened(network, weights) or weights
    load_weights(network, weights, f"The network of start_from, {source},")


def _exported_weights(network: nn.Module, file: Path) -> dict[str, Tensor]:
    """models.network.export names constants after modules: down0_1.weight is down.0.1.weight in torch."""
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    if not isinstance(network, TemporalUNet):
        raise SuperseeError(
            f"{file} cannot be started from", "only networks of the kind kernel are read back", "Use its checkpoint."
        )
    try:
        constants = onnx.load(str(file)).graph.initializer
    except (OSError, DecodeError) as error:
        raise SuperseeError(f"{file} cannot be read", str(error), "Export it again.") from error
    weights = {c.name: torch.from_numpy(np.array(numpy_helper.to_array(c))) for c in constants}
    return {
        re.sub(r"(\d+)_(\d+)$", r".\1.\2", re.sub(r"^lift(\d+)$", r"lift.\1", layer)) + "." + kind: value
        for layer, _, kind, value in ((*name.rpartition("."), value) for name, value in weights.items())
        if kind in ("weight", "bias")
    }
