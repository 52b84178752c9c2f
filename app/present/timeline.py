"""Which instant of the scene is shown, from which camera, and whether the camera jumped to get there."""

from __future__ import annotations

from dataclasses import replace

from app.scene.camera import CameraPath, CameraPose
from app.scene.model import SceneModel
from app.scene.state import SceneState


class Timeline:
    """Scene time in seconds, along a camera path or seen from a camera of the user's own (`camera`, which wins)."""

    def __init__(self, model: SceneModel, path: CameraPath | None = None) -> None:
        self.model = model
        self.path = path
        self.camera: CameraPose | None = None
        self.time = 0.0
        self._drawn: float | None = None

    def state_at(self, time: float) -> SceneState:
        """The state at `time`, with `cut` set where the path cuts between the last state asked for and this one."""
        from app.scene.camera_path import cut_between
        from app.scene.evaluate import evaluate

        state = evaluate(self.model, time, self.path, self.camera)
        if self.camera is None and self.path is not None and self._drawn is not None:
            state = replace(state, cut=cut_between(self.path, self._drawn, time))
        self.time = self._drawn = time
        return state

    def jump(self, time: float) -> None:
        """Goes to `time` without having been in between: the next state carries no cut, its frame is a reset."""
        self.time = time
        self._drawn = None
