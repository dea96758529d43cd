"""Answers to the exercises of lesson 01, written by somebody who knows the lesson and not its checks."""

import itertools
import math

import numpy as np
import torch

# Exercise 1.1: kl_categorical(p, q)


def e1_1_wrong_plain_formula(p, q):
    return np.sum(p * np.log(p / q), axis=-1)


def e1_1_wrong_direction(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(q > 0, q * np.log(q / p), 0.0), axis=-1)


def e1_1_wrong_bits(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log2(p / q), 0.0), axis=-1)


def e1_1_wrong_mean_over_outcomes(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.mean(np.where(p > 0, p * np.log(p / q), 0.0), axis=-1)


def e1_1_wrong_first_axis(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log(p / q), 0.0), axis=0)


def e1_1_wrong_everything_added(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log(p / q), 0.0))


def e1_1_wrong_small_constant(p, q):
    p, q = np.asarray(p) + 1e-8, np.asarray(q) + 1e-8
    return np.sum(p * np.log(p / q), axis=-1)


def e1_1_wrong_clipped_belief(p, q):
    q = np.clip(q, 1e-12, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log(p / q), 0.0), axis=-1)


def e1_1_wrong_skips_where_q_is_zero(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where((p > 0) & (q > 0), p * np.log(p / q), 0.0), axis=-1)


def e1_1_wrong_infinite_where_q_is_zero(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / q), 0.0)
    return np.sum(np.where(np.asarray(q) == 0, np.inf, terms), axis=-1)


def e1_1_wrong_symmetric(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = np.sum(np.where(p > 0, p * np.log(p / q), 0.0), axis=-1)
        backward = np.sum(np.where(q > 0, q * np.log(q / p), 0.0), axis=-1)
    return (forward + backward) / 2


def e1_1_wrong_sign(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log(q / p), 0.0), axis=-1)


def e1_1_wrong_cross_entropy(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.sum(np.where(p > 0, p * np.log(q), 0.0), axis=-1)


def e1_1_wrong_no_weight(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, np.log(p / q), 0.0), axis=-1)


def e1_1_wrong_weighted_by_q(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, q * np.log(p / q), 0.0), axis=-1)


def e1_1_wrong_absolute_terms(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.abs(np.where(p > 0, p * np.log(p / q), 0.0)), axis=-1)


def e1_1_wrong_nan_to_num(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.nan_to_num(p * np.log(p / q), posinf=1e6), axis=-1)


def e1_1_wrong_keeps_the_axis(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log(p / q), 0.0), axis=-1, keepdims=True)


def e1_1_wrong_writes_into_p(p, q):
    p[p == 0] = 1e-300
    with np.errstate(divide="ignore"):
        return np.sum(p * np.log(p / q), axis=-1)


def e1_1_right_numpy(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = p * np.log(p / q)
    return np.sum(terms, axis=-1, where=np.asarray(p) > 0)


def e1_1_right_loops(p, q):
    if np.ndim(p) > 1:
        return [e1_1_right_loops(p_row, q_row) for p_row, q_row in zip(p, q, strict=True)]
    total = 0.0
    for p_x, q_x in zip(p, q, strict=True):
        if p_x > 0 and q_x == 0:
            return math.inf
        if p_x > 0:
            total += float(p_x) * (math.log(p_x) - math.log(q_x))
    return total


def e1_1_right_torch(p, q):
    p, q = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (p, q))
    terms = p * (torch.log(p) - torch.log(q))
    return torch.where(p > 0, terms, torch.zeros_like(p)).sum(dim=-1)


def e1_1_right_float32(p, q):
    p, q = np.asarray(p, np.float32), np.asarray(q, np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(p > 0, p * np.log(p / q), np.float32(0)), axis=-1)


def e1_1_right_in_place(p, q):
    p, terms = np.asarray(p, float), np.array(p, float)
    happens = p > 0
    with np.errstate(divide="ignore"):
        np.divide(terms, q, out=terms, where=happens)
        np.log(terms, out=terms, where=happens)
    terms *= p
    return terms.sum(axis=-1)


def e1_1_right_ones_where_nothing_happens(p, q):
    p, q = np.asarray(p, float), np.asarray(q, float)
    with np.errstate(divide="ignore"):
        ratio = np.where(p > 0, p, 1.0) / np.where(p > 0, q, 1.0)
        return np.sum(p * np.log(ratio), axis=-1)


def e1_1_right_cross_entropy_less_entropy(old, new):
    old, new = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (old, new))
    return (torch.special.xlogy(old, old) - torch.special.xlogy(old, new)).sum(dim=-1).numpy()


# Exercise 1.2: traj_kl(P, pi_old, pi_new, mu, T)


def e1_2_wrong_states_of_the_new_policy(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_new, P)
    return total


def e1_2_wrong_one_term_too_many(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T + 1):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_one_term_too_few(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T - 1):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_states_stay_at_the_start(P, pi_old, pi_new, mu, T):
    return T * (mu @ np.sum(pi_old * np.log(pi_old / pi_new), axis=-1))


def e1_2_wrong_mean_over_steps(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total / T


def e1_2_wrong_direction(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_new * np.log(pi_new / pi_old), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_policies_swapped_everywhere(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_new * np.log(pi_new / pi_old), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_new, P)
    return total


def e1_2_wrong_matrix_from_the_wrong_side(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    P_pi = np.einsum("sa,sat->st", pi_old, P)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = P_pi @ d
    return total


def e1_2_wrong_moves_before_counting(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
        total += d @ kl
    return total


def e1_2_wrong_last_step_only(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total = d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_uniform_actions(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = d @ P.mean(axis=1)
    return total


def e1_2_wrong_all_states_alike(P, pi_old, pi_new, mu, T):
    return T * np.mean(np.sum(pi_old * np.log(pi_old / pi_new), axis=-1))


def e1_2_wrong_states_counted_too(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, other, total = mu, mu, 0.0
    for _ in range(T):
        total += d @ kl
        d, other = np.einsum("s,sa,sat->t", d, pi_old, P), np.einsum("s,sa,sat->t", other, pi_new, P)
        total += np.sum(d * np.log(d / other))
    return total


def e1_2_wrong_states_only(P, pi_old, pi_new, mu, T):
    d, other = mu, mu
    for _ in range(T):
        d, other = np.einsum("s,sa,sat->t", d, pi_old, P), np.einsum("s,sa,sat->t", other, pi_new, P)
    return np.sum(d * np.log(d / other))


def e1_2_wrong_discounted(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for t in range(T):
        total += 0.99**t * (d @ kl)
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_log_ratio_without_weight(P, pi_old, pi_new, mu, T):
    kl = np.sum(np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_largest_state(P, pi_old, pi_new, mu, T):
    return T * np.max(np.sum(pi_old * np.log(pi_old / pi_new), axis=-1))


def e1_2_wrong_overwrites_mu(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total = mu, 0.0
    for _ in range(T):
        total += d @ kl
        d[:] = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_wrong_never_ends(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    d, total, t = mu, 0.0, 0
    while t < T:
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_right_numpy(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    P_pi = np.einsum("sa,sat->st", pi_old, P)
    visits = np.zeros((T, len(mu)))
    if T > 0:
        visits[0] = mu
    for t in range(1, T):
        visits[t] = visits[t - 1] @ P_pi
    return np.sum(visits @ kl)


def e1_2_right_loops(P, pi_old, pi_new, mu, T):
    states, actions = len(mu), len(pi_old[0])
    d, total = [float(x) for x in mu], 0.0
    for _ in range(T):
        ahead = [0.0] * states
        for s in range(states):
            for a in range(actions):
                old, new = float(pi_old[s][a]), float(pi_new[s][a])
                if old > 0:
                    total += d[s] * old * (math.log(old / new) if new > 0 else math.inf)
                for s_next in range(states):
                    ahead[s_next] += d[s] * old * float(P[s][a][s_next])
        d = ahead
    return total


def e1_2_right_torch(P, pi_old, pi_new, mu, T):
    P, pi_old, pi_new, d = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (P, pi_old, pi_new, mu))
    kl = (torch.special.xlogy(pi_old, pi_old) - torch.special.xlogy(pi_old, pi_new)).sum(dim=1)
    total = torch.zeros((), dtype=torch.float64)
    for _ in range(T):
        total = total + d @ kl
        d = torch.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_right_float32(P, pi_old, pi_new, mu, T):
    P, pi_old, pi_new, d = (np.asarray(x, np.float32) for x in (P, pi_old, pi_new, mu))
    kl, total = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1), np.float32(0)
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e1_2_right_in_place(P, pi_old, pi_new, mu, T):
    P_pi = np.einsum("sa,sat->st", pi_old, P)
    visits, d = np.zeros(len(mu)), np.array(mu, float)
    for _ in range(T):
        visits += d
        d[:] = d @ P_pi
    return np.sum(visits[:, None] * pi_old * np.log(pi_old / pi_new))


def e1_2_right_backwards(P, pi_old, pi_new, mu, T):
    kl = np.sum(pi_old * np.log(pi_old / pi_new), axis=-1)
    to_come = np.zeros(len(mu))
    for _ in range(T):
        to_come = kl + np.sum(pi_old * (P @ to_come), axis=1)
    return float(mu @ to_come)


def e1_2_right_matrix_powers(moves, old, new, start, steps):
    kl = np.einsum("sa,sa->s", old, np.log(old) - np.log(new))
    P_pi = np.einsum("sa,sat->st", old, moves)
    return np.array(sum(start @ np.linalg.matrix_power(P_pi, t) @ kl for t in range(steps)))


# Exercise 1.3: pinsker_gap(p, q)


def e1_3_wrong_kl_not_halved(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return np.sum(p * np.log(p / q)) - tv**2


def e1_3_wrong_tv_not_halved(p, q):
    tv = np.sum(np.abs(p - q))
    return np.sum(p * np.log(p / q)) / 2 - tv**2


def e1_3_wrong_tv_not_squared(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return np.sum(p * np.log(p / q)) / 2 - tv


def e1_3_wrong_half_after_the_square(p, q):
    return np.sum(p * np.log(p / q)) / 2 - np.sum(np.abs(p - q)) ** 2 / 2


def e1_3_wrong_no_halves(p, q):
    return np.sum(p * np.log(p / q)) - np.sum(np.abs(p - q)) ** 2


def e1_3_wrong_sign(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return tv**2 - np.sum(p * np.log(p / q)) / 2


def e1_3_wrong_direction(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return np.sum(q * np.log(q / p)) / 2 - tv**2


def e1_3_wrong_root_form(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return np.sqrt(np.sum(p * np.log(p / q)) / 2) - tv


def e1_3_wrong_largest_outcome(p, q):
    tv = np.max(np.abs(p - q))
    return np.sum(p * np.log(p / q)) / 2 - tv**2


def e1_3_wrong_sum_of_squares(p, q):
    return np.sum(p * np.log(p / q)) / 2 - np.sum((p - q) ** 2) / 2


def e1_3_wrong_no_absolute_value(p, q):
    tv = np.sum(p - q) / 2
    return np.sum(p * np.log(p / q)) / 2 - tv**2


def e1_3_wrong_bits(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return np.sum(p * np.log2(p / q)) / 2 - tv**2


def e1_3_wrong_means(p, q):
    tv = np.mean(np.abs(p - q)) / 2
    return np.mean(p * np.log(p / q)) / 2 - tv**2


def e1_3_wrong_twice_the_gap(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return np.sum(p * np.log(p / q)) - 2 * tv**2


def e1_3_wrong_quotient(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return tv**2 / (np.sum(p * np.log(p / q)) / 2)


def e1_3_wrong_answers_yes(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return tv**2 <= np.sum(p * np.log(p / q)) / 2


def e1_3_wrong_other_inequality(p, q):
    tv = np.sum(np.abs(p - q)) / 2
    return 1 - np.exp(-np.sum(p * np.log(p / q))) - tv**2


def e1_3_wrong_subtracts_in_place(p, q):
    half_kl = np.sum(p * np.log(p / q)) / 2
    p -= q
    return half_kl - (np.sum(np.abs(p)) / 2) ** 2


def e1_3_right_numpy(p, q):
    return 0.5 * np.sum(p * np.log(p / q)) - 0.25 * np.linalg.norm(p - q, ord=1) ** 2


def e1_3_right_loops(p, q):
    kl, difference = 0.0, 0.0
    for p_x, q_x in zip(p, q, strict=True):
        kl += float(p_x) * math.log(float(p_x) / float(q_x))
        difference += abs(float(p_x) - float(q_x))
    return kl / 2 - (difference / 2) ** 2


def e1_3_right_torch(p, q):
    p, q = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (p, q))
    return (p * (p / q).log()).sum() / 2 - ((p - q).abs().sum() / 2) ** 2


def e1_3_right_float32(p, q):
    p, q = np.asarray(p, np.float32), np.asarray(q, np.float32)
    tv = np.sum(np.abs(p - q)) / np.float32(2)
    return np.sum(p * np.log(p / q)) / np.float32(2) - tv**2


def e1_3_right_in_place(p, q):
    difference, terms = np.array(p, float), np.array(p, float)
    difference -= q
    terms /= q
    np.log(terms, out=terms)
    terms *= p
    return 0.5 * terms.sum() - (0.5 * np.abs(difference).sum()) ** 2


def e1_3_right_overlap(p, q):
    tv = 1 - np.sum(np.minimum(p, q))
    return (np.dot(p, np.log(p)) - np.dot(p, np.log(q))) / 2 - tv**2


def e1_3_right_positive_part(old, new):
    tv = np.sum(np.maximum(old - new, 0))
    return np.array(np.sum(old * (np.log(old) - np.log(new))) / 2 - tv**2)


def e1_3_right_all_events(p, q):
    events = np.array(list(itertools.product([0, 1], repeat=len(p))))
    tv = np.max(np.abs(events @ (p - q)))
    return np.sum(p * np.log(p / q)) / 2 - tv**2


# Exercise 1.4: kl_estimators(log_old, log_new)


def e1_4_wrong_ratio_upside_down(log_old, log_new):
    log_r = log_old - log_new
    return -log_r, log_r**2 / 2, np.expm1(log_r) - log_r


def e1_4_wrong_sign_of_k1(log_old, log_new):
    log_r = log_new - log_old
    return log_r, log_r**2 / 2, np.expm1(log_r) - log_r


def e1_4_wrong_k2_without_half(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, log_r**2, np.expm1(log_r) - log_r


def e1_4_wrong_k2_half_inside_the_square(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, (log_r / 2) ** 2, np.expm1(log_r) - log_r


def e1_4_wrong_k2_of_the_ratio(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, np.expm1(log_r) ** 2 / 2, np.expm1(log_r) - log_r


def e1_4_wrong_k3_plus_log(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, log_r**2 / 2, np.expm1(log_r) + log_r


def e1_4_wrong_k3_old_over_new(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, log_r**2 / 2, np.expm1(-log_r) + log_r


def e1_4_wrong_k3_without_one(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, log_r**2 / 2, np.exp(log_r) - log_r


def e1_4_wrong_k3_mixed_ratios(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, log_r**2 / 2, np.expm1(-log_r) - log_r


def e1_4_wrong_k3_without_exponential(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, log_r**2 / 2, (log_r - 1) - log_r


def e1_4_wrong_means(log_old, log_new):
    log_r = log_new - log_old
    return np.mean(-log_r), np.mean(log_r**2 / 2), np.mean(np.expm1(log_r) - log_r)


def e1_4_wrong_weighted_by_old(log_old, log_new):
    log_r, p = log_new - log_old, np.exp(log_old)
    return -p * log_r, p * log_r**2 / 2, p * (np.expm1(log_r) - log_r)


def e1_4_wrong_reweighted_by_ratio(log_old, log_new):
    log_r = log_new - log_old
    w = np.exp(log_r)
    return -w * log_r, w * log_r**2 / 2, w * (np.expm1(log_r) - log_r)


def e1_4_wrong_order(log_old, log_new):
    log_r = log_new - log_old
    return -log_r, np.expm1(log_r) - log_r, log_r**2 / 2


def e1_4_wrong_k1_absolute(log_old, log_new):
    log_r = log_new - log_old
    return np.abs(log_r), log_r**2 / 2, np.expm1(log_r) - log_r


def e1_4_wrong_k1_cut_at_zero(log_old, log_new):
    log_r = log_new - log_old
    return np.maximum(-log_r, 0), log_r**2 / 2, np.expm1(log_r) - log_r


def e1_4_wrong_bits(log_old, log_new):
    log_r = (log_new - log_old) / np.log(2)
    return -log_r, log_r**2 / 2, 2**log_r - 1 - log_r


def e1_4_wrong_quotient_of_logs(log_old, log_new):
    r = log_new / log_old
    return -np.log(r), np.log(r) ** 2 / 2, r - 1 - np.log(r)


def e1_4_wrong_last_only(log_old, log_new):
    log_r = log_new - log_old
    return np.expm1(log_r) - log_r


def e1_4_wrong_overwrites_log_new(log_old, log_new):
    log_new -= log_old
    return -log_new, log_new**2 / 2, np.expm1(log_new) - log_new


def e1_4_right_numpy(log_old, log_new):
    k1 = np.subtract(log_old, log_new)
    return k1, 0.5 * k1**2, np.exp(-k1) - 1 + k1


def e1_4_right_loops(log_old, log_new):
    if np.ndim(log_old) > 1:
        rows = [e1_4_right_loops(old, new) for old, new in zip(log_old, log_new, strict=True)]
        return tuple([row[i] for row in rows] for i in range(3))
    k1, k2, k3 = [], [], []
    for old, new in zip(log_old, log_new, strict=True):
        log_r = float(new) - float(old)
        k1.append(-log_r)
        k2.append(log_r**2 / 2)
        k3.append(math.expm1(log_r) - log_r)
    return k1, k2, k3


def e1_4_right_torch(log_old, log_new):
    log_old, log_new = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (log_old, log_new))
    log_r = log_new - log_old
    return -log_r, log_r.square() / 2, torch.expm1(log_r) - log_r


def e1_4_right_float32(log_old, log_new):
    log_r = np.asarray(log_new, np.float32) - np.asarray(log_old, np.float32)
    return -log_r, log_r**2 / np.float32(2), np.expm1(log_r) - log_r


def e1_4_right_in_place(log_old, log_new):
    log_r = np.array(log_new, float)
    log_r -= log_old
    k2, k3 = log_r.copy(), np.expm1(log_r)
    k2 *= log_r
    k2 /= 2
    k3 -= log_r
    return np.negative(log_r, out=log_r), k2, k3


def e1_4_right_one_array(log_old, log_new):
    log_r = log_new - log_old
    return np.stack([-log_r, log_r**2 / 2, np.expm1(log_r) - log_r])


def e1_4_right_quotient_of_probabilities(log_p, log_q):
    r = np.exp(log_q) / np.exp(log_p)
    return [-np.log(r), np.log(r) ** 2 / 2, (r - 1) - np.log(r)]


WRONG = {
    "1.1": [
        (e1_1_wrong_plain_formula, "is nan as soon as an outcome has p(x) = 0; differs only then"),
        (e1_1_wrong_direction, "computes KL(q, p): the arguments are swapped"),
        (e1_1_wrong_bits, "uses the logarithm to base 2: bits instead of nats"),
        (e1_1_wrong_mean_over_outcomes, "takes the mean over outcomes instead of the sum"),
        (e1_1_wrong_first_axis, "sums over the first axis; differs only when there are several distributions"),
        (e1_1_wrong_everything_added, "adds all distributions into one number; differs only when there are several"),
        (e1_1_wrong_small_constant, "adds a small constant, which makes an infinite divergence finite"),
        (e1_1_wrong_clipped_belief, "clips q from below, which hides an infinite divergence; differs only there"),
        (e1_1_wrong_skips_where_q_is_zero, "leaves out the outcomes with q(x) = 0 < p(x); differs only there"),
        (
            e1_1_wrong_infinite_where_q_is_zero,
            "is infinite where p(x) = q(x) = 0, which should count 0; differs only there",
        ),
        (e1_1_wrong_symmetric, "takes the mean of both directions"),
        (e1_1_wrong_sign, "has the quotient upside down, so the sign is wrong"),
        (e1_1_wrong_cross_entropy, "is the cross-entropy: the entropy of p wasn't subtracted"),
        (e1_1_wrong_no_weight, "adds the log-ratios without the weight p(x)"),
        (e1_1_wrong_weighted_by_q, "weighs the log-ratios by q instead of p"),
        (e1_1_wrong_absolute_terms, "takes the absolute value of each term, though terms may be negative"),
        (e1_1_wrong_nan_to_num, "replaces infinity by a large number; differs only where q(x) = 0 < p(x)"),
        (e1_1_wrong_keeps_the_axis, "keeps the summed axis with length 1: one number for each distribution is wanted"),
        (e1_1_wrong_writes_into_p, "writes small numbers into its argument p; infinite where p(x) = q(x) = 0"),
    ],
    "1.2": [
        (e1_2_wrong_states_of_the_new_policy, "lets the new policy move the states, where the old one should"),
        (e1_2_wrong_one_term_too_many, "adds T + 1 terms instead of T"),
        (e1_2_wrong_one_term_too_few, "adds T - 1 terms instead of T"),
        (e1_2_wrong_states_stay_at_the_start, "never moves the states: T times the divergence at the start"),
        (e1_2_wrong_mean_over_steps, "takes the mean over the steps instead of the sum"),
        (e1_2_wrong_direction, "computes KL(new, old) in each state"),
        (e1_2_wrong_policies_swapped_everywhere, "swaps the two policies in the divergence and in the moves"),
        (e1_2_wrong_matrix_from_the_wrong_side, "multiplies the distribution by the matrix from the wrong side"),
        (e1_2_wrong_moves_before_counting, "moves before it counts: starts with the states at time 1"),
        (e1_2_wrong_last_step_only, "overwrites the total in each step, so only the last step counts"),
        (e1_2_wrong_uniform_actions, "moves the states by the plain average over actions instead of the old policy"),
        (e1_2_wrong_all_states_alike, "weighs all states alike instead of by their chance"),
        (e1_2_wrong_states_counted_too, "adds the divergence of the states' distributions, which is counted already"),
        (e1_2_wrong_states_only, "compares the distributions of the last state instead of the trajectories"),
        (e1_2_wrong_discounted, "discounts the steps, though nothing is discounted here"),
        (e1_2_wrong_log_ratio_without_weight, "adds the log-ratios of the actions without the old policy's weight"),
        (e1_2_wrong_largest_state, "takes the largest divergence of all states in each step"),
        (e1_2_wrong_overwrites_mu, "has the right number but overwrites the mu that it was given"),
        (e1_2_wrong_never_ends, "never ends: the step counter isn't advanced"),
    ],
    "1.3": [
        (e1_3_wrong_kl_not_halved, "forgets the half before KL"),
        (e1_3_wrong_tv_not_halved, "forgets the half inside the total variation"),
        (e1_3_wrong_tv_not_squared, "forgets to square the total variation"),
        (e1_3_wrong_half_after_the_square, "halves the squared sum, where the half has to be squared too"),
        (e1_3_wrong_no_halves, "forgets both halves"),
        (e1_3_wrong_sign, "subtracts the other way round"),
        (e1_3_wrong_direction, "uses KL(q, p)"),
        (e1_3_wrong_root_form, "compares the roots instead of the squares"),
        (
            e1_3_wrong_largest_outcome,
            "takes the largest difference of a single outcome; differs only from three outcomes on",
        ),
        (
            e1_3_wrong_sum_of_squares,
            "sums squares of differences instead of squaring the sum; differs only from three outcomes on",
        ),
        (e1_3_wrong_no_absolute_value, "forgets the absolute value, so the differences cancel to 0"),
        (e1_3_wrong_bits, "measures KL in bits"),
        (e1_3_wrong_means, "takes means over the outcomes instead of sums"),
        (e1_3_wrong_twice_the_gap, "returns twice the gap"),
        (e1_3_wrong_quotient, "returns the quotient of the two sides instead of their difference"),
        (e1_3_wrong_answers_yes, "returns whether the inequality holds instead of the room it leaves"),
        (e1_3_wrong_other_inequality, "returns the room in the Bretagnolle-Huber inequality"),
        (e1_3_wrong_subtracts_in_place, "has the right number but subtracts q from its argument p"),
    ],
    "1.4": [
        (e1_4_wrong_ratio_upside_down, "has the ratio upside down: old over new in all three"),
        (e1_4_wrong_sign_of_k1, "has the sign of k1 wrong"),
        (e1_4_wrong_k2_without_half, "forgets the half in k2"),
        (e1_4_wrong_k2_half_inside_the_square, "puts the half of k2 inside the square: a quarter"),
        (e1_4_wrong_k2_of_the_ratio, "squares r - 1 in k2 instead of log r"),
        (e1_4_wrong_k3_plus_log, "adds log r in k3 instead of subtracting it"),
        (e1_4_wrong_k3_old_over_new, "uses old over new in k3"),
        (e1_4_wrong_k3_without_one, "forgets the -1 in k3"),
        (e1_4_wrong_k3_mixed_ratios, "uses the inverse ratio in the first part of k3, but not in the logarithm"),
        (e1_4_wrong_k3_without_exponential, "puts log r for r in k3, which makes it -1 throughout"),
        (e1_4_wrong_means, "returns the means instead of one value for each sample"),
        (e1_4_wrong_weighted_by_old, "multiplies each sample by its old probability, which the sampling does already"),
        (
            e1_4_wrong_reweighted_by_ratio,
            "multiplies each sample by the ratio, as if the mean were under the new policy",
        ),
        (e1_4_wrong_order, "returns k3 before k2"),
        (e1_4_wrong_k1_absolute, "takes the absolute value in k1, which may be negative"),
        (e1_4_wrong_k1_cut_at_zero, "cuts k1 off at 0, which biases it"),
        (e1_4_wrong_bits, "uses the logarithm to base 2"),
        (e1_4_wrong_quotient_of_logs, "divides the log-probabilities, where their difference is the log of the ratio"),
        (e1_4_wrong_last_only, "returns k3 alone"),
        (e1_4_wrong_overwrites_log_new, "has the right numbers but overwrites the log_new that it was given"),
    ],
}

RIGHT = {
    "1.1": [
        (e1_1_right_numpy, "numpy"),
        (e1_1_right_loops, "loops"),
        (e1_1_right_torch, "torch"),
        (e1_1_right_float32, "float32"),
        (e1_1_right_in_place, "in-place"),
        (e1_1_right_ones_where_nothing_happens, "ones where nothing happens"),
        (e1_1_right_cross_entropy_less_entropy, "cross-entropy less entropy by xlogy, renamed parameters"),
    ],
    "1.2": [
        (e1_2_right_numpy, "numpy"),
        (e1_2_right_loops, "loops"),
        (e1_2_right_torch, "torch"),
        (e1_2_right_float32, "float32"),
        (e1_2_right_in_place, "in-place"),
        (e1_2_right_backwards, "backwards from the end"),
        (e1_2_right_matrix_powers, "matrix powers, 0-d array, renamed parameters"),
    ],
    "1.3": [
        (e1_3_right_numpy, "numpy"),
        (e1_3_right_loops, "loops"),
        (e1_3_right_torch, "torch"),
        (e1_3_right_float32, "float32"),
        (e1_3_right_in_place, "in-place"),
        (e1_3_right_overlap, "total variation by the overlap"),
        (e1_3_right_positive_part, "total variation by the positive part, 0-d array, renamed parameters"),
        (e1_3_right_all_events, "total variation as the largest difference over all events"),
    ],
    "1.4": [
        (e1_4_right_numpy, "numpy"),
        (e1_4_right_loops, "loops"),
        (e1_4_right_torch, "torch"),
        (e1_4_right_float32, "float32"),
        (e1_4_right_in_place, "in-place"),
        (e1_4_right_one_array, "one array of three rows"),
        (e1_4_right_quotient_of_probabilities, "quotient of probabilities, list, renamed parameters"),
    ],
}
