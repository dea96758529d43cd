"""What lesson 02 shows in its interactives and says in passing, against samples, searches and the exact MDP."""

import itertools

import numpy as np
import pytest

from trpobook.finite.mdp import TabularMDP, softmax
from trpobook.widgets.lesson_02 import (
    VALUES,
    baseline_ellipse,
    compute_arrows,
    compute_scatter,
    describe_arrows,
    describe_scatter,
)


def logit_estimates(pi, baseline, noise):
    """All estimates in the space of three logits, with their chances; the noise is ±noise, evenly."""
    for a, sign in itertools.product(range(3), (-1, 1)):
        yield pi[a] / 2, (np.eye(3)[a] - pi) * (VALUES[a] + sign * noise - baseline)


@pytest.mark.parametrize("baseline,first,noise", [(0.0, 0.5, 0.0), (2.5, 0.9, 0.7), (4.0, 0.1, 2.0)])
def test_the_ellipse_has_the_mean_and_the_variance_of_the_estimates(baseline, first, noise):
    scatter = compute_scatter(baseline, first, noise)
    chances, estimates = map(np.array, zip(*logit_estimates(scatter.pi, baseline, noise), strict=True))
    mean = chances @ estimates
    assert mean == pytest.approx(scatter.pi * (VALUES - scatter.pi @ VALUES), abs=1e-12)  # ∇ Σ π Q
    assert np.linalg.norm(scatter.mean) == pytest.approx(np.linalg.norm(mean), abs=1e-12)
    assert scatter.variance == pytest.approx(chances @ np.sum((estimates - mean) ** 2, axis=1), abs=1e-12)
    assert np.linalg.det(scatter.covariance) == pytest.approx(
        np.prod(np.linalg.eigvalsh(np.cov(estimates.T, aweights=chances, ddof=0))[1:]), abs=1e-10
    )  # the area: the third axis, along (1, 1, 1), has no variance


def test_no_baseline_moves_the_gradient_and_none_beats_the_best():
    fine = np.linspace(0, 4, 401)
    for first in (0.1, 0.4, 0.9):
        scatters = [compute_scatter(b, first, 0.3) for b in fine]
        assert np.ptp([s.mean for s in scatters], axis=0) == pytest.approx([0, 0], abs=1e-12)
        variances = np.array([s.variance for s in scatters])
        assert fine[variances.argmin()] == pytest.approx(scatters[0].best, abs=0.005)
        assert variances == pytest.approx(scatters[0].floor + scatters[0].price * (fine - scatters[0].best) ** 2)


def test_on_the_sliders_the_value_is_never_a_worse_baseline_than_none_and_near_the_best_for_like_probabilities():
    first = baseline_ellipse.controls()["first"]
    scatters = [compute_scatter(0.0, p, 0.0) for p in np.linspace(first.low, first.high, 81)]
    shares = [s.best / s.value for s in scatters]
    assert 0.62 < min(shares) == shares[-1] < 0.63
    gaps = [abs(s.value - s.best) for s in scatters]
    assert gaps[-1] > 1 > 0.1 > compute_scatter(0.0, 1 / 3, 0.0).value - compute_scatter(0.0, 1 / 3, 0.0).best > 0


def test_lowered_by_one_and_a_half_the_value_is_a_worse_baseline_than_none():
    scatter = compute_scatter(0.0, 0.9, 0.0)
    assert (scatter.value, scatter.best) == (pytest.approx(2.87, abs=0.005), pytest.approx(1.79, abs=0.005))
    assert abs(scatter.value - scatter.best) > abs(1.5 - scatter.best)


@pytest.mark.parametrize("gamma,delay", [(0.8, 5), (0.95, 5), (0.5, 1), (0.966, 20), (0.967, 20)])
def test_both_arrows_are_those_of_the_mdp(gamma, delay):
    states = delay + 2
    transition = np.zeros((states, 2, states))
    for s in range(states):
        transition[s, :, min(s + 1, states - 1)] = 1
    reward = np.zeros((states, 2))
    reward[0, 1], reward[delay, 1] = 1, -2
    mdp = TabularMDP(transition, reward, np.eye(states)[0], gamma, np.arange(states) == states - 1)

    def shared(p):
        return np.tile([1 - p, p], (states, 1))

    arrows = compute_arrows(gamma, delay)
    assert arrows.true == pytest.approx(mdp.expected_return(shared(1.0)) - mdp.expected_return(shared(0.0)), abs=1e-12)
    assert arrows.dropped == pytest.approx(np.sum(mdp.action_value(shared(0.3)) @ [-1, 1]), abs=1e-12)
    assert (arrows.true < 0) == (gamma > 0.5 ** (1 / delay))


def test_the_sentence_knows_when_the_arrows_agree_and_when_the_true_one_is_zero():
    for gamma, words in ((0.51, "the arrows agree"), (0.49, "opposite ways"), (0.5, "the true gradient is zero")):
        assert words in describe_arrows(compute_arrows(gamma, 1))


@pytest.mark.parametrize("first", [0.15, 0.35, 0.85])
def test_rounding_errors_choose_no_digit_of_the_sentences(first):
    scatter = compute_scatter(0.0, first, 0.0)
    assert round(scatter.value * 1000) % 10 == 5  # a last digit between two
    for direction in (-np.inf, np.inf):
        value = float(np.nextafter(scatter.value, direction))
        assert describe_scatter(scatter._replace(value=value)) == describe_scatter(scatter)
    arrows = compute_arrows(0.05, 2)
    assert describe_arrows(arrows._replace(true=np.nextafter(arrows.true, 0))) == describe_arrows(arrows)


def staircase(rng, stairs=5, actions=3, gamma=0.8):
    """The lesson's world: each step lands on some lower stair."""
    transition = np.zeros((stairs + 1, actions, stairs + 1))
    for s in range(stairs):
        transition[s, :, s + 1 :] = rng.dirichlet(np.ones(stairs - s), actions)
    transition[stairs, :, stairs] = 1
    reward = rng.uniform(-1, 1, (stairs + 1, actions))
    start = np.append(rng.dirichlet(np.ones(stairs)), 0)
    return TabularMDP(transition, reward, start, gamma, np.arange(stairs + 1) == stairs)


def test_in_a_table_dropping_the_discount_of_time_turns_no_entry_of_the_gradient_round():
    cosines = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        world, pi = staircase(rng), softmax(rng.normal(size=(6, 3)))
        visits = np.zeros(6)
        chances = world.start.copy()
        for _ in range(6):  # Σ P(s_t = s), by walking
            visits += chances * ~world.absorbing
            chances = np.einsum("s,sa,sat->t", chances, pi, world.transition)
        true, dropped = world.policy_gradient(pi), visits[:, None] * pi * world.advantage(pi)
        assert np.all(true * dropped >= -1e-15)
        cosines.append(np.sum(true * dropped) / np.linalg.norm(true) / np.linalg.norm(dropped))
    assert 0.985 < min(cosines) < 0.995


def test_in_the_fisher_metric_the_best_baseline_weights_each_value_by_one_minus_its_probability():
    pi = np.array([0.5, 0.3, 0.15, 0.05])
    scores, pseudo = np.eye(4) - pi, np.linalg.pinv(np.diag(pi) - np.outer(pi, pi))
    squares = np.einsum("ai,ij,aj->a", scores, pseudo, scores)
    assert squares == pytest.approx(1 / pi - 1, rel=1e-9)
    assert pi * squares == pytest.approx(1 - pi, rel=1e-9)
