"""`court`: a brick courtyard in the morning sun, with a fountain in the middle and a cafe on the north side.

North is -Z. The court spans x -10..10 and z -8..8; brick to the north and west, chain link to the east.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.generator import props
from assets.generator.figure import clothes, walking_figure
from assets.generator.foliage import branches, crown, swaying
from assets.generator.motion import path, quaternion, shot, shuttle, turning, waves
from assets.generator.primitives import bevelled_box, box, cylinder, disc, grid, lathe, sagging, tube
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.shape import Shape
from assets.generator.textures_cutout import chain_link, leaf_spray
from assets.generator.textures_masonry import brick, pavers, plaster
from assets.generator.textures_signs import enamel, flag, notice, room, ticker
from assets.generator.textures_wood_metal import brushed_metal, planks, worn_paint

Materials = dict[str, MaterialHandle]


def _materials(s: SceneBuilder) -> Materials:
    m = s.material
    return {
        "brick": m("brick", brick(), tile=1.8),
        "pavers": m("pavers", pavers(), tile=1.6),
        "plaster": m("plaster", plaster(colour=(0.86, 0.72, 0.52)), tile=2.5),
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
        "glass": m("glass", colour=(0.60, 0.72, 0.74, 0.22), alpha="BLEND", metallic=0.0, roughness=0.04,
                   reactive=0.35),
        "water": m("water", colour=(0.03, 0.16, 0.17, 0.86), alpha="BLEND", metallic=0.0, roughness=0.05,
                   reactive=0.5),
        "bulb": m("bulb", colour=(1.0, 0.85, 0.6), emissive=(1.0, 0.72, 0.38), strength=5.0, roughness=0.4),
        "leaves": m("leaves", leaf_spray(base=(112, 150, 58)), alpha="MASK", cutoff=0.42, double_sided=True, roughness=0.75),
        "hedge": m("hedge", leaf_spray(seed=131, base=(92, 140, 66), name="hedge", leaves=70, length=(0.10, 0.16)),
                   alpha="MASK", cutoff=0.42, double_sided=True, roughness=0.8),
        "bark": m("bark", planks(pale=(0.40, 0.33, 0.26), dark=(0.24, 0.19, 0.15), name="bark", seed=77), tile=0.5),
        "chain": m("chain_link", chain_link(), tile=0.6, alpha="MASK", cutoff=0.4, double_sided=True, metallic=0.4,
                   roughness=0.45),
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
    s.still(m["teal"], *(box((0.12, 2.6, 0.14), (x, 1.3, -7.95)) for x in (-4.6, -3.5, -2.4)),
            box((2.4, 0.14, 0.16), (-3.5, 2.6, -7.95)), box((2.1, 0.6, 0.06), (-3.5, 0.3, -7.95)))
    s.still(m["glass"], grid((-4.55, 0.6, -7.955), (2.1, 0, 0), (0, 1.95, 0)))
    s.still(m["brass"], *(cylinder(0.018, 0.6, 10).moved(x, 1.0, -7.84) for x in (-3.66, -3.34)))
    _awning(s)
    led = s.material("ticker", colour=(0.01, 0.01, 0.01), glow=ticker("OPEN UNTIL LATE   ***   FRESH COFFEE   "
                     "CINNAMON ROLLS   ***   TEMPORAL TEA 4.50   "), strength=4.0, roughness=0.3, uv_scroll=[0.035, 0.0],
                     reactive=0.6)
    s.still(m["dark"], box((3.9, 0.42, 0.16), (-3.5, 3.66, -7.90)))
    s.still(led, grid((-5.38, 3.49, -7.815), (3.76, 0, 0), (0, 0.34, 0), metres=False).with_uv((0.34, 1.0)))
    for name, text, small, size, at, colours in (
        ("sign_cafe", "THE BRICKWORKS", "COFFEE  ·  BOOKS  ·  REPAIRS", (4.4, 0.85), (-0.6, 5.0), ((24, 62, 66), (238, 222, 186))),
        ("sign_repairs", "CYCLE REPAIRS", "", (1.9, 0.36), (5.9, 3.02), ((150, 44, 30), (240, 230, 206))),
    ):
        plate = s.material(name, enamel(name, text, (1024, int(1024 * size[1] / size[0])), *colours, small=small),
                           roughness=0.25, clamp=True)
        back, front = props.sign_board(*size)
        s.still(m["dark"], back.moved(*at, -7.95))
        s.still(plate, front.moved(*at, -7.95))
    _fan(s, m, (1.6, 1.55, -7.9), 0.85)


def _awning(s: SceneBuilder) -> None:
    y = np.mgrid[0:64, 0:256][1]
    stripes = np.where((y // 16 % 2 == 0)[..., None], [196, 72, 46], [240, 230, 208]).astype(np.uint8)
    from assets.generator.texture_set import TextureSet

    cloth = s.material("awning", TextureSet("awning", stripes), roughness=0.9, double_sided=True)
    s.still(cloth, grid((-5.3, 2.78, -6.85), (3.6, 0, 0), (0, 0.46, -1.05), metres=False),
            grid((-5.3, 2.58, -6.85), (3.6, 0, 0), (0, 0.2, 0), metres=False))
    s.occluders.add((3.6, 0.1, 1.2), (-3.5, 3.0, -7.3))


def _fan(s: SceneBuilder, m: Materials, at: tuple, radius: float) -> None:
    x, y, z = at
    w = radius * 2.3
    s.still(m["dark"], grid((x - w / 2, y - w / 2, z - 0.08), (w, 0, 0), (0, w, 0)))
    for dx, dy, sx, sy in ((0, w / 2, w + 0.12, 0.12), (0, -w / 2, w + 0.12, 0.12), (w / 2, 0, 0.12, w), (-w / 2, 0, 0.12, w)):
        s.still(m["steel"], bevelled_box((sx, sy, 0.36), 0.015, (x + dx, y + dy, z + 0.06)))
    rotor = s.node("fan", [(m["brass"], props.fan_rotor(radius))], at=(x, y, z + 0.06))
    s.animate("fan", rotor, "rotation", *turning("z", 1.6))
    s.still(m["steel"], props.fan_grille(radius * 1.04, 9, 12, 0.005).moved(x, y, z + 0.24))


def _fountain(s: SceneBuilder, m: Materials) -> None:
    basin = lathe([(1.62, 0), (1.62, 0.10), (1.50, 0.12), (1.50, 0.46), (1.62, 0.50), (1.62, 0.60), (1.30, 0.60), (1.30, 0.30)],
                  40, smooth=False)
    s.still(m["stone"], basin, lathe([(0.34, 0.2), (0.30, 0.55), (0.16, 0.75), (0.13, 1.05), (0.24, 1.16), (0.26, 1.22),
                                      (0.001, 1.22)], 24))
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
        s.emitter(f"jet_{i}", (1.18 * np.cos(angle), 0.52, 1.18 * np.sin(angle)), count=150, lifetime=1.05,
                  velocity=[-0.75 * np.cos(angle), 4.7, -0.75 * np.sin(angle)], spread=0.11, gravity=9.0, size=0.034,
                  colour=[1.1, 1.15, 1.2], additive=False, opacity=0.75, seed=10 + i)


def _ball(radius: float) -> Shape:
    from assets.generator.primitives import sphere

    return sphere(radius, 32, 20)


def _greenery(s: SceneBuilder, m: Materials) -> None:
    s.still(m["stone"], props.planter(2.2, 0.55, 2.2).moved(-6.4, 0, -3.6))
    s.still(m["soil"], grid((-7.4, 0.52, -2.6), (2, 0, 0), (0, 0, -2)))
    s.occluders.add((2.2, 0.55, 2.2), (-6.4, 0.27, -3.6))
    s.still(m["bark"], branches((-6.4, 0.4, -3.6), 3.2, 1.5, 7, 0.16, 5))
    leaves = crown((-6.2, 4.5, -3.4), (2.3, 1.7, 2.1), 420, 0.78, 7)
    tree = s.node("tree", [(m["leaves"], swaying(leaves, 2.6, 0.16, 8))], weights=[1.0, 0.0])
    s.animate("wind", tree, "weights", *waves(5.0))
    for x, width in ((-1.0, 1.4), (4.0, 1.2), (8.3, 1.6)):
        s.still(m["teal"], props.planter(width, 0.42, 0.5).moved(x, 0, -7.6))
        hedge = crown((x, 0.78, -7.6), (width * 0.5, 0.38, 0.30), int(46 * width), 0.42, int(x * 10) + 60, 0.6)
        s.still(m["hedge"], hedge)


def _fence(s: SceneBuilder, m: Materials) -> None:
    """East: chain link with a woven panel of real wire, and a barred gate that slides behind it."""
    for z in np.arange(-8, 8.1, 2.0):
        s.still(m["steel"], cylinder(0.035, 2.5, 10).moved(8.6, 0, z))
    rails = [tube([(8.6, y, -8), (8.6, y, 8)], 0.022, 8) for y in (0.08, 2.44)]
    s.still(m["steel"], *rails)
    s.still(m["chain"], grid((8.6, 0.08, 8), (0, 0, -10.0), (0, 2.36, 0)), grid((8.6, 0.08, -4), (0, 0, -4.0), (0, 2.36, 0)))
    s.still(m["steel"], props.woven_fence(2.0, 2.36).turned("y", 90).moved(8.6, 0.08, -2.0))
    bars = [box((0.03, 1.75, 0.03), (0, 1.0, z)) for z in np.linspace(-1.4, 1.4, 22)]
    gate = [*bars, box((0.05, 0.07, 2.95), (0, 1.9, 0)), box((0.05, 0.07, 2.95), (0, 0.14, 0))]
    from assets.generator.shape import merged

    node = s.node("gate", [(m["red"], merged(gate))], at=(9.1, 0, -4.5))
    s.animate("gate", node, "translation", *shuttle((9.1, 0, -4.5), (9.1, 0, 3.5), 9.0))
    # A delivery cart goes by in the street: a large thing crossing behind the mesh.
    cart = [bevelled_box((1.3, 1.5, 2.6), 0.08, (0, 1.05, 0)), *(cylinder(0.28, 0.12, 16).turned("z", 90).moved(x, 0.28, z)
            for x in (-0.55, 0.67) for z in (-0.85, 0.85))]
    cart_node = s.node("cart", [(m["teal"], merged(cart))], at=(11.8, 0, -12))
    s.animate("cart", cart_node, "translation", *shuttle((11.8, 0, -13), (11.8, 0, 11), 11.0))


def _wires(s: SceneBuilder, m: Materials) -> None:
    cables = [tube(sagging(a, b, sag, 20), r, 5) for a, b, sag, r in (
        ((-9.9, 4.3, 5.5), (8.6, 5.6, -1.0), 0.5, 0.012), ((-9.9, 4.1, 5.0), (8.6, 5.3, -1.0), 0.7, 0.009),
        ((-5.0, 6.5, -7.9), (8.6, 5.8, -1.0), 0.35, 0.009), ((2.0, 6.6, -7.9), (8.6, 5.9, -1.0), 0.25, 0.007),
        ((-9.9, 4.5, 2.0), (15.0, 7.0, 3.0), 0.8, 0.014))]
    s.still(m["wire"], *cables, cylinder(0.07, 6.2, 10).moved(8.6, 0, -1.0),
            *(box((0.07, 0.07, 1.2), (8.6, y, -1.0)) for y in (5.3, 5.8)))
    for a, b, sag in (((-9.9, 3.9, 1.5), (0.6, 3.3, -7.9), 0.55), ((0.6, 3.3, -7.9), (8.6, 3.6, 1.0), 0.6),
                      ((-9.9, 3.9, 1.5), (8.6, 3.8, 4.0), 0.8)):
        cable, bulbs = props.string_lights(a, b, sag, 14)
        s.still(m["wire"], cable)
        s.still(m["bulb"], bulbs)


def _cafe(s: SceneBuilder, m: Materials) -> None:
    for x, z, turn in ((-7.4, 1.6, 20), (-6.6, 5.0, 70), (5.0, 0.4, -30)):
        s.still(m["steel"], props.table().moved(x, 0, z))
        s.occluders.add((0.6, 0.05, 0.6), (x, 0.72, z))
        for k, angle in enumerate((turn, turn + 150)):
            chair = props.chair().moved(0, 0, -0.62).turned("y", angle).moved(x, 0, z)
            s.still(m["teal"] if k else m["red"], chair)
    board = s.material("menu", notice("menu", "TODAY AT THE BRICKWORKS", [
        "Flat white|3.40", "Filter, bottomless|2.90", "Cinnamon roll|3.20", "Rye toast, soft egg|6.80", "Tomato tart, leaves|8.50",
        "Lemonade, rosemary|3.60", "Inner tube, fitted|9.00", "Brake cables, pair|14.50", "Wheel trued while you wait|18.00",
        "Please do not feed the sparrows", "wifi: brickworks  /  pass: halton23"], (768, 1024)), roughness=0.6, clamp=True)
    back, front = props.sign_board(0.84, 1.12, 0.04)
    for piece, material in ((back, m["wood"]), (front, board)):
        s.still(material, piece.turned("x", -12).turned("y", 24).moved(-1.9, 0.80, -5.4))
    pole = cylinder(0.03, 4.4, 10)
    s.still(m["steel"], pole.moved(6.6, 0, -6.2))
    cloth = s.material("flag", flag(), double_sided=True, roughness=0.85, clamp=True)
    node = s.node("flag", [(cloth, props.waving_cloth(1.7, 1.05))], at=(6.63, 4.3, -6.2),
                  turn=tuple(quaternion("y", 25.0)), weights=[1.0, 0.0])
    s.animate("flag", node, "weights", *waves(1.4))
    for x, z in ((-3.4, 6.2), (4.4, -4.2)):
        s.still(m["wood"], *(bevelled_box((1.7, 0.04, 0.09), 0.008, (x, 0.45, z + dz)) for dz in (-0.16, -0.05, 0.06, 0.17)),
                *(bevelled_box((1.7, 0.09, 0.03), 0.008, (x, y, z - 0.24)) for y in (0.62, 0.76)))
        s.still(m["dark"], *(box((0.05, 0.80 if dz < 0 else 0.43, 0.05), (x + dx, 0.40 if dz < 0 else 0.215, z + dz))
                             for dx in (-0.7, 0.7) for dz in (-0.21, 0.17)))
        s.occluders.add((1.6, 0.05, 0.4), (x, 0.45, z))


def _cameras() -> list[dict]:
    return [
        path("tour",
             shot((0.0, (5.8, 1.75, 7.0), (-1.2, 1.7, -4.0), 50), (2.6, (3.2, 1.65, 6.6), (-1.6, 1.75, -4.0), 50),
                  (5.2, (0.4, 1.6, 5.8), (-1.8, 1.8, -4.5), 50)),
             shot((0.0, (7.1, 1.35, 2.6), (9.2, 1.2, -1.0), 48), (2.0, (7.4, 1.4, 1.2), (9.6, 1.2, -1.6), 48),
                  (4.0, (7.3, 1.45, -0.6), (9.6, 1.25, -4.0), 48)),
             shot((0.0, (3.4, 1.55, -4.6), (1.6, 1.55, -7.6), 44), (1.6, (2.4, 1.5, -4.6), (1.3, 1.6, -7.6), 44),
                  (2.6, (0.6, 1.6, -3.9), (-2.4, 2.0, -7.6), 50), (5.0, (-0.4, 1.5, -3.7), (-3.0, 1.95, -7.6), 50)),
             shot((0.0, (-8.6, 1.7, 6.6), (0.6, 2.2, -0.6), 52), (3.0, (-8.0, 2.3, 3.8), (0.8, 2.2, -1.4), 52),
                  (5.4, (-6.2, 2.6, 3.4), (2.4, 2.4, -3.4), 52))),
        path("still", shot((0.0, (3.9, 1.6, 5.4), (-1.2, 1.75, -3.6)), (10.0, (3.86, 1.6, 5.38), (-1.2, 1.75, -3.6))), closed=False),
        path("pan", shot((0.0, (0.6, 1.65, 4.6), (-8.0, 1.6, -2.0)), (1.6, (0.6, 1.65, 4.6), (0.6, 2.0, -6.0)),
                         (3.2, (0.6, 1.65, 4.6), (8.6, 1.6, -1.0)), (4.8, (0.6, 1.65, 4.6), (0.6, 2.0, -6.0)),
                         (6.4, (0.6, 1.65, 4.6), (-8.0, 1.6, -2.0))), closed=True),
    ]


def build(folder: Path) -> Path:
    s = SceneBuilder("court")
    m = _materials(s)
    for part in (_walls, _north_side, _fountain, _greenery, _fence, _wires, _cafe):
        part(s, m)
    walking_figure(s, clothes("walker", (0.90, 0.86, 0.78), (0.10, 0.22, 0.34), (0.16, 0.17, 0.20), (0.78, 0.52, 0.40),
                              (0.66, 0.20, 0.13)), 15, (0, 0, 0), start=170.0)
    s.extras |= {
        "environment": "sunrise", "environment_strength": 1.5, "exposure": 1.0, "mirror_height": None,
        "sun": {"direction": [0.62, 0.70, 0.42], "radiance": [7.4, 6.3, 4.9], "angular_radius": 0.016},
        "camera_paths": _cameras(),
    }
    return s.save(folder)
