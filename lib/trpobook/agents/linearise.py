"""The two sweeps of a network's Jacobian, by automatic differentiation."""

from __future__ import annotations

from torch import Tensor, nn
from torch.func import functional_call, jvp, vjp
from torch.nn.utils import parameters_to_vector


def linearise_by_autograd(policy: nn.Module, states: Tensor):
    """Return (outputs, jvp, vjp) of `policy.outputs` for any differentiable policy, by torch.func. Lesson 08."""
    theta = {name: p.detach() for name, p in policy.named_parameters()}

    def outputs_at(parameters):
        return functional_call(_Outputs(policy), {f"policy.{name}": p for name, p in parameters.items()}, (states,))

    outputs, pull_back = vjp(outputs_at, theta)

    def forward(v: Tensor) -> Tensor:
        pieces = v.split([p.numel() for p in theta.values()])
        direction = {name: piece.view_as(p) for (name, p), piece in zip(theta.items(), pieces, strict=True)}
        return jvp(outputs_at, (theta,), (direction,))[1]

    def backward(u: Tensor) -> Tensor:
        return parameters_to_vector(pull_back(u)[0].values())

    return outputs, forward, backward


class _Outputs(nn.Module):
    """A module whose forward is the policy's `outputs`, since functional_call knows only forward."""

    def __init__(self, policy: nn.Module):
        super().__init__()
        self.policy = policy

    def forward(self, states: Tensor) -> Tensor:
        return self.policy.outputs(states)
