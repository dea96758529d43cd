"""Answers to the exercises of lesson 06, written by somebody who knows the lesson and not its checks."""

import math
from types import SimpleNamespace

import numpy as np
import torch

from trpobook.finite import bounds
from trpobook.finite.divergences import kl_categorical


# 6.1 visitation_bound
def e6_1_wrong_l1_without_half(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    return 2 * mdp.gamma / (1 - mdp.gamma) * d @ np.abs(new - old).sum(axis=1)


def e6_1_wrong_new_visits(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(new)
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * d @ tv


def e6_1_wrong_visits_over_their_sum(mdp, old, new):
    rho = mdp.visitation(old)
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * rho @ tv / rho.sum()


def e6_1_wrong_largest_tv(mdp, old, new):
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * tv.max()


def e6_1_wrong_unnormalised_visits(mdp, old, new):
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * mdp.visitation(old) @ tv


def e6_1_wrong_no_gamma_above(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 / (1 - mdp.gamma) * d @ tv


def e6_1_wrong_no_factor_two(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    tv = np.abs(new - old).sum(axis=1) / 2
    return mdp.gamma / (1 - mdp.gamma) * d @ tv


def e6_1_wrong_pinsker(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    kl = np.maximum(kl_categorical(old, new), 0)
    return 2 * mdp.gamma / (1 - mdp.gamma) * d @ np.sqrt(kl / 2)


def e6_1_wrong_no_absolute_value(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    tv = (new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * d @ tv


def e6_1_wrong_all_states_alike(mdp, old, new):
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * tv.mean()


def e6_1_wrong_left_side(mdp, old, new):
    return (1 - mdp.gamma) * np.abs(mdp.visitation(new) - mdp.visitation(old)).sum()


def e6_1_wrong_horizon_squared(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) ** 2 * d @ tv


def e6_1_wrong_mean_over_actions(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    tv = np.abs(new - old).mean(axis=1)
    return 2 * mdp.gamma / (1 - mdp.gamma) * d @ tv


def e6_1_wrong_euclidean_distance(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    distance = np.sqrt(np.sum((new - old) ** 2, axis=1))
    return 2 * mdp.gamma / (1 - mdp.gamma) * d @ distance


def e6_1_wrong_no_mean(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    tv = np.abs(new - old).sum(axis=1) / 2
    return 2 * mdp.gamma / (1 - mdp.gamma) * d * tv


def e6_1_right_numpy(mdp, old, new):
    return mdp.gamma * np.sum(mdp.visitation(old)[:, None] * np.abs(new - old))


def e6_1_right_loops(mdp, old, new):
    gamma, rho, mean_tv = mdp.gamma, mdp.visitation(old), 0.0
    for s in range(len(rho)):
        distance = sum(abs(new[s][a] - old[s][a]) for a in range(len(old[s])))
        mean_tv += (1 - gamma) * rho[s] * distance / 2
    return float(2 * gamma / (1 - gamma) * mean_tv)


def e6_1_right_torch(mdp, old, new):
    rho = torch.tensor(mdp.visitation(old))
    change = torch.tensor(new, dtype=torch.float64) - torch.tensor(old, dtype=torch.float64)
    return 2 * mdp.gamma * rho @ (change.abs().sum(1) / 2)


def e6_1_right_float32(mdp, old, new):
    gamma = np.float32(mdp.gamma)
    d = (1 - gamma) * np.float32(mdp.visitation(old))
    tv = np.abs(np.float32(new) - np.float32(old)).sum(axis=1) / np.float32(2)
    return 2 * gamma / (1 - gamma) * (d @ tv)


def e6_1_right_in_place(mdp, old, new):
    change = np.array(new, dtype=float)
    change -= old
    np.abs(change, out=change)
    change *= mdp.visitation(old)[:, None]
    return mdp.gamma * change.sum()


def e6_1_right_overlap(world, before, after):
    # TV is 1 less the common mass
    tv = 1 - np.minimum(before, after).sum(axis=1)
    d = (1 - world.gamma) * world.visitation(before)
    return np.array(2 * world.gamma / (1 - world.gamma) * np.dot(d, tv))


def e6_1_right_mass_that_grows(mdp, old, new):
    tv = np.clip(new - old, 0, None).sum(axis=1)
    return 2 * mdp.gamma * np.einsum("s,s->", mdp.visitation(old), tv)


# 6.2 trpo_penalty
FACTORS = {"tv": 4, "kl_sharp": 2, "kl_paper": 4}


def _penalty(
    name,
    factors=FACTORS,
    advantage=lambda mdp, old, new: mdp.advantage(old),
    epsilon=lambda A: np.abs(A).max(),
    constant=lambda scale, gamma: scale * gamma / (1 - gamma) ** 2,
    tv=lambda old, new: (np.abs(new - old).sum(axis=1) / 2) ** 2,
    kl=kl_categorical,
    most=lambda C, mdp, old, rows: C * np.max(rows),
):
    """Return trpo_penalty; the arguments after its name are what may be wrong in it."""

    def trpo_penalty(mdp, old, new, form):
        C = constant(factors[form] * epsilon(advantage(mdp, old, new)), mdp.gamma)
        return most(C, mdp, old, tv(old, new) if form == "tv" else kl(old, new))

    trpo_penalty.__name__ = name
    return trpo_penalty


e6_2_wrong_epsilon_signed = _penalty("e6_2_wrong_epsilon_signed", epsilon=np.max)
e6_2_wrong_mean_distance = _penalty(
    "e6_2_wrong_mean_distance",
    most=lambda C, mdp, old, rows: C * ((1 - mdp.gamma) * mdp.visitation(old)) @ rows,
)
e6_2_wrong_kl_reversed = _penalty("e6_2_wrong_kl_reversed", kl=lambda old, new: kl_categorical(new, old))
e6_2_wrong_two_and_four_swapped = _penalty(
    "e6_2_wrong_two_and_four_swapped", factors={"tv": 4, "kl_sharp": 4, "kl_paper": 2}
)
e6_2_wrong_tv_with_factor_two = _penalty(
    "e6_2_wrong_tv_with_factor_two", factors={"tv": 2, "kl_sharp": 2, "kl_paper": 4}
)
e6_2_wrong_tv_not_squared = _penalty("e6_2_wrong_tv_not_squared", tv=lambda old, new: np.abs(new - old).sum(axis=1) / 2)
e6_2_wrong_horizon_not_squared = _penalty(
    "e6_2_wrong_horizon_not_squared", constant=lambda scale, gamma: scale * gamma / (1 - gamma)
)
e6_2_wrong_no_gamma_above = _penalty(
    "e6_2_wrong_no_gamma_above", constant=lambda scale, gamma: scale / (1 - gamma) ** 2
)
e6_2_wrong_new_advantage = _penalty("e6_2_wrong_new_advantage", advantage=lambda mdp, old, new: mdp.advantage(new))
e6_2_wrong_l1_without_half = _penalty(
    "e6_2_wrong_l1_without_half", tv=lambda old, new: np.abs(new - old).sum(axis=1) ** 2
)
e6_2_wrong_epsilon_of_the_notes = _penalty(
    "e6_2_wrong_epsilon_of_the_notes",
    advantage=lambda mdp, old, new: np.sum(new * mdp.advantage(old), axis=1),
)
e6_2_wrong_kl_of_the_whole_table = _penalty(
    "e6_2_wrong_kl_of_the_whole_table", kl=lambda old, new: np.sum(old * np.log(old / new))
)
e6_2_wrong_largest_single_term = _penalty(
    "e6_2_wrong_largest_single_term",
    tv=lambda old, new: (new - old) ** 2,
    kl=lambda old, new: old * np.log(old / new),
)
e6_2_wrong_span_for_epsilon = _penalty("e6_2_wrong_span_for_epsilon", epsilon=lambda A: np.ptp(A, axis=1).max())
e6_2_wrong_always_kl = _penalty("e6_2_wrong_always_kl", tv=kl_categorical)
e6_2_wrong_mean_absolute_advantage = _penalty("e6_2_wrong_mean_absolute_advantage", epsilon=lambda A: np.abs(A).mean())


def e6_2_wrong_unknown_name(mdp, old, new, form):
    constant = {"TV": 4, "KL": 2}[form] * np.abs(mdp.advantage(old)).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    return constant * np.max(kl_categorical(old, new))


def e6_2_right_numpy(mdp, old, new, form):
    C = FACTORS[form] * np.max(np.abs(mdp.advantage(old))) * mdp.gamma / (1 - mdp.gamma) ** 2
    distances = {"tv": (0.5 * np.abs(new - old).sum(axis=1)) ** 2}.get(form)
    return C * np.max(kl_categorical(old, new) if distances is None else distances)


def e6_2_right_loops(mdp, old, new, form):
    advantage, gamma = mdp.advantage(old), mdp.gamma
    epsilon = max(abs(x) for row in advantage for x in row)
    largest = 0.0
    for before, after in zip(old, new, strict=True):
        if form == "tv":
            distance = (sum(abs(q - p) for p, q in zip(before, after, strict=True)) / 2) ** 2
        else:
            distance = sum(p * np.log(p / q) for p, q in zip(before, after, strict=True))
        largest = max(largest, distance)
    factor = 2 if form == "kl_sharp" else 4
    return float(factor * epsilon * gamma / (1 - gamma) ** 2 * largest)


def e6_2_right_torch(mdp, old, new, form):
    p, q = torch.tensor(old, dtype=torch.float64), torch.tensor(new, dtype=torch.float64)
    epsilon = torch.tensor(mdp.advantage(old)).abs().max()
    rows = ((q - p).abs().sum(1) / 2).square() if form == "tv" else (p * (p.log() - q.log())).sum(1)
    return FACTORS[form] * epsilon * mdp.gamma / (1 - mdp.gamma) ** 2 * rows.max()


def e6_2_right_float32(mdp, old, new, form):
    p, q = np.float32(old), np.float32(new)
    epsilon, gamma = np.abs(np.float32(mdp.advantage(old))).max(), np.float32(mdp.gamma)
    change = q - p
    if form == "tv":
        rows = (np.abs(change).sum(axis=1) / np.float32(2)) ** 2
    else:
        # p·log(p/q) + q − p: the same sum, and no term is negative, so that little is lost by rounding
        rows = np.sum(change - p * np.log1p(change / p), axis=1)
    return np.float32(FACTORS[form]) * epsilon * gamma / (1 - gamma) ** 2 * rows.max()


def e6_2_right_in_place(mdp, old, new, form):
    advantage = mdp.advantage(old).copy()
    np.abs(advantage, out=advantage)
    work = np.array(new, dtype=float)
    if form == "tv":
        work -= old
        np.abs(work, out=work)
        distance = (work.sum(axis=1).max() / 2) ** 2
    else:
        work /= old
        np.log(work, out=work)
        work *= old
        distance = -work.sum(axis=1).min()
    return FACTORS[form] * advantage.max() * mdp.gamma / (1 - mdp.gamma) ** 2 * distance


def e6_2_right_entropies(world, before, after, kind):
    A = world.advantage(before)
    epsilon = max(A.max(), -A.min())
    horizon = 1 / (1 - world.gamma)
    if kind == "tv":
        tv = (1 - np.minimum(before, after).sum(axis=1)).max()
        return np.array(4 * epsilon * world.gamma * (horizon * tv) ** 2)
    cross, own = -np.sum(before * np.log(after), axis=1), -np.sum(before * np.log(before), axis=1)
    return np.array((2 if kind == "kl_sharp" else 4) * epsilon * world.gamma * horizon**2 * (cross - own).max())


# 6.3 cpi_step
def _cpi(
    name,
    visited=lambda old, target: old,
    mean=lambda rho, notes, gamma: (1 - gamma) * rho @ notes,
    worst=lambda notes, A: np.abs(notes).max(),
    step=lambda mean, worst, gamma: (1 - gamma) * mean / (4 * worst * gamma),
    kept=lambda alpha: np.clip(alpha, 0, 1),
):
    """Return cpi_step; the arguments after its name are what may be wrong in it."""

    def cpi_step(mdp, old, target):
        A, rho = mdp.advantage(old), mdp.visitation(visited(old, target))
        notes = np.sum(target * A, axis=1)
        return kept(step(mean(rho, notes, mdp.gamma), worst(notes, A), mdp.gamma))

    cpi_step.__name__ = name
    return cpi_step


_cpi_step = _cpi("_cpi_step")
e6_3_wrong_not_clipped = _cpi("e6_3_wrong_not_clipped", kept=lambda alpha: alpha)
e6_3_wrong_no_lower_end = _cpi("e6_3_wrong_no_lower_end", kept=lambda alpha: min(1.0, alpha))
e6_3_wrong_unnormalised_visits = _cpi("e6_3_wrong_unnormalised_visits", mean=lambda rho, notes, gamma: rho @ notes)
e6_3_wrong_no_one_minus_gamma = _cpi(
    "e6_3_wrong_no_one_minus_gamma", step=lambda mean, worst, gamma: mean / (4 * worst * gamma)
)
e6_3_wrong_guaranteed_gain = _cpi(
    "e6_3_wrong_guaranteed_gain", step=lambda mean, worst, gamma: mean**2 / (8 * worst * gamma)
)
e6_3_wrong_largest_advantage = _cpi("e6_3_wrong_largest_advantage", worst=lambda notes, A: np.abs(A).max())
e6_3_wrong_largest_note_signed = _cpi("e6_3_wrong_largest_note_signed", worst=lambda notes, A: notes.max())
e6_3_wrong_visits_of_the_target = _cpi("e6_3_wrong_visits_of_the_target", visited=lambda old, target: target)
e6_3_wrong_two_for_four = _cpi(
    "e6_3_wrong_two_for_four", step=lambda mean, worst, gamma: (1 - gamma) * mean / (2 * worst * gamma)
)
e6_3_wrong_no_gamma_below = _cpi(
    "e6_3_wrong_no_gamma_below", step=lambda mean, worst, gamma: (1 - gamma) * mean / (4 * worst)
)
e6_3_wrong_visits_over_their_sum = _cpi(
    "e6_3_wrong_visits_over_their_sum", mean=lambda rho, notes, gamma: rho @ notes / rho.sum()
)
e6_3_wrong_absolute_mean = _cpi(
    "e6_3_wrong_absolute_mean", mean=lambda rho, notes, gamma: abs((1 - gamma) * rho @ notes)
)
e6_3_wrong_states_alike = _cpi("e6_3_wrong_states_alike", mean=lambda rho, notes, gamma: notes.mean())


def e6_3_wrong_roles_swapped(mdp, old, target):
    return _cpi_step(mdp, target, old)


def e6_3_wrong_old_actions(mdp, old, target):
    return _cpi_step(mdp, old, old)


def e6_3_wrong_returns_the_mixture(mdp, old, target):
    alpha = _cpi_step(mdp, old, target)
    return (1 - alpha) * old + alpha * target


def e6_3_wrong_nothing_returned(mdp, old, target):
    _cpi_step(mdp, old, target)


def e6_3_right_numpy(mdp, old, target):
    notes = np.einsum("sa,sa->s", target, mdp.advantage(old))
    mean = np.dot((1 - mdp.gamma) * mdp.visitation(old), notes)
    return np.clip((1 - mdp.gamma) * mean / (4 * mdp.gamma * np.linalg.norm(notes, np.inf)), 0, 1)


def e6_3_right_loops(mdp, old, target):
    advantage, rho, gamma = mdp.advantage(old), mdp.visitation(old), mdp.gamma
    mean, worst = 0.0, 0.0
    for s in range(len(rho)):
        note = sum(target[s][a] * advantage[s][a] for a in range(len(target[s])))
        mean += (1 - gamma) * rho[s] * note
        worst = max(worst, abs(note))
    step = (1 - gamma) * mean / (4 * worst * gamma)
    if step < 0:
        return 0.0
    return 1.0 if step > 1 else float(step)


def e6_3_right_torch(mdp, old, target):
    notes = (torch.tensor(target, dtype=torch.float64) * torch.tensor(mdp.advantage(old))).sum(1)
    mean = (1 - mdp.gamma) * torch.tensor(mdp.visitation(old)) @ notes
    return ((1 - mdp.gamma) * mean / (4 * notes.abs().max() * mdp.gamma)).clamp(0, 1)


def e6_3_right_float32(mdp, old, target):
    notes = np.sum(np.float32(target) * np.float32(mdp.advantage(old)), axis=1)
    gamma = np.float32(mdp.gamma)
    mean = (1 - gamma) * (np.float32(mdp.visitation(old)) @ notes)
    return np.clip((1 - gamma) * mean / (4 * np.abs(notes).max() * gamma), np.float32(0), np.float32(1))


def e6_3_right_in_place(mdp, old, target):
    notes = np.array(target, dtype=float)
    notes *= mdp.advantage(old)
    notes = notes.sum(axis=1)
    weighted = notes.copy()
    weighted *= mdp.visitation(old)
    step = (1 - mdp.gamma) ** 2 * weighted.sum() / (4 * mdp.gamma * max(notes.max(), -notes.min()))
    return np.array(max(0.0, min(1.0, step)))


def e6_3_right_by_the_surrogate(world, policy, goal):
    promise = bounds.surrogate(world, policy, goal)
    worst = np.abs(bounds.expected_advantage(world, policy, goal)).max()
    return min(max((1 - world.gamma) ** 2 * promise / (4 * worst * world.gamma), 0.0), 1.0)


# 6.4 mm_step
def _rows(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def _mm_step(
    name,
    epsilon=lambda A: np.abs(A).max(),
    constant=lambda epsilon, gamma: 2 * epsilon * gamma / (1 - gamma) ** 2,
    visits=lambda rho, gamma: rho,
    tilt=lambda old, A, alpha: _rows(old * np.exp(alpha * A)),
    penalty=lambda C, kl, d: C * np.max(kl),
    height=lambda promise, penalty: promise - penalty,
    result=lambda new, alpha: new,
):
    """Return mm_step; the arguments after its name are what may be wrong in it."""

    def mm_step(mdp, old):
        A, rho = mdp.advantage(old), mdp.visitation(old)
        C = constant(epsilon(A), mdp.gamma)

        def guarantee(alpha):
            new = tilt(old, A, alpha)
            promise = visits(rho, mdp.gamma) @ np.sum(new * A, axis=1)
            kl = np.sum(old * np.log(old / new), axis=1)
            return height(promise, penalty(C, kl, (1 - mdp.gamma) * rho))

        alpha = bounds.golden_section(guarantee, 0, 4 / ((1 - mdp.gamma) * C))
        return result(tilt(old, A, alpha), alpha)

    mm_step.__name__ = name
    return mm_step


e6_4_wrong_no_penalty = _mm_step("e6_4_wrong_no_penalty", penalty=lambda C, kl, d: 0.0)
e6_4_wrong_printed_constant = _mm_step(
    "e6_4_wrong_printed_constant", constant=lambda epsilon, gamma: 4 * epsilon * gamma / (1 - gamma) ** 2
)
e6_4_wrong_mean_kl = _mm_step("e6_4_wrong_mean_kl", penalty=lambda C, kl, d: C * d @ kl)
e6_4_wrong_horizon_not_squared = _mm_step(
    "e6_4_wrong_horizon_not_squared", constant=lambda epsilon, gamma: 2 * epsilon * gamma / (1 - gamma)
)
e6_4_wrong_normalised_promise = _mm_step("e6_4_wrong_normalised_promise", visits=lambda rho, gamma: (1 - gamma) * rho)
e6_4_wrong_states_alike = _mm_step("e6_4_wrong_states_alike", visits=lambda rho, gamma: np.full(len(rho), 1 / len(rho)))
e6_4_wrong_epsilon_signed = _mm_step("e6_4_wrong_epsilon_signed", epsilon=np.max)
e6_4_wrong_rows_not_normalised = _mm_step(
    "e6_4_wrong_rows_not_normalised", tilt=lambda old, A, alpha: old * np.exp(alpha * A)
)
e6_4_wrong_minimised = _mm_step("e6_4_wrong_minimised", height=lambda promise, penalty: penalty - promise)
e6_4_wrong_old_policy_left_out = _mm_step(
    "e6_4_wrong_old_policy_left_out", tilt=lambda old, A, alpha: _rows(np.exp(alpha * A))
)
e6_4_wrong_penalty_of_the_summed_kl = _mm_step(
    "e6_4_wrong_penalty_of_the_summed_kl", penalty=lambda C, kl, d: C * np.sum(kl)
)
e6_4_wrong_returns_alpha = _mm_step("e6_4_wrong_returns_alpha", result=lambda new, alpha: alpha)


def e6_4_wrong_downhill(mdp, old):
    A, rho = mdp.advantage(old), mdp.visitation(old)
    C = 2 * np.abs(A).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    variance = np.sum(old * A**2, axis=1)
    weights = old * np.exp(-(rho @ variance) / (C * variance.max()) * A)
    return weights / weights.sum(axis=1, keepdims=True)


def e6_4_wrong_end_of_the_search(mdp, old):
    A = mdp.advantage(old)
    C = 2 * np.abs(A).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    weights = old * np.exp(A / ((1 - mdp.gamma) * C))
    return weights / weights.sum(axis=1, keepdims=True)


def e6_4_wrong_greedy(mdp, old):
    return np.eye(old.shape[1])[mdp.advantage(old).argmax(axis=1)]


def e6_4_wrong_old_policy_itself(mdp, old):
    return old.copy()


def e6_4_wrong_until_nothing_rises(mdp, old):
    A, rho = mdp.advantage(old), mdp.visitation(old)
    C = 2 * np.abs(A).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    alpha, step, best = 0.0, 0.1 / ((1 - mdp.gamma) * C), 0.0
    while step > 0:
        new = old * np.exp((alpha + step) * A)
        new = new / new.sum(axis=1, keepdims=True)
        value = rho @ np.sum(new * A, axis=1) - C * np.max(np.sum(old * np.log(old / new), axis=1))
        if value > best:
            alpha, best = alpha + step, value
    return new


def e6_4_right_numpy(mdp, old):
    A, rho = mdp.advantage(old), mdp.visitation(old)
    C = 2 * np.abs(A).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    alphas = np.geomspace(1e-4, 4, 600) / ((1 - mdp.gamma) * C)
    tilts = old * np.exp(alphas[:, None, None] * A)
    tilts /= tilts.sum(axis=2, keepdims=True)
    promises = np.einsum("s,nsa,sa->n", rho, tilts, A)
    penalties = C * np.sum(old * np.log(old / tilts), axis=2).max(axis=1)
    return tilts[np.argmax(promises - penalties)]


def e6_4_right_loops(mdp, old):
    A, rho, gamma = mdp.advantage(old), mdp.visitation(old), mdp.gamma
    C = 2 * max(abs(x) for row in A for x in row) * gamma / (1 - gamma) ** 2
    states, actions = range(len(old)), range(len(old[0]))

    def candidate(alpha):
        rows = []
        for s in states:
            weights = [old[s][a] * np.exp(alpha * A[s][a]) for a in actions]
            rows.append([weight / sum(weights) for weight in weights])
        return rows

    def guarantee(alpha):
        new = candidate(alpha)
        promise = sum(rho[s] * new[s][a] * A[s][a] for s in states for a in actions)
        return promise - C * max(sum(old[s][a] * np.log(old[s][a] / new[s][a]) for a in actions) for s in states)

    low, high = 0.0, 4 / ((1 - gamma) * C)
    for _ in range(25):  # thirds: the peak isn't in the worse outer one
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if guarantee(left) < guarantee(right):
            low = left
        else:
            high = right
    return candidate((low + high) / 2)


def e6_4_right_torch(mdp, old):
    A, rho = torch.tensor(mdp.advantage(old)), torch.tensor(mdp.visitation(old))
    log_old = torch.tensor(old, dtype=torch.float64).log()
    C = 2 * A.abs().max() * mdp.gamma / (1 - mdp.gamma) ** 2

    def tilted(alpha):
        return (log_old + alpha * A).log_softmax(-1)

    def guarantee(alpha):
        log_new = tilted(alpha)
        worst = (log_old.exp() * (log_old - log_new)).sum(1).max()
        return (rho @ (log_new.exp() * A).sum(1) - C * worst).item()

    alpha = bounds.golden_section(guarantee, 0, 4 / ((1 - mdp.gamma) * C.item()))
    return tilted(alpha).exp()


def e6_4_right_float32(mdp, old):
    A, rho, p = np.float32(mdp.advantage(old)), np.float32(mdp.visitation(old)), np.float32(old)
    gamma = np.float32(mdp.gamma)
    C = 2 * np.abs(A).max() * gamma / (1 - gamma) ** 2
    best, best_value = np.zeros_like(p), np.float32(0)
    for alpha in np.geomspace(0.002, 4, 300, dtype=np.float32) / ((1 - gamma) * C):
        weights = np.expm1(alpha * A)  # by how much each probability changes, relative to itself
        total = np.sum(p * weights, axis=1, keepdims=True)
        change = (weights - total) / (1 + total)
        log_ratio = alpha * A - np.log1p(total)
        kl = np.sum(p * (change - log_ratio), axis=1)
        value = rho @ np.sum(p * change * A, axis=1) - C * kl.max()
        if value > best_value:
            best, best_value = change, value
    return old * (1 + best)


def e6_4_right_in_place(mdp, old):
    A, rho = mdp.advantage(old), mdp.visitation(old)
    C = bounds.trpo_constant(mdp, old, "kl_sharp")
    new = np.empty_like(A)

    def guarantee(alpha):
        np.multiply(A, alpha, out=new)
        np.exp(new, out=new)
        np.multiply(new, old, out=new)
        np.divide(new, new.sum(axis=1, keepdims=True), out=new)
        return rho @ np.sum(new * A, axis=1) - C * np.max(kl_categorical(old, new))

    guarantee(bounds.golden_section(guarantee, 0, 4 / ((1 - mdp.gamma) * C)))
    return new


def e6_4_right_library_bounds(world, policy):
    Q = world.action_value(policy)  # tilting by Q is tilting by A: V cancels in each row

    def candidate(alpha):
        weights = policy * np.exp(alpha * (Q - Q.max(axis=1, keepdims=True)))
        return weights / weights.sum(axis=1, keepdims=True)

    def guarantee(alpha):
        new = candidate(alpha)
        return bounds.surrogate(world, policy, new) - bounds.trpo_penalty(world, policy, new, "kl_sharp")

    C = bounds.trpo_constant(world, policy, "kl_sharp")
    return candidate(bounds.golden_section(guarantee, 0, 4 / ((1 - world.gamma) * C), rounds=60))


# 6.5 certified_step
def _candidates(
    old,
    A,
    rho,
    gamma,
    alphas,
    d=lambda q: (1 - q.gamma) * q.rho,
    size=lambda q: np.abs(q.A).max(),
    horizon=lambda q: q.gamma / (1 - q.gamma) ** 2,
    odds=lambda q: q.gamma / (1 - q.gamma),
    tilt=lambda q: q.old * np.exp(q.alpha * q.A),
    rows=_rows,
    notes=lambda q: np.sum(q.tilted * q.A, axis=1),
    note=lambda q: np.abs(q.notes).max(),
    tv=lambda q: np.abs(q.tilted - q.old).sum(axis=1) / 2,
    kl=lambda q: np.sum(q.old * np.log(q.old / q.tilted), axis=1),
    theorem_tv=lambda q: 4 * q.size * q.horizon * np.max(q.tv) ** 2,
    theorem_kl=lambda q: 2 * q.size * q.horizon * np.max(q.kl),
    cpo_tv=lambda q: 2 * q.note * q.horizon * q.d @ q.tv,
    cpo_kl=lambda q: q.note * q.horizon * np.sqrt(2 * max(q.d @ q.kl, 0)),
    mean_kl=lambda q: 2 * q.size / (1 - q.gamma) * (q.odds + np.sqrt(2 * q.odds)) * q.d @ q.kl,
    promise=lambda q: q.rho @ q.notes,
    penalty=min,
):
    """Yield all quantities, candidate by candidate; the arguments after the exercise's are what may be wrong."""
    q = SimpleNamespace(old=old, A=A, rho=rho, gamma=gamma, tilted=old)
    q.d, q.size, q.horizon, q.odds = d(q), size(q), horizon(q), odds(q)
    for q.alpha in alphas:
        q.tilted = rows(tilt(q))
        q.notes = notes(q)
        q.note, q.tv, q.kl, q.promise = note(q), tv(q), kl(q), promise(q)
        q.guarantee = q.promise - penalty([theorem_tv(q), theorem_kl(q), cpo_tv(q), cpo_kl(q), mean_kl(q)])
        yield q


def _certified(name, start=0.0, **oops):
    """Return certified_step with mistakes in what it knows of each candidate, or with another start."""

    def certified_step(old, A, rho, gamma, alphas):
        new, sure = old, start
        for q in _candidates(old, A, rho, gamma, alphas, **oops):
            if q.guarantee > sure:
                new, sure = q.tilted, q.guarantee
        return new, sure

    certified_step.__name__ = name
    return certified_step


_certified_step = _certified("_certified_step")
e6_5_wrong_sharp_c_before_the_mean_kl = _certified(
    "e6_5_wrong_sharp_c_before_the_mean_kl", mean_kl=lambda q: 2 * q.size * q.horizon * q.d @ q.kl
)
e6_5_wrong_old_notes = _certified("e6_5_wrong_old_notes", note=lambda q: np.abs(np.sum(q.old * q.A, axis=1)).max())
e6_5_wrong_kl_of_all_states_summed = _certified(
    "e6_5_wrong_kl_of_all_states_summed",
    cpo_kl=lambda q: q.note * q.horizon * np.sqrt(2 * q.kl.sum()),
    mean_kl=lambda q: 2 * q.size / (1 - q.gamma) * (q.odds + np.sqrt(2 * q.odds)) * q.kl.sum(),
)
e6_5_wrong_parenthesis = _certified("e6_5_wrong_parenthesis", horizon=lambda q: q.gamma / (1 - q.gamma**2))
e6_5_wrong_tilts_the_last_candidate = _certified(
    "e6_5_wrong_tilts_the_last_candidate", tilt=lambda q: q.tilted * np.exp(q.alpha * q.A)
)
e6_5_wrong_log_upside_down = _certified(
    "e6_5_wrong_log_upside_down",
    kl=lambda q: np.sum(q.old * np.log(q.tilted / q.old), axis=1),
    cpo_kl=lambda q: q.note * q.horizon * np.sqrt(abs(2 * q.d @ q.kl)),
)
e6_5_wrong_no_absolute_values = _certified(
    "e6_5_wrong_no_absolute_values", tv=lambda q: (q.tilted - q.old).sum(axis=1) / 2
)
e6_5_wrong_largest_tv_in_cpo = _certified(
    "e6_5_wrong_largest_tv_in_cpo",
    cpo_tv=lambda q: 2 * q.note * q.horizon * np.max(q.tv),
    cpo_kl=lambda q: q.note * q.horizon * np.sqrt(2 * np.max(q.kl)),
)
e6_5_wrong_mean_size_for_epsilon = _certified(
    "e6_5_wrong_mean_size_for_epsilon", size=lambda q: np.sum(q.old * np.abs(q.A), axis=1).max()
)
e6_5_wrong_gamma_forgotten_in_the_odds = _certified(
    "e6_5_wrong_gamma_forgotten_in_the_odds", odds=lambda q: 1 / (1 - q.gamma)
)
e6_5_wrong_promise_normalised_and_means_not = _certified(
    "e6_5_wrong_promise_normalised_and_means_not",
    d=lambda q: q.rho,
    promise=lambda q: (1 - q.gamma) * q.rho @ q.notes,
)
e6_5_wrong_root_outside = _certified(
    "e6_5_wrong_root_outside",
    cpo_tv=lambda q: q.note * q.horizon * q.d @ q.tv,
    cpo_kl=lambda q: q.note * q.horizon * 2 * np.sqrt(q.d @ q.kl),
)
e6_5_wrong_tv_doubled_and_signed = _certified(
    "e6_5_wrong_tv_doubled_and_signed",
    size=lambda q: q.A.max(),
    tv=lambda q: np.abs(q.tilted - q.old).sum(axis=1),
)
e6_5_wrong_reversed_and_theorem_1_alone = _certified(
    "e6_5_wrong_reversed_and_theorem_1_alone",
    kl=lambda q: np.sum(q.tilted * np.log(q.tilted / q.old), axis=1),
    penalty=lambda five: min(five[:2]),
)
e6_5_wrong_starts_below_zero = _certified("e6_5_wrong_starts_below_zero", start=-np.inf)
e6_5_wrong_advantage_of_the_candidates = _certified(
    "e6_5_wrong_advantage_of_the_candidates",
    notes=lambda q: np.sum(q.tilted * (q.A - np.sum(q.tilted * q.A, axis=1, keepdims=True)), axis=1),
)
e6_5_wrong_works_on_the_old_policy = _certified(
    "e6_5_wrong_works_on_the_old_policy", tilt=lambda q: np.multiply(q.old, np.exp(q.alpha * q.A), out=q.old)
)
e6_5_wrong_d_divided_by_its_sum = _certified("e6_5_wrong_d_divided_by_its_sum", d=lambda q: q.rho / q.rho.sum())
e6_5_wrong_means_over_rho = _certified("e6_5_wrong_means_over_rho", d=lambda q: q.rho)
e6_5_wrong_promise_over_d = _certified("e6_5_wrong_promise_over_d", promise=lambda q: q.d @ q.notes)
e6_5_wrong_promise_over_one_minus_gamma = _certified(
    "e6_5_wrong_promise_over_one_minus_gamma", promise=lambda q: q.rho @ q.notes / (1 - q.gamma)
)
e6_5_wrong_largest_advantage_signed = _certified("e6_5_wrong_largest_advantage_signed", size=lambda q: q.A.max())
e6_5_wrong_epsilon_a_for_the_note = _certified("e6_5_wrong_epsilon_a_for_the_note", note=lambda q: q.size)
e6_5_wrong_note_from_absolute_advantages = _certified(
    "e6_5_wrong_note_from_absolute_advantages", note=lambda q: np.sum(q.tilted * np.abs(q.A), axis=1).max()
)
e6_5_wrong_note_of_visited_states_only = _certified(
    "e6_5_wrong_note_of_visited_states_only", note=lambda q: np.abs(q.notes[q.rho > 0]).max()
)
e6_5_wrong_mean_note = _certified("e6_5_wrong_mean_note", note=lambda q: q.d @ np.abs(q.notes))
e6_5_wrong_kl_new_first = _certified(
    "e6_5_wrong_kl_new_first", kl=lambda q: np.sum(q.tilted * np.log(q.tilted / q.old), axis=1)
)
e6_5_wrong_tv_not_halved = _certified("e6_5_wrong_tv_not_halved", tv=lambda q: np.abs(q.tilted - q.old).sum(axis=1))
e6_5_wrong_tv_largest_action = _certified(
    "e6_5_wrong_tv_largest_action", tv=lambda q: np.abs(q.tilted - q.old).max(axis=1)
)
e6_5_wrong_horizon_once = _certified("e6_5_wrong_horizon_once", horizon=lambda q: q.gamma / (1 - q.gamma))
e6_5_wrong_square_inside_the_horizon = _certified(
    "e6_5_wrong_square_inside_the_horizon", horizon=lambda q: q.gamma / (1 - q.gamma**2)
)
e6_5_wrong_cbar_root_without_two = _certified(
    "e6_5_wrong_cbar_root_without_two",
    mean_kl=lambda q: 2 * q.size / (1 - q.gamma) * (q.odds + np.sqrt(q.odds)) * q.d @ q.kl,
)
e6_5_wrong_cbar_printed_constant = _certified(
    "e6_5_wrong_cbar_printed_constant", mean_kl=lambda q: 2 * q.size * q.odds / (1 - q.gamma) * q.d @ q.kl
)
e6_5_wrong_theorem_1_with_mean_kl = _certified(
    "e6_5_wrong_theorem_1_with_mean_kl", theorem_kl=lambda q: 2 * q.size * q.horizon * q.d @ q.kl
)
e6_5_wrong_theorem_1_with_mean_tv_squared = _certified(
    "e6_5_wrong_theorem_1_with_mean_tv_squared", theorem_tv=lambda q: 4 * q.size * q.horizon * q.d @ q.tv**2
)
e6_5_wrong_cpo_root_without_two = _certified(
    "e6_5_wrong_cpo_root_without_two", cpo_kl=lambda q: q.note * q.horizon * np.sqrt(max(q.d @ q.kl, 0))
)
e6_5_wrong_cpo_tv_without_two = _certified(
    "e6_5_wrong_cpo_tv_without_two", cpo_tv=lambda q: q.note * q.horizon * q.d @ q.tv
)
e6_5_wrong_cpo_largest_tv = _certified(
    "e6_5_wrong_cpo_largest_tv", cpo_tv=lambda q: 2 * q.note * q.horizon * q.tv.max()
)
e6_5_wrong_largest_penalty = _certified("e6_5_wrong_largest_penalty", penalty=max)
e6_5_wrong_sum_of_penalties = _certified("e6_5_wrong_sum_of_penalties", penalty=sum)
e6_5_wrong_no_normalisation_by_rows = _certified(
    "e6_5_wrong_no_normalisation_by_rows", rows=lambda weights: weights / weights.sum() * len(weights)
)
e6_5_wrong_softmax_forgets_old = _certified("e6_5_wrong_softmax_forgets_old", tilt=lambda q: np.exp(q.alpha * q.A))
e6_5_wrong_temperature = _certified("e6_5_wrong_temperature", tilt=lambda q: q.old * np.exp(q.A / q.alpha))
e6_5_wrong_first_order_tilt = _certified(
    "e6_5_wrong_first_order_tilt", tilt=lambda q: np.maximum(q.old * (1 + q.alpha * q.A), 1e-12)
)
e6_5_wrong_never_stays = _certified("e6_5_wrong_never_stays", start=-np.inf)
e6_5_wrong_builds_on_the_last_candidate = _certified(
    "e6_5_wrong_builds_on_the_last_candidate", tilt=lambda q: q.tilted * np.exp(q.alpha * q.A)
)
e6_5_wrong_in_place_tilt = _certified(
    "e6_5_wrong_in_place_tilt",
    tilt=lambda q: np.multiply(q.old, np.exp(q.alpha * q.A), out=q.old),
    rows=lambda weights: np.divide(weights, weights.sum(axis=1, keepdims=True), out=weights),
)
e6_5_wrong_d_for_rho_everywhere_and_tv_doubled = _certified(
    "e6_5_wrong_d_for_rho_everywhere_and_tv_doubled",
    tv=lambda q: np.abs(q.tilted - q.old).sum(axis=1),
    promise=lambda q: q.d @ q.notes,
)
e6_5_wrong_normalised_d_and_signed_epsilon = _certified(
    "e6_5_wrong_normalised_d_and_signed_epsilon", d=lambda q: q.rho / q.rho.sum(), size=lambda q: q.A.max()
)
e6_5_wrong_kl_reversed_and_horizon_once = _certified(
    "e6_5_wrong_kl_reversed_and_horizon_once",
    horizon=lambda q: q.gamma / (1 - q.gamma),
    kl=lambda q: np.sum(q.tilted * np.log(q.tilted / q.old), axis=1),
)
e6_5_wrong_mean_kl_theorem_alone = _certified("e6_5_wrong_mean_kl_theorem_alone", penalty=lambda five: five[4])
e6_5_wrong_cpo_alone = _certified("e6_5_wrong_cpo_alone", penalty=lambda five: five[2])


def e6_5_wrong_stays_for_longer(old, A, rho, gamma, alphas):
    new, sure, bar = old, 0.0, 0.0
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee > bar:
            new, sure, bar = q.tilted, q.guarantee, q.promise
    return new, sure


def e6_5_wrong_single_precision(old, A, rho, gamma, alphas):
    return _certified_step(*map(np.float32, (old, A, rho, gamma, alphas)))


def e6_5_wrong_float32_throughout(old, A, rho, gamma, alphas):
    new, sure = _certified_step(*map(np.float32, (old, A, rho, gamma, alphas)))
    return (new, sure) if sure > 0 else (old, 0.0)


def e6_5_wrong_returns_the_length(old, A, rho, gamma, alphas):
    length, sure = 0.0, 0.0
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee > sure:
            length, sure = q.alpha, q.guarantee
    return length, sure


def e6_5_wrong_length_for_the_policy(old, A, rho, gamma, alphas):
    return e6_5_wrong_returns_the_length(old, A, rho, gamma, alphas)


def e6_5_wrong_largest_safe_step(old, A, rho, gamma, alphas):
    new, sure = old, 0.0
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee > 0:
            new, sure = q.tilted, q.guarantee
    return new, sure


def e6_5_wrong_first_safe_step(old, A, rho, gamma, alphas):
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee > 0:
            return q.tilted, q.guarantee
    return old, 0.0


def e6_5_wrong_stops_at_the_first_fall(old, A, rho, gamma, alphas):
    new, sure = old, 0.0
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee <= sure:
            break
        new, sure = q.tilted, q.guarantee
    return new, sure


def e6_5_wrong_certifies_the_promise(old, A, rho, gamma, alphas):
    new, sure, promised = old, 0.0, 0.0
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee > sure:
            new, sure, promised = q.tilted, q.guarantee, q.promise
    return new, promised


def e6_5_wrong_chooses_the_largest_promise(old, A, rho, gamma, alphas):
    new, sure, top = old, 0.0, 0.0
    for q in _candidates(old, A, rho, gamma, alphas):
        if q.guarantee > 0 and q.promise > top:
            new, sure, top = q.tilted, q.guarantee, q.promise
    return new, sure


def e6_5_wrong_stays_with_the_least_bad(old, A, rho, gamma, alphas):
    guarantees = [q.guarantee for q in _candidates(old, A, rho, gamma, alphas)]
    return _certified_step(old, A, rho, gamma, alphas)[0], max([-np.inf, *guarantees])


def e6_5_wrong_smallest_step_for_stay(old, A, rho, gamma, alphas):
    new, sure = _certified_step(old, A, rho, gamma, alphas)
    return (new, sure) if sure > 0 else (_rows(old * np.exp(alphas[0] * A)), 0.0)


def e6_5_wrong_order_of_the_pair(old, A, rho, gamma, alphas):
    return _certified_step(old, A, rho, gamma, alphas)[::-1]


def e6_5_wrong_one_buffer_returned(old, A, rho, gamma, alphas):
    new, sure, tilted = old, 0.0, np.empty(np.shape(old))
    for q in _candidates(old, A, rho, gamma, alphas):
        tilted[:] = q.tilted
        if q.guarantee > sure:
            new, sure = tilted, q.guarantee
    return new, sure


def _all_at_once(name, note, least):
    """Return certified_step for an array of candidates, with its largest notes and its least penalties."""

    def certified_step(old, A, rho, gamma, alphas):
        tilts = old * np.exp(alphas[:, None, None] * A)
        tilts /= tilts.sum(axis=-1, keepdims=True)
        d, horizon, odds = (1 - gamma) * rho, gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
        notes, size = (tilts * A).sum(axis=-1), np.abs(A).max()
        largest = note(np.abs(notes))
        tv, kl = np.abs(tilts - old).sum(axis=-1) / 2, (old * np.log(old / tilts)).sum(axis=-1)
        mean_kl = np.maximum(kl @ d, 0)
        penalties = np.array(
            [
                4 * size * horizon * tv.max(axis=1) ** 2,
                2 * size * horizon * kl.max(axis=1),
                2 * largest * horizon * (tv @ d),
                largest * horizon * np.sqrt(2 * mean_kl),
                2 * size / (1 - gamma) * (odds + np.sqrt(2 * odds)) * mean_kl,
            ]
        )
        guarantees = notes @ rho - least(penalties)
        i = np.argmax(guarantees)
        return (tilts[i], guarantees[i]) if guarantees[i] > 0 else (old, 0.0)

    certified_step.__name__ = name
    return certified_step


e6_5_wrong_least_penalty_of_all_candidates = _all_at_once(
    "e6_5_wrong_least_penalty_of_all_candidates",
    note=lambda sizes: sizes.max(axis=1),
    least=lambda penalties: penalties.min(),
)
e6_5_wrong_largest_note_of_all_candidates = _all_at_once(
    "e6_5_wrong_largest_note_of_all_candidates",
    note=lambda sizes: sizes.max(),
    least=lambda penalties: penalties.min(axis=0),
)


def e6_5_wrong_after_the_peak(old, A, rho, gamma, alphas):
    def candidate(alpha):
        weights = old * np.exp(alpha * A)
        return weights / weights.sum(axis=1, keepdims=True)

    def guarantee(new):
        notes, tv = np.sum(new * A, axis=1), np.abs(new - old).sum(axis=1) / 2
        mean_kl = (1 - gamma) * rho @ kl_categorical(old, new)
        odds = gamma / (1 - gamma)
        cpo = 2 * gamma / (1 - gamma) * np.abs(notes).max() * rho @ tv
        return rho @ notes - min(cpo, 2 * np.abs(A).max() / (1 - gamma) * (odds + np.sqrt(2 * odds)) * mean_kl)

    i = 0
    while i + 1 < len(alphas) and guarantee(candidate(alphas[i + 1])) > guarantee(candidate(alphas[i])):
        i += 1
    new = candidate(alphas[min(i + 1, len(alphas) - 1)])
    return (new, guarantee(new)) if guarantee(new) > 0 else (old, 0.0)


def e6_5_wrong_least_of_all_candidates(old, A, rho, gamma, alphas):
    tilts = old * np.exp(alphas[:, None, None] * A)
    tilts = tilts / tilts.sum(axis=2, keepdims=True)
    tv, kl = np.abs(tilts - old).sum(axis=2) / 2, kl_categorical(old, tilts)
    d, odds, notes = (1 - gamma) * rho, gamma / (1 - gamma), np.sum(tilts * A, axis=2)
    cpo = 2 * gamma / (1 - gamma) ** 2 * np.abs(notes).max(axis=1) * (tv @ d)
    mean = 2 * np.abs(A).max() / (1 - gamma) * (odds + np.sqrt(2 * odds)) * (kl @ d)
    guarantees = notes @ rho - np.minimum(cpo, mean).min()
    best = guarantees.argmax()
    return (tilts[best], guarantees[best]) if guarantees[best] > 0 else (old, 0.0)


def e6_5_wrong_smallest_penalty_state_by_state(old, A, rho, gamma, alphas):
    d, horizon, odds = (1 - gamma) * rho, gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    size, new, sure = np.abs(A).max(), old, 0.0
    for alpha in alphas:
        tilted = old * np.exp(alpha * A)
        tilted /= tilted.sum(axis=1, keepdims=True)
        notes = np.sum(tilted * A, axis=1)
        tv = np.abs(tilted - old).sum(axis=1) / 2
        kl = np.maximum(np.sum(old * np.log(old / tilted), axis=1), 0)
        cpo = 2 * np.abs(notes) * horizon * tv
        by_mean_kl = 2 * size / (1 - gamma) * (odds + np.sqrt(2 * odds)) * kl
        guarantee = rho @ notes - d @ np.minimum(cpo, by_mean_kl)
        if guarantee > sure:
            new, sure = tilted, guarantee
    return new, sure


def e6_5_right_numpy(old, A, rho, gamma, alphas):
    tilts = old * np.exp(alphas[:, None, None] * A)
    tilts /= tilts.sum(axis=-1, keepdims=True)
    notes, d = np.einsum("nsa,sa->ns", tilts, A), (1 - gamma) * rho
    tv, kl = 0.5 * np.abs(tilts - old).sum(axis=-1), np.sum(old * np.log(old / tilts), axis=-1)
    C, epsilon, note = gamma / (1 - gamma) ** 2, np.abs(A).max(), np.abs(notes).max(axis=1)
    C_bar = 2 * epsilon / (1 - gamma) * (gamma / (1 - gamma) + np.sqrt(2 * gamma / (1 - gamma)))
    theorem = np.minimum(4 * C * epsilon * tv.max(axis=1) ** 2, 2 * C * epsilon * kl.max(axis=1))
    cpo = np.minimum(2 * C * note * (tv @ d), C * note * np.sqrt(2 * np.abs(kl @ d)))
    guarantees = notes @ rho - np.minimum(np.minimum(theorem, cpo), C_bar * (kl @ d))
    i = np.argmax(guarantees)
    if guarantees[i] <= 0:
        return old, 0.0
    return tilts[i], guarantees[i]


def e6_5_right_loops(old, A, rho, gamma, alphas):
    states, actions = range(len(old)), range(len(old[0]))
    size = max(abs(A[s][a]) for s in states for a in actions)
    best, sure = [list(row) for row in old], 0
    for alpha in alphas:
        rows = []
        for s in states:
            weights = [old[s][a] * np.exp(alpha * A[s][a]) for a in actions]
            total = sum(weights)
            rows.append([weight / total for weight in weights])
        promise = note = mean_tv = mean_kl = most_tv = most_kl = 0
        for s in states:
            bar = sum(rows[s][a] * A[s][a] for a in actions)
            tv = sum(abs(rows[s][a] - old[s][a]) for a in actions) / 2
            kl = sum(old[s][a] * np.log(old[s][a] / rows[s][a]) for a in actions)
            promise += rho[s] * bar
            mean_tv += (1 - gamma) * rho[s] * tv
            mean_kl += (1 - gamma) * rho[s] * kl
            note, most_tv, most_kl = max(note, abs(bar)), max(most_tv, tv), max(most_kl, kl)
        far = gamma / (1 - gamma) ** 2
        penalty = min(
            4 * size * far * most_tv**2,
            2 * size * far * most_kl,
            2 * note * far * mean_tv,
            note * far * (2 * mean_kl) ** 0.5,
            2 * size / (1 - gamma) * (gamma / (1 - gamma) + (2 * gamma / (1 - gamma)) ** 0.5) * mean_kl,
        )
        if promise - penalty > sure:
            best, sure = rows, promise - penalty
    return best, sure


def e6_5_right_torch(old, A, rho, gamma, alphas):
    p, A, rho = torch.tensor(old), torch.tensor(A), torch.tensor(rho)
    alphas = torch.tensor(alphas)
    log_new = (p.log() + alphas[:, None, None] * A).log_softmax(-1)
    new, far, odds = log_new.exp(), gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    kl, tv = (p * (p.log() - log_new)).sum(-1), (new - p).abs().sum(-1) / 2
    notes, d, size = (new * A).sum(-1), (1 - gamma) * rho, A.abs().max()
    note = notes.abs().amax(1)
    penalties = torch.stack(
        [
            4 * size * far * tv.amax(1) ** 2,
            2 * size * far * kl.amax(1),
            2 * note * far * (tv @ d),
            note * far * (2 * (kl @ d).clamp(min=0)).sqrt(),
            2 * size / (1 - gamma) * (odds + (2 * odds) ** 0.5) * (kl @ d),
        ]
    )
    sure, i = (notes @ rho - penalties.amin(0)).max(0)
    return (new[i], sure) if sure > 0 else (p, torch.zeros_like(sure))


def e6_5_right_two_bounds(policy, advantage, visits, discount, lengths):
    """Leave out what can't be the least; by (4.6) the KL of a tilt is the logarithm of its sum, for E A = 0."""
    h = 1 / (1 - discount)
    c_bar = 2 * np.abs(advantage).max() * h * (discount * h + np.sqrt(2 * discount * h))
    options = [(0.0, policy)]
    for length in lengths:
        weights = policy * np.exp(length * advantage)
        total = weights.sum(1)
        tilted, nats = weights / total[:, None], np.log(total)
        note = (tilted * advantage).sum(1)
        moved = np.maximum(tilted - policy, 0).sum(1)
        cpo = 2 * discount * h * np.max(note) * (visits @ moved)
        options.append((visits @ note - min(cpo, c_bar * (visits @ nats) / h), tilted))
    sure, new = max(options, key=lambda option: option[0])
    return [new, np.array(sure)]


def e6_5_right_float32(old, A, rho, gamma, alphas):
    p, A, rho, g = np.float32(old), np.float32(A), np.float32(rho), np.float32(gamma)
    best, sure = np.zeros_like(p), np.float32(0)
    d, far, odds, size = (1 - g) * rho, g / (1 - g) ** 2, g / (1 - g), np.abs(A).max()
    for alpha in np.float32(alphas):
        weights = np.expm1(alpha * A)  # by how much each probability changes, relative to itself
        total = np.sum(p * weights, axis=1, keepdims=True)
        change = (weights - total) / (1 + total)
        kl = np.sum(p * (change - (alpha * A - np.log1p(total))), axis=1)
        tv, notes = np.sum(p * np.abs(change), axis=1) / 2, np.sum(p * change * A, axis=1)
        cpo = 2 * far * np.abs(notes).max() * (d @ tv)
        value = rho @ notes - min(cpo, 2 * size / (1 - g) * (odds + np.sqrt(2 * odds)) * (d @ kl))
        if value > sure:
            best, sure = change, value
    return old * (1 + best), sure


def e6_5_right_in_place(old, A, rho, gamma, alphas):
    tilted, best, sure = np.empty_like(old), old.copy(), 0.0
    weights = (1 - gamma) * rho
    for alpha in alphas:
        np.exp(np.multiply(A, alpha, out=tilted), out=tilted)
        tilted *= old
        tilted /= tilted.sum(axis=1)[:, None]
        kl, tv = kl_categorical(old, tilted), np.abs(tilted - old).sum(axis=1) / 2
        bar = np.sum(tilted * A, axis=1)
        penalty = 4 * np.abs(A).max() * gamma / (1 - gamma) ** 2 * min(np.max(tv) ** 2, np.max(kl) / 2)
        factor = gamma * np.max(np.abs(bar)) / (1 - gamma) ** 2
        penalty = min(penalty, 2 * factor * (weights @ tv), factor * np.sqrt(max(2 * weights @ kl, 0)))
        root = np.sqrt(2 * gamma / (1 - gamma))
        mean = 2 * np.abs(A).max() / (1 - gamma) * (gamma / (1 - gamma) + root) * (weights @ kl)
        if rho @ bar - min(penalty, mean) > sure:
            best[:], sure = tilted, rho @ bar - min(penalty, mean)
    return best, sure


def e6_5_right_einsum(old, A, rho, gamma, alphas):
    weights = old[None] * np.exp(np.einsum("n,sa->nsa", alphas, A))
    pis = weights / weights.sum(axis=2, keepdims=True)
    d, h, odds = (1 - gamma) * rho, gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    notes = np.einsum("nsa,sa->ns", pis, A)
    tv = 0.5 * np.abs(pis - old).sum(axis=2)
    kl = (old * (np.log(old) - np.log(pis))).sum(axis=2)
    eps_A, eps = np.abs(A).max(), np.abs(notes).max(axis=1)
    mean_tv, mean_kl = tv @ d, np.clip(kl @ d, 0, None)
    penalties = np.stack(
        [
            4 * eps_A * h * tv.max(axis=1) ** 2,
            2 * eps_A * h * kl.max(axis=1),
            2 * h * eps * mean_tv,
            h * eps * np.sqrt(2 * mean_kl),
            2 * eps_A / (1 - gamma) * (odds + np.sqrt(2 * odds)) * mean_kl,
        ]
    )
    sure = notes @ rho - penalties.min(axis=0)
    i = int(sure.argmax())
    if sure[i] <= 0:
        return old, 0
    return pis[i], float(sure[i])


def e6_5_right_plain_loops(old, A, rho, gamma, alphas):
    states, actions = range(len(old)), range(len(old[0]))
    size = max(abs(float(A[s][a])) for s in states for a in actions)
    h, odds = gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    new, sure = [[float(x) for x in row] for row in old], 0.0
    for alpha in alphas:
        candidate, promise, note = [], 0.0, 0.0
        max_tv = max_kl = mean_tv = mean_kl = 0.0
        for s in states:
            row = [float(old[s][a]) * math.exp(alpha * A[s][a]) for a in actions]
            row = [x / sum(row) for x in row]
            expected = math.fsum(row[a] * A[s][a] for a in actions)
            tv = math.fsum(abs(row[a] - old[s][a]) for a in actions) / 2
            kl = math.fsum(old[s][a] * math.log(old[s][a] / row[a]) for a in actions)
            promise, note = promise + rho[s] * expected, max(note, abs(expected))
            max_tv, max_kl = max(max_tv, tv), max(max_kl, kl)
            mean_tv, mean_kl = mean_tv + (1 - gamma) * rho[s] * tv, mean_kl + (1 - gamma) * rho[s] * kl
            candidate.append(row)
        least = min(
            4 * size * h * max_tv**2,
            2 * size * h * max_kl,
            2 * h * note * mean_tv,
            h * note * math.sqrt(2 * max(mean_kl, 0.0)),
            2 * size / (1 - gamma) * (odds + math.sqrt(2 * odds)) * mean_kl,
        )
        if promise - least > sure:
            new, sure = candidate, promise - least
    return new, sure


def e6_5_right_torch_clamped(old, A, rho, gamma, alphas):
    pi, A, rho = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (old, A, rho))
    lengths = torch.tensor(np.asarray(alphas), dtype=torch.float64)[:, None, None]
    log_new = torch.log_softmax(pi.log() + lengths * A, dim=-1)
    new, d = log_new.exp(), (1 - gamma) * rho
    notes, tv, kl = (new * A).sum(-1), (new - pi).abs().sum(-1) / 2, (pi * (pi.log() - log_new)).sum(-1)
    size, note, h, odds = A.abs().max(), notes.abs().amax(1), gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    mean_kl = (kl @ d).clamp(min=0)
    rows = [
        4 * size * h * tv.amax(1) ** 2,
        2 * size * h * kl.amax(1),
        2 * h * note * (tv @ d),
        h * note * (2 * mean_kl).sqrt(),
        2 * size / (1 - gamma) * (odds + (2 * odds) ** 0.5) * mean_kl,
    ]
    guarantee = notes @ rho - torch.stack(rows).amin(0)
    best = guarantee.argmax()
    if guarantee[best] > 0:
        return new[best], guarantee[best]
    return pi, torch.tensor(0.0)


def e6_5_right_returned_in_single_precision(old, A, rho, gamma, alphas):
    best = (old, 0.0)
    d, h, odds = (1 - gamma) * rho, gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    for alpha in alphas:
        pi = old * np.exp(alpha * A)
        pi /= pi.sum(axis=1, keepdims=True)
        notes = np.einsum("sa,sa->s", pi, A)
        tv, kl = 0.5 * np.abs(pi - old).sum(axis=1), np.sum(old * np.log(old / pi), axis=1)
        note, size = np.abs(notes).max(), np.abs(A).max()
        penalty = np.min(
            [
                4 * size * h * tv.max() ** 2,
                2 * size * h * kl.max(),
                2 * h * note * np.dot(d, tv),
                h * note * np.sqrt(2 * max(np.dot(d, kl), 0)),
                2 * size / (1 - gamma) * (odds + np.sqrt(2 * odds)) * np.dot(d, kl),
            ]
        )
        best = max(best, (pi, np.dot(rho, notes) - penalty), key=lambda pair: pair[1])
    return np.float32(best[0]), np.float32(best[1])


def e6_5_right_two_penalties_only(policy, advantage, visits, discount, lengths):
    worst = np.abs(advantage).max()
    odds = discount / (1 - discount)
    constant = 2 * worst * (odds + np.sqrt(2 * odds))  # the 1 - gamma of the mean over d has cancelled
    chosen, certificate = policy, 0.0
    for length in lengths:
        tilt = policy * np.exp(length * advantage)
        tilt = tilt / tilt.sum(axis=1)[:, None]
        notes = np.sum((tilt - policy) * advantage, axis=1)
        cpo = np.max(np.abs(notes)) * odds * visits @ np.abs(tilt - policy).sum(axis=1)
        mean_kl = constant * visits @ np.sum(policy * np.log(policy / tilt), axis=1)
        if visits @ notes - min(cpo, mean_kl) > certificate:
            chosen, certificate = tilt, visits @ notes - min(cpo, mean_kl)
    return chosen, certificate


def e6_5_right_closed_form_kl(old, A, rho, gamma, alphas):
    A0 = A - np.sum(old * A, axis=1, keepdims=True)  # 0 up to rounding
    odds, size = gamma / (1 - gamma), np.abs(A).max()

    def candidate(alpha):
        log_z = np.log1p(np.sum(old * np.expm1(alpha * A0), axis=1))
        return old * np.exp(alpha * A0 - log_z[:, None]), log_z

    def guarantee(alpha):
        pi, kl = candidate(alpha)
        notes = np.sum(pi * A0, axis=1)  # never negative along a tilt
        tv = np.maximum(pi - old, 0).sum(axis=1)
        by_tv = 2 * odds * notes.max() * (rho @ tv)
        return rho @ notes - min(by_tv, 2 * size * (odds + np.sqrt(2 * odds)) * (rho @ kl))

    values = [guarantee(alpha) for alpha in alphas]
    best = max(range(len(values)), key=values.__getitem__)
    return [candidate(alphas[best])[0], values[best]] if values[best] > 0 else [old, 0.0]


def e6_5_right_stable_exponent(old, A, rho, gamma, alphas):
    logits, options = np.log(old), [(0.0, np.array(old))]
    for alpha in alphas:
        z = logits + alpha * A
        z = z - z.max(axis=1, keepdims=True)
        log_pi = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        pi = np.exp(log_pi)
        notes = (pi * A).sum(1)
        tv, kl = 1 - np.minimum(pi, old).sum(1), ((logits - log_pi) * old).sum(1)
        e, n, c, odds = np.abs(A).max(), np.abs(notes).max(), gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
        m_tv, m_kl = (1 - gamma) * (rho @ tv), max((1 - gamma) * (rho @ kl), 0.0)
        five = (
            4 * e * c * tv.max() ** 2,
            2 * e * c * kl.max(),
            2 * n * c * m_tv,
            n * c * np.sqrt(2 * m_kl),
            2 * e / (1 - gamma) * (odds + np.sqrt(2 * odds)) * m_kl,
        )
        options.append((rho @ notes - min(five), pi))
    sure, new = max(options, key=lambda pair: pair[0])
    return new, np.array(sure)


WRONG = {
    "6.1": [
        (e6_1_wrong_l1_without_half, "TV without its half: twice the bound"),
        (e6_1_wrong_new_visits, "the mean over the new policy's states"),
        (
            e6_1_wrong_visits_over_their_sum,
            "divides the visits by their sum instead of multiplying by 1 − γ (wrong only where episodes end)",
        ),
        (e6_1_wrong_largest_tv, "the largest TV instead of the mean"),
        (e6_1_wrong_unnormalised_visits, "forgets 1 − γ: the visits aren't normalised"),
        (e6_1_wrong_no_gamma_above, "2/(1 − γ) instead of 2γ/(1 − γ)"),
        (e6_1_wrong_no_factor_two, "forgets the 2 in 2γ/(1 − γ)"),
        (e6_1_wrong_pinsker, "takes √(KL/2) for TV, which is larger"),
        (e6_1_wrong_no_absolute_value, "forgets the absolute value: differences cancel to 0"),
        (e6_1_wrong_all_states_alike, "averages over all states alike instead of over the visits"),
        (e6_1_wrong_left_side, "computes the shift itself, the left side"),
        (e6_1_wrong_horizon_squared, "divides by (1 − γ)² instead of 1 − γ"),
        (
            e6_1_wrong_mean_over_actions,
            "divides by the number of actions instead of by 2 (wrong only when there are not 2 actions)",
        ),
        (e6_1_wrong_euclidean_distance, "the Euclidean distance of the rows instead of TV"),
        (e6_1_wrong_no_mean, "forgets the sum over states: returns a vector"),
    ],
    "6.2": [
        (
            e6_2_wrong_epsilon_signed,
            "ε is the largest A instead of the largest |A| (wrong only when the worst action is the extreme one)",
        ),
        (e6_2_wrong_mean_distance, "the mean distance over the visits instead of the largest"),
        (e6_2_wrong_kl_reversed, "KL(new‖old) instead of KL(old‖new)"),
        (e6_2_wrong_two_and_four_swapped, "the factors of the two KL forms are swapped"),
        (e6_2_wrong_tv_with_factor_two, "the TV form gets the factor 2 of Pinsker too"),
        (e6_2_wrong_tv_not_squared, "TV isn't squared"),
        (e6_2_wrong_horizon_not_squared, "1 − γ isn't squared"),
        (e6_2_wrong_no_gamma_above, "forgets γ in the constant"),
        (e6_2_wrong_new_advantage, "ε of the new policy's advantage"),
        (e6_2_wrong_l1_without_half, "TV without its half: the TV form is four times too large"),
        (e6_2_wrong_epsilon_of_the_notes, "ε of the notes, which is CPO's, instead of the advantages"),
        (e6_2_wrong_kl_of_the_whole_table, "adds up the KL of all states instead of taking the largest"),
        (e6_2_wrong_largest_single_term, "the largest over states and actions: the sum over actions is missing"),
        (e6_2_wrong_span_for_epsilon, "the largest span of A instead of the largest |A|"),
        (e6_2_wrong_always_kl, "the TV form uses the KL"),
        (e6_2_wrong_mean_absolute_advantage, "ε is the mean of |A| instead of the largest"),
        (e6_2_wrong_unknown_name, "looks for other names of the forms, and crashes"),
    ],
    "6.3": [
        (e6_3_wrong_not_clipped, "not kept in [0, 1] (wrong only when the formula leaves the interval)"),
        (e6_3_wrong_no_lower_end, "only the upper end is kept (wrong only when the target is worse on average)"),
        (e6_3_wrong_unnormalised_visits, "forgets 1 − γ in the mean note: sums over visits"),
        (e6_3_wrong_no_one_minus_gamma, "forgets the 1 − γ in the numerator of (6.14)"),
        (e6_3_wrong_guaranteed_gain, "returns the guaranteed gain instead of the step"),
        (e6_3_wrong_largest_advantage, "ε' is the largest |A| instead of the target's largest note"),
        (
            e6_3_wrong_largest_note_signed,
            "ε' without the absolute value (wrong only when the extreme note is negative)",
        ),
        (e6_3_wrong_visits_of_the_target, "averages over the target's states instead of the old policy's"),
        (e6_3_wrong_two_for_four, "2 instead of 4 in the denominator: twice the step"),
        (e6_3_wrong_no_gamma_below, "forgets γ in the denominator"),
        (
            e6_3_wrong_visits_over_their_sum,
            "divides the visits by their sum instead of multiplying by 1 − γ (wrong only where episodes end)",
        ),
        (e6_3_wrong_roles_swapped, "old and target swapped"),
        (
            e6_3_wrong_absolute_mean,
            "absolute value of the mean note: steps towards a worse target (wrong only when the mean is negative)",
        ),
        (e6_3_wrong_states_alike, "averages the notes over all states alike"),
        (e6_3_wrong_old_actions, "notes of the old policy, which are 0: divides rounding errors"),
        (e6_3_wrong_returns_the_mixture, "returns the mixed policy instead of its weight"),
        (e6_3_wrong_nothing_returned, "forgets to return the result"),
    ],
    "6.4": [
        (e6_4_wrong_no_penalty, "maximises the promise alone: walks to the end of the interval"),
        (e6_4_wrong_printed_constant, "the printed 4 for the sharp 2: half the step, three quarters of the guarantee"),
        (e6_4_wrong_mean_kl, "the mean KL for the largest: too long a step"),
        (e6_4_wrong_horizon_not_squared, "1 − γ isn't squared in C: too long a step"),
        (e6_4_wrong_normalised_promise, "the promise with normalised visits: too short a step"),
        (e6_4_wrong_states_alike, "the promise averages over all states alike"),
        (
            e6_4_wrong_epsilon_signed,
            "ε is the largest A, not the largest |A| (wrong only when the worst action is by far the extreme one)",
        ),
        (e6_4_wrong_rows_not_normalised, "the rows don't add up to 1"),
        (e6_4_wrong_minimised, "sign: looks for the smallest guarantee"),
        (e6_4_wrong_downhill, "sign in the exponent: the guarantee is negative"),
        (
            e6_4_wrong_old_policy_left_out,
            "tilts the uniform policy instead of the old one (wrong only when the old one isn't uniform)",
        ),
        (e6_4_wrong_penalty_of_the_summed_kl, "adds up the KL of all states: too short a step"),
        (e6_4_wrong_end_of_the_search, "takes the upper limit of the peak's place for the peak"),
        (e6_4_wrong_greedy, "the greedy policy: its KL is infinite"),
        (e6_4_wrong_old_policy_itself, "returns the old policy, with the guarantee 0"),
        (e6_4_wrong_returns_alpha, "returns α instead of the policy"),
        (e6_4_wrong_until_nothing_rises, "never shortens its step when the guarantee stops rising: never ends"),
    ],
    "6.5": [
        (e6_5_wrong_sharp_c_before_the_mean_kl, "theorem 1's C before the mean KL, in place of C̄"),
        (e6_5_wrong_old_notes, "ε' of the old policy's own notes, which are 0: CPO's penalties vanish"),
        (e6_5_wrong_kl_of_all_states_summed, "the mean KL is a sum over the states, without weights"),
        (e6_5_wrong_parenthesis, "1 − γ² for (1 − γ)²"),
        (e6_5_wrong_tilts_the_last_candidate, "tilts the candidate before it, so the lengths add up"),
        (e6_5_wrong_log_upside_down, "the logarithm of the KL is upside down: the penalties by KL are negative"),
        (e6_5_wrong_no_absolute_values, "TV without absolute values is 0"),
        (e6_5_wrong_largest_tv_in_cpo, "CPO's bounds with the largest distances"),
        (e6_5_wrong_mean_size_for_epsilon, "ε_A is the largest mean of |A| under the old policy"),
        (e6_5_wrong_gamma_forgotten_in_the_odds, "1/(1 − γ) for γ/(1 − γ) in C̄ (wrong only where C̄ is the least)"),
        (e6_5_wrong_promise_normalised_and_means_not, "the weights of L and of the means have changed places"),
        (
            e6_5_wrong_root_outside,
            "CPO's √2 is a 2 outside the root: 2√KL/… for √(2KL), and the TV form without its 2 (two at once)",
        ),
        (e6_5_wrong_tv_doubled_and_signed, "TV without its half, and ε_A the largest A (two at once)"),
        (e6_5_wrong_reversed_and_theorem_1_alone, "KL(new‖old), and only theorem 1 (two at once)"),
        (e6_5_wrong_starts_below_zero, "begins at −∞, so returns a step where none is certified"),
        (e6_5_wrong_stays_for_longer, "a candidate must beat the promise of the best before it"),
        (e6_5_wrong_after_the_peak, "walks on until the guarantee falls, and returns where it has fallen"),
        (e6_5_wrong_least_of_all_candidates, "subtracts the least penalty of all candidates from each promise"),
        (
            e6_5_wrong_advantage_of_the_candidates,
            "centres A on each candidate, whose notes are then 0: L and CPO's penalties vanish",
        ),
        (
            e6_5_wrong_single_precision,
            "the whole solution in single precision: what the KL leaves over is mostly rounding",
        ),
        (e6_5_wrong_returns_the_length, "returns α in place of the policy"),
        (e6_5_wrong_works_on_the_old_policy, "tilts `old` in place"),
        (e6_5_wrong_d_divided_by_its_sum, "means over ρ/Σρ instead of (1 − γ)ρ"),
        (e6_5_wrong_means_over_rho, "means over ρ, not d: TV and KL are added up over the visits"),
        (e6_5_wrong_promise_over_d, "the promise counts d instead of ρ: a factor 1 − γ too small"),
        (e6_5_wrong_promise_over_one_minus_gamma, "divides the promise, which has ρ already, by 1 − γ once more"),
        (e6_5_wrong_largest_advantage_signed, "ε_A = max A instead of max |A|"),
        (e6_5_wrong_epsilon_a_for_the_note, "CPO's ε' replaced by ε_A = max |A|"),
        (e6_5_wrong_note_from_absolute_advantages, "ε' = max Σ π|A|: absolute values before the sum"),
        (
            e6_5_wrong_note_of_visited_states_only,
            "ε' only over states with ρ > 0 (wrong where an unvisited state has the largest note)",
        ),
        (e6_5_wrong_mean_note, "ε' as the mean of |Ā| over d instead of its largest"),
        (e6_5_wrong_kl_new_first, "KL(new‖old): the new policy comes first"),
        (e6_5_wrong_tv_not_halved, "TV without its ½"),
        (e6_5_wrong_tv_largest_action, "TV as the largest difference of one action instead of half the sum"),
        (e6_5_wrong_horizon_once, "γ/(1 − γ) for γ/(1 − γ)² in CPO's and theorem 1's penalties"),
        (e6_5_wrong_square_inside_the_horizon, "γ/(1 − γ²): the square in the wrong place"),
        (e6_5_wrong_cbar_root_without_two, "√(γ/(1 − γ)) for √(2γ/(1 − γ)) in the mean-KL theorem's constant"),
        (e6_5_wrong_cbar_printed_constant, "puts theorem 1's C (with 2) before the mean KL: no theorem"),
        (e6_5_wrong_theorem_1_with_mean_kl, "theorem 1 by the mean KL instead of the largest"),
        (e6_5_wrong_theorem_1_with_mean_tv_squared, "theorem 1 by the mean of TV² instead of the largest"),
        (e6_5_wrong_cpo_root_without_two, "√(E KL) for √(2 E KL) in CPO's form by KL"),
        (e6_5_wrong_cpo_tv_without_two, "CPO's penalty by TV without its 2"),
        (e6_5_wrong_cpo_largest_tv, "CPO's penalty with the largest TV instead of the mean"),
        (e6_5_wrong_largest_penalty, "subtracts the largest of the five penalties, to be on the safe side"),
        (e6_5_wrong_sum_of_penalties, "subtracts all five penalties"),
        (e6_5_wrong_no_normalisation_by_rows, "divides the whole table by its mean row sum, not each row by its own"),
        (
            e6_5_wrong_softmax_forgets_old,
            "candidate ∝ exp(αA), without the old policy (right only where old is uniform)",
        ),
        (e6_5_wrong_temperature, "exp(A/α): takes α for a temperature"),
        (e6_5_wrong_first_order_tilt, "old·(1 + αA) instead of the exponential, clipped at a small number"),
        (e6_5_wrong_largest_safe_step, "keeps the longest candidate whose guarantee is above 0, as a line search does"),
        (e6_5_wrong_first_safe_step, "stops at the first candidate whose guarantee is above 0"),
        (
            e6_5_wrong_stops_at_the_first_fall,
            "stops at the first guarantee that is no better than the one before (wrong where there are two peaks)",
        ),
        (e6_5_wrong_certifies_the_promise, "chooses rightly, but returns the promise as the certificate"),
        (
            e6_5_wrong_chooses_the_largest_promise,
            "among the certified candidates takes the one with the largest promise",
        ),
        (e6_5_wrong_never_stays, "takes the best candidate even where its guarantee isn't above 0"),
        (e6_5_wrong_stays_with_the_least_bad, "where none is certain returns old, but the best negative guarantee"),
        (
            e6_5_wrong_smallest_step_for_stay,
            "where none is certain returns the shortest candidate with 0 instead of the old policy",
        ),
        (e6_5_wrong_length_for_the_policy, "returns the length α and its guarantee instead of the policy"),
        (e6_5_wrong_order_of_the_pair, "returns (sure, new)"),
        (
            e6_5_wrong_builds_on_the_last_candidate,
            "tilts the candidate before instead of the old policy, so the lengths add up",
        ),
        (e6_5_wrong_in_place_tilt, "tilted = old, then *=: tilts the caller's policy itself, so TV and KL are 0"),
        (
            e6_5_wrong_one_buffer_returned,
            "works in one buffer and keeps a reference to it: returns the last candidate with the best one's guarantee",
        ),
        (e6_5_wrong_d_for_rho_everywhere_and_tv_doubled, "two mistakes: the promise over d, and TV without its ½"),
        (e6_5_wrong_normalised_d_and_signed_epsilon, "two mistakes: means over ρ/Σρ, and ε_A = max A"),
        (e6_5_wrong_kl_reversed_and_horizon_once, "two mistakes: KL(new‖old), and γ/(1 − γ) for γ/(1 − γ)²"),
        (e6_5_wrong_least_penalty_of_all_candidates, "vectorised: one least penalty over all candidates, not one each"),
        (
            e6_5_wrong_largest_note_of_all_candidates,
            "vectorised: ε' is the largest note of all candidates, not of each",
        ),
        (
            e6_5_wrong_mean_kl_theorem_alone,
            "the mean-KL theorem's penalty alone, with the highest point by golden section in mind",
        ),
        (e6_5_wrong_cpo_alone, "CPO's penalty by TV alone (wrong where the mean-KL theorem's is smaller)"),
        (e6_5_wrong_float32_throughout, "all in single precision: the KL of a small step is rounding noise"),
        (
            e6_5_wrong_smallest_penalty_state_by_state,
            "takes the least of CPO's and the mean-KL theorem's penalty in each state, then averages",
        ),
    ],
}

RIGHT = {
    "6.1": [
        (e6_1_right_numpy, "numpy, 1 − γ cancelled"),
        (e6_1_right_loops, "loops"),
        (e6_1_right_torch, "torch"),
        (e6_1_right_float32, "float32"),
        (e6_1_right_in_place, "in-place"),
        (e6_1_right_overlap, "other algebra: 1 less the overlap; parameters renamed, 0-d array"),
        (e6_1_right_mass_that_grows, "other algebra: mass of the actions that grow"),
    ],
    "6.2": [
        (e6_2_right_numpy, "numpy"),
        (e6_2_right_loops, "loops"),
        (e6_2_right_torch, "torch"),
        (e6_2_right_float32, "float32"),
        (e6_2_right_in_place, "in-place"),
        (e6_2_right_entropies, "other algebra: cross-entropy less entropy; parameters renamed, 0-d array"),
    ],
    "6.3": [
        (e6_3_right_numpy, "numpy"),
        (e6_3_right_loops, "loops"),
        (e6_3_right_torch, "torch"),
        (e6_3_right_float32, "float32"),
        (e6_3_right_in_place, "in-place, 0-d array"),
        (e6_3_right_by_the_surrogate, "by the library's surrogate, parameters renamed"),
    ],
    "6.4": [
        (e6_4_right_numpy, "numpy: a grid of 600 steps"),
        (e6_4_right_loops, "loops, list of lists, search by thirds"),
        (e6_4_right_torch, "torch"),
        (e6_4_right_float32, "float32"),
        (e6_4_right_in_place, "in-place"),
        (e6_4_right_library_bounds, "by the library's bounds, tilted by Q; parameters renamed"),
    ],
    "6.5": [
        (e6_5_right_numpy, "numpy: all candidates at once"),
        (e6_5_right_loops, "loops, list of lists"),
        (e6_5_right_torch, "torch, in logarithms"),
        (e6_5_right_two_bounds, "two bounds of the five; parameters renamed, a list, 0-d array"),
        (e6_5_right_float32, "float32, by small differences"),
        (e6_5_right_in_place, "in-place"),
        (e6_5_right_einsum, "numpy, all candidates at once"),
        (e6_5_right_plain_loops, "plain loops and lists"),
        (e6_5_right_torch_clamped, "torch, double precision"),
        (e6_5_right_returned_in_single_precision, "calculated in double, returned in single precision"),
        (e6_5_right_two_penalties_only, "the two that are ever needed, parameters renamed"),
        (
            e6_5_right_closed_form_kl,
            "other algebra: the KL of a tilt is log E e^{αA}, by expm1 and log1p; notes without abs",
        ),
        (e6_5_right_stable_exponent, "row maxima subtracted before the exponential, result a copy, 0-d certificate"),
    ],
}
