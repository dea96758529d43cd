"""Exercises of lesson 03, advantage estimation. The expected answers are plain loops, apart from the library."""

from __future__ import annotations

import numpy as np
import torch

from trpobook.exercises.checks import Exercise

# 3.1, the mixture of n-step advantages


def _n_step(rewards, values, gamma, n, reward_discount=None, value_discount=None, baseline=1.0, bootstrap=1.0):
    """Return A⁽ⁿ⁾ of the first step, term by term; the rest are the ways to get it wrong."""
    gain = sum((gamma if reward_discount is None else reward_discount) ** k * rewards[k] for k in range(n))
    discount = gamma**n if value_discount is None else value_discount(n)
    return gain + bootstrap * discount * values[n] - baseline * values[0]


def _mixture(weigh=None, **mistake):
    """Return the function that mixes A⁽¹⁾ … A⁽ᴺ⁾ by ``weigh(N, λ)``, a list of N weights."""

    def mixed(rewards, values, gamma, lam):
        steps = len(rewards)
        weights = (weigh or _weights)(steps, lam)
        return sum(w * _n_step(rewards, values, gamma, n, **mistake) for n, w in enumerate(weights, 1))

    return mixed


def _weights(steps, lam):
    return [(1 - lam) * lam ** (n - 1) for n in range(1, steps)] + [lam ** (steps - 1)]


def _tail_like_the_others(steps, lam):
    return [(1 - lam) * lam ** (n - 1) for n in range(1, steps + 1)]


def _renormalised(steps, lam):
    total = sum(lam ** (n - 1) for n in range(1, steps + 1))
    return [lam ** (n - 1) / total for n in range(1, steps + 1)]


def _mixture_cases():
    yield np.array([1.0]), np.array([0.5, 2.0]), 0.9, 0.5
    yield np.array([1.0, -1.0]), np.array([0.5, 2.0, 3.0]), 0.9, 0.5
    rng = np.random.default_rng(31)
    for steps, gamma, lam in [(3, 0.9, 0.8), (5, 0.8, 0.0), (5, 0.99, 1.0), (12, 0.95, 0.9)]:
        yield rng.normal(size=steps), rng.normal(1, 1, steps + 1), gamma, lam


lambda_mixture = Exercise(
    function="lambda_mixture",
    cases=list(_mixture_cases()),
    expected=_mixture(),
    misconceptions=[
        (
            "your weights don't add up to 1: the longest estimate takes all that is left, λᴺ⁻¹",
            _mixture(_tail_like_the_others),
        ),
        (
            "you divide the weights by their sum; in GAE what is left goes to the longest estimate alone",
            _mixture(_renormalised),
        ),
        (
            "your powers of λ are one too high: A⁽¹⁾ has the weight 1 − λ",
            _mixture(lambda steps, lam: [(1 - lam) * lam**n for n in range(1, steps)] + [lam**steps]),
        ),
        (
            "the factor 1 − λ is missing, so the weights add up to more than 1",
            _mixture(lambda steps, lam: [lam ** (n - 1) for n in range(1, steps + 1)]),
        ),
        ("−V(s₀) is missing: you mix returns, not advantages", _mixture(baseline=0.0)),
        ("γⁿV(sₙ) is missing: after n rewards the value stands for all that follows", _mixture(bootstrap=0.0)),
        ("V(sₙ) lies n steps ahead: it is discounted by γⁿ", _mixture(value_discount=lambda n: 1.0)),
        ("the rewards are not discounted: the k-th counts γᵏ", _mixture(reward_discount=1.0)),
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
):
    """Return GAE as a sum over the rows ahead, one row at a time; the arguments are the ways to get it wrong."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        rewards, values, next_values = (np.asarray(x) for x in (rewards, values, next_values))
        terminated, truncated = np.asarray(terminated), np.asarray(truncated)
        after = following(values, next_values)
        result = np.zeros(rewards.shape)
        for index in np.ndindex(rewards.shape):
            weight, rest = 1.0, index[1:]
            for k in range(index[0], len(rewards)):
                here = (k, *rest)
                future = after[here] if keeps_value(terminated[here], truncated[here]) else 0.0
                result[index] += weight * (rewards[here] + value_discount(gamma) * future - values[here])
                if not goes_on(terminated[here], truncated[here]):
                    break
                weight *= carry(gamma, lam)
        return result

    return estimate


def _without_the_last(values, next_values):
    return np.concatenate([next_values[:-1], np.zeros_like(next_values[-1:])])


def _of_the_next_row(values, next_values):
    return np.concatenate([values[1:], next_values[-1:]])


def _forward(rewards, values, next_values, terminated, truncated, gamma, lam):
    rewards, values, next_values = (np.asarray(x) for x in (rewards, values, next_values))
    ended = np.asarray(terminated) | np.asarray(truncated)
    deltas = rewards + gamma * next_values * ~np.asarray(terminated) - values
    result, behind = np.zeros(rewards.shape), np.zeros(rewards.shape[1:])
    for t in range(len(rewards)):
        result[t] = behind = deltas[t] + gamma * lam * behind
        behind = behind * ~ended[t]
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
    for shape in [(6,), (9,), (8, 3)]:
        values = rng.normal(2, 1, (shape[0] + 1, *shape[1:]))
        terminated, truncated = np.zeros((2, *shape), bool)
        terminated[1], truncated[3] = True, True
        following = np.where(terminated | truncated, rng.normal(2, 1, shape), values[1:])
        yield *tensors(rng.normal(size=shape), values[:-1], following, terminated, truncated), 0.95, 0.9


gae = Exercise(
    function="gae",
    cases=list(_gae_cases()),
    tolerance=1e-6,  # a Python number times a tensor of booleans is in single precision
    expected=_gae(),
    misconceptions=[
        (
            "your sums run on into the next episode: they stop at an end of either kind",
            _gae(goes_on=lambda terminated, truncated: True),
        ),
        (
            "your sums run on through a truncation: the rows after it belong to another episode",
            _gae(goes_on=lambda terminated, truncated: not terminated),
        ),
        (
            "your sums run on through a termination: the rows after it belong to another episode",
            _gae(goes_on=lambda terminated, truncated: not truncated),
        ),
        (
            "you treat truncation as termination: an episode that was cut short keeps γV(s'), its future",
            _gae(keeps_value=lambda terminated, truncated: not (terminated or truncated)),
        ),
        (
            "after a termination there is no future: its δ has no V(s')",
            _gae(keeps_value=lambda terminated, truncated: True),
        ),
        (
            "the last row of the batch has lost its future: it bootstraps from next_values like every other",
            _gae(following=_without_the_last),
        ),
        (
            "you take V(s') from the next row of values, after an end another episode's first state: use next_values",
            _gae(following=_of_the_next_row),
        ),
        ("γ is missing where a sum is carried back: the factor is γλ", _gae(carry=lambda gamma, lam: lam)),
        ("λ is missing: with the factor γ alone this is the estimate for λ = 1", _gae(carry=lambda gamma, lam: gamma)),
        ("γ is missing in front of V(s')", _gae(value_discount=lambda gamma: 1.0)),
        ("you return A + V, the λ-return to which V is fitted; the advantage is without V", _lambda_returns),
        ("you sum the TD errors of the past: the backward pass starts at the last row", _forward),
    ],
)

# 3.3, the bias


def _bias(
    baseline=1.0, factor=lambda gamma, lam: gamma * (1 - lam), carry=lambda gamma, lam: gamma * lam, later=None, ahead=1
):
    """Return the bias as a sum over the steps ahead, step by step; the arguments are the ways to get it wrong."""

    def bias(error, gamma, lam, P, pi):
        states, actions = pi.shape
        follow = pi if later is None else later(pi)
        result = np.zeros((states, actions))
        for s in range(states):
            for a in range(actions):
                at = np.eye(states)[s] if ahead == 0 else P[s, a]
                total, weight = 0.0, 1.0
                for _ in range(2000):
                    total += weight * float(at @ error)
                    weight *= carry(gamma, lam)
                    if weight < 1e-18:
                        break
                    at = np.einsum("s,sa,sat->t", at, follow, P)
                result[s, a] = -baseline * error[s] + factor(gamma, lam) * total
        return result

    return bias


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


gae_bias = Exercise(
    function="gae_bias",
    cases=list(_bias_cases()),
    expected=_bias(),
    misconceptions=[
        ("−e(s) is missing: V(s) itself is subtracted, with its error", _bias(baseline=0.0)),
        ("e(s) comes in with a minus: V(s) is subtracted", _bias(baseline=-1.0)),
        (
            "your result is the true advantage less the estimate: the bias is estimate less truth",
            lambda *arguments: -_bias()(*arguments),
        ),
        ("the factor 1 − λ is missing in front of the future errors", _bias(factor=lambda gamma, lam: gamma)),
        ("the factor γ is missing in front of the future errors", _bias(factor=lambda gamma, lam: 1 - lam)),
        (
            "the errors further ahead fade by γλ a step; yours fade by γ alone",
            _bias(carry=lambda gamma, lam: gamma),
        ),
        (
            "the errors further ahead fade by γλ a step; yours fade by λ alone",
            _bias(carry=lambda gamma, lam: lam),
        ),
        (
            "your sum starts at the present state; its first term is the error of the next one, e(s′)",
            _bias(ahead=0),
        ),
        (
            "after the first step the actions follow the policy, not an even choice",
            _bias(later=lambda pi: np.full_like(pi, 1 / pi.shape[1])),
        ),
        (
            "you average over the first action; the bias is asked for each action",
            _averaged_over_actions,
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


def _prediction_cases():
    yield np.array([0.0, 1.0]), np.array([1.0, 3.0])
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
            lambda p, t: 1 - sum((a - b) ** 2 for a, b in zip(p, t, strict=True)) / len(t) / _variance(t),
        ),
        (
            "you have the squared correlation: it forgives a wrong scale, explained variance doesn't",
            lambda p, t: _correlation(p, t) ** 2,
        ),
        ("you have Var(predictions)/Var(targets)", lambda p, t: _variance(p) / _variance(t)),
        ("that is the unexplained part: subtract it from 1", lambda p, t: 1 - _explained(p, t)),
        (
            "you divide by the variance of the predictions: divide by that of the targets",
            lambda p, t: _explained(t, p),
        ),
        (
            "you compare standard deviations: compare variances",
            lambda p, t: 1 - (1 - _explained(p, t)) ** 0.5,
        ),
    ],
)

EXERCISES = {"3.1": lambda_mixture, "3.2": gae, "3.3": gae_bias, "3.4": explained_variance}
