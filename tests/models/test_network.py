"""Architectures as data: what a description says is what is built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.inference.channels import HISTORY_SCALES, INPUT_CHANNELS, OUTPUT_CHANNELS
from models.network import NETWORKS, NetworkConfig, build
from models.network.export import INPUT_NAME, OUTPUT_NAME, export_onnx
from models.temporal import activate


@pytest.mark.parametrize("name", NETWORKS)
def test_the_counted_work_is_the_work_that_is_done(name: str) -> None:
    network, done = build(NETWORKS[name]), []

    def count(module: torch.nn.Conv2d, _inputs: object, output: torch.Tensor) -> None:
        done.append(module.weight.numel() * output.shape[-1] * output.shape[-2])

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, len(INPUT_CHANNELS), 16, 16))
    assert sum(done) / 256 == NETWORKS[name].macs_per_pixel()


def test_a_description_survives_being_written_and_read() -> None:
    config = NetworkConfig(widths=(8, 16, 24), blocks=(1, 0, 2), up_blocks=(2, 0))
    assert NetworkConfig.from_dict(config.to_dict()) == config


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="attention"):
        NetworkConfig.from_dict({"widths": [8, 8, 8], "attention": True})


def test_a_leaky_network_is_written_as_it_computes(tmp_path: Path) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    network = build(NetworkConfig(widths=(8, 8, 8), blocks=(0, 1, 0), negative_slope=0.1), seed=2)
    export_onnx(network, tmp_path / "model.onnx")
    features = torch.randn(1, len(INPUT_CHANNELS), 8, 8)
    evaluator = ReferenceEvaluator(onnx.load(tmp_path / "model.onnx"))
    answers = evaluator.run([OUTPUT_NAME], {INPUT_NAME: features.permute(0, 2, 3, 1).half().numpy()})
    assert isinstance(answers, list)
    with torch.no_grad():
        computed = network(features.half().float()).permute(0, 2, 3, 1)
    np.testing.assert_allclose(np.asarray(answers[0], np.float32), computed.numpy(), atol=5e-3)


def test_channels_of_a_leaky_network_cannot_die() -> None:
    for slope, alive in ((0.0, False), (0.1, True)):
        network = build(NetworkConfig(widths=(8, 8, 8), negative_slope=slope), seed=1)
        with torch.no_grad():
            network.get_parameter("lift.1.bias").fill_(-1e3)
        network(torch.rand(1, len(INPUT_CHANNELS), 8, 8)).square().sum().backward()
        gradient = network.get_parameter("down.2.0.weight").grad
        assert gradient is not None
        assert bool(gradient.abs().max() > 0.0) is alive


def test_a_slope_that_is_no_activation_is_refused() -> None:
    with pytest.raises(ValueError, match="negative_slope"):
        NetworkConfig(negative_slope=1.0)


def test_channels_that_are_switched_off_stay_off_in_training() -> None:
    network = build(NetworkConfig(widths=(8, 8, 8), without=("history_weight",), fixed=("keep",)), seed=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.1)
    features = torch.rand(1, len(INPUT_CHANNELS), 16, 16)
    with torch.no_grad():
        untrained = network(features)[:, OUTPUT_CHANNELS.index("keep")].clone()
    network(features).square().sum().backward()
    optimiser.step()
    other = features.clone()
    other[:, INPUT_CHANNELS.index("history_weight")] += 1.0
    with torch.no_grad():
        assert torch.equal(network(features), network(other))
        assert torch.equal(network(features)[:, OUTPUT_CHANNELS.index("keep")], untrained)


def test_a_seed_decides_the_weights_and_leaves_torchs_own_alone() -> None:
    torch.manual_seed(0)
    undisturbed = torch.rand(1)
    torch.manual_seed(0)
    first, second, other = (build(NETWORKS["tiny"], seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), undisturbed)
    entry = "down.0.0.weight"
    assert torch.equal(first.get_parameter(entry), second.get_parameter(entry))
    assert not torch.equal(first.get_parameter(entry), other.get_parameter(entry))


@pytest.mark.parametrize("history_scale", HISTORY_SCALES)
def test_before_training_it_predicts_a_plain_temporal_upscaler(history_scale: int) -> None:
    network = build(replace(NETWORKS["lite"], history_scale=history_scale), seed=1)
    with torch.no_grad():
        parameters, _ = activate(network(torch.rand(1, len(INPUT_CHANNELS), 32, 32)), history_scale)
    means = dict(zip(OUTPUT_CHANNELS, parameters.mean((0, 2, 3)).tolist()))
    for name, expected in {"cholesky_xx": 3.5, "cholesky_xy": 0.0, "gain": 1.0, "keep": 0.8, "gamma": 1.5}.items():
        assert means[name] == pytest.approx(expected, abs=0.3), name
