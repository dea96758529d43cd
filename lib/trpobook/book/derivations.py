"""Lesson 08's formulas as functions of their own, where the library's solvers go through them in one loop."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def search_along(matvec: Callable[[Tensor], Tensor], x: Tensor, r: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Return (x + αp, its residual) at the lowest point of ½xᵀFx − gᵀx along p, α = rᵀp / pᵀFp.

    Args:
        matvec: v (n,) -> F v (n,), with pᵀFp > 0.
        x: a point, (n,).
        r: its residual g − F x, (n,).
        p: a direction, (n,).
    Lesson 08; Hestenes & Stiefel 1952. `conjugate_gradient` does the same in place.
    """
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    return x + step * p, r - step * Fp


def next_direction(r_new: Tensor, r: Tensor, p: Tensor) -> Tensor:
    """Return r_new + βp, β = r_newᵀr_new / rᵀr: conjugate to p, and to all of CG's directions before it, (n,).

    Args:
        r_new: the residual after the search along p, (n,).
        r: the residual before it, not zero, (n,).
        p: the direction just searched, (n,).
    Lesson 08; Hestenes & Stiefel 1952.
    """
    return r_new + (r_new @ r_new) / (r @ r) * p


def curvature_product(log_probs: Callable[[Tensor], Tensor], theta: Tensor, v: Tensor) -> Tensor:
    """Return F v, (p,), for any policy over finitely many actions, by differentiating the KL divergence twice.

    Args:
        log_probs: θ (p,) -> log π_θ(a|s), (n, actions), differentiable.
        theta: the old policy's parameters, (p,).
        v: a direction, (p,).
    Lesson 08; Pearlmutter 1994.
    """
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def score_product(scores: Tensor, probabilities: Tensor, v: Tensor) -> Tensor:
    """Return F v, (p,), from the definition: the mean over states and actions of ψ(ψᵀv).

    Args:
        scores: ψ = ∇log π(a|s), (n, actions, p).
        probabilities: π(a|s), (n, actions).
        v: a direction, (p,).
    Lesson 08.
    """
    return torch.einsum("na,nak->k", probabilities * (scores @ v), scores) / len(scores)
