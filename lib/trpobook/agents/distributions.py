"""The distribution over actions that PyTorch lacks: several discrete choices at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, kl_divergence, register_kl


class MultiCategorical(Distribution):
    """k independent categorical choices, of sizes[0], sizes[1], … options: an action is a row (…, k) from 0.

    Probabilities multiply, so log-probabilities, entropies and KL divergences add. PyTorch's `Independent` can't hold
    choices of different sizes.

    Args:
        logits: (…, Σ sizes), those of the choices side by side.
        sizes: options of each choice.
    """

    def __init__(self, logits: Tensor, sizes: Sequence[int]):
        pieces = torch.split(logits, list(sizes), -1)
        self.choices: list[Distribution] = [Categorical(logits=piece, validate_args=False) for piece in pieces]
        super().__init__(logits.shape[:-1], torch.Size([len(sizes)]), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """Return log p of the actions (…, k), (…)."""
        columns = value.unbind(-1)
        return torch.stack([c.log_prob(column) for c, column in zip(self.choices, columns, strict=True)]).sum(0)

    def entropy(self) -> Tensor:
        """Return the entropies, nats, (…)."""
        return torch.stack([choice.entropy() for choice in self.choices]).sum(0)

    @property
    def mode(self) -> Tensor:
        return torch.stack([choice.mode for choice in self.choices], -1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Return actions (*sample_shape, …, k)."""
        return torch.stack([choice.sample(torch.Size(sample_shape)) for choice in self.choices], -1)


@register_kl(MultiCategorical, MultiCategorical)  # type: ignore[no-untyped-call, untyped-decorator]
def _kl(p: MultiCategorical, q: MultiCategorical) -> Tensor:
    return torch.stack([kl_divergence(a, b) for a, b in zip(p.choices, q.choices, strict=True)]).sum(0)
