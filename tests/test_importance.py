"""Importance weights against enumeration, closed forms and the identities of lesson 04."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trpobook.finite import importance
from trpobook.finite.divergences import chi_squared, trajectory_kl
from trpobook.finite.mdp import random_mdp, random_policy

positive = arrays(float, st.integers(1, 30), elements=st.floats(1e-6, 1e6))


def test_the_weighted_mean_under_old_is_the_mean_under_new():
    rng = np.random.default_rng(0)
    old, new, f = *rng.dirichlet(np.ones(7), (2, 500)), rng.normal(size=(500, 7))
    w = importance.ratios(np.log(old), np.log(new))
    np.testing.assert_allclose(np.sum(old * w * f, -1), np.sum(new * f, -1), atol=1e-12)


def test_ratios_survive_probabilities_too_small_for_a_float():
    assert importance.ratios(-2000.0, -2001.0) == pytest.approx(np.exp(-1))
    assert importance.ratios(-1.0, -np.inf) == 0


@given(positive)
def test_effective_sample_size_lies_between_one_and_n(w):
    ess = importance.effective_sample_size(w)
    assert 1 - 1e-12 <= ess <= len(w) * (1 + 1e-12)


@given(positive, st.floats(1e-200, 1e200))
def test_effective_sample_size_ignores_the_scale(w, scale):
    assert importance.effective_sample_size(scale * w) == pytest.approx(importance.effective_sample_size(w), rel=1e-9)


@given(positive)
def test_effective_sample_size_is_n_over_one_plus_the_squared_coefficient_of_variation(w):
    variation = np.std(w) / np.mean(w)
    assert importance.effective_sample_size(w) == pytest.approx(len(w) / (1 + variation**2), rel=1e-9)


def test_effective_sample_size_counts_equal_weights():
    np.testing.assert_allclose(importance.effective_sample_size([[1, 1, 1, 1], [0, 3, 3, 0], [0, 0, 5, 0]]), [4, 2, 1])


def test_effective_sample_size_tends_to_n_over_one_plus_chi_squared():
    rng = np.random.default_rng(1)
    old, new = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    w = (new / old)[rng.choice(3, size=400_000, p=old)]
    assert importance.effective_sample_size(w) / len(w) == pytest.approx(1 / (1 + chi_squared(new, old)), rel=0.01)


def every_sample(old, n):
    """All samples of n outcomes, (count, n), and their probabilities under old."""
    samples = np.array(list(itertools.product(range(len(old)), repeat=n)))
    return samples, np.prod(old[samples], axis=1)


def test_the_plain_mean_is_unbiased_and_the_self_normalised_one_is_not():
    old, new, f = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.3, 0.5]), np.array([1.0, -2.0, 4.0])
    samples, chance = every_sample(old, 6)
    w = (new / old)[samples]
    assert chance @ importance.plain_mean(w, f[samples]) == pytest.approx(new @ f, abs=1e-12)
    assert abs(chance @ importance.self_normalised_mean(w, f[samples]) - new @ f) > 0.1


def test_the_self_normalised_bias_is_the_one_of_the_docstring():
    old, new, f = np.array([0.7, 0.3]), np.array([0.4, 0.6]), np.array([1.0, -2.0])
    n = 800
    k = np.arange(1, n)
    ways = np.cumsum(np.log(n + 1 - k) - np.log(k))
    chance = np.exp(ways + k * np.log(old[1]) + (n - k) * np.log(old[0]))
    counts = np.stack([n - k, k], -1) * (new / old)
    bias = chance @ importance.self_normalised_mean(counts, np.broadcast_to(f, counts.shape)) - new @ f
    assert n * bias == pytest.approx(-np.sum(new**2 / old * (f - new @ f)), rel=0.01)


@given(positive, st.floats(-100, 100))
def test_the_self_normalised_mean_moves_with_the_values_and_stays_within_them(w, constant):
    f = np.sin(np.arange(len(w)))
    mean = importance.self_normalised_mean(w, f)
    assert f.min() - 1e-12 <= mean <= f.max() + 1e-12
    assert importance.self_normalised_mean(w, f + constant) == pytest.approx(mean + constant, abs=1e-10)


def two_policies(seed, states=3, actions=2):
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, states, actions)
    return mdp, random_policy(rng, mdp, 4.0), random_policy(rng, mdp, 4.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_chi_squared_of_trajectories_is_that_of_all_of_them_listed(seed):
    mdp, old, new = two_policies(seed)
    chi = importance.trajectory_chi_squared(mdp.transition, old, new, mdp.start, 3)
    assert chi.shape == (4,)
    for steps in range(4):
        p, q = [], []
        for path in itertools.product(range(3), *[range(2), range(3)] * steps):
            chance = np.full(2, mdp.start[path[0]])
            for s, a, t in zip(path[::2], path[1::2], path[2::2], strict=False):
                chance = chance * [old[s, a], new[s, a]] * mdp.transition[s, a, t]
            p.append(chance[0])
            q.append(chance[1])
        assert chi[steps] == pytest.approx(np.sum(np.square(q) / p) - 1, abs=1e-12)


def test_independent_steps_multiply():
    old, new = np.array([[0.7, 0.3]]), np.array([[0.4, 0.6]])
    chi = importance.trajectory_chi_squared(np.ones((1, 2, 1)), old, new, [1.0], 20)
    np.testing.assert_allclose(1 + chi, (1 + chi_squared(new[0], old[0])) ** np.arange(21), rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_trajectory_chi_squared_grows_at_least_as_the_exponential_of_the_other_kl(seed):
    mdp, old, new = two_policies(seed)
    chi = importance.trajectory_chi_squared(mdp.transition, old, new, mdp.start, 10)
    kl = trajectory_kl(mdp.transition, new, old, mdp.start, 10)
    assert np.exp(kl) <= (1 + chi[10]) * (1 + 1e-12)
    assert np.all(np.diff(chi) > 0)


@pytest.mark.parametrize("bad", [[1.0, -1.0], [0.0, 0.0], [np.inf, 1.0], [np.nan, 1.0]])
@pytest.mark.parametrize(
    "function", [importance.effective_sample_size, lambda w: importance.self_normalised_mean(w, w)]
)
def test_weights_that_are_none_are_refused(function, bad):
    with pytest.raises(ValueError, match="weights must be finite"):
        function(bad)


def test_an_action_that_old_never_takes_is_refused():
    with pytest.raises(ValueError, match="old is 0 where new is not"):
        importance.trajectory_chi_squared(np.ones((1, 2, 1)), [[1.0, 0.0]], [[0.9, 0.1]], [1.0], 2)
    chi = importance.trajectory_chi_squared(np.ones((1, 2, 1)), [[0.5, 0.5]], [[1.0, 0.0]], [1.0], 2)
    np.testing.assert_allclose(chi, [0, 1, 3])


def test_the_self_normalised_mean_needs_no_sum_that_is_a_float():
    assert importance.self_normalised_mean([1e308, 1e308], [1.0, 3.0]) == 2
    assert importance.self_normalised_mean([5e-324, 5e-324], [1.0, 3.0]) == 2
    weights, values = np.random.default_rng(2).random((2, 20))
    mean = importance.self_normalised_mean(weights, values)
    assert importance.self_normalised_mean(weights * 2.0**1000, values) == mean


@pytest.mark.parametrize("function", [importance.plain_mean, importance.self_normalised_mean])
def test_values_that_fit_the_weights_only_by_broadcasting_are_refused(function):
    with pytest.raises(ValueError, match=r"weights \(3,\), values \(3, 1\)"):
        function(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ValueError, match="values holds nan"):
        function(np.ones(2), [1.0, np.nan])


def test_policies_and_logarithms_that_are_none_are_refused_by_name():
    transition = np.ones((1, 2, 1))
    with pytest.raises(ValueError, match="new is no distribution"):
        importance.trajectory_chi_squared(transition, [[0.5, 0.5]], [[0.5, 0.6]], [1.0], 2)
    with pytest.raises(ValueError, match="old has shape"):
        importance.trajectory_chi_squared(transition, [[1.0]], [[0.5, 0.5]], [1.0], 2)
    with pytest.raises(FloatingPointError, match="after 400 steps"):
        importance.trajectory_chi_squared(transition, [[0.999, 0.001]], [[0.001, 0.999]], [1.0], 400)
    with pytest.raises(ValueError, match="log_old holds nan"):
        importance.ratios([np.nan, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match=r"log_old \(3,\), log_new \(3, 1\)"):
        importance.ratios(np.zeros(3), np.zeros((3, 1)))
