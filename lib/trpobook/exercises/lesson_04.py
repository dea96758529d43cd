"""Exercises of lesson 04, the surrogate objective. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np

from trpobook.exercises.checks import Exercise
from trpobook.finite.mdp import TabularMDP, random_mdp, random_policy, softmax

GAMMA, SWEEPS = 0.7, 100  # what so many sweeps leave out, 0.7^100, is below rounding


def _ess(weights) -> float:
    total = squares = 0.0
    for w in list(weights):
        total += w
        squares += w * w
    return total * total / squares


def _by_variation(spread=lambda variance, mean: variance / mean**2, ddof=0, one=1.0):
    """Return n/(1 + spread), with room for mistakes: the right spread is variance/mean²."""
    return lambda w: len(w) / (one + spread(np.var(w, ddof=ddof), np.mean(w)))


def _exponential_of_the_entropy(weights) -> float:
    shares = [w / sum(weights) for w in weights]
    return math.exp(-sum(share * math.log(share) for share in shares if share > 0))


def _weight_cases():
    yield (np.array([4.0, 1.0, 0.0]),)
    yield (np.array([1.0, 1.0, 1.0, 1.0]),)
    yield (np.array([0.0, 3.0, 0.0, 0.0]),)
    rng = np.random.default_rng(5)
    for n in (5, 8, 20):
        yield (rng.lognormal(0.3, 1.2, n),)
    yield (rng.lognormal(-3.0, 0.8, 25),)


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
            _by_variation(lambda variance, mean: variance),
        ),
        (
            "you divide the variance by the mean of the weights; divide it by the mean's square",
            _by_variation(lambda variance, mean: variance / mean),
        ),
        (
            "you have n/(1 + standard deviation/mean): the coefficient of variation must be squared",
            _by_variation(lambda variance, mean: math.sqrt(variance) / mean),
        ),
        (
            "your variance divides by n − 1; the identity with (Σw)²/Σw² needs the one that divides by n",
            _by_variation(ddof=1),
        ),
        (
            "two things at once: your variance isn't divided by the squared mean of the weights, and it divides by "
            "n − 1 (as torch's `var` does) where n belongs",
            _by_variation(lambda variance, mean: variance, ddof=1),
        ),
        (
            "two things at once: your variance is divided by the mean and not by its square, and it divides by n − 1 "
            "(as torch's `var` does) where n belongs",
            _by_variation(lambda variance, mean: variance / mean, ddof=1),
        ),
        (
            "two things at once: the coefficient of variation must be squared, and your standard deviation divides by "
            "n − 1 (as torch's `std` does) where n belongs",
            _by_variation(lambda variance, mean: math.sqrt(variance) / mean, ddof=1),
        ),
        (
            "you have n/cv²: the 1 is missing below the line, n/(1 + cv²)",
            _by_variation(one=0.0),
        ),
        (
            "you take the variance about 1; these weights have another mean, so use (Σw)²/Σw² itself",
            lambda w: len(w) / (1 + np.mean((w - 1) ** 2)),
        ),
        (
            "you have 1 + cv², which is n/n_eff: divide n by it",
            lambda w: len(w) / _ess(w),
        ),
        (
            "you have cv², the variance over the squared mean: n_eff is n/(1 + cv²)",
            lambda w: np.var(w) / np.mean(w) ** 2,
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
        (
            "your result is n, whatever the weights: add first and square then on top, square first and add then below",
            lambda w: float(len(w)),
        ),
        (
            "you have the exponential of the weights' entropy, another measure of how many of them count",
            _exponential_of_the_entropy,
        ),
        (
            "you take the square root of the effective sample size; leave it out",
            lambda w: math.sqrt(_ess(w)),
        ),
        (
            "you round down to a whole number; the effective sample size is usually none",
            lambda w: math.floor(_ess(w) + 1e-9),
        ),
        (
            "you round to a whole number; the effective sample size is usually none",
            lambda w: round(_ess(w)),
        ),
        (
            "you take the weights for logarithms, and exponentiate them; they are the ratios themselves",
            lambda w: _ess(np.exp(w)),
        ),
        (
            "you have the mean of the squares below the line: it is their sum",
            lambda w: len(w) * _ess(w),
        ),
        (
            "you have the mean of the weights on top, squared: it is their sum",
            lambda w: _ess(w) / len(w) ** 2,
        ),
        (
            "you have Σw²/Σw: the squares go below the line, and the sum on top is squared",
            lambda w: sum(x * x for x in w) / sum(w),
        ),
        (
            "your result is the sum of the weights: its square must be divided by the sum of the squares",
            lambda w: sum(w),
        ),
    ],
)


def _second_moment(transition, old, new, start, steps) -> float:
    """Mean square of the product of the ratios, backwards: what the steps that are left will multiply."""
    states, actions = old.shape
    to_come = [1.0] * states
    for _ in range(steps):
        to_come = [
            sum(
                old[s, a] * (new[s, a] / old[s, a]) ** 2 * sum(transition[s, a, t] * to_come[t] for t in range(states))
                for a in range(actions)
            )
            for s in range(states)
        ]
    return sum(start[s] * to_come[s] for s in range(states))


def _per_state(old, new) -> np.ndarray:
    """1 + χ²(new‖old) in each state."""
    return np.array([sum(n * n / o for o, n in zip(*rows, strict=True)) for rows in zip(old, new, strict=True)])


def _carried(weights, transition, start, steps, finish=np.sum) -> float:
    """Σ over paths of Π weights(s, a) P: the recursion with a mistake in its weights, its moves or its end."""
    v = start
    for _ in range(steps):
        v = np.einsum("s,sa,sat->t", v, weights, transition)
    return finish(v)


def _recursion(
    weigh=lambda old, new: new**2 / old,
    moves=lambda P, old, new: P,
    start=lambda mu: mu,
    steps=lambda T: T,
    finish=lambda v, mu: v.sum(),
):
    """Return the recursion with chosen ingredients."""
    return lambda P, old, new, mu, T: _carried(
        weigh(old, new), moves(P, old, new), start(mu), steps(T), lambda v: finish(v, mu)
    )


def _moving_apart(mean):
    """Return the recursion that multiplies by each state's 1 + χ² and then moves on by `mean(P, old, new)` (S, S)."""

    def function(P, old, new, mu, T):
        v = mu
        for _ in range(T):
            v = (v * _per_state(old, new)) @ mean(P, old, new)
        return v.sum()

    return function


def _step_matrix(P, old, new) -> np.ndarray:
    return np.einsum("sa,sat->st", new**2 / old, P)


def _trajectory_kl(P, old, new, mu, T, first="new") -> float:
    p, q = (new, old) if first == "new" else (old, new)
    return sum(float(d @ np.sum(p * np.log(p / q), axis=1)) for d in _visits(p, P, mu, T))


def _visits(policy, transition, start, steps) -> list[np.ndarray]:
    d, visits = start, []
    for _ in range(steps):
        visits.append(d)
        d = np.einsum("s,sa,sat->t", d, policy, transition)
    return visits


def _trajectory_cases():
    """The last has some millions of trajectories: who lists them all is stopped."""
    rng = np.random.default_rng(6)
    for states, actions, steps in [(2, 2, 1), (2, 2, 2), (3, 2, 2), (2, 3, 3), (3, 2, 3), (2, 2, 10)]:
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
            _recursion(finish=lambda v, mu: v.sum() - 1),
        ),
        (
            "your result is 1, the mean of the product: the ratio must be squared",
            lambda P, old, new, mu, T: 1.0,
        ),
        (
            "you have old²/new: the samples come from the old policy, so it is new²/old",
            _recursion(lambda old, new: old**2 / new),
        ),
        (
            "two things at once: you have old²/new where new²/old belongs, and χ², the variance, where the second "
            "moment 1 + χ² belongs",
            _recursion(lambda old, new: old**2 / new, finish=lambda v, mu: v.sum() - 1),
        ),
        (
            "you weigh by (new/old)² without the chance old that the action is taken: old·(new/old)² = new²/old",
            _recursion(lambda old, new: (new / old) ** 2),
        ),
        (
            "you weigh by new·(new/old)²: the squared ratio is averaged over the old policy's actions",
            _recursion(lambda old, new: new * (new / old) ** 2),
        ),
        (
            "you weigh by new/old: square the ratio, and multiply it by the chance old that the action is taken",
            _recursion(lambda old, new: new / old),
        ),
        (
            "you weigh by new², and divide by old nowhere: old·(new/old)² = new²/old",
            _recursion(lambda old, new: new**2),
        ),
        (
            "you multiply the χ² of the steps; the second moment of a step is 1 + χ²",
            _recursion(lambda old, new: (new - old) ** 2 / old),
        ),
        (
            "you square the probabilities of the moves too; they are the same under both policies, and cancel in W",
            _recursion(moves=lambda P, old, new: P**2),
        ),
        (
            "your result is the square of the second moment; the ratios are squared once",
            _recursion(finish=lambda v, mu: v.sum() ** 2),
        ),
        (
            "you add up the squares of what has arrived; the weights are squared already, so add them up as they are",
            _recursion(finish=lambda v, mu: v @ v),
        ),
        (
            "you weigh what has arrived by μ once more; μ is where the recursion starts, and in the end add up",
            _recursion(finish=lambda v, mu: v @ mu),
        ),
        (
            "you average over the states what has arrived in them; add it up",
            _recursion(finish=lambda v, mu: v.mean()),
        ),
        (
            "you take the largest of what has arrived in the states; add it up",
            _recursion(finish=lambda v, mu: v.max()),
        ),
        (
            "you take a square root in the end; the mean square itself is asked for",
            _recursion(finish=lambda v, mu: math.sqrt(v.sum())),
        ),
        (
            "you take the logarithm in the end; the mean square itself is asked for",
            _recursion(finish=lambda v, mu: math.log(v.sum())),
        ),
        (
            "you begin with 1 in every state; begin with μ",
            _recursion(start=np.ones_like),
        ),
        (
            "you begin as if all states were equally likely; begin with μ",
            _recursion(start=lambda mu: np.full_like(mu, 1 / len(mu))),
        ),
        (
            "you multiply M from the wrong side: what is in s moves on to s', so it is `v @ M`, and not `M @ v`",
            lambda P, old, new, mu, T: (np.linalg.matrix_power(_step_matrix(P, old, new), T) @ mu).sum(),
        ),
        (
            "you raise each entry of M to the power T; the matrix itself is multiplied T times "
            "(`np.linalg.matrix_power`)",
            lambda P, old, new, mu, T: (mu @ _step_matrix(P, old, new) ** T).sum(),
        ),
        (
            "you add up what has arrived after every step; only the weight after T steps counts",
            lambda P, old, new, mu, T: sum(_carried(new**2 / old, P, mu, t) for t in range(1, T + 1)),
        ),
        (
            "you add up what has arrived after every step, from the start on; only the weight after T steps counts",
            lambda P, old, new, mu, T: sum(_carried(new**2 / old, P, mu, t) for t in range(T + 1)),
        ),
        (
            "you move on by the plain mean of P over the actions; the action that brings the weight also brings the "
            "move, so both stand in one sum over the actions",
            _moving_apart(lambda P, old, new: P.mean(axis=1)),
        ),
        (
            "you move on by the old policy's mean of P, apart from the weights; the action that brings the weight also "
            "brings the move, so both stand in one sum over the actions",
            _moving_apart(lambda P, old, new: np.einsum("sa,sat->st", old, P)),
        ),
        (
            "you move on by the new policy's mean of P, apart from the weights; the action that brings the weight also "
            "brings the move, so both stand in one sum over the actions",
            _moving_apart(lambda P, old, new: np.einsum("sa,sat->st", new, P)),
        ),
        (
            "you have exp(KL(new‖old)) of the trajectories, which is a lower bound only",
            lambda *args: math.exp(_trajectory_kl(*args)),
        ),
        (
            "you have exp(KL(old‖new)) of the trajectories; the second moment isn't made of the KL",
            lambda *args: math.exp(_trajectory_kl(*args, first="old")),
        ),
        (
            "you add up χ² over the steps; the weights are multiplied, so their second moments multiply",
            lambda P, old, new, mu, T: 1 + sum(float(d @ (_per_state(old, new) - 1)) for d in _visits(old, P, mu, T)),
        ),
        (
            "you add up the steps' second moments; the weights are multiplied along a trajectory",
            lambda P, old, new, mu, T: sum(float(d @ _per_state(old, new)) for d in _visits(old, P, mu, T)),
        ),
        (
            "you take a power of the mean over all states alike; the states differ, so carry the weights along",
            lambda P, old, new, mu, T: _per_state(old, new).mean() ** T,
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
            _recursion(steps=lambda T: T + 1),
        ),
        (
            "two things at once: you take one step too many, and you have χ², the variance, where the second moment "
            "1 + χ² belongs",
            _recursion(steps=lambda T: T + 1, finish=lambda v, mu: v.sum() - 1),
        ),
        (
            "you take one step too few: T actions are chosen, beginning with the one in s₀",
            _recursion(steps=lambda T: T - 1),
        ),
        (
            "two things at once: you take one step too few, and you have χ², the variance, where the second moment "
            "1 + χ² belongs",
            _recursion(steps=lambda T: T - 1, finish=lambda v, mu: v.sum() - 1),
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


def _surrogate(mdp, old, new) -> float:
    """Σ_s ρ(s) Σ_a new·A, by loops."""
    value, q = _values(mdp, old)
    rho, total = _discounted_visits(mdp, old), 0.0
    for s, a in itertools.product(range(len(rho)), range(q.shape[1])):
        total += rho[s] * new[s, a] * (q[s, a] - value[s])
    return total


def _promise(
    visits=lambda mdp, old, new: mdp.visitation(old),
    weigh=lambda old, new: new,
    table=lambda mdp, old, new: mdp.advantage(old),
    less=lambda mdp, old, new: 0.0,
):
    """Return Σ_s visits(s) Σ_a weights·table, less something, with chosen ingredients."""

    def function(mdp, old, new):
        gains = np.sum(weigh(old, new) * table(mdp, old, new), axis=1)
        return float(visits(mdp, old, new) @ gains - less(mdp, old, new))

    return function


def _normalised(mdp, old, new):
    return (1 - mdp.gamma) * mdp.visitation(old)


def _over_their_sum(mdp, old, new):
    return mdp.visitation(old) / mdp.visitation(old).sum()


def _visits_of_new(mdp, old, new):
    return mdp.visitation(new)


def _start(mdp, old, new):
    return mdp.start


def _alike(mdp, old, new):
    return np.ones(len(mdp.start))


def _q(mdp, old, new):
    return mdp.action_value(old)


def _advantage_of_new(mdp, old, new):
    return mdp.advantage(new)


def _clipped(reach):
    """Return PPO's objective with ratios clipped to [1 − reach, 1 + reach]."""

    def function(mdp, old, new):
        ratio, gain = new / old, mdp.advantage(old)
        worse = np.minimum(ratio * gain, np.clip(ratio, 1 - reach, 1 + reach) * gain)
        return float(mdp.visitation(old) @ np.sum(old * worse, axis=1))

    return function


def _with_kl(weigh):
    """Return L less `weigh(mdp, ρ, KL of each state)`."""
    return _promise(less=lambda mdp, old, new: weigh(mdp, mdp.visitation(old), np.sum(old * np.log(old / new), axis=1)))


def _likeliest(old, new):
    return np.eye(new.shape[1])[new.argmax(axis=1)]


def _mdp_cases():
    rng = np.random.default_rng(7)
    for states, actions in [(2, 2), (3, 2), (3, 3), (5, 4)]:
        mdp = random_mdp(rng, states, actions, GAMMA)
        yield mdp, random_policy(rng, mdp, 2.0), random_policy(rng, mdp, 2.0)
    mdp = _ending(random_mdp(rng, 5, 3, GAMMA))
    yield mdp, random_policy(rng, mdp, 2.0), random_policy(rng, mdp, 2.0)


def _ending(mdp: TabularMDP) -> TabularMDP:
    """Return the world with a last state that ends the episode."""
    last = np.arange(len(mdp.start)) == len(mdp.start) - 1
    transition = np.where(last[:, None, None], last, mdp.transition)
    return dataclasses.replace(
        mdp, transition=transition, reward=np.where(last[:, None], 0.0, mdp.reward), absorbing=last
    )


surrogate = Exercise(
    function="surrogate",
    cases=list(_mdp_cases()),
    expected=_surrogate,
    misconceptions=[
        (
            "you visit the states as the new policy does: that is J(new) − J(old) exactly, which old data can't tell",
            _promise(_visits_of_new),
        ),
        (
            "your visitation is normalised, (1−γ)ρ: L takes ρ itself, and without its mass ∇L would be (1−γ)∇J",
            _promise(_normalised),
        ),
        (
            "your visitation is divided by its sum: L takes ρ itself, and without its mass ∇L would be too small",
            _promise(_over_their_sum),
        ),
        (
            "you divide by 1−γ once more; ρ has the mass 1/(1−γ) already",
            _promise(lambda mdp, old, new: mdp.visitation(old) / (1 - mdp.gamma)),
        ),
        (
            "your result is 0, for a policy's own advantages average to 0 under it: weigh the old policy's "
            "advantages by the new policy's probabilities",
            lambda mdp, old, new: 0.0,
        ),
        (
            "you weigh by the ratio new/old, but sum over actions without the old policy's probabilities",
            _promise(weigh=lambda old, new: new / old),
        ),
        (
            "you weigh by new·(new/old): the ratio stands for the new probabilities only after multiplying by old",
            _promise(weigh=lambda old, new: new * new / old),
        ),
        (
            "your ratio is upside down: it is new/old, so that old·(new/old) = new",
            _promise(weigh=lambda old, new: old * old / new),
        ),
        (
            "your ratio is upside down, and the old policy's probabilities are missing: it is old·(new/old) = new",
            _promise(weigh=lambda old, new: old / new),
        ),
        (
            "you have the logarithm of the ratio: it has the same slope at the old policy, but L has the ratio itself",
            _promise(weigh=lambda old, new: old * np.log(new / old)),
        ),
        (
            "you weigh by log π_new, as in the policy gradient; L has the probabilities themselves",
            _promise(weigh=lambda old, new: old * np.log(new)),
        ),
        (
            "you weigh by both policies' probabilities; each action counts as often as the new policy takes it",
            _promise(weigh=lambda old, new: old * new),
        ),
        (
            "you add the advantages of all actions; each counts as often as the new policy takes it",
            _promise(weigh=lambda old, new: np.ones_like(new)),
        ),
        (
            "you count only the likeliest action of the new policy; each counts as often as that policy takes it",
            _promise(weigh=_likeliest),
        ),
        (
            "you take the best action of each state; each action counts as often as the new policy takes it",
            lambda mdp, old, new: float(mdp.visitation(old) @ mdp.advantage(old).max(axis=1)),
        ),
        (
            "you average over the actions after weighing them; the weights are probabilities, so add up",
            _promise(weigh=lambda old, new: new / new.shape[1]),
        ),
        (
            "you have absolute values of the advantages; a bad action counts as a loss",
            _promise(table=lambda mdp, old, new: np.abs(mdp.advantage(old))),
        ),
        (
            "you leave out the actions whose advantage is negative; they count as losses",
            _promise(table=lambda mdp, old, new: np.maximum(mdp.advantage(old), 0)),
        ),
        *[
            (
                f"you clip the ratios to [{1 - reach}, {1 + reach}], as PPO does; L itself has them unclipped",
                _clipped(reach),
            )
            for reach in (0.1, 0.2, 0.3)
        ],
        (
            "you subtract the KL, added up over the visits; L itself has no penalty",
            _with_kl(lambda mdp, rho, kl: rho @ kl),
        ),
        (
            "you subtract the mean KL; L itself has no penalty",
            _with_kl(lambda mdp, rho, kl: (1 - mdp.gamma) * rho @ kl),
        ),
        ("you subtract the largest KL; L itself has no penalty", _with_kl(lambda mdp, rho, kl: kl.max())),
        (
            "you have Q in place of A: then L(old) is not 0",
            _promise(table=_q),
        ),
        (
            "two things at once: you have Q in place of A, and a normalised visitation (1−γ)ρ in place of ρ",
            _promise(_normalised, table=_q),
        ),
        (
            "you have the new policy's Q in place of the old policy's A",
            _promise(table=lambda mdp, old, new: mdp.action_value(new)),
        ),
        (
            "you have the reward in place of A: the advantage knows what comes after it",
            _promise(table=lambda mdp, old, new: mdp.reward * mdp.live[:, None]),
        ),
        (
            "you subtract the new policy's V from the old policy's Q; both belong to the old policy",
            _promise(table=lambda mdp, old, new: mdp.action_value(old) - mdp.value(new)[:, None]),
        ),
        (
            "old and new have changed places everywhere: in L only π is the new policy's, ρ and A are the old one's",
            _promise(_visits_of_new, lambda old, new: old, _advantage_of_new),
        ),
        (
            "you have the old policy's probabilities and the new policy's advantages: over the old policy's visits "
            "that is J(old) − J(new)",
            _promise(weigh=lambda old, new: old, table=_advantage_of_new),
        ),
        (
            "you added J(old), as the papers do; in this book L is the gain, and L(old) = 0",
            _promise(less=lambda mdp, old, new: -mdp.expected_return(old)),
        ),
        (
            "two things at once: you added J(old), and your visitation is normalised; L is the gain, with ρ itself",
            _promise(_normalised, less=lambda mdp, old, new: -mdp.expected_return(old)),
        ),
        (
            "you subtract J(old); L is made of advantages, so it is a gain already",
            _promise(less=lambda mdp, old, new: mdp.expected_return(old)),
        ),
        (
            "all states count alike in your sum; weigh each by ρ(s)",
            _promise(_alike),
        ),
        (
            "you average over the states as if all were visited alike; weigh each by ρ(s)",
            _promise(lambda mdp, old, new: _alike(mdp, old, new) / len(mdp.start)),
        ),
        (
            "you weigh the states by the start distribution; ρ counts the discounted visits of the whole episode",
            _promise(_start),
        ),
        (
            "two things at once: you weigh the states by the start distribution, not by ρ, and have Q in place of A",
            _promise(_start, table=_q),
        ),
        (
            "two things at once: your visitation is normalised, (1−γ)ρ, and it is the new policy's; L has the old "
            "policy's ρ",
            _promise(lambda mdp, old, new: (1 - mdp.gamma) * mdp.visitation(new)),
        ),
        (
            "two things at once: your visitation is normalised, (1−γ)ρ, and the ratio new/old lacks the old policy's "
            "probabilities",
            _promise(_normalised, lambda old, new: new / old),
        ),
    ],
)


def _policy(logits) -> np.ndarray:
    rows = [[math.exp(z - max(row)) for z in row] for row in logits]
    return np.array([[w / sum(row) for w in row] for row in rows])


def _gap(mdp, logits, direction, alphas):
    old, rows = _policy(logits), []
    before = float(mdp.start @ _values(mdp, old)[0])
    for alpha in alphas:
        new = _policy(logits + alpha * direction)
        rows.append(float(mdp.start @ _values(mdp, new)[0]) - before - _surrogate(mdp, old, new))
    return np.array(rows)


def _softmaxed(mdp, logits, direction, alpha):
    return softmax(logits + alpha * direction)


def _gaps(combine=lambda gain, promise, alpha, before: gain - promise, move=_softmaxed, promise=None, way=lambda x: x):
    """Return the gap for each alpha, with chosen ingredients."""
    promise = promise or _promise()

    def function(mdp, logits, direction, alphas):
        old = softmax(logits)
        before, rows = float(mdp.expected_return(old)), []
        for alpha in alphas:
            new = move(mdp, logits, way(direction), alpha)
            gain = float(mdp.expected_return(new)) - before
            rows.append(combine(gain, promise(mdp, old, new), alpha, before))
        return np.array(rows)

    return function


def _gap_cases():
    rng = np.random.default_rng(8)
    for states, actions in [(2, 2), (3, 2), (4, 3)]:
        mdp = random_mdp(rng, states, actions, GAMMA)
        logits, direction = rng.normal(size=(2, states, actions))
        yield mdp, logits, direction, np.array([0.8, 0.4, 0.2])
    mdp = _ending(random_mdp(rng, 5, 3, GAMMA))
    yield mdp, *rng.normal(size=(2, 5, 3)), np.array([0.3, 0.9, 0.1, 0.6])


def _to_the_power(power):
    return lambda gain, promise, alpha, before: (gain - promise) / alpha**power


def _in_probabilities(mdp, logits, direction, alpha):
    """The step is taken in the probabilities, which are then clipped and normalised."""
    new = np.clip(softmax(logits) + alpha * direction, 1e-12, None)
    return new / new.sum(axis=1, keepdims=True)


def _mixed(mdp, logits, direction, alpha):
    return (1 - alpha) * softmax(logits) + alpha * softmax(logits + direction)


def _linearised(mdp, logits, direction, alphas):
    old = softmax(logits)
    slope = float(np.sum(mdp.policy_gradient(old) * direction))
    gains = [mdp.expected_return(softmax(logits + alpha * direction)) - mdp.expected_return(old) for alpha in alphas]
    return np.array(gains) - slope * np.asarray(alphas)


def _from_the_one_before(steps):
    """Return the gaps of each policy against the one before it; `steps(alphas)` says how far each is from the start."""

    def function(mdp, logits, direction, alphas):
        rows, old = [], softmax(logits)
        for step in steps(np.asarray(alphas)):
            new = softmax(logits + step * direction)
            gain = mdp.expected_return(new) - mdp.expected_return(old)
            rows.append(gain - _promise()(mdp, old, new))
            old = new
        return np.array(rows)

    return function


def _with_steps(steps):
    return lambda mdp, logits, direction, alphas: _gaps()(mdp, logits, direction, steps(np.asarray(alphas)))


surrogate_gap = Exercise(
    function="surrogate_gap",
    cases=list(_gap_cases()),
    expected=_gap,
    tolerance=1e-8,
    misconceptions=[
        (
            "J(old) is missing: L promises a gain, so compare it with J(new) − J(old)",
            _gaps(lambda gain, promise, alpha, before: before + gain - promise),
        ),
        (
            "you have L − (J(new) − J(old)): the gap is the truth minus the promise",
            _gaps(lambda gain, promise, alpha, before: promise - gain),
        ),
        (
            "L is missing, or 0 (as with the new policy's own advantages): you return the gain itself, which is of "
            "first order",
            _gaps(lambda gain, promise, alpha, before: gain),
        ),
        (
            "you return L, the promise, without the truth",
            _gaps(lambda gain, promise, alpha, before: promise),
        ),
        (
            "you add L to the gain; subtract it",
            _gaps(lambda gain, promise, alpha, before: gain + promise),
        ),
        (
            "your two returns have changed places: the gain is J(new) − J(old)",
            _gaps(lambda gain, promise, alpha, before: -gain - promise),
        ),
        (
            "you add the old return where it is subtracted: the gain is J(new) − J(old)",
            _gaps(lambda gain, promise, alpha, before: gain + 2 * before - promise),
        ),
        (
            "your L uses normalised visits, so it misses a factor 1/(1−γ): the gap is then of first order",
            _gaps(promise=_promise(_normalised)),
        ),
        (
            "your L divides the visits by their sum; it takes ρ itself, or the gap is of first order",
            _gaps(promise=_promise(_over_their_sum)),
        ),
        (
            "your L has Q in place of A, so it isn't 0 at the old policy",
            _gaps(promise=_promise(table=_q)),
        ),
        (
            "your L weighs the states by the start distribution; it takes the old policy's ρ",
            _gaps(promise=_promise(_start)),
        ),
        (
            "your L is given its policies in the wrong order: it is `surrogate(mdp, old, new)`",
            _gaps(promise=lambda mdp, old, new: _promise()(mdp, new, old)),
        ),
        (
            "you have α times the slope in place of L: L bends too, for it is linear in the probabilities, and not in "
            "the logits",
            _linearised,
        ),
        (
            "your L contains J(old) and your gain doesn't, or the other way round",
            _gaps(lambda gain, promise, alpha, before: gain - promise - before),
        ),
        (
            "you divide by α²; the gap itself is asked for",
            _gaps(_to_the_power(2)),
        ),
        (
            "you divide by α; the gap itself is asked for",
            _gaps(_to_the_power(1)),
        ),
        (
            "you divide by the gain; the gap itself is asked for",
            _gaps(lambda gain, promise, alpha, before: (gain - promise) / gain),
        ),
        (
            "you divide by the size of the gain; the gap itself is asked for",
            _gaps(lambda gain, promise, alpha, before: (gain - promise) / abs(gain)),
        ),
        (
            "you divide by L; the gap itself is asked for",
            _gaps(lambda gain, promise, alpha, before: (gain - promise) / promise),
        ),
        (
            "you have the quotient of gain and promise; the gap is their difference",
            _gaps(lambda gain, promise, alpha, before: gain / promise),
        ),
        (
            "you have the quotient of promise and gain; the gap is the gain less the promise",
            _gaps(lambda gain, promise, alpha, before: promise / gain),
        ),
        (
            "you square the gap; the gap itself is asked for",
            _gaps(lambda gain, promise, alpha, before: (gain - promise) ** 2),
        ),
        (
            "you return absolute values; the gap may have either sign",
            _gaps(lambda gain, promise, alpha, before: abs(gain - promise)),
        ),
        (
            "your L visits the states as the new policy does: then the gap vanishes, but no old data can tell",
            lambda mdp, logits, direction, alphas: np.zeros(len(alphas)),
        ),
        (
            "you step in the probabilities; add α·direction to the logits and take the softmax",
            _gaps(move=_in_probabilities),
        ),
        (
            "you mix the two policies with the share α; add α·direction to the logits and take the softmax",
            _gaps(move=_mixed),
        ),
        (
            "you step backwards: new logits are logits + α·direction",
            _gaps(way=lambda direction: -direction),
        ),
        (
            "your new logits are α·direction alone; add the old logits",
            _gaps(move=lambda mdp, logits, direction, alpha: softmax(alpha * direction)),
        ),
        (
            "α is left out of your step: the new logits are logits + α·direction",
            _gaps(move=lambda mdp, logits, direction, alpha: softmax(logits + direction)),
        ),
        (
            "you scale the direction to length 1; take it as it is given",
            _gaps(way=lambda direction: direction / np.linalg.norm(direction)),
        ),
        (
            "you divide the direction by its largest entry; take it as it is given",
            _gaps(way=lambda direction: direction / np.abs(direction).max()),
        ),
        (
            "your steps pile up: begin each alpha at the old logits again, and not where the one before has led",
            _with_steps(np.cumsum),
        ),
        (
            "your old policy follows: compare each new policy with the one that `theta` gives, not with the one before",
            _from_the_one_before(lambda alphas: alphas),
        ),
        (
            "your steps pile up, and your old policy follows: begin each alpha at the old logits again, and compare "
            "with the policy that they give",
            _from_the_one_before(np.cumsum),
        ),
        (
            "you sort the alphas; return the gaps in the order in which they are given",
            _with_steps(lambda alphas: np.sort(alphas)),
        ),
        (
            "you sort the alphas, the largest first; return the gaps in the order in which they are given",
            _with_steps(lambda alphas: np.sort(alphas)[::-1]),
        ),
        (
            "two things at once: J(old) is missing, and you have L − J(new): the gap is J(new) − J(old) − L",
            _gaps(lambda gain, promise, alpha, before: promise - gain - before),
        ),
        (
            "two things at once: your L uses normalised visits, and J(old) is missing",
            _gaps(lambda gain, promise, alpha, before: before + gain - promise, promise=_promise(_normalised)),
        ),
    ],
)

EXERCISES = {"4.1": effective_sample_size, "4.2": second_moment, "4.3": surrogate, "4.4": surrogate_gap}
