"""Lesson 08's formulas as functions of their own, where the library's solvers go through them in one loop.

All raise ValueError when the shapes don't fit, and FloatingPointError when a number or a product isn't finite.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from trpobook.finite.checks import LARGEST, require_same_shape, require_shape


def search_along(matvec: Callable[[Tensor], Tensor], x: Tensor, r: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Return (x + αp, its residual) at the lowest point of ½xᵀFx − gᵀx along p, α = rᵀp / pᵀFp.

    Args:
        matvec: v (n,) -> F v (n,), with pᵀFp > 0.
        x: a point, (n,).
        r: its residual g − F x, (n,).
        p: a direction, (n,).
    Raises: ValueError when pᵀFp isn't positive.
    Lesson 08; Hestenes & Stiefel 1952. `conjugate_gradient` does the same in place.
    """
    _require_vectors(x=x, r=r, p=p)
    Fp = matvec(p)
    _require_vectors(p=p, **{"the product that matvec returns": Fp})
    curvature = p @ Fp
    if not curvature > 0:
        raise ValueError(f"p has the curvature pᵀFp = {curvature.item()}; give a direction where it is positive")
    step = (r @ p) / curvature
    return x + step * p, r - step * Fp


def next_direction(r_new: Tensor, r: Tensor, p: Tensor) -> Tensor:
    """Return r_new + βp, β = r_newᵀr_new / rᵀr: conjugate to p, and to all of CG's directions before it, (n,).

    Args:
        r_new: the residual after the search along p, (n,).
        r: the residual before it, not zero, (n,).
        p: the direction just searched, (n,).
    Raises: ValueError when rᵀr is 0.
    Lesson 08; Hestenes & Stiefel 1952.
    """
    _require_vectors(r_new=r_new, r=r, p=p)
    if not r @ r > 0:
        raise ValueError("r is 0, or too small to be squared: the system is solved, there is no next direction")
    return r_new + (r_new @ r_new) / (r @ r) * p


def curvature_product(log_probs: Callable[[Tensor], Tensor], theta: Tensor, v: Tensor) -> Tensor:
    """Return F v, (p,), for any policy over finitely many actions, by differentiating the KL divergence twice.

    Args:
        log_probs: θ (p,) -> log π_θ(a|s), (n, actions), differentiable.
        theta: the old policy's parameters, (p,).
        v: a direction, (p,).
    Lesson 08; Pearlmutter 1994.
    """
    _require_vectors(theta=theta, v=v)
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ v, theta)
    _require_finite("the curvature of log_probs", product)
    return product


def score_product(scores: Tensor, probabilities: Tensor, v: Tensor) -> Tensor:
    """Return F v, (p,), from the definition: the mean over states and actions of ψ(ψᵀv).

    Args:
        scores: ψ = ∇log π(a|s), (n, actions, p).
        probabilities: π(a|s), (n, actions).
        v: a direction, (p,).
    Lesson 08.
    """
    if scores.ndim != 3 or 0 in scores.shape:
        raise ValueError(f"scores has shape {tuple(scores.shape)}; give (n, actions, p)")
    require_shape("probabilities", probabilities, tuple(scores.shape[:2]))
    require_shape("v", v, tuple(scores.shape[2:]))
    for name, x in (("scores", scores), ("probabilities", probabilities), ("v", v)):
        _require_finite(name, x)
    return torch.einsum("na,nak->k", probabilities * (scores @ v), scores) / len(scores)


def _require_vectors(**vectors: Tensor) -> None:
    """Check that these are finite vectors of one length."""
    for name, x in vectors.items():
        if x.ndim != 1 or len(x) == 0:
            raise ValueError(f"{name} has shape {tuple(x.shape)}; give a vector")
        _require_finite(name, x)
    require_same_shape(**vectors)


def _require_finite(name: str, x: Tensor) -> None:
    if "float" not in str(x.dtype):
        raise ValueError(f"{name} holds {x.dtype}; give floats")
    largest = float(abs(x).max())  # so for arrays too: a picture of lesson 08 searches in two dimensions
    if not largest <= LARGEST:
        raise FloatingPointError(f"{name} isn't finite, or too large to be squared: its largest entry is {largest}")
