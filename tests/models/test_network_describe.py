"""The counted costs against arithmetic done by hand from the papers' tables and the U-Net's description."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.__main__ import main
from models.network import NETWORKS, build_model
from models.network.describe import complexity
from models.network.presets import PRESETS

LR, DISPLAY = (64, 48), (128, 96)
PIXELS = LR[0] * LR[1]


def test_srcnn_works_at_display_size() -> None:
    found = complexity({"kind": "srcnn"}, LR, DISPLAY)
    weights = 9 * 9 * 3 * 64 + 64 * 32 + 5 * 5 * 32 * 3
    assert found.parameters == weights + 64 + 32 + 3
    assert found.macs == weights * 4 * PIXELS
    assert found.activations == (64 + 32 + 3) * 4 * PIXELS
    assert found.largest == 64 * 4 * PIXELS


@pytest.mark.parametrize("ratio", [2, 3])
def test_espcn_works_at_low_resolution(ratio: int) -> None:
    found = complexity({"kind": "espcn", "ratio": ratio}, LR, (LR[0] * ratio, LR[1] * ratio))
    outputs = 3 * ratio * ratio
    weights = 5 * 5 * 3 * 64 + 3 * 3 * 64 * 32 + 3 * 3 * 32 * outputs
    assert found.parameters == weights + 64 + 32 + outputs
    assert found.macs == weights * PIXELS
    assert found.layers[-1].shape == (3, LR[1] * ratio, LR[0] * ratio)
    assert found.activations == (64 + 32 + 2 * outputs) * PIXELS


def test_edsr_has_the_papers_parameters() -> None:
    baseline = complexity({"kind": "edsr"}, LR, DISPLAY)
    inner = 9 * 64 * 64
    assert baseline.parameters == (9 * 3 * 64 + 64) + 33 * (inner + 64) + (4 * inner + 256) + (9 * 64 * 3 + 3)
    assert baseline.macs == PIXELS * (9 * 3 * 64 + 33 * inner + 4 * inner + 4 * 9 * 64 * 3)
    assert round(baseline.parameters / 1e6, 1) == 1.4  # 1.5 M in the paper's table, which is for x4
    large = complexity(PRESETS["edsr-large"], LR, DISPLAY)
    assert round(large.parameters / 1e6) == 41  # 43 M in the paper, for x4


@pytest.mark.parametrize("name", NETWORKS)
def test_kernel_networks_agree_with_their_own_formula(name: str) -> None:
    found = complexity(NETWORKS[name].to_dict(), LR, DISPLAY)
    assert found.macs / PIXELS == NETWORKS[name].macs_per_pixel()


@pytest.mark.parametrize(
    ("fusion", "weights", "extra"),
    [
        ("none", 0, 0),
        ("convlstm", 9 * 24 * 48, 0),
        ("convgru", 9 * 24 * 24 + 9 * 24 * 12, 0),
        ("attention", 12 * 12 + 2 * 12 * 24 + 12 * 12, 2 * 18 * 12),  # keys and values of now and of before
    ],
)
def test_the_rgb_unet_is_the_sum_of_its_parts(fusion: str, weights: int, extra: int) -> None:
    settings = {"kind": "rgb-unet", "widths": [4, 8, 12], "fusion": fusion, "subpixels": 3}
    found = complexity(settings, LR, (96, 72))
    down = 9 * 16 * 4 + 2 * 9 * 4 * 4 + (9 * 4 * 8 + 2 * 9 * 8 * 8) / 4 + (9 * 8 * 12 + 2 * 9 * 12 * 12) / 16
    up = 12 * 8 / 16 + (9 * 16 * 8 + 2 * 9 * 8 * 8) / 4 + 8 * 4 / 4 + 9 * 8 * 4 + 2 * 9 * 4 * 4
    head = 9 * 4 * 4 * 9
    assert found.macs / PIXELS == down + (weights + extra) / 16 + up + head
    assert found.layers[-1].shape == (4, 3 * LR[1], 3 * LR[0])
    assert found.parameters == sum(p.numel() for p in build_model(settings).network.parameters())


def test_attention_holds_its_neighbourhoods() -> None:
    def activations(fusion: str) -> int:
        settings = {"kind": "rgb-unet", "widths": [4, 8, 12], "fusion": fusion}
        return complexity(settings, LR, DISPLAY).activations

    coarse = PIXELS // 16
    convolutions = (12 + 2 * (2 * 12) + 12) * coarse  # query; keys and values of now and of before; out
    unfolded = 2 * 18 * 12 * coarse  # keys and values of 3x3 places in both
    weights = 18 * 4 * coarse
    assert activations("attention") - activations("none") == convolutions + unfolded + weights + 12 * coarse


@pytest.mark.parametrize("name", PRESETS)
def test_every_parameter_is_in_the_table_once(name: str) -> None:
    network = build_model(PRESETS[name]).network if name != "edsr-large" else None
    if network is not None:
        found = complexity(PRESETS[name], LR, DISPLAY)
        assert found.parameters == sum(p.numel() for p in network.parameters())


def test_padding_is_counted() -> None:
    padded, exact = (complexity({}, size, (2 * size[0], 2 * size[1])) for size in ((61, 45), LR))
    assert padded.macs == exact.macs


def test_the_command_prints_one_network_or_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--network", "espcn", "--size", "64x48", "--ratio", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("espcn, 64x48 to 192x144")
    assert lines[-1].split() == ["all", "together", "31,131", "31,008.0", "3,445.3", "0.88", "1.76"]
    assert main(["describe", "--ratio", "1.5"]) == 0
    text = capsys.readouterr().out
    assert "rgb-unet" in text
    assert text.endswith("For 2x and 3x only: srcnn, espcn, edsr, edsr-small, edsr-large\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--network", "vgg"], "'vgg' is not one of"), (["--network", "edsr", "--ratio", "1.5"], "does no other ratio")],
)
def test_what_cannot_be_described_is_said(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["describe", *arguments]) == 2
    assert reason in capsys.readouterr().err
