"""Camera paths: smooth within a shot, cut between shots, looping."""

import itertools
import math

import numpy as np
import pytest

from app.scene.camera import CameraPath, CameraPose, Shot
from app.scene.camera_path import cut_between, pose_at


def pose(x, fov=0.8, near=0.1, roll=0.0):
    return CameraPose((x, 0.0, 0.0), (x, 0.0, -1.0), fov, near, roll)


def shot(*keys):
    return Shot(tuple((float(t), pose(x)) for t, x in keys))


TWO_SHOTS = CameraPath("two", (shot((0, 0), (1, 2), (3, 3)), shot((0, 100), (2, 110))))
LOOP = CameraPath("loop", (shot((0, 0), (1, 5), (2, 0), (3, -5), (4, 0)),), closed=True)


def x_at(path, time):
    return pose_at(path, time).position[0]


@pytest.mark.parametrize(("time", "x"), [(0, 0), (1, 2), (3, 100), (3 - 1e-12, 3), (5 - 1e-12, 110), (5, 0), (8, 100)])
def test_the_path_passes_through_its_keys_and_loops(time, x):
    assert x_at(TWO_SHOTS, time) == pytest.approx(x, abs=1e-6)


def test_times_before_zero_loop_too():
    assert x_at(TWO_SHOTS, -4.0) == pytest.approx(x_at(TWO_SHOTS, 1.0))


def test_a_shot_has_no_kink_at_its_keys():
    step = 1e-5
    before = (x_at(TWO_SHOTS, 1.0) - x_at(TWO_SHOTS, 1.0 - step)) / step
    after = (x_at(TWO_SHOTS, 1.0 + step) - x_at(TWO_SHOTS, 1.0)) / step
    assert before == pytest.approx(after, abs=1e-3)
    assert after > 0.5


def test_two_keys_make_even_speed():
    xs = [x_at(TWO_SHOTS, 3 + t) for t in (0, 0.5, 1.0, 1.5)]
    assert xs == pytest.approx([100, 102.5, 105, 107.5])


def test_uneven_keys_of_an_even_motion_stay_even():
    path = CameraPath("even", (shot((0, 0), (1, 10), (4, 40), (4.5, 45)),))
    for time in np.linspace(0, 4.4, 23):
        assert x_at(path, float(time)) == pytest.approx(10 * time)


def test_a_closed_path_is_smooth_where_it_closes():
    step = 1e-5
    before = (x_at(LOOP, 4.0) - x_at(LOOP, 4.0 - step)) / step
    after = (x_at(LOOP, 4.0 + step) - x_at(LOOP, 4.0)) / step
    assert before == pytest.approx(after, abs=1e-3)
    assert after == pytest.approx(5.0, abs=1e-3)


def test_lens_near_plane_and_roll_are_interpolated_within_their_bounds():
    keys = ((0.0, pose(0, 0.4, 0.01, 0.0)), (1.0, pose(0, 1.2, 1.0, math.pi)))
    middle = pose_at(CameraPath("zoom", (Shot(keys),)), 0.5)
    assert 0.4 < middle.fov_y < 1.2
    assert middle.near == pytest.approx(0.1)
    assert middle.roll == pytest.approx(math.pi / 2)


@pytest.mark.parametrize(
    ("path", "t0", "t1", "cut"),
    [
        (TWO_SHOTS, 0.0, 2.99, False),
        (TWO_SHOTS, 2.99, 3.0, True),
        (TWO_SHOTS, 3.0, 4.99, False),
        (TWO_SHOTS, 4.99, 5.0, True),  # the loop
        (TWO_SHOTS, 3.5, 2.5, True),  # backwards
        (TWO_SHOTS, 1.0, 6.0, True),  # a whole loop further, in the same shot
        (TWO_SHOTS, 2.0, 2.0, False),
        (LOOP, 3.9, 4.1, False),
        (LOOP, 0.0, 13.0, False),
        (CameraPath("open", LOOP.shots), 3.9, 4.1, True),
        (CameraPath("closed", TWO_SHOTS.shots, closed=True), 4.9, 5.1, False),
        (CameraPath("closed", TWO_SHOTS.shots, closed=True), 2.9, 3.1, True),
        (CameraPath("still", (shot((0, 1)),)), 0.0, 100.0, False),
    ],
)
def test_cuts_lie_between_shots_and_at_the_loop(path, t0, t1, cut):
    assert cut_between(path, t0, t1) is cut


def test_stepping_in_frames_meets_every_cut_once():
    times = [i / 30 for i in range(30 * 10 + 1)]
    cuts = [t1 for t0, t1 in itertools.pairwise(times) if cut_between(TWO_SHOTS, t0, t1)]
    assert cuts == pytest.approx([3.0, 5.0, 8.0, 10.0])


def test_a_single_key_stands_still():
    path = CameraPath("still", (shot((0, 7)),))
    assert pose_at(path, 12.3) == pose(7)


def test_a_single_late_key_holds_until_the_next_shot():
    path = CameraPath("hold", (shot((2, 7)), shot((0, 1), (1, 2))))
    assert [x_at(path, t) for t in (0.0, 1.99, 2.0, 3.0)] == pytest.approx([7, 7, 1, 7])
