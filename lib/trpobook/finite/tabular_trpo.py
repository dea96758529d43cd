"""TRPO where everything is exact: its parts for gradients and Fisher matrices written out, and for tables of logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trpobook.finite.divergences import kl_categorical
from trpobook.finite.mdp import TabularMDP, log_softmax, softmax


def full_step(
    s: np.ndarray, g: np.ndarray, product: Callable[[np.ndarray], np.ndarray], damping: float, delta: float
) -> tuple[np.ndarray, float]:
    """Return the step b·s with ½(bs)ᵀF(bs) = δ, and what the linear model promises for it, gᵀ(bs).

    Args:
        s: a direction with sᵀFs > 0, (p,).
        g: the gradient, (p,).
        product: v -> (F + damping·I) v; the damping is taken off again, it shapes the direction only.
        delta: δ, nats.
    Lesson 09; Schulman et al. 2015, appendix C.
    """
    step = s * np.sqrt(2 * delta / (s @ product(s) - damping * (s @ s)))
    return step, g @ step


def backtrack(mdp: TabularMDP, theta: np.ndarray, step: np.ndarray, estimate: np.ndarray, delta: float) -> np.ndarray:
    """Return the first θ + c·step, c = 1, 0.9, …, 0.9³⁰, with mean KL ≤ δ and L ≥ 0.1·c·(promise) > 0; else θ.

    Args:
        theta, step: logits, (S, A).
        estimate: of the advantage, with mean 0 under the policy in each state, so that L(θ) = 0, (S, A).
        delta: δ, nats.
    Lesson 09.
    """
    old = softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for c in 0.9 ** np.arange(31):
        new = theta + c * step
        kl = rho @ np.sum(old * (log_softmax(theta) - log_softmax(new)), axis=1) / rho.sum()
        if kl <= delta and rho @ np.sum(softmax(new) * estimate, axis=1) >= 0.1 * c * promise > 0:
            return new
    return theta


def penalty_for(delta: float, g: np.ndarray, fisher: np.ndarray) -> float:
    """Return β = √(gᵀF⁺g/2δ): the maximum of gᵀΔ − β·½ΔᵀFΔ has ½ΔᵀFΔ = δ. Lesson 09."""
    return np.sqrt(g @ np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ g / (2 * delta))


def max_and_mean_kl(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """Return the largest KL(old‖new) of a live state, and its mean over d = ρ/Σρ of the old policy, nats. Lesson 09."""
    rows = np.where(mdp.absorbing, 0.0, kl_categorical(old, new))
    rho = mdp.visitation(old)
    visited = rho > 0  # elsewhere the KL may be infinite, at no cost
    return rows.max(), rho[visited] @ rows[visited] / rho.sum()
