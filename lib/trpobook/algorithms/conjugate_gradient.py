"""Conjugate gradients: solve F x = b by products with F alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from trpobook.finite.checks import require_number, require_shape, require_whole

GROWTH = 1e4  # ‖r‖/‖b‖, which stays below √cond(F) where there is a solution


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
    stopping early is safe. Stops when ‖r‖ ≤ rtol·‖b‖, and where there is no solution to be had: where the curvature
    pᵀFp is not above the rounding error of the product, so that p lies in the null space of F for all that can be
    seen, or ‖r‖ has grown to 10⁴·‖b‖, which it can't while the condition number is below 10⁸. The step that shows it
    is not taken; along it φ has no lowest point, or one further off than the numbers reach.

    Unlike many published implementations, the tolerance is relative and nothing is added to the denominator: both
    tricks make the answer depend on the scale of b, and a policy gradient of norm 1e-3 then gives a wrong
    direction. Here x(s·b) = s·x(b), down to the smallest b: it is scaled by a power of two first, which is exact.

    Args:
        matvec: v (p,) -> F v (p,).
        b: right-hand side, (p,), floats.
        max_iterations: products with F at most, ≥ 1.
        rtol: relative tolerance on the residual, ≥ 0.
    Raises: ValueError when max_iterations < 1 or rtol < 0, b is no vector of floats, or a product has another shape;
        FloatingPointError when b, a product or the solution is NaN or infinite.
    Lesson 08; Hestenes & Stiefel 1952.
    """
    max_iterations, rtol = require_whole("max_iterations", max_iterations, 1), require_number("rtol", rtol, 0)
    if b.ndim != 1 or len(b) == 0 or not b.is_floating_point():
        raise ValueError(f"b has shape {tuple(b.shape)} and type {b.dtype}; give a vector of floats")
    largest = b.abs().max().item()
    if not largest < math.inf:
        raise FloatingPointError(f"conjugate gradient: the largest entry of b is {largest}; the gradient is not finite")
    scale = max(2.0 ** (math.frexp(largest)[1] - 1), torch.finfo(b.dtype).tiny)
    rounding = 4 * torch.finfo(b.dtype).eps
    r = b / scale
    x, p = torch.zeros_like(r), r.clone()
    rr = rr_start = pp = (r @ r).item()
    iterations, steepest, first = 0, 0.0, math.inf  # of ‖Fp‖/‖p‖ the largest, of pᵀFp/pᵀp the first
    while iterations < max_iterations and rr > rtol**2 * rr_start:
        Fp = matvec(p)
        require_shape("the product that matvec returns", Fp, p.shape)
        curvature, reach = torch.stack([p @ Fp, Fp.abs().max()]).tolist()
        if not abs(curvature) < math.inf:
            raise FloatingPointError(f"conjugate gradient: the curvature pᵀFp is {curvature}; the matrix is not finite")
        steepest = max(steepest, reach / math.sqrt(pp))
        if curvature <= rounding * steepest * pp:
            break
        if iterations == 0:
            first = curvature / pp
        if first <= rounding * steepest:  # as is only seen now: b itself lies in the null space
            return Solution(torch.zeros_like(b), 0, 1.0)
        step = rr / curvature
        r -= step * Fp
        rr, rr_before = (r @ r).item(), rr
        if rr > GROWTH**2 * rr_start:
            rr = rr_before
            break
        x += step * p
        p = r + (rr / rr_before) * p
        pp = rr + (rr / rr_before) ** 2 * pp
        iterations += 1
    x *= scale
    if not x.isfinite().all():
        raise FloatingPointError("conjugate gradient: the solution is beyond the largest float; scale b down")
    return Solution(x, iterations, (rr / rr_start) ** 0.5 if rr_start else 0.0)
