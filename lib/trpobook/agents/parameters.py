"""The weights of a module that are trained, one vector in their place, and the minibatches that train them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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


def minibatches(rows: int, averaging: Averaging, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the tensors (n, …) in pieces of `rows` rows, the last may be shorter.

    Of several processes each gives its share of the `rows`, and all have as many pieces as the one with the fewest:
    where the parts of the batch differ in size, so do the pieces.
    """
    share = -(-rows // averaging.size)
    number = -(-len(tensors[0]) // share)
    fewest = -averaging.most(-number)
    pieces = (torch.split(t, share) if number == fewest else torch.tensor_split(t, fewest) for t in tensors)
    yield from zip(*pieces, strict=True)
