"""SceneModel + time -> SceneState. The same time gives the same state, always.

What does not change is worked out once per model (`_Plan`): the local matrices of still nodes, the world matrices
of nodes that nothing above them moves, and the order of the rest by depth, so that a frame is a few batched
products whatever the number of nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from app.scene.animation import Track, build_tracks, sample
from app.scene.camera import CameraPath, CameraPose
from app.scene.camera_path import pose_at
from app.scene.model import Node, SceneModel
from app.scene.particles import particles_at
from app.scene.state import SceneState
from app.scene.transforms import decomposed, trs_matrices


@dataclass(slots=True, eq=False)
class _Plan:
    translation: np.ndarray  # (nodes, 3), and so on: the pose at rest
    rotation: np.ndarray
    scale: np.ndarray
    local: np.ndarray  # (nodes, 4, 4) at rest
    world: np.ndarray  # (nodes, 4, 4): right for every node that never moves
    parents: np.ndarray
    tracks: list[Track]
    animated: np.ndarray  # nodes whose local matrix changes
    moving_levels: list[np.ndarray]  # nodes whose world matrix changes, by depth
    morph_weights: dict[int, np.ndarray]  # at rest
    camera: CameraPose | None = None


_plans: WeakKeyDictionary[SceneModel, _Plan] = WeakKeyDictionary()


def evaluate(model: SceneModel, time: float, path: CameraPath | None, camera: CameraPose | None = None) -> SceneState:
    """The scene at `time` seconds (animations and the path loop). `camera` overrides `path`; without either, the
    camera that frames the whole scene is used. `cut` is False: who advances the state knows (cut_between)."""
    plan = _plan(model)
    moved, morph_weights = _animate(plan, time)
    world = _world_matrices(plan, moved)
    if camera is None:
        camera = pose_at(path, time) if path is not None else _framing_camera(model, plan)
    return SceneState(
        time=time,
        camera=camera,
        cut=False,
        world=world,
        joint_matrices=tuple(world[list(s.joints)] @ s.inverse_bind for s in model.skins),
        morph_weights=morph_weights,
        particles=tuple(particles_at(e, world[e.node], time) for e in model.emitters),
    )


def _animate(plan: _Plan, time: float) -> tuple[np.ndarray | None, dict[int, np.ndarray]]:
    """(local matrices of the animated nodes, morph weights of every morphed node)."""
    weights = dict(plan.morph_weights)
    if not plan.tracks:
        return None, weights
    pose = {"translation": plan.translation, "rotation": plan.rotation, "scale": plan.scale}
    changed: set[str] = set()
    for track in plan.tracks:
        values = sample(track, time)
        if track.path == "weights":
            weights |= {int(n): values[i].astype(np.float32) for i, n in enumerate(track.nodes)}
            continue
        if track.path not in changed:
            pose[track.path] = pose[track.path].copy()
            changed.add(track.path)
        pose[track.path][track.nodes] = values
    if not len(plan.animated):
        return None, weights
    rows = plan.animated
    return trs_matrices(pose["translation"][rows], pose["rotation"][rows], pose["scale"][rows]), weights


def _world_matrices(plan: _Plan, moved: np.ndarray | None) -> np.ndarray:
    if moved is None:
        return plan.world
    local = plan.local.copy()
    local[plan.animated] = moved
    world = plan.world.copy()
    for level in plan.moving_levels:
        parents = plan.parents[level]
        if parents[0] < 0:  # a level holds roots only, or none
            world[level] = local[level]
        else:
            world[level] = world[parents] @ local[level]
    return world


def _framing_camera(model: SceneModel, plan: _Plan) -> CameraPose:
    from app.scene.framing import frame_scene

    if plan.camera is None:
        plan.camera = frame_scene(model)
    return plan.camera


def _plan(model: SceneModel) -> _Plan:
    plan = _plans.get(model)
    if plan is None:
        plan = _plans[model] = _make_plan(model)
    return plan


def _make_plan(model: SceneModel) -> _Plan:
    tracks = build_tracks(model.animations)
    animated = sorted({int(n) for t in tracks if t.path != "weights" for n in t.nodes})
    translation, rotation, scale, local = _rest_pose(model.nodes, set(animated))
    parents = np.array([n.parent for n in model.nodes], int).reshape(-1)
    levels = _levels(parents)
    moves = np.zeros(len(parents), bool)
    moves[animated] = True
    world = local.copy()
    moving_levels = []
    for level in levels:
        if parents[level[0]] >= 0:
            world[level] = world[parents[level]] @ local[level]
            moves[level] |= moves[parents[level]]
        if moves[level].any():
            moving_levels.append(level[moves[level]])
    world.setflags(write=False)  # handed out as it is where nothing moves
    weights = _rest_weights(model)
    return _Plan(
        translation, rotation, scale, local, world, parents, tracks, np.array(animated, int), moving_levels, weights
    )


def _rest_pose(nodes: tuple[Node, ...], animated: set[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    translation = np.array([n.translation for n in nodes], float).reshape(-1, 3)
    rotation = np.array([n.rotation for n in nodes], float).reshape(-1, 4)
    scale = np.array([n.scale for n in nodes], float).reshape(-1, 3)
    for number, node in enumerate(nodes):
        if node.matrix is not None and number in animated:  # the file should not, but some do
            translation[number], rotation[number], scale[number] = decomposed(node.matrix)
    local = trs_matrices(translation, rotation, scale)
    for number, node in enumerate(nodes):
        if node.matrix is not None and number not in animated:
            local[number] = node.matrix
    return translation, rotation, scale, local


def _levels(parents: np.ndarray) -> list[np.ndarray]:
    """Node indices by depth: roots, their children, and so on."""
    depth = np.full(len(parents), -1)
    current = np.flatnonzero(parents < 0)
    levels = []
    while len(current):
        depth[current] = len(levels)
        levels.append(current)
        waiting = np.flatnonzero(depth < 0)
        current = waiting[depth[parents[waiting]] == len(levels) - 1]
    return levels


def _rest_weights(model: SceneModel) -> dict[int, np.ndarray]:
    weights = {}
    for number, node in enumerate(model.nodes):
        if node.mesh < 0:
            continue
        mesh = model.meshes[node.mesh]
        count = max((len(p.morph_positions) for p in mesh.primitives if p.morph_positions is not None), default=0)
        if count:
            values = np.zeros(count, np.float32)
            given = (node.morph_weights or mesh.morph_weights)[:count]
            values[: len(given)] = given
            weights[number] = values
    return weights
