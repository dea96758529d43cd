"""Answers to the exercises of lesson 10, written by somebody who knows the lesson and not its checks."""

import copy
import itertools
import math
from fractions import Fraction

import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.advantages import gae
from trpobook.agents.normalisers import RunningMoments
from trpobook.algorithms.line_search import Accepted

# 10.1 fisher_vector_product


def e10_1_wrong_sum_over_states(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).sum()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_wrong_old_not_detached(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    kl = kl_divergence(policy(states), policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_wrong_no_damping(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True))

    return product


def e10_1_wrong_damping_is_a_number(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping

    return product


def e10_1_wrong_damping_scales_f(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        curved = parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True))
        return (1 + damping) * curved

    return product


def e10_1_wrong_damping_subtracted(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) - damping * v

    return product


def e10_1_wrong_no_metric(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    outputs = policy.outputs(states)
    distance = 0.5 * ((outputs - outputs.detach()) ** 2).sum(-1).mean()
    gradient = parameters_to_vector(torch.autograd.grad(distance, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_wrong_half(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = 0.5 * kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_wrong_first_state_only(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states))[0]
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_wrong_entropy(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    entropy = -policy(states).entropy().mean()
    gradient = torch.autograd.grad(entropy, parameters, create_graph=True, materialize_grads=True)
    gradient = parameters_to_vector(gradient)

    def product(v):
        if not gradient.requires_grad:
            return damping * v
        curved = torch.autograd.grad(gradient @ v, parameters, retain_graph=True, materialize_grads=True)
        return parameters_to_vector(curved) + damping * v

    return product


def e10_1_wrong_one_mean_score(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    new = policy(states)
    with torch.no_grad():
        actions = new.sample()
    mean_score = torch.autograd.grad(new.log_prob(actions).mean(), parameters, materialize_grads=True)
    mean_score = parameters_to_vector(mean_score)

    def product(v):
        return mean_score * (mean_score @ v) + damping * v

    return product


def e10_1_wrong_gaussians_only(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    outputs = policy.outputs(states)
    mean, log_std = outputs.chunk(2, dim=-1)
    mean_old, log_std_old = mean.detach(), log_std.detach()
    spread = (torch.exp(2 * log_std_old) + (mean_old - mean) ** 2) / (2 * torch.exp(2 * log_std))
    kl = (log_std - log_std_old + spread - 0.5).sum(-1).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_wrong_graph_used_up(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters)) + damping * v

    return product


def e10_1_wrong_gradient_times_vector(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters)).detach()

    def product(v):
        return gradient * (gradient @ v) + damping * v

    return product


def e10_1_wrong_no_return(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(old, policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        curved = torch.autograd.grad(gradient @ v, parameters, retain_graph=True)
        parameters_to_vector(curved) + damping * v

    return product


def e10_1_right_double_backward(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    with torch.no_grad():
        outputs = policy.outputs(states)
    divergence = kl_divergence(policy.distribution(outputs), policy(states)).mean()
    slopes = torch.autograd.grad(divergence, parameters, create_graph=True)
    slope = torch.cat([part.reshape(-1) for part in slopes])

    def product(v):
        second = torch.autograd.grad(torch.dot(slope, v), parameters, retain_graph=True)
        return torch.cat([part.reshape(-1) for part in second]) + damping * v

    return product


def e10_1_right_other_direction(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    old = policy.distribution(policy.outputs(states).detach())
    kl = kl_divergence(policy(states), old).mean()  # has the same curvature where the two agree
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        return parameters_to_vector(torch.autograd.grad(gradient @ v, parameters, retain_graph=True)) + damping * v

    return product


def e10_1_right_loop_over_states(policy, states, *, damping=0.0):
    parameters = list(policy.parameters())
    total = 0.0
    for i in range(len(states)):
        one = states[i : i + 1]
        old = policy.distribution(policy.outputs(one).detach())
        total = total + kl_divergence(old, policy(one)).sum()
    gradient = torch.autograd.grad(total / len(states), parameters, create_graph=True)

    def product(v):
        start, scalar = 0, 0.0
        for part in gradient:
            scalar = scalar + (part * v[start : start + part.numel()].view_as(part)).sum()
            start += part.numel()
        curved = torch.autograd.grad(scalar, parameters, retain_graph=True)
        return torch.cat([part.flatten() for part in curved]).add(v, alpha=damping)

    return product


def e10_1_right_float32(policy, states, *, damping=0.0):
    single = copy.deepcopy(policy).float()
    parameters = list(single.parameters())
    states = states.float()
    old = single.distribution(single.outputs(states).detach())
    kl = kl_divergence(old, single(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))

    def product(v):
        curved = torch.autograd.grad(gradient @ v.float(), parameters, retain_graph=True)
        return parameters_to_vector(curved).to(v.dtype) + damping * v

    return product


def e10_1_right_anew_on_a_copy(policy, states, *, damping=0.0):
    mine = copy.deepcopy(policy)
    parameters = list(mine.parameters())

    def product(v):
        old = mine.distribution(mine.outputs(states).detach())
        kl = kl_divergence(old, mine(states)).mean()
        gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))
        result = parameters_to_vector(torch.autograd.grad(gradient @ v, parameters))
        result += damping * v
        return result

    return product


def e10_1_right_three_backward_sweeps(policy, states, *, damping=0.0):
    # J v by differentiating u -> J^T u, M by the curvature of the KL in the outputs, J^T by one more sweep.
    parameters = list(policy.parameters())
    outputs = policy.outputs(states)
    u = torch.zeros_like(outputs, requires_grad=True)
    pulled = torch.autograd.grad((outputs * u).sum(), parameters, create_graph=True)
    pulled = parameters_to_vector(pulled)
    at = outputs.detach().requires_grad_()
    kl = kl_divergence(policy.distribution(outputs.detach()), policy.distribution(at)).sum()
    (slope,) = torch.autograd.grad(kl, at, create_graph=True)

    def product(v):
        (t,) = torch.autograd.grad(pulled @ v, u, retain_graph=True)
        (weighed,) = torch.autograd.grad((slope * t).sum(), at, retain_graph=True)
        back = torch.autograd.grad((outputs * weighed).sum() / len(states), parameters, retain_graph=True)
        return parameters_to_vector(back) + damping * v

    return product


# 10.2 conjugate_gradient


def e10_2_wrong_absolute_residual(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, rr**0.5


def e10_2_wrong_squared_residual(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, rr / start if start else 0.0


def e10_2_wrong_tolerance_not_squared(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_absolute_tolerance(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_beta_upside_down(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + before / max(rr, 1e-300) * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_steepest_descent(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r = torch.zeros_like(b), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fr = matvec(r)
        curvature = (r @ Fr).item()
        if curvature <= 0:
            break
        step = rr / curvature
        x += step * r
        r = r - step * Fr
        rr = (r @ r).item()
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_one_iteration_more(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations <= max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_writes_into_b(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b, b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_negative_curvature_taken(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        step = rr / (p @ Fp).item()
        x += step * p
        r -= step * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_zero_gives_nan(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = r @ r
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = p @ Fp
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = r @ r, rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start).sqrt().item()


def e10_2_wrong_number_in_denominator(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        step = rr / (curvature + 1e-8)
        x += step * p
        r -= step * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / (before + 1e-8) * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_residual_grows(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r += rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_wrong_begins_at_b(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = b.clone(), b.clone(), b.clone()
    rr = start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        x += rr / curvature * p
        r -= rr / curvature * Fp
        rr, before = (r @ r).item(), rr
        p = r + rr / before * p
        iterations += 1
    return x, iterations, (rr / start) ** 0.5 if start else 0.0


def e10_2_right_numpy(matvec, b, *, max_iterations=10, rtol=1e-10):
    rhs = b.detach().numpy()
    x, r, p = np.zeros_like(rhs), rhs.copy(), rhs.copy()
    norm = np.linalg.norm(rhs)
    if norm == 0:
        return torch.from_numpy(x), 0, 0.0
    iterations = 0
    for _ in range(max_iterations):
        if np.linalg.norm(r) <= rtol * norm:
            break
        Fp = matvec(torch.from_numpy(p)).detach().numpy()
        curvature = p @ Fp
        if curvature <= 0:
            break
        rr = r @ r
        x = x + rr / curvature * p
        r = r - rr / curvature * Fp
        p = r + (r @ r) / rr * p
        iterations += 1
    return torch.from_numpy(x), iterations, np.linalg.norm(r) / norm


def e10_2_right_loops(matvec, b, *, max_iterations=10, rtol=1e-10):
    def dot(one, other):
        return math.fsum(u * w for u, w in zip(one, other, strict=True))

    r, p = b.tolist(), b.tolist()
    x, size = [0.0] * len(r), math.sqrt(dot(r, r))
    done = 0
    while done < max_iterations and math.sqrt(dot(r, r)) > rtol * size:
        Fp = matvec(torch.tensor(p, dtype=b.dtype)).tolist()
        curvature = dot(p, Fp)
        if curvature <= 0:
            break
        rr = dot(r, r)
        x = [u + rr / curvature * w for u, w in zip(x, p, strict=True)]
        r = [u - rr / curvature * w for u, w in zip(r, Fp, strict=True)]
        p = [u + dot(r, r) / rr * w for u, w in zip(r, p, strict=True)]
        done += 1
    return torch.tensor(x, dtype=b.dtype), done, math.sqrt(dot(r, r)) / size if size else 0.0


def e10_2_right_in_place(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = start = torch.dot(r, r)
    iterations = 0
    while iterations < max_iterations and rr.sqrt() > rtol * start.sqrt():
        Fp = matvec(p)
        curvature = torch.dot(p, Fp)
        if not curvature > 0:
            break
        x.add_(p * (rr / curvature))
        r.sub_(Fp * (rr / curvature))
        new = torch.dot(r, r)
        p.mul_(new / rr).add_(r)
        rr = new
        iterations += 1
    return x, iterations, (rr / start).sqrt() if start > 0 else torch.zeros(())


def e10_2_right_step_from_rp(matvec, b, *, max_iterations=10, rtol=1e-10):
    x, r, p = 0 * b, b, b
    iterations, size = 0, b.norm()
    while iterations < max_iterations and r.norm() > rtol * size:
        Fp = matvec(p)
        curvature = p @ Fp
        if curvature <= 0:
            break
        step = (r @ p) / curvature
        x, r_new = x + step * p, r - step * Fp
        p = r_new + (r_new @ r_new) / (r @ r) * p
        r = r_new
        iterations += 1
    residual = (r.norm() / size).item() if size else 0.0
    return x, iterations, residual


def e10_2_right_conjugate_to_all(matvec, b, *, max_iterations=10, rtol=1e-10):
    # Makes each new direction conjugate to every one before it, not only to the last.
    x, r = torch.zeros_like(b), b.clone()
    size, before, iterations = b.norm().item(), [], 0
    while iterations < max_iterations and r.norm().item() > rtol * size:
        p = r.clone()
        for q, Fq, curved in before:
            p = p - (r @ Fq) / curved * q
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if curvature <= 0:
            break
        step = (p @ r).item() / curvature
        x, r = x + step * p, r - step * Fp
        before.append((p, Fp, curvature))
        iterations += 1
    return x, iterations, r.norm().item() / size if size > 0 else 0.0


# 10.3 line_search


def e10_3_wrong_any_gain(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        candidate = theta + shrink**backtracks * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_promise_not_shrunk(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        candidate = theta + shrink**backtracks * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_kl_ignored(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        gain = surrogate(candidate) - before
        if gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, kl(candidate), backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_one_try_less(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks):
        c = shrink**backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_begins_shrunk(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink ** (backtracks + 1)
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_linear_shrinking(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = 1 - (1 - shrink) * backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_candidates_add_up(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before, candidate = surrogate(theta), theta
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = candidate + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_downhill(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta - c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_surrogate_for_gain(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate)
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_last_candidate_kept(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(candidate, gain, divergence, max_backtracks, False)


def e10_3_wrong_nan_slips_through(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        divergence = kl(candidate)
        if divergence > delta or predicted <= 0:
            continue
        gain = surrogate(candidate) - before
        if gain < min_ratio * c * predicted:
            continue
        return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_writes_into_theta(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before, old = surrogate(theta), theta.clone()
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        theta.copy_(old + c * step)
        divergence, gain = kl(theta), surrogate(theta) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(theta, gain, divergence, backtracks, True)
    return Accepted(old, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_best_not_first(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before, found = surrogate(theta), Accepted(theta, 0.0, 0.0, max_backtracks, False)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0 and gain > found.gain:
            found = Accepted(candidate, gain, divergence, backtracks, True)
    return found


def e10_3_wrong_negative_promise(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = shrink**backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_always_halves(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)
    for backtracks in range(max_backtracks + 1):
        c = 0.5**backtracks
        candidate = theta + c * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_wrong_never_gives_up(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before, c, backtracks = surrogate(theta), 1.0, 0
    while not (kl(theta + c * step) <= delta and surrogate(theta + c * step) - before >= min_ratio * c * predicted > 0):
        c, backtracks = c * shrink, backtracks + 1
    candidate = theta + c * step
    return Accepted(candidate, surrogate(candidate) - before, kl(candidate), backtracks, True)


def e10_3_right_loop(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    start, c = surrogate(theta), 1.0
    for count in range(max_backtracks + 1):
        tried = theta + c * step
        gain, spent = surrogate(tried) - start, kl(tried)
        if spent <= delta and predicted > 0 and gain >= min_ratio * c * predicted:
            return Accepted(theta=tried, gain=gain, kl=spent, backtracks=count, accepted=True)
        c *= shrink
    return Accepted(theta=theta, gain=0.0, kl=0.0, backtracks=max_backtracks, accepted=False)


def e10_3_right_while(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    before, backtracks = surrogate(theta), 0
    while backtracks <= max_backtracks:
        c = shrink**backtracks
        candidate = theta + c * step
        divergence = kl(candidate)
        if divergence <= delta:
            gain = surrogate(candidate) - before
            promised = min_ratio * c * predicted
            if promised > 0 and gain >= promised:
                return Accepted(candidate, gain, divergence, backtracks, True)
        backtracks += 1
    return Accepted(theta.clone(), 0, 0, max_backtracks, False)


def e10_3_right_in_place(surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1):
    before = surrogate(theta)
    part = step.clone()
    for backtracks in range(max_backtracks + 1):
        candidate = theta.clone()
        candidate += part
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * shrink**backtracks * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
        part *= shrink
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


def e10_3_right_all_then_first(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    parts = shrink ** np.arange(max_backtracks + 1)
    candidates = [theta + float(c) * step for c in parts]
    divergences = np.array([float(kl(candidate)) for candidate in candidates])
    gains = np.array([float(surrogate(candidate)) for candidate in candidates]) - float(surrogate(theta))
    promised = min_ratio * parts * predicted
    good = np.flatnonzero((divergences <= delta) & (gains >= promised) & (promised > 0))
    if len(good) == 0:
        return Accepted(theta, 0.0, 0.0, max_backtracks, False)
    k = good[0]
    return Accepted(candidates[k], gains[k], divergences[k], k, True)


def e10_3_right_recursion(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before = surrogate(theta)

    def attempt(c, backtracks):
        if backtracks > max_backtracks:
            return Accepted(theta, 0.0, 0.0, max_backtracks, False)
        candidate = torch.add(theta, step, alpha=c)
        divergence, gain = kl(candidate), surrogate(candidate) - before
        if divergence <= delta and gain >= min_ratio * c * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
        return attempt(c * shrink, backtracks + 1)

    return attempt(1.0, 0)


def e10_3_right_tensor_fraction(
    surrogate, kl, theta, step, *, delta, predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1
):
    before, fraction = surrogate(theta), torch.tensor(1.0)  # single precision
    for backtracks in range(max_backtracks + 1):
        candidate = theta + fraction * step
        divergence, gain = kl(candidate), surrogate(candidate) - before
        enough = gain >= min_ratio * fraction.item() * predicted
        if predicted > 0 and enough and divergence <= delta:
            return Accepted(candidate, gain, divergence, backtracks, True)
        fraction = fraction * shrink
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)


# 10.4 train_trpo


def _own_step(policy, states, actions, A, s, *routines, all_of_F=False, own_curvature=True, strict=1e-2):
    """One update, written down by a reader; the keywords are slips of hers."""
    fvp, cg, search = routines
    parameters = list(policy.parameters())
    theta = torch.cat([p.detach().flatten() for p in parameters])
    with torch.no_grad():
        outputs = policy.outputs(states)
        old = policy.distribution(outputs)
        lp = old.log_prob(actions)

    def set_to(vector):
        at = 0
        for p in parameters:
            p.data = vector[at : at + p.numel()].view_as(p).clone()
            at += p.numel()

    g = torch.autograd.grad((policy(states).log_prob(actions) * A).mean(), parameters)
    g = torch.cat([x.flatten() for x in g])
    product = fvp(policy, states if all_of_F else states[:: s.fisher_stride], damping=s.damping)
    x, _, _ = cg(product, g, max_iterations=s.cg_iterations, rtol=strict)
    xFx = torch.dot(x, product(x)) - (s.damping * torch.dot(x, x) if own_curvature else 0)
    step = torch.sqrt(2 * s.delta / xFx) * x if xFx > 0 else torch.zeros_like(x)

    def L(vector):
        set_to(vector)
        with torch.no_grad():
            return float(torch.mean(torch.exp(policy(states).log_prob(actions) - lp) * A))

    def KL(vector):
        set_to(vector)
        with torch.no_grad():
            return float(torch.mean(kl_divergence(old, policy(states))))

    result = search(L, KL, theta, step, delta=s.delta, predicted=float(torch.dot(g, step)))
    set_to(result.theta)
    return result


def _own_returns(batch, R, gamma, until=lambda batch: batch.terminated | batch.truncated):
    """Return what R was in each row, and what it is after the last."""
    rows = []
    for r, over in zip(batch.rewards.numpy(), until(batch).numpy(), strict=True):
        R = gamma * R + r
        rows.append(R.copy())
        R[over] = 0.0
    return np.stack(rows), R


def e10_4_right_in_parts(
    sampler, policy, value, s, updates, seed, fisher_vector_product, conjugate_gradient, line_search
):
    one, two = torch.Generator(), torch.Generator()
    one.manual_seed(seed), two.manual_seed(seed)
    moments, of_return = RunningMoments(sampler.observations[0].shape), RunningMoments(())
    R = np.zeros(len(sampler.observations))
    for _ in range(updates):
        batch = sampler.collect(policy, moments, s.batch_size // s.num_envs, one)
        ok = batch.valid
        rows, R = _own_returns(batch, R, s.gamma)
        of_return.update(rows[ok.numpy()])
        with torch.no_grad():
            V = value(batch.states)
        r = batch.rewards.to(V.dtype) / np.sqrt(of_return.var + 1e-8)
        adv = gae(r, V[:-1], V[1:], batch.terminated, batch.truncated, s.gamma, s.lam)
        states, actions, targets = batch.states[:-1][ok], batch.actions[ok], (adv + V[:-1])[ok]
        value.fit(states, targets, s.value_epochs, s.value_minibatch, two)  # before the policy: it doesn't matter
        A = adv[ok] - adv[ok].mean()
        A = A / (A.std() + 1e-8)
        routines = fisher_vector_product, conjugate_gradient, line_search
        result = _own_step(policy, states, actions, A, s, *routines)
        moments.update(batch.observations[ok.numpy()])
        yield result.kl, result.gain, batch.episode_returns


def e10_4_right_numpy(sampler, policy, value, s, updates, seed, *routines):
    dice, shuffler = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    moments, past, R = RunningMoments(sampler.observations.shape[1:]), [], np.zeros(s.num_envs)
    for _ in range(updates):
        batch = sampler.collect(policy, moments, s.batch_size // s.num_envs, dice)
        ok, fell, late = (x.numpy() for x in (batch.valid, batch.terminated, batch.truncated))
        rows, R = _own_returns(batch, R, s.gamma)
        past.append(rows[ok])
        r = batch.rewards.numpy() / np.sqrt(np.var(np.concatenate(past)) + 1e-8)
        V = value(batch.states).detach().numpy().astype(float)
        advantages, ahead = np.zeros_like(r), np.zeros(s.num_envs)
        for t in range(len(r) - 1, -1, -1):
            delta = r[t] + s.gamma * np.where(fell[t], 0, V[t + 1]) - V[t]
            ahead = delta + s.gamma * s.lam * np.where(fell[t] | late[t], 0, ahead)
            advantages[t] = ahead
        A = advantages[ok]
        A = (A - A.mean()) / (A.std(ddof=1) + 1e-8)
        A, targets = (torch.from_numpy(x).to(batch.states.dtype) for x in (A, (advantages + V[:-1])[ok]))
        states, actions = batch.states[:-1][batch.valid], batch.actions[batch.valid]
        result = _own_step(policy, states, actions, A, s, *routines)
        value.fit(states, targets, s.value_epochs, s.value_minibatch, shuffler)
        moments.update(batch.observations[ok])
        yield float(result.kl), float(result.gain), list(batch.episode_returns)


def e10_4_right_loops(sampler, policy, value, s, updates, seed, *routines):
    dice, shuffler = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    moments, of_return = RunningMoments(sampler.observations.shape[1:]), RunningMoments()
    R = [0.0] * s.num_envs
    for _ in range(updates):
        batch = sampler.collect(policy, moments, s.batch_size // s.num_envs, dice)
        T, n = batch.rewards.shape
        noted = []
        for t in range(T):
            for i in range(n):
                R[i] = s.gamma * R[i] + float(batch.rewards[t, i])
                if batch.valid[t, i]:
                    noted.append(R[i])
                if batch.terminated[t, i] or batch.truncated[t, i]:
                    R[i] = 0.0
        of_return.update(np.array(noted))
        rewards = batch.rewards.type_as(batch.states) / math.sqrt(float(of_return.var) + 1e-8)
        with torch.no_grad():
            V = torch.stack([value(row) for row in batch.states])
        ends = {"terminated": batch.terminated, "truncated": batch.truncated}
        adv = gae(rewards, V[:T], V[1:], **ends, gamma=s.gamma, lam=s.lam)
        places = [(t, i) for t in range(T) for i in range(n) if batch.valid[t, i]]
        states, actions, A, targets = (
            torch.stack([x[t, i] for t, i in places]) for x in (batch.states, batch.actions, adv, adv + V[:T])
        )
        A = (A - A.mean()) / (A.std() + 1e-8)
        result = _own_step(policy, states, actions, A, s, *routines)
        value.fit(states, targets, s.value_epochs, s.value_minibatch, shuffler)
        moments.update(np.stack([batch.observations[t, i] for t, i in places]))
        yield result.kl, result.gain, batch.episode_returns


class _Training:
    """All of it in an iterator of its own."""

    def __init__(self, sampler, policy, value, s, updates, seed, routines):
        self.sampler, self.policy, self.value, self.s, self.routines = sampler, policy, value, s, routines
        self.left = updates
        self.dice, self.shuffler = (torch.Generator().manual_seed(seed) for _ in "ab")
        self.moments, self.of_return = RunningMoments(sampler.observations.shape[1:]), RunningMoments()
        self.R = np.zeros(s.num_envs)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        s, batch = (
            self.s,
            self.sampler.collect(self.policy, self.moments, self.s.batch_size // self.s.num_envs, self.dice),
        )
        ok = batch.valid
        rows, self.R = _own_returns(batch, self.R, s.gamma)
        self.of_return.update(rows[ok.numpy()])
        rewards = batch.rewards.float() / float(np.sqrt(self.of_return.var + 1e-8))  # as the library has it
        with torch.no_grad():
            V = self.value(batch.states)
            adv = gae(rewards, V[:-1], V[1:], batch.terminated, batch.truncated, s.gamma, s.lam)
        states, actions, A = batch.states[:-1][ok], batch.actions[ok], adv[ok]
        A = (A - A.mean()) / (A.std() + 1e-8)
        targets = (adv + V[:-1])[ok]
        record = _own_step(self.policy, states, actions, A, s, *self.routines)
        self.value.fit(states, targets, s.value_epochs, s.value_minibatch, self.shuffler)
        self.moments.update(batch.observations[ok.numpy()])
        return record.kl, record.gain, batch.episode_returns


def e10_4_right_iterator(sampler, policy, value, s, updates, seed, *routines):
    return _Training(sampler, policy, value, s, updates, seed, routines)


def e10_4_right_own_solver(sampler, policy, value, s, updates, seed, *routines):
    """Her own conjugate gradients, written anew, whatever was handed in."""

    def cg(product, b, *, max_iterations, rtol):
        x, r, p = torch.zeros_like(b), b.clone(), b.clone()
        for _ in range(max_iterations):
            if r.norm() <= rtol * b.norm():
                break
            Fp = product(p)
            a, rr = (r @ r) / (p @ Fp), r @ r
            x, r = x + a * p, r - a * Fp
            p = r + (r @ r) / rr * p
        return x, None, None

    yield from e10_4_right_in_parts(sampler, policy, value, s, updates, seed, routines[0], cg, routines[2])


def e10_4_wrong_own_product(sampler, policy, value, s, updates, seed, *routines):
    """Her own product, whatever was handed in."""
    fvp = e10_1_right_double_backward
    yield from e10_4_right_in_parts(sampler, policy, value, s, updates, seed, fvp, *routines[1:])


def _slipped(about):
    """Return training with a slip: `about` changes the names that the loop below reads."""

    def answer(sampler, policy, value, s, updates, seed, *routines):
        do = {
            "moments_before": False,
            "gamma": s.gamma,
            "lam": s.lam,
            "until": lambda batch: batch.terminated | batch.truncated,
            "reset": False,
            "clip": False,
            "ends": lambda batch: (batch.terminated, batch.truncated),
            "A": lambda A: (A - A.mean()) / (A.std() + 1e-8),
            "targets": lambda adv, V: adv + V[:-1],
            "fit_states": lambda batch: batch.states[:-1],
            "V_again": False,
            "step": {},
            "clamp": False,
            "shuffle": seed,
            "report": lambda result: (result.kl, result.gain),
            "steps": s.batch_size // s.num_envs,
            "fits": 1,
            "kept": lambda batch: batch.valid,
            "scale": lambda moments: np.sqrt(moments.var + 1e-8),
            "update_seen": lambda moments, batch: moments.update(batch.observations[batch.valid.numpy()]),
            "halve": False,
        } | about
        dice, shuffler = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(do["shuffle"])
        moments, of_return = RunningMoments(sampler.observations.shape[1:]), RunningMoments()
        R = np.zeros(s.num_envs)
        for _ in range(updates):
            batch = sampler.collect(policy, moments, do["steps"], dice)
            ok = do["kept"](batch)
            rows, R = _own_returns(batch, R, do["gamma"], do["until"])
            of_return.update(rows[batch.valid.numpy()])
            rewards = batch.rewards.to(batch.states.dtype) / do["scale"](of_return)
            if do["clip"]:
                rewards = rewards.clamp(-1, 1)
            with torch.no_grad():
                V = value(batch.states)
            adv = gae(rewards, V[:-1], V[1:], *do["ends"](batch), s.gamma, do["lam"])
            states, actions, A = batch.states[:-1][ok], batch.actions[ok], do["A"](adv[ok])
            result = _own_step(policy, states, actions, A, s, *routines, **do["step"])
            if do["V_again"]:
                with torch.no_grad():
                    V = value(do["fit_states"](batch))
            for _ in range(do["fits"]):
                targets = do["targets"](adv, V)[ok]
                value.fit(do["fit_states"](batch)[ok], targets, s.value_epochs, s.value_minibatch, shuffler)
            do["update_seen"](moments, batch)
            yield *do["report"](result), batch.episode_returns

    return answer


def e10_4_wrong_states_of_the_next_row(*given):
    yield from _slipped({"fit_states": lambda batch: batch.states[1:]})(*given)


def e10_4_wrong_undiscounted_spread(*given):
    yield from _slipped({"gamma": 1.0})(*given)


def e10_4_wrong_clipped_advantages(*given):
    yield from _slipped({"A": lambda A: ((A - A.mean()) / (A.std() + 1e-8)).clamp(-1, 1)})(*given)


def e10_4_wrong_clipped_rewards(*given):
    yield from _slipped({"clip": True})(*given)


def e10_4_wrong_targets_are_values(*given):
    yield from _slipped({"targets": lambda adv, V: V[:-1]})(*given)


def e10_4_wrong_targets_of_next_values(*given):
    yield from _slipped({"targets": lambda adv, V: adv + V[1:]})(*given)


def e10_4_wrong_targets_subtracted(*given):
    yield from _slipped({"targets": lambda adv, V: V[:-1] - adv})(*given)


def e10_4_wrong_fits_twice(*given):
    yield from _slipped({"fits": 2})(*given)


def e10_4_wrong_other_seed(*given):
    yield from _slipped({"shuffle": given[5] + 1})(*given)


def e10_4_wrong_every_end_a_fall_everywhere(*given):
    yield from _slipped({"ends": lambda b: (b.terminated | b.truncated, b.terminated | b.truncated)})(*given)


def e10_4_wrong_resets_learned_and_strided(*given):
    yield from _slipped({"kept": lambda b: torch.ones_like(b.valid), "step": {"all_of_F": True}})(*given)


def e10_4_wrong_damped_length_no_lambda(*given):
    yield from _slipped({"lam": 1.0, "step": {"own_curvature": False}})(*given)


def e10_4_wrong_std_without_root_and_strict(*given):
    yield from _slipped({"scale": lambda moments: moments.var + 1e-8, "step": {"strict": 1e-10}})(*given)


def e10_4_wrong_not_centred_all_of_F(*given):
    yield from _slipped({"A": lambda A: A / (A.std() + 1e-8), "step": {"all_of_F": True}})(*given)


def e10_4_wrong_absolute_advantages(*given):
    yield from _slipped({"A": lambda A: abs((A - A.mean()) / (A.std() + 1e-8))})(*given)


def e10_4_wrong_normaliser_sees_next_observations(*given):
    def update_seen(moments, batch):
        moments.update(batch.observations[1:][batch.valid[1:].numpy()])

    yield from _slipped({"update_seen": update_seen})(*given)


def e10_4_wrong_one_step_short(*given):
    s = given[3]
    yield from _slipped({"steps": s.batch_size // s.num_envs - 1})(*given)


def e10_4_wrong_reports_half_the_kl(*given):
    yield from _slipped({"report": lambda result: (result.kl / 2, result.gain)})(*given)


def e10_4_wrong_reports_backtracks(*given):
    yield from _slipped({"report": lambda result: (result.kl, result.backtracks)})(*given)


def e10_4_wrong_clock_and_clipped(*given):
    yield from _slipped({"ends": lambda b: (b.terminated | b.truncated, b.truncated), "clip": True})(*given)


def e10_4_wrong_looks_at_the_policy(sampler, policy, value, s, updates, seed, *routines):
    for kl, gain, returns in e10_4_right_in_parts(sampler, policy, value, s, updates, seed, *routines):
        sampler.collect(policy, RunningMoments((2,)), 1, torch.Generator())  # a look at the policy
        yield kl, gain, returns


def e10_4_wrong_pairs(*given):
    for kl, gain, _ in e10_4_right_in_parts(*given):
        yield kl, gain


def e10_4_wrong_one_update_short(sampler, policy, value, s, updates, seed, *routines):
    yield from e10_4_right_in_parts(sampler, policy, value, s, updates - 1, seed, *routines)


# 10.4 once more, by somebody else


def _improve(policy, states, actions, A, s, routines, oops, across=None):
    """One step, with the mistakes that are named in `oops`."""
    fisher_vector_product, conjugate_gradient, line_search = routines
    parameters = list(policy.parameters())
    theta = parameters_to_vector(parameters).detach().clone()
    old = policy.distribution(policy.outputs(states).detach())
    logp_old = old.log_prob(actions)

    def surrogate():
        logp = policy(states).log_prob(actions)
        if "old log-prob anew" in oops:
            return ((logp - policy(states).log_prob(actions).detach()).exp() * A).mean()
        if "ratio upside down" in oops:
            return ((logp_old - logp).exp() * A).mean()
        if "log surrogate" in oops:
            return (logp * A).mean()
        if "surrogate sum" in oops:
            return ((logp - logp_old).exp() * A).sum()
        return ((logp - logp_old).exp() * A).mean()

    part = slice(None, None, s.fisher_stride)
    if "gradient strided" in oops:
        few = (policy(states[part]).log_prob(actions[part]) - logp_old[part]).exp() * A[part]
        g = parameters_to_vector(torch.autograd.grad(few.mean(), parameters))
    else:
        g = parameters_to_vector(torch.autograd.grad(surrogate(), parameters))
    if "loss sign" in oops:
        g = -g
    if "no stride" in oops:
        part = slice(None)
    if "first rows" in oops:
        part = slice(len(states) // s.fisher_stride)
    if "few first rows" in oops:
        part = slice(s.fisher_stride)
    if "stride off by one" in oops:
        part = slice(s.fisher_stride - 1, None, s.fisher_stride)
    entering = states[part] if across is None else across
    product = fisher_vector_product(policy, entering, damping=0.0 if "no damping" in oops else s.damping)
    rtol = {} if "rtol default" in oops else {"rtol": 1e-2}
    count = {} if "iterations default" in oops else {"max_iterations": s.cg_iterations}
    x = conjugate_gradient(product, g, **count, **rtol)[0]
    curvature = x @ product(x)
    if "damped length" not in oops and "no damping" not in oops:
        curvature = curvature - s.damping * (x @ x)
    if "damping once" in oops:
        curvature = x @ product(x) - s.damping
    delta = s.delta / 2 if "delta for 2 delta" in oops else s.delta
    if "curvature unguarded" in oops:
        step = (2 * delta / curvature).sqrt() * x
    elif "curvature clamped" in oops:
        step = (2 * delta / curvature.clamp(min=1e-8)).sqrt() * x
    elif "curvature abs" in oops:
        step = (2 * delta / curvature.abs()).sqrt() * x
    elif "length by gx" in oops:
        step = (2 * delta / (g @ x)).sqrt() * x
    else:
        step = (2 * delta / curvature).sqrt() * x if curvature > 0 else torch.zeros_like(x)

    def gain_at(new):
        vector_to_parameters(new, parameters)
        return surrogate().item()

    def kl_at(new):
        vector_to_parameters(new, parameters)
        if "kl reversed" in oops:
            return kl_divergence(policy(states), old).mean().item()
        if "kl of itself" in oops:
            return kl_divergence(policy(states), policy(states)).mean().item()
        if "kl summed" in oops:
            return kl_divergence(old, policy(states)).sum().item()
        if "kl at most" in oops:
            return kl_divergence(old, policy(states)).max().item()
        if "kl strided" in oops:
            near = policy.distribution(policy.outputs(states[:: s.fisher_stride]))
            before = policy.distribution(outputs_old[:: s.fisher_stride])
            return kl_divergence(before, near).mean().item()
        return kl_divergence(old, policy(states)).mean().item()

    outputs_old = policy.outputs(states).detach()
    predicted = (g @ step).item()
    if "predicted gx" in oops:
        predicted = (g @ x).item()
    if "predicted halved" in oops:
        predicted = predicted / 2
    if "predicted zero" in oops:
        predicted = 1e-9
    if "predicted half" in oops:
        predicted = predicted - delta
    if "predicted delta" in oops:
        predicted = 2 * delta
    more = {"shrink": 0.5} if "halving" in oops else {}
    if "few backtracks" in oops:
        more = {"max_backtracks": 10}
    if "min ratio zero" in oops:
        more = {"min_ratio": 0.0}
    with torch.no_grad():
        result = line_search(gain_at, kl_at, theta, step, delta=s.delta, predicted=predicted, **more)
    if "full step" in oops:
        vector_to_parameters(theta + step, parameters)
    elif "left where tried" in oops:
        pass
    elif "never written" in oops:
        vector_to_parameters(theta, parameters)
    elif "only if gain measured" in oops:
        if result.accepted:
            vector_to_parameters(result.theta, parameters)
    else:
        vector_to_parameters(result.theta, parameters)
    return result, predicted


def _agent(sampler, policy, value, s, updates, seed, *routines, oops=()):
    """Yield as asked, with the mistakes that are named in `oops`."""
    dice = torch.Generator().manual_seed(seed)
    other = torch.Generator().manual_seed(seed)
    if "one generator" in oops:
        other = dice
    if "seed plus one" in oops:
        other = torch.Generator().manual_seed(seed + 1)
    d = sampler.observations.shape[1]
    seen, spread = RunningMoments((d,)), RunningMoments()
    R = np.zeros(s.num_envs)
    earned = []
    if "first observations seen" in oops:
        seen.update(sampler.observations)
    if "global seed" in oops:
        torch.manual_seed(seed)
        dice = other = torch.default_generator
    for _ in range(updates):
        if "reseeded" in oops:
            dice.manual_seed(seed)
            other.manual_seed(seed)
        steps = s.batch_size if "steps times copies" in oops else s.batch_size // s.num_envs
        if "one step more" in oops:
            steps = math.ceil(s.batch_size / s.num_envs)
        batch = sampler.collect(policy, seen, steps, dice)
        valid, ended = batch.valid, batch.terminated | batch.truncated

        # scale
        if "R restarts" in oops:
            R = np.zeros(s.num_envs)
        noted, raw = [], batch.rewards.numpy()
        over = batch.terminated.numpy() if "R over falls only" in oops else ended.numpy()
        if "R over at resets" in oops:
            over = ~valid.numpy()
        for t in range(len(raw)):
            if "R in place" in oops:
                R *= s.gamma
                R += raw[t]
                noted.append(R)
                R[over[t]] = 0
                continue
            if "R backwards" in oops:
                continue
            if "R discounts r" in oops:
                R = s.gamma * (R + raw[t])
            elif "R with gamma lambda" in oops:
                R = s.gamma * s.lam * R + raw[t]
            elif "R without gamma" in oops:
                R = R + raw[t]
            else:
                R = s.gamma * R + raw[t]
            if "R zero then noted" in oops:
                R = np.where(over[t], 0, R)
            noted.append(R.copy())
            if "R never over" not in oops:
                R = np.where(over[t], 0, R)
        if "R backwards" in oops:
            R = np.zeros(s.num_envs)
            for t in reversed(range(len(raw))):
                R = raw[t] + s.gamma * np.where(over[t], 0, R)
                noted.append(R)
            noted.reverse()
        before = math.sqrt(spread.var + 1e-8)
        kept = np.array(noted)
        if "spread of rewards" in oops:
            kept = raw
        if "spread once an episode" in oops:
            kept = kept[ended.numpy()]
            if len(kept):
                spread.update(kept)
        elif "a tensor taken in" in oops:
            spread.update(torch.from_numpy(kept)[valid])
        else:
            spread.update(kept.reshape(-1) if "spread of all rows" in oops else kept[valid.numpy()])
        scale = math.sqrt(spread.var + 1e-8)
        if "divide, then update" in oops:
            scale = before
        if "spread afresh" in oops:
            scale = math.sqrt(kept[valid.numpy()].var() + 1e-8)
        if "var for its root" in oops:
            scale = spread.var + 1e-8
        rewards = batch.rewards if "double rewards" in oops else batch.rewards.to(batch.states.dtype)
        if "float rewards" in oops:
            rewards = batch.rewards.float()
        if "rewards centred" in oops:
            rewards = rewards - float(spread.mean)
        if "rewards unscaled" not in oops:
            rewards = rewards / scale

        # judge
        if "fit first" in oops:
            with torch.no_grad():
                early = value(batch.states)
            A0 = gae(rewards, early[:-1], early[1:], batch.terminated, batch.truncated, s.gamma, s.lam)
            first = (A0 + early[:-1])[valid]
            value.fit(batch.states[:-1][valid], first, s.value_epochs, s.value_minibatch, other)
        if "V with gradient" in oops:
            V = value(batch.states)
        else:
            with torch.no_grad():
                V = value(batch.states)
        follows = V[1:]
        if "fresh start follows" in oops:
            last = value(torch.from_numpy(seen.normalise(sampler.observations)).to(V.dtype)).detach()
            follows = torch.cat([V[1:-1], last[None]])
        if "follows is present" in oops:
            follows = V[:-1]
        if "last row ends" in oops:
            follows = torch.cat([V[1:-1], torch.zeros_like(V[:1])])
        if "last row its own" in oops:
            follows = torch.cat([V[1:-1], V[-2:-1]])
        terminated, truncated = batch.terminated, batch.truncated
        if "clock a fall" in oops:
            terminated = ended
        if "fall a clock" in oops:
            terminated, truncated = torch.zeros_like(ended), ended
        if "no clock" in oops:
            truncated = torch.zeros_like(ended)
        gamma, lam = (s.lam, s.gamma) if "gamma, lam swapped" in oops else (s.gamma, s.lam)
        advantages = gae(rewards, V[:-1], follows, terminated, truncated, gamma, lam)
        targets = advantages + V[:-1]
        if "targets V next" in oops:
            targets = advantages + V[1:]
        if "targets one step" in oops:
            targets = rewards + s.gamma * torch.where(batch.terminated, 0, V[1:])
        if "targets advantages" in oops:
            targets = advantages
        if "targets lambda one" in oops:
            targets = gae(rewards, V[:-1], follows, terminated, truncated, gamma, 1.0) + V[:-1]

        # select
        states, actions = batch.states[:-1][valid], batch.actions[valid]
        A, targets = advantages[valid], targets[valid]
        if "states that follow" in oops:
            states = batch.states[1:][valid]
        if "standardise all rows" in oops:
            A = ((advantages - advantages.mean()) / (advantages.std() + 1e-8))[valid]
        elif "population std" in oops:
            A = (A - A.mean()) / (A.std(unbiased=False) + 1e-8)
        elif "centred only" in oops:
            A = A - A.mean()
        elif "scaled only" in oops:
            A = A / (A.std() + 1e-8)
        elif "not standardised" not in oops:
            A = (A - A.mean()) / (A.std() + 1e-8)
        if "targets standardised" in oops:
            targets = A + V[:-1][valid]
        if "targets of standardised targets" in oops:
            targets = (targets - targets.mean()) / (targets.std() + 1e-8)
        learned = actions.clamp(-1, 1) if "actions clipped" in oops else actions

        if "all rows" in oops:
            states, learned = batch.states[:-1].flatten(0, 1), batch.actions.flatten(0, 1)
            A = advantages.flatten()
            A = (A - A.mean()) / (A.std() + 1e-8)
            targets = (advantages + V[:-1]).flatten()
        across = None
        if "stride through time" in oops:
            across = batch.states[:-1][:: s.fisher_stride][valid[:: s.fisher_stride]]
        if "stride before selecting" in oops:
            across = batch.states[:-1].flatten(0, 1)[:: s.fisher_stride]
        result, predicted = _improve(policy, states, learned, A, s, routines, oops, across)
        if "two steps a batch" in oops:
            result, predicted = _improve(policy, states, learned, A, s, routines, oops, across)

        # fit
        if "fit all rows" in oops:
            flat = batch.states[:-1].flatten(0, 1), (advantages + V[:-1]).flatten()
            value.fit(*flat, s.value_epochs, s.value_minibatch, other)
        elif "fit strided" in oops:
            thin = slice(None, None, s.fisher_stride)
            value.fit(states[thin], targets[thin], s.value_epochs, s.value_minibatch, other)
        elif "epochs and minibatch swapped" in oops:
            value.fit(states, targets, s.value_minibatch, s.value_epochs, other)
        elif "one epoch" in oops:
            value.fit(states, targets, 1, s.value_minibatch, other)
        elif "fit first" not in oops:
            value.fit(states, targets, s.value_epochs, s.value_minibatch, other)

        # the normaliser
        if "all observations" in oops:
            seen.update(batch.observations.reshape(-1, d))
        elif "normalised states" in oops:
            seen.update(batch.states[:-1][valid].numpy())
        elif "normaliser forgets" in oops:
            seen = RunningMoments((d,))
            seen.update(batch.observations[valid.numpy()])
        elif "last row too" in oops:
            seen.update(np.concatenate([batch.observations[valid.numpy()], sampler.observations]))
        elif "no normaliser" not in oops:
            seen.update(batch.observations[valid.numpy()])
        earned.extend(batch.episode_returns)
        if "predicted yielded" in oops:
            yield result.kl, predicted, batch.episode_returns
        elif "swapped" in oops:
            yield result.gain, result.kl, batch.episode_returns
        elif "mean return" in oops:
            yield result.kl, result.gain, float(np.mean(batch.episode_returns)) if batch.episode_returns else 0.0
        elif "all episodes so far" in oops:
            yield result.kl, result.gain, list(earned)
        else:
            yield result.kl, result.gain, batch.episode_returns


def _erring(name, *oops):
    def train_trpo(sampler, policy, value, s, updates, seed, *routines):
        yield from _agent(sampler, policy, value, s, updates, seed, *routines, oops=oops)

    train_trpo.__name__ = name
    return train_trpo


e10_4_wrong_R_restarts = _erring("e10_4_wrong_R_restarts", "R restarts")
e10_4_wrong_R_in_place = _erring("e10_4_wrong_R_in_place", "R in place")
e10_4_wrong_R_zero_then_noted = _erring("e10_4_wrong_R_zero_then_noted", "R zero then noted")
e10_4_wrong_R_discounts_r = _erring("e10_4_wrong_R_discounts_r", "R discounts r")
e10_4_wrong_R_backwards = _erring("e10_4_wrong_R_backwards", "R backwards")
e10_4_wrong_R_with_gamma_lambda = _erring("e10_4_wrong_R_with_gamma_lambda", "R with gamma lambda")
e10_4_wrong_spread_once_an_episode = _erring("e10_4_wrong_spread_once_an_episode", "spread once an episode")
e10_4_wrong_divide_then_update = _erring("e10_4_wrong_divide_then_update", "divide, then update")
e10_4_wrong_rewards_centred = _erring("e10_4_wrong_rewards_centred", "rewards centred")
e10_4_wrong_double_rewards = _erring("e10_4_wrong_double_rewards", "double rewards")
e10_4_wrong_one_generator = _erring("e10_4_wrong_one_generator", "one generator")
e10_4_wrong_reseeded = _erring("e10_4_wrong_reseeded", "reseeded")
e10_4_wrong_fit_first = _erring("e10_4_wrong_fit_first", "fit first")
e10_4_wrong_last_row_its_own = _erring("e10_4_wrong_last_row_its_own", "last row its own")
e10_4_wrong_fall_a_clock = _erring("e10_4_wrong_fall_a_clock", "fall a clock")
e10_4_wrong_gamma_lam_swapped = _erring("e10_4_wrong_gamma_lam_swapped", "gamma, lam swapped")
e10_4_wrong_targets_V_next = _erring("e10_4_wrong_targets_V_next", "targets V next")
e10_4_wrong_targets_one_step = _erring("e10_4_wrong_targets_one_step", "targets one step")
e10_4_wrong_targets_lambda_one = _erring("e10_4_wrong_targets_lambda_one", "targets lambda one")
e10_4_wrong_states_that_follow = _erring("e10_4_wrong_states_that_follow", "states that follow")
e10_4_wrong_actions_clipped = _erring("e10_4_wrong_actions_clipped", "actions clipped")
e10_4_wrong_all_rows = _erring("e10_4_wrong_all_rows", "all rows")
e10_4_wrong_epochs_and_minibatch_swapped = _erring(
    "e10_4_wrong_epochs_and_minibatch_swapped", "epochs and minibatch swapped"
)
e10_4_wrong_log_surrogate = _erring("e10_4_wrong_log_surrogate", "log surrogate")
e10_4_wrong_gradient_strided = _erring("e10_4_wrong_gradient_strided", "gradient strided")
e10_4_wrong_loss_sign = _erring("e10_4_wrong_loss_sign", "loss sign")
e10_4_wrong_first_rows = _erring("e10_4_wrong_first_rows", "first rows")
e10_4_wrong_stride_off_by_one = _erring("e10_4_wrong_stride_off_by_one", "stride off by one")
e10_4_wrong_damping_once = _erring("e10_4_wrong_damping_once", "damping once")
e10_4_wrong_length_by_gx = _erring("e10_4_wrong_length_by_gx", "length by gx")
e10_4_wrong_curvature_abs = _erring("e10_4_wrong_curvature_abs", "curvature abs")
e10_4_wrong_predicted_gx = _erring("e10_4_wrong_predicted_gx", "predicted gx")
e10_4_wrong_predicted_less_delta = _erring("e10_4_wrong_predicted_less_delta", "predicted half")
e10_4_wrong_predicted_halved = _erring("e10_4_wrong_predicted_halved", "predicted halved")
e10_4_wrong_predicted_2_delta = _erring("e10_4_wrong_predicted_2_delta", "predicted delta")
e10_4_wrong_predicted_hardly_anything = _erring("e10_4_wrong_predicted_hardly_anything", "predicted zero")
e10_4_wrong_few_backtracks = _erring("e10_4_wrong_few_backtracks", "few backtracks")
e10_4_wrong_min_ratio_zero = _erring("e10_4_wrong_min_ratio_zero", "min ratio zero")
e10_4_wrong_only_if_accepted = _erring("e10_4_wrong_only_if_accepted", "only if gain measured")
e10_4_wrong_kl_strided = _erring("e10_4_wrong_kl_strided", "kl strided")
e10_4_wrong_kl_summed = _erring("e10_4_wrong_kl_summed", "kl summed")
e10_4_wrong_kl_at_most = _erring("e10_4_wrong_kl_at_most", "kl at most")
e10_4_wrong_stride_through_time = _erring("e10_4_wrong_stride_through_time", "stride through time")
e10_4_wrong_stride_before_selecting = _erring("e10_4_wrong_stride_before_selecting", "stride before selecting")
e10_4_wrong_two_steps_a_batch = _erring("e10_4_wrong_two_steps_a_batch", "two steps a batch")
e10_4_wrong_swapped = _erring("e10_4_wrong_swapped", "swapped")
e10_4_wrong_mean_return = _erring("e10_4_wrong_mean_return", "mean return")
e10_4_wrong_global_seed = _erring("e10_4_wrong_global_seed", "global seed")
e10_4_wrong_a_tensor_taken_in = _erring("e10_4_wrong_a_tensor_taken_in", "a tensor taken in")
e10_4_wrong_R_restarts_seen_all = _erring("e10_4_wrong_R_restarts_seen_all", "R restarts", "all observations")
e10_4_wrong_falls_only_both = _erring("e10_4_wrong_falls_only_both", "R over falls only", "no clock")
e10_4_right_R_over_at_resets = _erring("e10_4_right_R_over_at_resets", "R over at resets")
e10_4_right_curvature_unguarded = _erring("e10_4_right_curvature_unguarded", "curvature unguarded")
e10_4_right_V_with_gradient = _erring("e10_4_right_V_with_gradient", "V with gradient")
e10_4_right_float_as_in_10_7 = _erring("e10_4_right_float_as_in_10_7", "float rewards")
e10_4_right_V_of_the_present_ones = _erring("e10_4_right_V_of_the_present_ones", "fresh start follows")


def e10_4_wrong_list_at_the_end(sampler, policy, value, s, updates, seed, *routines):
    return list(_agent(sampler, policy, value, s, updates, seed, *routines))


def e10_4_wrong_a_copy_trained(sampler, policy, value, s, updates, seed, *routines):
    yield from _agent(sampler, copy.deepcopy(policy), value, s, updates, seed, *routines)


def e10_4_wrong_yields_before_fit(sampler, policy, value, s, updates, seed, *routines):
    """What comes after the yield isn't done when the caller looks, and never after the last."""
    held = []

    class Later:
        def __call__(self, states):
            return value(states)

        def fit(self, *args):
            held.append(args)

    agent = _agent(sampler, policy, Later(), s, updates, seed, *routines)
    for out in agent:
        yield out
        value.fit(*held.pop())


def e10_4_wrong_one_R_for_all_copies(sampler, policy, value, s, updates, seed, *routines):
    """The normaliser keeps one spread for each copy."""
    yield from _per_copy(sampler, policy, value, s, updates, seed, *routines)


def _per_copy(sampler, policy, value, s, updates, seed, *routines):
    dice, shuffle = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    seen = RunningMoments((sampler.observations.shape[1],))
    spread, R = RunningMoments((s.num_envs,)), np.zeros(s.num_envs)
    for _ in range(updates):
        batch = sampler.collect(policy, seen, s.batch_size // s.num_envs, dice)
        noted = []
        for r, done in zip(batch.rewards.numpy(), (batch.terminated | batch.truncated).numpy(), strict=True):
            R = s.gamma * R + r
            noted.append(R)
            R = R * (1 - done)
        spread.update(np.array(noted))
        scale = torch.from_numpy(np.sqrt(spread.var + 1e-8)).to(batch.states.dtype)
        rewards = batch.rewards.to(batch.states.dtype) / scale
        with torch.no_grad():
            V = value(batch.states)
        adv = gae(rewards, V[:-1], V[1:], batch.terminated, batch.truncated, s.gamma, s.lam)
        v, states = batch.valid, batch.states[:-1][batch.valid]
        A = (adv[v] - adv[v].mean()) / (adv[v].std() + 1e-8)
        result, _ = _improve(policy, states, batch.actions[v], A, s, routines, ())
        value.fit(states, (adv + V[:-1])[v], s.value_epochs, s.value_minibatch, shuffle)
        seen.update(batch.observations[v.numpy()])
        yield result.kl, result.gain, batch.episode_returns


def e10_4_wrong_a_copy_of_V_trained(sampler, policy, value, s, updates, seed, *routines):
    """Value function trained as a copy: V never moves."""
    yield from _agent(sampler, policy, copy.deepcopy(value), s, updates, seed, *routines)


def e10_4_right_as_told(sampler, policy, value, s, updates, seed, *routines):
    yield from _agent(sampler, policy, value, s, updates, seed, *routines)


def e10_4_right_torch_and_functional(env, actor, critic, cfg, n, seed, fvp, cg, search):
    """R in torch and in the states' precision; candidates by functional_call; normaliser right after acting."""
    g_act, g_fit = (torch.Generator().manual_seed(seed) for _ in range(2))
    obs_stats, ret_stats = RunningMoments((env.observations.shape[-1],)), RunningMoments()
    running = None
    names, shapes = zip(*((k, p.shape) for k, p in actor.named_parameters()), strict=True)

    def acting(vector, states):
        pieces = torch.split(vector, [shape.numel() for shape in shapes])
        named = {k: piece.view(shape) for k, piece, shape in zip(names, pieces, shapes, strict=True)}
        return functional_call(actor, named, (states,))

    for _ in range(n):
        batch = env.collect(actor, obs_stats, cfg.batch_size // cfg.num_envs, g_act)
        mask = batch.valid
        obs_stats.update(batch.observations[mask.numpy()])
        rewards = batch.rewards.to(batch.states.dtype)
        running = rewards.new_zeros(cfg.num_envs) if running is None else running
        noted = torch.empty_like(rewards)
        for t, over in enumerate(batch.terminated.logical_or(batch.truncated)):
            noted[t] = running = cfg.gamma * running + rewards[t]
            running = running.masked_fill(over, 0.0)
        ret_stats.update(noted[mask].numpy())
        rewards = rewards / (float(ret_stats.var) + 1e-8) ** 0.5

        with torch.no_grad():
            v = critic(batch.states)
            adv = gae(rewards, v[:-1], v[1:], batch.terminated, batch.truncated, cfg.gamma, cfg.lam)
            goals = (adv + v[:-1])[mask]
        x, a, adv = batch.states[:-1][mask], batch.actions[mask], adv[mask]
        adv = adv.sub(adv.mean()).div(adv.std() + 1e-8)

        theta = torch.cat([p.detach().reshape(-1) for p in actor.parameters()])
        with torch.no_grad():
            before = acting(theta, x)
            logp = before.log_prob(a)
        leaf = theta.clone().requires_grad_()
        (grad,) = torch.autograd.grad((acting(leaf, x).log_prob(a) * adv).mean(), leaf)
        product = fvp(actor, x[:: cfg.fisher_stride], damping=cfg.damping)
        way, _, _ = cg(product, grad, max_iterations=cfg.cg_iterations, rtol=1e-2)
        bent = torch.dot(way, product(way) - cfg.damping * way).item()
        stride = way * math.sqrt(2 * cfg.delta / bent) if bent > 0 else torch.zeros_like(way)

        @torch.no_grad()
        def surrogate(vector, x=x, a=a, logp=logp, adv=adv):
            return torch.mean(torch.exp(acting(vector, x).log_prob(a) - logp) * adv).item()

        @torch.no_grad()
        def divergence(vector, x=x, before=before):
            return kl_divergence(before, acting(vector, x)).mean().item()

        found = search(surrogate, divergence, theta, stride, delta=cfg.delta, predicted=torch.dot(grad, stride).item())
        vector_to_parameters(found.theta, actor.parameters())
        critic.fit(x, goals, cfg.value_epochs, cfg.value_minibatch, g_fit)
        yield found.kl, found.gain, batch.episode_returns


def e10_4_right_plain_loops(sampler, policy, value, s, updates, seed, *routines):
    """Lists and loops: R copy by copy, the advantages by the sum (10.1), rows gathered one by one."""
    products, solve, search = routines
    one, two = torch.Generator(), torch.Generator()
    one.manual_seed(seed)
    two.manual_seed(seed)
    seen, spread = RunningMoments((sampler.observations.shape[1],)), RunningMoments()
    R = [0.0] * s.num_envs
    for _ in range(updates):
        batch = sampler.collect(policy, seen, s.batch_size // s.num_envs, one)
        steps, copies = batch.rewards.shape
        noted = []
        for t in range(steps):
            for k in range(copies):
                R[k] = s.gamma * R[k] + batch.rewards[t, k].item()
                if batch.valid[t, k]:
                    noted.append(R[k])
                if batch.terminated[t, k] or batch.truncated[t, k]:
                    R[k] = 0.0
        spread.update(np.array(noted))
        rewards = batch.rewards.to(batch.states.dtype) / math.sqrt(spread.var + 1e-8)
        with torch.no_grad():
            V = value(batch.states)
        delta = rewards + s.gamma * torch.where(batch.terminated, 0, V[1:]) - V[:-1]
        advantages = torch.zeros_like(delta)
        for k in range(copies):
            running = torch.zeros((), dtype=delta.dtype)
            for t in reversed(range(steps)):
                if batch.terminated[t, k] or batch.truncated[t, k]:
                    running = torch.zeros_like(running)
                running = delta[t, k] + s.gamma * s.lam * running
                advantages[t, k] = running
        rows = [(t, k) for t in range(steps) for k in range(copies) if batch.valid[t, k]]
        states = torch.stack([batch.states[t, k] for t, k in rows])
        actions = torch.stack([batch.actions[t, k] for t, k in rows])
        raw = torch.stack([advantages[t, k] for t, k in rows])
        targets = raw + torch.stack([V[t, k] for t, k in rows])
        A = (raw - raw.mean()) / (raw.std() + 1e-8)

        parameters = list(policy.parameters())
        theta = parameters_to_vector(parameters).detach().clone()
        old = policy.distribution(policy.outputs(states).detach())

        def put(new, parameters=parameters):
            vector_to_parameters(new, parameters)

        def L(new, states=states, actions=actions, A=A, old=old):
            put(new)
            return ((policy(states).log_prob(actions) - old.log_prob(actions)).exp() * A).mean()

        def kl(new, states=states, old=old):
            put(new)
            return float(kl_divergence(old, policy(states)).mean())

        g = parameters_to_vector(torch.autograd.grad(L(theta), parameters))
        damped = products(policy, states[:: s.fisher_stride], damping=s.damping)
        x, _, _ = solve(damped, g, max_iterations=s.cg_iterations, rtol=1e-2)
        curvature = float(x @ damped(x)) - s.damping * float(x @ x)
        step = x * (2 * s.delta / curvature) ** 0.5 if curvature > 0 else x * 0
        with torch.no_grad():
            result = search(lambda new: float(L(new)), kl, theta, step, delta=s.delta, predicted=float(g @ step))
        put(result.theta)
        value.fit(states, targets, s.value_epochs, s.value_minibatch, two)
        seen.update(batch.observations[batch.valid.numpy()])
        yield result.kl, result.gain, batch.episode_returns


def e10_4_right_class(sampler, policy, value, s, updates, seed, *routines):
    """A class with one method a part, the iterator its __next__; the second generator throws the dice."""
    return iter(_Learner(sampler, policy, value, s, updates, seed, routines))


class _Learner:
    def __init__(self, sampler, policy, value, s, updates, seed, routines):
        self.sampler, self.policy, self.value, self.s = sampler, policy, value, s
        self.left, self.routines = updates, routines
        self.shuffler, self.dice = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
        self.seen, self.spread = RunningMoments(sampler.observations.shape[1:]), RunningMoments(())
        self.R = np.zeros(s.num_envs)

    def __iter__(self):
        return self

    def scaled(self, batch):
        over = np.logical_or(batch.terminated.numpy(), batch.truncated.numpy())
        noted = np.empty(batch.rewards.shape)
        for t, r in enumerate(batch.rewards.numpy()):
            noted[t] = self.R * self.s.gamma + r
            self.R = noted[t] * ~over[t]
        self.spread.update(noted[batch.valid.numpy()])
        return batch.rewards.to(batch.states) / np.sqrt(self.spread.var + 1e-8).item()

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        s, batch = self.s, self.sampler.collect(self.policy, self.seen, self.s.batch_size // self.s.num_envs, self.dice)
        rewards = self.scaled(batch)
        V = self.value(batch.states).detach()
        A = gae(rewards, V[:-1], V[1:], batch.terminated, batch.truncated, s.gamma, s.lam)
        keep = batch.valid.nonzero(as_tuple=True)
        states, actions, targets = batch.states[keep], batch.actions[keep], (A + V[:-1])[keep]
        A = (A[keep] - A[keep].mean()) / (A[keep].std() + 1e-8)
        result, _ = _improve(self.policy, states, actions, A, s, self.routines, ())
        self.value.fit(states, targets, s.value_epochs, s.value_minibatch, self.shuffler)
        self.seen.update(batch.observations[tuple(k.numpy() for k in keep)])
        return result.kl, result.gain, batch.episode_returns


def e10_4_right_list_of_returns_copied(sampler, policy, value, s, updates, seed, *routines):
    """Tensors for the two numbers, a tuple of a list: other containers, same values."""
    for kl, gain, returns in _agent(sampler, policy, value, s, updates, seed, *routines):
        yield [kl, gain, list(returns)]


class _ByKeyword:
    """Hands every argument on by the name that the text gives it."""

    def __init__(self, sampler, value):
        self.sampler, self.value, self.observations = sampler, value, sampler.observations

    def collect(self, policy, moments, steps, generator):
        return self.sampler.collect(policy=policy, moments=moments, steps=steps, generator=generator)

    def __call__(self, states):
        return self.value(states)

    def fit(self, states, targets, epochs, minibatch, generator):
        self.value.fit(states=states, targets=targets, epochs=epochs, minibatch=minibatch, generator=generator)


def e10_4_right_by_keyword(sampler, policy, value, s, updates, seed, *routines):
    """Every argument by its name, of the sampler, V and the routines alike."""
    f, c, ls = routines

    def fvp(policy, states, *, damping):
        return f(policy=policy, states=states, damping=damping)

    def cg(product, g, *, max_iterations, rtol):
        return c(matvec=product, b=g, max_iterations=max_iterations, rtol=rtol)

    def search(surrogate, kl, theta, step, *, delta, predicted):
        named = {"surrogate": surrogate, "kl": kl, "theta": theta, "step": step}
        return ls(**named, delta=delta, predicted=predicted, shrink=0.9, max_backtracks=30, min_ratio=0.1)

    both = _ByKeyword(sampler, value)
    yield from _agent(both, policy, both, s, updates, seed, fvp, cg, search)


def e10_4_right_tensors_yielded(sampler, policy, value, s, updates, seed, *routines):
    """KL and gain as tensors of no dimension."""
    for kl, gain, returns in _agent(sampler, policy, value, s, updates, seed, *routines):
        yield torch.tensor(kl, dtype=torch.float64), torch.tensor(gain, dtype=torch.float64), returns


def e10_4_wrong_delta_half_as_much_again(sampler, policy, value, s, updates, seed, *routines):
    """A KL of one and a half δ passes."""
    f, c, ls = routines

    def search(surrogate, kl, theta, step, *, delta, predicted):
        return ls(surrogate, kl, theta, step, delta=1.5 * delta, predicted=predicted)

    yield from _agent(sampler, policy, value, s, updates, seed, f, c, search)


def e10_4_wrong_F_of_the_first_update(sampler, policy, value, s, updates, seed, *routines):
    """The Fisher-vector product of the first update serves all later ones."""
    f, c, ls = routines
    kept = []

    def fvp(policy, states, *, damping):
        kept.append(f(policy, states, damping=damping))
        return kept[0]

    yield from _agent(sampler, policy, value, s, updates, seed, fvp, c, ls)


# 10.5 bootstrap_interval


def e10_5_wrong_interpolates(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2]))


def e10_5_wrong_order_not_counted(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.combinations_with_replacement(values, len(values))]
    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_without_replacement(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.permutations(values)]
    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_tails_not_halved(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(means, [1 - level, level], method="inverted_cdf"))


def e10_5_wrong_medians(values, level=0.95):
    medians = [np.median(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(medians, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_normal_interval(values, level=0.95):
    half = 1.96 * np.std(values, ddof=1) / np.sqrt(len(values))
    return np.mean(values) - half, np.mean(values) + half


def e10_5_wrong_sums(values, level=0.95):
    sums = [np.sum(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(sums, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_one_draw_less(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=max(1, len(values) - 1))]
    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_level_ignored(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(means, [0.025, 0.975], method="inverted_cdf"))


def e10_5_wrong_always_the_range(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    return min(means), max(means)


def e10_5_wrong_high_first(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    return tuple(np.quantile(means, [(1 + level) / 2, (1 - level) / 2], method="inverted_cdf"))


def e10_5_wrong_each_mean_once(values, level=0.95):
    means = {round(float(np.mean(resample)), 9) for resample in itertools.product(values, repeat=len(values))}
    return tuple(np.quantile(sorted(means), [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_mirrored(values, level=0.95):
    means = [np.mean(resample) for resample in itertools.product(values, repeat=len(values))]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return 2 * np.mean(values) - high, 2 * np.mean(values) - low


def e10_5_wrong_quantiles_of_values(values, level=0.95):
    return tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_wrong_one_past(values, level=0.95):
    means = sorted(np.mean(resample) for resample in itertools.product(values, repeat=len(values)))
    return means[math.ceil((1 - level) / 2 * len(means))], means[math.ceil((1 + level) / 2 * len(means))]


def e10_5_right_numpy(values, level=0.95):
    n = len(values)
    rows = np.indices((n,) * n).reshape(n, -1)
    means = np.asarray(values)[rows].mean(axis=0)
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")


def e10_5_right_loops(values, level=0.95):
    values = [float(x) for x in values]
    means = sorted(sum(resample) / len(values) for resample in itertools.product(values, repeat=len(values)))
    ends = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        for count, mean in enumerate(means, start=1):
            if count / len(means) >= share:
                ends.append(mean)
                break
    return ends


def e10_5_right_weights(values, level=0.95):
    n, weighed = len(values), []
    for places in itertools.combinations_with_replacement(range(n), n):
        orders = math.factorial(n)
        for place in set(places):
            orders //= math.factorial(places.count(place))
        weighed.append((sum(float(values[place]) for place in places) / n, orders))
    weighed.sort()
    means, orders = np.array(weighed).T
    share = np.cumsum(orders) / n**n
    low, high = np.searchsorted(share, [(1 - level) / 2, (1 + level) / 2])
    return means[low], means[min(high, len(means) - 1)]


def e10_5_right_torch(values, level=0.95):
    values = torch.as_tensor(np.asarray(values, dtype=float))
    n = len(values)
    means = torch.cartesian_prod(*[values] * n).reshape(-1, n).mean(dim=1).sort().values
    low, high = (max(0, math.ceil(share * len(means)) - 1) for share in ((1 - level) / 2, (1 + level) / 2))
    return means[low], means[high]


def e10_5_right_float32(values, level=0.95):
    values = np.asarray(values, dtype=np.float32)
    grid = np.zeros(1, dtype=np.float32)
    for _ in values:  # sums of one draw more, in every order
        grid = (grid[:, None] + values).ravel()
    means = np.sort(grid / np.float32(len(values)))
    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"))


def e10_5_right_fractions(values, level=0.95):
    exact = [Fraction(float(x)) for x in values]
    sums = sorted(sum(resample) for resample in itertools.product(exact, repeat=len(exact)))
    low = max(0, math.ceil((1 - level) / 2 * len(sums)) - 1)
    high = math.ceil((1 + level) / 2 * len(sums)) - 1
    return np.array([float(sums[low] / len(exact)), float(sums[high] / len(exact))])


WRONG = {
    "10.1": [
        (e10_1_wrong_sum_over_states, "sums the KL over the states instead of averaging it"),
        (e10_1_wrong_old_not_detached, "the old distribution is not detached, so F is 0 and only the damping is left"),
        (e10_1_wrong_no_damping, "leaves the damping out"),
        (e10_1_wrong_damping_is_a_number, "adds the damping as a number to every entry instead of damping times v"),
        (e10_1_wrong_damping_scales_f, "multiplies F by 1 + damping instead of adding damping times v"),
        (e10_1_wrong_damping_subtracted, "subtracts the damping"),
        (e10_1_wrong_no_metric, "forgets the metric M of the distribution, J^T J v instead of J^T M J v"),
        (e10_1_wrong_half, "half of F: takes the quadratic form's one half into the matrix"),
        (e10_1_wrong_first_state_only, "uses the KL of the first state only"),
        (e10_1_wrong_entropy, "differentiates the entropy twice instead of the KL"),
        (e10_1_wrong_one_mean_score, "outer product of the mean score of sampled actions, a matrix of rank one"),
        (e10_1_wrong_gaussians_only, "writes out the Gaussian KL, so that it is wrong for every other policy"),
        (e10_1_wrong_graph_used_up, "frees the graph: the second product fails"),
        (e10_1_wrong_gradient_times_vector, "outer product of the KL's gradient, which is 0, instead of its Hessian"),
        (e10_1_wrong_no_return, "the product computes its result and returns nothing"),
    ],
    "10.2": [
        (e10_2_wrong_absolute_residual, "reports the length of the residual without dividing by that of b"),
        (e10_2_wrong_squared_residual, "reports the square of the relative residual"),
        (e10_2_wrong_tolerance_not_squared, "compares squared norms with rtol instead of its square: stops too early"),
        (e10_2_wrong_absolute_tolerance, "absolute tolerance: when it stops depends on the scale of b"),
        (e10_2_wrong_beta_upside_down, "old over new squared residual in the new direction instead of new over old"),
        (e10_2_wrong_steepest_descent, "the next direction is the residual alone: steepest descent"),
        (e10_2_wrong_one_iteration_more, "makes one iteration more than max_iterations"),
        (e10_2_wrong_writes_into_b, "the residual is b itself and not a copy: b is overwritten"),
        (e10_2_wrong_negative_curvature_taken, "doesn't stop at a curvature that is not positive (only where one is)"),
        (e10_2_wrong_zero_gives_nan, "divides 0 by 0 for the residual (only when b is 0)"),
        (e10_2_wrong_number_in_denominator, "adds 1e-8 to the denominators (only felt when b is small)"),
        (e10_2_wrong_residual_grows, "adds the step to the residual instead of subtracting it"),
        (e10_2_wrong_begins_at_b, "begins at x = b with the residual of x = 0"),
    ],
    "10.3": [
        (e10_3_wrong_any_gain, "accepts any gain above 0 instead of a tenth of the promised one"),
        (e10_3_wrong_promise_not_shrunk, "asks for a share of the full step's promise: c is missing"),
        (e10_3_wrong_kl_ignored, "doesn't look at the KL"),
        (e10_3_wrong_one_try_less, "tries one candidate too few"),
        (e10_3_wrong_begins_shrunk, "the first candidate is already shrunk"),
        (e10_3_wrong_linear_shrinking, "shrinks by a fixed amount each time instead of by a factor"),
        (e10_3_wrong_candidates_add_up, "adds each step to the last candidate instead of to theta"),
        (e10_3_wrong_downhill, "goes the other way along the step"),
        (e10_3_wrong_surrogate_for_gain, "takes the surrogate of the candidate for the gain"),
        (e10_3_wrong_last_candidate_kept, "returns the last candidate when none passes"),
        (e10_3_wrong_nan_slips_through, "asks whether a candidate is bad, so a NaN is accepted (only with a NaN)"),
        (e10_3_wrong_writes_into_theta, "writes the candidates into theta"),
        (e10_3_wrong_best_not_first, "returns the candidate of largest gain instead of the first that passes"),
        (e10_3_wrong_negative_promise, "accepts when the promise is not positive (only then)"),
        (e10_3_wrong_always_halves, "halves, whatever shrink says"),
        (e10_3_wrong_never_gives_up, "shrinks without end when no candidate passes"),
    ],
    "10.4": [
        (e10_4_wrong_states_of_the_next_row, "fits V to the states that follow"),
        (e10_4_wrong_undiscounted_spread, "the return whose spread is taken is not discounted"),
        (e10_4_wrong_clipped_advantages, "clips the advantages to one standard deviation"),
        (e10_4_wrong_clipped_rewards, "clips the scaled rewards"),
        (e10_4_wrong_targets_are_values, "the targets are V itself, without the advantages"),
        (e10_4_wrong_targets_of_next_values, "adds V of the next state to the advantages"),
        (e10_4_wrong_targets_subtracted, "subtracts the advantages from V"),
        (e10_4_wrong_fits_twice, "fits the value function twice in each update"),
        (e10_4_wrong_other_seed, "another seed for the minibatches"),
        (e10_4_wrong_every_end_a_fall_everywhere, "one flag, terminated or truncated, for both"),
        (e10_4_wrong_resets_learned_and_strided, "two at once: learns from reset rows, and every state enters F"),
        (e10_4_wrong_damped_length_no_lambda, "two at once: no λ, and the damping stays in the length"),
        (
            e10_4_wrong_std_without_root_and_strict,
            "two at once: variance for spread, and CG's tolerance left at its default",
        ),
        (e10_4_wrong_not_centred_all_of_F, "two at once: advantages not centred, and every state enters F"),
        (e10_4_wrong_absolute_advantages, "the advantages have lost their sign"),
        (e10_4_wrong_normaliser_sees_next_observations, "the normaliser misses the first row of each batch"),
        (e10_4_wrong_one_step_short, "collects a step too few"),
        (e10_4_wrong_reports_half_the_kl, "reports half of the KL"),
        (e10_4_wrong_reports_backtracks, "reports the backtracks in the place of the gain"),
        (e10_4_wrong_clock_and_clipped, "two at once: the clock taken for a fall, and clipped rewards"),
        (e10_4_wrong_looks_at_the_policy, "collects more batches than updates"),
        (e10_4_wrong_pairs, "leaves the returns out of its records"),
        (e10_4_wrong_one_update_short, "makes one update too few"),
        (e10_4_wrong_own_product, "her own product instead of the one handed in"),
        (e10_4_wrong_R_restarts, "R restarts with each batch"),
        (e10_4_wrong_R_in_place, "R is changed in place in the list"),
        (e10_4_wrong_R_zero_then_noted, "R is zeroed in what is noted"),
        (e10_4_wrong_R_discounts_r, "R ← γ(R + r)"),
        (e10_4_wrong_R_backwards, "R from behind, the return to go"),
        (e10_4_wrong_R_with_gamma_lambda, "R with γλ"),
        (e10_4_wrong_spread_once_an_episode, "the spread of the returns of ended episodes alone"),
        (e10_4_wrong_divide_then_update, "divides before the return's normaliser takes in the batch"),
        (e10_4_wrong_rewards_centred, "takes the mean return off the rewards"),
        (e10_4_wrong_double_rewards, "rewards stay in double"),
        (e10_4_wrong_one_generator, "one generator for both"),
        (e10_4_wrong_reseeded, "seeds anew in each update"),
        (e10_4_wrong_fit_first, "fits before it judges"),
        (e10_4_wrong_last_row_its_own, "the last row is followed by itself"),
        (e10_4_wrong_fall_a_clock, "each end taken for the clock"),
        (e10_4_wrong_gamma_lam_swapped, "γ and λ swapped"),
        (e10_4_wrong_targets_V_next, "targets with V(s')"),
        (e10_4_wrong_targets_one_step, "targets of one step"),
        (e10_4_wrong_targets_lambda_one, "targets with λ = 1"),
        (e10_4_wrong_states_that_follow, "states that follow"),
        (e10_4_wrong_actions_clipped, "clipped actions, whole numbers too"),
        (e10_4_wrong_all_rows, "reset rows everywhere"),
        (e10_4_wrong_epochs_and_minibatch_swapped, "passes and rows of a minibatch swapped"),
        (e10_4_wrong_log_surrogate, "log-probability for the ratio"),
        (e10_4_wrong_gradient_strided, "the gradient strided"),
        (e10_4_wrong_loss_sign, "a loss's sign"),
        (e10_4_wrong_first_rows, "the first rows enter F"),
        (e10_4_wrong_stride_off_by_one, "the stride begins one later"),
        (e10_4_wrong_damping_once, "takes ξ off, without xᵀx"),
        (e10_4_wrong_length_by_gx, "the length from g·x"),
        (e10_4_wrong_curvature_abs, "the absolute value of the curvature"),
        (e10_4_wrong_predicted_gx, "promise g·x"),
        (e10_4_wrong_predicted_less_delta, "promise less δ"),
        (e10_4_wrong_predicted_halved, "half the promise"),
        (e10_4_wrong_predicted_2_delta, "promise 2δ"),
        (e10_4_wrong_predicted_hardly_anything, "hardly any promise"),
        (e10_4_wrong_few_backtracks, "ten backtracks"),
        (e10_4_wrong_min_ratio_zero, "min_ratio 0"),
        (e10_4_wrong_only_if_accepted, "restores nothing after a failure"),
        (e10_4_wrong_kl_strided, "the KL strided"),
        (e10_4_wrong_kl_summed, "the KL summed"),
        (e10_4_wrong_kl_at_most, "the largest KL"),
        (e10_4_wrong_stride_through_time, "strides through time"),
        (e10_4_wrong_stride_before_selecting, "strides before it selects"),
        (e10_4_wrong_two_steps_a_batch, "two steps with each batch"),
        (e10_4_wrong_swapped, "KL and gain swapped"),
        (e10_4_wrong_mean_return, "the mean return for the list"),
        (e10_4_wrong_global_seed, "the global generator"),
        (e10_4_wrong_a_tensor_taken_in, "a tensor for the normaliser"),
        (e10_4_wrong_R_restarts_seen_all, "two at once: R restarts, the normaliser sees resets"),
        (e10_4_wrong_falls_only_both, "two at once: neither R nor gae knows of truncations"),
        (e10_4_wrong_list_at_the_end, "a list at the end"),
        (e10_4_wrong_a_copy_trained, "trains a copy of the policy"),
        (e10_4_wrong_yields_before_fit, "yields before it fits"),
        (e10_4_wrong_a_copy_of_V_trained, "trains a copy of V"),
        (e10_4_wrong_one_R_for_all_copies, "a spread for each copy"),
        (e10_4_wrong_delta_half_as_much_again, "a KL of one and a half δ passes"),
        (e10_4_wrong_F_of_the_first_update, "the first F throughout"),
    ],
    "10.5": [
        (e10_5_wrong_interpolates, "interpolates between two means"),
        (e10_5_wrong_order_not_counted, "counts each combination once, whatever the number of its orders"),
        (e10_5_wrong_without_replacement, "draws without replacement, so that all means are the same"),
        (e10_5_wrong_tails_not_halved, "cuts off 1 - level at each end instead of half of it"),
        (e10_5_wrong_medians, "medians of the resamples instead of means"),
        (e10_5_wrong_normal_interval, "mean plus and minus 1.96 standard errors instead of the bootstrap"),
        (e10_5_wrong_sums, "sums of the resamples instead of means"),
        (e10_5_wrong_one_draw_less, "each resample has one draw too few"),
        (e10_5_wrong_level_ignored, "always 95 %, whatever level says (only when level is another)"),
        (e10_5_wrong_always_the_range, "the range of all means (only with more values or a lower level)"),
        (e10_5_wrong_high_first, "returns the upper end first"),
        (e10_5_wrong_each_mean_once, "counts each different mean once, however many resamples have it"),
        (e10_5_wrong_mirrored, "mirrors the interval at the mean"),
        (e10_5_wrong_quantiles_of_values, "quantiles of the values themselves, no resampling (not at the very ends)"),
        (e10_5_wrong_one_past, "one place too far in the sorted list, at the upper end past its end"),
    ],
}

RIGHT = {
    "10.1": [
        (e10_1_right_double_backward, "torch"),
        (e10_1_right_other_direction, "KL with the new policy first, the same curvature"),
        (e10_1_right_loop_over_states, "loops over states and over parameters"),
        (e10_1_right_float32, "float32"),
        (e10_1_right_anew_on_a_copy, "in-place, on a copy of the policy, the graph anew in each product"),
        (e10_1_right_three_backward_sweeps, "J v, M and J^T by backward sweeps"),
    ],
    "10.2": [
        (e10_2_right_numpy, "numpy"),
        (e10_2_right_loops, "loops"),
        (e10_2_right_in_place, "in-place, 0-d tensors"),
        (e10_2_right_step_from_rp, "torch, step length from r and p"),
        (e10_2_right_conjugate_to_all, "each direction made conjugate to all before it"),
    ],
    "10.3": [
        (e10_3_right_loop, "loop with a running factor"),
        (e10_3_right_while, "while loop"),
        (e10_3_right_in_place, "in-place on copies"),
        (e10_3_right_all_then_first, "numpy: all candidates, then the first good one"),
        (e10_3_right_recursion, "recursion"),
        (e10_3_right_tensor_fraction, "torch, the fraction in float32"),
    ],
    "10.4": [
        (e10_4_right_in_parts, "torch, nine names, the value function first"),
        (e10_4_right_numpy, "numpy: GAE, returns and their spread by hand"),
        (e10_4_right_loops, "loops over rows and copies"),
        (e10_4_right_iterator, "an iterator of its own, rewards in single precision as in the library"),
        (e10_4_right_own_solver, "her own solver"),
        (e10_4_right_R_over_at_resets, "R is set to 0 in the reset rows"),
        (e10_4_right_curvature_unguarded, "leaves a NaN to the line search"),
        (e10_4_right_V_with_gradient, "V with its gradient"),
        (e10_4_right_float_as_in_10_7, "rewards in single precision"),
        (e10_4_right_V_of_the_present_ones, "V of the present observations for the last row"),
        (e10_4_right_as_told, "line by line"),
        (e10_4_right_torch_and_functional, "torch, functional_call"),
        (e10_4_right_plain_loops, "lists and loops"),
        (e10_4_right_class, "a class"),
        (e10_4_right_list_of_returns_copied, "lists for records"),
        (e10_4_right_by_keyword, "every argument by its name"),
        (e10_4_right_tensors_yielded, "tensors for the two numbers"),
    ],
    "10.5": [
        (e10_5_right_numpy, "numpy"),
        (e10_5_right_loops, "loops"),
        (e10_5_right_weights, "combinations with the number of their orders"),
        (e10_5_right_torch, "torch"),
        (e10_5_right_float32, "float32, sums built up in place"),
        (e10_5_right_fractions, "exact fractions"),
    ],
}
