"""How far one distribution is from another: KL divergence, total variation, χ², and what ties them together.

Discrete distributions are arrays whose last axis runs over the outcomes; the leading axes broadcast. Everything is in
nats. The old distribution, or the true one, comes first: KL(p‖q) = kl_categorical(p, q).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def entropy(p: ArrayLike) -> np.ndarray:
    """Return H(p) = −Σ p log p, with 0·log 0 = 0, shape (…). Lesson 01."""
    p = _distribution("p", p)
    return 0.0 - _sum_of_p_log(p, p)


def cross_entropy(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Return H(p, q) = −Σ p log q, infinite where q is 0 and p is not, shape (…). Lesson 01."""
    return 0.0 - _sum_of_p_log(_distribution("p", p), _distribution("q", q))


def kl_categorical(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Return KL(p‖q) = Σ p log(p/q) ∈ [0, ∞], shape (…).

    0·log(0/q) = 0; the result is infinite where p > 0 and q = 0: no small constant is added to hide it.

    Args: p, q: distributions, (…, outcomes).
    Raises: ValueError when an argument is no distribution.
    Lesson 01; Kullback & Leibler 1951.
    """
    p, q = np.broadcast_arrays(_distribution("p", p), _distribution("q", q))
    return np.sum(p * (_log_where(p > 0, p) - _log_where(p > 0, q)), axis=-1)


def kl_gaussian(mean_p: ArrayLike, std_p: ArrayLike, mean_q: ArrayLike, std_q: ArrayLike) -> np.ndarray:
    """Return KL(N(μ_p, σ_p²)‖N(μ_q, σ_q²)) = log(σ_q/σ_p) + (σ_p² + (μ_p − μ_q)²)/(2σ_q²) − ½, shape (…).

    Raises: ValueError when a standard deviation is not positive.
    Lesson 01.
    """
    mean_p, std_p, mean_q, std_q = (np.asarray(x, float) for x in (mean_p, std_p, mean_q, std_q))
    for name, std in (("std_p", std_p), ("std_q", std_q)):
        if not np.all(std > 0):
            raise ValueError(f"{name} is {std}; a standard deviation must be positive")
    return np.log(std_q / std_p) + (std_p**2 + (mean_p - mean_q) ** 2) / (2 * std_q**2) - 0.5


def kl_multivariate_gaussian(mean_p: ArrayLike, cov_p: ArrayLike, mean_q: ArrayLike, cov_q: ArrayLike) -> float:
    """Return KL(N(μ_p, Σ_p)‖N(μ_q, Σ_q)) = ½[log|Σ_q|/|Σ_p| − d + tr(Σ_q⁻¹Σ_p) + (μ_q − μ_p)ᵀΣ_q⁻¹(μ_q − μ_p)].

    Args: means (d,), covariances (d, d).
    Raises: numpy.linalg.LinAlgError when a covariance is not positive definite.
    Lesson 01.
    """
    mean_p, cov_p, mean_q, cov_q = (np.asarray(x, float) for x in (mean_p, cov_p, mean_q, cov_q))
    factor_p, factor_q = np.linalg.cholesky(cov_p), np.linalg.cholesky(cov_q)
    log_determinants = 2 * np.sum(np.log(np.diag(factor_q)) - np.log(np.diag(factor_p)))
    spread = np.sum(np.linalg.solve(factor_q, factor_p) ** 2)
    shift = np.sum(np.linalg.solve(factor_q, mean_q - mean_p) ** 2)
    return float(0.5 * (log_determinants - len(mean_p) + spread + shift))


def total_variation(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Return TV(p, q) = ½ Σ|p − q| ∈ [0, 1], the largest difference in the probability of any event. Lesson 01."""
    return 0.5 * np.sum(np.abs(_distribution("p", p) - _distribution("q", q)), axis=-1)


def chi_squared(new: ArrayLike, old: ArrayLike) -> np.ndarray:
    """Return χ²(new‖old) = Σ new²/old − 1, the variance of the ratio new/old under old; infinite off its support.

    The one function here whose first argument is the new distribution: that is how χ² is written.
    Lesson 01.
    """
    new, old = np.broadcast_arrays(_distribution("new", new), _distribution("old", old))
    squares = np.zeros_like(new)
    with np.errstate(divide="ignore", over="ignore"):
        np.divide(new**2, old, out=squares, where=new > 0)
    return np.sum(squares, axis=-1) - 1


def kl_estimators(log_p: ArrayLike, log_q: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (k1, k2, k3), three estimates of KL(p‖q) from one sample x ~ p each, elementwise.

    With r = q(x)/p(x): k1 = −log r, k2 = ½(log r)², k3 = r − 1 − log r. k1 and k3 are unbiased (k3 where p > 0
    wherever q is), k2 is not; k2 and k3 are never negative.

    Args: log_p, log_q: log-probabilities of the samples under the distribution they came from, and the other one.
    Lesson 01; Schulman 2020, "Approximating KL divergence".
    """
    log_ratio = np.asarray(log_q, float) - np.asarray(log_p, float)
    return -log_ratio, 0.5 * log_ratio**2, np.expm1(log_ratio) - log_ratio


def pinsker_bound(kl: ArrayLike) -> np.ndarray:
    """Return √(kl/2), at least the total variation; says nothing above kl = 2. Lesson 01; Pinsker 1964."""
    return np.sqrt(np.maximum(kl, 0) / 2)


def bretagnolle_huber_bound(kl: ArrayLike) -> np.ndarray:
    """Return √(1 − e^{−kl}), at least the total variation, and below 1 for every finite kl. Lesson 01."""
    return np.sqrt(-np.expm1(-np.maximum(kl, 0)))


def trajectory_kl(transition: ArrayLike, pi_old: ArrayLike, pi_new: ArrayLike, start: ArrayLike, steps: int) -> float:
    """Return the KL divergence between the laws of a trajectory of `steps` actions under two policies.

    The dynamics cancel (chain rule): E_old Σ_{t<T} KL(π_old(·|s_t)‖π_new(·|s_t)), undiscounted, states visited by old.

    Args:
        transition: P(s'|s, a), (S, A, S).
        pi_old, pi_new: policies, (S, A).
        start: distribution of s_0, (S,).
    Lesson 01.
    """
    per_state = kl_categorical(pi_old, pi_new)
    move = np.einsum("sa,sat->st", np.asarray(pi_old, float), np.asarray(transition, float))
    visited, total = _distribution("start", start), 0.0
    for _ in range(steps):
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


def _distribution(name: str, p: ArrayLike) -> np.ndarray:
    p = np.asarray(p, float)
    if np.any(p < 0) or not np.all(np.abs(p.sum(axis=-1) - 1) <= 1e-5):
        raise ValueError(f"{name} is no distribution: its entries must be at least 0 and sum to 1 along the last axis")
    return p
