"""Wrong answers to the exercises of lesson 13."""

import numpy as np
import torch
from torch.func import jvp, vjp


def _starts(first):
    return np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))


def stack_across(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return frames[np.maximum(steps, 0)]


def stack_rolled(frames, first, k):
    return np.stack([np.roll(frames, k - 1 - i, axis=0) for i in range(k)], axis=1)


def stack_newest_first(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)
    return frames[np.maximum(steps, _starts(first)[:, None])]


def stack_black(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    inside = steps >= _starts(first)[:, None]
    return np.where(inside[..., None, None], frames[np.maximum(steps, 0)], 0.0)


def stack_of_the_future(frames, first, k):
    steps = np.minimum(np.arange(len(frames))[:, None] - np.arange(k)[::-1] + 1, len(frames) - 1)
    return frames[np.maximum(steps, _starts(first)[:, None])]


def stack_late(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1] - 1
    return frames[np.maximum(steps, _starts(first)[:, None])]


def stack_of_one(frames, first, k):
    return np.stack([frames] * k, axis=1)


def stack_last_axis(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return np.moveaxis(frames[np.maximum(steps, _starts(first)[:, None])], 1, -1)


def stack_in_place(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    result = frames[np.maximum(steps, _starts(first)[:, None])].copy()
    frames /= 255
    return result


def _field(layers):
    field, step = 1, 1
    for size, stride in layers:
        field, step = field + (size - 1) * step, step * stride
    return field, step


def field_no_one(n, layers):
    for size, stride in layers:
        n = (n - size) // stride
    return n, *_field(layers)


def field_round_up(n, layers):
    for size, stride in layers:
        n = int(np.ceil((n - size) / stride)) + 1
    return n, *_field(layers)


def _outputs(n, layers):
    for size, stride in layers:
        n = (n - size) // stride + 1
    return n


def field_without_strides(n, layers):
    return _outputs(n, layers), 1 + sum(size - 1 for size, _ in layers), _field(layers)[1]


def field_whole_filters(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        field, step = field + size * step, step * stride
    return _outputs(n, layers), field, step


def field_stride_first(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        step *= stride
        field += (size - 1) * step
    return _outputs(n, layers), field, step


def field_strides_added(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        field, step = field + (size - 1) * step, step + stride
    return _outputs(n, layers), field, step


def field_no_filter_size(n, layers):
    for _, stride in layers:
        n //= stride
    return n, *_field(layers)


def field_only_two(n, layers):
    return _outputs(n, layers), _field(layers)[0]


def field_as_fraction(n, layers):
    for size, stride in layers:
        n = (n - size) / stride + 1
    return n, *_field(layers)


def _swept(middle, over=None):
    def product(logits, theta, v):
        z, pull = vjp(logits, theta)
        moved = jvp(logits, (theta,), (v,))[1]
        p = z.softmax(-1)
        return pull(middle(p, moved))[0] / (len(z) if over is None else over(z))

    return product


def _m(p, t):
    return p * t - p * (p * t).sum(-1, keepdim=True)


product_identity = _swept(lambda p, t: t)
product_without_outer = _swept(lambda p, t: p * t)
product_diagonal = _swept(lambda p, t: p * (1 - p) * t)
product_plus = _swept(lambda p, t: p * t + p * (p * t).sum(-1, keepdim=True))
product_summed = _swept(_m, lambda z: 1)
product_over_actions = _swept(_m, lambda z: z.numel())
product_mean_policy = _swept(lambda p, t: _m(p.mean(0).expand_as(p), t))
product_half = _swept(lambda p, t: _m(p, t) / 2)
for _name in ("identity", "without_outer", "diagonal", "plus", "summed", "over_actions", "mean_policy", "half"):
    globals()[f"product_{_name}"].__name__ = f"product_{_name}"


def product_of_logits_tangent(logits, theta, v):
    return jvp(logits, (theta,), (v,))[1]


def product_without_a_direction(logits, theta, v):
    return torch.zeros_like(v)


def product_minus(logits, theta, v):
    return -_swept(_m)(logits, theta, v)


def _G(r, ends, gamma, lives=True):
    G, ahead = np.zeros(len(r)), 0.0
    for t in reversed(range(len(r))):
        ahead = r[t] + gamma * ahead * (not (lives and ends[t]))
        G[t] = ahead
    return G


def learned_true(rewards, life_ends, gamma):
    return _G(rewards, life_ends, gamma), rewards.sum()


def learned_score_of_signs(rewards, life_ends, gamma):
    return _G(np.sign(rewards), life_ends, gamma), np.sign(rewards).sum()


def learned_clipped(rewards, life_ends, gamma):
    return _G(np.clip(rewards, -1, 1), life_ends, gamma), rewards.sum()


def learned_sign_of_return(rewards, life_ends, gamma):
    return np.sign(_G(rewards, life_ends, gamma)), rewards.sum()


def learned_across_lives(rewards, life_ends, gamma):
    return _G(np.sign(rewards), life_ends, gamma, lives=False), rewards.sum()


def learned_without_the_end(rewards, life_ends, gamma):
    return _G(np.where(life_ends, 0.0, np.sign(rewards)), life_ends, gamma), rewards.sum()


def learned_late(rewards, life_ends, gamma):
    return gamma * _G(np.sign(rewards), life_ends, gamma), rewards.sum()


def learned_only_gains(rewards, life_ends, gamma):
    return _G((rewards > 0).astype(float), life_ends, gamma), rewards.sum()


def learned_undiscounted(rewards, life_ends, gamma):
    return _G(np.sign(rewards), life_ends, 1.0), rewards.sum()


def learned_only_return(rewards, life_ends, gamma):
    return _G(np.sign(rewards), life_ends, gamma)


WRONG_ANSWERS = {
    "13.1": [
        (stack_across, "reaches back into the episode before"),
        (stack_rolled, "wraps around"),
        (stack_newest_first, "your newest frame comes first"),
        (stack_black, "you fill up with zeros"),
        (stack_of_the_future, "a frame from the future"),
        (stack_late, "one step late"),
        (stack_of_one, "k copies of one frame"),
        (stack_last_axis, "the shape is wrong"),
        (stack_in_place, "your function changes its arguments"),
    ],
    "13.2": [
        (field_no_one, "the + 1 is missing"),
        (field_round_up, "you round up"),
        (field_without_strides, "the strides below are missing"),
        (field_whole_filters, "adds k − 1 steps to the field"),
        (field_stride_first, "the layer's own stride before its filter"),
        (field_strides_added, "strides multiply from layer to layer"),
        (field_no_filter_size, "forget the filter's own size"),
        (field_only_two, "return 3 values, not 2"),
        (field_as_fraction, "the value is wrong"),
    ],
    "13.3": [
        (product_identity, "your M is the identity"),
        (product_without_outer, "your M lacks − p pᵀ"),
        (product_diagonal, "only the diagonal p(1 − p)"),
        (product_plus, "the sign of p pᵀ is wrong"),
        (product_summed, "you sum over the states"),
        (product_over_actions, "you divide by the number of actions too"),
        (product_mean_policy, "you average the probabilities over the states first"),
        (product_half, "you halve the product"),
        (product_of_logits_tangent, "the shape is wrong"),
        (product_without_a_direction, "the value is wrong"),
        (product_minus, "the sign is wrong"),
    ],
    "13.4": [
        (learned_true, "uses the true rewards"),
        (learned_score_of_signs, "your score adds signs"),
        (learned_clipped, "a reward of ½ must become 1"),
        (learned_sign_of_return, "you take the sign of the return"),
        (learned_across_lives, "goes on into the next life"),
        (learned_without_the_end, "leave out the reward of the step on which the life is lost"),
        (learned_late, "you discount one step too many"),
        (learned_only_gains, "a lost point has become nothing"),
        (learned_undiscounted, "you forget the discount"),
        (learned_only_return, "return 2 values, not 1"),
    ],
}
