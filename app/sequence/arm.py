"""Captures in the layout of Arm's Neural Graphics Model Gym, as its capture plug-in for Unreal writes them.

0000.json                      of sequence 0000: rate, target size, depth's direction; per frame camera, jitter ..
ground_truth/0000/####.exr     R, G, B at target size, linear
x2/color/0000/####.exr         R, G, B, jittered, linear; x1_5 for a ratio of 1.5
x2/depth/0000/####.exr         R, device depth
x2/motion/0000/####.exr        R, G: position now minus before without jitter, as a fraction of the screen, y down

Jitter is a fraction of the render size, x right, y down: the sample lies at pixel centre + jitter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.arm_meta import ArmFrame, arm_camera, read_meta, reversed_infinite
from app.sequence.exr import read_channels, read_pixels
from app.sequence.exr_header import read_header
from app.sequence.folder import files_of, first_usable, inside
from app.sequence.importing import DEFAULT_RATIO, display_size, no_reference, recorded_frame
from app.sequence.source import RecordedFrame


def matches(path: Path) -> bool:
    """The folder with x2/color in it, or one of the JSON files there."""
    if path.is_file():
        return path.suffix.lower() == ".json" and bool(_ratio_folders(path.parent))
    return path.is_dir() and bool(_ratio_folders(path)) and any(path.glob("*.json"))


class ArmCapture:
    """A `FrameSource` over one sequence of such a folder. Raises SuperseeError for a folder with several sequences
    (name one: 0001.json) and for a ratio that was not captured."""

    def __init__(self, path: Path, ratio: float | None = None) -> None:
        description = path if path.is_file() else _only_description(path)
        root, sequence = description.parent, description.stem
        self._meta = read_meta(description)
        folder, self._ratio_index = self._chosen(root, ratio)
        self._colour, self._depth, self._motion = (folder / name / sequence for name in ("color", "depth", "motion"))
        self._truth = root / "ground_truth" / sequence
        self._root = root
        self.name = f"{root.name}/{sequence}"
        self.fps = self._meta.fps
        frames = (self._colour / self._file(frame) for frame in self._meta.frames)
        self.render_size = first_usable(root, frames, read_header)[1].size
        self.display_size = display_size(self.render_size, _ratio(folder.name))
        if self._truth.is_dir():
            truth = files_of(self._truth, (".exr",))
            self.display_size = first_usable(root, truth, read_header)[1].size if truth else self.display_size
        self.reference_sizes: tuple[Size, ...] = (self.display_size,) if self._truth.is_dir() else ()
        has_jitter = self._ratio_index < len(self._meta.frames[0].jitter)
        self.notes = (
            "Motion: read as position now minus before, a fraction of the screen, y down.",
            "Colour: scene-linear Rec.709, times Exposure. Depth: of the device, "
            + ("reversed" if self._meta.reversed_z else "forward")
            + ". Jitter: a fraction of the render size, x right, y down.",
            *(() if has_jitter else (f"No jitter for {folder.name}: the frames are taken as not jittered.",)),
            *(() if self._meta.has_camera else ("No usable ViewProjection: the camera is taken to stand still.",)),
        )

    def __len__(self) -> int:
        return len(self._meta.frames)

    def read(self, index: int) -> RecordedFrame:
        frame, before = self._meta.frames[index], self._meta.frames[max(index - 1, 0)]
        name, size = self._file(frame), self.render_size
        colour = read_pixels(inside(self._root, self._colour / name), "RGB", size)
        depth = read_channels(inside(self._root, self._depth / name), "R", size)["R"]
        motion = read_channels(inside(self._root, self._motion / name), "RG", size)
        now_minus_before = np.stack([motion["R"], motion["G"]], -1).astype(np.float64)
        x, y = frame.jitter[self._ratio_index] if self._ratio_index < len(frame.jitter) else (0.0, 0.0)
        return recorded_frame(
            colour,
            reversed_infinite(depth, frame.near, frame.far, self._meta.reversed_z),
            -now_minus_before * np.array(size),
            jitter=(x * size[0], y * size[1]),
            camera=arm_camera(frame, before, size),
            time=index / self.fps,
            reset=index == 0 or frame.cut,
            exposure=frame.exposure,
        )

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        size = display or self.display_size
        if size not in self.reference_sizes:
            raise no_reference(self.name, size)
        path = inside(self._root, self._truth / self._file(self._meta.frames[index]))
        return read_pixels(path, "RGB", size).astype(np.float16, copy=False)

    @staticmethod
    def _file(frame: ArmFrame) -> str:
        return f"{frame.number:04}.exr"

    def _chosen(self, root: Path, ratio: float | None) -> tuple[Path, int]:
        folders = {_ratio(folder.name): folder for folder in _ratio_folders(root)}
        if ratio is None:
            ratio = DEFAULT_RATIO if DEFAULT_RATIO in folders else min(folders)
        nearest = min(folders, key=lambda captured: abs(captured - ratio))
        if abs(nearest - ratio) > 1e-3:
            captured = ", ".join(f"{each:g}" for each in sorted(folders))
            raise SuperseeError(f"{root} was not captured at {ratio:g}x", f"it holds {captured}", "Choose one of them.")
        folder = folders[nearest]
        return folder, self._meta.ratio_index.get(folder.name, 0)


def _only_description(root: Path) -> Path:
    descriptions = sorted(root.glob("*.json"))
    if len(descriptions) > 1:
        names = ", ".join(path.name for path in descriptions[:8])
        raise SuperseeError(
            f"{root} holds {len(descriptions)} sequences", names, f"Name one: {root / descriptions[0].name}"
        )
    return descriptions[0]


def _ratio_folders(root: Path) -> list[Path]:
    """x2, x1_5 .. with color in them."""
    return sorted(path.parent for path in root.glob("x*/color") if path.is_dir() and _ratio(path.parent.name) >= 1.0)


def _ratio(name: str) -> float:
    """ "x1_5" -> 1.5; 0 for a name that is none."""
    try:
        return float(name[1:].replace("_", "."))
    except ValueError:
        return 0.0
