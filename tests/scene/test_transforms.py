"""Translation, rotation, scale: matrices and back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.scene.transforms import decomposed, slerp, trs_matrices, unit_quaternions

numbers = st.floats(-1, 1, allow_nan=False)
quaternions = st.tuples(numbers, numbers, numbers, numbers).filter(lambda q: np.linalg.norm(q) > 0.1)


def rotation_about_y(angle):
    return np.array([0.0, np.sin(angle / 2), 0.0, np.cos(angle / 2)])


def one(translation=(0, 0, 0), rotation=(0, 0, 0, 1), scale=(1, 1, 1)):
    rows = (np.array([v], float) for v in (translation, rotation, scale))
    return trs_matrices(*rows)[0]


def test_scale_comes_first_then_rotation_then_translation():
    matrix = one((10, 0, 0), rotation_about_y(np.pi / 2), (2, 1, 1))
    np.testing.assert_allclose(matrix @ (1, 0, 0, 1), (10, 0, -2, 1), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(quaternions, st.tuples(*[st.floats(0.2, 3)] * 3), st.booleans())
def test_a_matrix_taken_apart_and_put_together_is_itself(rotation, scale, mirrored):
    rotation = unit_quaternions(np.array([rotation]))[0]
    matrix = one((1, 2, 3), rotation, scale if not mirrored else (-scale[0], *scale[1:]))
    translation, back, scales = decomposed(matrix)
    np.testing.assert_allclose(one(translation, back, scales), matrix, atol=1e-9)


def test_slerp_turns_at_even_speed():
    a, b = rotation_about_y(0.2)[None], rotation_about_y(1.4)[None]
    for t in (0.0, 0.25, 0.5, 1.0):
        np.testing.assert_allclose(slerp(a, b, t)[0], rotation_about_y(0.2 + 1.2 * t), atol=1e-9)


def test_slerp_takes_the_short_way():
    a, b = rotation_about_y(0.0)[None], -rotation_about_y(0.5)[None]
    np.testing.assert_allclose(np.abs(slerp(a, b, 0.5)[0]), np.abs(rotation_about_y(0.25)), atol=1e-9)


def test_slerp_between_equal_rotations_is_steady():
    a = rotation_about_y(1.0)[None]
    np.testing.assert_allclose(slerp(a, a, 0.3), a, atol=1e-12)
