"""The networks inside policies and value functions, which know the two sweeps of their own Jacobian."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import cast

import torch
from gymnasium import spaces
from torch import Tensor, nn

from trpobook.agents.linearise import Linearised, linearise_by_autograd
from trpobook.agents.threads import single_thread

Layers = Iterable[nn.Linear]
State = int | tuple[int, ...]  # how wide a state is: numbers in a vector, or the shape of its frames


class Network(nn.Module, ABC):
    """What `make_network` returns: outputs (…, k) of its inputs, and their Jacobian in its weights."""

    @abstractmethod
    def linearise(self, inputs: Tensor) -> Linearised: ...


class MLP(Network):
    """A tanh network with orthogonal weights and zero biases.

    Args:
        sizes: input, hidden and output widths, for instance (11, 64, 64, 3).
        output_gain: scale of the last layer. 0.01 makes a new policy's actions all but independent of the state.
        generator: source of the initial weights.
    Source: Saxe et al. 2014 for the orthogonal start; Engstrom et al. 2020 for how much it matters.
    """

    def __init__(self, sizes: Sequence[int], output_gain: float, generator: torch.Generator):
        super().__init__()
        layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        start_orthogonal(layers, output_gain, generator)
        self.layers = nn.ModuleList(layers)

    def forward(self, inputs: Tensor) -> Tensor:
        *hidden, last = cast(Layers, self.layers)
        for layer in hidden:
            inputs = tanh(layer(inputs))
        outputs: Tensor = last(inputs)
        return outputs

    @torch.no_grad()
    def linearise(self, inputs: Tensor) -> Linearised:
        """Return (outputs, jvp, vjp): the outputs at `inputs`, and the two sweeps of their Jacobian B in the weights.

        jvp maps a direction v (p,) to B v (n, outputs), forward through the layers; vjp maps u (n, outputs) to
        Bᵀu (p,), backward. Both reuse one set of activations, where autograd would build its graph again for every
        product, at more than twice the time. Order of the p weights: that of `parameters()`.
        Lesson 08.
        """
        *hidden, last = cast(Layers, self.layers)
        weights = [layer.weight.detach() for layer in (*hidden, last)]
        activations = [inputs]
        for layer in hidden:
            activations.append(tanh(layer(activations[-1])))
        outputs = last(activations[-1])
        slopes = [1 - h * h for h in activations[1:]]
        sizes = [size for w in weights for size in (w.numel(), len(w))]

        def jvp(v: Tensor) -> Tensor:
            pieces = torch.split(v, sizes)
            tangent = torch.addmm(pieces[1], inputs, pieces[0].view_as(weights[0]).T)
            for k, weight in enumerate(weights[1:], 1):
                moved = torch.addmm(pieces[2 * k + 1], activations[k], pieces[2 * k].view_as(weight).T)
                tangent = moved.addmm_(tangent.mul_(slopes[k - 1]), weight.T)
            return tangent

        def vjp(u: Tensor) -> Tensor:
            result = u.new_empty(sum(sizes))
            pieces = torch.split(result, sizes)
            for k in reversed(range(len(weights))):
                outer_sum(u, activations[k], pieces[2 * k].view_as(weights[k]))
                torch.sum(u, 0, out=pieces[2 * k + 1])
                if k:
                    u = (u @ weights[k]).mul_(slopes[k - 1])
            return result

        return outputs, jvp, vjp


class ConvNet(Network):
    """Two convolutions and dense layers, ReLU between them, for frames; orthogonal weights, zero biases.

    16 filters of 6 by 6 pixels, 4 apart, then 32 of 4 by 4 places, 2 apart. They fit 18, 26, 34, 42 … pixels without a
    rest; any other picture gets zeros on the right and below up to the next such size, or its last rows and columns
    would stay unseen. (Filters of 8 by 8 leave out 6 of 42, and the bat of Breakout is down there.)

    Args:
        shape: of one state, (channels, height, width), at least 18 pixels each way.
        sizes: widths of the dense layers that follow, hidden ones and the outputs, for instance (128, 4).
        output_gain: scale of the last layer.
        generator: source of the initial weights.
    Raises: ValueError for a height or width of less than 18 pixels.
    Lesson 13.
    """

    def __init__(self, shape: Sequence[int], sizes: Sequence[int], output_gain: float, generator: torch.Generator):
        super().__init__()
        channels, *sides = shape
        if min(sides) < 18:
            raise ValueError(f"frames of {' × '.join(map(str, sides))} pixels: a ConvNet needs at least 18 each way")
        below, right = ((18 - side) % 8 for side in sides)
        self.rest = (0, right, 0, below)
        height, width = (sides[0] + below - 10) // 8, (sides[1] + right - 10) // 8  # places of the second filters
        patches = [nn.Linear(channels * 6 * 6, 16), nn.Linear(16 * 4 * 4, 32)]
        dense = [nn.Linear(a, b) for a, b in pairwise((32 * height * width, *sizes))]
        start_orthogonal([*patches, *dense], output_gain, generator)
        self.patches, self.dense = nn.ModuleList(patches), nn.ModuleList(dense)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the outputs (…, sizes[-1]) for `frames` (…, channels, height, width): bytes, or floats around 0."""
        *hidden, last = cast(Layers, self.dense)
        x = frames.flatten(0, -4).to(last.weight.dtype)
        if frames.dtype == torch.uint8:
            x = x / 255
        if any(self.rest):
            x = nn.functional.pad(x, self.rest)
        x = x.contiguous(memory_format=torch.channels_last)  # in this order a CPU convolves twice as fast
        for layer, side, stride in zip(cast(Layers, self.patches), (6, 4), (4, 2), strict=True):
            filters = layer.weight.view(len(layer.weight), -1, side, side)
            x = torch.relu(nn.functional.conv2d(x, filters, layer.bias, stride))
        x = x.flatten(1)
        for layer in hidden:
            x = torch.relu(layer(x))
        outputs: Tensor = last(x).unflatten(0, frames.shape[:-3])
        return outputs

    outputs = forward

    def linearise(self, frames: Tensor) -> Linearised:
        """Return (outputs, jvp, vjp) as `MLP.linearise` does, by automatic differentiation."""
        return linearise_by_autograd(self, frames)


def tanh(z: Tensor) -> Tensor:
    """Return tanh z = 2σ(2z) − 1: on a CPU PyTorch's σ takes a seventh of the time of its tanh."""
    return torch.rsub(torch.sigmoid(2 * z), -1, alpha=-2)


def outer_sum(u: Tensor, h: Tensor, result: Tensor) -> None:
    """Write Σ uᵢ hᵢᵀ over the rows of u (n, a) and h (n, b) into `result` (a, b).

    The narrower one goes first: a CPU multiplies 64 columns by 11 in a quarter of the time that 11 by 64 take it.
    """
    if h.shape[1] < u.shape[1]:
        result.copy_((h.T @ u).T)
    else:
        torch.mm(u.T, h, out=result)


def start_orthogonal(layers: Sequence[nn.Linear], output_gain: float, generator: torch.Generator) -> None:
    """Give the layers orthogonal weights, scaled by √2 and in the last one by `output_gain`, and zero biases."""
    with single_thread():  # a decomposition on two threads rounds otherwise, and every run begins here
        for layer in layers:
            nn.init.orthogonal_(layer.weight, output_gain if layer is layers[-1] else math.sqrt(2), generator=generator)
            nn.init.zeros_(layer.bias)


def make_network(state: State, sizes: Sequence[int], output_gain: float, generator: torch.Generator) -> Network:
    """Return the network that suits the states, an MLP or a ConvNet; `sizes` are those of hidden layers and outputs."""
    if isinstance(state, int):
        return MLP((state, *sizes), output_gain, generator)
    return ConvNet(state, sizes, output_gain, generator)


def state_of(observation_space: spaces.Box) -> State:
    """Return what `make_network` needs to know of the observations."""
    shape = observation_space.shape
    return shape[0] if len(shape) == 1 else shape
