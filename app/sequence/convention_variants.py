"""The plausible ways in which a recording's motion and jitter may have been meant."""

from __future__ import annotations

from dataclasses import dataclass

from app.conventions import Size
from app.sequence.convention import Convention, Pair

_SIGNS: dict[Pair, str] = {
    (1.0, 1.0): "",
    (1.0, -1.0): "flipped in y",
    (-1.0, 1.0): "flipped in x",
    (-1.0, -1.0): "to point the other way",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """`label` completes "it looks ..." and is "" for the declared reading; `cost` grows with what it changes."""

    label: str
    convention: Convention
    cost: int

    @property
    def is_none(self) -> bool:
        """A jitter that is left out of account."""
        return self.convention.jitter_scale == (0.0, 0.0)


def motion_variants(size: Size, ratio: float, longest: float) -> list[Variant]:
    """The declared reading first. `size` is that of the frames, `longest` the length of the recording's longest
    vectors as declared: readings by which they would leave the screen are left out."""
    width, height = size
    units: list[tuple[str, Pair, bool]] = [
        ("", (1.0, 1.0), False),
        ("to be a fraction of the screen", (width, height), False),
        ("to be in clip space", (width / 2.0, height / 2.0), False),
        ("to be in pixels already", (1.0 / width, 1.0 / height), False),
        ("half as long as it should be", (2.0, 2.0), False),
        ("twice as long as it should be", (0.5, 0.5), False),
        ("to be square roots (Unreal 5)", (1.0, 1.0), True),
    ]
    if ratio > 1.01 and abs(ratio - 2.0) > 0.01:
        units.append(("to be in display pixels", (1.0 / ratio, 1.0 / ratio), False))
    variants: list[Variant] = []
    for unit, scale, rooted in units:
        farthest = longest * max(scale) if not rooted else longest * longest / min(size)
        if unit and not 0.02 <= farthest <= max(size):
            continue
        for swapped in (False, True):
            for sign, said in _SIGNS.items():
                convention = Convention(
                    motion_swapped=swapped,
                    motion_rooted=rooted,
                    motion_scale=(scale[0] * sign[0], scale[1] * sign[1]),
                )
                variants.append(_variant(convention, unit, swapped, said))
    return variants


def jitter_variants(size: Size, longest: float) -> list[Variant]:
    """The declared reading first, then the opposite one and none at all. `longest` is the recording's largest offset
    as declared: readings by which it would exceed a pixel are left out."""
    width, height = size
    units: list[tuple[str, Pair]] = [
        ("", (1.0, 1.0)),
        ("to be a fraction of the screen", (width, height)),
        ("to be in clip space", (width / 2.0, height / 2.0)),
        ("half as long as it should be", (2.0, 2.0)),
        ("twice as long as it should be", (0.5, 0.5)),
    ]
    variants = [
        _variant(Convention(), "", False, ""),
        _variant(Convention(jitter_scale=(-1.0, -1.0)), "", False, _SIGNS[-1.0, -1.0]),
        Variant("not to be in the frames", Convention(jitter_scale=(0.0, 0.0)), 1),
    ]
    for unit, scale in units:
        if unit and not 0.02 <= longest * max(scale) <= 1.0:
            continue
        for swapped in (False, True):
            for sign, said in _SIGNS.items():
                convention = Convention(jitter_swapped=swapped, jitter_scale=(scale[0] * sign[0], scale[1] * sign[1]))
                if all(convention != known.convention for known in variants):
                    variants.append(_variant(convention, unit, swapped, said))
    return variants if longest > 0.0 else variants[:1]


def _variant(convention: Convention, unit: str, swapped: bool, sign: str) -> Variant:
    said = [unit, "to have x and y exchanged" if swapped else "", sign]
    return Variant(" and ".join(part for part in said if part), convention, sum(bool(part) for part in said))
