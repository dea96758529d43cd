"""Policies: what a run needs of one, the book's own, and the check of a reader's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.distributions import Distribution, kl_divergence

from trpobook.agents.heads import BernoulliHead, CategoricalHead, GaussianHead, Head, MultiCategoricalHead
from trpobook.agents.linearise import Linearised, linearise
from trpobook.agents.networks import Network, State, make_network, state_of
from trpobook.agents.parameters import trained


class Policy(Protocol):
    """A torch.nn.Module that acts: what every update, sampler and evaluation asks of a policy, and no more.

    The heads in heads.py have all of it but `outputs`. A policy acts in coordinates of its own, n states at a time:

        task's action space    the policy's actions
        Box                    (n, k) floats, k numbers in all; −1 and 1 are the ends of a finite range
        Discrete               (n,) whole numbers from 0
        MultiDiscrete          (n, k) whole numbers from 0
        MultiBinary            (n, k) of 0 and 1

    The outputs are the parameters of the distributions, and depend on the states alone: no dropout. All parameters
    with requires_grad are trained; those on which the outputs don't depend, such as a value function's on a shared
    trunk, are left where they are.

    Optional: `linearise(states)`, which returns the outputs and the two sweeps of their Jacobian in all parameters,
    as `MLP.linearise` does. Without it automatic differentiation sweeps, which takes about twice the time.
    """

    def outputs(self, states: Tensor) -> Tensor:
        """Return the parameters (n, k) of the distributions of the actions in `states` (n, …)."""
        ...

    def distribution(self, outputs: Tensor) -> Distribution:
        """Return the distributions that these parameters have: log_prob and entropy (n,), and a KL divergence."""
        ...

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Return M·tangent for each state, both (n, k), M the distribution's own Fisher matrix in its parameters."""
        ...

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        """Return one action per state, drawn from its distribution with this generator and no other."""
        ...

    def mode(self, states: Tensor) -> Tensor:
        """Return the most likely action in each state."""
        ...

    def __call__(self, states: Tensor) -> Distribution:
        """Return `distribution(outputs(states))`."""
        ...

    # What follows every torch.nn.Module has.

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any: ...

    def to(self, device: torch.device) -> Any: ...


class GaussianPolicy(GaussianHead):
    """N(μ(s), diag σ²): the mean μ is a network of the state, log σ a vector of its own."""

    def __init__(
        self, state: State, action_dim: int, hidden: Sequence[int], log_std: float, generator: torch.Generator
    ):
        super().__init__()
        self.mean = make_network(state, (*hidden, action_dim), 0.01, generator)
        self.log_std = nn.Parameter(torch.full((action_dim,), float(log_std)))

    def moments(self, states: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean(states), self.log_std

    def outputs(self, states: Tensor) -> Tensor:
        mean: Tensor = self.mean(states)
        return torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)

    @torch.no_grad()
    def linearise(self, states: Tensor) -> Linearised:
        """Return (outputs, jvp, vjp) as `MLP.linearise` does; log σ comes first in `parameters()`."""
        mean, mean_jvp, mean_vjp = self.mean.linearise(states)
        dim = self.log_std.numel()
        outputs = torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)

        def jvp(v: Tensor) -> Tensor:
            return torch.cat([mean_jvp(v[dim:]), v[:dim].expand_as(mean)], dim=-1)

        def vjp(u: Tensor) -> Tensor:
            return torch.cat([u[:, dim:].sum(0), mean_vjp(u[:, :dim])])

        return outputs, jvp, vjp


class LogitPolicy(Head):
    """A policy whose outputs are logits that one network gives."""

    logits: Network

    def outputs(self, states: Tensor) -> Tensor:
        outputs: Tensor = self.logits(states)
        return outputs

    def linearise(self, states: Tensor) -> Linearised:
        """Return (outputs, jvp, vjp) as `MLP.linearise` does."""
        return self.logits.linearise(states)


class CategoricalPolicy(LogitPolicy, CategoricalHead):
    """One choice among `actions`."""

    def __init__(self, state: State, actions: int, hidden: Sequence[int], generator: torch.Generator):
        super().__init__()
        self.logits = make_network(state, (*hidden, actions), 0.01, generator)


class MultiCategoricalPolicy(LogitPolicy, MultiCategoricalHead):
    """Several choices at once, of `sizes` options each."""

    def __init__(self, state: State, sizes: Sequence[int], hidden: Sequence[int], generator: torch.Generator):
        super().__init__(sizes)
        self.logits = make_network(state, (*hidden, sum(sizes)), 0.01, generator)


class BernoulliPolicy(LogitPolicy, BernoulliHead):
    """`coins` yes-or-no choices at once."""

    def __init__(self, state: State, coins: int, hidden: Sequence[int], generator: torch.Generator):
        super().__init__()
        self.logits = make_network(state, (*hidden, coins), 0.01, generator)


def make_policy(
    observation_space: spaces.Box,
    action_space: spaces.Space[Any],
    *,
    hidden: Sequence[int],
    log_std: float,
    generator: torch.Generator,
) -> Head:
    """Return a new policy that follows the task's action space.

    Args:
        observation_space: as the networks see it, a vector (n,) or frames (channels, height, width).
        action_space: a Box or MultiBinary of any shape, Discrete or MultiDiscrete of any start: the task's own.
        hidden: widths of the network's hidden layers.
        log_std: initial log σ of a Gaussian policy.
        generator: source of the initial weights.
    Raises: ValueError when no policy serves the spaces.
    """
    if not isinstance(observation_space, spaces.Box) or len(observation_space.shape) not in (1, 3):
        raise ValueError(
            f"observation space {observation_space}: a policy needs a vector of numbers, a 1-D Box, "
            "or frames, a 3-D Box"
        )
    state, size = state_of(observation_space), math.prod(_action_shape(action_space))
    if isinstance(action_space, spaces.Discrete):
        return CategoricalPolicy(state, int(action_space.n), hidden, generator)
    if isinstance(action_space, spaces.MultiDiscrete):
        return MultiCategoricalPolicy(state, action_space.nvec.ravel().tolist(), hidden, generator)
    if isinstance(action_space, spaces.MultiBinary):
        return BernoulliPolicy(state, size, hidden, generator)
    return GaussianPolicy(state, size, hidden, log_std, generator)


def check_policy(policy: Policy, states: Tensor, action_space: spaces.Space[Any]) -> None:
    """Ask a reader's policy for all that a run will ask it for, on a few `states` (n, …).

    No random numbers are used but those of a generator of its own.

    Raises: ValueError that names the first thing that is missing, fails, or has the wrong shape.
    """
    name, n = type(policy).__name__, len(states)

    def call(what: str, function: Callable[..., Any], *arguments: object) -> Any:
        try:
            return function(*arguments)
        except Exception as error:  # a reader's code may raise anything
            reason = str(error).partition("\n")[0]
            raise ValueError(f"{name}: {what} raised {type(error).__name__}: {reason}") from error

    def expect(shape: tuple[int | str, ...], what: str, function: Callable[..., Any], *arguments: object) -> Tensor:
        found = call(what, function, *arguments)
        if isinstance(found, Tensor):
            alike = len(found.shape) == len(shape)
            if alike and all(b in (a, "k") for a, b in zip(found.shape, shape, strict=True)):
                return found
            kind = f"of shape {tuple(found.shape)}"
        else:
            kind = f"a {type(found).__name__}"
        raise ValueError(f"{name}: {what} is {kind}; it must be a tensor of shape ({', '.join(map(str, shape))})")

    if not isinstance(policy, nn.Module):
        raise ValueError(f"{name} is no torch.nn.Module")
    for needed in ("outputs", "distribution", "metric", "sample", "mode"):
        if not callable(getattr(policy, needed, None)):
            raise ValueError(f"{name} has no `{needed}`; write it, or inherit it from a head of trpobook.agents.heads")
    parameters = trained(policy.parameters())
    if not parameters:
        raise ValueError(f"{name} has no parameters to train, none with requires_grad among its parameters()")
    outputs = expect((n, "k"), "outputs(states)", policy.outputs, states)
    if not outputs.requires_grad:
        raise ValueError(f"{name}: outputs(states) can't be differentiated; leave out detach() and no_grad()")
    if not torch.equal(outputs, policy.outputs(states)):
        raise ValueError(f"{name}: outputs(states) differ from call to call; leave out dropout, or call eval()")
    outputs = outputs.detach()
    generator = torch.Generator(outputs.device).manual_seed(0)
    shape = (n, *_action_shape(action_space))
    actions = expect(shape, f"sample(states) for {action_space}", policy.sample, states, generator)
    expect(shape, f"mode(states) for {action_space}", policy.mode, states)
    old, now = call("distribution(outputs)", policy.distribution, outputs), call("policy(states)", policy, states)
    if not isinstance(old, Distribution):
        raise ValueError(f"{name}: distribution(outputs) is a {type(old).__name__}, not one of torch.distributions")
    expect((n,), "distribution(outputs).log_prob(actions)", old.log_prob, actions)
    expect((n,), "policy(states).log_prob(actions)", now.log_prob, actions)
    expect((n,), "policy(states).entropy()", now.entropy)
    expect((n,), "KL divergence of distribution(outputs) and policy(states)", kl_divergence, old, now)
    expect(tuple(outputs.shape), "metric(outputs, tangent)", policy.metric, outputs, outputs)
    _, jvp, vjp = call("linearise(states)", linearise, policy, states)
    size = sum(p.numel() for p in parameters)
    expect(tuple(outputs.shape), "linearise(states)[1](direction)", jvp, outputs.new_zeros(size))
    expect((size,), "linearise(states)[2](outputs)", vjp, outputs)


def _action_shape(space: spaces.Space[Any]) -> tuple[int, ...]:
    """Return the shape of one of a policy's actions. Raises: ValueError for a space that no policy serves."""
    if isinstance(space, spaces.Discrete):
        return ()
    kinds = (spaces.Box, spaces.MultiDiscrete, spaces.MultiBinary)
    if not isinstance(space, kinds) or not (size := math.prod(space.shape or ())):
        raise ValueError(
            f"action space {space}: no policy serves it; use a Box, Discrete, MultiDiscrete or MultiBinary space"
        )
    return (size,)
