"""From a shipped network to its INT8 and FP8 models: calibrated on training clips, measured on held-out ones, each with
a card."""

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
from models.network.quantized import FORMATS, calibrated, export_quantized_onnx, magnitudes
from models.network.save import quantized_files

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
    context: moderngl.Context,
    folder: Path,
    calibration: Sequence[RenderedClip],
    held_out: Sequence[HeldOut],
    precisions: Sequence[str] = tuple(FORMATS),
) -> dict[str, list[ClipLoss]]:
    """For each of `precisions` writes the model and its card (models.network.save.quantized_files) into `folder` and
    enters the file and its loss into the manifest; the losses. The same weights and clips give the same model."""
    network = load_network(folder)
    module = load_exported(network)
    sampled = magnitudes(module, features_of(context, network, calibration))
    losses: dict[str, list[ClipLoss]] = {precision: [] for precision in precisions}
    with tempfile.TemporaryDirectory() as scratch:
        measured = {}
        for precision in precisions:
            number, (model, _) = FORMATS[precision], quantized_files(precision)
            ranges, plain = calibrated(sampled, number), Path(scratch) / model
            export_quantized_onnx(module, ranges, number, folder / model)
            export_quantized_onnx(module, ranges, number, plain, half=False)
            measured[precision] = replace(network, model=plain)
        for item in held_out:
            reached = _psnr(context, network, item)
            name = f"{item.name.group}: {item.name.name} ({item.name.motion})"
            for precision, quantized in measured.items():
                lost = reached - _psnr(context, quantized, item)
                losses[precision].append(ClipLoss(name, item.name.ratio, reached, lost))
    for precision, rows in losses.items():
        _enter(folder, precision, rows)
        card = folder / quantized_files(precision)[1]
        card.write_text(_card(network, precision, calibration, rows), encoding="utf-8")
    load_network(folder)  # what was written is what the app takes
    return losses


def mean_loss(losses: Sequence[ClipLoss]) -> float:
    return float(np.mean([row.loss for row in losses]))


def _psnr(context: moderngl.Context, network: Network, item: HeldOut) -> float:
    """Through the app's own path."""
    backend = OpenVinoBackend(precision="f32", cache="")
    upscaler = create_upscaler("neural", context, network=network, backend=backend)
    played = item.playable(context)
    try:
        return score(upscaler, played, flip_frames=0).psnr
    finally:
        played.release()
        upscaler.release()


def _enter(folder: Path, precision: str, losses: Sequence[ClipLoss]) -> None:
    path, (model, _) = folder / "manifest.json", quantized_files(precision)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["files"][model] = hashlib.sha256((folder / model).read_bytes()).hexdigest()
    data["typed"] = {**data.get("typed", {}), precision: model}
    data["typed_loss_db"] = {**data.get("typed_loss_db", {}), precision: round(mean_loss(losses), 4)}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


_ABOUT = {
    "int8": "INT8, integers from -127 to 127",
    "fp8": "FP8 in E4M3 (four bits of exponent, three of mantissa, 448 at most), for compute capability 8.9 and newer",
}
_MEASURED_IN = {
    "int8": "OpenVINO, which rounds to the same integers and takes float32 where TensorRT takes float16",
    "fp8": "OpenVINO, which rounds the same values to E4M3, by way of float16, multiplies them in float32, and takes "
    "float32 where TensorRT takes float16",
}


def _card(network: Network, precision: str, calibration: Sequence[RenderedClip], losses: Sequence[ClipLoss]) -> str:
    worst = max(losses, key=lambda row: row.loss)
    verdict = "under" if mean_loss(losses) < 0.1 else "NOT under"
    lines = [
        f"# {network.name} in {precision.upper()}",
        "",
        f"Explicit Q/DQ for TensorRT: {_ABOUT[precision]}. Activations: one symmetric scale a tensor, that with the "
        "smallest squared error of clipping and rounding over the calibration frames. Weights: one scale a "
        "convolution. The first convolution and the head stay in float16.",
        "",
        f"* made from `{network.model.name}`, sha256 {network.sha256[:16]}",
        f"* calibrated on {len(calibration)} rendered training clips, {len(_KEPT_FRAMES)} frames of each, through the "
        "app's own pre-pass",
        f"* measured on {len(losses)} held-out clips through the app's own path, in {_MEASURED_IN[precision]}",
        f"* PSNR against the reference lost to float32: mean {mean_loss(losses):.3f} dB ({verdict} 0.1 dB), most "
        f"{worst.loss:.3f} dB ({worst.clip}, {worst.ratio:g}x)",
        "",
        "| held-out clip | ratio | float32, dB | lost, dB |",
        "|---|---|---|---|",
        *(f"| {row.clip} | {row.ratio:g} | {row.float32_psnr:.2f} | {row.loss:+.3f} |" for row in losses),
        "",
    ]
    return "\n".join(lines)
