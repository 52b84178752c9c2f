"""A network as the app loads it: model.onnx with what the other runtimes need, and the manifest."""

from __future__ import annotations

import json
from pathlib import Path

from app.inference.manifest import describe_network
from models.network.export import export_half_onnx, export_onnx
from models.network.gate import write_gate
from models.network.quantized import FORMATS
from models.network.unet import TemporalUNet

MODEL_FILE, MANIFEST_FILE = "model.onnx", "manifest.json"
HALF_FILE, GATE_FILE = "model.fp16.onnx", "gate.npz"


def quantized_files(precision: str) -> tuple[str, str]:
    """Names of a quantized model and of the card beside it."""
    return f"model.{precision}.onnx", f"{precision}.md"


def save_network(network: TemporalUNet, folder: Path, name: str) -> None:
    """Writes model.onnx, model.fp16.onnx, gate.npz and manifest.json; the same weights give the same bytes. What
    `quantize` made of other weights is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for precision in FORMATS:
        for file in quantized_files(precision):
            (folder / file).unlink(missing_ok=True)
    model, half, gate = (folder / file for file in (MODEL_FILE, HALF_FILE, GATE_FILE))
    export_onnx(network, model)
    export_half_onnx(network, half)
    write_gate(network, gate)
    manifest = describe_network(
        name,
        model,
        macs_per_pixel=network.config.macs_per_pixel(),
        history_scale=network.config.history_scale,
        architecture=network.config.to_dict(),
        typed={"fp16": half},
        gate=gate,
    )
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
