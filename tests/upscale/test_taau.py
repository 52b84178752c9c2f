"""What TAAU does with history: gathers it, drops it when told, tells what is new, and nothing else."""

from __future__ import annotations

import dataclasses

import moderngl
import numpy as np
import pytest

from app.conventions import ACCUMULATION_KNEE, Size, jitter_offset, render_size
from app.measure.image_metrics import display_image, psnr
from app.upscale.bilinear import Bilinear
from app.upscale.taau import SETTINGS, Taau
from tests.upscale.frames import frame, pixels, sampled, supersampled

DISPLAY = (96, 64)


def fence(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Thin slanted wires over a soft ground: far too fine for one sample an LR pixel."""
    wires = (np.abs(np.sin((u * 1.5 + v * 0.35) * 50.0)) < 0.25) | (np.abs(np.sin((v - u * 0.2) * 37.0)) < 0.2)
    ground = np.stack([0.25 + 0.2 * u, 0.3 + 0.1 * v, 0.4 + 0 * u], -1)
    return np.where(wires[..., None], 0.04, ground)


def play(gl: moderngl.Context, upscaler: Taau | Bilinear, ratio: float, frames: int, display: Size = DISPLAY):
    """A resting camera before `fence`; yields each frame's display image."""
    small = render_size(display, ratio)
    for index in range(frames):
        jitter = jitter_offset(index, ratio)
        colour = sampled(fence, small, jitter)
        shown = upscaler.upscale(frame(gl, colour, display, jitter=jitter, index=index, reset=index == 0))
        yield display_image(pixels(shown))


@pytest.mark.parametrize(("ratio", "gain"), [(1.5, 4.0), (2.0, 6.0), (3.0, 6.0)])
def test_a_resting_scene_sharpens_over_the_frames(gl: moderngl.Context, ratio: float, gain: float) -> None:
    wanted = display_image(supersampled(fence, DISPLAY))
    figures = [psnr(shown, wanted) for shown in play(gl, Taau(gl), ratio, 40)]
    bilinear = [psnr(shown, wanted) for shown in play(gl, Bilinear(gl), ratio, 8)]
    assert figures[7] > figures[0] + 2.0
    assert figures[-1] > figures[7]
    assert np.mean(figures[-8:]) > np.mean(bilinear) + gain


def test_a_gradient_is_exact_once_the_phases_have_averaged_out(gl: moderngl.Context) -> None:
    def ramp(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.stack([0.2 + 0.2 * u, 0.2 + 0.2 * v, 0.4 - 0.1 * u], -1)

    display = (97, 61)
    upscaler, small = Taau(gl), render_size(display, 2.0)
    for index in range(64):
        jitter = jitter_offset(index, 2.0)
        shown = pixels(
            upscaler.upscale(frame(gl, sampled(ramp, small, jitter), display, jitter=jitter, reset=index == 0))
        )
    error = (shown - sampled(ramp, display))[6:-6, 6:-6]
    assert np.abs(error.mean((0, 1))).max() < 1e-4
    assert np.abs(error).max() < 0.5 * 0.2 / min(small), "half an LR pixel anywhere would be a shift"


def test_many_frames_neither_darken_nor_brighten_a_flat_colour(gl: moderngl.Context) -> None:
    upscaler = Taau(gl)
    colour = np.broadcast_to([0.3, 0.05, 3.0], (16, 24, 3))
    for index in range(200):
        given = frame(gl, colour, (48, 32), motion=(0.3, 0.2), jitter=jitter_offset(index, 2), index=index)
        shown = upscaler.upscale(dataclasses.replace(given, reset=index == 0))
    assert np.allclose(pixels(shown).mean((0, 1)), colour[0, 0], rtol=1.5e-3)


def two_colours(gl: moderngl.Context, upscaler: Taau, **second: object) -> float:
    """Ten dark frames, then one bright frame: how bright it is shown, from 0 (the old picture) to 1 (the new)."""
    for index in range(10):
        noise = np.random.default_rng(index).random((24, 32, 1)) * 0.5  # keeps the neighbourhood's box wide
        given = frame(gl, np.repeat(0.1 + noise, 3, -1), (64, 48), index=index, reset=index == 0)
        upscaler.upscale(given)
    noise = np.random.default_rng(99).random((24, 32, 1)) * 0.5
    bright = np.repeat(0.6 + noise, 3, -1)
    options: dict = {"index": 10, **second}
    shown = pixels(upscaler.upscale(frame(gl, bright, (64, 48), **options)))
    new = pixels(Taau(gl).upscale(frame(gl, bright, (64, 48), reset=True))).mean()
    return float((shown.mean() - 0.35) / (new - 0.35))


def test_a_light_that_goes_on_is_seen_at_once_in_a_resting_picture(gl: moderngl.Context) -> None:
    rng = np.random.default_rng(4)
    picture = 0.15 + 0.1 * rng.random((24, 32, 3))
    upscaler = Taau(gl)
    for index in range(30):
        upscaler.upscale(frame(gl, picture, (64, 48), index=index, jitter=jitter_offset(index, 2), reset=index == 0))
    for index in range(30, 32):
        lit = frame(gl, picture + 0.5, (64, 48), index=index, jitter=jitter_offset(index, 2))
        shown = pixels(upscaler.upscale(lit))
    assert shown.mean() == pytest.approx(picture.mean() + 0.5, abs=0.05)


def test_history_is_kept_without_a_reason_to_drop_it(gl: moderngl.Context) -> None:
    assert two_colours(gl, Taau(gl)) < 0.6


def test_a_cut_leaves_no_ghost(gl: moderngl.Context) -> None:
    assert two_colours(gl, Taau(gl), reset=True) == pytest.approx(1.0, abs=5e-3)


def test_reset_and_resize_drop_history(gl: moderngl.Context) -> None:
    colour, other = np.full((8, 8, 3), 0.1), np.full((8, 8, 3), 0.9)
    for drop in ("reset", "resize"):
        upscaler = Taau(gl, settings={"GAMMA_STILL": 1e6, "BOX_MARGIN": 100.0})
        for _ in range(4):
            upscaler.upscale(frame(gl, colour, (16, 16)))
        assert pixels(upscaler.upscale(frame(gl, other, (16, 16)))).mean() < 0.6
        if drop == "reset":
            upscaler.reset()
        else:
            upscaler.resize((8, 8), (24, 24))
            upscaler.resize((8, 8), (16, 16))
        assert pixels(upscaler.upscale(frame(gl, other, (16, 16)))) == pytest.approx(0.9, abs=2e-3)


def test_resizing_to_the_same_size_keeps_history(gl: moderngl.Context) -> None:
    upscaler = Taau(gl, settings={"GAMMA_STILL": 1e6, "BOX_MARGIN": 100.0})
    for _ in range(4):
        upscaler.upscale(frame(gl, np.full((8, 8, 3), 0.1), (16, 16)))
    upscaler.resize((8, 8), (16, 16))
    assert pixels(upscaler.upscale(frame(gl, np.full((8, 8, 3), 0.9), (16, 16)))).mean() < 0.6


def test_history_from_beyond_the_screen_is_not_used(gl: moderngl.Context) -> None:
    assert two_colours(gl, Taau(gl), motion=(100.0, 0.0)) == pytest.approx(1.0, abs=5e-3)


def test_a_reactive_mask_drops_history_where_it_is_set(gl: moderngl.Context) -> None:
    assert two_colours(gl, Taau(gl), reactive=np.ones((24, 32))) == pytest.approx(1.0, abs=5e-3)


def test_a_change_of_exposure_changes_nothing_in_the_picture(gl: moderngl.Context) -> None:
    upscaler = Taau(gl)
    colour = np.random.default_rng(3).random((24, 32, 3)) * 2.0
    for index in range(12):
        before = pixels(upscaler.upscale(frame(gl, colour, (64, 48), index=index, exposure=1.0)))
    after = pixels(upscaler.upscale(frame(gl, colour, (64, 48), index=12, exposure=0.25)))
    assert np.abs(after - before).mean() < 0.02 * before.mean()


def test_what_a_moving_occluder_uncovers_is_taken_as_new(gl: moderngl.Context) -> None:
    """A near box moves left by 4 LR pixels; where it was, history shows the box, and the box only."""
    width, height = 40, 24
    columns = np.arange(width)

    def given(left: int, index: int):
        box = np.broadcast_to((columns >= left) & (columns < left + 16), (height, width))
        noise = np.random.default_rng(index).random((height, width, 1)) * 0.3
        colour = np.where(box[..., None], 0.9, 0.1 + noise) * np.ones(3)
        motion = np.where(box[..., None], [4.0, 0.0], [0.0, 0.0])
        distance = np.where(box, 2.0, 8.0)
        return frame(gl, colour, (80, 48), motion=motion, distance=distance, index=index, reset=index == 0)

    def ghost(**settings: float) -> float:
        upscaler = Taau(gl, settings={"GAMMA_STILL": 6.0, **settings})
        for index in range(3):
            shown = pixels(upscaler.upscale(given(16 - 4 * index, index)))
        return float(shown[8:-8, 2 * 24 + 2 : 2 * 28 - 2].mean()) - 0.25

    assert ghost() < 0.02
    assert ghost(DEPTH_TOLERANCE=1e6) > 0.05, "without the test of depth there is a ghost to see"


def test_a_panned_picture_is_followed(gl: moderngl.Context) -> None:
    """The picture slides by (1.3, 0.7) LR pixels a frame: with the motion known, TAAU beats bilinear."""
    small, ratio = render_size(DISPLAY, 2.0), 2.0
    shift = np.array([1.3, 0.7])

    def at(offset: np.ndarray):
        return lambda u, v: fence(u - offset[0] / small[0], v - offset[1] / small[1])

    figures: dict[str, list[float]] = {"taau": [], "still": [], "bilinear": []}
    upscalers = {"taau": Taau(gl), "still": Taau(gl), "bilinear": Bilinear(gl)}
    for index in range(12):
        jitter = jitter_offset(index, ratio)
        picture = at(shift * index)
        wanted = display_image(supersampled(picture, DISPLAY, 4))
        for name, upscaler in upscalers.items():
            motion = (0.0, 0.0) if name == "still" else tuple(-shift)
            colour = sampled(picture, small, jitter)
            given = frame(gl, colour, DISPLAY, jitter=jitter, motion=motion, index=index, reset=index == 0)
            shown = display_image(pixels(upscaler.upscale(given)))
            figures[name].append(psnr(shown[12:-12, 12:-12], wanted[12:-12, 12:-12]))
    late = {name: np.mean(values[6:]) for name, values in figures.items()}
    assert late["taau"] > late["bilinear"] + 1.0
    assert late["taau"] > late["still"] + 1.0


def test_a_first_frame_is_the_kernel_written_down_in_numpy(gl: moderngl.Context) -> None:
    """Without history the display pixel is the Gaussian mean of 3x3 compressed samples at their true offsets."""
    small, display, jitter, exposure = (21, 13), (36, 22), (0.31, -0.27), 1.7
    colour = np.random.default_rng(5).random((small[1], small[0], 3)).astype(np.float16).astype(float) * 4
    shown = pixels(Taau(gl).upscale(frame(gl, colour, display, jitter=jitter, exposure=exposure, reset=True)))

    scale = np.array(small) / np.array(display)
    sharpness = min(SETTINGS["WIDE"], SETTINGS["NARROW"] / (scale[0] * scale[1]))
    exposed = colour * exposure
    compressed = exposed / (1 + ACCUMULATION_KNEE * exposed.max(-1, keepdims=True))
    expected = np.zeros((display[1], display[0], 3))
    for y in range(display[1]):
        for x in range(display[0]):
            position = (np.array([x, y]) + 0.5) * scale - jitter
            centre = np.clip(np.floor(position), 0, np.array(small) - 1).astype(int)
            total, weights = np.zeros(3), 0.0
            for j in (-1, 0, 1):
                for i in (-1, 0, 1):
                    place = centre + np.array([i, j])
                    weight = np.exp(-sharpness * np.sum((position - place - 0.5) ** 2))
                    column, row = np.clip(place, 0, np.array(small) - 1)
                    total += weight * compressed[row, column]
                    weights += weight
            mean = total / weights
            expected[y, x] = mean / (1 - ACCUMULATION_KNEE * mean.max()) / exposure
    assert np.allclose(shown, expected, rtol=4e-3, atol=1e-3)


def test_values_that_are_not_finite_do_not_spread(gl: moderngl.Context) -> None:
    upscaler = Taau(gl)
    colour = np.full((16, 16, 3), 0.4)
    broken = colour.copy()
    broken[8, 8] = np.nan
    broken[4, 4] = np.inf
    upscaler.upscale(frame(gl, broken, (32, 32), reset=True))
    for index in range(24):
        shown = pixels(upscaler.upscale(frame(gl, colour, (32, 32), motion=(0.4, 0.0), index=index + 1)))
        assert np.isfinite(shown).all()
    assert np.abs(shown - 0.4).max() < 0.02
