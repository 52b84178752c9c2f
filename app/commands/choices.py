"""Options that several commands share, checked before anything is started. Imports nothing heavy."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from app.conventions import QUALITY_MODES, Size, checked_ratio
from app.errors import SuperseeError
from app.inference.image_manifest import image_kinds

DEFAULT_SCENE = "court"
SOURCES = ("native", "reference")
UPSCALERS = ("nearest", "bilinear", "lanczos", *image_kinds(), "taau", "neural")
METHODS = (*SOURCES, *UPSCALERS)
DEFAULT_METHODS = ("native", "bilinear", "taau", "neural")
PANE_ORDER = ("native", "bilinear", "neural", "taau")
"""Which methods fill a number of panes."""
MAX_PANES = 4
SIZE_LIMITS = (16, 8192)


def add_scene_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scene",
        nargs="?",
        type=scene,
        metavar="SCENE",
        help="a built-in scene's name, a .glb or .gltf file, or a recording (default: court)",
    )


def scene(text: str) -> str:
    """A folder's name without the slash that shells put after it."""
    return text.rstrip("/\\") or text


def add_scale_arguments(parser: argparse.ArgumentParser) -> None:
    modes = ", ".join(f"{mode_key(mode.name)} {mode.ratio:g}" for mode in QUALITY_MODES)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--ratio", type=ratio, metavar="R", help="display to render size, 1 to 3 (default: 2)")
    group.add_argument("--mode", type=mode_ratio, dest="ratio", metavar="MODE", help=f"a ratio by name: {modes}")


def mode_key(name: str) -> str:
    """The spelling for a command line: "Ultra Quality" -> "ultra-quality"."""
    return name.lower().replace(" ", "-")


def ratio(text: str) -> float:
    try:
        return checked_ratio(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def mode_ratio(text: str) -> float:
    known = {mode_key(mode.name): mode.ratio for mode in QUALITY_MODES}
    if mode_key(text) not in known:
        raise argparse.ArgumentTypeError(f"{text!r} is not a quality mode; there are {', '.join(known)}")
    return known[mode_key(text)]


def size(text: str) -> Size:
    """"640x360" -> (640, 360)."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write it as 640x360")
    width, height = int(parts[0]), int(parts[1])
    low, high = SIZE_LIMITS
    if not (low <= width <= high and low <= height <= high):
        raise argparse.ArgumentTypeError(f"{text!r} is not a usable size; each side is {low} to {high} pixels")
    return width, height


def sizes(text: str) -> tuple[Size, ...]:
    """"640x360,960x540" -> ((640, 360), (960, 540))."""
    return tuple(size(part) for part in text.split(","))


def ratios(text: str) -> tuple[float, ...]:
    return tuple(ratio(part) for part in text.split(","))


def methods(text: str) -> tuple[str, ...]:
    """"native,taau" -> ("native", "taau")."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        wrong = f"unknown method {', '.join(unknown)}" if unknown else "no method named"
        raise argparse.ArgumentTypeError(f"{wrong}; there are {', '.join(METHODS)}")
    if len(set(names)) != len(names):
        raise argparse.ArgumentTypeError("each method may be named once")
    return names


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def panes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PANES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of panes from 1 to {MAX_PANES}")
    return int(text)


def samples(text: str) -> int:
    if not text.isdecimal() or int(text) > 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of samples from 0 to 4096")
    return int(text)


def rate(text: str) -> float:
    return _number(text, 1.0, 240.0)


def load(text: str) -> float:
    return _number(text, 0.0, 1000.0)


def _number(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
    return value


def writable_folder(path: Path) -> Path:
    """The folder's nearest existing parent takes files, and `path` is not a file; raises SuperseeError."""
    import os

    if path.exists() and not path.is_dir():
        raise SuperseeError(f"{path} cannot be the output folder", "a file of that name is there", "Name another.")
    parent = path.absolute()
    while not parent.exists():
        parent = parent.parent
    if not os.access(parent, os.W_OK):
        raise SuperseeError(f"{path} cannot be written", f"{parent} takes no files from you", "Name another folder.")
    return path
