"""Branches on a finite world: the exact moments against enumeration, and against sampled branches."""

import itertools

import numpy as np
import pytest

from trpobook.finite.branching import (
    best_branches,
    branch,
    branch_length,
    branch_moments,
    coupled_actions,
    sample_branches,
    single_spread,
    truncated_q,
    vine_spread,
)
from trpobook.finite.mdp import TabularMDP, gridworld, random_mdp, random_policy

GAMMA = 0.8


def tiny(rng, absorb=True):
    """A deterministic world of three states and two actions; the last absorbs."""
    ahead = rng.integers(3, size=(3, 2))
    absorbing = np.array([False, False, absorb])
    ahead[absorbing] = 2
    reward = rng.normal(size=(3, 2)) * ~absorbing[:, None]
    return TabularMDP(np.eye(3)[ahead], reward, np.array([0.5, 0.5, 0.0]), GAMMA, absorbing)


def follow(mdp, pi, s, a, noise):
    """Return (return, steps) of one branch whose later actions invert pi at the numbers `noise`."""
    total, steps = 0.0, 0
    for t, u in enumerate([*noise, None]):
        if mdp.absorbing[s]:
            break
        total, steps = total + GAMMA**t * mdp.reward[s, a], steps + 1
        s = mdp.transition[s, a].argmax()
        a = None if u is None else int(u >= pi[s, 0])
    return total, steps


def all_noise(pi, count):
    """Yield (chance, numbers) of every way in which `count` uniform numbers can fall between the rungs of pi."""
    rungs = np.unique([0, *pi[:, 0], 1])
    middle, width = (rungs[1:] + rungs[:-1]) / 2, np.diff(rungs)
    for fall in itertools.product(range(len(width)), repeat=count):
        yield np.prod(width[list(fall)]), middle[list(fall)]


@pytest.mark.parametrize("seed", range(5))
def test_the_moments_are_those_of_every_way_the_shared_noise_can_fall(seed):
    rng = np.random.default_rng(seed)
    mdp, horizon = tiny(rng, absorb=seed % 2 == 0), 4
    pi = random_policy(rng, mdp)
    mean, covariance = branch_moments(mdp, pi, horizon)
    length = branch_length(mdp, pi, horizon)
    for s in range(2):
        first, product, steps = np.zeros(2), np.zeros((2, 2)), np.zeros(2)
        for chance, noise in all_noise(pi, horizon - 1):
            q, taken = np.transpose([follow(mdp, pi, s, a, noise) for a in range(2)])
            first, product, steps = first + chance * q, product + chance * np.outer(q, q), steps + chance * taken
        np.testing.assert_allclose(mean[s], first, atol=1e-12)
        np.testing.assert_allclose(covariance[s], product - np.outer(first, first), atol=1e-12)
        np.testing.assert_allclose(length[s], steps, atol=1e-12)


def estimate(pi, actions, q):
    """Return Σ_k (Q̂_k − Q̄) ∇log π(a_k)/(K − 1) for the logits of one state, (A,)."""
    score = np.eye(len(pi))[list(actions)] - pi
    return (q - q.mean()) @ score / (len(actions) - 1)


def single(actions, pi):
    return np.prod(pi[list(actions)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("branches", [2, 3, None])
def test_the_spread_is_that_of_every_choice_of_actions_and_noise(seed, common, branches):
    rng = np.random.default_rng(seed)
    mdp, horizon = tiny(rng), 2  # one number of noise a branch
    pi = random_policy(rng, mdp)
    d = mdp.visitation(pi) / mdp.visitation(pi).sum()
    noises = list(all_noise(pi, horizon - 1))
    count = branches or 2
    means, within = np.zeros((3, 2)), 0.0
    for s in range(2):
        first, square = np.zeros(2), 0.0
        choices = itertools.product(range(2), repeat=count) if branches else [(0, 1)]
        for actions in choices:
            for fall in itertools.product(noises, repeat=1 if common else count):
                chance = np.prod([c for c, _ in fall]) * (single(actions, pi[s]) if branches else 1)
                each = [noise for _, noise in fall] * (count if common else 1)
                q = np.array([follow(mdp, pi, s, a, noise)[0] for a, noise in zip(actions, each, strict=True)])
                g = estimate(pi[s], actions, q) if branches else (pi[s] * q) @ (np.eye(2) - pi[s])
                first, square = first + chance * g, square + chance * g @ g
        means[s] = first
        within += d[s] * (square - first @ first)
    between = d @ np.sum(means**2, axis=1) - np.sum((d[:, None] * means) ** 2)
    assert vine_spread(mdp, pi, horizon, branches, common) == pytest.approx((between, within), abs=1e-12)


@pytest.mark.parametrize("baseline", [True, False])
def test_the_spread_of_a_single_path_is_that_of_sampled_answers(baseline):
    rng, mdp = np.random.default_rng(1), gridworld()
    pi = random_policy(rng, mdp, 5.0)
    d = mdp.visitation(pi) / mdp.visitation(pi).sum()
    s = rng.choice(25, 100_000, p=d)
    a = np.sum(rng.random((len(s), 1)) >= np.cumsum(pi[s], axis=1)[:, :3], axis=1)
    q = sample_branches(mdp, pi, s, a[:, None], 100, rng).q[:, 0]
    g = np.zeros((len(s), 25, 4))
    g[np.arange(len(s)), s] = (q - baseline * mdp.value(pi)[s])[:, None] * (np.eye(4)[a] - pi[s])
    assert g.reshape(len(s), -1).var(axis=0).sum() == pytest.approx(single_spread(mdp, pi, baseline), rel=0.03)


@pytest.mark.parametrize("common", [True, False])
def test_sampled_branches_have_the_exact_moments(common):
    rng, mdp = np.random.default_rng(2), gridworld()
    pi = random_policy(rng, mdp, 5.0)
    n = 40_000
    vine = sample_branches(mdp, pi, np.full(n, 16), np.tile(np.arange(4), (n, 1)), 20, rng, common)
    mean, covariance = branch_moments(mdp, pi, 20)
    error = np.sqrt(np.diag(covariance[16]) / n)
    assert np.all(np.abs(vine.q.mean(axis=0) - mean[16]) < 4 * error)
    wanted = covariance[16] if common else np.diag(np.diag(covariance[16]))
    np.testing.assert_allclose(np.cov(vine.q.T), wanted, atol=0.01)
    np.testing.assert_allclose(vine.steps.mean(axis=0), branch_length(mdp, pi, 20)[16], rtol=0.02)
    assert vine.states.shape == (n, 4, 21) and np.all(vine.states[:, :, 0] == 16)


def test_branches_that_meet_under_common_noise_stay_together():
    rng, mdp = np.random.default_rng(3), gridworld()
    pi = np.full((25, 4), 0.25)
    path = sample_branches(mdp, pi, np.full(500, 21), np.tile([0, 1], (500, 1)), 60, rng).states[:, :, 1:]
    met = np.cumsum(path[:, 0] == path[:, 1], axis=1) > 0
    assert met.any() and np.array_equal(path[:, 0][met], path[:, 1][met])


def test_coupled_actions_are_a_joint_law_with_the_right_margins_and_equal_where_the_rows_are():
    pi = random_policy(np.random.default_rng(4), gridworld())
    joint = coupled_actions(pi)
    np.testing.assert_allclose(joint.sum(axis=3), np.broadcast_to(pi[:, None], (25, 25, 4)), atol=1e-12)
    np.testing.assert_allclose(joint.sum(axis=2), np.broadcast_to(pi[None], (25, 25, 4)), atol=1e-12)
    np.testing.assert_allclose(joint[7, 7], np.diag(pi[7]), atol=1e-12)


def test_truncated_q_lacks_the_discounted_value_of_the_state_reached():
    rng = np.random.default_rng(5)
    mdp = random_mdp(rng)
    pi, horizon = random_policy(rng, mdp), 7
    step = np.einsum("sa,sat->st", pi, mdp.transition)
    later = mdp.transition @ np.linalg.matrix_power(step, horizon - 1) @ mdp.value(pi)
    wanted = mdp.action_value(pi) - mdp.gamma**horizon * later
    np.testing.assert_allclose(truncated_q(mdp, pi, horizon), wanted, atol=1e-12)
    grid, uniform = gridworld(), np.full((25, 4), 0.25)
    np.testing.assert_allclose(truncated_q(grid, uniform, 9), branch_moments(grid, uniform, 9)[0], atol=1e-12)


def test_best_branches_is_near_the_formula_when_the_budget_is_large():
    between, within, horizon = 0.01, 4.0, 16
    k, variance = best_branches(between, within, horizon, 10_000_000)
    assert k == round(np.sqrt(within / between / horizon))
    assert variance * 1e7 == pytest.approx((np.sqrt(between) + np.sqrt(within * horizon)) ** 2, rel=1e-3)
    assert best_branches(1.0, 0.1, 10, 21) == (2, pytest.approx(1.05))
    with pytest.raises(ValueError, match="budget is 20"):
        best_branches(1.0, 0.1, 10, 20)


def test_what_is_left_of_the_budget_buys_no_part_of_a_state_but_another_branch():
    assert best_branches(1.0, 0.1, 10, 61) == (2, pytest.approx(1.05 / 2))  # 2 of 21 steps, and 19 left over
    assert best_branches(1.0, 0.1, 10, 62) == (3, pytest.approx((1 + 0.1 / 3) / 2))  # 2 of 31


def test_what_can_not_be_computed_is_said():
    mdp, rng = gridworld(), np.random.default_rng(0)
    pi = np.full((25, 4), 0.25)
    with pytest.raises(ValueError, match="horizon is 0"):
        sample_branches(mdp, pi, np.array([3]), np.array([[0, 1]]), 0, rng)
    for function in (branch_moments, branch_length, truncated_q):
        with pytest.raises(ValueError, match="horizon is 0"):
            function(mdp, pi, 0)
        with pytest.raises(ValueError, match="pi is no distribution"):
            function(mdp, 2 * pi, 3)
    with pytest.raises(ValueError, match="horizon is 0"):
        best_branches(1, 1, 0, 5)
    with pytest.raises(ValueError, match="within is nan"):
        best_branches(1, np.nan, 2, 50)
    with pytest.raises(ValueError, match="branches is 1"):
        vine_spread(mdp, pi, 3, 1, True)
    with pytest.raises(ValueError, match="actions holds 4; there are 4"):
        sample_branches(mdp, pi, np.array([3]), np.array([[0, 4]]), 5, rng)
    with pytest.raises(ValueError, match="starts holds -1"):
        sample_branches(mdp, pi, np.array([-1]), np.array([[0, 1]]), 5, rng)
    windy = TabularMDP(np.full((2, 1, 2), 0.5), np.zeros((2, 1)), np.array([1.0, 0]), 0.9, np.zeros(2, bool))
    with pytest.raises(ValueError, match="deterministic"):
        branch_moments(windy, np.ones((2, 1)), 3)


class Saved:
    """A deterministic world as a simulator: its saved state is the state's number."""

    def __init__(self, mdp):
        self.mdp = mdp

    def restore(self, saved):
        self.state = saved

    def step(self, action):
        reward = self.mdp.reward[self.state, action]
        self.state = self.mdp.transition[self.state, action].argmax()
        return self.state, reward, self.mdp.absorbing[self.state]


@pytest.mark.parametrize("seed", range(5))
def test_branches_by_the_loop_are_those_that_follow_the_noise(seed):
    rng = np.random.default_rng(seed)
    mdp = tiny(rng)
    pi, noise = random_policy(rng, mdp), rng.random(4)
    q = branch(Saved(mdp), 0, [0, 1], lambda s, u: int(u >= pi[s, 0]), noise, GAMMA)
    assert q == pytest.approx([follow(mdp, pi, 0, a, noise)[0] for a in (0, 1)])
