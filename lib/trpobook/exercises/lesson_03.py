"""Exercises of lesson 03, advantage estimation. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import numpy as np
import torch

from trpobook.exercises.checks import Exercise
from trpobook.exercises.mistakes import Mistakes, mistakes

# 3.1, the mixture of n-step advantages


def _n_step(
    rewards,
    values,
    gamma,
    n,
    reward_discount=lambda gamma, k: gamma**k,
    value_discount=lambda gamma, n: gamma**n,
    at=lambda n: n,
    length=lambda n: n,
    baseline=1.0,
    bootstrap=1.0,
    end=1.0,
):
    """Return A⁽ⁿ⁾ of the first step, term by term; the rest are the ways to get it wrong."""
    gain = sum(reward_discount(gamma, k) * rewards[k] for k in range(min(length(n), len(rewards))))
    ahead = bootstrap * values[at(n)] * (end if n == len(rewards) else 1.0)
    return gain + value_discount(gamma, n) * ahead - baseline * values[0]


def _weights(steps, lam):
    return [(1 - lam) * lam ** (n - 1) for n in range(1, steps)] + [lam ** (steps - 1)]


def _mixture(weigh=lambda steps, gamma, lam: _weights(steps, lam), **mistake):
    """Return the function that mixes A⁽¹⁾ … A⁽ᴺ⁾ by ``weigh(N, γ, λ)``, a list of N weights."""

    def mixed(rewards, values, gamma, lam):
        steps = len(rewards)
        weights = weigh(steps, gamma, lam)
        return sum(w * _n_step(rewards, values, gamma, n, **mistake) for n, w in enumerate(weights, 1))

    return mixed


def _with_tail(weight, tail):
    """Return the weights weight(n, λ), but tail(N, λ) for the longest."""
    return lambda steps, gamma, lam: [*(weight(n, lam) for n in range(1, steps)), tail(steps, lam)]


def _usual(n, lam):
    return (1 - lam) * lam ** (n - 1)


def _all_alike(weight):
    return _with_tail(weight, weight)


def _renormalised(steps, gamma, lam):
    total = sum(lam ** (n - 1) for n in range(1, steps + 1))
    return [lam ** (n - 1) / total for n in range(1, steps + 1)]


def _mixture_cases():
    yield np.array([1.0]), np.array([0.5, 2.0]), 0.9, 0.5
    yield np.array([1.0, -1.0]), np.array([0.5, 2.0, 3.0]), 0.9, 0.5
    rng = np.random.default_rng(31)
    for steps, gamma, lam in [(3, 0.9, 0.8), (5, 0.8, 0.0), (5, 0.99, 1.0), (12, 0.95, 0.9)]:
        yield rng.normal(size=steps), rng.normal(1, 1, steps + 1), gamma, lam


WEIGHTS: Mistakes = [
    (
        "your weights don't add up to 1: the longest estimate takes all that is left, λᴺ⁻¹",
        {"weigh": _all_alike(_usual)},
    ),
    (
        "you divide the weights by their sum; in GAE what is left goes to the longest estimate alone",
        {"weigh": _renormalised},
    ),
    (
        "your powers of λ are one too high: A⁽¹⁾ has the weight 1 − λ",
        {"weigh": _with_tail(lambda n, lam: lam * _usual(n, lam), lambda steps, lam: lam**steps)},
    ),
    (
        "the factor 1 − λ is missing, so the weights add up to more than 1",
        {"weigh": _all_alike(lambda n, lam: lam ** (n - 1))},
    ),
    (
        "the longest estimate has λᴺ, one power too high: what is left for it is λᴺ⁻¹",
        {"weigh": _with_tail(_usual, lambda steps, lam: lam**steps)},
    ),
    (
        "you add λᴺ⁻¹ to the longest estimate's weight: it takes the place of that weight",
        {"weigh": _with_tail(_usual, lambda steps, lam: _usual(steps, lam) + lam ** (steps - 1))},
    ),
    (
        "you mix with γλ: λ alone is in the weights, γ is inside the estimates",
        {
            "weigh": lambda steps, gamma, lam: [
                *((1 - gamma * lam) * (gamma * lam) ** (n - 1) for n in range(1, steps)),
                (gamma * lam) ** (steps - 1),
            ]
        },
    ),
    (
        "your weights are in reversed order: A⁽¹⁾ has 1 − λ, the longest estimate λᴺ⁻¹",
        {"weigh": lambda steps, gamma, lam: _weights(steps, lam)[::-1]},
    ),
]
OTHER_WEIGHTS: Mistakes = [
    (
        "your powers of λ are one too high, but for the longest estimate: A⁽¹⁾ has the weight 1 − λ",
        {"weigh": _with_tail(lambda n, lam: lam * _usual(n, lam), lambda steps, lam: lam ** (steps - 1))},
    ),
    (
        "your powers of λ are one too high, and the weights don't add up to 1: the longest estimate takes what is left",
        {"weigh": _all_alike(lambda n, lam: lam * _usual(n, lam))},
    ),
    (
        "you weight A⁽ⁿ⁾ with λⁿ: its weight is (1 − λ)λⁿ⁻¹, and the longest takes all that is left",
        {"weigh": _all_alike(lambda n, lam: lam**n)},
    ),
    (
        "the longest estimate has λᴺ⁻² in your mixture: what is left for it is λᴺ⁻¹",
        {"weigh": _with_tail(_usual, lambda steps, lam: lam ** max(steps - 2, 0))},
    ),
    (
        "the longest estimate has the weight 0 in your mixture: it takes all that is left, λᴺ⁻¹",
        {"weigh": _with_tail(_usual, lambda steps, lam: 0.0)},
    ),
    (
        "the longest estimate has the weight λ in your mixture: what is left for it is λᴺ⁻¹",
        {"weigh": _with_tail(_usual, lambda steps, lam: lam)},
    ),
    (
        "you mix with powers of γλ, and the factor 1 − λ: γ is inside the estimates",
        {
            "weigh": lambda steps, gamma, lam: [
                *((1 - lam) * (gamma * lam) ** (n - 1) for n in range(1, steps)),
                (gamma * lam) ** (steps - 1),
            ]
        },
    ),
    (
        "you mix with γ: the weights are made of λ",
        {"weigh": lambda steps, gamma, lam: _weights(steps, gamma)},
    ),
    (
        "you mix with 1 − λ for λ: λ near 1 favours the long estimates",
        {"weigh": lambda steps, gamma, lam: _weights(steps, 1 - lam)},
    ),
    (
        "you average all estimates alike: the n-step one has the weight (1 − λ)λⁿ⁻¹",
        {"weigh": lambda steps, gamma, lam: [1 / steps] * steps},
    ),
    (
        "you add up the estimates: the n-step one has the weight (1 − λ)λⁿ⁻¹",
        {"weigh": lambda steps, gamma, lam: [1.0] * steps},
    ),
    (
        "you have the longest estimate alone, as for λ = 1: mix it with the shorter ones",
        {"weigh": lambda steps, gamma, lam: [0.0] * (steps - 1) + [1.0]},
    ),
    (
        "you have the one-step estimate alone, as for λ = 0: mix it with the longer ones",
        {"weigh": lambda steps, gamma, lam: [1.0] + [0.0] * (steps - 1)},
    ),
    (
        "you have the longest estimate with its weight alone: add the shorter ones",
        {"weigh": _with_tail(lambda n, lam: 0.0, lambda steps, lam: lam ** (steps - 1))},
    ),
    (
        "the factor 1 − λ stands before the longest estimate alone: it belongs before all the others",
        {
            "weigh": lambda steps, gamma, lam: (
                [lam ** (n - 1) for n in range(1, steps)] + [lam ** (steps - 1) * (1 - lam)]
            )
        },
    ),
    (
        "you multiply the whole mixture by 1 − λ: the weights add up to 1 already",
        {"weigh": lambda steps, gamma, lam: [(1 - lam) * w for w in _weights(steps, lam)]},
    ),
]
ESTIMATES: Mistakes = [
    ("−V(s₀) is missing: you mix returns, not advantages", {"baseline": 0.0}),
    ("you add V(s₀): it is subtracted", {"baseline": -1.0}),
    ("γⁿV(sₙ) is missing: after n rewards the value stands for all that follows", {"bootstrap": 0.0}),
    ("V(sₙ) lies n steps ahead: it is discounted by γⁿ", {"value_discount": lambda gamma, n: 1.0}),
    (
        "you discount V(sₙ) by γⁿ⁻¹, as the last reward: it lies n steps ahead, γⁿ",
        {"value_discount": lambda gamma, n: gamma ** (n - 1)},
    ),
    (
        "you take V one state early, after n rewards V(sₙ₋₁): it is V(sₙ)",
        {"at": lambda n: n - 1},
    ),
    (
        "you take the last value for 0, as after a termination: the longest estimate needs γᴺV(s_N)",
        {"end": 0.0},
    ),
    ("the rewards are not discounted: the k-th counts γᵏ", {"reward_discount": lambda gamma, k: 1.0}),
    (
        "you discount the rewards one step too often: r₀ counts fully",
        {"reward_discount": lambda gamma, k: gamma ** (k + 1)},
    ),
    (
        "you discount neither the rewards nor V(sₙ): they count γᵏ and γⁿ",
        {"reward_discount": lambda gamma, k: 1.0, "value_discount": lambda gamma, n: 1.0},
    ),
]
OTHER_ESTIMATES: Mistakes = [
    ("you subtract γⁿV(sₙ): it stands for all that follows, and is added", {"bootstrap": -1.0}),
    (
        "you discount V(sₙ) by γⁿ⁺¹: it lies n steps ahead, γⁿ",
        {"value_discount": lambda gamma, n: gamma ** (n + 1)},
    ),
    ("you discount V(sₙ) by γ once: it lies n steps ahead, γⁿ", {"value_discount": lambda gamma, n: gamma}),
    (
        "you take the last V in every estimate: after n rewards it is V(sₙ)",
        {"at": lambda n: -1},
    ),
    (
        "you take V(s₁) in every estimate: after n rewards it is V(sₙ)",
        {"at": lambda n: 1},
    ),
    ("you discount every reward by γ once: the k-th counts γᵏ", {"reward_discount": lambda gamma, k: gamma}),
    (
        "you discount the rewards and V(sₙ) one step too often: r₀ counts fully, V(sₙ) γⁿ",
        {"reward_discount": lambda gamma, k: gamma ** (k + 1), "value_discount": lambda gamma, n: gamma ** (n + 1)},
    ),
    (
        "you add up one reward too few: the n-step estimate has r₀ to rₙ₋₁",
        {"length": lambda n: n - 1},
    ),
    (
        "you add up one reward too many: the n-step estimate has r₀ to rₙ₋₁",
        {"length": lambda n: n + 1},
    ),
    (
        "you add up all rewards in every estimate: the n-step one has r₀ to rₙ₋₁",
        {"length": lambda n: 10**6},
    ),
    ("the rewards are missing: the n-step estimate has r₀ to rₙ₋₁", {"length": lambda n: 0}),
]

lambda_mixture = Exercise(
    function="lambda_mixture",
    cases=list(_mixture_cases()),
    expected=_mixture(),
    misconceptions=[
        *mistakes(_mixture, WEIGHTS, ESTIMATES),
        *mistakes(_mixture, OTHER_WEIGHTS),
        *mistakes(_mixture, OTHER_ESTIMATES),
        (
            "γ and λ have changed places",
            lambda rewards, values, gamma, lam: _mixture()(rewards, values, lam, gamma),
        ),
    ],
)

# 3.2, generalised advantage estimation over several episodes


def _gae(
    keeps_value=lambda terminated, truncated: not terminated,
    goes_on=lambda terminated, truncated: not (terminated or truncated),
    carry=lambda gamma, lam: gamma * lam,
    value_discount=lambda gamma: gamma,
    following=lambda values, next_values: next_values,
    baseline=1.0,
    stops_at=lambda ended, here: ended[here],
    error=lambda delta, terminated, truncated: delta,
):
    """Return GAE as a sum over the rows ahead, one row at a time; the arguments are the ways to get it wrong."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        rewards, values, next_values = (np.asarray(x) for x in (rewards, values, next_values))
        terminated, truncated = np.asarray(terminated), np.asarray(truncated)
        after = following(values, next_values)
        ended = np.array([not goes_on(a, b) for a, b in zip(terminated.flat, truncated.flat, strict=True)])
        ended = ended.reshape(rewards.shape)
        result = np.zeros(rewards.shape)
        for index in np.ndindex(rewards.shape):
            weight, rest = 1.0, index[1:]
            for k in range(index[0], len(rewards)):
                here = (k, *rest)
                future = after[here] if keeps_value(terminated[here], truncated[here]) else 0.0
                delta = rewards[here] + value_discount(gamma) * future - baseline * values[here]
                result[index] += weight * error(delta, terminated[here], truncated[here])
                if stops_at(ended, here):
                    break
                weight *= carry(gamma, lam)
        return result

    return estimate


def _afterwards(change):
    """Return the function that makes change(advantages, rewards, values) of the right advantages."""
    return lambda rewards, values, *rest: change(
        _gae()(rewards, values, *rest), *(np.asarray(x) for x in (rewards, values))
    )


def _any_copy(ended, here):
    return bool(np.any(ended[here[0]]))


def _next_row(ended, here):
    return bool(ended[min(here[0] + 1, len(ended) - 1), *here[1:]])


def _without_the_last(values, next_values):
    return np.concatenate([next_values[:-1], np.zeros_like(next_values[-1:])])


def _of_the_next_row(values, next_values):
    return np.concatenate([values[1:], next_values[-1:]])


def _forward(stops_before=False, keeps=lambda terminated: ~terminated):
    """Return the filter that runs from the first row to the last; it forgets what was before, or after, an end."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        rewards, values, next_values = (np.asarray(x) for x in (rewards, values, next_values))
        ended = np.asarray(terminated) | np.asarray(truncated)
        deltas = rewards + gamma * next_values * keeps(np.asarray(terminated)) - values
        result, behind = np.zeros(rewards.shape), np.zeros(rewards.shape[1:])
        for t in range(len(rewards)):
            behind = behind * ~ended[t] if stops_before else behind
            result[t] = behind = deltas[t] + gamma * lam * behind
            behind = behind if stops_before else behind * ~ended[t]
        return result

    return estimate


def _last_row_zero(rewards, values, next_values, terminated, truncated, gamma, lam):
    rewards, values, next_values = (np.asarray(x) for x in (rewards, values, next_values))
    ended = np.asarray(terminated) | np.asarray(truncated)
    deltas = rewards + gamma * next_values * ~np.asarray(terminated) - values
    result = np.zeros(rewards.shape)
    for t in reversed(range(len(rewards) - 1)):
        result[t] = deltas[t] + gamma * lam * ~ended[t] * result[t + 1]
    return result


def _lambda_returns(*arguments):
    return _gae()(*arguments) + np.asarray(arguments[1])


def _gae_cases():
    def tensors(rewards, values, next_values, terminated, truncated):
        numbers = (torch.tensor(x, dtype=torch.float64) for x in (rewards, values, next_values))
        return *numbers, torch.tensor(terminated), torch.tensor(truncated)

    yield *tensors([1.0], [2.0], [5.0], [True], [False]), 0.9, 0.8
    yield *tensors([1.0], [2.0], [5.0], [False], [True]), 0.9, 0.8
    yield *tensors([1.0, 2.0], [2.0, -1.0], [-1.0, 4.0], [False, False], [False, False]), 0.9, 0.8
    rng = np.random.default_rng(32)
    ends = {
        (6,): ([1], [3]),
        (9,): ([1, 6], [1, 3, 8]),  # row 1 has both flags
        (4, 2): ([(1, 0), (3, 1)], [(2, 1)]),
        (8, 3): ([(1, 0), (4, 2), (7, 1)], [(3, 0), (2, 1), (6, 2)]),
    }
    for shape, (falls, cuts) in ends.items():
        values = rng.normal(2, 1, (shape[0] + 1, *shape[1:]))
        terminated, truncated = np.zeros((2, *shape), bool)
        for flags, where in ((terminated, falls), (truncated, cuts)):
            for place in where:
                flags[place] = True
        following = np.where(terminated | truncated, rng.normal(2, 1, shape), values[1:])
        yield *tensors(rng.normal(size=shape), values[:-1], following, terminated, truncated), 0.95, 0.9


ENDS: Mistakes = [
    (
        "your sums run on into the next episode: they stop at an end of either kind",
        {"goes_on": lambda terminated, truncated: True},
    ),
    (
        "your sums run on through a truncation: the rows after it belong to another episode",
        {"goes_on": lambda terminated, truncated: not terminated},
    ),
    (
        "your sums run on through a termination: the rows after it belong to another episode",
        {"goes_on": lambda terminated, truncated: not truncated},
    ),
    (
        "your sums stop where an episode goes on, and run on where it ends: the mask is upside down",
        {"goes_on": lambda terminated, truncated: terminated or truncated},
    ),
    (
        "your sums stop in every row: without an end they go on, by γλ a row",
        {"goes_on": lambda terminated, truncated: False},
    ),
    (
        "one column's end stops the sums of all columns: each has its own episodes",
        {"stops_at": _any_copy},
    ),
    (
        "you stop a row's sum by the flags of the next row: row t's own flags say whether it goes on",
        {"stops_at": _next_row},
    ),
]
FUTURES: Mistakes = [
    (
        "you treat truncation as termination: an episode that was cut short keeps γV(s'), its future",
        {"keeps_value": lambda terminated, truncated: not (terminated or truncated)},
    ),
    (
        "after a termination there is no future: its δ has no V(s')",
        {"keeps_value": lambda terminated, truncated: True},
    ),
    (
        "the two flags have changed places in δ: a truncation keeps γV(s'), a termination has none",
        {"keeps_value": lambda terminated, truncated: not truncated},
    ),
    (
        "your δ has V(s') only after a termination: the mask is upside down",
        {"keeps_value": lambda terminated, truncated: terminated},
    ),
    (
        "your δ has V(s') only after a truncation: it has it in every row that didn't terminate",
        {"keeps_value": lambda terminated, truncated: truncated},
    ),
    (
        "where both flags are set you count the row as truncated: it terminated, so its δ has no V(s')",
        {"keeps_value": lambda terminated, truncated: truncated or not terminated},
    ),
    ("γV(s') is missing in your δ", {"keeps_value": lambda terminated, truncated: False}),
    (
        "you set the whole δ to 0 where an episode terminates: only γV(s') goes, the reward and −V(s) stay",
        {"error": lambda delta, terminated, truncated: 0.0 if terminated else delta},
    ),
    (
        "you set the whole δ to 0 at an end of either kind: only γV(s') goes, and only at a termination",
        {"error": lambda delta, terminated, truncated: 0.0 if terminated or truncated else delta},
    ),
]
BOOTSTRAPS: Mistakes = [
    (
        "the last row of the batch has lost its future: it has its next_values like any other that didn't terminate",
        {"following": _without_the_last},
    ),
    (
        "you take V(s') from the next row of values, after an end another episode's first state: use next_values",
        {"following": _of_the_next_row},
    ),
    (
        "you take V(s') from the next row of values, and 0 after the last: use next_values",
        {"following": lambda values, next_values: np.concatenate([values[1:], 0 * values[-1:]])},
    ),
    (
        "you take V(s') from the row after in next_values: next_values[t] belongs to row t",
        {"following": lambda values, next_values: np.concatenate([next_values[1:], next_values[-1:]])},
    ),
    ("you have V(s) where V(s') belongs: use next_values", {"following": lambda values, next_values: values}),
    ("−V(s) is missing in your δ: without it the sum is no advantage", {"baseline": 0.0}),
    ("you add V(s) in δ: subtract it", {"baseline": -1.0}),
]
FACTORS: Mistakes = [
    ("γ is missing where a sum is carried back: the factor is γλ", {"carry": lambda gamma, lam: lam}),
    (
        "λ is missing: with the factor γ alone this is the estimate for λ = 1",
        {"carry": lambda gamma, lam: gamma},
    ),
    ("γ and λ are missing where a sum is carried back: the factor is γλ", {"carry": lambda gamma, lam: 1.0}),
    ("γ is missing in front of V(s')", {"value_discount": lambda gamma: 1.0}),
    (
        "γ is missing, in front of V(s') and where a sum is carried back",
        {"value_discount": lambda gamma: 1.0, "carry": lambda gamma, lam: lam},
    ),
    ("you discount V(s') by γ²: it lies one step ahead", {"value_discount": lambda gamma: gamma**2}),
    (
        "a sum is carried back with γ²λ: one row costs γλ",
        {"carry": lambda gamma, lam: gamma**2 * lam},
    ),
    (
        "a sum is carried back with 1 − λ in place of λ: the factor is γλ",
        {"carry": lambda gamma, lam: gamma * (1 - lam)},
    ),
]

gae = Exercise(
    function="gae",
    cases=list(_gae_cases()),
    expected=_gae(),
    misconceptions=[
        *mistakes(_gae, ENDS, FUTURES, BOOTSTRAPS, FACTORS),
        ("you return A + V, the λ-return to which V is fitted; the advantage is without V", _lambda_returns),
        ("you sum the TD errors of the past: the backward pass starts at the last row", _forward()),
        ("you sum the TD errors of the past: the backward pass starts at the last row", _forward(stops_before=True)),
        (
            "your last row is left at 0: it has its own δ, and the row before it needs it",
            _last_row_zero,
        ),
        *(
            (
                "you standardise the advantages, which programs do later: the advantages themselves are asked for",
                _afterwards(lambda a, r, v, ddof=ddof, small=small: (a - a.mean()) / (a.std(ddof=ddof) + small)),
            )
            for ddof in (0, 1)
            for small in (0.0, 1e-8)
        ),
        (
            "you subtract the advantages' mean: the advantages themselves are asked for",
            _afterwards(lambda a, r, v: a - a.mean()),
        ),
        ("you return A − V: V is subtracted in each δ already", _afterwards(lambda a, r, v: a - v)),
        ("you add the reward twice: it is in δ already", _afterwards(lambda a, r, v: a + r)),
        (
            "you multiply by 1 − λ: the sum of the TD errors has no such factor",
            lambda *given: (1 - given[-1]) * _gae()(*given),
        ),
        (
            "you multiply by 1 − γλ: the sum of the TD errors has no such factor",
            lambda *given: (1 - given[-2] * given[-1]) * _gae()(*given),
        ),
        (
            "γ and λ have changed places",
            lambda *given: _gae()(*given[:-2], given[-1], given[-2]),
        ),
    ],
)

# 3.3, the bias


def _bias(
    baseline=1.0,
    factor=lambda gamma, lam: gamma * (1 - lam),
    carry=lambda gamma, lam: gamma * lam,
    later=lambda pi: pi,
    ahead=1,
    towards=False,
    terms=2000,
    first=lambda P, pi: P,
):
    """Return the bias as a sum over the steps ahead, step by step; the arguments are the ways to get it wrong."""

    def bias(error, gamma, lam, P, pi):
        move = np.einsum("sa,sat->st", later(pi), P)
        move = move.T if towards else move
        errors, total, weight = np.array(error), np.zeros(len(error)), 1.0
        for _ in range(terms):
            total += weight * errors
            weight *= carry(gamma, lam)
            if abs(weight) < 1e-18:
                break
            errors = move @ errors
        for _ in range(ahead - 1):
            total = move @ total
        future = first(P, pi) @ total if ahead else np.repeat(total[:, None], pi.shape[1], axis=1)
        return -baseline * error[:, None] + factor(gamma, lam) * future

    return bias


def _same_action(error, gamma, lam, P, pi):
    """The first action is taken for ever."""
    one_action = [_bias(later=lambda pi, a=a: np.eye(pi.shape[1])[[a] * len(pi)]) for a in range(pi.shape[1])]
    return np.stack([f(error, gamma, lam, P, pi)[:, a] for a, f in enumerate(one_action)], axis=1)


def _change(change):
    """Return the function that makes change(bias, error, pi) of the right bias."""
    return lambda error, gamma, lam, P, pi: change(_bias()(error, gamma, lam, P, pi), error, pi)


def _averaged_over_actions(error, gamma, lam, P, pi):
    table = _bias()(error, gamma, lam, P, pi)
    return np.repeat(np.sum(pi * table, axis=1, keepdims=True), pi.shape[1], axis=1)


def _bias_cases():
    P = np.array([[[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    pi = np.array([[0.25, 0.75], [0.5, 0.5]])
    yield np.array([1.0, 0.0]), 0.9, 0.0, P, pi
    yield np.array([1.0, 0.0]), 0.9, 0.5, P, pi
    rng = np.random.default_rng(33)
    for states, actions, gamma, lam in [(3, 2, 0.9, 0.8), (4, 3, 0.8, 0.95), (4, 2, 0.95, 1.0), (6, 3, 0.9, 0.6)]:
        P, pi = rng.dirichlet(np.ones(states), (states, actions)), rng.dirichlet(np.ones(actions), states)
        yield rng.normal(size=states), gamma, lam, P, pi


OWN: Mistakes = [
    ("−e(s) is missing: V(s) itself is subtracted, with its error", {"baseline": 0.0}),
    ("e(s) comes in with a minus: V(s) is subtracted", {"baseline": -1.0}),
    ("−e(s) comes in twice: V(s) is subtracted once", {"baseline": 2.0}),
]
FACTORS_OF_BIAS: Mistakes = [
    (
        "the factor 1 − λ is missing in front of the future errors",
        {"factor": lambda gamma, lam: gamma},
    ),
    ("the factor γ is missing in front of the future errors", {"factor": lambda gamma, lam: 1 - lam}),
    (
        "the factor γ(1 − λ) is missing in front of the future errors",
        {"factor": lambda gamma, lam: 1.0},
    ),
    (
        "your factor is 1 − γλ, where γ(1 − λ) belongs in front of the future errors",
        {"factor": lambda gamma, lam: 1 - gamma * lam},
    ),
    (
        "your factor is γ(1 − γλ), where γ(1 − λ) belongs in front of the future errors",
        {"factor": lambda gamma, lam: gamma * (1 - gamma * lam)},
    ),
    (
        "your factor is λ(1 − γ), where γ(1 − λ) belongs: γ and λ have changed places",
        {"factor": lambda gamma, lam: lam * (1 - gamma)},
    ),
    (
        "your factor is γλ, where γ(1 − λ) belongs in front of the future errors",
        {"factor": lambda gamma, lam: gamma * lam},
    ),
    (
        "your factor is γλ(1 − λ): the first error ahead has γ(1 − λ), without a λ",
        {"factor": lambda gamma, lam: gamma * lam * (1 - lam)},
    ),
    (
        "your factor is γ²(1 − λ): the first error ahead has γ(1 − λ)",
        {"factor": lambda gamma, lam: gamma**2 * (1 - lam)},
    ),
    (
        "you subtract the errors ahead: V at the next states is added, with its errors",
        {"factor": lambda gamma, lam: -gamma * (1 - lam)},
    ),
    (
        "your factor is γ(1 + λ), where γ(1 − λ) belongs in front of the future errors",
        {"factor": lambda gamma, lam: gamma * (1 + lam)},
    ),
]
FADING: Mistakes = [
    (
        "the errors further ahead fade by γλ a step; yours fade by γ alone",
        {"carry": lambda gamma, lam: gamma},
    ),
    (
        "the errors further ahead fade by γλ a step; yours fade by λ alone",
        {"carry": lambda gamma, lam: lam},
    ),
    (
        "the errors further ahead fade by γλ a step; yours by (γλ)²",
        {"carry": lambda gamma, lam: (gamma * lam) ** 2},
    ),
    (
        "the errors further ahead fade by γλ a step; yours by γ(1 − λ)",
        {"carry": lambda gamma, lam: gamma * (1 - lam)},
    ),
    (
        "the sign in front of γλP_π is wrong in your system: it is (I − γλP_π)u = e",
        {"carry": lambda gamma, lam: -gamma * lam},
    ),
    (
        "you count the error of the next state only: the errors further ahead come after it, γλ a step",
        {"terms": 1},
    ),
]
SHORT_SUMS: Mistakes = [
    *(
        (f"your sum stops after {terms} terms: it is infinite, the solution of a linear system", {"terms": terms})
        for terms in (2, 3, 4, 5, 10, 20)
    ),
]
MOVES: Mistakes = [
    (
        "after the first step the actions follow the policy, not an even choice",
        {"later": lambda pi: np.full_like(pi, 1 / pi.shape[1])},
    ),
    (
        "you follow the transitions backwards: u is a value function, with P_π, not its transpose",
        {"towards": True},
    ),
    (
        "after the first step the actions follow the policy with all its probabilities, not the likeliest alone",
        {"later": lambda pi: np.eye(pi.shape[1])[pi.argmax(axis=1)]},
    ),
    (
        "your sum starts at the present state; its first term is the error of the next one, e(s′)",
        {"ahead": 0},
    ),
    (
        "your sum starts two states ahead; its first term is the error of the next state, e(s′)",
        {"ahead": 2},
    ),
    (
        "your first transition leads backwards: P[s, a, s'] leads from s to s'",
        {"first": lambda P, pi: P.transpose(2, 1, 0)},
    ),
]

gae_bias = Exercise(
    function="gae_bias",
    cases=list(_bias_cases()),
    expected=_bias(),
    misconceptions=[
        (
            "your result is the true advantage less the estimate: the bias is estimate less truth",
            lambda *arguments: -_bias()(*arguments),
        ),
        (
            "you have h(s, a), the errors ahead, alone: it has the factor γ(1 − λ), and −e(s) beside it",
            _bias(baseline=0.0, factor=lambda gamma, lam: 1.0),
        ),
        *mistakes(_bias, OWN, FACTORS_OF_BIAS, FADING, MOVES),
        *mistakes(_bias, SHORT_SUMS),
        (
            "you average over the first action; the bias is asked for each action",
            _averaged_over_actions,
        ),
        (
            "you average over the first action, which leaves one number a state; the bias is asked for each action",
            lambda *arguments: _averaged_over_actions(*arguments)[:, 0],
        ),
        (
            "your first action goes on for ever: after the first step the actions follow the policy",
            _same_action,
        ),
        (
            "you multiply with π(a|s): the first action is given, so it has no probability here",
            _change(lambda bias, error, pi: pi * bias),
        ),
        (
            "you have −e(s) alone: the errors ahead are missing",
            _change(lambda bias, error, pi: np.repeat(-error[:, None], pi.shape[1], axis=1)),
        ),
        (
            "your actions run along the rows: the bias has the shape (S, A)",
            _change(lambda bias, error, pi: bias.T),
        ),
    ],
)

# 3.4, explained variance


def _variance(x):
    mean = sum(x) / len(x)
    return sum((value - mean) ** 2 for value in x) / len(x)


def _explained(predictions, targets):
    return 1 - _variance([t - p for p, t in zip(predictions, targets, strict=True)]) / _variance(targets)


def _correlation(x, y):
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    both = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / len(x)
    return both / (_variance(x) * _variance(y)) ** 0.5


def _mean_square(x):
    return sum(value**2 for value in x) / len(x)


def _residual(p, t):
    return [b - a for a, b in zip(p, t, strict=True)]


def _covariance(x, y):
    return _correlation(x, y) * (_variance(x) * _variance(y)) ** 0.5


def _deviation(x):
    return sum(abs(value - sum(x) / len(x)) for value in x) / len(x)


def _freed(x):
    """Return the variance with n − 1 below."""
    return _variance(x) * len(x) / (len(x) - 1)


def _quotient(above, below):
    """Return the function 1 − above(predictions, targets)/below(predictions, targets)."""
    return lambda p, t: 1 - above(p, t) / below(p, t)


def _unexplained(p, t):
    return _variance(_residual(p, t))


def _of_targets(p, t):
    return _variance(t)


def _squared_error(p, t):
    return _mean_square(_residual(p, t))


def _prediction_cases():
    yield np.array([0.0, 1.0]), np.array([1.0, 3.0])
    yield np.array([2.0, -1.0, 0.0]), np.array([0.0, 1.0, 3.0])
    rng = np.random.default_rng(34)
    for n in (3, 5, 20):
        targets = rng.normal(2, 2, n)
        yield 0.6 * targets + rng.normal(1, 0.5, n), targets


explained_variance = Exercise(
    function="explained_variance",
    cases=list(_prediction_cases()),
    expected=_explained,
    misconceptions=[
        (
            "you count a constant offset as unexplained: the variance of the residual leaves out its mean",
            _quotient(_squared_error, _of_targets),
        ),
        (
            "you have the squared correlation: it forgives a wrong scale, explained variance doesn't",
            lambda p, t: _correlation(p, t) ** 2,
        ),
        (
            "you have the correlation: it forgives a wrong scale, explained variance doesn't",
            _correlation,
        ),
        (
            "you have Var(predictions)/Var(targets): 1 less the residual's variance, over Var(targets), is wanted",
            lambda p, t: _variance(p) / _variance(t),
        ),
        ("that is the unexplained part: subtract it from 1", lambda p, t: 1 - _explained(p, t)),
        (
            "you divide by the variance of the predictions: divide by that of the targets",
            _quotient(_unexplained, lambda p, t: _variance(p)),
        ),
        (
            "you compare standard deviations: compare variances",
            lambda p, t: 1 - (1 - _explained(p, t)) ** 0.5,
        ),
        (
            "your variance of the residual divides by n − 1, that of the targets by n: divide both alike",
            _quotient(lambda p, t: _freed(_residual(p, t)), _of_targets),
        ),
        (
            "your variance of the targets divides by n − 1, that of the residual by n: divide both alike",
            _quotient(_unexplained, lambda p, t: _freed(t)),
        ),
        (
            "you divide by the mean square of the targets: their variance leaves out their mean",
            _quotient(_unexplained, lambda p, t: _mean_square(t)),
        ),
        (
            "you leave the means in, above and below: variances leave them out",
            _quotient(_squared_error, lambda p, t: _mean_square(t)),
        ),
        (
            "you divide the mean squared error by the variance of the predictions: Var[targets − predictions] over "
            "Var[targets] is wanted",
            _quotient(_squared_error, lambda p, t: _variance(p)),
        ),
        (
            "you use absolute deviations: variances are made of squared ones",
            _quotient(lambda p, t: _deviation(_residual(p, t)), lambda p, t: _deviation(t)),
        ),
        (
            "you use absolute errors, with their mean: variances are made of squared deviations from it",
            _quotient(lambda p, t: sum(map(abs, _residual(p, t))) / len(t), lambda p, t: _deviation(t)),
        ),
        (
            "you have the root of the mean squared error over the targets' standard deviation: compare variances",
            lambda p, t: 1 - (_squared_error(p, t) / _variance(t)) ** 0.5,
        ),
        (
            "you add predictions and targets: the residual is their difference",
            _quotient(lambda p, t: _variance([a + b for a, b in zip(p, t, strict=True)]), _of_targets),
        ),
        (
            "you add the variances: the variance of the difference knows how far the two go together",
            _quotient(lambda p, t: _variance(t) + _variance(p), _of_targets),
        ),
        (
            "you divide Var(predictions) by Var(targets) and subtract that from 1: the residual's variance is wanted",
            _quotient(lambda p, t: _variance(p), _of_targets),
        ),
        (
            "you cut off at 0: a fit that is worse than a constant has a negative explained variance",
            lambda p, t: max(0.0, _explained(p, t)),
        ),
        (
            "you take the absolute value: a fit that is worse than a constant has a negative explained variance",
            lambda p, t: abs(_explained(p, t)),
        ),
        ("you return per cent: 1 is a perfect fit, not 100", lambda p, t: 100 * _explained(p, t)),
        (
            "you have the slope of the predictions on the targets, a covariance over Var(targets)",
            lambda p, t: _covariance(p, t) / _variance(t),
        ),
        (
            "you have the slope of the targets on the predictions, a covariance over Var(predictions)",
            lambda p, t: _covariance(p, t) / _variance(p),
        ),
        (
            "you sort predictions and targets apart, which tears the pairs asunder",
            lambda p, t: _explained(np.sort(p), np.sort(t)),
        ),
        (
            "you subtract 1 from the quotient: subtract the quotient from 1",
            lambda p, t: -_explained(p, t),
        ),
        ("you add 1 to the quotient: subtract the quotient from 1", lambda p, t: 2 - _explained(p, t)),
        (
            "your quotient is upside down: the residual's variance stands above",
            lambda p, t: 1 - float(_variance(t)) / float(_unexplained(p, t)),
        ),
        ("you don't divide by Var(targets)", lambda p, t: 1 - _unexplained(p, t)),
        ("you have the residual's variance: divide it by Var(targets), and subtract that from 1", _unexplained),
        (
            "you have Var(targets) less the residual's variance: divide by Var(targets)",
            lambda p, t: _variance(t) - _unexplained(p, t),
        ),
        ("you have the mean squared error: explained variance compares variances, and is 1 at best", _squared_error),
        ("you have 1 less the mean squared error: divide by Var(targets)", lambda p, t: 1 - _squared_error(p, t)),
        (
            "you square the quotient: subtract it from 1 as it is",
            lambda p, t: 1 - (_unexplained(p, t) / _variance(t)) ** 2,
        ),
        (
            "your residual's variance isn't divided by n, that of the targets is: divide both alike",
            _quotient(lambda p, t: _unexplained(p, t) * len(t), _of_targets),
        ),
        (
            "you divide by the standard deviation of the targets: divide by their variance",
            _quotient(_unexplained, lambda p, t: _variance(t) ** 0.5),
        ),
        (
            "you square the variance of the targets: divide by it as it is",
            _quotient(_unexplained, lambda p, t: _variance(t) ** 2),
        ),
        (
            "you divide by the variance of predictions and targets together: divide by that of the targets",
            _quotient(_unexplained, lambda p, t: _variance([*p, *t])),
        ),
        (
            "you divide by the sum of both variances: divide by that of the targets",
            _quotient(_unexplained, lambda p, t: _variance(p) + _variance(t)),
        ),
    ],
)

EXERCISES = {"3.1": lambda_mixture, "3.2": gae, "3.3": gae_bias, "3.4": explained_variance}
