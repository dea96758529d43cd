"""Wrong answers to the exercises of lesson 01."""

import numpy as np

from unforeseen import lesson_01 as unforeseen


def kl_reversed(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(q > 0, q * (np.log(q) - np.log(p)), 0).sum(-1)


def kl_reversed_bare(p, q):
    return np.sum(q * np.log(q / p), axis=-1)


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


def _adds(p, terms):
    return np.where(p > 0, terms, 0).sum(-1)


def kl_decimal(p, q):
    return _adds(p, p * np.log10(p / q))


def kl_cross_entropy_reversed(p, q):
    return -_adds(q, q * np.log(p))


def kl_entropy(p, q):
    return -_adds(p, p * np.log(p))


def kl_minus_entropy(p, q):
    return _adds(p, p * np.log(p))


def kl_of_logs_of_q(p, q):
    return _adds(p, p * np.log(q))


def kl_adds_entropy(p, q):
    return -_adds(p, p * np.log(q)) - _adds(p, p * np.log(p))


def kl_both_ways(p, q):
    return _adds(p, p * np.log(p / q)) + _adds(q, q * np.log(q / p))


def kl_jensen_shannon(p, q):
    m = (p + q) / 2
    return _adds(p, p * np.log(p / m)) / 2 + _adds(q, q * np.log(q / m)) / 2


def kl_mean_log_ratio(p, q):
    return np.where(p > 0, np.log(p / q), 0).mean(-1)


def kl_positive_terms(p, q):
    return np.where(p > q, p * np.log(p / q), 0).sum(-1)


def kl_largest_term(p, q):
    return np.where(p > 0, p * np.log(p / q), 0).max(-1)


def kl_squared_log(p, q):
    return _adds(p, p * np.log(p / q) ** 2)


def kl_half_squared_log(p, q):
    return _adds(p, p * np.log(p / q) ** 2) / 2


def kl_without_log(p, q):
    return _adds(p, p * p / q)


def kl_chi_squared(p, q):
    return _adds(p, p * (p / q - 1))


def kl_root(p, q):
    return np.sqrt(_adds(p, p * np.log(p / q)))


def kl_half(p, q):
    return _adds(p, p * np.log(p / q)) / 2


def kl_total_variation(p, q):
    return np.sum(np.abs(p - q), axis=-1) / 2


def kl_plain_difference(p, q):
    return np.sum(p * (p - q), axis=-1)


def kl_log_of_mean(p, q):
    return np.log(_adds(p, p * p / q))


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


def _variation(p, q):
    return np.abs(p - q).sum()


def gap_half_of_tv_squared(p, q):
    return _kl(p, q) / 2 - _tv(p, q) ** 2 / 2


def gap_tv_halved_twice(p, q):
    return _kl(p, q) / 2 - (_tv(p, q) / 2) ** 2


def gap_half_the_largest(p, q):
    return _kl(p, q) / 2 - (np.abs(p - q).max() / 2) ** 2


def gap_sum_of_all_squares(p, q):
    return _kl(p, q) / 2 - ((p - q) ** 2).sum()


def gap_sum_of_squared_halves(p, q):
    return _kl(p, q) / 2 - (((p - q) / 2) ** 2).sum()


def gap_squares_squared(p, q):
    return _kl(p, q) / 2 - (((p - q) ** 2).sum() / 2) ** 2


def gap_mean_variation(p, q):
    return _kl(p, q) / 2 - np.abs(p - q).mean() ** 2


def gap_half_mean_variation(p, q):
    return _kl(p, q) / 2 - (np.abs(p - q).mean() / 2) ** 2


def gap_unsquared_without_half(p, q):
    return _kl(p, q) / 2 - _variation(p, q)


def gap_root_of_tv(p, q):
    return _kl(p, q) / 2 - np.sqrt(_tv(p, q))


def gap_cubed(p, q):
    return _kl(p, q) / 2 - _tv(p, q) ** 3


def gap_kl_quartered(p, q):
    return _kl(p, q) / 4 - _tv(p, q) ** 2


def gap_kl_doubled(p, q):
    return 2 * _kl(p, q) - _tv(p, q) ** 2


def gap_whole_kl_in_bits(p, q):
    return float(p @ np.log2(p / q)) - _tv(p, q) ** 2


def gap_whole_kl_reversed(p, q):
    return _kl(q, p) - _tv(p, q) ** 2


def gap_symmetric_kl(p, q):
    return (_kl(p, q) + _kl(q, p)) / 4 - _tv(p, q) ** 2


def gap_mean_kl(p, q):
    return np.mean(p * np.log(p / q)) / 2 - _tv(p, q) ** 2


def gap_kl_upside_down(p, q):
    return float(p @ np.log(q / p)) / 2 - _tv(p, q) ** 2


def gap_kl_weighted_by_q(p, q):
    return float(q @ np.log(p / q)) / 2 - _tv(p, q) ** 2


def gap_kl_without_weights(p, q):
    return np.log(p / q).sum() / 2 - _tv(p, q) ** 2


def gap_cross_entropy(p, q):
    return -float(p @ np.log(q)) / 2 - _tv(p, q) ** 2


def gap_kl_squared(p, q):
    return _kl(p, q) ** 2 / 2 - _tv(p, q) ** 2


def gap_of_root_of_kl(p, q):
    return np.sqrt(max(_kl(p, q), 0)) - _tv(p, q)


def gap_added(p, q):
    return _kl(p, q) / 2 + _tv(p, q) ** 2


def gap_of_tv_only(p, q):
    return _tv(p, q) ** 2


def gap_upper_quotient(p, q):
    return np.float64(_kl(p, q) / 2) / _tv(p, q) ** 2


def gap_all_squared(p, q):
    return (_kl(p, q) / 2 - _tv(p, q)) ** 2


def estimators_inverted(log_old, log_new):
    w = np.exp(log_old - log_new)
    return -np.log(w), np.log(w) ** 2 / 2, w - 1 - np.log(w)


def estimators_k2_without_half(log_old, log_new):
    w = np.exp(log_new - log_old)
    return -np.log(w), np.log(w) ** 2, w - 1 - np.log(w)


def estimators_k3_without_one(log_old, log_new):
    w = np.exp(log_new - log_old)
    return -np.log(w), np.log(w) ** 2 / 2, w - np.log(w)


def estimators_k1_sign(log_old, log_new):
    w = np.exp(log_new - log_old)
    return np.log(w), np.log(w) ** 2 / 2, w - 1 - np.log(w)


def estimators_averaged(log_old, log_new):
    w = np.exp(log_new - log_old)
    return np.mean(-np.log(w)), np.mean(np.log(w) ** 2 / 2), np.mean(w - 1 - np.log(w))


def estimators_only_two(log_old, log_new):
    w = np.exp(log_new - log_old)
    return -np.log(w), w - 1 - np.log(w)


def _estimators(log_old, log_new):
    w = np.exp(log_new - log_old)
    return -np.log(w), np.log(w) ** 2 / 2, w - 1 - np.log(w)


def _with(k1=None, k2=None, k3=None):
    """Return the estimators with one of them computed in another way, from w."""

    def estimators(log_old, log_new):
        w = np.exp(log_new - log_old)
        right = _estimators(log_old, log_new)
        return tuple(x if k is None else k(w) for x, k in zip(right, (k1, k2, k3), strict=True))

    return estimators


def estimators_summed(log_old, log_new):
    return tuple(np.sum(k) for k in _estimators(log_old, log_new))


def estimators_of_the_mean(log_old, log_new):
    log_w = np.mean(log_new - log_old)
    return -log_w, log_w**2 / 2, np.exp(log_w) - 1 - log_w


def estimators_weighted_by_new(log_old, log_new):
    return tuple(np.exp(log_new) * k for k in _estimators(log_old, log_new))


def estimators_weighted_by_inverse(log_old, log_new):
    return tuple(np.exp(log_old) / np.exp(log_new) * k for k in _estimators(log_old, log_new))


def estimators_ratio_is_the_difference(log_old, log_new):
    w = log_new - log_old
    return -np.log(w), np.log(w) ** 2 / 2, w - 1 - np.log(w)


def estimators_of_probabilities(log_old, log_new):
    x = np.exp(log_new) - np.exp(log_old)
    return -x, x**2 / 2, np.exp(x) - 1 - x


def estimators_added_logs(log_old, log_new):
    x = log_new + log_old
    return -x, x**2 / 2, np.exp(x) - 1 - x


def estimators_absolute(log_old, log_new):
    x = np.abs(log_new - log_old)
    return -x, x**2 / 2, np.exp(x) - 1 - x


def estimators_all_negative(log_old, log_new):
    return tuple(-k for k in _estimators(log_old, log_new))


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


def _walk_with(terms=None, policy=None, start=None):
    """Return the step-by-step sum with other terms, other actions that move, or another start."""

    def walk(P, pi_old, pi_new, mu, T):
        kl = (terms or (lambda old, new: old * np.log(old / new)))(pi_old, pi_new).sum(axis=1)
        d, total = mu if start is None else start(mu), 0.0
        for _ in range(T):
            total += d @ kl
            d = np.einsum("s,sa,sat->t", d, pi_old if policy is None else policy(pi_old, pi_new), P)
        return total

    return walk


def traj_first_step_left_out(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T) - _walk(P, pi_old, pi_new, mu, 1)


def traj_first_step_only(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, 1)


def traj_numbered_steps(P, pi_old, pi_new, mu, T):
    return sum(_walk(P, pi_old, pi_new, mu, T) - _walk(P, pi_old, pi_new, mu, t) for t in range(T))


def _kl_by_state(pi_old, pi_new):
    return np.sum(pi_old * np.log(pi_old / pi_new), axis=1)


def traj_sum_of_states(P, pi_old, pi_new, mu, T):
    return T * np.sum(_kl_by_state(pi_old, pi_new))


def traj_sum_of_states_once(P, pi_old, pi_new, mu, T):
    return np.sum(_kl_by_state(pi_old, pi_new))


def traj_largest_state_once(P, pi_old, pi_new, mu, T):
    return np.max(_kl_by_state(pi_old, pi_new))


def traj_mean_of_states_once(P, pi_old, pi_new, mu, T):
    return np.mean(_kl_by_state(pi_old, pi_new))


def traj_last_state_counted_too(P, pi_old, pi_new, mu, T):
    return _walk(P, pi_old, pi_new, mu, T) + unforeseen.e1_2_wrong_states_only(P, pi_old, pi_new, mu, T)


def traj_all_states_only(P, pi_old, pi_new, mu, T):
    return sum(unforeseen.e1_2_wrong_states_only(P, pi_old, pi_new, mu, t) for t in range(1, T + 1))


def traj_of_mean_policies(P, pi_old, pi_new, mu, T):
    total, d = 0.0, mu
    for _ in range(T):
        total += np.sum(d @ pi_old * np.log((d @ pi_old) / (d @ pi_new)))
        d = np.einsum("s,sa,san->n", d, pi_old, P)
    return total


WRONG_ANSWERS = {
    "1.1": [
        (kl_reversed, "you have KL(q‖p)"),
        (kl_reversed_bare, "you have KL(q‖p), and zeros spoil it"),
        (kl_bits, "you used log2"),
        (kl_nan_at_zero, "you get NaN where p is 0"),
        (kl_clipped, "nothing may be clipped or padded"),
        (kl_padded, "nothing may be clipped or padded"),
        (kl_whole_array, "sum over the last axis only"),
        (kl_cross_entropy, "you have the cross-entropy"),
        (kl_decimal, "you used log10"),
        (kl_cross_entropy_reversed, "you have the cross-entropy the wrong way round"),
        (kl_entropy, "you have the entropy of p: q is missing"),
        (kl_minus_entropy, "you have Σ p log p: q is missing"),
        (kl_of_logs_of_q, "you have Σ p log q"),
        (kl_adds_entropy, "you have −Σ p log p − Σ p log q"),
        (unforeseen.e1_1_wrong_first_axis, "you sum over the first axis"),
        (unforeseen.e1_1_wrong_mean_over_outcomes, "you take the mean over the outcomes"),
        (unforeseen.e1_1_wrong_symmetric, "you average KL(p‖q) and KL(q‖p)"),
        (kl_both_ways, "you add KL(p‖q) and KL(q‖p)"),
        (kl_jensen_shannon, "you compare both with their mean"),
        (unforeseen.e1_1_wrong_sign, "your quotient is upside down"),
        (unforeseen.e1_1_wrong_no_weight, "you add up log(p/q) without the weights"),
        (kl_mean_log_ratio, "you average log(p/q) over all outcomes alike"),
        (unforeseen.e1_1_wrong_weighted_by_q, "you weight log(p/q) with q"),
        (unforeseen.e1_1_wrong_absolute_terms, "you take the absolute value of each term"),
        (kl_positive_terms, "you leave out the outcomes with p < q"),
        (kl_largest_term, "you take the largest term"),
        (kl_squared_log, "you square the logarithm"),
        (kl_half_squared_log, "you have half the mean of log²(p/q)"),
        (kl_without_log, "you leave out the logarithm"),
        (kl_chi_squared, "you subtract 1 in place of taking the logarithm"),
        (kl_root, "you have the square root of KL"),
        (kl_half, "you have half of KL"),
        (kl_total_variation, "you have the total variation"),
        (kl_plain_difference, "you subtract the probabilities, not their logarithms"),
        (kl_log_of_mean, "you take the logarithm of the mean of p/q"),
        (kl_nothing, "is the return statement missing?"),
        (kl_as_text, "expected real numbers, got str"),
        (
            kl_crashes,
            "AttributeError: 'numpy.ndarray' object has no attribute 'log', in the line `return p.log()",
        ),
        (kl_overwrites, "work on a copy"),
    ],
    "1.2": [
        (traj_discounted, "you discount the steps"),
        (traj_visits_of_new, "you visit the states as the new policy does"),
        (traj_reversed, "you have KL(new‖old) in each state"),
        (traj_one_too_many, "you count one step too many"),
        (traj_first_step_times_T, "you multiply the first step's KL by T"),
        (traj_averaged, "you average the KL over the steps"),
        (unforeseen.e1_2_wrong_policies_swapped_everywhere, "your policies have changed places"),
        (_walk_with(lambda old, new: old * np.log(new / old)), "your log-ratio is upside down"),
        (_walk_with(lambda old, new: new * np.log(old / new)), "you weight the log-ratio with the new policy"),
        (unforeseen.e1_2_wrong_log_ratio_without_weight, "without the weights π_old(a|s)"),
        (_walk_with(lambda old, new: np.log(old / new) / old.shape[1]), "you average the log-ratios over all actions"),
        (_walk_with(lambda old, new: old * np.log(old / new) / old.shape[1]), "you take the mean over the actions"),
        (_walk_with(lambda old, new: -old * np.log(new)), "you have the cross-entropy in each state"),
        (_walk_with(lambda old, new: old * np.log2(old / new)), "you used log2"),
        (
            _walk_with(lambda old, new: (old * np.log(old / new) + new * np.log(new / old)) / 2),
            "you average KL(old‖new)",
        ),
        (_walk_with(lambda old, new: abs(old - new) / 2), "you have the total variation in each state"),
        (_walk_with(lambda old, new: abs(old * np.log(old / new))), "you take the absolute value of each term"),
        (unforeseen.e1_2_wrong_matrix_from_the_wrong_side, "by the matrix from the wrong side"),
        (unforeseen.e1_2_wrong_uniform_actions, "you move the states by all actions alike"),
        (_walk_with(policy=lambda old, new: old**0), "you move the states by all actions without"),
        (_walk_with(policy=lambda old, new: (old + new) / 2), "you move the states by the mean of the two policies"),
        (
            _walk_with(policy=lambda old, new: (old == old.max(axis=1, keepdims=True)).astype(float)),
            "you move the states by the old policy's likeliest action",
        ),
        (_walk_with(start=lambda mu: np.ones(len(mu)) / len(mu)), "you start in all states alike"),
        (_walk_with(start=lambda mu: np.ones(len(mu))), "you start in every state with probability 1"),
        (_walk_with(start=lambda mu: np.arange(len(mu)) == 0), "you start in the first state"),
        (unforeseen.e1_2_wrong_one_term_too_few, "you count one step too few"),
        (unforeseen.e1_2_wrong_moves_before_counting, "you move before you count"),
        (traj_first_step_left_out, "you leave out the first step"),
        (traj_numbered_steps, "you weight the steps with their number"),
        (unforeseen.e1_2_wrong_last_step_only, "your total holds the last step alone"),
        (traj_first_step_only, "you have the first step alone"),
        (unforeseen.e1_2_wrong_all_states_alike, "you average over all states alike in every step"),
        (unforeseen.e1_2_wrong_largest_state, "you take the largest KL of all states in every step"),
        (traj_sum_of_states, "you add up the KL of all states in every step"),
        (traj_sum_of_states_once, "you add up the KL of all states: weight them"),
        (traj_largest_state_once, "you take the largest KL of all states: weight them"),
        (traj_mean_of_states_once, "you average over all states alike: weight them"),
        (unforeseen.e1_2_wrong_states_counted_too, "you add the KL of the states' distributions"),
        (traj_last_state_counted_too, "you add the KL of the last state's distributions"),
        (unforeseen.e1_2_wrong_states_only, "you compare the distributions of the last state"),
        (traj_all_states_only, "you compare the distributions of the states"),
        (traj_of_mean_policies, "you average the policies over the states"),
    ],
    "1.3": [
        (gap_without_half, "your total variation lacks its ½"),
        (gap_in_bits, "your KL is in bits"),
        (gap_kl_without_half, "the KL lacks its ½"),
        (gap_unsquared, "the total variation is not squared"),
        (gap_upside_down, "you have TV² − ½ KL"),
        (gap_reversed_kl, "you have KL(q‖p) in place of KL(p‖q)"),
        (gap_of_roots, "you took the square root"),
        (gap_doubled, "you have twice the gap"),
        (unforeseen.e1_3_wrong_half_after_the_square, "you halve the square of Σ |p − q|"),
        (gap_half_of_tv_squared, "you halve TV²"),
        (gap_tv_halved_twice, "you halve the total variation twice"),
        (unforeseen.e1_3_wrong_largest_outcome, "you take the largest difference of one outcome"),
        (gap_half_the_largest, "you take half the largest difference"),
        (unforeseen.e1_3_wrong_sum_of_squares, "you add up squares of differences: add up the absolute"),
        (gap_sum_of_all_squares, "you add up squares of differences: add up the absolute differences, halve"),
        (gap_sum_of_squared_halves, "you add up squares of half the differences"),
        (gap_squares_squared, "you square the differences, and their sum again"),
        (unforeseen.e1_3_wrong_no_absolute_value, "TV² is missing in your gap, or the differences cancel"),
        (gap_mean_variation, "you take the mean of |p − q|"),
        (gap_half_mean_variation, "you take half the mean of |p − q|"),
        (gap_unsquared_without_half, "the total variation is neither halved nor squared"),
        (gap_root_of_tv, "you take the root of the total variation"),
        (gap_cubed, "you cube the total variation"),
        (gap_kl_quartered, "you halve the KL twice"),
        (gap_kl_doubled, "you double the KL"),
        (gap_whole_kl_in_bits, "your KL is in bits, and lacks its ½"),
        (gap_whole_kl_reversed, "your KL is turned round"),
        (gap_symmetric_kl, "you average KL(p‖q) and KL(q‖p)"),
        (gap_mean_kl, "you take the mean over the outcomes in the KL"),
        (gap_kl_upside_down, "the quotient in your KL is upside down"),
        (gap_kl_weighted_by_q, "you weight log(p/q) with q in your KL"),
        (gap_kl_without_weights, "the weights p are missing in your KL"),
        (gap_cross_entropy, "you have the cross-entropy in place of KL"),
        (gap_kl_squared, "you square the KL"),
        (gap_of_root_of_kl, "you took the square root of KL, which lacks its ½"),
        (gap_added, "you add TV²"),
        (gap_of_tv_only, "you have TV² alone"),
        (unforeseen.e1_3_wrong_quotient, "you divide TV² by ½ KL"),
        (gap_upper_quotient, "you divide ½ KL by TV²"),
        (unforeseen.e1_3_wrong_answers_yes, "you say whether the inequality holds"),
        (unforeseen.e1_3_wrong_other_inequality, "you have the room of another bound"),
        (gap_all_squared, "you square the difference"),
    ],
    "1.4": [
        (estimators_inverted, "your ratio is upside down"),
        (estimators_k2_without_half, "your k2 lacks its ½"),
        (estimators_k3_without_one, "your k3 lacks the −1"),
        (estimators_k1_sign, "your k1 is log w"),
        (estimators_averaged, "you return averages"),
        (estimators_summed, "you return sums"),
        (estimators_of_the_mean, "you average the log-ratios first"),
        (unforeseen.e1_4_wrong_weighted_by_old, "you weight each sample with its old probability"),
        (estimators_weighted_by_new, "you weight each sample with its new probability"),
        (unforeseen.e1_4_wrong_reweighted_by_ratio, "you weight each sample with the ratio w"),
        (estimators_weighted_by_inverse, "you weight each sample with 1/w"),
        (unforeseen.e1_4_wrong_quotient_of_logs, "you divide the log-probabilities"),
        (estimators_ratio_is_the_difference, "you take the difference of the log-probabilities for w"),
        (estimators_of_probabilities, "you have the difference of the probabilities for log w"),
        (unforeseen.e1_4_wrong_bits, "you used log2"),
        (estimators_added_logs, "you add up the log-probabilities"),
        (estimators_absolute, "you take the absolute value of log w"),
        (estimators_all_negative, "all three have the wrong sign"),
        (_with(k1=lambda w: w), "your k1 is w:"),
        (_with(k1=lambda w: -w), "your k1 is −w:"),
        (_with(k1=lambda w: 1 / w), "your k1 is 1/w"),
        (_with(k1=lambda w: w - 1), "your k1 is w − 1"),
        (_with(k1=lambda w: 1 - w), "your k1 is 1 − w"),
        (unforeseen.e1_4_wrong_k1_absolute, "your k1 is |log w|"),
        (unforeseen.e1_4_wrong_k1_cut_at_zero, "your k1 is cut off at 0"),
        (_with(k1=lambda w: -w * np.log(w)), "your k1 is −w log w"),
        (_with(k1=lambda w: w * np.log(w)), "your k1 is w log w"),
        (_with(k1=lambda w: -np.log(w) / 2), "your k1 is half of −log w"),
        (unforeseen.e1_4_wrong_k2_half_inside_the_square, "the ½ of your k2 is inside the square"),
        (unforeseen.e1_4_wrong_k2_of_the_ratio, "your k2 has the square of w − 1: it is"),
        (_with(k2=lambda w: (w - 1) ** 2), "your k2 has the square of w − 1, and lacks its ½"),
        (_with(k2=lambda w: w**2 / 2), "your k2 has the square of w: it is"),
        (_with(k2=lambda w: np.log(w) / 2), "your k2 isn't squared"),
        (_with(k2=lambda w: np.abs(np.log(w)) / 2), "your k2 is ½ |log w|"),
        (_with(k2=lambda w: -(np.log(w) ** 2) / 2), "your k2 has a minus"),
        (_with(k2=lambda w: np.log(w**2) / 2), "your k2 has the logarithm of w²"),
        (_with(k2=lambda w: np.sqrt(np.log(w) ** 2 / 2)), "your k2 is the root of (log w)²/2"),
        (_with(k2=lambda w: w * np.log(w) ** 2 / 2), "your k2 is w (log w)²/2"),
        (_with(k3=lambda w: w + 1 - np.log(w)), "your k3 has + 1"),
        (unforeseen.e1_4_wrong_k3_plus_log, "your k3 adds log w"),
        (unforeseen.e1_4_wrong_k3_old_over_new, "your k3 has 1/w in both places"),
        (unforeseen.e1_4_wrong_k3_mixed_ratios, "your k3 has 1/w where w belongs"),
        (unforeseen.e1_4_wrong_k3_without_exponential, "your k3 has log w where w belongs"),
        (_with(k3=lambda w: w - 1), "your k3 lacks −log w"),
        (_with(k3=lambda w: -np.log(w)), "your k3 lacks w − 1"),
        (_with(k3=lambda w: -1 - np.log(w)), "your k3 lacks w: it is"),
        (_with(k3=lambda w: np.log(w) - (w - 1)), "your k3 has the wrong sign"),
        (_with(k3=lambda w: 1 - w - np.log(w)), "your k3 is 1 − w − log w"),
        (_with(k3=lambda w: w - 1 - w * np.log(w)), "your k3 has the weight w in front of log w"),
        (_with(k3=lambda w: w * np.log(w) - (w - 1)), "your k3 is w log w − (w − 1)"),
        (_with(k3=lambda w: (w - 1 - np.log(w)) / 2), "your k3 is halved"),
        (estimators_only_two, "return 3 values, not 2"),
    ],
}
