"""Episodes of a finite MDP, sampled all at once: the data from which the lessons estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trpobook.finite.checks import require_numbers, require_unit_interval, require_whole
from trpobook.finite.mdp import TabularMDP


@dataclass(frozen=True)
class Episodes:
    """Sampled episodes, one a row, time along the columns.

    An episode ends when it enters an absorbing state. From then on it stays there, its actions and rewards are 0 and
    `live` is False; weight per-step sums by `live`, for action 0 is also the name of an action.
    """

    states: np.ndarray  # s_0 … s_T, whole numbers, (count, horizon + 1)
    actions: np.ndarray  # a_0 … a_{T−1}, whole numbers, (count, horizon)
    rewards: np.ndarray  # r_0 … r_{T−1}, (count, horizon)
    live: np.ndarray  # whether a decision was made at t, booleans, (count, horizon)


def sample_episodes(mdp: TabularMDP, pi: np.ndarray, count: int, horizon: int, rng: np.random.Generator) -> Episodes:
    """Return `count` independent episodes of the policy, each cut after `horizon` steps.

    What the cut leaves out is at most γ^horizon·max|V| of the discounted return. Actions and next states are drawn
    by inverting their distribution functions, two random numbers a step.

    Args:
        pi: the policy, (S, A).
        count, horizon: at least 1.
    Raises: ValueError when pi is no policy of shape (S, A), or count or horizon is below 1.
    Lesson 02.
    """
    (pi,) = mdp.policies(pi=pi)
    count, horizon = require_whole("count", count, 1), require_whole("horizon", horizon, 1)
    choose, move = _ladder(pi), _ladder(mdp.transition)
    states = np.empty((count, horizon + 1), int)
    actions, rewards = np.zeros((count, horizon), int), np.zeros((count, horizon))
    states[:, 0] = _draw(np.broadcast_to(_ladder(mdp.start), (count, len(mdp.start))), rng)
    for t in range(horizon):
        s = states[:, t]
        live = ~mdp.absorbing[s]
        a = _draw(choose[s], rng) * live
        actions[:, t] = a
        rewards[:, t] = mdp.reward[s, a] * live
        states[:, t + 1] = np.where(live, _draw(move[s, a], rng), s)
    return Episodes(states, actions, rewards, ~mdp.absorbing[states[:, :-1]])


def all_episodes(mdp: TabularMDP, horizon: int) -> tuple[Episodes, np.ndarray]:
    """Return every episode of `horizon` steps that can happen, and the world's part of its probability, (count,).

    P(τ) = μ(s_0)·Π_t π(a_t|s_t)·P(s_{t+1}|s_t, a_t): the world's part is all but the π, the same for every policy.
    Their number grows like (actions × next states)^horizon: for tiny MDPs only.

    Raises: ValueError when horizon is below 1.
    Lesson 02.
    """
    horizon = require_whole("horizon", horizon, 1)
    states = np.flatnonzero(mdp.start)[:, None]
    actions, rewards = np.empty((len(states), 0), int), np.empty((len(states), 0))
    chance = mdp.start[states[:, 0]]
    stay = np.zeros_like(mdp.transition)
    stay[np.arange(len(stay)), 0, np.arange(len(stay))] = 1
    move = np.where(mdp.absorbing[:, None, None], stay, mdp.transition)
    for _ in range(horizon):
        last = states[:, -1]
        row, a, s_next = np.nonzero(move[last])
        states = np.column_stack([states[row], s_next])
        actions = np.column_stack([actions[row], a])
        rewards = np.column_stack([rewards[row], mdp.reward[last[row], a] * mdp.live[last[row]]])
        chance = chance[row] * move[last[row], a, s_next]
    return Episodes(states, actions, rewards, ~mdp.absorbing[states[:, :-1]]), chance


def rewards_to_go(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """Return G_t = Σ_{k≥t} γ^{k−t} r_k along the last axis, in the shape of `rewards`: discounted to time t, not 0.

    The first column is the episodes' discounted returns.
    Raises: ValueError when rewards is empty or not finite, or gamma outside [0, 1].
    Lesson 02.
    """
    to_go = np.atleast_1d(require_numbers("rewards", rewards)).copy()
    gamma = require_unit_interval("gamma", gamma)
    for t in reversed(range(to_go.shape[-1] - 1)):
        to_go[..., t] += gamma * to_go[..., t + 1]
    return to_go


def _ladder(probabilities: np.ndarray) -> np.ndarray:
    """Return the distribution function along the last axis, its last rung exactly 1."""
    rungs = np.cumsum(probabilities, axis=-1)
    return rungs / rungs[..., -1:]


def _draw(ladder: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an outcome for each row of distribution functions (n, outcomes); never one of probability 0."""
    return np.sum(rng.random(len(ladder))[:, None] >= ladder, axis=1)
