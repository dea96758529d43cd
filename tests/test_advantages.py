"""Generalised advantage estimation against sums written out, in float64."""

import itertools
import math

import numpy as np
import pytest
import torch

from trpobook.agents.advantages import explained_variance, gae
from trpobook.finite.estimators import gae_bias, gae_moments, lambda_weights, n_step_advantages
from trpobook.finite.mdp import TabularMDP, gridworld, random_mdp, random_policy

T, N = 12, 4


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)

    def random():
        return torch.randn(T, N, generator=generator, dtype=torch.float64)

    ends = torch.rand(T, N, generator=generator) < 0.25
    terminated = ends & (torch.rand(T, N, generator=generator) < 0.5)
    assert terminated.any() and (ends & ~terminated).any()
    return {
        "rewards": random(),
        "values": random(),
        "next_values": random(),
        "terminated": terminated,
        "truncated": ends & ~terminated,
    }


def written_out(batch, gamma, lam, t, n):
    """Return Σ_l (γλ)^l δ_{t+l} up to the episode's end or the batch's, term by term."""
    total, weight = 0.0, 1.0
    for k in range(t, T):
        future = 0.0 if batch["terminated"][k, n] else gamma * batch["next_values"][k, n].item()
        total += weight * (batch["rewards"][k, n].item() + future - batch["values"][k, n].item())
        weight *= gamma * lam
        if batch["terminated"][k, n] or batch["truncated"][k, n]:
            break
    return total


@pytest.mark.parametrize("gamma,lam", [(0.99, 0.95), (0.9, 0.0), (0.9, 1.0), (1.0, 1.0)])
def test_equals_the_discounted_sum_of_td_errors_within_each_episode(batch, gamma, lam):
    estimates = gae(**batch, gamma=gamma, lam=lam)
    for t in range(T):
        for n in range(N):
            assert estimates[t, n].item() == pytest.approx(written_out(batch, gamma, lam, t, n), abs=1e-12)


def test_at_lambda_1_it_is_the_discounted_return_less_the_value():
    generator = torch.Generator().manual_seed(2)
    rewards, values = torch.randn(2, T, 1, generator=generator, dtype=torch.float64)
    last = torch.randn(1, generator=generator, dtype=torch.float64)
    never = torch.zeros(T, 1, dtype=torch.bool)
    estimates = gae(rewards, values, torch.cat([values[1:], last[None]]), never, never, 0.9, 1.0)
    for t in range(T):
        returns = sum(0.9 ** (k - t) * rewards[k] for k in range(t, T)) + 0.9 ** (T - t) * last
        assert (estimates[t] - (returns - values[t])).abs() <= 1e-12


def test_is_the_mixture_of_n_step_advantages_whose_last_term_takes_the_tail():
    generator = torch.Generator().manual_seed(3)
    rewards, values = torch.randn(2, T, 1, generator=generator, dtype=torch.float64)
    following = torch.cat([values[1:], torch.randn(1, 1, generator=generator, dtype=torch.float64)])
    never, gamma, lam = torch.zeros(T, 1, dtype=torch.bool), 0.9, 0.8
    estimates = gae(rewards, values, following, never, never, gamma, lam)
    for t in range(T):
        steps = [
            sum(gamma**k * rewards[t + k] for k in range(n)) + gamma**n * following[t + n - 1] - values[t]
            for n in range(1, T - t + 1)
        ]
        mixture = (
            sum((1 - lam) * lam ** (n - 1) * a for n, a in enumerate(steps[:-1], 1)) + lam ** (T - t - 1) * steps[-1]
        )
        assert (estimates[t] - mixture).abs() <= 1e-12


def test_a_terminated_episode_has_no_future_and_a_truncated_one_keeps_it():
    one, none = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.bool)
    assert gae(one, 0 * one, 5 * one, ~none, none, 0.9, 0.95) == 1.0
    assert gae(one, 0 * one, 5 * one, none, ~none, 0.9, 0.95) == 1 + 0.9 * 5


@pytest.mark.parametrize("kind", ["terminated", "truncated"])
def test_never_leaks_across_episodes(batch, kind):
    for other in ("terminated", "truncated"):
        batch[other] = torch.zeros(T, N, dtype=torch.bool)
    batch[kind][5] = True
    before = gae(**batch, gamma=0.99, lam=0.95)
    batch["rewards"] = batch["rewards"].clone()
    batch["rewards"][6:] += 1000
    assert torch.equal(gae(**batch, gamma=0.99, lam=0.95)[:6], before[:6])


@pytest.mark.parametrize("name", ["gamma", "lam"])
def test_a_factor_outside_0_to_1_is_named(batch, name):
    with pytest.raises(ValueError, match=f"{name} is 1.5"):
        gae(**batch, **({"gamma": 0.9, "lam": 0.9} | {name: 1.5}))


@pytest.mark.parametrize("kind", [torch.int64, torch.uint8, torch.float32])
def test_flags_of_0_and_1_are_as_good_as_booleans(batch, kind):
    expected = gae(**batch, gamma=0.9, lam=0.9)
    flags = {name: batch[name].to(kind) for name in ("terminated", "truncated")}
    assert torch.equal(gae(**(batch | flags), gamma=0.9, lam=0.9), expected)


@pytest.mark.parametrize("name", ["gamma", "lam"])
def test_a_factor_that_is_nan_is_named(batch, name):
    with pytest.raises(ValueError, match=f"{name} is nan"):
        gae(**batch, **({"gamma": 0.9, "lam": 0.9} | {name: float("nan")}))


@pytest.mark.parametrize("name", ["values", "next_values", "terminated", "truncated"])
def test_a_shape_unlike_the_rewards_is_named(batch, name):
    with pytest.raises(ValueError, match=rf"{name} has shape \(12, 1\), rewards \(12, 4\)"):
        gae(**(batch | {name: batch[name][:, :1]}), gamma=0.9, lam=0.9)


def test_no_steps_have_no_advantages(batch):
    with pytest.raises(ValueError, match=r"rewards has shape \(0, 4\); give at least one step"):
        gae(**{name: x[:0] for name, x in batch.items()}, gamma=0.9, lam=0.9)
    with pytest.raises(ValueError, match=r"rewards has shape \(\)"):
        gae(**{name: x[0, 0] for name, x in batch.items()}, gamma=0.9, lam=0.9)


def test_explained_variance_never_pairs_each_row_with_all():
    with pytest.raises(ValueError, match=r"predictions has shape \(3, 1\), targets \(3,\)"):
        explained_variance(torch.zeros(3, 1), torch.tensor([1.0, 2.0, 4.0]))


@pytest.mark.parametrize("targets", [torch.tensor([2.0]), torch.zeros(0), torch.ones(3)])
def test_explained_variance_of_targets_that_do_not_vary_is_nan(targets):
    assert math.isnan(explained_variance(torch.zeros_like(targets), targets))


def test_explained_variance_is_1_for_the_truth_and_0_for_a_constant():
    targets = torch.tensor([1.0, 2.0, 4.0])
    assert explained_variance(targets + 3, targets) == pytest.approx(1)
    assert explained_variance(torch.zeros(3), targets) == pytest.approx(0)


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.95, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_n_step_advantages_in_gaes_weights_are_gae(lam, steps):
    rng, gamma = np.random.default_rng(4), 0.9
    rewards, values = rng.normal(size=steps), rng.normal(size=steps + 1)
    never = torch.zeros(steps, dtype=torch.bool)
    tensors = (torch.from_numpy(x) for x in (rewards, values[:-1], values[1:]))
    estimate = gae(*tensors, never, never, gamma, lam)[0].item()
    assert lambda_weights(steps, lam).sum() == pytest.approx(1, abs=1e-12)
    assert lambda_weights(steps, lam) @ n_step_advantages(rewards, values, gamma) == pytest.approx(estimate, abs=1e-12)


def test_n_step_advantages_count_n_rewards():
    assert n_step_advantages(np.array([1.0, 2.0]), np.array([10.0, 20.0, 40.0]), 0.5) == pytest.approx([1, 2])


def layered_mdp(rng):
    """An MDP that ends surely within three steps: states 0 | 1, 2 | 3, 4 | 5, which absorbs."""
    transition = np.zeros((6, 2, 6))
    for s, targets in [(0, [1, 2, 5]), (1, [3, 4, 5]), (2, [3, 4, 5]), (3, [5]), (4, [5]), (5, [5])]:
        transition[s][:, targets] = rng.dirichlet(np.ones(len(targets)), 2)
    return TabularMDP(transition, rng.normal(size=(6, 2)), np.eye(6)[0], 0.9, np.arange(6) == 5)


def listed_moments(mdp, pi, values, lam, s, a):
    """Return mean and variance of GAE's estimate by listing every future of (s, a)."""
    total = np.zeros(2)
    futures = itertools.product(range(6), *[range(2), range(6)] * 2)
    for future in futures:
        probability, state, action, estimate, weight = 1.0, s, a, 0.0, 1.0
        for k in range(0, 6, 2):
            if mdp.absorbing[state]:  # the rest of the list must be counted once
                probability *= all(x == 5 for x in future[k::2]) and not any(future[k - 1 :: 2])
                break
            after = future[k]
            probability *= mdp.transition[state, action, after]
            future_value = 0.0 if mdp.absorbing[after] else mdp.gamma * values[after]
            estimate += weight * (mdp.reward[state, action] + future_value - values[state])
            weight *= mdp.gamma * lam
            if k < 4:
                state, action = after, future[k + 1]
                probability *= 1.0 if mdp.absorbing[state] else pi[state, action]
        total += probability * np.array([estimate, estimate**2])
    return total[0], total[1] - total[0] ** 2


@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_exact_moments_are_those_of_all_futures_listed(lam):
    rng = np.random.default_rng(5)
    mdp = layered_mdp(rng)
    pi, values = random_policy(rng, mdp), rng.normal(size=6)
    mean, variance = gae_moments(mdp, pi, values, lam)
    for s, a in itertools.product(range(5), range(2)):
        assert listed_moments(mdp, pi, values, lam, s, a) == pytest.approx((mean[s, a], variance[s, a]), abs=1e-12)


@pytest.mark.parametrize("lam", [0.0, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("kind", ["random", "grid"])
def test_the_bias_formula_is_the_exact_mean_less_the_advantage(lam, kind):
    rng = np.random.default_rng(6)
    mdp = random_mdp(rng) if kind == "random" else gridworld()
    pi = random_policy(rng, mdp)
    error = rng.normal(size=len(mdp.start)) * mdp.live
    mean, _ = gae_moments(mdp, pi, mdp.value(pi) + error, lam)
    bias = gae_bias(error, mdp.gamma, lam, mdp.transition, pi)[~mdp.absorbing]
    assert bias == pytest.approx((mean - mdp.advantage(pi))[~mdp.absorbing], abs=1e-11)


def test_estimators_refuse_factors_outside_0_to_1_and_shapes_that_do_not_fit():
    grid, pi, values = gridworld(), np.full((25, 4), 0.25), np.zeros(25)
    for call, message in [
        (lambda: lambda_weights(5, 2), "lam is 2"),
        (lambda: lambda_weights(5, np.nan), "lam is nan"),
        (lambda: lambda_weights(0, 0.5), "steps is 0"),
        (lambda: n_step_advantages(np.ones(3), np.ones(4), 2), "gamma is 2"),
        (lambda: n_step_advantages(np.ones(3), np.ones(3), 0.9), "values has shape"),
        (lambda: n_step_advantages(np.array([1.0, np.nan]), np.ones(3), 0.9), "rewards holds nan"),
        (lambda: gae_moments(grid, pi, values, 2), "lam is 2"),
        (lambda: gae_moments(grid, pi, values[:1], 0.5), "values has shape"),
        (lambda: gae_moments(grid, 2 * pi, values, 0.5), "pi is no distribution"),
        (lambda: gae_bias(values, 0.9, 2, grid.transition, pi), "lam is 2"),
        (lambda: gae_bias(values, -1, 0.5, grid.transition, pi), "gamma is -1"),
        (lambda: gae_bias(values, 1, 1, grid.transition, pi), "gamma·lam is 1"),
        (lambda: gae_bias(values[:1], 0.9, 0.5, grid.transition, pi), "error has shape"),
        (lambda: gae_bias(values, 0.9, 0.5, grid.transition, 2 * pi), "pi is no distribution"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
