"""Conjugate gradients: solve F x = b by products with F alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Solution(NamedTuple):
    """What `conjugate_gradient` returns."""

    x: Tensor
    iterations: int
    residual: float  # ‖b − F x‖ / ‖b‖, by CG's own recurrence


def conjugate_gradient(
    matvec: Callable[[Tensor], Tensor], b: Tensor, *, max_iterations: int = 10, rtol: float = 1e-10
) -> Solution:
    r"""Return x with F x ≈ b for symmetric positive semi-definite F, from products v ↦ F v alone.

    Minimises φ(x) = ½ xᵀF x − bᵀx over span{b, Fb, F²b, …}. Every iterate is an ascent direction (bᵀx > 0), so
    stopping early is safe. Stops when ‖r‖ ≤ rtol·‖b‖, and where the curvature pᵀFp is not positive: p then lies in
    the null space of F, or rounding has overtaken the recurrence.

    Unlike many published implementations, the tolerance is relative and nothing is added to the denominator: both
    tricks make the answer depend on the scale of b, and a policy gradient of norm 1e-3 then gives a wrong
    direction. Here x(s·b) = s·x(b).

    Args:
        matvec: v (p,) -> F v (p,).
        b: right-hand side, (p,).
        max_iterations: products with F at most, ≥ 1.
        rtol: relative tolerance on the residual, ≥ 0.
    Raises: ValueError when max_iterations < 1 or rtol < 0; FloatingPointError when a product is NaN or infinite.
    Lesson 08; Hestenes & Stiefel 1952.
    """
    if max_iterations < 1 or rtol < 0:
        raise ValueError(f"need max_iterations >= 1 and rtol >= 0, not {max_iterations} and {rtol}")
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = rr_start = (r @ r).item()
    iterations = 0
    while iterations < max_iterations and rr > rtol**2 * rr_start:
        Fp = matvec(p)
        curvature = (p @ Fp).item()
        if not abs(curvature) < float("inf"):
            raise FloatingPointError(f"conjugate gradient: the curvature pᵀFp is {curvature}; the matrix is not finite")
        if curvature <= 0:
            break
        step = rr / curvature
        x += step * p
        r -= step * Fp
        rr, rr_before = (r @ r).item(), rr
        p = r + (rr / rr_before) * p
        iterations += 1
    return Solution(x, iterations, (rr / rr_start) ** 0.5 if rr_start else 0.0)
