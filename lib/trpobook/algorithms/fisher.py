"""Products with the Fisher matrix of a policy, without ever forming it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from trpobook.agents.averaging import Averaging
from trpobook.agents.linearise import linearise
from trpobook.agents.parameters import trained
from trpobook.agents.policies import Policy

Product = Callable[[Tensor], Tensor]


def fisher_vector_product(policy: Policy, states: Tensor, *, damping: float = 0.0) -> Product:
    r"""Return the map v ↦ (F + damping·I) v, never forming F.

    F = E_s E_{a~π(·|s)}[∇log π ∇log πᵀ] = E_s[Bᵀ M B]: B is the Jacobian of the distribution's parameters, M the
    Fisher matrix of the distribution itself. One forward and one backward sweep a product; memory O(n + p). A
    policy that knows its own sweeps (`linearise`) is swept by hand over cached activations; any other goes through
    torch.func.

    Args:
        policy: maps states (n, …) to outputs (n, k), and has `metric`; p parameters are trained.
        states: visited by the old policy.
        damping: ξ ≥ 0, added to the diagonal.
    Returns: a function (p,) -> (p,), in the order of ``policy.parameters()``.
    Raises: ValueError when damping < 0 or states is empty.
    Lesson 08; Schulman et al. 2015, appendix C.
    """
    if not damping >= 0:
        raise ValueError(f"damping is {damping}; it must be at least 0")
    if len(states) == 0:
        raise ValueError("states is empty; give at least one state")
    outputs, forward, backward = linearise(policy, states)

    def product(v: Tensor) -> Tensor:
        return backward(policy.metric(outputs, forward(v)) / len(states)).add_(v, alpha=damping)

    return product


def averaged(
    make: Callable[..., Product], policy: Policy, states: Tensor, damping: float, averaging: Averaging
) -> Product:
    """Return the product that `make` makes of all states of a run, where each of its processes gives its own part."""
    product = make(policy, states, damping=damping)
    return lambda v: averaging.mean(product(v), len(states))


def fisher_vector_product_by_double_backward(policy: Policy, states: Tensor, *, damping: float = 0.0) -> Product:
    """Return the same map as `fisher_vector_product`, by differentiating the KL divergence twice: F v = ∇((∇KL)ᵀv).

    ∇KL is zero where old and new policy agree; its derivative is F. The old distribution must be detached: KL(π_θ‖π_θ)
    is zero for every θ, and the product would then be zero for every v, with no error raised. A parameter on which the
    distribution doesn't depend, such as a value function's on a shared trunk, has zeros in its rows of F.
    Lesson 08; Pearlmutter 1994.
    """
    parameters = trained(policy.parameters())
    new = policy(states)
    old = policy.distribution(policy.outputs(states).detach())
    kl = torch.distributions.kl_divergence(old, new).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True, materialize_grads=True))

    def product(v: Tensor) -> Tensor:
        curved = torch.autograd.grad(gradient @ v, parameters, retain_graph=True, materialize_grads=True)
        return parameters_to_vector(curved) + damping * v

    return product


def explicit_fisher(policy: Policy, states: Tensor) -> Tensor:
    """Return F (p, p), row by row from `fisher_vector_product_by_double_backward`: for small policies, in lessons."""
    product = fisher_vector_product_by_double_backward(policy, states)
    size = sum(p.numel() for p in trained(policy.parameters()))
    return torch.stack([product(row) for row in torch.eye(size, dtype=states.dtype, device=states.device)])
