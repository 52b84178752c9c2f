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

LEAD = 64
"""Frames, at least, that are played unseen before one that was jumped to, or as many as there are since the start or
the last cut: then the picture is that of playing; else it is near it. Measured on 150 frames of ours at 320x180, PSNR
between a frame that was jumped to and the same frame played: the temporal networks 56 dB or more, TAAU, whose memory
is long, 33 dB or more (24 frames: 43 and 28 dB). The tests hold it to 50 and 28 dB on a pattern that is hard."""
STRETCH = 32
"""Frames from a multiple of this on are all led up to from one frame, LEAD before the first of them: so they are the
same pictures whether each was jumped to or all were drawn in a row, which is how time runs backwards."""
_AHEAD = 12
_GREY = 0.1
"""Linear grey of what is not there: dark, and yet apart from the window's own black through the filmic curve."""


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
    dark grey, `missing` says why, and the next one starts without history.

    It remembers over which frames in a row history has grown, so that a jump plays no more than it must: `leading`.
    """

    def __init__(self, context: moderngl.Context, recording: FrameSource, memory: int = MEMORY_LIMIT) -> None:
        self.recording = recording
        self.lod_bias = 0.0  # these two change nothing in what was recorded
        self.shading_load = 1.0
        self.missing = ""
        self.lost: dict[int, str] = {}  # every frame that was found missing or damaged, and why
        self._context = context
        self._player = SequencePlayer(context, recording)
        self._ahead = ReadAhead(recording, memory)
        self._native: moderngl.Texture | None = None
        self._uploaded: int | None = None  # whose reference `_native` holds
        self._referenced = False
        self._there = False  # whether the last frame was
        self._history: range = range(0)  # frames in a row that history has grown over
        self._void = True  # the last of them was missing: the next one starts anew
        self._cuts: set[int] = set()  # as far as they were met

    @property
    def reference_there(self) -> bool:
        """Whether `render_native` drew the frame's own reference, and there was a frame."""
        return self._there and self._referenced

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

    def leading(self, time: float, back: int = 0) -> list[float]:
        """Times of the frames that have to be played before that at `time`, for its history, and for that of the
        `back` frames of its stretch before it."""
        index = self.index_at(time)
        start = self._warm_start(index, back)
        if self._history and self._history.start <= start and self._history.stop <= index - back:
            start = max(start, self._history.stop)  # it goes on from where it is
        return [self.time_of(earlier) for earlier in range(start, index)]

    def before_in_stretch(self, index: int) -> int:
        """How many frames of its stretch come before this one."""
        return index % STRETCH

    def follows(self, index: int) -> bool:
        """Whether history leads up to this frame."""
        return bool(self._history) and index == self._history.stop

    def ready(self, time: float, target: float | None = None, step: int = 1) -> bool:
        """Whether the frame can be had without waiting; those that come after it (before it: `step` -1) are read
        meanwhile. Frames that only lead up to the one at `target` are read without their references."""
        index, frames = self.index_at(time), len(self.recording)
        goal = index if target is None else self.index_at(target)
        wanted = list(dict.fromkeys((index + step * ahead) % frames for ahead in range(_AHEAD)))
        bare = {each for each in wanted if index <= each < goal} if step > 0 else set()
        self._ahead.want(wanted, bare)
        return self._ahead.ready(index, index < goal)

    def resize(self, render_size: Size, display_size: Size) -> None:
        assert render_size == self.recording.render_size, "frames have the size that they were recorded at"
        self._ahead.display = display_size
        self._drop_native()
        self.invalidate()

    def render_frame(self, state: SceneState, *, frame_index: int) -> FrameInputs:
        """The recorded frame at the state's time, whatever `frame_index` is."""
        index = self.index_at(state.time)
        follows = self.follows(index)
        frame = self._upload(index, state.time, follows and not self._void)
        self._history = range(self._history.start if follows else index, index + 1)
        self._void = not self._there
        return frame

    def show_frame(self, state: SceneState) -> FrameInputs:
        """The same, for pictures that are there already: history stays where it is."""
        return self._upload(self.index_at(state.time), state.time, False)

    def render_native(self, state: SceneState) -> moderngl.Texture:
        """The reference of the frame at the state's time, or an even grey where there is none."""
        index = self.index_at(state.time)
        if self._native is not None and self._uploaded == index:
            return self._native
        reference = self._ahead.frame(index).reference
        width, height = self._ahead.display
        self._uploaded, self._referenced = index, reference is not None
        if reference is None:
            reference = np.full((height, width, 3), _GREY, np.float16)
        if self._native is None:
            self._native = self._context.texture((width, height), 3, dtype="f2", alignment=1)
        self._native.write(np.ascontiguousarray(reference), alignment=1)
        return self._native

    def reference_texture(self, state: SceneState) -> moderngl.Texture | None:
        """Linear, as `render_native` has it; None where the frame has no reference, or is itself missing."""
        texture = self.render_native(state)
        return texture if self.reference_there else None

    def reference_pixels(self, index: int) -> np.ndarray | None:
        """(height, width, 3) float16, scene-linear; None where there is none."""
        return self._ahead.frame(index).reference

    def invalidate(self) -> None:
        """The next frame is played up to, as after a jump."""
        self._history, self._void = range(0), True

    def release(self) -> None:
        self._ahead.close()
        self._player.release()
        self._drop_native()

    def _warm_start(self, index: int, back: int) -> int:
        """The first frame that has a say in the history of `index`, and of the `back` frames before it."""
        cut = max((each for each in self._cuts if each <= index - back), default=0)
        return max(index - self.before_in_stretch(index) - LEAD, cut, 0)

    def _upload(self, index: int, time: float, follows: bool) -> FrameInputs:
        bare = not self._ahead.ready(index)
        read = self._ahead.frame(index, bare=bare and self._ahead.ready(index, bare=True))
        self.missing = f"frame {index + 1}: {read.missing}" if read.missing else ""
        self._there = read.frame is not None
        if read.frame is None:
            self.lost[index] = read.missing
        elif read.frame.reset:
            self._cuts.add(index)
        frame = self._player.upload(read.frame or self._nothing(time), index, follows)
        return replace(frame, display_size=self._ahead.display)

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
        self._uploaded = None
