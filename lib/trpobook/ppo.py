"""Proximal policy optimisation: several epochs of Adam on the clipped surrogate, or on one with a KL penalty."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.fisher import linearise_by_autograd
from trpobook.policy_update import PolicyUpdate, policy_gradient, ratio_quantiles, require_finite


class Memory:
    """What PPO carries from one update to the next: Adam's averages, the order of the minibatches, and β."""

    def __init__(self, policy, learning_rate: float, seed: int, beta: float = 1.0):
        """Begin with β = `beta`, nats⁻¹; only the KL penalty reads it."""
        self.theta = parameters_to_vector(policy.parameters()).detach().clone()
        self.optimiser = torch.optim.Adam([self.theta], lr=learning_rate, eps=1e-5)
        self.shuffler = torch.Generator().manual_seed(seed)
        self.beta = beta

    def state_dict(self) -> dict:
        return {
            "optimiser": self.optimiser.state_dict(),
            "shuffler": self.shuffler.get_state(),
            "beta": self.beta,
        }

    def load_state_dict(self, state: dict) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.shuffler.set_state(state["shuffler"])
        self.beta = state["beta"]


def clipped_surrogate(ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """Return min(r·A, clip(r, 1 − ε, 1 + ε)·A), elementwise: r·A less a hinge that stops the push. Lesson 12."""
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def adapted_beta(beta: float, kl: float, kl_target: float) -> float:
    """Return the penalty's weight for the next update: doubled above 1.5 d_targ, halved below d_targ/1.5.

    Lesson 12; Schulman et al. 2017, section 4.
    """
    if kl > 1.5 * kl_target:
        return 2 * beta
    return beta / 2 if kl < kl_target / 1.5 else beta


def ppo_update(
    policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    memory: Memory,
    clip: float = 0.2,
    epochs: int = 10,
    minibatch: int = 64,
    kl_stop: float = math.inf,
    max_gradient_norm: float = 0.5,
) -> PolicyUpdate:
    """Update `policy` in place by Adam on minibatches of mean[min(r·A, clip(r)·A)] and return a record of it.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,); Adam divides by their scale, but not by their mean.
        memory: of this policy, kept from update to update.
        clip: ε, where the push on a ratio stops.
        epochs, minibatch: passes over the batch, and rows of a gradient.
        kl_stop: after an epoch with a mean KL(old‖new) above it the rest is left out, nats.
        max_gradient_norm: longer gradients are shortened to it.
    Raises: FloatingPointError when a NaN or an infinity turns up, saying where; policy and memory are then as they
        were.
    Lesson 12; Schulman et al. 2017, section 3.
    """

    def objective(ratio: Tensor, advantages: Tensor, old, new) -> Tensor:
        return clipped_surrogate(ratio, advantages, clip).mean()

    return _ascend(
        policy, states, actions, advantages, objective, memory, epochs, minibatch, kl_stop, max_gradient_norm
    )


def ppo_kl_update(
    policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    memory: Memory,
    kl_target: float = 0.01,
    epochs: int = 10,
    minibatch: int = 64,
    max_gradient_norm: float = 0.5,
) -> PolicyUpdate:
    """Update `policy` in place by Adam on minibatches of mean[r·A − β KL(old‖new)], and adapt β.

    The arguments are those of `ppo_update`; kl_target is d_targ, nats. The advantages' scale matters here: it is
    weighed against β.
    Lesson 12; Schulman et al. 2017, section 4.
    """

    def objective(ratio: Tensor, advantages: Tensor, old, new) -> Tensor:
        return (ratio * advantages - memory.beta * kl_divergence(old, new)).mean()

    update = _ascend(
        policy, states, actions, advantages, objective, memory, epochs, minibatch, math.inf, max_gradient_norm
    )
    memory.beta = adapted_beta(memory.beta, update.kl, kl_target)
    return update


def _ascend(
    policy, states, actions, advantages, objective, memory, epochs, minibatch, kl_stop, max_gradient_norm
) -> PolicyUpdate:
    g = policy_gradient(policy, states, actions, advantages)
    parameters = list(policy.parameters())
    theta_old, before = parameters_to_vector(parameters).detach(), copy.deepcopy(memory.state_dict())
    with torch.no_grad():
        outputs_old = policy.outputs(states)
        old = policy.distribution(outputs_old)
        log_prob_old = old.log_prob(actions)
    memory.theta.copy_(theta_old)
    vector_to_parameters(memory.theta, parameters)  # views: Adam's step on one vector moves every weight
    linearise = getattr(policy, "linearise", None) or (lambda rows: linearise_by_autograd(policy, rows))

    def step(rows: Tensor) -> None:
        outputs, _, vjp = linearise(states[rows])
        outputs = outputs.detach().requires_grad_()
        new = policy.distribution(outputs)
        ratio = (new.log_prob(actions[rows]) - log_prob_old[rows]).exp()
        gain = objective(ratio, advantages[rows], policy.distribution(outputs_old[rows]), new)
        gradient = vjp(torch.autograd.grad(gain, outputs)[0])
        memory.theta.grad = gradient.mul_(-1 / max(1.0, gradient.norm().item() / max_gradient_norm))
        memory.optimiser.step()

    theta_new = theta_old
    try:
        for _ in range(epochs):
            order = torch.randperm(len(states), generator=memory.shuffler).to(states.device)
            for rows in order.split(minibatch):
                step(rows)
            with torch.no_grad():
                new = policy(states)
                kl, entropy = kl_divergence(old, new).mean(), new.entropy().mean()
                ratios = (new.log_prob(actions) - log_prob_old).exp()
            require_finite("the new policy's distributions", torch.cat([ratios, kl[None], entropy[None]]))
            if kl > kl_stop:
                break
        theta_new = memory.theta.clone()
    except FloatingPointError:
        memory.load_state_dict(before)
        raise
    finally:
        vector_to_parameters(theta_new, parameters)
    step_taken = theta_new - theta_old
    return PolicyUpdate(
        accepted=True,
        gain_predicted=(g @ step_taken).item(),
        gain=((ratios - 1) * advantages).mean().item(),
        kl_limit=math.inf,
        kl=kl.item(),
        cg_iterations=0,
        cg_residual=0.0,
        backtracks=0,
        gradient_norm=g.norm().item(),
        step_norm=step_taken.norm().item(),
        entropy=entropy.item(),
        **ratio_quantiles(ratios),
    )
