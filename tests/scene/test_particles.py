"""Particles: a function of time alone, each followed by its generation."""

import itertools
from dataclasses import replace

import numpy as np

from app.scene.model import Emitter
from app.scene.particles import particles_at

FOUNTAIN = Emitter(
    node=0, count=200, lifetime=2.0, velocity=(0, 4, 0), spread=0.5, gravity=9.8, size=0.1, colour=(5, 4, 3)
)
HERE = np.eye(4)


def test_the_same_time_gives_the_same_particles():
    first, second = particles_at(FOUNTAIN, HERE, 3.21), particles_at(FOUNTAIN, HERE, 3.21)
    assert first.positions.tobytes() == second.positions.tobytes()
    assert first.colours.tobytes() == second.colours.tobytes()


def test_a_particle_flies_smoothly_until_it_is_born_again():
    before, after = (particles_at(FOUNTAIN, HERE, t) for t in (1.0, 1.01))
    same = before.birth == after.birth
    steps = np.linalg.norm(after.positions - before.positions, axis=1)
    assert 0 < (~same).sum() < 10
    assert steps[same].max() < 0.2
    assert (after.birth[~same] == before.birth[~same] + 1).all()


def test_one_lifetime_later_every_slot_holds_another_particle():
    now, later = (particles_at(FOUNTAIN, HERE, t) for t in (1.0, 3.0))
    assert (later.birth == now.birth + 1).all()
    assert not np.allclose(now.positions, later.positions)


def test_paths_are_ballistic():
    straight = replace(FOUNTAIN, spread=0.0)
    state = particles_at(straight, HERE, 5.0)
    # y = v t - g t^2 / 2 has its top at v^2 / 2g
    assert state.positions[:, 1].max() <= 4**2 / (2 * 9.8) + 1e-5
    assert state.positions[:, 1].max() > 0.95 * 4**2 / (2 * 9.8)
    np.testing.assert_array_equal(state.positions[:, 0], 0)


def test_the_emitter_turns_speeds_but_gravity_stays_down():
    sideways = HERE.copy()
    sideways[:3, :3] = 3.0 * np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # y to x, and scaled
    sideways[:3, 3] = (10, 0, 0)
    state = particles_at(replace(FOUNTAIN, spread=0.0), sideways, 1.0)
    assert state.positions[:, 0].max() > 10 + 4 * 1.9
    assert state.positions[:, 1].max() <= 1e-6


def test_births_are_spread_over_the_lifetime():
    births = [particles_at(FOUNTAIN, HERE, t).birth for t in np.linspace(0, 2, 21)]
    reborn = [int((b - a).sum()) for a, b in itertools.pairwise(births)]
    assert sum(reborn) == FOUNTAIN.count
    assert max(reborn) < 30


def test_particles_fade_in_and_out():
    alphas = particles_at(FOUNTAIN, HERE, 0.7).colours[:, 3]
    assert alphas.min() < 0.05
    assert alphas.max() > 0.95
    assert (alphas <= 1.0).all()


def test_seeds_differ_and_no_particles_are_no_trouble():
    other = particles_at(replace(FOUNTAIN, seed=2), HERE, 1.0)
    assert not np.allclose(other.positions, particles_at(FOUNTAIN, HERE, 1.0).positions)
    assert particles_at(replace(FOUNTAIN, count=0), HERE, 1.0).positions.shape == (0, 3)
