"""What every update of a policy reports, and the guards that every update shares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters


@dataclass
class PolicyUpdate:
    """What one update of a policy did. Quantiles are those of the ratio π_new(a|s)/π_old(a|s) over the batch."""

    accepted: bool  # False: no candidate passed the line search, and the old policy stands
    gain_predicted: float  # gᵀ(θ_new − θ_old), the linear model at the step taken
    gain: float  # L(θ_new) − L(θ_old) on the batch, in units of the advantage
    kl_limit: float  # δ, nats; infinite for an update without a trust region
    kl: float  # mean KL(π_old ‖ π_new) over the batch's states, nats
    cg_iterations: int
    cg_residual: float  # ‖g − (F + ξI)s‖/‖g‖
    backtracks: int
    gradient_norm: float
    step_norm: float  # ‖θ_new − θ_old‖
    ratio_min: float
    ratio_q05: float
    ratio_q95: float
    ratio_max: float
    entropy: float  # of the new policy, nats, mean over states


def ratio_quantiles(ratios: Tensor) -> dict[str, float]:
    """Return smallest, 5 %, 95 % and largest of the ratios (n,), under the names that `PolicyUpdate` has for them."""
    names = ("ratio_min", "ratio_q05", "ratio_q95", "ratio_max")
    return dict(zip(names, torch.quantile(ratios, ratios.new_tensor([0.0, 0.05, 0.95, 1.0])).tolist(), strict=True))


def require_finite(name: str, tensor: Tensor) -> None:
    """Raise FloatingPointError, saying where, when `tensor` holds a NaN or an infinity."""
    if not tensor.isfinite().all():
        raise FloatingPointError(f"{name} contains NaN or infinity; the update is not made and the old policy stands")


def take_step(policy, states: Tensor, actions: Tensor, advantages: Tensor, g: Tensor, step: Tensor, **solver):
    """Move `policy` in place by `step`, whatever its length, and return the record of it.

    For updates without a trust region. `g` is the gradient at the old parameters; `solver` gives the record's
    cg_iterations and cg_residual where there are any.

    Raises: FloatingPointError when the new distributions are not finite; the policy is then as it was.
    """
    parameters = list(policy.parameters())
    theta_old = parameters_to_vector(parameters).detach()
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
        try:
            vector_to_parameters(theta_old + step, parameters)
            new = policy(states)
            log_prob_new = new.log_prob(actions)
            # the KL is no part of the step: it is infinite where a probability has become 0, and the step stands
            kl, entropy = kl_divergence(old, new).mean(), new.entropy().mean()
            require_finite("the new policy's distributions", torch.cat([log_prob_new, entropy[None]]))
        except FloatingPointError:
            vector_to_parameters(theta_old, parameters)
            raise
        ratios = (log_prob_new - log_prob_old).exp()
    return PolicyUpdate(
        accepted=True,
        gain_predicted=(g @ step).item(),
        gain=((ratios - 1) * advantages).mean().item(),
        kl_limit=math.inf,
        kl=kl.item(),
        cg_iterations=solver.get("cg_iterations", 0),
        cg_residual=solver.get("cg_residual", 0.0),
        backtracks=0,
        gradient_norm=g.norm().item(),
        step_norm=step.norm().item(),
        entropy=entropy.item(),
        **ratio_quantiles(ratios),
    )


def policy_gradient(policy, states: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    """Return g = mean[A ∇log π(a|s)] as one vector (p,), in the order of ``policy.parameters()``. Lesson 02.

    Raises: FloatingPointError when the batch or g holds a NaN or an infinity.
    """
    for name, tensor in (("states", states), ("actions", actions), ("advantages", advantages)):
        require_finite(f"the batch's {name}", tensor)
    mean = (policy(states).log_prob(actions) * advantages).mean()
    g = parameters_to_vector(torch.autograd.grad(mean, list(policy.parameters())))
    require_finite("the policy gradient", g)
    return g
