"""How sure a mean over a few training runs is: the bootstrap, with every resample counted instead of some drawn."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from trpobook.finite.checks import require_number, require_numbers

MOST_VALUES = 10  # 92 378 different resamples


def bootstrap_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Return (low, high), the percentile bootstrap interval for the mean of `values`.

    A resample is n draws from the n values, with replacement; all nⁿ are equally likely, and those with the same
    values in another order have the same mean. The ends are the (1 − level)/2 and (1 + level)/2 quantiles of the
    means: the smallest that at least this share of the resamples doesn't exceed.

    Args:
        values: (n,), 1 ≤ n ≤ MOST_VALUES, one number a run.
        level: between 0 and 1.
    Raises: ValueError for too few or too many values, one that isn't finite, or another level.
    Lesson 10; Efron 1979.
    """
    values, level = require_numbers("values", values), require_number("level", level, 0, 1)
    if values.ndim != 1 or not 1 <= len(values) <= MOST_VALUES:
        raise ValueError(f"values has shape {values.shape}; it must be a vector of 1 to {MOST_VALUES} numbers")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    counts, shares = _resamples(len(values))
    means = counts @ values / len(values)
    order = np.argsort(means)
    reached = np.cumsum(shares[order])
    ends = np.searchsorted(reached, [(1 - level) / 2, (1 + level) / 2])
    low, high = means[order[ends]]
    return float(low), float(high)


def interquartile_mean(values: ArrayLike) -> float:
    """Return the mean of the middle half of `values` (n,): a quarter of them is left out at either end.

    Where n is no multiple of four, the values at the edge of the half count in part. One run that fails moves it less
    than the mean, and it uses more of the runs than the median.

    Raises: ValueError for no values, or one that isn't finite.
    Lesson 10; Agarwal et al. 2021.
    """
    values = require_numbers("values", values)
    if values.ndim != 1:
        raise ValueError(f"values has shape {values.shape}; it must be a vector of at least one number")
    values = np.sort(values)
    places, cut = np.arange(len(values)), len(values) / 4
    weights = np.clip(np.minimum(places + 1, len(values) - cut) - np.maximum(places, cut), 0, 1)
    return float(weights @ values / weights.sum())


@cache
def _resamples(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each of n values is drawn in each resample, (k, n), and the resamples' probabilities, (k,)."""
    drawn = list(itertools.combinations_with_replacement(range(n), n))
    counts = np.array([np.bincount(resample, minlength=n) for resample in drawn])
    orders = [math.factorial(n) / math.prod(map(math.factorial, row)) for row in counts.tolist()]
    return counts, np.array(orders) / n**n
