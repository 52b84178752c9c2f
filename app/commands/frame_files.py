"""Single frames of a headless run, written by a thread beside the drawing."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from app.commands.headless import FrameResult
from app.conventions import Size
from app.errors import SuperseeError

BYTES_A_PIXEL = {"exr": 4.0, "png": 2.0}
"""Of busy pictures, compressed: three halves with ZIP, three bytes with deflate."""
_WAITING = 12
"""Pictures on their way to the disk: beyond it `add` waits."""


def expected_bytes(image_format: str, size: Size, pictures: int) -> int:
    """About what `pictures` files of (width, height) will take; 0 for the format "none"."""
    return round(BYTES_A_PIXEL.get(image_format, 0.0) * size[0] * size[1] * pictures)


def check_room(folder: Path, needed: int) -> None:
    """Raises SuperseeError where the disk under `folder` (there or not) has less room than that."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if needed > free:
        raise SuperseeError(
            f"{folder} has too little room",
            f"single frames take about {in_words(needed)}, and {in_words(free)} are free",
            "Free some, name another folder with --out, or choose --format png or none.",
        )


def in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


class FrameFiles:
    """FOLDER/frames/METHOD/0001.exr, scene-linear before exposure, or .png as shown; nothing for "none". A failure in
    the thread is raised as SuperseeError by the next `add`, or on the way out."""

    def __init__(self, folder: Path, image_format: str, record: Mapping[str, object]) -> None:
        self._folder, self._format, self._record = folder, image_format, record
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="frame writer")
        self._pending: deque[Future[int]] = deque()
        self.bytes = 0

    def add(self, frame: FrameResult) -> None:
        if self._format == "none":
            return
        record = {**self._record, "frame": frame.index, "time": round(frame.time, 6)}
        for name, linear in frame.linear.items():
            image = linear if self._format == "exr" else frame.panes[name]
            path = self._folder / "frames" / name / f"{frame.index + 1:04d}.{self._format}"
            self._pending.append(self._pool.submit(_write, path, image, {**record, "method": name}))
        while len(self._pending) > _WAITING:
            self.bytes += self._pending.popleft().result()

    @property
    def described(self) -> str:
        return {
            "exr": f"EXR, scene-linear half floats, {in_words(self.bytes)}",
            "png": f"PNG, 8-bit sRGB as shown, {in_words(self.bytes)}",
        }.get(self._format, "none")

    def __enter__(self) -> FrameFiles:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            while kind is None and self._pending:
                self.bytes += self._pending.popleft().result()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _write(path: Path, image: np.ndarray, record: Mapping[str, object]) -> int:
    from app.capture.image_files import write_exr, write_png

    (write_exr if path.suffix == ".exr" else write_png)(path, image, record)
    return path.stat().st_size
