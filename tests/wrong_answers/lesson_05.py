"""Wrong answers to the exercises of lesson 05."""

import numpy as np

from trpobook.finite.mdp import optimal_policy, softmax
from unforeseen import lesson_05 as unforeseen


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


def _sum(rho, weights, table):
    return np.sum(rho[:, None] * weights * table)


def difference_twice_over_one_minus_gamma(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.advantage(old)) / (1 - mdp.gamma)


def difference_of_new_q(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.action_value(new))


def difference_less_new_value(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.action_value(old) - mdp.value(new)[:, None])


def difference_of_rewards(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.reward)


def difference_old_return(mdp, old, new):
    return mdp.expected_return(old)


def difference_less_old_return(mdp, old, new):
    return _sum(mdp.visitation(new), new, mdp.advantage(old)) - mdp.expected_return(old)


def difference_in_size(mdp, old, new):
    return abs(mdp.expected_return(new) - mdp.expected_return(old))


def difference_absolute_advantages(mdp, old, new):
    return _sum(mdp.visitation(new), new, np.abs(mdp.advantage(old)))


def difference_good_states(mdp, old, new):
    return mdp.visitation(new) @ np.clip(np.sum(new * mdp.advantage(old), axis=1), 0, None)


def difference_good_actions(mdp, old, new):
    return _sum(mdp.visitation(new), new, np.clip(mdp.advantage(old), 0, None))


def difference_mean_of_advantages(mdp, old, new):
    return mdp.visitation(new) @ mdp.advantage(old).mean(axis=1)


def difference_best_action(mdp, old, new):
    return mdp.visitation(new) @ mdp.advantage(old).max(axis=1)


def difference_with_a_ratio(mdp, old, new):
    return _sum(mdp.visitation(new), new * (new / old), mdp.advantage(old))


def difference_both_policies(mdp, old, new):
    return _sum(mdp.visitation(new), new * old, mdp.advantage(old))


def difference_mean_over_states(mdp, old, new):
    return np.mean(np.sum(new * mdp.advantage(old), axis=1))


def difference_old_visits_normalised(mdp, old, new):
    return (1 - mdp.gamma) * difference_over_old_visits(mdp, old, new)


def difference_old_visits_averaged(mdp, old, new):
    return difference_over_old_visits(mdp, old, new) / mdp.visitation(old).sum()


def difference_of_q_old_visits(mdp, old, new):
    return _sum(mdp.visitation(old), new, mdp.action_value(old))


def difference_of_q_normalised(mdp, old, new):
    return (1 - mdp.gamma) * difference_of_q(mdp, old, new)


def difference_of_q_first_action(mdp, old, new):
    return _sum(mdp.start, new, mdp.action_value(old))


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


def improve_to_uniform(mdp, pi):
    return np.full_like(pi, 1 / pi.shape[1])


def improve_without_gamma(mdp, pi):
    return np.eye(pi.shape[1])[np.argmax(mdp.reward + mdp.transition @ mdp.value(pi), axis=1)]


def improve_by_size(mdp, pi):
    return np.eye(pi.shape[1])[np.argmax(np.abs(mdp.advantage(pi)), axis=1)]


def improve_weighed(mdp, pi):
    return np.eye(pi.shape[1])[np.argmax(pi * mdp.advantage(pi), axis=1)]


def improve_one_entry(mdp, pi):
    A = mdp.advantage(pi)
    return np.where(np.max(A) == A, 1.0, 0.0)


def improve_with_ties(mdp, pi):
    A = mdp.advantage(pi)
    return np.where(np.max(A, axis=1, keepdims=True) == A, 1.0, 0.0)


def improve_to_marks(mdp, pi):
    return (mdp.advantage(pi) > 1e-9).astype(float)


def improve_to_q(mdp, pi):
    return mdp.advantage(pi) + mdp.value(pi)[:, None]


def improve_to_logits(mdp, pi):
    return np.log(pi) + mdp.advantage(pi)


def improve_unnormalised_q(mdp, pi):
    return pi * np.exp(mdp.action_value(pi))


def improve_over_the_table(mdp, pi):
    weights = pi * np.exp(mdp.advantage(pi))
    return weights / np.sum(weights)


def improve_over_columns(mdp, pi):
    weights = pi * np.exp(mdp.advantage(pi))
    return weights / np.sum(weights, axis=0, keepdims=True)


def improve_linearly(mdp, pi):
    return pi + pi * mdp.advantage(pi)


def improve_most_visited(mdp, pi):
    new, s = pi.copy(), np.argmax(mdp.visitation(pi))
    new[s] = np.eye(pi.shape[1])[np.argmax(mdp.advantage(pi)[s])]
    return new


def improve_first(mdp, pi):
    new = np.array(pi)
    new[0] = np.arange(pi.shape[1]) == np.argmax(mdp.advantage(pi)[0])
    return new


def improve_by_one_action(mdp, pi):
    best = np.argmax(mdp.visitation(pi) @ mdp.advantage(pi))
    return np.repeat(np.eye(pi.shape[1])[[best]], len(pi), axis=0)


def improve_to_the_best(mdp, pi):
    return optimal_policy(mdp)


def improve_by_softmax_of_advantages(mdp, pi):
    return softmax(mdp.advantage(pi))


def _nearly_greedy(mdp, pi, share):
    greedy = np.eye(pi.shape[1])[np.argmax(mdp.advantage(pi), axis=1)]
    return (1 - share) * greedy + share * np.ones(pi.shape) / pi.shape[1]


def improve_nearly(mdp, pi):
    return _nearly_greedy(mdp, pi, 0.01)


def improve_nearly_5(mdp, pi):
    return _nearly_greedy(mdp, pi, 0.05)


def improve_nearly_10(mdp, pi):
    return _nearly_greedy(mdp, pi, 0.1)


def improve_nearly_20(mdp, pi):
    return _nearly_greedy(mdp, pi, 0.2)


def improve_nearly_30(mdp, pi):
    return _nearly_greedy(mdp, pi, 0.3)


def improve_to_twice(mdp, pi):
    return 2 * pi


def improve_backwards(mdp, pi):
    worst = np.eye(pi.shape[1])[mdp.advantage(pi).argmin(axis=1)]
    return 0.7 * pi + 0.3 * worst


def improve_a_few(mdp, pi):
    new = np.array(pi)
    new[:2] = np.eye(pi.shape[1])[mdp.advantage(pi)[:2].argmax(axis=1)]
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


def _value_of_guess(mdp, pi, f, weights=None):
    """Return r + γE f(s'), averaged over the actions by `weights`, π unless given."""
    q = mdp.reward + mdp.gamma * mdp.transition @ (mdp.live * f)
    return np.sum((pi if weights is None else weights) * q, axis=1)


def guess_squared_gamma(mdp, pi, f):
    return mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma**2)


def guess_plus_f(mdp, pi, f):
    return mdp.visitation(pi) @ (_value_of_guess(mdp, pi, f) + f)


def guess_without_reward(mdp, pi, f):
    ahead = mdp.gamma * np.sum(pi * (mdp.transition @ (mdp.live * f)), axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def guess_without_future(mdp, pi, f):
    return mdp.visitation(pi) @ (np.sum(pi * mdp.reward, axis=1) - f)


def guess_less_future(mdp, pi, f):
    return mdp.visitation(pi) @ _residual(mdp, pi, f, -mdp.gamma)


def guess_discounted_reward(mdp, pi, f):
    values = mdp.gamma * (mdp.reward + mdp.transition @ (mdp.live * f))
    return mdp.visitation(pi) @ (np.sum(pi * values, axis=1) - f)


def guess_discounted_twice(mdp, pi, f):
    return mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma, minus=mdp.gamma)


def guess_over_one_minus_gamma(mdp, pi, f):
    return mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma) / (1 - mdp.gamma)


def guess_mean_of_residuals(mdp, pi, f):
    return np.mean(mdp.live * _residual(mdp, pi, f, mdp.gamma))


def guess_largest_residual(mdp, pi, f):
    return np.max(np.abs(mdp.live * _residual(mdp, pi, f, mdp.gamma)))


def guess_in_size(mdp, pi, f):
    return abs(mdp.visitation(pi) @ _residual(mdp, pi, f, mdp.gamma))


def guess_all_actions(mdp, pi, f):
    return mdp.visitation(pi) @ (_value_of_guess(mdp, pi, f, np.ones(pi.shape)) - f)


def guess_mean_after_weighing(mdp, pi, f):
    return mdp.visitation(pi) @ (_value_of_guess(mdp, pi, f, pi / pi.shape[1]) - f)


def guess_likeliest(mdp, pi, f):
    return mdp.visitation(pi) @ (_value_of_guess(mdp, pi, f, np.eye(pi.shape[1])[pi.argmax(axis=1)]) - f)


def guess_present_twice(mdp, pi, f):
    return mdp.visitation(pi) @ (np.sum(pi * mdp.reward, axis=1) + mdp.gamma * f - f)


def guess_itself(mdp, pi, f):
    return mdp.start @ (mdp.live * f)


def guess_mean_over_states(mdp, pi, f):
    return np.mean(mdp.value(pi) - mdp.live * f)


def _open_residual(mdp, pi, f, gamma, minus=1.0):
    """Return the residual of a guess that isn't set to 0 where the episode is over."""
    return np.sum(pi * (mdp.reward + gamma * mdp.transition @ f), axis=1) - minus * f


def open_without_gamma(mdp, pi, f):
    return mdp.visitation(pi) @ _open_residual(mdp, pi, f, 1.0)


def open_normalised(mdp, pi, f):
    return (1 - mdp.gamma) * mdp.visitation(pi) @ _open_residual(mdp, pi, f, mdp.gamma)


def open_averaged(mdp, pi, f):
    rho = mdp.visitation(pi)
    return np.average(_open_residual(mdp, pi, f, mdp.gamma), weights=rho)


def open_upside_down(mdp, pi, f):
    return -mdp.visitation(pi) @ _open_residual(mdp, pi, f, mdp.gamma)


def open_without_f(mdp, pi, f):
    return mdp.visitation(pi) @ _open_residual(mdp, pi, f, mdp.gamma, minus=0.0)


def open_uniform_actions(mdp, pi, f):
    return mdp.visitation(pi) @ (np.mean(mdp.reward + mdp.gamma * mdp.transition @ f, axis=1) - f)


def open_absolute(mdp, pi, f):
    return mdp.visitation(pi) @ np.abs(_open_residual(mdp, pi, f, mdp.gamma))


def open_first_step(mdp, pi, f):
    return mdp.start @ _open_residual(mdp, pi, f, mdp.gamma)


def guess_without_gamma_normalised(mdp, pi, f):
    return (1 - mdp.gamma) * guess_without_gamma(mdp, pi, f)


def guess_upside_down_normalised(mdp, pi, f):
    return -guess_normalised(mdp, pi, f)


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
        (unforeseen.e5_1_wrong_old_actions_new_advantage, "you have the new policy's advantages and the old policy's"),
        (difference_twice_over_one_minus_gamma, "you divide by 1−γ once more"),
        (difference_of_new_q, "you have the new policy's Q"),
        (difference_less_new_value, "you subtract the new policy's V"),
        (difference_of_rewards, "your result is J(new)"),
        (difference_old_return, "your result is J(old)"),
        (difference_less_old_return, "you take J(old) off once more"),
        (difference_in_size, "you return an absolute value"),
        (unforeseen.e5_1_wrong_absolute_gains, "you take the absolute value of each state's gain"),
        (difference_absolute_advantages, "you have absolute values of the advantages"),
        (difference_good_states, "you leave out the states where the new policy does worse"),
        (difference_good_actions, "you leave out the actions whose advantage is negative"),
        (unforeseen.e5_1_wrong_mean_over_actions, "you average over the actions after weighing them"),
        (difference_mean_of_advantages, "you average the advantages of all actions alike"),
        (unforeseen.e5_1_wrong_greedy_action, "you count only the likeliest action"),
        (difference_best_action, "you take the best action of each state"),
        (unforeseen.e5_1_wrong_ratio_without_old_weights, "you weigh by the ratio new/old without"),
        (difference_with_a_ratio, "you weigh by new·(new/old)"),
        (difference_both_policies, "you weigh by both policies' probabilities"),
        (difference_mean_over_states, "you average Ā over all states alike"),
        (difference_old_visits_normalised, "which makes it the surrogate L, and they are normalised"),
        (difference_old_visits_averaged, "which makes it the surrogate L, and they are divided by their mass"),
        (difference_of_q_old_visits, "you have Q in place of A, and the old policy's visits"),
        (difference_of_q_normalised, "you have Q in place of A, and your visitation is normalised"),
        (difference_of_q_first_action, "you have Q in place of A, and count the first action only"),
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
        (improve_where_positive, "you share the probability among the actions with a positive advantage"),
        (
            unforeseen.e5_2_wrong_positive_part_over_its_sum,
            "where no action has a positive advantage you divide 0 by 0",
        ),
        (improve_to_twice, "you return no policy: each row"),
        (improve_backwards, "in some state your Ā is negative"),
        (improve_a_few, "in some state your Ā is 0"),
        (improve_to_uniform, "you return the uniform policy"),
        (unforeseen.e5_2_wrong_best_next_value, "you choose by the next state's value alone"),
        (improve_without_gamma, "you choose by r + E[V(s')] without γ"),
        (improve_by_size, "you choose the action whose advantage is largest in size"),
        (improve_weighed, "you weigh the advantages by π before you choose"),
        (improve_one_entry, "you look for the largest advantage of the whole table"),
        (improve_with_ties, "where several actions are equally good"),
        (improve_to_marks, "you mark the actions with a positive advantage"),
        (improve_to_q, "you return Q"),
        (improve_to_logits, "you return log π + A"),
        (improve_by_softmax_of_advantages, "softmax(Q) knows nothing of the old policy"),
        (improve_nearly, "with the uniform policy (1% of it)"),
        (improve_nearly_5, "with the uniform policy (5% of it)"),
        (improve_nearly_10, "with the uniform policy (10% of it)"),
        (improve_nearly_20, "with the uniform policy (20% of it)"),
        (improve_nearly_30, "with the uniform policy (30% of it)"),
        (unforeseen.e5_2_wrong_epsilon_greedy, "with the uniform policy (50% of it)"),
        (improve_unnormalised_q, "π·e^Q is divided by nothing"),
        (improve_over_the_table, "you divide by the sum of the whole table"),
        (improve_over_columns, "you divide each column by its sum"),
        (unforeseen.e5_2_wrong_tilt_against_advantage, "your tilt has the wrong sign"),
        (unforeseen.e5_2_wrong_added_without_clipping, "π + A is no distribution"),
        (improve_linearly, "π·(1 + A) adds up to 1"),
        (unforeseen.e5_2_wrong_only_the_most_promising_state, "you improve one state only, the one with the largest"),
        (improve_most_visited, "you improve one state only, the most visited"),
        (improve_first, "you improve the first state only"),
        (unforeseen.e5_2_wrong_one_action_for_all_states, "you take one action in all states, that with the largest"),
        (improve_by_one_action, "you take one action in all states, the best over the visits"),
        (improve_to_the_best, "you return the best policy of all"),
        (improve_in_place, "work on a copy"),
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
        (guess_squared_gamma, "your γ is squared"),
        (guess_plus_f, "your residual has +f(s)"),
        (guess_without_reward, "your residual lacks its reward"),
        (guess_without_future, "your residual lacks γ·E[f(s')]"),
        (guess_less_future, "the next state's guess has the wrong sign"),
        (guess_discounted_reward, "your γ multiplies the reward too"),
        (guess_discounted_twice, "your γ multiplies f(s) too"),
        (unforeseen.e5_3_wrong_mask_inverted, "your mask is the wrong way round"),
        (guess_over_one_minus_gamma, "you divide by 1−γ once more"),
        (guess_mean_of_residuals, "you average the residuals of all states alike"),
        (unforeseen.e5_3_wrong_absolute_residuals, "you take absolute residuals"),
        (unforeseen.e5_3_wrong_squared_residuals, "you square the residuals"),
        (unforeseen.e5_3_wrong_bound_of_the_next_equation, "you have the bound (5.11)"),
        (guess_largest_residual, "you have the largest residual: (5.10)"),
        (guess_in_size, "you return an absolute value"),
        (unforeseen.e5_3_wrong_uniform_actions, "you average over the actions alike"),
        (guess_all_actions, "you add up over the actions without π"),
        (guess_mean_after_weighing, "you average over the actions after weighing them"),
        (guess_likeliest, "you count only the likeliest action"),
        (unforeseen.e5_3_wrong_transition_backwards, "your transitions run backwards"),
        (unforeseen.e5_3_wrong_true_value_ahead, "you have the true value of the next state"),
        (guess_present_twice, "you have the guess of the present state twice"),
        (guess_itself, "you return the guess μᵀf itself"),
        (guess_mean_over_states, "you average V − f over all states alike"),
        (open_without_gamma, "where the future is worth 0, and your residual lacks its γ"),
        (open_normalised, "where the future is worth 0, and your visitation is normalised"),
        (open_averaged, "where the future is worth 0, and your visitation is divided by its mass"),
        (open_upside_down, "where the future is worth 0, and your sign is that of the guess less the truth"),
        (open_without_f, "where the future is worth 0, and your residual lacks the −f(s)"),
        (open_uniform_actions, "where the future is worth 0, and you average over the actions alike"),
        (open_absolute, "where the future is worth 0, and you take absolute residuals"),
        (open_first_step, "where the future is worth 0, and you count the first step only"),
        (guess_without_gamma_normalised, "your residual lacks its γ, and your visitation is normalised"),
        (guess_upside_down_normalised, "the guess less the truth, and your visitation is normalised"),
    ],
}
