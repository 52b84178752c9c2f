"""The description that lies beside a network, checked before the network is used.

A folder holds manifest.json and the files it names. Everything in it comes from outside the program: sizes are
checked first, no path leaves the folder, and a network that was made for another formulation is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.conventions import Size
from app.errors import SuperseeError
from app.inference.channels import (
    FORMULATION,
    HIDDEN,
    HISTORY_SCALES,
    INPUT_CHANNELS,
    OUTPUT_CHANNELS,
    SIZE_MULTIPLE,
)

SCHEMA_VERSION = 1
PRECISIONS = ("fp16", "int8", "fp8")
"""Of typed models. A manifest may list others, which a later version knows: they are passed over."""
_LARGEST_MANIFEST = 1 << 20
_LARGEST_MODEL = 1 << 30


@dataclass(frozen=True, slots=True)
class Network:
    """A network that passed the checks of `load_network`.

    macs_per_pixel  multiply-adds per LR pixel
    history_scale   history pixels per display pixel along each axis, of HISTORY_SCALES
    precision       what the weights were trained in: "float32"
    architecture    models.network's description, for the lab and for display only
    typed           the same network for strongly typed runtimes (TensorRT), NCHW, by precision: "fp16", "int8", "fp8"
    loss_db         what a typed model loses against float32 on held-out clips, by precision: PSNR, dB
    gate            what an engine is checked against before it is used (app/inference/gate.py)
    digests         sha256 of every file, by name
    """

    name: str
    folder: Path
    model: Path
    sha256: str
    macs_per_pixel: float
    history_scale: int
    precision: str
    architecture: dict[str, Any]
    typed: dict[str, Path] = field(default_factory=dict)
    loss_db: dict[str, float] = field(default_factory=dict)
    gate: Path | None = None
    digests: dict[str, str] = field(default_factory=dict)

    def typed_model(self, precision: str) -> Path:
        """The model file for TensorRT. Raises SuperseeError where there is none of that precision."""
        if precision not in self.typed:
            raise SuperseeError(
                f"The network {self.name} has no {precision} model for TensorRT",
                f"its manifest lists {', '.join(self.typed) or 'none'}",
                "Export it again with `python -m models export`, or choose another precision."
                if precision == "fp16"
                else f"Make it with `python -m models quantize --precision {precision}`, or choose another precision.",
            )
        return self.typed[precision]

    @staticmethod
    def padded(size: Size) -> Size:
        """LR (width, height) rounded up to what the network takes."""
        return tuple(-(-n // SIZE_MULTIPLE) * SIZE_MULTIPLE for n in size)  # type: ignore[return-value]


def load_network(folder: Path) -> Network:
    """Reads and checks a network's folder. Raises SuperseeError where it is missing, damaged or of another kind."""
    path = folder / "manifest.json"
    data = read_manifest(path)
    if data.get("schema_version") != SCHEMA_VERSION:
        raise refused(path, f"its schema is {data.get('schema_version')!r}, and {SCHEMA_VERSION} is known here")
    if data.get("formulation") != FORMULATION:
        raise refused(path, f"its formulation is {data.get('formulation')!r}, and the passes here are {FORMULATION}")
    check_tensor(path, data, "input", INPUT_CHANNELS)
    check_tensor(path, data, "output", OUTPUT_CHANNELS)
    for key, expected in (("hidden", HIDDEN), ("size_multiple", SIZE_MULTIPLE)):
        if data.get(key) != expected:
            raise refused(path, f"{key} is {data.get(key)!r}, and {expected} is needed")
    name, files = data.get("name"), data.get("files")
    macs, precision, architecture = data.get("macs_per_pixel"), data.get("precision"), data.get("architecture", {})
    if not (isinstance(name, str) and name and isinstance(files, dict) and isinstance(architecture, dict)):
        raise refused(path, "name, files or architecture is missing or of the wrong type")
    if isinstance(macs, bool) or not isinstance(macs, int | float) or not isinstance(precision, str):
        raise refused(path, "macs_per_pixel or precision is missing or of the wrong type")
    history_scale = data.get("history_scale")
    if isinstance(history_scale, bool) or history_scale not in HISTORY_SCALES:
        raise refused(path, f"history_scale is {history_scale!r}, and 1 or 2 is needed")
    model_name = data.get("model")
    if not isinstance(model_name, str) or model_name not in files:
        raise refused(path, f"the model {model_name!r} is not among its files")
    typed, gate = data.get("typed", {}), data.get("gate")
    others = [*typed.values(), *([] if gate is None else [gate])] if isinstance(typed, dict) else [None]
    if any(not isinstance(file, str) or file not in files for file in others):
        raise refused(path, "its typed models or its gate are not among its files")
    digests = {name: checked_file(path, name, digest) for name, digest in files.items()}
    return Network(
        name,
        folder,
        folder / model_name,
        digests[model_name],
        float(macs),
        history_scale,
        precision,
        architecture,
        {precision: folder / typed[precision] for precision in PRECISIONS if precision in typed},
        _losses(path, data),
        None if gate is None else folder / gate,
        digests,
    )


def _losses(path: Path, data: dict[str, Any]) -> dict[str, float]:
    losses = data.get("typed_loss_db", {})
    if not isinstance(losses, dict) or any(
        isinstance(v, bool) or not isinstance(v, int | float) for v in losses.values()
    ):
        raise refused(path, "its typed_loss_db are not numbers")
    return {str(key): float(value) for key, value in losses.items()}


def describe_network(
    name: str,
    model: Path,
    *,
    macs_per_pixel: float,
    architecture: dict[str, Any],
    history_scale: int = 1,
    precision: str = "float32",
    typed: Mapping[str, Path] | None = None,
    gate: Path | None = None,
) -> dict[str, Any]:
    """The manifest for a model file, as `load_network` wants it; the caller writes it beside the file. `typed` and
    `gate` as in Network."""
    typed = typed or {}
    files = [model, *typed.values(), *([gate] if gate else [])]
    return {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "formulation": FORMULATION,
        "model": model.name,
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "input": {"layout": "NHWC", "channels": list(INPUT_CHANNELS)},
        "output": {"layout": "NHWC", "channels": list(OUTPUT_CHANNELS)},
        "hidden": HIDDEN,
        "size_multiple": SIZE_MULTIPLE,
        "macs_per_pixel": round(macs_per_pixel, 1),
        "history_scale": history_scale,
        "precision": precision,
        "typed": {key: file.name for key, file in typed.items()},
        "gate": gate.name if gate else None,
        "architecture": architecture,
    }


def read_manifest(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise refused(path, "it is larger than any manifest")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuperseeError(
            f"There is no network in {path.parent}",
            f"{path.name} cannot be read ({error.strerror})",
            "Train one with `python -m models train`, or choose another with --network.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise refused(path, f"it is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise refused(path, "it is not a JSON object")
    return data


def check_tensor(path: Path, data: dict[str, Any], which: str, expected: tuple[str, ...]) -> None:
    tensor = data.get(which)
    if not isinstance(tensor, dict) or tensor.get("layout") != "NHWC":
        raise refused(path, f"its {which} is not described as NHWC")
    channels = tensor.get("channels")
    if not isinstance(channels, list) or channels != list(expected):
        found = channels if isinstance(channels, list) else []
        # The first place where the lists part says more than both of them.
        index = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
        names = [repr(names[index]) if index < len(names) else "nothing" for names in (found, expected)]
        raise refused(path, f"channel {index} of its {which} is {names[0]} where {names[1]} is expected")


def checked_file(manifest: Path, name: str, digest: object) -> str:
    if Path(name).name != name or name in ("", ".", ".."):
        raise refused(manifest, f"the file name {name!r} leaves its folder")
    path = manifest.parent / name
    try:
        if path.stat().st_size > _LARGEST_MODEL:
            raise refused(manifest, f"{name} is larger than any network")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise refused(manifest, f"{name} cannot be read ({error.strerror})") from error
    if found != digest:
        raise refused(manifest, f"{name} is not the file that the manifest was written for (its sha256 differs)")
    return found


def refused(path: Path, why: str) -> SuperseeError:
    return SuperseeError(
        f"The network in {path.parent} cannot be used",
        why,
        "Export it again with `python -m models export`, or choose another with --network.",
    )
