"""The two sweeps of a policy's Jacobian: its own, or those of automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp, vjp
from torch.nn.utils import parameters_to_vector

Sweep = Callable[[Tensor], Tensor]
Linearised = tuple[Tensor, Sweep, Sweep]  # outputs (n, k); jvp, v (p,) -> B v (n, k); vjp, u (n, k) -> Bᵀu (p,)


class Differentiable(Protocol):
    """A module whose `outputs` are to be linearised in its weights."""

    def outputs(self, states: Tensor) -> Tensor: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...


def linearise(policy: Differentiable, states: Tensor) -> Linearised:
    """Return (outputs, jvp, vjp) of `policy.outputs` in the parameters that are trained.

    By the policy's own `linearise` where it has one and all its parameters are trained, else by torch.func.
    Lesson 08.
    """
    own = getattr(policy, "linearise", None)
    if own is None or not all(p.requires_grad for p in policy.parameters()):
        return linearise_by_autograd(policy, states)
    swept: Linearised = own(states)
    return swept


def linearise_by_autograd(policy: Differentiable, states: Tensor) -> Linearised:
    """Return (outputs, jvp, vjp) of `policy.outputs` for any differentiable policy, by torch.func. Lesson 08."""
    theta = {name: p.detach() for name, p in policy.named_parameters() if p.requires_grad}

    def outputs_at(parameters: dict[str, Tensor]) -> Tensor:
        named = {f"policy.{name}": p for name, p in parameters.items()}
        outputs: Tensor = functional_call(_Outputs(policy), named, (states,))
        return outputs

    outputs, pull_back = vjp(outputs_at, theta)[:2]

    def forward(v: Tensor) -> Tensor:
        pieces = torch.split(v, [p.numel() for p in theta.values()])
        direction = {name: piece.view_as(p) for (name, p), piece in zip(theta.items(), pieces, strict=True)}
        moved: Tensor = jvp(outputs_at, (theta,), (direction,))[1]
        return moved

    def backward(u: Tensor) -> Tensor:
        return parameters_to_vector(pull_back(u)[0].values())

    return outputs, forward, backward


class _Outputs(nn.Module):
    """A module whose forward is the policy's `outputs`, since functional_call knows only forward."""

    def __init__(self, policy: Differentiable):
        super().__init__()
        self.policy = policy

    def forward(self, states: Tensor) -> Tensor:
        return self.policy.outputs(states)
