"""Exercises of lesson 00: returns, Bellman's equation, visitation. The expected answers are plain loops."""

from __future__ import annotations

import itertools

import numpy as np

from trpobook.exercises.checks import Exercise


def _reward_cases(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.array([1.0, 0.0, 2.0]), np.array([3.0]), *(rng.normal(size=n).round(2) for n in (2, 4, 7))]


def _sum(rewards) -> float:
    total = 0.0
    for reward in rewards:
        total += reward
    return total


episode_return = Exercise(
    function="episode_return",
    cases=[(rewards,) for rewards in _reward_cases(1)],
    expected=_sum,
    misconceptions=[
        ("you average the rewards: the return is their sum", lambda r: _sum(r) / len(r)),
        ("you return the last reward alone: the return adds up all of them", lambda r: r[-1]),
        ("you return the first reward alone: the return adds up all of them", lambda r: r[0]),
        ("you return the largest reward: the return adds up all of them", lambda r: max(r)),
        ("you return the number of steps: add up the rewards themselves", lambda r: float(len(r))),
        ("you leave out the last reward", lambda r: _sum(r[:-1])),
        ("you leave out the first reward", lambda r: _sum(r[1:])),
    ],
)


def _to_go(rewards, gamma, exponent=lambda t, k: k - t, first=lambda t: t):
    """Return Σ_{k ≥ first(t)} γ^exponent(t, k) r_k for each t."""
    steps = range(len(rewards))
    return np.array([sum(gamma ** exponent(t, k) * rewards[k] for k in steps if k >= first(t)) for t in steps])


rewards_to_go = Exercise(
    function="rewards_to_go",
    cases=[(rewards, gamma) for rewards, gamma in zip(_reward_cases(2), (0.5, 0.9, 0.8, 0.95, 0.7), strict=True)],
    expected=_to_go,
    misconceptions=[
        ("you forgot γ: a reward k steps ahead counts γᵏ times", lambda r, gamma: _to_go(r, 1.0)),
        (
            "you discount to the start of the episode; G_t discounts to t itself, so r_t counts fully",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k),
        ),
        (
            "you discount one step too often: r_t itself counts fully",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k - t + 1),
        ),
        ("you leave out r_t: G_t begins with it", lambda r, gamma: _to_go(r, gamma, first=lambda t: t + 1)),
        (
            "you have G at t + 1: G_t begins with r_t, and only then comes γ times the rest",
            lambda r, gamma: _to_go(r, gamma, exponent=lambda t, k: k - t - 1, first=lambda t: t + 1),
        ),
        (
            "you add up the past: G_t holds the rewards from t on",
            lambda r, gamma: np.array([sum(gamma ** (t - k) * r[k] for k in range(t + 1)) for t in range(len(r))]),
        ),
        ("your order is reversed: the first entry is G_0", lambda r, gamma: _to_go(r, gamma)[::-1]),
        ("you average: G_t is a sum", lambda r, gamma: _to_go(r, gamma) / np.arange(len(r), 0, -1)),
        (
            "you add γ times the next reward and stop there: go on to the end",
            lambda r, gamma: r + gamma * np.append(r[1:], 0),
        ),
    ],
)


def _model_cases():
    rng = np.random.default_rng(3)
    for states, actions, gamma in ((2, 2, 0.5), (3, 2, 0.9), (2, 3, 0.8), (4, 3, 0.95)):
        yield (
            rng.normal(size=states).round(1),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(states), (states, actions)),
            rng.normal(size=(states, actions)).round(1),
            gamma,
        )


def _backup(V, pi, P, r, gamma, weight=None, reward_factor=1.0, reverse=False):
    states, actions = r.shape
    new = np.zeros(states)
    for s, a in itertools.product(range(states), range(actions)):
        ahead = sum((P[s_next, a, s] if reverse else P[s, a, s_next]) * V[s_next] for s_next in range(states))
        chance = pi[s, a] if weight is None else weight
        new[s] += chance * (reward_factor * r[s, a] + gamma * ahead)
    return new


def _action_values(V, P, r, gamma):
    return np.array([[r[s, a] + gamma * P[s, a] @ V for a in range(r.shape[1])] for s in range(len(V))])


bellman_backup = Exercise(
    function="bellman_backup",
    cases=list(_model_cases()),
    expected=_backup,
    misconceptions=[
        ("you forgot γ", lambda V, pi, P, r, gamma: _backup(V, pi, P, r, 1.0)),
        (
            "you discount the reward too: it comes now, only the future counts γ times",
            lambda V, pi, P, r, gamma: _backup(V, pi, P, r, gamma, reward_factor=gamma),
        ),
        ("you forgot the reward", lambda V, pi, P, r, gamma: _backup(V, pi, P, r, gamma, reward_factor=0)),
        (
            "you take the best action: that is the equation of the optimal policy; here π chooses",
            lambda V, pi, P, r, gamma: _action_values(V, P, r, gamma).max(axis=1),
        ),
        (
            "you have one number for each action: average them over π(a|s)",
            lambda V, pi, P, r, gamma: _action_values(V, P, r, gamma),
        ),
        (
            "you add up the actions without their probabilities π(a|s)",
            lambda V, pi, P, r, gamma: _backup(V, pi, P, r, gamma, weight=1.0),
        ),
        (
            "you give every action the same weight: use π(a|s)",
            lambda V, pi, P, r, gamma: _backup(V, pi, P, r, gamma, weight=1 / r.shape[1]),
        ),
        (
            "you follow the transitions backwards: P[s, a, s'] leads from s to s'",
            lambda V, pi, P, r, gamma: _backup(V, pi, P, r, gamma, reverse=True),
        ),
        (
            "you stay where you are: the future is V at the next state, averaged over P",
            lambda V, pi, P, r, gamma: np.sum(pi * r, axis=1) + gamma * V,
        ),
    ],
)


def _visits(mu, pi, P, gamma, steps=2000, skip=0, towards=False):
    """Add up γᵗ P(s_t = s), t = skip … steps − 1, state by state."""
    move = sum(pi[:, [a]] * P[:, a] for a in range(pi.shape[1]))
    now, total = np.array(mu, float), np.zeros(len(mu))
    for t in range(steps):
        if t >= skip:
            total += gamma**t * now
        now = move @ now if towards else now @ move
    return total


def _visit_cases():
    rng = np.random.default_rng(5)
    for states, actions, gamma in ((2, 2, 0.5), (3, 2, 0.9), (2, 3, 0.8), (4, 3, 0.95)):
        yield (
            rng.dirichlet(np.ones(states)),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(states), (states, actions)),
            gamma,
        )


visitation = Exercise(
    function="visitation",
    cases=list(_visit_cases()),
    expected=_visits,
    misconceptions=[
        (
            "you have the normalised d = (1 − γ)ρ; ρ itself has the mass 1/(1 − γ)",
            lambda mu, pi, P, gamma: (1 - gamma) * _visits(mu, pi, P, gamma),
        ),
        ("you leave out t = 0: the start counts too", lambda mu, pi, P, gamma: _visits(mu, pi, P, gamma, skip=1)),
        (
            "you discount one step too often: the start counts fully",
            lambda mu, pi, P, gamma: gamma * _visits(mu, pi, P, gamma),
        ),
        (
            "you follow the transitions backwards: probability flows from s to s', so ρ multiplies P from the left",
            lambda mu, pi, P, gamma: _visits(mu, pi, P, gamma, towards=True),
        ),
        (
            "you give every action the same weight: use π(a|s)",
            lambda mu, pi, P, gamma: _visits(mu, np.full_like(pi, 1 / pi.shape[1]), P, gamma),
        ),
        (
            "you start everywhere alike: start from mu",
            lambda mu, pi, P, gamma: _visits(np.full_like(mu, 1 / len(mu)), pi, P, gamma),
        ),
        (
            "you have the share of time in the long run, which knows neither the start nor γ",
            lambda mu, pi, P, gamma: _visits(mu, pi, P, 1.0, steps=2000, skip=1999),
        ),
        (
            "you stop after the first step: go on until γᵗ is negligible, or solve the linear system",
            lambda mu, pi, P, gamma: _visits(mu, pi, P, gamma, steps=2),
        ),
    ],
)

EXERCISES = {"0.1": episode_return, "0.2": rewards_to_go, "0.3": bellman_backup, "0.4": visitation}
