"""Wrong conventions, put into a sequence that is known to be right, are found, named and undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import pytest

from app.conventions import Size
from app.errors import SuperseeError
from app.sequence.convention import AS_DECLARED, Convention, CorrectedSource
from app.sequence.discover import open_sequence
from app.sequence.selftest import self_test
from app.sequence.source import FrameSource, RecordedFrame
from tests.sequence import wall

W, H = wall.SIZE


class Altered:
    """A source in memory with its frames changed."""

    def __init__(self, source: FrameSource, frames: list[RecordedFrame]) -> None:
        self.name, self.fps, self.notes = source.name, source.fps, source.notes
        self.render_size, self.display_size = source.render_size, source.display_size
        self.reference_sizes: tuple[Size, ...] = ()
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, index: int) -> RecordedFrame:
        return self._frames[index]

    def reference(self, index: int, display: Size | None = None) -> np.ndarray:
        raise SuperseeError("no reference")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Altered:
    source = open_sequence(wall.write_blender_layers(tmp_path_factory.mktemp("wall") / "shot"))
    return Altered(source, [source.read(index) for index in range(len(source))])


def wrong(good: Altered, motion: tuple[float, float] = (1, 1), jitter: tuple[float, float] = (1, 1)) -> Altered:
    frames = [good.read(index) for index in range(len(good))]
    scale = np.array(motion, np.float32)
    return Altered(
        good,
        [
            replace(each, motion=each.motion * scale, jitter=(each.jitter[0] * jitter[0], each.jitter[1] * jitter[1]))
            for each in frames
        ],
    )


MOTIONS = {
    "flipped in y": (1, -1),
    "flipped in x": (-1, 1),
    "to point the other way": (-1, -1),
    "to be a fraction of the screen": (1 / W, 1 / H),
    "to be in clip space and flipped in y": (2 / W, -2 / H),
    "half as long as it should be": (0.5, 0.5),
    "twice as long as it should be": (2, 2),
    "to be in pixels already and to point the other way": (-W, -H),
}
JITTERS = {
    "flipped in y": (1, -1),
    "flipped in x": (-1, 1),
    "to point the other way": (-1, -1),
    "to be a fraction of the screen": (1 / W, 1 / H),
    "twice as long as it should be": (2, 2),
}


def test_a_good_sequence_fits_as_declared(good: Altered) -> None:
    test = self_test(good)
    assert test.fits
    assert test.convention == AS_DECLARED
    assert str(test.motion).startswith("Motion fits as declared")


@pytest.mark.parametrize("label", MOTIONS)
def test_wrong_motion_is_found_and_undone(good: Altered, label: str) -> None:
    injected = wrong(good, motion=MOTIONS[label])
    test = self_test(injected)
    assert test.motion.label == label
    assert test.jitter.fits
    assert test.motion.best > test.motion.declared + 3.0
    corrected = CorrectedSource(injected, test.convention)
    assert corrected.read(4).motion == pytest.approx(good.read(4).motion, abs=1e-4)


@pytest.mark.parametrize("label", JITTERS)
def test_wrong_jitter_is_found_and_undone(good: Altered, label: str) -> None:
    injected = wrong(good, jitter=JITTERS[label])
    test = self_test(injected)
    assert test.jitter.label == label
    assert test.motion.fits
    corrected = CorrectedSource(injected, test.convention)
    assert corrected.read(4).jitter == pytest.approx(good.read(4).jitter)


def test_both_wrong_at_once(good: Altered) -> None:
    test = self_test(wrong(good, motion=(-1, 1), jitter=(1, -1)))
    assert (test.motion.label, test.jitter.label) == ("flipped in x", "flipped in y")
    assert test.label == "motion flipped in x, jitter flipped in y"
    assert self_test(CorrectedSource(wrong(good, motion=(-1, 1), jitter=(1, -1)), test.convention)).fits
    assert str(test.motion).startswith("Motion looks flipped in x: ")


def test_exchanged_axes(good: Altered) -> None:
    frames = [good.read(index) for index in range(len(good))]
    test = self_test(Altered(good, [replace(f, motion=f.motion[..., ::-1], jitter=f.jitter[::-1]) for f in frames]))
    assert test.motion.label == test.jitter.label == "to have x and y exchanged"


def test_motion_that_contains_the_jitter_is_told_from_frames_without_it(good: Altered) -> None:
    frames = [good.read(index) for index in range(len(good))]
    steps = [np.subtract(b.jitter, a.jitter).astype(np.float32) for a, b in zip([frames[0], *frames], frames)]
    test = self_test(Altered(good, [replace(f, motion=f.motion + step) for f, step in zip(frames, steps)]))
    assert test.jitter.label == "to be contained in the motion vectors"
    assert test.convention == Convention(motion_jittered=True)
    corrected = CorrectedSource(
        Altered(good, [replace(f, motion=f.motion + step) for f, step in zip(frames, steps)]), test.convention
    )
    assert corrected.read(5).motion == pytest.approx(good.read(5).motion, abs=1e-5)


def test_declared_jitter_that_the_frames_do_not_have(good: Altered) -> None:
    """Frames that stand quite still, whatever jitter is declared."""
    first = good.read(1)
    still = [
        replace(first, motion=np.zeros_like(first.motion), jitter=wall.jitter_of(index), reset=index == 0)
        for index in range(6)
    ]
    test = self_test(Altered(good, still))
    assert test.jitter.label == "not to be in the frames"
    assert test.convention.jitter((0.25, -0.25)) == (0.0, 0.0)
    assert test.motion.untested == ("x", "y")
    assert str(test.motion).startswith("Motion: there is none to test")


def test_jitter_that_nobody_declared_is_noticed(good: Altered) -> None:
    frames = [good.read(index) for index in range(len(good))]
    silent = self_test(Altered(good, [replace(frame, jitter=(0.0, 0.0)) for frame in frames]))
    steps = np.abs(np.diff([frame.jitter for frame in frames], axis=0)).mean()
    assert silent.undeclared_jitter == pytest.approx(steps, abs=0.15)
    assert self_test(good).undeclared_jitter == 0.0


def test_frames_without_jitter_are_left_alone(good: Altered) -> None:
    still = [replace(good.read(1), motion=np.zeros((H, W, 2), np.float32), jitter=(0.0, 0.0)) for _ in range(6)]
    assert self_test(Altered(good, still)).undeclared_jitter == 0.0


def test_nothing_is_believed_on_noise(good: Altered) -> None:
    rng = np.random.default_rng(3)
    noise = [replace(good.read(i), colour=rng.random((H, W, 4)).astype(np.float16)) for i in range(len(good))]
    test = self_test(Altered(good, noise))
    assert not test.tells
    assert not test.fits
    assert test.convention == AS_DECLARED


def test_missing_frames_are_stepped_over_and_too_few_refused(good: Altered, tmp_path: Path) -> None:
    folder = wall.write_blender_layers(tmp_path / "shot")
    (folder / "0003.exr").unlink()
    assert self_test(open_sequence(folder)).fits
    with pytest.raises(SuperseeError, match="cannot be tested"):
        self_test(Altered(good, [good.read(0)]))


def test_the_live_renderer_fits_as_declared(gl: moderngl.Context) -> None:
    from app.scene.builtin import load_scene
    from app.sequence.live_frames import LiveFrames

    frames = LiveFrames(gl, load_scene("arcade"), "arcade", (256, 144), 2.0, 12)
    try:
        test = self_test(frames)
        forward = [frames.read(index).motion for index in (5, 6)]
        again = frames.read(6).motion
    finally:
        frames.release()
    assert test.fits, test.label
    assert np.array_equal(again, forward[1]), "a frame does not depend on how one got there"
