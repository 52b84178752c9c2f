"""A scene that costs nothing to draw, and upscalers that write down what they were given."""

from __future__ import annotations

import moderngl
import numpy as np

from app.conventions import Size, jitter_offset
from app.render.frame import CameraView, FrameInputs
from app.scene.camera import CameraPath, CameraPose, Shot
from app.scene.model import Mesh, Node, Primitive, SceneModel
from app.scene.state import SceneState


def pose(x: float) -> CameraPose:
    return CameraPose((x, 1.0, 4.0), (0.0, 0.0, 0.0))


def fake_model(name: str = "fake", notes: tuple[str, ...] = ()) -> SceneModel:
    """A triangle and two paths; "cuts" cuts at 1 s and at its end, 2 s."""
    triangle = Primitive(
        np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32),
        np.arange(3, dtype=np.uint32),
        np.tile(np.float32([0, 0, 1]), (3, 1)),
    )
    shots = tuple(Shot(((0.0, pose(x)), (1.0, pose(x + 0.5)))) for x in (0.0, 3.0))
    still = Shot(((0.0, pose(0.0)), (10.0, pose(0.1))))
    return SceneModel(
        name,
        (Node("root", mesh=0),),
        (Mesh("triangle", (triangle,)),),
        (),
        (),
        camera_paths=(CameraPath("cuts", shots), CameraPath("still", (still,))),
        notes=notes,
    )


class FakeSource:
    """Pictures of one colour each: the LR frame grey, the native one red. `resets` of all frames are kept."""

    def __init__(self, context: moderngl.Context, model: SceneModel) -> None:
        self.context = context
        self.model = model
        self.lod_bias = 0.0
        self.shading_load = 1.0
        self.resets: list[bool] = []
        self.times: list[float] = []
        self.sizes: list[tuple[Size, Size]] = []
        self.released = False
        self._valid = False
        self._textures: list[moderngl.Texture] = []

    def resize(self, render_size: Size, display_size: Size) -> None:
        self.sizes.append((render_size, display_size))
        self._drop()
        self.colour = self._texture(render_size, 4, (0.5, 0.5, 0.5, 1.0))
        self.depth = self._texture(render_size, 1, (0.5,), "f4")
        self.motion = self._texture(render_size, 2, (0.0, 0.0))
        self.native = self._texture(display_size, 4, (0.9, 0.05, 0.05, 1.0))
        self._valid = False

    def render_frame(self, state: SceneState, *, frame_index: int) -> FrameInputs:
        reset = state.cut or not self._valid
        self._valid = True
        self.resets.append(reset)
        self.times.append(state.time)
        (render, display) = self.sizes[-1]
        camera = CameraView(np.eye(4), np.eye(4), np.eye(4), np.eye(4), 0.05)
        jitter = jitter_offset(frame_index, display[0] / render[0])
        return FrameInputs(
            self.colour, self.depth, self.motion, None, jitter, 1.0, camera, frame_index, state.time, reset, display
        )

    def render_native(self, _state: SceneState) -> moderngl.Texture:
        return self.native

    def invalidate(self) -> None:
        self._valid = False

    def release(self) -> None:
        self._drop()
        self.released = True

    def _texture(self, size: Size, channels: int, value: tuple[float, ...], dtype: str = "f2") -> moderngl.Texture:
        data = np.broadcast_to(np.array(value, dtype), (size[1], size[0], channels))
        texture = self.context.texture(size, channels, np.ascontiguousarray(data).tobytes(), dtype=dtype, alignment=1)
        self._textures.append(texture)
        return texture

    def _drop(self) -> None:
        for texture in self._textures:
            texture.release()
        self._textures.clear()


class FakeAccumulator:
    """A blue reference."""

    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self.done = 0
        self.begun = 0
        self._texture: moderngl.Texture | None = None

    @property
    def texture(self) -> moderngl.Texture:
        assert self._texture is not None
        return self._texture

    def begin(self, _state: SceneState, _samples: int) -> None:
        self.done = 0
        self.begun += 1
        display = self._source.sizes[-1][1]
        if self._texture is None or self._texture.size != display:
            self.release()
            data = np.broadcast_to(np.array([0.05, 0.05, 0.9, 1.0], "f4"), (display[1], display[0], 4))
            self._texture = self._source.context.texture(display, 4, data.tobytes(), dtype="f4")

    def step(self, n: int) -> int:
        self.done += n
        return self.done

    def release(self) -> None:
        if self._texture is not None:
            self._texture.release()
            self._texture = None
