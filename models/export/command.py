"""`python -m models export`: the averaged weights of a run's last checkpoint, with manifest and card."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.errors import SuperseeError
from models.export.card import write_card
from models.network import build
from models.network.save import save_network
from models.network.unet import TemporalUNet
from models.train.checkpoint import Checkpoint, load_checkpoint
from models.train.config import TrainConfig, parse_config
from models.train.loop import LATEST, network_config

NOTES = "notes.md"
"""Beside a run's checkpoint: what its settings do not tell; it goes into the card."""


def averaged_network(checkpoint: Checkpoint) -> TemporalUNet:
    """The network with the moving average of its weights, which is what is shipped."""
    network = build(network_config(parse_config(checkpoint.config)))
    network.load_state_dict(checkpoint.average)
    return network.eval()


def _figures(scores: Sequence[Path]) -> list[dict]:
    """The mean figures of one or more of evaluate's files, in their order."""
    figures: list[dict] = []
    for path in scores:
        try:
            figures += json.loads(path.read_text())["means"]
        except (OSError, ValueError, KeyError) as error:
            raise SuperseeError(f"The scores in {path} cannot be read", str(error), "Run evaluate again.") from error
    return figures


def export_run(run: Path, out: Path, scores: Sequence[Path] = ()) -> TrainConfig:
    """The same checkpoint and scores give the same bytes. Raises SuperseeError for a run without a checkpoint."""
    checkpoint = load_checkpoint(run / LATEST)
    config = parse_config(checkpoint.config)
    figures = _figures(scores)
    network = averaged_network(checkpoint)
    save_network(network, out, config.name)
    notes = run / NOTES
    text = notes.read_text(encoding="utf-8") if notes.is_file() else ""
    write_card(out / "card.md", config, checkpoint.progress, network, figures, text)
    return config


def export_command(options: argparse.Namespace) -> None:
    config = export_run(options.run, options.out, options.scores)
    print(f"{config.name} is in {options.out}: model.onnx, manifest.json, card.md")  # noqa: T201


def add_parser(commands: Any) -> None:
    export = commands.add_parser("export", help="write model.onnx, manifest.json and card.md")
    export.add_argument("--run", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True, help="for example models/weights/lite")
    export.add_argument("--scores", type=Path, nargs="*", default=[], help="JSON of `evaluate` for the card's tables")
    export.set_defaults(run_command=export_command)
