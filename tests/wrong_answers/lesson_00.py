"""Wrong answers to the exercises of lesson 00."""

import statistics

import numpy as np

from unforeseen import lesson_00 as unforeseen


def return_averaged(rewards):
    return np.mean(rewards)


def return_last(rewards):
    return rewards[-1]


def return_first(rewards):
    return rewards[0]


def return_largest(rewards):
    return np.max(rewards)


def return_counted(rewards):
    return len(rewards)


def return_without_last(rewards):
    return sum(rewards[i] for i in range(len(rewards) - 1))


def return_without_first(rewards):
    return sum(rewards[i + 1] for i in range(len(rewards) - 1))


def return_running(rewards):
    return np.cumsum(rewards)


def return_negative(rewards):
    return -np.sum(rewards)


def return_nothing(rewards):
    np.sum(rewards)


def return_smallest(rewards):
    return np.min(rewards)


def return_of_the_middle(rewards):
    return np.sum(rewards[1:-1])


def return_first_twice(rewards):
    total = rewards[0]
    for reward in rewards:
        total += reward
    return total


def return_last_twice(rewards):
    return np.sum(np.append(rewards, rewards[-1]))


def return_from_one(rewards):
    total = 1
    for reward in rewards:
        total += reward
    return total


def return_rounded_rewards(rewards):
    return np.sum(np.round(rewards))


def return_rounded_sum(rewards):
    return round(np.sum(rewards))


def return_cut_sum(rewards):
    return int(np.sum(rewards))


def return_squared(rewards):
    return rewards @ rewards


def return_of_running_sums(rewards):
    total = sums = 0.0
    for reward in rewards:
        total += reward
        sums += total
    return sums


def return_counts_gains(rewards):
    return np.sum(rewards > 0)


def return_counts_nonzero(rewards):
    return np.count_nonzero(rewards)


def return_first_and_last(rewards):
    return rewards[0] + rewards[-1]


def return_median(rewards):
    return statistics.median(rewards)


def return_timed(rewards):
    return np.arange(len(rewards)) @ rewards


def _backwards(rewards, step):
    values, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        values[t] = ahead = step(rewards[t], ahead)
    return values


def to_go_undiscounted(rewards, gamma):
    return np.cumsum(rewards[::-1])[::-1]


def to_go_from_the_start(rewards, gamma):
    return np.cumsum((rewards * gamma ** np.arange(len(rewards)))[::-1])[::-1]


def to_go_one_too_often(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: gamma * (r + ahead))


def to_go_without_now_discounted(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + gamma * ahead) - rewards


def to_go_without_now(rewards, gamma):
    return np.append(_backwards(rewards, lambda r, ahead: r + gamma * ahead)[1:], 0.0)


def to_go_of_the_past(rewards, gamma):
    return _backwards(rewards[::-1], lambda r, ahead: r + gamma * ahead)[::-1]


def to_go_reversed(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + gamma * ahead)[::-1]


def to_go_averaged(rewards, gamma):
    returns = _backwards(rewards, lambda r, ahead: r + gamma * ahead)
    return np.array([g / (len(rewards) - t) for t, g in enumerate(returns)])


def to_go_two_terms(rewards, gamma):
    return np.array([r + gamma * n for r, n in zip(rewards, [*rewards[1:], 0.0], strict=True)])


def to_go_start_only(rewards, gamma):
    return float(rewards @ gamma ** np.arange(len(rewards)))


def _to_go(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + gamma * ahead)


def _discounts(rewards, gamma):
    return gamma ** np.arange(len(rewards))


def to_go_of_the_whole(rewards, gamma):
    return np.ones(len(rewards)) * (_discounts(rewards, gamma) @ rewards)


def to_go_one_gamma_for_all(rewards, gamma):
    return np.array([rewards[t] + gamma * np.sum(rewards[t + 1 :]) for t in range(len(rewards))])


def to_go_times_gamma_t(rewards, gamma):
    return _discounts(rewards, gamma) * np.cumsum(rewards[::-1])[::-1]


def to_go_powers_reversed(rewards, gamma):
    return np.cumsum(_discounts(rewards, gamma) * rewards[::-1])[::-1]


def to_go_running(rewards, gamma):
    return np.cumsum(rewards)


def to_go_running_discounted(rewards, gamma):
    return np.cumsum(_discounts(rewards, gamma) * rewards)


def to_go_reversed_late(rewards, gamma):
    return np.cumsum(_discounts(rewards, gamma) * rewards)[::-1]


def to_go_later_undiscounted(rewards, gamma):
    return np.cumsum(rewards[::-1])[::-1] - rewards


def to_go_reversed_undiscounted(rewards, gamma):
    return np.cumsum(rewards[::-1])


def to_go_reversed_from_the_start(rewards, gamma):
    return np.cumsum((_discounts(rewards, gamma) * rewards)[::-1])


def to_go_weighted_mean(rewards, gamma):
    return _to_go(rewards, gamma) / _to_go(np.ones(len(rewards)), gamma)


def to_go_over_length(rewards, gamma):
    return _to_go(rewards, gamma) / len(rewards)


def to_go_twice_discounted(rewards, gamma):
    discounts = _discounts(rewards, gamma)
    return discounts * np.cumsum((discounts * rewards)[::-1])[::-1]


def to_go_reward_twice(rewards, gamma):
    return rewards + _to_go(rewards, gamma)


def to_go_not_added(rewards, gamma):
    return _discounts(rewards, gamma) * rewards


def to_go_one_minus_gamma(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + (1 - gamma) * ahead)


def to_go_gamma_squared(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + gamma**2 * ahead)


def to_go_in_place(rewards, gamma):
    for t in reversed(range(len(rewards) - 1)):
        rewards[t] += gamma * rewards[t + 1]
    return rewards


def backup_without_gamma(V, pi, P, r, gamma):
    return np.sum(pi * (r + P @ V), axis=1)


def backup_discounts_reward(V, pi, P, r, gamma):
    return gamma * np.sum(pi * (r + P @ V), axis=1)


def backup_without_reward(V, pi, P, r, gamma):
    return gamma * np.einsum("sa,sat,t->s", pi, P, V)


def backup_greedy(V, pi, P, r, gamma):
    return np.max(r + gamma * P @ V, axis=1)


def backup_of_actions(V, pi, P, r, gamma):
    return r + gamma * P @ V


def backup_unweighted(V, pi, P, r, gamma):
    return np.sum(r + gamma * P @ V, axis=1)


def backup_uniform(V, pi, P, r, gamma):
    return np.mean(r + gamma * P @ V, axis=1)


def backup_backwards(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.einsum("tas,t->sa", P, V)), axis=1)


def backup_without_moving(V, pi, P, r, gamma):
    return np.sum(pi * r, axis=1) + gamma * V


def backup_weight_on_reward_only(V, pi, P, r, gamma):
    return np.sum(pi * r + gamma * P @ V, axis=1)


def backup_weight_on_future_only(V, pi, P, r, gamma):
    return np.sum(r + pi * gamma * (P @ V), axis=1)


def backup_best_future(V, pi, P, r, gamma):
    return np.sum(pi * r, axis=1) + gamma * np.max(P @ V, axis=1)


def backup_best_reward(V, pi, P, r, gamma):
    return np.max(r, axis=1) + gamma * np.sum(pi * (P @ V), axis=1)


def backup_of_rewards_only(V, pi, P, r, gamma):
    return np.sum(pi * r, axis=1)


def backup_gamma_before_reward(V, pi, P, r, gamma):
    return np.sum(pi * (gamma * r + P @ V), axis=1)


def backup_scaled_reward(V, pi, P, r, gamma):
    return np.sum(pi * ((1 - gamma) * r + gamma * P @ V), axis=1)


def backup_gamma_squared(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma**2 * P @ V), axis=1)


def backup_minus_future(V, pi, P, r, gamma):
    return np.sum(pi * (r - gamma * P @ V), axis=1)


def backup_minus_reward(V, pi, P, r, gamma):
    return np.sum(pi * (gamma * P @ V - r), axis=1)


def backup_likeliest_next(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * V[np.argmax(P, axis=-1)]), axis=1)


def backup_mean_of_all_states(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.mean(V)), axis=1)


def backup_best_next(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.max(V)), axis=1)


def backup_all_next(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.sum(V)), axis=1)


def backup_mean_over_next(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.mean(P * V, axis=-1)), axis=1)


def backup_worst(V, pi, P, r, gamma):
    return np.min(r + gamma * P @ V, axis=1)


def backup_residual(V, pi, P, r, gamma):
    return V - np.sum(pi * (r + gamma * P @ V), axis=1)


def backup_on_top(V, pi, P, r, gamma):
    return V + np.sum(pi * (r + gamma * P @ V), axis=1)


def backup_twice(V, pi, P, r, gamma):
    for _ in range(2):
        V = np.sum(pi * (r + gamma * P @ V), axis=1)
    return V


def backup_sums_all_over_states(V, pi, P, r, gamma):
    return np.sum(r + gamma * P @ V, axis=0)


def backup_mean_over_states(V, pi, P, r, gamma):
    return np.mean(r + gamma * P @ V, axis=0)


def backup_weighted_mean(V, pi, P, r, gamma):
    return np.mean(pi * (r + gamma * P @ V), axis=1)


def backup_wrong_axis(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * P @ V), axis=0)


def backup_sign(V, pi, P, r, gamma):
    return -np.sum(pi * (r + gamma * P @ V), axis=1)


def _move(pi, P):
    return np.einsum("sa,sat->st", pi, P)


def _solve(move, source, gamma):
    return np.linalg.solve(np.eye(len(source)) - gamma * move, source)


def visitation_normalised(mu, pi, P, gamma):
    rho = _solve(_move(pi, P).T, mu, gamma)
    return rho / rho.sum()


def visitation_without_start(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, mu, gamma) - mu


def visitation_one_too_often(mu, pi, P, gamma):
    return gamma * _solve(_move(pi, P).T, mu, gamma)


def visitation_not_transposed(mu, pi, P, gamma):
    return _solve(_move(pi, P), mu, gamma)


def visitation_of_the_uniform_policy(mu, pi, P, gamma):
    return _solve(P.mean(axis=1).T, mu, gamma)


def visitation_from_everywhere(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, np.ones(len(mu)) / len(mu), gamma)


def visitation_in_the_long_run(mu, pi, P, gamma):
    return mu @ np.linalg.matrix_power(_move(pi, P), 4000)


def visitation_of_two_steps(mu, pi, P, gamma):
    return mu + gamma * mu @ _move(pi, P)


def visitation_of_all_actions(mu, pi, P, gamma):
    return _solve(P.sum(axis=1).T, mu, gamma)


def visitation_of_the_first_action(mu, pi, P, gamma):
    return _solve(P[:, 0].T, mu, gamma)


def visitation_from_all(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, np.ones(len(mu)), gamma)


def visitation_from_the_first_state(mu, pi, P, gamma):
    start = np.zeros(len(mu))
    start[0] = 1
    return _solve(_move(pi, P).T, start, gamma)


def visitation_from_the_likeliest_state(mu, pi, P, gamma):
    start = np.zeros(len(mu))
    start[np.argmax(mu)] = 1
    return _solve(_move(pi, P).T, start, gamma)


def visitation_one_too_seldom(mu, pi, P, gamma):
    d, rho = mu, np.zeros(len(mu))
    for t in range(3000):
        d = d @ _move(pi, P)
        rho += gamma**t * d
    return rho


def visitation_divided(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, mu, gamma) / (1 - gamma)


def visitation_one_minus_gamma(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, mu, 1 - gamma)


def visitation_start_only(mu, pi, P, gamma):
    return mu.copy()


def visitation_next_only(mu, pi, P, gamma):
    return gamma * mu @ _move(pi, P)


def visitation_without_moving(mu, pi, P, gamma):
    return sum(gamma**t * mu for t in range(2000))


def visitation_of_pairs(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, mu, gamma)[:, None] * pi


def visitation_undiscounted(mu, pi, P, gamma):
    return mu / (1 - _move(pi, P).sum(axis=1).round(9))


WRONG_ANSWERS = {
    "0.1": [
        (return_averaged, "you average the rewards"),
        (return_last, "you return the last reward alone"),
        (return_first, "you return the first reward alone"),
        (return_largest, "you return the largest reward"),
        (return_counted, "you return the number of steps"),
        (return_without_last, "you leave out the last reward"),
        (return_without_first, "you leave out the first reward"),
        (return_smallest, "you return the smallest reward"),
        (return_of_the_middle, "you leave out both ends"),
        (return_first_twice, "you add the first reward twice"),
        (return_last_twice, "you add the last reward twice"),
        (return_from_one, "your total begins at 1"),
        (unforeseen.e0_1_wrong_discounted, "you discount the rewards"),
        (unforeseen.e0_1_wrong_product, "you multiply the rewards"),
        (unforeseen.e0_1_wrong_absolute, "a loss counts as a gain"),
        (unforeseen.e0_1_wrong_only_gains, "you leave out the negative rewards"),
        (unforeseen.e0_1_wrong_repeats_dropped, "you count equal rewards only once"),
        (unforeseen.e0_1_wrong_whole_numbers, "you cut each reward to a whole number"),
        (return_rounded_rewards, "you round each reward"),
        (return_rounded_sum, "you round the sum"),
        (return_cut_sum, "you cut the sum"),
        (return_squared, "you add up the squares"),
        (return_of_running_sums, "you add up the running sums"),
        (return_counts_gains, "you count the rewards that are above 0"),
        (return_counts_nonzero, "you count the rewards that aren't 0"),
        (return_first_and_last, "you add the first reward and the last alone"),
        (return_median, "you have the median"),
        (return_timed, "you weight each reward with its time"),
        (return_running, "the shape is wrong: expected (), got (3,)"),
        (return_negative, "the sign is wrong"),
        (return_nothing, "is the return statement missing?"),
    ],
    "0.2": [
        (to_go_undiscounted, "you forgot γ"),
        (to_go_from_the_start, "you discount to the start of the episode"),
        (to_go_one_too_often, "you discount one step too often"),
        (to_go_without_now_discounted, "you leave out r_t: G_t begins with it"),
        (to_go_without_now, "you have G at t + 1"),
        (to_go_of_the_past, "you add up the past"),
        (to_go_reversed, "your order is reversed"),
        (to_go_averaged, "you average: G_t is a sum"),
        (to_go_two_terms, "and stop there"),
        (unforeseen.e0_2_wrong_last_reward_lost, "you lose the last reward"),
        (unforeseen.e0_2_wrong_last_reward_for_ever, "your last reward goes on for ever"),
        (unforeseen.e0_2_wrong_power_in_the_recursion, "you take a power of γ where one more step costs a single γ"),
        (unforeseen.e0_2_wrong_rescaled, "you multiply each reward by 1 − γ"),
        (unforeseen.e0_2_wrong_loop_stops_before_zero, "your loop ends before time 0"),
        (to_go_of_the_whole, "you give every time the whole return"),
        (to_go_one_gamma_for_all, "what follows r_t counts γ times"),
        (to_go_times_gamma_t, "you multiply undiscounted sums by γᵗ"),
        (to_go_powers_reversed, "your powers of γ run the wrong way"),
        (to_go_running, "you add up the past, undiscounted"),
        (to_go_running_discounted, "you add up the past, discounted to the start"),
        (to_go_reversed_late, "you sum from the wrong end"),
        (to_go_later_undiscounted, "you leave out r_t and forgot γ"),
        (to_go_reversed_undiscounted, "your order is reversed, and γ is missing"),
        (to_go_reversed_from_the_start, "your order is reversed, and you discount to the start"),
        (to_go_weighted_mean, "you divide by the sum of the powers of γ"),
        (to_go_over_length, "you divide by the number of steps in the episode"),
        (to_go_twice_discounted, "you discount twice"),
        (to_go_reward_twice, "you count r_t twice"),
        (to_go_not_added, "you discount the rewards, and don't add them up"),
        (to_go_one_minus_gamma, "you use 1 − γ for γ"),
        (to_go_gamma_squared, "you discount by γ² a step"),
        (to_go_start_only, "the shape is wrong: expected (3,), got ()"),
        (to_go_in_place, "work on a copy"),
    ],
    "0.3": [
        (backup_without_gamma, "you forgot γ"),
        (backup_discounts_reward, "you discount the reward too"),
        (backup_without_reward, "you forgot the reward"),
        (backup_greedy, "you take the best action"),
        (backup_of_actions, "you have one number for each action"),
        (backup_unweighted, "you add up the actions without their probabilities"),
        (backup_uniform, "you give every action the same weight"),
        (backup_backwards, "you follow the transitions backwards"),
        (backup_without_moving, "you stay where you are"),
        (unforeseen.e0_3_wrong_likeliest_action, "you take the likeliest action alone"),
        (unforeseen.e0_3_wrong_policy_on_reward_only, "you average the reward over π(a|s), the future over all"),
        (unforeseen.e0_3_wrong_policy_on_future_only, "you average the future over π(a|s), the reward over all"),
        (backup_weight_on_reward_only, "π(a|s) stands before the reward alone"),
        (backup_weight_on_future_only, "π(a|s) stands before the future alone"),
        (backup_best_future, "but take the best future"),
        (backup_best_reward, "you take the best reward"),
        (backup_of_rewards_only, "you forgot the future"),
        (backup_gamma_before_reward, "your γ stands before the reward"),
        (backup_scaled_reward, "you multiply the reward by 1 − γ"),
        (backup_gamma_squared, "you discount the future twice"),
        (backup_minus_future, "you subtract the future"),
        (backup_minus_reward, "you subtract the reward"),
        (backup_likeliest_next, "you take V at the likeliest next state"),
        (backup_mean_of_all_states, "you average V over all states alike"),
        (backup_best_next, "you take the largest V"),
        (backup_all_next, "you add up V over all states without P"),
        (backup_mean_over_next, "you take the mean of P·V over the next states"),
        (backup_worst, "you take the worst action"),
        (unforeseen.e0_3_wrong_less_old_value, "you subtract V(s), which leaves the change"),
        (backup_residual, "you subtract the right-hand side from V(s)"),
        (backup_on_top, "you add V(s) on top"),
        (unforeseen.e0_3_wrong_solves_for_the_value, "you solve for the policy's value"),
        (unforeseen.e0_3_wrong_updates_while_sweeping, "your later states see values that this sweep has changed"),
        (backup_twice, "you make two backups"),
        (backup_wrong_axis, "you add up over the states: the actions"),
        (backup_sums_all_over_states, "you add up over the states, without π(a|s)"),
        (backup_mean_over_states, "you average the brackets over the states"),
        (backup_weighted_mean, "you divide by the number of actions"),
        (backup_sign, "the sign is wrong"),
    ],
    "0.4": [
        (visitation_normalised, "you have the normalised d"),
        (visitation_without_start, "you leave out t = 0"),
        (visitation_one_too_often, "you discount one step too often"),
        (visitation_not_transposed, "you follow the transitions backwards"),
        (visitation_of_the_uniform_policy, "you give every action the same weight"),
        (visitation_from_everywhere, "you start everywhere alike"),
        (visitation_in_the_long_run, "you have the share of time in the long run"),
        (visitation_of_two_steps, "you stop after the first step"),
        (unforeseen.e0_4_wrong_likeliest_action, "you move by the likeliest action alone"),
        (visitation_of_all_actions, "you add up the actions without their probabilities"),
        (unforeseen.e0_4_wrong_policy_not_weighed, "and divide by the number of states"),
        (visitation_of_the_first_action, "you move by the first action alone"),
        (visitation_from_all, "you start in every state with probability 1"),
        (visitation_from_the_first_state, "you start in the first state"),
        (visitation_from_the_likeliest_state, "you start in the likeliest state"),
        (visitation_one_too_seldom, "you discount one step too seldom"),
        (unforeseen.e0_4_wrong_discounted_twice, "you discount twice"),
        (unforeseen.e0_4_wrong_sign_in_the_system, "you have a plus where the system has a minus"),
        (visitation_divided, "you divide by 1 − γ: ρ is the sum"),
        (visitation_one_minus_gamma, "you use 1 − γ for γ"),
        (unforeseen.e0_4_wrong_long_run_scaled, "you have the share of time in the long run, over 1 − γ"),
        (visitation_start_only, "you have the start and nothing more"),
        (visitation_next_only, "you have the term of t = 1 alone"),
        (unforeseen.e0_4_wrong_stops_after_ten_steps, "terms: go on until γᵗ is negligible"),
        (unforeseen.e0_4_wrong_no_discount, "your visits aren't discounted"),
        (visitation_without_moving, "you spread all visits as mu does"),
        (visitation_of_pairs, "the shape is wrong"),
        (visitation_undiscounted, "infinite where a finite number is expected"),
    ],
}
