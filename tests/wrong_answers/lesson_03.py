"""Wrong answers to the exercises of lesson 03."""

import numpy as np
import torch

# 3.1, the mixture


def _n_step(rewards, values, gamma):
    discounts = gamma ** np.arange(len(values))
    return np.cumsum(discounts[:-1] * rewards) + discounts[1:] * values[1:] - values[0]


def _powers(rewards, lam):
    return lam ** np.arange(len(rewards))


def mixture_without_tail(rewards, values, gamma, lam):
    return (1 - lam) * _powers(rewards, lam) @ _n_step(rewards, values, gamma)


def mixture_renormalised(rewards, values, gamma, lam):
    return np.average(_n_step(rewards, values, gamma), weights=_powers(rewards, lam))


def mixture_one_power_too_high(rewards, values, gamma, lam):
    weights = (1 - lam) * lam * _powers(rewards, lam)
    weights[-1] = lam ** len(rewards)
    return weights @ _n_step(rewards, values, gamma)


def mixture_without_factor(rewards, values, gamma, lam):
    return _powers(rewards, lam) @ _n_step(rewards, values, gamma)


def _mix(n_step, rewards, lam):
    weights = (1 - lam) * _powers(rewards, lam)
    weights[-1] = lam ** (len(rewards) - 1)
    return weights @ n_step


def mixture_of_returns(rewards, values, gamma, lam):
    return _mix(_n_step(rewards, values, gamma) + values[0], rewards, lam)


def mixture_without_bootstrap(rewards, values, gamma, lam):
    return _mix(np.cumsum(gamma ** np.arange(len(rewards)) * rewards) - values[0], rewards, lam)


def mixture_undiscounted_value(rewards, values, gamma, lam):
    return _mix(np.cumsum(gamma ** np.arange(len(rewards)) * rewards) + values[1:] - values[0], rewards, lam)


def mixture_undiscounted_rewards(rewards, values, gamma, lam):
    bootstrap = gamma ** np.arange(1, len(values)) * values[1:]
    return _mix(np.cumsum(rewards) + bootstrap - values[0], rewards, lam)


def mixture_swapped(rewards, values, gamma, lam):
    return _mix(_n_step(rewards, values, lam), rewards, gamma)


def mixture_negative(rewards, values, gamma, lam):
    return -_mix(_n_step(rewards, values, gamma), rewards, lam)


def mixture_all_steps(rewards, values, gamma, lam):
    return _n_step(rewards, values, gamma)


# 3.2, GAE, backwards


def _backwards(deltas, carry):
    result, ahead = torch.zeros_like(deltas), torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        result[t] = ahead = deltas[t] + carry[t] * ahead
    return result


def _end(terminated, truncated):
    return terminated | truncated


def gae_leaks(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + gamma * next_values * ~terminated - values, gamma * lam * torch.ones_like(rewards))


def gae_leaks_through_truncation(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + gamma * next_values * ~terminated - values, gamma * lam * ~terminated)


def gae_leaks_through_termination(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + gamma * next_values * ~terminated - values, gamma * lam * ~truncated)


def gae_one_done_flag(rewards, values, next_values, terminated, truncated, gamma, lam):
    going_on = ~_end(terminated, truncated)
    return _backwards(rewards + gamma * next_values * going_on - values, gamma * lam * going_on)


def gae_future_after_the_end(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + gamma * next_values - values, gamma * lam * ~_end(terminated, truncated))


def gae_without_last_bootstrap(rewards, values, next_values, terminated, truncated, gamma, lam):
    next_values = next_values.clone()
    next_values[-1] = 0
    deltas = rewards + gamma * next_values * ~terminated - values
    return _backwards(deltas, gamma * lam * ~_end(terminated, truncated))


def gae_value_of_next_row(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * torch.cat([values[1:], next_values[-1:]]) * ~terminated - values
    return _backwards(deltas, gamma * lam * ~_end(terminated, truncated))


def gae_carry_without_gamma(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + gamma * next_values * ~terminated - values, lam * ~_end(terminated, truncated))


def gae_carry_without_lambda(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + gamma * next_values * ~terminated - values, gamma * ~_end(terminated, truncated))


def gae_undiscounted_value(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _backwards(rewards + next_values * ~terminated - values, gamma * lam * ~_end(terminated, truncated))


def gae_lambda_return(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    return values + _backwards(deltas, gamma * lam * ~_end(terminated, truncated))


def gae_of_the_past(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    result, behind = torch.zeros_like(deltas), torch.zeros_like(deltas[0])
    for t in range(len(deltas)):
        result[t] = deltas[t] + behind
        behind = gamma * lam * result[t] * ~_end(terminated, truncated)[t]
    return result


def gae_first_row_only(rewards, values, next_values, terminated, truncated, gamma, lam):
    return rewards[:1] + gamma * next_values[:1] - values[:1]


# 3.3, the bias


def _ahead(error, discount, P, pi):
    return np.linalg.solve(np.eye(len(error)) - discount * np.einsum("sa,sat->st", pi, P), error)


def _table(error, gamma, lam, P, pi):
    return -error[:, None] + gamma * (1 - lam) * P @ _ahead(error, gamma * lam, P, pi)


def bias_without_baseline(error, gamma, lam, P, pi):
    return gamma * (1 - lam) * P @ _ahead(error, gamma * lam, P, pi)


def bias_plus_baseline(error, gamma, lam, P, pi):
    return error[:, None] + gamma * (1 - lam) * P @ _ahead(error, gamma * lam, P, pi)


def bias_upside_down(error, gamma, lam, P, pi):
    return error[:, None] - gamma * (1 - lam) * P @ _ahead(error, gamma * lam, P, pi)


def bias_without_one_minus_lambda(error, gamma, lam, P, pi):
    return -error[:, None] + gamma * P @ _ahead(error, gamma * lam, P, pi)


def bias_without_gamma(error, gamma, lam, P, pi):
    return -error[:, None] + (1 - lam) * P @ _ahead(error, gamma * lam, P, pi)


def bias_fades_by_gamma(error, gamma, lam, P, pi):
    return -error[:, None] + gamma * (1 - lam) * P @ _ahead(error, gamma, P, pi)


def bias_fades_by_lambda(error, gamma, lam, P, pi):
    inside = sum(lam**k * np.linalg.matrix_power(np.einsum("sa,sat->st", pi, P), k) @ error for k in range(2000))
    return -error[:, None] + gamma * (1 - lam) * P @ inside


def bias_one_step_early(error, gamma, lam, P, pi):
    here = _ahead(error, gamma * lam, P, pi)[:, None]
    return -error[:, None] + gamma * (1 - lam) * np.repeat(here, pi.shape[1], axis=1)


def bias_even_actions(error, gamma, lam, P, pi):
    return _table(error, gamma, lam, P, np.full_like(pi, 1 / pi.shape[1])) + 0 * pi


def bias_mean_over_actions(error, gamma, lam, P, pi):
    return np.ones_like(pi) * np.sum(pi * _table(error, gamma, lam, P, pi), axis=1)[:, None]


def bias_by_state(error, gamma, lam, P, pi):
    return np.sum(pi * _table(error, gamma, lam, P, pi), axis=1)


# 3.4, explained variance


def explained_with_offset(predictions, targets):
    return 1 - np.mean((targets - predictions) ** 2) / np.var(targets)


def explained_by_correlation(predictions, targets):
    return np.corrcoef(predictions, targets)[0, 1] ** 2


def explained_ratio(predictions, targets):
    return np.var(predictions) / np.var(targets)


def explained_unexplained(predictions, targets):
    return np.var(targets - predictions) / np.var(targets)


def explained_swapped(predictions, targets):
    return 1 - np.var(targets - predictions) / np.var(predictions)


def explained_by_deviation(predictions, targets):
    return 1 - np.std(targets - predictions) / np.std(targets)


def explained_mixed_degrees(predictions, targets):
    return 1 - np.var(targets - predictions) / np.var(targets, ddof=1)


def explained_pointwise(predictions, targets):
    return 1 - (targets - predictions) ** 2 / np.var(targets)


WRONG_ANSWERS = {
    "3.1": [
        (mixture_without_tail, "the longest estimate takes all that is left"),
        (mixture_renormalised, "you divide the weights by their sum"),
        (mixture_one_power_too_high, "your powers of λ are one too high"),
        (mixture_without_factor, "the factor 1 − λ is missing, so the weights"),
        (mixture_of_returns, "you mix returns, not advantages"),
        (mixture_without_bootstrap, "γⁿV(sₙ) is missing"),
        (mixture_undiscounted_value, "it is discounted by γⁿ"),
        (mixture_undiscounted_rewards, "the rewards are not discounted"),
        (mixture_swapped, "γ and λ have changed places"),
        (mixture_negative, "the sign is wrong"),
        (mixture_all_steps, "the shape is wrong"),
    ],
    "3.2": [
        (gae_leaks, "your sums run on into the next episode"),
        (gae_leaks_through_truncation, "your sums run on through a truncation"),
        (gae_leaks_through_termination, "your sums run on through a termination"),
        (gae_one_done_flag, "you treat truncation as termination"),
        (gae_future_after_the_end, "after a termination there is no future"),
        (gae_without_last_bootstrap, "the last row of the batch has lost its future"),
        (gae_value_of_next_row, "you take V(s') from the next row of values"),
        (gae_carry_without_gamma, "γ is missing where a sum is carried back"),
        (gae_carry_without_lambda, "λ is missing"),
        (gae_undiscounted_value, "γ is missing in front of V(s')"),
        (gae_lambda_return, "you return A + V"),
        (gae_of_the_past, "you sum the TD errors of the past"),
        (gae_first_row_only, "the shape is wrong"),
    ],
    "3.3": [
        (bias_without_baseline, "−e(s) is missing"),
        (bias_plus_baseline, "e(s) comes in with a minus"),
        (bias_upside_down, "your result is the true advantage less the estimate"),
        (bias_without_one_minus_lambda, "the factor 1 − λ is missing in front"),
        (bias_without_gamma, "the factor γ is missing in front"),
        (bias_fades_by_gamma, "yours fade by γ alone"),
        (bias_fades_by_lambda, "yours fade by λ alone"),
        (bias_one_step_early, "your sum starts at the present state"),
        (bias_even_actions, "after the first step the actions follow the policy"),
        (bias_mean_over_actions, "you average over the first action"),
        (bias_by_state, "the shape is wrong"),
    ],
    "3.4": [
        (explained_with_offset, "you count a constant offset as unexplained"),
        (explained_by_correlation, "you have the squared correlation"),
        (explained_ratio, "you have Var(predictions)/Var(targets)"),
        (explained_unexplained, "that is the unexplained part"),
        (explained_swapped, "divide by that of the targets"),
        (explained_by_deviation, "you compare standard deviations"),
        (explained_mixed_degrees, "the value is wrong"),
        (explained_pointwise, "the shape is wrong"),
    ],
}
