"""Cameras that a person steers."""

import math

import numpy as np
import pytest

from app.scene.camera import CameraPose, projection_matrix, view_matrix
from app.scene.orbit import FlyCamera, OrbitCamera

POSE = CameraPose((3.0, 4.0, 12.0), (0.0, 1.0, 0.0), 0.8, 0.1)


def settle(camera):
    for _ in range(200):
        camera.advance(1 / 30)
    assert camera.settled


def screen_y_up(pose, point):
    clip = projection_matrix(pose.fov_y, 1.0, pose.near) @ view_matrix(pose) @ (*point, 1.0)
    return clip[0] / clip[3], -clip[1] / clip[3]  # the projection flips y


def test_orbit_starts_where_the_pose_is():
    camera = OrbitCamera.from_pose(POSE)
    assert camera.settled
    assert camera.pose.position == pytest.approx(POSE.position)
    assert camera.pose.target == pytest.approx(POSE.target)
    assert (camera.pose.fov_y, camera.pose.near) == (POSE.fov_y, POSE.near)


def test_orbiting_keeps_distance_and_target():
    camera = OrbitCamera.from_pose(POSE)
    camera.orbit(0.3, 0.1)
    settle(camera)
    assert camera.pose.target == pytest.approx(POSE.target)
    assert math.dist(camera.pose.position, POSE.target) == pytest.approx(math.dist(POSE.position, POSE.target))
    assert camera.pose.position != pytest.approx(POSE.position)


def test_dragging_right_turns_the_scene_right():
    camera = OrbitCamera.from_pose(POSE)
    towards_us = np.array(POSE.target) + (np.array(POSE.position) - POSE.target) * 0.1
    camera.orbit(0.1, 0.0)
    settle(camera)
    assert screen_y_up(camera.pose, towards_us)[0] > 0.0


def test_the_poles_are_never_reached():
    camera = OrbitCamera.from_pose(POSE)
    for dy in (50.0, -100.0):
        camera.orbit(0.0, dy)
        settle(camera)
        offset = np.subtract(camera.pose.position, camera.pose.target)
        assert abs(offset[1]) / np.linalg.norm(offset) < 0.9999
        assert np.isfinite(view_matrix(camera.pose)).all()


def test_panning_keeps_the_point_under_the_hand():
    camera = OrbitCamera.from_pose(POSE)
    camera.pan(0.25, -0.1)  # of the view's height, which is 2 in device coordinates
    settle(camera)
    assert screen_y_up(camera.pose, POSE.target) == pytest.approx((0.5, 0.2))


def test_each_wheel_step_takes_a_tenth_of_the_distance():
    camera = OrbitCamera.from_pose(POSE)
    before = camera.distance
    camera.dolly(2)
    settle(camera)
    assert camera.distance == pytest.approx(before * 0.81)
    camera.dolly(1000)
    settle(camera)
    assert camera.distance > 0


def test_damping_feels_the_same_at_any_frame_rate():
    slow, fast = OrbitCamera.from_pose(POSE), OrbitCamera.from_pose(POSE)
    for camera, frames in ((slow, 3), (fast, 30)):
        camera.orbit(0.2, 0.05)
        for _ in range(frames):
            camera.advance(0.1 / frames)
    assert slow.pose.position == pytest.approx(fast.pose.position)
    assert not slow.settled


def test_flying_starts_where_the_pose_is_and_looks_the_same_way():
    camera = FlyCamera.from_pose(POSE)
    ahead = np.subtract(POSE.target, POSE.position)
    assert camera.pose.position == pytest.approx(POSE.position)
    assert np.subtract(camera.pose.target, camera.pose.position) == pytest.approx(ahead / np.linalg.norm(ahead))


@pytest.mark.parametrize(
    ("keys", "direction"), [((0, 0, 1), (0, 0, -1)), ((1, 0, 0), (1, 0, 0)), ((0, 1, 0), (0, 1, 0))]
)
def test_keys_move_along_the_camera_s_axes_at_its_speed(keys, direction):
    camera = FlyCamera(speed=3.0, damping=0.0)
    camera.walk(*keys)
    camera.advance(0.5)
    assert camera.position == pytest.approx(np.multiply(direction, 1.5))


def test_two_keys_at_once_are_not_faster():
    camera = FlyCamera(speed=3.0, damping=0.0)
    camera.walk(1, 0, 1)
    camera.advance(1.0)
    assert np.linalg.norm(camera.position) == pytest.approx(3.0)


def test_letting_go_comes_to_rest_after_the_same_way_at_any_frame_rate():
    ends = []
    for frames in (20, 200):
        camera = FlyCamera(speed=2.0)
        camera.walk(0, 0, 1)
        for _ in range(frames):
            camera.advance(1.0 / frames)
        camera.walk(0, 0, 0)
        for _ in range(3 * frames):
            camera.advance(1.0 / frames)
        assert camera.settled
        ends.append(camera.position)
    assert ends[0] == pytest.approx(ends[1], abs=1e-3)
    assert ends[0][2] == pytest.approx(-2.0, abs=1e-3)


def test_mouse_to_the_right_looks_right_and_down_looks_down():
    camera = FlyCamera()
    camera.look(0.1, 0.1)
    ahead = np.subtract(camera.pose.target, camera.pose.position)
    assert ahead[0] > 0.05
    assert ahead[1] < -0.05
