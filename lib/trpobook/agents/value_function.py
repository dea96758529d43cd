"""The value function V(s) and its regression on returns."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.networks import State, make_network
from trpobook.agents.parameters import shorten, splitter, tie


class ValueFunction(nn.Module):
    """V(s) by a network, with an Adam optimiser of its own that lives on from fit to fit.

    All weights are views of one flat vector, so that Adam takes one step on one tensor: on minibatches of a hundred
    rows the overhead of six tensors costs more than the arithmetic. It may be copied, moved to another device, turned
    into another float type and given other weights: each fit ties weights and vector together again.
    """

    def __init__(
        self,
        state: State,
        hidden: Sequence[int],
        learning_rate: float,
        generator: torch.Generator,
        device: torch.device | str = "cpu",
    ):
        super().__init__()
        self.network = make_network(state, (*hidden, 1), 1.0, generator).to(device)
        self.theta = torch.empty(0)
        self.optimiser = torch.optim.Adam([self.theta], lr=learning_rate, fused=True)
        tie(self.theta, self.optimiser, list(self.network.parameters()))

    def forward(self, states: Tensor) -> Tensor:
        """Return V of each of `states` (…, state_dim), or of frames (…, channels, height, width), shape (…)."""
        values: Tensor = self.network(states)
        return values.squeeze(-1)

    @torch.no_grad()
    def fit(
        self,
        states: Tensor,
        targets: Tensor,
        epochs: int,
        minibatch: int,
        generator: torch.Generator,
        max_gradient_norm: float = math.inf,
        averaging: Averaging = ALONE,
    ) -> None:
        """Regress V(states) on `targets` (n,) by least squares, in shuffled minibatches.

        A minibatch's gradient longer than `max_gradient_norm` is shortened to it. In a run of several processes
        `minibatch` counts the rows of all of them together.

        Raises: FloatingPointError when the weights do not stay finite; they, and the optimiser's
        averages, are then those from before the call.
        Lesson 03.
        """
        tie(self.theta, self.optimiser, list(self.network.parameters()))
        before = self.theta.clone(), copy.deepcopy(self.optimiser.state_dict())
        split = splitter(len(states), minibatch, averaging)
        for _ in range(epochs):
            order = torch.randperm(len(states), generator=generator).to(states.device)
            for x, y in zip(split(states[order]), split(targets[order, None]), strict=True):
                values, _, vjp = self.network.linearise(x)
                gradient = averaging.mean(vjp((values - y) * (2 / len(x))), len(x))
                if max_gradient_norm < math.inf:
                    shorten(gradient, max_gradient_norm)
                self.theta.grad = gradient
                self.optimiser.step()
        if not self.theta.isfinite().all():
            self.theta.copy_(before[0])
            self.optimiser.load_state_dict(before[1])
            raise FloatingPointError("the value function's weights became NaN or infinite; those before the fit stand")
