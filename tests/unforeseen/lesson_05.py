"""Answers to the exercises of lesson 05, written by somebody who knows the lesson and not its checks."""

import numpy as np
import torch

from trpobook.finite.mdp import optimal_policy, random_policy


# 5.1 performance_difference
def e5_1_wrong_old_visits(mdp, old, new):
    gains = np.sum(new * mdp.advantage(old), axis=1)
    return mdp.visitation(old) @ gains


def e5_1_wrong_old_actions(mdp, old, new):
    gains = np.sum(old * mdp.advantage(old), axis=1)
    return mdp.visitation(new) @ gains


def e5_1_wrong_new_advantage(mdp, old, new):
    gains = np.sum(new * mdp.advantage(new), axis=1)
    return mdp.visitation(new) @ gains


def e5_1_wrong_roles_swapped(mdp, old, new):
    gains = np.sum(old * mdp.advantage(new), axis=1)
    return mdp.visitation(old) @ gains


def e5_1_wrong_old_actions_new_advantage(mdp, old, new):
    gains = np.sum(old * mdp.advantage(new), axis=1)
    return mdp.visitation(new) @ gains


def e5_1_wrong_normalised_by_one_minus_gamma(mdp, old, new):
    d = (1 - mdp.gamma) * mdp.visitation(new)
    return d @ np.sum(new * mdp.advantage(old), axis=1)


def e5_1_wrong_average_over_visits(mdp, old, new):
    rho = mdp.visitation(new)
    return np.average(np.sum(new * mdp.advantage(old), axis=1), weights=rho)


def e5_1_wrong_mean_over_actions(mdp, old, new):
    gains = (new * mdp.advantage(old)).mean(axis=1)
    return mdp.visitation(new) @ gains


def e5_1_wrong_first_action_only(mdp, old, new):
    return mdp.start @ np.sum(new * mdp.advantage(old), axis=1)


def e5_1_wrong_actions_unweighted(mdp, old, new):
    return mdp.visitation(new) @ mdp.advantage(old).sum(axis=1)


def e5_1_wrong_q_for_advantage(mdp, old, new):
    return mdp.visitation(new) @ np.sum(new * mdp.action_value(old), axis=1)


def e5_1_wrong_ratio_without_old_weights(mdp, old, new):
    ratio = new / old
    return mdp.visitation(new) @ np.sum(ratio * mdp.advantage(old), axis=1)


def e5_1_wrong_absolute_gains(mdp, old, new):
    gains = np.abs(np.sum(new * mdp.advantage(old), axis=1))
    return mdp.visitation(new) @ gains


def e5_1_wrong_one_number_a_state(mdp, old, new):
    return mdp.visitation(new) * np.sum(new * mdp.advantage(old), axis=1)


def e5_1_wrong_greedy_action(mdp, old, new):
    advantage = mdp.advantage(old)
    chosen = new.argmax(axis=1)
    return mdp.visitation(new) @ advantage[np.arange(len(chosen)), chosen]


def e5_1_right_numpy(mdp, old, new):
    return np.einsum("s,sa,sa->", mdp.visitation(new), new, mdp.advantage(old))


def e5_1_right_loops(mdp, old, new):
    visits, advantage = mdp.visitation(new), mdp.advantage(old)
    total = 0.0
    for s in range(len(visits)):
        note = 0.0
        for a in range(len(new[s])):
            note += new[s][a] * advantage[s][a]
        total += visits[s] * note
    return float(total)


def e5_1_right_torch(mdp, old, new):
    visits, advantage = torch.tensor(mdp.visitation(new)), torch.tensor(mdp.advantage(old))
    return visits @ (torch.tensor(new, dtype=torch.float64) * advantage).sum(1)


def e5_1_right_float32(mdp, old, new):
    visits = mdp.visitation(new).astype(np.float32)
    gains = np.sum(np.float32(new) * mdp.advantage(old).astype(np.float32), axis=1)
    return visits @ gains


def e5_1_right_in_place(mdp, old, new):
    notes = np.array(new, dtype=float)
    notes *= mdp.advantage(old)
    notes *= mdp.visitation(new)[:, None]
    return notes.sum()


def e5_1_right_change_of_probabilities(world, before, after):
    # the mean of the advantage under its own policy is 0, so it may be taken off
    change = after - before
    return world.visitation(after) @ np.sum(change * world.advantage(before), axis=1)


def e5_1_right_zero_d_array(mdp, old, new):
    weights = mdp.visitation(new)[:, None] * new
    return np.array(np.vdot(weights, mdp.advantage(old)))


# 5.2 improve_everywhere
def e5_2_wrong_the_same_policy(mdp, pi):
    return pi.copy()


def e5_2_wrong_worst_action(mdp, pi):
    return np.eye(pi.shape[1])[mdp.advantage(pi).argmin(axis=1)]


def e5_2_wrong_myopic(mdp, pi):
    return np.eye(pi.shape[1])[mdp.reward.argmax(axis=1)]


def e5_2_wrong_best_next_value(mdp, pi):
    ahead = mdp.transition @ mdp.value(pi)
    return np.eye(pi.shape[1])[ahead.argmax(axis=1)]


def e5_2_wrong_epsilon_greedy(mdp, pi):
    actions = pi.shape[1]
    greedy = np.eye(actions)[mdp.advantage(pi).argmax(axis=1)]
    return 0.5 * greedy + 0.5 / actions


def e5_2_wrong_softmax_of_advantage(mdp, pi):
    weights = np.exp(mdp.advantage(pi))
    return weights / weights.sum(axis=1, keepdims=True)


def e5_2_wrong_tilt_against_advantage(mdp, pi):
    weights = pi * np.exp(-mdp.advantage(pi))
    return weights / weights.sum(axis=1, keepdims=True)


def e5_2_wrong_tilt_not_normalised(mdp, pi):
    return pi * np.exp(mdp.advantage(pi))


def e5_2_wrong_tilt_keeps_zeros(mdp, pi):
    weights = pi * np.exp(mdp.advantage(pi))
    return weights / weights.sum(axis=1, keepdims=True)


def e5_2_wrong_added_without_clipping(mdp, pi):
    return pi + 0.5 * mdp.advantage(pi)


def e5_2_wrong_only_the_most_promising_state(mdp, pi):
    advantage, new = mdp.advantage(pi), pi.copy()
    s, a = np.unravel_index(advantage.argmax(), advantage.shape)
    new[s] = np.eye(pi.shape[1])[a]
    return new


def e5_2_wrong_positive_part_over_its_sum(mdp, pi):
    better = np.maximum(mdp.advantage(pi), 0)
    with np.errstate(invalid="ignore"):
        return better / better.sum(axis=1, keepdims=True)


def e5_2_wrong_optimal_policy(mdp, pi):
    return optimal_policy(mdp)


def e5_2_wrong_one_action_for_all_states(mdp, pi):
    best = mdp.advantage(pi).mean(axis=0).argmax()
    return np.tile(np.eye(pi.shape[1])[best], (len(pi), 1))


def e5_2_wrong_indices(mdp, pi):
    return mdp.advantage(pi).argmax(axis=1)


def e5_2_wrong_greedy_over_states(mdp, pi):
    return np.eye(pi.shape[1])[mdp.advantage(pi).argmax(axis=0)]


def e5_2_wrong_waits_for_a_rise_in_every_state(mdp, pi):
    rng = np.random.default_rng(0)
    advantage = mdp.advantage(pi)
    while True:
        new = random_policy(rng, mdp)
        if np.all(np.sum(new * advantage, axis=1) > 0):
            return new


def e5_2_right_numpy(mdp, pi):
    greedy = np.zeros_like(pi)
    np.put_along_axis(greedy, mdp.advantage(pi).argmax(axis=1, keepdims=True), 1.0, axis=1)
    return 0.2 * pi + 0.8 * greedy


def e5_2_right_loops(mdp, pi):
    new = []
    for row in mdp.advantage(pi):
        best = max(range(len(row)), key=lambda a, row=row: row[a])
        new.append([1.0 if a == best else 0.0 for a in range(len(row))])
    return new


def e5_2_right_torch(mdp, pi):
    best = torch.tensor(mdp.advantage(pi)).argmax(dim=1)
    greedy = torch.nn.functional.one_hot(best, pi.shape[1]).double()
    return (torch.tensor(pi, dtype=torch.float64) + greedy) / 2


def e5_2_right_float32(mdp, pi):
    advantage = mdp.advantage(pi).astype(np.float32)
    return np.eye(pi.shape[1], dtype=np.float32)[advantage.argmax(axis=1)]


def e5_2_right_in_place(mdp, pi):
    new = np.array(pi, dtype=float)
    for row, advantage in zip(new, mdp.advantage(pi), strict=True):
        row *= 0.9
        row[advantage.argmax()] += 0.1
    return new


def e5_2_right_positive_parts_added(mdp, pi):
    raised = pi + np.maximum(mdp.advantage(pi), 0)
    return raised / raised.sum(axis=1, keepdims=True)


def e5_2_right_half_way_then_tilted(world, policy):
    A = world.advantage(policy)
    between = 0.5 * policy + 0.5 * np.eye(policy.shape[1])[A.argmax(axis=1)]
    weights = between * np.exp(A - A.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def e5_2_right_greedy_only_where_it_helps(mdp, pi):
    A = mdp.advantage(pi)
    greedy = np.eye(pi.shape[1])[A.argmax(axis=1)]
    return np.where(A.max(axis=1, keepdims=True) > 1e-13, greedy, pi)


# 5.3 guess_error
def e5_3_wrong_guess_counts_after_the_end(mdp, pi, f):
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_no_discount(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_normalised_visits(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return (1 - mdp.gamma) * mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_mean_over_visits(mdp, pi, f):
    f, rho = f * mdp.live, mdp.visitation(pi)
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return rho @ (ahead - f) / rho.sum()


def e5_3_wrong_start_for_visits(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.start @ (ahead - f)


def e5_3_wrong_sign(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ (f - ahead)


def e5_3_wrong_bound_of_the_next_equation(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return np.abs(mdp.live * (ahead - f)).max() / (1 - mdp.gamma)


def e5_3_wrong_absolute_residuals(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ np.abs(ahead - f)


def e5_3_wrong_no_reward(mdp, pi, f):
    f = f * mdp.live
    ahead = mdp.gamma * np.sum(pi * (mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_uniform_actions(mdp, pi, f):
    f = f * mdp.live
    ahead = np.mean(mdp.reward + mdp.gamma * mdp.transition @ f, axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_guess_not_subtracted(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ ahead


def e5_3_wrong_mask_inverted(mdp, pi, f):
    f = f * mdp.absorbing
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_transition_backwards(mdp, pi, f):
    f = f * mdp.live
    before = np.einsum("tas,t->sa", mdp.transition, f)
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * before), axis=1)
    return mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_squared_residuals(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) @ (ahead - f) ** 2


def e5_3_wrong_return_instead_of_error(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.start @ f + mdp.visitation(pi) @ (ahead - f)


def e5_3_wrong_true_value_ahead(mdp, pi, f):
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ mdp.value(pi)), axis=1)
    return mdp.visitation(pi) @ (ahead - f * mdp.live)


def e5_3_wrong_one_number_a_state(mdp, pi, f):
    f = f * mdp.live
    ahead = np.sum(pi * (mdp.reward + mdp.gamma * mdp.transition @ f), axis=1)
    return mdp.visitation(pi) * (ahead - f)


def e5_3_right_numpy(mdp, pi, f):
    guess = np.where(mdp.live > 0, f, 0.0)
    residual = np.einsum("sa,sa->s", pi, mdp.reward + mdp.gamma * mdp.transition @ guess) - guess
    return np.dot(mdp.visitation(pi), residual)


def e5_3_right_loops(mdp, pi, f):
    states, actions = pi.shape
    guess = [f[s] if mdp.live[s] else 0.0 for s in range(states)]
    visits, total = mdp.visitation(pi), 0.0
    for s in range(states):
        ahead = 0.0
        for a in range(actions):
            future = sum(mdp.transition[s, a, t] * guess[t] for t in range(states))
            ahead += pi[s, a] * (mdp.reward[s, a] + mdp.gamma * future)
        total += visits[s] * (ahead - guess[s])
    return float(total)


def e5_3_right_torch(mdp, pi, f):
    moves, reward = torch.tensor(mdp.transition), torch.tensor(mdp.reward)
    pi_t, guess = torch.tensor(pi, dtype=torch.float64), torch.tensor(f * mdp.live)
    ahead = (pi_t * (reward + mdp.gamma * moves @ guess)).sum(1)
    return torch.tensor(mdp.visitation(pi)) @ (ahead - guess)


def e5_3_right_float32(mdp, pi, f):
    guess = np.float32(f) * np.float32(mdp.live)
    values = np.float32(mdp.reward) + np.float32(mdp.gamma) * (np.float32(mdp.transition) @ guess)
    residual = np.sum(np.float32(pi) * values, axis=1) - guess
    return np.float32(mdp.visitation(pi)) @ residual


def e5_3_right_in_place(mdp, pi, f):
    guess = np.array(f, dtype=float)
    guess[mdp.live == 0] = 0
    residual = mdp.transition @ guess
    residual *= mdp.gamma
    residual += mdp.reward
    residual *= pi
    return mdp.visitation(pi) @ (residual.sum(axis=1) - guess)


def e5_3_right_reward_and_guess_apart(world, policy, guess):
    # rewards collected, plus discounted guesses arrived at, less guesses left behind
    guess = guess * world.live
    weight = world.visitation(policy)[:, None] * policy
    arrived = np.einsum("sa,sat,t->", weight, world.transition, guess)
    return np.sum(weight * world.reward) + world.gamma * arrived - np.sum(weight * guess[:, None])


def e5_3_right_from_every_state(mdp, pi, f):
    live = mdp.live
    f = f * live
    chain = np.einsum("sa,sat->st", pi, mdp.transition) * live * live[:, None]
    residual = live * (np.sum(pi * mdp.reward, axis=1) + mdp.gamma * chain @ f - f)
    errors = np.linalg.solve(np.eye(len(f)) - mdp.gamma * chain, residual)
    return np.array(mdp.start @ errors)


WRONG = {
    "5.1": [
        (e5_1_wrong_old_visits, "counts the old policy's visits: that is the surrogate"),
        (e5_1_wrong_old_actions, "averages the advantage over the old policy's actions, which is always 0"),
        (e5_1_wrong_new_advantage, "takes the new policy's advantage, whose mean under the new policy is 0"),
        (e5_1_wrong_roles_swapped, "old and new swapped everywhere: the difference with the other sign"),
        (e5_1_wrong_old_actions_new_advantage, "new visits, but the actions of the old and the advantage of the new"),
        (e5_1_wrong_normalised_by_one_minus_gamma, "normalises the visits by 1 − γ; the lemma adds them up"),
        (e5_1_wrong_average_over_visits, "averages over the visits instead of adding them up"),
        (e5_1_wrong_mean_over_actions, "divides by the number of actions: mean for sum"),
        (e5_1_wrong_first_action_only, "weighs by the start distribution: only the first step is counted"),
        (e5_1_wrong_actions_unweighted, "forgets the new policy's probabilities in the sum over actions"),
        (e5_1_wrong_q_for_advantage, "takes Q where the advantage belongs: V isn't subtracted"),
        (e5_1_wrong_ratio_without_old_weights, "weighs by the ratio new/old without the old policy's probability"),
        (e5_1_wrong_absolute_gains, "takes the absolute value of each state's gain"),
        (e5_1_wrong_one_number_a_state, "forgets the sum over states: returns a vector"),
        (e5_1_wrong_greedy_action, "counts only the likeliest action of the new policy"),
    ],
    "5.2": [
        (e5_2_wrong_the_same_policy, "returns the policy unchanged: no note is positive"),
        (e5_2_wrong_worst_action, "takes the action with the smallest advantage"),
        (e5_2_wrong_myopic, "greedy for the immediate reward, forgets the future (wrong only when the two disagree)"),
        (
            e5_2_wrong_best_next_value,
            "greedy for the next state's value, forgets the reward (wrong only where they disagree)",
        ),
        (e5_2_wrong_epsilon_greedy, "mixes greedy with uniform instead of pi (wrong only near a state's best)"),
        (e5_2_wrong_softmax_of_advantage, "tilts the uniform policy instead of pi (wrong only where pi isn't uniform)"),
        (e5_2_wrong_tilt_against_advantage, "sign of the exponent: bad actions become likelier"),
        (e5_2_wrong_tilt_not_normalised, "the tilted rows don't add up to 1"),
        (
            e5_2_wrong_tilt_keeps_zeros,
            "a tilt leaves probability 0 at 0 (wrong only when all good actions of a state have probability 0)",
        ),
        (e5_2_wrong_added_without_clipping, "adds the advantage to the probabilities: rows don't add up to 1"),
        (e5_2_wrong_only_the_most_promising_state, "improves one state only and leaves the other ones as they were"),
        (
            e5_2_wrong_positive_part_over_its_sum,
            "divides 0 by 0 (wrong only where a state has no action with a positive advantage)",
        ),
        (
            e5_2_wrong_optimal_policy,
            "the best policy needs not have a note of at least 0 everywhere (wrong only when pi is far from it)",
        ),
        (e5_2_wrong_one_action_for_all_states, "averages the advantages over the states: one action for all states"),
        (e5_2_wrong_indices, "returns the indices of the best actions, not a policy"),
        (e5_2_wrong_greedy_over_states, "argmax over the wrong axis: a row for each action"),
        (
            e5_2_wrong_waits_for_a_rise_in_every_state,
            "asks for a positive note in all states: never ends where some state is already at its best",
        ),
    ],
    "5.3": [
        (
            e5_3_wrong_guess_counts_after_the_end,
            "counts the guess where the episode is over (wrong only where some state absorbs and f isn't 0 there)",
        ),
        (e5_3_wrong_no_discount, "forgets γ before the next state's guess"),
        (e5_3_wrong_normalised_visits, "normalises the visits by 1 − γ"),
        (e5_3_wrong_mean_over_visits, "averages the residuals over the visits instead of adding them up"),
        (e5_3_wrong_start_for_visits, "weighs by the start distribution: only the first residual is counted"),
        (e5_3_wrong_sign, "guess minus target: the other sign"),
        (e5_3_wrong_bound_of_the_next_equation, "returns the bound (5.11) instead of the sum (5.10)"),
        (e5_3_wrong_absolute_residuals, "takes absolute residuals, which can't cancel"),
        (e5_3_wrong_no_reward, "forgets the reward in the residual"),
        (e5_3_wrong_uniform_actions, "averages over the actions alike instead of by pi"),
        (e5_3_wrong_guess_not_subtracted, "forgets to subtract f"),
        (e5_3_wrong_mask_inverted, "keeps f where the episode is over and sets it to 0 elsewhere"),
        (e5_3_wrong_transition_backwards, "sums over the state before instead of the state after"),
        (e5_3_wrong_squared_residuals, "squares the residuals, as in a loss"),
        (e5_3_wrong_return_instead_of_error, "adds the guess at the start: the return, not the error of the guess"),
        (e5_3_wrong_true_value_ahead, "uses the true value instead of the guess for the next state"),
        (e5_3_wrong_one_number_a_state, "forgets the sum over states: returns a vector"),
    ],
}

RIGHT = {
    "5.1": [
        (e5_1_right_numpy, "numpy"),
        (e5_1_right_loops, "loops"),
        (e5_1_right_torch, "torch"),
        (e5_1_right_float32, "float32"),
        (e5_1_right_in_place, "in-place"),
        (e5_1_right_change_of_probabilities, "other algebra: (new − old)·A, parameters renamed"),
        (e5_1_right_zero_d_array, "0-d array"),
    ],
    "5.2": [
        (e5_2_right_numpy, "numpy"),
        (e5_2_right_loops, "loops, list of lists"),
        (e5_2_right_torch, "torch"),
        (e5_2_right_float32, "float32"),
        (e5_2_right_in_place, "in-place"),
        (e5_2_right_positive_parts_added, "other algebra: adds positive parts, then normalises"),
        (e5_2_right_half_way_then_tilted, "tilt of a mixture, parameters renamed"),
        (e5_2_right_greedy_only_where_it_helps, "keeps pi where nothing is to be gained"),
    ],
    "5.3": [
        (e5_3_right_numpy, "numpy"),
        (e5_3_right_loops, "loops"),
        (e5_3_right_torch, "torch"),
        (e5_3_right_float32, "float32"),
        (e5_3_right_in_place, "in-place"),
        (e5_3_right_reward_and_guess_apart, "other algebra: three sums, parameters renamed"),
        (e5_3_right_from_every_state, "linear solve from every state, 0-d array"),
    ],
}
