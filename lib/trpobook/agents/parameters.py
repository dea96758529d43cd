"""The weights of a module that are trained, one vector in their place, and the minibatches that train them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim import Optimizer

from trpobook.agents.averaging import Averaging


def trained(parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """Return those of the parameters that an update moves: with requires_grad=False one stays as it is."""
    return [p for p in parameters if p.requires_grad]


def tie(theta: Tensor, optimiser: Optimizer, parameters: Sequence[nn.Parameter]) -> None:
    """Make `theta` (p,) hold the parameters' values, and the parameters views of it; `optimiser` is theta's.

    One step on one tensor then moves every weight. Copying a module, `.to()` and `.double()` give the weights memory
    of their own and leave theta behind, so each fit begins with this: theta and the optimiser's averages follow the
    weights, to their device and float type too.
    """
    theta.data = parameters_to_vector(parameters).detach()
    vector_to_parameters(theta, parameters)
    optimiser.load_state_dict(optimiser.state_dict())  # which moves the averages to where theta is


def shorten(gradient: Tensor, most: float) -> None:
    """Scale `gradient` in place to the norm `most` where it is longer; nothing waits for the device to say whether."""
    gradient.div_((gradient.norm() / most).clamp(min=1))


def splitter(n: int, minibatch: int, averaging: Averaging) -> Callable[[Tensor], Sequence[Tensor]]:
    """Return what splits a tensor of n rows into minibatches of so many rows; the last one may be smaller.

    Of several processes each gives its share of a minibatch, and all have as many as the one with the fewest: where
    the parts of the batch differ in size, so do the shares.
    """
    share = -(-minibatch // averaging.size)
    number = -(-n // share)
    fewest = -averaging.most(-number)
    if number == fewest:
        return lambda tensor: torch.split(tensor, share)
    return lambda tensor: torch.tensor_split(tensor, fewest)
