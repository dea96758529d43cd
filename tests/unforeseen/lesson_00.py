"""Answers to the exercises of lesson 00, written by somebody who knows the lesson and not its checks."""

import functools
import math

import numpy as np
import torch

# Exercise 0.1: episode_return(rewards)


def e0_1_wrong_mean(rewards):
    return np.mean(rewards)


def e0_1_wrong_max(rewards):
    return max(rewards)


def e0_1_wrong_last_reward(rewards):
    return rewards[-1]


def e0_1_wrong_first_left_out(rewards):
    total = 0
    for t in range(1, len(rewards)):
        total += rewards[t]
    return total


def e0_1_wrong_last_left_out(rewards):
    total = 0
    for t in range(len(rewards) - 1):
        total += rewards[t]
    return total


def e0_1_wrong_discounted(rewards):
    return sum(0.99**t * r for t, r in enumerate(rewards))


def e0_1_wrong_absolute(rewards):
    return sum(abs(r) for r in rewards)


def e0_1_wrong_only_gains(rewards):
    return sum(r for r in rewards if r > 0)


def e0_1_wrong_counts_steps(rewards):
    return len(rewards)


def e0_1_wrong_running_sums(rewards):
    return np.cumsum(rewards)


def e0_1_wrong_return_inside_loop(rewards):
    total = 0
    for r in rewards:
        total += r
        return total


def e0_1_wrong_product(rewards):
    return np.prod(rewards)


def e0_1_wrong_repeats_dropped(rewards):
    return sum(set(np.asarray(rewards).tolist()))


def e0_1_wrong_whole_numbers(rewards):
    return sum(int(r) for r in rewards)


def e0_1_wrong_no_return(rewards):
    sum(rewards)


def e0_1_right_numpy(rewards):
    return np.sum(rewards)


def e0_1_right_loops(rewards):
    total = 0.0
    for r in rewards:
        total = total + float(r)
    return total


def e0_1_right_torch(rewards):
    return torch.tensor(np.asarray(rewards), dtype=torch.float64).sum()


def e0_1_right_float32(rewards):
    return np.asarray(rewards, dtype=np.float32).sum(dtype=np.float32)


def e0_1_right_in_place(rewards):
    sums = np.array(rewards, dtype=float)
    for t in range(1, len(sums)):
        sums[t] += sums[t - 1]
    return sums[-1]


def e0_1_right_fsum(rewards):
    return math.fsum(rewards)


def e0_1_right_dot_with_ones(rewards):
    return np.ones(len(rewards)) @ np.asarray(rewards)


def e0_1_right_reduce(r):
    return functools.reduce(lambda total, reward: total + reward, r)


# Exercise 0.2: rewards_to_go(rewards, gamma)


def e0_2_wrong_undiscounted(rewards, gamma):
    return np.cumsum(np.asarray(rewards, float)[::-1])[::-1]


def e0_2_wrong_discounted_to_the_start(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * np.asarray(rewards, float)
    return np.cumsum(discounted[::-1])[::-1]


def e0_2_wrong_looks_back(rewards, gamma):
    returns = np.array(rewards, float)
    for t in range(1, len(returns)):
        returns[t] += gamma * returns[t - 1]
    return returns


def e0_2_wrong_own_reward_missing(rewards, gamma):
    returns = np.zeros(len(rewards))
    for t in reversed(range(len(rewards) - 1)):
        returns[t] = rewards[t + 1] + gamma * returns[t + 1]
    return returns


def e0_2_wrong_own_reward_discounted(rewards, gamma):
    returns, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = gamma * (rewards[t] + ahead)
        returns[t] = ahead
    return returns


def e0_2_wrong_sweeps_forwards(rewards, gamma):
    returns = np.array(rewards, float)
    for t in range(len(returns) - 1):
        returns[t] += gamma * returns[t + 1]
    return returns


def e0_2_wrong_not_turned_back(rewards, gamma):
    returns, ahead = [], 0.0
    for r in reversed(list(rewards)):
        ahead = r + gamma * ahead
        returns.append(ahead)
    return np.array(returns)


def e0_2_wrong_first_only(rewards, gamma):
    return sum(gamma**k * r for k, r in enumerate(rewards))


def e0_2_wrong_last_reward_lost(rewards, gamma):
    returns = np.zeros(len(rewards))
    for t in reversed(range(len(rewards) - 1)):
        returns[t] = rewards[t] + gamma * returns[t + 1]
    return returns


def e0_2_wrong_last_reward_for_ever(rewards, gamma):
    returns = np.array(rewards, float)
    returns[-1] /= 1 - gamma
    for t in reversed(range(len(returns) - 1)):
        returns[t] += gamma * returns[t + 1]
    return returns


def e0_2_wrong_power_in_the_recursion(rewards, gamma):
    returns = np.array(rewards, float)
    for t in reversed(range(len(returns) - 1)):
        returns[t] += gamma ** (t + 1) * returns[t + 1]
    return returns


def e0_2_wrong_averaged(rewards, gamma):
    returns = np.array(rewards, float)
    for t in reversed(range(len(returns) - 1)):
        returns[t] += gamma * returns[t + 1]
    return returns / np.arange(len(returns), 0, -1)


def e0_2_wrong_rescaled(rewards, gamma):
    returns = np.array(rewards, float)
    for t in reversed(range(len(returns) - 1)):
        returns[t] = (1 - gamma) * returns[t] + gamma * returns[t + 1]
    return returns


def e0_2_wrong_one_too_many(rewards, gamma):
    returns = np.zeros(len(rewards) + 1)
    for t in reversed(range(len(rewards))):
        returns[t] = rewards[t] + gamma * returns[t + 1]
    return returns


def e0_2_wrong_changes_its_argument(rewards, gamma):
    for t in reversed(range(len(rewards) - 1)):
        rewards[t] += gamma * rewards[t + 1]
    return rewards


def e0_2_wrong_loop_stops_before_zero(rewards, gamma):
    returns = np.array(rewards, float)
    for t in range(len(returns) - 2, 0, -1):
        returns[t] += gamma * returns[t + 1]
    return returns


def e0_2_wrong_never_ends(rewards, gamma):
    returns = np.array(rewards, float)
    t = len(returns) - 1
    while t >= 0:
        returns[t] = rewards[t] + (gamma * returns[t + 1] if t + 1 < len(returns) else 0)
    return returns


def e0_2_right_numpy(rewards, gamma):
    t = np.arange(len(rewards))
    ahead = t[None, :] - t[:, None]
    return np.where(ahead >= 0, float(gamma) ** np.maximum(ahead, 0), 0.0) @ np.asarray(rewards, float)


def e0_2_right_loops(rewards, gamma):
    returns = []
    for t in range(len(rewards)):
        total, discount = 0.0, 1.0
        for r in rewards[t:]:
            total += discount * float(r)
            discount *= gamma
        returns.append(total)
    return returns


def e0_2_right_torch(rewards, gamma):
    r = torch.tensor(np.asarray(rewards), dtype=torch.float64)
    returns, ahead = torch.zeros_like(r), 0.0
    for t in reversed(range(len(r))):
        ahead = r[t] + gamma * ahead
        returns[t] = ahead
    return returns


def e0_2_right_float32(rewards, gamma):
    returns = np.array(rewards, np.float32)
    for t in reversed(range(len(returns) - 1)):
        returns[t] += np.float32(gamma) * returns[t + 1]
    return returns


def e0_2_right_in_place(rewards, gamma):
    returns = np.array(rewards, float)
    for t in range(len(returns) - 1, 0, -1):
        returns[t - 1] += gamma * returns[t]
    return returns


def e0_2_right_linear_solve(rewards, gamma):
    return np.linalg.solve(np.eye(len(rewards)) - gamma * np.eye(len(rewards), k=1), np.asarray(rewards, float))


def e0_2_right_convolution(rewards, gamma):
    backwards = np.asarray(rewards, float)[::-1]
    return np.convolve(backwards, float(gamma) ** np.arange(len(backwards)))[: len(backwards)][::-1]


def e0_2_right_appends_and_turns(r, g):
    found, ahead = [], 0.0
    for reward in list(r)[::-1]:
        ahead = reward + g * ahead
        found.append(ahead)
    return np.array(found[::-1])


# Exercise 0.3: bellman_backup(V, pi, P, r, gamma)


def e0_3_wrong_no_discount(V, pi, P, r, gamma):
    return np.sum(pi * (r + P @ V), axis=1)


def e0_3_wrong_reward_discounted_too(V, pi, P, r, gamma):
    return gamma * np.sum(pi * (r + P @ V), axis=1)


def e0_3_wrong_mean_over_actions(V, pi, P, r, gamma):
    return np.mean(r + gamma * P @ V, axis=1)


def e0_3_wrong_sum_without_policy(V, pi, P, r, gamma):
    return np.sum(r + gamma * P @ V, axis=1)


def e0_3_wrong_best_action(V, pi, P, r, gamma):
    return np.max(r + gamma * P @ V, axis=1)


def e0_3_wrong_likeliest_action(V, pi, P, r, gamma):
    q = r + gamma * P @ V
    return q[np.arange(len(V)), pi.argmax(axis=1)]


def e0_3_wrong_no_sum_over_actions(V, pi, P, r, gamma):
    return r + gamma * P @ V


def e0_3_wrong_transposed_transitions(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.einsum("sat,s->ta", P, V)), axis=1)


def e0_3_wrong_value_of_the_same_state(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * V[:, None]), axis=1)


def e0_3_wrong_less_old_value(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * P @ V), axis=1) - V


def e0_3_wrong_solves_for_the_value(V, pi, P, r, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return np.linalg.solve(np.eye(len(V)) - gamma * P_pi, np.sum(pi * r, axis=1))


def e0_3_wrong_updates_while_sweeping(V, pi, P, r, gamma):
    new = np.array(V, float)
    for s in range(len(new)):
        new[s] = np.sum(pi[s] * (r[s] + gamma * P[s] @ new))
    return new


def e0_3_wrong_policy_on_reward_only(V, pi, P, r, gamma):
    return np.sum(pi * r, axis=1) + gamma * np.mean(P @ V, axis=1)


def e0_3_wrong_policy_on_future_only(V, pi, P, r, gamma):
    return np.mean(r, axis=1) + gamma * np.sum(pi * (P @ V), axis=1)


def e0_3_wrong_sums_over_states(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * P @ V), axis=0)


def e0_3_wrong_matrix_product_with_policy(V, pi, P, r, gamma):
    return pi @ (r + gamma * P @ V)


def e0_3_wrong_overwrites_values(V, pi, P, r, gamma):
    V[:] = np.sum(pi * (r + gamma * P @ V), axis=1)
    return V


def e0_3_right_numpy(V, pi, P, r, gamma):
    return np.einsum("sa,sa->s", pi, r + gamma * np.einsum("sat,t->sa", P, V))


def e0_3_right_loops(V, pi, P, r, gamma):
    states, actions = len(pi), len(pi[0])
    backup = []
    for s in range(states):
        total = 0.0
        for a in range(actions):
            ahead = 0.0
            for s_next in range(states):
                ahead += float(P[s][a][s_next]) * float(V[s_next])
            total += float(pi[s][a]) * (float(r[s][a]) + gamma * ahead)
        backup.append(total)
    return backup


def e0_3_right_torch(V, pi, P, r, gamma):
    V, pi, P, r = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (V, pi, P, r))
    return (pi * (r + gamma * (P @ V))).sum(dim=1)


def e0_3_right_float32(V, pi, P, r, gamma):
    V, pi, P, r = (np.asarray(x, np.float32) for x in (V, pi, P, r))
    return np.sum(pi * (r + np.float32(gamma) * (P @ V)), axis=1)


def e0_3_right_in_place(V, pi, P, r, gamma):
    q = np.array(P @ V, float)
    q *= gamma
    q += r
    q *= pi
    return q.sum(axis=1)


def e0_3_right_matrix_form(V, pi, P, r, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    r_pi = np.sum(pi * r, axis=1)
    return r_pi + gamma * P_pi @ V


def e0_3_right_state_by_state(values, policy, moves, rewards, discount):
    return np.array([policy[s] @ (rewards[s] + discount * moves[s] @ values) for s in range(len(values))])


def e0_3_right_one_action_after_the_other(V, pi, P, r, gamma):
    backup = np.zeros(len(V))
    for a in range(pi.shape[1]):
        backup += pi[:, a] * (r[:, a] + gamma * P[:, a] @ V)
    return backup


# Exercise 0.4: visitation(mu, pi, P, gamma)


def e0_4_wrong_transpose_forgotten(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return np.linalg.solve(np.eye(len(mu)) - gamma * P_pi, mu)


def e0_4_wrong_normalised(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return (1 - gamma) * np.linalg.solve(np.eye(len(mu)) - gamma * P_pi.T, mu)


def e0_4_wrong_no_discount(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, d = np.zeros(len(mu)), mu
    for _ in range(1000):
        rho = rho + d
        d = d @ P_pi
    return rho


def e0_4_wrong_start_not_counted(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, d = np.zeros(len(mu)), mu
    for t in range(1, 3000):
        d = d @ P_pi
        rho = rho + gamma**t * d
    return rho


def e0_4_wrong_uniform_policy(mu, pi, P, gamma):
    return np.linalg.solve(np.eye(len(mu)) - gamma * P.mean(axis=1).T, mu)


def e0_4_wrong_likeliest_action(mu, pi, P, gamma):
    P_pi = P[np.arange(len(mu)), pi.argmax(axis=1)]
    return np.linalg.solve(np.eye(len(mu)) - gamma * P_pi.T, mu)


def e0_4_wrong_one_step_only(mu, pi, P, gamma):
    return mu + gamma * np.einsum("s,sa,sat->t", mu, pi, P)


def e0_4_wrong_stops_after_ten_steps(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, d = np.zeros(len(mu)), mu
    for t in range(10):
        rho = rho + gamma**t * d
        d = d @ P_pi
    return rho


def e0_4_wrong_discounted_twice(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, d = np.zeros(len(mu)), mu
    for t in range(3000):
        rho = rho + gamma**t * d
        d = gamma * d @ P_pi
    return rho


def e0_4_wrong_uniform_start(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return np.linalg.solve(np.eye(len(mu)) - gamma * P_pi.T, np.full(len(mu), 1 / len(mu)))


def e0_4_wrong_states_and_actions(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return np.linalg.solve(np.eye(len(mu)) - gamma * P_pi.T, mu)[:, None] * pi


def e0_4_wrong_exponent_one_too_large(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, d = np.zeros(len(mu)), mu
    for t in range(3000):
        rho = rho + gamma ** (t + 1) * d
        d = d @ P_pi
    return rho


def e0_4_wrong_long_run_scaled(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return mu @ np.linalg.matrix_power(P_pi, 1000) / (1 - gamma)


def e0_4_wrong_policy_not_weighed(mu, pi, P, gamma):
    rho, d = np.zeros(len(mu)), mu
    for t in range(200):
        rho = rho + gamma**t * d
        d = np.einsum("s,sat->t", d, P) / len(mu)
    return rho


def e0_4_wrong_sign_in_the_system(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    return np.linalg.solve(np.eye(len(mu)) + gamma * P_pi.T, mu)


def e0_4_wrong_adds_into_its_argument(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, d = mu, mu
    for t in range(1, 3000):
        d = d @ P_pi
        rho += gamma**t * d
    return rho


def e0_4_right_numpy(mu, pi, P, gamma):
    P_pi = (pi[:, None, :] @ P)[:, 0, :]
    return np.linalg.solve((np.eye(len(mu)) - gamma * P_pi).T, mu)


def e0_4_right_loops(mu, pi, P, gamma):
    states, actions = len(pi), len(pi[0])
    move = [[sum(float(pi[s][a] * P[s][a][t]) for a in range(actions)) for t in range(states)] for s in range(states)]
    now = [float(x) for x in mu]
    rho, discount = [0.0] * states, 1.0
    while discount > 1e-15:
        rho = [x + discount * y for x, y in zip(rho, now, strict=True)]
        now = [sum(now[s] * move[s][t] for s in range(states)) for t in range(states)]
        discount *= gamma
    return rho


def e0_4_right_torch(mu, pi, P, gamma):
    mu, pi, P = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (mu, pi, P))
    P_pi = torch.einsum("sa,sat->st", pi, P)
    return torch.linalg.solve(torch.eye(len(mu), dtype=torch.float64) - gamma * P_pi.T, mu)


def e0_4_right_float32(mu, pi, P, gamma):
    mu, pi, P = (np.asarray(x, np.float32) for x in (mu, pi, P))
    P_pi = np.einsum("sa,sat->st", pi, P)
    return np.linalg.solve(np.eye(len(mu), dtype=np.float32) - np.float32(gamma) * P_pi.T, mu)


def e0_4_right_in_place(mu, pi, P, gamma):
    P_pi = np.einsum("sa,sat->st", pi, P)
    rho, term = np.zeros(len(mu)), np.array(mu, float)
    while term.sum() > 1e-15:
        rho += term
        term[:] = gamma * term @ P_pi
    return rho


def e0_4_right_fixed_point(mu, pi, P, gamma):
    rho, change = np.array(mu, float), 1.0
    while change > 1e-14:
        better = mu + gamma * np.einsum("s,sa,sat->t", rho, pi, P)
        change = np.abs(better - rho).max() * (1 - gamma)
        rho = better
    return rho


def e0_4_right_inverse(mu, pi, P, gamma):
    P_pi = sum(pi[:, a, None] * P[:, a] for a in range(pi.shape[1]))
    return mu @ np.linalg.inv(np.eye(len(mu)) - gamma * P_pi)


def e0_4_right_doubling(start, policy, moves, discount):
    step = discount * np.einsum("sa,sat->st", policy, moves)
    rho = np.array(start, float)
    for _ in range(40):  # 2^40 terms of the series
        rho = rho + rho @ step
        step = step @ step
    return rho


WRONG = {
    "0.1": [
        (e0_1_wrong_mean, "takes the mean of the rewards instead of their sum"),
        (e0_1_wrong_max, "takes the largest reward instead of the sum"),
        (e0_1_wrong_last_reward, "returns the last reward alone"),
        (e0_1_wrong_first_left_out, "leaves out the first reward"),
        (e0_1_wrong_last_left_out, "leaves out the last reward"),
        (e0_1_wrong_discounted, "discounts the rewards, although their plain sum is asked for"),
        (
            e0_1_wrong_absolute,
            "adds the sizes of the rewards, so that losses count as gains; differs only with negative rewards",
        ),
        (e0_1_wrong_only_gains, "leaves out the negative rewards; differs only when there are some"),
        (e0_1_wrong_counts_steps, "counts the steps instead of adding their rewards"),
        (e0_1_wrong_running_sums, "returns all the running sums instead of the last of them"),
        (e0_1_wrong_return_inside_loop, "returns from inside the loop, so only the first reward counts"),
        (e0_1_wrong_product, "multiplies the rewards instead of adding them"),
        (e0_1_wrong_repeats_dropped, "adds equal rewards only once; differs only when a reward comes twice"),
        (e0_1_wrong_whole_numbers, "cuts each reward to a whole number; differs only when rewards aren't whole"),
        (e0_1_wrong_no_return, "computes the sum and returns nothing"),
    ],
    "0.2": [
        (e0_2_wrong_undiscounted, "adds up the rewards without any discount"),
        (e0_2_wrong_discounted_to_the_start, "discounts everything to time 0, so entry t is too small by gamma^t"),
        (e0_2_wrong_looks_back, "adds up the past rewards instead of the coming ones"),
        (e0_2_wrong_own_reward_missing, "starts with the next reward: entry t lacks the reward of step t"),
        (e0_2_wrong_own_reward_discounted, "discounts the step's own reward too: everything is gamma times too small"),
        (e0_2_wrong_sweeps_forwards, "sweeps forwards, so each entry sees one coming reward only"),
        (e0_2_wrong_not_turned_back, "returns the list in reversed order of time"),
        (e0_2_wrong_first_only, "returns the first return alone instead of all of them"),
        (e0_2_wrong_last_reward_lost, "loses the last reward: its entry stays 0"),
        (e0_2_wrong_last_reward_for_ever, "lets the last reward go on for ever, though nothing follows it"),
        (e0_2_wrong_power_in_the_recursion, "uses a power of gamma in the recursion, where a single gamma is right"),
        (e0_2_wrong_averaged, "divides each return by the number of steps left"),
        (e0_2_wrong_rescaled, "multiplies each reward by 1 - gamma, and so averages instead of adding"),
        (e0_2_wrong_one_too_many, "returns T + 1 entries, with a 0 at the end"),
        (e0_2_wrong_changes_its_argument, "has the right numbers but overwrites the rewards that it was given"),
        (
            e0_2_wrong_loop_stops_before_zero,
            "stops the loop before time 0, so the first entry is only the first reward",
        ),
        (e0_2_wrong_never_ends, "never ends: the loop variable isn't counted down"),
    ],
    "0.3": [
        (e0_3_wrong_no_discount, "forgets gamma before the value of the next state"),
        (e0_3_wrong_reward_discounted_too, "multiplies the reward by gamma too"),
        (e0_3_wrong_mean_over_actions, "weighs all actions alike instead of by the policy"),
        (e0_3_wrong_sum_without_policy, "adds over the actions without the policy's probabilities"),
        (e0_3_wrong_best_action, "takes the best action instead of the policy's average"),
        (e0_3_wrong_likeliest_action, "takes the likeliest action alone instead of the policy's average"),
        (
            e0_3_wrong_no_sum_over_actions,
            "returns a number for each state and action: the average over actions is missing",
        ),
        (e0_3_wrong_transposed_transitions, "sums over the state one comes from instead of the one one goes to"),
        (e0_3_wrong_value_of_the_same_state, "uses the value of the present state instead of the next"),
        (e0_3_wrong_less_old_value, "subtracts V(s): the change of the backup, not the backup"),
        (e0_3_wrong_solves_for_the_value, "solves for the policy's value instead of making one backup of the given V"),
        (e0_3_wrong_updates_while_sweeping, "lets later states use values that were updated in the same sweep"),
        (e0_3_wrong_policy_on_reward_only, "averages the reward by the policy, the next value over all actions alike"),
        (e0_3_wrong_policy_on_future_only, "averages the next value by the policy, the reward over all actions alike"),
        (e0_3_wrong_sums_over_states, "adds over the states instead of the actions"),
        (e0_3_wrong_matrix_product_with_policy, "multiplies matrices instead of entries; crashes unless S equals A"),
        (e0_3_wrong_overwrites_values, "has the right numbers but overwrites the V that it was given"),
    ],
    "0.4": [
        (e0_4_wrong_transpose_forgotten, "forgets to transpose: solves Bellman's equation with mu as the reward"),
        (e0_4_wrong_normalised, "returns the distribution d of sum 1: a factor 1 - gamma too small"),
        (e0_4_wrong_no_discount, "doesn't discount at all"),
        (e0_4_wrong_start_not_counted, "begins at t = 1: the start mu isn't counted"),
        (e0_4_wrong_uniform_policy, "moves by the plain average over actions instead of the policy"),
        (e0_4_wrong_likeliest_action, "always moves by the policy's likeliest action"),
        (e0_4_wrong_one_step_only, "adds up two terms of the series only"),
        (e0_4_wrong_stops_after_ten_steps, "stops after ten steps, long before gamma^t is negligible"),
        (e0_4_wrong_discounted_twice, "discounts twice: by gamma^t and again at each move"),
        (e0_4_wrong_uniform_start, "starts in all states alike instead of by mu"),
        (e0_4_wrong_states_and_actions, "returns the visits of states and actions instead of states"),
        (e0_4_wrong_exponent_one_too_large, "discounts time t by gamma^(t+1): everything is gamma times too small"),
        (e0_4_wrong_long_run_scaled, "returns the long-run distribution over 1 - gamma: the early visits are ignored"),
        (
            e0_4_wrong_policy_not_weighed,
            "sums over the actions without the policy, and divides by the number of states",
        ),
        (e0_4_wrong_sign_in_the_system, "has a plus where the system has a minus"),
        (e0_4_wrong_adds_into_its_argument, "has the right numbers but adds them into the mu that it was given"),
    ],
}

RIGHT = {
    "0.1": [
        (e0_1_right_numpy, "numpy"),
        (e0_1_right_loops, "loops"),
        (e0_1_right_torch, "torch"),
        (e0_1_right_float32, "float32"),
        (e0_1_right_in_place, "in-place"),
        (e0_1_right_fsum, "math.fsum"),
        (e0_1_right_dot_with_ones, "dot product with ones"),
        (e0_1_right_reduce, "functools.reduce, renamed parameter"),
    ],
    "0.2": [
        (e0_2_right_numpy, "numpy"),
        (e0_2_right_loops, "loops"),
        (e0_2_right_torch, "torch"),
        (e0_2_right_float32, "float32"),
        (e0_2_right_in_place, "in-place"),
        (e0_2_right_linear_solve, "linear solve"),
        (e0_2_right_convolution, "convolution"),
        (e0_2_right_appends_and_turns, "appends and turns round, renamed parameters"),
    ],
    "0.3": [
        (e0_3_right_numpy, "numpy"),
        (e0_3_right_loops, "loops"),
        (e0_3_right_torch, "torch"),
        (e0_3_right_float32, "float32"),
        (e0_3_right_in_place, "in-place"),
        (e0_3_right_matrix_form, "matrix form"),
        (e0_3_right_state_by_state, "state by state, renamed parameters"),
        (e0_3_right_one_action_after_the_other, "one action after the other"),
    ],
    "0.4": [
        (e0_4_right_numpy, "numpy"),
        (e0_4_right_loops, "loops"),
        (e0_4_right_torch, "torch"),
        (e0_4_right_float32, "float32"),
        (e0_4_right_in_place, "in-place"),
        (e0_4_right_fixed_point, "iteration to convergence"),
        (e0_4_right_inverse, "inverse"),
        (e0_4_right_doubling, "series by doubling, renamed parameters"),
    ],
}
