"""Wrong answers to the exercises of lesson 04."""

import numpy as np
import torch

from trpobook.finite.mdp import softmax
from unforeseen import lesson_04 as unforeseen


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


def ess_unbiased_plain_variance(weights):
    return len(weights) / (1 + torch.tensor(weights).var())


def ess_unbiased_variance_over_mean(weights):
    w = torch.tensor(weights)
    return len(w) / (1 + w.var() / w.mean())


def ess_unbiased_unsquared_variation(weights):
    w = torch.tensor(weights)
    return len(w) / (1 + w.std() / w.mean())


def ess_about_one(weights):
    return len(weights) / (1 + np.mean(np.square(weights - 1)))


def ess_inverse_share(weights):
    return np.mean(weights**2) / np.mean(weights) ** 2


def ess_variation(weights):
    return (np.std(weights) / np.mean(weights)) ** 2


def ess_rounded(weights):
    return np.round(np.sum(weights) ** 2 / np.sum(weights**2))


def ess_of_logarithms(log_weights):
    weights = np.exp(log_weights)
    return np.sum(weights) ** 2 / np.sum(weights**2)


def ess_mean_below(weights):
    return np.sum(weights) ** 2 / np.mean(weights**2)


def ess_mean_on_top(weights):
    return np.mean(weights) ** 2 / np.sum(weights**2)


def ess_wrong_square(weights):
    return np.sum(weights**2) / np.sum(weights)


def ess_sum(weights):
    return np.sum(weights) ** 2 / np.sum(weights)


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


def moment_swapped_minus_one(P, pi_old, pi_new, mu, T):
    return _walk(pi_old**2 / pi_new, P, mu, T) - 1


def moment_ratio_alone(P, pi_old, pi_new, mu, T):
    return _walk(pi_new / pi_old, P, mu, T)


def moment_of_chi(P, pi_old, pi_new, mu, T):
    return _walk(pi_old * (pi_new / pi_old - 1) ** 2, P, mu, T)


def moment_squared_moves(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**2 / pi_old, P**2, mu, T)


def moment_sum_of_squares(P, pi_old, pi_new, mu, T):
    return np.sum(moment_per_state(P, pi_old, pi_new, mu, T) ** 2)


def moment_mean_over_states(P, pi_old, pi_new, mu, T):
    return moment_per_state(P, pi_old, pi_new, mu, T).mean()


def moment_largest(P, pi_old, pi_new, mu, T):
    return moment_per_state(P, pi_old, pi_new, mu, T).max()


def moment_rooted(P, pi_old, pi_new, mu, T):
    return np.sqrt(_walk(pi_new**2 / pi_old, P, mu, T))


def moment_logarithm(P, pi_old, pi_new, mu, T):
    return np.log(_walk(pi_new**2 / pi_old, P, mu, T))


def moment_from_ones(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**2 / pi_old, P, np.ones(len(mu)), T)


def moment_from_uniform(P, pi_old, pi_new, mu, T):
    return _walk(pi_new**2 / pi_old, P, np.ones(len(mu)) / len(mu), T)


def moment_entrywise_power(P, pi_old, pi_new, mu, T):
    M = np.einsum("sa,sat->st", pi_new**2 / pi_old, P)
    return np.sum(mu @ M**T)


def moment_running_total(P, pi_old, pi_new, mu, T):
    v, total = mu, 0.0
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
        total += v.sum()
    return total


def moment_running_total_from_start(P, pi_old, pi_new, mu, T):
    return 1 + moment_running_total(P, pi_old, pi_new, mu, T)


def _moved_apart(mean, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = (v * np.sum(pi_new**2 / pi_old, axis=1)) @ mean
    return v.sum()


def moment_moved_by_old(P, pi_old, pi_new, mu, T):
    return _moved_apart(np.sum(pi_old[..., None] * P, axis=1), pi_old, pi_new, mu, T)


def moment_moved_by_new(P, pi_old, pi_new, mu, T):
    return _moved_apart(np.sum(pi_new[..., None] * P, axis=1), pi_old, pi_new, mu, T)


def moment_exponential_of_old_kl(P, pi_old, pi_new, mu, T):
    kl, d, total = np.sum(pi_old * np.log(pi_old / pi_new), axis=1), mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return np.exp(total)


def moment_power_of_the_mean(P, pi_old, pi_new, mu, T):
    return np.mean(np.sum(pi_new**2 / pi_old, axis=1)) ** T


def moment_too_many_minus_one(P, pi_old, pi_new, mu, T):
    return moment_one_too_many(P, pi_old, pi_new, mu, T) - 1


def moment_too_few_minus_one(P, pi_old, pi_new, mu, T):
    return moment_one_too_few(P, pi_old, pi_new, mu, T) - 1


def _sum(rho, weights, table):
    return np.sum(rho[:, None] * weights * table)


def surrogate_new_visits(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.advantage(old))


def surrogate_new_advantages(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.advantage(new))


def surrogate_normalised(mdp, old, new):
    return _sum((1 - mdp.gamma) * mdp.visitation(old), new, mdp.advantage(old))


def surrogate_over_the_mass(mdp, old, new):
    d = mdp.visitation(old) / mdp.visitation(old).sum()
    return _sum(d, new, mdp.advantage(old))


def surrogate_mass_twice(mdp, old, new):
    return _sum(mdp.visitation(old) / (1 - mdp.gamma), new, mdp.advantage(old))


def surrogate_old_over_new(mdp, old, new):
    return _sum(mdp.visitation(old), old / new, mdp.advantage(old))


def surrogate_of_log_policy(mdp, old, new):
    return _sum(mdp.visitation(old), old * np.log(new), mdp.advantage(old))


def surrogate_both_policies(mdp, old, new):
    return _sum(mdp.visitation(old), old * new, mdp.advantage(old))


def surrogate_all_actions(mdp, old, new):
    return mdp.visitation(old) @ mdp.advantage(old).sum(axis=1)


def surrogate_likeliest(mdp, old, new):
    return mdp.visitation(old) @ mdp.advantage(old)[np.arange(len(new)), new.argmax(axis=1)]


def surrogate_gains_only(mdp, old, new):
    return _sum(mdp.visitation(old), new, np.clip(mdp.advantage(old), 0, None))


def _clip(mdp, old, new, reach):
    w, A = new / old, mdp.advantage(old)
    return _sum(mdp.visitation(old), old, np.minimum(w * A, np.clip(w, 1 - reach, 1 + reach) * A))


def surrogate_clipped_tightly(mdp, old, new):
    return _clip(mdp, old, new, 0.1)


def surrogate_clipped_loosely(mdp, old, new):
    return _clip(mdp, old, new, 0.3)


def _kl(old, new):
    return np.sum(old * (np.log(old) - np.log(new)), axis=1)


def surrogate_less_mean_kl(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(old)
    return _sum(mdp.visitation(old), new, mdp.advantage(old)) - d @ _kl(old, new)


def surrogate_less_largest_kl(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.advantage(old)) - _kl(old, new).max()


def surrogate_of_q_normalised(mdp, old, new):
    return (1 - mdp.gamma) * surrogate_of_q(mdp, old, new)


def surrogate_of_new_q(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.action_value(new))


def surrogate_of_rewards(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.reward)


def surrogate_less_new_value(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.action_value(old) - mdp.value(new)[:, None])


def surrogate_swapped(mdp, old, new):
    return _sum(mdp.visitation(new), old, mdp.advantage(new))


def surrogate_backwards_gain(mdp, old, new):
    return _sum(mdp.visitation(old), old, mdp.advantage(new))


def surrogate_normalised_with_return(mdp, old, new):
    return mdp.expected_return(old) + surrogate_normalised(mdp, old, new)


def surrogate_less_return(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.advantage(old)) - mdp.expected_return(old)


def surrogate_of_q_from_the_start(mdp, old, new):
    return _sum(mdp.start, new, mdp.action_value(old))


def surrogate_new_visits_normalised(mdp, old, new):
    return (1 - mdp.gamma) * surrogate_new_visits(mdp, old, new)


def surrogate_ratio_alone_normalised(mdp, old, new):
    return (1 - mdp.gamma) * surrogate_ratio_alone(mdp, old, new)


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


def gap_old_return_added(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return after + before - promises


def _gap_with(promise, mdp, theta, direction, alphas):
    old = softmax(theta)
    news = [softmax(theta + alpha * direction) for alpha in alphas]
    return np.array([mdp.expected_return(new) - mdp.expected_return(old) - promise(mdp, old, new) for new in news])


def gap_over_the_mass(mdp, theta, direction, alphas):
    return _gap_with(surrogate_over_the_mass, mdp, theta, direction, alphas)


def gap_with_q(mdp, theta, direction, alphas):
    return _gap_with(surrogate_of_q, mdp, theta, direction, alphas)


def gap_from_the_start(mdp, theta, direction, alphas):
    return _gap_with(surrogate_from_the_start, mdp, theta, direction, alphas)


def gap_with_new_advantages(mdp, theta, direction, alphas):
    return _gap_with(surrogate_new_advantages, mdp, theta, direction, alphas)


def gap_over_alpha(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before - promises) / alphas


def gap_over_size_of_gain(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before - promises) / np.abs(after - before)


def gap_over_promise(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before) / promises - 1


def gap_as_quotient(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before) / promises


def gap_as_upside_down_quotient(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return promises / (after - before)


def gap_squared(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, alphas)
    return (after - before - promises) ** 2


def gap_without_theta(mdp, theta, direction, alphas):
    before, gaps = mdp.expected_return(softmax(theta)), []
    for alpha in alphas:
        new = softmax(alpha * direction)
        promise = _sum(mdp.visitation(softmax(theta)), new, mdp.advantage(softmax(theta)))
        gaps.append(mdp.expected_return(new) - before - promise)
    return np.array(gaps)


def gap_without_alpha(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, np.ones(len(alphas)))
    return after - before - promises


def gap_direction_over_largest(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction / np.abs(direction).max(), alphas)
    return after - before - promises


def gap_piled_up_and_following(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        theta = theta + alpha * direction
        new = softmax(theta)
        gain = mdp.expected_return(new) - mdp.expected_return(old)
        gaps.append(gain - _sum(mdp.visitation(old), new, mdp.advantage(old)))
        old = new
    return np.array(gaps)


def gap_sorted_upwards(mdp, theta, direction, alphas):
    before, after, promises = _both(mdp, theta, direction, sorted(alphas))
    return after - before - promises


def gap_reversed_without_old_return(mdp, theta, direction, alphas):
    _, after, promises = _both(mdp, theta, direction, alphas)
    return promises - after


def gap_normalised_without_old_return(mdp, theta, direction, alphas):
    _, after, promises = _both(mdp, theta, direction, alphas)
    return after - (1 - mdp.gamma) * promises


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
        (ess_overwrites, "work on a copy"),
        (unforeseen.e4_1_wrong_mean_not_squared, "you divide the variance by the mean of the weights"),
        (ess_unbiased_plain_variance, "your variance isn't divided by the squared mean of the weights, and it"),
        (ess_unbiased_variance_over_mean, "your variance is divided by the mean and not by its square, and it"),
        (ess_unbiased_unsquared_variation, "your standard deviation divides by n − 1"),
        (unforeseen.e4_1_wrong_one_missing, "you have n/cv²"),
        (ess_about_one, "you take the variance about 1"),
        (ess_inverse_share, "you have 1 + cv²"),
        (ess_variation, "you have cv², the variance"),
        (unforeseen.e4_1_wrong_square_inside_both, "your result is n, whatever the weights"),
        (unforeseen.e4_1_wrong_entropy, "you have the exponential of the weights' entropy"),
        (unforeseen.e4_1_wrong_root, "you take the square root"),
        (unforeseen.e4_1_wrong_whole_number, "you round down to a whole number"),
        (ess_rounded, "you round to a whole number"),
        (ess_of_logarithms, "you take the weights for logarithms"),
        (ess_mean_below, "you have the mean of the squares below the line"),
        (ess_mean_on_top, "you have the mean of the weights on top"),
        (ess_wrong_square, "you have Σw²/Σw"),
        (ess_sum, "your result is the sum of the weights"),
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
        (moment_swapped_minus_one, "two things at once: you have old²/new"),
        (moment_ratio_alone, "you weigh by new/old: square the ratio"),
        (unforeseen.e4_2_wrong_new_squared_alone, "you weigh by new², and divide by old nowhere"),
        (moment_of_chi, "you multiply the χ² of the steps"),
        (moment_squared_moves, "you square the probabilities of the moves"),
        (unforeseen.e4_2_wrong_summed_before_squaring, "your result is the square of the second moment"),
        (moment_sum_of_squares, "you add up the squares of what has arrived"),
        (unforeseen.e4_2_wrong_weighted_by_start_again, "you weigh what has arrived by μ once more"),
        (moment_mean_over_states, "you average over the states what has arrived"),
        (moment_largest, "you take the largest of what has arrived"),
        (moment_rooted, "you take a square root in the end"),
        (moment_logarithm, "you take the logarithm in the end"),
        (moment_from_ones, "you begin with 1 in every state"),
        (moment_from_uniform, "you begin as if all states were equally likely"),
        (unforeseen.e4_2_wrong_matrix_transposed, "you multiply M from the wrong side"),
        (moment_entrywise_power, "you raise each entry of M to the power T"),
        (moment_running_total, "you add up what has arrived after every step; only"),
        (moment_running_total_from_start, "you add up what has arrived after every step, from the start on"),
        (unforeseen.e4_2_wrong_uniform_moves, "you move on by the plain mean of P"),
        (moment_moved_by_old, "you move on by the old policy's mean of P"),
        (moment_moved_by_new, "you move on by the new policy's mean of P"),
        (unforeseen.e4_2_wrong_exponential_of_the_kl, "you have exp(KL(new‖old))"),
        (moment_exponential_of_old_kl, "you have exp(KL(old‖new))"),
        (unforeseen.e4_2_wrong_steps_added, "you add up the steps' second moments"),
        (moment_power_of_the_mean, "you take a power of the mean over all states alike"),
        (moment_too_many_minus_one, "two things at once: you take one step too many"),
        (moment_too_few_minus_one, "two things at once: you take one step too few"),
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
        (surrogate_over_the_mass, "your visitation is divided by its sum"),
        (surrogate_mass_twice, "you divide by 1−γ once more"),
        (unforeseen.e4_3_wrong_ratio_upside_down, "your ratio is upside down: it is new/old"),
        (surrogate_old_over_new, "your ratio is upside down, and the old policy's probabilities are missing"),
        (unforeseen.e4_3_wrong_log_ratio, "you have the logarithm of the ratio"),
        (surrogate_of_log_policy, "you weigh by log π_new"),
        (surrogate_both_policies, "you weigh by both policies' probabilities"),
        (surrogate_all_actions, "you add the advantages of all actions"),
        (surrogate_likeliest, "you count only the likeliest action"),
        (unforeseen.e4_3_wrong_best_action, "you take the best action of each state"),
        (unforeseen.e4_3_wrong_mean_over_actions, "you average over the actions after weighing them"),
        (unforeseen.e4_3_wrong_absolute_advantage, "you have absolute values of the advantages"),
        (surrogate_gains_only, "you leave out the actions whose advantage is negative"),
        (surrogate_clipped_tightly, "you clip the ratios to [0.9, 1.1]"),
        (unforeseen.e4_3_wrong_clipped, "you clip the ratios to [0.8, 1.2]"),
        (surrogate_clipped_loosely, "you clip the ratios to [0.7, 1.3]"),
        (unforeseen.e4_3_wrong_penalty_subtracted, "you subtract the KL, added up over the visits"),
        (surrogate_less_mean_kl, "you subtract the mean KL"),
        (surrogate_less_largest_kl, "you subtract the largest KL"),
        (surrogate_of_q_normalised, "two things at once: you have Q in place of A, and a normalised visitation"),
        (surrogate_of_new_q, "you have the new policy's Q"),
        (surrogate_of_rewards, "you have the reward in place of A"),
        (surrogate_less_new_value, "you subtract the new policy's V"),
        (surrogate_swapped, "old and new have changed places everywhere"),
        (surrogate_backwards_gain, "that is J(old) − J(new)"),
        (surrogate_normalised_with_return, "two things at once: you added J(old), and your visitation is normalised"),
        (surrogate_less_return, "you subtract J(old)"),
        (surrogate_of_q_from_the_start, "two things at once: you weigh the states by the start distribution"),
        (surrogate_new_visits_normalised, "(1−γ)ρ, and it is the new policy's"),
        (surrogate_ratio_alone_normalised, "(1−γ)ρ, and the ratio new/old lacks the old policy's probabilities"),
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
        (unforeseen.e4_4_wrong_returns_swapped, "your two returns have changed places"),
        (gap_old_return_added, "you add the old return where it is subtracted"),
        (gap_over_the_mass, "your L divides the visits by their sum"),
        (gap_with_q, "your L has Q in place of A"),
        (gap_from_the_start, "your L weighs the states by the start distribution"),
        (gap_with_new_advantages, "L is missing, or 0"),
        (unforeseen.e4_4_wrong_surrogate_arguments_swapped, "your L is given its policies in the wrong order"),
        (unforeseen.e4_4_wrong_linearised_surrogate, "you have α times the slope in place of L"),
        (gap_over_alpha, "you divide by α; the gap"),
        (unforeseen.e4_4_wrong_relative_to_the_gain, "you divide by the gain"),
        (gap_over_size_of_gain, "you divide by the size of the gain"),
        (gap_over_promise, "you divide by L"),
        (gap_as_quotient, "you have the quotient of gain and promise"),
        (gap_as_upside_down_quotient, "you have the quotient of promise and gain"),
        (gap_squared, "you square the gap"),
        (unforeseen.e4_4_wrong_policies_mixed, "you mix the two policies"),
        (gap_without_theta, "your new logits are α·direction alone"),
        (gap_without_alpha, "α is left out of your step"),
        (unforeseen.e4_4_wrong_direction_normalised, "you scale the direction to length 1"),
        (gap_direction_over_largest, "you divide the direction by its largest entry"),
        (unforeseen.e4_4_wrong_steps_pile_up, "your steps pile up: begin"),
        (unforeseen.e4_4_wrong_old_policy_follows, "your old policy follows: compare"),
        (gap_piled_up_and_following, "your steps pile up, and your old policy follows"),
        (gap_sorted_upwards, "you sort the alphas; return"),
        (unforeseen.e4_4_wrong_sorted, "you sort the alphas, the largest first"),
        (gap_reversed_without_old_return, "two things at once: J(old) is missing, and you have L"),
        (gap_normalised_without_old_return, "two things at once: your L uses normalised visits, and J(old) is missing"),
    ],
}
