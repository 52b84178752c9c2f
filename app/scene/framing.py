"""How large a scene is, and cameras that show it: a framing pose, a generated path, the file's own cameras."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.scene.camera import CameraPath, CameraPose, Shot
from app.scene.camera_path import orbit_shot
from app.scene.model import Primitive, SceneModel
from app.scene.state import SceneState
from app.scene.transforms import as_point

if TYPE_CHECKING:
    from app.scene.gltf_nodes import NodeCamera

FRAMING_FOV = math.radians(45.0)
_AZIMUTH, _ELEVATION = math.radians(30.0), math.radians(18.0)
_INSTANTS = 6  # of the animation at which the scene is measured
_MOST_SKINNED = 2000  # vertices of a skinned primitive that are measured
_ASPECT = 1.5  # the narrowest picture that the framing is meant for
_CAMERA_KEYS_PER_SECOND = 10


def has_geometry(model: SceneModel) -> bool:
    """Whether any node draws a triangle (or a particle)."""
    return bool(model.emitters) or any(n.mesh >= 0 and model.meshes[n.mesh].primitives for n in model.nodes)


def scene_bounds(model: SceneModel) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) world-space corners, (3,) each, over a few instants of the animation; always finite."""
    from app.scene.evaluate import evaluate

    still = CameraPose((0.0, 0.0, 1.0), (0.0, 0.0, 0.0))
    duration = max((a.duration for a in model.animations), default=0.0)
    instants = [duration * i / _INSTANTS for i in range(_INSTANTS)] if duration > 0.0 else [0.0]
    corners = [_state_corners(model, evaluate(model, t, None, still)) for t in instants]
    points = np.concatenate(corners)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return np.full(3, -0.5), np.full(3, 0.5)
    return points.min(axis=0), points.max(axis=0)


def frame_scene(model: SceneModel) -> CameraPose:
    """A camera that sees the whole scene, from a little above and to the right of +Z."""
    low, high = scene_bounds(model)
    return frame_bounds(low, high)


def frame_bounds(
    low: np.ndarray, high: np.ndarray, azimuth: float = _AZIMUTH, elevation: float = _ELEVATION
) -> CameraPose:
    """A camera at the angles (radians from +Z, above the horizon) that sees the box between the corners."""
    centre = 0.5 * (low + high)
    away = np.array([
        math.cos(elevation) * math.sin(azimuth), math.sin(elevation), math.cos(elevation) * math.cos(azimuth),
    ])  # fmt: skip
    distance, near = _fitting_distance(low, high, away)
    return CameraPose(as_point(centre + distance * away), as_point(centre), FRAMING_FOV, near)


def default_path(model: SceneModel) -> CameraPath:
    """Two shots, so that there is a hard cut: a slow turn around the scene, then one closer and from above."""
    low, high = scene_bounds(model)
    pose = frame_bounds(low, high)
    centre = pose.target
    distance = math.dist(pose.position, centre)
    wide = orbit_shot(
        centre, distance, turn=(_AZIMUTH, _AZIMUTH + math.radians(150.0)), elevation=(_ELEVATION, _ELEVATION),
        seconds=8.0, fov_y=FRAMING_FOV, near=pose.near,
    )  # fmt: skip
    near = orbit_shot(
        centre, 0.85 * distance, turn=(math.radians(-100.0), math.radians(-15.0)),
        elevation=(math.radians(35.0), math.radians(12.0)), seconds=6.0, fov_y=FRAMING_FOV, near=pose.near, zoom=0.7,
    )  # fmt: skip
    return CameraPath("orbit", (wide, near))


def paths_from_cameras(model: SceneModel, cameras: Sequence[NodeCamera]) -> tuple[list[CameraPath], list[CameraPath]]:
    """One path for each camera of the file: (those that an animation moves, those that rest)."""
    from app.scene.evaluate import evaluate

    duration = max((a.duration for a in model.animations), default=0.0)
    low, high = scene_bounds(model)
    still = CameraPose((0.0, 0.0, 1.0), (0.0, 0.0, 0.0))
    count = min(int(duration * _CAMERA_KEYS_PER_SECOND) + 2, 2000) if cameras and duration > 0.0 else 1
    times = [duration * i / max(count - 1, 1) for i in range(count)]
    times[-1] = math.nextafter(duration, 0.0) if count > 1 else 0.0  # the end itself is the start again
    states = [evaluate(model, t, None, still) for t in times]
    moving, resting = [], []
    for camera in cameras:
        poses = [_node_pose(state.world[camera.node], camera, low, high) for state in states]
        if any(p != poses[0] for p in poses):
            keys = tuple((duration * i / (count - 1), p) for i, p in enumerate(poses))
            moving.append(CameraPath(camera.name, (Shot(keys),)))
        else:
            resting.append(CameraPath(camera.name, (Shot(((0.0, poses[0]),)),)))
    return moving, resting


def _state_corners(model: SceneModel, state: SceneState) -> np.ndarray:
    """(n, 3) world-space points around everything drawn."""
    points = [np.zeros((0, 3))]
    for number, node in enumerate(model.nodes):
        if node.mesh < 0:
            continue
        for primitive in model.meshes[node.mesh].primitives:
            if node.skin >= 0 and primitive.joints is not None:
                points.append(_skinned_points(primitive, state.joint_matrices[node.skin]))
            else:
                corners = _box_corners(*_local_bounds(primitive, state.morph_weights.get(number)))
                points.append(_transformed(corners, state.world[number]))
    points += [p.positions for p in state.particles]
    return np.concatenate(points)


def _local_bounds(primitive: Primitive, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of a box around the primitive with its morph targets applied."""
    low, high = primitive.positions.min(axis=0).astype(float), primitive.positions.max(axis=0).astype(float)
    if primitive.morph_positions is not None and weights is not None:
        for deltas, weight in zip(primitive.morph_positions, weights, strict=False):
            if weight:
                ends = float(weight) * np.array([deltas.min(axis=0), deltas.max(axis=0)], float)
                low, high = low + ends.min(axis=0), high + ends.max(axis=0)
    return low, high


def _box_corners(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    picks = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(8)])
    return np.where(picks, high, low)


def _transformed(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _skinned_points(primitive: Primitive, joint_matrices: np.ndarray) -> np.ndarray:
    step = max(1, len(primitive.positions) // _MOST_SKINNED)
    assert primitive.joints is not None
    assert primitive.weights is not None
    positions = primitive.positions[::step].astype(float)
    blended = np.einsum("nk,nkij->nij", primitive.weights[::step], joint_matrices[primitive.joints[::step]])
    return np.einsum("nij,nj->ni", blended[:, :3, :3], positions) + blended[:, :3, 3]


def _fitting_distance(low: np.ndarray, high: np.ndarray, away: np.ndarray) -> tuple[float, float]:
    """(distance from the centre at which every corner is in the picture, near plane), in metres."""
    half = 0.5 * (high - low)
    radius = max(float(np.linalg.norm(half)), 1e-6)
    right = np.cross((0.0, 1.0, 0.0), away)
    right /= np.linalg.norm(right)
    up = np.cross(away, right)
    corners = _box_corners(-half, half)
    tangent = math.tan(0.5 * FRAMING_FOV)
    across = np.maximum(np.abs(corners @ up), np.abs(corners @ right) / _ASPECT) / tangent
    distance = max(float((across + corners @ away).max()) * 1.08, 0.3 * radius, 1e-4)
    return distance, min(max(distance - 1.5 * radius, 0.002 * radius), 0.1 * max(radius, 1.0), 0.1)


def _node_pose(world: np.ndarray, camera: NodeCamera, low: np.ndarray, high: np.ndarray) -> CameraPose:
    """The camera looks along its node's -Z at a target as far away as the scene's centre."""
    position = world[:3, 3]
    forward = -world[:3, 2]
    length = float(np.linalg.norm(forward))
    forward = forward / length if length > 1e-12 else np.array([0.0, 0.0, -1.0])
    reach = max(float(np.dot(0.5 * (low + high) - position, forward)), 0.1)
    pose = CameraPose(as_point(position), as_point(position + reach * forward), camera.fov_y, camera.near)
    return CameraPose(pose.position, pose.target, pose.fov_y, pose.near, _roll(pose, world[:3, 0]))


def _roll(pose: CameraPose, right: np.ndarray) -> float:
    """How far the node's x axis is turned out of the level one, radians."""
    from app.scene.camera import view_matrix

    view = view_matrix(pose)
    roll = math.atan2(float(view[1, :3] @ right), float(view[0, :3] @ right))
    return 0.0 if abs(roll) < 1e-9 else roll
