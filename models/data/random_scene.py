"""Random scenes in memory, made to hold what breaks temporal upscalers: no artist's taste, much sub-pixel detail.

A scene is a place (open ground, yard, street or room), a light and a handful of things. The modules beside this one
make the things; all randomness comes from one seed.
"""

from __future__ import annotations

import math

import numpy as np

from app.scene.model import Animation, SceneModel, Sun
from models.data import random_figure, random_growth, random_moving, random_places, random_things
from models.data.random_builder import EXTENT, Builder

__all__ = ["EXTENT", "random_scene"]

_THINGS = (
    (0.85, random_things.boxes),
    (0.6, random_things.round_things),
    (0.2, random_things.steps),
    (0.5, random_things.wires),
    (0.35, random_things.fence),
    (0.4, random_things.lattice),
    (0.2, random_things.scaffold),
    (0.2, random_things.louvres),
    (0.3, random_things.wire_figures),
    (0.25, random_things.fence_cards),
    (0.8, random_things.writing),
    (0.35, random_things.lamps),
    (0.2, random_things.panes),
    (0.4, random_growth.bushes),
    (0.45, random_moving.fans),
    (0.5, random_moving.travellers),
    (0.45, random_moving.tumbling),
    (0.3, random_moving.banner),
    (0.2, random_moving.sparks),
    (0.4, random_figure.figures),
)
_OUTDOORS = (
    (0.35, random_growth.grass),
    (0.25, random_growth.meadow),
    (0.35, random_things.mast),
    (0.4, random_things.skyline),
)
_PLACES = {"open": 0.3, "yard": 0.3, "street": 0.2, "room": 0.2}


def random_scene(seed: int, environments: tuple[str, ...] = ("studio",)) -> SceneModel:
    """The scene of `seed`: always the same one for the same list of environments."""
    rng = np.random.default_rng([seed, 0x5CE])
    b = Builder(rng)
    place = str(rng.choice(list(_PLACES), p=list(_PLACES.values())))
    if place == "room":
        b.ambient = b.log_uniform(0.04, 0.6)
    random_places.PLACES[place](b)
    # Some scenes are sparse, so that a still, plain picture is learnt as well; most are crowded.
    crowd = float(rng.choice([0.45, 1.0, 1.25]))
    for share, add in _THINGS if place == "room" else _THINGS + _OUTDOORS:
        if b.chance(share * crowd):
            add(b)
    sky, sun = _light(b)
    if place == "room" or b.chance(0.1):
        for _ in range(int(rng.integers(0, 4))):
            b.light(b.place(rng.uniform(1.5, 2.8), 0.7), rng.uniform(0.5, 1.0, 3), b.log_uniform(1.0, 15.0) * sky)
    animations = ()
    if b.channels:
        end = max(float(c.times[-1]) for c in b.channels)
        animations = (Animation("all", tuple(b.channels), end),)
    return SceneModel(
        name=f"random:{seed}",
        nodes=tuple(b.nodes),
        meshes=tuple(b.meshes),
        materials=tuple(b.materials),
        images=tuple(b.images),
        skins=tuple(b.skins),
        lights=tuple(b.lights),
        animations=animations,
        emitters=tuple(b.emitters),
        environment=environments[int(rng.integers(len(environments)))],
        environment_strength=sky,
        sun=sun,
    )


def _light(b: Builder) -> tuple[float, Sun | None]:
    """(strength of the sky, sun): noon, low sun, overcast, bright haze or night."""
    rng, kind = b.rng, b.rng.random()
    azimuth = rng.uniform(0, 2 * math.pi)
    height = rng.uniform(0.06, 0.3) if kind < 0.25 else rng.uniform(0.4, 1.4)
    toward = (math.cos(azimuth) * math.cos(height), math.sin(height), math.sin(azimuth) * math.cos(height))
    radiance = b.log_uniform(1.5, 12.0) * np.array([1.0, rng.uniform(0.55, 1.0), rng.uniform(0.3, 0.95)])
    softness = b.log_uniform(0.004, 0.05)
    sun = Sun(toward, tuple(map(float, radiance)), softness)  # type: ignore[arg-type]
    if kind < 0.65:
        return b.log_uniform(0.4, 1.5), sun
    if kind < 0.8:
        return b.log_uniform(0.7, 1.5), None
    if kind < 0.9:
        return b.log_uniform(2.0, 6.0), sun if b.chance(0.5) else None
    return b.log_uniform(0.05, 0.2), None
