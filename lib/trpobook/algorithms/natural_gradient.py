"""The natural policy gradient: one step of fixed size along F⁻¹g, with no trust region and no line search."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.policies import Policy
from trpobook.algorithms.conjugate_gradient import conjugate_gradient
from trpobook.algorithms.fisher import averaged, fisher_vector_product
from trpobook.algorithms.policy_update import PolicyUpdate, guarded, policy_gradient, require_finite, take_step


@guarded
def natural_gradient_update(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    step_size: float,
    damping: float = 0.1,
    cg_iterations: int = 10,
    cg_rtol: float = 1e-2,
    fisher_stride: int = 1,
    entropy_bonus: float = 0.0,
    averaging: Averaging = ALONE,
) -> PolicyUpdate:
    """Move `policy` in place by θ ← θ + α·s, s ≈ (F + ξI)⁻¹g by conjugate gradients, and return a record of the step.

    α is a penalty's weight turned round: the step maximises the model gᵀΔ − ½ΔᵀFΔ/α, so its KL is that of no fixed
    radius but grows with the gradient.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,); the step is proportional to their scale.
        step_size: α > 0.
        damping: ξ.
        cg_iterations, cg_rtol: when conjugate gradients stop.
        fisher_stride: every how many-th state enters the Fisher matrix, ≥ 1.
        entropy_bonus: c; c·mean entropy is added to what is raised.
        averaging: over the processes of the run, each of which gives its part of the batch.
    Raises: FloatingPointError when the batch holds a NaN or an infinity. A step to one is not made: `guarded`.
    Lesson 07; Kakade 2001.
    """
    options: Any = {"entropy_bonus": entropy_bonus, "averaging": averaging}
    g = policy_gradient(policy, states, actions, advantages, **options)
    product = averaged(fisher_vector_product, policy, states[::fisher_stride], damping, averaging)
    s, iterations, residual = conjugate_gradient(product, g, max_iterations=cg_iterations, rtol=cg_rtol)
    require_finite("the natural gradient", s)
    return take_step(
        policy,
        states,
        actions,
        advantages,
        g,
        step_size * s,
        cg_iterations=iterations,
        cg_residual=residual,
        **options,
    )
