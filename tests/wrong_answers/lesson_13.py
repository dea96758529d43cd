"""Wrong answers to the exercises of lesson 13."""

import numpy as np
import torch
from torch.func import jacrev, jvp, vjp

from unforeseen import lesson_13 as unforeseen


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


def stack_indexed(places):
    """Return an answer that takes the frames at `places(steps, start, now)`, kept inside the game."""

    def stack(frames, first, k):
        now = np.arange(len(frames))[:, None]
        steps = now - np.arange(k)[::-1]
        return frames[np.clip(places(steps, _starts(first)[:, None], now), 0, len(frames) - 1)]

    return stack


def stack_begins(shift):
    """Return an answer whose episodes begin some steps late."""

    def stack(frames, first, k):
        moved = np.zeros_like(first)
        moved[max(shift, 0) :] = first[: len(first) - shift] if shift >= 0 else False
        if shift < 0:
            moved[:shift] = first[-shift:]
        moved[0] = True
        return stack_right(frames, moved, k)

    return stack


def stack_right(frames, first, k):
    steps = np.arange(len(frames))[:, None] - np.arange(k)[::-1]
    return frames[np.maximum(steps, _starts(first)[:, None])]


def stack_newest_first_and_across(frames, first, k):
    return frames[np.maximum(np.arange(len(frames))[:, None] - np.arange(k), 0)]


def stack_newest_first_and_black(frames, first, k):
    return stack_black(frames, first, k)[:, ::-1]


def stack_newest_first_and_now(frames, first, k):
    return unforeseen.e13_1_wrong_repeats_the_newest(frames, first, k)[:, ::-1]


def stack_black_then_across(frames, first, k):
    padded = np.concatenate([np.zeros((k - 1, *frames.shape[1:])), frames])
    return np.stack([padded[t : t + k] for t in range(len(frames))])


def stack_newest_first_rolled(frames, first, k):
    return np.stack([np.roll(frames, i, axis=0) for i in range(k)], axis=1)


def stack_flat(frames, first, k):
    return stack_right(frames, first, k).reshape(len(frames), -1)


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


def places_by(rule):
    def receptive_field(n, layers):
        for size, stride in layers:
            n = rule(n, size, stride)
        return n, *_field(layers)

    return receptive_field


def field_by(rule):
    return lambda n, layers: (_outputs(n, layers), rule(layers), _field(layers)[1])


def step_by(rule):
    return lambda n, layers: (_outputs(n, layers), _field(layers)[0], rule(*zip(*layers, strict=True)))


def field_last_on_the_whole(n, layers):
    size, stride = layers[-1]
    return (n - size) // stride + 1, *_field(layers)


def field_first_only(n, layers):
    size, stride = layers[0]
    return (n - size) // stride + 1, *_field(layers)


def field_own_strides(layers):
    field = 1
    for size, stride in layers:
        field += (size - 1) * stride
    return field


def field_stride_below(layers):
    field, below = 1, 1
    for size, stride in layers:
        field += (size - 1) * below
        below = stride
    return field


def field_from_zero_whole(layers):
    field, step = 0, 1
    for size, stride in layers:
        field += size * step
        step *= stride
    return field


def field_size_times_strides(layers):
    *below, (size, _) = layers
    for _, stride in below:
        size *= stride
    return size


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


def swept(middle, p_of=lambda z: z.softmax(-1)):
    """Return an answer with `middle(p, t)` between the sweeps, and with probabilities of its own."""

    def product(logits, theta, v):
        z, t = jvp(logits, (theta,), (v,))
        return vjp(logits, theta)[1](middle(p_of(z), t) / z.shape[0])[0]

    return product


def _dot(p, t):
    return torch.sum(p * t, dim=-1, keepdim=True)


def product_plus_damping(damping):
    return lambda logits, theta, v: _swept(_m)(logits, theta, v) + damping * v


def product_tangent_at_v(logits, theta, v):
    z, pull = vjp(logits, theta)
    return pull(_m(z.softmax(-1), jvp(logits, (v,), (v,))[1]) / len(z))[0]


def product_in_a_tuple(logits, theta, v):
    z, pull = vjp(logits, theta)
    return pull(_m(z.softmax(-1), jvp(logits, (theta,), (v,))[1]) / len(z))


def product_before_the_sweep_back(logits, theta, v):
    z, t = jvp(logits, (theta,), (v,))
    return _m(z.softmax(-1), t)


def product_by_matrix(logits, theta, v):
    J, p = jacrev(logits)(theta), logits(theta).softmax(-1)
    return torch.einsum("nap,na->p", J, _m(p, J @ v)) / len(p)


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


def learned_by(step, start=0.0):
    """Return an answer that goes backwards, G = step(sign, ahead, whether the life ends, γ)."""

    def learned(rewards, life_ends, gamma):
        G, ahead = np.zeros(len(rewards)), start
        for t in range(len(rewards) - 1, -1, -1):
            G[t], ahead = step(np.sign(rewards[t]), ahead, life_ends[t], gamma)
        return G, np.sum(rewards)

    return learned


def learned_then(change):
    """Return an answer that does something with the right returns."""
    return lambda rewards, life_ends, gamma: (
        change(_G(np.sign(rewards), life_ends, gamma), life_ends),
        rewards.sum(),
    )


def learned_from(rewards_of, gamma_of=lambda gamma: gamma, lives=True):
    return lambda rewards, life_ends, gamma: (
        _G(rewards_of(rewards), life_ends, gamma_of(gamma), lives=lives),
        rewards.sum(),
    )


def scored(score):
    return lambda rewards, life_ends, gamma: (
        _G(np.sign(rewards), life_ends, gamma),
        score(rewards, life_ends, gamma),
    )


def learned_discounts_once(rewards, life_ends, gamma):
    ahead = _G(np.sign(rewards), life_ends, 1.0)
    return np.sign(rewards) + gamma * (ahead - np.sign(rewards)), rewards.sum()


def learned_one_ahead(rewards, life_ends, gamma):
    signs = np.sign(rewards)
    return signs + gamma * np.append(signs[1:], 0.0) * ~life_ends, rewards.sum()


def learned_since_the_life_began(rewards, life_ends, gamma):
    signs, power = np.sign(rewards), 0
    for t in range(len(signs)):
        signs[t] *= gamma**power
        power = 0 if life_ends[t] else power + 1
    return _G(signs, life_ends, 1.0), rewards.sum()


def learned_past_of_all(rewards, life_ends, gamma):
    G = np.sign(rewards)
    for t in range(1, len(G)):
        G[t] += gamma * G[t - 1]
    return G, rewards.sum()


def learned_same_in_a_life(rewards, life_ends, gamma):
    G = _G(np.sign(rewards), life_ends, gamma)
    for t in range(1, len(G)):
        if not life_ends[t - 1]:
            G[t] = G[t - 1]
    return G, rewards.sum()


def learned_with_a_fine(rewards, life_ends, gamma):
    return _G(np.sign(rewards) - 1.0 * life_ends, life_ends, gamma), rewards.sum()


WRONG_ANSWERS = {
    "13.1": [
        (stack_across, "reaches back into the episode before"),
        (stack_rolled, "wraps around"),
        (stack_newest_first, "your newest frame comes first"),
        (stack_black, "you fill up with zeros"),
        (stack_of_the_future, "a frame from the future"),
        (stack_late, "one step late"),
        (stack_of_one, "k copies of one frame"),
        (stack_last_axis, "lie on the last axis"),
        (stack_in_place, "work on a copy"),
        (stack_indexed(lambda steps, start, now: now + (steps - steps[:, :1])), "that are still to come"),
        (unforeseen.e13_1_wrong_repeats_the_newest, "you repeat the present frame; repeat"),
        (
            stack_indexed(lambda steps, start, now: np.where(steps < start, 0, steps)),
            "you repeat the first frame of all",
        ),
        (
            stack_indexed(lambda steps, start, now: np.where(steps < start, start - 1, steps)),
            "you repeat the last frame of the episode before",
        ),
        (unforeseen.e13_1_wrong_begins_one_late, "your episodes begin one step late"),
        (stack_begins(1), "your episodes begin one step late"),
        (stack_begins(-1), "your episodes begin one step early"),
        (unforeseen.e13_1_wrong_start_summed, "you add up the steps at which episodes began"),
        (unforeseen.e13_1_wrong_every_frame_after_a_start, "at the second step of an episode"),
        (unforeseen.e13_1_wrong_same_buffer, "all your stacks are the last one"),
        (stack_newest_first_and_across, "comes first, and your stack reaches back"),
        (stack_newest_first_and_black, "comes first, and you fill up with zeros"),
        (stack_newest_first_and_now, "comes first, and you repeat the present frame"),
        (stack_black_then_across, "before the very first frame you fill up with zeros"),
        (
            stack_indexed(lambda steps, start, now: np.maximum(steps - 1, 0)),
            "your stack is one step late, and reaches back",
        ),
        (stack_newest_first_rolled, "and np.roll shows the last frames"),
        (lambda frames, first, k: stack_right(frames, first, k) / 255, "you divide the frames by 255"),
        (unforeseen.e13_1_wrong_stack_on_the_last_axis, "lie on the last axis"),
        (lambda frames, first, k: np.stack([*np.swapaxes(stack_right(frames, first, k), 0, 1)]), "k frames in front"),
        (unforeseen.e13_1_wrong_frames_glued_together, "are glued together along their height"),
        (stack_flat, "your stacks are flat"),
        (unforeseen.e13_1_wrong_incomplete_stacks_dropped, "no stacks for the first k − 1 steps"),
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
        (field_as_fraction, "you don't round the number of places"),
        (unforeseen.e13_2_wrong_padded, "a picture with padding"),
        (places_by(lambda n, size, stride: (n - size + 1) // stride), "you divide n − size + 1 by the stride"),
        (places_by(lambda n, size, stride: n - size + 1), "knows no stride"),
        (places_by(lambda n, size, stride: (n - size - size) // stride + 1), "you subtract 2·size"),
        (places_by(lambda n, size, stride: (n - size) // stride + 2), "you add 1 too many"),
        (places_by(lambda n, size, stride: int(np.round((n - size) / stride)) + 1), "to the nearest whole number"),
        (field_last_on_the_whole, "you apply each layer to the whole picture"),
        (field_first_only, "you count the places of the first layer"),
        (lambda n, layers: (_outputs(n, layers) ** 2, *_field(layers)), "you square the number of places"),
        (field_by(field_own_strides), "you multiply each filter by its own stride only"),
        (field_by(field_stride_below), "the stride of the layer just below"),
        (unforeseen.e13_2_wrong_field_from_zero, "your field begins at 0; a pixel"),
        (field_by(lambda layers: _field(layers)[0] + 1), "your field is one pixel too wide"),
        (field_by(field_from_zero_whole), "your field begins at 0, and a filter"),
        (field_by(lambda layers: 1 + sum(size for size, _ in layers)), "the strides are missing in your field, and"),
        (field_by(lambda layers: sum(size for size, _ in layers)), "your field adds up the filters' sizes"),
        (unforeseen.e13_2_wrong_sizes_multiplied, "you multiply the filters' sizes; each adds"),
        (field_by(field_size_times_strides), "you multiply the last filter's size"),
        (unforeseen.e13_2_wrong_from_the_top, "you go down from the last layer"),
        (field_by(lambda layers: layers[-1][0]), "your field is that of the last layer"),
        (field_by(lambda layers: layers[0][0]), "your field is that of the first layer"),
        (field_by(lambda layers: _field(layers)[0] ** 2), "you square the field"),
        (unforeseen.e13_2_wrong_strides_added, "strides multiply from layer to layer; you add them"),
        (step_by(lambda sizes, strides: strides[-1]), "your step is the last stride"),
        (step_by(lambda sizes, strides: strides[0]), "your step is the first stride"),
        (step_by(lambda sizes, strides: int(np.prod(strides[:-1]))), "the last stride is missing in your step"),
        (step_by(lambda sizes, strides: max(strides)), "your step is the largest stride"),
        (step_by(lambda sizes, strides: int(np.prod(sizes))), "your step multiplies the filters' sizes"),
        (step_by(lambda sizes, strides: int(np.prod(strides)) - 1), "the pixels strictly between two units"),
        (unforeseen.e13_2_wrong_size_and_stride_exchanged, "size and stride have changed places"),
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
        (product_of_logits_tangent, "you return Bv"),
        (product_without_a_direction, "throughout: is it left out?"),
        (product_minus, "you have p pᵀ − diag(p)"),
        (swept(lambda p, t: 2 * _m(p, t)), "you double the product"),
        (swept(lambda p, t: _m(p, t) / len(p)), "you divide by the number of states twice"),
        (unforeseen.e13_3_wrong_values_for_the_tangent, "you take the logits for t"),
        (unforeseen.e13_3_wrong_point_and_direction_exchanged, "in the jvp θ and v have changed places"),
        (product_tangent_at_v, "your jvp is taken at v"),
        (unforeseen.e13_3_wrong_softmax_over_states, "your p is the softmax over the states"),
        (swept(_m, lambda z: z.exp() / z.exp().sum()), "your p is one softmax over all states"),
        (unforeseen.e13_3_wrong_logits_as_probabilities, "you use the logits as probabilities"),
        (swept(_m, torch.exp), "your p isn't divided by its sum"),
        (swept(_m, torch.sigmoid), "your p is a sigmoid"),
        (swept(_m, lambda z: z.log_softmax(-1)), "your p is log p"),
        (unforeseen.e13_3_wrong_sum_over_the_states_inside, "your pᵀt sums over the states;"),
        (swept(lambda p, t: p * (t - (p * t).sum())), "your pᵀt sums over states and actions"),
        (swept(lambda p, t: p * (t - (p * t).mean(-1, keepdim=True))), "your pᵀt is a mean over the actions"),
        (unforeseen.e13_3_wrong_plain_mean, "you take the plain mean off t"),
        (swept(lambda p, t: p * (t - t.sum(-1, keepdim=True))), "you take the plain sum off t"),
        (unforeseen.e13_3_wrong_p_missing_outside, "you take pᵀt off and forget the p in front"),
        (swept(lambda p, t: p * t - _dot(p, t)), "the second p is missing"),
        (swept(lambda p, t: t - p * _dot(p, t)), "the first p is missing"),
        (swept(lambda p, t: p * _dot(p, t)), "you keep p pᵀ alone"),
        (swept(lambda p, t: p**2 * (t - _dot(p, t))), "p stands squared in front"),
        (swept(lambda p, t: _m(p, _m(p, t))), "M stands twice"),
        (swept(lambda p, t: p**0.5 * (t - _dot(p, t))), "your rows are weighed by the root of p"),
        (swept(lambda p, t: len(p) * p * t), "you leave out − p pᵀ, and you sum over the states"),
        (swept(lambda p, t: len(p) * t), "you leave out M, and you sum over the states"),
        (product_plus_damping(0.1), "you add damping, 0.1·v"),
        (product_plus_damping(0.01), "you add damping, 0.01·v"),
        (lambda logits, theta, v: v @ _swept(_m)(logits, theta, v), "you have vᵀFv"),
        (product_in_a_tuple, "you return the tuple of the vjp; Fv"),
        (unforeseen.e13_3_wrong_a_tuple, "you return two things"),
        (unforeseen.e13_3_wrong_stops_before_the_last_sweep, "you return MBv"),
        (product_before_the_sweep_back, "you return MBv"),
        (product_by_matrix, "a matrix appears on the way"),
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
        (learned_from(lambda r: (r != 0) * 1.0), "a lost point counts as a won one"),
        (learned_from(np.sign, lambda gamma: gamma * gamma), "you discount by γ²"),
        (learned_discounts_once, "you discount once for all that follows"),
        (learned_from(np.sign, lambda gamma: 1 / gamma), "you discount the wrong way"),
        (unforeseen.e13_4_wrong_discounted_from_the_start, "you discount from the start of the game"),
        (learned_since_the_life_began, "you discount from the start of the life"),
        (unforeseen.e13_4_wrong_own_reward_left_out, "your step's own reward is missing"),
        (
            learned_by(
                lambda sign, ahead, ends, gamma: (gamma * ahead * (not ends), sign + gamma * ahead * (not ends))
            ),
            "your step's own reward is missing",
        ),
        (lambda r, ends, gamma: (np.sign(r), r.sum()), "you have the reward of each step alone"),
        (learned_one_ahead, "you look one step ahead only"),
        (unforeseen.e13_4_wrong_cut_one_early, "you cut one step too early"),
        (unforeseen.e13_4_wrong_cut_one_late, "you cut one step too late"),
        (unforeseen.e13_4_wrong_forwards, "you add up each step's past; the return"),
        (learned_past_of_all, "you add up each step's past, and over the ends of lives"),
        (learned_same_in_a_life, "every step of a life has the return of its first"),
        (unforeseen.e13_4_wrong_backwards_order, "in the order in which you computed them"),
        (learned_then(lambda G, ends: np.concatenate([G[1:], [0.0]])), "your returns stand one place too early"),
        (learned_then(lambda G, ends: G - np.mean(G)), "you take the mean off the returns"),
        (learned_then(lambda G, ends: (G - np.mean(G)) / np.std(G)), "you standardise the returns"),
        (learned_then(lambda G, ends: G[[0, *(np.flatnonzero(ends)[:-1] + 1)]]), "you have one return for each life"),
        (learned_from(lambda r: r / np.max(np.abs(r))), "you divide rewards by the largest"),
        (learned_with_a_fine, "you take 1 off where a life is lost"),
        (learned_from(lambda r: r, lives=False), "uses the true rewards, and goes on into the next life"),
        (learned_from(lambda r: np.clip(r, -1, 1), lives=False), "from −1 to 1, and go on into the next life"),
        (learned_from(lambda r: r, lambda gamma: 1.0), "uses the true rewards, and knows no discount"),
        (learned_from(np.sign, lambda gamma: 1.0, False), "goes on into the next life, and knows no discount"),
        (learned_from(lambda r: (r > 0) * 1.0, lives=False), "has become nothing, and your return goes on"),
        (unforeseen.e13_4_wrong_mean_score, "your score is a mean"),
        (unforeseen.e13_4_wrong_score_discounted, "you discount the score"),
        (unforeseen.e13_4_wrong_score_of_the_first_life, "your score is that of the first life"),
        (scored(lambda r, ends, gamma: np.split(r, np.flatnonzero(ends)[:-1] + 1)[-1].sum()), "that of the last life"),
        (scored(lambda r, ends, gamma: np.sum(r * ~ends)), "your score leaves out the steps on which"),
        (scored(lambda r, ends, gamma: r[r > 0].sum()), "your score leaves out lost points"),
        (scored(lambda r, ends, gamma: np.abs(r).sum()), "your score counts lost points as won"),
        (scored(lambda r, ends, gamma: r.sum() / ends.sum()), "divided by the number of lives"),
        (scored(lambda r, ends, gamma: r.clip(-1, 1).sum()), "your score cuts each reward"),
        (scored(lambda r, ends, gamma: _G(np.sign(r), ends, gamma)[0]), "the first step's learning return"),
        (scored(lambda r, ends, gamma: _G(np.sign(r), ends, gamma).sum()), "the sum of the learning returns"),
        (scored(lambda r, ends, gamma: float(np.sum(r != 0))), "your score is the number of rewards"),
        (scored(lambda r, ends, gamma: r[-1]), "your score is the last reward"),
        (scored(lambda r, ends, gamma: max(r)), "your score is the largest reward"),
        (scored(lambda r, ends, gamma: r.cumsum()), "you return the running score"),
    ],
}
