"""Our own sequence format, written: one EXR per frame and layer group, and sequence.json that lists what is whole."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np

from app.errors import SuperseeError
from app.render.frame import FrameInputs
from app.sequence.exr import all_finite
from app.sequence.native_meta import (
    CHANNELS,
    COLOUR,
    DEPTH,
    FILE_NAME,
    MOTION,
    REACTIVE,
    REFERENCE_CHANNELS,
    FrameMeta,
    SequenceMeta,
    meta_text,
    read_meta,
)
from app.sequence.source import RecordedFrame

_HALF_MAX = 65504.0
_THREADS = 2
_LISTED_EVERY = 1.0
"""Seconds between two writings of sequence.json: what a killed program loses of its frames."""


def recorded(frame: FrameInputs) -> RecordedFrame:
    """A frame read back from the GPU, exactly."""
    reactive = frame.reactive
    return RecordedFrame(
        colour=_texels(frame.colour, np.float16),
        depth=_texels(frame.depth, np.float32)[..., 0],
        motion=_texels(frame.motion, np.float16).astype(np.float32),
        jitter=frame.jitter,
        exposure=frame.exposure,
        camera=frame.camera,
        time=frame.time,
        reactive=None if reactive is None else _texels(reactive, np.uint8)[..., 0],
        reset=frame.reset,
    )


class SequenceWriter:
    """Adds frames to `folder` in order. A frame counts when all its files are whole, and the folder is a valid
    sequence whenever sequence.json has been written: at `close`, and about once a second until then.

    Raises SuperseeError for a folder that is taken; with `resume`, for one that was recorded otherwise.
    """

    def __init__(self, folder: Path, meta: SequenceMeta, resume: bool = False) -> None:
        """`meta` without frames; its notes and frames grow."""
        self.folder = folder
        self._path = folder / FILE_NAME
        self._meta = self._taken_up(meta) if resume and self._path.exists() else meta
        taken = folder.exists() and (not folder.is_dir() or (not resume and any(folder.iterdir())))
        if taken:
            raise SuperseeError(
                f"{folder} is taken", "recording never overwrites what is there", "Name a new folder, or --resume."
            )
        self._frames = list(self._meta.frames)
        self._listed, self._listed_at = len(self._frames), time.monotonic()
        self._repaired = 0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="frame writer")

    def __len__(self) -> int:
        """Frames that are written."""
        return len(self._frames)

    def add(self, frame: RecordedFrame, references: Mapping[str, np.ndarray] | None = None) -> None:
        """Writes a frame and its references, (height, width, 3) linear by the folder that `meta` gives them. Values
        that are not finite, or beyond half's range, become what half floats can hold; `notes` then say so."""
        name = f"{len(self._frames) + 1:06d}.exr"
        try:
            self._write_layers(name, frame, references or {})
        except SuperseeError:
            self._remove_frame(name)  # on a full disk, this makes room for sequence.json
            raise
        camera = frame.camera
        self._frames.append(
            FrameMeta(
                name, frame.time, frame.jitter, frame.exposure, frame.reset, camera.near, camera.view, camera.projection
            )
        )
        if time.monotonic() - self._listed_at > _LISTED_EVERY:
            self._list_frames()

    def close(self) -> SequenceMeta:
        """Lists what is written; harmless twice. A folder without a frame gets no sequence.json."""
        self._pool.shutdown()
        if len(self._frames) > self._listed:
            self._list_frames()
        return self._described()

    def __enter__(self) -> SequenceWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _taken_up(self, meta: SequenceMeta) -> SequenceMeta:
        found = read_meta(self._path)
        for what, before, now in (
            ("frames a second", found.fps, meta.fps),
            ("render size", found.render_size, meta.render_size),
            ("display size", found.display_size, meta.display_size),
            ("references", found.references, meta.references),
            ("source", dict(found.made_by or {}), dict(meta.made_by or {})),
        ):
            if before != now:
                raise SuperseeError(
                    f"{self.folder} was recorded otherwise",
                    f"its {what}: {before}, not {now}",
                    "Name a new folder with --out.",
                )
        return found

    def _write_layers(self, name: str, frame: RecordedFrame, references: Mapping[str, np.ndarray]) -> None:
        layers = [
            (COLOUR, CHANNELS[COLOUR], self._finite(frame.colour, np.float16)),
            (DEPTH, CHANNELS[DEPTH], self._finite(frame.depth[..., None], np.float32)),
            (MOTION, CHANNELS[MOTION], self._finite(frame.motion, np.float16)),
        ]
        if self._meta.reactive:
            mask = np.zeros(frame.depth.shape, np.uint8) if frame.reactive is None else frame.reactive
            layers.append((REACTIVE, CHANNELS[REACTIVE], (mask / np.float32(255.0)).astype(np.float16)[..., None]))
        for reference in self._meta.references:
            pixels = self._finite(references[reference.folder], np.float16)
            layers.append((reference.folder, REFERENCE_CHANNELS, pixels))
        # Packing takes nearly all of the time, and releases the interpreter.
        written = [
            self._pool.submit(self._write, folder, name, channels, pixels) for folder, channels, pixels in layers
        ]
        wait(written)  # none is still under way when the frame is given up
        for each in written:
            each.result()

    def _finite(self, pixels: np.ndarray, dtype: type[np.floating]) -> np.ndarray:
        with np.errstate(over="ignore"):
            values = pixels.astype(dtype, copy=False)
        if all_finite(values):
            return values
        wrong = ~np.isfinite(values)
        self._repaired += int(wrong.sum())
        most = _HALF_MAX if dtype == np.float16 else 1e9
        return np.nan_to_num(values, nan=0.0, posinf=most, neginf=-most)

    def _write(self, folder: str, name: str, channels: tuple[str, ...], pixels: np.ndarray) -> None:
        """Beside its place first, so that a file of a frame's name is always whole."""
        import OpenEXR

        path = self.folder / folder / name
        part = path.with_name(f"{name}.part")
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        planes = {channel: np.ascontiguousarray(pixels[..., i]) for i, channel in enumerate(channels)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with OpenEXR.File(header, planes) as file:
                file.write(str(part))
            part.replace(path)
        except (OSError, RuntimeError) as error:
            raise self._cannot_write(path, error) from error
        finally:
            _remove(part)

    def _list_frames(self) -> None:
        """On a full disk the last frames give way: without their line in sequence.json none of them counts."""
        try:
            self._write_list()
        except SuperseeError as error:
            while len(self._frames) > self._listed:
                self._remove_frame(self._frames.pop().file)
                with contextlib.suppress(SuperseeError):
                    self._write_list()
            raise self._cannot_write(self._path, error.__cause__ or error) from error  # with what is whole now

    def _remove_frame(self, name: str) -> None:
        for folder in (*CHANNELS, *(reference.folder for reference in self._meta.references)):
            _remove(self.folder / folder / name)

    def _write_list(self) -> None:
        part = self._path.with_name(f"{FILE_NAME}.part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(meta_text(self._described()))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise self._cannot_write(self._path, error) from error
        finally:
            _remove(part)
        self._listed, self._listed_at = len(self._frames), time.monotonic()

    def _described(self) -> SequenceMeta:
        notes = self._meta.notes
        if self._repaired:
            notes += (f"{self._repaired} values that half floats cannot hold were recorded as the nearest they can.",)
        return replace(self._meta, frames=tuple(self._frames), notes=notes)

    def _cannot_write(self, path: Path, error: BaseException) -> SuperseeError:
        return SuperseeError(
            f"{path} cannot be written",
            str(error),
            f"Free some space, then go on with --resume: {len(self._frames)} frames are whole.",
        )


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # what stays is listed nowhere, and replaced by the next writing
        path.unlink(missing_ok=True)


def _texels(texture: moderngl.Texture, dtype: type) -> np.ndarray:
    width, height = texture.size
    return np.frombuffer(texture.read(alignment=1), dtype).reshape(height, width, texture.components)
