"""Exercises of lesson 13: what a stack of frames holds, what a filter sees, F v of a CNN, and what is learned from.

The expected answers are loops over frames, pixels, actions and steps, apart from the library.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.autograd.functional import jacobian
from torch.utils._python_dispatch import TorchDispatchMode

from trpobook.exercises.checks import Exercise

# 13.1, the stack of frames


def _stack_cases():
    one = np.arange(1.0, 6.0)[:, None, None]
    yield one[:3], np.array([True, False, False]), 2
    yield one, np.array([True, False, False, True, False]), 3
    rng = np.random.default_rng(13)
    for steps, height, width, k, share in (
        (7, 2, 3, 4, 0.3),
        (12, 3, 2, 4, 0.25),
        (9, 2, 2, 3, 0.5),
        (6, 2, 2, 1, 0.3),
    ):
        first = rng.random(steps) < share
        first[0] = True
        yield rng.integers(1, 256, (steps, height, width)).astype(float), first, k


def _start(first, t):
    """Return the step at which the episode of step t began."""
    return max(u for u in range(t + 1) if first[u])


def _stacked(frames, first, k, *, newest_first=False, cross=False, young="first", ahead=0, start=_start):
    """Stack by a loop; the keywords are the mistakes. `young`: what stands where the episode is younger than k."""
    steps = len(frames)
    result = np.zeros((steps, k, *frames.shape[1:]))
    for t in range(steps):
        begun = start(first, t)
        for i in range(k):
            u = t - i + ahead
            if u >= 0 and (u >= begun or cross):
                frame = frames[min(u, steps - 1)]
            else:
                kinds = {"first": 0 if cross else begun, "now": t, "game": 0, "before": max(begun - 1, 0)}
                frame = np.zeros(frames.shape[1:]) if young == "black" else frames[kinds[young]]
            result[t, i if newest_first else k - 1 - i] = frame
    return result


def _mistaken_stack(**keywords):
    return lambda frames, first, k: _stacked(frames, first, k, **keywords)


def _rearranged_stack(change):
    return lambda frames, first, k: change(_stacked(frames, first, k))


def _started_late(first, t):
    return max((u + 1 for u in range(t) if first[u]), default=0)


def _started_early(first, t):
    return max(u for u in range(t + 1) if u == 0 or (u + 1 < len(first) and first[u + 1]))


def _starts_summed(frames, first, k):
    starts = np.cumsum([t if begins else 0 for t, begins in enumerate(first)])
    last = len(frames) - 1
    return np.array(
        [[frames[min(max(t - i, starts[t]), last)] for i in reversed(range(k))] for t in range(len(frames))]
    )


def _second_step_repeats_itself(frames, first, k):
    stacks = _stacked(frames, first, k)
    for t in range(1, len(frames)):
        if first[t - 1]:
            stacks[t] = frames[t]
    return stacks


def _rolled(frames, first, k, newest_first=False):
    shifts = range(k) if newest_first else reversed(range(k))
    return np.stack([np.roll(frames, i, axis=0) for i in shifts], axis=1)


def _ahead_only(frames, first, k):
    last = len(frames) - 1
    return np.array([[frames[min(t + i, last)] for i in range(k)] for t in range(len(frames))])


stack_frames = Exercise(
    function="stack_frames",
    cases=list(_stack_cases()),
    expected=_stacked,
    misconceptions=[
        (
            "your stack reaches back into the episode before: where `first` is True nothing older may be seen",
            lambda frames, first, k: _stacked(frames, first, k, cross=True),
        ),
        (
            "your stack wraps around: before the first frame np.roll shows the last ones, which haven't happened yet",
            _rolled,
        ),
        (
            "your newest frame comes first: the oldest belongs at index 0, the newest at k − 1",
            _mistaken_stack(newest_first=True),
        ),
        (
            "you fill up with zeros: a black screen is a picture too; repeat the episode's first frame",
            _mistaken_stack(young="black"),
        ),
        (
            "your stack holds a frame from the future: the newest that step t may see is frame t",
            _mistaken_stack(ahead=1),
        ),
        (
            "your stack is one step late: its newest frame must be frame t, not t − 1",
            _mistaken_stack(ahead=-1),
        ),
        (
            "your stack is k copies of one frame",
            lambda frames, first, k: np.repeat(frames[:, None], k, axis=1),
        ),
        (
            "your stack holds the k frames that are still to come; it is the last k that step t has seen",
            _ahead_only,
        ),
        (
            "where the episode is younger than k you repeat the present frame; repeat the episode's first",
            _mistaken_stack(young="now"),
        ),
        (
            "where the episode is younger than k you repeat the first frame of all; repeat the episode's own first",
            _mistaken_stack(young="game"),
        ),
        (
            "where the episode is younger than k you repeat the last frame of the episode before; repeat its own first",
            _mistaken_stack(young="before"),
        ),
        (
            "your episodes begin one step late: the frame at which `first` is True belongs to the new episode already",
            _mistaken_stack(start=_started_late),
        ),
        (
            "your episodes begin one step early: the frame before `first` is True belongs to the episode before",
            _mistaken_stack(start=_started_early),
        ),
        (
            "you add up the steps at which episodes began; carry the last one along, np.maximum.accumulate does that",
            _starts_summed,
        ),
        (
            "at the second step of an episode you repeat its frame k times; its first frame is older and belongs into "
            "the stack",
            _second_step_repeats_itself,
        ),
        (
            "all your stacks are the last one: you append the same array again and again, so append a copy",
            _rearranged_stack(lambda stacks: np.repeat(stacks[-1:], len(stacks), axis=0)),
        ),
        (
            "two things at once: your newest frame comes first, and your stack reaches back into the episode before",
            _mistaken_stack(newest_first=True, cross=True),
        ),
        (
            "two things at once: your newest frame comes first, and you fill up with zeros",
            _mistaken_stack(newest_first=True, young="black"),
        ),
        (
            "two things at once: your newest frame comes first, and you repeat the present frame where the episode is "
            "young",
            _mistaken_stack(newest_first=True, young="now"),
        ),
        (
            "two things at once: before the very first frame you fill up with zeros, and at later episodes you reach "
            "back into the one before; repeat each episode's first frame",
            _mistaken_stack(cross=True, young="black"),
        ),
        (
            "two things at once: your stack is one step late, and reaches back into the episode before",
            _mistaken_stack(ahead=-1, cross=True),
        ),
        (
            "two things at once: your newest frame comes first, and np.roll shows the last frames before the first one",
            lambda frames, first, k: _rolled(frames, first, k, newest_first=True),
        ),
        (
            "you divide the frames by 255; they stay as they are",
            _rearranged_stack(lambda stacks: stacks / 255),
        ),
        (
            "the frames of your stacks lie on the last axis; theirs is the second, (T, k, h, w)",
            _rearranged_stack(lambda stacks: np.moveaxis(stacks, 1, -1)),
        ),
        (
            "your stacks have the k frames in front; the steps come first, (T, k, h, w): np.stack(…, axis=1)",
            _rearranged_stack(lambda stacks: np.moveaxis(stacks, 1, 0)),
        ),
        (
            "the frames of your stacks are glued together along their height; give them an axis of their own",
            _rearranged_stack(lambda stacks: stacks.reshape(len(stacks), -1, stacks.shape[-1])),
        ),
        (
            "your stacks are flat; keep (T, k, h, w)",
            _rearranged_stack(lambda stacks: stacks.reshape(len(stacks), -1)),
        ),
        (
            "you have no stacks for the first k − 1 steps: every step gets one, and where the past is too short the "
            "first frame is repeated",
            lambda frames, first, k: _stacked(frames, first, k, cross=True)[k - 1 :],
        ),
    ],
)

# 13.2, what a filter sees


def _by_marking(n: int, layers) -> tuple[int, int, int]:
    """Return (outputs, field, step) by listing, for each output, the first and last input pixel that it sees."""
    seen = [(i, i) for i in range(n)]
    for size, stride in layers:
        places = range(0, len(seen) - size + 1, stride)
        seen = [(seen[i][0], seen[i + size - 1][1]) for i in places]
    step = seen[1][0] - seen[0][0]
    return len(seen), seen[0][1] - seen[0][0] + 1, step


def _places(n, layers, rule=lambda n, size, stride: (n - size) // stride + 1):
    for size, stride in layers:
        n = rule(n, size, stride)
    return n


def _seen(layers, own=lambda size: size - 1, worth=lambda below, stride: below, begin=1):
    field, step = begin, 1
    for size, stride in layers:
        field += own(size) * worth(step, stride)
        step *= stride
    return field


def _product(numbers):
    return int(np.prod(list(numbers)))


def _parts(places=_places, field=_seen, step=lambda layers: _product(stride for _, stride in layers)):
    """The rule, with mistakes in its three parts."""
    return lambda n, layers: (places(n, layers), field(layers), step(layers))


def _mistaken_places(rule):
    return _parts(places=lambda n, layers: _places(n, layers, rule))


def _mistaken_field(**keywords):
    return _parts(field=lambda layers: _seen(layers, **keywords))


def _exchanged(n, layers):
    return _parts()(n, [(stride, size) for size, stride in layers])


def _strides_added(begin):
    """Add the strides wherever they are to be multiplied."""

    def rule(n, layers):
        field, step = 1, begin
        for size, stride in layers:
            field, step = field + (size - 1) * max(step, 1), step + stride
        return _places(n, layers), field, step

    return rule


def _stride_below_only(layers):
    before = [1, *(stride for _, stride in layers)]
    return 1 + sum((size - 1) * stride for (size, _), stride in zip(layers, before, strict=False))


receptive_field = Exercise(
    function="receptive_field",
    cases=[
        (6, [(3, 1)]),
        (9, [(3, 2)]),
        (10, [(3, 2)]),
        (42, [(6, 4), (4, 2)]),
        (42, [(8, 4), (4, 2)]),
        (84, [(8, 4), (4, 2), (3, 1)]),
        (50, [(5, 3), (2, 2), (3, 1)]),
        (31, [(4, 2), (4, 2)]),
        (40, [(3, 1), (4, 3)]),
    ],
    expected=_by_marking,
    parts=("the places", "the field", "the step"),
    misconceptions=[
        (
            "the + 1 is missing in the number of outputs: the filter's first place counts before any stride is made",
            _mistaken_places(lambda n, size, stride: (n - size) // stride),
        ),
        (
            "you round up: a filter that would stick out at the edge has no place there",
            _mistaken_places(lambda n, size, stride: -(-(n - size) // stride) + 1),
        ),
        (
            "you divide by the stride and forget the filter's own size",
            _mistaken_places(lambda n, size, stride: n // stride),
        ),
        (
            "your number of places is that of a picture with padding, n/stride rounded up; here the filter stays "
            "inside, (n − size)//stride + 1",
            _mistaken_places(lambda n, size, stride: -(-n // stride)),
        ),
        (
            "you divide n − size + 1 by the stride, rounding down; it is (n − size)//stride + 1, for the first place "
            "needs no stride",
            _mistaken_places(lambda n, size, stride: (n - size + 1) // stride),
        ),
        (
            "your number of places is n − size + 1 and knows no stride",
            _mistaken_places(lambda n, size, stride: n - size + 1),
        ),
        (
            "you subtract 2·size: a filter takes its size once, (n − size)//stride + 1",
            _mistaken_places(lambda n, size, stride: (n - 2 * size) // stride + 1),
        ),
        (
            "you add 1 too many: the number of places is (n − size)//stride + 1",
            _mistaken_places(lambda n, size, stride: (n - size) // stride + 2),
        ),
        (
            "you don't round the number of places; a filter fits in or it doesn't, so round down with //",
            _mistaken_places(lambda n, size, stride: (n - size) / stride + 1),
        ),
        (
            "you round the number of places to the nearest whole number; a filter that sticks out has no place, so "
            "round down",
            _mistaken_places(lambda n, size, stride: round((n - size) / stride) + 1),
        ),
        (
            "you apply each layer to the whole picture; a layer has the places of the one below for its pixels",
            _parts(places=lambda n, layers: _places(n, layers[-1:])),
        ),
        (
            "you count the places of the first layer; the last layer's are asked for",
            _parts(places=lambda n, layers: _places(n, layers[:1])),
        ),
        (
            "you square the number of places; it is asked for along one side",
            _parts(places=lambda n, layers: _places(n, layers) ** 2),
        ),
        (
            "the strides below are missing in the field: a step of layer 2 is worth as many pixels as layer 1 strides",
            _mistaken_field(worth=lambda below, stride: 1),
        ),
        (
            "a filter of size k adds k − 1 steps to the field, not k: between k places lie k − 1 gaps",
            _mistaken_field(own=lambda size: size),
        ),
        (
            "you multiply by the layer's own stride before its filter is laid: the field grows by the strides below it",
            _mistaken_field(worth=lambda below, stride: below * stride),
        ),
        (
            "you multiply each filter by its own stride only: the field grows by all strides below it, multiplied",
            _mistaken_field(worth=lambda below, stride: stride),
        ),
        (
            "you multiply by the stride of the layer just below; all strides below count, multiplied",
            _parts(field=_stride_below_only),
        ),
        ("your field begins at 0; a pixel sees itself, so it begins at 1", _mistaken_field(begin=0)),
        ("your field is one pixel too wide: it begins at 1, a pixel that sees itself", _mistaken_field(begin=2)),
        (
            "two things at once: your field begins at 0, and a filter of size k adds k steps",
            _mistaken_field(begin=0, own=lambda size: size),
        ),
        (
            "two things at once: the strides are missing in your field, and a filter of size k adds k to it",
            _mistaken_field(own=lambda size: size, worth=lambda below, stride: 1),
        ),
        (
            "your field adds up the filters' sizes; each adds size − 1 steps, worth all strides below it",
            _parts(field=lambda layers: sum(size for size, _ in layers)),
        ),
        (
            "you multiply the filters' sizes; each adds size − 1 steps, worth all strides below it",
            _parts(field=lambda layers: _product(size for size, _ in layers)),
        ),
        (
            "you multiply the last filter's size by the strides below it; neighbouring fields overlap",
            _parts(field=lambda layers: layers[-1][0] * _product(stride for _, stride in layers[:-1])),
        ),
        (
            "you go down from the last layer with the rule for going up: a filter is worth the strides below it, not "
            "those above",
            _parts(field=lambda layers: _seen(layers[::-1])),
        ),
        (
            "your field is that of the last layer in its own input; count in pixels of the picture, through all layers",
            _parts(field=lambda layers: layers[-1][0]),
        ),
        ("your field is that of the first layer; go on through all layers", _parts(field=lambda layers: layers[0][0])),
        ("you square the field; it is asked for along one side", _parts(field=lambda layers: _seen(layers) ** 2)),
        ("strides multiply from layer to layer; you add them", _strides_added(0)),
        ("strides multiply from layer to layer; you add them", _strides_added(1)),
        (
            "your step is the first stride; strides multiply from layer to layer",
            _parts(step=lambda layers: layers[0][1]),
        ),
        (
            "strides multiply from layer to layer; you add them",
            _parts(step=lambda layers: sum(stride for _, stride in layers)),
        ),
        (
            "your step is the last stride; strides multiply from layer to layer",
            _parts(step=lambda layers: layers[-1][1]),
        ),
        (
            "the last stride is missing in your step: neighbouring units of the last layer are all strides apart",
            _parts(step=lambda layers: _product(stride for _, stride in layers[:-1])),
        ),
        (
            "your step is the largest stride; strides multiply from layer to layer",
            _parts(step=lambda layers: max(stride for _, stride in layers)),
        ),
        (
            "your step multiplies the filters' sizes; it is their strides that multiply",
            _parts(step=lambda layers: _product(size for size, _ in layers)),
        ),
        (
            "you count the pixels strictly between two units; asked is how far apart they are, so one more",
            _parts(step=lambda layers: _product(stride for _, stride in layers) - 1),
        ),
        ("size and stride have changed places: a layer is (size, stride)", _exchanged),
    ],
)

# 13.3, F v of a policy given as a function of its weights


def _network(seed: int, pixels: int, filters: int, size: int, actions: int, n: int):
    """Return (θ -> logits (n, actions), θ): a 1-D convolution, ReLU and a dense layer, all in one vector."""
    rng = np.random.default_rng(seed)
    rows = torch.from_numpy(rng.normal(size=(n, 1, pixels)))
    places = pixels - size + 1
    shapes = [(filters, 1, size), (actions, filters * places)]
    count = [int(np.prod(shape)) for shape in shapes]

    def logits(theta):
        weights = [piece.view(shape) for piece, shape in zip(theta.split(count), shapes, strict=True)]
        hidden = torch.relu(torch.nn.functional.conv1d(rows, weights[0]))
        return hidden.flatten(1) @ weights[1].T

    return logits, rng.normal(size=sum(count))


def _product_cases():
    def two(theta):  # one state, two actions, the logits are the weights
        return theta[None]

    yield two, np.array([0.0, 0.0]), np.array([1.0, 0.0])
    yield two, np.array([1.0, 0.0]), np.array([2.0, 1.0])
    for seed, shape in enumerate([(6, 2, 3, 3, 4), (7, 1, 4, 2, 3), (5, 3, 2, 4, 6)]):
        logits, theta = _network(seed, *shape)
        yield logits, theta, np.random.default_rng(50 + seed).normal(size=len(theta))


class _Matrices(TorchDispatchMode):
    """Notes whether a tensor with an axis as long as the weights, and another besides, comes up."""

    def __init__(self, weights: int):
        super().__init__()
        self.weights, self.seen = weights, False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for each in made if isinstance(made, tuple | list) else [made]:
            if isinstance(each, torch.Tensor) and self.weights in each.shape and each.numel() > self.weights:
                self.seen = True
        return made


def _apply_product(answer, logits, theta, v):
    """Return the product; one of tensors knows whether a matrix was made on the way."""
    theta, v = torch.as_tensor(theta), torch.as_tensor(v)
    if getattr(answer, "__module__", "") == __name__:  # the mistaken ones make the whole Jacobian
        return answer(logits, theta, v).detach()
    with _Matrices(len(theta)) as matrices:
        result = answer(logits, theta, v)
    if isinstance(result, torch.Tensor):
        result = result.detach()
        result.matrix = matrices.seen
    return result


def _sandwich(middle, *, states=None):
    """Return a function that computes Bᵀ · middle(p) · B v by the whole Jacobian, a mean over the states."""

    def product(logits, theta, v):
        theta, v = torch.as_tensor(theta), torch.as_tensor(v)
        B, p = jacobian(logits, theta), logits(theta).softmax(-1)
        total = sum(B[i].T @ middle(p, i) @ B[i] @ v for i in range(len(p)))
        return total / (len(p) if states is None else states(len(p)))

    return product


def _swept(change, at=lambda theta, v: theta, along=lambda theta, v: v):
    """Return a function that puts `change(p, t, z)` between the two sweeps, a mean over the states."""

    def product(logits, theta, v):
        theta, v = torch.as_tensor(theta), torch.as_tensor(v)
        z, B = logits(theta), jacobian(logits, theta)
        t = jacobian(logits, at(theta, v)) @ along(theta, v)
        return torch.einsum("nap,na->p", B, change(z.softmax(-1), t, z)) / len(z)

    return product


def _centred(p, t):
    """Return M t, row by row."""
    return p * (t - (p * t).sum(-1, keepdim=True))


def _of_product(change):
    return lambda logits, theta, v: change(_sandwich(_m)(logits, theta, v), torch.as_tensor(v))


def _half_way(after):
    """Return what stands before the sweep backwards."""

    def product(logits, theta, v):
        theta, v = torch.as_tensor(theta), torch.as_tensor(v)
        return after(logits(theta).softmax(-1), jacobian(logits, theta) @ v)

    return product


def _tuple_of_sweeps(logits, theta, v):
    return torch.stack([_sandwich(_m)(logits, theta, v)[None], logits(torch.as_tensor(theta))])


def _m(p, i):
    return torch.diag(p[i]) - torch.outer(p[i], p[i])


def _of_the_mean(p, i):
    mean = p.mean(0)
    return torch.diag(mean) - torch.outer(mean, mean)


fisher_product = Exercise(
    function="fisher_product",
    cases=list(_product_cases()),
    expected=_sandwich(_m),
    apply=_apply_product,
    requires=[
        (
            "the values are right, but a matrix appears on the way, p numbers in more than one row: one jvp, M for "
            "each state, and one vjp do without",
            lambda product, *given: not getattr(product, "matrix", False),
        )
    ],
    misconceptions=[
        (
            "your M is the identity: that is BᵀB, which knows nothing of the policy",
            _sandwich(lambda p, i: torch.eye(len(p[i])).to(p)),
        ),
        (
            "your M lacks − p pᵀ: the probabilities share one sum, so their logits aren't independent",
            _sandwich(lambda p, i: torch.diag(p[i])),
        ),
        (
            "your M has only the diagonal p(1 − p): actions compete, which is what the entries −p_a p_b say",
            _sandwich(lambda p, i: torch.diag(p[i] * (1 - p[i]))),
        ),
        ("the sign of p pᵀ is wrong", _sandwich(lambda p, i: torch.diag(p[i]) + torch.outer(p[i], p[i]))),
        ("you sum over the states; F is their mean", _sandwich(_m, states=lambda n: 1)),
        ("you divide by the number of actions too", _sandwich(lambda p, i: _m(p, i) / len(p[i]))),
        (
            "you average the probabilities over the states first: each state has an M of its own",
            _sandwich(_of_the_mean),
        ),
        ("you halve the product: the ½ belongs to the KL, ½ vᵀFv, and not to F", _sandwich(lambda p, i: _m(p, i) / 2)),
        ("you double the product: Fv has no factor in front", _sandwich(lambda p, i: 2 * _m(p, i))),
        ("you divide by the number of states twice", _sandwich(_m, states=lambda n: n * n)),
        (
            "you take the logits for t: jvp returns two things, the logits and t = Bv",
            _swept(lambda p, t, z: _centred(p, z)),
        ),
        (
            "in the jvp θ and v have changed places: it is taken at θ, along v",
            _swept(lambda p, t, z: _centred(p, t), at=lambda theta, v: v, along=lambda theta, v: theta),
        ),
        (
            "your jvp is taken at v; it is taken at θ, along v",
            _swept(lambda p, t, z: _centred(p, t), at=lambda theta, v: v),
        ),
        (
            "your p is the softmax over the states; take it over the actions, the last axis",
            _swept(lambda p, t, z: _centred(z.softmax(0), t)),
        ),
        (
            "your p is one softmax over all states and actions; each state has probabilities of its own",
            _swept(lambda p, t, z: _centred(z.flatten().softmax(0).view_as(z), t)),
        ),
        (
            "you use the logits as probabilities: p is their softmax",
            _swept(lambda p, t, z: _centred(z, t)),
        ),
        ("your p isn't divided by its sum: it is a softmax", _swept(lambda p, t, z: _centred(z.exp(), t))),
        (
            "your p is a sigmoid: the actions share one sum, so it is a softmax",
            _swept(lambda p, t, z: _centred(z.sigmoid(), t)),
        ),
        ("your p is log p: M is made of the probabilities themselves", _swept(lambda p, t, z: _centred(p.log(), t))),
        (
            "your pᵀt sums over the states; it sums over the actions, one number for each state",
            _swept(lambda p, t, z: p * (t - (p * t).sum(0, keepdim=True))),
        ),
        (
            "your pᵀt sums over states and actions; it sums over the actions, one number for each state",
            _swept(lambda p, t, z: p * (t - (p * t).sum())),
        ),
        (
            "your pᵀt is a mean over the actions; it is a sum, and p holds the weights already",
            _swept(lambda p, t, z: p * (t - (p * t).mean(-1, keepdim=True))),
        ),
        (
            "you take the plain mean off t; it is the mean under p, pᵀt",
            _swept(lambda p, t, z: p * (t - t.mean(-1, keepdim=True))),
        ),
        (
            "you take the plain sum off t; it is the mean under p, pᵀt",
            _swept(lambda p, t, z: p * (t - t.sum(-1, keepdim=True))),
        ),
        (
            "you take pᵀt off and forget the p in front: Mt = p ⊙ (t − pᵀt)",
            _swept(lambda p, t, z: t - (p * t).sum(-1, keepdim=True)),
        ),
        (
            "the second p is missing: Mt is p ⊙ t − p (pᵀt)",
            _swept(lambda p, t, z: p * t - (p * t).sum(-1, keepdim=True)),
        ),
        (
            "the first p is missing: Mt is p ⊙ t − p (pᵀt)",
            _swept(lambda p, t, z: t - p * (p * t).sum(-1, keepdim=True)),
        ),
        (
            "you keep p pᵀ alone: M is diag(p) − p pᵀ",
            _swept(lambda p, t, z: p * (p * t).sum(-1, keepdim=True)),
        ),
        (
            "you have p pᵀ − diag(p): M is diag(p) − p pᵀ",
            _swept(lambda p, t, z: -_centred(p, t)),
        ),
        ("p stands squared in front: Mt = p ⊙ (t − pᵀt)", _swept(lambda p, t, z: p * _centred(p, t))),
        (
            "M stands twice: a sweep through the softmax has it in it already",
            _swept(lambda p, t, z: _centred(p, _centred(p, t))),
        ),
        (
            "your rows are weighed by the root of p: Mt = p ⊙ (t − pᵀt)",
            _swept(lambda p, t, z: p.sqrt() * (t - (p * t).sum(-1, keepdim=True))),
        ),
        (
            "two things at once: you leave out − p pᵀ, and you sum over the states; F is a mean",
            _sandwich(lambda p, i: torch.diag(p[i]), states=lambda n: 1),
        ),
        (
            "two things at once: you leave out M, and you sum over the states; F is a mean",
            _sandwich(lambda p, i: torch.eye(len(p[i])).to(p), states=lambda n: 1),
        ),
        (
            "you add damping, 0.1·v; Fv alone is asked for",
            _of_product(lambda product, v: product + 0.1 * v),
        ),
        (
            "you add damping, 0.01·v; Fv alone is asked for",
            _of_product(lambda product, v: product + 0.01 * v),
        ),
        (
            "you have vᵀFv; Fv itself is asked for",
            _of_product(lambda product, v: product @ v),
        ),
        (
            "you return the tuple of the vjp; Fv is its only member, [0]",
            _of_product(lambda product, v: product[None]),
        ),
        (
            "you return two things, the tuple of the vjp and the logits; Fv is the tuple's only member",
            _tuple_of_sweeps,
        ),
        ("you return Bv: M and the sweep backwards are missing", _half_way(lambda p, t: t)),
        ("you return MBv: the sweep backwards is missing", _half_way(_centred)),
        ("you return MBv: the sweep backwards is missing", _half_way(lambda p, t: _centred(p, t) / len(p))),
    ],
)

# 13.4, what is learned from and what is reported


def _reward_cases():
    yield np.array([0.0, 4.0, 0.0]), np.array([False, False, True]), 0.5
    yield np.array([7.0, 0.0, -2.0, 1.0]), np.array([False, True, False, True]), 0.5
    yield np.array([0.0, 0.5, 3.0, -1.0, 4.0, 1.0]), np.array([False, False, True, True, False, True]), 0.8
    rng = np.random.default_rng(7)
    for steps, lives, gamma in ((8, 2, 0.9), (12, 3, 0.5), (15, 5, 0.8)):
        ends = np.zeros(steps, dtype=bool)
        ends[rng.choice(steps - 1, lives - 1, replace=False)] = ends[-1] = True
        yield rng.choice([-5.0, 0.0, 0.0, 0.5, 1.0, 7.0], steps), ends, gamma


def _learned(
    rewards,
    life_ends,
    gamma,
    *,
    transform=np.sign,
    weight=lambda gamma, t, u: gamma ** (u - t),
    stops=lambda ends, u: ends[u],
    counts=lambda ends, u: True,
    score=lambda rewards, ends, gamma: sum(rewards),
):
    """(G, score) by a loop over steps and what follows them; the keywords are the mistakes."""
    steps = len(rewards)
    G = np.zeros(steps)
    for t in range(steps):
        for u in range(t, steps):
            if counts(life_ends, u):
                G[t] += weight(gamma, t, u) * float(transform(rewards[u]))
            if stops(life_ends, u):
                break
    return G, float(score(rewards, life_ends, gamma))


def _changed_return(change):
    """Return the right answer with its return put through a function."""

    def changed(rewards, life_ends, gamma):
        G, score = _learned(rewards, life_ends, gamma)
        return change(G, np.sign(rewards), life_ends), score

    return changed


def _spread_over_lives(G, ends):
    began = np.flatnonzero(np.append(True, ends[:-1]))
    return np.repeat(G[began], np.diff(np.append(began, len(G))))


def _sign_of_returns(rewards, life_ends, gamma):
    G, score = _learned(rewards, life_ends, gamma, transform=float)
    return np.sign(G), score


def _past(rewards, life_ends, gamma, lives=True):
    G, behind = np.zeros(len(rewards)), 0.0
    for t, reward in enumerate(np.sign(rewards)):
        G[t] = behind = reward + gamma * behind
        behind *= not (lives and life_ends[t])
    return G, float(sum(rewards))


def _since_the_life_began(rewards, life_ends, gamma):
    G, began = np.zeros(len(rewards)), 0
    for t in range(len(rewards)):
        u = t
        while True:
            G[t] += gamma ** (u - began) * np.sign(rewards[u])
            if life_ends[u]:
                break
            u += 1
        began = t + 1 if life_ends[t] else began
    return G, float(sum(rewards))


def _scaled(rewards, life_ends, gamma):
    G, _ = _learned(rewards / np.abs(rewards).max(), life_ends, gamma, transform=float)
    return G, float(sum(rewards))


def _losses_charged(rewards, life_ends, gamma):
    G, _ = _learned(np.sign(rewards) - life_ends, life_ends, gamma, transform=float)
    return G, float(sum(rewards))


def _never(ends, u):
    return False


def _next_ends(ends, u):
    return u + 1 == len(ends) or ends[u + 1]


def _last_ended(ends, u):
    return u > 0 and ends[u - 1]


def _first_life(ends):
    return int(np.argmax(ends)) + 1


def _last_life(ends):
    return int(np.flatnonzero(ends)[-2]) + 1 if sum(ends) > 1 else 0


def _mistake(**keywords):
    return lambda rewards, life_ends, gamma: _learned(rewards, life_ends, gamma, **keywords)


def _mistaken_score(score):
    return _mistake(score=lambda rewards, ends, gamma: score(rewards, ends, gamma))


ACROSS = "your learning return goes on into the next life: a lost life ends the episode"

learned_and_scored = Exercise(
    function="learned_and_scored",
    cases=list(_reward_cases()),
    expected=_learned,
    parts=("G", "the score"),
    misconceptions=[
        ("your learning return uses the true rewards: their signs are learned from", _mistake(transform=float)),
        (
            "you cut rewards to the band from −1 to 1: a reward of ½ must become 1, its sign",
            _mistake(transform=lambda r: np.clip(r, -1, 1)),
        ),
        ("you take the sign of the return; take that of each reward, before summing", _sign_of_returns),
        (ACROSS, _mistake(stops=_never)),
        (
            "you leave out the reward of the step on which the life is lost",
            _mistake(counts=lambda ends, u: not ends[u]),
        ),
        (
            "you discount one step too many: the reward of step t itself counts fully",
            _mistake(weight=lambda gamma, t, u: gamma ** (u - t + 1)),
        ),
        ("a lost point has become nothing: the sign of a negative reward is −1", _mistake(transform=lambda r: r > 0)),
        ("a lost point counts as a won one: the sign of a negative reward is −1", _mistake(transform=lambda r: r != 0)),
        ("you forget the discount", _mistake(weight=lambda gamma, t, u: 1.0)),
        (
            "you discount by γ² a step; it is γ",
            _mistake(weight=lambda gamma, t, u: gamma ** (2 * (u - t))),
        ),
        (
            "you discount once for all that follows; each step further ahead costs another γ",
            _mistake(weight=lambda gamma, t, u: gamma if u > t else 1.0),
        ),
        (
            "you discount the wrong way: what lies u − t steps ahead counts γ to that power, and the present fully",
            _mistake(weight=lambda gamma, t, u: gamma ** (t - u)),
        ),
        (
            "you discount from the start of the game; each step's own reward counts fully, and the one after it γ",
            _mistake(weight=lambda gamma, t, u: gamma**u),
        ),
        (
            "you discount from the start of the life; each step's own reward counts fully, and the one after it γ",
            _since_the_life_began,
        ),
        (
            "your step's own reward is missing: G at t begins with the reward of step t",
            _mistake(weight=lambda gamma, t, u: gamma ** (u - t - 1) if u > t else 0.0),
        ),
        (
            "your step's own reward is missing: G at t begins with the reward of step t",
            _mistake(weight=lambda gamma, t, u: gamma ** (u - t) if u > t else 0.0),
        ),
        (
            "you have the reward of each step alone; add what follows, discounted, until the life ends",
            _mistake(weight=lambda gamma, t, u: float(u == t)),
        ),
        (
            "you look one step ahead only; add all that follows, discounted, until the life ends",
            _mistake(weight=lambda gamma, t, u: gamma ** (u - t) if u < t + 2 else 0.0),
        ),
        (
            "you cut one step too early: the reward with which a life is lost still belongs to the step before",
            _mistake(stops=_next_ends),
        ),
        (
            "you cut one step too late: the return of the step on which a life is lost ends there",
            _mistake(stops=_last_ended),
        ),
        (
            "you add up each step's past; the return is what follows, so go through the steps backwards",
            _past,
        ),
        (
            "two things at once: you add up each step's past, and over the ends of lives; the return is what follows, "
            "within the life",
            lambda rewards, life_ends, gamma: _past(rewards, life_ends, gamma, lives=False),
        ),
        (
            "every step of a life has the return of its first; each step counts from itself",
            _changed_return(lambda G, signs, ends: _spread_over_lives(G, ends)),
        ),
        (
            "your returns are in the order in which you computed them, the last step first; turn them round",
            _changed_return(lambda G, signs, ends: G[::-1]),
        ),
        ("your returns stand one place too early", _changed_return(lambda G, signs, ends: np.append(G[1:], 0.0))),
        (
            "you take the mean off the returns; they are asked for as they are",
            _changed_return(lambda G, signs, ends: G - G.mean()),
        ),
        (
            "you standardise the returns; they are asked for as they are",
            _changed_return(lambda G, signs, ends: (G - G.mean()) / G.std()),
        ),
        (
            "you have one return for each life; one for each step is asked for",
            _changed_return(lambda G, signs, ends: G[np.flatnonzero(np.append(True, ends[:-1]))]),
        ),
        ("you divide rewards by the largest; the learner sees their signs", _scaled),
        (
            "you take 1 off where a life is lost; the end of the life is what the learner sees, not a fine",
            _losses_charged,
        ),
        (
            "two things at once: your learning return uses the true rewards, and goes on into the next life",
            _mistake(transform=float, stops=_never),
        ),
        (
            "two things at once: you cut rewards to the band from −1 to 1, and go on into the next life",
            _mistake(transform=lambda r: np.clip(r, -1, 1), stops=_never),
        ),
        (
            "two things at once: your learning return uses the true rewards, and knows no discount",
            _mistake(transform=float, weight=lambda gamma, t, u: 1.0),
        ),
        (
            "two things at once: your learning return goes on into the next life, and knows no discount",
            _mistake(weight=lambda gamma, t, u: 1.0, stops=_never),
        ),
        (
            "two things at once: a lost point has become nothing, and your return goes on into the next life",
            _mistake(transform=lambda r: r > 0, stops=_never),
        ),
        (
            "your score adds signs; the score is the game's own",
            _mistaken_score(lambda r, ends, gamma: np.sign(r).sum()),
        ),
        (
            "your score is a mean; the score of a game is its sum",
            _mistaken_score(lambda r, ends, gamma: r.mean()),
        ),
        (
            "you discount the score; it is the plain sum of the rewards",
            _mistaken_score(lambda r, ends, gamma: r @ gamma ** np.arange(len(r))),
        ),
        (
            "your score is that of the first life; the game has more",
            _mistaken_score(lambda r, ends, gamma: r[: _first_life(ends)].sum()),
        ),
        (
            "your score is that of the last life; the game has more",
            _mistaken_score(lambda r, ends, gamma: r[_last_life(ends) :].sum()),
        ),
        (
            "your score leaves out the steps on which a life is lost",
            _mistaken_score(lambda r, ends, gamma: r[~ends].sum()),
        ),
        (
            "your score leaves out lost points; they are taken off",
            _mistaken_score(lambda r, ends, gamma: np.maximum(r, 0).sum()),
        ),
        (
            "your score counts lost points as won",
            _mistaken_score(lambda r, ends, gamma: np.abs(r).sum()),
        ),
        (
            "your score is divided by the number of lives; it is that of the whole game",
            _mistaken_score(lambda r, ends, gamma: r.sum() / ends.sum()),
        ),
        (
            "your score cuts each reward to the band from −1 to 1; the score is the game's own",
            _mistaken_score(lambda r, ends, gamma: np.clip(r, -1, 1).sum()),
        ),
        (
            "your score is the first step's learning return; it is the sum of the game's own rewards",
            _mistaken_score(lambda r, ends, gamma: _learned(r, ends, gamma, score=lambda *given: 0)[0][0]),
        ),
        (
            "your score is the sum of the learning returns; it is the sum of the game's own rewards",
            _mistaken_score(lambda r, ends, gamma: _learned(r, ends, gamma, score=lambda *given: 0)[0].sum()),
        ),
        (
            "your score is the number of rewards; it is their sum",
            _mistaken_score(lambda r, ends, gamma: np.count_nonzero(r)),
        ),
        ("your score is the last reward; it is the sum of all", _mistaken_score(lambda r, ends, gamma: r[-1])),
        ("your score is the largest reward; it is the sum of all", _mistaken_score(lambda r, ends, gamma: r.max())),
        (
            "you return the running score; the whole game's is one number",
            lambda rewards, life_ends, gamma: (_learned(rewards, life_ends, gamma)[0], np.cumsum(rewards)),
        ),
    ],
)

EXERCISES = {
    "13.1": stack_frames,
    "13.2": receptive_field,
    "13.3": fisher_product,
    "13.4": learned_and_scored,
}
