"""Architectures as data: what a description says is what is built."""

from __future__ import annotations

import pytest
import torch

from app.inference.channels import INPUT_CHANNELS, OUTPUT_CHANNELS
from models.network import NETWORKS, NetworkConfig, build
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
    assert torch.equal(first.down[0][0].weight, second.down[0][0].weight)
    assert not torch.equal(first.down[0][0].weight, other.down[0][0].weight)


def test_before_training_it_predicts_a_plain_temporal_upscaler() -> None:
    network = build(NETWORKS["lite"], seed=1)
    with torch.no_grad():
        parameters, _ = activate(network(torch.rand(1, len(INPUT_CHANNELS), 32, 32)))
    means = dict(zip(OUTPUT_CHANNELS, parameters.mean((0, 2, 3)).tolist()))
    for name, expected in {"cholesky_xx": 3.5, "cholesky_xy": 0.0, "gain": 1.0, "keep": 0.8, "gamma": 1.5}.items():
        assert means[name] == pytest.approx(expected, abs=0.3), name
