"""`garden`: a Victorian palm house in the afternoon, with a polished engine at its far end.

The house spans x -6..6 and z -12..8; eaves at 3.2 m, ridge at 6.4 m. Beds along both sides, an aisle in between.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from assets.generator import garden_fittings as fittings
from assets.generator.figure import clothes, walking_figure
from assets.generator.foliage import crown, rosette, swaying
from assets.generator.motion import path, shot, waves
from assets.generator.primitives import box, grid, tube
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.shape import Shape, merged
from assets.generator.textures_cutout import frond, leaf_spray
from assets.generator.textures_masonry import brick, chequer_tiles, glazed_wall, plaster
from assets.generator.textures_wood_metal import brushed_metal, planks

Materials = dict[str, MaterialHandle]
_EAVES, _RIDGE, _HALF, _BACK, _FRONT = 3.2, 6.4, 6.0, -12.0, 8.0


def _materials(s: SceneBuilder) -> Materials:
    m = s.material
    cut = {"alpha": "MASK", "cutoff": 0.42, "roughness": 0.65}
    return {
        "floor": m("floor", chequer_tiles(dark=(0.16, 0.24, 0.23), light=(0.82, 0.78, 0.68)), tile=1.2),
        "glazed": m("glazed", glazed_wall(glaze=(0.13, 0.36, 0.30)), tile=0.8),
        "brick": m("brick", brick(512), tile=1.8),
        "stone": m("stone", plaster(colour=(0.70, 0.67, 0.60), name="stone", seed=55), tile=1.2, roughness=0.8),
        "lawn": m("lawn", plaster(colour=(0.30, 0.40, 0.17), name="lawn", seed=58), tile=3.0, roughness=1.0),
        "iron": m("white_iron", colour=(0.80, 0.82, 0.78), metallic=0.0, roughness=0.4),
        "green": m("green_iron", colour=(0.03, 0.11, 0.08), metallic=0.0, roughness=0.3),
        "glass": m(
            "glass",
            colour=(0.80, 0.93, 0.90, 0.10),
            alpha="BLEND",
            metallic=0.0,
            roughness=0.03,
            double_sided=True,
            reactive=0.25,
        ),
        "cloche": m(
            "cloche", colour=(0.95, 1.0, 0.98, 1.0), metallic=0.0, roughness=0.02, transmission=0.9, reactive=0.5
        ),
        "water": m("water", colour=(0.05, 0.16, 0.14, 0.80), alpha="BLEND", metallic=0.0, roughness=0.03, reactive=0.5),
        "brass": m("brass", colour=(0.96, 0.70, 0.32), metallic=1.0, roughness=0.16),
        "copper": m("copper", colour=(0.95, 0.48, 0.32), metallic=1.0, roughness=0.12),
        "chrome": m("chrome", colour=(0.93, 0.93, 0.94), metallic=1.0, roughness=0.07),
        "steel": m("steel", brushed_metal(), tile=0.5),
        "oxblood": m("oxblood", colour=(0.30, 0.025, 0.02), metallic=0.0, roughness=0.22, clearcoat=0.8),
        "terracotta": m("terracotta", colour=(0.62, 0.26, 0.14), metallic=0.0, roughness=0.8),
        "wood": m("wood", planks(), tile=0.6),
        "soil": m("soil", colour=(0.075, 0.05, 0.035), roughness=1.0),
        "trunk": m("trunk", planks(pale=(0.44, 0.35, 0.24), dark=(0.24, 0.18, 0.12), name="trunk", seed=78), tile=0.35),
        "frond": m("frond", frond(base=(96, 150, 66)), tile=1.0, **cut),
        "fern": m("fern", frond(seed=115, base=(122, 168, 62), name="fern"), **cut),
        "leaves": m(
            "leaves", leaf_spray(seed=141, base=(92, 142, 70), name="broad", leaves=30, length=(0.22, 0.34)), **cut
        ),
        "flower": m(
            "blossom", leaf_spray(seed=151, base=(206, 92, 128), name="blossom", leaves=60, length=(0.08, 0.13)), **cut
        ),
    }


def _slope(side: float, t: float) -> tuple[float, float]:
    """(x, y) on a roof slope, t = 0 at the eaves, 1 at the ridge."""
    return side * _HALF * (1 - t), _EAVES + (_RIDGE - _EAVES) * t


def _house(s: SceneBuilder, m: Materials) -> None:
    """Floor, low walls, iron ribs and glazing bars, and the panes as a few large sheets."""
    length = _FRONT - _BACK
    s.still(m["floor"], grid((-2.7, 0, _FRONT), (5.4, 0, 0), (0, 0, -length), 0.6))
    s.still(m["lawn"], grid((-40, -0.05, 45), (80, 0, 0), (0, 0, -90), 10.0))
    for side in (-1.0, 1.0):
        wall = box((0.3, 0.75, length), (side * _HALF, 0.375, (_FRONT + _BACK) / 2), 0.8)
        s.still(m["brick"], wall)
        s.still(m["stone"], box((0.42, 0.08, length), (side * _HALF, 0.79, (_FRONT + _BACK) / 2)))
        s.occluders.add((0.3, 0.75, length), (side * _HALF, 0.375, (_FRONT + _BACK) / 2))
    for z in (_BACK, _FRONT):
        s.still(m["brick"], box((12, 0.75, 0.3), (0, 0.375, z), 0.8))
    bars: list[Shape] = []
    for z in np.arange(_BACK, _FRONT + 0.1, 2.5):
        points = [(-_HALF, 0.8), (-_HALF, _EAVES), (0, _RIDGE), (_HALF, _EAVES), (_HALF, 0.8)]
        for (x0, y0), (x1, y1) in pairwise(points):
            bars.append(tube([(x0, y0, z), (x1, y1, z)], 0.055, 8))
        arch = [(-_HALF + 0.05 + i * (2 * _HALF - 0.1) / 16, 3.15 + 1.5 * np.sin(np.pi * i / 16), z) for i in range(17)]
        bars.append(tube(arch, 0.025, 6))
        for i in (4, 6, 8, 10, 12):
            x = arch[i][0]
            bars.append(tube([(x, arch[i][1], z), (x, _RIDGE - abs(x) / _HALF * (_RIDGE - _EAVES), z)], 0.016, 5))
    for z in np.arange(_BACK, _FRONT + 0.01, 0.625):
        for side in (-1.0, 1.0):
            (x0, y0), (x1, y1) = _slope(side, 0.0), _slope(side, 1.0)
            bars.append(tube([(side * _HALF, 0.8, z), (x0, y0, z), (x1, y1, z)], 0.013, 4))
    for side in (-1.0, 1.0):
        for y in (1.9, _EAVES):
            bars.append(tube([(side * _HALF, y, _BACK), (side * _HALF, y, _FRONT)], 0.02 if y < 2 else 0.05, 6))
        for t in (0.33, 0.66):
            x, y = _slope(side, t)
            bars.append(tube([(x, y, _BACK), (x, y, _FRONT)], 0.02, 5))
    bars.append(tube([(0, _RIDGE, _BACK), (0, _RIDGE, _FRONT)], 0.07, 8))
    for z in (_BACK, _FRONT):
        for x in np.arange(-5.25, 5.3, 0.75):
            bars.append(tube([(x, 0.8, z), (x, _RIDGE - abs(x) / _HALF * (_RIDGE - _EAVES), z)], 0.014, 4))
        bars.append(tube([(-_HALF, 2.6, z), (_HALF, 2.6, z)], 0.02, 5))
    s.still(m["iron"], *bars)
    panes = []
    for side in (-1.0, 1.0):
        panes.append(grid((side * _HALF, 0.8, _FRONT), (0, 0, -length), (0, _EAVES - 0.8, 0), 5.0))
        panes.append(grid((side * _HALF, _EAVES, _FRONT), (0, 0, -length), (-side * _HALF, _RIDGE - _EAVES, 0), 5.0))
    panes.append(grid((-_HALF, 0.8, _BACK), (2 * _HALF, 0, 0), (0, _EAVES - 0.8, 0)))
    s.still(m["glass"], *panes)


def _beds(s: SceneBuilder, m: Materials) -> None:
    rng = np.random.default_rng(601)
    for side in (-1.0, 1.0):
        s.still(m["glazed"], box((0.18, 0.42, 20), (side * 2.8, 0.21, -2), 0.8))
        s.still(m["stone"], box((0.26, 0.06, 20), (side * 2.8, 0.45, -2)))
        s.still(m["soil"], grid((side * 4.35 - 1.5, 0.36, 8), (3.0, 0, 0), (0, 0, -20), 2.0))
        s.occluders.add((0.2, 0.42, 20), (side * 2.8, 0.21, -2))
        for z in np.arange(-11.2, 7.6, 1.05):
            x = side * rng.uniform(3.2, 3.9)
            kind = ["fern", "leaves", "flower", "fern"][int(rng.integers(4))]
            at = (x, 0.36, z + rng.uniform(-0.2, 0.2))
            if kind == "fern":
                s.still(m["fern"], rosette(at, 10, rng.uniform(0.55, 0.85), int(rng.integers(9999))))
            else:
                size = rng.uniform(0.34, 0.5)
                s.still(
                    m[kind],
                    crown((at[0], at[1] + size, at[2]), (size, size, size), 26, 0.5, int(rng.integers(9999)), 0.5),
                )
        for z in np.arange(-10.4, 7.6, 1.9):
            size = rng.uniform(0.7, 1.0)
            s.still(
                m["leaves"],
                crown(
                    (side * rng.uniform(4.6, 5.2), 0.5 + size, z),
                    (size * 0.8, size, size * 0.8),
                    36,
                    0.75,
                    int(rng.integers(9999)),
                    0.5,
                ),
            )


def _palms(s: SceneBuilder, m: Materials) -> None:
    """Six palms whose crowns sway together: one mesh, two morph targets."""
    crowns = []
    for x, z, height, seed in (
        (-4.3, 4.6, 3.0, 1),
        (4.4, 2.4, 3.4, 2),
        (-4.4, -1.2, 3.5, 3),
        (4.2, -3.4, 2.8, 4),
        (-4.2, -7.2, 3.1, 5),
        (4.3, -8.8, 3.4, 6),
    ):
        t = np.linspace(0, 1, 9)[:, None]
        lean = np.array([-np.sign(x) * 0.5, 0, 0.15])
        trunk = np.array([x, 0.3, z]) + t * np.array([0, height, 0]) + t**2 * lean
        s.still(m["trunk"], tube(trunk, 0.13 - 0.05 * t[:, 0], 9))
        s.occluders.add((0.2, height, 0.2), (x, height / 2, z))
        crowns += [
            rosette(tuple(trunk[-1]), 11, 1.75, 40 + seed, (2, 30)),
            rosette(tuple(trunk[-1]), 7, 1.5, 50 + seed, (35, 75)),
        ]
    node = s.node("palms", [(m["frond"], swaying(merged(crowns), 3.0, 0.10))], weights=[1.0, 0.0])
    s.animate("palms", node, "weights", *waves(4.2))


def _cameras() -> list[dict]:
    return [
        path(
            "tour",
            shot(
                (0.0, (-0.6, 1.7, 7.2), (0.2, 2.0, -6.0), 54),
                (2.8, (-1.0, 1.6, 6.0), (0.3, 1.9, -6.0), 54),
                (5.4, (-1.4, 1.55, 4.9), (0.6, 1.75, -6.0), 54),
            ),
            shot(
                (0.0, (-1.9, 1.7, -5.2), (-0.6, 1.9, -8.0), 48),
                (2.0, (-0.6, 1.6, -5.0), (-0.2, 1.8, -8.0), 46),
                (4.4, (1.5, 1.9, -5.4), (0.0, 1.9, -8.0), 46),
            ),
            shot(
                (0.0, (0.5, 1.45, 0.1), (2.4, 1.0, -0.4), 46),
                (1.6, (0.7, 1.4, -0.9), (2.4, 1.0, -0.5), 44),
                (2.6, (0.2, 1.6, -1.8), (-3.6, 1.7, -3.6), 50),
                (4.6, (-0.2, 1.8, -3.4), (-4.0, 2.2, -6.8), 50),
            ),
            shot(
                (0.0, (-1.7, 2.6, -3.2), (1.0, 2.9, 4.0), 56),
                (2.4, (-1.2, 2.2, -1.8), (0.6, 2.4, 5.0), 56),
                (4.8, (-0.4, 1.7, -0.8), (0.3, 1.6, 6.0), 56),
            ),
        ),
        path(
            "still",
            shot((0.0, (-1.2, 1.6, 5.2), (0.3, 1.8, -6.0), 54), (10.0, (-1.24, 1.6, 5.16), (0.3, 1.8, -6.0), 54)),
        ),
        path(
            "pan",
            shot(
                (0.0, (0.3, 1.6, -0.6), (-5.0, 1.8, -3.0)),
                (1.5, (0.3, 1.6, -0.6), (0.2, 2.0, -8.0)),
                (3.0, (0.3, 1.6, -0.6), (5.0, 1.8, -1.6)),
                (4.5, (0.3, 1.6, -0.6), (0.2, 2.0, -8.0)),
                (6.0, (0.3, 1.6, -0.6), (-5.0, 1.8, -3.0)),
            ),
            closed=True,
        ),
    ]


def build(folder: Path) -> Path:
    s = SceneBuilder("garden")
    m = _materials(s)
    for part in (_house, _beds, _palms, fittings.engine, fittings.aisle, fittings.signs):
        part(s, m)
    walking_figure(
        s,
        clothes(
            "walker", (0.80, 0.52, 0.22), (0.93, 0.88, 0.76), (0.22, 0.26, 0.34), (0.80, 0.56, 0.44), (0.30, 0.18, 0.12)
        ),
        8,
        (0, 0, 2.4),
        start=150.0,
    )
    s.extras |= {
        "environment": "forest",
        "environment_strength": 0.65,
        "exposure": 1.0,
        "mirror_height": None,
        "sun": {"direction": [-0.55, 0.72, 0.40], "radiance": [9.0, 7.8, 5.9], "angular_radius": 0.014},
        "camera_paths": _cameras(),
    }
    return s.save(folder)
