"""What stands, hangs and moves in `arcade`: the hall, signs, machines, cables, the delivery pod."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from assets.generator import props
from assets.generator.motion import quaternion, shuttle, swinging, turning
from assets.generator.primitives import bevelled_box, box, cylinder, grid, lathe, sagging, sphere, tube
from assets.generator.scene_builder import MaterialHandle, SceneBuilder
from assets.generator.shape import Shape, merged
from assets.generator.textures_screens import billboard, game_screens, paper_lantern, posters, vending
from assets.generator.textures_signs import enamel, neon, ticker

Materials = dict[str, MaterialHandle]
_BAYS = np.arange(-15.0, 8.1, 4.6)  # z of the columns between the shop windows


def arcade_hall(s: SceneBuilder, m: Materials) -> None:
    """Left: an open-plan hall behind big panes, with rows of game cabinets under coloured tubes."""
    s.still(m["tiles"], grid((-9, 0.15, 9), (3, 0, 0), (0, 0, -25), 1.5))
    s.still(m["glazed"], grid((-9, 0.15, 9), (0, 0, -25), (0, 3.3, 0), 1.2))
    s.still(m["concrete"], grid((-9, 3.35, -16), (3, 0, 0), (0, 0, 25), 1.5))
    for z in _BAYS:
        s.still(m["glazed"], box((0.5, 3.4, 0.5), (-6.0, 1.75, z), 0.9))
        s.occluders.add((0.5, 3.4, 0.5), (-6.0, 1.75, z))
    for z0, z1 in pairwise(_BAYS):
        s.still(m["glass"], grid((-6.0, 0.5, z1 - 0.25), (0, 0, z0 - z1 + 0.5), (0, 2.6, 0)))
        s.still(
            m["black"],
            box((0.08, 0.35, z1 - z0 - 0.5), (-6.0, 0.32, (z0 + z1) / 2)),
            box((0.06, 0.06, z1 - z0 - 0.5), (-6.0, 3.1, (z0 + z1) / 2)),
            *(box((0.05, 2.6, 0.05), (-6.0, 1.8, z)) for z in np.linspace(z0, z1, 4)[1:-1]),
        )
    for i, z in enumerate(np.arange(-14.5, 8, 2.3)):
        s.still(m["tube_pink" if i % 2 else "tube_cyan"], tube([(-8.9, 3.2, z), (-6.4, 3.2, z)], 0.022, 6))
    screen = s.material(
        "game_screen",
        colour=(0.01, 0.01, 0.01),
        glow=game_screens(),
        strength=2.2,
        roughness=0.15,
        uv_scroll=[0.0, 0.11],
        reactive=0.5,
    )
    for i, z in enumerate(np.arange(-14.2, 7.5, 1.15)):
        body, display, marquee = _cabinet()
        for material, piece in (
            (m["cabinet"], body),
            (m["tube_pink" if i % 2 else "tube_cyan"], marquee),
            (screen, display.with_uv((0.25, 0.5), ((i % 4) * 0.25, (i * 0.13) % 1))),
        ):
            s.still(material, piece.turned("y", 90).moved(-8.55, 0.15, z))


def _cabinet() -> tuple[Shape, Shape, Shape]:
    """(body, screen with texture 0..1, lit edge strips) of a game cabinet that faces +Z."""
    body = [
        box((0.70, 0.95, 0.70), (0, 0.475, 0), skip="-y -z"),
        box((0.70, 0.85, 0.45), (0, 1.35, -0.12), skip="-z"),
        box((0.66, 0.06, 0.34), (0, 0.96, 0.42)),
        box((0.72, 0.18, 0.62), (0, 1.85, -0.03)),
        *(sphere(0.028, 8, 6).moved(x, 1.01, 0.45) for x in (-0.18, 0.1, 0.2)),
    ]
    display = grid((-0.29, 1.04, 0.16), (0.58, 0, 0), (0, 0.62, -0.04), metres=False)
    strips = [box((0.02, 1.7, 0.02), (x, 0.95, 0.36)) for x in (-0.35, 0.35)]
    return merged(body), display, merged([*strips, box((0.6, 0.10, 0.01), (0, 1.85, 0.285))])


def signs(s: SceneBuilder, m: Materials) -> None:
    for name, text, ink, font, size, at, turn, frame in (
        ("neon_arcade", "ARCADE", (255, 60, 150), "condensed", (3.6, 1.1), (-5.72, 4.35, -1.2), 90, True),
        ("neon_noodles", "NOODLES 24H", (60, 225, 255), "sans", (3.0, 0.62), (5.72, 3.15, -2.2), -90, True),
        ("neon_hotel", "HOTEL", (120, 255, 140), "condensed", (1.5, 0.62), (-4.95, 5.4, -6.2), 0, True),
        ("neon_bar", "BAR", (255, 170, 50), "condensed", (1.1, 0.62), (5.0, 4.7, -8.0), 0, True),
    ):
        pixels = neon(name, text, (768, max(128, int(768 * size[1] / size[0]))), ink, font, frame)
        lit = s.material(name, colour=(0.012, 0.012, 0.016), glow=pixels, strength=4.5, roughness=0.3, clamp=True)
        back, front = props.sign_board(*size, 0.10)
        s.still(m["black"], back.turned("y", turn).moved(*at))
        s.still(lit, front.turned("y", turn).moved(*at))
    text = "SUPERSEE ARCADE   ///   INSERT COIN   ///   HIGH SCORE 999 950   ///   NO GHOSTING   ///   "
    led = s.material(
        "ticker",
        colour=(0.01, 0.01, 0.01),
        glow=ticker(text),
        strength=3.5,
        roughness=0.3,
        uv_scroll=[0.06, 0.0],
        reactive=0.6,
    )
    s.still(m["black"], box((0.14, 0.44, 12.2), (-5.76, 3.32, -3.0)))
    s.still(led, grid((-5.68, 3.15, 3.0), (0, 0, -12.0), (0, 0.36, 0), metres=False).with_uv((1.15, 1.0)))
    wall = s.material(
        "billboard",
        colour=(0.01, 0.01, 0.01),
        glow=billboard(),
        strength=2.4,
        roughness=0.35,
        uv_scroll=[0.05, 0.0],
        reactive=0.6,
    )
    s.still(m["black"], bevelled_box((7.6, 4.0, 0.3), 0.05, (0, 5.4, -15.85)))
    s.still(wall, grid((-3.65, 3.55, -15.68), (7.3, 0, 0), (0, 3.7, 0), metres=False))
    for material, at in (("tube_pink", 3.42), ("tube_cyan", 3.95)):
        s.still(
            m[material],
            tube([(-5.74, at + 0.2, -15.9), (-5.74, at + 0.2, 9)], 0.02, 6),
            tube([(5.76, at, -15.9), (5.76, at, 9)], 0.02, 6),
        )
    rings = [props.ring(0.62 - 0.13 * i, 0.02, 40, 6) for i in range(4)]
    hanging = s.node("neon_rings", at=(0.4, 4.6, -8.6))
    for i, piece in enumerate(rings):
        node = s.node(f"neon_ring_{i}", [(m["tube_cyan" if i % 2 else "tube_pink"], piece)], parent=hanging)
        s.animate(f"neon_ring_{i}", node, "rotation", *turning("y", 4.0 + i, reverse=i % 2 == 1))
    s.still(m["black"], tube([(0.4, 5.22, -8.6), (0.4, 7.05, -8.6)], 0.01, 5))


def right_side(s: SceneBuilder, m: Materials) -> None:
    """Shutters, vending machines, a backlit fan, bills, ducts and a caged meter."""
    for z in (-11.0, 4.2):
        s.still(m["shutter"], grid((5.95, 0.14, z - 1.5), (0, 0, 3.0), (0, 2.7, 0)).flipped())
        s.still(
            m["concrete"],
            *(box((0.2, 2.9, 0.25), (5.92, 1.55, z + dz)) for dz in (-1.62, 1.62)),
            box((0.2, 0.25, 3.5), (5.92, 2.98, z)),
        )
    front = s.material("vending", colour=(0.02, 0.02, 0.02), glow=vending(), strength=1.5, roughness=0.12, clamp=True)
    for i, z in enumerate((-0.4, 0.75)):
        s.still(m["lacquer" if i else "steel"], bevelled_box((0.75, 1.9, 1.02), 0.03, (5.6, 1.09, z)))
        s.still(
            front,
            grid((-0.44, 0.18, 0), (0.88, 0, 0), (0, 1.66, 0), metres=False)
            .turned("y", -90)
            .moved(5.215, 0.05 + 0.14, z),
        )
        s.occluders.add((0.75, 1.9, 1.02), (5.6, 1.09, z))
    bills = s.material("posters", posters(), roughness=0.8, clamp=True)
    s.still(
        bills,
        *(
            grid((-0.75, -0.75, 0), (1.5, 0, 0), (0, 1.5, 0), metres=False)
            .turned("z", tilt)
            .turned("y", -90)
            .moved(5.975, 1.55, z)
            for z, tilt in ((-4.6, 1.5), (2.15 - 0.1, -1.0))
        ),
    )
    x, y, z, r = 5.75, 1.75, -7.4, 0.75
    panel = s.material("fan_light", emissive=(1.0, 0.42, 0.12), strength=1.5, colour=(0.02, 0.02, 0.02))
    s.still(
        panel,
        grid((0, 0, 0), (r * 2.2, 0, 0), (0, r * 2.2, 0))
        .moved(-r * 1.1, -r * 1.1, 0)
        .turned("y", -90)
        .moved(5.96, y, z),
    )
    for dy, dz, sy, sz in (
        (r * 1.15, 0, 0.12, r * 2.4),
        (-r * 1.15, 0, 0.12, r * 2.4),
        (0, r * 1.15, r * 2.4, 0.12),
        (0, -r * 1.15, r * 2.4, 0.12),
    ):
        s.still(m["steel"], bevelled_box((0.4, sy, sz), 0.015, (x, y + dy, z + dz)))
    mount = s.node("fan_mount", at=(x, y, z), turn=tuple(quaternion("y", -90.0)))
    rotor = s.node("fan", [(m["black"], props.fan_rotor(r, 5))], parent=mount)
    s.animate("fan", rotor, "rotation", *turning("z", 2.4))
    s.still(m["steel"], props.fan_grille(r * 1.04, 7, 8, 0.006).turned("y", -90).moved(x - 0.2, y, z))
    duct = [(5.7, 8.3, -9.4), (5.7, 3.4, -9.4), (5.7, 2.9, -9.2), (5.7, 2.85, -8.6)]
    s.still(
        m["steel"],
        tube(duct, 0.16, 12),
        tube([(5.85, 0.1, 2.9), (5.85, 8.2, 2.9)], 0.05, 8),
        tube([(5.85, 0.1, 3.02 - 6.2), (5.85, 8.2, -3.18)], 0.04, 8),
    )
    s.still(
        m["chain"],
        grid((4.7, 0.14, -12.9), (0, 0, -2.9), (0, 2.4, 0)).flipped(),
        grid((4.7, 0.14, -12.9), (1.3, 0, 0), (0, 2.4, 0)),
    )
    s.still(
        m["steel"],
        *(cylinder(0.03, 2.45, 8).moved(4.7, 0.14, zz) for zz in (-12.9, -14.35, -15.8)),
        tube([(4.7, 2.54, -12.9), (4.7, 2.54, -15.8)], 0.02, 6),
    )
    plate = s.material(
        "sign_street",
        enamel("sign_street", "HALTON STREET", (512, 128), (20, 46, 96), (240, 240, 236), small="E.C. 23"),
        roughness=0.2,
        clamp=True,
    )
    back, front_ = props.sign_board(1.5, 0.38)
    s.still(m["black"], back.turned("y", -90).moved(5.93, 2.55, 6.9))
    s.still(plate, front_.turned("y", -90).moved(5.93, 2.55, 6.9))


def overhead(s: SceneBuilder, m: Materials) -> None:
    cables = [
        tube(sagging(a, b, sag, 20), r, 5)
        for a, b, sag, r in (
            ((-5.9, 6.6, 1.5), (5.9, 6.2, -1.0), 0.5, 0.012),
            ((-5.9, 6.9, -3.0), (5.9, 7.0, -4.5), 0.4, 0.009),
            ((-5.9, 7.2, -8.6), (5.9, 7.2, -8.6), 0.15, 0.010),
            ((-5.9, 6.4, 2.5), (5.9, 7.4, -12.0), 0.9, 0.014),
            ((-5.9, 7.7, -12.0), (5.9, 7.5, 5.0), 0.8, 0.009),
        )
    ]
    s.still(m["black"], *cables)
    for z, sag in ((0.4, 0.7), (-5.4, 0.6)):
        cable, bulbs = props.string_lights((-5.9, 4.9, z), (5.9, 4.6, z - 1.0), sag, 16)
        s.still(m["black"], cable)
        s.still(m["lamp"], bulbs)
    lantern = lathe(
        [(0.001, -0.30), (0.12, -0.28), (0.24, -0.12), (0.26, 0.0), (0.24, 0.12), (0.12, 0.28), (0.001, 0.30)], 24
    )
    lantern = replace(lantern, uv=np.stack([lantern.uv[:, 0] * 2, 0.5 - lantern.positions[:, 1] / 0.6], axis=1))
    paper = s.material("lantern", colour=(0.5, 0.1, 0.05), glow=paper_lantern(), strength=1.5, roughness=0.8)
    for i, z in enumerate((-3.4, -2.2, -1.0)):
        pivot = s.node(
            f"lantern_{i}",
            [(paper, lantern.moved(y=-0.5)), (m["black"], tube([(0, 0, 0), (0, -0.24, 0)], 0.008, 5))],
            at=(4.75, 3.3, z),
        )
        s.animate(f"lantern_{i}", pivot, "rotation", *swinging("z", 6.0, 2.6 + 0.3 * i))
    s.still(m["black"], *(tube([(5.9, 3.3, z), (4.75, 3.3, z)], 0.015, 5) for z in (-3.4, -2.2, -1.0)))


def moving(s: SceneBuilder, m: Materials) -> None:
    """A lacquered delivery pod drives up and down; a mirror ball turns at the arcade's door; steam and sparks."""
    body = _pod_body()
    around = np.linspace(0, 2 * np.pi, 65)
    outline = np.stack([np.cos(around), np.zeros(65), np.sin(around)], axis=1)
    outline = np.sign(outline) * np.abs(outline) ** 0.72 * np.array([0.625, 0.0, 1.055])
    band = tube(outline + np.array([0.0, 0.86, 0.0]), 0.018, 6)
    wheels = merged(
        [cylinder(0.2, 0.14, 18).turned("z", 90).moved(x, 0.2, z) for x in (-0.42, 0.56) for z in (-0.62, 0.62)]
    )
    lamps = merged([sphere(0.07, 12, 8).moved(x, 0.62, 1.0) for x in (-0.3, 0.3)])
    pod = s.node(
        "pod", [(m["lacquer"], body), (m["rubber"], wheels), (m["lamp"], lamps), (m["tube_cyan"], band)], at=(2.2, 0, 5)
    )
    s.animate("pod", pod, "translation", *shuttle((2.3, 0.0, -13.0), (2.3, 0.0, 5.0), 14.0))
    facets = sphere(0.42, 28, 16)
    flat = facets.indices.reshape(-1, 3)
    corners = facets.positions[flat.reshape(-1)]
    normals = np.cross(corners[1::3] - corners[0::3], corners[2::3] - corners[0::3])
    length = np.linalg.norm(normals, axis=1)
    keep = np.repeat(length > 1e-9, 3)
    unit = np.repeat(normals / np.maximum(length, 1e-9)[:, None], 3, axis=0)[keep]
    points = corners[keep]
    ball = Shape(points, unit, points[:, :2].copy(), np.arange(len(points)))
    node = s.node("mirror_ball", [(m["chrome"], ball)], at=(-4.5, 2.9, 2.0))
    s.animate("mirror_ball", node, "rotation", *turning("y", 7.0))
    s.still(m["black"], tube([(-4.5, 3.3, 2.0), (-4.5, 3.75, 2.0), (-5.9, 3.75, 2.0)], 0.014, 6))
    s.emitter(
        "steam",
        (-2.2, 0.05, -4.6),
        count=60,
        lifetime=3.2,
        velocity=[0.12, 0.75, 0.05],
        spread=0.18,
        gravity=-0.05,
        size=0.28,
        colour=[0.16, 0.15, 0.19],
        additive=False,
        opacity=0.10,
        seed=31,
    )
    s.emitter(
        "sparks",
        (5.55, 3.05, -3.9),
        count=110,
        lifetime=0.8,
        velocity=[-0.9, 0.9, 0.0],
        spread=0.9,
        gravity=7.0,
        size=0.016,
        colour=[9.0, 5.0, 1.6],
        additive=True,
        opacity=1.0,
        seed=32,
    )
    s.still(m["steel"], lathe([(0.42, 0.004), (0.42, 0.012), (0.001, 0.012)], 24, smooth=False).moved(-2.2, 0, -4.6))


def _pod_body() -> Shape:
    """An egg-like body: a superellipsoid, 1.3 x 1.15 x 2.1 m, standing 0.2 m off the ground."""
    ball = sphere(1.0, 36, 20)
    p = ball.positions
    soft = np.sign(p) * np.abs(p) ** 0.72
    half = np.array([0.62, 0.56, 1.05])
    positions = soft * half + np.array([0, 0.80, 0])
    normals = np.sign(p) * np.abs(np.maximum(np.abs(soft), 1e-4)) ** (2 / 0.72 - 1) / half
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Shape(positions, normals, ball.uv, ball.indices)
