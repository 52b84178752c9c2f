"""What stands, hangs and moves in `court`: fountain, trees, fence, cables, cafe."""

from __future__ import annotations

import numpy as np

from assets.generator import props
from assets.generator.foliage import branches, crown, swaying
from assets.generator.motion import quaternion, shuttle, turning, waves
from assets.generator.primitives import bevelled_box, box, cylinder, disc, grid, lathe, sagging, sphere, tube
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.shape import Shape, merged
from assets.generator.textures_signs import enamel, flag, notice

Materials = dict[str, MaterialHandle]


def fountain(s: SceneBuilder, m: Materials) -> None:
    basin = lathe(
        [(1.62, 0), (1.62, 0.10), (1.50, 0.12), (1.50, 0.46), (1.62, 0.50), (1.62, 0.60), (1.30, 0.60), (1.30, 0.30)],
        40,
        smooth=False,
    )
    s.still(
        m["stone"],
        basin,
        lathe([(0.34, 0.2), (0.30, 0.55), (0.16, 0.75), (0.13, 1.05), (0.24, 1.16), (0.26, 1.22), (0.001, 1.22)], 24),
    )
    s.still(m["water"], disc(1.31, 40, 0.15).moved(y=0.47))
    s.occluders.add((3.0, 0.55, 3.0), (0, 0.27, 0))
    centre = s.node("sculpture", at=(0, 2.02, 0))
    parent = centre
    for i, (radius, axis, period) in enumerate(((0.72, "y", 9.0), (0.58, "x", 6.0), (0.44, "y", 4.5))):
        parent = s.node(f"ring_{i}", [(m["brass"] if i != 1 else m["chrome"], props.gimbal(radius))], parent=parent)
        s.animate(f"ring_{i}", parent, "rotation", *turning(axis, period, reverse=i == 1))
    s.node("heart", [(m["chrome"], _ball(0.24))], parent=centre)
    s.still(m["brass"], cylinder(0.03, 0.14, 12).moved(y=1.2), tube([(0, 1.30, 0), (0, 1.34, 0)], 0.07, 14, cap=True))
    for i in range(4):
        angle = np.pi / 4 + i * np.pi / 2
        s.emitter(
            f"jet_{i}",
            (1.18 * np.cos(angle), 0.52, 1.18 * np.sin(angle)),
            count=150,
            lifetime=1.05,
            velocity=[-0.75 * np.cos(angle), 4.7, -0.75 * np.sin(angle)],
            spread=0.11,
            gravity=9.0,
            size=0.034,
            colour=[1.1, 1.15, 1.2],
            additive=False,
            opacity=0.75,
            seed=10 + i,
        )


def _ball(radius: float) -> Shape:
    return sphere(radius, 32, 20)


def greenery(s: SceneBuilder, m: Materials) -> None:
    s.still(m["stone"], props.planter(2.2, 0.55, 2.2).moved(-6.4, 0, -3.6))
    s.still(m["soil"], grid((-7.4, 0.52, -2.6), (2, 0, 0), (0, 0, -2)))
    s.occluders.add((2.2, 0.55, 2.2), (-6.4, 0.27, -3.6))
    s.still(m["bark"], branches((-6.4, 0.4, -3.6), 3.2, 1.5, 7, 0.16, 5))
    leaves = crown((-6.2, 4.5, -3.4), (2.3, 1.7, 2.1), 420, 0.78, 7)
    tree = s.node("tree", [(m["leaves"], swaying(leaves, 2.6, 0.16))], weights=[1.0, 0.0])
    s.animate("wind", tree, "weights", *waves(5.0))
    for x, width in ((-1.0, 1.4), (4.0, 1.2), (8.3, 1.6)):
        s.still(m["teal"], props.planter(width, 0.42, 0.5).moved(x, 0, -7.6))
        hedge = crown((x, 0.78, -7.6), (width * 0.5, 0.38, 0.30), int(46 * width), 0.42, int(x * 10) + 60, 0.6)
        s.still(m["hedge"], hedge)


def fence(s: SceneBuilder, m: Materials) -> None:
    """East: chain link with a woven panel of real wire, and a barred gate that slides behind it."""
    for z in np.arange(-8, 8.1, 2.0):
        s.still(m["steel"], cylinder(0.035, 2.5, 10).moved(8.6, 0, z))
    rails = [tube([(8.6, y, -8), (8.6, y, 8)], 0.022, 8) for y in (0.08, 2.44)]
    s.still(m["steel"], *rails)
    s.still(
        m["chain"], grid((8.6, 0.08, 8), (0, 0, -10.0), (0, 2.36, 0)), grid((8.6, 0.08, -4), (0, 0, -4.0), (0, 2.36, 0))
    )
    s.still(m["steel"], props.woven_fence(2.0, 2.36, 0.09).turned("y", 90).moved(8.6, 0.08, -2.0))
    bars = [box((0.03, 1.75, 0.03), (0, 1.0, z)) for z in np.linspace(-1.4, 1.4, 22)]
    gate = [*bars, box((0.05, 0.07, 2.95), (0, 1.9, 0)), box((0.05, 0.07, 2.95), (0, 0.14, 0))]
    node = s.node("gate", [(m["red"], merged(gate))], at=(9.1, 0, -4.5))
    s.animate("gate", node, "translation", *shuttle((9.1, 0, -4.5), (9.1, 0, 3.5), 9.0))
    # A delivery cart goes by in the street: a large thing crossing behind the mesh.
    cart = [
        bevelled_box((1.3, 1.5, 2.6), 0.08, (0, 1.05, 0)),
        *(cylinder(0.28, 0.12, 16).turned("z", 90).moved(x, 0.28, z) for x in (-0.55, 0.67) for z in (-0.85, 0.85)),
    ]
    lettering = enamel(
        "sign_cart",
        "SPARROW & SON",
        (512, 160),
        (238, 226, 196),
        (150, 44, 30),
        small="PARCELS  ·  DAILY  ·  EST. 1923",
    )
    plate = s.material("sign_cart", lettering, roughness=0.35, clamp=True)
    front = props.sign_board(2.2, 0.69)[1].turned("y", -90).moved(-0.68, 1.25, 0)
    cart_node = s.node("cart", [(m["teal"], merged(cart)), (plate, front)], at=(11.8, 0, -12))
    s.animate("cart", cart_node, "translation", *shuttle((11.8, 0, -13), (11.8, 0, 11), 11.0))


def wires(s: SceneBuilder, m: Materials) -> None:
    cables = [
        tube(sagging(a, b, sag, 20), r, 5)
        for a, b, sag, r in (
            ((-9.9, 4.3, 5.5), (8.6, 5.6, -1.0), 0.5, 0.012),
            ((-9.9, 4.1, 5.0), (8.6, 5.3, -1.0), 0.7, 0.009),
            ((-5.0, 6.5, -7.9), (8.6, 5.8, -1.0), 0.35, 0.009),
            ((2.0, 6.6, -7.9), (8.6, 5.9, -1.0), 0.25, 0.007),
            ((-9.9, 4.5, 2.0), (15.0, 7.0, 3.0), 0.8, 0.014),
        )
    ]
    s.still(
        m["wire"],
        *cables,
        cylinder(0.07, 6.2, 10).moved(8.6, 0, -1.0),
        *(box((0.07, 0.07, 1.2), (8.6, y, -1.0)) for y in (5.3, 5.8)),
    )
    for a, b, sag in (
        ((-9.9, 3.9, 1.5), (0.6, 3.3, -7.9), 0.55),
        ((0.6, 3.3, -7.9), (8.6, 3.6, 1.0), 0.6),
        ((-9.9, 3.9, 1.5), (8.6, 3.8, 4.0), 0.8),
    ):
        cable, bulbs = props.string_lights(a, b, sag, 14)
        s.still(m["wire"], cable)
        s.still(m["bulb"], bulbs)


def cafe(s: SceneBuilder, m: Materials) -> None:
    for x, z, turn in ((-7.4, 1.6, 20), (-6.6, 5.0, 70), (5.0, 0.4, -30)):
        s.still(m["steel"], props.table().moved(x, 0, z))
        s.occluders.add((0.6, 0.05, 0.6), (x, 0.72, z))
        for k, angle in enumerate((turn, turn + 150)):
            chair = props.chair().moved(0, 0, -0.62).turned("y", angle).moved(x, 0, z)
            s.still(m["teal"] if k else m["red"], chair)
    board = s.material(
        "menu",
        notice(
            "menu",
            "TODAY AT THE BRICKWORKS",
            [
                "Flat white|3.40",
                "Filter, bottomless|2.90",
                "Cinnamon roll|3.20",
                "Rye toast, soft egg|6.80",
                "Tomato tart, leaves|8.50",
                "Lemonade, rosemary|3.60",
                "Inner tube, fitted|9.00",
                "Brake cables, pair|14.50",
                "Wheel trued while you wait|18.00",
                "Please do not feed the sparrows",
                "wifi: brickworks  /  pass: halton23",
            ],
            (768, 1024),
        ),
        roughness=0.6,
        clamp=True,
    )
    back, front = props.sign_board(0.84, 1.12, 0.04)
    for piece, material in ((back, m["wood"]), (front, board)):
        s.still(material, piece.turned("x", -12).turned("y", 24).moved(-1.9, 0.80, -5.4))
    pole = cylinder(0.03, 4.4, 10)
    s.still(m["steel"], pole.moved(6.6, 0, -6.2))
    cloth = s.material("flag", flag(), double_sided=True, roughness=0.85, clamp=True)
    node = s.node(
        "flag",
        [(cloth, props.waving_cloth(1.7, 1.05))],
        at=(6.63, 4.3, -6.2),
        turn=tuple(quaternion("y", 25.0)),
        weights=[1.0, 0.0],
    )
    s.animate("flag", node, "weights", *waves(1.4))
    for x, z in ((-3.4, 6.2), (4.4, -4.2)):
        s.still(
            m["wood"],
            *(bevelled_box((1.7, 0.04, 0.09), 0.008, (x, 0.45, z + dz)) for dz in (-0.16, -0.05, 0.06, 0.17)),
            *(bevelled_box((1.7, 0.09, 0.03), 0.008, (x, y, z - 0.24)) for y in (0.62, 0.76)),
        )
        s.still(
            m["dark"],
            *(
                box((0.05, 0.80 if dz < 0 else 0.43, 0.05), (x + dx, 0.40 if dz < 0 else 0.215, z + dz))
                for dx in (-0.7, 0.7)
                for dz in (-0.21, 0.17)
            ),
        )
        s.occluders.add((1.6, 0.05, 0.4), (x, 0.45, z))
