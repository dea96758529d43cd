"""Exercises of lesson 12, PPO: the clipped surrogate, its push, the update, the penalty's weight, the watch on the KL.

The expected answers are loops with a case for each quadrant, and an update in NumPy, apart from the library.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import torch

from trpobook.exercises.checks import Exercise, Unfit
from trpobook.exercises.mistakes import Mistakes, mistakes

EPS = 0.2
# both signs of A and 0, both sides of the band, far out too, and its inside, nothing on an edge
QUADRANTS = [(w, a) for w in (0.1, 0.5, 0.93, 1.0, 1.13, 2.0, 5.0) for a in (1.0, -1.0, 2.5, -0.4, 0.0)]


def _elementwise(function):
    """Lift a function of one ratio, one advantage and ε to arrays, by a loop."""

    def lifted(ratio, advantages, clip):
        return np.array([function(float(w), float(a), clip) for w, a in zip(ratio, advantages, strict=True)])

    return lifted


def _ratio_cases():
    yield np.array([1.13]), np.array([2.0]), EPS
    yield np.array([2.0]), np.array([1.0]), EPS
    yield np.array([0.5]), np.array([-1.0]), EPS
    yield np.array([2.0]), np.array([-1.0]), EPS
    yield np.array([0.5]), np.array([1.0]), EPS
    w, a = np.array(QUADRANTS).T
    yield w, a, EPS
    yield w, a, 0.05
    rng = np.random.default_rng(12)
    yield np.exp(rng.normal(0, 0.4, 50)), rng.normal(size=50), 0.3


# 12.1, the clipped surrogate: value and slope


def _value(w, a, clip) -> float:
    if a > 0:
        return a * (w if w < 1 + clip else 1 + clip)
    return a * (w if w > 1 - clip else 1 - clip)


def _clamped(w, clip) -> float:
    return 1 - clip if w < 1 - clip else 1 + clip if w > 1 + clip else w


def _capped(low=lambda clip: 1 - clip, high=lambda clip: 1 + clip):
    """Return min(w·A, w between two edges · A); the edges are the ways to get it wrong."""
    return _with_slope(lambda w, a, clip: min(w * a, max(low(clip), min(w, high(clip))) * a))


def _progress(w, a) -> float:
    return (w - 1) * (a > 0) - (w - 1) * (a < 0)


def _with_slope(function, h=1e-6):
    """Return (value, dvalue/dw) of a function of one ratio, the slope by central differences."""

    def both(ratio, advantages, clip):
        value = _elementwise(function)
        return value(ratio, advantages, clip), (
            value(ratio + h, advantages, clip) - value(ratio - h, advantages, clip)
        ) / (2 * h)

    return both


def _apply_surrogate(answer, ratio, advantages, clip):
    """Return the answer's values and their slopes by autograd; a detached answer has slope 0."""
    if getattr(answer, "__module__", "") == __name__:  # the expected answer, and mistaken ones, know their slopes
        return answer(ratio, advantages, clip)
    leaf = torch.tensor(ratio).requires_grad_()
    w, a = leaf.clone(), torch.from_numpy(advantages)  # what is changed in place stays changed in the arguments
    value = answer(w, a, clip)
    ratio[...] = w.detach().numpy()
    if isinstance(value, list | tuple) and value and all(isinstance(row, torch.Tensor) for row in value):
        value = torch.stack(list(value))
    if not isinstance(value, torch.Tensor):
        return value if value is ... else (value, value)
    slope = torch.zeros_like(leaf)
    if value.requires_grad:
        slope = torch.autograd.grad(value.sum(), leaf)[0]
    return value.detach().numpy(), slope.numpy()


def _averaged(of):
    def averaged(ratio, advantages, clip):
        value, slope = _with_slope(_value)(ratio, advantages, clip)
        return of(value), slope * of(np.ones(len(slope))) / len(slope)

    return averaged


def _half_of_the_slope(wrong_way):
    """Return the right values, and half of the slope inside the band, where both products are equal."""

    def slope(w, a, clip):
        return a / 2 if abs(w - 1) < clip else 0.0 if _push(w, a, clip) == 0 else wrong_way * a

    def both(ratio, advantages, clip):
        return _elementwise(_value)(ratio, advantages, clip), _elementwise(slope)(ratio, advantages, clip)

    return both


def _standardised(ddof):
    def standardised(ratio, advantages, clip):
        spread = advantages.std(ddof=ddof) if len(advantages) > ddof else 0.0
        return _with_slope(_value)(ratio, (advantages - advantages.mean()) / (spread + 1e-8), clip)

    return standardised


def _detached(ratio, advantages, clip):
    value, slope = _with_slope(_value)(ratio, advantages, clip)
    return value, 0 * slope


clipped_surrogate = Exercise(
    function="clipped_surrogate",
    cases=list(_ratio_cases()),
    expected=_with_slope(_value),
    apply=_apply_surrogate,
    parts=("the value", "the slope"),
    bare=True,
    tolerance=1e-7,  # the slope is taken by differences
    misconceptions=[
        (
            "you take the larger of the two; the clip is pessimistic and takes the smaller",
            _with_slope(lambda w, a, clip: max(w * a, _clamped(w, clip) * a)),
        ),
        (
            "you return the clipped term alone: without the minimum, a ratio that went the wrong way has no gradient "
            "to come back",
            _with_slope(lambda w, a, clip: _clamped(w, clip) * a),
        ),
        (
            "you clip only above, at 1 + ε: a bad action may then be pushed down without end",
            _with_slope(lambda w, a, clip: min(w * a, min(w, 1 + clip) * a)),
        ),
        (
            "you clip only below, at 1 − ε: a good action may then be pushed up without end",
            _with_slope(lambda w, a, clip: min(w * a, max(w, 1 - clip) * a)),
        ),
        (
            "you take the minimum of the ratios and multiply by A afterwards; for A < 0 that is the larger of the two "
            "products",
            _with_slope(lambda w, a, clip: min(w, _clamped(w, clip)) * a),
        ),
        (
            "you clip the product w·A; the band is around the ratio",
            _with_slope(lambda w, a, clip: min(w * a, _clamped(w * a, clip))),
        ),
        (
            "your band is [−ε, ε]; a ratio that nothing has moved is 1, so it is [1 − ε, 1 + ε]",
            _with_slope(lambda w, a, clip: min(w * a, min(max(w, -clip), clip) * a)),
        ),
        ("you don't clip: this is w·A", _with_slope(lambda w, a, clip: w * a)),
        (
            "you return the loss, with a minus; this function is what is raised",
            _with_slope(lambda w, a, clip: -_value(w, a, clip)),
        ),
        ("you return the mean: return one number for each row, ppo_update averages", _averaged(np.mean)),
        ("you return the sum: return one number for each row, ppo_update averages", _averaged(np.sum)),
        (
            "inside the band your slope is half of A: there the two products are equal and share the gradient, so "
            "neither of them may be detached",
            _half_of_the_slope(0.0),
        ),
        (
            "inside the band your slope is half of A: there the two products are equal and share the gradient, so "
            "neither of them may be detached",
            _half_of_the_slope(1.0),
        ),
        (
            "you take the mean of the two products; the smaller one is asked for",
            _with_slope(lambda w, a, clip: (w * a + _clamped(w, clip) * a) / 2),
        ),
        ("you standardise the advantages; here they are used as they come", _standardised(0)),
        ("you standardise the advantages; here they are used as they come", _standardised(1)),
        (
            "the values are right, but no gradient reaches the ratio: work on the tensor itself, without detach, item "
            "or NumPy",
            _detached,
        ),
        (
            "your edges have changed places: the band reaches from 1 − ε up to 1 + ε",
            _with_slope(lambda w, a, clip: min(w * a, (1 - clip) * a)),
        ),
        (
            "you clip the logarithm of the ratio to ±ε; the band is around the ratio itself, from 1 − ε to 1 + ε",
            _capped(lambda clip: math.exp(-clip), math.exp),
        ),
        ("your lower edge is 1/(1 + ε); it is 1 − ε", _capped(low=lambda clip: 1 / (1 + clip))),
        ("your upper edge is 1/(1 − ε); it is 1 + ε", _capped(high=lambda clip: 1 / (1 - clip))),
        (
            "your band is half as wide as it should be: from 1 − ε to 1 + ε",
            _capped(lambda c: 1 - c / 2, lambda c: 1 + c / 2),
        ),
        (
            "your band is twice as wide as it should be: from 1 − ε to 1 + ε",
            _capped(lambda c: 1 - 2 * c, lambda c: 1 + 2 * c),
        ),
        (
            "your band is always ±0.2; its half-width is the argument clip",
            _capped(lambda clip: 1 - EPS, lambda clip: 1 + EPS),
        ),
        (
            "you charge the hinge on both sides; it is taken off only where the ratio has gone the way that A asks, "
            "and the wrong way is charged by w·A already",
            _with_slope(lambda w, a, clip: w * a - abs(a) * max(0, abs(w - 1) - clip)),
        ),
        (
            "your hinge isn't multiplied by |A|",
            _with_slope(lambda w, a, clip: w * a - max(0, _progress(w, a) - clip)),
        ),
        (
            "your hinge is multiplied by A; it is |A|, for the hinge is taken off whatever the sign",
            _with_slope(lambda w, a, clip: w * a - a * max(0, _progress(w, a) - clip)),
        ),
        (
            "your hinge forgets the sign of A: the progress of a bad action is 1 − w",
            _with_slope(lambda w, a, clip: w * a - abs(a) * max(0, w - 1 - clip)),
        ),
        (
            "you add the hinge; it is taken off",
            _with_slope(lambda w, a, clip: w * a + abs(a) * max(0, _progress(w, a) - clip)),
        ),
        (
            "your objective is 0 outside the band; it is flat where the push ends, at the value of the edge, and w·A "
            "on the other side",
            _with_slope(lambda w, a, clip: w * a if abs(w - 1) <= clip else 0.0),
        ),
        (
            "your objective falls to 0 where the push ends; it stays at the value of the edge, flat",
            _with_slope(lambda w, a, clip: w * a if _progress(w, a) <= clip else 0.0),
        ),
        (
            "you use the size of A: a bad action, A < 0, is to become rarer",
            _with_slope(lambda w, a, clip: _value(w, abs(a), clip)),
        ),
        (
            "the constant A is missing: you count from w = 1, and w·A counts from 0",
            _with_slope(lambda w, a, clip: _value(w, a, clip) - a),
        ),
        (
            "your clipped ratio isn't multiplied by A before the minimum is taken",
            _with_slope(lambda w, a, clip: min(w * a, _clamped(w, clip))),
        ),
        (
            "you compare the bare ratio with the clipped product: A belongs to both",
            _with_slope(lambda w, a, clip: min(w, _clamped(w, clip) * a)),
        ),
        (
            "you clip the advantage; what is clipped is the ratio",
            _with_slope(lambda w, a, clip: min(w * a, w * _clamped(a, clip))),
        ),
        ("A is missing: you return the clipped ratio", _with_slope(lambda w, a, clip: _clamped(w, clip))),
        (
            "you return the hinge alone, what is taken off w·A",
            _with_slope(lambda w, a, clip: abs(a) * max(0, _progress(w, a) - clip)),
        ),
        (
            "you take the exponential of the ratio; `ratio` is no logarithm any more",
            _with_slope(lambda w, a, clip: _value(math.exp(w), a, clip)),
        ),
        (
            "you take the logarithm of the ratio; the surrogate is w·A",
            _with_slope(lambda w, a, clip: min(math.log(w) * a, math.log(_clamped(w, clip)) * a)),
        ),
        (
            "you cut off the loss of bad actions at 3A (dual clip); here the wrong way is charged in full, however far",
            _with_slope(lambda w, a, clip: max(_value(w, a, clip), 3 * a) if a < 0 else _value(w, a, clip)),
        ),
        (
            "two things at once: you take the larger of the two products, and you return the loss; the minimum is what "
            "is raised",
            _with_slope(lambda w, a, clip: -max(w * a, _clamped(w, clip) * a)),
        ),
        (
            "two things at once: you leave out the minimum, and you return the loss",
            _with_slope(lambda w, a, clip: -_clamped(w, clip) * a),
        ),
    ],
)

# 12.2, the push that is left


def _push(w, a, clip) -> float:
    if a > 0 and w > 1 + clip:
        return 0.0
    if a < 0 and w < 1 - clip:
        return 0.0
    return a


def _silent(*corners):
    """Return the push that is 0 in some of the four corners and A elsewhere."""

    def rule(w, a, clip):
        side = "above 1 + ε" if w > 1 + clip else "below 1 − ε" if w < 1 - clip else "inside"
        return 0.0 if ("A > 0" if a > 0 else "A < 0", side) in corners else a

    return _elementwise(rule)


RISEN, FALLEN = ("A > 0", "above 1 + ε"), ("A < 0", "below 1 − ε")  # where the push ends
SUNK, GROWN = ("A > 0", "below 1 − ε"), ("A < 0", "above 1 + ε")  # where it went the wrong way
OTHER_CORNERS = [
    (SUNK,),
    (GROWN,),
    (RISEN, SUNK),
    (FALLEN, GROWN),
    (RISEN, SUNK, GROWN),
    (RISEN, SUNK, FALLEN),
    (RISEN, FALLEN, GROWN),
    (SUNK, FALLEN, GROWN),
]


def _until(done):
    """Return the push that ends where `done`."""
    return _elementwise(lambda w, a, clip: 0.0 if done(w, a, clip) else a)


push = Exercise(
    function="push",
    cases=list(_ratio_cases()),
    expected=_elementwise(_push),
    misconceptions=[
        (
            "you stop the push wherever the ratio is outside the band: a ratio that went the wrong way must keep it",
            _elementwise(lambda w, a, clip: a if abs(w - 1) < clip else 0.0),
        ),
        (
            "you have it the wrong way round: the push stops where the ratio has gone the way that A asked for",
            _elementwise(lambda w, a, clip: a if (w > 1 + clip if a > 0 else w < 1 - clip) else 0.0),
        ),
        (
            "you forget the sign of A: a bad action's ratio is done when it is below 1 − ε",
            _elementwise(lambda w, a, clip: a if w < 1 + clip else 0.0),
        ),
        (
            "you return whether there is a push; return the push itself, A or 0",
            _elementwise(lambda w, a, clip: float(_push(w, a, clip) != 0)),
        ),
        (
            "you return whether there is a push; return the push itself, A or 0",
            _elementwise(lambda w, a, clip: float(_progress(w, a) < clip)),
        ),
        (
            "you return |A|: a bad action is pushed down",
            _elementwise(lambda w, a, clip: abs(_push(w, a, clip))),
        ),
        (
            "you return the value of the surrogate; asked for is its derivative by the ratio",
            _elementwise(_value),
        ),
        (
            "you multiply by the ratio: the derivative of w·A by w is A",
            _elementwise(lambda w, a, clip: w * _push(w, a, clip)),
        ),
        (
            "your push outside the band turns back: the flat part has slope 0, nothing pulls",
            _elementwise(lambda w, a, clip: _push(w, a, clip) or -a),
        ),
        ("you never stop the push: that is w·A without a clip", _elementwise(lambda w, a, clip: a)),
        (
            "you silence the two corners that went the wrong way: those must keep their push, and the other two end",
            _silent(SUNK, GROWN),
        ),
        ("you never silence a bad action: below 1 − ε it has fallen enough", _silent(RISEN)),
        ("you never silence a good action: above 1 + ε it has risen enough", _silent(FALLEN)),
        (
            "you forget the sign of A: a good action's ratio is done when it is above 1 + ε",
            _silent(SUNK, FALLEN),
        ),
        *(
            (
                f"you silence {', '.join(map(' '.join, corners))}: the push ends for A > 0 above 1 + ε and for A < 0 "
                "below 1 − ε, and nowhere else",
                _silent(*corners),
            )
            for corners in OTHER_CORNERS
        ),
        (
            "you push only outside the band: inside it every sample still pushes",
            _elementwise(lambda w, a, clip: a if abs(w - 1) > clip else 0.0),
        ),
        (
            "you return the sign of A; the push is A itself",
            _elementwise(lambda w, a, clip: float(np.sign(_push(w, a, clip)))),
        ),
        (
            "you return the push on the loss, −A; (12.3) is the slope of what is raised",
            _elementwise(lambda w, a, clip: -_push(w, a, clip)),
        ),
        (
            "you multiply w − 1 by A, where its sign is wanted: how far a ratio may go doesn't depend on the size of A",
            _until(lambda w, a, clip: a * (w - 1) > clip),
        ),
        (
            "you compare the ratio with ε; its way from 1 is what is compared, sgn(A)(w − 1)",
            _until(lambda w, a, clip: np.sign(a) * w > clip),
        ),
        (
            "you measure the way in log w; it is w − 1",
            _until(lambda w, a, clip: np.sign(a) * math.log(w) > clip),
        ),
        (
            "your lower edge is 1/(1 + ε); it is 1 − ε",
            _until(lambda w, a, clip: w > 1 + clip if a > 0 else w < 1 / (1 + clip)),
        ),
        (
            "you stop the push as soon as the ratio has moved the right way at all; it may go as far as ε",
            _until(lambda w, a, clip: _progress(w, a) > 0),
        ),
        (
            "your band is always ±0.2; its half-width is the argument clip",
            _until(lambda w, a, clip: _progress(w, a) > EPS),
        ),
        (
            "your band is twice as wide as it should be: the push ends at x = ε",
            _until(lambda w, a, clip: _progress(w, a) > 2 * clip),
        ),
        (
            "your band is half as wide as it should be: the push ends at x = ε",
            _until(lambda w, a, clip: _progress(w, a) > clip / 2),
        ),
        (
            "you let the push fade out towards the edge; it is A up to the edge, and 0 behind it",
            _elementwise(lambda w, a, clip: a * min(1, max(0, 1 - _progress(w, a) / clip))),
        ),
        (
            "you return the clipped term, clip(w)·A; asked for is the slope",
            _elementwise(lambda w, a, clip: a * _clamped(w, clip)),
        ),
        (
            "you return the progress x; asked for is the push, A or 0",
            _elementwise(lambda w, a, clip: _progress(w, a)),
        ),
        (
            "you return what is left of x up to ε; asked for is the push, A or 0",
            _elementwise(lambda w, a, clip: max(0, clip - _progress(w, a))),
        ),
        (
            "you average: one number for each row, without 1/N",
            lambda ratio, advantages, clip: _elementwise(_push)(ratio, advantages, clip) / len(ratio),
        ),
        (
            "two things at once: you silence both sides of the band, and you return whether there is a push",
            _elementwise(lambda w, a, clip: float(abs(w - 1) < clip)),
        ),
        (
            "two things at once: you return |A|, and you silence both sides of the band",
            _elementwise(lambda w, a, clip: abs(a) if abs(w - 1) < clip else 0.0),
        ),
        (
            "two things at once: you return |A|, and you never stop the push",
            _elementwise(lambda w, a, clip: abs(a)),
        ),
        (
            "two things at once: you multiply by the ratio, and you silence both sides of the band",
            _elementwise(lambda w, a, clip: w * a if abs(w - 1) < clip else 0.0),
        ),
    ],
)

# 12.3, the whole update


class LinearSoftmax(torch.nn.Module):
    """A policy with a line of weights and a bias for each action."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weight, dtype=torch.float64))
        self.bias = torch.nn.Parameter(torch.tensor(bias, dtype=torch.float64))

    def forward(self, states):
        return torch.distributions.Categorical(logits=states @ self.weight.T + self.bias)


class LinearGaussian(LinearSoftmax):
    """A policy of vectors: a line of weights and a bias for each mean, and then for each log σ."""

    def forward(self, states):
        mean, log_std = (states @ self.weight.T + self.bias).chunk(2, dim=1)
        return torch.distributions.Independent(torch.distributions.Normal(mean, log_std.exp()), 1)


class Shuffled:
    """Cuts the rows of a batch into minibatches, in a new order at each call."""

    def __init__(self, rows: int, size: int, seed: int):
        self.rows, self.size, self.luck, self.calls = rows, size, np.random.default_rng(seed), 0
        self.orders = []  # shared by all copies, each of which begins with the first

    def __deepcopy__(self, memo):
        return copy.copy(self)

    def __call__(self):
        self.calls += 1
        while len(self.orders) < self.calls:
            self.orders.append(self.luck.permutation(self.rows))
        order = self.orders[self.calls - 1]
        return [torch.tensor(order[k : k + self.size]) for k in range(0, self.rows, self.size)]


def _warm_adam(policy, rate):
    """Return an Adam that has made two steps already, the weights as they were."""
    optimiser = torch.optim.Adam(policy.parameters(), lr=rate, eps=1e-5)
    before = copy.deepcopy(policy.state_dict())
    for sign in (1.0, -0.5):
        for p in policy.parameters():
            p.grad = sign * torch.linspace(-0.1, 0.2, p.numel(), dtype=p.dtype).reshape(p.shape)
        optimiser.step()
    policy.load_state_dict(before)
    optimiser.zero_grad()
    return optimiser


def _update_case(seed, rows, actions, size, *, rate, clip, epochs, kl_stop=math.inf, adam=False, advantages=None):
    rng = np.random.default_rng(seed)
    policy = LinearSoftmax(rng.normal(size=(actions, 2)), rng.normal(size=actions))
    optimiser = _warm_adam(policy, rate) if adam else torch.optim.SGD(policy.parameters(), lr=rate)
    states = torch.from_numpy(rng.normal(size=(rows, 2)))
    drawn = policy(states).probs.detach().numpy().cumsum(1) < rng.random((rows, 1))
    chosen = torch.from_numpy(drawn.sum(1))
    given = rng.normal(0.2, 1.0, rows) if advantages is None else np.array(advantages)
    return policy, optimiser, states, chosen, torch.from_numpy(given), Shuffled(rows, size, seed), clip, epochs, kl_stop


def _vectors_case(seed, rows, size, *, rate, clip, epochs):
    """Return a case whose actions are vectors of two numbers, drawn from a Gaussian."""
    rng = np.random.default_rng(seed)
    policy = LinearGaussian(0.3 * rng.normal(size=(4, 2)), 0.3 * rng.normal(size=4))
    optimiser = torch.optim.SGD(policy.parameters(), lr=rate)
    states = torch.from_numpy(rng.normal(size=(rows, 2)))
    normal = policy(states).base_dist
    drawn = (normal.mean + normal.stddev * torch.from_numpy(rng.normal(size=(rows, 2)))).detach()
    given = torch.from_numpy(rng.normal(0.2, 1.0, rows))
    return policy, optimiser, states, drawn, given, Shuffled(rows, size, seed), clip, epochs, math.inf


def _update_cases():
    yield _update_case(1, 2, 2, 2, rate=0.5, clip=EPS, epochs=2, advantages=[1.0, -0.5])
    yield _update_case(2, 4, 2, 2, rate=1.0, clip=EPS, epochs=2)
    yield _update_case(44, 8, 3, 3, rate=3.0, clip=0.1, epochs=3)
    yield _update_case(4, 12, 3, 5, rate=0.05, clip=EPS, epochs=4, adam=True)
    yield _update_case(5, 10, 3, 4, rate=0.4, clip=0.3, epochs=6, kl_stop=0.02)
    yield _update_case(6, 11, 2, 3, rate=2.0, clip=EPS, epochs=5, kl_stop=0.01)
    yield _update_case(8, 10, 3, 4, rate=0.12, clip=EPS, epochs=4, kl_stop=0.03)  # below it throughout
    yield _update_case(15, 10, 3, 4, rate=0.12, clip=EPS, epochs=6, kl_stop=0.007)  # above it after the fourth
    yield _update_case(88, 4, 2, 2, rate=1.0, clip=EPS, epochs=2, kl_stop=0.042)  # KL(new‖old) isn't above it
    yield _update_case(92, 4, 2, 2, rate=1.0, clip=EPS, epochs=2, kl_stop=0.3)  # k₃ is above it; k₂ and the KL aren't
    yield _update_case(79, 4, 2, 2, rate=0.5, clip=EPS, epochs=2, kl_stop=0.04)  # k₂ and k₃ are above it
    yield _vectors_case(7, 6, 4, rate=0.1, clip=EPS, epochs=3)


class _Steps:
    """What the optimiser makes of a gradient, weights and bias side by side: plain steps, or Adam's."""

    def __init__(self, policy, optimiser, kind="given", **own):
        group = optimiser.param_groups[0] | own
        self.rate, self.adam = group["lr"], ("betas" in group or kind == "adam") and kind != "plain"
        self.betas, self.eps = group.get("betas", (0.9, 0.999)), group.get("eps", 1e-8)
        self.count, self.mean, self.square = 0, 0.0, 0.0
        states = [optimiser.state[p] for p in (policy.weight, policy.bias)]
        if kind == "given" and states[0] and self.adam:
            self.count = int(states[0]["step"])
            self.mean, self.square = (
                _side_by_side(*(state[name].numpy() for state in states)) for name in ("exp_avg", "exp_avg_sq")
            )

    def __call__(self, slope):
        """Return the step down the slope."""
        if not self.adam:
            return -self.rate * slope
        one, two = self.betas
        self.count += 1
        self.mean, self.square = one * self.mean + (1 - one) * slope, two * self.square + (1 - two) * slope**2
        mean, square = self.mean / (1 - one**self.count), self.square / (1 - two**self.count)
        return -self.rate * mean / (np.sqrt(square) + self.eps)


def _side_by_side(weight, bias):
    return np.column_stack([weight, bias])


def _log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


class _Softmax:
    """Distributions of some rows, made of their logits, and the actions taken there."""

    def __init__(self, z, taken):
        self.logs, self.hits = _log_softmax(z), np.eye(z.shape[1])[taken]

    def log_prob(self):
        return np.sum(self.logs * self.hits, axis=1)

    def score(self):
        """Return the slope of the log-probability in z."""
        return self.hits - np.exp(self.logs)

    def kl(self, new):
        return np.sum(np.exp(self.logs) * (self.logs - new.logs), axis=1)

    def slope_of_minus_entropy(self):
        p = np.exp(self.logs)
        return p * (self.logs - np.sum(p * self.logs, axis=1, keepdims=True))


class _Gaussian:
    """The same for vectors, made of their means and log σ, side by side."""

    def __init__(self, z, taken):
        self.mean, self.log_std = np.split(z, 2, axis=1)
        self.off = (taken - self.mean) / np.exp(self.log_std)

    def log_prob(self):
        return -np.sum(self.off**2 / 2 + self.log_std + math.log(2 * math.pi) / 2, axis=1)

    def score(self):
        return np.hstack([self.off / np.exp(self.log_std), self.off**2 - 1])

    def kl(self, new):
        spread = np.exp(2 * self.log_std) + (self.mean - new.mean) ** 2
        return np.sum(new.log_std - self.log_std + spread / (2 * np.exp(2 * new.log_std)) - 1 / 2, axis=1)

    def slope_of_minus_entropy(self):
        return np.hstack([np.zeros_like(self.mean), -np.ones_like(self.log_std)])


def _left(w, a, clip):
    """The push that is left, in one formula."""
    return np.where(np.where(a > 0, w - 1, 1 - w) > clip, 0.0, a)


def _mean_kl(old, new, x):
    return np.mean(old.kl(new))


def _share(x, clip, a):
    return np.mean(abs(np.exp(x) - 1) > clip)


IN_PASSING = "passing", "passed", "running"  # over the epoch; of its last minibatch; so the KL, the share over all


def _at_their_numbers(rows, start):
    """Return where a minibatch's numbers are read: of its rows, or else by where it begins in the epoch's order."""
    return rows


def _in_order_of_the_epoch(rows, start):
    return np.arange(start, start + len(rows))


def _from_the_top(rows, start):
    return np.arange(len(rows))


def _updating(
    old="first",  # policy; or as it is at the beginning of each "epoch" or "minibatch"
    attached=False,  # whether the slope runs through the old log-probabilities too
    old_at=_at_their_numbers,
    ratio=(lambda x, old: np.exp(x), lambda x, old: np.exp(x)),  # of log w and log π_old, and its slope
    push=_left,
    credit=lambda rows, every: rows,  # the advantages of a minibatch, and of the batch
    credit_at=_at_their_numbers,
    count=lambda pushes, every, size: len(pushes),  # what a minibatch's sum is divided by
    up=1.0,
    emptied="minibatch",  # when the gradient is set to 0
    steps="minibatch",
    cut=lambda batches: batches,
    anew=True,  # whether each epoch has its own order
    optimiser=("given", {}),
    bonus=0.0,  # times the entropy
    longest=math.inf,  # longer gradients are shortened to it
    stop=lambda kl, limit, share, clip: kl > limit,
    by=None,  # what the brake looks at in place of the KL
    looks="epoch",
    looks_from=1,  # the first epoch after which the brake looks
    undone=None,  # what is taken back where the update stops
    kl=_mean_kl,
    share=_share,
    watched="batch",
    counted=None,  # what the share is of, where that is something else
    since="old",  # the policy from which the KL is taken; or "first", "begun" with the epoch, "itself"
    counted_since="old",  # and the share
    unwatched=False,  # whether the KL is 0 where there is no limit
    stale=None,  # where the last numbers are those of the epoch before: where it "stopped", or made the "whole" number
    most=lambda epochs: epochs,
    told=lambda made, kl, share, asked: (made, kl, share),
    kept=False,  # whether the policy that came in stays as it was
):
    """Return the update in NumPy, for a linear policy; the arguments are the ways to get it wrong."""
    kind, own = optimiser
    in_passing = watched in IN_PASSING or counted in IN_PASSING

    def update(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
        minibatches = copy.deepcopy(minibatches)  # it counts its calls, and shuffles anew in each
        s, taken, given = (np.asarray(x) for x in (states, actions, advantages))
        x, each = np.column_stack([s, np.ones(len(s))]), np.arange(len(s))
        first = theta = _side_by_side(policy.weight.detach().numpy(), policy.bias.detach().numpy())
        step, family = _Steps(policy, optimiser, kind, **own), _Gaussian if taken.ndim > 1 else _Softmax

        def at(weights, rows):
            return family(x[rows] @ weights.T, taken[rows])

        def look(before, after, rows, number=kl):
            p, q = at(before, rows), at(after, rows)
            moved = q.log_prob() - p.log_prob()
            return number(p, q, moved), share(moved, clip, given[rows])

        def seen_of(what, origin):
            """Return KL and share of what is watched, as they are taken from an origin."""
            if what in IN_PASSING:
                if what == "passing":
                    return np.mean(passing, axis=0)
                return passing[-1][0], passing[-1][1] if what == "passed" else np.mean(
                    [part for _, part in all_passing]
                )
            origin = {"old": base, "first": first, "begun": begun, "itself": theta}[origin]
            if what == "averaged":
                return np.mean([look(origin, theta, np.asarray(part)) for part in batches], axis=0)
            return look(origin, begun if what == "begun" else theta, rows if what == "last" else each)

        base, slope, made, seen, all_passing = theta, 0.0, 0, (0.0, 0.0), []
        batches = None
        for _ in range(most(epochs)):
            batches = minibatches() if anew or batches is None else batches
            begun, passing, start, size = theta, [], 0, len(batches[0])
            base = theta if old == "epoch" else base
            slope = 0.0 if emptied == "epoch" else slope
            for part in cut([np.asarray(rows) for rows in batches]):
                base = theta if old == "minibatch" else base
                rows = each if part is None else part
                now, before = at(theta, rows), at(base, rows)
                other = before if old_at is _at_their_numbers else at(base, old_at(rows, start))
                of_old = other.log_prob()
                moved = now.log_prob() - of_old
                if old == "none":
                    moved = now.log_prob()
                if in_passing:
                    passing.append((kl(before, now, moved), share(moved, clip, given[rows])))
                w, turn = (f(moved, of_old) for f in ratio)
                score = now.score() - (before.score() if attached else 0.0)
                pushes = push(w, credit(given[credit_at(rows, start)], given), clip)
                weight = pushes * turn / count(pushes, len(s), size)
                pushed = weight[:, None] * score - bonus * now.slope_of_minus_entropy() / len(rows)
                slope = (0.0 if emptied == "minibatch" else slope) - up * pushed.T @ x[rows]
                slope = slope * min(1.0, longest / (np.linalg.norm(slope) + 1e-6))
                start += len(rows)
                if steps == "minibatch":
                    theta = theta + step(slope)
                if looks == "minibatch" and stop(*(look(base, theta, each)[:1]), kl_stop, 0.0, clip):
                    break
            if steps == "epoch":
                theta = theta + step(slope)
            made += 1
            all_passing += passing
            base = first if old == "none" else base
            seen = seen_of(watched, since)
            if (counted or watched, counted_since) != (watched, since):
                seen = seen[0], seen_of(counted or watched, counted_since)[1]
            if unwatched and kl_stop == math.inf:
                seen = 0.0, seen[1]
            judged = look(base, begun, each) if looks == "late" else seen
            judged = look(base, theta, each, by) if by else judged
            stopped = made >= looks_from and stop(judged[0], kl_stop, judged[1], clip)
            if stale and (stopped if stale == "stopped" else made == epochs):
                seen = seen_of("begun", since)
            if stopped:
                theta = {"epoch": begun, "all": first}.get(undone, theta)
                break
        theta = first if kept else theta
        return np.concatenate([theta[:, :-1].ravel(), theta[:, -1]]), *told(made, *seen, epochs)

    return update


AGAIN = "backward through the graph a second time", "modified by an inplace operation"


def _apply_update(answer, policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    """Return the weights after the answer's update, and what it returned."""
    given = policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop
    if getattr(answer, "__module__", "") == __name__:  # the expected answer, and mistaken ones
        return answer(*given)
    try:
        told = answer(*given)
    except RuntimeError as error:
        if any(words in str(error) for words in AGAIN):
            raise Unfit(
                "PyTorch is asked to go back through one graph twice. What is taken once, the old log-probabilities, "
                "must be detached (`with torch.no_grad()`), and what changes with the policy, the new ones, computed "
                "anew in each minibatch"
            ) from None
        raise
    except AttributeError as error:
        if isinstance(policy, LinearGaussian) and any(words in str(error) for words in ("'probs'", "'logits'")):
            raise Unfit(
                f"{error}: only a softmax policy has them, and the policy may be a Gaussian; `.log_prob` and "
                "`kl_divergence` work for any distribution"
            ) from None
        raise
    if told is ... or (isinstance(told, tuple) and any(part is ... for part in told)):
        return ...
    if minibatches.calls > epochs:
        raise Unfit(
            f"your function calls minibatches() {minibatches.calls} times in {epochs} epoch{'s' * (epochs > 1)}: each "
            "call shuffles anew, so call it once at the beginning of each epoch that is made"
        )
    if told is None:
        raise Unfit("your function returns None: is the return statement missing?")
    told = tuple(told) if isinstance(told, tuple | list) or np.ndim(told) == 1 else (told,)
    if len(told) != 3:
        number = f"{len(told)} value{'s' * (len(told) != 1)}"
        raise Unfit(f"return three values, the epochs made, the KL and the share outside; yours returns {number}")
    weights = torch.cat([p.detach().flatten() for p in policy.parameters()])
    return weights, *told[:2], _in_full_precision(told[2], len(states))


def _in_full_precision(share, rows):
    """Return the share with all its digits where it was averaged in single precision, as .float().mean() does."""
    try:
        hits = float(share) * rows
        return round(hits) / rows if abs(hits - round(hits)) < 1e-5 else share
    except Exception:  # no number
        return share


def _standardised_by(ddof, small, of_batch):
    def standardised(rows, every):
        within = every if of_batch else rows
        return (rows - within.mean()) / (within.std(ddof=ddof) + small)

    return standardised


def _by_rows(rule):
    """Return a push of one rule for each row."""
    return lambda w, a, clip: np.array([rule(*row, clip) for row in zip(w, a, strict=True)])


def _estimated(k):
    """Return a KL that is the mean of k(log w) over the rows."""
    return lambda old, new, x: np.mean(k(x))


def _k3_of(x):
    return np.expm1(x) - x


OWN_ADAM = "you make an Adam of your own: the one that is given knows its means, its rate and its kind"
OLDS: Mistakes = [
    (
        "you take the old log-probabilities anew in each epoch: they are those of the policy that acted, the one that "
        "comes in, for the whole update",
        {"old": "epoch"},
    ),
    (
        "you take the old log-probabilities anew in each minibatch: every ratio is then 1 and the clip never speaks; "
        "take them once, before the first epoch",
        {"old": "minibatch"},
    ),
    (
        "the old log-probabilities are those of the present policy, and aren't detached: each ratio is 1 whatever the "
        "weights, and has no slope",
        {"old": "minibatch", "attached": True},
    ),
    (
        "the slope runs through the old log-probabilities as well: detach them, they are numbers",
        {"attached": True},
    ),
    ("the old log-probabilities are missing: your ratio is π_new itself", {"old": "none"}),
    (
        "you take the old log-probabilities anew in each epoch, for the ratios in the loss: they are those of the "
        "policy that came in, there as well as for the KL and the share",
        {"old": "epoch", "since": "first", "counted_since": "first"},
    ),
]
MOVES_ALONG = (
    "your old policy moves along with the new one (every ratio is 1, the KL 0): keep its numbers, or a copy; "
    "`policy_old = policy` is none"
)
ALIASES: Mistakes = [
    (MOVES_ALONG, {"old": "minibatch", "since": "itself", "counted_since": "itself"}),
    (
        "your KL is that of the policy to itself, 0: the old policy moves along with the new one, so keep its "
        "distributions, or a copy",
        {"since": "itself"},
    ),
    (
        "your KL and share compare the policy with itself, and are 0: the old policy moves along with the new one, so "
        "keep its numbers, or a copy",
        {"since": "itself", "counted_since": "itself"},
    ),
]
PLACES: Mistakes = [
    *(
        (
            "you take the old log-probabilities by their place in the minibatch: they have one number for each row of "
            "the batch, so take those at `rows`",
            {"old_at": at},
        )
        for at in (_in_order_of_the_epoch, _from_the_top)
    ),
    *(
        (
            "you take the advantages by their place in the minibatch: they have one number for each row of the batch, "
            "so take those at `rows`",
            {"credit_at": at},
        )
        for at in (_in_order_of_the_epoch, _from_the_top)
    ),
    *(
        (
            "you take old log-probabilities and advantages by their place in the minibatch: both have one number for "
            "each row of the batch, so take those at `rows`",
            {"old_at": at, "credit_at": at},
        )
        for at in (_in_order_of_the_epoch, _from_the_top)
    ),
]
RATIOS: Mistakes = [
    (
        "your ratio is 1 + log w, which is near w and not w: take the exponential of log π_new − log π_old",
        {"ratio": (lambda x, old: 1 + x, lambda x, old: np.ones_like(x))},
    ),
    (
        "you divide the logarithms: log w is their difference, log π_new − log π_old",
        {"ratio": (lambda x, old: (x + old) / old, lambda x, old: 1 / old)},
    ),
    (
        "your ratio isn't exponentiated: log π_new − log π_old is log w",
        {"ratio": (lambda x, old: x, lambda x, old: np.ones_like(x))},
    ),
    (
        "your ratio is upside down: it is new over old",
        {"ratio": (lambda x, old: np.exp(-x), lambda x, old: -np.exp(-x))},
    ),
]
PUSHES: Mistakes = [
    (
        "the two products in your loss have different signs: both are taken with a minus, or neither",
        {
            "push": _by_rows(
                lambda w, a, clip: a if a * w < -a * _clamped(w, clip) else -a if abs(w - 1) < clip else 0.0
            )
        },
    ),
    (
        "you cut off the loss of bad actions at 3A (dual clip); here the wrong way is charged in full, however far",
        {"push": _by_rows(lambda w, a, clip: 0.0 if a < 0 and w > 3 else float(_left(w, a, clip)))},
    ),
    ("you don't clip: the loss is that of w·A alone", {"push": lambda w, a, clip: a}),
    (
        "you leave out the minimum: a ratio that went the wrong way has no slope to come back by",
        {"push": _by_rows(lambda w, a, clip: a if abs(w - 1) < clip else 0.0)},
    ),
    (
        "you take the larger of the two products; the objective is the smaller",
        {"push": _by_rows(lambda w, a, clip: a if (w - 1 if a > 0 else 1 - w) > -clip else 0.0)},
    ),
    (
        "you clip at 1 + ε only: a bad action may be pushed down without end",
        {"push": _by_rows(lambda w, a, clip: 0.0 if a > 0 and w > 1 + clip else a)},
    ),
    (
        "you clip at 1 − ε only: a good action may be pushed up without end",
        {"push": _by_rows(lambda w, a, clip: 0.0 if a < 0 and w < 1 - clip else a)},
    ),
    (
        "you take the minimum of the ratios and multiply by A afterwards; compare the two products",
        {"push": _by_rows(lambda w, a, clip: 0.0 if w > 1 + clip else a)},
    ),
    (
        "you raise A·log π: the ratio is missing, and with it the clip",
        {"push": lambda w, a, clip: a / w},
    ),
    (
        "your band is that of log w, from −ε to ε; it is that of w, from 1 − ε to 1 + ε",
        {"push": lambda w, a, clip: _left(1 + np.log(w), a, clip)},
    ),
    (
        "your lower edge is 1/(1 + ε), as in a band that is even in log w; it is 1 − ε",
        {"push": lambda w, a, clip: np.where(np.where(a > 0, w, 1 / w) > 1 + clip, 0.0, a)},
    ),
]
CREDITS: Mistakes = [
    *(
        (
            "you standardise the advantages in each minibatch: they are used as they come",
            {"credit": _standardised_by(ddof, small, False)},
        )
        for ddof, small in ((1, 1e-8), (0, 1e-8), (0, 0.0))
    ),
    *(
        (
            "you standardise the advantages over the batch: they are used as they come",
            {"credit": _standardised_by(ddof, 1e-8, True)},
        )
        for ddof in (1, 0)
    ),
    *(
        (
            "you divide the advantages by their standard deviation: they are used as they come",
            {"credit": lambda rows, every, ddof=ddof: rows / (every.std(ddof=ddof) + 1e-8)},
        )
        for ddof in (1, 0)
    ),
    (
        "you take the mean off the advantages: they are used as they come",
        {"credit": lambda rows, every: rows - every.mean()},
    ),
    (
        "you take each minibatch's mean off its advantages: they are used as they come",
        {"credit": lambda rows, every: rows - rows.mean()},
    ),
    ("you use |A|: a bad action is to become rarer", {"credit": lambda rows, every: abs(rows)}),
]
SLOPES: Mistakes = [
    ("you add an entropy bonus: the loss is that of the clipped surrogate alone", {"bonus": 0.01}),
    (
        "you go the wrong way: an optimiser goes down, so the loss is minus the clipped surrogate",
        {"up": -1.0},
    ),
    ("your loss is a sum: it is the mean over the minibatch", {"count": lambda pushes, every, size: 1}),
    (
        "you divide by the rows of the batch: the loss is the mean over the minibatch's own rows",
        {"count": lambda pushes, every, size: every},
    ),
    (
        "your gradients pile up: `optimiser.zero_grad()` before each backward()",
        {"emptied": "never"},
    ),
    (
        "your gradients pile up within an epoch: `optimiser.zero_grad()` before each backward()",
        {"emptied": "epoch"},
    ),
    (
        "you use the whole batch in each step: the loss is that of the minibatch's rows",
        {"cut": lambda batches: [None] * len(batches)},
    ),
    (
        "you make one step an epoch, on the whole batch: one for each minibatch, on its rows",
        {"cut": lambda batches: [None]},
    ),
    (
        "you call minibatches() once, and go through the same order in each epoch: call it in each",
        {"anew": False},
    ),
    (
        "you shorten long gradients, to 0.5; here that is left to the optimiser",
        {"longest": 0.5},
    ),
]
LOOPS: Mistakes = [
    (
        "you step once an epoch, by the sum of the minibatches' gradients: step after each minibatch",
        {"steps": "epoch", "emptied": "epoch"},
    ),
    (
        "you step once an epoch, by the gradient of its last minibatch: step after each minibatch",
        {"steps": "epoch"},
    ),
    ("you use the first minibatch of each epoch only", {"cut": lambda batches: batches[:1]}),
    (
        "you leave out the minibatch that is shorter than the others: each has its step",
        {"cut": lambda batches: [rows for rows in batches if len(rows) == len(batches[0])]},
    ),
    ("you leave out the last minibatch of each epoch", {"cut": lambda batches: batches[:-1] or batches}),
    (
        "you use the minibatches from the last to the first: take them in the order in which they are returned",
        {"cut": lambda batches: batches[::-1]},
    ),
    (
        "you divide by the size of the first minibatch: the last may be shorter, and its mean is over its own rows",
        {"count": lambda pushes, every, size: size},
    ),
    (
        "you average over the rows that still push: the mean is over all rows of the minibatch, silent ones too",
        {"count": lambda pushes, every, size: max(1, np.count_nonzero(pushes))},
    ),
    (
        OWN_ADAM,
        {"optimiser": ("adam", {"eps": 1e-8})},
    ),
    (
        "you forget what the optimiser knows from earlier updates: use the one that is given as it is",
        {"optimiser": ("fresh", {})},
    ),
    (
        "you make plain steps of your own: `optimiser.step()` is the step that is asked for",
        {"optimiser": ("plain", {})},
    ),
    (
        "nothing moves: is optimiser.step() missing, is the gradient emptied between backward() and step(), or do you "
        "work on a copy that the optimiser doesn't know?",
        {"steps": "none"},
    ),
]
STOPS: Mistakes = [
    ("you never stop: after an epoch with a KL above kl_stop there is no further one", {"stop": lambda *of: False}),
    (
        "you make one epoch only, whatever the KL: go on while it is at most kl_stop",
        {"stop": lambda *of: True},
    ),
    ("you stop where the KL is *below* kl_stop", {"stop": lambda kl, limit, share, clip: kl < limit}),
    (
        "you stop at 1.5·kl_stop; here kl_stop is the limit itself",
        {"stop": lambda kl, limit, share, clip: kl > 1.5 * limit},
    ),
    (
        "you stop by the share outside; it is the KL that counts",
        {"stop": lambda kl, limit, share, clip: share > limit},
    ),
    (
        "you look at the KL after each minibatch, and stop there: look after the epoch",
        {"looks": "minibatch"},
    ),
    (
        "you stop an epoch late: look at the KL after the epoch, not before it",
        {"looks": "late"},
    ),
    (
        "where you stop you take the last epoch back: it stays",
        {"undone": "epoch"},
    ),
    ("where you stop you take the whole update back: it stays", {"undone": "all"}),
    ("you make an epoch less than asked for", {"most": lambda epochs: epochs - 1}),
    ("you leave the policy as it was: change the one that is given, no copy", {"kept": True}),
]
BRAKES: Mistakes = [
    *(
        (f"you return the exact KL, and stop by {other}: stop by the exact KL too", {"by": number})
        for other, number in (
            ("k₁, the mean of −log w", _estimated(lambda x: -x)),
            ("k₂, an estimate from the actions taken", _estimated(lambda x: x**2 / 2)),
            ("k₃, an estimate from the actions taken", _estimated(_k3_of)),
        )
    ),
    (
        "you stop by the largest KL of all states: it is their mean that counts",
        {"by": lambda old, new, x: np.max(old.kl(new))},
    ),
    (
        "you stop by the sum of the KL over the states: it is their mean that counts",
        {"by": lambda old, new, x: np.sum(old.kl(new))},
    ),
    (
        "you stop by KL(new‖old): the old policy comes first, as in the KL that you return",
        {"by": lambda old, new, x: np.mean(new.kl(old))},
    ),
    ("you don't look after the first epoch: the KL may be above kl_stop there already", {"looks_from": 2}),
    (
        "your KL is 0 where kl_stop is inf: it is asked for there too",
        {"unwatched": True},
    ),
    (
        "where you stop, your KL and share are those of the epoch before: return those that made you stop",
        {"stale": "stopped"},
    ),
    (
        "where all epochs are made, your KL and share are those before the last of them: look after it too",
        {"stale": "whole"},
    ),
]
KLS: Mistakes = [
    (
        "your KL is KL(new‖old): the old policy comes first",
        {"kl": lambda old, new, x: _mean_kl(new, old, x)},
    ),
    (
        "your KL is k₁, the mean of −log w over the batch: take the exact one, of the distributions",
        {"kl": _estimated(lambda x: -x)},
    ),
    (
        "your KL is k₃, an estimate from the actions taken: take the exact one, of the distributions",
        {"kl": _estimated(_k3_of)},
    ),
    (
        "your KL is k₂, an estimate from the actions taken: take the exact one, of the distributions",
        {"kl": _estimated(lambda x: x**2 / 2)},
    ),
    ("your KL is the mean of log w: that is −k₁, and no KL", {"kl": _estimated(lambda x: x)}),
    (
        "your KL is a sum over the states: it is a mean",
        {"kl": lambda old, new, x: _mean_kl(old, new, x) * len(x)},
    ),
    (
        "your KL is the largest of all states: it is a mean",
        {"kl": lambda old, new, x: np.max(old.kl(new))},
    ),
]
WATCHES: Mistakes = [
    (
        "you look at the last minibatch only: KL and share are those of the whole batch",
        {"watched": "last"},
    ),
    (
        "your KL and share are those of the last minibatch, before its step: look at the whole batch after the epoch",
        {"watched": "passed"},
    ),
    (
        "your KL and share are means over the minibatches in passing: look at the whole batch after the epoch",
        {"watched": "passing"},
    ),
    (
        "your KL and share are those before the last epoch: look after it",
        {"watched": "begun"},
    ),
]
ONE_WATCH: Mistakes = [
    (
        "your KL is taken from the policy at the beginning of the epoch: take it from the policy that came in",
        {"since": "begun"},
    ),
    (
        "your KL is that of the last minibatch's states: it is a mean over the states of the whole batch",
        {"watched": "last", "counted": "batch"},
    ),
    (
        "your KL is that of the last minibatch, before its step: look at the whole batch after the epoch",
        {"watched": "passed", "counted": "batch"},
    ),
    (
        "your KL is a mean over the minibatches in passing: look at the whole batch after the epoch",
        {"watched": "passing", "counted": "batch"},
    ),
    *(
        (
            "you average the means of the minibatches: where the last is shorter its rows then count more; take one "
            "mean over the whole batch",
            {"watched": "averaged", "counted": counted},
        )
        for counted in ("averaged", "batch")
    ),
    (
        "your share is that of the last minibatch: it is the share of the whole batch",
        {"counted": "last"},
    ),
    (
        "your share is that of the last minibatch, before its step: it is the share of the whole batch after the last "
        "epoch",
        {"counted": "passed"},
    ),
    *(
        (
            "your share is averaged along the way, over the minibatches as they are used: it is the share of the whole "
            "batch after the last epoch",
            {"counted": counted},
        )
        for counted in ("passing", "running")
    ),
]
SHARES: Mistakes = [
    (
        "you clip the ratios before you count, and those are outside by rounding only; count the ratios as they are",
        {"share": lambda x, clip, a: np.mean(abs(np.clip(np.exp(x), 1 - clip, 1 + clip) - 1) > clip)},
    ),
    (
        "you count only ratios above 1 + ε: those below 1 − ε are outside as well",
        {"share": lambda x, clip, a: np.mean(np.exp(x) > 1 + clip)},
    ),
    (
        "you count only ratios below 1 − ε: those above 1 + ε are outside as well",
        {"share": lambda x, clip, a: np.mean(np.exp(x) < 1 - clip)},
    ),
    ("you count the ratios inside the band", {"share": lambda x, clip, a: 1 - _share(x, clip, a)}),
    (
        "you count |log w| > ε: the band is that of w, from 1 − ε to 1 + ε",
        {"share": lambda x, clip, a: np.mean(abs(x) > clip)},
    ),
    (
        "you count only rows whose push has ended: the share is that of all ratios outside, on either side",
        {"share": lambda x, clip, a: np.mean(np.where(a > 0, 1, -1) * np.expm1(x) > clip)},
    ),
    (
        "you return how many ratios are outside: return their share",
        {"share": lambda x, clip, a: len(x) * _share(x, clip, a)},
    ),
    ("your share is in per cent; return it between 0 and 1", {"share": lambda x, clip, a: 100 * _share(x, clip, a)}),
]
TOLD: Mistakes = [
    (
        "you return the number of the last epoch counted from 0: return how many were made",
        {"told": lambda made, kl, share, asked: (made - 1, kl, share)},
    ),
    (
        "you return the epochs asked for: return how many were made",
        {"told": lambda made, kl, share, asked: (asked, kl, share)},
    ),
    (
        "you don't count the epoch after which you stop: it was made",
        {"told": lambda made, kl, share, asked: (made - (made < asked), kl, share)},
    ),
    *(
        (
            "what you return is right, but in another order: the epochs made, the KL, the share outside",
            {"told": lambda made, kl, share, asked, order=order: tuple((made, kl, share)[i] for i in order)},
        )
        for order in ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    ),
]

ALONE = (
    *(LOOPS, ALIASES, BRAKES, PLACES, WATCHES, ONE_WATCH, TOLD),
    *(PUSHES, SLOPES, KLS, SHARES, OLDS, CREDITS, STOPS, RATIOS),
)
COMMON_CREDITS = list({words: (words, changes) for words, changes in reversed(CREDITS)}.values())  # one of each kind


def _two_at_once(*groups):
    return [each for each in mistakes(_updating, *groups) if each[0].startswith("two things")]


clipped_update = Exercise(
    function="clipped_update",
    cases=list(_update_cases()),
    expected=_updating(),
    apply=_apply_update,
    parts=("the weights", "the epochs made", "the KL", "the share outside"),
    misconceptions=[
        *(
            (OWN_ADAM, _updating(optimiser=("adam", settings)))
            for settings in ({"eps": 1e-5}, *({"lr": r, "eps": e} for r in (3e-4, 1e-3) for e in (1e-8, 1e-5)))
        ),
        *(
            (
                "you take both in passing, the KL from the last minibatch before its step, the share over all "
                "minibatches of all epochs: look at the whole batch after each epoch",
                _updating(watched="running", kl=kl),
            )
            for kl in (_mean_kl, _estimated(_k3_of), _estimated(lambda x: -x))
        ),
        (
            "your band is always ±0.2; its half-width is the argument clip",
            _updating(push=lambda w, a, clip: _left(w, a, EPS), share=lambda x, clip, a: _share(x, EPS, a)),
        ),
        *(each for alone in ALONE for each in mistakes(_updating, alone)),
        *_two_at_once(SHARES, STOPS, KLS, SLOPES, PUSHES, OLDS, RATIOS, COMMON_CREDITS),
        *_two_at_once(KLS, WATCHES),
    ],
)

# 12.4, the weight of the penalty


def _beta(above=1.5, below=1.5, up=2.0, down=0.5):
    def rule(beta, kl, kl_target):
        if kl > above * kl_target:
            return beta * up
        if kl < kl_target / below:
            return beta * down
        return beta

    return rule


def _scaled_outside(beta, kl, kl_target, power):
    return beta if kl_target / 1.5 <= kl <= 1.5 * kl_target else beta * (kl / kl_target) ** power


def _beta_continuous(beta, kl, kl_target):
    return beta * kl / kl_target


adapted_beta = Exercise(
    function="adapted_beta",
    cases=[
        (1.0, 0.02, 0.01),
        (1.0, 0.001, 0.01),
        (3.0, 0.012, 0.01),
        (3.0, 0.0148, 0.01),
        (3.0, 0.0152, 0.01),
        (3.0, 0.0066, 0.01),
        (3.0, 0.0068, 0.01),
        (0.25, 0.5, 0.02),
        (8.0, 0.0, 0.02),
        (8.0, 0.02, 0.02),
        (2.0, 0.012, 0.02),
        (0.5, 0.035, 0.02),
        (40.0, 0.1, 0.01),
        (0.001, 0.0001, 0.01),
        (2.0, 4.0, 1.0),
        (2.0, 2.0, 1.0),
        (2.0, 0.6, 1.0),
        (2.0, 0.2, 3.0),
    ],
    expected=_beta(),
    misconceptions=[
        (
            "you halve β when the KL is too large: a smaller penalty lets it grow further. Double it",
            _beta(up=0.5, down=2.0),
        ),
        (
            "you change β at every update: between d_targ/1.5 and 1.5·d_targ it stays as it is",
            _beta(above=1.0, below=1.0),
        ),
        ("you never lower β: halve it when the KL is below d_targ/1.5", _beta(down=1.0)),
        ("you never raise β: double it when the KL is above 1.5·d_targ", _beta(up=1.0)),
        ("you multiply by 1.5; 1.5 is where β changes, 2 is by how much", _beta(up=1.5, down=1 / 1.5)),
        ("your limits are 2·d_targ and d_targ/2; they are 1.5 and 1/1.5, the factor is 2", _beta(2.0, 2.0)),
        (
            "your lower limit is 1.5·d_targ too: between the limits nothing changes",
            _beta(below=1 / 1.5),
        ),
        (
            "you compare the KL with 1.5, not with 1.5·d_targ",
            lambda beta, kl, kl_target: _beta()(beta, kl, 1.0),
        ),
        ("you scale β by KL/d_targ; the rule doubles, halves or leaves it", _beta_continuous),
        (
            "you return the factor; return the new β",
            lambda beta, kl, kl_target: _beta()(1.0, kl, kl_target),
        ),
        (
            "1.5 and 2 have changed places: the limits are 1.5·d_targ and d_targ/1.5, and β changes by the factor 2",
            _beta(2.0, 2.0, 1.5, 1 / 1.5),
        ),
        (
            "you change β at every update, by doubling or halving: between d_targ/1.5 and 1.5·d_targ it stays as it is",
            lambda beta, kl, kl_target: 2 * beta if kl > kl_target else beta / 2,
        ),
        ("your lower limit is d_targ/2; it is d_targ/1.5", _beta(below=2.0)),
        ("your upper limit is 2·d_targ; it is 1.5·d_targ", _beta(above=2.0)),
        ("your upper limit is d_targ itself; it is 1.5·d_targ", _beta(above=1.0)),
        ("your lower limit is d_targ itself; it is d_targ/1.5", _beta(below=1.0)),
        (
            "your limits have changed places: double above 1.5·d_targ, the larger of the two",
            _beta(1 / 1.5, 1 / 1.5),
        ),
        (
            "your upper limit is d_targ/1.5; it is 1.5·d_targ, and between the two β stays as it is",
            lambda beta, kl, kl_target: 2 * beta if kl > kl_target / 1.5 else beta,
        ),
        (
            "your target is always 0.01; it is the argument kl_target",
            lambda beta, kl, kl_target: _beta()(beta, kl, 0.01),
        ),
        ("you change β by the factor 4; it is doubled or halved", _beta(up=4.0, down=0.25)),
        ("you change β by the factor 3; it is doubled or halved", _beta(up=3.0, down=1 / 3)),
        ("you change β by the factor 10; it is doubled or halved", _beta(up=10.0, down=0.1)),
        ("you raise β by 1.5; it is doubled", _beta(up=1.5)),
        ("you lower β by 1.5; it is halved", _beta(down=1 / 1.5)),
        ("you raise β by a tenth and lower it by a tenth; it is doubled or halved", _beta(up=1.1, down=0.9)),
        ("you never change β", _beta(up=1.0, down=1.0)),
        ("you double β at both ends: halve it where the KL is too small", _beta(down=2.0)),
        ("you halve β at both ends: double it where the KL is too large", _beta(up=0.5)),
        (
            "you add 1 and subtract 1; β is doubled and halved",
            lambda beta, kl, kl_target: beta + _beta(up=2.0, down=0.0)(1.0, kl, kl_target) - 1,
        ),
        (
            "you add 2 to β, or subtract ½; the rule multiplies",
            lambda beta, kl, kl_target: beta + {2.0: 2.0, 0.5: -0.5, 1.0: 0.0}[_beta()(1.0, kl, kl_target)],
        ),
        (
            "outside the limits you scale β by the root of KL/d_targ; the rule doubles or halves",
            lambda beta, kl, kl_target: _scaled_outside(beta, kl, kl_target, 0.5),
        ),
        (
            "outside the limits you scale β by KL/d_targ; the rule doubles or halves",
            lambda beta, kl, kl_target: _scaled_outside(beta, kl, kl_target, 1.0),
        ),
        (
            "you move β by KL − d_targ; the rule doubles, halves or leaves it",
            lambda beta, kl, kl_target: beta + kl - kl_target,
        ),
        (
            "you scale β by d_targ/KL, which lowers it where the KL is large; the rule doubles, halves or leaves it",
            lambda beta, kl, kl_target: beta * kl_target / kl,
        ),
        (
            "you compare the distance |KL − d_targ| with 1.5; the limits are multiples of d_targ",
            lambda beta, kl, kl_target: (
                2 * beta if kl - kl_target > 1.5 else beta / 2 if kl_target - kl > 1.5 else beta
            ),
        ),
        (
            "you compare the distance |KL − d_targ| with 1.5·d_targ: compare the KL itself",
            lambda beta, kl, kl_target: (
                2 * beta if kl - kl_target > 1.5 * kl_target else beta / 2 if kl_target - kl > 1.5 * kl_target else beta
            ),
        ),
        (
            "you compare β with the limits; it is the KL that is compared",
            lambda beta, kl, kl_target: _beta()(beta, beta, kl_target),
        ),
        (
            "you compare β·KL with the limits; it is the KL alone",
            lambda beta, kl, kl_target: _beta()(beta, beta * kl, kl_target),
        ),
        (
            "two things at once: you halve β where the KL is too large, and your limits are 2·d_targ and d_targ/2",
            _beta(2.0, 2.0, 0.5, 2.0),
        ),
        (
            "two things at once: you lower β where the KL is too large, and you change it by 1.5",
            _beta(up=1 / 1.5, down=1.5),
        ),
        (
            "two things at once: you lower β where the KL is too large, and you change it at every update",
            lambda beta, kl, kl_target: beta / 2 if kl > kl_target else 2 * beta,
        ),
    ],
)

# 12.5, the watch over an epoch


def _mean(values) -> float:
    return sum(values) / len(values)


def _k1(x) -> float:
    return -x


def _k2(x) -> float:
    return x * x / 2


def _k3(x) -> float:
    return math.exp(x) - 1 - x


def _watch(
    outside=lambda w, clip: w > 1 + clip or w < 1 - clip,
    kl=_k3,
    over=_mean,
    stop=lambda kl, kl_stop, rows, part, clip: kl > kl_stop,
    share=lambda hits, n: hits / n,
):
    """Return the report on an epoch, row by row; the arguments are the ways to get it wrong."""

    def report(log_ratio, clip, kl_stop):
        rows = [float(x) for x in log_ratio]
        hits = sum(bool(outside(math.exp(x), clip)) for x in rows)
        part, mean = share(hits, len(rows)), over([kl(x) for x in rows])
        return part, mean, bool(stop(mean, kl_stop, rows, part, clip))

    return report


def _stops(rule):
    """Return the right report but for its last part."""
    return _watch(stop=lambda kl, kl_stop, rows, part, clip: rule(kl, kl_stop, rows, part, clip))


def _of_one_number(number):
    """Return k₃ of one number made of all rows."""

    def report(log_ratio, clip, kl_stop):
        x = number(log_ratio)
        return _watch()(log_ratio, clip, kl_stop)[0], _k3(x), _k3(x) > kl_stop

    return report


def _logarithms_as_ratios(log_ratio, clip, kl_stop):
    x = np.asarray(log_ratio, float)
    kl = np.mean(x - 1 - np.log(np.abs(x)))
    return np.mean(np.abs(x - 1) > clip), kl, bool(kl > kl_stop)


def _watch_cases():
    yield np.array([0.0]), EPS, 0.01
    yield np.log([1.22]), EPS, 0.01
    yield np.log([0.78]), EPS, 0.01
    yield np.log([0.82]), EPS, 0.02  # inside the band, and below 1/1.2
    yield np.log([1.1, 0.9, 1.5, 0.5]), EPS, 0.2
    yield np.log([1.21, 0.81, 1.19, 0.79, 1.0]), EPS, 0.02
    yield np.log([1.5, 1.6, 0.9]), EPS, 0.05  # the mean of log w is far above 0
    yield np.log([0.7, 0.6, 1.1]), EPS, 0.2  # and far below
    yield np.log([1.05, 0.97, 1.9, 1.02]), 0.1, 0.1
    yield np.log([0.4, 1.1, 2.6]), 0.5, 0.2
    yield np.log([3.0]), EPS, 0.75  # k₂ is below the limit
    yield np.log([0.3]), EPS, 0.6  # k₂ is above it
    yield np.log([2.0, 0.6]), 0.05, 0.1  # the KL is above ε, and above its limit
    yield np.log([2.0, 0.6]), 0.05, 0.5  # or not
    yield np.log([1.3, *[1.02] * 7]), 0.1, 0.2  # the share is above ε, and not above kl_stop
    yield np.log([1.3, *[1.02] * 7]), EPS, 0.05  # the other way round
    rng = np.random.default_rng(3)
    for spread, clip, kl_stop in ((0.05, 0.1, 0.001), (0.2, EPS, 0.015), (0.3, EPS, 0.06), (0.3, EPS, 0.03)):
        yield rng.normal(-(spread**2) / 2, spread, 40), clip, kl_stop


watch = Exercise(
    function="watch",
    cases=list(_watch_cases()),
    expected=_watch(),
    parts=("the share outside", "the mean of k₃", "whether to stop"),
    misconceptions=[
        ("you stop while the KL is below kl_stop", _stops(lambda kl, kl_stop, *rest: kl < kl_stop)),
        (
            "you stop at 1.5·kl_stop; here kl_stop is the limit itself",
            _stops(lambda kl, kl_stop, *rest: kl > 1.5 * kl_stop),
        ),
        (
            "you stop when the share outside passes kl_stop; it is the KL that counts",
            _stops(lambda kl, kl_stop, rows, part, clip: part > kl_stop),
        ),
        (
            "you stop when the share outside passes ε; it is the KL that counts, and its limit is kl_stop",
            _stops(lambda kl, kl_stop, rows, part, clip: part > clip),
        ),
        (
            "you compare the KL with ε; its limit is kl_stop",
            _stops(lambda kl, kl_stop, rows, part, clip: kl > clip),
        ),
        (
            "you stop as soon as one row's k₃ is above kl_stop; it is the mean that counts",
            _stops(lambda kl, kl_stop, rows, part, clip: max(map(_k3, rows)) > kl_stop),
        ),
        (
            "you stop only if every row's k₃ is above kl_stop; it is the mean that counts",
            _stops(lambda kl, kl_stop, rows, part, clip: min(map(_k3, rows)) > kl_stop),
        ),
        (
            "you stop by k₁, the mean of −log w; let the mean of k₃ decide",
            _stops(lambda kl, kl_stop, rows, part, clip: _mean(list(map(_k1, rows))) > kl_stop),
        ),
        (
            "you stop by k₂; let the mean of k₃ decide",
            _stops(lambda kl, kl_stop, rows, part, clip: _mean(list(map(_k2, rows))) > kl_stop),
        ),
        (
            "you stop by the sum of k₃; it is their mean that counts",
            _stops(lambda kl, kl_stop, rows, part, clip: kl * len(rows) > kl_stop),
        ),
        (
            "you stop whenever a ratio is outside the band; it is the KL that counts",
            _stops(lambda kl, kl_stop, rows, part, clip: part > 0),
        ),
        (
            "you return the KL a second time; asked is whether it is above kl_stop",
            lambda log_ratio, clip, kl_stop: (
                *_watch()(log_ratio, clip, kl_stop)[:2],
                _watch()(log_ratio, clip, kl_stop)[1],
            ),
        ),
        (
            "you return by how much the KL is above kl_stop; asked is whether",
            lambda log_ratio, clip, kl_stop: (
                *_watch()(log_ratio, clip, kl_stop)[:2],
                _watch()(log_ratio, clip, kl_stop)[1] - kl_stop,
            ),
        ),
        ("you always stop: stop only where the mean of k₃ is above kl_stop", _stops(lambda *given: True)),
        ("you never stop: stop where the mean of k₃ is above kl_stop", _stops(lambda *given: False)),
        ("your KL is k₁, the mean of −log w: it is noisy and can be negative", _watch(kl=_k1)),
        ("your KL is the mean of log w: its sign is wrong as well as its noise", _watch(kl=lambda x: x)),
        ("your KL is k₂, which is biased: k₃ = w − 1 − log w", _watch(kl=_k2)),
        (
            "your ratio inside the KL is upside down: w is new over old, and k₃ = w − 1 − log w",
            _watch(kl=lambda x: _k3(-x)),
        ),
        ("your k₃ lacks the −1", _watch(kl=lambda x: math.exp(x) - x)),
        ("your k₃ lacks −log w: it is w − 1 − log w", _watch(kl=lambda x: math.exp(x) - 1)),
        ("your k₃ has +1 for −1: it is w − 1 − log w", _watch(kl=lambda x: math.exp(x) + 1 - x)),
        ("your k₃ adds the logarithm: it is w − 1 − log w", _watch(kl=lambda x: math.exp(x) - 1 + x)),
        ("your k₃ has its sign turned round: it is w − 1 − log w, never negative", _watch(kl=lambda x: -_k3(x))),
        ("you halve k₃; the ½ belongs to k₂", _watch(kl=lambda x: _k3(x) / 2)),
        ("your k₂ lacks its ½, and k₃ is asked for", _watch(kl=lambda x: x * x)),
        (
            "you weigh each row by its ratio: the rows are the old policy's actions already",
            _watch(kl=lambda x: math.exp(x) * _k3(x)),
        ),
        (
            "your KL is the mean of w log w − w + 1, which estimates KL(new‖old); k₃ is w − 1 − log w",
            _watch(kl=lambda x: math.exp(x) * x - math.exp(x) + 1),
        ),
        (
            "your KL is the mean of w log w, which estimates KL(new‖old); k₃ is w − 1 − log w",
            _watch(kl=lambda x: math.exp(x) * x),
        ),
        (
            "your KL is the mean of (w − 1)²/2, that is χ²; k₃ is w − 1 − log w",
            _watch(kl=lambda x: math.expm1(x) ** 2 / 2),
        ),
        ("your KL is the mean of (w − 1)²; k₃ is w − 1 − log w", _watch(kl=lambda x: math.expm1(x) ** 2)),
        ("your KL is the mean of |log w|; k₃ is w − 1 − log w", _watch(kl=abs)),
        ("your KL is the mean of |w − 1|; k₃ is w − 1 − log w", _watch(kl=lambda x: abs(math.expm1(x)))),
        ("you sum k₃; it is a mean over the batch", _watch(over=sum)),
        ("you take the largest k₃; it is a mean over the batch", _watch(over=max)),
        ("you take the median of k₃; it is a mean over the batch", _watch(over=np.median)),
        ("you divide the sum of k₃ by n − 1; a mean divides by n", _watch(over=lambda ks: sum(ks) / (len(ks) - 1))),
        (
            "your KL is that of the mean logarithm: take k₃ of each row, then the mean",
            _of_one_number(np.mean),
        ),
        (
            "your KL is that of the mean ratio: take k₃ of each row, then the mean",
            _of_one_number(lambda x: math.log(np.mean(np.exp(x)))),
        ),
        (
            "you count only ratios above 1 + ε: those below 1 − ε are outside as well",
            _watch(outside=lambda w, clip: w > 1 + clip),
        ),
        (
            "you count only ratios below 1 − ε: those above 1 + ε are outside as well",
            _watch(outside=lambda w, clip: w < 1 - clip),
        ),
        (
            "you count |log w| > ε: the band is around the ratio, [1 − ε, 1 + ε]",
            _watch(outside=lambda w, clip: abs(math.log(w)) > clip),
        ),
        (
            "your lower edge is 1/(1 + ε); it is 1 − ε",
            _watch(outside=lambda w, clip: w > 1 + clip or w < 1 / (1 + clip)),
        ),
        (
            "the 1 is missing in your band: it is |w − 1| that is compared with ε",
            _watch(outside=lambda w, clip: w > clip),
        ),
        (
            "you count the ratios of old over new; the band is for new over old, exp of log_ratio",
            _watch(outside=lambda w, clip: abs(1 / w - 1) > clip),
        ),
        (
            "your band is always ±0.2; its half-width is the argument clip",
            _watch(outside=lambda w, clip: abs(w - 1) > EPS),
        ),
        (
            "your band is half as wide as it should be: from 1 − ε to 1 + ε",
            _watch(outside=lambda w, clip: abs(w - 1) > clip / 2),
        ),
        (
            "your share is 0 throughout; a ratio is outside above 1 + ε or below 1 − ε, and none is both",
            _watch(share=lambda hits, n: 0.0),
        ),
        (
            "you count the ratios inside the band",
            _watch(outside=lambda w, clip: 1 - clip <= w <= 1 + clip),
        ),
        (
            "two things at once: you count what is inside the band, and you return how many; the share outside is "
            "asked for",
            _watch(outside=lambda w, clip: 1 - clip <= w <= 1 + clip, share=lambda hits, n: hits),
        ),
        ("you return how many rows are outside; return their share", _watch(share=lambda hits, n: hits)),
        (
            "you return how many rows are above 1 + ε; return the share of all that are outside",
            _watch(outside=lambda w, clip: w > 1 + clip, share=lambda hits, n: hits),
        ),
        ("your share is in per cent; return it between 0 and 1", _watch(share=lambda hits, n: 100 * hits / n)),
        ("you divide without a remainder (//): the share is a fraction", _watch(share=lambda hits, n: hits // n)),
        ("you return whether any row is outside; return their share", _watch(share=lambda hits, n: hits > 0)),
        (
            "two things at once: your share is of old over new, and so is the ratio inside the KL; w is new over old, "
            "exp of log_ratio",
            _watch(outside=lambda w, clip: abs(1 / w - 1) > clip, kl=lambda x: _k3(-x)),
        ),
        (
            "you take the logarithms for the ratios themselves: w is exp of log_ratio",
            _logarithms_as_ratios,
        ),
        (
            "two things at once: your KL is the mean of log w, and you stop where it is below −kl_stop; k₃ is "
            "w − 1 − log w",
            _watch(kl=lambda x: x, stop=lambda kl, kl_stop, *rest: -kl > kl_stop),
        ),
    ],
)

EXERCISES = {
    "12.1": clipped_surrogate,
    "12.2": push,
    "12.3": clipped_update,
    "12.4": adapted_beta,
    "12.5": watch,
}
