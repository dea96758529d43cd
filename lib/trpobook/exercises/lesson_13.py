"""Exercises of lesson 13: what a stack of frames holds, what a filter sees, F v of a CNN, and what is learned from.

The expected answers are loops over frames, pixels, actions and steps, apart from the library.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.autograd.functional import jacobian

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
        yield rng.integers(0, 256, (steps, height, width)).astype(float), first, k


def _stacked(frames, first, k, *, newest_first=False, cross=False, pad=None, ahead=0):
    """Stack by a loop; the keywords are the mistakes."""
    steps = len(frames)
    result = np.zeros((steps, k, *frames.shape[1:]))
    for t in range(steps):
        start = max(u for u in range(t + 1) if first[u])
        for i in range(k):
            u = t - i + ahead
            if u < 0 or (u < start and not cross):
                frame = frames[start if not cross else 0] if pad is None else np.full(frames.shape[1:], pad)
            else:
                frame = frames[min(u, steps - 1)]
            result[t, i if newest_first else k - 1 - i] = frame
    return result


def _rolled(frames, first, k):
    return np.stack([np.roll(frames, i, axis=0) for i in reversed(range(k))], axis=1)


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
            lambda frames, first, k: _stacked(frames, first, k, newest_first=True),
        ),
        (
            "you fill up with zeros: a black screen is a picture too; repeat the episode's first frame",
            lambda frames, first, k: _stacked(frames, first, k, pad=0.0),
        ),
        (
            "your stack holds a frame from the future: the newest that step t may see is frame t",
            lambda frames, first, k: _stacked(frames, first, k, ahead=1),
        ),
        (
            "your stack is one step late: its newest frame must be frame t, not t − 1",
            lambda frames, first, k: _stacked(frames, first, k, ahead=-1),
        ),
        (
            "your stack is k copies of one frame",
            lambda frames, first, k: np.repeat(frames[:, None], k, axis=1),
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


def _geometry(n, layers, *, one=1, up=False, scaled=True, minus=1, total="product"):
    """The rule with its mistakes."""
    field, step = 1, 1
    for size, stride in layers:
        n = (-(-(n - size) // stride) if up else (n - size) // stride) + one
        field += (size - minus) * (step if scaled else 1)
        step = step * stride if total == "product" else step + stride
    return n, field, step


def _stride_first(n, layers):
    field, step = 1, 1
    for size, stride in layers:
        n, step = (n - size) // stride + 1, step * stride
        field += (size - 1) * step
    return n, field, step


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
    ],
    expected=_by_marking,
    misconceptions=[
        (
            "the + 1 is missing in the number of outputs: the filter's first place counts before any stride is made",
            lambda n, layers: _geometry(n, layers, one=0),
        ),
        (
            "you round up: a filter that would stick out at the edge has no place there",
            lambda n, layers: _geometry(n, layers, up=True),
        ),
        (
            "the strides below are missing in the field: a step of layer 2 is worth as many pixels as layer 1 strides",
            lambda n, layers: _geometry(n, layers, scaled=False),
        ),
        (
            "a filter of size k adds k − 1 steps to the field, not k: between k places lie k − 1 gaps",
            lambda n, layers: _geometry(n, layers, minus=0),
        ),
        (
            "you multiply by the layer's own stride before its filter is laid: the field grows by the strides below it",
            _stride_first,
        ),
        (
            "strides multiply from layer to layer; you add them",
            lambda n, layers: _geometry(n, layers, total="sum"),
        ),
        (
            "you divide by the stride and forget the filter's own size",
            lambda n, layers: (
                _shrunk(n, layers),
                *_geometry(n, layers)[1:],
            ),
        ),
    ],
)


def _shrunk(n, layers):
    for _, stride in layers:
        n = n // stride
    return n


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


def _apply_product(answer, logits, theta, v):
    result = answer(logits, torch.as_tensor(theta), torch.as_tensor(v))
    return result.detach() if isinstance(result, torch.Tensor) else result


def _sandwich(middle, *, states=None):
    """Return a function that computes Jᵀ · middle(p) · J v by the whole Jacobian, a mean over the states."""

    def product(logits, theta, v):
        theta, v = torch.as_tensor(theta), torch.as_tensor(v)
        J, p = jacobian(logits, theta), logits(theta).softmax(-1)
        total = sum(J[i].T @ middle(p, i) @ J[i] @ v for i in range(len(p)))
        return total / (len(p) if states is None else states(len(p)))

    return product


def _m(p, i):
    return torch.diag(p[i]) - torch.outer(p[i], p[i])


def _wrong_axis(p, i):
    along_states = p.log().softmax(0) if len(p) > 1 else torch.ones_like(p)
    return torch.diag(along_states[i]) - torch.outer(along_states[i], along_states[i])


def _of_the_mean(p, i):
    mean = p.mean(0)
    return torch.diag(mean) - torch.outer(mean, mean)


fisher_product = Exercise(
    function="fisher_product",
    cases=list(_product_cases()),
    expected=_sandwich(_m),
    apply=_apply_product,
    misconceptions=[
        (
            "your M is the identity: that is JᵀJ, which knows nothing of the policy",
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
    ],
)

# 13.4, what is learned from and what is reported


def _reward_cases():
    yield np.array([0.0, 4.0, 0.0]), np.array([False, False, True]), 0.5
    yield np.array([7.0, 0.0, -2.0, 1.0]), np.array([False, True, False, True]), 0.5
    rng = np.random.default_rng(7)
    for steps, lives, gamma in ((8, 2, 0.9), (12, 3, 0.5), (15, 5, 0.8)):
        ends = np.zeros(steps, dtype=bool)
        ends[rng.choice(steps - 1, lives - 1, replace=False)] = ends[-1] = True
        yield rng.choice([-5.0, 0.0, 0.0, 0.5, 1.0, 7.0], steps), ends, gamma


def _learned(rewards, life_ends, gamma, *, transform=np.sign, lives=True, first=0, ending=True, scored=None):
    """(G, score) by a loop over steps and what follows them; the keywords are the mistakes."""
    steps, G = len(rewards), np.zeros(len(rewards))
    for t in range(steps):
        for u in range(t, steps):
            if ending or not life_ends[u]:
                G[t] += gamma ** (u - t + first) * float(transform(rewards[u]))
            if lives and life_ends[u]:
                break
    return G, float(sum((scored or (lambda r: r))(r) for r in rewards))


def _sign_of_returns(rewards, life_ends, gamma):
    G, score = _learned(rewards, life_ends, gamma, transform=lambda r: r)
    return np.sign(G), score


def _mistake(**keywords):
    return lambda rewards, life_ends, gamma: _learned(rewards, life_ends, gamma, **keywords)


learned_and_scored = Exercise(
    function="learned_and_scored",
    cases=list(_reward_cases()),
    expected=_learned,
    misconceptions=[
        ("your learning return uses the true rewards: their signs are learned from", _mistake(transform=lambda r: r)),
        ("your score adds signs; the score is the game's own", _mistake(scored=np.sign)),
        (
            "you cut rewards to the band from −1 to 1: a reward of ½ must become 1, its sign",
            _mistake(transform=lambda r: np.clip(r, -1, 1)),
        ),
        ("you take the sign of the return; take that of each reward, before summing", _sign_of_returns),
        ("your learning return goes on into the next life: a lost life ends the episode", _mistake(lives=False)),
        ("you leave out the reward of the step on which the life is lost", _mistake(ending=False)),
        ("you discount one step too many: the reward of step t itself counts fully", _mistake(first=1)),
        ("a lost point has become nothing: the sign of a negative reward is −1", _mistake(transform=lambda r: r > 0)),
        (
            "you forget the discount",
            lambda rewards, life_ends, gamma: _learned(rewards, life_ends, 1.0),
        ),
    ],
)

EXERCISES = {
    "13.1": stack_frames,
    "13.2": receptive_field,
    "13.3": fisher_product,
    "13.4": learned_and_scored,
}
