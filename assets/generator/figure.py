"""Puts the walking mannequin into a scene, on a circle so that it never has to turn on the spot."""

from __future__ import annotations

import numpy as np

from assets.generator.figure_body import JOINTS, NAMES, SHELL, SHIRT, SHOES, TROUSERS, body, position
from assets.generator.figure_walk import PERIOD, STRIDE, cycle
from assets.generator.motion import quaternion, turning
from assets.generator.noise import spectral, to_bytes
from assets.generator.scene_builder import SceneBuilder
from assets.generator.texture_set import TextureSet

Colour = tuple[float, float, float]


def clothes(
    name: str, stripe_a: Colour, stripe_b: Colour, trousers: Colour, shell: Colour, shoes: Colour
) -> TextureSet:
    """Vertical regions as figure_body lays them out; the shirt has horizontal stripes 31 mm apart."""
    size = 256
    y, x = np.mgrid[0:size, 0:size] / size
    weave = 0.9 + 0.1 * spectral(size, 0.5, 301)[..., None]
    stripes = np.where((np.floor(y * 8) % 2 == 0)[..., None], stripe_a, stripe_b)
    picture = np.empty((size, size, 3))
    for (low, high), fill in (
        (SHIRT, stripes),
        (TROUSERS, np.asarray(trousers)),
        (SHELL, np.asarray(shell)),
        (SHOES, np.asarray(shoes)),
    ):
        inside = ((x >= low - 0.03) & (x <= high + 0.035))[..., None]
        picture = np.where(inside, np.broadcast_to(fill, picture.shape), picture)
    return TextureSet(name, to_bytes(picture * weave))


def walking_figure(
    scene: SceneBuilder,
    maps: TextureSet,
    cycles: int,
    centre: tuple[float, float, float],
    name: str = "walker",
    start: float = 0.0,
    roughness: float = 0.6,
) -> float:
    """Adds the figure on a counter-clockwise circle (seen from above) around `centre`; returns the radius in metres.

    The circle's length is a whole number of walk cycles, so the loop closes with both feet in step.
    """
    radius = cycles * STRIDE / (2 * np.pi)
    material = scene.material(f"{name}_cloth", maps, metallic=0.0, roughness=roughness)
    centre_node = scene.node(f"{name}_circle", at=centre, turn=tuple(quaternion("y", start)))
    pivot = scene.node(f"{name}_path", parent=centre_node)
    scene.animate(f"{name}_path", pivot, "rotation", *turning("y", cycles * PERIOD))
    # At (radius, 0, 0) a turn about +Y moves towards -Z: the figure, built to face +Z, looks that way.
    root = scene.node(f"{name}_root", parent=pivot, at=(radius, 0.0, 0.0), turn=tuple(quaternion("y", 180.0)))
    nodes: dict[str, int] = {}
    for joint in NAMES:
        parent = JOINTS[joint][0]
        at = position(joint) - (position(parent) if parent else 0.0)
        nodes[joint] = scene.node(f"{name}_{joint}", parent=nodes[parent] if parent else root, at=tuple(at))
    times, hips, turns = cycle(radius)
    scene.animate(f"{name}_walk", nodes["hips"], "translation", times, hips)
    for joint in NAMES:
        scene.animate(f"{name}_walk", nodes[joint], "rotation", times, turns[joint])
    skin_node = scene.node(name, [(material, body())], parent=root)
    inverse = np.tile(np.eye(4), (len(NAMES), 1, 1))
    inverse[:, :3, 3] = [-position(joint) for joint in NAMES]
    scene.skin(skin_node, [nodes[joint] for joint in NAMES], inverse)
    return radius
