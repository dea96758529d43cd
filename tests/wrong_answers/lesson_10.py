"""Wrong answers to the exercises of lesson 10."""

import itertools
from statistics import NormalDist

import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector

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


# 10.4, the bootstrap interval


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
        (unforeseen.e10_4_wrong_always_the_range, "you return the smallest and the largest mean"),
        (unforeseen.e10_4_wrong_each_mean_once, "you count each different mean once"),
        (interval_of_different_values, "you count equal values once"),
        (interval_open_above, "your interval is open above"),
        (interval_at_half_the_level, "you take the quantiles at level/2"),
        (interval_quarter_tails, "you cut off (1 − level)/4"),
        (unforeseen.e10_4_wrong_level_ignored, "you take 95 % whatever"),
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
        (unforeseen.e10_4_wrong_one_past, "you are one place too far in the sorted list, as"),
        (interval_lower, "you are one place too early in the sorted list"),
        (interval_floored, "one place too far in the sorted list where"),
        (interval_rounded, "you round the place in the sorted list"),
        (unforeseen.e10_4_wrong_mirrored, "you mirror the interval"),
        (interval_of_deviations, "you take the mean of the values off"),
        (interval_symmetric, "you make the interval symmetric"),
        (interval_normal_of_level, "you have the normal approximation"),
        (interval_of_one_error, "you have the mean ± one standard error"),
    ],
}
