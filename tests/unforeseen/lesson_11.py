"""Answers to the exercises of lesson 11, written by somebody who knows the lesson and not its checks."""

import itertools
import math
from fractions import Fraction

import numpy as np
import torch

# 11.1 branch


def e11_1_wrong_restored_once(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    simulator.restore(saved)
    for k, action in enumerate(first_actions):
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_first_reward_discounted(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma ** (t + 1) * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_no_discount(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_goes_on_after_the_end(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, _ = simulator.step(action)
            q[k] += gamma**t * reward
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_last_reward_lost(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            if ended:
                break
            q[k] += gamma**t * reward
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_noise_one_late(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t - 1])
    return q


def e11_1_wrong_noise_used_up(simulator, saved, first_actions, policy, noise, gamma):
    q, numbers = np.zeros(len(first_actions)), itertools.cycle(noise)
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, next(numbers))
    return q


def e11_1_wrong_noise_of_their_own(simulator, saved, first_actions, policy, noise, gamma):
    q, rng = np.zeros(len(first_actions)), np.random.default_rng(0)
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        own = rng.permutation(noise)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, own[t])
    return q


def e11_1_wrong_one_step_short(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise)):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            action = policy(observation, noise[t])
    return q


def e11_1_wrong_same_action_throughout(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            _, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
    return q


def e11_1_wrong_mean_taken_off(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q - q.mean()


def e11_1_wrong_clock_not_reset(simulator, saved, first_actions, policy, noise, gamma):
    q, weight = np.zeros(len(first_actions)), 1.0
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += weight * reward
            weight *= gamma
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_one_end_ends_all(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended:
                return q
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_wrong_whole_numbers(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions), dtype=int)
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        total = 0.0
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            total += gamma**t * reward
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
        q[k] = total
    return q


def e11_1_right_numpy(simulator, saved, first_actions, policy, noise, gamma):
    steps = len(noise) + 1
    rewards = np.zeros((len(first_actions), steps))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(steps):
            observation, rewards[k, t], ended = simulator.step(action)
            if ended or t == steps - 1:
                break
            action = policy(observation, noise[t])
    return rewards @ gamma ** np.arange(steps)


def e11_1_right_loops(simulator, saved, first_actions, policy, noise, gamma):
    returns = []
    for action in first_actions:
        simulator.restore(saved)
        observation, reward, ended = simulator.step(action)
        total, weight = float(reward), 1.0
        for u in noise:
            if ended:
                break
            weight *= gamma
            observation, reward, ended = simulator.step(policy(observation, u))
            total += weight * float(reward)
        returns.append(total)
    return returns


def e11_1_right_torch(simulator, saved, first_actions, policy, noise, gamma):
    q = torch.zeros(len(first_actions), dtype=torch.float64)
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += gamma**t * reward
            if ended or t == len(noise):
                break
            action = policy(observation, noise[t])
    return q


def e11_1_right_float32(simulator, saved, first_actions, policy, noise, gamma):
    q = np.zeros(len(first_actions), dtype=np.float32)
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        weight = np.float32(1)
        for t in range(len(noise) + 1):
            observation, reward, ended = simulator.step(action)
            q[k] += weight * np.float32(reward)
            weight *= np.float32(gamma)
            if ended:
                break
            if t < len(noise):
                action = policy(observation, noise[t])
    return q


def e11_1_right_backwards(simulator, saved, first_actions, policy, noise, gamma):
    def grow(action):
        simulator.restore(saved)
        observation, reward, ended = simulator.step(action)
        rewards = [reward]
        for u in noise:
            if ended:
                break
            observation, reward, ended = simulator.step(policy(observation, u))
            rewards.append(reward)
        total = 0.0
        for reward in reversed(rewards):
            total = reward + gamma * total
        return total

    return np.array([grow(action) for action in first_actions])


def e11_1_right_recursion(simulator, saved, first_actions, policy, noise, gamma):
    def rest(action, t):
        observation, reward, ended = simulator.step(action)
        if ended or t == len(noise):
            return reward
        return reward + gamma * rest(policy(observation, noise[t]), t + 1)

    q = np.empty(len(first_actions))
    for k, action in enumerate(first_actions):
        simulator.restore(saved)
        q[k] = rest(action, 0)
    return q


# 11.2 truncated_q


def e11_2_wrong_one_step_more(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon + 1):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_one_step_less(mdp, pi, horizon):
    value, q = np.zeros(len(pi)), np.zeros_like(mdp.reward)
    for _ in range(horizon - 1):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_best_action(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = q.max(axis=1)
    return q


def e11_2_wrong_uniform_policy(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = q.mean(axis=1)
    return q


def e11_2_wrong_no_discount(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_first_reward_discounted(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = mdp.gamma * (mdp.reward + mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_transposed(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.gamma * np.einsum("sat,s->ta", mdp.transition, value)) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_value_returned(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return value


def e11_2_wrong_policy_weighs_the_first(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return pi * q


def e11_2_wrong_never_cut(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(3000):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_discount_grows_twice(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for h in range(horizon):
        q = (mdp.reward + mdp.gamma**h * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_mean_reward(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = (mdp.reward + mdp.gamma * mdp.transition @ value) * mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q / horizon


def e11_2_wrong_live_mask_left_out(mdp, pi, horizon):
    value = np.zeros(len(pi))
    for _ in range(horizon):
        q = mdp.reward + mdp.gamma * mdp.transition @ value
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_wrong_writes_into_the_reward(mdp, pi, horizon):
    value, q = np.zeros(len(pi)), mdp.reward
    for _ in range(horizon):
        q += mdp.gamma * mdp.transition @ value
        q *= mdp.live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_right_numpy(mdp, pi, horizon):
    pi = np.asarray(pi)
    q = mdp.reward * mdp.live[:, None]
    for _ in range(horizon - 1):
        q = mdp.live[:, None] * (mdp.reward + mdp.gamma * np.einsum("sat,tb,tb->sa", mdp.transition, pi, q))
    return q


def e11_2_right_loops(mdp, pi, horizon):
    S, A = len(pi), len(pi[0])
    value = [0.0] * S
    for _ in range(horizon):
        q = [[0.0] * A for _ in range(S)]
        for s in range(S):
            if mdp.live[s]:
                for a in range(A):
                    ahead = sum(mdp.transition[s, a, t] * value[t] for t in range(S))
                    q[s][a] = float(mdp.reward[s, a] + mdp.gamma * ahead)
        value = [sum(pi[s][a] * q[s][a] for a in range(A)) for s in range(S)]
    return q


def e11_2_right_torch(mdp, pi, horizon):
    transition, reward, live, pi = (
        torch.as_tensor(np.array(x, dtype=float)) for x in (mdp.transition, mdp.reward, mdp.live, pi)
    )
    value = torch.zeros(len(pi), dtype=torch.float64)
    for _ in range(horizon):
        q = (reward + mdp.gamma * transition @ value) * live[:, None]
        value = (pi * q).sum(dim=1)
    return q


def e11_2_right_float32(mdp, pi, horizon):
    transition, reward, live, pi = (np.float32(x) for x in (mdp.transition, mdp.reward, mdp.live, pi))
    value = np.zeros(len(pi), dtype=np.float32)
    for _ in range(horizon):
        q = (reward + np.float32(mdp.gamma) * transition @ value) * live[:, None]
        value = np.sum(pi * q, axis=1)
    return q


def e11_2_right_in_place(mdp, pi, horizon):
    reward = np.array(mdp.reward, dtype=float)
    reward *= mdp.live[:, None]
    q, earned = reward.copy(), np.zeros(len(reward))
    for _ in range(horizon - 1):
        earned[:] = (pi * q).sum(axis=1)
        q[:] = mdp.transition @ earned
        q *= mdp.gamma
        q *= mdp.live[:, None]
        q += reward
    return q


def e11_2_right_forwards(mdp, pi, horizon):
    # Carries the law of the state forwards, and adds up what is earned on the way.
    live = np.asarray(mdp.live)
    earned = np.sum(pi * mdp.reward, axis=1) * live
    step = np.einsum("sa,sat->st", pi, mdp.transition) * live[:, None]
    total, law = mdp.reward * live[:, None], mdp.transition * live[:, None, None]
    for t in range(1, horizon):
        total = total + mdp.gamma**t * law @ earned
        law = law @ step
    return total


def e11_2_right_recursion(mdp, pi, horizon):
    if horizon == 0:
        return np.zeros_like(pi)
    value = np.sum(pi * e11_2_right_recursion(mdp, pi, horizon - 1), axis=1)
    return np.where(mdp.live[:, None] > 0, mdp.reward + mdp.gamma * np.dot(mdp.transition, value), 0)


# 11.3 self_normalised_surrogate


def e11_3_wrong_whole_batch_normalised(ratio, q, scores):
    weights = ratio / ratio.sum()
    value = np.sum(weights * q)
    return value, np.einsum("nk,nkp->p", weights * (q - value), scores)


def e11_3_wrong_no_level(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1)
    return level.mean(), np.einsum("nk,nkp->p", weights * q, scores) / len(q)


def e11_3_wrong_plain_mean_as_level(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    value = np.sum(weights * q, axis=1).mean()
    return value, np.einsum("nk,nkp->p", weights * (q - q.mean(axis=1, keepdims=True)), scores) / len(q)


def e11_3_wrong_one_level_for_all(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    value = np.sum(weights * q, axis=1).mean()
    return value, np.einsum("nk,nkp->p", weights * (q - value), scores) / len(q)


def e11_3_wrong_gradient_summed(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (q - level), scores)


def e11_3_wrong_value_summed(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.sum(), np.einsum("nk,nkp->p", weights * (q - level), scores) / len(q)


def e11_3_wrong_mean_over_branches_too(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (q - level), scores) / q.size


def e11_3_wrong_axis(ratio, q, scores):
    weights = ratio / ratio.sum(axis=0, keepdims=True)
    level = np.sum(weights * q, axis=0, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (q - level), scores) / q.shape[1]


def e11_3_wrong_not_normalised(ratio, q, scores):
    return np.mean(ratio * q), np.einsum("nk,nkp->p", ratio * q, scores) / q.size


def e11_3_wrong_gradient_without_weights(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", (q - level) / q.shape[1], scores) / len(q)


def e11_3_wrong_ratio_for_weights(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", ratio * (q - level), scores) / len(q)


def e11_3_wrong_leave_one_out(ratio, q, scores):
    weights, K = ratio / ratio.sum(axis=1, keepdims=True), q.shape[1]
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (q - level), scores) / len(q) * K / (K - 1)


def e11_3_wrong_softmax_of_ratios(ratio, q, scores):
    weights = np.exp(ratio) / np.exp(ratio).sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (q - level), scores) / len(q)


def e11_3_wrong_downhill(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (level - q), scores) / len(q)


def e11_3_wrong_gradient_of_each_state(ratio, q, scores):
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.ravel(), np.einsum("nk,nkp->np", weights * (q - level), scores)


def e11_3_wrong_divides_in_place(ratio, q, scores):
    ratio /= ratio.sum(axis=1, keepdims=True)
    level = np.sum(ratio * q, axis=1, keepdims=True)
    q -= level
    return level.mean(), np.einsum("nk,nkp->p", ratio * q, scores) / len(q)


def e11_3_right_numpy(ratio, q, scores):
    total = ratio.sum(axis=1)
    level = (ratio * q).sum(axis=1) / total
    weights = ratio / total[:, None]
    each = ((weights * (q - level[:, None]))[:, :, None] * scores).sum(axis=1)
    return np.mean(level), each.mean(axis=0)


def e11_3_right_loops(ratio, q, scores):
    N, K, p = len(q), len(q[0]), len(scores[0][0])
    value, gradient = 0.0, [0.0] * p
    for n in range(N):
        total = sum(ratio[n])
        level = sum(ratio[n][k] * q[n][k] for k in range(K)) / total
        value += float(level) / N
        for k in range(K):
            for i in range(p):
                gradient[i] += float(ratio[n][k] / total * (q[n][k] - level) * scores[n][k][i]) / N
    return value, gradient


def e11_3_right_torch(ratio, q, scores):
    ratio, q, scores = (torch.as_tensor(np.asarray(x, dtype=float)) for x in (ratio, q, scores))
    shift = torch.zeros(scores.shape[-1], dtype=torch.float64, requires_grad=True)
    moved = ratio * torch.exp(scores @ shift)  # its gradient at 0 is ratio times score
    value = ((moved * q).sum(dim=1) / moved.sum(dim=1)).mean()
    (gradient,) = torch.autograd.grad(value, shift)
    return value.detach(), gradient


def e11_3_right_float32(ratio, q, scores):
    ratio, q, scores = (np.asarray(x, dtype=np.float32) for x in (ratio, q, scores))
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.sum(weights * q, axis=1, keepdims=True)
    return level.mean(), np.einsum("nk,nkp->p", weights * (q - level), scores) / np.float32(len(q))


def e11_3_right_in_place(ratio, q, scores):
    weights, centred = np.array(ratio, dtype=float), np.array(q, dtype=float)
    weights /= weights.sum(axis=1, keepdims=True)
    level = np.einsum("nk,nk->n", weights, centred)
    centred -= level[:, None]
    centred *= weights
    return np.array(level.mean()), np.tensordot(centred, scores, axes=2) / len(level)


def e11_3_right_pairs(ratio, q, scores):
    N, K = q.shape
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    gradient = np.zeros(scores.shape[-1])
    for k, j in itertools.combinations(range(K), 2):
        pair = weights[:, k] * weights[:, j] * (q[:, k] - q[:, j])
        gradient += pair @ (scores[:, k] - scores[:, j])
    return (weights * q).sum() / N, gradient / N


def e11_3_right_mean_of_scores(ratio, q, scores):
    # The covariance of returns and scores under the weights: mean of the product less product of the means.
    weights = ratio / ratio.sum(axis=1, keepdims=True)
    level = np.einsum("nk,nk->n", weights, q)
    both = np.einsum("nk,nk,nkp->np", weights, q, scores)
    return level.mean(), (both - level[:, None] * np.einsum("nk,nkp->np", weights, scores)).mean(axis=0)


# 11.4 best_branches


def e11_4_wrong_formula_rounded(between, within, horizon, budget):
    K = max(2, round(math.sqrt(within / (between * horizon))))
    return K, (between + within / K) / max(1, budget // (1 + K * horizon))


def e11_4_wrong_one_branch_allowed(between, within, horizon, budget):
    tries = np.arange(1, (budget - 1) // horizon + 1)
    variances = (between + within / tries) / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_trunk_is_free(between, within, horizon, budget):
    tries = np.arange(2, budget // horizon + 1)
    variances = (between + within / tries) / (budget // (tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_fractions_of_states(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within / tries) / (budget / (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_states_rounded_up(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within / tries) / np.ceil(budget / (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_largest_variance(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within / tries) / (budget // (1 + tries * horizon))
    worst = variances.argmax()
    return tries[worst], variances[worst]


def e11_4_wrong_place_for_number(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within / tries) / (budget // (1 + tries * horizon))
    return variances.argmin(), variances.min()


def e11_4_wrong_squared_again(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between**2 + within**2 / tries) / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_both_divided(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within) / tries / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_within_not_divided(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = (between + within) / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_trunk_for_each_branch(between, within, horizon, budget):
    tries = np.arange(2, budget // (1 + horizon) + 1)
    variances = (between + within / tries) / (budget // (tries * (1 + horizon)))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_variance_of_one_state(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon + 1)
    variances = between + within / tries
    best = (variances / (budget // (1 + tries * horizon))).argmin()
    return tries[best], variances[best]


def e11_4_wrong_first_rise_ends_it(between, within, horizon, budget):
    def variance(K):
        return (between + within / K) / (budget // (1 + K * horizon))

    K = 2
    while 1 + (K + 1) * horizon <= budget and variance(K + 1) < variance(K):
        K += 1
    return K, variance(K)


def e11_4_wrong_at_most_eight(between, within, horizon, budget):
    tries = np.arange(2, min(8, (budget - 1) // horizon) + 1)
    variances = (between + within / tries) / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_wrong_no_last_branch(between, within, horizon, budget):
    tries = np.arange(2, (budget - 1) // horizon)
    variances = (between + within / tries) / (budget // (1 + tries * horizon))
    best = variances.argmin()
    return tries[best], variances[best]


def e11_4_right_numpy(between, within, horizon, budget):
    K = np.arange(2, budget + 1)
    states = budget // (1 + K * horizon)
    K, states = K[states > 0], states[states > 0]
    variance = between / states + within / (K * states)
    return K[np.argmin(variance)], np.min(variance)


def e11_4_right_loops(between, within, horizon, budget):
    best, least, K = None, math.inf, 2
    while 1 + K * horizon <= budget:
        variance = (between + within / K) / (budget // (1 + K * horizon))
        if variance < least:
            best, least = K, variance
        K += 1
    return best, least


def e11_4_right_min_with_key(between, within, horizon, budget):
    def variance(K):
        return (between + within / K) / (budget // (1 + K * horizon))

    K = min(range(2, (budget - 1) // horizon + 1), key=variance)
    return K, variance(K)


def e11_4_right_torch(between, within, horizon, budget):
    K = torch.arange(2, (budget - 1) // horizon + 1)
    N = torch.div(budget, 1 + K * horizon, rounding_mode="floor").double()
    least, place = torch.min((between + within / K.double()) / N, dim=0)
    return K[place], least


def e11_4_right_float32(between, within, horizon, budget):
    K = np.arange(2, (budget - 1) // horizon + 1)
    N = (budget // (1 + K * horizon)).astype(np.float32)
    variances = (np.float32(between) + np.float32(within) / K.astype(np.float32)) / N
    return K[variances.argmin()], variances.min()


def e11_4_right_fractions(between, within, horizon, budget):
    tries = []
    for K in range(2, (int(budget) - 1) // int(horizon) + 1):
        variance = Fraction(float(between)) + Fraction(float(within)) / K
        tries.append((variance / (int(budget) // (1 + K * int(horizon))), K))
    variance, K = min(tries)
    return np.array([K, float(variance)])


WRONG = {
    "11.1": [
        (e11_1_wrong_restored_once, "goes back to the saved state once, and not before each branch"),
        (e11_1_wrong_first_reward_discounted, "discounts the first reward already"),
        (e11_1_wrong_no_discount, "doesn't discount"),
        (e11_1_wrong_goes_on_after_the_end, "goes on stepping and counting after the branch has ended"),
        (e11_1_wrong_last_reward_lost, "leaves out the reward of the step that ends the branch"),
        (e11_1_wrong_noise_one_late, "the second step uses the last number and not the first: index one too low"),
        (
            e11_1_wrong_noise_used_up,
            "draws the numbers one after the other, so branches that end early shift the others'",
        ),
        (e11_1_wrong_noise_of_their_own, "gives each branch another order of the numbers: no common noise"),
        (e11_1_wrong_one_step_short, "a branch has one step too few, len(noise)"),
        (e11_1_wrong_same_action_throughout, "repeats the first action and never asks the policy"),
        (e11_1_wrong_mean_taken_off, "subtracts the mean of the branches"),
        (e11_1_wrong_clock_not_reset, "the discount goes on from one branch to the next"),
        (e11_1_wrong_one_end_ends_all, "the end of one branch ends the whole loop"),
        (e11_1_wrong_whole_numbers, "stores the returns as whole numbers"),
    ],
    "11.2": [
        (e11_2_wrong_one_step_more, "one reward too many"),
        (e11_2_wrong_one_step_less, "one reward too few"),
        (e11_2_wrong_best_action, "takes the best action afterwards and not the policy's"),
        (e11_2_wrong_uniform_policy, "averages over the actions with equal weights instead of the policy's"),
        (e11_2_wrong_no_discount, "doesn't discount"),
        (e11_2_wrong_first_reward_discounted, "discounts the first reward already"),
        (e11_2_wrong_transposed, "sums over the state that is left and not over the one that is reached"),
        (e11_2_wrong_value_returned, "returns the values of the states instead of Q"),
        (e11_2_wrong_policy_weighs_the_first, "multiplies by the probability of the first action, which is given"),
        (e11_2_wrong_never_cut, "ignores the horizon and returns Q itself"),
        (e11_2_wrong_discount_grows_twice, "discounts with the power of the step on top of the recursion"),
        (e11_2_wrong_mean_reward, "divides by the horizon: a mean instead of a sum"),
        (e11_2_wrong_live_mask_left_out, "forgets the mask (only where an absorbing state's row of rewards isn't 0)"),
        (e11_2_wrong_writes_into_the_reward, "adds into mdp.reward itself (wrong from a horizon of 3 on)"),
    ],
    "11.3": [
        (e11_3_wrong_whole_batch_normalised, "divides by the sum of all ratios instead of each state's own"),
        (e11_3_wrong_no_level, "the gradient has no level subtracted"),
        (e11_3_wrong_plain_mean_as_level, "subtracts the plain mean of the state, not the weighted one"),
        (e11_3_wrong_one_level_for_all, "subtracts one level, the mean over all states"),
        (e11_3_wrong_gradient_summed, "sums the gradient over the states instead of averaging"),
        (e11_3_wrong_value_summed, "sums the value over the states instead of averaging"),
        (e11_3_wrong_mean_over_branches_too, "divides the gradient by the number of branches as well"),
        (e11_3_wrong_axis, "normalises over the states instead of the branches"),
        (e11_3_wrong_not_normalised, "plain importance weights, not normalised"),
        (e11_3_wrong_gradient_without_weights, "the gradient weighs all branches alike, right only at the old policy"),
        (e11_3_wrong_ratio_for_weights, "the gradient has the ratios in place of the normalised weights"),
        (e11_3_wrong_leave_one_out, "stretches the gradient by K / (K - 1)"),
        (e11_3_wrong_softmax_of_ratios, "normalises the exponentials of the ratios"),
        (e11_3_wrong_downhill, "sign of the gradient turned round"),
        (e11_3_wrong_gradient_of_each_state, "value and gradient of each state, without the mean"),
        (e11_3_wrong_divides_in_place, "right numbers, but ratio and q are overwritten"),
    ],
    "11.4": [
        (e11_4_wrong_formula_rounded, "rounds the formula's K instead of trying the whole numbers"),
        (e11_4_wrong_one_branch_allowed, "allows a single branch (only when K = 1 is best)"),
        (e11_4_wrong_trunk_is_free, "forgets the one call to reach the state"),
        (e11_4_wrong_fractions_of_states, "counts fractions of states"),
        (e11_4_wrong_states_rounded_up, "counts a state that the budget pays only in part"),
        (e11_4_wrong_largest_variance, "takes the largest variance instead of the smallest"),
        (e11_4_wrong_place_for_number, "returns the place in the list instead of K: two too few"),
        (e11_4_wrong_squared_again, "squares the two variances once more"),
        (e11_4_wrong_both_divided, "divides the variance between states by K as well"),
        (e11_4_wrong_within_not_divided, "doesn't divide the variance within a state by K"),
        (e11_4_wrong_trunk_for_each_branch, "charges K (1 + H) calls a state instead of 1 + K H"),
        (e11_4_wrong_variance_of_one_state, "returns the variance of one state, not divided by N"),
        (e11_4_wrong_first_rise_ends_it, "stops at the first rise; whole numbers make the variance go up and down"),
        (e11_4_wrong_at_most_eight, "tries no more than eight branches (only when more are better)"),
        (e11_4_wrong_no_last_branch, "leaves out the largest K that the budget allows (only when it is the best)"),
    ],
}

RIGHT = {
    "11.1": [
        (e11_1_right_numpy, "numpy"),
        (e11_1_right_loops, "loops"),
        (e11_1_right_torch, "torch"),
        (e11_1_right_float32, "float32, running discount in place"),
        (e11_1_right_backwards, "rewards added up backwards"),
        (e11_1_right_recursion, "recursion"),
    ],
    "11.2": [
        (e11_2_right_numpy, "numpy"),
        (e11_2_right_loops, "loops"),
        (e11_2_right_torch, "torch"),
        (e11_2_right_float32, "float32"),
        (e11_2_right_in_place, "in-place"),
        (e11_2_right_forwards, "law of the state, forwards"),
        (e11_2_right_recursion, "recursion"),
    ],
    "11.3": [
        (e11_3_right_numpy, "numpy"),
        (e11_3_right_loops, "loops"),
        (e11_3_right_torch, "torch, by autograd"),
        (e11_3_right_float32, "float32"),
        (e11_3_right_in_place, "in-place on copies, 0-d array"),
        (e11_3_right_pairs, "by pairs of branches"),
        (e11_3_right_mean_of_scores, "mean of the product less product of the means"),
    ],
    "11.4": [
        (e11_4_right_numpy, "numpy"),
        (e11_4_right_loops, "loops"),
        (e11_4_right_min_with_key, "min with a key"),
        (e11_4_right_torch, "torch"),
        (e11_4_right_float32, "float32"),
        (e11_4_right_fractions, "exact fractions, np.array instead of a tuple"),
    ],
}
