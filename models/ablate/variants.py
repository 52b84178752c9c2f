"""The variants of an ablation: each is the base configuration with one thing changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import SuperseeError
from app.inference.channels import HIDDEN, INPUT_CHANNELS

BASE = "base"
_HIDDEN = tuple(f"hidden_{i}" for i in range(HIDDEN))
_SUB_POSITIONS = ("history_luma_nw", "history_luma_ne", "history_luma_sw", "history_luma_se")
_OWN_FETCH = ("own_history_luma", "own_history_weight", "motion_difference")
_VISIBILITY = ("visible_before", "motion_change")
_KEPT = ("kept_luma_deviation", "kept_chroma_deviation", "kept_luma_change", "outside_kept")
_INNOVATION = ("innovation", "innovation_size")


@dataclass(frozen=True, slots=True)
class Variant:
    """`changes` go over the base's TOML tables, key by key; `without` and `fixed` add to its channel lists."""

    name: str
    group: str
    what: str
    changes: Mapping[str, Any]


def _inputs(name: str, what: str, *channels: str) -> Variant:
    assert set(channels) <= set(INPUT_CHANNELS), name
    return Variant(f"without-{name}", "inputs", f"no {what}", {"network": {"without": list(channels)}})


def _outputs(name: str, what: str, *channels: str) -> Variant:
    return Variant(f"fixed-{name}", "outputs", what, {"network": {"fixed": list(channels)}})


VARIANTS: tuple[Variant, ...] = (
    _inputs("sub-positions", "history at four sub-positions of the LR pixel", *_SUB_POSITIONS),
    _inputs("own-fetch", "history at the pixel's own motion", *_OWN_FETCH),
    _inputs("weight", "accumulated weight and validity of history", "history_weight", "history_valid"),
    _inputs(
        "depth", "depth cues",
        "depth_to_nearest", "depth_change_dilated", "depth_change_own", "depth_range",
    ),
    _inputs("neighbourhood", "3x3 statistics of this frame", "luma_outside", "luma_deviation", "chroma_outside"),
    _inputs("jitter", "jitter and resampling position", "jitter_x", "jitter_y", "resampling"),
    _inputs("visibility", "occlusion by what moved away, nor change of motion", *_VISIBILITY),
    _inputs("kept-statistics", "neighbourhood statistics kept over frames", *_KEPT),
    _inputs("innovation", "memory of what history got wrong", *_INNOVATION),
    _inputs(
        "long-memory", "cue that outlives a frame: visibility, kept statistics, innovation",
        *_VISIBILITY, *_KEPT, *_INNOVATION,
    ),
    Variant(
        "without-recurrence", "recurrence", "no recurrent features: hidden channels are 0",
        {"network": {"without": list(_HIDDEN), "fixed": list(_HIDDEN)}},
    ),
    _outputs("anisotropy", "round Gaussian of predicted width", "cholesky_xy"),
    _outputs("interpolation", "no interpolated share in the current colour", "interpolation"),
    _outputs("gain", "the same confidence in every sample", "gain"),
    _outputs("gamma", "the same clipping of history everywhere", "gamma"),
    _outputs("sharpness", "the same history filter everywhere", "sharpness"),
    _outputs("fetch-mix", "the same mix of the two history fetches everywhere", "fetch_mix"),
    _outputs("offset", "no offset of the history fetch", "offset_x", "offset_y"),
    _outputs("reject", "the same loss of weight where history is clipped", "reject"),
    Variant("loss-no-temporal", "losses", "L1 alone", {"loss": {"temporal": 0.0}}),
    Variant("loss-temporal-x2", "losses", "temporal loss with twice the weight", {"loss": {"temporal": 0.7}}),
    Variant("loss-square", "losses", "the squared error on top", {"loss": {"square": 5.0}}),
    Variant(
        "loss-decibels", "losses", "half of L1 and the error in decibels, as shipped",
        {"loss": {"l1": 0.5, "decibels": 0.004}},
    ),
    Variant("loss-charbonnier", "losses", "Charbonnier in place of L1", {"loss": {"l1": 0.0, "charbonnier": 1.0}}),
    Variant("loss-perceptual", "losses", "the perceptual loss on top", {"loss": {"perceptual": 0.1}}),
    Variant("loss-adversarial", "losses", "a patch discriminator on top", {"loss": {"adversarial": 0.02}}),
    Variant(
        "head-rgb-blend", "head", "an RGB head with a predicted blend of history (rgb-unet), of about the same size",
        {"network": {"kind": "rgb-unet", "widths": [8, 12, 16]}},
    ),
    Variant(
        "head-rgb", "head", "an RGB head alone (rgb-unet without blend)",
        {"network": {"kind": "rgb-unet", "widths": [8, 12, 16], "blend": False}},
    ),
    Variant("size-larger", "size", "widths 24, 32, 48", {"network": {"widths": [24, 32, 48]}}),
    Variant("leaky", "size", "leaky activations: no channel dies", {"network": {"negative_slope": 0.1}}),
    Variant("history-finer", "history", "history twice as fine as the display", {"network": {"history_scale": 2}}),
    Variant(
        "history-finer-leaky", "history", "both, as shipped", {"network": {"history_scale": 2, "negative_slope": 0.1}}
    ),
)  # fmt: skip


def seeded(seed: int) -> Variant:
    """The base itself, with another seed for weights and crops: how far apart equal trainings end."""
    if seed == 0:
        return Variant(BASE, BASE, "everything", {})
    return Variant(f"{BASE}-seed-{seed + 1}", BASE, "everything, another seed", {"seed": seed})


def planned(seeds: int, only: tuple[str, ...] = ()) -> list[Variant]:
    """The base with its seeds, then the variants named in `only` (all where it is empty). Raises SuperseeError for an
    unknown name."""
    known = {variant.name: variant for variant in VARIANTS}
    if unknown := sorted(set(only) - set(known)):
        raise SuperseeError(f"There is no variant {', '.join(unknown)}", "", f"Choose among {', '.join(known)}.")
    chosen = [known[name] for name in only] if only else list(VARIANTS)
    return [*(seeded(seed) for seed in range(seeds)), *chosen]


def changed(base: Mapping[str, Any], variant: Variant, iterations: int) -> dict[str, Any]:
    """The variant's whole configuration: `base` (parsed TOML) with its changes, cut or stretched to `iterations`."""
    settings = copy.deepcopy(dict(base))
    settings["name"] = variant.name
    for key, value in variant.changes.items():
        if key == "seed":
            settings["seed"] = int(settings.get("seed", 1)) + value
        elif isinstance(value, Mapping):
            settings[key] = _merged(settings.get(key, {}), value)
        else:
            settings[key] = value
    _stretch(settings["stages"], iterations)
    return settings


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    if "kind" in changes and changes["kind"] != base.get("kind", "kernel"):
        return dict(changes)  # another kind has other keys
    merged = {**base, **changes}
    for name in ("without", "fixed"):
        if name in changes:
            merged[name] = list(dict.fromkeys([*base.get(name, ()), *changes[name]]))
    return merged


def _stretch(stages: list[dict[str, Any]], iterations: int) -> None:
    """Each stage keeps its share of the whole."""
    total, done, given = sum(stage["iterations"] for stage in stages), 0, 0
    for stage in stages:
        done += stage["iterations"]
        upto = max(given + 1, round(iterations * done / total))
        stage["iterations"], given = upto - given, upto
