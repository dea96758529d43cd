"""Exercises of lesson 12, PPO: the clipped surrogate, its push, the penalty's weight, and the watch over the KL.

The expected answers are loops with a case for each quadrant, apart from the library.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from trpobook.exercises.checks import Exercise

EPS = 0.2
# both signs of A, both sides of the band and its inside, nothing on an edge
QUADRANTS = [(w, a) for w in (0.5, 0.9, 1.0, 1.1, 2.0) for a in (1.0, -1.0, 2.5, -0.4)]


def _elementwise(function):
    """Lift a function of one ratio, one advantage and ε to arrays, by a loop."""

    def lifted(ratio, advantages, clip):
        return np.array([function(float(w), float(a), clip) for w, a in zip(ratio, advantages, strict=True)])

    return lifted


def _ratio_cases():
    yield np.array([1.1]), np.array([2.0]), EPS
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
    w = torch.from_numpy(np.array(ratio)).requires_grad_()
    value = answer(w, torch.from_numpy(np.array(advantages)), clip)
    if not isinstance(value, torch.Tensor):
        return value if value is ... else (value, value)
    slope = torch.zeros_like(w)
    if value.requires_grad:
        slope = torch.autograd.grad(value.sum(), w)[0]
    return value.detach().numpy(), slope.numpy()


def _mean_value(ratio, advantages, clip):
    value, slope = _with_slope(_value)(ratio, advantages, clip)
    return value.mean(), slope / len(slope)


def _detached(ratio, advantages, clip):
    value, slope = _with_slope(_value)(ratio, advantages, clip)
    return value, 0 * slope


clipped_surrogate = Exercise(
    function="clipped_surrogate",
    cases=list(_ratio_cases()),
    expected=_with_slope(_value),
    apply=_apply_surrogate,
    tolerance=1e-7,
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
        ("you return the mean: return one number for each row, ppo_update averages", _mean_value),
        (
            "the values are right, but no gradient reaches the ratio: work on the tensor itself, without detach, item "
            "or NumPy",
            _detached,
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
    ],
)

# 12.3, the weight of the penalty


def _beta(above=1.5, below=1.5, up=2.0, down=0.5):
    def rule(beta, kl, kl_target):
        if kl > above * kl_target:
            return beta * up
        if kl < kl_target / below:
            return beta * down
        return beta

    return rule


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
    ],
)

# 12.4, the watch over an epoch


def _watch(
    outside=lambda w, clip: w > 1 + clip or w < 1 - clip,
    kl=lambda x: math.exp(x) - 1 - x,
    stop=lambda kl, kl_stop: kl > kl_stop,
    share=lambda hits, n: hits / n,
):
    def report(log_ratio, clip, kl_stop):
        rows = [float(x) for x in log_ratio]
        hits = sum(outside(math.exp(x), clip) for x in rows)
        mean = sum(kl(x) for x in rows) / len(rows)
        return share(hits, len(rows)), mean, float(stop(mean, kl_stop))

    return report


def _apply_watch(answer, *args):
    """Call the answer; its verdict, True or False, counts as 1 or 0."""
    result = answer(*args)
    if isinstance(result, tuple) and len(result) == 3 and isinstance(result[2], (bool, np.bool_)):
        result = (*result[:2], float(result[2]))
    return result


def _watch_cases():
    yield np.array([0.0]), EPS, 0.01
    yield np.log([1.25]), EPS, 0.01
    yield np.log([0.78]), EPS, 0.01
    yield np.log([1.1, 0.9, 1.5, 0.5]), EPS, 0.2
    yield np.log([1.21, 0.81, 1.19, 0.79, 1.0]), EPS, 0.02
    rng = np.random.default_rng(3)
    for spread, clip, kl_stop in ((0.05, 0.1, 0.01), (0.2, EPS, 0.015), (0.3, EPS, 0.03)):
        yield rng.normal(-(spread**2) / 2, spread, 40), clip, kl_stop


watch = Exercise(
    function="watch",
    cases=list(_watch_cases()),
    expected=_watch(),
    apply=_apply_watch,
    misconceptions=[
        ("your KL is k₁, the mean of −log w: it is noisy and can be negative", _watch(kl=lambda x: -x)),
        ("your KL is the mean of log w: its sign is wrong as well as its noise", _watch(kl=lambda x: x)),
        ("your KL is k₂, which is biased: k₃ = w − 1 − log w", _watch(kl=lambda x: x * x / 2)),
        (
            "your ratio inside the KL is upside down: w is new over old, and k₃ = w − 1 − log w",
            _watch(kl=lambda x: math.exp(-x) - 1 + x),
        ),
        ("your k₃ lacks the −1", _watch(kl=lambda x: math.exp(x) - x)),
        (
            "you count only ratios above 1 + ε: those below 1 − ε are outside as well",
            _watch(outside=lambda w, clip: w > 1 + clip),
        ),
        (
            "you count |log w| > ε: the band is around the ratio, [1 − ε, 1 + ε]",
            _watch(outside=lambda w, clip: abs(math.log(w)) > clip),
        ),
        (
            "you count the ratios inside the band",
            _watch(outside=lambda w, clip: 1 - clip <= w <= 1 + clip),
        ),
        ("you return how many rows are outside; return their share", _watch(share=lambda hits, n: hits)),
        ("you stop while the KL is below kl_stop", _watch(stop=lambda kl, kl_stop: kl < kl_stop)),
        (
            "you stop at 1.5·kl_stop; here kl_stop is the limit itself",
            _watch(stop=lambda kl, kl_stop: kl > 1.5 * kl_stop),
        ),
        (
            "you stop when the share outside passes kl_stop; it is the KL that counts",
            lambda log_ratio, clip, kl_stop: (
                *_watch()(log_ratio, clip, kl_stop)[:2],
                float(_watch()(log_ratio, clip, kl_stop)[0] > kl_stop),
            ),
        ),
    ],
)

EXERCISES = {"12.1": clipped_surrogate, "12.2": push, "12.3": adapted_beta, "12.4": watch}
