"""Answers to the exercises of lesson 14, written by somebody who knows the lesson and not its checks."""

import math
from types import SimpleNamespace

import numpy as np
import torch

# 14.1 optimal_policy


def e14_1_wrong_times_beta(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward * beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), beta * log_z


def e14_1_wrong_no_reference(reference, reward, beta):
    exponent = reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), beta * log_z


def e14_1_wrong_value_without_beta(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), log_z


def e14_1_wrong_value_is_the_reward(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward / beta
    weights = np.exp(exponent - exponent.max())
    pi = weights / weights.sum()
    return pi, pi @ reward


def e14_1_wrong_top_not_added_back(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward / beta
    weights = np.exp(exponent - exponent.max())
    return weights / weights.sum(), beta * np.log(weights.sum())


def e14_1_wrong_not_normalised(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward / beta
    top = exponent.max()
    return np.exp(exponent - top), beta * (top + np.log(np.exp(exponent - top).sum()))


def e14_1_wrong_overflows(reference, reward, beta):
    with np.errstate(over="ignore", invalid="ignore"):
        tilted = reference * np.exp(reward / beta)
        return tilted / tilted.sum(), beta * np.log(tilted.sum())


def e14_1_wrong_reward_avoided(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) - reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), beta * log_z


def e14_1_wrong_greedy(reference, reward, beta):
    allowed = np.where(reference > 0, reward, -np.inf)
    pi = np.zeros(len(reward))
    pi[allowed.argmax()] = 1.0
    return pi, reward[allowed.argmax()] + beta * np.log(reference[allowed.argmax()])


def e14_1_wrong_other_direction(reference, reward, beta):
    low, high = np.max(reward[reference > 0]), np.max(reward) + beta
    for _ in range(200):
        nu = (low + high) / 2
        pi = beta * reference / np.maximum(nu - reward, 1e-300)
        low, high = (nu, high) if pi.sum() > 1 else (low, nu)
    return pi, nu


def e14_1_wrong_reference_made_positive(reference, reward, beta):
    exponent = np.log(reference + 1e-8) + reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), beta * log_z


def e14_1_wrong_reference_tempered(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = (np.log(reference) + reward) / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), beta * log_z


def e14_1_wrong_largest_reward_subtracted(reference, reward, beta):
    with np.errstate(all="ignore"):
        tilted = reference * np.exp((reward - reward.max()) / beta)
        return tilted / tilted.sum(), reward.max() + beta * np.log(tilted.sum())


def e14_1_wrong_value_first(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return beta * log_z, np.exp(exponent - log_z)


def e14_1_wrong_zero_times_infinity(reference, reward, beta):
    with np.errstate(all="ignore"):
        exponent = np.log(reference) + reward / beta
        top = exponent.max()
        log_z = top + np.log(np.exp(exponent - top).sum())
        pi = np.exp(exponent - log_z)
        return pi, pi @ reward - beta * np.sum(pi * np.log(pi / reference))


def e14_1_wrong_log_base_two(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log2(reference) + reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), beta * log_z


def e14_1_right_numpy(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + np.asarray(reward) / beta
    log_z = np.logaddexp.reduce(exponent)
    return np.exp(exponent - log_z), beta * log_z


def e14_1_right_loops(reference, reward, beta):
    exponents = [math.log(p) + r / beta if p > 0 else -math.inf for p, r in zip(reference, reward, strict=True)]
    top = max(exponents)
    weights = [math.exp(x - top) for x in exponents]
    total = math.fsum(weights)
    return [w / total for w in weights], float(beta * (top + math.log(total)))


def e14_1_right_torch(reference, reward, beta):
    exponent = torch.as_tensor(np.array(reference, dtype=float)).log()
    exponent = exponent + torch.as_tensor(np.array(reward, dtype=float)) / beta
    return torch.softmax(exponent, dim=0), beta * torch.logsumexp(exponent, dim=0)


def e14_1_right_float32(reference, reward, beta):
    reference, reward, beta = np.float32(reference), np.float32(reward), np.float32(beta)
    possible = reference > 0
    top = reward[possible].max()
    weights = np.where(possible, reference * np.exp(np.minimum(reward - top, 0) / beta), np.float32(0))
    total = weights.sum()
    return weights / total, top + beta * np.log(total)


def e14_1_right_in_place(reference, reward, beta):
    pi = np.zeros(len(reference))
    possible = np.flatnonzero(np.asarray(reference) > 0)
    exponent = np.log(np.asarray(reference)[possible])
    exponent += np.asarray(reward)[possible] / beta
    top = exponent.max()
    exponent -= top
    np.exp(exponent, out=exponent)
    pi[possible] = exponent / exponent.sum()
    return pi, np.array(beta * top + beta * np.log(exponent.sum()))


def e14_1_right_value_from_the_objective(reference, reward, beta):
    # The value is what the best policy earns less what it pays.
    seen = np.asarray(reference) > 0
    exponent = np.log(np.where(seen, reference, 1.0)) + reward / beta
    weights = np.where(seen, np.exp(np.minimum(exponent - exponent[seen].max(), 0)), 0.0)
    pi = weights / weights.sum()
    used = pi > 0
    price = beta * np.sum(pi[used] * np.log(pi[used] / reference[used]))
    return pi, pi @ reward - price


# 14.2 group_advantages


def e14_2_wrong_n_minus_one(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    spread = rewards.std(axis=1, ddof=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_mean_of_all_groups(rewards, divide):
    centred = rewards - rewards.mean()
    if not divide:
        return centred
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_spread_of_all_groups(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    return centred / max(rewards.std(), 1e-12) if divide else centred


def e14_2_wrong_axis(rewards, divide):
    centred = rewards - rewards.mean(axis=0, keepdims=True)
    if not divide:
        return centred
    spread = rewards.std(axis=0, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_never_divided(rewards, divide):
    return rewards - rewards.mean(axis=1, keepdims=True)


def e14_2_wrong_always_divided(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_nan(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return centred / rewards.std(axis=1, keepdims=True) if divide else centred


def e14_2_wrong_variance(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    spread = rewards.var(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_not_centred(rewards, divide):
    if not divide:
        return rewards
    spread = rewards.std(axis=1, keepdims=True)
    return rewards / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_mean_of_the_others(rewards, divide):
    n = rewards.shape[1]
    centred = rewards - (rewards.sum(axis=1, keepdims=True) - rewards) / (n - 1)
    if not divide:
        return centred
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_median(rewards, divide):
    centred = rewards - np.median(rewards, axis=1, keepdims=True)
    if not divide:
        return centred
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_flag_turned_round(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if divide:
        return centred
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_mean_distance(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    spread = np.abs(centred).mean(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def e14_2_wrong_divided_before_centring(rewards, divide):
    mean = rewards.mean(axis=1, keepdims=True)
    if not divide:
        return rewards - mean
    spread = rewards.std(axis=1, keepdims=True)
    return rewards / np.where(spread > 1e-12, spread, 1) - mean


def e14_2_wrong_flattened(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if divide:
        spread = rewards.std(axis=1, keepdims=True)
        centred = centred / np.where(spread > 1e-12, spread, 1)
    return centred.ravel()


def e14_2_wrong_small_spread_is_no_zero(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 0, spread, 1)


def e14_2_wrong_tenth_added(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    return centred / (rewards.std(axis=1, keepdims=True) + 0.1) if divide else centred


def e14_2_wrong_overwrites_the_rewards(rewards, divide):
    rewards -= rewards.mean(axis=1, keepdims=True)
    if divide:
        spread = rewards.std(axis=1, keepdims=True)
        rewards /= np.where(spread > 1e-12, spread, 1)
    return rewards


def e14_2_right_numpy(rewards, divide):
    centred = rewards - np.mean(rewards, axis=-1)[:, None]
    if divide:
        spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True))
        alike = np.ptp(rewards, axis=-1, keepdims=True) == 0
        centred = np.where(alike, 0.0, centred / np.where(alike, 1.0, spread))
    return centred


def e14_2_right_loops(rewards, divide):
    advantages = []
    for group in rewards:
        mean = math.fsum(group) / len(group)
        row = [float(r) - mean for r in group]
        if divide:
            spread = math.sqrt(math.fsum(a * a for a in row) / len(row))
            row = [0.0] * len(row) if max(group) == min(group) else [a / spread for a in row]
        advantages.append(row)
    return advantages


def e14_2_right_torch(rewards, divide):
    rewards = torch.as_tensor(np.array(rewards, dtype=float))
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    if not divide:
        return centred
    spread = rewards.std(dim=1, correction=0, keepdim=True)
    return torch.where(spread > 1e-12, centred / spread.clamp(min=1e-12), torch.zeros_like(centred))


def e14_2_right_float32(rewards, divide):
    rewards = np.asarray(rewards, dtype=np.float32)
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if divide:
        spread = centred.std(axis=1, keepdims=True)
        different = rewards.max(axis=1, keepdims=True) > rewards.min(axis=1, keepdims=True)
        centred = np.where(different, centred / np.where(different, spread, 1), np.float32(0))
    return centred


def e14_2_right_in_place(rewards, divide):
    advantages = np.array(rewards, dtype=float)
    for row in advantages:
        row -= row.mean()
        spread = row.std()
        if divide and spread > 1e-12:
            row /= spread
        elif divide:
            row[:] = 0
    return advantages


def e14_2_right_projection(rewards, divide):
    n = np.shape(rewards)[1]
    centred = rewards @ (np.eye(n) - np.full((n, n), 1 / n))
    if not divide:
        return centred
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.sqrt(n) * centred / np.where(length > 1e-12, length, 1)


# 14.3 kl_loss_gradient


def e14_3_wrong_k1_pulls(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": -np.log(w), "k2": -np.log(w), "k3": 1 - w}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_k2_downhill(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": np.log(w), "k3": 1 - w}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_k3_downhill(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": w - 1}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_k3_like_k2(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": -np.log(w)}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_ratio_upside_down(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = pi / reference
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_mean_under_the_reference(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return (reference * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_plain_mean(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return factor @ (np.eye(len(z)) - pi) / len(z)


def e14_3_wrong_samples_move_too(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    value = {"k1": -np.log(w), "k2": np.log(w) ** 2 / 2, "k3": w - 1 - np.log(w)}[kind]
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return (pi * (factor + value)) @ (np.eye(len(z)) - pi)


def e14_3_wrong_in_the_reward(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    value = {"k1": -np.log(w), "k2": np.log(w) ** 2 / 2, "k3": w - 1 - np.log(w)}[kind]
    return (pi * value) @ (np.eye(len(z)) - pi)


def e14_3_wrong_in_probabilities(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    return {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]


def e14_3_wrong_score_not_centred(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return pi * factor


def e14_3_wrong_half_k2(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w) / 2, "k3": 1 - w}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_of_each_sample(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return factor[:, None] * (np.eye(len(z)) - pi)


def e14_3_wrong_logits_as_probabilities(kind, z, reference):
    pi = np.abs(z) / np.abs(z).sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_k2_and_k3_exchanged(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    factor = {"k1": np.ones(len(z)), "k2": 1 - w, "k3": -np.log(w)}[kind]
    return (pi * factor) @ (np.eye(len(z)) - pi)


def e14_3_wrong_gradient_in_log_w(kind, z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    w = reference / pi
    slope = {"k1": -np.ones(len(z)), "k2": np.log(w), "k3": w - 1}[kind]
    return (pi * slope) @ (np.eye(len(z)) - pi)


def e14_3_right_numpy(kind, z, reference):
    pi = np.exp(z - np.logaddexp.reduce(z))
    if kind == "k1":
        return np.zeros(len(pi))
    if kind == "k2":
        log_ratio = np.log(pi / reference)
        return pi * (log_ratio - pi @ log_ratio)
    return pi - reference


def e14_3_right_loops(kind, z, reference):
    top = max(z)
    total = math.fsum(math.exp(x - top) for x in z)
    pi = [math.exp(x - top) / total for x in z]
    gradient = [0.0] * len(pi)
    for x in range(len(pi)):
        w = reference[x] / pi[x]
        factor = 1.0 if kind == "k1" else -math.log(w) if kind == "k2" else 1 - w
        for i in range(len(pi)):
            gradient[i] += float(pi[x] * factor * ((x == i) - pi[i]))
    return gradient


def e14_3_right_torch(kind, z, reference):
    z = torch.tensor(np.asarray(z, dtype=float), requires_grad=True)
    log_w = torch.as_tensor(np.array(reference, dtype=float)).log() - torch.log_softmax(z, dim=0)
    k = {"k1": -log_w, "k2": log_w**2 / 2, "k3": log_w.exp() - 1 - log_w}[kind]
    mean = (torch.softmax(z, dim=0).detach() * k).sum()
    return torch.autograd.grad(mean, z)[0]


def e14_3_right_float32(kind, z, reference):
    z, reference = np.float32(z), np.float32(reference)
    pi = np.exp(z - z.max())
    pi /= pi.sum()
    factor = {"k1": np.ones_like(pi), "k2": np.log(pi / reference), "k3": 1 - reference / pi}[kind]
    return (pi * factor) @ (np.eye(len(z), dtype=np.float32) - pi)


def e14_3_right_in_place(kind, z, reference):
    pi = np.array(z, dtype=float)
    pi -= pi.max()
    np.exp(pi, out=pi)
    pi /= pi.sum()
    log_w = np.log(reference) - np.log(pi)
    pull = np.ones_like(pi)
    if kind == "k2":
        pull = -log_w
    elif kind == "k3":
        pull = -np.expm1(log_w)
    pull *= pi
    return pull - pi * pull.sum()


def e14_3_right_einsum(kind, z, reference):
    pi = np.exp(z - z.max()) / np.sum(np.exp(z - z.max()))
    scores = np.eye(len(z)) - pi
    w = reference / pi
    slope = {"k1": -np.ones_like(w), "k2": np.log(w), "k3": w - 1}[kind]  # of k in log w
    return np.einsum("x,x,xi->i", pi, slope, -scores)


# 14.4 grpo_update


def e14_4_right_numpy(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    advantages = rewards - rewards.mean(axis=1, keepdims=True)
    if divide:
        spread = rewards.std(axis=1, keepdims=True)
        advantages = np.where(spread > 1e-12, advantages / np.maximum(spread, 1e-300), 0)
    A = np.broadcast_to(advantages[..., None], log_old.shape)
    weights = written / rewards.size
    if average:
        weights = weights / written.sum(axis=-1, keepdims=True)
    log_pi = log_old
    for _ in range(epochs):
        ratio = np.exp(log_pi - log_old)
        unclipped, clipped = ratio * A, np.clip(ratio, 1 - clip, 1 + clip) * A
        gain = np.where(unclipped <= clipped, unclipped, 0)
        log_pi = ascend(weights * (gain - beta * (1 - np.exp(log_ref - log_pi))))
    return log_pi


def e14_4_right_loops(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    groups, answers, places = log_old.shape
    now = log_old.tolist()
    old, ref, there = log_old.tolist(), log_ref.tolist(), written.tolist()
    for _ in range(epochs):
        slope = [[[0.0] * places for _ in range(answers)] for _ in range(groups)]
        for g in range(groups):
            group = [float(reward) for reward in rewards[g]]
            mean = sum(group) / answers
            spread = (sum((reward - mean) ** 2 for reward in group) / answers) ** 0.5
            for i in range(answers):
                A = group[i] - mean
                if divide:
                    A = A / spread if spread > 1e-12 else 0.0
                length = sum(there[g][i])
                for t in range(length):
                    w = math.exp(now[g][i][t] - old[g][i][t])
                    u = math.exp(ref[g][i][t] - now[g][i][t])
                    up = w * A
                    if A > 0 and w > 1 + clip:
                        up = 0.0
                    if A < 0 and w < 1 - clip:
                        up = 0.0
                    up += beta * (u - 1)
                    slope[g][i][t] = up / (length if average else 1) / (groups * answers)
        now = ascend(slope).tolist()
    return np.array(now)


def e14_4_right_torch(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    log_old, log_ref, rewards = (torch.from_numpy(np.array(x)) for x in (log_old, log_ref, rewards))
    mask = torch.from_numpy(np.array(written)).double()
    advantages = rewards - rewards.mean(dim=1, keepdim=True)
    if divide:
        spread = rewards.std(dim=1, keepdim=True, correction=0)
        advantages = torch.where(spread > 1e-12, advantages / spread.clamp(min=1e-300), torch.zeros_like(rewards))
    log_new = log_old
    for _ in range(epochs):
        log_pi = log_new.clone().requires_grad_()
        ratio = (log_pi - log_old).exp()
        gain = torch.minimum(ratio * advantages[..., None], ratio.clamp(1 - clip, 1 + clip) * advantages[..., None])
        log_w = log_ref - log_pi
        objective = ((gain - beta * (log_w.expm1() - log_w)) * mask).sum(dim=-1)
        if average:
            objective = objective / mask.sum(dim=-1)
        objective.mean().backward()
        log_new = torch.from_numpy(ascend(log_pi.grad))
    return log_new


def e14_4_right_selected_words(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    group, answer, _ = np.nonzero(written)  # one entry for each word
    centred = (rewards.T - rewards.mean(axis=1)).T
    spread = rewards.std(axis=1) if divide else np.ones(len(rewards))
    A = (np.divide(centred.T, spread, where=spread > 1e-12, out=np.zeros_like(centred.T)).T)[group, answer]
    count = written.sum(axis=2)[group, answer] if average else 1
    old, ref, now = log_old[written], log_ref[written], log_old
    for _ in range(epochs):
        w = np.exp(now[written] - old)
        free = np.sign(A) * (w - 1) <= clip
        slope = np.zeros(log_old.shape)
        slope[written] = (free * w * A + beta * np.expm1(ref - now[written])) / count / rewards.size
        now = ascend(slope)
    return now


def e14_4_right_group_by_group(old, base, mask, pay, step, price, epsilon, passes, scaled, meaned):
    def advantage(row):
        off = row - np.mean(row)
        if not scaled:
            return off
        deviation = np.sqrt(np.mean(off**2))
        return off / deviation if deviation > 1e-12 else 0 * off

    new = old.copy()
    for _ in range(passes):
        slopes = []
        for o, b, m, r, n in zip(old, base, mask, pay, new, strict=True):
            w, A = np.exp(n - o), advantage(r)[:, None]
            upper, lower = w > 1 + epsilon, w < 1 - epsilon
            keep = np.where(A > 0, ~upper, ~lower)
            up = keep * w * A + price * (np.exp(b) / np.exp(n) - 1)
            up = up * m
            slopes.append(up / np.sum(m, axis=1, keepdims=True) if meaned else up)
        new = step(np.stack(slopes) / (len(pay) * len(pay[0])))
    return new


def e14_4_right_float32(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    old, ref = log_old.astype(np.float32), log_ref.astype(np.float32)
    A = rewards - rewards.mean(axis=1, keepdims=True)  # the advantages in double precision
    if divide:
        spread = rewards.std(axis=1, keepdims=True)
        A = np.where(spread > 1e-12, A / np.where(spread > 1e-12, spread, 1), 0)
    A = A.astype(np.float32)[:, :, None]
    share = (written / rewards.size / (written.sum(axis=2, keepdims=True) if average else 1)).astype(np.float32)
    new = old
    for _ in range(epochs):
        w = np.exp(new - old)
        stopped = ((A > 0) & (w > 1 + clip)) | ((A < 0) & (w < 1 - clip))
        slope = np.where(stopped, np.float32(0), w * A) + np.float32(beta) * np.expm1(ref - new)
        new = np.asarray(ascend(share * slope), dtype=np.float32)
    return new


def _e14_4(
    log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average, *, gain=None, k=None, share=None
):
    """The update by automatic differentiation of another objective."""
    old, ref, pay = (torch.from_numpy(np.array(x)) for x in (log_old, log_ref, rewards))
    mask = torch.from_numpy(np.array(written)).double()
    A = pay - pay.mean(dim=1, keepdim=True)
    if divide:
        spread = pay.std(dim=1, keepdim=True, correction=0)
        A = torch.where(spread > 1e-12, A / spread.clamp(min=1e-300), torch.zeros_like(A))
    A = A[..., None]
    new = old
    for _ in range(epochs):
        log_pi = new.clone().requires_grad_()
        w, log_w = (log_pi - old).exp(), ref - log_pi
        g = torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A) if gain is None else gain(w, A, clip)
        price = log_w.expm1() - log_w if k is None else k(log_w, log_pi, old)
        weights = mask / (mask.sum(dim=2, keepdim=True) if average else 1) / pay.numel()
        if share is not None:
            weights = share(mask, average)
        ((g - beta * price) * weights).sum().backward()
        new = torch.from_numpy(ascend(log_pi.grad))
    return new


def e14_4_wrong_minimum_of_ratios(*batch):
    def gain(w, A, clip):
        return torch.minimum(w, w.clamp(1 - clip, 1 + clip)) * A

    return _e14_4(*batch, gain=gain)


def e14_4_wrong_ratio_detached(*batch):
    def gain(w, A, clip):
        return torch.minimum(w.detach() * A, w.detach().clamp(1 - clip, 1 + clip) * A) * w.log()

    return _e14_4(*batch, gain=gain)


def e14_4_wrong_wider_upwards(*batch):
    def gain(w, A, clip):
        return torch.minimum(w * A, w.clamp(1 - clip, 1 + 1.4 * clip) * A)

    return _e14_4(*batch, gain=gain)


def e14_4_wrong_advantage_clipped(*batch):
    def gain(w, A, clip):
        return torch.minimum(w * A, w * A.clamp(1 - clip, 1 + clip))

    return _e14_4(*batch, gain=gain)


def e14_4_wrong_k2(*batch):
    return _e14_4(*batch, k=lambda log_w, log_pi, old: log_w**2 / 2)


def e14_4_wrong_k3_sampled_from_old(*batch):
    return _e14_4(*batch, k=lambda log_w, log_pi, old: (log_pi - old).exp() * (log_w.expm1() - log_w))


def e14_4_wrong_kl_of_the_step(*batch):
    return _e14_4(*batch, k=lambda log_w, log_pi, old: (old - log_pi).expm1() - (old - log_pi))


def e14_4_wrong_k3_of_the_other_ratio(*batch):
    return _e14_4(*batch, k=lambda log_w, log_pi, old: (-log_w).expm1() + log_w)


def e14_4_wrong_mean_over_the_array(*batch):
    return _e14_4(*batch, share=lambda mask, average: mask / (mask.numel() if average else mask[..., 0].numel()))


def e14_4_wrong_lengths_of_the_group(*batch):
    def share(mask, average):
        return mask / (mask.sum(dim=(1, 2), keepdim=True) if average else mask.shape[1]) / mask.shape[0]

    return _e14_4(*batch, share=share)


def e14_4_wrong_square_root_of_the_length(*batch):
    def share(mask, average):
        return mask / (mask.sum(dim=2, keepdim=True).sqrt() if average else 1) / mask[..., 0].numel()

    return _e14_4(*batch, share=share)


def e14_4_wrong_end_counts(log_old, log_ref, written, *batch):
    one_more = written | np.roll(written, 1, axis=2) & np.arange(written.shape[2]).astype(bool)
    return _e14_4(log_old, log_ref, one_more, *batch)


def e14_4_wrong_last_word_left_out(log_old, log_ref, written, *batch):
    lengths = written.sum(axis=2, keepdims=True)
    return _e14_4(log_old, log_ref, written & (np.arange(written.shape[2]) < np.maximum(lengths - 1, 1)), *batch)


def e14_4_wrong_loss_and_no_division(log_old, log_ref, written, rewards, ascend, *batch):
    beta, clip, epochs, _, average = batch
    return _e14_4(log_old, log_ref, written, rewards, lambda s: ascend(-s), beta, clip, epochs, False, average)


def e14_4_wrong_k2_and_summed(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    return _e14_4(
        *(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, False),
        k=lambda log_w, log_pi, old: log_w**2 / 2,
    )


def e14_4_wrong_unclipped_n_minus_one(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    n = rewards.shape[1]
    scale = np.sqrt((n - 1) / n) if divide else 1.0  # of the deviation with n − 1
    A = rewards - rewards.mean(axis=1, keepdims=True)
    spread = rewards.std(axis=1, keepdims=True) if divide else 1.0
    A = scale * A / np.where(spread > 1e-12, spread, np.inf)
    share = written / rewards.size / (written.sum(axis=2, keepdims=True) if average else 1)
    new = log_old
    for _ in range(epochs):
        new = ascend(share * (np.exp(new - log_old) * A[..., None] + beta * np.expm1(log_ref - new)))
    return new


def e14_4_wrong_batch_mean_and_own_spread(log_old, log_ref, written, rewards, *batch):
    ascend, beta, clip, epochs, divide, average = batch
    spread = np.where(rewards.std(axis=1) > 1e-12, rewards.std(axis=1), np.inf)[:, None] if divide else 1.0
    A = ((rewards - rewards.mean()) / spread)[:, :, None]
    share = written / rewards.size / (written.sum(axis=2, keepdims=True) if average else 1)
    new = log_old
    for _ in range(epochs):
        w = np.exp(new - log_old)
        push = np.where(np.where(A > 0, w > 1 + clip, w < 1 - clip), 0, w * A)
        new = ascend(share * (push + beta * np.expm1(log_ref - new)))
    return new


def e14_4_wrong_one_step_for_all_epochs(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, *flags):
    slopes = []

    def note(slope):
        slopes.append(np.array(slope))
        return log_old

    _e14_4(log_old, log_ref, written, rewards, note, beta, clip, epochs, *flags)
    return ascend(sum(slopes))


def e14_4_wrong_steps_added_by_hand(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, *flags):
    now = [log_old]

    def by_hand(slope):
        ascend(slope)
        now[0] = now[0] + np.array(slope)
        return now[0]

    return np.asarray(_e14_4(log_old, log_ref, written, rewards, by_hand, beta, clip, epochs, *flags))


def e14_4_wrong_old_refreshed(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, *flags):
    for _ in range(epochs):
        log_old = np.asarray(_e14_4(log_old, log_ref, written, rewards, ascend, beta, clip, 1, *flags))
    return log_old


def e14_4_wrong_reference_overwritten(log_old, log_ref, *batch):
    result = _e14_4(log_old, log_ref, *batch)
    log_ref[...] = np.asarray(result)
    return result


def _e14_4_advantages(rewards, divide):
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    spread = rewards.std(axis=1, keepdims=True)
    return centred / np.where(spread > 1e-12, spread, 1)


def _e14_4_share(written, rewards, average):
    share = written / rewards.size
    return share / written.sum(axis=2, keepdims=True) if average else share


def _e14_4_push(w, A, clip):
    stopped = ((A > 0) & (w > 1 + clip)) | ((A < 0) & (w < 1 - clip))
    return np.where(stopped, 0, w * A)


_E14_4 = ["log_old", "log_ref", "written", "rewards", "ascend", "beta", "clip", "epochs", "divide", "average"]


def _e14_4_pull(s):
    return s.beta * np.expm1(s.log_ref - s.log_new)


def _e14_4_slope(s):
    return s.share * (s.push + s.pull)


def _e14_4_by_hand(
    begin=lambda s: None,
    advantages=lambda s: _e14_4_advantages(s.rewards, s.divide),
    share=lambda s: _e14_4_share(s.written, s.rewards, s.average),
    ratio=lambda s: np.exp(s.log_new - s.log_old),
    push=lambda s: _e14_4_push(s.w, s.A, s.clip),
    pull=_e14_4_pull,
    slope=_e14_4_slope,
    climb=lambda s: s.ascend(s.slope),
    result=lambda s: s.log_new,
):
    """Return an update that is right but for the pieces given: functions of `s`, all that the update knows by then.

    What `begin` returns, if anything, is kept in `s`.
    """

    def update(*batch):
        s = SimpleNamespace(**dict(zip(_E14_4, batch, strict=True)))
        vars(s).update(begin(s) or {})
        s.A, s.share = advantages(s)[:, :, None], share(s)
        s.slope, s.last, s.log_new = np.zeros(s.log_old.shape), s.log_old, s.log_old
        for _ in range(s.epochs):
            s.w = ratio(s)
            s.push, s.pull = push(s), pull(s)
            s.slope = slope(s)
            s.last, s.log_new = s.log_new, climb(s)
        return result(s)

    return update


def _e14_4_inside(s):
    return s.w * s.A * ((s.w >= 1 - s.clip) & (s.w <= 1 + s.clip))


def _e14_4_minimum(s):
    return np.minimum(s.w * s.A, np.clip(s.w, 1 - s.clip, 1 + s.clip) * s.A)


def _e14_4_stopped(s, good, bad):
    return ((s.A > 0) & good) | ((s.A < 0) & bad)


def _e14_4_pull_of_k2(s):
    return s.beta * (s.log_ref - s.log_new)


def _e14_4_whole_length(s):
    return s.written / s.rewards.size / (s.written.shape[2] if s.average else 1)


def _e14_4_share_everywhere(s):
    return 1 / s.rewards.size / (s.written.sum(axis=2, keepdims=True) if s.average else 1)


def _e14_4_divided_by(deviation):
    def advantages(s):
        A = s.rewards - s.rewards.mean(axis=1, keepdims=True)
        return A / deviation(s.rewards) if s.divide else A

    return advantages


def _e14_4_n_minus_one(rewards):
    spread = rewards.std(axis=1, ddof=1, keepdims=True)
    return np.where(spread > 1e-12, spread, 1)


e14_4_wrong_clip_forgotten = _e14_4_by_hand(push=lambda s: s.w * s.A)
e14_4_wrong_stopped_on_all_four_sides = _e14_4_by_hand(push=_e14_4_inside)
# takes min(wA, clip(w)A) itself for the push, "since the slope of wA is wA"
e14_4_wrong_value_of_the_minimum = _e14_4_by_hand(push=_e14_4_minimum)
e14_4_wrong_clip_sides_swapped = _e14_4_by_hand(
    push=lambda s: np.where(_e14_4_stopped(s, good=s.w < 1 - s.clip, bad=s.w > 1 + s.clip), 0, s.w * s.A)
)


def _e14_4_stopped_in_logs(s):
    log_w = s.log_new - s.log_old
    return np.where(_e14_4_stopped(s, good=log_w > s.clip, bad=log_w < -s.clip), 0, s.w * s.A)


e14_4_wrong_band_in_logs = _e14_4_by_hand(push=_e14_4_stopped_in_logs)
e14_4_wrong_clip_stops_the_pull = _e14_4_by_hand(
    slope=lambda s: (
        s.share * np.where(_e14_4_stopped(s, good=s.w > 1 + s.clip, bad=s.w < 1 - s.clip), 0, s.w * s.A + s.pull)
    )
)
e14_4_wrong_ratio_missing_in_slope = _e14_4_by_hand(push=lambda s: (_e14_4_push(s.w, s.A, s.clip) != 0) * s.A)
e14_4_wrong_ratio_to_last_epoch = _e14_4_by_hand(ratio=lambda s: np.exp(s.log_new - s.last))
# GSPO-like: one ratio an answer, by the product (14.1)
e14_4_wrong_ratio_of_whole_answers = _e14_4_by_hand(
    ratio=lambda s: np.exp(np.sum((s.log_new - s.log_old) * s.written, axis=2, keepdims=True))
)
e14_4_wrong_slope_of_first_epoch_always = _e14_4_by_hand(
    slope=lambda s: s.share * (s.A + s.beta * np.expm1(s.log_ref - s.log_old))
)
# the slope by π in place of log π
e14_4_wrong_slope_by_probability = _e14_4_by_hand(slope=lambda s: _e14_4_slope(s) / np.exp(s.log_new))
e14_4_wrong_pull_reversed = _e14_4_by_hand(pull=lambda s: -_e14_4_pull(s))
e14_4_wrong_pull_of_k2 = _e14_4_by_hand(pull=_e14_4_pull_of_k2)
# k3 itself, not its slope
e14_4_wrong_value_of_k3 = _e14_4_by_hand(
    pull=lambda s: -s.beta * (np.exp(s.log_ref - s.log_new) - 1 - (s.log_ref - s.log_new))
)
e14_4_wrong_pull_without_minus_one = _e14_4_by_hand(pull=lambda s: s.beta * np.exp(s.log_ref - s.log_new))
# k3 of π/π_ref in place of π_ref/π
e14_4_wrong_pull_ratio_upside_down = _e14_4_by_hand(pull=lambda s: -s.beta * np.expm1(s.log_new - s.log_ref))
e14_4_wrong_pull_of_the_old_policy = _e14_4_by_hand(pull=lambda s: s.beta * np.expm1(s.log_ref - s.log_old))
# the importance weight on the KL as well
e14_4_wrong_pull_weighed_by_ratio = _e14_4_by_hand(pull=lambda s: s.beta * s.w * np.expm1(s.log_ref - s.log_new))
e14_4_wrong_price_in_the_reward_too = _e14_4_by_hand(
    advantages=lambda s: _e14_4_advantages(
        s.rewards - s.beta * np.sum((s.log_old - s.log_ref) * s.written, axis=2), s.divide
    )
)
# a group of equal rewards is left out altogether
e14_4_wrong_pull_missing_in_wasted_groups = _e14_4_by_hand(
    slope=lambda s: s.share * (s.rewards.std(axis=1) > 1e-12)[:, None, None] * (s.push + s.pull)
)
e14_4_wrong_deviation_with_n_minus_one = _e14_4_by_hand(advantages=_e14_4_divided_by(_e14_4_n_minus_one))
# as most programs have it
e14_4_wrong_small_number_added = _e14_4_by_hand(
    advantages=_e14_4_divided_by(lambda rewards: rewards.std(axis=1, keepdims=True) + 1e-4)
)
e14_4_wrong_equal_up_to_rounding_divided = _e14_4_by_hand(
    advantages=_e14_4_divided_by(lambda rewards: np.where(rewards.std(axis=1) > 0, rewards.std(axis=1), 1)[:, None])
)
e14_4_wrong_deviation_of_the_batch = _e14_4_by_hand(
    advantages=_e14_4_divided_by(lambda rewards: rewards.std() if rewards.std() > 1e-12 else 1)
)
# axis 0 for axis 1
e14_4_wrong_mean_over_groups = _e14_4_by_hand(advantages=lambda s: _e14_4_advantages(s.rewards.T, s.divide).T)
e14_4_wrong_divided_by_all_places = _e14_4_by_hand(share=_e14_4_whole_length)
# DAPO's mean over the batch's words where `average` asks for each answer's own
e14_4_wrong_mean_over_all_words = _e14_4_by_hand(
    share=lambda s: s.written / (s.written.sum() if s.average else s.rewards.size)
)
e14_4_wrong_length_for_the_push_only = _e14_4_by_hand(
    push=lambda s: _e14_4_push(s.w, s.A, s.clip) / (s.written.sum(axis=2, keepdims=True) if s.average else 1),
    slope=lambda s: s.written * (s.push + s.pull) / s.rewards.size,
)
# 1/answers in place of 1/N
e14_4_wrong_one_over_group_size = _e14_4_by_hand(
    share=lambda s: _e14_4_share(s.written, s.rewards, s.average) * len(s.rewards)
)
e14_4_wrong_nothing_cut_behind_the_end = _e14_4_by_hand(share=_e14_4_share_everywhere)
e14_4_wrong_only_the_push_is_cut = _e14_4_by_hand(
    share=_e14_4_share_everywhere, push=lambda s: s.written * _e14_4_push(s.w, s.A, s.clip)
)
e14_4_wrong_switches_swapped = _e14_4_by_hand(begin=lambda s: {"divide": s.average, "average": s.divide})
e14_4_wrong_slope_of_the_loss = _e14_4_by_hand(slope=lambda s: -_e14_4_slope(s))
# a torch optimiser's zero_grad forgotten: each epoch's slope is added to the ones before
e14_4_wrong_slopes_add_up = _e14_4_by_hand(slope=lambda s: s.slope + _e14_4_slope(s))
# the loop ends one epoch early
e14_4_wrong_one_epoch_too_few = _e14_4_by_hand(begin=lambda s: {"epochs": s.epochs - 1})
e14_4_wrong_one_epoch_more = _e14_4_by_hand(begin=lambda s: {"epochs": s.epochs + 1})
e14_4_wrong_returns_the_last_slope = _e14_4_by_hand(result=lambda s: s.slope)
e14_4_wrong_returns_log_pi_before_last_step = _e14_4_by_hand(result=lambda s: s.last)


def _e14_4_own_step(s):
    s.ascend(s.slope)
    return s.log_new + s.slope


def _e14_4_centred_in_place(s):
    spread = s.rewards.std(axis=1, keepdims=True)
    s.rewards -= s.rewards.mean(axis=1, keepdims=True)
    return s.rewards / np.where(spread > 1e-12, spread, 1) if s.divide else s.rewards


def _e14_4_written_into_old(s):
    s.log_new[:] = s.ascend(s.slope)
    return s.log_new


def _e14_4_padding_zeroed(s):
    s.log_old[~s.written] = 0
    s.log_ref[~s.written] = 0


# does its own step, and calls ascend beside it
e14_4_wrong_result_of_ascend_ignored = _e14_4_by_hand(climb=_e14_4_own_step)
e14_4_wrong_rewards_centred_in_place = _e14_4_by_hand(advantages=_e14_4_centred_in_place)
# log_new is the same array as log_old, and is written into: all ratios are 1
e14_4_wrong_old_policy_overwritten = _e14_4_by_hand(climb=_e14_4_written_into_old)
e14_4_wrong_padding_zeroed_in_place = _e14_4_by_hand(begin=_e14_4_padding_zeroed)
e14_4_wrong_two_both_sides_and_all_places = _e14_4_by_hand(share=_e14_4_whole_length, push=_e14_4_inside)
e14_4_wrong_two_k2_and_n_minus_one = _e14_4_by_hand(
    advantages=_e14_4_divided_by(_e14_4_n_minus_one), pull=_e14_4_pull_of_k2
)
# the objective's terms themselves, word by word
e14_4_wrong_two_values_for_slopes = _e14_4_by_hand(
    push=_e14_4_minimum, pull=lambda s: -s.beta * (np.expm1(s.log_ref - s.log_new) - (s.log_ref - s.log_new))
)


def e14_4_right_minimum_compared(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    groups, answers, places = written.shape
    A = (rewards.T - rewards.mean(1)).T
    if divide:
        deviation = np.sqrt((A**2).mean(1))
        A = np.where((deviation > 1e-12)[:, None], (A.T / np.maximum(deviation, 1e-12)).T, 0)
    A = np.repeat(A[..., np.newaxis], places, axis=2)
    weight = np.ones((groups, answers, 1)) / (groups * answers)
    if average:
        weight = weight / np.count_nonzero(written, axis=2)[..., np.newaxis]
    now = log_old.copy()
    for _ in range(epochs):
        w = np.exp(now - log_old)
        free, held = w * A, np.clip(w, 1 - clip, 1 + clip) * A
        push = np.where(free <= held, free, 0.0)
        slope = weight * (push + beta * (np.exp(log_ref - now) - 1))
        now = ascend(np.where(written, slope, 0.0))
    return now


def e14_4_right_plain_loops(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    advantages = []
    for group in rewards.tolist():
        mean = sum(group) / len(group)
        centred = [r - mean for r in group]
        deviation = (sum(c * c for c in centred) / len(group)) ** 0.5
        if deviation <= 1e-12:
            centred = [0.0 for _ in group]
        elif divide:
            centred = [c / deviation for c in centred]
        advantages.append(centred)
    total = sum(len(group) for group in advantages)
    log_new = log_old
    for _ in range(epochs):
        slope = np.zeros(log_old.shape)
        for g, group in enumerate(advantages):
            for i, a in enumerate(group):
                words = [t for t, there in enumerate(written[g, i]) if there]
                for t in words:
                    w = float(np.exp(log_new[g, i, t] - log_old[g, i, t]))
                    push = w * a
                    if (a > 0 and w > 1 + clip) or (a < 0 and w < 1 - clip):
                        push = 0.0
                    pull = beta * (float(np.exp(log_ref[g, i, t] - log_new[g, i, t])) - 1)
                    slope[g, i, t] = (push + pull) / (len(words) if average else 1) / total
        log_new = ascend(slope)
    return log_new


def e14_4_right_torch_autograd(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    old, ref = torch.tensor(log_old), torch.tensor(log_ref)
    mask, r = torch.tensor(written), torch.tensor(rewards, dtype=torch.float64)
    A = r - r.mean(dim=1, keepdim=True)
    if divide:
        spread = r.std(dim=1, keepdim=True, unbiased=False)
        A = A / torch.where(spread > 1e-12, spread, torch.ones_like(spread))
    A = A.unsqueeze(-1)
    result = log_old
    for _ in range(epochs):
        log_pi = torch.tensor(result, requires_grad=True)
        w = (log_pi - old).exp()
        gain = torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A)
        log_r = ref - log_pi
        words = torch.where(mask, gain - beta * (log_r.exp() - 1 - log_r), torch.zeros_like(gain))
        answers = words.sum(dim=2)
        if average:
            answers = answers / mask.sum(dim=2)
        answers.mean().backward()
        result = ascend(log_pi.grad.numpy())
    return result


def e14_4_right_single_precision(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    A = _e14_4_advantages(rewards, divide).astype(np.float32)[:, :, None]
    share = _e14_4_share(written, rewards, average).astype(np.float32)
    old, ref = log_old.astype(np.float32), log_ref.astype(np.float32)
    log_new = log_old
    for _ in range(epochs):
        now = np.asarray(log_new, dtype=np.float32)
        push = _e14_4_push(np.exp(now - old), A, np.float32(clip))
        slope = share * (push + np.float32(beta) * np.expm1(ref - now))
        assert slope.dtype == np.float32
        log_new = ascend(slope)
    return log_new


def e14_4_right_one_buffer_reused(old, ref, mask, R, step, price, epsilon, times, by_spread, by_length):
    advantage = _e14_4_advantages(R, by_spread)[..., None]
    weight = mask / R.size
    if by_length:
        weight /= mask.sum(-1, keepdims=True)
    slope, now = np.empty_like(old), old
    for _ in range(times):
        w = np.exp(now - old)
        slope[:] = w * advantage
        slope[(advantage > 0) & (w > 1 + epsilon)] = 0
        slope[(advantage < 0) & (w < 1 - epsilon)] = 0
        slope += price * np.expm1(ref - now)
        slope *= weight
        now = step(slope)
    return now


def e14_4_right_complex_step(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    A = _e14_4_advantages(rewards, divide)[:, :, None]
    lengths = written.sum(axis=2, keepdims=True) if average else np.ones((1, 1, 1))

    def terms(log_pi):
        w = np.exp(log_pi - log_old)
        held = np.where(w.real > 1 + clip, 1 + clip, np.where(w.real < 1 - clip, 1 - clip, w))
        gain = np.where((w * A).real <= (held * A).real, w * A, held * A)
        log_r = log_ref - log_pi
        return (gain - beta * (np.exp(log_r) - 1 - log_r)) / lengths / rewards.size

    log_pi = log_old
    for _ in range(epochs):
        log_pi = ascend(np.where(written, terms(log_pi + 1e-30j).imag / 1e-30, 0))
    return log_pi


def e14_4_right_words_only(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    """Works on the list of written words, and puts the slopes back."""
    group, answer, _ = np.nonzero(written)
    A = _e14_4_advantages(rewards, divide)[group, answer]
    share = 1 / rewards.size / (written.sum(axis=2)[group, answer] if average else 1)
    old, ref = log_old[written], log_ref[written]
    now = log_old
    for _ in range(epochs):
        new = now[written]
        w = np.exp(new - old)
        goes_on = np.where(A > 0, w < 1 + clip, w > 1 - clip)
        slope = np.zeros_like(log_old)
        slope[written] = share * (goes_on * w * A + beta * (np.exp(ref - new) - 1))
        now = ascend(slope)
    return now


def e14_4_right_central_differences(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    A, share = _e14_4_advantages(rewards, divide)[:, :, None], _e14_4_share(written, rewards, average)

    def terms(log_pi):
        w, log_r = np.exp(log_pi - log_old), log_ref - log_pi
        return share * (np.minimum(w * A, np.clip(w, 1 - clip, 1 + clip) * A) - beta * (np.exp(log_r) - 1 - log_r))

    now = log_old
    for _ in range(epochs):
        now = ascend((terms(now + 1e-6) - terms(now - 1e-6)) / 2e-6)
    return now


def e14_4_right_masked_arrays(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    old, ref = (np.ma.array(a, mask=~written) for a in (log_old, log_ref))
    A, now = _e14_4_advantages(rewards, divide)[:, :, None], log_old
    for _ in range(epochs):
        new = np.ma.array(now, mask=~written)
        w = np.ma.exp(new - old)
        push = np.ma.where(((A > 0) & (w > 1 + clip)) | ((A < 0) & (w < 1 - clip)), 0, w * A)
        slope = (push + beta * (np.ma.exp(ref - new) - 1)) / rewards.size
        now = ascend((slope / new.count(axis=2)[:, :, None] if average else slope).filled(0))
    return now


def e14_4_right_written_into_what_came_back(
    log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average
):
    A, share = _e14_4_advantages(rewards, divide)[:, :, None], _e14_4_share(written, rewards, average)
    new = log_old.copy()
    for _ in range(epochs):
        pull = np.expm1(log_ref - new)
        new -= log_old
        np.exp(new, out=new)
        new = ascend(share * (_e14_4_push(new, A, clip) + beta * pull))
    return new


for _name, _answer in list(globals().items()):
    if _name.startswith("e14_4_"):
        _answer.__name__ = _name  # many are made by another function and don't know it


# 14.5 mirror_step


def e14_5_wrong_exponential(pi, A, alpha):
    weights = pi * np.exp(alpha * (A - A.max()))
    return weights / weights.sum()


def e14_5_wrong_first_order(pi, A, alpha):
    return pi * (1 + alpha * (A - pi @ A))


def e14_5_wrong_half_turned_round(pi, A, alpha):
    low, high = np.max(A + pi / alpha), np.max(A) + 1 / alpha
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu - A))) > 1:
            high = nu
        else:
            low = nu
    return pi / (alpha * (nu - A))


def e14_5_wrong_upper_end_normalised(pi, A, alpha):
    weights = pi / (alpha * (np.max(A) + 1 / alpha - A))
    return weights / weights.sum()


def e14_5_wrong_lower_end_normalised(pi, A, alpha):
    weights = pi / (alpha * (np.max(A + pi / alpha) - A))
    return weights / weights.sum()


def e14_5_wrong_alpha_upside_down(pi, A, alpha):
    low, high = np.max(A + pi * alpha), np.max(A) + alpha
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi * alpha / (nu - A)) > 1:
            low = nu
        else:
            high = nu
    return pi * alpha / (nu - A)


def e14_5_wrong_five_halvings(pi, A, alpha):
    low, high = np.max(A + pi / alpha), np.max(A) + 1 / alpha
    for _ in range(5):
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu - A))) > 1:
            low = nu
        else:
            high = nu
    return pi / (alpha * (nu - A))


def e14_5_wrong_signs_of_the_advantages(pi, A, alpha):
    low, high = np.max(pi / alpha - A), np.max(-A) + 1 / alpha
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu + A))) > 1:
            low = nu
        else:
            high = nu
    return pi / (alpha * (nu + A))


def e14_5_wrong_lower_end_too_high(pi, A, alpha):
    low, high = np.max(A) + np.max(pi) / alpha, np.max(A) + 1 / alpha
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu - A))) > 1:
            low = nu
        else:
            high = nu
    return pi / (alpha * (nu - A))


def e14_5_wrong_upper_end_too_low(pi, A, alpha):
    low, high = np.max(A), np.max(A + pi / alpha)
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu - A))) > 1:
            low = nu
        else:
            high = nu
    return pi / (alpha * (nu - A))


def e14_5_wrong_multiplier_returned(pi, A, alpha):
    low, high = np.max(A + pi / alpha), np.max(A) + 1 / alpha
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu - A))) > 1:
            low = nu
        else:
            high = nu
    return nu


def e14_5_wrong_old_policy_forgotten(pi, A, alpha):
    low, high = np.max(A), np.max(A) + len(A) / alpha
    for _ in range(200):
        nu = (low + high) / 2
        if np.sum(1 / (alpha * (nu - A))) > 1:
            low = nu
        else:
            high = nu
    return 1 / (alpha * (nu - A))


def e14_5_wrong_alpha_left_out(pi, A, alpha):
    low, high = np.max(A + pi), np.max(A) + 1
    for _ in range(100):
        nu = (low + high) / 2
        if np.sum(pi / (nu - A)) > 1:
            low = nu
        else:
            high = nu
    return pi / (nu - A)


def e14_5_wrong_euclidean(pi, A, alpha):
    moved = pi + alpha * A
    low, high = moved.min() - 1, moved.max()
    for _ in range(100):
        level = (low + high) / 2
        if np.maximum(moved - level, 0).sum() > 1:
            low = level
        else:
            high = level
    return np.maximum(moved - level, 0)


def e14_5_wrong_until_exact(pi, A, alpha):
    low, high = np.max(A + pi / alpha), np.max(A) + 1 / alpha
    nu = (low + high) / 2
    while high - low > 0:
        nu = (low + high) / 2
        if np.sum(pi / (alpha * (nu - A))) > 1:
            low = nu
        else:
            high = nu
    return pi / (alpha * (nu - A))


def e14_5_right_numpy(pi, A, alpha):
    gaps = np.max(A) - A
    low, high = 0.0, 1 / alpha  # nu less the largest advantage
    for _ in range(200):
        above = (low + high) / 2
        low, high = (above, high) if (pi / (alpha * (above + gaps))).sum() > 1 else (low, above)
    return pi / (alpha * (high + gaps))


def e14_5_right_loops(pi, A, alpha):
    def law(nu):
        return [float(p / (alpha * (nu - a))) for p, a in zip(pi, A, strict=True)]

    low = max(a + p / alpha for p, a in zip(pi, A, strict=True))
    high = max(A) + 1 / alpha
    for _ in range(80):
        middle = 0.5 * (low + high)
        if sum(law(middle)) > 1:
            low = middle
        else:
            high = middle
    return law(high)


def e14_5_right_torch(pi, A, alpha):
    pi, A = torch.as_tensor(np.array(pi, dtype=float)), torch.as_tensor(np.array(A, dtype=float))
    low, high = (A + pi / alpha).max(), A.max() + 1 / alpha
    for _ in range(100):
        nu = (low + high) / 2
        too_much = (pi / (alpha * (nu - A))).sum() > 1
        low, high = torch.where(too_much, nu, low), torch.where(too_much, high, nu)
    return pi / (alpha * (nu - A))


def e14_5_right_newton(pi, A, alpha):
    nu = np.max(A + pi / alpha)  # Newton's steps from here rise to the root and never pass it
    for _ in range(200):
        q = pi / (alpha * (nu - A))
        slope = np.sum(q / (nu - A))
        nu = nu + (q.sum() - 1) / slope
    return pi / (alpha * (nu - A))


def e14_5_right_float32(pi, A, alpha):
    pi, A, alpha = np.float32(pi), np.float32(A), np.float32(alpha)
    scaled = alpha * (A.max() - A)
    low, high = np.float32(0), np.float32(1)  # alpha times (nu less the largest advantage)
    for _ in range(60):
        middle = (low + high) / np.float32(2)
        if np.sum(pi / (middle + scaled)) > 1:
            low = middle
        else:
            high = middle
    return pi / (high + scaled)


def e14_5_right_in_place(pi, A, alpha):
    gaps = np.max(A) - np.asarray(A, dtype=float)
    ends = np.array([np.max(pi / alpha - gaps), 1 / alpha])
    q = np.empty(len(gaps))
    for _ in range(120):
        middle = ends.mean()
        np.add(gaps, middle, out=q)
        q *= alpha
        np.divide(pi, q, out=q)
        ends[0 if q.sum() > 1 else 1] = middle
    q /= q.sum()
    return q


WRONG = {
    "14.1": [
        (e14_1_wrong_times_beta, "multiplies the reward by beta instead of dividing"),
        (e14_1_wrong_no_reference, "leaves the reference out: softmax of R / beta"),
        (e14_1_wrong_value_without_beta, "value log Z instead of beta log Z"),
        (e14_1_wrong_value_is_the_reward, "mean reward of the best policy as value, without the price"),
        (e14_1_wrong_top_not_added_back, "subtracts the largest exponent and doesn't add it back to log Z"),
        (e14_1_wrong_not_normalised, "the policy isn't divided by its sum"),
        (e14_1_wrong_overflows, "takes the exponential as it is (only wrong when R / beta is large)"),
        (e14_1_wrong_reward_avoided, "sign of the reward turned round"),
        (e14_1_wrong_greedy, "all on the best outcome, as for beta = 0"),
        (e14_1_wrong_other_direction, "the best policy under KL(ref, pi) instead of KL(pi, ref)"),
        (e14_1_wrong_reference_made_positive, "adds 1e-8 to the reference (felt when it is 0 and the reward is large)"),
        (e14_1_wrong_reference_tempered, "divides the reference's logarithm by beta as well"),
        (
            e14_1_wrong_largest_reward_subtracted,
            "subtracts the largest reward (only wrong when the reference never gives that outcome)",
        ),
        (e14_1_wrong_value_first, "returns the value first"),
        (e14_1_wrong_zero_times_infinity, "0 times log 0 makes the value NaN (only where a probability is 0)"),
        (e14_1_wrong_log_base_two, "logarithm to base two of the reference"),
    ],
    "14.2": [
        (e14_2_wrong_n_minus_one, "standard deviation with n - 1"),
        (e14_2_wrong_mean_of_all_groups, "subtracts the mean of all groups"),
        (e14_2_wrong_spread_of_all_groups, "divides by the standard deviation over all groups"),
        (e14_2_wrong_axis, "takes the columns for the groups"),
        (e14_2_wrong_never_divided, "never divides"),
        (e14_2_wrong_always_divided, "always divides"),
        (e14_2_wrong_nan, "divides 0 by 0 in a group of equal rewards (only there)"),
        (e14_2_wrong_variance, "divides by the variance"),
        (e14_2_wrong_not_centred, "doesn't subtract the mean"),
        (e14_2_wrong_mean_of_the_others, "subtracts the mean of the other answers"),
        (e14_2_wrong_median, "subtracts the median"),
        (e14_2_wrong_flag_turned_round, "divides when it shouldn't, and doesn't when it should"),
        (e14_2_wrong_mean_distance, "divides by the mean distance from the mean"),
        (e14_2_wrong_divided_before_centring, "divides the reward only and then subtracts the undivided mean"),
        (e14_2_wrong_flattened, "returns one long vector"),
        (
            e14_2_wrong_small_spread_is_no_zero,
            "tests for a spread of exactly 0 (only wrong where equal rewards leave a rounding error)",
        ),
        (e14_2_wrong_tenth_added, "adds 0.1 to the standard deviation"),
        (e14_2_wrong_overwrites_the_rewards, "right numbers, but the rewards are overwritten"),
    ],
    "14.3": [
        (e14_3_wrong_k1_pulls, "gives k1 the gradient of the KL; in the loss it is 0 on average"),
        (e14_3_wrong_k2_downhill, "sign of k2 turned round"),
        (e14_3_wrong_k3_downhill, "sign of k3 turned round"),
        (e14_3_wrong_k3_like_k2, "gives k3 the gradient of KL(pi, ref)"),
        (e14_3_wrong_ratio_upside_down, "ratio policy over reference instead of reference over policy"),
        (e14_3_wrong_mean_under_the_reference, "averages over the reference instead of the policy"),
        (e14_3_wrong_plain_mean, "averages over the outcomes with equal weights"),
        (e14_3_wrong_samples_move_too, "differentiates the law of the samples as well"),
        (e14_3_wrong_in_the_reward, "uses k as a reward instead of differentiating it"),
        (e14_3_wrong_in_probabilities, "returns the factors, without the scores and the mean"),
        (e14_3_wrong_score_not_centred, "the score has its identity only, the - pi is missing"),
        (e14_3_wrong_half_k2, "keeps the one half of k2 in its derivative"),
        (e14_3_wrong_of_each_sample, "one gradient for each sample instead of their mean"),
        (e14_3_wrong_logits_as_probabilities, "makes probabilities of the logits without the exponential"),
        (e14_3_wrong_k2_and_k3_exchanged, "exchanges k2 and k3"),
        (e14_3_wrong_gradient_in_log_w, "forgets that log w falls when log pi rises: the sign is turned round"),
    ],
    "14.4": [
        (e14_4_wrong_minimum_of_ratios, "min(w, clip(w)) times A in place of the minimum of the two products"),
        (e14_4_wrong_ratio_detached, "the clipped gain, detached, times log pi"),
        (e14_4_wrong_wider_upwards, "a band that is wider upwards, as DAPO's"),
        (e14_4_wrong_advantage_clipped, "clips the advantage in place of the ratio"),
        (e14_4_wrong_k2, "k2 in place of k3, by automatic differentiation"),
        (e14_4_wrong_k3_sampled_from_old, "weighs k3 by the ratio and differentiates the weight too"),
        (e14_4_wrong_kl_of_the_step, "k3 to the old policy in place of the reference"),
        (e14_4_wrong_k3_of_the_other_ratio, "k3 of pi over the reference"),
        (e14_4_wrong_mean_over_the_array, "a mean over the whole array where it should be over each answer"),
        (e14_4_wrong_lengths_of_the_group, "averages over all words of a group"),
        (e14_4_wrong_square_root_of_the_length, "divides by the root of the length"),
        (e14_4_wrong_end_counts, "counts one place too many in each answer"),
        (e14_4_wrong_last_word_left_out, "leaves out the last word of each longer answer"),
        (e14_4_wrong_loss_and_no_division, "goes down, and never divides"),
        (e14_4_wrong_k2_and_summed, "k2, and never averages"),
        (e14_4_wrong_unclipped_n_minus_one, "no clip, and a standard deviation with n - 1"),
        (e14_4_wrong_batch_mean_and_own_spread, "the batch's mean, each group's own standard deviation"),
        (e14_4_wrong_one_step_for_all_epochs, "adds the epochs' slopes up and climbs once"),
        (e14_4_wrong_steps_added_by_hand, "adds the slope to the log-probabilities and never looks at the model"),
        (e14_4_wrong_old_refreshed, "a new old policy in each epoch"),
        (e14_4_wrong_reference_overwritten, "right numbers, but the reference is overwritten"),
        (e14_4_wrong_clip_forgotten, "no clip"),
        (e14_4_wrong_stopped_on_all_four_sides, "slope 0 wherever the ratio is outside the band"),
        (e14_4_wrong_value_of_the_minimum, "min(wA, clip(w)A) itself for its slope"),
        (e14_4_wrong_clip_sides_swapped, "clip felt on the two wrong sides"),
        (e14_4_wrong_band_in_logs, "band ±ε for log w"),
        (e14_4_wrong_clip_stops_the_pull, "the clip stops the KL's pull too"),
        (e14_4_wrong_ratio_missing_in_slope, "A in place of wA"),
        (e14_4_wrong_ratio_to_last_epoch, "ratio to the epoch before"),
        (e14_4_wrong_ratio_of_whole_answers, "one ratio an answer"),
        (e14_4_wrong_slope_of_first_epoch_always, "first slope in every epoch"),
        (e14_4_wrong_slope_by_probability, "slope by π"),
        (e14_4_wrong_pull_reversed, "pull with the other sign"),
        (e14_4_wrong_pull_of_k2, "k2's slope"),
        (e14_4_wrong_value_of_k3, "k3 itself for its slope"),
        (e14_4_wrong_pull_without_minus_one, "pull β π_ref/π without −1"),
        (e14_4_wrong_pull_ratio_upside_down, "k3 of π/π_ref"),
        (e14_4_wrong_pull_of_the_old_policy, "pull of the old policy in every epoch"),
        (e14_4_wrong_pull_weighed_by_ratio, "pull times w"),
        (e14_4_wrong_price_in_the_reward_too, "KL charged in the reward as well"),
        (e14_4_wrong_pull_missing_in_wasted_groups, "no pull in groups of equal rewards"),
        (e14_4_wrong_deviation_with_n_minus_one, "deviation with n − 1"),
        (e14_4_wrong_small_number_added, "1e-4 added to the deviation"),
        (e14_4_wrong_equal_up_to_rounding_divided, "spread > 0 in place of > 1e-12"),
        (e14_4_wrong_deviation_of_the_batch, "deviation of the whole batch"),
        (e14_4_wrong_mean_over_groups, "mean and deviation along axis 0"),
        (e14_4_wrong_divided_by_all_places, "divided by the number of places"),
        (e14_4_wrong_mean_over_all_words, "mean over the batch's words"),
        (e14_4_wrong_length_for_the_push_only, "KL not divided by the length"),
        (e14_4_wrong_one_over_group_size, "divided by the answers of one group"),
        (e14_4_wrong_nothing_cut_behind_the_end, "written not used for the slope"),
        (e14_4_wrong_only_the_push_is_cut, "KL not cut behind the end"),
        (e14_4_wrong_switches_swapped, "divide and average swapped"),
        (e14_4_wrong_slope_of_the_loss, "slope of the loss, −1 times"),
        (e14_4_wrong_slopes_add_up, "slopes add up over the epochs"),
        (e14_4_wrong_one_epoch_too_few, "one epoch too few"),
        (e14_4_wrong_one_epoch_more, "one epoch too many"),
        (e14_4_wrong_returns_the_last_slope, "returns the last slope"),
        (e14_4_wrong_returns_log_pi_before_last_step, "returns log π before the last step"),
        (e14_4_wrong_result_of_ascend_ignored, "own step in place of ascend's"),
        (e14_4_wrong_rewards_centred_in_place, "rewards centred in place"),
        (e14_4_wrong_old_policy_overwritten, "log_old overwritten by log_new"),
        (e14_4_wrong_padding_zeroed_in_place, "log_old and log_ref zeroed behind the end"),
        (e14_4_wrong_two_both_sides_and_all_places, "four-sided clip, and number of places"),
        (e14_4_wrong_two_k2_and_n_minus_one, "k2's slope, and n − 1"),
        (e14_4_wrong_two_values_for_slopes, "the objective's terms for their slopes"),
    ],
    "14.5": [
        (e14_5_wrong_exponential, "the step of the other direction, pi exp(alpha A)"),
        (e14_5_wrong_first_order, "the first-order step pi (1 + alpha A)"),
        (e14_5_wrong_half_turned_round, "keeps the wrong half of the interval"),
        (e14_5_wrong_upper_end_normalised, "takes nu at the upper end and divides by the sum"),
        (e14_5_wrong_lower_end_normalised, "takes nu at the lower end and divides by the sum"),
        (e14_5_wrong_alpha_upside_down, "uses 1 / alpha for alpha"),
        (e14_5_wrong_five_halvings, "five halvings are too few"),
        (e14_5_wrong_signs_of_the_advantages, "sign of the advantages turned round"),
        (e14_5_wrong_lower_end_too_high, "lower end at max A + max pi / alpha, often above the right nu"),
        (e14_5_wrong_upper_end_too_low, "searches below max(A + pi / alpha), where the sum is at least 1"),
        (e14_5_wrong_multiplier_returned, "returns nu instead of the policy"),
        (e14_5_wrong_old_policy_forgotten, "1 in place of the old policy"),
        (e14_5_wrong_alpha_left_out, "leaves alpha out"),
        (e14_5_wrong_euclidean, "nearest point of the simplex to pi + alpha A, by Euclid"),
        (e14_5_wrong_until_exact, "halves until the ends meet exactly, which mostly never happens: it doesn't end"),
    ],
}

RIGHT = {
    "14.1": [
        (e14_1_right_numpy, "numpy"),
        (e14_1_right_loops, "loops"),
        (e14_1_right_torch, "torch"),
        (e14_1_right_float32, "float32"),
        (e14_1_right_in_place, "in-place, on the possible outcomes only"),
        (e14_1_right_value_from_the_objective, "value as reward less price"),
    ],
    "14.2": [
        (e14_2_right_numpy, "numpy"),
        (e14_2_right_loops, "loops"),
        (e14_2_right_torch, "torch"),
        (e14_2_right_float32, "float32"),
        (e14_2_right_in_place, "in-place on a copy"),
        (e14_2_right_projection, "centring as a matrix"),
    ],
    "14.3": [
        (e14_3_right_numpy, "numpy, the closed forms"),
        (e14_3_right_loops, "loops"),
        (e14_3_right_torch, "torch, by autograd"),
        (e14_3_right_float32, "float32"),
        (e14_3_right_in_place, "in-place on a copy"),
        (e14_3_right_einsum, "einsum"),
    ],
    "14.4": [
        (e14_4_right_numpy, "numpy"),
        (e14_4_right_loops, "loops, lists"),
        (e14_4_right_torch, "torch, by automatic differentiation"),
        (e14_4_right_selected_words, "one entry for each word"),
        (e14_4_right_group_by_group, "group by group, renamed parameters"),
        (e14_4_right_float32, "float32"),
        (e14_4_right_minimum_compared, "NumPy, the two sides of the minimum compared"),
        (e14_4_right_plain_loops, "loops and lists"),
        (e14_4_right_torch_autograd, "torch, autograd"),
        (e14_4_right_single_precision, "single precision"),
        (e14_4_right_one_buffer_reused, "other names, one slope array reused"),
        (e14_4_right_complex_step, "complex step"),
        (e14_4_right_words_only, "a flat list of words"),
        (e14_4_right_central_differences, "central differences of the objective"),
        (e14_4_right_masked_arrays, "masked arrays"),
        (e14_4_right_written_into_what_came_back, "overwrites the array that ascend gave back"),
    ],
    "14.5": [
        (e14_5_right_numpy, "numpy"),
        (e14_5_right_loops, "loops"),
        (e14_5_right_torch, "torch"),
        (e14_5_right_newton, "Newton's method"),
        (e14_5_right_float32, "float32"),
        (e14_5_right_in_place, "in-place"),
    ],
}
