"""Finite Markov decision processes solved exactly: values, advantages, visitation, gradient, Fisher matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TabularMDP:
    """A finite MDP. Policies are arrays (S, A), each row a distribution over actions.

    States that are `absorbing` have no future and no reward: V, A and ρ are 0 there, and no probability leaves them.
    Letters: ρ(s) = Σ_t γᵗ P(s_t = s) is the discounted visitation, unnormalised; Z = Σ ρ is its mass, 1/(1−γ) where
    no state absorbs; d = ρ/Z. V and J also serve complex policies, so that a complex step can differentiate them.
    """

    transition: np.ndarray  # P(s'|s, a), (S, A, S)
    reward: np.ndarray  # r(s, a), (S, A)
    start: np.ndarray  # μ(s), (S,)
    gamma: float
    absorbing: np.ndarray  # booleans, (S,)

    def __post_init__(self):
        states, actions = self.reward.shape
        shapes = {"transition": (states, actions, states), "start": (states,), "absorbing": (states,)}
        for name, shape in shapes.items():
            if (got := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} has shape {got}; reward's {self.reward.shape} asks for {shape}")
        for name in ("transition", "start"):
            rows = getattr(self, name)
            if np.any(rows < 0) or not np.allclose(rows.sum(axis=-1), 1):
                raise ValueError(f"{name} is no distribution: make each row at least 0 with sum 1")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma is {self.gamma}; it must lie in [0, 1], and be 1 only where every policy ends")

    @property
    def live(self) -> np.ndarray:
        """1 on states that do not absorb, else 0, (S,)."""
        return (~self.absorbing).astype(float)

    def _future(self, pi: np.ndarray) -> np.ndarray:
        """Return I − γ P_π over live states, (S, S)."""
        move = np.einsum("sa,sat->st", pi, self.transition) * np.outer(self.live, self.live)
        return np.eye(len(self.start)) - self.gamma * move

    def value(self, pi: np.ndarray) -> np.ndarray:
        """Return V = (I − γP_π)⁻¹ r_π, (S,). Lesson 00."""
        return np.linalg.solve(self._future(pi), np.sum(pi * self.reward, axis=1) * self.live)

    def action_value(self, pi: np.ndarray) -> np.ndarray:
        """Return Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s'), 0 on absorbing states, (S, A). Lesson 00."""
        return (self.reward + self.gamma * self.transition @ self.value(pi)) * self.live[:, None]

    def advantage(self, pi: np.ndarray) -> np.ndarray:
        """Return A = Q − V, whose mean under pi is 0 at every state, (S, A). Lesson 02."""
        return self.action_value(pi) - self.value(pi)[:, None]

    def visitation(self, pi: np.ndarray) -> np.ndarray:
        """Return ρ = (I − γP_πᵀ)⁻¹ μ over live states, (S,). Lesson 02."""
        return np.linalg.solve(self._future(pi).T, self.start * self.live)

    def expected_return(self, pi: np.ndarray) -> float:
        """Return J = μᵀV. Lesson 00."""
        return self.start @ self.value(pi)

    def policy_gradient(self, pi: np.ndarray) -> np.ndarray:
        """Return ∂J/∂θ of a tabular softmax policy, ρ(s) π(a|s) A(s, a), (S, A). Lesson 02; Sutton et al. 2000."""
        return self.visitation(pi)[:, None] * pi * self.advantage(pi)

    def fisher(self, pi: np.ndarray) -> np.ndarray:
        """Return the Fisher matrix of a tabular softmax policy, E_{s~d} of diag(π) − ππᵀ, (S·A, S·A).

        Singular: adding a constant to all logits of a state changes nothing. Lesson 07.
        """
        states, actions = pi.shape
        d = self.visitation(pi) / self.visitation(pi).sum()
        blocks = d[:, None, None] * (np.eye(actions) * pi[:, None, :] - pi[:, :, None] * pi[:, None, :])
        matrix = np.zeros((states, actions, states, actions))
        matrix[np.arange(states), :, np.arange(states), :] = blocks
        return matrix.reshape(states * actions, states * actions)

    def natural_gradient(self, pi: np.ndarray) -> np.ndarray:
        """Return F⁺g = Z·(A − mean_a A), in closed form: the visitation cancels, (S, A). Lesson 07; Kakade 2001."""
        advantage = self.advantage(pi)
        return self.visitation(pi).sum() * (advantage - advantage.mean(axis=1, keepdims=True))


def optimal_policy(mdp: TabularMDP) -> np.ndarray:
    """Return a deterministic policy with the highest value at every state, (S, A), by policy iteration.

    Each round is greedy on Q; by the performance-difference lemma it lowers V nowhere, and there are finitely many
    such policies. Lesson 05; Howard 1960.
    """
    pi = np.full(mdp.reward.shape, 1 / mdp.reward.shape[1])
    value = mdp.value(pi)
    while True:
        pi = np.eye(mdp.reward.shape[1])[mdp.action_value(pi).argmax(axis=1)]
        better = mdp.value(pi)
        if np.all(better <= value + 1e-12):
            return pi
        value = better


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the distribution over the last axis with these logits; complex logits too, for complex steps."""
    weights = np.exp(logits - logits.real.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of `softmax`, finite where the probability itself is too small for a float."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def random_mdp(
    rng: np.random.Generator, states: int = 6, actions: int = 3, gamma: float = 0.9, concentration: float = 0.5
) -> TabularMDP:
    """Return an MDP with Dirichlet transitions and start, and rewards uniform in [−1, 1]; none absorbs."""
    return TabularMDP(
        transition=rng.dirichlet(np.full(states, concentration), size=(states, actions)),
        reward=rng.uniform(-1, 1, (states, actions)),
        start=rng.dirichlet(np.ones(states)),
        gamma=gamma,
        absorbing=np.zeros(states, bool),
    )


def random_policy(rng: np.random.Generator, mdp: TabularMDP, concentration: float = 1.0) -> np.ndarray:
    """Return a policy with Dirichlet rows, (S, A)."""
    states, actions = mdp.reward.shape
    return rng.dirichlet(np.full(actions, concentration), size=states)


GRID = 5  # cells along a side of the gridworld
START, GOAL, TRAP = 20, 4, 12
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left


def gridworld() -> TabularMDP:
    """Return the book's 5×5 gridworld: cell s = 5·row + column, row 0 at the top, actions up, right, down, left.

    Start in the lower left corner; the goal, upper right, pays 1 on entry, the trap in the middle −1; both absorb. A
    move into the wall stays. γ = 0.95, so the best return is γ⁷.
    """
    states, actions = GRID * GRID, len(MOVES)
    transition, reward = np.zeros((states, actions, states)), np.zeros((states, actions))
    absorbing = np.isin(np.arange(states), [GOAL, TRAP])
    for s in range(states):
        for a, (down, right) in enumerate(MOVES):
            row, column = s // GRID + down, s % GRID + right
            inside = 0 <= row < GRID and 0 <= column < GRID
            target = s if absorbing[s] or not inside else GRID * row + column
            transition[s, a, target] = 1
            if not absorbing[s]:
                reward[s, a] = (target == GOAL) - (target == TRAP)
    return TabularMDP(transition, reward, np.eye(states)[START], 0.95, absorbing)


def two_step_cliff(reward: float = 1.0, cost: float = 1.25, gamma: float = 1.0) -> TabularMDP:
    """Return the two-step cliff: in s₀ action 1 pays `reward` and leads to s₁, in s₁ action 1 costs `cost`.

    Action 0 ends the episode for nothing. Where both states share one logit, p = σ(θ), the return is
    J = reward·p − γ·cost·p² and the surrogate's error is exactly −γ·cost·(p − p₀)². Lesson 06.
    """
    transition = np.zeros((3, 2, 3))
    transition[0] = [[0, 0, 1], [0, 1, 0]]
    transition[1:] = [0, 0, 1]
    rewards = np.array([[0, reward], [0, -cost], [0, 0]])
    return TabularMDP(transition, rewards, np.array([1.0, 0, 0]), gamma, np.array([False, False, True]))
