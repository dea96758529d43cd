"""The plain policy gradient: one step of fixed size along it, and nothing that limits how far it goes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.policy_update import PolicyUpdate, ratio_quantiles, require_finite


def reinforce_update(policy, states: Tensor, actions: Tensor, advantages: Tensor, *, step_size: float) -> PolicyUpdate:
    """Move `policy` in place by θ ← θ + α·g, g = mean[A ∇log π(a|s)], and return a record of the step.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,); the step is proportional to their scale.
        step_size: α > 0.
    Raises: FloatingPointError when a NaN or an infinity turns up, saying where; the policy is then as it was.
    Lesson 02; Williams 1992.
    """
    for name, tensor in (("states", states), ("actions", actions), ("advantages", advantages)):
        require_finite(f"the batch's {name}", tensor)
    parameters = list(policy.parameters())
    theta_old = parameters_to_vector(parameters).detach()
    old = policy(states)
    log_prob_old = old.log_prob(actions)
    g = parameters_to_vector(torch.autograd.grad((log_prob_old * advantages).mean(), parameters, retain_graph=True))
    require_finite("the policy gradient", g)
    theta_new = theta_old + step_size * g
    with torch.no_grad():
        try:
            vector_to_parameters(theta_new, parameters)
            new = policy(states)
            log_prob_new = new.log_prob(actions)
            # the KL is no part of the step: it is infinite where a probability has become 0, and the step stands
            kl, entropy = kl_divergence(old, new).mean(), new.entropy().mean()
            require_finite("the new policy's distributions", torch.cat([log_prob_new, entropy[None]]))
            ratios = (log_prob_new - log_prob_old).exp()
        except FloatingPointError:
            vector_to_parameters(theta_old, parameters)
            raise
    return PolicyUpdate(
        accepted=True,
        gain_predicted=step_size * (g @ g).item(),
        gain=((ratios - 1) * advantages).mean().item(),
        kl_limit=math.inf,
        kl=kl.item(),
        cg_iterations=0,
        cg_residual=0.0,
        backtracks=0,
        gradient_norm=g.norm().item(),
        step_norm=(theta_new - theta_old).norm().item(),
        entropy=entropy.item(),
        **ratio_quantiles(ratios),
    )
