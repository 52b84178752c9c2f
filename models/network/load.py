"""An exported network's weights, back from its ONNX file: what is made from a shipped network needs no training run."""

from __future__ import annotations

import torch

from app.errors import SuperseeError
from app.inference.manifest import Network
from models.network.config import NetworkConfig, read_settings
from models.network.unet import TemporalUNet


def load_exported(network: Network) -> TemporalUNet:
    """Raises SuperseeError where the file does not hold what the manifest's architecture needs."""
    import onnx
    from onnx import numpy_helper

    try:
        module = TemporalUNet(read_settings(NetworkConfig, network.architecture))
        weights = {i.name: numpy_helper.to_array(i) for i in onnx.load(network.model).graph.initializer}
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(torch.from_numpy(weights[_exported_name(name)].copy()))
    except (ValueError, KeyError, RuntimeError) as error:
        raise SuperseeError(
            f"{network.model} is not the network that its manifest describes", str(error), "Export it again."
        ) from error
    return module


def _exported_name(name: str) -> str:
    """ "down.1.0.weight" is written as "down1_0.weight", "lift.0.bias" as "lift0.bias"."""
    *path, kind = name.split(".")
    if len(path) == 1:
        return name
    return f"{path[0]}{'_'.join(path[1:])}.{kind}"
