"""From a shipped network to its INT8 model: calibrated on training clips, measured on held-out ones, with a card."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import moderngl
import numpy as np

from app.errors import SuperseeError
from app.inference.manifest import Network, load_network
from app.inference.openvino_backend import OpenVinoBackend
from app.upscale.neural import NeuralUpscaler
from app.upscale.registry import create_upscaler
from models.data.index import read_index
from models.evaluate.clip_player import ClipPlayer
from models.evaluate.score import score
from models.evaluate.sequences import HeldOut, RenderedClip
from models.network.load import load_exported
from models.network.quantized import calibrated, export_quantized_onnx
from models.network.save import INT8_CARD, INT8_FILE

PRECISION = "int8"
_KEPT_FRAMES = (3, 9)
"""Of each calibration clip: one soon after the cut, one with history."""


@dataclass(frozen=True, slots=True)
class ClipLoss:
    """PSNR against the reference, dB, and what quantization takes from it."""

    clip: str
    ratio: float
    float32_psnr: float
    loss: float


def training_clips(folders: Sequence[Path], count: int) -> list[RenderedClip]:
    """The first `count` of each folder, spread over its index. Raises SuperseeError where there are none."""
    clips = []
    for folder in folders:
        entries = read_index(folder).of("train")
        clips += [RenderedClip(folder, entry) for entry in entries[:: max(1, len(entries) // count)][:count]]
    if not clips:
        raise SuperseeError(
            "There is nothing to calibrate with",
            "no training clip was found",
            "Render some with `python -m models data`, or name their folder with --data.",
        )
    return clips


def features_of(context: moderngl.Context, network: Network, clips: Iterable[RenderedClip]) -> Iterator[np.ndarray]:
    """(h, w, input channels) float16: what the app's own pre-pass writes, with the float32 network at work."""
    backend = OpenVinoBackend(precision="f32", cache="")
    for item in clips:
        played = ClipPlayer(context, item.clip())
        upscaler = NeuralUpscaler(context, network, backend)
        try:
            for index in range(min(len(played), max(_KEPT_FRAMES) + 1)):
                upscaler.upscale(played.frame(index))
                if index in _KEPT_FRAMES:
                    assert upscaler.targets is not None
                    yield upscaler.targets.session.input[0].copy()
        finally:
            upscaler.release()
            played.release()


def quantize(
    context: moderngl.Context, folder: Path, calibration: Sequence[RenderedClip], held_out: Sequence[HeldOut]
) -> list[ClipLoss]:
    """Writes model.int8.onnx and int8.md into `folder` and enters the file and its loss into the manifest. The same
    weights and clips give the same model."""
    network = load_network(folder)
    module = load_exported(network)
    ranges = calibrated(module, features_of(context, network, calibration))
    export_quantized_onnx(module, ranges, folder / INT8_FILE)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "model.onnx"
        export_quantized_onnx(module, ranges, plain, half=False)
        losses = [_lost(context, network, replace(network, model=plain), item) for item in held_out]
    _enter(folder, losses)
    (folder / INT8_CARD).write_text(_card(network, calibration, losses), encoding="utf-8")
    load_network(folder)  # what was written is what the app takes
    return losses


def mean_loss(losses: Sequence[ClipLoss]) -> float:
    return float(np.mean([row.loss for row in losses]))


def _lost(context: moderngl.Context, network: Network, quantized: Network, item: HeldOut) -> ClipLoss:
    figures = []
    for each in (network, quantized):
        backend = OpenVinoBackend(precision="f32", cache="")
        upscaler = create_upscaler("neural", context, network=each, backend=backend)
        played = item.playable(context)
        try:
            figures.append(score(upscaler, played, flip_frames=0).psnr)
        finally:
            played.release()
            upscaler.release()
    name = f"{item.name.group}: {item.name.name} ({item.name.motion})"
    return ClipLoss(name, item.name.ratio, figures[0], figures[0] - figures[1])


def _enter(folder: Path, losses: Sequence[ClipLoss]) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["files"][INT8_FILE] = hashlib.sha256((folder / INT8_FILE).read_bytes()).hexdigest()
    data["typed"] = {**data.get("typed", {}), PRECISION: INT8_FILE}
    data["typed_loss_db"] = {**data.get("typed_loss_db", {}), PRECISION: round(mean_loss(losses), 4)}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _card(network: Network, calibration: Sequence[RenderedClip], losses: Sequence[ClipLoss]) -> str:
    worst = max(losses, key=lambda row: row.loss)
    verdict = "under" if mean_loss(losses) < 0.1 else "NOT under"
    lines = [
        f"# {network.name} in INT8",
        "",
        "Explicit Q/DQ for TensorRT. Activations: one symmetric scale a tensor, that with the smallest squared error "
        "of clipping and rounding over the calibration frames. Weights: one scale an output channel. The first "
        "convolution and the head stay in float16.",
        "",
        f"* made from `{network.model.name}`, sha256 {network.sha256[:16]}",
        f"* calibrated on {len(calibration)} rendered training clips, {len(_KEPT_FRAMES)} frames of each, through the "
        "app's own pre-pass",
        f"* measured on {len(losses)} held-out clips through the app's own path, in OpenVINO, which computes the same "
        "integers and takes float32 where TensorRT takes float16",
        f"* PSNR against the reference lost to float32: mean {mean_loss(losses):.3f} dB ({verdict} 0.1 dB), most "
        f"{worst.loss:.3f} dB ({worst.clip}, {worst.ratio:g}x)",
        "",
        "| held-out clip | ratio | float32, dB | lost, dB |",
        "|---|---|---|---|",
        *(f"| {row.clip} | {row.ratio:g} | {row.float32_psnr:.2f} | {row.loss:+.3f} |" for row in losses),
        "",
    ]
    return "\n".join(lines)
