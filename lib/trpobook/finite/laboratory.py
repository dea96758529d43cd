"""The gridworld laboratory: a policy improves by exact returns and an advantage that may be wrong, round by round.

Everything is exact but the advantage estimate, Â = A + κ·(b − Σ_a π b): b is drawn once from the seed, so the error
is a bias that repeats every round. A policy is kept as logits θ (S, A). Returns and promises are in percent of the best
policy's return.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from trpobook.finite.bounds import golden_section
from trpobook.finite.checks import (
    require_axes,
    require_number,
    require_numbers,
    require_positive,
    require_unit_interval,
    require_whole,
)
from trpobook.finite.divergences import kl_categorical
from trpobook.finite.mdp import TabularMDP, gridworld, log_softmax, optimal_policy, softmax

LONGEST_PENALISED_STEP = 0.05  # the penalty rule searches step sizes up to this one
MOST_HALVINGS = 30
MOST = 1e6  # for the sizes of a rule, far above all that teaches anything
RIDGE = 1e-6  # added to the Fisher matrix of shared features, which is singular
FALL = 2.0  # percent of the best return: a larger loss in one round is called an overshoot

Attempt = Callable[[float], tuple[float, float, float]]  # step size α → L̂, mean KL, max KL


@dataclass(frozen=True)
class Rule:
    """How a round is made: which update, and how good its advantage estimate is.

    Raises: ValueError when update or features is unknown, delta or alpha not in (0, MOST], kappa not in [0, MOST], or
        seed no whole number.
    """

    update: str = "trust"  # "trust": mean KL ≤ delta; "none": a fixed step alpha; "penalty": L̂ − C·max KL
    delta: float = 0.02  # δ, nats
    alpha: float = 250.0  # step along the direction, "none" only
    kappa: float = 0.0  # κ, size of the estimate's error, in units of return
    seed: int = 9  # of the error
    features: str = "tabular"  # or "rowcol": one weight a row and one a column for each action

    def __post_init__(self):
        for name, allowed in (("update", ("trust", "none", "penalty")), ("features", ("tabular", "rowcol"))):
            if (value := getattr(self, name)) not in allowed:
                raise ValueError(f"{name} is {value!r}; choose one of {', '.join(allowed)}")
        for name in ("delta", "alpha"):
            require_positive(name, getattr(self, name), MOST)
        require_number("kappa", self.kappa, 0, MOST)
        require_whole("seed", self.seed)


@dataclass(frozen=True)
class Round:
    """One round: the new logits, what was promised and what came of it."""

    theta: np.ndarray  # logits of the new policy, (S, A)
    before: float  # true return of the old policy, percent of the best
    promised: float  # J + L̂, percent of the best
    after: float  # true return of the new policy, percent of the best
    mean_kl: float  # Σ_s d(s) KL(old‖new), d = ρ/Z, nats
    max_kl: float  # nats
    backtracks: int  # halvings of the trust rule's line search; when all fail the policy stays

    @property
    def overshot(self) -> bool:
        """Whether the return fell by more than two percent of the best."""
        return self.before - self.after > FALL


class Laboratory:
    """The gridworld, the return of its best policy, and the three update rules. Holds no state of a run. Lesson 09."""

    def __init__(self):
        self.mdp: TabularMDP = gridworld()
        self.best = self.mdp.expected_return(optimal_policy(self.mdp))

    def start(self) -> np.ndarray:
        """Return the logits of the uniform policy, (S, A)."""
        return np.zeros_like(self.mdp.reward)

    def percent(self, value: float) -> float:
        """Return a return, or a promise of one, in percent of the best policy's."""
        return 100 * value / self.best

    def estimate(self, pi: np.ndarray, rule: Rule) -> np.ndarray:
        """Return Â = A + κ·(b − Σ_a π b), 0 on absorbing states, (S, A).

        Raises: ValueError when pi is no policy.
        """
        (pi,) = self.mdp.policies(pi=pi)
        b = lcg_uniform(rule.seed, pi.shape)
        centred = b - np.sum(pi * b, axis=1, keepdims=True)
        return self.mdp.advantage(pi) + rule.kappa * centred * self.mdp.live[:, None]

    def direction(self, pi: np.ndarray, estimate: np.ndarray, rule: Rule) -> np.ndarray:
        """Return the natural gradient as a change of logits, (S, A): Â for tabular logits, whose F⁺g it is but for Z.

        With shared features θ = Bw it is B(BᵀFB + ridge·I)⁻¹Bᵀg: a change at one cell moves its whole row and column.

        Raises: ValueError when pi is no policy, or estimate of another shape or not finite.
        """
        (pi,) = self.mdp.policies(pi=pi)
        estimate = require_numbers("estimate", estimate, pi.shape)
        if rule.features == "tabular":
            return estimate
        states, actions = pi.shape
        basis = np.kron(row_and_column_indicators(states), np.eye(actions))
        gradient = self.mdp.visitation(pi)[:, None] * pi * estimate
        fisher = basis.T @ self.mdp.fisher(pi) @ basis
        step = np.linalg.solve(fisher + RIDGE * np.eye(len(fisher)), basis.T @ gradient.ravel())
        return (basis @ step).reshape(pi.shape)

    def step(self, theta: np.ndarray, rule: Rule) -> Round:
        """Return the round that `rule` makes from logits theta.

        Raises: ValueError when theta is of another shape than (S, A) or not finite.
        """
        theta = require_numbers("theta", theta, self.mdp.reward.shape)
        estimate, direction, attempt = self._ahead(theta, rule)
        backtracks = 0
        if rule.update == "none":
            alpha = rule.alpha
        elif rule.update == "penalty":
            constant = 4 * np.abs(estimate).max() * self.mdp.gamma / (1 - self.mdp.gamma) ** 2

            def penalised(alpha: float) -> float:
                gain, _, max_kl = attempt(alpha)
                return gain - constant * max_kl

            alpha = golden_section(penalised, 0, LONGEST_PENALISED_STEP)
        else:
            alpha, backtracks = self._trusted(theta, rule.delta, direction, attempt)

        gain, mean_kl, max_kl = attempt(alpha)
        new = theta + alpha * direction
        new = new - new.mean(axis=1, keepdims=True)
        old_return = self.mdp.expected_return(softmax(theta))
        return Round(
            theta=new,
            before=self.percent(old_return),
            promised=self.percent(old_return + gain),
            after=self.percent(self.mdp.expected_return(softmax(new))),
            mean_kl=float(mean_kl),
            max_kl=float(max_kl),
            backtracks=backtracks,
        )

    def _ahead(self, theta: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray, Attempt]:
        """Return Â, the direction x, and the map from a step size α to what θ + αx promises and how far it is."""
        pi, log_pi = softmax(theta), log_softmax(theta)
        estimate, rho = self.estimate(pi, rule), self.mdp.visitation(pi)
        direction = self.direction(pi, estimate, rule)

        def attempt(alpha: float) -> tuple[float, float, float]:
            logits = theta + alpha * direction
            kl = self.mdp.live * np.sum(pi * (log_pi - log_softmax(logits)), axis=1)
            return rho @ np.sum(softmax(logits) * estimate, axis=1), rho @ kl / rho.sum(), kl.max()

        return estimate, direction, attempt

    def _trusted(self, theta: np.ndarray, delta: float, direction: np.ndarray, attempt: Attempt) -> tuple[float, int]:
        """Return the step √(2δ/Σ_s d Var_π x), halved until the mean KL is at most δ and L̂ above 0, and the halvings.

        The step is 0 where 30 halvings do not suffice.
        """
        pi = softmax(theta)
        rho = self.mdp.visitation(pi)
        mean = np.sum(pi * direction, axis=1, keepdims=True)
        curvature = rho @ np.sum(pi * (direction - mean) ** 2, axis=1) / rho.sum()
        alpha = np.sqrt(2 * delta / max(curvature, np.finfo(float).tiny))
        for halvings in range(MOST_HALVINGS):
            gain, mean_kl, _ = attempt(alpha)
            if mean_kl <= delta and gain > 0:
                return alpha, halvings
            alpha /= 2
        return 0.0, MOST_HALVINGS

    def run(self, phases: Iterable[tuple[int, Rule]], theta: np.ndarray | None = None) -> list[Round]:
        """Return the rounds of (how many, rule) phases in turn, from the uniform policy or from theta.

        Raises: ValueError as `step` does, or when a number of rounds is negative.
        """
        theta, rounds = self.start() if theta is None else theta, []
        for count, rule in phases:
            for _ in range(require_whole("the count of a phase", count)):
                rounds.append(self.step(theta, rule))
                theta = rounds[-1].theta
        return rounds

    def slice(self, theta: np.ndarray, rule: Rule, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return mean KL (nats), true return and surrogate J + L̂ (percent) at each step size along the direction.

        Raises: ValueError as `step` does, or when alphas isn't a vector of numbers up to MOST.
        """
        theta = require_numbers("theta", theta, self.mdp.reward.shape)
        alphas = require_axes("alphas", require_numbers("alphas", alphas, least=-MOST, most=MOST), "step")
        _, direction, attempt = self._ahead(theta, rule)
        gains, mean_kls, _ = np.transpose([attempt(alpha) for alpha in alphas])
        returns = np.array([self.mdp.expected_return(softmax(theta + alpha * direction)) for alpha in alphas])
        return mean_kls, self.percent(returns), self.percent(self.mdp.expected_return(softmax(theta)) + gains)


def cliff_slice(
    p: np.ndarray, start: float = 0.2, reward: float = 1.0, cost: float = 1.25, gamma: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return KL (nats), true gain J − J₀ and surrogate L on the two-step cliff, each as p, from p₀ = start.

    Both states share one logit: L = (p − p₀)(r − 2γcp₀) rises for ever, J − J₀ = L − γc(p − p₀)² turns down.
    The KL is infinite at p = 0 and p = 1, where p₀ isn't.

    Raises: ValueError when a probability or gamma is outside [0, 1], or reward or cost isn't finite.
    Lesson 09.
    """
    p = require_numbers("p", p, least=0, most=1)
    start, gamma = require_unit_interval("start", start), require_unit_interval("gamma", gamma)
    reward, cost = require_number("reward", reward), require_number("cost", cost)
    kl = kl_categorical([1 - start, start], np.stack([1 - p, p], axis=-1))
    promised = (p - start) * (reward - 2 * gamma * cost * start)
    return kl, promised - gamma * cost * (p - start) ** 2, promised


def cliff_step(delta: float, start: float = 0.2) -> float:
    """Return the p above start where KL(start‖p) is delta, by bisection: the trust region's edge.

    Raises: ValueError when delta is negative, or start isn't in [0, 1].
    Lesson 09.
    """
    delta, start = require_number("delta", delta, 0), require_unit_interval("start", start)
    low, high = start, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if cliff_slice(middle, start)[0] < delta else (low, middle)
    return low


def lcg_uniform(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers in [−1, 1) from the 32-bit generator x ← 1664525x + 1013904223, the first 8 left out.

    A generator that any language reproduces exactly: the laboratory also runs in a browser without Python.
    Raises: ValueError when seed or a length is no whole number, or one is negative.
    """
    x, numbers = require_whole("seed", seed), []
    shape = tuple(require_whole("shape", length) for length in shape)
    for _ in range(8 + int(np.prod(shape))):
        x = (1664525 * x + 1013904223) % 2**32
        numbers.append(x / 2**31 - 1)
    return np.reshape(numbers[8:], shape)


def row_and_column_indicators(states: int) -> np.ndarray:
    """Return (S, 2√S): which row and which column of the square grid each cell lies in.

    Raises: ValueError when states is no square.
    """
    side = math.isqrt(require_whole("states", states, 1))
    if side**2 != states:
        raise ValueError(f"states is {states}; a square grid has 1, 4, 9, …")
    rows, columns = np.divmod(np.arange(states), side)
    return np.hstack([np.eye(side)[rows], np.eye(side)[columns]])


_OVERSHOOT = Rule("none", alpha=250.0, kappa=0.05, seed=39)
_LEAP = Rule("trust", features="rowcol")
PRESETS: dict[str, tuple[tuple[int, Rule], ...]] = {
    "trust region": ((60, Rule("trust", delta=0.02, kappa=0.1, seed=9)),),
    "no trust region: overshoot": ((60, _OVERSHOOT),),
    "no trust region: overshoot, short and violent": ((30, Rule("none", alpha=80.0, kappa=0.1, seed=5210702)),),
    "overshoot, then trust region from round 20": ((20, _OVERSHOOT), (30, Rule("trust", kappa=0.05, seed=39))),
    "KL penalty: crawl": ((60, Rule("penalty")),),
    "trust region too wide": ((60, Rule("trust", delta=0.3, kappa=0.06, seed=12)),),
    "shared features: one leap": ((1, _LEAP), (10, Rule("none", alpha=5.0, features="rowcol")), (20, _LEAP)),
}
