"""The passes in C++ are those in torch, gradients included; torch's are held to the shaders by test_golden."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.network import NETWORKS, build
from models.network.unet import TemporalUNet
from models.temporal import Frame, Kernels, State, step
from models.temporal.fused import load_kernels
from models.temporal.fused.library import NoCompilerError
from models.temporal.sampling import bilinear
from tests.models.test_temporal import random_frames


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler is installed")
    return load_kernels()


def lively_network(history_scale: int) -> TemporalUNet:
    """A fresh network predicts nearly the same everywhere; this one uses the whole range of every parameter."""
    network = build(replace(NETWORKS["tiny"], history_scale=history_scale), seed=3)
    with torch.no_grad():
        network.head.weight.mul_(30.0)
    return network


def clip(display_size: tuple[int, int], history_scale: int) -> list[Frame]:
    """Four frames of two items: a dark one, and one that is reset half-way; jitter and exposure differ in each."""
    frames = []
    for index in range(4):
        frame = replace(random_frames(2, index), display_size=display_size, history_scale=history_scale)
        frame.colour[0] *= 0.2
        frame.reset[1] = index == 2
        frames.append(frame)
    return frames


def played(
    network: TemporalUNet, frames: list[Frame], kernels: Kernels | None
) -> tuple[list[Tensor], Tensor, list[Tensor]]:
    """Pictures, the last history, and the gradients of a loss that weighs every value differently."""
    network.zero_grad()
    state, total, pictures = State.initial(frames[0]), torch.zeros(()), []
    for index, frame in enumerate(frames):
        picture, state = step(network, frame, state, kernels)
        weigh = torch.Generator().manual_seed(index)
        for value in (picture, state.history):
            total = total + (value * torch.rand(value.shape, generator=weigh)).mean()
        pictures.append(picture.detach())
    total.backward()
    return pictures, state.history.detach(), [p.grad.clone() for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("display_size", [(48, 32), (36, 24), (72, 48), (31, 21), (24, 16)])
@pytest.mark.parametrize("history_scale", [1, 2])
def test_pictures_history_and_gradients_are_those_of_torch(
    kernels: Kernels, display_size: tuple[int, int], history_scale: int
) -> None:
    network, frames = lively_network(history_scale), clip(display_size, history_scale)
    pictures, history, gradients = played(network, frames, None)
    fused_pictures, fused_history, fused_gradients = played(network, frames, kernels)
    torch.testing.assert_close(fused_pictures, pictures, atol=5e-5, rtol=1e-4)
    torch.testing.assert_close(fused_history, history, atol=5e-5, rtol=1e-4)
    assert len(gradients) == len(fused_gradients) > 0
    for fused, plain in zip(fused_gradients, gradients):
        assert float((fused - plain).abs().max()) < 1e-4 * float(plain.abs().max()) + 1e-7


def test_sampling_and_its_gradient_are_those_of_torch(kernels: Kernels) -> None:
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(2, 4, 9, 7, generator=generator)
    position = torch.rand(2, 2, 5, 6, generator=generator) * 14.0 - 3.0  # beyond every edge, too
    answers = []
    for sample in (bilinear, kernels.sample):
        leaf = image.clone().requires_grad_()
        picked = sample(leaf, position)
        (picked * torch.arange(picked.numel()).view_as(picked)).sum().backward()
        answers.append((picked.detach(), leaf.grad))
    torch.testing.assert_close(answers[1], answers[0], atol=1e-3, rtol=1e-5)


@torch.no_grad()
def test_what_is_not_a_number_is_not_swallowed(kernels: Kernels) -> None:
    """Training stops at a NaN; it must not be clamped away on the way there."""
    network, frames = lively_network(2), clip((48, 32), 2)
    frames[1].colour[0, :, 4, 4] = float("nan")
    state = State.initial(frames[0])
    for frame in frames[:2]:
        picture, state = step(network, frame, state, kernels)
    assert picture[0].isnan().any()
    assert not picture[1].isnan().any()


def test_a_compiler_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("models.temporal.fused.library.cache_folder", lambda: tmp_path)
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(NoCompilerError, match="false failed"):
        load_kernels()
    monkeypatch.setenv("CXX", str(tmp_path / "nothing"))
    with pytest.raises(NoCompilerError, match="nothing"):
        load_kernels()
    assert not list(tmp_path.glob("**/*.so"))
