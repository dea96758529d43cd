"""Wrong answers to the exercises of lesson 02."""

import numpy as np

from trpobook.finite.mdp import softmax


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
        (weights_summed, "the shape is wrong: expected (3,), got ()"),
        (weights_negative, "the sign is wrong"),
        (weights_in_place, "your function changes its arguments"),
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
        (gradient_descent, "the sign is wrong"),
        (gradient_flat, "the shape is wrong"),
    ],
    "2.3": [
        (baseline_value, "you have V, the mean of Q under the policy"),
        (baseline_plain_mean, "you have the plain mean of Q"),
        (baseline_unsquared, "the score's length isn't squared"),
        (baseline_without_pi, "π(a|s) is missing from the weights"),
        (baseline_own_component, "you took the score's own component alone"),
        (baseline_indicator, "you used π(1 − π)"),
        (baseline_undivided, "the weights aren't divided by their sum"),
        (baseline_pooled, "you took the average over all states together"),
        (baseline_kept_dimension, "the shape is wrong"),
    ],
    "2.4": [
        (slopes_swapped, "you have the two the wrong way round"),
        (slopes_both_discounted, "your dropped slope still carries γᵗ"),
        (slopes_both_dropped, "your true slope lacks γᵗ"),
        (slopes_from_one, "you count time from 1"),
        (slopes_with_the_future, "you credit each decision with all that follows"),
        (slopes_averaged, "you average over the decisions"),
        (slopes_one_gamma, "your dropped slope is γ times too small"),
        (slopes_true_only, "return 2 values, not 1"),
    ],
}
