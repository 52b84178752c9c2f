"""What is compared: which scene or recording, by which methods, at which sizes, at which instant and from where."""

from __future__ import annotations

from collections.abc import Sequence

from app.conventions import Size, checked_ratio, render_size, texture_lod_bias
from app.errors import SuperseeError
from app.present.recorded import RecordedSource
from app.present.source import SceneSource
from app.present.timeline import Timeline
from app.scene.camera import CameraPath, CameraPose
from app.scene.model import SceneModel
from app.sequence.source import display_at
from app.upscale.registry import method_info


class ComparisonSettings:
    """All of it may be set at any moment, and takes effect when the next frame begins.

    A recording (`recorded`) has its own size, camera and reference: the display size follows from the ratio alone.
    """

    def __init__(
        self,
        source: SceneSource,
        model: SceneModel,
        methods: Sequence[str],
        ratio: float,
        display_size: Size,
        path: CameraPath | None,
    ) -> None:
        self.source = source
        self.recorded = source if isinstance(source, RecordedSource) else None
        self.timeline = Timeline(model, path)
        self.lod_bias = 0.0  # added to the ratio's own
        self.shading_load: float | None = None  # None: as the source has it
        self.methods = methods
        self.ratio = ratio
        self.display_size = display_size

    @property
    def methods(self) -> tuple[str, ...]:
        """One name of METHODS a pane; the same may stand twice."""
        return self._methods

    @methods.setter
    def methods(self, names: Sequence[str]) -> None:
        if not names:
            raise SuperseeError("There is nothing to compare", "no method was named", "Name one at least.")
        for name in names:
            method_info(name)
        self._methods = tuple(names)

    @property
    def ratio(self) -> float:
        return self._ratio

    @ratio.setter
    def ratio(self, ratio: float) -> None:
        self._ratio = checked_ratio(ratio)
        if self.recorded is not None:
            self._display_size = display_at(self.recorded.recording, ratio)

    @property
    def display_size(self) -> Size:
        return self._display_size

    @display_size.setter
    def display_size(self, size: Size) -> None:
        if min(size) < 1:
            raise SuperseeError(f"A picture of {size[0]}x{size[1]} pixels cannot be drawn")
        if self.recorded is None:
            self._display_size = (int(size[0]), int(size[1]))

    @property
    def render_size(self) -> Size:
        return self.rendered(self._display_size, self._ratio)

    def rendered(self, display: Size, ratio: float) -> Size:
        """The low resolution of a display size and ratio."""
        return render_size(display, ratio) if self.recorded is None else self.recorded.recording.render_size

    @property
    def model(self) -> SceneModel:
        return self.timeline.model

    @property
    def time(self) -> float:
        return self.timeline.time

    @property
    def path(self) -> CameraPath | None:
        return self.timeline.path

    @path.setter
    def path(self, path: CameraPath | None) -> None:
        """Another path starts at its beginning."""
        self.timeline.path = path
        self.seek(0.0)

    @property
    def camera(self) -> CameraPose | None:
        """The user's own camera, or None on the path."""
        return self.timeline.camera

    @camera.setter
    def camera(self, pose: CameraPose | None) -> None:
        if self.recorded is not None:
            return
        # Leaving or taking up the path is a jump; moving the own camera is not.
        if (pose is None) != (self.timeline.camera is None):
            self.source.invalidate()
        self.timeline.camera = pose

    def seek(self, time: float) -> None:
        """The next frame without a time of its own shows `time`, with no history."""
        self.timeline.jump(time)
        self.source.invalidate()

    @property
    def load(self) -> float:
        """The shading load that is in force."""
        return self.source.shading_load if self.shading_load is None else self.shading_load

    def tune_source(self) -> None:
        """Brings what is set of the drawing itself to the source."""
        self.source.lod_bias = texture_lod_bias(self._ratio) + self.lod_bias
        self.source.shading_load = self.load
