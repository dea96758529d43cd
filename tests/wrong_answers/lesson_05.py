"""Wrong answers to the exercises of lesson 05."""

import numpy as np


def difference_over_old_visits(mdp, old, new):
    return mdp.visitation(old) @ np.sum(new * mdp.advantage(old), axis=1)


def difference_with_new_advantage(mdp, old, new):
    return mdp.visitation(new) @ np.sum(new * mdp.advantage(new), axis=1)


def difference_with_old_actions(mdp, old, new):
    return mdp.visitation(new) @ np.sum(old * mdp.advantage(old), axis=1)


def difference_swapped(mdp, old, new):
    return mdp.visitation(old) @ np.sum(old * mdp.advantage(new), axis=1)


def difference_normalised(mdp, old, new):
    return (1 - mdp.gamma) * mdp.visitation(new) @ np.sum(new * mdp.advantage(old), axis=1)


def difference_averaged(mdp, old, new):
    d = mdp.visitation(new) / mdp.visitation(new).sum()
    return d @ np.sum(new * mdp.advantage(old), axis=1)


def difference_of_q(mdp, old, new):
    return mdp.visitation(new) @ np.sum(new * mdp.action_value(old), axis=1)


def difference_all_actions(mdp, old, new):
    return np.sum(mdp.visitation(new)[:, None] * mdp.advantage(old))


def difference_first_action(mdp, old, new):
    return mdp.start @ np.sum(new * mdp.advantage(old), axis=1)


def difference_unweighted(mdp, old, new):
    return np.sum(new * mdp.advantage(old))


def difference_without_gamma(mdp, old, new):
    value = mdp.value(old)
    q = (mdp.reward + mdp.transition @ value) * mdp.live[:, None]
    return mdp.visitation(new) @ np.sum(new * (q - value[:, None]), axis=1)


def difference_by_state(mdp, old, new):
    return mdp.visitation(new) * np.sum(new * mdp.advantage(old), axis=1)


def improve_not(mdp, pi):
    return pi.copy()


def improve_by_reward(mdp, pi):
    return np.eye(pi.shape[1])[np.argmax(mdp.reward, axis=1)]


def improve_downwards(mdp, pi):
    return np.eye(pi.shape[1])[np.argmin(mdp.action_value(pi), axis=1)]


def improve_by_index(mdp, pi):
    return np.argmax(mdp.advantage(pi), axis=1)


def improve_across_states(mdp, pi):
    best = np.argmax(mdp.advantage(pi), axis=0)
    return np.eye(len(pi))[best].T


def improve_to_advantages(mdp, pi):
    return mdp.action_value(pi) - mdp.value(pi)[:, None]


def improve_by_softmax(mdp, pi):
    weights = np.exp(mdp.action_value(pi))
    return weights / weights.sum(axis=1, keepdims=True)


def improve_unnormalised(mdp, pi):
    return pi * np.exp(mdp.advantage(pi))


def improve_by_adding(mdp, pi):
    return pi + mdp.advantage(pi)


def improve_the_start(mdp, pi):
    new, s = pi.copy(), np.argmax(mdp.start)
    new[s] = np.eye(pi.shape[1])[np.argmax(mdp.advantage(pi)[s])]
    return new


def improve_where_positive(mdp, pi):
    better = mdp.advantage(pi) > 1e-9
    return better / better.sum(axis=1, keepdims=True)


def improve_by_tilting(mdp, pi):
    weights = pi * np.exp(mdp.advantage(pi))
    return weights / np.sum(weights, axis=1, keepdims=True)


def improve_in_place(mdp, pi):
    best = mdp.advantage(pi).argmax(axis=1)
    pi *= 0.5
    pi[np.arange(len(pi)), best] += 0.5
    return pi


def _residual(mdp, pi, f, gamma, minus=1.0):
    ahead = mdp.transition @ (mdp.live * f)
    return np.sum(pi * (mdp.reward + gamma * ahead), axis=1) - minus * f


def guess_without_gamma(mdp, pi, f):
    return mdp.visitation(pi) @ _residual(mdp, pi, f, 1.0)


def guess_without_f(mdp, pi, f):
    return mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma, minus=0)


def guess_upside_down(mdp, pi, f):
    return -mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma)


def guess_past_the_end(mdp, pi, f):
    residual = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1) - f
    return mdp.visitation(pi) @ residual


def guess_normalised(mdp, pi, f):
    return (1 - mdp.gamma) * mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma)


def guess_averaged(mdp, pi, f):
    rho = mdp.visitation(pi)
    return rho @ _residual(mdp, pi, f, mdp.gamma) / rho.sum()


def guess_first_step(mdp, pi, f):
    return mdp.start @ _residual(mdp, pi, f, mdp.gamma)


def guess_unweighted(mdp, pi, f):
    return np.sum(mdp.live * _residual(mdp, pi, f, mdp.gamma))


def guess_the_return(mdp, pi, f):
    return mdp.expected_return(pi)


WRONG_ANSWERS = {
    "5.1": [
        (difference_over_old_visits, "that is the surrogate L"),
        (difference_with_new_advantage, "you get 0 always"),
        (difference_with_old_actions, "you get 0 always"),
        (difference_swapped, "old and new are swapped"),
        (difference_normalised, "your visitation is normalised"),
        (difference_averaged, "your visitation is divided by its mass"),
        (difference_of_q, "you have Q in place of A"),
        (difference_all_actions, "you add the advantages of all actions"),
        (difference_first_action, "you count the first action only"),
        (difference_unweighted, "you add Ā over all states alike"),
        (difference_without_gamma, "your advantage lacks its γ"),
        (difference_by_state, "the shape is wrong: expected (), got (2,)"),
    ],
    "5.2": [
        (improve_not, "you return the old policy"),
        (improve_by_reward, "you choose by the next reward alone"),
        (improve_downwards, "you choose the worst action"),
        (improve_by_index, "you return one action a state"),
        (improve_across_states, "you compare states with one another"),
        (improve_to_advantages, "you return the advantages"),
        (improve_by_softmax, "softmax(Q) knows nothing of the old policy"),
        (improve_unnormalised, "your rows don't add up to 1"),
        (improve_by_tilting, "π·e^A never brings back an action"),
        (improve_by_adding, "π + A is no distribution"),
        (improve_the_start, "you improve the start state only"),
        (improve_where_positive, "NaN where a number is expected"),
        (improve_in_place, "your function changes its arguments"),
    ],
    "5.3": [
        (guess_without_gamma, "your residual lacks its γ"),
        (guess_without_f, "your residual lacks the −f(s)"),
        (guess_upside_down, "you have μᵀf − J"),
        (guess_past_the_end, "you let f look past the end"),
        (guess_normalised, "your visitation is normalised"),
        (guess_averaged, "your visitation is divided by its mass"),
        (guess_first_step, "you count the first step only"),
        (guess_unweighted, "you add the residuals of all states alike"),
        (guess_the_return, "you return J itself"),
    ],
}
