"""Wrong answers to the exercises of lesson 10."""

import itertools

import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector

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


def _cg(matvec, b, max_iterations, *, stop, pad=0.0, beta=lambda rr, before: rr / before, count=lambda k: k + 1):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    for k in range(max_iterations):
        if stop(rr, start):
            break
        Fp = matvec(p)
        curvature = (p @ Fp).item() + pad
        if curvature <= 0:
            break
        x = x + rr / curvature * p
        r = r - rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + beta(rr, before) * p
        iterations = count(k)
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


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


def _rule(delta, predicted):
    return lambda gain, divergence, c: divergence <= delta and gain >= 0.1 * c * predicted > 0


def search_last_try(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=_rule(delta, predicted),
        end=lambda theta, *last: last,
    )


def search_reports_untaken(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=_rule(delta, predicted),
        end=lambda theta, candidate, gain, divergence: (theta, gain, divergence),
    )


def search_only_surrogate(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    def good(gain, divergence, c):
        return gain >= 0.1 * c * predicted > 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_only_kl(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    def good(gain, divergence, c):
        return divergence <= delta

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_null_step(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    def good(gain, divergence, c):
        return divergence <= delta and gain >= 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_any_gain(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    def good(gain, divergence, c):
        return divergence <= delta and gain > 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_empty_promise(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    def good(gain, divergence, c):
        return divergence <= delta and gain >= 0.1 * c * predicted

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_lets_nan_pass(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    base = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        gain, divergence = surrogate(candidate) - base, kl(candidate)
        if divergence > delta or gain < 0.1 * c * predicted or predicted <= 0:
            continue
        return candidate, gain, divergence, backtracks, True
    return theta, 0.0, 0.0, max_backtracks, False


def search_against_zero(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    return _search(
        surrogate,
        kl,
        theta,
        step,
        shrink=shrink,
        max_backtracks=max_backtracks,
        good=_rule(delta, predicted),
        base=0.0,
    )


def search_unscaled_promise(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    def good(gain, divergence, c):
        return divergence <= delta and gain >= 0.1 * predicted > 0

    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)


def search_starts_shrunk(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    good = _rule(delta, predicted)
    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good, c=shrink)


def search_counts_tries(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    good = _rule(delta, predicted)
    result = _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)
    return *result[:3], result[3] + result[4], result[4]


def search_only_theta(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    good = _rule(delta, predicted)
    return _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)[0]


def search_in_place(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30):
    good = _rule(delta, predicted)
    result = _search(surrogate, kl, theta, step, shrink=shrink, max_backtracks=max_backtracks, good=good)
    step *= shrink ** result[3]
    return result


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


WRONG_ANSWERS = {
    "10.1": [
        (product_undetached, "F v is 0 whatever v is"),
        (product_of_the_kl_gradient, "F v is 0 whatever v is"),
        (product_without_damping, "the damping is missing"),
        (product_summed, "you sum over the states"),
        (product_of_sampled_scores, "you use one sampled action per state"),
        (product_without_metric, "you have JᵀJ v"),
        (product_damping_averaged, "the damping is divided by the number of states too"),
        (product_halved, "every value is half the expected one"),
        (product_of_nothing, "is the return statement missing?"),
        (product_returned_at_once, "TypeError: 'Tensor' object is not callable"),
    ],
    "10.2": [
        (cg_padded, "you add a small constant to the denominator"),
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
        (cg_overwrites_b, "your function changes its arguments"),
        (cg_zero_by_zero, "NaN where a number is expected"),
    ],
    "10.3": [
        (search_last_try, "when every candidate fails you return the last one"),
        (search_reports_untaken, "you report the gain and the KL of a step that you did not take"),
        (search_only_surrogate, "you look only at the surrogate"),
        (search_only_kl, "you look only at the KL"),
        (search_null_step, "you accept a step that gains nothing"),
        (search_any_gain, "you accept any gain above 0"),
        (search_empty_promise, "a promise of 0 can be kept by doing nothing"),
        (search_lets_nan_pass, "a NaN passes your test"),
        (search_against_zero, "you compare the surrogate with 0"),
        (search_unscaled_promise, "scale it by c"),
        (search_starts_shrunk, "you never try the full step"),
        (search_counts_tries, "backtracks counts how often the step was shrunk"),
        (search_only_theta, "return 5 values, not 1"),
        (search_in_place, "your function changes its arguments"),
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
        (interval_sorts_its_argument, "your function changes its arguments"),
    ],
}
