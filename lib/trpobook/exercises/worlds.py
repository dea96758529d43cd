"""What the exercises of lessons 05 and 06 are checked on: a tiny world, and worlds played forward step by step."""

from __future__ import annotations

import numpy as np

from trpobook.finite.mdp import TabularMDP

LONG = 1e-13  # a world is played until γᵗ falls below this


def tidy(rows) -> np.ndarray:
    return np.asarray(rows, float)


TINY = TabularMDP(
    transition=tidy([[[0.8, 0.2], [0.1, 0.9]], [[0.5, 0.5], [1.0, 0.0]]]),
    reward=tidy([[1.0, 0.0], [-1.0, 2.0]]),
    start=tidy([0.7, 0.3]),
    gamma=0.5,
    absorbing=np.array([False, False]),
)
ENDING = TabularMDP(
    transition=tidy([[[0.6, 0.2, 0.2], [0.1, 0.9, 0]], [[0.5, 0, 0.5], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]]),
    reward=tidy([[1, 0], [-1, 2], [0, 0]]),
    start=tidy([0.7, 0.3, 0]),
    gamma=0.5,
    absorbing=np.array([False, False, True]),
)
LEFT, RIGHT = tidy([[0.9, 0.1], [0.6, 0.4]]), tidy([[0.2, 0.8], [0.3, 0.7]])


def play(mdp: TabularMDP, pi: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Return Σ_t γᵗ E[r_t] and Σ_t γᵗ P(s_t = ·), carrying the state's distribution along from `start`."""
    at, discount, total, visits = start * mdp.live, 1.0, 0.0, np.zeros(len(start))
    while discount > LONG:
        visits += discount * at
        total += discount * np.sum(at[:, None] * pi * mdp.reward)
        at = np.einsum("s,sa,sat->t", at, pi, mdp.transition) * mdp.live
        discount *= mdp.gamma
    return total, visits


def visits_of(mdp: TabularMDP, pi: np.ndarray) -> np.ndarray:
    """Return Σ_t γᵗ P(s_t = ·), (S,)."""
    return play(mdp, pi, mdp.start)[1]


def is_policy(rows: np.ndarray) -> bool:
    """Return whether each row is a distribution, to the digits of single precision."""
    return bool(np.all(rows >= 0) and np.all(np.abs(rows.sum(axis=1, dtype=float) - 1) <= 2e-6))
