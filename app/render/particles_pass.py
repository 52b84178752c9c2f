"""Particles: one instanced draw an emitter, over the lit scene."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.shader_program import ShaderProgram
from app.scene.model import SceneModel
from app.scene.state import ParticleState, SceneState

_INSTANCE = np.dtype([("centre_size", "f4", 4), ("tint", "f4", 4), ("previous_centre", "f4", 3)])


class ParticlesPass:
    """Buffers hold each emitter's `count` particles for good; only their contents change."""

    def __init__(self, context: moderngl.Context, model: SceneModel) -> None:
        self._context = context
        self._buffers = [context.buffer(reserve=max(e.count, 1) * _INSTANCE.itemsize) for e in model.emitters]
        self._counts = [0] * len(model.emitters)
        self._additive = [e.additive for e in model.emitters]
        self._passes: dict[str, _InstancePass] = {}

    @property
    def any(self) -> bool:
        return any(self._counts)

    def write(self, state: SceneState, previous: SceneState) -> None:
        for index, buffer in enumerate(self._buffers):
            now = state.particles[index] if index < len(state.particles) else None
            before = previous.particles[index] if index < len(previous.particles) else now
            if now is None or before is None or len(now.positions) == 0:
                self._counts[index] = 0
                continue
            data = _instances(now, before)[: buffer.size // _INSTANCE.itemsize]
            buffer.write(data.tobytes())
            self._counts[index] = len(data)
            self._additive[index] = now.additive

    def draw_colour(self, clipped: bool) -> None:
        """Into colour and reactive, premultiplied; the caller has set blending and depth testing."""
        drawn = self._pass("CLIPPED" if clipped else "")
        for index, count in enumerate(self._counts):
            if count:
                drawn.program.set(additive=1.0 if self._additive[index] else 0.0)
                drawn.array(index).render(moderngl.TRIANGLE_STRIP, vertices=4, instances=count)

    def draw_motion(self) -> None:
        drawn = self._pass("MOTION")
        for index, count in enumerate(self._counts):
            if count:
                drawn.array(index).render(moderngl.TRIANGLE_STRIP, vertices=4, instances=count)

    def release(self) -> None:
        for drawn in self._passes.values():
            drawn.release()
        for buffer in self._buffers:
            buffer.release()

    def _pass(self, define: str) -> _InstancePass:
        if define not in self._passes:
            self._passes[define] = _InstancePass(self._context, define, self._buffers)
        return self._passes[define]


class _InstancePass:
    """One variant of the particle program with a vertex array per emitter."""

    def __init__(self, context: moderngl.Context, define: str, buffers: list[moderngl.Buffer]) -> None:
        self._context, self._buffers = context, buffers
        self.program = ShaderProgram(
            context,
            vertex="scene/particles.vert",
            fragment="scene/particles.frag",
            defines={define: ""} if define else {},
        )
        self._made_for: object = None
        self._arrays: list[moderngl.VertexArray] = []

    def array(self, index: int) -> moderngl.VertexArray:
        handle = self.program.handle
        if self._made_for is not handle:
            self._drop()
            names = "in_centreSize", "in_tint", "in_previousCentre"
            layout = " ".join(
                part if handle.get(name, None) is not None else f"{size}x"
                for name, part, size in zip(names, ("4f", "4f", "3f"), (16, 16, 12))
            )
            used = [name for name in names if handle.get(name, None) is not None]
            self._arrays = [
                self._context.vertex_array(handle, [(buffer, layout + " /i", *used)]) for buffer in self._buffers
            ]
            self._made_for = handle
        return self._arrays[index]

    def release(self) -> None:
        self._drop()
        self.program.release()

    def _drop(self) -> None:
        for array in self._arrays:
            array.release()


def _instances(now: ParticleState, before: ParticleState) -> np.ndarray:
    """A particle that was born since has no previous place: it gets its own, and so only the camera's motion."""
    data = np.empty(len(now.positions), _INSTANCE)
    data["centre_size"][:, :3], data["centre_size"][:, 3] = now.positions, now.sizes
    data["tint"] = now.colours
    data["previous_centre"] = now.positions
    if len(before.birth) == len(now.birth):
        same = before.birth == now.birth
        data["previous_centre"][same] = before.positions[same]
    return data
