"""Wrong answers to the exercises of lesson 03."""

import numpy as np
import torch

from unforeseen import lesson_03 as unforeseen

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


def _mixture(weights=None, gains=None, ahead=None, baseline=1):
    """Return a mixture, of which one piece is made in another way, from (rewards, values, γ, λ)."""

    def mixture(*given):
        rewards, values, gamma, lam = given
        usual = (1 - lam) * _powers(rewards, lam)
        usual[-1] = lam ** (len(rewards) - 1)
        discounts = gamma ** np.arange(len(values))
        gain = np.cumsum(discounts[:-1] * rewards) if gains is None else gains(*given)
        value = discounts[1:] * values[1:] if ahead is None else ahead(*given)
        return (usual if weights is None else weights(*given)) @ (gain + value - baseline * values[0])

    return mixture


def _with_last(weights, last):
    return np.append(weights[:-1], last)


def mixture_tail_of_two_fewer(rewards, values, gamma, lam):
    weights = (1 - lam) * _powers(rewards, lam)
    weights[-1] = lam ** max(0, len(rewards) - 2)
    return weights @ _n_step(rewards, values, gamma)


def mixture_sum(rewards, values, gamma, lam):
    return np.sum(_n_step(rewards, values, gamma))


def mixture_mean(rewards, values, gamma, lam):
    return np.mean(_n_step(rewards, values, gamma))


def mixture_one_step(rewards, values, gamma, lam):
    return rewards[0] + gamma * values[1] - values[0]


def mixture_longest_weighted(rewards, values, gamma, lam):
    return lam ** (len(rewards) - 1) * _n_step(rewards, values, gamma)[-1]


def mixture_times_factor(rewards, values, gamma, lam):
    return (1 - lam) * _mix(_n_step(rewards, values, gamma), rewards, lam)


def mixture_undiscounted(rewards, values, gamma, lam):
    return _mix(_n_step(rewards, values, 1.0), rewards, lam)


def mixture_one_discount_too_many(rewards, values, gamma, lam):
    return _mix(gamma * (_n_step(rewards, values, gamma) + values[0]) - values[0], rewards, lam)


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


def gae_truncation_wins(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~(terminated & ~truncated) - values
    return _backwards(deltas, gamma * lam * ~_end(terminated, truncated))


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


def _gae(future=None, carry=None, baseline=1, factor=None, error=None):
    """Return GAE with one piece made in another way: what δ holds of the future, what a sum is carried back with."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        ended = terminated | truncated
        ahead = next_values * ~terminated if future is None else future(values, next_values, terminated, truncated)
        deltas = rewards + gamma * ahead - baseline * values
        deltas = deltas if error is None else error(deltas, terminated, truncated)
        steps = (~ended if carry is None else carry(terminated, truncated)) * torch.ones_like(rewards)
        return _backwards(deltas, (gamma * lam if factor is None else factor(gamma, lam)) * steps)

    return estimate


def _after_gae(change):
    return lambda *given: change(_gae()(*given), *given)


def gae_runs_back_from_the_past(rewards, values, next_values, terminated, truncated, gamma, lam):
    deltas = rewards + gamma * next_values * ~terminated - values
    result, ended = deltas.clone(), terminated | truncated
    for t in range(1, len(deltas)):
        result[t] += gamma * lam * result[t - 1] * ~ended[t - 1]
    return result


def gae_without_gamma_at_all(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _gae()(rewards, values, next_values, terminated, truncated, 1.0, lam)


def gae_next_value_twice_discounted(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _gae()(rewards, values, gamma * next_values, terminated, truncated, gamma, lam)


def gae_swapped_factors(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _gae()(rewards, values, next_values, terminated, truncated, lam, gamma)


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


def _with(own=1, factor=None, carry=None):
    """Return the bias with another share of e(s), another factor before the errors ahead, or another fading."""

    def bias(error, gamma, lam, P, pi):
        ahead = _ahead(error, gamma * lam if carry is None else carry(gamma, lam), P, pi)
        return -own * error[:, None] + (gamma * (1 - lam) if factor is None else factor(gamma, lam)) * P @ ahead

    return bias


def bias_of_ten_terms(error, gamma, lam, P, pi):
    move = np.einsum("sa,sat->st", pi, P)
    ahead = sum((gamma * lam) ** k * np.linalg.matrix_power(move, k) @ error for k in range(10))
    return -error[:, None] + gamma * (1 - lam) * P @ ahead


def bias_likeliest_actions(error, gamma, lam, P, pi):
    return _table(error, gamma, lam, P, np.eye(pi.shape[1])[np.argmax(pi, axis=1)])


def bias_backwards_first(error, gamma, lam, P, pi):
    ahead = np.einsum("tas,t->sa", P, _ahead(error, gamma * lam, P, pi))
    return -error[:, None] + gamma * (1 - lam) * ahead


def bias_weighted(error, gamma, lam, P, pi):
    return pi * _table(error, gamma, lam, P, pi)


def bias_own_error_only(error, gamma, lam, P, pi):
    return -error[:, None] * np.ones(pi.shape)


def bias_errors_ahead_only(error, gamma, lam, P, pi):
    return P @ _ahead(error, gamma * lam, P, pi)


def bias_transposed_table(error, gamma, lam, P, pi):
    return _table(error, gamma, lam, P, pi).T


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


def _explained(predictions, targets):
    return 1 - np.var(targets - predictions) / np.var(targets)


def explained_mse_over_predictions(predictions, targets):
    return 1 - np.mean((targets - predictions) ** 2) / np.var(predictions)


def explained_mean_absolute_error(predictions, targets):
    return 1 - np.mean(np.abs(targets - predictions)) / np.mean(np.abs(targets - np.mean(targets)))


def explained_root_mean_square(predictions, targets):
    return 1 - np.sqrt(np.mean((targets - predictions) ** 2)) / np.std(targets)


def explained_added_variances(predictions, targets):
    return 1 - (np.var(targets) + np.var(predictions)) / np.var(targets)


def explained_one_less_ratio(predictions, targets):
    return 1 - np.var(predictions) / np.var(targets)


def explained_absolute(predictions, targets):
    return abs(_explained(predictions, targets))


def explained_slope_of_targets(predictions, targets):
    return np.polyfit(predictions, targets, 1)[0]


def explained_less_one(predictions, targets):
    return np.var(targets - predictions) / np.var(targets) - 1


def explained_plus(predictions, targets):
    return 1 + np.var(targets - predictions) / np.var(targets)


def explained_upside_down(predictions, targets):
    return 1 - np.var(targets) / np.var(targets - predictions)


def explained_undivided(predictions, targets):
    return 1 - np.var(targets - predictions)


def explained_residual(predictions, targets):
    return np.var(targets - predictions)


def explained_difference(predictions, targets):
    return np.var(targets) - np.var(targets - predictions)


def explained_squared_error(predictions, targets):
    return np.mean((targets - predictions) ** 2)


def explained_one_less_error(predictions, targets):
    return 1 - np.mean((targets - predictions) ** 2)


def explained_squared_quotient(predictions, targets):
    return 1 - (np.var(targets - predictions) / np.var(targets)) ** 2


def explained_sum_over_mean(predictions, targets):
    residual = targets - predictions
    return 1 - np.sum((residual - residual.mean()) ** 2) / np.var(targets)


def explained_over_deviation(predictions, targets):
    return 1 - np.var(targets - predictions) / np.std(targets)


def explained_over_square(predictions, targets):
    return 1 - np.var(targets - predictions) / np.var(targets) ** 2


def explained_over_both(predictions, targets):
    return 1 - np.var(targets - predictions) / np.var(np.concatenate([predictions, targets]))


def explained_over_sum(predictions, targets):
    return 1 - np.var(targets - predictions) / (np.var(targets) + np.var(predictions))


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
        (unforeseen.e3_1_wrong_weights_one_power_too_high, "one too high, but for the longest estimate"),
        (
            _mixture(lambda r, v, gamma, lam: (1 - lam) * lam * _powers(r, lam)),
            "your powers of λ are one too high, and the weights don't add up to 1",
        ),
        (_mixture(lambda r, v, gamma, lam: lam * _powers(r, lam)), "you weight A⁽ⁿ⁾ with λⁿ"),
        (unforeseen.e3_1_wrong_tail_one_power_too_high, "the longest estimate has λᴺ, one power too high"),
        (mixture_tail_of_two_fewer, "the longest estimate has λᴺ⁻²"),
        (unforeseen.e3_1_wrong_tail_on_top, "you add λᴺ⁻¹ to the longest estimate's weight"),
        (
            _mixture(lambda r, v, gamma, lam: _with_last((1 - lam) * _powers(r, lam), 0)),
            "the longest estimate has the weight 0",
        ),
        (
            _mixture(lambda r, v, gamma, lam: _with_last((1 - lam) * _powers(r, lam), lam)),
            "the longest estimate has the weight λ",
        ),
        (unforeseen.e3_1_wrong_gamma_in_the_weights, "you mix with γλ"),
        (
            _mixture(
                lambda r, v, gamma, lam: _with_last((1 - lam) * _powers(r, gamma * lam), (gamma * lam) ** (len(r) - 1))
            ),
            "you mix with powers of γλ, and the factor 1 − λ",
        ),
        (
            _mixture(lambda r, v, gamma, lam: _with_last((1 - gamma) * _powers(r, gamma), gamma ** (len(r) - 1))),
            "you mix with γ: the weights",
        ),
        (
            _mixture(lambda r, v, gamma, lam: _with_last(lam * _powers(r, 1 - lam), (1 - lam) ** (len(r) - 1))),
            "you mix with 1 − λ for λ",
        ),
        (unforeseen.e3_1_wrong_weights_reversed, "your weights are in reversed order"),
        (mixture_mean, "you average all estimates alike"),
        (mixture_sum, "you add up the estimates"),
        (unforeseen.e3_1_wrong_longest_only, "you have the longest estimate alone"),
        (mixture_one_step, "you have the one-step estimate alone"),
        (mixture_longest_weighted, "you have the longest estimate with its weight alone"),
        (
            _mixture(lambda r, v, gamma, lam: np.where(np.arange(len(r)) < len(r) - 1, 1, 1 - lam) * _powers(r, lam)),
            "the factor 1 − λ stands before the longest estimate alone",
        ),
        (mixture_times_factor, "you multiply the whole mixture by 1 − λ"),
        (_mixture(baseline=-1), "you add V(s₀)"),
        (
            _mixture(ahead=lambda r, v, gamma, lam: -(gamma ** np.arange(1, len(v))) * v[1:]),
            "you subtract γⁿV(sₙ)",
        ),
        (unforeseen.e3_1_wrong_bootstrap_power, "you discount V(sₙ) by γⁿ⁻¹"),
        (
            _mixture(ahead=lambda r, v, gamma, lam: gamma ** np.arange(2, len(v) + 1) * v[1:]),
            "you discount V(sₙ) by γⁿ⁺¹",
        ),
        (_mixture(ahead=lambda r, v, gamma, lam: gamma * v[1:]), "you discount V(sₙ) by γ once"),
        (unforeseen.e3_1_wrong_bootstrap_one_state_early, "you take V one state early"),
        (
            _mixture(ahead=lambda r, v, gamma, lam: gamma ** np.arange(1, len(v)) * v[-1]),
            "you take the last V in every estimate",
        ),
        (
            _mixture(ahead=lambda r, v, gamma, lam: gamma ** np.arange(1, len(v)) * v[1]),
            "you take V(s₁) in every estimate",
        ),
        (unforeseen.e3_1_wrong_end_has_no_value, "you take the last value for 0"),
        (
            _mixture(gains=lambda r, v, gamma, lam: np.cumsum(gamma ** np.arange(1, len(v)) * r)),
            "you discount the rewards one step too often",
        ),
        (_mixture(gains=lambda r, v, gamma, lam: gamma * np.cumsum(r)), "you discount every reward by γ once"),
        (mixture_undiscounted, "you discount neither the rewards nor V(sₙ)"),
        (mixture_one_discount_too_many, "you discount the rewards and V(sₙ) one step too often"),
        (
            _mixture(gains=lambda r, v, gamma, lam: np.cumsum(np.append(0, gamma ** np.arange(len(r) - 1) * r[:-1]))),
            "you add up one reward too few",
        ),
        (
            _mixture(
                gains=lambda r, v, gamma, lam: (
                    np.cumsum(_powers(r, gamma) * r) + np.append((_powers(r, gamma) * r)[1:], 0)
                )
            ),
            "you add up one reward too many",
        ),
        (
            _mixture(gains=lambda r, v, gamma, lam: np.full(len(r), _powers(r, gamma) @ r)),
            "you add up all rewards in every estimate",
        ),
        (_mixture(gains=lambda r, v, gamma, lam: 0 * r), "the rewards are missing"),
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
        (_gae(carry=lambda fell, cut: fell | cut), "your sums stop where an episode goes on"),
        (_gae(carry=lambda fell, cut: fell & ~fell), "your sums stop in every row"),
        (unforeseen.e3_2_wrong_one_end_stops_all_copies, "one column's end stops the sums of all columns"),
        (gae_truncation_wins, "where both flags are set you count the row as truncated"),
        (unforeseen.e3_2_wrong_mask_of_the_next_row, "you stop a row's sum by the flags of the next row"),
        (unforeseen.e3_2_wrong_flags_swapped, "the two flags have changed places in δ"),
        (_gae(lambda v, after, fell, cut: after * fell), "your δ has V(s') only after a termination"),
        (_gae(lambda v, after, fell, cut: after * cut), "your δ has V(s') only after a truncation"),
        (_gae(lambda v, after, fell, cut: 0), "γV(s') is missing in your δ"),
        (unforeseen.e3_2_wrong_reward_lost_at_the_end, "you set the whole δ to 0 where an episode terminates"),
        (_gae(error=lambda delta, fell, cut: delta * ~(fell | cut)), "you set the whole δ to 0 at an end of either"),
        (
            _gae(lambda v, after, fell, cut: torch.cat([v[1:], 0 * v[:1]]) * ~fell),
            "you take V(s') from the next row of values, and 0 after the last",
        ),
        (
            _gae(lambda v, after, fell, cut: torch.cat([after[1:], after[-1:]]) * ~fell),
            "you take V(s') from the row after in next_values",
        ),
        (_gae(lambda v, after, fell, cut: v * ~fell), "you have V(s) where V(s') belongs"),
        (_gae(baseline=0), "−V(s) is missing in your δ"),
        (_gae(baseline=-1), "you add V(s) in δ"),
        (_gae(factor=lambda gamma, lam: 1), "γ and λ are missing where a sum is carried back"),
        (gae_without_gamma_at_all, "γ is missing, in front of V(s') and where"),
        (gae_next_value_twice_discounted, "you discount V(s') by γ²"),
        (_gae(factor=lambda gamma, lam: gamma * gamma * lam), "a sum is carried back with γ²λ"),
        (_gae(factor=lambda gamma, lam: gamma * (1 - lam)), "a sum is carried back with 1 − λ"),
        (gae_runs_back_from_the_past, "you sum the TD errors of the past"),
        (unforeseen.e3_2_wrong_forwards, "you sum the TD errors of the past"),
        (unforeseen.e3_2_wrong_last_row_left_zero, "your last row is left at 0"),
        (unforeseen.e3_2_wrong_standardised, "you standardise the advantages"),
        (_after_gae(lambda a, *given: a - a.mean()), "you subtract the advantages' mean"),
        (_after_gae(lambda a, *given: a - given[1]), "you return A − V"),
        (_after_gae(lambda a, *given: a + given[0]), "you add the reward twice"),
        (_after_gae(lambda a, *given: (1 - given[-1]) * a), "you multiply by 1 − λ"),
        (_after_gae(lambda a, *given: (1 - given[-1] * given[-2]) * a), "you multiply by 1 − γλ"),
        (gae_swapped_factors, "γ and λ have changed places"),
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
        (_with(own=2), "−e(s) comes in twice"),
        (_with(factor=lambda gamma, lam: 1), "the factor γ(1 − λ) is missing"),
        (_with(factor=lambda gamma, lam: 1 - gamma * lam), "your factor is 1 − γλ"),
        (unforeseen.e3_3_wrong_factor_of_the_weights, "your factor is γ(1 − γλ)"),
        (_with(factor=lambda gamma, lam: lam * (1 - gamma)), "your factor is λ(1 − γ)"),
        (_with(factor=lambda gamma, lam: gamma * lam), "your factor is γλ, where"),
        (_with(factor=lambda gamma, lam: gamma * lam * (1 - lam)), "your factor is γλ(1 − λ)"),
        (_with(factor=lambda gamma, lam: gamma**2 * (1 - lam)), "your factor is γ²(1 − λ)"),
        (unforeseen.e3_3_wrong_ahead_sign, "you subtract the errors ahead"),
        (_with(factor=lambda gamma, lam: gamma * (1 + lam)), "your factor is γ(1 + λ)"),
        (unforeseen.e3_3_wrong_discount_squared, "yours by (γλ)²"),
        (_with(carry=lambda gamma, lam: gamma * (1 - lam)), "yours by γ(1 − λ)"),
        (_with(carry=lambda gamma, lam: -gamma * lam), "the sign in front of γλP_π is wrong"),
        (bias_of_ten_terms, "terms: it is infinite, the solution of a linear system"),
        (unforeseen.e3_3_wrong_next_error_only, "you count the error of the next state only"),
        (unforeseen.e3_3_wrong_transposed, "you follow the transitions backwards"),
        (bias_likeliest_actions, "not the likeliest alone"),
        (unforeseen.e3_3_wrong_one_step_too_late, "your sum starts two states ahead"),
        (bias_backwards_first, "your first transition leads backwards"),
        (bias_by_state, "you average over the first action, which leaves one number a state"),
        (unforeseen.e3_3_wrong_same_action_for_ever, "your first action goes on for ever"),
        (bias_weighted, "you multiply with π(a|s)"),
        (bias_own_error_only, "you have −e(s) alone"),
        (bias_errors_ahead_only, "you have h(s, a), the errors ahead, alone"),
        (bias_transposed_table, "your actions run along the rows"),
    ],
    "3.4": [
        (explained_with_offset, "you count a constant offset as unexplained"),
        (explained_by_correlation, "you have the squared correlation"),
        (explained_ratio, "you have Var(predictions)/Var(targets)"),
        (explained_unexplained, "that is the unexplained part"),
        (explained_swapped, "divide by that of the targets"),
        (explained_by_deviation, "you compare standard deviations"),
        (explained_mixed_degrees, "your variance of the targets divides by n − 1"),
        (unforeseen.e3_4_wrong_correlation, "you have the correlation"),
        (unforeseen.e3_4_wrong_sample_over_population, "your variance of the residual divides by n − 1"),
        (unforeseen.e3_4_wrong_mean_square_below, "you divide by the mean square of the targets"),
        (unforeseen.e3_4_wrong_squares_below, "you leave the means in, above and below"),
        (explained_mse_over_predictions, "you divide the mean squared error by the variance of the predictions"),
        (unforeseen.e3_4_wrong_absolute_errors, "you use absolute deviations"),
        (explained_mean_absolute_error, "you use absolute errors"),
        (explained_root_mean_square, "you have the root of the mean squared error"),
        (unforeseen.e3_4_wrong_sum_for_difference, "you add predictions and targets"),
        (explained_added_variances, "you add the variances"),
        (explained_one_less_ratio, "you divide Var(predictions) by Var(targets) and subtract"),
        (unforeseen.e3_4_wrong_never_below_zero, "you cut off at 0"),
        (explained_absolute, "you take the absolute value"),
        (unforeseen.e3_4_wrong_percent, "you return per cent"),
        (unforeseen.e3_4_wrong_covariance, "you have the slope of the predictions on the targets"),
        (explained_slope_of_targets, "you have the slope of the targets on the predictions"),
        (unforeseen.e3_4_wrong_sorted, "you sort predictions and targets apart"),
        (explained_less_one, "you subtract 1 from the quotient"),
        (explained_plus, "you add 1 to the quotient"),
        (explained_upside_down, "your quotient is upside down"),
        (explained_undivided, "you don't divide by Var(targets)"),
        (explained_residual, "you have the residual's variance"),
        (explained_difference, "you have Var(targets) less the residual's variance"),
        (explained_squared_error, "you have the mean squared error"),
        (explained_one_less_error, "you have 1 less the mean squared error"),
        (explained_squared_quotient, "you square the quotient"),
        (explained_sum_over_mean, "your residual's variance isn't divided by n"),
        (explained_over_deviation, "you divide by the standard deviation"),
        (explained_over_square, "you square the variance of the targets"),
        (explained_over_both, "you divide by the variance of predictions and targets together"),
        (explained_over_sum, "you divide by the sum of both variances"),
        (explained_pointwise, "the shape is wrong"),
    ],
}
