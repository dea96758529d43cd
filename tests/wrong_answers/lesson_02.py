"""Wrong answers to the exercises of lesson 02."""

import numpy as np

from trpobook.finite.episodes import rewards_to_go
from trpobook.finite.mdp import softmax
from unforeseen import lesson_02 as unforeseen


def weights_without_gamma_t(rewards, gamma):
    to_go = np.zeros(len(rewards) + 1)
    for t in reversed(range(len(rewards))):
        to_go[t] = rewards[t] + gamma * to_go[t + 1]
    return to_go[:-1]


def weights_whole_return(rewards, gamma):
    discounts = gamma ** np.arange(len(rewards))
    return np.full(len(rewards), discounts @ rewards)


def weights_of_the_past(rewards, gamma):
    return np.cumsum(gamma ** np.arange(len(rewards)) * rewards)


def weights_after_t(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return np.cumsum(discounted[::-1])[::-1] - discounted


def weights_undiscounted(rewards, gamma):
    return np.cumsum(rewards[::-1])[::-1]


def weights_from_one(rewards, gamma):
    discounted = gamma ** np.arange(1, len(rewards) + 1) * rewards
    return np.cumsum(discounted[::-1])[::-1]


def weights_twice_discounted(rewards, gamma):
    discounts = gamma ** np.arange(len(rewards))
    return discounts * np.cumsum((discounts * rewards)[::-1])[::-1]


def weights_single_reward(rewards, gamma):
    return gamma ** np.arange(len(rewards)) * rewards


def _discounts(rewards, gamma):
    return gamma ** np.arange(len(rewards))


def _later(x):
    return np.cumsum(x[::-1])[::-1]


def _right(rewards, gamma):
    return _later(_discounts(rewards, gamma) * rewards)


def weights_past_to_t(rewards, gamma):
    past = np.array(rewards)
    for t in range(1, len(past)):
        past[t] += gamma * past[t - 1]
    return past


def weights_past_undiscounted(rewards, gamma):
    return np.cumsum(rewards)


def weights_whole_undiscounted(rewards, gamma):
    return np.full(len(rewards), np.sum(rewards))


def weights_whole_times_gamma_t(rewards, gamma):
    return _discounts(rewards, gamma) * (_discounts(rewards, gamma) @ rewards)


def weights_ahead_only(rewards, gamma):
    return weights_without_gamma_t(rewards, gamma) - rewards


def weights_next_return(rewards, gamma):
    return np.append(weights_without_gamma_t(rewards, gamma)[1:], 0)


def weights_next_return_times_gamma_t(rewards, gamma):
    return _discounts(rewards, gamma) * np.append(weights_without_gamma_t(rewards, gamma)[1:], 0)


def weights_one_gamma_too_many(rewards, gamma):
    return gamma * weights_without_gamma_t(rewards, gamma)


def weights_gamma_without_power(rewards, gamma):
    return weights_without_gamma_t(rewards, gamma) * np.where(np.arange(len(rewards)) > 0, gamma, 1)


def weights_divided_by_gamma_t(rewards, gamma):
    return weights_without_gamma_t(rewards, gamma) / _discounts(rewards, gamma)


def weights_gamma_t_three_times(rewards, gamma):
    return _right(rewards, gamma) * _discounts(rewards, gamma) ** 2


def weights_averaging(rewards, gamma):
    return (1 - gamma) * _right(rewards, gamma)


def weights_last_reward_lost(rewards, gamma):
    discounted = _discounts(rewards, gamma) * rewards
    return np.array([np.sum(discounted[t:-1]) for t in range(len(rewards))])


def weights_first_lost(rewards, gamma):
    weights = np.zeros(len(rewards))
    for t in range(len(rewards) - 1, 0, -1):
        weights[t] = np.sum(_discounts(rewards, gamma)[t:] * rewards[t:])
    return weights


def weights_summed_from_the_front(rewards, gamma):
    return np.cumsum(_discounts(rewards, gamma) * rewards)[::-1]


def weights_returns_reversed(rewards, gamma):
    return weights_without_gamma_t(rewards, gamma)[::-1]


def weights_averaged_ahead(rewards, gamma):
    return np.array([w / (len(rewards) - t) for t, w in enumerate(_right(rewards, gamma))])


def weights_all_added(rewards, gamma):
    return np.ones(len(rewards)) * np.sum(_right(rewards, gamma))


def weights_summed(rewards, gamma):
    return float(np.sum(gamma ** np.arange(len(rewards)) * rewards))


def weights_negative(rewards, gamma):
    return -np.cumsum((gamma ** np.arange(len(rewards)) * rewards)[::-1])[::-1]


def weights_in_place(rewards, gamma):
    for t in reversed(range(len(rewards) - 1)):
        rewards[t] += gamma * rewards[t + 1]
    return gamma ** np.arange(len(rewards)) * rewards


def _pieces(theta, mdp):
    pi = softmax(theta)
    return pi, mdp.visitation(pi)[:, None], mdp.action_value(pi), mdp.value(pi)[:, None]


def gradient_normalised(theta, mdp):
    pi, rho, q, v = _pieces(theta, mdp)
    return rho / rho.sum() * pi * (q - v)


def gradient_one_minus_gamma(theta, mdp):
    pi, rho, q, v = _pieces(theta, mdp)
    return (1 - mdp.gamma) * rho * pi * (q - v)


def gradient_without_pi(theta, mdp):
    _, rho, q, v = _pieces(theta, mdp)
    return rho * (q - v)


def gradient_of_q(theta, mdp):
    pi, rho, q, _ = _pieces(theta, mdp)
    return rho * pi * q


def gradient_plain_mean(theta, mdp):
    pi, rho, q, _ = _pieces(theta, mdp)
    return rho * pi * (q - q.mean(axis=1, keepdims=True))


def gradient_without_visits(theta, mdp):
    pi, _, q, v = _pieces(theta, mdp)
    return pi * (q - v)


def gradient_start_only(theta, mdp):
    pi, _, q, v = _pieces(theta, mdp)
    return mdp.start[:, None] * pi * (q - v)


def gradient_undiscounted_visits(theta, mdp):
    pi, _, q, v = _pieces(theta, mdp)
    here, visits = mdp.start * mdp.live, np.zeros(len(mdp.start))
    move = np.einsum("sa,sat->st", pi, mdp.transition)
    for _ in range(100):
        visits += here
        here = here @ move * mdp.live
    return visits[:, None] * pi * (q - v)


def gradient_of_rewards(theta, mdp):
    pi, rho, _, _ = _pieces(theta, mdp)
    return rho * pi * (mdp.reward - (pi * mdp.reward).sum(1, keepdims=True))


def gradient_own_action(theta, mdp):
    pi, rho, q, _ = _pieces(theta, mdp)
    return rho * pi * (1 - pi) * q


def gradient_natural(theta, mdp):
    _, rho, q, _ = _pieces(theta, mdp)
    return rho.sum() * (q - q.mean(axis=1, keepdims=True))


def _gradient(visits=None, chance=None, worth=None):
    """Return ρ·π·(Q − V) with one of the three made in another way, from (mdp, π, ρ, Q, V)."""

    def gradient(theta, mdp):
        pieces = mdp, *_pieces(theta, mdp)
        _, pi, rho, q, v = pieces
        return (
            (rho if visits is None else visits(*pieces))
            * (pi if chance is None else chance(*pieces))
            * (q - v if worth is None else worth(*pieces))
        )

    return gradient


def _even(pi):
    return np.ones(pi.shape) / pi.shape[1]


def _uniform_advantage(mdp, pi, rho, q, v):
    return mdp.action_value(_even(pi)) - mdp.value(_even(pi))[:, None]


def gradient_by_the_probabilities(theta, mdp):
    _, rho, q, _ = _pieces(theta, mdp)
    return rho * q


def gradient_logits_for_policy(theta, mdp):
    _, rho, q, v = _pieces(theta, mdp)
    return rho * theta * (q - v)


def gradient_value_without_axis(theta, mdp):
    pi, rho, q, _ = _pieces(theta, mdp)
    return rho * pi * (q - mdp.value(pi))


def gradient_without_advantage(theta, mdp):
    pi, rho, _, _ = _pieces(theta, mdp)
    return rho * pi


def gradient_visits_only(theta, mdp):
    return _pieces(theta, mdp)[1] * np.ones(theta.shape)


def gradient_summed_over_actions(theta, mdp):
    pi, rho, q, v = _pieces(theta, mdp)
    return np.sum(rho * pi * (q - v), axis=1)


def gradient_descent(theta, mdp):
    pi, rho, q, v = _pieces(theta, mdp)
    return -rho * pi * (q - v)


def gradient_flat(theta, mdp):
    pi, rho, q, v = _pieces(theta, mdp)
    return (rho * pi * (q - v)).ravel()


def _norms(pi):
    return 1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)


def _mean(weights, q):
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def baseline_value(pi, q):
    return np.sum(pi * q, axis=1)


def baseline_plain_mean(pi, q):
    return q.mean(axis=1)


def baseline_unsquared(pi, q):
    return _mean(pi * np.sqrt(_norms(pi)), q)


def baseline_without_pi(pi, q):
    return _mean(_norms(pi), q)


def baseline_own_component(pi, q):
    return _mean(pi * (1 - pi) ** 2, q)


def baseline_indicator(pi, q):
    return _mean(pi * (1 - pi), q)


def baseline_undivided(pi, q):
    return np.sum(pi * _norms(pi) * q, axis=1)


def baseline_pooled(pi, q):
    weights = pi * _norms(pi)
    return np.full(len(pi), np.sum(weights * q) / np.sum(weights))


def baseline_kept_dimension(pi, q):
    return _mean(pi * _norms(pi), q)[:, None]


def _squares(pi):
    return np.sum(pi**2, axis=1, keepdims=True)


def baseline_own_component_without_pi(pi, q):
    return _mean((1 - pi) ** 2, q)


def baseline_sign_of_squares(pi, q):
    return _mean(pi * (1 - 2 * pi - _squares(pi)), q)


def baseline_without_squares(pi, q):
    return _mean(pi * (1 - 2 * pi), q)


def baseline_without_one(pi, q):
    return _mean(pi * (_squares(pi) - 2 * pi), q)


def baseline_mean_of_components(pi, q):
    return _mean(pi * (1 - 2 * pi + np.mean(pi**2, axis=1, keepdims=True)), q)


def baseline_length_of_policy(pi, q):
    return _mean(pi * pi, q)


def baseline_shorter_counts_more(pi, q):
    return _mean(pi / _norms(pi), q)


def baseline_pi_squared(pi, q):
    return _mean(pi**2 * _norms(pi), q)


def baseline_pi_only_below(pi, q):
    return np.sum(_norms(pi) * q, axis=1) / np.sum(pi * _norms(pi), axis=1)


def baseline_norm_only_below(pi, q):
    return np.sum(pi * q, axis=1) / np.sum(pi * _norms(pi), axis=1)


def baseline_mean_of_products(pi, q):
    return np.mean(pi * _norms(pi) * q, axis=1)


def baseline_plus_value(pi, q):
    return baseline_value(pi, q) + _mean(pi * _norms(pi), q)


def baseline_of_squares(pi, q):
    return _mean(pi * _norms(pi), q**2)


def baseline_pooled_value(pi, q):
    return np.full(len(pi), np.sum(pi * q) / len(pi))


def baseline_best(pi, q):
    return np.max(q, axis=1)


def baseline_likeliest(pi, q):
    return np.array([worth[np.argmax(row)] for row, worth in zip(pi, q, strict=True)])


def baseline_sum(pi, q):
    return np.sum(q, axis=1)


def slopes_swapped(rewards, gamma):
    return np.sum(rewards), np.sum(gamma ** np.arange(len(rewards)) * rewards)


def slopes_both_discounted(rewards, gamma):
    slope = np.sum(gamma ** np.arange(len(rewards)) * rewards)
    return slope, slope


def slopes_both_dropped(rewards, gamma):
    return np.sum(rewards), np.sum(rewards)


def slopes_from_one(rewards, gamma):
    return np.sum(gamma ** np.arange(1, len(rewards) + 1) * rewards), np.sum(rewards)


def slopes_with_the_future(rewards, gamma):
    to_go, dropped = 0.0, 0.0
    for r in rewards[::-1]:
        to_go = r + gamma * to_go
        dropped += to_go
    return np.sum(gamma ** np.arange(len(rewards)) * rewards), dropped


def slopes_averaged(rewards, gamma):
    return np.mean(gamma ** np.arange(len(rewards)) * rewards), np.mean(rewards)


def slopes_one_gamma(rewards, gamma):
    return np.sum(gamma ** np.arange(len(rewards)) * rewards), gamma * np.sum(rewards)


def slopes_true_only(rewards, gamma):
    return np.sum(gamma ** np.arange(len(rewards)) * rewards)


def _slopes(weight=None, dropped=None):
    """Return both slopes, one of them computed in another way, from (rewards, t, γ)."""

    def slopes(rewards, gamma):
        t = np.arange(len(rewards))
        true = np.sum((gamma**t if weight is None else weight(t, gamma)) * rewards)
        return true, np.sum(rewards) if dropped is None else dropped(rewards, t, gamma)

    return slopes


def _of(change):
    """Return both slopes of changed rewards."""
    return lambda rewards, gamma: slopes(change(np.array(rewards)), gamma)


def slopes(rewards, gamma):
    return np.polyval(rewards[::-1], gamma), np.sum(rewards)


def slopes_times_number(rewards, gamma):
    true, dropped = slopes(rewards, gamma)
    return len(rewards) * true, len(rewards) * dropped


def slopes_doubled(rewards, gamma):
    true, dropped = slopes(rewards, gamma)
    return 2 * true, 2 * dropped


def _reinforce(
    discount=lambda gamma, t: gamma**t,
    returns=rewards_to_go,
    weight=lambda early, gain, b: early * (gain - b),
    score=lambda pi, s, a: np.eye(len(pi[0]))[a] - pi[s],
    share=len,
    move=lambda theta, step: theta + step,
    begin=np.copy,
    rows=softmax,
):
    """Return REINFORCE in a table; the arguments are what may be wrong in it."""

    def written(play, baseline, theta, gamma, step_size, updates):
        theta = begin(theta)
        for _ in range(updates):
            pi = rows(theta)
            batch, b, g = play(pi), baseline(pi), np.zeros(theta.shape)
            for states, actions, rewards in batch:
                for t, (s, a) in enumerate(zip(states, actions, strict=True)):
                    g[s] += weight(discount(gamma, t), returns(rewards, gamma)[t], b[s]) * score(pi, s, a)
            theta = move(theta, step_size * g / share(batch))
        return theta

    return written


def _whole(rewards, gamma):
    return np.full(len(rewards), rewards_to_go(rewards, gamma)[0])


def reinforce_next_baseline(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, b, g = play(pi), baseline(pi), np.zeros(theta.shape)
        for states, actions, rewards in batch:
            ahead = np.append(states[1:], states[-1])
            weights = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[ahead])
            for s, a, w in zip(states, actions, weights, strict=True):
                g[s] += w * (np.eye(pi.shape[1])[a] - pi[s])
        theta += step_size * g / len(batch)
    return theta


def reinforce_decision_by_decision(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        batch, b = play(softmax(theta)), baseline(softmax(theta))
        for states, actions, rewards in batch:
            weights = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[states])
            for s, a, w in zip(states, actions, weights, strict=True):
                theta[s] += step_size * w * (np.eye(theta.shape[1])[a] - softmax(theta)[s])
    return theta


def reinforce_strung_together(play, baseline, theta, gamma, step_size, updates):
    def joined(pi):
        return [tuple(np.concatenate(part) for part in zip(*play(pi), strict=True))]

    return _reinforce()(joined, baseline, theta, gamma, step_size, updates)


def reinforce_standardised(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, b, g = play(pi), baseline(pi), np.zeros(theta.shape)
        for states, actions, rewards in batch:
            weights = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[states])
            weights = (weights - weights.mean()) / (weights.std() + 1e-8)
            for s, a, w in zip(states, actions, weights, strict=True):
                g[s] += w * (np.eye(pi.shape[1])[a] - pi[s])
        theta += step_size * g / len(batch)
    return theta


def _past(rewards, gamma):
    return rewards_to_go(rewards[::-1], gamma)[::-1]


def reinforce_all_rows(play, baseline, theta, gamma, step_size, updates):
    for _ in range(updates):
        pi = softmax(theta)
        batch, b, g = play(pi), baseline(pi), np.zeros(theta.shape)
        for states, actions, rewards in batch:
            weights = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[states])
            np.add.at(g, (states, actions), weights)
            g -= weights.sum() * pi
        theta = theta + step_size * g / len(batch)
    return theta


def reinforce_first_policy(play, baseline, theta, gamma, step_size, updates):
    first = softmax(theta)
    return _reinforce(rows=lambda z: first)(play, baseline, theta, gamma, step_size, updates)


def reinforce_online(play, baseline, theta, gamma, step_size, updates):
    for _ in range(updates):
        pi = softmax(theta)
        values = baseline(pi)
        for episode in play(pi):
            theta = _reinforce()(lambda pi, e=episode: [e], lambda pi, v=values: v, theta, gamma, step_size, 1)
    return theta


def reinforce_one_batch(play, baseline, theta, gamma, step_size, updates):
    pi = softmax(theta)
    batch = play(pi)
    for _ in range(updates):
        theta = _reinforce()(lambda pi: batch, baseline, theta, gamma, step_size, 1)
    return theta


def reinforce_in_place(play, baseline, theta, gamma, step_size, updates):
    theta += _reinforce()(play, baseline, theta, gamma, step_size, updates) - theta
    return theta


def reinforce_lost_repeats(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, values, g = play(pi), baseline(pi), np.zeros(theta.shape)
        for states, actions, rewards in batch:
            weights = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - values[states])
            g[states] += weights[:, None] * (np.eye(pi.shape[1])[actions] - pi[states])
        theta += step_size * g / len(batch)
    return theta


WRONG_ANSWERS = {
    "2.1": [
        (weights_without_gamma_t, "you have G_t, without γᵗ"),
        (weights_whole_return, "you give every decision the whole return"),
        (weights_of_the_past, "you sum the rewards before the decision"),
        (weights_after_t, "you leave out r_t"),
        (weights_undiscounted, "you don't discount at all"),
        (weights_from_one, "you count time from 1"),
        (weights_twice_discounted, "you discount twice"),
        (weights_single_reward, "you have γᵗ r_t"),
        (unforeseen.e2_1_wrong_discount_of_time_only, "you have γᵗ, but the sum that it stands before"),
        (unforeseen.e2_1_wrong_discounts_backwards, "your exponents run backwards"),
        (weights_past_to_t, "you have the past, discounted to t"),
        (weights_past_undiscounted, "you have the past, undiscounted"),
        (weights_whole_undiscounted, "you give every decision the whole return, undiscounted"),
        (weights_whole_times_gamma_t, "you give every decision γᵗ times the whole return"),
        (weights_ahead_only, "you have G_t without its own r_t"),
        (weights_next_return, "you have γ·G at t + 1"),
        (weights_next_return_times_gamma_t, "you have γᵗ times G at t + 1"),
        (weights_one_gamma_too_many, "you discount G_t one step too often"),
        (weights_gamma_without_power, "you multiply G_t by γ, not by γᵗ"),
        (weights_divided_by_gamma_t, "you divide by γᵗ where you multiply"),
        (weights_gamma_t_three_times, "you multiply γᵗ onto γᵗ G_t twice more"),
        (weights_averaging, "you multiply the weights by 1 − γ"),
        (weights_last_reward_lost, "you lose the last reward"),
        (weights_first_lost, "you lose the first weight"),
        (unforeseen.e2_1_wrong_not_turned_back, "you turned the running sum round once only"),
        (weights_summed_from_the_front, "you summed from the front and then turned round"),
        (weights_returns_reversed, "you turned G round once only"),
        (unforeseen.e2_1_wrong_mean_subtracted, "you subtract the mean of the weights"),
        (unforeseen.e2_1_wrong_standardised, "you standardise the weights"),
        (unforeseen.e2_1_wrong_divided_by_length, "you divide by the number of steps"),
        (weights_averaged_ahead, "you average what follows each decision"),
        (weights_all_added, "you have the sum of all weights in every place"),
        (weights_summed, "the shape is wrong: expected (3,), got ()"),
        (weights_negative, "the sign is wrong"),
        (weights_in_place, "work on a copy"),
    ],
    "2.2": [
        (gradient_normalised, "your ρ is normalised to mass 1"),
        (gradient_one_minus_gamma, "your visits carry (1 − γ)"),
        (gradient_without_pi, "the factor π(a|s) is missing"),
        (gradient_of_q, "you have ρ·π·Q"),
        (gradient_plain_mean, "you subtract the plain mean of Q"),
        (gradient_without_visits, "the states' weights are missing"),
        (gradient_start_only, "you weight the states by the start distribution alone"),
        (gradient_undiscounted_visits, "your visits aren't discounted"),
        (gradient_of_rewards, "you have the rewards where the advantages belong"),
        (gradient_own_action, "the derivative of a logit is π(1 − π) only"),
        (gradient_natural, "you have the natural gradient"),
        (_gradient(visits=lambda mdp, pi, rho, q, v: 1 / len(pi)), "you weight all states alike"),
        (unforeseen.e2_2_wrong_visits_of_the_uniform_policy, "your visits are those of the uniform policy"),
        (unforeseen.e2_2_wrong_gamma_once_more, "you have a factor γ too many"),
        (_gradient(visits=lambda mdp, pi, rho, q, v: rho / (1 - mdp.gamma)), "you divide by 1 − γ"),
        (_gradient(visits=lambda mdp, pi, rho, q, v: rho - mdp.start[:, None]), "you leave out the start"),
        (_gradient(visits=lambda mdp, pi, rho, q, v: rho**2), "you square the visits"),
        (_gradient(visits=lambda mdp, pi, rho, q, v: rho / len(rho)), "you divide by the number of states"),
        (unforeseen.e2_2_wrong_slope_of_one_probability, "you have π(1 − π), the slope"),
        (_gradient(chance=lambda mdp, pi, rho, q, v: 1 - pi), "you have 1 − π, an entry of the score"),
        (unforeseen.e2_2_wrong_probability_squared, "you square π"),
        (_gradient(chance=lambda mdp, pi, rho, q, v: np.log(pi)), "you have log π where π belongs"),
        (_gradient(chance=lambda mdp, pi, rho, q, v: 1 / pi), "you divide by π: multiply by it"),
        (_gradient(chance=lambda mdp, pi, rho, q, v: 1 / pi.shape[1]), "you weight all actions alike"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: q - q.sum(axis=1, keepdims=True)), "you subtract the sum of Q"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: mdp.reward), "you have the rewards where Q − V belongs"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: v), "you have V where the advantage belongs"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: q + v), "you add V to Q"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: q - q.max(axis=1)[:, None]), "you subtract the largest Q"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: q - v.mean()), "you subtract the mean of V over the states"),
        (
            _gradient(worth=lambda mdp, pi, rho, q, v: q - q.mean()),
            "you subtract the mean of Q over states and actions",
        ),
        (_gradient(worth=lambda mdp, pi, rho, q, v: q - mdp.expected_return(pi)), "you subtract J"),
        (_gradient(worth=_uniform_advantage), "you have the advantage of the uniform policy"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: q - mdp.gamma * v), "you subtract γV"),
        (unforeseen.e2_2_wrong_standardised_advantage, "you standardise the advantages"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: (q - v) / np.std(q - v)), "by their standard deviation"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: np.sign(q - v)), "you take the advantages' sign alone"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: np.clip(q - v, 0, None)), "you leave out the negative advantages"),
        (_gradient(worth=lambda mdp, pi, rho, q, v: np.abs(q - v)), "you take the advantages' absolute values"),
        (gradient_by_the_probabilities, "you have ρ·Q, the derivative by the probabilities"),
        (unforeseen.e2_2_wrong_weights_not_normalised, "your exp(θ) isn't divided by its sum"),
        (gradient_logits_for_policy, "you have θ where π belongs"),
        (gradient_value_without_axis, "ρ or V lies along the actions"),
        (gradient_without_advantage, "you have ρ·π alone"),
        (gradient_visits_only, "you have ρ alone"),
        (gradient_summed_over_actions, "you add up the actions: each logit"),
        (gradient_descent, "the sign is wrong"),
        (gradient_flat, "the shape is wrong"),
    ],
    "2.3": [
        (_reinforce(discount=lambda gamma, t: 1.0), "your weights lack γᵗ"),
        (_reinforce(discount=lambda gamma, t: gamma ** (t + 1)), "you count time from 1"),
        (_reinforce(returns=_whole), "you give every decision γᵗ times the whole return"),
        (_reinforce(returns=_whole, discount=lambda gamma, t: 1.0), "you give every decision the whole return: leave"),
        (unforeseen.e2_3_wrong_whole_return, "the whole return, less γᵗ times the baseline"),
        (unforeseen.e2_3_wrong_rewards_one_late, "you have G at t + 1 where G_t belongs"),
        (unforeseen.e2_3_wrong_last_decision_left_out, "you leave out the last decision"),
        (unforeseen.e2_3_wrong_baseline_off_each_reward, "you subtract the baseline from each reward"),
        (reinforce_next_baseline, "you take the baseline of the next state"),
        (unforeseen.e2_3_wrong_stale_baseline, "your baseline is that of the first policy"),
        (unforeseen.e2_3_wrong_stale_scores, "your scores are those of the first policy"),
        (unforeseen.e2_3_wrong_score_of_the_taken_alone, "you have 1 − π at the action taken"),
        (unforeseen.e2_3_wrong_mean_in_each_episode, "the decisions of each episode: add those up"),
        (unforeseen.e2_3_wrong_tensor_mean_loss, "your estimates pile up"),
        (reinforce_decision_by_decision, "you step after each decision"),
        (unforeseen.e2_3_wrong_returns_the_policy, "you return the policy"),
        (unforeseen.e2_3_wrong_returns_the_way_gone, "you return the change of the logits"),
        (unforeseen.e2_3_wrong_cut_to_the_shortest, "you cut all episodes to the shortest"),
        (reinforce_strung_together, "you string the batch together"),
        (reinforce_standardised, "you scale the weights of an episode"),
        (_reinforce(returns=lambda r, gamma: rewards_to_go(r, 1.0)), "you don't discount G_t"),
        (_reinforce(returns=lambda r, gamma: r), "its own reward alone"),
        (_reinforce(returns=lambda r, gamma: rewards_to_go(r, gamma) - r), "your G_t leaves out r_t"),
        (_reinforce(weight=lambda early, gain, b: early * gain), "your baseline isn't subtracted"),
        (_reinforce(weight=lambda early, gain, b: early * (gain + b)), "you add the baseline"),
        (_reinforce(score=lambda pi, s, a: np.eye(len(pi[0]))[a]), "your score lacks −π(·|s)"),
        (_reinforce(score=lambda pi, s, a: pi[s, a] * (np.eye(len(pi[0]))[a] - pi[s])), "you have ∇π(a|s), not"),
        (_reinforce(share=lambda batch: 1), "you add up the episodes"),
        (_reinforce(share=lambda batch: sum(len(r) for _, _, r in batch)), "you average over the decisions"),
        (_reinforce(move=lambda theta, step: theta - step), "you go down"),
        (unforeseen.e2_3_wrong_gamma_t_twice_on_g, "you multiply by γᵗ where it is in the weight already"),
        (_reinforce(returns=_past), "what came before it, and not"),
        (_reinforce(weight=lambda early, gain, b: early * gain - b), "you subtract the baseline from γᵗ G_t"),
        (reinforce_all_rows, "you subtract π in all states"),
        (_reinforce(score=lambda pi, s, a: (np.eye(len(pi[0]))[a] - pi[s]) / pi[s, a]), "you divide the score by π"),
        (_reinforce(score=lambda pi, s, a: np.eye(len(pi[0]))[a] + pi[s]), "you add π(·|s) in place"),
        (_reinforce(share=lambda batch: len(batch[-1][0])), "you divide by the length of the last episode"),
        (_reinforce(share=lambda batch: max(1, len(batch) - 1)), "the number of episodes less one"),
        (_reinforce(move=lambda theta, step: step), "you replace theta by the step"),
        (_reinforce(begin=np.zeros_like), "you begin at zeros"),
        (_reinforce(rows=lambda z: softmax(z.T).T), "what your function gives to `play` is no policy"),
        (reinforce_first_policy, "you play all batches with the first policy"),
        (reinforce_online, "you step after each episode"),
        (lambda *args: _reinforce()(*args).ravel(), "the shape is wrong"),
        (reinforce_one_batch, "your function plays one batch in 2 updates"),
        (reinforce_in_place, "your function changes its argument `theta`"),
        (reinforce_lost_repeats, "a state that occurs twice in an episode"),
    ],
    "2.4": [
        (baseline_value, "you have V, the mean of Q under the policy"),
        (baseline_plain_mean, "you have the plain mean of Q"),
        (baseline_unsquared, "the score's length isn't squared"),
        (baseline_without_pi, "π(a|s) is missing from the weights"),
        (baseline_own_component, "you took the score's own component alone"),
        (baseline_indicator, "you used π(1 − π)"),
        (baseline_undivided, "the weights aren't divided by their sum"),
        (baseline_pooled, "you took the average over all states together"),
        (unforeseen.e2_4_wrong_other_actions_probability, "you weight with 1 − π(a)"),
        (baseline_own_component_without_pi, "you weight with (1 − π(a))² alone"),
        (unforeseen.e2_4_wrong_own_component_not_replaced, "your squared length has π(a)² as well as"),
        (unforeseen.e2_4_wrong_factor_two_missing, "the 2 before π(a) is missing"),
        (unforeseen.e2_4_wrong_sign_of_the_cross_term, "the sign of 2π(a) is wrong"),
        (baseline_sign_of_squares, "the sign of Σ π(b)² is wrong"),
        (baseline_without_squares, "Σ π(b)² is missing"),
        (baseline_without_one, "the 1 is missing in the squared length"),
        (baseline_mean_of_components, "you take the mean over the score's components"),
        (unforeseen.e2_4_wrong_score_of_the_matrix_rows, "your score has −π(a) in every component"),
        (unforeseen.e2_4_wrong_sum_over_states, "you add up the squares over the states"),
        (baseline_length_of_policy, "you have the squared length of π(·|s)"),
        (unforeseen.e2_4_wrong_length_to_the_fourth, "the squared length is squared again"),
        (baseline_shorter_counts_more, "you divide by the squared length"),
        (baseline_pi_squared, "π is squared in the weights"),
        (unforeseen.e2_4_wrong_divided_without_policy, "π is missing below"),
        (baseline_pi_only_below, "π is missing above"),
        (baseline_norm_only_below, "the squared length is missing above"),
        (baseline_mean_of_products, "you divide by the number of actions"),
        (unforeseen.e2_4_wrong_advantage_for_q, "you have A = Q − V where Q belongs"),
        (baseline_plus_value, "you add V: b*"),
        (baseline_of_squares, "you have the mean of Q²"),
        (baseline_pooled_value, "you took V over all states together"),
        (baseline_best, "you take the best action's Q"),
        (baseline_likeliest, "you take the likeliest action's Q"),
        (baseline_sum, "you add up Q over the actions"),
        (baseline_kept_dimension, "the shape is wrong"),
    ],
    "2.5": [
        (slopes_swapped, "you have the two the wrong way round"),
        (slopes_both_discounted, "your dropped slope still carries γᵗ"),
        (slopes_both_dropped, "your true slope lacks γᵗ"),
        (slopes_from_one, "you count time from 1"),
        (slopes_with_the_future, "you credit each decision with all that follows"),
        (slopes_averaged, "you average over the decisions"),
        (slopes_one_gamma, "your dropped slope is γ times too small"),
        (unforeseen.e2_5_wrong_undiscounted_returns_added, "you credit each decision with all that follows, undisc"),
        (unforeseen.e2_5_wrong_both_weigh_returns, "you credit each decision with all that follows, in both"),
        (_slopes(weight=lambda t, gamma: (t + 1) * gamma**t), "your slope counts each reward once for every decision"),
        (unforeseen.e2_5_wrong_discounts_backwards, "your exponents run backwards"),
        (unforeseen.e2_5_wrong_factor_gamma_not_power, "you discount all later rewards once"),
        (_slopes(weight=lambda t, gamma: gamma), "you discount every reward once"),
        (_slopes(weight=lambda t, gamma: gamma**t * gamma**t), "you discount by γᵗ twice"),
        (_slopes(weight=lambda t, gamma: gamma * t), "you use γt, a product"),
        (_slopes(weight=lambda t, gamma: 1 / gamma**t), "you divide by γᵗ"),
        (_slopes(weight=lambda t, gamma: gamma**t * (1 - gamma)), "your slope is multiplied by 1 − γ"),
        (unforeseen.e2_5_wrong_first_and_last_only, "you count the first decision and the last alone"),
        (unforeseen.e2_5_wrong_last_left_out, "you leave out the last decision"),
        (_of(lambda rewards: rewards * (np.arange(len(rewards)) > 0)), "you leave out the first decision: it counts"),
        (_of(lambda rewards: rewards[1:]), "you leave out the first decision, and count time"),
        (unforeseen.e2_5_wrong_absolute, "you count a loss as a gain"),
        (_of(lambda rewards: rewards.clip(0)), "you leave out the losses"),
        (unforeseen.e2_5_wrong_return_at_one_half, "you have J at p = ½"),
        (unforeseen.e2_5_wrong_slope_in_the_logit, "you differentiate in the logit"),
        (slopes_doubled, "you take the slope of both probabilities"),
        (slopes_times_number, "you multiply by the number of decisions"),
        (unforeseen.e2_5_wrong_second_normalised, "you multiply the undiscounted sum by the mean of γᵗ"),
        (_slopes(dropped=lambda rewards, t, gamma: rewards.sum() / sum(gamma**t)), "you divide by the sum of the γᵗ"),
        (
            _slopes(dropped=lambda rewards, t, gamma: rewards.sum() / (1 - gamma)),
            "you divide the estimator's mean by 1 − γ",
        ),
        (_slopes(dropped=lambda rewards, t, gamma: np.mean(rewards)), "you average the rewards"),
        (_slopes(dropped=lambda rewards, t, gamma: rewards[-1]), "you have the last reward alone"),
        (_slopes(dropped=lambda rewards, t, gamma: rewards[0]), "you have the first reward alone"),
        (_slopes(dropped=lambda rewards, t, gamma: sum(rewards) - gamma**t @ rewards), "you subtract the two"),
        (_slopes(dropped=lambda rewards, t, gamma: gamma ** (t + 1) @ rewards), "your second number has γᵗ⁺¹"),
        (_slopes(dropped=lambda rewards, t, gamma: -np.sum(rewards)), "your estimator's mean has the wrong sign"),
        (slopes_true_only, "return 2 values, not 1"),
    ],
}
