"""A wider network that begins as a narrower one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.errors import SuperseeError
from models.network import NetworkConfig, build, save_network
from models.network.widen import widened
from models.train.start import start_from

NARROW = NetworkConfig(widths=(8, 8, 12), blocks=(0, 1, 1), up_blocks=(0, 1), entry_kernel=1, negative_slope=0.1)
WIDE = NetworkConfig(widths=(12, 16, 24), blocks=(0, 1, 1), up_blocks=(0, 1), entry_kernel=3, negative_slope=0.1)


def test_a_wider_network_answers_as_the_narrower_one_and_can_do_more(tmp_path: Path) -> None:
    narrow, wide = build(NARROW, 1), build(WIDE, 2)
    with torch.no_grad():
        narrow.head.weight.normal_()
    save_network(narrow, tmp_path, "narrow")
    start_from(wide, tmp_path)
    features = torch.rand(2, NARROW.inputs, 16, 24) - 0.5
    answer = wide(features)
    assert torch.allclose(answer, narrow(features), atol=1e-5)
    answer.square().mean().backward()
    new = wide.head.weight.grad[:, 8:]  # type: ignore[index]
    assert float(new.abs().max()) > 0.0, "the new channels are heard of as soon as somebody listens"


@pytest.mark.parametrize(
    "other",
    [
        NetworkConfig(widths=(12, 16, 24), blocks=(0, 1, 1), up_blocks=(1, 1), negative_slope=0.1),
        NetworkConfig(widths=(12, 4, 24), blocks=(0, 1, 1), up_blocks=(0, 1), negative_slope=0.1),
    ],
    ids=["another layer", "narrower half-way"],
)
def test_what_is_no_wider_network_is_refused(other: NetworkConfig, tmp_path: Path) -> None:
    narrow = build(NARROW, 1)
    assert widened(build(other, 1), narrow.state_dict()) is None
    save_network(narrow, tmp_path, "narrow")
    with pytest.raises(SuperseeError, match="another architecture"):
        start_from(build(other, 1), tmp_path)
