"""Exercises of lesson 04, the surrogate objective. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import itertools
import math

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.finite.mdp import TabularMDP, random_mdp, random_policy

GAMMA, SWEEPS = 0.7, 100  # what so many sweeps leave out, 0.7^100, is below rounding


def _ess(weights) -> float:
    total = squares = 0.0
    for w in list(weights):
        total += w
        squares += w * w
    return total * total / squares


def _moments(weights) -> tuple[int, float, float]:
    n, mean = len(weights), sum(weights) / len(weights)
    return n, mean, sum((w - mean) ** 2 for w in weights) / n


def _weight_cases():
    yield (np.array([1.0, 1.0, 1.0, 1.0]),)
    yield (np.array([4.0, 1.0, 0.0]),)
    rng = np.random.default_rng(5)
    for n in (5, 8, 20):
        yield (rng.lognormal(0.3, 1.2, n),)


effective_sample_size = Exercise(
    function="effective_sample_size",
    cases=list(_weight_cases()),
    expected=_ess,
    misconceptions=[
        (
            "you have it upside down: the square of the sum goes on top, the sum of the squares below",
            lambda w: 1 / _ess(w),
        ),
        (
            "you have 1/Σw²: that is right only for weights that add up to 1, so divide them by their sum first",
            lambda w: 1 / sum(x * x for x in w),
        ),
        (
            "you have n²/Σw²: that takes the mean weight for exactly 1; use the sum of the weights that you have",
            lambda w: len(w) ** 2 / sum(x * x for x in w),
        ),
        (
            "you have the share ESS/n; the effective sample size itself is asked for",
            lambda w: _ess(w) / len(w),
        ),
        (
            "you square the sum below too, which leaves 1: square each weight, then add",
            lambda w: 1.0,
        ),
        (
            "you have n/(1 + variance) with a variance that isn't divided by the squared mean of the weights",
            lambda w: _moments(w)[0] / (1 + _moments(w)[2]),
        ),
        (
            "you have n/(1 + standard deviation/mean): the coefficient of variation must be squared",
            lambda w: _moments(w)[0] / (1 + math.sqrt(_moments(w)[2]) / _moments(w)[1]),
        ),
        (
            "your variance divides by n − 1; the identity with (Σw)²/Σw² needs the one that divides by n",
            lambda w: (
                _moments(w)[0] / (1 + _moments(w)[2] * _moments(w)[0] / (_moments(w)[0] - 1) / _moments(w)[1] ** 2)
            ),
        ),
        (
            "you have Σw/Σw²: the sum on top must be squared",
            lambda w: sum(w) / sum(x * x for x in w),
        ),
        (
            "you have Σw/max w, another measure of how even the weights are",
            lambda w: sum(w) / max(w),
        ),
        (
            "you count the weights that aren't 0",
            lambda w: float(sum(x > 0 for x in w)),
        ),
    ],
)


def _second_moment(transition, old, new, start, steps) -> float:
    """Mean square of the product of the ratios, by listing every trajectory."""
    states, actions = old.shape
    total = 0.0
    for path in itertools.product(range(states), *[range(actions), range(states)] * steps):
        chance, weight = start[path[0]], 1.0
        for t in range(steps):
            s, a, s_next = path[2 * t : 2 * t + 3]
            chance *= old[s, a] * transition[s, a, s_next]
            weight *= new[s, a] / old[s, a]
        total += chance * weight**2
    return total


def _per_state(old, new) -> np.ndarray:
    """1 + χ²(new‖old) in each state."""
    return np.array([sum(n * n / o for o, n in zip(*rows, strict=True)) for rows in zip(old, new, strict=True)])


def _carried(weights, transition, start, steps) -> float:
    """Σ over paths of Π weights(s, a) P: the recursion with a mistake in its weights."""
    v = start
    for _ in range(steps):
        v = np.einsum("s,sa,sat->t", v, weights, transition)
    return float(v.sum())


def _visits(policy, transition, start, steps) -> list[np.ndarray]:
    d, visits = start, []
    for _ in range(steps):
        visits.append(d)
        d = np.einsum("s,sa,sat->t", d, policy, transition)
    return visits


def _trajectory_cases():
    rng = np.random.default_rng(6)
    for states, actions, steps in [(2, 2, 1), (2, 2, 2), (3, 2, 2), (2, 3, 3), (3, 2, 3)]:
        yield (
            rng.dirichlet(np.ones(states), (states, actions)),
            rng.dirichlet(3 * np.ones(actions), states),
            rng.dirichlet(3 * np.ones(actions), states),
            rng.dirichlet(np.ones(states)),
            steps,
        )


second_moment = Exercise(
    function="second_moment",
    cases=list(_trajectory_cases()),
    expected=_second_moment,
    misconceptions=[
        (
            "you have χ², the variance; the second moment is 1 + χ²",
            lambda P, old, new, mu, T: _second_moment(P, old, new, mu, T) - 1,
        ),
        (
            "your result is 1, the mean of the product: the ratio must be squared",
            lambda P, old, new, mu, T: 1.0,
        ),
        (
            "you have old²/new: the samples come from the old policy, so it is new²/old",
            lambda P, old, new, mu, T: _second_moment(P, new, old, mu, T),
        ),
        (
            "you weigh by (new/old)² without the chance old that the action is taken: old·(new/old)² = new²/old",
            lambda P, old, new, mu, T: _carried((new / old) ** 2, P, mu, T),
        ),
        (
            "you weigh by new·(new/old)²: the squared ratio is averaged over the old policy's actions",
            lambda P, old, new, mu, T: _carried(new * (new / old) ** 2, P, mu, T),
        ),
        (
            "you add up χ² over the steps; the weights are multiplied, so their second moments multiply",
            lambda P, old, new, mu, T: 1 + sum(float(d @ (_per_state(old, new) - 1)) for d in _visits(old, P, mu, T)),
        ),
        (
            "you take a power of the first step's second moment; the states change from step to step",
            lambda P, old, new, mu, T: float(mu @ _per_state(old, new)) ** T,
        ),
        (
            "you multiply averages over the old policy's states: the weight and the state are correlated, so "
            "carry the weighted distribution along",
            lambda P, old, new, mu, T: math.prod(float(d @ _per_state(old, new)) for d in _visits(old, P, mu, T)),
        ),
        (
            "you multiply averages over the new policy's states: carry the weighted distribution along",
            lambda P, old, new, mu, T: math.prod(float(d @ _per_state(old, new)) for d in _visits(new, P, mu, T)),
        ),
        (
            "you take one step too many: T actions are chosen, and the last state chooses none",
            lambda P, old, new, mu, T: _second_moment(P, old, new, mu, T + 1),
        ),
        (
            "you take one step too few: T actions are chosen, beginning with the one in s₀",
            lambda P, old, new, mu, T: _second_moment(P, old, new, mu, T - 1),
        ),
    ],
)


def _values(mdp: TabularMDP, policy) -> tuple[np.ndarray, np.ndarray]:
    """V and Q by sweeping the Bellman equation until nothing moves."""
    value = np.zeros(len(mdp.start))
    for _ in range(SWEEPS):
        q = np.where(mdp.absorbing[:, None], 0, mdp.reward + mdp.gamma * mdp.transition @ value)
        value = np.sum(policy * q, axis=1)
    return value, q


def _discounted_visits(mdp: TabularMDP, policy) -> np.ndarray:
    """ρ, by adding up the visits step by step."""
    d, rho = mdp.start.copy(), np.zeros(len(mdp.start))
    for t in range(SWEEPS):
        d = np.where(mdp.absorbing, 0, d)
        rho += mdp.gamma**t * d
        d = np.einsum("s,sa,sat->t", d, policy, mdp.transition)
    return rho


def _surrogate(mdp, old, new, *, visits="old", weights=None, table="A", shift=0.0, factor=1.0) -> float:
    """Σ_s ρ(s) Σ_a weights·A, with room for one mistake."""
    policies = {"old": old, "new": new}
    value, q = _values(mdp, old)
    if visits in policies:
        rho = _discounted_visits(mdp, policies[visits])
    else:
        rho = {"once": np.ones(len(value)), "start": mdp.start}[visits]
    gain = q - value[:, None] if table == "A" else q
    total = 0.0
    for s, a in itertools.product(range(len(rho)), range(gain.shape[1])):
        total += rho[s] * (new if weights is None else weights)[s, a] * gain[s, a]
    return factor * total + shift * float(mdp.start @ value)


def _mdp_cases():
    rng = np.random.default_rng(7)
    for states, actions in [(2, 2), (3, 2), (3, 3), (5, 4)]:
        mdp = random_mdp(rng, states, actions, GAMMA)
        yield mdp, random_policy(rng, mdp, 2.0), random_policy(rng, mdp, 2.0)


surrogate = Exercise(
    function="surrogate",
    cases=list(_mdp_cases()),
    expected=_surrogate,
    misconceptions=[
        (
            "you visit the states as the new policy does: that is J(new) − J(old) exactly, which old data can't tell",
            lambda mdp, old, new: _surrogate(mdp, old, new, visits="new"),
        ),
        (
            "your visitation is normalised: ρ has the mass 1/(1−γ), and without it ∇L would be (1−γ)∇J",
            lambda mdp, old, new: _surrogate(mdp, old, new, factor=1 - mdp.gamma),
        ),
        (
            "your result is 0, for a policy's own advantages average to 0 under it: weigh the old policy's "
            "advantages by the new policy's probabilities",
            lambda mdp, old, new: 0.0,
        ),
        (
            "you weigh by the ratio new/old, but sum over actions without the old policy's probabilities",
            lambda mdp, old, new: _surrogate(mdp, old, new, weights=new / old),
        ),
        (
            "you weigh by new·(new/old): the ratio stands for the new probabilities only after multiplying by old",
            lambda mdp, old, new: _surrogate(mdp, old, new, weights=new * new / old),
        ),
        (
            "you have Q in place of A: then L(old) is not 0",
            lambda mdp, old, new: _surrogate(mdp, old, new, table="Q"),
        ),
        (
            "you added J(old), as the papers do; in this book L is the gain, and L(old) = 0",
            lambda mdp, old, new: _surrogate(mdp, old, new, shift=1.0),
        ),
        (
            "all states count alike in your sum; weigh each by ρ(s)",
            lambda mdp, old, new: _surrogate(mdp, old, new, visits="once"),
        ),
        (
            "you average over the states as if all were visited alike; weigh each by ρ(s)",
            lambda mdp, old, new: _surrogate(mdp, old, new, visits="once", factor=1 / len(mdp.start)),
        ),
        (
            "you weigh the states by the start distribution; ρ counts the discounted visits of the whole episode",
            lambda mdp, old, new: _surrogate(mdp, old, new, visits="start"),
        ),
    ],
)


def _policy(logits) -> np.ndarray:
    rows = [[math.exp(z - max(row)) for z in row] for row in logits]
    return np.array([[w / sum(row) for w in row] for row in rows])


def _gap(mdp, logits, direction, alphas, move=_policy, combine=lambda old, gain, promise, alpha, mdp: gain - promise):
    old, rows = _policy(logits), []
    before = float(mdp.start @ _values(mdp, old)[0])
    for alpha in alphas:
        new = move(logits + alpha * direction)
        gain = float(mdp.start @ _values(mdp, new)[0]) - before
        rows.append(combine(before, gain, _surrogate(mdp, old, new), alpha, mdp))
    return np.array(rows)


def _gap_cases():
    rng = np.random.default_rng(8)
    for states, actions in [(2, 2), (3, 2), (4, 3)]:
        mdp = random_mdp(rng, states, actions, GAMMA)
        logits, direction = rng.normal(size=(2, states, actions))
        yield mdp, logits, direction, np.array([0.8, 0.4, 0.2])


def _combined(combine):
    return lambda mdp, logits, direction, alphas: _gap(mdp, logits, direction, alphas, combine=combine)


def _in_probabilities(mdp, logits, direction, alphas):
    """The step is taken in the probabilities, which are then clipped and normalised."""
    old, rows = _policy(logits), []
    for alpha in alphas:
        new = np.clip(old + alpha * direction, 1e-12, None)
        new = new / new.sum(axis=1, keepdims=True)
        gain = float(mdp.start @ (_values(mdp, new)[0] - _values(mdp, old)[0]))
        rows.append(gain - _surrogate(mdp, old, new))
    return np.array(rows)


surrogate_gap = Exercise(
    function="surrogate_gap",
    cases=list(_gap_cases()),
    expected=_gap,
    tolerance=1e-8,
    misconceptions=[
        (
            "J(old) is missing: L promises a gain, so compare it with J(new) − J(old)",
            _combined(lambda before, gain, promise, alpha, mdp: before + gain - promise),
        ),
        (
            "you have L − (J(new) − J(old)): the gap is the truth minus the promise",
            _combined(lambda before, gain, promise, alpha, mdp: promise - gain),
        ),
        (
            "L is missing: you return the gain itself, which is of first order",
            _combined(lambda before, gain, promise, alpha, mdp: gain),
        ),
        (
            "you return L, the promise, without the truth",
            _combined(lambda before, gain, promise, alpha, mdp: promise),
        ),
        (
            "you add L to the gain; subtract it",
            _combined(lambda before, gain, promise, alpha, mdp: gain + promise),
        ),
        (
            "your L uses normalised visits, so it misses a factor 1/(1−γ): the gap is then of first order",
            _combined(lambda before, gain, promise, alpha, mdp: gain - (1 - mdp.gamma) * promise),
        ),
        (
            "your L contains J(old) and your gain doesn't, or the other way round",
            _combined(lambda before, gain, promise, alpha, mdp: gain - promise - before),
        ),
        (
            "you divide by α²; the gap itself is asked for",
            _combined(lambda before, gain, promise, alpha, mdp: (gain - promise) / alpha**2),
        ),
        (
            "you return absolute values; the gap may have either sign",
            _combined(lambda before, gain, promise, alpha, mdp: abs(gain - promise)),
        ),
        (
            "your L visits the states as the new policy does: then the gap vanishes, but no old data can tell",
            lambda mdp, logits, direction, alphas: np.zeros(len(alphas)),
        ),
        (
            "you step in the probabilities; add α·direction to the logits and take the softmax",
            _in_probabilities,
        ),
        (
            "you step backwards: new logits are logits + α·direction",
            lambda mdp, logits, direction, alphas: _gap(mdp, logits, -direction, alphas),
        ),
    ],
)

EXERCISES = {"4.1": effective_sample_size, "4.2": second_moment, "4.3": surrogate, "4.4": surrogate_gap}
