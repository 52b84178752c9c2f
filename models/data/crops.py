"""Random crops of clips, augmented, as torch batches.

A crop is one window of the image that stays in place for the whole sequence; LR and display windows cover exactly
the same part of the scene, so that the jitter and the ratio stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np
import torch

from app.conventions import LUMA
from models.data.clip import Clip, ClipReader

LR_MULTIPLE = 8
"""Crops are whole multiples of this, so that no network's padding shows in training."""

_MIDDLE_GREY = 0.18  # exposed


@dataclass(frozen=True, slots=True)
class Batch:
    """`b` crops of `t` frames, channels first, float32, time first so that `batch.frame(i)` is a view.

    colour (t, b, 3, h, w) linear before exposure; depth and expected (t, b, 1, h, w); motion (t, b, 2, h, w) LR pixels;
    reactive (t, b, 1, h, w) in [0, 1]; reference (t, b, 3, H, W); jitter (t, b, 2); exposure (t, b); reset (t, b).
    """

    colour: torch.Tensor
    depth: torch.Tensor
    expected: torch.Tensor
    motion: torch.Tensor
    reactive: torch.Tensor
    reference: torch.Tensor
    jitter: torch.Tensor
    exposure: torch.Tensor
    reset: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """On `device`; the copy to a GPU is queued behind its work, from page-locked memory, and not waited for."""
        if device.type == "cpu":
            return self
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return Batch(**{n: t.pin_memory().to(device, non_blocking=True) for n, t in tensors.items()})

    @property
    def frames(self) -> int:
        return self.colour.shape[0]

    @property
    def ratio(self) -> float:
        return self.reference.shape[-1] / self.colour.shape[-1]


def crop_step(ratio: float) -> int:
    """LR offsets and sizes must be multiples of this for the display window to fall on whole pixels."""
    return Fraction(ratio).limit_denominator(20).denominator


def crop_size(ratio: float, display: int, limit: tuple[int, int]) -> tuple[int, int]:
    """LR (height, width) of a crop of about `display` pixels a side, at most `limit` (height, width); 0 where no whole
    crop_step fits."""
    step = int(np.lcm(LR_MULTIPLE, crop_step(ratio)))
    wanted = max(step, round(display / ratio / step) * step)
    height, width = (min(wanted, n // step * step) for n in limit)
    return height, width


@dataclass(frozen=True, slots=True)
class Place:
    """Where a crop lies in its clip: first frame and LR window, on whole display pixels."""

    start: int
    frames: int
    top: int
    left: int
    height: int
    width: int


def random_place(reader: ClipReader, frames: int, display: int, rng: np.random.Generator) -> Place:
    """A window of about `display` display pixels a side over at most `frames` frames, anywhere in the clip."""
    height, width = crop_size(reader.ratio, display, (reader.height, reader.width))
    step = crop_step(reader.ratio)
    top = int(rng.integers(0, (reader.height - height) // step + 1)) * step
    left = int(rng.integers(0, (reader.width - width) // step + 1)) * step
    start = int(rng.integers(0, max(0, reader.frames - frames) + 1))
    return Place(start, frames, top, left, height, width)


def read_crop(reader: ClipReader, place: Place) -> Clip:
    """The crop at `place`; its first frame is a reset."""
    ratio = Fraction(reader.ratio).limit_denominator(20)

    def scaled(start: int, size: int) -> slice:
        return slice(int(start * ratio), int((start + size) * ratio))

    top, left, height, width = place.top, place.left, place.height, place.width
    clip = reader.read_part(
        slice(place.start, place.start + place.frames),
        (slice(top, top + height), slice(left, left + width)),
        (scaled(top, height), scaled(left, width)),
    )
    reset = clip.reset.copy()
    reset[0] = True
    return replace(clip, reset=reset)


def mirrored(clip: Clip) -> Clip:
    """Left and right swapped: motion and jitter change their sign in x."""
    flip = np.array([-1.0, 1.0], np.float32)
    return replace(
        clip,
        **{n: getattr(clip, n)[:, :, ::-1] for n in ("colour", "depth", "expected", "reactive", "reference")},
        motion=clip.motion[:, :, ::-1] * flip.astype(np.float16),
        jitter=clip.jitter * flip,
    )


def transposed(clip: Clip) -> Clip:
    """Rows and columns swapped, and with them the components of motion and jitter."""
    return replace(
        clip,
        **{n: getattr(clip, n).swapaxes(1, 2) for n in ("colour", "depth", "expected", "reactive", "reference")},
        motion=clip.motion.swapaxes(1, 2)[..., ::-1],
        jitter=clip.jitter[:, ::-1],
    )


@dataclass(frozen=True, slots=True)
class Augmentation:
    """One of the 8 orientations, an order of the colour channels, a factor on the exposure, and the contrast: how much
    of the colour's distance to its luma is kept, and a veil of light over everything, in middle greys. Both are linear,
    so that a reference averaged in linear light stays the mean of its samples."""

    transpose: bool
    mirror: bool
    flip: bool
    channels: tuple[int, ...] | None
    exposure: float
    saturation: float = 1.0
    veil: float = 0.0


def random_augmentation(rng: np.random.Generator) -> Augmentation:
    """Any orientation, in half of the cases another order of the channels, exposure within a stop, in half of the cases
    less contrast."""
    transpose, mirror, flip = (bool(rng.random() < 0.5) for _ in range(3))
    channels = tuple(int(c) for c in rng.permutation(3)) if rng.random() < 0.5 else None
    exposure = float(2.0 ** rng.uniform(-1.0, 1.0))
    if rng.random() < 0.5:
        return Augmentation(transpose, mirror, flip, channels, exposure)
    return Augmentation(transpose, mirror, flip, channels, exposure, float(rng.uniform(0.3, 1.0)), float(rng.random()))


def augmented(clip: Clip, how: Augmentation) -> Clip:
    if how.transpose:
        clip = transposed(clip)
    if how.mirror:
        clip = mirrored(clip)
    if how.flip:
        clip = transposed(mirrored(transposed(clip)))
    if how.channels is not None:
        order = list(how.channels)
        clip = replace(clip, colour=clip.colour[..., order], reference=clip.reference[..., order])
    clip = replace(clip, exposure=clip.exposure * np.float32(how.exposure))
    if (how.saturation, how.veil) == (1.0, 0.0):
        return clip
    veil = how.veil * _MIDDLE_GREY / float(clip.exposure[0])
    return replace(clip, **{n: _dulled(getattr(clip, n), how.saturation, veil) for n in ("colour", "reference")})


def _dulled(colour: np.ndarray, saturation: float, veil: float) -> np.ndarray:
    linear = colour.astype(np.float32)
    grey = (1.0 - saturation) * (linear @ np.array(LUMA, np.float32)) + veil
    return (saturation * linear + grey[..., None]).clip(max=np.finfo(colour.dtype).max).astype(colour.dtype)


def _tensor(arrays: list[np.ndarray], name: str) -> torch.Tensor:
    array = np.stack(arrays, axis=1)
    if name == "reset":
        return torch.from_numpy(array)
    tensor = torch.from_numpy(np.ascontiguousarray(array)).float()
    if name == "reactive":
        tensor = tensor / 255.0
    if name in ("depth", "expected", "reactive"):
        return tensor.unsqueeze(2)
    if name in ("colour", "motion", "reference"):
        return tensor.permute(0, 1, 4, 2, 3).contiguous()
    return tensor


def to_batch(clips: list[Clip]) -> Batch:
    """Clips of equal sizes, stacked along the second axis."""
    return Batch(**{f.name: _tensor([getattr(c, f.name) for c in clips], f.name) for f in fields(Batch)})
