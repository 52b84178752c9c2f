"""One definition of each figure by which an upscaler's output is compared with the reference.

Images are (height, width, 3) float arrays, row 0 at the top. Except for `display_image`'s input they are display
images: sRGB in [0, 1], made by `display_image` and by nothing else, so that figures can be compared.
"""

from __future__ import annotations

import math

import numpy as np

from app.errors import SuperseeError
from app.measure.reprojection import along_motion

PEAK_DB = 100.0
"""PSNR of two equal images, so that means over frames stay finite."""

_MAGMA = (
    (-0.002136485053939, -0.000749655052795, -0.005386127855323),
    (0.251660540721172, 0.677523230236650, 2.494026599312351),
    (8.353717279216625, -3.577719514958484, 0.314467903013257),
    (-27.668733082379, 14.264730780110, -13.649213188139),
    (52.176139815233, -27.943606073300, 12.944169442389),
    (-50.768525364731, 29.046582828850, 4.234152993846),
    (18.655704654736, -11.489773512570, -5.601961508734),
)  # of t^0 to t^6


def display_image(linear: np.ndarray, exposure: float = 1.0) -> np.ndarray:
    """Scene-linear Rec.709 to float32 sRGB in [0, 1]: exposure, clip, the sRGB transfer curve (IEC 61966-2-1).

    No tone mapper: a filmic shoulder would hide errors in highlights. Channels beyond the third are dropped, and
    values that are not finite count as black.
    """
    colour = np.nan_to_num(np.asarray(linear, np.float32)[..., :3], nan=0.0, posinf=np.inf, neginf=0.0)
    colour = np.clip(colour * np.float32(exposure), 0.0, 1.0)
    return np.where(colour <= 0.0031308, 12.92 * colour, 1.055 * colour ** np.float32(1 / 2.4) - 0.055).astype("f4")


def psnr(output: np.ndarray, reference: np.ndarray) -> float:
    """10 log10(1 / mean squared error) in dB over all pixels and channels; 100 for equal images."""
    _check(output, reference)
    error = float(np.mean((output.astype(np.float64) - reference) ** 2))
    return min(PEAK_DB, -10.0 * math.log10(error)) if error > 0 else PEAK_DB


def ssim(output: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004): Gaussian window of sigma 1.5, population covariance, mean over
    the three channels. Images under 11 pixels on a side raise SuperseeError: the window does not fit."""
    from skimage.metrics import structural_similarity

    _check(output, reference)
    if min(output.shape[:2]) < 11:
        raise SuperseeError(
            f"SSIM of a {output.shape[1]}x{output.shape[0]} image cannot be computed",
            "its window is 11 pixels wide",
            "Measure at a larger display size.",
        )
    value = structural_similarity(
        output.astype(np.float32),
        reference.astype(np.float32),
        data_range=1.0,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(value)  # type: ignore[arg-type]


def flip(output: np.ndarray, reference: np.ndarray) -> float:
    """Mean LDR-FLIP (Andersson et al. 2020) at 67 pixels a degree: 0 equal, 1 as different as can be."""
    return float(flip_map(output, reference).mean())


def flip_map(output: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """LDR-FLIP per pixel, (height, width) float32 in [0, 1]."""
    import flip_evaluator

    # The evaluator ends the whole process on input that it does not like, so nothing doubtful may reach it.
    _check(output, reference)
    images = [np.ascontiguousarray(np.clip(image, 0.0, 1.0), dtype=np.float32) for image in (reference, output)]
    error, _, _ = flip_evaluator.evaluate(images[0], images[1], "LDR", applyMagma=False, computeMeanError=False)
    return np.asarray(error, np.float32).reshape(output.shape[:2])


def heat_picture(error: np.ndarray) -> np.ndarray:
    """A map of errors in [0, 1], (height, width), in the colours in which FLIP's maps are shown (matplotlib's magma, by
    the polynomial that Matt Zucker fitted to it: shadertoy.com/view/WlfXRN): (height, width, 3) uint8 sRGB."""
    t = np.clip(error.astype(np.float32), 0.0, 1.0)[..., None]
    colour = np.zeros((*error.shape, 3), np.float32)
    for coefficients in _MAGMA[::-1]:
        colour = colour * t + np.asarray(coefficients, np.float32)
    return np.rint(np.clip(colour, 0.0, 1.0) * 255.0).astype(np.uint8)


def flicker(
    previous_output: np.ndarray,
    output: np.ndarray,
    previous_reference: np.ndarray,
    reference: np.ndarray,
    motion: np.ndarray,
) -> float:
    """How much of the output's change along the motion is not the reference's, in 8-bit levels.

    mean |(out_t - warp(out_t-1)) - (ref_t - warp(ref_t-1))| * 255 over the pixels whose previous position lies on
    screen. `motion` is current -> previous in LR pixels, (lr height, lr width, 2): a display pixel takes the
    vector of the nearest LR pixel, scaled by the ratio; warp is bilinear. 0 where no pixel stays on screen.
    """
    for image in (previous_output, previous_reference, reference):
        _check(image, output)
    error = output.astype(np.float32) - reference
    previous = previous_output.astype(np.float32) - previous_reference
    warped, on_screen = along_motion(previous, motion)  # warping is linear: one warp of the difference does
    return 255.0 * float(np.abs(error - warped)[on_screen].mean()) if on_screen.any() else 0.0


def tpsnr(
    previous_output: np.ndarray, output: np.ndarray, previous_reference: np.ndarray, reference: np.ndarray
) -> float:
    """Temporal PSNR in dB, higher is better: 10 log10(1 / mean((out_t - out_t-1) - (ref_t - ref_t-1))^2), 100 where
    the changes are equal.

    As in Arm's Neural Graphics Model Gym (core/evaluator/metrics.py, `calculate_tpsnr`): the change at a pixel that
    stands still on screen, without regard to motion, with a peak of 1 although changes span [-1, 1]. `flicker` follows
    the motion instead; this one also counts an error that travels with what moves.
    """
    change = output.astype(np.float32) - previous_output
    return psnr(change, reference.astype(np.float32) - previous_reference)


def _check(image: np.ndarray, other: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or min(image.shape) < 1:
        raise SuperseeError("An image cannot be measured", f"its shape is {image.shape}, not (height, width, 3)")
    if image.shape != other.shape:
        raise SuperseeError("Two images cannot be compared", f"their shapes are {image.shape} and {other.shape}")
    if not (np.isfinite(image).all() and np.isfinite(other).all()):
        raise SuperseeError("Two images cannot be compared", "one holds values that are not finite")
