"""Architectures as data: settings describe a network, `build_model` makes it, `export_onnx` writes it down."""

from models.network.config import NETWORKS, NetworkConfig
from models.network.export import export_onnx
from models.network.model import KINDS, Model, RecurrentState, build_model
from models.network.save import save_network
from models.network.unet import TemporalUNet, build

__all__ = [
    "KINDS",
    "NETWORKS",
    "Model",
    "NetworkConfig",
    "RecurrentState",
    "TemporalUNet",
    "build",
    "build_model",
    "export_onnx",
    "save_network",
]
