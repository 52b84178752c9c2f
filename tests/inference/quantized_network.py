"""A network's folder with a model of every precision, whatever is shipped: made here, of the shipped weights."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from app.inference.gate import load_gate
from app.inference.manifest import Network, load_network
from app.paths import WEIGHTS

LOSS_DB = 0.01
"""As the manifest says of the quantized ones."""


def quantized_network(folder: Path, name: str = "lite") -> Network:
    """`folder` must not exist yet. Calibrated on the stored question alone, in a moment."""
    from models.network.load import load_exported
    from models.network.quantized import FORMATS, calibrated, export_quantized_onnx, magnitudes
    from models.network.save import quantized_files

    shutil.copytree(WEIGHTS / name, folder)
    network = load_network(folder)
    assert network.gate is not None
    module = load_exported(network)
    sampled = magnitudes(module, [np.tile(load_gate(network.gate).features, (2, 2, 1))])
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for precision, number in FORMATS.items():
        model, _ = quantized_files(precision)
        export_quantized_onnx(module, calibrated(sampled, number), number, folder / model)
        manifest["files"][model] = hashlib.sha256((folder / model).read_bytes()).hexdigest()
        manifest["typed"][precision] = model
        manifest.setdefault("typed_loss_db", {})[precision] = LOSS_DB
    path.write_text(json.dumps(manifest))
    return load_network(folder)
