"""Wrong answers to the exercises of lesson 04."""

import numpy as np

from trpobook.finite.mdp import softmax


def ess_upside_down(weights):
    return np.sum(weights**2) / np.sum(weights) ** 2


def ess_not_normalised(weights):
    return 1 / np.sum(weights**2)


def ess_mean_taken_for_one(weights):
    return len(weights) / np.mean(weights**2)


def ess_share(weights):
    return np.mean(weights) ** 2 / np.mean(weights**2)


def ess_one(weights):
    shares = weights / weights.sum()
    return 1 / np.sum(shares) ** 2


def ess_plain_variance(weights):
    return len(weights) / (1 + np.var(weights))


def ess_unsquared_variation(weights):
    return len(weights) / (1 + np.std(weights) / np.mean(weights))


def ess_sample_variance(weights):
    return len(weights) / (1 + np.var(weights, ddof=1) / np.mean(weights) ** 2)


def ess_sum_unsquared(weights):
    return np.sum(weights) / np.sum(weights**2)


def ess_by_the_largest(weights):
    return 1 / np.max(weights / np.sum(weights))


def ess_counts(weights):
    return np.count_nonzero(weights)


def ess_overwrites(weights):
    weights /= weights.sum()
    return 1 / np.sum(weights**2)


def _walk(weights, P, mu, T):
    v = mu
    for _ in range(T):
        v = np.sum(v[:, None, None] * weights[:, :, None] * P, axis=(0, 1))
    return v.sum()


def moment_minus_one(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**2 / pi_old, P, mu, T) - 1


def moment_unsquared(P, pi_old, pi_new, mu, T):
    return _walk(pi_old * (pi_new / pi_old), P, mu, T)


def moment_roles_swapped(P, pi_old, pi_new, mu, T):
    return _walk(pi_old**2 / pi_new, P, mu, T)


def moment_without_chance(P, pi_old, pi_new, mu, T):
    return _walk((pi_new / pi_old) ** 2, P, mu, T)


def moment_under_new(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**3 / pi_old**2, P, mu, T)


def _averages(P, visit, pi_old, pi_new, mu, T):
    d, rows = mu, []
    for _ in range(T):
        rows.append(d @ np.sum(pi_new**2 / pi_old, axis=1))
        d = np.einsum("s,sa,sat->t", d, visit, P)
    return np.array(rows)


def moment_added(P, pi_old, pi_new, mu, T):
    return 1 + np.sum(_averages(P, pi_old, pi_old, pi_new, mu, T) - 1)


def moment_power_of_the_first(P, pi_old, pi_new, mu, T):
    return _averages(P, pi_old, pi_old, pi_new, mu, 1)[0] ** T


def moment_product_of_averages(P, pi_old, pi_new, mu, T):
    return np.prod(_averages(P, pi_old, pi_old, pi_new, mu, T))


def moment_product_under_new(P, pi_old, pi_new, mu, T):
    return np.prod(_averages(P, pi_new, pi_old, pi_new, mu, T))


def moment_one_too_many(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**2 / pi_old, P, mu, T + 1)


def moment_one_too_few(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**2 / pi_old, P, mu, T - 1)


def moment_per_state(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v


def _sum(rho, weights, table):
    return np.sum(rho[:, None] * weights * table)


def surrogate_new_visits(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.advantage(old))


def surrogate_new_advantages(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.advantage(new))


def surrogate_normalised(mdp, old, new):
    d = mdp.visitation(old) / mdp.visitation(old).sum()
    return _sum(d, new, mdp.advantage(old))


def surrogate_without_ratio(mdp, old, new):
    return _sum(mdp.visitation(old), old, mdp.advantage(old))


def surrogate_ratio_alone(mdp, old, new):
    return _sum(mdp.visitation(old), new / old, mdp.advantage(old))


def surrogate_ratio_twice(mdp, old, new):
    return _sum(mdp.visitation(old), new * (new / old), mdp.advantage(old))


def surrogate_of_q(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.action_value(old))


def surrogate_with_return(mdp, old, new):
    return mdp.expected_return(old) + _sum(mdp.visitation(old), new, mdp.advantage(old))


def surrogate_every_state_once(mdp, old, new):
    return np.sum(new * mdp.advantage(old))


def surrogate_mean_over_states(mdp, old, new):
    return np.mean(np.sum(new * mdp.advantage(old), axis=1))


def surrogate_from_the_start(mdp, old, new):
    return _sum(mdp.start, new, mdp.advantage(old))


def surrogate_negated(mdp, old, new):
    return -_sum(mdp.visitation(old), new, mdp.advantage(old))


def surrogate_per_state(mdp, old, new):
    return mdp.visitation(old) * np.sum(new * mdp.advantage(old), axis=1)


def _both(mdp, theta, direction, alphas):
    """J(old), and arrays of J(new) and of L, one for each alpha."""
    old = softmax(theta)
    news = [softmax(theta + alpha * direction) for alpha in alphas]
    after = np.array([mdp.expected_return(new) for new in news])
    promises = np.array([_sum(mdp.visitation(old), new, mdp.advantage(old)) for new in news])
    return mdp.expected_return(old), after, promises


def gap_without_old_return(mdp, theta, direction, alphas):
    _, after, promises = _both(mdp, theta, direction, alphas)
    return after - promises


def gap_reversed(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return promises - (after - before)


def gap_gain_only(mdp, theta, direction, alphas):
    before, after, _ = _both(mdp, theta, direction, alphas)
    return after - before


def gap_promise_only(mdp, theta, direction, alphas):
    return _both(mdp, theta, direction, alphas)[2]


def gap_added(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return after - before + promises


def gap_normalised(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return after - before - promises * (1 - mdp.gamma)


def gap_return_on_one_side(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before) - (before + promises)


def gap_divided(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before - promises) / np.asarray(alphas) ** 2


def gap_absolute(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return np.abs(after - before - promises)


def gap_exact_identity(mdp, theta, direction, alphas):
    old = softmax(theta)
    news = [softmax(theta + alpha * direction) for alpha in alphas]
    gains = [mdp.expected_return(new) - mdp.expected_return(old) for new in news]
    return np.array(gains) - [_sum(mdp.visitation(new), new, mdp.advantage(old)) for new in news]


def gap_in_probabilities(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = np.maximum(old + alpha * direction, 1e-12)
        new /= new.sum(axis=1, keepdims=True)
        gain = mdp.expected_return(new) - mdp.expected_return(old)
        gaps.append(gain - _sum(mdp.visitation(old), new, mdp.advantage(old)))
    return np.array(gaps)


def gap_backwards(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, -direction, alphas)
    return after - before - promises


def gap_of_the_first_alpha(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas[:1])
    return (after - before - promises)[0]


WRONG_ANSWERS = {
    "4.1": [
        (ess_upside_down, "you have it upside down"),
        (ess_not_normalised, "you have 1/Σw²"),
        (ess_mean_taken_for_one, "you have n²/Σw²"),
        (ess_share, "you have the share ESS/n"),
        (ess_one, "you square the sum below too"),
        (ess_plain_variance, "a variance that isn't divided by the squared mean"),
        (ess_unsquared_variation, "the coefficient of variation must be squared"),
        (ess_sample_variance, "your variance divides by n − 1"),
        (ess_sum_unsquared, "you have Σw/Σw²"),
        (ess_by_the_largest, "you have Σw/max w"),
        (ess_counts, "you count the weights that aren't 0"),
        (ess_overwrites, "your function changes its arguments"),
    ],
    "4.2": [
        (moment_minus_one, "you have χ², the variance"),
        (moment_unsquared, "the mean of the product: the ratio must be squared"),
        (moment_roles_swapped, "you have old²/new"),
        (moment_without_chance, "without the chance old that the action is taken"),
        (moment_under_new, "you weigh by new·(new/old)²"),
        (moment_added, "you add up χ² over the steps"),
        (moment_power_of_the_first, "you take a power of the first step's second moment"),
        (moment_product_of_averages, "you multiply averages over the old policy's states"),
        (moment_product_under_new, "you multiply averages over the new policy's states"),
        (moment_one_too_many, "you take one step too many"),
        (moment_one_too_few, "you take one step too few"),
        (moment_per_state, "the shape is wrong"),
    ],
    "4.3": [
        (surrogate_new_visits, "you visit the states as the new policy does"),
        (surrogate_new_advantages, "your result is 0"),
        (surrogate_normalised, "your visitation is normalised"),
        (surrogate_without_ratio, "your result is 0"),
        (surrogate_ratio_alone, "without the old policy's probabilities"),
        (surrogate_ratio_twice, "you weigh by new·(new/old)"),
        (surrogate_of_q, "you have Q in place of A"),
        (surrogate_with_return, "you added J(old)"),
        (surrogate_every_state_once, "all states count alike in your sum"),
        (surrogate_mean_over_states, "you average over the states as if all were visited alike"),
        (surrogate_from_the_start, "you weigh the states by the start distribution"),
        (surrogate_negated, "the sign is wrong"),
        (surrogate_per_state, "the shape is wrong"),
    ],
    "4.4": [
        (gap_without_old_return, "J(old) is missing"),
        (gap_reversed, "the gap is the truth minus the promise"),
        (gap_gain_only, "L is missing"),
        (gap_promise_only, "you return L, the promise"),
        (gap_added, "you add L to the gain"),
        (gap_normalised, "your L uses normalised visits"),
        (gap_return_on_one_side, "your L contains J(old) and your gain doesn't"),
        (gap_divided, "you divide by α²"),
        (gap_absolute, "you return absolute values"),
        (gap_exact_identity, "your L visits the states as the new policy does"),
        (gap_in_probabilities, "you step in the probabilities"),
        (gap_backwards, "you step backwards"),
        (gap_of_the_first_alpha, "the shape is wrong"),
    ],
}
