"""A recording in a comparison: what is shown at a frame does not depend on how one got there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import moderngl
import numpy as np
import pytest

from app.measure.frame_times import FrameTimes
from app.measure.image_metrics import display_image, psnr
from app.present import recorded
from app.present.comparison import Comparison
from app.present.figures import overlay_content
from app.present.method_run import MethodRun
from app.present.recorded import LEAD, RecordedSource, recorded_scene
from app.present.trail import replayed, unpacked
from tests.present.recording_fakes import PaintedRecording

METHODS = ("bilinear", "taau", "neural")
FRAMES = 100
TOLERANCE_DB = {"bilinear": 100.0, "taau": 28.0, "neural": 50.0}
"""PSNR at least between a frame that was jumped to over LEAD frames and the same frame played from the start."""


@pytest.fixture
def play(gl: moderngl.Context) -> Iterator[Callable[..., Comparison]]:
    made: list[Comparison] = []

    def make(recording: PaintedRecording, methods: tuple[str, ...] = METHODS) -> Comparison:
        model = recorded_scene(recording)
        source = RecordedSource(gl, recording)
        made.append(Comparison(gl, source, model, methods=methods, path=model.camera_paths[0]))
        return made[-1]

    yield make
    for comparison in made:
        comparison.release()
        comparison.source.release()


def show(comparison: Comparison, index: int, **how: bool) -> dict[str, np.ndarray]:
    """Frame `index` as it comes after the one before it in the call; display images by method."""
    for _ in comparison.frame_steps(index / 30.0, **how):
        pass
    assert comparison.recorded is not None
    assert comparison.recorded.index_at(comparison.time) == index
    return pictures(comparison)


def pictures(comparison: Comparison) -> dict[str, np.ndarray]:
    shown = {}
    for pane in comparison.panes():
        assert pane.texture is not None
        width, height = pane.texture.size
        pixels = np.frombuffer(pane.texture.read(alignment=1), np.float16).reshape(height, width, -1)
        shown[pane.method] = display_image(pixels.astype(np.float32))
    return shown


def same(ones: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> None:
    assert set(ones) == set(others)
    for name, picture in ones.items():
        assert np.array_equal(picture, others[name]), name


@pytest.fixture(scope="module")
def played(gl_session: moderngl.Context) -> list[dict[str, np.ndarray]]:
    """Every frame, played from the start."""
    recording = PaintedRecording(FRAMES)
    model = recorded_scene(recording)
    with gl_session:
        comparison = Comparison(
            gl_session, RecordedSource(gl_session, recording), model, methods=METHODS, path=model.camera_paths[0]
        )
        shown = [show(comparison, index) for index in range(FRAMES)]
        comparison.release()
        comparison.source.release()
    return shown


@pytest.mark.parametrize("index", [0, 1, 40, LEAD])
def test_a_jump_near_the_start_is_playing_exactly(play, played, index: int) -> None:
    same(show(play(PaintedRecording(FRAMES)), index), played[index])


def test_a_far_jump_is_playing_within_the_stated_tolerance(play, played) -> None:
    for index in (LEAD + recorded.STRETCH, FRAMES - 1):
        jumped = show(play(PaintedRecording(FRAMES)), index)
        for name, least in TOLERANCE_DB.items():
            assert psnr(jumped[name], played[index][name]) >= least, name


def test_frames_of_a_stretch_are_the_same_pictures_jumped_to_or_stepped_back_to(play) -> None:
    back = play(PaintedRecording(FRAMES))
    assert LEAD + recorded.STRETCH <= 96  # far enough for history to be cut off
    for index in (99, 98, 97):
        stepped = show(back, index, backwards=True)
        same(stepped, show(play(PaintedRecording(FRAMES)), index))


def test_a_picture_that_is_shown_again_tells_how_it_is_drawn(play) -> None:
    """What a screenshot says draws the same picture, wherever one came from."""
    comparison = play(PaintedRecording(FRAMES), ("taau", "neural"))
    for index in (40, 41, 42):
        show(comparison, index, backwards=True)
    for index in (41, 99, 98, 97):
        shown = show(comparison, index, backwards=True)
        frames = unpacked(json.loads(json.dumps(comparison.trail.packed())))
        again = play(PaintedRecording(FRAMES), ("taau", "neural"))
        for _ in replayed(again, frames, ("taau", "neural")):
            pass
        same(pictures(again), shown)


def test_without_leading_frames_a_jump_is_not_playing(play, played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "LEAD", 0)
    jumped = show(play(PaintedRecording(FRAMES)), 3 * recorded.STRETCH)
    for name, least in TOLERANCE_DB.items():
        if name != "bilinear":
            assert psnr(jumped[name], played[3 * recorded.STRETCH][name]) < least - 5.0


def test_a_jump_ahead_goes_on_from_where_history_is(play, played) -> None:
    recording = PaintedRecording(FRAMES)
    comparison = play(recording)
    show(comparison, 3)
    recording.reads.clear()
    same(show(comparison, 20), played[20])
    assert min(recording.reads) >= 4  # not from the start again


def test_a_jump_back_and_a_loop_are_playing(play, played) -> None:
    comparison = play(PaintedRecording(FRAMES))
    for index in (60, 12, 13, 59, 0, 1, 30):
        same(show(comparison, index), played[index])


def test_nothing_before_a_cut_is_played_twice_over(play) -> None:
    recording = PaintedRecording(60, cuts=(30,))
    comparison = play(recording, ("taau",))
    straight = [show(comparison, index) for index in range(60)]
    recording.reads.clear()
    comparison.recorded._ahead._frames.clear()
    same(show(comparison, 35), straight[35])
    assert min(recording.reads) == 30


def test_backwards_shows_the_pictures_of_playing_and_draws_each_stretch_once(play, played, monkeypatch) -> None:
    monkeypatch.setattr(recorded, "STRETCH", 8)
    drawn: list[int] = []
    begin = MethodRun.begin
    monkeypatch.setattr(
        MethodRun, "begin", lambda run, frame, number: (drawn.append(frame.frame_index), begin(run, frame, number))[1]
    )
    comparison = play(PaintedRecording(FRAMES), ("taau", "neural"))
    wanted = [{name: frame[name] for name in ("taau", "neural")} for frame in played]
    for index in range(31, -1, -1):
        same(show(comparison, index, backwards=True), wanted[index])
    # Four stretches, drawn from the start each (nothing is older than LEAD here), by two methods.
    assert len(drawn) == 2 * (8 + 16 + 24 + 32)
    # It turns: what is kept is shown, and where that ends history goes on.
    drawn.clear()
    for index in range(1, 12):
        same(show(comparison, index, backwards=True), wanted[index])
    assert drawn == [index for index in range(8, 12) for _ in range(2)]


def test_playing_on_after_steps_back_does_not_lean_on_kept_pictures(play, played) -> None:
    comparison = play(PaintedRecording(FRAMES))
    for index in (40, 39, 38):
        show(comparison, index, backwards=True)
    for index in (39, 40, 41, 42):
        same(show(comparison, index), played[index])


def test_a_preview_is_drawn_at_once_says_so_and_leaves_no_trace(play, played) -> None:
    recording = PaintedRecording(FRAMES)
    comparison = play(recording)
    preview = show(comparison, 40, lead=False)
    assert "preview: no history yet" in comparison.panes()[1].warning
    assert comparison.panes()[0].warning == ""
    assert not np.array_equal(preview["taau"], played[40]["taau"])
    same({"bilinear": preview["bilinear"]}, {"bilinear": played[40]["bilinear"]})
    same(show(comparison, 41), played[41])
    assert "preview" not in comparison.panes()[1].warning


def test_a_jump_that_is_left_for_another_leaves_no_trace(play, played) -> None:
    comparison = play(PaintedRecording(FRAMES))
    steps = comparison.frame_steps(50 / 30.0)
    while comparison.leading is None or comparison.leading[0] < 20:
        next(steps)
    assert comparison.leading[1] == 50
    steps.close()
    assert comparison.leading is None
    same(show(comparison, 25), played[25])


def test_a_method_that_comes_later_gets_its_history(play, played) -> None:
    comparison = play(PaintedRecording(FRAMES), ("bilinear",))
    for index in range(5, 9):
        show(comparison, index)
    comparison.methods = METHODS
    same(show(comparison, 9), played[9])
    comparison.methods = ("neural",)
    show(comparison, 10)
    comparison.methods = METHODS
    for _ in comparison.redo_steps():  # paused
        pass
    same(pictures(comparison), played[10])


def test_a_missing_frame_is_named_and_playing_goes_on_without_it(play) -> None:
    recording = PaintedRecording(30, missing=(5, 6))
    comparison = play(recording, ("taau", "reference"))
    source = comparison.recorded
    straight = []
    for index in range(12):
        straight.append(show(comparison, index))
        missing = f"frame {index + 1}: The frame {index + 1:06}.exr is missing" if index in (5, 6) else ""
        assert comparison.panes()[0].warning.startswith(missing)
        assert bool(comparison.panes()[0].warning) == (index in (5, 6))
        assert source.reference_there == (index not in (5, 6))
        assert comparison.frame.reset == (index in (0, 5, 6, 7))
    assert set(source.lost) == {5, 6}
    assert straight[5]["taau"].std() < 1e-3
    assert recording.reads.count(4) == 1  # the gap is no reason to play up to it again
    same(show(comparison, 9), straight[9])


def test_leading_frames_are_read_without_their_references(play, monkeypatch) -> None:
    recording = PaintedRecording(FRAMES)
    asked: list[int] = []
    reference = recording.reference
    monkeypatch.setattr(recording, "reference", lambda i, display=None: (asked.append(i), reference(i, display))[1])
    show(play(recording, ("taau", "reference")), 50)
    assert min(asked) == 50


def test_the_recorded_reference_is_named_and_has_no_cost(play) -> None:
    comparison = play(PaintedRecording(3), ("native", "bilinear"))
    show(comparison, 0)
    assert [pane.title for pane in comparison.panes()] == ["Reference, recorded", "Bilinear"]
    assert [pane.detail.endswith(" ms") for pane in comparison.panes()] == [False, True]
    overlay = overlay_content(comparison, FrameTimes().summary(), 180, 0.0)
    assert [times.label for times in overlay.methods] == ["Bilinear"]
    comparison.ratio = 1.5
    show(comparison, 1)
    assert comparison.panes()[0].title == "No reference at this ratio"
