"""How far one distribution is from another: KL divergence, total variation, χ², and what ties them together.

Discrete distributions are arrays whose last axis runs over the outcomes; the leading axes broadcast. Everything is in
nats. The old distribution, or the true one, comes first: KL(p‖q) = kl_categorical(p, q). All functions raise ValueError
for an argument that is no distribution, or for two whose outcomes or leading axes don't fit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trpobook.finite.checks import (
    TOLERANCE,
    require_aligned,
    require_axes,
    require_dynamics,
    require_in_range,
    require_numbers,
    require_probabilities,
    require_whole,
)

NARROWEST = 1e-200  # a standard deviation whose quotients with the largest one are still floats


def entropy(p: ArrayLike) -> np.ndarray:
    """Return H(p) = −Σ p log p, with 0·log 0 = 0, shape (…). Lesson 01."""
    p = require_probabilities("p", p)
    return 0.0 - _sum_of_p_log(p, p)


def cross_entropy(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Return H(p, q) = −Σ p log q, infinite where q is 0 and p is not, shape (…). Lesson 01."""
    return 0.0 - _sum_of_p_log(*_distributions(p=p, q=q))


def kl_categorical(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Return KL(p‖q) = Σ p log(p/q) ∈ [0, ∞], shape (…).

    0·log(0/q) = 0; the result is infinite where p > 0 and q = 0: no small constant is added to hide it.

    Args: p, q: distributions, (…, outcomes).
    Raises: ValueError when an argument is no distribution, or the two run over different outcomes.
    Lesson 01; Kullback & Leibler 1951.
    """
    p, q = np.broadcast_arrays(*_distributions(p=p, q=q))
    return np.sum(p * (_log_where(p > 0, p) - _log_where(p > 0, q)), axis=-1)


def kl_gaussian(mean_p: ArrayLike, std_p: ArrayLike, mean_q: ArrayLike, std_q: ArrayLike) -> np.ndarray:
    """Return KL(N(μ_p, σ_p²)‖N(μ_q, σ_q²)) = log(σ_q/σ_p) + (σ_p² + (μ_p − μ_q)²)/(2σ_q²) − ½, shape (…).

    Infinite where it is beyond the largest float.

    Raises: ValueError when a number is not finite, a standard deviation not within [1e-200, 1e100], or the shapes
        don't broadcast.
    Lesson 01.
    """
    mean_p, mean_q = require_numbers("mean_p", mean_p), require_numbers("mean_q", mean_q)
    std_p, std_q = require_numbers("std_p", std_p, least=NARROWEST), require_numbers("std_q", std_q, least=NARROWEST)
    require_aligned(mean_p=mean_p, std_p=std_p, mean_q=mean_q, std_q=std_q)
    unit = -np.frexp(std_q)[1]  # a power of two near σ_q: divided by it, which is exact, no square of σ_q underflows
    with np.errstate(over="ignore"):
        std_p, std_q, shift = np.ldexp(std_p, unit), np.ldexp(std_q, unit), np.ldexp(mean_p - mean_q, unit)
        return np.log(std_q / std_p) + (std_p**2 + shift**2) / (2 * std_q**2) - 0.5


def kl_multivariate_gaussian(mean_p: ArrayLike, cov_p: ArrayLike, mean_q: ArrayLike, cov_q: ArrayLike) -> float:
    """Return KL(N(μ_p, Σ_p)‖N(μ_q, Σ_q)) = ½[log|Σ_q|/|Σ_p| − d + tr(Σ_q⁻¹Σ_p) + (μ_q − μ_p)ᵀΣ_q⁻¹(μ_q − μ_p)].

    Args: means (d,), covariances (d, d).
    Raises: ValueError when the dimensions differ, a number is not finite, or a covariance not symmetric and positive
        definite; FloatingPointError when the divergence is beyond the largest float.
    Lesson 01.
    """
    mean_p = require_axes("mean_p", require_numbers("mean_p", mean_p), "dimension")
    size = mean_p.shape
    mean_q = require_numbers("mean_q", mean_q, size)
    factor_p, factor_q = _cholesky("cov_p", cov_p, size * 2), _cholesky("cov_q", cov_q, size * 2)
    log_determinants = 2 * np.sum(np.log(np.diag(factor_q)) - np.log(np.diag(factor_p)))
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.sum(np.linalg.solve(factor_q, factor_p) ** 2)
        shift = np.sum(np.linalg.solve(factor_q, mean_q - mean_p) ** 2)
    return float(
        require_in_range("KL", 0.5 * (log_determinants - len(mean_p) + spread + shift), ("the means", "cov_p", "cov_q"))
    )


def total_variation(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Return TV(p, q) = ½ Σ|p − q| ∈ [0, 1], the largest difference in the probability of any event. Lesson 01."""
    p, q = _distributions(p=p, q=q)
    return 0.5 * np.sum(np.abs(p - q), axis=-1)


def chi_squared(new: ArrayLike, old: ArrayLike) -> np.ndarray:
    """Return χ²(new‖old) = Σ new²/old − 1, the variance of the ratio new/old under old; infinite off its support.

    The one function here whose first argument is the new distribution: that is how χ² is written.
    Lesson 01.
    """
    new, old = np.broadcast_arrays(*_distributions(new=new, old=old))
    squares = np.where((new > 0) & (old == 0), np.inf, 0.0)
    with np.errstate(over="ignore"):
        np.divide(new**2, old, out=squares, where=old > 0)
    return np.sum(squares, axis=-1) - 1


def kl_estimators(log_p: ArrayLike, log_q: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (k1, k2, k3), three estimates of KL(p‖q) from one sample x ~ p each, elementwise.

    With w = q(x)/p(x): k1 = −log w, k2 = ½(log w)², k3 = w − 1 − log w. k1 and k3 are unbiased (k3 where p > 0
    wherever q is), k2 is not; k2 and k3 are never negative. Where q is 0, k1, k2 and k3 are infinite; k3 also where w
    is beyond the largest float.

    Args: log_p, log_q: log-probabilities of the samples under the distribution they came from, and the other one.
    Raises: ValueError when the shapes don't fit, log_p is not finite, or log_q is NaN or +∞.
    Lesson 01; Schulman 2020, "Approximating KL divergence".
    """
    log_p, log_q = require_numbers("log_p", log_p), require_numbers("log_q", log_q, least=-np.inf)
    require_aligned(log_p=log_p, log_q=log_q)
    log_ratio = log_q - log_p
    with np.errstate(over="ignore"):
        return -log_ratio, 0.5 * log_ratio**2, np.expm1(log_ratio) - log_ratio


def pinsker_bound(kl: ArrayLike) -> np.ndarray:
    """Return √(kl/2), at least the total variation; says nothing above kl = 2. Lesson 01; Pinsker 1964.

    Raises: ValueError when kl is NaN or negative by more than rounding errors.
    """
    return np.sqrt(np.maximum(_kl("kl", kl), 0) / 2)


def bretagnolle_huber_bound(kl: ArrayLike) -> np.ndarray:
    """Return √(1 − e^{−kl}), at least the total variation, and below 1 for every finite kl. Lesson 01.

    Raises: as `pinsker_bound`.
    """
    return np.sqrt(-np.expm1(-np.maximum(_kl("kl", kl), 0)))


def trajectory_kl(transition: ArrayLike, pi_old: ArrayLike, pi_new: ArrayLike, start: ArrayLike, steps: int) -> float:
    """Return the KL divergence between the laws of a trajectory of `steps` actions under two policies.

    The dynamics cancel (chain rule): E_old Σ_{t<T} KL(π_old(·|s_t)‖π_new(·|s_t)), undiscounted, states visited by old.

    Args:
        transition: P(s'|s, a), (S, A, S).
        pi_old, pi_new: policies, (S, A).
        start: distribution of s_0, (S,).
        steps: at least 0.
    Raises: ValueError when an argument is no distribution, or the shapes don't fit.
    Lesson 01.
    """
    transition, visited, pi_old, pi_new = require_dynamics(transition, start, pi_old=pi_old, pi_new=pi_new)
    per_state, total = kl_categorical(pi_old, pi_new), 0.0
    move = np.einsum("sa,sat->st", pi_old, transition)
    for _ in range(require_whole("steps", steps)):
        reached = visited > 0  # elsewhere the KL may be infinite, at no cost
        total += float(visited[reached] @ per_state[reached])
        visited = visited @ move
    return total


def _sum_of_p_log(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return Σ p log q with 0·log q = 0."""
    p, q = np.broadcast_arrays(p, q)
    return np.sum(p * _log_where(p > 0, q), axis=-1)


def _log_where(mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return log x, −inf at 0, where the mask holds, and 0 elsewhere."""
    with np.errstate(divide="ignore"):
        return np.log(x, out=np.zeros_like(x), where=mask)


def _distributions(**named: ArrayLike) -> list[np.ndarray]:
    """Return two distributions over the same outcomes."""
    arrays = {name: require_probabilities(name, p) for name, p in named.items()}
    require_aligned(**arrays)
    return list(arrays.values())


def _kl(name: str, kl: ArrayLike) -> np.ndarray:
    return require_numbers(name, kl, least=-TOLERANCE, most=np.inf)


def _cholesky(name: str, covariance: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    covariance = require_numbers(name, covariance, shape)
    if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=0):
        raise ValueError(f"{name} isn't symmetric; a covariance must be")
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise ValueError(f"{name} isn't positive definite; a covariance must be") from None
