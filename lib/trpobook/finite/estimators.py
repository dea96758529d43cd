"""Estimators of the advantage, exactly: n-step estimates, their λ-weights, and the bias and moments of GAE."""

from __future__ import annotations

import numpy as np

from trpobook.finite.checks import (
    require_axes,
    require_numbers,
    require_probabilities,
    require_unit_interval,
    require_whole,
)
from trpobook.finite.mdp import TabularMDP, resolvent


def n_step_advantages(rewards: np.ndarray, values: np.ndarray, gamma: float) -> np.ndarray:
    r"""Return the advantage estimates of a stretch's first action by n = 1 … N of its rewards, (N,).

    A⁽ⁿ⁾ = Σ_{k<n} γᵏ r_k + γⁿ V(s_n) − V(s_0).

    Args:
        rewards: r_0 … r_{N−1}, of one stretch in which no episode ends before the last step.
        values: V(s_0) … V(s_N), (N + 1,); the last is 0 where the episode terminated.
        gamma: in [0, 1].
    Raises: ValueError when rewards is no vector or empty, values not one longer, a number not finite or gamma out of
        range.
    Lesson 03; Schulman et al. 2016, equations 11 to 15.
    """
    rewards = require_axes("rewards", require_numbers("rewards", rewards), "step")
    values = require_numbers("values", values, (len(rewards) + 1,))
    discounts = require_unit_interval("gamma", gamma) ** np.arange(len(values))
    return np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]


def lambda_weights(steps: int, lam: float) -> np.ndarray:
    """Return GAE's weights on the n-step advantages of a stretch of N `steps`, (N,), sum 1.

    (1 − λ)λⁿ⁻¹ for n < N; the last takes all that is left, λᴺ⁻¹.
    Raises: ValueError when steps is below 1, or lam outside [0, 1].
    Lesson 03.
    """
    steps, lam = require_whole("steps", steps, 1), require_unit_interval("lam", lam)
    weights = (1 - lam) * lam ** np.arange(steps)
    weights[-1] = lam ** (steps - 1)
    return weights


def gae_bias(error: np.ndarray, gamma: float, lam: float, transition: np.ndarray, pi: np.ndarray) -> np.ndarray:
    r"""Return E[GAE | s, a] − A(s, a) when the value function used is V^π + error, (S, A).

    −e(s) + γ(1−λ) Σ_l (γλ)ˡ E[e(s_{t+l+1}) | s, a]. The first part is a baseline and biases no policy gradient.

    Args:
        error: e(s), (S,), 0 on absorbing states.
        gamma, lam: in [0, 1], their product below 1.
        transition: P(s'|s, a), (S, A, S).
        pi: the policy, (S, A).
    Raises: ValueError when a factor is out of range, pi or transition no distribution, or the shapes don't fit.
    Lesson 03.
    """
    gamma, lam = require_unit_interval("gamma", gamma), require_unit_interval("lam", lam)
    pi = require_axes("pi", require_probabilities("pi", pi), "state action")
    transition = require_probabilities("transition", transition, (*pi.shape, len(pi)))
    error = require_numbers("error", error, (len(pi),))
    move = np.einsum("sa,sat->st", pi, transition)
    ahead = np.linalg.solve(resolvent("gamma·lam", gamma * lam, move), error)
    return -error[:, None] + gamma * (1 - lam) * transition @ ahead


def gae_moments(mdp: TabularMDP, pi: np.ndarray, values: np.ndarray, lam: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the exact mean and variance of GAE's estimate for each state and action, two arrays (S, A).

    The estimate is X(s, a) = δ(s, a, s') + γλ·X(s', a'), so its first two moments solve linear equations, with
    discounts γλ and (γλ)². Episodes are followed to their end or for ever.

    Args:
        values: any V, (S,); taken as 0 on absorbing states.
        lam: in [0, 1]; γλ below 1 unless every policy ends.
    Raises: ValueError when pi is no policy, values of another shape or not finite, or lam out of range.
    Lesson 03; the second moment as in Sobel 1982.
    """
    (pi,) = mdp.policies(pi=pi)
    values = require_numbers("values", values, mdp.start.shape) * mdp.live
    carry = mdp.gamma * require_unit_interval("lam", lam)
    step = mdp.transition * mdp.live[:, None, None]
    move = np.einsum("sa,sat->st", pi, step * mdp.live)
    deltas = mdp.reward[:, :, None] + mdp.gamma * values - values[:, None, None]

    def solve(discount, source):
        """Return x(s, a) = source(s, a) + discount·E[x(s', a')], and the mean of x(s, ·) at each state."""
        state = np.linalg.solve(resolvent("gamma·lam", discount, move), np.sum(pi * source, axis=1))
        return source + discount * (step * mdp.live) @ state, state

    mean, state_mean = solve(carry, np.sum(step * deltas, axis=2))
    crossed = deltas**2 + 2 * carry * deltas * (state_mean * mdp.live)
    second, _ = solve(carry**2, np.sum(step * crossed, axis=2))
    return mean, second - mean**2
