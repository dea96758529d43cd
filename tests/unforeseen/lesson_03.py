"""Answers to the exercises of lesson 03, written by somebody who knows the lesson and not its checks."""

import statistics

import numpy as np
import torch

# Exercise 3.1: lambda_mixture(rewards, values, gamma, lam)


def e3_1_wrong_tail_forgotten(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    return (1 - lam) * lam ** np.arange(N) @ n_step


def e3_1_wrong_weights_divided_by_sum(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = float(lam) ** np.arange(N)
    return weights @ n_step / weights.sum()


def e3_1_wrong_tail_one_power_too_high(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam**N
    return weights @ n_step


def e3_1_wrong_tail_on_top(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] += lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_weights_one_power_too_high(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(1, N + 1)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_value_not_subtracted(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_bootstrap_undiscounted(rewards, values, gamma, lam):
    N = len(rewards)
    n_step = np.cumsum(gamma ** np.arange(N) * rewards) + values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_bootstrap_power(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N)
    n_step = np.cumsum(discounts * rewards) + discounts * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_no_bootstrap(rewards, values, gamma, lam):
    N = len(rewards)
    n_step = np.cumsum(gamma ** np.arange(N) * rewards) - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_bootstrap_one_state_early(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[:-1] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_end_has_no_value(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    ahead = np.append(values[1:-1], 0.0)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * ahead - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_rewards_undiscounted(rewards, values, gamma, lam):
    N = len(rewards)
    n_step = np.cumsum(rewards) + gamma ** np.arange(1, N + 1) * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_gamma_in_the_weights(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = (1 - gamma * lam) * (gamma * lam) ** np.arange(N)
    weights[-1] = (gamma * lam) ** (N - 1)
    return weights @ n_step


def e3_1_wrong_weights_reversed(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights[::-1] @ n_step


def e3_1_wrong_one_minus_lam_forgotten(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    return lam ** np.arange(N) @ n_step


def e3_1_wrong_longest_only(rewards, values, gamma, lam):
    N = len(rewards)
    return gamma ** np.arange(N) @ rewards + gamma**N * values[N] - values[0]


def e3_1_wrong_not_added_up(rewards, values, gamma, lam):
    N = len(rewards)
    discounts = gamma ** np.arange(N + 1)
    n_step = np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights * n_step


def e3_1_wrong_discounts_the_values_in_place(rewards, values, gamma, lam):
    N = len(rewards)
    for k in range(1, N + 1):
        values[k] *= gamma**k
    n_step = np.cumsum(gamma ** np.arange(N) * rewards) + values[1:] - values[0]
    weights = (1 - lam) * lam ** np.arange(N)
    weights[-1] = lam ** (N - 1)
    return weights @ n_step


def e3_1_wrong_never_ends(rewards, values, gamma, lam):
    N, n, total = len(rewards), 1, 0.0
    while n <= N:
        estimate = gamma ** np.arange(n) @ rewards[:n] + gamma**n * values[n] - values[0]
        total += (lam ** (N - 1) if n == N else (1 - lam) * lam ** (n - 1)) * estimate
    return total


def e3_1_right_numpy(rewards, values, gamma, lam):
    N = len(rewards)
    n = np.arange(1, N + 1)
    n_step = np.cumsum(gamma ** (n - 1) * rewards) + gamma**n * values[1:] - values[0]
    weights = np.where(n < N, (1 - lam) * lam ** (n - 1), lam ** (N - 1))
    return np.dot(weights, n_step)


def e3_1_right_loops(rewards, values, gamma, lam):
    N, total, so_far = len(rewards), 0.0, 0.0
    for n in range(1, N + 1):
        so_far += gamma ** (n - 1) * float(rewards[n - 1])
        estimate = so_far + gamma**n * float(values[n]) - float(values[0])
        total += (lam ** (N - 1) if n == N else (1 - lam) * lam ** (n - 1)) * estimate
    return total


def e3_1_right_torch(rewards, values, gamma, lam):
    r, v = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (rewards, values))
    k = torch.arange(len(r) + 1, dtype=torch.float64)
    n_step = torch.cumsum(gamma ** k[:-1] * r, 0) + gamma ** k[1:] * v[1:] - v[0]
    weights = (1 - lam) * lam ** k[:-1]
    weights[-1] = lam ** (len(r) - 1)
    return weights @ n_step


def e3_1_right_float32(rewards, values, gamma, lam):
    r, v = np.asarray(rewards, np.float32), np.asarray(values, np.float32)
    k = np.arange(len(r) + 1, dtype=np.float32)
    gamma, lam = np.float32(gamma), np.float32(lam)
    n_step = np.cumsum(gamma ** k[:-1] * r) + gamma ** k[1:] * v[1:] - v[0]
    weights = (1 - lam) * lam ** k[:-1]
    weights[-1] = lam ** k[-2]
    return weights @ n_step


def e3_1_right_in_place(rewards, values, gamma, lam):
    n_step, ahead = np.array(rewards, float), np.array(values[1:], float)
    for k in range(len(n_step)):
        n_step[k] *= gamma**k
        ahead[k] *= gamma ** (k + 1)
    n_step[:] = np.cumsum(n_step)
    n_step += ahead
    n_step -= values[0]
    total = n_step[-1]
    for estimate in n_step[-2::-1]:
        total = (1 - lam) * estimate + lam * total
    return total


def e3_1_right_lambda_returns(rewards, values, gamma, lam):
    target = values[-1]
    for r, v in zip(rewards[::-1], values[:0:-1], strict=True):
        target = r + gamma * ((1 - lam) * v + lam * target)
    return target - values[0]


def e3_1_right_weight_left_over(r, v, g, x):
    left, so_far, mixed = 1.0, 0.0, -v[0]
    for n in range(len(r)):
        so_far = so_far + g**n * r[n]
        share = left if n == len(r) - 1 else left * (1 - x)
        mixed = mixed + share * (so_far + g ** (n + 1) * v[n + 1])
        left = left - share
    return np.array(mixed)


# Exercise 3.2: gae(rewards, values, next_values, terminated, truncated, gamma, lam)


def e3_2_wrong_one_flag(rewards, values, next_values, terminated, truncated, gamma, lam):
    done = terminated | truncated
    deltas = rewards + gamma * next_values * ~done - values
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * ~done[t]
        result[t] = ahead
    return result


def e3_2_wrong_sum_runs_over_truncation(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * ~terminated[t]
        result[t] = ahead
    return result


def e3_2_wrong_sum_never_stops(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead
        result[t] = ahead
    return result


def e3_2_wrong_future_after_termination(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_flags_swapped(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~truncated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_next_row_for_next_value(rewards, values, next_values, terminated, truncated, gamma, lam):
    following = torch.cat([values[1:], next_values[-1:]])
    deltas = rewards + gamma * following * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_mask_of_the_next_row(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        mask = goes_on[t + 1] if t + 1 < len(deltas) else goes_on[t]
        ahead = deltas[t] + gamma * lam * ahead * mask
        result[t] = ahead
    return result


def e3_2_wrong_lam_forgotten(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_gamma_forgotten_in_the_filter(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_next_value_undiscounted(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_value_not_subtracted(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_reward_lost_at_the_end(rewards, values, next_values, terminated, truncated, gamma, lam):
    goes_on = ~(terminated | truncated)
    deltas = (rewards + gamma * next_values - values) * ~terminated
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_forwards(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, behind = torch.zeros_like(deltas), 0.0
    for t in range(len(deltas)):
        behind = deltas[t] + gamma * lam * behind * goes_on[t]
        result[t] = behind
    return result


def e3_2_wrong_batch_edge_is_an_end(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    deltas[-1] = rewards[-1] - values[-1]
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_wrong_last_row_left_zero(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result = torch.zeros_like(deltas)
    for t in reversed(range(len(deltas) - 1)):
        result[t] = deltas[t] + gamma * lam * result[t + 1] * goes_on[t]
    return result


def e3_2_wrong_lambda_returns(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result + values


def e3_2_wrong_standardised(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return (result - result.mean()) / (result.std() + 1e-8)


def e3_2_wrong_one_end_stops_all_copies(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        if (terminated[t] | truncated[t]).any():
            ahead = 0.0
        ahead = deltas[t] + gamma * lam * ahead
        result[t] = ahead
    return result


def e3_2_wrong_if_on_many_flags(rewards, values, next_values, terminated, truncated, gamma, lam):
    result, ahead = torch.zeros_like(rewards), 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] - values[t] + (0 if terminated[t] else gamma * next_values[t])
        ahead = delta if terminated[t] or truncated[t] else delta + gamma * lam * ahead
        result[t] = ahead
    return result


def e3_2_wrong_one_minus_boolean(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * (1 - terminated) - values
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * (1 - (terminated | truncated)[t])
        result[t] = ahead
    return result


def e3_2_wrong_writes_into_next_values(rewards, values, next_values, terminated, truncated, gamma, lam):
    next_values[terminated] = 0
    deltas = rewards + gamma * next_values - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_right_numpy(rewards, values, next_values, terminated, truncated, gamma, lam):
    r, v, following = (np.asarray(x.detach().cpu(), float) for x in (rewards, values, next_values))
    fell, cut = (np.asarray(x.cpu(), bool) for x in (terminated, truncated))
    deltas = r + gamma * np.where(fell, 0.0, following) - v
    result = deltas.copy()
    for t in range(len(deltas) - 2, -1, -1):
        result[t] += gamma * lam * np.where(fell[t] | cut[t], 0.0, result[t + 1])
    return torch.from_numpy(result)


def e3_2_right_loops(rewards, values, next_values, terminated, truncated, gamma, lam):
    if rewards.ndim > 1:
        columns = [
            e3_2_right_loops(*(x[:, i] for x in (rewards, values, next_values, terminated, truncated)), gamma, lam)
            for i in range(rewards.shape[1])
        ]
        return torch.stack(columns, dim=1)
    found, ahead = [], 0.0
    for t in range(len(rewards) - 1, -1, -1):
        delta = float(rewards[t]) - float(values[t])
        if not terminated[t]:
            delta += gamma * float(next_values[t])
        if terminated[t] or truncated[t]:
            ahead = 0.0
        ahead = delta + gamma * lam * ahead
        found.append(ahead)
    return torch.tensor(found[::-1], dtype=torch.float64)


def e3_2_right_torch(rewards, values, next_values, terminated, truncated, gamma, lam):
    ahead_values = torch.where(terminated, torch.zeros_like(next_values), next_values)
    deltas = rewards + gamma * ahead_values - values
    ended = terminated | truncated
    rows, ahead = [], torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * torch.where(ended[t], torch.zeros_like(ahead), ahead)
        rows.append(ahead)
    return torch.stack(rows[::-1])


def e3_2_right_float32(rewards, values, next_values, terminated, truncated, gamma, lam):
    rewards, values, next_values = rewards.float(), values.float(), next_values.float()
    deltas = rewards + gamma * next_values * (~terminated).float() - values
    goes_on = (~(terminated | truncated)).float()
    result = torch.zeros_like(deltas)
    result[-1] = deltas[-1]
    for t in reversed(range(len(deltas) - 1)):
        result[t] = deltas[t] + gamma * lam * goes_on[t] * result[t + 1]
    return result


def e3_2_right_in_place(rewards, values, next_values, terminated, truncated, gamma, lam):
    result = next_values.clone()
    result.masked_fill_(terminated, 0)
    result.mul_(gamma).add_(rewards).sub_(values)
    factor = gamma * lam * torch.logical_not(terminated | truncated).to(result.dtype)
    for t in range(len(result) - 2, -1, -1):
        result[t] += factor[t] * result[t + 1]
    return result


def e3_2_right_integer_masks(rewards, values, next_values, terminated, truncated, gamma, lam):
    terminated, truncated = terminated.int(), truncated.int()
    deltas = rewards + gamma * next_values * (1 - terminated) - values
    goes_on = (1 - terminated) * (1 - truncated)
    result, ahead = torch.empty_like(deltas), torch.zeros_like(deltas[0])
    for t in range(len(deltas))[::-1]:
        ahead = deltas[t] + gamma * lam * ahead * goes_on[t]
        result[t] = ahead
    return result


def e3_2_right_float32_factors(rewards, values, next_values, terminated, truncated, gamma, lam):
    # A Python number times a tensor of booleans is of single precision, so gamma and gamma lam are rounded to it.
    deltas = rewards + gamma * ~terminated * next_values - values
    goes_on = ~(terminated | truncated)
    result, ahead = torch.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        ahead = deltas[t] + gamma * lam * goes_on[t] * ahead
        result[t] = ahead
    return result


def e3_2_right_sums_episode_by_episode(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    ended = terminated | truncated
    result = torch.zeros_like(deltas)
    for t in range(len(deltas)):
        weight = torch.ones_like(deltas[0])
        for k in range(t, len(deltas)):
            result[t] += weight * deltas[k]
            weight = weight * gamma * lam * ~ended[k]
    return result


# Exercise 3.3: gae_bias(error, gamma, lam, P, pi)


def e3_3_wrong_baseline_forgotten(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return gamma * (1 - lam) * P @ u


def e3_3_wrong_baseline_sign(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_ahead_sign(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return -error[:, None] - gamma * (1 - lam) * P @ u


def e3_3_wrong_one_minus_lam_forgotten(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return -error[:, None] + gamma * P @ u


def e3_3_wrong_gamma_forgotten(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return -error[:, None] + (1 - lam) * P @ u


def e3_3_wrong_discount_gamma(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * P_pi, error)
    return -error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_discount_squared(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - (gamma * lam) ** 2 * P_pi, error)
    return -error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_transposed(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi.T, error)
    return -error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_one_step_too_late(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, P_pi @ error)
    return -error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_next_error_only(error, gamma, lam, P, pi):
    return -error[:, None] + gamma * (1 - lam) * P @ error


def e3_3_wrong_policy_chooses_the_first_action(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return np.broadcast_to((-error + gamma * (1 - lam) * P_pi @ u)[:, None], pi.shape)


def e3_3_wrong_averaged_over_actions(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return -error + gamma * (1 - lam) * P_pi @ u


def e3_3_wrong_uniform_policy(error, gamma, lam, P, pi):
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P.mean(axis=1), error)
    return -error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_no_sum_over_next_states(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return -error[:, None] + gamma * (1 - lam) * u[:, None] * np.ones(pi.shape)


def e3_3_wrong_factor_of_the_weights(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, error)
    return -error[:, None] + gamma * (1 - gamma * lam) * P @ u


def e3_3_wrong_same_action_for_ever(error, gamma, lam, P, pi):
    ahead = [np.linalg.solve(np.eye(len(error)) - gamma * lam * P[:, a], error) for a in range(pi.shape[1])]
    h = np.stack([P[:, a] @ u for a, u in enumerate(ahead)], axis=1)
    return -error[:, None] + gamma * (1 - lam) * h


def e3_3_wrong_stops_after_three_terms(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u, term = np.zeros(len(error)), error
    for _ in range(3):
        u = u + term
        term = gamma * lam * P_pi @ term
    return -error[:, None] + gamma * (1 - lam) * P @ u


def e3_3_wrong_adds_into_the_error(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    baseline, term = -error.copy(), error.copy()
    for _ in range(3000):
        term = gamma * lam * P_pi @ term
        error += term
    return baseline[:, None] + gamma * (1 - lam) * P @ error


def e3_3_right_numpy(error, gamma, lam, P, pi):
    system = np.eye(len(error)) - gamma * lam * np.sum(pi[:, :, None] * P, axis=1)
    return gamma * (1 - lam) * np.einsum("sat,t->sa", P, np.linalg.solve(system, error)) - error[:, None]


def e3_3_right_loops(error, gamma, lam, P, pi):
    states, actions = len(pi), len(pi[0])
    move = [[sum(float(pi[s][a] * P[s][a][t]) for a in range(actions)) for t in range(states)] for s in range(states)]
    u = [float(x) for x in error]
    for _ in range(20_000):
        new = [
            float(error[s]) + gamma * lam * sum(m * x for m, x in zip(move[s], u, strict=True)) for s in range(states)
        ]
        change = max(abs(x - y) for x, y in zip(new, u, strict=True))
        u = new
        if change < 1e-14:
            break
    return [
        [
            -float(error[s]) + gamma * (1 - lam) * sum(float(P[s][a][t]) * u[t] for t in range(states))
            for a in range(actions)
        ]
        for s in range(states)
    ]


def e3_3_right_torch(error, gamma, lam, P, pi):
    error, P, pi = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (error, P, pi))
    P_pi = torch.einsum("sa,sat->st", pi, P)
    u = torch.linalg.solve(torch.eye(len(error), dtype=torch.float64) - gamma * lam * P_pi, error)
    return gamma * (1 - lam) * (P @ u) - error[:, None]


def e3_3_right_float32(error, gamma, lam, P, pi):
    error, P, pi = (np.asarray(x, np.float32) for x in (error, P, pi))
    P_pi = np.einsum("sa,sat->st", pi, P)
    u = np.linalg.solve(np.eye(len(error), dtype=np.float32) - np.float32(gamma * lam) * P_pi, error)
    return np.float32(gamma * (1 - lam)) * (P @ u) - error[:, None]


def e3_3_right_in_place(error, gamma, lam, P, pi):
    P_pi = np.einsum("sa,sat->st", pi, P)
    u, term = np.array(error, float), np.array(error, float)
    while np.abs(term).max() > 1e-16:
        term[:] = gamma * lam * (P_pi @ term)
        u += term
    bias = np.array(P @ u)
    bias *= gamma * (1 - lam)
    bias -= error[:, None]
    return bias


def e3_3_right_mean_td_errors(error, gamma, lam, P, pi):
    # The part of each TD error that comes from the error, and the filter's sum of its later means.
    first = gamma * P @ error - error[:, None]
    P_pi = np.einsum("sa,sat->st", pi, P)
    later = np.linalg.solve(np.eye(len(error)) - gamma * lam * P_pi, np.sum(pi * first, axis=1))
    return first + gamma * lam * P @ later


def e3_3_right_inverse(e, discount, x, moves, policy):
    P_pi = np.einsum("sa,sat->st", policy, moves)
    inverse = np.linalg.inv(np.eye(len(e)) - discount * x * P_pi)
    return np.einsum("sat,tu,u->sa", moves, inverse, discount * (1 - x) * e) - e[:, None]


# Exercise 3.4: explained_variance(predictions, targets)


def e3_4_wrong_squared_error(predictions, targets):
    return 1 - np.mean((targets - predictions) ** 2) / np.var(targets)


def e3_4_wrong_variance_of_predictions_below(predictions, targets):
    return 1 - np.var(targets - predictions) / np.var(predictions)


def e3_4_wrong_one_minus_forgotten(predictions, targets):
    return np.var(targets - predictions) / np.var(targets)


def e3_4_wrong_quotient_of_variances(predictions, targets):
    return np.var(predictions) / np.var(targets)


def e3_4_wrong_squared_correlation(predictions, targets):
    return np.corrcoef(predictions, targets)[0, 1] ** 2


def e3_4_wrong_correlation(predictions, targets):
    return np.corrcoef(predictions, targets)[0, 1]


def e3_4_wrong_standard_deviations(predictions, targets):
    return 1 - np.std(targets - predictions) / np.std(targets)


def e3_4_wrong_sample_over_population(predictions, targets):
    return 1 - np.var(targets - predictions, ddof=1) / np.var(targets)


def e3_4_wrong_mean_square_below(predictions, targets):
    return 1 - np.var(targets - predictions) / np.mean(targets**2)


def e3_4_wrong_absolute_errors(predictions, targets):
    residual = targets - predictions
    return 1 - np.mean(np.abs(residual - residual.mean())) / np.mean(np.abs(targets - targets.mean()))


def e3_4_wrong_sum_for_difference(predictions, targets):
    return 1 - np.var(targets + predictions) / np.var(targets)


def e3_4_wrong_difference_of_variances(predictions, targets):
    return 1 - (np.var(targets) - np.var(predictions)) / np.var(targets)


def e3_4_wrong_never_below_zero(predictions, targets):
    return max(0.0, 1 - np.var(targets - predictions) / np.var(targets))


def e3_4_wrong_percent(predictions, targets):
    return 100 * (1 - np.var(targets - predictions) / np.var(targets))


def e3_4_wrong_squares_below(predictions, targets):
    return 1 - np.sum((targets - predictions) ** 2) / np.sum(targets**2)


def e3_4_wrong_covariance(predictions, targets):
    return np.cov(predictions, targets)[0, 1] / np.var(targets, ddof=1)


def e3_4_wrong_sorted(predictions, targets):
    return 1 - np.var(np.sort(targets) - np.sort(predictions)) / np.var(targets)


def e3_4_wrong_no_return(predictions, targets):
    1 - np.var(targets - predictions) / np.var(targets)


def e3_4_wrong_subtracts_in_place(predictions, targets):
    predictions -= targets
    return 1 - np.var(predictions) / np.var(targets)


def e3_4_right_numpy(predictions, targets):
    residual = np.subtract(targets, predictions)
    centred, spread = residual - residual.mean(), targets - np.mean(targets)
    return 1 - centred @ centred / (spread @ spread)


def e3_4_right_loops(predictions, targets):
    n = len(targets)
    residuals = [float(y) - float(x) for x, y in zip(predictions, targets, strict=True)]
    middle, mean = sum(residuals) / n, sum(float(y) for y in targets) / n
    unexplained = sum((x - middle) ** 2 for x in residuals)
    return 1 - unexplained / sum((float(y) - mean) ** 2 for y in targets)


def e3_4_right_torch(predictions, targets):
    x, y = (torch.tensor(np.asarray(z), dtype=torch.float64) for z in (predictions, targets))
    return 1 - torch.var(y - x) / torch.var(y)


def e3_4_right_float32(predictions, targets):
    x, y = np.asarray(predictions, np.float32), np.asarray(targets, np.float32)
    return np.float32(1) - np.var(y - x) / np.var(y)


def e3_4_right_in_place(predictions, targets):
    residual = np.array(targets, float)
    residual -= predictions
    residual -= residual.mean()
    residual *= residual
    return 1 - residual.mean() / np.var(targets)


def e3_4_right_statistics(predictions, targets):
    residuals = [float(y - x) for x, y in zip(predictions, targets, strict=True)]
    return 1 - statistics.pvariance(residuals) / statistics.pvariance([float(y) for y in targets])


def e3_4_right_covariances(guess, truth):
    (a, b), (_, c) = np.cov(guess, truth)
    return np.array((2 * b - a) / c)


WRONG = {
    "3.1": [
        (e3_1_wrong_tail_forgotten, "leaves the weights as they are: the longest estimate lacks the tail's share"),
        (
            e3_1_wrong_weights_divided_by_sum,
            "divides the weights by their sum instead of giving the rest to the longest",
        ),
        (e3_1_wrong_tail_one_power_too_high, "gives the longest estimate lam^N instead of lam^(N-1)"),
        (e3_1_wrong_tail_on_top, "adds lam^(N-1) to the last weight instead of overwriting it"),
        (e3_1_wrong_weights_one_power_too_high, "gives the n-step estimate lam^n instead of lam^(n-1)"),
        (e3_1_wrong_value_not_subtracted, "doesn't subtract V(s_0)"),
        (e3_1_wrong_bootstrap_undiscounted, "doesn't discount the value at the end of the n steps"),
        (e3_1_wrong_bootstrap_power, "discounts the value after n steps by gamma^(n-1)"),
        (e3_1_wrong_no_bootstrap, "leaves out the value at the end of the n steps"),
        (e3_1_wrong_bootstrap_one_state_early, "takes V(s_(n-1)) after n steps instead of V(s_n)"),
        (e3_1_wrong_end_has_no_value, "takes the last value for 0, as if the episode had terminated"),
        (e3_1_wrong_rewards_undiscounted, "doesn't discount the rewards"),
        (e3_1_wrong_gamma_in_the_weights, "mixes with gamma lam instead of lam"),
        (e3_1_wrong_weights_reversed, "gives the largest weight to the longest estimate: the weights are reversed"),
        (e3_1_wrong_one_minus_lam_forgotten, "forgets the factor 1 - lam"),
        (e3_1_wrong_longest_only, "returns the longest estimate alone"),
        (e3_1_wrong_not_added_up, "returns the weighted estimates without adding them up"),
        (e3_1_wrong_discounts_the_values_in_place, "has the right number but discounts the values that it was given"),
        (e3_1_wrong_never_ends, "never ends: n isn't advanced"),
    ],
    "3.2": [
        (e3_2_wrong_one_flag, "treats a truncation like a termination: no value ahead"),
        (e3_2_wrong_sum_runs_over_truncation, "lets the sum run on into the next episode after a truncation"),
        (e3_2_wrong_sum_never_stops, "lets the sum run on into the next episode at both kinds of end"),
        (e3_2_wrong_future_after_termination, "keeps the value ahead after a termination"),
        (e3_2_wrong_flags_swapped, "swaps the two flags in the TD error"),
        (
            e3_2_wrong_next_row_for_next_value,
            "takes the next row's value, which is another episode's after a truncation",
        ),
        (e3_2_wrong_mask_of_the_next_row, "stops the sum by the flag of the next row instead of its own"),
        (e3_2_wrong_lam_forgotten, "forgets lam in the filter"),
        (e3_2_wrong_gamma_forgotten_in_the_filter, "forgets gamma in the filter"),
        (e3_2_wrong_next_value_undiscounted, "forgets gamma in the TD error"),
        (e3_2_wrong_value_not_subtracted, "doesn't subtract V(s_t)"),
        (e3_2_wrong_reward_lost_at_the_end, "sets the whole TD error to 0 at a termination"),
        (e3_2_wrong_forwards, "runs the filter forwards in time"),
        (e3_2_wrong_batch_edge_is_an_end, "doesn't bootstrap from the last row's next value"),
        (e3_2_wrong_last_row_left_zero, "leaves the last row at 0"),
        (e3_2_wrong_lambda_returns, "returns lambda-returns: the values are added to the advantages"),
        (e3_2_wrong_standardised, "standardises the advantages"),
        (
            e3_2_wrong_one_end_stops_all_copies,
            "stops the sum in all copies when one ends; differs only with several copies",
        ),
        (e3_2_wrong_if_on_many_flags, "asks `if` about a whole row of flags; crashes, only with several copies"),
        (e3_2_wrong_one_minus_boolean, "crashes: 1 minus a tensor of booleans isn't defined"),
        (e3_2_wrong_writes_into_next_values, "has the right numbers but writes zeros into its argument next_values"),
    ],
    "3.3": [
        (e3_3_wrong_baseline_forgotten, "leaves out the error of the state itself"),
        (e3_3_wrong_baseline_sign, "adds the error of the state itself instead of subtracting it"),
        (e3_3_wrong_ahead_sign, "subtracts the errors ahead instead of adding them"),
        (e3_3_wrong_one_minus_lam_forgotten, "forgets the factor 1 - lam"),
        (e3_3_wrong_gamma_forgotten, "forgets gamma before the sum"),
        (e3_3_wrong_discount_gamma, "discounts the errors ahead by gamma instead of gamma lam"),
        (e3_3_wrong_discount_squared, "squares the discount gamma lam"),
        (e3_3_wrong_transposed, "solves the transposed system"),
        (e3_3_wrong_one_step_too_late, "begins with the error two steps ahead: one transition too many"),
        (e3_3_wrong_next_error_only, "counts the error of the next state only"),
        (
            e3_3_wrong_policy_chooses_the_first_action,
            "averages the first action over the policy: the same for all actions",
        ),
        (e3_3_wrong_averaged_over_actions, "returns one number for each state: the actions are averaged"),
        (e3_3_wrong_uniform_policy, "moves by the plain average over actions instead of the policy"),
        (
            e3_3_wrong_no_sum_over_next_states,
            "starts the errors ahead in the state itself: the first transition is missing",
        ),
        (e3_3_wrong_factor_of_the_weights, "has the factor 1 - gamma lam in place of 1 - lam"),
        (e3_3_wrong_same_action_for_ever, "repeats the first action for ever instead of following the policy"),
        (e3_3_wrong_stops_after_three_terms, "adds up three terms of the infinite sum only"),
        (e3_3_wrong_adds_into_the_error, "has the right numbers but adds into the error that it was given"),
    ],
    "3.4": [
        (e3_4_wrong_squared_error, "uses the mean squared error; differs only when the predictions are off on average"),
        (e3_4_wrong_variance_of_predictions_below, "divides by the variance of the predictions"),
        (e3_4_wrong_one_minus_forgotten, "returns the unexplained part: 1 minus it is wanted"),
        (e3_4_wrong_quotient_of_variances, "returns the predictions' variance over the targets'"),
        (e3_4_wrong_squared_correlation, "returns the squared correlation, which ignores a wrong scale"),
        (e3_4_wrong_correlation, "returns the correlation"),
        (e3_4_wrong_standard_deviations, "uses standard deviations instead of variances"),
        (e3_4_wrong_sample_over_population, "divides by n - 1 above and by n below; hardly visible when n is large"),
        (
            e3_4_wrong_mean_square_below,
            "divides by the mean square of the targets; differs only when their mean isn't 0",
        ),
        (e3_4_wrong_absolute_errors, "uses absolute deviations instead of squared ones"),
        (e3_4_wrong_sum_for_difference, "adds predictions and targets instead of subtracting them"),
        (e3_4_wrong_difference_of_variances, "subtracts variances instead of taking the variance of the difference"),
        (e3_4_wrong_never_below_zero, "cuts off at 0; differs only when the fit is worse than a constant"),
        (e3_4_wrong_percent, "returns per cent"),
        (e3_4_wrong_squares_below, "leaves the means in both sums of squares"),
        (e3_4_wrong_covariance, "returns the slope of the predictions on the targets"),
        (e3_4_wrong_sorted, "sorts both arrays, so the pairs are torn apart"),
        (e3_4_wrong_no_return, "computes the number and returns nothing"),
        (e3_4_wrong_subtracts_in_place, "has the right number but subtracts the targets from its argument"),
    ],
}

RIGHT = {
    "3.1": [
        (e3_1_right_numpy, "numpy"),
        (e3_1_right_loops, "loops"),
        (e3_1_right_torch, "torch"),
        (e3_1_right_float32, "float32"),
        (e3_1_right_in_place, "in-place"),
        (e3_1_right_lambda_returns, "recursion of the lambda-return"),
        (e3_1_right_weight_left_over, "weight left over, 0-d array, renamed parameters"),
    ],
    "3.2": [
        (e3_2_right_numpy, "numpy"),
        (e3_2_right_loops, "loops"),
        (e3_2_right_torch, "torch"),
        (e3_2_right_float32, "float32"),
        (e3_2_right_in_place, "in-place"),
        (e3_2_right_integer_masks, "integer masks"),
        (e3_2_right_float32_factors, "factors of single precision, since gamma meets the booleans first"),
        (e3_2_right_sums_episode_by_episode, "sums episode by episode"),
    ],
    "3.3": [
        (e3_3_right_numpy, "numpy"),
        (e3_3_right_loops, "loops"),
        (e3_3_right_torch, "torch"),
        (e3_3_right_float32, "float32"),
        (e3_3_right_in_place, "in-place"),
        (e3_3_right_mean_td_errors, "mean TD errors"),
        (e3_3_right_inverse, "inverse, renamed parameters"),
    ],
    "3.4": [
        (e3_4_right_numpy, "numpy"),
        (e3_4_right_loops, "loops"),
        (e3_4_right_torch, "torch"),
        (e3_4_right_float32, "float32"),
        (e3_4_right_in_place, "in-place"),
        (e3_4_right_statistics, "the statistics module"),
        (e3_4_right_covariances, "covariances, 0-d array, renamed parameters"),
    ],
}
