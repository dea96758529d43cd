"""The geometry of policies: Fisher matrices of distributions and networks, and the step that is steepest by them."""

from __future__ import annotations

import numpy as np

from trpobook.finite.checks import (
    require_axes,
    require_in_range,
    require_numbers,
    require_positive,
    require_probabilities,
    require_shape,
    require_weights,
)


def fisher_softmax(p: np.ndarray) -> np.ndarray:
    """Return M = diag(p) − p pᵀ, the Fisher matrix of a softmax in its logits, (…, A, A).

    It is the covariance of the scores e_a − p, the curvature of KL in the logits, and the Jacobian of the softmax.
    Singular: a constant added to all logits changes nothing.

    Args: p: distributions, (…, A).
    Raises: ValueError when p is none.
    Lesson 07; Amari 1998.
    """
    p = require_probabilities("p", p)
    return np.eye(p.shape[-1]) * p[..., None, :] - p[..., :, None] * p[..., None, :]


def gauss_newton(jacobian: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return F = mean over states of BᵀMB, the Fisher matrix of a network that ends in a softmax, (k, k).

    Args:
        jacobian: of the logits in the k weights, (states, A, k).
        p: probabilities of the actions, (states, A).
    Raises: ValueError when the shapes don't fit, p is no distribution or jacobian not finite.
    Lesson 07.
    """
    jacobian = require_numbers("jacobian", jacobian)
    metric = fisher_softmax(p)
    if jacobian.ndim != 3 or jacobian.shape[:2] != np.shape(p):
        raise ValueError(f"jacobian has shape {jacobian.shape}, p {np.shape(p)}; give (states, A, k) and (states, A)")
    return np.einsum("nak,nab,nbl->kl", jacobian, metric, jacobian) / len(jacobian)


def natural_step(gradient: np.ndarray, fisher: np.ndarray, delta: float) -> np.ndarray:
    """Return √(2δ/gᵀF⁺g) F⁺g, which maximises gᵀΔ over ½ΔᵀFΔ ≤ δ, (k,); 0 where g is.

    F may be singular, as a softmax's is: F⁺ is the pseudo-inverse, and g must lie in F's range.

    Args:
        gradient: g, (k,).
        fisher: F, symmetric, without negative eigenvalues, (k, k).
        delta: δ > 0, nats.
    Raises: ValueError when delta is not positive, a number not finite, the shapes don't fit, F isn't symmetric or has
        a negative eigenvalue, or g has a part where F is 0: along it the return rises for free. FloatingPointError when
        the step is beyond the largest float.
    Lesson 07; Amari 1998, Kakade 2001, Schulman et al. 2015.
    """
    delta = require_positive("delta", delta)
    gradient = require_axes("gradient", require_numbers("gradient", gradient), "weight")
    inverse = pseudo_inverse("fisher", fisher, len(gradient))
    gradient = gradient / 2.0 ** np.frexp(np.abs(gradient).max())[1]  # exact, and the step is the same
    with np.errstate(over="ignore", invalid="ignore"):
        direction = inverse @ gradient
        if not np.allclose(fisher @ direction, gradient, rtol=0, atol=1e-6 * np.linalg.norm(gradient)):
            raise ValueError(
                "gradient has a part where fisher is 0: it would change the return without changing the policy"
            )
        slope = gradient @ direction
        step = direction * np.sqrt(2 * delta / slope) if slope > 0 else direction
    return require_in_range("the step", step, ("delta", "fisher"))


def pseudo_inverse(name: str, matrix: np.ndarray, size: int) -> np.ndarray:
    """Return M⁺, (k, k), of a matrix that is symmetric and has no negative eigenvalue, as a Fisher matrix is.

    Args:
        name: of the matrix, for the error.
        size: k.
    Raises: ValueError when the matrix is of another shape, not finite, not symmetric, or has a negative eigenvalue.
    """
    matrix = require_numbers(name, matrix, (size, size))
    largest = np.abs(matrix).max()
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-6 * largest):
        raise ValueError(f"{name} isn't symmetric; give a Fisher matrix")
    if np.linalg.eigvalsh(matrix)[0] < -1e-6 * size * largest:
        raise ValueError(f"{name} has a negative eigenvalue; give a Fisher matrix")
    return np.linalg.pinv(matrix, rcond=1e-10, hermitian=True)


def compatible_weights(scores: np.ndarray, chance: np.ndarray, advantage: np.ndarray) -> np.ndarray:
    """Return the shortest w that minimises Σ chance·(scores w − advantage)², (k,): the natural gradient.

    With chance = d(s)π(a|s), F = Σ chance·ψψᵀ and g/Z = Σ chance·A·ψ for the scores ψ, so w = F⁺g/Z.

    Args:
        scores: ∇log π(a|s), one row for each pair of state and action, (n, k).
        chance: how likely each pair is, (n,).
        advantage: A(s, a), (n,).
    Raises: ValueError when the shapes don't fit, a number isn't finite, or a chance is negative; FloatingPointError
        when w is beyond the largest float.
    Lesson 07; Sutton et al. 2000, Kakade 2001.
    """
    scores = require_axes("scores", require_numbers("scores", scores), "pair weight")
    chance, advantage = require_weights("chance", chance), require_numbers("advantage", advantage, scores.shape[:1])
    require_shape("chance", chance, scores.shape[:1])
    root = np.sqrt(chance)
    weights = np.linalg.lstsq(root[:, None] * scores, root * advantage, rcond=1e-10)[0]
    return require_in_range("w", weights, ("scores", "advantage"))
