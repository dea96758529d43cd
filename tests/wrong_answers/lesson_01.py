"""Wrong answers to the exercises of lesson 01."""

import numpy as np


def kl_reversed(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(q > 0, q * (np.log(q) - np.log(p)), 0).sum(-1)


def kl_bits(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log2(p / q), 0).sum(-1)


def kl_nan_at_zero(p, q):
    return (p * (np.log(p) - np.log(q))).sum(axis=-1)


def kl_clipped(p, q):
    p, q = np.clip(p, 1e-12, 1), np.clip(q, 1e-12, 1)
    return np.sum(p * np.log(p / q), axis=-1)


def kl_padded(p, q):
    return np.sum(p * np.log((p + 1e-8) / (q + 1e-8)), axis=-1)


def kl_whole_array(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0).sum()


def kl_cross_entropy(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.where(p > 0, p * np.log(q), 0).sum(-1)


def kl_nothing(p, q):
    np.sum(p * np.log(p / q), axis=-1)


def kl_as_text(p, q):
    return "0.51"


def kl_crashes(p, q):
    return p.log() - q.log()


def kl_overwrites(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(p > 0, p * np.log(p / q), 0).sum(-1)
    p *= 0
    return value


def _kl(p, q):
    return float(p @ np.log(p / q))


def _tv(p, q):
    return float(np.abs(p - q).sum() / 2)


def gap_without_half(p, q):
    return _kl(p, q) / 2 - np.abs(p - q).sum() ** 2


def gap_in_bits(p, q):
    return float(p @ np.log2(p / q)) / 2 - _tv(p, q) ** 2


def gap_kl_without_half(p, q):
    return _kl(p, q) - _tv(p, q) ** 2


def gap_unsquared(p, q):
    return _kl(p, q) / 2 - _tv(p, q)


def gap_upside_down(p, q):
    return _tv(p, q) ** 2 - _kl(p, q) / 2


def gap_reversed_kl(p, q):
    return _kl(q, p) / 2 - _tv(p, q) ** 2


def gap_of_roots(p, q):
    return np.sqrt(max(_kl(p, q), 0) / 2) - _tv(p, q)


def gap_doubled(p, q):
    return _kl(p, q) - 2 * _tv(p, q) ** 2


def estimators_inverted(log_old, log_new):
    r = np.exp(log_old - log_new)
    return -np.log(r), np.log(r) ** 2 / 2, r - 1 - np.log(r)


def estimators_k2_without_half(log_old, log_new):
    r = np.exp(log_new - log_old)
    return -np.log(r), np.log(r) ** 2, r - 1 - np.log(r)


def estimators_k3_without_one(log_old, log_new):
    r = np.exp(log_new - log_old)
    return -np.log(r), np.log(r) ** 2 / 2, r - np.log(r)


def estimators_k1_sign(log_old, log_new):
    r = np.exp(log_new - log_old)
    return np.log(r), np.log(r) ** 2 / 2, r - 1 - np.log(r)


def estimators_averaged(log_old, log_new):
    r = np.exp(log_new - log_old)
    return np.mean(-np.log(r)), np.mean(np.log(r) ** 2 / 2), np.mean(r - 1 - np.log(r))


def estimators_only_two(log_old, log_new):
    r = np.exp(log_new - log_old)
    return -np.log(r), r - 1 - np.log(r)


def _walk(P, pi_old, pi_new, mu, T, gamma=1.0, visit=None, reverse=False):
    total, d = 0.0, mu
    for t in range(T):
        log_ratio = np.log(pi_new / pi_old) if reverse else np.log(pi_old / pi_new)
        total += gamma**t * np.sum(d[:, None] * (pi_new if reverse else pi_old) * log_ratio)
        d = np.einsum("s,sa,san->n", d, pi_old if visit is None else visit, P)
    return total


def traj_discounted(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T, gamma=0.99)


def traj_visits_of_new(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T, visit=pi_new)


def traj_reversed(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T, reverse=True)


def traj_one_too_many(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T + 1)


def traj_first_step_times_T(P, pi_old, pi_new, mu, T):
    return T * _walk(P, pi_old, pi_new, mu, 1)


def traj_averaged(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T) / T


WRONG_ANSWERS = {
    "1.1": [
        (kl_reversed, "you have KL(q‖p)"),
        (kl_bits, "you used log2"),
        (kl_nan_at_zero, "you get NaN where p is 0"),
        (kl_clipped, "nothing may be clipped or padded"),
        (kl_padded, "nothing may be clipped or padded"),
        (kl_whole_array, "sum over the last axis only"),
        (kl_cross_entropy, "you have the cross-entropy"),
        (kl_nothing, "is the return statement missing?"),
        (kl_as_text, "expected real numbers, got str"),
        (
            kl_crashes,
            "AttributeError: 'numpy.ndarray' object has no attribute 'log', in the line `return p.log()",
        ),
        (kl_overwrites, "your function changes its arguments"),
    ],
    "1.2": [
        (traj_discounted, "you discount the steps"),
        (traj_visits_of_new, "you visit the states as the new policy does"),
        (traj_reversed, "you have KL(new‖old) in each state"),
        (traj_one_too_many, "you count one step too many"),
        (traj_first_step_times_T, "you multiply the first step's KL by T"),
        (traj_averaged, "you average the KL over the steps"),
    ],
    "1.3": [
        (gap_without_half, "your total variation lacks its ½"),
        (gap_in_bits, "your KL is in bits"),
        (gap_kl_without_half, "the KL lacks its ½"),
        (gap_unsquared, "the total variation is not squared"),
        (gap_upside_down, "you have TV² − ½ KL"),
        (gap_reversed_kl, "you have KL(q‖p) in place of KL(p‖q)"),
        (gap_of_roots, "you took the square root"),
        (gap_doubled, "every value is twice the expected one"),
    ],
    "1.4": [
        (estimators_inverted, "your ratio is upside down"),
        (estimators_k2_without_half, "your k2 lacks its ½"),
        (estimators_k3_without_one, "your k3 lacks the −1"),
        (estimators_k1_sign, "your k1 is log r"),
        (estimators_averaged, "you return averages"),
        (estimators_only_two, "return 3 values, not 2"),
    ],
}
