"""What holds for every method without a network: no shift, no colour change, nothing made anew per frame."""

from __future__ import annotations

from itertools import pairwise

import moderngl
import numpy as np
import pytest

from app.conventions import jitter_offset, render_size
from app.errors import SuperseeError
from app.inference.image_manifest import image_kinds
from app.upscale.registry import METHODS, create_upscaler, method_info
from tests.upscale.frames import frame, pixels, sampled

CLASSIC = ("nearest", "bilinear", "lanczos", "taau")
RATIOS = (1.0, 1.3, 1.5, 1.7, 2.0, 3.0)
ODD = (97, 61)


def ramp(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.stack([0.2 + 0.2 * u, 0.2 + 0.2 * v, 0.5 - 0.1 * u - 0.1 * v], -1)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("name", CLASSIC)
def test_a_gradient_stays_where_it_is_at_any_ratio_and_jitter(gl: moderngl.Context, name: str, ratio: float) -> None:
    small = render_size(ODD, ratio)
    expected = sampled(ramp, ODD)
    # Nearest is off by up to half an LR pixel, TAAU's first frame by what its kernel leaves out of a slope (nothing
    # over all jitter phases: see test_taau.py), the others by rounding alone.
    step = 0.2 / min(small)  # the steepest difference between two LR pixels
    most, on_average = {"nearest": (0.55, 0.55), "taau": (0.3, 0.12)}.get(name, (0.12, 0.03))
    for index in range(4):
        jitter = jitter_offset(index * 3, ratio)
        upscaler = create_upscaler(name, gl)
        upscaler.resize(small, ODD)
        given = frame(gl, sampled(ramp, small, jitter), ODD, jitter=jitter, reset=True)
        shown = pixels(upscaler.upscale(given))
        assert shown.shape == expected.shape
        border = int(np.ceil(3 * ratio))
        inside = (slice(border, -border), slice(border, -border))
        error = (shown - expected)[inside]
        assert np.abs(error).max() < most * step + 1e-3
        assert np.abs(error.mean((0, 1))).max() < on_average * step + 2e-4, "the image is shifted"
        upscaler.release()


@pytest.mark.parametrize("name", CLASSIC)
def test_a_flat_colour_keeps_its_value_to_the_border_whatever_the_exposure(gl: moderngl.Context, name: str) -> None:
    colour = np.broadcast_to([0.5, 8.0, 0.02], (20, 33, 3))
    upscaler = create_upscaler(name, gl)
    for index in range(3):
        given = frame(gl, colour, (66, 40), jitter=jitter_offset(index, 2), exposure=0.25, reset=index == 0)
        shown = pixels(upscaler.upscale(given))
        assert np.allclose(shown, colour[0, 0], rtol=6e-3)
    upscaler.release()


def test_lanczos_does_not_ring_beside_a_highlight(gl: moderngl.Context) -> None:
    colour = np.full((16, 16, 3), 0.1)
    colour[:, 8:] = 20.0
    shown = pixels(create_upscaler("lanczos", gl).upscale(frame(gl, colour, (40, 40), reset=True)))
    assert shown.min() > 0.099
    assert shown.max() < 20.2


def test_lanczos_is_sharper_than_bilinear(gl: moderngl.Context) -> None:
    def waves(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.repeat(0.3 + 0.2 * np.sin(u * 60.0)[..., None], 3, -1)

    given = frame(gl, sampled(waves, (48, 16)), (96, 32), reset=True)
    wanted = sampled(waves, (96, 32))
    error = {
        name: float(np.abs(pixels(create_upscaler(name, gl).upscale(given)) - wanted)[:, 8:-8].mean())
        for name in ("bilinear", "lanczos")
    }
    assert error["lanczos"] < 0.7 * error["bilinear"]


@pytest.mark.parametrize("name", CLASSIC)
def test_no_gl_object_is_made_after_the_first_frame(
    gl: moderngl.Context, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upscaler = create_upscaler(name, gl)
    colour = np.random.default_rng(1).random((18, 32, 3))
    frames = [frame(gl, colour, (64, 36), jitter=jitter_offset(i, 2), index=i, reset=i == 0) for i in range(6)]
    upscaler.upscale(frames[0])
    made: list[str] = []
    for kind in ("texture", "framebuffer", "buffer", "vertex_array", "program", "sampler", "query"):
        original = getattr(moderngl.Context, kind)

        def counted(*args: object, _kind: str = kind, _original: object = original, **options: object) -> object:
            made.append(_kind)
            return _original(*args, **options)  # type: ignore[operator]

        monkeypatch.setattr(moderngl.Context, kind, counted)
    for given in frames[1:] * 40:
        upscaler.upscale(given)
    assert not made
    gl.texture((1, 1), 1).release()
    assert made == ["texture"], "the count itself works"


@pytest.mark.parametrize("name", CLASSIC)
def test_size_and_ratio_change_between_two_frames(gl: moderngl.Context, name: str) -> None:
    upscaler = create_upscaler(name, gl)
    sizes = [((32, 18), (64, 36)), ((21, 12), (64, 36)), ((50, 28), (50, 28)), ((1, 1), (3, 3))]
    for small, display in [*sizes, *(sizes[0] for _ in pairwise(sizes))]:
        shown = pixels(upscaler.upscale(frame(gl, sampled(ramp, small), display)))
        assert shown.shape == (display[1], display[0], 3)
        assert np.isfinite(shown).all()
        assert shown.min() > 0.05, "no black frame"
    upscaler.release()


def test_every_method_has_a_label_and_every_upscaler_is_called_what_the_list_calls_it(gl: moderngl.Context) -> None:
    known = {"native", "nearest", "bilinear", "lanczos", *image_kinds(), "taau", "neural", "reference"}
    assert set(METHODS) == known
    for name in CLASSIC:
        upscaler = create_upscaler(name, gl)
        assert (upscaler.name, upscaler.label) == (name, METHODS[name].label)
        assert METHODS[name].temporal == (name == "taau")


def test_an_unknown_method_is_answered_with_the_known_ones(gl: moderngl.Context) -> None:
    with pytest.raises(SuperseeError, match=r"bicubic.*bilinear, lanczos"):
        method_info("bicubic")
    with pytest.raises(SuperseeError, match="not an upscaler"):
        create_upscaler("native", gl)
