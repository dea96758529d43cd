"""Lesson 04's interactive, and the numbers that its text names, by other ways than the lesson's."""

import numpy as np
import pytest

from trpobook.finite import bounds
from trpobook.finite.divergences import kl_categorical, trajectory_kl
from trpobook.finite.importance import effective_sample_size, trajectory_chi_squared
from trpobook.finite.mdp import gridworld, optimal_policy
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


def test_the_answers_below_the_sliders_are_what_they_show():
    plain, small, rare = (compute_weights(*sliders, 100) for sliders in ((-0.3, 0.01), (-0.3, 0.001), (-3, 0.01)))
    late = HORIZONS > 200
    assert np.all(plain.measured[late] > plain.exact[late])
    assert 10 ** small.exact[-1] == pytest.approx(0.37, abs=0.01)
    assert 10 ** plain.exact[np.searchsorted(HORIZONS, 100)] == pytest.approx(np.exp(-2), abs=0.01)
    assert rare.chi_squared == pytest.approx(0.157, abs=5e-4)
    assert np.all(rare.measured[HORIZONS >= 50] > rare.exact[HORIZONS >= 50] + 1)


def test_the_bound_by_the_kl_of_trajectories_is_met_when_an_action_is_dropped():
    rng = np.random.default_rng(0)
    transition, start = rng.dirichlet(np.ones(4), size=(4, 3)), rng.dirichlet(np.ones(4))
    old, new = np.full((4, 3), 1 / 3), np.tile([0.5, 0.5, 0.0], (4, 1))
    moments = 1 + trajectory_chi_squared(transition, old, new, start, 8)
    for steps in range(9):
        assert np.exp(trajectory_kl(transition, new, old, start, steps)) == pytest.approx(1.5**steps)
        assert moments[steps] == pytest.approx(1.5**steps)


def test_the_greedy_policy_of_the_random_walk_stays_at_the_start_while_a_gain_beyond_the_optimum_is_promised():
    grid, walk = gridworld(), np.full((25, 4), 0.25)
    greedy = np.eye(4)[grid.action_value(walk).argmax(axis=1)]
    visits = grid.visitation(greedy)
    assert visits[grid.start == 1] == pytest.approx(visits.sum())
    best = grid.expected_return(optimal_policy(grid)) - grid.expected_return(walk)
    assert bounds.surrogate(grid, walk, greedy) > 1.1 * best
