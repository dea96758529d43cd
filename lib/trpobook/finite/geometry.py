"""The geometry of policies: Fisher matrices of distributions and networks, and the step that is steepest by them."""

from __future__ import annotations

import numpy as np


def fisher_softmax(p: np.ndarray) -> np.ndarray:
    """Return M = diag(p) − p pᵀ, the Fisher matrix of a softmax in its logits, (…, A, A).

    It is the covariance of the scores e_a − p, the curvature of KL in the logits, and the Jacobian of the softmax.
    Singular: a constant added to all logits changes nothing.

    Args: p: distributions, (…, A).
    Lesson 07; Amari 1998.
    """
    p = np.asarray(p, float)
    return np.eye(p.shape[-1]) * p[..., None, :] - p[..., :, None] * p[..., None, :]


def gauss_newton(jacobian: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return F = mean over states of JᵀMJ, the Fisher matrix of a network that ends in a softmax, (k, k).

    Args:
        jacobian: of the logits in the k weights, (states, A, k).
        p: probabilities of the actions, (states, A).
    Raises: ValueError when the shapes don't fit.
    Lesson 07.
    """
    jacobian = np.asarray(jacobian, float)
    metric = fisher_softmax(p)
    if jacobian.ndim != 3 or jacobian.shape[:2] != metric.shape[:2]:
        raise ValueError(f"jacobian has shape {jacobian.shape}, p {np.shape(p)}; give (states, A, k) and (states, A)")
    return np.einsum("nak,nab,nbl->kl", jacobian, metric, jacobian) / len(jacobian)


def natural_step(gradient: np.ndarray, fisher: np.ndarray, delta: float) -> np.ndarray:
    """Return √(2δ/gᵀF⁺g) F⁺g, which maximises gᵀΔ over ½ΔᵀFΔ ≤ δ, (k,); 0 where g is.

    F may be singular, as a softmax's is: F⁺ is the pseudo-inverse, and g must lie in F's range.

    Args:
        gradient: g, (k,).
        fisher: F, symmetric, without negative eigenvalues, (k, k).
        delta: δ > 0, nats.
    Raises: ValueError when delta is not positive, or g has a part where F is 0: along it the return rises for free.
    Lesson 07; Amari 1998, Kakade 2001, Schulman et al. 2015.
    """
    if not delta > 0:
        raise ValueError(f"delta is {delta}; a trust region needs a positive radius")
    gradient = np.asarray(gradient, float)
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    if not np.allclose(fisher @ direction, gradient, rtol=0, atol=1e-6 * np.linalg.norm(gradient)):
        raise ValueError("the gradient has a part where F is 0: it would change the return without changing the policy")
    slope = gradient @ direction
    return direction * np.sqrt(2 * delta / slope) if slope > 0 else direction


def compatible_weights(scores: np.ndarray, chance: np.ndarray, advantage: np.ndarray) -> np.ndarray:
    """Return the shortest w that minimises Σ chance·(scores w − advantage)², (k,): the natural gradient.

    With chance = d(s)π(a|s), F = Σ chance·ψψᵀ and g/Z = Σ chance·A·ψ for the scores ψ, so w = F⁺g/Z.

    Args:
        scores: ∇log π(a|s), one row for each pair of state and action, (n, k).
        chance: how likely each pair is, (n,).
        advantage: A(s, a), (n,).
    Lesson 07; Sutton et al. 2000, Kakade 2001.
    """
    root = np.sqrt(chance)
    return np.linalg.lstsq(root[:, None] * scores, root * advantage, rcond=1e-10)[0]
