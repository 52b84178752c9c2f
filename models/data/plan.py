"""What a data set will hold: decided once from a seed, before anything is drawn."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from app.conventions import render_size, texture_lod_bias
from models.data.index import NO_MIP_MAPS, ClipEntry
from models.data.random_camera import MOTIONS
from models.data.ratios import drawn_ratio

DISPLAY_SIZES: dict[float, tuple[int, int]] = {
    # Sizes that the ratio divides into whole LR pixels, all of about the same area.
    1.3: (312, 182),
    1.5: (312, 180),
    1.7: (306, 187),
    2.0: (320, 180),
    3.0: (312, 180),
}
_DISPLAY_AREA = (320, 180)
_RATIOS = (2.0, 2.0, 3.0, 2.0, 1.5, 2.0, 2.0, 3.0, 2.0, 1.5, 2.0, 1.7, 2.0, 3.0, 2.0, 1.5, 2.0, 1.3)
_TEST_RATIOS = (2.0, 2.0, 1.5, 2.0, 3.0)
_MOTION_WEIGHTS = {"still": 0.8, "slow": 1.6, "pan": 1.4, "fast pan": 1.8, "strafe": 1.4, "dolly": 1.4}  # the others 1
_BUILTIN_EVERY = 5  # every n-th clip shows a built-in scene
_TEST_EVERY = 8  # every n-th clip is for testing only
RANDOM = "random"
"""Among held-out scenes: a random scene of its own for every clip."""


def plan_clips(
    count: int,
    frames: int,
    seed: int,
    scenes: tuple[str, ...] = (),
    held_out: tuple[str, ...] = (),
    unfiltered: float = 0.4,
    ratios: str = "",
) -> list[ClipEntry]:
    """`count` clips, about `unfiltered` of them without mip maps and some in between. With `held_out` scenes (RANDOM
    may be one) all of them are for testing and show those; otherwise they show random scenes and now and then one of
    `scenes`, and every eighth is a test with a random scene of its own. `ratios` are those of the training clips, as
    models.data.ratios.drawn_ratio takes them, "" for a fixed mixture; tests keep theirs, so that figures compare."""
    rng = np.random.default_rng([seed, 0xDA7A])
    kinds = list(MOTIONS)
    weights = np.array([_MOTION_WEIGHTS.get(kind, 1.0) for kind in kinds])
    entries = []
    for number in range(count):
        # Every clip draws the same numbers whatever they decide, so that a longer plan begins like a shorter one.
        scene_seed, on_path = int(rng.integers(1 << 30)), rng.random() < 0.6
        kind = str(rng.choice(kinds, p=weights / weights.sum()))
        kind_of_filter, between = rng.random(2)
        scene, test, ratio = f"random:{scene_seed}", False, _RATIOS[number % len(_RATIOS)]
        if held_out:
            shown, test, ratio = held_out[number % len(held_out)], True, _TEST_RATIOS[number % len(_TEST_RATIOS)]
            scene = scene if shown == RANDOM else shown
        elif number % _TEST_EVERY == _TEST_EVERY - 1:
            test, ratio = True, _TEST_RATIOS[number // _TEST_EVERY % len(_TEST_RATIOS)]
        elif scenes and number % _BUILTIN_EVERY == _BUILTIN_EVERY - 1:
            scene = scenes[number // _BUILTIN_EVERY % len(scenes)]
        if ratios and not test:
            ratio = drawn_ratio(ratios, np.random.default_rng([seed, number, 0x2A71]))
        if on_path and not scene.startswith("random:"):
            kind = "path"
        display = display_size(ratio)
        entries.append(
            ClipEntry(
                name=f"{number:05d}",
                split="test" if test else "train",
                scene=scene,
                motion=kind,
                seed=scene_seed,
                ratio=ratio,
                render_size=render_size(display, ratio),
                display_size=display,
                frames=frames,
                lod_bias=_lod_bias(ratio, unfiltered, kind_of_filter, between),
            )
        )
    return entries


def display_size(ratio: float) -> tuple[int, int]:
    """(width, height) of about the same area at every ratio, which `ratio` divides into whole LR pixels."""
    if ratio in DISPLAY_SIZES:
        return DISPLAY_SIZES[ratio]
    exact = Fraction(ratio).limit_denominator(20)
    parts = (round(n / exact.numerator) * exact.numerator for n in _DISPLAY_AREA)
    return tuple(max(n, exact.numerator) for n in parts)  # type: ignore[return-value]


def _lod_bias(ratio: float, unfiltered: float, kind: float, between: float) -> float:
    """`kind` and `between` are uniform in [0, 1). A quarter of what is not unfiltered is up to 2.5 levels sharper."""
    if kind < unfiltered:
        return NO_MIP_MAPS
    sharper = 2.5 * between if kind < unfiltered + 0.25 * (1.0 - unfiltered) else 0.0
    return round(texture_lod_bias(ratio) - sharper, 3)
