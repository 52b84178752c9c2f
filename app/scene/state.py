"""A scene at one instant: what the renderer draws, for this frame and, for motion vectors, for the one before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.scene.camera import CameraPose


@dataclass(frozen=True, slots=True, eq=False)
class ParticleState:
    """Camera-facing quads. Particle i is the same one in two states when its `birth` is equal."""

    positions: np.ndarray  # (n, 3) float32, world
    sizes: np.ndarray  # (n,) float32, metres
    colours: np.ndarray  # (n, 4) float32 linear radiance and opacity
    birth: np.ndarray  # (n,) int64: generation number; changes when the slot is reborn
    additive: bool


@dataclass(frozen=True, slots=True, eq=False)
class SceneState:
    """`SceneModel` evaluated at `time` seconds by scene/evaluate.py: the same time gives the same state, always."""

    time: float
    camera: CameraPose
    cut: bool  # the camera was cut since the state this one was advanced from
    world: np.ndarray  # (nodes, 4, 4) float64
    joint_matrices: tuple[np.ndarray, ...]  # per skin (joints, 4, 4) float64: world of joint @ inverse bind
    morph_weights: dict[int, np.ndarray]  # node index -> (k,) float32
    particles: tuple[ParticleState, ...]
