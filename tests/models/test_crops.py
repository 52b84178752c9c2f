from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.conventions import LUMA
from models.data.clip import Clip, ClipReader, save_clip
from models.data.crops import (
    Augmentation,
    augmented,
    mirrored,
    random_augmentation,
    random_place,
    read_crop,
    to_batch,
    transposed,
)
from models.data.sampler import EpisodeSampler
from tests.models.synthetic import synthetic_clip


def _reprojection_error(clip: Clip) -> float:
    """How badly the last reference is explained by the one before and the motion."""
    from app.measure.reprojection import along_motion

    before, now = (clip.reference[i].astype(np.float32) for i in (-2, -1))
    warped, on_screen = along_motion(np.ascontiguousarray(before), np.ascontiguousarray(clip.motion[-1]).astype("f4"))
    return float(np.mean((warped - now)[on_screen] ** 2))


def _sample_error(clip: Clip) -> float:
    """How far LR samples are from the reference at the place where the jitter says they were taken."""
    height, width = clip.depth.shape[1:]
    rows, columns = np.mgrid[0:height, 0:width]
    x = np.floor((columns + 0.5 + clip.jitter[-1, 0]) * clip.ratio).astype(int).clip(0, clip.reference.shape[2] - 1)
    y = np.floor((rows + 0.5 + clip.jitter[-1, 1]) * clip.ratio).astype(int).clip(0, clip.reference.shape[1] - 1)
    return float(np.mean((clip.reference[-1][y, x].astype(np.float32) - clip.colour[-1]) ** 2))


@pytest.mark.parametrize("change", [mirrored, transposed])
def test_a_turned_clip_keeps_motion_and_jitter_true(change) -> None:
    clip = synthetic_clip(2, frames=4, display=(64, 48))
    turned = change(clip)
    assert _reprojection_error(turned) == pytest.approx(_reprojection_error(clip), rel=0.15)
    assert _sample_error(turned) == pytest.approx(_sample_error(clip), rel=0.05)
    wrong = Clip(**{n: getattr(turned, n) for n in Clip.__slots__ if n not in ("motion", "jitter")},
                 motion=-turned.motion, jitter=-turned.jitter)  # fmt: skip
    assert _reprojection_error(wrong) > 1.5 * _reprojection_error(turned)
    assert _sample_error(wrong) > 1.2 * _sample_error(turned)


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0])
def test_a_crop_covers_the_same_part_of_the_scene_at_both_sizes(tmp_path: Path, ratio: float) -> None:
    save_clip(synthetic_clip(5, frames=4, display=(144, 96), ratio=ratio), tmp_path / "a.safetensors")
    reader = ClipReader(tmp_path / "a.safetensors")
    crop = read_crop(reader, random_place(reader, 3, 48, np.random.default_rng(0)))
    assert crop.ratio == pytest.approx(ratio)
    assert crop.frames == 3
    assert crop.reset.tolist() == [True, False, False]
    shifted = Clip(**{n: getattr(crop, n) for n in Clip.__slots__ if n != "reference"},
                   reference=np.roll(crop.reference, 4, axis=2))  # fmt: skip
    assert _sample_error(crop) < 0.7 * _sample_error(shifted)


def test_an_episode_is_a_function_of_seed_and_number(clip_folder: Path) -> None:
    def batch(seed: int, episode: int):
        return EpisodeSampler([clip_folder], {"2.0": 1.0}, seed).batch(episode, size=2, frames=3, display_crop=32)

    first, again, other = batch(1, 7), batch(1, 7), batch(1, 8)
    assert first.colour.equal(again.colour)
    assert first.exposure.equal(again.exposure)
    assert not first.exposure.equal(other.exposure)


def test_a_batch_has_time_first_and_channels_before_rows() -> None:
    clip = augmented(synthetic_clip(6, frames=2, display=(48, 48)), random_augmentation(np.random.default_rng(1)))
    batch = to_batch([clip, clip])
    assert batch.colour.shape == (2, 2, 3, 24, 24)
    assert batch.reference.shape == (2, 2, 3, 48, 48)
    assert batch.motion.shape == (2, 2, 2, 24, 24)
    assert batch.reset.dtype.is_floating_point is False
    np.testing.assert_array_equal(batch.colour[1, 0].permute(1, 2, 0).numpy(), clip.colour[1].astype(np.float32))


def test_less_contrast_commutes_with_the_mean_that_a_reference_is() -> None:
    """The mean of dulled samples is the dulled mean, and a veil of one middle grey lifts black to it."""
    clip = synthetic_clip(6, frames=2, display=(48, 48))
    how = Augmentation(False, False, False, None, 1.0, saturation=0.5, veil=1.0)
    dulled = augmented(clip, how)
    for name in ("colour", "reference"):
        before, after = (getattr(c, name).astype(np.float32).mean((0, 1, 2)) for c in (clip, dulled))
        luma = float(before @ np.array(LUMA, np.float32))
        expected = 0.5 * before + 0.5 * luma + 0.18 / float(clip.exposure[0])
        np.testing.assert_allclose(after, expected, rtol=2e-3)
    assert dulled.colour.dtype == clip.colour.dtype
    assert any(random_augmentation(np.random.default_rng(seed)).veil for seed in range(8))
