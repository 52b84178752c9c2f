"""The channel order is spelled once: torch imports it, shaders get it as #defines."""

from __future__ import annotations

import re

from app.inference import channels
from app.inference.channels import HIDDEN, INPUT_CHANNELS, OUTPUT_CHANNELS, shader_defines
from app.paths import SHADERS


def shader_text(name: str) -> str:
    return (SHADERS / "neural" / name).read_text(encoding="utf-8")


def test_names_are_unique_and_counts_suit_packing_by_eight() -> None:
    for names in (INPUT_CHANNELS, OUTPUT_CHANNELS):
        assert len(set(names)) == len(names)
        assert len(names) % 8 == 0


def test_hidden_features_come_back_in_the_order_in_which_they_left() -> None:
    hidden = tuple(f"hidden_{i}" for i in range(HIDDEN))
    assert OUTPUT_CHANNELS[-HIDDEN:] == hidden
    first = INPUT_CHANNELS.index("hidden_0")
    assert INPUT_CHANNELS[first : first + HIDDEN] == hidden


def test_the_prepass_writes_every_input_channel_exactly_once() -> None:
    written = re.findall(r"f\[IN_(\w+)\] =", shader_text("features.frag"))
    assert sorted(written) == sorted(name.upper() for name in INPUT_CHANNELS)


def test_the_postpass_reads_every_output_channel() -> None:
    read = set(re.findall(r"OUT_(\w+)\]", shader_text("unpack.frag")))
    assert read == {name.upper() for name in OUTPUT_CHANNELS}


def test_every_constant_of_the_formulation_reaches_the_shaders_unrounded() -> None:
    defines = shader_defines()
    for name in ("MAX_WEIGHT", "CHOLESKY_SPAN", "CLIP_SLACK", "MIN_DEPTH", "GAMMA_OCTAVES"):
        assert float(defines[name]) == getattr(channels, name)


def test_no_shader_uses_an_undefined_channel() -> None:
    defines = shader_defines()
    for path in (SHADERS / "neural").iterdir():
        used = re.findall(r"\b(?:IN|OUT)_[A-Z0-9_]+\b", path.read_text(encoding="utf-8"))
        assert {name for name in used if not name.endswith("_")} <= set(defines), path.name
