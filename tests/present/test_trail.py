"""A picture is drawn again from its trail: as it was, whatever had happened before."""

import json

import moderngl
import numpy as np
import pytest

from app.commands.headless import read_colour
from app.present.comparison import Comparison
from app.present.recorded import RecordedSource, recorded_scene
from app.present.trail import TRAIL_FRAMES, Trail, TrailFrame, replayed, unpacked
from app.render.live_source import LiveSource
from app.scene.builtin import load_scene
from app.scene.camera import CameraPose
from tests.present.recording_fakes import PaintedRecording

METHODS = ("native", "bilinear", "taau")


def _comparison(gl: moderngl.Context, methods: tuple[str, ...] = METHODS) -> Comparison:
    model = load_scene("court")
    source = LiveSource(gl, model)
    for _ in source.warm_up():
        pass
    return Comparison(gl, source, model, methods=methods, display_size=(96, 54), path=model.camera_paths[0])


def _pictures(comparison: Comparison) -> dict[str, np.ndarray]:
    return {name: read_colour(comparison.runs[name].texture) for name in comparison.shown}


def _again(gl: moderngl.Context, lived: Comparison) -> dict[str, np.ndarray]:
    packed = json.loads(json.dumps(lived.trail.packed()))
    again = _comparison(gl)
    for _ in replayed(again, unpacked(packed), lived.shown):
        pass
    pictures = _pictures(again)
    again.release()
    again.source.release()
    return pictures


def test_a_picture_after_steps_of_any_length_and_a_late_method_is_drawn_again(gl: moderngl.Context) -> None:
    lived = _comparison(gl, ("native", "bilinear"))
    for time in (0.0, 0.031, 0.11, 0.12):
        lived.advance(time)
    lived.methods = METHODS
    for time in (0.2, 0.207, 0.3):
        lived.advance(time)
    lived.lod_bias = -0.5
    lived.advance(0.33)
    before, after = _pictures(lived), _again(gl, lived)
    assert all(np.array_equal(before[name], after[name]) for name in METHODS)
    lived.release()
    lived.source.release()


def test_an_own_camera_a_seek_and_a_method_that_came_while_paused(gl: moderngl.Context) -> None:
    lived = _comparison(gl, ("native", "bilinear"))
    lived.advance(0.0)
    lived.seek(2.0)
    for step in range(3):
        lived.camera = CameraPose((3.0 + 0.1 * step, 2.0, 6.0), (0.0, 1.0, 0.0))
        lived.advance(2.0 + 0.03 * step)
    assert len(lived.trail) == 3  # nothing is kept of what came before history was dropped
    lived.methods = METHODS
    for _ in lived.redo_steps():
        pass
    before, after = _pictures(lived), _again(gl, lived)
    assert all(np.array_equal(before[name], after[name]) for name in METHODS)
    lived.release()
    lived.source.release()


def test_previews_jumps_and_steps_back_in_a_recording(gl: moderngl.Context) -> None:
    recording = PaintedRecording(8)

    def comparison() -> Comparison:
        model = recorded_scene(recording)
        source = RecordedSource(gl, recording)
        return Comparison(gl, source, model, methods=("bilinear", "taau"), path=model.camera_paths[0])

    lived = comparison()
    fps = 30.0
    for frame, how in ((1, {}), (2, {}), (6, {"lead": False}), (6, {}), (5, {"backwards": True}), (7, {})):
        for _ in lived.frame_steps(frame / fps, **how):
            pass
        packed = json.loads(json.dumps(lived.trail.packed()))
        again = comparison()
        for _ in replayed(again, unpacked(packed), lived.shown):
            pass
        for name in lived.shown:
            assert np.array_equal(_pictures(lived)[name], _pictures(again)[name]), (frame, how, name)
        again.release()
        again.source.release()
    lived.release()
    lived.source.release()


def test_a_trail_has_an_end_and_says_so() -> None:
    trail = Trail()
    for index in range(TRAIL_FRAMES):
        trail.add(TrailFrame(index, index / 30, ("taau",)))
    assert trail.whole
    trail.add(TrailFrame(TRAIL_FRAMES, 20.0, ("taau",)))
    assert not trail.whole
    assert len(trail) == TRAIL_FRAMES
    assert unpacked(trail.packed())[0].index == 1
    trail.clear()
    assert trail.whole


@pytest.mark.parametrize("data", [{}, {"frames": []}, {"frames": [{"index": 0}]}, {"frames": [3]}, {"frames": 7}])
def test_what_is_no_trail_is_refused(data: dict) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        unpacked(data)
