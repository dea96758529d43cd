"""Answers to the exercises of lesson 13, written by somebody who knows the lesson and not its checks."""

import math
from collections import deque

import numpy as np
import torch
from torch.func import jvp, vjp
from torch.nn.functional import conv2d

# 13.1 stack_frames


def e13_1_wrong_looks_into_the_last_episode(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return frames[np.maximum(steps, 0)]


def e13_1_wrong_wraps_around(frames, first, k):
    return np.stack([np.roll(frames, shift, axis=0) for shift in range(k - 1, -1, -1)], axis=1)


def e13_1_wrong_black_frames(frames, first, k):
    start = np.maximum.accumulate(np.where(first, np.arange(len(frames)), 0))
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    stacks = frames[np.maximum(steps, 0)].copy()
    stacks[steps < start[:, None]] = 0
    return stacks


def e13_1_wrong_newest_first(frames, first, k):
    start = np.maximum.accumulate(np.where(first, np.arange(len(frames)), 0))
    steps = np.arange(len(frames))[:, None] - np.arange(k)
    return frames[np.maximum(steps, start[:, None])]


def e13_1_wrong_stack_on_the_last_axis(frames, first, k):
    start = np.maximum.accumulate(np.where(first, np.arange(len(frames)), 0))
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return np.moveaxis(frames[np.maximum(steps, start[:, None])], 1, -1)


def e13_1_wrong_repeats_the_newest(frames, first, k):
    start = np.maximum.accumulate(np.where(first, np.arange(len(frames)), 0))
    now = np.arange(len(frames))[:, None]
    steps = now - np.arange(k)[::-1]
    return frames[np.where(steps < start[:, None], now, steps)]


def e13_1_wrong_begins_one_late(frames, first, k):
    first = np.append(True, first[:-1])
    start = np.maximum.accumulate(np.where(first, np.arange(len(frames)), 0))
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return frames[np.maximum(steps, start[:, None])]


def e13_1_wrong_current_frame_missing(frames, first, k):
    start = np.maximum.accumulate(np.where(first, np.arange(len(frames)), 0))
    steps = np.arange(len(frames))[:, None] - np.arange(1, k + 1)[::-1]
    return frames[np.maximum(steps, start[:, None])]


def e13_1_wrong_incomplete_stacks_dropped(frames, first, k):
    return np.stack([frames[t - k + 1 : t + 1] for t in range(k - 1, len(frames))])


def e13_1_wrong_same_buffer(frames, first, k):
    buffer, stacks = np.zeros((k, *frames.shape[1:]), frames.dtype), []
    for frame, begins in zip(frames, first, strict=True):
        if begins:
            buffer[:] = frame
        else:
            buffer[:-1] = buffer[1:].copy()
            buffer[-1] = frame
        stacks.append(buffer)
    return np.array(stacks)


def e13_1_wrong_first_episode_for_all(frames, first, k):
    start = np.argmax(first)
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return frames[np.maximum(steps, start)]


def e13_1_wrong_first_not_repeated(frames, first, k):
    recent, stacks = deque(maxlen=k), []
    for frame, begins in zip(frames, first, strict=True):
        if begins and not recent:
            recent.extend([frame] * k)
        recent.append(frame)
        stacks.append(np.stack(recent))
    return np.stack(stacks)


def e13_1_wrong_every_frame_after_a_start(frames, first, k):
    stacks = e13_1_right_numpy(frames, first, k).copy()
    for t in range(1, len(frames)):
        if first[t - 1]:
            stacks[t] = frames[t]
    return stacks


def e13_1_wrong_frames_glued_together(frames, first, k):
    stacks = e13_1_right_numpy(frames, first, k)
    return stacks.reshape(len(frames), k * frames.shape[1], frames.shape[2])


def e13_1_wrong_start_summed(frames, first, k):
    start = np.cumsum(np.where(first, np.arange(len(frames)), 0))
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return frames[np.minimum(np.maximum(steps, start[:, None]), len(frames) - 1)]


def e13_1_right_numpy(frames, first, k):
    t = np.arange(len(frames))
    start = np.maximum.accumulate(t * np.asarray(first, dtype=bool))
    return np.stack([frames[np.maximum(t - back, start)] for back in range(k - 1, -1, -1)], axis=1)


def e13_1_right_loops(frames, first, k):
    stacks, begun = [], 0
    for t in range(len(frames)):
        if first[t]:
            begun = t
        stacks.append([frames[max(begun, t - back)] for back in reversed(range(k))])
    return stacks


def e13_1_right_torch(frames, first, k):
    first = torch.as_tensor(np.asarray(first, dtype=bool))
    t = torch.arange(len(first))
    start = torch.cummax(torch.where(first, t, torch.zeros_like(t)), dim=0).values
    steps = t[:, None] - torch.arange(k - 1, -1, -1)
    return torch.as_tensor(np.asarray(frames))[torch.maximum(steps, start[:, None])]


def e13_1_right_float32(frames, first, k):
    recent, stacks = deque(maxlen=k), np.empty((len(frames), k, *np.shape(frames)[1:]), dtype=np.float32)
    for t, (frame, begins) in enumerate(zip(frames, first, strict=True)):
        if begins:
            recent.extend([frame] * k)
        else:
            recent.append(frame)
        stacks[t] = recent
    return stacks


def e13_1_right_in_place(frames, first, k):
    stacks = np.empty((len(frames), k, *frames.shape[1:]), dtype=frames.dtype)
    for t in range(len(frames)):
        if first[t]:
            stacks[t] = frames[t]
        else:
            stacks[t, :-1] = stacks[t - 1, 1:]
            stacks[t, -1] = frames[t]
    return stacks


def e13_1_right_episode_by_episode(frames, first, k):
    parts = []
    for episode in np.split(np.asarray(frames), np.flatnonzero(first)[1:]):
        padded = np.concatenate([np.repeat(episode[:1], k - 1, axis=0), episode])
        windows = np.lib.stride_tricks.sliding_window_view(padded, k, axis=0)
        parts.append(np.moveaxis(windows, -1, 1))
    return np.concatenate(parts)


# 13.2 receptive_field


def e13_2_wrong_own_stride_first(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        step *= stride
        field += (size - 1) * step
    return n, field, step


def e13_2_wrong_size_not_less_one(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        field += size * step
        step *= stride
    return n, field, step


def e13_2_wrong_first_place_forgotten(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_rounded_up(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = math.ceil((n - size) / stride) + 1
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_padded(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = math.ceil(n / stride)
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_stride_only(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = n // stride
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_strides_added(n, layers):
    field, step = 1, 0
    for size, stride in layers:
        n = (n - size) // stride + 1
        field += (size - 1) * max(step, 1)
        step += stride
    return n, field, step


def e13_2_wrong_last_stride_only(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        field += (size - 1) * step
        step = stride
    return n, field, step


def e13_2_wrong_strides_ignored_in_the_field(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        field += size - 1
        step *= stride
    return n, field, step


def e13_2_wrong_field_from_zero(n, layers):
    field, step = 0, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_from_the_top(n, layers):
    field, step = 1, 1
    for size, stride in reversed(layers):
        field += (size - 1) * step
        step *= stride
    for size, stride in layers:
        n = (n - size) // stride + 1
    return n, field, step


def e13_2_wrong_size_and_stride_exchanged(n, layers):
    field, step = 1, 1
    for stride, size in layers:
        n = (n - size) // stride + 1
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_sizes_multiplied(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        field *= size
        step *= stride
    return n, field, step


def e13_2_wrong_not_whole(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) / stride + 1
        field += (size - 1) * step
        step *= stride
    return n, field, step


def e13_2_wrong_field_first(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n = (n - size) // stride + 1
        field += (size - 1) * step
        step *= stride
    return field, n, step


def e13_2_wrong_last_layer_only(n, layers):
    for size, stride in layers:
        n = (n - size) // stride + 1
    return n, size, stride


def e13_2_right_numpy(n, layers):
    sizes, strides = np.array(layers).reshape(-1, 2).T
    steps = np.cumprod(np.append(1, strides))
    for size, stride in layers:
        n = (n - size) // stride + 1
    return n, 1 + np.sum((sizes - 1) * steps[:-1]), steps[-1]


def e13_2_right_loops(n, layers):
    # Walks along the places one by one and notes the first and the last pixel under each.
    under = [(pixel, pixel) for pixel in range(n)]
    step = 1
    for size, stride in layers:
        places = range(0, len(under) - size + 1, stride)
        under = [(under[i][0], under[i + size - 1][1]) for i in places]
        step *= stride
    low, high = under[0]
    return [len(under), high - low + 1, step]


def e13_2_right_torch(n, layers):
    sizes, strides = torch.tensor([size for size, _ in layers]), torch.tensor([stride for _, stride in layers])
    steps = torch.cumprod(torch.cat([torch.ones(1, dtype=torch.long), strides]), dim=0)
    x = torch.zeros(1, 1, n, n)
    for size, stride in layers:
        x = conv2d(x, torch.zeros(1, 1, size, size), stride=stride)
    return torch.tensor(x.shape[-1]), 1 + ((sizes - 1) * steps[:-1]).sum(), steps[-1]


def e13_2_right_backwards(n, layers):
    places, field, step = n, 1, 1
    for size, stride in layers:
        places = (places - size) // stride + 1
    for size, stride in reversed(layers):
        field = (field - 1) * stride + size
        step = step * stride
    return places, field, step


def e13_2_right_recursion(n, layers):
    if not layers:
        return n, 1, 1
    *below, (size, stride) = layers
    places, field, step = e13_2_right_recursion(n, below)
    return (places - size) // stride + 1, field + (size - 1) * step, step * stride


def e13_2_right_gradient(n, layers):
    # Marks which pixels the first place depends on by pulling a one back through the layers.
    sides = [n]
    for size, stride in layers:
        sides.append((sides[-1] - size) // stride + 1)
    seen, step = np.ones(1), 1
    for size, stride in reversed(layers):
        below = np.zeros((len(seen) - 1) * stride + size)
        for i, here in enumerate(seen):
            if here:
                below[i * stride : i * stride + size] = 1
        below = below[: np.flatnonzero(below)[-1] + 1]
        seen, step = below, step * stride
    return sides[-1], len(seen), step


# 13.3 fisher_product


def e13_3_wrong_sum_over_states(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back(p * (t - (p * t).sum(-1, keepdim=True)))[0]


def e13_3_wrong_diagonal_only(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    return pull_back(z.softmax(-1) * t / len(z))[0]


def e13_3_wrong_no_metric(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    return pull_back(t / len(z))[0]


def e13_3_wrong_plus(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back(p * (t + (p * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_sum_over_the_states_inside(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back(p * (t - (p * t).sum(0, keepdim=True)) / len(z))[0]


def e13_3_wrong_softmax_over_states(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(0)
    return pull_back(p * (t - (p * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_logits_as_probabilities(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    return pull_back(z * (t - (z * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_mean_over_actions_too(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back(p * (t - (p * t).sum(-1, keepdim=True)) / z.numel())[0]


def e13_3_wrong_plain_mean(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    return pull_back(z.softmax(-1) * (t - t.mean(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_each_action_alone(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back(p * (1 - p) * t / len(z))[0]


def e13_3_wrong_p_missing_outside(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back((t - (p * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_half(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return 0.5 * pull_back(p * (t - (p * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_stops_before_the_last_sweep(logits, theta, v):
    z, t = jvp(logits, (theta,), (v,))
    p = z.softmax(-1)
    return p * (t - (p * t).sum(-1, keepdim=True)) / len(z)


def e13_3_wrong_point_and_direction_exchanged(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (v,), (theta,))[1]
    p = z.softmax(-1)
    return pull_back(p * (t - (p * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_values_for_the_tangent(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[0]
    p = z.softmax(-1)
    return pull_back(p * (t - (p * t).sum(-1, keepdim=True)) / len(z))[0]


def e13_3_wrong_a_tuple(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1]
    p = z.softmax(-1)
    return pull_back(p * (t - (p * t).sum(-1, keepdim=True)) / len(z)), z


def e13_3_right_torch(logits, theta, v):
    z, t = jvp(logits, (theta,), (v,))
    p = torch.softmax(z, dim=1)
    inner = torch.einsum("na,na->n", p, t)
    (result,) = vjp(logits, theta)[1]((p * t - p * inner[:, None]) / z.shape[0])
    return result


def e13_3_right_loops(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    _, t = jvp(logits, (theta,), (v,))
    u = torch.zeros_like(z)
    for i in range(len(z)):
        p = torch.softmax(z[i], dim=0)
        inner = sum(p[a] * t[i, a] for a in range(len(p)))
        for a in range(len(p)):
            u[i, a] = p[a] * (t[i, a] - inner) / len(z)
    return pull_back(u)[0]


def e13_3_right_through_the_softmax(logits, theta, v):
    # The change of the probabilities is M t already.
    change = jvp(lambda w: logits(w).softmax(-1), (theta,), (v,))[1]
    _, pull_back = vjp(logits, theta)
    return pull_back(change)[0] / len(change)


def e13_3_right_log_probabilities(logits, theta, v):
    def log_probs(w):
        return torch.log_softmax(logits(w), dim=-1)

    log_p, score = jvp(log_probs, (theta,), (v,))
    return vjp(log_probs, theta)[1](log_p.exp() * score)[0].div(len(log_p))


def e13_3_right_float32(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1].float()
    p = z.float().softmax(-1)
    weighed = p * (t - (p * t).sum(-1, keepdim=True)) / len(z)
    return pull_back(weighed.to(z.dtype))[0].float()


def e13_3_right_in_place(logits, theta, v):
    z, pull_back = vjp(logits, theta)
    t = jvp(logits, (theta,), (v,))[1].clone()
    p = z.detach().softmax(-1)
    t -= (p * t).sum(dim=-1, keepdim=True)
    t *= p
    t /= z.shape[0]
    return pull_back(t)[0]


def e13_3_right_mean_as_output(logits, theta, v):
    z, t = jvp(logits, (theta,), (v,))
    p = z.softmax(-1).detach()
    centred = (t - torch.linalg.vecdot(p, t)[:, None]).detach()
    _, pull_back = vjp(lambda w: (p * centred * logits(w)).sum(), theta)
    return pull_back(torch.ones((), dtype=z.dtype))[0] / len(z)


# 13.4 learned_and_scored


def e13_4_wrong_no_signs(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = rewards[t] + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_sign_of_the_return(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = rewards[t] + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return np.sign(G), np.sum(rewards)


def e13_4_wrong_lives_ignored(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + gamma * ahead
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_cut_one_early(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        last = t + 1 == len(rewards) or life_ends[t + 1]
        ahead = np.sign(rewards[t]) + gamma * ahead * (not last)
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_cut_one_late(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        last = t > 0 and life_ends[t - 1]
        ahead = np.sign(rewards[t]) + gamma * ahead * (not last)
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_last_reward_of_a_life_lost(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = 0.0 if life_ends[t] else np.sign(rewards[t]) + gamma * ahead
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_score_of_signs(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(np.sign(rewards))


def e13_4_wrong_mean_score(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.mean(rewards)


def e13_4_wrong_score_discounted(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(rewards * gamma ** np.arange(len(rewards)))


def e13_4_wrong_score_of_the_first_life(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(rewards[: np.argmax(life_ends) + 1])


def e13_4_wrong_forwards(rewards, life_ends, gamma):
    G, past = np.zeros(len(rewards)), 0.0
    for t in range(len(rewards)):
        past = np.sign(rewards[t]) + gamma * past
        G[t] = past
        if life_ends[t]:
            past = 0.0
    return G, np.sum(rewards)


def e13_4_wrong_backwards_order(rewards, life_ends, gamma):
    G, ahead = [], 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + gamma * ahead * (not life_ends[t])
        G.append(ahead)
    return np.array(G), np.sum(rewards)


def e13_4_wrong_no_discount(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = np.sign(rewards[t]) + ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_discounted_from_the_start(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = gamma**t * np.sign(rewards[t]) + ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_losses_ignored(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = float(rewards[t] > 0) + gamma * ahead * (not life_ends[t])
        G[t] = ahead
    return G, np.sum(rewards)


def e13_4_wrong_own_reward_left_out(rewards, life_ends, gamma):
    G, ahead = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        ahead = ahead * (not life_ends[t])
        G[t] = ahead
        ahead = np.sign(rewards[t]) + gamma * ahead
    return G, np.sum(rewards)


def e13_4_right_numpy(rewards, life_ends, gamma):
    life = np.cumsum(life_ends) - life_ends  # the number of the life that each step is in
    t = np.arange(len(rewards))
    later = t - t[:, None]
    weight = np.where((later >= 0) & (life == life[:, None]), float(gamma) ** np.maximum(later, 0), 0.0)
    return weight @ np.sign(rewards), np.sum(rewards)


def e13_4_right_loops(rewards, life_ends, gamma):
    G = []
    for t in range(len(rewards)):
        total, weight = 0.0, 1.0
        for k in range(t, len(rewards)):
            if rewards[k] != 0:
                total += math.copysign(weight, rewards[k])
            weight *= gamma
            if life_ends[k]:
                break
        G.append(float(total))
    return G, float(sum(rewards))


def e13_4_right_torch(rewards, life_ends, gamma):
    rewards = torch.as_tensor(np.asarray(rewards, dtype=float))
    goes_on = 1 - torch.as_tensor(np.asarray(life_ends, dtype=float))
    G, ahead = torch.zeros_like(rewards), torch.zeros((), dtype=torch.float64)
    for t in range(len(rewards) - 1, -1, -1):
        ahead = rewards[t].sign() + gamma * goes_on[t] * ahead
        G[t] = ahead
    return G, rewards.sum()


def e13_4_right_float32(rewards, life_ends, gamma):
    signs = np.sign(np.asarray(rewards, dtype=np.float32))
    gamma, G = np.float32(gamma), signs.copy()
    for t in range(len(G) - 2, -1, -1):
        if not life_ends[t]:
            G[t] += gamma * G[t + 1]
    return G, np.sum(rewards, dtype=np.float32)


def e13_4_right_life_by_life(rewards, life_ends, gamma):
    parts = []
    for life in np.split(np.sign(np.asarray(rewards, dtype=float)), np.flatnonzero(life_ends) + 1):
        for t in range(len(life) - 2, -1, -1):
            life[t] += gamma * life[t + 1]
        parts.append(life)
    return np.concatenate(parts), math.fsum(rewards)


def e13_4_right_linear_system(rewards, life_ends, gamma):
    # G = sign(r) + gamma · (next G where the life goes on), solved as a linear system.
    goes_on = gamma * (1.0 - np.asarray(life_ends, dtype=float))
    shift = np.eye(len(rewards), k=1) * goes_on[:, None]
    return np.linalg.solve(np.eye(len(rewards)) - shift, np.sign(rewards)), np.array(np.sum(rewards))


WRONG = {
    "13.1": [
        (e13_1_wrong_looks_into_the_last_episode, "stacks reach back into the episode before"),
        (e13_1_wrong_wraps_around, "shifts the frames in a circle: the first stacks hold the last frames"),
        (e13_1_wrong_black_frames, "fills a young episode's stack with black frames instead of its first"),
        (e13_1_wrong_newest_first, "the newest frame is at index 0"),
        (e13_1_wrong_stack_on_the_last_axis, "the frames of a stack are on the last axis, not the second"),
        (e13_1_wrong_repeats_the_newest, "repeats the current frame instead of the episode's first"),
        (e13_1_wrong_begins_one_late, "lets an episode begin one step late"),
        (e13_1_wrong_current_frame_missing, "one step too old: the current frame is missing"),
        (e13_1_wrong_incomplete_stacks_dropped, "drops the first k - 1 steps and ignores the episodes"),
        (e13_1_wrong_same_buffer, "appends the same buffer again and again, so all stacks are the last one"),
        (e13_1_wrong_first_episode_for_all, "clips at the first episode's start for all of them"),
        (e13_1_wrong_first_not_repeated, "fills the stack at the very first step only, not at later episodes"),
        (e13_1_wrong_every_frame_after_a_start, "the second step of an episode repeats its own frame, not the first"),
        (e13_1_wrong_frames_glued_together, "glues the frames of a stack together along their height"),
        (e13_1_wrong_start_summed, "adds the starts up instead of carrying the largest (from the third episode on)"),
    ],
    "13.2": [
        (e13_2_wrong_own_stride_first, "multiplies by the layer's own stride before adding to the field"),
        (e13_2_wrong_size_not_less_one, "adds k steps instead of k - 1"),
        (e13_2_wrong_first_place_forgotten, "forgets the + 1 in the number of places"),
        (e13_2_wrong_rounded_up, "rounds the number of places up (only where the division leaves a rest)"),
        (e13_2_wrong_padded, "number of places as with padding"),
        (e13_2_wrong_stride_only, "divides by the stride and forgets the filter's size"),
        (e13_2_wrong_strides_added, "adds the strides instead of multiplying them"),
        (e13_2_wrong_last_stride_only, "a step is worth the last stride only"),
        (e13_2_wrong_strides_ignored_in_the_field, "the field ignores the strides below"),
        (e13_2_wrong_field_from_zero, "the field starts at 0 instead of 1"),
        (e13_2_wrong_from_the_top, "builds the field from the top layer down with the rule for going up"),
        (e13_2_wrong_size_and_stride_exchanged, "exchanges size and stride"),
        (e13_2_wrong_sizes_multiplied, "multiplies the sizes of the filters"),
        (e13_2_wrong_not_whole, "doesn't round the number of places (only where the division leaves a rest)"),
        (e13_2_wrong_field_first, "returns field and places in the wrong order"),
        (e13_2_wrong_last_layer_only, "size and stride of the last layer for field and step"),
    ],
    "13.3": [
        (e13_3_wrong_sum_over_states, "sum over the states instead of the mean"),
        (e13_3_wrong_diagonal_only, "takes diag(p) for the metric and leaves pp^T out"),
        (e13_3_wrong_no_metric, "leaves the metric out: J^T J v"),
        (e13_3_wrong_plus, "adds pp^T instead of subtracting it"),
        (e13_3_wrong_sum_over_the_states_inside, "sums p t over the states instead of the actions"),
        (e13_3_wrong_softmax_over_states, "softmax over the states instead of the actions"),
        (e13_3_wrong_logits_as_probabilities, "uses the logits as probabilities"),
        (e13_3_wrong_mean_over_actions_too, "divides by the number of actions as well"),
        (e13_3_wrong_plain_mean, "subtracts the plain mean of t instead of the one under p"),
        (e13_3_wrong_each_action_alone, "keeps only the diagonal p (1 - p) of the metric"),
        (e13_3_wrong_p_missing_outside, "centres t and forgets to multiply by p"),
        (e13_3_wrong_half, "half of F v"),
        (e13_3_wrong_stops_before_the_last_sweep, "returns M J v, the sweep backwards is missing"),
        (e13_3_wrong_point_and_direction_exchanged, "exchanges the point and the direction in the jvp"),
        (e13_3_wrong_values_for_the_tangent, "takes the logits from the jvp instead of their change"),
        (e13_3_wrong_a_tuple, "returns the tuple of the vjp, and the logits besides"),
    ],
    "13.4": [
        (e13_4_wrong_no_signs, "learns from the rewards themselves instead of their signs"),
        (e13_4_wrong_sign_of_the_return, "takes the sign of the return instead of each reward's"),
        (e13_4_wrong_lives_ignored, "the return runs on over the end of a life"),
        (e13_4_wrong_cut_one_early, "cuts one step too early: the step with the lost life is already alone"),
        (e13_4_wrong_cut_one_late, "cuts one step too late: looks at the end of the step before"),
        (e13_4_wrong_last_reward_of_a_life_lost, "the step with which a life ends earns nothing"),
        (e13_4_wrong_score_of_signs, "the score sums the signs"),
        (e13_4_wrong_mean_score, "mean reward instead of the sum as score"),
        (e13_4_wrong_score_discounted, "discounts the score"),
        (e13_4_wrong_score_of_the_first_life, "the score counts the first life only"),
        (e13_4_wrong_forwards, "sums the past of each step instead of its future"),
        (e13_4_wrong_backwards_order, "returns in reversed order of time"),
        (e13_4_wrong_no_discount, "doesn't discount"),
        (e13_4_wrong_discounted_from_the_start, "discounts from the start of the game instead of from the step"),
        (e13_4_wrong_losses_ignored, "counts gains only, a negative reward as 0 (only where there is one)"),
        (e13_4_wrong_own_reward_left_out, "leaves out the reward of the step itself"),
    ],
}

RIGHT = {
    "13.1": [
        (e13_1_right_numpy, "numpy"),
        (e13_1_right_loops, "loops"),
        (e13_1_right_torch, "torch"),
        (e13_1_right_float32, "float32, a queue"),
        (e13_1_right_in_place, "in-place, each stack from the one before"),
        (e13_1_right_episode_by_episode, "episode by episode"),
    ],
    "13.2": [
        (e13_2_right_numpy, "numpy"),
        (e13_2_right_loops, "loops over the places"),
        (e13_2_right_torch, "torch"),
        (e13_2_right_backwards, "from the top down"),
        (e13_2_right_recursion, "recursion"),
        (e13_2_right_gradient, "marks the pixels that the first place depends on"),
    ],
    "13.3": [
        (e13_3_right_torch, "torch, einsum"),
        (e13_3_right_loops, "loops"),
        (e13_3_right_through_the_softmax, "jvp through the softmax"),
        (e13_3_right_log_probabilities, "both sweeps through the log-probabilities"),
        (e13_3_right_float32, "float32 in the middle"),
        (e13_3_right_in_place, "in-place on a copy"),
        (e13_3_right_mean_as_output, "vjp of one weighed sum"),
    ],
    "13.4": [
        (e13_4_right_numpy, "numpy"),
        (e13_4_right_loops, "loops"),
        (e13_4_right_torch, "torch"),
        (e13_4_right_float32, "float32"),
        (e13_4_right_life_by_life, "in-place on a copy, life by life"),
        (e13_4_right_linear_system, "linear system"),
    ],
}
