"""Wrong answers to the exercises of lesson 00."""

import numpy as np


def return_averaged(rewards):
    return np.mean(rewards)


def return_last(rewards):
    return rewards[-1]


def return_first(rewards):
    return rewards[0]


def return_largest(rewards):
    return np.max(rewards)


def return_counted(rewards):
    return len(rewards)


def return_without_last(rewards):
    return sum(rewards[i] for i in range(len(rewards) - 1))


def return_without_first(rewards):
    return sum(rewards[i + 1] for i in range(len(rewards) - 1))


def return_running(rewards):
    return np.cumsum(rewards)


def return_negative(rewards):
    return -np.sum(rewards)


def return_nothing(rewards):
    np.sum(rewards)


def _backwards(rewards, step):
    values, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        values[t] = ahead = step(rewards[t], ahead)
    return values


def to_go_undiscounted(rewards, gamma):
    return np.cumsum(rewards[::-1])[::-1]


def to_go_from_the_start(rewards, gamma):
    return np.cumsum((rewards * gamma ** np.arange(len(rewards)))[::-1])[::-1]


def to_go_one_too_often(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: gamma * (r + ahead))


def to_go_without_now_discounted(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + gamma * ahead) - rewards


def to_go_without_now(rewards, gamma):
    return np.append(_backwards(rewards, lambda r, ahead: r + gamma * ahead)[1:], 0.0)


def to_go_of_the_past(rewards, gamma):
    return _backwards(rewards[::-1], lambda r, ahead: r + gamma * ahead)[::-1]


def to_go_reversed(rewards, gamma):
    return _backwards(rewards, lambda r, ahead: r + gamma * ahead)[::-1]


def to_go_averaged(rewards, gamma):
    returns = _backwards(rewards, lambda r, ahead: r + gamma * ahead)
    return np.array([g / (len(rewards) - t) for t, g in enumerate(returns)])


def to_go_two_terms(rewards, gamma):
    return np.array([r + gamma * n for r, n in zip(rewards, [*rewards[1:], 0.0], strict=True)])


def to_go_start_only(rewards, gamma):
    return float(rewards @ gamma ** np.arange(len(rewards)))


def to_go_in_place(rewards, gamma):
    for t in reversed(range(len(rewards) - 1)):
        rewards[t] += gamma * rewards[t + 1]
    return rewards


def backup_without_gamma(V, pi, P, r, gamma):
    return np.sum(pi * (r + P @ V), axis=1)


def backup_discounts_reward(V, pi, P, r, gamma):
    return gamma * np.sum(pi * (r + P @ V), axis=1)


def backup_without_reward(V, pi, P, r, gamma):
    return gamma * np.einsum("sa,sat,t->s", pi, P, V)


def backup_greedy(V, pi, P, r, gamma):
    return np.max(r + gamma * P @ V, axis=1)


def backup_of_actions(V, pi, P, r, gamma):
    return r + gamma * P @ V


def backup_unweighted(V, pi, P, r, gamma):
    return np.sum(r + gamma * P @ V, axis=1)


def backup_uniform(V, pi, P, r, gamma):
    return np.mean(r + gamma * P @ V, axis=1)


def backup_backwards(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * np.einsum("tas,t->sa", P, V)), axis=1)


def backup_without_moving(V, pi, P, r, gamma):
    return np.sum(pi * r, axis=1) + gamma * V


def backup_wrong_axis(V, pi, P, r, gamma):
    return np.sum(pi * (r + gamma * P @ V), axis=0)


def backup_sign(V, pi, P, r, gamma):
    return -np.sum(pi * (r + gamma * P @ V), axis=1)


def _move(pi, P):
    return np.einsum("sa,sat->st", pi, P)


def _solve(move, source, gamma):
    return np.linalg.solve(np.eye(len(source)) - gamma * move, source)


def visitation_normalised(mu, pi, P, gamma):
    rho = _solve(_move(pi, P).T, mu, gamma)
    return rho / rho.sum()


def visitation_without_start(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, mu, gamma) - mu


def visitation_one_too_often(mu, pi, P, gamma):
    return gamma * _solve(_move(pi, P).T, mu, gamma)


def visitation_not_transposed(mu, pi, P, gamma):
    return _solve(_move(pi, P), mu, gamma)


def visitation_of_the_uniform_policy(mu, pi, P, gamma):
    return _solve(P.mean(axis=1).T, mu, gamma)


def visitation_from_everywhere(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, np.ones(len(mu)) / len(mu), gamma)


def visitation_in_the_long_run(mu, pi, P, gamma):
    return mu @ np.linalg.matrix_power(_move(pi, P), 4000)


def visitation_of_two_steps(mu, pi, P, gamma):
    return mu + gamma * mu @ _move(pi, P)


def visitation_of_pairs(mu, pi, P, gamma):
    return _solve(_move(pi, P).T, mu, gamma)[:, None] * pi


def visitation_undiscounted(mu, pi, P, gamma):
    return mu / (1 - _move(pi, P).sum(axis=1).round(9))


WRONG_ANSWERS = {
    "0.1": [
        (return_averaged, "you average the rewards"),
        (return_last, "you return the last reward alone"),
        (return_first, "you return the first reward alone"),
        (return_largest, "you return the largest reward"),
        (return_counted, "you return the number of steps"),
        (return_without_last, "you leave out the last reward"),
        (return_without_first, "you leave out the first reward"),
        (return_running, "the shape is wrong: expected (), got (3,)"),
        (return_negative, "the sign is wrong"),
        (return_nothing, "is the return statement missing?"),
    ],
    "0.2": [
        (to_go_undiscounted, "you forgot γ"),
        (to_go_from_the_start, "you discount to the start of the episode"),
        (to_go_one_too_often, "you discount one step too often"),
        (to_go_without_now_discounted, "you leave out r_t: G_t begins with it"),
        (to_go_without_now, "you have G at t + 1"),
        (to_go_of_the_past, "you add up the past"),
        (to_go_reversed, "your order is reversed"),
        (to_go_averaged, "you average: G_t is a sum"),
        (to_go_two_terms, "and stop there"),
        (to_go_start_only, "the shape is wrong: expected (3,), got ()"),
        (to_go_in_place, "your function changes its arguments"),
    ],
    "0.3": [
        (backup_without_gamma, "you forgot γ"),
        (backup_discounts_reward, "you discount the reward too"),
        (backup_without_reward, "you forgot the reward"),
        (backup_greedy, "you take the best action"),
        (backup_of_actions, "you have one number for each action"),
        (backup_unweighted, "you add up the actions without their probabilities"),
        (backup_uniform, "you give every action the same weight"),
        (backup_backwards, "you follow the transitions backwards"),
        (backup_without_moving, "you stay where you are"),
        (backup_wrong_axis, "the shape is wrong"),
        (backup_sign, "the sign is wrong"),
    ],
    "0.4": [
        (visitation_normalised, "you have the normalised d"),
        (visitation_without_start, "you leave out t = 0"),
        (visitation_one_too_often, "you discount one step too often"),
        (visitation_not_transposed, "you follow the transitions backwards"),
        (visitation_of_the_uniform_policy, "you give every action the same weight"),
        (visitation_from_everywhere, "you start everywhere alike"),
        (visitation_in_the_long_run, "you have the share of time in the long run"),
        (visitation_of_two_steps, "you stop after the first step"),
        (visitation_of_pairs, "the shape is wrong"),
        (visitation_undiscounted, "infinite where a finite number is expected"),
    ],
}
