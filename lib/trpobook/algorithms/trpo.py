"""Trust region policy optimisation: one update."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.parameters import trained
from trpobook.agents.policies import Policy
from trpobook.algorithms.conjugate_gradient import Solution, conjugate_gradient
from trpobook.algorithms.fisher import Product, averaged, fisher_vector_product
from trpobook.algorithms.line_search import Accepted, line_search
from trpobook.algorithms.policy_update import PolicyUpdate, guarded, ratio_quantiles, require_finite


def mean_weighted_advantage(ratio: Tensor, advantages: Tensor) -> Tensor:
    """Return mean[r·A], the surrogate of a batch from one path. Lesson 04."""
    return (ratio * advantages).mean()


@guarded
def trpo_update(
    policy: Policy,
    states: Tensor,
    actions: Tensor,
    advantages: Tensor,
    *,
    delta: float,
    damping: float = 0.1,
    cg_iterations: int = 10,
    cg_rtol: float = 1e-2,
    fisher_stride: int = 1,
    entropy_bonus: float = 0.0,
    surrogate: Callable[[Tensor, Tensor], Tensor] = mean_weighted_advantage,
    conjugate_gradient: Callable[..., Solution] = conjugate_gradient,
    fisher_vector_product: Callable[..., Product] = fisher_vector_product,
    line_search: Callable[..., Accepted] = line_search,
    averaging: Averaging = ALONE,
) -> PolicyUpdate:
    r"""Update `policy` in place by one TRPO step and return a record of it.

    Maximises L(θ) = mean[π_θ(a|s)/π_old(a|s)·A] subject to mean KL(π_old ‖ π_θ) ≤ δ:
        s ≈ (F + ξI)⁻¹g by conjugate gradients,  b = √(2δ / sᵀFs),  θ ← θ + c·b·s by backtracking in c.
    Damping shapes the direction only. The length comes from the undamped curvature sᵀFs: with (F + ξI) in its place
    the step would use a fraction of δ that falls as ξ grows.

    Args:
        policy: maps states to a distribution.
        states: (n, state_dim), visited by the policy as it stands.
        actions: (n, …), drawn from it there.
        advantages: (n,); their scale does not matter, their mean does.
        delta: δ, nats.
        damping: ξ.
        cg_iterations, cg_rtol: when conjugate gradients stop.
        fisher_stride: every how many-th state enters the Fisher matrix, ≥ 1. Divisors of the number of environments
            would leave some environments out.
        entropy_bonus: c; L, its gradient and the line search's gain get c·mean entropy in addition.
        surrogate: L as a function of ratios and advantages, both (n,); the vine has one of its own.
        conjugate_gradient, fisher_vector_product, line_search: the library's, or the reader's own.
        averaging: over the processes of the run, each of which gives its part of the batch.
    Raises: FloatingPointError when the batch holds a NaN or an infinity. A step to one is not made: `guarded`.
    Lesson 09; Schulman et al. 2015, appendix C.
    """
    parameters = trained(policy.parameters())
    theta_old = parameters_to_vector(parameters).detach()
    outputs_old = policy.outputs(states)
    old = policy.distribution(outputs_old.detach())
    log_prob_old = old.log_prob(actions)
    latest = theta_old, outputs_old

    def new_policy(theta: Tensor) -> Distribution:
        """Return π_θ on the batch; the last θ is kept, since its KL and its surrogate are asked for in turn."""
        nonlocal latest
        if not torch.equal(theta, latest[0]):
            vector_to_parameters(theta, parameters)
            latest = theta.clone(), policy.outputs(states)
        return policy.distribution(latest[1])

    def ratio(theta: Tensor) -> Tensor:
        return (new_policy(theta).log_prob(actions) - log_prob_old).exp()

    def objective(theta: Tensor) -> Tensor:
        value = surrogate(ratio(theta), advantages)
        return value + entropy_bonus * new_policy(theta).entropy().mean() if entropy_bonus else value

    def mean(here: Tensor) -> Tensor:
        return averaging.mean(here, len(states))

    def gain(theta: Tensor) -> float:
        return mean(objective(theta)).item()

    def kl(theta: Tensor) -> float:
        return mean(kl_divergence(old, new_policy(theta)).mean()).item()

    g = mean(parameters_to_vector(torch.autograd.grad(objective(theta_old), parameters, materialize_grads=True)))
    require_finite("the policy gradient", g)
    product = averaged(fisher_vector_product, policy, states[::fisher_stride], damping, averaging)
    s, iterations, residual = conjugate_gradient(product, g, max_iterations=cg_iterations, rtol=cg_rtol)
    require_finite("the natural gradient", s)
    curvature = s @ product(s) - damping * (s @ s)
    require_finite("the curvature sᵀFs", curvature)
    step = s * (2 * delta / curvature).sqrt() if curvature > 0 else torch.zeros_like(s)
    latest = theta_old, outputs_old.detach()
    with torch.no_grad():
        result = line_search(gain, kl, theta_old, step, delta=delta, predicted=(g @ step).item())
        ratios = ratio(result.theta)
        entropy = mean(new_policy(result.theta).entropy().mean())
        require_finite("the new policy's distributions", torch.cat([ratios, entropy[None]]), averaging)
    vector_to_parameters(result.theta, parameters)
    return PolicyUpdate(
        accepted=result.accepted,
        gain_predicted=(g @ (result.theta - theta_old)).item(),
        gain=result.gain,
        kl_limit=delta,
        kl=result.kl,
        cg_iterations=iterations,
        cg_residual=residual,
        backtracks=result.backtracks,
        gradient_norm=g.norm().item(),
        step_norm=(result.theta - theta_old).norm().item(),
        entropy=entropy.item(),
        **ratio_quantiles(averaging.rows(ratios)),
    )
