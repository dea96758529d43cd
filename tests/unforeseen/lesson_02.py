"""Answers to the exercises of lesson 02, written by somebody who knows the lesson and not its checks."""

import numpy as np
import torch

from trpobook.finite.episodes import rewards_to_go
from trpobook.finite.mdp import softmax

# Exercise 2.1: reinforce_weights(rewards, gamma)


def e2_1_wrong_reward_to_go_alone(rewards, gamma):
    returns = np.array(rewards, float)
    for t in reversed(range(len(returns) - 1)):
        returns[t] += gamma * returns[t + 1]
    return returns


def e2_1_wrong_single_rewards(rewards, gamma):
    return gamma ** np.arange(len(rewards)) * rewards


def e2_1_wrong_whole_return(rewards, gamma):
    return np.full(len(rewards), np.sum(gamma ** np.arange(len(rewards)) * rewards))


def e2_1_wrong_past_rewards(rewards, gamma):
    return np.cumsum(gamma ** np.arange(len(rewards)) * rewards)


def e2_1_wrong_undiscounted(rewards, gamma):
    return np.cumsum(np.asarray(rewards, float)[::-1])[::-1]


def e2_1_wrong_discount_of_time_only(rewards, gamma):
    return gamma ** np.arange(len(rewards)) * np.cumsum(np.asarray(rewards, float)[::-1])[::-1]


def e2_1_wrong_discounted_once_more(rewards, gamma):
    discounts = gamma ** np.arange(len(rewards))
    return discounts * np.cumsum((discounts * rewards)[::-1])[::-1]


def e2_1_wrong_exponent_from_one(rewards, gamma):
    discounted = gamma ** np.arange(1, len(rewards) + 1) * rewards
    return np.cumsum(discounted[::-1])[::-1]


def e2_1_wrong_own_reward_missing(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return np.cumsum(discounted[::-1])[::-1] - discounted


def e2_1_wrong_not_turned_back(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return np.cumsum(discounted[::-1])


def e2_1_wrong_discounts_backwards(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards))[::-1] * rewards
    return np.cumsum(discounted[::-1])[::-1]


def e2_1_wrong_mean_subtracted(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    weights = np.cumsum(discounted[::-1])[::-1]
    return weights - weights.mean()


def e2_1_wrong_standardised(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    weights = np.cumsum(discounted[::-1])[::-1]
    return (weights - weights.mean()) / (weights.std() + 1e-8)


def e2_1_wrong_divided_by_length(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return np.cumsum(discounted[::-1])[::-1] / len(rewards)


def e2_1_wrong_added_up(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return np.sum(np.cumsum(discounted[::-1])[::-1])


def e2_1_wrong_changes_the_rewards(rewards, gamma):
    for t in range(len(rewards)):
        rewards[t] *= gamma**t
    return np.cumsum(rewards[::-1])[::-1]


def e2_1_wrong_never_ends(rewards, gamma):
    weights, t = np.zeros(len(rewards)), 0
    while t < len(rewards):
        for k in range(t, len(rewards)):
            weights[t] += gamma**k * rewards[k]
    return weights


def e2_1_right_numpy(rewards, gamma):
    discounted = np.asarray(rewards) * gamma ** np.arange(len(rewards))
    return np.flip(np.cumsum(np.flip(discounted)))


def e2_1_right_loops(rewards, gamma):
    return [sum(gamma**k * float(rewards[k]) for k in range(t, len(rewards))) for t in range(len(rewards))]


def e2_1_right_torch(rewards, gamma):
    r = torch.tensor(np.asarray(rewards), dtype=torch.float64)
    discounted = gamma ** torch.arange(len(r), dtype=torch.float64) * r
    return discounted.flip(0).cumsum(0).flip(0)


def e2_1_right_float32(rewards, gamma):
    discounted = np.float32(gamma) ** np.arange(len(rewards), dtype=np.float32) * np.asarray(rewards, np.float32)
    return np.cumsum(discounted[::-1], dtype=np.float32)[::-1]


def e2_1_right_in_place(rewards, gamma):
    weights = np.array(rewards, float)
    weights *= gamma ** np.arange(len(weights))
    for t in range(len(weights) - 2, -1, -1):
        weights[t] += weights[t + 1]
    return weights


def e2_1_right_return_to_go_times_discount(rewards, gamma):
    to_go, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = rewards[t] + gamma * ahead
        to_go[t] = ahead
    return gamma ** np.arange(len(rewards)) * to_go


def e2_1_right_whole_less_past(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return discounted.sum() - np.cumsum(discounted) + discounted


def e2_1_right_triangular_matrix(r, g):
    return np.triu(np.ones((len(r), len(r)))) @ (g ** np.arange(len(r)) * r)


# Exercise 2.2: policy_gradient(theta, mdp)


def e2_2_wrong_value_left_out(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * pi * mdp.action_value(pi)


def e2_2_wrong_visits_left_out(theta, mdp):
    pi = softmax(theta)
    return pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_visits_normalised(theta, mdp):
    pi = softmax(theta)
    rho = mdp.visitation(pi)
    return (rho / rho.sum())[:, None] * pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_policy_left_out(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_slope_of_one_probability(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * pi * (1 - pi) * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_own_slope_times_q(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * pi * (1 - pi) * mdp.action_value(pi)


def e2_2_wrong_sign(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * pi * (mdp.value(pi)[:, None] - mdp.action_value(pi))


def e2_2_wrong_plain_mean_of_q(theta, mdp):
    pi = softmax(theta)
    q = mdp.action_value(pi)
    return mdp.visitation(pi)[:, None] * pi * (q - q.mean(axis=1, keepdims=True))


def e2_2_wrong_start_for_visits(theta, mdp):
    pi = softmax(theta)
    return mdp.start[:, None] * pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_visits_of_the_uniform_policy(theta, mdp):
    pi = softmax(theta)
    uniform = np.full(pi.shape, 1 / pi.shape[1])
    return mdp.visitation(uniform)[:, None] * pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_rewards_for_values(theta, mdp):
    pi = softmax(theta)
    centred = mdp.reward - np.sum(pi * mdp.reward, axis=1, keepdims=True)
    return mdp.visitation(pi)[:, None] * pi * centred


def e2_2_wrong_probability_squared(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * pi**2 * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_weights_not_normalised(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * np.exp(theta) * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_standardised_advantage(theta, mdp):
    pi = softmax(theta)
    advantage = mdp.action_value(pi) - mdp.value(pi)[:, None]
    advantage = (advantage - advantage.mean()) / advantage.std()
    return mdp.visitation(pi)[:, None] * pi * advantage


def e2_2_wrong_summed_over_states(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi) @ (pi * (mdp.action_value(pi) - mdp.value(pi)[:, None]))


def e2_2_wrong_softmax_over_states(theta, mdp):
    pi = softmax(theta.T).T
    return mdp.visitation(pi)[:, None] * pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_gamma_once_more(theta, mdp):
    pi = softmax(theta)
    return mdp.gamma * mdp.visitation(pi)[:, None] * pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_wrong_visits_without_axis(theta, mdp):
    pi = softmax(theta)
    return mdp.visitation(pi) * pi * (mdp.action_value(pi) - mdp.value(pi))


def e2_2_wrong_overwrites_theta(theta, mdp):
    theta -= theta.max(axis=1, keepdims=True)
    pi = softmax(theta)
    return mdp.visitation(pi)[:, None] * pi * (mdp.action_value(pi) - mdp.value(pi)[:, None])


def e2_2_right_numpy(theta, mdp):
    pi = softmax(theta)
    q = mdp.action_value(pi)
    return np.einsum("s,sa,sa->sa", mdp.visitation(pi), pi, q - np.sum(pi * q, axis=1, keepdims=True))


def e2_2_right_loops(theta, mdp):
    pi = softmax(theta)
    rho, q, v = mdp.visitation(pi), mdp.action_value(pi), mdp.value(pi)
    return [[float(rho[s] * pi[s][a] * (q[s][a] - v[s])) for a in range(len(theta[0]))] for s in range(len(theta))]


def e2_2_right_torch(theta, mdp):
    logits = torch.tensor(np.asarray(theta), dtype=torch.float64, requires_grad=True)
    P, r, start, live = (
        torch.tensor(np.asarray(x, float), dtype=torch.float64)
        for x in (mdp.transition, mdp.reward, mdp.start, ~mdp.absorbing)
    )
    pi = torch.softmax(logits, dim=1)
    P_pi = torch.einsum("sa,sat->st", pi, P) * live[:, None] * live
    value = torch.linalg.solve(torch.eye(len(r), dtype=torch.float64) - mdp.gamma * P_pi, (pi * r).sum(1) * live)
    (slopes,) = torch.autograd.grad(start @ value, logits)
    return slopes


def e2_2_right_float32(theta, mdp):
    pi = softmax(theta)
    rho, v, q, p = (np.asarray(x, np.float32) for x in (mdp.visitation(pi), mdp.value(pi), mdp.action_value(pi), pi))
    return rho[:, None] * p * (q - v[:, None])


def e2_2_right_in_place(theta, mdp):
    pi = softmax(theta)
    result = np.array(mdp.action_value(pi))
    result -= mdp.value(pi)[:, None]
    result *= pi
    result *= mdp.visitation(pi)[:, None]
    return result


def e2_2_right_slopes_of_the_softmax(theta, mdp):
    pi = softmax(theta)
    slopes = np.eye(pi.shape[1]) * pi[:, None, :] - pi[:, :, None] * pi[:, None, :]
    return np.einsum("s,sab,sb->sa", mdp.visitation(pi), slopes, mdp.action_value(pi))


def e2_2_right_complex_steps(theta, mdp):
    slopes = np.zeros(np.shape(theta))
    for where in np.ndindex(slopes.shape):
        moved = np.array(theta, complex)
        moved[where] += 1e-30j
        slopes[where] = mdp.expected_return(softmax(moved)).imag / 1e-30
    return slopes


def e2_2_right_state_by_state(logits, world):
    pi = softmax(logits)
    rho, q = world.visitation(pi), world.action_value(pi)
    rows = [rho[s] * (pi[s] * q[s] - pi[s] * (pi[s] @ q[s])) for s in range(len(pi))]
    return np.stack(rows)


# Exercise 2.3: reinforce(play, baseline, theta, gamma, step_size, updates)


def e2_3_right_numpy(play, baseline, theta, gamma, step_size, updates):
    theta = theta.copy()
    for _ in range(updates):
        pi = softmax(theta)
        batch, b = play(pi), baseline(pi)
        gradient = np.zeros_like(theta)
        for states, actions, rewards in batch:
            steps = np.arange(len(rewards))
            powers = np.where(steps >= steps[:, None], gamma ** np.abs(steps - steps[:, None]), 0.0)
            weights = gamma**steps * (powers @ rewards - b[states])
            np.add.at(gradient, (states, actions), weights)
            np.add.at(gradient, states, -weights[:, None] * pi[states])
        theta = theta + step_size * gradient / len(batch)
    return theta


def e2_3_right_loops(play, baseline, theta, gamma, step_size, updates):
    logits = [[float(z) for z in row] for row in theta]
    for _ in range(updates):
        pi = softmax(np.array(logits))
        b = baseline(pi)
        batch = play(pi)
        g = [[0.0] * len(row) for row in logits]
        for states, actions, rewards in batch:
            ahead = 0.0
            for t in range(len(rewards) - 1, -1, -1):
                ahead = rewards[t] + gamma * ahead
                s, a = states[t], actions[t]
                for other in range(len(logits[s])):
                    score = (1.0 if other == a else 0.0) - pi[s][other]
                    g[s][other] += gamma**t * (ahead - b[s]) * score / len(batch)
        for s, row in enumerate(logits):
            for a in range(len(row)):
                row[a] += step_size * g[s][a]
    return logits


def e2_3_right_torch(play, baseline, theta, gamma, step_size, updates):
    logits = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    for _ in range(updates):
        log_pi = torch.log_softmax(logits, dim=1)
        pi = log_pi.exp().detach().numpy()
        batch, b = play(pi), baseline(pi)
        objective = torch.zeros((), dtype=torch.float64)
        for states, actions, rewards in batch:
            ahead, weights = 0.0, np.zeros(len(rewards))
            for t in reversed(range(len(rewards))):
                ahead = rewards[t] + gamma * ahead
                weights[t] = gamma**t * (ahead - b[states[t]])
            objective = objective + (log_pi[states, actions] * torch.as_tensor(weights)).sum()
        (slope,) = torch.autograd.grad(objective / len(batch), logits)
        with torch.no_grad():
            logits += step_size * slope
    return logits.detach()


def e2_3_right_one_hot(play, baseline, theta, gamma, step_size, updates):
    S, A = theta.shape
    for _ in range(updates):
        pi = softmax(theta)
        b = baseline(pi)
        estimates = []
        for s, a, r in play(pi):
            t = np.arange(len(r))
            past = np.concatenate([[0.0], np.cumsum(gamma**t * r)[:-1]])
            weights = np.sum(gamma**t * r) - past - gamma**t * b[s]
            scores = np.eye(A)[a] - pi[s]
            estimates.append(np.eye(S)[s].T @ (weights[:, None] * scores))
        theta = theta + step_size * np.mean(estimates, axis=0)
    return theta


def e2_3_right_float32(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, dtype=np.float32)
    for _ in range(updates):
        pi = softmax(theta.astype(float))
        b = np.asarray(baseline(pi), dtype=np.float32)
        batch = play(pi)
        g = np.zeros_like(theta)
        for states, actions, rewards in batch:
            weights, ahead = np.zeros(len(rewards), np.float32), np.float32(0)
            for t in reversed(range(len(rewards))):
                ahead = np.float32(rewards[t]) + np.float32(gamma) * ahead
                weights[t] = np.float32(gamma) ** t * (ahead - b[states[t]])
            for s, a, w in zip(states, actions, weights, strict=True):
                g[s] -= w * pi[s].astype(np.float32)
                g[s, a] += w
        theta += np.float32(step_size) * g / len(batch)
    return theta


def _weights_of(rewards, gamma):
    discounted = gamma ** np.arange(len(rewards)) * rewards
    return np.cumsum(discounted[::-1])[::-1]


def _add_scores(g, pi, states, actions, weights):
    for s, a, w in zip(states, actions, weights, strict=True):
        g[s] -= w * pi[s]
        g[s, a] += w


def _time(rewards, gamma):
    return gamma ** np.arange(len(rewards))


def _weights(rewards, b, gamma):
    return _time(rewards, gamma) * (rewards_to_go(rewards, gamma) - b)


def _reinforce(
    name,
    weights=_weights,
    add=_add_scores,
    share=len,
    episodes=lambda batch: batch,
    empty=np.zeros_like,
    begin=lambda theta: np.array(theta, float),
    played_by=lambda pi, first: pi,
    valued_by=lambda pi, first: pi,
    scored_by=lambda pi, first: pi,
):
    """Return reinforce; the arguments after its name are what may be wrong in it."""

    def reinforce(play, baseline, theta, gamma, step_size, updates):
        theta = begin(theta)
        first, g = softmax(theta), np.zeros(theta.shape)
        for _ in range(updates):
            pi = played_by(softmax(theta), first)
            batch, b, g = play(pi), baseline(valued_by(pi, first)), empty(g)
            for states, actions, rewards in episodes(batch):
                add(g, scored_by(pi, first), states, actions, weights(rewards, b[states], gamma))
            theta += step_size * g / share(batch)
        return theta

    reinforce.__name__ = name
    return reinforce


_right = _reinforce("_right")


def _counted_once(g, pi, states, actions, w):
    g[states, actions] += w
    g[states] -= w[:, None] * pi[states]


def _probabilities_counted_once(g, pi, states, actions, w):
    np.add.at(g, (states, actions), w)
    g[states] -= w[:, None] * pi[states]


def _the_taken_alone(g, pi, states, actions, w):
    np.add.at(g, (states, actions), w * (1 - pi[states, actions]))


def _decisions(batch):
    return sum(len(rewards) for *_, rewards in batch)


def _padded(batch):
    longest = max(len(rewards) for *_, rewards in batch)
    return [[np.append(part, np.zeros(longest - len(part), part.dtype)) for part in episode] for episode in batch]


def _cut(batch):
    shortest = min(len(rewards) for *_, rewards in batch)
    return [[part[:shortest] for part in episode] for episode in batch]


def _strung_together(batch):
    return [[np.concatenate(part) for part in zip(*batch, strict=True)]]


e2_3_wrong_no_gamma_t = _reinforce(
    "e2_3_wrong_no_gamma_t", weights=lambda rewards, b, gamma: rewards_to_go(rewards, gamma) - b
)
e2_3_wrong_baseline_not_discounted = _reinforce(
    "e2_3_wrong_baseline_not_discounted", weights=lambda rewards, b, gamma: _weights_of(rewards, gamma) - b
)
e2_3_wrong_gamma_t_twice_on_g = _reinforce(
    "e2_3_wrong_gamma_t_twice_on_g",
    weights=lambda rewards, b, gamma: _time(rewards, gamma) * (_weights_of(rewards, gamma) - b),
)
e2_3_wrong_mean_over_decisions = _reinforce("e2_3_wrong_mean_over_decisions", share=_decisions)
e2_3_wrong_mean_in_each_episode = _reinforce(
    "e2_3_wrong_mean_in_each_episode", weights=lambda rewards, b, gamma: _weights(rewards, b, gamma) / len(b)
)
e2_3_wrong_policy_of_the_start = _reinforce("e2_3_wrong_policy_of_the_start", played_by=lambda pi, first: first)
e2_3_wrong_stale_scores = _reinforce("e2_3_wrong_stale_scores", scored_by=lambda pi, first: first)
e2_3_wrong_stale_baseline = _reinforce("e2_3_wrong_stale_baseline", valued_by=lambda pi, first: first)
e2_3_wrong_fancy_index_both = _reinforce("e2_3_wrong_fancy_index_both", add=_counted_once)
e2_3_wrong_fancy_index_probabilities = _reinforce(
    "e2_3_wrong_fancy_index_probabilities", add=_probabilities_counted_once
)
e2_3_wrong_whole_return = _reinforce(
    "e2_3_wrong_whole_return",
    weights=lambda rewards, b, gamma: _time(rewards, gamma) @ rewards - _time(rewards, gamma) * b,
)
e2_3_wrong_moves_theta_itself = _reinforce("e2_3_wrong_moves_theta_itself", begin=lambda theta: theta)
e2_3_wrong_gradients_pile_up = _reinforce("e2_3_wrong_gradients_pile_up", empty=lambda g: g)
e2_3_wrong_only_the_action_raised = _reinforce(
    "e2_3_wrong_only_the_action_raised",
    add=lambda g, pi, states, actions, w: np.add.at(g, (states, actions), w),
)
e2_3_wrong_score_of_the_taken_alone = _reinforce("e2_3_wrong_score_of_the_taken_alone", add=_the_taken_alone)
e2_3_wrong_slope_of_pi = _reinforce(
    "e2_3_wrong_slope_of_pi",
    add=lambda g, pi, states, actions, w: _add_scores(g, pi, states, actions, w * pi[states, actions]),
)
e2_3_wrong_sum_over_episodes = _reinforce("e2_3_wrong_sum_over_episodes", share=lambda batch: 1)
e2_3_wrong_last_decision_left_out = _reinforce(
    "e2_3_wrong_last_decision_left_out",
    add=lambda g, pi, states, actions, w: _add_scores(g, pi, states[:-1], actions[:-1], w[:-1]),
)
e2_3_wrong_rewards_one_late = _reinforce(
    "e2_3_wrong_rewards_one_late",
    weights=lambda rewards, b, gamma: _time(rewards, gamma) * (np.append(rewards_to_go(rewards, gamma)[1:], 0.0) - b),
)
e2_3_wrong_time_from_one = _reinforce(
    "e2_3_wrong_time_from_one",
    weights=lambda rewards, b, gamma: gamma ** np.arange(1, len(rewards) + 1) * (rewards_to_go(rewards, gamma) - b),
)
e2_3_wrong_usual_program = _reinforce(
    "e2_3_wrong_usual_program",
    weights=lambda rewards, b, gamma: rewards_to_go(rewards, gamma) - b,
    share=_decisions,
)
e2_3_wrong_divided_by_last_length = _reinforce(
    "e2_3_wrong_divided_by_last_length", share=lambda batch: len(batch[-1][2])
)
e2_3_wrong_padding_counts = _reinforce("e2_3_wrong_padding_counts", episodes=_padded)
e2_3_wrong_cut_to_the_shortest = _reinforce("e2_3_wrong_cut_to_the_shortest", episodes=_cut)
e2_3_wrong_baseline_off_each_reward = _reinforce(
    "e2_3_wrong_baseline_off_each_reward", weights=lambda rewards, b, gamma: _weights_of(rewards - b, gamma)
)
e2_3_wrong_batch_as_one_episode = _reinforce("e2_3_wrong_batch_as_one_episode", episodes=_strung_together)
e2_3_wrong_no_baseline = _reinforce(
    "e2_3_wrong_no_baseline", weights=lambda rewards, b, gamma: _weights_of(rewards, gamma)
)
e2_3_wrong_baseline_of_next_state = _reinforce(
    "e2_3_wrong_baseline_of_next_state",
    weights=lambda rewards, b, gamma: _weights(rewards, np.append(b[1:], 0.0), gamma),
)


def e2_3_wrong_descent(play, baseline, theta, gamma, step_size, updates):
    return _right(play, baseline, theta, gamma, -step_size, updates)


def e2_3_wrong_returns_after_one_update(play, baseline, theta, gamma, step_size, updates):
    return _right(play, baseline, theta, gamma, step_size, 1) if updates else None


def e2_3_wrong_returns_the_policy(play, baseline, theta, gamma, step_size, updates):
    return softmax(_right(play, baseline, theta, gamma, step_size, updates))


def e2_3_wrong_plays_once(play, baseline, theta, gamma, step_size, updates):
    batch = play(softmax(np.array(theta, float)))
    return _right(lambda pi: batch, baseline, theta, gamma, step_size, updates)


def e2_3_wrong_step_after_each_episode(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, b = play(pi), baseline(pi)
        for states, actions, rewards in batch:
            g, pi = np.zeros(theta.shape), softmax(theta)
            w = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[states])
            _add_scores(g, pi, states, actions, w)
            theta += step_size * g / len(batch)
    return theta


def e2_3_wrong_step_after_each_decision(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        batch, b = play(softmax(theta)), baseline(softmax(theta))
        for states, actions, rewards in batch:
            w = gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[states])
            for s, a, weight in zip(states, actions, w, strict=True):
                score = np.eye(theta.shape[1])[a] - softmax(theta)[s]
                theta[s] += step_size * weight * score / len(batch)
    return theta


def e2_3_wrong_weights_standardised(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, b, g = play(pi), baseline(pi), np.zeros(theta.shape)
        gains = [rewards_to_go(rewards, gamma) - b[states] for states, _, rewards in batch]
        every = np.concatenate(gains)
        for (states, actions, _), gain in zip(batch, gains, strict=True):
            w = gamma ** np.arange(len(gain)) * (gain - every.mean()) / (every.std() + 1e-8)
            _add_scores(g, pi, states, actions, w)
        theta += step_size * g / len(batch)
    return theta


def e2_3_wrong_one_update_short(play, baseline, theta, gamma, step_size, updates):
    return e2_3_right_add_at(play, baseline, theta, gamma, step_size, updates - 1)


def e2_3_wrong_time_runs_through_batch(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, b, g, t = play(pi), baseline(pi), np.zeros(theta.shape), 0
        for states, actions, rewards in batch:
            gains = rewards_to_go(rewards, gamma) - b[states]
            for s, a, gain in zip(states, actions, gains, strict=True):
                _add_scores(g, pi, [s], [a], [gamma**t * gain])
                t += 1
        theta += step_size * g / len(batch)
    return theta


def e2_3_wrong_returns_the_way_gone(play, baseline, theta, gamma, step_size, updates):
    return e2_3_right_add_at(play, baseline, theta, gamma, step_size, updates) - theta


def e2_3_wrong_rounded_by_integer_logits(play, baseline, theta, gamma, step_size, updates):
    new = np.zeros_like(theta)
    new[:] = e2_3_right_add_at(play, baseline, theta, gamma, step_size, updates)
    return np.maximum(new, -20)  # "so that no probability becomes 0"


def e2_3_wrong_tensor_mean_loss(play, baseline, theta, gamma, step_size, updates):
    logits = torch.tensor(np.asarray(theta, float), requires_grad=True)
    optimiser = torch.optim.SGD([logits], lr=step_size)
    for _ in range(updates):
        pi = torch.softmax(logits, dim=1).detach().numpy()
        b, losses = baseline(pi), []
        for states, actions, rewards in play(pi):
            w = torch.as_tensor(gamma ** np.arange(len(rewards)) * (rewards_to_go(rewards, gamma) - b[states]))
            log_pi = torch.log_softmax(logits, dim=1)[torch.as_tensor(states), torch.as_tensor(actions)]
            losses.append(-(w * log_pi).sum())
        torch.stack(losses).mean().backward()  # and no zero_grad
        optimiser.step()
    return logits.detach().numpy()


def e2_3_right_add_at(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, float)
    for _ in range(updates):
        pi = softmax(theta)
        batch, b, g = play(pi), baseline(pi), np.zeros(theta.shape)
        for states, actions, rewards in batch:
            w = _weights_of(rewards, gamma) - gamma ** np.arange(len(rewards)) * b[states]
            np.add.at(g, (states, actions), w)
            np.subtract.at(g, states, w[:, None] * pi[states])
        theta = theta + step_size * g / len(batch)
    return theta


def e2_3_right_plain_lists(play, baseline, theta, gamma, step_size, updates):
    logits = [[float(x) for x in row] for row in theta]
    for _ in range(updates):
        pi = [[float(p) for p in row] for row in softmax(np.array(logits))]
        batch, b = play(np.array(pi)), baseline(np.array(pi))
        estimate = [[0.0] * len(row) for row in pi]
        for states, actions, rewards in batch:
            to_go, t = 0.0, len(rewards) - 1
            while t >= 0:
                to_go = float(rewards[t]) + gamma * to_go
                s, weight = int(states[t]), gamma**t * (to_go - float(b[states[t]]))
                for a, p in enumerate(pi[s]):
                    estimate[s][a] += weight * ((a == actions[t]) - p) / len(batch)
                t -= 1
        for s, row in enumerate(estimate):
            for a, x in enumerate(row):
                logits[s][a] += step_size * x
    return np.array(logits)


def e2_3_right_torch_autograd(play, baseline, theta, gamma, step_size, updates):
    logits = torch.tensor(np.asarray(theta, float), requires_grad=True)
    for _ in range(updates):
        log_pi = torch.log_softmax(logits, dim=1)
        pi = log_pi.detach().exp().numpy()
        batch, b = play(pi), torch.as_tensor(np.asarray(baseline(pi), float))
        objective = torch.zeros((), dtype=torch.float64)
        for states, actions, rewards in batch:
            s, a = torch.as_tensor(states).long(), torch.as_tensor(actions).long()
            g_t = torch.as_tensor(np.ascontiguousarray(rewards_to_go(np.asarray(rewards, float), gamma)))
            fade = gamma ** torch.arange(len(s), dtype=torch.float64)
            objective = objective + (fade * (g_t - b[s]) * log_pi[s, a]).sum()
        (slope,) = torch.autograd.grad(objective / len(batch), logits)
        logits = (logits + step_size * slope).detach().requires_grad_()
    return logits.detach()


def e2_3_right_single_precision(play, baseline, theta, gamma, step_size, updates):
    theta = np.array(theta, np.float32)
    for _ in range(updates):
        pi = softmax(theta).astype(np.float32)
        batch, b, g = play(pi), np.asarray(baseline(pi), np.float32), np.zeros_like(theta)
        for states, actions, rewards in batch:
            fade = (gamma ** np.arange(len(rewards))).astype(np.float32)
            w = fade * (rewards_to_go(rewards, gamma).astype(np.float32) - b[states])
            _add_scores(g, pi, states, actions, w)
        theta += np.float32(step_size / len(batch)) * g
    return theta


def e2_3_right_other_names_one_hot(world, value_of, logits, discount, rate, n):
    def estimate(pi):
        b, samples = np.asarray(value_of(pi)), []
        for s, a, r in world(pi):
            t = np.arange(len(r))
            w = discount**t * (rewards_to_go(r, discount) - b[s])
            chosen = np.eye(pi.shape[1])[a] - pi[s]
            samples.append(np.eye(len(pi))[s].T @ (w[:, None] * chosen))
        return np.mean(samples, axis=0)

    for _ in range(n):
        logits = logits + rate * estimate(softmax(logits))
    return np.array(logits, float)


def e2_3_right_recursive_baseline_first(play, baseline, theta, gamma, step_size, updates):
    if updates == 0:
        return np.array(theta, float)
    pi = softmax(theta)
    b, batch = baseline(pi), play(pi)
    counts = np.zeros(theta.shape)
    for episode in batch:
        for t, (s, a) in enumerate(zip(*episode[:2], strict=True)):
            gain = sum(gamma ** (k - t) * r for k, r in enumerate(episode[2]) if k >= t)
            counts[s, a] += gamma**t * (gain - b[s])
    g = counts - pi * counts.sum(axis=1, keepdims=True)
    return e2_3_right_recursive_baseline_first(
        play, baseline, theta + step_size * g / len(batch), gamma, step_size, updates - 1
    )


# Exercise 2.4: optimal_baseline(pi, q)


def e2_4_wrong_value(pi, q):
    return np.sum(pi * q, axis=1)


def e2_4_wrong_plain_mean(pi, q):
    return np.mean(q, axis=1)


def e2_4_wrong_policy_left_out(pi, q):
    weights = 1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_length_not_squared(pi, q):
    weights = pi * np.sqrt(1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_own_component_only(pi, q):
    weights = pi * (1 - pi) ** 2
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_variance_as_weight(pi, q):
    weights = pi * (1 - pi)
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_other_actions_probability(pi, q):
    weights = 1 - pi
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_own_component_not_replaced(pi, q):
    weights = pi * ((1 - pi) ** 2 + np.sum(pi**2, axis=1, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_factor_two_missing(pi, q):
    weights = pi * (1 - pi + np.sum(pi**2, axis=1, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_sign_of_the_cross_term(pi, q):
    weights = pi * (1 + 2 * pi + np.sum(pi**2, axis=1, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_not_divided(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True))
    return np.sum(weights * q, axis=1)


def e2_4_wrong_divided_without_policy(pi, q):
    squared = 1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)
    return np.sum(pi * squared * q, axis=1) / np.sum(squared, axis=1)


def e2_4_wrong_sum_over_states(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=0, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_one_for_all_states(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True))
    return np.full(len(pi), np.sum(weights * q) / np.sum(weights))


def e2_4_wrong_score_of_the_matrix_rows(pi, q):
    score = np.eye(pi.shape[1]) - pi[:, :, None]
    weights = pi * np.sum(score**2, axis=-1)
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_length_to_the_fourth(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)) ** 2
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_advantage_for_q(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True))
    advantage = q - np.sum(pi * q, axis=1, keepdims=True)
    return np.sum(weights * advantage, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_axis_not_kept(pi, q):
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=1))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_wrong_scales_the_policy(pi, q):
    pi *= 1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)
    return np.sum(pi * q, axis=1) / np.sum(pi, axis=1)


def e2_4_right_numpy(pi, q):
    score = np.eye(pi.shape[1])[None] - pi[:, None, :]
    lengths = np.linalg.norm(score, axis=2)
    return np.average(q, axis=1, weights=pi * lengths**2)


def e2_4_right_loops(pi, q):
    baseline = []
    for probabilities, worth in zip(pi, q, strict=True):
        above, below = 0.0, 0.0
        for a, p_a in enumerate(probabilities):
            length = sum(((1.0 if a == b else 0.0) - float(p_b)) ** 2 for b, p_b in enumerate(probabilities))
            above += float(p_a) * length * float(worth[a])
            below += float(p_a) * length
        baseline.append(above / below)
    return baseline


def e2_4_right_torch(pi, q):
    pi, q = (torch.tensor(np.asarray(x), dtype=torch.float64) for x in (pi, q))
    score = torch.eye(pi.shape[1], dtype=torch.float64) - pi[:, None, :]
    weights = pi * score.square().sum(dim=-1)
    return (weights * q).sum(dim=1) / weights.sum(dim=1)


def e2_4_right_float32(pi, q):
    pi, q = np.asarray(pi, np.float32), np.asarray(q, np.float32)
    weights = pi * (1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True))
    return np.sum(weights * q, axis=1) / np.sum(weights, axis=1)


def e2_4_right_in_place(pi, q):
    weights = np.array(pi, float)
    weights *= -2
    weights += 1
    weights += np.sum(pi**2, axis=1, keepdims=True)
    weights *= pi
    weights /= weights.sum(axis=1, keepdims=True)
    weights *= q
    return weights.sum(axis=1)


def e2_4_right_einsum(pi, q):
    score = np.eye(pi.shape[1]) - pi[:, None, :]
    above = np.einsum("sa,sab,sab,sa->s", pi, score, score, q)
    return above / (1 - np.einsum("sa,sa->s", pi, pi))


def e2_4_right_least_squares(policy, worth):
    found = np.zeros(len(policy))
    for s, (p, x) in enumerate(zip(policy, worth, strict=True)):
        score = np.eye(len(p)) - p
        rows = (np.sqrt(p)[:, None] * score).ravel()
        target = (np.sqrt(p)[:, None] * score * x[:, None]).ravel()
        found[s] = np.linalg.lstsq(rows[:, None], target, rcond=None)[0][0]
    return found


def e2_4_right_around_the_value(pi, q):
    value = np.sum(pi * q, axis=1)
    squared = np.sum(pi**2, axis=1)
    lean = np.sum(pi * (1 - 2 * pi) * (q - value[:, None]), axis=1)
    return value + lean / (1 - squared)


# Exercise 2.5: chain_slopes(rewards, gamma)


def e2_5_wrong_order(rewards, gamma):
    return np.sum(rewards), np.sum(gamma ** np.arange(len(rewards)) * rewards)


def e2_5_wrong_never_discounted(rewards, gamma):
    return np.sum(rewards), np.sum(rewards)


def e2_5_wrong_always_discounted(rewards, gamma):
    slope = np.sum(gamma ** np.arange(len(rewards)) * rewards)
    return slope, slope


def e2_5_wrong_exponent_from_one(rewards, gamma):
    return np.sum(gamma ** np.arange(1, len(rewards) + 1) * rewards), np.sum(rewards)


def e2_5_wrong_discounts_backwards(rewards, gamma):
    return np.sum(gamma ** np.arange(len(rewards))[::-1] * rewards), np.sum(rewards)


def e2_5_wrong_returns_added(rewards, gamma):
    discounts, ahead, total = gamma ** np.arange(len(rewards)), 0.0, 0.0
    for r in rewards[::-1]:
        ahead = r + gamma * ahead
        total += ahead
    return np.sum(discounts * rewards), total


def e2_5_wrong_undiscounted_returns_added(rewards, gamma):
    to_go = np.cumsum(rewards[::-1])
    return np.sum(gamma ** np.arange(len(rewards)) * rewards), np.sum(to_go)


def e2_5_wrong_both_weigh_returns(rewards, gamma):
    discounts = gamma ** np.arange(len(rewards))
    to_go = np.array([np.sum(discounts[: len(rewards) - t] * rewards[t:]) for t in range(len(rewards))])
    return np.sum(discounts * to_go), np.sum(to_go)


def e2_5_wrong_means(rewards, gamma):
    return np.mean(gamma ** np.arange(len(rewards)) * rewards), np.mean(rewards)


def e2_5_wrong_return_at_one_half(rewards, gamma):
    return 0.5 * np.sum(gamma ** np.arange(len(rewards)) * rewards), 0.5 * np.sum(rewards)


def e2_5_wrong_slope_in_the_logit(rewards, gamma, p=0.5):
    return p * (1 - p) * np.sum(gamma ** np.arange(len(rewards)) * rewards), p * (1 - p) * np.sum(rewards)


def e2_5_wrong_first_and_last_only(rewards, gamma):
    return rewards[0] + gamma ** (len(rewards) - 1) * rewards[-1], rewards[0] + rewards[-1]


def e2_5_wrong_factor_gamma_not_power(rewards, gamma):
    return rewards[0] + gamma * np.sum(rewards[1:]), np.sum(rewards)


def e2_5_wrong_last_left_out(rewards, gamma):
    discounts = gamma ** np.arange(len(rewards) - 1)
    return np.sum(discounts * rewards[:-1]), np.sum(rewards[:-1])


def e2_5_wrong_second_normalised(rewards, gamma):
    discounts = gamma ** np.arange(len(rewards))
    return np.sum(discounts * rewards), np.sum(rewards) * np.sum(discounts) / len(rewards)


def e2_5_wrong_absolute(rewards, gamma):
    return np.sum(gamma ** np.arange(len(rewards)) * np.abs(rewards)), np.sum(np.abs(rewards))


def e2_5_wrong_step_by_step(rewards, gamma):
    return gamma ** np.arange(len(rewards)) * rewards, rewards


def e2_5_wrong_first_only(rewards, gamma):
    return np.sum(gamma ** np.arange(len(rewards)) * rewards)


def e2_5_wrong_discounts_its_argument(rewards, gamma):
    for t in range(len(rewards)):
        rewards[t] *= gamma**t
    return np.sum(rewards), np.sum(rewards)


def e2_5_right_numpy(rewards, gamma):
    return np.polynomial.polynomial.polyval(gamma, rewards), np.sum(rewards)


def e2_5_right_loops(rewards, gamma):
    slope, dropped, discount = 0.0, 0.0, 1.0
    for r in rewards:
        slope += discount * float(r)
        dropped += float(r)
        discount *= gamma
    return slope, dropped


def e2_5_right_torch(rewards, gamma):
    r = torch.tensor(np.asarray(rewards), dtype=torch.float64)
    return (gamma ** torch.arange(len(r), dtype=torch.float64) * r).sum(), r.sum()


def e2_5_right_float32(rewards, gamma):
    r = np.asarray(rewards, np.float32)
    return np.float32(gamma) ** np.arange(len(r), dtype=np.float32) @ r, r.sum()


def e2_5_right_in_place(rewards, gamma):
    discounted = np.array(rewards, float)
    for t in range(len(discounted)):
        discounted[t:] *= gamma if t > 0 else 1.0
    return discounted.sum(), np.sum(rewards)


def e2_5_right_one_array(rewards, gamma):
    return np.array([gamma ** np.arange(len(rewards)), np.ones(len(rewards))]) @ rewards


def e2_5_right_horner(pay, discount):
    slope = 0.0
    for x in pay[::-1]:
        slope = x + discount * slope
    return [slope, sum(pay)]


def e2_5_right_values_of_the_chain(rewards, gamma):
    # J is linear in p: its slope is J(1) - J(0). The values of Q are those at p = 0.5.
    def value_from_start(p):
        ahead, differences = 0.0, 0.0
        for r in reversed(list(rewards)):
            if_one, if_zero = r + gamma * ahead, gamma * ahead
            differences += if_one - if_zero
            ahead = p * if_one + (1 - p) * if_zero
        return ahead, differences

    return value_from_start(1.0)[0] - value_from_start(0.0)[0], value_from_start(0.5)[1]


WRONG = {
    "2.1": [
        (e2_1_wrong_reward_to_go_alone, "returns the reward-to-go without the factor gamma^t"),
        (e2_1_wrong_single_rewards, "returns the discounted rewards themselves: the sum over what follows is missing"),
        (e2_1_wrong_whole_return, "weights all scores by the whole return: the past isn't left out"),
        (e2_1_wrong_past_rewards, "adds up the past rewards instead of the coming ones"),
        (e2_1_wrong_undiscounted, "doesn't discount at all"),
        (e2_1_wrong_discount_of_time_only, "has the factor gamma^t, but doesn't discount within the reward-to-go"),
        (e2_1_wrong_discounted_once_more, "multiplies by gamma^t once too often"),
        (e2_1_wrong_exponent_from_one, "counts the exponents from 1, so everything is gamma times too small"),
        (e2_1_wrong_own_reward_missing, "leaves out the reward of the decision itself"),
        (e2_1_wrong_not_turned_back, "returns the weights in reversed order of time"),
        (e2_1_wrong_discounts_backwards, "discounts the early rewards instead of the late ones"),
        (e2_1_wrong_mean_subtracted, "subtracts the mean of the weights"),
        (e2_1_wrong_standardised, "standardises the weights"),
        (e2_1_wrong_divided_by_length, "divides by the number of steps"),
        (e2_1_wrong_added_up, "adds the weights up to one number"),
        (e2_1_wrong_changes_the_rewards, "has the right weights but discounts the rewards that it was given in place"),
        (e2_1_wrong_never_ends, "never ends: t isn't advanced"),
    ],
    "2.2": [
        (e2_2_wrong_value_left_out, "uses Q instead of the advantage"),
        (e2_2_wrong_visits_left_out, "leaves out the visitation"),
        (e2_2_wrong_visits_normalised, "normalises the visitation to sum 1"),
        (e2_2_wrong_policy_left_out, "leaves out the policy's probability"),
        (e2_2_wrong_slope_of_one_probability, "multiplies by pi (1 - pi) instead of pi"),
        (e2_2_wrong_own_slope_times_q, "counts only the slope of the action's own probability, times Q"),
        (e2_2_wrong_sign, "has the sign wrong: V - Q"),
        (e2_2_wrong_plain_mean_of_q, "subtracts the plain mean of Q over actions instead of V"),
        (e2_2_wrong_start_for_visits, "uses the distribution of the first state instead of the visitation"),
        (e2_2_wrong_visits_of_the_uniform_policy, "uses the visitation of the uniform policy"),
        (e2_2_wrong_rewards_for_values, "uses the immediate rewards instead of Q"),
        (e2_2_wrong_probability_squared, "squares the policy's probability"),
        (e2_2_wrong_weights_not_normalised, "multiplies by exp(theta), which isn't normalised, instead of pi"),
        (e2_2_wrong_standardised_advantage, "standardises the advantages"),
        (e2_2_wrong_summed_over_states, "sums over the states"),
        (
            e2_2_wrong_softmax_over_states,
            "takes the softmax over the states; crashes where the rows must be distributions",
        ),
        (e2_2_wrong_gamma_once_more, "has a factor gamma too much"),
        (e2_2_wrong_visits_without_axis, "gives V and the visits no second axis; crashes unless S equals A"),
        (e2_2_wrong_overwrites_theta, "has the right gradient but shifts the theta that it was given"),
    ],
    "2.3": [
        (e2_3_wrong_no_gamma_t, "γᵗ dropped"),
        (e2_3_wrong_baseline_not_discounted, "the baseline without γᵗ"),
        (e2_3_wrong_gamma_t_twice_on_g, "γᵗ twice on G, once on b"),
        (e2_3_wrong_mean_over_decisions, "mean over all decisions"),
        (e2_3_wrong_mean_in_each_episode, "mean over the decisions of each episode"),
        (e2_3_wrong_policy_of_the_start, "the softmax is taken once, before the updates"),
        (e2_3_wrong_stale_scores, "scores of the first policy"),
        (e2_3_wrong_stale_baseline, "the baseline of the first policy"),
        (e2_3_wrong_fancy_index_both, "repeated states count once, in both terms"),
        (e2_3_wrong_fancy_index_probabilities, "repeated states count once, in the term with π"),
        (e2_3_wrong_whole_return, "R(τ) in place of γᵗG_t"),
        (e2_3_wrong_step_after_each_episode, "a step after each episode, with a fresh π"),
        (e2_3_wrong_step_after_each_decision, "a step after each decision, with a fresh π"),
        (e2_3_wrong_moves_theta_itself, "changes theta in place"),
        (e2_3_wrong_descent, "sign: descends"),
        (e2_3_wrong_gradients_pile_up, "the sum isn't emptied between updates"),
        (e2_3_wrong_only_the_action_raised, "score without −π"),
        (e2_3_wrong_score_of_the_taken_alone, "1 − π(a) for the action taken, nothing for the others"),
        (e2_3_wrong_slope_of_pi, "∇π in place of ∇log π"),
        (e2_3_wrong_returns_after_one_update, "return inside the loop: one update only"),
        (e2_3_wrong_returns_the_policy, "returns the probabilities"),
        (e2_3_wrong_weights_standardised, "G − b standardised over the batch"),
        (e2_3_wrong_sum_over_episodes, "sum over episodes, no mean"),
        (e2_3_wrong_plays_once, "one batch for all updates"),
        (e2_3_wrong_last_decision_left_out, "last decision of each episode left out"),
        (e2_3_wrong_rewards_one_late, "G_t without r_t and not brought back: G_{t+1}"),
        (e2_3_wrong_time_from_one, "γ^(t+1)"),
        (e2_3_wrong_usual_program, "γᵗ dropped and mean over decisions"),
        (e2_3_wrong_divided_by_last_length, "divided by the last episode's length"),
        (e2_3_wrong_padding_counts, "padded steps count with −b(0)"),
        (e2_3_wrong_cut_to_the_shortest, "all episodes cut to the shortest"),
        (e2_3_wrong_baseline_off_each_reward, "b taken off each reward before adding up"),
        (e2_3_wrong_one_update_short, "one update too few"),
        (e2_3_wrong_batch_as_one_episode, "the batch strung together as one episode"),
        (e2_3_wrong_time_runs_through_batch, "t runs on from episode to episode"),
        (e2_3_wrong_no_baseline, "baseline ignored"),
        (e2_3_wrong_baseline_of_next_state, "b(s_{t+1}) for b(s_t)"),
        (e2_3_wrong_returns_the_way_gone, "returns the change of the logits"),
        (e2_3_wrong_rounded_by_integer_logits, "logits clipped from below at −20"),
        (e2_3_wrong_tensor_mean_loss, "torch: gradients not emptied between updates"),
    ],
    "2.4": [
        (e2_4_wrong_value, "returns V: the squared length of the score is missing"),
        (e2_4_wrong_plain_mean, "returns the plain mean of Q over the actions"),
        (e2_4_wrong_policy_left_out, "weighs by the squared length alone: the probability is missing"),
        (e2_4_wrong_length_not_squared, "weighs by the length of the score, not its square"),
        (
            e2_4_wrong_own_component_only,
            "counts only the score's component 1 - pi(a); differs only from three actions on",
        ),
        (e2_4_wrong_variance_as_weight, "weighs by pi (1 - pi) instead of pi times the squared length"),
        (e2_4_wrong_other_actions_probability, "weighs by 1 - pi; differs only from three actions on"),
        (e2_4_wrong_own_component_not_replaced, "counts pi(a)^2 as well as (1 - pi(a))^2 in the squared length"),
        (e2_4_wrong_factor_two_missing, "forgets the 2 before pi in the squared length"),
        (e2_4_wrong_sign_of_the_cross_term, "has + 2 pi where - 2 pi is right"),
        (e2_4_wrong_not_divided, "forgets the denominator"),
        (e2_4_wrong_divided_without_policy, "forgets the probability in the denominator"),
        (e2_4_wrong_sum_over_states, "sums the squares over the states instead of the actions"),
        (e2_4_wrong_one_for_all_states, "averages over the states too: one baseline for all"),
        (
            e2_4_wrong_score_of_the_matrix_rows,
            "lays pi along the wrong axis of the score: e_a - pi(a) in all components",
        ),
        (e2_4_wrong_length_to_the_fourth, "squares the squared length"),
        (e2_4_wrong_advantage_for_q, "averages the advantage instead of Q, so it lacks V"),
        (e2_4_wrong_axis_not_kept, "drops the axis in the sum of squares; crashes unless S equals A"),
        (e2_4_wrong_scales_the_policy, "has the right numbers but overwrites the policy that it was given"),
    ],
    "2.5": [
        (e2_5_wrong_order, "returns the two numbers in the wrong order"),
        (e2_5_wrong_never_discounted, "doesn't discount the true slope"),
        (e2_5_wrong_always_discounted, "discounts in the estimator without gamma^t as well"),
        (e2_5_wrong_exponent_from_one, "counts the exponents from 1 instead of 0"),
        (e2_5_wrong_discounts_backwards, "discounts the early rewards instead of the late ones"),
        (e2_5_wrong_returns_added, "adds the whole returns, though the later rewards cancel in the difference of Q"),
        (e2_5_wrong_undiscounted_returns_added, "adds the undiscounted returns, though the later rewards cancel"),
        (e2_5_wrong_both_weigh_returns, "puts the returns in place of the rewards in both sums"),
        (e2_5_wrong_means, "takes means over the steps instead of sums"),
        (e2_5_wrong_return_at_one_half, "returns J at p = 1/2 instead of its slope"),
        (e2_5_wrong_slope_in_the_logit, "differentiates in the logit at p = 1/2 instead of in p"),
        (
            e2_5_wrong_first_and_last_only,
            "counts the first and the last decision only, as in the example; differs only when others pay",
        ),
        (e2_5_wrong_factor_gamma_not_power, "multiplies all later rewards by gamma instead of gamma^t"),
        (e2_5_wrong_last_left_out, "leaves out the last decision"),
        (e2_5_wrong_second_normalised, "multiplies the second number by the mean discount"),
        (e2_5_wrong_absolute, "counts costs as gains; differs only when a reward is negative"),
        (e2_5_wrong_step_by_step, "returns the terms instead of their sums"),
        (e2_5_wrong_first_only, "returns the first of the two numbers only"),
        (e2_5_wrong_discounts_its_argument, "discounts its argument in place, so the second sum is discounted too"),
    ],
}

RIGHT = {
    "2.1": [
        (e2_1_right_numpy, "numpy"),
        (e2_1_right_loops, "loops"),
        (e2_1_right_torch, "torch"),
        (e2_1_right_float32, "float32"),
        (e2_1_right_in_place, "in-place"),
        (e2_1_right_return_to_go_times_discount, "reward-to-go times gamma^t"),
        (e2_1_right_whole_less_past, "whole return less the past"),
        (e2_1_right_triangular_matrix, "triangular matrix, renamed parameters"),
    ],
    "2.2": [
        (e2_2_right_numpy, "numpy"),
        (e2_2_right_loops, "loops"),
        (e2_2_right_torch, "torch, by automatic differentiation"),
        (e2_2_right_float32, "float32"),
        (e2_2_right_in_place, "in-place"),
        (e2_2_right_slopes_of_the_softmax, "slopes of the softmax times Q"),
        (e2_2_right_complex_steps, "complex steps"),
        (e2_2_right_state_by_state, "state by state, renamed parameters"),
    ],
    "2.3": [
        (e2_3_right_numpy, "numpy"),
        (e2_3_right_loops, "loops, lists"),
        (e2_3_right_torch, "torch, by automatic differentiation"),
        (e2_3_right_one_hot, "matrices of ones and zeros"),
        (e2_3_right_float32, "float32"),
        (e2_3_right_add_at, "NumPy, add.at"),
        (e2_3_right_plain_lists, "plain loops and lists"),
        (e2_3_right_torch_autograd, "torch, autograd, returns a tensor"),
        (e2_3_right_single_precision, "single precision"),
        (e2_3_right_other_names_one_hot, "other names, one-hot matrices"),
        (e2_3_right_recursive_baseline_first, "recursion; sums first, −π at the end"),
    ],
    "2.4": [
        (e2_4_right_numpy, "numpy"),
        (e2_4_right_loops, "loops"),
        (e2_4_right_torch, "torch"),
        (e2_4_right_float32, "float32"),
        (e2_4_right_in_place, "in-place"),
        (e2_4_right_einsum, "einsum, closed denominator"),
        (e2_4_right_least_squares, "least squares, renamed parameters"),
        (e2_4_right_around_the_value, "V and what is added to it"),
    ],
    "2.5": [
        (e2_5_right_numpy, "numpy"),
        (e2_5_right_loops, "loops"),
        (e2_5_right_torch, "torch"),
        (e2_5_right_float32, "float32"),
        (e2_5_right_in_place, "in-place"),
        (e2_5_right_one_array, "one array of two numbers"),
        (e2_5_right_horner, "Horner's scheme, list, renamed parameters"),
        (e2_5_right_values_of_the_chain, "values of the chain"),
    ],
}
