from __future__ import annotations

import moderngl
import pytest

from app.measure.stage_clock import QueryClock, SoftwareClock, make_clock
from app.render.fullscreen import FullscreenPass
from app.render.gl_context import is_software
from tests.upscale.frames import texture


class Work:
    """A drawing heavy enough to be measured."""

    def __init__(self, gl: moderngl.Context) -> None:
        import numpy as np

        self._pass = FullscreenPass(gl, "upscale/bilinear.frag")
        self._image = texture(gl, np.ones((64, 64, 4)), "f2")
        self._target = gl.framebuffer([gl.texture((512, 512), 4, dtype="f2")])

    def __call__(self, times: int = 1) -> None:
        for _ in range(times):
            self._pass.draw(self._target, {"colour": self._image}, renderPerDisplay=(0.125, 0.125), jitter=(0.0, 0.0))


def test_a_software_renderer_gets_the_clock_that_says_so(gl: moderngl.Context) -> None:
    clock = make_clock(gl)
    assert clock.software == is_software(gl)


def test_a_stage_is_charged_for_its_own_work_only(gl: moderngl.Context) -> None:
    clock, work = SoftwareClock(gl), Work(gl)
    work()
    with clock.stage("pre"):
        work()
    work(8)  # outside of every stage, and still under way when the next one begins
    with clock.stage("post"):
        pass
    taken = clock.take()
    assert set(taken) == {"pre", "post"}
    assert taken["pre"] > 4 * taken["post"]


def test_spans_of_one_name_add_up_and_are_taken_once(gl: moderngl.Context) -> None:
    clock = SoftwareClock(gl)
    clock.add("network", 3.0)
    clock.add("network", 4.0)
    assert clock.take() == {"network": 7.0}
    assert clock.take() == {}


def test_a_failing_stage_leaves_the_clock_usable(gl: moderngl.Context) -> None:
    for clock in (SoftwareClock(gl), QueryClock(gl)):
        with pytest.raises(ZeroDivisionError), clock.stage("pre"):
            raise ZeroDivisionError
        with clock.stage("post"):
            pass


def test_timer_queries_answer_late_in_order_and_are_used_again(
    gl: moderngl.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    original = moderngl.Context.query
    monkeypatch.setattr(moderngl.Context, "query", lambda *a, **o: made.append(1) or original(*a, **o))
    clock, answers = QueryClock(gl), []
    for index in range(40):
        with clock.stage("pre"):
            pass
        with clock.stage("post"):
            pass
        clock.add("network", float(index))
        answers.append(clock.take())
    assert answers[:4] == [{}] * 4, "nothing is waited for"
    assert [answer["network"] for answer in answers[4:]] == [float(index) for index in range(36)]
    assert all(answer["pre"] >= 0 and answer["post"] >= 0 for answer in answers[4:])
    assert len(made) <= 10, "the pool does not grow"
