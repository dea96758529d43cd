"""Wrong answers to the exercises of lesson 10."""

import itertools
from statistics import NormalDist

import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.advantages import gae
from trpobook.agents.normalisers import RunningMoments
from trpobook.algorithms.line_search import Accepted
from unforeseen import lesson_10 as unforeseen

# 10.1, the Fisher-vector product, mostly by differentiating the KL twice


def _second_derivative(policy, kl, damping):
    parameters = list(policy.parameters())
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        curved = torch.autograd.grad(gradient @ v, parameters, retain_graph=True)
        return parameters_to_vector(curved) + damping * v

    return product


def _kl(policy, states):
    old = policy.distribution(policy.outputs(states).detach())
    return kl_divergence(old, policy(states))


def product_undetached(policy, states, *, damping=0.0):
    kl = kl_divergence(policy(states), policy(states)).mean()
    return _second_derivative(policy, kl, damping)


def product_without_damping(policy, states, *, damping=0.0):
    return _second_derivative(policy, _kl(policy, states).mean(), 0.0)


def product_summed(policy, states, *, damping=0.0):
    return _second_derivative(policy, _kl(policy, states).sum(), damping)


def product_of_sampled_scores(policy, states, *, damping=0.0):
    actions = policy(states).sample()
    parameters = list(policy.parameters())

    def product(v):
        total = damping * v
        for s, a in zip(states, actions, strict=True):
            log_prob = policy(s[None]).log_prob(a[None])
            score = parameters_to_vector(torch.autograd.grad(log_prob.sum(), parameters))
            total = total + score * (score @ v) / len(states)
        return total

    return product


def product_without_metric(policy, states, *, damping=0.0):
    _, jvp, vjp = policy.linearise(states)
    return lambda v: vjp(jvp(v)) / len(states) + damping * v


def product_of_the_kl_gradient(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    gradient = parameters_to_vector(torch.autograd.grad(_kl(policy, states).mean(), parameters))
    return lambda v: gradient * (gradient @ v) + damping * v


def product_damping_averaged(policy, states, *, damping=0.0):
    outputs, jvp, vjp = policy.linearise(states)
    return lambda v: (vjp(policy.metric(outputs, jvp(v))) + damping * v) / len(states)


def _changed(change):
    """Return a wrong answer with change(F v, v, damping, number of states) for its product."""

    def answer(policy, states, *, damping=0.0):
        right = _second_derivative(policy, _kl(policy, states).mean(), 0.0)
        return lambda v: change(right(v), v, damping, len(states))

    return answer


def product_undetached_undamped(policy, states, *, damping=0.0):
    kl = kl_divergence(policy(states), policy(states)).mean()
    return _second_derivative(policy, kl, 0.0)


def product_summed_undamped(policy, states, *, damping=0.0):
    return _second_derivative(policy, _kl(policy, states).sum(), 0.0)


def product_of_the_mode(policy, states, *, damping=0.0):
    parameters, actions = list(policy.parameters()), policy.mode(states).detach()
    log_probs = policy(states).log_prob(actions)
    rows = [torch.autograd.grad(each, parameters, retain_graph=True, materialize_grads=True) for each in log_probs]
    scores = torch.stack([parameters_to_vector(row) for row in rows])
    return lambda v: scores.T @ (scores @ v) / len(scores) + damping * v


def product_of_log_prob(policy, states, *, damping=0.0):
    new = policy(states)
    return _second_derivative(policy, -new.log_prob(new.sample()).mean(), damping)


def product_without_metric_summed(policy, states, *, damping=0.0):
    _, jvp, vjp = policy.linearise(states)
    return lambda v: vjp(jvp(v)) + damping * v


def product_of_last_state(policy, states, *, damping=0.0):
    return _second_derivative(policy, _kl(policy, states)[-1], damping)


def product_of_mean_state(policy, states, *, damping=0.0):
    return _second_derivative(policy, _kl(policy, states.mean(0)[None]).sum(), damping)


def product_of_mean_output(policy, states, *, damping=0.0):
    outputs = policy.outputs(states).mean(0)[None]
    kl = kl_divergence(policy.distribution(outputs.detach()), policy.distribution(outputs)).sum()
    return _second_derivative(policy, kl, damping)


def product_halved(policy, states, *, damping=0.0):
    product = _second_derivative(policy, _kl(policy, states).mean() / 2, damping / 2)
    return product


def product_of_nothing(policy, states, *, damping=0.0):
    def product(v):
        _kl(policy, states)

    return product


def product_returned_at_once(policy, states, *, damping=0.0):
    return torch.zeros(3)


# 10.2, conjugate gradients


def _cg(
    matvec,
    b,
    max_iterations,
    *,
    stop,
    pad=0.0,
    beta=lambda rr, before: rr / before,
    count=lambda k: k + 1,
    length=lambda rr, curvature, p: rr / curvature,
    x=None,
    sign=1,
    turn=lambda r, old, beta, p: r + beta * p,
):
    r, p = b.clone(), b.clone()
    x = torch.zeros_like(b) if x is None else x
    rr = start = (r @ r).item()
    iterations = 0
    for k in range(max_iterations):
        if stop(rr, start):
            break
        Fp = matvec(p)
        curvature = (p @ Fp).item() + pad
        if curvature <= 0:
            break
        step = length(rr, curvature, p)
        x, old = x + sign * step * p, r
        r = r - step * Fp
        rr, before = (r @ r).item(), rr
        p = turn(r, old, beta(rr, before), p)
        iterations = count(k)
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def _enough(rtol):
    return lambda rr, start: rr <= rtol**2 * start


def _with(**changes):
    """Return the recurrence with the changes."""

    def answer(matvec, b, *, max_iterations, rtol):
        return _cg(matvec, b, max_iterations, stop=_enough(rtol), **changes)

    return answer


cg_padded_beta = _with(beta=lambda rr, before: rr / (before + 1e-10))
cg_beta_one = _with(beta=lambda rr, before: 1.0)
cg_beta_of_norms = _with(beta=lambda rr, before: rr**0.5 / before**0.5)
cg_beta_squared = _with(beta=lambda rr, before: (rr / before) ** 2)
cg_beta_subtracted = _with(beta=lambda rr, before: -rr / before)
cg_old_residual_first = _with(turn=lambda r, old, beta, p: old + beta * p)
cg_beta_at_the_residual = _with(turn=lambda r, old, beta, p: beta * r + p)
cg_adds_old_residual = _with(turn=lambda r, old, beta, p: r + beta * old)
cg_never_turns = _with(turn=lambda r, old, beta, p: p)
cg_over_pp = _with(length=lambda rr, curvature, p: rr / (p @ p))
cg_with_pp = _with(length=lambda rr, curvature, p: p @ p / curvature)
cg_with_norm = _with(length=lambda rr, curvature, p: rr**0.5 / curvature)
cg_halved = _with(length=lambda rr, curvature, p: rr / (2 * curvature))
cg_uphill = _with(sign=-1)


def cg_norms_with_square(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr**0.5 <= rtol**2 * start**0.5)


def cg_residual_along_p(matvec, b, *, max_iterations, rtol):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    k = 0
    while k < max_iterations and rr > rtol**2 * start:
        curvature = (p @ matvec(p)).item()
        if curvature <= 0:
            break
        x, r = x + rr / curvature * p, r - rr / curvature * p
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        k += 1
    return x, k, (rr / start) ** 0.5 if start else 0.0


def cg_last_step(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x - _cg(matvec, b, k - 1, stop=_enough(rtol))[0] if k else x, k, residual


def cg_from_b(matvec, b, *, max_iterations, rtol):
    x, r = b.clone(), b - matvec(b)
    p, rr, start, k = r.clone(), (r @ r).item(), (b @ b).item(), 0
    while k < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        if p @ Fp <= 0:
            break
        step = rr / (p @ Fp)
        x, r = x + step * p, r - step * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        k += 1
    return x, k, (rr / start) ** 0.5 if start else 0.0


def cg_one_less(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations - 1, stop=_enough(rtol))


def cg_unlimited(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, 100, stop=_enough(rtol))


def cg_stops_at_zero_only(matvec, b, *, max_iterations, rtol):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    k = 0
    while k < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        if p @ Fp == 0:
            break
        step = rr / (p @ Fp).item()
        x, r = x + step * p, r - step * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        k += 1
    return x, k, (rr / start) ** 0.5 if start else 0.0


def cg_counts_one_more(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k + 1, residual


def cg_counts_the_most(matvec, b, *, max_iterations, rtol):
    x, _, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, max_iterations, residual


def cg_square_of_residual(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k, residual**2 * (b @ b).item()


def cg_square_over_norm(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k, residual**2 * b.norm().item()


def cg_norm_over_square(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k, residual / b.norm().item() if b.any() else 0.0


def cg_relative_to_x(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k, residual * b.norm().item() / (x.norm().item() if x.any() else 1.0)


def cg_residual_before(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k, _cg(matvec, b, k - 1, stop=_enough(rtol))[2] if k else residual


def cg_share_done(matvec, b, *, max_iterations, rtol):
    x, k, residual = _cg(matvec, b, max_iterations, stop=_enough(rtol))
    return x, k, 1 - residual if b.any() else 0.0


def cg_padded(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, pad=1e-8, stop=lambda rr, start: rr <= rtol**2 * start)


def cg_absolute(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr**0.5 <= rtol)


def cg_absolute_square(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol)


def cg_root_of_tolerance(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol * start)


def cg_beta_inverted(matvec, b, *, max_iterations, rtol):
    return _cg(
        matvec,
        b,
        max_iterations,
        stop=lambda rr, start: rr <= rtol**2 * start,
        beta=lambda rr, before: before / rr if rr else float("inf"),
    )


def cg_steepest_descent(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start, beta=lambda *_: 0.0)


def cg_never_stops(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr == 0)


def cg_unguarded(matvec, b, *, max_iterations, rtol):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = r @ r
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        step = rr / (p @ Fp)
        x, r = x + step * p, r - step * Fp
        rr, before = r @ r, rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start).sqrt() if start > 0 else 0.0


def cg_last_index(matvec, b, *, max_iterations, rtol):
    x, iterations, residual = _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start)
    return x, iterations - 1, residual


def cg_absolute_residual(matvec, b, *, max_iterations, rtol):
    x, iterations, residual = _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start)
    return x, iterations, residual * b.norm().item()


def cg_squared_residual(matvec, b, *, max_iterations, rtol):
    x, iterations, residual = _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start)
    return x, iterations, residual**2


def cg_only_x(matvec, b, *, max_iterations, rtol):
    return _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start)[0]


def cg_overwrites_b(matvec, b, *, max_iterations, rtol):
    x, iterations, residual = _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start)
    b -= b
    return x, iterations, residual


def cg_zero_by_zero(matvec, b, *, max_iterations, rtol):
    x, iterations, residual = _cg(matvec, b, max_iterations, stop=lambda rr, start: rr <= rtol**2 * start)
    return x, iterations, residual if b.norm() > 0 else float("nan")


# 10.3, the line search


def _search(
    surrogate,
    kl,
    theta,
    step,
    *,
    shrink,
    max_backtracks,
    good,
    c=1.0,
    base=None,
    end=lambda theta, *last: (theta, 0.0, 0.0),
):
    base = surrogate(theta) if base is None else base
    for backtracks in range(max_backtracks + 1):
        candidate = theta + c * step
        gain, divergence = surrogate(candidate) - base, kl(candidate)
        if good(gain, divergence, c):
            return candidate, gain, divergence, backtracks, True
        c *= shrink
    return *end(theta, candidate, gain, divergence), max_backtracks, False


def _rule(delta, predicted, min_ratio):
    return lambda gain, divergence, c: divergence <= delta and gain >= min_ratio * c * predicted > 0


def search_last_try(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=_rule(delta, predicted, min_ratio),
        end=lambda theta, *last: last,
    )


def search_reports_untaken(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=_rule(delta, predicted, min_ratio),
        end=lambda theta, candidate, gain, divergence: (theta, gain, divergence),
    )


def search_only_surrogate(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    def good(gain, divergence, c):
        return gain >= min_ratio * c * predicted > 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_only_kl(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    def good(gain, divergence, c):
        return divergence <= delta

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_null_step(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    def good(gain, divergence, c):
        return divergence <= delta and gain >= 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_any_gain(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    def good(gain, divergence, c):
        return divergence <= delta and gain > 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_empty_promise(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    def good(gain, divergence, c):
        return divergence <= delta and gain >= min_ratio * c * predicted

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_lets_nan_pass(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    base = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        gain, divergence = surrogate(candidate) - base, kl(candidate)
        if divergence > delta or gain < min_ratio * c * predicted or predicted <= 0:
            continue
        return candidate, gain, divergence, backtracks, True
    return theta, 0.0, 0.0, max_backtracks, False


def search_against_zero(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=_rule(delta, predicted, min_ratio),
        base=0.0,
    )


def search_unscaled_promise(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    def good(gain, divergence, c):
        return divergence <= delta and gain >= min_ratio * predicted > 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_starts_shrunk(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    good = _rule(delta, predicted, min_ratio)
    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good, c=shrink)


def search_counts_tries(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    good = _rule(delta, predicted, min_ratio)
    result = _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)
    return *result[:3], result[3] + result[4], result[4]


def search_only_theta(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    good = _rule(delta, predicted, min_ratio)
    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)[0]


def search_in_place(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    good = _rule(delta, predicted, min_ratio)
    result = _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)
    step *= shrink ** result[3]
    return result


def _first(surrogate, kl, theta, step, scales, good):
    """Return (candidate, gain, KL, number, c) of the first that is good, or None."""
    base = surrogate(theta)
    for k, c in enumerate(scales):
        candidate = theta + c * step
        gain, divergence = surrogate(candidate) - base, kl(candidate)
        if good(gain, divergence, c):
            return candidate, gain, divergence, k, c
    return None


def _searching(
    good=lambda gain, divergence, c, delta, predicted, ratio: divergence <= delta and gain >= ratio * c * predicted > 0,
    scales=lambda shrink, most: [shrink**k for k in range(most + 1)],
    taken=lambda theta, candidate, gain, divergence, k, c: (candidate, gain, divergence, k, True),
    failed=lambda theta, most: (theta, 0.0, 0.0, most, False),
):
    """Return a search with one of its parts changed."""

    def search(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
        def is_good(gain, divergence, c):
            return good(gain, divergence, c, delta, predicted, min_ratio)

        found = _first(surrogate, kl, theta, step, scales(shrink, max_backtracks), is_good)
        return taken(theta, *found) if found else failed(theta, max_backtracks)

    return search


def search_last_accepted(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    good = _rule(delta, predicted, min_ratio)
    result = _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=good,
        end=lambda theta, *last: last,
    )
    return *result[:4], True


def search_last_theta(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    good = _rule(delta, predicted, min_ratio)
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=good,
        end=lambda theta, candidate, *numbers: (candidate, 0.0, 0.0),
    )


search_failure_accepted = _searching(failed=lambda theta, most: (theta, 0.0, 0.0, most, True))
search_failure_uncounted = _searching(failed=lambda theta, most: (theta, 0.0, 0.0, 0, False))
search_failure_one_more = _searching(failed=lambda theta, most: (theta, 0.0, 0.0, most + 1, False))
search_any_promise = _searching(
    lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain > 0 and gain >= ratio * c * ell
)
search_size_of_promise = _searching(
    lambda gain, kl, c, delta, ell, ratio: kl <= delta and ell != 0 and gain >= ratio * c * abs(ell)
)
search_nan_of_kl = _searching(lambda gain, kl, c, delta, ell, ratio: not kl > delta and gain >= ratio * c * ell > 0)
search_nan_of_gain = _searching(
    lambda gain, kl, c, delta, ell, ratio: kl <= delta and ell > 0 and not gain < ratio * c * ell
)
search_whole_promise = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain >= c * ell > 0)
search_whole_unscaled = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain >= ell > 0)
search_share_of_c = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain >= ratio * c and ell > 0)
search_share_of_nothing = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain >= ratio and ell > 0)
search_c_squared = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain >= ratio * c * c * ell > 0)
search_always_a_tenth = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain >= 0.1 * c * ell > 0)
search_strict_gain = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta and gain > ratio * c * ell > 0)
search_strict_kl = _searching(lambda gain, kl, c, delta, ell, ratio: kl < delta and gain >= ratio * c * ell > 0)
search_strict_both = _searching(lambda gain, kl, c, delta, ell, ratio: kl < delta and gain > ratio * c * ell > 0)
search_outside = _searching(lambda gain, kl, c, delta, ell, ratio: kl >= delta and gain >= ratio * c * ell > 0)
search_twice_delta = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= 2 * delta and gain >= ratio * c * ell > 0)
search_half_delta = _searching(lambda gain, kl, c, delta, ell, ratio: kl <= delta / 2 and gain >= ratio * c * ell > 0)
search_not_at_all = _searching(lambda *_: True)
search_nine_tenths = _searching(scales=lambda shrink, most: [0.9**k for k in range(most + 1)])
search_eight_tenths = _searching(scales=lambda shrink, most: [0.8**k for k in range(most + 1)])
search_by_the_rest = _searching(scales=lambda shrink, most: [(1 - shrink) ** k for k in range(most + 1)])
search_shrinks_the_shrunk = _searching(
    scales=lambda shrink, most: np.cumprod([shrink**k for k in range(most + 1)]).tolist()
)
search_fractions = _searching(scales=lambda shrink, most: [1 / k for k in range(1, most + 2)])
search_one_more = _searching(scales=lambda shrink, most: [shrink**k for k in range(most + 2)])
search_thirty_one = _searching(scales=lambda shrink, most: [shrink**k for k in range(31)])
search_full_step_alone = _searching(scales=lambda shrink, most: [1.0])
search_counts_all_tries = _searching(
    taken=lambda theta, candidate, gain, divergence, k, c: (candidate, gain, divergence, k + 1, True),
    failed=lambda theta, most: (theta, 0.0, 0.0, most + 1, False),
)
search_returns_c = _searching(taken=lambda theta, candidate, gain, kl, k, c: (candidate, gain, kl, c, True))
search_returns_change = _searching(
    taken=lambda theta, candidate, gain, kl, k, c: (candidate - theta, gain, kl, k, True)
)
search_returns_old = _searching(taken=lambda theta, candidate, gain, kl, k, c: (theta, gain, kl, k, True))
search_exchanged = _searching(taken=lambda theta, candidate, gain, kl, k, c: (candidate, kl, gain, k, True))
search_never_true = _searching(taken=lambda theta, candidate, gain, kl, k, c: (candidate, gain, kl, k, False))
search_gain_per_length = _searching(taken=lambda theta, candidate, gain, kl, k, c: (candidate, gain / c, kl, k, True))


def _ranked(rank):
    def search(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
        best, found = -float("inf"), (theta, 0.0, 0.0, max_backtracks, False)
        for k in range(max_backtracks + 1):
            c = shrink**k
            new = theta + c * step
            gain, divergence = surrogate(new) - surrogate(theta), kl(new)
            if divergence <= delta and gain >= min_ratio * c * predicted > 0 and rank(gain, c) > best:
                best, found = rank(gain, c), (new, gain, divergence, k, True)
        return found

    return search


search_best_for_length = _ranked(lambda gain, c: gain / c)
search_shortest = _ranked(lambda gain, c: 1 / c)


# 10.4, the whole agent


def _noted(returns, valid):
    return returns[valid]


def _valid(valid):
    return valid


def _centred_and_scaled(advantages, valid):
    rows = advantages[valid]
    return (rows - rows.mean()) / (rows.std() + 1e-8)


def _fitted(value, states, targets, s, shuffler):
    value.fit(states, targets, s.value_epochs, s.value_minibatch, shuffler)


def _searched(line_search, surrogate, kl, theta, step, **limits):
    return line_search(surrogate, kl, theta, step, **limits)


def _solved(conjugate_gradient, product, g, s):
    return conjugate_gradient(product, g, max_iterations=s.cg_iterations, rtol=1e-2)[0]


def _two_generators(seed):
    return torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def agent(
    name,
    *,
    steps=lambda s: s.batch_size // s.num_envs,
    generators=_two_generators,
    renewed=(),
    seen=lambda batch, valid: batch.observations[valid],
    forgetful=False,
    early=False,
    follow=lambda before, row, gamma: gamma * before + row,
    over=lambda terminated, truncated: terminated | truncated,
    carried=True,
    noted=_noted,
    late=False,
    spread_anew=False,
    divide=lambda rewards, var, returns: rewards / (var + 1e-8) ** 0.5,
    flags=lambda terminated, truncated: (terminated, truncated),
    values=lambda V: (V[:-1], V[1:]),
    lam=lambda s: s.lam,
    learned=_valid,
    fit_on=_valid,
    standard=_centred_and_scaled,
    targets=lambda advantages, A, V, rewards: advantages + V,
    fit=_fitted,
    fit_first=False,
    drawn=lambda actions: actions,
    uphill=1.0,
    weigh=lambda ratio, A: (ratio * A).mean(),
    some=lambda states, s: states[:: s.fisher_stride],
    damping=lambda s: s.damping,
    undamped=lambda curved, xx, s: curved - s.damping * xx,
    length=lambda s, curvature: (2 * s.delta / curvature) ** 0.5,
    solve=_solved,
    apart=kl_divergence,
    search=_searched,
    written=lambda result, theta, step: result.theta,
    record=lambda result, promise: (result.kl, result.gain),
):
    """Return an agent with something wrong in it, whose name is `name`."""

    def answer(sampler, policy, value, s, updates, seed, *routines):
        fisher_vector_product, conjugate_gradient, line_search = routines
        dice, shuffler = generators(seed)
        moments, spread, R = RunningMoments((2,)), RunningMoments(), np.zeros(s.num_envs)
        parameters = list(policy.parameters())
        for _ in range(updates):
            dice = generators(seed)[0] if "dice" in renewed else dice
            shuffler = generators(seed)[1] if "shuffler" in renewed else shuffler
            batch = sampler.collect(policy, moments, steps(s), dice)
            valid, all_states = batch.valid, batch.states
            if early:
                moments.update(batch.observations[valid.numpy()])
                anew = torch.from_numpy(moments.normalise(batch.observations)).to(all_states)
                all_states = torch.cat([anew, all_states[-1:]])

            returns, R = [], R if carried else 0 * R
            for row, end in zip(batch.rewards.numpy(), over(batch.terminated, batch.truncated).numpy(), strict=True):
                R = follow(R, row, s.gamma)
                returns.append(R)
                R = R * ~end
            returns = noted(np.array(returns), valid.numpy())
            spread, var = RunningMoments() if spread_anew else spread, float(spread.var)
            spread.update(returns)
            rewards = divide(batch.rewards.to(all_states), var if late else float(spread.var), returns)

            for again in (True, False) if fit_first else (False,):
                with torch.no_grad():
                    V = value(all_states)
                own, following = values(V)
                ends = flags(batch.terminated, batch.truncated)
                advantages = gae(rewards, own, following, *ends, s.gamma, lam(s))
                A = standard(advantages, learned(valid))
                spread_out = torch.zeros_like(advantages)
                spread_out[learned(valid)] = A
                wanted = targets(advantages, spread_out, V[:-1], rewards)
                if again:
                    fit(value, all_states[:-1][fit_on(valid)], wanted[fit_on(valid)], s, shuffler)
            if not fit_first:
                fit(value, all_states[:-1][fit_on(valid)], wanted[fit_on(valid)], s, shuffler)

            states, actions = all_states[:-1][learned(valid)], drawn(batch.actions[learned(valid)])
            theta = parameters_to_vector(parameters).detach().clone()
            old = policy.distribution(policy.outputs(states).detach())
            before = old.log_prob(actions)

            def surrogate(theta, states=states, actions=actions, before=before, A=A):
                vector_to_parameters(theta.clone(), parameters)
                return weigh((policy(states).log_prob(actions) - before).exp(), A)

            def kl(theta, states=states, old=old):
                vector_to_parameters(theta.clone(), parameters)
                return apart(old, policy(states)).mean().item()

            g = uphill * parameters_to_vector(
                torch.autograd.grad(surrogate(theta), parameters, materialize_grads=True, allow_unused=True)
            )
            product = fisher_vector_product(policy, some(states, s), damping=damping(s))
            x = solve(conjugate_gradient, product, g, s)
            curvature = undamped(x @ product(x), x @ x, s)
            step = length(s, curvature) * x if curvature > 0 else 0 * x
            promise = (g @ step).item()
            with torch.no_grad():
                result = search(
                    line_search,
                    lambda theta, f=surrogate: f(theta).item(),
                    kl,
                    theta,
                    step,
                    delta=s.delta,
                    predicted=promise,
                )
            vector_to_parameters(written(result, theta, step).clone(), parameters)
            if not early and (rows := seen(batch, valid.numpy())) is not None:
                moments = RunningMoments((2,)) if forgetful else moments
                moments.update(rows)
            yield *record(result, promise), batch.episode_returns

    answer.__name__ = f"agent_{name}"
    return answer


def _one_for_both(seed):
    generator = torch.Generator().manual_seed(seed)
    return generator, generator


def _seeds_apart(seed):
    return torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)


def _every(valid):
    return torch.ones_like(valid)


def _clipped(actions):
    return actions.clamp(-1, 1) if actions.is_floating_point() else actions


def _standard_of_copies(advantages, valid):
    out = torch.zeros_like(advantages)
    for i, rows in enumerate(valid.T):
        mine = advantages[rows, i]
        out[rows, i] = (mine - mine.mean()) / (mine.std() + 1e-8)
    return out[valid]


def _full_step(line_search, surrogate, kl, theta, step, **limits):
    return Accepted(theta + step, surrogate(theta + step) - surrogate(theta), kl(theta + step), 0, True)


def _never_mind_the_kl(line_search, surrogate, kl, theta, step, **limits):
    found = line_search(surrogate, lambda theta: 0.0, theta, step, **limits)
    return found._replace(kl=kl(found.theta))


def _never_mind_the_gain(line_search, surrogate, kl, theta, step, **limits):
    for backtracks in range(31):
        candidate = theta + 0.9**backtracks * step
        if kl(candidate) <= limits["delta"]:
            return Accepted(candidate, surrogate(candidate) - surrogate(theta), kl(candidate), backtracks, True)
    return Accepted(theta, 0.0, 0.0, 30, False)


def _halving(line_search, *functions, **limits):
    return line_search(*functions, **limits, shrink=0.5)


def _last_candidate(result, theta, step):
    return result.theta if result.accepted else theta + 0.9**30 * step


AGENTS = [
    (agent("of_whole_batches", steps=lambda s: s.batch_size), "you take s.batch_size steps with every copy"),
    (agent("same_dice", renewed=("dice",)), "the dice are thrown alike"),
    (agent("same_shuffles", renewed=("shuffler",)), "the minibatches are shuffled alike"),
    (agent("same_everything", renewed=("dice", "shuffler")), "both generators begin anew"),
    (agent("one_generator", generators=_one_for_both), "one generator draws the actions and shuffles"),
    (agent("another_seed", generators=_seeds_apart), "your second generator has a seed of its own"),
    (agent("normaliser_first", early=True), "your normaliser takes in the batch before the update"),
    (agent("normaliser_empty", seen=lambda batch, valid: None), "your normaliser of the observations stays empty"),
    (
        agent("normaliser_of_resets", seen=lambda batch, valid: batch.observations.reshape(-1, 2)),
        "your normaliser takes in every row",
    ),
    (
        agent("normaliser_of_states", seen=lambda batch, valid: batch.states[:-1].numpy()[valid]),
        "your normaliser takes in states",
    ),
    (agent("normaliser_of_the_last_batch", forgetful=True), "your normaliser knows the last batch alone"),
    (agent("plain_rewards", divide=lambda r, var, returns: r), "you leave the rewards as they are"),
    (agent("late_spread", late=True), "you divide by the spread as it was before this batch"),
    (agent("spread_of_the_batch", spread_anew=True), "you divide by the spread of this batch's returns alone"),
    (
        agent("variance", divide=lambda r, var, returns: r / (var + 1e-8)),
        "you divide by the variance of the return",
    ),
    (agent("spread_of_rewards", follow=lambda before, row, gamma: row), "you divide by the spread of the rewards"),
    (agent("undiscounted", follow=lambda before, row, gamma: before + row), "you add the rewards up undiscounted"),
    (agent("R_begins_anew", carried=False), "your R begins at 0 in every batch"),
    (agent("R_without_end", over=lambda a, b: a & b), "your R runs on from one episode into the next"),
    (agent("R_past_the_clock", over=lambda a, b: a), "your R runs on where an episode was truncated"),
    (agent("R_past_a_fall", over=lambda a, b: b), "your R runs on where an episode has terminated"),
    (agent("zeros_counted", noted=lambda r, valid: r.ravel()), "the zeros of reset rows count in the spread"),
    (
        agent("rewards_clipped", divide=lambda r, var, returns: (r / (var + 1e-8) ** 0.5).clamp(-1, 1)),
        "you clip the rewards",
    ),
    (
        agent("rewards_centred", divide=lambda r, var, returns: (r - returns.mean()) / (var + 1e-8) ** 0.5),
        "you take the mean return off the rewards",
    ),
    (agent("clock_as_a_fall", flags=lambda a, b: (a | b, b)), "you take every end for a failure"),
    (agent("fall_as_the_clock", flags=lambda a, b: (a & b, a | b)), "you give a future to those that have terminated"),
    (agent("flags_exchanged", flags=lambda a, b: (b, a)), "`terminated` and `truncated` have changed places"),
    (
        agent("no_truncation", flags=lambda a, b: (a, a)),
        "your advantages run on from one episode into the next: `gae`",
    ),
    (
        agent("no_ends", flags=lambda a, b: (a & b, a & b)),
        "your advantages run on from one episode into the next, and everything",
    ),
    (
        agent("no_last_value", values=lambda V: (V[:-1], torch.cat([V[1:-1], 0 * V[-1:]]))),
        "the last row of your batch has no future",
    ),
    (agent("values_of_the_same_row", values=lambda V: (V[:-1], V[:-1])), "you have V(s) where V(s′) belongs"),
    (agent("no_values", values=lambda V: (0 * V[1:], 0 * V[1:])), "your advantages come from no V at all"),
    (agent("no_lambda", lam=lambda s: 1.0), "you don't use λ"),
    (agent("one_step", lam=lambda s: 0.0), "your advantage is δ alone"),
    (agent("learns_from_resets", learned=_every, fit_on=_every), "you learn from every row"),
    (agent("policy_learns_from_resets", learned=_every), "your policy learns from every row"),
    (
        agent("standard_of_all", standard=lambda a, valid: ((a - a.mean()) / (a.std() + 1e-8))[valid]),
        "you standardise the advantages with the reset rows among them",
    ),
    (agent("standard_of_copies", standard=_standard_of_copies), "you standardise the advantages of each copy"),
    (agent("raw_advantages", standard=lambda a, valid: a[valid]), "your advantages are as `gae` gives them"),
    (
        agent("not_centred", standard=lambda a, valid: a[valid] / (a[valid].std() + 1e-8)),
        "you divide the advantages by their standard deviation and leave their mean in",
    ),
    (agent("not_scaled", standard=lambda a, valid: a[valid] - a[valid].mean()), "you centre the advantages and don't"),
    (
        agent("std_of_n", standard=lambda a, v: (a[v] - a[v].mean()) / (a[v].std(correction=0) + 1e-8)),
        "you divide by the standard deviation with n where",
    ),
    (agent("fit_to_resets", fit_on=_every), "your value function is fitted to every row"),
    (agent("fits_first", fit_first=True), "you fit the value function before you judge"),
    (agent("never_fits", fit=lambda *given: None), "you don't fit the value function"),
    (
        agent("standard_targets", targets=lambda advantages, A, V, rewards: A + V),
        "your targets are made of the standardised advantages",
    ),
    (agent("fit_to_advantages", targets=lambda advantages, *rest: advantages), "you fit the value function to the adv"),
    (agent("fit_to_rewards", targets=lambda *given: given[-1]), "you fit the value function to the single rewards"),
    (
        agent("fits_once", fit=lambda value, x, y, s, dice: value.fit(x, y, 1, s.value_minibatch, dice)),
        "you fit the value function in one pass",
    ),
    (
        agent("fits_at_once", fit=lambda value, x, y, s, dice: value.fit(x, y, s.value_epochs, 1000, dice)),
        "you fit the value function on the whole batch at once",
    ),
    (
        agent(
            "fit_exchanged",
            fit=lambda value, x, y, s, dice: value.fit(x, y, s.value_minibatch, s.value_epochs, dice),
        ),
        "the number of passes and that of a minibatch's rows have changed places",
    ),
    (agent("clipped", drawn=_clipped), "you take the log-probability of clipped actions"),
    (agent("downhill", uphill=-1.0), "no step passes your line search"),
    (agent("upside_down", weigh=lambda ratio, A: (A / ratio).mean()), "your ratio is upside down"),
    (agent("every_state", some=lambda states, s: states), "every state enters your F"),
    (
        agent("undamped", damping=lambda s: 0.0, undamped=lambda curved, xx, s: curved),
        "your direction is without damping: solve",
    ),
    (agent("undamped_twice", damping=lambda s: 0.0), "your direction is without damping, and you take it off"),
    (agent("damped_length", undamped=lambda curved, xx, s: curved), "the damping is in your length too"),
    (agent("delta_for_2_delta", length=lambda s, c: (s.delta / c) ** 0.5), "your length has δ where 2δ belongs"),
    (agent("no_root", length=lambda s, c: 2 * s.delta / c), "the root is missing in your length"),
    (agent("no_length", length=lambda s, c: 1.0), "what conjugate gradients return is your step"),
    (
        agent("strict", solve=lambda cg, product, g, s: cg(product, g, max_iterations=s.cg_iterations)[0]),
        "conjugate gradients may stop earlier here",
    ),
    (
        agent("ten", solve=lambda cg, product, g, s: cg(product, g, max_iterations=10, rtol=1e-2)[0]),
        "your conjugate gradients make ten iterations at most",
    ),
    (
        agent("exact", solve=lambda cg, product, g, s: cg(product, g, max_iterations=100)[0]),
        "you solve for the direction exactly",
    ),
    (agent("plain_gradient", solve=lambda cg, product, g, s: g), "your direction is the plain gradient"),
    (agent("full_step", search=_full_step), "you take the full step whatever comes"),
    (agent("kl_ignored", search=_never_mind_the_kl), "your line search doesn't look at the KL"),
    (agent("gain_ignored", search=_never_mind_the_gain), "your line search doesn't look at the gain"),
    (agent("halving", search=_halving), "your line search halves"),
    (agent("kl_exchanged", apart=lambda old, new: kl_divergence(new, old)), "old and new policy have changed places"),
    (agent("kl_of_one", apart=lambda old, new: kl_divergence(new, new)), "your KL is 0 for every θ"),
    (agent("log_prob_for_ratio", weigh=lambda ratio, A: (ratio.log() * A).mean()), "your surrogate has the log-prob"),
    (agent("surrogate_summed", weigh=lambda ratio, A: (ratio * A).sum()), "your surrogate is a sum over the rows"),
    (agent("left_at_the_last", written=_last_candidate), "after a failed line search you leave the policy"),
    (agent("never_written", written=lambda result, theta, step: theta), "the policy never moves: write"),
    (agent("writes_the_full_step", written=lambda result, theta, step: theta + step), "you write the full step"),
    (agent("reports_promises", record=lambda result, promise: (result.kl, promise)), "you report the promised gain"),
    (agent("fits_to_V", targets=lambda advantages, A, V, rewards: V), "all is right but what you hand to `value.fit`"),
    (
        agent("advantages_clipped", standard=lambda a, valid: _centred_and_scaled(a, valid).clamp(-1, 1)),
        "all is right but the policy's step",
    ),
    (
        agent("normaliser_misses_a_row", seen=lambda batch, valid: batch.observations[1:][valid[1:]]),
        "all is right but the normaliser of the observations",
    ),
    (
        agent("rewards_squashed", divide=lambda r, var, returns: (r / (var + 1e-8) ** 0.5).tanh()),
        "policy and value function both learn something else",
    ),
    (
        agent("half_the_kl", record=lambda result, promise: (result.kl / 2, result.gain)),
        "all is right but what you yield",
    ),
    (
        agent("kl_and_gain_exchanged", record=lambda result, promise: (result.gain, result.kl)),
        "KL and gain have changed places in your record",
    ),
    (
        agent("half_the_kl", record=lambda result, promise: (result.kl / 2, result.gain)),
        "all is right but what you yield",
    ),
    (
        agent("mean_reward_off", divide=lambda r, var, returns: (r - r.mean()) / (var + 1e-8) ** 0.5),
        "you take the mean reward off the rewards",
    ),
    (unforeseen.e10_4_wrong_rewards_centred, "you take the mean return off the rewards"),
    (unforeseen.e10_4_wrong_R_in_place, "you change R in place"),
    (unforeseen.e10_4_wrong_R_zero_then_noted, "where an episode ends you note 0 in the place of R"),
    (unforeseen.e10_4_wrong_R_discounts_r, "you discount the new reward too"),
    (unforeseen.e10_4_wrong_R_with_gamma_lambda, "your R is discounted with γλ"),
    (unforeseen.e10_4_wrong_gamma_lam_swapped, "γ and λ have changed places in `gae`"),
    (unforeseen.e10_4_wrong_targets_V_next, "you add V(s′) to the advantages"),
    (unforeseen.e10_4_wrong_actions_clipped, "clipped actions, even of those that are whole numbers"),
    (unforeseen.e10_4_wrong_gradient_strided, "your gradient is that of each `s.fisher_stride`-th row"),
    (unforeseen.e10_4_wrong_kl_strided, "your KL is the mean of each `s.fisher_stride`-th state"),
    (unforeseen.e10_4_wrong_stride_before_selecting, "you stride before you select"),
    (unforeseen.e10_4_wrong_stride_through_time, "you stride before you select"),
    (unforeseen.e10_4_wrong_first_rows, "the first states enter your F"),
    (unforeseen.e10_4_wrong_own_product, "you use another Fisher-vector product than the one that was handed in"),
    (unforeseen.e10_4_wrong_curvature_abs, "you take a step although the curvature isn't above 0"),
    (unforeseen.e10_4_wrong_few_backtracks, "no step passes your line search where it takes more than ten"),
    (unforeseen.e10_4_wrong_min_ratio_zero, "did you change a default of `line_search`"),
    (unforeseen.e10_4_wrong_predicted_gx, "`predicted` is g·x"),
    (unforeseen.e10_4_wrong_predicted_halved, "`predicted` is half of what the step promises"),
    (unforeseen.e10_4_wrong_predicted_2_delta, "`predicted` is made of δ"),
    (unforeseen.e10_4_wrong_predicted_less_delta, "no step passes your line search where it takes more than ten"),
    (unforeseen.e10_4_wrong_a_copy_trained, "what was handed in as `policy` never moves"),
    (unforeseen.e10_4_wrong_a_copy_of_V_trained, "what was handed in as `value` never moves"),
    (unforeseen.e10_4_wrong_yields_before_fit, "your `yield` stands before `value.fit`"),
]


def agent_at_the_end(sampler, policy, value, s, updates, seed, *routines):
    return list(agent("right")(sampler, policy, value, s, updates, seed, *routines))


def agent_in_dicts(sampler, policy, value, s, updates, seed, *routines):
    for kl, gain, returns in agent("right")(sampler, policy, value, s, updates, seed, *routines):
        yield {"kl": kl, "gain": gain, "returns": returns}


def agent_once_more(sampler, policy, value, s, updates, seed, *routines):
    yield from agent("right")(sampler, policy, value, s, updates + 1, seed, *routines)


def agent_of_means(sampler, policy, value, s, updates, seed, *routines):
    for kl, gain, returns in agent("right")(sampler, policy, value, s, updates, seed, *routines):
        yield kl, gain, np.mean(returns)


def agent_in_two_precisions(sampler, policy, value, s, updates, seed, *routines):
    inner = agent("right", divide=lambda r, var, returns: r.double() / (var + 1e-8) ** 0.5)
    yield from inner(sampler, policy, value, s, updates, seed, *routines)


def agent_without_return(sampler, policy, value, s, updates, seed, *routines):
    list(agent("right")(sampler, policy, value, s, updates, seed, *routines))


# 10.5, the bootstrap interval


def _ends(means, low, high):
    means = np.sort(means)
    return tuple(float(means[max(0, int(np.ceil(share * len(means))) - 1)]) for share in (low, high))


def _means(values):
    return [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]


def interval_of_values(values, level=0.95):
    return _ends(values, (1 - level) / 2, (1 + level) / 2)


def interval_of_combinations(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.combinations_with_replacement(values, len(values))]
    return _ends(means, (1 - level) / 2, (1 + level) / 2)


def interval_of_permutations(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.permutations(values)]
    return _ends(means, (1 - level) / 2, (1 + level) / 2)


def interval_with_whole_tails(values, level=0.95):
    return _ends(_means(values), 1 - level, level)


def interval_open_below(values, level=0.95):
    return _ends(_means(values), 0.0, level)


def interval_of_medians(values, level=0.95):
    medians = [np.median(resample) for resample in itertools.product(values, repeat=len(values))]
    return _ends(medians, (1 - level) / 2, (1 + level) / 2)


def interval_of_sums(values, level=0.95):
    return tuple(len(values) * end for end in _ends(_means(values), (1 - level) / 2, (1 + level) / 2))


def interval_one_draw_short(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values) - 1)]
    return _ends(means, (1 - level) / 2, (1 + level) / 2)


def interval_interpolated(values, level=0.95):
    return tuple(np.quantile(_means(values), [(1 - level) / 2, (1 + level) / 2]))


def interval_normal(values, level=0.95):
    half = 1.96 * np.std(values, ddof=1) / len(values) ** 0.5
    return np.mean(values) - half, np.mean(values) + half


def interval_of_the_next_run(values, level=0.95):
    return np.mean(values) - 1.96 * np.std(values), np.mean(values) + 1.96 * np.std(values)


def interval_swapped(values, level=0.95):
    return _ends(_means(values), (1 - level) / 2, (1 + level) / 2)[::-1]


def interval_as_half_width(values, level=0.95):
    low, high = _ends(_means(values), (1 - level) / 2, (1 + level) / 2)
    return (high - low) / 2


def interval_sorts_its_argument(values, level=0.95):
    values.sort()
    return _ends(_means(values), (1 - level) / 2, (1 + level) / 2)


def interval_interpolated_values(values, level=0.95):
    return tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2]))


def interval_of_different_values(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(np.unique(values), repeat=len(values))]
    return _ends(means, (1 - level) / 2, (1 + level) / 2)


def interval_open_above(values, level=0.95):
    return _ends(_means(values), 1 - level, 1.0)


def interval_at_half_the_level(values, level=0.95):
    return _ends(_means(values), level / 2, 1 - level / 2)


def interval_quarter_tails(values, level=0.95):
    return _ends(_means(values), (1 - level) / 4, (3 + level) / 4)


def interval_of_ninety(values, level=0.95):
    return _ends(_means(values), 0.05, 0.95)


def interval_of_percentages(values, level=0.95):
    return tuple(np.percentile(_means(values), [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def interval_of_maxima(values, level=0.95):
    return _ends(
        [max(each) for each in itertools.product(values, repeat=len(values))], (1 - level) / 2, (1 + level) / 2
    )


def interval_of_spreads(values, level=0.95):
    spreads = [np.std(each) for each in itertools.product(values, repeat=len(values))]
    return _ends(spreads, (1 - level) / 2, (1 + level) / 2)


def _of_size(values, size, level):
    means = [np.mean(each) for each in itertools.product(values, repeat=size)]
    return _ends(means, (1 - level) / 2, (1 + level) / 2)


def interval_one_draw_more(values, level=0.95):
    return _of_size(values, len(values) + 1, level)


def interval_of_pairs(values, level=0.95):
    return _of_size(values, 2, level)


def interval_of_triples(values, level=0.95):
    return _of_size(values, 3, level)


def _by(method):
    def interval(values, level=0.95):
        return tuple(np.quantile(_means(values), [(1 - level) / 2, (1 + level) / 2], method=method))

    return interval


interval_nearest = _by("nearest")
interval_closest = _by("closest_observation")
interval_midpoint = _by("midpoint")
interval_averaged = _by("averaged_inverted_cdf")
interval_hazen = _by("hazen")
interval_weibull = _by("weibull")
interval_median_unbiased = _by("median_unbiased")
interval_higher = _by("higher")
interval_lower = _by("lower")


def interval_floored(values, level=0.95):
    means = sorted(_means(values))
    return means[int((1 - level) / 2 * len(means))], means[int((1 + level) / 2 * len(means))]


def interval_rounded(values, level=0.95):
    means = sorted(_means(values))
    return means[round((1 - level) / 2 * len(means))], means[min(round((1 + level) / 2 * len(means)), len(means) - 1)]


def interval_of_deviations(values, level=0.95):
    return _ends(np.array(_means(values)) - values.mean(), (1 - level) / 2, (1 + level) / 2)


def interval_symmetric(values, level=0.95):
    low, high = _ends(_means(values), (1 - level) / 2, (1 + level) / 2)
    return values.mean() - (high - low) / 2, values.mean() + (high - low) / 2


def interval_normal_of_level(values, level=0.95):
    half = NormalDist().inv_cdf(0.5 + level / 2) * values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


def interval_of_one_error(values, level=0.95):
    error = values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - error, values.mean() + error


WRONG_ANSWERS = {
    "10.1": [
        (product_undetached, "F v is 0 whatever v is: "),
        (product_of_the_kl_gradient, "F v is 0 whatever v is: "),
        (product_without_damping, "the damping is missing"),
        (product_summed, "you sum over the states; "),
        (product_of_sampled_scores, "you use one sampled action per state"),
        (product_without_metric, "you have BᵀB v: "),
        (product_damping_averaged, "the damping is divided by the number of states too"),
        (product_halved, "every value is half the expected one"),
        (product_of_nothing, "is the return statement missing?"),
        (product_returned_at_once, "TypeError: 'Tensor' object is not callable"),
        (product_undetached_undamped, "and so is your product, without the damping"),
        (product_summed_undamped, "you sum over the states, and the damping is missing"),
        (
            _changed(lambda Fv, v, damping, n: n * (Fv + damping * v)),
            "you add the damping once for each state, and sum",
        ),
        (_changed(lambda Fv, v, damping, n: Fv + n * damping * v), "you add the damping once for each state: "),
        (unforeseen.e10_1_wrong_damping_is_a_number, "you add the damping as a number"),
        (unforeseen.e10_1_wrong_damping_scales_f, "you scale F by 1 + damping"),
        (_changed(lambda Fv, v, damping, n: torch.lerp(Fv, v, damping)), "you mix F v and v"),
        (unforeseen.e10_1_wrong_damping_subtracted, "your damping is subtracted"),
        (_changed(lambda Fv, v, damping, n: Fv + damping**2 * v), "your damping is squared"),
        (_changed(lambda Fv, v, damping, n: Fv + v), "you add v itself"),
        (unforeseen.e10_1_wrong_half, "your F is half of what it should be"),
        (_changed(lambda Fv, v, damping, n: 2 * Fv + damping * v), "your F is twice what it should be"),
        (_changed(lambda Fv, v, damping, n: damping * v - Fv), "your F has the wrong sign"),
        (product_of_the_mode, "you use the likeliest action of each state alone"),
        (unforeseen.e10_1_wrong_one_mean_score, "you have the outer product of the sampled actions' mean score"),
        (product_of_log_prob, "you have the second derivative of the sampled actions' log π"),
        (product_without_metric_summed, "you have BᵀB v, summed over the states"),
        (unforeseen.e10_1_wrong_entropy, "you differentiate the entropy twice"),
        (unforeseen.e10_1_wrong_first_state_only, "you use the first state alone"),
        (product_of_last_state, "you use the last state alone"),
        (product_of_mean_state, "you average the states before"),
        (product_of_mean_output, "you average the policy's outputs"),
        (unforeseen.e10_1_wrong_gaussians_only, "you wrote the Gaussian KL out"),
        (unforeseen.e10_1_wrong_graph_used_up, "your product can be asked once only"),
    ],
    "10.2": [
        (cg_padded, "you add a small constant to the denominator pᵀFp"),
        (cg_absolute, "your tolerance is absolute"),
        (cg_absolute_square, "your tolerance is absolute"),
        (cg_root_of_tolerance, "you compare the squared norm"),
        (cg_beta_inverted, "your β is upside down"),
        (cg_steepest_descent, "that is steepest descent"),
        (cg_never_stops, "you never stop before max_iterations"),
        (cg_unguarded, "you divide by pᵀFp without looking"),
        (cg_last_index, "you count one iteration too few"),
        (cg_absolute_residual, "the residual is relative"),
        (cg_squared_residual, "you return the square of the relative residual"),
        (cg_only_x, "return 3 values, not 1"),
        (cg_overwrites_b, "work on a copy"),
        (cg_zero_by_zero, "NaN where a number is expected"),
        (unforeseen.e10_2_wrong_number_in_denominator, "you add small constants to the denominators"),
        (cg_padded_beta, "you add a small constant to the denominator of β"),
        (cg_norms_with_square, "you compare the norm ‖r‖ with rtol²"),
        (cg_beta_one, "your β is 1: "),
        (cg_beta_of_norms, "your β is a ratio of norms"),
        (cg_beta_squared, "your β is squared"),
        (cg_beta_subtracted, "you subtract β times the direction before"),
        (cg_old_residual_first, "your new direction begins with the old residual"),
        (cg_beta_at_the_residual, "your β stands at the residual"),
        (cg_adds_old_residual, "you add β times the old residual"),
        (cg_never_turns, "your direction never changes"),
        (cg_over_pp, "you divide the step by pᵀp"),
        (cg_with_pp, "you have pᵀp above pᵀFp"),
        (cg_with_norm, "you have ‖r‖ above pᵀFp"),
        (cg_halved, "your steps are half as long"),
        (unforeseen.e10_2_wrong_residual_grows, "your residual grows"),
        (cg_residual_along_p, "your residual moves with step·p"),
        (cg_uphill, "you walk uphill"),
        (cg_last_step, "your x is the last step alone"),
        (unforeseen.e10_2_wrong_begins_at_b, "you begin at x = b, with the residual of x = 0"),
        (cg_from_b, "you begin at x = b: "),
        (unforeseen.e10_2_wrong_one_iteration_more, "you make one iteration too many"),
        (cg_one_less, "you make one iteration too few"),
        (cg_unlimited, "you don't look at max_iterations"),
        (unforeseen.e10_2_wrong_negative_curvature_taken, "you divide by pᵀFp without looking"),
        (cg_stops_at_zero_only, "you stop only where pᵀFp is about 0"),
        (cg_counts_one_more, "you count one iteration too many"),
        (cg_counts_the_most, "you return max_iterations"),
        (cg_square_of_residual, "you return rᵀr; "),
        (cg_square_over_norm, "you return rᵀr/‖b‖"),
        (cg_norm_over_square, "you return ‖r‖/bᵀb"),
        (cg_relative_to_x, "you return ‖r‖/‖x‖"),
        (cg_residual_before, "your residual is that before the last iteration"),
        (cg_share_done, "your residual is 1 − ‖r‖/‖b‖"),
    ],
    "10.3": [
        (search_last_try, "when every candidate fails you return the last one; "),
        (search_reports_untaken, "you report the gain and the KL of a step that you did not take"),
        (search_only_surrogate, "you look only at the surrogate"),
        (search_only_kl, "you look only at the KL"),
        (search_null_step, "you accept a step that gains nothing"),
        (search_any_gain, "you accept any gain above 0"),
        (search_empty_promise, "a promise of 0 or less can be kept by doing nothing"),
        (search_lets_nan_pass, "a NaN passes your test"),
        (search_against_zero, "you compare the surrogate with 0"),
        (search_unscaled_promise, "scale it by c"),
        (search_starts_shrunk, "you never try the full step"),
        (search_counts_tries, "backtracks counts how often the step was shrunk"),
        (search_only_theta, "return 5 values, not 1"),
        (search_in_place, "work on a copy"),
        (search_last_accepted, "you return the last one, as accepted"),
        (search_last_theta, "you return the last parameters"),
        (search_failure_accepted, "after a failure you return True"),
        (search_failure_uncounted, "after a failure you return 0 for `backtracks`"),
        (search_failure_one_more, "after a failure you count one backtrack too many"),
        (search_any_promise, "you accept where 0 or a loss is promised"),
        (search_size_of_promise, "you take |predicted|"),
        (search_nan_of_kl, "a NaN of the KL passes"),
        (search_nan_of_gain, "a NaN of the surrogate passes"),
        (search_whole_promise, "you ask for the whole promise"),
        (search_whole_unscaled, "you ask for the full step's whole promise"),
        (search_share_of_c, "you ask for min_ratio·c, without the promise"),
        (search_share_of_nothing, "you ask for min_ratio as the gain itself"),
        (search_c_squared, "you scale the promise by c twice"),
        (search_always_a_tenth, "you ask for a tenth whatever min_ratio says"),
        (search_strict_gain, "your gain must be above"),
        (search_strict_kl, "your KL must be below delta"),
        (search_strict_both, "your comparisons are strict"),
        (search_outside, "you accept where the KL is at least delta"),
        (search_twice_delta, "you compare the KL with 2·delta"),
        (search_half_delta, "you compare the KL with delta/2"),
        (search_not_at_all, "you take the full step, without a look"),
        (unforeseen.e10_3_wrong_linear_shrinking, "you shrink in equal steps"),
        (unforeseen.e10_3_wrong_always_halves, "you halve, whatever shrink says"),
        (search_nine_tenths, "you shrink by 0.9"),
        (search_eight_tenths, "you shrink by 0.8"),
        (search_by_the_rest, "you shrink by 1 − shrink"),
        (search_shrinks_the_shrunk, "c gets too small too fast"),
        (search_fractions, "you divide the step by 1, 2, 3"),
        (unforeseen.e10_3_wrong_one_try_less, "you try one candidate too few"),
        (search_one_more, "you try one candidate too many"),
        (search_thirty_one, "you try 31 candidates"),
        (search_full_step_alone, "you try the full step alone"),
        (unforeseen.e10_3_wrong_best_not_first, "you take the candidate of the largest gain"),
        (search_best_for_length, "you take the candidate with the largest gain for its length"),
        (search_shortest, "you take the last candidate that passes"),
        (unforeseen.e10_3_wrong_candidates_add_up, "you add each try to the one before"),
        (unforeseen.e10_3_wrong_downhill, "you go down the step"),
        (search_counts_all_tries, "you count tries"),
        (search_returns_c, "you return c in the place of backtracks"),
        (search_returns_change, "you return c·step"),
        (search_returns_old, "you return the old parameters also after a success"),
        (search_exchanged, "gain and kl have changed places"),
        (search_never_true, "you return False also after a success"),
        (search_gain_per_length, "you divide the gain by c"),
    ],
    "10.4": [
        *AGENTS,
        (agent_at_the_end, "your function returns its records at the end"),
        (agent_in_dicts, "your record is a dict of another form"),
        (agent_once_more, "your function yields more records"),
        (agent_of_means, "the third value of your record isn't the list"),
        (agent_in_two_precisions, "in single, in which the lesson trains, it stops with"),
        (agent_without_return, "your function returns None"),
    ],
    "10.5": [
        (interval_of_values, "you take quantiles of the values themselves"),
        (interval_of_combinations, "you count each combination once"),
        (interval_of_permutations, "you draw without replacement"),
        (interval_with_whole_tails, "you cut off 1 − level at each end"),
        (interval_open_below, "your interval is open below"),
        (interval_of_medians, "you take the median of each resample"),
        (interval_of_sums, "you add the values of a resample up"),
        (interval_one_draw_short, "a value too few"),
        (interval_interpolated, "np.quantile interpolates"),
        (interval_normal, "you have the mean ± 1.96 standard errors"),
        (interval_of_the_next_run, "you have the mean ± 1.96 standard deviations of the runs"),
        (interval_swapped, "low comes first"),
        (interval_as_half_width, "return 2 values, not 1"),
        (interval_sorts_its_argument, "work on a copy"),
        (interval_interpolated_values, "you interpolate between quantiles of the values themselves"),
        (unforeseen.e10_5_wrong_always_the_range, "you return the smallest and the largest mean"),
        (unforeseen.e10_5_wrong_each_mean_once, "you count each different mean once"),
        (interval_of_different_values, "you count equal values once"),
        (interval_open_above, "your interval is open above"),
        (interval_at_half_the_level, "you take the quantiles at level/2"),
        (interval_quarter_tails, "you cut off (1 − level)/4"),
        (unforeseen.e10_5_wrong_level_ignored, "you take 95 % whatever"),
        (interval_of_ninety, "you take 90 % whatever"),
        (interval_of_percentages, "your shares are read as percentages"),
        (interval_of_maxima, "you take the largest value of each resample"),
        (interval_of_spreads, "you take the spread of each resample"),
        (interval_one_draw_more, "a value too many"),
        (interval_of_pairs, "each of your resamples has two values"),
        (interval_of_triples, "each of your resamples has three values"),
        (interval_nearest, 'method="nearest"'),
        (interval_closest, 'method="closest_observation"'),
        (interval_midpoint, 'method="midpoint"'),
        (interval_averaged, 'method="averaged_inverted_cdf"'),
        (interval_hazen, 'method="hazen"'),
        (interval_weibull, 'method="weibull"'),
        (interval_median_unbiased, 'method="median_unbiased"'),
        (interval_higher, "you are one place too far in the sorted list, as"),
        (unforeseen.e10_5_wrong_one_past, "you are one place too far in the sorted list, as"),
        (interval_lower, "you are one place too early in the sorted list"),
        (interval_floored, "one place too far in the sorted list where"),
        (interval_rounded, "you round the place in the sorted list"),
        (unforeseen.e10_5_wrong_mirrored, "you mirror the interval"),
        (interval_of_deviations, "you take the mean of the values off"),
        (interval_symmetric, "you make the interval symmetric"),
        (interval_normal_of_level, "you have the normal approximation"),
        (interval_of_one_error, "you have the mean ± one standard error"),
    ],
}
