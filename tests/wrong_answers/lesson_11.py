"""Wrong answers to the exercises of lesson 11."""

import itertools

import numpy as np


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
        (branch_never_restored, "the value is wrong"),
        (branch_negated, "the sign is wrong"),
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
    ],
    "11.3": [
        (surrogate_over_k, "you divide by K"),
        (surrogate_pooled, "each state has a sum of its own"),
        (surrogate_pooled_undifferentiated, "and forget to differentiate that sum"),
        (surrogate_denominator_fixed, "leaves out the derivative of the denominator"),
        (surrogate_plain_mean, "you subtract the plain mean of Q"),
        (surrogate_mean_of_all, "you subtract the mean over all states"),
        (surrogate_at_the_old_policy, "your gradient is that at the old policy"),
        (surrogate_raw_weights, "not divided by their sum"),
        (surrogate_summed, "you add the states up"),
        (surrogate_centred, "you centred Q by its plain mean first"),
        (surrogate_value_alone, "return 2 values"),
        (surrogate_descends, "the sign is wrong"),
        (surrogate_per_state, "the shape is wrong"),
    ],
    "11.4": [
        (best_counts_answers, "you count answers, not calls"),
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
    ],
}
