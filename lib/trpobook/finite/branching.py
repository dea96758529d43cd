"""Branches on a finite world: sampled with common random numbers, and their means and variances exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trpobook.finite.checks import (
    require_axes,
    require_indices,
    require_number,
    require_numbers,
    require_probabilities,
    require_unit_interval,
    require_whole,
)
from trpobook.finite.mdp import TabularMDP


@dataclass(frozen=True)
class GridBranches:
    """N states with K branches each, cut after `horizon` steps."""

    states: np.ndarray  # s_0 … s_horizon of each branch, (N, K, horizon + 1)
    q: np.ndarray  # discounted return of each branch, (N, K)
    steps: np.ndarray  # that each branch took before it ended or was cut, (N, K)


def sample_branches(
    mdp: TabularMDP,
    pi: np.ndarray,
    starts: np.ndarray,
    actions: np.ndarray,
    horizon: int,
    rng: np.random.Generator,
    common: bool = True,
) -> GridBranches:
    """Return branches that take the given first actions and follow pi afterwards.

    Choices and next states invert their distribution functions at uniform numbers; with common random numbers all
    branches of a state share theirs, step by step.

    Args:
        starts: states to branch from, (N,).
        actions: (N, K).
        horizon: at least 1.
    Raises: ValueError when pi is no policy, a start or an action doesn't exist, the shapes don't fit, or horizon is
        below 1.
    Lesson 11; Schulman et al. 2015, section 5.2.
    """
    (pi,) = mdp.policies(pi=pi)
    horizon = require_whole("horizon", horizon, 1)
    actions = require_axes("actions", require_indices("actions", actions, pi.shape[1]), "start branch")
    starts = require_indices("starts", starts, len(pi), actions.shape[:1])
    choose, move = np.cumsum(pi, axis=-1), np.cumsum(mdp.transition, axis=-1)
    n, branches = actions.shape
    s, a = np.repeat(starts[:, None], branches, axis=1), actions
    q, steps, path = np.zeros((n, branches)), np.zeros((n, branches), int), [s]
    for t in range(horizon):
        running = ~mdp.absorbing[s]
        q += mdp.gamma**t * mdp.reward[s, a] * running
        steps += running
        where, which = np.broadcast_to(rng.random((2, n, 1 if common else branches)), (2, n, branches))
        s = np.where(running, _invert(move[s, a], where), s)
        a = _invert(choose[s], which)
        path.append(s)
    return GridBranches(np.stack(path, axis=-1), q, steps)


def _invert(ladder: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the outcome that each u meets on its distribution function (…, outcomes), never one of chance 0."""
    return np.sum(u[..., None] * ladder[..., -1:] >= ladder, axis=-1)


def coupled_actions(pi: np.ndarray) -> np.ndarray:
    """Return P(a, b | s, t), the chance that one uniform number gives action a in state s and b in t, (S, S, A, A).

    It is the overlap of the two actions' intervals in the unit interval.
    Raises: ValueError when pi is no policy.
    Lesson 11.
    """
    pi = require_axes("pi", require_probabilities("pi", pi), "state action")
    top = np.cumsum(pi, axis=-1)
    low = top - pi
    upper = np.minimum(top[:, None, :, None], top[None, :, None, :])
    return np.maximum(upper - np.maximum(low[:, None, :, None], low[None, :, None, :]), 0)


def branch_moments(mdp: TabularMDP, pi: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean q_H(s, a) of a branch, (S, A), and the covariance of two that share their noise, (S, A, A).

    For two branches in states s and t, E[G_h(s) G_h(t)] follows from h − 1 by the joint law of the next two actions.
    The diagonal is the variance of a branch. Branches with noise of their own have covariance 0.

    Args:
        mdp: with deterministic transitions: then all of a branch's noise is in its actions.
        horizon: steps of a branch, the first action's included, at least 1.
    Raises: ValueError when pi is no policy, horizon is below 1, or a transition isn't deterministic.
    Lesson 11.
    """
    return next(itertools.islice(all_branch_moments(mdp, pi), require_whole("horizon", horizon, 1) - 1, None))


def all_branch_moments(mdp: TabularMDP, pi: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what `branch_moments` returns for horizon 1, 2, 3, …"""
    (pi,) = mdp.policies(pi=pi)
    if not np.all(mdp.transition.max(axis=-1) == 1):
        raise ValueError("mdp has a transition that isn't deterministic; give a world without luck of its own")
    ahead, reward = mdp.transition.argmax(axis=-1), mdp.reward * mdp.live[:, None]
    here, joint = np.arange(len(pi)), coupled_actions(pi)
    value, product = np.zeros(len(pi)), np.zeros((len(pi), len(pi)))
    while True:
        later = mdp.gamma * value[ahead]
        q = reward + later
        # (r + γG)(r' + γG'), summed out: q q' less the product of the two means of the future, plus its true mean
        both = mdp.gamma**2 * product[ahead[:, None, :, None], ahead[None, :, None, :]]
        moments = q[:, None, :, None] * q[None, :, None, :] - later[:, None, :, None] * later[None, :, None, :] + both
        yield q, moments[here, here] - q[:, :, None] * q[:, None, :]
        value, product = np.sum(pi * q, axis=1), np.sum(joint * moments, axis=(2, 3))


def branch_length(mdp: TabularMDP, pi: np.ndarray, horizon: int) -> np.ndarray:
    """Return the mean number of simulator calls of a branch that begins with a in s, (S, A).

    Raises: ValueError when pi is no policy, or horizon is below 1.
    Lesson 11.
    """
    (pi,) = mdp.policies(pi=pi)
    length = np.zeros(len(mdp.start))
    for _ in range(require_whole("horizon", horizon, 1)):
        each = (1 + mdp.transition @ length) * mdp.live[:, None]
        length = np.sum(pi * each, axis=1)
    return each


def vine_spread(
    mdp: TabularMDP, pi: np.ndarray, horizon: int, branches: ArrayLike | None, common: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the variance of the vine's gradient estimate at one state, split in two: between states, and within.

    The estimate at a state drawn from d = ρ/Z, for tabular logits, is Σ_k (Q̂_k − Q̄) ∇log π(a_k|s)/(K−1), or with
    branches=None the sum over all actions, Σ_a π(a|s) Q̂(s, a) ∇log π(a|s). Variances are summed over the logits. N
    states drawn independently have the N-th part of (between + within).

    Args:
        mdp: with deterministic transitions.
        branches: K ≥ 2 actions drawn from pi, a number or several, or None for each action once.
    Returns: (between, within): variance over states of the estimate's mean, and mean over states of its variance.
    Raises: ValueError as `branch_moments` does, or when branches is below 2.
    Lesson 11.
    """
    (pi,) = mdp.policies(pi=pi)
    if branches is not None:
        branches = require_numbers("branches", branches, least=2)
    mean, covariance = branch_moments(mdp, pi, horizon)
    d = mdp.visitation(pi) / mdp.visitation(pi).sum()
    centre = np.sum(pi * mean, axis=1, keepdims=True)
    squares = np.sum((pi * (mean - centre)) ** 2, axis=1)  # squared length of the gradient at each state
    between = d @ squares - d**2 @ squares
    gram = np.eye(pi.shape[1]) - pi[:, :, None] - pi[:, None, :] + np.sum(pi**2, axis=1)[:, None, None]
    own = np.einsum("saa->sa", covariance)
    if branches is None:
        shared = covariance if common else own[:, :, None] * np.eye(pi.shape[1])
        return between, d @ np.einsum("sa,sb,sab,sab->s", pi, pi, shared, gram)
    # A U-statistic of pairs ½(Q_k − Q_l)(∇_k − ∇_l): its second moment by how many branches two pairs have in common
    second = mean[:, :, None] * mean[:, None, :] + covariance * common
    lone = own + mean**2
    length = np.einsum("saa->sa", gram)
    gap = lone[:, :, None] + lone[:, None, :] - 2 * second
    both = d @ np.einsum("sa,sb,sab,sab->s", pi, pi, gap, length[:, :, None] + length[:, None, :] - 2 * gram) / 4

    def around(own, cross):
        """Products of (x_a − x_b) and (x_a − x_c) for all a, b, c."""
        return own[:, :, None, None] - cross[:, :, :, None] - cross[:, :, None, :] + cross[:, None]

    triples = pi[:, :, None, None] * pi[:, None, :, None] * pi[:, None, None, :]
    one = d @ np.sum(triples * around(lone, second) * around(length, gram), axis=(1, 2, 3)) / 4
    none = d @ np.einsum("sa,sb,sab,sab->s", pi, pi, second, gram)
    pairs, apart = branches * (branches - 1) / 2, branches - 2
    return between, (both + 2 * apart * one + apart * (apart - 1) / 2 * none) / pairs - d @ squares


def single_spread(mdp: TabularMDP, pi: np.ndarray, baseline: bool, horizon: int = 400) -> float:
    """Return the variance of (Q̂ − V) ∇log π(a|s) for one state, one action and one return, summed over the logits.

    Without `baseline`, of Q̂ ∇log π(a|s). The state comes from d = ρ/Z; returns are followed for `horizon` steps.
    This is a single path's answer as if the states along it were independent.
    Raises: ValueError as `branch_moments` does.
    Lesson 11.
    """
    (pi,) = mdp.policies(pi=pi)
    mean, covariance = branch_moments(mdp, pi, horizon)
    d = mdp.visitation(pi) / mdp.visitation(pi).sum()
    length = 1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)
    value = np.sum(pi * mean, axis=1, keepdims=True)
    squares = np.einsum("saa->sa", covariance) + (mean - baseline * value) ** 2
    gradient = d[:, None] * pi * (mean - value)
    return d @ np.sum(pi * squares * length, axis=1) - np.sum(gradient**2)


def truncated_q(mdp: TabularMDP, pi: np.ndarray, horizon: int) -> np.ndarray:
    """Return Q_H(s, a), the expected discounted sum of exactly `horizon` rewards, first action given, (S, A).

    Raises: ValueError when pi is no policy, or horizon is below 1.
    Lesson 11.
    """
    (pi,) = mdp.policies(pi=pi)
    q = np.zeros(pi.shape)
    for _ in range(require_whole("horizon", horizon, 1)):
        q = (mdp.reward + mdp.gamma * mdp.transition @ np.sum(pi * q, axis=1)) * mdp.live[:, None]
    return q


def best_branches(between: float, within: float, horizon: int, budget: int) -> tuple[int, float]:
    """Return the whole K ≥ 2 with the smallest variance (between + within/K)/N, and that variance.

    N = ⌊budget/(1 + K·horizon)⌋ is the number of states that the budget pays in full.
    Raises: ValueError when it pays for no state with two branches, horizon is below 1, or a variance negative.
    Lesson 11.
    """
    between, within = require_number("between", between, 0), require_number("within", within, 0)
    horizon, budget = require_whole("horizon", horizon, 1), require_whole("budget", budget, 1)
    if budget < 1 + 2 * horizon:
        raise ValueError(f"budget is {budget}; a state with two branches of {horizon} steps costs {1 + 2 * horizon}")
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within / tries) / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return int(tries[best]), float(variances[best])


def branch(simulator, saved, first_actions, policy, noise, gamma: float) -> np.ndarray:
    """Return the discounted returns of branches from one saved state, (K,), with common random numbers.

    Args:
        simulator: with ``restore(saved)`` and ``step(action)`` -> (observation, reward, ended).
        first_actions: K of them; ``policy(observation, noise[t])`` chooses all later ones.
        noise: the random numbers of steps 2, 3, …, the same for every branch.
    Raises: ValueError when gamma is outside [0, 1], or there is no first action.
    Lesson 11; Schulman et al. 2015, section 5.2.
    """
    gamma = require_unit_interval("gamma", gamma)
    if len(first_actions) == 0:
        raise ValueError("first_actions is empty; give one for each branch")
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q
