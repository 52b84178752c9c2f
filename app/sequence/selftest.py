"""Finds out from the frames themselves whether a recording's motion and jitter mean what it says.

Pixel p of a frame shows the scene at p + jitter, and showed the same thing at p + jitter + motion before: in the frame
before, that is p + motion + (jitter now - jitter before). Where the conventions are right, the colours there agree. So
every plausible reading (axes flipped or exchanged, other units, other scales) is tried, and the one that agrees best is
named, if it is clearly better than the declared one. Colours are compared after exposure and c / (1 + max(c)).
Positions between pixels are averages of four, which agree better than single pixels even with what is not the same
thing: unless the best reading is better than itself some pixels off, it tells nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.conventions import Size
from app.errors import SuperseeError
from app.measure.reprojection import bilinear_at
from app.sequence.convention import Convention, Pair
from app.sequence.convention_variants import Variant, jitter_variants, motion_variants
from app.sequence.source import FrameSource, RecordedFrame

RUNS, RUN_LENGTH = 2, 5
"""Frames are read in this many stretches of consecutive ones."""
PIXELS = 8192
"""Of a frame; those with detail around them, since flat ones agree with anything."""
_CLEARLY = 0.3
"""dB by which another reading must fit better than the declared one before it is believed."""
_TIE = 0.02
"""dB below which two readings fit equally: then the one that is nearest to the declared one is meant."""
_KEPT = 0.9
"""Of the pixels: the rest came into view just now, and agrees with nothing."""
_STANDS = 0.5
"""LR pixels: what moves less counts as standing on screen."""
_TELLS = 1.0
"""dB by which the best reading must beat the same one some pixels off."""
_READING = 0.3
"""Of the whole test, for its progress; choosing the finalists takes about as much again."""
_OFF = ((4, 3), (-4, 3), (3, -4), (-3, -4))
_SHAKEN = 0.5
"""dB that frames must gain from free offsets before they are said to be jittered without saying so."""
_FINALISTS = 6
_COARSE_PIXELS = 2048
"""Of a frame, for choosing the finalists."""
_LEAST_PART = 100
"""Pixels below which a part has no figure."""
_TESTABLE = 0.1
"""LR pixels: an axis along which nothing moves (or jitters) as far as this says nothing about its sign."""


@dataclass(frozen=True, slots=True)
class Finding:
    """For motion or jitter: the best reading against the declared one, both with the best reading of the other."""

    what: str
    label: str  # "" where it fits as declared
    best: float  # dB
    declared: float  # dB
    untested: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.label

    def __str__(self) -> str:
        if self.fits and len(self.untested) == 2:
            return f"{self.what}: there is none to test ({self.declared:.1f} dB without)"
        untested = f" (nothing to see of {self.untested[0]})" if len(self.untested) == 1 else ""
        if self.fits:
            return f"{self.what} fits as declared: {self.declared:.1f} dB{untested}"
        return f"{self.what} looks {self.label}: {self.best:.1f} dB so, {self.declared:.1f} as declared{untested}"


@dataclass(frozen=True, slots=True)
class SelfTest:
    """`convention` corrects the source (AS_DECLARED where nothing is wrong). PSNR of the warped previous frame in dB
    on what stands and on what moves on screen, with the best reading; nan where there is no such part."""

    motion: Finding
    jitter: Finding
    convention: Convention
    standing: float
    moving: float
    pairs: int
    tells: bool
    """Whether the frames agree with each other at all. Where not, nothing is known, and nothing is corrected."""
    undeclared_jitter: float
    """LR pixels by which frames without declared jitter look shaken; 0 where they do not."""

    @property
    def fits(self) -> bool:
        return self.tells and self.motion.fits and self.jitter.fits

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, for people."""
        if not self.tells:
            return (
                f"No reading of motion and jitter makes the frames agree ({self.motion.declared:.1f} dB as declared): "
                "are these frames of one sequence, each with its own motion?",
            )
        shaken = (
            f"The frames look jittered (by {self.undeclared_jitter:.1f} pixels a frame), and no jitter is declared."
        )
        return (str(self.motion), str(self.jitter), *((shaken,) if self.undeclared_jitter else ()))

    @property
    def label(self) -> str:
        """Of the correction, for a button: "motion flipped in y"; "" where there is none."""
        return ", ".join(f"{each.what.lower()} {each.label}" for each in (self.motion, self.jitter) if each.label)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """What one frame and the one before it say, at the pixels that are looked at."""

    x: np.ndarray
    y: np.ndarray
    colour: np.ndarray  # (n, 3) compressed
    before: np.ndarray  # (h, w, 3) compressed
    motion: np.ndarray  # (n, 2) as recorded
    jitter: Pair
    jitter_before: Pair
    typical: np.ndarray  # (2,) median motion of the whole frame
    index: int

    @property
    def size(self) -> Size:
        return self.before.shape[1], self.before.shape[0]

    def moved(self, motion: Variant) -> np.ndarray:
        """(n, 2) as that reading has it."""
        return motion.convention.motion(self.motion, self.size)

    def thinned(self, pixels: int) -> _Pair:
        x, y, colour, motion = (array[:pixels] for array in (self.x, self.y, self.colour, self.motion))
        return replace(self, x=x, y=y, colour=colour, motion=motion)


def self_test(source: FrameSource, progress: Callable[[float], None] = lambda _part: None) -> SelfTest:
    """Reads ten frames. `progress` is called with the part that is done, 0 to 1; what it raises ends the test. Raises
    SuperseeError where the source has no two frames in a row that can be compared."""
    pairs = _pairs(source, progress)
    ratio = source.display_size[0] / source.render_size[0]
    longest = max(float(np.percentile(np.abs(pair.motion), 99.0)) for pair in pairs)
    jitters = jitter_variants(source.render_size, max(max(map(abs, pair.jitter)) for pair in pairs))
    motions = motion_variants(source.render_size, ratio, longest)
    coarse = [pair.thinned(_COARSE_PIXELS) for pair in pairs]
    promise: dict[Variant, float] = {}
    for place, motion in enumerate(motions):
        progress(_READING * (1.0 + place / len(motions)))
        promise[motion] = max(_decibels(coarse, motion, jitter) for jitter in jitters[:3])
    finalists = sorted(motions, key=promise.__getitem__, reverse=True)[:_FINALISTS]
    declared_motion, declared_jitter = motions[0], jitters[0]
    if declared_motion not in finalists:
        finalists.append(declared_motion)
    scores: dict[tuple[Variant, Variant], float] = {}
    for place, motion in enumerate(finalists):
        for jitter in jitters:
            scores[motion, jitter] = _decibels(pairs, motion, jitter)
        progress(2.0 * _READING + (1.0 - 2.0 * _READING) * (place + 1) / len(finalists))
    best_motion, best_jitter = _believed(scores, declared_motion, declared_jitter)
    tells = scores[best_motion, best_jitter] >= _decibels_off(pairs, best_motion, best_jitter) + _TELLS
    if not tells:
        best_motion, best_jitter = declared_motion, declared_jitter
    convention = _joined(best_motion, best_jitter)
    jitter_label = best_jitter.label
    if best_jitter.is_none:
        convention, jitter_label = _without_jitter(pairs, convention)
    best = scores[best_motion, best_jitter]
    standing, moving = _parts(pairs, best_motion, best_jitter)
    return SelfTest(
        Finding(
            "Motion", best_motion.label, best, scores[declared_motion, best_jitter], _still_axes(pairs, best_motion)
        ),
        Finding("Jitter", jitter_label, best, scores[best_motion, declared_jitter], _unjittered_axes(pairs)),
        convention,
        standing,
        moving,
        len(pairs),
        tells,
        _undeclared_jitter(pairs, best_motion, best_jitter) if tells and len(jitters) == 1 else 0.0,
    )


def _believed(
    scores: dict[tuple[Variant, Variant], float], declared_motion: Variant, declared_jitter: Variant
) -> tuple[Variant, Variant]:
    """The best reading, with the declared one in the place of whatever is not clearly better."""
    most = max(scores.values())
    motion, jitter = min(
        (both for both, score in scores.items() if score >= most - _TIE), key=lambda both: both[0].cost + both[1].cost
    )
    if scores[motion, jitter] < scores[declared_motion, jitter] + _CLEARLY:
        motion = declared_motion
    if scores[motion, jitter] < scores[motion, declared_jitter] + _CLEARLY:
        jitter = declared_jitter
    return motion, jitter


def _joined(motion: Variant, jitter: Variant) -> Convention:
    return replace(
        motion.convention,
        jitter_swapped=jitter.convention.jitter_swapped,
        jitter_scale=jitter.convention.jitter_scale,
    )


def _decibels(pairs: Sequence[_Pair], motion: Variant, jitter: Variant) -> float:
    errors = [_kept_mean(_errors(pair, motion, jitter)) for pair in pairs]
    return _in_decibels(float(np.mean(errors)))


def _decibels_off(pairs: Sequence[_Pair], motion: Variant, jitter: Variant) -> float:
    errors = [_kept_mean(_errors(pair, motion, jitter, off)) for pair in pairs for off in _OFF]
    return _in_decibels(float(np.mean(errors)))


def _errors(pair: _Pair, motion: Variant, jitter: Variant, off: Pair = (0.0, 0.0)) -> np.ndarray:
    """Squared colour difference at each pixel, (n,), where the frame before is fetched `off` pixels away."""
    vectors = pair.moved(motion)
    now, before = jitter.convention.jitter(pair.jitter), jitter.convention.jitter(pair.jitter_before)
    x = pair.x + vectors[:, 0] + (now[0] - before[0] + off[0])
    y = pair.y + vectors[:, 1] + (now[1] - before[1] + off[1])
    return np.mean((bilinear_at(pair.before, x, y) - pair.colour) ** 2, -1)


def _undeclared_jitter(pairs: Sequence[_Pair], motion: Variant, none: Variant) -> float:
    """The typical change from frame to frame by which the frames agree clearly better, if it differs between pairs."""
    steps = np.arange(-4, 5) / 4.0
    offsets, gains = [], []
    for pair in (each.thinned(_COARSE_PIXELS) for each in pairs):
        errors = {(x, y): _kept_mean(_errors(pair, motion, none, (x, y))) for x in steps for y in steps}
        best = min(errors, key=errors.__getitem__)
        offsets.append(best)
        gains.append(_in_decibels(errors[best]) - _in_decibels(errors[0.0, 0.0]))
    shaken = float(np.mean(gains)) >= _SHAKEN and float(np.std(offsets, axis=0).max()) >= _TESTABLE
    return float(np.mean(np.abs(offsets))) if shaken else 0.0


def _parts(pairs: Sequence[_Pair], motion: Variant, jitter: Variant) -> tuple[float, float]:
    """dB on the standing and on the moving pixels of all pairs together."""
    errors = np.concatenate([_errors(pair, motion, jitter) for pair in pairs])
    vectors = np.concatenate([pair.moved(motion) for pair in pairs])
    stands = np.hypot(vectors[:, 0], vectors[:, 1]) < _STANDS
    standing, moving = (
        _in_decibels(_kept_mean(part)) if part.size >= _LEAST_PART else math.nan
        for part in (errors[stands], errors[~stands])
    )
    return standing, moving


def _without_jitter(pairs: Sequence[_Pair], convention: Convention) -> tuple[Convention, str]:
    """The frames agree best without regard to jitter: either they are not jittered, or the motion has the jitter's
    change in it. Then its frame-to-frame fluctuation is that of the jitter, which settles the jitter's sign too."""
    changes, motions = [], []
    for first, second in itertools.pairwise(pairs):
        if second.index == first.index + 1:
            steps = [np.subtract(pair.jitter, pair.jitter_before) for pair in (first, second)]
            changes.append(steps[1] - steps[0])
            now, before = (convention.motion(pair.typical, pair.size) for pair in (second, first))
            motions.append(now - before)
    x, y = np.array(changes).reshape(-1, 2), np.array(motions).reshape(-1, 2)
    energy = (x * x).sum(0)
    slope = np.where(energy > 1e-9, (x * y).sum(0) / np.maximum(energy, 1e-9), 0.0)
    if (np.abs(np.abs(slope) - 1.0) < 0.3).all():
        signs = (float(np.sign(slope[0])), float(np.sign(slope[1])))
        jittered = replace(convention, motion_jittered=True, jitter_swapped=False, jitter_scale=signs)
        return jittered, "to be contained in the motion vectors"
    return convention, "not to be in the frames"


def _still_axes(pairs: Sequence[_Pair], motion: Variant) -> tuple[str, ...]:
    vectors = np.abs(np.concatenate([pair.moved(motion) for pair in pairs]))
    return tuple(axis for axis, length in zip("xy", np.percentile(vectors, 95.0, axis=0)) if length < _TESTABLE)


def _unjittered_axes(pairs: Sequence[_Pair]) -> tuple[str, ...]:
    steps = np.abs([np.subtract(pair.jitter, pair.jitter_before) for pair in pairs]).max(0)
    return tuple(axis for axis, length in zip("xy", steps) if length < 1e-6)


def _pairs(source: FrameSource, progress: Callable[[float], None]) -> list[_Pair]:
    pairs: list[_Pair] = []
    trouble: SuperseeError | None = None
    rng = np.random.default_rng(0)
    for run, start in enumerate(_starts(len(source))):
        previous: RecordedFrame | None = None
        for index in range(start, min(start + RUN_LENGTH, len(source))):
            progress(_READING * (run + (index - start) / RUN_LENGTH) / RUNS)
            try:
                frame = source.read(index)
            except SuperseeError as error:
                trouble, previous = error, None
                continue
            if previous is not None and not frame.reset:
                pairs.append(_pair(previous, frame, index, rng))
            previous = frame
    if not pairs:
        raise SuperseeError(
            f"{source.name} cannot be tested",
            str(trouble) if trouble else "it has no two frames in a row without a cut",
            "Record a few frames in a row.",
        )
    return pairs


def _starts(count: int) -> list[int]:
    """Where the runs begin: spread over the sequence, without overlap."""
    last = max(0, count - RUN_LENGTH)
    starts = {round(last * (2 * run + 1) / (2 * RUNS)) for run in range(RUNS)} if last >= RUN_LENGTH else {0}
    return sorted(starts)


def _pair(previous: RecordedFrame, frame: RecordedFrame, index: int, rng: np.random.Generator) -> _Pair:
    colour, before = _compressed(frame), _compressed(previous)
    luma = colour.mean(-1)
    detail = np.abs(np.gradient(luma, axis=0)) + np.abs(np.gradient(luma, axis=1)) if min(luma.shape) > 1 else luma
    candidates = np.flatnonzero(detail >= np.median(detail))
    chosen = rng.choice(candidates, min(PIXELS, candidates.size), replace=False)
    rows, columns = np.divmod(chosen, colour.shape[1])
    motion = frame.motion[rows, columns].astype(np.float32)
    return _Pair(
        x=columns.astype(np.float32),
        y=rows.astype(np.float32),
        colour=colour[rows, columns],
        before=before,
        motion=motion,
        jitter=frame.jitter,
        jitter_before=previous.jitter,
        typical=np.median(frame.motion.reshape(-1, 2), axis=0),
        index=index,
    )


def _compressed(frame: RecordedFrame) -> np.ndarray:
    colour = np.maximum(frame.colour[..., :3].astype(np.float32) * np.float32(frame.exposure), 0.0)
    return colour / (1.0 + colour.max(-1, keepdims=True))


def _kept_mean(errors: np.ndarray) -> float:
    kept = max(1, int(errors.size * _KEPT))
    return float(np.partition(errors, kept - 1)[:kept].mean())


def _in_decibels(error: float) -> float:
    return -10.0 * math.log10(max(error, 1e-10))
