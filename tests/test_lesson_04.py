"""Lesson 04's interactive, and the numbers that its text names, by other ways than the lesson's."""

import numpy as np
import pytest

from trpobook.finite.divergences import kl_categorical
from trpobook.finite.importance import effective_sample_size, trajectory_chi_squared
from trpobook.widgets.lesson_04 import EPISODES, HORIZONS, compute_weights


@pytest.mark.parametrize("log_old,kl", [(-0.3, 0.01), (-1, 0.03), (-3, 0.01)])
def test_the_exact_share_is_that_of_the_chi_squared_of_trajectories(log_old, kl):
    weights = compute_weights(log_old, kl, 100)
    old, new = (np.array([[p, 1 - p]]) for p in (weights.old, weights.new))
    assert kl_categorical(old, new)[0] == pytest.approx(kl, abs=1e-9)
    chi = trajectory_chi_squared(np.ones((1, 2, 1)), old, new, [1.0], int(HORIZONS[-1]))
    np.testing.assert_allclose(weights.exact, -np.log10(1 + chi[HORIZONS]), rtol=1e-9)


def test_the_measured_share_follows_the_exact_one_while_it_is_large_and_never_falls_below_one_episode():
    weights = compute_weights(-0.3, 0.01, 100)
    assert np.abs(weights.measured - weights.exact)[HORIZONS <= 60].max() < 0.1
    assert np.all(weights.measured >= -np.log10(EPISODES) - 1e-9)
    assert weights.measured[-1] > weights.exact[-1] + 1


def test_the_heaviest_episodes_carry_what_their_weights_say():
    weights = compute_weights(-0.3, 0.01, 300)
    each = np.diff(weights.shares, prepend=0)
    assert np.all(np.diff(each) <= 1e-12) and weights.shares[-1] == pytest.approx(1)
    here = np.searchsorted(HORIZONS, 300)
    assert effective_sample_size(each) / EPISODES == pytest.approx(10 ** weights.measured[here])


def test_a_tenth_is_left_after_the_lessons_117_steps():
    chi = 10 ** -compute_weights(-0.3, 0.01, 100).exact[0]
    assert chi ** (117 / 10) == pytest.approx(10, rel=0.01)


def test_a_gaussian_sample_at_three_sigma_has_its_steepest_gradient_at_two_sigma():
    shift = np.linspace(0, 3, 3001)
    gradient = 5 * np.exp(3 * shift - shift**2 / 2) * (3 - shift)
    assert shift[gradient.argmax()] == pytest.approx(2)
    assert gradient[0] == pytest.approx(15) and gradient.max() == pytest.approx(5 * np.exp(4))
