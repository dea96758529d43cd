"""Policies, and the networks inside them, which know the two sweeps of their own Jacobian."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, Normal

from trpobook.agents.linearise import linearise_by_autograd

Sweep = Callable[[Tensor], Tensor]


class MLP(nn.Module):
    """A tanh network with orthogonal weights and zero biases.

    Args:
        sizes: input, hidden and output widths, for instance (11, 64, 64, 3).
        output_gain: scale of the last layer. 0.01 makes a new policy's actions all but independent of the state.
        generator: source of the initial weights.
    Source: Saxe et al. 2014 for the orthogonal start; Engstrom et al. 2020 for how much it matters.
    """

    def __init__(self, sizes: Sequence[int], output_gain: float, generator: torch.Generator):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        for layer in self.layers:
            last = layer is self.layers[-1]
            nn.init.orthogonal_(layer.weight, output_gain if last else math.sqrt(2), generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            inputs = torch.tanh(layer(inputs))
        return last(inputs)

    @torch.no_grad()
    def linearise(self, inputs: Tensor) -> tuple[Tensor, Sweep, Sweep]:
        """Return (outputs, jvp, vjp): the outputs at `inputs`, and the two sweeps of their Jacobian J in the weights.

        jvp maps a direction v (p,) to J v (n, outputs), forward through the layers; vjp maps u (n, outputs) to
        Jᵀu (p,), backward. Both reuse one set of activations, where autograd would build its graph again for every
        product, at more than twice the time. Order of the p weights: that of `parameters()`.
        Lesson 08.
        """
        weights = [layer.weight.detach() for layer in self.layers]
        activations = [inputs]
        for layer in self.layers[:-1]:
            # tanh z = 2σ(2z) − 1: on a CPU PyTorch's σ takes a third of the time of its tanh
            doubled = torch.addmm(layer.bias, activations[-1], layer.weight.T, beta=2, alpha=2)
            activations.append(doubled.sigmoid_().mul_(2).sub_(1))
        outputs = self.layers[-1](activations[-1])
        slopes = [1 - h * h for h in activations[1:]]
        sizes = [size for w in weights for size in (w.numel(), len(w))]

        def jvp(v: Tensor) -> Tensor:
            pieces = v.split(sizes)
            tangent = None
            for k, weight in enumerate(weights):
                moved = torch.addmm(pieces[2 * k + 1], activations[k], pieces[2 * k].view_as(weight).T)
                if tangent is not None:
                    moved.addmm_(tangent.mul_(slopes[k - 1]), weight.T)
                tangent = moved
            return tangent

        def vjp(u: Tensor) -> Tensor:
            result = u.new_empty(sum(sizes))
            pieces = result.split(sizes)
            for k in reversed(range(len(weights))):
                torch.mm(u.T, activations[k], out=pieces[2 * k].view_as(weights[k]))
                torch.sum(u, 0, out=pieces[2 * k + 1])
                if k:
                    u = (u @ weights[k]).mul_(slopes[k - 1])
            return result

        return outputs, jvp, vjp


class ConvNet(nn.Module):
    """Two convolutions and dense layers, ReLU between them, for frames of bytes; orthogonal weights, zero biases.

    16 filters of 6 by 6 pixels, 4 apart, then 32 of 4 by 4 places, 2 apart. They fit 42 pixels without a rest: filters
    of 8 by 8 would leave the last 6 rows and columns unseen, and the bat of Breakout is down there.

    Args:
        shape: of one state, (channels, height, width), 18, 26, 34, 42 … pixels each way.
        sizes: widths of the dense layers that follow, hidden ones and the outputs, for instance (128, 4).
        output_gain: scale of the last layer.
        generator: source of the initial weights.
    Raises: ValueError for a height or width that the filters would not see to its end.
    Lesson 13.
    """

    def __init__(self, shape: Sequence[int], sizes: Sequence[int], output_gain: float, generator: torch.Generator):
        super().__init__()
        channels, *sides = shape
        for side in sides:
            if side < 18 or (side - 18) % 8:
                raise ValueError(f"a side of {side} pixels: the filters don't see it to its end; use 18, 26, 34 or 42")
        height, width = ((side - 10) // 8 for side in sides)  # places of the second layer's filters
        self.patches = nn.ModuleList([nn.Linear(channels * 6 * 6, 16), nn.Linear(16 * 4 * 4, 32)])
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((32 * height * width, *sizes)))
        for layer in (*self.patches, *self.dense):
            last = layer is self.dense[-1]
            nn.init.orthogonal_(layer.weight, output_gain if last else math.sqrt(2), generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the outputs (…, sizes[-1]) for `frames` (…, channels, height, width) of 0 to 255."""
        *hidden, last = self.dense
        x = frames.flatten(0, -4).to(last.weight.dtype) / 255
        x = x.contiguous(memory_format=torch.channels_last)  # in this order a CPU convolves twice as fast
        for layer, side, stride in zip(self.patches, (6, 4), (4, 2), strict=True):
            x = torch.relu(nn.functional.conv2d(x, layer.weight.unflatten(1, (-1, side, side)), layer.bias, stride))
        x = x.flatten(1)
        for layer in hidden:
            x = torch.relu(layer(x))
        return last(x).unflatten(0, frames.shape[:-3])

    outputs = forward

    def linearise(self, frames: Tensor) -> tuple[Tensor, Sweep, Sweep]:
        """Return (outputs, jvp, vjp) as `MLP.linearise` does, by automatic differentiation."""
        return linearise_by_autograd(self, frames)


State = int | tuple[int, ...]  # how wide a state is: numbers in a vector, or the shape of its frames


def make_network(state: State, sizes: Sequence[int], output_gain: float, generator: torch.Generator) -> nn.Module:
    """Return the network that suits the states, an MLP or a ConvNet; `sizes` are those of hidden layers and outputs."""
    if isinstance(state, int):
        return MLP((state, *sizes), output_gain, generator)
    return ConvNet(state, sizes, output_gain, generator)


def state_of(observation_space: spaces.Box) -> State:
    """Return what `make_network` needs to know of the observations."""
    shape = observation_space.shape
    return shape[0] if len(shape) == 1 else shape


class GaussianPolicy(nn.Module):
    """π(a|s) = N(μ(s), diag σ²): the mean μ is a network of the state, log σ a vector of its own.

    `outputs(states)` puts μ and log σ side by side, (n, 2·action_dim): coordinates in which the distribution's own
    Fisher matrix is M = diag(1/σ², 2). Actions are not clipped here: the task clips them, and the log-probability
    is that of the action drawn (lesson 10).
    """

    def __init__(self, state_dim: int, action_dim: int, hidden, log_std: float, generator: torch.Generator):
        super().__init__()
        self.mean = MLP((state_dim, *hidden, action_dim), 0.01, generator)
        self.log_std = nn.Parameter(torch.full((action_dim,), float(log_std)))

    def outputs(self, states: Tensor) -> Tensor:
        mean = self.mean(states)
        return torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)

    def distribution(self, outputs: Tensor) -> Independent:
        mean, log_std = outputs.chunk(2, dim=-1)
        return Independent(Normal(mean, log_std.exp(), validate_args=False), 1, validate_args=False)

    def forward(self, states: Tensor) -> Independent:
        """Return the distribution of the action in each of `states` (n, state_dim)."""
        return self.distribution(self.outputs(states))

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        """Return one action per state, (n, action_dim)."""
        mean = self.mean(states)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return torch.addcmul(mean, self.log_std.exp(), noise)

    def mode(self, states: Tensor) -> Tensor:
        """Return the most likely action in each state: the mean."""
        return self.mean(states)

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Return M·tangent for each state, M = diag(1/σ², 2) in the coordinates (μ, log σ). Lesson 07."""
        log_std = outputs.chunk(2, dim=-1)[1]
        moved_mean, moved_log_std = tangent.chunk(2, dim=-1)
        return torch.cat([moved_mean * (-2 * log_std).exp(), 2 * moved_log_std], dim=-1)

    @torch.no_grad()
    def linearise(self, states: Tensor) -> tuple[Tensor, Sweep, Sweep]:
        """Return (outputs, jvp, vjp) as `MLP.linearise` does; log σ comes first in `parameters()`."""
        mean, mean_jvp, mean_vjp = self.mean.linearise(states)
        dim = self.log_std.numel()
        outputs = torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)

        def jvp(v: Tensor) -> Tensor:
            return torch.cat([mean_jvp(v[dim:]), v[:dim].expand_as(mean)], dim=-1)

        def vjp(u: Tensor) -> Tensor:
            return torch.cat([u[:, dim:].sum(0), mean_vjp(u[:, :dim])])

        return outputs, jvp, vjp


class CategoricalPolicy(nn.Module):
    """π(a|s) = softmax of the logits that a network gives for the state; `outputs(states)` are those logits.

    In them the distribution's own Fisher matrix is M = diag(p) − p pᵀ.
    """

    def __init__(self, state: State, actions: int, hidden, generator: torch.Generator):
        super().__init__()
        self.logits = make_network(state, (*hidden, actions), 0.01, generator)

    def outputs(self, states: Tensor) -> Tensor:
        return self.logits(states)

    def distribution(self, outputs: Tensor) -> Categorical:
        return Categorical(logits=outputs, validate_args=False)

    def forward(self, states: Tensor) -> Categorical:
        """Return the distribution of the action in each of `states` (n, state_dim)."""
        return self.distribution(self.outputs(states))

    def sample(self, states: Tensor, generator: torch.Generator) -> Tensor:
        """Return one action per state, (n,)."""
        return torch.multinomial(self.outputs(states).softmax(-1), 1, generator=generator)[:, 0]

    def mode(self, states: Tensor) -> Tensor:
        """Return the most likely action in each state."""
        return self.outputs(states).argmax(-1)

    def metric(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Return M·tangent for each state, M = diag(p) − p pᵀ. Lesson 07."""
        p = outputs.softmax(-1)
        moved = p * tangent
        return moved - p * moved.sum(-1, keepdim=True)

    def linearise(self, states: Tensor) -> tuple[Tensor, Sweep, Sweep]:
        """Return (outputs, jvp, vjp) as `MLP.linearise` does."""
        return self.logits.linearise(states)


def make_policy(observation_space, action_space, *, hidden, log_std: float, generator: torch.Generator) -> nn.Module:
    """Return a new policy that follows the task's action space: Gaussian for a box, categorical for a discrete one.

    Raises: ValueError when no policy serves the spaces.
    """
    discrete = isinstance(action_space, spaces.Discrete) and action_space.start == 0
    dimensions = len(observation_space.shape) if isinstance(observation_space, spaces.Box) else 0
    if dimensions != 1 and not (dimensions == 3 and discrete):
        raise ValueError(
            f"observation space {observation_space}: a policy needs a vector of numbers, a 1-D Box, "
            "or frames, a 3-D Box, with a Discrete action space"
        )
    state = state_of(observation_space)
    if isinstance(action_space, spaces.Box) and len(action_space.shape) == 1:
        return GaussianPolicy(state, action_space.shape[0], hidden, log_std, generator)
    if discrete:
        return CategoricalPolicy(state, int(action_space.n), hidden, generator)
    raise ValueError(f"action space {action_space}: no policy serves it; use a task with a 1-D Box or a Discrete space")
