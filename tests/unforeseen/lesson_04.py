"""Answers to the exercises of lesson 04, written by somebody who knows the lesson and not its checks."""

import numpy as np
import torch

from trpobook.finite.bounds import surrogate
from trpobook.finite.mdp import softmax

# Exercise 4.1: effective_sample_size(weights)


def e4_1_wrong_upside_down(weights):
    return np.sum(weights**2) / np.sum(weights) ** 2


def e4_1_wrong_sum_not_squared(weights):
    return np.sum(weights) / np.sum(weights**2)


def e4_1_wrong_square_inside_both(weights):
    return np.sum(weights**2) / np.sum(weights**2) * len(weights)


def e4_1_wrong_square_outside_both(weights):
    return np.sum(weights) ** 2 / np.sum(np.abs(weights)) ** 2


def e4_1_wrong_weights_taken_as_normalised(weights):
    return 1 / np.sum(weights**2)


def e4_1_wrong_mean_taken_as_one(weights):
    return len(weights) ** 2 / np.sum(weights**2)


def e4_1_wrong_variance_without_mean(weights):
    return len(weights) / (1 + np.var(weights))


def e4_1_wrong_mean_not_squared(weights):
    return len(weights) / (1 + np.var(weights) / np.mean(weights))


def e4_1_wrong_variation_not_squared(weights):
    return len(weights) / (1 + np.std(weights) / np.mean(weights))


def e4_1_wrong_sample_variance(weights):
    return len(weights) / (1 + np.var(weights, ddof=1) / np.mean(weights) ** 2)


def e4_1_wrong_share_of_samples(weights):
    return np.mean(weights) ** 2 / np.mean(weights**2)


def e4_1_wrong_one_missing(weights):
    return len(weights) / (np.var(weights) / np.mean(weights) ** 2)


def e4_1_wrong_entropy(weights):
    p = weights / np.sum(weights)
    p = p[p > 0]
    return np.exp(-np.sum(p * np.log(p)))


def e4_1_wrong_largest_weight(weights):
    return np.sum(weights) / np.max(weights)


def e4_1_wrong_counts_positive(weights):
    return np.count_nonzero(weights)


def e4_1_wrong_root(weights):
    return np.sqrt(np.sum(weights) ** 2 / np.sum(weights**2))


def e4_1_wrong_whole_number(weights):
    return int(np.sum(weights) ** 2 / np.sum(weights**2))


def e4_1_wrong_normalises_in_place(weights):
    weights /= np.sum(weights)
    return 1 / np.sum(weights**2)


def e4_1_right_numpy(weights):
    return np.square(np.sum(weights)) / np.dot(weights, weights)


def e4_1_right_loops(weights):
    total, squares = 0.0, 0.0
    for w in weights:
        total += float(w)
        squares += float(w) ** 2
    return total**2 / squares


def e4_1_right_torch(weights):
    w = torch.tensor(np.asarray(weights), dtype=torch.float64)
    return w.sum() ** 2 / (w**2).sum()


def e4_1_right_float32(weights):
    w = np.asarray(weights, np.float32)
    return w.sum() ** 2 / np.sum(w**2)


def e4_1_right_in_place(weights):
    share = np.array(weights, float)
    share /= share.sum()
    share *= share
    return 1 / share.sum()


def e4_1_right_coefficient_of_variation(weights):
    return len(weights) / (1 + (np.std(weights) / np.mean(weights)) ** 2)


def e4_1_right_norms(w):
    return np.array((np.linalg.norm(w, 1) / np.linalg.norm(w, 2)) ** 2)


# Exercise 4.2: second_moment(P, pi_old, pi_new, mu, T)


def e4_2_wrong_ratio_not_squared(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_old * (pi_new / pi_old), P)
    return v.sum()


def e4_2_wrong_new_squared_alone(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2, P)
    return v.sum()


def e4_2_wrong_squared_ratio_without_old(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, (pi_new / pi_old) ** 2, P)
    return v.sum()


def e4_2_wrong_policies_swapped(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_old**2 / pi_new, P)
    return v.sum()


def e4_2_wrong_mean_under_new(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**3 / pi_old**2, P)
    return v.sum()


def e4_2_wrong_one_step_too_many(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T + 1):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v.sum()


def e4_2_wrong_one_step_too_few(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T - 1):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v.sum()


def e4_2_wrong_chi_squared(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v.sum() - 1


def e4_2_wrong_all_states_alike(P, pi_old, pi_new, mu, T):
    return (mu @ np.sum(pi_new**2 / pi_old, axis=1)) ** T


def e4_2_wrong_steps_independent(P, pi_old, pi_new, mu, T):
    per_state, d, product = np.sum(pi_new**2 / pi_old, axis=1), mu, 1.0
    for _ in range(T):
        product *= d @ per_state
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return product


def e4_2_wrong_steps_added(P, pi_old, pi_new, mu, T):
    per_state, d, total = np.sum(pi_new**2 / pi_old, axis=1), mu, 0.0
    for _ in range(T):
        total += d @ per_state
        d = np.einsum("s,sa,sat->t", d, pi_old, P)
    return total


def e4_2_wrong_arrivals_normalised(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
        v = v / v.sum()
    return v.sum()


def e4_2_wrong_matrix_transposed(P, pi_old, pi_new, mu, T):
    M = np.einsum("sa,sat->st", pi_new**2 / pi_old, P)
    v = mu
    for _ in range(T):
        v = M @ v
    return v.sum()


def e4_2_wrong_not_added_up(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v


def e4_2_wrong_weighted_by_start_again(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v @ mu


def e4_2_wrong_summed_before_squaring(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v.sum() ** 2


def e4_2_wrong_exponential_of_the_kl(P, pi_old, pi_new, mu, T):
    kl, d, total = np.sum(pi_new * np.log(pi_new / pi_old), axis=1), mu, 0.0
    for _ in range(T):
        total += d @ kl
        d = np.einsum("s,sa,sat->t", d, pi_new, P)
    return np.exp(total)


def e4_2_wrong_uniform_moves(P, pi_old, pi_new, mu, T):
    v, per_state = mu, np.sum(pi_new**2 / pi_old, axis=1)
    for _ in range(T):
        v = (v * per_state) @ P.mean(axis=1)
    return v.sum()


def e4_2_wrong_overwrites_mu(P, pi_old, pi_new, mu, T):
    v = mu
    for _ in range(T):
        v[:] = np.einsum("s,sa,sat->t", v, pi_new**2 / pi_old, P)
    return v.sum()


def e4_2_wrong_never_ends(P, pi_old, pi_new, mu, T):
    v, left = mu, T
    while left > 0:
        v = np.einsum("s,sa,sat->t", mu, pi_new**2 / pi_old, P)
    return v.sum()


def e4_2_right_numpy(P, pi_old, pi_new, mu, T):
    M = np.einsum("sa,sat->st", pi_new**2 / pi_old, P)
    return mu @ np.linalg.matrix_power(M, T) @ np.ones(len(mu))


def e4_2_right_loops(P, pi_old, pi_new, mu, T):
    states, actions = len(mu), len(pi_old[0])
    v = [float(x) for x in mu]
    for _ in range(T):
        arrived = [0.0] * states
        for s in range(states):
            for a in range(actions):
                weight = v[s] * float(pi_new[s][a]) ** 2 / float(pi_old[s][a])
                for s_next in range(states):
                    arrived[s_next] += weight * float(P[s][a][s_next])
        v = arrived
    return sum(v)


def e4_2_right_torch(P, pi_old, pi_new, mu, T):
    P, old, new, v = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (P, pi_old, pi_new, mu))
    for _ in range(T):
        v = torch.einsum("s,sa,sat->t", v, new.square() / old, P)
    return v.sum()


def e4_2_right_float32(P, pi_old, pi_new, mu, T):
    P, old, new, v = (np.asarray(x, np.float32) for x in (P, pi_old, pi_new, mu))
    for _ in range(T):
        v = np.einsum("s,sa,sat->t", v, new**2 / old, P)
    return v.sum()


def e4_2_right_in_place(P, pi_old, pi_new, mu, T):
    weight = np.array(pi_new, float)
    weight *= pi_new
    weight /= pi_old
    v = np.array(mu, float)
    for _ in range(T):
        v[:] = np.sum((v[:, None] * weight)[:, :, None] * P, axis=(0, 1))
    return v.sum()


def e4_2_right_backwards(P, pi_old, pi_new, mu, T):
    to_come = np.ones(len(mu))
    for _ in range(T):
        to_come = np.sum(pi_old * (pi_new / pi_old) ** 2 * (P @ to_come), axis=1)
    return float(mu @ to_come)


def e4_2_right_logarithm_kept_apart(moves, old, new, start, steps):
    log_size, v = 0.0, start
    for _ in range(steps):
        v = np.einsum("s,sa,sat->t", v, new * (new / old), moves)
        log_size += np.log(v.sum())
        v = v / v.sum()
    return np.array(np.exp(log_size))


# Exercise 4.3: surrogate(mdp, old, new)


def e4_3_wrong_visits_of_the_new_policy(mdp, old, new):
    return mdp.visitation(new) @ np.sum(new * mdp.advantage(old), axis=1)


def e4_3_wrong_advantage_of_the_new_policy(mdp, old, new):
    return mdp.visitation(old) @ np.sum(new * mdp.advantage(new), axis=1)


def e4_3_wrong_old_in_place_of_new(mdp, old, new):
    return mdp.visitation(old) @ np.sum(old * mdp.advantage(old), axis=1)


def e4_3_wrong_policies_swapped(mdp, old, new):
    return mdp.visitation(new) @ np.sum(old * mdp.advantage(new), axis=1)


def e4_3_wrong_visits_normalised(mdp, old, new):
    rho = mdp.visitation(old)
    return rho / rho.sum() @ np.sum(new * mdp.advantage(old), axis=1)


def e4_3_wrong_start_for_visits(mdp, old, new):
    return mdp.start @ np.sum(new * mdp.advantage(old), axis=1)


def e4_3_wrong_states_unweighted(mdp, old, new):
    return np.sum(new * mdp.advantage(old))


def e4_3_wrong_ratio_without_old(mdp, old, new):
    return mdp.visitation(old) @ np.sum(new / old * mdp.advantage(old), axis=1)


def e4_3_wrong_ratio_upside_down(mdp, old, new):
    return mdp.visitation(old) @ np.sum(old * (old / new) * mdp.advantage(old), axis=1)


def e4_3_wrong_ratio_on_the_new_policy(mdp, old, new):
    return mdp.visitation(old) @ np.sum(new * (new / old) * mdp.advantage(old), axis=1)


def e4_3_wrong_log_ratio(mdp, old, new):
    return mdp.visitation(old) @ np.sum(old * np.log(new / old) * mdp.advantage(old), axis=1)


def e4_3_wrong_q_for_advantage(mdp, old, new):
    return mdp.visitation(old) @ np.sum(new * mdp.action_value(old), axis=1)


def e4_3_wrong_return_added(mdp, old, new):
    return mdp.expected_return(old) + mdp.visitation(old) @ np.sum(new * mdp.advantage(old), axis=1)


def e4_3_wrong_best_action(mdp, old, new):
    return mdp.visitation(old) @ np.max(mdp.advantage(old), axis=1)


def e4_3_wrong_mean_over_actions(mdp, old, new):
    return mdp.visitation(old) @ np.mean(new * mdp.advantage(old), axis=1)


def e4_3_wrong_clipped(mdp, old, new):
    w, A = new / old, mdp.advantage(old)
    return mdp.visitation(old) @ np.sum(old * np.minimum(w * A, np.clip(w, 0.8, 1.2) * A), axis=1)


def e4_3_wrong_penalty_subtracted(mdp, old, new):
    rho = mdp.visitation(old)
    kl = np.sum(old * np.log(old / new), axis=1)
    return rho @ np.sum(new * mdp.advantage(old), axis=1) - rho @ kl


def e4_3_wrong_true_gain(mdp, old, new):
    return mdp.expected_return(new) - mdp.expected_return(old)


def e4_3_wrong_absolute_advantage(mdp, old, new):
    return mdp.visitation(old) @ np.sum(new * np.abs(mdp.advantage(old)), axis=1)


def e4_3_wrong_state_by_state(mdp, old, new):
    return mdp.visitation(old) * np.sum(new * mdp.advantage(old), axis=1)


def e4_3_wrong_divides_in_place(mdp, old, new):
    new /= old
    return mdp.visitation(old) @ np.sum(old * new * mdp.advantage(old), axis=1)


def e4_3_right_numpy(mdp, old, new):
    return np.einsum("s,sa,sa->", mdp.visitation(old), new, mdp.advantage(old))


def e4_3_right_loops(mdp, old, new):
    rho, A = mdp.visitation(old), mdp.advantage(old)
    total = 0.0
    for s in range(len(rho)):
        gain = 0.0
        for a in range(len(A[s])):
            gain += new[s][a] * A[s][a]
        total += rho[s] * gain
    return total


def e4_3_right_torch(mdp, old, new):
    rho, A = torch.tensor(mdp.visitation(old)), torch.tensor(mdp.advantage(old))
    return (rho[:, None] * torch.tensor(new) * A).sum()


def e4_3_right_float32(mdp, old, new):
    rho, A = mdp.visitation(old).astype(np.float32), mdp.advantage(old).astype(np.float32)
    single = new.astype(np.complex64 if np.iscomplexobj(new) else np.float32)
    return rho @ np.sum(single * A, axis=1)


def e4_3_right_in_place(mdp, old, new):
    table = np.array(new)
    table *= mdp.advantage(old)
    table *= mdp.visitation(old)[:, None]
    return table.sum()


def e4_3_right_difference_times_q(mdp, old, new):
    return mdp.visitation(old) @ np.sum((new - old) * mdp.action_value(old), axis=1)


def e4_3_right_ratios(mdp, before, after):
    w = after / before
    weight = mdp.visitation(before)[:, None] * before
    return np.array(np.sum(weight * (w - 1) * mdp.advantage(before)))


def e4_3_right_one_step_of_the_new_policy(mdp, old, new):
    # What is gained in each state by one action of the new policy, the old one taking over afterwards.
    q, value = mdp.action_value(old), mdp.value(old)
    return sum(rho * (new[s] @ q[s] - value[s]) for s, rho in enumerate(mdp.visitation(old)))


# Exercise 4.4: surrogate_gap(mdp, theta, direction, alphas)


def e4_4_wrong_absolute(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(abs(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new)))
    return np.array(gaps)


def e4_4_wrong_sign(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(surrogate(mdp, old, new) - (mdp.expected_return(new) - mdp.expected_return(old)))
    return np.array(gaps)


def e4_4_wrong_gain_alone(mdp, theta, direction, alphas):
    old, gains = softmax(theta), []
    for alpha in alphas:
        gains.append(mdp.expected_return(softmax(theta + alpha * direction)) - mdp.expected_return(old))
    return np.array(gains)


def e4_4_wrong_old_return_forgotten(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_returns_swapped(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(old) - mdp.expected_return(new) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_surrogate_added(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) + surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_surrogate_arguments_swapped(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, new, old))
    return np.array(gaps)


def e4_4_wrong_surrogate_normalised(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        promise = surrogate(mdp, old, new) * (1 - mdp.gamma)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - promise)
    return np.array(gaps)


def e4_4_wrong_linearised_surrogate(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    slope = np.sum(mdp.policy_gradient(old) * direction)
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - alpha * slope)
    return np.array(gaps)


def e4_4_wrong_steps_pile_up(mdp, theta, direction, alphas):
    old, gaps, moved = softmax(theta), [], theta.copy()
    for alpha in alphas:
        moved = moved + alpha * direction
        new = softmax(moved)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_old_policy_follows(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
        old = new
    return np.array(gaps)


def e4_4_wrong_direction_normalised(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    direction = direction / np.linalg.norm(direction)
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_way(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta - alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_policies_mixed(mdp, theta, direction, alphas):
    old, target, gaps = softmax(theta), softmax(theta + direction), []
    for alpha in alphas:
        new = (1 - alpha) * old + alpha * target
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_divided_by_square(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gap = mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new)
        gaps.append(gap / alpha**2)
    return np.array(gaps)


def e4_4_wrong_relative_to_the_gain(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gain = mdp.expected_return(new) - mdp.expected_return(old)
        gaps.append((gain - surrogate(mdp, old, new)) / gain)
    return np.array(gaps)


def e4_4_wrong_sorted(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in np.sort(alphas)[::-1]:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_wrong_return_inside_loop(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
        return np.array(gaps)


def e4_4_wrong_added_up(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        new = softmax(theta + alpha * direction)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return sum(gaps)


def e4_4_wrong_logits_for_policies(mdp, theta, direction, alphas):
    gaps = []
    for alpha in alphas:
        new = theta + alpha * direction
        gaps.append(mdp.expected_return(new) - mdp.expected_return(theta) - surrogate(mdp, theta, new))
    return np.array(gaps)


def e4_4_wrong_moves_theta_itself(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), []
    for alpha in alphas:
        theta += alpha * direction
        new = softmax(theta)
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return np.array(gaps)


def e4_4_right_numpy(mdp, theta, direction, alphas):
    logits = theta + np.multiply.outer(alphas, direction)
    old = softmax(theta)
    returns = np.array([mdp.expected_return(new) for new in softmax(logits)])
    promises = np.array([surrogate(mdp, old, new) for new in softmax(logits)])
    return returns - mdp.expected_return(old) - promises


def e4_4_right_loops(mdp, theta, direction, alphas):
    states, actions = len(theta), len(theta[0])

    def policy(alpha):
        rows = []
        for s in range(states):
            logits = [float(theta[s][a]) + float(alpha) * float(direction[s][a]) for a in range(actions)]
            weights = [2.718281828459045 ** (x - max(logits)) for x in logits]
            rows.append([x / sum(weights) for x in weights])
        return np.array(rows)

    old = policy(0.0)
    before = float(mdp.expected_return(old))
    gaps = []
    for alpha in alphas:
        new = policy(alpha)
        gaps.append(float(mdp.expected_return(new)) - before - float(surrogate(mdp, old, new)))
    return gaps


def e4_4_right_torch(mdp, theta, direction, alphas):
    theta, direction = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (theta, direction))
    old, gaps = torch.softmax(theta, dim=-1).numpy(), []
    for alpha in np.asarray(alphas).tolist():
        new = torch.softmax(theta + alpha * direction, dim=-1).numpy()
        gaps.append(mdp.expected_return(new) - mdp.expected_return(old) - surrogate(mdp, old, new))
    return torch.tensor(np.array(gaps), dtype=torch.float64)


def e4_4_right_float32(mdp, theta, direction, alphas):
    # Single precision for the two small factors of (4.14), each taken after its subtraction.
    old, gaps = softmax(theta), np.zeros(len(alphas), np.float32)
    for i, alpha in enumerate(alphas):
        new = softmax(theta + alpha * direction)
        shift = (mdp.visitation(new) - mdp.visitation(old)).astype(np.float32)
        gain = np.sum((new - old).astype(np.float32) * mdp.advantage(old).astype(np.float32), axis=1)
        gaps[i] = shift @ gain
    return gaps


def e4_4_right_in_place(mdp, theta, direction, alphas):
    old, gaps = softmax(theta), np.empty(len(alphas))
    start, moved = mdp.expected_return(old), np.array(theta, float)
    for i, alpha in enumerate(alphas):
        moved[:] = theta
        moved += alpha * direction
        new = softmax(moved)
        gaps[i] = mdp.expected_return(new)
        gaps[i] -= start
        gaps[i] -= surrogate(mdp, old, new)
    return gaps


def e4_4_right_own_surrogate(mdp, theta, direction, alphas):
    old = softmax(theta)
    rho, q, before = mdp.visitation(old), mdp.action_value(old), mdp.expected_return(old)

    def gap(alpha):
        new = softmax(theta + alpha * direction)
        return mdp.expected_return(new) - before - np.sum(rho[:, None] * (new - old) * q)

    return np.fromiter((gap(alpha) for alpha in alphas), float, count=len(alphas))


def e4_4_right_shift_of_visits(world, logits, step, sizes):
    old = softmax(logits)
    A, rho = world.advantage(old), world.visitation(old)
    policies = [softmax(logits + size * step) for size in sizes]
    return np.array([(world.visitation(new) - rho) @ np.sum(new * A, axis=1) for new in policies])


WRONG = {
    "4.1": [
        (e4_1_wrong_upside_down, "has the quotient upside down: 1 over the effective sample size"),
        (e4_1_wrong_sum_not_squared, "forgets to square the sum of the weights"),
        (e4_1_wrong_square_inside_both, "squares before summing in both places, which leaves n"),
        (e4_1_wrong_square_outside_both, "squares after summing in both places, which leaves 1"),
        (e4_1_wrong_weights_taken_as_normalised, "takes for granted that the weights add up to 1"),
        (e4_1_wrong_mean_taken_as_one, "takes for granted that the weights have the mean 1; differs when they haven't"),
        (e4_1_wrong_variance_without_mean, "doesn't divide the variance by the squared mean"),
        (e4_1_wrong_mean_not_squared, "divides the variance by the mean instead of its square"),
        (e4_1_wrong_variation_not_squared, "forgets to square the coefficient of variation"),
        (e4_1_wrong_sample_variance, "uses the variance that divides by n - 1; hardly visible when n is large"),
        (e4_1_wrong_share_of_samples, "returns the share of the samples: the factor n is missing"),
        (e4_1_wrong_one_missing, "forgets the 1 in n / (1 + cv^2)"),
        (e4_1_wrong_entropy, "returns the exponential of the entropy, another measure of how many weights count"),
        (e4_1_wrong_largest_weight, "divides the sum by the largest weight"),
        (e4_1_wrong_counts_positive, "counts the weights that aren't 0"),
        (e4_1_wrong_root, "takes the root of the right number"),
        (e4_1_wrong_whole_number, "cuts the number to a whole one"),
        (e4_1_wrong_normalises_in_place, "has the right number but normalises the weights that it was given"),
    ],
    "4.2": [
        (e4_2_wrong_ratio_not_squared, "doesn't square the ratio, so the answer is the mean weight, 1"),
        (e4_2_wrong_new_squared_alone, "squares the new policy but doesn't divide by the old one"),
        (
            e4_2_wrong_squared_ratio_without_old,
            "weighs by the squared ratio alone: the old policy's probability is missing",
        ),
        (e4_2_wrong_policies_swapped, "has the two policies swapped"),
        (e4_2_wrong_mean_under_new, "takes the mean under the new policy, which squares one factor too many"),
        (e4_2_wrong_one_step_too_many, "takes T + 1 steps"),
        (e4_2_wrong_one_step_too_few, "takes T - 1 steps"),
        (e4_2_wrong_chi_squared, "subtracts 1: chi squared instead of the second moment"),
        (
            e4_2_wrong_all_states_alike,
            "raises the first step's second moment to the power T, as if all states were alike",
        ),
        (e4_2_wrong_steps_independent, "multiplies the steps' second moments, as if the states were independent"),
        (e4_2_wrong_steps_added, "adds the steps' second moments instead of multiplying along the way"),
        (e4_2_wrong_arrivals_normalised, "normalises what has arrived after each step, which leaves 1"),
        (e4_2_wrong_matrix_transposed, "multiplies by the matrix from the wrong side"),
        (e4_2_wrong_not_added_up, "returns what has arrived in each state without adding it up"),
        (e4_2_wrong_weighted_by_start_again, "weighs what has arrived by the start distribution"),
        (e4_2_wrong_summed_before_squaring, "squares the second moment once more"),
        (e4_2_wrong_exponential_of_the_kl, "returns the exponential of the KL, which is only a lower bound"),
        (e4_2_wrong_uniform_moves, "moves by the plain average over actions, apart from the weights"),
        (e4_2_wrong_overwrites_mu, "has the right number but overwrites the mu that it was given"),
        (e4_2_wrong_never_ends, "never ends: the steps left aren't counted down"),
    ],
    "4.3": [
        (e4_3_wrong_visits_of_the_new_policy, "uses the new policy's visits: that is the exact gain"),
        (e4_3_wrong_advantage_of_the_new_policy, "uses the new policy's advantage, whose mean under it is 0"),
        (e4_3_wrong_old_in_place_of_new, "averages the advantage over the old policy, which gives 0"),
        (e4_3_wrong_policies_swapped, "has the two policies swapped everywhere"),
        (e4_3_wrong_visits_normalised, "normalises the visits to sum 1"),
        (e4_3_wrong_start_for_visits, "uses the distribution of the first state instead of the visits"),
        (e4_3_wrong_states_unweighted, "adds over the states without the visits"),
        (e4_3_wrong_ratio_without_old, "multiplies by the ratio, but not by the old policy's probability"),
        (e4_3_wrong_ratio_upside_down, "has the ratio upside down: old over new"),
        (e4_3_wrong_ratio_on_the_new_policy, "applies the ratio to the new policy's mean: it is counted twice"),
        (e4_3_wrong_log_ratio, "uses the logarithm of the ratio; right to first order only"),
        (e4_3_wrong_q_for_advantage, "uses Q instead of the advantage, so it isn't 0 at the old policy"),
        (e4_3_wrong_return_added, "adds the old policy's return; in this book L is the gain alone"),
        (e4_3_wrong_best_action, "takes the best action instead of the new policy's average"),
        (e4_3_wrong_mean_over_actions, "divides by the number of actions"),
        (e4_3_wrong_clipped, "clips the ratios like PPO; differs only where a ratio leaves [0.8, 1.2]"),
        (e4_3_wrong_penalty_subtracted, "subtracts a KL penalty"),
        (e4_3_wrong_true_gain, "returns the true gain instead of the surrogate"),
        (e4_3_wrong_absolute_advantage, "takes the absolute value of the advantages"),
        (e4_3_wrong_state_by_state, "returns one number for each state: the sum over states is missing"),
        (e4_3_wrong_divides_in_place, "has the right number but overwrites the new policy by the ratios"),
    ],
    "4.4": [
        (e4_4_wrong_absolute, "takes the absolute value; differs only where the gap is negative"),
        (e4_4_wrong_sign, "subtracts the gain from the promise: the sign is wrong"),
        (e4_4_wrong_gain_alone, "forgets to subtract the surrogate"),
        (e4_4_wrong_old_return_forgotten, "forgets to subtract the old policy's return"),
        (e4_4_wrong_returns_swapped, "has the two returns swapped"),
        (e4_4_wrong_surrogate_added, "adds the surrogate instead of subtracting it"),
        (e4_4_wrong_surrogate_arguments_swapped, "gives the surrogate its two policies in the wrong order"),
        (e4_4_wrong_surrogate_normalised, "builds L with normalised visits: a factor 1 - gamma too small"),
        (e4_4_wrong_linearised_surrogate, "linearises L in the logits; the gap is another one of second order"),
        (
            e4_4_wrong_steps_pile_up,
            "adds each step to the one before instead of starting from theta; differs only from the second on",
        ),
        (
            e4_4_wrong_old_policy_follows,
            "lets the old policy follow: each step is compared with the one before; differs only from the second on",
        ),
        (e4_4_wrong_direction_normalised, "scales the direction to length 1; differs when it has another length"),
        (e4_4_wrong_way, "moves against the direction"),
        (e4_4_wrong_policies_mixed, "mixes the policies instead of moving the logits"),
        (e4_4_wrong_divided_by_square, "divides the gap by the squared step"),
        (e4_4_wrong_relative_to_the_gain, "divides the gap by the gain"),
        (e4_4_wrong_sorted, "returns the gaps in falling order of alpha; differs only when they are given in another"),
        (e4_4_wrong_return_inside_loop, "returns from inside the loop: the first gap only"),
        (e4_4_wrong_added_up, "adds all gaps up to one number"),
        (e4_4_wrong_logits_for_policies, "takes logits for policies: the softmax is missing; crashes"),
        (e4_4_wrong_moves_theta_itself, "moves theta itself, so the steps pile up and the argument is damaged"),
    ],
}

RIGHT = {
    "4.1": [
        (e4_1_right_numpy, "numpy"),
        (e4_1_right_loops, "loops"),
        (e4_1_right_torch, "torch"),
        (e4_1_right_float32, "float32"),
        (e4_1_right_in_place, "in-place"),
        (e4_1_right_coefficient_of_variation, "coefficient of variation"),
        (e4_1_right_norms, "quotient of norms, 0-d array, renamed parameter"),
    ],
    "4.2": [
        (e4_2_right_numpy, "numpy"),
        (e4_2_right_loops, "loops"),
        (e4_2_right_torch, "torch"),
        (e4_2_right_float32, "float32"),
        (e4_2_right_in_place, "in-place"),
        (e4_2_right_backwards, "backwards from the end"),
        (e4_2_right_logarithm_kept_apart, "logarithm kept apart, 0-d array, renamed parameters"),
    ],
    "4.3": [
        (e4_3_right_numpy, "numpy"),
        (e4_3_right_loops, "loops"),
        (e4_3_right_torch, "torch"),
        (e4_3_right_float32, "float32"),
        (e4_3_right_in_place, "in-place"),
        (e4_3_right_difference_times_q, "difference of the policies times Q"),
        (e4_3_right_ratios, "ratios less 1, 0-d array, renamed parameters"),
        (e4_3_right_one_step_of_the_new_policy, "one step of the new policy, less the value"),
    ],
    "4.4": [
        (e4_4_right_numpy, "numpy"),
        (e4_4_right_loops, "loops"),
        (e4_4_right_torch, "torch"),
        (e4_4_right_float32, "float32"),
        (e4_4_right_in_place, "in-place"),
        (e4_4_right_own_surrogate, "own surrogate"),
        (e4_4_right_shift_of_visits, "shift of visits, renamed parameters"),
    ],
}
