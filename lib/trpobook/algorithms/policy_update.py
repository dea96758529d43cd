"""What every update of a policy reports, and the guards that every update shares."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.parameters import trained
from trpobook.agents.policies import Policy

Update = TypeVar("Update", bound="Callable[..., PolicyUpdate]")
log = logging.getLogger(__name__)


@dataclass
class PolicyUpdate:
    """What one update of a policy did. Quantiles are those of the ratio π_new(a|s)/π_old(a|s) over the batch.

    Of an update that was taken back (`guarded`) the ratios are 1, the entropy is the old policy's, the rest 0.
    """

    accepted: bool  # False: no candidate passed the line search, or the update overflowed; the old policy stands
    gain_predicted: float  # gᵀ(θ_new − θ_old), the linear model at the step taken
    gain: float  # L(θ_new) − L(θ_old) on the batch, in units of the advantage; any entropy bonus included
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


def guarded(update: Update) -> Update:
    """Decorate an update of (policy, states, actions, advantages, *, …) so that it is made whole or not at all.

    A NaN or an infinity in the batch comes from the task, and raises FloatingPointError before anything is done. One
    that turns up later is an overflow of the update's own: a resumed run, which repeats the numbers, would meet it at
    the same place again and never get past it. So the old policy is put back, the reason is logged, and the record
    says accepted=False: no gain, no divergence, ratios of 1. Any other exception, Ctrl-C too, passes on, and the
    policy is as it was.
    """

    @functools.wraps(update)
    def guarded_update(
        policy: Policy, states: Tensor, actions: Tensor, advantages: Tensor, **options: Any
    ) -> PolicyUpdate:
        for name, tensor in (("states", states), ("actions", actions), ("advantages", advantages)):
            require_finite(f"the batch's {name}", tensor)
        parameters = trained(policy.parameters())
        theta_old = parameters_to_vector(parameters).detach()
        try:
            return update(policy, states, actions, advantages, **options)
        except BaseException as error:
            vector_to_parameters(theta_old, parameters)
            if not isinstance(error, FloatingPointError):
                raise
            log.warning("update refused: %s", error)
        with torch.no_grad():
            entropy = options.get("averaging", ALONE).mean(policy(states).entropy().mean(), len(states)).item()
        return PolicyUpdate(
            accepted=False,
            gain_predicted=0.0,
            gain=0.0,
            kl_limit=options.get("delta", math.inf),
            kl=0.0,
            cg_iterations=0,
            cg_residual=0.0,
            backtracks=0,
            gradient_norm=0.0,
            step_norm=0.0,
            entropy=entropy,
            **ratio_quantiles(torch.ones(1)),
        )

    return cast(Update, guarded_update)


def ratio_quantiles(ratios: Tensor) -> dict[str, float]:
    """Return smallest, 5 %, 95 % and largest of the ratios (n,), under the names that `PolicyUpdate` has for them.

    The same numbers as torch.quantile's, which refuses more than 16 million rows.
    """
    names = ("ratio_min", "ratio_q05", "ratio_q95", "ratio_max")
    counting = ratios.dtype if len(ratios) < 2**24 else torch.float64  # a float32 doesn't count any further
    ranks = torch.tensor([0.0, 0.05, 0.95, 1.0], dtype=counting, device=ratios.device) * (len(ratios) - 1)
    ordered, below = ratios.sort().values, ranks.long()
    weights = (ranks - below).to(ratios.dtype)
    quantiles = ordered[below].lerp(ordered[ranks.ceil().long()], weights)
    return dict(zip(names, quantiles.tolist(), strict=True))


def require_finite(name: str, tensor: Tensor, averaging: Averaging = ALONE) -> None:
    """Raise FloatingPointError, saying where, when `tensor` holds a NaN or an infinity, on any of the processes."""
    if averaging.most(int(not tensor.isfinite().all())):
        raise FloatingPointError(f"NaN or infinity in {name}; the policy stays as it is")


def take_step(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    g: Tensor,
    step: Tensor,
    *,
    entropy_bonus: float,
    averaging: Averaging,
    cg_iterations: int = 0,
    cg_residual: float = 0.0,
) -> PolicyUpdate:
    """Move `policy` in place by `step`, whatever its length, and return the record of it.

    For updates without a trust region. `g` is the gradient at the old parameters.

    Raises: FloatingPointError when what comes of it is not finite.
    """
    parameters = trained(policy.parameters())
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
        vector_to_parameters(parameters_to_vector(parameters) + step, parameters)
        new = policy(states)
        log_prob_new = new.log_prob(actions)
        ratios = (log_prob_new - log_prob_old).exp()
        gain, entropy, before = ((ratios - 1) * advantages).mean(), new.entropy().mean(), old.entropy().mean()
        # the KL is no part of the step: it is infinite where a probability has become 0, and the step stands
        means = torch.stack([gain, kl_divergence(old, new).mean(), entropy, before])
        gain, kl, entropy, before = averaging.mean(means, len(states))
        if entropy_bonus:
            gain = gain + entropy_bonus * (entropy - before)
        found = torch.cat([log_prob_new, ratios, gain[None], entropy[None]])
        require_finite("the new policy's distributions", found, averaging)
    return PolicyUpdate(
        accepted=True,
        gain_predicted=(g @ step).item(),
        gain=gain.item(),
        kl_limit=math.inf,
        kl=kl.item(),
        cg_iterations=cg_iterations,
        cg_residual=cg_residual,
        backtracks=0,
        gradient_norm=g.norm().item(),
        step_norm=step.norm().item(),
        entropy=entropy.item(),
        **ratio_quantiles(averaging.rows(ratios)),
    )


def policy_gradient(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    entropy_bonus: float = 0.0,
    averaging: Averaging = ALONE,
) -> Tensor:
    """Return g = mean[A ∇log π(a|s)] as one vector (p,), in the order of ``policy.parameters()``. Lesson 02.

    With an `entropy_bonus` c it is the gradient of mean[A log π(a|s)] + c·mean entropy.

    Raises: FloatingPointError when g holds a NaN or an infinity.
    """
    distribution = policy(states)
    mean = (distribution.log_prob(actions) * advantages).mean()
    if entropy_bonus:
        mean = mean + entropy_bonus * distribution.entropy().mean()
    parameters = trained(policy.parameters())
    g = parameters_to_vector(torch.autograd.grad(mean, parameters, materialize_grads=True))
    g = averaging.mean(g, len(states))
    require_finite("the policy gradient", g)
    return g
