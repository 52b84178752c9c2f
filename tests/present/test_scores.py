"""The figures under the timeline: the same as the reports', for every frame that was shown, and only for those."""

from __future__ import annotations

import time
from collections.abc import Iterator

import moderngl
import numpy as np
import pytest

from app.errors import SuperseeError
from app.measure.image_metrics import display_image, flip, psnr
from app.present.comparison import Comparison
from app.present.flip_process import FlipProcess
from app.present.recorded import RecordedSource, recorded_scene
from app.present.scorer import Scorer, score_key
from app.present.scores import Scores
from tests.present.recording_fakes import PaintedRecording

METHODS = ("bilinear", "taau", "reference")


@pytest.fixture
def scored(gl: moderngl.Context) -> Iterator[tuple[Comparison, Scorer]]:
    """37x21 to 74x42: blocks of the sum do not come out even. The third frame is missing."""
    recording = PaintedRecording(8, (37, 21), missing=(2,))
    model = recorded_scene(recording)
    comparison = Comparison(gl, RecordedSource(gl, recording), model, methods=METHODS, path=model.camera_paths[0])
    scorer = Scorer(gl, Scores(8))
    yield comparison, scorer
    scorer.release()
    comparison.release()
    comparison.source.release()


def show(comparison: Comparison, index: int, lead: bool = True) -> None:
    for _ in comparison.frame_steps(index / 30.0, lead=lead):
        pass


def linear(texture: moderngl.Texture | None) -> np.ndarray:
    assert texture is not None
    width, height = texture.size
    return np.frombuffer(texture.read(alignment=1), np.float16).reshape(height, width, -1)[..., :3].astype(np.float32)


def measured(comparison: Comparison, measure) -> dict[str, float]:
    """By the code that makes the reports."""
    *upscaled, reference = (display_image(linear(pane.texture), 1.0) for pane in comparison.panes())
    return {name: measure(picture, reference) for name, picture in zip(METHODS, upscaled)}


def test_psnr_is_the_reports(scored: tuple[Comparison, Scorer]) -> None:
    comparison, scorer = scored
    for index in (0, 1, 5):
        show(comparison, index)
        scorer.look(comparison)
        scorer.collect()
        for name, value in measured(comparison, psnr).items():
            key = score_key(comparison.runs[name], comparison)
            assert scorer.scores.at("psnr", key, index) == pytest.approx(value, abs=2e-3)
    assert scorer.scores.at("psnr", score_key(comparison.runs["taau"], comparison), 3) is None


def test_flip_is_the_reports_and_is_measured_elsewhere(scored: tuple[Comparison, Scorer]) -> None:
    comparison, scorer = scored
    scorer.metric = "flip"
    show(comparison, 1)
    scorer.look(comparison)
    assert scorer.busy
    expected = measured(comparison, flip)
    show(comparison, 3)
    scorer.look(comparison)  # left out: it is busy
    until = time.monotonic() + 30
    while scorer.busy and time.monotonic() < until:
        scorer.collect()
        time.sleep(0.01)
    assert scorer.note == ""
    for name, value in expected.items():
        key = score_key(comparison.runs[name], comparison)
        assert scorer.scores.at("flip", key, 1) == pytest.approx(value, abs=1e-4)
        assert scorer.scores.at("flip", key, 3) is None


def test_what_is_missing_or_a_preview_is_not_measured(scored: tuple[Comparison, Scorer]) -> None:
    comparison, scorer = scored
    for index, lead in ((2, True), (6, False)):
        show(comparison, index, lead)
        scorer.look(comparison)
        scorer.collect()
        assert scorer.scores.at("psnr", score_key(comparison.runs["taau"], comparison), index) is None
    assert scorer.scores.at("psnr", score_key(comparison.runs["bilinear"], comparison), 6) is not None
    show(comparison, 6)
    scorer.look(comparison)
    scorer.collect()
    assert scorer.scores.at("psnr", score_key(comparison.runs["taau"], comparison), 6) is not None


def test_a_frame_is_measured_once_and_another_size_is_another_curve(scored: tuple[Comparison, Scorer]) -> None:
    comparison, scorer = scored
    for _ in range(3):
        show(comparison, 1)
        scorer.look(comparison)
        scorer.collect()
    assert scorer.scores.changes == 2
    before = score_key(comparison.runs["taau"], comparison)
    comparison.ratio = 1.5
    assert score_key(comparison.runs["taau"], comparison) != before
    show(comparison, 1)
    scorer.look(comparison)  # there is no reference at this ratio
    scorer.collect()
    assert scorer.scores.changes == 2


def test_worst_frame_goes_by_what_the_metric_means() -> None:
    scores = Scores(6)
    assert scores.worst("psnr", "taau", 0, 5) is None
    for index, value in ((1, 30.0), (2, 20.0), (4, 25.0)):
        scores.put("psnr", "taau", index, value)
        scores.put("flip", "taau", index, value / 100.0)
    assert scores.worst("psnr", "taau", 0, 5) == 2
    assert scores.worst("psnr", "taau", 3, 5) == 4
    assert scores.worst("flip", "taau", 0, 5) == 1
    assert scores.worst("psnr", "neural", 0, 5) is None
    assert scores.measured("psnr", ["taau"], 0, 5) == 3
    scores.put("psnr", "neural", 1, 31.0)
    assert scores.measured("psnr", ["taau", "neural"], 0, 5) == 1
    assert scores.measured("psnr", [], 0, 5) == 0


def test_flip_that_cannot_be_had_is_said_and_stops_nothing(scored, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, scorer = scored
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    scorer.metric = "flip"
    show(comparison, 1)
    scorer.look(comparison)
    until = time.monotonic() + 10
    while scorer.busy and time.monotonic() < until:
        scorer.collect()
        time.sleep(0.01)
    assert "FLIP cannot be measured" in scorer.note
    scorer.look(comparison)
    assert not scorer.busy


def test_images_that_cannot_be_compared_are_an_error_and_the_process_goes_on() -> None:
    process = FlipProcess()
    good = np.zeros((8, 8, 3), np.float16)
    with pytest.raises(SuperseeError, match="FLIP cannot be measured"):
        process.submit(np.zeros((8, 8, 1), np.float16), np.zeros((8, 8, 1), np.float16), 1.0).result(30)
    assert process.submit(good, good, 1.0).result(30) == 0.0
    process.close()
