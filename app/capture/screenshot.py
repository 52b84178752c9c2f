"""A screenshot: the composition as the audience sees it, and beside it each pane's own pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.capture.image_files import write_png
from app.errors import SuperseeError


def save_screenshot(
    path: Path,
    composition: np.ndarray,
    panes: Mapping[str, np.ndarray],
    record: Mapping[str, object] | None = None,
) -> list[Path]:
    """Writes `path` and, for each pane, `<stem>-<n>-<method>.png` beside it; returns what was written.

    Images are uint8 sRGB, (height, width, 3), row 0 at the top; `panes` goes from left to right.
    """
    if path.suffix.lower() != ".png":
        raise SuperseeError(f"{path.name} is no name for a screenshot", "only PNG is written", "End it in .png.")
    written = [write_png(path, composition, record)]
    for number, (method, pixels) in enumerate(panes.items(), start=1):
        name = f"{path.stem}-{number}-{method}.png"
        written.append(write_png(path.with_name(name), pixels, {**(record or {}), "method": method}))
    return written


def free_name(folder: Path, stem: str = "supersee") -> Path:
    """`folder/stem-0001.png` or the first number after it that is not taken."""
    number = 1
    while (candidate := folder / f"{stem}-{number:04d}.png").exists():
        number += 1
    return candidate
