"""The value function V(s) and its regression on returns."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from trpobook.agents.policies import State, make_network


class ValueFunction(nn.Module):
    """V(s) by a network, with an Adam optimiser of its own that lives on from fit to fit.

    All weights are views of one flat vector, so that Adam takes one step on one tensor: on minibatches of a hundred
    rows the overhead of six tensors costs more than the arithmetic.
    """

    def __init__(self, state: State, hidden, learning_rate: float, generator: torch.Generator, device="cpu"):
        super().__init__()
        self.network = make_network(state, (*hidden, 1), 1.0, generator).to(device)
        self.theta = nn.utils.parameters_to_vector(self.network.parameters()).detach().clone()
        for p, piece in zip(
            self.network.parameters(),
            self.theta.split([p.numel() for p in self.network.parameters()]),
            strict=True,
        ):
            p.data = piece.view_as(p)
        self.optimiser = torch.optim.Adam([self.theta], lr=learning_rate, fused=True)

    def forward(self, states: Tensor) -> Tensor:
        """Return V of each of `states` (…, state_dim), or of frames (…, channels, height, width), shape (…)."""
        return self.network(states).squeeze(-1)

    @torch.no_grad()
    def fit(self, states: Tensor, targets: Tensor, epochs: int, minibatch: int, generator: torch.Generator) -> None:
        """Regress V(states) on `targets` (n,) by least squares, in shuffled minibatches.

        Raises: FloatingPointError when the weights do not stay finite; they, and the optimiser's
        averages, are then those from before the call.
        Lesson 03.
        """
        before = self.theta.clone(), copy.deepcopy(self.optimiser.state_dict())
        for _ in range(epochs):
            order = torch.randperm(len(states), generator=generator).to(states.device)
            for x, y in zip(states[order].split(minibatch), targets[order, None].split(minibatch), strict=True):
                values, _, vjp = self.network.linearise(x)
                self.theta.grad = vjp((values - y) * (2 / len(x)))
                self.optimiser.step()
        if not self.theta.isfinite().all():
            self.theta.copy_(before[0])
            self.optimiser.load_state_dict(before[1])
            raise FloatingPointError("the value function's weights became NaN or infinite; those before the fit stand")
