"""`python -m models export`: the averaged weights of a last checkpoint, with manifest, card and learning curve."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from app.commands.choices import writable_folder
from models.export.precision_command import add_precision_parser
from models.export.quantize_command import add_quantize_parser

if TYPE_CHECKING:
    from models.network.model import Model
    from models.train.config import TrainConfig

NOTES = "notes.md"
"""Beside a run's checkpoint: what its settings do not tell; it goes into the card."""


def export_run(
    run: Path,
    out: Path,
    scores: Sequence[Path] = (),
    pictures: Path | None = None,
    precision: Path | None = None,
) -> TrainConfig:
    """The same checkpoint and scores give the same bytes. Raises SuperseeError for a run without a checkpoint, and for
    a folder that holds another kind of network."""
    from models.evaluate.checkpoints import averaged_model, read_run
    from models.evaluate.results import read_evaluations
    from models.export.card import CARD, check_weights, copied_failures, write_card
    from models.train.learning_curve import write_learning_curve

    config, checkpoint = read_run(run)
    evaluation = read_evaluations(scores)
    model = averaged_model(config, checkpoint)
    with TemporaryDirectory() as draft:  # nothing is overwritten for scores that are refused
        _save(model, Path(draft), config.name)
        digest = hashlib.sha256((Path(draft) / "model.onnx").read_bytes()).hexdigest()
    check_weights(evaluation, config.name, digest)
    _save(model, out, config.name)
    write_learning_curve(checkpoint.progress.history, out)
    notes = run / NOTES
    text = notes.read_text(encoding="utf-8") if notes.is_file() else ""
    failures = copied_failures(config.name, pictures, out) if pictures else None
    checked = _precision(precision) if precision else None
    write_card(out / CARD, config, checkpoint.progress, model, evaluation, text, failures, checked)
    return config


def _save(model: Model, out: Path, name: str) -> None:
    from app.errors import SuperseeError
    from app.inference.image_manifest import IMAGE_MANIFEST_FILE
    from models.network.export_image import save_image_network
    from models.network.export_rgb import RGB_MANIFEST_FILE, save_rgb_network
    from models.network.image_model import ImageModel
    from models.network.rgb_model import RgbModel
    from models.network.save import MANIFEST_FILE, save_network

    manifests = {ImageModel: IMAGE_MANIFEST_FILE, RgbModel: RGB_MANIFEST_FILE}
    own = manifests.get(type(model), MANIFEST_FILE)
    if any((out / file).exists() for file in (MANIFEST_FILE, *manifests.values()) if file != own):
        raise SuperseeError(
            f"{name} cannot be written into {out}", "another kind of network lies there", "Name another folder."
        )
    if isinstance(model, ImageModel):
        save_image_network(model, out, name)
    elif isinstance(model, RgbModel):
        save_rgb_network(model, out, name)
    else:
        save_network(model.network, out, name)  # type: ignore[arg-type]


def _precision(path: Path) -> dict[str, Any]:
    from app.errors import SuperseeError

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError("it is not a JSON object")
    except (OSError, ValueError) as error:
        raise SuperseeError(
            f"The precision check in {path} cannot be read", str(error), "Run check-precision again."
        ) from error
    return data


def export_command(options: argparse.Namespace) -> None:
    writable_folder(options.out)
    config = export_run(options.run, options.out, options.scores, options.pictures, options.precision)
    files = ", ".join(sorted(path.name for path in options.out.iterdir()))
    print(f"{config.name} is in {options.out}: {files}")  # noqa: T201


def update_card_command(options: argparse.Namespace) -> None:
    from models.export.update_card import update_card

    for folder in options.network:
        update_card(folder, options.scores, options.pictures)
        print(f"The card of {folder} has the new figures")  # noqa: T201


def add_parser(commands: Any) -> None:
    add_precision_parser(commands)
    add_quantize_parser(commands)
    export = commands.add_parser("export", help="write model.onnx, its manifest and card.md")
    export.add_argument("--run", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True, help="for example models/weights/lite")
    export.add_argument("--scores", type=Path, nargs="*", default=[], help="JSON of `evaluate` for the card's tables")
    export.add_argument("--pictures", type=Path, help="folder of `evaluate --pictures`: the card shows the failures")
    export.add_argument("--precision", type=Path, help="JSON of `check-precision`, for the card")
    export.set_defaults(run_command=export_command)
    update = commands.add_parser("update-card", help="put new held-out figures into cards of exported networks")
    update.add_argument("--network", type=Path, nargs="+", required=True, help="their folders")
    update.add_argument("--scores", type=Path, nargs="+", required=True, help="JSON of `evaluate`")
    update.add_argument("--pictures", type=Path, help="folder of `evaluate --pictures`, for the picture of failures")
    update.set_defaults(run_command=update_card_command)
