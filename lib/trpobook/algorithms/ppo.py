"""Proximal policy optimisation: several epochs of Adam on the clipped surrogate, or on one with a KL penalty."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.linearise import linearise
from trpobook.agents.parameters import shorten, splitter, tie, trained
from trpobook.agents.policies import Policy
from trpobook.algorithms.policy_update import PolicyUpdate, guarded, policy_gradient, ratio_quantiles, require_finite

Objective = Callable[[Tensor, Tensor, Distribution, Distribution], Tensor]


class Memory:
    """What PPO carries from one update to the next: Adam's averages, the order of the minibatches, and β."""

    def __init__(self, policy: Policy, learning_rate: float, seed: int, beta: float = 1.0):
        """Begin with β = `beta`, nats⁻¹; only the KL penalty reads it.

        Fused, Adam takes its step in one pass, and its count of steps needn't be read from the device.
        """
        self.theta = parameters_to_vector(trained(policy.parameters())).detach().clone()
        self.optimiser: torch.optim.Optimizer = torch.optim.Adam([self.theta], lr=learning_rate, eps=1e-5, fused=True)
        self.shuffler = torch.Generator().manual_seed(seed)
        self.beta = beta

    def state_dict(self) -> dict[str, Any]:
        return {
            "optimiser": self.optimiser.state_dict(),
            "shuffler": self.shuffler.get_state(),
            "beta": self.beta,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.shuffler.set_state(state["shuffler"])
        self.beta = state["beta"]


def clipped_surrogate(ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """Return min(w·A, clip(w, 1 − ε, 1 + ε)·A), elementwise: w·A less a hinge that stops the push. Lesson 12."""
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def adapted_beta(beta: float, kl: float, kl_target: float) -> float:
    """Return the penalty's weight for the next update: doubled above 1.5 d_targ, halved below d_targ/1.5.

    Lesson 12; Schulman et al. 2017, section 4.
    """
    if kl > 1.5 * kl_target:
        return 2 * beta
    return beta / 2 if kl < kl_target / 1.5 else beta


def ppo_update(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    memory: Memory,
    clip: float = 0.2,
    surrogate: Callable[[Tensor, Tensor, float], Tensor] = clipped_surrogate,
    **passes: Any,
) -> PolicyUpdate:
    """Update `policy` in place by Adam on minibatches of mean[min(w·A, clip(w)·A)] and return a record of it.

    Args:
        clip: ε, where the push on a ratio stops.
        surrogate: of ratios, advantages and ε, elementwise; the library's, or the reader's own.
        advantages: Adam divides by their scale, but not by their mean.
        the rest: as for `ascend`.
    Lesson 12; Schulman et al. 2017, section 3.
    """

    def objective(ratio: Tensor, advantages: Tensor, old: Distribution, new: Distribution) -> Tensor:
        return surrogate(ratio, advantages, clip).mean()

    return ascend(policy, states, actions, advantages, objective=objective, memory=memory, **passes)


def ppo_kl_update(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    memory: Memory,
    kl_target: float = 0.01,
    **passes: Any,
) -> PolicyUpdate:
    """Update `policy` in place by Adam on minibatches of mean[w·A − β KL(old‖new)], then adapt β.

    Args:
        kl_target: d_targ, nats.
        advantages: their scale matters, for it is weighed against β.
        the rest: as for `ascend`.
    Lesson 12; Schulman et al. 2017, section 4.
    """

    def objective(ratio: Tensor, advantages: Tensor, old: Distribution, new: Distribution) -> Tensor:
        return (ratio * advantages - memory.beta * kl_divergence(old, new)).mean()

    update = ascend(policy, states, actions, advantages, objective=objective, memory=memory, **passes)
    if update.accepted:
        memory.beta = adapted_beta(memory.beta, update.kl, kl_target)
    return update


@guarded
def ascend(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    objective: Objective,
    memory: Memory,
    epochs: int = 10,
    minibatch: int = 64,
    kl_stop: float = math.inf,
    learning_rate: float | None = None,
    max_gradient_norm: float = 0.5,
    entropy_bonus: float = 0.0,
    averaging: Averaging = ALONE,
) -> PolicyUpdate:
    """Update `policy` in place by epochs of Adam on `objective` over shuffled minibatches; return a record of it.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,).
        objective: (ratios, advantages, old distributions, new ones) of a minibatch's rows -> what to raise.
        memory: of this policy, kept from update to update.
        epochs, minibatch: passes over the batch, and rows of a gradient, of all processes together.
        kl_stop: after an epoch with a mean KL(old‖new) above it the rest is left out, nats.
        learning_rate: Adam's, from this update on; None leaves it as it is.
        max_gradient_norm: longer gradients are shortened to it.
        entropy_bonus: c; c·mean entropy is added to the objective.
        averaging: over the processes of the run, each of which gives its part of the batch.
    Raises: ValueError without an epoch or a row; FloatingPointError when the batch holds a NaN or an infinity. Where
        the epochs lead to one, in a ratio, a KL or an entropy, policy and memory are put back to what they were and
        the record says accepted=False: `guarded`.
    """
    if epochs < 1 or minibatch < 1:
        raise ValueError(f"need epochs >= 1 and minibatch >= 1, not {epochs} and {minibatch}")
    g = policy_gradient(policy, states, actions, advantages, entropy_bonus=entropy_bonus, averaging=averaging)
    parameters = trained(policy.parameters())
    theta_old, kept = parameters_to_vector(parameters).detach(), copy.deepcopy(memory.state_dict())
    with torch.no_grad():
        outputs_old = policy.outputs(states)
        old = policy.distribution(outputs_old)
        log_prob_old = old.log_prob(actions)
    tie(memory.theta, memory.optimiser, parameters)
    if learning_rate is not None:
        memory.optimiser.param_groups[0]["lr"] = learning_rate

    split = splitter(len(states), minibatch, averaging)

    def step(rows: Tensor) -> None:
        outputs, _, vjp = linearise(policy, states[rows])
        outputs = outputs.detach().requires_grad_()
        new = policy.distribution(outputs)
        ratio = (new.log_prob(actions[rows]) - log_prob_old[rows]).exp()
        gain = objective(ratio, advantages[rows], policy.distribution(outputs_old[rows]), new)
        if entropy_bonus:
            gain = gain + entropy_bonus * new.entropy().mean()
        gradient = averaging.mean(vjp(torch.autograd.grad(gain, outputs)[0]), len(rows))
        shorten(gradient, max_gradient_norm)
        memory.theta.grad = gradient.neg_()
        memory.optimiser.step()

    try:
        for _ in range(epochs):
            order = torch.randperm(len(states), generator=memory.shuffler).to(states.device)
            for rows in split(order):
                step(rows)
            with torch.no_grad():
                new = policy(states)
                ratios = (new.log_prob(actions) - log_prob_old).exp()
                means = torch.stack([kl_divergence(old, new).mean(), new.entropy().mean()])
                kl, entropy = averaging.mean(means, len(states))
            found = torch.cat([ratios, kl[None], entropy[None]])
            require_finite("the new policy's distributions", found, averaging)
            if kl > kl_stop:
                break
    except BaseException:
        memory.load_state_dict(kept)
        raise
    theta_new = memory.theta.clone()
    vector_to_parameters(theta_new, parameters)
    means = torch.stack([((ratios - 1) * advantages).mean(), old.entropy().mean()])
    gain, before = averaging.mean(means, len(states))
    if entropy_bonus:
        gain = gain + entropy_bonus * (entropy - before)
    return PolicyUpdate(
        accepted=True,
        gain_predicted=(g @ (theta_new - theta_old)).item(),
        gain=gain.item(),
        kl_limit=math.inf,
        kl=kl.item(),
        cg_iterations=0,
        cg_residual=0.0,
        backtracks=0,
        gradient_norm=g.norm().item(),
        step_norm=(theta_new - theta_old).norm().item(),
        entropy=entropy.item(),
        **ratio_quantiles(averaging.rows(ratios)),
    )
