"""TRPO where everything is exact: its parts for gradients and Fisher matrices written out, and for tables of logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trpobook.finite.checks import require_axes, require_in_range, require_number, require_numbers, require_positive
from trpobook.finite.divergences import kl_categorical
from trpobook.finite.geometry import pseudo_inverse
from trpobook.finite.mdp import TabularMDP, log_softmax, softmax

# The rule of every line search in this book: shrink the step by SHRINK, MOST_BACKTRACKS times at most, until the gain
# is at least MIN_RATIO of what the linear model predicts for it.
SHRINK = 0.9
MOST_BACKTRACKS = 30
MIN_RATIO = 0.1


def full_step(
    s: np.ndarray, g: np.ndarray, product: Callable[[np.ndarray], np.ndarray], damping: float, delta: float
) -> tuple[np.ndarray, float]:
    """Return the step b·s with ½(bs)ᵀF(bs) = δ, and what the linear model promises for it, gᵀ(bs).

    Args:
        s: a direction with sᵀFs > 0, (p,).
        g: the gradient, (p,).
        product: v -> (F + damping·I) v; the damping is taken off again, it shapes the direction only.
        delta: δ > 0, nats.
    Raises: ValueError when a number isn't finite, the shapes differ, damping is negative, delta not positive, or
        sᵀFs isn't; FloatingPointError when the step is beyond the largest float.
    Lesson 09; Schulman et al. 2015, appendix C.
    """
    s = require_axes("s", require_numbers("s", s), "weight")
    g, damping = require_numbers("g", g, s.shape), require_number("damping", damping, 0)
    delta, Fs = require_positive("delta", delta), require_numbers("product of s", product(s), s.shape)
    curvature = s @ Fs - damping * (s @ s)
    if not curvature > 0:
        raise ValueError(
            f"s has the curvature sᵀFs = {curvature}; give a direction, not too short, where it is positive"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        step = s * np.sqrt(2 * delta / curvature)
        return require_in_range("the step", step, ("s", "delta")), g @ step


def backtrack(mdp: TabularMDP, theta: np.ndarray, step: np.ndarray, estimate: np.ndarray, delta: float) -> np.ndarray:
    """Return the first θ + c·step, c = 1, 0.9, …, 0.9³⁰, with mean KL ≤ δ and L ≥ 0.1·c·(promise) > 0; else θ.

    Args:
        theta, step: logits, (S, A).
        estimate: of the advantage, with mean 0 under the policy in each state, so that L(θ) = 0, (S, A).
        delta: δ > 0, nats.
    Raises: ValueError when a number isn't finite, the shapes don't fit, or delta isn't positive.
    Lesson 09.
    """
    theta, step, estimate = (
        require_numbers(name, x, mdp.reward.shape)
        for name, x in (("theta", theta), ("step", step), ("estimate", estimate))
    )
    delta = require_positive("delta", delta)
    old, log_old = softmax(theta), log_softmax(theta)
    rho = mdp.visitation(old)
    promise = np.sum(rho[:, None] * old * estimate * step)
    for c in SHRINK ** np.arange(MOST_BACKTRACKS + 1):
        new = theta + c * step
        kl = rho @ np.sum(old * (log_old - log_softmax(new)), axis=1) / rho.sum()
        if kl <= delta and rho @ np.sum(softmax(new) * estimate, axis=1) >= MIN_RATIO * c * promise > 0:
            return new
    return theta


def penalty_for(delta: float, g: np.ndarray, fisher: np.ndarray) -> float:
    """Return β = √(gᵀF⁺g/2δ): the maximum of gᵀΔ − β·½ΔᵀFΔ has ½ΔᵀFΔ = δ.

    Raises: ValueError when delta isn't positive, a number isn't finite, the shapes don't fit, or fisher isn't symmetric
        or has a negative eigenvalue; FloatingPointError when β is beyond the largest float.
    Lesson 09.
    """
    delta, g = require_positive("delta", delta), require_axes("g", require_numbers("g", g), "weight")
    inverse = pseudo_inverse("fisher", fisher, len(g))
    with np.errstate(over="ignore", invalid="ignore"):
        return require_in_range("β", np.sqrt(np.maximum(g @ inverse @ g, 0) / (2 * delta)), ("delta", "g", "fisher"))


def max_and_mean_kl(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """Return the largest KL(old‖new) of a live state, and its mean over d = ρ/Σρ of the old policy, nats.

    Infinite where the new policy never takes an action that the old one does, the mean only where the old one comes.
    Raises: ValueError when a policy is none.
    Lesson 09.
    """
    old, new = mdp.policies(old=old, new=new)
    rows = np.where(mdp.absorbing, 0.0, kl_categorical(old, new))
    rho = mdp.visitation(old)
    visited = rho > 0  # elsewhere the KL may be infinite, at no cost
    return rows.max(), rho[visited] @ rows[visited] / rho.sum()
