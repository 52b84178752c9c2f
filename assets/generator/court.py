"""`court`: a brick courtyard in the morning sun, with a fountain in the middle and a cafe on the north side.

North is -Z. The court spans x -10..10 and z -8..8; brick to the north and west, chain link to the east.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.generator import court_fittings as fittings
from assets.generator import props
from assets.generator.figure import clothes, walking_figure
from assets.generator.motion import path, shot, turning
from assets.generator.primitives import bevelled_box, box, cylinder, grid
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.texture_set import TextureSet
from assets.generator.textures_cutout import chain_link, leaf_spray
from assets.generator.textures_masonry import brick, pavers, plaster
from assets.generator.textures_signs import enamel, room, ticker
from assets.generator.textures_wood_metal import brushed_metal, planks, worn_paint

Materials = dict[str, MaterialHandle]


def _materials(s: SceneBuilder) -> Materials:
    m = s.material
    return {
        "brick": m("brick", brick(), tile=1.8),
        "pavers": m("pavers", pavers(), tile=1.6),
        "plaster": m("plaster", plaster(colour=(0.93, 0.78, 0.58)), tile=2.5),
        "stone": m("stone", plaster(colour=(0.74, 0.71, 0.65), name="stone", seed=55), tile=1.2, roughness=0.8),
        "wood": m("wood", planks(), tile=0.6),
        "dark": m("dark_paint", colour=(0.035, 0.045, 0.05), metallic=0.0, roughness=0.38),
        "cream": m("cream_paint", colour=(0.72, 0.68, 0.58), metallic=0.0, roughness=0.5),
        "wire": m("wire", colour=(0.04, 0.04, 0.045), metallic=0.2, roughness=0.5),
        "steel": m("steel", brushed_metal(), tile=0.5),
        "brass": m("brass", colour=(0.95, 0.66, 0.30), metallic=1.0, roughness=0.13),
        "chrome": m("chrome", colour=(0.93, 0.93, 0.94), metallic=1.0, roughness=0.06),
        "teal": m("teal_paint", worn_paint((0.06, 0.36, 0.38), name="teal"), tile=0.7),
        "red": m("red_paint", worn_paint((0.66, 0.16, 0.10), name="red", seed=92), tile=0.7),
        "interior": m("interior", colour=(0.03, 0.03, 0.03), glow=room(), strength=0.55, roughness=0.9),
        "glass": m(
            "glass", colour=(0.60, 0.72, 0.74, 0.22), alpha="BLEND", metallic=0.0, roughness=0.04, reactive=0.35
        ),
        "water": m("water", colour=(0.03, 0.16, 0.17, 0.86), alpha="BLEND", metallic=0.0, roughness=0.05, reactive=0.5),
        "bulb": m("bulb", colour=(1.0, 0.85, 0.6), emissive=(1.0, 0.72, 0.38), strength=5.0, roughness=0.4),
        "leaves": m("leaves", leaf_spray(base=(112, 150, 58)), alpha="MASK", cutoff=0.42, roughness=0.75),
        "hedge": m(
            "hedge",
            leaf_spray(seed=131, base=(92, 140, 66), name="hedge", leaves=70, length=(0.10, 0.16)),
            alpha="MASK",
            cutoff=0.42,
            roughness=0.8,
        ),
        "bark": m("bark", planks(pale=(0.40, 0.33, 0.26), dark=(0.24, 0.19, 0.15), name="bark", seed=77), tile=0.5),
        "chain": m(
            "chain_link",
            chain_link(),
            tile=0.6,
            alpha="MASK",
            cutoff=0.3,
            double_sided=True,
            metallic=0.4,
            roughness=0.45,
        ),
        "soil": m("soil", colour=(0.09, 0.065, 0.045), roughness=1.0),
    }


def _walls(s: SceneBuilder, m: Materials) -> None:
    s.still(m["pavers"], grid((-10, 0, 8), (20, 0, 0), (0, 0, -16), 0.5))
    s.still(m["pavers"], grid((-16, -0.02, 20), (44, 0, 0), (0, 0, -40), 4.0))
    s.still(m["brick"], grid((-10, 0, -8), (20, 0, 0), (0, 6.8, 0), 0.6))
    s.still(m["brick"], grid((-10, 0, 8), (0, 0, -16), (0, 4.6, 0), 0.6))
    s.still(m["stone"], bevelled_box((20.5, 0.22, 0.55), 0.03, (0, 6.9, -8.05)))
    s.still(m["stone"], bevelled_box((0.55, 0.18, 16.4), 0.03, (-10.05, 4.68, 0)))
    s.still(m["stone"], bevelled_box((20, 0.16, 0.10), 0.02, (0, 3.35, -7.97)))
    s.still(m["stone"], box((20, 0.45, 0.06), (0, 0.225, -7.98)), box((0.06, 0.45, 16), (-9.98, 0.225, 0)))
    for size, centre in (((20, 7, 1), (0, 3.5, -8.5)), ((1, 4.6, 16), (-10.5, 2.3, 0)), ((44, 0.4, 40), (0, -0.21, 0))):
        s.occluders.add(size, centre)
    # The street behind the fence and the houses that close the view to the east and south.
    s.still(m["plaster"], grid((15, 0, -16), (0, 0, 34), (0, 7.5, 0), 2.0))
    s.still(m["plaster"], grid((15, 0, 13), (-32, 0, 0), (0, 5.5, 0), 2.0))
    s.still(m["stone"], box((0.4, 0.2, 34), (14.9, 7.5, 1)), box((32, 0.2, 0.4), (-1, 5.5, 12.9)))
    for z in np.linspace(-11, 11, 7):
        for y in (1.0, 4.3):
            frame, pane = props.barred_window(1.3, 1.9, 2, 3)
            s.still(m["cream"], frame.turned("y", -90).moved(14.98, y, z))
            s.still(m["interior"], pane.turned("y", -90).moved(14.975, y, z))


def _north_side(s: SceneBuilder, m: Materials) -> None:
    """Windows, the cafe door under its ticker, signs, and the fan behind its grille."""
    for x, y in ((-8.2, 4.1), (-5.6, 4.1), (-3.0, 4.1), (2.2, 4.1), (4.8, 4.1), (7.6, 4.1), (-7.6, 1.0), (5.9, 1.0)):
        frame, pane = props.barred_window(1.5, 1.9 if y > 2 else 1.8, 3, 3)
        s.still(m["cream"], frame.moved(x, y, -7.99))
        s.still(m["interior"], pane.moved(x, y, -8.005))
        s.still(m["glass"], pane.moved(x, y, -7.985))
    s.still(m["interior"], grid((-4.55, 0, -7.985), (2.1, 0, 0), (0, 2.5, 0), metres=False))
    s.still(
        m["teal"],
        *(box((0.12, 2.6, 0.14), (x, 1.3, -7.95)) for x in (-4.6, -3.5, -2.4)),
        box((2.4, 0.14, 0.16), (-3.5, 2.6, -7.95)),
        box((2.1, 0.6, 0.06), (-3.5, 0.3, -7.95)),
    )
    s.still(m["glass"], grid((-4.55, 0.6, -7.955), (2.1, 0, 0), (0, 1.95, 0)))
    s.still(m["brass"], *(cylinder(0.018, 0.6, 10).moved(x, 1.0, -7.84) for x in (-3.66, -3.34)))
    _awning(s)
    led = s.material(
        "ticker",
        colour=(0.01, 0.01, 0.01),
        glow=ticker("OPEN UNTIL LATE   ***   FRESH COFFEE   CINNAMON ROLLS   ***   TEMPORAL TEA 4.50   "),
        strength=4.0,
        roughness=0.3,
        uv_scroll=[0.035, 0.0],
        reactive=0.6,
    )
    s.still(m["dark"], box((3.9, 0.42, 0.16), (-3.5, 3.66, -7.90)))
    s.still(led, grid((-5.38, 3.49, -7.815), (3.76, 0, 0), (0, 0.34, 0), metres=False).with_uv((0.34, 1.0)))
    for name, text, small, size, at, colours in (
        (
            "sign_cafe",
            "THE BRICKWORKS",
            "COFFEE  ·  BOOKS  ·  REPAIRS",
            (4.4, 0.85),
            (-0.6, 5.0),
            ((24, 62, 66), (238, 222, 186)),
        ),
        ("sign_repairs", "CYCLE REPAIRS", "", (1.9, 0.36), (5.9, 3.02), ((150, 44, 30), (240, 230, 206))),
    ):
        plate = s.material(
            name,
            enamel(name, text, (1024, int(1024 * size[1] / size[0])), *colours, small=small),
            roughness=0.25,
            clamp=True,
        )
        back, front = props.sign_board(*size)
        s.still(m["dark"], back.moved(*at, -7.95))
        s.still(plate, front.moved(*at, -7.95))
    _fan(s, m, (1.6, 1.55, -7.9), 0.85)


def _awning(s: SceneBuilder) -> None:
    y = np.mgrid[0:64, 0:256][1]
    stripes = np.where((y // 16 % 2 == 0)[..., None], [196, 72, 46], [240, 230, 208]).astype(np.uint8)
    cloth = s.material("awning", TextureSet("awning", stripes), roughness=0.9, double_sided=True)
    s.still(
        cloth,
        grid((-5.3, 2.78, -6.85), (3.6, 0, 0), (0, 0.46, -1.05), metres=False),
        grid((-5.3, 2.58, -6.85), (3.6, 0, 0), (0, 0.2, 0), metres=False),
    )
    s.occluders.add((3.6, 0.1, 1.2), (-3.5, 3.0, -7.3))


def _fan(s: SceneBuilder, m: Materials, at: tuple, radius: float) -> None:
    x, y, z = at
    w = radius * 2.3
    s.still(m["dark"], grid((x - w / 2, y - w / 2, z - 0.08), (w, 0, 0), (0, w, 0)))
    for dx, dy, sx, sy in (
        (0, w / 2, w + 0.12, 0.12),
        (0, -w / 2, w + 0.12, 0.12),
        (w / 2, 0, 0.12, w),
        (-w / 2, 0, 0.12, w),
    ):
        s.still(m["steel"], bevelled_box((sx, sy, 0.36), 0.015, (x + dx, y + dy, z + 0.06)))
    rotor = s.node("fan", [(m["brass"], props.fan_rotor(radius))], at=(x, y, z + 0.06))
    s.animate("fan", rotor, "rotation", *turning("z", 1.6))
    s.still(m["steel"], props.fan_grille(radius * 1.04, 9, 12, 0.005).moved(x, y, z + 0.24))


def _cameras() -> list[dict]:
    return [
        path(
            "tour",
            shot(
                (0.0, (5.8, 1.75, 7.0), (-1.2, 1.7, -4.0), 50),
                (2.6, (3.2, 1.65, 6.6), (-1.6, 1.75, -4.0), 50),
                (5.2, (0.4, 1.6, 5.8), (-1.8, 1.8, -4.5), 50),
            ),
            shot(
                (0.0, (7.1, 1.35, 2.6), (9.2, 1.2, -1.0), 48),
                (2.0, (7.4, 1.4, 1.2), (9.6, 1.2, -1.6), 48),
                (4.0, (7.3, 1.45, -0.6), (9.6, 1.25, -4.0), 48),
            ),
            shot(
                (0.0, (3.4, 1.55, -4.6), (1.6, 1.55, -7.6), 44),
                (1.6, (2.4, 1.5, -4.6), (1.3, 1.6, -7.6), 44),
                (2.6, (0.8, 1.65, -3.7), (-2.4, 1.8, -7.6), 56),
                (5.0, (-0.2, 1.55, -3.6), (-2.9, 1.75, -7.6), 56),
            ),
            shot(
                (0.0, (-8.6, 1.7, 6.6), (0.6, 2.2, -0.6), 52),
                (3.0, (-8.0, 2.3, 3.8), (0.8, 2.2, -1.4), 52),
                (5.4, (-6.2, 2.6, 3.4), (2.4, 2.4, -3.4), 52),
            ),
        ),
        path(
            "still",
            shot((0.0, (3.9, 1.6, 5.4), (-1.2, 1.75, -3.6)), (10.0, (3.86, 1.6, 5.38), (-1.2, 1.75, -3.6))),
        ),
        path(
            "pan",
            shot(
                (0.0, (0.6, 1.65, 4.6), (-8.0, 1.6, -2.0)),
                (1.6, (0.6, 1.65, 4.6), (0.6, 2.0, -6.0)),
                (3.2, (0.6, 1.65, 4.6), (8.6, 1.6, -1.0)),
                (4.8, (0.6, 1.65, 4.6), (0.6, 2.0, -6.0)),
                (6.4, (0.6, 1.65, 4.6), (-8.0, 1.6, -2.0)),
            ),
            closed=True,
        ),
    ]


def build(folder: Path) -> Path:
    s = SceneBuilder("court")
    m = _materials(s)
    for part in (
        _walls,
        _north_side,
        fittings.fountain,
        fittings.greenery,
        fittings.fence,
        fittings.wires,
        fittings.cafe,
    ):
        part(s, m)
    walking_figure(
        s,
        clothes(
            "walker", (0.90, 0.86, 0.78), (0.10, 0.22, 0.34), (0.16, 0.17, 0.20), (0.78, 0.52, 0.40), (0.66, 0.20, 0.13)
        ),
        15,
        (0, 0, 0),
        start=170.0,
    )
    s.extras |= {
        "environment": "sunrise",
        "environment_strength": 1.8,
        "exposure": 1.1,
        "mirror_height": None,
        "sun": {"direction": [-0.50, 0.68, 0.46], "radiance": [7.4, 6.3, 4.9], "angular_radius": 0.016},
        "camera_paths": _cameras(),
    }
    return s.save(folder)
