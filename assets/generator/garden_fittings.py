"""What stands, hangs and moves in `garden`: the engine, the aisle with its fern, fans, baskets and signs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.generator import props
from assets.generator.foliage import crown, rosette, swaying
from assets.generator.machinery import flywheel, gear, slider_crank
from assets.generator.motion import quaternion, shuttle, swinging, turning, waves
from assets.generator.primitives import bevelled_box, box, cylinder, disc, grid, lathe, sphere, tube
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.shape import Shape, merged
from assets.generator.textures_signs import enamel, notice, ticker

Materials = dict[str, MaterialHandle]
_EAVES, _RIDGE, _HALF, _BACK, _FRONT = 3.2, 6.4, 6.0, -12.0, 8.0


def engine(s: SceneBuilder, m: Materials) -> None:
    """Gears, flywheel, crank and piston on a tiled plinth at the far end, its state on a little scrolling display."""
    z = -8.0
    s.still(m["glazed"], box((4.4, 0.6, 1.5), (0, 0.3, z), 0.6))
    s.still(m["stone"], bevelled_box((4.6, 0.1, 1.7), 0.02, (0, 0.64, z)))
    s.occluders.add((4.4, 0.6, 1.5), (0, 0.3, z))
    s.still(
        m["oxblood"],
        bevelled_box((0.34, 1.6, 0.30), 0.03, (-1.15, 1.45, z - 0.35)),
        bevelled_box((0.24, 0.9, 0.30), 0.03, (0.35, 1.1, z - 0.35)),
        bevelled_box((3.9, 0.16, 0.5), 0.03, (0, 0.77, z - 0.3)),
    )
    wheel = s.node("flywheel", [(m["oxblood"], flywheel(1.12))], at=(-1.15, 2.1, z - 0.62))
    s.animate("engine", wheel, "rotation", *turning("z", 4.0))
    teeth = (32, 16, 24)
    module = 0.05
    x, y, speed, reverse = -1.15, 2.1, 4.0, False
    previous = 0
    for i, count in enumerate(teeth):
        radius = count * module / 2
        if i:
            reach = (previous + count) * module / 2
            angle = np.radians((-38.0, 30.0)[i - 1])
            x, y = x + reach * np.cos(angle), y + reach * np.sin(angle)
            speed, reverse = speed * count / previous, not reverse
        # A mount turned so that teeth mesh: half a tooth of shift between neighbours.
        offset = 180.0 / count if i == 1 else 0.0
        mount = s.node(
            f"gear_mount_{i}",
            at=(x, y, z),
            turn=tuple(quaternion("z", offset + (3.0 if i == 1 else 8.0 if i == 2 else 0.0))),
        )
        node = s.node(f"gear_{i}", [(m["brass"] if i != 1 else m["steel"], gear(count, radius))], parent=mount)
        s.animate(f"gear_{i}", node, "rotation", *turning("z", speed, reverse))
        s.still(m["steel"], cylinder(0.045, 0.5, 14).turned("x", 90).moved(x, y, z - 0.28))
        previous = count
    s.still(m["oxblood"], bevelled_box((0.2, y - 0.7, 0.26), 0.03, (x, (y + 0.7) / 2, z - 0.35)))
    times, pin, turns, piston = slider_crank(0.32, 1.5, 4.0)
    crank = s.node("crank", at=(-1.15, 2.1, z + 0.16))
    rod = s.node(
        "rod",
        [
            (
                m["chrome"],
                merged(
                    [
                        tube([(0, 0, 0), (1.5, 0, 0)], 0.032, 10),
                        cylinder(0.07, 0.12, 16).turned("x", 90).moved(0, 0, -0.06),
                    ]
                ),
            )
        ],
        parent=crank,
    )
    s.animate("engine", rod, "translation", times, pin)
    s.animate("engine", rod, "rotation", times, turns)
    head = s.node(
        "piston",
        [(m["chrome"], merged([tube([(0, 0, 0), (1.0, 0, 0)], 0.045, 14), sphere(0.085, 16, 10)]))],
        parent=crank,
    )
    s.animate("engine", head, "translation", times, piston)
    cylinder_x = -1.15 + 1.5 + 0.32 + 0.35
    s.still(m["copper"], tube([(cylinder_x, 2.1, z + 0.16), (cylinder_x + 1.0, 2.1, z + 0.16)], 0.2, 24, cap=True))
    s.still(
        m["brass"],
        *(
            props.ring(0.21, 0.025, 28, 8).turned("y", 90).moved(cx, 2.1, z + 0.16)
            for cx in (cylinder_x, cylinder_x + 0.5, cylinder_x + 1.0)
        ),
        tube(
            [
                (cylinder_x + 0.5, 2.28, z + 0.16),
                (cylinder_x + 0.5, 3.0, z + 0.1),
                (cylinder_x + 0.5, 3.2, z - 0.2),
                (cylinder_x + 0.5, 4.4, z - 0.3),
            ],
            0.05,
            10,
        ),
    )
    s.still(m["oxblood"], bevelled_box((0.16, 1.3, 0.3), 0.03, (cylinder_x + 0.5, 1.32, z + 0.16)))
    led = s.material(
        "display",
        colour=(0.01, 0.015, 0.01),
        glow=ticker("PRESSURE 4.2 BAR   15 RPM   HUMIDITY 71 %   MIST IN 3 MIN   ", ink=(90, 255, 130)),
        strength=3.0,
        roughness=0.3,
        uv_scroll=[0.045, 0.0],
        reactive=0.6,
    )
    s.still(
        m["green"],
        bevelled_box((1.5, 0.36, 0.12), 0.02, (0.55, 0.92, z + 0.62)),
        box((0.08, 0.2, 0.06), (0.55, 0.72, z + 0.62)),
    )
    s.still(led, grid((-0.14, 0.80, z + 0.685), (1.38, 0, 0), (0, 0.24, 0), metres=False).with_uv((0.18, 1.0)))
    s.emitter(
        "steam",
        (cylinder_x + 0.5, 4.45, z - 0.3),
        count=70,
        lifetime=2.6,
        velocity=[0.0, 0.9, 0.1],
        spread=0.22,
        gravity=-0.1,
        size=0.30,
        colour=[0.9, 0.92, 0.92],
        additive=False,
        opacity=0.22,
        seed=61,
    )


def aisle(s: SceneBuilder, m: Materials) -> None:
    """A bowl with a swaying fern, pots, a potting bench with cloches, hanging baskets, fans and a cable cart."""
    s.still(
        m["stone"],
        lathe(
            [
                (0.62, 0),
                (0.62, 0.08),
                (0.30, 0.16),
                (0.22, 0.5),
                (0.30, 0.66),
                (0.78, 0.86),
                (0.84, 0.98),
                (0.74, 0.98),
                (0.70, 0.90),
            ],
            32,
            smooth=False,
        ).moved(0, 0, 2.4),
        disc(0.72, 28).moved(0, 0.5, 2.4),
    )
    s.still(m["water"], disc(0.73, 32).moved(0, 0.93, 2.4))
    s.occluders.add((0.8, 0.9, 0.8), (0, 0.45, 2.4))
    fern = s.node(
        "fern", [(m["fern"], swaying(rosette((0, 0.92, 2.4), 16, 1.05, 77, (20, 80)), 0.9, 0.10))], weights=[1.0, 0.0]
    )
    s.animate("fern", fern, "weights", *waves(2.8))
    for i, (x, z) in enumerate(((-2.2, 6.4), (2.25, 5.4), (-2.3, -3.6), (2.3, -2.4), (-2.2, -9.6))):
        s.still(m["terracotta"], props.pot(0.26, 0.46).moved(x, 0, z))
        s.still(m["soil"], disc(0.23, 16).moved(x, 0.42, z))
        s.still(m["flower"] if i % 2 else m["leaves"], crown((x, 0.85, z), (0.36, 0.42, 0.36), 30, 0.42, 700 + i, 0.5))
        s.occluders.add((0.4, 0.46, 0.4), (x, 0.23, z))
    for z in (4.6, -1.6):
        s.still(m["green"], tube([(0, _RIDGE, z), (0, 4.35, z)], 0.02, 6))
        rotor = s.node(
            f"fan_{z:.0f}",
            [(m["wood"], _ceiling_fan()), (m["brass"], sphere(0.12, 16, 10).scaled(1, 0.8, 1))],
            at=(0, 4.3, z),
        )
        s.animate(f"fan_{z:.0f}", rotor, "rotation", *turning("y", 1.7 if z > 0 else 2.1))
    for i, (x, z) in enumerate(((-1.9, 0.2), (1.9, -1.0), (1.8, 6.0))):
        pivot = s.node(
            f"basket_{i}",
            [(m["fern"], rosette((0, -1.28, 0), 12, 0.7, 90 + i, (-30, 60))), (m["copper"], _basket())],
            at=(x, 4.55, z),
        )
        s.animate(f"basket_{i}", pivot, "rotation", *swinging("x" if i % 2 else "z", 3.0, 3.1 + 0.4 * i))
    s.still(m["green"], tube([(0.9, 3.1, _BACK), (0.9, 3.1, _FRONT)], 0.012, 6))
    cart = merged(
        [
            lathe(
                [(0.001, -0.32), (0.16, -0.30), (0.26, -0.16), (0.28, 0.0), (0.26, 0.06), (0.22, 0.08), (0.20, 0.04)],
                28,
            ).moved(0, -0.35, 0),
            tube([(0, 0, 0), (0, -0.28, 0)], 0.012, 6),
            tube([(-0.26, -0.29, 0), (0, -0.10, 0), (0.26, -0.29, 0)], 0.010, 6),
        ]
    )
    node = s.node("cart", [(m["copper"], cart)], at=(0.9, 3.1, -6.5))
    s.animate("cart", node, "translation", *shuttle((0.9, 3.1, -6.0), (0.9, 3.1, 6.0), 11.0))
    drip = s.node("drip", parent=node, at=(0, -0.7, 0))
    s.extras["emitters"].append(
        {
            "node": "drip",
            "count": 40,
            "lifetime": 0.72,
            "velocity": [0, -0.3, 0],
            "spread": 0.10,
            "gravity": 8.5,
            "size": 0.014,
            "colour": [0.9, 0.95, 1.0],
            "additive": False,
            "opacity": 0.6,
            "seed": 62,
        }
    )
    assert drip >= 0
    s.emitter(
        "pollen",
        (0, 1.7, -1.5),
        count=120,
        lifetime=9.0,
        velocity=[0.05, 0.06, 0.0],
        spread=0.42,
        gravity=0.0,
        size=0.011,
        colour=[2.6, 2.2, 1.2],
        additive=True,
        opacity=0.8,
        seed=63,
    )
    _bench(s, m)


def _bench(s: SceneBuilder, m: Materials) -> None:
    x, z = 2.15, -0.4
    s.still(
        m["wood"], bevelled_box((0.7, 0.05, 2.2), 0.01, (x, 0.86, z)), bevelled_box((0.6, 0.03, 2.0), 0.01, (x, 0.3, z))
    )
    s.still(
        m["green"], *(box((0.05, 0.85, 0.05), (x + dx, 0.42, z + dz)) for dx in (-0.28, 0.28) for dz in (-0.98, 0.98))
    )
    s.occluders.add((0.7, 0.05, 2.2), (x, 0.86, z))
    for dz in (-0.75, -0.25, 0.3):
        s.still(m["terracotta"], props.pot(0.10, 0.17).moved(x, 0.885, z + dz))
        s.still(m["fern"], rosette((x, 1.03, z + dz), 8, 0.22, int(900 + dz * 100)))
    bell = lathe([(0.20, 0), (0.20, 0.26), (0.17, 0.36), (0.10, 0.42), (0.001, 0.44)], 28)
    s.still(m["cloche"], bell.moved(x, 0.89, z + 0.3), sphere(0.03, 10, 8).moved(x, 1.36, z + 0.3))
    s.still(m["chrome"], sphere(0.16, 28, 18).moved(x + 0.05, 1.05, z + 0.85))
    s.still(m["green"], tube([(x, 0.88, z + 0.58), (x, 1.36, z + 0.58)], 0.010, 6))
    mount = s.node("pinwheel_mount", at=(x - 0.04, 1.36, z + 0.58), turn=tuple(quaternion("y", -90.0)))
    wheel = s.node("pinwheel", [(m["brass"], props.fan_rotor(0.17, 8))], parent=mount)
    s.animate("fan_pinwheel", wheel, "rotation", *turning("z", 0.9))


def _ceiling_fan() -> Shape:
    blade = merged([grid((0.15, 0, 0.09), (0.85, 0, 0.03), (0, 0.05, -0.18), metres=True)])
    both = merged([blade, replace(blade.flipped())])
    return merged([both.turned("y", 90 * k) for k in range(4)])


def _basket() -> Shape:
    bowl = lathe([(0.001, -1.45), (0.16, -1.42), (0.25, -1.30), (0.27, -1.24)], 20)
    chains = [tube([(0.26 * np.cos(a), -1.24, 0.26 * np.sin(a)), (0, 0, 0)], 0.006, 4) for a in (0.3, 2.4, 4.5)]
    return merged([bowl, *chains])


def signs(s: SceneBuilder, m: Materials) -> None:
    plate = s.material(
        "sign_house",
        enamel("sign_house", "WINTER GARDEN", (1024, 216), (22, 58, 46), (236, 224, 186), small="PALM HOUSE  No. 3"),
        roughness=0.25,
        clamp=True,
    )
    back, front = props.sign_board(3.4, 0.72)
    s.still(
        m["green"],
        back.moved(0, 3.75, -4.5 + 0.02),
        tube([(-1.3, 4.1, -4.5), (-1.3, 4.6, -4.5)], 0.012, 5),
        tube([(1.3, 4.1, -4.5), (1.3, 4.6, -4.5)], 0.012, 5),
    )
    s.still(plate, front.moved(0, 3.75, -4.48))
    labels = s.material(
        "labels",
        notice(
            "labels",
            "BED 7  ·  TROPICS",
            [
                "Livistona chinensis|1881",
                "Nephrolepis exaltata|1902",
                "Monstera deliciosa|1911",
                "Dicksonia antarctica|1896",
                "Phoenix roebelenii|1920",
                "Strelitzia reginae|1934",
                "Please keep the door shut",
                "Mist at 10, 12, 14 and 16 h",
            ],
            (512, 640),
            ground=(232, 232, 220),
            accent=(34, 82, 62),
        ),
        roughness=0.4,
        clamp=True,
    )
    back, front = props.sign_board(0.62, 0.78, 0.03)
    for x, z, turn in ((-2.45, -0.9, 55), (2.5, -4.6, -55), (-2.5, 2.9, 55)):
        for material, piece in ((m["wood"], back), (labels, front)):
            s.still(material, piece.turned("x", -25).turned("y", turn).moved(x, 1.0, z))
        s.still(m["green"], tube([(x, 0, z), (x, 0.95, z)], 0.02, 6))
