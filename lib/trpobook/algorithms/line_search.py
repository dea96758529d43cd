"""Backtracking along a direction until the surrogate has gained and the divergence is within its radius."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from trpobook.finite.checks import (
    require_number,
    require_positive,
    require_same_shape,
    require_unit_interval,
    require_whole,
)
from trpobook.finite.tabular_trpo import MIN_RATIO, MOST_BACKTRACKS, SHRINK


class Accepted(NamedTuple):
    """What `line_search` returns; on failure theta is the old one, gain and kl are 0 and accepted is False."""

    theta: Tensor
    gain: float
    kl: float
    backtracks: int
    accepted: bool


def line_search(
    surrogate: Callable[[Tensor], float],
    kl: Callable[[Tensor], float],
    theta: Tensor,
    step: Tensor,
    *,
    delta: float,
    predicted: float,
    shrink: float = SHRINK,
    max_backtracks: int = MOST_BACKTRACKS,
    min_ratio: float = MIN_RATIO,
) -> Accepted:
    """Return the first θ + c·step, c = 1, shrink, shrink², …, that keeps the promise; else θ itself.

    A candidate is accepted when
        kl(θ + c·step) ≤ delta   and   surrogate(θ + c·step) − surrogate(θ) ≥ min_ratio · c·predicted > 0.
    A NaN on either side fails both comparisons, so it is never accepted; nor is an infinite gain.

    The full step mostly lands a few per cent outside the region, since the quadratic model of the KL leaves out its
    third order. Hence the fine factor 0.9: halving would spend a quarter of δ where nine tenths of it are to be had.

    Unlike Schulman et al. 2015, who ask only for an improvement, we ask for a tenth of the predicted one: a gain
    within rounding error is no evidence.

    Args:
        surrogate, kl: functions of the parameters (p,).
        theta: the old parameters, never written to.
        step: the full step, (p,).
        delta: radius of the trust region, > 0.
        predicted: gain of the linear model at the full step, gᵀstep.
        shrink: factor from one candidate to the next, in (0, 1).
        max_backtracks: shrinkings at most, ≥ 0.
        min_ratio: share of the predicted gain that is asked for, ≥ 0.
    Raises: ValueError when one of these is out of range, or step has another shape than theta.
    Lesson 09; Schulman et al. 2015, appendix C.
    """
    require_same_shape(theta=theta, step=step)
    delta, min_ratio = require_positive("delta", delta), require_number("min_ratio", min_ratio, 0)
    if require_unit_interval("shrink", shrink) in (0, 1):
        raise ValueError(f"shrink is {shrink}; it must lie between 0 and 1")
    before = surrogate(theta)
    for backtracks in range(require_whole("max_backtracks", max_backtracks) + 1):
        fraction = shrink**backtracks
        candidate = theta + fraction * step
        divergence = kl(candidate)
        if not divergence <= delta:
            continue
        gain = surrogate(candidate) - before
        if math.inf > gain >= min_ratio * fraction * predicted > 0:
            return Accepted(candidate, gain, divergence, backtracks, True)
    return Accepted(theta, 0.0, 0.0, max_backtracks, False)
