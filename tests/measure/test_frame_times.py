from __future__ import annotations

import math

import numpy as np
import pytest

from app.measure.frame_times import FrameTimes


def test_figures_of_a_hundred_known_frames() -> None:
    times = FrameTimes(window=200, warm_up=0)
    for value in np.random.default_rng(0).permutation(np.arange(1.0, 101.0)):
        times.add(value)
    figures = times.summary()
    assert figures.count == 100
    assert figures.p50 == pytest.approx(50.5)
    assert figures.p95 == pytest.approx(95.05)
    assert figures.p99 == pytest.approx(99.01)
    assert figures.low_fps == pytest.approx(10.0), "the slowest 1 % is the one frame of 100 ms"


def test_the_one_percent_low_is_a_mean_of_the_slowest_frames() -> None:
    times = FrameTimes(window=300, warm_up=0)
    for value in [10.0] * 297 + [100.0, 50.0, 150.0]:
        times.add(value)
    assert times.summary().low_fps == pytest.approx(1000.0 / 100.0)


def test_warm_up_is_dropped_again_after_a_restart() -> None:
    times = FrameTimes(window=10, warm_up=3)
    for _ in range(2):
        for value in (500.0, 400.0, 300.0, 8.0, 9.0):
            times.add(value)
        assert times.series().tolist() == [8.0, 9.0]
        assert times.summary().p99 < 10
        times.restart()
        assert times.count == 0


def test_the_window_forgets_what_is_old_and_keeps_the_order() -> None:
    times = FrameTimes(window=4, warm_up=1)
    for value in range(10):
        times.add(float(value))
    assert times.series().tolist() == [6.0, 7.0, 8.0, 9.0]
    assert times.summary().count == 4


def test_stages_are_medians_of_the_frames_that_had_them() -> None:
    times = FrameTimes(window=8, warm_up=0)
    times.add(10.0, {"render": 4.0, "post": 1.0})
    times.add(10.0, {"render": 6.0})
    times.add(10.0, {"render": 50.0, "post": 2.0})
    assert times.summary().stages == {"render": 6.0, "post": 1.5}


def test_without_frames_there_are_no_figures() -> None:
    figures = FrameTimes().summary()
    assert figures.count == 0
    assert math.isnan(figures.p50)
    assert figures.stages == {}
