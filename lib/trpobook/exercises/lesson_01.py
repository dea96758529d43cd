"""Exercises of lesson 01, the KL divergence. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import itertools
import math

import numpy as np

from trpobook.exercises.checks import Exercise

COINS = (np.array([0.5, 0.5]), np.array([0.9, 0.1]))


def _random_pairs(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))) for n in (2, 3, 5, 8) for _ in range(3)]


def _rowwise(function):
    """Lift a function of two lists to arrays (…, outcomes), by a loop over the rows."""

    def lifted(p, q):
        rows = [function(list(a), list(b)) for a, b in zip(_rows(p), _rows(q), strict=True)]
        return np.reshape(rows, p.shape[:-1])

    return lifted


def _rows(p):
    return p.reshape(-1, p.shape[-1])


def _kl(p, q) -> float:
    total = 0.0
    for p_x, q_x in zip(p, q, strict=True):
        if p_x > 0:
            total += p_x * math.log(p_x / q_x) if q_x > 0 else math.inf
    return total


def _tv(p, q) -> float:
    return sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


kl_categorical = Exercise(
    function="kl_categorical",
    cases=[
        COINS,
        (np.array([0.0, 1.0]), np.array([0.5, 0.5])),
        (np.array([0.5, 0.5]), np.array([1.0, 0.0])),
        (np.array([0.0, 0.5, 0.5]), np.array([0.0, 0.25, 0.75])),
        *_random_pairs(1),
        (np.array([[0.5, 0.5], [0.2, 0.8], [0.0, 1.0]]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])),
    ],
    expected=_rowwise(_kl),
    misconceptions=[
        (
            "you have KL(q‖p): the weights must be the first argument's probabilities",
            _rowwise(lambda p, q: _kl(q, p)),
        ),
        (
            "you used log2, so the result is in bits; the book uses nats",
            _rowwise(lambda p, q: _kl(p, q) / math.log(2)),
        ),
        (
            "you get NaN where p is 0: 0·log 0 counts as 0, since x·log x → 0, but the computer has 0·(−∞)",
            lambda p, q: np.sum(p * np.log(p / q), axis=-1),
        ),
        (
            "you have the cross-entropy: the entropy of p, −Σ p log p, must be subtracted",
            _rowwise(lambda p, q: sum(a * -math.log(b) if b > 0 else math.inf for a, b in zip(p, q, strict=True) if a)),
        ),
        (
            "you sum over the whole array: sum over the last axis only, one number for each distribution",
            lambda p, q: np.sum(_rowwise(_kl)(p, q)),
        ),
    ],
)


def _trajectory_kl(transition, old, new, start, steps) -> float:
    """KL between the laws of whole trajectories, by listing every trajectory."""
    states, actions = old.shape
    total = 0.0
    for path in itertools.product(range(states), *[range(actions), range(states)] * steps):
        p = q = start[path[0]]
        for t in range(steps):
            s, a, s_next = path[2 * t : 2 * t + 3]
            p, q = p * old[s, a] * transition[s, a, s_next], q * new[s, a] * transition[s, a, s_next]
        if p > 0:
            total += p * math.log(p / q)
    return total


def _per_step(weight=lambda t: 1.0, visit="old", reverse=False, extra=0):
    """The step-by-step sum with a mistake: weights over time, whose visits, direction, number of steps."""

    def mistaken(transition, old, new, start, steps):
        policy = {"old": old, "new": new}[visit]
        divergence = np.array([_kl(n, o) if reverse else _kl(o, n) for o, n in zip(old, new, strict=True)])
        d, total = start, 0.0
        for t in range(steps + extra):
            total += weight(t) * float(d @ divergence)
            d = np.einsum("s,sa,sat->t", d, policy, transition)
        return total

    return mistaken


def _trajectory_cases():
    rng = np.random.default_rng(4)
    for states, actions, steps in [(2, 2, 1), (2, 2, 2), (3, 2, 2), (2, 3, 3), (3, 2, 3)]:
        yield (
            rng.dirichlet(np.ones(states), (states, actions)),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(actions), states),
            rng.dirichlet(np.ones(states)),
            steps,
        )


traj_kl = Exercise(
    function="traj_kl",
    cases=list(_trajectory_cases()),
    expected=_trajectory_kl,
    misconceptions=[
        *(
            (
                "you discount the steps; every step of a trajectory counts fully",
                _per_step(lambda t, g=g: g**t),
            )
            for g in (0.9, 0.95, 0.99)
        ),
        (
            "you visit the states as the new policy does; the trajectories come from the old one",
            _per_step(visit="new"),
        ),
        ("you have KL(new‖old) in each state", _per_step(reverse=True)),
        (
            "you count one step too many: T actions are chosen, and the last state chooses none",
            _per_step(extra=1),
        ),
        (
            "you multiply the first step's KL by T; the states' distribution changes from step to step",
            lambda transition, old, new, start, steps: steps * _per_step()(transition, old, new, start, 1),
        ),
        (
            "you average the KL over the steps; the KL of a trajectory is their sum",
            lambda transition, old, new, start, steps: _per_step()(transition, old, new, start, steps) / steps,
        ),
    ],
)


def _gap(kl_weight: float, tv_weight: float, power: int = 2):
    return lambda p, q: kl_weight * _kl(p, q) - (tv_weight * _tv(p, q)) ** power


pinsker_gap = Exercise(
    function="pinsker_gap",
    cases=[COINS, (np.array([0.3, 0.7]), np.array([0.3, 0.7])), *_random_pairs(2)],
    expected=_gap(0.5, 1),
    misconceptions=[
        ("your total variation lacks its ½: TV = ½ Σ |p − q|", _gap(0.5, 2)),
        ("your KL is in bits; Pinsker's ½ belongs to nats", _gap(0.5 / math.log(2), 1)),
        ("the KL lacks its ½: the bound is TV² ≤ ½ KL", _gap(1, 1)),
        ("the total variation is not squared", _gap(0.5, 1, power=1)),
        (
            "you have TV² − ½ KL: the gap is the larger side minus the smaller",
            lambda p, q: -_gap(0.5, 1)(p, q),
        ),
        ("you have KL(q‖p) in place of KL(p‖q)", lambda p, q: _gap(0.5, 1)(q, p)),
        (
            "you took the square root of ½ KL; the gap asked for is between the squares",
            lambda p, q: math.sqrt(max(0.0, _kl(p, q) / 2)) - _tv(p, q),
        ),
    ],
)


def _estimators(log_old, log_new):
    rows = []
    for a, b in zip(log_old, log_new, strict=True):
        log_r = b - a
        rows.append((-log_r, log_r * log_r / 2, math.exp(log_r) - 1 - log_r))
    k1, k2, k3 = (np.array(column) for column in zip(*rows, strict=True))
    return k1, k2, k3


def _scaled(estimators, *factors):
    return tuple(k * c for k, c in zip(estimators, factors, strict=True))


def _without_minus_one(k1, k2, k3):
    return k1, k2, k3 + 1


def _log_probability_cases():
    yield np.log([0.5, 0.5]), np.log([0.9, 0.1])
    for p, q in _random_pairs(3):
        yield np.log(p), np.log(q)


kl_estimators = Exercise(
    function="kl_estimators",
    cases=list(_log_probability_cases()),
    expected=_estimators,
    misconceptions=[
        (
            "your ratio is upside down: r = π_new/π_old under samples of the old policy",
            lambda log_old, log_new: _estimators(log_new, log_old),
        ),
        (
            "your k2 lacks its ½",
            lambda log_old, log_new: _scaled(_estimators(log_old, log_new), 1, 2, 1),
        ),
        (
            "your k3 lacks the −1: as it stands its mean is KL + 1",
            lambda log_old, log_new: _without_minus_one(*_estimators(log_old, log_new)),
        ),
        (
            "your k1 is log r; its mean under the old policy is −KL",
            lambda log_old, log_new: _scaled(_estimators(log_old, log_new), -1, 1, 1),
        ),
        (
            "you return averages: return the estimators sample by sample",
            lambda log_old, log_new: tuple(np.mean(k) for k in _estimators(log_old, log_new)),
        ),
    ],
)

EXERCISES = {"1.1": kl_categorical, "1.2": traj_kl, "1.3": pinsker_gap, "1.4": kl_estimators}
