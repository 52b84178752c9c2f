"""Where every drawn object is, now and in the previous frame: one block a draw, written once a frame."""

from __future__ import annotations

import moderngl
import numpy as np

from app.render.geometry import Draw
from app.scene.state import SceneState

# std140, as shaders/scene/object.glsl reads it, filled up to the largest alignment that OpenGL may ask for.
OBJECT = np.dtype(
    [("world", "f4", (3, 4)), ("previous", "f4", (3, 4)), ("deform", "i4", 4), ("vertices", "i4", 4),
     ("morph_index", "i4", 8), ("morph_weight", "f4", 8), ("previous_morph_weight", "f4", 8), ("fill", "f4", 8)]
)  # fmt: skip
MAX_MORPHS = 8  # at once: the strongest of a mesh's targets


class ObjectBlocks:
    """Slot 0 is the identity, for everything static; every other draw has its own slot. Joints lie in a buffer of
    three rows each: this frame's, then the previous frame's."""

    def __init__(self, context: moderngl.Context, draws: tuple[Draw, ...]) -> None:
        assert OBJECT.itemsize == 256
        moving = [draw for draw in draws if draw.node >= 0]
        self.slots = {id(draw): 1 + i for i, draw in enumerate(moving)}
        self._draws = moving
        self._nodes = np.array([draw.node for draw in moving], dtype=int)
        self._data = np.zeros(1 + len(moving), OBJECT)
        self._data["world"] = self._data["previous"] = np.eye(4)[:3]
        for slot, draw in enumerate(moving, start=1):
            self._data["vertices"][slot, :2] = draw.first_vertex, draw.vertex_count
            self._data["deform"][slot, 2] = draw.first_morph
        self._buffer = context.buffer(self._data.tobytes())
        self._context = context
        self._joints: moderngl.Buffer | None = None

    def write(self, state: SceneState, previous: SceneState) -> None:
        """Both states are of one scene; where there is no history, pass the same state twice."""
        if not self._draws:
            return
        self._data["world"][1:] = state.world[self._nodes, :3]
        self._data["previous"][1:] = previous.world[self._nodes, :3]
        starts = np.cumsum([0] + [len(m) for m in state.joint_matrices])
        for slot, draw in enumerate(self._draws, start=1):
            if draw.skin >= 0:
                self._data["deform"][slot, :2] = starts[draw.skin], starts[-1] + starts[draw.skin]
            if draw.morphs:
                self._write_morphs(slot, draw, state, previous)
        self._buffer.write(self._data)
        if starts[-1]:
            rows = np.concatenate([*state.joint_matrices, *previous.joint_matrices])[:, :3].astype("f4")
            self._joint_buffer(rows.nbytes).write(rows)

    def bind(self, draw: Draw) -> None:
        self._buffer.bind_to_uniform_block(2, offset=256 * self.slots.get(id(draw), 0), size=256)

    def bind_joints(self) -> None:
        if self._joints is not None:
            self._joints.bind_to_storage_buffer(0)

    def mirrored(self, state: SceneState) -> set[int]:
        """ids of the draws that this state turns inside out (an odd number of negative scales)."""
        if not self._draws:
            return set()
        inside_out = np.linalg.det(state.world[self._nodes, :3, :3]) < 0.0
        return {id(draw) for draw, turned in zip(self._draws, inside_out) if turned and draw.skin < 0}

    def release(self) -> None:
        self._buffer.release()
        if self._joints is not None:
            self._joints.release()

    def _write_morphs(self, slot: int, draw: Draw, state: SceneState, previous: SceneState) -> None:
        weights = _weights(state, draw)
        before = _weights(previous, draw)
        strongest = np.argsort(-np.maximum(np.abs(weights), np.abs(before)), kind="stable")[:MAX_MORPHS]
        used = strongest[(weights[strongest] != 0) | (before[strongest] != 0)]
        count = len(used)
        self._data["deform"][slot, 3] = count
        self._data["morph_index"][slot, :count] = used
        self._data["morph_weight"][slot, :count] = weights[used]
        self._data["previous_morph_weight"][slot, :count] = before[used]

    def _joint_buffer(self, size: int) -> moderngl.Buffer:
        if self._joints is None:
            self._joints = self._context.buffer(reserve=size)
        return self._joints


def _weights(state: SceneState, draw: Draw) -> np.ndarray:
    weights = np.zeros(draw.morphs, np.float32)
    given = state.morph_weights.get(draw.node)
    if given is not None:
        weights[: len(given)] = given[: draw.morphs]
    return weights
