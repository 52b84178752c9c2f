"""Particles in closed form: particle i's place is a function of time alone, so any frame can be drawn first.

Slot i is born every `lifetime` seconds, a fixed fraction of it later than slot 0. Its randomness is a hash of
(seed, slot, generation). Its path is born at the emitter where the emitter is now: it follows a moving emitter.
"""

from __future__ import annotations

import numpy as np

from app.scene.model import Emitter
from app.scene.state import ParticleState

_FADE_IN, _FADE_OUT = 0.12, 0.45  # shares of the lifetime


def particles_at(emitter: Emitter, world: np.ndarray, time: float) -> ParticleState:
    """The fountain at `time` seconds; `world` is the (4, 4) matrix of the emitter's node."""
    slots = np.arange(emitter.count, dtype=np.int64)
    # Births are spread evenly and then shaken, so that they neither pulse nor march.
    phase = (slots + _unit_random(emitter.seed, slots, 0 * slots, 3)) / max(emitter.count, 1)
    age_in_lives = time / emitter.lifetime + phase
    generation = np.floor(age_in_lives).astype(np.int64)
    share = age_in_lives - generation
    age = (share * emitter.lifetime)[:, None]
    shake = np.stack([_unit_random(emitter.seed, slots, generation, k) for k in range(3)], axis=1) * 2.0 - 1.0
    velocity = (np.asarray(emitter.velocity) + emitter.spread * shake) @ _rotation(world).T
    fall = np.array([0.0, -0.5 * emitter.gravity, 0.0])
    positions = world[:3, 3] + velocity * age + fall * age * age
    fade = _smooth(share / _FADE_IN) * _smooth((1.0 - share) / _FADE_OUT)
    colours = np.empty((emitter.count, 4), np.float32)
    colours[:, :3] = emitter.colour
    colours[:, 3] = emitter.opacity * fade
    return ParticleState(
        positions=positions.astype(np.float32),
        sizes=(emitter.size * (0.6 + 0.4 * share)).astype(np.float32),
        colours=colours,
        birth=generation,
        additive=emitter.additive,
    )


def _rotation(world: np.ndarray) -> np.ndarray:
    """The node's axes without its scale: speeds are in metres a second."""
    axes = world[:3, :3]
    return axes / np.maximum(np.linalg.norm(axes, axis=0), 1e-12)


def _smooth(t: np.ndarray) -> np.ndarray:
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _unit_random(seed: int, slots: np.ndarray, generation: np.ndarray, channel: int) -> np.ndarray:
    """Uniform in [0, 1): splitmix64's finaliser over the mixed inputs."""
    with np.errstate(over="ignore"):
        x = slots.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x ^= generation.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        x += np.uint64((seed * 0x165667B19E3779F9 + channel * 0x27D4EB2F165667C5) % 2**64)
        x ^= x >> np.uint64(30)
        x *= np.uint64(0xBF58476D1CE4E5B9)
        x ^= x >> np.uint64(27)
        x *= np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
