"""Divergences against quadrature, enumeration and Monte Carlo, and the inequalities between them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpobook.finite.divergences import (
    bretagnolle_huber_bound,
    chi_squared,
    cross_entropy,
    entropy,
    kl_categorical,
    kl_estimators,
    kl_gaussian,
    kl_multivariate_gaussian,
    pinsker_bound,
    total_variation,
    trajectory_kl,
)

P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.6, 0.3])


@st.composite
def pairs(draw, zeros=False):
    """Two distributions over the same 2 to 6 outcomes, as far from each other as 10⁻⁶ allows, with zeros on request."""
    weight = st.floats(1e-6, 1)
    weights = st.lists(st.one_of(st.just(0.0), weight) if zeros else weight, min_size=6, max_size=6)
    size = draw(st.integers(2, 6))
    both = np.array([draw(weights.filter(lambda w: sum(w[:size]) > 0))[:size] for _ in range(2)])
    return tuple(both / both.sum(axis=1, keepdims=True))


def dirichlet_pairs(rng, outcomes, count):
    """Pairs of distributions whose concentrations vary from nearly deterministic to nearly uniform."""
    gammas = rng.standard_gamma(rng.choice([0.2, 1.0, 20.0], size=(2, count, 1)), size=(2, count, outcomes)) + 1e-300
    return gammas / gammas.sum(axis=-1, keepdims=True)


def kl_by_loop(p, q):
    return sum(a * (np.log(a) - np.log(b)) for a, b in zip(p, q, strict=True) if a > 0)


def test_kl_of_the_two_coins():
    assert kl_categorical([0.5, 0.5], [0.9, 0.1]) == pytest.approx(np.log(5 / 3), abs=1e-12)
    assert kl_categorical([0.9, 0.1], [0.5, 0.5]) == pytest.approx(np.log(2) + 0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert kl_categorical([0.8, 0.2], [0.2, 0.8]) == pytest.approx(0.6 * np.log(4), abs=1e-12)


def test_kl_is_infinite_exactly_where_q_lacks_an_outcome_of_p():
    assert kl_categorical([0.5, 0.5, 0], [0.5, 0.5, 0]) == 0
    assert kl_categorical([1, 0], [0.25, 0.75]) == pytest.approx(np.log(4), abs=1e-12)
    assert kl_categorical([0.25, 0.75], [1, 0]) == np.inf
    assert kl_categorical([1 - 1e-300, 1e-300], [1, 0]) == np.inf


def test_kl_is_finite_where_q_is_the_smallest_of_floats():
    assert kl_categorical([0.5, 0.5], [1, 1e-310]) == pytest.approx(-np.log(2) + 155 * np.log(10), rel=1e-9)


def test_kl_and_its_relatives_broadcast_over_leading_axes():
    p = np.stack([P, Q, P])[:, None, :]
    q = np.stack([Q, P])[None, :, :]
    assert kl_categorical(p, q).shape == total_variation(p, q).shape == chi_squared(p, q).shape == (3, 2)
    assert kl_categorical(p, q)[1, 0] == 0
    assert kl_categorical(p, q)[0, 0] == pytest.approx(kl_by_loop(P, Q), abs=1e-15)
    assert kl_categorical(p, q)[1, 1] == pytest.approx(kl_by_loop(Q, P), abs=1e-15)


@given(pairs(zeros=True))
def test_kl_is_not_negative_and_zero_only_for_equals(pair):
    p, q = pair
    assert kl_categorical(p, q) >= -1e-15
    assert kl_categorical(p, p) == 0
    if total_variation(p, q) > 1e-6:
        assert kl_categorical(p, q) > 0


@given(pairs(zeros=True))
def test_cross_entropy_is_entropy_plus_kl(pair):
    p, q = pair
    if np.isinf(cross_entropy(p, q)):
        assert kl_categorical(p, q) == np.inf
    else:
        assert cross_entropy(p, q) == pytest.approx(entropy(p) + kl_by_loop(p, q), abs=1e-12)


def test_entropy_runs_from_nothing_to_the_logarithm_of_the_outcomes():
    assert entropy([[0, 1, 0, 0], [0.25] * 4]) == pytest.approx([0, np.log(4)], abs=1e-15)
    assert not np.signbit(entropy([0.0, 1.0]))


def test_kl_breaks_the_triangle_inequality():
    direct, detour = [0.5, 0.5], [0.7, 0.3]
    there = kl_categorical(direct, detour) + kl_categorical(detour, [0.9, 0.1])
    assert there == pytest.approx(0.241, abs=5e-4)
    assert kl_categorical(direct, [0.9, 0.1]) > 2 * there


def test_kl_of_a_joint_law_is_that_of_the_first_part_plus_the_mean_of_the_second():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(12), size=2).reshape(2, 3, 4)
    first_p, first_q = p.sum(axis=1), q.sum(axis=1)
    then = first_p @ kl_categorical(p / first_p[:, None], q / first_q[:, None])
    assert kl_by_loop(p.ravel(), q.ravel()) == pytest.approx(kl_categorical(first_p, first_q) + then, abs=1e-12)


def test_total_variation_is_the_largest_difference_over_all_events():
    p, q = np.random.default_rng(1).dirichlet(np.ones(6), size=2)
    events = np.array(list(itertools.product([0, 1], repeat=6)))
    assert total_variation(p, q) == pytest.approx(np.max(events @ (p - q)), abs=1e-15)


@pytest.mark.parametrize("outcomes", [2, 3, 4, 5, 6, 7, 8, 10])
def test_pinsker_and_bretagnolle_huber_on_forty_thousand_pairs(outcomes):
    p, q = dirichlet_pairs(np.random.default_rng(outcomes), outcomes, 40_000)
    kl, tv = kl_categorical(p, q), total_variation(p, q)
    assert np.all(np.isfinite(kl)) and kl.max() > 2  # where Pinsker's inequality has nothing left to say
    assert np.max(tv**2 - kl / 2) <= 1e-12
    assert np.max(tv - bretagnolle_huber_bound(kl)) <= 1e-12


@given(pairs(zeros=True))
def test_total_variation_is_at_most_pinskers_and_bretagnolle_hubers_bounds(pair):
    kl, tv = kl_categorical(*pair), total_variation(*pair)
    assert tv**2 <= pinsker_bound(kl) ** 2 + 1e-12
    assert tv**2 <= bretagnolle_huber_bound(kl) ** 2 + 1e-12


def test_pinskers_constant_cannot_be_improved():
    e = 1e-3
    p, q = [0.5, 0.5], [0.5 + e, 0.5 - e]
    assert kl_categorical(p, q) / (2 * total_variation(p, q) ** 2) == pytest.approx(1 + 2 * e**2, abs=1e-8)


def test_bounds_on_total_variation_by_hand():
    assert pinsker_bound(0.02) == pytest.approx(0.1)
    assert bretagnolle_huber_bound(np.log(2)) == pytest.approx(np.sqrt(0.5))
    assert bretagnolle_huber_bound(np.inf) == 1
    assert pinsker_bound(-1e-17) == bretagnolle_huber_bound(-1e-17) == 0


def test_no_channel_raises_kl():
    rng = np.random.default_rng(2)
    p, q = dirichlet_pairs(rng, 4, 20_000)
    channel = rng.dirichlet(np.full(3, 0.5), size=(20_000, 4))
    seen_p, seen_q = (np.einsum("ni,nij->nj", x, channel) for x in (p, q))
    assert np.max(kl_categorical(seen_p, seen_q) - kl_categorical(p, q)) <= 1e-12


@given(pairs(), st.lists(st.booleans(), min_size=6, max_size=6))
def test_merging_outcomes_never_raises_kl(pair, merged):
    """A function of the outcome is a channel too: here some outcomes can't be told apart any more."""
    mask = np.array(merged[: len(pair[0])])
    seen = [np.append(x[~mask], x[mask].sum()) for x in pair]
    assert kl_categorical(*seen) <= kl_categorical(*pair) + 1e-12


def test_kl_of_a_shift_of_logits_is_at_most_an_eighth_of_its_range_squared():
    rng = np.random.default_rng(3)
    p = dirichlet_pairs(rng, 4, 20_000)[0]
    shift = rng.normal(size=p.shape) * rng.uniform(0, 3, (len(p), 1))
    q = p * np.exp(shift)
    q /= q.sum(axis=1, keepdims=True)
    share = kl_categorical(p, q) / (np.ptp(shift, axis=1) ** 2 / 8)
    assert 0.8 < share.max() <= 1


def test_chi_squared_is_the_variance_of_the_ratio_under_the_old_distribution():
    ratio = Q / P
    assert chi_squared(new=Q, old=P) == pytest.approx(P @ (ratio - P @ ratio) ** 2, abs=1e-15)
    assert chi_squared(new=P, old=Q) == pytest.approx(Q @ (P / Q - 1) ** 2, abs=1e-15)
    assert chi_squared([0.5, 0.5], [1, 0]) == np.inf
    assert chi_squared([1, 0], [0.5, 0.5]) == 1


@given(pairs())
def test_kl_is_at_most_the_logarithm_of_one_plus_chi_squared(pair):
    new, old = pair
    assert kl_categorical(new, old) <= np.log1p(chi_squared(new, old)) + 1e-12


def where_kl_reaches_a_hundredth(kl, low):
    """The probability above `low` at which kl(probability) = 0.01, by bisection."""
    high = 0.5
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if kl(middle) < 0.01 else (low, middle)
    return low


@pytest.mark.parametrize(("p", "ratio", "variance"), [(1e-2, 3.1, 0.045), (1e-3, 13.5, 0.157), (1e-4, 105, 1.08)])
def test_at_one_kl_from_old_to_new_a_rarer_action_has_a_larger_ratio_and_variance(p, ratio, variance):
    old = np.array([p, 1 - p])
    q = where_kl_reaches_a_hundredth(lambda q: kl_by_loop(old, [q, 1 - q]), p)
    assert q / p == pytest.approx(ratio, rel=0.02)
    assert chi_squared(new=[q, 1 - q], old=old) == pytest.approx(variance, rel=0.01)


def test_neither_direction_of_kl_bounds_the_variance_of_the_ratio():
    """KL is 0.01 in both cases, and the action's old probability one in a million."""
    old = np.array([1e-6, 1 - 1e-6])
    forward = where_kl_reaches_a_hundredth(lambda q: kl_by_loop(old, [q, 1 - q]), 1e-6)
    backward = where_kl_reaches_a_hundredth(lambda q: kl_by_loop([q, 1 - q], old), 1e-6)
    assert np.array([forward, backward]) / 1e-6 == pytest.approx([9960, 1572], rel=1e-3)
    variances = [chi_squared(new=[q, 1 - q], old=old) for q in (forward, backward)]
    assert variances == pytest.approx([99.2, 2.47], rel=2e-3)


def test_a_hundredth_of_a_nat_moves_a_fifth_to_a_quarter_whatever_the_advantage():
    """From π = 0.2: the quadratic model of KL says 0.2566; to reach 0.8 costs eighty times the budget."""
    q = where_kl_reaches_a_hundredth(lambda q: kl_by_loop([0.2, 0.8], [q, 1 - q]), 0.2)
    assert kl_categorical([0.2, 0.8], [q, 1 - q]) == pytest.approx(0.01, abs=1e-12)
    assert q == pytest.approx(0.2603, abs=5e-5)
    assert kl_categorical([0.2, 0.8], [0.8, 0.2]) == pytest.approx(0.8318, abs=5e-5)
    assert kl_categorical([0.8, 0.2], [0.79, 0.21]) == pytest.approx(3.05e-4, rel=2e-3)


@pytest.mark.parametrize(("p", "kl"), [(0.5, 1.25e-3), (0.9, 4.5e-4), (0.99, 5e-5), (0.999, 5e-6)])
def test_a_shift_of_a_logit_moves_a_softmax_most_near_even_odds(p, kl):
    shifted = p * np.exp(0.1) / (p * np.exp(0.1) + 1 - p)
    assert kl_categorical([p, 1 - p], [shifted, 1 - shifted]) == pytest.approx(kl, rel=0.06)


def test_a_shift_of_a_mean_moves_a_gaussian_most_where_it_is_narrow():
    assert kl_gaussian(0.0, [1, 0.1, 0.01], 0.1, [1, 0.1, 0.01]) == pytest.approx([0.005, 0.5, 50])


def test_gaussian_kl_equals_quadrature():
    mean_p, std_p, mean_q, std_q = 0.3, 0.7, -0.4, 1.9
    x, step = np.linspace(-20, 20, 8001, retstep=True)
    log_p, log_q = (
        -0.5 * ((x - m) / s) ** 2 - np.log(s * np.sqrt(2 * np.pi)) for m, s in ((mean_p, std_p), (mean_q, std_q))
    )
    assert kl_gaussian(mean_p, std_p, mean_q, std_q) == pytest.approx(
        np.sum(np.exp(log_p) * (log_p - log_q)) * step, abs=1e-8
    )
    assert kl_gaussian(mean_q, std_q, mean_p, std_p) == pytest.approx(
        np.sum(np.exp(log_q) * (log_q - log_p)) * step, abs=1e-8
    )


MEANS = np.array([[0.2, -0.5], [1.0, 0.4]])
COVARIANCES = np.array([[[1.0, 0.6], [0.6, 0.8]], [[2.0, -0.5], [-0.5, 0.9]]])


def log_densities(x):
    """Log-densities of the two Gaussians of the tests below, at points (n, 2)."""
    for mean, covariance in zip(MEANS, COVARIANCES, strict=True):
        quadratic = np.sum((x - mean) @ np.linalg.inv(covariance) * (x - mean), axis=1)
        yield -0.5 * (quadratic + np.log(np.linalg.det(covariance))) - np.log(2 * np.pi)


def test_multivariate_gaussian_kl_equals_quadrature():
    axis, step = np.linspace(-9, 9, 361, retstep=True)
    log_p, log_q = log_densities(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    forward = kl_multivariate_gaussian(MEANS[0], COVARIANCES[0], MEANS[1], COVARIANCES[1])
    assert forward == pytest.approx(np.sum(np.exp(log_p) * (log_p - log_q)) * step**2, abs=1e-8)


def test_multivariate_gaussian_kl_is_within_three_sigma_of_monte_carlo():
    rng = np.random.default_rng(4)
    log_p, log_q = log_densities(rng.multivariate_normal(MEANS[0], COVARIANCES[0], size=100_000))
    k1, _, _ = kl_estimators(log_p, log_q)
    exact = kl_multivariate_gaussian(MEANS[0], COVARIANCES[0], MEANS[1], COVARIANCES[1])
    assert abs(k1.mean() - exact) <= 3 * k1.std() / np.sqrt(len(k1))


def test_multivariate_gaussian_kl_is_the_sum_over_independent_coordinates():
    mean_p, std_p, mean_q, std_q = np.array([[0.1, -2, 3], [0.5, 1, 2], [0, -1, 3.5], [0.7, 3, 1]])
    together = kl_multivariate_gaussian(mean_p, np.diag(std_p**2), mean_q, np.diag(std_q**2))
    assert together == pytest.approx(kl_gaussian(mean_p, std_p, mean_q, std_q).sum(), abs=1e-12)


def test_k1_and_k3_are_unbiased_and_k2_is_not():
    k1, k2, k3 = kl_estimators(np.log(P), np.log(Q))
    exact = kl_by_loop(P, Q)
    assert P @ k1 == pytest.approx(exact, abs=1e-14)
    assert P @ k3 == pytest.approx(exact, abs=1e-14)
    assert abs(P @ k2 - exact) > 0.1
    assert k1.min() < 0 <= min(k2.min(), k3.min())


def test_k2_is_half_the_squared_log_ratio():
    assert kl_estimators(np.log(0.2), np.log(0.6))[1] == pytest.approx(np.log(3) ** 2 / 2)


def test_k3_varies_less_than_k1_near_and_more_far_away():
    def variances(p, q):
        return [p @ (k - p @ k) ** 2 for k in kl_estimators(np.log(p), np.log(q))]

    k1, _, k3 = variances(np.array([0.5, 0.5]), np.array([0.55, 0.45]))
    assert k3 < 0.01 * k1
    k1, _, k3 = variances(np.array([0.99, 0.01]), np.array([0.1, 0.9]))
    assert k3 > 10 * k1


def test_as_losses_k1_has_no_gradient_k2_that_of_kl_and_k3_that_of_the_other_kl():
    """The samples come from p = softmax(θ) and stay fixed while the estimator is differentiated in θ."""
    theta, steps = np.array([0.3, -0.2, 0.9]), 1e-5 * np.eye(3)

    def softmax(logits):
        return np.exp(logits) / np.exp(logits).sum()

    def gradient(function):
        return np.array([(function(softmax(theta + h)) - function(softmax(theta - h))) / 2e-5 for h in steps])

    sampled = softmax(theta)
    k1, k2, k3 = (
        gradient(lambda p, which=which: sampled @ kl_estimators(np.log(p), np.log(Q))[which]) for which in range(3)
    )
    assert k1 == pytest.approx(np.zeros(3), abs=1e-9)
    assert k2 == pytest.approx(gradient(lambda p: kl_by_loop(p, Q)), abs=1e-9)
    assert k3 == pytest.approx(gradient(lambda p: kl_by_loop(Q, p)), abs=1e-9)


def test_trajectory_kl_equals_the_kl_of_all_trajectories_enumerated():
    rng = np.random.default_rng(5)
    transition, start = rng.dirichlet(np.ones(3), size=(3, 2)), rng.dirichlet(np.ones(3))
    old, new = rng.dirichlet(np.ones(2), size=(2, 3))
    steps, total = 3, 0.0
    for states in itertools.product(range(3), repeat=steps):
        for actions in itertools.product(range(2), repeat=steps):
            dynamics = start[states[0]]
            for t in range(steps - 1):
                dynamics *= transition[states[t], actions[t], states[t + 1]]
            under_old, under_new = (dynamics * np.prod(pi[states, actions]) for pi in (old, new))
            total += under_old * np.log(under_old / under_new)
    assert trajectory_kl(transition, old, new, start, steps) == pytest.approx(total, abs=1e-12)


def test_trajectory_kl_adds_up_to_ten_nats_over_a_thousand_steps_of_a_hundredth():
    old, transition = np.array([[0.5, 0.5]]), np.ones((1, 2, 1))
    p = 0.5 * (1 + np.sqrt(1 - np.exp(-0.02)))  # KL((½, ½)‖(p, 1−p)) = −½ log 4p(1−p)
    assert trajectory_kl(transition, old, [[p, 1 - p]], [1.0], 1000) == pytest.approx(10, rel=1e-9)


def test_trajectory_kl_ignores_states_never_visited():
    transition = np.zeros((2, 2, 2))
    transition[:, :, 0] = 1
    old, new = np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([[0.4, 0.6], [1.0, 0.0]])
    assert trajectory_kl(transition, old, new, [1.0, 0.0], 2) == pytest.approx(2 * kl_by_loop(old[0], new[0]))


@pytest.mark.parametrize("row", range(3))
def test_one_row_that_is_no_distribution_among_good_ones_is_refused(row):
    p = np.full((3, 4), 0.25)
    p[row, 0] = 0.2
    with pytest.raises(ValueError, match="p is no distribution"):
        entropy(p)


def test_what_is_no_distribution_is_refused_by_name():
    with pytest.raises(ValueError, match="q is no distribution"):
        kl_categorical([0.5, 0.5], [0.5, 0.6])
    with pytest.raises(ValueError, match="p is no distribution"):
        total_variation([1.5, -0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match="old is no distribution"):
        chi_squared([0.5, 0.5], [0.5, np.nan])
    with pytest.raises(ValueError, match="std_q is 0"):
        kl_gaussian(0, 1, 0, 0)
    with pytest.raises(ValueError, match="cov_q isn't positive definite"):
        kl_multivariate_gaussian([0, 0], np.eye(2), [0, 0], [[1, 2], [2, 1]])
    with pytest.raises(ValueError, match="cov_p isn't symmetric"):
        kl_multivariate_gaussian([0, 0], [[1, 5], [0, 1]], [0, 0], np.eye(2))
    with pytest.raises(ValueError, match="kl is -1"):
        pinsker_bound(-1.0)


@pytest.mark.parametrize("function", [kl_categorical, cross_entropy, total_variation, chi_squared])
def test_distributions_over_different_outcomes_are_refused_and_not_broadcast(function):
    for p, q in [([1.0], [0.5, 0.5]), (np.full((3, 2), 0.5), np.full((2, 2), 0.5)), ([0.5, 0.5], np.ones((2, 1)))]:
        with pytest.raises(ValueError, match=r"the shapes are .*the last axes must agree"):
            function(p, q)


def test_gaussians_of_different_dimensions_are_refused_and_not_broadcast():
    with pytest.raises(ValueError, match=r"mean_q has shape \(2,\); it must be \(1,\)"):
        kl_multivariate_gaussian([0], np.eye(1), [0, 0], np.eye(2))
    with pytest.raises(ValueError, match=r"cov_p has shape \(2, 2\); it must be \(1, 1\)"):
        kl_multivariate_gaussian([0], np.eye(2), [0], np.eye(2))
    with pytest.raises(ValueError, match="the shapes are"):
        kl_gaussian(np.zeros(3), np.ones((3, 1)), np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match="the shapes are"):
        kl_estimators(np.zeros(3), np.zeros((3, 1)))


@pytest.mark.parametrize("exponent", [-600, -300, 100, 300])
def test_gaussian_kl_is_the_same_on_every_scale(exponent):
    unit = 2.0**exponent
    assert kl_gaussian(0, unit, 0, unit) == 0
    assert kl_gaussian(0.3 * unit, 0.7 * unit, -0.4 * unit, 1.9 * unit) == kl_gaussian(0.3, 0.7, -0.4, 1.9)


def test_gaussian_kl_beyond_the_largest_float_is_infinite_and_its_logarithm_is_not_lost():
    assert kl_gaussian(0, 1, 0, 1e-170) == np.inf
    assert kl_gaussian(0, 1e-170, 0, 1) == pytest.approx(170 * np.log(10) - 0.5)


def test_chi_squared_is_infinite_off_the_support_of_old_however_small_the_probability_there():
    assert chi_squared([1.0, 1e-200], [1.0, 0.0]) == np.inf
