"""A network as the app loads it: model.onnx with its manifest."""

from __future__ import annotations

import json
from pathlib import Path

from app.inference.manifest import describe_network
from models.network.export import export_onnx
from models.network.unet import TemporalUNet

MODEL_FILE, MANIFEST_FILE = "model.onnx", "manifest.json"


def save_network(network: TemporalUNet, folder: Path, name: str) -> None:
    """Writes model.onnx and manifest.json into `folder`; the same weights give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / MODEL_FILE
    export_onnx(network, model)
    manifest = describe_network(
        name, model, macs_per_pixel=network.config.macs_per_pixel(), architecture=network.config.to_dict()
    )
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
