"""A recording in a scene's place: the same comparison plays it, with the frames that were recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import moderngl
import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.render.frame import FrameInputs
from app.scene.builtin import BUILTIN, load_scene
from app.scene.camera import CameraPath, CameraPose, Shot
from app.scene.model import SceneModel
from app.scene.state import SceneState
from app.sequence.cameras import still_camera
from app.sequence.discover import importer_for, open_sequence
from app.sequence.read_ahead import MEMORY_LIMIT, ReadAhead
from app.sequence.source import FrameSource, RecordedFrame, SequencePlayer

LEAD = 24
"""Frames that are played, unseen, before one that was jumped to: so many that its history is that of playing."""
_AHEAD = 12
_GREY = 0.02
"""Linear grey of what is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordedScene(SceneModel):
    """Nothing to draw: a recording, with the camera that it was recorded with."""

    recording: FrameSource | None = None


def load(name: str) -> SceneModel:
    """A built-in scene by its name, a glTF file, or a recording: a folder or a file that `open_sequence` knows. Raises
    SuperseeError with what to do."""
    recording = recording_at(name)
    return load_scene(name) if recording is None else recorded_scene(recording)


def recording_at(name: str) -> FrameSource | None:
    """The recording called `name`, or None where that is a scene's name or a glTF file. Raises SuperseeError for a
    folder that is none."""
    path = Path(name).expanduser()
    return None if name in BUILTIN or not _is_recording(path) else open_sequence(path)


def _is_recording(path: Path) -> bool:
    if path.is_dir() or not path.is_file() or path.suffix.lower() in (".gltf", ".glb"):
        return path.is_dir()
    try:
        importer_for(path)
    except SuperseeError:
        return False
    return True


def recorded_scene(recording: FrameSource) -> RecordedScene:
    still = CameraPose((0.0, 0.0, 0.0), (0.0, 0.0, -1.0))
    path = CameraPath("as recorded", (Shot(((0.0, still), (len(recording) / recording.fps, still))),), closed=True)
    return RecordedScene(
        recording.name, (), (), (), (), camera_paths=(path,), notes=recording.notes, recording=recording
    )


class RecordedSource:
    """What `LiveSource` is to a scene (app.present.source.SceneSource). A frame that is missing or damaged is an even
    dark grey, `missing` says why, and the next one starts without history."""

    def __init__(self, context: moderngl.Context, recording: FrameSource, memory: int = MEMORY_LIMIT) -> None:
        self.recording = recording
        self.lod_bias = 0.0  # these two change nothing in what was recorded
        self.shading_load = 1.0
        self.missing = ""
        self._context = context
        self._player = SequencePlayer(context, recording)
        self._ahead = ReadAhead(recording, memory)
        self._native: moderngl.Texture | None = None
        self._referenced = False
        self._last: int | None = None  # the frame that history leads up to

    @property
    def reference_there(self) -> bool:
        """Whether `render_native` drew the frame's own reference, and there was a frame."""
        return self._last is not None and self._referenced

    @property
    def has_reference(self) -> bool:
        """At the display size of now."""
        return self._ahead.display in self.recording.reference_sizes

    @property
    def native_title(self) -> str:
        """What stands in the place of the native picture, which a recording has not."""
        return "Reference, recorded" if self.has_reference else "No reference at this ratio"

    def index_at(self, time: float) -> int:
        """The frame at `time` seconds from the first; the recording loops."""
        return round(time * self.recording.fps) % len(self.recording)

    def time_after(self, time: float) -> float:
        """Of the next frame; after the last one comes the first."""
        return self.time_of((self.index_at(time) + 1) % len(self.recording))

    def time_of(self, index: int) -> float:
        return index / self.recording.fps

    def leading(self, time: float) -> list[float]:
        """Times of the frames that have to be played before that at `time`, for its history."""
        index = self.index_at(time)
        follows = self._last is not None and index == self._last + 1
        return [] if follows else [self.time_of(earlier) for earlier in range(max(index - LEAD, 0), index)]

    def ready(self, time: float) -> bool:
        """Whether the frame can be had without waiting; those after it are read meanwhile."""
        index, frames = self.index_at(time), len(self.recording)
        self._ahead.want(list(dict.fromkeys((index + ahead) % frames for ahead in range(_AHEAD))))
        return self._ahead.ready(index)

    def resize(self, render_size: Size, display_size: Size) -> None:
        assert render_size == self.recording.render_size, "frames have the size that they were recorded at"
        self._ahead.display = display_size
        self._drop_native()
        self.invalidate()

    def render_frame(self, state: SceneState, *, frame_index: int) -> FrameInputs:
        """The recorded frame at the state's time, whatever `frame_index` is."""
        index = self.index_at(state.time)
        read = self._ahead.frame(index)
        self.missing = f"frame {index + 1}: {read.missing}" if read.missing else ""
        follows = self._last is not None and index == self._last + 1
        self._last = index if read.frame is not None else None
        frame = self._player.upload(read.frame or self._nothing(state.time), index, follows)
        return replace(frame, display_size=self._ahead.display)

    def render_native(self, state: SceneState) -> moderngl.Texture:
        """The reference of the frame at the state's time, or an even grey where there is none."""
        reference = self._ahead.frame(self.index_at(state.time)).reference
        width, height = self._ahead.display
        self._referenced = reference is not None
        if reference is None:
            reference = np.full((height, width, 3), _GREY, np.float16)
        if self._native is None:
            self._native = self._context.texture((width, height), 3, dtype="f2", alignment=1)
        self._native.write(reference.tobytes(), alignment=1)
        return self._native

    def invalidate(self) -> None:
        """The next frame is played up to, as after a jump."""
        self._last = None

    def release(self) -> None:
        self._ahead.close()
        self._player.release()
        self._drop_native()

    def _nothing(self, time: float) -> RecordedFrame:
        width, height = self.recording.render_size
        return RecordedFrame(
            np.full((height, width, 4), _GREY, np.float16), np.zeros((height, width), np.float32),
            np.zeros((height, width, 2), np.float32), (0.0, 0.0), 1.0, still_camera((width, height)), time, reset=True,
        )  # fmt: skip

    def _drop_native(self) -> None:
        if self._native is not None:
            self._native.release()
            self._native = None
