"""One protocol for every network: state in, picture and state out."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from models.network import NETWORKS, build, build_model
from models.temporal import State, step
from tests.models.test_temporal import random_frames


def test_the_kernel_model_is_the_network_with_the_temporal_passes() -> None:
    model = build_model({"widths": [8, 8, 8], "blocks": [0, 0, 0], "up_blocks": [0, 0]}, seed=1)
    assert model.kind == "kernel"
    frames = random_frames(2, 0), random_frames(2, 1)
    state, expected_state = model.initial(frames[0]), State.initial(frames[0])
    with torch.no_grad():
        for frame in frames:
            output, state = model.step(frame, state)
            expected, expected_state = step(model.network, frame, expected_state)
    assert torch.equal(output, expected)
    assert torch.equal(state.history, expected_state.history)


def test_a_seed_decides_the_weights_and_leaves_torchs_own_alone() -> None:
    settings = NETWORKS["tiny"].to_dict()
    torch.manual_seed(0)
    undisturbed = torch.rand(1)
    torch.manual_seed(0)
    first, second = (build_model(settings | {"kind": "kernel"}, seed=4).network.state_dict() for _ in range(2))
    assert torch.equal(torch.rand(1), undisturbed)
    plain = build(NETWORKS["tiny"], seed=4).state_dict()
    assert all(torch.equal(first[name], second[name]) and torch.equal(first[name], plain[name]) for name in plain)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"kind": "transformer"}, "transformer"), ({"width": [8, 8, 8]}, "width"), ({"entry_kernel": 2}, "entry_kernel")],
)
def test_what_is_not_known_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_model(settings)


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "models/configs").glob("*.toml")), ids=lambda path: path.stem
)
def test_every_shipped_configuration_describes_a_network_that_can_be_built(path: Path) -> None:
    assert build_model(tomllib.loads(path.read_text()).get("network", {})).kind


def test_leaves_have_the_same_values_and_begin_a_new_graph() -> None:
    model, frame = build_model(NETWORKS["tiny"].to_dict(), seed=1), random_frames(1)
    _, state = model.step(frame, model.initial(frame))
    leaves = state.as_leaves()
    for name in ("history", "hidden"):
        leaf = getattr(leaves, name)
        assert torch.equal(leaf, getattr(state, name))
        assert leaf.is_leaf
        assert leaf.requires_grad
    assert not any(getattr(leaves.memory, f.name).requires_grad for f in fields(leaves.memory))
    output, _ = model.step(random_frames(1, 1), leaves)
    output.mean().backward()
    assert leaves.history.grad is not None
    assert leaves.history.grad.abs().sum() > 0.0
