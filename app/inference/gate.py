"""A compiled network answers a stored question before it shows a pixel.

The question is a tile of real features that is repeated over the whole input; the answer is the float32 network's. All
of the output is compared except a margin along its borders, where the answer depends on the padding; there, as
everywhere, NaN and infinity are looked for.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import SuperseeError
from app.inference.backend import InferenceSession

LEAST_DB = {"fp16": 45.0, "int8": 30.0, "fp8": 25.0}
"""PSNR that the worst output channel must reach, its peak being the channel's own range in the answer. Computed in
float16 the shipped networks reach 74 dB, in bfloat16 54 dB, in INT8 35 dB, in FP8 40 dB."""

_LARGEST_FILE = 64 << 20
_HARMLESS_BLACK = 1e-6
_DO = "`supersee engines clear` removes the engine, so that it is built again; otherwise export the network again."


@dataclass(frozen=True, slots=True)
class Gate:
    """`features` (t, t, input channels) float16, `answer` (t, t, output channels) float32, `margin` in pixels."""

    features: np.ndarray
    answer: np.ndarray
    margin: int


@dataclass(frozen=True, slots=True)
class GateResult:
    """`worst_db`: PSNR of the worst output channel; `problem`: why it is refused, "" where it passed."""

    worst_db: float
    problem: str = ""

    @property
    def passed(self) -> bool:
        return not self.problem


def load_gate(path: Path) -> Gate:
    """Raises SuperseeError where the file is missing, damaged or of other shapes."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("it is too large")
        with np.load(path, allow_pickle=False) as data:
            gate = Gate(data["features"], data["answer"], int(data["margin"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _unusable(path, str(error)) from error
    if gate.features.dtype != np.float16 or gate.answer.dtype != np.float32:
        raise _unusable(path, "its arrays are of other types")
    if gate.features.ndim != 3 or gate.answer.ndim != 3 or gate.features.shape[:2] != gate.answer.shape[:2]:
        raise _unusable(path, "its arrays do not belong together")
    if not (np.isfinite(gate.features).all() and np.isfinite(gate.answer).all() and 0 <= gate.margin < 4096):
        raise _unusable(path, "its numbers cannot be an answer")
    return gate


def check_session(session: InferenceSession, gate: Gate, precision: str = "fp16") -> GateResult:
    """Runs `session` on the stored question; it must be bound to host arrays. Raises SuperseeError where the inference
    itself fails, and where the network is too small for anything but its margin."""
    _, height, width, channels = session.input.shape
    if channels != gate.features.shape[2] or session.output.shape[3] != gate.answer.shape[2]:
        return GateResult(0.0, f"it has {channels} input and {session.output.shape[3]} output channels")
    if min(height, width) <= 2 * gate.margin:
        raise SuperseeError(
            f"A network of {width}x{height} cannot be checked",
            f"{gate.margin} pixels from each border the stored answer does not hold",
            "Choose a larger size or a lower ratio.",
        )
    session.input[0] = _repeated(gate.features, height, width)
    session.output[:] = np.nan  # an engine that writes nothing must not pass with what lay there
    session.start()
    session.wait()
    return compare(session.output[0], gate, precision)


def compare(output: np.ndarray, gate: Gate, precision: str = "fp16") -> GateResult:
    """`output` (h, w, output channels), the answer to the repeated question."""
    height, width, channels = output.shape
    found = output.astype(np.float32)
    if not np.isfinite(found).all():
        count = int((~np.isfinite(found)).sum())
        return GateResult(0.0, f"{count} of {found.size} numbers in its answer are not finite")
    if np.abs(found).max() < _HARMLESS_BLACK:
        return GateResult(0.0, "its answer is zero everywhere")
    inside = slice(gate.margin, height - gate.margin), slice(gate.margin, width - gate.margin)
    error = (found - _repeated(gate.answer, height, width))[inside].reshape(-1, channels)
    mean_square = np.mean(np.square(error, dtype=np.float64), axis=0)
    answers = gate.answer.reshape(-1, channels)
    peak = np.maximum(np.ptp(answers, axis=0), 1e-3 * np.abs(answers).max())
    decibels = 20.0 * np.log10(peak) - 10.0 * np.log10(np.maximum(mean_square, 1e-20))
    worst = int(np.argmin(decibels))
    least = LEAST_DB[precision]
    if decibels[worst] < least:
        said = f"channel {worst} of its answer is {decibels[worst]:.1f} dB from the float32 network's, under {least:g}"
        return GateResult(float(decibels[worst]), said)
    return GateResult(float(decibels[worst]))


def refusal(name: str, result: GateResult) -> SuperseeError:
    """The message for a gate that was not passed; `name` is the backend's."""
    return SuperseeError(f"{name} answers wrongly and is not used", result.problem, _DO)


def _repeated(tile: np.ndarray, height: int, width: int) -> np.ndarray:
    rows, columns = (-(-n // side) for n, side in zip((height, width), tile.shape))
    return np.tile(tile, (rows, columns, 1))[:height, :width]


def _unusable(path: Path, why: str) -> SuperseeError:
    return SuperseeError(
        f"The stored answer in {path} cannot be used", why, "Export the network again with `python -m models export`."
    )
