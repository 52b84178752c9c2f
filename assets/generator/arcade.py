"""`arcade`: a narrow street at night after rain, a games arcade on the left, shutters and machines on the right.

The street runs along Z (x -3.4..3.4, kerbs beyond), houses at x = -6 and x = 6, a billboard at z = -16.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.generator import arcade_fittings as fittings
from assets.generator import props
from assets.generator.figure import clothes, walking_figure
from assets.generator.motion import path, shot
from assets.generator.primitives import bevelled_box, box, grid, tube
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.textures_cutout import chain_link
from assets.generator.textures_masonry import asphalt, brick, chequer_tiles, glazed_wall, plaster
from assets.generator.textures_signs import room
from assets.generator.textures_wood_metal import brushed_metal, ribbed_shutter

Materials = dict[str, MaterialHandle]
_BAYS = np.arange(-15.0, 8.1, 4.6)  # z of the columns between the shop windows


def _materials(s: SceneBuilder) -> Materials:
    m = s.material
    glow = {"colour": (0.02, 0.02, 0.02), "roughness": 0.4}
    return {
        "street": m("wet_asphalt", asphalt(), tile=4.0, mirror=True),
        "kerb": m(
            "kerb", chequer_tiles(dark=(0.26, 0.26, 0.27), light=(0.34, 0.33, 0.33), name="kerb", seed=35), tile=1.6
        ),
        "brick": m("brick", brick(512), tile=1.8, colour=(0.72, 0.62, 0.60)),
        "tiles": m("arcade_floor", chequer_tiles(), tile=1.0),
        "glazed": m("glazed", glazed_wall(glaze=(0.10, 0.22, 0.30)), tile=0.8),
        "concrete": m("concrete", plaster(colour=(0.46, 0.45, 0.46), name="concrete", seed=57), tile=1.6),
        "shutter": m("shutter", ribbed_shutter(), tile=0.6),
        "steel": m("steel", brushed_metal(), tile=0.5),
        "chrome": m("chrome", colour=(0.93, 0.93, 0.94), metallic=1.0, roughness=0.07),
        "lacquer": m("lacquer", colour=(0.42, 0.015, 0.03), metallic=0.35, roughness=0.28, clearcoat=1.0),
        "black": m("black", colour=(0.018, 0.018, 0.022), roughness=0.32),
        "rubber": m("rubber", colour=(0.02, 0.02, 0.02), roughness=0.8),
        "cabinet": m("cabinet", colour=(0.06, 0.03, 0.10), roughness=0.3),
        "glass": m(
            "shop_glass", colour=(0.75, 0.85, 0.95, 0.14), alpha="BLEND", metallic=0.0, roughness=0.03, reactive=0.35
        ),
        "tube_pink": m("tube_pink", emissive=(1.0, 0.05, 0.30), strength=2.6, **glow),
        "tube_cyan": m("tube_cyan", emissive=(0.03, 0.55, 1.0), strength=2.4, **glow),
        "lamp": m("lamp", emissive=(1.0, 0.60, 0.26), strength=3.2, **glow),
        "lit": m("lit_window", glow=room(), strength=1.3, **glow),
        "unlit": m("dark_window", colour=(0.02, 0.025, 0.035), metallic=0.0, roughness=0.08),
        "chain": m(
            "chain_link",
            chain_link(),
            tile=0.6,
            alpha="MASK",
            cutoff=0.3,
            double_sided=True,
            metallic=0.85,
            roughness=0.4,
        ),
    }


def _shell(s: SceneBuilder, m: Materials) -> None:
    """Street, kerbs, the houses' walls above the ground floor and the ends of the street."""
    s.still(m["street"], grid((-3.4, 0, 9), (6.8, 0, 0), (0, 0, -26), 1.3))
    for x0, x1 in ((-6.0, -3.4), (3.4, 6.0)):
        s.still(m["kerb"], grid((x0, 0.14, 9), (x1 - x0, 0, 0), (0, 0, -25), 1.3))
        face = x1 if x0 < 0 else x0
        edge = grid((face, 0.0, 9), (0, 0, -25), (0, 0.14, 0), 2.0)
        s.still(m["concrete"], edge if x0 < 0 else edge.flipped())
    s.still(
        m["brick"], grid((-6, 3.5, 9), (0, 0, -25), (0, 5.0, 0), 1.2), grid((6, 0, -16), (0, 0, 25), (0, 8.5, 0), 1.0)
    )
    s.still(
        m["concrete"], grid((-6, 0, -16), (12, 0, 0), (0, 9.5, 0), 1.5), grid((6, 0, 9), (-12, 0, 0), (0, 6.5, 0), 1.5)
    )
    s.still(
        m["concrete"],
        box((0.3, 0.25, 25), (-5.95, 3.5, -3.5)),
        box((0.3, 0.2, 25), (5.95, 3.6, -3.5)),
        box((0.4, 0.3, 25), (-5.95, 8.5, -3.5)),
        box((0.4, 0.3, 25), (5.95, 8.5, -3.5)),
    )
    for size, centre in (
        ((12, 0.3, 25), (0, -0.16, -3.5)),
        ((0.4, 5.4, 25), (-6.2, 6.1, -3.5)),
        ((0.4, 8.5, 25), (6.2, 4.2, -3.5)),
        ((12, 9, 0.4), (0, 4.5, -16.2)),
        ((3.2, 0.2, 25), (-7.6, 3.4, -3.5)),
        ((0.2, 3.5, 25), (-9.1, 1.7, -3.5)),
    ):
        s.occluders.add(size, centre)
    rng = np.random.default_rng(503)
    for side in (-1, 1):
        for z in np.arange(-13.6, 8, 3.1):
            frame, pane = props.barred_window(1.2, 1.7, 2, 3, 0.04)
            turn = 90 if side < 0 else -90
            s.still(m["black"], frame.turned("y", turn).moved(side * 5.98, 5.2, z))
            s.still(m["lit"] if rng.uniform() < 0.4 else m["unlit"], pane.turned("y", turn).moved(side * 5.985, 5.2, z))


def _end_wall(s: SceneBuilder, m: Materials) -> None:
    """A shuttered shop under the billboard, lit windows beside it, pipes and cooling units."""
    for x in (-4.4, 4.4):
        for y in (1.4, 4.6):
            frame, pane = props.barred_window(1.1, 1.6, 2, 3, 0.04)
            s.still(m["black"], frame.moved(x, y, -15.98))
            s.still(m["lit"] if (x < 0) == (y < 3) else m["unlit"], pane.moved(x, y, -15.985))
    s.still(m["shutter"], grid((-2.2, 0, -15.95), (4.4, 0, 0), (0, 2.6, 0)))
    s.still(
        m["concrete"],
        *(box((0.3, 2.9, 0.3), (x, 1.45, -15.9)) for x in (-2.35, 0.0, 2.35)),
        box((5.0, 0.3, 0.4), (0, 2.85, -15.85)),
    )
    s.still(m["tube_cyan"], tube([(-2.4, 3.06, -15.62), (2.4, 3.06, -15.62)], 0.03, 6))
    for x, y in ((-5.2, 3.6), (5.2, 3.6), (3.9, 7.9), (-3.6, 7.9)):
        s.still(
            m["steel"],
            bevelled_box((0.95, 0.7, 0.4), 0.03, (x, y, -15.75)),
            props.ring(0.26, 0.02, 24, 5).moved(x - 0.12, y, -15.54),
        )
    s.still(
        m["steel"],
        tube([(-5.7, 0, -15.85), (-5.7, 9.4, -15.85)], 0.06, 8),
        tube([(5.6, 0, -15.85), (5.6, 9.4, -15.85)], 0.06, 8),
    )


def _cameras() -> list[dict]:
    return [
        path(
            "tour",
            shot(
                (0.0, (1.6, 1.7, 7.4), (-0.8, 1.9, -8.0), 52),
                (2.8, (1.0, 1.6, 5.6), (-1.6, 2.1, -8.0), 52),
                (5.2, (0.2, 1.5, 3.6), (-1.2, 2.3, -8.0), 52),
            ),
            shot(
                (0.0, (-3.4, 1.5, 3.0), (-8.0, 1.5, -1.0), 50),
                (2.2, (-3.8, 1.5, 0.8), (-8.4, 1.45, -3.2), 50),
                (4.2, (-4.2, 1.6, -2.2), (-8.4, 1.5, -6.4), 50),
            ),
            shot(
                (0.0, (0.9, 1.6, -3.4), (5.8, 1.85, -6.6), 44),
                (1.6, (1.2, 1.6, -4.4), (5.8, 1.8, -7.2), 42),
                (2.6, (1.0, 1.7, -3.4), (5.6, 2.3, -2.6), 46),
                (4.6, (0.8, 1.8, -1.0), (5.6, 2.1, -1.2), 46),
            ),
            shot(
                (0.0, (-2.8, 0.42, 3.2), (0.6, 1.7, -8.0), 50),
                (2.4, (-1.9, 0.5, 1.2), (0.8, 2.0, -8.0), 50),
                (4.8, (-0.6, 0.9, -1.2), (0.8, 2.8, -9.0), 50),
            ),
        ),
        path(
            "still",
            shot((0.0, (1.6, 1.6, 5.4), (-1.4, 2.1, -8.0), 52), (10.0, (1.55, 1.6, 5.36), (-1.4, 2.1, -8.0), 52)),
        ),
        path(
            "pan",
            shot(
                (0.0, (0.6, 1.65, 1.6), (-7.0, 1.6, -3.0)),
                (1.4, (0.6, 1.65, 1.6), (0.4, 2.4, -9.0)),
                (2.8, (0.6, 1.65, 1.6), (7.0, 1.8, -2.6)),
                (4.2, (0.6, 1.65, 1.6), (0.4, 2.4, -9.0)),
                (5.6, (0.6, 1.65, 1.6), (-7.0, 1.6, -3.0)),
            ),
            closed=True,
        ),
    ]


def build(folder: Path) -> Path:
    s = SceneBuilder("arcade")
    m = _materials(s)
    for part in (
        _shell,
        _end_wall,
        fittings.arcade_hall,
        fittings.signs,
        fittings.right_side,
        fittings.overhead,
        fittings.moving,
    ):
        part(s, m)
    walking_figure(
        s,
        clothes(
            "walker", (0.14, 0.15, 0.18), (0.86, 0.84, 0.30), (0.12, 0.13, 0.22), (0.62, 0.42, 0.33), (0.82, 0.82, 0.80)
        ),
        8,
        (-1.4, 0, -4.2),
        start=40.0,
    )
    s.light("pink", (-4.4, 3.4, -1.4), (1.0, 0.24, 0.52), 24.0, 14.0)
    s.light("cyan", (4.6, 2.9, -3.4), (0.25, 0.80, 1.0), 20.0, 14.0)
    s.light("hall", (-7.2, 2.8, 2.6), (1.0, 0.62, 0.36), 14.0, 14.0)
    s.light("billboard", (0.0, 5.2, -11.2), (0.72, 0.46, 1.0), 52.0, 22.0)
    s.extras |= {
        "environment": "night",
        "environment_strength": 1.1,
        "exposure": 1.5,
        "sun": None,
        "mirror_height": 0.0,
        "camera_paths": _cameras(),
    }
    return s.save(folder)
