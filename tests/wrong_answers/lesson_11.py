"""Wrong answers to the exercises of lesson 11."""

import itertools

import numpy as np

from unforeseen import lesson_11 as unforeseen


def _one(simulator, action, policy, numbers, gamma):
    """The return of one branch, begun where the simulator stands."""
    q, discount = 0.0, 1.0
    for u in [*numbers, None]:
        place, reward, ended = simulator.step(action)
        q += discount * reward
        if ended or u is None:
            return q
        discount *= gamma
        action = policy(place, u)
    return q


def _all(simulator, saved, first_actions, policy, noise, gamma):
    q = []
    for action in first_actions:
        simulator.restore(saved)
        q.append(_one(simulator, action, policy, noise, gamma))
    return np.array(q)


def branch_restored_once(simulator, saved, first_actions, policy, noise, gamma):
    simulator.restore(saved)
    return np.array([_one(simulator, action, policy, noise, gamma) for action in first_actions])


def branch_discounts_at_once(simulator, saved, first_actions, policy, noise, gamma):
    return gamma * _all(simulator, saved, first_actions, policy, noise, gamma)


def branch_undiscounted(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, noise, 1)


def branch_goes_on(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            place, reward, _ = simulator.step(action)
            q[k] += gamma**t * reward
            action = policy(place, noise[min(t, len(noise) - 1)])
    return q


def branch_one_step_short(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, noise[:-1], gamma)


def branch_one_number(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, np.full(len(noise), noise[0]), gamma)


def branch_noise_of_their_own(simulator, saved, first_actions, policy, noise, gamma):
    q = []
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        q.append(_one(simulator, action, policy, np.roll(noise, -k), gamma))
    return np.array(q)


def branch_ignores_the_action(simulator, saved, first_actions, policy, noise, gamma):
    chosen = policy(saved[0], noise[0])
    return _all(simulator, saved, np.full(len(first_actions), chosen), policy, noise, gamma)


def branch_centred(simulator, saved, first_actions, policy, noise, gamma):
    q = _all(simulator, saved, first_actions, policy, noise, gamma)
    return q - np.mean(q)


def branch_first_reward(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, noise[:0], gamma)


def _rewards(simulator, saved, action, policy, noise):
    """The rewards of one branch, as a list."""
    simulator.restore(saved)
    rewards = []
    for u in [*noise, None]:
        place, reward, ended = simulator.step(action)
        rewards.append(reward)
        if ended or u is None:
            return rewards
        action = policy(place, u)


def _each(function):
    """Return function(rewards, gamma) of each branch."""

    def answer(simulator, saved, first_actions, policy, noise, gamma):
        return np.array([function(_rewards(simulator, saved, a, policy, noise), gamma) for a in first_actions])

    return answer


def _weighted(weight):
    return _each(lambda rewards, gamma: sum(weight(gamma, t) * reward for t, reward in enumerate(rewards)))


branch_second_in_full = _weighted(lambda gamma, t: 1.0 if t < 2 else gamma ** (t - 1))
branch_one_discount_later = _weighted(lambda gamma, t: 1.0 if t == 0 else gamma)
branch_one_discount = _weighted(lambda gamma, t: gamma)
branch_discount_squared = _weighted(lambda gamma, t: (gamma * gamma) ** t)
branch_one_less_gamma = _weighted(lambda gamma, t: (1 - gamma) ** t)
branch_backwards = _each(lambda rewards, gamma: sum(gamma**t * reward for t, reward in enumerate(rewards[::-1])))
branch_last_reward = _each(lambda rewards, gamma: rewards[-1])
branch_last_discounted = _each(lambda rewards, gamma: gamma ** (len(rewards) - 1) * rewards[-1])
branch_mean = _each(lambda rewards, gamma: np.mean([gamma**t * reward for t, reward in enumerate(rewards)]))
branch_positive = _each(lambda rewards, gamma: max(0.0, sum(gamma**t * r for t, r in enumerate(rewards))))


def branch_discounts_the_discount(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        weight = 1.0
        for t, reward in enumerate(_rewards(simulator, saved, action, policy, noise)):
            weight *= gamma**t
            q[k] += weight * reward
    return q


def branch_one_step_more(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, [*noise, noise[-1]], gamma)


def branch_number_of_its_own(simulator, saved, first_actions, policy, noise, gamma):
    q = []
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        q.append(_one(simulator, action, policy, [noise[k % len(noise)]] * len(noise), gamma))
    return np.array(q)


def branch_from_second_number(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, [*noise[1:], noise[-1]], gamma)


def branch_from_second_number_short(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, noise[1:], gamma)


def branch_numbers_backwards(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, noise[::-1], gamma)


def branch_sees_the_old_place(simulator, saved, first_actions, policy, noise, gamma):
    q = []
    for action in first_actions:
        simulator.restore(saved)
        place, total = saved[0], 0.0
        for t in range(len(noise) + 1):
            following = policy(place, noise[t]) if t < len(noise) else None
            place, reward, ended = simulator.step(action)
            total += gamma**t * reward
            action = following
            if ended:
                break
        q.append(total)
    return np.array(q)


def branch_sees_the_start(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, lambda place, u: policy(saved[0], u), noise, gamma)


def branch_goes_on_adding(simulator, saved, first_actions, policy, noise, gamma):
    q, total = [], 0.0
    for action in first_actions:
        simulator.restore(saved)
        total += _one(simulator, action, policy, noise, gamma)
        q.append(total)
    return np.array(q)


def branch_added(simulator, saved, first_actions, policy, noise, gamma):
    return _all(simulator, saved, first_actions, policy, noise, gamma).sum()


def branch_never_restored(simulator, saved, first_actions, policy, noise, gamma):
    return np.array([_one(simulator, action, policy, noise, gamma) for action in first_actions])


def branch_negated(simulator, saved, first_actions, policy, noise, gamma):
    return -_all(simulator, saved, first_actions, policy, noise, gamma)


def _back_up(mdp, pi, horizon, gamma=None, start=None, live=None):
    gamma, live = mdp.gamma if gamma is None else gamma, mdp.live if live is None else live
    value = np.zeros(len(pi)) if start is None else start
    q = np.zeros_like(pi)
    for _ in range(horizon):
        q = (mdp.reward + gamma * mdp.transition @ value) * live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def truncated_one_more(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon + 1)


def truncated_one_less(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon - 1)


def truncated_bootstrapped(mdp, pi, horizon):
    return mdp.action_value(pi)


def truncated_undiscounted(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon, gamma=1)


def truncated_discounted_at_once(mdp, pi, horizon):
    return mdp.gamma * _back_up(mdp, pi, horizon)


def truncated_v(mdp, pi, horizon):
    return np.ones_like(pi) * np.sum(pi * _back_up(mdp, pi, horizon), axis=1)[:, None]


def truncated_v_alone(mdp, pi, horizon):
    return np.sum(pi * _back_up(mdp, pi, horizon), axis=1)


def truncated_absorbing_earns(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon, live=np.ones(len(pi)))


def truncated_advantage(mdp, pi, horizon):
    q = _back_up(mdp, pi, horizon)
    return q - np.sum(pi * q, axis=1)[:, None]


def truncated_share(mdp, pi, horizon):
    return mdp.action_value(pi) * (1 - mdp.gamma**horizon)


def truncated_greedy(mdp, pi, horizon):
    q = np.where(mdp.absorbing[:, None], 0, mdp.reward)
    for _ in range(1, horizon):
        q = np.where(mdp.absorbing[:, None], 0, mdp.reward + mdp.gamma * mdp.transition @ q.max(axis=1))
    return q


def truncated_full_value(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon, start=mdp.value(pi) / mdp.gamma**horizon)


def truncated_squared_discount(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon, gamma=mdp.gamma**2)


def truncated_one_less_gamma(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon, gamma=1 - mdp.gamma)


def truncated_normalised(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon) * (1 - mdp.gamma)


def truncated_last(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon) - (_back_up(mdp, pi, horizon - 1) if horizon > 1 else 0)


def truncated_last_undiscounted(mdp, pi, horizon):
    return truncated_last(mdp, pi, horizon) / mdp.gamma ** (horizon - 1)


def truncated_first(mdp, pi, horizon):
    return mdp.reward * mdp.live[:, None]


def truncated_two(mdp, pi, horizon):
    return _back_up(mdp, pi, 2)


def _loop(mdp, pi, horizon, back, value=lambda pi, q: (pi * q).sum(1)):
    v = np.zeros(len(pi))
    for _ in range(horizon):
        q = back(v)
        v = value(pi, q)
    return q


def truncated_reward_discounted_each_time(mdp, pi, horizon):
    return _loop(
        mdp, pi, horizon, lambda v: mdp.gamma * (mdp.reward + mdp.gamma * mdp.transition @ v) * mdp.live[:, None]
    )


def truncated_reward_masked(mdp, pi, horizon):
    reward = mdp.reward * mdp.live[:, None]
    return _loop(mdp, pi, horizon, lambda v: reward + mdp.gamma * mdp.transition @ v)


def truncated_future_masked(mdp, pi, horizon):
    return _loop(mdp, pi, horizon, lambda v: mdp.reward + mdp.gamma * (mdp.transition @ v) * mdp.live[:, None])


def truncated_reached_masked(mdp, pi, horizon):
    return _loop(mdp, pi, horizon, lambda v: mdp.reward + mdp.gamma * mdp.transition @ (v * mdp.live))


def truncated_masked_at_the_end(mdp, pi, horizon):
    return truncated_absorbing_earns(mdp, pi, horizon) * mdp.live[:, None]


def truncated_mask_reversed(mdp, pi, horizon):
    return _back_up(mdp, pi, horizon, live=1 - mdp.live)


def truncated_less_mean(mdp, pi, horizon):
    q = _back_up(mdp, pi, horizon)
    return q - q.mean(1)[:, None]


def truncated_rest(mdp, pi, horizon):
    return mdp.action_value(pi) - _back_up(mdp, pi, horizon)


def truncated_less_own_value(mdp, pi, horizon):
    return mdp.action_value(pi) - mdp.gamma**horizon * mdp.value(pi)[:, None]


def _masked(mdp):
    return lambda v: (mdp.reward + mdp.gamma * mdp.transition @ v) * mdp.live[:, None]


def truncated_worst(mdp, pi, horizon):
    return _loop(mdp, pi, horizon, _masked(mdp), lambda pi, q: q.min(1))


def truncated_likeliest(mdp, pi, horizon):
    return _loop(
        mdp, pi, horizon, _masked(mdp), lambda pi, q: np.array([r[p.argmax()] for p, r in zip(pi, q, strict=True)])
    )


def truncated_unweighted(mdp, pi, horizon):
    return _loop(mdp, pi, horizon, _masked(mdp), lambda pi, q: q.sum(1))


def truncated_without_transition(mdp, pi, horizon):
    return _loop(mdp, pi, horizon, lambda v: (mdp.reward + mdp.gamma * v[:, None]) * mdp.live[:, None])


def surrogate_over_k(ratio, q, scores):
    weights = ratio / ratio.shape[1]
    return (weights * q).sum(1).mean(), np.einsum("nk,nk,nkp->p", weights, q, scores) / len(ratio)


def _with(ratio, q, scores, weights, level):
    return (weights * q).sum(1).mean(), np.einsum("nk,nkp->p", weights * (q - level), scores) / len(ratio)


def _weights(ratio):
    return ratio / ratio.sum(1, keepdims=True)


def _levels(ratio, q):
    return (_weights(ratio) * q).sum(1, keepdims=True)


def surrogate_pooled(ratio, q, scores):
    weights = ratio / ratio.sum() * len(ratio)
    return _with(ratio, q, scores, weights, (weights * q).sum(1, keepdims=True))


def surrogate_pooled_undifferentiated(ratio, q, scores):
    return _with(ratio, q, scores, ratio / ratio.sum() * len(ratio), 0)


def surrogate_denominator_fixed(ratio, q, scores):
    return _with(ratio, q, scores, _weights(ratio), 0)


def surrogate_plain_mean(ratio, q, scores):
    return _with(ratio, q, scores, _weights(ratio), q.mean(1, keepdims=True))


def surrogate_mean_of_all(ratio, q, scores):
    return _with(ratio, q, scores, _weights(ratio), q.mean())


def surrogate_over_k_less_mean(ratio, q, scores):
    return _with(ratio, q, scores, ratio / ratio.shape[1], q.mean(1, keepdims=True))


def surrogate_over_k_less_value(ratio, q, scores):
    weights = ratio / ratio.shape[1]
    return _with(ratio, q, scores, weights, (weights * q).sum(1, keepdims=True))


def surrogate_undivided(ratio, q, scores):
    return _with(ratio, q, scores, ratio, 0)


def surrogate_without_ratios(ratio, q, scores):
    return _with(ratio, q, scores, np.full(q.shape, 1 / q.shape[1]), q.mean(1, keepdims=True))


def surrogate_pooled_and_averaged(ratio, q, scores):
    weights = ratio / ratio.sum()
    return _with(ratio, q, scores, weights, (weights * q).sum(1, keepdims=True))


def _of_weights(ratio, q, scores, weights):
    return _with(ratio, q, scores, weights, (weights * q).sum(1, keepdims=True))


def surrogate_over_largest(ratio, q, scores):
    return _of_weights(ratio, q, scores, ratio / ratio.max(1, keepdims=True))


def surrogate_squared_ratios(ratio, q, scores):
    return _of_weights(ratio, q, scores, _weights(ratio**2))


def surrogate_upside_down(ratio, q, scores):
    return _of_weights(ratio, q, scores, _weights(1 / ratio))


def surrogate_clipped(ratio, q, scores):
    return _of_weights(ratio, q, scores, _weights(ratio.clip(max=1)))


def surrogate_less_largest(ratio, q, scores):
    return _with(ratio, q, scores, _weights(ratio), q.max(1, keepdims=True))


def surrogate_plus_level(ratio, q, scores):
    return _with(ratio, q, scores, _weights(ratio), -_levels(ratio, q))


def surrogate_less_twice(ratio, q, scores):
    return _with(ratio, q, scores, _weights(ratio), 2 * _levels(ratio, q))


def surrogate_slope_without_q(ratio, q, scores):
    return _levels(ratio, q).mean(), np.einsum("nk,nkp->p", _weights(ratio), scores) / len(q)


def _slope(ratio, q, scores, weights):
    return _levels(ratio, q).mean(), np.einsum("nk,nkp->p", weights * (q - _levels(ratio, q)), scores) / len(q)


def surrogate_slope_unweighted(ratio, q, scores):
    return _slope(ratio, q, scores, np.ones(q.shape))


def surrogate_slope_over_k(ratio, q, scores):
    return _slope(ratio, q, scores, ratio / q.shape[1])


def surrogate_slope_squared(ratio, q, scores):
    return _slope(ratio, q, scores, _weights(ratio) ** 2)


def surrogate_slope_of_softmax(ratio, q, scores):
    return _slope(ratio, q, scores, _weights(ratio) * (1 - _weights(ratio)))


def surrogate_slope_without_ratio(ratio, q, scores):
    return _slope(ratio, q, scores, np.ones(q.shape) / ratio.sum(1, keepdims=True))


def surrogate_slope_over_branches(ratio, q, scores):
    value, slope = _slope(ratio, q, scores, _weights(ratio))
    return value, slope * len(q) / q.shape[1]


def _valued(value):
    return lambda ratio, q, scores: (value(ratio, q), _slope(ratio, q, scores, _weights(ratio))[1])


surrogate_value_zero = _valued(lambda ratio, q: (_weights(ratio) * (q - _levels(ratio, q))).sum(1).mean().round(9))
surrogate_value_plain = _valued(lambda ratio, q: q.mean(1).mean())
surrogate_value_pooled = _valued(lambda ratio, q: np.average(q, weights=ratio))
surrogate_value_undivided = _valued(lambda ratio, q: (ratio * q).mean())
surrogate_value_over_branches = _valued(lambda ratio, q: (_weights(ratio) * q).mean())
surrogate_value_of_means = _valued(lambda ratio, q: (ratio.mean(1) * q.mean(1)).mean())
surrogate_value_largest = _valued(lambda ratio, q: q.max(1).mean())


def surrogate_at_the_old_policy(ratio, q, scores):
    value = _with(ratio, q, scores, _weights(ratio), 0)[0]
    return value, np.einsum("nk,nkp->p", q - q.mean(1, keepdims=True), scores) / q.size


def surrogate_raw_weights(ratio, q, scores):
    value = _levels(ratio, q).mean()
    return value, np.einsum("nk,nkp->p", ratio * (q - _levels(ratio, q)), scores) / len(q)


def surrogate_summed(ratio, q, scores):
    value, slope = _with(ratio, q, scores, _weights(ratio), _levels(ratio, q))
    return value * len(q), slope * len(q)


def surrogate_centred(ratio, q, scores):
    q = q - q.mean(1, keepdims=True)
    return _with(ratio, q, scores, _weights(ratio), _levels(ratio, q))


def surrogate_value_alone(ratio, q, scores):
    return _levels(ratio, q).mean()


def surrogate_descends(ratio, q, scores):
    value, slope = _with(ratio, q, scores, _weights(ratio), _levels(ratio, q))
    return value, -slope


def surrogate_per_state(ratio, q, scores):
    weights = _weights(ratio) * (q - _levels(ratio, q))
    return _levels(ratio, q)[:, 0], np.einsum("nk,nkp->np", weights, scores)


def _search(calls, spread, budget, least=2, states=lambda budget, calls: budget // calls):
    found = None
    for k in itertools.count(least):
        if calls(k) > budget or k > budget:
            return found
        error = spread(k) / states(budget, calls(k))
        if found is None or error < found[1]:
            found = k, error


def _right(between, within, horizon, budget):
    return _search(lambda k: 1 + k * horizon, lambda k: between + within / k, budget)


def _at(k, between, within, horizon, budget):
    return k, (between + within / k) / (budget // (1 + k * horizon)) if budget >= 1 + k * horizon else np.inf


def best_counts_answers(between, within, horizon, budget):
    return _search(lambda k: k, lambda k: between + within / k, budget)


def best_one_horizon_a_state(between, within, horizon, budget):
    k = (budget - 1) // horizon  # more branches cost nothing: take all that were tried
    return k, (between + within / k) / (budget // (1 + horizon))


def best_without_the_way(between, within, horizon, budget):
    return _search(lambda k: k * horizon, lambda k: between + within / k, budget)


def best_rounded(between, within, horizon, budget):
    return _at(max(2, round(np.sqrt(within / between / horizon))), between, within, horizon, budget)


def best_without_root(between, within, horizon, budget):
    return _at(max(2, round(within / between / horizon)), between, within, horizon, budget)


def best_upside_down(between, within, horizon, budget):
    return _at(max(2, round(np.sqrt(between * horizon / within))), between, within, horizon, budget)


def best_without_horizon(between, within, horizon, budget):
    return _at(max(2, round(np.sqrt(within / between))), between, within, horizon, budget)


def best_divides_both(between, within, horizon, budget):
    return _search(lambda k: 1 + k * horizon, lambda k: (between + within) / k, budget)


def best_divides_neither(between, within, horizon, budget):
    return _search(lambda k: 1 + k * horizon, lambda k: between + within, budget)


def best_without_between(between, within, horizon, budget):
    return _search(lambda k: 1 + k * horizon, lambda k: within / k, budget)


def best_fractions(between, within, horizon, budget):
    return _search(
        lambda k: 1 + k * horizon, lambda k: between + within / k, budget, states=lambda budget, calls: budget / calls
    )


def best_single(between, within, horizon, budget):
    return _search(lambda k: 1 + k * horizon, lambda k: between + within / k, budget, least=1)


def best_states(between, within, horizon, budget):
    k, error = _right(between, within, horizon, budget)
    return budget // (1 + k * horizon), error


def best_of_one_state(between, within, horizon, budget):
    k, _ = _right(between, within, horizon, budget)
    return k, between + within / k


def best_deviation(between, within, horizon, budget):
    k, error = _right(between, within, horizon, budget)
    return k, np.sqrt(error)


def _trying(tries=None, calls=lambda k, H: 1 + k * H, spread=lambda b, w, k: b + w / k, states=lambda B, c: B // c):
    """Return an answer that tries all of `tries`, with one of its parts changed."""

    def answer(between, within, horizon, budget):
        numbers = tries(horizon, budget) if tries else range(2, (budget - 1) // horizon + 1)
        found = []
        for k in numbers:
            n = states(budget, calls(k, horizon))
            if n > 0:
                found.append((spread(between, within, k) / n, k))
        error, k = min(found)
        return k, error

    return answer


best_counts_one_call_each = _trying(lambda H, B: range(2, B), calls=lambda k, H: 1 + k)
best_adds_horizon = _trying(lambda H, B: range(2, B - H + 1), calls=lambda k, H: k + H)
best_way_of_h_calls = _trying(lambda H, B: range(2, B // H), calls=lambda k, H: H * (k + 1))
best_other_way_round = _trying(spread=lambda b, w, k: w + b / k)
best_unbiased = _trying(spread=lambda b, w, k: b + w / (k - 1))
best_over_k_squared = _trying(spread=lambda b, w, k: b + w / (k * k))
best_over_root_k = _trying(spread=lambda b, w, k: b + w / k**0.5)
best_without_within = _trying(spread=lambda b, w, k: b)
best_of_roots = _trying(spread=lambda b, w, k: b**0.5 + w**0.5 / k)
best_of_roots_and_k = _trying(spread=lambda b, w, k: b**0.5 + (w / k) ** 0.5)
best_nearest_states = _trying(states=lambda B, c: round(B / c))
best_one_state_more = _trying(states=lambda B, c: B // c + 1)
best_one_state_less = _trying(states=lambda B, c: B // c - 1)
best_of_two_states = _trying(lambda H, B: [k for k in range(2, B) if 2 * (1 + k * H) <= B] or [2])
best_from_three = _trying(lambda H, B: range(3, max(4, (B - 1) // H + 1)))
best_of_dear_branches = _trying(lambda H, B: range(2, B // (1 + H) + 1))


def best_horizon_above(between, within, horizon, budget):
    return _at(max(2, round(np.sqrt(within * horizon / between))), between, within, horizon, budget)


def _after(change):
    def answer(between, within, horizon, budget):
        k, error = _right(between, within, horizon, budget)
        return change(k, error, between, within, 1 + k * horizon, budget)

    return answer


best_over_n_less_one = _after(lambda k, error, b, w, c, B: (k, (b + w / k) / (B // c - 1) if 2 * c <= B else np.inf))
best_minus_one = _after(lambda k, error, b, w, c, B: (k - 1, error))
best_plus_one = _after(lambda k, error, b, w, c, B: (k + 1, error))
best_calls = _after(lambda k, error, b, w, c, B: (c, error))
best_all_branches = _after(lambda k, error, b, w, c, B: (k * (B // c), error))
best_over_fractions = _after(lambda k, error, b, w, c, B: (k, (b + w / k) / (B / c)))
best_over_budget = _after(lambda k, error, b, w, c, B: (k, (b + w / k) / B))
best_within_over_n = _after(lambda k, error, b, w, c, B: (k, b + w / (k * (B // c))))
best_between_over_n = _after(lambda k, error, b, w, c, B: (k, b / (B // c) + w / k))


def best_branches_alone(between, within, horizon, budget):
    return _right(between, within, horizon, budget)[0]


WRONG_ANSWERS = {
    "11.1": [
        (branch_restored_once, "you restore the saved state only once"),
        (branch_discounts_at_once, "your first reward is already discounted"),
        (branch_undiscounted, "you don't discount"),
        (branch_goes_on, "you go on after an episode has ended"),
        (branch_one_step_short, "one step is missing"),
        (branch_one_number, "you use the same number in every step"),
        (branch_noise_of_their_own, "your branches take different numbers"),
        (branch_ignores_the_action, "you let the policy choose the first action"),
        (branch_centred, "you subtracted the branches' mean"),
        (branch_first_reward, "you return the reward of the first step alone"),
        (branch_added, "the shape is wrong"),
        (branch_never_restored, "you never restore the saved state"),
        (branch_negated, "the sign is wrong"),
        (branch_second_in_full, "your second reward counts in full"),
        (branch_one_discount_later, "all rewards after the first count γ times"),
        (branch_one_discount, "every reward counts γ times"),
        (branch_discount_squared, "your discount is squared"),
        (branch_discounts_the_discount, "your discount falls too fast"),
        (branch_one_less_gamma, "your discount is 1 − γ to the power"),
        (branch_backwards, "your discount runs backwards"),
        (unforeseen.e11_1_wrong_clock_not_reset, "your discount goes on from one branch to the next"),
        (unforeseen.e11_1_wrong_last_reward_lost, "you leave out the reward of the step that ends"),
        (unforeseen.e11_1_wrong_one_end_ends_all, "the end of one branch ends them all"),
        (branch_one_step_more, "there is one step too many"),
        (branch_number_of_its_own, "each of your branches has one number of its own"),
        (unforeseen.e11_1_wrong_noise_used_up, "your numbers go on from branch to branch"),
        (unforeseen.e11_1_wrong_noise_one_late, "your second step takes the last number"),
        (branch_from_second_number, "your second step takes noise[1]: "),
        (branch_from_second_number_short, "your second step takes noise[1], and one step"),
        (branch_numbers_backwards, "your numbers run backwards"),
        (unforeseen.e11_1_wrong_same_action_throughout, "you repeat the first action"),
        (branch_sees_the_old_place, "your policy sees the place before the step"),
        (branch_sees_the_start, "your policy always sees the saved state"),
        (branch_last_reward, "you return the reward of the last step alone"),
        (branch_last_discounted, "you return the last reward, discounted"),
        (branch_mean, "you divide by the number of steps"),
        (branch_goes_on_adding, "your sum goes on from one branch to the next"),
        (unforeseen.e11_1_wrong_whole_numbers, "your array holds whole numbers"),
        (branch_positive, "your returns are cut off below 0"),
    ],
    "11.2": [
        (truncated_one_more, "one reward too many"),
        (truncated_one_less, "one reward too few"),
        (truncated_bootstrapped, "you have the whole Q"),
        (truncated_undiscounted, "you forgot the discount"),
        (truncated_discounted_at_once, "you discount the first reward too"),
        (truncated_v, "you average over the first action as well"),
        (truncated_v_alone, "the shape is wrong"),
        (truncated_absorbing_earns, "absorbing states earn something"),
        (truncated_advantage, "you subtract V"),
        (truncated_share, "you take Q less γ^H times Q"),
        (truncated_greedy, "later actions are the best ones"),
        (truncated_full_value, "you add the value of the state reached, undiscounted"),
        (truncated_squared_discount, "your discount is γ²"),
        (truncated_one_less_gamma, "your discount is 1 − γ"),
        (unforeseen.e11_2_wrong_discount_grows_twice, "you raise γ to the power of the step"),
        (truncated_reward_discounted_each_time, "you discount the value of the state reached, and the reward"),
        (truncated_normalised, "you multiply by 1 − γ"),
        (unforeseen.e11_2_wrong_mean_reward, "you divide by the horizon"),
        (truncated_last, "you return the reward of the last step alone: "),
        (truncated_last_undiscounted, "you return the reward of the last step alone, undiscounted"),
        (truncated_first, "you return the first reward alone"),
        (truncated_two, "you count two rewards"),
        (unforeseen.e11_2_wrong_writes_into_the_reward, "your backups add to the same array"),
        (unforeseen.e11_2_wrong_policy_weighs_the_first, "you multiply by the probability of the first action"),
        (truncated_reward_masked, "your absorbing states have no reward, but a future"),
        (truncated_future_masked, "your absorbing states have no future, but a reward"),
        (truncated_reached_masked, "your absorbing states earn something when they are the first state"),
        (truncated_masked_at_the_end, "you mask absorbing states at the end only"),
        (truncated_mask_reversed, "your mask is turned round"),
        (truncated_less_mean, "you subtract the mean over the actions"),
        (truncated_rest, "you have what is left out"),
        (truncated_less_own_value, "you take Q less γ^H times V of the state that is left"),
        (truncated_worst, "later actions are the worst ones"),
        (truncated_likeliest, "later actions are the policy's likeliest"),
        (unforeseen.e11_2_wrong_uniform_policy, "later actions count alike"),
        (truncated_unweighted, "you add up the later actions without"),
        (unforeseen.e11_2_wrong_transposed, "your sum runs over the state that is left"),
        (truncated_without_transition, "you left out the transition"),
    ],
    "11.3": [
        (surrogate_over_k, "you divide by K; "),
        (surrogate_pooled, "each state has a sum of its own"),
        (surrogate_pooled_undifferentiated, "and forget to differentiate that sum"),
        (surrogate_denominator_fixed, "leaves out the derivative of the denominator"),
        (surrogate_plain_mean, "you subtract the plain mean of Q"),
        (surrogate_mean_of_all, "you subtract the mean over all states"),
        (surrogate_at_the_old_policy, "your gradient is that at the old policy"),
        (surrogate_raw_weights, "your gradient weighs by the ratios, not divided by their sum"),
        (surrogate_summed, "you add the states up"),
        (surrogate_centred, "you centred Q by its plain mean first"),
        (surrogate_value_alone, "return 2 values"),
        (surrogate_descends, "your gradient points downhill"),
        (surrogate_per_state, "the shape is wrong"),
        (surrogate_over_k_less_mean, "you divide by K, and subtract the mean of Q"),
        (surrogate_over_k_less_value, "you divide by K, and subtract L from Q"),
        (surrogate_undivided, "you divide by nothing"),
        (surrogate_without_ratios, "your value and your weights are without the ratios"),
        (unforeseen.e11_3_wrong_whole_batch_normalised, "each state has a sum of its own"),
        (surrogate_pooled_and_averaged, "and by the number of states too"),
        (unforeseen.e11_3_wrong_axis, "you divide the ratios by their sum over the states"),
        (surrogate_over_largest, "you divide by the largest ratio"),
        (unforeseen.e11_3_wrong_softmax_of_ratios, "you take a softmax of the ratios"),
        (surrogate_squared_ratios, "you square the ratios"),
        (surrogate_upside_down, "your ratios are upside down"),
        (surrogate_clipped, "you clip the ratios at 1"),
        (unforeseen.e11_3_wrong_one_level_for_all, "you subtract the mean over all states"),
        (surrogate_less_largest, "you subtract the largest Q"),
        (surrogate_plus_level, "you add L to Q"),
        (surrogate_less_twice, "you subtract 2L"),
        (surrogate_slope_without_q, "your gradient is without Q"),
        (unforeseen.e11_3_wrong_gradient_without_weights, "your gradient counts all branches alike"),
        (surrogate_slope_unweighted, "your gradient adds the branches up without their weights"),
        (surrogate_slope_over_k, "your gradient weighs by the ratios divided by K"),
        (surrogate_slope_squared, "your gradient weighs by w²"),
        (surrogate_slope_of_softmax, "your gradient weighs by w(1 − w)"),
        (surrogate_slope_without_ratio, "you divide by the ratio in the gradient"),
        (unforeseen.e11_3_wrong_mean_over_branches_too, "your gradient divides by the number of branches too"),
        (surrogate_slope_over_branches, "in place of that of the states"),
        (unforeseen.e11_3_wrong_leave_one_out, "your gradient is stretched by K/(K − 1)"),
        (surrogate_value_zero, "your value is 0"),
        (surrogate_value_plain, "your value is the plain mean of Q"),
        (surrogate_value_pooled, "your value is the sum of all ratio·Q"),
        (surrogate_value_undivided, "your value is the mean of ratio·Q"),
        (surrogate_value_over_branches, "your value divides by the number of branches too"),
        (surrogate_value_of_means, "your value is the mean of Q times the mean ratio"),
        (surrogate_value_largest, "your value is the largest Q"),
    ],
    "11.4": [
        (best_counts_answers, "you count answers, not calls: "),
        (best_one_horizon_a_state, "you count H calls a state"),
        (best_without_the_way, "you left out the call that leads to the state"),
        (best_rounded, "you round the formula for K"),
        (best_without_root, "you forgot the root"),
        (best_upside_down, "you have the formula upside down"),
        (best_without_horizon, "your formula lacks the horizon"),
        (best_divides_both, "you divide the variance between states by K too"),
        (best_divides_neither, "your within-variance isn't divided by K"),
        (best_without_between, "you left the variance between the states out"),
        (best_fractions, "your states are fractions"),
        (best_single, "a vine needs two branches at least"),
        (best_states, "you return the number of states"),
        (best_of_one_state, "your variance is that of one state"),
        (best_deviation, "you return the standard deviation"),
        (best_branches_alone, "return 2 values"),
        (best_counts_one_call_each, "you count answers, not calls, and the way"),
        (unforeseen.e11_4_wrong_trunk_for_each_branch, "you pay the way to the state once for each branch"),
        (best_adds_horizon, "a state costs K + H with you"),
        (best_way_of_h_calls, "the way to a state costs H"),
        (best_horizon_above, "your formula multiplies by the horizon"),
        (best_other_way_round, "the variance between states is divided by K with you"),
        (best_unbiased, "you divide the variance within by K − 1"),
        (best_over_k_squared, "you divide the variance within by K²"),
        (best_over_root_k, "you divide the variance within by √K"),
        (best_without_within, "you left the variance within a state out"),
        (unforeseen.e11_4_wrong_squared_again, "you square the variances"),
        (best_of_roots, "you take the roots of the variances"),
        (best_of_roots_and_k, "you take the roots of the two variances"),
        (unforeseen.e11_4_wrong_states_rounded_up, "you count a state that the budget pays only in part"),
        (best_nearest_states, "you round the number of states to the nearest"),
        (best_one_state_more, "you count one state too many"),
        (best_one_state_less, "you count one state too few"),
        (best_over_n_less_one, "you divide by N − 1"),
        (best_of_two_states, "you ask for two states at least"),
        (unforeseen.e11_4_wrong_largest_variance, "you return the K with the largest variance"),
        (best_from_three, "your first K is 3"),
        (unforeseen.e11_4_wrong_no_last_branch, "you leave out the largest K"),
        (best_of_dear_branches, "you try too few: K may be as large as (budget − 1) // H"),
        (unforeseen.e11_4_wrong_at_most_eight, "you try too few: K may be as large as the budget"),
        (unforeseen.e11_4_wrong_first_rise_ends_it, "you stop where the variance rises"),
        (unforeseen.e11_4_wrong_place_for_number, "you return the place in the list"),
        (best_minus_one, "you return K − 1"),
        (best_plus_one, "you return K + 1"),
        (best_calls, "you return the number of calls for a state"),
        (best_all_branches, "you return the number of all branches"),
        (best_over_fractions, "if they could be fractions"),
        (best_over_budget, "your variance is divided by the budget"),
        (best_within_over_n, "only in its part within"),
        (best_between_over_n, "only in its part between"),
    ],
}
