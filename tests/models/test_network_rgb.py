"""The RGB U-Net: any ratio, what it forgets and what it does not, gradients through its memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.network import build_model
from models.network.fusion import FUSIONS
from models.network.rgb_model import RgbModel
from models.temporal.colour import compress, expand
from models.temporal.postpass import display_grid
from models.temporal.sampling import upsample
from tests.models.test_temporal import random_frames

SMALL = {"kind": "rgb-unet", "widths": [4, 8, 8]}


def small(**settings: object) -> RgbModel:
    model = build_model(SMALL | settings, seed=2)
    assert isinstance(model, RgbModel)
    model.network.head.weight.data.mul_(20.0)  # type: ignore[union-attr,operator]
    return model


@torch.no_grad()
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0, 3.0])
def test_the_same_weights_do_every_ratio(ratio: float) -> None:
    model, frame = small(), random_frames(2, size=(18, 14))
    frame = replace(frame, display_size=(int(18 * ratio), int(14 * ratio)))
    output, state = model.step(frame, model.initial(frame))
    output, _ = model.step(frame, state)
    assert output.shape == (2, 3, int(14 * ratio), int(18 * ratio))
    assert output.isfinite().all()
    assert (output >= 0.0).all()


@torch.no_grad()
def test_a_fresh_network_shows_the_bilinear_picture_on_a_reset_frame() -> None:
    model, frame = build_model(SMALL, seed=1), random_frames(2)
    model.network.head.weight.data.zero_()  # type: ignore[union-attr,operator]
    frame.reset[:] = True
    grid = display_grid(frame)
    expected = expand(upsample(compress(frame.colour * frame.exposure.view(-1, 1, 1, 1)), grid.columns, grid.rows))
    output, _ = model.step(frame, model.initial(frame))
    torch.testing.assert_close(output, expected / frame.exposure.view(-1, 1, 1, 1))


@torch.no_grad()
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_reset_item_forgets_everything_and_its_neighbour_nothing(fusion: str) -> None:
    model, first, second = small(fusion=fusion), random_frames(2, 0), random_frames(2, 1)
    _, state = model.step(first, model.initial(first))
    kept, _ = model.step(second, state)
    second.reset[1] = True
    output, _ = model.step(second, state)
    fresh, _ = model.step(second, model.initial(second))
    torch.testing.assert_close(output[1], fresh[1])
    torch.testing.assert_close(output[0], kept[0])
    assert not torch.allclose(output[0], fresh[0], atol=1e-3)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_gradient_reaches_every_weight_and_earlier_frames(fusion: str) -> None:
    model = small(fusion=fusion)
    for parameter in model.network.parameters():  # zeros at the start keep gradients away
        parameter.data.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    frame = random_frames(1, 0)
    state = model.initial(frame).as_leaves()
    leaves = state
    for seed in (1, 2):
        output, state = model.step(random_frames(1, seed), state)
    output.mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0.0 for p in model.network.parameters())
    for leaf in (leaves.history, *leaves.memory):
        assert leaf.grad is not None
        assert leaf.grad.abs().max() > 0.0
    assert not any(t.requires_grad for t in (state.detach().history, *state.detach().memory))


@torch.no_grad()
def test_a_still_pictures_history_stays_in_place() -> None:
    """With the blend at one and no motion the first picture is shown for ever, under any exposure."""
    model, frame = build_model(SMALL, seed=1), random_frames(1)
    model.network.head.weight.data.zero_()  # type: ignore[union-attr,operator]
    model.network.head.bias.data[12:] = 30.0  # type: ignore[union-attr,index,operator]
    frame.motion.zero_()
    first, state = model.step(frame, model.initial(frame))
    other = replace(random_frames(1, 5), motion=frame.motion, exposure=2.0 * frame.exposure)
    second, _ = model.step(other, state)
    torch.testing.assert_close(second, first, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fusion": "lstm"}, "fusion"),
        ({"inputs": ["colour", "depth"]}, "inputs"),
        ({"inputs": ["colour", "depth", "motion", "history", "normals"]}, "inputs"),
        ({"widths": [16]}, "widths"),
        ({"widths": "wide"}, "widths"),
        ({"blend": 1}, "blend"),
        ({"subpixels": 4}, "subpixels"),
        ({"widths": [4, 6], "fusion": "attention"}, "four heads"),
        ({"heads": 4}, "unknown network keys: heads"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_model({"kind": "rgb-unet", **settings})


@torch.no_grad()
def test_nine_channels_are_enough() -> None:
    model = small(inputs=["colour", "depth", "motion", "history"], blend=False, subpixels=1, fusion="none")
    assert model.config.input_channels == 9
    frame = random_frames(1, size=(16, 12))
    assert model.step(frame, model.initial(frame))[0].isfinite().all()
