"""A small policy and a batch of its own actions, for the tests of updates."""

import torch
from torch.nn.utils import parameters_to_vector

from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy


def make_batch(discrete: bool = False, rows: int = 200):
    """A small policy with states it acted in: (policy, states, actions, advantages), in the default float type."""
    generator = torch.Generator().manual_seed(0)
    policy = CategoricalPolicy(4, 3, (8,), generator) if discrete else GaussianPolicy(4, 2, (8,), -0.5, generator)
    states = torch.randn(rows, 4, generator=generator)
    with torch.no_grad():
        actions = policy.sample(states, generator)
    return policy, states, actions, torch.randn(rows, generator=generator)


def theta(policy) -> torch.Tensor:
    """A copy of the policy's parameters as one vector."""
    return parameters_to_vector(policy.parameters()).detach().clone()
