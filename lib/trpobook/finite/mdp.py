"""Finite Markov decision processes solved exactly: values, advantages, visitation, gradient, Fisher matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trpobook.finite.checks import (
    LARGEST,
    require_array,
    require_axes,
    require_number,
    require_numbers,
    require_positive,
    require_probabilities,
    require_shape,
    require_unit_interval,
    require_whole,
)

LONGEST = 1e9  # steps of an episode, in the mean, up to which sums over the future are solved for


@dataclass(frozen=True)
class TabularMDP:
    """A finite MDP. Policies are arrays (S, A), each row a distribution over actions.

    States that are `absorbing` have no future and no reward: V, A and ρ are 0 there, and no probability leaves them.
    Letters: ρ(s) = Σ_t γᵗ P(s_t = s) is the discounted visitation, unnormalised; Z = Σ ρ is its mass, 1/(1−γ) where
    no state absorbs; d = ρ/Z. V and J also serve complex policies, so that a complex step can differentiate them.

    Raises: ValueError for shapes that don't fit, numbers that aren't finite, probabilities that aren't, states marked
        by other than booleans, γ outside [0, 1], or a start on absorbing states alone. The methods raise one when `pi`
        is no policy of this shape, or when γ is 1, or nearly, and some episode goes on for ever under it.
    """

    transition: np.ndarray  # P(s'|s, a), (S, A, S)
    reward: np.ndarray  # r(s, a), (S, A)
    start: np.ndarray  # μ(s), (S,)
    gamma: float
    absorbing: np.ndarray  # booleans, (S,)

    def __post_init__(self):
        reward = require_axes("reward", require_numbers("reward", self.reward), "state action")
        states, actions = reward.shape
        absorbing = require_array("absorbing", self.absorbing, kinds="b", what="booleans")
        require_shape("absorbing", absorbing, (states,))
        checked = {
            "reward": reward,
            "absorbing": absorbing,
            "transition": require_probabilities("transition", self.transition, (states, actions, states)),
            "start": require_probabilities("start", self.start, (states,)),
            "gamma": require_unit_interval("gamma", self.gamma),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if not np.any(self.start[~absorbing]):
            raise ValueError("start is 0 on all states that don't absorb, so no decision is ever made; start elsewhere")

    @property
    def live(self) -> np.ndarray:
        """1 on states that do not absorb, else 0, (S,)."""
        return (~self.absorbing).astype(float)

    def policies(self, **named: ArrayLike) -> list[np.ndarray]:
        """Return the named policies as arrays (S, A), after a check that each is one.

        Raises: ValueError that names the policy when it has another shape, or a row is no distribution.
        """
        return [require_probabilities(name, pi, self.reward.shape) for name, pi in named.items()]

    def policy(self, name: str, pi: ArrayLike) -> np.ndarray:
        """Return one policy after the same check, which only the real part of a complex one must pass."""
        if not (isinstance(pi, np.ndarray) and np.iscomplexobj(pi)):
            return require_probabilities(name, pi, self.reward.shape)
        require_probabilities(name, pi.real, self.reward.shape)
        require_numbers(name, pi.imag)
        return pi

    def future(self, move: np.ndarray) -> np.ndarray:
        """Return I − γP over live states, (S, S), where `move` (S, A) weighs the actions: a policy, or a part of one.

        Raises: ValueError when γ is 1, or nearly, and an episode goes on for ever, or for more than LONGEST steps.
        """
        chain = np.einsum("sa,sat->st", move, self.transition) * np.outer(self.live, self.live)
        return resolvent("gamma", self.gamma, chain)

    def value(self, pi: np.ndarray) -> np.ndarray:
        """Return V = (I − γP_π)⁻¹ r_π, (S,). Lesson 00."""
        pi = self.policy("pi", pi)
        return np.linalg.solve(self.future(pi), np.sum(pi * self.reward, axis=1) * self.live)

    def action_value(self, pi: np.ndarray) -> np.ndarray:
        """Return Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s'), 0 on absorbing states, (S, A). Lesson 00."""
        return self._action_value(self.value(pi))

    def _action_value(self, value: np.ndarray) -> np.ndarray:
        return (self.reward + self.gamma * self.transition @ value) * self.live[:, None]

    def advantage(self, pi: np.ndarray) -> np.ndarray:
        """Return A = Q − V, whose mean under pi is 0 at every state, (S, A). Lesson 02."""
        value = self.value(pi)
        return self._action_value(value) - value[:, None]

    def visitation(self, pi: np.ndarray) -> np.ndarray:
        """Return ρ = (I − γP_πᵀ)⁻¹ μ over live states, (S,). Lesson 02."""
        pi = self.policy("pi", pi)
        return np.linalg.solve(self.future(pi).T, self.start * self.live)

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
        (pi,) = self.policies(pi=pi)
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


def resolvent(name: str, discount: float, chain: np.ndarray) -> np.ndarray:
    """Return I − discount·P, (S, S), whose inverse adds up the future: Σ_k (discount·P)ᵏ.

    Args:
        name: of the discount, for the error.
        chain: P(s'|s), (S, S); what is missing from a row's sum 1 is the chance to end there.
    Raises: ValueError when the sum doesn't converge, or takes more than LONGEST steps: when the discount is 1, or
        within rounding of it, and from some state the end isn't surely reached.
    """
    matrix = np.eye(len(chain)) - discount * chain
    if discount > 0.9999:  # below, rows that sum to 1 within single precision converge
        try:
            steps = np.linalg.solve(matrix.real, np.ones(len(chain)))
        except np.linalg.LinAlgError:  # exactly singular
            steps = np.array([np.inf])
        if not (steps.min() > 0 and steps.max() <= LONGEST):
            raise ValueError(
                f"{name} is {discount} and the end isn't surely reached from every state; give {name} below 1, or "
                "absorbing states that every policy reaches"
            )
    return matrix


def optimal_policy(mdp: TabularMDP) -> np.ndarray:
    """Return a deterministic policy with the highest value at every state, (S, A), by policy iteration.

    Each round is greedy on Q; by the performance-difference lemma it lowers V nowhere, and there are finitely many
    such policies.
    Raises: ValueError when γ is 1 and a policy met on the way, the uniform one first, goes on for ever.
    Lesson 05; Howard 1960.
    """
    pi = np.full(mdp.reward.shape, 1 / mdp.reward.shape[1])
    value, met = mdp.value(pi), set()
    rounding = 1e-12 * np.abs(mdp.reward).max()
    while True:
        pi = np.eye(mdp.reward.shape[1])[mdp.action_value(pi).argmax(axis=1)]
        better = mdp.value(pi)
        if np.all(better <= value + rounding) or pi.tobytes() in met:
            return pi
        met.add(pi.tobytes())
        value = better


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the distribution over the last axis with these logits; complex logits too, for complex steps.

    A logit of −∞ gives the probability 0. Raises: as `log_softmax`.
    """
    weights = np.exp(_below_the_highest(logits))
    return weights / weights.sum(axis=-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of `softmax`, finite where the probability itself is too small for a float.

    Raises: ValueError when logits is empty, holds NaN or +∞, or a row holds nothing above −∞.
    """
    shifted = _below_the_highest(logits)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _below_the_highest(logits: np.ndarray) -> np.ndarray:
    """Return the logits less the highest (real part) along the last axis."""
    logits = require_array("logits", logits, kinds="biufc", what="numbers")
    if logits.ndim == 0:
        raise ValueError("logits is a single number; give at least one along the last axis")
    top = logits.real.max(axis=-1, keepdims=True)
    if not float(np.abs(top).max()) <= LARGEST**2:  # NaN among the logits is one here too
        raise ValueError(f"logits have a row whose highest is {top.max()}; give finite logits, up to {LARGEST**2}")
    return logits - top


def random_mdp(
    rng: np.random.Generator, states: int = 6, actions: int = 3, gamma: float = 0.9, concentration: float = 0.5
) -> TabularMDP:
    """Return an MDP with Dirichlet transitions and start, and rewards uniform in [−1, 1]; none absorbs.

    Raises: ValueError when states or actions is below 1, gamma outside [0, 1] or concentration not positive.
    """
    states, actions = require_whole("states", states, 1), require_whole("actions", actions, 1)
    concentration = require_positive("concentration", concentration)
    return TabularMDP(
        transition=rng.dirichlet(np.full(states, concentration), size=(states, actions)),
        reward=rng.uniform(-1, 1, (states, actions)),
        start=rng.dirichlet(np.ones(states)),
        gamma=gamma,
        absorbing=np.zeros(states, bool),
    )


def random_policy(rng: np.random.Generator, mdp: TabularMDP, concentration: float = 1.0) -> np.ndarray:
    """Return a policy with Dirichlet rows, (S, A). Raises: ValueError when concentration isn't positive."""
    states, actions = mdp.reward.shape
    return rng.dirichlet(np.full(actions, require_positive("concentration", concentration)), size=states)


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
    J = reward·p − γ·cost·p² and the surrogate's error is exactly −γ·cost·(p − p₀)².
    Raises: ValueError when reward or cost isn't finite, or gamma outside [0, 1].
    Lesson 06.
    """
    reward, cost = require_number("reward", reward), require_number("cost", cost)
    transition = np.zeros((3, 2, 3))
    transition[0] = [[0, 0, 1], [0, 1, 0]]
    transition[1:] = [0, 0, 1]
    rewards = np.array([[0, reward], [0, -cost], [0, 0]])
    return TabularMDP(transition, rewards, np.array([1.0, 0, 0]), gamma, np.array([False, False, True]))
