"""New held-out figures in the card of a network whose run is gone; everything else of the card stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from app.errors import SuperseeError
from app.inference.image_manifest import IMAGE_MANIFEST_FILE, load_image_network
from app.inference.manifest import load_network
from models.evaluate.results import read_evaluations
from models.export.card import CARD, FIGURES_HEADING, check_weights, copied_failures, figure_lines

_SECTION = re.compile(rf"(?<={re.escape(FIGURES_HEADING)}\n\n).*?(?=\n## )", re.DOTALL)


def update_card(folder: Path, scores: Sequence[Path], pictures: Path | None = None) -> None:
    """Raises SuperseeError where `folder` has no network or card, and where the scores are of other weights."""
    path = folder / CARD
    evaluation = read_evaluations(scores)
    only_ratio = None
    if (folder / IMAGE_MANIFEST_FILE).is_file():
        network = load_image_network(folder)
        only_ratio = network.ratio
    else:
        network = load_network(folder)
    check_weights(evaluation, network.name, network.sha256)
    try:
        card = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SuperseeError(f"{path} cannot be read", str(error), "Export the network from its run.") from error
    lines = "\n".join(figure_lines(evaluation, network.name, only_ratio)) + "\n"
    updated, count = _SECTION.subn(lambda _: lines, card, count=1)
    if not count:
        raise SuperseeError(f"{path} has no section of held-out figures", "", "Export the network from its run.")
    path.write_text(updated, encoding="utf-8")
    if pictures is not None:
        copied_failures(network.name, pictures, folder)
