"""The vine: go back to states that were visited, try several actions in each, and compare what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.policies import Policy
from trpobook.agents.simulator import Saved, Simulator
from trpobook.agents.spaces import task_actions

Point = tuple[np.ndarray, Saved]  # an observation, and the state that it was made in


@torch.no_grad()
def climb(
    policy: Policy, moments: RunningMoments, simulator: Simulator, count: int, every: int, generator: torch.Generator
) -> list[Point]:
    """Follow the policy in one simulator, from episode to episode; return `count` points to branch from.

    A point is (observation, saved state), taken at every `every`-th step of an episode. Lesson 11.
    """
    points: list[Point] = []
    observation = simulator.reset()
    while True:
        if simulator.age % every == every // 2:
            points.append((observation, simulator.save()))
            if len(points) == count:
                return points
        state = torch.from_numpy(moments.normalise(observation[None]))
        observation, _, *ends = simulator.step(policy.sample(state, generator)[0].numpy())
        if any(ends):
            observation = simulator.reset()


@dataclass
class Branches:
    """What N states with K branches each taught, under the policy that chose the actions."""

    states: Tensor  # (N, state_dim), normalised
    actions: Tensor  # (N, K, …)
    q: np.ndarray  # (N, K), discounted return of each branch, cut after `horizon` steps
    calls: int  # steps of the simulators


@torch.no_grad()
def grow(
    policy: Policy,
    moments: RunningMoments,
    simulators: list[Simulator],
    points: list[Point],
    *,
    branches: int,
    horizon: int,
    gamma: float,
    generator: torch.Generator,
    common: bool = True,
) -> Branches:
    """Draw K actions at each of N points, follow the policy after each, and return what the branches earned.

    With common random numbers the branches of a state draw the same noise in the same order after their first
    action, the policy's and the world's: what is chance then hits all of them alike, and cancels in the differences
    between their Q.

    Args:
        simulators: N·K of them; their own states are lost.
        points: N observations with the saved states they belong to.
        branches: K ≥ 2.
        horizon: steps of a branch at most.
        common: whether the branches share their noise.
    Raises: FloatingPointError when the task hands out a NaN or an infinity.
    Lesson 11; Schulman et al. 2015, section 5.2.
    """
    observations = np.array([observation for observation, _ in points])
    states = torch.from_numpy(moments.normalise(observations))
    actions = torch.stack([policy.sample(states, generator) for _ in range(branches)], dim=1)
    rewards, steps = follow(policy, moments, simulators, points, actions, horizon, generator, common)
    return Branches(states, actions, discounted_sums(rewards, gamma)[..., -1], int(steps.sum()))


@torch.no_grad()
def follow(
    policy: Policy,
    moments: RunningMoments,
    simulators: list[Simulator],
    points: list[Point],
    actions: Tensor,
    horizon: int,
    generator: torch.Generator,
    common: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rewards (N, K, horizon), 0 after an end, and the steps (N, K), of branches with given first actions.

    Args:
        actions: (N, K, …), each branch's first; the policy chooses the others.
        simulators, points, horizon, common: as in `grow`. Without common noise the random generators of each branch's
            world are seeded anew, from a copy of `generator`, whose own numbers are the policy's alone.
    Raises: FloatingPointError when the task hands out a NaN or an infinity.
    Lesson 11.
    """
    n, branches = actions.shape[:2]
    for i, simulator in enumerate(simulators):
        simulator.restore(points[i // branches][1])
    if not common:
        world = generator.clone_state()
        for simulator in simulators:
            simulator.reseed(world)
    rewards, steps = np.zeros((n, branches, horizon)), np.zeros((n, branches), dtype=int)
    running = np.ones((n, branches), dtype=bool)
    observations = np.repeat([observation for observation, _ in points], branches, axis=0)
    chosen = actions
    for t in range(horizon):
        taken = task_actions(simulators[0].spaces[1], chosen.flatten(0, 1).numpy())
        for i in np.flatnonzero(running).tolist():
            observations[i], reward, terminated, truncated = simulators[i].take(taken[i])
            rewards[*divmod(i, branches), t] = reward
            running.flat[i] = not (terminated or truncated)
            steps.flat[i] += 1
        if not running.any():
            break
        seen = torch.from_numpy(moments.normalise(observations))
        now = seen.reshape(n, branches, *seen.shape[1:])
        choices, noise = [], generator.get_state()
        for k in range(branches):
            if common:
                generator.set_state(noise)
            choices.append(policy.sample(now[:, k], generator))
        chosen = torch.stack(choices, dim=1)
    return rewards, steps


def discounted_sums(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """Return Σ_{t<h} γᵗ r_t for every horizon h = 1, 2, … along the last axis, in the shape of `rewards`. Lesson 11."""
    sums: np.ndarray = np.cumsum(rewards * gamma ** np.arange(rewards.shape[-1]), axis=-1)
    return sums


def self_normalised(branches: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the vine's surrogate, a function of ratios and Q, both (N·K,), state by state: mean of Σ_k r Q / Σ_k r.

    It does not change when a constant is added to the Q of a state: no baseline is needed.
    Lesson 11; Schulman et al. 2015, equation 16.
    """

    def surrogate(ratio: Tensor, q: Tensor) -> Tensor:
        ratio, q = ratio.view(-1, branches), q.view(-1, branches)
        return ((ratio * q).sum(1) / ratio.sum(1)).mean()

    return surrogate
