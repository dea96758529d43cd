"""Importance sampling: what samples from the old policy say about a new one, and how many of them are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trpobook.finite.checks import (
    require_aligned,
    require_dynamics,
    require_in_range,
    require_numbers,
    require_weights,
    require_whole,
)


def ratios(log_old: ArrayLike, log_new: ArrayLike) -> np.ndarray:
    """Return w = π_new/π_old for samples of the old policy, from their log-probabilities, elementwise.

    E_old[w f] = E_new[f] where the old policy can take every action that the new one takes. Probabilities too small
    for a float do no harm, only their quotient counts. The ratio of an episode is that of the sums of its steps' logs.
    Infinite where it is beyond the largest float, e^709.

    Raises: ValueError when log_old isn't finite, log_new is NaN or +∞, or the shapes don't fit.
    Lesson 04.
    """
    log_old, log_new = require_numbers("log_old", log_old), require_numbers("log_new", log_new, least=-np.inf)
    require_aligned(log_old=log_old, log_new=log_new)
    with np.errstate(over="ignore"):
        return np.exp(log_new - log_old)


def effective_sample_size(weights: ArrayLike) -> np.ndarray:
    """Return (Σw)²/Σw², between 1 and the number of weights n, shape (…); the scale of the weights doesn't matter.

    n/(1 + the squared coefficient of variation): with many samples n/(1 + χ²(new‖old)). It can't see what was never
    sampled: trust it only where the mean weight is near 1.

    Args: weights: at least 0, (…, n).
    Raises: ValueError when a weight is negative or not finite, or all are 0.
    Lesson 04; Kong 1992.
    """
    weights = require_weights("weights", weights)
    shares = weights / weights.max(axis=-1, keepdims=True)
    return shares.sum(axis=-1) ** 2 / np.sum(shares**2, axis=-1)


def plain_mean(weights: ArrayLike, values: ArrayLike) -> np.ndarray:
    """Return (1/n) Σ w f, unbiased for E_new[f], shape (…). Its noise grows with a constant added to f.

    Raises: ValueError as in `effective_sample_size`, or when values isn't finite or doesn't fit; FloatingPointError
        when the mean is beyond the largest float.
    Lesson 04.
    """
    weights, values = _weights_and_values(weights, values)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.mean(weights * values, axis=-1)
    return require_in_range("the mean", mean, ("weights", "values"))


def self_normalised_mean(weights: ArrayLike, values: ArrayLike) -> np.ndarray:
    """Return Σ w f / Σ w, shape (…): biased by about −E_old[w²(f − E_new f)]/n, but never outside the range of f.

    A constant added to f is only added to the result; weights are needed up to a common factor only.

    Raises: ValueError as in `effective_sample_size`, or when values isn't finite or doesn't fit.
    Lesson 04; in lesson 11 it is the vine estimator, Schulman et al. 2015, equation 16.
    """
    weights, values = _weights_and_values(weights, values)
    weights = np.ldexp(weights, -np.frexp(weights.max(axis=-1, keepdims=True))[1])  # exact; now their sum is a float
    shares = weights / weights.sum(axis=-1, keepdims=True)
    return np.sum(shares * values, axis=-1)


def trajectory_chi_squared(
    transition: ArrayLike, old: ArrayLike, new: ArrayLike, start: ArrayLike, steps: int
) -> np.ndarray:
    """Return χ²(new‖old) between the laws of trajectories of 0, 1, …, `steps` actions, (steps + 1,).

    The variance of the product of the ratios along a trajectory of the old policy. The dynamics cancel:
    1 + χ² = μᵀMᵗ1 with M(s, s') = Σ_a π_new(a|s)²/π_old(a|s) P(s'|s, a); where all states are alike, (1 + χ²)ᵗ.

    Args:
        transition: P(s'|s, a), (S, A, S).
        old, new: policies, (S, A).
        start: distribution of s_0, (S,).
    Raises: ValueError when the new policy takes an action that the old one never takes, an argument is no distribution,
        or the shapes don't fit; FloatingPointError when χ² is beyond the largest float.
    Lesson 04.
    """
    transition, start, old, new = require_dynamics(transition, start, old=old, new=new)
    if np.any((new > 0) & (old == 0)):
        raise ValueError("old is 0 where new is not: no weight makes up for what is never sampled; give old some there")
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.divide(new**2, old, out=np.zeros_like(new), where=new > 0)
        move = np.einsum("sa,sat->st", squares, transition)
        carried = [start]
        for _ in range(require_whole("steps", steps)):
            carried.append(carried[-1] @ move)
        chi_squared = np.sum(carried, axis=-1) - 1
    if not np.all(np.isfinite(chi_squared)):
        raise FloatingPointError(f"after {steps} steps χ² is beyond the largest float; ask for fewer steps")
    return chi_squared


def _weights_and_values(weights: ArrayLike, values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    weights, values = require_weights("weights", weights), require_numbers("values", values)
    require_aligned(weights=weights, values=values)
    return weights, values
