"""The weights of a module that are trained, and one vector in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim import Optimizer


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
