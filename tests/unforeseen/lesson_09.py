"""Answers to the exercises of lesson 09, written by somebody who knows the lesson and not its checks."""

import math

import numpy as np
import torch

from trpobook.finite.divergences import kl_categorical, total_variation
from trpobook.finite.mdp import softmax


# 9.1 full_step
def e9_1_wrong_damped_curvature(s, g, product, damping, delta):
    step = np.sqrt(2 * delta / (s @ product(s))) * s
    return step, g @ step


def e9_1_wrong_damping_added(s, g, product, damping, delta):
    curvature = s @ product(s) + damping * (s @ s)
    step = np.sqrt(2 * delta / curvature) * s
    return step, g @ step


def e9_1_wrong_damping_as_a_number(s, g, product, damping, delta):
    curvature = s @ product(s) - damping
    step = np.sqrt(2 * delta / abs(curvature)) * s
    return step, g @ step


def e9_1_wrong_damping_off_every_entry(s, g, product, damping, delta):
    curvature = s @ (product(s) - damping)
    step = np.sqrt(2 * delta / abs(curvature)) * s
    return step, g @ step


def e9_1_wrong_length_not_squared(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * np.linalg.norm(s)
    step = np.sqrt(2 * delta / abs(curvature)) * s
    return step, g @ step


def e9_1_wrong_two_forgotten(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    step = np.sqrt(delta / curvature) * s
    return step, g @ step


def e9_1_wrong_no_root(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    step = 2 * delta / curvature * s
    return step, g @ step


def e9_1_wrong_promise_of_the_direction(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    return np.sqrt(2 * delta / curvature) * s, g @ s


def e9_1_wrong_gradient_for_curvature(s, g, product, damping, delta):
    step = np.sqrt(2 * delta / abs(s @ g)) * s
    return step, g @ step


def e9_1_wrong_best_promise(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    return np.sqrt(2 * delta / curvature) * s, np.sqrt(2 * delta * abs(g @ s))


def e9_1_wrong_euclidean_length(s, g, product, damping, delta):
    step = np.sqrt(2 * delta) * s / np.linalg.norm(s)
    return step, g @ step


def e9_1_wrong_length_of_the_product(s, g, product, damping, delta):
    Fs = product(s) - damping * s
    step = np.sqrt(2 * delta / (Fs @ Fs)) * s
    return step, g @ step


def e9_1_wrong_gradient_scaled(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    step = np.sqrt(2 * delta / curvature) * g
    return step, s @ step


def e9_1_wrong_curvature_along_the_gradient(s, g, product, damping, delta):
    curvature = g @ product(g) - damping * (g @ g)
    step = np.sqrt(2 * delta / curvature) * s
    return step, g @ step


def e9_1_wrong_quadratic_promise(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    step = np.sqrt(2 * delta / curvature) * s
    return step, g @ step - delta


def e9_1_wrong_order(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    step = np.sqrt(2 * delta / curvature) * s
    return g @ step, step


def e9_1_wrong_step_alone(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    return np.sqrt(2 * delta / curvature) * s


def e9_1_wrong_factor_for_step(s, g, product, damping, delta):
    curvature = s @ product(s) - damping * (s @ s)
    b = np.sqrt(2 * delta / curvature)
    return b, b * (g @ s)


def e9_1_right_numpy(s, g, product, damping, delta):
    undamped = product(s) - damping * s
    b = np.sqrt(2 * delta / np.dot(s, undamped))
    return b * s, b * np.dot(g, s)


def e9_1_right_loops(s, g, product, damping, delta):
    curved, curvature = product(s), 0.0
    for i in range(len(s)):
        curvature += float(s[i]) * (float(curved[i]) - damping * float(s[i]))
    b = math.sqrt(2 * delta / curvature)
    step = [b * float(x) for x in s]
    return step, sum(float(slope) * x for slope, x in zip(g, step, strict=True))


def e9_1_right_torch(s, g, product, damping, delta):
    curved = torch.as_tensor(product(s), dtype=torch.float64)
    s, g = torch.as_tensor(s, dtype=torch.float64), torch.as_tensor(g, dtype=torch.float64)
    curvature = torch.dot(s, curved) - damping * torch.dot(s, s)
    step = (2 * delta / curvature).sqrt() * s
    return step, torch.dot(g, step)


def e9_1_right_float32(s, g, product, damping, delta):
    curved, s32, g32 = np.float32(product(s)), np.float32(s), np.float32(g)
    curvature = s32 @ (curved - np.float32(damping) * s32)
    step = np.sqrt(np.float32(2 * delta) / curvature) * s32
    return step, g32 @ step


def e9_1_right_in_place(s, g, product, damping, delta):
    curved = np.array(product(s), dtype=float)
    curved -= damping * s
    step = np.array(s, dtype=float)
    step *= np.sqrt(2 * delta / (step @ curved))
    return step, g @ step


def e9_1_right_length_one_first(direction, gradient, matvec, ridge, radius):
    unit = direction / np.linalg.norm(direction)
    step = unit * np.sqrt(radius / (0.5 * (unit @ matvec(unit) - ridge)))
    return step, np.array(gradient @ step)


def e9_1_right_list(s, g, product, damping, delta):
    nats = 0.5 * (s @ product(s)) - 0.5 * damping * np.sum(s**2)
    step = (delta / nats) ** 0.5 * s
    return [step, float(np.sum(g * step))]


# 9.2 backtrack
def e9_2_wrong_any_gain(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0:
            return theta + c * step
    return theta


def e9_2_wrong_promise_not_shortened(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_new_visits(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        rho_new = mdp.visitation(new)
        kl = rho_new @ kl_categorical(old, new) / rho_new.sum()
        if kl <= delta and rho_new @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_kl_reversed(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(new, old) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_kl_summed_over_visits(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new)
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_largest_kl(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = np.max(mdp.live * kl_categorical(old, new))
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_states_alike(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = np.mean(kl_categorical(old, new))
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_no_kl(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        if rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_kl_only(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    for k in range(31):
        c = 0.9**k
        if rho @ kl_categorical(old, softmax(theta + c * step)) / rho.sum() <= delta:
            return theta + c * step
    return theta


def e9_2_wrong_last_candidate_kept(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        candidate = theta + c * step
        new = softmax(candidate)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            break
    return candidate


def e9_2_wrong_halving(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.5**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_linear_shrinking(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for c in np.linspace(1, 0, 31):
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_promise_may_be_negative(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise:
            return theta + c * step
    return theta


def e9_2_wrong_normalised_surrogate(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    d = rho / rho.sum()
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        if d @ kl_categorical(old, new) <= delta and d @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_whole_promise_demanded(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_true_advantage(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho, advantage = mdp.visitation(old), mdp.advantage(old)
    promise = np.sum(rho[:, None] * old * advantage * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * advantage, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_first_shrink_too_early(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    c = 1.0
    for _ in range(31):
        c *= 0.9
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
    return theta


def e9_2_wrong_best_instead_of_first(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    best, best_gain = theta, 0.0
    for c in 0.9 ** np.arange(31)[::-1]:
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        gain = rho @ np.sum(new * estimate, axis=1) / c
        if kl <= delta and gain > best_gain:
            best, best_gain = theta + c * step, gain
    return best


def e9_2_wrong_candidates_pile_up(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    candidate = theta.copy()
    for k in range(31):
        c = 0.9**k
        candidate = candidate + c * step
        new = softmax(candidate)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return candidate
    return theta


def e9_2_wrong_probabilities_returned(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return new
    return old


def e9_2_wrong_none_on_failure(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step


def e9_2_wrong_until_it_passes(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    c = 1.0
    while True:
        new = softmax(theta + c * step)
        kl = rho @ kl_categorical(old, new) / rho.sum()
        if kl <= delta and rho @ np.sum(new * estimate, axis=1) >= 0.1 * c * promise > 0:
            return theta + c * step
        c *= 0.9


def e9_2_right_numpy(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.einsum("s,sa,sa,sa->", rho, old, estimate, step)
    shares = 0.9 ** np.arange(31)
    candidates = theta + shares[:, None, None] * step
    new = softmax(candidates)
    visited = rho > 0
    kl = kl_categorical(old, new)[:, visited] @ rho[visited] / rho.sum()
    gain = np.einsum("s,ksa,sa->k", rho, new, estimate)
    passed = (kl <= delta) & (gain >= 0.1 * shares * promise) & (promise > 0)
    return candidates[passed.argmax()] if passed.any() else theta


def e9_2_right_loops(mdp, theta, step, estimate, delta):
    states, actions = range(len(theta)), range(len(theta[0]))

    def policy_of(logits):
        table = []
        for row in logits:
            weights = [math.exp(x - max(row)) for x in row]
            table.append([weight / sum(weights) for weight in weights])
        return table

    old = policy_of(theta)
    rho = mdp.visitation(np.array(old))
    promise = sum(rho[s] * old[s][a] * estimate[s][a] * step[s][a] for s in states for a in actions)
    c = 1.0
    for _ in range(31):
        candidate = [[theta[s][a] + c * step[s][a] for a in actions] for s in states]
        new, kl, gain = policy_of(candidate), 0.0, 0.0
        for s in states:
            for a in actions:
                gain += rho[s] * new[s][a] * estimate[s][a]
                if rho[s] > 0 and old[s][a] > 0:
                    kl += rho[s] * old[s][a] * math.log(old[s][a] / new[s][a]) if new[s][a] > 0 else math.inf
        if kl / sum(rho) <= delta and promise > 0 and gain >= 0.1 * c * promise:
            return candidate
        c *= 0.9
    return [list(row) for row in theta]


def e9_2_right_torch(mdp, theta, step, estimate, delta):
    start, way, A = (torch.tensor(x, dtype=torch.float64) for x in (theta, step, estimate))
    log_old = start.log_softmax(-1)
    rho = torch.tensor(mdp.visitation(log_old.exp().numpy()))
    promise = (rho[:, None] * log_old.exp() * A * way).sum()
    for k in range(31):
        log_new = (start + 0.9**k * way).log_softmax(-1)
        kl = rho @ (log_old.exp() * (log_old - log_new)).sum(1) / rho.sum()
        gain = rho @ (log_new.exp() * A).sum(1)
        if kl <= delta and gain >= 0.1 * 0.9**k * promise > 0:
            return start + 0.9**k * way
    return start


def e9_2_right_float32(mdp, theta, step, estimate, delta):
    start, way, A = np.float32(theta), np.float32(step), np.float32(estimate)

    def logs(logits):
        shifted = logits - logits.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    log_old = logs(start)
    old = np.exp(log_old)
    rho = np.float32(mdp.visitation(old))
    promise = np.sum(rho[:, None] * old * A * way)
    for c in np.float32(0.9) ** np.arange(31, dtype=np.float32):
        candidate = start + c * way
        log_new = logs(candidate)
        kl = rho @ np.sum(old * (log_old - log_new), axis=1) / rho.sum()
        if kl <= delta and rho @ np.sum(np.exp(log_new) * A, axis=1) >= np.float32(0.1) * c * promise > 0:
            return candidate
    return start


def e9_2_right_in_place(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    rho = mdp.visitation(old)
    scaled, weighted = np.array(step, dtype=float), rho[:, None] * estimate
    promise = np.vdot(weighted * old, scaled)
    tries = 31 if promise > 0 else 0
    for _ in range(tries):
        new = softmax(theta + scaled)
        kl = np.average(mdp.live * kl_categorical(old, new), weights=rho)
        if kl <= delta and np.vdot(weighted, new) >= 0.1 * promise:
            return theta + scaled
        scaled *= 0.9
        promise *= 0.9
    return theta


def e9_2_right_next(world, logits, way, A, radius):
    old = softmax(logits)
    rho = world.visitation(old)
    d = rho / rho.sum()
    slope = d @ np.sum(old * A * way, axis=1)

    def passes(c):
        new = softmax(logits + c * way)
        near = d @ kl_categorical(old, new) <= radius
        return near and slope > 0 and d @ np.sum((new - old) * A, axis=1) >= 0.1 * c * slope

    c = next((0.9**k for k in range(31) if passes(0.9**k)), 0.0)
    return logits + c * way


# 9.3 penalty_for
def e9_3_wrong_no_root(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return squared / (2 * delta)


def e9_3_wrong_two_forgotten(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(squared / delta)


def e9_3_wrong_step_length(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(2 * delta / squared)


def e9_3_wrong_radius_formula(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return squared / (2 * delta**2)


def e9_3_wrong_fisher_not_inverted(delta, g, F):
    return np.sqrt(g @ F @ g / (2 * delta))


def e9_3_wrong_plain_inverse(delta, g, F):
    return np.sqrt(abs(g @ np.linalg.inv(F) @ g) / (2 * delta))


def e9_3_wrong_no_fisher(delta, g, F):
    return np.sqrt(g @ g / (2 * delta))


def e9_3_wrong_root_above_only(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(squared) / (2 * delta)


def e9_3_wrong_best_promise(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(2 * delta * squared)


def e9_3_wrong_length_of_the_direction(delta, g, F):
    direction = np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(direction @ direction / (2 * delta))


def e9_3_wrong_diagonal(delta, g, F):
    return np.sqrt(np.sum(g**2 / np.diag(F)) / (2 * delta))


def e9_3_wrong_damped(delta, g, F):
    squared = g @ np.linalg.solve(F + 0.1 * np.eye(len(g)), g)
    return np.sqrt(squared / (2 * delta))


def e9_3_wrong_two_above(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(2 * squared / delta)


def e9_3_wrong_penalty_without_half(delta, g, F):
    # for the penalty β·ΔᵀFΔ, without the ½
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return np.sqrt(squared / (8 * delta))


def e9_3_wrong_penalised_step(delta, g, F):
    direction = np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return direction / np.sqrt(g @ direction / (2 * delta))


def e9_3_wrong_root_of_entries(delta, g, F):
    return np.sqrt(np.abs(np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g) / (2 * delta))


def e9_3_wrong_negative(delta, g, F):
    squared = g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g
    return -np.sqrt(squared / (2 * delta))


def e9_3_right_numpy(delta, g, F):
    direction = np.linalg.lstsq(F, g, rcond=1e-10)[0]
    return np.sqrt(np.dot(g, direction) / (2 * delta))


def e9_3_right_loops(delta, g, F):
    values, vectors = np.linalg.eigh(F)
    squared = 0.0
    for i in range(len(g)):
        if values[i] > 1e-10 * values[-1]:
            squared += sum(vectors[k, i] * g[k] for k in range(len(g))) ** 2 / values[i]
    return math.sqrt(squared / (2 * delta))


def e9_3_right_torch(delta, g, F):
    slope, metric = torch.tensor(g, dtype=torch.float64), torch.tensor(F, dtype=torch.float64)
    return (slope @ torch.linalg.pinv(metric, rtol=1e-10, hermitian=True) @ slope / (2 * delta)).sqrt()


def e9_3_right_float32(delta, g, F):
    slope, metric = np.float32(g), np.float32(F)
    squared = slope @ np.linalg.pinv(metric, rcond=1e-5, hermitian=True) @ slope
    return np.sqrt(squared / np.float32(2 * delta))


def e9_3_right_in_place(delta, g, F):
    values, vectors = np.linalg.eigh(F)
    shares = vectors.T @ g
    shares *= shares
    kept = values > 1e-10 * values[-1]
    shares[kept] /= values[kept]
    return np.array(np.sqrt(shares[kept].sum() / delta / 2))


def e9_3_right_step_of_weight_one(radius, slope, metric):
    # the step's KL falls with the square of the weight
    step = np.linalg.pinv(metric, rcond=1e-10, hermitian=True) @ slope
    kl = step @ metric @ step / 2
    return float(np.sqrt(kl / radius))


# 9.4 max_and_mean_kl
def e9_4_wrong_kl_reversed(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(new, old), mdp.visitation(old)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_wrong_sum_over_visits(mdp, old, new):
    rows = mdp.live * kl_categorical(old, new)
    return rows.max(), mdp.visitation(old) @ rows


def e9_4_wrong_one_minus_gamma(mdp, old, new):
    rows = mdp.live * kl_categorical(old, new)
    return rows.max(), (1 - mdp.gamma) * mdp.visitation(old) @ rows


def e9_4_wrong_states_alike(mdp, old, new):
    rows = mdp.live * kl_categorical(old, new)
    return rows.max(), rows.sum() / mdp.live.sum()


def e9_4_wrong_new_visits(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(new)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_wrong_absorbing_states_too(mdp, old, new):
    rows, rho = kl_categorical(old, new), mdp.visitation(old)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_wrong_order(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(old)
    return rho @ rows / rho.sum(), rows.max()


def e9_4_wrong_total_variation(mdp, old, new):
    rows, rho = mdp.live * total_variation(old, new), mdp.visitation(old)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_wrong_largest_share(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(old)
    shares = rho * rows / rho.sum()
    return shares.max(), shares.sum()


def e9_4_wrong_largest_single_term(mdp, old, new):
    terms = mdp.live[:, None] * old * np.log(old / new)
    rho = mdp.visitation(old)
    return terms.max(), rho @ terms.sum(axis=1) / rho.sum()


def e9_4_wrong_ratio(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(old)
    mean = rho @ rows / rho.sum()
    return rows.max() / mean, mean


def e9_4_wrong_index_of_the_largest(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(old)
    return rows.argmax(), rho @ rows / rho.sum()


def e9_4_wrong_most_visited_state(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(old)
    return rows[rho.argmax()], rho @ rows / rho.sum()


def e9_4_wrong_mask_inverted(mdp, old, new):
    rows, rho = (1 - mdp.live) * kl_categorical(old, new), mdp.visitation(old)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_wrong_start_for_visits(mdp, old, new):
    rows = mdp.live * kl_categorical(old, new)
    return rows.max(), mdp.start @ rows


def e9_4_wrong_log_ratio_unweighted(mdp, old, new):
    rows, rho = mdp.live * np.sum(np.log(old / new), axis=1), mdp.visitation(old)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_wrong_rows_not_the_largest(mdp, old, new):
    rows, rho = mdp.live * kl_categorical(old, new), mdp.visitation(old)
    return rows, rho @ rows / rho.sum()


def e9_4_wrong_quadratic_model(mdp, old, new):
    rows, rho = mdp.live * np.sum((new - old) ** 2 / old, axis=1) / 2, mdp.visitation(old)
    return rows.max(), rho @ rows / rho.sum()


def e9_4_right_numpy(mdp, old, new):
    rows, rho = kl_categorical(old, new)[mdp.live > 0], mdp.visitation(old)[mdp.live > 0]
    return np.max(rows), np.average(rows, weights=rho)


def e9_4_right_loops(mdp, old, new):
    rho, largest, total = mdp.visitation(old), 0.0, 0.0
    for s in range(len(rho)):
        if not mdp.live[s]:
            continue
        kl = 0.0
        for p, q in zip(old[s], new[s], strict=True):
            if p > 0:
                kl += p * math.log(p / q) if q > 0 else math.inf
        largest = max(largest, kl)
        if rho[s] > 0:
            total += rho[s] * kl
    return float(largest), float(total / sum(rho))


def e9_4_right_torch(mdp, old, new):
    p, q = torch.tensor(old, dtype=torch.float64), torch.tensor(new, dtype=torch.float64)
    rows = (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(1)[torch.tensor(mdp.live) > 0]
    d = torch.tensor(mdp.visitation(old) / mdp.visitation(old).sum())[torch.tensor(mdp.live) > 0]
    return rows.max(), d @ rows


def e9_4_right_float32(mdp, old, new):
    p, q = np.float32(old), np.float32(new)
    terms = q - p  # p·log(p/q) + q − p: the same sum, and no term is negative
    np.add(terms, p * np.log(np.divide(p, q, out=np.ones_like(p), where=p > 0)), out=terms, where=p > 0)
    rows, rho = np.where(mdp.live > 0, terms.sum(axis=1), np.float32(0)), np.float32(mdp.visitation(old))
    return rows.max(), rho @ rows / rho.sum()


def e9_4_right_in_place(mdp, old, new):
    rows = np.array(kl_categorical(old, new))
    rows[mdp.live == 0] = 0
    d = mdp.visitation(old).copy()
    d /= d.sum()
    return np.array([rows.max(), np.einsum("s,s->", d, rows)])


def e9_4_right_sorted(world, before, after):
    nats = np.where(world.absorbing, 0.0, kl_categorical(before, after))
    visits = world.visitation(before)
    return [sorted(nats)[-1], np.cumsum(visits * nats)[-1] / np.cumsum(visits)[-1]]


WRONG = {
    "9.1": [
        (e9_1_wrong_damped_curvature, "takes the damped curvature for the length (wrong only when ξ isn't 0)"),
        (e9_1_wrong_damping_added, "adds ξ sᵀs once more instead of taking it off (wrong only when ξ isn't 0)"),
        (e9_1_wrong_damping_as_a_number, "takes off ξ instead of ξ sᵀs (wrong only when ξ isn't 0)"),
        (e9_1_wrong_damping_off_every_entry, "takes ξ off every entry of the product (wrong only when ξ isn't 0)"),
        (e9_1_wrong_length_not_squared, "takes off ξ‖s‖ instead of ξ‖s‖² (wrong only when ξ isn't 0)"),
        (e9_1_wrong_two_forgotten, "forgets the 2: spends half of δ"),
        (e9_1_wrong_no_root, "forgets the root"),
        (e9_1_wrong_promise_of_the_direction, "the promise is gᵀs: forgets the length b"),
        (
            e9_1_wrong_gradient_for_curvature,
            "takes gᵀs for the curvature (wrong only when s doesn't solve F s = g exactly)",
        ),
        (
            e9_1_wrong_best_promise,
            "the promise is √(2δ gᵀs) (wrong only when s doesn't solve F s = g exactly)",
        ),
        (e9_1_wrong_euclidean_length, "a length in weights instead of in nats"),
        (e9_1_wrong_length_of_the_product, "‖Fs‖² instead of sᵀFs"),
        (e9_1_wrong_gradient_scaled, "scales the gradient instead of the direction"),
        (e9_1_wrong_curvature_along_the_gradient, "the curvature along g instead of along s"),
        (e9_1_wrong_quadratic_promise, "takes the KL off the promise"),
        (e9_1_wrong_order, "returns promise and step in the wrong order"),
        (e9_1_wrong_step_alone, "returns the step without the promise"),
        (e9_1_wrong_factor_for_step, "returns the factor b instead of the step bs"),
    ],
    "9.2": [
        (
            e9_2_wrong_any_gain,
            "accepts any L ≥ 0, not a share of the promise (wrong only when L is small or the promise negative; rare)",
        ),
        (
            e9_2_wrong_promise_not_shortened,
            "asks a short step for a tenth of the long one's promise (wrong only when the accepted c is small)",
        ),
        (e9_2_wrong_new_visits, "weighs by the new policy's visits (wrong only near a border of the conditions)"),
        (e9_2_wrong_kl_reversed, "KL(new‖old) (wrong only when the two directions fall on two sides of δ)"),
        (e9_2_wrong_kl_summed_over_visits, "the KL isn't divided by the mass of the visits: steps too short"),
        (e9_2_wrong_largest_kl, "the largest KL of a state instead of the mean: steps too short"),
        (e9_2_wrong_states_alike, "averages the KL over all states alike"),
        (e9_2_wrong_no_kl, "doesn't look at the KL"),
        (e9_2_wrong_kl_only, "doesn't look at the surrogate (wrong only when the step gains too little)"),
        (e9_2_wrong_last_candidate_kept, "keeps the last candidate when none passes (wrong only then)"),
        (e9_2_wrong_halving, "halves instead of shrinking by 0.9 (wrong only when the full step fails)"),
        (e9_2_wrong_linear_shrinking, "shrinks in equal steps down to 0 (wrong only when the full step fails)"),
        (
            e9_2_wrong_promise_may_be_negative,
            "doesn't ask for a positive promise (wrong only when L rises though the promise is negative; rare)",
        ),
        (
            e9_2_wrong_normalised_surrogate,
            "normalises L but not the promise (wrong only when the visits add up to about ten or more)",
        ),
        (e9_2_wrong_whole_promise_demanded, "asks for the whole promise instead of a tenth"),
        (e9_2_wrong_true_advantage, "uses the true advantage instead of the estimate (wrong only when they differ)"),
        (e9_2_wrong_first_shrink_too_early, "never tries the full step"),
        (e9_2_wrong_best_instead_of_first, "takes the candidate with the best gain per length, not the first"),
        (e9_2_wrong_candidates_pile_up, "adds each try to the one before (wrong only when the full step fails)"),
        (e9_2_wrong_probabilities_returned, "returns probabilities instead of logits"),
        (e9_2_wrong_none_on_failure, "returns nothing when no candidate passes (wrong only then)"),
        (e9_2_wrong_until_it_passes, "goes on after 31 candidates: never ends when none passes"),
    ],
    "9.3": [
        (e9_3_wrong_no_root, "forgets the root"),
        (e9_3_wrong_two_forgotten, "forgets the 2"),
        (e9_3_wrong_step_length, "the quotient upside down: 1/β, the length of the step"),
        (e9_3_wrong_radius_formula, "puts δ where β stands in the first formula of (9.9)"),
        (e9_3_wrong_fisher_not_inverted, "gᵀFg instead of gᵀF⁺g"),
        (e9_3_wrong_plain_inverse, "inverts F (wrong only when F is singular)"),
        (e9_3_wrong_no_fisher, "gᵀg: leaves F out"),
        (e9_3_wrong_root_above_only, "the root is over gᵀF⁺g only"),
        (e9_3_wrong_best_promise, "returns the best promise √(2δ gᵀF⁺g)"),
        (e9_3_wrong_length_of_the_direction, "the squared length of F⁺g instead of gᵀF⁺g"),
        (e9_3_wrong_diagonal, "uses only the diagonal of F"),
        (e9_3_wrong_damped, "damps F by 0.1"),
        (e9_3_wrong_two_above, "the 2 stands above instead of below"),
        (e9_3_wrong_penalty_without_half, "the weight of a penalty without the ½: half of β"),
        (e9_3_wrong_penalised_step, "returns the step instead of the weight"),
        (e9_3_wrong_root_of_entries, "forgets the product with g: a vector"),
        (e9_3_wrong_negative, "the negative root"),
    ],
    "9.4": [
        (e9_4_wrong_kl_reversed, "KL(new‖old)"),
        (e9_4_wrong_sum_over_visits, "the mean isn't divided by the mass of the visits"),
        (
            e9_4_wrong_one_minus_gamma,
            "multiplies by 1 − γ instead of dividing by Z (wrong only where episodes end)",
        ),
        (e9_4_wrong_states_alike, "averages over all live states alike"),
        (e9_4_wrong_new_visits, "averages over the new policy's visits"),
        (
            e9_4_wrong_absorbing_states_too,
            "lets absorbing states into the maximum (wrong only where the policies differ most there)",
        ),
        (e9_4_wrong_order, "returns mean and maximum in the wrong order"),
        (e9_4_wrong_total_variation, "total variation instead of KL"),
        (e9_4_wrong_largest_share, "the largest of the weighted KLs instead of the largest KL"),
        (e9_4_wrong_largest_single_term, "the largest term over states and actions instead of the largest KL"),
        (e9_4_wrong_ratio, "returns the maximum over the mean instead of the maximum"),
        (e9_4_wrong_index_of_the_largest, "returns the state with the largest KL instead of its KL"),
        (
            e9_4_wrong_most_visited_state,
            "the KL of the most visited state (wrong only when another one has a larger KL)",
        ),
        (e9_4_wrong_mask_inverted, "keeps only the states that absorb"),
        (e9_4_wrong_start_for_visits, "averages over the first state only"),
        (e9_4_wrong_log_ratio_unweighted, "forgets the old probabilities in the KL"),
        (e9_4_wrong_rows_not_the_largest, "returns all KLs instead of the largest"),
        (e9_4_wrong_quadratic_model, "the quadratic model instead of the KL (nearly right only for small changes)"),
    ],
}

RIGHT = {
    "9.1": [
        (e9_1_right_numpy, "numpy"),
        (e9_1_right_loops, "loops"),
        (e9_1_right_torch, "torch"),
        (e9_1_right_float32, "float32"),
        (e9_1_right_in_place, "in-place"),
        (e9_1_right_length_one_first, "direction of length 1 first; parameters renamed, 0-d array"),
        (e9_1_right_list, "a list instead of a tuple"),
    ],
    "9.2": [
        (e9_2_right_numpy, "numpy, all candidates at once"),
        (e9_2_right_loops, "loops, list of lists"),
        (e9_2_right_torch, "torch"),
        (e9_2_right_float32, "float32"),
        (e9_2_right_in_place, "in-place"),
        (e9_2_right_next, "all divided by Z, a generator; parameters renamed"),
    ],
    "9.3": [
        (e9_3_right_numpy, "numpy, least squares"),
        (e9_3_right_loops, "loops"),
        (e9_3_right_torch, "torch"),
        (e9_3_right_float32, "float32"),
        (e9_3_right_in_place, "in-place, 0-d array"),
        (e9_3_right_step_of_weight_one, "by the KL of the step of weight 1, parameters renamed"),
    ],
    "9.4": [
        (e9_4_right_numpy, "numpy, live states only"),
        (e9_4_right_loops, "loops"),
        (e9_4_right_torch, "torch"),
        (e9_4_right_float32, "float32"),
        (e9_4_right_in_place, "in-place, an array instead of a tuple"),
        (e9_4_right_sorted, "cumulative sums, a list; parameters renamed"),
    ],
}
