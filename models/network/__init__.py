"""Architectures as data: a `NetworkConfig` describes a network, `build` makes it, `export_onnx` writes it down."""

from models.network.config import NETWORKS, NetworkConfig
from models.network.export import export_onnx
from models.network.save import save_network
from models.network.unet import TemporalUNet, build

__all__ = ["NETWORKS", "NetworkConfig", "TemporalUNet", "build", "export_onnx", "save_network"]
