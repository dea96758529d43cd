"""Exercises of lesson 10: the three parts of TRPO that the library then trains with, and an interval for the results.

The expected answers are slow and obvious, apart from the library: conjugate gradients by projection on an explicit
Krylov basis, the Fisher matrix as a sum over actions of outer products of scores, the line search as a list, the
bootstrap by counting resamples.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy
from trpobook.exercises.checks import Exercise

# 10.1, the Fisher-vector product


def _policy(make, seed: int):
    """Return a small policy in float64 whose weights are all random: the usual start has a head of nearly 0."""
    policy = make(torch.Generator().manual_seed(seed)).double()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in policy.parameters():
            p.copy_(torch.from_numpy(rng.normal(0, 0.7, p.shape)))
    return policy


def _product_cases():
    line = GaussianPolicy(1, 1, (), 0.0, torch.Generator().manual_seed(0)).double()
    yield line, np.array([[1.0]]), 0.0, np.array([0.0, 1.0, 0.0])
    yield line, np.array([[1.0]]), 0.5, np.array([1.0, 0.0, 0.0])
    rng = np.random.default_rng(10)
    for make, n, damping in (
        (lambda g: GaussianPolicy(1, 1, (), 0.0, g), 3, 0.0),
        (lambda g: GaussianPolicy(2, 1, (3,), 0.0, g), 4, 0.1),
        (lambda g: GaussianPolicy(2, 2, (3,), 0.0, g), 3, 0.0),
        (lambda g: CategoricalPolicy(2, 3, (3,), g), 4, 0.1),
    ):
        policy = _policy(make, n)
        size = sum(p.numel() for p in policy.parameters())
        yield policy, rng.normal(size=(n, 2 if size > 4 else 1)), damping, rng.normal(size=size)


def _apply_product(answer, policy, states, damping, v):
    """Call the answer and its product; a policy that it samples is sampled alike each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        product = answer(policy, torch.from_numpy(states), damping=damping)
        result = product if product is ... or product is None else product(torch.from_numpy(v))
    return result.detach() if isinstance(result, torch.Tensor) else result


def _score(policy, state, action):
    """Return ∇ log π(action|state), (p,)."""
    log_prob = policy(state[None]).log_prob(action[None]).sum()
    return parameters_to_vector(torch.autograd.grad(log_prob, list(policy.parameters())))


def _weighted_actions(policy, state):
    """Return (weights, actions) whose sums are exact means over the policy for the outer product of scores.

    All actions of a categorical policy; for a Gaussian the three-point Gauss–Hermite rule in each dimension, which
    is exact up to degree 5, and the outer product has degree 4.
    """
    here = policy(state[None])
    if isinstance(policy, CategoricalPolicy):
        return here.probs[0].detach(), torch.arange(here.probs.shape[-1])
    mean, std = (x[0].detach() for x in (here.mean, here.stddev))
    nodes = torch.tensor([-(3**0.5), 0, 3**0.5], dtype=torch.float64)
    weights = torch.tensor([1 / 6, 2 / 3, 1 / 6], dtype=torch.float64)
    grid = torch.cartesian_prod(*[nodes] * len(mean)).reshape(-1, len(mean))
    products = torch.cartesian_prod(*[weights] * len(mean)).reshape(-1, len(mean)).prod(-1)
    return products, mean + std * grid


def _fisher_product(policy, states, damping=0.0, v=None):
    states = torch.as_tensor(states)
    size = sum(p.numel() for p in policy.parameters())
    fisher = torch.zeros(size, size, dtype=torch.float64)
    for state in states:
        for weight, action in zip(*_weighted_actions(policy, state), strict=True):
            score = _score(policy, state, action)
            fisher += weight / len(states) * torch.outer(score, score)

    def product(v):
        return fisher @ torch.as_tensor(v) + damping * torch.as_tensor(v)

    return product if v is None else product(v)


def _sum_of_states(policy, states, damping):
    product = _fisher_product(policy, states)
    return lambda v: len(states) * product(v) + damping * v


def _one_action_per_state(policy, states, damping):
    actions = policy(states).sample()
    scores = torch.stack([_score(policy, s, a) for s, a in zip(states, actions, strict=True)])
    return lambda v: scores.T @ (scores @ v) / len(states) + damping * v


def _without_metric(policy, states, damping):
    _, jvp, vjp = policy.linearise(states)
    return lambda v: vjp(jvp(v)) / len(states) + damping * v


def _of_the_mean_score(policy, states, damping):
    """∇KL ∇KLᵀ: the outer product of a gradient that is zero."""
    return lambda v: damping * v


def _damping_averaged(policy, states, damping):
    product = _fisher_product(policy, states)
    return lambda v: product(v) + damping / len(states) * v


fisher_vector_product = Exercise(
    function="fisher_vector_product",
    cases=list(_product_cases()),
    expected=_fisher_product,
    apply=_apply_product,
    misconceptions=[
        (
            "F v is 0 whatever v is: KL(π_θ‖π_θ) is zero for every θ, so all its derivatives are. Detach the old "
            "distribution, and differentiate twice",
            _of_the_mean_score,
        ),
        (
            "the damping is missing: return F v + damping·v",
            lambda policy, states, damping: _fisher_product(policy, states),
        ),
        ("you sum over the states; F is the mean over them", _sum_of_states),
        (
            "you use one sampled action per state: that estimates F with noise. The mean over actions is known "
            "exactly: policy.metric has it, and so has the KL divergence",
            _one_action_per_state,
        ),
        (
            "you have JᵀJ v: between the two sweeps stands the distribution's own Fisher matrix M, policy.metric",
            _without_metric,
        ),
        ("the damping is divided by the number of states too: add damping·v after averaging", _damping_averaged),
    ],
)

# 10.2, conjugate gradients


def _apply_cg(answer, matrix, b, max_iterations, rtol):
    F = torch.from_numpy(matrix)
    return answer(lambda v: F @ v, torch.from_numpy(b), max_iterations=max_iterations, rtol=rtol)


def _matrix(matvec, size: int) -> np.ndarray:
    if isinstance(matvec, np.ndarray):
        return matvec
    return np.stack([matvec(row).numpy() for row in torch.eye(size, dtype=torch.float64)])


def _krylov(matvec, b, max_iterations, rtol):
    """Return (x, k, residual): x minimises ½xᵀFx − bᵀx over span{b, Fb, …, F^(k−1)b}, by a basis of that space."""
    b = np.asarray(b)
    F, x, k, basis = _matrix(matvec, len(b)), np.zeros(len(b)), 0, np.zeros((len(b), 0))
    new = b
    while k < max_iterations and np.linalg.norm(b - F @ x) > rtol * np.linalg.norm(b):
        for _ in range(2):  # Gram–Schmidt, twice for the digits
            new = new - basis @ (basis.T @ new)
        basis = np.column_stack([basis, new / np.linalg.norm(new)])
        projected = basis.T @ F @ basis
        if np.linalg.eigvalsh(projected)[0] <= 1e-14 * np.abs(F).max():
            break
        x, new, k = basis @ np.linalg.solve(projected, basis.T @ b), F @ basis[:, -1], k + 1
    return x, k, (np.linalg.norm(b - F @ x) / np.linalg.norm(b) if b.any() else 0.0)


def _mistaken_cg(
    *,
    pad=0.0,
    go_on=lambda rr, start, rtol: rr > rtol**2 * start,
    beta=lambda rr, before: rr / before,
    guarded=True,
    first=0,
    residual=lambda rr, start: np.sqrt(rr / start) if start else 0.0,
):
    """Return the recurrence with a mistake in one of its places."""

    def cg(matvec, b, max_iterations, rtol):
        F, x, r, p = _matrix(matvec, len(b)), np.zeros(len(b)), np.array(b), np.array(b)
        rr = start = r @ r
        k = 0
        while k < max_iterations and go_on(rr, start, rtol):
            curvature = p @ F @ p
            if guarded and curvature + pad <= 0:
                break
            step = rr / (curvature + pad)
            x, r = x + step * p, r - step * (F @ p)
            rr, before = r @ r, rr
            p = r + beta(rr, before) * p
            k += 1
        return x, k - first, residual(rr, start)

    return cg


def _cg_cases():
    diagonal, ones = np.diag([1, 0.1, 0.01, 0.001]), np.ones(4)
    yield np.array([[2.0]]), np.array([1.0]), 10, 1e-10
    yield np.diag([1.0, 4.0]), np.array([1.0, 1.0]), 1, 1e-10
    yield np.diag([1.0, 0.0]), np.array([0.0, 1.0]), 5, 1e-10
    yield np.diag([1.0, 2.0]), np.zeros(2), 5, 1e-10
    yield np.diag([1.0, 4.0, 9.0, 16.0]), 1e-3 * ones, 10, 0.2
    yield np.diag([1.0, 4.0, 9.0, 16.0]), 1e3 * ones, 10, 0.2
    for scale in (1.0, 1e-4, 1e4):
        yield diagonal, scale * ones, 4, 1e-10
    yield diagonal, ones, 2, 1e-10
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    yield rotation @ np.diag([1, 1, 1, 3, 3, 7, 7, 7.0]) @ rotation.T, rng.normal(size=8), 10, 1e-8


_SCALE = "so the answer depends on the scale of b, and policy gradients are small"

conjugate_gradient = Exercise(
    function="conjugate_gradient",
    cases=list(_cg_cases()),
    expected=_krylov,
    apply=_apply_cg,
    tolerance=1e-7,
    misconceptions=[
        *(
            (f"you add a small constant to the denominator pᵀFp, {_SCALE}", _mistaken_cg(pad=pad))
            for pad in (1e-10, 1e-8, 1e-6)
        ),
        *(
            (f"your tolerance is absolute, {_SCALE}: stop when ‖r‖ ≤ rtol·‖b‖", _mistaken_cg(go_on=go_on))
            for go_on in (
                lambda rr, start, rtol: rr > rtol,
                lambda rr, start, rtol: rr > rtol**2,
            )
        ),
        (
            "you compare the squared norm rᵀr with rtol·bᵀb: square rtol as well",
            _mistaken_cg(go_on=lambda rr, start, rtol: rr > rtol * start),
        ),
        (
            "your β is upside down: new rᵀr over old, which shrinks as the residual does",
            _mistaken_cg(beta=lambda rr, before: before / rr if rr else np.inf),
        ),
        (
            "each of your directions is the bare residual: that is steepest descent. Add β times the direction before",
            _mistaken_cg(beta=lambda rr, before: 0.0),
        ),
        ("you never stop before max_iterations: look at rtol", _mistaken_cg(go_on=lambda rr, start, rtol: rr > 0)),
        (
            "you divide by pᵀFp without looking: it is 0 where p lies in the null space of F. Stop there",
            _mistaken_cg(guarded=False),
        ),
        ("you count one iteration too few: return how many were made, not the last index", _mistaken_cg(first=1)),
        (
            "you return ‖r‖; the residual is relative, ‖r‖/‖b‖",
            _mistaken_cg(residual=lambda rr, start: np.sqrt(rr)),
        ),
        (
            "you return the square of the relative residual",
            _mistaken_cg(residual=lambda rr, start: rr / start if start else 0.0),
        ),
    ],
)

# 10.3, the line search


def _apply_search(answer, surrogate, kl, theta, step, delta, predicted, shrink, max_backtracks):
    return answer(
        surrogate,
        kl,
        torch.from_numpy(theta),
        torch.from_numpy(step),
        delta=delta,
        predicted=predicted,
        shrink=shrink,
        max_backtracks=max_backtracks,
    )


def _search(
    surrogate,
    kl,
    theta,
    step,
    delta,
    predicted,
    shrink,
    max_backtracks,
    *,
    inside=lambda divergence, delta: divergence <= delta,
    gains=lambda gain, c, predicted: gain >= 0.1 * c * predicted > 0,
    start=0,
    before=lambda surrogate, theta: surrogate(theta),
    failed=None,
    counted=0,
):
    """Return the first of all candidates that passes, from a list of them; the keywords change one of the rules."""
    base = before(surrogate, theta)
    tries = [(k, shrink ** (k + start)) for k in range(max_backtracks + 1)]
    tries = [(k, c, surrogate(theta + c * step) - base, kl(theta + c * step)) for k, c in tries]
    passed = [t for t in tries if inside(t[3], delta) and gains(t[2], t[1], predicted)]
    if passed:
        k, c, gain, divergence = passed[0]
        return theta + c * step, gain, divergence, k + counted, True
    if failed == "last try":
        _, c, gain, divergence = tries[-1]
        return theta + c * step, gain, divergence, max_backtracks, False
    if failed == "its numbers":
        return theta, *tries[-1][2:], max_backtracks, False
    return theta, 0.0, 0.0, max_backtracks, False


def _changed(**changes):
    return lambda *args, **keywords: _search(*args, **keywords, **changes)


def _sum(theta) -> float:
    return float(theta.sum())


def rising(theta) -> float:
    """θ₁ + θ₂ + …"""
    return _sum(theta)


def rising_from_five(theta) -> float:
    return 5 + _sum(theta)


def rising_slowly(theta) -> float:
    return 0.15 * _sum(theta)


def hardly_rising(theta) -> float:
    return 1e-6 * _sum(theta)


def falling(theta) -> float:
    return -_sum(theta)


def arch(theta) -> float:
    return _sum(theta) - _sum(theta) ** 2


def rising_then_nan(theta) -> float:
    return _sum(theta) if _sum(theta) < 1.5 else math.nan


def bowl(theta) -> float:
    """0.4·(θ₁ + θ₂ + …)²"""
    return 0.4 * _sum(theta) ** 2


def bowl_then_nan(theta) -> float:
    return bowl(theta) if _sum(theta) < 1.5 else math.nan


def flat(theta) -> float:
    return 0.01 * _sum(theta) ** 2


def bowl_around_three(theta) -> float:
    return 0.4 * _sum(theta - 1.5) ** 2


def _search_cases():
    zero, one, two = np.array([0.0]), np.array([1.0]), np.array([2.0])
    yield rising, bowl, zero, one, 0.5, 1.0, 0.5, 10
    yield rising, bowl, zero, two, 0.5, 2.0, 0.5, 10
    yield rising_from_five, bowl, zero, two, 0.5, 2.0, 0.5, 10
    yield arch, flat, zero, two, 0.5, 2.0, 0.5, 10
    yield falling, flat, zero, one, 0.5, 1.0, 0.5, 6
    yield rising, bowl, zero, 100 * two, 0.01, 200.0, 0.5, 4
    yield rising, bowl, zero, 0 * one, 0.5, 0.0, 0.5, 4
    yield hardly_rising, flat, zero, one, 0.5, 1.0, 0.5, 6
    yield rising_slowly, bowl, zero, two, 0.5, 2.0, 0.5, 10
    yield rising_then_nan, flat, zero, two, 0.5, 2.0, 0.5, 10
    yield rising, bowl_then_nan, zero, two, 0.5, 2.0, 0.5, 10
    yield rising_from_five, bowl_around_three, np.array([1.5, 1.5]), np.array([2.0, 1.0]), 0.1, 3.0, 0.9, 30


line_search = Exercise(
    function="line_search",
    cases=list(_search_cases()),
    expected=_search,
    apply=_apply_search,
    misconceptions=[
        (
            "when every candidate fails you return the last one; the old parameters must come back",
            _changed(failed="last try"),
        ),
        (
            "you report the gain and the KL of a step that you did not take: after a failure both are 0",
            _changed(failed="its numbers"),
        ),
        ("you look only at the surrogate: kl(candidate) ≤ delta must hold too", _changed(inside=lambda *_: True)),
        (
            "you look only at the KL: the surrogate must have gained at least a tenth of the promise",
            _changed(gains=lambda *_: True),
        ),
        (
            "you accept a step that gains nothing: a gain of 0 is no improvement",
            _changed(gains=lambda gain, c, predicted: gain >= 0),
        ),
        (
            "you accept any gain above 0: ask for min_ratio·c·predicted, for a gain within rounding is no evidence",
            _changed(gains=lambda gain, c, predicted: gain > 0),
        ),
        (
            "a promise of 0 can be kept by doing nothing: accept only where min_ratio·c·predicted > 0",
            _changed(gains=lambda gain, c, predicted: gain >= 0.1 * c * predicted),
        ),
        (
            "a NaN passes your test: every comparison with NaN is false, so ask whether the candidate is good, "
            "never whether it is bad",
            _changed(
                inside=lambda divergence, delta: not divergence > delta,
                gains=lambda gain, c, predicted: not (gain < 0.1 * c * predicted or predicted <= 0),
            ),
        ),
        (
            "you compare the surrogate with 0; the gain is surrogate(candidate) − surrogate(theta)",
            _changed(before=lambda surrogate, theta: 0.0),
        ),
        (
            "you ask the short step for a tenth of the full step's promise: scale it by c",
            _changed(gains=lambda gain, c, predicted: gain >= 0.1 * predicted > 0),
        ),
        ("you never try the full step: begin with c = 1", _changed(start=1)),
        ("backtracks counts how often the step was shrunk: 0 when the full step passes", _changed(counted=1)),
    ],
)

# 10.4, the bootstrap interval


def _interval(values, level, *, resamples=None, statistic=np.mean, tails=lambda level: ((1 - level) / 2,) * 2):
    """Return the ends by counting: the first mean, from below, that enough resamples don't exceed."""
    if resamples is None:
        resamples = itertools.product(values, repeat=len(values))
    means = sorted(float(statistic(resample)) for resample in resamples)
    below, above = tails(level)
    counts = below * len(means), (1 - above) * len(means)
    return tuple(next(mean for k, mean in enumerate(means, start=1) if k >= count) for count in counts)


def _interpolated(values, level):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2]).tolist())


def _around_the_mean(spread):
    return lambda values, level: (np.mean(values) - 1.96 * spread(values), np.mean(values) + 1.96 * spread(values))


_NORMAL = (
    "you have the mean ± 1.96 standard errors: that is the normal approximation. The bootstrap assumes no shape, it "
    "takes quantiles of the resamples' means"
)

bootstrap_interval = Exercise(
    function="bootstrap_interval",
    cases=[
        (np.array([0.0, 1.0]), 0.95),
        (np.array([1.0, 2.0, 4.0]), 0.95),
        (np.array([1.0, 2.0, 4.0]), 0.4),
        (np.array([-3.0, 5.0, 0.5, 1.0]), 0.95),
        (np.array([300.0, 100.0, 150.0, 120.0]), 0.9),
        (np.array([2.0, -1.0, 0.0, 7.0, 3.5]), 0.95),
    ],
    expected=_interval,
    misconceptions=[
        (
            "you take quantiles of the values themselves: average each resample, then take quantiles of the means",
            lambda values, level: _interval(values, level, resamples=[[value] for value in values]),
        ),
        (
            "you count each combination once: a resample with three different values comes in six orders, one with "
            "three equal values in one. itertools.product has them all",
            lambda values, level: _interval(
                values, level, resamples=itertools.combinations_with_replacement(values, len(values))
            ),
        ),
        (
            "you draw without replacement: every resample then has the same values and the same mean",
            lambda values, level: _interval(values, level, resamples=itertools.permutations(values)),
        ),
        (
            "you cut off 1 − level at each end: it is (1 − level)/2 at each, and both together 1 − level",
            lambda values, level: _interval(values, level, tails=lambda level: (1 - level, 1 - level)),
        ),
        (
            "your interval is open below: cut off (1 − level)/2 at either end",
            lambda values, level: _interval(values, level, tails=lambda level: (0, 1 - level)),
        ),
        (
            "you take the median of each resample; the question is about the mean",
            lambda values, level: _interval(values, level, statistic=np.median),
        ),
        (
            "you add the values of a resample up: divide by their number",
            lambda values, level: _interval(values, level, statistic=np.sum),
        ),
        (
            "each of your resamples has a value too few: draw as many as there are",
            lambda values, level: _interval(values, level, resamples=itertools.product(values, repeat=len(values) - 1)),
        ),
        (
            'np.quantile interpolates between two means by default; method="inverted_cdf" returns one that occurs',
            _interpolated,
        ),
        (_NORMAL, _around_the_mean(lambda values: np.std(values, ddof=1) / np.sqrt(len(values)))),
        (_NORMAL, _around_the_mean(lambda values: np.std(values) / np.sqrt(len(values)))),
        (
            "you have the mean ± 1.96 standard deviations of the runs: that is about where the next run may fall, not "
            "the mean, and it assumes a normal distribution",
            _around_the_mean(np.std),
        ),
        ("low comes first: you return (high, low)", lambda values, level: _interval(values, level)[::-1]),
    ],
)

EXERCISES = {
    "10.1": fisher_vector_product,
    "10.2": conjugate_gradient,
    "10.3": line_search,
    "10.4": bootstrap_interval,
}
