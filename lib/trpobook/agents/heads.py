"""Heads: what a network's outputs mean as a distribution over actions. A head and a network are a policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, Normal

from trpobook.agents.distributions import MultiCategorical


class Head(nn.Module, ABC):
    """All of a policy but the outputs: inherit one of the four heads below, write `outputs(states)`, and you have one.

    For instance, with two layers that know nothing of this library:

        class MyPolicy(CategoricalHead):
            def __init__(self):
                super().__init__()
                self.body, self.logits = nn.Linear(4, 32), nn.Linear(32, 2)

            def outputs(self, states):
                return self.logits(torch.relu(self.body(states)))
    """

    @abstractmethod
    def outputs(self, states: Tensor) -> Tensor:
        """Return the parameters (n, k) of the distributions of the actions in `states` (n, …)."""

    @abstractmethod
    def distribution(self, outputs: Tensor) -> Distribution:
        """Return the distributions with the parameters `outputs`."""

    @abstractmethod
    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        """Return one action per state, drawn from its distribution."""

    @abstractmethod
    def mode(self, states: Tensor) -> Tensor:
        """Return the most likely action in each state."""

    @abstractmethod
    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Return M·tangent for each state, both (n, k), M the distribution's Fisher matrix in its parameters."""

    def forward(self, states: Tensor) -> Distribution:
        """Return the distribution of the action in each of `states` (n, …)."""
        return self.distribution(self.outputs(states))


class GaussianHead(Head):
    """π(a|s) = N(μ(s), diag σ²), for boxes: `outputs` are μ and log σ side by side, (n, 2k); actions are (n, k).

    In these coordinates the distribution's own Fisher matrix is M = diag(1/σ², 2). Actions are not clipped here: the
    task clips them, and the log-probability is that of the action drawn (lesson 10).
    """

    def moments(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ (n, k) and log σ, (n, k) or (k,)."""
        mean, log_std = self.outputs(states).chunk(2, dim=-1)
        return mean, log_std

    def distribution(self, outputs: Tensor) -> Independent[Normal]:
        mean, log_std = outputs.chunk(2, dim=-1)
        return Independent(Normal(mean, log_std.exp(), validate_args=False), 1, validate_args=False)

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_std = self.moments(states)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return torch.addcmul(mean, log_std.exp(), noise)

    def mode(self, states: Tensor) -> Tensor:
        return self.moments(states)[0]

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Return M·tangent for each state, M = diag(1/σ², 2) in the coordinates (μ, log σ). Lesson 07."""
        log_std = outputs.chunk(2, dim=-1)[1]
        moved_mean, moved_log_std = tangent.chunk(2, dim=-1)
        return torch.cat([moved_mean * (-2 * log_std).exp(), 2 * moved_log_std], dim=-1)


class CategoricalHead(Head):
    """π(a|s) = softmax of the logits `outputs(states)`, (n, options), for a Discrete space; actions are (n,) from 0.

    In the logits the distribution's own Fisher matrix is M = diag(p) − p pᵀ.
    """

    def distribution(self, outputs: Tensor) -> Categorical:
        return Categorical(logits=outputs, validate_args=False)

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        return torch.multinomial(self.outputs(states).softmax(-1), 1, generator=generator)[:, 0]

    def mode(self, states: Tensor) -> Tensor:
        return self.outputs(states).argmax(-1)

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Return M·tangent for each state, M = diag(p) − p pᵀ. Lesson 07."""
        return _softmax_metric(outputs, tangent)


class MultiCategoricalHead(Head):
    """k independent softmaxes, for a MultiDiscrete space: `outputs` are all logits side by side, (n, Σ sizes).

    Actions are (n, k) from 0. M has a block diag(p) − p pᵀ for each choice.
    """

    def __init__(self, sizes: Sequence[int]):
        """Take the number of options of each choice."""
        super().__init__()
        self.sizes = list(sizes)

    def distribution(self, outputs: Tensor) -> MultiCategorical:
        return MultiCategorical(outputs, self.sizes)

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        pieces = torch.split(self.outputs(states), self.sizes, -1)
        return torch.cat([torch.multinomial(z.softmax(-1), 1, generator=generator) for z in pieces], -1)

    def mode(self, states: Tensor) -> Tensor:
        return torch.stack([z.argmax(-1) for z in torch.split(self.outputs(states), self.sizes, -1)], -1)

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        pairs = zip(*(torch.split(x, self.sizes, -1) for x in (outputs, tangent)), strict=True)
        return torch.cat([_softmax_metric(z, moved) for z, moved in pairs], -1)


class BernoulliHead(Head):
    """k independent coins, for a MultiBinary space: `outputs` are their logits log(p/(1 − p)), (n, k).

    Actions are (n, k), of 0 and 1. M = diag(p(1 − p)).
    """

    def distribution(self, outputs: Tensor) -> Independent[Bernoulli]:
        return Independent(Bernoulli(logits=outputs, validate_args=False), 1, validate_args=False)

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        return torch.bernoulli(self.outputs(states).sigmoid(), generator=generator)

    def mode(self, states: Tensor) -> Tensor:
        outputs = self.outputs(states)
        return (outputs > 0).to(outputs.dtype)

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        return outputs.sigmoid() * (-outputs).sigmoid() * tangent


def _softmax_metric(logits: Tensor, tangent: Tensor) -> Tensor:
    p = logits.softmax(-1)
    moved = p * tangent
    return moved - p * moved.sum(-1, keepdim=True)
