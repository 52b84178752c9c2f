"""The single-image peers: their ratio and no other, a fresh one enlarges, jitter is undone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from app.errors import SuperseeError
from models.network import build_model
from models.network.image_model import IMAGE_KINDS
from models.network.resample import bicubic
from models.temporal import Frame
from tests.models.test_temporal import random_frames

SMALL: dict[str, dict[str, object]] = {"srcnn": {}, "espcn": {}, "edsr": {"blocks": 2, "width": 8}}


def smooth_frame(ratio: int, jitter: tuple[float, float] = (0.0, 0.0), size: tuple[int, int] = (24, 18)) -> Frame:
    """A ramp that bends, sampled where the jitter puts it."""
    width, height = size
    frame = random_frames(1, size=size)
    x = torch.arange(width) + 0.5 + jitter[0]
    y = torch.arange(height).unsqueeze(1) + 0.5 + jitter[1]
    ramp = 0.2 + 0.3 * torch.sin(0.25 * x) * torch.cos(0.2 * y)
    colour = torch.stack((ramp.abs(), 0.5 + 0.0 * ramp, ramp.square()))[None]
    display = (width * ratio, height * ratio)
    ones = torch.ones(1)
    return replace(frame, colour=colour, jitter=torch.tensor([jitter]), exposure=ones, display_size=display)


@torch.no_grad()
@pytest.mark.parametrize("ratio", [2, 3])
@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_a_fresh_network_enlarges_and_undoes_the_jitter(kind: str, ratio: int) -> None:
    model = build_model({"kind": kind, "ratio": ratio, **SMALL[kind]}, seed=1)
    pictures = []
    for jitter in ((0.0, 0.0), (0.4, -0.3)):
        frame = smooth_frame(ratio, jitter)
        pictures.append(model.step(frame, model.initial(frame))[0][..., 6:-6, 6:-6])
    assert pictures[0].shape[-2:] == (18 * ratio - 12, 24 * ratio - 12)
    truth_frame = smooth_frame(1, size=(24 * ratio, 18 * ratio))
    columns = (torch.arange(24 * ratio) + 0.5) / ratio
    rows = ((torch.arange(18 * ratio) + 0.5) / ratio).unsqueeze(1)
    ramp = 0.2 + 0.3 * torch.sin(0.25 * columns) * torch.cos(0.2 * rows)
    truth = torch.stack((ramp.abs(), 0.5 + 0.0 * ramp, ramp.square()))[None, ..., 6:-6, 6:-6]
    assert truth_frame.colour.shape[-1] == 24 * ratio
    for picture in pictures:
        # Pixel shuffles start as nearest neighbours, which are off by up to half an LR pixel of this ramp.
        torch.testing.assert_close(picture, truth, atol=0.06, rtol=0.0)
    # The jitter moves the samples by up to 0.4 LR pixels; of that no more than the interpolation's error is left.
    assert (pictures[0] - pictures[1]).abs().mean() < 0.012


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_every_weight_learns(kind: str) -> None:
    model = build_model({"kind": kind, **SMALL[kind]}, seed=1)
    for parameter in model.network.parameters():  # zeros at the start keep gradients away
        parameter.data.add_(0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    frame = random_frames(2)
    output, state = model.step(frame, model.initial(frame))
    assert state.as_leaves() == state.detach() == state
    (output - 0.3).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0.0 for p in model.network.parameters())


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_another_ratio_is_refused(kind: str) -> None:
    model = build_model({"kind": kind, "ratio": 3})
    frame = random_frames(1)
    with pytest.raises(SuperseeError, match="enlarges 3 times and does no other ratio"):
        model.step(frame, model.initial(frame))


@torch.no_grad()
def test_odd_sizes_are_rounded_up_renderings() -> None:
    model = build_model({"kind": "espcn"})
    frame = replace(random_frames(1, size=(24, 16)), display_size=(47, 31))
    assert model.step(frame, model.initial(frame))[0].shape == (1, 3, 31, 47)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "srcnn", "ratio": 4}, "2 or 3"),
        ({"kind": "espcn", "ratio": 1.5}, "ratio"),
        ({"kind": "espcn", "kernels": [5, 3, 2]}, "odd"),
        ({"kind": "edsr", "width": 2}, "at least 3"),
        ({"kind": "edsr", "residual_scale": 0}, "residual_scale"),
        ({"kind": "edsr", "widths": [64, 32]}, "unknown network keys: widths"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_model(settings)


def test_bicubic_is_exact_on_pixels_and_on_straight_lines() -> None:
    image = torch.rand(2, 3, 7, 9)
    columns, rows = (torch.arange(n).add(0.5).expand(2, n) for n in (9, 7))
    torch.testing.assert_close(bicubic(image, columns, rows), image)
    line = torch.arange(9.0).expand(1, 1, 7, 9) * 2.0
    at = torch.tensor([[2.7, 4.1, 6.3]])
    torch.testing.assert_close(bicubic(line, at, rows[:1])[0, 0, 3], 2.0 * (at[0] - 0.5))


def test_bicubic_is_torchs_own_but_for_the_constant() -> None:
    """torch has a = -0.75; the curves of both agree at mid-points of a symmetric pattern only in their sum to one."""
    at = torch.rand(1, 40) * 9.0
    torch.testing.assert_close(bicubic(torch.ones(1, 1, 9, 9), at, at), torch.ones(1, 1, 40, 40))
