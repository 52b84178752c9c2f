"""What the importers share: sizes for display, frames put together in our conventions, references they may lack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from app.conventions import Size, checked_ratio
from app.errors import SuperseeError
from app.render.frame import CameraView
from app.sequence.cameras import FLAT_DISTANCE
from app.sequence.folder import inside
from app.sequence.source import RecordedFrame

DEFAULT_RATIO = 2.0
DEFAULT_FPS = 30.0
JITTER_NOTE = "Jitter: jitter.json, in pixels, x right, y down: the sample lies at the pixel's centre + jitter."
_HALF_MAX = 65504.0
_Meta = TypeVar("_Meta")
_LARGEST_JSON = 64 << 20


def display_size(render: Size, ratio: float | None) -> Size:
    """`ratio` (default 2) times the render size, rounded; raises SuperseeError for a ratio outside [1, 3]."""
    ratio = DEFAULT_RATIO if ratio is None else checked_ratio(ratio)
    return round(render[0] * ratio), round(render[1] * ratio)


def recorded_frame(
    colour: np.ndarray,
    depth: np.ndarray,
    motion: np.ndarray,
    *,
    jitter: tuple[float, float],
    camera: CameraView,
    time: float,
    reset: bool,
    exposure: float = 1.0,
) -> RecordedFrame:
    """Puts arrays of any float type into the types and the layout of a RecordedFrame. `colour` is (h, w, 3) linear;
    beyond half's range it and `motion` are clipped to it."""
    rgba = np.ones((*colour.shape[:2], 4), np.float16)
    np.clip(colour, -_HALF_MAX, _HALF_MAX, out=rgba[..., :3], casting="unsafe")
    depth = np.ascontiguousarray(depth, np.float32)
    motion = np.ascontiguousarray(np.clip(motion, -_HALF_MAX, _HALF_MAX), np.float32)
    return RecordedFrame(rgba, depth, motion, jitter, exposure, camera, time, None, reset)


def reversed_depth(distance: np.ndarray, near: float) -> np.ndarray:
    """View distance in the units of `near` to reversed Z; infinitely far where it is infinite or not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = near / distance.astype(np.float32)
    return np.where(distance > 0.0, np.clip(np.nan_to_num(depth, nan=0.0), 0.0, 1.0), 0.0).astype(np.float32)


def flat_depth(size: Size, near: float) -> np.ndarray:
    """(height, width) reversed Z of a wall FLAT_DISTANCE metres away: a stand-in where nothing was recorded."""
    return np.full((size[1], size[0]), near / FLAT_DISTANCE, np.float32)


def no_reference(source_name: str, display: Size) -> SuperseeError:
    return SuperseeError(
        f"{source_name} has no reference at {display[0]}x{display[1]}",
        "the recording does not hold one",
        "Compare without one, or record it beside the frames.",
    )


def read_json(path: Path) -> Any:
    """The file's content; raises SuperseeError for one that is missing, too large, half written or not JSON, and for a
    link out of its folder."""
    inside(path.parent, path)
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise SuperseeError(
                f"{path} cannot be read", "it is too large to describe a recording", "Give another folder."
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuperseeError(
            f"{path} cannot be read", error.strerror or str(error), "Check that it is there, and its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise SuperseeError(
            f"{path} cannot be read", f"it is not JSON, or only half of it ({error})", "Write or copy it again."
        ) from error


def read_described(path: Path, parse: Callable[[Any], _Meta], what: str, advice: str) -> _Meta:
    """`parse` of the JSON file's content. Raises SuperseeError ("PATH does not describe `what`", the entry that is
    missing or wrong, `advice`), and what read_json raises."""
    content = read_json(path)
    try:
        return parse(content)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        reason = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
        raise SuperseeError(f"{path} does not describe {what}", reason, advice) from error


def read_jitter(path: Path, frames: int) -> tuple[tuple[float, float], ...] | None:
    """A side file's jitter, one [x, y] a frame in LR pixels (x right, y down), or None where there is no file.

    Raises SuperseeError for a file with too few entries, or with offsets of more than a pixel.
    """
    if not path.is_file():
        return None
    try:
        pairs = tuple((float(x), float(y)) for x, y in read_json(path))
    except (TypeError, ValueError) as error:
        raise SuperseeError(
            f"{path} does not hold jitter", str(error), "Write a list of [x, y], one a frame, in pixels."
        ) from error
    if len(pairs) < frames:
        raise SuperseeError(
            f"{path} is too short",
            f"it has {len(pairs)} entries for {frames} frames",
            "Write one a frame, gaps included.",
        )
    wrong = next((index for index, pair in enumerate(pairs) if not all(abs(part) <= 1.0 for part in pair)), None)
    if wrong is not None:
        raise SuperseeError(
            f"{path} does not hold jitter",
            f"entry {wrong} is {pairs[wrong]}, more than a pixel",
            "Write [x, y] in low-resolution pixels.",
        )
    return pairs
