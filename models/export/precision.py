"""An exported network in bfloat16 against float32: what it costs in quality, and what it gains in time.

Both run over the same held-out clips, each with its own history, so that rounding which builds up from frame to frame
is in the figures: through the app's own path (shaders, OpenVINO) where the processor computes in bfloat16, otherwise
through torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import torch

from app.capture.provenance import busy_note, machine
from app.errors import SuperseeError
from app.inference.manifest import Network
from app.inference.openvino_backend import OpenVinoBackend
from app.measure.image_metrics import psnr
from app.upscale.registry import create_upscaler
from models.evaluate.score import score
from models.evaluate.sequences import HeldOut
from models.evaluate.tally import WARM_UP, OnFrame
from models.evaluate.timing import RENDER_SIZE, median_milliseconds

SCHEMA_VERSION = 1
_TIMED_FRAMES = 40
_NOT_NATIVE = (
    "NOT native, and OpenVINO answers in float32 here: bf16 below is torch's, with the network's weights and "
    "activations rounded, and its time was not taken"
)


@dataclass(frozen=True, slots=True)
class ClipPrecision:
    """`agreement`: mean PSNR, dB, between the two display images of a frame; `worst_levels`: the largest difference of
    any channel of any pixel, 8-bit levels; `loss`: PSNR against the reference in float32 minus that in bfloat16, dB."""

    clip: str
    ratio: float
    agreement: float
    worst_levels: float
    float32_psnr: float
    loss: float


def compared(context: moderngl.Context, network: Network, item: HeldOut, *, native: bool) -> ClipPrecision:
    """`native`: through the app's path; otherwise through torch, which rounds weights and activations to bfloat16 on
    any processor (OpenVINO would answer in float32)."""
    images: dict[int, np.ndarray] = {}
    agreement: list[float] = []
    worst: list[float] = []

    def keep(index: int, output: np.ndarray, _reference: np.ndarray) -> None:
        images[index] = output

    def compare(index: int, output: np.ndarray, _reference: np.ndarray) -> None:
        if index >= WARM_UP:
            agreement.append(psnr(output, images[index]))
            worst.append(255.0 * float(np.abs(output - images[index]).max()))

    def played(precision: str, look: OnFrame) -> float:
        if native:
            return _played(context, network, item, precision, look)
        return _played_in_torch(network, item, precision, look)

    float32, bfloat16 = played("f32", keep), played("bf16", compare)
    return ClipPrecision(
        item.name.name, item.name.ratio, float(np.mean(agreement)), max(worst), float32, float32 - bfloat16
    )


def _played(context: moderngl.Context, network: Network, item: HeldOut, precision: str, look: OnFrame) -> float:
    """PSNR against the reference, dB."""
    upscaler = create_upscaler(
        "neural", context, network=network, backend=OpenVinoBackend(precision=precision, cache="")
    )
    shown = item.playable(context)
    try:
        return score(upscaler, shown, flip_frames=0, on_frame=look).psnr
    finally:
        shown.release()
        upscaler.release()


def _played_in_torch(network: Network, item: HeldOut, precision: str, look: OnFrame) -> float:
    from models.evaluate.held_out import score_clip
    from models.network.model import build_model
    from models.train.precision import use_precision
    from models.train.start import start_from

    model = build_model(network.architecture)
    start_from(model.network, network.model.parent)
    kind = {"f32": "float32", "bf16": "bfloat16"}[precision]
    use_precision(model.network, kind, torch.device("cpu"))
    return score_clip(model, item.clip(), flip_frames=0, on_frame=look).psnr


def milliseconds(network: Network, precision: str, threads: int, frames: int = _TIMED_FRAMES) -> float:
    """Median time of the network alone at 480x270 LR, as OpenVINO reports it."""
    session = OpenVinoBackend(precision=precision, threads=threads, cache="").compile(
        network.model, network.padded(RENDER_SIZE)
    )
    session.input[:] = np.random.default_rng(1).random(session.input.shape, np.float32)
    times = []
    for _ in range(frames):
        session.start()
        times.append(session.wait())
    session.release()
    return median_milliseconds(times)


def check_precision(
    context: moderngl.Context, network: Network, items: Iterable[HeldOut], threads: Sequence[int] = (1, 2)
) -> dict[str, Any]:
    """Plain values for the card and for people, and `clips` with a row each. Raises SuperseeError without a clip."""
    native = native_bf16()
    rows = [compared(context, network, item, native=native) for item in items]
    if not rows:
        raise SuperseeError("There is nothing to compare on", "no test clip was found", "Name a folder with --data.")
    worst, found, size = max(rows, key=lambda row: row.loss), machine(), "x".join(map(str, RENDER_SIZE))
    result: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "network": network.name,
        "sha256_of_the_model": network.sha256,
        "processor": f"{found['processor']}, {found['cores']} cores",
        "bf16_on_this_processor": "native" if native else _NOT_NATIVE,
        "held-out_clips": len(rows),
        "bf16_output_against_float32_output,_PSNR_dB": round(float(np.mean([row.agreement for row in rows])), 2),
        "lowest_of_any_clip,_dB": round(min(row.agreement for row in rows), 2),
        "largest_difference_of_any_pixel,_8-bit_levels": round(max(row.worst_levels for row in rows), 1),
        "PSNR_against_the_reference_lost_by_bf16,_mean_dB": round(float(np.mean([row.loss for row in rows])), 4),
        "most_lost_on_any_clip,_dB": f"{worst.loss:.4f} ({worst.clip})",
    }
    for count in threads:
        for precision in ("bf16", "f32") if native else ("f32",):
            key = f"network_alone_at_{size},_{precision},_{count}_thread{'s' * (count > 1)},_ms"
            result[key] = round(milliseconds(network, precision, count), 2)
    if note := busy_note():
        result["times"] = note
    fields = ("clip", "ratio", "agreement", "worst_levels", "float32_psnr", "loss")
    return result | {"clips": [{name: getattr(row, name) for name in fields} for row in rows]}


def native_bf16() -> bool:
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
