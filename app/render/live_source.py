"""A scene drawn live: low-resolution frames with everything an upscaler may ask for, and native frames beside."""

from __future__ import annotations

from collections.abc import Generator

import moderngl
import numpy as np

from app.conventions import Size, jitter_offset, texture_lod_bias
from app.render.blocks import View
from app.render.frame import CameraView, FrameInputs
from app.render.materials import upload_steps
from app.render.scene_renderer import SceneRenderer
from app.render.targets import RenderTargets
from app.render.textures import SceneTextures
from app.scene.camera import projection_matrix, view_matrix
from app.scene.evaluate import evaluate
from app.scene.model import SceneModel
from app.scene.state import SceneState

_STAMP: Size = (16, 9)


def building(context: moderngl.Context, model: SceneModel) -> Generator[None, None, LiveSource]:
    """Makes a LiveSource in short steps, for a window whose events want their turn; abandoned, it cleans up."""
    textures = SceneTextures(context, model)
    try:
        yield from upload_steps(model, textures)
    except BaseException:
        textures.release()
        raise
    source = LiveSource(context, model, textures)
    try:
        yield
        yield from source.warm_up()
    except BaseException:
        source.release()
        raise
    return source


class LiveSource:
    """`lod_bias` (of the low-resolution pass; set by `resize` to the ratio's own) and `shading_load` (1: none; 2: the
    lighting pass costs about twice as much) may be changed at any time. All textures belong to the source.
    """

    def __init__(self, context: moderngl.Context, model: SceneModel, textures: SceneTextures | None = None) -> None:
        self.context = context
        self.model = model
        self.lod_bias = 0.0
        self.shading_load = 1.0
        self._renderer = SceneRenderer(context, model, textures)
        self._targets: dict[str, RenderTargets] = {}
        self._render_size: Size = (0, 0)
        self._display_size: Size = (0, 0)
        self._previous: SceneState | None = None
        self._prepared: tuple[SceneState, SceneState] | None = None

    @property
    def display_size(self) -> Size:
        return self._display_size

    @property
    def render_size(self) -> Size:
        return self._render_size

    def resize(self, render_size: Size, display_size: Size) -> None:
        """(width, height) of both; the next frame is a reset. Sets the LOD bias that goes with the ratio."""
        if (render_size, display_size) == (self._render_size, self._display_size):
            return
        self._release_targets()
        self._render_size, self._display_size = render_size, display_size
        self.lod_bias = texture_lod_bias(display_size[0] / render_size[0])
        self.invalidate()

    def invalidate(self) -> None:
        """The next frame is a reset: for a seek, or whatever else breaks the sequence."""
        self._previous = None

    def render_frame(self, state: SceneState, *, frame_index: int) -> FrameInputs:
        """Draws `state` with the jitter of `frame_index`; its motion leads to the state of the last call."""
        assert self._render_size[0] > 0, "resize comes first"
        reset = self._previous is None or state.cut
        previous = state if self._previous is None or state.cut else self._previous
        jitter = jitter_offset(frame_index, self._display_size[0] / self._render_size[0])
        view = _view(state, previous, self._render_size, jitter, self.lod_bias)
        self._prepare(state, previous)
        targets = self._sized("render", self._render_size)
        self._draw(view, targets, "render")
        self._previous = state
        camera = CameraView(view.view, view.projection, view.previous_view, view.previous_projection, state.camera.near)
        return FrameInputs(
            targets.colour, targets.depth, targets.motion, targets.reactive, jitter, self.model.exposure, camera,
            frame_index, state.time, reset, self._display_size,
        )  # fmt: skip

    def warm_up(self) -> Generator[None, None, None]:
        """Draws a stamp-sized frame in steps: geometry is packed and shaders are compiled when they are first used,
        which would make the first real frame a long one. Leaves no trace; `resize` comes after it."""
        path = self.model.camera_paths[0] if self.model.camera_paths else None
        state = evaluate(self.model, 0.0, path)
        self._prepare(state, state)
        yield
        self.resize(_STAMP, _STAMP)
        self.render_frame(state, frame_index=0)
        self._release_targets()
        self._render_size = self._display_size = (0, 0)
        self.invalidate()
        yield

    def render_native(self, state: SceneState) -> moderngl.Texture:
        """`state` at display size, one unjittered sample a pixel, no LOD bias; RGBA16F, valid until the next native
        or reference frame."""
        return self.render_sample(state, (0.0, 0.0), 0.0)

    def render_sample(self, state: SceneState, jitter: tuple[float, float], lod_bias: float) -> moderngl.Texture:
        """One sample a display pixel, `jitter` display pixels away from the centre."""
        assert self._display_size[0] > 0, "resize comes first"
        self._prepare(state, state)
        targets = self._sized("native", self._display_size)
        self._draw(_view(state, state, self._display_size, jitter, lod_bias), targets, "native")
        return targets.colour

    def release(self) -> None:
        self._release_targets()
        self._renderer.release()

    def _prepare(self, state: SceneState, previous: SceneState) -> None:
        """Motion of a native frame is never read, so a state that is already prepared with any history will do."""
        if self._prepared is not None and self._prepared[0] is state and previous in (state, self._prepared[1]):
            return
        self._renderer.prepare(state, previous)
        self._prepared = state, previous

    def _draw(self, view: View, targets: RenderTargets, name: str) -> None:
        height = self._renderer.mirror_height
        mirror = None
        if height is not None and _eye_height(view) > height:
            half = max(1, -(-view.size[0] // 2)), max(1, -(-view.size[1] // 2))
            reflected = self._sized(f"{name} mirror", half)
            self._renderer.draw(_through_mirror(view, height, half), reflected)
            mirror = reflected.colour
        self._renderer.draw(view, targets, shading_load=self.shading_load, mirror=mirror)

    def _sized(self, name: str, size: Size) -> RenderTargets:
        if name not in self._targets:
            self._targets[name] = RenderTargets(self.context, size)
        return self._targets[name]

    def _release_targets(self) -> None:
        for targets in self._targets.values():
            targets.release()
        self._targets.clear()


def _view(state: SceneState, previous: SceneState, size: Size, jitter: tuple[float, float], lod_bias: float) -> View:
    aspect = size[0] / size[1]
    now, before = state.camera, previous.camera
    return View(
        view_matrix(now), projection_matrix(now.fov_y, aspect, now.near),
        view_matrix(before), projection_matrix(before.fov_y, aspect, before.near),
        now.near, size, jitter, lod_bias,
    )  # fmt: skip


def _through_mirror(view: View, height: float, size: Size) -> View:
    reflection = np.diag([1.0, -1.0, 1.0, 1.0])
    reflection[1, 3] = 2.0 * height
    scale = size[0] / view.size[0], size[1] / view.size[1]
    return View(
        view.view @ reflection, view.projection, view.previous_view @ reflection, view.previous_projection,
        view.near, size, (view.jitter[0] * scale[0], view.jitter[1] * scale[1]), view.lod_bias,
        (0.0, 1.0, 0.0, -height),
    )  # fmt: skip


def _eye_height(view: View) -> float:
    return float(-(view.view[:3, :3].T @ view.view[:3, 3])[1])
