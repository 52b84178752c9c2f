"""The uniform blocks that every scene pass reads, field by field as shaders/scene/blocks.glsl declares them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.conventions import Size
from app.render.environment import LAYER_SIZE, LAYERS
from app.scene.model import SceneModel, Sun
from app.scene.state import SceneState

MAX_LIGHTS = 4
FRAME = np.dtype(
    [("view_projection", "f4", (4, 4)), ("previous_view_projection", "f4", (4, 4)), ("camera_position", "f4", 4),
     ("ray_right", "f4", 4), ("ray_down", "f4", 4), ("ray_forward", "f4", 4), ("target_size", "f4", 4),
     ("jitter_time", "f4", 4), ("clip_plane", "f4", 4)]
)  # fmt: skip
_LIGHT = np.dtype([("position_range", "f4", 4), ("colour", "f4", 4), ("spot", "f4", 4), ("cone", "f4", 4)])
LIGHTING = np.dtype(
    [("sun_direction", "f4", 4), ("sun_irradiance", "f4", 4), ("irradiance_sh", "f4", (9, 4)),
     ("environment", "f4", 4), ("shadow_rows", "f4", (3, 4)), ("shadow_scale", "f4", 4), ("shadow_moving", "f4", 4),
     ("light_count", "f4", 4),
     ("lights", _LIGHT, MAX_LIGHTS)]
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One camera for one pass: matrices (4, 4) float64 without jitter, jitter in pixels of `size`. A view through
    the mirror has a left-handed view matrix and keeps only what lies above `clip_plane` (world)."""

    view: np.ndarray
    projection: np.ndarray
    previous_view: np.ndarray
    previous_projection: np.ndarray
    near: float
    size: Size
    jitter: tuple[float, float] = (0.0, 0.0)
    lod_bias: float = 0.0
    clip_plane: tuple[float, float, float, float] | None = None

    @property
    def jittered_projection(self) -> np.ndarray:
        """Moves the picture by -jitter: pixel p then holds the scene at p + 0.5 + jitter. (w = -z in view space)."""
        matrix = self.projection.copy()
        matrix[0, 2] += 2.0 * self.jitter[0] / self.size[0]
        matrix[1, 2] += 2.0 * self.jitter[1] / self.size[1]
        return matrix


def frame_block(view: View, time: float) -> np.ndarray:
    block = np.zeros((), FRAME)
    # Column-major for GLSL.
    block["view_projection"] = (view.jittered_projection @ view.view).T
    block["previous_view_projection"] = (view.previous_projection @ view.previous_view).T
    rotation = view.view[:3, :3]
    block["camera_position"][:3] = -rotation.T @ view.view[:3, 3]
    block["camera_position"][3] = view.near
    block["ray_right"][:3] = rotation[0] / view.projection[0, 0]
    block["ray_down"][:3] = rotation[1] / view.projection[1, 1]  # negative: the projection flips y
    block["ray_forward"][:3] = -rotation[2]
    width, height = view.size
    block["target_size"] = width, height, 1.0 / width, 1.0 / height
    block["jitter_time"] = *view.jitter, time, view.lod_bias
    block["clip_plane"] = view.clip_plane or (0.0, 0.0, 0.0, 1.0)
    return block


def scene_sun(model: SceneModel, state: SceneState) -> Sun | None:
    """The scene's sun, or the first directional light of a file that has none."""
    if model.sun is not None:
        return model.sun
    for index, node in enumerate(model.nodes):
        if node.light >= 0 and model.lights[node.light].kind == "directional":
            light = model.lights[node.light]
            towards = state.world[index][:3, 2]
            towards = towards / max(float(np.linalg.norm(towards)), 1e-12)
            red, green, blue = (c * light.intensity for c in light.colour)
            return Sun(tuple(towards), (red, green, blue))  # type: ignore[arg-type]
    return None


def lighting_block(model: SceneModel, state: SceneState, irradiance: np.ndarray) -> np.ndarray:
    """Everything but the shadow map's fields. `irradiance` (9, 3) is EnvironmentLight's."""
    block = np.zeros((), LIGHTING)
    sun = scene_sun(model, state)
    block["sun_direction"][:3] = 0.0, 1.0, 0.0
    if sun is not None:
        direction = np.asarray(sun.direction, float)
        block["sun_direction"][:3] = direction / max(float(np.linalg.norm(direction)), 1e-12)
        block["sun_irradiance"][:3] = sun.radiance
    block["shadow_moving"] = 2.0, 2.0, -1.0, -1.0  # nowhere
    block["irradiance_sh"][:, :3] = irradiance * model.environment_strength
    block["environment"] = (
        model.environment_strength, LAYERS - 1, (LAYER_SIZE - 1) / LAYER_SIZE, 0.5 / LAYER_SIZE,
    )  # fmt: skip
    lamps = punctual_nodes(model)
    block["light_count"][0] = len(lamps)
    for slot, index in enumerate(lamps):
        light = model.lights[model.nodes[index].light]
        world = state.world[index]
        entry = block["lights"][slot]
        entry["position_range"] = *world[:3, 3], light.range
        entry["colour"][:3] = np.asarray(light.colour) * light.intensity
        emitted = -world[:3, 2] / max(float(np.linalg.norm(world[:3, 2])), 1e-12)
        scale, offset = 0.0, 1.0
        if light.kind == "spot":
            inner, outer = math.cos(light.inner_cone), math.cos(light.outer_cone)
            scale = 1.0 / max(inner - outer, 1e-3)
            offset = -outer * scale
        entry["spot"] = *emitted, scale
        entry["cone"][0] = offset
    return block


def punctual_nodes(model: SceneModel) -> list[int]:
    """Nodes of the strongest point and spot lights, at most MAX_LIGHTS."""
    nodes = [i for i, n in enumerate(model.nodes) if n.light >= 0 and model.lights[n.light].kind != "directional"]
    strength = {i: model.lights[model.nodes[i].light].intensity for i in nodes}
    return sorted(nodes, key=lambda i: -strength[i])[:MAX_LIGHTS]
