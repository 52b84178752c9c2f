from __future__ import annotations

import numpy as np
import pytest

from app.errors import SuperseeError
from app.measure.image_metrics import display_image, flicker, flip, flip_map, psnr, ssim, tpsnr
from app.measure.reprojection import along_motion, display_motion


def noise(seed: int, shape: tuple[int, int, int] = (24, 32, 3)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def test_display_image_is_the_standards_curve() -> None:
    linear = np.array([[[0.0, 0.0031308, 0.5], [1.0, 7.0, -1.0]]])
    expected = [[[0.0, 0.04045, 0.7353570], [1.0, 1.0, 0.0]]]
    assert np.allclose(display_image(linear), expected, atol=1e-5)
    assert np.allclose(display_image(linear, exposure=0.5)[0, 1], [0.7353570, 1.0, 0.0], atol=1e-5)


def test_display_image_drops_alpha_and_shows_what_is_not_finite_as_black_or_white() -> None:
    image = display_image(np.array([[[np.nan, np.inf, -np.inf, 0.3]]]))
    assert image == pytest.approx(np.array([[[0.0, 1.0, 0.0]]]), abs=1e-6)


def test_psnr_by_hand() -> None:
    image = np.full((4, 4, 3), 0.5)
    assert psnr(image + 0.1, image) == pytest.approx(20.0)
    assert psnr(image, image) == 100.0
    one_of_48 = image.copy()
    one_of_48[0, 0, 0] += 0.48
    assert psnr(one_of_48, image) == pytest.approx(-10 * np.log10(0.48**2 / 48))


def test_ssim_of_constants_by_hand() -> None:
    a, b = np.full((16, 16, 3), 0.4), np.full((16, 16, 3), 0.6)
    expected = (2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4)  # variances are 0: what is left is the luminance term
    assert ssim(a, b) == pytest.approx(expected, abs=1e-5)
    assert ssim(noise(1), noise(1)) == pytest.approx(1.0)


def test_ssim_falls_with_noise_and_refuses_images_below_its_window() -> None:
    image = noise(1)
    assert ssim(image * 0.9 + noise(2) * 0.1, image) > ssim(image * 0.5 + noise(2) * 0.5, image)
    with pytest.raises(SuperseeError, match="window"):
        ssim(noise(1, (8, 8, 3)), noise(1, (8, 8, 3)))


def test_flip_is_zero_for_equal_images_and_near_one_for_opposite_ones() -> None:
    image = noise(3)
    assert flip(image, image) == pytest.approx(0.0, abs=1e-6)
    assert flip(np.zeros((32, 32, 3)), np.ones((32, 32, 3))) > 0.9
    assert flip_map(np.zeros((20, 30, 3)), image[:20, :30]).shape == (20, 30)


@pytest.mark.parametrize("metric", [psnr, ssim, flip, flip_map])
def test_what_cannot_be_compared_is_refused_with_the_reason(metric) -> None:
    with pytest.raises(SuperseeError, match="shape"):
        metric(noise(1), noise(1, (24, 33, 3)))
    with pytest.raises(SuperseeError, match="shape"):
        metric(noise(1)[..., :2], noise(1)[..., :2])
    broken = noise(1)
    broken[0, 0, 0] = np.nan
    with pytest.raises(SuperseeError, match="finite"):
        metric(broken, noise(1))


def test_tpsnr_ignores_an_error_that_stands_still() -> None:
    first, second = noise(1) * 0.5, noise(2) * 0.5
    assert tpsnr(first + 0.2, second + 0.2, first, second) > 90
    assert tpsnr(first + 0.1, second + 0.2, first, second) == pytest.approx(20.0, abs=1e-3)


def test_lr_motion_is_spread_by_the_nearest_pixel_and_scaled_by_the_ratio() -> None:
    motion = np.zeros((2, 3, 2), np.float32)
    motion[1, 2] = (1.0, -2.0)
    spread = display_motion(motion, (4, 9))
    assert spread.shape == (4, 9, 2)
    assert np.array_equal(spread[2:, 6:], np.broadcast_to([3.0, -4.0], (2, 3, 2)))
    assert not spread[:2].any()
    assert not spread[:, :6].any()


def test_a_warp_follows_motion_and_marks_what_came_from_outside() -> None:
    image = noise(5, (6, 8, 3))
    motion = np.broadcast_to(np.array([1.0, -2.0], np.float32), (6, 8, 2))  # previous = current + motion
    warped, on_screen = along_motion(image, motion)
    assert np.allclose(warped[2:, :-1], image[:-2, 1:])
    assert on_screen[2:, :-1].all()
    assert not on_screen[:2].any()
    assert not on_screen[:, -1].any()
    half, _ = along_motion(image, motion * 0.5)
    assert np.allclose(half[1:, :-1], (image[:-1, :-1] + image[:-1, 1:]) / 2, atol=1e-6)


def test_flicker_by_hand() -> None:
    still = np.zeros((12, 16, 2), np.float32)
    reference = noise(7) * 0.5
    assert flicker(reference + 0.1, reference + 0.1, reference, reference, still) == pytest.approx(0.0, abs=1e-4)
    assert flicker(reference, reference + 0.1, reference, reference, still) == pytest.approx(25.5, abs=1e-3)


def test_flicker_does_not_punish_motion_itself_nor_an_error_that_moves_along() -> None:
    world = noise(8, (24, 64, 3)) * 0.5
    error = noise(9, (24, 64, 3)) * 0.2
    motion = np.broadcast_to(np.array([2.0, 0.0], np.float32), (12, 16, 2))  # 4 display pixels at ratio 2
    before, now = world[:, :32], world[:, 4:36]  # what is at x now was at x + 4
    assert flicker(before, now, before, now, motion) == pytest.approx(0.0, abs=1e-4)
    output_before, output = before + error[:, :32], now + error[:, 4:36]
    assert flicker(output_before, output, before, now, motion) == pytest.approx(0.0, abs=1e-4)
    assert flicker(output_before, output, before, now, motion * 0) > 5.0
