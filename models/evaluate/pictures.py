"""The pictures of an evaluation, as files: crops, known failures, quality against time, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from app.errors import SuperseeError
from models.evaluate.charts import learning_curves, quality_chart
from models.evaluate.results import Evaluation
from models.evaluate.sheet import crop_sheet
from models.evaluate.spots import SpotFinder
from models.evaluate.table import YARDSTICKS

LARGEST = 300_000
"""Bytes of a picture that goes into the repository; crops are saved as JPEG, as good as fits."""
_ROWS = 4


def write_pictures(
    folder: Path,
    evaluation: Evaluation,
    finder: SpotFinder,
    histories: Mapping[str, Sequence[Mapping[str, float]]],
) -> dict[str, Path]:
    """What there is to draw, by title. Raises SuperseeError where the folder cannot be written."""
    drawn: dict[str, tuple[str, np.ndarray | None]] = {}
    for ratio in sorted({row.sequence.ratio for row in evaluation.rows}):
        if spots := finder.differing(ratio, _ROWS):
            title, line = f"Where methods differ the most, {ratio:g}×", "chosen by the difference, not by who wins"
            drawn[title] = (f"crops-{ratio:g}x.jpg", crop_sheet(title, line, spots))
    for name in evaluation.candidates:
        if spots := finder.losses(name, _ROWS):
            title = f"Where {name} loses the most to {YARDSTICKS[0].upper()}"
            line = "the windows with the largest excess of squared error"
            drawn[title] = (f"{failures_name(name)}", crop_sheet(title, line, spots))
    drawn["Quality against time"] = ("quality-against-time.png", quality_chart(evaluation))
    drawn["Learning curves"] = ("learning-curves.png", learning_curves(histories))
    return {title: _save(folder / file, pixels) for title, (file, pixels) in drawn.items() if pixels is not None}


def failures_name(method: str) -> str:
    """The file with a network's known failures: what its card shows."""
    return f"failures-{''.join(c if c.isalnum() else '-' for c in method)}.jpg"


def _save(path: Path, pixels: np.ndarray) -> Path:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            image.save(path, optimize=True)
            return path
        for quality in range(92, 30, -6):
            image.save(path, quality=quality, subsampling=0, optimize=True)
            if path.stat().st_size <= LARGEST:
                break
    except OSError as error:
        raise SuperseeError(f"{path} cannot be written", str(error), "Name another folder.") from error
    return path
